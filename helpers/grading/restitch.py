"""nbgrader's first step: the released notebook with the learner's answers in it.

Whatever happened to the cells that are ours, to metadata, order or format, is undone by starting from our own copy.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from functools import cache

import nbformat
from nbgrader.preprocessors import NbGraderPreprocessor

from helpers.checks.keys import key_of
from helpers.checks.notebook import exercise_of, submission
from helpers.course import Lesson, course_folder, lesson
from helpers.grading.reading import IDENT, NOT_GRADABLE
from helpers.grading.staging import reason_against

ADDED = "added_by_learner"


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
    words = {cell["id"]: cell["source"] for cell in cells if cell["id"].startswith("words-")}     # they earn no points
    whole = copy.deepcopy(_released(of, name))
    kept = []
    for cell in whole.cells:
        exercise = exercise_of(cell.source) if cell.cell_type == "code" else None
        if exercise in answered.answers:
            cell.source = answered.answers[exercise]
        elif cell.id in words and words[cell.id].strip() != cell.source.strip():
            cell.source = as_text(words[cell.id])
        kept.append(cell)
        if cell.id == "setup":
            kept += [nbformat.v4.new_code_cell(source, metadata={ADDED: True}) for source in answered.added]
    whole.cells = kept
    return whole


def as_text(words: str) -> str:
    """Markdown that shows these words as they were typed: a page made from the learner's own Markdown would run what it holds."""
    fence = "`" * (1 + max([2, *(len(run) for run in re.findall("`+", words))]))
    return f"{fence}text\n{words}\n{fence}"


@cache
def _released(of: Lesson, name: str) -> nbformat.NotebookNode:
    return nbformat.read(course_folder() / "notebooks" / of.name / f"{name}.ipynb", as_version=4)
