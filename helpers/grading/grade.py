"""A submission's verdicts by the class's exam: both doors of the grader end here."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.checks import runner
from helpers.checks.delegation import borrowed
from helpers.checks.notebook import Submission
from helpers.checks.verdict import Verdict, verdict
from helpers.grading.exam import Exam


@dataclass(frozen=True)
class Grade:
    """The verdicts on one notebook, by exercise, and the errors of the cells that ran before them."""

    verdicts: dict[str, Verdict]
    cell_errors: dict[str, str]


def grade_one(exam: Exam, answered: Submission, open_job: runner.OpenJob | None = None) -> Grade:
    """Grade one notebook's answers.  Whatever the answers do, this returns; an exercise that ends its process earns 0.

    open_job: how to start a process for the answers (`Jail.job`); without one a plain process, which is practice.
    """
    outcomes, errors = runner.run(answered, exam.asked, open_job)
    verdicts = {}
    for each in exam.asked:
        known = exam.answers[each.exercise.name]
        reached = borrowed(answered.cells(), each.exercise.functions, each.exercise.uses)
        verdicts[each.exercise.name] = verdict(each.exercise, each.cases, outcomes[each.exercise.name], known.expected, known.mistakes,
                                               reached, refuse=True)
    return Grade(verdicts, errors)
