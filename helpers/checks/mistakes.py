"""The two marks of `solutions/<lesson>/mistakes.py`: what goes wrong in heads, and what is right in another way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from helpers.language import Text


@dataclass(frozen=True)
class Variant:
    """A function written in place of an exercise's reference."""

    exercise: str
    name: str
    function: Callable
    replaces: str
    explanation: Text | None = None
    facts: Mapping[str, Any] | None = None

    @property
    def wrong(self) -> bool:
        return self.explanation is not None


def mistake_of(exercise: str, explanation: Text, *, replaces: str | None = None, facts: Mapping[str, Any] | None = None):
    """Mark a wrong answer to an exercise, with the explanation a learner needs.

    replaces: which of the exercise's functions it stands for, default the one the exercise is named for.
    facts: for a model, the facts by which the mistake is known (`helpers/checks/training.py`).
    """
    return lambda function: Variant(exercise, function.__name__, function, replaces or exercise, explanation, facts)


def alternate_of(exercise: str, *, replaces: str | None = None):
    """Mark a right answer that is written differently from the reference."""
    return lambda function: Variant(exercise, function.__name__, function, replaces or exercise)
