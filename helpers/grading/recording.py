"""What cannot be graded waits for a person instead of counting as 0."""

from __future__ import annotations

import nbformat
from nbgrader.preprocessors import SaveAutoGrades

from helpers.grading.reading import NOT_GRADABLE


class SaveGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, save that a notebook marked not gradable gets no score, the mark "needs manual grade" and the reason."""

    _reason: str | None = None

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        self._reason = nb.metadata.get(NOT_GRADABLE)
        return super().preprocess(nb, resources)

    def _add_score(self, cell: nbformat.NotebookNode, resources: dict) -> None:
        super()._add_score(cell, resources)
        if self._reason is not None:
            grade = self.gradebook.find_grade(cell.metadata["nbgrader"]["grade_id"], self.notebook_id, self.assignment_id,
                                              self.student_id)
            grade.auto_score, grade.needs_manual_grade = None, True
            self.gradebook.db.commit()

    def _add_comment(self, cell: nbformat.NotebookNode, resources: dict) -> None:
        super()._add_comment(cell, resources)
        if self._reason is not None:
            comment = self.gradebook.find_comment(cell.metadata["nbgrader"]["grade_id"], self.notebook_id, self.assignment_id,
                                                  self.student_id)
            comment.auto_comment = f"Not gradable: {self._reason}"
            self.gradebook.db.commit()
