"""A batch that is killed at any moment loses nothing: after a rerun every grade equals an undisturbed run's."""

import contextlib
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook, SolutionCell, SourceCell, get_alembic_version

from helpers.authoring.bench import Class
from helpers.authoring.stock import solved
from helpers.course import lesson
from helpers.grading import recording, server
from helpers.grading.grader import exams_of_class
from helpers.grading.recording import ClassBook

LESSON = lesson("00_start")
GONE_SECONDS = 5.0
"""So long the kernel may take to end what a killed grader leaves."""
SEED = "123456789012345"
KEY = "0123456789abcdef" * 4
"""Of the pseudonyms on the leaderboard."""

LOOP = "# exercise: temporal_split\ndef temporal_split(df, ts, train_end, valid_end):\n    while True:\n        pass"
ENDED = "# exercise: temporal_split\nimport os\ndef temporal_split(df, ts, train_end, valid_end):\n    os._exit(0)"
WRONG = "# exercise: cohort_retention\ndef cohort_retention(first_day, active, n, window=1):\n    return 0.5"


def hand_in_all(room, course, students):
    """A class of so many: right, half done, wrong, empty, ending its process, damaged; two loop for ever."""
    right, stubs = solved(course, LESSON, "start"), (course / "notebooks" / LESSON.name / "start.ipynb").read_text(encoding="utf-8")

    def with_cells(**answers):
        return {**right, "cells": [{**cell, "source": answers.get(cell["id"].removeprefix("answer-"), cell["source"])}
                                   for cell in right["cells"]]}

    half = with_cells(build_features="# exercise: build_features\ndef build_features(events, cutoff, lookback_days):\n    raise NotImplementedError")
    kinds = [right, half, with_cells(cohort_retention=WRONG), stubs, with_cells(temporal_split=ENDED), stubs[:3000], "{}", right]
    looping = with_cells(temporal_split=LOOP)
    for i in range(students):
        room.hand_in(f"student_{i:02}", looping if i in (3, 35) else kinds[i % len(kinds)])


def begin_anew(room, keep):
    """As if nobody had graded yet, but for what is to be kept."""
    for path in (room.folder / ".grading").iterdir():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def files(room):
    """What was kept and what was shown, by path: results to the byte, autograded notebooks but for the ids nbformat makes up."""
    grading = room.folder / ".grading"
    found = {str(path.relative_to(grading)): path.read_text(encoding="utf-8") for folder in ("results", "autograded")
             for path in sorted((grading / folder).rglob("*")) if path.is_file() and path.suffix != ".part"}
    return {path: re.sub(r'"id": "[0-9a-f]{8}"', "", text) if path.startswith("autograded") else text for path, text in found.items()}


