"""Fitting a Keras model so that it can be repeated, timed and stopped at the right epoch; and a small sequence CNN.

The only module of the course's tools that imports TensorFlow, which takes some seconds: import it where a model is trained, not in a
setup cell.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

# Its warnings are about compiled functions of ours (several models in one notebook), and would stand between a learner and a table.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Fitted:
    """A trained model, the seconds its fit took, its history (metric -> value per epoch) and the epoch that was kept (from 1)."""

    model: keras.Model
    seconds: float
    history: dict[str, list[float]]
    epoch: int

    def predict(self, X, batch_size: int = 2048) -> np.ndarray:
        """(n,) probabilities."""
        return np.asarray(self.model.predict(X, batch_size=batch_size, verbose=0)).reshape(len(X), -1)[:, 0]


def sequence_cnn(T: int, F: int, width: int = 24) -> keras.Model:
    """A small CNN over sequences (T, F), compiled: one convolution, its average over time, one probability.

    The course's stand-in where your own model is not there yet. An average over time can count, which a maximum cannot.
    """
    inputs = keras.Input((T, F))
    x = keras.layers.Conv1D(width, 5, padding="same", activation="relu")(inputs)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(width, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy",
                  metrics=[keras.metrics.AUC(curve="PR", name="pr_auc")])
    return model


def fit(build: Callable[[], keras.Model], X, y, X_valid, y_valid, *, seed: int, epochs: int, batch_size: int = 256,
        patience: int = 2) -> Fitted:
    """Build and fit a model from a seed, keep the weights of the epoch with the lowest validation loss.

    build: makes the compiled model; called after the seed is set, so its first weights repeat.  X: (n, T, F), y: (n,) of 0/1.
    The validation rows must be *later* than the training rows: they choose the epoch, the test rows never do. Loss is watched
    rather than PR-AUC because it exists for every model and also notices probabilities that drift.
    """
    keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    model = build()
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    told = model.fit(X, y, validation_data=(X_valid, y_valid), epochs=epochs, batch_size=batch_size, verbose=0, callbacks=[stop])
    history = {name: [float(v) for v in values] for name, values in told.history.items()}
    return Fitted(model, time.perf_counter() - started, history, int(np.argmin(history["val_loss"])) + 1)


def sequence_autoencoder(T: int, F: int, size: int) -> tuple[keras.Model, keras.Model]:
    """A small auto-encoder over sequences (T, F), compiled, and its encoder: the last state of a GRU is the code, a GRU rebuilds the steps.

    The course's stand-in where your own models are not there yet.
    """
    inputs = keras.Input((T, F))
    code = keras.layers.Dense(size)(keras.layers.GRU(32, use_cudnn=False)(inputs))
    x = keras.layers.GRU(32, return_sequences=True, use_cudnn=False)(keras.layers.RepeatVector(T)(code))
    autoencoder = keras.Model(inputs, keras.layers.Dense(F)(x))
    autoencoder.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse")
    return autoencoder, keras.Model(inputs, code)


def weekly_cnn(T: int, F: int, width: int = 32, rate: float = 2e-3) -> keras.Model:
    """A small CNN over weekly sequences (T, F), compiled, that keeps the place of each week: Flatten, not a pooling over all of them."""
    inputs = keras.Input((T, F))
    x = keras.layers.Conv1D(width, 3, padding="causal", activation="relu")(inputs)
    x = keras.layers.MaxPooling1D(2)(x)
    x = keras.layers.Conv1D(width, 3, activation="relu")(x)
    x = keras.layers.Dropout(.3)(keras.layers.Flatten()(x))
    x = keras.layers.Dense(width, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy")
    return model


def weekly_lstm(T: int, F: int, units: int = 32, rate: float = 3e-3) -> keras.Model:
    """One LSTM over weekly sequences (T, F), compiled; steps that are zero in all channels are padding and skipped.

    The course's stand-in where your own model is not there yet.  `use_cudnn=False`: Keras' GPU kernel refuses padding on the left.
    """
    inputs = keras.Input((T, F))
    state = keras.layers.LSTM(units, use_cudnn=False)(keras.layers.Masking(0.)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(state))
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy")
    return model


CELLS = ("simple", "gru", "lstm")
"""Cells of `interest_rnn`, in order of their parameters."""


def interest_rnn(V: int, K: int, cell: str = "gru", units: int = 32, rate: float = 1e-2, size: int = 16) -> keras.Model:
    """A recurrent network over ids of words (T,), any T, 0 in front for padding, compiled: K sigmoids, each label's own probability.

    cell: one of CELLS.  size: of a word's embedding.  The course's stand-in where your own model is not there yet.  `use_cudnn=False`:
    Keras' GPU kernel refuses padding on the left; the simple cell has none.
    """
    if cell not in CELLS:
        raise ValueError(f"cell must be one of {', '.join(CELLS)}, not {cell!r}")
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(V + 1, size, mask_zero=True)(inputs)
    if cell == "simple":
        x = keras.layers.SimpleRNN(units)(x)
    else:
        x = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell](units, use_cudnn=False)(x)
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy")
    return model


def hazard_head(T: int, F: int, periods: int, units: int = 32, rate: float = 3e-3) -> keras.Model:
    """A GRU over weekly sequences (T, F) with one logit a future period, its hazard; compiled with the likelihood of what was observed.

    Targets: `hazard_targets`.  The chance to survive all periods: `survival`.
    """
    inputs = keras.Input((T, F))
    state = keras.layers.GRU(units, use_cudnn=False)(keras.layers.Masking(0.)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(periods)(state))

    def negative_log_likelihood(target, logit):
        event, at_risk = target[..., 0], target[..., 1]
        return keras.ops.sum(at_risk * (keras.ops.softplus(logit) - event * logit), axis=-1)

    model.compile(optimizer=keras.optimizers.Adam(rate), loss=negative_log_likelihood)
    return model


def hazard_targets(t, e, periods: int) -> np.ndarray:
    """For `hazard_head`: float32 (n, periods, 2), whether the event fell in each period, and whether the period was observed at risk.

    t: (n,) period of the event, or the last one observed (from 1).  e: (n,) 1 for an event, 0 for censored.
    """
    period, t = np.arange(1, periods + 1), np.asarray(t)[:, None]
    event = (period == t) & (np.asarray(e)[:, None] == 1)
    return np.stack([event, period <= t], axis=-1).astype(np.float32)


def survival(logits) -> np.ndarray:
    """(n,) the chance that no event falls in any of the periods, of hazards given as logits (n, periods): Π (1 − h)."""
    return np.exp(-np.logaddexp(0, np.asarray(logits, float)).sum(axis=1))


class Network(ClassifierMixin, BaseEstimator):
    """A Keras model behind scikit-learn's interface, so that one search can tune it as it tunes a tree.

    build: makes the compiled model from keyword arguments, `options`.  X: (n, T, F).
    """

    def __init__(self, build: Callable[..., keras.Model], options: dict | None = None, epochs: int = 5, batch_size: int = 128, seed: int = 0):
        self.build, self.options, self.epochs, self.batch_size, self.seed = build, options, epochs, batch_size, seed

    def fit(self, X, y) -> Network:
        """Build anew and fit; nothing is kept of an earlier fit."""
        keras.utils.set_random_seed(self.seed)
        self.classes_ = np.unique(y)
        self.model_ = self.build(**(self.options or {}))
        self.model_.fit(X, y, epochs=self.epochs, batch_size=self.batch_size, verbose=0)
        return self

    def predict_proba(self, X) -> np.ndarray:
        """(n, 2) probabilities of staying and leaving."""
        p = np.asarray(self.model_.predict(X, batch_size=2048, verbose=0))[:, 0]
        return np.stack([1 - p, p], axis=1)

    def predict(self, X) -> np.ndarray:
        """(n,) the likelier class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
