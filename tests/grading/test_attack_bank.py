"""The attack bank itself: complete, readable, and aimed at what the grader would read."""

import re

import pytest
from attacks import ATTACKS, MARKUP, NEIGHBOUR, SENTINEL
from attacks_delegation import DELEGATION

from helpers.checks import show
from helpers.checks.delegation import borrowed
from helpers.checks.exercise import find
from helpers.checks.keys import key_of
from helpers.checks.notebook import submission
from helpers.course import lesson
from helpers.grading.exam import draw
from helpers.grading.grade import grade_one
from helpers.grading.staging import staged

START = lesson("00_start")
CANNOT_RUN = {"f_odd_sources", "d_never_compiled"}
"""Attacks of which some cell is meant not to compile."""


@pytest.fixture(scope="module")
def found(classroom):
    """What staging finds of each attack, all handed in to one class, by student."""
    classroom.hand_in(NEIGHBOUR, classroom.answered(**classroom.references))
    for attack in ATTACKS:
        attack.hand_in(classroom, attack.name)
    hand_ins = staged(classroom.folder / ".grading" / "submitted", START)
    return {each.student: each for each in hand_ins if each.notebook == "start"}


def answered(hand_in):
    return submission(list(hand_in.cells), key_of(START).notebooks["start"])


def test_every_attack_has_a_name_of_its_own_that_can_be_a_students():
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{2,60}", name) for name in names)
    assert NEIGHBOUR not in names


def test_each_of_the_41_attacks_on_stock_nbgrader_is_there_once():
    rows = sorted(int(attack.name[1:3]) for attack in ATTACKS if re.match(r"a\d\d_", attack.name))
    assert rows == list(range(1, 42))


def test_every_attack_says_in_one_sentence_what_it_tries():
    assert [attack.name for attack in ATTACKS if not attack.tries.endswith(".") or "\n" in attack.tries] == []


def test_every_attack_is_found_and_read_unless_its_file_is_the_attack(found):
    assert {name for attack in ATTACKS if (name := attack.name) not in found} == set()
    assert {a.name: found[a.name].reason for a in ATTACKS if a.gradable != (not found[a.name].reason)} == {}


def test_every_cell_of_an_attack_compiles_so_that_the_attack_takes_place(found):
    for attack in ATTACKS:
        if attack.gradable and attack.name not in CANNOT_RUN:
            for source in answered(found[attack.name]).cells():
                compile(source, attack.name, "exec")


def test_no_attack_writes_its_sentinel_out_where_the_feedback_shows_its_source(found):
    smuggled = [found[attack.name] for attack in ATTACKS if attack.name.startswith(("s_", "p_"))]
    assert [each.student for each in smuggled for cell in each.cells if SENTINEL in cell["source"] or MARKUP in cell["source"]] == []


@pytest.mark.parametrize("attack", DELEGATION, ids=lambda attack: attack.name)
def test_borrowed_work_is_seen(found, attack):
    exercise = find("cohort_retention")
    assert borrowed(answered(found[attack.name]).cells(), exercise.functions, exercise.uses)


@pytest.fixture(scope="module")
def exam(course):
    return draw(course, START, "start", seed=20_011).only(["cohort_retention"])


@pytest.mark.slow
@pytest.mark.parametrize("attack", DELEGATION, ids=lambda attack: attack.name)
def test_a_right_answer_that_is_borrowed_earns_nothing_and_is_told_why(found, exam, attack):
    verdict = grade_one(exam, answered(found[attack.name])).verdicts["cohort_retention"]
    assert verdict.failure is None
    assert verdict.earned == 0
    assert attack.says in show.verdict_card(verdict, graded=True).text
