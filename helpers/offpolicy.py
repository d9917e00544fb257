"""What would another policy have earned?  Answered from the log of the one that ran (off-policy evaluation, 离线策略评估).

A platform showed what its logging policy chose, each item with a known probability, its **propensity** (倾向分). `replay` lets a candidate say what
it would have shown on the same visits; `ips` and `snips` weigh what was seen by how much likelier the candidate shows it. Every
standard error is over shoppers: the exposures of one shopper are not independent.

Shapes: reward, p_log, p_new and shopper are (n,), a row an exposure: one item shown at one place.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.experiments import Estimate, ratio
from helpers.shop import Catalogue, Day, Policy, Result, Slates, Visits


class Shuffled(Policy):
    """Another policy's slates, in random order: so each of its items stands at each place with the same chance, which is its propensity."""

    def __init__(self, policy: Policy):
        self.policy = policy

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        self.policy.reset(catalogue, shoppers)

    def recommend(self, visits: Visits) -> Slates:
        shown = np.asarray(self.policy.recommend(visits).items)
        order = np.argsort(visits.uniforms(visits.slate), axis=1)
        return Slates(np.take_along_axis(shown, order, axis=1), np.full(shown.shape, 1 / visits.slate))

    def observe(self, day: Day) -> None:
        self.policy.observe(day)


def replay(run: Result, policy: Policy, first: int, last: int, luck: int = 0) -> np.ndarray:
    """(sessions, slate) items that `policy` would have shown on the visits of days [first, last), in the order of their sessions.

    run: with a log.  The policy learns from each day when it is over and is first asked on day `first`, as if it were switched on there: what
    it proposes for a day knows nothing of that day.  luck: seed of the numbers it may draw.  ValueError if the run did not last as long.

    What it observes are the clicks on what *the logging policy* showed. Nobody knows what would have been clicked on its own.
    """
    if not 0 <= first < last <= run.days:
        raise ValueError(f"days {first} to {last - 1} are not inside this run of {run.days} days")
    exposures = run.exposures
    slate = int(exposures["position"].max()) + 1
    shown, clicked = (exposures[column].to_numpy().reshape(-1, slate) for column in ("item", "clicked"))
    shopper, day = (exposures[column].to_numpy()[::slate] for column in ("shopper", "day"))
    looked = run.views.loc[run.views["source"] == "search", ["session", "item"]]
    place = looked.groupby("session").cumcount().to_numpy()
    searched = np.full((len(shown), int(place.max(initial=-1)) + 1), -1)
    searched[looked["session"].to_numpy(), place] = looked["item"]
    ends, bought = np.searchsorted(day, np.arange(run.days + 1)), run.orders
    order_ends = np.searchsorted(bought["day"].to_numpy(), np.arange(run.days + 1))
    buyer, item = (bought[column].to_numpy() for column in ("shopper", "item"))

    policy.reset(run.catalogue, len(run.visited))
    answers = []
    for today in range(last):
        rows, orders = slice(ends[today], ends[today + 1]), slice(order_ends[today], order_ends[today + 1])
        if today >= first and rows.stop > rows.start:
            answers.append(np.asarray(policy.recommend(Visits(today, shopper[rows].copy(), slate, luck)).items))
        policy.observe(Day(today, shopper[rows], shown[rows], clicked[rows], searched[rows], buyer[orders], item[orders]))
    return np.concatenate(answers)


def exposures_of(run: Result, first: int, last: int) -> pd.DataFrame:
    """The exposures of days [first, last), those for which `replay` gives a row a session."""
    exposures = run.exposures
    return exposures[exposures["day"].between(first, last - 1)]


def shuffled_propensity(slates: np.ndarray, exposures: pd.DataFrame) -> np.ndarray:
    """(n,) the probability with which a `Shuffled` policy shows each logged item at its place: 1 / slate if it is one of its own, else 0.

    slates: (sessions, slate) of `replay`.  exposures: the rows of the same sessions, slate by slate.
    """
    slate = slates.shape[1]
    item = exposures["item"].to_numpy().reshape(-1, slate)
    return ((item[:, :, None] == slates[:, None, :]).any(axis=2) / slate).ravel()


def click_ndcg(slates: np.ndarray, exposures: pd.DataFrame) -> Estimate:
    """The offline metric of most reports: NDCG (归一化折损累计增益) of a candidate's slates, the clicks of the log being what was to be found.

    Mean over the sessions with a click; arguments as in `shuffled_propensity`.  It counts as wrong whatever was never shown.
    """
    slate = slates.shape[1]
    item, clicked, shopper = (exposures[column].to_numpy().reshape(-1, slate) for column in ("item", "clicked", "shopper"))
    found = ((slates[:, :, None] == item[:, None, :]) & clicked[:, None, :]).any(axis=2)
    gain = 1 / np.log2(np.arange(2, slate + 2))
    some = clicked.any(axis=1)
    ndcg = (found[some] @ gain) / np.cumsum(gain)[clicked[some].sum(axis=1) - 1]
    return _over_shoppers(ndcg, np.ones(len(ndcg)), shopper[some, 0])


def ips(reward, p_log, p_new, shopper=None) -> Estimate:
    """Inverse propensity scoring (逆倾向评分): the mean of reward · p_new / p_log.  Unbiased; its spread grows with the weights.

    shopper: (n,) whose exposure each row is; without it each row stands for itself.  ValueError unless 0 < p_log <= 1.

    >>> ips([1, 0, 1, 0], [.5, .5, .25, .25], [1, 0, 0, 1]).value
    0.5
    """
    reward, weight = _weighed(reward, p_log, p_new)
    return _over_shoppers(reward * weight, np.ones(len(reward)), shopper)


def snips(reward, p_log, p_new, shopper=None) -> Estimate:
    """Self-normalised IPS (自归一化 IPS): the mean of the rewards, weighted by p_new / p_log.  nan if all weights are 0.

    It stays between the smallest and the largest reward, and does not change when a constant is added to all rewards. Slightly biased in small
    logs, far steadier than `ips` (Swaminathan and Joachims, NeurIPS 2015).

    >>> snips([1, 0, 1, 0], [.5, .5, .25, .25], [1, 0, 0, 1]).value
    0.3333333333333333
    """
    reward, weight = _weighed(reward, p_log, p_new)
    return _over_shoppers(reward * weight, weight, shopper)


def effective(p_log, p_new) -> float:
    """How many equally weighted rows would be as steady as these: (Σ w)² / Σ w² (Kish 1965).  0 if all weights are 0."""
    weight = np.asarray(p_new, float) / np.asarray(p_log, float)
    return float(weight.sum() ** 2 / (weight ** 2).sum()) if weight.any() else 0.0


def _weighed(reward, p_log, p_new) -> tuple[np.ndarray, np.ndarray]:
    reward, p_log, p_new = (np.asarray(each, float) for each in (reward, p_log, p_new))
    if not ((p_log > 0) & (p_log <= 1)).all():
        raise ValueError("each p_log must be above 0 and at most 1: what the logging policy never shows, its log says nothing of")
    return reward, p_new / p_log


def _over_shoppers(top: np.ndarray, bottom: np.ndarray, shopper) -> Estimate:
    """Σ top / Σ bottom, with its standard error over shoppers."""
    if shopper is not None:
        code = np.unique(np.asarray(shopper), return_inverse=True)[1]
        top, bottom = np.bincount(code, weights=top), np.bincount(code, weights=bottom)
    return ratio(top, bottom)
