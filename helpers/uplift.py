"""A coupon trial in the simulated shop, and the tools that judge who should get a coupon: for the notebook's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.coupons import under_coupon
from helpers.shop import Config, CouponPolicy, Customers, Popular, Result, World, active
from helpers.shop.draws import uniforms

LOTS = (6, 20, 34, 48, 62, 76)
"""Before the trial: on each of these days each shopper gets a coupon or none by lot, so that there are answers to learn from."""
PROGRAMME = (90, 104, 118, 132, 146)
"""The trial: a coupon on each of these days, or on none.  A coupon is valid for 14 days, the last one until day 159."""
START, BACK = 90, (150, 164)
COLUMNS = ("visits under a coupon", "visits without", "more than expected", "days since last visit", "days known")


class Programme(CouponPolicy):
    """Coupons by lot on the days `lots`, then on each of `days` to the shoppers in `arm`."""

    def __init__(self, arm: np.ndarray, lots: Sequence[int] = LOTS, days: Sequence[int] = PROGRAMME, seed: int = 0):
        self.arm, self.lots, self.days, self.seed = arm, set(lots), set(days), seed

    def send(self, customers: Customers) -> np.ndarray:
        if customers.day in self.lots:
            return by_lot(len(self.arm), self.seed, customers.day)
        return self.arm if customers.day in self.days else np.zeros(len(self.arm), bool)


class Trial(NamedTuple):
    """The shoppers who were active when the programme began, one row each."""

    X: np.ndarray
    """(n, 5), the COLUMNS: what the platform knew on the morning of day START."""
    t: np.ndarray
    """(n,) bool: in the programme, by lot."""
    y: np.ndarray
    """(n,) 0/1: visited in BACK."""
    other: np.ndarray
    """(n,) what y would have been in the other arm.  Nobody but a simulation knows it."""
    stopped: np.ndarray
    """(n,) what y would have been with coupons up to day 132 only, so that none is valid in BACK.  Nobody knows it either."""
    kind: np.ndarray
    """(n,) how a coupon works on them: 1 persuadable, 0 indifferent, -1 annoyed.  Nor this."""

    @property
    def lives(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) each: the outcome without the programme, and with it."""
        return np.where(self.t, self.other, self.y), np.where(self.t, self.y, self.other)


def by_lot(shoppers: int, seed: int, day: int, chance: float = .5) -> np.ndarray:
    """(shoppers,) bool, each True with this chance; the lot of a shopper and a day is theirs whatever happens."""
    return uniforms(seed, 1, np.arange(shoppers), day, 1)[:, 0] < chance


def coupon_trial(shoppers: int = 40_000, seed: int = 0) -> Trial:
    """Run the trial, the same world with the other side of every coin, and with everybody's coupons ended early."""
    world = World(Config(shoppers=shoppers, days=BACK[1]), seed)
    arm = by_lot(shoppers, seed, START)

    def run(arm: np.ndarray, days: Sequence[int] = PROGRAMME) -> Result:
        return world.run(Popular(), Programme(arm, days=days, seed=seed), log=False)

    trial, mirrored, short = run(arm), run(~arm), run(np.ones(shoppers, bool), PROGRAMME[:-1])
    who = active(trial, (60, START))
    y, other, stopped = (active(each, BACK)[who].astype(float) for each in (trial, mirrored, short))
    return Trial(known(trial)[who], arm[who], y, other, stopped, trial.truth.kind[who])


def known(run: Result) -> np.ndarray:
    """(shoppers, 5), the COLUMNS, from visits and coupons before day START.

    More than expected: visits under a coupon, less what they would be if all visits were spread evenly over the days known.  The day
    of the first visit does not count: it is how a shopper became known.
    """
    visited = run.visited[:, :START]
    first = np.where(visited.any(axis=1), visited.argmax(axis=1), START - 1)
    valid = under_coupon(run.coupons, len(visited), START)
    counted = np.arange(START) > first[:, None]
    with_it, without = (visited & valid & counted).sum(axis=1), (visited & ~valid & counted).sum(axis=1)
    days = np.maximum(counted.sum(axis=1), 1)
    more = with_it - (with_it + without) * (valid & counted).sum(axis=1) / days
    last = START - 1 - visited[:, ::-1].argmax(axis=1)
    return np.column_stack([with_it, without, more, START - last, START - first]).astype(float)


def cross_fitted(X: np.ndarray, y: np.ndarray, t: np.ndarray, folds: int = 5, alpha: float = 10.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n,) each: y without and with treatment, by ridges on scaled columns, for each row by models that did not see it."""
    fold = np.random.default_rng(seed).permutation(len(y)) % folds
    predicted = np.empty((2, len(y)))
    for arm in (0, 1):
        for out in range(folds):
            seen, new = (fold != out) & (np.asarray(t) == arm), fold == out
            predicted[arm, new] = make_pipeline(StandardScaler(), Ridge(alpha)).fit(X[seen], y[seen]).predict(X[new])
    return predicted[0], predicted[1]


def qini(y: np.ndarray, t: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of rows and gain a row, (Y_t - Y_c · N_t / N_c) / n, after each row, the highest score first; equal ones in the order of rows.

    >>> qini(np.array([1, 0, 1]), np.array([1, 0, 0]), np.array([3, 2, 1]))[1].round(3).tolist()
    [0.333, 0.333, 0.167]
    """
    order = np.argsort(-score, kind="stable")
    y, t = y[order].astype(float), t[order].astype(float)
    treated, control = np.cumsum(t), np.cumsum(1 - t)
    gain = np.cumsum(y * t) - np.cumsum(y * (1 - t)) * treated / np.maximum(control, 1)
    return np.arange(1, len(y) + 1) / len(y), gain / len(y)


def doubly_robust(y: np.ndarray, t: np.ndarray, e, pi, mu0: np.ndarray, mu1: np.ndarray) -> np.ndarray:
    """(n,) terms whose mean is the value of a policy that treats with the chance pi, from a log that treated with the chance e.

    >>> doubly_robust(np.array([1., 0.]), np.array([1, 0]), .5, np.array([1, 1]), np.array([0., 0.]), np.array([.5, .5])).tolist()
    [1.5, 0.5]
    """
    return pi * mu1 + (1 - pi) * mu0 + t * pi / e * (y - mu1) + (1 - t) * (1 - pi) / (1 - e) * (y - mu0)
