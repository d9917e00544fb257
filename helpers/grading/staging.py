"""From a folder of hand-ins to what can be graded: each learner's notebooks, found and read; where that fails, the reason.

Names, links, sizes and contents in the folder are the learners': nothing here trusts them, runs them or writes among them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

from helpers.checks.keys import ReleasedNotebook, key_of
from helpers.checks.notebook import (
    NOT_GRADABLE,
    NotebookError,
    cells_of,
    defined,
    digest,
    pieces,
    printable,
    read_cells,
    read_file,
    submission,
)
from helpers.course import Lesson, lessons
from helpers.language import Text

MAX_ENTRIES = 1_000
"""So many names of one learner's folder are looked at, and"""
MAX_NOTEBOOKS = 20
"""so many notebooks of one learner are read."""
NOTHING = hashlib.sha256(b"").hexdigest()

_NOTEBOOK = re.compile(r"\.ipynb(?:\.txt|\.json)?$", re.IGNORECASE)
_COPIES = r"(?:\s*\(\d+\)|[\s_-]+copy\s*\d*|[\s_-]*的?副本|-\d+)*"         # as browsers, JupyterLab, Windows, macOS and platforms name copies
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[A-Za-z+-][\w/+:-]*)?")      # a zone's name is a path to the parser
_LEFT_BEHIND = re.compile(r"\.ipynb_checkpoints|\.git|\.DS_Store|__MACOSX|__pycache__|\._.*|\..*\.(?:before-\d+|part)", re.DOTALL)
_PUT_ASIDE = re.compile(r"(?:\.ipynb|timestamp\.txt)\.before-\d+$")

_TAKEN_FROM = Text("taken from '{name}'", "取自“{name}”")
_TWO_COPIES = Text("two copies: '{name}' counts, '{other}' does not", "有两份：采用“{name}”，不采用“{other}”")
_IGNORED = Text("'{name}' was not read: hand in the notebook itself", "未读取“{name}”：请直接提交笔记本")
_NOT_COUNTED = Text("'{name}' does not count: {reason}", "“{name}”未采用：{reason}")
_TOO_MANY = Text("only the first {n} of many files were looked at", "文件过多，只查看了前 {n} 个")
_BAD_TIME = Text("timestamp.txt holds no time, so that no lateness is known", "timestamp.txt 中没有时间，无法得知是否迟交")
_NO_NOTEBOOK = Text("no notebook of lesson {lesson} was found", "没有找到课程 {lesson} 的笔记本")
_FOLDER_LINK = Text("the folder '{name}' is a link: hand in the folder itself", "文件夹“{name}”是链接：请提交文件夹本身")
_CLOSED = Text("the folder '{name}' cannot be opened: {error}", "无法打开文件夹“{name}”：{error}")
_OTHER_LESSON = Text("'{name}' comes from lesson {lesson} ({notebook}.ipynb): hand in the notebook of this lesson",
                     "“{name}”来自课程 {lesson}（{notebook}.ipynb）：请提交本课的笔记本")
_OTHER_NOTEBOOK = Text("'{name}' holds the cells of {notebook}.ipynb: hand in {wanted}.ipynb too",
                       "“{name}”中是 {notebook}.ipynb 的单元格：请另外提交 {wanted}.ipynb")
_FOREIGN = Text("'{name}' holds no cell of {notebook}.ipynb and answers none of its exercises",
                "“{name}”中没有 {notebook}.ipynb 的单元格，也没有作答其中的练习")
_NO_STUDENT = Text("the file's name does not say whose it is: name it STUDENT_{notebook}.ipynb", "文件名没有说明是谁的：请命名为 STUDENT_{notebook}.ipynb")
_BAD_STUDENT = Text("'{name}' cannot be a student's id: letters, digits, inner spaces and . _ - @ , ' ( ) are allowed, at most 100, "
                    "a letter, digit or _ first", "“{name}”不能作为学生编号：可用字母、数字、中间的空格和 . _ - @ , ' ( )，最多 100 个，首字符为字母、数字或 _")


