"""MovieLens 1M: a million ratings of films, given by 6,040 members of a web site in 2000 to 2003.  Fetched when first asked for.

The file of published comparisons of recommenders, and of nothing else in this course.  What the data can and cannot answer:
`data/movielens.md`.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data import download
from helpers.data.installed import DataError
from helpers.language import Text

RATINGS = "ml-1m/ratings.dat"
FILMS = "ml-1m/movies.dat"
SEPARATOR = "::"

NOT_READABLE = Text(
    "MovieLens 1M: the file {path} cannot be read as the zip it should be ({why}). Delete it and run this again to download "
    "it anew.",
    "MovieLens 1M：文件 {path} 不是预期的压缩包，无法读取（{why}）。请删除它，然后重新运行以再次下载。",
)


def ratings() -> pd.DataFrame:
    """Every rating, in the file's order: by user, and within a user not by time.

    | column | unit |
    |---|---|
    | user, film | id, int32 |
    | rating | stars, int8, 1 to 5 |
    | time | when it was entered, datetime64[ns], UTC, to the second |

    The first call downloads 5.9 MB.  DataError if the file cannot be downloaded, or is damaged.
    """
    return read(download.fetch(download.ML_1M))


def films() -> pd.DataFrame:
    """Every film: id (int32), title with the year in brackets, genres (text, joined by `|`).

    The first call downloads 5.9 MB.  DataError if the file cannot be downloaded, or is damaged.
    """
    return read_films(download.fetch(download.ML_1M))


def read(path: Path) -> pd.DataFrame:
    """The ratings of the published zip, in the columns of `ratings`.  DataError if it is not that zip."""
    try:
        content = _member(path, RATINGS)
        if b"," in content:
            raise ValueError(f"{RATINGS} has a comma")
        # One character between the fields, so that the fast reader can be used.
        table = pd.read_csv(io.BytesIO(content.replace(SEPARATOR.encode(), b",")), header=None, dtype="int64")
        if table.shape[1] != 4:
            raise ValueError(f"{RATINGS} has {table.shape[1]} fields a line, not 4")
        user, film, rating, seconds = (table[column].to_numpy() for column in table)
        if rating.min() < 1 or rating.max() > 5:
            raise ValueError(f"{RATINGS} has a rating outside 1 to 5")
    except _DAMAGE as error:
        raise _failure(path, error) from error
    return pd.DataFrame({"user": user.astype("int32"), "film": film.astype("int32"), "rating": rating.astype("int8"),
                         "time": seconds.astype("datetime64[s]").astype("datetime64[ns]")})


def read_films(path: Path) -> pd.DataFrame:
    """The films of the published zip, in the columns of `films`.  DataError if it is not that zip."""
    try:
        lines = _member(path, FILMS).decode("latin-1").splitlines()     # the file is older than the habit of UTF-8
        fields = [line.split(SEPARATOR) for line in lines]
        if not fields or any(len(each) != 3 for each in fields):
            raise ValueError(f"{FILMS} has a line without 3 fields")
        film, title, genres = zip(*fields, strict=True)
        return pd.DataFrame({"film": np.array(film, dtype="int32"), "title": pd.Series(title), "genres": pd.Series(genres)})
    except _DAMAGE as error:
        raise _failure(path, error) from error


_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, ValueError, LookupError, EOFError, TypeError)


def _member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as whole:
        return whole.read(name)


def _failure(path: Path, error: Exception) -> DataError:
    return DataError(NOT_READABLE.format(path=path, why=f"{type(error).__name__}: {error}"))
