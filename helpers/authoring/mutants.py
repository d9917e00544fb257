"""Mutants of the references: small changes made by rule, most of them wrong.  The share that a check refuses measures its cases.

A named mistake is what goes wrong in heads; a mutant is what goes wrong in fingers.  Survivors are listed: each is either an equal
program, or a rule that no case shows.
"""

from __future__ import annotations

import ast
import copy
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.authoring.source import functions_of, notebooks
from helpers.checks import calling
from helpers.checks.exercise import Exercise
from helpers.checks.verdict import failing

_COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
              ast.FloorDiv: ast.Div, ast.Pow: ast.Mult}
_NAMES = {"mean": "sum", "sum": "mean", "max": "min", "min": "max", "maximum": "minimum", "minimum": "maximum", "any": "all", "all": "any",
          "size": "count", "nunique": "count", "cumsum": "cumprod", "log": "log1p", "left": "right", "ceil": "floor", "floor": "ceil"}
MUTANT_SECONDS = 0.3


@dataclass(frozen=True)
class Mutant:
    """One change: the line of the reference it stands in, and what became of it."""

    line: str
    change: str
    killed: bool


def mutants(course: Path, exercise: Exercise, seed: int | None = None) -> Iterator[Mutant]:
    """Every mutant of an exercise's reference, and whether its cases under this seed refuse it."""
    from dataclasses import replace

    hasty = replace(exercise, seconds=MUTANT_SECONDS)     # a mutated loop may never end
    cases = exercise.cases(seed)
    reference = functions_of(course, exercise)
    expected = calling.run_all(exercise, cases, reference)
    source = next(cell.solved() for notebook in notebooks(course, exercise.lesson) for cell in notebook.cells
                  if cell.exercise == exercise.name)
    lines = source.splitlines()
    for tree, node, change in _changed(ast.parse(source)):
        functions = _functions(tree, reference[exercise.name], exercise.functions)
        outcomes = calling.run_all(hasty, cases, functions) if functions else []
        killed = not functions or bool(failing(exercise, cases, outcomes, expected))
        yield Mutant(lines[node.lineno - 1].strip(), change, killed)


def _functions(tree: ast.Module, reference: Callable, names: tuple[str, ...]) -> dict[str, Callable]:
    namespace = dict(reference.__globals__)
    text = ast.unparse(tree)
    linecache.cache["<mutant>"] = (len(text), None, text.splitlines(keepends=True), "<mutant>")
    try:
        exec(compile(text, "<mutant>", "exec"), namespace)
    except Exception:
        return {}
    return {name: namespace[name] for name in names}


def _changed(tree: ast.Module) -> Iterator[tuple[ast.Module, ast.AST, str]]:
    """Copies of the tree with one node changed each, the node, and the change in words."""
    count = sum(1 for _ in ast.walk(tree))
    for i in range(count):
        for variant in range(2):
            changed = copy.deepcopy(tree)
            node = next(node for j, node in enumerate(ast.walk(changed)) if j == i)
            change = _change(node, variant)
            if change:
                yield ast.fix_missing_locations(changed), node, change


def _change(node: ast.AST, variant: int) -> str | None:
    """Change this node in place, the way of this variant; what was done, or None if there is no such way."""
    if variant == 1:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and hasattr(node, "lineno"):
            before, node.value = node.value, node.value - 1
            return f"{before} -> {node.value}"
        return None
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        before = ast.unparse(node)
        node.ops[0] = _COMPARISONS[type(node.ops[0])]()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        before = ast.unparse(node)
        node.op = _OPERATORS[type(node.op)]()
        return f"{before} -> {ast.unparse(node)}"
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        before, node.value = node.value, node.value + 1
        return f"{before} -> {node.value}"
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        node.value = not node.value
        return f"{not node.value} -> {node.value}"
    if isinstance(node, ast.Attribute) and node.attr in _NAMES:
        before, node.attr = node.attr, _NAMES[node.attr]
        return f"{before} -> {node.attr}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Invert | ast.Not):
        before = ast.unparse(node)
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else node.op
        if isinstance(node.op, ast.UAdd):
            return f"{before} -> {ast.unparse(node)}"
    return None
