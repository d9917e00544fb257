"""Seconds and memory beside their budgets: `make bench` prints them, the tests enforce three times as much."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from helpers.authoring.execute import run_notebook
from helpers.authoring.source import functions_of, notebooks
from helpers.checks import check
from helpers.checks.exercise import Exercise, exercises
from helpers.course import lessons

NOTEBOOK_SECONDS = {"start": 30.0, "start_more": 30.0, "behaviour": 120.0, "behaviour_more": 30.0}
NOTEBOOK_MEGABYTES = 3000
SLACK = 3
"""The machines are shared and noisy: a test fails only past this many times a budget."""


def check_seconds(exercise: Exercise) -> float:
    """The budget of one check."""
    return 15.0 if exercise.trained else 1.0


def bench(course: Path) -> int:
    """Print what every solved notebook and every check costs, beside its budget, and as a share of it."""
    print(f"{'what':42} {'seconds':>8} {'budget':>7} {'share':>6} {'MB':>6}")
    for lesson in lessons():
        for source in notebooks(course, lesson):
            with tempfile.TemporaryDirectory() as folder:
                ran = run_notebook(course / "solutions" / lesson.name / f"{source.name}.ipynb", Path(folder),
                                   timeout=SLACK * NOTEBOOK_SECONDS[source.name])
            _row(f"solved {source.name}", ran.seconds, NOTEBOOK_SECONDS[source.name], str(ran.megabytes))
    for exercise in exercises():
        functions = functions_of(course, exercise)
        if exercise.trained:
            import tensorflow  # noqa: F401  (its import is the notebook's cost, not the check's)
        started = time.monotonic()
        check.examine(exercise, functions)
        _row(f"check {exercise.name}", time.monotonic() - started, check_seconds(exercise))
    return 0


def _row(what: str, seconds: float, budget: float, memory: str = "") -> None:
    print(f"{what:42} {seconds:8.2f} {budget:7.0f} {seconds / budget:6.0%} {memory:>6}", flush=True)
