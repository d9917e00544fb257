"""The memo that ends the course claims no number that its cells do not compute."""

import ast
import contextlib
import io
import re

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from helpers.authoring.source import notebooks
from helpers.course import lesson
from helpers.interview import words

UNITS = {"million": 1e6, "billion": 1e9, "万": 1e4, "亿": 1e8}
NUMBER = re.compile(r"(?<![A-Za-z\d.,])(\d[\d,]*(?:\.\d+)?|\.\d+)(?: ?(million|billion|万|亿))?")
ARTICLES = re.compile(r"Arts?\. [\d()a-z]+(?: and \d+)?|第 [\d()a-z、]+ 条")
GIVEN = {1.0}
"""The first step of a launch, in per cent."""


def numbers(text):
    return {float(digits.replace(",", "")) * UNITS.get(unit, 1) for digits, unit in NUMBER.findall(ARTICLES.sub("", text))}


def constants(value):
    """All numbers inside a constant of a cell, as they are and in per cent."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return set().union(*map(constants, value))
    return {float(value), round(100 * float(value), 9)} if isinstance(value, int | float) else set()


@pytest.fixture(scope="module")
def known(course):
    """Every number that the cells of arithmetic are given or print."""
    source = next(each for each in notebooks(course, lesson("06")) if each.name == "retention")
    cells = [cell.source for cell in source.cells if cell.source.startswith("# arithmetic: ")]
    assert len(cells) == 7
    told, names = io.StringIO(), {"np": np, "pd": pd, "norm": norm}
    with contextlib.redirect_stdout(told):
        for cell in cells:
            tree = ast.parse(cell)
            last = tree.body.pop()
            exec(compile(tree, "cell", "exec"), names)
            shown = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if shown is not None:
                print(shown.to_string())
    return numbers(told.getvalue()).union(GIVEN, *(constants(value) for name, value in names.items() if name.isupper()))


@pytest.mark.parametrize("code", ["en", "zh"])
def test_each_number_of_the_model_memo_is_an_assumption_or_is_computed_in_the_notebook(known, code):
    claimed = numbers(words(lesson("06"), code).sections["Model memo"])
    assert len(claimed) > 40
    assert sorted(claimed - known) == []
