"""The exercises of lesson 02: RFM, k-means, Ward, a sequence auto-encoder, the guard around a written portrait; stability and silhouette.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Distances that are compared in order to choose are continuous, so that no two are equal; where a tie is the rule that is shown, the
coordinates are small integers, whose sums are exact in any order.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.checks.training import fit_and_encode, portrays
from helpers.language import Text
from helpers.rhythms import planted_rhythms


@exercise(level="core", minutes=14, points=20, short=True, uses=("numpy", "pandas"), judge=close(rtol=1e-9, rows="any order"), cases=24, hints=(
    Text("Cut first: keep the events before the cut-off, and never look at the others again.", "先截断：只保留截止时刻之前的事件，之后不再看其余事件。"),
    Text("`time.dt.normalize()` is the calendar day. Count *distinct* days with a purchase; a refund is no purchase.",
         "`time.dt.normalize()` 得到日期。统计有购买的*不同*日期数；退款不是购买。"),
    Text("Recency is `(cutoff - last day).dt.days`; the money is the sum over all events before the cut-off, refunds included.",
         "最近一次购买距今 `(cutoff - 最后日期).dt.days` 天；金额是截止前所有事件之和，包括退款。"),
))
def rfm(rng):
    monday = pd.Timestamp("2017-05-01")

    def log(*lines):
        return pd.DataFrame({"household": [h for h, *_ in lines], "time": pd.to_datetime([t for _, t, _ in lines]).astype("datetime64[ns]"),
                             "amount": [float(a) for *_, a in lines]})

    yield case(log((1, "2017-04-28 10:00", 20), (1, "2017-04-28 18:30", 5), (1, "2017-04-20 09:00", 10), (2, "2017-04-01 12:00", 7.5)), monday)
    yield case(log((7, "2017-04-30 23:59", 3), (3, "2017-04-29 00:00", 4), (3, "2017-04-12 08:00", 2)), monday)
    yield case(log((1, "2017-04-30 08:00", 9), (1, "2017-05-01 00:00", 50), (1, "2017-05-03 10:00", 30), (2, "2017-05-02 10:00", 8)), monday).shows(
        Text("an event at the cut-off or after it is not seen", "截止时刻及之后的事件不可见"))
    yield case(log((1, "2017-04-20 08:00", 30), (1, "2017-04-25 08:00", -12), (2, "2017-04-22 09:00", 5), (2, "2017-04-22 17:00", -5)), monday).shows(
        Text("a refund lowers the money, and is neither an order nor a visit", "退款会减少金额，但不算订单，也不算到访"))
    yield case(log((1, "2017-04-20 08:00", 30), (2, "2017-04-25 08:00", -12)), monday).shows(
        Text("a household without a purchase before the cut-off has no row", "截止前没有购买的用户没有对应的行"))
    yield case(log((1, "2017-04-20 08:00", 30), (1, "2017-04-28 08:00", 0), (2, "2017-04-25 08:00", 0)), monday).shows(
        Text("an event of 0 dollars is neither a purchase nor a refund", "金额为 0 的事件既不是购买也不是退款"))
    yield case(log((1, "2017-04-27 09:00", 6), (1, "2017-04-27 09:00", 6), (1, "2017-04-27 21:00", 6)), monday).shows(
        Text("several receipts of a day are one order", "同一天的多张小票算一个订单"))
    while True:
        n = int(rng.integers(14, 34))
        minutes = rng.integers(-40, 8, n) * 1440 + rng.integers(0, 1440, n) * rng.integers(0, 2, n)     # midnight as often as odd minutes
        amount = np.round(rng.uniform(.5, 40, n), 2) * np.where(rng.random(n) < .2, -.5, 1)
        yield case(pd.DataFrame({"household": rng.choice([2, 3, 5, 7, 11, 13], n),
                                 "time": (monday + pd.to_timedelta(minutes, unit="m")).astype("datetime64[ns]"), "amount": amount}),
                   monday + pd.Timedelta(days=int(rng.integers(-3, 4))))


@exercise(level="core", minutes=16, points=20, short=True, uses=("numpy",), judge=close(rtol=1e-6), cases=30, hints=(
    Text("`((X[:, None] - centres) ** 2).sum(axis=2)` holds all squared distances, (n, k). Which axis do you take the smallest of?",
         "`((X[:, None] - centres) ** 2).sum(axis=2)` 是全部平方距离，形状 (n, k)。应沿哪个轴取最小？"),
    Text("One round: assign, then move each centre to the mean of its rows. After the last round assign once more.",
         "一轮：先分配，再把每个中心移到其成员的均值。最后一轮之后再分配一次。"),
    Text("A centre without rows stays where it is. The history has iters + 1 numbers: one for each assignment.",
         "没有成员的中心保持不动。历史共有 iters + 1 个数：每次分配一个。"),
))
def kmeans(rng):
    yield case([[0., 0.], [0., 2.], [6., 0.], [6., 4.]], [[0., 0.], [6., 0.]], 1)
    yield case([[1.], [2.], [10.]], [[1.], [2.]], 2)
    yield case([[0., 1.], [4., 1.], [5., 9.]], [[0., 0.], [5., 5.]], 0).shows(
        Text("no rounds: the first centres and what belongs to them", "零轮：返回初始中心及其成员"))
    yield case([[0.], [1.], [2.]], [[0.], [2.]], 0).shows(Text("a row between two centres goes to the lower id", "与两个中心等距的行归编号较小的中心"))
    yield case([[0., 0.], [1., 0.], [9., 9.]], [[0., 0.], [50., 50.], [9., 9.]], 2).shows(
        Text("a centre without rows stays where it is", "没有成员的中心保持不动"))
    yield case([[1e8], [1e8 + 1], [1e8 + 4]], [[1e8], [1e8 + 2]], 0).shows(
        Text("far from the origin, too: the differences are taken before the squares", "远离原点时也正确：先求差再平方"))
    yield case([[1.], [3.], [8.]], [[4.]], 3).shows(Text("one centre: the mean", "只有一个中心：均值"))
    while True:
        k, d = int(rng.integers(2, 5)), int(rng.integers(1, 4))
        n = int(rng.integers(8, 30))
        X = rng.normal(size=(k, d))[rng.integers(0, k, n)] * 3 + rng.normal(size=(n, d))
        init = X[rng.choice(n, k, replace=False)] + rng.normal(size=(k, d)) * .1
        if rng.random() < .3:
            init[-1] += 100                                     # nobody's centre, from the first round on
        yield case(X, init, int(rng.integers(1, 6)))


@exercise(level="core", minutes=18, points=15, uses=("numpy",), judge=close(rtol=1e-6), cases=24, hints=(
    Text("Keep a dict id -> rows of the cluster. In each step try all pairs and take the one with the smallest height.",
         "用字典保存「簇编号 -> 其中的行」。每一步尝试所有簇对，取高度最小的一对。"),
    Text("The height of a pair: √(2·|A|·|B| / (|A| + |B|)) times the distance of their means.",
         "一对簇的高度：√(2·|A|·|B| / (|A| + |B|)) 乘以两个均值的距离。"),
    Text("The cluster made in step i (from 0) gets the id n + i. Remove both parts from the dict.",
         "第 i 步（从 0 起）生成的簇编号为 n + i。把两个旧簇从字典中删除。"),
))
def ward_linkage(rng):
    yield case([[0.], [1.], [5.]])
    yield case([[0., 0.], [3., 4.]])
    yield case([[0., 0.], [1., 0.], [10., 0.], [10., 2.], [30., 1.]])
    yield case([[2., 3.]]).shows(Text("one row: nothing to merge, shape (0, 4)", "只有一行：无可合并，形状 (0, 4)"))
    yield case([[0.], [1.], [2.5], [4.6]]).shows(Text("a new cluster's id is n plus the number of its step", "新簇的编号是 n 加步数"))
    while True:
        n, d = int(rng.integers(4, 13)), int(rng.integers(1, 4))
        yield case(rng.normal(size=(n, d)) * rng.uniform(.5, 3, d) + (rng.integers(0, 3, n) * rng.uniform(0, 4))[:, None])


PURITY, EXPLAINED = .75, .45
"""What `build_seq_autoencoder` must reach: share of five nearest neighbours of the same rhythm, share of the variance that is rebuilt.

