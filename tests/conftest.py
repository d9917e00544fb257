"""Shared by all tests."""

from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def course() -> Path:
    """The course's folder."""
    return COURSE


@pytest.fixture(autouse=True)
def _english():
    """Each test begins in English, whatever the one before chose."""
    from helpers.language import language

    language("en")
    yield
    language("en")


