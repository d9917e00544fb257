"""A small generative adversarial network (GAN) for tables of a few numbers, and the two questions to ask of what it makes.

Source of the idea: Goodfellow et al., Generative Adversarial Nets, NeurIPS 2014.
"""

from __future__ import annotations

import numpy as np


def generate(rows: np.ndarray, n: int, *, seed: int, steps: int = 1500, batch: int = 256, noise: int = 8) -> np.ndarray:
    """Train on rows (m, d) in standard units and return n made-up rows (n, d).

    The generator turns noise into rows; the critic learns to tell them from real ones; each learns from the other's failures. Nothing
    says when to stop: the losses of a GAN do not measure the quality of its rows, which is why the audit does.
    """
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    d = rows.shape[1]
    generator = keras.Sequential([keras.Input((noise,)), keras.layers.Dense(48, activation="relu"), keras.layers.Dense(48, activation="relu"),
                                  keras.layers.Dense(d)])
    critic = keras.Sequential([keras.Input((d,)), keras.layers.Dense(48, activation="leaky_relu"),
                               keras.layers.Dense(48, activation="leaky_relu"), keras.layers.Dense(1)])
    makers, critics = keras.optimizers.Adam(1e-3, beta_1=.5), keras.optimizers.Adam(1e-3, beta_1=.5)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    real_rows = tf.constant(rows.astype(np.float32))

    @tf.function
    def step():
        real = tf.gather(real_rows, tf.random.uniform((batch,), 0, len(rows), tf.int32))
        with tf.GradientTape() as tape:
            made = generator(tf.random.normal((batch, noise)))
            judged = tf.concat([critic(real), critic(made)], 0)
            truth = tf.concat([tf.fill((batch, 1), .9), tf.zeros((batch, 1))], 0)      # .9: a critic that is too sure teaches nothing
            lost = loss(truth, judged)
        critics.apply_gradients(zip(tape.gradient(lost, critic.trainable_variables), critic.trainable_variables, strict=True))
        with tf.GradientTape() as tape:
            lost = loss(tf.ones((batch, 1)), critic(generator(tf.random.normal((batch, noise)))))
        makers.apply_gradients(zip(tape.gradient(lost, generator.trainable_variables), generator.trainable_variables, strict=True))

    for _ in range(steps):
        step()
    return np.asarray(generator(tf.random.normal((n, noise), seed=seed)))


def nearest(rows: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Euclidean distance of each row (n, d) to the nearest of `to` (m, d): (n,)."""
    squared = (rows ** 2).sum(axis=1)[:, None] + (to ** 2).sum(axis=1) - 2 * rows @ to.T
    return np.sqrt(np.maximum(squared.min(axis=1), 0))
