"""A class graded on several machines: shards of hand-ins go to the workers of a Dask scheduler, results come back and are kept.

A worker needs the course's wheel with its extra `cluster`, and bubblewrap; neither `solutions/` nor the seed's file.  What travels is
JSON text, made and read by us.  Dask pickles that text, and the names of our two functions, between the client, the scheduler and the
workers, which therefore have to trust each other; an answer's own output is never unpickled: it leaves its job as JSON, as everywhere.
Whoever reaches the scheduler can read the exam and run code: see `docs/scaling.md`.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache

from helpers.course import Lesson
from helpers.grading.batch import progress
from helpers.grading.exam import Exam, judged_with
from helpers.grading.grader import CannotGrade, Grader
from helpers.grading.jail import JailError
from helpers.grading.results import Result
from helpers.grading.staging import HandIn
from helpers.language import Text, language

SHARD = 20
"""Hand-ins in a shard at most: what a lost worker loses for each of its threads."""
WAIT_SECONDS = 30.0
"""For the scheduler to answer, and for a worker to be there."""

_MISSING = Text("--cluster needs one package more: pip install \"retention-course[cluster]\"",
                "--cluster 还需要一个软件包：pip install \"retention-course[cluster]\"")
_UNREACHABLE = Text("There is no Dask scheduler at {address}: {why}. Start one with: dask scheduler",
                    "{address} 处没有 Dask 调度器：{why}。启动方法：dask scheduler")
_NO_WORKER = Text("The scheduler {address} has no worker. On each machine that grades: dask worker {address}. What was graded is kept; then "
                  "run the same command again.", "调度器 {address} 没有工作节点。请在每台评分机器上运行：dask worker {address}。"
                  "已评的结果已保存；之后重新运行同一命令。")
_GONE = Text("The scheduler {address} went away. What was graded is kept: run the same command again.",
             "与调度器 {address} 的连接中断。已评的结果已保存：请重新运行同一命令。")
_LOST = Text("{n} hand-ins were not graded: {why}. All others are kept: run the same command again.",
             "{n} 份作业未能评分：{why}。其他结果均已保存：请重新运行同一命令。")
_DIED = Text("several workers died of them, one after the other", "多个工作节点先后因此终止")
_REFUSED = Text("Worker {worker}: {why}", "工作节点 {worker}：{why}")
_DIFFERS = Text("its grades could differ, because it has {name} {theirs} and this machine {ours}. Install there what is installed here: the "
                "same wheel of the course, the same requirements.lock.",
                "它的 {name} 是 {theirs}，本机是 {ours}，成绩可能不同。请在两边安装相同的课程 wheel 和相同的 requirements.lock。")


def grade_on_cluster(address: str, exams: Callable[[Lesson, str], Exam], lesson: Lesson, waiting: Sequence[HandIn],
                     keep: Callable[[Result], None], practice: bool = False) -> None:
    """Grade these hand-ins on the workers of the scheduler at this address, and keep each result as its shard comes back.

    CannotGrade, when all that could be graded is kept, if something could not: no scheduler, no worker, a worker without a jail (unless
    practice) or with another version of the course, or a shard whose workers died one after the other.
    """
    try:
        from distributed import Client
    except ImportError:
        raise CannotGrade(str(_MISSING)) from None
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)      # a lost connection is told by our own message
    drawn = [exams(lesson, notebook).as_json() for notebook in dict.fromkeys(each.notebook for each in waiting if not each.reason)]
    try:
        client = Client(address, timeout=WAIT_SECONDS)
    except (OSError, ValueError) as error:
        raise CannotGrade(str(_UNREACHABLE.format(address=address, why=error))) from None
    with client:
        order = {"lesson": lesson.name, "practice": practice, "language": language(), "judged_with": judged_with()}
        for result in progress(_results(client, address, json.dumps(drawn), order, waiting), len(waiting)):
            keep(result)


def shards(hand_ins: Sequence[HandIn], size: int) -> Iterator[list[HandIn]]:
    """The hand-ins in parts of about so many; a student's notebooks stay together."""
    part: list[HandIn] = []
    for _, own in itertools.groupby(hand_ins, key=lambda hand_in: hand_in.student):
        part += own
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part


