"""Every example in a docstring, in an exercise or in a tool, gives what it says."""

import doctest
import importlib

import numpy as np
import pandas as pd
import pytest

from helpers.authoring.source import functions_of
from helpers.checks.exercise import exercises

TOOLS = ("btyd", "completion", "experiments", "gibbs", "households", "interests", "keywords", "lapse", "metrics", "offpolicy", "plots", "rhythms", "segments",
         "sessions", "text", "topics", "winback", "windows")


def failures(examples: list[doctest.DocTest]) -> list[str]:
    told: list[str] = []
    for example in examples:
        doctest.DocTestRunner(verbose=False).run(example, out=told.append)
    return told


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: f"{exercise.lesson.subject}-{exercise.name}")
def test_the_examples_of_an_exercise_are_what_its_reference_answers(course, exercise):
    functions = functions_of(course, exercise)
    found = [example for name, function in functions.items()
             for example in doctest.DocTestFinder().find(function, name, globs={"np": np, "pd": pd, **functions})]
    assert "".join(failures(found)) == ""


@pytest.mark.parametrize("name", TOOLS)
def test_the_examples_of_a_tool_are_what_it_returns(name):
    module = importlib.import_module(f"helpers.{name}")
    assert "".join(failures(doctest.DocTestFinder().find(module))) == ""
