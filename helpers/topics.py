"""Topics of what is bought together, and how to judge them without labels: held-out coherence, and whether another seed finds them again.

Documents are rows of counts, units (words or categories) are columns. A topic is a row of shares over the units.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import LatentDirichletAllocation


@dataclass(frozen=True)
class Topics:
    """A fitted model.  phi: (K, V) shares of units in each topic.  background: (V,) shares of units in all documents it was fitted on."""

    phi: np.ndarray
    background: np.ndarray
    model: LatentDirichletAllocation

    def mixture(self, counts: np.ndarray) -> np.ndarray:
        """(n, K) shares of the topics in documents (n, V); new documents are welcome, the topics stay as they are."""
        return self.model.transform(sparse.csr_matrix(counts))

    def relevance(self, weight: float = .4) -> np.ndarray:
        """(K, V) λ·ln φ + (1 − λ)·ln(φ / background): 1 ranks by share, 0 by what sets the topic apart.

        Ranked by share alone, every topic of a grocer begins with milk.  Source: Sievert and Shirley, 2014.
        """
        log = np.log(np.maximum(self.phi, 1e-12))
        return log - (1 - weight) * np.log(np.maximum(self.background, 1e-12))


def fit(counts: np.ndarray, K: int, seed: int) -> Topics:
    """LDA by variational Bayes (scikit-learn), five passes.  counts: (documents, V), fitted on these alone."""
    model = LatentDirichletAllocation(K, doc_topic_prior=.1, topic_word_prior=.01, learning_method="online", batch_size=128, learning_offset=10,
                                      max_iter=5, max_doc_update_iter=20, mean_change_tol=1e-2, random_state=seed)
    model.fit(sparse.csr_matrix(counts))
    total = counts.sum(axis=0)
    return Topics(model.components_ / model.components_.sum(axis=1, keepdims=True), total / total.sum(), model)


def top_units(score: np.ndarray, top: int) -> np.ndarray:
    """(K, top) positions of the units with the highest score in each topic, the highest first; equal scores by position."""
    return np.argsort(-score, axis=1, kind="stable")[:, :top]


def npmi(tops: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(K,) coherence: mean over pairs of a topic's top units of ln(p12 / p1·p2) / −ln p12, p being shares of held-out documents.

    tops: (K, top) positions.  present: (documents, V) bool.  A pair that never occurs together counts −1, one that is in every document 1.

    >>> npmi(np.array([[0, 1], [0, 2]]), np.array([[1, 1, 0], [0, 0, 1]], bool)).tolist()
    [1.0, -1.0]
    """
    units, place = np.unique(tops, return_inverse=True)
    place = place.reshape(tops.shape)
    seen = present[:, units].astype(np.float32)
    together = (seen.T @ seen).astype(float) / len(seen)
    alone = np.diag(together)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(together / np.outer(alone, alone)) / -np.log(together)
    value[together == 0] = -1
    value[together == 1] = 1
    first, second = np.triu_indices(tops.shape[1], k=1)
    return value[place[:, first], place[:, second]].mean(axis=1)


def diversity(tops: np.ndarray) -> float:
    """Share of different units among all top units: 1 if no two topics share one."""
    return len(np.unique(tops)) / tops.size


def matched(phi: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(K,) cosine of each topic with its partner in another fit; partners are assigned so that the sum is largest (Hungarian algorithm)."""
    a, b = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (phi, other))
    cosine = a @ b.T
    rows, columns = linear_sum_assignment(-cosine)
    return cosine[rows, columns]


def stability(phis: Sequence[np.ndarray]) -> float:
    """Mean cosine of matched topics over all pairs of fits with different seeds: 1 if every seed finds the same topics.

    >>> stability([np.eye(3), np.eye(3)[[2, 0, 1]]])
    1.0
    """
    return float(np.mean([matched(a, b).mean() for a, b in itertools.combinations(phis, 2)]))
