"""Is this machine ready for the course?  `python -m helpers` prints the answer as a table.

What is wanted is read from the course's own metadata, so that it cannot differ from what an installation gives.  Only the
standard library is imported here: the report is for machines where something is missing.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple, TextIO

from helpers.data import download, installed
from helpers.language import Text

COURSE = "retention-course"
OPTIONAL = {      # extras that a learner can do without, and what each is for
    "lab": Text("opening the course in JupyterLab", "在 JupyterLab 中打开课程"),
    "grade": Text("grading a class", "批改全班作业"),
    "cluster": Text("grading on several machines", "在多台机器上批改"),
    "test": Text("working on the course itself", "开发本课程"),
}
MEMORY = 3.0      # GB in all: the largest table with the largest model, and a browser beside them
GB = 1e9

PACKAGE_MISSING = Text("pip install \"{requirement}\" (or build the whole environment with: make lab)",
                       "pip install \"{requirement}\"（或用 make lab 建立完整环境）")
PACKAGE_OTHER = Text("pip install --upgrade \"{requirement}\"", "pip install --upgrade \"{requirement}\"")
ONLY_FOR = Text("only for {what}: {remedy}", "只用于{what}：{remedy}")
COURSE_MISSING = Text("the course is not installed: run pip install -e . in its folder",
                      "尚未安装本课程：请在课程文件夹中运行 pip install -e .")
PYTHON_OTHER = Text("TensorFlow has no wheel for it: install CPython 3.11, 3.12 or 3.13, then make lab PYTHON=/path/to/python",
                    "TensorFlow 没有适用的 wheel：请安装 CPython 3.11、3.12 或 3.13，然后运行 make lab PYTHON=/path/to/python")
MEMORY_SMALL = Text("close other programs or use a larger machine, such as Colab; the largest tables may not fit",
                    "请关闭其他程序，或换用内存更大的机器（例如 Colab）；最大的数据表可能放不下")
DOWNLOADS = Text("optional: fetched when it is first asked for", "可选：第一次用到时下载")
GRADES = Text("grades: answers run in a jail that held when it was tried", "可以评分：答案在隔离环境中运行，并已实际验证")
PRACTISES = Text("practice only ({why}); learners need no more", "只能练习（{why}）；学习者不需要更多")
NEEDS_PACKAGE = Text("{package} is missing", "缺少 {package}")
FOUND = Text("found", "已找到")
DAMAGED = Text("missing or damaged", "缺失或损坏")
ABSENT = Text("not installed", "未安装")
UNKNOWN = Text("unknown", "未知")
NOT_FETCHED = Text("not downloaded", "未下载")
HEADER = (Text("what", "项目"), Text("wanted", "需要"), Text("found", "现有"))
READY = Text("Ready: all {count} checks passed.", "一切就绪：{count} 项检查全部通过。")
NOT_READY = Text("Not ready: {failed} of {count} checks failed. Do what their rows say, then run this again.",
                 "尚未就绪：{count} 项检查中有 {failed} 项未通过。请按相应各行的说明处理，然后重新运行。")


class Row(NamedTuple):
    """One line of the table.  ok: True, False (the exit code is then 1), or None: for information only."""

    what: str | Text
    wanted: str | Text
    found: str | Text
    ok: bool | None
    advice: str | Text = ""


def table() -> list[Row]:
    """Everything the course needs and what of it is here: Python, packages, data sets, memory, and whether it can grade."""
    rows = [_python()]
    try:
        requirements = importlib.metadata.requires(COURSE) or []
    except importlib.metadata.PackageNotFoundError:
        rows.append(Row(COURSE, "", ABSENT, False, COURSE_MISSING))
        requirements = []
    return rows + packages(requirements) + [*datasets(), memory(), grading()]


def packages(requirements: list[str]) -> list[Row]:
    """A row for each package that the requirements name: the base ones first, then what an optional extra adds."""
    parsed = [_parse(text) for text in requirements]
    carriers = {package.distribution for package in installed.packages()}     # judged by their files, below
    seen = {COURSE, *carriers}
    rows = []
    for extra in (None, *OPTIONAL):
        for name, bounds, of in parsed:
            if of == extra and name not in seen:
                seen.add(name)
                rows.append(_package(name, bounds, extra))
    return rows


def datasets() -> list[Row]:
    """A row for each data set: the packaged ones must be whole; those by download are only reported."""
    rows = []
    for package in installed.packages():
        wanted = f"{package.distribution} {package.version}"
        try:
            for name in package.files:
                installed.path_of(package, name)
            rows.append(Row(package.title, wanted, FOUND, True))
        except installed.DataError as error:
            rows.append(Row(package.title, wanted, DAMAGED, False, error.args[0]))
    for remote in download.downloads():
        try:
            there = download.cached(remote)
            rows.append(Row(remote.title, "", FOUND if there else NOT_FETCHED, None, "" if there else DOWNLOADS))
        except installed.DataError as error:
            rows.append(Row(remote.title, "", DAMAGED, None, error.args[0]))
    return rows


def memory() -> Row:
    """The machine's memory, or the container's if that is less."""
    name = Text("memory", "内存")
    amount = _memory_bytes()
    if amount is None:
        return Row(name, f">={MEMORY:g} GB", UNKNOWN, None)
    ok = amount >= MEMORY * GB
    return Row(name, f">={MEMORY:g} GB", f"{amount / GB:.1f} GB", ok, "" if ok else MEMORY_SMALL)


def grading() -> Row:
    """Whether a class can be graded here: a job in the jail tries to break out, and must fail.  Never a failure of the machine's."""
    name = Text("grading", "评分")
    try:
        from helpers.grading.jail import refusal  # needs packages that may be missing here
    except ImportError as error:
        return Row(name, "", PRACTISES.format(why=NEEDS_PACKAGE.format(package=error.name)), None)
    why = refusal()
    return Row(name, "", PRACTISES.format(why=why) if why else GRADES, None if why else True)


