"""The planted rhythms hide their kind in the order of the weeks, and nowhere else."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from helpers.rhythms import (
    RHYTHMS,
    early_or_late_bursts,
    ended_interests,
    neighbour_purity,
    paused_or_gone,
    plans_in_turn,
    planted_rhythms,
    tagged_texts,
)


def test_a_seed_gives_the_same_rhythms_again():
    once, twice = (planted_rhythms(np.random.default_rng(3), 50, 12) for _ in range(2))
    assert (once[0] == twice[0]).all()
    assert (once[1] == twice[1]).all()
    assert once[0].shape == (50, 12, 2)
    assert once[0].dtype == np.float32


def test_neither_means_nor_sorted_weeks_tell_the_kind_but_their_order_does():
    X, kind = planted_rhythms(np.random.default_rng(0), 800, 12)
    chance = 1 / len(RHYTHMS)
    assert abs(neighbour_purity(X.mean(axis=1), kind) - chance) < .05
    shuffled = np.stack([row[np.random.default_rng(i).permutation(12)] for i, row in enumerate(X)])
    assert neighbour_purity(PCA(6).fit_transform(shuffled.reshape(len(X), -1)), kind) < chance + .08
    assert neighbour_purity(PCA(6).fit_transform(X.reshape(len(X), -1)), kind) > .9


def test_purity_is_the_share_of_nearest_neighbours_of_the_same_kind():
    codes = [[0.], [1.], [2.], [10.], [11.], [12.]]
    assert neighbour_purity(codes, [0, 0, 0, 1, 1, 1], neighbours=2) == 1
    assert neighbour_purity(codes, [0, 0, 1, 1, 1, 1], neighbours=2) == 8 / 12
    assert neighbour_purity([[0.], [0.], [5.]], [0, 0, 1], neighbours=1) == 2 / 3


def auc(make, inputs, T):
    """AUC on new customers of a logistic regression on some inputs made of their sequences."""
    rng = np.random.default_rng(5)
    (X, y), (X_new, y_new) = make(rng, 1500, T), make(rng, 1500, T)
    return roc_auc_score(y_new, LogisticRegression(max_iter=2000).fit(inputs(X), y).predict_proba(inputs(X_new))[:, 1])


def test_bursts_tell_who_leaves_by_their_place_and_by_nothing_that_a_pooling_keeps():
    assert auc(early_or_late_bursts, lambda X: X[:, :, 0], 24) > .95
    threes = [np.lib.stride_tricks.sliding_window_view(np.arange(24), 3)]
    for pooled in (lambda X: np.sort(X[:, :, 0], axis=1), lambda X: X[:, threes[0], 0].sum(axis=2).max(axis=1, keepdims=True), lambda X: X.mean(axis=1)):
        assert abs(auc(early_or_late_bursts, pooled, 24) - .5) < .06


def without_silence(X):
    """What is left of the activity when silent weeks and padding are skipped alike: the last purchases, in order."""
    lines = [row[row > 0] for row in X[:, :, 0]]
    return np.stack([np.pad(line, (max(0, 12 - len(line)), 0))[-12:] for line in lines])


def test_without_the_silent_weeks_nothing_tells_who_paused_and_who_is_gone():
    assert abs(auc(paused_or_gone, without_silence, 20) - .5) < .06
    assert abs(auc(paused_or_gone, lambda X: np.stack([X[:, :, 0].sum(axis=1), (X[:, :, 0] > 0).sum(axis=1), X[:, :, 1].sum(axis=1)], axis=1), 20) - .5) < .06
    assert auc(paused_or_gone, lambda X: X[:, -7:, 0], 20) > .95


@pytest.mark.parametrize("T", [18, 20, 30])
def test_padding_is_zero_in_both_channels_and_stands_in_front(T):
    X, y = paused_or_gone(np.random.default_rng(1), 200, T)
    assert X.shape == (200, T, 2)
    assert y.sum() == 100
    assert (np.diff(X[:, :, 1], axis=1) >= 0).all()
    assert (X[:, :, 0][X[:, :, 1] == 0] == 0).all()
    assert (X[:, -1, 1] == 1).all()


def counts(ids, V):
    """(n, V): how often each word occurs; padding is no word."""
    return np.stack([np.bincount(row, minlength=V + 1)[1:] for row in ids])


def label_auc(X, y, X_new, y_new):
    """Mean AUC over the labels of one logistic regression each."""
    models = [LogisticRegression(max_iter=2000).fit(X, each) for each in y.T]
    return np.mean([roc_auc_score(each, model.predict_proba(X_new)[:, 1]) for model, each in zip(models, y_new.T, strict=True)])


@pytest.mark.parametrize("K", [3, 4])
def test_counts_of_words_do_not_tell_which_interests_ended_but_the_last_six_steps_do(K):
    ids, current = ended_interests(np.random.default_rng(0), 3000, K)
    bags, last = counts(ids, 7 * K), counts(ids[:, -6:], 7 * K)
    assert abs(label_auc(bags[:2000], current[:2000], bags[2000:], current[2000:]) - .5) < .05
    assert label_auc(last[:2000], current[:2000], last[2000:], current[2000:]) > .99


def test_every_shopper_bought_three_words_of_every_category_and_half_of_the_interests_are_current():
    ids, current = ended_interests(np.random.default_rng(1), 1000, 4)
    last = counts(ids[:, -6:], 28)
    # A word of category k occurs lately only where k is current.
    told = np.array([[roc_auc_score(current[:, k], last[:, w]) > .57 for k in range(4)] for w in range(28)])
    assert (told.sum(axis=0) == 4).all()
    assert (counts(ids, 28) @ told == 3).all()
    assert (last @ told == current).all()
    assert abs(current.mean() - .5) < .05


def test_which_words_occur_tells_what_a_text_is_about():
    ids, tags = tagged_texts(np.random.default_rng(0), 3000, 6)
    bags = counts(ids, 120)
    assert label_auc(bags[:2000], tags[:2000], bags[2000:], tags[2000:]) > .99
    assert np.bincount(tags.sum(axis=1), minlength=5) == pytest.approx(np.full(5, 600), abs=90)


@pytest.mark.parametrize(("make", "K", "V", "T"), [(ended_interests, 4, 28, 24), (ended_interests, 3, 21, 21), (tagged_texts, 6, 120, 16)])
def test_ids_are_words_behind_padding_and_a_seed_gives_them_again(make, K, V, T):
    ids, labels = make(np.random.default_rng(2), 300, K)
    assert (ids.shape, labels.shape) == ((300, T), (300, K))
    assert set(np.unique(ids)) == set(range(V + 1))
    assert (np.diff((ids > 0).astype(int), axis=1) >= 0).all()
    again = make(np.random.default_rng(2), 300, K)
    assert (ids == again[0]).all()
    assert (labels == again[1]).all()


def test_what_comes_next_follows_on_the_same_plan_and_on_nothing_in_between():
    M, plans = 12, 4
    ids = plans_in_turn(np.random.default_rng(0), 4000, 13, M, plans)
    assert ids.dtype == np.int32
    assert ((ids[:, :-1] > 0) <= (ids[:, 1:] > 0)).all()            # padding stands in front only
    shares = np.bincount(ids[ids > 0], minlength=M + 1)[1:] / (ids > 0).sum()
    assert np.abs(shares - 1 / M).max() < .01
    for back in range(1, 6):
        before, after = ids[:, 12 - back], ids[:, 12]
        counts = np.zeros((M + 1, M + 1))
        np.add.at(counts, (before, after), 1)
        likeliest = counts[1:].max(axis=1).sum() / counts[1:].sum()
        if back == plans:
            assert likeliest == pytest.approx(5 / 6 + 1 / 6 / M, abs=.02)
            successor = counts[1:].argmax(axis=1) - 1
            assert (successor[successor[successor[successor]]] == np.arange(M)).all()      # rings of four
            assert (successor[successor] != np.arange(M)).all()
        else:
            assert likeliest < 1 / M + .05
