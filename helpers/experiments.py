"""Experiments in the shop: two policies side by side in one world, and what can be told of their difference.

`Split` is what a platform can do: each shopper lives once, under one of two policies. `paired` is what only a simulation can: the same shoppers live
twice. All lifts are *simulated*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from helpers.shop import Catalogue, Day, Neighbours, Policy, Slates, Visits
from helpers.shop.draws import uniforms

Z = 1.959964
"""Of a two-sided 95 % interval."""
_LOT = 61


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    standard_error: float

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, normal."""
        half = Z * self.standard_error
        return self.value - half, self.value + half


class Split(Policy):
    """An A/B test (A/B 实验): in one world some shoppers get `treated`, the others `control`, each by lot and for good.

    Both policies learn from all that happens, as two models over one log do. So neither is what it would be if it ran alone: who is in
    `control` gains from the clicks of the others. That is *interference* (干扰), and no test of halves can see it.
    """

    def __init__(self, treated: Policy, control: Policy, share: float = .5, seed: int = 0):
        """share: of the shoppers who are treated, in (0, 1).  seed: of the lot, which has nothing to do with the world's luck."""
        if not 0 < share < 1:
            raise ValueError(f"share must be above 0 and below 1, not {share}")
        self.treated, self.control, self.share, self.seed = treated, control, share, seed

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self.assigned = assigned(shoppers, self.share, self.seed)
        self.treated.reset(catalogue, shoppers)
        self.control.reset(catalogue, shoppers)

    def recommend(self, visits: Visits) -> Slates:
        lot = self.assigned[visits.shopper]
        items, chance = np.empty((len(visits), visits.slate), int), np.full((len(visits), visits.slate), np.nan)
        known = True
        for arm, policy in ((lot, self.treated), (~lot, self.control)):
            if arm.any():
                shown = policy.recommend(Visits(visits.day, visits.shopper[arm], visits.slate, visits._luck))
                items[arm] = shown.items
                known &= shown.propensity is not None
                chance[arm] = np.nan if shown.propensity is None else shown.propensity
        return Slates(items, chance if known else None)

    def observe(self, day: Day) -> None:
        self.treated.observe(day)
        self.control.observe(day)


class Watched(Policy):
    """Another policy, and what came of it by shopper and day; a run without a log is enough."""

    def __init__(self, policy: Policy, days: int):
        """days: how long the world runs."""
        self.policy, self.days = policy, days

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self.shown = np.zeros((shoppers, self.days), np.int8)
        """(shoppers, days) items shown."""
        self.clicked = np.zeros((shoppers, self.days), np.int8)
        """(shoppers, days) of these clicked."""
        self.ordered = np.zeros((shoppers, self.days), np.int8)
        """(shoppers, days) items whose order was placed this day."""
        self.policy.reset(catalogue, shoppers)

    def recommend(self, visits: Visits) -> Slates:
        return self.policy.recommend(visits)

    def observe(self, day: Day) -> None:
        self.shown[day.shopper, day.day] = day.items.shape[1]
        self.clicked[day.shopper, day.day] = day.clicked.sum(axis=1)
        np.add.at(self.ordered[:, day.day], day.buyer, 1)
        self.policy.observe(day)

    def click_rate(self, first: int, last: int) -> float:
        """Clicks per item shown on days [first, last)."""
        return float(self.clicked[:, first:last].sum() / self.shown[:, first:last].sum())


class Retrained(Neighbours):
    """The loop (反馈循环): item neighbours, fitted at the start of each round on what was clicked on *its own* slates in the round before.

    What is not shown cannot be clicked, and what is not clicked is not shown in the next round. `explore` of the places break the loop: each is
    filled by lot from all else that may be shown. All slates are in random order, so that each propensity is known.
    """

    refit_days = 10**9          # by rounds, not by the calendar

    def __init__(self, first: int, every: int, explore: int = 0):
        """first: day on which the first round begins.  every: days a round lasts.  explore: places filled by lot, 0 to all."""
        self.first, self.every, self.explore = first, every, explore

    def recommend(self, visits: Visits) -> Slates:
        if (visits.day - self.first) % self.every == 0:
            self._refit()
            self._made[:] = -10**6
        shown = np.array(super().recommend(visits).items)
        own = visits.slate - self.explore
        there = np.flatnonzero(self.catalogue.released <= visits.day)
        luck = visits.uniforms(visits.slate + self.explore)
        for place in range(own, visits.slate):
            taken = np.sort(np.searchsorted(there, shown[:, :place]), axis=1)
            drawn = (luck[:, visits.slate + place - own] * (len(there) - place)).astype(int)
            for column in taken.T:              # step over what stands on the slate already
                drawn += drawn >= column
            shown[:, place] = there[drawn]
        chance = np.full(shown.shape, 1 / visits.slate)
        chance[:, own:] *= self.explore / (len(there) - own)
        order = np.argsort(luck[:, :visits.slate], axis=1)
        return Slates(*(np.take_along_axis(each, order, axis=1) for each in (shown, chance)))

    def observe(self, day: Day) -> None:
        super().observe(day._replace(searched=np.full_like(day.searched, -1)))

    def _refit(self) -> None:
        known = self._viewed
        self._viewed, self._share = known * 0, self._share * 0
        super()._refit()                        # similarity: of the last round alone
        self._viewed = known.maximum(self._viewed)


