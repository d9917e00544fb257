"""From a lesson's source to the learner's notebooks, the solved notebooks and the answer key.

All of it is generated, byte for byte the same every time: `tests/authoring` builds anew and fails on any difference.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np

from helpers.authoring.colab import badge, install_cell
from helpers.authoring.source import Cell, Notebook, SourceError, functions_of, headings, notebooks, variants
from helpers.checks import calling, codec, keys
from helpers.checks.exercise import Exercise, exercises, find
from helpers.checks.keys import Answers, KnownMistake
from helpers.checks.notebook import digest
from helpers.checks.verdict import failing
from helpers.course import Lesson, lessons
from helpers.grading import pipeline

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
GENERATED = "GENERATED from solutions/{source}; edit that and run `make build`"
READMES = ("README.md", "README.zh.md")
TABLE = re.compile(r"(<!-- exercises: .*? -->\n).*?(<!-- end of exercises -->)", flags=re.DOTALL)
NBGRADER_SOURCE = Path(".grading") / "source"
PATIENCE = 20
"""The course's own code may take so many times the seconds of a learner's: what a key says must not hang on how busy the machine was."""
SETUP_MARK = "# setup: imports and constants; the grader runs this cell first"


def build(course: Path) -> list[Path]:
    """Build every lesson and write what changed; the files written, in order.

    Writes notebooks/, the solved notebooks in solutions/, the keys in helpers/checks/keys, and nbgrader's source folder
    .grading/source.  SourceError if a lesson's source breaks a rule.
    """
    made = {path: text for lesson in lessons() for path, text in outputs(course, lesson)}
    made.update({course / name: readme(course, name) for name in READMES})
    written = []
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    for stale in set((course / "notebooks").rglob("*.ipynb")) - set(made):
        if ".ipynb_checkpoints" not in stale.parts:
            stale.unlink()
    return written


def outputs(course: Path, lesson: Lesson) -> Iterator[tuple[Path, str]]:
    """(path, text) of everything generated from one lesson; nothing is written into the course."""
    sources = notebooks(course, lesson)
    for source in sources:
        yield course / "solutions" / lesson.name / f"{source.name}.ipynb", _written(solved(course, source))
    graded = nbgrader_sources(course, lesson)
    yield from graded.items()
    released = released_by_nbgrader(lesson, {path.stem: text for path, text in graded.items()})
    for source in sources:
        yield course / "notebooks" / lesson.name / f"{source.name}.ipynb", released[source.name]
    yield keys.path_of(lesson), key(course, lesson, sources, released)


def nbgrader_sources(course: Path, lesson: Lesson) -> dict[Path, str]:
    """What nbgrader makes a lesson's release and its gradebook from, by its place in the course folder."""
    return {course / NBGRADER_SOURCE / lesson.name / f"{source.name}.ipynb": _written(with_grading(course, source))
            for source in notebooks(course, lesson)}


def solved(course: Path, source: Notebook) -> nbformat.NotebookNode:
    """The solved lesson: every cell, the reference where a learner writes."""
    return _notebook(course, source, [(cell, cell.solved(), {}) for cell in source.cells], f"solutions/{source.lesson.name}")


def with_grading(course: Path, source: Notebook) -> nbformat.NotebookNode:
    """nbgrader's source: the learner's cells with each exercise's own stub, and metadata derived from the marks.

    The stub is put in here because nbgrader's is one constant, and text for the solution is dropped because nbgrader keeps it.
    SourceError if anything of a solution is left.
    """
    cells = []
    for cell in source.cells:
        if "solution" in cell.tags:
            continue
        text = cell.stub()
        if "### BEGIN" in text or "### END" in text:
            raise SourceError(f"{source.path.name}: a solution's marker is left over in the cell that begins {text[:60]!r}")
        cells.append((cell, text, _grading(cell)))
    return _notebook(course, source, cells, f"notebooks/{source.lesson.name}")


def _grading(cell: Cell) -> dict:
    if cell.exercise:
        return _nbgrader(f"answer-{cell.exercise}", solution=True)
    if cell.checks:
        exercise = find(cell.checks[0])
        return _nbgrader(f"check-{exercise.name}", grade=True, points=exercise.points)
    if "setup" in cell.tags:
        return _nbgrader("setup", locked=True)
    return {}       # also for the learner's words: nbgrader knows no written cell without points


def _nbgrader(grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: int = 0) -> dict:
    data = {"schema_version": 3, "grade": grade, "solution": solution, "locked": locked or grade, "task": False, "grade_id": grade_id}
    return {"nbgrader": {**data, "points": points} if grade else data}


