"""Online Retail, on a made file in the true form: a workbook as Excel writes it, in a zip."""

import io
import zipfile
from functools import partial
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pytest

from helpers.data import DataError, download, online_retail

HEADER = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
# 40513.351388888892 is how Excel stores 2010-12-01 08:26.
ROWS = [
    [536365, "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, 40513.351388888892, 2.55, 17850, "United Kingdom"],
    [536365, 71053, "MUG & <SAUCER> £1", 6, 40513.351388888892, 3.39, 17850, "United Kingdom"],
    [536365, 71053, "MUG & <SAUCER> £1", 6, 40513.351388888892, 3.39, 17850, "United Kingdom"],       # repeated
    ["C536379", "D", "Discount", -1, 40513.395833333336, 27.5, 14527, "United Kingdom"],              # cancelled
    [536414, 22139, None, 56, 40513.494444444441, 0, None, "United Kingdom"],                         # nobody's, and no price
    [536544, 21773, "DECORATIVE ROSE", 1, 40513.605555555558, 2.51, None, "United Kingdom"],          # nobody's
    ["A563185", "B", "Adjust bad debt", 1, 40767.618055555555, -11062.06, None, "United Kingdom"],    # bad debt
    [537197, 22841, 20713, 1, 40517.584722222222, 0, 12647, "Germany"],                               # given away
    [581587, 22138, "BAKING SET 9 PIECE", 3, 40886.534722222219, 4.95, 12680, "France"],
]


def workbook(rows, header=HEADER) -> bytes:
    """A zip with a workbook: texts in the shared table (one of them in two runs), empty cells left out, dates as numbers."""
    texts: list[str] = []

    def cell(column: int, row: int, value) -> str:
        place = f"{'ABCDEFGHIJ'[column]}{row}"
        if value is None:
            return ""
        if isinstance(value, str):
            if value not in texts:
                texts.append(value)
            return f'<c r="{place}" s="1" t="s"><v>{texts.index(value)}</v></c>'
        return f'<c r="{place}" s="2"><v>{value!r}</v></c>'

    body = "".join(f'<row r="{number}" spans="1:8">' + "".join(cell(c, number, v) for c, v in enumerate(row)) + "</row>"
                   for number, row in enumerate([header, *rows], start=1))
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    items = "".join(f"<si><r><t>{escape(t[:3])}</t></r><r><rPr><b/></rPr><t xml:space=\"preserve\">{escape(t[3:])}</t></r></si>"
                    if t == "Discount" else f"<si><t>{escape(t)}</t></si>" for t in texts)
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        book.writestr("xl/sharedStrings.xml", f"<?xml version='1.0' encoding='UTF-8'?><sst {space}>{items}</sst>")
        book.writestr("xl/worksheets/sheet1.xml", f"<?xml version='1.0' encoding='UTF-8'?><worksheet {space}><sheetData>{body}"
                                                  '<row r="99" spans="1:8"/></sheetData></worksheet>')
    with zipfile.ZipFile(outer, "w") as whole:
        whole.writestr("Online Retail.xlsx", inner.getvalue())
    return outer.getvalue()


@pytest.fixture
def place(cached):
    """Puts a made zip into the cache, and has its checksum taken for the right one."""
    return partial(cached, "ONLINE_RETAIL")


@pytest.fixture
def whole(place):
    place(workbook(ROWS))
    return online_retail.lines(cancelled=True, anonymous=True, adjustments=True, duplicates=True)


def test_columns_and_dtypes(whole):
    assert list(whole) == ["customer", "invoice", "product", "description", "quantity", "price", "country", "time"]
    assert {name: str(whole[name].dtype) for name in ("customer", "quantity", "price", "time")} == {
        "customer": "Int64", "quantity": "int64", "price": "float64", "time": "datetime64[ns]"}


def test_every_line_can_be_kept(whole):
    assert len(whole) == len(ROWS)
    assert whole["price"].tolist() == [row[5] for row in ROWS]
    assert whole["country"].tolist() == [row[7] for row in ROWS]


def test_ids_are_text_whether_the_cell_was_a_number_or_a_text(whole):
    assert whole["invoice"].tolist()[2:5] == ["536365", "C536379", "536414"]
    assert whole["product"].tolist()[:2] == ["85123A", "71053"]


def test_customers_are_integers_and_can_be_missing(whole):
    assert whole["customer"].isna().tolist() == [row[6] is None for row in ROWS]
    assert whole["customer"].dropna().tolist() == [row[6] for row in ROWS if row[6]]


def test_texts_are_whole_in_runs_and_with_signs_and_a_number_among_them_is_text(whole):
    assert whole["description"].tolist()[1:4] == ["MUG & <SAUCER> £1", "MUG & <SAUCER> £1", "Discount"]
    assert whole["description"].isna().tolist() == [row[2] is None for row in ROWS]
    assert whole["description"][7] == "20713"


def test_times_are_right_to_the_minute(whole):
    assert whole["time"].iloc[[0, 3, -1]].tolist() == [
        pd.Timestamp("2010-12-01 08:26"), pd.Timestamp("2010-12-01 09:30"), pd.Timestamp("2011-12-09 12:50")]


def test_by_default_only_clean_sales_to_known_customers_are_kept(place):
    place(workbook(ROWS))
    clean = online_retail.lines()
    assert clean["product"].tolist() == ["85123A", "71053", "22138"]
    assert clean.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize(("keep", "added"), [
    ("cancelled", ["D"]), ("anonymous", ["21773"]), ("adjustments", ["22841"]), ("duplicates", ["71053"])])
def test_each_kind_of_dirt_is_kept_by_its_name(place, keep, added):
    place(workbook(ROWS))
    left = online_retail.lines(**{keep: True})["product"].tolist()
    for product in online_retail.lines()["product"]:
        left.remove(product)
    assert left == added


@pytest.mark.parametrize("content", [
    workbook(ROWS, header=[*HEADER[:-1], "Land"]), workbook(ROWS)[:300], b"no zip", workbook([]),
    workbook([[*ROWS[0][:3], "six", *ROWS[0][4:]]])], ids=["columns", "cut", "no zip", "no rows", "no number"])
def test_another_file_is_named_with_the_remedy(place, content):
    path = place(content)
    with pytest.raises(DataError) as caught:
        online_retail.lines()
    for message in caught.value.args[0]:
        assert str(path) in message


def test_the_true_file_is_pinned():
    assert download.ONLINE_RETAIL.size == 23_715_478
    assert np.isin(list(download.ONLINE_RETAIL.sha256), list("0123456789abcdef")).all()
    assert len(download.ONLINE_RETAIL.sha256) == 64
