"""Feedback knows one row a household, item and day, nothing sensitive, and nothing after the day it is asked about."""

import numpy as np
import pandas as pd
import pytest

from helpers.feedback import Feedback

PRODUCTS = pd.DataFrame({"product": [1, 2, 3, 4, 5, 6, 7],
                         "category": ["COFFEE", "FRZN MEAT ", "BEERS/ALES", "FUEL", "COFFEE", None, "COFFEE"],
                         "type": ["GROUND", "BURGERS", "BEER", "GASOLINE", "KOSHER COFFEE", None, "BEANS"]})
LINES = ((7, 1, 4, "2017-01-02 09:00"), (7, 1, 4, "2017-01-02 21:00"), (7, 7, 4, "2017-01-02 09:00"), (7, 2, 4, "2017-01-05 23:59"),
         (5, 2, 9, "2017-01-04 08:00"), (7, 1, 4, "2017-01-09 00:00"),
         (7, 3, 8, "2017-01-05 09:00"), (7, 5, 8, "2017-01-05 09:00"), (7, 4, 30, "2017-01-05 09:00"), (7, 6, 3, "2017-01-05 09:00"),
         (7, 99, 3, "2017-01-05 09:00"), (7, 1, -4, "2017-01-06 09:00"), (7, 1, 4, "2017-01-01 09:00"))


def read(*lines, least=1, **settings):
    receipts = pd.DataFrame({"household": [h for h, *_ in lines], "product": [p for _, p, *_ in lines], "sales": [float(s) for *_, s, _ in lines],
                             "time": pd.to_datetime([t for *_, t in lines]).astype("datetime64[ns]")})
    return Feedback.read(receipts, PRODUCTS, least=least, **settings)


@pytest.fixture
def feedback():
    return read(*LINES)


def test_two_receipts_of_a_day_are_one_row_and_rows_are_in_order_of_household_and_day(feedback):
    assert feedback.households.tolist() == [5, 7]
    assert feedback.items.tolist() == ["COFFEE: BEANS", "COFFEE: GROUND", "FRZN MEAT: BURGERS"]
    assert feedback.category.tolist() == ["COFFEE", "COFFEE", "FRZN MEAT"]
    rows = list(zip(feedback.home.tolist(), feedback.day.tolist(), feedback.item.tolist(), strict=True))
    assert rows == [(0, 2, 2), (1, 0, 0), (1, 0, 1), (1, 3, 2), (1, 7, 1)]


def test_beer_kosher_fuel_returns_and_the_unnamed_never_become_an_item(feedback):
    assert not any(word in name for name in feedback.items for word in ("BEER", "KOSHER", "FUEL"))
    assert len(feedback.day) == 5


def test_an_item_is_known_only_if_enough_households_bought_it_before_the_given_day():
    assert read(*LINES, least=2).items.tolist() == ["FRZN MEAT: BURGERS"]
    assert read(*LINES, known_until=1).items.tolist() == ["COFFEE: BEANS", "COFFEE: GROUND"]
    assert read(*LINES, known_until=1, least=2).items.tolist() == []


def test_a_matrix_counts_days_from_since_up_to_but_without_before(feedback):
    assert feedback.matrix(8).toarray().tolist() == [[0, 0, 1], [1, 2, 1]]
    assert feedback.matrix(7).toarray().tolist() == [[0, 0, 1], [1, 1, 1]]
    assert feedback.matrix(7, 1).toarray().tolist() == [[0, 0, 1], [0, 0, 1]]


def test_a_faded_day_weighs_half_after_a_half_life_and_yesterday_has_age_one(feedback):
    np.testing.assert_allclose(feedback.faded(8, 1).toarray(), [[0, 0, .5 ** 6], [.5 ** 8, .5 ** 8 + .5, .5 ** 5]])


def test_a_split_at_a_day_parts_repeats_from_new(feedback):
    at = feedback.split(3, 5)
    assert at.past.toarray().tolist() == [[0, 0, 1], [1, 1, 0]]
    assert at.future.tolist() == [[False, False, False], [False, True, True]]
    assert at.repeat.tolist() == [[False, False, False], [False, True, False]]
    assert at.new.tolist() == [[False, False, False], [False, False, True]]
    assert not feedback.split(3, 4).repeat.any()                        # day 7 lies outside of [3, 7)


def test_a_sequence_ends_with_the_latest_and_zeros_stand_in_front(feedback):
    ids = feedback.sequences(8, 5, np.random.default_rng(0))
    assert ids[0].tolist() == [0, 0, 0, 0, 3]
    assert ids[1, 0] == 0
    assert sorted(ids[1, 1:3].tolist()) == [1, 2]
    assert ids[1, 3:].tolist() == [3, 2]
    assert feedback.sequences(8, 2, np.random.default_rng(0)).tolist() == [[0, 3], [3, 2]]
    assert feedback.sequences(3, 2, np.random.default_rng(0))[0].tolist() == [0, 3]


def test_the_order_inside_a_day_is_drawn(feedback):
    firsts = {int(feedback.sequences(8, 4, np.random.default_rng(seed))[1, 0]) for seed in range(20)}
    assert firsts == {1, 2}


def test_visits_are_baskets_in_order(feedback):
    baskets, home, day = feedback.visits(8)
    assert baskets.toarray().tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert home.tolist() == [0, 1, 1, 1]
    assert day.tolist() == [2, 0, 3, 7]
