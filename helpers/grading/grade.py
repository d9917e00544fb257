"""A submission's verdicts by the class's exam: both doors of the grader end here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from helpers.checks import runner
from helpers.checks.calling import Outcome
from helpers.checks.delegation import borrowed
from helpers.checks.exercise import Case, Exercise
from helpers.checks.notebook import Submission
from helpers.checks.verdict import Verdict, verdict
from helpers.grading.exam import Exam


@dataclass(frozen=True)
class Grade:
    """The verdicts on one notebook, by exercise, and the errors of the cells that ran before them."""

    verdicts: dict[str, Verdict]
    cell_errors: dict[str, str]
    scores: dict[str, float] = field(default_factory=dict)
    """How good an answer is where its judge says so in a number, for the leaderboard: no grade depends on it."""


def grade_one(exam: Exam, answered: Submission, open_job: runner.OpenJob | None = None) -> Grade:
    """Grade one notebook's answers.  Whatever the answers do, this returns; an exercise that ends its process earns 0.

    open_job: how to start a process for the answers (`Jail.job`); without one a plain process, which is practice.
    """
    outcomes, errors = runner.run(answered, exam.asked, open_job)
    verdicts, scores = {}, {}
    for each in exam.asked:
        known = exam.answers[each.exercise.name]
        reached = borrowed(answered.cells(), each.exercise.functions, each.exercise.uses)
        verdicts[each.exercise.name] = verdict(each.exercise, each.cases, outcomes[each.exercise.name], known.expected, known.mistakes,
                                               reached, refuse=True)
        score = None if verdicts[each.exercise.name].refused else mean_score(each.exercise, each.cases, outcomes[each.exercise.name])
        if score is not None:
            scores[each.exercise.name] = score
    return Grade(verdicts, errors, scores)


def mean_score(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> float | None:
    """The mean over the cases of what the exercise's judge makes of an answer, `judge.score(case, got)`.

    Computed here, where no code of the answer runs, from the same decoded answer that was judged.  A case whose score is None does not
    count.  None if the judge gives no scores, if a case was not answered, or if there is no finite mean.
    """
    score = getattr(exercise.judge, "score", None)
    if score is None or any(outcome.kind != "value" for outcome in outcomes):
        return None
    try:
        told = [score(case, outcome.answer) for case, outcome in zip(cases, outcomes, strict=True)]
        numbers = [float(number) for number in told if number is not None]
    except Exception:       # an answer made to provoke: the verdict has said what is wrong with it
        return None
    mean = math.fsum(numbers) / len(numbers) if numbers and all(map(math.isfinite, numbers)) else math.nan
    return mean if math.isfinite(mean) else None
