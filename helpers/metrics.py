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


def household_interval(household, metrics: Mapping[str, Callable], *, draws: int = 200, seed: int = 0,
                       level: float = .95) -> dict[str, tuple[float, float]]:
    """Percentile intervals of metrics when whole households are drawn again, with replacement.

    Rows of one household are not independent: one shopper's sixty candidates share a taste and a calendar. Resampling rows would
    therefore promise too much. A household drawn twice counts twice: `metrics` maps a name to a function of the row weights, and
    `weighted` makes one.  Returns name -> (low, high).

    >>> y, score, home = [0, 1, 0, 1], [.1, .9, .2, .8], [1, 1, 2, 2]
    >>> household_interval(home, {"PR-AUC": weighted(pr_auc, y, score)}, draws=20)["PR-AUC"]
    (1.0, 1.0)
    """
    _, code = np.unique(np.asarray(household), return_inverse=True)
    homes = code.max() + 1
    rng = np.random.default_rng(seed)
    values: dict[str, list[float]] = {name: [] for name in metrics}
    for _ in range(draws):
        times = np.bincount(rng.integers(0, homes, homes), minlength=homes)
        weight = times[code].astype(float)
        for name, metric in metrics.items():
            values[name].append(metric(weight))
    tail = 100 * (1 - level) / 2
    return {name: tuple(float(v) for v in np.nanpercentile(drawn, [tail, 100 - tail])) for name, drawn in values.items()}


def weighted(metric: Callable, y, score, *args) -> Callable[[np.ndarray], float]:
    """`pr_auc`, `lift_at_share` or `brier` as a function of row weights, sorted once: what `household_interval` calls often."""
    if metric is brier:
        error = (np.asarray(score, float) - np.asarray(y, float)) ** 2
        return lambda weight: float(np.average(error, weights=weight))
    order, positive, block = _order(y, score)
    inner = {pr_auc: _average_precision, lift_at_share: _lift}[metric]
    return lambda weight: inner(positive, block, *args, weight=weight[order])


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


def _lift(positive, ends, share, *, weight) -> float:
    rows, hits = _blocks(positive, ends, weight)
    if not len(hits) or hits[-1] == 0:
        return float("nan")
    budget = share * rows[-1]
    found = np.interp(budget, np.append(0, rows), np.append(0, hits))
    return float(found / budget / (hits[-1] / rows[-1]))
