"""Portraits see nothing from their cut-off on, count what they say they count, and lose what is suppressed."""

import numpy as np
import pandas as pd
import pytest

from helpers.households import Till

PRODUCTS = pd.DataFrame({"product": [1, 2, 3, 4], "category": ["MILK", "WINE", "COUPON/MISC ITEMS", None]})


def receipts(*lines):
    return pd.DataFrame({"household": [h for h, *_ in lines], "product": [p for _, p, *_ in lines], "sales": [float(s) for *_, s, _ in lines],
                         "time": pd.to_datetime([t for *_, t in lines]).astype("datetime64[ns]")})


LINES = receipts((7, 1, 10, "2017-04-30 22:00"), (7, 2, 5, "2017-04-30 08:00"), (7, 1, 3, "2017-04-12 09:00"), (9, 2, 8, "2017-04-20 12:00"),
                 (9, 3, 99, "2017-04-20 12:00"), (9, 4, 99, "2017-04-20 12:00"), (9, 1, -4, "2017-04-21 12:00"), (8, 1, 6, "2017-03-01 12:00"),
                 (7, 1, 50, "2017-05-01 00:00"), (5, 1, 50, "2017-05-02 10:00"))


def test_recency_frequency_and_money_are_those_of_the_weeks_before():
    seen = Till(LINES, PRODUCTS).portraits("2017-05-01", look_back=4)
    assert seen.ids.tolist() == [7, 9]                                   # 8 came too early, 5 too late
    assert seen.rfm.tolist() == [[1, 2, 18], [11, 1, 8]]
    assert seen.categories == ["MILK", "WINE", "OTHER"]
    assert np.allclose(seen.shares, [[13 / 18, 5 / 18, 0], [0, 1, 0]])


def test_weeks_end_on_the_day_before_the_cut_off():
    weeks = Till(LINES, PRODUCTS).portraits("2017-05-01", look_back=4).weeks
    assert weeks.shape == (2, 4, 2)
    assert np.allclose(np.expm1(weeks[0, :, 0]), [0, 3, 0, 15])
    assert weeks[0, :, 1].tolist() == [0, 1, 0, 1]


def test_nothing_from_the_cut_off_on_changes_a_portrait():
    later = LINES["time"] >= "2017-05-01"
    scrambled = LINES.assign(sales=LINES["sales"].where(~later, 777.0), product=LINES["product"].where(~later, 2))
    one, other = (Till(lines, PRODUCTS).portraits("2017-05-01", look_back=4) for lines in (LINES, scrambled))
    assert (one.ids == other.ids).all()
    for part in ("rfm", "shares", "weeks"):
        assert (getattr(one, part) == getattr(other, part)).all()


def test_future_spend_begins_at_the_cut_off_and_ends_after_its_days():
    till = Till(LINES, PRODUCTS)
    seen = till.portraits("2017-05-01", look_back=4)
    assert till.future_spend(seen, days=1).tolist() == [50, 0]
    assert till.future_spend(till.portraits("2017-04-12", look_back=8), days=10).tolist() == [0]


def test_columns_keep_their_meaning_when_the_categories_are_given():
    till = Till(LINES, PRODUCTS)
    seen = till.portraits("2017-05-01", look_back=4, categories=["WINE", "OTHER"])
    assert seen.categories == ["WINE", "OTHER"]
    assert np.allclose(seen.shares, [[5 / 18, 13 / 18], [1, 0]])


def test_a_category_that_is_not_sold_is_refused():
    with pytest.raises(ValueError, match="TEA"):
        Till(LINES, PRODUCTS).portraits("2017-05-01", look_back=4, categories=["TEA"])


def test_suppressed_categories_leave_and_the_rest_sums_to_one():
    seen = Till(LINES, PRODUCTS).portraits("2017-05-01", look_back=4).without(["WINE"])
    assert seen.categories == ["MILK", "OTHER"]
    assert np.allclose(seen.shares, [[1, 0], [.5, .5]])                  # of the second nothing is left: it looks like nobody


def test_daily_spend_is_the_days_and_nothing_outside_them():
    spend = Till(LINES, PRODUCTS).daily_spend("2017-04-30", 2)
    assert spend.tolist() == [[0, 0], [15, 50], [0, 0], [0, 0]]          # households 5, 7, 8, 9 on 30 April and 1 May
