"""nbgrader's first step: the released notebook with the learner's answers in it.

Whatever happened to the cells that are ours, to metadata, order or format, is undone by starting from our own copy.
"""

from __future__ import annotations

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from helpers.checks.keys import key_of
from helpers.checks.notebook import exercise_of, submission
from helpers.course import course_folder, lesson
from helpers.grading.reading import NOT_GRADABLE

ADDED = "added_by_learner"


class Restitch(NbGraderPreprocessor):
    """Replace a submitted notebook by the released one with its answers, its words and the cells the learner added."""

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        where = resources["nbgrader"]
        return restitched(nb, where["assignment"], where["notebook"]), resources


def restitched(submitted: nbformat.NotebookNode, assignment: str, name: str) -> nbformat.NotebookNode:
    """The released notebook of this name with the answers of a submitted one."""
    of = lesson(assignment)
    cells = [{"kind": cell.get("cell_type", ""), "source": _text(cell), "id": str(cell.get("id", ""))} for cell in submitted.cells]
    answered = submission(cells, key_of(of).notebooks[name])
    words = _words(submitted)
    whole = nbformat.read(course_folder() / "notebooks" / of.name / f"{name}.ipynb", as_version=4)
    stitched = []
    for cell in whole.cells:
        exercise = exercise_of(cell.source) if cell.cell_type == "code" else None
        if exercise in answered.answers:
            cell.source = answered.answers[exercise]
        elif cell.id in words:
            cell.source = words[cell.id]
        stitched.append(cell)
        if cell.id == "setup":
            for source in answered.added:
                added = nbformat.v4.new_code_cell(source, metadata={ADDED: True})
                stitched.append(added)
    whole.cells = stitched
    if NOT_GRADABLE in submitted.metadata:
        whole.metadata[NOT_GRADABLE] = submitted.metadata[NOT_GRADABLE]
    return whole


def _words(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """What the learner wrote in words, by the id of its cell.  It earns no points; a notebook that lost its ids loses only this."""
    return {cell.id: _text(cell) for cell in notebook.cells
            if cell.get("cell_type") == "markdown" and str(cell.get("id", "")).startswith("words-")}


def _text(cell: dict) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)
