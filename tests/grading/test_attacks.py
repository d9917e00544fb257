"""The attack bank against the grader: nothing is gained, nobody else is touched, nothing is left."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import attacks
import pytest

from helpers.course import lesson
from helpers.grading.jail import MARK, refusal
from helpers.grading.results import Results
from helpers.grading.seeds import class_seed
from helpers.grading.staging import staged

pytestmark = [pytest.mark.slow, pytest.mark.bank, pytest.mark.xdist_group("attacks")]

LESSON = "00_start"
BYSTANDERS = ("aaa_right", attacks.NEIGHBOUR, "zzz_right")
"""Graded before, among and after the attacks."""


class Listener:
    """Counts who connects."""

    def __init__(self):
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                self._socket.accept()[0].close()
                self.connections += 1

    def close(self):
        self._socket.close()


@pytest.fixture(scope="module")
def graded(classroom):
    """Every attack and three right submissions, graded once: results by student, the grader, the listener."""
    if refusal():
        pytest.fail(f"the attack bank needs the jail: {refusal()}")
    listener = Listener()
    attacks.PORT = listener.port
    class_seed(classroom.folder / ".grading" / "seed")         # an attack hands in a link to it
    for student in BYSTANDERS:
        classroom.hand_in(student, classroom.answered(**classroom.references))
    for attack in attacks.ATTACKS:
        attack.hand_in(classroom, attack.name)
    before = _files(classroom.folder)
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-m", "helpers.grading.console", LESSON, "--jobs", "8"], cwd=classroom.folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as grader:
        log = grader.communicate(timeout=1200)[0]
    assert grader.returncode == 0, log[-3000:]
    seconds = time.monotonic() - began
    results = {}
    for result in Results(classroom.folder / ".grading" / "results").of(LESSON):
        results.setdefault(result.student, []).append(result)
    yield {"results": results, "grader": grader.pid, "listener": listener, "before": before, "seconds": seconds,
           "hand_ins": staged(classroom.folder / ".grading" / "submitted", lesson(LESSON))}
    listener.close()


def _files(folder: Path) -> dict[str, int]:
    """Everything under the class's folder but what grading itself writes; files with their times of change."""
    written = {folder / ".grading" / name for name in ("results", "autograded", "exams", "release", "source", "gradebook.db", "seed", "pseudonyms")}
    return {str(path): 0 if path.is_dir() else path.lstat().st_mtime_ns for path in folder.rglob("*")
            if not written & {path, *path.parents}}


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gains_nothing(attack, graded, row):
    results = graded["results"].get(attack.name, [])
    if not results:     # a name that cannot be a student's: it is known by what it handed in
        assert not attack.gradable
        return
    earned = sum(result.earned for result in results)
    waits = any(result.reason for result in results)
    row("Attacks", attack=attack.name, tries=attack.tries, **{"may earn": f"{attack.may_earn:g}", "earned": f"{earned:g}",
                                                             "handed to a person": "yes" if waits else ""})
    assert earned <= attack.may_earn, [(name, each.text) for result in results for name, each in result.exercises.items()]
    assert waits or attack.gradable
    # An attack that is refused for what it imports must fail without that, too: else its 0 points prove nothing of the jail.
    assert attack.name.startswith("d_") or not any(each.core_passed for result in results for each in result.exercises.values())
    told = "\n".join([each.html + each.text for result in results for each in result.exercises.values()] +
                     [error for result in results for error in result.cell_errors.values()])
    assert attack.says in told
    assert not attack.smuggles or attacks.SENTINEL not in told
    assert attacks.MARKUP not in "".join(each.html for result in results for each in result.exercises.values())


def test_an_attack_that_should_earn_its_honest_part_does(graded):
    for attack in attacks.ATTACKS:
        if attack.may_earn and attack.gradable:
            assert sum(result.earned for result in graded["results"][attack.name]) == attack.may_earn, attack.name


@pytest.mark.parametrize("student", BYSTANDERS)
def test_nobody_elses_grade_is_touched(student, graded):
    assert sum(result.earned for result in graded["results"][student]) == 100


def test_every_hand_in_has_a_result(graded):
    assert {hand_in.student for hand_in in graded["hand_ins"]} == set(graded["results"])


def test_no_connection_came_through(graded):
    assert graded["listener"].connections == 0


def test_no_file_outside_the_graders_own_changed(graded, classroom):
    assert _files(classroom.folder) == graded["before"]


def test_no_process_is_left(graded):
    mark = f"{MARK}={graded['grader']}".encode()
    left = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                left.append((entry / "cmdline").read_bytes())
    assert not left
