"""The interviewer's side: each lesson's question, what the best answer contains, follow-ups, recap and production card; and a memo's task.

The words are the Markdown files beside this one, one a lesson and language: `01_behaviour.en.md`, `01_behaviour.zh.md`.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.course import Lesson, lesson, lessons
from helpers.language import Text, language

FOLDER = Path(__file__).parent
SECTIONS = ("Recap", "Question", "Model answer", "Criteria", "Follow-ups", "Production card")
MEMO = ("Memo", "Memo criteria", "Model memo")
"""What a lesson has besides if it ends in a memo: the task, what it is measured by, and a good one."""

_TITLES = {
    "Recap": Text("Before you start: what do you remember?", "开始之前：你还记得什么？"),
    "Question": Text("The interviewer asks", "面试官提问"),
    "Model answer": Text("A model answer", "参考回答"),
    "Criteria": Text("Does your answer hold? Yes or no", "你的回答合格吗？逐条判断是或否"),
    "Follow-ups": Text("Follow-ups", "追问"),
    "Production card": Text("Production card", "上线卡片"),
    "Memo": Text("The memo", "书面设计"),
    "Memo criteria": Text("Does your memo hold? Yes or no", "你的书面设计合格吗？逐条判断是或否"),
    "Model memo": Text("A model memo", "参考设计"),
}
_TELL = Text("Say it aloud before you open it.", "先说出你的答案，再展开。")
_SECONDS = Text("{seconds} seconds", "{seconds} 秒")
_MINUTES = Text("{minutes} minutes", "{minutes} 分钟")
_OVER = Text("time is up", "时间到")
_FROM = Text("from lesson {lesson}", "来自课程 {lesson}")
_NO_MEMO = Text("lesson {lesson} ends without a memo", "课程 {lesson} 没有书面设计")


@dataclass(frozen=True)
class Words:
    """A lesson's sections in one language: title -> Markdown."""

    sections: dict[str, str]

    def questions(self, section: str) -> list[tuple[str, str]]:
        """The (question, answer) pairs of a section made of `### question` and text."""
        parts = re.split(r"^### +(.+)$", self.sections.get(section, ""), flags=re.MULTILINE)[1:]
        return [(q.strip(), a.strip()) for q, a in zip(parts[::2], parts[1::2], strict=True)]


