"""What comes next: networks that read a history of items, oldest first, and score every item of the catalogue.

Ids run from 1 to M; 0 is padding, in front, and has no score. Every model answers after *every* step, and no answer sees a later step, so one
pass over a history is as many lessons as it has steps. Imports TensorFlow, which takes some seconds: import it where a model is trained.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

logging.getLogger("tensorflow").setLevel(logging.ERROR)

AT_ONCE = 20_000_000
"""Logits that are held at a time where a batch may be chosen freely: 80 MB."""
PIECE = 512
"""Rows whose logits `catalogue_loss` holds at a time."""


class NextItem(keras.Model):
    """A functional model from ids (N, T) to states (N, T, d); `tower` turns ids of items into vectors (…, d); a score is their product.

    It trains itself: `compute_loss` compares the state after each step with the item that came next. Steps of padding never count.
    catalogue: M.  length: T, the longest history it is made for.
    """

    def __init__(self, inputs, outputs, tower: Callable, catalogue: int, length: int, **kwargs):
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)
        self.tower, self.catalogue, self.length = tower, catalogue, length
        self.learns_from("all")

    def learns_from(self, negatives: str | int, share: np.ndarray | None = None, log_q: bool = True, pairs: int = 2048) -> None:
        """Choose with what the next item is compared in training; see `train`.  share: (M,) of all next items, positive."""
        self.negatives, self.pairs = negatives, pairs
        share = np.full(self.catalogue, 1 / self.catalogue) if share is None else np.asarray(share, float)
        # Half of a sample is drawn uniformly: no weight 1 / (n q) is then above 2 M / n, however rare an item is.
        drawn = share if negatives == "batch" else (share + 1 / self.catalogue) / 2
        self.log_q = tf.constant(np.log(drawn) if log_q else np.full(self.catalogue, -np.log(self.catalogue)), tf.float32)
        self.log_drawn = tf.constant(np.log(drawn), tf.float32)

    def vectors(self):
        """(M, d) of the items 1 to M."""
        return self.tower(tf.range(1, self.catalogue + 1))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Mean cross-entropy of the next item over the steps of a batch that are not padding; over all items, whatever training compares with."""
        steps = tf.where((x > 0) & (y > 0))
        if training and self.negatives == "batch":
            steps = tf.random.shuffle(steps)[:self.pairs]
        state, item = tf.gather_nd(y_pred, steps), tf.cast(tf.gather_nd(y, steps), tf.int32)
        if not training:
            logits = tf.matmul(state, self.vectors(), transpose_b=True)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(item - 1, logits)
        elif self.negatives == "all":
            loss = catalogue_loss(state, tf.convert_to_tensor(self.vectors()), item - 1)
        elif self.negatives == "batch":
            logits = tf.matmul(state, self.tower(item), transpose_b=True) - tf.gather(self.log_q, item - 1)
            twice = (item[:, None] == item) & ~tf.eye(tf.size(item), dtype=tf.bool)      # the same item again is no negative
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.range(tf.size(item)), tf.where(twice, -1e9, logits))
        else:
            # The item itself is not drawn, so it is not corrected; the others stand for all others, e^s each divided by how often it is drawn.
            sample = tf.random.categorical(self.log_drawn[None], self.negatives, dtype=tf.int32)[0]
            others = tf.matmul(state, self.tower(sample + 1), transpose_b=True) - tf.gather(self.log_q, sample) - np.log(self.negatives)
            others = tf.where(item[:, None] == sample + 1, -1e9, others)
            own = tf.reduce_sum(state * self.tower(item), axis=1, keepdims=True)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.zeros_like(item), tf.concat([own, others], axis=1))
        return tf.math.divide_no_nan(tf.reduce_sum(loss), tf.cast(tf.size(item), loss.dtype))


@tf.custom_gradient
def catalogue_loss(state, vectors, item):
    """Sum over the rows of −log softmax(state · vectorsᵀ) at the item.  state: (n, d); vectors: (M, d); item: (n,), from 0.

    In pieces, forward and backward at once: the logits of a whole batch, 90 MB for 6,400 steps and 3,416 films, would be written and read
    again three times. The gradient of the logits is softmax less one at the item.
    """
    pieces = -(-tf.shape(state)[0] // PIECE)

    def add(i, loss, of_state, of_vectors):
        rows, came = state[i * PIECE:(i + 1) * PIECE], item[i * PIECE:(i + 1) * PIECE]
        losses, of_logits = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=tf.matmul(rows, vectors, transpose_b=True), labels=came)
        return (i + 1, loss + tf.reduce_sum(losses), of_state.write(i, tf.matmul(of_logits, vectors)),
                of_vectors + tf.matmul(of_logits, rows, transpose_a=True))

    parts = tf.TensorArray(state.dtype, pieces, element_shape=(None, state.shape[-1]), infer_shape=False)
    _, loss, parts, of_vectors = tf.while_loop(lambda i, *_: i < pieces, add, (0, tf.zeros((), state.dtype), parts, tf.zeros_like(vectors)),
                                               parallel_iterations=1)
    of_state = parts.concat()
    return loss, lambda upstream: (upstream * of_state, upstream * of_vectors, None)


