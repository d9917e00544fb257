"""A small exercise of our own, so that the machinery is tested apart from any lesson."""

import numpy as np
import pytest

from helpers.checks import calling
from helpers.checks.exercise import Exercise, case
from helpers.checks.judge import close
from helpers.checks.keys import KnownMistake
from helpers.checks.verdict import verdict
from helpers.course import Lesson
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


@pytest.fixture
def lift():
    """The exercise `lift_at_k`: 10 points, two rules."""
    return Exercise("lift_at_k", Lesson("01_behaviour"), generate, "core", 10, 10, False, ("numpy", "pandas"), ("lift_at_k",),
                    close(), calling.direct, (), 40, 0.5)


@pytest.fixture
def judge_answer(lift):
    """Judge a function as `check` does: with expected answers and two named mistakes on the same cases."""
    cases = lift.cases()
    expected = calling.run_all(lift, cases, {"lift_at_k": reference})
    mistakes = []
    for wrong, text in ((precision, "This is precision"), (lowest_first, "The lowest scores come first")):
        outcomes = calling.run_all(lift, cases, {"lift_at_k": wrong})
        differ = {i: o for i, o in enumerate(outcomes) if o.as_json() != expected[i].as_json()}
        mistakes.append(KnownMistake(wrong.__name__, Text(text, text), differ))

    def judged(function, **options):
        outcomes = calling.run_all(lift, cases, {"lift_at_k": function} if function else {})
        return verdict(lift, cases, outcomes, expected, mistakes, **options)

    return judged
