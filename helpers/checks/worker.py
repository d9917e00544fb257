"""The process that runs a learner's cells and calls their answers.

A conversation in JSON lines: it reads {"cells": …} and answers {"cell_errors": …}; then for each exercise reads {"exercise": …,
"calls": …} and answers {"outcomes": …}.  It is told the calls of an exercise only when it has finished all before: what a cell says in
its error cannot carry a case.  It never sees an expected answer, a label or a seed.

`python -m helpers.checks.worker` speaks over standard input and output; the grader's job (`helpers/grading/server.py`) over a socket.
"""

from __future__ import annotations

import json
import linecache
import os
import traceback
from typing import Any, BinaryIO

from helpers.checks import calling, codec

ADDED_SECONDS = 5.0


def main() -> None:
    # What the learner's code prints must not mix with the answers: keep the old streams, then silence 0, 1 and 2.
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence()
    serve(reading, writing)


def silence() -> None:
    """Point standard input, output and error at nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def serve(reading: BinaryIO, writing: BinaryIO) -> None:
    """Hold the conversation until the other side closes it."""
    from helpers.checks.exercise import find

    def tell(event: dict) -> None:
        writing.write(json.dumps(event).encode("ascii") + b"\n")
        writing.flush()

    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    cells = json.loads(reading.readline())["cells"]
    errors = {name: error for name, source in cells if (error := run_cell(name, source, namespace))}
    tell({"cell_errors": errors})
    for line in reading:
        request = json.loads(line)
        exercise = find(request["exercise"])
        cases = [decode_case(call) for call in request["calls"]]
        functions = {each: namespace.get(each) for each in exercise.functions}
        outcomes = calling.run_all(exercise, cases, functions, [call["arguments"] for call in request["calls"]])
        tell({"outcomes": [outcome.as_json() for outcome in outcomes]})


def run_cell(name: str, source: str, namespace: dict) -> str | None:
    """Run one cell; what went wrong as text, or None.  Lines that only a notebook understands (%, !) are skipped."""
    text = "\n".join("pass" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines()) + "\n"
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    try:
        with calling.time_limit(ADDED_SECONDS):
            exec(compile(text, filename, "exec"), namespace)
    except TimeoutError:
        return f"stopped after {ADDED_SECONDS:g} s"
    except NotImplementedError:
        return None
    except (Exception, SystemExit) as error:
        return "".join(traceback.format_exception_only(error)).strip()[:2000]
    return None


def encode_case(case: Any) -> dict:
    """A case without what only the judge may see."""
    return {"function": case.function, "arguments": calling.encode_arguments(case),
            "training": codec.encode(case.training), "new": codec.encode(case.new)}


def decode_case(wire: dict) -> Any:
    """The case as the worker needs it, without its arguments: those stay encoded until each call."""
    from helpers.checks.exercise import Case

    return Case((), {}, wire["function"], training=codec.decode(wire["training"]), new=codec.decode(wire["new"]))


if __name__ == "__main__":
    main()
