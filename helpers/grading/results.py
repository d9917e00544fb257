"""What became of each hand-in, kept as one small file each: the batch resumes from them, regrading compares with them.

A file is written whole or not at all, so that a batch may be killed at any moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from helpers.checks import show
from helpers.checks.verdict import Verdict


@dataclass(frozen=True)
class Marked:
    """What one exercise earned, and what its learner is told."""

    points: int
    earned: float
    state: str          # "passed", "failed", "untouched" or "refused"
    core_passed: bool   # whether all unlabelled cases were answered, even if the answer was refused
    mistakes: tuple[str, ...]
    html: str
    text: str
    exam: str           # identity of the exam that graded it
    score: float | None = None      # for the leaderboard, where the exercise's judge gives one

    @classmethod
    def of(cls, verdict: Verdict, exam: str, practice: bool, score: float | None = None) -> Marked:
        """A verdict as it is kept.  practice: say that it was graded without the jail."""
        state = "untouched" if verdict.untouched else "refused" if verdict.refused else "passed" if verdict.passed else "failed"
        card = show.verdict_card(verdict, footer=show.say("practice") if practice else "", graded=True)
        mistakes = tuple(mistake.name for mistake in verdict.mistakes)
        return cls(verdict.exercise.points, verdict.earned, state, verdict.core_passed, mistakes, card.html, card.text, exam, score)


@dataclass(frozen=True)
class Result:
    """What became of one hand-in."""

    student: str
    lesson: str
    notebook: str
    digest: str
    """Of the file handed in: another file is graded anew."""
    reason: str = ""
    """Why it could not be graded; then a person decides, and `exercises` is empty."""
    exercises: dict[str, Marked] = field(default_factory=dict)
    cell_errors: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    practice: bool = False

    @property
    def earned(self) -> float:
        return round(sum(each.earned for each in self.exercises.values()), 1)

    @property
    def exams(self) -> set[str]:
        """The identities of the exams that graded it."""
        return {each.exam for each in self.exercises.values()}

    def with_exercises(self, others: dict[str, Marked]) -> Result:
        """This result with these exercises' marks in place of its own."""
        return replace(self, exercises={**self.exercises, **others})

    def as_json(self) -> dict:
        told = asdict(self)
        for marked in told["exercises"].values():
            if marked["score"] is None:     # most have none; and a result kept before there were scores stays the same to the byte
                del marked["score"]
        return told

    @classmethod
    def from_json(cls, data: dict) -> Result:
        marked = {name: Marked(**{**each, "mistakes": tuple(each["mistakes"])}) for name, each in data["exercises"].items()}
        return cls(**{**data, "exercises": marked, "notes": tuple(data["notes"])})


class Results:
    """A folder of results, FOLDER/LESSON/NOTEBOOK/STUDENT.json."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, lesson: str, notebook: str, student: str) -> Path:
        return self.folder / lesson / notebook / f"{student}.json"

    def read(self, lesson: str, notebook: str, student: str) -> Result | None:
        """The result kept for this hand-in; None if there is none, or one that cannot be read (it is then graded again)."""
        try:
            return Result.from_json(json.loads(self.path(lesson, notebook, student).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, result: Result) -> None:
        """Keep a result in place of the one before."""
        write_whole(self.path(result.lesson, result.notebook, result.student), json.dumps(result.as_json(), ensure_ascii=False, indent=1))

    def of(self, lesson: str) -> Iterator[Result]:
        """Every result of a lesson, by notebook and student."""
        for path in sorted((self.folder / lesson).glob("*/*.json")):
            result = self.read(lesson, path.parent.name, path.stem)
            if result is not None:
                yield result


def write_whole(path: Path, text: str, secret: bool = False) -> None:
    """Write a file so that it is never seen half-written.  secret: only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o666), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)
