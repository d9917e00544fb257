"""MovieLens 1M, on a made file in the true form: a zip with a folder of `::`-separated texts, the titles in Latin-1."""

import io
import zipfile
from functools import partial

import pandas as pd
import pytest

from helpers.data import DataError, download, movielens

RATINGS = "1::1193::5::978300760\n1::661::3::978302109\n1::48::5::978824351\n2::1193::4::978298413\n"
FILMS = "48::Pocahontas (1995)::Animation|Children's|Musical|Romance\n661::James and the Giant Peach (1996)::Animation\n" \
        "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n2883::Phantom Love (Ai No Borei) (1978)::Drama|Thriller\n" \
        "3952::Città: 100,000 fenêtres (2000)::Drama\n"
USERS = "1::F::1::10::48067\n2::M::56::16::70072\n"


def zipped(ratings=RATINGS, films=FILMS, folder="ml-1m/") -> bytes:
    """A zip as the publisher makes it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr(folder, "")
        for name, text in (("movies.dat", films), ("ratings.dat", ratings), ("README", "SUMMARY\n"), ("users.dat", USERS)):
            whole.writestr(folder + name, text.encode("latin-1"))
    return content.getvalue()


@pytest.fixture
def place(cached):
    """Puts a made zip into the cache, and has its checksum taken for the right one."""
    return partial(cached, "ML_1M")


def test_columns_and_dtypes(place):
    place(zipped())
    assert movielens.ratings().dtypes.astype(str).to_dict() == {
        "user": "int32", "film": "int32", "rating": "int8", "time": "datetime64[ns]"}
    assert list(movielens.films()) == ["film", "title", "genres"]
    assert str(movielens.films()["film"].dtype) == "int32"


def test_every_rating_is_kept_in_the_files_order(place):
    place(zipped())
    whole = movielens.ratings()
    assert whole[["user", "film", "rating"]].to_numpy().tolist() == [[1, 1193, 5], [1, 661, 3], [1, 48, 5], [2, 1193, 4]]
    assert whole.index.tolist() == [0, 1, 2, 3]


def test_times_are_utc_to_the_second(place):
    place(zipped())
    assert movielens.ratings()["time"].iloc[0] == pd.Timestamp("2000-12-31 22:12:40")


def test_titles_keep_their_accents_colons_and_commas(place):
    place(zipped())
    films = movielens.films()
    assert films["film"].tolist() == [48, 661, 1193, 2883, 3952]
    assert films["title"].iloc[-1] == "Città: 100,000 fenêtres (2000)"
    assert films["genres"].iloc[0] == "Animation|Children's|Musical|Romance"


@pytest.mark.parametrize("content", [
    zipped(folder="ml-100k/"), zipped()[:300], b"no zip", zipped(ratings=""), zipped(ratings="1::2::3\n"),
    zipped(ratings=RATINGS + "1::two::3::978300760\n"), zipped(ratings=RATINGS + "1::2::3::978300760::5\n"),
    zipped(ratings=RATINGS + "1::2::3\n"), zipped(ratings="1::1193::9::978300760\n"), zipped(ratings="1,1193::5::978300760\n")],
    ids=["folder", "cut", "no zip", "no rows", "three fields", "no number", "a longer row", "a shorter row", "nine stars", "comma"])
def test_another_file_is_named_with_the_remedy(place, content):
    path = place(content)
    with pytest.raises(DataError) as caught:
        movielens.ratings()
    for message in caught.value.args[0]:
        assert str(path) in message


def test_a_bit_that_changed_inside_the_zip_is_found(place):
    content = bytearray(zipped(ratings=RATINGS * 50))
    content[content.index(b"ratings.dat") + 20] ^= 0xFF
    place(bytes(content))
    with pytest.raises(DataError):
        movielens.ratings()


@pytest.mark.parametrize("films", ["", "48::Pocahontas (1995)\n", "x::Pocahontas (1995)::Animation\n"], ids=["none", "two fields", "no id"])
def test_films_of_another_form_are_refused(place, films):
    place(zipped(films=films))
    with pytest.raises(DataError, match=r"ml-1m\.zip"):
        movielens.films()


def test_a_file_in_the_cache_that_is_not_the_known_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RETENTION_DATA", str(tmp_path))
    (tmp_path / "ml-1m.zip").write_bytes(zipped())
    with pytest.raises(DataError, match="damaged, or another file"):
        movielens.ratings()


def test_offline_the_message_names_the_address_and_the_place(tmp_path, unreachable):
    url = unreachable("ML_1M")
    with pytest.raises(DataError) as caught:
        movielens.ratings()
    for message in caught.value.args[0]:
        assert url in message
        assert str(tmp_path / "ml-1m.zip") in message


def test_the_true_file_is_pinned():
    assert download.ML_1M.size == 5_917_549
    assert download.ML_1M.sha256.startswith("a6898adb50b9ca05")
    assert set(download.ML_1M.sha256) <= set("0123456789abcdef")
    assert len(download.ML_1M.sha256) == 64
