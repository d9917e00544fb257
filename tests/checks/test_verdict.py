"""From answers to points."""

import contextlib

import numpy as np
import pytest
from toy import TIES, TOO_LARGE, lowest_first, precision, reference

from helpers.checks.delegation import Borrowed
from helpers.checks.show import verdict_card


def test_the_reference_earns_every_point(judge_answer):
    found = judge_answer(reference)
    assert found.passed
    assert found.earned == 10


def test_an_answer_without_a_rule_loses_that_rules_points_only(judge_answer):
    def no_refusal(bought, score, k):
        return reference(bought, score, min(k, len(bought)))

    found = judge_answer(no_refusal)
    assert found.core_passed
    assert found.rules == {TIES: True, TOO_LARGE: False}
    assert found.earned == 8


def test_an_answer_that_fails_a_random_case_earns_nothing(judge_answer):
    found = judge_answer(precision)
    assert found.earned == 0
    assert not found.core_passed


def test_a_named_mistake_is_explained(judge_answer):
    assert [m.name for m in judge_answer(precision).mistakes] == ["precision"]
    assert [m.name for m in judge_answer(lowest_first).mistakes] == ["lowest_first"]


def test_an_unknown_mistake_shows_the_difference_alone(judge_answer):
    found = judge_answer(lambda bought, score, k: 17.25)
    assert found.mistakes == ()
    assert "17.25" in verdict_card(found).text


def test_two_mistakes_at_once_are_explained_by_the_one_that_answers_half_of_the_failures(judge_answer):
    def both(bought, score, k):
        if k > len(bought):
            return 0.0
        return precision(bought, score, k)

    assert [m.name for m in judge_answer(both).mistakes] == ["precision"]


def test_none_a_string_and_a_wrong_shape_get_messages_of_their_own(judge_answer):
    texts = [verdict_card(judge_answer(lambda *a, _v=value, **k: _v)).text for value in (None, "4", np.ones(3))]
    assert "got None" in texts[0]
    assert "`return`" in texts[0]
    assert "got str" in texts[1]
    assert "array" in texts[2]
    assert len(set(texts)) == 3


def test_a_none_inside_an_answer_is_not_taken_for_a_forgotten_return(judge_answer):
    text = verdict_card(judge_answer(lambda bought, score, k: (None, 1))).text
    assert "`return`" not in text


@pytest.mark.parametrize("graded", [False, True])
def test_another_error_than_the_one_asked_for_is_told_which_was_asked_for(judge_answer, graded):
    def other(bought, score, k):
        if k > len(bought):
            raise KeyError("k")
        return reference(bought, score, k)

    text = verdict_card(judge_answer(other), graded=graded).text
    assert "ValueError" in text
    assert ("KeyError" in text) is not graded
    assert "has an answer" not in text


def test_a_changed_argument_is_named(judge_answer):
    def careless(bought, score, k):
        answer = reference(bought, score, k)
        bought[0] = 1 - bought[0]
        return answer

    found = judge_answer(careless)
    assert found.failure.stage == "mutated"
    assert found.earned == 0


def test_an_error_keeps_the_learners_own_traceback(judge_answer):
    def broken(bought, score, k):
        return bought.no_such_thing

    text = verdict_card(judge_answer(broken)).text
    assert "AttributeError" in text
    assert "return bought.no_such_thing" in text


def test_a_missing_function_a_wrong_signature_and_a_stub_are_told_apart(judge_answer):
    def two(bought, score):
        return 0

    def stub(bought, score, k):
        raise NotImplementedError("sort first")

    assert judge_answer(None).failure.stage == "missing"
    assert judge_answer(two).failure.stage == "signature"
    assert judge_answer(stub).untouched
    assert "sort first" in verdict_card(judge_answer(stub)).text


def test_a_call_that_never_returns_is_stopped_and_the_rest_is_skipped(judge_answer):
    def endless(bought, score, k):
        while True:
            with contextlib.suppress(Exception):
                k += 1

    found = judge_answer(endless)
    assert found.failure.stage == "timeout"
    assert "0.5 seconds" in verdict_card(found).text


def test_a_delegating_answer_is_warned_in_practice_and_refused_when_graded(judge_answer):
    borrowed = [Borrowed("sklearn.metrics", "lift_at_k")]
    assert judge_answer(reference, borrowed=borrowed).earned == 10
    refused = judge_answer(reference, borrowed=borrowed, refuse=True)
    assert refused.earned == 0
    assert not refused.passed
    assert "write this one with numpy, pandas" in verdict_card(refused).text


def test_a_graded_verdict_hides_the_call_and_the_expected_value(judge_answer):
    practised, graded = (verdict_card(judge_answer(precision), graded=graded) for graded in (False, True))
    assert "expected 4" in practised.text
    assert "expected 4" not in graded.text
    assert "lift_at_k(" not in graded.text


def test_what_a_learner_wrote_is_escaped(judge_answer):
    def evil(bought, score, k):
        raise ValueError("<script>alert(1)</script>")

    html = verdict_card(judge_answer(evil)).html
    assert "<script>" not in html
