"""The library `implicit` beside our recommenders: seconds at equal quality, on one matrix of MovieLens 1M's size.

`implicit` (Ben Frederickson) is the fast one of its kind: C++ with threads.  The course does not depend on it; it is installed, at one version, into
an environment of its own the first time it is asked for.  Of SASRec there is nothing to set beside ours: what installs from the package registry and
is kept up (RecBole, Transformers4Rec, RecTools) brings PyTorch, which nothing here needs, and ezSASRec 1.0.1 (2022), the one that needs TensorFlow
alone, raises on its first epoch under Keras 3.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from helpers import ranking, recommenders

VERSION = "0.7.3"
TOLERANCE = .01
"""Ours may be so much below theirs in recall@10, and seconds are still compared."""
MEMBERS, FILMS = 6_040, 3_416
ROUNDS = 3

CODE = """if True:
    import json, sys, time
    import numpy as np
    from scipy import sparse
    from implicit.cpu.als import AlternatingLeastSquares
    from implicit.cpu.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import CosineRecommender
    X, (name, settings) = sparse.load_npz(sys.argv[1]).tocsr(), json.loads(sys.argv[2])
    started = time.perf_counter()
    model = globals()[name](**settings)
    model.fit(X, show_progress=False)
    S = (X @ model.similarity).toarray() if hasattr(model, "similarity") else model.user_factors @ model.item_factors.T
    print(time.perf_counter() - started)
    np.save(sys.argv[3], S)
"""


class Rival(NamedTuple):
    """Ours, and theirs by class and settings.  Seconds are of fitting, and of a score for every member and film."""

    ours: Callable[[sparse.csr_matrix], np.ndarray]
    theirs: str
    settings: dict


RIVALS = {
    # They keep the neighbours of the film that was watched, itself among them; we those of the film that is scored.
    "item-kNN, 50 neighbours": Rival(partial(recommenders.item_neighbours, n=50, shrink=0), "CosineRecommender", {"K": 51}),
    # Their confidence is alpha · x, ours 1 + alpha · x.
    "iALS, 64 factors, 8 sweeps": Rival(partial(recommenders.ials, size=64, alpha=1, l2=10, sweeps=8), "AlternatingLeastSquares",
                                        {"factors": 64, "regularization": 10, "alpha": 2, "iterations": 8, "random_state": 0}),
    # Theirs: the best of seven settings tried on these cells.  Ours: of 3, 5 and 10 epochs; more are worse.
    "BPR, 64 factors": Rival(partial(recommenders.bpr, size=64, epochs=5), "BayesianPersonalizedRanking",
                             {"factors": 64, "learning_rate": .01, "regularization": .01, "iterations": 30, "random_state": 0}),
}


class Compared(NamedTuple):
    """Seconds (the better of ROUNDS) and recall@10 of both."""

    ours: float
    theirs: float
    our_recall: float
    their_recall: float

    @property
    def fair(self) -> bool:
        """Whether ours is as good as theirs."""
        return self.our_recall > self.their_recall - TOLERANCE


def made_ratings(members: int = MEMBERS, films: int = FILMS, median: int = 96, held: float = .1, seed: int = 0) -> tuple[sparse.csr_matrix, np.ndarray]:
    """A (members, films) matrix of 0 and 1 to learn from, and which of a member's other films are to be found, bool.

    Taste in twelve dimensions and popularity decide; activity is lognormal around the median, as in MovieLens 1M (data/movielens.md).
    """
    rng = np.random.default_rng(seed)
    taste, kind = (rng.normal(size=(n, 12)).astype(np.float32) for n in (members, films))
    liking = 1.5 / 12 ** .5 * taste @ kind.T - np.log(np.arange(films, dtype=np.float32) + 20) + rng.gumbel(size=(members, films)).astype(np.float32)
    count = np.clip(rng.lognormal(np.log(median), 1., members).astype(int), 20, films // 3)
    place = np.argsort(np.argsort(-liking, axis=1), axis=1)
    watched = place < count[:, None]
    gold = watched & (rng.random(watched.shape) < held)
    return sparse.csr_matrix((watched & ~gold).astype(np.float32)), gold


def implicit_python(course: Path) -> Path:
    """The interpreter of an environment with `implicit`, made once and kept in the course's folder.  RuntimeError if it cannot be made."""
    folder = course / ".venv-implicit" / VERSION
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", folder],
                        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"implicit=={VERSION}"]):
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                raise RuntimeError((ran.stderr or ran.stdout).strip().splitlines()[-1])
        (folder / "ready").touch()
    return python


def compare(rival: Rival, python: Path, X: sparse.csr_matrix, gold: np.ndarray, scratch: Path) -> Compared:
    """Both in turn, ROUNDS times."""
    sparse.save_npz(scratch / "X.npz", X)
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ours = rival.ours(X)
        seconds[0].append(time.perf_counter() - started)
        ran = subprocess.run([python, "-W", "ignore", "-c", CODE, scratch / "X.npz", json.dumps([rival.theirs, rival.settings]), scratch / "S.npy"],
                             env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},     # as the library asks for: it has threads of its own
                             capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise RuntimeError(ran.stderr)
        seconds[1].append(float(ran.stdout))
    recall = [float(np.nanmean(ranking.at_k(np.asarray(S), gold, 10, X.toarray() == 0)["recall"])) for S in (ours, np.load(scratch / "S.npy"))]
    return Compared(min(seconds[0]), min(seconds[1]), *recall)


def ease_seconds(items: int = 5_000, households: int = 2_500) -> float:
    """Seconds of EASE's weights of so many items, on a made matrix; in single precision, as where there are thousands.

    One thread: two wait for each other as soon as anything else computes on the machine, and then take longer than one.
    """
    X = sparse.random(households, items, density=.01, format="csr", rng=np.random.default_rng(0), dtype=np.float32)
    with threadpool_limits(1, "blas"):
        started = time.perf_counter()
        recommenders.ease_weights(X, 100, np.float32)
        return time.perf_counter() - started


def sasrec_seconds(members: int = MEMBERS, films: int = FILMS, length: int = 50) -> float:
    """Seconds of an epoch of SASRec over full histories of this length, against the whole catalogue; the first epoch, which compiles, is left out."""
    from helpers import sequential

    ids = np.random.default_rng(0).integers(1, films + 1, (members, length + 1))
    took = [sequential.train(partial(sequential.sasrec, films, length), ids, seed=0, epochs=epochs, held_out=0).seconds for epochs in (1, 2)]
    return took[1] - took[0]
