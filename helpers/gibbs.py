"""Latent Dirichlet allocation (LDA) by collapsed Gibbs sampling, one token at a time: the sampler of lesson 04, to be read.  `topics` fits large tables.

A *token* is one purchase of one word. `words`, `docs` and `topics` hold, token by token, its word (0 … V − 1), the document it stands in and
the topic (0 … K − 1) it has been given. Sources: Blei, Ng and Jordan, Journal of Machine Learning Research 3 (2003), for the model;
Griffiths and Steyvers, PNAS 101 (2004), for the sampler.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np

Tokens = Sequence[int] | np.ndarray


def sweep(words: Tokens, docs: Tokens, topics: Tokens, K: int, V: int, alpha: float, beta: float,
                draws: Sequence[float] | np.ndarray) -> np.ndarray:
    """One sweep over all tokens in their order: the new topics (n,).  What is handed in stays as it is.

    Each token is taken out of the counts, given a topic by p(k) ∝ (n_dk + alpha) (n_kw + beta) / (n_k + V beta), and put back.
    draws: (n,) in [0, 1); the topic is the first whose cumulated p exceeds its token's draw times the sum of p.

    >>> sweep([0, 0, 1], [0, 0, 0], [0, 1, 1], 2, 2, 1.0, 1.0, [.3, .2, .9]).tolist()
    [1, 0, 1]
    """
    words, docs, topics, draws = (np.asarray(each).tolist() for each in (words, docs, topics, draws))
    # Lists, not arrays: with a few topics NumPy's overhead is larger than the work.
    n_dk, n_wk = _counts(docs, topics, max(docs) + 1, K), _counts(words, topics, V, K)
    n_k, n_dk, n_wk = n_wk.sum(axis=0).tolist(), n_dk.tolist(), n_wk.tolist()
    for i, (w, d, old) in enumerate(zip(words, docs, topics, strict=True)):
        in_doc, of_word = n_dk[d], n_wk[w]
        in_doc[old] -= 1
        of_word[old] -= 1
        n_k[old] -= 1
        cumulated = list(accumulate((a + alpha) * (b + beta) / (c + V * beta) for a, b, c in zip(in_doc, of_word, n_k, strict=True)))
        new = topics[i] = bisect_right(cumulated, draws[i] * cumulated[-1])
        in_doc[new] += 1
        of_word[new] += 1
        n_k[new] += 1
    return np.array(topics)


def sample(words: Tokens, docs: Tokens, K: int, V: int, alpha: float, beta: float, sweeps: int, seed: int,
          sweep: Callable[..., np.ndarray] = sweep) -> np.ndarray:
    """Topics (n,) after so many sweeps from a random start: the last sample.

    sweep: another function that does one sweep, called as `sweep` is.
    """
    rng = np.random.default_rng(seed)
    topics = rng.integers(0, K, len(words))
    for _ in range(sweeps):
        topics = sweep(words, docs, topics, K, V, alpha, beta, rng.random(len(words)))
    return topics


def estimates(words: Tokens, docs: Tokens, topics: Tokens, D: int, K: int, V: int, alpha: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """theta (D, K), the topics of each document, and phi (K, V), the words of each topic; rows sum to 1.

    >>> theta, phi = estimates([0, 0, 1], [0, 0, 0], [1, 0, 1], 2, 2, 2, 1.0, 1.0)
    >>> theta.tolist(), phi.round(3).tolist()
    ([[0.4, 0.6], [0.5, 0.5]], [[0.667, 0.333], [0.5, 0.5]])
    """
    theta, phi = _counts(docs, topics, D, K) + alpha, _counts(topics, words, K, V) + beta
    return theta / theta.sum(axis=1, keepdims=True), phi / phi.sum(axis=1, keepdims=True)


def _counts(rows: Tokens, columns: Tokens, n_rows: int, n_columns: int) -> np.ndarray:
    """How often each pair occurs: floats (n_rows, n_columns)."""
    place = np.asarray(rows, int) * n_columns + np.asarray(columns, int)
    return np.bincount(place, minlength=n_rows * n_columns).reshape(n_rows, n_columns).astype(float)
