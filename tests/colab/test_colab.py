"""The solved notebooks run under Colab's versions, installed by their own first cell and by nothing else."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.authoring.bench import NOTEBOOK_SECONDS, SLACK
from helpers.authoring.execute import run_notebook
from helpers.authoring.source import notebooks
from helpers.course import course_folder, lessons
from helpers.data import installed

# One group: its tests share an environment, so one worker runs them all.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800), pytest.mark.xdist_group("colab")]
REQUIREMENTS = Path(__file__).parent / "requirements.txt"
OURS = {"retention-course", *(package.distribution for package in installed.packages())}
ON_COLAB = "import sys, types\nsys.modules['google.colab'] = types.ModuleType('google.colab')"
IN_CI = ("00_start", "01_behaviour")
"""Lessons that every CI run tries under Colab's versions; `make prove` tries all."""
NOTEBOOKS = [pytest.param(lesson, source, id=source.name, marks=() if lesson.name in IN_CI else pytest.mark.prove)
             for lesson in lessons() for source in notebooks(course_folder(), lesson)]


def interpreter() -> str | None:
    """A CPython 3.13, or 3.12 if there is none."""
    for version in ("3.13", "3.12"):
        pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        for python in (f"python{version}", *sorted(pyenv.glob(f"{version}.*/bin/python"))):
            try:
                told = subprocess.run([str(python), "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True,
                                      text=True, timeout=60, check=False)
            except OSError:
                continue
            if told.stdout.strip() == version:
                return str(python)
    return None


@pytest.fixture(scope="session")
def colab(course) -> Path:
    """An environment with Colab's versions, kept between runs; our package and the data are not in it."""
    python = interpreter()
    if python is None:
        pytest.skip("neither CPython 3.13 nor 3.12 is here, and Colab runs on 3.13")
    stamp = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = course / ".venv-colab" / stamp
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # another run of these tests in this folder waits
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([python, "-m", "venv", folder], check=True)
            subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
            (folder / "ready").touch()
    ours = [name for name in packages(folder) if name in OURS]
    if ours:
        subprocess.run([folder / "bin" / "python", "-m", "pip", "uninstall", "--quiet", "--yes", *ours], check=True)
    return folder


@pytest.fixture(scope="session")
def wheel(course, tmp_path_factory) -> Path:
    """Our wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, course],
                   check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture
def kernel(colab, wheel, tmp_path, monkeypatch) -> str:
    """A kernel of that environment, whose source of the course is our wheel."""
    spec = tmp_path / "kernels" / "colab"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({
        "argv": [str(colab / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Colab", "language": "python", "env": {"RETENTION_SOURCE": str(wheel), "TF_CPP_MIN_LOG_LEVEL": "3"}}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return "colab"


def packages(folder: Path) -> dict[str, str]:
    """Installed distributions and their versions."""
    told = subprocess.run([folder / "bin" / "python", "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True)
    return {each["name"].lower().replace("_", "-"): each["version"] for each in json.loads(told.stdout)}


@pytest.mark.parametrize(("lesson", "source"), NOTEBOOKS)
def test_a_solved_notebook_installs_the_course_and_runs_under_colabs_versions(course, colab, kernel, tmp_path, lesson, source):
    before = packages(colab)
    ran = run_notebook(course / "solutions" / lesson.name / f"{source.name}.ipynb", tmp_path, kernel=kernel, before=ON_COLAB,
                       timeout=SLACK * NOTEBOOK_SECONDS[source.name])
    assert ran.errors() == []
    for exercise in source.exercises:
        assert ran.shown(f"check-{exercise.name}").startswith("✓"), ran.shown(f"check-{exercise.name}")
    after = packages(colab)
    assert {name for name in after if name not in before} <= OURS
    assert {name: after[name] for name in before} == before


def test_the_wheel_holds_the_data_folder_and_no_solution(wheel):
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    assert "helpers/data/files/README.md" in names
    assert "helpers/checks/keys/start.json" in names
    assert [name for name in names if "solutions" in name or "mistakes_of" in name or name.startswith("tests")] == []
