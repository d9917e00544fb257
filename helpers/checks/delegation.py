"""Whose work is it: what an answer may import, read off the syntax tree.

The exercise says which packages an answer may use.  An answer that reaches another one, by an import of its own, a name imported in
another cell, an alias, or a module already loaded, is not the learner's own work.  Only what the exercise's functions can reach
counts: an import for a plot in a cell beside it does not.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable
from typing import NamedTuple

# Of the standard library, what computes; not what looks into modules, files or processes.
STANDARD = frozenset("""
    __future__ abc array bisect calendar collections contextlib copy dataclasses datetime decimal enum fractions functools heapq itertools
    math numbers operator random re statistics string textwrap time types typing unicodedata warnings
""".split())
BACK_DOORS = frozenset("""
    __import__ __builtins__ __loader__ __spec__ eval exec compile globals locals vars open get_ipython input
""".split())
HIDDEN = frozenset("""
    __globals__ __builtins__ __subclasses__ __import__ __loader__ __spec__ __dict__ __code__ __closure__ modules f_globals f_back gi_frame
    tb_frame sys importlib inspect os
""".split())


class Borrowed(NamedTuple):
    """A use of what the exercise does not permit."""

    what: str       # as written, «sklearn.metrics»
    function: str   # the function of the learner's in which it stands


def borrowed(cells: Iterable[str], functions: Iterable[str], uses: Iterable[str]) -> list[Borrowed]:
    """What the functions reach beyond `uses`, the standard library's computing modules and the cells themselves.

    cells: sources in the order in which they ran; a later definition of a name replaces an earlier one.  A cell that does not parse
    cannot have run, and is passed over.  Returns one entry for each thing reached, in order.
    """
    permitted = frozenset(uses) | STANDARD
    names = _definitions(cells)
    found: dict[Borrowed, None] = {}
    seen: set[str] = set()
    waiting = [(name, name) for name in functions]
    while waiting:
        name, owner = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        for node in names.get(name, ()):
            if isinstance(node, str):
                if node.partition(".")[0] not in permitted:
                    found[Borrowed(node, owner)] = None
                continue
            for what in _forbidden(node, permitted):
                found[Borrowed(what, owner)] = None
            waiting.extend((used, owner) for used in _global_names(node) if used in names)
    return list(found)


def _definitions(cells: Iterable[str]) -> dict[str, list]:
    """What each module-level name stands for: the dotted origin of an import, or the syntax tree of its definition."""
    names: dict[str, list] = {}
    for source in cells:
        tree = _parse(source)
        if tree is None:
            continue
        for node in tree.body:
            bound: dict[str, list] = {}
            for name, value in _bindings(node):
                bound.setdefault(name, []).append(value)        # a try and its except may bind one name twice
            names.update(bound)
            # `f.helper = sklearn.metrics.auc`, `tools["auc"] = …`: whatever is stored in a name belongs to that name too.
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute | ast.Subscript) and (root := _root(target)):
                        names.setdefault(root, []).append(node.value)
    return names


def _bindings(node: ast.stmt) -> list[tuple[str, object]]:
    if isinstance(node, ast.Import):
        return [(alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        return [(alias.asname or alias.name, f"{origin}.{alias.name}") for alias in node.names]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [(node.name, node)]
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [(name.id, node.value) for target in targets for name in ast.walk(target)
                if isinstance(name, ast.Name) and node.value is not None]
    # if, for, with, try: everything bound inside stands for the whole statement
    inner = [pair for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt | ast.ExceptHandler)
             for pair in (_bindings(child) if isinstance(child, ast.stmt) else
                          [p for s in child.body for p in _bindings(s)])]
    walrus = [(n.target.id, n.value) for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
    return inner + walrus


def _parse(source: str) -> ast.Module | None:
    lines = [("pass" if line.lstrip().startswith(("%", "!", "?")) else line) for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _forbidden(tree: ast.AST, permitted: frozenset[str]) -> list[str]:
    found = [name for name in _global_names(tree) if name in BACK_DOORS]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] not in permitted]
        elif isinstance(node, ast.ImportFrom):
            if node.level or (node.module or "").partition(".")[0] not in permitted:
                found.append("." * node.level + (node.module or ""))
        elif isinstance(node, ast.Attribute) and node.attr in HIDDEN:
            found.append(node.attr)
    return found


def _global_names(tree: ast.AST) -> list[str]:
    """The names that a definition reads from outside itself, in order of the alphabet; its parameters and locals are its own."""
    names: set[str] = set()
    tables = [symtable.symtable(ast.unparse(tree), "<answer>", "exec")]
    names.update(symbol.get_name() for symbol in tables[0].get_symbols() if symbol.is_referenced())
    while tables:
        for inner in tables.pop().get_children():
            names.update(symbol.get_name() for symbol in inner.get_symbols() if symbol.is_global() and symbol.is_referenced())
            tables.append(inner)
    return sorted(names)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
