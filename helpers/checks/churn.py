"""The exercises of lesson 03: logistic regression, splits and votes, a table that cannot see the future, a CNN and an LSTM; BG/NBD, tiers, survival.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Where a tie decides, values of the random cases are equal or clearly apart: never a matter of the last digit.  `_away_from_values` says how
samples are drawn whose quantiles serve as edges.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.checks.training import ANY_LENGTH, LOSS_ADVICE, auc_at_least, fit_and_predict
from helpers.language import Text
from helpers.rhythms import early_or_late_bursts, paused_or_gone

DAY = pd.Timedelta(days=1)

_SAFE = Text("a logit of ±1000 costs its size on the wrong side and nothing on the right one", "对数几率为 ±1000 时：判错的代价就是它的大小，判对的代价为零")
_FREE = Text("the intercept is not penalised", "截距不受惩罚")


@exercise(level="core", minutes=18, points=20, uses=("numpy",), functions=("logreg_gd", "logistic_loss"), judge=close(rtol=1e-4, atol=1e-4),
          cases=28, hints=(
    Text("The loss of a row is log(1 + e^z) − y·z, and its derivative by z is σ(z) − y. By the chain rule the gradient in w is "
         "`X.T @ (p - y) / n`, plus l2·w.",
         "一行的损失是 log(1 + e^z) − y·z，它对 z 的导数是 σ(z) − y。由链式法则，对 w 的梯度是 `X.T @ (p - y) / n`，再加 l2·w。"),
    Text("e^1000 is inf. log(1 + e^z) = max(z, 0) + log1p(e^−|z|) never raises e to a positive number; and σ(z) = (1 + tanh(z/2)) / 2.",
         "e^1000 是 inf。log(1 + e^z) = max(z, 0) + log1p(e^−|z|) 从不计算 e 的正数次幂；而 σ(z) = (1 + tanh(z/2)) / 2。"),
    Text("`logreg_gd`: start at zeros and step against your own gradient, with step 1 / (largest eigenvalue of XᵀX/n, over 4, plus l2). Stop when "
         "every gradient is below 1e-8, not after a round number of steps.",
         "`logreg_gd`：从零出发，沿自己的梯度反方向走，步长为 1 /（XᵀX/n 的最大特征值 / 4 + l2）。当所有梯度都小于 1e-8 时才停，而不是走满某个整数步。"),
))
def logreg_gd(rng):
    yield case([np.log(3)], 0., [[1.], [-1.]], [1, 1], .5).to("logistic_loss")
    yield case([0., 0.], 0., [[1., 2.], [-1., 3.], [0., 1.]], [0, 1, 1], .1).to("logistic_loss")
    # The probabilities at the minimum are .1 and .4, w = ln(6) / 2 and b = ln(2/27) / 2.  No answer is 0 in any of these cases: where one
    # processor finds 0 another finds 1e-17, and the answer key would hang on it.
    yield case([[-1.], [-1.], [1.], [1.]], [0, 0, 1, 0], .2 / np.log(6))
    # From zeros, the second column's gradient is 0, and the intercept's too: no reason to stop.
    yield case(np.array([[4, 2], [1, -3], [2, 1], [-1, 1], [-2, 2], [-4, -3]]) / np.sqrt([7, 14 / 3]), [1, 1, 1, 0, 0, 0], .25)
    yield case([1., -.5], 50., [[0., 10.], [-50., 20.]], [1, 0], .2).to("logistic_loss").shows(
        Text("a logit of 45 is not rounded away: the wrong side costs 45", "对数几率为 45 时不会被舍入掉：判错的代价是 45"))
    yield case([1.], 0., [[1000.], [-1000.]], [0, 1], .1).to("logistic_loss").shows(_SAFE)
    yield case([1.], 0., [[1000.], [-1000.]], [1, 0], .1).to("logistic_loss").shows(_SAFE)
    yield case([1000., -2000.], 500., [[1., 1.], [-1., 1.], [50., -25.]], [1, 1, 0], 1e-7).to("logistic_loss").shows(_SAFE)
    yield case([0.], 3., [[1.], [-1.]], [1, 0], .5).to("logistic_loss").shows(_FREE)
    yield case([[-1.]] * 10 + [[1.]] * 10, [1] * 8 + [0] * 2 + [1] * 9 + [0], .2).shows(_FREE)
    yield case(np.array([[-3], [-1], [1], [3]]) / np.sqrt(5), [0, 0, 0, 1], .05).shows(
        Text("two classes that a line separates: the penalty keeps the weights finite", "两类可被完全分开时，惩罚项使权重保持有限"))
    # Twelve times the same column: the curvature is twelve times as large, and a step that served for one column overshoots.
    same = np.repeat([[1.], [-1.]], 12, axis=0) * np.ones(12)
    yield case(same, [1] * 8 + [0] * 4 + [1] * 5 + [0] * 7, .05).shows(
        Text("twelve columns that say the same: the step must fit the largest eigenvalue", "十二列相同：步长必须与最大特征值相配"))
    while True:
        n, d = int(rng.integers(4, 20)), int(rng.integers(1, 5))
        yield case(rng.normal(size=d), float(rng.uniform(.4, 2) * rng.choice([-1, 1])), rng.normal(size=(n, d)) * 1.5, rng.integers(0, 2, n),
                   float(rng.uniform(.05, .5))).to("logistic_loss")
        n, d = int(rng.integers(24, 60)), int(rng.integers(1, 5))
        X = rng.normal(size=(n, d)) @ (np.eye(d) + .5 * rng.random((d, d)))
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        y = (X @ (rng.uniform(.5, 1.5, d) * rng.choice([-1, 1], d)) + rng.uniform(.5, 1.2) * rng.choice([-1, 1]) + rng.logistic(size=n) > 0).astype(int)
        y[:6] = 0, 1, 0, 1, 0, 1                                # both classes, whatever was drawn
        yield case(X, y, float(rng.uniform(.05, .5)))


def _gains(x: np.ndarray, y: np.ndarray, criterion: str) -> np.ndarray:
    """The gain of every candidate, lowest threshold first: what decides whether a drawn case is clear enough."""
    def impurity(labels):
        p = np.array([1 - labels.mean(), labels.mean()])
        return 1 - (p ** 2).sum() if criterion == "gini" else -sum(q * np.log2(q) for q in p if q)

    cuts = [(x <= low) for low, _ in pairwise(np.unique(x))]
    return np.array([impurity(y) - left.mean() * impurity(y[left]) - (~left).mean() * impurity(y[~left]) for left in cuts])


def _clear(gains: np.ndarray) -> bool:
    """Whether any two gains, and any gain and 0, are equal or at least 1e-9 apart."""
    apart = np.abs(np.subtract.outer(np.append(gains, 0), np.append(gains, 0)))
    return not ((apart > 1e-13) & (apart < 1e-9)).any()


@exercise(level="core", minutes=22, points=20, short=True, uses=("numpy",), functions=("best_split", "forest_predict"), judge=close(rtol=1e-9),
          cases=56, hints=(
    Text("`np.unique(x)` holds the distinct values in order; the candidates are the means of neighbours. For each: `left = x <= threshold`.",
         "`np.unique(x)` 按顺序给出不同的取值；候选阈值是相邻值的平均。对每个阈值：`left = x <= threshold`。"),
    Text("A pure side has impurity 0, and 0·log2(0) is nan in NumPy: leave empty classes out of the sum.",
         "纯的一侧不纯度为 0，而 NumPy 中 0·log2(0) 是 nan：求和时跳过没有样本的类别。"),
    Text("Weigh each side by its share of the rows. A new threshold is better only if its gain is larger by more than 1e-12: of equal ones the first, "
         "the smallest, stays.",
         "每一侧按其行数占比加权。只有增益大出 1e-12 以上才算更好：相等时保留先出现的，即最小的阈值。"),
    Text("`forest_predict`: `out = in_bag == 0`. Sum the probabilities where it is True, divide by how many there are. `~` on whole numbers is not `not`.",
         "`forest_predict`：`out = in_bag == 0`。把其为 True 处的概率相加，除以个数。对整数使用 `~` 并不是逻辑非。"),
))
def best_split(rng):
    yield case([1, 2, 3, 4], [0, 0, 1, 1], "gini")
    yield case([1, 2, 3, 4], [0, 0, 1, 1], "entropy")
    yield case([5., 1., 3., 2., 8., 4.], [1, 0, 0, 0, 1, 1], "gini")
    yield case([2, 7, 7, 1, 9], [0, 1, 0, 0, 1], "entropy")
    yield case([1, 2, 3], [1, 0, 1], "gini").shows(Text("of equal gains the smallest threshold", "增益相等时取最小的阈值"))
    yield case([0, 1, 2, 3, 4, 5], [0, 1, 1, 1, 1, 0], "entropy").shows(Text("of equal gains the smallest threshold", "增益相等时取最小的阈值"))
    nothing = Text("None if the feature is constant, or no threshold gains anything", "特征为常数，或任何阈值都没有增益时，返回 None")
    yield case([4., 4., 4.], [0, 1, 1], "gini").shows(nothing)
    yield case([1, 1, 2, 2], [0, 1, 1, 0], "entropy").shows(nothing)
    yield case([1, 2, 3], [1, 1, 1], "gini").shows(nothing)
    yield case([1., 1., 1., 2.], [0, 0, 1, 1], "gini").shows(Text("equal values are never parted", "相同的取值不会被分开"))
    yield case([3, 3, 1, 3, 3], [1, 1, 0, 0, 1], "entropy").shows(Text("equal values are never parted", "相同的取值不会被分开"))
    yield case([1, 2, 3, 4], [0, 0, 1, 1], "misclassification").raises(ValueError).shows(
        Text("a criterion of another name is refused", "其他名称的准则会报错"))
    vote = "forest_predict"
    yield case([[.75, .25, 1.], [.5, .5, 0.]], [[0, 1, 2], [1, 0, 0]]).to(vote)
    yield case([[.5, 0., .25, 1.], [.75, 1., .25, 0.], [1., .5, 0., .5]], [[1, 1, 0, 2], [0, 0, 3, 1], [0, 0, 0, 1]]).to(vote).shows(
        Text("nan for a row that was in every tree's sample", "出现在每棵树样本中的行返回 nan"))
    yield case([[.375, .625]], [[0, 2]]).to(vote).shows(Text("a forest of one tree", "只有一棵树的森林"))
    yield case([[.25, .5], [.75, 1.]], [[0, 5], [3, 0]]).to(vote).shows(
        Text("how often a row was drawn does not matter: drawn, or not drawn", "一行被抽到几次并不重要：只看是否被抽到"))
    while True:
        for criterion in ("gini", "entropy"):
            while True:
                n = int(rng.integers(6, 22))
                x = rng.integers(-8, 17, n) / (1 if rng.random() < .5 else 8)
                y = (x + rng.normal(size=n) * np.ptp(x) / 3 > np.median(x)).astype(int)
                gains = _gains(x, y, criterion)
                if len(gains) > 1 and gains.max() > 1e-9 and _clear(gains):
                    break
            yield case(x if rng.random() < .7 else x.tolist(), y, criterion)
        B, n = int(rng.integers(3, 8)), int(rng.integers(8, 14))
        in_bag = np.stack([np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(B)])
        yield case(rng.integers(0, 9, (B, n)) / 8, in_bag).to(vote)


@exercise(level="core", minutes=18, points=20, short=True, uses=("numpy", "pandas"), functions=("churn_table", "train_test_rows"),
          judge=close(rtol=1e-9), cases=34, hints=(
    Text("One cut-off at a time. First the question whether its label is known at all; then the window behind it; then the window before it.",
         "一次处理一个截止时刻。先问标签是否已知；再看它之前的窗口；最后看它之后的窗口。"),
    Text("All features come from one frame: `past = events[(time >= start) & (time < cutoff)]`. `time.dt.normalize()` is the calendar day.",
         "所有特征都来自同一个表：`past = events[(time >= start) & (time < cutoff)]`。`time.dt.normalize()` 得到日期。"),
    Text("`train_test_rows`: positions are `np.flatnonzero(mask)`, and `np.repeat(rows, times)` repeats each row as often as you say, in a row.",
         "`train_test_rows`：位置用 `np.flatnonzero(mask)` 得到，`np.repeat(rows, times)` 把每个位置连续重复指定次数。"),
    Text("`pd.concat` of an empty list raises: no cut-off with a known label needs a line of its own.",
         "`pd.concat` 传入空列表会报错：没有任何截止时刻的标签已知时，需要单独处理。"),
))
def churn_table(rng):
    monday = pd.Timestamp("2017-05-01")

    def log(*lines):
        return pd.DataFrame({"customer": [c for c, *_ in lines], "time": pd.to_datetime([t for _, t, _ in lines]).astype("datetime64[ns]"),
                             "amount": [float(a) for *_, a in lines]})

    def days(*numbers):
        return [monday + int(number) * DAY for number in numbers]

    shop = log((1, "2017-04-28 10:00", 20), (2, "2017-04-20 12:00", 7.5), (1, "2017-04-28 18:30", 5), (1, "2017-05-03 09:00", 8),
               (1, "2017-04-20 09:00", 10), (3, "2017-05-02 10:00", 4))
    yield case(shop, days(0), 14, 7, monday + 7 * DAY)
    yield case(shop, days(0, -7), 14, 7, monday + 8 * DAY)
    known = Text("a cut-off whose label window is not over has no rows; one whose window ends just then has",
                 "标签窗口尚未结束的截止时刻没有行；恰好结束的有行")
    yield case(shop, days(0, 2, 9), 14, 7, monday + 8 * DAY).shows(known)
    yield case(shop, days(0, 1), 14, 7, monday + 7 * DAY).shows(known)
    # The file goes on for weeks, but not for everybody: what stands there must not make a window complete.
    yield case(pd.concat([shop, log((2, "2017-05-11 10:00", 3), (1, "2017-05-30 10:00", 2))], ignore_index=True), days(0, 7), 14, 7,
               monday + 13 * DAY).shows(known)
    edges = Text("every window is half-open: its first midnight counts, its last does not", "每个窗口都是左闭右开：起点的零点计入，终点的零点不计入")
    yield case(log((1, "2017-04-24 00:00", 6), (1, "2017-04-26 08:00", 3), (2, "2017-04-23 23:59", 9)), days(0), 7, 7, monday + 9 * DAY).shows(edges)
    yield case(log((1, "2017-04-27 09:00", 6), (1, "2017-05-01 00:00", 50), (2, "2017-05-01 00:00", 8)), days(0), 7, 7, monday + 9 * DAY).shows(edges)
    yield case(log((1, "2017-04-27 09:00", 6), (1, "2017-05-08 00:00", 5), (2, "2017-04-26 09:00", 1), (2, "2017-05-07 23:59", 2)), days(0), 7, 7,
               monday + 9 * DAY).shows(edges)
    yield case(log((1, "2017-04-29 23:50", 6), (2, "2017-04-28 00:00", 4), (1, "2017-04-27 08:00", 1)), days(0), 7, 7, monday + 7 * DAY).shows(
        Text("recency counts calendar days, not blocks of 24 hours", "距今天数按日历日计算，而不是按 24 小时"))
    yield case(log((1, "2017-04-29 09:00", 6), (1, "2017-04-29 21:00", 6), (1, "2017-04-27 08:00", 1)), days(0), 7, 7, monday + 7 * DAY).shows(
        Text("two receipts of a day are one order", "同一天的两张小票算一个订单"))
    yield case(log((1, "2017-04-29 09:00", 6), (2, "2017-05-02 09:00", 6)), days(0, 60), 7, 7, monday + 7 * DAY).shows(
        Text("a cut-off before which nobody came has no rows", "窗口内无人到访的截止时刻没有行"))
    empty = Text("no rows: an empty frame with the six columns", "没有行时：返回带有六列的空表")
    yield case(shop, days(2), 14, 7, monday + 7 * DAY).shows(empty)
    yield case(shop, days(-60), 14, 7, monday + 7 * DAY).shows(empty)

    def table(*lines, index=None):
        return pd.DataFrame({"customer": [c for c, *_ in lines], "cutoff": pd.Series(days(*(d for _, d, _ in lines))).astype("datetime64[ns]").array,
                             "orders": 1, "churned": [y for *_, y in lines]}, index=index)

    split, test_at = "train_test_rows", monday
    rows = [(1, -14, 0), (2, -14, 1), (1, -7, 1), (3, -7, 0), (1, 0, 1), (2, 0, 0)]
    yield case(table(*rows), test_at, 7, 3).to(split)
    yield case(table(*rows), test_at, 10, 2).to(split).shows(
        Text("a training row's label window is over at the test cut-off, just then included", "训练行的标签窗口在测试截止时刻之前（含恰好）已经结束"))
    yield case(table((1, -9, 0), (2, -7, 1), (3, -6, 1), (4, -1, 0), (5, 0, 1)), test_at, 7, 2).to(split).shows(
        Text("a training row's label window is over at the test cut-off, just then included", "训练行的标签窗口在测试截止时刻之前（含恰好）已经结束"))
    yield case(table((1, 0, 1), (2, -9, 0), (3, 0, 0), (4, 3, 1), (5, -8, 1), (6, 7, 0)), test_at, 7, 4).to(split).shows(
        Text("test rows stand once each, in the order of the table; later cut-offs are in neither", "测试行各出现一次，按表中顺序；更晚的截止时刻两边都不属于"))
    yield case(table(*rows, index=[40, 41, 42, 10, 11, 12]), test_at, 7, 2).to(split).shows(
        Text("positions are counted from 0, whatever the index", "位置从 0 数起，与 index 无关"))
    yield case(table((1, -3, 0), (2, 0, 1)), test_at, 7, 2).to(split).shows(Text("either side may be empty", "任何一侧都可以为空"))
    yield case(table((1, -30, 0), (2, -30, 1)), test_at, 7, 1).to(split).shows(Text("either side may be empty", "任何一侧都可以为空"))
    while True:
        look_back, horizon, n = int(rng.integers(7, 15)), int(rng.integers(5, 10)), int(rng.integers(36, 60))
        minutes = rng.integers(-26, 24, n) * 1440 + rng.integers(0, 1440, n) * (rng.random(n) < .7)     # every third at midnight
        events = pd.DataFrame({"customer": rng.choice([2, 3, 5, 7, 11, 13], n),
                               "time": (monday + pd.to_timedelta(minutes, unit="m")).astype("datetime64[ns]"), "amount": rng.integers(4, 160, n) / 4})
        last = int(rng.integers(-3, 4))
        yield case(events, days(*rng.permutation([last, last - 4, last + 3, last + horizon + 4])), look_back, horizon,
                   monday + (last + horizon + int(rng.integers(0, 3))) * DAY)
        n, horizon = int(rng.integers(12, 22)), int(rng.choice([7, 10, 14]))
        offsets = np.concatenate([[0, -horizon, -horizon, 1 - horizon, 7], rng.choice([-21, -14, -10, -7, -3, 0, 7], n - 5)])
        churned = (rng.random(n) < .4).astype(int)
        churned[:4] = 1, 1, 0, 1
        order = rng.permutation(n)
        dealt = table(*zip(rng.integers(1, 9, n), offsets[order], churned[order], strict=True), index=rng.permutation(n) + 5 if rng.random() < .3 else None)
        yield case(dealt, test_at, horizon, int(rng.integers(2, 5))).to(split)


WHEN_BOUND = 0.75
"""Smallest AUC of `build_churn_cnn` and `build_churn_lstm`: chance + half the way to the worst right answer.

