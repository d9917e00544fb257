"""From the outcomes of an exercise's calls to points, rule by rule, with the likely mistake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from helpers.checks import codec
from helpers.checks.calling import Outcome
from helpers.checks.delegation import Borrowed
from helpers.checks.exercise import CORE_SHARE, Case, Exercise
from helpers.checks.judge import Difference
from helpers.checks.keys import KnownMistake
from helpers.language import Text

# The ladder: of several failures the one on the lowest rung is shown.
_RUNGS = {"missing": 0, "todo": 1, "signature": 2, "type": 3, "shape": 3, "unsupported": 3, "mutated": 4}


@dataclass(frozen=True)
class Failure:
    """A case that was not answered as expected.  `stage`: an outcome's kind or a difference's stage."""

    index: int
    case: Case
    stage: str
    difference: Difference | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Verdict:
    """What an exercise earned and why."""

    exercise: Exercise
    earned: float
    core_passed: bool
    rules: dict[Text, bool]
    failure: Failure | None
    failures: int
    cases: int
    mistakes: tuple[KnownMistake, ...] = ()
    borrowed: tuple[Borrowed, ...] = ()
    demo_names: tuple[str, ...] = ()
    refused: bool = False
    notes: tuple[Text, ...] = field(default=())
    reports: tuple[Text, ...] = field(default=())
    """What came of the answer, case by case, where the judge tells: for practice only, since it tells of the cases."""

    @property
    def passed(self) -> bool:
        return self.failure is None and not self.refused

    @property
    def untouched(self) -> bool:
        """Nothing was written yet: the stub stands."""
        return self.failure is not None and self.failure.stage == "todo"


def verdict(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome], expected: Sequence[Outcome],
            mistakes: Sequence[KnownMistake] = (), borrowed: Sequence[Borrowed] = (), demo_names: Sequence[str] = (),
            refuse: bool = False) -> Verdict:
    """Judge an answer's outcomes, one for each case.

    expected: the reference's outcomes (not used for a trained exercise).  mistakes: those known on these very cases.
    refuse: an answer that delegates earns nothing (grading); without it is only told so (practice).
    RuntimeError if there are not as many of each, as with a key that is older than its record.
    """
    if len(outcomes) != len(cases) or (not exercise.trained and len(expected) != len(cases)):
        raise RuntimeError(f"{exercise.name} has {len(cases)} cases, but {len(outcomes)} outcomes and {len(expected)} expected answers: "
                           "the answer key is older than the record, run `make build`")
    failures = _failures(exercise, cases, outcomes, expected)
    wrong = {failure.index for failure in failures}
    core = all(i not in wrong for i, case in enumerate(cases) if case.rule is None)
    rules: dict[Text, bool] = {}
    for i, case in enumerate(cases):
        if case.rule is not None:
            rules[case.rule] = rules.get(case.rule, True) and i not in wrong
    refused = bool(borrowed) and refuse
    earned = 0.0
    if core and not refused:
        share = sum(rules.values()) / len(rules) if rules else 1.0
        earned = round(exercise.points * (CORE_SHARE + (1 - CORE_SHARE) * share), 1)
    shown = min(failures, key=lambda f: (_RUNGS.get(f.stage, 9), f.index), default=None)
    notes = exercise.judge.notes(outcomes[0].answer) if exercise.trained and not failures else ()
    return Verdict(exercise, earned, core, rules, shown, len(failures), len(cases),
                   tuple(_likely(exercise, failures, outcomes, expected, mistakes)), tuple(borrowed), tuple(demo_names), refused, notes,
                   () if refuse else tuple(_reports(exercise, cases, outcomes)))


def _reports(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> Iterator[Text]:
    tell = getattr(exercise.judge, "report", None)
    for number, (case, outcome) in enumerate(zip(cases, outcomes, strict=True), start=1):
        if tell and outcome.kind == "value":
            try:
                said = tell(number, case, outcome.answer)
            except codec.CodecError:
                continue        # no value came back: the failure says so
            if said is not None:
                yield said


def failing(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome], expected: Sequence[Outcome]) -> list[int]:
    """The positions of the cases that are not answered as expected."""
    return [failure.index for failure in _failures(exercise, cases, outcomes, expected)]


def _failures(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome], expected: Sequence[Outcome]) -> list[Failure]:
    return [failure for i in range(len(cases))
            if (failure := _failure(exercise, i, cases[i], outcomes[i], expected[i] if expected else None))]


def _failure(exercise: Exercise, index: int, case: Case, outcome: Outcome, expected: Outcome | None) -> Failure | None:
    if outcome.kind == "error" and case.error is not None and case.error.__name__ in outcome.errors:
        return None
    if outcome.kind != "value":
        return Failure(index, case, outcome.kind, outcome=outcome)
    if case.error is not None:
        return Failure(index, case, "no error", outcome=outcome)
    difference = _difference(exercise, case, outcome, expected)
    if outcome.mutated and not (difference and difference.stage in ("type", "shape")):
        return Failure(index, case, "mutated", outcome=outcome)
    return Failure(index, case, difference.stage, difference, outcome) if difference else None


def _difference(exercise: Exercise, case: Case, outcome: Outcome, expected: Outcome | None) -> Difference | None:
    if expected is not None and expected.value is not None and outcome.value == expected.value:
        return None         # the same on the wire, hence the same value
    try:
        if exercise.trained:
            return exercise.judge.difference(case, outcome.answer)
        return exercise.judge.difference(expected.answer, outcome.answer)
    except codec.CodecError as error:
        return Difference("type", Text("the answer", "答案"), str(error), "")
    except Exception as error:      # values made to be compared with nothing: whatever they provoke, they are not what was expected
        return Difference("type", Text("the answer", "答案"), f"a value that cannot be compared ({type(error).__name__})", "")


def _likely(exercise: Exercise, failures: list[Failure], outcomes: Sequence[Outcome], expected: Sequence[Outcome],
            mistakes: Sequence[KnownMistake]) -> list[KnownMistake]:
    """The mistakes that give the learner's answers on at least half of the failing cases, the first included; the best ones."""
    if exercise.trained:
        return [mistake for mistake in mistakes if mistake.facts and _has_facts(failures, mistake)]
    told = [f for f in failures if f.stage not in ("skipped", "todo", "missing")]
    if not told:
        return []
    scores = {}

    def explains(mistake: KnownMistake, index: int) -> bool:
        return index in mistake.outcomes and _agree(exercise, mistake.outcomes[index], outcomes[index])

    for i, mistake in enumerate(mistakes):
        if not explains(mistake, told[0].index):        # most are out here, before all failing cases are compared
            continue
        hits = [f.index for f in told if explains(mistake, f.index)]
        if 2 * len(hits) >= len(told):
            # A mistake that is wrong where the learner is right explains less.
            predicted = len(mistake.outcomes)
            scores[i] = (len(hits) / len(told), len(hits) / predicted)
    best = max(scores.values(), default=None)
    return [mistakes[i] for i, score in scores.items() if score == best]


