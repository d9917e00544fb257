"""The numbers a decision is judged by, with an interval: ranking at a budget, probability, and resampled households.

Shapes: y is (n,) of 0/1, score and p are (n,), household is (n,) of ids. Every function takes lists, arrays or Series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd


def pr_auc(y, score) -> float:
    """Area under the precision-recall curve as average precision: Σ (recall step) × precision.  nan if nobody is positive.

    Equal scores enter as one block, so the order of rows is without effect; a constant score gives the share of positives.
    Same number as scikit-learn's `average_precision_score`.
    """
    return _average_precision(*_ranked(y, score), weight=None)


def roc_auc(y, score) -> float:
    """Area under the ROC curve: the chance that a positive row has a higher score than a negative one, ½ for equal scores.

    nan unless there are both.  Same number as scikit-learn's `roc_auc_score`.
    """
    return _roc_auc(*_ranked(y, score), weight=None)


def lift_at_share(y, score, share: float) -> float:
    """Share of positives among the best-scored `share` of rows, over the share among all.  nan if nobody is positive.

    Rows tied at the edge of the budget count in part, as if drawn at random: expected lift. (The exercise `lift_at_k` lets equal
    scores keep their order, which is simpler; a past count is full of ties, and order would then be the household's number.)
    ValueError unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], not {share!r}")
    return _lift(*_ranked(y, score), share, weight=None)


def brier(y, p) -> float:
    """Mean squared distance between probability and outcome: 0 is perfect, the base rate's own is rate × (1 − rate)."""
    y, p = np.asarray(y, float), np.asarray(p, float)
    return float(np.mean((p - y) ** 2))


def household_draws(household, metrics: Mapping, *, draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """Metrics of `draws` samples in which whole households are drawn again, with replacement: one row a draw, one column a metric.

    Rows of one household are not independent: one shopper's sixty candidates share a taste and a calendar. Resampling rows would
    therefore promise too much. All metrics see the same draws, so two columns may be subtracted: that is the interval of a difference.
    A household drawn twice counts twice: `metrics` maps a name to a function of row weights, and `weighted` makes one.

    >>> home, y, score = [1, 1, 2, 2], [0, 1, 0, 1], [.1, .9, .2, .8]
    >>> household_draws(home, {"PR-AUC": weighted(pr_auc, y, score)}, draws=20)["PR-AUC"].quantile([.025, .975]).tolist()
    [1.0, 1.0]
    """
    _, code = np.unique(np.asarray(household), return_inverse=True)
    homes = int(code.max()) + 1
    rng = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        times = np.bincount(rng.integers(0, homes, homes), minlength=homes).astype(float)
        values.append([metric(times[code]) for metric in metrics.values()])
    columns = pd.MultiIndex.from_tuples(metrics) if isinstance(next(iter(metrics)), tuple) else list(metrics)
    return pd.DataFrame(values, columns=columns)


def weighted(metric: Callable, y, score, *args, where=None) -> Callable[[np.ndarray], float]:
    """`pr_auc`, `roc_auc`, `lift_at_share` or `brier` as a function of row weights, sorted once: `household_draws` calls it often.

    score: (n,), or (seeds, n) for the mean of the metric over seeds.  where: (n,) bool, rows to measure; all if None.
    """
    if np.ndim(score) == 2:
        seeds = [weighted(metric, y, each, *args, where=where) for each in score]
        return lambda weight: float(np.mean([one(weight) for one in seeds]))
    rows = np.arange(len(y)) if where is None else np.flatnonzero(where)
    y, score = np.asarray(y, float)[rows], np.asarray(score, float)[rows]
    if metric is brier:
        return lambda weight: float(np.average((score - y) ** 2, weights=weight[rows]))
    order, positive, ends = _order(y, score)
    rows = rows[order]
    inner = {pr_auc: _average_precision, roc_auc: _roc_auc, lift_at_share: _lift}[metric]
    return lambda weight: inner(positive, ends, *args, weight=weight[rows])


def spread(values) -> tuple[float, float]:
    """Lowest and highest of a few values, such as one metric over seeds: with three seeds a quantile would be an invention."""
    values = np.asarray(values, float)
    return float(values.min()), float(values.max())


def as_table(rows: list[dict]) -> pd.DataFrame:
    """Rungs as a frame, best PR-AUC first; each row a dict with at least `rung` and `PR-AUC`."""
    return pd.DataFrame(rows).sort_values("PR-AUC", ascending=False, kind="stable").set_index("rung")


def _order(y, score) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows from the highest score to the lowest: their order, their labels, and the last position of each block of equal scores."""
    y, score = np.asarray(y, float), np.asarray(score, float)
    if y.shape != score.shape or y.ndim != 1:
        raise ValueError(f"y and score must be one-dimensional and equally long, not {y.shape} and {score.shape}")
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    return order, y[order], ends


def _ranked(y, score) -> tuple[np.ndarray, np.ndarray]:
    return _order(y, score)[1:]


def _blocks(positive: np.ndarray, ends: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Cumulative weight, and cumulative positive weight, at the end of each block of equal scores."""
    if weight is None:
        weight = np.ones_like(positive)
    return np.cumsum(weight)[ends], np.cumsum(weight * positive)[ends]


def _average_precision(positive, ends, *, weight) -> float:
    rows, hits = _blocks(positive, ends, weight)
    if not len(hits) or hits[-1] == 0:
        return float("nan")
    precision = np.divide(hits, rows, out=np.zeros_like(hits), where=rows > 0)
    return float(np.sum(np.diff(hits, prepend=0) * precision) / hits[-1])


def _roc_auc(positive, ends, *, weight) -> float:
    rows, hits = _blocks(positive, ends, weight)
    misses = rows - hits
    if not len(hits) or hits[-1] == 0 or misses[-1] == 0:
        return float("nan")
    above = hits - np.diff(hits, prepend=0) / 2             # positives ranked above a block, and half of its own
    return float(np.sum(np.diff(misses, prepend=0) * above) / (hits[-1] * misses[-1]))


def _lift(positive, ends, share, *, weight) -> float:
    rows, hits = _blocks(positive, ends, weight)
    if not len(hits) or hits[-1] == 0:
        return float("nan")
    budget = share * rows[-1]
    found = np.interp(budget, np.append(0, rows), np.append(0, hits))
    return float(found / budget / (hits[-1] / rows[-1]))
