"""Seconds and memory beside their budgets: `make bench` prints them, the tests enforce three times as much."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from helpers.authoring.execute import run_notebook
from helpers.authoring.source import functions_of, notebooks
from helpers.checks import check
from helpers.checks.exercise import Exercise, exercises
from helpers.course import Lesson, lesson, lessons

PARTS = ("notebooks", "checks", "shop", "recommenders", "grading")
NOTEBOOK_SECONDS = {"start": 30.0, "start_more": 30.0, "behaviour": 120.0, "behaviour_more": 30.0, "portrait": 120.0, "portrait_more": 30.0,
                    "churn": 150.0, "churn_more": 60.0, "interest": 150.0, "interest_more": 60.0, "recommendation": 180.0, "recommendation_more": 60.0,
                    "retention": 150.0, "retention_more": 60.0}
NOTEBOOK_MEGABYTES = 3000
SLACK = 3
"""The machines are shared and noisy: a test fails only past this many times a budget."""

TIMES_STOCK = {"00_start": 30.0, "01_behaviour": 6.0}
"""So many times as fast as stock nbgrader: a lesson of NumPy and pandas, and one that trains a model."""
CLASS_SECONDS = 480.0
"""A class of CLASS in the lesson that trains a model, from start to gradebook."""
CLASS = 300
SERVER_MEGABYTES = 1000
STOCK_CLASS = {"00_start": 6, "01_behaviour": 3}
OUR_CLASS = {"00_start": 60, "01_behaviour": 24}
JOBS = 2

SHOP = {"Logging": 3.0, "Neighbours": 12.0}
"""Seconds for 20,000 shoppers and 180 days with a log, under a policy that does not learn tastes and one that does."""
SHOP_MEGABYTES = 2000
SHOP_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
"""Shoppers of the scaling curve, 180 days each, without a log."""


RECOMMENDERS = {"EASE of 5,000 items": 5.0, "SASRec, an epoch, MovieLens 1M's size": 20.0}
"""Seconds: one inverse, and one pass of 6,040 histories of 50 films over a catalogue of 3,416."""


def check_seconds(exercise: Exercise) -> float:
    """The budget of one check."""
    return 15.0 if exercise.trained else 1.0


def bench(course: Path, part: str | None = None, full: bool = False) -> int:
    """Print what every solved notebook, every check and grading a class costs, beside its budget, and as a share of it.

    part: one of PARTS alone.  full: grade a whole class instead of extrapolating to it.
    """
    if part != "grading":
        print(f"{'what':42} {'seconds':>8} {'budget':>7} {'share':>6} {'MB':>6}")
    if part in (None, "notebooks"):
        _bench_notebooks(course)
    if part in (None, "checks"):
        _bench_checks(course)
    if part in (None, "shop"):
        _bench_shop()
    if part in (None, "recommenders"):
        _bench_recommenders(course)
    if part in (None, "grading"):
        for name in TIMES_STOCK:
            _bench_grading(course, lesson(name), full)
    return 0


def _bench_notebooks(course: Path) -> None:
    for each in lessons():
        for source in notebooks(course, each):
            with tempfile.TemporaryDirectory() as folder:
                ran = run_notebook(course / "solutions" / each.name / f"{source.name}.ipynb", Path(folder),
                                   timeout=SLACK * NOTEBOOK_SECONDS[source.name])
            _row(f"solved {source.name}", ran.seconds, NOTEBOOK_SECONDS[source.name], str(ran.megabytes))


def _bench_checks(course: Path) -> None:
    for exercise in exercises():
        functions = functions_of(course, exercise)
        if exercise.trained:
            import tensorflow  # noqa: F401  (its import is the notebook's cost, not the check's)
        started = time.monotonic()
        check.examine(exercise, functions)
        _row(f"check {exercise.name}", time.monotonic() - started, check_seconds(exercise))


def shop_run(policy: str, shoppers: int, log: bool, days: int = 180) -> tuple[float, int, int]:
    """Seconds, megabytes at most, and visits of so many days under a policy of `helpers.shop`, in a process of its own."""
    code = f"""if True:
        import time
        from dataclasses import replace
        from helpers import shop
        from helpers.authoring.execute import peak_megabytes
        world = shop.World(replace(shop.HELPS, shoppers={shoppers}, days={days}))
        started = time.monotonic()
        run = world.run(shop.{policy}(), log={log})
        print(time.monotonic() - started, peak_megabytes(), run.visited.sum())
    """
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, megabytes, visits = ran.stdout.split()
    return float(seconds), int(megabytes), int(visits)


def _bench_shop() -> None:
    for policy, budget in SHOP.items():
        seconds, megabytes, _ = shop_run(policy, 20_000, log=True)
        _row(f"shop of 20,000 for 180 days, {policy}", seconds, budget, str(megabytes))
    print(f"\n{'180 days without a log, shoppers':42} {'seconds':>8} {'MB':>7} {'visits':>11} {'us a visit':>11}")
    for shoppers in SHOP_SIZES:
        seconds, megabytes, visits = shop_run("Logging", shoppers, log=False)
        print(f"{shoppers:42,} {seconds:8.1f} {megabytes:7,} {visits:11,} {1e6 * seconds / visits:11.2f}", flush=True)


def _bench_recommenders(course: Path) -> None:
    from helpers.authoring import rivals

    for (what, budget), seconds in zip(RECOMMENDERS.items(), (rivals.ease_seconds, rivals.sasrec_seconds), strict=True):
        _row(what, seconds(), budget)
    try:
        python = rivals.implicit_python(course)
    except RuntimeError as error:
        print(f"\nimplicit {rivals.VERSION} cannot be installed here, so nothing is set beside it: {error}")
        return
    X, gold = rivals.made_ratings()
    print(f"\n{f'{X.shape[0]:,} x {X.shape[1]:,}, {X.nnz:,} known; implicit {rivals.VERSION}':42} {'ours':>8} {'theirs':>7} {'times':>6}"
          f" {'our recall@10':>14} {'theirs':>7}")
    with tempfile.TemporaryDirectory() as scratch:
        for name, rival in rivals.RIVALS.items():
            got = rivals.compare(rival, python, X, gold, Path(scratch))
            print(f"{name:42} {got.ours:8.2f} {got.theirs:7.2f} {got.ours / got.theirs:6.2f} {got.our_recall:14.4f} {got.their_recall:7.4f}"
                  f"{'' if got.fair else f'   NOT AS GOOD: more than {rivals.TOLERANCE} below'}", flush=True)


def _row(what: str, seconds: float, budget: float, memory: str = "") -> None:
    print(f"{what:42} {seconds:8.2f} {budget:7.0f} {seconds / budget:6.0%} {memory:>6}", flush=True)


class Class:
    """A course folder of its own with hand-ins of one notebook, graded by `retention-grade`."""

    def __init__(self, course: Path, folder: Path, of: Lesson):
        self.folder, self.of = folder, of
        for name in ("notebooks", "solutions"):
            shutil.copytree(course / name, folder / name)
        for name in ("nbgrader_config.py", "pyproject.toml"):
            shutil.copy(course / name, folder / name)

    def hand_in(self, student: str, notebook: dict | str, name: str = "") -> None:
        """Hand in a notebook, or a file's text, for this student."""
        place = self.folder / ".grading" / "submitted" / student / self.of.name
        place.mkdir(parents=True, exist_ok=True)
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        (place / f"{name or self.of.subject}.ipynb").write_text(text, encoding="utf-8")

    def command(self, *options: str) -> list[str]:
        """The command that grades it."""
        return [sys.executable, "-m", "helpers.grading.console", self.of.name, "--jobs", str(JOBS), *options]

    def seconds(self, *options: str) -> float:
        """Grade what was handed in.  RuntimeError, with what it said, if that fails."""
        started = time.monotonic()
        ran = subprocess.run(self.command(*options), cwd=self.folder, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(ran.stdout + ran.stderr)
        return time.monotonic() - started

    def points(self) -> dict[str, float]:
        """What each student's notebook earned."""
        from helpers.grading.results import Results

        return {result.student: result.earned for result in Results(self.folder / ".grading" / "results").of(self.of.name)}


def _bench_grading(course: Path, of: Lesson, full: bool) -> None:
    """Right notebooks of a lesson, graded by stock nbgrader and by `retention-grade` in turn, from hand-in to gradebook.

    The seconds of a start fall out of the rate: one notebook is timed, then n, and (n - 1) / (seconds of n - seconds of one) counts.
    """
    from helpers.authoring.stock import Stock, solved
    from helpers.grading.exam import draw
    from helpers.grading.jail import Jail

    name = of.subject
    exam = draw(course, of, name, seed=10**12 + 1)
    with tempfile.TemporaryDirectory() as scratch:
        stock, ours = Stock(course, exam, Path(scratch) / "stock"), Class(course, Path(scratch) / "ours", of)
        right = solved(course, of, name)

        def of_ours(students: list[str]) -> float:
            for student in students:
                ours.hand_in(student, right)
            return ours.seconds()

        print(f"\n{of.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
        once = of_ours(["first"])
        n, m = STOCK_CLASS[of.name], OUR_CLASS[of.name]
        stock_one, stock_all = stock.seconds(["one"]), stock.seconds([f"student_{i}" for i in range(n)])
        ours_one, ours_all = of_ours(["one"]), of_ours([f"student_{i}" for i in range(m)])
        if set(ours.points().values()) != {float(sum(asked.exercise.points for asked in exam.asked))}:
            raise RuntimeError(f"retention-grade gave right answers {sorted(set(ours.points().values()))} points")
        stock_rate, our_rate = (n - 1) / (stock_all - stock_one), (m - 1) / (ours_all - ours_one)
        print(f"  {'':16} {'one':>8} {'n':>4} {'all':>8} {'a second':>9}   (seconds)")
        print(f"  {'stock nbgrader':16} {stock_one:8.2f} {n:4} {stock_all:8.2f} {stock_rate:9.3f}   right answers earn {stock.points('one'):g}")
        print(f"  {'retention-grade':16} {ours_one:8.2f} {m:4} {ours_all:8.2f} {our_rate:9.3f}   the first of all {once:.2f} (draws the exam)")
        _limit("times stock", our_rate / stock_rate, TIMES_STOCK[of.name], at_least=True)
        if any(asked.exercise.trained for asked in exam.asked):
            _limit(f"seconds for a class of {CLASS}, extrapolated", once + (CLASS - 1) / our_rate, CLASS_SECONDS)
            if full:
                for path in ("results", "autograded", "gradebook.db", "exams"):
                    place = ours.folder / ".grading" / path
                    shutil.rmtree(place) if place.is_dir() else place.unlink()
                more = [f"more_{i}" for i in range(CLASS - m - 2)]
                _limit(f"seconds for a class of {CLASS}, measured", of_ours(more), CLASS_SECONDS)
    with Jail(exam.modules) as jail:
        _limit("megabytes of the job server", jail.megabytes, SERVER_MEGABYTES)
        packages = tuple(dict.fromkeys(package for asked in exam.asked for package in asked.exercise.uses))
        print(f"  {'packages that each job imports anew':44} {', '.join(imported_again(jail, packages)) or 'none'}")


def imported_again(jail, modules: tuple[str, ...]) -> list[str]:
    """Which of these modules a job of this jail finds not yet imported: each submission would pay for them."""
    probe = "import sys\nif {!r} not in sys.modules: raise ImportError"
    with jail.job() as job:
        job.send(json.dumps({"cells": [[name, probe.format(name)] for name in modules]}).encode() + b"\n")
        return list(json.loads(job.receive(60.0))["cell_errors"])


def _limit(what: str, value: float, limit: float, at_least: bool = False) -> None:
    held = value >= limit if at_least else value < limit
    print(f"  {what:44} {value:8.1f}   limit {limit:g}{'' if held else '   NOT HELD'}", flush=True)
