"""From a till roll to model inputs: daily counts, windows that end the day before a Monday, and what happened after it.

One row of the task is a triple (household, candidate, Monday): *will this household buy a product of this type in the next seven
days?* Inputs see the days before the Monday only, the label the seven days from it on. Everything here is an array operation on
one cube of daily counts, so that a hundred thousand windows take a second; the exercise `make_windows` builds the same thing for
one row at a time, where the conventions can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

HORIZON = 7
"""Days a label looks ahead."""


def item_events(transactions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Purchases at the level of product types: columns `household`, `item`, `time`, one row a line of a basket.

    `item` is categorical, named `CATEGORY | TYPE`, since the same type name stands in several categories (LEAN beef, LEAN pork). Lines
    without a type and refunds (quantity or sales not above zero) are left out.
    """
    named = products.dropna(subset=["category", "type"])
    names = pd.Categorical(named["category"].str.strip() + " | " + named["type"].str.strip())
    place = pd.Index(named["product"]).get_indexer(transactions["product"])
    ok = ((transactions["quantity"] > 0) & (transactions["sales"] > 0)).to_numpy() & (place >= 0)
    return pd.DataFrame({
        "household": transactions["household"].to_numpy()[ok],
        "item": names[place[ok]],
        "time": transactions["time"].to_numpy()[ok],
    })


def frequent_items(events: pd.DataFrame, before, n: int, exclude: Sequence[str] = ()) -> list[str]:
    """The `n` items that most households bought before `before`, most frequent first (ties by name).

    exclude: parts of names to leave out, such as what may not be advertised. Choosing items on the whole year would be a leak.
    """
    past = events.loc[events["time"] < pd.Timestamp(before), ["household", "item"]].drop_duplicates()
    buyers = past["item"].value_counts()
    ranked = sorted(buyers.index, key=lambda name: (-buyers[name], name))
    return [name for name in ranked if not any(part in name for part in exclude)][:n]


