"""A download is whole and right or not there at all; every failure says what to do.  The server is this machine's own."""

import hashlib
import http.server
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.data import DataError, download
from helpers.data.download import Remote, fetch

BODY = bytes(range(256)) * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """What the server does is named by the path."""

    def do_GET(self):
        self.server.asked.append(self.path)
        kind = self.path.strip("/")
        if kind == "gone":
            return self.send_error(404)
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", "/good")
            return self.end_headers()
        body = {"wrong": BODY[::-1], "long": BODY + b"more", "endless": BODY}.get(kind, BODY)
        self.send_response(200)
        if kind != "endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "silent":
            self.server.released.wait(10)
        if kind == "truncated":
            body = body[:1000]
        try:
            self.wfile.write(body)
            if kind == "endless":
                for _ in range(100):
                    self.wfile.write(body)
        except OSError:
            pass            # the other side hung up, as it should
        return None

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.released = [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "not yet" / "there"
    monkeypatch.setenv("RETENTION_DATA", str(folder))
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    return folder


def remote(server, kind: str) -> Remote:
    port = server.server_address[1]
    return Remote("Some data", "some.zip", f"http://127.0.0.1:{port}/{kind}", hashlib.sha256(BODY).hexdigest(), len(BODY))


def refused(wanted: Remote, cache: Path, **options) -> str:
    """The message of a refused download, once it is sure that nothing was left and that it says where to put the file."""
    with pytest.raises(DataError) as caught:
        fetch(wanted, **options)
    assert not cache.exists() or list(cache.iterdir()) == []
    for message in caught.value.args[0]:
        assert wanted.name in message
        assert wanted.url in message
        assert str(cache / wanted.name) in message
    return caught.value.args[0].en


@pytest.mark.parametrize("kind", ["good", "moved"])
def test_a_good_file_is_kept_whole_and_fetched_once(server, cache, kind):
    wanted = remote(server, kind)
    path = fetch(wanted)
    assert path == cache / "some.zip"
    assert path.read_bytes() == BODY
    assert list(cache.iterdir()) == [path]
    asked = len(server.asked)
    assert fetch(wanted) == path
    assert len(server.asked) == asked


def test_a_truncated_answer_leaves_nothing(server, cache):
    assert "after 1,000 of 256,000 bytes" in refused(remote(server, "truncated"), cache)


def test_another_file_is_refused(server, cache):
    assert "another file" in refused(remote(server, "wrong"), cache)


@pytest.mark.parametrize("kind", ["long", "endless"])
def test_more_than_the_known_size_is_refused_said_beforehand_or_not(server, cache, kind):
    assert "more than the 256,000 bytes" in refused(remote(server, kind), cache)


def test_a_missing_page_is_told_with_the_servers_answer(server, cache):
    assert "404" in refused(remote(server, "gone"), cache)


def test_offline_the_message_says_what_to_fetch_and_where_to_put_it(cache):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    wanted = Remote("Some data", "some.zip", f"http://127.0.0.1:{port}/good", hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert "could not be downloaded" in refused(wanted, cache)


def test_a_silent_server_is_given_up(server, cache):
    begun = time.monotonic()
    assert "longer than 0.3 s" in refused(remote(server, "silent"), cache, timeout=.3)
    assert time.monotonic() - begun < 5


def test_a_slow_server_is_given_up(server, cache):
    assert "longer than 0 s" in refused(remote(server, "good"), cache, deadline=0)


def test_a_file_put_there_by_hand_is_used_without_the_network(cache):
    cache.mkdir(parents=True)
    (cache / "some.zip").write_bytes(BODY)
    wanted = Remote("Some data", "some.zip", "http://127.0.0.1:1/", hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert fetch(wanted) == cache / "some.zip"


def test_a_damaged_file_in_the_cache_names_itself_and_is_not_replaced(server, cache):
    cache.mkdir(parents=True)
    (cache / "some.zip").write_bytes(BODY[:-1])
    with pytest.raises(DataError, match="Delete it and run this again") as caught:
        fetch(remote(server, "good"))
    assert str(cache / "some.zip") in str(caught.value.args[0].zh)
    assert (cache / "some.zip").read_bytes() == BODY[:-1]
    assert server.asked == []


def test_a_cache_that_cannot_be_written_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path / "file"))
    with pytest.raises(DataError, match="RETENTION_DATA") as caught:
        fetch(remote(server, "good"))
    assert str(tmp_path / "file") in str(caught.value)


def test_an_interruption_leaves_nothing(server, cache, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(remote(server, "good"))
    assert list(cache.iterdir()) == []


def test_two_downloads_at_once_do_not_disturb_each_other(server, cache):
    wanted = remote(server, "good")
    threads = [threading.Thread(target=fetch, args=(wanted,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == BODY for path in cache.iterdir()] == [True]


def test_the_cache_is_the_platforms_own_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("RETENTION_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert download.cache_folder() == tmp_path / "retention-course"
    monkeypatch.setattr(sys, "platform", "win32")
    assert download.cache_folder() == tmp_path / "retention-course"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert download.cache_folder() == Path.home() / "Library" / "Caches" / "retention-course"
    monkeypatch.setenv("RETENTION_DATA", os.fspath(tmp_path / "mine"))
    assert download.cache_folder() == tmp_path / "mine"
