"""The cells of a notebook that comes back: which are answers, which the learner added, which are ours."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.checks.keys import ReleasedNotebook
from helpers.language import Text

MARKER = re.compile(r"^\s*#\s*exercise:\s*([A-Za-z_]\w*)\s*$")
SETUP = re.compile(r"^\s*#\s*setup\b", re.IGNORECASE)
MAX_BYTES = 20_000_000


class NotebookError(ValueError):
    """The file is not a notebook that can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Submission:
    """What of a notebook counts: its own setup cell if it changed ours, the cells the learner added, and the answers."""

    setup: str
    added: tuple[str, ...]
    answers: Mapping[str, str]

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


def read_cells(path: Path) -> list[dict]:
    """The cells of a notebook file as plain {"kind", "source", "id"}.  NotebookError if it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise NotebookError(str(Text(
                f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB: clear its outputs (Edit → Clear Outputs of All Cells) and save it",
                f"{path.name} 超过 {MAX_BYTES // 1_000_000} MB：请清除输出（Edit → Clear Outputs of All Cells）后保存")))
        data = json.loads(path.read_text(encoding="utf-8"))
    except NotebookError:
        raise
    except OSError as error:
        raise NotebookError(str(Text(f"{path.name} cannot be opened: {error.strerror}",
                                     f"无法打开 {path.name}：{error.strerror}"))) from None
    except (ValueError, RecursionError):
        raise NotebookError(str(Text(
            f"{path.name} is not a notebook: its text is not JSON. It may have been cut off or saved half-way; hand in a copy that "
            "opens in JupyterLab", f"{path.name} 不是笔记本：内容不是 JSON，可能保存不完整。请提交一份能在 JupyterLab 中打开的副本"))) from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(data, dict) and isinstance(data.get("worksheets"), list):
        cells = [cell for sheet in data["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells") or []]   # nbformat 3
    if not isinstance(cells, list):
        raise NotebookError(str(Text(f"{path.name} is not a notebook: it has no list of cells",
                                     f"{path.name} 不是笔记本：其中没有单元格列表")))
    return [plain for cell in cells if (plain := _plain(cell))]


def _plain(cell: object) -> dict | None:
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        return None
    kind, ident = cell.get("cell_type"), cell.get("id")
    return {"kind": kind if isinstance(kind, str) else "", "source": source, "id": ident if isinstance(ident, str) else ""}


def submission(cells: list[dict], released: ReleasedNotebook) -> Submission:
    """Sort a learner's cells by the released notebook they come from.

    Of several cells for one exercise the last that differs from the stub counts, since that is what a run from top to bottom leaves
    defined; metadata, order of the rest and our own cells do not matter.
    """
    answers: dict[str, str] = dict(released.stubs)
    setup, added = released.setup, []
    stubs = {name: digest(stub) for name, stub in released.stubs.items()}
    for cell in cells:
        if cell["kind"] not in ("code", ""):
            continue
        source, mark = cell["source"], digest(cell["source"])
        name = exercise_of(source)
        if name in answers:
            if mark != stubs[name]:
                answers[name] = source
        elif SETUP.match(source.lstrip().split("\n", 1)[0]):
            if mark != digest(released.setup):
                added.append(source)        # ours runs first all the same: a broken setup cell must not take the answers with it
        elif source.strip() and mark not in released.digests and cell["id"] not in released.ids:
            added.append(source)
    return Submission(setup, tuple(added), answers)
