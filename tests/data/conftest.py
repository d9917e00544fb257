"""The big tables, loaded once for all tests.  Tests must not change them."""

import pytest

from helpers.data import cdnow, complete_journey, download
from helpers.data.installed import sha256


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


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """cached("ML_1M", content): a made file stands in the cache for that download, and its checksum is taken for the right one."""
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))

    def put(download_name: str, content: bytes):
        remote = getattr(download, download_name)
        path = tmp_path / remote.name
        path.write_bytes(content)
        monkeypatch.setattr(download, download_name, remote._replace(sha256=sha256(path), size=len(content)))
        return path

    return put
