"""The cells of a notebook that comes back: which are answers, which the learner added, which are ours."""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.checks.keys import ReleasedNotebook
from helpers.language import Text

MARKER = re.compile(r"^\s*#{1,2}\s*exercise\s*[:：]\s*([A-Za-z_]\w*)\s*$", re.IGNORECASE)
SETUP = re.compile(r"^\s*#\s*setup\b", re.IGNORECASE)
DEFINED = re.compile(r"^(?:async\s+)?def\s+([A-Za-z_]\w*)", re.MULTILINE)
NOT_A_STATEMENT = ("#", "%", "!", "?")
MAX_BYTES = 20_000_000
MAX_CELLS = 5_000
MAX_SOURCE = 1_000_000
"""Characters of code in one notebook; of text, in one cell."""
NOT_GRADABLE = "not_gradable"
"""Where a notebook without cells says in its metadata why it has none."""

_LINK = Text("{name} is a link: hand in the file itself (where it was copied as a hard link, copy it anew)",
             "{name} 是链接：请提交文件本身（若复制时成了硬链接，请重新复制）")
_NO_FILE = Text("{name} is a folder or a device, no file: hand in the notebook itself", "{name} 是文件夹或设备，不是文件：请直接提交笔记本")
_LARGE = Text("{name} is larger than {size} MB: clear its outputs (Edit → Clear Outputs of All Cells) and save it",
              "{name} 超过 {size} MB：请清除输出（Edit → Clear Outputs of All Cells）后保存")
_CANNOT_OPEN = Text("{name} cannot be opened: {error}", "无法打开 {name}：{error}")
_NOT_JSON = Text("{name} is not a notebook: its text is not JSON. It may have been cut off or saved half-way; hand in a copy that "
                 "opens in JupyterLab", "{name} 不是笔记本：内容不是 JSON，可能保存不完整。请提交一份能在 JupyterLab 中打开的副本")
_CONFLICT = Text("{name} holds the marks of a merge conflict: settle it in git, then hand in a copy that opens in JupyterLab",
                 "{name} 含有合并冲突标记：请在 git 中解决冲突，再提交能在 JupyterLab 中打开的副本")
_WEB_PAGE = Text("{name} is a web page, not the notebook: download the file itself (on GitHub with the button Raw)",
                 "{name} 是网页，不是笔记本：请下载文件本身（在 GitHub 上点 Raw）")
_NULS = Text("{name} holds NUL bytes: it was damaged while it was saved; hand in a copy that opens in JupyterLab",
             "{name} 含有 NUL 字节：保存时已损坏。请提交一份能在 JupyterLab 中打开的副本")
_NO_CELLS = Text("{name} is not a notebook: it has no list of cells", "{name} 不是笔记本：其中没有单元格列表")
_EMPTY = Text("{name} holds no cell: hand in the copy you worked in", "{name} 中没有任何单元格：请提交你实际完成的那一份")
_TOO_MANY = Text("{name} holds more than {cells} cells or {characters} characters of code: delete what is not yours or not needed",
                 "{name} 的单元格超过 {cells} 个，或代码超过 {characters} 个字符：请删去不需要的内容")
_FROM_TEXT = Text("the answer to {name} stands in a text cell; it was read as code. Change the cell's type back to Code",
                  "{name} 的答案在文本单元格中，已按代码读取。请把单元格类型改回 Code")
_NO_MARKER = Text("no cell of its own answers {name}; what defines it elsewhere was taken. Keep the line «# exercise: {name}»",
                  "{name} 没有自己的作答单元格，已采用在别处定义它的代码。请保留 «# exercise: {name}» 这一行")
_NO_FUNCTION = Text("the cell of {name} defines no function of that name", "{name} 的单元格没有定义同名函数")


