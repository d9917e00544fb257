"""`python -m helpers`: a table that is right about this machine, and useful on one where something is missing."""

import ast
import importlib.metadata
import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from helpers import __main__ as command
from helpers import environment
from helpers.data import download, installed
from helpers.environment import Row
from helpers.language import Text

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(rows, file=None) -> tuple[int, str]:
    file = file or io.StringIO()
    return environment.show(rows, file), file.getvalue()


def find(rows, what) -> Row:
    return next(row for row in rows if str(row.what) == what)


# The table

def test_this_machine_is_ready():
    rows = environment.table()
    assert [row for row in rows if row.ok is False] == []
    assert printed(rows)[0] == 0


def test_every_package_of_pyproject_has_a_row_or_carries_a_data_set_that_has():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in environment.OPTIONAL for r in project["optional-dependencies"][extra])]
    names = {re.match(r"[\w.-]+", requirement)[0] for requirement in wanted} - {environment.COURSE}
    assert names <= {str(row.what) for row in environment.table()}


def test_every_requirement_can_be_read_and_holds_the_bound_of_the_metadata():
    for requirement in importlib.metadata.requires(environment.COURSE):
        name, bounds, _ = environment._parse(requirement)
        assert requirement.startswith(name)
        assert environment._within(importlib.metadata.version(name), bounds)


def test_a_missing_package_fails_and_says_what_to_run():
    row, = environment.packages(["no-such-package-here>=2.1"])
    assert (row.wanted, row.ok) == (">=2.1", False)
    assert 'pip install "no-such-package-here>=2.1"' in row.advice.en
    assert 'pip install "no-such-package-here>=2.1"' in row.advice.zh


def test_a_package_too_old_or_too_new_fails_and_says_what_to_run():
    low, high = environment.packages(["numpy>=99", "pytest==0.1"])
    assert (low.ok, high.ok) == (False, False)
    assert low.found == importlib.metadata.version("numpy")
    assert 'pip install --upgrade "numpy>=99"' in low.advice.en


def test_a_package_of_an_optional_extra_is_told_but_is_no_failure():
    row, = environment.packages(["no-such-package-here>=1; extra == 'grade'"])
    assert row.ok is None
    assert "grading a class" in row.advice.en


def test_a_package_stands_once_and_as_needed_when_any_learner_needs_it():
    row, = environment.packages(["numpy>=99; extra == 'test'", "numpy>=2"])
    assert (row.wanted, row.ok) == (">=2", True)


@pytest.mark.parametrize(("version", "bounds", "within"), [
    ("2.10.0", ">=2.9", True), ("2.20.0rc1", ">=2.20", True), ("3", ">=3.0.0", True), ("3.14.0", ">=3.11,<3.14", False),
    ("3.13.9", ">=3.11,<3.14", True), ("0.1.0", "==0.1.0", True), ("0.1.1", "==0.1.0", False), ("1.5", "!=1.5", False),
    ("1", "", True), ("2", "<=1.9", False), ("2", ">1.9", True)])
def test_versions_compare_as_numbers(version, bounds, within):
    assert environment._within(version, bounds) is within


@pytest.mark.parametrize("requirement", ["numpy @ file:///x", "numpy>=2; python_version < '3.12'", ""])
def test_a_requirement_of_another_form_is_an_error_not_a_guess(requirement):
    with pytest.raises(ValueError, match="cannot read"):
        environment._parse(requirement)


def test_the_python_row_holds_the_metadatas_bounds(monkeypatch):
    row = environment._python()
    assert row.ok
    assert set(row.wanted.split(",")) == {">=3.11", "<3.14"}
    monkeypatch.setattr(environment.platform, "python_version", lambda: "3.14.0")
    assert environment._python().ok is False
    monkeypatch.setattr(environment.platform, "python_version", lambda: "3.12.0")
    monkeypatch.setattr(environment.platform, "python_implementation", lambda: "PyPy")
    assert environment._python().ok is False


def test_without_the_courses_metadata_the_table_says_so_and_goes_on(monkeypatch):
    monkeypatch.setattr(environment, "COURSE", "no-such-course-here")
    rows = environment.table()
    assert find(rows, "no-such-course-here").ok is False
    assert find(rows, "CDNOW").ok


