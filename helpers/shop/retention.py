"""Retention in the shop, and what one policy adds to it over another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from helpers.shop.log import Result
from helpers.shop.policies import Policy
from helpers.shop.world import World

ACTIVE, BACK = (60, 90), (150, 164)
"""Days [first, last): a shopper who visited in ACTIVE is retained if there is a visit in BACK, sixty days after ACTIVE ended."""


def active(run: Result, days: tuple[int, int] = ACTIVE) -> np.ndarray:
    """(shoppers,) bool: who visited on one of the days [first, last).  ValueError if the run did not last as long."""
    first, last = days
    if not 0 <= first < last <= run.days:
        raise ValueError(f"days {first} to {last - 1} are not inside this run of {run.days} days")
    return run.visited[:, first:last].any(axis=1)


def retained(run: Result, active_in: tuple[int, int] = ACTIVE, back_in: tuple[int, int] = BACK) -> np.ndarray:
    """(shoppers active in `active_in`,) bool: who also visited in `back_in`.  Its mean is the retention rate."""
    return active(run, back_in)[active(run, active_in)]


class Lift(NamedTuple):
    """A difference in retention rate, its standard error, and what each side had."""

    difference: float
    standard_error: float
    treated: float
    control: float
    shoppers: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        half = 1.959964 * self.standard_error
        return self.difference - half, self.difference + half


def paired_lift(worlds: Sequence[World], treated: Callable[[], Policy], control: Callable[[], Policy], switch: int = ACTIVE[1]) -> Lift:
    """What `treated` adds to retention over `control`, both from day `switch` on, for the very same shoppers.

    worlds: each is run twice.  treated, control: make a policy, fresh for each run; before `switch` both must do the same, as two `Switch`
    policies with one `before` do.  The error is that of a mean of paired differences: it is what a shop could never compute, since no
    shopper lives twice.  ValueError if the two runs already differ before `switch`.
    """
    pairs = []
    for world in worlds:
        a, b = world.run(treated(), log=False), world.run(control(), log=False)
        if not (a.visited[:, :switch] == b.visited[:, :switch]).all():
            raise ValueError(f"the two policies already retain different shoppers before day {switch}: their shoppers cannot be paired")
        pairs.append((retained(a), retained(b)))
    one, two = (np.concatenate(each).astype(float) for each in zip(*pairs, strict=True))
    gain = one - two
    return Lift(float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain))), float(one.mean()), float(two.mean()), len(gain))
