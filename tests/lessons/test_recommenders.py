"""Each rung is what it says: ridge regressions, a loss that falls, counts that can be checked by hand."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from helpers import ranking, recommenders
from helpers.feedback import Feedback


def planted_blocks(rng, homes=90, items=60, blocks=3):
    """Households that buy from their own third of the items, popular ones more: (past, future) bool."""
    block = np.arange(items) % blocks == (np.arange(homes) % blocks)[:, None]
    liking = np.where(block, .45, .03) * np.linspace(1.2, .4, items)
    return sparse.csr_matrix((rng.random((homes, items)) < liking).astype(np.float32)), rng.random((homes, items)) < liking


def days_of(*rows):
    """Feedback of (household, day, item) with two households and three items."""
    home, day, item = (np.array(column) for column in zip(*sorted(rows), strict=True))
    return Feedback(np.array([1, 2]), np.array(list("abc"), object), np.array(list("xyz"), object), home, item, day)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_column_of_ease_is_the_ridge_regression_of_its_item_on_the_others(dtype):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (80, 300 if dtype == np.float64 else 12)).astype(float)      # 300: more than one block of the mirrored triangle
    B = recommenders.ease_weights(sparse.csr_matrix(X), 7., dtype)
    assert (np.diag(B) == 0).all()
    for j in (0, 5, X.shape[1] - 1):
        others = np.arange(X.shape[1]) != j
        ridge = Ridge(alpha=7., fit_intercept=False).fit(X[:, others], X[:, j]).coef_
        np.testing.assert_allclose(B[others, j], ridge, atol=1e-9 if dtype == np.float64 else 1e-4)
    with pytest.raises(ValueError, match="l2"):
        recommenders.ease_weights(X, 0)


def test_a_half_sweep_of_ials_is_each_rows_weighted_ridge_regression():
    rng = np.random.default_rng(0)
    X, V = rng.poisson(.3, (9, 14)).astype(np.float32), rng.normal(size=(14, 4)).astype(np.float32)
    X[2] = 0
    U = recommenders.ials_rows(sparse.csr_matrix(X), V, 2., 3.)
    for u, row in zip(U, X, strict=True):
        ridge = Ridge(alpha=3., fit_intercept=False).fit(V, row > 0, sample_weight=1 + 2. * row).coef_
        np.testing.assert_allclose(u, ridge, atol=1e-5)
    assert (U[2] == 0).all()


def test_the_loss_of_ials_falls_with_every_sweep():
    X = sparse.csr_matrix(np.random.default_rng(0).poisson(.3, (40, 30)).astype(np.float32))
    losses = [recommenders.ials_loss(X, *recommenders.ials_factors(X, 5, 1., 2., sweeps, seed=3), 1., 2.) for sweeps in range(1, 8)]
    assert (np.diff(losses) < 1e-3).all()
    assert losses[-1] < .95 * losses[0]


def test_factor_models_find_planted_blocks_which_popularity_cannot():
    X, future = planted_blocks(np.random.default_rng(0))
    seen = X.toarray() > 0
    found = {name: np.nanmean(ranking.at_k(scores, future & ~seen, 5, ~seen)["recall"]) for name, scores in {
        "popular": recommenders.popular(X), "bpr": recommenders.bpr(X, 8, epochs=30, batch=256), "ials": recommenders.ials(X, 8),
        "ease": recommenders.ease(X, 20.), "items": recommenders.item_neighbours(X, 10), "users": recommenders.user_neighbours(X, 20)}.items()}
    assert all(found[name] > found["popular"] + .1 for name in found if name != "popular")


def test_a_seed_repeats_and_another_differs():
    X, _ = planted_blocks(np.random.default_rng(0))
    for rung in (recommenders.bpr, recommenders.ials):
        assert np.array_equal(rung(X, 4, seed=1), rung(X, 4, seed=1))
        assert not np.array_equal(rung(X, 4, seed=1), rung(X, 4, seed=2))


def test_the_bigram_counts_items_of_one_visit_with_those_of_the_same_households_next():
    feedback = days_of((0, 0, 0), (0, 0, 1), (0, 3, 1), (0, 9, 2), (1, 1, 0), (1, 4, 2))
    pairs, singles = recommenders.transitions(feedback, 10)
    assert pairs.tolist() == [[0, 1, 1], [0, 1, 1], [0, 0, 0]]
    assert singles.tolist() == [2, 2, 0]
    pairs, singles = recommenders.transitions(feedback, 9)              # day 9 is not known yet
    assert pairs.tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 0]]
    assert singles.tolist() == [2, 1, 0]


def test_the_chain_starts_from_the_last_visits_and_shrinks_to_the_share_of_visits():
    feedback = days_of((0, 0, 0), (0, 3, 1), (1, 1, 0), (1, 4, 2))
    share = np.array([.5, .25, .25])
    after_b, after_a = share, (np.array([0, 1, 1]) + 2 * share) / (2 + 2)
    scores = recommenders.markov(feedback, 5, kappa=2, half_life=1)
    np.testing.assert_allclose(scores[0], (after_b + .5 * after_a) / 1.5)


def test_item_cosines_are_shrunk_and_an_item_is_not_its_own_neighbour():
    X = np.where(np.array([[1, 1, 0], [1, 0, 1]]), np.e - 1, 0)                # ln(1 + days) is 1 where bought
    cosine = 1 / (2 ** .5 * 1 + 1)
    scores = recommenders.item_neighbours(sparse.csr_matrix(X), 2, shrink=1)
    np.testing.assert_allclose(scores, [[cosine, cosine, cosine], [cosine, cosine, cosine]], rtol=1e-5)
    scores = recommenders.item_neighbours(sparse.csr_matrix(X[:1]), 2, shrink=0)
    np.testing.assert_allclose(scores, [[1, 1, 0]], rtol=1e-5)


def test_nearest_households_are_weighed_by_their_cosine_and_oneself_is_not_among_them():
    X = sparse.csr_matrix(np.array([[1., 1, 0, 0], [1., 1, 1, 0], [0., 0, 0, 1]]))
    scores = recommenders.user_neighbours(X, 1)
    np.testing.assert_allclose(scores[0], [1, 1, 1, 0], atol=1e-6)      # household 1 alone
    assert scores[2].tolist() == [0, 0, 0, 0]                           # nobody is near


def test_personal_counts_days_and_lets_popularity_decide_between_equals():
    X = sparse.csr_matrix(np.array([[2., 0, 0, 1], [0., 0, 1, 1], [0., 0, 1, 1]]))
    assert np.argsort(-recommenders.personal(X)[0]).tolist() == [0, 3, 2, 1]
    assert recommenders.popular(X).tolist() == [[1, 0, 2, 3]] * 3
    feedback = days_of((0, 0, 0), (0, 1, 0), (0, 8, 1), (1, 8, 2))
    assert np.argsort(-recommenders.faded_personal(feedback, 10, 1)[0]).tolist() == [1, 0, 2]
    assert np.argsort(-recommenders.faded_personal(feedback, 10, 1e6)[0]).tolist() == [0, 1, 2]


def test_content_reads_names_alone():
    vectors = np.array([[1., 0], [.6, .8], [0, 1.]])
    scores = recommenders.content(sparse.csr_matrix([[1., 0, 0]]), vectors)
    np.testing.assert_allclose(scores, [[1, .6, 0]], rtol=1e-6)
    np.testing.assert_allclose(recommenders.content(sparse.csr_matrix([[1., 0, 0]]), sparse.csr_matrix(vectors), sharpness=2), [[1, .36, 0]], rtol=1e-6)


def test_a_blend_ranks_what_was_never_bought_by_the_other_rung_alone():
    own, other = np.array([[3., 0, 0, 1]]), np.array([[.1, .2, .4, .3]])
    assert np.argsort(-recommenders.blend(own, other, .5)[0]).tolist() == [0, 3, 2, 1]
    assert np.array_equal(recommenders.blend(own, other, 0), np.log1p(own))
