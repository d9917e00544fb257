"""A copy of the course in which nbgrader may write, and submissions made for it."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from helpers.authoring.build import nbgrader_sources
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
        sources = notebooks(course, lesson(ASSIGNMENT))
        for path, text in nbgrader_sources(folder, lesson(ASSIGNMENT)).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.released = json.loads((folder / "notebooks" / ASSIGNMENT / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
        source = next(each for each in sources if each.name == NOTEBOOK)
        self.references = {cell.exercise: cell.solved() for cell in source.cells if cell.exercise}

    def nbgrader(self, *arguments: str) -> str:
        """Run one of nbgrader's own commands here; its log.  AssertionError if it fails."""
        ran = self.run("nbgrader", *arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def run(self, command: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run a command of this Python's environment here."""
        return subprocess.run([str(Path(sys.executable).parent / command), *arguments], cwd=self.folder, capture_output=True, text=True,
                              timeout=600, check=False, env={**os.environ, "PYTHONWARNINGS": "ignore", **environment})

    def configure(self, line: str) -> None:
        """Add a line to this classroom's nbgrader_config.py."""
        with (self.folder / "nbgrader_config.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    def twin(self, folder: Path) -> "Classroom":
        """The same course folder once more, with all that was handed in."""
        other = copy.copy(self)
        other.folder = Path(shutil.copytree(self.folder, folder))
        return other

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