def assigned(shoppers: int, share: float = .5, seed: int = 0) -> np.ndarray:
    """(shoppers,) bool: whom a `Split` with this share and seed treats."""
    return uniforms(seed, _LOT, np.arange(shoppers), 0, 1)[:, 0] < share


def difference(y, t) -> Estimate:
    """Mean of the treated less mean of the others, with Welch's standard error.

    y: (n,) numbers.  t: (n,) 1 or True for treated.  ValueError unless both arms have two or more.

    >>> difference([1, 3, 0, 0], [1, 1, 0, 0])
    Estimate(value=2.0, standard_error=1.0)
    """
    y, t = np.asarray(y, float), np.asarray(t, bool)
    one, two = y[t], y[~t]
    if min(len(one), len(two)) < 2:
        raise ValueError(f"both arms need two shoppers or more, not {len(one)} and {len(two)}")
    return Estimate(float(one.mean() - two.mean()), float(np.sqrt(one.var(ddof=1) / len(one) + two.var(ddof=1) / len(two))))


def paired(y_treated, y_control) -> Estimate:
    """Mean of the differences of shoppers who lived twice, and its standard error.

    >>> paired([1, 1, 0], [0, 1, 0]).value
    0.3333333333333333
    """
    gain = np.asarray(y_treated, float) - np.asarray(y_control, float)
    return Estimate(float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain))))


def pooled(estimates: Iterable[Estimate]) -> Estimate:
    """The mean of independent estimates, such as those of several worlds, all of one weight.

    >>> pooled([Estimate(1., 3.), Estimate(2., 4.)])
    Estimate(value=1.5, standard_error=2.5)
    """
    value, error = np.array(list(estimates), float).T
    return Estimate(float(value.mean()), float(np.sqrt((error ** 2).sum()) / len(error)))


def ratio(top, bottom) -> Estimate:
    """Sum of `top` over sum of `bottom`, both by shopper, with its standard error by the delta method (such as shoppers retained per cost).

    >>> ratio([2., 2.], [1., 1.])
    Estimate(value=2.0, standard_error=0.0)
    """
    top, bottom = np.asarray(top, float), np.asarray(bottom, float)
    total, n = bottom.sum(), len(top)
    if total == 0:
        return Estimate(float("nan"), float("nan"))
    value = top.sum() / total
    error = np.sqrt(n / (n - 1) * ((top - value * bottom) ** 2).sum()) / abs(total) if n > 1 else np.nan
    return Estimate(float(value), float(error))


def cuped_adjusted(y, x) -> np.ndarray:
    """(n,) y less what x, known before the test, says of it: y − θ (x − mean x), θ by least squares over both arms.

    x: (n,) or (n, k). Its mean is that of y. Source: Deng, Xu, Kohavi and Walker, WSDM 2013.

    >>> cuped_adjusted([1., 2., 3.], [10., 20., 30.]).tolist()
    [2.0, 2.0, 2.0]
    """
    y, x = np.asarray(y, float), np.asarray(x, float)
    x = x.reshape(len(y), -1) - x.reshape(len(y), -1).mean(axis=0)
    return y - x @ np.linalg.lstsq(x, y - y.mean(), rcond=None)[0]


def shoppers_needed(sd: float, effect: float, alpha: float = .05, power: float = .8) -> float:
    """How many shoppers each arm needs, so that a two-sided test at `alpha` sees `effect` with probability `power`.

    sd: of the outcome, the same in both arms.  For a rate p it is sqrt(p (1 − p)).

    >>> round(shoppers_needed(sd=.5, effect=.01))
    39244
    """
    return 2 * ((norm.ppf(1 - alpha / 2) + norm.ppf(power)) * sd / effect) ** 2


def power(sd: float, effect: float, n: float, alpha: float = .05) -> float:
    """The chance that a two-sided test of n shoppers in each arm sees `effect`.

    >>> round(power(sd=.5, effect=.01, n=39244), 3)
    0.8
    """
    shift, z = abs(effect) / (sd * np.sqrt(2 / n)), norm.ppf(1 - alpha / 2)
    return float(norm.sf(z - shift) + norm.cdf(-z - shift))
