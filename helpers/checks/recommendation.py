"""The exercises of lesson 05: a ranking judged, models of items and of sequences, losses, and what stands between a model and a page.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Where one number decides between two answers, the random cases are drawn so that rounding cannot.
"""

from __future__ import annotations

import math

import numpy as np

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.checks.training import fit_and_rank, hits_at_least
from helpers.language import Text
from helpers.rhythms import plans_in_turn


@exercise(level="core", minutes=15, points=20, short=True, uses=("numpy",), judge=close(rtol=1e-9), cases=50, hints=(
    Text("You need no sorting. Two numbers of a row are enough: how many ranked items score strictly higher than the target, and how many "
         "score the same, the target among them.",
         "不需要排序。每行只要两个数：参与排名的物品中，分数严格高于目标的有几个，分数与目标相同的（含目标自己）有几个。"),
    Text("With a items above and e equal ones, the target stands at each of the positions a + 1 … a + e equally often. Take the mean of "
         "the metric over these positions, not the metric of the mean position.",
         "若 a 个在上、e 个相同，目标以相同概率处在第 a + 1 … a + e 位。对这些位置上的指标求平均，而不是取平均位置的指标。"),
    Text("Which items are ranked: `~seen`, and then `ranked[rows, target] = True`. Items that are not ranked are not counted at all; no "
         "score has to change.",
         "参与排名的物品：`~seen`，再令 `ranked[rows, target] = True`。不参与排名的物品不计数即可，不必改任何分数。"),
    Text("Let `gain[p]` be the sum of 1/log2(1 + position) over the first p positions (`np.cumsum`, with a 0 in front). A row's NDCG is "
         "(gain[min(a + e, k)] − gain[min(a, k)]) / e.",
         "令 `gain[p]` 为前 p 个位置上 1/log2(1 + 位置) 之和（`np.cumsum`，前面补 0）。"
         "一行的 NDCG 是 (gain[min(a + e, k)] − gain[min(a, k)]) / e。"),
))
def hr_ndcg_at_k(rng):
    alike = Text("tied items stand in every order equally often: equal scores for all are worth k/M",
                 "同分物品的每种次序等概率：全部同分时命中率为 k/M")
    part = Text("ties below or above the cut, and across it", "同分全在截断线内、全在线外，或跨过截断线")
    absent = Text("seen items are not ranked, whatever the signs of the scores", "已看过的物品不参与排名，无论分数正负")
    kept = Text("the target is ranked even if it was seen", "目标即使看过也参与排名")
    long = Text("k above the number of ranked items: every target is found, at its own position",
                "k 大于参与排名的物品数：目标必被找到，位置照旧")
    exact = Text("only exactly equal scores are tied", "只有完全相等的分数才算同分")
    refused = Text("k below 1 is refused", "k 小于 1 时报错")

    def told(scores, target, k, seen=None):
        scores = np.array(scores, float)
        return case(scores, np.array(target), k) if seen is None else case(scores, np.array(target), k, np.array(seen, bool))

    yield told([[.9, .4, .4, .1]], [1], 2)
    yield told([[3., 1., 2., 0.], [0., 5., 1., 4.]], [2, 2], 3)
    yield told([[-1.5, -.5, -2., -.5, -1.]], [4], 3, [[0, 1, 0, 0, 0]])
    yield told([[2., 1., 1., 1., 3., 1.], [1., 1., 2., 2., 2., 0.]], [3, 3], 3, [[1, 0, 0, 0, 0, 1], [0, 0, 0, 1, 0, 1]])
    yield told([[1., 1., 1., 1.]], [2], 2).shows(alike)
    yield told([[0.] * 5, [-2.] * 5, [.5] * 5], [0, 4, 1], 3).shows(alike)
    yield told([[2., 2., 1., 1., 1., 0.], [1., 2., 0., 1., 2., 0.]], [0, 2], 3).shows(part)
    yield told([[3., 1., 3., 3., 1., 3., 1.]], [4], 5).shows(part)
    yield told([[2., 2., 1., 0.]], [1], 3).shows(part)
    yield told([[-3., -1., -2., -4., -1.]], [0], 2, [[0, 1, 0, 0, 1]]).shows(absent)
    yield told([[4., 0., -1., 0.], [1., -2., 0., 3.]], [2, 1], 2, [[1, 1, 0, 0], [0, 0, 1, 1]]).shows(absent)
    yield told([[5., 4., 3., 2.]], [0], 1, [[1, 0, 0, 0]]).shows(kept)
    yield told([[1., 2., 2., 0.], [0., -1., 1., -1.]], [2, 3], 2, [[1, 1, 1, 0], [0, 1, 1, 1]]).shows(kept)
    yield told([[3., 2., 1.]], [2], 10).shows(long)
    yield told([[1., 2., 0., 2., 0.], [0., 0., 1., 3., 2.]], [4, 1], 5, [[0, 1, 0, 0, 0], [1, 0, 0, 0, 1]]).shows(long)
    yield told([[1., 1. + 1e-9, 1., 0.]], [0], 1).shows(exact)
    yield told([[.3, .3 - 1e-10, .2, .3]], [0], 2).shows(exact)
    yield told([[2., 1., 0.]], [0], 0).raises(ValueError).shows(refused)
    yield told([[2., 1., 0.]], [0], -1).raises(ValueError).shows(refused)
    while True:
        n, M = int(rng.integers(2, 7)), int(rng.integers(5, 12))
        # Quarters, so that ties are exact; mostly below zero, so that a 0 in place of a score would stand at the top.
        scores = rng.integers(-6, 3, (n, M)) / 4
        target, k = rng.integers(0, M, n), int(rng.integers(2, 5))
        seen = rng.random((n, M)) < .4
        seen[0, (target[0] + 1) % M] = True
        yield case(scores, target, k, seen) if rng.random() < .75 else case(scores, target, k)


@exercise(level="core", minutes=15, points=20, short=True, uses=("numpy", "scipy"), judge=close(rtol=1e-7, atol=1e-9), cases=40, hints=(
    Text("Everything follows from one M × M table, XᵀX: how often two items stand with the same household. Where does l2 go?",
         "一切都来自一张 M × M 的表 XᵀX：两个物品在同一家庭出现多少次。l2 加在哪里？"),
    Text("P = (XᵀX + l2·I)⁻¹, with I the identity: `l2 * np.eye(M)`. A bare `+ l2` adds to every entry.",
         "P = (XᵀX + l2·I)⁻¹，I 是单位矩阵：`l2 * np.eye(M)`。直接 `+ l2` 会加到每个元素上。"),
    Text("Entry (i, j) is −P[i, j] / P[j, j]: `-P / np.diag(P)` divides column j by P[j, j]. Then the diagonal becomes 0.",
         "元素 (i, j) 是 −P[i, j] / P[j, j]：`-P / np.diag(P)` 正是把第 j 列除以 P[j, j]。最后把对角线置 0。"),
))
def ease(rng):
    ridge = Text("two items: the one weight of a ridge regression, Σxy / (Σxx + l2)", "两个物品：岭回归的唯一权重 Σxy / (Σxx + l2)")
    counts = Text("entries are used as they are: bought three times is a 3", "元素按原值使用：买过三次就是 3")
    truths = Text("a table of True and False is one of ones and zeros", "True/False 表等同于 1/0 表")
    nobody = Text("an item nobody bought predicts nothing and is predicted by nothing", "没人买过的物品不预测别人，也不被别人预测")
    wide = Text("fewer households than items", "家庭数少于物品数")
    single = Text("a single item has nobody to be predicted by: 0", "只有一个物品时无从预测：0")
    refused = Text("l2 of 0 or less is refused", "l2 小于或等于 0 时报错")
    yield case(np.array([[1, 1], [1, 0], [1, 1]]), 1.)
    yield case(np.array([[2, 1, 0], [0, 1, 1], [1, 3, 0], [1, 0, 1]]), 2.)
    yield case(np.array([[1., 2., 0.], [0., 1., 4.], [3., 1., 1.], [0., 0., 2.], [1., 0., 1.]]), .5)
    yield case(np.array([[1, 2], [3, 1], [0, 2]]), 4.).shows(ridge)
    yield case(np.array([[3, 1, 0], [0, 1, 2], [1, 0, 1], [0, 4, 1]]), 3.).shows(counts)
    yield case(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], bool), 1.5).shows(truths)
    yield case(np.array([[1, 0, 2], [3, 0, 1], [0, 0, 1], [1, 0, 0]]), 2.).shows(nobody)
    yield case(np.array([[1, 0, 2, 1, 0], [0, 1, 1, 0, 3]]), 1.).shows(wide)
    yield case(np.array([[2, 1, 0, 1]]), .5).shows(wide)
    yield case(np.array([[1], [2], [0]]), 3.).shows(single)
    yield case(np.array([[1, 0], [1, 1]]), 0.).raises(ValueError).shows(refused)
    yield case(np.array([[1, 0], [1, 1]]), -2.).raises(ValueError).shows(refused)
    while True:
        M = int(rng.integers(3, 8))
        n = M + int(rng.integers(2, 9))
        X = rng.poisson(rng.uniform(.5, 1.6, M), (n, M))
        # Everybody's favourite, an item that is not binary, and no item that nobody bought: those have a rule of their own.
        X[:, 0] += 1
        X[0] += 1
        X[rng.integers(1, n), 1] = 4
        yield case(X.astype(float) if rng.random() < .5 else X, round(float(rng.uniform(1.5, 12)), 2))


