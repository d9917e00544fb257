"""The recommenders of lesson 05 on MovieLens 1M, under the protocol of the papers: `python -m helpers.movielens`.

Whoever writes a recommender should once reproduce a published figure: a model that falls short of it on the paper's own data has a fault, whatever
it does on yours.  The protocol, as in Klenitskiy and Vasilev (RecSys 2023), who use BERT4Rec's files:

* Members and films with at least five ratings, counted once, on the whole file.  A rating is a yes, whatever its stars.
* Each member's ratings in order of time; equal times in the file's order.
* **Leave one out** (留一法): the last film is the test, the one before it is for choosing settings, the rest is for training.  When the test is
  scored, a model reads the film before the last, though it was not trained on it.
* **Full ranking**: all films but those that the member has rated before.  HR@10 is the share of members whose last film is among the first ten,
  NDCG@10 the mean of 1/log2(1 + place) there.  Ties: the expectation over their random orders.

It is a protocol for reproducing papers, not for deciding anything: each member's last rating lies at another date, so training knows the future.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from helpers import ranking, recommenders
from helpers.data import DataError, download, movielens
from helpers.data.installed import sha256
from helpers.language import Text

K = 10
LEAST = 5
PAPERS = (6_040, 3_416, 999_611)
"""Members, films and ratings of the papers, to tell whether this is the same data."""

SOURCE = "Klenitskiy and Vasilev, RecSys 2023"
PUBLISHED = {"BERT4Rec": (.2843, .1537), "SASRec, binary loss, 1 negative": (.2500, .1341), "SASRec, cross-entropy": (.3152, .1821),
             "SASRec, 3,000 negatives": (.3159, .1857)}
"""HR@10 and NDCG@10 on ML-1M: best of at most 100 to 200 epochs, length 200, size 64, 2 blocks, 1 head, dropout .1, batches of 128."""

NO_FILE = Text("MovieLens 1M: there is no file {path}", "MovieLens 1M：没有文件 {path}")
TOO_LITTLE = Text("MovieLens 1M: no member and film of this file has {least} ratings; there is nothing to rank",
                  "MovieLens 1M：该文件中没有评分数达到 {least} 的用户和影片，无从排序")
UNKNOWN = Text("no model {name!r}; there are {known}", "没有模型 {name!r}；可选：{known}")
COUNTS = Text("leave-one-out, full ranking: {members:,} members, {films:,} films, {ratings:,} ratings",
              "留一法，全量排序：{members:,} 名用户，{films:,} 部影片，{ratings:,} 条评分")
AS_PAPERS = Text("the same as in the papers", "与论文一致")
NOT_AS_PAPERS = Text("the papers have {members:,}, {films:,} and {ratings:,}: do not compare with them",
                     "论文中为 {members:,}、{films:,}、{ratings:,}：不可与之比较")
MADE = Text("A made file, not MovieLens 1M: its figures say that the code runs, and nothing else.",
            "这是自制文件，不是 MovieLens 1M：以下数字只说明程序能够运行，别无他意。")
SHORT = Text("A short training: what follows is no attempt at the published figures.", "训练很短：以下结果并非复现论文数字。")
HEADER = Text("{model:<12} {hr:>7} {error:>6} {ndcg:>8} {error:>6} {seconds:>8}  settings",
              "{model:<12} {hr:>7} {error:>6} {ndcg:>8} {error:>6} {seconds:>8}  设置")
BESIDE = Text("published ({source})", "论文公布（{source}）")
NOTE = Text("±: 95 % interval over members. seconds: choosing settings, training and scoring. Classical models choose among their settings on the\n"
            "film before the last; networks choose their epoch on members they are not trained on.",
            "±：按用户计算的 95 % 区间。秒数：选择设置、训练与打分。经典模型用倒数第二部影片选择设置；\n"
            "神经网络用未参与训练的用户选择轮数。")


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """Ratings as sequences.  users (H,) and films (M,): ids.  item (n,): positions in films, by user, then time.  start (H + 1,): where each begins."""

    users: np.ndarray
    films: np.ndarray
    item: np.ndarray
    start: np.ndarray

    @staticmethod
    def of(ratings: pd.DataFrame, least: int = LEAST) -> LeaveOneOut:
        """ratings: columns user, film, time.  Who has fewer than three ratings left is dropped.  ValueError if nobody is left."""
        many = [ratings[name].map(ratings[name].value_counts()).to_numpy() >= least for name in ("user", "film")]
        kept = ratings[many[0] & many[1]].sort_values(["user", "time"], kind="stable")
        kept = kept[kept["user"].map(kept["user"].value_counts()).to_numpy() >= 3]
        if kept.empty:
            raise ValueError(TOO_LITTLE.format(least=least))
        users, home = np.unique(kept["user"], return_inverse=True)
        films, item = np.unique(kept["film"], return_inverse=True)
        return LeaveOneOut(users, films, item, np.concatenate([[0], np.cumsum(np.bincount(home))]))

    @property
    def home(self) -> np.ndarray:
        """(n,) position of the user of each rating."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.start))

    def left(self, out: int) -> np.ndarray:
        """(n,) bool: all but the last `out` ratings of each user."""
        return np.arange(len(self.item)) < np.repeat(self.start[1:] - out, np.diff(self.start))

    def matrix(self, out: int) -> sparse.csr_matrix:
        """(H, M) of 0 and 1, without the last `out` ratings of each user."""
        left = self.left(out)
        X = sparse.csr_matrix((np.ones(left.sum(), np.float32), (self.home[left], self.item[left])), (len(self.users), len(self.films)))
        X.data[:] = 1       # a film rated twice is one film
        return X

    def sequences(self, out: int, length: int) -> np.ndarray:
        """(H, length) ids 1 to M, the latest of those without the last `out`; oldest first, 0 in front."""
        back = np.repeat(self.start[1:], np.diff(self.start)) - out - 1 - np.arange(len(self.item))
        inside = (back >= 0) & (back < length)
        rows = np.zeros((len(self.users), length), np.int32)
        rows[self.home[inside], length - 1 - back[inside]] = self.item[inside] + 1
        return rows

    def last(self, out: int = 0) -> np.ndarray:
        """(H,) position of the film at the end, without the last `out`: the target of the test, or of the choice of settings."""
        return self.item[self.start[1:] - 1 - out]


