"""The process that runs a learner's cells and calls their answers: `python -m helpers.checks.worker`.

Reads one request as JSON from standard input, answers with one JSON line per event on what was its standard output: {"start": exercise},
{"outcomes": …}, {"cell_errors": …}.  It never sees an expected answer, a label or a seed.
"""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
from typing import Any

from helpers.checks import calling, codec

ADDED_SECONDS = 5.0


def main() -> None:
    request = json.load(sys.stdin)
    # What the learner's code prints must not mix with the answers: keep the old standard output, then silence 1 and 2.
    wire = os.fdopen(os.dup(1), "w", encoding="ascii")
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    serve(request, lambda event: (wire.write(json.dumps(event) + "\n"), wire.flush()))


def serve(request: dict, tell) -> None:
    """Run the request's cells, then each exercise's calls, telling each event as it happens."""
    from helpers.checks.exercise import find

    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    errors = {}
    for name, source in request["cells"]:
        error = run_cell(name, source, namespace)
        if error:
            errors[name] = error
    tell({"cell_errors": errors})
    for name, calls in request["calls"].items():
        exercise = find(name)
        tell({"start": name})
        cases = [decode_case(call) for call in calls]
        functions = {each: namespace.get(each) for each in exercise.functions}
        tell({"exercise": name, "outcomes": [o.as_json() for o in calling.run_all(exercise, cases, functions)]})


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
    from helpers.checks.exercise import Case

    args, kwargs = codec.decode(wire["arguments"])
    training = codec.decode(wire["training"])
    return Case(args, kwargs, wire["function"], training=training, new=codec.decode(wire["new"]))


if __name__ == "__main__":
    main()
