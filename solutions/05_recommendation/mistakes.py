"""Lesson 05: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import bisect
import heapq
import itertools
import math

import numpy as np
import pandas as pd

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- hr_ndcg_at_k --------------------------------------------------------------------------------------------------------


def _hit_ranked(scores, target, seen):
    """Which items are ranked: all but the seen ones, and the target."""
    ranked = np.ones(scores.shape, bool) if seen is None else ~seen
    ranked[np.arange(len(scores)), target] = True
    return ranked


def _hit_discount(p):
    return 1 / np.log2(1 + p)


def _hit_counts(scores, target, ranked, compare=np.equal):
    """Ranked items above the target, and those tied with it, by row."""
    own = scores[np.arange(len(scores)), target][:, None]
    tied = ranked & compare(scores, own)
    return (ranked & (scores > own) & ~tied).sum(axis=1), tied.sum(axis=1)


def _hit_rows(scores, target, k, seen, *, places=lambda a, e: range(a + 1, a + e + 1), gain=_hit_discount, cut=None, ranked=_hit_ranked,
              compare=np.equal):
    """hr and ndcg of each row, (n, 2), with one part replaced; `places`: where a target with a above and e tied may stand."""
    if k < 1:
        raise ValueError(k)
    cut = k if cut is None else cut
    above, tied = _hit_counts(scores, target, ranked(scores, target, seen), compare)
    rows = []
    with np.errstate(all="ignore"):
        for a, e in zip(above, tied, strict=True):
            at = np.array(list(places(int(a), int(e))), float)
            rows.append([np.mean(at <= cut), np.mean(np.where(at <= cut, gain(at), 0))])
    return np.array(rows)


def _hit_mean(*args, **parts):
    hr, ndcg = _hit_rows(*args, **parts).mean(axis=0)
    return hr, ndcg


@mistake_of("hr_ndcg_at_k", Text(
    "Only strictly better items were counted: of tied items the target always comes first, and a constant model is perfect.",
    "只数了严格更高的物品：同分时目标总排第一，常数模型就成了满分。"))
def optimistic_ties(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, places=lambda a, e: [a + 1])


@mistake_of("hr_ndcg_at_k", Text("Of tied items the target always comes last (>=). Each order is equally likely: take the expectation.",
                                 "同分时目标总排最后（用了 >=）。每种次序等概率：应取期望。"))
def pessimistic_ties(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, places=lambda a, e: [a + e])


@mistake_of("hr_ndcg_at_k", Text(
    "This is the metric of the expected position. Take the expectation of the metric: average it over the places where the target may "
    "stand.",
    "这是平均位置上的指标。应取指标的期望：对目标可能处于的各个位置求平均。"))
def metric_of_the_expected_position(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, places=lambda a, e: [a + (e + 1) / 2])


@mistake_of("hr_ndcg_at_k", Text("This is the metric of the expected rank, counted from 0. Take the expectation of the metric.",
                                 "这是从 0 数起的平均名次上的指标。应取指标的期望。"))
def metric_of_the_expected_rank_from_zero(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, places=lambda a, e: [a + (e + 1) / 2], cut=k + .5)


def _hit_by_place(scores, target, k, seen, order):
    """hr and ndcg where a sort decides ties; `order`: positions of a row's ranked items, best first."""
    if k < 1:
        raise ValueError(k)
    found = []
    for row, t, allowed in zip(scores, target, _hit_ranked(scores, target, seen), strict=True):
        items = np.flatnonzero(allowed)
        place = int(np.flatnonzero(items[order(row[items])] == t)[0]) + 1
        found.append([place <= k, _hit_discount(place) if place <= k else 0])
    hr, ndcg = np.mean(found, axis=0)
    return hr, ndcg


@mistake_of("hr_ndcg_at_k", Text(
    "A sort decided the ties: the lower id came first. Ids are often in order of popularity, so a constant model inherits that baseline.",
    "由排序决定了同分的先后：id 小的在前。id 常按热度排列，常数模型就白得了热度基线。"))
def ties_by_argsort(scores, target, k, seen=None):
    return _hit_by_place(scores, target, k, seen, lambda row: np.argsort(-row, kind="stable"))


@mistake_of("hr_ndcg_at_k", Text(
    "A reversed sort decided the ties: the higher id came first. No order of tied items is likelier than another.",
    "由倒序排序决定了同分的先后：id 大的在前。同分物品的任何次序都不比别的更可能。"))
def ties_by_argsort_reversed(scores, target, k, seen=None):
    return _hit_by_place(scores, target, k, seen, lambda row: np.argsort(row, kind="stable")[::-1])


@mistake_of("hr_ndcg_at_k", Text(
    "A seen target was taken out with the other seen items, and could never be found. The target is always ranked.",
    "看过的目标和其他看过的物品一起被去掉了，永远找不到。目标总是参与排名。"))
def seen_target_taken_out(scores, target, k, seen=None):
    rows = _hit_rows(scores, target, k, seen)
    if seen is not None:
        rows[seen[np.arange(len(scores)), target]] = 0
    hr, ndcg = rows.mean(axis=0)
    return hr, ndcg


@mistake_of("hr_ndcg_at_k", Text("A row whose target was seen was left out of the mean. The target is always ranked, and every row counts.",
                                 "目标看过的行被排除在平均之外。目标总是参与排名，每一行都要计入。"))
def rows_with_a_seen_target_dropped(scores, target, k, seen=None):
    rows = _hit_rows(scores, target, k, seen)
    if seen is not None:
        rows = rows[~seen[np.arange(len(scores)), target]]
    hr, ndcg = rows.mean(axis=0) if len(rows) else (math.nan, math.nan)
    return hr, ndcg


@mistake_of("hr_ndcg_at_k", Text(
    "The score of seen items became 0. Where scores are negative, 0 is the top. Leave these items out of the count.",
    "看过的物品分数被置为 0。分数为负时，0 反而最高。应当不计入这些物品。"))
def seen_scores_set_to_zero(scores, target, k, seen=None):
    if seen is not None:
        hidden = seen.copy()
        hidden[np.arange(len(scores)), target] = False
        scores = np.where(hidden, 0, scores)
    return _hit_mean(scores, target, k, None)


@mistake_of("hr_ndcg_at_k", Text("`seen` was not used: seen items take places from the target.",
                                 "没有用到 `seen`：看过的物品占了目标前面的位置。"))
def seen_ignored(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, None)


@mistake_of("hr_ndcg_at_k", Text("Only the seen items were ranked; `seen` is True at what is *left out*.",
                                 "只对看过的物品排了名；`seen` 为 True 的正是要*去掉*的。"))
def only_seen_ranked(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, None if seen is None else ~seen)


@mistake_of("hr_ndcg_at_k", Text("Low scores were ranked first. Higher is better.", "把低分排在了前面。分数越高越好。"))
def lowest_first(scores, target, k, seen=None):
    return _hit_mean(-scores, target, k, seen)


@mistake_of("hr_ndcg_at_k", Text(
    "The discount is 1/log2(position), infinite at the first place. With positions from 1 it is 1/log2(1 + position).",
    "折损用了 1/log2(位置)，第 1 位时为无穷大。位置从 1 数起，应为 1/log2(1 + 位置)。"))
def discount_begins_too_early(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, gain=lambda p: 1 / np.log2(p))


@mistake_of("hr_ndcg_at_k", Text(
    "The discount is 1/log2(2 + position): that is for positions that begin at 0. Here the first is 1 and is worth 1.",
    "折损用了 1/log2(2 + 位置)：那是从 0 数起的写法。这里第一位是 1，值为 1。"))
def discount_begins_too_late(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, gain=lambda p: 1 / np.log2(2 + p))


@mistake_of("hr_ndcg_at_k", Text("The discount uses the natural logarithm. With base 2 the first place is worth 1.",
                                 "折损用了自然对数。以 2 为底，第一位才等于 1。"))
def discount_by_natural_logarithm(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, gain=lambda p: 1 / np.log(1 + p))


@mistake_of("hr_ndcg_at_k", Text("This is the reciprocal rank (MRR), 1/position. NDCG is 1/log2(1 + position).",
                                 "这是倒数排名（MRR），1/位置。NDCG 是 1/log2(1 + 位置)。"))
def reciprocal_rank(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, gain=lambda p: 1 / p)


@mistake_of("hr_ndcg_at_k", Text("NDCG was divided by the ideal gain of k right items. There is one target: the best possible is 1.",
                                 "NDCG 除以了 k 个全对时的理想增益。目标只有一个：最好就是 1。"))
def divided_by_the_ideal_of_k(scores, target, k, seen=None):
    hr, ndcg = _hit_mean(scores, target, k, seen)
    return hr, ndcg / sum(_hit_discount(p) for p in range(1, k + 1))


@mistake_of("hr_ndcg_at_k", Text("NDCG was not cut at k: a target below the first k is worth 0.",
                                 "NDCG 没有在 k 处截断：排在前 k 之外的目标值为 0。"))
def ndcg_not_cut(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen)[0], _hit_mean(scores, target, k, seen, cut=np.inf)[1]


@mistake_of("hr_ndcg_at_k", Text("Position k was not counted as a hit: p < k. With positions from 1 it is p <= k.",
                                 "第 k 位没有算命中：用了 p < k。位置从 1 数起，应为 p <= k。"))
def place_k_left_out(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, cut=k - 1)


@mistake_of("hr_ndcg_at_k", Text("Position k + 1 was counted as a hit: a position from 0 is compared with <= k.",
                                 "第 k + 1 位也算了命中：从 0 数起的位置却用了 <= k。"))
def one_place_too_many(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, cut=k + 1)


@mistake_of("hr_ndcg_at_k", Text(
    "The target was counted among its own competitors: of e tied items, itself included, it stands at one of e places, not e + 1.",
    "目标被算作了自己的竞争者：含自己在内 e 个同分，它只可能在 e 个位置上，而不是 e + 1 个。"))
def tied_with_itself(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, places=lambda a, e: range(a + 1, a + e + 2))


@mistake_of("hr_ndcg_at_k", Text("Nearly equal scores were treated as ties (isclose, or rounding). Equal is exactly equal.",
                                 "把几乎相等的分数当成了同分（isclose 或四舍五入）。相等指完全相等。"))
def nearly_equal_is_tied(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen, compare=np.isclose)


@mistake_of("hr_ndcg_at_k", Text("These are the metrics of each row. Return their means, two numbers.",
                                 "这是每一行的指标。应返回它们的平均，两个数。"))
def one_number_a_row(scores, target, k, seen=None):
    rows = _hit_rows(scores, target, k, seen)
    return rows[:, 0], rows[:, 1]


@mistake_of("hr_ndcg_at_k", Text("The rows were summed. Divide by their number.", "对各行求了和。还要除以行数。"))
def sum_of_the_rows(scores, target, k, seen=None):
    hr, ndcg = _hit_rows(scores, target, k, seen).sum(axis=0)
    return hr, ndcg


@mistake_of("hr_ndcg_at_k", Text("The two came in the other order. Return hr first, then ndcg.",
                                 "两个数的顺序反了。应先返回 hr，再返回 ndcg。"))
def ndcg_first(scores, target, k, seen=None):
    return _hit_mean(scores, target, k, seen)[::-1]


@mistake_of("hr_ndcg_at_k", Text("k below 1 was let through. A list of no places is a mistake of the caller: raise ValueError.",
                                 "放过了小于 1 的 k。长度为 0 的列表是调用者的错误：应抛出 ValueError。"))
def k_not_checked(scores, target, k, seen=None):
    return _hit_mean(scores, target, max(k, 1), seen, cut=k)


@alternate_of("hr_ndcg_at_k")
def hits_by_counting_places(scores, target, k, seen=None):
    if k < 1:
        raise ValueError("a list has at least one place")
    hits = gains = 0.0
    for i, t in enumerate(target):
        rivals = [s for j, s in enumerate(scores[i]) if j != t and not (seen is not None and seen[i, j])]
        above, tied = sum(s > scores[i, t] for s in rivals), 1 + sum(s == scores[i, t] for s in rivals)
        for p in range(above + 1, above + tied + 1):
            if p <= k:
                hits += 1 / tied
                gains += 1 / math.log2(1 + p) / tied
    return hits / len(target), gains / len(target)


@alternate_of("hr_ndcg_at_k")
def hits_by_places_of_a_sorted_row(scores, target, k, seen=None):
    if k < 1:
        raise ValueError("a list has at least one place")
    total = np.zeros(2)
    for i, t in enumerate(target):
        keep = np.arange(scores.shape[1]) == t
        keep |= True if seen is None else ~seen[i]
        line = np.sort(scores[i][keep])
        high, low = (len(line) - np.searchsorted(line, scores[i, t], side=side) for side in ("right", "left"))
        places = np.arange(high, low)[np.arange(high, low) < k] + 1
        total += np.array([len(places), (math.log(2) / np.log(places + 1)).sum()]) / (low - high)
    return list(total / len(target))


@alternate_of("hr_ndcg_at_k")
def hits_by_a_table_of_places(scores, target, k, seen=None):
    if k < 1:
        raise ValueError("a list has at least one place")
    M = scores.shape[1]
    itself = np.arange(M) == target[:, None]
    # Unseen or the target itself: the others drop below everything.
    line = np.where(itself | (np.zeros_like(itself) if seen is None else seen) <= itself, scores, -np.inf)
    own = line[itself][:, None]
    place = np.arange(M)
    able = (place >= (line > own).sum(axis=1)[:, None]) & (place < (line >= own).sum(axis=1)[:, None])
    share = able / able.sum(axis=1, keepdims=True)
    return tuple(share.mean(axis=0) @ np.column_stack([place < k, (place < k) / np.log2(place + 2)]))


# --- ease ----------------------------------------------------------------------------------------------------------------


def _ease_gram(X):
    X = np.asarray(X, float)
    return X.T @ X


def _ease_by(A, divide=lambda P: np.diag(P), zero=True, sign=-1):
    """B of the matrix that is inverted, with one part replaced."""
    P = np.linalg.pinv(A, hermitian=True)
    with np.errstate(all="ignore"):
        B = sign * P / divide(P)
    if zero:
        np.fill_diagonal(B, 0)
    return B


def _ease_checked(l2):
    if l2 <= 0:
        raise ValueError(l2)


@mistake_of("ease", Text(
    "Rows were divided by the diagonal, or B is transposed. P[j, j] divides *column* j: it belongs to the item that is predicted.",
    "被对角线除的是行，或者 B 转置了。P[j, j] 除的是第 j *列*：它属于被预测的物品。"))
def rows_divided_by_the_diagonal(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]), divide=lambda P: np.diag(P)[:, None])


@mistake_of("ease", Text("l2 was not added. Without it rare items get wild weights, and an item nobody bought cannot be inverted.",
                         "没有加 l2。没有它，稀有物品的权重会失控，没人买过的物品还会使矩阵不可逆。"))
def l2_not_added(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X))


@mistake_of("ease", Text("l2 was added to every entry of XᵀX. It belongs on the diagonal alone: `l2 * np.eye(M)`.",
                         "l2 加到了 XᵀX 的每个元素上。它只属于对角线：`l2 * np.eye(M)`。"))
def l2_on_every_entry(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2)


@mistake_of("ease", Text("l2 was multiplied by the number of households, or XᵀX divided by it. Here l2 is added to XᵀX as it is.",
                         "l2 乘了家庭数，或 XᵀX 除以了家庭数。这里 l2 原样加到 XᵀX 上。"))
def l2_times_the_households(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 * len(X) * np.eye(np.shape(X)[1]))


@mistake_of("ease", Text("l2 was added twice, or doubled. The 2 of the derivative stands before both terms and cancels.",
                         "l2 加了两次，或翻了倍。求导产生的 2 在两项前面都有，会约掉。"))
def l2_added_twice(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + 2 * l2 * np.eye(np.shape(X)[1]))


@mistake_of("ease", Text("l2 was halved. The ½ stands before both terms of the objective and cancels.",
                         "l2 减半了。目标函数里的 ½ 在两项前面都有，会约掉。"))
def l2_halved(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 / 2 * np.eye(np.shape(X)[1]))


@mistake_of("ease", Text(
    "The diagonal was not zeroed: every item recommends against itself with −1. An item may not be predicted by itself.",
    "对角线没有置 0：每个物品都以 −1 反对自己。物品不能由自己预测。"))
def diagonal_not_zeroed(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]), zero=False)


@mistake_of("ease", Text("The sign is missing: B is −P/diag(P). Things that are bought together got negative weights.",
                         "缺了负号：B 是 −P/diag(P)。现在常一起买的东西反而得到了负权重。"))
def sign_missing(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]), sign=1)


@mistake_of("ease", Text("XXᵀ was inverted, households by households. The items' table is XᵀX, (M, M).",
                         "求逆的是 XXᵀ（家庭×家庭）。物品的表是 XᵀX，(M, M)。"))
def households_by_households(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(np.asarray(X).T) + l2 * np.eye(len(X)))


@mistake_of("ease", Text("Counts were made 0 or 1. Here the entries are used as they are.", "计数被变成了 0 或 1。这里按原值使用。"))
def counts_made_binary(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(np.asarray(X) > 0) + l2 * np.eye(np.shape(X)[1]))


@mistake_of("ease", Text(
    "This is ridge regression on all items, the item itself included, with the diagonal zeroed afterwards. The others must be fitted "
    "without it.",
    "这是把物品自己也放进去的岭回归，事后才把对角线置 0。其他物品的权重必须在没有它的情况下拟合。"))
def zeroed_afterwards(X, l2):
    _ease_checked(l2)
    G = _ease_gram(X)
    B = np.linalg.solve(G + l2 * np.eye(len(G)), G)
    np.fill_diagonal(B, 0)
    return B


@mistake_of("ease", Text(
    "This is ridge regression on all items, the item itself included: B is near the identity, and recommends what she has.",
    "这是把物品自己也放进去的岭回归：B 接近单位矩阵，推荐的都是已有的东西。"))
def item_predicts_itself(X, l2):
    _ease_checked(l2)
    G = _ease_gram(X)
    return np.linalg.solve(G + l2 * np.eye(len(G)), G)


@mistake_of("ease", Text("The columns were centred first. Here the regressions have no intercept, and X is used as it is.",
                         "先对列做了中心化。这里的回归没有截距，X 按原值使用。"))
def columns_centred(X, l2):
    _ease_checked(l2)
    X = np.asarray(X, float)
    return _ease_by(_ease_gram(X - X.mean(axis=0)) + l2 * np.eye(X.shape[1]))


@mistake_of("ease", Text("The columns were brought to length 1 first, as for a cosine. Here X is used as it is.",
                         "先把列归一成长度 1（像余弦那样）。这里 X 按原值使用。"))
def columns_of_length_one(X, l2):
    _ease_checked(l2)
    X = np.asarray(X, float)
    length = np.linalg.norm(X, axis=0)
    return _ease_by(_ease_gram(X / np.where(length > 0, length, 1)) + l2 * np.eye(X.shape[1]))


@mistake_of("ease", Text("Divided by the diagonal of XᵀX + l2·I. The divisor is the diagonal of its *inverse*, P.",
                         "除以的是 XᵀX + l2·I 的对角线。除数应是它的*逆* P 的对角线。"))
def divided_by_the_diagonal_before_inverting(X, l2):
    _ease_checked(l2)
    A = _ease_gram(X) + l2 * np.eye(np.shape(X)[1])
    return _ease_by(A, divide=lambda P: np.diag(A))


@mistake_of("ease", Text("P was not divided by anything. Column j is divided by P[j, j]: that is what the multiplier became.",
                         "P 没有除以任何数。第 j 列要除以 P[j, j]：那正是乘子消去后的结果。"))
def not_divided(X, l2):
    _ease_checked(l2)
    return _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]), divide=lambda P: 1)


@mistake_of("ease", Text("`A ** -1`, or 1 / A, inverts each entry by itself. The inverse of a matrix is `np.linalg.inv(A)`.",
                         "`A ** -1` 或 1 / A 是逐元素取倒数。矩阵的逆是 `np.linalg.inv(A)`。"))
def each_entry_inverted(X, l2):
    _ease_checked(l2)
    with np.errstate(all="ignore"):
        P = 1 / (_ease_gram(X) + l2 * np.eye(np.shape(X)[1]))
        B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return B


@mistake_of("ease", Text("The diagonal of XᵀX was zeroed before inverting. It is B's diagonal that must be 0, at the end.",
                         "求逆前就把 XᵀX 的对角线置 0 了。要为 0 的是 B 的对角线，在最后置。"))
def gram_diagonal_zeroed(X, l2):
    _ease_checked(l2)
    G = _ease_gram(X)
    np.fill_diagonal(G, 0)
    return _ease_by(G + l2 * np.eye(len(G)))


@mistake_of("ease", Text("These are the scores X·B of the households. Return the weights, B.", "这是各家庭的分数 X·B。应返回权重 B。"))
def scores_of_the_households(X, l2):
    _ease_checked(l2)
    return np.asarray(X, float) @ _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]))


@mistake_of("ease", Text(
    "A product of two bool tables is bool: it says *whether* two items met, not how often. Make X a table of numbers first.",
    "两个 bool 表的乘积仍是 bool：它只说两个物品*是否*同现，不说次数。应先把 X 变成数值。"))
def bool_product(X, l2):
    _ease_checked(l2)
    return _ease_by(X.T @ X + l2 * np.eye(X.shape[1]))


@mistake_of("ease", Text("l2 of 0 or less was let through: raise ValueError. Without a penalty the inverse may not exist.",
                         "放过了小于或等于 0 的 l2：应抛出 ValueError。没有惩罚项，逆矩阵可能不存在。"))
def l2_not_checked(X, l2):
    return _ease_by(_ease_gram(X) + l2 * np.eye(np.shape(X)[1]))


@alternate_of("ease")
def ease_column_by_column(X, l2):
    if l2 <= 0:
        raise ValueError("a penalty is positive")
    X = np.array(X, float)
    M = X.shape[1]
    B = np.zeros((M, M))
    for j in range(M):
        others = [i for i in range(M) if i != j]
        if others:
            # Ridge by least squares: the penalty as further households, one for each weight.
            tall = np.vstack([X[:, others], math.sqrt(l2) * np.eye(M - 1)])
            B[others, j] = np.linalg.lstsq(tall, np.concatenate([X[:, j], np.zeros(M - 1)]), rcond=None)[0]
    return B