@dataclass(frozen=True)
class HandIn:
    """One notebook of one learner."""

    student: str
    """nbgrader's student id; a safe made-up one where the name handed in could not be used."""
    notebook: str
    """The released notebook's name, "behaviour"."""
    cells: tuple[dict, ...]
    """As `helpers.checks.notebook.read_cells` gives them; () if not gradable."""
    reason: str
    """Why it cannot be graded, for the learner; "" if it can."""
    digest: str
    """SHA-256 of the file's bytes; of nothing if it could not be read."""
    notes: tuple[str, ...]
    """What was odd though gradable."""
    timestamp: str
    """When it was handed in, as nbgrader's timestamp.txt says, or ""."""


@dataclass(frozen=True)
class _File:
    """A file that is a notebook by its name, and what was found in it."""

    path: Path
    named: str              # the released notebook its name says, or ""
    canonical: bool         # named exactly as released
    in_place: bool          # in a folder of this lesson
    modified: float = 0.0
    target: str = ""        # the notebook of this lesson it counts as; "" for another lesson's
    cells: tuple[dict, ...] = ()
    reason: str = ""
    digest: str = NOTHING
    answered: bool = False
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        return printable(self.path.name)


@dataclass
class _Learner:
    """What was found of one learner, before anything is read."""

    files: list[_File]
    ignored: list[str]      # other files and folders
    problems: list[str]     # reasons why a place could not be looked into
    timestamp: Path | None = None
    other_lessons: bool = False
    crowded: bool = False


def staged(folder: Path, lesson: Lesson) -> list[HandIn]:
    """What was handed in of a lesson, by student and notebook.  OSError only if `folder` itself cannot be opened.

    Three layouts: FOLDER/STUDENT/LESSON/*.ipynb (nbgrader's), FOLDER/STUDENT/*.ipynb and FOLDER/STUDENT_NAME.ipynb.  A learner of whom
    nothing can be read has one entry, for the lesson's main notebook, with the reason.
    """
    learners: dict[str, _Learner] = {}
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not _LEFT_BEHIND.fullmatch(entry.name):
                _look_at(entry, lesson, learners)
    usable = {student for student in learners if _usable(student)}
    found: list[HandIn] = []
    for student, learner in learners.items():
        if student in usable:
            found += _of_student(student, learner, lesson)
        else:
            made_up = _made_up(student, usable)
            usable.add(made_up)
            shown = printable(student)
            reason = str(_BAD_STUDENT.format(name=shown) if student else _NO_STUDENT.format(notebook=lesson.subject))
            found.append(HandIn(made_up, lesson.subject, (), reason, NOTHING, _ignored(learner), ""))
    return sorted(found, key=lambda hand_in: (hand_in.student, hand_in.notebook))


def _look_at(entry: os.DirEntry, lesson: Lesson, learners: dict[str, _Learner]) -> None:
    """Sort one entry of the class's folder to its learner."""
    def of(student: str) -> _Learner:
        return learners.setdefault(student, _Learner([], [], []))

    stem = _NOTEBOOK.sub("", entry.name)
    if stem != entry.name:
        before, named = _named(stem)
        student = stem if not named else before
        canonical = entry.name == f"{before}_{named}.ipynb"
        of(student).files.append(_File(Path(entry.path), named, canonical, in_place=False))
    elif entry.is_symlink():
        of(entry.name).problems.append(str(_FOLDER_LINK.format(name=printable(entry.name))))
    elif _is_folder(entry):
        if _usable(entry.name):
            _scan(Path(entry.path), lesson, of(entry.name), in_place=False)
        else:
            of(entry.name)
    elif _named(os.path.splitext(entry.name)[0])[1]:        # alice_start.zip
        of(_named(os.path.splitext(entry.name)[0])[0]).ignored.append(entry.name)


