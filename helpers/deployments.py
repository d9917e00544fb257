"""Every lesson's models put into the shop: how many shoppers each keeps, at what cost, in all three worlds.

A *rung* shows slates, with the three settings it may try; a *rule* sends coupons. In every run the same platform (`Logging`, and a coupon trial
by lot) runs up to day SWITCH, so that all arms of a world have met the same shoppers with the same luck; from then on the arm decides.
Shoppers gained and lost are counted against the same shoppers under popular slates without coupons. **All of it is simulated.**

Measuring takes tens of minutes, so the outcome is kept in `data/retention_table.csv` and `data/retention_tornado.csv`. To measure again:

    python -m helpers.deployments
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from helpers import coupons, interests, plots, recommenders, segments
from helpers.data.installed import shipped
from helpers.shop import (
    HELPS,
    WORLDS,
    ClickRate,
    Config,
    Content,
    Day,
    Logging,
    Neighbours,
    Oracle,
    Policy,
    Popular,
    Ranked,
    Result,
    Slates,
    Switch,
    Uniform,
    Visits,
    World,
    active,
)
from helpers.shop.catalogue import CATEGORY_COUNT
from helpers.shop.retention import ACTIVE, BACK

KEPT, ASSUMED = "retention_table.csv", "retention_tornado.csv"
"""In `data/`: the arms, one row for each world, arm and seed; and the gaps between two arms, one row for each assumption that was changed."""
SWITCH = ACTIVE[1]
TRIAL = (34, 48, 62, 76)
"""Days on which every shopper gets a coupon or none, by lot. The last of them has expired when the arms begin."""
SENT = (90, 104, 118, 132, 146, 160)
"""Days on which a rule's chosen get a coupon: there is always a valid one, on the days on which retention is counted as well."""
STOPPED = SENT[:4]
"""The same, but the last one has expired on day 146, before retention is counted."""
SHARE = .3
"""Of the shoppers active before the switch, so many may be sent coupons."""
SHOPPERS = 10_000
"""Of each world that is measured, half of the shop's: the table has hundreds of runs."""
SEEDS, TUNED_ON = (0, 1, 2), 100
"""Worlds that are measured, and the one on which settings are chosen; no world is both."""
BASE = "popular, no coupon"
LATE = 60
"""Items released from this day on have few views before the switch: they are the catalogue's cold start."""


# ---- what is shown ----

