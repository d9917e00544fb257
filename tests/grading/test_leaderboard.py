"""The leaderboard of a class: ranks, aliases, pseudonyms and scores; the same whenever and however often it is written."""

import csv
import io
import math
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from helpers.checks.calling import Outcome
from helpers.checks.exercise import case, find
from helpers.checks.keys import Answers
from helpers.checks.notebook import Submission
from helpers.checks.runner import Asked
from helpers.course import lesson
from helpers.grading.batch import Batch
from helpers.grading.grade import grade_one, mean_score
from helpers.grading.leaderboard import alias_in, pseudonym, shown_names, write_leaderboard
from helpers.grading.results import Marked, Result, Results
from helpers.grading.seeds import SeedError
from helpers.grading.staging import HandIn

LESSON = lesson("00_start")
KEY = b"k" * 64


def cell(source, kind="code"):
    return {"kind": kind, "source": source, "id": "c"}


def hand_in(student, *sources, notebook="start", reason=""):
    return HandIn(student, notebook, tuple(map(cell, sources)), reason, "d", (), "")


def marked(earned, score=None):
    return Marked(20, earned, "passed", True, (), "<p>", "text", "exam", score)


@pytest.fixture
def board(tmp_path):
    """board({"ann": (hand-in, {"cohort_retention": marked(20)}), …}, names=False): the rows of the file that is written, as dicts."""

    def write(a_class, names=False):
        results = Results(tmp_path / "results")
        for one, marks in a_class:
            results.write(Result(one.student, LESSON.name, one.notebook, "d", one.reason, marks))
        path = write_leaderboard(Batch(LESSON, [one for one, _ in a_class], results), tmp_path / "secret" / "pseudonyms", names)
        assert path == tmp_path / "results" / LESSON.name / "leaderboard.csv"
        return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))

    return write


# ---- ranks ----


def test_the_best_come_first_and_equals_share_a_rank(board):
    rows = board([(hand_in(name, f"# alias: {name} A"), {"cohort_retention": marked(points)})
                  for name, points in (("d", 5.), ("a", 12.), ("b", 20.), ("c", 12.), ("e", 0.))])
    assert [(row["rank"], row["who"], row["points"]) for row in rows] == [
        ("1", "b A", "20"), ("2", "a A", "12"), ("2", "c A", "12"), ("4", "d A", "5"), ("5", "e A", "0")]
    assert list(rows[0]) == ["rank", "who", "points"]


def test_points_of_all_notebooks_of_a_student_are_added(board):
    rows = board([(hand_in("a"), {"cohort_retention": marked(12.4)}), (hand_in("a", notebook="start_more"), {}),
                  (hand_in("b"), {"temporal_split": marked(9.)})])
    assert [row["points"] for row in rows] == ["12.4", "9"]


def test_a_mean_score_has_a_column_of_its_own_and_orders_equal_points(board):
    rows = board([(hand_in("a", "alias: low"), {"cohort_retention": marked(20., .25)}), (hand_in("b", "alias: high"), {"cohort_retention": marked(20., .5)}),
                  (hand_in("c", "alias: none"), {"cohort_retention": marked(20.)}), (hand_in("d", "alias: poor"), {"cohort_retention": marked(8., .9)}),
                  (hand_in("e", "alias: as low"), {"cohort_retention": marked(20., .250001)})])
    assert [(row["rank"], row["who"], row["points"], row["cohort_retention"]) for row in rows] == [
        ("1", "high", "20", "0.5000"), ("2", "as low", "20", "0.2500"), ("2", "low", "20", "0.2500"), ("4", "none", "20", ""), ("5", "poor", "8", "0.9000")]


def test_who_waits_for_a_person_has_no_rank_and_takes_nobodys(board):
    rows = board([(hand_in("a", reason="damaged"), {}), (hand_in("b"), {"cohort_retention": marked(0.)})])
    assert [(row["rank"], row["points"]) for row in rows] == [("1", "0"), ("", "")]


def test_a_notebook_without_points_that_cannot_be_read_costs_nobody_the_rank(board):
    rows = board([(hand_in("a"), {"cohort_retention": marked(7.)}), (hand_in("a", notebook="start_more", reason="damaged"), {})])
    assert [(row["rank"], row["points"]) for row in rows] == [("1", "7")]


# ---- who ----


