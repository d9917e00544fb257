"""`make new`: the skeleton of an exercise works as it is written."""

import shutil
import subprocess
import sys

import pytest

from helpers.authoring.new import new_exercise


@pytest.fixture
def copy(course, tmp_path):
    """A copy of the course in which an exercise may be added."""
    for name in ("helpers", "solutions"):
        shutil.copytree(course / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb", "keys"))
    for name in ("nbgrader_config.py", "pyproject.toml", "README.md", "README.zh.md"):
        shutil.copy(course / name, tmp_path / name)
    return tmp_path


@pytest.mark.slow
def test_a_new_exercise_touches_three_files_builds_and_keeps_every_promise(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    said = new_exercise(copy, "00", "mean_gap")
    changed = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file() and before.get(path) != path.read_bytes()}
    assert changed == {"solutions/00_start/start_more.py", "solutions/00_start/mistakes.py", "helpers/checks/start.py"}
    assert all(name in said for name in changed)
    prove = ("from pathlib import Path; from helpers.authoring.proof import broken_promises as broken; from helpers.checks.exercise import find;"
             "from helpers.authoring.build import outputs; from helpers.course import lesson;"
             "made = dict(outputs(Path('.').resolve(), lesson('00')));"
             "assert any('mean_gap' in text for path, text in made.items() if path.name == 'start_more.ipynb');"
             "print(list(broken(Path('.').resolve(), find('mean_gap'), 5)))")
    ran = subprocess.run([sys.executable, "-c", prove], cwd=copy, capture_output=True, text=True, timeout=300, check=False,
                         env={"PATH": "", "PYTHONPATH": str(copy), "HOME": str(copy)})
    assert ran.stdout.strip() == "[]", ran.stdout + ran.stderr


@pytest.mark.parametrize(("lesson", "name", "says"), [
    ("99", "hit_rate", "no lesson"), ("00", "hit-rate", "cannot be a function's name"), ("00", "class", "cannot be a function's name"),
    ("00", "temporal_split", "has an exercise temporal_split already")])
def test_what_cannot_be_made_is_refused_and_writes_nothing(copy, lesson, name, says):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    with pytest.raises(ValueError, match=says):
        new_exercise(copy, lesson, name)
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
