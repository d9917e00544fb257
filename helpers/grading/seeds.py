"""The class's secret seed: one a batch, so that all sit the same exam."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from helpers.language import Text

_NO_SEED = Text("{name} holds no seed: write a whole number of at least {digits} digits in it, or delete it to have one made (grades given "
                "under the old seed then differ)", "{name} 中没有种子：请写入至少 {digits} 位的整数，或删除该文件以重新生成（此前的成绩会与之不同）")
DIGITS = 12
"""A shorter seed could be guessed by an answer that tries them all against the cases it is called with."""


class SeedError(ValueError):
    """The seed's file holds no seed; the message says what to do."""


def class_seed(path: Path) -> int:
    """The seed kept in this file; the first call makes the file, readable by its owner alone.

    SeedError if the file holds anything but a whole number of at least DIGITS digits.
    """
    text = made_once(path, f"{10 ** 18 + secrets.randbelow(8 * 10 ** 18)}")
    if not text.isdigit() or len(text) < DIGITS:
        raise SeedError(str(_NO_SEED.format(name=path.name, digits=DIGITS)))
    return int(text)


def made_once(path: Path, text: str) -> str:
    """What this file says; the first call makes it, readable by its owner alone, with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(f"{text}\n")
        os.link(part, path)         # only if there is none: of two graders that start at once, one makes it
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)
    return path.read_text(encoding="ascii", errors="replace").strip()
