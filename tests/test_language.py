"""Every message exists in English and Chinese."""

import ast
import re

import pytest

from helpers.course import lessons
from helpers.interview import MEMO, SECTIONS, words
from helpers.language import Text, language

CHINESE = re.compile(r"[一-鿿]")
HOLES = re.compile(r"\{(\w*)[^{}]*\}")


def messages(course):
    """(place, English, Chinese) of every `Text(…)` written in the course's code, where both are constants."""
    for path in [*(course / "helpers").rglob("*.py"), *(course / "solutions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text" and len(node.args) == 2:
                texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                if len(texts) == 2:
                    yield f"{path.name}:{node.lineno}", *texts


def test_every_message_is_written_in_both_languages_with_the_same_holes(course):
    faults = []
    for place, en, zh in messages(course):
        if (en and not zh) or (re.search(r"[a-z]{3}", en) and en != zh and not CHINESE.search(zh)):
            faults.append(f"{place}: no Chinese for {en!r}")
        if set(HOLES.findall(en)) != set(HOLES.findall(zh)):
            faults.append(f"{place}: {en!r} and its Chinese do not name the same values")
    assert faults == []


def test_there_are_messages_to_look_at(course):
    assert len(list(messages(course))) > 60


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_the_interviewers_words_have_the_same_sections_and_as_many_questions_in_both_languages(lesson):
    en, zh = words(lesson, "en"), words(lesson, "zh")
    wanted = [section for section in SECTIONS if section != "Recap" or lesson.number != "00"]
    assert [section for section in SECTIONS if section in en.sections] == wanted
    assert [section for section in SECTIONS if section in zh.sections] == wanted
    for section in ("Recap", "Follow-ups"):
        assert len(en.questions(section)) == len(zh.questions(section))
    assert len(re.findall(r"^- ", en.sections["Criteria"], flags=re.MULTILINE)) == 5
    assert len(re.findall(r"^- ", zh.sections["Criteria"], flags=re.MULTILINE)) == 5
    assert all(CHINESE.search(text) for text in zh.sections.values())
    for code in (en, zh):
        assert [section for section in code.sections if section not in SECTIONS] == (list(MEMO) if lesson.number == "06" else [])
    if lesson.number == "06":
        assert [len(re.findall(r"^- ", code.sections["Memo criteria"], flags=re.MULTILINE)) for code in (en, zh)] == [10, 10]


def test_a_message_is_shown_in_the_language_chosen():
    message = Text("of {n} points", "共 {n} 分").format(n=Text("ten", "十"))
    assert str(message) == "of ten points"
    language("zh")
    assert str(message) == "共 十 分"


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="not one of en, zh"):
        language("fr")
