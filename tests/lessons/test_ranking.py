"""Metrics of full rankings equal the mean over all orders of tied items, counted one by one."""

import itertools

import numpy as np
import pytest

from helpers import ranking


def orders(scores, allowed):
    """All rankings of the allowed items that the scores permit."""
    items = np.flatnonzero(allowed)
    for order in itertools.permutations(items):
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order)):
            yield order


def by_permutations(scores, gold, k, allowed):
    rows = []
    best = sum(1 / np.log2(2 + place) for place in range(min(k, gold.sum())))
    for order in orders(scores, allowed):
        hits = [place for place, item in enumerate(order[:k]) if gold[item]]
        rows.append((len(hits) > 0, len(hits) / min(k, gold.sum()), sum(1 / np.log2(2 + place) for place in hits) / best))
    return np.mean(rows, axis=0)


def test_every_metric_is_the_mean_over_all_orders_of_tied_items():
    rng = np.random.default_rng(0)
    for _ in range(150):
        M, k = int(rng.integers(1, 7)), int(rng.integers(1, 9))
        scores = rng.integers(0, 3, (1, M)).astype(float)
        gold, allowed = rng.random((1, M)) < .5, rng.random((1, M)) < .8
        gold[0, rng.integers(M)] = True
        allowed[0, rng.integers(M)] = True
        found = ranking.at_k(scores, gold, k, allowed)
        expected = by_permutations(scores[0], gold[0], k, allowed[0])
        assert [found[name][0] for name in ("hr", "recall", "ndcg")] == pytest.approx(expected.tolist(), abs=1e-12)


def test_one_target_is_found_as_often_as_over_all_orders():
    rng = np.random.default_rng(1)
    for _ in range(100):
        M, k = int(rng.integers(1, 7)), int(rng.integers(1, 9))
        scores, allowed, target = rng.integers(0, 3, (1, M)).astype(float), rng.random((1, M)) < .7, int(rng.integers(M))
        found = ranking.target_at_k(scores, [target], k, allowed)
        candidates = allowed[0].copy()
        candidates[target] = True                                     # always a candidate, even if seen
        places = np.array([order.index(target) for order in orders(scores[0], candidates)])
        assert found["hr"][0] == pytest.approx((places < k).mean(), abs=1e-12)
        assert found["ndcg"][0] == pytest.approx(np.where(places < k, 1 / np.log2(2 + places), 0).mean(), abs=1e-12)
        assert found["rank"][0] == pytest.approx(1 + places.mean())


def test_rows_do_not_mix_and_a_row_without_gold_is_nan():
    rng = np.random.default_rng(2)
    scores, gold, allowed = rng.integers(0, 9, (40, 60)).astype(float), rng.random((40, 60)) < .1, rng.random((40, 60)) < .7
    gold[3] = False
    whole = ranking.at_k(scores, gold, 10, allowed)
    for name, values in whole.items():
        alone = [ranking.at_k(scores[[i]], gold[[i]], 10, allowed[[i]])[name][0] for i in range(40)]
        assert np.array_equal(values, alone, equal_nan=True)
        assert np.isnan(values).nonzero()[0].tolist() == np.flatnonzero(~gold.any(axis=1)).tolist()


def test_gold_that_may_not_be_listed_is_missed_and_not_forgotten():
    found = ranking.at_k([[3., 2., 1.]], [[True, True, False]], 2, [[False, True, True]])
    assert found["recall"].tolist() == [.5]


def test_what_is_not_allowed_never_takes_a_place():
    found = ranking.at_k([[9., 0., 0.]], [[False, True, True]], 2, [[False, True, True]])
    assert found["ndcg"].tolist() == pytest.approx([1.])


def test_scores_that_are_not_finite_and_k_below_one_are_refused():
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="finite"):
            ranking.at_k([[1., bad]], [[True, False]], 1)
    with pytest.raises(ValueError, match="k must"):
        ranking.at_k([[1.]], [[True]], 0)
    with pytest.raises(ValueError, match="like scores"):
        ranking.at_k([[1., 2.]], [[True]], 1)


def test_a_list_keeps_to_what_is_allowed_and_breaks_ties_by_position_or_by_lot():
    scores, allowed = [[1., 1., 2., 1.]], [[True, True, True, False]]
    assert ranking.listed(scores, 2, allowed).tolist() == [[2, 0]]
    assert ranking.listed(scores, 5, allowed).tolist() == [[2, 0, 1, -1, -1]]
    assert {int(ranking.listed(scores, 2, allowed, np.random.default_rng(seed))[0, 1]) for seed in range(20)} == {0, 1}


def test_coverage_counts_different_items_and_novelty_is_in_bits():
    lists = [[0, 1], [1, -1]]
    assert ranking.coverage(lists, 4) == .5
    assert ranking.novelty(lists, [.5, .25, .1, .1]) == pytest.approx((1 + 2 + 2) / 3)
