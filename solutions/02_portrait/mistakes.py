"""Lesson 02: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import itertools
import json
import re

import numpy as np
import pandas as pd

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- rfm -----------------------------------------------------------------------------------------------------------------


def _rfm(events, cutoff, seen=None, recency="last", frequency="days", money="sum", refunds_visit=False, all_rows=False, end=None):
    past = events[events["time"] < cutoff] if seen is None else seen
    bought = past if refunds_visit else past[past["amount"] > 0]
    days = bought["time"].dt.normalize().groupby(bought["household"])
    last = {"last": days.max, "first": days.min}[recency]()
    count = {"days": days.nunique, "rows": days.size, "receipts": bought.groupby("household")["time"].nunique}[frequency]()
    amount = past.groupby("household")["amount"]
    total = {"sum": amount.sum, "mean": amount.mean, "bought": bought.groupby("household")["amount"].sum,
             "absolute": past["amount"].abs().groupby(past["household"]).sum}[money]()
    table = pd.DataFrame({"recency": ((cutoff if end is None else end) - last).dt.days, "frequency": count, "monetary": total})
    return table if all_rows else table.loc[last.index]


@mistake_of("rfm", Text("The cut-off's own events were seen. Keep `time < cutoff`: what happens at midnight of the cut-off belongs to the future.",
                        "把截止时刻本身的事件也算进来了。应保留 `time < cutoff`：截止日零点的事件属于未来。"))
def cutoff_included(events, cutoff):
    return _rfm(events, cutoff, events[events["time"] <= cutoff])


@mistake_of("rfm", Text("The whole file was used: this portrait knows what the household does after the cut-off.",
                        "使用了整个文件：这个画像知道用户在截止之后做了什么。"))
def whole_file(events, cutoff):
    return _rfm(events, cutoff, events)


@mistake_of("rfm", Text("Recency was counted from the last event of the file. It runs to the cut-off, whenever the file ends.",
                        "最近一次消费的天数是从文件的最后一个事件算起的。应算到截止时刻，与文件何时结束无关。"))
def from_the_last_event(events, cutoff):
    past = events[events["time"] < cutoff]
    return _rfm(events, cutoff, end=past["time"].max().normalize())


@mistake_of("rfm", Text("Frequency counts rows. Count different *days*: two receipts of one day are one order.",
                        "频率统计的是行数。应统计不同的*日期*：同一天的两张小票算一个订单。"))
def rows_counted(events, cutoff):
    return _rfm(events, cutoff, frequency="rows")


@mistake_of("rfm", Text("Frequency counts different times. Two receipts of one day, an hour apart, are one order: take the calendar day.",
                        "频率统计的是不同的时刻。同一天相隔一小时的两张小票算一个订单：应取日期。"))
def receipts_counted(events, cutoff):
    return _rfm(events, cutoff, frequency="receipts")


@mistake_of("rfm", Text("Recency is measured from the first purchase. That is the customer's age; recency looks at the last one.",
                        "距今天数是从第一次购买算起的，那是客户年龄；最近一次消费要看最后一次。"))
def since_the_first(events, cutoff):
    return _rfm(events, cutoff, recency="first")


@mistake_of("rfm", Text("The sign is turned: days from the cut-off back to the purchase are positive, and small means recent.",
                        "符号反了：从截止时刻往回到购买的天数为正，越小越近。"))
def negative_recency(events, cutoff):
    table = _rfm(events, cutoff)
    return table.assign(recency=-table["recency"])


@mistake_of("rfm", Text("Recency was counted in blocks of 24 hours. A purchase on the evening before the cut-off is one *day* ago, not zero.",
                        "距今天数按 24 小时计算了。截止前一天晚上的购买是一*天*前，而不是零天。"))
def blocks_of_24_hours(events, cutoff):
    bought = events[(events["time"] < cutoff) & (events["amount"] > 0)]
    return _rfm(events, cutoff).assign(recency=(cutoff - bought.groupby("household")["time"].max()).dt.days)


@mistake_of("rfm", Text("A refund was taken for a visit. It lowers the money, but is neither an order nor a sign of life.",
                        "把退款当成了到访。退款只减少金额，既不是订单，也不表示活跃。"))
def refunds_are_visits(events, cutoff):
    return _rfm(events, cutoff, refunds_visit=True)


@mistake_of("rfm", Text("An event of 0 dollars was taken for a purchase. A purchase has an amount above 0.",
                        "把金额为 0 的事件当成了购买。购买的金额必须大于 0。"))
def free_is_bought(events, cutoff):
    table = _rfm(events, cutoff, all_rows=True)
    past = events[(events["time"] < cutoff) & (events["amount"] >= 0)]
    days = past["time"].dt.normalize().groupby(past["household"])
    return table.assign(recency=(cutoff - days.max()).dt.days, frequency=days.nunique()).dropna()


@mistake_of("rfm", Text("Refunds were left out of the money. What was given back was not spent: sum all amounts.",
                        "金额中漏掉了退款。退回的钱并没有花掉：应对所有金额求和。"))
def refunds_forgotten(events, cutoff):
    return _rfm(events, cutoff, money="bought")


@mistake_of("rfm", Text("Refunds were added instead of subtracted: their amounts are negative already, so sum them as they are.",
                        "退款被加上而不是减去：它们的金额本来就是负数，直接求和即可。"))
def refunds_added(events, cutoff):
    return _rfm(events, cutoff, money="absolute")


@mistake_of("rfm", Text("This is the mean amount. Monetary value is the sum before the cut-off.", "这是平均金额。消费金额是截止之前的总和。"))
def mean_amount(events, cutoff):
    return _rfm(events, cutoff, money="mean")


@mistake_of("rfm", Text("A household that only gave something back has a row. Without a purchase before the cut-off there is none.",
                        "只有退款的用户也有一行。截止前没有购买就不应有行。"))
def only_refunds_kept(events, cutoff):
    table = _rfm(events, cutoff, all_rows=True)
    return table.fillna({"recency": 0, "frequency": 0})


@alternate_of("rfm")
def rfm_by_loop(events, cutoff):
    rows = {}
    for household, own in events[events["time"] < cutoff].groupby("household"):
        days = {time.date() for time, amount in zip(own["time"], own["amount"], strict=True) if amount > 0}
        if days:
            rows[household] = ((cutoff.date() - max(days)).days, len(days), float(own["amount"].sum()))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["recency", "frequency", "monetary"])
    return table.rename_axis("household").iloc[::-1]


@alternate_of("rfm")
def rfm_by_agg(events, cutoff):
    past = events.query("time < @cutoff").assign(day=lambda t: t["time"].dt.floor("D").where(t["amount"] > 0))
    table = past.groupby("household").agg(last=("day", "max"), frequency=("day", "nunique"), monetary=("amount", "sum"))
    table = table[table["frequency"] > 0]
    return table.assign(recency=(cutoff - table["last"]) // pd.Timedelta(days=1)).drop(columns="last")


# --- kmeans --------------------------------------------------------------------------------------------------------------


def _squared(X, centres):
    return ((X[:, None] - centres) ** 2).sum(axis=2)


def _kmeans(X, init, iters, distance=_squared, inertia="sum", empty="stay", centre=np.mean, last=True, pick=None, stale=False):
    X, centres = np.asarray(X, float), np.array(init, float)
    history, before = [], centres
    for turn in range(iters + 1):
        measured = distance(X, centres)
        labels = measured.argmin(axis=1) if pick is None else pick(measured)
        own = _squared(X, centres)[np.arange(len(X)), labels]
        history.append(float({"sum": own.sum, "root": np.sqrt(own).sum, "mean": own.mean}[inertia]()))
        before = centres.copy()
        if turn < iters:
            for j in range(len(centres)):
                mine = X[labels == j]
                if len(mine):
                    centres[j] = centre(mine, axis=0)
                elif empty == "nan":
                    centres[j] = np.nan
                elif empty == "origin":
                    centres[j] = 0
                elif empty == "far":
                    centres[j] = X[own.argmax()]
            if stale and turn == iters - 1:
                return labels, centres, history
            if empty == "nan":
                distance = _never_nan
    return labels, centres if last else before, history


def _never_nan(X, centres):
    return np.where(np.isnan(_squared(X, centres)), np.inf, _squared(X, centres))


@mistake_of("kmeans", Text("The history sums distances. Inertia is the sum of *squared* distances: only that can never rise when a centre moves to the mean.",
                           "历史记录的是距离之和。簇内平方和是*平方*距离之和：只有它在中心移到均值时不会上升。"))
def distances_not_squared(X, init, iters):
    return _kmeans(X, init, iters, inertia="root")


@mistake_of("kmeans", Text("The history holds means. Inertia is the sum over the rows.", "历史记录的是均值。簇内平方和是对所有行求和。"))
def mean_inertia(X, init, iters):
    return _kmeans(X, init, iters, inertia="mean")


@mistake_of("kmeans", Text("The labels belong to the centres before the last move, and the last inertia is missing. After the last round assign once more.",
                           "标签属于最后一次移动之前的中心，也缺少最后一个簇内平方和。最后一轮之后要再分配一次。"))
def labels_of_the_round_before(X, init, iters):
    return _kmeans(X, init, iters, stale=True)


@mistake_of("kmeans", Text("A centre without rows became nan: the mean of nothing. It stays where it is.",
                           "没有成员的中心变成了 nan（空集的均值）。它应保持不动。"))
def nan_for_empty(X, init, iters):
    return _kmeans(X, init, iters, empty="nan")


@mistake_of("kmeans", Text("A centre without rows became nan, and argmin takes nan for the smallest: from then on every row goes to it. "
                           "Such a centre stays where it is.",
                           "没有成员的中心变成了 nan，而 argmin 把 nan 当作最小：此后所有行都归它。这样的中心应保持不动。"))
def nan_takes_every_row(X, init, iters):
    X, centres, history = np.asarray(X, float), np.array(init, float), []
    for turn in range(iters + 1):
        squared = _squared(X, centres)
        labels = squared.argmin(axis=1)
        history.append(float(squared[np.arange(len(X)), labels].sum()))
        if turn < iters:
            with np.errstate(invalid="ignore"):
                centres = np.array([X[labels == j].sum(axis=0) / np.float64((labels == j).sum()) for j in range(len(centres))])
    return labels, centres, history


@mistake_of("kmeans", Text("The square was multiplied out, x² − 2xc + c². Far from the origin the large numbers swallow the small difference: "
                           "subtract first, square then.",
                           "把平方展开成了 x² − 2xc + c²。远离原点时，大数会吞掉微小的差：应先求差再平方。"))
def squares_multiplied_out(X, init, iters):
    X, centres, history = np.asarray(X, float), np.array(init, float), []
    for turn in range(iters + 1):
        squared = (X ** 2).sum(axis=1)[:, None] - 2 * X @ centres.T + (centres ** 2).sum(axis=1)
        labels = squared.argmin(axis=1)
        history.append(float(squared.min(axis=1).sum()))
        if turn < iters:
            for j in np.unique(labels):
                centres[j] = X[labels == j].mean(axis=0)
    return labels, centres, history


@mistake_of("kmeans", Text("A centre without rows went to the origin: a sum of nothing is 0. It stays where it is.",
                           "没有成员的中心跑到了原点（空集之和为 0）。它应保持不动。"))
def origin_for_empty(X, init, iters):
    return _kmeans(X, init, iters, empty="origin")


@mistake_of("kmeans", Text("A centre without rows was moved to the farthest row. That is scikit-learn's rule; here it stays where it is.",
                           "没有成员的中心被移到了最远的行。那是 scikit-learn 的规则；这里它保持不动。"))
def farthest_for_empty(X, init, iters):
    return _kmeans(X, init, iters, empty="far")


@mistake_of("kmeans", Text("The centres are medians. That is k-medians, for another inertia; k-means takes the mean.",
                           "中心取了中位数，那是 k-中位数，对应另一种目标；k-均值取均值。"))
def medians(X, init, iters):
    return _kmeans(X, init, iters, centre=np.median)


@mistake_of("kmeans", Text("Rows went to the nearest centre by the sum of absolute differences. Nearest means Euclidean here: squares.",
                           "按绝对差之和分配到最近的中心。这里的最近是欧氏距离：用平方。"))
def manhattan(X, init, iters):
    return _kmeans(X, init, iters, distance=lambda X, centres: np.abs(X[:, None] - centres).sum(axis=2))


@mistake_of("kmeans", Text("A row between two centres went to the higher id. argmin takes the first, the lower one.",
                           "与两个中心等距的行归到了编号大的中心。argmin 取第一个，即编号小的。"))
def ties_to_the_higher(X, init, iters):
    return _kmeans(X, init, iters, pick=lambda d: d.shape[1] - 1 - d[:, ::-1].argmin(axis=1))


@mistake_of("kmeans", Text("The columns were standardised inside. Scaling is the caller's: the centres are in the caller's units.",
                           "在函数内部做了标准化。缩放是调用者的事：中心应使用调用者的单位。"))
def scaled_inside(X, init, iters):
    X, init = np.asarray(X, float), np.asarray(init, float)
    mean, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0, spread, 1)
    labels, centres, history = _kmeans((X - mean) / spread, (init - mean) / spread, iters)
    return labels, centres * spread + mean, history


@mistake_of("kmeans", Text("It stopped as soon as nothing moved. Do exactly `iters` rounds, so that the history has iters + 1 numbers.",
                           "没有变化时就提前停止了。要恰好做 `iters` 轮，使历史共有 iters + 1 个数。"))
def stopped_early(X, init, iters):
    labels, centres, history = _kmeans(X, init, iters)
    still = next((i for i in range(1, len(history)) if history[i] == history[i - 1]), len(history))
    return labels, centres, history[:still]


@mistake_of("kmeans", Text("It stopped one round after nothing moved. Do exactly `iters` rounds: the history always has iters + 1 numbers.",
                           "在不再变化的下一轮停止了。要恰好做 `iters` 轮：历史总是有 iters + 1 个数。"))
def stopped_one_round_later(X, init, iters):
    labels, centres, history = _kmeans(X, init, iters)
    still = next((i for i in range(1, len(history)) if history[i] == history[i - 1]), len(history))
    return labels, centres, history[:still + 1]


@alternate_of("kmeans")
def kmeans_by_loops(X, init, iters):
    X, centres = [list(map(float, row)) for row in X], [list(map(float, row)) for row in init]

    def assign():
        far = [[sum((a - b) ** 2 for a, b in zip(row, centre, strict=True)) for centre in centres] for row in X]
        return [row.index(min(row)) for row in far], sum(min(row) for row in far)

    labels, inertia = assign()
    history = [inertia]
    for _ in range(iters):
        for j in range(len(centres)):
            own = [row for row, label in zip(X, labels, strict=True) if label == j]
            if own:
                centres[j] = [sum(column) / len(own) for column in zip(*own, strict=True)]
        labels, inertia = assign()
        history.append(inertia)
    return labels, centres, history


@alternate_of("kmeans")
def kmeans_by_one_hot(X, init, iters):
    X, centres, history = np.asarray(X, float), np.asarray(init, float), []
    while True:
        squared = np.stack([np.square(X - centre).sum(axis=1) for centre in centres], axis=1)
        labels = np.argmin(squared, axis=1)
        history.append(squared[np.arange(len(X)), labels].sum())
        if len(history) > iters:
            return labels, centres, np.array(history)
        member = (labels[:, None] == np.arange(len(centres))).astype(float)
        size = member.sum(axis=0)[:, None]
        centres = np.where(size > 0, member.T @ X / np.maximum(size, 1), centres)


# --- ward_linkage --------------------------------------------------------------------------------------------------------


def _between(A, B):
    return np.sqrt(((A[:, None] - B) ** 2).sum(axis=2))


def _mean_distance(A, B):
    return np.linalg.norm(A.mean(axis=0) - B.mean(axis=0))


def _ward(A, B):
    return np.sqrt(2 * len(A) * len(B) / (len(A) + len(B))) * _mean_distance(A, B)


def _tree(X, height=_ward, shown=None, size=len, row=None, new_id=None):
    X = np.asarray(X, float)
    n = len(X)
    clusters, tree = {i: [i] for i in range(n)}, []
    for step in range(n - 1):
        pairs = itertools.combinations(sorted(clusters), 2)
        a, b = min(pairs, key=lambda pair: height(X[clusters[pair[0]]], X[clusters[pair[1]]]))
        A, B = clusters.pop(a), clusters.pop(b)
        far = (shown or height)(X[A], X[B])
        clusters[n + step if new_id is None else new_id(a, b)] = A + B
        tree.append((b, a, far, size(A + B)) if row == "turned" else (a, b, far, size(A + B)))
    return np.array(tree, float).reshape(n - 1, 4)


@mistake_of("ward_linkage", Text("This is single linkage: the distance of the two nearest rows. It chains; Ward compares means and weighs them by size.",
                                 "这是单链接：两簇中最近两行的距离，容易形成链条；Ward 比较均值并按大小加权。"))
def single(X):
    return _tree(X, lambda A, B: _between(A, B).min())


@mistake_of("ward_linkage", Text("This is complete linkage: the distance of the two farthest rows. Ward compares means and weighs them by size.",
                                 "这是全链接：两簇中最远两行的距离；Ward 比较均值并按大小加权。"))
def complete(X):
    return _tree(X, lambda A, B: _between(A, B).max())


@mistake_of("ward_linkage", Text("This is average linkage: the mean distance of all pairs of rows. Ward compares the means themselves and weighs them by size.",
                                 "这是平均链接：所有行对的平均距离；Ward 比较的是均值本身，并按大小加权。"))
def average(X):
    return _tree(X, lambda A, B: _between(A, B).mean())


@mistake_of("ward_linkage", Text("The factor of the sizes is missing: this is centroid linkage, whose tree can go down. Multiply by √(2|A||B| / (|A| + |B|)).",
                                 "缺少与大小有关的系数：这是质心链接，树的高度甚至可能下降。请乘以 √(2|A||B| / (|A| + |B|))。"))
def centroids(X):
    return _tree(X, _mean_distance)


@mistake_of("ward_linkage", Text("The height is squared. The order of the merges is right, but the height has the unit of a distance: take the root.",
                                 "高度是平方值。合并顺序正确，但高度应以距离为单位：请开方。"))
def squared_height(X):
    return _tree(X, shown=lambda A, B: _ward(A, B) ** 2)


@mistake_of("ward_linkage", Text("The height is the growth of the inertia itself. SciPy's height is √(2 · growth), in the unit of a distance.",
                                 "高度取的是簇内平方和的增量本身。SciPy 的高度是 √(2 · 增量)，以距离为单位。"))
def growth_of_inertia(X):
    return _tree(X, shown=lambda A, B: _ward(A, B) ** 2 / 2)


@mistake_of("ward_linkage", Text("The 2 under the root is missing. With it two single rows merge at exactly their distance, as in SciPy.",
                                 "根号下缺少 2。有了它，两个单行恰好在它们的距离处合并，与 SciPy 一致。"))
def without_the_two(X):
    return _tree(X, shown=lambda A, B: _ward(A, B) / np.sqrt(2))


@mistake_of("ward_linkage", Text("The last column must be the number of *rows* in the new cluster, not of the clusters merged.",
                                 "最后一列应是新簇中的*行数*，而不是合并的簇数。"))
def always_two(X):
    return _tree(X, size=lambda members: 2)


@mistake_of("ward_linkage", Text("The new cluster took over an old id. The cluster of step i is n + i, so that each id stands for one cluster only.",
                                 "新簇沿用了旧编号。第 i 步的簇编号为 n + i，这样每个编号只代表一个簇。"))
def old_ids(X):
    return _tree(X, new_id=min)


@mistake_of("ward_linkage", Text("The larger id stands first. Put the smaller one first, so that equal trees look equal.",
                                 "较大的编号在前。请把较小的放在前面，使相同的树写法一致。"))
def larger_first(X):
    return _tree(X, row="turned")


@mistake_of("ward_linkage", Text("The mean of a merged cluster was taken as the mean of two means. Weigh them by their sizes, or keep the rows.",
                                 "合并后簇的均值取成了两个均值的平均。请按大小加权，或保留各行。"))
def mean_of_means(X):
    X = np.asarray(X, float)
    n = len(X)
    living, tree = {i: (X[i], 1) for i in range(n)}, []
    for step in range(n - 1):
        def far(pair):
            (mean, size), (other, others) = living[pair[0]], living[pair[1]]
            return np.sqrt(2 * size * others / (size + others)) * np.linalg.norm(mean - other)

        a, b = min(itertools.combinations(sorted(living), 2), key=far)
        height = far((a, b))
        (mean, size), (other, others) = living.pop(a), living.pop(b)
        living[n + step] = (mean + other) / 2, size + others
        tree.append((a, b, height, size + others))
    return np.array(tree, float).reshape(n - 1, 4)


@alternate_of("ward_linkage")
def by_lance_williams(X):
    X = np.asarray(X, float)
    n = len(X)
    D = {frozenset(pair): float(((X[pair[0]] - X[pair[1]]) ** 2).sum()) for pair in itertools.combinations(range(n), 2)}
    size, tree = dict.fromkeys(range(n), 1), np.zeros((n - 1, 4))
    for step in range(n - 1):
        pair = min(D, key=D.get)
        (a, b), height, new = sorted(pair), D.pop(pair), n + step
        for c in size:
            if c not in pair:
                ac, bc = D.pop(frozenset((a, c))), D.pop(frozenset((b, c)))
                total = size[a] + size[b] + size[c]
                D[frozenset((new, c))] = ((size[a] + size[c]) * ac + (size[b] + size[c]) * bc - size[c] * height) / total
        size[new] = size.pop(a) + size.pop(b)
        tree[step] = a, b, height ** .5, size[new]
    return tree


@alternate_of("ward_linkage")
def by_growth_of_inertia(X):
    X = np.asarray(X, float)

    def inertia(members):
        rows = X[list(members)]
        return ((rows - rows.mean(axis=0)) ** 2).sum()

    living, tree = {i: (i,) for i in range(len(X))}, []
    while len(living) > 1:
        best = min(((inertia(A + B) - inertia(A) - inertia(B), a, b) for (a, A), (b, B) in itertools.combinations(living.items(), 2)))
        growth, a, b = best
        merged = living.pop(a) + living.pop(b)
        living[len(X) + len(tree)] = merged
        tree.append([min(a, b), max(a, b), (2 * growth) ** .5, len(merged)])
    return np.reshape(np.array(tree, float), (len(X) - 1, 4))


# --- build_seq_autoencoder -----------------------------------------------------------------------------------------------


def _pair(T, F, d, encode=None, decode=None, loss="mse", activation=None, units=None, rate=1e-2, compiled=True):
    import keras

    layers = keras.layers
    inputs = keras.Input((T, F))
    code = layers.LSTM(d)(inputs) if encode is None else encode(inputs)
    if decode is None:
        x = layers.LSTM(32, return_sequences=True)(layers.RepeatVector(T)(code))
    else:
        x = decode(code, inputs)
    autoencoder = keras.Model(inputs, layers.Dense(units or F, activation=activation)(x))
    if compiled:
        autoencoder.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return autoencoder, keras.Model(inputs, code)


@mistake_of("build_seq_autoencoder", Text("The encoder gives a vector for every step. A portrait is one vector for each person: leave out return_sequences.",
                                          "编码器对每一步都给出一个向量。画像是每个人一个向量：去掉 return_sequences。"), facts={"code_rank": 3})
def a_code_for_each_step(T, F, d):
    import keras

    return _pair(T, F, d, lambda x: keras.layers.LSTM(d, return_sequences=True)(x),
                 lambda code, _: keras.layers.LSTM(32, return_sequences=True)(code))


@mistake_of("build_seq_autoencoder", Text("The network predicts one number a step. There is no label: rebuild the sequence itself, (None, T, F).",
                                          "网络每一步预测一个数。这里没有标签：应重建序列本身，(None, T, F)。"),
            facts={"output_rank": 3, "output_units": 1, "code_rank": 2})
def one_sigmoid_a_step(T, F, d):
    return _pair(T, F, d, units=1, activation="sigmoid")


@mistake_of("build_seq_autoencoder", Text("This is a classifier: one probability for each person. A portrait has no label; rebuild the sequence, (None, T, F).",
                                          "这是分类器：每个人一个概率。画像没有标签；应重建序列，(None, T, F)。"), facts={"output_rank": 2})
def a_classifier(T, F, d):
    return _pair(T, F, d, decode=lambda code, _: code, units=1, activation="sigmoid")


@mistake_of("build_seq_autoencoder", Text("The decoder sees the input beside the code, so it rebuilds perfectly and the code need not hold anything. "
                                          "Every path must go through the code.",
                                          "解码器除了编码还看到了输入，于是可以完美重建，而编码可以什么都不含。所有路径都必须经过编码。"),
            facts={"decoder_sees_input": True, "encoder_trained": True})
def decoder_sees_the_input(T, F, d):
    import keras

    layers = keras.layers
    return _pair(T, F, d, decode=lambda code, inputs: layers.LSTM(32, return_sequences=True)(
        layers.Concatenate()([layers.RepeatVector(T)(code), inputs])))


@mistake_of("build_seq_autoencoder", Text("The encoder has layers of its own, which no training reaches. Build it from the same tensors: "
                                          "keras.Model(inputs, code).",
                                          "编码器使用了另外的层，训练不会触及它们。请用同一组张量构建：keras.Model(inputs, code)。"),
            facts={"encoder_trained": False})
def encoder_of_its_own(T, F, d):
    import keras

    inputs = keras.Input((T, F))
    return _pair(T, F, d)[0], keras.Model(inputs, keras.layers.LSTM(d)(inputs))


@mistake_of("build_seq_autoencoder", Text("The two models are the wrong way round: return (autoencoder, encoder).",
                                          "两个模型的顺序反了：应返回 (autoencoder, encoder)。"),
            facts={"error": "TypeError", "message": "the wrong way round"})
def swapped(T, F, d):
    return _pair(T, F, d)[::-1]


@mistake_of("build_seq_autoencoder", Text("The size of the code is not d. The caller decides how many numbers a portrait may have.",
                                          "编码的维数不是 d。画像有多少个数由调用者决定。"), facts={"code_rank": 2, "code_units": 16})
def code_of_fixed_size(T, F, d):
    import keras

    return _pair(T, F, d, encode=keras.layers.LSTM(16))


@mistake_of("build_seq_autoencoder", Text("The last layer is a sigmoid: between 0 and 1. The weeks are in standard units, some negative: leave it linear.",
                                          "最后一层是 sigmoid，只能在 0 与 1 之间。每周数据是标准化的，包括负值：应保持线性。"),
            facts={"activation": "sigmoid", "loss": "mse", "output_units": 2})
def squashed(T, F, d):
    return _pair(T, F, d, activation="sigmoid")


@mistake_of("build_seq_autoencoder", Text("Binary cross-entropy is for labels of 0 and 1. To rebuild numbers in standard units use the mean squared error.",
                                          "二元交叉熵用于 0/1 标签。要重建标准化的数值，请用均方误差。"), facts={"loss": "binary_crossentropy"})
def cross_entropy(T, F, d):
    return _pair(T, F, d, loss="binary_crossentropy", activation="sigmoid")


@mistake_of("build_seq_autoencoder", Text("The auto-encoder is not compiled: autoencoder.compile(optimizer=keras.optimizers.Adam(0.01), loss=\"mse\").",
                                          "自编码器没有编译：autoencoder.compile(optimizer=keras.optimizers.Adam(0.01), loss=\"mse\")。"),
            facts={"error": "TypeError", "message": "not compiled"})
def not_compiled(T, F, d):
    return _pair(T, F, d, compiled=False)


@mistake_of("build_seq_autoencoder", Text("One model is not enough: return two, (autoencoder, encoder). The portrait is read from the encoder.",
                                          "只返回一个模型不够：应返回两个 (autoencoder, encoder)。画像要从编码器读取。"),
            facts={"error": "TypeError", "message": "two keras.Models"})
def one_model(T, F, d):
    return _pair(T, F, d)[0]


@mistake_of("build_seq_autoencoder", Text("The steps are averaged before the code, each alone: the order of the weeks is lost, rising and falling look alike.",
                                          "各步单独处理后就取平均才得到编码：周的顺序丢失了，上升与下降看起来一样。"),
            facts={"encoder_layers": ["InputLayer", "Dense", "GlobalAveragePooling1D", "Dense"]})
def order_lost(T, F, d):
    import keras

    layers = keras.layers
    return _pair(T, F, d, lambda x: layers.Dense(d)(layers.GlobalAveragePooling1D()(layers.Dense(32, activation="relu")(x))))


@alternate_of("build_seq_autoencoder")
def by_gru(T, F, d):
    import keras

    layers = keras.layers
    return _pair(T, F, d, lambda x: layers.Dense(d)(layers.GRU(32)(x)),
                 lambda code, _: layers.GRU(32, return_sequences=True)(layers.RepeatVector(T)(code)))


@alternate_of("build_seq_autoencoder")
def by_dense(T, F, d):
    import keras

    layers = keras.layers
    return _pair(T, F, d, lambda x: layers.Dense(d)(layers.Flatten()(x)),
                 lambda code, _: layers.Reshape((T, 8))(layers.Dense(T * 8, activation="relu")(code)))


@alternate_of("build_seq_autoencoder")
def by_nested_models(T, F, d):
    import keras

    layers = keras.layers
    encoder = keras.Sequential([keras.Input((T, F)), layers.Conv1D(24, 3, padding="same", activation="relu"), layers.Flatten(), layers.Dense(d)])
    decoder = keras.Sequential([keras.Input((d,)), layers.RepeatVector(T), layers.LSTM(32, return_sequences=True), layers.Dense(F)])
    inputs = keras.Input((T, F))
    autoencoder = keras.Model(inputs, decoder(encoder(inputs)))
    autoencoder.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mean_squared_error")
    return autoencoder, encoder


# --- validate_profile, suppress ------------------------------------------------------------------------------------------


def _unfenced(text):
    found = re.fullmatch(r"\s*```(?:json)?\s*\n(.*)\n```\s*", text, flags=re.DOTALL)
    return found.group(1) if found else text


def _claims(text):
    said = json.loads(_unfenced(text))
    if type(said) is not dict or type(said.get("claims")) is not list:
        raise ValueError("no claims")
    return said["claims"]


def _malformed(claim, extra=False, empty=False, booleans=False):
    if type(claim) is not dict or not {"tag", "about", "evidence"} <= set(claim) or (len(claim) > 3 and not extra):
        return True
    if not all(type(claim[key]) is str and claim[key] for key in ("tag", "about")):
        return True
    evidence = claim["evidence"]
    if type(evidence) is not list or (not evidence and not empty):
        return True
    return not all(type(number) is int or (booleans and type(number) is bool) for number in evidence)


def _sorted_out(claims, purchases, forbidden, order=("malformed", "forbidden", "invented", "unsupported"), where=("tag", "about"), case=False,
                whole=False, some_invented=any, some_unsupported=any, named=str, **form):
    def says(word, part):
        word, part = (word, part) if case else (word.lower(), part.lower())
        return re.search(rf"\b{re.escape(word)}\b", part) is not None if whole else word in part

    tests = {
        "forbidden": lambda c: any(says(word, c[key]) for word in forbidden for key in where),
        "invented": lambda c: some_invented([number not in purchases for number in c["evidence"]]),
        "unsupported": lambda c: some_unsupported([named(purchases.get(number, "")) != named(c["about"]) for number in c["evidence"]]),
    }
    accepted, refused = [], []
    for i, claim in enumerate(claims):
        if "malformed" in order and _malformed(claim, **form):
            refused.append([i, "malformed"])
            continue
        reason = next((name for name in order if name in tests and tests[name](claim)), None)
        if reason is None:
            accepted.append(claim)
        else:
            refused.append([i, reason])
    return {"accepted": accepted, "refused": refused}


@mistake_of("validate_profile", Text("One good purchase was taken for enough. *Every* cited number must exist: a claim with one invented number is invented.",
                                     "只要有一个真实编号就放行了。*每一个*引用的编号都必须存在：含一个编造编号的声明就是 invented。"))
def one_real_number_is_enough(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, some_invented=all,
                       some_unsupported=lambda wrong: False if len(wrong) > sum(wrong) else any(wrong))


@mistake_of("validate_profile", Text("One fitting purchase was taken for enough. *Every* cited purchase must be of the item the claim is about.",
                                     "只要有一个购买吻合就放行了。*每一个*引用的购买都必须是声明所说的商品。"))
def one_fitting_purchase_is_enough(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, some_unsupported=all)


@mistake_of("validate_profile", Text("That the purchases exist is not enough: nobody looked whether they are of the item the claim is about.",
                                     "购买存在还不够：没有检查它们是否就是声明所说的商品。"))
def existence_is_enough(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, order=("malformed", "forbidden", "invented"))


@mistake_of("validate_profile", Text("The item's name was compared without regard to capitals. Names must agree to the letter: Fluid Milk is not FLUID MILK.",
                                     "比较商品名时忽略了大小写。名称必须逐字一致：Fluid Milk 不是 FLUID MILK。"))
def names_without_capitals(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, named=str.lower)


@mistake_of("validate_profile", Text("Forbidden words were looked for as whole words. \"pregnan\" must be found in *pregnancy*: a part of the text is enough.",
                                     "只按整词查找了禁用词。\"pregnan\" 必须能在 *pregnancy* 中找到：作为文字的一部分即可。"))
def whole_words_only(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, whole=True)


@mistake_of("validate_profile", Text("Forbidden words in capitals slipped through: compare both sides in small letters.",
                                     "大写的禁用词漏过去了：比较时两边都应转成小写。"))
def capitals_slip_through(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, case=True)


@mistake_of("validate_profile", Text("Only `tag` was searched for forbidden words. They count in `about`, too.",
                                     "只在 `tag` 中查找了禁用词，`about` 中的也算。"))
def only_the_tag(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, where=("tag",))


@mistake_of("validate_profile", Text("The forbidden words were not looked for at all.", "完全没有检查禁用词。"))
def nothing_forbidden(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, [])


@mistake_of("validate_profile", Text("Of several reasons a later one was given. Forbidden comes before invented and unsupported: what must not be "
                                     "said is not checked for truth.",
                                     "有多个原因时给出了靠后的一个。forbidden 在 invented 和 unsupported 之前：不许说的话不必再查真假。"))
def forbidden_last(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, order=("malformed", "invented", "unsupported", "forbidden"))


@mistake_of("validate_profile", Text("An invented number was called unsupported: look first whether the purchase exists.",
                                     "编造的编号被判成了 unsupported：应先检查该购买是否存在。"))
def invented_called_unsupported(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, order=("malformed", "forbidden", "unsupported", "invented"))


@mistake_of("validate_profile", Text("A claim with more keys than the three was let through. An extra key is how a forbidden inference comes along.",
                                     "放行了多出其他键的声明。禁止的推断正是借多余的键混进来：必须恰好三个键。"))
def extra_keys(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, extra=True)


@mistake_of("validate_profile", Text("A claim without evidence was let through: an empty list proves nothing, it is malformed.",
                                     "放行了没有证据的声明：空列表什么也证明不了，属于 malformed。"))
def no_evidence(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, empty=True)


@mistake_of("validate_profile", Text("`true` was taken for the number 1: in Python bool is an int. Ask `type(number) is int`.",
                                     "`true` 被当成了数字 1：Python 中 bool 也是 int。请用 `type(number) is int`。"))
def true_is_one(text, purchases, forbidden):
    return _sorted_out(_claims(text), purchases, forbidden, booleans=True)


@mistake_of("validate_profile", Text("The position was counted among the refused. It is the claim's place among *all* claims, from 0.",
                                     "位置是在被拒绝的声明中数的。应是它在*全部*声明中的位置，从 0 起。"))
def position_among_the_refused(text, purchases, forbidden):
    found = _sorted_out(_claims(text), purchases, forbidden)
    return {**found, "refused": [[i, reason] for i, (_, reason) in enumerate(found["refused"])]}


@mistake_of("validate_profile", Text("The fence was not taken off: models like to put JSON between three backticks. It is no fault of the profile.",
                                     "没有去掉围栏：模型喜欢把 JSON 放在三个反引号之间，这不是画像的错。"))
def fence_left(text, purchases, forbidden):
    said = json.loads(text)
    if type(said) is not dict or type(said.get("claims")) is not list:
        raise ValueError("no claims")
    return _sorted_out(said["claims"], purchases, forbidden)


@mistake_of("validate_profile", Text("Text that is no profile was taken for an empty one. Raise a ValueError, or a model that answers nonsense looks harmless.",
                                     "不是画像的文本被当成了空画像。应抛出 ValueError，否则胡说的模型看起来人畜无害。"))
def nonsense_is_empty(text, purchases, forbidden):
    try:
        return _sorted_out(_claims(text), purchases, forbidden)
    except ValueError:
        return {"accepted": [], "refused": []}


@mistake_of("validate_profile", Text("One malformed claim threw the whole profile away. It is refused alone; the others are judged.",
                                     "一条格式不符的声明让整个画像作废了。应只拒绝这一条，其余照常判断。"))
def one_malformed_for_all(text, purchases, forbidden):
    claims = _claims(text)
    if any(_malformed(claim) for claim in claims):
        raise ValueError("malformed")
    return _sorted_out(claims, purchases, forbidden)


@alternate_of("validate_profile")
def by_set_operations(text, purchases, forbidden):
    body = text.strip()
    if body.startswith("```"):
        body = "\n".join(body.splitlines()[1:-1])
    said = json.loads(body)
    if not (isinstance(said, dict) and isinstance(said.get("claims"), list)):
        raise ValueError("claims")
    result = {"accepted": [], "refused": []}
    for i, claim in enumerate(said["claims"]):
        try:
            tag, about, evidence = (claim.pop(key) for key in ("tag", "about", "evidence"))
            ok = not claim and isinstance(tag, str) and isinstance(about, str) and isinstance(evidence, list) and tag and about and evidence
            ok = ok and {type(number) for number in evidence} == {int}
        except (AttributeError, KeyError, TypeError):
            ok = False
        if not ok:
            result["refused"].append([i, "malformed"])
        elif any(word.casefold() in f"{tag}\0{about}".casefold() for word in forbidden):
            result["refused"].append([i, "forbidden"])
        elif not set(evidence) <= set(purchases):
            result["refused"].append([i, "invented"])
        elif {purchases[number] for number in evidence} != {about}:
            result["refused"].append([i, "unsupported"])
        else:
            result["accepted"].append({"tag": tag, "about": about, "evidence": evidence})
    return result


def _suppress(profile, consent, forbidden, sources=all, missing=False, deep=True, ordered=False):
    kept = [entry for entry in profile if entry["tag"] not in forbidden
            and (not entry["sources"] or sources(source in consent for source in entry["sources"]))]
    if ordered:
        tags = set()
        for entry in list(kept):
            if set(entry["derived_from"]) <= tags:
                tags.add(entry["tag"])
        return [entry for entry in kept if entry["tag"] in tags]
    known = {entry["tag"] for entry in profile}
    while True:
        tags = {entry["tag"] for entry in kept}
        still = [entry for entry in kept if all(tag in tags or (missing and tag not in known) for tag in entry["derived_from"])]
        if len(still) == len(kept) or not deep:
            return still
        kept = still


@mistake_of("validate_profile", Text("What was derived from a deleted tag stayed. Whoever keeps *young family* has kept the diapers.",
                                     "由已删除标签派生的标签留下了。留着「年轻家庭」，就等于留着纸尿裤。"), replaces="suppress")
def derived_tags_stay(profile, consent, forbidden):
    return [entry for entry in profile if entry["tag"] not in forbidden and set(entry["sources"]) <= set(consent)]


@mistake_of("validate_profile", Text("Only one step was followed: what was derived from a derived tag stayed. Repeat until nothing more falls.",
                                     "只追踪了一层：由派生标签再派生的标签留下了。要重复到不再变化为止。"), replaces="suppress")
def one_step_only(profile, consent, forbidden):
    return _suppress(profile, consent, forbidden, deep=False)


@mistake_of("validate_profile", Text("One pass from top to bottom: a tag that stands before what it comes from was lost. Entries may stand in any order.",
                                     "只从上到下走了一遍：排在其来源之前的标签丢失了。条目可以是任意顺序。"), replaces="suppress")
def one_pass_in_order(profile, consent, forbidden):
    return _suppress(profile, consent, forbidden, ordered=True)


@mistake_of("validate_profile", Text("One source with consent was taken for enough. *Every* source needs it.",
                                     "只要一个来源得到同意就放行了。*每一个*来源都需要同意。"), replaces="suppress")
def one_consent_is_enough(profile, consent, forbidden):
    return _suppress(profile, consent, forbidden, sources=any)


@mistake_of("validate_profile", Text("Consent was not looked at: only deleted tags were removed.",
                                     "没有检查同意：只删除了被要求删除的标签。"), replaces="suppress")
def consent_ignored(profile, consent, forbidden):
    return _suppress(profile, consent, forbidden, sources=lambda agreed: True)


@mistake_of("validate_profile", Text("The tags the customer wanted deleted are still there.", "用户要求删除的标签仍然在。"), replaces="suppress")
def nothing_deleted(profile, consent, forbidden):
    return _suppress(profile, consent, [])


@mistake_of("validate_profile", Text("A tag derived from one that is not in the profile stayed. What is not there cannot vouch for anything.",
                                     "由画像中不存在的标签派生的标签留下了。不存在的东西无法作为依据。"), replaces="suppress")
def missing_origin_ignored(profile, consent, forbidden):
    return _suppress(profile, consent, forbidden, missing=True)


@alternate_of("validate_profile", replaces="suppress")
def suppress_by_recursion(profile, consent, forbidden):
    entries = {entry["tag"]: entry for entry in profile}

    def stays(tag):
        entry = entries.get(tag)
        return (entry is not None and tag not in forbidden and all(source in consent for source in entry["sources"])
                and all(stays(origin) for origin in entry["derived_from"]))

    return [entry for entry in profile if stays(entry["tag"])]


# --- stability_ari, ari --------------------------------------------------------------------------------------------------


def _pairs(a, b):
    a, b = np.asarray(a), np.asarray(b)
    upper = np.triu_indices(len(a), 1)
    return (a[:, None] == a)[upper], (b[:, None] == b)[upper]


def _ari(a, b, same=1.0):
    in_a, in_b = _pairs(a, b)
    expected, most = in_a.sum() * in_b.sum() / len(in_a), (in_a.sum() + in_b.sum()) / 2
    return same if most == expected else float(((in_a & in_b).sum() - expected) / (most - expected))


def _stability(samples, labels, score=_ari, shared=None, pairs=None, merge=np.mean):
    samples, labels = np.asarray(samples), np.asarray(labels)
    found = []
    for i, j in pairs or list(itertools.combinations(range(len(samples)), 2)):
        if shared is not None:
            found.append(score(*shared(samples[i], labels[i], samples[j], labels[j])))
        else:
            _, here, there = np.intersect1d(samples[i], samples[j], return_indices=True)
            found.append(score(labels[i, here], labels[j, there]))
    return float(merge(found))


@mistake_of("stability_ari", Text("This is the Rand index. Two partitions made at random agree on many pairs: take off what chance gives.",
                                  "这是兰德指数。两个随机划分也会在很多行对上一致：要减去随机的期望。"), replaces="ari")
def rand_index(a, b):
    in_a, in_b = _pairs(a, b)
    return float((in_a == in_b).mean())


@mistake_of("stability_ari", Text("Labels were compared by name. Segment 3 may come back as segment 0: count pairs of rows that are together.",
                                  "按名字比较了标签。第 3 段重跑后可能叫第 0 段：应统计同簇的行对。"), replaces="ari")
def names_compared(a, b):
    return float(np.mean(np.asarray(a) == np.asarray(b)))


@mistake_of("stability_ari", Text("0/0 came out as nan. Two partitions into one cluster, or into single rows, are the same partition: 1.",
                                  "0/0 得到了 nan。两者都是一个簇或都是单行簇，就是同一个划分：返回 1。"), replaces="ari")
def nan_for_trivial(a, b):
    return _ari(a, b, same=float("nan"))


@mistake_of("stability_ari", Text("Two trivial partitions that are the same got 0. They agree: 1.",
                                  "两个相同的平凡划分得了 0。它们是一致的：返回 1。"), replaces="ari")
def zero_for_trivial(a, b):
    return _ari(a, b, same=0.0)


@mistake_of("stability_ari", Text("The denominator takes the larger of the two numbers of pairs. Hubert and Arabie take their mean.",
                                  "分母取了两个同簇对数中较大的。Hubert 与 Arabie 取它们的均值。"), replaces="ari")
def larger_of_the_two(a, b):
    in_a, in_b = _pairs(a, b)
    expected, most = in_a.sum() * in_b.sum() / len(in_a), max(in_a.sum(), in_b.sum())
    return 1.0 if most == expected else float(((in_a & in_b).sum() - expected) / (most - expected))


@mistake_of("stability_ari", Text("Each row was paired with itself, too. There are n(n − 1)/2 pairs of different rows.",
                                  "每一行还与自己配了对。不同行的对数是 n(n − 1)/2。"), replaces="ari")
def pairs_with_oneself(a, b):
    a, b = np.asarray(a), np.asarray(b)
    in_a, in_b = a[:, None] == a, b[:, None] == b
    expected, most = in_a.sum() * in_b.sum() / in_a.size, (in_a.sum() + in_b.sum()) / 2
    return 1.0 if most == expected else float(((in_a & in_b).sum() - expected) / (most - expected))


@mistake_of("stability_ari", Text("Labels were compared by their position in the samples. Position 3 is another household in each sample: compare by row id.",
                                  "按样本中的位置比较了标签。不同样本的第 3 个位置是不同的用户：应按行号比较。"))
def by_position(samples, labels):
    return _stability(samples, labels, shared=lambda s, a, t, b: (a, b))


@mistake_of("stability_ari", Text("A row drawn twice counted twice: such twins are always together and make every clustering look stable.",
                                  "抽到两次的行算了两次：这样的孪生行总在一起，会让任何聚类都显得稳定。"))
def twins_count_twice(samples, labels):
    def shared(s, a, t, b):
        place = {row: label for row, label in zip(t.tolist(), b.tolist(), strict=True)}
        both = [(label, place[row]) for row, label in zip(s.tolist(), a.tolist(), strict=True) if row in place]
        return [x for x, _ in both], [y for _, y in both]

    return _stability(samples, labels, shared=shared)


@mistake_of("stability_ari", Text("Only neighbouring samples were compared. Every pair of samples counts.", "只比较了相邻的样本。每一对样本都要计入。"))
def neighbours_only(samples, labels):
    return _stability(samples, labels, pairs=[(i, i + 1) for i in range(len(samples) - 1)])


@mistake_of("stability_ari", Text("All samples were compared with the first. Every pair of samples counts.", "所有样本都只与第一个比较。每一对样本都要计入。"))
def against_the_first(samples, labels):
    return _stability(samples, labels, pairs=[(0, i) for i in range(1, len(samples))])


@mistake_of("stability_ari", Text("This is the best pair. Stability is the mean over all pairs of samples.", "这是最好的一对。稳定性是所有样本对的均值。"))
def best_pair(samples, labels):
    return _stability(samples, labels, merge=np.max)


@mistake_of("stability_ari", Text("A sample was paired with itself, which always agrees. Only different samples count.",
                                  "样本与自己配了对，自然总是一致。只比较不同的样本。"))
def samples_with_themselves(samples, labels):
    return _stability(samples, labels, pairs=list(itertools.product(range(len(samples)), repeat=2)))


@alternate_of("stability_ari", replaces="ari")
def ari_by_table(a, b):
    table = pd.crosstab(np.asarray(a), np.asarray(b)).to_numpy()

    def two(n):
        return (n * (n - 1) / 2).sum()

    together, in_a, in_b = two(table), two(table.sum(axis=1)), two(table.sum(axis=0))
    expected = in_a * in_b / two(table.sum())
    below = (in_a + in_b) / 2 - expected
    return 1.0 if below == 0 else (together - expected) / below


@alternate_of("stability_ari")
def stability_by_dicts(samples, labels):
    seen = [dict(zip(map(int, sample), label, strict=True)) for sample, label in zip(samples, labels, strict=True)]
    scores = [_ari([one[row] for row in one if row in other], [other[row] for row in one if row in other])
              for one, other in itertools.combinations(seen, 2)]
    return sum(scores) / len(scores)


# --- silhouette ----------------------------------------------------------------------------------------------------------


def _silhouette(X, labels, own="others", other=min, alone=0.0, squared=False, single=False, merge=np.mean, below=max):
    X, labels = np.asarray(X, float), np.asarray(labels)
    names = np.unique(labels)
    if len(names) < 2:
        if single:
            return 0.0
        raise ValueError("one cluster")
    distance = ((X[:, None] - X) ** 2).sum(axis=2)
    distance = distance if squared else np.sqrt(distance)
    values = np.zeros(len(X))
    for i, label in enumerate(labels):
        mine = labels == label
        if mine.sum() == 1:
            values[i] = alone
            continue
        a = distance[i, mine].sum() / (mine.sum() - (own == "others"))
        b = distance[i, ~mine].mean() if other == "rest" else other(distance[i, labels == name].mean() for name in names if name != label)
        values[i] = (b - a) / below(a, b)
    return float(merge(values)) if merge is np.mean else float(merge(values, labels))


@mistake_of("silhouette", Text("The row itself was counted in a, with distance 0. a is the mean over the *other* rows: divide by size − 1.",
                               "a 中算进了该行自己（距离为 0）。a 是到*其他*行的均值：除以大小 − 1。"))
def itself_included(X, labels):
    return _silhouette(X, labels, own="all")


@mistake_of("silhouette", Text("b is the mean over all rows outside. It is the mean to the *nearest* other cluster.",
                               "b 取了簇外所有行的均值。应是到*最近*的其他簇的均值。"))
def all_others(X, labels):
    return _silhouette(X, labels, other="rest")


@mistake_of("silhouette", Text("b is the mean to the farthest cluster. Take the nearest: min, not max.", "b 取了最远的簇。应取最近的：min 而不是 max。"))
def farthest_cluster(X, labels):
    return _silhouette(X, labels, other=max)


@mistake_of("silhouette", Text("A row alone in its cluster counted 1. With no other row there is no a: by convention it counts 0.",
                               "独自成簇的行计了 1。没有其他行就没有 a：按约定计 0。"))
def alone_is_perfect(X, labels):
    return _silhouette(X, labels, alone=1.0)


@mistake_of("silhouette", Text("A row alone in its cluster made the mean nan: 0/0. By convention it counts 0.",
                               "独自成簇的行使均值变成了 nan（0/0）。按约定计 0。"))
def alone_is_nan(X, labels):
    return _silhouette(X, labels, alone=float("nan"))


@mistake_of("silhouette", Text("The distances are squared. The silhouette compares distances themselves.", "距离取了平方。轮廓系数比较的是距离本身。"))
def squared_distances(X, labels):
    return _silhouette(X, labels, squared=True)


@mistake_of("silhouette", Text("The mean was taken in each cluster and then over the clusters. Every row counts alike.",
                               "先在每个簇内取均值再对簇取均值。每一行的权重应相同。"))
def mean_of_clusters(X, labels):
    return _silhouette(X, labels, merge=lambda values, labels: np.mean([values[labels == name].mean() for name in np.unique(labels)]))


@mistake_of("silhouette", Text("With a single cluster there is nothing to compare with: raise ValueError.", "只有一个簇时无从比较：应抛出 ValueError。"))
def one_cluster_is_zero(X, labels):
    return _silhouette(X, labels, single=True)


@mistake_of("silhouette", Text("The difference was divided by b alone. Divide by the larger of a and b, or a badly placed row falls below −1.",
                               "差值只除以了 b。应除以 a 与 b 中较大者，否则放错的行会低于 −1。"))
def divided_by_b(X, labels):
    return _silhouette(X, labels, below=lambda a, b: b)


@alternate_of("silhouette")
def silhouette_by_means(X, labels):
    X = np.asarray(X, float)
    names, code = np.unique(np.asarray(labels), return_inverse=True)
    if len(names) == 1:
        raise ValueError("one cluster only")
    member = np.eye(len(names))[code]
    total = np.linalg.norm(X[:, None] - X, axis=2) @ member
    size = member.sum(axis=0)
    rows = np.arange(len(X))
    a = total[rows, code] / np.maximum(size[code] - 1, 1)
    other = total / size
    other[rows, code] = np.inf
    b = other.min(axis=1)
    return np.where(size[code] == 1, 0, (b - a) / np.maximum(a, b)).mean()


@alternate_of("silhouette")
def silhouette_by_loops(X, labels):
    X, labels = [tuple(map(float, row)) for row in X], list(labels)
    clusters = {name: [row for row, label in zip(X, labels, strict=True) if label == name] for name in labels}
    if len(clusters) < 2:
        raise ValueError("needs two")

    def mean(row, rows):
        return sum(sum((p - q) ** 2 for p, q in zip(row, other, strict=True)) ** .5 for other in rows) / len(rows)

    total = 0.0
    for row, label in zip(X, labels, strict=True):
        own = clusters[label]
        if len(own) > 1:
            a = mean(row, own) * len(own) / (len(own) - 1)
            b = min(mean(row, rows) for name, rows in clusters.items() if name != label)
            total += (b - a) / max(a, b)
    return total / len(X)
