"""One call of an answer: fresh arguments, a time limit, and what came back as plain data."""

from __future__ import annotations

import _thread
import collections
import contextlib
import inspect
import io
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers.checks import codec

_OURS_OR_LIBRARY = {"helpers", "site-packages", "dist-packages", f"python{sys.version_info[0]}.{sys.version_info[1]}"}


@dataclass(frozen=True)
class Outcome:
    """What one call did.  `kind` is one of:

    value       `value` holds the encoded answer
    error       it raised: `error` and its bases' names in `errors`, `message`, and the learner's own `traceback`
    todo        it raised NotImplementedError: not answered yet
    missing     there is no such function
    signature   it does not take the arguments; `message` says which
    unsupported the answer is of a type the wire does not carry; `message` names it
    timeout     it was stopped after `message` seconds
    skipped     not called, because an earlier call was stopped
    """

    kind: str
    value: Any = None
    errors: tuple[str, ...] = ()
    message: str = ""
    traceback: str = ""
    mutated: bool = False

    @cached_property
    def answer(self) -> Any:
        """The decoded answer; not to be changed.  CodecError if what came back is not a value."""
        return codec.decode(self.value)

    def as_json(self) -> dict:
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in told.items() if name in ("kind", "value") or value != defaults[name]}

    @classmethod
    def from_json(cls, data: Any) -> Outcome:
        """Plain data from the other process as an Outcome.  CodecError if it is not one."""
        if not isinstance(data, dict) or not set(data) <= set(cls.__dataclass_fields__) or not isinstance(data.get("kind"), str):
            raise codec.CodecError("not an outcome")
        return cls(data["kind"], data.get("value"), tuple(map(str, data.get("errors", ()))), str(data.get("message", ""))[:2000],
                   str(data.get("traceback", ""))[:8000], data.get("mutated") is True)


def direct(function: Callable, case: Any, args: tuple, kwargs: dict) -> Any:
    """The plain call: the answer is what the function returns."""
    return function(*args, **kwargs)


class _Alarm:
    """A thread that interrupts the main one when a deadline has passed, and again until it is told to stop."""

    def __init__(self) -> None:
        self._set = threading.Condition()
        self._deadline: float | None = None
        self._process = 0

    def arm(self, seconds: float) -> float | None:
        """Set the deadline; the one that was set before, for a limit inside a limit."""
        with self._set:
            before, self._deadline = self._deadline, time.monotonic() + seconds
            if self._process != os.getpid():        # threads do not survive a fork
                self._process = os.getpid()
                threading.Thread(target=self._watch, daemon=True).start()
            self._set.notify()
        return before

    def disarm(self, before: float | None) -> None:
        """Go back to the deadline before; no interrupt comes after this."""
        with self._set:
            self._deadline = before

    def _watch(self) -> None:
        with self._set:
            while True:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    _thread.interrupt_main()
                    left = 0.25
                self._set.wait(left)


_alarm = _Alarm()


@contextlib.contextmanager
def time_limit(seconds: float):
    """Interrupt the main thread after so many seconds, raising TimeoutError.

    A thread interrupts, which works on Windows too, stops a running `model.fit`, and leaves the kernel alive.  It keeps
    interrupting, since a bare `except:` in a loop swallows the first.  A call inside a C library ends only when that returns.
    """
    started = time.monotonic()
    with _interruptible():
        before = _alarm.arm(seconds)
        try:
            yield
        except KeyboardInterrupt:
            # The learner's own interrupt (the stop button) comes before the time is up, and stays what it is.
            if time.monotonic() - started >= seconds:
                raise TimeoutError(f"{seconds:g}") from None
            raise
        finally:
            while True:
                with contextlib.suppress(KeyboardInterrupt):    # one may come while it is being disarmed: then again
                    _alarm.disarm(before)
                    break


@contextlib.contextmanager
def _interruptible():
    """For this time an interrupt raises KeyboardInterrupt in the main thread, whatever handler was set.

    A shell's background job inherits an ignored interrupt, and an event loop may have left a handler that only writes to its
    wake-up socket: neither would stop a call.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wakeup = signal.set_wakeup_fd(-1)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if handler is None else handler)
        signal.set_wakeup_fd(wakeup)


def run(exercise: Any, case: Any, functions: dict[str, Callable], wire: Any = None) -> Outcome:
    """Call the answer with this case's arguments, fresh from the wire, within the exercise's time limit.

    functions: name -> function, as the answer defined them.  wire: the encoded arguments, if already made.
    """
    function = functions.get(case.function)
    if not callable(function):
        return Outcome("missing", message=case.function)
    sent = encode_arguments(case) if wire is None else wire
    try:
        # All of it: an answer can also take its time when it is looked at, or when its error is.
        with time_limit(exercise.seconds):
            return _called(exercise, function, case, sent)
    except TimeoutError as error:
        return Outcome("timeout", message=str(error))


def _called(exercise: Any, function: Callable, case: Any, sent: Any) -> Outcome:
    args, kwargs = codec.decode(sent)
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        return Outcome("signature", message=str(error))
    except ValueError:
        pass        # a builtin without a signature: the call itself will tell
    try:
        answer = exercise.call(function, case, args, kwargs)
    except NotImplementedError as error:
        return Outcome("todo", message=str(error))
    except (Exception, SystemExit) as error:
        return _raised(error)
    try:
        value = codec.encode(answer)
    except codec.CodecError as error:
        return Outcome("unsupported", message=str(error))
    except Exception as error:      # an object array may hold values whose own methods raise
        return Outcome("unsupported", message=f"a value that cannot be read: {type(error).__name__}")
    try:
        mutated = codec.encode((args, kwargs)) != sent
    except Exception:
        mutated = True
    return Outcome("value", value=value, mutated=mutated)


def run_all(exercise: Any, cases: list, functions: dict[str, Callable], wires: list | None = None) -> list[Outcome]:
    """Every case's outcome, in order.  After a call that had to be stopped, or an unanswered stub, the rest is skipped.

    wires: the cases' encoded arguments, if already made.
    """
    outcomes: list[Outcome] = []
    stopped: set[str] = set()
    for i, case in enumerate(cases):
        if case.function in stopped:
            outcomes.append(Outcome("skipped"))
            continue
        with _quiet() if outcomes else contextlib.nullcontext():
            outcomes.append(run(exercise, case, functions, wires[i] if wires else None))
        if outcomes[-1].kind in ("timeout", "todo", "missing"):
            stopped.add(case.function)
    return outcomes


@contextlib.contextmanager
def _quiet():
    """What a function prints and warns of is shown for the first case; forty times the same would bury the verdict."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def encode_arguments(case: Any) -> Any:
    """A case's arguments as they cross the wire."""
    return codec.encode((case.args, case.kwargs))


def _raised(error: BaseException) -> Outcome:
    names = tuple(cls.__name__ for cls in type(error).__mro__ if issubclass(cls, BaseException) and cls is not BaseException)
    last = collections.deque(traceback.walk_tb(error.__traceback__), maxlen=100)       # a recursion may have left millions
    frames = traceback.StackSummary.extract(iter(last))
    own = [frame for frame in frames if not _OURS_OR_LIBRARY & set(Path(frame.filename).parts)]
    text = "".join(traceback.format_list(own[-4:])) if own else ""
    try:
        lines = [line for line in str(error).splitlines() if line.strip()]
        message = "\n".join(line[:300] for line in lines[:4]) + ("\n…" if len(lines) > 4 else "")
    except Exception:
        message = "(its message cannot be shown)"
    return Outcome("error", errors=names, message=message, traceback=text)