def _scan(folder: Path, lesson: Lesson, learner: _Learner, in_place: bool) -> None:
    """Note what lies in a learner's folder, or in the lesson's folder inside it; follow no link."""
    try:
        with os.scandir(folder) as entries:
            looked_at = list(islice(entries, MAX_ENTRIES + 1))
    except OSError as error:
        learner.problems.append(str(_CLOSED.format(name=printable(folder.name), error=error.strerror)))
        return
    learner.crowded |= len(looked_at) > MAX_ENTRIES
    for entry in sorted(looked_at, key=lambda entry: entry.name)[:MAX_ENTRIES]:
        stem = _NOTEBOOK.sub("", entry.name)
        if entry.name == "timestamp.txt":
            learner.timestamp = Path(entry.path)
        elif entry.name.startswith(".") or _LEFT_BEHIND.fullmatch(entry.name) or _PUT_ASIDE.search(entry.name):
            continue
        elif stem != entry.name:
            learner.files.append(_File(Path(entry.path), _named(stem)[1], entry.name == f"{_named(stem)[1]}.ipynb", in_place))
        elif not in_place and entry.name == lesson.name:
            if entry.is_symlink():
                learner.problems.append(str(_FOLDER_LINK.format(name=lesson.name)))
            elif _is_folder(entry):
                _scan(Path(entry.path), lesson, learner, in_place=True)
        elif not in_place and entry.name in {each.name for each in lessons()}:
            learner.other_lessons = True
        else:
            learner.ignored.append(entry.name)


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


@cache
def _patterns() -> tuple[tuple[str, re.Pattern], ...]:
    names = sorted((name for lesson in lessons() for name in key_of(lesson).notebooks), key=len, reverse=True)
    return tuple((name, re.compile(rf"(?:copy of\s+)?(?:(.+)_)?{re.escape(name)}{_COPIES}", re.IGNORECASE | re.DOTALL)) for name in names)


def _named(stem: str) -> tuple[str, str]:
    """What stands before a released notebook's name in a file's, as platforms put it there, and that name; ("", "") if there is none."""
    for name, pattern in _patterns():
        if found := pattern.fullmatch(stem):
            return found.group(1) or "", name
    return "", ""


def _usable(student: str) -> bool:
    """Whether nbgrader can take a name as student id: it is a folder, a glob and part of a regular expression there."""
    return (0 < len(student) <= 100 and (student[0].isalnum() or student[0] == "_") and not student.endswith(" ")
            and all(unicodedata.category(letter)[0] in "LMN" or letter in " ._-@,'()" for letter in student))


def _made_up(student: str, taken: set[str]) -> str:
    """An id that can be printed and used, the same at every run, and nobody else's."""
    mark = hashlib.sha256(os.fsencode(student)).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9]+", "_", student)[:30].strip("_")
    return next(made for length in range(8, 65) if (made := f"unusable_{readable}_{mark[:length]}") not in taken)


def _of_student(student: str, learner: _Learner, lesson: Lesson) -> list[HandIn]:
    """The hand-ins of one learner."""
    files = sorted(learner.files, key=lambda file: (not file.canonical, file.path.name, str(file.path)))
    read = [_read(file, lesson) for file in files[:MAX_NOTEBOOKS]]
    notes = list(_ignored(learner))
    if learner.crowded or len(files) > MAX_NOTEBOOKS:
        notes.append(str(_TOO_MANY.format(n=MAX_NOTEBOOKS if len(files) > MAX_NOTEBOOKS else MAX_ENTRIES)))
    timestamp, told = _time_of(learner.timestamp)
    notes += told
    ours = [file for file in read if file.target]
    for name in {file.named for file in ours if file.canonical and file.named != file.target} - {file.target for file in ours}:
        wrong = next(file for file in ours if file.canonical and file.named == name)
        ours.append(replace(wrong, target=name, cells=(), reason=_wrong_notebook(wrong, (lesson, wrong.target), name)))
    found = [_chosen(student, name, [file for file in ours if file.target == name], timestamp)
             for name in key_of(lesson).notebooks if any(file.target == name for file in ours)]
    if not any(hand_in.cells for hand_in in found) and not any(hand_in.notebook == lesson.subject for hand_in in found):
        elsewhere = [file for file in read if not file.target]
        if not found and not elsewhere and not learner.problems and learner.other_lessons:
            return []       # a class's folder of all lessons, and nothing of this one
        reasons = learner.problems or [file.reason for file in elsewhere] or [". ".join([
            str(_NO_NOTEBOOK.format(lesson=lesson.name)), *notes])]
        found.append(HandIn(student, lesson.subject, (), reasons[0], elsewhere[0].digest if elsewhere else NOTHING, (), timestamp))
    else:
        notes += learner.problems
    if found:
        first = next((i for i, hand_in in enumerate(found) if hand_in.notebook == lesson.subject), 0)
        found[first] = replace(found[first], notes=(*found[first].notes, *notes))
    return found


