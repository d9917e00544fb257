"""The ladder of the recommendation lesson: every rung with the three settings it may try, fitted at a cut-off, then served household by household.

A rung's `fit` sees what was known before the cut-off and nothing else. It returns a function from rows of households to scores (rows, M), so that
training and serving can be timed apart. Networks are imported where they are fitted: TensorFlow takes some seconds.

The networks' three settings and second seeds take minutes, so their outcome is kept in `data/recommendation_networks.csv`; to measure it again:

    python -m helpers.rungs
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from helpers import interests, ranking, recommenders
from helpers.data.installed import shipped
from helpers.feedback import Feedback, Split

KEPT = "recommendation_networks.csv"
"""In `data/`: what the networks found, with each setting on the validation month, and with the chosen one and two seeds on the test month."""
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
    """fit(known, setting, seed) -> serve(rows) -> scores (rows, M).  judged_by: the block whose recall@10 chooses the setting."""

    fit: Callable
    settings: tuple
    judged_by: str = "new"
    random: bool = False
    network: bool = False


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


def _network(build, negatives):
    def fit(known, setting, seed):
        from helpers import sequential

        length, size, rate = setting
        M = len(known.feedback.items)
        fitted = sequential.train(lambda: build(sequential, M, length, size), known.sequences(length + 1, seed), seed=seed, epochs=EPOCHS,
                                  negatives=negatives, rate=rate, batch_size=64)
        read = known.sequences(length, seed + 1000)
        return lambda rows: sequential.scores(fitted.model, read[rows])
    return fit


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
    "two towers": Rung(_network(lambda s, M, T, d: s.two_tower(M, T, d), "batch"), ((100, 32, 3e-3), (100, 32, 1e-2), (200, 32, 3e-3)),
                       random=True, network=True),
    "CNN": Rung(_network(lambda s, M, T, d: s.recommender_cnn(M, T, d, dilations=(1, 2, 4)), 256),
                ((50, 32, 3e-3), (50, 32, 1e-2), (50, 64, 3e-3)), random=True, network=True),
    "SASRec": Rung(_network(lambda s, M, T, d: s.sasrec(M, T, d, blocks=1), 256), ((50, 32, 3e-3), (50, 32, 1e-2), (100, 32, 3e-3)),
                   random=True, network=True),
}


def found(serve: Callable, at: Split, k: int = 10) -> dict[str, float]:
    """Mean recall@k on new and on repeated items of what a fitted rung serves to all households."""
    scores = serve(np.arange(len(at.seen)))
    return {"new": np.nanmean(ranking.at_k(scores, at.new, k, ~at.seen)["recall"]), "repeat": np.nanmean(ranking.at_k(scores, at.repeat, k, at.seen)["recall"])}


def tune(rung: Rung, known: Known, k: int = 10, seed: int = 0) -> pd.DataFrame:
    """One row a setting: recall@k on new and on repeated items of the month after `known`, the best first."""
    rows = [{"setting": setting, **found(rung.fit(known, setting, seed), known.at, k)} for setting in rung.settings]
    return pd.DataFrame(rows).sort_values(rung.judged_by, ascending=False, kind="stable", ignore_index=True)


def networks(month: str) -> pd.DataFrame:
    """The kept outcome of the networks: rung, setting (a tuple), seed, new, repeat.

    month: "validation", each setting on one seed, the best of a network first; or "test", the chosen setting on seeds 0 and 1.
    """
    kept = pd.read_csv(shipped(KEPT))
    kept = kept.assign(setting=[tuple(float(part) if "." in part else int(part) for part in each.split()) for each in kept["setting"]])
    return kept[kept["month"] == month].drop(columns="month").reset_index(drop=True)


def main(names: list[str]) -> None:
    """Try the settings of some networks, or of all, on the validation month, the chosen one on the test month with two seeds, and keep both."""
    from helpers.data import complete_journey

    feedback = Feedback.read(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products())
    valid, test = Known(feedback, VALID), Known(feedback, TEST)
    out = Path(__file__).resolve().parents[1] / "data" / KEPT
    kept = [pd.read_csv(out)] if out.exists() else []
    for name in names or [name for name, rung in LADDER.items() if rung.network]:
        tried = tune(LADDER[name], valid).assign(month="validation", seed=0)
        chosen = tried["setting"].iloc[0]
        judged = pd.DataFrame([{"setting": chosen, "month": "test", "seed": seed, **found(LADDER[name].fit(test, chosen, seed), test.at)} for seed in (0, 1)])
        rows = pd.concat([tried, judged]).assign(rung=name)
        rows["setting"] = [" ".join(map(str, each)) for each in rows["setting"]]
        print(rows, flush=True)
        kept = [each[each["rung"] != name] for each in kept] + [rows]
        pd.concat(kept)[["rung", "setting", "month", "seed", "new", "repeat"]].round(4).to_csv(out, index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