def _tokens(rng, B: int, T: int, d: int, e: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries, keys and values whose softmax is neither flat nor a single one."""
    return rng.normal(0, 1.3, (B, T, d)).round(2), rng.normal(0, 1.3, (B, T, d)).round(2), rng.normal(0, 1, (B, T, e)).round(2)


def _padding(lengths, T: int) -> np.ndarray:
    """True where a sequence of this length, padded in front, has padding."""
    return np.arange(T) < T - np.asarray(lengths)[:, None]


@exercise(level="core", minutes=20, points=20, uses=("numpy",), judge=close(rtol=1e-8), cases=42, hints=(
    Text("Write down the shapes first: `Q @ K.transpose(0, 2, 1)` is (B, T, T), row = who asks, column = who is asked. The softmax runs "
         "over the last axis.",
         "先写出形状：`Q @ K.transpose(0, 2, 1)` 是 (B, T, T)，行是查询者，列是被查询者。softmax 沿最后一个轴。"),
    Text("One table of what is allowed: `np.tril(np.ones((T, T), bool)) & ~pad[:, None, :]`. Where it is False the logit becomes −inf, "
         "*before* the softmax.",
         "一张「允许」表：`np.tril(np.ones((T, T), bool)) & ~pad[:, None, :]`。为 False 的位置，在 softmax *之前*把 logit 置为 −inf。"),
    Text("Subtract each row's largest **allowed** logit before `np.exp`. In a row without any it is −inf, and −inf − (−inf) is nan: take 0 "
         "there.",
         "`np.exp` 之前减去每行**允许的** logit 的最大值。整行都不允许时它是 −inf，而 −inf − (−inf) 是 nan：此时改减 0。"),
    Text("Such a row's weights are then all 0, and so is their sum. Divide by 1 where the sum is 0.",
         "这样的行权重全为 0，和也为 0。和为 0 时改为除以 1。"),
))
def causal_attention(rng):
    own = Text("the first step sees itself alone: its output is its own value", "第一步只看到自己：输出就是自己的 V")
    later = Text("what comes later changes no earlier output", "后面的内容不改变前面的输出")
    padded = Text("what stands at padding changes no output", "填充位置的内容不改变任何输出")
    nothing = Text("a step that sees nothing but padding returns zeros", "只能看到填充的步返回全 0")
    behind = Text("padding behind or between hides the key, not the question: that step is answered like any other",
                  "填充在后面或中间时，隐藏的是键而不是查询：该步照常得到输出")
    large = Text("logits in the thousands stay finite, also where a hidden key has the largest",
                 "logit 上千时结果仍有限，被隐藏的键最大时也一样")
    two = np.array([[[1., 0.], [0., 2.]]])
    yield case(two, np.array([[[1., 1.], [2., 1.]]]), np.array([[[1., 0.], [0., 1.]]]), np.array([[False, False]]))
    first = np.random.default_rng(5)        # cases by hand keep their numbers, whatever the seed
    yield case(*_tokens(first, 2, 4, 3, 2), _padding([3, 4], 4))
    yield case(*_tokens(first, 3, 5, 2, 1), _padding([2, 5, 4], 5))
    yield case(*_tokens(rng, 2, 1, 3, 2), np.zeros((2, 1), bool)).shows(own)
    yield case(*_tokens(rng, 1, 3, 4, 4), np.zeros((1, 3), bool)).shows(own)
    Q, K, V = _tokens(rng, 2, 5, 3, 2)
    pad = _padding([4, 5], 5)
    yield case(Q, K, V, pad).shows(later)
    Q, K, V = (each.copy() for each in (Q, K, V))
    for each in (Q, K, V):
        each[:, 3:] = rng.normal(0, 3, each[:, 3:].shape).round(2)
    yield case(Q, K, V, pad).shows(later)
    pad = _padding([3, 4], 5)
    yield case(Q, K, V, pad).shows(padded)
    Q, K, V = (np.where(pad[:, :, None], 50 * each + 50, each) for each in (Q, K, V))
    yield case(Q, K, V, pad).shows(padded)
    yield case(*_tokens(rng, 3, 4, 2, 3), _padding([0, 2, 4], 4)).shows(nothing)
    yield case(*_tokens(rng, 1, 2, 3, 1), np.ones((1, 2), bool)).shows(nothing)
    yield case(*_tokens(rng, 2, 5, 3, 2), np.array([[0, 0, 0, 1, 1], [0, 0, 0, 0, 1]], bool)).shows(behind)
    yield case(*_tokens(rng, 2, 5, 2, 3), np.array([[0, 1, 0, 0, 1], [1, 0, 1, 0, 0]], bool)).shows(behind)
    # Queries and keys of one number, so that a logit is a product: large and all alike; negative; and largest where nobody may look.
    line = np.array([[[1.], [2.], [3.]]])
    yield case(1000 * line / line, line, line, np.array([[False, False, False]])).shows(large)
    yield case(-1000 * line / line, line, line, np.array([[False, False, False]])).shows(large)
    yield case(np.array([[[900.], [900.], [-900.]]]), np.array([[[1.], [1.], [1.]]]), line, np.array([[False, False, False]])).shows(large)
    yield case(1000 * line / line, np.array([[[9.], [1.], [1.001]]]), line, np.array([[True, False, False]])).shows(large)
    yield case(1000 * line / line, np.array([[[1.], [1.002], [8.]]]), line, np.array([[False, False, False]])).shows(large)
    while True:
        B, T, d, e = int(rng.integers(2, 4)), int(rng.integers(4, 7)), int(rng.integers(2, 6)), int(rng.integers(1, 5))
        # The first sequence shorter than the second: a mask taken from one for all is seen; now and then one that is padding alone.
        lengths = np.array([rng.integers(2, T), T, rng.integers(0, T + 1)][:B])
        order = rng.permutation(B)
        yield case(*_tokens(rng, B, T, d, e), _padding(lengths[order], T))


def _batch(rng, B: int, d: int, items: int, temperature: float):
    """A batch as training draws it: popular items come twice, equal items have equal vectors and one log q."""
    share = rng.dirichlet(np.full(items, 1.2)) * .8 + .2 / items
    vectors = rng.normal(0, .8, (items, d)).round(3)
    ids = rng.choice(items, B, p=share)
    ids[rng.permutation(B)[:2]] = ids[0]        # at least one item that comes twice
    return case(rng.normal(0, .8, (B, d)).round(3), vectors[ids], 101 + 7 * ids, np.log(share)[ids].round(4), temperature)


@exercise(level="core", minutes=15, points=15, uses=("numpy",), judge=close(rtol=1e-8), cases=40, hints=(
    Text("One table of logits, (B, B): row = customer, column = item. What belongs to the item, log_q, goes along the columns: "
         "`log_q[None, :]`.",
         "一张 (B, B) 的 logit 表：行是用户，列是物品。属于物品的量 log_q 沿列方向减去：`log_q[None, :]`。"),
    Text("`item_ids[:, None] == item_ids[None, :]` is True at accidental hits, and on the diagonal, too. Take the diagonal out, then set "
         "the rest to −inf.",
         "`item_ids[:, None] == item_ids[None, :]` 在意外命中处为 True，在对角线上也为 True。先去掉对角线，再把其余的置为 −inf。"),
    Text("ln Σ exp(z) = m + ln Σ exp(z − m) with m the largest of the row. The loss of a row is that, minus its entry on the diagonal.",
         "ln Σ exp(z) = m + ln Σ exp(z − m)，m 是该行最大值。一行的损失等于它减去该行对角线上的元素。"),
))
def in_batch_softmax_loss(rng):
    shifted = Text("a constant added to log_q changes nothing", "log_q 整体加一个常数，结果不变")
    accidental = Text("the row's own item in another column is no negative", "本行物品出现在其他列时不算负样本")
    twice = Text("another item that stands in two columns counts twice", "别的物品占两列就算两次")
    alone = Text("nothing to compare with: one row, or one item in all rows, has loss 0",
                 "没有可比较的：只有一行，或所有行是同一物品，损失为 0")
    large = Text("logits in the thousands: a finite loss", "logit 上千时损失仍有限")
    plain = Text("one log_q for all: the plain softmax cross-entropy", "log_q 全相同：就是普通的 softmax 交叉熵")
    q, c = np.eye(2), np.array([[1., 1.], [0., 2.]])
    yield case(q, c, np.array([7, 9]), np.log([.5, .1]).round(4), .5)
    q, c = np.array([[1., -.5], [.2, .8], [-.4, .6]]), np.array([[.5, -1.], [.3, .9], [.5, -1.]])
    yield case(q, c, np.array([12, 5, 12]), np.array([-1., -2.5, -1.]), .8)
    yield case(*_batch(np.random.default_rng(3), 5, 2, 4, .7).args)
    same = _batch(rng, 5, 3, 4, .5).args
    for constant in (0., 4.):
        yield case(*same[:3], same[3] + constant, same[4]).shows(shifted)
    q, c = np.array([[2., 1.], [1., 2.], [0., 1.]]), np.array([[1., 1.], [1., 1.], [1., 0.]])
    yield case(q, c, np.array([4, 4, 8]), np.log([.4, .4, .2]), 1.).shows(accidental)
    q, c = np.array([[1., 0.], [0., 1.], [1., 1.]]), np.array([[.5, 1.], [1., -1.], [1., -1.]])
    yield case(q, c, np.array([3, 6, 6]), np.log([.25, .5, .5]), 2.).shows(twice)
    yield case(np.array([[.4, 1.]]), np.array([[1.5, .3]]), np.array([2]), np.array([-3.]), .5).shows(alone)
    yield case(np.array([[.4, 1.], [-1., .2]]), np.array([[1.5, .3]] * 2), np.array([2, 2]), np.array([-1., -1.]), .5).shows(alone)
    yield case(np.array([[30., 0.], [0., 20.]]), np.array([[30., 1.], [29.99, 20.]]), np.array([1, 2]), np.log([.3, .1]), .4).shows(large)
    yield case(np.array([[-50., 0.], [0., -30.]]), np.array([[30., 10.], [30., 10.]]), np.array([1, 2]), np.log([.3, .1]), .5).shows(large)
    yield case(*same[:3], np.full(5, -1.5), same[4]).shows(plain)
    while True:
        B, d, items = int(rng.integers(5, 10)), int(rng.integers(2, 5)), int(rng.integers(4, 8))
        yield _batch(rng, B, d, items, float(rng.choice([.25, .4, .5, .7, 1.6])))


NEXT_BOUND = .5
"""Smallest share of new histories whose next item must be the likeliest, of `build_recommender_cnn` and `build_sasrec`.

Measured: of 20 draws the reference CNN reached .818 to .876; of four to five, SASRec .80 to .86, the other right answers .756 to .846. What is refused
by hits alone: one layer of kernel 3 .012 to .030, ids as numbers .052 to .118, attention without positions .11, without attention .02, normed after
each part .10 to .17. A convolution
with padding "same" may reach .70, and is refused by the probe.
"""

_ANY_CATALOGUE = Text("another catalogue and another length work as well, and earlier steps do not see later ones",
                      "换一个商品目录和长度也能工作，前面的步看不到后面的步")


def _histories(rng, length: int, M: int, plans: int):
    """Training sequences, new histories and what came next.  The last item of the catalogue is in both, since graders find a missing row by it."""
    ids = plans_in_turn(rng, 1100, length + 1, M, plans)
    ids[0, -2], ids[700, -2] = M, M
    return ids[:600], ids[600:, :-1], ids[600:, -1]


@exercise(level="core", minutes=20, points=25, short=True, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_rank(epochs=6, batch_size=32), judge=hits_at_least(NEXT_BOUND), hints=(
              Text("How many steps does one causal convolution with a kernel of 3 see? What came four purchases ago decides here: the answer after step t "
                   "must see step t − 3.",
                   "卷积核为 3 的一层因果卷积能看到几步？这里起决定作用的是四次购买之前的商品：第 t 步之后的回答必须看到第 t − 3 步。"),
              Text("`real = ops.cast(ops.expand_dims(ids > 0, -1), \"float32\")` is 0 at padding. Multiply by it after the Embedding and after each "
                   "convolution, whose bias else makes numbers out of nothing.",
                   "`real = ops.cast(ops.expand_dims(ids > 0, -1), \"float32\")` 在填充步为 0。Embedding 之后、每层卷积之后都乘上它，否则偏置会无中生有。"),
              Text("Input((None,), dtype=\"int32\"); Embedding(n_items + 1, 32); twice Conv1D(32, 3, padding=\"causal\", activation=\"relu\"), the second "
                   "with dilation_rate=2; Dense(n_items, activation=\"softmax\"); sparse_categorical_crossentropy and Adam(0.01).",
                   "Input((None,), dtype=\"int32\")；Embedding(n_items + 1, 32)；两层 Conv1D(32, 3, padding=\"causal\", activation=\"relu\")，第二层 "
                   "dilation_rate=2；Dense(n_items, activation=\"softmax\")；损失用 sparse_categorical_crossentropy，优化器用 Adam(0.01)。"),
          ))
def build_recommender_cnn(rng):
    learn, new, came = _histories(rng, 18, 40, 4)
    yield case(40, 18).trains_on(learn).predicts(new, truth=came)
    _, other, _ = _histories(rng, 15, 28, 3)
    yield case(28, 15).predicts(other[100:160]).shows(_ANY_CATALOGUE)


@exercise(level="stretch", minutes=30, uses=("keras", "tensorflow"), cases=2, seconds=120,
          call=fit_and_rank(epochs=8, batch_size=32), judge=hits_at_least(NEXT_BOUND), hints=(
              Text("An item's vector is the sum of two embeddings, of its id and of its place. `ops.cumsum(ops.cast(ids > 0, \"int32\"), axis=1)` is the "
                   "place: 1 for the oldest item, 0 for padding.",
                   "商品的向量是两个嵌入之和：id 的嵌入与位置的嵌入。`ops.cumsum(ops.cast(ids > 0, \"int32\"), axis=1)` 就是位置：最早的商品为 1，填充为 0。"),
              Text("One block: h = LayerNormalization()(x); x = x + MultiHeadAttention(2, size // 2)(h, h, attention_mask=ops.expand_dims(ids > 0, 1), "
                   "use_causal_mask=True). Then the same with two Dense layers in place of the attention.",
                   "一个块：h = LayerNormalization()(x)；x = x + MultiHeadAttention(2, size // 2)(h, h, attention_mask=ops.expand_dims(ids > 0, 1), "
                   "use_causal_mask=True)。然后用两个 Dense 层代替注意力，再做一次。"),
              Text("The mask tells each step which others it may look at: real ones, of shape (N, 1, T); the causal mask removes the later ones. At the end a "
                   "LayerNormalization and Dense(n_items, activation=\"softmax\"); Adam(0.003).",
                   "掩码告诉每一步可以看哪些步：真实的步，形状 (N, 1, T)；因果掩码再去掉之后的步。末端是 LayerNormalization 和 "
                   "Dense(n_items, activation=\"softmax\")；Adam(0.003)。"),
          ))
def build_sasrec(rng):
    learn, new, came = _histories(rng, 18, 40, 4)
    yield case(40, 18, 32, 1).trains_on(learn).predicts(new, truth=came)
    _, other, _ = _histories(rng, 15, 28, 3)
    yield case(28, 15, 16, 2).predicts(other[100:160]).shows(_ANY_CATALOGUE)


def _cold_history(rng):
    """Vectors of items and what a shopper liked among them, drawn so that neither a centroid nor a length is close to 0."""
    while True:
        M, d = int(rng.integers(7, 13)), int(rng.integers(3, 6))
        E = (rng.normal(size=(M, d)) * rng.uniform(.3, 4, (M, 1))).round(2)
        E[rng.random(M) < .1] = 0
        liked = rng.permutation(M)[:int(rng.integers(2, 5))]
        liked = np.append(liked, liked[:int(rng.integers(0, 3))])           # some stand there twice
        weight = rng.integers(1, 6, len(liked)).astype(float) if rng.random() < .5 else rng.uniform(.2, 3, len(liked)).round(2)
        length = np.linalg.norm(E, axis=1)
        unit = E / np.where(length > 0, length, 1)[:, None]
        spoken = weight * (length[liked] > 0)
        if min(length[length > 0]) > .1 and np.linalg.norm(spoken @ unit[liked]) > .15 * weight.sum():
            seen = np.unique(np.append(rng.permutation(M)[:int(rng.integers(1, 4))], liked[1:int(rng.integers(1, len(liked)))]))
            return E, liked, weight, seen


@exercise(level="more", minutes=12, uses=("numpy",), judge=close(rtol=1e-9), cases=54, hints=(
    Text("First a copy of E whose rows have length 1. Where the length is 0, divide by 1: a row of zeros stays one.",
         "先得到 E 的一份副本，每行长度为 1。长度为 0 的行除以 1：全零的行保持不变。"),
    Text("`unit[liked]` has one row a line of the history, repeats included. For the centroid: `weight @ unit[liked]`, then its own length has to go.",
         "`unit[liked]` 对历史的每一行给出一行，重复的也在内。质心：`weight @ unit[liked]`，然后还要除以它自己的长度。"),
    Text("For the maximum drop liked rows of zeros first, and look whether any is left: `max` of nothing raises. `seen` comes last: −inf.",
         "求最大值之前先去掉全零的行，再看是否还有剩余：对空数组取 `max` 会报错。最后处理 `seen`：−inf。"),
))
def cold_start_scores(rng):
    any_length = Text("vectors may have any length: only their direction counts", "向量可以是任意长度：只有方向有意义")
    weighs = Text("a weight counts in the centroid, and not in the maximum", "权重影响质心，不影响最大值")
    twice = Text("an item that stands in `liked` twice weighs twice", "在 `liked` 中出现两次的商品，权重相加")
    silent = Text("a row of zeros scores 0, and a liked one says nothing", "全零的行得 0 分；喜欢过的全零行不提供任何信息")
    nothing = Text("nothing liked that has a vector: all scores are 0", "没有喜欢过任何有向量的商品：所有分数为 0")
    masked = Text("what was seen has −inf; what was liked only if it was seen", "看过的为 −inf；喜欢过的只有在看过时才是")
    below = Text("the maximum may be below 0", "最大值可以小于 0")
    refused = Text("another `how` is refused", "其他的 `how` 会报错")
    shelf = [[2., 0.], [0., 1.], [3., 4.], [0., 0.], [-1., 0.]]
    wide = np.array([[1., 2., 2.], [4., 0., 3.], [0., -6., 8.], [2., 2., 1.], [0., 0., 5.], [-2., 1., 2.]])
    both = ("centroid", "max")
    for how in both:
        yield case(shelf, [0, 1], [3., 4.], [0], how)
        yield case(wide, np.array([0, 2, 3]), np.array([1., 3., .5]), np.array([2, 4]), how)
        yield case(np.array([[8., 6.], [.3, -.4], [0., 9.], [5., 0.], [-.6, .8]]), [0, 1], [1., 1.], [1], how).shows(any_length)
        yield case([[.5, 0.], [0., 40.], [3., 4.], [4., -3.]], [1, 0], [2., 1.], [], how).shows(any_length)
        yield case(wide, [1, 5], [9., 1.], [1], how).shows(weighs)
        yield case(wide, [1, 2, 1, 1], [1., 2., 1., .5], [5], how).shows(twice)
        yield case([[0., 0.], [3., 4.], [-4., 3.], [0., -2.]], [0, 1], [5., 1.], [1], how).shows(silent)
        yield case(np.array([[0., 0.], [3., 4.], [-4., 3.], [0., 0.]]), np.array([2, 3]), np.array([1., 1.]), np.array([0]), how).shows(silent)
        yield case(shelf, [], [], [1, 2], how).shows(nothing)
        yield case(np.array(shelf), np.array([3]), np.array([2.]), np.array([3, 0]), how).shows(nothing)
        yield case(shelf, [1, 2], [1., 1.], [2, 4], how).shows(masked)
        yield case(wide, [0, 4], [1., 2.], [1, 3], how).shows(masked)
        yield case(shelf, [2, 0], [1., 2.], [], how).shows(masked)
    yield case([[4., 3.], [-1., 0.], [-3., -4.], [0., -7.]], [0], [1.], [2], "max").shows(below)
    yield case([[1., 0.], [0., 2.], [-3., -4.], [-5., -12.]], [0, 1], [1., 2.], [0], "max").shows(below)
    for how in ("mean", "maximum", ""):
        yield case(shelf, [0, 1], [3., 4.], [0], how).raises(ValueError).shows(refused)
    while True:
        for how in both:
            E, liked, weight, seen = _cold_history(rng)
            yield case(E, liked, weight, seen, how) if rng.random() < .7 else case(E.tolist(), liked.tolist(), weight.tolist(), seen.tolist(), how)


def _din_network(rng, d, hidden=3):
    return ((rng.normal(size=(4 * d, hidden)) * .8).round(2), (rng.normal(size=hidden) * .5).round(2), rng.normal(size=hidden).round(2),
            round(float(rng.normal()), 2))


@exercise(level="more", minutes=15, uses=("numpy",), judge=close(rtol=1e-9), cases=44, hints=(
    Text("The network sees a step and the target side by side. Give the target a step axis, `target[:, None, :]`, and let "
         "`np.broadcast_to` repeat it.",
         "网络同时看到历史中的一步与目标。给目标加一个步的轴：`target[:, None, :]`，再用 `np.broadcast_to` 复制。"),
    Text("`np.concatenate([h, t, h - t, h * t], axis=-1)` is (B, T, 4d). One hidden layer with ReLU, one number at the end: weights (B, T).",
         "`np.concatenate([h, t, h - t, h * t], axis=-1)` 的形状是 (B, T, 4d)。一个 ReLU 隐层，最后输出一个数：权重 (B, T)。"),
    Text("Set the weights of padding to 0 *after* the network: a step of zeros comes out of it as a bias. Then `np.einsum(\"bt,btd->bd\", weight, "
         "history)`, and no division.",
         "在网络*之后*把填充的权重置 0：全零的一步经过网络会得到偏置。然后 `np.einsum(\"bt,btd->bd\", weight, history)`，不做任何除法。"),
))
def din_pool(rng):
    padding = Text("what stands in padding changes nothing", "填充处的内容不影响结果")
    intensity = Text("the same history twice: twice the vector", "同样的历史重复一遍：向量变为两倍")
    order = Text("the order of the steps does not matter", "步的顺序不影响结果")
    alone = Text("a step that is alone keeps its weight", "只有一步时，它保持自己的权重")
    negative = Text("a weight may be negative", "权重可以为负")
    nobody = Text("nothing but padding: zeros", "全是填充时：零向量")
    tiny = ([[1.], [0.], [0.], [1.]], [0.], [1.], .5)
    yield case([[[2.], [1.], [9.]]], [[1.]], [[True, True, False]], *tiny)
    pair = (np.array([[1., 0.], [2., 1.], [0., -1.], [1., 1.], [1., 2.], [-1., 0.], [0., 1.], [3., -2.]]), np.array([1., -1.]), np.array([2., -1.]), -.5)
    yield case(np.array([[[1., 2.], [0., 1.], [3., -1.]], [[2., 2.], [-1., 4.], [5., 5.]]]), np.array([[1., 1.], [2., -1.]]),
               np.array([[True, True, True], [True, True, False]]), *pair)
    for _ in range(2):
        d = 2
        net = _din_network(rng, d)
        h, t = rng.normal(size=(2, 3, d)).round(2), rng.normal(size=(2, d)).round(2)
        real = np.array([[True, True, False], [True, False, True]])
        yield case(h, t, real, *net).shows(padding)
        other = np.where(real[:, :, None], h, rng.choice([-8., 5., 30.], h.shape))
        yield case(other, t, real, *net).shows(padding)
        yield case(np.concatenate([np.zeros((2, 4, d)), h], axis=1), t, np.concatenate([np.zeros((2, 4), bool), real], axis=1), *net).shows(padding)
        yield case(np.concatenate([h, h], axis=1), t, np.concatenate([real, real], axis=1), *net).shows(intensity)
        yield case(h[:, ::-1].copy(), t, real[:, ::-1].copy(), *net).shows(order)
        yield case(h[:, :1], t, real[:, :1], *net).shows(alone)
        yield case(h.tolist(), t.tolist(), np.zeros((2, 3), bool).tolist(), *net).shows(nobody)
    yield case([[[1., 2.], [3., 1.]]], [[1., -1.]], [[True, True]], pair[0], pair[1], np.array([-1., -2.]), -1.).shows(negative)
    yield case([[[2.], [1.], [4.]]], [[1.]], [[True, True, True]], *tiny[:2], [-1.], -.25).shows(negative)
    while True:
        B, T, d, hidden = (int(rng.integers(*ends)) for ends in ((2, 5), (3, 7), (2, 4), (2, 5)))
        h, t = rng.normal(size=(B, T, d)).round(2), rng.normal(size=(B, d)).round(2)
        real = rng.random((B, T)) < .65
        real[0, :2], real[1, 0] = (True, False), True
        h[0, 1] = rng.choice([-3., 4., 6.], d)
        as_lists = rng.random() < .2
        inputs = [part.tolist() if as_lists else part for part in (h, t, real)]
        yield case(*inputs, *_din_network(rng, d, hidden))


@exercise(level="more", minutes=12, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=46, hints=(
    Text("One user at a time: her scores of y = 1, her scores of y = 0. If one of the two is empty, she has no AUC and takes no part.",
         "一次处理一个用户：她 y = 1 的分数，她 y = 0 的分数。任一为空，她就没有 AUC，不参与计算。"),
    Text("AUC is a share of pairs: `(pos[:, None] > neg).mean() + (pos[:, None] == neg).mean() / 2`.",
         "AUC 是成对比较的比例：`(pos[:, None] > neg).mean() + (pos[:, None] == neg).mean() / 2`。"),
    Text("Σ weight · AUC / Σ weight, both sums over the *same* users. Look whether there are any before you divide.",
         "Σ 权重 · AUC / Σ 权重，两个求和针对*同一批*用户。相除之前先看是否还有用户。"),
))
def gauc(rng):
    skipped = Text("who has only one class is skipped, weight and all", "只有一类的用户连同权重一起略去")
    ties = Text("equal scores of a user count ½", "同一用户的相等分数计 ½")
    one = Text("one user: the plain AUC", "只有一个用户时就是普通 AUC")
    nobody = Text("nobody has both classes: nan", "没有任何用户两类都有：nan")
    given = Text("given weights stand in place of the impressions", "给定的权重取代曝光数")
    across = Text("a user's level does not matter: only her own order", "用户自身的水平不影响结果：只看她自己的排序")
    mixed = Text("a user's rows may stand anywhere", "同一用户的行可以在任意位置")
    yield case([1, 0, 0, 1, 0], [.9, .1, .2, .3, .6], ["ann", "ann", "ann", "bob", "bob"])
    yield case(np.array([0, 1, 1, 0, 0, 1, 0]), np.array([.2, .5, .1, .3, .6, .4, .9]), np.array([7, 7, 7, 7, 3, 3, 3]))
    yield case([1, 0, 1, 0, 0, 1, 1], [.4, .3, .1, .7, .2, .9, .6], [5, 5, 5, 5, 8, 8, 2], {5: 1., 8: 3., 2: 6.})
    yield case([1, 0, 0, 0, 0, 1, 0], [.9, .1, .4, .5, .3, .2, .6], ["a", "a", "b", "b", "b", "c", "c"]).shows(skipped)
    yield case([1, 0, 1, 1, 1, 1, 0], [.9, .1, .4, .5, .3, .2, .6], [1, 1, 2, 2, 2, 3, 3]).shows(skipped)
    yield case([1, 0, 0, 1, 1, 0], [.9, .1, .4, .3, .2, .8], [1, 1, 2, 3, 4, 4], {1: 2., 2: 5., 3: 4., 4: 1.}).shows(skipped)
    yield case([1, 0, 0, 1, 0, 0], [.5, .5, .2, .3, .3, .7], [1, 1, 1, 2, 2, 2]).shows(ties)
    yield case([0, 1, 1, 0, 0, 0], [.5, .5, .2, .3, .5, .7], [4, 4, 4, 4, 4, 4]).shows(ties)
    yield case([0, 1, 0, 1], [.5, .5, .5, .5], [1, 1, 2, 2]).shows(ties)
    yield case([1, 0, 1, 0, 0], [.3, .4, .8, .1, .2], ["u"] * 5).shows(one)
    yield case(np.array([0, 1, 0, 1, 1, 0]), np.array([-1.5, 2., .5, .5, -3., -2.]), np.zeros(6, int)).shows(one)
    yield case([1, 1, 0], [.3, .4, .8], [1, 1, 2]).shows(nobody)
    yield case([0, 0, 0, 0], [.3, .4, .8, .1], [1, 1, 2, 2], {1: 1., 2: 2.}).shows(nobody)
    yield case([], [], []).shows(nobody)
    yield case([1, 0, 0, 1, 0], [.9, .1, .2, .3, .6], ["ann", "ann", "ann", "bob", "bob"], {"bob": 3., "ann": 1., "cyd": 5.}).shows(given)
    yield case([1, 0, 1, 0, 0, 1], [.2, .3, .6, .5, .1, .4], [9, 9, 6, 6, 6, 9], {6: .25, 9: 2.}).shows(given)
    yield case([1, 0, 0, 1, 0, 0], [.92, .91, .9, .13, .12, .11], [1, 1, 1, 2, 2, 2]).shows(across)
    yield case([1, 1, 0, 0, 1, 0], [5., 4., 6., -2., -3., -4.], [1, 1, 1, 2, 2, 2]).shows(across)
    yield case([1, 0, 0, 0, 1, 0], [.9, .4, .1, .6, .3, .5], ["a", "b", "a", "b", "b", "a"]).shows(mixed)
    yield case([0, 1, 1, 0, 0], [.1, .2, .3, .4, .5], [2, 1, 2, 1, 2]).shows(mixed)
    while True:
        U, n = int(rng.integers(4, 8)), int(rng.integers(20, 45))
        user = rng.choice(rng.permutation(50)[:U], n)
        level = rng.normal(size=50)
        y = (rng.random(n) < rng.uniform(.2, .6)).astype(int)
        p = np.clip(.5 + .2 * level[user] + rng.normal(size=n) * .2 + .1 * y, 0, 1).round(1)
        # Always somebody of each kind: without a 1, without a 0, and two with both.
        user = np.concatenate([user, [60, 60, 60, 61, 61, 62, 62, 62, 63, 63]])
        y = np.concatenate([y, [0, 0, 0, 1, 1, 1, 0, 0, 1, 0]])
        p = np.concatenate([p, (rng.integers(0, 6, 10) / 5).round(1)])
        order = rng.permutation(len(y))
        user, y, p = user[order], y[order], p[order]
        names = [f"user {u}" for u in user] if rng.random() < .3 else user
        if rng.random() < .4:
            yield case(y, p, names, {u: float(rng.integers(1, 9)) for u in dict.fromkeys(names if isinstance(names, list) else user.tolist())})
        else:
            yield case(y, p, names) if rng.random() < .7 else case(y.tolist(), p.tolist(), list(names), None)


def _mf_factors(rng, U, M, f):
    return ((rng.normal(size=U) * .6).round(2), (rng.normal(size=M) * .6).round(2), rng.normal(size=(U, f)).round(2), rng.normal(size=(M, f)).round(2))


@exercise(level="more", minutes=10, uses=("numpy",), functions=("mf_predict", "rmse"), judge=close(rtol=1e-9), cases=46, hints=(
    Text("`b_u[user]` and `P[user]` pick a number and a row for each pair. What does NumPy pick at position −1?",
         "`b_u[user]` 与 `P[user]` 为每一对取出一个数和一行。下标 −1 时 NumPy 取的是什么？"),
    Text("Three terms, each with its own condition: b_u where the user is known, b_i where the item is, P·Q where both are. `np.where` sets the others to 0.",
         "三项各有自己的条件：用户已知时加 b_u，商品已知时加 b_i，两者都已知时加 P·Q。其余用 `np.where` 置 0。"),
    Text("The dot product of matching rows is `(P[user] * Q[item]).sum(axis=1)`; `P[user] @ Q[item].T` would pair everybody with everything. Clip "
         "the sum, once.",
         "对应行的点积是 `(P[user] * Q[item]).sum(axis=1)`；`P[user] @ Q[item].T` 会把每个人与每件商品配对。最后对总和截断一次。"),
))
def mf_predict(rng):
    new_user = Text("an unknown user: mu + b_i", "未知用户：mu + b_i")
    new_item = Text("an unknown item: mu + b_u", "未知商品：mu + b_u")
    neither = Text("both unknown: mu", "两者都未知：mu")
    scale = Text("a prediction never leaves the scale", "预测不会超出评分范围")
    none = Text("no pairs: an empty array, and rmse is nan", "没有任何一对时：空数组，rmse 为 nan")
    b_u, b_i = [.5, -.25, .75], [-.5, 1., .25, -1.]
    P, Q = [[1., 0.], [.5, -1.], [-2., 1.]], [[.5, 2.], [1., 1.], [-.5, .25], [.25, -.75]]
    given = (3.5, b_u, b_i, P, Q)
    yield case(*given, [0, 1, 2], [0, 1, 2], 1, 5)
    yield case([4, 3, 5, 2], [3.5, 3, 4, 3]).to("rmse")
    yield case(3., np.array(b_u), np.array(b_i), np.array(P), np.array(Q), np.array([1, 0, 0, 2, 1]), np.array([3, 2, 0, 2, 0]), .5, 5.)
    yield case(np.array([1., 4.5, 3., 5., 2.5]), np.array([2., 4., 3.25, 3., 2.])).to("rmse")
    yield case([5, 4, 3], [4, 3, 2]).to("rmse")
    yield case(*given, [-1, -1, 0], [1, 0, 3], 1, 5).shows(new_user)
    yield case(3., b_u, b_i, P, Q, [-1], [2], 1., 5.).shows(new_user)
    yield case(*given, [1, 0, 2], [-1, -1, 2], 1, 5).shows(new_item)
    yield case(3., b_u, b_i, P, Q, [1], [-1], 1., 5.).shows(new_item)
    yield case(*given, [-1, 1], [-1, 3], 1, 5).shows(neither)
    yield case(2.75, np.array(b_u), np.array(b_i), np.array(P), np.array(Q), np.array([-1, -1]), np.array([-1, -1]), 1., 5.).shows(neither)
    yield case(4.5, b_u, b_i, P, Q, [0, 2, 1], [1, 0, 1], 1, 5).shows(scale)
    yield case(1.5, b_u, b_i, P, Q, [2, 1, 2], [1, 0, 3], 1, 5).shows(scale)
    yield case(9., b_u, b_i, P, Q, [-1, 2, 1], [1, -1, -1], 0., 10.).shows(scale)
    yield case(1.5, b_u, b_i, P, Q, [-1, 1, -1], [3, -1, 0], 1., 10.).shows(scale)
    yield case(*given, np.array([], int), np.array([], int), 1, 5).shows(none)
    yield case([], []).to("rmse").shows(none)
    while True:
        U, M, f, n = (int(rng.integers(*ends)) for ends in ((3, 7), (3, 7), (2, 5), (8, 16)))
        user, item = rng.integers(0, U, n), rng.integers(0, M, n)
        user[rng.random(n) < .2], item[rng.random(n) < .2] = -1, -1
        user[:5], item[:5] = (-1, 0, -1, 1, 2), (1, -1, -1, 0, 2)
        low, high = [(1., 5.), (0., 10.), (.5, 5.)][int(rng.integers(3))]
        mu = round(float(rng.uniform(low + 1, high - 1)), 2)
        given = case(mu, *_mf_factors(rng, U, M, f), user, item, low, high)
        yield given if rng.random() < .7 else case(*(part.tolist() if isinstance(part, np.ndarray) else part for part in given.args))
        truth = rng.integers(1, 6, n).astype(float)
        yield case(truth, (truth + .4 + rng.normal(size=n)).round(2)).to("rmse")


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=0, atol=0), cases=42, hints=(
    Text("Write down one sequence of six items, take the last one away, and draw an arrow from each item to the next. Each arrow is one place in x and y.",
         "写下一个六件商品的序列，去掉最后一件，再从每件商品画一个箭头指向下一件。每个箭头就是 x 和 y 中的一个位置。"),
    Text("Cut off what is held out first: `items[:len(items) - held_out]`. Mind `items[:-0]`, which is empty, and sequences that are shorter than held_out.",
         "先去掉留出的部分：`items[:len(items) - held_out]`。注意 `items[:-0]` 是空的，序列也可能比 held_out 还短。"),
    Text("`length` steps need length + 1 items: `items[-(length + 1):]`. Of these x has all but the last, y all but the first, both written at the end "
         "of a row of zeros.",
         "`length` 步需要 length + 1 件商品：`items[-(length + 1):]`。x 取除最后一件外的全部，y 取除第一件外的全部，都写在一行 0 的末尾。"),
))
def next_item_batches(rng):
    latest = Text("a long sequence keeps its latest steps", "长序列保留最近的若干步")
    short = Text("a sequence without a pair is a row of padding", "没有商品对的序列是一整行填充")
    none_held = Text("held_out = 0 uses every item", "held_out = 0 时使用全部商品")
    several = Text("held_out = 2 keeps the last two out of x and y", "held_out = 2 时最后两件不出现在 x 和 y 中")
    again = Text("an item bought twice in a row is two steps", "连续两次购买同一商品是两步")
    nobody = Text("no sequences: shape (0, length)", "没有序列时：形状为 (0, length)")
    refused = Text("an id below 1, a length below 1 and a negative held_out are refused", "小于 1 的 id、小于 1 的 length、负的 held_out 会报错")
    yield case([[3, 1, 4, 1, 5], [9, 2]], 4)
    yield case([[7, 2, 8, 2, 6, 5], [4, 3, 9], [1, 6, 2, 7]], 3, 1)
    yield case([[1, 2, 3, 4, 5, 6, 7, 8]], 3).shows(latest)
    yield case([[5, 9, 2, 6, 5, 3, 5, 8, 9], [7, 9, 3]], 2, held_out=1).shows(latest)
    yield case([[8, 3], [2, 7, 1], [6], []], 3).shows(short)
    yield case([[4, 2, 9], [3, 8, 6, 7], [5, 1]], 2, held_out=2).shows(short)
    yield case([[1, 2, 3], [8, 3, 6, 2, 5, 7, 4]], 2, held_out=4).shows(short)
    yield case([[2, 7, 1, 8], [3, 5]], 4, held_out=0).shows(none_held)
    yield case([[6], [4, 9, 3, 1, 2]], 2, 0).shows(none_held)
    yield case([[2, 7, 1, 8, 9], [6, 3, 5, 4, 1, 7, 2]], 3, held_out=2).shows(several)
    yield case([[4, 4, 4, 2, 2, 6], [5, 5, 5]], 4).shows(again)
    yield case([], 3).shows(nobody)
    yield case([], 1, held_out=0).shows(nobody)
    yield case([[1, 2, 3], [4, 0, 5, 6]], 3).raises(ValueError).shows(refused)
    yield case([[1, 2, 3, 4], [4, 5, 6, -1]], 2).raises(ValueError).shows(refused)
    yield case([[1, 2, 3]], 0).raises(ValueError).shows(refused)
    yield case([[1, 2, 3]], 2, held_out=-1).raises(ValueError).shows(refused)
    while True:
        length, held_out = int(rng.integers(1, 7)), int(rng.choice([0, 1, 1, 2, 3]))
        sizes = [length + held_out + int(rng.integers(3, 7)), held_out + 1 + int(rng.integers(1, length + 1)), held_out + 1,
                 *rng.integers(0, length + 6, int(rng.integers(1, 4)))]
        sequences = [rng.integers(1, 9, size).tolist() for size in rng.permutation(sizes)]
        kind = rng.random()
        if kind < .3:
            sequences = [tuple(sequence) for sequence in sequences]
        elif kind < .5:
            sequences = [np.array(sequence, int) for sequence in sequences]
        yield case(sequences, length) if held_out == 1 and rng.random() < .5 else case(sequences, length, held_out=held_out)


@exercise(level="stretch", minutes=20, uses=("numpy",), judge=close(rtol=1e-8), cases=40, hints=(
    Text("Set the derivative with respect to u to zero: (Σ cᵢ vᵢvᵢᵀ + reg·I) u = Σ cᵢ pᵢ vᵢ. Both sums go over *all* items. Where is p zero?",
         "令对 u 的导数为零：(Σ cᵢ vᵢvᵢᵀ + reg·I) u = Σ cᵢ pᵢ vᵢ。两个求和都遍历*所有*商品。哪里的 p 为零？"),
    Text("Σ cᵢ vᵢvᵢᵀ = VᵀV + Σ (cᵢ − 1) vᵢvᵢᵀ. The first part is the same for everyone: once, before the loop. The second needs the bought items only.",
         "Σ cᵢ vᵢvᵢᵀ = VᵀV + Σ (cᵢ − 1) vᵢvᵢᵀ。第一部分对所有人相同，在循环前算一次；第二部分只需要买过的商品。"),
    Text("For one household, with `own = r > 0` and `W = V[own]`: `A = G + W.T @ (alpha * r[own, None] * W) + reg * np.eye(d)`, "
         "`b = W.T @ (1 + alpha * r[own])`, `np.linalg.solve(A, b)`.",
         "对一个家庭，设 `own = r > 0`，`W = V[own]`：`A = G + W.T @ (alpha * r[own, None] * W) + reg * np.eye(d)`，"
         "`b = W.T @ (1 + alpha * r[own])`，`np.linalg.solve(A, b)`。"),
))
def ials_step(rng):
    nothing = Text("a household without items has factors 0, and keeps its row", "没有商品的家庭因子为 0，并保留其行")
    alike = Text("alpha = 0: every item counts the same, bought or not, once or often", "alpha = 0：每件商品权重相同，无论买没买、买几次")
    unscaled = Text("reg is the same number for every household", "reg 对每个家庭都是同一个数")
    often = Text("more days bought: more confidence, the same preference 1", "购买天数越多，置信度越高，偏好仍为 1")
    refused = Text("a negative count and reg not above 0 are refused", "负的次数、不大于 0 的 reg 会报错")
    yield case([[2, 0, 1]], [[1., 0.], [0., 1.], [1., 1.]], 1., 1.)
    yield case(np.array([[1, 0, 3, 0], [0, 2, 0, 1], [4, 1, 1, 0]]), np.array([[.5, -1.], [1., .25], [-.5, .75], [1.5, 1.]]), 2., .5)
    yield case([[0, 0, 0], [1, 0, 2]], [[1., .5], [-.5, 1.], [2., 1.]], 3., .25).shows(nothing)
    yield case([[0, 3], [0, 0]], [[1.], [2.]], 1., 1.).shows(nothing)
    yield case([[0, 0, 0]], [[1., .5], [-.5, 1.], [2., 1.]], 3., .25).shows(nothing)
    yield case([[5, 0, 1], [1, 0, 1]], [[1., .5], [-.5, 1.], [2., 1.]], 0., .5).shows(alike)
    yield case([[2, 1, 1, 3, 0], [0, 0, 0, 1, 0]], [[1., 0.], [0., 1.], [1., 1.], [1., -1.], [.5, 2.]], 1., 4.).shows(unscaled)
    yield case([[1, 0, 2], [8, 0, 2], [.5, 0, 2]], [[1., .5], [.5, -1.], [-1., 1.]], 1.5, 1.).shows(often)
    yield case([[1, -1, 0]], [[1.], [2.], [3.]], 1., 1.).raises(ValueError).shows(refused)
    yield case([[1, 1, 0]], [[1.], [2.], [3.]], 1., 0.).raises(ValueError).shows(refused)
    yield case([[1, 1, 0]], [[1.], [2.], [3.]], 1., -.5).raises(ValueError).shows(refused)
    while True:
        H, M, d = int(rng.integers(2, 7)), int(rng.integers(5, 13)), int(rng.integers(1, 5))
        X = rng.poisson(rng.gamma(.6, 1.2, M), (H, M)) * rng.choice([1, 1, .5])
        X[0, :3] = 2, 0, 1                                       # somebody who has bought different things differently often
        V = rng.normal(size=(M, d)).round(2)
        alpha, reg = float(rng.choice([.5, 1, 2, 5, 20])), round(float(rng.uniform(.2, 4)), 2)
        yield case(X.tolist(), V.tolist(), alpha, reg) if rng.random() < .3 else case(X, V, alpha, reg)


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=1e-8), cases=44, hints=(
    Text("The derivative of −ln σ(x) with respect to x is −σ(−x). One number, then: how wrong is the order still? All three rows need it.",
         "−ln σ(x) 对 x 的导数是 −σ(−x)。也就是一个数：现在的顺序还错多少？三行都要用到它。"),
    Text("Read all three old rows first, `p, q, r = U[u].copy(), V[i].copy(), V[j].copy()`, and write the new ones afterwards into copies of the tables.",
         "先把三个旧的行都读出来：`p, q, r = U[u].copy(), V[i].copy(), V[j].copy()`，之后再把新值写进两张表的副本。"),
    Text("`e = np.exp(-np.logaddexp(0, x))` is σ(−x) for every x. Then p + lr·(e·(q − r) − reg·p), q + lr·(e·p − reg·q), r + lr·(−e·p − reg·r).",
         "`e = np.exp(-np.logaddexp(0, x))` 对任何 x 都是 σ(−x)。然后 p + lr·(e·(q − r) − reg·p)，q + lr·(e·p − reg·q)，r + lr·(−e·p − reg·r)。"),
))
def bpr_step(rng):
    others = Text("no other row changes, whatever reg is", "无论 reg 为何，其他行都不变")
    far = Text("x of ±1,000 and more works, without nan", "x 达到 ±1000 以上也能计算，不出现 nan")
    whole = Text("tables of whole numbers give fractions", "整数表也会得到小数")
    same = Text("i = j is refused", "i = j 会报错")
    no_reg = Text("reg = 0 leaves the gradient alone", "reg = 0 时只剩梯度")
    yield case([[1., 2.]], [[1., 1.], [3., 0.]], 0, 0, 1, .1, .5)
    yield case(np.array([[.5, -1., .25], [1., .5, -.5]]), np.array([[1., 0., .5], [-.5, 1., 0.], [.25, .5, -1.], [0., -1., 1.]]), 1, 2, 0, .2, .1)
    yield case([[1., .5], [2., -1.], [3., 1.]], [[4., 1.], [1., 0.], [0., 1.], [2., 2.]], 1, 1, 2, .1, .5).shows(others)
    yield case([[.5, 1.]], [[1., -1.], [.5, .5]], 0, 1, 0, .25, 0.).shows(no_reg)
    yield case([[40., 1.], [1., 0.]], [[-20., 1.], [20., 3.], [1., 1.]], 0, 0, 1, .05, .1).shows(far)
    yield case([[40., 1.], [1., 0.]], [[-20., 1.], [20., 3.], [1., 1.]], 0, 1, 0, .05, .1).shows(far)
    yield case([[3, 1], [1, 2]], [[1, 0], [1, 1], [2, 0]], 1, 2, 1, .1, .2).shows(whole)
    yield case(np.array([[1, 0]]), np.array([[0, 1], [1, 0], [2, 1]]), 0, 0, 2, .5, .1).shows(whole)
    yield case([[1., 2.]], [[1., 1.], [3., 0.]], 0, 1, 1, .1, .5).raises(ValueError).shows(same)
    while True:
        n, M, d = int(rng.integers(2, 6)), int(rng.integers(3, 8)), int(rng.integers(1, 5))
        U, V = rng.normal(size=(n, d)).round(2), rng.normal(size=(M, d)).round(2)
        i, j = map(int, rng.choice(M, 2, replace=False))
        lr, reg = round(float(rng.uniform(.02, .5)), 2), round(float(rng.uniform(.02, .6)), 2)
        u = int(rng.integers(n))
        yield case(U.tolist(), V.tolist(), u, i, j, lr, reg) if rng.random() < .2 else case(U, V, u, i, j, lr, reg)


def _mmr_clear(relevance: np.ndarray, S: np.ndarray, lam: float, k: int) -> bool:
    """Whether at each choice the best item is ahead of the next by more than 1e-6."""
    left, worst = list(np.flatnonzero(np.isfinite(relevance))), None
    for _ in range(min(k, len(left) - 1)):
        scores = relevance[left] if worst is None else lam * relevance[left] - (1 - lam) * worst[left]
        second, first = np.sort(scores)[-2:]
        if first - second < 1e-6:
            return False
        pick = left.pop(int(np.argmax(scores)))
        worst = S[:, pick] if worst is None else np.maximum(worst, S[:, pick])
    return True


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=0, atol=0), cases=46, hints=(
    Text("The penalty of c is the largest of S[c, s] over the chosen s. Keep it in an array, and after each choice raise it: "
         "`worst = np.maximum(worst, S[:, pick])`.",
         "c 的惩罚是 S[c, s] 在已选 s 中的最大值。用一个数组保存，每选一件就更新：`worst = np.maximum(worst, S[:, pick])`。"),
    Text("Keep the list of ids that may still be chosen. Who is out from the start never gets into it, so you never compute 0 · (−inf), which is nan.",
         "维护仍可选择的 id 列表。一开始就排除的商品不进入列表，这样就不会算到 0 · (−inf)，那是 nan。"),
    Text("The first choice is by relevance alone. `np.argmax` takes the first of equals, so go through the ids in rising order.",
         "第一个只看相关性。`np.argmax` 在相等时取第一个，所以按 id 从小到大处理。"),
))
def mmr_rerank(rng):
    out = -np.inf
    first = Text("the first is the most relevant one, also with lam = 0", "第一个是最相关的，lam = 0 时也是")
    relevant = Text("lam = 1 is the order of relevance", "lam = 1 就是相关性顺序")
    equal = Text("of equals the lower id", "相等时取较小的 id")
    excluded = Text("an item of relevance −inf is never chosen, also with lam = 0", "相关性为 −inf 的商品永远不被选中，lam = 0 时也是")
    fewer = Text("fewer than k that may be shown: all of them, once", "可展示的不足 k 件时：全部返回，每件一次")
    one_way = Text("S[c, s] is how much c repeats s, which need not be S[s, c]", "S[c, s] 是 c 重复 s 的程度，不一定等于 S[s, c]")
    negative = Text("similarities may be negative, and then raise the score", "相似度可以为负，此时会提高得分")
    scale = Text("relevance of any scale is taken as it is", "相关性无论什么尺度都原样使用")
    refused = Text("lam outside of 0 to 1, and k below 1, are refused", "lam 不在 0 到 1 之间、k 小于 1 会报错")
    three = [[1., .9, .1], [.9, 1., .2], [.1, .2, 1.]]
    five = [[1., .8, .1, .3, .2], [.8, 1., .2, .4, .1], [.1, .2, 1., .7, .6], [.3, .4, .7, 1., .5], [.2, .1, .6, .5, 1.]]
    yield case([.9, .8, .6], three, .5, 3)
    yield case(np.array([.7, .75, .5, .65, .2]), np.array(five), .6, 4)
    yield case([.6, .9, .8], three, 0., 3).shows(first)
    yield case([.3, .2, .4, .9, .35], five, 0., 5).shows(first)
    yield case([.3, .8, .9, .1, .6], five, 1., 5).shows(relevant)
    yield case([.5, .75, .75], np.eye(3).tolist(), .5, 2).shows(equal)
    yield case([.75, .5, .5, .5], [[1., .5, .25, .25], [.5, 1., 0., 0.], [.25, 0., 1., .5], [.25, 0., .5, 1.]], .5, 4).shows(equal)
    yield case([.9, out, .6], three, .5, 2).shows(excluded)
    yield case([out, .4, .3, out, .6], five, 0., 3).shows(excluded)
    yield case([.9, .6], [[1., .2], [.2, 1.]], .5, 5).shows(fewer)
    yield case([.3, out, .8, out], np.eye(4).tolist(), .75, 3).shows(fewer)
    yield case([out, out], [[1., .2], [.2, 1.]], .5, 1).shows(fewer)
    yield case([.9, .7, .6], [[1., .1, .9], [.9, 1., .3], [.1, .2, 1.]], .5, 3).shows(one_way)
    yield case([.9, .6, .5, .4], [[1., -.5, .3, -.9], [-.5, 1., .2, .1], [.3, .2, 1., .6], [-.9, .1, .6, 1.]], .5, 3).shows(negative)
    yield case([90., 80., 79.], three, .5, 3).shows(scale)
    yield case([.9, .8, .6], three, 1.5, 2).raises(ValueError).shows(refused)
    yield case([.9, .8, .6], three, -.5, 2).raises(ValueError).shows(refused)
    yield case([.9, .8, .6], three, .5, 0).raises(ValueError).shows(refused)
    while True:
        while True:
            n = int(rng.integers(5, 11))
            kind = rng.integers(0, 3, n)                        # three kinds of things, much alike within a kind
            S = np.where(kind[:, None] == kind, rng.uniform(.4, 1, (n, n)), rng.uniform(-.3, .4, (n, n))).round(2)
            if rng.random() < .5:
                S = np.triu(S) + np.triu(S, 1).T
            np.fill_diagonal(S, 1)
            relevance = (rng.uniform(0, 1, n) + .3 * (kind == 0)).round(2)
            if rng.random() < .4:
                relevance[rng.choice(n, 2, replace=False)] = out
            k, lam = int(rng.integers(3, n + 2)), float(rng.choice([0, .3, .5, .6, .8, 1], p=[.1, .2, .25, .2, .15, .1]))
            if _mmr_clear(relevance, S, lam, k):
                break
        yield case(relevance.tolist(), S.tolist(), lam, k) if rng.random() < .3 else case(relevance, S, lam, k)


@exercise(level="stretch", minutes=20, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=44, hints=(
    Text("First make each stage one number a request: `np.asarray(ms).max(axis=1)`. What a request waits for is the sum of these, and everything else "
         "is read off sums, request by request.",
         "先把每个阶段变成每个请求一个数：`np.asarray(ms).max(axis=1)`。一个请求的等待时间是这些数之和；其余一切都从逐请求的和中得出。"),
    Text("Nearest rank: `np.sort(total)[math.ceil(percent * n / 100) - 1]`. No library default does this; NumPy calls it `method=\"inverted_cdf\"`.",
         "最近秩法：`np.sort(total)[math.ceil(percent * n / 100) - 1]`。各库的默认值都不是它；NumPy 中叫 `method=\"inverted_cdf\"`。"),
    Text("For the candidates take the ranker out of each request, then the percentile of what is left over the requests. The budget less that, over the "
         "cost, rounded down; 0 if negative.",
         "计算候选数时，先从每个请求中去掉精排阶段，再对剩下的时间取百分位数。预算减去它，除以单价，向下取整；为负时取 0。"),
))
def latency_budget(rng):
    parallel = Text("calls in parallel: a stage takes as long as its slowest call", "并行调用：阶段耗时取决于最慢的一个")
    rank = Text("the percentile is the nearest rank: a request that happened, not one between two", "百分位数用最近秩法：取真实发生的请求，而不是两者之间的值")
    ends = Text("percent = 100 is the slowest request, and 1 is allowed", "percent = 100 是最慢的请求，percent = 1 也允许")
    usual = Text("percent is 99 where none is given", "不给出 percent 时为 99")
    limit = Text("a request that takes exactly the budget is within it", "恰好用完预算的请求算在预算之内")
    tail = Text("the bottleneck is found among the slow requests, the one at the percentile included", "瓶颈在慢请求中寻找，包括恰在百分位数上的请求")
    tie = Text("of equal stages the earlier one is the bottleneck", "相等时较早的阶段是瓶颈")
    none_left = Text("no time left for the ranker: 0 candidates", "没有时间留给精排：0 个候选")
    part = Text("a part of a candidate is none: rounded down", "不足一个候选不算：向下取整")
    refused = Text("percent outside of 1 to 100, cost not above 0 and an unknown ranker are refused",
                   "percent 不在 1 到 100、cost 不大于 0、未知的精排阶段会报错")
    four = {"retrieve": [[10., 30.], [20., 10.], [10., 10.], [40., 20.]], "rank": [[20.], [50.], [20.], [20.]]}
    yield case(four, "rank", 60., .25, percent=75)
    yield case({"features": [[4.], [2.], [3.], [9.], [2.]], "retrieve": [[12., 9., 3.], [8., 11., 4.], [7., 7., 30.], [6., 10., 5.], [9., 8., 2.]],
                "rank": [[25.], [20.], [22.], [40.], [21.]], "rerank": [[3.], [2.], [2.], [3.], [8.]]}, "rank", 50., .5, percent=80)
    yield case({"retrieve": [[10., 30., 20.], [25., 10., 5.]], "rank": [[5.], [8.]]}, "rank", 40., 2., percent=50).shows(parallel)
    twenty = np.arange(1., 21.)[:, None]
    yield case({"retrieve": twenty[::-1] / 2, "rank": twenty * twenty}, "rank", 300., .5, percent=95).shows(rank)
    yield case({"rank": twenty * 2}, "rank", 30., .25, percent=10).shows(rank)
    yield case({"retrieve": twenty, "rank": np.tile([[3.], [9.]], (10, 1))}, "rank", 30.5, .5).shows(rank)
    yield case({"retrieve": [[5.], [90.], [6.]], "rank": [[10.], [12.], [11.]]}, "rank", 40., .5, percent=100).shows(ends)
    yield case({"retrieve": twenty, "rank": twenty[::-1] * 3}, "rank", 40., .5, percent=1).shows(ends)
    yield case({"retrieve": np.arange(150.)[:, None] + 1, "rank": np.full((150, 1), 4.)}, "rank", 200., .5).shows(usual)
    yield case({"retrieve": [[10.], [12.], [14.]], "rank": [[20.], [18.], [18.]]}, "rank", 30., .5, percent=90).shows(limit)
    yield case({"retrieve": [[10.], [10.], [10.], [50.]], "rank": [[30.], [30.], [30.], [12.]]}, "rank", 60., .5, percent=99).shows(tail)
    yield case({"retrieve": [[10.], [10.], [38.], [5.]], "rank": [[30.], [30.], [14.], [80.]]}, "rank", 60., .5, percent=75).shows(tail)
    yield case({"features": [[1.], [2.]], "retrieve": [[10.], [30.]], "rank": [[20.], [30.]]}, "rank", 60., .5, percent=90).shows(tie)
    yield case({"retrieve": [[10.], [30.], [45.]], "rank": [[20.], [30.], [20.]]}, "rank", 40., .5, percent=90).shows(none_left)
    yield case({"retrieve": [[10.], [20.], [15.]], "rank": [[20.], [30.], [20.]]}, "rank", 40.5, 8., percent=90).shows(part)
    for wrong in ({"percent": 0}, {"percent": 101}, {"cost": 0.}, {"cost": -1.}, {"ranker": "ranking"}):
        yield case(**{"stages": four, "ranker": "rank", "budget": 60., "cost": .5, "percent": 75} | wrong).raises(ValueError).shows(refused)
    while True:
        percent = int(rng.choice([50, 75, 90, 95, 99]))
        n = int(rng.integers(8, 60))
        # Half milliseconds and costs that are powers of two: every sum and quotient is exact, however it is computed. Nor may
        # percent / 100 · n land beside a whole number.
        if math.ceil(percent / 100 * n) != -(-percent * n // 100):
            continue
        names = [["retrieve", "rank"], ["features", "retrieve", "rank"], ["features", "retrieve", "rank", "rerank"]][int(rng.integers(3))]
        stages = {}
        for name in names:
            calls = int(rng.integers(2, 5)) if name == "retrieve" else int(rng.integers(1, 3))
            typical = {"features": 4, "retrieve": 9, "rank": 14, "rerank": 4}[name]
            ms = np.round(2 * typical * np.exp(rng.normal(0, .6, (n, calls)))) / 2 + .5
            stages[name] = ms.tolist() if rng.random() < .2 else ms
        total = np.sort(sum(np.asarray(ms).max(axis=1) for ms in stages.values()))
        budget = float(total[int(rng.integers(n // 2, n))] + rng.choice([0, 0, .5, 8.5]))
        yield case(stages, "rank", budget, float(rng.choice([.125, .25, .5, 2])), percent=percent)
