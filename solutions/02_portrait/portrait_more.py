# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · The portrait: more
#
# Are these segments real, or did the algorithm cut a cloud? One exercise of level *more*: the stability of a clustering, measured by the adjusted
# Rand index over bootstrap samples. One of level *stretch*: the silhouette, and why it says "two" so often. No points; nothing later depends on them.

# %% tags=["setup"]
import numpy as np
import pandas as pd

from helpers import check, hint, plots, progress, yours  # noqa: F401

plots.style()

# %% [markdown]
# ## Would the same people be together again?
#
# Cluster the same shop twice, on two samples of its households. If the segments are real, two households that were together the first time are
# together the second time. Names do not matter: segment 3 may come back as segment 0. So count **pairs**. The **Rand index** (兰德指数) is the share of
# pairs on which both partitions agree; but two partitions made at random agree on many pairs, too. The **adjusted Rand index** (ARI, 调整兰德指数;
# Hubert and Arabie 1985) takes off what chance would give:
#
# $$ \mathrm{ARI} = \frac{S - E}{\tfrac12 (A + B) - E}, \qquad E = \frac{A\,B}{n(n-1)/2} $$
#
# S: pairs together in both. A, B: pairs together in the first, in the second. 1 means the same partition, 0 what chance gives; it may be negative.

# %%
rng = np.random.default_rng(0)
rows = []
for k in (2, 6, 20):
    a, b = rng.integers(0, k, (2, 400))
    same_a, same_b = a[:, None] == a, b[:, None] == b
    pairs = np.triu_indices(400, 1)
    together = (same_a & same_b)[pairs].sum()
    expected = same_a[pairs].sum() * same_b[pairs].sum() / len(pairs[0])
    rows.append({"clusters": k, "Rand index": (same_a == same_b)[pairs].mean(),
                 "ARI": (together - expected) / ((same_a[pairs].sum() + same_b[pairs].sum()) / 2 - expected)})
print("two partitions that know nothing of each other:")
pd.DataFrame(rows).set_index("clusters").round(3)

# %% [markdown]
# ### exercise: stability_ari
#
# Two functions. `ari(a, b)` → float
#
# * `a`, `b`: n labels each (n ≥ 2), any values; the adjusted Rand index by the formula above.
# * Where the denominator is 0 (both put all rows into one cluster, or both leave every row alone) the two agree: **1.0**.
#
# `stability_ari(samples, labels)` → float
#
# * `samples`: (B, n) row ids, each line a bootstrap sample drawn with replacement. `labels`: (B, n), the cluster each drawn row got. A row drawn
#   twice in a sample has the same label both times.
# * For every pair of samples: take the row ids that are in **both**, each **once**, and compute the ARI of their labels. Return the mean over all pairs.
#   Any two samples share at least two rows.
#
# By hand: samples [0, 1, 2, 3] twice, labels [0, 0, 1, 1] and [1, 1, 0, 0]: the names differ, the partition does not: 1.

# %%
# exercise: stability_ari
def ari(a, b):
    """Adjusted Rand index of two partitions of the same rows, by Hubert and Arabie (1985).

    >>> ari([0, 0, 1, 1], [7, 7, 3, 3])
    1.0
    """
    ### BEGIN SOLUTION: count the pairs of rows together in both, in a and in b; take off what chance gives
    a, b = np.asarray(a), np.asarray(b)
    pairs = np.triu_indices(len(a), 1)
    in_a, in_b = (a[:, None] == a)[pairs], (b[:, None] == b)[pairs]
    expected = in_a.sum() * in_b.sum() / len(in_a)
    most = (in_a.sum() + in_b.sum()) / 2
    return 1.0 if most == expected else float(((in_a & in_b).sum() - expected) / (most - expected))
    ### END SOLUTION


def stability_ari(samples, labels):
    """Mean ARI over all pairs of bootstrap samples, each on the rows both hold.

    samples: (B, n) row ids.  labels: (B, n) of their clusters.
    """
    ### BEGIN SOLUTION: for every pair of samples the ids both hold, each once; the ARI of their labels; the mean
    samples, labels = np.asarray(samples), np.asarray(labels)
    found = []
    for i in range(len(samples)):
        for j in range(i):
            _, here, there = np.intersect1d(samples[i], samples[j], return_indices=True)
            found.append(ari(labels[i, here], labels[j, there]))
    return float(np.mean(found))
    ### END SOLUTION

# %%
check(stability_ari, ari)

# %% [markdown]
# ## The silhouette, and what it cannot say
#
# The **silhouette** (轮廓系数; Rousseeuw 1987) asks of each row: how much nearer is my own cluster than the next one? It needs no second sample and no outcome.
# That is its weakness: it praises what is round and far apart, and on real shoppers it mostly prefers two clusters, *many* and *few* purchases.
#
# ### exercise: silhouette
#
# `silhouette(X, labels)` → float, the mean over the rows
#
# * `X`: (n, d). `labels`: n labels, any values. Euclidean distances. `ValueError` if there is only one cluster.
# * For a row: **a**, the mean distance to the *other* rows of its cluster; **b**, the smallest, over the other clusters, of the mean distance to that
#   cluster's rows. Its value is (b − a) / max(a, b). A row alone in its cluster has the value 0.
#
# By hand: 0, 1 | 5, 7. For the row 0: a = 1, b = 6, value 5/6.

# %%
# exercise: silhouette
def silhouette(X, labels):
    """Mean silhouette of the rows of X (n, d) under these labels, by Rousseeuw (1987).  ValueError if there is one cluster only.

    >>> round(silhouette([[0.], [1.], [5.], [7.]], [0, 0, 1, 1]), 4)
    0.7203
    """
    ### BEGIN SOLUTION: all distances; per row the mean within and the smallest mean to another cluster; 0 for a row alone
    X, labels = np.asarray(X, float), np.asarray(labels)
    names = np.unique(labels)
    if len(names) < 2:
        raise ValueError("a silhouette needs two clusters")
    distance = np.sqrt(((X[:, None] - X) ** 2).sum(axis=2))
    values = []
    for i, own in enumerate(labels):
        size = (labels == own).sum()
        if size == 1:
            values.append(0.0)
            continue
        a = distance[i, labels == own].sum() / (size - 1)
        b = min(distance[i, labels == other].mean() for other in names if other != own)
        values.append((b - a) / max(a, b))
    return float(np.mean(values))
    ### END SOLUTION

# %%
check(silhouette)

# %%
progress("02")
