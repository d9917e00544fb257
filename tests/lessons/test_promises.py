"""Every exercise's check does what it promises."""

import numpy as np
import pandas as pd
import pytest

from helpers.authoring.bench import SLACK, check_seconds
from helpers.authoring.proof import SEEDS, alike, broken_promises
from helpers.authoring.source import functions_of, variants
from helpers.checks import calling, check
from helpers.checks.exercise import exercises
from helpers.checks.start import _scrambled
from helpers.course import lessons

NUMERIC = [exercise for exercise in exercises() if not exercise.trained]
TRAINED = [exercise for exercise in exercises() if exercise.trained]


def name(exercise):
    return f"{exercise.lesson.subject}-{exercise.name}"


@pytest.mark.timeout(1800)      # a dozen pandas variants at 21 seeds: minutes on a busy machine
@pytest.mark.parametrize("exercise", NUMERIC, ids=name)
def test_the_reference_passes_mistakes_are_explained_alternates_pass_and_trivial_answers_earn_nothing(course, exercise):
    assert [broken for seed in (0, *SEEDS) for broken in broken_promises(course, exercise, seed)] == []


@pytest.mark.parametrize("exercise", NUMERIC, ids=name)
def test_whatever_the_class_seed_cases_can_be_drawn_and_the_reference_answers_them(course, exercise):
    functions = functions_of(course, exercise)
    for seed in range(10**12, 10**12 + 100):
        cases = exercise.cases(seed)
        for case, outcome in zip(cases, calling.run_all(exercise, cases, functions), strict=True):
            assert (outcome.kind, outcome.mutated) == ("value" if case.error is None else "error", False), (seed, case, outcome)


def test_a_past_without_a_future_can_be_scrambled():
    cutoff = pd.Timestamp("2017-05-01")
    events = pd.DataFrame({"customer": [1, 2], "time": [cutoff - pd.Timedelta(days=1)] * 2, "amount": [3., 4.]})
    pd.testing.assert_frame_equal(_scrambled(events, cutoff, np.random.default_rng(0)), events)


@pytest.mark.slow
@pytest.mark.timeout(1800)      # two dozen plans lived in two shops each, or as many trainings
@pytest.mark.parametrize("exercise", TRAINED, ids=name)
def test_the_same_holds_for_a_trained_exercise_at_one_seed(course, exercise):
    assert list(broken_promises(course, exercise, SEEDS[0])) == []


@pytest.mark.parametrize("exercise", exercises(), ids=name)
def test_some_case_tells_every_two_mistakes_apart(course, exercise):
    assert alike(course, exercise) == []


@pytest.mark.parametrize("exercise", exercises(), ids=name)
def test_an_exercise_has_at_least_four_mistakes_two_alternates_and_two_hints(course, exercise):
    mine = [variant for variant in variants(course, exercise.lesson) if variant.exercise == exercise.name]
    assert sum(variant.wrong for variant in mine) >= 4
    assert sum(not variant.wrong for variant in mine) >= 2
    assert len(exercise.hints) >= 2


@pytest.mark.parametrize("exercise", exercises(), ids=name)
def test_the_learners_own_check_passes_the_reference_in_its_time(course, exercise):
    import time

    functions = functions_of(course, exercise)
    if exercise.trained:
        import tensorflow  # noqa: F401
    started = time.monotonic()
    found = check.examine(exercise, functions)
    assert found.passed
    assert time.monotonic() - started < SLACK * check_seconds(exercise)


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_a_lessons_core_is_at_most_five_exercises_ninety_minutes_and_exactly_100_points(lesson):
    core = [exercise for exercise in exercises(lesson) if exercise.level == "core"]
    assert len(core) <= 5
    assert sum(exercise.points for exercise in core) == 100
    assert sum(exercise.minutes for exercise in core) <= 90
    assert any(exercise.short for exercise in core)
    assert all(exercise.level == "core" for exercise in exercises(lesson) if exercise.short)
