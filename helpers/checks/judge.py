"""Is this answer the expected one, and if not, in what does it differ?

A judge compares two decoded values and says nothing (they agree) or how they differ, type and shape before values.  It is lenient in
what the course does not teach: a list, a tuple or a Series serves where an array of the same values is expected, `1` where `1.0` is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.language import Text


class Difference(NamedTuple):
    """In what an answer differs: the stage of the ladder it failed at, where, and both sides as short text."""

    stage: str      # "type", "shape" or "value"
    where: Text     # the quantity, e.g. «row 3, column "recency"»
    got: str
    expected: str


WHOLE = Text("the answer", "答案")


@dataclass(frozen=True)
class Close:
    """Equal up to rounding.  Frames are compared by labels: `rows` and `columns` may be "in order" or "any order"."""

    rtol: float = 1e-6
    atol: float = 1e-9
    rows: str = "in order"
    columns: str = "any order"

    def difference(self, expected: Any, got: Any) -> Difference | None:
        """None if `got` answers as `expected` does, else the first difference."""
        return self._compare(expected, got, WHOLE)

    def _compare(self, expected: Any, got: Any, where: Text) -> Difference | None:
        if isinstance(expected, pd.DataFrame):
            return self._frames(expected, got, where)
        if isinstance(expected, pd.Series):
            return self._series(expected, got, where)
        if isinstance(expected, np.ndarray | pd.Index):
            return self._arrays(np.asarray(expected), got, where)
        if isinstance(expected, dict):
            return self._dicts(expected, got, where)
        if isinstance(expected, tuple) or (isinstance(expected, list) and not _flat(expected)):
            return self._sequences(expected, got, where)
        if isinstance(expected, list):
            return self._arrays(np.asarray(expected, dtype=None if expected else float), got, where)
        return self._scalars(expected, got, where)

    def _scalars(self, expected: Any, got: Any, where: Text) -> Difference | None:
        if isinstance(got, np.ndarray) and got.ndim == 0:
            got = got.item()
        if _number(expected):
            if not _number(got):
                return _typed(where, got, Text("a number", "一个数"))
            return None if self._near(expected, got) else _valued(where, got, expected)
        if expected is None or isinstance(expected, str) or type(expected) is not type(got):
            kind = Text("None", "None") if expected is None else Text(_kind(expected), _kind(expected))
            if type(expected) is not type(got):
                return _typed(where, got, kind)
        return None if expected == got or (expected is pd.NaT and got is pd.NaT) else _valued(where, got, expected)

    def _near(self, expected: float, got: float) -> bool:
        if math.isnan(expected) or math.isnan(got):
            return math.isnan(expected) and math.isnan(got)
        return bool(np.isclose(float(got), float(expected), rtol=self.rtol, atol=self.atol))

    def _arrays(self, expected: np.ndarray, got: Any, where: Text) -> Difference | None:
        if isinstance(got, pd.DataFrame | pd.Series | pd.Index):
            got = got.to_numpy()
        if isinstance(got, list | tuple):
            try:
                got = np.asarray(got)
            except ValueError:
                return _typed(where, got, Text("an array whose rows are equally long", "各行等长的数组"))
        if not isinstance(got, np.ndarray):
            return _typed(where, got, Text("an array", "数组"))
        if got.shape != expected.shape:
            return Difference("shape", where + Text(", its shape", "的形状"), str(got.shape), str(expected.shape))
        if expected.size == 0:
            return None
        numeric = expected.dtype.kind in "biuf"
        if numeric and got.dtype.kind not in "biuf":
            try:
                got = got.astype(float)
            except (TypeError, ValueError):
                return _typed(where, got, Text("an array of numbers", "数值数组"))
        if numeric:
            agree = np.isclose(got.astype(float), expected.astype(float), rtol=self.rtol, atol=self.atol, equal_nan=True)
        else:
            agree = np.array([_same(e, g) for e, g in zip(expected.ravel(), got.ravel(), strict=True)]).reshape(expected.shape)
        if agree.all():
            return None
        at = tuple(int(i) for i in np.argwhere(~agree)[0])
        spot = ", ".join(map(str, at))
        wrong = int((~agree).sum())
        tail = Text(f" ({wrong} of {agree.size} differ)", f"（{agree.size} 个中有 {wrong} 个不同）") if agree.size > 1 else Text("", "")
        return _valued(where + Text(f", position [{spot}]", f"，位置 [{spot}]") + tail, got[at], expected[at])

    def _series(self, expected: pd.Series, got: Any, where: Text) -> Difference | None:
        if isinstance(got, pd.DataFrame) and got.shape[1] == 1:
            got = got.iloc[:, 0]
        if not isinstance(got, pd.Series):
            return _typed(where, got, Text("a pandas Series", "一个 pandas Series"))
        aligned = self._align(expected.index, got, where)
        return aligned if isinstance(aligned, Difference) else self._arrays(_plain(expected), _plain(aligned), where)

    def _frames(self, expected: pd.DataFrame, got: Any, where: Text) -> Difference | None:
        if not isinstance(got, pd.DataFrame):
            return _typed(where, got, Text("a pandas DataFrame", "一个 pandas DataFrame"))
        names, theirs = list(expected.columns), list(got.columns)
        if (sorted(map(str, names)) != sorted(map(str, theirs))) or (self.columns == "in order" and names != theirs):
            return Difference("shape", where + Text(", its columns", "的列"), _short(theirs), _short(names))
        aligned = self._align(expected.index, got, where)
        if isinstance(aligned, Difference):
            return aligned
        for name in names:
            found = self._arrays(_plain(expected[name]), _plain(aligned[name]), where + Text(f', column "{name}"', f"，列「{name}」"))
            if found:
                return found
        return None

    def _align(self, index: pd.Index, got: Any, where: Text) -> Any:
        """`got` with its rows in the expected order, or the difference between the row labels."""
        ours, theirs = index.tolist(), got.index.tolist()
        if len(ours) != len(theirs):
            return Difference("shape", where + Text(", its number of rows", "的行数"), str(len(theirs)), str(len(ours)))
        same = all(_same(a, b) for a, b in zip(ours, theirs, strict=True))
        if same:
            return got
        if self.rows == "any order" and index.is_unique and got.index.is_unique and set(ours) == set(theirs):
            return got.loc[ours]
        return Difference("value", where + Text(", its row labels (index)", "的行标签（index）"), _short(theirs), _short(ours))

    def _dicts(self, expected: dict, got: Any, where: Text) -> Difference | None:
        if isinstance(got, pd.Series):
            got = got.to_dict()
        if not isinstance(got, dict):
            return _typed(where, got, Text("a dict", "字典"))
        if set(expected) != set(got):
            return Difference("shape", where + Text(", its keys", "的键"), _short(sorted(got, key=str)), _short(sorted(expected, key=str)))
        # The key goes beside the values and not into the quantity's name, which grading shows: it may come from a hidden case.
        pairs = ((k, self._compare(v, got[k], where + Text(", one of its values", "的某个值"))) for k, v in expected.items())
        return next((found._replace(got=f"{k!r}: {found.got}", expected=f"{k!r}: {found.expected}") for k, found in pairs if found), None)

    def _sequences(self, expected: tuple | list, got: Any, where: Text) -> Difference | None:
        if isinstance(got, np.ndarray | pd.Series) and got.ndim:
            got = list(got)
        if not isinstance(got, tuple | list):
            return _typed(where, got, Text(f"{len(expected)} values", f"{len(expected)} 个值"))
        if len(got) != len(expected):
            return Difference("shape", where + Text(", its length", "的长度"), str(len(got)), str(len(expected)))
        parts = (self._compare(e, g, where + Text(f", part {i + 1}", f"，第 {i + 1} 部分"))
                 for i, (e, g) in enumerate(zip(expected, got, strict=True)))
        return next((found for found in parts if found), None)


def close(rtol: float = 1e-6, atol: float = 1e-9, rows: str = "in order", columns: str = "any order") -> Close:
    """A judge of equality up to rounding, |got - expected| <= atol + rtol·|expected|."""
    for name, order in (("rows", rows), ("columns", columns)):
        if order not in ("in order", "any order"):
            raise ValueError(f'{name} is "in order" or "any order", not {order!r}')
    return Close(rtol, atol, rows, columns)


def _number(value: Any) -> bool:
    return isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating)


def _flat(values: list) -> bool:
    return all(_number(v) for v in values)


def _same(a: Any, b: Any) -> bool:
    missing = [bool(pd.isna(v)) if np.isscalar(v) or v is None or v is pd.NaT or v is pd.NA else False for v in (a, b)]
    if any(missing):
        return all(missing)
    try:
        return bool(a == b)
    except (TypeError, ValueError):
        return False


def _plain(series: pd.Series) -> np.ndarray:
    if isinstance(series.dtype, np.dtype):
        return series.to_numpy()
    return series.astype(object).to_numpy()


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array of {value.dtype}, shape {value.shape}"
    return "None" if value is None else type(value).__name__


def _typed(where: Text, got: Any, wanted: Text) -> Difference:
    return Difference("type", where + Text(" is of another type than asked", "的类型不符合要求"), _kind(got), str(wanted))


def _valued(where: Text, got: Any, expected: Any) -> Difference:
    return Difference("value", where, _short(got), _short(expected))


def _short(value: Any, limit: int = 160) -> str:
    """A value as a learner would read it, cut to a line."""
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=5, threshold=12, edgeitems=3, separator=", ").replace("\n", " ")
    else:
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
