"""The ladder of the recommendation lesson: every rung with the three settings it may try, fitted at a cut-off, then served household by household.

A rung's `fit` sees what was known before the cut-off and nothing else. It returns a function from rows of households to scores (rows, M), so that
training and serving can be timed apart. Networks are imported where they are fitted: TensorFlow takes some seconds.

The networks were trained beforehand: `helpers/pretrained.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from helpers import interests, ranking, recommenders
from helpers.feedback import Feedback, Split

VALID, TEST = 10 * interests.MONTH, 11 * interests.MONTH
"""Days on which the two months begin."""
EPOCHS = 8
"""Epochs a network has at most; held-out households choose which is kept."""


@dataclass(eq=False)
class Known:
    """What is known on the morning of a day: matrices, sequences and the names of the items."""

    feedback: Feedback
    cutoff: int
    at: Split = field(init=False)

    def __post_init__(self):
        self.at = self.feedback.split(self.cutoff)

    @property
    def past(self) -> sparse.csr_matrix:
        """(H, M) days on which bought."""
        return self.at.past

    @cached_property
    def logs(self) -> sparse.csr_matrix:
        """(H, M) ln(1 + days)."""
        return recommenders.logs(self.past)

    @cached_property
    def holders(self) -> np.ndarray:
        """(M,) how many households bought each item."""
        return recommenders.holders(self.past)

    def sequences(self, length: int, seed: int) -> np.ndarray:
        """(H, length) ids of the last purchases."""
        return self.feedback.sequences(self.cutoff, length, np.random.default_rng(seed))


@dataclass(frozen=True)
class Rung:
    """fit(known, setting, seed) -> serve(rows) -> scores (rows, M).  judged_by: the block whose recall@10 chooses the setting.

    A network also has build(M, length, size) -> model, and train(known, setting, seed) -> `sequential.Trained`.
    """

    fit: Callable
    settings: tuple
    judged_by: str = "new"
    random: bool = False
    build: Callable | None = None
    train: Callable | None = None

    @property
    def network(self) -> bool:
        """Whether it is a network, trained beforehand."""
        return self.build is not None


def _popular(known, days, seed):
    held = recommenders.holders(known.feedback.matrix(known.cutoff, known.cutoff - days))
    return lambda rows: np.tile(held, (len(rows), 1))


def _personal(known, _, seed):
    share = .5 * known.holders / known.past.shape[0]
    return lambda rows: known.past[rows].toarray() + share


def _faded(known, half_life, seed):
    days, share = known.feedback.faded(known.cutoff, half_life), 1e-6 * known.holders / known.past.shape[0]
    return lambda rows: days[rows].toarray() + share


def _content(vectors_of):
    def fit(known, setting, seed):
        sharpness, popularity = setting
        weights = recommenders.likeness(vectors_of(known), sharpness) * known.holders ** popularity
        return lambda rows: known.logs[rows] @ weights
    return fit


def _words(known):
    from sklearn.feature_extraction.text import TfidfVectorizer

    # The catalogue's names are known before anything is sold, so nothing of the future is in this IDF.
    return TfidfVectorizer().fit_transform(spelled(known.feedback.items)).astype(np.float32)


def _embeddings(known):
    return embedded(tuple(spelled(known.feedback.items)))


@cache
def embedded(names: tuple[str, ...]) -> np.ndarray:
    """(M, 512) text embeddings of names, made once."""
    from helpers import text

    return text.encode(names)


def spelled(items) -> list[str]:
    """Names as a person would write them."""
    return [interests.spelled_out(name) or name.lower() for name in items]


def _items(known, setting, seed):
    weights = recommenders.cosine_weights(known.past, *setting)
    return lambda rows: known.logs[rows] @ weights


def _users(known, n, seed):
    recent = known.feedback.matrix(known.cutoff, known.cutoff - 56)
    return lambda rows: recommenders.user_neighbours(known.past, n, recent, rows)


def _markov(known, setting, seed):
    kappa, half_life = setting
    weights = recommenders.markov_weights(known.feedback, known.cutoff, kappa)
    last = recommenders.last_visits(known.feedback, known.cutoff, half_life)
    return lambda rows: recommenders.next_visit(last[rows], *weights)


def _ease(known, l2, seed):
    B = recommenders.ease_weights(known.logs, l2).astype(np.float32)
    return lambda rows: known.logs[rows] @ B


def _ials(known, setting, seed):
    size, alpha, l2 = setting
    U, V = recommenders.ials_factors(known.logs, size, alpha, l2, 8, seed)
    return lambda rows: U[rows] @ V.T


def _bpr(known, setting, seed):
    rate, l2 = setting
    U, V = recommenders.bpr_factors(known.past, 32, rate, l2, 15, seed)
    return lambda rows: U[rows] @ V.T


def _network(build: Callable, negatives: str | int, *settings: tuple) -> Rung:
    def train(known, setting, seed):
        from helpers import sequential

        length, size, rate = setting
        return sequential.train(lambda: build(len(known.feedback.items), length, size), known.sequences(length + 1, seed), seed=seed, epochs=EPOCHS,
                                negatives=negatives, rate=rate, batch_size=64)

    def fit(known, setting, seed):
        return served(train(known, setting, seed).model, known, seed)

    return Rung(fit, settings, random=True, build=build, train=train)


def served(model, known: Known, seed: int = 0) -> Callable:
    """serve(rows) of a network that is trained."""
    from helpers import sequential

    read = known.sequences(model.length, seed + 1000)
    return lambda rows: sequential.scores(model, read[rows])


def _two_towers(M, length, size):
    from helpers.sequential import two_tower

    return two_tower(M, length, size)


def _cnn(M, length, size):
    from helpers.sequential import recommender_cnn

    return recommender_cnn(M, length, size, dilations=(1, 2, 4))


def _sasrec(M, length, size):
    from helpers.sequential import sasrec

    return sasrec(M, length, size, blocks=1)


LADDER = {
    "popularity": Rung(_popular, (28, 56, 280)),
    "personal top": Rung(_personal, ((),), "repeat"),
    "personal top, faded": Rung(_faded, (56, 112, 224), "repeat"),
    "content: words": Rung(_content(_words), ((1, 0), (1, .5), (1, 1))),
    "content: embeddings": Rung(_content(_embeddings), ((1, .5), (4, .5), (4, 1))),
    "item neighbours": Rung(_items, ((30, 10, 0), (100, 10, 0), (100, 10, .5))),
    "user neighbours": Rung(_users, (50, 200, 500)),
    "Markov": Rung(_markov, ((100, 2), (100, 8), (1000, 8))),
    "EASE": Rung(_ease, (300., 1000., 3000.)),
    "iALS": Rung(_ials, ((16, 1, 20), (16, 1, 30), (16, 1, 50)), random=True),
    "BPR": Rung(_bpr, ((.1, .01), (.2, .01), (.2, .003)), random=True),
    "two towers": _network(_two_towers, "batch", (100, 32, 3e-3), (100, 32, 1e-2), (200, 32, 3e-3)),
    "CNN": _network(_cnn, 256, (50, 32, 3e-3), (50, 32, 1e-2), (50, 64, 3e-3)),
    "SASRec": _network(_sasrec, 256, (50, 32, 3e-3), (50, 32, 1e-2), (100, 32, 3e-3)),
}


def found(serve: Callable, at: Split, k: int = 10) -> dict[str, float]:
    """Mean recall@k on new and on repeated items of what a fitted rung serves to all households."""
    scores = serve(np.arange(len(at.seen)))
    return {"new": np.nanmean(ranking.at_k(scores, at.new, k, ~at.seen)["recall"]), "repeat": np.nanmean(ranking.at_k(scores, at.repeat, k, at.seen)["recall"])}


def tune(rung: Rung, known: Known, k: int = 10, seed: int = 0) -> pd.DataFrame:
    """One row a setting: recall@k on new and on repeated items of the month after `known`, the best first."""
    rows = [{"setting": setting, **found(rung.fit(known, setting, seed), known.at, k)} for setting in rung.settings]
    return pd.DataFrame(rows).sort_values(rung.judged_by, ascending=False, kind="stable", ignore_index=True)
