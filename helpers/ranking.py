"""How good is a list? Metrics of full rankings: every item is a candidate, and nothing is sampled.

**Ties** (并列). A past count gives hundreds of items the same score, and a sort then ranks them by the alphabet. Here every metric is its
expectation over uniformly random orders of tied items: computed, not drawn, so it has no seed and no luck.

Shapes: scores (n, M) finite floats, one row a household.  gold (n, M) bool: what was to be found.  allowed (n, M) bool: what may be listed; all
if None.  Gold that may not be listed can only be missed.
"""

from __future__ import annotations

import numpy as np


def at_k(scores, gold, k: int, allowed=None) -> dict[str, np.ndarray]:
    """Three measures of the first k places, each (n,), nan in a row without gold; ValueError unless k >= 1 and scores are finite.

    * `hr`, hit rate (命中率): the chance that any gold item is among the first k.
    * `recall` (召回率): gold items among the first k, of the min(k, |gold|) that fit.
    * `ndcg` (归一化折损累计增益): Σ 1/log2(1 + place) over the gold items among the first k, over the largest such sum.

    >>> found = at_k([[3., 2., 2., 1.]], [[False, True, False, False]], k=2)
    >>> {name: values.round(3).tolist() for name, values in found.items()}
    {'hr': [0.5], 'recall': [0.5], 'ndcg': [0.315]}
    """
    scores, gold, allowed = _checked(scores, gold, k, allowed)
    n, M = scores.shape
    fits = min(k, M)
    key = scores if allowed is None else np.where(allowed, scores, -np.inf)
    first = np.argpartition(-key, fits - 1, axis=1)[:, :fits] if fits < M else np.tile(np.arange(M), (n, 1))
    first = np.take_along_axis(first, np.argsort(-np.take_along_axis(key, first, axis=1), axis=1, kind="stable"), axis=1)
    value = np.take_along_axis(key, first, axis=1)
    edge = value[:, -1:]                                            # the score at place k: its block of ties may reach beyond
    inside = value > edge
    above = inside.sum(axis=1)
    found = np.take_along_axis(gold, first, axis=1) & inside

    # The block at the edge: b items, g of them gold, and s places left for them.  What may not be listed has no place.
    block = (key == edge) & np.isfinite(edge)
    b, g, s = block.sum(axis=1), (block & gold).sum(axis=1), fits - above
    b_or_one = np.maximum(b, 1)
    s = np.where(b > 0, s, 0)
    none = np.ones(n)                                               # chance that the s places get no gold: drawing without replacement
    for place in range(int(s.max(initial=0))):
        none *= np.where(place < s, np.maximum(b - g - place, 0) / np.maximum(b - place, 1), 1)

    discount = 1 / np.log2(np.arange(2, k + 2))
    upto = np.concatenate([[0.], np.cumsum(discount)])
    gain = np.where(found, _mean_of_ties(value, upto), 0).sum(axis=1) + g / b_or_one * (upto[above + s] - upto[above])

    size = gold.sum(axis=1)
    fit = np.minimum(size, k)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {"hr": np.where(size > 0, np.where(found.any(axis=1), 1., 1 - none), np.nan),
                "recall": np.where(size > 0, (found.sum(axis=1) + g * s / b_or_one) / fit, np.nan),
                "ndcg": np.where(size > 0, gain / upto[fit], np.nan)}


def target_at_k(scores, target, k: int, allowed=None) -> dict[str, np.ndarray]:
    """One item to be found in each row: `hr` and `ndcg` of the first k places, and `rank`, each (n,).

    target: (n,) positions.  It is always a candidate, allowed or not.  rank = 1 + higher scores + ½ · equal scores of others.

    >>> {name: values.round(3).tolist() for name, values in target_at_k([[1., 1., 1., 1.]], [2], k=2).items()}
    {'hr': [0.5], 'ndcg': [0.408], 'rank': [2.5]}
    """
    target = np.asarray(target)
    scores, _, allowed = _checked(scores, None, k, allowed)
    own = np.take_along_axis(scores, target[:, None], axis=1)
    higher, equal = scores > own, scores == own
    if allowed is not None:
        higher, equal = higher & allowed, equal & allowed
        np.put_along_axis(equal, target[:, None], True, axis=1)
    higher, equal = higher.sum(axis=1), equal.sum(axis=1)
    upto = np.concatenate([[0.], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    begin, end = np.minimum(higher, k), np.minimum(higher + equal, k)
    return {"hr": (end - begin) / equal, "ndcg": (upto[end] - upto[begin]) / equal, "rank": 1 + higher + (equal - 1) / 2}


def listed(scores, k: int, allowed=None, rng: np.random.Generator | None = None) -> np.ndarray:
    """(n, k) positions of the k best allowed items, the best first, −1 where fewer are allowed.  Ties by position, or drawn by `rng`."""
    scores, _, allowed = _checked(scores, None, k, allowed)
    key = scores if allowed is None else np.where(allowed, scores, -np.inf)
    order = np.arange(key.shape[1]) if rng is None else rng.permutation(key.shape[1])
    best = order[np.argsort(-key[:, order], axis=1, kind="stable")[:, :k]]
    best = np.where(np.isfinite(np.take_along_axis(key, best, axis=1)), best, -1)
    return np.pad(best, ((0, 0), (0, k - best.shape[1])), constant_values=-1)


def coverage(lists, M: int) -> float:
    """Share of the M items that stand in at least one list (覆盖率).  lists: (n, k) positions, −1 ignored."""
    lists = np.asarray(lists)
    return len(np.unique(lists[lists >= 0])) / M


def novelty(lists, popularity) -> float:
    """Mean of −log2 of the share of households that bought a listed item (新颖性), in bits: 1 for what half of them buy, 10 for one in a thousand.

    lists: (n, k) positions, −1 ignored.  popularity: (M,) shares, above 0 for whatever is listed.
    """
    lists = np.asarray(lists)
    return float(-np.log2(np.asarray(popularity, float)[lists[lists >= 0]]).mean())


def _mean_of_ties(value: np.ndarray, upto: np.ndarray) -> np.ndarray:
    """Of sorted rows (n, k), the mean discount over the places of each value's block of equal ones.  upto: cumulated discounts from 0."""
    k = value.shape[1]
    place = np.arange(k)
    starts = np.ones(value.shape, bool)
    starts[:, 1:] = value[:, 1:] != value[:, :-1]
    ends = np.ones(value.shape, bool)
    ends[:, :-1] = starts[:, 1:]
    begin = np.maximum.accumulate(np.where(starts, place, 0), axis=1)
    end = np.minimum.accumulate(np.where(ends, place, k)[:, ::-1], axis=1)[:, ::-1] + 1
    return (upto[end] - upto[begin]) / (end - begin)


def _checked(scores, gold, k: int, allowed):
    scores = np.asarray(scores)
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    if scores.ndim != 2 or not np.isfinite(scores).all():
        raise ValueError("scores must be finite numbers (n, M); say what may be listed by `allowed`, not by −inf")
    gold, allowed = (each if each is None else np.asarray(each, bool) for each in (gold, allowed))
    for each in (gold, allowed):
        if each is not None and each.shape != scores.shape:
            raise ValueError(f"gold and allowed must be {scores.shape} like scores, not {each.shape}")
    return scores, gold, allowed
