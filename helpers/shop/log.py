"""What a run leaves behind: the platform's log, as tables; and, apart from it, the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from helpers.shop.catalogue import Catalogue

EPOCH = pd.Timestamp("2024-01-01")
"""Day 0, a Monday."""


@dataclass(frozen=True)
class Truth:
    """What only a simulation knows; (shoppers,) each."""

    arrival: np.ndarray
    left: np.ndarray
    """Day of the visit after which the shopper left for good; the largest int32 if that has not happened."""
    kind: np.ndarray
    """How a coupon works: 1 persuadable, 0 indifferent, -1 annoyed."""


@dataclass(frozen=True)
class Result:
    """One run of a world under a policy."""

    catalogue: Catalogue
    days: int
    visited: np.ndarray
    """(shoppers, days) bool."""
    revenue: np.ndarray
    """(shoppers,) spent, after discounts."""
    cost: np.ndarray
    """(shoppers,) of coupons sent and discounts given."""
    truth: Truth = field(repr=False)
    _columns: dict[str, list[tuple[np.ndarray, ...]]] = field(repr=False)

    @cached_property
    def exposures(self) -> pd.DataFrame:
        """| session | shopper | day | position (0 first) | item | propensity (nan if unknown) | clicked | ordered |

        ordered: day of the order that this view led to, -1 if none was placed by the last day.
        """
        return self._table("exposures", ("session", "shopper", "day", "position", "item", "propensity", "clicked", "ordered"))

    @cached_property
    def views(self) -> pd.DataFrame:
        """Looks at an item's page, in order.

        | session | shopper | day | step (0 first) | item | source ("slate" or "search") | carted (with this view) | ordered (as in exposures) |
        """
        table = self._table("views", ("session", "shopper", "day", "step", "item", "source", "carted", "ordered"))
        return table.assign(source=pd.Categorical.from_codes(table["source"].astype(int), ["slate", "search"]))

    @cached_property
    def orders(self) -> pd.DataFrame:
        """| session (of the view) | shopper | day (of the order) | item | paid | coupon (bool) |"""
        return self._table("orders", ("session", "shopper", "day", "item", "paid", "coupon")).sort_values(
            ["day", "shopper", "session"], kind="stable", ignore_index=True)

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """| session (index) | shopper | day |"""
        return self._table("sessions", ("session", "shopper", "day")).set_index("session")

    @cached_property
    def coupons(self) -> pd.DataFrame:
        """| shopper | day (sent) | unsubscribed (at once) |"""
        return self._table("coupons", ("shopper", "day", "unsubscribed"))

    def _table(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        if name not in self._columns:
            raise ValueError(f"this run kept no {name}: run the world with log=True")
        parts = self._columns[name]
        return pd.DataFrame({column: np.concatenate([part[i] for part in parts]) if parts else np.empty(0)
                             for i, column in enumerate(columns)})
