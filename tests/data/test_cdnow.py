"""CDNOW: columns, order, and that the sample is part of the whole."""

import subprocess
import sys

import pandas as pd


def test_columns_and_dtypes(purchases, sample):
    for frame in (purchases, sample):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
            "customer": "int32", "time": "datetime64[ns]", "quantity": "int32", "amount": "float64"}


def test_rows_are_in_order_of_customer_and_day(purchases, sample):
    for frame in (purchases, sample):
        pd.testing.assert_frame_equal(frame, frame.sort_values(["customer", "time"], kind="stable", ignore_index=True))
        assert frame["time"].eq(frame["time"].dt.normalize()).all()


def test_the_first_rows_are_the_files_own(purchases, sample):
    assert purchases.iloc[0].tolist() == [1, pd.Timestamp("1997-01-01"), 1, 11.77]
    assert sample.iloc[0].tolist() == [4, pd.Timestamp("1997-01-01"), 2, 29.33]


def test_the_sample_is_a_tenth_of_the_customers_with_all_their_rows(purchases, sample):
    by = ["customer", "time", "quantity", "amount"]
    same = purchases[purchases["customer"].isin(sample["customer"])]
    pd.testing.assert_frame_equal(same.sort_values(by, ignore_index=True), sample.sort_values(by, ignore_index=True))
    assert sample["customer"].nunique() == purchases["customer"].nunique() // 10


def test_all_first_purchases_fall_in_the_first_quarter(purchases):
    first = purchases.groupby("customer")["time"].min()
    assert first.between("1997-01-01", "1997-03-25").all()


def test_lifetimes_is_read_without_being_imported():
    script = "import sys; from helpers.data import cdnow; cdnow.purchases(sample=True); assert 'lifetimes' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
