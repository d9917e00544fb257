"""A class from hand-in to CSV with nbgrader's own commands."""

import csv
import json
import sqlite3

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("class")]        # one class, graded once

WRONG = """# exercise: cohort_retention
def cohort_retention(first_day, active, n, window=1):
    return float(np.asarray(active)[:, n:n + window].any(axis=1).mean())
"""
NOISY = """import warnings, sys, logging
warnings.warn("careful"); print("to stderr", file=sys.stderr); logging.warning("logged")
"""


@pytest.fixture(scope="module")
def grades(classroom):
    """Everything handed in, graded once; score by student."""
    right = classroom.answered(**classroom.references)
    classroom.hand_in("right", right)
    classroom.hand_in("wrong", classroom.answered(cohort_retention=WRONG))
    classroom.hand_in("empty", classroom.released)
    classroom.hand_in("half_done", classroom.answered(temporal_split=classroom.references["temporal_split"]))
    classroom.hand_in("cut_off", json.dumps(right)[:5000])
    classroom.hand_in("no_cells", "{}")

    stripped = json.loads(json.dumps(right))
    for cell in stripped["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    classroom.hand_in("no_metadata", stripped)

    doubled = json.loads(json.dumps(right))
    doubled["cells"] += [cell for cell in doubled["cells"] if str(cell.get("id", "")).startswith(("answer-", "check-"))]
    classroom.hand_in("doubled_cells", doubled)

    old = json.loads(json.dumps(right))
    for cell in old["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = {"schema_version": 1, "points": 300, "grade": "yes"}
    classroom.hand_in("old_metadata", old)

    skipped = json.loads(json.dumps(classroom.released))
    for cell in skipped["cells"]:
        cell["metadata"]["tags"] = ["skip-execution"]
    classroom.hand_in("skip_tag", skipped)

    noisy = json.loads(json.dumps(right))
    noisy["cells"].insert(3, {"cell_type": "code", "id": "noise", "metadata": {}, "source": NOISY, "outputs": [], "execution_count": 1})
    classroom.hand_in("noisy", noisy)

    ended = classroom.answered(**{**classroom.references, "temporal_split":
                                  "# exercise: temporal_split\ndef temporal_split(df, ts, train_end, valid_end):\n    raise SystemExit"})
    classroom.hand_in("system_exit", ended)

    classroom.nbgrader("generate_assignment", "00_start", "--force")
    classroom.nbgrader("autograde", "00_start")
    classroom.nbgrader("generate_feedback", "00_start")
    classroom.nbgrader("export", "--to", "grades.csv")
    with (classroom.folder / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert {row["max_score"] for row in rows.values()} == {"100.0"}
    return {student: float(row["score"]) for student, row in rows.items()}


@pytest.mark.parametrize("student", ["right", "no_metadata", "doubled_cells", "old_metadata", "noisy"])
def test_a_right_answer_earns_100_points_whatever_happened_to_its_notebook(grades, student):
    assert grades[student] == 100


@pytest.mark.parametrize("student", ["empty", "wrong", "skip_tag"])
def test_an_empty_or_wrong_answer_earns_nothing(grades, student):
    assert grades[student] == 0


def test_a_half_done_notebook_earns_what_is_done(grades):
    from helpers.checks.exercise import find

    points = find("temporal_split").points
    assert grades["half_done"] == points
    assert grades["system_exit"] == 100 - points


@pytest.mark.parametrize("student", ["cut_off", "no_cells"])
def test_an_unreadable_file_waits_for_a_person_with_its_reason_and_stops_nobody(grades, classroom, student):
    with sqlite3.connect(classroom.folder / ".grading" / "gradebook.db") as gradebook:
        waiting = gradebook.execute("""select max(needs_manual_grade), max(auto_score) from grade
            join submitted_notebook on grade.notebook_id = submitted_notebook.id
            join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id
            join notebook on submitted_notebook.notebook_id = notebook.id
            where student_id = ? and name = 'start'""", (student,)).fetchone()
    assert waiting == (1, None)
    page = (classroom.folder / ".grading" / "feedback" / student / "00_start" / "start.html").read_text(encoding="utf-8")
    assert "not gradable: start.ipynb is not a notebook" in page


def test_the_feedback_explains_the_mistake_and_names_no_hidden_case(grades, classroom):
    page = (classroom.folder / ".grading" / "feedback" / "wrong" / "00_start" / "start.html").read_text(encoding="utf-8")
    assert "Likely mistake" in page
    assert "graded without the jail" not in page
    assert ">expected<" not in page


def test_grading_again_under_the_same_seed_changes_nothing(grades, classroom):
    classroom.nbgrader("autograde", "00_start", "--force", "--student", "half_done")
    classroom.nbgrader("export", "--to", "again.csv")
    assert (classroom.folder / "again.csv").read_text(encoding="utf-8") == (classroom.folder / "grades.csv").read_text(encoding="utf-8")


def test_the_class_seed_is_made_once_and_readable_by_its_owner_alone(grades, classroom):
    seed = classroom.folder / ".grading" / "seed"
    assert int(seed.read_text()) > 0
    assert seed.stat().st_mode & 0o077 == 0
