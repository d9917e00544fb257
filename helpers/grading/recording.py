"""Results into nbgrader's gradebook: by its own pipeline (`SaveGrades`), or a whole class at once (`Gradebook`).

What cannot be graded waits for a person instead of counting as 0.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from unittest import mock

import nbformat
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.api import Grade, Gradebook, MissingEntry
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import SaveAutoGrades
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from helpers.checks.notebook import NOT_GRADABLE
from helpers.course import Lesson
from helpers.grading.grader import CannotGrade
from helpers.grading.judging import UNREADABLE, write
from helpers.grading.restitch import WORDS, stitched
from helpers.grading.results import Result, write_whole
from helpers.grading.staging import HandIn
from helpers.grading.written import Written, disagreement, hand_to_reader

STAMP = "graded"
"""In an autograded notebook's metadata: the result it shows.  It is written after the gradebook, so that it vouches for it."""


class SaveGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades, save that a notebook marked not gradable gets no score, the mark "needs manual grade" and the reason."""

    _reason: str | None = None

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        self._reason = nb.metadata.get(NOT_GRADABLE)
        return super().preprocess(nb, resources)

    def save(self, gradebook: Gradebook, nb: nbformat.NotebookNode, student: str, assignment: str, notebook: str) -> None:
        """As `preprocess`, in a gradebook that is open already."""
        self.gradebook, self.student_id, self.assignment_id, self.notebook_id = gradebook, student, assignment, notebook
        self._reason = nb.metadata.get(NOT_GRADABLE)
        for i, cell in enumerate(nb.cells):
            self.preprocess_cell(cell, {}, i)

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
            comment.auto_comment = str(UNREADABLE.format(reason=self._reason))
            self.gradebook.db.commit()


def open_gradebook(url: str, course_id: str) -> Gradebook:
    """nbgrader's gradebook at this address, made if there is none: a file has its name only once it is whole.

    nbgrader makes the tables first and notes their version after: killed in between, it would leave a gradebook that no later nbgrader
    can upgrade.  And it asks a process for the version, which takes seconds and which a killed grader leaves behind.
    """
    place = make_url(url)
    with mock.patch.object(api, "get_alembic_version", schema_version):
        if place.get_backend_name() == "sqlite" and place.database and not Path(place.database).exists():
            part = Path(place.database).with_name(f".gradebook.{os.getpid()}.part")
            part.unlink(missing_ok=True)
            Gradebook(place.set(database=str(part)).render_as_string(hide_password=False), course_id).close()
            os.replace(part, place.database)
        return Gradebook(url, course_id)


def schema_version() -> str:
    """The version of the gradebook's tables that the installed nbgrader makes."""
    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


class ClassBook:
    """The gradebook and the autograded notebooks of a course folder.  A context manager."""

    def __init__(self, course: Path):
        warnings.filterwarnings("ignore", category=SAWarning)        # nbgrader's own queries, harmless and on every row
        config = PyFileConfigLoader("nbgrader_config.py", path=str(course)).load_config()
        self._course = course
        self._autograded = course / config.CourseDirectory.autograded_directory
        self._gradebook = open_gradebook(config.CourseDirectory.db_url, config.CourseDirectory.course_id)
        # Hundreds of small commits: the results' own files survive a power cut, and the gradebook is filled from them.
        self._gradebook.db.connection().exec_driver_sql("PRAGMA synchronous=OFF")
        self._config: Config = config
        self._save = SaveGrades()
        self._manual = Written(config=config).manual

    def __enter__(self) -> ClassBook:
        return self

    def __exit__(self, *_: object) -> None:
        self._gradebook.close()

    def register(self, of: Lesson, students: Iterable[str]) -> None:
        """Make the lesson known to the gradebook, as `nbgrader generate_assignment` does, and these students, if they are not yet.

        All students at once and in order, because nbgrader exports them in the order they came.  CannotGrade if the gradebook was made
        with another choice of written answers.
        """
        if not self._known(of):
            self._generate(of)
        for student in sorted(students):
            self._gradebook.update_or_create_student(student)
        for notebook in self._gradebook.find_assignment(of.name).notebooks:
            why = disagreement(self._gradebook, of, notebook.name, self._manual)
            if why:
                raise CannotGrade(str(why))

    def _known(self, of: Lesson) -> bool:
        """Whether the gradebook knows the lesson whole.

        nbgrader makes it known cell by cell, and may have been killed on the way.  Submissions come after the last cell, so only they
        prove that none is missing; without any, making it known anew loses nothing.
        """
        try:
            return self._gradebook.find_assignment(of.name).num_submissions > 0
        except MissingEntry:
            return False

    def _generate(self, of: Lesson) -> None:
        from nbgrader.apps import NbGraderAPI

        from helpers.authoring.build import nbgrader_sources

        for path, text in nbgrader_sources(self._course, of).items():
            write_whole(path, text)
        made = NbGraderAPI(config=self._config).generate_assignment(of.name, force=True)
        if not made["success"]:
            raise RuntimeError(f"nbgrader could not register {of.name}:\n{made['log']}{made['error']}")

    def unread(self, of: Lesson) -> int:
        """How many written answers to this lesson no person has scored yet."""
        waiting = self._gradebook.db.query(Grade).filter(Grade.needs_manual_grade)
        return sum(grade.name.startswith(WORDS) and grade.notebook.assignment.name == of.name for grade in waiting)

    def holds(self, result: Result) -> bool:
        """Whether this very result is in the gradebook already."""
        try:
            return json.loads(self._path(result).read_text(encoding="utf-8"))["metadata"].get(STAMP) == stamp(result)
        except (OSError, ValueError, KeyError):
            return False

    def record(self, of: Lesson, graded: Sequence[tuple[HandIn, Result]]) -> None:
        """Write one student's results into the gradebook and their notebooks beside it."""
        student = graded[0][1].student
        book = self._gradebook
        handed_in_at = next((hand_in.timestamp for hand_in, _ in graded if hand_in.timestamp), None)
        submission = book.update_or_create_submission(of.name, student, **({"timestamp": handed_in_at} if handed_in_at else {}))
        handed_in = {result.notebook for _, result in graded}
        for missing in (each for each in submission.notebooks if each.name not in handed_in):
            for grade in missing.grades:        # as nbgrader does
                grade.auto_score, grade.needs_manual_grade = 0, False
        notebooks = []
        for hand_in, result in graded:
            nb = stitched(hand_in.cells, of, hand_in.notebook)
            hand_to_reader(nb, of, hand_in.notebook, self._manual)
            write(nb, result)
            self._save.save(book, nb, student, of.name, hand_in.notebook)
            nb.metadata[STAMP] = stamp(result)
            notebooks.append((self._path(result), nb))
        book.db.commit()
        for path, nb in notebooks:
            write_whole(path, json.dumps(nb, ensure_ascii=False, indent=1))

    def _path(self, result: Result) -> Path:
        return self._autograded / result.student / result.lesson / f"{result.notebook}.ipynb"


def stamp(result: Result) -> str:
    """A digest of everything a result says."""
    return hashlib.sha256(json.dumps(result.as_json(), sort_keys=True).encode()).hexdigest()[:16]