def _real(ids):
    """1. where a step is no padding, (N, T, 1)."""
    return ops.cast(ops.expand_dims(ids > 0, -1), "float32")


def receptive_field(kernel: int, dilations: Iterable[int]) -> int:
    """How many steps, the latest included, a stack of causal convolutions sees: 1 + (kernel − 1) · Σ dilations.

    >>> receptive_field(3, (1, 2, 4))
    15
    """
    return 1 + (kernel - 1) * sum(dilations)


def recommender_cnn(M: int, T: int, size: int = 64, kernel: int = 3, dilations: tuple[int, ...] = (1, 2, 4, 8), dropout: float = .2) -> NextItem:
    """Causal dilated convolutions over item embeddings, each added to what it reads (as in NextItNet, Yuan et al. 2019); tied items.

    It sees `receptive_field(kernel, dilations)` steps.  Padding is set to zero before each convolution, as are the steps before the first.
    """
    ids = keras.Input((None,), dtype="int32")
    items = layers.Embedding(M + 1, size, name="items")
    real = _real(ids)
    x = layers.Dropout(dropout)(items(ids) * size ** .5) * real
    for dilation in dilations:
        h = layers.LayerNormalization()(x) * real
        h = layers.Conv1D(size, kernel, padding="causal", dilation_rate=dilation, activation="relu")(h)
        x = (x + layers.Dropout(dropout)(layers.Dense(size)(h))) * real
    return NextItem(ids, layers.LayerNormalization()(x) * real, items, M, T)