def gradebook(room):
    """Every grade in nbgrader's gradebook, and every comment."""
    with Gradebook(f"sqlite:///{room.folder}/.grading/gradebook.db", "retention") as book:
        handed_in = [(one.student.id, notebook) for one in book.assignment_submissions(LESSON.name) for notebook in one.notebooks]
        return {(student, notebook.name): (
            notebook.score, notebook.max_score,
            sorted((grade.name, grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in notebook.grades),
            sorted((comment.name, comment.auto_comment or "") for comment in notebook.comments)) for student, notebook in handed_in}


def csv(room):
    """The grades as nbgrader's own command exports them."""
    nbgrader = Path(sys.executable).parent / "nbgrader"
    subprocess.run([nbgrader, "export", "--to", "grades.csv"], cwd=room.folder, capture_output=True, check=True,
                   env={**os.environ, "PYTHONWARNINGS": "ignore"})
    return (room.folder / "grades.csv").read_text(encoding="utf-8")


def descendants(process):
    """Every process that this one started, directly or not, with its time of birth: a process's number may be given out again."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (facts := born(int(entry))):
            parents.setdefault(facts[0], []).append((int(entry), facts[1]))
    found, waiting = set(), [process]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            found.add(child)
            waiting.append(child[0])
    return found


def born(process):
    """A process's parent and time of birth; None if it has ended."""
    with contextlib.suppress(OSError):
        facts = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        if facts[0] not in "ZX":
            return int(facts[1]), int(facts[19])
    return None


def kill(running):
    """Kill the grader alone, as the kernel does when memory runs out: how many processes it leaves, the seconds until all are gone, and
    the commands of those that stay.

    It is stopped first, so that it starts nothing between the count and the end.
    """
    os.kill(running.pid, signal.SIGSTOP)
    theirs = descendants(running.pid)
    while (again := descendants(running.pid)) - theirs:
        theirs |= again
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    began = time.monotonic()
    left = theirs
    while left and time.monotonic() - began < GONE_SECONDS:
        time.sleep(0.02)
        left = {(process, at) for process, at in left if (facts := born(process)) and facts[1] == at}
    return len(theirs), time.monotonic() - began, [command(process) for process, _ in left]


def command(process):
    """What a process was started by, as far as it still says."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ").strip()
    return f"process {process}"


def prove_kills(course, tmp_path, row, students, kills, whole):
    """Kill a batch so many times, spread over all its length, and rerun it; whenever it gets through, compare and begin anew."""
    rooms = {}
    for name in ("undisturbed", "killed"):
        room = rooms[name] = Class(course, tmp_path / name, LESSON)
        hand_in_all(room, course, students)
        (room.folder / ".grading" / "seed").write_text(SEED, encoding="ascii")
        (room.folder / ".grading" / "pseudonyms").write_text(KEY, encoding="ascii")
    undisturbed, room = rooms.values()
    kept = {"submitted", "seed", "pseudonyms"}
    if not whole:       # drawing the exam would be most of a small class's time
        kept.add("exams")
        exams_of_class(undisturbed.folder, undisturbed.folder / ".grading" / "seed")(LESSON, "start")
        shutil.copytree(undisturbed.folder / ".grading" / "exams", room.folder / ".grading" / "exams")
    length = undisturbed.seconds()
    wanted, grades, table = files(undisturbed), gradebook(undisturbed), csv(undisturbed) if whole else ""
    assert len(grades) == 2 * students          # the lesson has two notebooks
    assert len({score for score, *_ in grades.values()}) >= 4

    def compare():
        found = files(room)
        assert sorted(found) == sorted(wanted)
        assert [path for path in wanted if found[path] != wanted[path]] == []
        assert gradebook(room) == grades
        assert not whole or csv(room) == table

    draw = random.Random(kills)
    delays = [draw.uniform(max(0.1, length * k / kills), length * (k + 1) / kills) for k in range(kills)]
    draw.shuffle(delays)
    print(f"undisturbed: {length:.1f} s; to be killed after {', '.join(f'{delay:.2f}' for delay in delays)} s")
    # Later kills find less to do: where a run ends before its kill it is compared, and that kill meets a batch from the start; if even
    # that ends first, since the machine is quicker now, the kill comes sooner.
    for k, delay in enumerate(delays, start=1):
        fresh = False
        while (running := killed_after(room, delay)) is None:
            compare()
            begin_anew(room, kept)
            delay, fresh = delay * (.8 if fresh else 1), True
        count, seconds, left = kill(running)
        running.stderr.close()
        now = files(room)
        results, shown = (sum(path.startswith(folder) and path.endswith(kind) for path in now)
                          for folder, kind in (("results", ".json"), ("autograded", ".ipynb")))
        row("Kills", kill=k, students=students, **{
            "killed after (s)": f"{delay:.2f}", "results kept": results, "in the gradebook": shown, "processes": count,
            "gone after (s)": f"{seconds:.2f}", "left": len(left)})
        assert not left
    room.seconds()
    compare()
    assert not whole or written_again(room) == 0
    parts = list((room.folder / ".grading").rglob("*.part"))
    assert len(parts) <= kills          # at most the file that was being written, and no name that anything reads
    assert all(path.name.startswith(".") for path in parts)


def killed_after(room, delay):
    """The running grader after this many seconds, to be killed; None if it was done before, which is asserted to have gone well."""
    running = subprocess.Popen(room.command(), cwd=room.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        _, said = running.communicate(timeout=delay)
    except subprocess.TimeoutExpired:
        return running
    assert running.returncode == 0, said
    return None


def written_again(room):
    """How many files a run after the last one writes."""
    before = {path: path.stat().st_mtime_ns for path in (room.folder / ".grading").rglob("*") if path.is_file()}
    room.seconds()
    return sum(before.get(path) != path.stat().st_mtime_ns for path in (room.folder / ".grading").rglob("*") if path.is_file())


def test_a_gradebook_has_its_name_only_once_it_is_whole_and_can_be_upgraded(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/gradebook.db"

    def killed():
        raise KeyboardInterrupt

    with monkeypatch.context() as now:
        now.setattr(recording, "schema_version", killed)        # asked for between the tables and their version
        with pytest.raises(KeyboardInterrupt):
            recording.open_gradebook(url, "retention")
        assert not (tmp_path / "gradebook.db").exists()
    recording.open_gradebook(url, "retention").close()
    assert [path.name for path in tmp_path.iterdir()] == ["gradebook.db"]
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    with sqlite3.connect(tmp_path / "gradebook.db") as made:
        assert made.execute("SELECT version_num FROM alembic_version").fetchall() == [(get_alembic_version(),)]
    subprocess.run(["nbgrader", "db", "upgrade"], cwd=tmp_path, check=True, capture_output=True)


def test_a_lesson_of_which_only_some_cells_reached_the_gradebook_is_made_known_anew(course, tmp_path):
    room = Class(course, tmp_path / "room", LESSON)
    (room.folder / ".grading").mkdir()

    def cells():
        with Gradebook(f"sqlite:///{room.folder / '.grading' / 'gradebook.db'}") as book:
            return {(notebook.name, kind, cell.name) for notebook in book.find_assignment(LESSON.name).notebooks
                    for kind in ("grade_cells", "solution_cells", "source_cells") for cell in getattr(notebook, kind)}

    with ClassBook(room.folder) as book:
        book.register(LESSON, ["ada"])
    whole = cells()
    assert len({name for name, *_ in whole}) == 2
    for kind in (SolutionCell, SourceCell):         # as when the kill comes after the grade cells of a notebook
        with Gradebook(f"sqlite:///{room.folder / '.grading' / 'gradebook.db'}") as book:
            for cell in book.db.query(kind):
                if cell.notebook.name == "start_more":
                    book.db.delete(cell)
            book.db.commit()
        assert cells() < whole
        with ClassBook(room.folder) as book:
            book.register(LESSON, ["ada"])
        assert cells() == whole


@pytest.mark.parametrize("slow", ["sleepy.py", "helpers.py"])       # what the lesson needs; the course itself
def test_a_server_that_is_still_importing_ends_when_its_grader_does(tmp_path, slow):
    (tmp_path / slow).write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)", encoding="utf-8")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        process = subprocess.Popen([sys.executable, "-P", server.__file__, str(theirs.fileno()), "same", "sleepy"], text=True,
                                   stdout=subprocess.PIPE, pass_fds=[theirs.fileno()], env={**os.environ, "PYTHONPATH": str(tmp_path)})
        theirs.close()
        assert process.stdout.readline() == "importing\n"
        ours.close()
        assert process.wait(10) == -signal.SIGIO
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.xdist_group("class")
@pytest.mark.parametrize("kills", [3])
def test_a_batch_killed_three_times_ends_in_the_grades_of_an_undisturbed_one(course, tmp_path, row, kills):
    prove_kills(course, tmp_path, row, students=12, kills=kills, whole=False)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_batch_of_sixty_killed_twenty_times_ends_in_the_grades_of_an_undisturbed_one(course, tmp_path, row):
    prove_kills(course, tmp_path, row, students=60, kills=20, whole=True)
