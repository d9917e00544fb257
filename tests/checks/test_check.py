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


def test_a_misspelt_name_is_told_the_nearest_there_is(capsys):
    def temporal_splitt(df):
        return df

    check(temporal_splitt)
    said = capsys.readouterr().out
    assert "no exercise called temporal_splitt" in said
    assert "Did you mean temporal_split" in said


def test_yours_of_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="no exercise called typo"):
        yours("typo")


def test_one_function_of_several_is_checked_with_the_others_beside_it(course, capsys):
    namespace = dict(functions_of(course, find("build_features")))
    exec("def build_labels(*args, _f=build_labels, **kwargs):\n    return _f(*args, **kwargs)", namespace)
    both = type(namespace["build_labels"])
    alone = both(namespace["build_features"].__code__, {**namespace["build_features"].__globals__, **namespace}, "build_features",
                 namespace["build_features"].__defaults__)
    check(alone)
    assert capsys.readouterr().out.startswith("✓ build_features")


def test_checking_nothing_is_explained(capsys):
    check()
    assert "check() takes the function itself" in capsys.readouterr().out


def test_hints_come_one_level_at_a_time_and_then_start_anew(monkeypatch, capsys):
    monkeypatch.setattr("helpers.checks.check._hints_shown", {})
    total = len(find("temporal_split").hints)
    said = []
    for _ in range(total + 1):
        hint("temporal_split")
        said.append(capsys.readouterr().out)
    assert [text.split(":")[0] for text in said] == [f"Hint {i} of {total}" for i in (*range(1, total + 1), 1)]
    assert "last one" in said[total - 1]


def test_delegating_to_another_package_is_warned_of_in_practice(split, capsys):
    namespace = {"split": split}
    exec("from scipy.stats import rankdata\n"
         "def rank_of_target(scores, target, exclude=()):\n    return rankdata(scores)[target]", namespace)
    check(namespace["rank_of_target"])
    assert "write this one with numpy" in capsys.readouterr().out


def test_a_function_that_prints_is_heard_once(capsys):
    def temporal_split(df, ts, train_end, valid_end):
        print("here I am")
        return df, df, df

    check(temporal_split)
    assert capsys.readouterr().out.count("here I am") == 1


def test_progress_counts_the_points_so_far(split, monkeypatch, capsys):
    monkeypatch.setattr("helpers.checks.check._verdicts", {})
    check(split)
    progress("00")
    said = capsys.readouterr().out
    assert f"00_start: {find('temporal_split').points} of 100 points so far in this session" in said
    assert "not checked in this notebook's session" in said
    assert "not written yet" not in said


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
