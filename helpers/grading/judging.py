"""In place of nbgrader's Execute: the answers run elsewhere, and the verdict becomes the output of each check's cell.

nbgrader reads a check cell's points from the text of its first `execute_result`; formgrader and the feedback show its HTML.
"""

from __future__ import annotations

import atexit
import sys
from functools import cache
from pathlib import Path
from typing import NoReturn

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import rmtree
from traitlets import Bool, Unicode

from helpers.checks import show
from helpers.checks.notebook import NOT_GRADABLE
from helpers.course import course_folder, lesson
from helpers.grading.grader import CannotGrade, Grader, exams_of_class
from helpers.grading.results import Result
from helpers.grading.staging import NOTHING, HandIn
from helpers.language import Text

UNREADABLE = Text("not gradable: {reason}", "无法评分：{reason}")
_CELL_FAILED = Text("{name} failed: {error}", "{name} 出错：{error}")


class Judge(NbGraderPreprocessor):
    """Grade the answers of a restitched notebook and write the verdicts into it."""

    seed_file = Unicode(".grading/seed", help="the class's secret seed, relative to the course folder; made if missing").tag(config=True)
    practice = Bool(False, help="run answers without the jail, and mark every grade so").tag(config=True)

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        where = resources["nbgrader"]
        cells = tuple({"kind": cell.cell_type, "source": cell.source, "id": cell.get("id", "")} for cell in nb.cells)
        hand_in = HandIn(where["student"], where["notebook"], cells, nb.metadata.get(NOT_GRADABLE, ""), NOTHING, (), "")
        try:
            grader = _grader(course_folder() / self.seed_file, self.practice)
        except CannotGrade as error:
            refuse(self, where, str(error))
        write(nb, grader.result(lesson(where["assignment"]), hand_in))
        return nb, resources


def refuse(step: NbGraderPreprocessor, where: dict, why: str) -> NoReturn:
    """End nbgrader's run with this message, since an exception would be reported again for every submission.

    As nbgrader does after an exception, the folder it had begun is removed: the next run would take it for graded.
    """
    begun = Path(step.parent.parent._format_dest(where["assignment"], where["student"]))
    if begun.exists():
        rmtree(begun)
    sys.exit(why)


@cache
def _grader(seed_file: Path, practice: bool) -> Grader:
    """The one grader of this process; nbgrader makes a new preprocessor for every notebook."""
    grader = Grader(exams_of_class(course_folder(), seed_file), practice=practice, how="--Judge.practice=True")
    atexit.register(grader.__exit__)
    return grader


def write(nb: nbformat.NotebookNode, result: Result) -> None:
    """Write a result into the outputs of a restitched notebook."""
    checks = [cell for cell in nb.cells if cell.cell_type == "code"
              and str(cell.metadata.get("nbgrader", {}).get("grade_id", "")).startswith("check-")]
    if result.reason:
        nb.metadata[NOT_GRADABLE] = result.reason
        note = str(UNREADABLE.format(reason=result.reason))
        nb.cells[0:0] = [nbformat.v4.new_markdown_cell(show.note(note).html)]
        for cell in checks:
            cell.outputs = [_judged(show.note(note).html, 0)]
        return
    for cell in checks:
        marked = result.exercises[cell.metadata.nbgrader.grade_id.removeprefix("check-")]
        cell.outputs = [_judged(marked.html, marked.earned)]
    lines = [*result.notes, *(str(_CELL_FAILED.format(name=name, error=error)) for name, error in result.cell_errors.items())]
    setup = next((cell for cell in nb.cells if cell.get("id") == "setup"), None)
    if lines and setup is not None:
        setup.outputs = [nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")]


def _judged(card: str, points: float) -> nbformat.NotebookNode:
    """A card for people, whose plain text is the points: nbgrader reads them there."""
    return nbformat.v4.new_output("execute_result", data={"text/html": card, "text/plain": f"{points:g}"}, execution_count=None)
