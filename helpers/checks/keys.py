"""The answer key of a lesson: what is expected on the public cases, and what each named mistake answers there.

Built from `solutions/` by `make build`, read by the learner's `check`: it holds answers, no code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.checks.calling import Outcome
from helpers.course import Lesson
from helpers.language import Text

FOLDER = Path(__file__).parent / "keys"


@dataclass(frozen=True)
class KnownMistake:
    """A named mistake: its explanation, and how to recognise it: by answers where they are wrong, or by facts of a model."""

    name: str
    explanation: Text
    outcomes: Mapping[int, Outcome]
    facts: Mapping[str, object] | None = None

    def as_json(self) -> dict:
        wrong = {str(i): outcome.as_json() for i, outcome in self.outcomes.items()}
        return {"name": self.name, "explanation": list(self.explanation), "outcomes": wrong,
                **({"facts": dict(self.facts)} if self.facts is not None else {})}

    @classmethod
    def from_json(cls, data: dict) -> KnownMistake:
        outcomes = {int(i): Outcome.from_json(outcome) for i, outcome in data["outcomes"].items()}
        return cls(data["name"], Text(*data["explanation"]), outcomes, data.get("facts"))


@dataclass(frozen=True)
class Answers:
    """The key of one exercise; `expected` is empty for a trained one."""

    expected: tuple[Outcome, ...]
    mistakes: tuple[KnownMistake, ...]


@dataclass(frozen=True)
class ReleasedNotebook:
    """What is needed to tell a learner's cells from ours in a notebook that comes back."""

    setup: str
    stubs: Mapping[str, str]
    digests: frozenset[str]
    ids: frozenset[str]
    demo_names: frozenset[str]


@dataclass(frozen=True)
class Key:
    answers: Mapping[str, Answers]
    notebooks: Mapping[str, ReleasedNotebook]


def path_of(lesson: Lesson) -> Path:
    """The key's file."""
    return FOLDER / f"{lesson.subject}.json"


@cache
def key_of(lesson: Lesson) -> Key:
    """The key of a lesson.  RuntimeError, saying what to do, if it is missing or damaged."""
    path = path_of(lesson)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        answers = {name: Answers(tuple(map(Outcome.from_json, entry["expected"])),
                                 tuple(map(KnownMistake.from_json, entry["mistakes"])))
                   for name, entry in data["exercises"].items()}
        notebooks = {name: ReleasedNotebook(entry["setup"], entry["stubs"], frozenset(entry["digests"]), frozenset(entry["ids"]),
                                            frozenset(entry["demo_names"]))
                     for name, entry in data["notebooks"].items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimeError(Text(
            f"The answer key {path.name} of lesson {lesson.name} cannot be read ({type(error).__name__}). "
            "Install the course again, or in a checkout run `make build`.",
            f"课程 {lesson.name} 的答案文件 {path.name} 无法读取（{type(error).__name__}）。请重新安装课程；若在代码仓库中，请运行 `make build`。",
        ).__str__()) from None
    return Key(answers, notebooks)
