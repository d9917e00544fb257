"""The rungs of a recommender, from counts to factors: each gives every household a score for every item, (H, M), higher is better.

X is a sparse (H, M) matrix of days on which a household bought an item, known before a cut-off. Nothing here masks what was bought: whether
a repeat may be shown is the slate's decision, not the model's (`ranking.at_k(…, allowed=…)`). Randomness comes from an explicit seed.
"""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse
from threadpoolctl import threadpool_limits  # comes with scikit-learn

from helpers.feedback import Feedback


def popular(X) -> np.ndarray:
    """(H, M) the number of households that bought an item, the same for everybody (a view: no memory)."""
    X = sparse.csr_matrix(X)
    return np.broadcast_to(holders(X), X.shape)


def personal(X) -> np.ndarray:
    """(H, M) the days on which the household itself bought the item; popularity, less than a day's worth, decides between equal ones."""
    X = sparse.csr_matrix(X)
    return X.toarray().astype(float) + .5 * holders(X) / X.shape[0]


def faded_personal(feedback: Feedback, before: int, half_life: float) -> np.ndarray:
    """(H, M) as `personal`, but a day weighs half as much for every `half_life` days of age; popularity decides where nothing was bought."""
    X = feedback.faded(before, half_life)
    # Old purchases weigh arbitrarily little, and still more than none.
    return X.toarray().astype(float) + 1e-6 * holders(feedback.matrix(before)) / X.shape[0]


def content(X, vectors, sharpness: float = 1, popularity: float = 0) -> np.ndarray:
    """(H, M) how alike an item's name is to the names of what the household bought: Σ share · max(cosine, 0)^sharpness, times holders^popularity.

    vectors: (M, d) of length 1 or 0, dense or sparse: TF-IDF of the names' words, or text embeddings.  No purchase of others is looked at, save
    for the popularity.
    """
    X = sparse.csr_matrix(X)
    return _shares(logs(X)) @ (likeness(vectors, sharpness) * holders(X) ** popularity)


def likeness(vectors, sharpness: float = 1) -> np.ndarray:
    """(M, M) max(cosine, 0)^sharpness of rows of length 1 or 0, dense or sparse."""
    alike = vectors @ vectors.T
    return np.maximum(np.asarray(alike.todense() if sparse.issparse(alike) else alike, np.float32), 0) ** sharpness


def item_neighbours(X, n: int = 50, shrink: float = 10, popularity: float = 0) -> np.ndarray:
    """(H, M) sum of an item's cosines with what the household bought, by `cosine_weights`: ln(1 + days) @ weights."""
    return np.asarray(logs(X) @ cosine_weights(X, n, shrink, popularity))


def cosine_weights(X, n: int = 50, shrink: float = 10, popularity: float = 0) -> np.ndarray:
    """(M, M) item-item weights: what row i says for column j. Each item j listens to its n nearest only, itself not among them.

    cosine = dot / (‖a‖ · ‖b‖ + shrink) of columns of ln(1 + days).  popularity: exponent of the candidate's holders, 0 for plain cosines.
    """
    X = logs(X)
    S = np.asarray((X.T @ X).todense(), np.float32)
    norm = np.sqrt(S.diagonal())
    S /= norm[:, None] * norm[None] + shrink + 1e-12
    np.fill_diagonal(S, 0)
    if n < len(S) - 1:
        S[np.partition(S, -n, axis=1)[:, [-n]] > S] = 0
    return S.T * holders(X) ** popularity


def user_neighbours(X, n: int = 200, recent=None, rows=slice(None)) -> np.ndarray:
    """(H, M) what the n nearest households bought, weighed by the TF-IDF cosine with them.

    recent: (H, M) what of the neighbours is recommended, X itself if None: near in a whole year, asked about their last weeks.
    rows: the households that are asked for; all by default.
    """
    X = sparse.csr_matrix(X)
    idf = np.log((1 + X.shape[0]) / (1 + holders(X))) + 1
    weights = _unit(logs(X) @ sparse.diags(idf.astype(np.float32)))
    asked = np.arange(X.shape[0])[rows]
    near = np.asarray((weights[asked] @ weights.T).todense())
    near[np.arange(len(asked)), asked] = 0
    if n < near.shape[1] - 1:
        near[np.partition(near, -n, axis=1)[:, [-n]] > near] = 0
    bought = sparse.csr_matrix(X if recent is None else recent)
    return (sparse.csr_matrix(near) @ (bought > 0).astype(np.float32)).toarray() / np.maximum(near.sum(axis=1, keepdims=True), 1e-12)


def transitions(feedback: Feedback, before: int) -> tuple[np.ndarray, np.ndarray]:
    """Bigram of baskets: (M, M) how often item j stood in the visit after one with item i, and (M,) how many visits with i had a next one."""
    baskets, home, _ = feedback.visits(before)
    has_next = np.flatnonzero(home[1:] == home[:-1])
    now, after = baskets[has_next], baskets[has_next + 1]
    return np.asarray((now.T @ after).todense()), np.asarray(now.sum(axis=0)).ravel()


