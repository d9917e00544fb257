"""Shared by all tests."""

import datetime
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def course() -> Path:
    """The course's folder."""
    return COURSE


ROWS = pytest.StashKey[dict]()


def pytest_addoption(parser):
    parser.addoption("--table", help="write the rows that tests report into this Markdown file, by table (without xdist)")


def pytest_configure(config):
    config.stash[ROWS] = {}


def pytest_collection_modifyitems(config, items):
    """The long proofs run only when they are asked for."""
    if "prove" in (config.getoption("-m") or ""):
        return
    long = [item for item in items if item.get_closest_marker("prove")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


def pytest_collection_finish(session):
    """Tests of one group share a class that takes minutes to grade; pytest-xdist tells a group by the test's name, and not with every pytest."""
    if session.config.getoption("loadgroup", False):
        for item in session.items:
            group = item.get_closest_marker("xdist_group")
            if group and not item.nodeid.endswith(f"@{group.args[0]}"):
                raise RuntimeError(f"pytest {pytest.__version__} and pytest-xdist do not keep the group of {item.nodeid} together: see pyproject.toml")


@pytest.fixture(scope="session")
def row(request):
    """row(table, **columns): report a row of a table, for `--table`."""
    return lambda table, **columns: request.config.stash[ROWS].setdefault(table, []).append(columns)


def pytest_terminal_summary(terminalreporter, config):
    tables = config.stash[ROWS]
    text = "\n".join(_table(name, rows) for name, rows in sorted(tables.items()))
    if config.getoption("--table") and tables:
        from helpers.authoring.proof import machine

        head = f"# What the grader withstands\n\nWritten by `make prove`, last on {datetime.date.today()}: {machine()}.\n\n"
        Path(config.getoption("--table")).write_text(head + text, encoding="utf-8")
        terminalreporter.write_line(text)


def _table(name, rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[str(row.get(column, "")).replace("|", "\\|").replace("\n", " ") for column in columns] for row in rows]
    lines = [f"## {name}", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join([*lines, *("| " + " | ".join(each) + " |" for each in cells), ""])


@pytest.fixture(autouse=True)
def _english():
    """Each test begins in English, whatever the one before chose."""
    from helpers.language import language

    language("en")
    yield
    language("en")


