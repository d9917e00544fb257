"""What a portrait of a household is made of: money and visits, shares of what it buys, its weeks in order, and what came after.

Everything here takes a cut-off and looks strictly before it, except `future_spend` and `redeemed`, which look from it on and may only be
used to judge. One order is one household-day: two receipts of one day are one visit to the shop, as in the exercise `rfm`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WEEK = pd.Timedelta(days=7)
NOT_A_TASTE = ("COUPON/MISC ITEMS", "COUPONS/STORE & MFG", "MISC. TRANS.", "FUEL", "GASOLINE", "NO COMMODITY DESCRIPTION", "UNKNOWN")
"""Categories that are no goods on a shelf: fuel is sold in thousandths of a gallon, the others are bookkeeping."""


@dataclass(frozen=True)
class Portraits:
    """Households seen at one cut-off, row by row the same in every part.

    ids: (n,).  rfm: (n, 3) recency in days, order days, USD.  shares: (n, categories), of its USD by category, each row of sum 1.
    weeks: (n, T, 2) of log(1 + USD) and order days, week by week, the latest last.  categories: their names.
    """

    cutoff: pd.Timestamp
    ids: np.ndarray
    rfm: np.ndarray
    shares: np.ndarray
    weeks: np.ndarray
    categories: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: np.ndarray) -> Portraits:
        """Some of the households, or some of them twice."""
        return Portraits(self.cutoff, self.ids[rows], self.rfm[rows], self.shares[rows], self.weeks[rows], self.categories)

    def without(self, forbidden: list[str]) -> Portraits:
        """The same portraits with some categories never looked at: their shares leave, the others again sum to 1."""
        kept = [i for i, name in enumerate(self.categories) if name not in forbidden]
        shares = self.shares[:, kept]
        total = shares.sum(axis=1, keepdims=True)
        shares = np.divide(shares, total, out=np.full_like(shares, 1 / len(kept)), where=total > 0)
        return Portraits(self.cutoff, self.ids, self.rfm, shares, self.weeks, [self.categories[i] for i in kept])


class Till:
    """The receipts of all households as arrays, so that a portrait at any cut-off takes a fraction of a second.

    receipts: frame household, product, sales, time.  products: frame product, category.  Lines without money are left out.
    """

    def __init__(self, receipts: pd.DataFrame, products: pd.DataFrame):
        named = products.dropna(subset=["category"])
        categories = pd.Categorical(named["category"].str.strip())
        place = pd.Index(named["product"]).get_indexer(receipts["product"])
        code = np.where(place >= 0, categories.codes[place], -1)
        ok = (receipts["sales"] > 0).to_numpy() & (code >= 0) & ~np.isin(code, categories.categories.get_indexer(list(NOT_A_TASTE)))
        self.names = list(categories.categories)
        self.households, self._home = np.unique(receipts["household"].to_numpy()[ok], return_inverse=True)
        self._code = code[ok]
        self._sales = receipts["sales"].to_numpy()[ok]
        self._day = receipts["time"].to_numpy()[ok].astype("datetime64[D]")

    def portraits(self, cutoff, *, look_back: int, categories: int | list[str] = 60) -> Portraits:
        """The households that bought in the `look_back` weeks before midnight of `cutoff`, seen over those weeks.

        categories: which to keep apart, by name, or how many: then the most widely bought of the same weeks. The rest is one share, "OTHER".
        Take the names from the first cut-off's portraits for all later ones, or the columns mean something else at each date.
        ValueError for a name that is no category.
        """
        cutoff = pd.Timestamp(cutoff)
        days = np.timedelta64(7 * look_back, "D")
        end = np.datetime64(cutoff, "D")
        seen = (self._day < end) & (self._day >= end - days)
        rows, home = np.unique(self._home[seen], return_inverse=True)
        day, sales, code = self._day[seen], self._sales[seen], self._code[seen]
        ago = (end - day).astype(int)                                      # 1: the day before the cut-off
        visits = np.unique(np.stack([home, ago]), axis=1)
        rfm = np.stack([
            np.bincount(home, minlength=len(rows)) * 0.0, np.bincount(visits[0], minlength=len(rows)),
            np.bincount(home, sales, minlength=len(rows)),
        ], axis=1)
        rfm[:, 0] = np.inf
        np.minimum.at(rfm[:, 0], home, ago)
        if isinstance(categories, int):
            pairs = np.unique(np.stack([home, code]), axis=1)
            width = np.bincount(pairs[1], minlength=len(self.names))
            kept = np.sort(np.argsort(-width, kind="stable")[:min(categories, np.count_nonzero(width))])
        else:
            missing = [name for name in categories if name not in (*self.names, "OTHER")]
            if missing:
                raise ValueError(f"no category is called {', '.join(missing)}")
            kept = np.array([self.names.index(name) for name in categories if name != "OTHER"])
        column = np.full(len(self.names), len(kept))
        column[kept] = np.arange(len(kept))
        money = np.zeros((len(rows), len(kept) + 1))
        np.add.at(money, (home, column[code]), sales)
        week = look_back - 1 - (ago - 1) // 7
        weeks = np.zeros((len(rows), look_back, 2))
        np.add.at(weeks[:, :, 0], (home, week), sales)
        np.add.at(weeks[:, :, 1], (visits[0], look_back - 1 - (visits[1] - 1) // 7), 1)
        weeks[:, :, 0] = np.log1p(weeks[:, :, 0])
        return Portraits(cutoff, self.households[rows], rfm, money / money.sum(axis=1, keepdims=True), weeks,
                         [self.names[i] for i in kept] + ["OTHER"])

    def future_spend(self, portraits: Portraits, days: int = 90) -> np.ndarray:
        """USD of each household from the cut-off on, over `days` days: (n,).  To judge a portrait, never to make one."""
        end = np.datetime64(portraits.cutoff, "D")
        seen = (self._day >= end) & (self._day < end + np.timedelta64(days, "D"))
        total = np.bincount(self._home[seen], self._sales[seen], minlength=len(self.households))
        return total[np.searchsorted(self.households, portraits.ids)]

    def daily_spend(self, first_day, days: int) -> np.ndarray:
        """USD of each household on each of so many days from `first_day` on: (households, days)."""
        day = (self._day - np.datetime64(pd.Timestamp(first_day), "D")).astype(int)
        seen = (day >= 0) & (day < days)
        spend = np.zeros((len(self.households), days))
        np.add.at(spend, (self._home[seen], day[seen]), self._sales[seen])
        return spend
