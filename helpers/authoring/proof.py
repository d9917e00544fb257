"""Do the checks do what they promise?  For an exercise and a seed, every promise that is broken, as a sentence.

The tests ask at few seeds, `make prove` at twenty for trained exercises too, and writes the table that is committed.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from helpers.authoring.build import answers
from helpers.authoring.source import functions_of, references, variants
from helpers.checks import calling
from helpers.checks.exercise import PUBLIC_SEED, Exercise, exercises, find
from helpers.checks.keys import Answers
from helpers.checks.verdict import Verdict, verdict

SEEDS = tuple(range(1000, 1020))


def judged(course: Path, exercise: Exercise, seed: int, functions: dict[str, Callable], known: Answers | None = None) -> Verdict:
    """The verdict on these functions under a seed, by answers made from the reference under that seed."""
    cases = exercise.cases(seed)
    known = known or answers(course, exercise, cases)
    outcomes = calling.run_all(exercise, cases, functions)
    if keras := exercise.trained and sys.modules.get("keras"):       # a plan for the shop needs none
        keras.utils.clear_session()     # hundreds of models in one process: without it each fit is slower than the one before
    return verdict(exercise, cases, outcomes, known.expected, known.mistakes)


def broken_promises(course: Path, exercise: Exercise, seed: int) -> Iterator[str]:
    """Each promise of the check that does not hold for this exercise under this seed."""
    if exercise.trained:
        # What is proved is the judgement. How long a fit takes is for another test, which a busy machine may fail.
        exercise = dataclasses.replace(exercise, seconds=10 * exercise.seconds)
    cases = exercise.cases(seed)
    known = answers(course, exercise, cases)
    here = f"{exercise.name}, seed {seed}"
    found = judged(course, exercise, seed, functions_of(course, exercise), known)
    if not found.passed or found.earned != exercise.points:
        yield f"{here}: the reference does not pass: {told(found)}"
    for variant in (each for each in variants(course, exercise.lesson) if each.exercise == exercise.name):
        if variant.wrong and not exercise.trained:      # already run for the answers: where it is not wrong it answers as expected
            wrong = next(mistake.outcomes for mistake in known.mistakes if mistake.name == variant.name)
            found = verdict(exercise, cases, [wrong.get(i, right) for i, right in enumerate(known.expected)], known.expected,
                            known.mistakes)
        else:
            found = judged(course, exercise, seed, functions_of(course, exercise, variant), known)
        if variant.wrong and found.passed:
            yield f"{here}: the mistake {variant.name} passes"
        elif variant.wrong and variant.name not in [mistake.name for mistake in found.mistakes]:
            yield f"{here}: the mistake {variant.name} is refused, but explained as {[m.name for m in found.mistakes]}: {told(found)}"
        elif not variant.wrong and not found.passed:
            yield f"{here}: the alternate {variant.name} is refused: {told(found)}"
    for name, functions in trivial_answers(exercise, course, by_heart=seed != PUBLIC_SEED):
        found = judged(course, exercise, seed, functions, known)
        if found.earned > 0 or (found.passed and not exercise.points):
            yield f"{here}: {name} earns {found.earned:g} points"


def alike(course: Path, exercise: Exercise) -> list[tuple[str, str]]:
    """Pairs of named mistakes that no public case tells apart."""
    if exercise.trained:
        facts = [(v.name, dict(v.facts or {})) for v in variants(course, exercise.lesson) if v.exercise == exercise.name and v.wrong]
        return [(a, b) for (a, x), (b, y) in itertools.combinations(facts, 2) if x == y]
    known = answers(course, exercise, exercise.cases()).mistakes
    return [(a.name, b.name) for a, b in itertools.combinations(known, 2)
            if {i: o.as_json() for i, o in a.outcomes.items()} == {i: o.as_json() for i, o in b.outcomes.items()}]


def trivial_answers(exercise: Exercise, course: Path, by_heart: bool = True) -> Iterator[tuple[str, dict[str, Callable]]]:
    """Answers that know nothing: constants, the identity, always raising, and (for what is not trained) the public key learnt by heart."""
    for constant in (None, 0, 1, float("nan"), [], {}):
        yield f"the constant {constant!r}", {name: lambda *args, _c=constant, **kwargs: _c for name in exercise.functions}
    yield "the identity", {name: lambda *args, **kwargs: args[0] if args else next(iter(kwargs.values()), None)
                           for name in exercise.functions}

    def refuse(*args, **kwargs):
        raise ValueError("always")

    yield "always raising", dict.fromkeys(exercise.functions, refuse)
    if by_heart and not exercise.trained:
        yield "the public key by heart", _by_heart(exercise, course)


@cache
def _by_heart(exercise: Exercise, course: Path) -> dict[str, Callable]:
    from helpers.checks import codec

    seen = {}
    reference = references(course, exercise.lesson)
    for case in exercise.cases(PUBLIC_SEED):
        outcome = calling.run(exercise, case, reference)
        seen[case.function, repr(calling.encode_arguments(case))] = outcome

    def recall(name: str) -> Callable:
        def answer(*args, **kwargs):
            outcome = seen.get((name, repr(codec.encode((args, kwargs)))))
            if outcome is None or outcome.kind != "value":
                raise ValueError("not seen")
            return codec.decode(outcome.value)
        return answer

    return {name: recall(name) for name in exercise.functions}


def told(found: Verdict) -> str:
    """A verdict in one line, for an author."""
    from helpers.checks.show import verdict_card

    return " / ".join(line.strip() for line in verdict_card(found).text.splitlines()[:8])


def prove(course: Path, only: str | None = None) -> int:
    """Run every promise at twenty seeds, print the result and write tests/PROOF.md.  Returns the exit status.

    only: prove one exercise, and leave the others' rows of the table as they stand.  KeyError if there is none of this name.
    """
    page = course / "tests" / "PROOF.md"
    before = page.read_text(encoding="utf-8").splitlines() if only and page.exists() else []
    rows, broken = [], []
    wanted = find(only).name if only else None
    for exercise in exercises():
        if wanted and exercise.name != wanted:
            rows += [line for line in before if line.startswith(f"| {exercise.lesson.number} | `{exercise.name}` |")]
            continue
        row, faults = _proved(course, exercise)
        print(row, flush=True)
        rows.append(row)
        broken += faults
    page.write_text(PROOF.format(date=datetime.date.today(), machine=machine(), rows="\n".join(rows)), encoding="utf-8")
    print(f"{len(broken)} promises are broken" if broken else "every promise holds")
    return bool(broken)


def _proved(course: Path, exercise: Exercise) -> tuple[str, list[str]]:
    """The exercise's row of the table, and the promises that are broken."""
    began = time.monotonic()
    faults = []
    if exercise.trained:
        # A process for each seed: Keras keeps something of every model, and after some hundreds a fit takes twice as long.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
            for found in pool.map(_faults, *zip(*((course, exercise.name, seed) for seed in SEEDS), strict=True)):
                faults += found
    else:
        for seed in SEEDS:
            faults += _faults(course, exercise.name, seed)
    mine = [v for v in variants(course, exercise.lesson) if v.exercise == exercise.name]
    wrong = sum(v.wrong for v in mine)
    return (f"| {exercise.lesson.number} | `{exercise.name}` | {wrong} | {len(mine) - wrong} | {len(SEEDS)} | {len(faults)} "
            f"| {time.monotonic() - began:.0f} |"), faults


def _faults(course: Path, name: str, seed: int) -> list[str]:
    """The promises broken under one seed, each printed as it is met."""
    found = []
    for fault in broken_promises(course, find(name), seed):
        print(fault, flush=True)
        found.append(fault)
    return found


def machine() -> str:
    """What this ran on: cores, memory, Python and the libraries that matter."""
    from importlib.metadata import version

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else float("nan")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "tensorflow", "keras"))
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, CPython {platform.python_version()}, {packages}"


PROOF = """# The long proofs

Written by `make prove`, last on {date}: {machine}.

Per exercise, at every seed: the reference passes with full points; every named mistake is refused and explained as itself; every
alternate passes with full points; constants, the identity, always raising and the public key learnt by heart earn nothing.

| lesson | exercise | mistakes | alternates | seeds | broken promises | seconds |
|---|---|---|---|---|---|---|
{rows}
"""
