"""A lesson's source, `solutions/<lesson>/<notebook>.py`: its cells, its reference functions, its mistakes and alternates."""

from __future__ import annotations

import ast
import importlib.util
import linecache
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.checks.exercise import Exercise, exercises
from helpers.checks.mistakes import Variant
from helpers.checks.notebook import exercise_of
from helpers.course import Lesson

BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION(?::\s*(.*))?$")
END = re.compile(r"^\s*### END SOLUTION\s*$")


class SourceError(ValueError):
    """A lesson's source breaks a rule; the message names the file, the cell and the rule."""


@dataclass(frozen=True)
class Cell:
    """One cell of a source file; `exercise` is the name on its marker line, `checks` the function names in its `check(...)`."""

    kind: str                       # "code" or "markdown"
    source: str
    tags: frozenset[str]
    exercise: str | None = None
    checks: tuple[str, ...] = ()

    def solved(self) -> str:
        """The text with the reference, without its markers."""
        return "\n".join(line for line in self.source.splitlines() if not BEGIN.match(line) and not END.match(line))

    def stub(self) -> str:
        """The text with each marked region replaced by `raise NotImplementedError` and what is to do."""
        kept, inside = [], False
        for line in self.source.splitlines():
            if begin := BEGIN.match(line):
                inside = True
                kept.append(f"{begin[1]}raise NotImplementedError({(begin[2] or 'write this function')!r})")
            elif END.match(line):
                inside = False
            elif not inside:
                kept.append(line)
        return "\n".join(kept)


@dataclass(frozen=True)
class Notebook:
    """One notebook of a lesson, as its source says."""

    lesson: Lesson
    path: Path
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def setup(self) -> Cell:
        return next(cell for cell in self.cells if "setup" in cell.tags)

    @property
    def exercises(self) -> list[Exercise]:
        """The records of the exercises that stand here, in the notebook's order."""
        records = {record.name: record for record in exercises(self.lesson)}
        return [records[cell.exercise] for cell in self.cells if cell.exercise]

    def demo_names(self) -> list[str]:
        """Names that only demonstration cells define: a learner's function that reads one works here and fails when graded."""
        demo, available = set(), set()
        for cell in self.cells:
            if cell.kind == "code":
                (available if cell.exercise or "setup" in cell.tags else demo).update(_names_bound(cell.source))
        return sorted(demo - available)


def notebooks(course: Path, lesson: Lesson) -> list[Notebook]:
    """The lesson's notebooks, core first.  SourceError if one breaks a rule."""
    paths = [course / "solutions" / lesson.name / f"{name}.py" for name in (lesson.subject, f"{lesson.subject}_more")]
    return [_read(path, lesson) for path in paths if path.exists()]


def _read(path: Path, lesson: Lesson) -> Notebook:
    import jupytext

    parsed = jupytext.read(path, fmt="py:percent")
    cells = []
    for cell in parsed.cells:
        source = cell["source"].rstrip()
        if not source:
            continue
        tags = frozenset(cell["metadata"].get("tags", ()))
        code = cell["cell_type"] == "code"
        cells.append(Cell(cell["cell_type"], source, tags, exercise_of(source) if code else None, _checked(source) if code else ()))
    found = Notebook(lesson, path, tuple(cells))
    _verify(found)
    return found


def _verify(notebook: Notebook) -> None:
    def must(rule: bool, message: str) -> None:
        if not rule:
            raise SourceError(f"{notebook.path.name}: {message}")

    must(sum("setup" in cell.tags for cell in notebook.cells) == 1, "exactly one cell must be tagged setup")
    records = {record.name: record for record in exercises(notebook.lesson)}
    checked = {name for cell in notebook.cells for name in cell.checks}
    headed = {heading for cell in notebook.cells if cell.kind == "markdown" for heading in headings(cell.source)}
    for cell in notebook.cells:
        if cell.exercise is None:
            must("### BEGIN SOLUTION" not in cell.source, "a solution stands outside an exercise's cell")
            continue
        must(cell.exercise in records, f"exercise {cell.exercise} has no record in helpers/checks/{notebook.lesson.subject}.py")
        record = records[cell.exercise]
        must((record.level == "core") == (notebook.name == notebook.lesson.subject),
             f"{cell.exercise} is {record.level}: core stands in {notebook.lesson.subject}.py, the rest in …_more.py")
        functions = {node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)}
        must(set(record.functions) <= functions, f"the cell of {cell.exercise} must define {', '.join(record.functions)}")
        must(cell.source.count("### BEGIN SOLUTION") == cell.source.count("### END SOLUTION") >= 1,
             f"the cell of {cell.exercise} needs pairs of ### BEGIN SOLUTION and ### END SOLUTION")
        must(cell.exercise in checked, f"no cell checks {cell.exercise}")
        must(cell.exercise in headed, f"no heading «### exercise: {cell.exercise}» stands before its cell")


def headings(markdown: str) -> list[str]:
    """The exercises whose heading line stands in this text."""
    return re.findall(r"^#+ exercise: ([A-Za-z_]\w*)\s*$", markdown, flags=re.MULTILINE)


def _checked(source: str) -> tuple[str, ...]:
    found = re.fullmatch(r"\s*check\(([\w\s,]+)\)\s*", source)
    return tuple(part.strip() for part in found[1].split(",") if part.strip()) if found else ()


def _names_bound(source: str) -> set[str]:
    tree = ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines()))
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        else:
            names.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return names


@cache
def references(course: Path, lesson: Lesson) -> dict[str, Callable]:
    """The reference functions of a lesson by name, from its setup cells and exercise cells alone."""
    functions: dict[str, Callable] = {}
    for notebook in notebooks(course, lesson):
        namespace: dict = {"__name__": f"reference_{notebook.name}"}
        for cell in notebook.cells:
            if "setup" in cell.tags or cell.exercise:
                text = cell.solved()
                label = f"<{notebook.path.name}: {cell.exercise or 'setup'}>"
                linecache.cache[label] = (len(text), None, text.splitlines(keepends=True), label)
                exec(compile(text, label, "exec"), namespace)
        functions.update({name: namespace[name] for record in notebook.exercises for name in record.functions})
    return functions


@cache
def variants(course: Path, lesson: Lesson) -> tuple[Variant, ...]:
    """The mistakes and alternates of `solutions/<lesson>/mistakes.py`, in the order of the file.  SourceError for an unknown exercise."""
    path = course / "solutions" / lesson.name / "mistakes.py"
    spec = importlib.util.spec_from_file_location(f"mistakes_of_{lesson.subject}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = tuple(value for value in vars(module).values() if isinstance(value, Variant))
    records = {record.name: record for record in exercises(lesson)}
    for each in found:
        if each.exercise not in records or each.replaces not in records[each.exercise].functions:
            raise SourceError(f"{lesson.name}/mistakes.py: {each.name} replaces {each.replaces} of {each.exercise}, which no record names")
    return found


def functions_of(course: Path, exercise: Exercise, variant: Variant | None = None) -> dict[str, Callable]:
    """The reference functions of an exercise, one of them replaced by a variant."""
    functions = {name: references(course, exercise.lesson)[name] for name in exercise.functions}
    if variant is not None:
        functions[variant.replaces] = variant.function
    return functions