@alternate_of("ease")
def ease_by_cholesky(X, l2):
    from scipy.linalg import cho_factor, cho_solve

    if l2 <= 0:
        raise ValueError("a penalty is positive")
    X = X.astype(float)
    identity = np.identity(X.shape[1])
    P = cho_solve(cho_factor(X.T.dot(X) + l2 * identity), identity)
    return identity - P @ np.diag(1 / P.diagonal())


@alternate_of("ease")
def ease_by_singular_values(X, l2):
    if l2 <= 0:
        raise ValueError("a penalty is positive")
    _, s, Vt = np.linalg.svd(np.asarray(X, float), full_matrices=True)
    squares = np.zeros(len(Vt))
    squares[:len(s)] = s ** 2
    P = (Vt.T / (squares + l2)) @ Vt
    B = P / -np.einsum("jj->j", P)
    B[np.diag_indices_from(B)] = 0.0
    return B


@alternate_of("ease")
def ease_by_the_households(X, l2):
    if l2 <= 0:
        raise ValueError("a penalty is positive")
    X = X * 1.0
    # Woodbury: the inverse over items from the one over households.
    P = (np.eye(X.shape[1]) - X.T @ np.linalg.solve(X @ X.T + l2 * np.eye(len(X)), X)) / l2
    B = -P / P.diagonal()
    np.fill_diagonal(B, 0)
    return B


# --- causal_attention ----------------------------------------------------------------------------------------------------


def _attention_allowed(pad, triangle=np.tril):
    T = pad.shape[1]
    return triangle(np.ones((T, T), bool)) & ~pad[:, None, :]


def _attention_softmax(logits, axis=2):
    """Stable, and zeros where nothing is allowed."""
    highest = logits.max(axis=axis, keepdims=True)
    weights = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    total = weights.sum(axis=axis, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def _attention(Q, K, V, pad, *, allowed=_attention_allowed, scale=lambda Q, V: np.sqrt(Q.shape[2]), softmax=_attention_softmax,
               hide=lambda logits, allowed: np.where(allowed, logits, -np.inf)):
    """The attention with one part replaced."""
    with np.errstate(all="ignore"):
        logits = Q @ K.transpose(0, 2, 1) / scale(Q, V)
        return softmax(hide(logits, np.broadcast_to(allowed(pad), logits.shape))) @ V


@mistake_of("causal_attention", Text("Later steps are not hidden: step t sees the item it is to predict. The causal mask is missing.",
                                     "没有遮住后面的步：第 t 步看到了它要预测的物品。缺少因果掩码。"))
def no_causal_mask(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: ~pad[:, None, :])


@mistake_of("causal_attention", Text(
    "The wrong triangle: each step sees itself and what comes *after*. Rows ask, columns are asked: allow s <= t, `np.tril`.",
    "三角取反了：每一步看到的是自己和*后面*。行是查询，列是键：允许 s <= t，即 `np.tril`。"))
def wrong_triangle(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(pad, np.triu))


@mistake_of("causal_attention", Text("A step does not see itself. Its own item is known: s <= t, with the diagonal.",
                                     "每一步看不到自己。自己的物品是已知的：s <= t，含对角线。"))
def does_not_see_itself(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(pad, lambda ones: np.tril(ones, -1)))


@mistake_of("causal_attention", Text("One step too many: each step sees the next one as well. It is `np.tril` without an offset.",
                                     "多看了一步：每一步还能看到下一步。应为不带偏移的 `np.tril`。"))
def sees_the_next_step(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(pad, lambda ones: np.tril(ones, 1)))


@mistake_of("causal_attention", Text(
    "The mask came after the softmax: hidden steps have taken their share of the sum, and the rest does not sum to 1. Put −inf before it.",
    "掩码加在了 softmax 之后：被隐藏的步已经分走了一部分，其余权重之和不为 1。应在 softmax 之前置 −inf。"))
def masked_after_the_softmax(Q, K, V, pad):
    with np.errstate(all="ignore"):
        weights = _attention_softmax(Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[2]))
        return np.where(_attention_allowed(pad), weights, 0) @ V


@mistake_of("causal_attention", Text(
    "The largest logit was taken over hidden keys as well: where one of them is far above, all that may be seen becomes exp(−large) = 0.",
    "求最大 logit 时把被隐藏的键也算了进去：若其中一个大得多，可见的部分就全成了 exp(−大数) = 0。"))
def largest_of_all_logits(Q, K, V, pad):
    logits = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[2])
    weights = np.where(_attention_allowed(pad), np.exp(logits - logits.max(axis=2, keepdims=True)), 0)
    total = weights.sum(axis=2, keepdims=True)
    return weights / np.where(total > 0, total, 1) @ V


@mistake_of("causal_attention", Text(
    "The logits were multiplied by the mask: 0 is a logit like any other, exp(0) = 1. A hidden one is −inf.",
    "logit 乘了掩码：0 也是普通的 logit，exp(0) = 1。被隐藏的应为 −inf。"))
def logits_times_the_mask(Q, K, V, pad):
    return _attention(Q, K, V, pad, hide=np.multiply)


@mistake_of("causal_attention", Text("−1 was added where a key is hidden: it is only a little quieter. Use −inf.",
                                     "在隐藏的键处只加了 −1：只是声音小了点。应使用 −inf。"))
def minus_one_added(Q, K, V, pad):
    return _attention(Q, K, V, pad, hide=lambda logits, allowed: logits - ~allowed)


@mistake_of("causal_attention", Text("Padding was not masked: padded steps have vectors like any other, and answer.",
                                     "没有遮住填充：填充步的向量与其他步无异，照样会被听到。"))
def padding_not_masked(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(np.zeros_like(pad)))


@mistake_of("causal_attention", Text("The mask was read the wrong way round: True is padding, and only padding was listened to.",
                                     "掩码读反了：True 是填充，结果只听了填充。"))
def padding_turned_over(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(~pad))


@mistake_of("causal_attention", Text(
    "The padding masks the queries (rows), and everybody still listens to it. It is keys that are hidden: `pad[:, None, :]`.",
    "填充遮的是查询（行），大家仍能听到它。要隐藏的是键：`pad[:, None, :]`。"))
def queries_masked(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(np.zeros_like(pad)) & ~pad[:, :, None])


@mistake_of("causal_attention", Text(
    "Queries at padding were silenced, too. Only keys are hidden: a padded step behind the real ones is answered like any other.",
    "填充处的查询也被清零了。只隐藏键：排在真实步之后的填充步照常得到输出。"))
def queries_masked_as_well(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(pad) & ~pad[:, :, None])


@mistake_of("causal_attention", Text("The first sequence's padding was used for all. Every sequence has its own.",
                                     "所有序列都用了第一条序列的填充。每条序列有自己的填充。"))
def padding_of_the_first_sequence(Q, K, V, pad):
    return _attention(Q, K, V, pad, allowed=lambda pad: _attention_allowed(np.broadcast_to(pad[:1], pad.shape)))


@mistake_of("causal_attention", Text("Divided by d. The spread of a dot product grows with √d.", "除以了 d。点积的离散程度随 √d 增长。"))
def divided_by_d(Q, K, V, pad):
    return _attention(Q, K, V, pad, scale=lambda Q, V: Q.shape[2])


@mistake_of("causal_attention", Text("The logits were not divided by √d.", "logit 没有除以 √d。"))
def not_scaled(Q, K, V, pad):
    return _attention(Q, K, V, pad, scale=lambda Q, V: 1)


@mistake_of("causal_attention", Text("Divided by √T, the number of steps (a wrong axis of the shape). It is √d, the size of a query.",
                                     "除以了 √T，即步数（取错了形状的轴）。应为 √d，即查询向量的维数。"))
def scaled_by_the_steps(Q, K, V, pad):
    return _attention(Q, K, V, pad, scale=lambda Q, V: np.sqrt(Q.shape[1]))


@mistake_of("causal_attention", Text("Divided by √e, the size of a value. It is √d, the size of queries and keys.",
                                     "除以了 √e，即值向量的维数。应为 √d，即查询和键的维数。"))
def scaled_by_the_values(Q, K, V, pad):
    return _attention(Q, K, V, pad, scale=lambda Q, V: np.sqrt(V.shape[2]))


@mistake_of("causal_attention", Text(
    "The softmax runs over the queries. What each step gives out sums to 1; what each step *hears* must: the last axis, the keys.",
    "softmax 沿查询方向。那样是每步「被听到」的总和为 1；应让每步*听到*的总和为 1：沿最后一个轴，即键。"))
def softmax_over_the_queries(Q, K, V, pad):
    return _attention(Q, K, V, pad, softmax=lambda logits: _attention_softmax(logits, axis=1))


@mistake_of("causal_attention", Text("Queries and keys are exchanged: K asks and Q answers.", "查询和键互换了：变成 K 提问、Q 回答。"))
def roles_exchanged(Q, K, V, pad):
    return _attention(K, Q, V, pad)


@mistake_of("causal_attention", Text("A step that sees nothing became nan, 0/0. Let its weights be 0.",
                                     "什么都看不到的步变成了 nan（0/0）。应让它的权重为 0。"))
def nothing_seen_is_nan(Q, K, V, pad):
    def softmax(logits):
        weights = _attention_softmax(logits)
        return np.where(np.isfinite(logits).any(axis=2, keepdims=True), weights, np.nan)
    return _attention(Q, K, V, pad, softmax=softmax)


@mistake_of("causal_attention", Text(
    "A step that sees nothing got the mean over all steps: where every logit is the same large negative number, the softmax is even. "
    "Return zeros.",
    "什么都看不到的步得到了所有步的平均：每个 logit 都是同一个很大的负数时，softmax 是均匀的。应返回 0。"))
def nothing_seen_is_everything(Q, K, V, pad):
    return _attention(Q, K, V, pad, hide=lambda logits, allowed: np.where(allowed, logits, -1e9))


@mistake_of("causal_attention", Text(
    "The softmax overflows: exp(1000) is infinite, and exp(−1000) is 0. Subtract the largest logit of each row first.",
    "softmax 溢出：exp(1000) 是无穷大，exp(−1000) 是 0。应先减去每行最大的 logit。"))
def softmax_overflows(Q, K, V, pad):
    def softmax(logits):
        weights = np.exp(logits)
        return np.where(np.isfinite(logits).any(axis=2, keepdims=True), weights / weights.sum(axis=2, keepdims=True), 0)
    return _attention(Q, K, V, pad, softmax=softmax)


def _attention_shifted(Q, K, V, pad, highest):
    """The softmax after `highest(logits)` was subtracted: nan where all that is allowed became 0."""
    with np.errstate(all="ignore"):
        logits = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[2])
        allowed = _attention_allowed(pad)
        weights = np.where(allowed, np.exp(logits - highest(np.where(allowed, logits, -np.inf), logits)), 0)
        weights = weights / weights.sum(axis=2, keepdims=True)
        return np.where(allowed.any(axis=2, keepdims=True), weights, 0) @ V


@mistake_of("causal_attention", Text(
    "The largest logit was taken over the hidden keys as well. If a hidden one is larger by a thousand, all allowed ones become 0.",
    "取最大 logit 时把隐藏的键也算进去了。若某个隐藏的 logit 大出一千，所有允许的都变成 0。"))
def largest_of_the_hidden(Q, K, V, pad):
    return _attention_shifted(Q, K, V, pad, lambda allowed, logits: logits.max(axis=2, keepdims=True))


@mistake_of("causal_attention", Text(
    "One maximum was subtracted from the whole table. A row far below it becomes 0/0: each row needs its own.",
    "整张表只减了一个最大值。远低于它的行会变成 0/0：每一行要减自己的最大值。"))
def one_maximum_for_all(Q, K, V, pad):
    return _attention_shifted(Q, K, V, pad, lambda allowed, logits: allowed.max())


@mistake_of("causal_attention", Text("These are the weights. The output is their product with V.", "这是权重。输出是权重乘以 V。"))
def weights_returned(Q, K, V, pad):
    return _attention(Q, K, np.broadcast_to(np.eye(V.shape[1]), (len(V), V.shape[1], V.shape[1])), pad)


@alternate_of("causal_attention")
def attention_by_loops(Q, K, V, pad):
    B, T, d = Q.shape
    out = np.zeros((B, T, V.shape[2]))
    for b, t in itertools.product(range(B), range(T)):
        keys = [s for s in range(t + 1) if not pad[b, s]]
        if keys:
            logits = [float(np.dot(Q[b, t], K[b, s])) / math.sqrt(d) for s in keys]
            weights = [math.exp(each - max(logits)) for each in logits]
            out[b, t] = sum(w * V[b, s] for w, s in zip(weights, keys, strict=True)) / sum(weights)
    return out


@alternate_of("causal_attention")
def attention_key_by_key(Q, K, V, pad):
    # One pass over the keys with a running maximum, as fast kernels do: the table (T, T) is never built.
    B, T, d = Q.shape
    top, total, out = np.full((B, T), -np.inf), np.zeros((B, T)), np.zeros((B, T, V.shape[2]))
    for s in range(T):
        hears = (np.arange(T) >= s) & ~pad[:, s, None]
        logit = np.einsum("btd,bd->bt", Q, K[:, s]) * d ** -.5
        higher = np.where(hears, np.maximum(top, logit), top)
        with np.errstate(invalid="ignore"):
            shrink = np.where(np.isneginf(top), 0, np.exp(top - higher))
        gain = np.zeros((B, T))
        gain[hears] = np.exp((logit - higher)[hears])
        total, out, top = total * shrink + gain, out * shrink[:, :, None] + gain[:, :, None] * V[:, s, None], higher
    return out / np.maximum(total, 1e-300)[:, :, None]


@alternate_of("causal_attention")
def attention_by_logarithms(Q, K, V, pad):
    logits = np.einsum("btd,bsd->bts", Q, K) / Q.shape[2] ** .5
    steps = np.arange(Q.shape[1])
    logits[np.broadcast_to((steps[None, :] > steps[:, None]) | pad[:, None, :], logits.shape)] = -np.inf
    total = np.logaddexp.reduce(logits, axis=2)
    total[np.isneginf(total)] = 0
    return np.einsum("bts,bse->bte", np.exp(logits - total[:, :, None]), V)


# --- in_batch_softmax_loss -----------------------------------------------------------------------------------------------


def _batch_logits(q, c, log_q, temperature):
    return q @ c.T / temperature - log_q


def _batch_same(item_ids):
    return item_ids[:, None] == item_ids


def _batch_hits(item_ids):
    return _batch_same(item_ids) & ~np.eye(len(item_ids), dtype=bool)


def _batch_lse(logits):
    """ln of the row's sum of exponentials; −inf for a row of −inf."""
    highest = logits.max(axis=1)
    shift = np.where(np.isfinite(highest), highest, 0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.exp(logits - shift[:, None]).sum(axis=1))


def _batch_rows(q, c, item_ids, log_q, temperature, logits=_batch_logits, hits=_batch_hits):
    table = logits(q, c, log_q, temperature)
    return _batch_lse(np.where(hits(item_ids), -np.inf, table)) - np.diag(table)


def _batch_loss(*args, **parts):
    return _batch_rows(*args, **parts).mean()


@mistake_of("in_batch_softmax_loss", Text("log_q was added: the popular then pay twice for being common. Subtract it.",
                                          "加上了 log_q：热门物品为「常见」付了两次代价。应减去它。"))
def log_q_added(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, -log_q, temperature)


@mistake_of("in_batch_softmax_loss", Text(
    "log_q has no effect: it was left out, or subtracted along the rows, where it cancels. It belongs to the column's item.",
    "log_q 没有起作用：要么漏了，要么沿行减去而被约掉。它属于列上的物品。"))
def log_q_without_effect(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, 0 * log_q, temperature)


@mistake_of("in_batch_softmax_loss", Text("log_q was subtracted before the division by the temperature. First divide, then correct.",
                                          "在除以温度之前就减了 log_q。应先除，后纠偏。"))
def corrected_before_the_temperature(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q / temperature, temperature)


@mistake_of("in_batch_softmax_loss", Text("The share was subtracted, exp(log_q), instead of its logarithm.",
                                          "减去的是份额 exp(log_q)，而不是它的对数。"))
def share_subtracted(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, np.exp(log_q), temperature)


@mistake_of("in_batch_softmax_loss", Text(
    "Only the negatives were corrected. That is close to the refined correction; here the positive is corrected like any other.",
    "只纠偏了负样本。这接近改进版的纠偏；这里正样本也同样纠偏。"))
def positive_not_corrected(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature, logits=lambda q, c, log_q, t: q @ c.T / t - log_q * ~np.eye(len(q), dtype=bool))


@mistake_of("in_batch_softmax_loss", Text("Multiplied by the temperature. Divide: a low temperature sharpens.",
                                          "乘了温度。应除以温度：温度越低越尖锐。"))
def times_the_temperature(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, 1 / temperature)


@mistake_of("in_batch_softmax_loss", Text("The temperature was not used.", "没有用到温度。"))
def no_temperature(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, 1)


@mistake_of("in_batch_softmax_loss", Text("The vectors were brought to length 1. Here the dot product is used as it is.",
                                          "向量被归一化到长度 1。这里直接使用点积。"))
def vectors_of_length_one(q, c, item_ids, log_q, temperature):
    q, c = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (q, c))
    return _batch_loss(q, c, item_ids, log_q, temperature)


@mistake_of("in_batch_softmax_loss", Text(
    "Accidental hits were not left out: another customer's milk is a negative for the milk of this row.",
    "没有去掉意外命中：别人买的牛奶成了本行牛奶的负样本。"))
def hits_not_left_out(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature, hits=lambda item_ids: np.zeros((len(item_ids),) * 2, bool))


@mistake_of("in_batch_softmax_loss", Text(
    "The diagonal was hidden with the hits: the positive has probability 0, and the loss is infinite. `ids == ids` is True there, too.",
    "对角线也随命中一起被遮住了：正样本概率为 0，损失无穷大。`ids == ids` 在对角线上也为 True。"))
def positive_hidden(q, c, item_ids, log_q, temperature):
    table = np.where(_batch_same(item_ids), -np.inf, _batch_logits(q, c, log_q, temperature))
    with np.errstate(all="ignore"):
        return (_batch_lse(table) - np.diag(table)).mean()


@mistake_of("in_batch_softmax_loss", Text(
    "The positive is missing in the sum below: it must compete with its negatives, or the loss can be negative.",
    "分母中缺少正样本：它要与负样本一起竞争，否则损失可能为负。"))
def positive_not_in_the_sum(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature, hits=_batch_same)


@mistake_of("in_batch_softmax_loss", Text("A hidden logit became 0, and exp(0) = 1 stays in the sum. Hide it with −inf.",
                                          "被隐藏的 logit 变成了 0，exp(0) = 1 仍留在和里。应置为 −inf。"))
def hits_set_to_zero(q, c, item_ids, log_q, temperature):
    table = np.where(_batch_hits(item_ids), 0, _batch_logits(q, c, log_q, temperature))
    return (_batch_lse(table) - np.diag(table)).mean()


@mistake_of("in_batch_softmax_loss", Text("Rows with an accidental hit were dropped. Keep the row and hide the one column.",
                                          "有意外命中的行被整行丢掉了。应保留该行，只遮住那一列。"))
def rows_with_hits_dropped(q, c, item_ids, log_q, temperature):
    rows = _batch_rows(q, c, item_ids, log_q, temperature)[~_batch_hits(item_ids).any(axis=1)]
    return rows.mean() if len(rows) else math.nan


@mistake_of("in_batch_softmax_loss", Text(
    "Hits were hidden on one side of the diagonal only. An item may come before *and* after the row's own.",
    "只遮住了对角线一侧的命中。同一物品可能出现在本行之前*和*之后。"))
def hits_on_one_side(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature, hits=lambda item_ids: np.tril(_batch_hits(item_ids)))


@mistake_of("in_batch_softmax_loss", Text(
    "Every item was kept once. Only the row's *own* item is hidden elsewhere; another one that stands in two columns counts twice.",
    "每种物品只保留了一次。只遮住本行*自己*的物品；别的物品占两列就算两次。"))
def every_item_once(q, c, item_ids, log_q, temperature):
    def hits(item_ids):
        same = _batch_same(item_ids)
        first = same.argmax(axis=1)                                     # where the item of each column stands first
        again = np.arange(len(item_ids)) != first
        return np.where(same, _batch_hits(item_ids), again)             # own item: as asked.  Others: only where they stand first
    return _batch_loss(q, c, item_ids, log_q, temperature, hits=hits)


@mistake_of("in_batch_softmax_loss", Text(
    "The softmax runs down the columns: customers compete for an item. Items compete for a customer: along the row.",
    "softmax 沿列方向：变成用户竞争物品。应是物品竞争用户：沿行方向。"))
def softmax_down_the_columns(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature, logits=lambda *args: _batch_logits(*args).T)


@mistake_of("in_batch_softmax_loss", Text("Both directions were averaged, as CLIP does. Here only items compete for customers.",
                                          "像 CLIP 那样平均了两个方向。这里只有物品竞争用户这一个方向。"))
def both_directions(q, c, item_ids, log_q, temperature):
    return (_batch_loss(q, c, item_ids, log_q, temperature) + softmax_down_the_columns.function(q, c, item_ids, log_q, temperature)) / 2


@mistake_of("in_batch_softmax_loss", Text("Divided by B², the number of entries. There is one loss a row: divide by B.",
                                          "除以了 B²，即元素个数。每行只有一个损失：除以 B。"))
def mean_over_all_entries(q, c, item_ids, log_q, temperature):
    return _batch_loss(q, c, item_ids, log_q, temperature) / len(q)


@mistake_of("in_batch_softmax_loss", Text("The rows were summed. Take the mean.", "对各行求了和。应取平均。"))
def sum_of_the_batch(q, c, item_ids, log_q, temperature):
    return _batch_rows(q, c, item_ids, log_q, temperature).sum()


@mistake_of("in_batch_softmax_loss", Text("This is the log-likelihood. A loss is its negative.", "这是对数似然。损失是它的相反数。"))
def sign_of_the_likelihood(q, c, item_ids, log_q, temperature):
    return -_batch_loss(q, c, item_ids, log_q, temperature)