def show(rows: list[Row], file: TextIO | None = None) -> int:
    """Print the table, in colour on a terminal; the exit code: 1 if any row failed, else 0."""
    file = file or sys.stdout
    if hasattr(file, "reconfigure"):
        file.reconfigure(errors="replace")      # a terminal that cannot print Chinese gets question marks, not an error
    colour = _in_colour(file)
    marks = {True: ("[ OK ]", "32"), False: ("[FAIL]", "31"), None: ("[ -- ]", "33")}
    widths = [max(_width(str(row[i])) for row in [HEADER, *rows]) for i in range(2)]
    print(" " * 7 + "  ".join(_pad(str(cell), width) for cell, width in zip(HEADER, [*widths, 0], strict=True)), file=file)
    for row in rows:
        mark, code = marks[row.ok]
        mark = f"\033[{code}m{mark}\033[0m" if colour else mark
        print(mark, _pad(str(row.what), widths[0]) + "  " + _pad(str(row.wanted), widths[1]) + "  " + str(row.found), file=file)
        if str(row.advice):
            print(f"         -> {row.advice}", file=file)
    failed, count = sum(row.ok is False for row in rows), sum(row.ok is not None for row in rows)
    print("\n" + str((NOT_READY if failed else READY).format(failed=failed, count=count)), file=file)
    return int(failed > 0)


def _python() -> Row:
    wanted = _requires_python()
    version = platform.python_version()
    ok = platform.python_implementation() == "CPython" and (not wanted or _within(version, wanted))
    return Row("CPython", wanted, f"{platform.python_implementation()} {version}", ok, "" if ok else PYTHON_OTHER)


def _requires_python() -> str:
    try:
        wanted = importlib.metadata.metadata(COURSE)["Requires-Python"] or ""
    except importlib.metadata.PackageNotFoundError:
        return ""
    return ",".join(sorted(wanted.replace(" ", "").split(","), reverse=True))     # the lower bound first


def _package(name: str, bounds: str, extra: str | None) -> Row:
    requirement = name + bounds
    try:
        found: str | Text = importlib.metadata.version(name)
        ok: bool | None = _within(str(found), bounds)
        remedy = PACKAGE_OTHER
    except importlib.metadata.PackageNotFoundError:
        found, ok, remedy = ABSENT, False, PACKAGE_MISSING
    if ok:
        return Row(name, bounds, found, True)
    advice = remedy.format(requirement=requirement)
    if extra:       # not needed to learn: said, but no failure
        return Row(name, bounds, found, None, ONLY_FOR.format(what=OPTIONAL[extra], remedy=advice))
    return Row(name, bounds, found, False, advice)


def _parse(requirement: str) -> tuple[str, str, str | None]:
    """`"jupytext>=1.17; extra == 'grade'"` as ("jupytext", ">=1.17", "grade").  ValueError for any other form."""
    match = re.fullmatch(r"([\w.-]+)(?:\[[\w,. -]*\])?\s*([<>=!~][^;@]*?)?\s*(?:;\s*extra\s*==\s*['\"]([\w.-]+)['\"])?", requirement)
    if not match:
        raise ValueError(f"a requirement this report cannot read: {requirement!r}")
    return match[1], (match[2] or "").replace(" ", ""), match[3]


def _within(version: str, bounds: str) -> bool:
    """Whether a version lies within bounds such as ">=3.11,<3.14".  ValueError for operators we do not use."""
    for bound in filter(None, bounds.split(",")):
        match = re.fullmatch(r"(>=|==|<=|!=|<|>)([\d.]+)", bound)
        if not match:
            raise ValueError(f"a bound this report cannot read: {bound!r}")
        one, other = _numbers(version), _numbers(match[2])
        length = max(len(one), len(other))
        one, other = (numbers + (0,) * (length - len(numbers)) for numbers in (one, other))
        held = {">=": one >= other, "==": one == other, "<=": one <= other, "!=": one != other, "<": one < other,
                ">": one > other}
        if not held[match[1]]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: (2, 20, 0) for "2.20.0rc1"."""
    return tuple(int(number) for number in re.match(r"\d+(?:\.\d+)*", version)[0].split("."))


def _memory_bytes() -> int | None:
    amounts = []
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong)] + [
                (f"other{i}", ctypes.c_ulonglong) for i in range(6)]

        status = Status(length=ctypes.sizeof(Status))
        if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
            amounts.append(status.total)
    else:
        with contextlib.suppress(ValueError, OSError):
            amounts.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            amounts.append(int(Path(limit).read_text()))       # "max" if there is none
        except (OSError, ValueError):
            continue
    return min(amounts, default=None)


def _in_colour(file: TextIO) -> bool:
    plain = os.environ.get("NO_COLOR") or (os.name == "nt" and "WT_SESSION" not in os.environ)
    return not plain and file.isatty()


def _width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