@cache
def words(which: Lesson, code: str) -> Words:
    """A lesson's words in a language.  FileNotFoundError, naming the file, if they were not written."""
    text = (FOLDER / f"{which.name}.{code}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)[1:]
    return Words({title.strip(): body.strip() for title, body in zip(parts[::2], parts[1::2], strict=True)})


def ask(which: str, seconds: int = 60) -> None:
    """Show the lesson's interview question, and a clock that runs for so many seconds."""
    here = lesson(which)
    _show(f"### {_TITLES['Question']}\n\n{words(here, language()).sections['Question']}", _clock(seconds))


def recap(which: str) -> None:
    """Show the lesson's questions on earlier lessons; each answer opens at a click."""
    pairs = words(lesson(which), language()).questions("Recap")
    _show(f"### {_TITLES['Recap']}\n\n{_TELL}", _folded(pairs))


def memo(which: str, minutes: int = 45) -> None:
    """Show the task of the memo that ends the lesson, what it is measured by, and a clock that runs for so many minutes.

    ValueError if the lesson ends without one.
    """
    told = _with_memo(lesson(which))
    _show(f"### {_TITLES['Memo']}\n\n{told.sections['Memo']}")
    _show(f"### {_TITLES['Memo criteria']}\n\n{told.sections['Memo criteria']}", _clock(60 * minutes))


def reveal(which: str, memo: bool = False) -> None:
    """Show what a good answer is measured by, a model answer, and the follow-ups with theirs.

    memo: the same for the lesson's memo, which has no follow-ups.  ValueError if there is none.
    """
    if memo:
        told = _with_memo(lesson(which))
        for section in ("Memo criteria", "Model memo"):
            _show(f"### {_TITLES[section]}\n\n{told.sections[section]}")
        return
    told = words(lesson(which), language())
    for section in ("Criteria", "Model answer"):
        _show(f"### {_TITLES[section]}\n\n{told.sections[section]}")
    _show(f"### {_TITLES['Follow-ups']}\n\n{_TELL}", _folded(told.questions("Follow-ups")))


def production_card(which: str) -> None:
    """Show what stands behind the lesson's decision in production, from its owner to its cost."""
    _show(f"### {_TITLES['Production card']}\n\n{words(lesson(which), language()).sections['Production card']}")


def interview(n: int = 3, seconds: int = 60, seed: int | None = None) -> None:
    """Show `n` random follow-ups from all lessons, each with its clock; the answers open at a click.

    seed: for the same questions again.  ValueError if n is not between 1 and the number of follow-ups.
    """
    pool = [(each, pair) for each in lessons() for pair in words(each, language()).questions("Follow-ups")]
    if not 1 <= n <= len(pool):
        raise ValueError(f"interview(n): n must be between 1 and {len(pool)}, not {n}")
    for each, (question, answer) in random.Random(seed).sample(pool, n):
        _show(f"**{question}** — *{_FROM.format(lesson=each.name)}*", _clock(seconds) + _folded([(str(_TELL), answer)]))


def _with_memo(which: Lesson) -> Words:
    told = words(which, language())
    if "Memo" not in told.sections:
        raise ValueError(str(_NO_MEMO.format(lesson=which.name)))
    return told


def _clock(seconds: int) -> str:
    """A bar that empties in so many seconds: style alone, so it needs no script and no thread."""
    return (f'<style>@keyframes retention-clock {{from {{width:100%}} to {{width:0}}}}'
            f'@keyframes retention-over {{from {{opacity:0}} to {{opacity:1}}}}</style>'
            f'<div style="display:flex;align-items:center;gap:.6em;max-width:30em;color:#6b7280;font-size:.9em">'
            f'<div style="flex:1;height:.5em;background:#e5e7eb;border-radius:.25em;overflow:hidden">'
            f'<div style="height:100%;background:#2563eb;animation:retention-clock {int(seconds)}s linear forwards"></div></div>'
            f'{_SECONDS.format(seconds=seconds) if seconds < 120 else _MINUTES.format(minutes=seconds // 60)}'
            f'<b style="opacity:0;animation:retention-over .3s {int(seconds)}s forwards">{_OVER}</b></div>')


def _folded(pairs: list[tuple[str, str]]) -> str:
    return "".join(f"<details style='margin:.3em 0'><summary>{_inline(q)}</summary>"
                   f"<div style='margin:.3em 0 .6em 1.2em'>{_inline(a)}</div></details>" for q, a in pairs)


def _inline(markdown: str) -> str:
    """Our own Markdown's bold, italics, code, lists and paragraphs as HTML (it stands inside HTML, where Jupyter renders none)."""
    text = markdown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for pattern, tag in ((r"`([^`]+)`", "code"), (r"\*\*([^*]+)\*\*", "b"), (r"(?<!\*)\*([^*]+)\*(?!\*)", "i")):
        text = re.sub(pattern, rf"<{tag}>\1</{tag}>", text)
    blocks = []
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        if lines and all(line.startswith(("- ", "* ", "  ")) for line in lines):
            items = re.split(r"^[-*] ", block, flags=re.MULTILINE)[1:]
            blocks.append("<ul>" + "".join(f"<li>{item.strip()}</li>" for item in items) + "</ul>")
        else:
            blocks.append(" ".join(lines))
    return "<br><br>".join(blocks)


def _show(markdown: str, html: str = "") -> None:
    from IPython import get_ipython
    from IPython.display import HTML, Markdown, display

    if get_ipython() is None:
        print(markdown + ("\n" + re.sub(r"<[^>]+>", " ", html) if html else ""))
        return
    display(Markdown(markdown))
    if html:
        display(HTML(html))