@mistake_of("in_batch_softmax_loss", Text(
    "The mean of the probabilities was taken before the logarithm. Take −ln of each row, then the mean.",
    "先对概率求平均再取对数。应对每行取 −ln，再求平均。"))
def logarithm_of_the_mean(q, c, item_ids, log_q, temperature):
    return -np.log(np.exp(-_batch_rows(q, c, item_ids, log_q, temperature)).mean())


@mistake_of("in_batch_softmax_loss", Text("The softmax overflows: exp(1000) is infinite. Subtract the largest logit of each row first.",
                                          "softmax 溢出：exp(1000) 是无穷大。应先减去每行最大的 logit。"))
def loss_overflows(q, c, item_ids, log_q, temperature):
    with np.errstate(all="ignore"):
        table = np.exp(_batch_logits(q, c, log_q, temperature))
        return -np.log(np.diag(table) / np.where(_batch_hits(item_ids), 0, table).sum(axis=1)).mean()


@mistake_of("in_batch_softmax_loss", Text(
    "The sum of exponentials overflows, and the loss is infinite. Subtract the largest logit of each row before `np.exp`.",
    "指数之和溢出，损失成了无穷大。应在 `np.exp` 之前减去每行最大的 logit。"))
def loss_overflows_to_infinity(q, c, item_ids, log_q, temperature):
    with np.errstate(all="ignore"):
        table = np.where(_batch_hits(item_ids), -np.inf, _batch_logits(q, c, log_q, temperature))
        return (np.log(np.exp(table).sum(axis=1)) - np.diag(table)).mean()


@mistake_of("in_batch_softmax_loss", Text(
    "One maximum was subtracted from the whole table: a row far below it becomes ln 0. Each row needs its own.",
    "整张表只减了一个最大值：远低于它的行会变成 ln 0。每一行要减自己的最大值。"))
def one_maximum_for_the_batch(q, c, item_ids, log_q, temperature):
    with np.errstate(all="ignore"):
        table = np.where(_batch_hits(item_ids), -np.inf, _batch_logits(q, c, log_q, temperature))
        return (table.max() + np.log(np.exp(table - table.max()).sum(axis=1)) - np.diag(table)).mean()


@alternate_of("in_batch_softmax_loss")
def loss_by_loops(q, c, item_ids, log_q, temperature):
    losses = []
    for i in range(len(q)):
        others = [i] + [j for j in range(len(q)) if item_ids[j] != item_ids[i]]
        logits = [sum(a * b for a, b in zip(q[i], c[j], strict=True)) / temperature - log_q[j] for j in others]
        losses.append(max(logits) + math.log(sum(math.exp(each - max(logits)) for each in logits)) - logits[0])
    return math.fsum(losses) / len(losses)


@alternate_of("in_batch_softmax_loss")
def loss_by_margins(q, c, item_ids, log_q, temperature):
    # −ln softmax = ln(1 + Σ exp(margin)): only how far a negative is above the positive matters.
    table = np.einsum("id,jd->ij", q, c) / temperature - log_q[np.newaxis]
    margin = table - np.diagonal(table)[:, np.newaxis]
    margin[np.equal.outer(item_ids, item_ids)] = -np.inf
    return np.logaddexp(0, np.logaddexp.reduce(margin, axis=1)).mean()


@alternate_of("in_batch_softmax_loss")
def loss_by_shares(q, c, item_ids, log_q, temperature):
    # The correction as a column of the vectors, and hits taken out of the sum by weights of 0.
    table = np.hstack([q / temperature, np.ones((len(q), 1))]) @ np.hstack([c, -log_q[:, None]]).T
    counted = 1.0 - (item_ids.reshape(-1, 1) == item_ids.reshape(1, -1)) + np.identity(len(q))
    table -= np.max(table, axis=1, where=counted > 0, initial=-np.inf, keepdims=True)
    with np.errstate(over="ignore"):
        total = np.sum(np.exp(table), axis=1, where=counted > 0)
    return float(np.mean(np.log(total) - table.diagonal()))


# --- build_recommender_cnn -----------------------------------------------------------------------------------------------

_NEXT_SIGMOID = Text(
    "Sigmoids judge each item for itself, and their probabilities sum to anything. What comes next is **one** of the items: a softmax over all.",
    "sigmoid 单独判断每件商品，概率之和可以是任何数。下一件是所有商品中的**一件**：应使用 softmax。")
_NEXT_LOGITS = Text(
    "The last layer has no softmax, so its numbers are no probabilities. from_logits=True tells that to the loss, not to those who use the predictions.",
    "最后一层没有 softmax，数值不是概率。from_logits=True 只告诉了损失函数，使用预测值的人并不知道。")
_NEXT_CATEGORICAL = Text(
    "Categorical cross-entropy wants one-hot targets. What came next is an id: use sparse_categorical_crossentropy, which needs no table as wide as the "
    "catalogue.",
    "categorical_crossentropy 需要 one-hot 目标。下一件商品是一个 id：用 sparse_categorical_crossentropy，就不需要与目录一样宽的表。")
_NEXT_WIDE = Text(
    "There is a column too many: id 0 is padding, and would be recommended. n_items columns, column j for item j + 1.",
    "多了一列：id 0 是填充，这样它会被推荐。应有 n_items 列，第 j 列对应商品 j + 1。")
_NEXT_NARROW = Text(
    "There is a column too few: n_items items need n_items columns, column j for item j + 1. Padding is not among them already.",
    "少了一列：n_items 件商品需要 n_items 列，第 j 列对应商品 j + 1。填充本来就不在其中。")
_NEXT_NUMBERS = Text(
    "There is no Embedding. Ids are names, not amounts: as a number, item 40 would be twice item 20. Embedding(n_items + 1, …) gives each a vector.",
    "没有 Embedding。id 是名称而不是数量：当作数字时，商品 40 就成了商品 20 的两倍。Embedding(n_items + 1, …) 给每件商品一个向量。")
_NEXT_ROWS = Text(
    "Ids run from 0 (padding) to n_items, so the Embedding needs n_items + 1 rows: here there is none for the last item.",
    "id 从 0（填充）到 n_items，所以 Embedding 需要 n_items + 1 行：这里缺少最后一件商品的那一行。")
_NEXT_NOT_COMPILED = Text("The model is not compiled: without loss and optimiser nothing can be learnt.", "模型没有编译：没有损失函数和优化器就无法学习。")


def _cnn_layers():
    import keras

    return keras.layers


def _cnn_real(ids):
    from keras import ops

    return ops.cast(ops.expand_dims(ids > 0, -1), "float32")


def _cnn_compiled(ids, outputs, loss="sparse_categorical_crossentropy", compiled=True, rate=.01):
    import keras

    model = keras.Model(ids, outputs)
    if compiled:
        model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return model


def _cnn(n_items, T=None, padding="causal", dilations=(1, 2), masked=True, mask_zero=False, rows=1, units=0, activation="softmax", pool=None, **wrong):
    """A causal CNN over ids with one thing wrong."""
    import keras

    layers = _cnn_layers()
    ids = keras.Input((T,), dtype="int32")
    real = _cnn_real(ids) if masked else 1.
    x = layers.Embedding(n_items + rows, 32, mask_zero=mask_zero)(ids) * real if masked else layers.Embedding(n_items + rows, 32, mask_zero=mask_zero)(ids)
    for dilation in dilations:
        x = layers.Conv1D(32, 3, padding=padding, dilation_rate=dilation, activation="relu")(x)
        x = x * real if masked else x
    if pool:
        x = pool(x)
    return _cnn_compiled(ids, layers.Dense(n_items + units, activation=activation)(x), **wrong)


@mistake_of("build_recommender_cnn", Text(
    "padding=\"same\" centres the kernel: the answer after step t reads step t + 1, which **is** the answer. It looks perfect in training and knows nothing "
    "after the last step. Use padding=\"causal\".",
    "padding=\"same\" 使卷积核居中：第 t 步之后的回答读到了第 t + 1 步，而那**正是**答案。训练时看似完美，最后一步之后却一无所知。请用 padding=\"causal\"。"),
    facts={"paddings": "same", "future_matters": True})
def convolution_that_reads_the_answer(n_items, length):
    return _cnn(n_items, padding="same")


@mistake_of("build_recommender_cnn", Text(
    "padding=\"valid\" drops steps at the edge: there are fewer answers than steps, and they stand at other places. padding=\"causal\" keeps all T.",
    "padding=\"valid\" 会丢掉边缘的步：回答比步数少，位置也错开了。padding=\"causal\" 保留全部 T 步。"),
    facts={"output_rank": 3, "every_step": False})
def convolution_that_drops_steps(n_items, length):
    return _cnn(n_items, padding="valid", masked=False)


@mistake_of("build_recommender_cnn", Text(
    "The maximum over time leaves one answer a history, and forgets the order. Leave the time axis where it is: after every step, what comes next?",
    "对时间取最大值后，每段历史只剩一个回答，而且忘掉了顺序。保留时间轴：每一步之后，接下来是什么？"),
    facts={"output_rank": 2, "layers": "GlobalMaxPooling1D"})
def pooled_over_time(n_items, length):
    return _cnn(n_items, pool=_cnn_layers().GlobalMaxPooling1D())


@mistake_of("build_recommender_cnn", Text(
    "Flatten leaves one answer a history, and ties the weights to places. Leave the time axis where it is: after every step, what comes next?",
    "Flatten 之后每段历史只剩一个回答，权重也与位置绑在一起。保留时间轴：每一步之后，接下来是什么？"),
    facts={"output_rank": 2, "layers": "Flatten"})
def flattened_history(n_items, length):
    return _cnn(n_items, T=length, pool=_cnn_layers().Flatten())


@mistake_of("build_recommender_cnn", _NEXT_SIGMOID, facts={"output_rank": 3, "activation": "sigmoid"})
def sigmoid_for_each_item(n_items, length):
    return _cnn(n_items, activation="sigmoid")


