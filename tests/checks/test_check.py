"""The learner's own commands show and never raise."""

import pytest

from helpers import check, hint, progress, yours
from helpers.authoring.source import functions_of
from helpers.checks.exercise import find
from helpers.language import language


@pytest.fixture
def split(course):
    """The reference of `temporal_split`."""
    return functions_of(course, find("temporal_split"))["temporal_split"]


def test_a_right_answer_is_told_and_can_be_used_later(split, capsys):
    check(split)
    assert capsys.readouterr().out.startswith("✓ temporal_split — public checks passed")
    assert yours("temporal_split") is split


def test_an_answer_that_stops_passing_is_not_yours_any_more(split, capsys):
    def temporal_split(df, ts, train_end, valid_end):
        return None

    check(split)
    check(temporal_split)
    assert yours("temporal_split") is None
    assert "got None" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["temporal_split", 3, None])
def test_what_is_no_function_is_named(wrong, capsys):
    check(wrong)
    assert "check() takes the function itself" in capsys.readouterr().out


def test_a_function_of_another_name_is_told_the_names_there_are(capsys):
    check(lambda x: x)
    said = capsys.readouterr().out
    assert "no exercise called <lambda>" in said
    assert "temporal_split" in said


def test_checking_nothing_is_explained(capsys):
    check()
    assert "check() takes the function itself" in capsys.readouterr().out


def test_hints_come_one_level_at_a_time_and_end(monkeypatch, capsys):
    monkeypatch.setattr("helpers.checks.check._hints_shown", {})
    total = len(find("temporal_split").hints)
    said = []
    for _ in range(total + 1):
        hint("temporal_split")
        said.append(capsys.readouterr().out)
    assert [text.split(":")[0] for text in said[:-1]] == [f"Hint {i + 1} of {total}" for i in range(total)]
    assert "last hint" in said[-1]


def test_progress_counts_the_points_so_far(split, monkeypatch, capsys):
    monkeypatch.setattr("helpers.checks.check._verdicts", {})
    check(split)
    progress("00")
    said = capsys.readouterr().out
    assert f"00_start: {find('temporal_split').points} of 100 points so far" in said


def test_a_check_speaks_chinese(split, capsys):
    language("zh")
    check(split)
    assert "公开检查已通过" in capsys.readouterr().out


def test_a_name_only_a_demonstration_defines_is_pointed_out(split, monkeypatch, capsys):
    from dataclasses import replace

    from helpers.checks.keys import key_of
    from helpers.course import lesson

    key = key_of(lesson("00"))
    start = replace(key.notebooks["start"], demo_names=frozenset(["orders"]))
    monkeypatch.setattr("helpers.checks.check.key_of", lambda _: replace(key, notebooks={**key.notebooks, "start": start}))
    namespace = {"orders": None, "split": split}
    exec("def temporal_split(df, ts, train_end, valid_end):\n    orders\n    return split(df, ts, train_end, valid_end)", namespace)
    check(namespace["temporal_split"])
    assert "The grader will not have `orders`" in capsys.readouterr().out
