"""The big tables, loaded once for all tests.  Tests must not change them."""

import socket

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


@pytest.fixture
def unreachable(tmp_path, monkeypatch):
    """unreachable("ML_1M"): the cache is empty, and nobody listens where that download is to be had; returns its address."""
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)

    def move(download_name: str) -> str:
        remote = getattr(download, download_name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/{remote.name}"
        monkeypatch.setattr(download, download_name, remote._replace(url=url))
        return url

    return move