def daily_counts(events: pd.DataFrame, households: Sequence[int], groups: Sequence[Sequence[str]], first_day, days: int) -> np.ndarray:
    """Lines per household, group of items and calendar day: uint8 (len(households), len(groups), days), at most 255.

    groups: lists of item names, each item in at most one. Events of other households or items, or of other days, are ignored.
    """
    group_of = {item: g for g, members in enumerate(groups) for item in members}
    code_to_group = np.array([group_of.get(item, -1) for item in events["item"].cat.categories])
    h = pd.Index(households).get_indexer(events["household"])
    i = code_to_group[events["item"].cat.codes.to_numpy()]
    d = ((events["time"].to_numpy().astype("datetime64[D]") - np.datetime64(pd.Timestamp(first_day), "D"))
         // np.timedelta64(1, "D")).astype(int)
    ok = (h >= 0) & (i >= 0) & (d >= 0) & (d < days)
    shape = (len(households), len(groups), days)
    cube = np.zeros(shape, np.uint8)
    place, lines = np.unique(np.ravel_multi_index((h[ok], i[ok], d[ok]), shape), return_counts=True)
    cube.reshape(-1)[place] = np.minimum(lines, 255)
    return cube


@dataclass(frozen=True)
class Rows:
    """Rows of the task, as indices: household (H), candidate (C) and day of the Monday since the first day; each (n,)."""

    household: np.ndarray
    candidate: np.ndarray
    day: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    def __getitem__(self, which) -> Rows:
        return Rows(self.household[which], self.candidate[which], self.day[which])


@dataclass(frozen=True)
class Panel:
    """The year as one cube, with the few views of it that the lesson's models need.

    candidate: uint8 (H, C, D), lines of each candidate.  category: uint8 (H, C, D), lines of the candidate's category that were
    *not* the candidate.  basket: uint8 (H, D), all lines (at most 255).  first_day: the day of index 0.  weekly_rate: (C,) share of households that
    bought the candidate in an average week before `known`, the first Monday of training.
    """

    households: np.ndarray
    candidates: list[str]
    first_day: pd.Timestamp
    candidate: np.ndarray
    category: np.ndarray
    basket: np.ndarray
    weekly_rate: np.ndarray

    def day(self, date) -> int:
        """Index of a calendar day."""
        return int((pd.Timestamp(date) - self.first_day).days)

    def rows(self, mondays: Sequence, active_days: int = 56) -> Rows:
        """Every (household, candidate, Monday) of households with a basket in the `active_days` before that Monday."""
        parts = []
        for monday in mondays:
            d = self.day(monday)
            h = np.flatnonzero(self.basket[:, max(0, d - active_days):d].any(axis=1))
            parts.append((np.repeat(h, len(self.candidates)), np.tile(np.arange(len(self.candidates)), len(h)),
                          np.full(len(h) * len(self.candidates), d)))
        return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def labels(self, rows: Rows, horizon: int = HORIZON) -> np.ndarray:
        """(n,) int8: was the candidate bought in [Monday, Monday + horizon)?  ValueError if those days are not all observed."""
        if len(rows) and rows.day.max() + horizon > self.candidate.shape[2]:
            raise ValueError(f"labels need {horizon} observed days after every Monday; the last one is too late")
        return (_between(self.bought_days, rows, 0, horizon) > 0).astype(np.int8)

    def count(self, rows: Rows, days: int) -> np.ndarray:
        """(n,) on how many of the last `days` days before the Monday the candidate was bought."""
        return _between(self.bought_days, rows, -days, 0)

    def bought_before(self, rows: Rows) -> np.ndarray:
        """(n,) bool: had the household ever bought the candidate before the Monday?  True: a repeat; False: new to it."""
        return self.count(rows, 10_000) > 0

    @cached_property
    def bought_days(self) -> np.ndarray:
        """int16 (H, C, D + 1): days with a purchase of the candidate before each day, so that any window is one subtraction."""
        return _running(self.candidate > 0)

    @cached_property
    def category_days(self) -> np.ndarray:
        """The same for other items of the candidate's category."""
        return _running(self.category > 0)

    def windows(self, rows: Rows, T: int) -> np.ndarray:
        """Model inputs, float32 (n, T, 4): step t is the calendar day Monday − (T − t), so the last step is the day before.

        Channels: log(1 + lines of the candidate), log(1 + other lines of its category), log(1 + all lines) / 3, and the log-odds
        of the candidate's weekly rate / 3, the same at every step: that is how one model serves all candidates. Days before the first
        are zeros.
        """
        steps = rows.day[:, None] + np.arange(-T, 0)
        seen = steps >= 0
        steps = np.maximum(steps, 0)
        h, c = rows.household[:, None], rows.candidate[:, None]
        X = np.empty((len(rows), T, 4), np.float32)
        X[..., 0] = _LOG[self.candidate[h, c, steps]] * seen
        X[..., 1] = _LOG[self.category[h, c, steps]] * seen
        X[..., 2] = np.log1p(self.basket[h, steps].astype(np.float32)) * seen / 3
        X[..., 3] = (log_odds(self.weekly_rate)[rows.candidate] / 3)[:, None]
        return X

    def features(self, rows: Rows) -> pd.DataFrame:
        """The hand-made features of the linear model and of boosting: one row each, all from the days before the Monday.

        Counts are days with a purchase. `since` is days since the last one (capped at 120, also for never), `gap` the mean gap between
        purchases, `due` = since / gap (0 unless bought twice).
        """
        total = self.count(rows, 10_000)
        since, first = self._since_last_and_first(rows)
        gap = np.where(total > 1, (first - since) / np.maximum(total - 1, 1), 120.0)
        visits, lines = _running(self.basket > 0), _running(self.basket)
        columns = {f"days_{w}w": self.count(rows, 7 * w) for w in (1, 2, 4, 8, 16)}
        columns |= {
            "share_of_days": total / np.maximum(rows.day, 1),
            "since": np.minimum(since, 120), "gap": np.minimum(gap, 120),
            "due": np.where(total > 1, np.minimum(since / np.maximum(gap, 1), 5), 0),
            "never": total == 0,
            "category_8w": _between(self.category_days, rows, -56, 0),
        }
        columns |= {f"visits_{w}w": _between(visits, rows, -7 * w, 0) for w in (1, 4, 8)}
        columns["lines_8w"] = np.log1p(_between(lines, rows, -56, 0))
        columns["popularity"] = log_odds(self.weekly_rate)[rows.candidate]
        return pd.DataFrame(columns).astype(float)

    def _since_last_and_first(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """Days from the last purchase, and from the first, to the Monday; 400 where there is none."""
        before = self.bought_days[rows.household, rows.candidate]           # (n, D + 1): purchases before each day
        total = before[np.arange(len(rows)), rows.day]
        first = np.argmax(before > 0, axis=1) - 1                           # the first day after which the count is not 0
        last = np.argmax(before >= total[:, None], axis=1) - 1              # the first day after which it is complete
        return np.where(total == 0, 400, rows.day - last), np.where(total == 0, 400, rows.day - first)


def _running(daily: np.ndarray) -> np.ndarray:
    """Running total along the last axis, starting from 0: the sum over days [a, b) is running[b] − running[a]."""
    kind = np.int16 if daily.dtype == bool else np.int32
    total = np.zeros((*daily.shape[:-1], daily.shape[-1] + 1), kind)
    np.cumsum(daily, axis=-1, out=total[..., 1:], dtype=kind)
    return total


def _between(running: np.ndarray, rows: Rows, start: int, stop: int) -> np.ndarray:
    """(n,) sum over the days [Monday + start, Monday + stop) of each row, inside the observed days."""
    place = (rows.household,) if running.ndim == 2 else (rows.household, rows.candidate)
    low, high = (np.clip(rows.day + shift, 0, running.shape[-1] - 1) for shift in (start, stop))
    return (running[(*place, high)] - running[(*place, low)]).astype(int)


_LOG = np.log1p(np.arange(256)).astype(np.float32)


def log_odds(rate: np.ndarray) -> np.ndarray:
    """log(p / (1 − p)), with p kept inside [.0001, .9999]."""
    rate = np.clip(np.asarray(rate, float), 1e-4, 1 - 1e-4)
    return np.log(rate / (1 - rate))


def build_panel(events: pd.DataFrame, candidates: Sequence[str], first_day, last_day, known) -> Panel:
    """Cut `events` (see `item_events`) into the daily cube of these candidates.  known: first Monday of training."""
    first_day = pd.Timestamp(first_day)
    days = int((pd.Timestamp(last_day) - first_day).days) + 1
    households = np.sort(events["household"].unique())
    candidate = daily_counts(events, households, [[name] for name in candidates], first_day, days)
    everything = events["item"].cat.categories
    members: dict[str, list[str]] = {name: [] for name in sorted({category_of(c) for c in candidates})}
    for item in everything:
        if category_of(item) in members:
            members[category_of(item)].append(item)
    by_category = daily_counts(events, households, list(members.values()), first_day, days)
    category = by_category[:, [list(members).index(category_of(name)) for name in candidates]]
    category = np.where(category > candidate, category - candidate, 0).astype(np.uint8)
    basket = daily_counts(events, households, [everything], first_day, days)[:, 0]
    start = (pd.Timestamp(known) - first_day).days
    weeks = start // 7
    weekly = candidate[:, :, start - 7 * weeks:start].reshape(len(households), len(candidates), weeks, 7).any(axis=3)
    return Panel(households, list(candidates), first_day, candidate, category, basket, weekly.mean(axis=(0, 2)))


def category_of(item: str) -> str:
    """CATEGORY of an item named `CATEGORY | TYPE`."""
    return item.partition(" | ")[0]


def purchase_days(events: pd.DataFrame, households: Sequence[int], items: Sequence[str], first_day) -> pd.DataFrame:
    """Columns `h`, `i`, `day` (positions, and days since the first): one row for each day on which a household bought an item."""
    position = {item: i for i, item in enumerate(items)}
    code_to_item = np.array([position.get(item, -1) for item in events["item"].cat.categories])
    i = code_to_item[events["item"].cat.codes.to_numpy()]
    h = pd.Index(households).get_indexer(events["household"])
    day = ((events["time"].to_numpy().astype("datetime64[D]") - np.datetime64(pd.Timestamp(first_day), "D"))
           // np.timedelta64(1, "D")).astype(int)
    ok = (h >= 0) & (i >= 0) & (day >= 0)
    key = np.unique((h[ok] * len(items) + i[ok]) * 512 + day[ok])
    return pd.DataFrame({"h": key // 512 // len(items), "i": key // 512 % len(items), "day": key % 512})


def history_matrix(purchases: pd.DataFrame, shape: tuple[int, int], before: int) -> np.ndarray:
    """(households, items) float: on how many days before day number `before` the household bought the item."""
    past = purchases[purchases["day"] < before]
    flat = np.bincount(past["h"].to_numpy() * shape[1] + past["i"].to_numpy(), minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def ordered_motif(rng: np.random.Generator, n: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Sessions in which only the order tells who buys: X float32 (n, T, 4) of one-hot view, cart, pay, other, and y (n,), half of each.

    Somewhere before the last five steps a buyer's session holds view, cart, pay in a row, the others' pay, cart, view. The rest is the
    same noise for both: every count has the same distribution, and neither a sum over time nor the last steps tell anything.
    """
    y = rng.permutation(np.arange(n) % 2)
    action = rng.choice(5, size=(n, T), p=[.12, .12, .12, .24, .40])        # 4: nothing happened in this step
    start = rng.integers(0, T - 7, n)
    for j in range(3):
        action[np.arange(n), start + j] = np.where(y == 1, j, 2 - j)
    return (action[..., None] == np.arange(4)).astype(np.float32), y
