"""`nbgrader autograde` and `retention-grade` give one class one grade."""

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from attacks_delegation import borrowing
from classroom import Classroom
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doors")]        # one class, graded once by each door

SEED = "271828182845904523\n"
WRONG = """# exercise: cohort_retention
def cohort_retention(first_day, active, n, window=1):
    return float(np.asarray(active)[:, n:n + window].any(axis=1).mean())
"""
NOISY = """import warnings, sys, logging
warnings.warn("careful"); print("to stdout"); print("to stderr", file=sys.stderr); logging.warning("logged"); np.array([1.0]) / 0
"""
NO_BWRAP = "Cannot grade here: bubblewrap is not installed"
FACTS = """select student_id, notebook.name, base_cell.name, auto_score, manual_score, needs_manual_grade, grade_cells.max_score
    from grade join submitted_notebook on grade.notebook_id = submitted_notebook.id
    join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
    join notebook on submitted_notebook.notebook_id = notebook.id
    join base_cell on grade.cell_id = base_cell.id join grade_cells on grade_cells.id = base_cell.id order by 1, 2, 3"""
COMMENTS = """select student_id, notebook.name, base_cell.name, auto_comment, manual_comment
    from comment join submitted_notebook on comment.notebook_id = submitted_notebook.id
    join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
    join notebook on submitted_notebook.notebook_id = notebook.id
    join base_cell on comment.cell_id = base_cell.id order by 1, 2, 3"""


def told(classroom):
    """What the gradebook and the autograded notebooks say: grades, comments, and each cell with what it shows."""
    with sqlite3.connect(classroom.folder / ".grading" / "gradebook.db") as gradebook:
        grades, comments = gradebook.execute(FACTS).fetchall(), gradebook.execute(COMMENTS).fetchall()
    shown = {}
    autograded = classroom.folder / ".grading" / "autograded"
    for path in sorted(autograded.rglob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            place = f"{path.relative_to(autograded)} {number}"
            outputs = [{**output, "execution_count": None} for output in cell.get("outputs", ())]
            shown[place] = cell["source"], cell["metadata"].get("nbgrader"), outputs
    return {"grades": grades, "comments": comments, "shown": shown}


def last_words(classroom, notebook, text):
    """The notebook with this text as its closing answer."""
    closing = [cell for cell in notebook["cells"] if cell["id"].startswith("words-")][-1]
    closing["source"] = text
    return notebook


def score_by_hand(classroom, student, score):
    with Gradebook(f"sqlite:///{classroom.folder}/.grading/gradebook.db") as gradebook:
        notebook = gradebook.find_submission_notebook("start", "00_start", student)
        grade = next(each for each in notebook.grades if each.name.startswith("words-"))
        grade.manual_score, grade.needs_manual_grade = score, False
        gradebook.db.commit()


def exported(classroom):
    """The CSV of `nbgrader export`."""
    place = classroom.folder / "grades.csv"
    with Gradebook(f"sqlite:///{classroom.folder}/.grading/gradebook.db") as gradebook:
        CsvExportPlugin(to=str(place)).export(gradebook)
    return place.read_text(encoding="utf-8")


def in_both(action, *classrooms):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(action, classrooms))


@pytest.fixture(scope="module")
def classroom(course, tmp_path_factory):
    """The class before it is graded: ten students, the gradebook made, the seed in place."""
    room = Classroom(course, tmp_path_factory.mktemp("doors") / "class")
    room.configure('c.Written.manual = "all"')
    room.hand_in("wrong", room.answered(cohort_retention=WRONG))
    room.nbgrader("generate_assignment", "00_start", "--force")
    (room.folder / ".grading" / "seed").write_text(SEED, encoding="ascii")
    return room


@pytest.fixture(scope="module")
def doors(classroom, tmp_path_factory):
    """Each door's course folder, what it told after the first grading, and after a second one of what was scored by hand."""
    room = classroom.twin(tmp_path_factory.mktemp("doors") / "nbgrader")
    right = room.answered(**room.references)
    room.hand_in("right", right)
    room.hand_in("half_done", room.answered(temporal_split=room.references["temporal_split"]))
    room.hand_in("empty", room.released)
    room.hand_in("damaged", {**right, "cells": right["cells"][::-1] + right["cells"][3:9]})
    room.hand_in("cut_off", json.dumps(right)[:5000])
    borrowing("from scipy.stats import tmean\nreturn float(tmean(kept))")(room, "delegating")
    noise = {"cell_type": "code", "id": "noise", "metadata": {}, "source": NOISY, "outputs": [], "execution_count": 1}
    room.hand_in("noisy", {**right, "cells": [*right["cells"][:3], noise, *right["cells"][3:]]})
    room.hand_in("written", last_words(room, room.answered(**room.references), "Thirteen percent, within two."))
    room.hand_in("written_half", last_words(room, room.answered(cohort_retention=WRONG), "I would run an A/B test."))
    theirs, ours = room, room.twin(tmp_path_factory.mktemp("doors") / "ours")

    def grade(door):
        if door is theirs:
            door.nbgrader("autograde", "00_start")
        else:
            ran = door.run("retention-grade", "00_start")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        return told(door)

    first = in_both(grade, theirs, ours)
    for door in (theirs, ours):
        score_by_hand(door, "written", 4)
        door.hand_in("written", last_words(door, door.answered(**door.references), "Thirteen percent, and now with an interval."))

    def grade_again(door):
        if door is theirs:
            door.nbgrader("autograde", "00_start", "--force", "--student", "written")
        else:
            ran = door.run("retention-grade", "00_start")
            assert ran.returncode == 0, ran.stdout + ran.stderr
        return told(door)

    again = in_both(grade_again, theirs, ours)
    return {"first": first, "again": again, "exams": ours.folder / ".grading" / "exams", "csv": [exported(theirs), exported(ours)]}


