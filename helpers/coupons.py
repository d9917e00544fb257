"""Who gets a coupon: a trial by lot, a list of the chosen, and two scores by which a platform chooses.

A score of risk says who will stay away; a score of response says whom a coupon moves. They are different questions, and only the second
can be asked of a trial alone: nobody sees what a shopper would have done without the coupon that came.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.shop.config import Config
from helpers.shop.draws import uniforms
from helpers.shop.policies import CouponPolicy, Customers

VALID = Config.coupon_days
"""Days for which a coupon is valid, the day it is sent included: no secret, it is printed on it."""
AWAY = 28
"""Days without a visit that count as staying away."""
_TRIAL = 60


class CouponTrial(CouponPolicy):
    """On each of some days each shopper who has come before gets a coupon with a known chance, by lot: an experiment.

    The lots of two days are independent, and hang on nothing that is known of a shopper.
    """

    def __init__(self, days: tuple[int, ...], chance: float = .5, seed: int = 0):
        """seed: of the lots; it has nothing to do with the world's.  ValueError unless 0 <= chance <= 1."""
        if not 0 <= chance <= 1:
            raise ValueError(f"the chance of a coupon lies between 0 and 1, not {chance}")
        self.days, self.chance, self.seed = tuple(days), chance, seed

    def send(self, customers: Customers) -> np.ndarray:
        if customers.day not in self.days:
            return np.zeros(len(customers.visits), bool)
        lot = uniforms(self.seed, _TRIAL, np.arange(len(customers.visits)), customers.day, 1)[:, 0]
        return (lot < self.chance) & (customers.visits > 0)


class SendTo(CouponPolicy):
    """A coupon to each chosen shopper on each of some days, whatever happens meanwhile."""

    def __init__(self, chosen: np.ndarray, days: tuple[int, ...]):
        """chosen: (shoppers,) bool.  ValueError for anything else, such as a list of numbers of shoppers."""
        chosen = np.asarray(chosen)
        if chosen.dtype != bool or chosen.ndim != 1:
            raise ValueError(f"chosen must be one truth value for each shopper, not {chosen.dtype} of shape {chosen.shape}")
        self.chosen, self.days = chosen.copy(), tuple(days)

    def send(self, customers: Customers) -> np.ndarray:
        return self.chosen.copy() if customers.day in self.days else np.zeros(len(self.chosen), bool)


class Then(CouponPolicy):
    """One coupon policy up to a day, another (or none) from then on."""

    def __init__(self, before: CouponPolicy, after: CouponPolicy | None, day: int):
        self.before, self.after, self.day = before, after, day

    def send(self, customers: Customers) -> np.ndarray:
        now = self.before if customers.day < self.day else self.after
        return np.zeros(len(customers.visits), bool) if now is None else now.send(customers)


def under_coupon(coupons: pd.DataFrame, shoppers: int, day: int) -> np.ndarray:
    """(shoppers, day) bool: whether a shopper's coupon was valid on each day before `day`.  coupons: | shopper | day | sent."""
    under = np.zeros((shoppers, day), bool)
    shopper, sent = coupons["shopper"].to_numpy(int), coupons["day"].to_numpy(int)
    for later in range(VALID):
        there = sent + later < day
        under[shopper[there], sent[there] + later] = True
    return under


def churn_risk(visited: np.ndarray, day: int) -> np.ndarray:
    """(shoppers,) the probability that a shopper stays away for the next four weeks, as seen in the morning of `day`; 0 for who never came.

    visited: (shoppers, days) bool, as in `Result.visited`; only days before `day` are read.
    A logistic regression on the logs of recency, frequency and age, fitted four weeks earlier, when what came next is already known:
    the churn model of lesson 03 at its plainest.  ValueError if `day` is too early for that, or if at that time all or none stayed away.
    """
    before = day - AWAY
    if before < 1 or day > visited.shape[1]:
        raise ValueError(f"day must lie between {AWAY + 1} and {visited.shape[1]}, not {day}")
    known = visited[:, :before].any(axis=1)
    away = ~visited[known, before:day].any(axis=1)
    if away.all() or not away.any():
        raise ValueError(f"of the {len(away)} shoppers who came before day {before} all or none stayed away: there is nothing to fit")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(_habits(visited[known, :before]), away)
    come = visited[:, :day].any(axis=1)
    risk = np.zeros(len(visited))
    risk[come] = model.predict_proba(_habits(visited[come, :day]))[:, 1]
    return risk


def responsiveness(visited: np.ndarray, coupons: pd.DataFrame, day: int) -> np.ndarray:
    """(shoppers,) how many more visits a day a shopper makes under a coupon than without one, estimated from a trial before `day`.

    visited: (shoppers, days) bool; only days before `day` are read.  coupons: | shopper | day | of a `CouponTrial`, as in `Result.coupons`.
    A shopper's days count from the trial's first day or the day after the first visit, whichever is later: before it no lot was drawn.
    One shopper's difference is mostly luck, so it is pulled towards the mean of all (empirical Bayes): by var / (var + noise), where
    noise is what a shopper of this rate shows by chance alone, and var how much more than that the differences vary.
    Who had no day under a coupon, or none without, gets that mean.  ValueError if the trial had no coupon before `day`.

    Visits under a coupon also end some shoppers' stay: it is a score to rank by, not the gain in retention.
    """
    sent = coupons[coupons["day"] < day]
    if not len(sent):
        raise ValueError(f"no coupon was sent before day {day}: there is no trial to learn from")
    under = under_coupon(sent, len(visited), day)
    visits = visited[:, :day]
    open_from = np.maximum(sent["day"].min(), np.where(visits.any(axis=1), visits.argmax(axis=1) + 1, day))
    counted = np.arange(day) >= open_from[:, None]

    days = np.stack([(counted & under).sum(axis=1), (counted & ~under).sum(axis=1)])
    came = np.stack([(visits & counted & under).sum(axis=1), (visits & counted & ~under).sum(axis=1)])
    both = (days > 0).all(axis=0)
    if not both.any():
        raise ValueError("nobody had days both under a coupon and without one: nothing can be compared")
    mean_rate = came[:, both].sum() / days[:, both].sum()
    rate = (came.sum(axis=0) + 1) / (days.sum(axis=0) + 1 / max(mean_rate, 1e-9))       # a rate of 0 would have no noise at all
    gap = came[0, both] / days[0, both] - came[1, both] / days[1, both]
    spread = (1 / days[:, both]).sum(axis=0)
    noise = rate[both] * spread
    mean = np.average(gap, weights=1 / spread)      # not by 1 / noise: who came seldom by luck would count more
    var = max(float(np.mean((gap - mean) ** 2 - noise)), 0.0)
    answer = np.full(len(visited), mean)
    answer[both] = mean + (gap - mean) * var / (var + noise)
    return answer


def _habits(visited: np.ndarray) -> np.ndarray:
    """(n, 3) logs of recency, frequency and age in days; each row with at least one visit."""
    days = visited.shape[1]
    recency = visited[:, ::-1].argmax(axis=1) + 1
    age = days - visited.argmax(axis=1)
    return np.log(np.stack([recency, visited.sum(axis=1), age], axis=1))
