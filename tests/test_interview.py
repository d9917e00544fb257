"""The interviewer's questions and answers."""

import pytest

from helpers import ask, interview, memo, production_card, reveal
from helpers.interview import _clock, _inline
from helpers.language import language


def test_a_lessons_question_card_and_answer_are_shown_in_the_chosen_language(capsys):
    for show in (ask, production_card, reveal):
        show("00")
    english = capsys.readouterr().out
    language("zh")
    for show in (ask, production_card, reveal):
        show("00")
    chinese = capsys.readouterr().out
    assert "The interviewer asks" in english
    assert "面试官提问" in chinese


def test_an_interview_draws_as_many_follow_ups_as_asked_and_repeats_under_a_seed(capsys):
    interview(3, seed=1)
    first = capsys.readouterr().out
    assert first.count("from lesson") == 3
    interview(3, seed=1)
    assert capsys.readouterr().out == first


@pytest.mark.parametrize("n", [0, 10_000])
def test_an_interview_without_questions_is_refused(n):
    with pytest.raises(ValueError, match="n must be between 1 and"):
        interview(n)


def test_an_unknown_lesson_is_named_with_those_there_are():
    with pytest.raises(ValueError, match="no lesson '77'; there are 00_start"):
        ask("77")


def test_a_memos_task_comes_with_its_criteria_and_a_clock_and_its_model_only_when_revealed(capsys):
    memo("06")
    task = capsys.readouterr().out
    assert "Does your memo hold?" in task
    assert "45 minutes" in task
    assert "A model memo" not in task
    reveal("06", memo=True)
    shown = capsys.readouterr().out
    assert "Does your memo hold?" in shown
    assert "A model memo" in shown
    assert "Follow-ups" not in shown


def test_a_lesson_that_ends_without_a_memo_says_so():
    for show in (memo, lambda which: reveal(which, memo=True)):
        with pytest.raises(ValueError, match="lesson 00_start ends without a memo"):
            show("00")


def test_markdown_inside_html_is_escaped_and_rendered():
    assert _inline("a < b and **bold** `x`") == "a &lt; b and <b>bold</b> <code>x</code>"
    assert _inline("- one\n- two") == "<ul><li>one</li><li>two</li></ul>"


def test_the_clock_needs_no_script():
    assert "<script" not in _clock(60)
    assert "60s" in _clock(60)
