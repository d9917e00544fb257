"""The recurrent networks of the interest lesson, trained beforehand: what they read and foretell, their weights, and the command that trains them.

    python -m helpers.interest_networks         # three cells, two seeds each: some two minutes

Weights are kept in half precision, and what is said of a network is measured with the rounded ones.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helpers import interests, weights

WEIGHTS = "interest_networks.npz"
"""In `data/`."""
LENGTH = 30
"""Receipt lines that a network reads."""
TRAIN, VALID = (6, 7, 8, 9), 10
"""Months, counted from 0, whose interests the networks learn to foretell; the one that says when to stop."""
EPOCHS, PATIENCE, BATCH = 15, 2, 128
UNITS = SIZE = 32
"""Of the state, and of a category's embedding."""
RATE = 5e-3
CELLS = {"SimpleRNN": "simple", "GRU": "gru", "LSTM": "lstm"}
SEEDS = (0, 1)


def read(docs: interests.Documents, month: int) -> np.ndarray:
    """(n, LENGTH) int32: what the networks read of the households that `interests.split` judges, categories counted from 1, 0 in front."""
    return docs.last_lines(month, LENGTH)[interests.split(docs.by_category, month).rows]


def wanted(docs: interests.Documents, months: Sequence[int]) -> np.ndarray:
    """(n, C + W) float32 of 0/1: each category, then each word, bought in that month or not; month after month."""
    rows = [interests.split(docs.by_category, month).rows for month in months]
    return np.concatenate([np.concatenate([counts[home, month] > 0 for counts in (docs.by_category, docs.by_word)], axis=1)
                           for home, month in zip(rows, months, strict=True)]).astype(np.float32)


def network(docs: interests.Documents, name: str, rate: np.ndarray | None = None):
    """An untrained network: `training.interest_rnn` with a sigmoid for each category and word.  name: of CELLS.

    rate: (C + W,) shares of households that buy each. With it, training begins where everybody is: each bias is the log-odds of its rate.
    """
    from helpers import training

    C, W = len(docs.categories), len(docs.words)
    model = training.interest_rnn(C, C + W, cell=CELLS[name], units=UNITS, size=SIZE, rate=RATE)
    if rate is not None:
        model.layers[-1].bias.assign(np.log(rate / (1 - rate)))
    return model


def rates(y: np.ndarray) -> np.ndarray:
    """(K,) shares of households that bought each, none of them 0 or 1.  y: (n, K) of 0/1."""
    return y.mean(axis=0).clip(1e-4, 1 - 1e-4)


def load(docs: interests.Documents, name: str, seed: int) -> weights.Trained:
    """A trained network.  KeyError for a name or seed that is not kept; ValueError if the weights are for other categories or words."""
    kept, (seconds, epochs, best) = weights.kept(WEIGHTS, f"{name}, seed {seed}")
    C, K = len(docs.categories), len(docs.categories) + len(docs.words)
    if (len(kept[0]), len(kept[-1])) != (C + 1, K):
        raise ValueError(f"{name} was trained on {len(kept[0]) - 1} categories and {len(kept[-1])} outputs, and here are {C} and {K}")
    model = network(docs, name)
    model.set_weights(kept)
    return weights.Trained(model, float(seconds), int(epochs), int(best))


def main() -> None:
    """Train every cell with every seed, and keep the weights."""
    from helpers import training
    from helpers.data import complete_journey

    docs = interests.Documents.read(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products(),
                                    known_from=VALID - 1)
    X, y = np.concatenate([read(docs, month) for month in TRAIN]), wanted(docs, TRAIN)
    X_valid, y_valid = read(docs, VALID), wanted(docs, [VALID])
    for name in CELLS:
        for seed in SEEDS:
            started = time.process_time()
            fitted = training.fit(lambda name=name: network(docs, name, rates(y)), X, y, X_valid, y_valid, seed=seed, epochs=EPOCHS,
                                  batch_size=BATCH, patience=PATIENCE)
            seconds = time.process_time() - started
            weights.keep(Path(__file__).resolve().parents[1] / "data" / WEIGHTS, f"{name}, seed {seed}", fitted.model, seconds,
                         len(fitted.history["loss"]), fitted.epoch)
            print(f"{name}, seed {seed}: {seconds:.0f} CPU s, epoch {fitted.epoch} of {len(fitted.history['loss'])}, "
                  f"validation loss {min(fitted.history['val_loss']):.4f}", flush=True)


if __name__ == "__main__":
    main()