def test_a_damaged_data_set_fails_with_the_loaders_own_message(monkeypatch):
    wrong = installed.CDNOW._replace(files={"CDNOW_master.txt": "0" * 64})
    monkeypatch.setattr(installed, "CDNOW", wrong)
    row = find(environment.datasets(), "CDNOW")
    assert row.ok is False
    assert "--force-reinstall" in str(row.advice)


@pytest.mark.parametrize("remote", download.downloads(), ids=lambda remote: remote.name)
def test_a_data_set_by_download_is_never_a_failure(monkeypatch, tmp_path, remote):
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    assert find(environment.datasets(), remote.title).ok is None
    (tmp_path / remote.name).write_bytes(b"damaged")
    row = find(environment.datasets(), remote.title)
    assert row.ok is None
    assert str(tmp_path / remote.name) in str(row.advice)


def test_little_memory_fails_unknown_memory_does_not(monkeypatch):
    assert environment.memory().ok
    monkeypatch.setattr(environment, "_memory_bytes", lambda: 2 * 10**9)
    assert environment.memory().ok is False
    assert environment.memory().found == "2.0 GB"
    monkeypatch.setattr(environment, "_memory_bytes", lambda: None)
    assert environment.memory().ok is None


@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
@pytest.mark.parametrize(("script", "told"), [
    ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "setting up uid map: Permission denied"),
    ("exit 0", "exit code 0"),
    ("exit 3", "exit code 3"),
    (None, "apt install bubblewrap"),
])
def test_a_machine_whose_jail_cannot_be_built_practises_and_is_told_why(monkeypatch, tmp_path, script, told):
    if script is not None:
        program = tmp_path / "bwrap"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    row = environment.grading()
    assert row.ok is None
    assert told in str(row.found)


def test_this_machine_grades_because_a_job_could_not_break_out():
    row = environment.grading()
    assert row.ok is True
    assert "jail that held" in str(row.found)


def test_a_jail_that_leaks_is_not_graded_with(monkeypatch):
    from helpers.grading import jail

    monkeypatch.setitem(jail.PROBE, "it can add", "1 + 1")
    assert "it can add" in str(environment.grading().found)


# Printing

ROWS = [Row("numpy", ">=2", "2.1", True), Row(Text("memory", "内存"), ">=3 GB", "1 GB", False, Text("buy some", "加内存")),
        Row("grading", "", "practice only", None)]


def test_a_failure_gives_exit_code_1_and_its_advice():
    code, text = printed(ROWS)
    assert code == 1
    assert "[ OK ] numpy" in text
    assert "[FAIL] memory" in text
    assert "-> buy some" in text
    assert "1 of 2 checks failed" in text


def test_without_a_failure_the_exit_code_is_0():
    assert printed([ROWS[0], ROWS[2]])[0] == 0


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("WT_SESSION", "1")
    assert "\033[" not in printed(ROWS)[1]
    assert "\033[32m[ OK ]\033[0m" in printed(ROWS, Terminal())[1]
    assert "\033[31m[FAIL]\033[0m" in printed(ROWS, Terminal())[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in printed(ROWS, Terminal())[1]


def test_columns_stand_below_each_other_in_chinese_too():
    from helpers.language import language

    before = language()
    try:
        language("zh")
        lines = printed(ROWS)[1].splitlines()
    finally:
        language(before)
    line, other = (next(line for line in lines if word in line) for word in (">=2", ">=3 GB"))
    assert environment._width(line[:line.index(">=")]) == environment._width(other[:other.index(">=")])
    assert "-> 加内存" in "\n".join(lines)


# As a command

def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, encoding="utf-8", timeout=120, cwd=ROOT,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8", **environ})


def test_the_command_prints_the_table():
    done = run("-m", "helpers")
    assert done.returncode == 0, done.stderr
    assert "tensorflow" in done.stdout
    assert "\033[" not in done.stdout


def test_the_command_speaks_chinese():
    done = run("-m", "helpers", RETENTION_LANGUAGE="zh")
    assert "一切就绪" in done.stdout


def test_a_terminal_that_cannot_print_chinese_gets_an_answer_all_the_same():
    done = run("-m", "helpers", RETENTION_LANGUAGE="zh", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr


def test_the_report_imports_only_the_standard_library():
    for module in (environment, installed, download, command):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            names = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module] if isinstance(node, ast.ImportFrom) else [])
            assert {name.partition(".")[0] for name in names} <= {*sys.stdlib_module_names, "helpers"}


