"""A submission's verdicts under the class's seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from helpers.authoring.build import answers
from helpers.checks import runner
from helpers.checks.check import notebook_of
from helpers.checks.delegation import borrowed
from helpers.checks.exercise import Case, Exercise, exercises
from helpers.checks.keys import Answers
from helpers.checks.notebook import Submission
from helpers.checks.verdict import Verdict, verdict
from helpers.course import Lesson


@dataclass(frozen=True)
class Grade:
    """The verdicts on one notebook, by exercise, and the errors of the cells that ran before them."""

    verdicts: dict[str, Verdict]
    cell_errors: dict[str, str]


def grade_one(course: Path, lesson: Lesson, notebook: str, answered: Submission, seed: int) -> Grade:
    """Grade one notebook's answers.  Whatever the answers do, this returns; an exercise that ends its process earns 0."""
    asked = [exercise for exercise in exercises(lesson) if notebook_of(exercise) == notebook]
    drawn = {exercise.name: (exercise, _cases(exercise, seed)) for exercise in asked}
    outcomes, errors = runner.run(answered, drawn)
    verdicts = {}
    for name, (exercise, cases) in drawn.items():
        known = _answers(course, exercise, seed)
        reached = borrowed(answered.cells(), exercise.functions, exercise.uses)
        verdicts[name] = verdict(exercise, cases, outcomes[name], known.expected, known.mistakes, reached, refuse=True)
    return Grade(verdicts, errors)


@lru_cache(maxsize=256)
def _cases(exercise: Exercise, seed: int) -> list[Case]:
    return exercise.cases(seed)


@lru_cache(maxsize=256)
def _answers(course: Path, exercise: Exercise, seed: int) -> Answers:
    return answers(course, exercise, _cases(exercise, seed))
