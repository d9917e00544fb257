"""Every way to cut assigns each household one of k segments, keeps its scale, and is measured as its docstring says."""

import numpy as np
import pytest

from helpers import segments
from helpers.households import Portraits
from helpers.tabular_gan import nearest


def crowd(seed: int, n: int = 300) -> Portraits:
    """Two kinds of households, much and little, far apart."""
    rng = np.random.default_rng(seed)
    much = np.arange(n) % 2 == 0
    rfm = np.stack([np.where(much, 2, 40) + rng.integers(0, 2, n), np.where(much, 30, 2) + rng.integers(0, 2, n),
                    np.where(much, 900, 20) * rng.uniform(.9, 1.1, n)], axis=1)
    shares = rng.dirichlet(np.ones(12), n)
    return Portraits(None, np.arange(n), rfm, shares, rng.normal(size=(n, 4, 2)), [f"c{i}" for i in range(12)])


WAYS = {"quantiles": segments.rfm_quantiles, "k-means": segments.k_means(segments.rfm_scaled), "ward": segments.ward,
        "mixture": segments.mixture, "shares": segments.k_means(segments.shares_scaled),
        "words": segments.k_means(segments.words_scaled(np.random.default_rng(0).normal(size=(12, 20)).astype(np.float32)))}


@pytest.mark.parametrize("name", WAYS)
def test_every_household_gets_one_of_k_segments_whoever_else_is_asked(name):
    assign = WAYS[name](crowd(0), 4, 0)
    everyone = crowd(1)
    labels = assign(everyone)
    assert set(labels) <= set(range(4))
    assert (assign(everyone.take(np.arange(10))) == labels[:10]).all()


@pytest.mark.parametrize("name", ["k-means", "ward", "mixture"])
def test_two_kinds_far_apart_are_found_and_stable(name):
    labels = WAYS[name](crowd(0), 2, 0)(crowd(0))
    assert len(set(labels[::2])) == len(set(labels[1::2])) == 1
    assert labels[0] != labels[1]
    assert segments.bootstrap_ari(WAYS[name], crowd(0), 2, draws=2, seed=0).tolist() == [1, 1]


def test_an_odd_number_of_quantile_segments_is_refused():
    with pytest.raises(ValueError, match="even"):
        segments.rfm_quantiles(crowd(0), 5, 0)


def test_means_of_segments_are_drawn_towards_the_mean_of_all():
    labels, values = np.array([0, 0, 1]), np.array([2., 4., 9.])
    assert segments.segment_means(labels, values, 3).tolist() == [3, 9, 5]          # nobody in the third: the mean of all
    assert segments.segment_means(labels, values, 2, prior=1).tolist() == [11 / 3, 7]


def test_r_squared_is_one_for_the_truth_zero_for_the_mean_and_weighs_rows():
    truth = np.array([1., 2., 6.])
    assert segments.explained(truth, truth) == 1
    assert segments.explained(truth, np.full(3, 3.)) == 0
    assert segments.explained(truth, np.array([0., 2., 6.]), np.array([0., 1., 1.])) == 1


def test_moves_are_counted_for_households_seen_twice():
    first = crowd(0, 6)
    second = Portraits(None, np.array([1, 2, 3, 99, 4, 5]), first.rfm[:6], first.shares[:6], first.weeks[:6], first.categories)
    table = segments.moved(first, second, lambda p: (p.rfm[:, 2] > 100).astype(int), 2)
    assert table.sum() == 5
    assert table.tolist() == [[1, 2], [1, 1]]


def test_segments_in_order_are_numbered_by_money_from_the_most():
    people = crowd(0)
    ordered = segments.in_order(WAYS["k-means"](people, 2, 3), people, 2)
    assert (ordered(people) == np.arange(len(people)) % 2).all()


def test_nearest_is_the_euclidean_distance_to_the_closest_row():
    assert np.allclose(nearest(np.array([[0., 0.], [3., 4.]]), np.array([[0., 0.], [3., 0.]])), [0, 4])


def test_a_basket_of_words_is_told_by_what_is_in_it_not_by_how_many_categories_or_how_much():
    people = crowd(0)
    vectors = np.random.default_rng(1).normal(size=(12, 20))
    place = segments.words_scaled(vectors, 3)(people, 0)
    longer = segments.words_scaled(vectors * 5, 3)(people, 0)
    assert np.allclose(place(people), longer(people))
    nothing = Portraits(None, people.ids[:1], people.rfm[:1], np.zeros((1, 12)), people.weeks[:1], people.categories)
    assert np.isfinite(place(nothing)).all()
