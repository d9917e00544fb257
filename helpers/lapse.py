"""Who stops buying as they used to: a household's year in days, and what a churn model may know at a cut-off.

In a shop without contracts nobody hands in notice. The label of this module is a **lapse**: the spend of the eight weeks from the cut-off is
below half of the pace of the twenty-four weeks before it. Everything a model sees lies strictly before the cut-off; `lapsed` and
`time_to_half` look from it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

LOOK_BACK, HORIZON = 24, 8
"""Weeks a model looks back, and weeks the label looks ahead."""


@dataclass(frozen=True)
class Rows:
    """Households (positions) at cut-offs (days since the first); each (n,)."""

    household: np.ndarray
    day: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    def __getitem__(self, which) -> Rows:
        return Rows(self.household[which], self.day[which])


@dataclass(frozen=True)
class Diary:
    """What each household spent on each day.  households: (H,) ids.  spend: (H, D) USD.  first_day: of index 0."""

    households: np.ndarray
    spend: np.ndarray
    first_day: pd.Timestamp

    def day(self, date) -> int:
        """Index of a calendar day."""
        return int((pd.Timestamp(date) - self.first_day).days)

    def rows(self, cutoffs: Sequence) -> Rows:
        """Every household with a purchase in the 24 weeks before a cut-off, for each of them.  ValueError if 24 weeks were not observed."""
        parts = []
        for cutoff in cutoffs:
            day = self.day(cutoff)
            if day < 7 * LOOK_BACK:
                raise ValueError(f"{pd.Timestamp(cutoff).date()} is too early: {LOOK_BACK} weeks before it must be observed")
            bought = np.flatnonzero(self.spend[:, day - 7 * LOOK_BACK:day].any(axis=1))
            parts.append((bought, np.full(len(bought), day)))
        return Rows(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def lapsed(self, rows: Rows) -> np.ndarray:
        """(n,) int: 1 if the next eight weeks' spend is below half of the pace before.  ValueError if they are not all observed."""
        return (self.ahead(rows) < self.pace(rows) * HORIZON / 2).astype(int)

    def ahead(self, rows: Rows) -> np.ndarray:
        """(n,) USD of the eight weeks from the cut-off.  To judge, never to predict.  ValueError if they are not all observed."""
        self._observed(rows)
        return self._sum(rows, 0, 7 * HORIZON)

    def pace(self, rows: Rows) -> np.ndarray:
        """(n,) USD a week over the 24 weeks before the cut-off."""
        return self._sum(rows, -7 * LOOK_BACK, 0) / LOOK_BACK

    def time_to_half(self, rows: Rows, until) -> tuple[np.ndarray, np.ndarray]:
        """The lapse as a survival time: (t, e), (n,) each, of what was observed before midnight of `until`.

        The event is *having bought as much as a household that does not lapse*: t is the week (1 to 8) in which the spend since the cut-off
        reaches half of eight weeks at the old pace, and e is 1. Where it has not, e is 0 and t is the number of whole weeks observed, at
        most 8. A lapse is surviving all eight weeks. Unlike the label, this can be taken before the eight weeks are over.
        """
        weeks = np.minimum((self.day(until) - rows.day) // 7, HORIZON)
        if len(rows) and weeks.min() < 1:
            raise ValueError("a cut-off must lie at least a week before `until`")
        total = self._total
        spent = np.stack([total[rows.household, np.minimum(rows.day + 7 * w, total.shape[1] - 1)] for w in range(1, HORIZON + 1)], axis=1)
        reached = spent - total[rows.household, rows.day][:, None] >= (self.pace(rows) * HORIZON / 2)[:, None]
        first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, HORIZON + 1)
        event = first <= weeks
        return np.where(event, first, weeks), event.astype(int)

    def sequences(self, rows: Rows) -> np.ndarray:
        """Model inputs, float32 (n, 24, 3), week by week, the latest last: log(1 + USD) / 5, days with a purchase / 7, observed.

        Weeks before a household's first purchase in the diary are padding: zeros in all three channels. A silent week after it has observed = 1.
        """
        days = rows.day[:, None] + np.arange(-7 * LOOK_BACK, 0)
        window = self.spend[rows.household[:, None], days].reshape(len(rows), LOOK_BACK, 7)
        X = np.empty((len(rows), LOOK_BACK, 3), np.float32)
        X[..., 0] = np.log1p(window.sum(axis=2)) / 5
        X[..., 1] = (window > 0).sum(axis=2) / 7
        X[..., 2] = np.arange(LOOK_BACK) >= (LOOK_BACK - self._weeks_known(rows))[:, None]
        return X

    def features(self, rows: Rows) -> pd.DataFrame:
        """Hand-made features, one row each.

        `recency`: days since the last purchase. `days_4w`, `days_8w`, `days_24w`: days with a purchase. `ratio_4w`, `ratio_8w`: spend a week
        lately over the pace. `spend`: log of 24 weeks' USD. `weeks`: weeks with a purchase. `swing`: standard deviation of weekly spend over
        the pace. `gap`: median days between purchases (168 if there are fewer than two). `overdue`: recency over gap. `age`: weeks since the first
        purchase in the diary, at most 24.
        """
        days = rows.day[:, None] + np.arange(-7 * LOOK_BACK, 0)
        window = self.spend[rows.household[:, None], days]
        bought = window > 0
        weekly = window.reshape(len(rows), LOOK_BACK, 7).sum(axis=2)
        pace = weekly.mean(axis=1)
        recency = bought[:, ::-1].argmax(axis=1) + 1
        gap = np.array([np.median(np.diff(np.flatnonzero(line))) if line.sum() > 1 else 7.0 * LOOK_BACK for line in bought])
        return pd.DataFrame({
            "recency": recency,
            "days_4w": bought[:, -28:].sum(axis=1), "days_8w": bought[:, -56:].sum(axis=1), "days_24w": bought.sum(axis=1),
            "ratio_4w": weekly[:, -4:].mean(axis=1) / pace, "ratio_8w": weekly[:, -8:].mean(axis=1) / pace,
            "spend": np.log1p(weekly.sum(axis=1)), "weeks": (weekly > 0).sum(axis=1), "swing": weekly.std(axis=1) / pace,
            "gap": gap, "overdue": recency / gap, "age": self._weeks_known(rows),
        }).astype(float)

    def orders(self, rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What BG/NBD needs, from the first purchase in the diary: repeat purchase days x, weeks from the first to the last tx, to the cut-off T."""
        x, tx, T = np.empty((3, len(rows)))
        for day in np.unique(rows.day):
            here = rows.day == day
            bought = self.spend[rows.household[here], :day] > 0
            first, last = bought.argmax(axis=1), day - 1 - bought[:, ::-1].argmax(axis=1)
            x[here], tx[here], T[here] = bought.sum(axis=1) - 1, (last - first) / 7, (day - first) / 7
        return x, tx, T

    def _weeks_known(self, rows: Rows) -> np.ndarray:
        """(n,) weeks from the one of the first purchase in the diary to the cut-off, at most 24."""
        first = (self.spend > 0).argmax(axis=1)
        return np.minimum(-(-(rows.day - first[rows.household]) // 7), LOOK_BACK)

    @cached_property
    def _total(self) -> np.ndarray:
        """USD before each day: (H, D + 1)."""
        return np.concatenate([np.zeros((len(self.spend), 1)), np.cumsum(self.spend, axis=1)], axis=1)

    def _sum(self, rows: Rows, start: int, stop: int) -> np.ndarray:
        total = self._total
        return total[rows.household, rows.day + stop] - total[rows.household, rows.day + start]

    def _observed(self, rows: Rows) -> None:
        last = self.spend.shape[1]
        if len(rows) and rows.day.max() + 7 * HORIZON > last:
            late = self.first_day + pd.Timedelta(days=int(rows.day.max()))
            raise ValueError(f"the label of the cut-off {late.date()} needs {HORIZON} weeks after it; the diary ends before")
