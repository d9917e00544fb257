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
