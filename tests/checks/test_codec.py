"""The wire carries values and nothing else."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.checks import codec
from helpers.checks.judge import close

FRAME = pd.DataFrame({"n": [1, 2], "day": pd.to_datetime(["2017-01-01", None]), "name": ["a", None], "x": [.5, np.nan]},
                     index=pd.Index([7, 9], name="user"))
VALUES = [
    None, True, 3, -2**70, .1, float("inf"), "留存", [1, [2.5, "a"]], (1, 2), {"a": 1, 3: [4]}, {1, 2},
    np.arange(6).reshape(2, 3), np.array([], dtype=float), np.array([True, False]), np.array([1.5], dtype="f4"),
    np.array(["a", "b"]), np.array(["2017-01-01"], dtype="M8[D]"), pd.Timestamp("2017-03-01 12:00"), pd.Timedelta("3D"),
    FRAME, FRAME["x"], FRAME.index, pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["u", "v"]), FRAME.iloc[:0],
    pd.Series([1, 2], dtype="Int64"), pd.Series(["a", "b"], dtype="category"), pd.Series([], dtype=float),
]


def through_the_wire(value):
    return codec.decode(json.loads(json.dumps(codec.encode(value), allow_nan=False)))


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_a_value_survives_the_wire(value):
    assert close().difference(value, through_the_wire(value)) is None


def test_nan_and_missing_times_survive():
    back = through_the_wire([float("nan"), pd.NaT])
    assert np.isnan(back[0])
    assert back[1] is pd.NaT


def test_numpy_scalars_become_pythons():
    assert [type(through_the_wire(v)) for v in (np.int64(3), np.float32(.5), np.bool_(True))] == [int, float, bool]


def test_times_are_nanoseconds_whatever_their_unit():
    for unit in ("s", "us", "ns"):
        assert through_the_wire(np.array(["2017-01-01"], dtype=f"M8[{unit}]")).dtype == "M8[ns]"


def test_decoded_arrays_can_be_written_to():
    through_the_wire(np.zeros(3))[0] = 1


class LyingFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


@pytest.mark.parametrize("value", [LyingFloat(1), np.zeros(2).view(np.matrix), object(), len, [LyingFloat(1)], 1j,
                                   pd.Timestamp("2017-01-01", tz="UTC"), type("Frame", (pd.DataFrame,), {})({"a": [1]})],
                         ids=lambda v: type(v).__name__)
def test_other_types_and_subclasses_are_refused(value):
    with pytest.raises(codec.CodecError):
        codec.encode(value)


def test_endless_nesting_is_refused():
    nest: list = []
    nest.append(nest)
    with pytest.raises(codec.CodecError):
        codec.encode(nest)


@pytest.mark.parametrize("wire", [
    {"$": "array", "dtype": "f8", "shape": [1000000000], "v": ""}, {"$": "array", "dtype": "O", "shape": [1], "v": "AA=="},
    {"$": "array", "dtype": "f8", "shape": [-1], "v": ""}, {"$": "array", "dtype": "f8", "shape": [1], "v": "!"}, {"$": "pickle", "v": ""},
    {"no": "tag"}, {"$": "time", "v": "x"}, {"$": "dict", "v": [[1]]}, {"$": "frame", "v": []}, {"$": "float", "v": "__import__('os')"},
])
def test_what_is_not_an_encoded_value_is_refused(wire):
    with pytest.raises(codec.CodecError):
        codec.decode(wire)
