"""Grading the same class again gives the same results, to the byte."""

import pytest
from test_kills import SEED, hand_in_all

from helpers.authoring.bench import JOBS, Class
from helpers.authoring.stock import solved
from helpers.course import lesson

WRONG = "# exercise: lift_at_k\ndef lift_at_k(y, score, k):\n    return 1.0"


def prove_repeats(room, row, times, students, what):
    """Grade a class so many times, each into a new folder of results, and compare these."""
    (room.folder / ".grading" / "seed").write_text(SEED, encoding="ascii")
    runs, seconds = [], 0.0
    for i in range(times):
        folder = room.folder / f"results_{i}"
        seconds += room.seconds("--results", str(folder))
        runs.append({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    assert len(runs[0]) == students + 1         # and the leaderboard
    unlike = {path for run in runs for path in run.keys() | runs[0].keys() if run.get(path) != runs[0].get(path)}
    row("Repeats", lesson=room.of.name, **{"class": what}, students=students, jobs=JOBS, runs=times, results=sum(map(len, runs)),
        unlike=len(unlike), seconds=f"{seconds:.0f}")
    assert unlike == set()


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_twenty_gradings_of_a_class_of_thirty_are_alike_to_the_byte(course, tmp_path, row):
    room = Class(course, tmp_path / "class", lesson("00_start"))
    hand_in_all(room, course, 30)
    prove_repeats(room, row, 20, 30, "right, half done, wrong, empty, ending its process, damaged, endless")


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_three_gradings_of_a_class_with_trained_models_are_alike_to_the_byte(course, tmp_path, row):
    of = lesson("01_behaviour")
    room = Class(course, tmp_path / "class", of)
    right = solved(course, of, of.subject)
    wrong = {**right, "cells": [{**cell, "source": WRONG} if cell["id"] == "answer-lift_at_k" else cell for cell in right["cells"]]}
    for i in range(10):
        room.hand_in(f"student_{i}", right if i % 2 else wrong)
    prove_repeats(room, row, 3, 10, "right, one exercise wrong")
