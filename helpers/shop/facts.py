"""What the shop's log looks like beside real shops' logs: the facts it is calibrated to, their bands, and where these come from."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from helpers.shop.catalogue import CATEGORY_COUNT
from helpers.shop.config import HELPS
from helpers.shop.log import Result
from helpers.shop.policies import Logging
from helpers.shop.world import World

DAYS = 545
"""As long as CDNOW was observed."""
SPLIT, HOLDOUT = 273, 180
"""Orders before day SPLIT are known, the HOLDOUT days from it on are asked for."""


class Fact(NamedTuple):
    """One figure of the log, and the band it has to lie in."""

    name: str
    low: float
    high: float
    value: float
    source: str

    @property
    def held(self) -> bool:
        return bool(self.low <= self.value <= self.high)


def calibration(seed: int = 0, shoppers: int = 40_000) -> list[Fact]:
    """The facts of a long run of the shop under the logging policy."""
    return facts(World(replace(HELPS, shoppers=shoppers, days=DAYS), seed).run(Logging()))


def facts(run: Result) -> list[Fact]:
    """The facts of a run of DAYS days."""
    views, days = run.views, run.orders[["shopper", "day"]].drop_duplicates().sort_values(["shopper", "day"])
    orders = days.groupby("shopper")["day"].agg(["size", "min", "max"])
    months = cohort(days, orders["min"])
    gaps = days.groupby("shopper")["day"].diff().dropna()
    length = views.groupby("session").size()
    length = length[length >= 2]
    popular, neighbour = hit_rates(run)
    own, other = taste_similarity(run)
    return [
        Fact("Gini of views by item", .65, .75, gini(views["item"].value_counts().reindex(range(len(run.catalogue)), fill_value=0)),
             "MovieLens, Amazon, Yoochoose .63–.72, Online Retail .64, Instacart .74"),
        Fact("share of customers with two orders or more", .45, .55, float((orders["size"] >= 2).mean()), "CDNOW .489"),
        Fact("active in the 1st month after the first order", .12, .15, months[0], "CDNOW .131"),
        Fact("active in the 12th month", .06, .08, months[11], "CDNOW .074"),
        Fact("standard deviation of the log of gaps between orders", 1.2, 1.5, float(np.log(gaps).std()), "CDNOW 1.44, Online Retail 1.22"),
        Fact("median gap between orders, days", 25, 45, float(gaps.median()), "CDNOW 34, Online Retail 28"),
        Fact("views in a session of two or more, mean", 3.3, 4.5, float(length.mean()), "Yoochoose 3.95"),
        Fact("views in a session of two or more, 90th percentile", 6, 8, float(length.quantile(.9)), "Yoochoose 7"),
        Fact("AUC of churn from recency, frequency and age", .72, .80, churn_auc(days), "CDNOW .773, Online Retail .738"),
        Fact("next item, hit rate at 10: popularity", .02, .09, popular, "MovieLens .045–.086, Online Retail .029, Beauty .008"),
        Fact("next item, hit rate at 10: neighbours, times popularity", 1.2, 4.0, neighbour / popular, "MovieLens 1.8–1.9, Beauty 4"),
        Fact("similarity of tastes, own to others'", 1.4, 3.0, own / other, "Complete Journey .56 / .355 = 1.6"),
    ]


def table(found: list[Fact]) -> str:
    """The facts as a Markdown table."""
    rows = [f"| {fact.name} | {fact.low:g} to {fact.high:g} | {fact.value:.3g} | {fact.source} |" for fact in found]
    return "\n".join(["| fact of the log | band | the shop | seen in |", "|---|---|---|---|", *rows])


def gini(counts: pd.Series | np.ndarray) -> float:
    """Gini coefficient of counts >= 0: 0 if all are equal."""
    x = np.sort(np.asarray(counts, float))
    n = len(x)
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * x.sum()))


def cohort(days: pd.DataFrame, first: pd.Series, month: int = 30) -> np.ndarray:
    """Share of customers who order in the 1st, 2nd, … 12th month after their first order; of those observed that long."""
    age = days["day"].to_numpy() - first.reindex(days["shopper"]).to_numpy()
    active = days.assign(month=np.where(age > 0, (age - 1) // month, -1)).drop_duplicates(["shopper", "month"])
    return np.array([(active["month"] == k).sum() / (first + (k + 1) * month < DAYS).sum() for k in range(12)])


def churn_auc(days: pd.DataFrame) -> float:
    """AUC of a logistic regression on recency, frequency and age for "no order in the holdout"; fit and scored on two halves."""
    known = days[days["day"] < SPLIT].groupby("shopper")["day"].agg(["size", "min", "max"])
    later = days[(days["day"] >= SPLIT) & (days["day"] < SPLIT + HOLDOUT)]["shopper"].unique()
    gone = ~known.index.isin(later)
    X = np.column_stack([np.log1p(SPLIT - known["max"]), np.log(known["size"]), np.log1p(SPLIT - known["min"])])
    half = np.arange(len(known)) % 2 == 0
    model = LogisticRegression().fit(X[half], gone[half])
    return float(roc_auc_score(gone[~half], model.predict_proba(X[~half])[:, 1]))


def hit_rates(run: Result, k: int = 10) -> tuple[float, float]:
    """Hit rate at k, all items ranked, of the last new item each shopper viewed: by popularity, and by cosine to the item before it."""
    first = run.views.drop_duplicates(["shopper", "item"])
    last = first.groupby("shopper").cumcount(ascending=False) == 0
    many = first.groupby("shopper")["item"].transform("size") >= 3
    history, target = first[~last], first[last & many]
    items = len(run.catalogue)
    matrix = sparse.csr_matrix((np.ones(len(history)), (history["shopper"], history["item"])), shape=(len(run.visited), items))
    count = np.asarray(matrix.sum(axis=0)).ravel()
    together = (matrix.T @ matrix).toarray()
    np.fill_diagonal(together, 0)
    cosine = together / np.sqrt(np.outer(count, count) + 1e-9) * (count / (count + 10))
    before = history.groupby("shopper")["item"].last().reindex(target["shopper"]).to_numpy()
    wanted = target["item"].to_numpy()
    seen = matrix[target["shopper"].to_numpy()].toarray() > 0

    def rate(scores: np.ndarray) -> float:
        scores = np.where(seen, -np.inf, scores)
        mine = scores[np.arange(len(wanted)), wanted][:, None]
        return float(((scores > mine).sum(axis=1) + (scores == mine).sum(axis=1) / 2 < k + .5).mean())

    return rate(np.broadcast_to(count, seen.shape)), rate(cosine[before])


def taste_similarity(run: Result) -> tuple[float, float]:
    """Mean Bhattacharyya similarity of shares of categories viewed: of one shopper's two quarters, and of two shoppers'."""
    views = run.views.assign(category=run.catalogue.category[run.views["item"]], quarter=run.views["day"] // 90)
    counts = np.zeros((len(run.visited), DAYS // 90 + 1, CATEGORY_COUNT))
    np.add.at(counts, (views["shopper"], views["quarter"], views["category"]), 1)
    enough = counts.sum(axis=2) >= 15
    share = np.sqrt(counts / np.maximum(counts.sum(axis=2, keepdims=True), 1))
    both = enough[:, 1:] & enough[:, :-1]
    own = (share[:, 1:] * share[:, :-1]).sum(axis=2)[both]
    mine, next_to = share[:, 1:][both], share[:, :-1][both]
    return float(own.mean()), float((mine * np.roll(next_to, 17, axis=0)).sum(axis=1).mean())
