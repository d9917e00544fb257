"""Written answers that a person reads: a lesson's closing answer, against the criteria its learner was shown.

`c.Written.manual` in nbgrader_config.py chooses which ones wait: "memo" (lesson 06's memo alone), "all" (each lesson's closing answer,
"answer again with your numbers"; the first 60-second answer is for completion only; of lesson 06 the memo) or "none".  A criterion that is met
is worth a point, so these points stand beside the lesson's 100: with five criteria its maximum is 105.  The stub left as it was earns 0 without
a reader.
nbgrader cannot add or remove cells once a lesson was handed in: choose before the first grading.
"""

from __future__ import annotations

import copy
import re

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum
from traitlets import Enum

from helpers.course import Lesson
from helpers.grading.judging import refuse
from helpers.grading.restitch import WORDS, released
from helpers.interview import words
from helpers.language import Text, language

CRITERIA = "criteria"
"""The id of the cell that shows them."""

_SHOWN = Text("**Criteria: one point for each that is met**", "**评阅标准：每满足一条得一分**")
_OTHER_CHOICE = Text(
    "The gradebook was made with another choice of written answers for {lesson} than Written.manual = {manual!r} in nbgrader_config.py. Set "
    "it back, or begin the lesson anew (its scores by hand are lost): nbgrader db assignment remove {lesson} --force",
    "成绩册中 {lesson} 的书面作答设置与 nbgrader_config.py 的 Written.manual = {manual!r} 不一致。请改回原值，或重建本课的成绩记录（人工评分会丢失）："
    "nbgrader db assignment remove {lesson} --force")


class Written(NbGraderPreprocessor):
    """Make the chosen written answers nbgrader's manually graded cells; in a submission, show the criteria below them."""

    manual = Enum(("memo", "all", "none"), "memo", help="the written answers that wait for a person: lesson 06's memo, each lesson's "
                  "closing answer, or none").tag(config=True)

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        where = resources["nbgrader"]
        of = Lesson(where["assignment"])
        if where["student"] == ".":         # the release, and what nbgrader's gradebook is made from
            mark(nb, nb, of, self.manual)
            return nb, resources
        with Gradebook(where["db_url"]) as gradebook:
            why = disagreement(gradebook, of, where["notebook"], self.manual)
        if why:
            refuse(self, where, str(why))
        hand_to_reader(nb, of, where["notebook"], self.manual)
        return nb, resources


def hand_to_reader(nb: nbformat.NotebookNode, of: Lesson, name: str, manual: str) -> None:
    """Mark the chosen written answer of a stitched notebook of this name, and show the criteria below it."""
    chosen = mark(nb, released(of, name), of, manual)
    if chosen is not None:
        listed = "\n".join(f"{number}. {criterion}" for number, criterion in enumerate(criteria(of), start=1))
        nb.cells.insert(nb.cells.index(chosen) + 1, nbformat.v4.new_markdown_cell(f"{_SHOWN}\n\n{listed}", id=CRITERIA))


def mark(nb: nbformat.NotebookNode, stubs: nbformat.NotebookNode, of: Lesson, manual: str) -> nbformat.NotebookNode | None:
    """Give the chosen written answer nbgrader's metadata, and no other one; the cell, or None.

    stubs: the notebook as released.  nbgrader takes a cell whose checksum is its stub's for unanswered.
    """
    stub = closing(stubs) if manual == "all" or (manual == "memo" and of.number == "06") else None
    chosen = None
    for cell in nb.cells:
        if not cell.get("id", "").startswith(WORDS):
            continue
        cell.metadata.pop("nbgrader", None)
        if stub is not None and cell.id == stub.id:
            chosen, blank = cell, copy.deepcopy(stub)
            blank.metadata["nbgrader"] = nbformat.from_dict({
                "schema_version": 3, "grade": True, "solution": True, "locked": False, "task": False, "grade_id": cell.id,
                "points": len(criteria(of)), "cell_type": cell.cell_type})
            cell.metadata["nbgrader"] = {**blank.metadata.nbgrader, "checksum": compute_checksum(blank)}
    return chosen


def closing(nb: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The cell of a released notebook's closing answer: the last one for words above `reveal`; None if nothing is revealed there."""
    last = None
    for cell in nb.cells:
        if cell.cell_type == "code" and cell.source.lstrip().startswith("reveal("):
            return last
        if cell.id.startswith(WORDS):
            last = cell
    return None


def criteria(of: Lesson) -> list[str]:
    """What a closing answer is measured by, in the current language: a memo by its own criteria."""
    sections = words(of, language()).sections
    return [each.strip() for each in re.split(r"^[-*] ", sections.get("Memo criteria", sections["Criteria"]), flags=re.MULTILINE)[1:]]


def disagreement(gradebook: Gradebook, of: Lesson, name: str, manual: str) -> Text | None:
    """What to tell if the gradebook's cells for written answers are not the chosen ones."""
    notebook = gradebook.find_notebook(name, of.name)
    there = {cell.name for cell in notebook.grade_cells if cell.name.startswith(WORDS)}
    chosen = mark(copy.deepcopy(released(of, name)), released(of, name), of, manual)
    return _OTHER_CHOICE.format(lesson=of.name, manual=manual) if there != ({chosen.id} if chosen else set()) else None