def test_the_command_works_where_no_package_is_installed():
    # None in sys.modules makes an import fail as if the package were missing.
    blocked = ["numpy", "pandas", "pyarrow", "matplotlib", "sklearn", "scipy", "keras", "tensorflow", "IPython", "nbformat"]
    script = (f"import sys, runpy; sys.modules.update(dict.fromkeys({blocked})); sys.argv = ['helpers']; "
              "runpy.run_module('helpers', run_name='__main__', alter_sys=True)")
    done = run("-c", script)
    assert "[ OK ] CDNOW" in done.stdout, done.stderr


def test_an_unknown_command_shows_the_usage_and_fails(capsys):
    assert command.main(["lob"]) == 2
    assert "python -m helpers lab" in capsys.readouterr().err
    assert command.main(["--help"]) == 0
    assert "python -m helpers lab" in capsys.readouterr().out


# JupyterLab

@pytest.fixture
def folder(tmp_path):
    start = tmp_path / command.START
    start.parent.mkdir(parents=True)
    start.touch()
    return tmp_path


def test_lab_opens_the_course_folder_at_its_first_lesson(folder):
    assert command.lab_command(folder, [], {"DISPLAY": ":0"}, "linux", root=False) == [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}",
        "--LabApp.default_url=/lab/tree/notebooks/00_start/start.ipynb"]


def test_lab_without_a_first_lesson_opens_the_folder(tmp_path):
    assert not any("default_url" in option for option in command.lab_command(tmp_path, [], {}, "linux", root=False))


@pytest.mark.parametrize(("environ", "platform", "opens"), [
    ({}, "linux", False), ({"DISPLAY": ""}, "linux", False), ({"DISPLAY": ":0"}, "linux", True),
    ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True), ({}, "darwin", True), ({}, "win32", True)])
def test_lab_opens_a_browser_only_where_there_is_a_screen(folder, environ, platform, opens):
    assert ("--no-browser" not in command.lab_command(folder, [], environ, platform, root=False)) is opens


def test_lab_as_root_is_allowed(folder):
    assert "--allow-root" in command.lab_command(folder, [], {}, "linux", root=True)
    assert "--allow-root" not in command.lab_command(folder, [], {}, "linux", root=False)


def test_labs_other_options_are_passed_on_and_take_the_place_of_ours(folder):
    extra = ["--no-browser", "--port=9999", "--ServerApp.root_dir=/elsewhere"]
    made = command.lab_command(folder, extra, {}, "linux", root=False)
    assert made[-3:] == extra
    assert made.count("--no-browser") == 1
    assert sum("root_dir" in option for option in made) == 1


def test_labs_folder_is_the_course_around_here_else_this_checkout(tmp_path, monkeypatch):
    (tmp_path / "nbgrader_config.py").touch()
    (tmp_path / "notebooks").mkdir()
    assert command.lab_folder(tmp_path / "notebooks") == tmp_path
    monkeypatch.chdir(ROOT)
    assert command.lab_folder() == ROOT


def test_without_jupyterlab_the_command_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    assert command.lab([]) == 1
    assert "make lab" in capsys.readouterr().err


@pytest.mark.slow
def test_lab_starts_and_prints_its_address(tmp_path):
    options = ["--port=0", "--no-browser", "--IdentityProvider.token=secret"]
    environ = {**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([sys.executable, "-m", "helpers", "lab", *options], cwd=ROOT, env=environ, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
    seen = []
    try:
        for line in process.stdout:
            seen.append(line)
            if re.search(r"http://\S+/lab\S*\?token=", line):
                break
        else:
            pytest.fail("no address:\n" + "".join(seen))
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert str(ROOT) in seen[0]