@pytest.mark.parametrize("when", ["first", "again"])
@pytest.mark.parametrize("what", ["grades", "comments", "shown"])
def test_both_doors_tell_the_same(doors, when, what):
    theirs, ours = doors[when]
    assert theirs[what] == ours[what]


def test_both_doors_export_the_same_csv(doors):
    theirs, ours = doors["csv"]
    assert theirs == ours
    assert len(theirs.splitlines()) == 11


def test_each_student_of_the_class_earns_what_is_due(doors):
    from helpers.checks.exercise import find

    earned = {student: 0.0 for student, *_ in doors["first"][1]["grades"]}
    for student, _, _, auto, *_ in doors["first"][1]["grades"]:
        earned[student] += auto or 0
    borrowed = 100 - find("cohort_retention").points
    assert {name: earned[name] for name in ("right", "noisy", "damaged", "written")} == dict.fromkeys(("right", "noisy", "damaged", "written"), 100)
    assert {name: earned[name] for name in ("wrong", "empty", "cut_off", "written_half")} == dict.fromkeys(("wrong", "empty", "cut_off", "written_half"), 0)
    assert earned["half_done"] == find("temporal_split").points
    assert earned["delegating"] <= borrowed


def test_a_written_answer_waits_for_a_person_and_an_untouched_one_earns_nothing(doors):
    words = {student: (auto, waits, worth) for student, _, cell, auto, _, waits, worth in doors["first"][1]["grades"] if cell.startswith("words-")}
    assert words["written"] == words["written_half"] == (None, 1, 5)
    assert words["right"] == words["empty"] == words["damaged"] == (0, 0, 5)
    assert words["cut_off"] == (None, 1, 5)


def test_a_score_given_by_hand_survives_grading_again(doors):
    for told_by in doors["again"]:
        (grade,) = [each for each in told_by["grades"] if each[0] == "written" and each[2].startswith("words-")]
        assert grade[3:6] == (None, 4, 1)
    assert "00_start,,,written,,,,104.0,0.0,104.0,105.0" in doors["csv"][1]


@pytest.fixture(scope="module")
def without_bwrap(classroom, doors, tmp_path_factory):
    """(refusal, practice) of each door, where no program is on the path."""
    empty = tmp_path_factory.mktemp("path")

    def grade(how):
        command, lesson, *practise = how
        door = classroom.twin(tmp_path_factory.mktemp("doors") / command)
        shutil.copytree(doors["exams"], door.folder / ".grading" / "exams")        # drawn once is enough
        refused = door.run(command, *lesson, PATH=str(empty))
        kept = sorted((door.folder / ".grading" / "autograded").rglob("*.ipynb"))
        practice = door.run(command, *lesson, *practise, PATH=str(empty))
        return refused, kept, practice, told(door)

    return in_both(grade, ("nbgrader", ("autograde", "00_start"), "--Judge.practice=True"), ("retention-grade", ("00_start",), "--practice"))


def test_without_a_jail_both_doors_refuse_and_grade_nothing(without_bwrap):
    for refused, kept, _, _ in without_bwrap:
        assert refused.returncode == 1
        assert NO_BWRAP in refused.stderr
        assert kept == []
    assert ["--Judge.practice=True" in refused.stderr for refused, *_ in without_bwrap] == [True, False]


def test_told_to_practise_both_doors_grade_without_a_jail_and_mark_every_grade(without_bwrap):
    assert shutil.which("bwrap")
    for _, _, practice, told_by in without_bwrap:
        assert practice.returncode == 0, practice.stdout + practice.stderr
        checks = [outputs[0]["data"] for _, about, outputs in told_by["shown"].values() if about and about["grade_id"].startswith("check-")]
        assert len(checks) == 3
        assert all("practice: graded without the jail" in data["text/html"] for data in checks)
