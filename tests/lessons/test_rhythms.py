"""The planted rhythms hide their kind in the order of the weeks, and nowhere else."""

import numpy as np
from sklearn.decomposition import PCA

from helpers.rhythms import RHYTHMS, neighbour_purity, planted_rhythms


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
