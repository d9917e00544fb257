"""Hillstrom's e-mail experiment, on a made file in the true form: a gzipped table with the publisher's header, spelling and line ends."""

import gzip
from functools import partial

import pytest

from helpers.data import DataError, download, hillstrom

HEADER = "recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend"
ROWS = [
    "10,2) $100 - $200,142.44,1,0,Surburban,0,Phone,Womens E-Mail,0,0,0.0",
    "6,3) $200 - $350,329.08,1,1,Rural,1,Web,No E-Mail,0,0,0.0",
    '12,"7) $1,000 +",1250.5,0,1,Urban,1,Multichannel,Mens E-Mail,1,1,29.99',
]


def zipped(rows=ROWS, header=HEADER, end="\n") -> bytes:
    """A table as the publisher's mirror serves it."""
    return gzip.compress(end.join([header, *rows, ""]).encode("utf-8"), mtime=0)


@pytest.fixture
def place(cached):
    """Puts a made file into the cache, and has its checksum taken for the right one."""
    return partial(cached, "HILLSTROM")


def changed(row: int, column: str, value: str) -> bytes:
    """The made file with one field replaced (of a row without commas in quotes)."""
    fields = ROWS[row].split(",")
    fields[HEADER.split(",").index(column)] = value
    return zipped([",".join(fields) if i == row else other for i, other in enumerate(ROWS)])


def test_columns_and_dtypes(place):
    place(zipped())
    table = hillstrom.emails()
    assert table.drop(columns=["arm", "area", "channel"]).dtypes.astype(str).to_dict() == {
        "recency": "int8", "history": "float64", "men": "bool", "women": "bool", "new": "bool", "visit": "int8", "conversion": "int8",
        "spend": "float64"}
    assert list(table) == hillstrom.ORDER


def test_every_customer_is_kept_in_the_files_order_under_plain_names(place):
    place(zipped())
    table = hillstrom.emails()
    assert table["arm"].tolist() == ["women", "none", "men"]
    assert table["area"].tolist() == ["suburban", "rural", "urban"]
    assert table["channel"].tolist() == ["phone", "web", "both"]
    assert table["recency"].tolist() == [10, 6, 12]
    assert table["history"].tolist() == [142.44, 329.08, 1250.5]
    assert table["men"].tolist() == [True, True, False]
    assert table["women"].tolist() == [False, True, True]
    assert table["new"].tolist() == [False, True, True]
    assert table[["visit", "conversion", "spend"]].to_numpy().tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 29.99]]


def test_lines_may_end_as_on_windows(place):
    place(zipped(end="\r\n"))
    assert hillstrom.emails()["spend"].tolist() == [0, 0, 29.99]


@pytest.mark.parametrize("content", [
    b"no gzip", zipped()[:60], zipped()[:-6], zipped([]), gzip.compress(b""), zipped(header=HEADER.replace("mens,womens", "womens,mens")),
    zipped(header=HEADER + ",more"), zipped([*ROWS, "1,2"]), zipped([*ROWS, ROWS[0] + ",1"]), changed(0, "recency", "13"), changed(0, "recency", "1.5"),
    changed(0, "recency", ""), changed(1, "visit", "2"), changed(1, "newbie", "yes"), changed(0, "spend", "-1"), changed(0, "spend", "nan"),
    changed(0, "history", "much"), changed(0, "segment", "E-Mail"), changed(0, "zip_code", "Suburban"), changed(0, "channel", ""),
    zipped([*ROWS, ROWS[0].replace("Phone", "Téléphone")])],
    ids=["no gzip", "cut", "no end", "no rows", "empty", "order of columns", "a column more", "a short row", "a long row", "13 months", "half a month",
         "no month", "visit of 2", "newbie in words", "negative", "nan", "amount in words", "another arm", "another spelling", "no channel", "accents"])
def test_another_file_is_named_with_the_remedy(place, content):
    path = place(content)
    with pytest.raises(DataError) as caught:
        hillstrom.emails()
    for message in caught.value.args[0]:
        assert str(path) in message


def test_a_bit_that_changed_inside_the_file_is_found(place):
    content = bytearray(zipped(ROWS * 40))
    content[len(content) // 2] ^= 0xFF
    place(bytes(content))
    with pytest.raises(DataError):
        hillstrom.emails()


def test_a_file_in_the_cache_that_is_not_the_known_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    (tmp_path / "hillstrom.csv.gz").write_bytes(zipped())
    for ask in (hillstrom.emails, hillstrom.at_hand):
        with pytest.raises(DataError, match="damaged, or another file"):
            ask()


def test_what_is_at_hand_is_read_and_what_is_not_is_not_asked_for(place, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "fetch", pytest.fail)
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path / "nowhere"))
    assert hillstrom.at_hand() is None
    assert not (tmp_path / "nowhere").exists()
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    place(zipped())
    assert hillstrom.at_hand()["arm"].tolist() == ["women", "none", "men"]


def test_how_to_get_it_names_the_call_the_address_and_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    for message in hillstrom.how():
        assert "hillstrom.emails()" in message
        assert download.HILLSTROM.url in message
        assert str(tmp_path / "hillstrom.csv.gz") in message


def test_offline_the_message_names_the_address_and_the_place(tmp_path, unreachable):
    url = unreachable("HILLSTROM")
    with pytest.raises(DataError) as caught:
        hillstrom.emails()
    for message in caught.value.args[0]:
        assert url in message
        assert str(tmp_path / "hillstrom.csv.gz") in message


def test_the_true_file_is_pinned():
    assert download.HILLSTROM.size == 443_070
    assert download.HILLSTROM.sha256.startswith("bab6578f60db5d79")
    assert set(download.HILLSTROM.sha256) <= set("0123456789abcdef")
    assert len(download.HILLSTROM.sha256) == 64
    assert download.HILLSTROM in download.downloads()
