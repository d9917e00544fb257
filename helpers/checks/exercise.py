"""The record of an exercise, and the registry of all of them."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from helpers.checks import calling, judge
from helpers.course import Lesson, lesson, lessons
from helpers.language import Text

LEVELS = ("core", "more", "stretch")
PUBLIC_SEED = 0
CORE_SHARE = 0.6
"""Share of an exercise's points that its unlabelled cases earn; its rules share the rest."""


@dataclass(frozen=True)
class Case:
    """One call of one function of an exercise, and what is known about it beforehand."""

    args: tuple
    kwargs: dict[str, Any]
    function: str = ""
    rule: Text | None = None
    error: type[Exception] | None = None
    training: tuple | None = None
    new: Any = None
    truth: Any = None
    """Stays with the judge: the true labels of `new`."""

    def to(self, function: str) -> Case:
        """Send this case to another function of the exercise than the first."""
        return replace(self, function=function)

    def shows(self, rule: Text) -> Case:
        """Name the rule that this case proves."""
        return replace(self, rule=rule)

    def raises(self, error: type[Exception]) -> Case:
        """The call must raise this error."""
        return replace(self, error=error)

    def trains_on(self, *training) -> Case:
        """Fit the model that the call returns on these arrays."""
        return replace(self, training=training)

    def predicts(self, new, *, truth=None) -> Case:
        """Let the model predict `new`, and judge that by `truth`, which only the judge sees; without one only its shape and range."""
        return replace(self, new=new, truth=truth)


def case(*args, **kwargs) -> Case:
    """A call of the exercise's function with these arguments."""
    return Case(args, kwargs)


@dataclass(frozen=True)
class Exercise:
    """All that is known of an exercise but its text, its reference and its mistakes."""

    name: str
    lesson: Lesson
    generate: Callable[[np.random.Generator], Iterator[Case]]
    level: str
    minutes: int
    points: int
    short: bool
    uses: tuple[str, ...]
    functions: tuple[str, ...]
    judge: Any
    call: Callable
    hints: tuple[Text, ...]
    count: int
    seconds: float
    _public: list[Case] = field(default_factory=list, compare=False, repr=False)

    @property
    def trained(self) -> bool:
        """Whether answers are models that the call fits."""
        return self.call is not calling.direct

    def cases(self, seed: int | None = None) -> list[Case]:
        """The exercise's cases under a seed; without one the public cases."""
        if seed is None:
            if not self._public:
                self._public.extend(self._draw(PUBLIC_SEED))
            return self._public
        return self._draw(seed)

    def _draw(self, seed: int) -> list[Case]:
        # The name is part of the seed, so that two exercises under one class seed draw differently.
        rng = np.random.default_rng([seed, *self.name.encode()])
        drawn = itertools.islice(self.generate(rng), self.count)
        return [each if each.function else each.to(self.functions[0]) for each in drawn]


_registry: dict[str, Exercise] = {}


def exercise(*, level: str, minutes: int, points: int = 0, short: bool = False, uses: tuple[str, ...] = ("numpy", "pandas"),
             functions: tuple[str, ...] = (), judge: Any = judge.close(), call: Callable = calling.direct,
             hints: tuple[Text, ...] = (), cases: int = 40, seconds: float | None = None):
    """Make the decorated generator of cases the record of the exercise of its name.

    seconds: time limit of one call, default 2, and 60 for a model.  The words are explained in CONTRIBUTING.md.
    ValueError for a record that contradicts itself.
    """

    def register(generate) -> Exercise:
        name = generate.__name__
        if level not in LEVELS:
            raise ValueError(f"{name}: level {level!r} is not one of {', '.join(LEVELS)}")
        if (level == "core") != (points > 0):
            raise ValueError(f"{name}: core exercises have points, others have none")
        if functions and name not in functions:
            raise ValueError(f"{name}: functions= must contain the exercise's own name")
        limit = seconds or (2.0 if call is calling.direct else 60.0)
        record = Exercise(name, lesson(generate.__module__.rpartition(".")[2]), generate, level, minutes, points, short, uses,
                          functions or (name,), judge, call, hints, cases, limit)
        if name in _registry and _registry[name].lesson != record.lesson:
            raise ValueError(f"two exercises are called {name}: in {_registry[name].lesson.name} and {record.lesson.name}")
        _registry[name] = record
        return record

    return register


def exercises(which: str | Lesson | None = None) -> list[Exercise]:
    """The exercises of one lesson, or of all, in the order of their records."""
    wanted = lessons() if which is None else (lesson(which),)
    for each in wanted:
        importlib.import_module(f"helpers.checks.{each.subject}")
    # By lesson, whichever module was imported first.
    return [record for each in wanted for record in _registry.values() if record.lesson == each]


def find(name: str) -> Exercise:
    """The exercise of this name, or the one that asks for a function of this name.  KeyError if there is none."""
    for record in exercises():
        if name in record.functions:
            return record
    raise KeyError(name)