Chosen on two data seeds; at twenty more every right answer passes and every named mistake fails (`make prove`).  A CNN with Flatten, and a
stacked LSTM whose mask sees all channels: above .97 after two epochs.  A CNN with a pooling over all weeks: .46 to .54.  An LSTM with a mask on
the bare activity: .52 to .56, while a trace of the pause was left in the number of purchases.
"""


@exercise(level="core", minutes=12, points=15, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=6, batch_size=32), judge=auc_at_least(WHEN_BOUND, (LOSS_ADVICE,)), hints=(
              Text("Pooling over all weeks answers *did it happen?* What does churn ask?", "对所有周做池化回答的是*发生过吗？* 流失问的是什么？"),
              Text("After the last convolution the tensor is (weeks, filters). Which layer makes one long vector of it and loses no place?",
                   "最后一个卷积之后张量是（周，通道）。哪一层把它变成一个长向量，又不丢失位置？"),
              Text("Flatten, then Dense, then one sigmoid; binary_crossentropy.", "Flatten，然后 Dense，最后一个 sigmoid；损失用 binary_crossentropy。"),
          ))
def build_churn_cnn(rng):
    X, y = early_or_late_bursts(rng, 600, 24)
    X_new, y_new = early_or_late_bursts(rng, 400, 24)
    yield case(24, 2).trains_on(X, y).predicts(X_new, truth=y_new)
    other, _ = early_or_late_bursts(rng, 4, 32)
    # A thousand times as large: a probability stays one, a last layer without a sigmoid cannot pass by luck.
    yield case(32, 2).predicts(1000 * other).shows(ANY_LENGTH)


@exercise(level="core", minutes=20, points=25, short=True, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=4, batch_size=32, padding=7), judge=auc_at_least(WHEN_BOUND, (LOSS_ADVICE,), padded=True), hints=(
              Text("Print `model.output_shape` of the interviewer's model. How many numbers for one customer?",
                   "打印面试官模型的 `model.output_shape`。一个用户得到多少个数？"),
              Text("`Masking(0.)` skips a step only where *all* its channels are 0. Which steps are that here, and which are not?",
                   "`Masking(0.)` 只跳过*所有*通道都为 0 的步。这里哪些步是这样，哪些不是？"),
              Text("Masking(0.) on the whole input, LSTM 50 with return_sequences=True, LSTM 50 without, Dense 128, one sigmoid.",
                   "对整个输入做 Masking(0.)，LSTM 50（return_sequences=True），LSTM 50（不返回序列），Dense 128，一个 sigmoid。"),
          ))
def build_churn_lstm(rng):
    X, y = paused_or_gone(rng, 480, 20)
    X_new, y_new = paused_or_gone(rng, 300, 20)
    yield case(20, 2).trains_on(X, y).predicts(X_new, truth=y_new)
    other, _ = paused_or_gone(rng, 4, 26)
    # A model's head is linear in its last features: a thousand times as large, and only a sigmoid keeps it a probability.
    yield case(26, 2).predicts(1000 * other).shows(ANY_LENGTH)


@exercise(level="more", minutes=20, uses=("numpy", "scipy"), functions=("bgnbd_loglik", "p_alive"), judge=close(rtol=1e-6), cases=40, hints=(
    Text("Take one customer and two stories: they live at T, or they left right after their last purchase. The likelihood is the sum of both; "
         "P(alive) is the first one's share.",
         "先看一个客户的两种情形：到 T 时仍活跃，或在最后一次购买后立即流失。似然是两者之和；P(alive) 是第一种情形所占的份额。"),
    Text("`gammaln(r + x) - gammaln(r)` and `betaln(a, b + x) - betaln(a, b)` never overflow. `np.logaddexp(u, v)` is log(eᵘ + eᵛ).",
         "`gammaln(r + x) - gammaln(r)` 与 `betaln(a, b + x) - betaln(a, b)` 不会溢出。`np.logaddexp(u, v)` 即 log(eᵘ + eᵛ)。"),
    Text("Where x is 0 there is no second story: its logarithm is -inf, whatever b is. `np.maximum(x, 1)` keeps log(b + x − 1) out of trouble.",
         "x 为 0 时没有第二种情形：无论 b 是多少，其对数都是 -inf。用 `np.maximum(x, 1)` 可避免 log(b + x − 1) 出错。"),
    Text("log odds of having left: log a − log(b + x − 1) + (r + x)·log((alpha + T) / (alpha + tx)). `scipy.special.expit(-odds)` is P(alive).",
         "已流失的对数几率：log a − log(b + x − 1) + (r + x)·log((alpha + T) / (alpha + tx))。`scipy.special.expit(-odds)` 即 P(alive)。"),
))
def bgnbd_loglik(rng):
    once = Text("who never came back had no occasion to leave: no second story, P(alive) = 1",
                "从未复购的客户没有流失的机会：没有第二种情形，P(alive) = 1")
    thousand = Text("a thousand purchases neither overflow nor underflow", "一千次购买既不上溢也不下溢")
    yield case((1., 1., 1., 1.), [1], [1.], [3.])
    yield case((.243, 4.414, .793, 2.426), [2, 7, 1], [30.375, 29.5, 1.75], [38.875, 38.875, 38.5])
    yield case((2., 3., 1.5, 4.), [3, 5], [2., 20.], [10., 24.])
    yield case((1., 1., 1., 1.), [1], [1.], [3.]).to("p_alive")
    yield case((.243, 4.414, .793, 2.426), [2, 7, 1], [30.375, 29.5, 1.75], [38.875, 38.875, 38.5]).to("p_alive")
    yield case((2., 2., 1., 3.), [0], [0.], [2.]).shows(once)
    yield case((.5, 6., .8, .5), [0, 0, 3], [0., 0., 12.], [30., 12.5, 30.]).shows(once)
    yield case((.243, 4.414, .793, 2.426), [1000, 1000, 2], [38.875, 36., 20.], [39., 39., 39.]).shows(thousand)
    yield case((.5, 6., .8, 2.5), [0, 2, 0], [0., 12., 0.], [30., 30., 6.5]).to("p_alive").shows(once)
    # b = 1: the second story would divide by 0.
    yield case((1., 1., 1., 1.), [1, 0], [1., 0.], [3., 3.]).to("p_alive").shows(once)
    yield case((.5, 6., .8, .5), [0, 0, 3], [0., 0., 12.], [30., 12.5, 30.]).to("p_alive").shows(once)
    yield case((.243, 4.414, .793, 2.426), [1000, 1000, 1000], [38.875, 36., 5.], [39., 39., 39.]).to("p_alive").shows(thousand)
    while True:
        n = int(rng.integers(5, 12))
        yield case(_parameters(rng), *_histories(rng, n))
        yield case(_parameters(rng), *_histories(rng, n)).to("p_alive")


@exercise(level="stretch", minutes=15, uses=("numpy", "scipy"), judge=close(rtol=1e-6), cases=40, hints=(
    Text("Three factors: (a + b + x − 1) / (a − 1), a bracket, and P(alive), which you have written. Try the example by hand first: x = 0.",
         "三个因子：(a + b + x − 1) / (a − 1)、方括号、以及你已写好的 P(alive)。先用 x = 0 的例子手算。"),
    Text("`scipy.special.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))` takes arrays.",
         "`scipy.special.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))` 可直接接受数组。"),
    Text("At a = 1 call yourself twice, with a − 1e-4 and a + 1e-4, and take the mean: the error of one side cancels that of the other.",
         "a = 1 时分别用 a − 1e-4 与 a + 1e-4 调用自己并取均值：两侧的误差相互抵消。"),
))
def expected_purchases(rng):
    limit = Text("at a = 1 the formula is 0/0: the limit", "a = 1 时公式为 0/0：取极限")
    yield case((1., 1., 2., 1.), 2., [0], [0.], [1.])
    yield case((.243, 4.414, .793, 2.426), 39., [2, 0, 7, 1], [30.375, 0., 29.5, 1.75], [38.875, 38.875, 38.875, 38.5])
    yield case((.9, 5., .4, 1.5), 12, [0, 4, 1], [0., 6., 20.], [8., 25., 22.])
    yield case((1., 1., 1., 1.), 2., [0], [0.], [1.]).shows(limit)
    yield case((.5, 6., 1., 2.5), 26., [0, 3, 12], [0., 12., 30.], [30., 30., 31.5]).shows(limit)
    yield case((.243, 4.414, .793, 2.426), 0, [2, 0, 7], [30.375, 0., 29.5], [38.875, 38.875, 38.875]).shows(
        Text("within no time nobody buys: 0", "时长为 0 时期望为 0"))
    while True:
        n = int(rng.integers(4, 10))
        yield case(_parameters(rng), int(rng.integers(2, 60)), *_histories(rng, n))


def _parameters(rng: np.random.Generator) -> tuple[float, float, float, float]:
    """(r, alpha, a, b) as fits to shops give them, a at least .05 away from 1 and a + b at least 1.25."""
    a = round(float(rng.choice([rng.uniform(.2, .95), rng.uniform(1.05, 3)])), 3)
    return round(rng.uniform(.1, 3), 3), round(rng.uniform(1, 20), 2), a, round(rng.uniform(max(.5, 1.25 - a), 6), 3)


def _histories(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, tx and T of n customers, three or more of whom came back and one or more did not; each of an age of their own, in eighths of a week."""
    again = np.concatenate([[True, True, True, False], rng.random(n - 4) < .6])[rng.permutation(n)]
    T = rng.choice(np.arange(64, 320), n, replace=False)
    tx = np.where(again, rng.integers(1, T), 0)
    return np.where(again, np.minimum(rng.geometric(.22, n), 30), 0), tx / 8, T / 8


