"""Click sessions as a model reads them: for each view the views before it, what is known of item and shopper, and whether it was bought."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

STEP_FEATURES = ("observed", "same category", "same item", "cheaper", "from search")
"""Of each of the last views, compared with the view that is asked about; `observed` tells a view from padding."""
STATIC_FEATURES = ("item's views", "item's purchase rate", "shopper's views", "shopper's share of the category", "shopper's orders", "price")
"""Of item and shopper, counted over the days before the session; the rate and the views as logarithms."""


@dataclass(frozen=True)
class Sessions:
    """One row for each view asked about; arrays are (n, …), in order of the day."""

    session: np.ndarray
    shopper: np.ndarray
    day: np.ndarray
    steps: np.ndarray
    """(n, T, len(STEP_FEATURES)) float32: the last T views up to this one, which is the last step; padded in front."""
    static: np.ndarray
    """(n, len(STATIC_FEATURES)) float32."""
    bought: np.ndarray
    """(n,) of 0/1: ordered by the last day of the log."""

    def __len__(self) -> int:
        return len(self.day)

    def __getitem__(self, rows) -> Sessions:
        return Sessions(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def shuffled(self, rng: np.random.Generator) -> Sessions:
        """The same views with those before the last in random order: every count stays, the order is gone."""
        before = self.steps[:, :-1]
        observed = before[..., 0] > 0
        place = np.argsort(np.where(observed, rng.random(observed.shape), -1.0), axis=1)       # padding stays in front
        steps = np.concatenate([np.take_along_axis(before, place[..., None], axis=1), self.steps[:, -1:]], axis=1)
        return replace(self, steps=steps)

    def counts(self) -> np.ndarray:
        """(n, …) what is left when the order is forgotten: how many of the views were observed, of this category, of this item, …"""
        return np.concatenate([self.steps.sum(axis=1), self.static], axis=1)

    def sequence(self) -> np.ndarray:
        """(n, T, …) steps and, beside each, what is known of item and shopper: for a model that reads sequences."""
        beside = np.broadcast_to(self.static[:, None], (*self.steps.shape[:2], self.static.shape[1]))
        return np.concatenate([self.steps, beside * self.steps[..., :1]], axis=2)


def build(views: pd.DataFrame, catalogue: pd.DataFrame, first_day: int, last_day: int, T: int = 12) -> Sessions:
    """The views of days [first_day, last_day] with two views or more before them in their session.

    views: | session | shopper | day | step | item | source | ordered |, as `helpers.shop` logs them.  catalogue: by item, | category | price |.
    What is known of items and shoppers is counted over the days before each view's day; a purchase counts from the day of its order.
    """
    views = views.sort_values(["session", "step"], kind="stable", ignore_index=True)
    item = views["item"].to_numpy()
    category = pd.factorize(catalogue["category"])[0][item]
    price = np.log(catalogue["price"].to_numpy())[item]
    asked = np.flatnonzero((views["step"] >= 2) & views["day"].between(first_day, last_day))
    place = views["step"].to_numpy()[asked]
    back = np.arange(T - 1, -1, -1)
    at = asked[:, None] - back
    there = back <= place[:, None]
    at = np.where(there, at, asked[:, None])
    now = asked[:, None]
    steps = np.stack([there, category[at] == category[now], item[at] == item[now], price[at] < price[now],
                      (views["source"] == "search").to_numpy()[at]], axis=2) & there[:, :, None]
    chosen = views.loc[asked]
    static = known_before(chosen, views, catalogue)
    return Sessions(chosen["session"].to_numpy(), chosen["shopper"].to_numpy(), chosen["day"].to_numpy(), steps.astype(np.float32),
                    static.astype(np.float32), (chosen["ordered"] >= 0).to_numpy().astype(int))


def known_before(asked: pd.DataFrame, views: pd.DataFrame, catalogue: pd.DataFrame) -> np.ndarray:
    """(n, len(STATIC_FEATURES)) what the views before each day tell of item and shopper.

    asked: n rows | shopper | item | day |, of views or of anything that was shown.  views, catalogue: as for `build`.
    """
    category, price = pd.factorize(catalogue["category"])[0], np.log(catalogue["price"].to_numpy())
    item, shopper, day = (asked[name].to_numpy() for name in ("item", "shopper", "day"))
    viewed, viewer, when, ordered = (views[name].to_numpy() for name in ("item", "shopper", "day", "ordered"))
    bought = ordered >= 0

    def liking(shopper, item):
        return shopper.astype(np.int64) * (category.max() + 1) + category[item]

    seen, sold = _before(viewed, when, item, day), _before(viewed[bought], ordered[bought], item, day)
    own, own_here = _before(viewer, when, shopper, day), _before(liking(viewer, viewed), when, liking(shopper, item), day)
    orders = _before(viewer[bought], ordered[bought], shopper, day)
    return np.column_stack([np.log1p(seen), np.log((sold + 1) / (seen + 20)) + 3, np.log1p(own), (own_here + .1) / (own + 1.2),
                            np.log1p(orders), price[item] - 3])


def _before(key: np.ndarray, when: np.ndarray, asked_key: np.ndarray, asked_day: np.ndarray) -> np.ndarray:
    """For each (asked_key, asked_day): how many events of this key lie on an earlier day."""
    days = max(int(when.max(initial=0)), int(asked_day.max(initial=0))) + 1
    events = np.sort(key.astype(np.int64) * days + when)
    start = asked_key.astype(np.int64) * days
    return np.searchsorted(events, start + asked_day) - np.searchsorted(events, start)
