"""A verdict as HTML for a notebook and as text for everything else.  Whatever a learner wrote is escaped."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from helpers.checks.judge import _short
from helpers.checks.verdict import Failure, Verdict
from helpers.language import Text

PASSED, FAILED, WAITING = "#1a7f4b", "#b3261e", "#6b7280"

SAYS = {
    "passed": Text("public checks passed", "公开检查已通过"),
    "graded passed": Text("all graded cases passed", "全部评分用例已通过"),
    "failed": Text("not yet", "尚未通过"),
    "untouched": Text("not written yet", "尚未作答"),
    "unchecked": Text("not checked in this notebook's session", "本笔记本的本次会话中尚未检查"),
    "refused": Text("not your own work", "未自行实现"),
    "points": Text("{earned:g} of {points} points", "{earned:g} / {points} 分"),
    "bonus": Text("beside the points", "不计入总分"),
    "hidden data": Text("The graded run adds cases with other data.", "正式评分会增加其他数据的用例。"),
    "todo": Text("To do: {message}", "待完成：{message}"),
    "missing": Text("There is no function called {message}. Run the exercise's cell first, and keep the name it was given.",
                    "没有名为 {message} 的函数。请先运行该练习的单元格，并保留原来的函数名。"),
    "signature": Text("The function does not take the arguments the exercise names: {message}.", "函数的参数与题目不符：{message}。"),
    "unsupported": Text("The answer cannot be judged: it is {message}. Return plain numbers, lists, arrays or frames.",
                        "无法评判这个答案：它是 {message}。请返回普通数值、列表、数组或数据框。"),
    "timeout": Text("Stopped: one call took longer than {message} seconds. Look for a loop that does not end, or one over every row.",
                    "已停止：一次调用超过 {message} 秒。请检查是否有不会结束的循环，或逐行循环。"),
    "mutated": Text("The call changed its own arguments. Work on a copy: the caller still needs them.",
                    "调用修改了传入的参数。请在副本上操作：调用者还要用到它们。"),
    "error": Text("It raised {error}: {message}", "抛出了 {error}：{message}"),
    "silent error": Text("It raised {error}, without a message.", "抛出了 {error}，没有附带信息。"),
    "wrong error": Text("It raised {error} where {expected} was asked for: {message}", "抛出了 {error}，而题目要求 {expected}：{message}"),
    "no error": Text("It should have raised {error}, but returned {got}.", "本应抛出 {error}，却返回了 {got}。"),
    "none": Text("Does every path end in a `return`?", "是否每条路径都有 `return`？"),
    "call": Text("call: {call}", "调用：{call}"),
    "graded signature": Text("The function does not take the arguments the exercise names.", "函数的参数与题目不符。"),
    "graded unsupported": Text("The answer is of a type that cannot be judged. Return plain numbers, lists, arrays or frames.",
                               "答案的类型无法评判。请返回普通数值、列表、数组或数据框。"),
    "graded error": Text("It raised {error} on a case that has an answer. `check` shows where, on public cases of the same kind.",
                         "在本应有答案的用例上抛出了 {error}。`check` 会在同类公开用例上指出位置。"),
    "graded wrong error": Text("It should have raised {error}, but raised another error.", "本应抛出 {error}，却抛出了其他错误。"),
    "graded no error": Text("It should have raised {error}, but returned a value.", "本应抛出 {error}，却返回了一个值。"),
    "graded difference": Text("Differs from what is expected: {where}", "与预期不同：{where}"),
    "graded failures": Text("{failures} of {cases} hidden cases fail.", "{cases} 个隐藏用例中有 {failures} 个失败。"),
    "graded hint": Text("Hint {level} of {levels}: {hint}", "提示 {level}/{levels}：{hint}"),
    "ended": Text("The call ended the process, used more memory than it may, or had to be stopped.", "调用结束了进程、超出内存限制，或被强制停止。"),
    "difference": Text("{where}: got {got}, expected {expected}", "{where}：得到 {got}，应为 {expected}"),
    "frame": Text("{name} is:", "{name} 为："),
    "failures": Text("{failures} of {cases} cases fail; this is the first that tells most.", "{cases} 个用例中有 {failures} 个失败；这是最能说明问题的一个。"),
    "likely": Text("Likely mistake: ", "可能的错误："),
    "borrowed": Text("write this one with {uses}: {function} reaches {what}", "本题请只用 {uses}：{function} 用到了 {what}"),
    "borrowed practice": Text(" (practice warns, grading refuses)", "（练习时提醒，评分时不接受）"),
    "demo name": Text("The grader will not have `{name}`, which a demonstration cell makes: pass it as an argument, or import it in this cell.",
                      "评分时没有 `{name}`（它来自演示单元格）：请把它作为参数传入，或在本单元格中导入。"),
    "core": Text("random cases and examples by hand", "随机用例与手算示例"),
    "core trained": Text("predictions for new examples", "对新样本的预测"),
    "hint": Text('For a hint: hint("{name}")', '需要提示：hint("{name}")'),
    "practice": Text("practice: graded without the jail", "练习模式：未在隔离环境中评分"),
}


_BUILTIN_ERRORS = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}


@dataclass(frozen=True)
class Card:
    """Something to show: HTML in a notebook, text elsewhere."""

    html: str
    text: str

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def say(key: str, **values: Any) -> str:
    """The message of this name in the current language."""
    return str(SAYS[key].format(**values)) if values else str(SAYS[key])


def verdict_card(verdict: Verdict, footer: str = "", graded: bool = False) -> Card:
    """A verdict with its rules, its first failure and the likely mistake.

    graded: cases are hidden, so the failing call and the expected value are left out.
    """
    status = headline(verdict, graded)
    colour = PASSED if verdict.passed else WAITING if verdict.untouched else FAILED
    body = list(_explanation(verdict, graded))
    core = SAYS["core trained" if verdict.exercise.trained else "core"]
    rules = [] if verdict.untouched else [(core, verdict.core_passed), *verdict.rules.items()]
    html = [f'<div style="border-left:4px solid {colour};padding:.4em .9em;margin:.3em 0;line-height:1.45">',
            f'<div><b style="color:{colour}">{"✓" if verdict.passed else "○" if verdict.untouched else "✗"} '
            f'<code>{escape(verdict.exercise.name)}</code> — {escape(status)}</b></div>']
    html += [f"<div>{part}</div>" for part, _ in body]
    if len(rules) > 1:
        marks = (f'<li style="color:{PASSED if ok else FAILED}">{"✓" if ok else "✗"} '
                 f'<span style="color:inherit">{escape(str(rule))}</span></li>' for rule, ok in rules)
        html.append(f'<ul style="list-style:none;margin:.3em 0;padding:0">{"".join(marks)}</ul>')
    if footer:
        html.append(f'<div style="color:{WAITING};font-size:.9em">{escape(footer)}</div>')
    html.append("</div>")
    text = [f"{'✓' if verdict.passed else '○' if verdict.untouched else '✗'} {verdict.exercise.name} — {status}"]
    text += [f"  {line}" for _, plain in body for line in plain.splitlines()]
    if len(rules) > 1:
        text += [f"  {'✓' if ok else '✗'} {rule}" for rule, ok in rules]
    if footer:
        text.append(f"  {footer}")
    return Card("".join(html), "\n".join(text))


def headline(verdict: Verdict, graded: bool = False) -> str:
    """Passed or not, and what was earned, in one line."""
    state = ("untouched" if verdict.untouched else "refused" if verdict.refused else
             ("graded passed" if graded else "passed") if verdict.passed else "failed")
    exercise = verdict.exercise
    worth = say("points", earned=verdict.earned, points=exercise.points) if exercise.points else say("bonus")
    return f"{say(state)} · {worth}"


def _explanation(verdict: Verdict, graded: bool):
    """(html, text) of each thing to say about a verdict, most important first."""
    for each in verdict.borrowed:
        uses = ", ".join(verdict.exercise.uses) or "Python"
        message = say("borrowed", uses=uses, function=each.function, what=each.what)
        yield _both(message + ("" if verdict.refused else say("borrowed practice")))
    for name in verdict.demo_names:
        yield _both(say("demo name", name=name))
    for note in verdict.notes if graded else (*verdict.notes, *verdict.reports):
        yield _both(str(note))
    if verdict.passed:
        if not graded:
            yield _both(say("hidden data"))
        return
    if verdict.failure is None:
        return
    for mistake in verdict.mistakes:
        text = say("likely") + str(mistake.explanation)
        yield f"<b>{escape(say('likely'))}</b>{escape(str(mistake.explanation))}", text
    yield from (_graded_failure if graded else _failure)(verdict, verdict.failure)
    if verdict.failures > 1 and not verdict.untouched:
        yield _both(say("graded failures" if graded else "failures", failures=verdict.failures, cases=verdict.cases))
    if graded and verdict.exercise.hints:
        level = hint_level(verdict)
        yield _both(say("graded hint", level=level, levels=len(verdict.exercise.hints), hint=verdict.exercise.hints[level - 1]))


def _failure(verdict: Verdict, failure: Failure):
    outcome, stage, case = failure.outcome, failure.stage, failure.case
    if stage in ("todo", "missing", "signature", "unsupported", "timeout"):
        yield _both(say(stage, message=outcome.message))
    elif stage == "mutated":
        yield _both(say("mutated"))
    elif stage == "error":
        name = outcome.errors[0] if outcome.errors else "Exception"
        if case.error is not None:
            yield _both(say("wrong error", error=name, expected=case.error.__name__, message=outcome.message or "—"))
        else:
            yield _both(say("error", error=name, message=outcome.message) if outcome.message else say("silent error", error=name))
        if outcome.traceback:
            yield f'<pre style="margin:.2em 0;font-size:.85em">{escape(outcome.traceback)}</pre>', outcome.traceback
    elif stage == "no error":
        yield _both(say("no error", error=case.error.__name__, got=_short(outcome.answer)))
    elif failure.difference is not None:
        where, got, expected = str(failure.difference.where), failure.difference.got, failure.difference.expected
        html = say("difference", where=escape(where), got=f"<code>{escape(got)}</code>", expected=f"<code>{escape(expected)}</code>")
        yield html, say("difference", where=where, got=got, expected=expected)
    if stage == "type" and outcome.kind == "value" and outcome.answer is None:      # not: a None somewhere in the answer
        yield _both(say("none"))
    if stage not in ("todo", "missing") and not verdict.exercise.trained:
        call = describe_call(case)
        yield say("call", call=f"<code>{escape(call)}</code>"), say("call", call=call)
        for name, frame in small_frames(case):
            said = say("frame", name=name)
            yield f'{escape(said)}<pre style="margin:.2em 0;font-size:.85em">{escape(frame)}</pre>', f"{said}\n{frame}"


def _graded_failure(verdict: Verdict, failure: Failure):
    """What failed, in our words alone: a text that the answer chose (a message, the name of a type) could carry a hidden case out."""
    outcome, stage, case = failure.outcome, failure.stage, failure.case
    if stage == "missing":
        yield _both(say("missing", message=case.function))
    elif stage in ("signature", "unsupported"):
        yield _both(say(f"graded {stage}"))
    elif stage == "timeout":
        yield _both(say("timeout", message=f"{verdict.exercise.seconds:g}"))
    elif stage == "mutated":
        yield _both(say("mutated"))
    elif stage == "error":
        name = outcome.errors[0] if outcome.errors else ""
        asked = say("graded wrong error", error=case.error.__name__) if case.error is not None else ""
        yield _both(say("ended") if name == "ProcessEnded" else asked or say("graded error", error=name if name in _BUILTIN_ERRORS else "Exception"))
    elif stage == "no error":
        yield _both(say("graded no error", error=case.error.__name__))
    elif failure.difference is not None and case.truth is not None:
        yield _both(say("difference", where=failure.difference.where, got=failure.difference.got, expected=failure.difference.expected))
    elif failure.difference is not None:
        yield _both(say("graded difference", where=failure.difference.where))


def hint_level(verdict: Verdict) -> int:
    """Which hint a failed answer is given (1 is the first): the further it came, the later the hint."""
    hints = len(verdict.exercise.hints)
    if verdict.core_passed:
        return hints
    return 1 if verdict.failure is None or verdict.failure.stage != "value" else (hints + 1) // 2


def describe_call(case: Any, limit: int = 400) -> str:
    """The call a case makes, as a learner would type it, with long arguments cut."""
    parts = [_argument(value) for value in case.args] + [f"{name}={_argument(value)}" for name, value in case.kwargs.items()]
    text = f"{case.function}({', '.join(parts)})"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def small_frames(case: Any, rows: int = 12) -> list[tuple[str, str]]:
    """(position or name, table as text) of the frames among a case's arguments that are small enough to be worked by hand."""
    named = [*((f"argument {i + 1}", value) for i, value in enumerate(case.args)), *case.kwargs.items()]
    return [(name, value.to_string()) for name, value in named if isinstance(value, pd.DataFrame) and len(value) <= rows]


def _argument(value: Any) -> str:
    if isinstance(value, pd.DataFrame):
        return f"<frame, {len(value)} rows: {', '.join(map(str, value.columns))}>"
    if isinstance(value, pd.Series):
        return f"<Series, {len(value)} values>"
    return _short(value, 160)


def note(message: str) -> Card:
    """A plain message as a card."""
    return Card(f'<div style="border-left:4px solid {WAITING};padding:.4em .9em">{escape(message)}</div>', message)


def _both(message: str) -> tuple[str, str]:
    return escape(message), message
