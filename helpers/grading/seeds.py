"""The class's secret seed: one a batch, so that all sit the same exam."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def class_seed(path: Path) -> int:
    """The seed kept in this file; the first call makes the file, readable by its owner alone.

    ValueError if the file holds anything but a whole number.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        text = path.read_text(encoding="ascii", errors="replace").strip()
        if not text.isdigit():
            raise ValueError(f"{path.name} holds no seed: write a whole number of at least 6 digits in it, or delete it "
                             "to have one made (grades given under the old seed then differ)") from None
        return int(text)
    seed = secrets.randbits(63)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{seed}\n")
    return seed
