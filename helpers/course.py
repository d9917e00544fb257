"""The course as a whole: its lessons, and where its folder is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Lesson(NamedTuple):
    """A lesson's name is its folder's and nbgrader's assignment; its subject names its files and its module of checks."""

    name: str

    @property
    def number(self) -> str:
        return self.name.partition("_")[0]

    @property
    def subject(self) -> str:
        return self.name.partition("_")[2]


ALL_LESSONS = tuple(map(Lesson, (
    "00_start", "01_behaviour", "02_portrait", "03_churn", "04_interest", "05_recommendation", "06_retention",
)))
HERE = Path(__file__).parent


def lessons() -> tuple[Lesson, ...]:
    """The lessons that exist in this version, in order: those with a record of their exercises."""
    return tuple(lesson for lesson in ALL_LESSONS if (HERE / "checks" / f"{lesson.subject}.py").exists())


def lesson(which: str | Lesson) -> Lesson:
    """A lesson by number (`"01"`), subject (`"behaviour"`) or name (`"01_behaviour"`).  ValueError if there is none."""
    for each in lessons():
        if str(which) in (each.number, each.subject, each.name) or which == each:
            return each
    raise ValueError(f"no lesson {which!r}; there are {', '.join(each.name for each in lessons())}")


def course_folder(start: str | Path = ".") -> Path:
    """The nearest folder, upwards from `start`, that holds `nbgrader_config.py`.  FileNotFoundError if there is none."""
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if (folder / "nbgrader_config.py").exists():
            return folder
    raise FileNotFoundError(f"no course folder (with nbgrader_config.py) at or above {start}: run this inside the checkout, "
                            "or name it with --course")
