"""Inside the jail: the warm process that forks a job for each submission.  `python helpers/grading/server.py` (see `jail.py`).

It imports what the lesson needs once, runs none of it, and from then on only forks: a fork of a process in which TensorFlow has run an
operation hangs.  It never reads a job's data.  A job finds in its memory nothing of another's: what a grader says to a job goes over a
socket that the job alone holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import json
import os
import select
import socket
import sys
import time
from pathlib import Path

SETTLING_SECONDS = 10.0
"""Threads that an import started and ended may need so long to be gone on a busy machine."""


def main() -> None:
    """Arguments: the descriptor of the control socket; the first job's user id, or "same"; the modules to import."""
    descriptor, first_uid, *modules = sys.argv[1:]
    control = socket.socket(fileno=int(descriptor))
    missing = []
    with _ended_by_hanging_up(control):
        # Not at the top of the file: importing the package takes a second, on a busy machine some, and the grader may be gone by then.
        from helpers.checks import worker  # noqa: F401  (the jobs find it imported)
        from helpers.grading import lockdown

        for name in modules:
            try:
                importlib.import_module(name)
            except ImportError:
                missing.append(name)        # an optional package: the job that wants it is told by its own import
    gc.collect()
    gc.freeze()         # or every job's collector would touch, and so copy, all that was imported
    lockdown.hide()
    control.send(json.dumps({"threads": _threads(SETTLING_SECONDS), "kilobytes": _status("VmRSS"), "missing": missing}).encode())
    _serve(control, None if first_uid == "same" else int(first_uid))


def _threads(patience: float) -> int:
    """Threads of this process, after waiting up to so many seconds for there to be one.

    Matplotlib, for one, starts a timer while it looks for fonts and cancels it: the thread is done for, and on a busy machine not gone.
    """
    until = time.monotonic() + patience
    while (alive := _status("Threads")) > 1 and time.monotonic() < until:
        time.sleep(.01)
    return alive


def _status(fact: str) -> int:
    """A number the kernel keeps about this process: Threads, or VmRSS in kilobytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith(f"{fact}:")).split()[1])


@contextlib.contextmanager
def _ended_by_hanging_up(control: socket.socket):
    """Meanwhile the kernel ends this process when the other side is gone: an import of some seconds does not look at its socket."""
    flags = fcntl.fcntl(control, fcntl.F_GETFL)
    fcntl.fcntl(control, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(control, fcntl.F_SETFL, flags | os.O_ASYNC)     # SIGIO, which ends a process that does not handle it
    if select.select([control], [], [], 0)[0]:
        sys.exit(0)     # gone before that; nothing else is sent before this side has said that it is ready
    try:
        yield
    finally:
        fcntl.fcntl(control, fcntl.F_SETFL, flags)


def _serve(control: socket.socket, first_uid: int | None) -> None:
    guards: dict[int, tuple[int, int]] = {}      # descriptor that tells of its end -> process, slot
    while True:
        ready, _, _ = select.select([control, *guards], [], [])
        for ended in (each for each in ready if each is not control):
            process, slot = guards.pop(ended)
            os.close(ended)
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            control.send(json.dumps({"slot": slot, "code": code}).encode())
        if control in ready:
            message, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
            if not message:
                return
            order = json.loads(message)
            process = os.fork()
            if process == 0:
                _guard(order, *descriptors, None if first_uid is None else first_uid + order["slot"])
            for each in descriptors:
                os.close(each)
            guards[os.pidfd_open(process)] = process, order["slot"]


def _guard(order: dict, talk: int, lifeline: int, uid: int | None) -> None:
    """In the forked process: nothing open but the job's own two descriptors."""
    from helpers.grading import lockdown

    code = lockdown.FAILED
    try:
        keep = sorted((0, 1, 2, talk, lifeline))
        for low, high in zip(keep, [*keep[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        code = lockdown.guard(uid, lifeline, order["cpu_seconds"], lambda: _job(talk))
    finally:
        os._exit(code)


def _job(talk: int) -> None:
    from helpers.checks import worker

    worker.silence()
    with contextlib.suppress(OSError, ValueError), socket.socket(fileno=talk) as conversation:
        worker.serve(conversation.makefile("rb"), conversation.makefile("wb"))


if __name__ == "__main__":
    main()
