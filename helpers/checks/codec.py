"""The wire: a value as plain tagged JSON, and back.

Arguments and answers cross it on their way between the judge and the process that runs a learner's code, and the learner's own
`check` sends its cases through it too, so that all see the same types.  Values survive, storage does not: NumPy scalars come back
as Python's, times as nanoseconds, strings as pandas' default.  Nothing here can run code: no pickle, exact types only (a subclass
could lie about what it equals), and what decodes is checked before it is built.
"""

from __future__ import annotations

import base64
import datetime
import math
from typing import Any

import numpy as np
import pandas as pd

MAX_DEPTH = 32
MAX_INT_DIGITS = 200
"""Hexadecimal, with sign and prefix: less than the largest float, so that every number that arrives can be compared."""
_NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_INDEXES = {pd.Index, pd.RangeIndex, pd.DatetimeIndex, pd.TimedeltaIndex, pd.CategoricalIndex}


class CodecError(ValueError):
    """The value cannot cross the wire, or what came across is not a value."""


def encode(value: Any, depth: int = 0) -> Any:
    """A JSON-ready form of a value.

    Known: None, bool, int, float, str, list, tuple, dict, set, NumPy scalars and arrays, pandas Series, Index, DataFrame, Timestamp,
    Timedelta, and datetime's date and datetime.  CodecError for any other type, subclasses included, and for nesting over MAX_DEPTH.
    """
    if depth > MAX_DEPTH:
        raise CodecError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    deeper = depth + 1
    if value is None or kind in (bool, str):
        return value
    if kind is int:
        if value.bit_length() > 4 * (MAX_INT_DIGITS - 3):
            raise CodecError("a whole number that is too long")
        return value if abs(value) < 2**53 else {"$": "int", "v": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$": "float", "v": repr(value)}
    if kind is list:
        return [encode(v, deeper) for v in value]
    if kind in (tuple, set, frozenset):
        items = value if kind is tuple else sorted(value, key=lambda v: (type(v).__name__, repr(v)))
        return {"$": "tuple" if kind is tuple else "set", "v": [encode(v, deeper) for v in items]}
    if kind is dict:
        return {"$": "dict", "v": [[encode(k, deeper), encode(v, deeper)] for k, v in value.items()]}
    if value is pd.NaT or value is pd.NA:
        return {"$": "missing", "v": str(value)}
    if kind is pd.Timestamp or kind is datetime.datetime or kind is datetime.date:
        stamp = pd.Timestamp(value)
        if stamp.tz is not None:
            raise CodecError("a time with a time zone; the course's times are local and naive")
        return {"$": "time", "v": stamp.as_unit("ns").value}
    if kind is pd.Timedelta or kind is datetime.timedelta:
        return {"$": "timedelta", "v": pd.Timedelta(value).as_unit("ns").value}
    if isinstance(value, np.generic) and kind.__module__ == "numpy":
        if isinstance(value, np.datetime64 | np.timedelta64):
            return encode(pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value), deeper)
        return encode(value.item(), deeper)
    if kind is np.ndarray:
        return _array(value, deeper)
    if kind is pd.Series:
        return {"$": "series", "v": _column(value, deeper), "index": encode(value.index, deeper), "name": encode(value.name, deeper)}
    if kind is pd.MultiIndex:
        return {"$": "multi", "v": [_column(value.get_level_values(i), deeper) for i in range(value.nlevels)],
                "names": [encode(name, deeper) for name in value.names]}
    if kind in _INDEXES:
        return {"$": "index", "v": _column(value, deeper), "name": encode(value.name, deeper)}
    if kind is pd.DataFrame:
        return {"$": "frame", "columns": encode(value.columns, deeper), "index": encode(value.index, deeper),
                "v": [_column(column, deeper) for _, column in value.items()]}
    raise CodecError(f"a value of type {kind.__module__}.{kind.__qualname__}")


