"""Runs a submission's answers in a process of their own and brings back plain outcomes.

The conversation (`worker.py`) is the same wherever the process runs: a plain one here, which protects from crashes and endless loops
and not from malice, so that a grade made with it is marked *practice*; or a job in the jail (`helpers/grading/jail.py`).
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from helpers.checks import codec
from helpers.checks.calling import Outcome
from helpers.checks.exercise import Case, Exercise
from helpers.checks.notebook import Submission
from helpers.checks.worker import ADDED_SECONDS, encode_case

COLD_SECONDS, WARM_SECONDS = 90.0, 30.0
"""On top of the limits of calls: on a busy machine, with Python and TensorFlow still to start, and where they are started."""
CELLS_SECONDS = 60.0
"""For all cells together: one may take ADDED_SECONDS, many may not."""
LINE_BYTES = 8_000_000
"""The longest message that is read: parsed, it can take twenty times as much memory."""


class JobError(Exception):
    """The conversation broke off.  `why`: "ended" (the process did), "time" or "damaged"."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Job(Protocol):
    """A process that holds the worker's end of the conversation."""

    slack: float
    """Seconds to wait for an answer on top of the limits of calls."""

    def send(self, line: bytes) -> None:
        """Tell it one line.  JobError if it no longer listens."""

    def receive(self, seconds: float) -> bytes:
        """Its next line.  JobError if there is none within so many seconds, or one longer than LINE_BYTES."""


OpenJob = Callable[[], AbstractContextManager[Job]]


@dataclass(frozen=True)
class Asked:
    """An exercise and the cases it is called with; the message that asks for them is made once for all submissions."""

    exercise: Exercise
    cases: Sequence[Case]

    @cached_property
    def line(self) -> bytes:
        """The request as the worker reads it."""
        request = {"exercise": self.exercise.name, "calls": [encode_case(case) for case in self.cases]}
        return json.dumps(request).encode("ascii") + b"\n"

    @property
    def seconds(self) -> float:
        """With a job's slack, after so long without an answer it is killed; the worker's own limits come first."""
        return self.exercise.seconds * (self.exercise.count if self.exercise.trained else 3)


def run(submission: Submission, asked: Sequence[Asked], open_job: OpenJob | None = None) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Outcomes for each exercise, and the errors of cells by their names.

    An exercise whose call ends the process, or holds it past all limits, loses only itself: the others are run in a new process.
    What may have been the machine's fault (a process that ended, a call that took too long) is tried once more.
    """
    cells = [("setup", submission.setup), *((f"cell {i + 1}", source) for i, source in enumerate(submission.added)),
             *submission.answers.items()]
    outcomes: dict[str, list[Outcome]] = {}
    cell_errors: dict[str, str] | None = None
    waiting = {each.exercise.name: each for each in asked}
    tried: set[str] = set()
    while waiting:
        running: list[str] = []
        try:
            with (open_job or plain_process)() as job:
                running = list(waiting)     # while cells run no exercise can be blamed alone
                job.send(json.dumps({"cells": cells}).encode("ascii") + b"\n")
                told = _cell_errors(job.receive(job.slack + min((ADDED_SECONDS + 1) * len(cells), CELLS_SECONDS)), [name for name, _ in cells])
                cell_errors = told if cell_errors is None else cell_errors
                for name, each in list(waiting.items()):
                    running = [name]
                    job.send(each.line)
                    outcomes[name] = _outcomes(job.receive(job.slack + each.seconds), len(each.cases))
                    if name in tried or not any(outcome.kind == "timeout" for outcome in outcomes[name]):
                        del waiting[name]
                    tried.add(name)
        except JobError as ended:
            for name in running:
                if ended.why != "ended" or name in tried:
                    outcomes[name] = [Outcome("error", errors=("ProcessEnded",), message="the process ended or had to be stopped")
                                      ] * len(waiting.pop(name).cases)
                tried.add(name)
    return outcomes, cell_errors or {}


def _cell_errors(line: bytes, names: Sequence[str]) -> dict[str, str]:
    told = _message(line).get("cell_errors")
    if not isinstance(told, dict) or not set(told) <= set(names):
        raise JobError("damaged")
    return {name: str(error)[:2000] for name, error in told.items()}


def _outcomes(line: bytes, count: int) -> list[Outcome]:
    told = _message(line).get("outcomes")
    if not isinstance(told, list) or len(told) != count:
        raise JobError("damaged")
    try:
        return [Outcome.from_json(each) for each in told]
    except (codec.CodecError, TypeError, ValueError):
        raise JobError("damaged") from None


def _message(line: bytes) -> dict:
    try:
        message = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise JobError("damaged") from None
    if not isinstance(message, dict):
        raise JobError("damaged")
    return message


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


@contextmanager
def plain_process():
    """A job in a plain process with an empty working folder: what lies beside a notebook cannot shadow a module."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    with (tempfile.TemporaryDirectory(prefix="retention-") as folder,
          subprocess.Popen([sys.executable, "-P", "-m", "helpers.checks.worker"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process):
        job = _Piped(process)
        try:
            yield job
        finally:
            process.kill()
            job.send(b"")       # lets the writing thread go


class _Piped:
    """The conversation over pipes, which know no time-outs: two threads wait in our place."""

    slack = COLD_SECONDS

    def __init__(self, process: subprocess.Popen):
        self._process = process
        self._told: queue.Queue = queue.Queue()
        self._telling: queue.Queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()

    def send(self, line: bytes) -> None:
        self._telling.put(line)

    def receive(self, seconds: float) -> bytes:
        try:
            line = self._told.get(timeout=seconds)
        except queue.Empty:
            raise JobError("time") from None
        if line is None:
            raise JobError("ended")
        if not line.endswith(b"\n"):
            raise JobError("damaged")
        return line

    def _read(self) -> None:
        try:
            while line := self._process.stdout.readline(LINE_BYTES):
                self._told.put(line)
        except (OSError, ValueError):
            pass
        self._told.put(None)

    def _write(self) -> None:
        try:
            while line := self._telling.get():
                self._process.stdin.write(line)
                self._process.stdin.flush()
        except (OSError, ValueError):
            pass        # it died while being told; reading will say so
