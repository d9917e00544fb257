"""Shared by the tests of lessons."""

import pytest

from helpers.language import language


@pytest.fixture
def english(monkeypatch):
    """Messages in English, and no endpoint of a language model, whatever the machine has."""
    for name in ("LLM_BASE_URL", "LLM_API_KEY", "LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    before = language()
    language("en")
    yield
    language(before)
