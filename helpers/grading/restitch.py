"""nbgrader's first step: the released notebook with the learner's answers in it.

Whatever happened to the cells that are ours, to metadata, order or format, is undone by starting from our own copy.
"""

from __future__ import annotations

import copy
import html
from collections.abc import Sequence
from functools import cache

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from helpers.checks.keys import key_of
from helpers.checks.notebook import digest, exercise_of, submission
from helpers.course import Lesson, course_folder, lesson
from helpers.grading.reading import IDENT, NOT_GRADABLE
from helpers.grading.staging import reason_against
from helpers.language import Text

ADDED = "added_by_learner"
FOR_COLAB = ("badge", "colab")
"""Our cells that say nothing in a graded notebook."""
WORDS = "words-"
"""The id of a cell for the learner's words begins so."""

_WRAPPED = "white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;font-family:inherit"
_NOT_THERE = Text("*This cell was not in the notebook that was handed in.*", "*提交的笔记本中没有这个单元格。*")


class Restitch(NbGraderPreprocessor):
    """Replace a submitted notebook by the released one with its answers, its words and the cells the learner added."""

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        where = resources["nbgrader"]
        return restitched(nb, where["assignment"], where["notebook"]), resources


def restitched(submitted: nbformat.NotebookNode, assignment: str, name: str) -> nbformat.NotebookNode:
    """The released notebook of this name with the answers of a submitted one, as `plain_notebook` reads it."""
    cells = [{"kind": cell.cell_type, "source": cell.source, "id": cell.metadata.get(IDENT, "")} for cell in submitted.cells]
    of = lesson(assignment)
    whole = stitched(cells, of, name)
    reason = submitted.metadata.get(NOT_GRADABLE) or reason_against(cells, of, name)
    if reason:
        whole.metadata[NOT_GRADABLE] = reason
    return whole


def stitched(cells: Sequence[dict], of: Lesson, name: str) -> nbformat.NotebookNode:
    """The released notebook of this name with the answers, words and added cells of these plain cells."""
    answered = submission(list(cells), key_of(of).notebooks[name])
    whole = copy.deepcopy(released(of, name))
    words = _words(cells, whole)
    kept = []
    for cell in (cell for cell in whole.cells if cell.id not in FOR_COLAB):
        exercise = exercise_of(cell.source) if cell.cell_type == "code" else None
        if exercise in answered.answers:
            cell.source = answered.answers[exercise]
        elif cell.id in words and words[cell.id].strip() != cell.source.strip():
            cell.source = as_text(words[cell.id])
        elif cells and cell.id.startswith(WORDS) and cell.id not in words:
            cell.source += f"\n\n{_NOT_THERE}"        # no longer the stub: what is missing is not taken for unanswered
        kept.append(cell)
        if cell.id == "setup":
            kept += [nbformat.v4.new_code_cell(source, id=f"added-{i}", metadata={ADDED: True}) for i, source in enumerate(answered.added)]
    whole.cells = kept
    return whole


def _words(cells: Sequence[dict], whole: nbformat.NotebookNode) -> dict[str, str]:
    """What the learner wrote, by the id of the released cell for it.

    A cell is known by its id, or, in an editor that gives new ones, by its first paragraph; text cells added right below belong to it.
    """
    leads = {_lead(cell.source): cell.id for cell in whole.cells if cell.id.startswith(WORDS)}
    ours, ids = {digest(cell.source) for cell in whole.cells}, {cell.id for cell in whole.cells}
    found: dict[str, str] = {}
    last = None
    for cell in cells:
        own = cell["id"] if cell["id"] in leads.values() else leads.get(_lead(cell["source"])) if cell["kind"] != "code" else None
        if own:
            stub = digest(cell["source"]) in ours
            found[own] = found[own] if stub and own in found else cell["source"]
            last = own
        elif last and cell["kind"] != "code" and cell["id"] not in ids and digest(cell["source"]) not in ours:
            found[last] += f"\n\n{cell['source']}"
        else:
            last = None
    return found


def _lead(source: str) -> str:
    return source.strip().partition("\n\n")[0].strip()


def as_text(words: str) -> str:
    """Markdown that shows these words as they were typed, wrapped: a page made from the learner's own Markdown would run what it holds.

    All in one line, which Markdown takes as HTML to its end, and without the letters that begin a formula.
    """
    plain = html.escape(words).translate({ord(letter): f"&#{ord(letter)};" for letter in "\n\r\\$"})
    return f'<pre style="{_WRAPPED}">{plain}</pre>'


@cache
def released(of: Lesson, name: str) -> nbformat.NotebookNode:
    """The released notebook of this name; copy it before changing it."""
    return nbformat.read(course_folder() / "notebooks" / of.name / f"{name}.ipynb", as_version=4)
