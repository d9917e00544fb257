"""The exam a class sits: the hidden cases of one notebook under one seed, and what is expected on them.

Drawing it needs `solutions/`; grading with it does not, so that it can be sent to another machine as JSON.  It is as secret as the seed.
"""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from helpers.checks.calling import Outcome
from helpers.checks.check import notebook_of
from helpers.checks.exercise import exercises
from helpers.checks.keys import Answers, KnownMistake, key_of
from helpers.checks.runner import Asked
from helpers.course import Lesson, lesson, lessons

HERE = Path(__file__).resolve().parent.parent
PACKAGES = ("keras", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")


@dataclass(frozen=True)
class Exam:
    """What one notebook's answers are called with, and the answers to that."""

    lesson: Lesson
    notebook: str
    seed: int
    answers: Mapping[str, Answers]
    code: str
    """Digest of the records, the judge and the solutions: two exams of one seed and one digest grade alike."""

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The exercises with their cases, in the order of the notebook."""
        return tuple(Asked(each, each.cases(self.seed)) for each in exercises(self.lesson) if each.name in self.answers)

    @cached_property
    def identity(self) -> str:
        """Stands with every grade given by this exam; tells nothing of the seed."""
        return _identity(self.code, self.seed)

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """What the jail should have imported before the first job: what the setup cell and the exercises name."""
        wanted = dict.fromkeys(["numpy", "pandas", *(f"helpers.checks.{each.subject}" for each in lessons())])
        for node in ast.walk(ast.parse(key_of(self.lesson).notebooks[self.notebook].setup)):
            if isinstance(node, ast.Import):
                wanted.update(dict.fromkeys(alias.name for alias in node.names))
            elif isinstance(node, ast.ImportFrom) and node.module:
                wanted.update(dict.fromkeys([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]))
        for each in self.asked:
            wanted.update(dict.fromkeys(each.exercise.uses))
            if each.exercise.trained:
                wanted["helpers.training"] = None
        return tuple(wanted)

    def only(self, names: Iterable[str]) -> Exam:
        """The exam of these exercises alone."""
        return Exam(self.lesson, self.notebook, self.seed, {name: self.answers[name] for name in names}, self.code)

    def as_json(self) -> dict:
        told = {name: {"expected": [o.as_json() for o in a.expected], "mistakes": [m.as_json() for m in a.mistakes]}
                for name, a in self.answers.items()}
        return {"lesson": self.lesson.name, "notebook": self.notebook, "seed": self.seed, "code": self.code, "answers": told}

    @classmethod
    def from_json(cls, data: dict) -> Exam:
        answers = {name: Answers(tuple(map(Outcome.from_json, a["expected"])), tuple(map(KnownMistake.from_json, a["mistakes"])))
                   for name, a in data["answers"].items()}
        return cls(lesson(data["lesson"]), data["notebook"], data["seed"], answers, data["code"])


def draw(course: Path, of: Lesson, notebook: str, seed: int) -> Exam:
    """The exam of a notebook of this lesson under a seed, answered by the reference and by each named mistake.

    FileNotFoundError if the course folder has no `solutions/`.
    """
    from helpers.authoring.build import answers

    wanted = [each for each in exercises(of) if notebook_of(each) == notebook]
    return Exam(of, notebook, seed, {each.name: answers(course, each, each.cases(seed), exact=True) for each in wanted}, _code(course, of))


def identity(course: Path, of: Lesson, seed: int) -> str:
    """The identity that an exam of this lesson under this seed would have, without drawing it."""
    return _identity(_code(course, of), seed)


def _identity(code: str, seed: int) -> str:
    return hashlib.sha256(f"{code} {seed}".encode()).hexdigest()[:16]


def _code(course: Path, of: Lesson) -> str:
    """A digest of all that decides a grade but the seed."""
    return _digest([*sorted(HERE.glob("checks/*.py")), HERE / "grading" / "grade.py",
                    *sorted((course / "solutions" / of.name).glob("*.py"))])


def judged_with() -> dict[str, str]:
    """What of the machine that grades decides a grade, by name: the installed course (solutions apart) and what answers run on."""
    course = [path for pattern in ("*.py", "checks/*.py", "checks/keys/*.json", "grading/*.py") for path in sorted(HERE.glob(pattern))]
    return {"retention-course": _digest(course), "Python": ".".join(platform.python_version_tuple()[:2]),
            **{name: version(name) for name in PACKAGES}}


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
