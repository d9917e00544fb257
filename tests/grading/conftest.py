"""A copy of the course in which nbgrader may write, and submissions made for it."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.authoring.build import NBGRADER_SOURCE, outputs
from helpers.authoring.source import notebooks
from helpers.course import lesson

ASSIGNMENT, NOTEBOOK = "00_start", "start"


class Classroom:
    """A course folder of its own, with nbgrader's commands and ways to hand in."""

    def __init__(self, course: Path, folder: Path):
        self.folder = folder
        for name in ("notebooks", "solutions"):
            shutil.copytree(course / name, folder / name)
        for name in ("nbgrader_config.py", "pyproject.toml"):
            shutil.copy(course / name, folder / name)
        for path, text in outputs(course, lesson(ASSIGNMENT)):
            if path.is_relative_to(course / NBGRADER_SOURCE):
                place = folder / path.relative_to(course)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
        self.released = json.loads((folder / "notebooks" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
        source = next(s for s in notebooks(course, lesson(ASSIGNMENT)) if s.name == NOTEBOOK)
        self.references = {cell.exercise: cell.solved() for cell in source.cells if cell.exercise}

    def nbgrader(self, *arguments: str) -> str:
        """Run one of nbgrader's own commands here; its log.  AssertionError if it fails."""
        command = [str(Path(sys.executable).parent / "nbgrader"), *arguments]
        ran = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False,
                             env={**os.environ, "PYTHONWARNINGS": "ignore"})
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def answered(self, **answers: str) -> dict:
        """The released notebook with these cells in place of the stubs."""
        notebook = copy.deepcopy(self.released)
        for cell in notebook["cells"]:
            name = str(cell.get("id", "")).removeprefix("answer-")
            if name in answers:
                cell["source"] = answers[name]
        return notebook

    def hand_in(self, student: str, notebook: dict | str, name: str = f"{NOTEBOOK}.ipynb") -> None:
        """Put a notebook, or a file's text, where nbgrader looks for this student's submission."""
        place = self.folder / ".grading" / "submitted" / student / ASSIGNMENT
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")


@pytest.fixture(scope="module")
def classroom(course, tmp_path_factory) -> Classroom:
    """One classroom for a module of tests."""
    return Classroom(course, tmp_path_factory.mktemp("class"))
