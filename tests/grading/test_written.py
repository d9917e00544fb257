"""Written answers that wait for a person, and the criteria they are read by."""

import copy
import html
import importlib
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert.filters import markdown2html
from nbgrader.api import Gradebook
from nbgrader.utils import determine_grade

from helpers.course import Lesson, lesson
from helpers.grading import written
from helpers.grading.restitch import released, stitched
from helpers.grading.written import Written, closing, criteria, disagreement, hand_to_reader, mark
from helpers.language import language

interview = importlib.import_module("helpers.interview")        # helpers.interview is its function
START, MEMO = lesson("00"), Lesson("06_retention")
SCRIPT = "<script>alert(1)</script> and ``` fences ~~~\n\n$$<b>$$ </pre> [link](javascript:alert(2))"


def notebook_of(*cells):
    made = nbformat.v4.new_notebook()
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made.cells = [make[kind](source, id=ident) for kind, ident, source in cells]
    return made


LAST_LESSON = notebook_of(
    ("markdown", "words-first", "**Your 60-second answer.** …"), ("markdown", "words-memo", "**Your memo, with numbers.**\n\n…"),
    ("code", "shown", 'reveal("06")'), ("markdown", "words-notes", "**Notes for yourself.** …"))


@pytest.fixture
def last_lesson(tmp_path, monkeypatch):
    """The words of lesson 06, and its notebook as released."""
    (tmp_path / "06_retention.en.md").write_text("## Criteria\n\n- I named the decision.\n- I gave\n  an interval.\n- Three.\n- Four.\n- Five.\n")
    (tmp_path / "06_retention.zh.md").write_text("## Criteria\n\n- 一。\n- 二。\n- 三。\n- 四。\n- 五。\n", encoding="utf-8")
    monkeypatch.setattr(interview, "FOLDER", tmp_path)
    monkeypatch.setattr(written, "released", lambda of, name: LAST_LESSON)
    interview.words.cache_clear()
    yield copy.deepcopy(LAST_LESSON)
    interview.words.cache_clear()


def plain(notebook):
    return [{"kind": cell.cell_type, "source": cell.source, "id": cell.id} for cell in notebook.cells]