def _results(client, address: str, exams: str, order: dict, waiting: Sequence[HandIn]) -> Iterator[Result]:
    """Each result as it comes.  Only as many shards are under way as keep the workers busy, so that the scheduler's memory stays small."""
    from distributed import CancelledError, KilledWorker, wait

    lost: int = 0
    why: Text | str = ""
    try:
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
        # A task of its own: workers fetch the exam from each other, and Dask makes it anew should all that hold it die.
        sent = client.submit(str, exams, pure=False)
        left = shards(waiting, min(SHARD, math.ceil(len(waiting) / (4 * _threads(client)))))
        running: dict = {}
        while True:
            for part in itertools.islice(left, max(0, 2 * _threads(client) - len(running))):
                text = json.dumps({**order, "hand_ins": [asdict(hand_in) for hand_in in part]})
                task = client.submit(grade_shard, text, sent, pure=False, retries=1)
                running[task.key] = task, part
            if not running:
                break
            try:
                done, _ = wait([task for task, _ in running.values()], WAIT_SECONDS, "FIRST_COMPLETED")
            except TimeoutError:
                client.wait_for_workers(1, timeout=WAIT_SECONDS)
                continue
            for task in done:
                _, part = running.pop(task.key)
                try:
                    told = json.loads(task.result())
                except (KilledWorker, JailError, OSError) as error:
                    lost, why = lost + len(part), _DIED if isinstance(error, KilledWorker) else str(error)
                    continue
                if "refused" in told:
                    raise CannotGrade(str(_REFUSED.format(worker=told["worker"], why=told["refused"])))
                yield from map(Result.from_json, told["results"])
    except TimeoutError:
        raise CannotGrade(str(_NO_WORKER.format(address=address))) from None
    except (CancelledError, OSError):
        raise CannotGrade(str(_GONE.format(address=address))) from None
    if lost:
        raise CannotGrade(str(_LOST.format(n=lost, why=why)))


def _threads(client) -> int:
    return max(1, sum(client.nthreads().values()))


# ------------------------------------------------------------------------------------------------ on a worker

def grade_shard(text: str, exams: str) -> str:
    """Grade a shard on a worker: its results, or why this worker cannot, as JSON.  Texts are in the client's language."""
    from distributed import get_worker

    order = json.loads(text)
    language(order["language"])
    worker = get_worker()
    try:
        _same(order["judged_with"])
        with _graders.lent(exams, order["practice"], worker.state.nthreads) as grader:
            results = [grader.result(Lesson(order["lesson"]), _hand_in(data)).as_json() for data in order["hand_ins"]]
    except CannotGrade as error:
        return json.dumps({"worker": worker.address, "refused": str(error)})
    return json.dumps({"results": results})


def _hand_in(data: dict) -> HandIn:
    return HandIn(**{**data, "cells": tuple(data["cells"]), "notes": tuple(data["notes"])})


_own = cache(judged_with)      # at the first shard: a wheel installed later is not what this process runs


def _same(theirs: dict[str, str]) -> None:
    """CannotGrade if this worker could grade otherwise than the machine that asks."""
    for name, ours in _own().items():
        if theirs[name] != ours:
            raise CannotGrade(str(_DIFFERS.format(name=name, theirs=ours, ours=theirs[name])))


class _Graders:
    """The graders of this process, one an exam, so that their jails import TensorFlow once; one that nobody uses ends when another starts."""

    def __init__(self):
        self._lock = threading.Lock()
        self._held: dict[tuple[str, bool], _Held] = {}

    @contextmanager
    def lent(self, exams: str, practice: bool, jobs: int) -> Iterator[Grader]:
        """A grader by these exams that is ready for so many jobs.  If its jail breaks down, the next call makes another."""
        place = exams, practice
        with self._lock:
            if place not in self._held:
                for idle in [each for each, held in self._held.items() if not held.users]:
                    self._held.pop(idle).grader.__exit__()
                self._held[place] = _Held(_ready([Exam.from_json(data) for data in json.loads(exams)], practice, jobs))
            held = self._held[place]
            held.users += 1
        try:
            yield held.grader
        except JailError:
            with self._lock:
                if self._held.get(place) is held:
                    self._held.pop(place).grader.__exit__()
            raise
        finally:
            with self._lock:
                held.users -= 1


@dataclass
class _Held:
    grader: Grader
    users: int = 0


def _ready(exams: Sequence[Exam], practice: bool, jobs: int) -> Grader:
    by_name = {exam.notebook: exam for exam in exams}
    grader = Grader(lambda _, notebook: by_name[notebook], jobs, practice)
    for exam in exams:
        grader.prepare(exam.lesson, exam.notebook)
    return grader


_graders = _Graders()