def _read(file: _File, lesson: Lesson) -> _File:
    """Read a file and settle which notebook it is: by what it holds, and where that tells nothing, by its name."""
    ours = key_of(lesson).notebooks
    named = file.named if file.named in ours else ""
    if not named and (file.in_place or not file.named):
        named = lesson.subject      # what cannot be told apart lies where the lesson's main notebook is expected
    content = b""
    try:
        file = replace(file, modified=os.lstat(file.path).st_mtime)
        content = read_file(file.path)
        cells = tuple(cells_of(content, file.path.name))
    except (NotebookError, OSError) as error:
        mark = hashlib.sha256(content).hexdigest()
        return replace(file, target=named, reason=str(error), digest=mark)
    file = replace(file, digest=hashlib.sha256(content).hexdigest())
    origin = origin_of(cells, (lesson, named) if named else None)
    if origin is None:
        return replace(file, target=named, reason=str(_FOREIGN.format(name=file.shown, notebook=named or lesson.subject)))
    if origin[0] != lesson:
        in_place = file.in_place or file.named in ours
        return replace(file, target=named if in_place else "", reason=_wrong_notebook(file, origin, named))
    found = submission(list(cells), ours[origin[1]])
    return replace(file, target=origin[1], cells=cells, answered=dict(found.answers) != dict(ours[origin[1]].stubs), notes=found.notes)


def _wrong_notebook(file: _File, origin: tuple[Lesson, str], wanted: str) -> str:
    if wanted and wanted in key_of(origin[0]).notebooks:
        return str(_OTHER_NOTEBOOK.format(name=file.shown, notebook=origin[1], wanted=wanted))
    return str(_OTHER_LESSON.format(name=file.shown, lesson=origin[0].name, notebook=origin[1]))


def reason_against(cells: Iterable[dict], lesson: Lesson, notebook: str) -> str:
    """Why these cells cannot be graded as this notebook: they are another one's or nobody's; "" if they can."""
    origin = origin_of(cells, (lesson, notebook))
    file = _File(Path(f"{notebook}.ipynb"), notebook, canonical=True, in_place=True)
    if origin is None:
        return str(_FOREIGN.format(name=file.shown, notebook=notebook))
    return "" if origin == (lesson, notebook) else _wrong_notebook(file, origin, notebook)


def origin_of(cells: Iterable[dict], expected: tuple[Lesson, str] | None = None) -> tuple[Lesson, str] | None:
    """The released notebook most of these cells come from, of equals the expected one; None if no cell tells."""
    marks = _marks()
    everyones = frozenset().union(*marks.values())
    exercises = [name for lesson in lessons() for notebook in key_of(lesson).notebooks.values() for name in notebook.stubs]
    found: set[str] = set()
    for cell in cells:
        found.add(f"id {cell['id']}")
        if cell["kind"] == "code":
            found.add(f"text {digest(cell['source'])}")
        found |= {f"marker {name}" for name, _ in pieces(cell["source"], exercises)} | {f"def {name}" for name in defined(cell["source"])}
    found &= everyones
    best = max(marks, key=lambda where: (len(found & marks[where]), where == expected), default=None)
    return best if best and found & marks[best] else None


@cache
def _marks() -> dict[tuple[Lesson, str], frozenset[str]]:
    """What tells each released notebook from all others."""
    every = {(lesson, name): _marks_of(released) for lesson in lessons() for name, released in key_of(lesson).notebooks.items()}
    return {where: frozenset(mark for mark in marks if sum(mark in other for other in every.values()) == 1) for where, marks in every.items()}


def _marks_of(released: ReleasedNotebook) -> set[str]:
    functions = {name for stub in released.stubs.values() for name in defined(stub)}
    return ({f"id {ident}" for ident in released.ids} | {f"text {mark}" for mark in released.digests}
            | {f"marker {name}" for name in released.stubs} | {f"def {name}" for name in functions})


