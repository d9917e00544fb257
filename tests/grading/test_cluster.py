"""A class graded by the workers of a real Dask scheduler, on this machine, gets the grades it gets without one."""

import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pytest
from distributed import Client

from helpers.course import lesson
from helpers.grading import batch, cluster
from helpers.grading.cluster import grade_on_cluster, shards
from helpers.grading.grader import CannotGrade, Grader, exams_of_class
from helpers.grading.staging import staged

LESSON = lesson("00_start")
DASK = Path(sys.executable).parent / "dask"


class Machines:
    """A scheduler and its workers, each a process of its own with its log."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._processes: dict[str, subprocess.Popen] = {}
        self._start("scheduler", "scheduler", "--port", "0", "--no-dashboard")

    @cached_property
    def address(self) -> str:
        log = self._folder / "scheduler.log"
        deadline = time.monotonic() + 60
        while not (found := re.search(r"Scheduler at:\s+(\S+)", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return found[1]

    def add_worker(self, name: str, path: str = os.environ["PATH"]) -> None:
        # Without a nanny, so that a killed worker stays dead.
        self._start(name, "worker", self.address, "--name", name, "--nworkers", "1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
                    PATH=path)

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def kill_workers(self) -> None:
        for name in set(self._processes) - {"scheduler"}:
            self.kill(name)

    def _start(self, name: str, *words: str, **environment: str) -> None:
        with open(self._folder / f"{name}.log", "wb") as log:
            self._processes[name] = subprocess.Popen([str(DASK), *words], cwd=self._folder, stdout=log, stderr=log,
                                                     env={**os.environ, **environment})


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    there = Machines(tmp_path_factory.mktemp("machines"))
    yield there
    there.kill("scheduler")


@pytest.fixture
def machines(scheduler):
    """A scheduler without workers: each test adds its own, and they end with it."""
    yield scheduler
    scheduler.kill_workers()


@pytest.fixture(scope="module")
def a_class(classroom):
    """Twenty-four hand-ins, right, wrong, hostile and unreadable, and the exams of the class."""
    right = classroom.references
    kinds = [
        right,
        {**right, "cohort_retention": "# exercise: cohort_retention\ndef cohort_retention(first_day, active, n, window=1):\n    return .5"},
        {**right, "temporal_split": "# exercise: temporal_split\nimport os\nos._exit(3)"},
        {},
    ]
    for i in range(23):
        classroom.hand_in(f"s{i:02}", classroom.answered(**kinds[i % len(kinds)]))
    classroom.hand_in("s23", "{ no notebook")
    hand_ins = staged(classroom.folder / ".grading" / "submitted", LESSON)
    assert len(hand_ins) == 24
    assert hand_ins[-1].reason
    return hand_ins, exams_of_class(classroom.folder, classroom.folder / ".grading" / "seed")


def test_a_class_gets_the_same_grades_from_a_cluster_that_loses_a_worker_half_way(a_class, machines):
    hand_ins, exams = a_class
    here, there, lost = [], [], []
    machines.add_worker("first")
    machines.add_worker("second")
    with Grader(exams, 2) as grader:
        batch.grade(grader, LESSON, hand_ins, 2, here.append)
    with Client(machines.address) as client:
        client.wait_for_workers(2, timeout=60)

        def keep(result):
            if not lost:
                at_work = client.processing()
                lost.append(max(client.scheduler_info()["workers"].items(), key=lambda worker: len(at_work[worker[0]]))[1]["name"])
                machines.kill(lost[0])
            there.append(result)

        grade_on_cluster(machines.address, exams, LESSON, hand_ins, keep)
        assert [worker["name"] for worker in client.scheduler_info()["workers"].values()] == list({"first", "second"} - set(lost))
    assert {result.student: result for result in there} == {result.student: result for result in here}
    assert len(there) == len(here) == 24
    assert len({result.earned for result in here}) > 2


def test_a_worker_without_bubblewrap_stops_the_batch_and_says_why(a_class, machines, tmp_path):
    hand_ins, exams = a_class
    machines.add_worker("bare", path=str(tmp_path))
    with pytest.raises(CannotGrade, match=r"Worker tcp://.*bubblewrap is not installed.*--practice"):
        grade_on_cluster(machines.address, exams, LESSON, hand_ins, pytest.fail)


def test_a_worker_with_another_judge_refuses():
    ours = cluster.judged_with()
    cluster._same(ours)
    with pytest.raises(CannotGrade, match=r"it has tensorflow .* and this machine 1.0"):
        cluster._same({**ours, "tensorflow": "1.0"})
    with pytest.raises(CannotGrade, match=r"it has retention-course .* and this machine older"):
        cluster._same({**ours, "retention-course": "older"})


def test_a_scheduler_that_is_not_there_is_named(a_class, monkeypatch):
    hand_ins, exams = a_class
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 1)
    with pytest.raises(CannotGrade, match="There is no Dask scheduler at tcp:"):
        grade_on_cluster("tcp://127.0.0.1:9", exams, LESSON, hand_ins, pytest.fail)


def test_a_scheduler_without_workers_is_told(a_class, machines, monkeypatch):
    hand_ins, exams = a_class
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 2)
    with pytest.raises(CannotGrade, match="has no worker"):
        grade_on_cluster(machines.address, exams, LESSON, hand_ins, pytest.fail)


def test_without_the_package_the_extra_is_named(a_class, monkeypatch):
    hand_ins, exams = a_class
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CannotGrade, match=r'pip install "retention-course\[cluster\]"'):
        grade_on_cluster("tcp://127.0.0.1:9", exams, LESSON, hand_ins, pytest.fail)


def test_shards_hold_every_hand_in_once_and_a_students_notebooks_together(a_class):
    one = a_class[0][0]
    hand_ins = [replace(one, student=f"s{i:03}", notebook=name) for i in range(50) for name in ("start", "start_more")]
    parts = list(shards(hand_ins, 7))
    assert [each for part in parts for each in part] == hand_ins
    assert {len(part) for part in parts[:-1]} == {8}
    assert all(len({each.student for each in part}) * 2 == len(part) for part in parts)
    assert list(shards([], 7)) == []
