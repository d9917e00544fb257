"""The same class under stock nbgrader, to compare speeds with: its own preprocessors run the same cells on the same hidden cases.

Setup cell and exercise cells alone, and for each exercise one test cell that calls the answer as our grader does and judges it by the
same judge.  So what differs is how the two grade, not what.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from helpers.authoring.build import METADATA
from helpers.authoring.source import notebooks
from helpers.checks import codec
from helpers.checks.worker import encode_case
from helpers.course import Lesson
from helpers.grading.exam import Exam

# The absolute database: nbgrader would look for a relative one where it is started.  Hidden cases lie in a file beside the gradebook.
CONFIG = """c = get_config()
c.CourseDirectory.root = {folder!r}
c.CourseDirectory.course_id = "stock"
c.CourseDirectory.db_url = "sqlite:///" + {folder!r} + "/gradebook.db"
c.Execute.timeout = 600
"""

TEST = """import json
from pathlib import Path
from helpers.checks import codec
from helpers.checks.calling import Outcome
from helpers.checks.exercise import Case, find

record = find({name!r})
for told in json.loads(Path({data!r}).read_text(encoding="utf-8"))[record.name]:
    case = Case((), {{}}, told["function"], training=codec.decode(told["training"]), new=codec.decode(told["new"]),
                truth=codec.decode(told["truth"]))
    args, kwargs = codec.decode(told["arguments"])
    expected = Outcome.from_json(told["expected"]) if told["expected"] else None
    try:
        got = record.call(globals()[case.function], case, args, kwargs)
    except Exception as error:
        assert told["error"] == type(error).__name__, error
    else:
        assert not told["error"]
        assert record.judge.difference(case if record.trained else expected.answer, got) is None"""


def solved(course: Path, of: Lesson, name: str) -> dict:
    """The released notebook of this name with the references in place of the stubs, as a right learner hands it in."""
    source = next(each for each in notebooks(course, of) if each.name == name)
    answers = {f"answer-{cell.exercise}": cell.solved() for cell in source.cells if cell.exercise}
    notebook = json.loads((course / "notebooks" / of.name / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    return notebook


class Stock:
    """An assignment in a folder of its own, under nbgrader's defaults."""

    def __init__(self, course: Path, exam: Exam, folder: Path):
        """Write the source notebook and generate the assignment.  RuntimeError with nbgrader's log if that fails."""
        self.folder, self._exam = folder, exam
        source = next(each for each in notebooks(course, exam.lesson) if each.name == exam.notebook)
        answers = {cell.exercise: cell.solved() for cell in source.cells if cell.exercise}
        data = folder / "cases.json"
        folder.mkdir(parents=True)
        data.write_text(json.dumps({asked.exercise.name: _told(exam, asked) for asked in exam.asked}), encoding="utf-8")
        (folder / "nbgrader_config.py").write_text(CONFIG.format(folder=str(folder)), encoding="utf-8")
        setup = next(cell.source for cell in source.cells if "setup" in cell.tags)
        cells = [_cell("setup", setup, locked=True)]
        for asked in exam.asked:
            name, points = asked.exercise.name, asked.exercise.points
            cells += [_cell(f"answer-{name}", answers[name], solution=True),
                      _cell(f"check-{name}", TEST.format(name=name, data=str(data)), grade=True, locked=True, points=points)]
        self._solved = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
        place = folder / "source" / exam.lesson.name / f"{exam.notebook}.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(self._solved, place)
        self._nbgrader("generate_assignment", exam.lesson.name)

    def seconds(self, students: list[str]) -> float:
        """Hand a right notebook in for each of these students and grade them.  RuntimeError if one of its cells failed."""
        for student in students:
            place = self.folder / "submitted" / student / self._exam.lesson.name
            place.mkdir(parents=True)
            nbformat.write(copy.deepcopy(self._solved), place / f"{self._exam.notebook}.ipynb")
        started = time.monotonic()
        self._nbgrader("autograde", self._exam.lesson.name)
        seconds = time.monotonic() - started
        self._ran_without_error(students)
        return seconds

    def _nbgrader(self, *arguments: str) -> None:
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONWARNINGS": "ignore", "MPLBACKEND": "agg"}
        # nbgrader makes its database with the command `alembic`, which stands beside this Python.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        ran = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=self.folder, env={**os.environ, **quiet, "PATH": path},
                             capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(ran.stdout + ran.stderr)

    def _ran_without_error(self, students: list[str]) -> None:
        for student in students:
            graded = nbformat.read(self.folder / "autograded" / student / self._exam.lesson.name / f"{self._exam.notebook}.ipynb", as_version=4)
            for output in (each for cell in graded.cells for each in cell.outputs if each.output_type == "error"):
                raise RuntimeError(f"stock nbgrader ran a right answer into an error: {output.ename}: {output.evalue}")

    def points(self, student: str) -> float:
        """What stock nbgrader gives this student: 0 for a right model if TensorFlow writes one line to stderr."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.folder}/gradebook.db", "stock") as book:
            return book.find_submission(self._exam.lesson.name, student).score


def _told(exam: Exam, asked) -> list[dict]:
    expected = exam.answers[asked.exercise.name].expected
    return [{**encode_case(case), "truth": codec.encode(case.truth), "error": case.error.__name__ if case.error else None,
             "expected": expected[i].as_json() if expected else None} for i, case in enumerate(asked.cases)]


def _cell(name: str, source: str, *, grade: bool = False, solution: bool = False, locked: bool = False,
          points: int = 0) -> nbformat.NotebookNode:
    told = {"grade": grade, "solution": solution, "locked": locked, "task": False, "grade_id": name, "schema_version": 3}
    if grade:
        told["points"] = points
    return nbformat.v4.new_code_cell(source, id=name.replace("_", "-")[:64], metadata={"nbgrader": told})