class Settings(NamedTuple):
    """How long the networks are trained."""

    length: int = 200
    epochs: int = 100
    patience: int = 10
    held_out: float = .05
    negatives: str | int = "all"
    seed: int = 0


QUICK = Settings(length=50, epochs=6, patience=6)


class Result(NamedTuple):
    """A model's figures: means over members, half a 95 % interval of each, seconds, and the settings that were taken."""

    model: str
    hr: float
    hr_error: float
    ndcg: float
    ndcg_error: float
    seconds: float
    settings: str


def bigrams(data: LeaveOneOut, out: int) -> np.ndarray:
    """(H, M) how often each film followed the member's last one, in the ratings left for training; popularity decides between equal ones.

    out: how many of the latest ratings the member's history is without, 1 for the test.  Counts never see the last two.
    """
    left = data.left(2)
    pair = np.flatnonzero(left[1:] & left[:-1] & (data.home[1:] == data.home[:-1]))
    M = len(data.films)
    counts = sparse.csr_matrix((np.ones(len(pair), np.float32), (data.item[pair], data.item[pair + 1])), (M, M))
    # Less than one count, so that it never overrules one.
    return counts[data.last(out)].toarray() + np.bincount(data.item[left], minlength=M) / (2 * len(data.users))


def _popular(data: LeaveOneOut, out: int) -> np.ndarray:
    return recommenders.popular(data.matrix(2))


def _neighbours(data: LeaveOneOut, out: int, **settings) -> np.ndarray:
    return data.matrix(out) @ recommenders.cosine_weights(data.matrix(2), **settings)


def _ease(data: LeaveOneOut, out: int, l2: float) -> np.ndarray:
    return data.matrix(out) @ recommenders.ease_weights(data.matrix(2), l2, np.float32)


def _ials(data: LeaveOneOut, out: int, size: int, l2: float) -> np.ndarray:
    _, films = recommenders.ials_factors(data.matrix(2), size, alpha=1, l2=l2)
    return recommenders.ials_rows(data.matrix(out), films, alpha=1, l2=l2) @ films.T


def _bpr(data: LeaveOneOut, out: int, **settings) -> np.ndarray:
    """Each member's vector was fitted with the others: it does not know the film before the last."""
    return recommenders.bpr(data.matrix(2), **settings)


CLASSICAL: dict[str, tuple[Callable, tuple[dict, ...]]] = {
    "popular": (_popular, ({},)),
    "bigrams": (bigrams, ({},)),
    "item-knn": (_neighbours, ({"n": 50}, {"n": 200}, {"n": 200, "popularity": .5})),
    "ease": (_ease, ({"l2": 100}, {"l2": 300}, {"l2": 1000})),
    "ials": (_ials, ({"size": 64, "l2": 3}, {"size": 64, "l2": 10}, {"size": 64, "l2": 30})),
    "bpr": (_bpr, ({"size": 64, "l2": .001}, {"size": 64, "l2": .01}, {"size": 64, "l2": .1})),
}
NETWORKS = ("cnn", "sasrec")
MODELS = (*CLASSICAL, *NETWORKS)


