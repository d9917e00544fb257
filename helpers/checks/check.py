"""The learner's side of an exercise: `check`, `hint`, `progress`, `yours`.  They show and never raise."""

from __future__ import annotations

import difflib
import dis
import inspect
from collections.abc import Callable, Iterable
from html import escape
from types import CodeType

from helpers.checks import calling, show
from helpers.checks.delegation import Borrowed, borrowed
from helpers.checks.exercise import Exercise, exercises, find
from helpers.checks.keys import key_of
from helpers.checks.verdict import Verdict, verdict
from helpers.course import lesson
from helpers.language import Text

_verdicts: dict[str, Verdict] = {}
_functions: dict[str, Callable] = {}
_hints_shown: dict[str, int] = {}

_NOT_A_FUNCTION = Text("check() takes the function itself, without quotation marks and without calling it. It was given {what}.",
                       "check() 的参数是函数本身，不加引号，也不要调用它。收到的是 {what}。")
_UNKNOWN = Text("There is no exercise called {name}; keep the name the exercise gives. Did you mean {names}?",
                "没有名为 {name} 的练习，请保留题目给出的名字。你是指 {names} 吗？")
_LAST = Text(" That was the last one; asked again, they start anew.", " 这是最后一条；再次请求会从头开始。")
_HINT = Text("Hint {i} of {n}: {hint}", "提示 {i}/{n}：{hint}")
_SO_FAR = Text("{lesson}: {earned:g} of 100 points so far in this session", "{lesson}：本次会话目前 {earned:g} / 100 分")
_BROKEN = Text("The check itself failed ({error}). Your work is not lost. Please report this with the cell's text.",
               "检查程序自身出错（{error}）。你的工作没有丢失。请附上单元格内容反馈给我们。")


def check(*functions: Callable) -> None:
    """Check an exercise's function, or its functions, on the public cases, and show what was found."""
    try:
        card = _check(functions)
    except KeyboardInterrupt:
        raise
    except Exception as error:
        card = _note(_BROKEN.format(error=f"{type(error).__name__}: {error}"))
    _display(card)


def _check(functions: tuple) -> show.Card:
    for function in functions:
        if not callable(function):
            return _note(_NOT_A_FUNCTION.format(what=repr(function)[:80]))
    if not functions:
        return _note(_NOT_A_FUNCTION.format(what="nothing"))
    names = [getattr(function, "__name__", type(function).__name__) for function in functions]
    try:
        exercise = find(names[0])
    except KeyError:
        return _note(_unknown(names[0]))
    given = dict(zip(names, functions, strict=True))
    # Checked alone, one function of several meets the others where it was defined.
    around = getattr(functions[0], "__globals__", {})
    given.update({name: around[name] for name in exercise.functions if name not in given and callable(around.get(name))})
    found = examine(exercise, given)
    _verdicts[exercise.name] = found
    if found.passed:
        _functions.update({name: given[name] for name in exercise.functions if name in given})
    else:
        for name in exercise.functions:
            _functions.pop(name, None)
    footer = str(_so_far(exercise.lesson))
    if not found.passed and exercise.hints:
        footer = show.say("hint", name=exercise.name) + " · " + footer
    return show.verdict_card(found, footer)


def examine(exercise: Exercise, functions: dict[str, Callable]) -> Verdict:
    """The verdict on functions in this process, on the public cases, judged by the key."""
    cases = exercise.cases()
    answers = key_of(exercise.lesson).answers[exercise.name]
    outcomes = calling.run_all(exercise, cases, functions)
    return verdict(exercise, cases, outcomes, answers.expected, answers.mistakes,
                   borrowed=_borrowed(exercise, functions), demo_names=sorted(_demo_names(exercise, functions.values())))


def _borrowed(exercise: Exercise, functions: dict[str, Callable]) -> list[Borrowed]:
    cells = [line for function in functions.values() for line in _origins(function)]
    cells += _history() or [_source(name, function) for name, function in functions.items()]
    return borrowed(cells, exercise.functions, exercise.uses)


def _origins(function: Callable) -> list[str]:
    """Imports that stand for what the function's global names are right now, wherever they were imported."""
    lines = []
    for name in _globals_read(function.__code__) if hasattr(function, "__code__") else ():
        value = function.__globals__.get(name)
        if inspect.ismodule(value):
            lines.append(f"import {value.__name__} as {name}")
        elif isinstance(module := getattr(value, "__module__", None), str) and module not in ("__main__", "builtins", function.__module__):
            lines.append(f"from {module} import {getattr(value, '__name__', name)} as {name}")
    return lines