class Watching(Ranked):
    """Remembers every view, in order; a subclass writes `fit` (every `refit_days`) and `scores`.  Slates are five days old at most."""

    every, refit_days, prior = 5, 15, 1e-3

    def reset(self, catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self._parts: list[tuple[np.ndarray, ...]] = []
        self._fitted = self._read = -10**6

    def observe(self, day: Day) -> None:
        seen = np.concatenate([np.where(day.clicked, day.items, -1), day.searched], axis=1)
        row, place = np.nonzero(seen >= 0)
        self._parts.append((day.shopper[row].astype(np.int32), seen[row, place].astype(np.int32), np.full(len(row), day.day, np.int32)))

    def recommend(self, visits: Visits) -> Slates:
        if visits.day - self._read >= self.every:
            self.read(visits.day)
        return super().recommend(visits)

    def read(self, day: int) -> None:
        """Count all views so far, and fit if it is time."""
        self.shopper, self.item, self.day = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        self._parts, self._read = [(self.shopper, self.item, self.day)], day
        self.seen = self.counts()
        self.logs, self.share = recommenders.logs(self.seen), np.bincount(self.item, minlength=len(self.catalogue)) / max(len(self.item), 1)
        if day - self._fitted >= self.refit_days:
            self.fit()
            self._fitted = day

    def counts(self, half_life: float = np.inf) -> sparse.csr_matrix:
        """(shoppers, items) views; one of `half_life` days ago weighs half."""
        weight = (.5 ** ((self._read - self.day) / half_life)).astype(np.float32)
        return sparse.csr_matrix((weight, (self.shopper, self.item)), (self.shoppers, len(self.catalogue)))

    def fit(self) -> None:
        """Learn from all views so far."""


class Lately(Watching):
    """The items viewed most often in the last days, the same for everybody."""

    def __init__(self, days: int):
        self.days = days

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return np.bincount(self.item[self.day >= self._read - self.days], minlength=len(self.catalogue)).astype(float)


class Own(Watching):
    """What the shopper viewed before, again."""

    def __init__(self, half_life: float):
        self.half_life = half_life

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return self.counts(self.half_life)[shopper].toarray() + self.prior * self.share


class Categories(Watching):
    """A shopper's share of views in each category, faded and shrunk to everybody's, times an item's share of its category's views."""

    def __init__(self, half_life: float, kappa: float = 2.0):
        self.half_life, self.kappa = half_life, kappa

    def shares(self) -> np.ndarray:
        """(shoppers, categories)."""
        counts = self.counts(self.half_life) @ np.eye(CATEGORY_COUNT, dtype=np.float32)[self.catalogue.category]
        return interests.shrunk(counts, interests.population(counts), self.kappa)

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        within = self.share / np.maximum(np.bincount(self.catalogue.category, self.share, CATEGORY_COUNT), 1e-12)[self.catalogue.category]
        return self.shares()[shopper][:, self.catalogue.category] * within


class Segments(Categories):
    """k-means segments of the shares of categories; to each segment the items that it views most."""

    def __init__(self, k: int):
        super().__init__(np.inf)
        self.k = k

    def fit(self) -> None:
        from sklearn.cluster import KMeans

        self._kinds = KMeans(self.k, n_init=3, random_state=0).fit(np.sqrt(self.shares()))

    def segment(self) -> np.ndarray:
        """(shoppers,) each one's segment, by all views so far."""
        return self._kinds.predict(np.sqrt(self.shares()))

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        segment = self.segment()
        member = sparse.csr_matrix((np.ones(len(segment), np.float32), (segment, np.arange(len(segment)))), (self.k, len(segment)))
        return (member @ self.seen).toarray()[segment[shopper]] + self.prior * self.share


class Words(Watching):
    """The cosine of an item's vector with the sum of a shopper's, faded: TF-IDF of titles, or anything else that describes an item."""

    def __init__(self, vectors: np.ndarray, half_life: float):
        self.alike, self.half_life = recommenders.likeness(_unit(vectors)), half_life

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return self.counts(self.half_life)[shopper] @ self.alike + self.prior * self.share


class Ease(Watching):
    """EASE on ln(1 + views)."""

    def __init__(self, l2: float):
        self.l2 = l2

    def fit(self) -> None:
        self._weights = recommenders.ease_weights(self.logs, self.l2, np.float32)

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return self.logs[shopper] @ self._weights + self.prior * self.share


class Factors(Watching):
    """iALS on ln(1 + views); a shopper's factors are folded in from all views so far."""

    refit_days = 30

    def __init__(self, size: int, alpha: float, l2: float):
        self.size, self.alpha, self.l2 = size, alpha, l2

    def fit(self) -> None:
        _, self._items = recommenders.ials_factors(self.logs, self.size, self.alpha, self.l2, 4)

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return recommenders.ials_rows(self.logs[shopper], self._items, self.alpha, self.l2) @ self._items.T + self.prior * self.share


class Hybrid(Ease):
    """EASE and the likeness of titles, each in standard deviations of the shopper's own scores, the second times `weight`."""

    def __init__(self, vectors: np.ndarray, weight: float, l2: float):
        super().__init__(l2)
        self.alike, self.weight = recommenders.likeness(_unit(vectors)), weight

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return _standard(super().scores(shopper)) + self.weight * _standard(self.logs[shopper] @ self.alike)


class NextView(Watching):
    """SASRec on the sequences of views: a causal Transformer trained once, on the shop's own log up to the switch; histories are read anew."""

    refit_days = 10**6

    def __init__(self, length: int, size: int, rate: float, epochs: int = 6, seed: int = 0):
        self.length, self.size, self.rate, self.epochs, self.seed = length, size, rate, epochs, seed

    def sequences(self, shopper: np.ndarray, length: int) -> np.ndarray:
        """(n, length) the last views as ids from 1, the latest last, 0 in front."""
        order = np.argsort(self.shopper, kind="stable")
        item, start = self.item[order], np.searchsorted(self.shopper[order], shopper)
        stop = np.searchsorted(self.shopper[order], shopper, side="right")
        place = stop[:, None] - np.arange(length, 0, -1)
        return np.where(place >= start[:, None], item[place.clip(min=0)] + 1, 0).astype(np.int32)

    def fit(self) -> None:
        from helpers import sequential

        long_enough = np.flatnonzero(np.bincount(self.shopper, minlength=self.shoppers) > 1)
        build = lambda: sequential.sasrec(len(self.catalogue), self.length, self.size, blocks=1)  # noqa: E731
        self._model = sequential.train(build, self.sequences(long_enough, self.length + 1), seed=self.seed, epochs=self.epochs, negatives=256,
                                       rate=self.rate).model

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        from helpers import sequential

        return sequential.scores(self._model, self.sequences(shopper, self.length)) + self.prior * self.share


class Measured(Policy):
    """Another policy, and what it cost and showed from the switch on; up to the switch it keeps views and orders for the rules."""

    def __init__(self, policy: Policy):
        self.policy = policy

    def reset(self, catalogue, shoppers: int) -> None:
        self.seconds = self.clicks = self.shown = self.visits = self.late = 0
        self.ordered: list[tuple[np.ndarray, np.ndarray]] = []
        self.taste = Segments(12)
        self.taste.reset(catalogue, shoppers)
        self._released = catalogue.released
        self._timed(self.policy.reset, catalogue, shoppers)

    def recommend(self, visits: Visits) -> Slates:
        slates = self._timed(self.policy.recommend, visits)
        if visits.day >= SWITCH:
            self.late += int((self._released[slates.items] >= LATE).sum())
        return slates

    def observe(self, day: Day) -> None:
        self._timed(self.policy.observe, day)
        if day.day < SWITCH:
            self.taste.observe(day)
            self.ordered.append((day.buyer, np.full(len(day.buyer), day.day)))
        else:
            self.visits += len(day.shopper)
            self.shown += day.items.size
            self.clicks += int(day.clicked.sum())

    def _timed(self, method, *arguments):
        began = time.process_time()
        answer = method(*arguments)
        self.seconds += time.process_time() - began
        return answer


# ---- vectors of titles ----

_ENCODED: dict[str, np.ndarray] = {}
ENCODING = {"titles": 0, "seconds": 0.0}
"""Titles that were encoded since the program began, and the CPU seconds of it: each title once, in whatever world it stands."""


def embedded(world: World) -> np.ndarray:
    """(items, 512) text embeddings of the English titles."""
    from helpers import text

    titles = list(world.catalogue.title_en)
    new = [title for title in dict.fromkeys(titles) if title not in _ENCODED]
    if new:
        began = time.process_time()
        _ENCODED.update(zip(new, text.encode(new), strict=True))
        ENCODING["titles"] += len(new)
        ENCODING["seconds"] += time.process_time() - began
    vectors = np.array([_ENCODED[title] for title in titles])
    return vectors - vectors.mean(axis=0)


def counted(world: World) -> np.ndarray:
    """(items, words) 0 or 1: which words stand in an English title."""
    from sklearn.feature_extraction.text import CountVectorizer

    return CountVectorizer(binary=True).fit_transform(world.catalogue.title_en).toarray().astype(np.float32)


def tfidf(world: World) -> np.ndarray:
    """(items, words) TF-IDF of the English titles."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(dtype=np.float32).fit_transform(world.catalogue.title_en).toarray()


def _neighbours(shrink: float) -> Neighbours:
    policy = Neighbours()
    policy.shrink, policy.refit_days = shrink, Watching.refit_days
    return policy


@dataclass(frozen=True)
class Rung:
    """make(world, setting) -> a policy.  lesson: where it was taught.  settings: at most three, the first unless another is chosen."""

    lesson: str
    make: Callable[[World, object], Policy]
    settings: tuple = (None,)


RUNGS = {
    "at random": Rung("baseline", lambda world, _: Uniform()),
    "popular": Rung("baseline", lambda world, _: Popular()),
    "logging policy": Rung("baseline", lambda world, explore: Logging(explore), (.3, .1, .0)),
    "popular of late": Rung("baseline", lambda world, days: Lately(days), (14, 28, 56)),
    "own views again": Rung("baseline", lambda world, half_life: Own(half_life), (5, 15, 60)),
    "best click rate": Rung("baseline", lambda world, _: ClickRate()),
    "item neighbours": Rung("01 behaviour", lambda world, shrink: _neighbours(shrink), (1.0, 5.0, 20.0)),
    "content: title words": Rung("01 behaviour", lambda world, _: Content(counted(world))),
    "segments' popular items": Rung("02 portrait", lambda world, k: Segments(k), (12, 24, 48)),
    "interests: categories": Rung("04 interest", lambda world, half_life: Categories(half_life), (5, 15, 60)),
    "interests: TF-IDF": Rung("04 interest", lambda world, half_life: Words(tfidf(world), half_life), (5, 15, 60)),
    "EASE": Rung("05 recommendation", lambda world, l2: Ease(l2), (3.0, 10.0, 30.0)),
    "iALS": Rung("05 recommendation", lambda world, s: Factors(*s), ((32, 1, 3), (32, 1, 10), (64, 1, 10))),
    "EASE + title words": Rung("05 recommendation", lambda world, s: Hybrid(tfidf(world), *s), ((2.0, 30.0), (8.0, 30.0), (32.0, 30.0))),
    "embeddings of titles": Rung("large model", lambda world, half_life: Words(embedded(world), half_life), (5, 15, 60)),
    "EASE + embeddings": Rung("large model", lambda world, s: Hybrid(embedded(world), *s), ((2.0, 30.0), (8.0, 30.0), (32.0, 30.0))),
    "event model (SASRec)": Rung("large model", lambda world, s: NextView(*s), ((20, 32, 3e-3), (20, 64, 3e-3), (50, 32, 3e-3))),
    "oracle": Rung("ceiling", lambda world, _: Oracle(world)),
}


RIVALS = {"embeddings of titles": "interests: TF-IDF", "EASE + embeddings": "EASE + title words", "event model (SASRec)": "EASE",
          "EASE + title words": "interests: TF-IDF"}
"""The rung against which another is asked what it adds; the shopper's own views again if none stands here."""


# ---- who gets a coupon ----

@dataclass(frozen=True)
class Known:
    """What the platform knows in the morning of the switch, from the run of a world; `truth` is for the oracle alone."""

    run: Result
    seen: Measured

    @cached_property
    def visited(self) -> np.ndarray:
        """(shoppers, SWITCH) bool."""
        return self.run.visited[:, :SWITCH]

    @cached_property
    def candidates(self) -> np.ndarray:
        """(shoppers,) bool: who was active before the switch.  Retention is counted among them, so coupons to others would be lost by definition."""
        return active(self.run)

    @cached_property
    def risk(self) -> np.ndarray:
        """(shoppers,)."""
        return coupons.churn_risk(self.visited, SWITCH)

    @cached_property
    def response(self) -> np.ndarray:
        """(shoppers,) from the trial."""
        return coupons.responsiveness(self.visited, self.run.coupons, SWITCH)

    @cached_property
    def likely_buyers(self) -> np.ndarray:
        """(shoppers,) chance of an order in the next two weeks: a logit on habits, fitted on what the two weeks before the switch brought."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        buyer, day = (np.concatenate(each) for each in zip(*self.seen.ordered, strict=True))
        then = SWITCH - 14
        came = self.visited[:, :then].any(axis=1)
        y = np.bincount(buyer[day >= then], minlength=len(came))[came] > 0
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(self._habits(then, buyer[day < then])[came], y)
        return model.predict_proba(self._habits(SWITCH, buyer))[:, 1]

    def _habits(self, day: int, buyer: np.ndarray) -> np.ndarray:
        visited = self.visited[:, :day]
        since = np.where(visited.any(axis=1), visited[:, ::-1].argmax(axis=1) + 1, day)
        counts = visited.sum(axis=1), visited[:, -28:].sum(axis=1), np.bincount(buyer, minlength=len(visited))
        return np.log1p(np.column_stack([since, *counts]))

    @cached_property
    def by_segment(self) -> np.ndarray:
        """(shoppers,) mean response of the shopper's k-means segment, shrunk to everybody's."""
        watch = self.seen.taste
        watch.read(SWITCH)
        label = watch.segment()
        return segments.segment_means(label[self.candidates], self.response[self.candidates], watch.k, prior=100)[label]


def chosen(score: np.ndarray, known: Known, share: float = SHARE) -> np.ndarray:
    """(shoppers,) bool: the candidates with the highest score, a share of them; equal scores by lot, which is the same in every world."""
    lot = np.random.default_rng(0).random(len(score))
    order = np.lexsort((lot, -np.where(known.candidates, score, -np.inf)))
    picked = np.zeros(len(score), bool)
    picked[order[:round(share * known.candidates.sum())]] = True
    return picked & known.candidates


@dataclass(frozen=True)
class Rule:
    """choose(known) -> (shoppers,) bool, who gets a coupon on each of `days`.  lesson: where it was taught."""

    lesson: str
    choose: Callable[[Known], np.ndarray]
    days: tuple[int, ...] = SENT


def _persuadable(known: Known) -> np.ndarray:
    kind = known.run.truth.kind == 1
    return chosen(kind * 1.0, known) & kind


RULES = {
    "by lot": Rule("baseline", lambda known: chosen(np.zeros(len(known.candidates)), known)),
    "everybody": Rule("baseline", lambda known: known.candidates),
    "likeliest to buy": Rule("01 behaviour", lambda known: chosen(known.likely_buyers, known)),
    "segments that respond": Rule("02 portrait", lambda known: chosen(known.by_segment, known)),
    "highest risk": Rule("03 churn", lambda known: chosen(known.risk, known)),
    "risk x response": Rule("03 churn", lambda known: chosen(known.risk * known.response, known)),
    "response in the trial": Rule("06 retention", lambda known: chosen(known.response, known)),
    "response, stopped": Rule("06 retention", lambda known: chosen(known.response, known), STOPPED),
    "oracle": Rule("ceiling", _persuadable),
    "oracle, stopped": Rule("ceiling", _persuadable, STOPPED),
}
"""Who of the candidates gets coupons, under popular slates."""


# ---- one arm ----

def deploy(world: World, policy: Policy, send_to: np.ndarray | None = None, days: tuple[int, ...] = SENT) -> tuple[Result, Measured]:
    """The run of a world in which a policy takes over on day SWITCH, and coupons go to `send_to` (shoppers,) bool on these days."""
    measured = Measured(policy)
    after = None if send_to is None else coupons.SendTo(send_to, days)
    return world.run(Switch(Logging(), measured, SWITCH), coupons.Then(coupons.CouponTrial(TRIAL), after, SWITCH), log=False), measured


def compared(run: Result, measured: Measured, base: Result) -> dict:
    """What one arm did to the shoppers active before the switch, against the same shoppers under the base: a row of the kept table.

    active, back: shoppers, and those of them back in days 150 to 163.  gained, lost: back here but not in the base, and the other way round.
    back_all: all shoppers back, active before or not.  cost, revenue: of coupons, and spent, less the base's.  seconds: CPU of the policy.
    ValueError if the two runs differ before the switch.
    """
    if not (run.visited[:, :SWITCH] == base.visited[:, :SWITCH]).all():
        raise ValueError("the two runs already differ before the switch: their shoppers cannot be paired")
    who = active(run)
    here, there = active(run, BACK)[who], active(base, BACK)[who]
    return {"shoppers": len(who), "active": int(who.sum()), "back": int(here.sum()), "gained": int((here & ~there).sum()), "lost": int((~here & there).sum()),
            "back_all": int(active(run, BACK).sum()), "sent": int((run.coupons["day"] >= SWITCH).sum()),
            "cost": round(float(run.cost.sum() - base.cost.sum()), 2), "revenue": round(float(run.revenue.sum() - base.revenue.sum()), 2),
            "visits": measured.visits, "click_rate": round(measured.clicks / measured.shown, 5), "late_share": round(measured.late / measured.shown, 5),
            "seconds": round(measured.seconds, 3)}


def arms(world: World, rungs: Iterable[str], rules: Iterable[str] = (), settings: dict[str, object] | None = None,
         both: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
    """One row an arm of a world: rungs without coupons, rules under popular slates, and pairs (rung, rule) of both; BASE is always run, and first.

    settings: rung -> its setting; the first of its list where none is given.
    """
    def made(name: str) -> Policy:
        return RUNGS[name].make(world, (settings or {}).get(name, RUNGS[name].settings[0]))

    base, seen = deploy(world, made("popular"))
    known = Known(base, seen)
    came: dict[tuple[str, str], np.ndarray] = {}

    def row(lesson: str, slates: str, rule: str, run: Result, measured: Measured, thinking: float = 0.0) -> dict:
        came[slates, rule] = active(run, BACK)[active(run)]
        rival = rival_of(slates, rule)
        mine, other = came[slates, rule], came.get(rival, came[slates, rule])
        found = compared(run, measured, base)
        return {"lesson": lesson, "slates": slates, "coupons": rule, **found, "seconds": round(found["seconds"] + thinking, 3),
                "rival": " + ".join(rival) if rival in came else "", "rival_gained": int((mine & ~other).sum()), "rival_lost": int((~mine & other).sum())}

    rows = [row("baseline", "popular", "none", base, seen)]
    for slates in (name for name in rungs if name != "popular"):
        rows.append(row(RUNGS[slates].lesson, slates, "none", *deploy(world, made(slates))))
    for slates, rule in (*(("popular", rule) for rule in rules), *both):
        began = time.process_time()
        send_to = RULES[rule].choose(known)
        thinking = time.process_time() - began
        rows.append(row(RULES[rule].lesson if slates == "popular" else "both", slates, rule, *deploy(world, made(slates), send_to, RULES[rule].days), thinking))
    return pd.DataFrame(rows)


def rival_of(slates: str, rule: str) -> tuple[str, str]:
    """(slates, coupons) of the simplest arm that an arm must beat to be worth its trouble; popular slates without coupons are every arm's base anyway."""
    if rule == "none":
        return RIVALS.get(slates, "own views again"), "none"
    if slates != "popular":
        return slates, "none"
    return "popular", {"response, stopped": "response in the trial", "oracle, stopped": "oracle"}.get(rule, "by lot")


def summary(rows: pd.DataFrame, by: Sequence[str] = ("world", "lesson", "slates", "coupons")) -> pd.DataFrame:
    """Pooled over seeds: what each arm keeps over BASE.

    gain, low, high: points of retention, with the 95 % interval of a mean of paired differences over the shoppers of these worlds.
    up: in how many of the seeds the gain is above 0.  cost: of coupons for each shopper gained, nan where there is no cost, or no gain that the
    interval vouches for.  a coupon: what each one sent costs, with its discounts.  revenue: spent more, for each active shopper.
    seconds, ms: CPU of the policy, training included, a run and (milliseconds) a visit.
    over, over_low, over_high: the gain against the arm's `rival`, paired as well; nan where there is none.
    """
    by = list(by)
    rows = rows.assign(up=rows["gained"] > rows["lost"], seeds=1)
    counts = ["active", "back", "gained", "lost", "rival_gained", "rival_lost", "sent", "cost", "revenue", "visits", "seconds", "up", "seeds"]
    total = rows.groupby(by, sort=False)[counts].sum()
    gain, error = _paired(total, "gained", "lost")
    over, over_error = _paired(total, "rival_gained", "rival_lost")
    out = pd.DataFrame({"back": 100 * total["back"] / total["active"], "gain": 100 * gain, "low": 100 * (gain - error),
                        "high": 100 * (gain + error), "up": total["up"].astype(int), "seeds": total["seeds"]})
    net = total["gained"] - total["lost"]
    out["cost"] = (total["cost"] / net).where((total["cost"] > 0) & (out["low"] > 0))
    out["a coupon"] = total["cost"] / total["sent"].where(total["sent"] > 0)
    out["revenue"] = total["revenue"] / total["active"]
    out["seconds"], out["ms"] = total["seconds"] / total["seeds"], 1000 * total["seconds"] / total["visits"]
    rates = rows.groupby(by, sort=False)[["click_rate", "late_share"]].mean()
    rival = rows.groupby(by, sort=False)["rival"].first().fillna("")
    own = rows.groupby(by, sort=False)[["slates", "coupons"]].first()
    rival = rival.where(rival != own["slates"] + " + " + own["coupons"], "").str.removesuffix(" + none").str.removeprefix("popular + ")
    for name, value in {"over": over, "over_low": over - over_error, "over_high": over + over_error}.items():
        out[name] = (100 * value).where(rival != "")
    return out.assign(rival=rival, click_rate=rates["click_rate"], late_share=rates["late_share"]).reset_index()


def _paired(total: pd.DataFrame, gained: str, lost: str) -> tuple[pd.Series, pd.Series]:
    """Mean difference in retention and half its 95 % interval, from counts: a shopper's difference is 1, 0 or -1."""
    n, mean = total["active"], (total[gained] - total[lost]) / total["active"]
    variance = ((total[gained] + total[lost]) / n - mean ** 2) * n / (n - 1)
    return mean, 1.959964 * np.sqrt(variance / n)


# ---- what an ordering hangs on ----

LEARNED, LISTENED = "learned - popular", "response - risk"
"""The two gaps of the tornado: slates of the best learned rung against popular ones; coupons by response against coupons by risk."""
ASSUMPTIONS: dict[str, dict[str, tuple]] = {
    LEARNED: {"stay": (0.0, .6, 2.4), "return_sooner": (0.0, .7), "joy_fit": (0.0, .7), "joy_click": (0.0, .9), "taste_alpha": (.05, .2, 1.0),
              "taste_properties": (0.0, 1.6), "drift_days": (30.0, 90.0, 360.0), "click_mission": (0.0, 2.4), "fame": (.75, 3.0), "bait": (.04, .08)},
    LISTENED: {"persuadable": (0.0, .125, .5), "annoyed": (0.0, .24), "coupon_rate": (1.0, 1.75, 5.0), "coupon_stay": (0.0, 1.6),
               "coupon_leave": (0.0, .16), "stay": (0.0, 2.4), "visit_scale": (.0525, .21)},
}
"""gap -> field of the shop's `Config` -> the values that replace its own: half and double, and 0 or an extreme where it means something."""


def tornado(learned: str, setting, seeds: Iterable[int] = (0, 1), config: Config = replace(HELPS, shoppers=SHOPPERS)) -> Iterable[dict]:
    """The two gaps as the shop is and with each assumption changed alone: rows of gap, field, value, seed, active, gained, lost."""
    cases = [(gap, None, None) for gap in ASSUMPTIONS]
    cases += [(gap, field, value) for gap, several in ASSUMPTIONS.items() for field, values in several.items() for value in values]
    for gap, field, value in cases:
        for seed in seeds:
            world = World(config if field is None else replace(config, **{field: value}), seed)
            base, seen = deploy(world, Popular())
            if gap == LEARNED:
                row = compared(*deploy(world, RUNGS[learned].make(world, setting)), base)
            else:
                known = Known(base, seen)
                answer, risk = (deploy(world, Popular(), chosen(score, known)) for score in (known.response, known.risk))
                row = compared(*answer, risk[0])
            yield {"gap": gap, "field": field or "as it is", "value": value, "seed": seed, **{name: row[name] for name in ("active", "back", "gained", "lost")}}


def gaps(rows: pd.DataFrame) -> pd.DataFrame:
    """Pooled over seeds: gap, field, value, gain, low, high (points), and `own`, what the field is in the shop."""
    total = rows.fillna({"value": np.nan}).groupby(["gap", "field", "value"], sort=False, dropna=False)[["active", "gained", "lost"]].sum()
    gain, error = _paired(total, "gained", "lost")
    own = {field.name: getattr(HELPS, field.name) for field in fields(HELPS)}
    out = pd.DataFrame({"gain": 100 * gain, "low": 100 * (gain - error), "high": 100 * (gain + error)}).reset_index()
    return out.assign(own=out["field"].map(own))


def draw_tornado(pooled: pd.DataFrame, gap: str, *, title: str, ax=None):
    """The gap as it is (dotted), and with each assumption changed alone: the field that moves it most on top, each dot with its value and interval.

    pooled: of `gaps`.
    """
    mine = pooled[pooled["gap"] == gap]
    own, changed = mine[mine["field"] == "as it is"].iloc[0], mine[mine["field"] != "as it is"]
    reach = changed.groupby("field")["gain"].agg(lambda gain: max(gain.max(), own["gain"]) - min(gain.min(), own["gain"])).sort_values(ascending=False)
    ax = ax or plots.plt.subplots(figsize=(8.2, 1.4 + .48 * len(reach)))[1]
    ax.axvspan(own["low"], own["high"], color=plots.FAINT, alpha=.5, lw=0)
    ax.axvline(own["gain"], color=plots.GREY, lw=1, ls=":")
    ax.axvline(0, color=plots.INK, lw=1)
    for row, field in enumerate(reach.index):
        several = changed[changed["field"] == field].sort_values("value")
        ends = [*several["gain"], own["gain"]]
        ax.plot([min(ends), max(ends)], [row, row], color=plots.SKY, lw=7, alpha=.45, solid_capstyle="butt")
        for place, each in enumerate(several.itertuples()):
            colour = plots.BLUE if each.value < each.own else plots.VERMILION
            ax.plot([each.low, each.high], [row, row], color=colour, lw=1.2)
            ax.plot(each.gain, row, "o", color=colour, markersize=4.5)
            ax.annotate(f"{each.value:g}", (each.gain, row), xytext=(0, 6 if place % 2 == 0 else -6), textcoords="offset points", color=colour, ha="center",
                        va="bottom" if place % 2 == 0 else "top", fontsize=8.5)
    ax.set_yticks(range(len(reach)), [f"{field} ({getattr(HELPS, field):g})" for field in reach.index])
    ax.set(ylim=(len(reach) - .4, -.7), title=title, xlabel="simulated gap, points of retention (95 % interval)")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


# ---- what is kept ----

def kept(name: str = KEPT) -> pd.DataFrame:
    """The kept rows, as they were measured: KEPT or ASSUMED."""
    return pd.read_csv(shipped(name), comment="#")


def settings(tuning: pd.DataFrame) -> dict[str, object]:
    """rung -> the setting that kept most shoppers on the tuning world; of equal ones the first.  A rung with one setting has nothing to choose."""
    best = tuning.sort_values("back", ascending=False, kind="stable").drop_duplicates("slates").set_index("slates")["setting"]
    return {name: next(each for each in rung.settings if str(each) == best[name]) for name, rung in RUNGS.items() if name in best.index}


def tuned(rows: pd.DataFrame | None = None) -> dict[str, object]:
    """The settings of the kept table: chosen by its rows of the tuning world."""
    rows = kept() if rows is None else rows
    return settings(rows[rows["world"] == "tuning"].dropna(subset=["setting"]))


def tune(world: World, names: Iterable[str] = RUNGS) -> Iterable[dict]:
    """Each setting of each rung that has several, on one world: rows of the kept table with the setting beside.  The popular slates come first."""
    base, seen = deploy(world, Popular())
    yield {"slates": "popular", "coupons": "none", "setting": None, **compared(base, seen, base)}
    for name in names:
        for setting in RUNGS[name].settings if len(RUNGS[name].settings) > 1 else ():
            row = compared(*deploy(world, RUNGS[name].make(world, setting)), base)
            yield {"slates": name, "coupons": "none", "setting": str(setting), **row}


def main(parts: Sequence[str]) -> None:
    """Measure anew: "tuning" (of all rungs, or of those named), "table" (of all seeds, or of those named), "tornado"; all three by default.

    Some tens of minutes on one core.  What is measured is written as it comes.
    """
    from threadpoolctl import threadpool_limits

    data = Path(__file__).resolve().parents[1] / "data"
    with threadpool_limits(1):       # threads that wait for each other burn time that no policy needs
        if "tuning" in parts or not parts:
            names = [name for name in parts if name in RUNGS]
            before = kept() if names else pd.DataFrame(columns=["slates", "setting"])
            before, rows = before[~before["slates"].isin(names) & before["setting"].notna()], []
            for row in _said(tune(World(replace(HELPS, shoppers=SHOPPERS), TUNED_ON), names or RUNGS)):
                rows.append({"world": "tuning", "seed": TUNED_ON, **row})
                _write(data / KEPT, pd.concat([pd.DataFrame(rows), before], ignore_index=True))
        if "table" in parts or not parts:
            _measure_table(data / KEPT, [int(part) for part in parts if part.isdigit()] or SEEDS)
        if "tornado" in parts or not parts:
            rows, learned = [], best_learned()
            for row in _said(tornado(learned, tuned().get(learned, RUNGS[learned].settings[0]))):
                rows.append({"learned": learned, **row})
                _write(data / ASSUMED, pd.DataFrame(rows))


def best_learned(rows: pd.DataFrame | None = None) -> str:
    """The rung that kept most on the tuning world: chosen before the table is looked at."""
    rows = kept() if rows is None else rows
    rows = rows[(rows["world"] == "tuning") & ~rows["slates"].isin([name for name, rung in RUNGS.items() if rung.lesson == "baseline"])]
    return rows.sort_values("back", ascending=False, kind="stable")["slates"].iloc[0]


def _measure_table(path: Path, seeds: Iterable[int]) -> None:
    """Settings and pair are chosen by the tuning rows that stand in the file; rows of these seeds are written behind all others."""
    before = kept()
    choice, best = tuned(before), best_learned(before)
    rows = [before[(before["world"] == "tuning") | ~before["seed"].isin(seeds)]]
    for seed in seeds:
        for label, config in WORLDS.items():
            both = ((best, "response in the trial"), ("oracle", "oracle"))
            measured = arms(World(replace(config, shoppers=SHOPPERS), seed), RUNGS, RULES, choice, both)
            rows.append(measured.assign(world=label, seed=seed, setting=[str(choice[name]) if name in choice else None for name in measured["slates"]]))
            _write(path, pd.concat(rows, ignore_index=True))
            print(f"{label}, seed {seed}: {time.process_time():.0f} s so far; {ENCODING}", flush=True)


def _said(rows: Iterable[dict]) -> Iterable[dict]:
    for row in rows:
        print({key: row[key] for key in ("slates", "setting", "gap", "field", "value", "back", "gained", "lost", "seconds") if key in row}, flush=True)
        yield row


def _write(path: Path, rows: pd.DataFrame) -> None:
    first = [name for name in ("world", "seed", "lesson", "slates", "coupons", "setting") if name in rows]
    text = rows[first + [name for name in rows if name not in first]].to_csv(index=False)
    path.write_text(f"# simulated; python -m helpers.deployments, {time.strftime('%Y-%m-%d')}\n{text}", encoding="utf-8")


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _standard(scores: np.ndarray) -> np.ndarray:
    """Each row less its mean, in its standard deviations; a row of equal scores is 0."""
    scores = np.asarray(scores, np.float32)
    return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)


if __name__ == "__main__":
    main(sys.argv[1:])