def run(model: str, data: LeaveOneOut, settings: Settings) -> Result:
    """Choose settings, train, and rank the last film of every member."""
    started = time.perf_counter()
    if model in CLASSICAL:
        score, choices = CLASSICAL[model]
        chosen = choices[0]
        if len(choices) > 1:
            found = [_judge(data, score(data, 2, **each), 1)["ndcg"].mean() for each in choices]
            chosen = choices[int(np.argmax(found))]
        scores, told = score(data, 1, **chosen), ", ".join(f"{name} {value:g}" for name, value in chosen.items())
    else:
        scores, told = _network(model, data, settings)
    judged = _judge(data, scores, 0)
    hr, ndcg = ((values.mean(), 1.96 * values.std() / len(values) ** .5) for values in (judged["hr"], judged["ndcg"]))
    return Result(model, *hr, *ndcg, time.perf_counter() - started, told)


def _judge(data: LeaveOneOut, scores: np.ndarray, out: int) -> dict[str, np.ndarray]:
    """Where the film at the end, without the last `out`, stands among those the member had not rated before it."""
    seen = data.matrix(out + 1).toarray() > 0
    return ranking.target_at_k(scores, data.last(out), K, ~seen)


def _network(model: str, data: LeaveOneOut, settings: Settings) -> tuple[np.ndarray, str]:
    from helpers import sequential  # TensorFlow: some seconds, and not needed for the others

    M, length = len(data.films), settings.length
    build = {"cnn": partial(sequential.recommender_cnn, M, length, dropout=.1),
             "sasrec": partial(sequential.sasrec, M, length, size=64, blocks=2, heads=1, dropout=.1)}[model]
    trained = sequential.train(build, data.sequences(2, length + 1), seed=settings.seed, epochs=settings.epochs, patience=settings.patience,
                               held_out=settings.held_out, negatives=settings.negatives)
    compared = "" if settings.negatives == "all" else f", {settings.negatives} negatives"
    return trained.scores(data.sequences(1, length)), f"length {length}, epoch {trained.kept} of {trained.epochs}{compared}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m helpers.movielens", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--file", type=Path, help="a zip in MovieLens 1M's form, instead of the one that is downloaded")
    parser.add_argument("--models", default=",".join(MODELS), help=f"some of {','.join(MODELS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="short histories and few epochs: minutes, and no attempt at the published figures")
    parser.add_argument("--length", type=int, help=f"latest films a network reads (default {Settings().length}, quick {QUICK.length})")
    parser.add_argument("--epochs", type=int, help=f"epochs at most (default {Settings().epochs}, quick {QUICK.epochs})")
    parser.add_argument("--negatives", type=int, help="compare with so many films drawn a batch (default: with all)")
    parser.add_argument("--seed", type=int, default=0, help="of the networks (default 0)")
    options = parser.parse_args(arguments)
    models = [name for name in options.models.split(",") if name]
    if unknown := [name for name in models if name not in MODELS]:
        parser.error(str(UNKNOWN.format(name=unknown[0], known=", ".join(MODELS))))
    given = {name: value for name in ("length", "epochs", "negatives", "seed") if (value := getattr(options, name)) is not None}
    if any(value < 1 for name, value in given.items() if name != "seed"):
        parser.error("--length, --epochs, --negatives >= 1")
    settings = (QUICK if options.quick else Settings())._replace(**given)
    try:
        data, true = _read(options.file)
    except (DataError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    _report(data, true, models, settings)
    return 0


def _read(file: Path | None) -> tuple[LeaveOneOut, bool]:
    """The data, and whether it is the published file."""
    path = file or download.fetch(download.ML_1M)
    if not path.is_file():
        raise DataError(NO_FILE.format(path=path))
    return LeaveOneOut.of(movielens.read(path)), sha256(path) == download.ML_1M.sha256


def _report(data: LeaveOneOut, true: bool, models: list[str], settings: Settings) -> None:
    counts = len(data.users), len(data.films), len(data.item)
    named = dict(zip(("members", "films", "ratings"), counts, strict=True))
    comparable = true and counts == PAPERS
    print(COUNTS.format(**named))
    if not true:
        print(MADE)
    else:
        print(AS_PAPERS if comparable else NOT_AS_PAPERS.format(**dict(zip(named, PAPERS, strict=True))))
        if settings.epochs < Settings().epochs or settings.length < Settings().length:
            print(SHORT)
    print()
    print(HEADER.format(model="", hr="HR@10", ndcg="NDCG@10", error="±", seconds="s"), flush=True)
    for model in models:
        got = run(model, data, settings)
        print(f"{model:<12} {got.hr:7.4f} {got.hr_error:6.4f} {got.ndcg:8.4f} {got.ndcg_error:6.4f} {got.seconds:8.1f}  {got.settings}", flush=True)
    if comparable:
        print(f"\n{BESIDE.format(source=SOURCE)}")
        for name, (hr, ndcg) in PUBLISHED.items():
            print(f"{name:<32} HR@10 {hr:.4f}  NDCG@10 {ndcg:.4f}")
    print(f"\n{NOTE}")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
