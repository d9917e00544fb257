"""Made-up shopping rhythms whose kind is known: what a portrait of a sequence should find without being told."""

from __future__ import annotations

import numpy as np

RHYTHMS = ("rising", "falling", "in the middle", "at both ends")


def planted_rhythms(rng: np.random.Generator, n: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Weekly sequences X float32 (n, T, 2) of four rhythms, and the kind (n,) of each, a position in RHYTHMS.

    The first channel, spend in standard units, rises, falls, peaks in the middle or at both ends; a household's level, its swing and noise
    come on top. The second is noise alone. Every kind has the same mean and the same spread over the steps, so neither a total nor an
    average over time tells them apart: only the order of the weeks does.
    """
    t = np.linspace(0, 1, T)
    shapes = np.stack([t, 1 - t, 1 - np.abs(2 * t - 1), np.abs(2 * t - 1)])
    shapes = (shapes - shapes.mean(axis=1, keepdims=True)) / shapes.std(axis=1, keepdims=True)
    kind = rng.integers(0, len(shapes), n)
    spend = shapes[kind] * rng.uniform(.6, 1.2, (n, 1)) + rng.normal(0, 1, (n, 1)) + rng.normal(0, .6, (n, T))
    return np.stack([spend, rng.normal(0, .5, (n, T))], axis=-1).astype(np.float32), kind


def neighbour_purity(codes, kind, neighbours: int = 5) -> float:
    """Share of the nearest neighbours, by Euclidean distance, that are of the same kind: 1 is perfect, chance the kinds' own share.

    codes: (n, d).  kind: (n,).  A row is not its own neighbour.
    """
    codes, kind = np.asarray(codes, float), np.asarray(kind)
    squared = (codes ** 2).sum(axis=1)
    distance = squared[:, None] + squared - 2 * codes @ codes.T
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1, kind="stable")[:, :neighbours]
    return float((kind[near] == kind[:, None]).mean())