def _column(values: pd.Series | pd.Index, depth: int) -> Any:
    """The values of a Series or an Index as an array, whatever pandas stores them in."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        raise CodecError("times with a time zone; the course's times are local and naive")
    if isinstance(values.dtype, np.dtype):
        return _array(values.to_numpy(), depth)
    if isinstance(values.dtype, pd.StringDtype):
        return _array(values.array.to_numpy(dtype=object), depth)       # an eighth of the time of the general way
    return _array(values.astype(object).to_numpy(), depth)


def _array(array: np.ndarray, depth: int) -> Any:
    if array.dtype.kind in "mM":
        kind = array.dtype.kind
        # NaT is the smallest integer in every unit, and survives the conversion.
        whole = array.astype(f"{kind}8[ns]").astype("i8")
        return {"$": "times" if kind == "M" else "timedeltas", "v": _array(whole, depth)}
    code = array.dtype.str[1:]
    if code in _NUMBERS:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        return {"$": "array", "dtype": code, "shape": list(array.shape), "v": base64.b64encode(little.tobytes()).decode()}
    if array.dtype.kind in "OU":
        flat = array.ravel().tolist()
        if not _strings(flat):
            # In an object array, None and pandas' NaN for a missing string are one thing.
            flat = [None if v is None or v is pd.NA or (type(v) is float and math.isnan(v)) else v for v in flat]
            flat = [encode(v, depth + 1) for v in flat]
        return {"$": "objects", "shape": list(array.shape), "v": flat}
    raise CodecError(f"an array of dtype {array.dtype}")


def decode(wire: Any, depth: int = 0) -> Any:
    """The value of an encoded form.  CodecError if it is not one; nothing is built before it is checked."""
    if depth > 2 * MAX_DEPTH:
        raise CodecError("nested too deep")
    deeper = depth + 1
    if wire is None or isinstance(wire, bool | float | str):
        return wire
    if isinstance(wire, int):
        if abs(wire) >= 2**53:
            raise CodecError("a whole number that is too long")
        return wire
    if isinstance(wire, list):
        return [decode(v, deeper) for v in wire]
    try:
        return _decode_tagged(wire, deeper)
    except CodecError:
        raise
    except Exception as error:      # NumPy and pandas have many ways to refuse what they are given
        raise CodecError(f"not an encoded value: {type(error).__name__}") from None


def _decode_tagged(wire: dict, depth: int) -> Any:
    tag, v = wire["$"], wire.get("v")
    if tag == "int":
        if len(v) > MAX_INT_DIGITS:
            raise CodecError("a whole number that is too long")
        return int(v, 16)
    if tag == "float":
        if v not in ("nan", "inf", "-inf"):
            raise CodecError("not an encoded float")
        return float(v)
    if tag == "tuple":
        return tuple(decode(x, depth) for x in v)
    if tag == "set":
        return {decode(x, depth) for x in v}
    if tag == "dict":
        return {decode(key, depth): decode(x, depth) for key, x in v}
    if tag == "missing":
        return pd.NaT if v == "NaT" else pd.NA
    if tag == "time":
        return pd.Timestamp(int(v), unit="ns")
    if tag == "timedelta":
        return pd.Timedelta(int(v), unit="ns")
    if tag == "array":
        return _decode_numbers(wire)
    if tag in ("times", "timedeltas"):
        return _decode_numbers(v).astype("i8").view("M8[ns]" if tag == "times" else "m8[ns]")
    if tag == "objects":
        flat = np.empty(len(v), dtype=object)
        flat[:] = list(v) if _strings(v) else [decode(x, depth) for x in v]
        return flat.reshape(_shape(wire, len(v)))
    if tag == "series":
        return pd.Series(_values(v, depth), index=decode(wire["index"], depth), name=decode(wire["name"], depth))
    if tag == "index":
        values = decode(v, depth)
        if isinstance(values, np.ndarray) and values.dtype == object and len(values) and _strings(values):
            values = values.tolist()
        return pd.Index(values, name=decode(wire["name"], depth))
    if tag == "multi":
        return pd.MultiIndex.from_arrays([_values(x, depth) for x in v], names=[decode(n, depth) for n in wire["names"]])
    if tag == "frame":
        index, columns = decode(wire["index"], depth), decode(wire["columns"], depth)
        if len(columns) != len(v):
            raise CodecError("a frame whose columns do not match its labels")
        frame = pd.DataFrame({i: _values(x, depth) for i, x in enumerate(v)}, index=index)
        frame.columns = columns
        return frame
    raise CodecError(f"unknown tag {tag!r}"[:80])


def _strings(values: Any) -> bool:
    """Whether all of these are plain strings, which need no encoding."""
    return all(type(v) is str for v in values)


def _values(wire: Any, depth: int) -> Any:
    """A column's values; strings as pandas of this machine stores them, everything else as it came."""
    values = decode(wire, depth)
    if isinstance(values, np.ndarray) and values.dtype == object and len(values) and _strings(values):
        return pd.Series(values.tolist()).array
    return values


def _decode_numbers(wire: dict) -> np.ndarray:
    if wire.get("$") != "array" or wire["dtype"] not in _NUMBERS:
        raise CodecError("not an encoded array")
    data = base64.b64decode(wire["v"], validate=True)
    dtype = np.dtype("<" + wire["dtype"])
    if len(data) % dtype.itemsize:
        raise CodecError("an array cut short")
    shape = _shape(wire, len(data) // dtype.itemsize)
    return np.frombuffer(data, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _shape(wire: dict, size: int) -> tuple[int, ...]:
    shape = tuple(wire["shape"])
    if any(type(n) is not int or n < 0 for n in shape) or len(shape) > MAX_DEPTH or math.prod(shape) != size:
        raise CodecError("an array whose shape does not fit its data")
    return shape