def test_no_students_id_stands_on_the_board_unless_the_instructor_asks(board, tmp_path):
    a_class = [(hand_in("li.hua", "# alias: Night Heron"), {"cohort_retention": marked(20.)}), (hand_in("wang.wei"), {"cohort_retention": marked(9.)})]
    rows = board(a_class)
    text = (tmp_path / "results" / LESSON.name / "leaderboard.csv").read_text(encoding="utf-8")
    assert rows[0]["who"] == "Night Heron"
    assert rows[1]["who"].startswith("anon-")
    assert "li.hua" not in text
    assert "wang.wei" not in text
    named = board(a_class, names=True)
    assert [row["student"] for row in named] == ["li.hua", "wang.wei"]
    assert [row["who"] for row in named] == [row["who"] for row in rows]


def test_a_pseudonym_stays_and_hangs_on_the_key_alone():
    assert pseudonym("ann", KEY) == pseudonym("ann", KEY)
    assert len({pseudonym(f"student_{i}", KEY) for i in range(2000)}) == 2000
    assert pseudonym("ann", KEY) != pseudonym("ann", b"j" * 64)


@pytest.mark.parametrize(("source", "alias"), [
    ("# alias: quiet fox", "quiet fox"), ("alias: quiet fox", "quiet fox"), ("#alias:fox", "fox"), ("# Alias： 夜鹭7", "夜鹭7"), ("# 别名：夜鹭", "夜鹭"),
    ("x = 1\n  # alias:  quiet   fox  \ny", "quiet fox"), ("# alias: ｆｏｘ", "fox"), ("# alias: a\n# alias: b", "a"),
    ("alias = 'fox'", None), ("# alias:", None), ("# alias: 42", None), ("# my alias: fox", None), (f"# alias: {'x' * 25}", None),
    (f"# alias: {'x' * 5000}", None),
    ("# alias: =1+1", None), ("# alias: @SUM(A1)", None), ("# alias: -fox", None), ("# alias: a,b", None), ('# alias: "fox"', None),
    ("# alias: <b>fox</b>", None), ("# alias: fo\u202ex", None), ("# alias: f\u200box", None), ("# alias: anon-7f3a9c2e11", None), ("# alias: ANON-x", None)])
def test_an_alias_is_plain_or_none(source, alias):
    assert alias_in([cell("import numpy as np"), cell(source, "markdown")]) == alias


def test_an_alias_in_a_line_or_file_without_end_takes_no_time():
    assert alias_in([cell("# alias: " + " " * 2_000_000 + "x"), cell(" \n" * 300_000 + "# alias: fox")]) in (None, "fox")


def test_an_alias_that_two_chose_is_nobodys():
    who = shown_names({"a": [hand_in("a", "# alias: Fox")], "b": [hand_in("b", "# alias: fox")], "c": [hand_in("c", "# alias: owl")]}, KEY)
    assert who == {"a": pseudonym("a", KEY), "b": pseudonym("b", KEY), "c": "owl"}


def test_nobody_stands_on_the_board_as_somebody_else():
    who = shown_names({"ann": [hand_in("ann")], "bob": [hand_in("bob", "# alias: Ann")], "eve": [hand_in("eve", "# alias: eve")]}, KEY)
    assert who == {"ann": pseudonym("ann", KEY), "bob": pseudonym("bob", KEY), "eve": "eve"}


# ---- the file ----


def test_written_again_it_is_the_same_to_the_byte_whatever_the_order_of_the_class(board, tmp_path):
    a_class = [(hand_in(f"s{i}"), {"cohort_retention": marked(float(i % 3))}) for i in range(12)]
    path = tmp_path / "results" / LESSON.name / "leaderboard.csv"
    board(a_class)
    first = path.read_bytes()
    board(a_class[::-1])
    assert path.read_bytes() == first


def test_the_order_of_equals_follows_what_is_shown_and_not_the_ids(board):
    rows = board([(hand_in(f"s{i:02}"), {"cohort_retention": marked(20.)}) for i in range(40)])
    assert [row["who"] for row in rows] == sorted(row["who"] for row in rows)
    assert {row["rank"] for row in rows} == {"1"}


def test_the_key_is_made_once_for_its_owner_alone(board, tmp_path):
    board([(hand_in("a"), {})])
    key = tmp_path / "secret" / "pseudonyms"
    assert key.stat().st_mode & 0o077 == 0
    text = key.read_text(encoding="ascii")
    board([(hand_in("a"), {})])
    assert key.read_text(encoding="ascii") == text
    key.write_text("\n", encoding="ascii")
    with pytest.raises(SeedError, match="pseudonyms holds no key"):
        board([(hand_in("a"), {})])