def _notebook(course: Path, source: Notebook, cells: list[tuple[Cell, str, dict]], folder: str) -> nbformat.NotebookNode:
    made = [nbformat.v4.new_markdown_cell(badge(course, f"{folder}/{source.name}.ipynb"), id="badge"),
            nbformat.v4.new_code_cell(install_cell(course), id="colab")]
    used = {"badge", "colab"}
    for cell, text, metadata in cells:
        if "setup" in cell.tags:
            text = f"{SETUP_MARK}\n{text}"
        if cell.kind == "markdown":
            text = _with_headings(text)
        metadata = {**metadata, **({"tags": sorted(cell.tags)} if cell.tags else {})}
        node = nbformat.v4.new_markdown_cell(text) if cell.kind == "markdown" else nbformat.v4.new_code_cell(text)
        node["metadata"] = nbformat.from_dict(metadata)
        node["id"] = _identity(cell, text, used)
        made.append(node)
    relative = f"{source.lesson.name}/{source.path.name}"
    return nbformat.v4.new_notebook(cells=made, metadata={**METADATA, "generated": GENERATED.format(source=relative)})


def _identity(cell: Cell, text: str, used: set[str]) -> str:
    """A cell id that a rebuild keeps: an exercise's by name, any other by its text."""
    base = (f"answer-{cell.exercise}" if cell.exercise else f"check-{cell.checks[0]}" if cell.checks else
            "setup" if "setup" in cell.tags else f"words-{digest(text)}" if "answer" in cell.tags else digest(text))[:56]
    name, n = base, 1
    while name in used:
        n += 1
        name = f"{base}-{n}"
    used.add(name)
    return name


def _with_headings(text: str) -> str:
    """«### exercise: lift_at_k» becomes the heading with level, minutes, points and permitted packages, as the record says."""
    for name in headings(text):
        text = re.sub(rf"exercise: {name}\s*$", heading(find(name)).replace("\\", r"\\"), text, count=1, flags=re.MULTILINE)
    return text


def heading(exercise: Exercise) -> str:
    """The heading of an exercise and the line under it."""
    names = " and ".join(f"`{name}`" for name in exercise.functions)
    facts = [f"**{exercise.level}**", f"{exercise.minutes} minutes", f"{exercise.points} points" if exercise.points else "no points",
             *(["on the short path"] if exercise.short else []), f"you may use {', '.join(exercise.uses)}"]
    return f"Exercise: {names}\n\n{' · '.join(facts)}\n"


def released_by_nbgrader(lesson: Lesson, sources: dict[str, str]) -> dict[str, str]:
    """nbgrader's own release of a lesson's source notebooks, by name: run in this process, without its database.

    In a folder of its own, for nbgrader deletes its release folder first, and again when it fails.  RuntimeError if it does.
    """
    from nbgrader.converters import GenerateAssignment, NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="retention-") as root, _quiet_log() as told:
        (Path(root) / "source" / lesson.name).mkdir(parents=True)
        for name, text in sources.items():
            (Path(root) / "source" / lesson.name / f"{name}.ipynb").write_text(text, encoding="utf-8")
        config = Config()
        config.CourseDirectory.root = root
        config.CourseDirectory.assignment_id = lesson.name
        config.SaveCells.enabled = False        # without this it opens the database even when told no_database
        config.GenerateAssignment.no_database = True
        config.GenerateAssignment.preprocessors = pipeline.RELEASE
        try:
            GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
        except NbGraderException:
            raise RuntimeError(f"nbgrader cannot release {lesson.name}: {'; '.join(told)}") from None
        made = {path.stem: path for path in (Path(root) / "release" / lesson.name).glob("*.ipynb")}
        if set(made) != set(sources):
            raise RuntimeError(f"nbgrader released {sorted(made)} of {sorted(sources)} of {lesson.name}: {'; '.join(told[-3:])}")
        return {name: _written(nbformat.read(path, as_version=4)) for name, path in made.items()}


@contextlib.contextmanager
def _quiet_log():
    """nbgrader's log lines, kept instead of printed."""
    told: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    logger = logging.getLogger("traitlets")
    before, propagate = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [Keep(logging.WARNING)], False
    try:
        yield told
    finally:
        logger.handlers, logger.propagate = before, propagate