def _agree(exercise: Exercise, mistake: Outcome, got: Outcome) -> bool:
    if mistake.kind != got.kind:
        return False
    if got.kind == "error":
        return mistake.errors[:1] == got.errors[:1]
    if got.kind != "value":
        return True
    if mistake.mutated and got.mutated and not mistake.value:
        return True
    return mistake.mutated == got.mutated and (mistake.value == got.value or exercise.judge.difference(mistake.answer, got.answer) is None)


def _has_facts(failures: list[Failure], mistake: KnownMistake) -> bool:
    for failure in failures:
        if failure.outcome is None:
            continue
        if failure.outcome.kind == "error":
            facts = {"error": failure.outcome.errors[0] if failure.outcome.errors else "", "message": failure.outcome.message}
        elif failure.outcome.kind == "value":
            answer = failure.outcome.answer
            facts = answer.get("facts", {}) if isinstance(answer, dict) else {}
        else:
            continue
        if all(_fits(facts.get(name), wanted) for name, wanted in mistake.facts.items()):
            return True
    return False


def _fits(fact: object, wanted: object) -> bool:
    """A fact fits what is wanted of it: equal; or, of a list, one of its members; or, of a message, a part of it."""
    if isinstance(fact, list) and not isinstance(wanted, list):
        return wanted in fact
    if isinstance(fact, str) and isinstance(wanted, str):
        return wanted in fact
    return fact == wanted
