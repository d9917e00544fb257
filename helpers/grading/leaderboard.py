"""A class's leaderboard: who earned how much, under a name that only its owner knows.

It goes on a wall.  So it holds no student's id unless the instructor asks, and nothing in it is what a learner wrote but an alias of plain
letters and digits.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.checks.check import notebook_of
from helpers.checks.exercise import exercises
from helpers.course import Lesson
from helpers.grading.batch import Batch
from helpers.grading.results import Result, write_whole
from helpers.grading.seeds import SeedError, made_once
from helpers.grading.staging import HandIn
from helpers.language import Text

NAME = "leaderboard.csv"
LONGEST_ALIAS = 24
PREFIX = "anon-"
"""Of a pseudonym, hence of no alias."""
KEY_LENGTH = 32

_ALIAS = re.compile(r"(?:# ?)?(?:alias|别名) ?[:：](.+)", re.IGNORECASE)
_NO_KEY = Text("{name} holds no key for pseudonyms: delete it to have one made (all pseudonyms then change)",
               "{name} 中没有化名的密钥：请删除该文件以重新生成（所有化名会随之改变）")


@dataclass(frozen=True)
class Row:
    """One student's place."""

    student: str
    who: str
    points: float | None
    """None while something that is worth points waits for a person."""
    scores: tuple[float | None, ...]
    """One for each exercise of the board that has scores."""

    @property
    def order(self) -> tuple:
        """Higher is better: by points, of equal points by the scores, as they are shown."""
        return self.points is not None, self.points or 0.0, tuple((score is not None, score or 0.0) for score in self.scores)


def write_leaderboard(work: Batch, key_file: Path, names: bool = False) -> Path:
    """Write the lesson's leaderboard.csv beside its results, unless it says the same already, and return its place.

    Columns: rank, who, points, and for each exercise that has scores its mean score; with names the students' ids after who.  Rows that
    are equal in all of these share a rank.  who: the learner's alias, else a pseudonym that stays the same as long as key_file does (made
    by the first call).  SeedError if key_file holds no key.
    """
    key = made_once(key_file, secrets.token_hex(32)).encode()
    if len(key) < KEY_LENGTH:
        raise SeedError(str(_NO_KEY.format(name=key_file.name)))
    graded, hand_ins = {}, {}
    for own in work.by_student():
        student = own[0][0].student
        graded[student], hand_ins[student] = [result for _, result in own], [hand_in for hand_in, _ in own]
    path = work.results.folder / work.lesson.name / NAME
    text = table(*rows(work.lesson, graded, shown_names(hand_ins, key)), names)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_whole(path, text)
    return path


def rows(of: Lesson, graded: dict[str, list[Result]], who: dict[str, str]) -> tuple[list[Row], list[str]]:
    """Every student's row, the best first, and the exercises that somebody has a score for.

    Equals stand in the order of the names shown, so that no place tells a student's id.
    """
    marks = {student: {name: marked.score for result in results for name, marked in result.exercises.items() if marked.score is not None}
             for student, results in graded.items()}
    columns = [each.name for each in exercises(of) if any(each.name in own for own in marks.values())]
    found = []
    for student, results in graded.items():
        scores = tuple(round(marks[student][name], 4) if name in marks[student] else None for name in columns)
        points = None if any(_waits(of, result) for result in results) else round(sum(result.earned for result in results), 1)
        found.append(Row(student, who[student], points, scores))
    found.sort(key=lambda row: row.who)
    return sorted(found, key=lambda row: row.order, reverse=True), columns


def _waits(of: Lesson, result: Result) -> bool:
    """Whether a person has still to grade something that is worth points."""
    return bool(result.reason) and any(each.points for each in exercises(of) if notebook_of(each) == result.notebook)


def table(board: Sequence[Row], columns: Sequence[str], names: bool = False) -> str:
    """The rows as CSV.  The first of equals gives its place to all of them; who waits for a person has none."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(["rank", "who", *(["student"] if names else []), "points", *columns])
    rank = 0
    for place, row in enumerate(board, start=1):
        if place == 1 or row.order != board[place - 2].order:
            rank = place
        scores = ["" if score is None else f"{score:.4f}" for score in row.scores]
        write(["" if row.points is None else rank, row.who, *([row.student] if names else []), "" if row.points is None else f"{row.points:g}",
               *scores])
    return out.getvalue()


# Who is shown as what --------------------------------------------------------------------------------------------------


def shown_names(hand_ins: dict[str, list[HandIn]], key: bytes) -> dict[str, str]:
    """Each student's alias if it is theirs alone, else a pseudonym.

    An alias that two chose is nobody's, and so is one that is another student's id: who stands on the board must not be mistaken.
    """
    aliases = {student: alias_in(cell for hand_in in own for cell in hand_in.cells) for student, own in hand_ins.items()}
    chosen = Counter(_compared(alias) for alias in aliases.values() if alias)
    ids: dict[str, set[str]] = {}
    for student in hand_ins:
        ids.setdefault(_compared(student), set()).add(student)
    shown = {}
    for student, alias in aliases.items():
        own = alias is not None and chosen[_compared(alias)] == 1 and ids.get(_compared(alias), {student}) == {student}
        shown[student] = alias if own else pseudonym(student, key)
    return shown


def alias_in(cells: Iterable[dict]) -> str | None:
    """The alias that a hand-in asks for: the first line «alias: NAME» of any cell, commented out or not; None if it cannot be shown."""
    for cell in cells:
        for line in cell["source"].splitlines():
            found = _ALIAS.fullmatch(line[:200].strip())        # a line without end is a stranger's, too
            if found:
                return _clean(found[1])
    return None


def _clean(text: str) -> str | None:
    """An alias without anything that a spreadsheet, a web page or an eye could take for something else."""
    alias = " ".join(unicodedata.normalize("NFKC", text).split())
    plain = all(each.isalnum() or each in " ._-" for each in alias)
    if not plain or not 1 <= len(alias) <= LONGEST_ALIAS or not alias[0].isalnum() or not any(each.isalpha() for each in alias):
        return None
    return None if _compared(alias).startswith(PREFIX) else alias


def _compared(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def pseudonym(student: str, key: bytes) -> str:
    """The same for this student as long as the key is; nobody without the key finds the student from it."""
    return PREFIX + hmac.new(key, student.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:10]
