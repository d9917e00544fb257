"""Who decides what is shown and who gets a coupon.  A policy sees what a platform sees, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from helpers.language import Text
from helpers.shop.catalogue import Catalogue
from helpers.shop.draws import uniforms

_SCORES = Text("{policy}: scores must return {wanted} numbers, not {got}", "{policy}：scores 应返回 {wanted} 个数，而不是 {got}")
_NAN = Text("{policy}: the score of item {item} is nan (not a number) on day {day}; an item not to be shown gets -inf",
            "{policy}：第 {day} 天商品 {item} 的分数是 nan（不是数）；不想展示的商品请给 -inf")


class PolicyError(ValueError):
    """A policy answered what a shop cannot show; the message names the policy, the day, and what was wrong."""


@dataclass(frozen=True)
class Visits:
    """The shoppers who come on one day."""

    day: int
    shopper: np.ndarray
    """(n,) their numbers."""
    slate: int
    """How many items to show to each."""
    _luck: int

    def __len__(self) -> int:
        return len(self.shopper)

    def uniforms(self, k: int) -> np.ndarray:
        """(n, k) numbers of [0, 1) for a policy that draws; the same for this shopper and day in every run of the world."""
        return uniforms(self._luck, 0, self.shopper, self.day, k)


class Slates(NamedTuple):
    """What is shown."""

    items: np.ndarray
    """(n, slate) ints: items from the first place to the last, none twice in a row, none before its day of release."""
    propensity: np.ndarray | None = None
    """(n, slate): the probability with which the policy shows this item at this place on such a visit; None if it does not know."""


class Day(NamedTuple):
    """What the platform has seen when a day is over."""

    day: int
    shopper: np.ndarray
    """(n,) of each visit."""
    items: np.ndarray
    """(n, slate) shown."""
    clicked: np.ndarray
    """(n, slate) bool."""
    searched: np.ndarray
    """(n, searches) items viewed in search results, -1 for none."""
    buyer: np.ndarray
    """(orders,) shoppers whose order was placed this day."""
    bought: np.ndarray
    """(orders,) the items."""


class Policy:
    """Chooses slates.  A subclass writes `recommend`, and `observe` if it learns from what happens."""

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        """A new world begins."""
        self.catalogue, self.shoppers = catalogue, shoppers

    def recommend(self, visits: Visits) -> Slates:
        """What to show to these visits."""
        raise NotImplementedError

    def observe(self, day: Day) -> None:
        """A day is over."""


class Customers(NamedTuple):
    """What the platform knows of all its shoppers in the morning of a day; (shoppers,) each."""

    day: int
    visits: np.ndarray
    last_visit: np.ndarray
    """Day, -1 for who never came."""
    orders: np.ndarray
    spent: np.ndarray
    last_coupon: np.ndarray
    """Day, -1 for none."""


class CouponPolicy:
    """Chooses whom to send a coupon.  A subclass writes `send`."""

    def send(self, customers: Customers) -> np.ndarray:
        """(shoppers,) bool.  A coupon to somebody who never came is not sent."""
        raise NotImplementedError


class Uniform(Policy):
    """Any items, each equally likely at each place."""

    def recommend(self, visits: Visits) -> Slates:
        there = np.flatnonzero(self.catalogue.released <= visits.day)
        return _sampled(visits, there, np.full(len(there), visits.slate / len(there)))


class Logging(Policy):
    """The policy in place when the course begins: popular items often, every item sometimes, with known propensities.

    Weights are the smoothed counts of clicks so far, mixed with equal ones (`explore`).
    """

    def __init__(self, explore: float = .3):
        self.explore = explore

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self._clicks = np.full(len(catalogue), 1.0)

    def recommend(self, visits: Visits) -> Slates:
        there = np.flatnonzero(self.catalogue.released <= visits.day)
        weight = self._clicks[there] / self._clicks[there].sum()
        chance = visits.slate * ((1 - self.explore) * weight + self.explore / len(there))
        while (chance > 1).any():       # no item twice on one slate
            over = chance >= 1
            chance = np.where(over, 1.0, chance * (visits.slate - over.sum()) / chance[~over].sum())
        return _sampled(visits, there, chance)

    def observe(self, day: Day) -> None:
        np.add.at(self._clicks, day.items[day.clicked], 1)
        np.add.at(self._clicks, day.searched[day.searched >= 0], 1)


class Ranked(Policy):
    """Shows the best by a score; a subclass writes `scores`, and `every` says how many days a slate is kept."""

    every = 15

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        """(n, items) for these shoppers, or (items,) for all alike."""
        raise NotImplementedError

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self._slate = np.zeros((shoppers, 0), np.int32)
        self._made = np.full(shoppers, -10**6)

    def recommend(self, visits: Visits) -> Slates:
        if self._slate.shape[1] != visits.slate:
            self._slate = np.zeros((self.shoppers, visits.slate), np.int32)
        old = visits.shopper[visits.day - self._made[visits.shopper] >= self.every]
        for part in np.array_split(old, max(1, -(-len(old) // 2048))):
            if len(part):
                self._slate[part] = top(self._released(self._scored(part, visits.day), visits.day), visits.slate)
                self._made[part] = visits.day
        return Slates(self._slate[visits.shopper])

    def _scored(self, shopper: np.ndarray, day: int) -> np.ndarray:
        scores = np.array(self.scores(shopper))
        name, items = type(self).__name__, len(self.catalogue)
        if scores.shape not in ((items,), (len(shopper), items)) or not np.issubdtype(scores.dtype, np.number):
            wanted = f"({len(shopper)}, {items}) or ({items},)"
            raise PolicyError(str(_SCORES.format(policy=name, wanted=wanted, got=f"{scores.shape} {scores.dtype}")))
        if np.isnan(scores).any():
            raise PolicyError(str(_NAN.format(policy=name, item=np.argwhere(np.isnan(scores))[0, -1], day=day)))
        return np.broadcast_to(scores, (len(shopper), items))

    def _released(self, scores: np.ndarray, day: int) -> np.ndarray:
        return np.where(self.catalogue.released <= day, scores, -np.inf)


class Popular(Policy):
    """The items viewed most often, the same for everybody."""

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self._shown, self._clicked, self._searched = (np.zeros(len(catalogue)) for _ in range(3))

    def values(self) -> np.ndarray:
        """(items,) by which items are ranked."""
        return self._clicked + self._searched

    def recommend(self, visits: Visits) -> Slates:
        values = np.where(self.catalogue.released <= visits.day, self.values(), -np.inf)
        return Slates(np.repeat(top(values[None], visits.slate), len(visits), axis=0))

    def observe(self, day: Day) -> None:
        np.add.at(self._shown, day.items, 1)
        np.add.at(self._clicked, day.items[day.clicked], 1)
        np.add.at(self._searched, day.searched[day.searched >= 0], 1)


class ClickRate(Popular):
    """The items most often clicked for each time they were shown: what a platform gets that cares for clicks alone."""

    def values(self) -> np.ndarray:
        return (self._clicked + 1) / (self._shown + 20)


class Switch(Policy):
    """One policy up to a day, another from then on; both learn from all that happens."""

    def __init__(self, before: Policy, after: Policy, day: int):
        self.before, self.after, self.day = before, after, day

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        self.before.reset(catalogue, shoppers)
        self.after.reset(catalogue, shoppers)

    def recommend(self, visits: Visits) -> Slates:
        return (self.before if visits.day < self.day else self.after).recommend(visits)

    def observe(self, day: Day) -> None:
        self.before.observe(day)
        self.after.observe(day)


def top(scores: np.ndarray, k: int) -> np.ndarray:
    """(n, k) columns of the k highest scores, best first; of equal ones the smaller column."""
    if k >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)


def _sampled(visits: Visits, items: np.ndarray, chance: np.ndarray) -> Slates:
    """Slates that hold item i with probability chance[i] (their sum is the slate), by systematic sampling (Madow 1949), in random order.

    The order makes each place equally likely for an item, so its propensity at its place is chance / slate, exactly.
    """
    draw = visits.uniforms(1 + visits.slate)
    ends = np.cumsum(chance)
    ends *= visits.slate / ends[-1]
    picked = np.searchsorted(ends, draw[:, :1] + np.arange(visits.slate), side="right").clip(max=len(items) - 1)
    order = np.argsort(draw[:, 1:], axis=1)
    picked = np.take_along_axis(picked, order, axis=1)
    return Slates(items[picked], chance[picked] / visits.slate)