class NotebookError(ValueError):
    """The file is not a notebook that can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Submission:
    """What of a notebook counts: our setup cell, the cells the learner added, and the answers; and what was odd about these."""

    setup: str
    added: tuple[str, ...]
    answers: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def cells(self) -> list[str]:
        """All sources in the order in which they are run."""
        return [self.setup, *self.added, *self.answers.values()]


def digest(source: str) -> str:
    """A short name for a cell's text, blind to white space at line ends, so that a cell is known again without its metadata."""
    lines = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha1(lines.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def exercise_of(source: str) -> str | None:
    """The exercise whose marker stands on the cell's first line that is not empty."""
    first = next((line for line in source.splitlines() if line.strip()), "")
    found = MARKER.match(first)
    return found.group(1) if found else None


def printable(name: str) -> str:
    """A file's name as it may stand in a message or a web page, whoever chose it."""
    return "".join(letter if letter.isprintable() and letter not in "<>&" else "?" for letter in name)[:100]


def read_file(path: Path, limit: int | None = None) -> bytes:
    """The bytes of a plain file, through no link.  NotebookError for a link, for what is no file, and above `limit` (MAX_BYTES)."""
    limit, name = MAX_BYTES if limit is None else limit, printable(path.name)
    try:
        _refuse(os.lstat(path), name, limit)
        # Between the two looks another file may have come in its place. Windows lacks the flags; a pipe opened blocking would never return.
        flags = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY"))
        with open(os.open(path, flags), "rb") as file:
            _refuse(os.fstat(file.fileno()), name, limit)
            return file.read(limit)
    except OSError as error:
        raise NotebookError(str(_CANNOT_OPEN.format(name=name, error=error.strerror))) from None


def _refuse(about: os.stat_result, name: str, limit: int) -> None:
    if stat.S_ISLNK(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_nlink > 1):
        raise NotebookError(str(_LINK.format(name=name)))
    if not stat.S_ISREG(about.st_mode):
        raise NotebookError(str(_NO_FILE.format(name=name)))
    if about.st_size > limit:
        raise NotebookError(str(_LARGE.format(name=name, size=MAX_BYTES // 1_000_000)))


def read_cells(path: Path) -> list[dict]:
    """The cells of a notebook file as plain {"kind", "source", "id"}.  NotebookError if it cannot be read."""
    return cells_of(read_file(path), path.name)


def cells_of(content: bytes, name: str) -> list[dict]:
    """The cells of a notebook file's bytes as `read_cells` gives them; `name` is the file's, for messages.

    Their text is UTF-8 or has a byte order mark; bytes that are neither become U+FFFD, which spoils no code but the letter itself.
    """
    name = printable(name)
    data = _parsed(content, name)
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(data, dict) and isinstance(data.get("worksheets"), list):        # nbformat 3
        sheets = [sheet["cells"] for sheet in data["worksheets"] if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)]
        cells = [cell for sheet in sheets for cell in sheet]
    if not isinstance(cells, list):
        raise NotebookError(str(_NO_CELLS.format(name=name)))
    if not cells:
        metadata = data.get("metadata")
        told = metadata.get(NOT_GRADABLE) if isinstance(metadata, dict) else None
        raise NotebookError(html.escape(_clean(told)[:1000], quote=False) if isinstance(told, str) else str(_EMPTY.format(name=name)))
    plain = [plain for cell in cells[:MAX_CELLS] if (plain := _plain(cell))]
    if len(cells) > MAX_CELLS or sum(len(cell["source"]) for cell in plain if cell["kind"] == "code") > MAX_SOURCE:
        raise NotebookError(str(_TOO_MANY.format(name=name, cells=MAX_CELLS, characters=MAX_SOURCE)))
    return plain


def _parsed(content: bytes, name: str) -> object:
    encoding = json.detect_encoding(content)
    text = content.decode(encoding, "replace")
    if "\0" in text:
        raise NotebookError(str(_NULS.format(name=name)))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        start = text[:1000].lstrip().lower()
        why = _CONFLICT if "\n<<<<<<< " in text else _WEB_PAGE if start.startswith(("<!doctype", "<html")) else _NOT_JSON
        raise NotebookError(str(why.format(name=name))) from None


def _plain(cell: object) -> dict | None:
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    kind = cell.get("cell_type", "code")
    if kind not in ("code", "markdown", "raw"):
        kind = "markdown" if isinstance(kind, str) and kind else "code"
    return {"kind": kind, "source": _clean(source if kind == "code" else source[:MAX_SOURCE]), "id": _ident(cell)}


def _ident(cell: dict) -> str:
    """The cell's id; of an answer's cell the one nbgrader's metadata keep, which survive editors that give cells new ids."""
    metadata = cell.get("metadata")
    theirs = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    ident = theirs.get("grade_id") if isinstance(theirs, dict) else None
    if not (isinstance(ident, str) and ident.startswith("answer-")):
        ident = cell.get("id")
    return ident if isinstance(ident, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", ident) else ""


def _clean(text: str) -> str:
    """Without what no file can hold or no parser takes: half surrogate pairs, NUL characters, line ends of Windows."""
    return text.replace("\0", "\ufffd").replace("\r\n", "\n").encode("utf-8", "replace").decode()


def pieces(source: str, names: Iterable[str]) -> list[tuple[str | None, str]]:
    """A cell cut before each marker of another one of these exercises: (exercise or None, text).

    Nearly always one piece; more where cells were merged.  What stands before the first marker is a piece of no exercise.
    """
    found: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in source.splitlines(keepends=True):
        marker = MARKER.match(line)
        # An indented marker may stand inside a function, unless it is all there is so far.
        if marker and marker.group(1) in names and found[-1][0] != marker.group(1) and (
                not line[0].isspace() or not any(text.strip() for text in found[-1][1])):
            found.append((marker.group(1), []))
        found[-1][1].append(line)
    joined = [(name, "".join(lines)) for name, lines in found]
    return [(name, text) for name, text in joined if name or not _says_nothing(text)]


def _says_nothing(source: str) -> bool:
    return all(line.lstrip().startswith(NOT_A_STATEMENT) for line in source.splitlines() if line.strip())


def defined(source: str) -> set[str]:
    """The functions a cell defines at its top level, read without parsing: it may be no Python."""
    return set(DEFINED.findall(source))


def bare(source: str) -> str:
    """An answer without its marker."""
    lines = source.strip().splitlines()
    return "\n".join(lines[1:] if lines and MARKER.match(lines[0]) else lines)


def submission(cells: list[dict], released: ReleasedNotebook) -> Submission:
    """Sort a learner's cells by the released notebook they come from.

    Of several cells for one exercise the last that differs from the stub counts, since that is what a run from top to bottom leaves
    defined; metadata, order of the rest and our own cells do not matter.  Where no code cell with the marker defines the function,
    what answers all the same is sought (`_found_elsewhere`), so that no work is silently worth nothing.
    """
    stubs = {name: digest(bare(stub)) for name, stub in released.stubs.items()}
    functions = {name: defined(stub) for name, stub in released.stubs.items()}
    answers: dict[str, str] = {}
    texts: dict[str, str] = {}
    loose: list[tuple[str | None, str]] = []        # (the exercise whose marker or id the cell has, its source)
    for cell in cells:
        own = cell["id"].removeprefix("answer-") if cell["id"].startswith("answer-") else None
        for marked, source in pieces(cell["source"], stubs):
            mark, name = digest(bare(source)), marked or (own if own in stubs else None)
            answering = name and bool(functions[name] & defined(source))
            if mark in stubs.values() or _says_nothing(source):
                continue
            if cell["kind"] not in ("code", ""):
                if answering:
                    texts[name] = source
            elif marked and answering:
                answers[marked] = source
            elif SETUP.match(source.lstrip().split("\n", 1)[0]):
                if mark != digest(released.setup):
                    loose.append((None, source))        # ours runs first all the same: a broken setup cell must not take the answers with it
            elif name or (mark not in released.digests and cell["id"] not in released.ids):
                loose.append((name, source))
    notes, used = [], set()
    for name in [name for name in stubs if name not in answers]:
        found, note = _found_elsewhere(name, functions[name], loose, texts)
        if found:
            answers[name] = f"# exercise: {name}\n" + "\n\n".join(map(bare, found))
            used.update(found)
            notes.append(str(note.format(name=name)))
    added = tuple(source for _, source in loose if source not in used)
    return Submission(released.setup, added, {**released.stubs, **answers}, tuple(notes))


def _found_elsewhere(name: str, functions: set[str], loose: list[tuple[str | None, str]], texts: Mapping[str, str]) -> tuple[list[str], Text]:
    """The code that answers an exercise although no cell has its marker and defines it, and what to tell the learner.

    Its cell known by the id, else whatever cells define its functions, else a text cell, else what stands under the marker or id.
    """
    defining = [(own, source) for own, source in loose if functions & defined(source)]
    by_id = [source for own, source in defining if own == name]
    rest = [source for own, source in loose if own == name]
    for found, note in ((by_id[-1:], _NO_MARKER), ([source for _, source in defining], _NO_MARKER),
                        ([texts[name]] if name in texts else [], _FROM_TEXT), (rest[-1:], _NO_FUNCTION)):
        if found:
            return found, note
    return [], _NO_FUNCTION
