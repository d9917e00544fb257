"""Ways to cut the same households into segments, all behind one interface, and what a segmentation is judged by.

A *way* is fitted at one cut-off and then assigns the households of any other: `way(portraits, k, seed)` returns a function from
`Portraits` to labels (n,) of 0 … k − 1. Scales, centres and networks are those of the fit: a scale fitted anew at each date would move the
segments although nobody changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

from helpers.households import Portraits

Assign = Callable[[Portraits], np.ndarray]
Way = Callable[[Portraits, int, int], Assign]
Features = Callable[[Portraits, int], Callable[[Portraits], np.ndarray]]
CODE = 8
"""Numbers in a code: of the weeks, of the words, of the shares."""


def rfm_scaled(fitted: Portraits, seed: int) -> Callable[[Portraits], np.ndarray]:
    """Recency, frequency and money, log(1 + x) in standard units of the fit: portraits -> (n, 3)."""
    scale = StandardScaler().fit(np.log1p(fitted.rfm))
    return lambda portraits: scale.transform(np.log1p(portraits.rfm))


def shares_scaled(fitted: Portraits, seed: int, size: int = CODE) -> Callable[[Portraits], np.ndarray]:
    """The leading directions of the square roots of category shares, in standard units: portraits -> (n, size).

    Square roots of shares have Hellinger's distance: a category of 1 % may move as much as one of 30 %.
    """
    directions = PCA(size, random_state=0).fit(np.sqrt(fitted.shares))
    scale = StandardScaler().fit(directions.transform(np.sqrt(fitted.shares)))
    return lambda portraits: scale.transform(directions.transform(np.sqrt(portraits.shares)))


def words_scaled(vectors: np.ndarray, size: int = CODE) -> Features:
    """The leading directions of the basket's text, in standard units: (fit, seed) -> portraits -> (n, size).

    vectors: (categories, d), the text vectors of the portraits' categories, in their order. A basket is the sum of its categories' vectors,
    weighted by the square root of their share, and cut to length one: the length would tell how many categories it has, not which. A basket
    whose categories all have a zero vector stays zero.
    """

    def fit(fitted: Portraits, seed: int) -> Callable[[Portraits], np.ndarray]:
        def read(portraits: Portraits) -> np.ndarray:
            total = np.sqrt(portraits.shares) @ vectors
            length = np.linalg.norm(total, axis=1, keepdims=True)
            return np.divide(total, length, out=np.zeros_like(total), where=length > 0)

        directions = PCA(size, random_state=0).fit(read(fitted))
        scale = StandardScaler().fit(directions.transform(read(fitted)))
        return lambda portraits: scale.transform(directions.transform(read(portraits)))

    return fit


def weeks_coded(build: Callable, epochs: int, size: int = CODE) -> Features:
    """The code of a sequence auto-encoder over the weeks, in standard units: (fit, seed) -> portraits -> (n, size).

    build: (T, F, d) -> (autoencoder, encoder), compiled, as in the exercise `build_seq_autoencoder`.
    """

    def fit(fitted: Portraits, seed: int) -> Callable[[Portraits], np.ndarray]:
        import keras

        mean, spread = fitted.weeks.mean(axis=(0, 1)), fitted.weeks.std(axis=(0, 1))
        weeks = ((fitted.weeks - mean) / spread).astype(np.float32)
        keras.utils.set_random_seed(seed)
        autoencoder, encoder = build(*weeks.shape[1:], size)
        autoencoder.fit(weeks, weeks, epochs=epochs, batch_size=128, verbose=0)

        def code(portraits: Portraits) -> np.ndarray:
            return np.asarray(encoder.predict(((portraits.weeks - mean) / spread).astype(np.float32), batch_size=2048, verbose=0))

        scale = StandardScaler().fit(code(fitted))
        return lambda portraits: scale.transform(code(portraits))

    return fit


def rfm_quantiles(fitted: Portraits, k: int, seed: int) -> Assign:
    """Recent or not at the median, times groups of equal size by money: what marketing does by hand.  ValueError if k is odd."""
    if k % 2:
        raise ValueError(f"quantiles by recency and money make an even number of segments, not {k}")
    recent = np.median(fitted.rfm[:, 0])
    money = np.quantile(fitted.rfm[:, 2], np.linspace(0, 1, k // 2 + 1)[1:-1])
    return lambda portraits: (portraits.rfm[:, 0] > recent) * (k // 2) + np.searchsorted(money, portraits.rfm[:, 2])


def k_means(features: Features) -> Way:
    """k-means on features that are fitted at the same cut-off."""

    def way(fitted: Portraits, k: int, seed: int) -> Assign:
        read = features(fitted, seed)
        model = KMeans(k, n_init=10, random_state=seed).fit(read(fitted))
        return lambda portraits: model.predict(read(portraits))

    return way


def ward(fitted: Portraits, k: int, seed: int) -> Assign:
    """Ward's tree on RFM, cut into k; other households go to the nearest mean, since a tree has no rule for them."""
    read = rfm_scaled(fitted, seed)
    X = read(fitted)
    labels = AgglomerativeClustering(k, linkage="ward").fit_predict(X)
    means = np.array([X[labels == j].mean(axis=0) for j in range(k)])
    return lambda portraits: ((read(portraits)[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


def mixture(fitted: Portraits, k: int, seed: int) -> Assign:
    """A mixture of k Gaussians on RFM; each household goes to the likeliest."""
    read = rfm_scaled(fitted, seed)
    model = GaussianMixture(k, n_init=3, reg_covar=1e-3, random_state=seed).fit(read(fitted))
    return lambda portraits: model.predict(read(portraits))


def bootstrap_ari(way: Way, fitted: Portraits, k: int, *, draws: int, seed: int) -> np.ndarray:
    """Adjusted Rand index between the segments of all households and those of fits on `draws` bootstrap samples of them: (draws,)."""
    whole = way(fitted, k, seed)(fitted)
    rng = np.random.default_rng(seed)
    return np.array([adjusted_rand_score(whole, way(fitted.take(rng.integers(0, len(fitted), len(fitted))), k, seed + 1 + draw)(fitted))
                     for draw in range(draws)])


def segment_means(labels: np.ndarray, values: np.ndarray, k: int, *, prior: float = 0.0) -> np.ndarray:
    """Mean of the values in each segment: (k,).

    prior: so many rows at the overall mean are added to each, so that a segment of three households does not lead on luck.
    """
    values = np.asarray(values, float)
    count, total = np.bincount(labels, minlength=k), np.bincount(labels, values, minlength=k)
    return np.divide(total + prior * values.mean(), count + prior, out=np.full(k, values.mean()), where=count + prior > 0)


def explained(truth: np.ndarray, guess: np.ndarray, weight: np.ndarray | None = None) -> float:
    """R²: share of the variance of `truth` that `guess` explains, 1 perfect, 0 no better than the mean of truth, and below 0 worse."""
    weight = np.ones(len(truth)) if weight is None else weight
    mean = np.average(truth, weights=weight)
    return float(1 - np.sum(weight * (truth - guess) ** 2) / np.sum(weight * (truth - mean) ** 2))


def moved(before: Portraits, after: Portraits, assign: Assign, k: int) -> np.ndarray:
    """Households seen at both cut-offs, by segment before (row) and after (column): counts (k, k)."""
    _, old, new = np.intersect1d(before.ids, after.ids, return_indices=True)
    table = np.zeros((k, k), int)
    np.add.at(table, (assign(before)[old], assign(after)[new]), 1)
    return table


def in_order(assign: Assign, portraits: Portraits, k: int) -> Assign:
    """The same segments, numbered by the median USD of their households at this cut-off, the largest first.

    Labels of a clustering are arbitrary and change at every fit; a name that marketing uses must not.
    """
    labels = assign(portraits)
    money = [np.median(portraits.rfm[labels == j, 2]) if (labels == j).any() else -1.0 for j in range(k)]
    rank = np.empty(k, int)
    rank[np.argsort(money, kind="stable")[::-1]] = np.arange(k)
    return lambda others: rank[assign(others)]


def all_ways(vectors: np.ndarray, build: Callable, epochs: int) -> Mapping[str, Way]:
    """The rungs of the lesson by name.  vectors: of the categories' names; build, epochs: the auto-encoder over weeks."""
    return {
        "RFM quantiles": rfm_quantiles,
        "k-means, RFM": k_means(rfm_scaled),
        "Ward, RFM": ward,
        "Gaussian mixture, RFM": mixture,
        "k-means, category shares": k_means(shares_scaled),
        "k-means, text of the basket": k_means(words_scaled(vectors)),
        "k-means, code of the weeks": k_means(weeks_coded(build, epochs)),
    }
