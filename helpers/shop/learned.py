"""Policies that learn from what they see: what goes with what a shopper has looked at."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from helpers.shop.catalogue import Catalogue
from helpers.shop.policies import Day, Ranked, Visits


class Similar(Ranked):
    """Shows what is most similar to the items a shopper has viewed; a subclass writes `similarity`."""

    every = 5
    refit_days = 5
    """Once in so many days the views are counted anew and `similarity` is called."""
    prior = 1e-3
    """Weight of an item's share of all views: it ranks for a shopper without history, and among equally similar items."""

    def similarity(self, viewed: sparse.csr_matrix) -> np.ndarray:
        """(items, items) how similar they are, 0 on the diagonal.  viewed: (shoppers, items) of 1 where this shopper viewed this item."""
        raise NotImplementedError

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        items = len(catalogue)
        self._new: list[tuple[np.ndarray, np.ndarray]] = []
        self._viewed = sparse.csr_matrix((shoppers, items), dtype=np.float32)
        self._similarity = np.zeros((items, items), np.float32)
        self._share = np.zeros(items, np.float32)

    def recommend(self, visits: Visits):
        if visits.day % self.refit_days == 0:
            self._refit()
        return super().recommend(visits)

    def observe(self, day: Day) -> None:
        for items, viewed in ((day.items, day.clicked), (day.searched, day.searched >= 0)):
            row, place = np.nonzero(viewed)
            self._new.append((day.shopper[row].astype(np.int32), items[row, place].astype(np.int32)))

    def _refit(self) -> None:
        if self._new:
            shopper, item = (np.concatenate(each) for each in zip(*self._new, strict=True))
            self._new = []
            counts = np.bincount(item, minlength=len(self.catalogue)).astype(np.float32)
            self._viewed = self._viewed + sparse.csr_matrix((np.ones(len(item), np.float32), (shopper, item)), self._viewed.shape)
            self._viewed.data[:] = 1
            self._share += counts
        self._similarity = np.asarray(self.similarity(self._viewed), np.float32)

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        return self._viewed[shopper] @ self._similarity + self.prior * self._share / max(self._share.max(), 1)


class Neighbours(Similar):
    """Item-based collaborative filtering: the cosine of two items' viewers, shrunk where they are few."""

    shrink = 20.0

    def similarity(self, viewed: sparse.csr_matrix) -> np.ndarray:
        together = (viewed.T @ viewed).toarray()
        count = together.diagonal().copy()
        np.fill_diagonal(together, 0)
        return together / (np.sqrt(np.outer(count, count)) + self.shrink)


class Content(Similar):
    """Similar in what their titles say: the cosine of two items' vectors.  It knows an item on the day of its release."""

    def __init__(self, vectors: np.ndarray):
        """vectors: (items, d), a row for each title of the catalogue, from any model of text."""
        vectors = np.asarray(vectors.toarray() if sparse.issparse(vectors) else vectors, np.float32)
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError(f"vectors must be finite numbers of shape (items, d), not {vectors.shape}")
        vectors = vectors - vectors.mean(axis=0)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        self._cosine = vectors @ vectors.T
        np.fill_diagonal(self._cosine, 0)

    def similarity(self, viewed: sparse.csr_matrix) -> np.ndarray:
        if len(self._cosine) != viewed.shape[1]:
            raise ValueError(f"{len(self._cosine)} vectors for {viewed.shape[1]} items: one for each title of the catalogue is needed")
        return self._cosine
