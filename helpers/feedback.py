"""Implicit feedback: who bought what on which day, as a matrix, as sequences, and split at a day that nobody may look beyond.

Nobody rates milk. All there is to learn from is **implicit feedback** (隐式反馈): a purchase says yes, and silence says nothing at all: not liked,
not needed this month, or never seen. An *item* is a product type on its shelf, 'category: type', since a carton of another brand is
hardly something new. Whatever reveals health, faith, origin, pregnancy, small children, alcohol or tobacco is left out where the
receipts are read, as in `helpers.interests`: what a model was never shown it cannot recommend by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from helpers.interests import MONTH, NO_INTEREST, forbidden


@dataclass(frozen=True, eq=False)
class Split:
    """What was known on the morning of a day, and what the next weeks brought, of all households.

    past: (H, M) csr, number of days on which bought before.  future: (H, M) bool, bought in the horizon.  seen: (H, M) bool, bought before.
    repeat, new: (H, M) bool, the two kinds of `future`: bought before, and never.
    """

    cutoff: int
    past: sparse.csr_matrix
    future: np.ndarray
    seen: np.ndarray

    @property
    def repeat(self) -> np.ndarray:
        """(H, M) bool: bought in the horizon, and before."""
        return self.future & self.seen

    @property
    def new(self) -> np.ndarray:
        """(H, M) bool: bought in the horizon, and never before."""
        return self.future & ~self.seen


@dataclass(frozen=True, eq=False)
class Feedback:
    """Purchases, one row a household, item and day, sorted by household, then day.

    households: (H,) ids.  items: (M,) names 'category: type'.  category: (M,) names.
    home, item: (n,) positions in them.  day: (n,) days since the first Monday, so that 28 of them are four of each weekday.
    """

    households: np.ndarray
    items: np.ndarray
    category: np.ndarray
    home: np.ndarray
    item: np.ndarray
    day: np.ndarray

    @staticmethod
    def read(receipts: pd.DataFrame, products: pd.DataFrame, *, known_until: int = 10 * MONTH, least: int = 20,
             first_day="2017-01-02") -> Feedback:
        """From receipts (household, product, sales, time) and products (product, category, type).

        An item is known if at least `least` households bought it before day `known_until`; all others are left out. Settle it before the
        month on which choices are made: a catalogue of what sold *later* is a leak, too. Lines without money are left out (returns, coupons).
        """
        named = products.dropna(subset=["category", "type"])
        # Category and type together are the thing: a type's name stands on several shelves.
        names, name_of = np.unique((named["category"].str.strip() + "\t" + named["type"].str.strip()).to_numpy(str), return_inverse=True)
        category, kind = (np.array(part, dtype=object) for part in zip(*(name.split("\t") for name in names), strict=True))
        allowed = ~(np.isin(category, NO_INTEREST) | forbidden(category, kind))

        place = pd.Index(named["product"]).get_indexer(receipts["product"])
        item = np.where(place >= 0, name_of[place], -1)
        day = (receipts["time"].to_numpy().astype("datetime64[D]") - np.datetime64(first_day)).astype(int)
        good = (receipts["sales"] > 0).to_numpy() & (item >= 0) & (day >= 0) & allowed[item]
        household, item, day = receipts["household"].to_numpy()[good], item[good], day[good]

        early = day < known_until
        pairs = pd.DataFrame({"household": household[early], "item": item[early]}).drop_duplicates()
        known = np.flatnonzero(np.bincount(pairs["item"], minlength=len(names)) >= least)
        position = np.full(len(names), -1)
        position[known] = np.arange(len(known))
        item = position[item]
        household, item, day = household[item >= 0], item[item >= 0], day[item >= 0]

        households, home = np.unique(household, return_inverse=True)
        days = int(day.max(initial=0)) + 1
        once = np.unique((home.astype(np.int64) * days + day) * max(len(known), 1) + item)
        once, item = np.divmod(once, max(len(known), 1))
        home, day = np.divmod(once, days)
        return Feedback(households, (category + ": " + kind)[known], category[known], home, item, day)

    def matrix(self, before: int, since: int = 0) -> sparse.csr_matrix:
        """(H, M) sparse: number of days on which bought, since <= day < before."""
        return self._summed(np.ones(len(self.day), np.float32), before, since)

    def faded(self, before: int, half_life: float) -> sparse.csr_matrix:
        """(H, M) sparse: days on which bought before, each weighing ½^(age / half_life); yesterday has age 1, half_life is in days."""
        age = np.maximum(before - self.day, 0)
        return self._summed((.5 ** (age / half_life)).astype(np.float32), before, 0)

    def visits(self, before: int) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
        """Baskets before a day, in order: (V, M) sparse of 0/1, and (V,) the household and the day of each."""
        rows = np.flatnonzero(self.day < before)
        width = int(self.day.max(initial=0)) + 1
        basket, place = np.unique(self.home[rows].astype(np.int64) * width + self.day[rows], return_inverse=True)
        inside = sparse.csr_matrix((np.ones(len(rows), np.float32), (place, self.item[rows])), (len(basket), len(self.items)))
        return inside, *np.divmod(basket, width)

    def sequences(self, before: int, length: int, rng: np.random.Generator) -> np.ndarray:
        """(H, length) int32 ids 1 … M of the last purchases before a day, oldest first, 0 in front for padding.

        A receipt has no order, so the order inside a day is drawn: what stands in the file's order (by shelf, say) is no behaviour.
        """
        rows = np.flatnonzero(self.day < before)
        rows = rows[np.lexsort((rng.random(len(rows)), self.day[rows], self.home[rows]))]
        home = self.home[rows]
        from_the_end = np.searchsorted(home, home, side="right") - 1 - np.arange(len(rows))
        near = from_the_end < length
        ids = np.zeros((len(self.households), length), np.int32)
        ids[home[near], length - 1 - from_the_end[near]] = 1 + self.item[rows[near]]
        return ids

    def split(self, cutoff: int, horizon: int = MONTH) -> Split:
        """What was known on the morning of day `cutoff`, and what was bought on the `horizon` days from it on."""
        past = self.matrix(cutoff)
        return Split(cutoff, past, self.matrix(cutoff + horizon, cutoff).toarray() > 0, past.toarray() > 0)

    def _summed(self, weight: np.ndarray, before: int, since: int) -> sparse.csr_matrix:
        seen = (self.day < before) & (self.day >= since)
        return sparse.csr_matrix((weight[seen], (self.home[seen], self.item[seen])), (len(self.households), len(self.items)))
