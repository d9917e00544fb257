"""The first cells of every notebook: the badge that opens it on Colab, and the cell that makes Colab ready for it."""

from __future__ import annotations

import tomllib
from pathlib import Path

# The picture is our own and beside the notebook, so that nothing in a lesson needs a foreign host to be read.
BADGE = "[![Open in Colab](../../docs/colab-badge.svg)](https://colab.research.google.com/github/{repository}/blob/main/{path})"

# --no-deps: Colab has every package the course needs, and the data packages declare some it does not.
CELL = '''\
# On Colab this installs the course, once; anywhere else it does nothing.
import importlib.util
import os
import subprocess
import sys

if "google.colab" in sys.modules and importlib.util.find_spec("helpers") is None:
    course = os.environ.get(
        "RETENTION_SOURCE",
        "{source}")
    data = [{data}]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
                    course, *data], check=True)
    importlib.invalidate_caches()  # this Python listed its packages before there was a course'''


def badge(course: Path, path: str) -> str:
    """The badge, as Markdown, that opens the notebook at this path of the repository."""
    return BADGE.format(repository=_settings(course)["tool"]["retention-course"]["repository"], path=path)


def install_cell(course: Path) -> str:
    """The source of the cell that installs the course at this version, and its data packages, on Colab."""
    settings = _settings(course)
    version = settings["project"]["version"]
    data = ", ".join(f'"{package}"' for package in settings["project"]["optional-dependencies"]["data"])
    return CELL.format(source=settings["tool"]["retention-course"]["colab-source"].format(version=version), data=data)


def _settings(course: Path) -> dict:
    return tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))