@exercise(level="more", minutes=14, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=22, hints=(
    Text("Group the earlier customers by leaf: a count and a mean. Group the later ones by *their* leaf, and let pandas align by id.",
         "把前一时期的客户按叶分组：计数和均值。后一时期按*各自的*叶分组，让 pandas 按编号对齐。"),
    Text("Wilson: centre = (p + z²/2n) / (1 + z²/n), half = z·√(p(1 − p)/n + z²/4n²) / (1 + z²/n).",
         "威尔逊区间：中心 = (p + z²/2n) / (1 + z²/n)，半宽 = z·√(p(1 − p)/n + z²/4n²) / (1 + z²/n)。"),
    Text("Sort by rate with a *stable* sort after sorting by id. For `monotone` drop the nan first, then look at the differences.",
         "先按编号排序，再用*稳定*排序按比率排。判断 `monotone` 时先去掉 nan，再看差分。"),
))
def risk_tiers(rng):
    yield case([3, 3, 3, 3, 5, 5, 5, 5], [0, 0, 0, 1, 1, 1, 0, 1], [3, 3, 5, 5], [0, 1, 1, 1])
    yield case([9, 9, 2, 2, 2, 2, 4, 4, 4, 4, 4], [0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0], [2, 2, 9, 9, 9, 4, 4, 4, 4], [0, 1, 1, 1, 0, 0, 1, 0, 0])
    yield case([8, 8, 3, 3, 3, 3, 6, 6], [1, 0, 0, 1, 1, 0, 0, 0], [3, 3, 6, 8], [1, 0, 0, 1]).shows(
        Text("equal rates: the lower id first", "比率相同时编号小的在前"))
    yield case([1, 1, 2, 2, 2, 2, 4, 4], [0, 0, 1, 0, 0, 1, 1, 1], [1, 1, 4, 4, 4], [0, 0, 1, 1, 0]).shows(
        Text("a leaf nobody falls into later keeps its row, with nan, which `monotone` skips", "后期无人落入的叶保留一行，值为 nan，`monotone` 跳过它"))
    yield case([1, 1, 2, 2, 2, 2, 4, 4], [0, 0, 1, 0, 0, 1, 1, 1], [1, 1, 4, 4, 4], [1, 1, 1, 1, 0]).shows(
        Text("a fall counts across a leaf that has nan", "隔着一个 nan 的下降也算下降"))
    yield case([1, 1, 2, 2, 7, 7], [0, 0, 0, 1, 1, 1], [1, 1, 2, 2, 2, 2, 7], [0, 1, 0, 1, 1, 0, 1]).shows(
        Text("two equal later rates are no fall", "后期两个比率相等不算下降"))
    yield case([1, 1, 2, 2], [0, 0, 0, 1], [1, 2, 3], [0, 1, 1]).raises(ValueError).shows(
        Text("a later leaf that does not occur earlier is refused", "前期没有出现过的后期叶会报错"))
    yield case([5] * 6 + [6] * 3, [0] * 6 + [1] * 3, [5, 6], [0, 1]).shows(
        Text("a rate of 0 or of 1 has an interval, too", "比率为 0 或 1 时也有区间"))
    while True:
        k = int(rng.integers(3, 7))
        ids = rng.choice(np.arange(1, 30), k, replace=False)
        rate = rng.uniform(.05, .95, k)
        own = np.concatenate([np.arange(k), rng.integers(0, k, int(rng.integers(3 * k, 8 * k)))])
        lost = (rng.random(len(own)) < rate[own]).astype(int)
        if rng.random() < .5:                                   # twice the same people: later rates equal the earlier ones and never fall
            later, later_lost = np.tile(own, 2), np.tile(lost, 2)
        else:
            later = np.concatenate([[0, 1], rng.integers(0, k, int(rng.integers(2 * k, 8 * k)))])      # somebody, whichever leaf is dropped
            later_lost = (rng.random(len(later)) < rate[later]).astype(int)
        kept = later != rng.integers(0, k) if rng.random() < .4 else np.full(len(later), True)
        mix = rng.permutation(len(own))
        yield case(ids[own][mix], lost[mix], ids[later][kept], later_lost[kept])