def test_a_result_without_a_score_is_kept_as_it_was_before_there_were_scores():
    plain = Result("a", LESSON.name, "start", "d", exercises={"cohort_retention": marked(3.)})
    assert "score" not in plain.as_json()["exercises"]["cohort_retention"]
    assert Result.from_json(plain.as_json()) == plain
    scored = Result("a", LESSON.name, "start", "d", exercises={"cohort_retention": marked(3., .5)})
    assert Result.from_json(scored.as_json()) == scored


# ---- scores ----


def scoring(score):
    """A record whose judge has this score."""
    return SimpleNamespace(judge=SimpleNamespace(score=score))


def answered(*values):
    return [Outcome("value", value=value) for value in values]


CASES = [case(1), case(2), case(3)]


def test_a_score_is_the_mean_over_the_cases_that_have_one():
    assert mean_score(scoring(lambda case, got: case.args[0] * got), CASES, answered(1.0, 2.0, 3.0)) == pytest.approx(14 / 3)
    assert mean_score(scoring(lambda case, got: None if case.args[0] == 2 else got), CASES, answered(1.0, 2.0, 5.0)) == 3


@pytest.mark.parametrize("score", [lambda case, got: None, lambda case, got: math.nan, lambda case, got: math.inf, lambda case, got: got["kept"],
                                   lambda case, got: "much"], ids=["none", "nan", "infinite", "raises", "words"])
def test_what_is_no_number_is_no_score(score):
    assert mean_score(scoring(score), CASES, answered(1.0, 2.0, 3.0)) is None


def test_without_a_judge_that_scores_or_with_a_case_unanswered_there_is_none():
    assert mean_score(SimpleNamespace(judge=SimpleNamespace()), CASES, answered(1.0, 2.0, 3.0)) is None
    assert mean_score(scoring(lambda case, got: got), CASES, [*answered(1.0, 2.0), Outcome("error", errors=("ValueError",))]) is None


def test_a_value_that_does_not_decode_has_no_score():
    assert mean_score(scoring(lambda case, got: 1.0), CASES, answered({"no": "value"}, 1.0, 1.0)) is None


class Scored:
    """A judge that compares as the exercise's own does, and scores."""

    def __init__(self, judge):
        self.difference, self.seen = judge.difference, []

    def score(self, case, got):
        self.seen.append(got)
        return float(got)


@pytest.mark.parametrize("delegates", [False, True], ids=["an answer", "an answer that delegates"])
def test_a_score_is_made_from_plain_data_by_the_judging_process(delegates):
    record = find("cohort_retention")
    judge = Scored(record.judge)
    asked = Asked(replace(record, judge=judge), [each for each in record.cases(7) if each.error is None][:3])
    other = "from helpers import metrics\n        return metrics.gini(active)" if delegates else "pass"
    source = f"def cohort_retention(first_day, active, n, window=1):\n    if n < 0:\n        {other}\n    return .25\ncohort_retention.score = 1e9"
    exam = SimpleNamespace(asked=[asked], answers={record.name: Answers(tuple(answered(.5, .5, .5)), ())})
    graded = grade_one(exam, Submission("import numpy as np", (), {record.name: source}, ()))
    assert graded.verdicts[record.name].earned == 0
    assert graded.scores == ({} if delegates else {record.name: .25})
    assert all(type(got) is float for got in judge.seen)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_run_a_second_run_and_merged_shards_give_the_same_board(classroom):
    right = classroom.references
    wrong = {**right, "cohort_retention": "# exercise: cohort_retention\n# alias: Fox\ndef cohort_retention(first_day, active, n, window=1):\n    return .5"}
    for student, answers in (("ann", right), ("bob", wrong), ("eve", right)):
        classroom.hand_in(student, classroom.answered(**answers))
    grading = classroom.folder / ".grading"

    def graded(*options):
        ran = classroom.run("retention-grade", "00", "--practice", "--jobs", "1", *options)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    told = graded()
    path = grading / "results" / LESSON.name / "leaderboard.csv"
    assert str(path) in told
    whole = path.read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(whole)))
    assert [row["rank"] for row in rows] == ["1", "1", "3"]
    assert [row["who"] for row in rows][2] == "Fox"
    graded()
    assert path.read_text(encoding="utf-8") == whole
    shutil.rmtree(grading / "results")
    for part in ("1/2", "2/2"):
        graded("--shard", part, "--results", str(grading / f"part{part[0]}"))
        assert not list((grading / f"part{part[0]}").rglob("leaderboard.csv"))
    graded("--merge", str(grading / "part1"), str(grading / "part2"))
    assert path.read_text(encoding="utf-8") == whole
    assert "ann" in graded("--names") + path.read_text(encoding="utf-8")
