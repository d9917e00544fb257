"""What an attack is, and the few ways in which most of them are built."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from classroom import ASSIGNMENT, NOTEBOOK, Classroom

HandIn = Callable[[Classroom, str], None]

NEIGHBOUR = "right"
"""The student whose right answers lie beside the attacker's."""
SENTINEL = "smuggled 4711"
"""Must not stand in the feedback of an attack that smuggles.  Attacks spell it backwards, since the feedback shows their source."""
MARKUP = "<b id=smuggled>"
"""Must not stand in any feedback: a learner's text as HTML."""
FORGED = r'''
from helpers.checks import codec as _codec, start as _start


def forged(name="cohort_retention", kind="value", value=1.0):
    """An event as the worker would send it, with as many outcomes as the exercise has cases."""
    from helpers.checks.exercise import find
    return {"exercise": name, "outcomes": [{"kind": kind, "value": value}] * len(find(name).cases())}


def told_everywhere(data):
    """Write these bytes to every descriptor that takes them."""
    import os
    for descriptor in range(256):
        try:
            os.write(descriptor, data)
        except OSError:
            pass
'''
"""A cell with which an attack speaks in the worker's name."""


@dataclass(frozen=True)
class Attack:
    """One hostile submission and what it may come to."""

    name: str
    tries: str
    hand_in: HandIn
    may_earn: float = 0.0
    gradable: bool = True
    says: str = ""
    smuggles: bool = False
    """Whether its feedback must be searched for SENTINEL; MARKUP is to be looked for in all."""


SIGNATURES = {
    "cohort_retention": ("first_day, active, n, window=1",),
    "temporal_split": ("df, ts, train_end, valid_end",),
    "build_features": ("events, cutoff, lookback_days", "events, cutoff, lookback_days, horizon_days, observed_until"),
}


def answer(body: str, exercise: str = "cohort_retention") -> str:
    """An answer cell whose functions all have this body."""
    names = (exercise, "build_labels") if exercise == "build_features" else (exercise,)
    functions = [f"def {name}({signature}):\n{indent(dedent(body).strip(), '    ')}\n"
                 for name, signature in zip(names, SIGNATURES[exercise], strict=True)]
    return f"# exercise: {exercise}\n" + "\n\n".join(functions)


def wrong(**answers: str) -> dict[str, str]:
    """Wrong answers to all exercises but those given."""
    return {name: answers.get(name) or answer("return 0", name) for name in SIGNATURES}


def with_cell(notebook: dict, *sources: str) -> dict:
    """The notebook with cells of the learner's own after the setup."""
    at = next(i for i, cell in enumerate(notebook["cells"]) if cell.get("id") == "setup") + 1
    notebook["cells"][at:at] = [{"cell_type": "code", "id": f"own-{i}", "metadata": {}, "source": dedent(source).strip("\n"), "outputs": [],
                                 "execution_count": None} for i, source in enumerate(sources)]
    return notebook


def in_function(body: str, *cells: str, everywhere: bool = False) -> HandIn:
    """The attack runs when the answer is called: the body of cohort_retention, or of every function; cells run before."""

    def hand_in(classroom: Classroom, student: str) -> None:
        named = {name: answer(body, name) for name in SIGNATURES} if everywhere else wrong(cohort_retention=answer(body))
        classroom.hand_in(student, with_cell(classroom.answered(**named), *cells))

    return hand_in


def in_cell(*sources: str) -> HandIn:
    """The attack runs in cells of its own, before the answers, which are wrong."""
    return lambda classroom, student: classroom.hand_in(student, with_cell(classroom.answered(**wrong()), *sources))


def after_answer(source: str) -> HandIn:
    """The attack runs at the end of the first answer's cell, after everything the learner wrote."""
    return lambda classroom, student: classroom.hand_in(
        student, classroom.answered(**wrong(cohort_retention=answer("return 0") + "\n" + dedent(source).strip() + "\n")))


def with_notebook(change: Callable[[dict], Any], solved: bool = False) -> HandIn:
    """The attack is in the notebook around the answers; `change` alters it in place."""

    def hand_in(classroom: Classroom, student: str) -> None:
        notebook = classroom.answered(**(classroom.references if solved else wrong()))
        change(notebook)
        classroom.hand_in(student, notebook)

    return hand_in


def with_metadata(change: Callable[[dict], Any]) -> HandIn:
    """The attack is in the cells' metadata; `change` is called with each cell."""
    return with_notebook(lambda notebook: [change(cell) for cell in notebook["cells"]])


def as_text(change: Callable[[str], str]) -> HandIn:
    """The attack is in the file's text; `change` gets a notebook of wrong answers as JSON."""
    return lambda classroom, student: classroom.hand_in(student, change(json.dumps(classroom.answered(**wrong()))))


def place_of(classroom: Classroom, student: str) -> Path:
    """Where this student's notebook belongs; its folder is made."""
    place = classroom.folder / ".grading" / "submitted" / student / ASSIGNMENT
    place.mkdir(parents=True, exist_ok=True)
    return place / f"{NOTEBOOK}.ipynb"


def as_file(make: Callable[[Path, Classroom], Any]) -> HandIn:
    """The attack is in the kind of file that stands where the notebook should."""
    return lambda classroom, student: make(place_of(classroom, student), classroom)


def beside(make: Callable[[Path], Any]) -> HandIn:
    """The attack is in other files beside a notebook of wrong answers."""

    def hand_in(classroom: Classroom, student: str) -> None:
        classroom.hand_in(student, classroom.answered(**wrong()))
        make(place_of(classroom, student).parent)

    return hand_in
