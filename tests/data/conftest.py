"""The big tables, loaded once for all tests.  Tests must not change them."""

import pytest

from helpers.data import cdnow, complete_journey


@pytest.fixture(scope="session")
def lines():
    return complete_journey.transactions()


@pytest.fixture(scope="session")
def products():
    return complete_journey.products()


@pytest.fixture(scope="session")
def purchases():
    return cdnow.purchases()


@pytest.fixture(scope="session")
def sample():
    return cdnow.purchases(sample=True)