def markov_weights(feedback: Feedback, before: int, kappa: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """(M, M) P(j | i) = (N_ij + κ · P(j)) / (N_i + κ), the chance of j in the visit after one with i, and (M,) P(j), the share of visits with j."""
    pairs, singles = transitions(feedback, before)
    share = np.asarray(feedback.visits(before)[0].mean(axis=0), np.float32).ravel()
    pairs += kappa * share
    pairs /= (singles + kappa)[:, None]
    return pairs, share


def last_visits(feedback: Feedback, before: int, half_life: float) -> sparse.csr_matrix:
    """(H, M) sparse rows of sum 1: what stood in a household's last baskets; half_life: *visits* after which an item weighs half."""
    baskets, home, _ = feedback.visits(before)
    age = np.searchsorted(home, home, side="right") - 1 - np.arange(len(home))
    weight = (.5 ** (age / half_life)).astype(np.float32)
    return _shares(sparse.csr_matrix((weight, (home, np.arange(len(home)))), (len(feedback.households), len(home))) @ baskets).tocsr()


def markov(feedback: Feedback, before: int, kappa: float = 10, half_life: float = 2) -> np.ndarray:
    """(H, M) mean chance of item j in the next visit, given the items of the last ones: a first-order Markov chain over baskets.

    A household without visits gets the share of all visits.
    """
    return next_visit(last_visits(feedback, before, half_life), *markov_weights(feedback, before, kappa))


def next_visit(last: sparse.csr_matrix, P: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(n, M) chances of each item in the next visit, from rows of `last_visits` and what `markov_weights` gives; `share` where a row is empty."""
    return np.where(np.diff(last.indptr)[:, None] > 0, last @ P, share)


def ease_weights(X, l2: float, dtype=np.float64) -> np.ndarray:
    """(M, M) item-item weights of EASE (Steck 2019): column j is the ridge regression of item j on all other items; the diagonal is 0.

    With P = (XᵀX + l2·I)⁻¹: B_ij = −P_ij / P_jj.  Scores are X @ B.  One inverse serves all M regressions.  l2 > 0.
    dtype: np.float32 halves memory and time where there are thousands of items.
    """
    if l2 <= 0:
        raise ValueError("l2 must be above 0")
    G = X.T @ X
    P = np.array(G.toarray() if sparse.issparse(G) else G, dtype, order="F")
    M = len(P)
    P[np.diag_indices(M)] += l2
    # Positive definite: Cholesky needs less arithmetic than a general inverse.  It fills one triangle only, which is then mirrored.
    potrf, potri = linalg.get_lapack_funcs(("potrf", "potri"), (P,))
    P, failed = potrf(P, lower=1, overwrite_a=1)
    P, failed_too = potri(P, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise np.linalg.LinAlgError("XᵀX + l2·I is numerically singular: take a larger l2")
    for start in range(0, M, 256):
        end = min(start + 256, M)
        P[start:end, end:] = P[end:, start:end].T
        corner = np.tril(P[start:end, start:end])
        P[start:end, start:end] = corner + np.tril(corner, -1).T
    P /= -np.diag(P)[None].copy()
    P[np.diag_indices(M)] = 0
    return P


def ease(X, l2: float) -> np.ndarray:
    """(H, M) scores of EASE: X @ ease_weights(X, l2)."""
    return np.asarray(X @ ease_weights(X, l2).astype(np.float32))


def ials_factors(X, size: int = 32, alpha: float = 1, l2: float = 10, sweeps: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(H, size) and (M, size) factors of implicit ALS (Hu, Koren and Volinsky 2008): confidence 1 + α·x, target 1 where x > 0 and 0 elsewhere."""
    X = sparse.csr_matrix(X, dtype=np.float32)
    rng = np.random.default_rng(seed)
    U, V = (rng.normal(0, size ** -.5, (rows, size)).astype(np.float32) for rows in X.shape)
    for _ in range(sweeps):
        U = ials_rows(X, V, alpha, l2)
        V = ials_rows(X.T.tocsr(), U, alpha, l2)
    return U, V


def ials(X, size: int = 32, alpha: float = 1, l2: float = 10, sweeps: int = 8, seed: int = 0) -> np.ndarray:
    """(H, M) scores U Vᵀ of `ials_factors`."""
    _, V = ials_factors(X, size, alpha, l2, sweeps, seed)
    return ials_rows(sparse.csr_matrix(X, dtype=np.float32), V, alpha, l2) @ V.T


def ials_loss(X, U, V, alpha: float, l2: float) -> float:
    """What iALS makes smaller: Σ (1 + α·x)(p − u·v)² over *all* cells, p = 1 where x > 0, plus l2 (‖U‖² + ‖V‖²)."""
    X = X.toarray() if sparse.issparse(X) else np.asarray(X)
    return float(((1 + alpha * X) * ((X > 0) - U @ V.T) ** 2).sum() + l2 * ((U ** 2).sum() + (V ** 2).sum()))


def ials_rows(X: sparse.csr_matrix, V: np.ndarray, alpha: float, l2: float) -> np.ndarray:
    """The best rows (n, d) for fixed V: (VᵀV + Σ αx·vvᵀ + l2·I)⁻¹ Σ (1 + αx)·v.  VᵀV serves all rows, the sum runs over bought items only.

    X may hold households that V was not fitted on: this is how a newcomer gets a row (折叠, fold-in).  A household without items gets zeros.
    """
    gram = V.T @ V + l2 * np.eye(V.shape[1], dtype=V.dtype)
    rows = np.zeros((X.shape[0], V.shape[1]), V.dtype)
    solve = linalg.get_lapack_funcs("posv", (gram,))
    # Thousands of systems this small: one thread solves them several times as fast as two that wait for each other.
    with threadpool_limits(1, "blas"):
        for row, (start, end) in enumerate(zip(X.indptr[:-1], X.indptr[1:], strict=True)):
            if start < end:
                W, extra = V[X.indices[start:end]], alpha * X.data[start:end]
                _, rows[row], failed = solve(gram + (W.T * extra) @ W, W.T @ (1 + extra))
                if failed:
                    raise np.linalg.LinAlgError("the system of a row is numerically singular: take a larger l2")
    return rows


def bpr(X, size: int = 32, rate: float = .1, l2: float = .01, epochs: int = 20, seed: int = 0, batch: int = 8192) -> np.ndarray:
    """(H, M) scores u·v + b of `bpr_factors`."""
    U, V = bpr_factors(X, size, rate, l2, epochs, seed, batch)
    return U @ V.T


def bpr_factors(X, size: int = 32, rate: float = .1, l2: float = .01, epochs: int = 20, seed: int = 0,
                batch: int = 8192) -> tuple[np.ndarray, np.ndarray]:
    """(H, size + 1) and (M, size + 1) factors of Bayesian Personalised Ranking (Rendle et al. 2009): what was bought should stand above what was not.

    Each epoch shows every (household, bought item) once, against an item drawn uniformly and drawn again where it was bought too.
    Mini-batches with AdaGrad: rows that are met often take smaller steps.  l2 shrinks the rows of a batch.
    """
    X = sparse.csr_matrix(X)
    X.eliminate_zeros()
    rng = np.random.default_rng(seed)
    H, M = X.shape
    U, V = (rng.normal(0, .1, (rows, size)).astype(np.float32) for rows in (H, M))
    V = np.concatenate([V, np.zeros((M, 1), np.float32)], axis=1)      # the last column is the bias of an item, …
    U = np.concatenate([U, np.ones((H, 1), np.float32)], axis=1)       # … and this one stays 1
    heat = [np.full((rows, size + 1), 1e-6, np.float32) for rows in (H, M)]
    home, liked = X.nonzero()
    bought = X.toarray() > 0
    for _ in range(epochs):
        order = rng.permutation(len(home))
        other = rng.integers(0, M, len(home))
        for _ in range(20):
            wrong = np.flatnonzero(bought[home, other])
            if not len(wrong):
                break
            other[wrong] = rng.integers(0, M, len(wrong))
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            u, i, j = home[rows], liked[rows], other[rows]
            Uu, difference = U[u], V[i] - V[j]
            pull = (1 / (1 + np.exp(np.einsum("nd,nd->n", Uu, difference))))[:, None]
            push = pull * Uu
            gU = _added_up(u, pull * difference - l2 * Uu, H)
            gV = _added_up(i, push - l2 * V[i], M) - _added_up(j, push + l2 * V[j], M)
            for table, gradient, square in ((U, gU, heat[0]), (V, gV, heat[1])):
                square += gradient ** 2
                table += rate * gradient / np.sqrt(square)
            U[:, -1] = 1
    return U, V


def _added_up(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """(size, d) sums of the rows of `values` by index.  A sparse product: np.add.at is many times slower."""
    picks = sparse.csc_matrix((np.ones(len(index), values.dtype), index, np.arange(len(index) + 1)), (size, len(index)))
    return picks @ values


def blend(own, other, weight: float) -> np.ndarray:
    """(n, M) ln(1 + own days) + weight · other: one list of repeats and of new items, of which the other rung alone has something to say.

    own: (n, M) days, faded or not.  other: (n, M) scores that mean about a chance, such as those of iALS, EASE or neighbours.
    """
    return np.log1p(own) + weight * np.asarray(other)


def holders(X) -> np.ndarray:
    """(M,) how many households bought each item."""
    X = sparse.csr_matrix(X)
    return np.bincount(X.indices[X.data > 0], minlength=X.shape[1]).astype(np.float32)


def logs(X) -> sparse.csr_matrix:
    """ln(1 + days), sparse: the tenth carton says little more than the ninth."""
    X = sparse.csr_matrix(X)
    return sparse.csr_matrix((np.log1p(X.data).astype(np.float32), X.indices, X.indptr), X.shape)


def _shares(X: sparse.csr_matrix) -> sparse.csr_matrix:
    total = np.maximum(np.asarray(X.sum(axis=1)).ravel(), 1e-12)
    return sparse.diags(1 / total) @ X


def _unit(X: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(X.multiply(X).sum(axis=1)).ravel())
    return sparse.diags((1 / np.maximum(length, 1e-12)).astype(np.float32)) @ X