def _away_from_values(rng, bins: int) -> int:
    """A sample size for which no quantile k/bins falls on an order statistic: whatever its last bit, it separates the same values."""
    sizes = [n for n in range(18, 60) if math.gcd(n - 1, bins) == 1]
    return int(rng.choice(sizes))


@exercise(level="more", minutes=10, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("Edges come from `expected` alone and are then kept: `np.quantile(expected, np.arange(1, bins) / bins)`.",
         "分界点只来自 `expected`，之后保持不变：`np.quantile(expected, np.arange(1, bins) / bins)`。"),
    Text("`np.searchsorted(edges, x)` counts the edges below x, so a value equal to an edge stays in the bin below it.",
         "`np.searchsorted(edges, x)` 数出小于 x 的分界点个数，因此等于分界点的值留在下方的箱。"),
    Text("Shares, not counts; each at least 1e-4; then Σ (a − e)·ln(a / e).", "用份额而不是计数；每个至少为 1e-4；再求 Σ (a − e)·ln(a / e)。"),
))
def psi(rng):
    yield case([1, 2, 3, 4], [1, 3, 3, 3], bins=2)
    yield case([.1, .2, .35, .4, .55, .6, .75, .8], [.15, .3, .5, .5, .7, .7, .9, .9, .9, .95], bins=4)
    yield case([0, 0, 0, 0, 0, 0, 1, 2, 3, 4], [0, 0, 1, 5], bins=2).shows(
        Text("a value equal to an edge belongs to the bin below it", "等于分界点的值属于下方的箱"))
    yield case([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4], [0, 1, 1, 1, 2, 3], bins=5).shows(
        Text("a value equal to an edge belongs to the bin below it", "等于分界点的值属于下方的箱"))
    yield case([1, 2, 3, 4, 5, 6, 7, 8], [1, 1, 2, 8, 8], bins=4).shows(
        Text("an empty bin has the share 1e-4, and nothing is rescaled after that", "空箱的份额取 1e-4，之后不再重新归一"))
    yield case([0, 1, 1, 1, 1, 1, 1, 1], [0, 1, 2, 2], bins=4).shows(
        Text("an empty bin has the share 1e-4, and nothing is rescaled after that", "空箱的份额取 1e-4，之后不再重新归一"))
    yield case([1., 2., 3., 4.], np.concatenate([[1.], np.full(12_000, 3.25)]), bins=2).shows(
        Text("a share between 0 and 1e-4 is raised to 1e-4 as well", "介于 0 与 1e-4 之间的份额同样提高到 1e-4"))
    yield case([1, 2, 3, 4, 5, 6, 7], [-9, -8, 0, 4, 30], bins=4).shows(
        Text("the outer bins are open: what lies outside the expected range is counted", "两端的箱是开放的：超出 expected 范围的值也计入"))
    yield case([3, 3, 3, 3, 3], [2, 3, 3, 4]).shows(
        Text("equal edges are one edge", "相同的分界点合并为一个"))
    for pair in (([], [1., 2.]), ([1., 2.], [])):
        yield case(*pair).raises(ValueError).shows(Text("an empty sample is refused", "空样本会报错"))
    while True:
        bins = int(rng.choice([3, 4, 5, 7, 10]))
        n, m = _away_from_values(rng, bins), int(rng.integers(15, 60))
        if rng.random() < .5:
            expected, actual = rng.normal(size=n), rng.normal(rng.uniform(-.8, .8), rng.uniform(.6, 1.6), m)
        else:                                                   # counts with many zeros, without a gap between neighbours
            top = int(rng.integers(3, 7))
            expected = np.concatenate([np.arange(top), np.minimum(rng.geometric(.4, n - top) - 1, top - 1)])
            actual = np.minimum(rng.geometric(rng.uniform(.25, .6), m) - 1, top + 1)
        yield case(expected, actual) if bins == 10 else case(expected, actual, bins)