Measured with four data seeds. Right models (LSTM, GRU, dense, convolution): purity .965 to .987, variance rebuilt .758 to .822. Purity of codes
that no training reached, or that the decoder could do without: .43 to .53; of codes that lost the order: .25 to .28. Variance rebuilt through
a last layer that cannot be negative: .14 to .21. Each bound is about half the way from the wrong ones to the worst right one.
"""


@exercise(level="core", minutes=18, points=25, short=True, uses=("keras", "tensorflow"), cases=2, call=fit_and_encode(epochs=12, batch_size=32),
          judge=portrays(PURITY, EXPLAINED), hints=(
              Text("Which part must end with shape (None, d), which with (None, T, F)? Print both `output_shape`s.",
                   "哪一部分应以 (None, d) 结束，哪一部分应以 (None, T, F) 结束？打印两个 `output_shape`。"),
              Text("An LSTM without return_sequences gives its last state: one vector. RepeatVector(T) hands it to each step of the decoder.",
                   "不带 return_sequences 的 LSTM 给出最后状态：一个向量。RepeatVector(T) 把它交给解码器的每一步。"),
              Text("`encoder = keras.Model(inputs, code)` shares its layers with `autoencoder = keras.Model(inputs, rebuilt)`: training one trains both.",
                   "`encoder = keras.Model(inputs, code)` 与 `autoencoder = keras.Model(inputs, rebuilt)` 共享层：训练后者也就训练了前者。"),
              Text("Shapes right, numbers below the bounds? Twelve epochs are few: `compile(optimizer=keras.optimizers.Adam(0.01), loss=\"mse\")`.",
                   "形状正确而数值不达标？十二轮很少：请用 `compile(optimizer=keras.optimizers.Adam(0.01), loss=\"mse\")`。"),
          ))
def build_seq_autoencoder(rng):
    X, _ = planted_rhythms(rng, 600, 12)
    X_new, kind = planted_rhythms(rng, 300, 12)
    yield case(12, 2, 6).trains_on(X).predicts(X_new, truth=kind)
    other, _ = planted_rhythms(rng, 4, 20)
    yield case(20, 2, 3).predicts(other).shows(Text("another length and another size of the code work as well", "换一个序列长度和编码维数也能工作"))


@exercise(level="core", minutes=18, points=20, uses=("json",), functions=("validate_profile", "suppress"), judge=close(), cases=60, hints=(
    Text("`json.loads` raises a ValueError of its own when the text is no JSON. Check the outer shape next, then claim by claim.",
         "文本不是 JSON 时，`json.loads` 本身就会抛出 ValueError。然后检查外层结构，再逐条检查声明。"),
    Text("In Python True is an int: `type(i) is int` keeps it out of the evidence.", "在 Python 中 True 也是 int：用 `type(i) is int` 可以排除它。"),
    Text("`suppress`: repeat until nothing more falls: a tag goes when one of the tags it was derived from is gone.",
         "`suppress`：反复进行直到没有变化：只要来源标签之一已被删除，该标签也要删除。"),
))
def validate_profile(rng):
    bought = {3: "BABY DIAPERS", 5: "FLUID MILK", 8: "BABY DIAPERS", 9: "RED WINE"}

    def said(*claims):
        return json.dumps({"claims": [dict(zip(("tag", "about", "evidence"), claim, strict=True)) for claim in claims]})

    yield case(said(("buys diapers", "BABY DIAPERS", [3, 8]), ("buys milk", "FLUID MILK", [7])), bought, ["pregnant"])
    yield case(said(("may be pregnant", "BABY DIAPERS", [3]), ("likes wine", "RED WINE", [5, 9]), ("likes wine", "RED WINE", [9])), bought,
               ["pregnant", "income"])
    yield case('{"claims": []}', bought, ["pregnant"])
    yield case("The household buys diapers.", bought, []).raises(ValueError).shows(Text("text that is no JSON is refused", "不是 JSON 的文本会被拒绝"))
    yield case('[{"tag": "a"}]', bought, []).raises(ValueError).shows(
        Text('JSON that is no object with a list "claims" is refused', '不是带有列表 "claims" 的 JSON 对象会被拒绝'))
    yield case('{"claims": {"tag": "a"}}', bought, []).raises(ValueError).shows(
        Text('JSON that is no object with a list "claims" is refused', '不是带有列表 "claims" 的 JSON 对象会被拒绝'))
    yield case("```json\n" + said(("buys milk", "FLUID MILK", [5])) + "\n```\n", bought, []).shows(
        Text("a fence of three backticks around the JSON is taken off", "JSON 外的三个反引号围栏会被去掉"))
    yield case("\n```\n" + said(("buys milk", "FLUID MILK", [5])) + "\n```", bought, []).shows(
        Text("a fence of three backticks around the JSON is taken off", "JSON 外的三个反引号围栏会被去掉"))
    yield case(json.dumps({"claims": [{"tag": "x", "about": "FLUID MILK", "evidence": []}, {"tag": "x", "about": "FLUID MILK"},
                                      {"tag": "", "about": "FLUID MILK", "evidence": [5]}, "buys milk",
                                      {"tag": "x", "about": "FLUID MILK", "evidence": [5], "income": "low"},
                                      {"tag": "x", "about": "FLUID MILK", "evidence": ["5"]},
                                      {"tag": "x", "about": "FLUID MILK", "evidence": [5, "5"]},
                                      {"tag": "x", "about": 5, "evidence": [5]}, {"tag": "x", "about": "FLUID MILK", "evidence": 5}]}),
               bought, []).shows(Text("a claim of another shape is malformed", "结构不符的声明是 malformed"))
    yield case(json.dumps({"claims": [{"tag": "x", "about": "MILK", "evidence": [True]}]}), {1: "MILK"}, []).shows(
        Text("true is no number of a purchase", "true 不是购买编号"))
    yield case(said(("May be PREGNANT", "BABY DIAPERS", [3]), ("buys milk", "Fluid Milk", [5])), bought, ["Pregnant"]).shows(
        Text("forbidden words are found in capitals, too; the item's name must agree to the letter", "禁用词不区分大小写；商品名必须逐字一致"))
    yield case(said(("pregnancy likely", "BABY DIAPERS", [3]), ("buys wine", "RED WINE", [9])), bought, ["pregnan"]).shows(
        Text("a forbidden word counts inside a longer one, too", "禁用词出现在更长的词中也算"))
    yield case(said(("buys it", "RED WINE", [9])), bought, ["wine"]).shows(Text("a forbidden word in `about` counts as well", "`about` 中的禁用词同样算数"))
    yield case(json.dumps({"claims": [{"tag": "pregnant", "about": "BABY DIAPERS", "evidence": [99]},
                                      {"tag": "milk", "about": "BABY DIAPERS", "evidence": [5, 99]},
                                      {"tag": "pregnant", "about": "BABY DIAPERS", "evidence": []}]}), bought, ["pregnant"]).shows(
        Text("of several reasons the first in the list is given", "有多个原因时给出列表中的第一个"))
    entry = _entry
    yield case([entry("young family", ["baskets"], ["buys diapers"]), entry("buys diapers", ["baskets"]), entry("owns a home", ["survey"])],
               ["baskets"], []).to("suppress")
    yield case([entry("a", ["baskets"]), entry("b", ["baskets"], ["a"]), entry("c", ["baskets"])], ["baskets"], ["a"]).to("suppress")
    yield case([entry("c", ["baskets"], ["b"]), entry("b", ["baskets"], ["a"]), entry("a", ["survey"]), entry("d", ["baskets"])],
               ["baskets"], []).to("suppress").shows(
        Text("what was derived from a derived tag goes, too, in whatever order they stand", "由派生标签再派生的标签也要删除，与排列顺序无关"))
    yield case([entry("a", ["baskets", "survey"]), entry("b", ["baskets"])], ["baskets"], []).to("suppress").shows(
        Text("every source needs consent", "每个来源都需要同意"))
    yield case([entry("b", ["baskets"], ["a"]), entry("d", ["baskets"])], ["baskets"], []).to("suppress").shows(
        Text("a tag derived from one that is not there goes", "由不存在的标签派生的标签要删除"))
    yield case([entry("a", []), entry("b", [], ["a"])], [], []).to("suppress").shows(
        Text("a tag without a source needs no consent", "没有来源的标签不需要同意"))
    items = ["MILK", "TEA", "BEER", "BABY FOOD"]
    words = ["buys milk", "drinks tea", "is ill", "likes beer", "young family", "Low Income", "chronically ill", "of many faiths"]
    while True:
        ids = [int(i) for i in rng.choice(40, 6, replace=False)]
        log = {i: str(rng.choice(items)) for i in ids}
        claims = []
        for _ in range(int(rng.integers(1, 6))):
            about = str(rng.choice(items))
            own = [i for i in ids if log[i] == about]
            evidence = own[:int(rng.integers(1, 4))] if rng.random() < .6 else [int(i) for i in rng.choice(ids, 2)]
            if rng.random() < .25:
                evidence = [*evidence, 41 + int(rng.integers(0, 9))]
            if evidence and rng.random() < .1:
                evidence = [*evidence, True]
            claims.append((str(rng.choice(words)), about, evidence))
        yield case(said(*claims), log, [str(w) for w in rng.choice(["ILL", "income", "beer", "Faith"], 2, replace=False)])
        names = [f"t{i}" for i in range(int(rng.integers(4, 9)))]
        profile = [entry(name, [str(s) for s in rng.choice(["baskets", "coupons", "survey"], int(rng.integers(1, 3)), replace=False)],
                         [str(p) for p in rng.choice(names[:i], min(i, int(rng.integers(0, 3))), replace=False)] if i else [])
                   for i, name in enumerate(names)]
        lost = [str(n) for n in rng.choice(names, int(rng.integers(0, 2)), replace=False)]
        if rng.random() < .5:                                   # what comes from what comes from a deleted tag, all of it agreed to
            profile[1], profile[2] = entry("t1", ["baskets"], ["t0"]), entry("t2", ["baskets"], ["t1"])
            lost = ["t0"]
        profile = [profile[i] for i in rng.permutation(len(profile))]
        yield case(profile, [["baskets", "coupons"], ["baskets", "coupons", "survey"]][int(rng.integers(0, 2))], lost).to("suppress")


def _entry(tag: str, sources: list[str], derived_from: list[str] | None = None) -> dict:
    return {"tag": tag, "sources": sources, "derived_from": derived_from or []}


@exercise(level="more", minutes=16, uses=("numpy",), functions=("stability_ari", "ari"), judge=close(rtol=1e-9), cases=50, hints=(
    Text("Count pairs of rows, not rows: n(n − 1)/2 of them. How many are together in both, in a, in b?",
         "数的是行对，而不是行：共 n(n − 1)/2 对。有多少对在两者中都同簇？在 a 中？在 b 中？"),
    Text("ARI = (together in both − expected) / (mean of the two − expected), expected = pairs in a · pairs in b / all pairs.",
         "ARI = （两者都同簇 − 期望）/（两者的均值 − 期望），期望 = a 的同簇对数 · b 的同簇对数 / 全部对数。"),
    Text("Two samples: the ids both of them hold, each id once, `np.intersect1d(s, t, return_indices=True)`.",
         "两个样本：取共同的行号，每个只算一次，`np.intersect1d(s, t, return_indices=True)`。"),
))
def stability_ari(rng):
    yield case([[0, 1, 2, 3], [0, 1, 2, 3]], [[0, 0, 1, 1], [1, 1, 0, 0]])
    yield case([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]], [[0, 0, 1, 1, 1], [0, 1, 1, 1, 0]])
    yield case([0, 0, 1, 1], [0, 1, 0, 1]).to("ari")
    yield case([0, 0, 1, 2], [5, 5, 7, 7]).to("ari")
    yield case([0, 0, 0], [3, 3, 3]).to("ari").shows(
        Text("two partitions into one cluster, or into single rows, agree: 1", "两者都是一个簇或都是单行簇：视为一致，返回 1"))
    yield case([0, 1, 2], [2, 0, 1]).to("ari").shows(
        Text("two partitions into one cluster, or into single rows, agree: 1", "两者都是一个簇或都是单行簇：视为一致，返回 1"))
    yield case([[5, 5, 2, 9, 9, 1], [9, 2, 2, 5, 7, 1]], [[0, 0, 1, 1, 1, 1], [0, 1, 1, 0, 0, 1]]).shows(
        Text("a row drawn twice counts once", "被抽到两次的行只算一次"))
    yield case([[1, 2, 3, 4], [3, 4, 5, 6], [1, 2, 5, 6]], [[0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 0]]).shows(
        Text("only rows in both samples are compared, and every pair of samples counts", "只比较两个样本都有的行，且每一对样本都计入"))
    while True:
        n, B, k = int(rng.integers(8, 20)), int(rng.integers(2, 5)), int(rng.integers(2, 5))
        truth = rng.integers(0, k, n)
        samples = rng.integers(0, n, (B, n))
        samples[:, :2] = 0, n - 1                               # any two samples share at least two rows
        flip = [np.where(rng.random(n) < .25, rng.integers(0, k, n), truth) for _ in range(B)]
        yield case(samples, np.stack([rng.permutation(k)[each[rows]] for each, rows in zip(flip, samples, strict=True)]))
        yield case(truth, flip[0]).to("ari")


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=1e-9), cases=30, hints=(
    Text("a: mean distance to the *other* rows of the own cluster. b: the smallest of the mean distances to another cluster.",
         "a：到本簇*其他*行的平均距离。b：到其他各簇平均距离中最小的一个。"),
    Text("(b − a) / max(a, b), and 0 for a row that is alone in its cluster.", "(b − a) / max(a, b)；独自成簇的行为 0。"),
))
def silhouette(rng):
    yield case([[0.], [1.], [5.], [7.]], [0, 0, 1, 1])
    yield case([[0., 0.], [3., 4.], [10., 0.], [10., 1.], [4., 4.]], ["b", "b", "a", "a", "c"])
    yield case([[0.], [1.], [9.]], [0, 0, 1]).shows(Text("a row alone in its cluster counts 0", "独自成簇的行计 0"))
    yield case([[0.], [1.], [5.], [9.]], [0, 0, 1, 2]).shows(Text("the nearest other cluster counts, not all others", "只看最近的其他簇，而不是所有其他行"))
    yield case([[0.], [1.], [2.]], [4, 4, 4]).raises(ValueError).shows(Text("a single cluster is refused", "只有一个簇时报错"))
    while True:
        n, d = int(rng.integers(6, 16)), int(rng.integers(1, 4))
        labels = np.concatenate([[0, 1, 2], rng.integers(0, 3, n - 3)])
        yield case(rng.normal(size=(n, d)) + labels[:, None] * rng.uniform(0, 2), labels)
