"""Running a notebook: what is the kernel's fault, and what the notebook's."""

import json
import sys

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from helpers.authoring.execute import run_notebook

LAUNCH = """
import pathlib, runpy, sys
starts = pathlib.Path(sys.argv.pop(1))
sofar = int(starts.read_text()) if starts.exists() else 0
starts.write_text(str(sofar + 1))
if sofar < int(sys.argv.pop(1)):
    sys.exit("Address already in use")
runpy.run_module("ipykernel_launcher", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """run(cells, deaths): run a notebook in a kernel that dies at its first `deaths` starts.  -> (Run, number of starts)."""
    starts = tmp_path / "starts"

    def run(cells, deaths):
        spec = tmp_path / "kernels" / "frail"
        spec.mkdir(parents=True)
        (spec / "kernel.json").write_text(json.dumps({
            "argv": [sys.executable, "-c", LAUNCH, str(starts), str(deaths), "-f", "{connection_file}"],
            "display_name": "Frail", "language": "python"}))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        path = tmp_path / "lesson.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, id=f"cell-{i}") for i, cell in enumerate(cells)]),
                       path)
        return run_notebook(path, tmp_path, timeout=60, kernel="frail")

    run.starts = starts
    return run


def test_a_kernel_that_dies_before_its_first_answer_is_started_again(run):
    ran = run(["print(6 * 7)"], deaths=2)
    assert (ran.shown("cell-0").strip(), run.starts.read_text()) == ("42", "3")


def test_a_kernel_that_never_starts_is_an_error(run):
    with pytest.raises(RuntimeError, match="Kernel died before replying"):
        run(["print(6 * 7)"], deaths=99)
    assert run.starts.read_text() == "3"


def test_a_cell_that_kills_its_kernel_is_an_error_and_is_not_run_again(run):
    with pytest.raises(DeadKernelError):
        run(["import os; os._exit(1)"], deaths=0)
    assert run.starts.read_text() == "1"
