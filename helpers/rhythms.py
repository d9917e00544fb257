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


def early_or_late_bursts(rng: np.random.Generator, n: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Weekly sequences X float32 (n, T, 2) in which only *when* tells who leaves, and y (n,), half of each: 1 for who leaves.

    Everybody has one burst of three strong weeks on the same noise: whoever leaves had it in the first half, whoever stays in the second,
    never within four weeks of an end. What happened is the same for both, so a pooling over all weeks cannot tell them apart. The second
    channel is noise.  T at least 20.
    """
    y = rng.permutation(np.arange(n) % 2)
    middle = T // 2
    start = np.where(y == 1, rng.integers(4, middle - 2, n), rng.integers(middle + 1, T - 6, n))
    X = rng.normal(0, .35, (n, T, 2))
    for week in range(3):
        X[np.arange(n), start + week, 0] += rng.uniform(1.4, 2.2, n)
    return X.astype(np.float32), y


def paused_or_gone(rng: np.random.Generator, n: int, T: int) -> tuple[np.ndarray, np.ndarray]:
    """Weekly sequences X float32 (n, T, 2), channels activity and observed, and y (n,), half of each: 1 for who fell silent.

    A customer is observed for the last L weeks; the T - L rows before are padding, zeros in both channels. Everybody buys in a rhythm of one
    or two weeks and is silent once for six to eight weeks: who stays had that pause earlier and came back from it, who is gone has been
    silent ever since. Number and size of purchases, age and length of the silence have the same distribution for both. So whoever skips the
    silent weeks, as a mask on the bare activity does, sees the same customers twice.  T at least 18.
    """
    y = rng.permutation(np.arange(n) % 2)
    X = np.zeros((n, T, 2), np.float32)
    for i in range(n):
        silent = int(rng.integers(6, 9))
        length = int(rng.integers(silent + 9, T + 1))
        active = length - silent
        mark = int(rng.integers(3, active - 3))
        before = active if y[i] else mark
        bought = np.where(np.arange(active) % int(rng.integers(1, 3)) == 0, rng.uniform(.5, 1.5, active), 0)
        # A purchase before the silence, so that its length is known, wherever it stands; and for all alike, so that their number tells nothing.
        bought[[mark - 1, active - 1]] = rng.uniform(.5, 1.5, 2)
        X[i, T - length:, 0] = np.concatenate([bought[:before], np.zeros(silent), bought[before:]])
        X[i, T - length:, 1] = 1
    return X, y


def ended_interests(rng: np.random.Generator, n: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """What n shoppers bought, as ids of words, int32 (n, 3K + 12), the latest last, and which of K interests are current, (n, K) of 0 and 1.

    The vocabulary has 7K words, 1 to 7K in an order drawn anew: four for each category, the others belong to none. Shorter histories are
    padded in front with 0. Everybody bought three words of **every** category. One of the three stands among the last six steps if the
    interest is current; if it ended, all three lie further back, with up to three words of no category in between. An interest is current as
    often as not, whatever the others are. So how often a word was bought tells nothing; only when.  K at most 6.
    """
    words = rng.permutation(7 * K) + 1
    own, other = words[:4 * K].reshape(K, 4), words[4 * K:]
    current = rng.integers(0, 2, (n, K))
    ids = np.zeros((n, 3 * K + 12), np.int32)
    for row, now in zip(ids, current, strict=True):
        bought = own[np.arange(K)[:, None], rng.integers(0, 4, (K, 3))]
        rest = rng.choice(other, int(rng.integers(6, 13)))
        late, between = 6 - int(now.sum()), 3
        last = np.concatenate([bought[now == 1, 0], rest[:late]])
        middle = rest[late:late + between]
        first = np.concatenate([bought[now == 1, 1:].ravel(), bought[now == 0].ravel(), rest[late + between:]])
        history = np.concatenate([rng.permutation(first), middle, rng.permutation(last)])
        row[len(row) - len(history):] = history
    return ids, current


def tagged_texts(rng: np.random.Generator, n: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    """Short texts as ids of words, int32 (n, 16), and which of K keywords each is about, (n, K) of 0 and 1.

    The vocabulary has 20K words, 1 to 20K in an order drawn anew: four for each keyword, the others belong to none. A text is about none to
    four keywords, each number as often. Of every keyword it is about it holds two or three of the four words, and is filled up with others to 12 to
    16 words, in any order; shorter ones are padded in front with 0. Length tells nothing; unlike in `ended_interests`, which words occur tells
    all.  K at least 4.
    """
    words = rng.permutation(20 * K) + 1
    own, other = words[:4 * K].reshape(K, 4), words[4 * K:]
    tags = np.zeros((n, K), int)
    ids = np.zeros((n, 16), np.int32)
    for row, about in zip(ids, tags, strict=True):
        about[rng.permutation(K)[:rng.integers(0, 5)]] = 1
        told = np.concatenate([other[:0], *(rng.permutation(own[k])[:rng.integers(2, 4)] for k in np.flatnonzero(about))])
        text = rng.permutation(np.concatenate([told, rng.choice(other, int(rng.integers(12, 17)) - len(told))]))
        row[len(row) - len(text):] = text
    return ids, tags


def plans_in_turn(rng: np.random.Generator, n: int, T: int, M: int, plans: int) -> np.ndarray:
    """What n shoppers bought, as ids of items, int32 (n, T), the latest last; up to a third of the steps in front are padding, 0.

    Every shopper works through some plans, one purchase each in turn. So what comes next follows on what was bought `plans` purchases ago,
    and on nothing in between: it is that item's successor five times in six, any item else. Items 1 to M, in an order drawn anew, form rings of
    four, each the next one's predecessor. All items are equally popular, and after two rounds a shopper's purchases hold most of each ring: only
    the order tells. The first purchase of each plan is any item.  M a multiple of 4.
    """
    successor = np.zeros(M + 1, int)
    rings = rng.permutation(np.arange(1, M + 1)).reshape(-1, 4)
    successor[rings] = np.roll(rings, -1, axis=1)
    ids = rng.integers(1, M + 1, (n, T))
    follows = rng.random((n, T)) < 5 / 6
    first = rng.integers(0, T // 3 + 1, n)
    for t in range(plans, T):
        ids[:, t] = np.where(follows[:, t] & (t - plans >= first), successor[ids[:, t - plans]], ids[:, t])
    ids[np.arange(T) < first[:, None]] = 0
    return ids.astype(np.int32)