def _written(notebook: nbformat.NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def key(course: Path, lesson: Lesson, sources: list[Notebook], released: dict[str, str]) -> str:
    """The answer key as JSON text: expected answers and mistakes on the public cases, and what tells our cells from a learner's."""
    answered = {exercise.name: answers(course, exercise, exercise.cases()) for exercise in exercises(lesson)}
    data = {
        "generated": GENERATED.format(source=f"{lesson.name}/"),
        "exercises": {name: {"expected": [outcome.as_json() for outcome in each.expected],
                             "mistakes": [mistake.as_json() for mistake in each.mistakes]} for name, each in answered.items()},
        "notebooks": {source.name: _told_apart(source, json.loads(released[source.name])) for source in sources},
    }
    return _indented(data, levels=4) + "\n"


def _indented(value: object, levels: int, depth: int = 0) -> str:
    """JSON with a line for each entry down to so many levels, and what lies deeper on its entry's line: readable as a diff, and short."""
    if depth == levels or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    inner = [(f"{json.dumps(k, ensure_ascii=False)}: " if isinstance(value, dict) else "") + _indented(v, levels, depth + 1)
             for k, v in (value.items() if isinstance(value, dict) else enumerate(value))]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    space = " " * depth
    return f"{opening}\n" + ",\n".join(f"{space} {line}" for line in inner) + f"\n{space}{closing}"


def _told_apart(source: Notebook, released: dict) -> dict:
    cells = [("".join(cell["source"]), cell) for cell in released["cells"]]
    stubs = {exercise.name: next(text for text, cell in cells if cell["id"] == f"answer-{exercise.name}") for exercise in source.exercises}
    return {
        "setup": next(text for text, cell in cells if cell["id"] == "setup"),
        "stubs": stubs,
        "digests": sorted({digest(text) for text, cell in cells if cell["cell_type"] == "code"}),
        "ids": sorted(cell["id"] for _, cell in cells),
        "demo_names": source.demo_names(),
    }


def answers(course: Path, exercise: Exercise, cases: list, exact: bool = False) -> Answers:
    """What the reference and each named mistake answer on these cases; of a mistake only what is wrong is kept.

    exact: keep every digit; without it a rebuild on another processor gives the same text.  RuntimeError if the reference does not answer a
    case as asked, or a mistake takes too long.
    """
    exercise = replace(exercise, seconds=PATIENCE * exercise.seconds)
    wrong = [each for each in variants(course, exercise.lesson) if each.exercise == exercise.name and each.wrong]
    if exercise.trained:
        return Answers((), tuple(KnownMistake(each.name, each.explanation, {}, each.facts or {}) for each in wrong))
    expected = calling.run_all(exercise, cases, functions_of(course, exercise))
    for case, outcome in zip(cases, expected, strict=True):
        if outcome.kind != ("value" if case.error is None else "error") or outcome.mutated:
            raise RuntimeError(f"the reference of {exercise.name} does not answer a case: "
                               f"{outcome.kind} {outcome.errors} {outcome.message}\n{outcome.traceback}")
    known = []
    for each in wrong:
        given = calling.run_all(exercise, cases, functions_of(course, exercise, each))
        if any(outcome.kind in ("timeout", "skipped") for outcome in given):
            raise RuntimeError(f"{exercise.name}: the mistake {each.name} does not answer a case within {exercise.seconds:g} seconds")
        differ = failing(exercise, cases, given, expected)
        known.append(KnownMistake(each.name, each.explanation, {i: _short(given[i], exact) for i in differ}))
    # Where an error is asked for, a subclass of it answers as well: the key holds the error that was asked for.
    asked = [_short(each, exact) if case.error is None else calling.Outcome("error", errors=(case.error.__name__,))
             for case, each in zip(cases, expected, strict=True)]
    return Answers(tuple(asked), tuple(known))


def readme(course: Path, name: str) -> str:
    """A README with the table of exercises as the records have them; the rest as it stands."""
    rows = [f"| {e.lesson.name} | {', '.join(f'`{f}`' for f in e.functions)} | {e.level} | {e.minutes} | {e.points or ''} | {'S' if e.short else ''} |"
            for e in exercises()]
    heads = {"README.md": "| lesson | exercise | level | minutes | points | |", "README.zh.md": "| 课程 | 练习 | 级别 | 分钟 | 分数 | |"}
    table = "\n".join([heads[name], "|---|---|---|---|---|---|", *rows]) + "\n"
    return TABLE.sub(lambda found: found[1] + table + found[2], (course / name).read_text(encoding="utf-8"))


def _short(outcome: calling.Outcome, exact: bool) -> calling.Outcome:
    """Without what only a learner's own run can tell, and what differs between machines."""
    if outcome.kind == "value":
        return calling.Outcome("value", value=outcome.value if exact else _rounded(outcome.value), mutated=outcome.mutated)
    message = outcome.message if outcome.kind != "error" else ""
    return calling.Outcome(outcome.kind, errors=outcome.errors[:1], message=message)


def _rounded(wire: object) -> object:
    """An encoded value with its floats cut to 12 digits: the last ones hang on the processor, and a rebuild must not differ."""
    if isinstance(wire, float):
        return float(f"{wire:.12g}")
    if isinstance(wire, list):
        return [_rounded(each) for each in wire]
    if isinstance(wire, dict):
        if wire.get("$") == "array" and wire["dtype"] == "f8":
            array = codec.decode(wire)
            return codec.encode(np.array([float(f"{each:.12g}") for each in array.ravel()]).reshape(array.shape))
        return {name: _rounded(each) for name, each in wire.items()}
    return wire
