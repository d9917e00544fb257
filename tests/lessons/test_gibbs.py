"""The sampler draws every token from the counts it says, finds planted topics whatever the seed, and with one topic has nothing to find."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from helpers import gibbs

K, V, ALPHA, BETA = 3, 12, .3, .1


def planted(seed: int, households: int = 60, purchases: int = 40):
    """Words, documents and the phi they come from: each topic has four words of its own, bought seven times in ten."""
    rng = np.random.default_rng(seed)
    phi = np.full((K, V), .3 / 8)
    for k in range(K):
        phi[k, 4 * k:4 * k + 4] = .7 / 4
    theta = rng.dirichlet(np.full(K, .3), households)
    docs = rng.permutation(np.repeat(np.arange(households), purchases))
    return np.array([rng.choice(V, p=theta[d] @ phi) for d in docs]), docs, phi


def weights(i: int, words, docs, given) -> np.ndarray:
    """p(k) of token i by the formula, every other token counted anew."""
    other = np.arange(len(words)) != i
    return np.array([(np.sum(other & (docs == docs[i]) & (given == k)) + ALPHA) * (np.sum(other & (words == words[i]) & (given == k)) + BETA)
                     / (np.sum(other & (given == k)) + V * BETA) for k in range(K)])


def test_every_token_is_drawn_from_the_counts_of_all_others_as_they_stand_at_its_turn():
    words, docs, _ = planted(0, households=8, purchases=12)
    rng = np.random.default_rng(1)
    now = rng.integers(0, K, len(words))
    for _ in range(3):
        draws = rng.random(len(words))
        after = gibbs.sweep(words, docs, now, K, V, ALPHA, BETA, draws)
        for i, draw in enumerate(draws):
            p = weights(i, words, docs, now)
            now[i] = np.argmax(np.cumsum(p) > draw * p.sum())
        assert after.tolist() == now.tolist()


def test_a_sweep_leaves_what_it_is_given_as_it_was():
    words, docs, _ = planted(0, households=4, purchases=10)
    given = np.zeros(len(words), int)
    after = gibbs.sweep(words, docs, given, K, V, ALPHA, BETA, np.full(len(words), .99))
    assert given.sum() == 0 < after.sum()


def test_estimates_give_back_the_counts_of_the_tokens():
    words, docs, _ = planted(0)
    given = gibbs.sample(words, docs, K, V, ALPHA, BETA, 3, seed=0)
    theta, phi = gibbs.estimates(words, docs, given, 61, K, V, ALPHA, BETA)
    assert theta[60].tolist() == pytest.approx([1 / K] * K)              # the last document has no tokens
    n_dk = theta[:60] * (40 + K * ALPHA) - ALPHA
    n_kw = phi * (np.bincount(given, minlength=K)[:, None] + V * BETA) - BETA
    assert n_dk == pytest.approx(np.array([[np.sum((docs == d) & (given == k)) for k in range(K)] for d in range(60)]), abs=1e-9)
    assert n_kw == pytest.approx(np.array([[np.sum((words == w) & (given == k)) for w in range(V)] for k in range(K)]), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_planted_topics_are_found_up_to_their_order(seed):
    words, docs, phi = planted(seed)
    found = gibbs.estimates(words, docs, gibbs.sample(words, docs, K, V, ALPHA, BETA, 50, seed), 60, K, V, ALPHA, BETA)[1]
    cosine = (found @ phi.T) / np.outer(np.linalg.norm(found, axis=1), np.linalg.norm(phi, axis=1))
    assert cosine[linear_sum_assignment(-cosine)].min() > .9


def test_one_topic_is_the_smoothed_unigram_exactly():
    words, docs, _ = planted(0)
    given = gibbs.sample(words, docs, 1, V, ALPHA, BETA, 2, seed=0)
    theta, phi = gibbs.estimates(words, docs, given, 60, 1, V, ALPHA, BETA)
    assert given.sum() == 0
    assert theta.tolist() == [[1.]] * 60
    assert phi[0] == pytest.approx((np.bincount(words, minlength=V) + BETA) / (len(words) + V * BETA), rel=1e-14)


def test_another_sweep_can_be_handed_in():
    words, docs, _ = planted(0, households=4, purchases=10)

    def stay(words, docs, given, *_):
        return given

    start = gibbs.sample(words, docs, K, V, ALPHA, BETA, 0, seed=3)
    assert gibbs.sample(words, docs, K, V, ALPHA, BETA, 5, 3, stay).tolist() == start.tolist()