@mistake_of("build_recommender_cnn", _NEXT_LOGITS, facts={"output_rank": 3, "activation": "linear"})
def next_items_as_logits(n_items, length):
    import keras

    return _cnn(n_items, activation="linear", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@mistake_of("build_recommender_cnn", _NEXT_CATEGORICAL, facts={"error": "ValueError", "message": "same rank"})
def one_hot_loss_on_ids(n_items, length):
    return _cnn(n_items, loss="categorical_crossentropy")


@mistake_of("build_recommender_cnn", _NEXT_WIDE, facts={"output_rank": 3, "output_units": 41})
def padding_has_a_column(n_items, length):
    return _cnn(n_items, units=1)


@mistake_of("build_recommender_cnn", _NEXT_NARROW, facts={"output_rank": 3, "output_units": 39})
def one_column_short(n_items, length):
    return _cnn(n_items, units=-1)


@mistake_of("build_recommender_cnn", _NEXT_NUMBERS, facts={"embeds": False, "paddings": "causal"})
def convolved_numbers(n_items, length):
    import keras
    from keras import ops

    layers = _cnn_layers()
    ids = keras.Input((None,))
    x = ops.expand_dims(ids, -1)
    for dilation in (1, 2):
        x = layers.Conv1D(32, 3, padding="causal", dilation_rate=dilation, activation="relu")(x) * _cnn_real(ids)
    return _cnn_compiled(ids, layers.Dense(n_items, activation="softmax")(x))


@mistake_of("build_recommender_cnn", Text(
    "Padding is read: its vector, or a convolution's bias at its steps, reaches the items after it, and more zeros in front change the probabilities. "
    "Multiply by ids > 0 after the Embedding and after each convolution.",
    "填充被读进去了：填充的向量，或卷积在填充步上的偏置，会影响其后的商品，前面多加几个零概率就变了。请在 Embedding 之后和每层卷积之后乘以 ids > 0。"),
    facts={"embeds": True, "mask_zero": False, "future_matters": False, "padding_fits": True, "padding_matters": True})
def padding_convolved(n_items, length):
    return _cnn(n_items, masked=False)


@mistake_of("build_recommender_cnn", Text(
    "mask_zero=True marks the padding, but Conv1D does not look at the mark: it convolves the vector of id 0 like any other. Multiply by ids > 0 yourself, "
    "after the Embedding and after each convolution.",
    "mask_zero=True 标出了填充，但 Conv1D 不看这个标记：它照样对 id 0 的向量做卷积。请自己在 Embedding 之后和每层卷积之后乘以 ids > 0。"),
    facts={"mask_zero": True, "future_matters": False, "padding_fits": True, "padding_matters": True})
def mask_that_a_convolution_ignores(n_items, length):
    return _cnn(n_items, masked=False, mask_zero=True)


@mistake_of("build_recommender_cnn", Text(
    "The network sees three steps back, and what decides lies four back. Add a layer with dilation_rate=2 (7 steps), or widen the kernel.",
    "网络只能看到三步，而起决定作用的在四步之前。再加一层 dilation_rate=2（共 7 步），或加宽卷积核。"),
    facts={"sees": 3, "padding_matters": False, "activation": "softmax"})
def one_narrow_layer(n_items, length):
    return _cnn(n_items, dilations=(1,))


@mistake_of("build_recommender_cnn", _NEXT_ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def no_row_for_the_last_item(n_items, length):
    return _cnn(n_items, rows=0)


@mistake_of("build_recommender_cnn", _NEXT_NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def recommender_not_compiled(n_items, length):
    return _cnn(n_items, compiled=False)


@alternate_of("build_recommender_cnn")
def gates_without_bias(n_items, length):
    import keras

    layers = _cnn_layers()
    ids = keras.Input((None,), dtype="int32")
    x = layers.Embedding(n_items + 1, 32)(ids) * _cnn_real(ids)
    for dilation in (1, 2, 4):
        value, gate = (layers.Conv1D(32, 2, padding="causal", dilation_rate=dilation, use_bias=False, activation=name)(x) for name in ("tanh", "sigmoid"))
        x = x + layers.Conv1D(32, 1, use_bias=False)(value * gate)
    return _cnn_compiled(ids, layers.Dense(n_items, activation="softmax")(layers.Dense(64, activation="relu")(x)))


@alternate_of("build_recommender_cnn")
def one_wide_kernel_over_one_hot_ids(n_items, length):
    import keras
    from keras import ops

    layers = _cnn_layers()
    model = keras.Sequential([
        keras.Input((None,), dtype="int32"), layers.Lambda(lambda ids: ops.one_hot(ids - 1, n_items)),
        layers.ZeroPadding1D((4, 0)), layers.Conv1D(64, 5, use_bias=False, activation="relu"), layers.Dropout(.1),
        layers.Dense(n_items), layers.Softmax()])
    model.compile(keras.optimizers.Adam(learning_rate=.01), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return model


@alternate_of("build_recommender_cnn")
def attention_in_place_of_convolutions(n_items, length):
    return _transformer(n_items, length, 32, 1, rate=.01)


# --- build_sasrec --------------------------------------------------------------------------------------------------------


def _transformer(n_items, length, size, blocks, first=1, causal=True, padded=True, mask_zero=False, placed=True, attends=True, rows=1, units=0,
                 activation="softmax", last=False, rate=.003, **wrong):
    """A causal Transformer over ids with one thing wrong."""
    import keras
    from keras import ops

    layers = _cnn_layers()
    ids = keras.Input((None,), dtype="int32")
    keep = ops.expand_dims(ids > 0, 1) if padded else None
    x = layers.Embedding(n_items + rows, size, mask_zero=mask_zero)(ids)
    if placed:
        x = x + layers.Embedding(length + 1, size)(ops.cumsum(ops.cast(ids >= first, "int32"), axis=1))
    for _ in range(blocks):
        h = layers.LayerNormalization()(x)
        if attends:
            x = x + layers.MultiHeadAttention(2, size // 2)(h, h, attention_mask=keep, use_causal_mask=causal)
        h = layers.LayerNormalization()(x)
        x = x + layers.Dense(size)(layers.Dense(2 * size, activation="relu")(h))
    x = layers.LayerNormalization()(x)
    return _cnn_compiled(ids, layers.Dense(n_items + units, activation=activation)(x[:, -1] if last else x), rate=rate, **wrong)


@mistake_of("build_sasrec", Text(
    "Without the causal mask each step attends to the later ones, and step t + 1 **is** the answer after step t. use_causal_mask=True.",
    "没有因果掩码时，每一步都会注意到之后的步，而第 t + 1 步**正是**第 t 步之后的答案。应设 use_causal_mask=True。"),
    facts={"future_matters": True})
def attention_to_the_answer(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, causal=False)


@mistake_of("build_sasrec", Text(
    "Padding is attended to like an item: more zeros in front change the probabilities. attention_mask=ops.expand_dims(ids > 0, 1).",
    "填充像商品一样被注意到：前面多加几个零概率就变了。应使用 attention_mask=ops.expand_dims(ids > 0, 1)。"),
    facts={"embeds": True, "mask_zero": False, "future_matters": False, "padding_fits": True, "padding_matters": True})
def attention_to_padding(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, padded=False)


@mistake_of("build_sasrec", Text(
    "mask_zero=True marks the padding, but the mark is lost where two tensors are added, so the attention never sees it. Give it: "
    "attention_mask=ops.expand_dims(ids > 0, 1).",
    "mask_zero=True 标出了填充，但两个张量相加后标记就丢了，注意力看不到它。请明确给出：attention_mask=ops.expand_dims(ids > 0, 1)。"),
    facts={"mask_zero": True, "future_matters": False, "padding_fits": True, "padding_matters": True})
def mask_lost_in_a_sum(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, padded=False, mask_zero=True)


@mistake_of("build_sasrec", Text(
    "The model is tied to one number of columns, by its input or since places are counted by columns, padding included. Count items: "
    "ops.cumsum(ops.cast(ids > 0, \"int32\"), axis=1), and keras.Input((None,)).",
    "模型与固定的列数绑在一起：要么输入长度固定，要么位置按列计数（包括填充）。应按商品计数："
    "ops.cumsum(ops.cast(ids > 0, \"int32\"), axis=1)，并使用 keras.Input((None,))。"),
    facts={"output_rank": 3, "padding_fits": False})
def places_of_columns(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, first=0)


@mistake_of("build_sasrec", Text(
    "No position is added, so the attention sees a set: in whatever order the earlier items stand, the answer is the same. Add an embedding of the place.",
    "没有加上位置，注意力看到的只是一个集合：之前的商品无论按什么顺序排列，回答都一样。请加上位置的嵌入。"),
    facts={"order_matters": False, "future_matters": False, "padding_matters": False, "activation": "softmax"})
def a_set_of_items(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, placed=False)


@mistake_of("build_sasrec", Text(
    "Each answer sees the latest item alone: nothing carries over from one step to another. That is the attention's task.",
    "每个回答只看到最近一件商品：步与步之间没有任何信息传递。这正是注意力的任务。"),
    facts={"sees": 1, "padding_fits": True})
def no_attention(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, attends=False)


@mistake_of("build_sasrec", Text(
    "The network can see all it needs, and has not learnt it in eight epochs. Norm before each part, x + part(LN(x)), not after, LN(x + part(x)), which needs "
    "a slow start; and take Adam(0.003).",
    "网络能看到所需的一切，但八轮训练还没学会。应先归一化再进入各部分：x + part(LN(x))，而不是 LN(x + part(x))，后者需要预热；并使用 Adam(0.003)。"),
    facts={"order_matters": True, "future_matters": False, "padding_matters": False, "activation": "softmax"})
def normed_after_each_part(n_items, length, size, blocks):
    import keras
    from keras import ops

    layers = _cnn_layers()
    ids = keras.Input((None,), dtype="int32")
    keep = ops.expand_dims(ids > 0, 1)
    x = layers.Embedding(n_items + 1, size)(ids) + layers.Embedding(length + 1, size)(ops.cumsum(ops.cast(ids > 0, "int32"), axis=1))
    for _ in range(blocks):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, size // 2)(x, x, attention_mask=keep, use_causal_mask=True))
        x = layers.LayerNormalization()(x + layers.Dense(size)(layers.Dense(2 * size, activation="relu")(x)))
    return _cnn_compiled(ids, layers.Dense(n_items, activation="softmax")(x), rate=.003)


@mistake_of("build_sasrec", Text(
    "There is one answer a history. Leave the time axis where it is: after every step, what comes next?",
    "每段历史只有一个回答。请保留时间轴：每一步之后，接下来是什么？"), facts={"output_rank": 2})
def the_last_step_only(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, last=True)


@mistake_of("build_sasrec", _NEXT_SIGMOID, facts={"output_rank": 3, "activation": "sigmoid"})
def sasrec_with_sigmoids(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, activation="sigmoid")


@mistake_of("build_sasrec", _NEXT_LOGITS, facts={"output_rank": 3, "activation": "linear"})
def sasrec_with_logits(n_items, length, size, blocks):
    import keras

    return _transformer(n_items, length, size, blocks, activation="linear", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@mistake_of("build_sasrec", _NEXT_CATEGORICAL, facts={"error": "ValueError", "message": "same rank"})
def sasrec_with_one_hot_loss(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, loss="categorical_crossentropy")


@mistake_of("build_sasrec", _NEXT_WIDE, facts={"output_rank": 3, "output_units": 41})
def sasrec_recommends_padding(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, units=1)


@mistake_of("build_sasrec", _NEXT_NARROW, facts={"output_rank": 3, "output_units": 39})
def sasrec_one_column_short(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, units=-1)


@mistake_of("build_sasrec", _NEXT_ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def sasrec_one_row_short(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, rows=0)


@mistake_of("build_sasrec", _NEXT_NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def sasrec_not_compiled(n_items, length, size, blocks):
    return _transformer(n_items, length, size, blocks, compiled=False)


@alternate_of("build_sasrec")
def attention_by_hand(n_items, length, size, blocks):
    import keras
    from keras import ops

    layers = _cnn_layers()
    ids = keras.Input((None,), dtype="int32")
    column = ops.cumsum(ops.ones_like(ids), axis=1)
    allowed = (column[:, :, None] >= column[:, None, :]) & (ids > 0)[:, None, :]
    x = layers.Embedding(n_items + 1, size)(ids) + layers.Embedding(length + 1, size)(ops.cumsum(ops.cast(ids > 0, "int32"), axis=1))
    for _ in range(blocks):
        query, key, value = (layers.Dense(size, use_bias=False)(layers.LayerNormalization()(x)) for _ in range(3))
        scores = ops.einsum("nqd,nkd->nqk", query, key) / size ** .5
        x = x + ops.einsum("nqk,nkd->nqd", ops.softmax(ops.where(allowed, scores, -1e9), axis=-1), value)
        x = x + layers.Dense(size)(layers.Dense(4 * size, activation="gelu")(layers.LayerNormalization()(x)))
    return _cnn_compiled(ids, layers.Dense(n_items, activation="softmax")(x), rate=.003)


@alternate_of("build_sasrec")
def places_as_waves(n_items, length, size, blocks):
    import keras
    from keras import ops

    layers = _cnn_layers()
    ids = keras.Input((None,), dtype="int32")
    place = ops.cumsum(ops.cast(ids > 0, "float32"), axis=1)
    waves = [ops.sin(place * 20. ** (-2 * i / size) + shift) for i in range(size // 2) for shift in (0., 1.5708)]
    x = layers.Embedding(n_items + 1, size)(ids) + .1 * ops.stack(waves, axis=-1)
    for _ in range(blocks):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, size // 4, dropout=.05)(h, h, attention_mask=ops.expand_dims(ids > 0, 1), use_causal_mask=True)
        x = x + layers.Dense(size)(layers.Dense(2 * size, activation="gelu")(layers.LayerNormalization()(x)))
    return _cnn_compiled(ids, layers.Dense(n_items, activation="softmax")(layers.LayerNormalization()(x)), rate=.003)


@alternate_of("build_sasrec")
def convolutions_in_place_of_attention(n_items, length, size, blocks):
    return _cnn(n_items, dilations=(1, 2, 4), rate=.003)


# --- cold_start_scores ---------------------------------------------------------------------------------------------------


def _cold_unit(rows):
    rows = np.asarray(rows, float)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def _cold_best(between):
    return between.max(axis=1)


def _cold(E, liked, weight, seen, how, rows=_cold_unit, liked_rows=None, centre=lambda weight, rows: weight @ rows, of_centre=_cold_unit,
          best=_cold_best, silent=False, masked=lambda liked, seen: seen, mask=-np.inf, refuse=True):
    if refuse and how not in ("centroid", "max"):
        raise ValueError(how)
    liked, weight, seen = np.asarray(liked, int), np.asarray(weight, float), np.asarray(seen, int)
    E = np.asarray(E, float)
    items, theirs = rows(E), (liked_rows or rows)(E)[liked]
    if not silent:
        spoken = np.abs(E[liked]).sum(axis=1) > 0
        theirs, weight = theirs[spoken], weight[spoken]
    scores = np.zeros(len(E))
    if len(theirs):
        scores = items @ of_centre(centre(weight, theirs)) if how != "max" else best(items @ theirs.T)
    scores[masked(liked, seen)] = mask
    return scores


def _cold_as_it_is(rows):
    return np.asarray(rows, float)


@mistake_of("cold_start_scores", Text("Dot products were compared: a long vector wins whatever it says. Divide every row of E by its length first.",
                                      "比较的是点积：长向量无论内容都占优。应先把 E 的每一行除以自身长度。"))
def cold_dot_products(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, rows=_cold_as_it_is, of_centre=_cold_as_it_is)


@mistake_of("cold_start_scores", Text("The centroid was made of the rows as they are, so a long vector counts more than a liked one. Average *unit* vectors.",
                                      "质心是用原始的行求的，长向量比喜欢得多的商品更有分量。应对*单位*向量求平均。"))
def cold_centroid_of_raw_rows(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, liked_rows=_cold_as_it_is if how != "max" else None)


@mistake_of("cold_start_scores", Text("The weights were left out: what she bought nine times counts like what she bought once. Weigh the unit vectors.",
                                      "没有用权重：买了九次的与买了一次的同等对待。应对单位向量加权。"))
def cold_weights_left_out(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, centre=lambda weight, rows: rows.sum(axis=0))


@mistake_of("cold_start_scores", Text("The weights were multiplied into the maximum. There the nearest liked item decides, however often it was bought.",
                                      "最大值里乘了权重。那里由最近的喜欢商品决定，与买了多少次无关。"))
def cold_weights_in_the_maximum(E, liked, weight, seen, how):
    liked, weight = np.asarray(liked, int), np.asarray(weight, float)
    spoken = weight[np.abs(np.asarray(E, float)[liked]).sum(axis=1) > 0]
    return _cold(E, liked, weight, seen, how, best=lambda between: (between * spoken).max(axis=1))


@mistake_of("cold_start_scores", Text("The centroid kept its length, so the scores are no cosines: a mean of unit vectors is shorter than 1. Divide "
                                      "by its length.",
                                      "质心保留了自己的长度，得分不是余弦：单位向量的均值短于 1。应再除以质心的长度。"))
def cold_centroid_not_of_length_one(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, centre=lambda weight, rows: weight @ rows / weight.sum(), of_centre=_cold_as_it_is)


@mistake_of("cold_start_scores", Text("The weighted sum was not divided by its length: the scores grow with the weights and are no cosines.",
                                      "加权和没有除以自身长度：得分随权重增大，不是余弦。"))
def cold_sum_not_of_length_one(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, of_centre=_cold_as_it_is)


@mistake_of("cold_start_scores", Text("For `max` the mean of the similarities was taken, in which one good neighbour drowns. Take the largest.",
                                      "`max` 取了相似度的平均，其中一个好的近邻会被稀释。应取最大值。"))
def cold_mean_for_the_maximum(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, best=lambda between: between.mean(axis=1))


@mistake_of("cold_start_scores", Text("For `max` the smallest similarity was taken. One liked item that is near is enough: take the largest.",
                                      "`max` 取了最小的相似度。只要有一个喜欢的商品相近就够了：应取最大值。"))
def cold_least_similar(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, best=lambda between: between.min(axis=1))


@mistake_of("cold_start_scores", Text("The maximum begins at 0 and can never fall below. Where all similarities are negative, the largest is, too.",
                                      "最大值从 0 开始，永远不会低于 0。若相似度全为负，最大值也为负。"))
def cold_maximum_never_negative(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, best=lambda between: np.maximum(between.max(axis=1), 0))


@mistake_of("cold_start_scores", Text("A liked row of zeros took part in the maximum: with its cosine of 0 it lifts everything that is unlike her to 0. "
                                      "It says nothing: drop it.",
                                      "喜欢过的全零行参与了最大值：它的余弦为 0，把所有不相似的商品抬到 0。它不提供信息：应去掉。"))
def cold_zeros_lift_the_maximum(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, silent=True)


@mistake_of("cold_start_scores", Text("A row of zeros was divided by its length 0, and nan wins every sort. Its score is 0.",
                                      "全零的行除以了长度 0，而 nan 会赢得任何排序。它的得分是 0。"))
def cold_zeros_make_nan(E, liked, weight, seen, how):
    def rows(E):
        with np.errstate(invalid="ignore"):
            return E / np.linalg.norm(E, axis=1, keepdims=True)
    return _cold(E, liked, weight, seen, how, rows=rows, liked_rows=_cold_unit)


@mistake_of("cold_start_scores", Text("Seen items keep their scores, and what she bought is most like what she bought. Give them −inf.",
                                      "看过的商品仍保留得分，而与她所买最像的正是她买过的。应设为 −inf。"))
def cold_seen_not_masked(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, masked=lambda liked, seen: [])


@mistake_of("cold_start_scores", Text("Seen items got 0. A cosine may be negative, so 0 is not last: give them −inf.",
                                      "看过的商品得了 0。余弦可以为负，0 并不是最后一名：应设为 −inf。"))
def cold_seen_is_zero(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, mask=0.)


@mistake_of("cold_start_scores", Text("Liked items were excluded, too. Only `seen` is: whether a favourite may come again is not this function's decision.",
                                      "喜欢过的也被排除了。只排除 `seen`：老主顾能否再看到它，不由这个函数决定。"))
def cold_liked_masked_too(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, masked=lambda liked, seen: np.concatenate([liked, seen]))


@mistake_of("cold_start_scores", Text("The liked items were excluded in place of the seen ones. The two lists need not agree.",
                                      "排除的是喜欢过的，而不是看过的。两个列表不必一致。"))
def cold_liked_masked_instead(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, masked=lambda liked, seen: liked)


@mistake_of("cold_start_scores", Text("`seen` was applied first and the scores written over it. Exclude at the very end.",
                                      "先处理了 `seen`，随后又被得分覆盖。应在最后排除。"))
def cold_masked_too_early(E, liked, weight, seen, how):
    spoken = np.abs(np.asarray(E, float)[np.asarray(liked, int)]).sum() > 0
    return _cold(E, liked, weight, seen, how, masked=lambda liked, seen: [] if spoken else seen)


@mistake_of("cold_start_scores", Text("`centroid` and `max` are exchanged.", "`centroid` 与 `max` 弄反了。"))
def cold_how_exchanged(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, {"centroid": "max", "max": "centroid"}.get(how, how))


@mistake_of("cold_start_scores", Text("The centroid was returned for `max`, too. There each candidate is compared with the liked items one by one.",
                                      "`max` 也返回了质心的结果。那里每个候选要与喜欢的商品逐一比较。"))
def cold_always_the_centroid(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, "centroid" if how == "max" else how)


@mistake_of("cold_start_scores", Text("Another `how` went through. Refuse it with ValueError: a typing error must not become a ranking.",
                                      "其他的 `how` 没有被拒绝。应抛出 ValueError：拼写错误不能变成一个排序。"))
def cold_nothing_refused(E, liked, weight, seen, how):
    return _cold(E, liked, weight, seen, how, refuse=False)


@mistake_of("cold_start_scores", Text("An item that stands in `liked` twice was counted once: assigning weights by position keeps the last. Add them.",
                                      "在 `liked` 中出现两次的商品只算了一次：按下标赋值只保留最后一个权重。应当相加。"))
def cold_repeats_written_over(E, liked, weight, seen, how):
    kept = dict(zip(np.asarray(liked, int).tolist(), np.asarray(weight, float).tolist(), strict=True))
    return _cold(E, list(kept), list(kept.values()), seen, how)


@mistake_of("cold_start_scores", Text("Nobody liked, and the answer is 0/0: nan, or an error of `max`. Look first whether anything is left; else "
                                      "all scores are 0.",
                                      "没有喜欢任何商品时得到 0/0 = nan。应先看是否还有剩余；没有则所有分数为 0。"))
def cold_nothing_liked_is_nan(E, liked, weight, seen, how):
    scores = np.array(_cold(E, liked, weight, seen, how))
    if not np.abs(np.asarray(E, float)[np.asarray(liked, int)]).sum() > 0:
        scores[np.isfinite(scores)] = np.nan
    return scores


@mistake_of("cold_start_scores", Text("The maximum over nothing raised an error. Without a liked item that has a vector all scores are 0.",
                                      "对空集合取最大值时报错了。没有任何有向量的喜欢商品时，所有分数为 0。"))
def cold_maximum_of_nothing_raises(E, liked, weight, seen, how):
    if how == "max" and not np.abs(np.asarray(E, float)[np.asarray(liked, int)]).sum() > 0:
        np.zeros((1, 0)).max(axis=1)
    return _cold(E, liked, weight, seen, how)


@mistake_of("cold_start_scores", Text("An empty list became an array of floats, which cannot index: `np.asarray(liked, int)` says that these are ids.",
                                      "空列表变成了浮点数组，不能用作下标：`np.asarray(liked, int)` 说明这些是编号。"))
def cold_empty_list_as_index(E, liked, weight, seen, how):
    np.zeros(1)[np.asarray(liked)[:0]], np.zeros(1)[np.asarray(seen)[:0]]
    return _cold(E, liked, weight, seen, how)


@mistake_of("cold_start_scores", Text("E was divided by its lengths in place: the caller's vectors are changed. Make a new array.",
                                      "原地除以了长度：调用者的向量被改掉了。应新建一个数组。"))
def cold_vectors_changed_in_place(E, liked, weight, seen, how):
    scores = _cold(E, liked, weight, seen, how)
    if isinstance(E, np.ndarray):
        E[:] = _cold_unit(E)
    return scores


@alternate_of("cold_start_scores")
def cold_by_loops(E, liked, weight, seen, how):
    if how != "centroid" and how != "max":
        raise ValueError(f"how: {how}")

    def cosine(a, b):
        lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
        return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths > 0 else 0.

    E = [[float(x) for x in row] for row in E]
    history = [(E[int(i)], float(w)) for i, w in zip(liked, weight, strict=True) if any(E[int(i)])]
    if how == "centroid":
        centre = [0.] * len(E[0])
        for row, w in history:
            length = math.sqrt(sum(x * x for x in row))
            centre = [c + w * x / length for c, x in zip(centre, row, strict=True)]
        scores = [cosine(row, centre) for row in E]
    else:
        scores = [max((cosine(row, other) for other, _ in history), default=0.) for row in E]
    gone = {int(i) for i in seen}
    return [-math.inf if i in gone else s for i, s in enumerate(scores)]


@alternate_of("cold_start_scores")
def cold_by_all_cosines(E, liked, weight, seen, how):
    """All cosines at once, and the weights as one number an item: a centroid's cosine is a quadratic form of them."""
    if how not in {"max", "centroid"}:
        raise ValueError(how)
    E = np.array(E, dtype=float)
    gram = E @ E.T
    length = np.sqrt(np.diag(gram))
    cosine = gram / np.where(length > 0, length, 1)[:, None] / np.where(length > 0, length, 1)[None, :]
    total = np.bincount(np.array(liked, dtype=int), weights=np.array(weight, dtype=float), minlength=len(E)) * (length > 0)
    if how == "centroid":
        along, own = cosine @ total, total @ cosine @ total
        scores = along / np.sqrt(own) if own > 0 else np.zeros(len(E))
    else:
        scores = np.where(total > 0, cosine, -2).max(axis=1) if total.any() else np.zeros(len(E))
    out = np.isin(np.arange(len(E)), np.array(seen, dtype=int))
    return np.where(out, -np.inf, scores)


# --- din_pool ------------------------------------------------------------------------------------------------------------


def _din_inputs(h, t):
    return [h, t, h - t, h * t]


def _din_sum(weight, h, t, real):
    return np.einsum("bt,btd->bd", weight, h)


def _din(history, target, mask, W1, b1, w2, b2, inputs=_din_inputs, real=lambda mask: mask, hidden=lambda x: np.maximum(x, 0),
         after=lambda weight: weight, masked=lambda weight, real: np.where(real, weight, 0.), pool=_din_sum):
    h, t, given = np.asarray(history, float), np.asarray(target, float), np.asarray(mask, bool)
    used = real(given)
    x = np.concatenate(inputs(h, np.broadcast_to(t[:, None, :], h.shape)), axis=-1)
    weight = after(hidden(x @ np.asarray(W1, float) + np.asarray(b1, float)) @ np.asarray(w2, float) + b2)
    return pool(masked(weight, used), h, t, given)


def _din_softmax(score, real):
    score = np.where(real, score, -np.inf)
    top = np.where(real.any(axis=1), score.max(axis=1), 0.)
    e = np.exp(score - top[:, None])
    total = e.sum(axis=1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


@mistake_of("din_pool", Text("The weights went through a softmax and sum to 1: a hundred purchases look like one. DIN leaves them as the network gives them.",
                             "权重经过了 softmax，和为 1：一百次购买看起来与一次相同。DIN 直接使用网络给出的权重。"))
def din_softmax(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, masked=_din_softmax)


@mistake_of("din_pool", Text("A softmax over all steps, padding included. There is neither here: no softmax, and padding weighs 0.",
                             "对包括填充在内的所有步做了 softmax。这里既不做 softmax，填充的权重也为 0。"))
def din_softmax_over_padding(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, masked=lambda weight, real: _din_softmax(weight, np.ones_like(real)))


@mistake_of("din_pool", Text("The sum was divided by the number of real steps. Then the history twice gives the same vector, and how much was "
                             "bought is lost.",
                             "总和除以了真实步数。这样历史翻倍结果不变，购买量的信息丢失了。"))
def din_mean_of_real_steps(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2,
                pool=lambda weight, h, t, real: _din_sum(weight, h, t, real) / np.maximum(real.sum(axis=1, keepdims=True), 1))


@mistake_of("din_pool", Text("The mean over all T steps was taken: more padding makes the vector smaller. Sum.",
                             "对全部 T 步取了均值：填充越多向量越小。应求和。"))
def din_mean_of_all_steps(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, pool=lambda weight, h, t, real: (weight[:, :, None] * h).mean(axis=1))


@mistake_of("din_pool", Text("The weights were divided by their sum. That is a softmax without exp: how much was bought is lost, and the sum may be "
                             "0 or negative.",
                             "权重除以了权重之和。这相当于没有 exp 的 softmax：购买量丢失，而且和可能为 0 或负。"))
def din_divided_by_the_weights(history, target, mask, W1, b1, w2, b2):
    def pool(weight, h, t, real):
        total = weight.sum(axis=1, keepdims=True)
        return _din_sum(np.divide(weight, total, out=np.zeros_like(weight), where=total != 0), h, t, real)
    return _din(history, target, mask, W1, b1, w2, b2, pool=pool)


@mistake_of("din_pool", Text("Padding was zeroed before the network only. From a step of zeros the network still makes a weight, out of the target "
                             "and its biases, "
                             "and that weight met the padding's vector. Set the *weight* to 0.",
                             "只在网络之前把填充置零。对全零的一步，网络仍会由目标和偏置给出权重，再乘上填充处的向量。应把*权重*置 0。"))
def din_masked_before_the_network(history, target, mask, W1, b1, w2, b2):
    real = np.asarray(mask, bool)[:, :, None]
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: _din_inputs(h * real, t), masked=lambda weight, real: weight)


@mistake_of("din_pool", Text("The mask was not used: whatever stands in padding is added.", "没有使用掩码：填充处的内容也被加了进去。"))
def din_mask_not_used(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, masked=lambda weight, real: weight)


@mistake_of("din_pool", Text("The mask is upside down: True marks a real step here, False padding.", "掩码用反了：这里 True 是真实的步，False 是填充。"))
def din_mask_upside_down(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, real=lambda mask: ~mask)


@mistake_of("din_pool", Text("Padding got a weight of −10⁹. That is a habit from softmax, where it becomes 0; without one it must be 0 itself.",
                             "填充的权重设成了 −10⁹。这是 softmax 的习惯，在那里它会变成 0；没有 softmax 时必须直接设为 0。"))
def din_minus_a_billion(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, masked=lambda weight, real: np.where(real, weight, -1e9))


@mistake_of("din_pool", Text("The target stands before the step. W1 was learnt for the order h, t, h − t, h·t.",
                             "目标放在了步的前面。W1 是按 h、t、h − t、h·t 的顺序学到的。"))
def din_target_first(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: [t, h, h - t, h * t])


@mistake_of("din_pool", Text("The difference is t − h. Here it is h − t, step less target.", "差写成了 t − h。这里是 h − t，即步减目标。"))
def din_difference_turned(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: [h, t, t - h, h * t])


@mistake_of("din_pool", Text("This is t, h, t − h, t·h, as several libraries have it (query first). Here W1 wants h, t, h − t, h·t.",
                             "这是 t、h、t − h、t·h（query 在前），有些库如此。这里的 W1 要求 h、t、h − t、h·t。"))
def din_query_first(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: [t, h, t - h, h * t])


@mistake_of("din_pool", Text("Product and difference changed places. The order is h, t, h − t, h·t.", "乘积与差的位置颠倒了。顺序是 h、t、h − t、h·t。"))
def din_product_before_difference(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: [h, t, h * t, h - t])


@mistake_of("din_pool", Text("The difference is without its sign, |h − t|. Here it keeps it.", "差取了绝对值 |h − t|。这里要保留符号。"))
def din_absolute_difference(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, inputs=lambda h, t: [h, t, np.abs(h - t), h * t])


@mistake_of("din_pool", Text("The hidden layer has no ReLU: two linear layers are one.", "隐层缺少 ReLU：两个线性层等于一个。"))
def din_without_relu(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, hidden=lambda x: x)


@mistake_of("din_pool", Text("A sigmoid was put on the weights. The output of the network is the weight, of any size and sign.",
                             "对权重加了 sigmoid。网络的输出就是权重，大小和符号都不限。"))
def din_sigmoid_on_the_weights(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, after=lambda weight: 1 / (1 + np.exp(-np.clip(weight, -500, 500))))


@mistake_of("din_pool", Text("Negative weights were cut off by a second ReLU. A step may speak against the target.",
                             "负权重被第二个 ReLU 截掉了。一步历史可以是目标的反证。"))
def din_relu_on_the_weights(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, after=lambda weight: np.maximum(weight, 0))


@mistake_of("din_pool", Text("b2 is missing.", "缺少 b2。"))
def din_without_last_bias(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, 0.)


@mistake_of("din_pool", Text("b1 is missing.", "缺少 b1。"))
def din_without_first_bias(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, np.zeros(len(b1)), w2, b2)


@mistake_of("din_pool", Text("The weights were multiplied with the target, not with the steps: the answer has lost the history.",
                             "权重乘的是目标而不是各步：答案里没有了历史。"))
def din_target_is_summed(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, pool=lambda weight, h, t, real: weight.sum(axis=1, keepdims=True) * t)


@mistake_of("din_pool", Text("The last real step was taken for the target. Attention is paid from the candidate's side: that is what makes the "
                             "vector differ from item to "
                             "item.",
                             "把最后一个真实的步当成了目标。注意力从候选商品出发：正因如此，对每个商品向量都不同。"))
def din_last_step_as_target(history, target, mask, W1, b1, w2, b2):
    h, real = np.asarray(history, float), np.asarray(mask, bool)
    last = real.shape[1] - 1 - real[:, ::-1].argmax(axis=1)
    return _din(history, h[np.arange(len(h)), last], mask, W1, b1, w2, b2)


@mistake_of("din_pool", Text("The weights are dot products with the target. Here the network gives them.", "权重用了与目标的点积。这里由网络给出。"))
def din_dot_products(history, target, mask, W1, b1, w2, b2):
    h, t = np.asarray(history, float), np.asarray(target, float)
    return _din_sum(np.where(np.asarray(mask, bool), np.einsum("btd,bd->bt", h, t), 0.), h, t, mask)


@mistake_of("din_pool", Text("Only the step with the largest weight is left. Each real step takes part.", "只保留了权重最大的一步。每个真实的步都参与。"))
def din_best_step_only(history, target, mask, W1, b1, w2, b2):
    def pool(weight, h, t, real):
        at, rows = np.where(real, weight, -np.inf).argmax(axis=1), np.arange(len(h))
        return weight[rows, at][:, None] * h[rows, at]
    return _din(history, target, mask, W1, b1, w2, b2, pool=pool)


@mistake_of("din_pool", Text("The weights themselves were returned, (B, T). Pool: the weighted sum of the steps is (B, d).",
                             "返回了权重本身 (B, T)。还要池化：各步的加权和是 (B, d)。"))
def din_weights_returned(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, pool=lambda weight, h, t, real: weight)


@mistake_of("din_pool", Text("The weighted steps were not summed, (B, T, d). Sum over the steps: (B, d).",
                             "加权后的各步没有求和 (B, T, d)。应沿步求和：(B, d)。"))
def din_not_summed(history, target, mask, W1, b1, w2, b2):
    return _din(history, target, mask, W1, b1, w2, b2, pool=lambda weight, h, t, real: weight[:, :, None] * h)


@alternate_of("din_pool")
def din_by_loops(history, target, mask, W1, b1, w2, b2):
    out = []
    for steps, t, real in zip(history, target, mask, strict=True):
        total = [0.] * len(t)
        for h, is_real in zip(steps, real, strict=True):
            if not is_real:
                continue
            x = [*h, *t, *(a - b for a, b in zip(h, t, strict=True)), *(a * b for a, b in zip(h, t, strict=True))]
            units = [max(sum(a * row[j] for a, row in zip(x, W1, strict=True)) + b1[j], 0.) for j in range(len(b1))]
            weight = sum(a * b for a, b in zip(units, w2, strict=True)) + b2
            total = [s + weight * a for s, a in zip(total, h, strict=True)]
        out.append(total)
    return np.array(out, float)


@alternate_of("din_pool")
def din_by_blocks_of_the_first_layer(history, target, mask, W1, b1, w2, b2):
    """No concatenation: W1 in four blocks, of which those of h and h − t, and of t and h − t, may be added beforehand."""
    h, t = np.array(history, float), np.array(target, float)
    one, two, three, four = np.split(np.array(W1, float), 4)
    pre = h @ (one + three) + (t @ (two - three))[:, None, :] + np.einsum("btd,bd,dk->btk", h, t, four) + np.array(b1, float)
    weight = np.where(pre > 0, pre, 0) @ np.array(w2, float) + b2
    weight[~np.array(mask, bool)] = 0
    return (weight[:, None, :] @ h)[:, 0]


@alternate_of("din_pool")
def din_of_real_steps_in_one_list(history, target, mask, W1, b1, w2, b2):
    h, t = np.asarray(history, float), np.asarray(target, float)
    row, step = np.nonzero(np.asarray(mask, bool))
    steps, theirs = h[row, step], t[row]
    weight = np.maximum(np.hstack([steps, theirs, steps - theirs, steps * theirs]) @ np.asarray(W1, float) + b1, 0) @ np.asarray(w2, float) + b2
    pooled = np.zeros_like(t)
    np.add.at(pooled, row, weight[:, None] * steps)
    return pooled


@alternate_of("din_pool")
def din_with_steps_zeroed_everywhere(history, target, mask, W1, b1, w2, b2):
    """Padding zeroed before everything: its weight is a bias, and times a vector of zeros nothing. With a softmax this would be wrong."""
    h = np.asarray(history, float) * np.asarray(mask, float)[:, :, None]
    return _din(h, target, np.ones(h.shape[:2], bool), W1, b1, w2, b2)


# --- gauc ----------------------------------------------------------------------------------------------------------------


def _gauc_auc(y, p):
    pos, neg = p[y == 1][:, None], p[y == 0]
    return float((pos > neg).mean() + (pos == neg).mean() / 2) if pos.size and neg.size else math.nan


def _gauc_impressions(y, given):
    return len(y) if given is None else given


def _gauc(y, p, user, weight=None, auc=_gauc_auc, weigh=_gauc_impressions, one_class=None, empty=math.nan):
    """one_class: what stands for the AUC of a user with one class, given her y; None: she is skipped."""
    y, p, user = np.asarray(y), np.asarray(p, float), np.asarray(user)
    total = below = 0.
    for u in np.unique(user):
        of = user == u
        if y[of].min() == y[of].max():
            value = None if one_class is None else one_class(y[of])
            if value is None:
                continue
        else:
            value = auc(y[of], p[of])
        w = weigh(y[of], None if weight is None else weight[u])
        total, below = total + w * value, below + w
    return total / below if below else empty


@mistake_of("gauc", Text("This is the AUC over all rows at once. Most of its pairs are of two users, who never compete for the same screen.",
                         "这是所有行一起算的 AUC。其中大多数成对比较来自两个用户，而他们从不竞争同一屏。"))
def gauc_over_all_rows(y, p, user, weight=None):
    return _gauc_auc(np.asarray(y), np.asarray(p, float))


@mistake_of("gauc", Text("Users were averaged without weights. Weigh each by her impressions, or by what is given.",
                         "对用户做了不加权的平均。应按曝光数或给定的权重加权。"))
def gauc_without_weights(y, p, user, weight=None):
    return _gauc(y, p, user, weight, weigh=lambda y, given: 1)


@mistake_of("gauc", Text("Who has only one class was counted as ½. She has no pair to be right or wrong about: skip her, weight and all.",
                         "只有一类的用户按 ½ 计入。她没有任何可比较的一对：应连同权重略去。"))
def gauc_one_class_is_half(y, p, user, weight=None):
    return _gauc(y, p, user, weight, one_class=lambda y: .5)


@mistake_of("gauc", Text("Who has only one class was left out above the line and kept below it: her weight counts as an AUC of 0. Skip the weight, too.",
                         "只有一类的用户在分子中略去，却留在分母中：等于 AUC 为 0。权重也要略去。"))
def gauc_weight_of_the_skipped(y, p, user, weight=None):
    return _gauc(y, p, user, weight, one_class=lambda y: 0.)


@mistake_of("gauc", Text("Who has only one class was counted as 1. Nothing was ranked there: skip her.",
                         "只有一类的用户按 1 计入。那里没有排序可言：应略去。"))
def gauc_one_class_is_perfect(y, p, user, weight=None):
    return _gauc(y, p, user, weight, one_class=lambda y: 1.)


@mistake_of("gauc", Text("Nobody was skipped: the 0/0 of a user with one class makes the whole sum nan.",
                         "没有略去任何用户：只有一类的用户的 0/0 让整个和变成 nan。"))
def gauc_nobody_skipped(y, p, user, weight=None):
    return _gauc(y, p, user, weight, one_class=lambda y: math.nan)


@mistake_of("gauc", Text("Users without a 1 were skipped, those without a 0 not. Both have no pair.",
                         "只略去了没有 1 的用户，没有 0 的却没有略去。两者都没有可比较的一对。"))
def gauc_only_those_without_ones_skipped(y, p, user, weight=None):
    return _gauc(y, p, user, weight, one_class=lambda y: math.nan if y.min() == 1 else None)


@mistake_of("gauc", Text("A tie was counted as right (>=). Who cannot tell two rows apart earns half of the pair.",
                         "平局算作正确（>=）。分不出两行的只得一半。"))
def gauc_ties_are_right(y, p, user, weight=None):
    return _gauc(y, p, user, weight, auc=lambda y, p: float((p[y == 1][:, None] >= p[y == 0]).mean()))


@mistake_of("gauc", Text("A tie was counted as wrong (>). Who cannot tell two rows apart earns half of the pair.", "平局算作错误（>）。分不出两行的得一半。"))
def gauc_ties_are_wrong(y, p, user, weight=None):
    return _gauc(y, p, user, weight, auc=lambda y, p: float((p[y == 1][:, None] > p[y == 0]).mean()))


@mistake_of("gauc", Text("Ties were broken by the order of the rows: argsort ranks equal scores one after the other. Give them their mean rank.",
                         "平局按行的顺序打破了：argsort 给相等的分数排了先后。应取平均名次。"))
def gauc_ties_by_position(y, p, user, weight=None):
    def auc(y, p):
        rank = np.argsort(np.argsort(p, kind="stable"), kind="stable") + 1
        ones = int((y == 1).sum())
        return float((rank[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (len(y) - ones)))
    return _gauc(y, p, user, weight, auc=auc)


@mistake_of("gauc", Text("Users were weighed by their clicks. Here it is by their rows, clicked or not, unless weights are given.",
                         "按点击数加权了。这里按行数（无论是否点击）加权，除非给定权重。"))
def gauc_weighed_by_clicks(y, p, user, weight=None):
    return _gauc(y, p, user, weight, weigh=lambda y, given: int(y.sum()) if given is None else given)


@mistake_of("gauc", Text("Right pairs of all users were added and divided by all pairs: who has many pairs counts by their number, ones times "
                         "zeros. Weigh each user's AUC.",
                         "把所有用户的正确对相加再除以总对数：等于按对数（1 的个数乘 0 的个数）加权。应对每个用户的 AUC 加权。"))
def gauc_of_all_own_pairs(y, p, user, weight=None):
    return _gauc(y, p, user, None, weigh=lambda y, given: int(y.sum()) * int(len(y) - y.sum()))


@mistake_of("gauc", Text("The given weights were not used.", "没有使用给定的权重。"))
def gauc_given_weights_ignored(y, p, user, weight=None):
    return _gauc(y, p, user, None)


@mistake_of("gauc", Text("Given weights were multiplied with the impressions. They stand in their place.", "给定的权重又乘了曝光数。应取代曝光数。"))
def gauc_weights_times_impressions(y, p, user, weight=None):
    return _gauc(y, p, user, weight, weigh=lambda y, given: len(y) * (1 if given is None else given))


@mistake_of("gauc", Text("Nobody had both classes, and the answer was 0: that looks like a model that is always wrong. Return nan.",
                         "没有任何用户两类都有时返回了 0，看起来像总是排反的模型。应返回 nan。"))
def gauc_zero_if_nobody(y, p, user, weight=None):
    return _gauc(y, p, user, weight, empty=0.)


@mistake_of("gauc", Text("Nobody had both classes, and the answer was ½: that looks like a model measured and found blind. Return nan.",
                         "没有任何用户两类都有时返回了 ½，看起来像测过且毫无分辨力的模型。应返回 nan。"))
def gauc_half_if_nobody(y, p, user, weight=None):
    return _gauc(y, p, user, weight, empty=.5)


@mistake_of("gauc", Text("Nobody had both classes, and the division by 0 raised an error. Look first, and return nan.",
                         "没有任何用户两类都有时，除以 0 报错了。应先判断，返回 nan。"))
def gauc_raises_if_nobody(y, p, user, weight=None):
    value = _gauc(y, p, user, weight)
    if math.isnan(value):
        raise ZeroDivisionError("float division by zero")
    return value


@mistake_of("gauc", Text("Only neighbouring rows were put together: `itertools.groupby` wants its rows sorted. A user's rows may stand anywhere.",
                         "只合并了相邻的行：`itertools.groupby` 要求先排序。同一用户的行可以在任意位置。"))
def gauc_of_runs(y, p, user, weight=None):
    runs = [run for run, (_, rows) in enumerate(itertools.groupby(user)) for _ in rows]
    owner = dict(zip(runs, user, strict=True))
    return _gauc(y, p, runs, None if weight is None else {run: weight[u] for run, u in owner.items()})


@mistake_of("gauc", Text("The order is upside down: a 1 should have the larger score.", "方向反了：1 的分数应当更大。"))
def gauc_upside_down(y, p, user, weight=None):
    return _gauc(y, -np.asarray(p, float), user, weight)


@mistake_of("gauc", Text("The scores were cut to yes or no at ½ first, which leaves ties and little order. AUC takes the scores as they are.",
                         "先在 ½ 处把分数切成了是或否，剩下的几乎全是平局。AUC 直接用分数。"))
def gauc_of_hard_labels(y, p, user, weight=None):
    return _gauc(y, (np.asarray(p, float) >= .5).astype(float), user, weight)


@mistake_of("gauc", Text("The share of rows on the right side of ½ is an accuracy. AUC asks of pairs: is the 1 above the 0?",
                         "这是以 ½ 为界的准确率。AUC 问的是成对的：1 是否排在 0 之上？"))
def gauc_of_accuracies(y, p, user, weight=None):
    return _gauc(y, p, user, weight, auc=lambda y, p: float(((p >= .5) == (y == 1)).mean()))


@alternate_of("gauc")
def gauc_by_pandas(y, p, user, weight=None):
    rows = pd.DataFrame({"y": np.asarray(y, float), "p": np.asarray(p, float), "user": np.asarray(user)})
    rows["rank"] = rows.groupby("user")["p"].rank()
    rows["rank of ones"] = rows["rank"] * rows["y"]
    table = rows.groupby("user").agg(n=("y", "size"), ones=("y", "sum"), ranks=("rank of ones", "sum"))
    table = table[(table["ones"] > 0) & (table["ones"] < table["n"])]
    if table.empty:
        return float("nan")
    auc = (table["ranks"] - table["ones"] * (table["ones"] + 1) / 2) / (table["ones"] * (table["n"] - table["ones"]))
    w = table["n"] if weight is None else pd.Series([weight[u] for u in table.index], table.index)
    return float((w * auc).sum() / w.sum())


@alternate_of("gauc")
def gauc_by_bisection(y, p, user, weight=None):
    ones, zeros = {}, {}
    for label, score, u in zip(y, p, user, strict=True):
        (ones if label else zeros).setdefault(u, []).append(score)
    total = below = 0.
    for u in ones.keys() & zeros.keys():
        low = sorted(zeros[u])
        wins = sum(bisect.bisect_left(low, score) + bisect.bisect_right(low, score) for score in ones[u]) / 2
        w = len(ones[u]) + len(low) if weight is None else weight[u]
        total += w * wins / (len(ones[u]) * len(low))
        below += w
    return total / below if below > 0 else float("nan")


@alternate_of("gauc")
def gauc_by_one_table_of_pairs(y, p, user, weight=None):
    y, p = np.asarray(y, bool), np.asarray(p, float)
    if not len(y):
        return np.nan
    names, who = np.unique(np.asarray(user), return_inverse=True)
    i, j = np.nonzero(who[y][:, None] == who[~y][None, :])
    if not len(i):
        return np.nan
    right = (np.sign(p[y][i] - p[~y][j]) + 1) / 2
    pairs = np.bincount(who[y][i], minlength=len(names))
    w = np.bincount(who, minlength=len(names)) if weight is None else np.array([weight[name] for name in names])
    w = np.where(pairs > 0, w, 0)
    return np.average(np.bincount(who[y][i], right, len(names)) / np.maximum(pairs, 1), weights=w)


# --- mf_predict ----------------------------------------------------------------------------------------------------------


def _mf_rows(b_u, b_i, P, Q, user, item):
    """The three terms of each pair, zeros where a side is unknown: bias of the user, bias of the item, product."""
    b_u, b_i, P, Q, user, item = (np.asarray(part, kind) for part, kind in zip((b_u, b_i, P, Q, user, item), (float,) * 4 + (int,) * 2, strict=True))
    known, there = user >= 0, item >= 0
    return np.where(known, b_u[user], 0.), np.where(there, b_i[item], 0.), np.where(known & there, (P[user] * Q[item]).sum(axis=1), 0.)


def _mf_clip(x, low, high):
    return np.clip(x, low, high)


def _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + u + i + both, clip=_mf_clip):
    return clip(combine(mu, *_mf_rows(b_u, b_i, P, Q, user, item)), low, high)


def _mf_as_given(b_u, b_i, P, Q, user, item):
    return (np.asarray(part, kind) for part, kind in zip((b_u, b_i, P, Q, user, item), (float,) * 4 + (int,) * 2, strict=True))


@mistake_of("mf_predict", Text("−1 was used as a position: NumPy gives the last row, so every new user is the last user. Ask first whether the id is known.",
                               "把 −1 当作下标：NumPy 返回最后一行，于是每个新用户都成了最后一个用户。应先判断编号是否已知。"))
def mf_unknown_is_the_last(mu, b_u, b_i, P, Q, user, item, low, high):
    b_u, b_i, P, Q, user, item = _mf_as_given(b_u, b_i, P, Q, user, item)
    return np.clip(mu + b_u[user] + b_i[item] + (P[user] * Q[item]).sum(axis=1), low, high)


@mistake_of("mf_predict", Text("The biases of unknown ids are left out, but their factors are not: P[−1] and Q[−1] are the last rows. No product "
                               "unless both are known.",
                               "未知编号的偏置略去了，但因子没有：P[−1] 与 Q[−1] 是最后一行。两者都已知才有内积。"))
def mf_factors_of_the_last(mu, b_u, b_i, P, Q, user, item, low, high):
    def combine(mu, u, i, both):
        _, _, P_, Q_, user_, item_ = _mf_as_given(b_u, b_i, P, Q, user, item)
        return mu + u + i + (P_[user_] * Q_[item_]).sum(axis=1)
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=combine)


@mistake_of("mf_predict", Text("Where either side is unknown the answer is mu alone. The other side's bias is known: keep it.",
                               "只要有一方未知就只返回 mu。另一方的偏置是已知的：应保留。"))
def mf_mu_alone(mu, b_u, b_i, P, Q, user, item, low, high):
    known = (np.asarray(user, int) >= 0) & (np.asarray(item, int) >= 0)
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: np.where(known, mu + u + i + both, mu))


@mistake_of("mf_predict", Text("For an unknown user the item's bias was dropped: a good film is good for a stranger, too.",
                               "对未知用户丢掉了商品偏置：好电影对陌生人也是好电影。"))
def mf_item_forgotten_for_a_stranger(mu, b_u, b_i, P, Q, user, item, low, high):
    known = np.asarray(user, int) >= 0
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + u + np.where(known, i, 0) + both)


@mistake_of("mf_predict", Text("For an unknown item the user's bias was dropped: who is strict is strict with new items, too.",
                               "对未知商品丢掉了用户偏置：严格的人对新商品也严格。"))
def mf_user_forgotten_for_a_new_item(mu, b_u, b_i, P, Q, user, item, low, high):
    there = np.asarray(item, int) >= 0
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + np.where(there, u, 0) + i + both)


@mistake_of("mf_predict", Text("Pairs with an unknown side are nan. There is always something to say: at least mu.",
                               "有一方未知的返回了 nan。总有可说的：至少是 mu。"))
def mf_unknown_is_nan(mu, b_u, b_i, P, Q, user, item, low, high):
    known = (np.asarray(user, int) >= 0) & (np.asarray(item, int) >= 0)
    return np.where(known, _mf(mu, b_u, b_i, P, Q, user, item, low, high), np.nan)


@mistake_of("mf_predict", Text("An unknown side was given the mean row of the factors and the mean bias. That is a guess; the text asks for what is "
                               "known, and no more.",
                               "给未知的一方用了因子和偏置的均值。那是猜测；题目只要求用已知的部分。"))
def mf_unknown_is_average(mu, b_u, b_i, P, Q, user, item, low, high):
    b_u, b_i, P, Q, user, item = _mf_as_given(b_u, b_i, P, Q, user, item)
    b_u, P = np.append(b_u, b_u.mean()), np.vstack([P, P.mean(axis=0)])
    b_i, Q = np.append(b_i, b_i.mean()), np.vstack([Q, Q.mean(axis=0)])
    return np.clip(mu + b_u[user] + b_i[item] + (P[user] * Q[item]).sum(axis=1), low, high)


@mistake_of("mf_predict", Text("The predictions leave the scale. Clip to [low, high].", "预测超出了评分范围。应截断到 [low, high]。"))
def mf_not_clipped(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, clip=lambda x, low, high: x)


@mistake_of("mf_predict", Text("Only the upper end of the scale is kept. Nobody can rate below `low` either.", "只截断了上限。也没有人能打低于 `low` 的分。"))
def mf_upper_end_only(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, clip=lambda x, low, high: np.minimum(x, high))


@mistake_of("mf_predict", Text("Only the lower end of the scale is kept. Nobody can rate above `high` either.",
                               "只截断了下限。也没有人能打高于 `high` 的分。"))
def mf_lower_end_only(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, clip=lambda x, low, high: np.maximum(x, low))


@mistake_of("mf_predict", Text("The scale is taken for 1 to 5. It is `low` to `high`.", "把评分范围当成了 1 到 5。应为 `low` 到 `high`。"))
def mf_one_to_five(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, 1, 5)


@mistake_of("mf_predict", Text("It was clipped before the product was added, and may leave the scale again. Clip the sum, at the end.",
                               "在加内积之前就截断了，之后又可能越界。应在最后对总和截断。"))
def mf_clipped_too_early(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: np.clip(mu + u + i, low, high) + both, clip=lambda x, low, high: x)


@mistake_of("mf_predict", Text("It was clipped in between and again at the end: what the first cut took away is missing. Clip once, at the end.",
                               "中间截断了一次，最后又截断一次：第一次截掉的部分丢失了。只在最后截断一次。"))
def mf_clipped_twice(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: np.clip(mu + u + i, low, high) + both)


@mistake_of("mf_predict", Text("The user's bias is missing.", "缺少用户偏置。"))
def mf_without_user_bias(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + i + both)


@mistake_of("mf_predict", Text("The item's bias is missing.", "缺少商品偏置。"))
def mf_without_item_bias(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + u + both)


@mistake_of("mf_predict", Text("These are biases alone: the product of the factors is missing.", "这只是偏置：缺少因子的内积。"))
def mf_biases_alone(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + u + i)


@mistake_of("mf_predict", Text("mu is missing: biases are differences from it.", "缺少 mu：偏置是相对于它的差。"))
def mf_without_mu(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(0., b_u, b_i, P, Q, user, item, low, high)


@mistake_of("mf_predict", Text("The product was averaged over the factors. A dot product is a sum.", "对因子的乘积取了平均。内积是求和。"))
def mf_mean_over_factors(mu, b_u, b_i, P, Q, user, item, low, high):
    f = np.asarray(P, float).shape[1]
    return _mf(mu, b_u, b_i, P, Q, user, item, low, high, combine=lambda mu, u, i, both: mu + u + i + both / f)


@mistake_of("mf_predict", Text("Predictions were rounded to whole stars. A mean of 3.6 is a better answer than 4.",
                               "预测被四舍五入成整星。3.6 比 4 是更好的回答。"))
def mf_rounded(mu, b_u, b_i, P, Q, user, item, low, high):
    return np.round(_mf(mu, b_u, b_i, P, Q, user, item, low, high))


@mistake_of("mf_predict", Text("Everybody was paired with everything, (n, n). Row n belongs to user[n] and item[n] alone: multiply matching rows and sum.",
                               "把每个人与每件商品配了对，形状 (n, n)。第 n 个只对应 user[n] 与 item[n]：对应行相乘再求和。"))
def mf_all_pairs(mu, b_u, b_i, P, Q, user, item, low, high):
    b_u, b_i, P, Q, user, item = _mf_as_given(b_u, b_i, P, Q, user, item)
    known, there = user >= 0, item >= 0
    both = np.where(known[:, None] & there, P[user] @ Q[item].T, 0)
    return np.clip(mu + np.where(known, b_u[user], 0)[:, None] + np.where(there, b_i[item], 0) + both, low, high)


@mistake_of("mf_predict", Text("Users were looked up among the items and items among the users.", "用户在商品里查，商品在用户里查，弄反了。"))
def mf_sides_exchanged(mu, b_u, b_i, P, Q, user, item, low, high):
    return _mf(mu, b_u, b_i, P, Q, np.asarray(item, int), np.asarray(user, int), low, high)


@mistake_of("mf_predict", Text("This is the mean absolute error. RMSE squares first: one error of 2 costs as much as four of 1.",
                               "这是平均绝对误差。RMSE 先平方：一个 2 的误差等于四个 1 的误差。"), replaces="rmse")
def rmse_is_mean_absolute(rating, predicted):
    return float(np.abs(np.subtract(rating, predicted)).mean()) if len(rating) else math.nan


@mistake_of("mf_predict", Text("The root is missing: this is the mean squared error, in stars squared.",
                               "缺少开方：这是均方误差，单位是星的平方。"), replaces="rmse")
def rmse_without_root(rating, predicted):
    return float((np.subtract(rating, predicted) ** 2).mean()) if len(rating) else math.nan


@mistake_of("mf_predict", Text("The squares were summed, not averaged: the number grows with the data.",
                               "平方误差求了和而不是均值：数值随数据量增大。"), replaces="rmse")
def rmse_of_the_sum(rating, predicted):
    return float(np.sqrt((np.subtract(rating, predicted) ** 2).sum())) if len(rating) else math.nan


@mistake_of("mf_predict", Text("This is the spread of the errors: who is always one star too high has none. Do not subtract their mean.",
                               "这是误差的标准差：总是高一星的预测误差为 0。不要减去误差的均值。"), replaces="rmse")
def rmse_is_spread(rating, predicted):
    return float(np.std(np.subtract(rating, predicted))) if len(rating) else math.nan


@mistake_of("mf_predict", Text("The sum was divided by n − 1. No parameter is estimated here: divide by n.",
                               "除以了 n − 1。这里没有估计参数：除以 n。"), replaces="rmse")
def rmse_over_n_less_one(rating, predicted):
    return float(np.sqrt((np.subtract(rating, predicted) ** 2).sum() / max(len(rating) - 1, 1))) if len(rating) else math.nan


@mistake_of("mf_predict", Text("Without ratings the error was 0: that looks perfect. Return nan.",
                               "没有评分时返回了 0，看起来像完美。应返回 nan。"), replaces="rmse")
def rmse_zero_of_nothing(rating, predicted):
    return float(np.sqrt((np.subtract(rating, predicted) ** 2).mean())) if len(rating) else 0.


@alternate_of("mf_predict")
def mf_by_loops(mu, b_u, b_i, P, Q, user, item, low, high):
    out = []
    for u, i in zip(user, item, strict=True):
        guess = mu
        if u != -1:
            guess += b_u[u]
        if i != -1:
            guess += b_i[i]
        if u != -1 and i != -1:
            guess += sum(a * b for a, b in zip(P[u], Q[i], strict=True))
        out.append(min(max(guess, low), high))
    return out


@alternate_of("mf_predict")
def mf_by_a_row_of_zeros(mu, b_u, b_i, P, Q, user, item, low, high):
    """A row of zeros put last on each side: −1 then finds it, and every term of the unknown is 0."""
    user, item = np.array(user, dtype=int), np.array(item, dtype=int)
    wide = np.pad(np.column_stack([b_u, np.ones(len(b_u)), P]), ((0, 1), (0, 0))), np.pad(np.column_stack([np.ones(len(b_i)), b_i, Q]), ((0, 1), (0, 0)))
    wide[0][-1, 1] = wide[1][-1, 0] = 1            # the other side's bias is still to be multiplied by 1
    return np.minimum(np.maximum(mu + np.einsum("nf,nf->n", wide[0][user], wide[1][item]), low), high)


@alternate_of("mf_predict", replaces="rmse")
def rmse_by_the_norm(rating, predicted):
    if len(rating) == 0:
        return float("nan")
    return float(np.linalg.norm(np.array(rating, float) - np.array(predicted, float)) / math.sqrt(len(rating)))


@alternate_of("mf_predict", replaces="rmse")
def rmse_by_a_loop(rating, predicted):
    squares = [(a - b) ** 2 for a, b in zip(rating, predicted, strict=True)]
    return math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan


# --- next_item_batches ---------------------------------------------------------------------------------------------------


def _batch_hold_out(items, held_out):
    return items[:max(len(items) - held_out, 0)]


def _batch_latest(items, length):
    return items[-(length + 1):]


def _batch_pairs(items):
    return items[:-1], items[1:]


def _batch_filled(mask_of_x, mask_of_y):
    return mask_of_y


def _batches(sequences, length, held_out, hold_out=_batch_hold_out, cut=_batch_latest, pairs=_batch_pairs, mask=lambda x, y: y > 0, front=True, refuse=True,
             keep=lambda given: True):
    if refuse and (length < 1 or held_out < 0 or any(item < 1 for sequence in sequences for item in sequence)):
        raise ValueError("an item, the length or what is held out")
    rows = [sequence for sequence in ([int(item) for item in each] for each in sequences) if keep(hold_out(sequence, held_out))]
    x, y = np.zeros((len(rows), length), int), np.zeros((len(rows), length), int)
    for row, sequence in enumerate(rows):
        given, answers = (part[-length:] for part in pairs(cut(hold_out(sequence, held_out), length)))
        if given:
            place = slice(length - len(given), length) if front else slice(0, len(given))
            x[row, place], y[row, place] = given, answers
    return x, y, mask(x, y)


@mistake_of("next_item_batches", Text(
    "y is x: the model is asked for the item it is shown, and the loss falls to nothing. The answer is the item *after* it.",
    "y 就是 x：让模型预测它正看到的商品，损失会降到几乎为零。答案应是*下一件*商品。"))
def batch_nothing_shifted(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, pairs=lambda items: (items[:-1], items[:-1]))


@mistake_of("next_item_batches", Text("The shift goes the wrong way: each answer is the item before. The model learns to tell the past.",
                                      "移位方向反了：答案成了前一件商品，模型学会的是「预测」过去。"))
def batch_shifted_backwards(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, pairs=lambda items: (items[1:], items[:-1]))


@mistake_of("next_item_batches", Text("Long sequences keep their oldest steps. Keep the latest: what happened last says most about what comes next.",
                                      "长序列保留了最早的步。应保留最近的：最近发生的最能说明接下来会怎样。"))
def batch_oldest_kept(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, cut=lambda items, length: items[:length + 1])


@mistake_of("next_item_batches", Text("The padding is behind. Put it in front, so that the latest step is always the last one.",
                                      "填充放在了后面。应放在前面，使最近一步总在最后一个位置。"))
def batch_padded_behind(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, front=False)


@mistake_of("next_item_batches", Text("The held-out items are in the batch: the model is trained on its own test. Take them away before anything else.",
                                      "留出的商品进入了训练批次：模型在自己的测试集上训练。应在一切之前先去掉它们。"))
def batch_trained_on_the_test(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: items)


@mistake_of("next_item_batches", Text(
    "The first held-out item is still the last answer. It may be neither in x nor in y: then x ends one item before the end of what is left.",
    "第一件留出的商品仍是最后一个答案。它既不能在 x 也不能在 y 中：因此 x 在剩余商品的倒数第二件结束。"))
def batch_answer_is_the_test_item(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: _batch_hold_out(items, max(held_out - 1, 0)))


@mistake_of("next_item_batches", Text("One item too many is held out: the last one you may use is never an answer. Hold out exactly held_out items.",
                                      "多留出了一件：最后一件可用的商品从未成为答案。应恰好留出 held_out 件。"))
def batch_one_too_many_held_out(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: _batch_hold_out(items, held_out + 1))


@mistake_of("next_item_batches", Text("`items[:-held_out]` is empty when held_out is 0: −0 is 0. Write `items[:len(items) - held_out]`.",
                                      "held_out 为 0 时 `items[:-held_out]` 是空的：−0 就是 0。应写 `items[:len(items) - held_out]`。"))
def batch_minus_zero(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: items[:-held_out])


@mistake_of("next_item_batches", Text("`items[:len(items) - held_out]` counts from the end when the sequence is shorter than held_out. Stop at 0: max(…, 0).",
                                      "序列比 held_out 还短时，`items[:len(items) - held_out]` 会从末尾数起。应截到 0：max(…, 0)。"))
def batch_counted_from_the_end(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: items[:len(items) - held_out])


@mistake_of("next_item_batches", Text(
    "The sequence was cut to its latest items before the held-out ones were taken away: long households lose steps. Hold out first.",
    "先截取最近的商品，再去掉留出的：长序列因此少了几步。应先留出，再截取。"))
def batch_cut_before_held_out(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: _batch_hold_out(_batch_latest(items, length), held_out))


@mistake_of("next_item_batches", Text(
    "Only `length` items were kept, which make length − 1 pairs. Keep length + 1 items: the oldest is an input, the latest an answer.",
    "只保留了 `length` 件商品，只能组成 length − 1 对。应保留 length + 1 件：最早的是输入，最近的是答案。"))
def batch_one_pair_too_few(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, cut=lambda items, length: items[-length:])


@mistake_of("next_item_batches", Text(
    "y was rolled, so the first item came round as the answer of the last step. The end of a row has no next item: cut, don't roll.",
    "y 用了循环移位，于是第一件商品绕到末尾成了最后一步的答案。一行的末尾没有下一件：应截断，不要循环。"))
def batch_rolled(sequences, length, held_out=1):
    x, _, _ = _batches(sequences, length, held_out, cut=lambda items, length: items[-length:], pairs=lambda items: (items, items))
    y = np.roll(x, -1, axis=1)
    return x, y, y > 0


@mistake_of("next_item_batches", Text(
    "The latest item has no answer left, but stands in x. Each place of x that is filled has an answer in y: x ends one item before.",
    "最近一件商品已没有答案，却仍在 x 中。x 中每个非填充位置在 y 中都有答案：x 应早一件结束。"))
def batch_last_item_without_answer(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, cut=lambda items, length: items[-length:], pairs=lambda items: (items, [*items[1:], 0]))


@mistake_of("next_item_batches", Text(
    "The first item became the answer of a step of padding: nothing was shown, and the model had to guess. A pair needs an input: 0 there.",
    "第一件商品成了填充步的答案：什么都没看到就要猜。一对需要有输入：该处应为 0。"))
def batch_answer_to_padding(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, pairs=lambda items: ([0, *items[:-1]], items))


@mistake_of("next_item_batches", Text("Where the mask is False, y is 0. Here the first item stands in y beside a step of padding, masked or not.",
                                      "mask 为 False 的位置，y 应为 0。这里第一件商品出现在填充步旁的 y 中，无论是否被屏蔽。"))
def batch_masked_answer_left(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, pairs=lambda items: ([0, *items[:-1]], items), mask=lambda x, y: x > 0)


@mistake_of("next_item_batches", Text(
    "The mask is upside down. It is True where there is an answer that counts.",
    "mask 反了。有答案、计入损失的位置才是 True。"))
def batch_mask_inverted(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, mask=lambda x, y: y == 0)


@mistake_of("next_item_batches", Text("The mask is True everywhere: the loss then teaches the model to predict padding. True only where there is an answer.",
                                      "mask 处处为 True：损失会教模型预测填充。只有有答案的位置才是 True。"))
def batch_padding_counts(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, mask=lambda x, y: np.ones(y.shape, bool))


@mistake_of("next_item_batches", Text("Only the last step counts in the mask. A causal model learns from every step: each pair is True.",
                                      "mask 只计最后一步。因果模型从每一步学习：每一对都是 True。"))
def batch_last_step_only(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, mask=lambda x, y: (y > 0) & (np.arange(y.shape[1]) == y.shape[1] - 1))


@mistake_of("next_item_batches", Text("Sequences without a pair were left out, so row r is no longer sequence r. Keep a row of padding.",
                                      "没有商品对的序列被略去，第 r 行就不再是第 r 个序列。应保留一行填充。"))
def batch_short_ones_dropped(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, keep=lambda items: len(items) > 1)


@mistake_of("next_item_batches", Text("Rows run from the latest to the oldest. Keep the order of time: the latest step is the last.",
                                      "行内顺序从最近到最早。应保持时间顺序：最近一步在最后。"))
def batch_newest_first(sequences, length, held_out=1):
    x, y, _ = _batches(sequences, length, held_out)
    x, y = x[:, ::-1], y[:, ::-1]
    return x, y, y > 0


@mistake_of("next_item_batches", Text(
    "Long sequences were cut into several rows. Here one household is one row: the latest pairs, and older ones are left out.",
    "长序列被切成了多行。这里一个家庭一行：只要最近的若干对，更早的略去。"))
def batch_several_rows(sequences, length, held_out=1):
    pieces = []
    for sequence in sequences:
        items = _batch_hold_out([int(item) for item in sequence], held_out)
        ends = list(range(len(items), 1, -length)) or [len(items)]
        pieces += [items[max(end - length - 1, 0):end] for end in reversed(ends)]
    _batches(sequences, length, held_out)       # refuses what is refused
    return _batches(pieces, length, 0)


@mistake_of("next_item_batches", Text(
    "Items that had been bought before were dropped. To buy again is a step like any other, and in a supermarket the commonest.",
    "以前买过的商品被去掉了。复购和其他步一样算一步，而且在超市里最常见。"))
def batch_repeats_dropped(sequences, length, held_out=1):
    return _batches(sequences, length, held_out, hold_out=lambda items, held_out: list(dict.fromkeys(_batch_hold_out(items, held_out))))


@mistake_of("next_item_batches", Text("Nothing is refused. An item 0 would be taken for padding, and half of its pairs would vanish: raise ValueError.",
                                      "什么都没有拒绝。商品 0 会被当作填充，一半的对会消失：应抛出 ValueError。"))
def batch_nothing_refused(sequences, length, held_out=1):
    return _batches(sequences, max(length, 1), max(held_out, 0), refuse=False)


@mistake_of("next_item_batches", Text("The sequences that were handed in were shortened: `pop` and `del` change the caller's lists. Slice instead.",
                                      "传入的序列被改短了：`pop` 和 `del` 会改动调用者的列表。应改用切片。"))
def batch_sequences_popped(sequences, length, held_out=1):
    result = _batches(sequences, length, held_out)
    for sequence in sequences:
        if isinstance(sequence, list):
            del sequence[max(len(sequence) - held_out, 0):]
    return result


@alternate_of("next_item_batches")
def batch_by_loops(sequences, length, held_out=1):
    if length < 1 or held_out < 0:
        raise ValueError("length and held_out")
    x, y, mask = [], [], []
    for sequence in sequences:
        pairs = [(0, 0)] * length
        previous = None
        for t, item in enumerate(sequence):
            if item < 1:
                raise ValueError("an item below 1")
            if t < len(sequence) - held_out:
                if previous is not None:
                    pairs = [*pairs[1:], (int(previous), int(item))]
                previous = item
        x.append([a for a, _ in pairs])
        y.append([b for _, b in pairs])
        mask.append([b > 0 for _, b in pairs])
    if not x:
        return (np.zeros((0, length), int),) * 3
    return x, y, mask


@alternate_of("next_item_batches")
def batch_by_padding_first(sequences, length, held_out=1):
    if length <= 0 or held_out < 0 or min(itertools.chain([1], *sequences)) < 1:
        raise ValueError("an item, the length or what is held out")
    rows = np.zeros((len(sequences), length + 1), int)
    for row, sequence in zip(rows, sequences, strict=True):
        used = [0] * (length + 1) + [int(item) for item in sequence]
        used = used[:len(used) - min(held_out, len(sequence))]
        row[:] = used[-length - 1:]
    both = (rows[:, :-1] > 0) & (rows[:, 1:] > 0)
    return rows[:, :-1] * both, rows[:, 1:] * both, both


# --- ials_step -----------------------------------------------------------------------------------------------------------


def _ials(X, V, weight, target, reg, keep=None, refuse=True):
    """Weighted ridge of each household: weight and target of a row of counts; reg of a row; keep: the items that count."""
    X, V = np.asarray(X, float), np.asarray(V, float)
    U = np.zeros((len(X), V.shape[1]))
    for h, r in enumerate(X):
        c, t = weight(r), target(r)
        used = np.ones(len(r), bool) if keep is None else keep(r)
        A = (V[used].T * c[used]) @ V[used] + reg(r) * np.eye(V.shape[1])
        b = (V[used].T * c[used]) @ t[used]
        U[h] = np.linalg.lstsq(A, b, rcond=None)[0]
    return U


def _ials_bought(r):
    return (r > 0).astype(float)


def _ials_checked(X, reg):
    if (np.asarray(X, float) < 0).any() or reg <= 0:
        raise ValueError("counts and reg")


@mistake_of("ials_step", Text(
    "Only what was bought was counted. Then nothing says no, and every score drifts to 1: the sum goes over all items, bought or not.",
    "只计入了买过的商品。这样没有任何负面信息，所有得分都趋向 1：求和应遍历全部商品，无论买没买。"))
def ials_observed_only(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg, keep=lambda r: r > 0)


@mistake_of("ials_step", Text(
    "The confidence of the bought items is counted once too often: VᵀV already holds a 1 for each. Add (c − 1)·vvᵀ, which is alpha·r·vvᵀ.",
    "买过的商品的置信度多算了一次：VᵀV 中每件已含 1。应加 (c − 1)·vvᵀ，即 alpha·r·vvᵀ。"))
def ials_confidence_twice(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r + (r > 0), lambda r: (r > 0) * (1 + alpha * r) / (2 + alpha * r), lambda r: reg)


@mistake_of("ials_step", Text("The 1 in the confidence is missing: c = alpha·r gives what was not bought the weight 0. c = 1 + alpha·r.",
                              "置信度少了 1：c = alpha·r 使没买过的商品权重为 0。应为 c = 1 + alpha·r。"))
def ials_no_one_in_confidence(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: alpha * r, _ials_bought, lambda r: reg)


@mistake_of("ials_step", Text("Everything that was bought has the same confidence. How often counts: c = 1 + alpha·r, not 1 + alpha.",
                              "所有买过的商品置信度都一样。次数也要计入：c = 1 + alpha·r，而不是 1 + alpha。"))
def ials_counts_not_used(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * (r > 0), _ials_bought, lambda r: reg)


@mistake_of("ials_step", Text("The confidence has a logarithm. Hu and others name that as another choice; here it is linear: 1 + alpha·r.",
                              "置信度用了对数。Hu 等人把它列为另一种选择；这里是线性的：1 + alpha·r。"))
def ials_log_confidence(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * np.log1p(r), _ials_bought, lambda r: reg)


@mistake_of("ials_step", Text("The counts were taken for the target: this fits r, not p. How often only says how sure; the preference is 1.",
                              "把次数当成了目标：这里拟合的是 r 而不是 p。次数只说明有多确定，偏好是 1。"))
def ials_counts_as_preference(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, lambda r: r, lambda r: reg)


@mistake_of("ials_step", Text("The right side lacks the confidence: it is the sum of c·v over the bought items, not the sum of v.",
                              "右端缺了置信度：应是买过的商品的 c·v 之和，而不是 v 之和。"))
def ials_right_side_unweighted(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, lambda r: (r > 0) / (1 + alpha * r), lambda r: reg)


@mistake_of("ials_step", Text(
    "The right side has alpha·r instead of c. The c − 1 belongs to the Gram trick on the left alone; on the right it is 1 + alpha·r.",
    "右端用了 alpha·r 而不是 c。c − 1 只属于左端的 Gram 技巧；右端是 1 + alpha·r。"))
def ials_right_side_less_one(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, lambda r: (r > 0) * alpha * r / (1 + alpha * r), lambda r: reg)


@mistake_of("ials_step", Text("The rows were multiplied by c before least squares, which squares them: that is the weight c². Multiply by √c.",
                              "最小二乘之前各行乘了 c，平方后权重成了 c²。应乘以 √c。"))
def ials_confidence_squared(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: (1 + alpha * r) ** 2, _ials_bought, lambda r: reg)


@mistake_of("ials_step", Text("reg is multiplied by the number of items the household bought (as ALS for ratings does). Here it is the same for everyone.",
                              "reg 乘了该家庭买过的商品数（评分 ALS 的做法）。这里它对所有家庭相同。"))
def ials_reg_by_items_bought(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg * max((r > 0).sum(), 1))


@mistake_of("ials_step", Text("reg is multiplied by the number of all items: the squared error was a mean. Here it is a sum, and reg stands as it is.",
                              "reg 乘了全部商品数：平方误差成了均值。这里是求和，reg 保持原样。"))
def ials_reg_by_all_items(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg * len(r))


@mistake_of("ials_step", Text("reg is multiplied by the sum of the confidences: they were made to sum to 1. Here they stay as they are.",
                              "reg 乘了置信度之和：置信度被归一化了。这里应保持原样。"))
def ials_reg_by_confidence(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg * (1 + alpha * r).sum())


@mistake_of("ials_step", Text("reg was halved. The 2 of the derivative stands before both parts of the loss and cancels: add reg·I.",
                              "reg 减半了。求导产生的 2 在损失的两部分前都有，会约去：应加 reg·I。"))
def ials_reg_halved(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg / 2)


@mistake_of("ials_step", Text("reg is missing. Without it a household with one purchase is fitted as if it were certain: add reg·I on the left.",
                              "缺少 reg。没有它，只买过一件的家庭会被当作确定无疑来拟合：左端应加 reg·I。"))
def ials_no_reg(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: 0.)


@mistake_of("ials_step", Text("reg was added to every cell of the matrix. It belongs on the diagonal: reg · np.eye(d).",
                              "reg 加到了矩阵的每个元素上。它应只在对角线上：reg · np.eye(d)。"))
def ials_reg_in_every_cell(X, V, alpha, reg):
    _ials_checked(X, reg)
    X, V = np.asarray(X, float), np.asarray(V, float)
    c = 1 + alpha * X
    return np.array([np.linalg.lstsq((V.T * row) @ V + reg, (V.T * row) @ (r > 0), rcond=None)[0] for row, r in zip(c, X, strict=True)])


@mistake_of("ials_step", Text("VᵀV was changed in place: `A = G; A += …` adds each household's items to the next one's. Write `A = G + …`.",
                              "VᵀV 被就地修改：`A = G; A += …` 把每个家庭的商品累加给了下一个家庭。应写 `A = G + …`。"))
def ials_gram_grows(X, V, alpha, reg):
    _ials_checked(X, reg)
    X, V = np.asarray(X, float), np.asarray(V, float)
    A, U = V.T @ V + reg * np.eye(V.shape[1]), []
    for r in X:
        A += (V.T * (alpha * r)) @ V
        U.append(np.linalg.solve(A, V.T @ ((r > 0) * (1 + alpha * r))))
    return np.array(U)


@mistake_of("ials_step", Text("Households without items were left out, so the rows no longer belong to the households. They have zeros.",
                              "没有商品的家庭被略去，行与家庭就对不上了。它们的因子应为 0。"))
def ials_empty_households_dropped(X, V, alpha, reg):
    _ials_checked(X, reg)
    X = np.asarray(X, float)
    return _ials(X[(X > 0).any(axis=1)], V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg)


@mistake_of("ials_step", Text(
    "A household without items got the mean of the item factors. The loss has one best answer there: all zeros, since all its p are 0.",
    "没有商品的家庭得到了商品因子的均值。此时损失的最优解唯一：全为 0，因为它的 p 都是 0。"))
def ials_empty_household_is_average(X, V, alpha, reg):
    _ials_checked(X, reg)
    X = np.asarray(X, float)
    U = _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg)
    U[~(X > 0).any(axis=1)] = np.mean(V, axis=0)
    return U


@mistake_of("ials_step", Text("The scores U·Vᵀ were returned. Return the factors of the households, (H, d).", "返回的是得分 U·Vᵀ。应返回家庭的因子 (H, d)。"))
def ials_scores_returned(X, V, alpha, reg):
    _ials_checked(X, reg)
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg) @ np.asarray(V, float).T


@mistake_of("ials_step", Text(
    "Negative counts and a reg of 0 were taken. A confidence may be below 0 then, and the matrix without an inverse: raise ValueError.",
    "接受了负的次数和为 0 的 reg。那样置信度可能为负，矩阵可能不可逆：应抛出 ValueError。"))
def ials_nothing_refused(X, V, alpha, reg):
    return _ials(X, V, lambda r: 1 + alpha * r, _ials_bought, lambda r: reg)


@alternate_of("ials_step")
def ials_by_least_squares(X, V, alpha, reg):
    """Rows times the root of their confidence, and one row a dimension for reg."""
    X, V = np.array(X, float), np.array(V, float)
    if X.min() < 0 or not reg > 0:
        raise ValueError("counts and reg")
    d, U = V.shape[1], []
    for r in X:
        root = np.sqrt(1 + alpha * r)
        rows = np.vstack([V * root[:, None], math.sqrt(reg) * np.identity(d)])
        U.append(np.linalg.lstsq(rows, np.append((r > 0) * root, np.zeros(d)), rcond=None)[0])
    return np.array(U)


@alternate_of("ials_step")
def ials_all_at_once(X, V, alpha, reg):
    X, V = np.array(X, float), np.array(V, float)
    if (X < 0).any() or reg <= 0:
        raise ValueError("counts and reg")
    c = 1 + alpha * X
    A = np.einsum("hm,mi,mj->hij", c, V, V) + reg * np.eye(V.shape[1])
    return (np.linalg.inv(A) @ ((c * (X > 0)) @ V)[:, :, None])[:, :, 0]


@alternate_of("ials_step")
def ials_by_items(X, V, alpha, reg):
    """The inverse of VᵀV + reg·I, corrected for what each household bought: a system as large as its basket, not as d (Woodbury)."""
    X, V = np.array(X, float), np.array(V, float)
    if (X < 0).any() or reg <= 0:
        raise ValueError("counts and reg")
    inverse, U = np.linalg.inv(V.T @ V + reg * np.eye(V.shape[1])), []
    for r in X:
        own, more = V[r > 0], alpha * r[r > 0]
        start = inverse @ (own.T @ (1 + more))
        K = own @ inverse @ own.T
        U.append(start - inverse @ own.T @ np.linalg.solve(np.eye(len(own)) + more[:, None] * K, more * (own @ start)))
    return np.array(U)


# --- bpr_step ------------------------------------------------------------------------------------------------------------


def _bpr_pull(x):
    return float(np.exp(-np.logaddexp(0, x)))


def _bpr(U, V, u, i, j, lr, reg, pull=_bpr_pull, score=lambda p, q, r: p @ (q - r), rows=None, out=lambda U, V: (U, V), dtype=float, copy=True):
    if i == j:
        raise ValueError("i and j are the same")
    U, V = (np.array(table, dtype) if copy else np.asarray(table, float) for table in (U, V))
    p, q, r = U[u].astype(float), V[i].astype(float), V[j].astype(float)
    with np.errstate(all="ignore"):
        e = pull(score(p, q, r))
    if rows is None:
        U[u], V[i], V[j] = p + lr * (e * (q - r) - reg * p), q + lr * (e * p - reg * q), r + lr * (-e * p - reg * r)
    else:
        U[u], V[i], V[j] = rows(p, q, r, e, lr, reg)
    return out(U, V)


@mistake_of("bpr_step", Text("The step goes uphill: the loss grows. Go against the gradient.", "这一步在上坡：损失变大了。应沿梯度的反方向走。"))
def bpr_uphill(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, -lr, reg)


@mistake_of("bpr_step", Text("The pull is σ(x), strong where the order is right already. The derivative of −ln σ(x) is −σ(−x): strong where it is wrong.",
                             "用了 σ(x)，顺序已对时反而更强。−ln σ(x) 的导数是 −σ(−x)：顺序错时才强。"))
def bpr_sigmoid_of_x(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, pull=lambda x: _bpr_pull(-x))


@mistake_of("bpr_step", Text("The pull is the derivative of σ(x), σ(x)·σ(−x), which is almost 0 where the order is badly wrong. Derive −ln σ(x): σ(−x).",
                             "用的是 σ(x) 的导数 σ(x)·σ(−x)，顺序大错时几乎为 0。应对 −ln σ(x) 求导：σ(−x)。"))
def bpr_derivative_of_sigmoid(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, pull=lambda x: _bpr_pull(x) * _bpr_pull(-x))


@mistake_of("bpr_step", Text("The factor σ(−x) is missing: every triple pulls with full force, also one that is right already.",
                             "缺少因子 σ(−x)：每个三元组都用全力，已经正确的也一样。"))
def bpr_always_full_pull(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, pull=lambda x: 1.)


@mistake_of("bpr_step", Text("x is the score of i alone. BPR compares: x = u·vᵢ − u·vⱼ.", "x 只用了 i 的得分。BPR 是比较：x = u·vᵢ − u·vⱼ。"))
def bpr_score_of_i_alone(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, score=lambda p, q, r: p @ q)


@mistake_of("bpr_step", Text(
    "i and j are swapped: the model learns to put what was not bought above what was.",
    "i 与 j 颠倒了：模型学会把没买的排在买过的前面。"))
def bpr_i_and_j_swapped(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, j, i, lr, reg)


@mistake_of("bpr_step", Text("The items were moved with the household's *new* row. The step is simultaneous: keep the old row until all three are made.",
                             "商品用的是家庭的*新*行。这一步是同时的：三行都算完之前应保留旧行。"))
def bpr_new_household_for_items(U, V, u, i, j, lr, reg):
    def rows(p, q, r, e, lr, reg):
        new = p + lr * (e * (q - r) - reg * p)
        return new, q + lr * (e * new - reg * q), r + lr * (-e * new - reg * r)
    return _bpr(U, V, u, i, j, lr, reg, rows=rows)


@mistake_of("bpr_step", Text("The household was moved with the items' *new* rows. The step is simultaneous: all three rows are made from the old ones.",
                             "家庭用的是商品的*新*行。这一步是同时的：三行都由旧行算出。"))
def bpr_new_items_for_household(U, V, u, i, j, lr, reg):
    def rows(p, q, r, e, lr, reg):
        q, r = q + lr * (e * p - reg * q), r + lr * (-e * p - reg * r)
        return p + lr * (e * (q - r) - reg * p), q, r
    return _bpr(U, V, u, i, j, lr, reg, rows=rows)


@mistake_of("bpr_step", Text("σ(−x) was computed anew after each row. One number, from the old rows, serves all three.",
                             "每更新一行就重新计算 σ(−x)。应由旧行算出一个数，三行共用。"))
def bpr_pull_made_anew(U, V, u, i, j, lr, reg):
    def rows(p, q, r, e, lr, reg):
        new = p + lr * (e * (q - r) - reg * p)
        e = _bpr_pull(new @ (q - r))
        new_q = q + lr * (e * p - reg * q)
        return new, new_q, r + lr * (-_bpr_pull(new @ (new_q - r)) * p - reg * r)
    return _bpr(U, V, u, i, j, lr, reg, rows=rows)


@mistake_of("bpr_step", Text(
    "j is pulled up as i is. It was not bought: the household's row is subtracted from it.",
    "j 像 i 一样被拉高了。它没有被买：应减去家庭的行。"))
def bpr_j_pulled_up(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, rows=lambda p, q, r, e, lr, reg: (
        p + lr * (e * (q - r) - reg * p), q + lr * (e * p - reg * q), r + lr * (e * p - reg * r)))


@mistake_of("bpr_step", Text("j did not move. It stands in the loss, with a minus: push it down.", "j 没有移动。它带负号出现在损失中：应把它压低。"))
def bpr_j_left_alone(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, rows=lambda p, q, r, e, lr, reg: (p + lr * (e * (q - r) - reg * p), q + lr * (e * p - reg * q), r))


@mistake_of("bpr_step", Text(
    "The household moves towards i, and j is forgotten. The derivative of x is vᵢ − vⱼ.",
    "家庭只向 i 移动，忘了 j。x 的导数是 vᵢ − vⱼ。"))
def bpr_household_towards_i_alone(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, rows=lambda p, q, r, e, lr, reg: (
        p + lr * (e * q - reg * p), q + lr * (e * p - reg * q), r + lr * (-e * p - reg * r)))


@mistake_of("bpr_step", Text("reg makes the rows longer. It is a penalty: subtract lr · reg · row.", "reg 使各行变长。它是惩罚：应减去 lr · reg · 行。"))
def bpr_reg_added(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, -reg)


@mistake_of("bpr_step", Text("reg is missing: add it to the gradient of all three rows.", "缺少 reg：三行的梯度都要加上它。"))
def bpr_no_reg(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, 0.)


@mistake_of("bpr_step", Text("reg has a 2. The loss has reg/2 before the squares, and the 2 of the derivative cancels it.",
                             "reg 多了一个 2。损失中平方前是 reg/2，求导产生的 2 与它约去。"))
def bpr_reg_doubled(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, 2 * reg)


@mistake_of("bpr_step", Text("The reg of j has the wrong sign: the minus stands before σ(−x)·u alone, and the row of j shrinks like the others.",
                             "j 的 reg 符号错了：负号只在 σ(−x)·u 之前，j 的行与其他行一样收缩。"))
def bpr_reg_of_j_added(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, rows=lambda p, q, r, e, lr, reg: (
        p + lr * (e * (q - r) - reg * p), q + lr * (e * p - reg * q), r - lr * (e * p - reg * r)))


@mistake_of("bpr_step", Text("reg was not multiplied by lr. It is a part of the gradient, and the whole gradient is multiplied by the step length.",
                             "reg 没有乘 lr。它是梯度的一部分，整个梯度都要乘步长。"))
def bpr_reg_without_lr(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg / lr)


@mistake_of("bpr_step", Text(
    "Every row of the tables shrank. Only the three rows of this triple are in its loss: a step costs three rows, not the catalogue.",
    "两张表的每一行都收缩了。这个三元组的损失只含三行：一步只动三行，而不是整个商品库。"))
def bpr_every_row_shrinks(U, V, u, i, j, lr, reg):
    if i == j:
        raise ValueError("i and j are the same")
    U, V = np.array(U, float), np.array(V, float)
    p, difference = U[u].copy(), V[i] - V[j]
    e = _bpr_pull(p @ difference)
    U, V = (1 - lr * reg) * U, (1 - lr * reg) * V
    U[u] += lr * e * difference
    V[i] += lr * e * p
    V[j] -= lr * e * p
    return U, V


@mistake_of("bpr_step", Text("exp of a large number is infinite, and ∞/∞ is nan: one such triple, and the tables are lost. Use np.exp(-np.logaddexp(0, x)).",
                             "很大的数取 exp 得无穷，∞/∞ 是 nan：一个这样的三元组就毁掉整张表。应使用 np.exp(-np.logaddexp(0, x))。"))
def bpr_nan_far_away(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, pull=lambda x: np.exp(-x) / (1 + np.exp(-x)))


@mistake_of("bpr_step", Text("`math.exp` raises OverflowError above 709. Use np.exp(-np.logaddexp(0, x)), which is σ(−x) for every x.",
                             "`math.exp` 在 709 以上抛出 OverflowError。应使用 np.exp(-np.logaddexp(0, x))，它对任何 x 都是 σ(−x)。"))
def bpr_overflow(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, pull=lambda x: 1 / (1 + math.exp(x)))


@mistake_of("bpr_step", Text("Tables of whole numbers stayed whole, and the step was cut off. Make them float first: np.array(U, float).",
                             "整数表仍是整数，更新被截断了。应先转成浮点数：np.array(U, float)。"))
def bpr_whole_numbers_stay(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, dtype=None)


@mistake_of("bpr_step", Text("The tables that were handed in were changed. `np.asarray` makes no copy of an array: use np.array(U, float).",
                             "传入的表被改动了。`np.asarray` 不会复制数组：应使用 np.array(U, float)。"))
def bpr_in_place(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, copy=False)


@mistake_of("bpr_step", Text("The three new rows were returned. Return both tables, whole.", "返回的是三个新的行。应返回完整的两张表。"))
def bpr_rows_returned(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, out=lambda U, V: (U[u], V[i], V[j]))


@mistake_of("bpr_step", Text("The tables are in the other order: households first, then items.", "两张表的顺序反了：先家庭，后商品。"))
def bpr_tables_swapped(U, V, u, i, j, lr, reg):
    return _bpr(U, V, u, i, j, lr, reg, out=lambda U, V: (V, U))


@mistake_of("bpr_step", Text("i = j was taken: an item cannot be preferred to itself. Raise ValueError, since whoever draws such triples has a bug.",
                             "接受了 i = j：商品不可能优于自己。应抛出 ValueError，因为抽出这种三元组的代码有错。"))
def bpr_i_equal_to_j(U, V, u, i, j, lr, reg):
    if i != j:
        return _bpr(U, V, u, i, j, lr, reg)
    U, V = np.array(U, float), np.array(V, float)
    U[u] -= lr * reg * U[u]
    V[i] -= lr * reg * V[i]
    return U, V


@alternate_of("bpr_step")
def bpr_by_loops(U, V, u, i, j, lr, reg):
    if i == j:
        raise ValueError("i and j are the same")
    U, V = [[float(a) for a in row] for row in U], [[float(a) for a in row] for row in V]
    x = sum(a * (b - c) for a, b, c in zip(U[u], V[i], V[j], strict=True))
    e = 1 / (1 + math.exp(x)) if x < 0 else math.exp(-x) / (1 + math.exp(-x))
    for k, (a, b, c) in enumerate(zip(U[u], V[i], V[j], strict=True)):
        U[u][k] = a * (1 - lr * reg) + lr * e * (b - c)
        V[i][k] = b * (1 - lr * reg) + lr * e * a
        V[j][k] = c * (1 - lr * reg) - lr * e * a
    return U, V


@alternate_of("bpr_step")
def bpr_by_whole_gradients(U, V, u, i, j, lr, reg):
    """Gradients as large as the tables, made of unit vectors."""
    if int(i) == int(j):
        raise ValueError("i and j are the same")
    U, V = np.asarray(U) * 1., np.asarray(V) * 1.
    at, up, down = np.eye(len(U))[u], np.eye(len(V))[i], np.eye(len(V))[j]
    e = .5 * (1 - np.tanh(.5 * (at @ U @ V.T @ (up - down))))
    of_U = -e * np.outer(at, (up - down) @ V) + reg * at[:, None] * U
    of_V = -e * np.outer(up - down, at @ U) + reg * (up + down)[:, None] * V
    return U - lr * of_U, V - lr * of_V


# --- mmr_rerank ----------------------------------------------------------------------------------------------------------


def _rerank_most(similar):
    return similar.max(axis=1)


def _rerank_score(lam, relevance, penalty):
    return lam * relevance - (1 - lam) * penalty


def _rerank(relevance, S, lam, k, penalty=_rerank_most, score=_rerank_score, first=lambda lam, relevance: relevance, last=False, similar=None,
            allowed=lambda relevance: relevance > -np.inf, refuse=True):
    if refuse and (not 0 <= lam <= 1 or k < 1):
        raise ValueError("lam and k")
    relevance, S = np.asarray(relevance, float), np.asarray(S, float)
    left, chosen = np.flatnonzero(allowed(relevance)).tolist(), []
    while left and len(chosen) < k:
        with np.errstate(invalid="ignore"):
            if chosen:
                values = score(lam, relevance[left], penalty(S[np.ix_(left, chosen)]) if similar is None else similar(S, left, chosen))
            else:
                values = first(lam, relevance[left])
        chosen.append(left.pop(len(left) - 1 - int(np.argmax(values[::-1])) if last else int(np.argmax(values))))
    return chosen


@mistake_of("mmr_rerank", Text("The penalty is the mean similarity to the chosen items, in which a double of one drowns. Take the largest.",
                               "惩罚取了与已选商品的平均相似度，与其中一件重复会被稀释。应取最大值。"))
def rerank_mean_similarity(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: similar.mean(axis=1))


@mistake_of("mmr_rerank", Text("The similarities to the chosen items were summed, so the penalty grows with the list. Take the largest.",
                               "把与已选商品的相似度加总了，惩罚随列表变长而变大。应取最大值。"))
def rerank_summed_similarity(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: similar.sum(axis=1))


@mistake_of("mmr_rerank", Text("The penalty is the smallest similarity to the chosen items. One double is enough: take the largest.",
                               "惩罚取了与已选商品的最小相似度。有一件重复就够了：应取最大值。"))
def rerank_least_similar(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: similar.min(axis=1))


@mistake_of("mmr_rerank", Text("Only the last choice is compared with. An item may repeat any of those chosen before.",
                               "只与最后选的一件比较。商品可能与之前任何一件重复。"))
def rerank_last_choice_only(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: similar[:, -1])


@mistake_of("mmr_rerank", Text("Only the first choice is compared with. Raise the penalty after every choice.", "只与第一件比较。每选一件之后都要更新惩罚。"))
def rerank_first_choice_only(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: similar[:, 0])


@mistake_of("mmr_rerank", Text("The penalty looks at all other items, also at those not on the list. Only what has been chosen can be repeated.",
                               "惩罚考虑了所有其他商品，包括不在列表中的。只有已选的商品才会被重复。"))
def rerank_similar_to_anything(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, similar=lambda S, left, chosen: (S - 9 * np.eye(len(S)))[left].max(axis=1))


@mistake_of("mmr_rerank", Text("S was read the other way: S[c, s] says how much the candidate c repeats the chosen s, row c and column s.",
                               "S 的方向读反了：S[c, s] 是候选 c 重复已选 s 的程度，行为 c，列为 s。"))
def rerank_other_way_round(relevance, S, lam, k):
    return _rerank(relevance, np.transpose(S), lam, k)


@mistake_of("mmr_rerank", Text("lam and 1 − lam are swapped: lam weighs the relevance.", "lam 与 1 − lam 颠倒了：lam 是相关性的权重。"))
def rerank_lam_swapped(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, score=lambda lam, relevance, penalty: (1 - lam) * relevance - lam * penalty)


@mistake_of("mmr_rerank", Text("The similarity was added, so the list repeats itself on purpose. Subtract it.", "相似度被加上了，列表会刻意重复。应减去它。"))
def rerank_penalty_added(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: -similar.max(axis=1))


@mistake_of("mmr_rerank", Text("The penalty has the full weight. It is weighed by 1 − lam.", "惩罚用了全部权重。应乘以 1 − lam。"))
def rerank_penalty_not_weighted(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, score=lambda lam, relevance, penalty: lam * relevance - penalty)


@mistake_of("mmr_rerank", Text(
    "The relevance has the full weight. It is weighed by lam, the penalty by 1 − lam.",
    "相关性用了全部权重。相关性乘 lam，惩罚乘 1 − lam。"))
def rerank_relevance_not_weighted(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, score=lambda lam, relevance, penalty: relevance - (1 - lam) * penalty)


@mistake_of("mmr_rerank", Text("The penalty starts at 0 and can never be negative. Where all similarities are below 0, so is the largest.",
                               "惩罚从 0 开始，永远不会为负。相似度全为负时，最大值也为负。"))
def rerank_penalty_never_negative(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, penalty=lambda similar: np.maximum(similar.max(axis=1), 0))


@mistake_of("mmr_rerank", Text("The first choice was weighed by lam as well: with lam = 0 all are equal. Nothing is chosen yet, so take the most relevant.",
                               "第一个选择也乘了 lam：lam = 0 时全部相等。此时还没有已选商品，应取最相关的。"))
def rerank_first_weighed_by_lam(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, first=lambda lam, relevance: lam * relevance)


@mistake_of("mmr_rerank", Text("Of equal items the last was taken. Take the lower id.", "得分相等时取了最后一件。应取较小的 id。"))
def rerank_last_of_equals(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, last=True)


@mistake_of("mmr_rerank", Text("This is the order of relevance alone. From the second choice on subtract (1 − lam) times the largest similarity.",
                               "这只是相关性顺序。从第二个选择起，要减去 (1 − lam) 乘以最大相似度。"))
def rerank_relevance_alone(relevance, S, lam, k):
    _rerank(relevance, S, lam, k)
    return _rerank(relevance, S, 1., k)


@mistake_of("mmr_rerank", Text("Relevance was squeezed into 0 to 1 first. Here it is used as it is; its scale is part of what lam means.",
                               "相关性先被压缩到 0 到 1。这里应原样使用；它的尺度是 lam 含义的一部分。"))
def rerank_relevance_squeezed(relevance, S, lam, k):
    relevance = np.array(relevance, float)
    shown = np.isfinite(relevance)
    if shown.any():
        low, high = relevance[shown].min(), relevance[shown].max()
        relevance[shown] = (relevance[shown] - low) / (high - low) if high > low else 0
    return _rerank(relevance, S, lam, k)


@mistake_of("mmr_rerank", Text(
    "With lam = 0 an item that may not be shown has 0 · (−inf) = nan, and argmax takes nan for the largest. Leave it out from the start.",
    "lam = 0 时，不可展示的商品得到 0 · (−inf) = nan，而 argmax 把 nan 当作最大。应从一开始就排除它。"))
def rerank_nan_wins(relevance, S, lam, k):
    order = _rerank(relevance, S, lam, k, allowed=lambda relevance: relevance < np.inf)
    return order[:min(k, int(np.isfinite(np.asarray(relevance, float)).sum()))]


@mistake_of("mmr_rerank", Text("The list was filled up with what may not be shown. A shorter list is right: they are out because they must not appear.",
                               "用不可展示的商品补满了列表。列表短一些才对：它们被排除正是因为不能出现。"))
def rerank_filled_up(relevance, S, lam, k):
    chosen = _rerank(relevance, S, lam, k)
    return [*chosen, *(c for c in range(len(relevance)) if c not in chosen)][:k]


@mistake_of("mmr_rerank", Text(
    "The best k were taken first and only then put into another order. Choose from all: what was place k + 1 may be what the list lacks.",
    "先取了最好的 k 件，再调整顺序。应从全部中选：第 k + 1 名可能正是列表缺少的。"))
def rerank_only_the_best_k(relevance, S, lam, k):
    _rerank(relevance, S, lam, k)
    best = np.argsort(-np.asarray(relevance, float), kind="stable")[:k]
    return _rerank(relevance, S, lam, k, allowed=lambda relevance: (relevance > -np.inf) & np.isin(np.arange(len(relevance)), best))


@mistake_of("mmr_rerank", Text("An item that was chosen may be chosen again. Take it out of the race.", "已选的商品又被选中。应把它排除。"))
def rerank_chosen_again(relevance, S, lam, k):
    _rerank(relevance, S, lam, k)
    relevance, S, chosen = np.asarray(relevance, float), np.asarray(S, float), []
    left = np.flatnonzero(relevance > -np.inf)
    while len(left) and len(chosen) < min(k, len(left)):
        values = _rerank_score(lam, relevance[left], S[np.ix_(left, chosen)].max(axis=1)) if chosen else relevance[left]
        chosen.append(int(left[np.argmax(values)]))
    return chosen


@mistake_of("mmr_rerank", Text("The ids were sorted. Their order is the order of choice: the first place of the page is worth most.",
                               "id 被排序了。顺序应是选择的顺序：页面第一位最有价值。"))
def rerank_sorted_by_id(relevance, S, lam, k):
    return sorted(_rerank(relevance, S, lam, k))


@mistake_of("mmr_rerank", Text("Nothing is refused. With lam above 1 the penalty would reward repetition: raise ValueError, for k below 1, too.",
                               "什么都没有拒绝。lam 大于 1 时惩罚会奖励重复：应抛出 ValueError，k 小于 1 时也一样。"))
def rerank_nothing_refused(relevance, S, lam, k):
    return _rerank(relevance, S, lam, k, refuse=False)


@alternate_of("mmr_rerank")
def rerank_by_loops(relevance, S, lam, k):
    if lam < 0 or lam > 1 or k < 1:
        raise ValueError("lam and k")
    chosen = []
    for _ in range(k):
        best, best_score = None, None
        for c in range(len(relevance)):
            if c in chosen or relevance[c] == -math.inf:
                continue
            score = relevance[c]
            if chosen:
                score = lam * relevance[c] - (1 - lam) * max(S[c][s] for s in chosen)
            if best is None or score > best_score:
                best, best_score = c, score
        if best is None:
            break
        chosen.append(best)
    return chosen


@alternate_of("mmr_rerank")
def rerank_by_a_heap(relevance, S, lam, k):
    """A penalty only grows, so a score that is out of date is a bound: look again at the top of the heap only."""
    if not 0 <= lam <= 1 or k < 1:
        raise ValueError("lam and k")
    shown = [c for c, value in enumerate(relevance) if value > -math.inf]
    if not shown:
        return []
    first = max(shown, key=lambda c: (relevance[c], -c))
    chosen = [first]
    heap = [(-(lam * relevance[c] - (1 - lam) * S[c][first]), c, 1, S[c][first]) for c in shown if c != first]
    heapq.heapify(heap)
    while heap and len(chosen) < k:
        _, c, known, worst = heapq.heappop(heap)
        if known == len(chosen):
            chosen.append(c)
            continue
        worst = max([worst, *(S[c][s] for s in chosen[known:])])
        heapq.heappush(heap, (-(lam * relevance[c] - (1 - lam) * worst), c, len(chosen), worst))
    return chosen


@alternate_of("mmr_rerank")
def rerank_by_a_running_maximum(relevance, S, lam, k):
    if not 0 <= lam <= 1 or k < 1:
        raise ValueError("lam and k")
    relevance, S = np.array(relevance, float), np.array(S, float)
    worth = np.where(np.isfinite(relevance), lam * np.where(np.isfinite(relevance), relevance, 0), -np.inf)
    worst, out, score = np.full(len(relevance), -np.inf), [], relevance
    while len(out) < k and score.max() > -np.inf:
        pick = int(score.argmax())
        out.append(pick)
        worth[pick] = -np.inf
        worst = np.maximum(worst, S[:, pick])
        score = worth - (1 - lam) * worst
    return np.array(out, int)


# --- latency_budget ------------------------------------------------------------------------------------------------------


def _latency_rank(ms, percent):
    return float(np.sort(ms)[-(-percent * len(ms) // 100) - 1])


def _latency_slowest(ms):
    return ms.max(axis=1)


def _latency_share(total, budget):
    return float((total <= budget).mean())


def _latency_bottleneck(took, total, latency):
    slow = {name: ms[total >= latency].sum() for name, ms in took.items()}
    return max(slow, key=slow.get)


def _latency_left(took, ranker, at, budget):
    return budget - at(sum((ms for name, ms in took.items() if name != ranker), np.zeros(len(took[ranker]))))


def _latency(stages, ranker, budget, cost, percent, percentile=_latency_rank, slowest=_latency_slowest, latency_of=None, share=_latency_share,
             bottleneck=_latency_bottleneck, left=_latency_left, whole=math.floor, least=0, refuse=True):
    if refuse and (not 1 <= percent <= 100 or cost <= 0 or ranker not in stages):
        raise ValueError("percent, cost or ranker")
    took = {name: slowest(np.asarray(ms, float)) for name, ms in stages.items()}
    total = sum(took.values())

    def at(ms):
        return percentile(ms, percent)

    latency = at(total) if latency_of is None else latency_of(stages, took, at)
    candidates = whole(left(took, ranker, at, budget) / cost)
    return {"latency": float(latency), "within": share(total, budget), "bottleneck": bottleneck(took, total, latency),
            "candidates": max(candidates, least) if least is not None else candidates}


@mistake_of("latency_budget", Text(
    "The percentiles of the stages were added. A request that is slow in one stage is seldom slow in the next: sum each request, then take the "
    "percentile.",
    "把各阶段的百分位数相加了。某个阶段慢的请求在下一阶段很少也慢：应先对每个请求求和，再取百分位数。"))
def latency_percentiles_added(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, latency_of=lambda stages, took, at: sum(map(at, took.values())))


@mistake_of("latency_budget", Text(
    "The percentile of each call was taken, then the slowest call of the stage, then the sum. Both steps come before the percentile: the "
    "slowest call of *this* request, the sum of *this* request.",
    "先取每个调用的百分位数，再取阶段中最慢的调用，最后相加。这两步都应在百分位数之前：*该*请求最慢的调用，*该*请求的和。"))
def latency_percentile_of_each_call(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    latency_of=lambda stages, took, at: sum(max(map(at, np.asarray(ms, float).T)) for ms in stages.values()))


@mistake_of("latency_budget", Text("Calls that run at the same time were added. The stage waits for the slowest of them: the largest of the row.",
                                   "把同时进行的调用相加了。阶段只等其中最慢的一个：取每行的最大值。"))
def latency_parallel_calls_added(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, slowest=lambda ms: ms.sum(axis=1))


@mistake_of("latency_budget", Text(
    "A stage took the mean of its calls. It waits for all of them, hence for the slowest.",
    "阶段取了各调用的均值。它要等所有调用，也就是最慢的那个。"))
def latency_mean_of_calls(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, slowest=lambda ms: ms.mean(axis=1))


@mistake_of("latency_budget", Text(
    "A stage took its fastest call. It cannot go on before the slowest has answered.",
    "阶段取了最快的调用。最慢的没有返回之前它无法继续。"))
def latency_fastest_call(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, slowest=lambda ms: ms.min(axis=1))


@mistake_of("latency_budget", Text("All calls of all requests were thrown together, and their percentile taken. A request waits for the sum of its stages.",
                                   "把所有请求的所有调用混在一起取百分位数。一个请求等待的是它各阶段之和。"))
def latency_calls_thrown_together(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    latency_of=lambda stages, took, at: at(np.concatenate([np.ravel(ms).astype(float) for ms in stages.values()])))


@mistake_of("latency_budget", Text(
    "The percentile lies between two requests: libraries interpolate by default. Nearest rank takes a request that happened: place ⌈percent · n / 100⌉.",
    "百分位数落在两个请求之间：各库默认做插值。最近秩法取真实发生的请求：第 ⌈percent · n / 100⌉ 个。"))
def latency_interpolated(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, percentile=lambda ms, percent: float(np.percentile(ms, percent)))


@mistake_of("latency_budget", Text(
    "method=\"nearest\" is not nearest rank: it rounds the place percent · (n − 1) / 100. Here the place is ⌈percent · n / 100⌉, counted from "
    "1 (method=\"inverted_cdf\").",
    "method=\"nearest\" 不是最近秩法：它对 percent · (n − 1) / 100 四舍五入。这里的位置是 ⌈percent · n / 100⌉，从 1 数起（method=\"inverted_cdf\"）。"))
def latency_nearest_place(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, percentile=lambda ms, percent: float(np.percentile(ms, percent, method="nearest")))


@mistake_of("latency_budget", Text("The place is one too high: ⌈percent · n / 100⌉ counts from 1, and Python counts from 0. Subtract 1.",
                                   "位置偏高一位：⌈percent · n / 100⌉ 从 1 数起，而 Python 从 0 数起。应减 1。"))
def latency_one_place_too_high(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    percentile=lambda ms, percent: float(np.sort(ms)[min(-(-percent * len(ms) // 100), len(ms) - 1)]))


@mistake_of("latency_budget", Text("The place was rounded down. Too few requests then lie at or below it: round up, ⌈percent · n / 100⌉, counted from 1.",
                                   "位置向下取整了，这样不超过它的请求太少。应向上取整：⌈percent · n / 100⌉，从 1 数起。"))
def latency_place_rounded_down(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, percentile=lambda ms, percent: float(np.sort(ms)[max(percent * len(ms) // 100 - 1, 0)]))


@mistake_of("latency_budget", Text("The numbers were sorted the largest first: this is what the fast requests take. Sort the smallest first.",
                                   "从大到小排序了：这是快请求的耗时。应从小到大排序。"))
def latency_largest_first(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, percentile=lambda ms, percent: float(np.sort(ms)[::-1][-(-percent * len(ms) // 100) - 1]))


@mistake_of("latency_budget", Text(
    "This is the mean. The mean hides exactly the requests a budget is about.",
    "这是均值。均值恰好掩盖了预算所关心的那些请求。"))
def latency_mean(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, percentile=lambda ms, percent: float(np.mean(ms)))


@mistake_of("latency_budget", Text("A request that takes exactly the budget was counted as too slow. At most the budget is within it: ≤.",
                                   "恰好用完预算的请求被算作超时。不超过预算就算在内：≤。"))
def latency_budget_itself_too_slow(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, share=lambda total, budget: float((total < budget).mean()))


@mistake_of("latency_budget", Text(
    "\"within\" is a number from 0 to 100, or a count. It is a share: between 0 and 1.",
    "\"within\" 成了 0 到 100 的数或计数。它是份额：0 到 1 之间。"))
def latency_per_cent_within(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, share=lambda total, budget: 100 * float((total <= budget).mean()))


@mistake_of("latency_budget", Text(
    "This is the share of requests *above* the budget. Asked is the share within it.",
    "这是*超出*预算的请求份额。要的是预算之内的份额。"))
def latency_share_above(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, share=lambda total, budget: float((total > budget).mean()))


@mistake_of("latency_budget", Text(
    "The bottleneck is that of all requests. What fills an average request need not fill a slow one: look at totals of at least the percentile.",
    "瓶颈是从所有请求中得出的。平均请求的主要耗时不一定是慢请求的：应只看总耗时不低于百分位数的请求。"))
def latency_bottleneck_of_all(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, bottleneck=lambda took, total, latency: _latency_bottleneck(took, total, 0))


@mistake_of("latency_budget", Text("The request at the percentile itself was left out. A total of at least the percentile counts as slow: ≥.",
                                   "恰在百分位数上的请求被略去了。总耗时不低于百分位数的都算慢：≥。"))
def latency_bottleneck_above_only(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    bottleneck=lambda took, total, latency: _latency_bottleneck(took, total, np.nextafter(latency, np.inf)))


@mistake_of("latency_budget", Text(
    "The stage with the largest percentile of its own was named. Its slow requests may be fast as a whole: sum the times of the slow *requests*.",
    "取了自身百分位数最大的阶段。该阶段慢的请求整体上可能很快：应对慢*请求*的耗时求和。"))
def latency_bottleneck_by_own_percentile(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    bottleneck=lambda took, total, latency: max(took, key=lambda name: _latency_rank(took[name], percent)))


@mistake_of("latency_budget", Text(
    "The slow requests voted, one vote each for their longest stage. A close race then counts as much as a second of waiting: sum the times.",
    "慢请求各投一票给自己最长的阶段。这样差一点点和差一秒分量相同：应对耗时求和。"))
def latency_bottleneck_by_votes(stages, ranker, budget, cost, percent=99):
    def votes(took, total, latency):
        slow = np.array([ms[total >= latency] for ms in took.values()])
        return list(took)[int(np.bincount(slow.argmax(axis=0), minlength=len(took)).argmax())]
    return _latency(stages, ranker, budget, cost, percent, bottleneck=votes)


@mistake_of("latency_budget", Text("Only the slowest request was looked at. Sum over all whose total is at least the percentile.",
                                   "只看了最慢的一个请求。应对总耗时不低于百分位数的所有请求求和。"))
def latency_bottleneck_of_the_slowest(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, bottleneck=lambda took, total, latency: max(took, key=lambda name: took[name][np.argmax(total)]))


@mistake_of("latency_budget", Text("Of equal stages the later one was named. Name the earlier.", "相等时取了较晚的阶段。应取较早的。"))
def latency_later_of_equals(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    bottleneck=lambda took, total, latency: _latency_bottleneck(dict(reversed(took.items())), total, latency))


@mistake_of("latency_budget", Text(
    "The candidates were given only what is left beside the ranker's present time. That time is theirs as well: take the ranker out of each "
    "request first.",
    "候选只得到了精排现有耗时之外的剩余。那段时间也属于它们：应先从每个请求中去掉精排阶段。"))
def latency_ranker_not_taken_out(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, left=lambda took, ranker, at, budget: budget - at(sum(took.values())))


@mistake_of("latency_budget", Text(
    "The ranker was given what the percentiles of the other stages leave. They do not add up either: sum the other stages in each request.",
    "精排得到的是其他阶段百分位数之和以外的部分。它们同样不能相加：应在每个请求中对其他阶段求和。"))
def latency_percentiles_of_others_added(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent,
                    left=lambda took, ranker, at, budget: budget - sum(at(ms) for name, ms in took.items() if name != ranker))


@mistake_of("latency_budget", Text(
    "The percentile of the ranker was taken from the percentile of the totals. A difference of percentiles is not the percentile of the rest.",
    "用总耗时的百分位数减去精排的百分位数。百分位数之差不是其余部分的百分位数。"))
def latency_percentiles_subtracted(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, left=lambda took, ranker, at, budget: budget - (at(sum(took.values())) - at(took[ranker])))


@mistake_of("latency_budget", Text(
    "The whole budget went to the ranker. The other stages need theirs first.",
    "整个预算都给了精排。其他阶段要先用掉它们的部分。"))
def latency_others_forgotten(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, left=lambda took, ranker, at, budget: budget)


@mistake_of("latency_budget", Text(
    "The candidates were rounded, up in half of the cases: that is over the budget. Round down.",
    "候选数做了四舍五入，一半情形是进位：那就超出预算了。应向下取整。"))
def latency_candidates_rounded(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, whole=lambda number: math.floor(number + .5))


@mistake_of("latency_budget", Text(
    "The candidates were rounded up: the last one is over the budget. Round down.",
    "候选数向上取整：最后一个会超出预算。应向下取整。"))
def latency_candidates_rounded_up(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, whole=math.ceil)


@mistake_of("latency_budget", Text(
    "There are fewer than 0 candidates. Where the other stages use up the budget, it is 0.",
    "候选数小于 0。其他阶段用完预算时应为 0。"))
def latency_fewer_than_no_candidates(stages, ranker, budget, cost, percent=99):
    return _latency(stages, ranker, budget, cost, percent, least=None)


@mistake_of("latency_budget", Text("Nothing is refused. A wrong name, a cost of 0 or a percentile of 0 has no answer: raise ValueError.",
                                   "什么都没有拒绝。错误的名称、为 0 的单价或百分位数没有答案：应抛出 ValueError。"))
def latency_nothing_refused(stages, ranker, budget, cost, percent=99):
    if ranker not in stages or cost == 0:
        raise KeyError(ranker)
    return _latency(stages, ranker, budget, cost, min(max(percent, 1), 100), refuse=False)


@alternate_of("latency_budget")
def latency_by_pandas(stages, ranker, budget, cost, percent=99):
    if percent not in range(1, 101) or not cost > 0 or ranker not in stages:
        raise ValueError("percent, cost or ranker")
    took = pd.DataFrame({name: pd.DataFrame(ms).max(axis=1) for name, ms in stages.items()})
    total = took.sum(axis=1)
    place = -(-percent * len(took) // 100) - 1
    latency = total.sort_values().iloc[place]
    others = took.drop(columns=ranker).sum(axis=1).sort_values().iloc[place]
    return {"candidates": int(max((budget - others) // cost, 0)), "bottleneck": took[total >= latency].sum().idxmax(), "latency": latency,
            "within": total.le(budget).mean()}


@alternate_of("latency_budget")
def latency_by_numpy_percentile(stages, ranker, budget, cost, percent=99):
    if ranker not in stages or cost <= 0 or percent < 1 or percent > 100:
        raise ValueError("percent, cost or ranker")
    names = list(stages)
    took = np.stack([np.amax(stages[name], axis=1) for name in names]).astype(float)
    total = took.sum(axis=0)
    latency = np.percentile(total, percent, method="inverted_cdf")
    others = np.percentile(took[[name != ranker for name in names]].sum(axis=0), percent, method="inverted_cdf")
    return {"latency": latency, "within": np.count_nonzero(total <= budget) / len(total), "bottleneck": names[took[:, total >= latency].sum(axis=1).argmax()],
            "candidates": int(max(0, (budget - others) / cost))}


@alternate_of("latency_budget")
def latency_by_loops(stages, ranker, budget, cost, percent=99):
    if not (1 <= percent <= 100 and cost > 0 and ranker in stages):
        raise ValueError("percent, cost or ranker")
    requests = [{name: float(max(ms[r])) for name, ms in stages.items()} for r in range(len(stages[ranker]))]

    def percentile(numbers):
        # The smallest number that at least so many do not exceed.
        return min(a for a in numbers if 100 * sum(b <= a for b in numbers) >= percent * len(numbers))

    totals = [sum(request.values()) for request in requests]
    latency = percentile(totals)
    spent = dict.fromkeys(stages, 0.)
    for request, total in zip(requests, totals, strict=True):
        if total >= latency:
            for name, ms in request.items():
                spent[name] += ms
    others, candidates = percentile([sum(ms for name, ms in request.items() if name != ranker) for request in requests]), 0
    while others + cost * (candidates + 1) <= budget:
        candidates += 1
    return {"latency": latency, "within": sum(total <= budget for total in totals) / len(totals), "bottleneck": next(
        name for name in spent if spent[name] == max(spent.values())), "candidates": candidates}
