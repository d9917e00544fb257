"""A small exercise of our own, so that the machinery is tested apart from any lesson: its cases, its reference, two mistakes."""

import numpy as np

from helpers.checks.exercise import case
from helpers.language import Text

TIES = Text("equal scores keep their order", "分数相同时保持原来的顺序")
TOO_LARGE = Text("k above n is refused", "k 大于 n 时报错")


def generate(rng):
    yield case([1, 0, 0, 0], [.9, .1, .2, .3], k=1)
    yield case([0, 1], [.5, .5], k=1).shows(TIES)
    yield case([0, 1], [.5, .5], k=3).raises(ValueError).shows(TOO_LARGE)
    while True:
        n = int(rng.integers(5, 50))
        bought = rng.integers(0, 2, n)
        bought[rng.integers(n)] = 1
        yield case(bought, rng.random(n).round(1), k=int(rng.integers(1, n + 1)))


def reference(bought, score, k):
    bought, score = np.asarray(bought), np.asarray(score)
    if not 1 <= k <= len(bought):
        raise ValueError("k")
    return bought[np.argsort(-score, kind="stable")[:k]].mean() / bought.mean()


def precision(bought, score, k):
    return reference(bought, score, k) * np.mean(bought)


def lowest_first(bought, score, k):
    return reference(bought, -np.asarray(score), k)