def _history() -> list[str]:
    """What was run in this notebook, in order; empty outside IPython."""
    try:
        from IPython import get_ipython
    except ImportError:
        return []
    shell = get_ipython()
    history = shell.user_ns.get("In") if shell else None
    return [source for source in history if isinstance(source, str)] if isinstance(history, list) else []


def _source(name: str, function: Callable) -> str:
    """A function's text; where there is none, a stand-in that reads the same global names."""
    try:
        return inspect.cleandoc(inspect.getsource(function))
    except (OSError, TypeError):
        read = sorted(_globals_read(function.__code__)) if hasattr(function, "__code__") else []
        return f"def {name}():\n    return ({', '.join(read)})"


def _demo_names(exercise: Exercise, functions: Iterable[Callable]) -> set[str]:
    """Names that the functions read and that only a demonstration cell defines: the grader does not run those."""
    notebooks = key_of(exercise.lesson).notebooks
    demo = notebooks[notebook_of(exercise)].demo_names
    return {name for function in functions if hasattr(function, "__code__") for name in _globals_read(function.__code__)} & demo


def notebook_of(exercise: Exercise) -> str:
    """The notebook, without ending, in which an exercise stands."""
    return exercise.lesson.subject if exercise.level == "core" else f"{exercise.lesson.subject}_more"


def _globals_read(code: CodeType) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names.union(*(_globals_read(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def hint(name: str | Callable) -> None:
    """Show the next level of hint for an exercise."""
    name = getattr(name, "__name__", name)
    try:
        exercise = find(str(name))
    except KeyError:
        _display(_note(_unknown(str(name))))
        return
    total = len(exercise.hints)
    shown = _hints_shown.get(exercise.name, 0) % total
    _hints_shown[exercise.name] = shown + 1
    said = _HINT.format(i=shown + 1, n=total, hint=exercise.hints[shown])
    _display(_note(said + _LAST if shown + 1 == total else said))


def _unknown(name: str) -> Text:
    names = [function for exercise in exercises() for function in exercise.functions]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    return _UNKNOWN.format(name=name, names=", ".join(near))


def yours(name: str) -> Callable | None:
    """Your function of this name, once its public checks have passed in this session; else None.

    ValueError if no exercise asks for a function of this name.
    """
    try:
        find(name)
    except KeyError:
        raise ValueError(str(_unknown(name))) from None
    return _functions.get(name)


def progress(which: str | None = None) -> None:
    """Show the points so far: of one lesson, or of every lesson with a check in this session."""
    try:
        wanted = [lesson(which)] if which else sorted({each.exercise.lesson for each in _verdicts.values()})
    except ValueError as error:
        _display(_note(Text(str(error), str(error))))
        return
    rows = [(exercise, _verdicts.get(exercise.name)) for each in wanted for exercise in exercises(each)]
    lines = [_so_far(each) for each in wanted] or [Text("No check has run yet in this session.", "本次会话还没有运行过检查。")]
    _display(table_card(rows, [str(line) for line in lines], unchecked="unchecked"))


def _so_far(of_lesson) -> Text:
    earned = sum(each.earned for each in _verdicts.values() if each.exercise.lesson == of_lesson)
    return _SO_FAR.format(lesson=of_lesson.name, earned=earned)


def table_card(rows: list[tuple[Exercise, Verdict | None]], lines: list[str], unchecked: str = "untouched") -> show.Card:
    """Exercises and what each has earned, as one table.  unchecked: the message of an exercise without a verdict."""
    html, text = [], []
    for exercise, found in rows:
        state = show.say(unchecked) if found is None else show.say("untouched") if found.untouched else show.say("passed" if found.passed else "failed")
        mark = "○" if found is None or found.untouched else "✓" if found.passed else "✗"
        worth = f"{found.earned if found else 0:g} / {exercise.points}" if exercise.points else exercise.level
        likely = str(found.mistakes[0].explanation) if found and not found.passed and found.mistakes else ""
        html.append(f"<tr><td>{mark}</td><td style='text-align:left'><code>{escape(exercise.name)}</code></td>"
                    f"<td style='text-align:right'>{worth}</td><td style='text-align:left'>{escape(state)}</td>"
                    f"<td style='text-align:left'>{escape(likely)}</td></tr>")
        text.append(f"  {mark} {exercise.name:28} {worth:>12}  {state}" + (f" — {likely}" if likely else ""))
    return show.Card(f"<table>{''.join(html)}</table><div>{'<br>'.join(map(escape, lines))}</div>", "\n".join(text + lines))


def _note(message: Text) -> show.Card:
    return show.note(str(message))


def _display(card: show.Card) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(card.text)
        return
    if get_ipython() is None:
        print(card.text)
    else:
        display(card)
