"""Lenient in what the course does not teach, strict in the rest."""

import numpy as np
import pandas as pd
import pytest

from helpers.checks.judge import close

FRAME = pd.DataFrame({"a": [1, 2], "b": [.5, np.nan]}, index=pd.Index([5, 3], name="user"))


@pytest.mark.parametrize(("expected", "got"), [
    (1.0, 1), (1.0, np.float32(1)), (True, 1), (float("nan"), float("nan")), (np.array([1., 2.]), [1, 2]), (np.array([1., 2.]), (1, 2)),
    (np.array([1., 2.]), pd.Series([1, 2])), ([1, 2], np.array([1, 2])), ((1, 2), [1, 2]), (FRAME, FRAME[["b", "a"]]),
    (FRAME, FRAME.astype(float)), (FRAME["a"], FRAME[["a"]]), ({"a": 1}, {"a": 1.0}), (np.array(["x"], dtype=object), ["x"]),
    (1.0, 1 + 1e-9), (np.array([]), []),
], ids=range(16))
def test_an_equal_answer_in_another_form_is_accepted(expected, got):
    assert close().difference(expected, got) is None


@pytest.mark.parametrize(("expected", "got", "stage"), [
    (1.0, None, "type"), (1.0, "1", "type"), (1.0, [1.0], "type"), (1.0, 1.1, "value"), (float("nan"), 0, "value"), (1.0, float("nan"), "value"),
    (np.ones(2), np.ones(3), "shape"), (np.ones(2), np.ones((2, 1)), "shape"), (np.ones(2), ["a", "b"], "type"), (np.ones(2), None, "type"),
    (FRAME, FRAME.to_numpy(), "type"), (FRAME, FRAME[["a"]], "shape"), (FRAME, FRAME.iloc[:1], "shape"), (FRAME, FRAME.iloc[::-1], "value"),
    (FRAME, FRAME.assign(a=[1, 3]), "value"), ((1, 2), (1,), "shape"), ({"a": 1}, {"b": 1}, "shape"), ("x", "y", "value"), (None, 0, "type"),
    (np.ones(2), [[1], [1, 2]], "type"), ([[1, 2], [3]], [[1, 2], [4]], "value"),
], ids=range(21))
def test_another_answer_is_refused_at_its_stage(expected, got, stage):
    assert close().difference(expected, got).stage == stage


def test_rows_may_come_in_any_order_where_the_exercise_says_so():
    assert close(rows="any order").difference(FRAME, FRAME.iloc[::-1]) is None


def test_columns_must_come_in_order_where_the_exercise_says_so():
    assert close(columns="in order").difference(FRAME, FRAME[["b", "a"]]).stage == "shape"


def test_a_difference_names_the_quantity_and_both_values():
    found = close().difference(FRAME, FRAME.assign(b=[.75, np.nan]))
    assert 'column "b"' in str(found.where)
    assert (found.got, found.expected) == ("0.75", "0.5")


def test_an_unknown_order_is_refused():
    with pytest.raises(ValueError, match="in order"):
        close(rows="sorted")
