"""The small exercise of `toy.py` as a record, and its answers judged as `check` judges them."""

import pytest
from toy import generate, lowest_first, precision, reference

from helpers.checks import calling
from helpers.checks.exercise import Exercise
from helpers.checks.judge import close
from helpers.checks.keys import KnownMistake
from helpers.checks.verdict import verdict
from helpers.course import Lesson
from helpers.language import Text


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
