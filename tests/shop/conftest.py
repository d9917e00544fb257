"""Worlds and runs that several tests look at."""

from dataclasses import replace

import pytest

from helpers.shop import HELPS, NO_LINK, Logging, World


@pytest.fixture(scope="session")
def small():
    """A small shop, and a short time."""
    return replace(HELPS, shoppers=3000, days=100)


@pytest.fixture(scope="session")
def logged(small):
    """The small shop under the logging policy."""
    return World(small, 3).run(Logging())


@pytest.fixture(scope="session")
def unlinked():
    """A shop in which nothing that is shown changes who visits."""
    return replace(NO_LINK, shoppers=20_000, days=40)
