"""The exercises of lesson 01: collaborative filtering, content, windows, a CNN, lift; calibration and thresholds.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Numbers that are compared or sorted are small integers or eighths wherever ties matter: their sums are exact in any order, so a tie is
a tie for every correct answer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.checks.training import ANY_LENGTH, LOSS_ADVICE, auc_at_least, fit_and_predict
from helpers.language import Text
from helpers.windows import ordered_motif

MOTIF_BOUND = 0.75
"""Smallest AUC that `build_purchase_cnn` must reach, chosen as baseline + half the way to the worst right answer.

Measured with twenty data seeds and both lengths. Right models (maximum, mean and attention pooling, Flatten): lowest AUC .957.
Models that cannot see the order (last step only; average before any convolution): .43 to .56, around the baseline .5.
So .5 + (.957 − .5) / 2 = .73, rounded up; no seed of either kind comes within .15 of it.
"""

MODEL_ADVICE = (
    LOSS_ADVICE,
    ("metrics", "PR", Text(
        "It ranks well, but it watches no PR-AUC: with few buyers, accuracy and ROC-AUC look fine for models that find none of them.",
        "排序不错，但没有监控 PR-AUC：买家很少时，即使模型一个买家也找不到，准确率和 ROC-AUC 看起来也不错。")),
)
"""Shown when the predictions are good enough; it costs no points."""


@exercise(level="core", minutes=18, points=25, short=True, uses=("numpy",), functions=("item_cosine", "recommend"), judge=close(rtol=1e-6),
          cases=60, hints=(
              Text("`X.T @ X` holds all dot products of columns. What does its diagonal hold?",
                   "`X.T @ X` 包含所有列两两之间的点积。它的对角线是什么？"),
              Text("Set the diagonal to 0 before you choose the top k, or every item spends one of its k places on itself.",
                   "先把对角线置 0，再取前 k 个；否则每个商品都会把一个名额浪费在自己身上。"),
              Text("`np.argsort(-row, kind=\"stable\")` puts equal values in order of id. For `recommend`, give seen items −inf first.",
                   "`np.argsort(-row, kind=\"stable\")` 会让相等的值按编号排列。在 `recommend` 中先把看过的商品设为 −inf。"),
          ))
def item_cosine(rng):
    yield case([[1, 1, 0], [1, 0, 2]])
    yield case([[3, 0, 4], [0, 5, 0], [4, 5, 3]], shrink=2.0, topk=1)
    yield case([[1, 0, 1], [1, 0, 0]], shrink=0.0).shows(Text("an item nobody bought gets zeros", "没有人买过的商品相似度全为 0"))
    yield case([[1, 1, 1, 1], [1, 1, 1, 1]], topk=2).shows(Text("equal similarities: the lower id stays", "相似度相等时保留编号较小的"))
    yield case([[1, 1, 0], [0, 1, 1]], topk=5).shows(Text("topk above the number of items keeps all", "topk 超过商品数时全部保留"))
    yield case([[1, 0, 0, 0]], [[0, .5, .25, .75], [0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]],
               [[True, False, False, False]], 2).to("recommend")
    yield case([[1, 1, 0]], [[0, 0, .5], [0, 0, .5], [.5, .5, 0]], [[True, True, False]], 3).to("recommend").shows(
        Text("too few items remain: pad with −1", "剩余商品不足时用 −1 补齐"))
    yield case([[2, 0, 0, 0]], [[0, .5, .5, .5], [.5, 0, 0, 0], [.5, 0, 0, 0], [.5, 0, 0, 0]],
               [[True, False, False, False]], 3).to("recommend").shows(
        Text("equal scores: the lower id comes first", "分数相等时编号小的在前"))
    yield case([[0, 0, 0]], [[0, 1, 0], [1, 0, 0], [0, 0, 0]], [[True, False, False]], 2).to("recommend").shows(
        Text("an unseen item with score 0 may be recommended", "分数为 0 的未购商品也可以被推荐"))
    yield case([[1, 0, 2]], [[0, 1, 0], [1, 0, 0], [0, 2, 0]], [[True, False, False]], 5).to("recommend").shows(
        Text("k above the number of items: pad with −1", "k 超过商品数时用 −1 补齐"))
    # A sort that is not stable may keep the order of few equal values by luck; of many it does not.
    item = np.arange(40)
    yield case(np.stack([item % 3 > 0, item % 3 == 0]).astype(int), topk=9).shows(
        Text('equal similarities among many items, too: a sort with kind="stable"', '商品很多时相似度相等也保留编号较小的：排序用 kind="stable"'))
    yield case([[1.] * 40], np.where((item[:, None] == 0) & (item % 4 > 0), .5, 0.), [item % 5 == 0], 20).to("recommend").shows(
        Text('equal scores among many items, too: a sort with kind="stable"', '商品很多时分数相等也是编号小的在前：排序用 kind="stable"'))
    while True:
        users, items = int(rng.integers(4, 9)), int(rng.integers(4, 8))
        X = rng.random((users, items)) * (rng.random((users, items)) < .7)
        yield case(X, shrink=float(rng.choice([0., 1., 9.])), topk=int(rng.integers(1, 4)))         # 9 is more than there are items
        items = items if rng.random() < .6 else 24                          # many items, many ties
        S = rng.integers(0, 9, (items, items)) / 8 * (rng.random((items, items)) < .6)
        np.fill_diagonal(S, 0)
        rows = rng.integers(0, 3, (3, items)).astype(float)
        yield case(rows, S, (rows > 0) | (rng.random(rows.shape) < .2), int(rng.integers(1, items + 1))).to("recommend")


@exercise(level="core", minutes=14, points=15, uses=("numpy",), judge=close(rtol=1e-6), hints=(
    Text("Make the list of words from `texts` alone. A dict word -> column is the vocabulary.",
         "只用 `texts` 建立词表；用字典「词 -> 列号」保存。"),
    Text("One helper function can turn any list of texts into rows of counts, for the catalogue and for the candidates.",
         "写一个小函数把任意文本列表变成词频矩阵，商品目录和候选商品都用它。"),
    Text("A profile is `history @ vectors`, brought to length 1. Where a length is 0, leave the zeros.",
         "用户画像向量是 `history @ vectors`，再归一化到长度 1。长度为 0 时保持零向量。"),
))
def content_scores(rng):
    yield case(["milk white", "milk soy", "bread"], [[2, 0, 1]], ["milk oat", "bread"])
    yield case(["red wine", "red red tea"], [[1, 1], [0, 3]], ["tea", "red"])
    yield case(["milk white", "bread"], [[0, 0]], ["milk"]).shows(Text("no purchases: scores 0", "没有购买记录：分数为 0"))
    yield case(["milk", "bread"], [[1, 0]], ["caviar", "milk caviar"]).shows(
        Text("words outside the catalogue are ignored", "忽略目录之外的词"))
    yield case(["MILK White", "bread"], [[1, 1]], ["milk WHITE"]).shows(Text("capital letters are without effect", "不区分大小写"))
    words = np.array(["milk", "Soy", "BREAD", "oat", "white", "tea", "rye", "ice"])
    while True:
        n, m = int(rng.integers(4, 8)), int(rng.integers(2, 4))
        texts = [" ".join(rng.choice(words[:6], int(rng.integers(1, 5)))) for _ in range(n)]
        history = rng.integers(0, 4, (3, n)) * rng.integers(0, 2, (3, n))
        history[np.arange(3), rng.integers(0, n, 3)] += rng.integers(1, 4, 3)
        # Every candidate names something of the catalogue, most of them something else as well.
        candidates = [" ".join([str(rng.choice(texts[int(rng.integers(n))].split())), *rng.choice(words, int(rng.integers(1, 4)))])
                      for _ in range(m)]
        yield case(texts, history, candidates)


@exercise(level="core", minutes=16, points=20, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=18, hints=(
    Text("For one row: keep the household's events, and subtract the cut-off from their calendar day. Which differences belong to the "
         "window, which to the label?", "先看一行：取出该用户的事件，用日期减去截止日。哪些差值属于窗口，哪些属于标签？"),
    Text("`time.dt.normalize()` is the calendar day. Day −1 goes to row T − 1, day −T to row 0.",
         "`time.dt.normalize()` 得到日期。第 −1 天放在第 T − 1 行，第 −T 天放在第 0 行。"),
    Text("The label needs the time itself: cutoff <= time < cutoff + 7 days.", "标签要用精确时间：cutoff <= time < cutoff + 7 天。"),
))
def make_windows(rng):
    monday = pd.Timestamp("2017-05-01")

    def log(*lines):
        return pd.DataFrame({"household": [h for h, *_ in lines], "item": [i for _, i, _ in lines],
                             "time": pd.to_datetime([t for *_, t in lines]).astype("datetime64[ns]")})

    def at(*pairs):
        return pd.DataFrame({"household": [h for h, _ in pairs],
                             "cutoff": pd.to_datetime([c for _, c in pairs]).astype("datetime64[ns]")})

    yield case(log((1, "milk", "2017-04-30 18:05"), (1, "milk", "2017-04-30 18:05"), (1, "tea", "2017-04-28 09:00"),
                   (1, "milk", "2017-05-03 10:00"), (2, "milk", "2017-04-30 12:00")),
               at((1, "2017-05-01"), (2, "2017-05-01")), 3, ["milk", "tea"], "milk")
    yield case(log((1, "milk", "2017-05-07 20:15")), at((1, "2017-05-01")), 2, ["milk"], "milk")      # the seventh day counts
    yield case(log((1, "milk", "2017-05-01 00:00")), at((1, "2017-05-01")), 2, ["milk"], "milk").shows(
        Text("a purchase at the cut-off itself belongs to the label", "恰好发生在截止时刻的购买属于标签"))
    yield case(log((1, "milk", "2017-05-08 00:00"), (1, "milk", "2017-04-30 08:00")), at((1, "2017-05-01")), 2, ["milk"], "milk").shows(
        Text("a purchase seven days after the cut-off is too late", "截止七天之后的购买不计入标签"))
    yield case(log((1, "milk", "2017-04-29 23:59"), (1, "milk", "2017-04-28 00:00")), at((1, "2017-05-01")), 3, ["milk"], "milk").shows(
        Text("a step is a calendar day, not 24 hours", "一步是一个自然日，而不是 24 小时"))
    yield case(log((1, "gum", "2017-04-30 08:00"), (1, "milk", "2017-04-30 08:00"), (1, "gum", "2017-05-02 08:00")),
               at((1, "2017-05-01")), 2, ["milk"], "gum").shows(
        Text("items outside the vocabulary are ignored in the window", "窗口中忽略词表之外的商品"))
    yield case(log((1, "milk", "2017-04-30 08:00")), at((9, "2017-05-01")), 2, ["milk"], "milk").shows(
        Text("a household without events gets zeros", "没有事件的用户得到零"))
    items = np.array(["milk", "tea", "bread", "gum"])
    while True:
        n, T = int(rng.integers(15, 32)), int(rng.integers(3, 7))
        # Whole days as often as odd minutes, so that both boundaries are met.
        minutes = rng.integers(-(T + 2), 10, n) * 1440 + rng.integers(0, 1440, n) * rng.integers(0, 2, n)
        events = pd.DataFrame({"household": rng.integers(1, 5, n), "item": rng.choice(items, n),
                               "time": (monday + pd.to_timedelta(minutes, unit="m")).astype("datetime64[ns]")})
        rows = pd.DataFrame({"household": rng.permutation([1, 2, 3, 4, 5])[:3],
                             "cutoff": (monday + pd.to_timedelta(rng.integers(-1, 2, 3), unit="D")).astype("datetime64[ns]")})
        yield case(events, rows, T, [str(v) for v in rng.permutation(items[:3])], str(rng.choice(items)))


@exercise(level="core", minutes=14, points=25, short=True, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=5, batch_size=64), judge=auc_at_least(MOTIF_BOUND, MODEL_ADVICE), hints=(
              Text("Print `model.output_shape` of the interviewer's model. How many numbers does it predict for one shopper?",
                   "打印面试官模型的 `model.output_shape`。它为一个用户预测了多少个数？"),
              Text("Between the last Conv1D and the Dense, one layer must turn (steps, filters) into (filters,).",
                   "最后一个 Conv1D 与 Dense 之间，需要一层把（步数，通道）变成（通道）。"),
              Text("One unit needs sigmoid; softmax over a single unit is always 1. Its loss is binary_crossentropy.",
                   "单个输出单元要用 sigmoid；对单个单元做 softmax 恒等于 1。损失用 binary_crossentropy。"),
          ))
def build_purchase_cnn(rng):
    X, y = ordered_motif(rng, 1000, 20)
    X_new, y_new = ordered_motif(rng, 600, 20)
    yield case(20, 4).trains_on(X, y).predicts(X_new, truth=y_new)
    other, _ = ordered_motif(rng, 4, 30)
    # A thousand times as large: a probability stays one, a last layer without a sigmoid cannot pass by luck.
    yield case(30, 4).predicts(1000 * other).shows(ANY_LENGTH)


@exercise(level="core", minutes=8, points=15, short=True, uses=("numpy", "pandas"), judge=close(rtol=1e-9), hints=(
    Text("What would a random order give? Your function must return about 1 for it.", "随机排序会得到多少？你的函数对它应返回约 1。"),
    Text("`np.argsort(-score, kind=\"stable\")[:k]` are the k best, equal scores in their order.",
         "`np.argsort(-score, kind=\"stable\")[:k]` 是最好的 k 个，分数相等时保持原顺序。"),
))
def lift_at_k(rng):
    yield case([1, 0, 0, 0], [.9, .1, .2, .3], k=1)
    yield case([1, 1, 0, 1, 0], [.2, .8, .5, .9, .1], k=2)
    yield case([1, 0, 1], [-.5, .75, -.25], k=2)                # a score may be negative; these sum to 0, and two bought all the same
    yield case([0, 1], [.5, .5], k=1).shows(Text("equal scores keep their order", "分数相同时保持原来的顺序"))
    yield case([0, 1], [.5, .4], k=3).raises(ValueError).shows(Text("k above n is refused", "k 大于 n 时报错"))
    yield case([0, 1], [.5, .4], k=0).raises(ValueError).shows(Text("k below 1 is refused", "k 小于 1 时报错"))
    yield case([0, 0, 0], [.5, .4, .1], k=2).shows(Text("nobody bought: nan", "没有人购买：返回 nan"))
    # A sort that is not stable may keep the order of few equal rows by luck; of many it does not.
    many = np.arange(48)
    yield case((many % 8 < 4).astype(int), [.5] * 48, k=12).shows(
        Text('equal scores keep their order among many rows, too: a sort with kind="stable"', '行数很多时，分数相同也保持原来的顺序：排序用 kind="stable"'))
    yield case((many // 5 % 2 == 0).astype(int), (many % 3) / 2, k=20)
    while True:
        n = int(rng.integers(5, 61))
        yield case(rng.integers(0, 2, n), rng.random(n).round(1), k=int(rng.integers(1, n + 1)))


@exercise(level="more", minutes=8, uses=("numpy",), judge=close(rtol=1e-9), hints=(
    Text("Go over to odds, q / (1 − q). By what factor did dropping negatives multiply them?",
         "改用几率 q / (1 − q)。丢弃负样本把它放大了多少倍？"),
    Text("Kept negatives stand for 1 / keep_rate negatives each.", "每个保留的负样本代表 1 / keep_rate 个负样本。"),
))
def prior_correct(rng):
    yield case([.5], .25)
    yield case([.5, .9], .1)
    yield case([0.0, 1.0], .3).shows(Text("0 stays 0 and 1 stays 1", "0 仍为 0，1 仍为 1"))
    yield case([.2, .7], 1.0).shows(Text("all negatives kept: nothing to correct", "负样本全部保留时无需校正"))
    yield case([1e-6, 1 - 1e-9], .5).shows(Text("very small and very large probabilities are kept", "极小与极大的概率也保留"))
    while True:
        yield case(rng.random(int(rng.integers(1, 8))), float(rng.uniform(.02, .95)))


@exercise(level="more", minutes=5, uses=("numpy",), judge=close(rtol=1e-9), hints=(
    Text("Write down the expected gain of acting on a shopper with probability p, and of not acting.",
         "写出对概率为 p 的用户采取行动的期望收益，以及不行动的期望收益。"),
    Text("Acting brings p · gain − cost, not acting 0. At which p are the two equal?", "行动带来 p · gain − cost，不行动为 0。p 等于多少时两者相等？"),
))
def cost_threshold(rng):
    yield case(4.0, 1.0)
    yield case(10.0, 0.5)
    yield case(2.0, 3.0).shows(Text("a threshold above 1 says: never act", "阈值大于 1 表示永远不行动"))
    yield case(2.0, 0.0).shows(Text("a free action is always worth it", "零成本的行动总是值得"))
    yield case(0.0, 1.0).raises(ValueError).shows(Text("a gain that is not positive is refused", "收益不为正时报错"))
    while True:
        yield case(float(rng.uniform(.5, 9)), float(rng.uniform(.1, 12)))


@exercise(level="more", minutes=12, uses=("numpy",), judge=close(rtol=1e-6), hints=(
    Text("Two tables of 0/1 over the *same* rows, all impressions: click, and buy. Which probability belongs to which?",
         "同样的行（全部曝光）上有两列 0/1：点击和购买。各自对应哪个概率？"),
    Text("An impression is bought with probability pctr · pcvr. Compare `buy` with that product, not with pcvr.",
         "一次曝光被购买的概率是 pctr · pcvr。把 `buy` 与这个乘积比较，而不是与 pcvr 比较。"),
    Text("Clip pctr and the product to [1e-7, 1 − 1e-7], then −y·ln p − (1 − y)·ln(1 − p) for both, summed per row, averaged over rows.",
         "先把 pctr 和乘积截断到 [1e-7, 1 − 1e-7]，再分别算 −y·ln p − (1 − y)·ln(1 − p)，逐行相加，最后对所有行求平均。"),
))
def esmm_loss(rng):
    yield case([.5], [.5], [1], [0])
    yield case([.5, .2, .1], [.3, .4, .8], [1, 0, 1], [1, 0, 0])
    yield case([.5, .2, .1], [.3, .9, .8], [1, 0, 1], [1, 0, 0]).shows(
        Text("the pCVR of an impression nobody clicked counts as well", "没有被点击的曝光，其 pCVR 也计入损失"))
    yield case([.1, .2], [.3, .4], [0, 0], [0, 0]).shows(Text("nothing was clicked: there is a loss all the same", "没有任何点击时损失依然存在"))
    yield case([1.0, 0.0, 0.0], [1.0, .5, 0.0], [1, 0, 1], [1, 0, 0]).shows(Text("probabilities of 0 and 1 are clipped", "概率 0 和 1 会被截断"))
    yield case([0.0, .5], [.25, 0.0], [1, 1], [1, 1]).shows(Text("the product is clipped, not its factors", "截断的是乘积，而不是因子"))
    yield case([.5, .5], [.5, .5], [1, 0], [0, 1]).raises(ValueError).shows(
        Text("a purchase without a click is refused", "没有点击却有购买：报错"))
    while True:
        n = int(rng.integers(2, 12))
        click = rng.random(n) < .5
        yield case(rng.uniform(.02, .9, n), rng.uniform(.02, .98, n), click.astype(int), (click & (rng.random(n) < .5)).astype(int))


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=1e-6), hints=(
    Text("How many places can a kernel of k steps take in a sequence of T?", "长度为 k 的卷积核在长度为 T 的序列上有多少个位置？"),
    Text("At place t, multiply x[t:t+k] (k, F) with w[:, :, c] (k, F), sum all, add b[c].",
         "在位置 t，把 x[t:t+k]（k, F）与 w[:, :, c]（k, F）逐元素相乘求和，再加 b[c]。"),
))
def conv1d_forward(rng):
    yield case([[1.], [2.], [4.]], [[[1.]], [[10.]]], [.5])
    yield case([[1., 0.], [0., 1.], [1., 1.]], [[[1., 0.], [0., 2.]], [[0., 1.], [3., 0.]]], [0., 1.])
    yield case([[1.], [2.]], [[[1.]], [[1.]]], [0.]).shows(Text("a kernel as long as the sequence fits once", "核与序列等长时只有一个位置"))
    yield case([[2., 1.], [3., 5.]], [[[1.], [-1.]]], [1.]).shows(Text("a kernel of one step", "长度为 1 的核"))
    while True:
        T, F, C = (int(v) for v in rng.integers([5, 2, 2], [9, 4, 5]))
        k = int(rng.integers(2, 5))
        yield case(rng.normal(size=(T, F)), rng.normal(size=(k, F, C)), rng.normal(size=C))


@exercise(level="stretch", minutes=25, uses=("numpy",), judge=close(rtol=1e-6), hints=(
    Text("First one knot for each distinct score: the mean label and how many rows it stands for.",
         "先为每个不同的分数建立一个节点：标签均值以及它代表的行数。"),
    Text("Keep a list of blocks. While the last block is lower than the one before, merge the two, weighted by their rows.",
         "维护一个块的列表。只要最后一块低于前一块，就按行数加权合并。"),
    Text("`np.interp(new, knots, values)` is linear between knots and constant outside.", "`np.interp(new, knots, values)` 在节点间线性、在外部取常数。"),
))
def fit_isotonic(rng):
    yield case([.1, .2, .3, .4], [0, 1, 0, 1], [.1, .2, .3, .4])
    yield case([.1, .2, .3, .4, .5], [1, 0, 0, 0, 1], [.2, .45])
    yield case([.1, .1, .2, .2, .2, .3, .3], [0, 1, 1, 1, 0, 0, 0], [.1, .2, .3])       # one merge makes the next one necessary
    yield case([.2, .2, .6], [0, 1, 1], [.2, .4, .6]).shows(Text("equal scores are pooled first", "相同分数先合并"))
    yield case([.3, .7], [0, 1], [.0, .3, 1.0]).shows(Text("outside the knots the nearest value holds", "节点之外取最近的值"))
    yield case([.3, .7], [0, 1], [.4, .5]).shows(Text("between two knots the line is straight", "两个节点之间为直线"))
    while True:
        n = int(rng.integers(12, 30))
        score = rng.random(n).round(1)
        y = (rng.random(n) < .25 + score / 2).astype(int)
        yield case(score, y, np.round(rng.uniform(-.2, 1.2, 6), 3))
