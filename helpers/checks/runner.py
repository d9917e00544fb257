"""Runs a submission's answers in a process of their own and brings back plain outcomes.

A plain process: it protects the judge from crashes and endless loops, not from malice, so a grade made with it is marked *practice*.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence

from helpers.checks import codec
from helpers.checks.calling import Outcome
from helpers.checks.exercise import Case, Exercise
from helpers.checks.notebook import Submission
from helpers.checks.worker import ADDED_SECONDS, encode_case

START_SECONDS = 90.0
"""To start Python and import TensorFlow on a busy machine."""
LINE_BYTES = 64_000_000


def run(submission: Submission, calls: Mapping[str, tuple[Exercise, Sequence[Case]]]) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Outcomes for each exercise, and the errors of cells by their names.

    An exercise whose call ends the process, or holds it past all limits, loses only itself: the others are run in a new process.
    """
    cells = [("setup", submission.setup), *((f"cell {i + 1}", source) for i, source in enumerate(submission.added)),
             *submission.answers.items()]
    outcomes: dict[str, list[Outcome]] = {}
    cell_errors: dict[str, str] = {}
    waiting = dict(calls)
    while waiting:
        request = {"cells": cells, "calls": {name: [encode_case(case) for case in cases] for name, (_, cases) in waiting.items()}}
        running = None
        for event in _events(request, [exercise for exercise, _ in waiting.values()], len(submission.added)):
            if "cell_errors" in event:
                cell_errors = {str(name): str(error) for name, error in event["cell_errors"].items()}
            elif "start" in event:
                running = event["start"]
            elif "exercise" in event and event["exercise"] in waiting:
                name = event["exercise"]
                outcomes[name] = _outcomes(event["outcomes"], len(waiting.pop(name)[1]))
                running = None
            elif "died" in event:
                break
        if waiting:
            # The process ended early: in a call, or already in a cell (then no exercise can be blamed, and none can run).
            blamed = [running] if running in waiting else list(waiting)
            for name in blamed:
                outcomes[name] = [Outcome("error", errors=("ProcessEnded",), message="the process ended or had to be stopped")
                                  for _ in waiting.pop(name)[1]]
    return outcomes, cell_errors


def _outcomes(wire: object, count: int) -> list[Outcome]:
    try:
        told = [Outcome.from_json(each) for each in wire] if isinstance(wire, list) else []
    except (codec.CodecError, TypeError):
        told = []
    return told if len(told) == count else [Outcome("error", errors=("ProcessEnded",), message="the answers came back damaged")] * count


def _events(request: dict, exercises: Iterable[Exercise], added: int):
    """The worker's events as they come, then {"died": …}; the worker never outlives this."""
    limit = {exercise.name: START_SECONDS + exercise.seconds * (exercise.count if exercise.trained else 3) for exercise in exercises}
    with tempfile.TemporaryDirectory(prefix="retention-") as folder, _start(folder) as worker:
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=_feed, args=(worker, json.dumps(request)), daemon=True).start()
        threading.Thread(target=_read, args=(worker, lines), daemon=True).start()
        deadline = time.monotonic() + START_SECONDS + (ADDED_SECONDS + 1) * (added + 1 + len(limit))
        try:
            while True:
                try:
                    line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    yield {"died": "time"}
                    return
                if line is None:
                    yield {"died": "ended"}
                    return
                try:
                    event = json.loads(line)
                except (ValueError, RecursionError):
                    event = None
                if not isinstance(event, dict):
                    yield {"died": "damaged"}
                    return
                if event.get("start") in limit:
                    deadline = time.monotonic() + limit[event["start"]]
                yield event
        finally:
            worker.kill()


def _start(folder: str) -> subprocess.Popen:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    # The working folder is empty: what a learner left beside the notebook cannot shadow a module.
    return subprocess.Popen([sys.executable, "-P", "-m", "helpers.checks.worker"], cwd=folder, env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _feed(worker: subprocess.Popen, text: str) -> None:
    try:
        worker.stdin.write(text)
        worker.stdin.close()
    except OSError:
        pass        # it died while being told; reading will say so


def _read(worker: subprocess.Popen, lines: queue.Queue) -> None:
    try:
        while line := worker.stdout.readline(LINE_BYTES):
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(None)