def sasrec(M: int, T: int, size: int = 64, blocks: int = 2, heads: int = 2, dropout: float = .2) -> NextItem:
    """A causal Transformer over item embeddings (SASRec, Kang and McAuley 2018), normed before each part; learnt positions, tied items.

    An item's position is its place in the history, from 1, so that padding in front moves none.  No step attends to padding.  size must be a
    multiple of heads (ValueError).
    """
    if size % heads:
        raise ValueError(f"size {size} is no multiple of {heads} heads")
    ids = keras.Input((None,), dtype="int32")
    items = layers.Embedding(M + 1, size, name="items")
    real = _real(ids)
    place = ops.minimum(ops.cumsum(ops.cast(ids > 0, "int32"), axis=1), T)
    x = layers.Dropout(dropout)(items(ids) * size ** .5 + layers.Embedding(T + 1, size, name="positions")(place)) * real
    for _ in range(blocks):
        h = layers.LayerNormalization()(x)
        h = layers.MultiHeadAttention(heads, size // heads)(h, h, attention_mask=ops.expand_dims(ids > 0, 1), use_causal_mask=True)
        x = x + layers.Dropout(dropout)(h)
        h = layers.Dense(4 * size, activation="gelu")(layers.LayerNormalization()(x))
        x = (x + layers.Dropout(dropout)(layers.Dense(size)(h))) * real
    return NextItem(ids, layers.LayerNormalization()(x) * real, items, M, T)


class ItemTower(layers.Layer):
    """Ids 1 to M to vectors of length 1: an embedding, and what is known of each item, features (M, f), through a dense layer."""

    def __init__(self, M: int, size: int, features: np.ndarray | None = None, **kwargs):
        super().__init__(**kwargs)
        self.ids = layers.Embedding(M + 1, size, name="items")
        self.known = None if features is None else tf.constant(np.vstack([np.zeros((1, len(features[0]))), features]), tf.float32)
        self.dense = layers.Dense(size, use_bias=False) if features is not None else None

    def build(self, shape):
        self.ids.build(shape)
        if self.dense is not None:
            self.dense.build((None, self.known.shape[-1]))

    def call(self, ids):
        x = self.ids(ids)
        if self.dense is not None:
            x = x + self.dense(tf.gather(self.known, ids))
        return ops.normalize(x, axis=-1)


def two_tower(M: int, T: int, size: int = 64, features: np.ndarray | None = None, temperature: float = .07, dropout: float = .2) -> NextItem:
    """Two towers: the mean of a history's items through two dense layers, and the items; a score is the cosine over the temperature.

    The mean knows nothing of order. Made to be trained with `negatives="batch"`, but any will do.  features: (M, f) of the items 1 to M, such
    as embeddings of their names.
    """
    ids = keras.Input((None,), dtype="int32")
    tower = ItemTower(M, size, features)
    real = _real(ids)
    x = tower(ids) * real
    x = ops.cumsum(x, axis=1) / ops.maximum(ops.cumsum(real, axis=1), 1)
    h = layers.Dense(2 * size, activation="relu")(layers.Dropout(dropout)(x))
    x = ops.normalize(x + layers.Dense(size)(h), axis=-1) / temperature
    return NextItem(ids, x * real, tower, M, T)


@dataclass(frozen=True)
class Trained:
    """A trained model, the seconds it took, its history (metric -> value an epoch), how many epochs were run, and which was kept (from 1)."""

    model: keras.Model
    seconds: float
    history: dict[str, list[float]]
    epochs: int
    kept: int

    def scores(self, sequences) -> np.ndarray:
        """(N, M): see `scores`."""
        return scores(self.model, sequences)


def train(build: Callable[[], NextItem] | NextItem, sequences, *, seed: int, epochs: int, negatives: str | int = "all", log_q: bool = True,
          batch_size: int = 128, rate: float = 1e-3, held_out: float = .1, patience: int = 2, pairs: int = 2048) -> Trained:
    """Fit a model to what came next at every step of every history, and keep the epoch that predicts held-out households best.

    build: makes the model; called after the seed is set, so its first weights repeat. (A model itself is trained on from its weights.)
    sequences: (H, L) ids, oldest first, 0 in front.  The last T + 1 columns are used: the first T as input, the last T as what came next.
    negatives: what the next item is compared with. "all": the whole catalogue.  A number n: so many items drawn once a batch, half by their
    share of next items and half uniformly.  "batch": the next items of other steps of the batch, of which `pairs` are drawn at most.
    log_q: subtract the logarithm of how often an item is drawn, so that being drawn often is no fault; False to see what happens without.
    held_out: share of the households that choose the epoch, by the cross-entropy over all items; they are not trained on. 0: the last is kept.
    """
    keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    model = build if isinstance(build, keras.Model) else build()
    sequences = np.asarray(sequences, np.int32)[:, -model.length - 1:]
    learn, valid = (sequences[rows] for rows in split(len(sequences), held_out, seed))
    came = np.bincount(learn[:, 1:][(learn[:, :-1] > 0) & (learn[:, 1:] > 0)], minlength=model.catalogue + 1)[1:] + 1
    model.learns_from(negatives, came / came.sum(), log_q, pairs)
    model.compile(optimizer=keras.optimizers.Adam(rate), jit_compile=False)
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    told = model.fit(_steps(learn, batch_size, seed), epochs=epochs, verbose=0, shuffle=False, callbacks=[stop] if len(valid) else [],
                     validation_data=_steps(valid, max(1, min(len(valid), AT_ONCE // (model.catalogue * model.length)))) if len(valid) else None)
    history = {name: [float(v) for v in values] for name, values in told.history.items()}
    run = len(history["loss"])
    return Trained(model, time.perf_counter() - started, history, run, int(np.argmin(history["val_loss"])) + 1 if len(valid) else run)


def split(n: int, held_out: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows 0 to n - 1, ascending: those `train` learns from, and those that choose its epoch."""
    order, held = np.random.default_rng(seed).permutation(n), round(held_out * n)
    return np.sort(order[held:]), np.sort(order[:held])


def loss(model: NextItem, sequences) -> float:
    """Mean cross-entropy, in nats an event, of what came next over all items of the catalogue.  sequences: (n, T + 1) ids, 0 in front."""
    sequences = np.asarray(sequences, np.int32)[:, -model.length - 1:]
    x, y = sequences[:, :-1], sequences[:, 1:]
    return float(model.compute_loss(x, y, model(x), training=False))


def _steps(sequences: np.ndarray, batch_size: int, seed: int | None = None) -> tf.data.Dataset:
    """Batches of inputs and of what came next, shuffled anew each epoch if there is a seed."""
    data = tf.data.Dataset.from_tensor_slices((sequences[:, :-1], sequences[:, 1:]))
    if seed is not None:
        data = data.shuffle(len(sequences), seed=seed, reshuffle_each_iteration=True)
    return data.batch(batch_size).prefetch(2)


def scores(model: keras.Model, sequences, batch_size: int = 512) -> np.ndarray:
    """(N, M) float32: the score of each item 1 to M after the last step.  sequences: (N, L) ids, 0 in front.

    A model of this module gives logits; a row of padding alone gets equal ones. Any other Keras model (N, T) -> (N, T, M) or (N, M) serves as
    well, with column j for item j + 1, and gives what it gives.
    """
    sequences, out = np.asarray(sequences, np.int32), []
    own = isinstance(model, NextItem)
    if own:
        sequences, vectors = sequences[:, -model.length:], np.asarray(model.vectors())
    for start in range(0, len(sequences), batch_size):
        answer = np.asarray(model.predict_on_batch(sequences[start:start + batch_size]))
        last = answer[:, -1] if answer.ndim == 3 else answer
        out.append(last @ vectors.T if own else last)
    return np.concatenate(out)


def plain_cnn(M: int, padding: str = "causal", dilations: tuple[int, ...] = (1,), kernel: int = 3, size: int = 32, rate: float = 1e-2) -> keras.Model:
    """Convolutions over item embeddings and a softmax over the M items at every step, (N, T) -> (N, T, M), compiled: to see what a padding sees.

    Column j is item j + 1.  padding: as of `Conv1D`, "causal" or "same".
    """
    ids = keras.Input((None,), dtype="int32")
    real = _real(ids)
    x = layers.Embedding(M + 1, size)(ids) * real
    for dilation in dilations:
        x = layers.Conv1D(size, kernel, padding=padding, dilation_rate=dilation, activation="relu")(x) * real
    model = keras.Model(ids, layers.Dense(M, activation="softmax")(x))
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", jit_compile=False)
    return model
