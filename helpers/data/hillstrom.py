"""Hillstrom: an e-mail experiment of an American web shop, 64,000 customers in three arms, 2008.  Fetched when first asked for.

Money is in US dollars.  What the data can and cannot answer: `data/hillstrom.md`.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data import download
from helpers.data.installed import DataError
from helpers.language import Text

# The file's columns, in its order, and ours.  It also holds `history` cut into seven ranges, which we leave out.
COLUMNS = {
    "recency": "recency",
    "history_segment": None,
    "history": "history",
    "mens": "men",
    "womens": "women",
    "zip_code": "area",
    "newbie": "new",
    "channel": "channel",
    "segment": "arm",
    "visit": "visit",
    "conversion": "conversion",
    "spend": "spend",
}
ORDER = ["arm", "recency", "history", "men", "women", "area", "new", "channel", "visit", "conversion", "spend"]
ARMS = {"No E-Mail": "none", "Mens E-Mail": "men", "Womens E-Mail": "women"}
AREAS = {"Urban": "urban", "Surburban": "suburban", "Rural": "rural"}      # the file's own spelling
CHANNELS = {"Phone": "phone", "Web": "web", "Multichannel": "both"}

NOT_READABLE = Text(
    "Hillstrom: the file {path} cannot be read as the table it should be ({why}). Delete it and run this again to download it "
    "anew.",
    "Hillstrom：文件 {path} 不是预期的表格，无法读取（{why}）。请删除它，然后重新运行以再次下载。",
)
_HOW = Text(
    "Hillstrom's experiment is not on this machine, and nothing here needs it. To see it, run hillstrom.emails() once ({size:.1f} MB), or "
    "fetch {url} by hand and save it as {path}",
    "本机没有 Hillstrom 的实验数据，课程也不依赖它。想看的话，运行一次 hillstrom.emails()（{size:.1f} MB），或手动从 {url} 下载，并保存为 {path}",
)


def emails() -> pd.DataFrame:
    """Every customer of the experiment, in the file's order.

    | column | unit |
    |---|---|
    | arm | what was sent, by lot: "none", "men" (an e-mail with men's goods) or "women" |
    | recency | months since the last purchase before, int8, 1 to 12 |
    | history | USD spent in the year before |
    | men, women | bought men's, women's goods in the year before, bool |
    | area | "urban", "suburban" or "rural" |
    | new | first bought in the year before, bool |
    | channel | of the year's purchases: "phone", "web" or "both" |
    | visit, conversion | came to the site, bought there, in the two weeks after; int8, 0 or 1 |
    | spend | USD in the two weeks after |

    The first call downloads 0.4 MB.  DataError if the file cannot be downloaded, or is damaged.
    """
    return read(download.fetch(download.HILLSTROM))


def at_hand() -> pd.DataFrame | None:
    """As `emails` if the file is on this machine, else None: never asks the network.  DataError if it is damaged."""
    path = download.cached(download.HILLSTROM)
    return None if path is None else read(path)


def how() -> Text:
    """How to get the file, in words."""
    remote = download.HILLSTROM
    return _HOW.format(size=remote.size / 1e6, url=remote.url, path=download.cache_folder() / remote.name)


def read(path: Path) -> pd.DataFrame:
    """The published table in the columns of `emails`.  DataError if it is not that table."""
    try:
        table = pd.read_csv(path, compression="gzip", encoding="ascii", keep_default_na=False)
        if list(table) != list(COLUMNS) or table.empty:
            raise ValueError(f"{len(table)} rows, columns {list(table)}")
        named = {old: table[old] for old, new in COLUMNS.items() if new}
        flags = {"mens": "bool", "womens": "bool", "newbie": "bool", "visit": "int8", "conversion": "int8"}
        columns = {COLUMNS[old]: _whole(named[old], 0, 1).astype(kind) for old, kind in flags.items()}
        columns["recency"] = _whole(named["recency"], 1, 12).astype("int8")
        for old in ("history", "spend"):
            columns[COLUMNS[old]] = _amount(named[old])
        for old, words in (("zip_code", AREAS), ("channel", CHANNELS), ("segment", ARMS)):
            columns[COLUMNS[old]] = _renamed(named[old], words)
        return pd.DataFrame(columns)[ORDER]
    except _DAMAGE as error:
        raise DataError(NOT_READABLE.format(path=path, why=f"{type(error).__name__}: {error}")) from error


_DAMAGE = (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError)


def _whole(column: pd.Series, low: int, high: int) -> pd.Series:
    if column.dtype != "int64" or not column.between(low, high).all():
        raise ValueError(f"{column.name} holds something else than whole numbers from {low} to {high}")
    return column


def _amount(column: pd.Series) -> pd.Series:
    amount = column.astype("float64")
    if not (np.isfinite(amount) & (amount >= 0)).all():
        raise ValueError(f"{column.name} holds something else than amounts")
    return amount


def _renamed(column: pd.Series, words: dict[str, str]) -> pd.Series:
    found = column.map(words)
    if found.isna().any():
        raise ValueError(f"{column.name} holds {sorted(set(map(str, column)) - set(words))[:3]}")
    return found
