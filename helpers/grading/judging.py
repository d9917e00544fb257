"""In place of nbgrader's Execute: the answers run elsewhere, and the verdict becomes the output of each check's cell.

nbgrader reads a check cell's points from its first `execute_result`, so that is what the verdict ends in.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from helpers.checks import show
from helpers.checks.keys import key_of
from helpers.checks.notebook import submission
from helpers.course import course_folder, lesson
from helpers.grading.grade import Grade, grade_one
from helpers.grading.reading import NOT_GRADABLE
from helpers.grading.seeds import class_seed
from helpers.language import Text

_UNREADABLE = Text("not gradable: {reason}", "无法评分：{reason}")
_CELL_FAILED = Text("{name} failed: {error}", "{name} 出错：{error}")


class Judge(NbGraderPreprocessor):
    """Grade the answers of a restitched notebook and write the verdicts into it."""

    seed_file = Unicode(".grading/seed", help="the class's secret seed, relative to the course folder; made if missing").tag(config=True)

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        course = course_folder()
        where = resources["nbgrader"]
        if NOT_GRADABLE in nb.metadata:
            note = show.Card(*[str(_UNREADABLE.format(reason=nb.metadata[NOT_GRADABLE]))] * 2)
            nb.cells[0:0] = [nbformat.v4.new_raw_cell(note.text)]
            for cell in _check_cells(nb):
                cell.outputs = [_displayed(note), _result(0)]
            return nb, resources
        of = lesson(where["assignment"])
        cells = [{"kind": cell.cell_type, "source": cell.source, "id": cell.get("id", "")} for cell in nb.cells]
        answered = submission(cells, key_of(of).notebooks[where["notebook"]])
        grade = grade_one(course, of, where["notebook"], answered, class_seed(Path(course, self.seed_file)))
        _write(nb, grade)
        return nb, resources


def _write(nb: nbformat.NotebookNode, grade: Grade) -> None:
    for cell in _check_cells(nb):
        found = grade.verdicts[cell.metadata.nbgrader.grade_id.removeprefix("check-")]
        cell.outputs = [_displayed(show.verdict_card(found, footer=show.say("practice"), graded=True)), _result(found.earned)]
    lines = [str(_CELL_FAILED.format(name=name, error=error)) for name, error in grade.cell_errors.items()]
    setup = next((cell for cell in nb.cells if cell.get("id") == "setup"), None)
    if lines and setup is not None:
        setup.outputs = [nbformat.v4.new_output("stream", name="stdout", text="\n".join(lines) + "\n")]


def _check_cells(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"
            and str(cell.metadata.get("nbgrader", {}).get("grade_id", "")).startswith("check-")]


def _displayed(card: show.Card) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"text/html": card.html, "text/plain": card.text})


def _result(points: float) -> nbformat.NotebookNode:
    return nbformat.v4.new_output("execute_result", data={"text/plain": f"{points:g}"}, execution_count=None)