def _chosen(student: str, notebook: str, files: list[_File], timestamp: str) -> HandIn:
    """Of several files for one notebook the one that counts: one with answers, named as released, else the newest."""
    good = [file for file in files if not file.reason]
    pool = [file for file in good if file.answered] or good or files
    pool = [file for file in pool if file.canonical and file.named == notebook] or pool
    chosen = min(pool, key=lambda file: (-file.modified, file.path.name))
    notes = [] if chosen.reason or (chosen.canonical and chosen.named == notebook) else [str(_TAKEN_FROM.format(name=chosen.shown))]
    for other in files:
        if other is not chosen and other.reason:
            notes.append(str(_NOT_COUNTED.format(name=other.shown, reason=other.reason)))
        elif other is not chosen and other.cells != chosen.cells:
            notes.append(str(_TWO_COPIES.format(name=chosen.shown, other=other.shown)))
    return HandIn(student, notebook, chosen.cells, chosen.reason, chosen.digest, (*notes, *chosen.notes), timestamp)


def _ignored(learner: _Learner) -> tuple[str, ...]:
    return tuple(str(_IGNORED.format(name=printable(name))) for name in learner.ignored[:5])


def _time_of(path: Path | None) -> tuple[str, list[str]]:
    """The time nbgrader can read off its file, else "" and a note: on any other text nbgrader stops the whole class."""
    if path is None:
        return "", []
    from nbgrader.utils import parse_utc  # here alone: a cluster's worker, which reads no folder, needs no nbgrader

    try:
        text = read_file(path, limit=100).decode("ascii").strip()
        if _TIME.fullmatch(text) and parse_utc(text):
            return text, []
    except Exception:       # of a hostile time the parser raises whatever it likes
        pass
    return "", [str(_BAD_TIME)]


def hand_over(hand_ins: Iterable[HandIn], submitted: Path) -> None:
    """Write each hand-in where nbgrader looks for it: submitted/STUDENT/LESSON/NAME.ipynb, and its timestamp.txt.

    One that cannot be graded becomes a notebook without cells that says why.  What already says the same stays; anything else in the
    place is kept beside it as NAME.ipynb.before-1, -2 …  No link is followed.  OSError if the disk fails.
    """
    lesson_of = {name: lesson for lesson in lessons() for name in key_of(lesson).notebooks}
    submitted.mkdir(parents=True, exist_ok=True)
    for hand_in in hand_ins:
        place = _folder(_folder(submitted / hand_in.student) / lesson_of[hand_in.notebook].name)
        path = place / f"{hand_in.notebook}.ipynb"
        if not _holds(path, hand_in):
            _write(path, json.dumps(_notebook(hand_in), ensure_ascii=False, indent=1) + "\n")
        if hand_in.timestamp and _time_of(place / "timestamp.txt")[0] != hand_in.timestamp:
            _write(place / "timestamp.txt", hand_in.timestamp + "\n")


def _notebook(hand_in: HandIn) -> dict:
    """The hand-in as a notebook; a cell without an id gets its number's."""
    cells = []
    for number, cell in enumerate(hand_in.cells):
        code = {"execution_count": None, "outputs": []} if cell["kind"] == "code" else {}
        cells.append({"cell_type": cell["kind"], "id": cell["id"] or f"cell-{number}", "metadata": {}, "source": cell["source"], **code})
    return {"cells": cells, "metadata": {NOT_GRADABLE: hand_in.reason} if hand_in.reason else {}, "nbformat": 4, "nbformat_minor": 5}


def _holds(path: Path, hand_in: HandIn) -> bool:
    """Whether the file in place says already what the hand-in does."""
    try:
        there = read_cells(path)
    except NotebookError as error:
        return str(error) == hand_in.reason and path.is_file() and not path.is_symlink()
    return not hand_in.reason and _without_numbers(there) == _without_numbers(hand_in.cells)


def _without_numbers(cells: Iterable[dict]) -> list[dict]:
    return [{**cell, "id": "" if cell["id"] == f"cell-{number}" else cell["id"]} for number, cell in enumerate(cells)]


def _folder(path: Path) -> Path:
    """This folder, made if missing; a link or a file in its place is put aside under a hidden name, where nbgrader sees no student."""
    if os.path.lexists(path) and not stat.S_ISDIR(os.lstat(path).st_mode):
        os.rename(path, _free(path.with_name(f".{path.name}")))
    path.mkdir(exist_ok=True)
    return path


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and keep what stood there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with open(part, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.path.lexists(path):
        os.rename(path, _free(path))
    os.replace(part, path)


def _free(path: Path) -> Path:
    return next(aside for aside in _numbered(path) if not os.path.lexists(aside))


def _numbered(path: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        yield path.with_name(f"{path.name}.before-{number}")
