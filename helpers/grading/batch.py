"""A class at once: every hand-in of a lesson graded, kept, and written into the gradebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from typing import TextIO

from helpers.course import Lesson
from helpers.grading.grader import Grader
from helpers.grading.results import Result, Results
from helpers.grading.staging import HandIn
from helpers.language import Text

_PROGRESS = Text("{done} of {total} graded, {rate:.1f} a second, {left} left", "已评 {done}/{total}，每秒 {rate:.1f} 份，剩余 {left}")


@dataclass(frozen=True)
class Batch:
    """A lesson's hand-ins, and of each the result kept so far."""

    lesson: Lesson
    hand_ins: Sequence[HandIn]
    results: Results

    def kept(self, hand_in: HandIn) -> Result | None:
        """The result of this very file, if it was graded before."""
        result = self.results.read(self.lesson.name, hand_in.notebook, hand_in.student)
        return result if result is not None and result.digest == hand_in.digest and (result.reason or not hand_in.reason) else None

    def waiting(self) -> list[HandIn]:
        """What has not been graded yet, or was handed in anew."""
        return [hand_in for hand_in in self.hand_ins if self.kept(hand_in) is None]

    @property
    def students(self) -> list[str]:
        return sorted(self._of)

    def by_student(self) -> Iterator[list[tuple[HandIn, Result]]]:
        """Each student's hand-ins that have results."""
        for student in self._of:
            pairs = self.of_student(student)
            if pairs:
                yield pairs

    def of_student(self, student: str) -> list[tuple[HandIn, Result]]:
        """One student's hand-ins that have results."""
        return [(hand_in, kept) for hand_in in self._of[student] if (kept := self.kept(hand_in)) is not None]

    @cached_property
    def _of(self) -> dict[str, list[HandIn]]:
        of: dict[str, list[HandIn]] = {}
        for hand_in in self.hand_ins:
            of.setdefault(hand_in.student, []).append(hand_in)
        return of


def shard(hand_ins: Sequence[HandIn], i: int, n: int) -> list[HandIn]:
    """The i-th of n parts (1 <= i <= n), the same on every machine; all notebooks of a student are in one part."""
    students = {student: k for k, student in enumerate(sorted({hand_in.student for hand_in in hand_ins}))}
    return [hand_in for hand_in in hand_ins if students[hand_in.student] % n == i - 1]


def grade(grader: Grader, of: Lesson, hand_ins: Sequence[HandIn], jobs: int, keep: Callable[[Result], None],
          show: TextIO | None = None) -> None:
    """Grade these hand-ins, several at a time, and keep each result as it comes."""
    for notebook in dict.fromkeys(hand_in.notebook for hand_in in hand_ins if not hand_in.reason):
        grader.prepare(of, notebook)
    with ThreadPoolExecutor(jobs) as pool:
        tasks = [pool.submit(grader.result, of, hand_in) for hand_in in hand_ins]
        try:
            for task in progress(as_completed(tasks), len(tasks), show):
                keep(task.result())
        except BaseException:
            for task in tasks:
                task.cancel()
            raise


def progress(items: Iterable, total: int, show: TextIO | None = None) -> Iterator:
    """The items, with a line that says how far it is: rewritten in place on a terminal, now and then elsewhere."""
    show = show or sys.stderr
    began = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - last > (0.2 if show.isatty() else 30.0) or done == total:
            last, rate = now, done / max(now - began, 1e-9)
            line = str(_PROGRESS.format(done=done, total=total, rate=rate, left=_duration((total - done) / rate)))
            print("\r\033[K" + line if show.isatty() else line, end="" if show.isatty() and done < total else "\n", file=show, flush=True)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
