"""A submission's answers run in a process of their own."""

import pytest

from helpers.checks import runner
from helpers.checks.exercise import find
from helpers.checks.notebook import Submission

ALIVE = """# exercise: temporal_split
def temporal_split(df, ts, train_end, valid_end):
    {body}
"""
RANK = """# exercise: rank_of_target
def rank_of_target(*arguments, **named):
    return 1.0
"""


def run(body, added=(), setup="import numpy as np\nimport pandas as pd"):
    submission = Submission(setup, tuple(added), {"temporal_split": ALIVE.format(body=body), "rank_of_target": RANK})
    asked = [runner.Asked(find(name), find(name).cases()[:3]) for name in ("temporal_split", "rank_of_target")]
    return runner.run(submission, asked)


def kinds(outcomes, name="temporal_split"):
    return {outcome.kind for outcome in outcomes[name]}


def test_answers_come_back_as_plain_outcomes():
    outcomes, errors = run("return df[df[ts] < train_end], df[:0], df[:0]")
    assert kinds(outcomes) == {"value"}
    assert errors == {}


@pytest.mark.parametrize("body", ["__import__('os')._exit(0)", "__import__('os').kill(__import__('os').getpid(), 9)"], ids=["exit", "kill"])
def test_a_call_that_ends_the_process_loses_its_own_exercise_only(body):
    outcomes, _ = run(body)
    assert outcomes["temporal_split"][0].errors == ("ProcessEnded",)
    assert kinds(outcomes, "rank_of_target") == {"value"}


def test_a_call_that_no_interrupt_reaches_is_killed(monkeypatch):
    monkeypatch.setattr(runner._Piped, "slack", 8.0)
    outcomes, _ = run("return sum(__import__('itertools').repeat(0))")
    assert outcomes["temporal_split"][0].errors == ("ProcessEnded",)
    assert kinds(outcomes, "rank_of_target") == {"value"}


def test_what_an_answer_prints_does_not_mix_with_the_answers():
    outcomes, _ = run("import os; print('{}'); os.write(1, b'junk\\n'); return df, df[:0], df[:0]")
    assert kinds(outcomes) == {"value"}


def test_an_added_cell_that_fails_or_never_ends_is_named_and_stops_nothing(monkeypatch):
    outcomes, errors = run("return helper(df)", added=["1 / 0", "def helper(df): return df, df, df", "while True: pass"])
    assert kinds(outcomes) == {"value"}
    assert "ZeroDivisionError" in errors["cell 1"]
    assert "stopped after" in errors["cell 3"]


def test_an_answer_that_does_not_parse_loses_its_own_exercise_only():
    outcomes, errors = run("return (")
    assert kinds(outcomes) == {"missing", "skipped"}
    assert "SyntaxError" in errors["temporal_split"]
    assert kinds(outcomes, "rank_of_target") == {"value"}


def test_the_worker_is_never_sent_a_label():
    import numpy as np

    from helpers.checks.exercise import case
    from helpers.checks.worker import encode_case

    sent = encode_case(case(T=2).trains_on(np.zeros(1), np.zeros(1)).predicts(np.zeros(2), truth=np.array([7.25, 7.25])))
    assert "truth" not in sent
    assert "7.25" not in str(sent)