@exercise(level="stretch", minutes=14, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("Only times with an event move the curve. At each: how many were still followed (t ≥ time), how many of these had the event?",
         "只有发生事件的时刻才会移动曲线。在每个时刻：还有多少人在被跟踪（t ≥ 该时刻），其中多少人发生了事件？"),
    Text("S = cumulative product of (1 − events / at risk). Who is censored at that very time is still at risk.",
         "S =（1 − 事件数 / 风险集人数）的累积乘积。恰在该时刻删失的人仍在风险集中。"),
))
def kaplan_meier(rng):
    at_risk = Text("who is censored at t is still at risk at t", "在 t 删失的人在 t 仍处于风险集中")
    nobody = Text("without an event: two empty arrays", "没有事件时：两个空数组")
    yield case([2, 3, 3, 5, 6], [1, 1, 0, 0, 1])
    yield case([4, 1, 2, 7, 2, 9], [1, 1, 1, 0, 0, 1])
    yield case([5, 5, 5, 5, 8], [0, 1, 0, 0, 1]).shows(at_risk)
    yield case([3, 3], [0, 1]).shows(at_risk)
    yield case([2, 2, 2, 6, 6, 9], [1, 1, 1, 1, 1, 1]).shows(Text("several events at a time are one step", "同一时刻的多个事件是一个台阶"))
    yield case([1, 4, 6, 6], [1, 1, 0, 0]).shows(
        Text("a time at which people were only censored is no step, and the curve need not reach 0", "只有删失的时刻不是台阶，曲线不必降到 0"))
    yield case([3, 1, 2], [0, 0, 0]).shows(nobody)
    yield case([], []).shows(nobody)
    yield case([.5, .125, .5, 2.25, 1.], [1, 0, 0, 1, 1]).shows(Text("times need not be whole numbers, nor be sorted", "时间不必是整数，也不必有序"))
    while True:
        n = int(rng.integers(6, 30))
        t = rng.integers(1, int(rng.integers(5, 12)), n)
        e = (rng.random(n) < rng.uniform(.3, .8)).astype(int)
        e[0] = 1
        yield case(t / 8 if rng.random() < .3 else t, e)


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("With x the logit: −log(1 − h) = log(1 + eˣ) and −log h = log(1 + e⁻ˣ). `np.logaddexp(0, x)` is exact for any x.",
         "设 x 为 logit：−log(1 − h) = log(1 + eˣ)，−log h = log(1 + e⁻ˣ)。`np.logaddexp(0, x)` 对任意 x 都精确。"),
    Text("Build a mask of the periods that were survived: s < t after an event, s ≤ t after a censoring, with s = 1 … T.",
         "构造「已存活时期」的掩码：有事件时 s < t，删失时 s ≤ t，s = 1 … T。"),
    Text("Sum over a customer's periods, then the mean over customers.", "先对一个客户的各期求和，再对客户求均值。"),
))
def hazard_nll(rng):
    extreme = Text("exact at logits of ±1000", "logit 为 ±1000 时仍然精确")
    yield case([[0., 0.], [0., 0.]], [2, 1], [1, 0])
    yield case([[1., -2., .5], [0., .25, -1.], [-.5, 2., 1.]], [3, 2, 1], [1, 0, 1])
    yield case([[.5, -1., 9.], [.5, -1., -700.], [1., 2., 3.]], [2, 2, 1], [1, 0, 1]).shows(
        Text("periods after t do not matter", "t 之后的时期没有影响"))
    yield case([[-1000., 1000., 0.], [-1000., -1000., 0.], [1000., -1000., 0.], [0., 1000., 5.]], [2, 2, 1, 2], [1, 1, 0, 0]).shows(extreme)
    yield case([[-1000., -1000.], [1000., 1.]], [2, 1], [0, 1]).shows(extreme)
    yield case(np.full((2, 400), 5.), [400, 399], [0, 1]).shows(
        Text("many periods: a product of probabilities is 0, its logarithm is not", "期数很多时概率乘积下溢为 0，而对数之和不会"))
    yield case([[.5, -1., 2.], [0., 1., -1.5]], [1, 1], [1, 0]).shows(
        Text("t = 1: an event at once, or one period survived", "t = 1：立刻发生事件，或存活了一期"))
    while True:
        n, T = int(rng.integers(3, 11)), int(rng.integers(3, 9))
        e = (rng.random(n) < .5).astype(int)
        e[:2] = 0, 1
        t = rng.integers(1, T + 1, n)
        t[:2] = rng.integers(1, T, 2)                           # some period after t in every case
        yield case(rng.normal(size=(n, T)) * 2, t, e)


