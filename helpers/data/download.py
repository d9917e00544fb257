"""Files fetched from the network: only the ones named here, checked against a checksum, kept in one cache folder.

A file appears in the cache whole and right or not at all: it is written beside its place under another name, checked, and
then moved there in one step.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

from helpers.data.installed import DataError, sha256
from helpers.language import Text

BY_HAND = Text(
    " You can fetch it by hand from {url} and save it as {path}",
    " 也可以手动从 {url} 下载，并保存为 {path}",
)
UNREACHABLE = Text(
    "{title} ({name}) is not on this machine and could not be downloaded: {why}. Try again when online.",
    "本机没有 {title}（{name}），下载也失败了：{why}。请联网后重试。",
)
REFUSED = Text(
    "{title} ({name}) could not be downloaded: the server answered {status}. Its address may have changed.",
    "{title}（{name}）下载失败：服务器返回 {status}。它的地址可能已经改变。",
)
TOO_LARGE = Text(
    "{title} ({name}) was not downloaded: the server offers more than the {size:,} bytes of the file this course knows.",
    "{title}（{name}）没有下载：服务器提供的内容超过了本课程所用文件的 {size:,} 字节。",
)
TRUNCATED = Text(
    "{title} ({name}): the connection ended after {got:,} of {size:,} bytes. Nothing was kept; run it again.",
    "{title}（{name}）：连接在传输 {got:,} / {size:,} 字节后中断。没有保留任何内容，请重新运行。",
)
OTHER_FILE = Text(
    "{title} ({name}): the server sent another file than this course was written with (sha256 {found}…, expected {wanted}…). "
    "Nothing was kept.",
    "{title}（{name}）：服务器发来的不是本课程所用的文件（sha256 为 {found}…，应为 {wanted}…）。没有保留任何内容。",
)
CACHE_DAMAGED = Text(
    "{title}: the file {path} is damaged, or another file (sha256 {found}…, expected {wanted}…). "
    "Delete it and run this again to download it anew.",
    "{title}：文件 {path} 已损坏，或者是另一个文件（sha256 为 {found}…，应为 {wanted}…）。请删除它，然后重新运行以再次下载。",
)
NOT_WRITABLE = Text(
    "{title}: cannot use the cache folder {folder} ({why}). Free it, or name another folder in the environment variable "
    "RETENTION_DATA.",
    "{title}：无法使用缓存文件夹 {folder}（{why}）。请检查该文件夹，或用环境变量 RETENTION_DATA 指定另一个文件夹。",
)
TIMED_OUT = Text("it took longer than {seconds:g} s", "用时超过 {seconds:g} 秒")


class Remote(NamedTuple):
    """A file on the network: how it is called here, where it is, its sha256 and its size in bytes."""

    title: str
    name: str
    url: str
    sha256: str
    size: int


ONLINE_RETAIL = Remote(
    "Online Retail", "online_retail.zip", "https://archive.ics.uci.edu/static/public/352/online+retail.zip",
    "f5385cbb54bbebf7196389109c6b0621faab0c304e3702548165e71c84aede8b", 23_715_478,
)
ML_1M = Remote(
    "MovieLens 1M", "ml-1m.zip", "https://files.grouplens.org/datasets/movielens/ml-1m.zip",
    "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20", 5_917_549,
)
HILLSTROM = Remote(
    "Hillstrom", "hillstrom.csv.gz", "https://hillstorm1.s3.us-east-2.amazonaws.com/hillstorm_no_indices.csv.gz",
    "bab6578f60db5d792f1c2372c502f029152a5249cf5ea84390f3b7f885d7234f", 443_070,
)


def downloads() -> tuple[Remote, ...]:
    """Every file this course can fetch.  No lesson needs one."""
    return ONLINE_RETAIL, ML_1M, HILLSTROM


def cache_folder() -> Path:
    """Where downloads are kept: the environment variable RETENTION_DATA, else the platform's folder for caches."""
    if chosen := os.environ.get("RETENTION_DATA"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "retention-course"


def cached(remote: Remote) -> Path | None:
    """The file's place in the cache, or None if it is not there.  DataError if it is there and damaged."""
    path = cache_folder() / remote.name
    try:
        found = sha256(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(_cannot_use(remote, error)) from error
    if found != remote.sha256:
        raise DataError(CACHE_DAMAGED.format(title=remote.title, path=path, found=found[:12], wanted=remote.sha256[:12]))
    return path


def fetch(remote: Remote, *, timeout: float = 30, deadline: float = 900) -> Path:
    """The file's place in the cache; downloaded if it is not there yet.

    timeout: seconds without a byte.  deadline: seconds in all.  An interrupted download starts from the beginning.
    DataError if the file cannot be had whole and right, or a damaged one lies in its place; then nothing new is kept.
    """
    if path := cached(remote):
        return path
    folder = cache_folder()
    path = folder / remote.name
    # A name of its own, so that two notebooks may download at once; in the same folder, so that the move is one step.
    part = folder / f".{remote.name}.{secrets.token_hex(4)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            for chunk in _chunks(remote, timeout, deadline):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        found = sha256(part)
        if found != remote.sha256:
            raise _failure(remote, OTHER_FILE, found=found[:12], wanted=remote.sha256[:12])
        os.replace(part, path)
    except OSError as error:
        raise DataError(_cannot_use(remote, error)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def _chunks(remote: Remote, timeout: float, deadline: float):
    """The body of the answer, piece by piece; every failure of the network is a DataError (never an OSError)."""
    stop = time.monotonic() + deadline
    got = 0
    try:
        request = urllib.request.Request(remote.url, headers={"User-Agent": "retention-course", "Accept-Encoding": "identity"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            if (answer.length or 0) > remote.size:
                raise _failure(remote, TOO_LARGE, size=remote.size)
            while chunk := answer.read1(1 << 16):
                got += len(chunk)
                if got > remote.size:
                    raise _failure(remote, TOO_LARGE, size=remote.size)
                if time.monotonic() > stop:
                    raise _failure(remote, UNREACHABLE, why=TIMED_OUT.format(seconds=deadline))
                yield chunk
    except urllib.error.HTTPError as error:
        error.close()
        raise _failure(remote, REFUSED, status=f"{error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        if got:
            raise _failure(remote, TRUNCATED, got=got, size=remote.size) from error
        if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
            raise _failure(remote, UNREACHABLE, why=TIMED_OUT.format(seconds=timeout)) from error
        raise _failure(remote, UNREACHABLE, why=getattr(error, "reason", None) or error) from error
    if got < remote.size:
        raise _failure(remote, TRUNCATED, got=got, size=remote.size)


def _failure(remote: Remote, message: Text, **facts) -> DataError:
    path = cache_folder() / remote.name
    text = message.format(title=remote.title, name=remote.name, **facts)
    return DataError(text + BY_HAND.format(url=remote.url, path=path))


def _cannot_use(remote: Remote, error: OSError) -> Text:
    return NOT_WRITABLE.format(title=remote.title, folder=cache_folder(), why=error.strerror or type(error).__name__)
