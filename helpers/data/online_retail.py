"""Online Retail: a year of invoices of a British web shop for gifts, 2010-12-01 to 2011-12-09.  Fetched when first asked for.

Money is in pounds sterling; times are the shop's wall clock, to the minute.  What the data can and cannot answer, and what
each kind of dirt is: `data/online_retail.md`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from helpers.data import download
from helpers.data.installed import DataError
from helpers.language import Text

# The file's columns, in its order, and ours.
COLUMNS = {
    "InvoiceNo": "invoice",
    "StockCode": "product",
    "Description": "description",
    "Quantity": "quantity",
    "InvoiceDate": "time",
    "UnitPrice": "price",
    "CustomerID": "customer",
    "Country": "country",
}
ORDER = ["customer", "invoice", "product", "description", "quantity", "price", "country", "time"]
TAG = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

NOT_READABLE = Text(
    "Online Retail: the file {path} cannot be read as the workbook it should be ({why}). Delete it and run this again to "
    "download it anew.",
    "Online Retail：文件 {path} 不是预期的工作簿，无法读取（{why}）。请删除它，然后重新运行以再次下载。",
)


def lines(*, cancelled: bool = False, anonymous: bool = False, adjustments: bool = False,
          duplicates: bool = False) -> pd.DataFrame:
    """Lines of invoices, in the file's order.  By default only clean sales to known customers; say what else to keep.

    cancelled: invoices whose number begins with C, which take a sale back (quantity < 0).
    anonymous: lines without a customer.
    adjustments: other lines without a sale: quantity or price not above 0 (breakage, gifts, bad debts).
    duplicates: the second and later of lines equal in every column.

    | column | unit |
    |---|---|
    | customer | id, Int64 (can be missing: pd.NA) |
    | invoice, product, description, country | text; description can be missing.  Postage and fees are products too |
    | quantity | pieces, int64 |
    | price | GBP a piece, float64: a line's amount is quantity * price |
    | time | of the invoice, datetime64[ns], the shop's wall clock |

    The first call downloads 23.7 MB; each call reads half a million rows of a workbook, about 20 s: keep the result.
    DataError if the file cannot be downloaded, or is damaged.
    """
    frame = read(download.fetch(download.ONLINE_RETAIL))
    is_cancelled = frame["invoice"].str.startswith("C").to_numpy(bool)
    keep = np.ones(len(frame), bool)
    if not cancelled:
        keep &= ~is_cancelled
    if not anonymous:
        keep &= frame["customer"].notna().to_numpy(bool)
    if not adjustments:
        keep &= is_cancelled | ((frame["quantity"] > 0) & (frame["price"] > 0)).to_numpy(bool)
    if not duplicates:
        keep &= ~frame.duplicated().to_numpy(bool)
    return frame[keep].reset_index(drop=True)


def read(path: Path) -> pd.DataFrame:
    """All lines of the published zip, dirt included, in the columns of `lines`.

    The workbook is read with the standard library: it is a zip of XML, and no other part of the course needs a package for
    such files.  DataError if it is not that workbook.
    """
    try:
        with zipfile.ZipFile(path) as outer:
            workbook = [name for name in outer.namelist() if name.lower().endswith(".xlsx")]
            if len(workbook) != 1:
                raise ValueError(f"{len(workbook)} workbooks in it")
            content = io.BytesIO(outer.read(workbook[0]))
        with zipfile.ZipFile(content) as book:
            texts = _shared_texts(book)
            with book.open("xl/worksheets/sheet1.xml") as sheet:
                rows = _rows(sheet, texts)
                names = next(rows, [])
                if names != list(COLUMNS):
                    raise ValueError(f"its columns are {names}")
                columns = dict(zip(COLUMNS.values(), map(list, zip(*rows, strict=True)), strict=False))
        return _tidy(columns)
    except (zipfile.BadZipFile, ElementTree.ParseError, ValueError, LookupError, EOFError, TypeError) as error:
        raise DataError(NOT_READABLE.format(path=path, why=f"{type(error).__name__}: {error}")) from error


def _shared_texts(book: zipfile.ZipFile) -> list[str]:
    """The workbook's table of texts; cells hold places in it."""
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    with book.open("xl/sharedStrings.xml") as file:
        root = ElementTree.parse(file).getroot()
    # A text can be cut into runs of different fonts: <si><t>all</t></si> or <si><r><t>one</t></r><r><t>two</t></r></si>.
    return ["".join(part.text or "" for part in (*item.iterfind(f"{TAG}t"), *item.iterfind(f"{TAG}r/{TAG}t")))
            for item in root.iterfind(f"{TAG}si")]


def _rows(sheet: IO[bytes], texts: list[str]) -> Iterator[list[str | None]]:
    """The rows of a sheet, every cell as the text in the file; an empty cell is not in the file, and None here."""
    row_tag, value_tag, inline_tag = f"{TAG}row", f"{TAG}v", f"{TAG}is/{TAG}t"
    place = {letter: number for number, letter in enumerate("ABCDEFGH")}
    for _, row in ElementTree.iterparse(sheet):
        if row.tag != row_tag:
            continue
        values: list[str | None] = [None] * len(place)
        for cell in row:
            column = place.get(cell.attrib["r"].rstrip("0123456789"))
            kind = cell.get("t")
            value = cell.findtext(inline_tag) if kind == "inlineStr" else cell.findtext(value_tag)
            if column is not None and value is not None:
                values[column] = texts[int(value)] if kind == "s" else value
        row.clear()     # or the whole sheet would stay in memory as a tree
        if any(value is not None for value in values):
            yield values


def _tidy(columns: dict[str, list[str | None]]) -> pd.DataFrame:
    """Columns of texts as our columns.  Ids are numbers in some cells and texts in others: text for all."""
    number = {name: np.array([np.nan if value is None else float(value) for value in columns[name]], float)
              for name in ("quantity", "price", "customer", "time")}
    # A day is 1 in a workbook, counted from 1899-12-30; a minute is no exact fraction of it, so round to the second.
    seconds = np.round(number["time"] * 86_400).astype("int64")
    return pd.DataFrame({
        "customer": pd.Series(number["customer"]).astype("Int64"),
        "invoice": pd.Series(columns["invoice"]),
        "product": pd.Series(columns["product"]),
        "description": pd.Series(columns["description"]),
        "quantity": number["quantity"].astype("int64"),
        "price": number["price"],
        "country": pd.Series(columns["country"]),
        "time": (np.datetime64("1899-12-30", "s") + seconds).astype("datetime64[ns]"),
    })[ORDER]