def waiting(notebook):
    """The ids of the cells that nbgrader grades by hand."""
    return [cell.id for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade") and cell.metadata.nbgrader.solution]


def closing_words(of=START, name="start"):
    return closing(released(of, name))


def test_by_default_the_memo_of_lesson_06_waits_and_nothing_of_another_lesson(last_lesson):
    assert Written().manual == "memo"
    mark(last_lesson, LAST_LESSON, MEMO, "memo")
    assert waiting(last_lesson) == ["words-memo"]
    start = copy.deepcopy(released(START, "start"))
    assert mark(start, released(START, "start"), START, "memo") is None
    assert waiting(start) == []


def test_all_means_the_closing_answer_of_each_lesson_not_the_first_one():
    for of, name in (START, "start"), (lesson("01"), "behaviour"):
        whole = copy.deepcopy(released(of, name))
        mark(whole, released(of, name), of, "all")
        (only,) = waiting(whole)
        words = [cell.id for cell in whole.cells if cell.id.startswith("words-")]
        assert only != words[0]
        cell = next(cell for cell in whole.cells if cell.id == only)
        assert "again" in cell.source or "second time" in cell.source or "with numbers" in cell.source
        assert cell.metadata.nbgrader.points == 5


def test_a_notebook_that_reveals_nothing_has_no_closing_answer():
    assert closing(released(START, "start_more")) is None


def test_none_takes_the_mark_of_the_release_away(last_lesson):
    mark(last_lesson, LAST_LESSON, MEMO, "memo")
    mark(last_lesson, LAST_LESSON, MEMO, "none")
    assert waiting(last_lesson) == []


def test_a_stub_left_as_it_was_earns_0_and_a_written_answer_waits(last_lesson):
    chosen = mark(last_lesson, LAST_LESSON, MEMO, "memo")
    assert determine_grade(chosen) == (0, 5)
    chosen.source += "\n\nWe win two points, give or take one."
    again = mark(last_lesson, LAST_LESSON, MEMO, "memo")
    assert determine_grade(again) == (None, 5)


def test_the_criteria_stand_below_the_words_in_the_chosen_language(last_lesson):
    shown = copy.deepcopy(last_lesson)
    hand_to_reader(shown, MEMO, "retention", "memo")
    assert [cell.id for cell in shown.cells] == ["words-first", "words-memo", "criteria", "shown", "words-notes"]
    assert shown.cells[2].source.startswith("**Criteria: one point for each that is met**\n\n1. I named the decision.\n2. I gave")
    assert "\n5. Five." in shown.cells[2].source
    language("zh")
    assert criteria(MEMO)[4] == "五。"
    hand_to_reader(last_lesson, MEMO, "retention", "memo")
    assert "评阅标准" in last_lesson.cells[2].source


def test_each_lesson_has_five_criteria_in_both_languages():
    for code in ("en", "zh"):
        language(code)
        assert [len(criteria(lesson(number))) for number in ("00", "01")] == [5, 5]


def test_the_memo_is_read_by_its_own_criteria():
    of = lesson("06")
    assert len(criteria(of)) == 10
    whole = released(of, "retention")
    chosen = mark(copy.deepcopy(whole), whole, of, "memo")
    assert chosen.source.startswith("**Your memo.**")
    assert chosen.metadata.nbgrader.points == 10


def test_markup_among_the_learners_words_is_shown_as_text():
    cells = plain(released(START, "start"))
    next(cell for cell in cells if cell["id"] == closing_words().id)["source"] = SCRIPT
    whole = stitched(cells, START, "start")
    shown = markdown2html(next(cell.source for cell in whole.cells if cell.id == closing_words().id))
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and ``` fences ~~~" in shown
    assert shown.count("</pre>") == 1
    assert "<b>" not in shown
    assert "<a " not in shown
    assert html.unescape(shown).partition(">")[2].rpartition("</pre>")[0] == SCRIPT


def test_words_are_found_without_ids_and_with_what_was_added_below():
    cells = [{**cell, "id": ""} for cell in plain(released(START, "start"))]
    place = next(i for i, cell in enumerate(cells) if cell["source"] == closing_words().source)
    cells[place]["source"] += "\n\nMine."
    cells[place + 1:place + 1] = [{"kind": "markdown", "id": "new", "source": "And a paragraph of its own."}]
    whole = stitched(cells, START, "start")
    found = next(cell.source for cell in whole.cells if cell.id == closing_words().id)
    assert "Mine.&#10;&#10;And a paragraph of its own." in found


def test_a_cell_that_was_not_handed_in_is_not_taken_for_unanswered():
    cells = [cell for cell in plain(released(START, "start")) if cell["id"] != closing_words().id]
    whole = stitched(cells, START, "start")
    chosen = mark(whole, released(START, "start"), START, "all")
    assert determine_grade(chosen) == (None, 5)
    assert "not in the notebook that was handed in" in chosen.source


@pytest.mark.parametrize(("there", "agrees", "differs"), [(True, "all", "memo"), (False, "memo", "all")])
def test_a_gradebook_made_with_another_choice_is_told(tmp_path, monkeypatch, there, agrees, differs):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")     # for alembic, as in nbgrader_config.py
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as gradebook:
        gradebook.add_assignment(START.name)
        gradebook.add_notebook("start", START.name)
        if there:
            gradebook.add_grade_cell(closing_words().id, "start", START.name, max_score=5, cell_type="markdown")
        assert disagreement(gradebook, START, "start", agrees) is None
        why = str(disagreement(gradebook, START, "start", differs))
    assert f"Written.manual = '{differs}'" in why
    assert "nbgrader db assignment remove 00_start" in why