@exercise(level="stretch", minutes=12, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("Which pairs can be ordered at all? We must know that i's event came before anything that happened to j.",
         "哪些对可以排序？必须确知 i 的事件早于 j 发生的任何事。"),
    Text("`(t[:, None] < t) & (e[:, None] == 1)` marks the comparable pairs (i, j); `risk[:, None] > risk` the concordant ones.",
         "`(t[:, None] < t) & (e[:, None] == 1)` 标出可比的对 (i, j)；`risk[:, None] > risk` 标出一致的对。"),
))
def c_index(rng):
    none = Text("no comparable pair: nan", "没有可比的对时返回 nan")
    yield case([2, 4, 5, 7], [1, 0, 1, 0], [3, 1, 2, 2])
    yield case([6, 1, 3, 3, 8], [1, 1, 1, 0, 1], [.25, .5, .75, .125, .5])
    yield case([1, 2, 3], [1, 1, 1], [4, 4, 1]).shows(Text("equal risks count one half", "风险相同计二分之一"))
    yield case([1, 5, 6], [0, 1, 1], [9, 2, 3]).shows(
        Text("a pair whose earlier time is a censoring is not comparable", "较早者是删失的对不可比"))
    yield case([3, 3, 5], [1, 1, 0], [1, 2, 0]).shows(Text("equal times are not comparable, whatever happened", "时间相同的对不可比，无论发生了什么"))
    yield case([3, 3, 5], [1, 0, 1], [1, 2, 0]).shows(Text("equal times are not comparable, whatever happened", "时间相同的对不可比，无论发生了什么"))
    yield case([1, 4], [1, 0], [1, 2]).shows(Text("an event before a censoring is comparable", "事件早于删失的对是可比的"))
    yield case([2, 3, 4], [0, 0, 1], [1, 2, 3]).shows(none)
    yield case([2, 2], [1, 1], [1, 2]).shows(none)
    while True:
        n = int(rng.integers(6, 16))
        t, e = rng.integers(1, 9, n), (rng.random(n) < .6).astype(int)
        t[:2], e[:2] = (1, 9), 1                                # at least one comparable pair
        yield case(t, e, rng.integers(0, 5, n) / 4)
