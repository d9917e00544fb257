"""The exercises of lesson 06: what an experiment says, what a log can say of another policy, whom to treat, and a policy put into the shop.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Where one comparison decides between two answers, the numbers are drawn so that rounding cannot.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from helpers.checks.deployment import make_plan, retains_at_least, shop_case
from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.language import Text
from helpers.shop import CLICK_BAIT, HELPS


# z is given with seven digits, so that the interval is judged to six: the exact quantile passes, 1.96 does not.
@exercise(level="core", minutes=12, points=15, short=True, uses=("numpy", "pandas"), judge=close(rtol=1e-6, atol=1e-6), cases=44, hints=(
    Text("Two groups of rows, and nothing else: `y[arm == treated]` and `y[arm == control]`. Who stands in neither is not in the question.",
         "只有两组行：`y[arm == treated]` 和 `y[arm == control]`。不属于这两组的行与问题无关。"),
    Text("Each mean has a variance of its own: `group.var(ddof=1) / len(group)`. Those two are added, and the root comes last.",
         "每个均值各有自己的方差：`group.var(ddof=1) / len(group)`。先把两个方差相加，最后开方。"),
    Text("low and high are the difference less and plus 1.959964 standard errors. Count the rows of each group first, and refuse fewer than two.",
         "low 和 high 是差值减、加 1.959964 个标准误。先数每组的行数，不足两行就报错。"),
))
def ate_ci(rng):
    others = Text("rows of all other arms are left out, however many and whatever they hold", "其他各组的行一律不用，无论多少、取值如何")
    sizes = Text("each arm's variance is divided by its own number of rows", "每组的方差除以各自的行数")
    amounts = Text("amounts of money, with a few large ones", "金额数据，含少数大额")
    fewer = Text("a lower mean under treatment is a negative difference", "处理组均值更低时，差值为负")
    still = Text("an arm whose values are all equal adds nothing to the error; two of them leave an interval of no width",
                 "一组的值全相同时不增加误差；两组都如此时区间宽度为 0")
    two = Text("two rows in each arm are enough", "每组两行就够")
    refused = Text("fewer than two rows in an arm, or a label nobody has, are refused", "某组不足两行，或标签不存在时报错")

    def told(groups, treated, control):
        y = np.concatenate([np.asarray(values, float) for values in groups.values()])
        arm = np.repeat(list(groups), [len(values) for values in groups.values()])
        mixed = np.random.default_rng(len(y)).permutation(len(y))       # arms do not come in blocks
        return case(y[mixed], arm[mixed], treated, control)

    yield told({"mail": [4, 6, 8], "none": [1, 3], "sms": [10]}, "mail", "none")
    yield told({"women": [1, 0, 1, 0, 0, 0], "men": [1, 1, 1, 0, 1], "none": [0, 0, 1, 0, 0, 0, 0]}, "women", "none")
    yield told({"A": [12.5, 0, 3, 40], "B": [0, 0, 7.5, 1, 2], "C": [90, 80, 0], "D": [5, 5, 6]}, "B", "D")
    yield told({"mail": [1, 0, 1, 1], "none": [0, 1, 0, 0, 0], "sms": [1, 1, 1, 1, 1, 1]}, "mail", "none").shows(others)
    yield told({"mail": [2, 0, 1, 5], "none": [0, 1, 0], "sms": [100, -50], "push": [30, 0, 0, 7, 9]}, "sms", "push").shows(others)
    yield told({"mail": [1, 0, 1, 1], "none": [0, 1, 0, 0, 0]}, "mail", "none").shows(others)
    yield told({"mail": [9, 1, 4], "none": [0, 1] * 12, "sms": [3, 3, 8]}, "mail", "none").shows(sizes)
    yield told({"mail": [0, 0, 0, 1] * 6, "none": [0, 30, 10], "sms": [3, 1]}, "mail", "none").shows(sizes)
    yield told({"mail": [0, 0, 250, 0, 19.9], "none": [0, 0, 4.5, 0, 0, 31], "sms": [7, 0, 0]}, "mail", "none").shows(amounts)
    yield told({"mail": [0, 1, 0, 0], "none": [1, 1, 0, 1, 1], "sms": [0, 0, 1]}, "mail", "none").shows(fewer)
    yield told({"mail": [-3, -5, -4.5], "none": [2, 1, 6], "sms": [0, 0]}, "mail", "none").shows(fewer)
    yield told({"mail": [1, 1, 1], "none": [0, 1, 0, 0], "sms": [4, 2]}, "mail", "none").shows(still)
    yield told({"mail": [1, 0, 1], "none": [0, 0, 0, 0], "sms": [4, 2]}, "mail", "none").shows(still)
    yield told({"mail": [3, 3], "none": [1, 1, 1], "sms": [0, 9]}, "mail", "none").shows(still)
    yield told({"mail": [3, 8], "none": [1, 2], "sms": [0, 9, 2]}, "mail", "none").shows(two)
    for wrong in ({"mail": [3], "none": [1, 2, 2], "sms": [0, 9, 2]}, {"mail": [3, 1, 4], "none": [1], "sms": [0, 9, 2]}):
        yield told(wrong, "mail", "none").raises(ValueError).shows(refused)
    for wrong in (("Mail", "none"), ("mail", "control")):
        yield told({"mail": [3, 1, 4], "none": [1, 2, 5], "sms": [0, 9, 2]}, *wrong).raises(ValueError).shows(refused)
    while True:
        arms = rng.permutation(["none", "men", "women", "both", "sms"])[:int(rng.integers(3, 5))]
        n = rng.integers(5, 40, len(arms))
        arm = rng.permutation(np.repeat(arms, n))
        at = np.searchsorted(np.sort(arms), arm)
        if rng.random() < .5:
            y = (rng.random(len(arm)) < rng.uniform(.2, .8, len(arms))[at]).astype(int)
        else:
            y = (rng.gamma(2, rng.uniform(2, 12, len(arms))[at]) * (rng.random(len(arm)) < .8)).round(2)
        yield case(y, arm, str(arms[0]), str(arms[1]))


@exercise(level="core", minutes=15, points=20, short=True, uses=("numpy",), judge=close(), cases=44, hints=(
    Text("A shopper's net is what the coupon is expected to bring less what it costs, and it costs in any case: `uplift * value - cost`.",
         "一位用户的净收益是优惠券的预期所得减去成本，而成本无论如何都要付：`uplift * value - cost`。"),
    Text("Whoever has a net of 0 or less is out at once. The others stand in order of net / cost: `np.argsort(-ratio, kind=\"stable\")` puts the "
         "lower id first among equals.",
         "净收益小于或等于 0 的先排除。其余按 net / cost 排序：`np.argsort(-ratio, kind=\"stable\")` 让相等者中编号小的在前。"),
    Text("Walk along that order with what is left of the budget. Who costs more than is left is passed over, and the walk goes on. Sort the ids at "
         "the end.",
         "沿这个顺序走，记住还剩多少预算。成本高于余额的跳过，继续往下走。最后把编号排序。"),
))
def target_under_budget(rng):
    harmed = Text("who is driven away, or gains less than the coupon costs, is never treated, however much budget is left",
                  "会被赶走的、或所得不及券成本的用户绝不发券，无论预算剩多少")
    nought = Text("a net of exactly 0 is not worth a coupon", "净收益恰为 0 的不值得发券")
    goes_on = Text("who does not fit is passed over, and cheaper ones after them are still taken", "放不下的跳过，后面更便宜的仍可选入")
    exact = Text("a coupon that uses up the budget exactly still fits", "恰好用完预算的也算放得下")
    ties = Text("of equal net per cost the lower id is asked first", "单位成本净收益相等时，编号小的优先")
    greedy = Text("greedy, even where another set would earn more", "按贪心选，即使另一组合收益更高")
    nobody = Text("nobody worth a coupon, or no budget: an empty answer", "没有值得发券的人，或没有预算：返回空")
    everybody = Text("a budget for all: everybody whose net is above 0", "预算足够时：所有净收益大于 0 的人")
    refused = Text("a cost of 0 or less, and a budget below 0, are refused", "成本小于或等于 0、预算小于 0 时报错")

    def told(uplift, value, cost, budget):
        return case(np.array(uplift, float), np.array(value, float), np.array(cost, float), budget)

    yield told([.25, .125, .5, -.125], [20, 40, 4, 80], [2, 1, 1, 1], 2.)
    yield told([.5, .0625, .25, .125, .1875, -.25], [6, 64, 40, 8, 32, 8], [1, 2, 4, 2, 1, 1], 4.)
    yield told([.125, .25, .0625, .5, .375, .25, .125], [8, 20, 96, 4, 16, 32, 40], [.5, 2, 1.5, 1, 2.5, 4, 2], 6.)
    yield told([-.25, .0625, .25, .5], [40, 8, 16, 1], [1, 1, 2, 1], 50.).shows(harmed)
    yield told([.125, -.5, .125, .25], [4, 8, 40, 2], [1, 1, 3, 1], 5.).shows(harmed)
    yield told([.25, .25, .5], [8, 12, 4], [2, 2, 2], 10.).shows(nought)
    yield told([.5, .5, .25, .25], [20, 16, 12, 10], [3, 4, 1, 2], 5.).shows(goes_on)
    yield told([.5, .25, .25], [40, 40, 8], [8, 3, 1], 4.).shows(goes_on)
    yield told([.25, .25, .25], [40, 32, 24], [2, 1.5, 1], 3.5).shows(exact)
    yield told([.5], [4], [1], 1.).shows(exact)
    yield told([.25, .5, .125, .25], [16, 8, 64, 32], [1, 1, 2, 2], 2.).shows(ties)
    yield told([.25] * 5, [16] * 5, [2] * 5, 6.).shows(ties)
    yield told([.25] * 30, [16, 8, 24] * 10, [1, .5, 1.5] * 10, 12.).shows(ties)
    yield told([.5, .5], [5, 40], [1, 10], 10.).shows(greedy)
    yield told([.5, .25, .25], [16, 25, 25], [3, 2.5, 2.5], 5.).shows(greedy)
    yield told([-.25, .0625, 0], [40, 8, 16], [1, 1, 2], 50.).shows(nobody)
    yield told([.25, .5], [40, 16], [1, 2], 0.).shows(nobody)
    yield told([.5, -.125, .25, .375, .0625], [16, 20, 32, 8, 64], [3, 1, 2, 1, 2], 100.).shows(everybody)
    for cost, budget in (([1, 0, 2], 3.), ([1, -1, 2], 3.), ([1, 1, 2], -1.)):
        yield told([.25, .5, .125], [16, 8, 64], cost, budget).raises(ValueError).shows(refused)
    while True:
        n = int(rng.integers(7, 11))
        # Sixteenths, whole numbers and halves: every net is exact, and equal ratios are equal as floats.
        uplift, value, cost = rng.integers(-3, 9, n) / 16, rng.integers(4, 60, n).astype(float), rng.integers(1, 9, n) / 2
        like, other = rng.choice(n, 2, replace=False)
        uplift[like], value[like], cost[like] = uplift[other], value[other], cost[other]
        worth = cost[uplift * value > cost].sum()
        yield case(uplift, value, cost, float(np.floor(2 * worth * rng.uniform(.25, .75)) / 2))


@exercise(level="core", minutes=15, points=20, short=True, uses=("numpy",), functions=("ips", "snips"), judge=close(rtol=1e-9), cases=50, hints=(
    Text("A row's weight says how much more often the new policy would show this than the old one did: `p_new / p_log`.",
         "一行的权重表示新策略展示它的概率是旧策略的多少倍：`p_new / p_log`。"),
    Text("Both add up reward times weight. `ips` divides by the number of rows, all of them; `snips` by the sum of the weights.",
         "两者都先求 reward 乘权重之和。`ips` 除以全部行数；`snips` 除以权重之和。"),
    Text("Check p_log before you divide: `if not ((p_log > 0) & (p_log <= 1)).all()`. In `snips` a sum of weights of 0 has no answer: `math.nan`.",
         "相除之前先检查 p_log：`if not ((p_log > 0) & (p_log <= 1)).all()`。`snips` 的权重之和为 0 时没有答案：返回 `math.nan`。"),
))
def ips(rng):
    whole = Text("weights are not clipped, however large", "权重再大也不截断")
    never = Text("ips: what the new policy never shows weighs 0 and still counts as a row", "ips：新策略从不展示的行权重为 0，但仍计入行数")
    same = Text("the same policy again: the mean of the rewards", "新旧策略相同时：就是奖励的均值")
    signs = Text("rewards may be amounts, and negative", "奖励可以是金额，也可以为负")
    sure = Text("p_log of exactly 1 is allowed", "p_log 恰为 1 是允许的")
    none = Text("nothing the new policy would show: ips is 0", "新策略一行都不会展示：ips 为 0")
    nothing = Text("nothing the new policy would show: snips is nan", "新策略一行都不会展示：snips 为 nan")
    constant = Text("snips of rewards that are all equal is that reward", "奖励全相同时 snips 就等于它")
    refused = Text("ips: p_log of 0, below 0 or above 1 is refused, also where p_new is 0", "ips：p_log 为 0、小于 0 或大于 1 时报错，p_new 为 0 也不例外")
    refused_too = Text("snips: p_log of 0, below 0 or above 1 is refused, also where p_new is 0",
                       "snips：p_log 为 0、小于 0 或大于 1 时报错，p_new 为 0 也不例外")

    def told(reward, p_log, p_new, to="ips"):
        return case(np.array(reward, float), np.array(p_log, float), np.array(p_new, float)).to(to)

    for to in ("ips", "snips"):
        yield told([1, 0, 1, 0], [.5, .5, .25, .5], [.25, .5, .5, 0], to)
        yield told([0, 1, 0, 0, 1], [.8, .1, .4, .05, .6], [.2, .7, .4, .3, 0], to)
        yield told([2.5, 0, -1, 4], [.3, .9, .02, .7], [.6, .3, .9, .1], to)
    for to in ("ips", "snips"):
        yield told([1, 0, 1], [.01, .5, .5], [.9, .5, .5], to).shows(whole)
        yield told([0, 1, 1, 0], [.002, .5, .25, .9], [.4, .5, .75, .1], to).shows(whole)
        yield told([1, 0, 0, 1], [.25, .5, .75, .05], [.25, .5, .75, .05], to).shows(same)
        yield told([-2, 7.5, 0, -.5], [.25, .5, .75, .5], [.5, .25, .5, .75], to).shows(signs)
        yield told([1, 0, 1], [1, 1, .5], [.25, .5, .75], to).shows(sure)
    yield told([1, 1, 0, 1], [.5, .25, .5, .75], [0, .5, 0, 0]).shows(never)
    yield told([1, 1, 0], [.5, .25, .5], [0, 0, 0]).shows(none)
    yield told([1, 1, 0], [.5, .25, .5], [0, 0, 0], "snips").shows(nothing)
    yield told([3, 3, 3, 3], [.5, .25, .1, .75], [.25, .75, .5, .125], "snips").shows(constant)
    for to, rule in (("ips", refused), ("snips", refused_too)):
        for wrong in ([.5, 0, .25], [.5, -.25, .25], [.5, 1.25, .25]):
            yield told([1, 0, 1], wrong, [.5, .5, .5], to).raises(ValueError).shows(rule)
        yield told([1, 1, 0], [.5, 0, .5], [.5, 0, .25], to).raises(ValueError).shows(rule)
    while True:
        n = int(rng.integers(8, 30))
        p_log = np.where(rng.random(n) < .3, rng.uniform(.005, .05, n), rng.uniform(.05, .95, n)).round(3)
        p_new = (rng.uniform(.05, .95, n) * (rng.random(n) < .8)).round(3)
        reward = (rng.random(n) < .4).astype(int) if rng.random() < .6 else (rng.gamma(2, 3, n) * rng.choice([-1, 0, 1, 1], n)).round(2)
        # One rare exposure that the new policy likes and that was rewarded: clipping it, or raising its propensity, shows.
        p_log[0], p_new[0], reward[0] = .01, .6, 1
        reward[1], p_log[1], p_new[1], reward[2], p_new[2] = 0, .5, .75, 2, 0
        order = rng.permutation(n)
        yield case(reward[order], p_log[order], p_new[order]).to("snips" if rng.random() < .5 else "ips")


@exercise(level="core", minutes=13, points=15, uses=("numpy", "pandas"), judge=close(rtol=1e-8), cases=44, hints=(
    Text("theta is the slope of a line through all rows, both arms as one sample: how much more y goes with one more x.",
         "theta 是把两组当作一个样本时、穿过所有行的直线斜率：x 多 1，y 平均多多少。"),
    Text("`np.cov(x, y)` is 2 × 2 and uses ddof=1; `np.var(x)` uses ddof=0 unless told otherwise. Take both from one table: `C = np.cov(x, y)`, "
         "theta = `C[0, 1] / C[0, 0]`.",
         "`np.cov(x, y)` 是 2 × 2 的，用 ddof=1；`np.var(x)` 默认却是 ddof=0。两者取自同一张表：`C = np.cov(x, y)`，theta = `C[0, 1] / C[0, 0]`。"),
    Text("Take from each y what x foretold, `y - theta * (x - x.mean())`, with the one mean of all rows. Then it is `ate_ci` again: two means, and the "
         "root of two variances over their own n.",
         "从每个 y 中减去 x 预示的部分：`y - theta * (x - x.mean())`，均值取全体的。之后又是 `ate_ci`：两个均值，以及两个方差各除以自己的 n 之和的平方根。"),
))
def cuped(rng):
    flat = Text("x is the same for all: theta is 0, and nothing is adjusted", "x 全相同：theta 为 0，不作调整")
    against = Text("more x goes with less y: theta is negative", "x 越大 y 越小：theta 为负")
    units = Text("x in other units, or a constant added to it, changes nothing", "x 换单位或整体加常数，结果不变")
    perfect = Text("x foretells y exactly and the arms are alike in x: no error is left", "x 完全预示 y 且两组 x 相同：误差为 0")
    sizes = Text("arms of very different size", "两组大小悬殊")
    two = Text("two rows in each arm are enough", "每组两行就够")
    refused = Text("fewer than two rows in an arm are refused", "某组不足两行时报错")

    def told(y, x, t):
        return case(np.array(y, float), np.array(x, float), np.array(t))

    yield told([3, 7, 1, 3], [1, 3, 0, 2], [1, 1, 0, 0])
    yield told([2, 0, 5, 9, 1, 4, 3], [1, 0, 2, 6, 1, 3, 0], [0, 1, 1, 0, 0, 1, 0])
    yield told([0, 3.5, 1, 8, 2, 2, 6, .5], [0, 2, 1, 3, 4, 1, 5, 0], [1, 1, 0, 1, 0, 0, 1, 1])
    yield told([3, 8, 1, 2, 4], [2, 2, 2, 2, 2], [1, 1, 0, 0, 0]).shows(flat)
    yield told([1, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1]).shows(flat)
    yield told([9, 4, 6, 1, 3, 8], [0, 3, 1, 5, 6, 2], [1, 0, 1, 0, 1, 0]).shows(against)
    y, x, t = [4, 9, 1, 6, 2, 7], np.array([1, 4, 0, 2, 1, 5]), [1, 1, 0, 1, 0, 0]
    for other in (x, 60 * x, x / 100, x - 3, -.25 * x + 100):
        yield told(y, other, t).shows(units)
    yield told([1, 5, 9, 6, 10, 14], [0, 2, 4, 0, 2, 4], [0, 0, 0, 1, 1, 1]).shows(perfect)
    yield told([3, 5, *[1, 0, 2, 4, 1, 3] * 4], [2, 7, *[1, 0, 1, 5, 2, 2] * 4], [1, 1, *[0] * 24]).shows(sizes)
    yield told([*[1, 0, 2, 4, 1, 3] * 4, 3, 9, 2], [*[1, 0, 1, 5, 2, 2] * 4, 2, 7, 1], [*[1] * 24, 0, 0, 0]).shows(sizes)
    yield told([2, 6, 3, 4], [1, 0, 4, 2], [0, 1, 1, 0]).shows(two)
    for wrong in ([1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]):
        yield told([3, 7, 1, 3], [1, 3, 0, 2], wrong).raises(ValueError).shows(refused)
    while True:
        n = rng.integers(5, 40, 2)
        t = rng.permutation(np.repeat([0, 1], n))
        x = rng.poisson(rng.gamma(1.5, 3, len(t))).astype(float)
        x[:2] += [1, 4]                                             # never all the same
        # The arms differ in their spread, their size and how y hangs on x: else pooled, Welch and one arm's theta are nearly one.
        y = rng.uniform(.3, 1.2, 2)[t] * x + rng.normal(0, rng.uniform(1, 4, 2)[t]) + t * rng.normal(0, 2)
        yield case(y.round(3), x + rng.integers(0, 2) * rng.integers(1, 20), t)


SHOP = {"shoppers": 10_000, "days": 164, "items": 1000, "coupon_rate": 4.0}
"""Of the capstone's worlds. Their coupons bring the persuadable 4 times as often and not 2.5 times: in the shop's own strength one trial of six
coupons tells too little of who responds."""


@exercise(level="core", minutes=30, points=30, uses=("numpy", "pandas", "scipy", "sklearn"), cases=2, call=make_plan,
          judge=retains_at_least(shown=.05, sent=.15), hints=(
              Text("Two questions, two answers. What to show: what did this shopper look for without being tempted? Whom to send: not who is likely to "
                   "stay away, but whom the trial shows to come because of a coupon.",
                   "两个问题，两个答案。展示什么：这位顾客在没有被引诱时找过什么？给谁发券：不是谁可能不再来，而是试验显示谁会因为券而来。"),
              Text("Slates: the share of a shopper's searches that went to each category, times how often an item is searched by all, plus something for "
                   "the items this shopper searched before. Then look at the titles with the best click rates of `shop_data(2)`: would you keep them?",
                   "展示：该顾客的搜索落在各类目的比例，乘以商品被所有人搜索的次数，再给他搜索过的商品加一点分。"
                   "然后看看 `shop_data(2)` 中点击率最高的标题：你会保留它们吗？"),
              Text("Coupons: count for each shopper the days and the visits under a coupon and without one, from the day after the first visit. A rate "
                   "of few days is mostly luck: (visits + 1) / (days + 1 / own rate) pulls it towards the shopper's own rate over all days. "
                   "(Whose own rate is 0 has come once: leave them out, or give them everybody's.)",
                   "优惠券：对每位顾客，从首次来访的次日起，分别数有券与无券的天数和来访次数。天数少时比率多半是运气："
                   "(来访次数 + 1) / (天数 + 1 / 本人总比率) 把它拉向该顾客所有日子的比率。"
                   "（只来过一次的人自身比率为 0：不选，或改用全体的比率。）"),
              Text("What counts is to be there at all within a fortnight: exp(−14 · rate without) − exp(−14 · rate with). It is small for who comes "
                   "anyway and for who never comes. The `budget` largest get coupons.",
                   "关键是两周内来不来：exp(−14·无券比率) − exp(−14·有券比率)。本来就来的人和从不来的人，这个值都小。取最大的 `budget` 人发券。"),
          ))
def retention_policy(rng):
    # Shares of the oracle's gain. Seed 0, shop 1 and shop 2, with the reference's other half:
    #   shown (bound .05): reference .15 .20, alternates .14 to .21; popular 0 0, best click rate .06 -.89, most clicked .04 -.84,
    #     rows out of order -.05 .01, lowest first -.08 -.02, at random -.07 -.06, one for all -.05 -.41
    #   sent (bound .15): reference .37 .38, alternates .30 to .42; nobody 0 0, risk .04 .01, longest silent .03 .00, most active -.06 .04,
    #     most recent -.01 .13, by lot .03 .05, wrong sign -.12 -.04
    # Seeds 0, 1 and 1000 to 1003, twelve shops, slates by item neighbours: the reference's rule of coupons .28 to .43, a plain difference of two
    # rates .21 to .37; risk .00 to .04, by lot .00 to .09, most active -.06 to .10, most recent -.01 to .18, but in each seed one shop below .11.
    # Seeds 1001 to 1010, twenty shops: the reference .30 to .42, alternates .23 to .43; most recent -.12 to .12, by lot .00 to .12, most active -.16 to .08.
    # One share's own luck has a standard deviation of about .02 (shown) and .05 (sent): a single shop of 10,000, lived once.
    for number, world in enumerate((HELPS, CLICK_BAIT), start=1):
        yield shop_case(replace(world, **SHOP), rng, int(rng.integers(9, 12)) * 100, number)


@exercise(level="more", minutes=15, uses=("numpy",), judge=close(rtol=1e-8), cases=40, hints=(
    Text("Write a ridge for one arm first: rows of the arm in, a function of X_new out. Call it twice and subtract.",
         "先写一个组的岭回归：输入该组的行，输出 X_new 上的预测。调用两次再相减。"),
    Text("An intercept that is not penalised: subtract the arm's own means from X and y, solve (XᵀX + l2·I) w = Xᵀy, and the intercept is "
         "mean(y) − mean(X)·w.",
         "不惩罚截距：用该组自己的均值中心化 X 和 y，解 (XᵀX + l2·I) w = Xᵀy，截距等于 mean(y) − mean(X)·w。"),
    Text("For new rows the means are still those of training: `y_mean + (X_new - X_mean) @ w`.",
         "对新行仍用训练时的均值：`y_mean + (X_new - X_mean) @ w`。"),
))
def t_learner(rng):
    single = Text("an arm of one row predicts its y for everybody", "只有一行的组对所有人都预测它的 y")
    free = Text("a constant added to y of one arm moves the uplift by that constant: the intercept is free",
                "给某组的 y 加常数，增益就平移该常数：截距不受惩罚")
    units = Text("columns are used in their own units", "各列按原单位使用")
    wide = Text("more columns than rows in an arm", "列数多于某组的行数")
    copied = Text("a column that stands there twice", "同一列出现两次")
    nobody = Text("nobody new: an empty array", "没有新用户：空数组")
    one = Text("a shopper's uplift does not depend on who else is in X_new", "一个用户的增益与 X_new 中还有谁无关")
    refused = Text("an empty arm and l2 not above 0 are refused", "某组为空、l2 不大于 0 会报错")

    def table(n, d):
        return rng.normal(0, 1.2, (n, d)).round(2), rng.normal(1, 1.5, n).round(2)

    X = [[0.], [2.], [0.], [2.]]
    yield case(X, [1., 3., 1., 1.], [1, 1, 0, 0], [[1.], [3.]], 2.)
    yield case(np.array([[1., 0.], [2., 1.], [0., 3.], [1., 1.], [4., 0.], [2., 2.], [0., 1.]]), np.array([1., 3., 2., 0., 5., 1., 1.]),
               np.array([1, 1, 1, 0, 1, 0, 0]), np.array([[1., 2.], [3., 0.], [0., 0.]]), 1.5)
    yield case([[1., 2.], [3., 1.], [0., 4.], [2., 2.]], [4., 1., 2., 5.], [0, 1, 0, 0], [[0., 0.], [5., 1.]], .5).shows(single)
    yield case([[1.], [4.]], [2., 7.], [1, 0], [[3.], [-2.], [0.]], 1.).shows(single)
    X, y = table(9, 2)
    t, new = np.array([1, 0, 0, 1, 1, 0, 1, 0, 0]), table(4, 2)[0]
    for constant in (0., 30.):
        yield case(X, y + constant * t, t, new, 2.).shows(free)
    yield case(X * [1., 40.], y, t, new * [1., 40.], 3.).shows(units)
    yield case(*table(5, 4), [1, 1, 0, 0, 0], table(3, 4)[0], .7).shows(wide)
    twice = np.column_stack([X, X[:, 0]])
    yield case(twice, y, t, np.column_stack([new, new[:, 0]]), 1.).shows(copied)
    yield case(X, y, t, np.empty((0, 2)), 1.).shows(nobody)
    yield case(X, y, t, new[:1], 2.).shows(one)
    yield case(X, y, t, np.vstack([new[:1], new[1:] + 9]), 2.).shows(one)
    yield case(X.tolist(), y.tolist(), [1] * 9, new.tolist(), 1.).raises(ValueError).shows(refused)
    yield case(X, y, np.zeros(9, int), new, 1.).raises(ValueError).shows(refused)
    yield case(X, y, t, new, 0.).raises(ValueError).shows(refused)
    yield case(X, y, t, new, -1.).raises(ValueError).shows(refused)
    while True:
        d = int(rng.integers(1, 5))
        sizes = rng.permutation([int(rng.integers(3, 9)), int(rng.integers(10, 20))])         # one arm is the smaller by far
        t = rng.permutation(np.repeat([0, 1], sizes))
        X = (rng.normal(0, 1, (len(t), d)) * rng.choice([.5, 1, 3], d) + rng.normal(0, 2, d) + .8 * t[:, None]).round(2)
        y = (1 + X @ rng.normal(0, 1, d) + t * (.8 + X @ rng.normal(0, .6, d)) + rng.normal(0, .5, len(t))).round(2)
        new = rng.normal(0, 2, (int(rng.integers(2, 7)), d)).round(2)
        l2 = round(float(rng.uniform(.4, 9)), 2)
        arguments = (X, y, t.astype(bool) if rng.random() < .3 else t, new)
        yield case(*(each.tolist() for each in arguments), l2) if rng.random() < .3 else case(*arguments, l2)


@exercise(level="more", minutes=15, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=44, hints=(
    Text("Sort once, highest score first, and take four running sums: treated rows, control rows, and the sum of y in each.",
         "只排一次序（分数高的在前），然后求四个累计和：干预组行数、对照组行数，以及各组 y 之和。"),
    Text("Keep only the last row of each block of equal scores: `np.flatnonzero(np.append(np.diff(s) != 0, True))` on the sorted scores.",
         "每块同分只保留最后一行：对排好序的分数用 `np.flatnonzero(np.append(np.diff(s) != 0, True))`。"),
    Text("Before the first control row: `np.where(n_c > 0, Y_c * n_t / np.maximum(n_c, 1), 0)`. Then put a 0 in front of both arrays.",
         "还没有对照组行时：`np.where(n_c > 0, Y_c * n_t / np.maximum(n_c, 1), 0)`。最后在两个数组前面各补一个 0。"),
))
def qini_curve(rng):
    tied = Text("equal scores are one block: one point, whatever the order of the rows", "同分是一块：只有一个点，与行的次序无关")
    constant = Text("one score for all: two points, a straight line", "所有人同分：两个点，一条直线")
    monotone = Text("only the order of the scores matters", "只有分数的次序起作用")
    nobody = Text("as long as there is no control row, nothing is subtracted", "还没有对照组的行时，不减去任何东西")
    alone = Text("an arm without rows: its sum is 0 all along", "某组没有任何行：它的和始终为 0")
    amounts = Text("y may be any number: amounts, also below 0", "y 可以是任意数：金额，也可为负")
    exact = Text("only exactly equal scores are one block", "只有完全相等的分数才算一块")
    refused = Text("a score that is nan is refused", "分数为 nan 时报错")
    yield case([1, 1, 1, 0], [1, 0, 1, 0], [.9, .7, .7, .2])
    yield case(np.array([0, 1, 0, 1, 1, 0, 1]), np.array([0, 1, 1, 0, 1, 0, 1]), np.array([.1, .8, .4, .6, .9, .3, .5]))
    y, t = np.array([1, 0, 1, 1, 0, 0, 1, 1]), np.array([1, 0, 0, 1, 1, 0, 1, 0])
    score = np.array([2., 2., 1., 2., 1., 3., 3., 1.])
    for order in (np.arange(8), np.arange(8)[::-1]):
        yield case(y[order], t[order], score[order]).shows(tied)
    yield case(y, t, np.zeros(8)).shows(constant)
    yield case([1., 0., 1.], [0, 1, 1], [-2., -2., -2.]).shows(constant)
    yield case(y, t, np.array([.9, .2, -.4, 1.5, -2., 3., 0., -1.])).shows(monotone)
    yield case(y, t, np.exp(np.array([.9, .2, -.4, 1.5, -2., 3., 0., -1.]) * 4).round(6)).shows(monotone)
    yield case([1, 0, 1, 0, 1], [1, 1, 1, 0, 0], [9., 8., 7., 6., 5.]).shows(nobody)
    yield case([1, 1, 0, 1], [1, 1, 0, 0], [4., 4., 2., 1.]).shows(nobody)
    yield case([1, 0, 1], [1, 1, 1], [.3, .2, .1]).shows(alone)
    yield case([1, 0, 1], [0, 0, 0], [.3, .1, .2]).shows(alone)
    yield case([12.5, -3., 0., 7., 4.], [1, 0, 1, 0, 1], [.5, .4, .3, .2, .1]).shows(amounts)
    yield case([1, 0, 1, 1], [1, 0, 1, 0], [.5, .5 + 1e-10, .5, .5 - 1e-10]).shows(exact)
    yield case([1, 0, 1], [1, 0, 1], [.5, float("nan"), .1]).raises(ValueError).shows(refused)
    yield case(y, t, np.where(np.arange(8) == 0, np.nan, score)).raises(ValueError).shows(refused)
    while True:
        n = int(rng.integers(10, 30))
        t = (rng.random(n) < rng.choice([.3, .5, .65])).astype(int)
        t[:4] = 1, 0, 1, 0
        # Few levels, so that there are ties, and the highest above all others: it has a treated row alone.
        score = rng.integers(-6, 7, n) / 4
        score[0] = 2.
        y = rng.integers(0, 2, n) if rng.random() < .5 else (rng.normal(1, 3, n)).round(1)
        y[:4] = 1, 1, 0, 1
        y, t, score = (each[order] for order in [rng.permutation(n)] for each in (y, t, score))
        kind = rng.random()
        yield case(y.tolist(), t.tolist(), score.tolist()) if kind < .3 else case(y, t.astype(bool) if kind < .5 else t, score)


@exercise(level="more", minutes=15, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("One number a row, and at the end their mean. Start with what the model says under the policy: pi · mu1 + (1 − pi) · mu0.",
         "每行一个数，最后取均值。先写模型在该策略下的预测：pi · mu1 + (1 − pi) · mu0。"),
    Text("What really happened corrects it: y less the prediction *of the arm the row was in*, times the chance that the policy does this over the "
         "chance that the log did it.",
         "再用实际结果修正：y 减去*该行所在组*的预测，乘以「策略这么做的概率 / 日志这么做的概率」。"),
    Text("For a treated row the weight is pi / e, for a control row (1 − pi) / (1 − e). The standard error is that of a mean: "
         "`terms.std(ddof=1) / sqrt(n)`.",
         "干预组行的权重是 pi / e，对照组行是 (1 − pi) / (1 − e)。标准误就是均值的标准误：`terms.std(ddof=1) / sqrt(n)`。"),
))
def policy_value(rng):
    nobody = Text("pi = 0: what would happen if nobody were treated", "pi = 0：如果谁都不干预会怎样")
    everybody = Text("pi = 1: what would happen if everybody were treated", "pi = 1：如果人人都干预会怎样")
    perfect = Text("predictions that are right in the arm a row was in: no correction", "在该行所在组上预测全对：没有修正")
    blank = Text("predictions of 0: plain inverse propensity weighting", "预测全为 0：就是普通的逆倾向加权")
    lot = Text("a policy that draws lots: pi between 0 and 1", "抽签的策略：pi 介于 0 和 1")
    rare = Text("a rare action weighs much, uncapped", "罕见动作的权重很大，不截断")
    shared = Text("e and pi may be one number for all", "e 和 pi 可以是所有行共用的一个数")
    two = Text("two rows are enough", "两行就够")
    refused = Text("e outside of 0 to 1, or at the ends, pi outside of 0 to 1, and a single row are refused",
                   "e 不在 (0, 1) 内、pi 不在 [0, 1] 内、只有一行会报错")

    def log(n):
        t = rng.permutation(np.resize([1, 0, 1], n))
        e = rng.choice([.2, .35, .6, .75], n)
        return (rng.integers(0, 2, n) if rng.random() < .5 else rng.normal(2, 2, n).round(1)), t, e, rng.uniform(.1, .5, n).round(2), \
            rng.uniform(.4, 1.2, n).round(2)

    yield case([1, 0, 1], [1, 0, 1], [.8, .5, .5], [1, 0, 0], [.2, .4, .2], [.6, .5, .7])
    yield case(np.array([3., 0., 5., 1., 2.]), np.array([1, 0, 0, 1, 1]), np.array([.4, .25, .5, .8, .2]), np.array([1, 1, 0, 0, 1]),
               np.array([1., .5, 4., 1.5, 1.]), np.array([2., 1., 5., 1.5, 3.]))
    for share, rule in ((0, nobody), (1, everybody)):
        for n in (6, 9):
            y, t, e, mu0, mu1 = log(n)
            yield case(y, t, e, np.full(n, share), mu0, mu1).shows(rule)
    y, t, e, mu0, mu1 = log(7)
    yield case(y, t, e, np.array([1, 1, 0, 0, 1, 0, 1]), np.where(t == 0, y, mu0), np.where(t == 1, y, mu1)).shows(perfect)
    yield case(y, t, e, np.array([1, 0, 0, 1, 1, 1, 0]), np.zeros(7), np.zeros(7)).shows(blank)
    yield case(y, t, e, np.array([.25, .5, .75, .9, .1, .3, .6]), mu0, mu1).shows(lot)
    yield case([9., 1., 2., 0.], [1, 0, 1, 0], [.01, .5, .5, .98], [1, 0, 1, 0], [1., 1.5, .5, 2.], [3., 1., 2.5, 1.]).shows(rare)
    yield case([9., 1., 2., 0.], [1, 0, 1, 0], .3, [1, 0, 1, 1], [1., 1.5, .5, 2.], [3., 1., 2.5, 1.]).shows(shared)
    yield case(y, t, .5, .4, mu0, mu1).shows(shared)
    yield case([2., 0.], [1, 0], [.4, .3], [1, 1], [.5, 1.], [1.5, 2.]).shows(two)
    for e_bad in (0., 1., -.2, 1.5):
        yield case([1, 0, 1], [1, 0, 1], [.5, e_bad, .5], [1, 0, 0], [.2, .4, .2], [.6, .5, .7]).raises(ValueError).shows(refused)
    for pi_bad in (-.1, 1.2):
        yield case([1, 0, 1], [1, 0, 1], [.5, .4, .5], [1, pi_bad, 0], [.2, .4, .2], [.6, .5, .7]).raises(ValueError).shows(refused)
    yield case([1], [1], [.5], [1], [.2], [.6]).raises(ValueError).shows(refused)
    while True:
        n = int(rng.integers(6, 25))
        y, t, e, mu0, mu1 = log(n)
        kind = rng.random()
        pi = rng.uniform(0, 1, n).round(2) if kind < .4 else rng.permutation(np.resize([1, 0, 0, 1, 1], n))
        if .4 <= kind < .6:
            pi = pi.astype(bool)
        arguments = (y, t, e, pi, mu0, mu1)
        yield case(*(each.tolist() for each in arguments)) if rng.random() < .3 else case(*arguments)


def _power_clear(p0: float, mde: float, alpha: float, power: float) -> bool:
    """Whether the number of shoppers is well away from a whole one and not tiny, so that rounding decides nothing by chance."""
    z = NormalDist().inv_cdf
    n = (z(1 - alpha / 2) + z(power)) ** 2 * (p0 * (1 - p0) + (p0 + mde) * (1 - p0 - mde)) / mde ** 2
    return n > 30 and .02 < n % 1 < .98


@exercise(level="more", minutes=10, uses=("numpy", "scipy"), judge=close(rtol=0, atol=0), cases=44, hints=(
    Text("The difference of two shares has the variance (p0·(1 − p0) + p1·(1 − p1)) / n. The lift must be z(1 − alpha/2) + z(power) of its "
         "standard errors. Solve for n.",
         "两个比例之差的方差是 (p0·(1 − p0) + p1·(1 − p1)) / n。提升量要等于 z(1 − alpha/2) + z(power) 个标准误。解出 n。"),
    Text("`scipy.stats.norm.ppf` or `statistics.NormalDist().inv_cdf` gives z. `math.ceil` at the very end, once.",
         "z 用 `scipy.stats.norm.ppf` 或 `statistics.NormalDist().inv_cdf`。最后只用一次 `math.ceil`。"),
))
def power_n(rng):
    usual = Text("alpha is .05 and power .8 where they are not given", "不给出时 alpha 为 .05，power 为 .8")
    down = Text("mde below 0: a loss that must be seen, with the variance of the lower share", "mde 为负：要看到的是下降，方差按较低的比例计算")
    strict = Text("a smaller alpha needs more shoppers", "alpha 越小，需要的用户越多")
    sure = Text("more power needs more shoppers", "功效越高，需要的用户越多")
    far = Text("each share has its own variance: a lift from .1 is not a lift from .5", "两个比例各有方差：从 .1 起的提升与从 .5 起的不同")
    rare = Text("rare events and small lifts: millions", "罕见事件、微小提升：上百万")
    refused = Text("shares outside of 0 to 1 or at the ends, mde = 0, and not 0 < alpha < power < 1 are refused",
                   "比例不在 (0, 1) 内、mde = 0、不满足 0 < alpha < power < 1 会报错")
    yield case(.3, .02)
    yield case(.12, .03, .1, .9)
    yield case(.45, .015).shows(usual)
    yield case(.08, .01, power=.9).shows(usual)
    yield case(.08, .01, alpha=.01).shows(usual)
    yield case(.3, -.02).shows(down)
    yield case(.12, -.04, .05, .8).shows(down)
    yield case(.3, .02, .01, .8).shows(strict)
    yield case(.3, .02, .2, .8).shows(strict)
    yield case(.3, .02, .05, .95).shows(sure)
    yield case(.3, .02, .05, .35).shows(sure)
    yield case(.1, .31, .01, .9).shows(far)
    yield case(.5, .31, .01, .9).shows(far)
    yield case(.004, .0002).shows(rare)
    yield case(.02, -.0003, .01, .95).shows(rare)
    for wrong in ((0., .1), (1., -.1), (.9, .1), (.95, .2), (.2, -.2), (.2, -.3), (.3, 0.), (.3, .1, 0., .8), (.3, .1, .05, 1.), (.3, .1, .5, .4),
                  (.3, .1, .2, .2), (-.1, .3)):
        yield case(*wrong).raises(ValueError).shows(refused)
    while True:
        p0 = round(float(rng.uniform(.03, .8)), 3)
        mde = round(float(rng.choice([-1, 1, 1]) * p0 * (1 - p0) * rng.uniform(.03, .5)), 4)
        alpha, power = float(rng.choice([.01, .05, .1, .2])), float(rng.choice([.7, .8, .9, .95]))
        if mde and _power_clear(p0, mde, alpha, power):
            yield case(p0, mde, alpha, power)


@exercise(level="stretch", minutes=20, uses=("numpy", "sklearn"), judge=close(rtol=1e-7, atol=1e-9), cases=42, hints=(
    Text("One helper does all four fits: `fit(X, y)` returns the weights and the intercept of a ridge. Centre X and y by the means of the rows it "
         "is given, solve for the weights, and b = mean of y − mean of X · w. Then l2 never touches b.",
         "四次拟合用同一个函数：`fit(X, y)` 返回岭回归的权重和截距。用所给行的均值把 X 和 y 中心化，解出权重，再令 b = y 的均值 − X 的均值 · w。"
         "这样 l2 不会作用于 b。"),
    Text("For each row one of the two outcomes is known. The other arm's model supplies the missing one: treated y − μ0(x), control μ1(x) − y. Both "
         "are «with less without».",
         "每一行只知道两个结果之一，缺的那个由另一组的模型给出：处理组 y − μ0(x)，对照组 μ1(x) − y。两者都是「有减无」。"),
    Text("Few treated: e is small. Their effects were found with the model of the many controls, so trust τ1 more: it weighs 1 − e, and τ0 weighs e.",
         "处理组人少时 e 很小。他们的效应借助了人数众多的对照组的模型，所以更相信 τ1：τ1 的权重是 1 − e，τ0 的权重是 e。"),
))
def x_learner(rng):
    by_row = Text("e may be a number for each row of X_new", "e 可以是 X_new 每行一个数")
    single = Text("an arm of one row: its models are constants", "只有一行的组：其模型为常数")
    moved = Text("X somewhere else changes nothing: the intercept is not penalised", "X 整体平移不改变结果：截距不受惩罚")
    lifted = Text("c more for each treated row is an effect c larger, whatever l2", "处理组每行多 c，效应就大 c，与 l2 无关")
    flat = Text("l2 beyond all bounds: the difference of the two means, for everybody", "l2 极大时：人人都是两组均值之差")
    scale = Text("no column is rescaled", "不缩放任何一列")
    whole = Text("lists and whole numbers are taken, too", "也接受列表和整数")
    refused = Text("an empty arm, l2 of 0 or less, an e outside of 0 to 1 or at its ends are refused",
                   "某组为空、l2 小于或等于 0、e 不在 0 到 1 之间（含端点）都会报错")
    yield case([[-1.], [1.], [1.]], [0., 2., 4.], [0, 0, 1], [[3.]], .25, 2.)
    first = np.random.default_rng(6)        # a case by hand keeps its numbers, whatever the seed
    X, t = first.normal(0, 1, (9, 2)).round(1), np.array([0, 1, 0, 0, 1, 0, 0, 1, 0])
    y = (1 + X[:, 0] + t * (2 - X[:, 1])).round(1) + first.normal(0, .3, 9).round(1)
    yield case(X, y, t, X[:3] + .5, .3, 1.5)
    yield case(X, y, t, X[:4], np.array([.1, .4, .25, .8]), 2.).shows(by_row)
    yield case(X[:5], y[:5], t[[1, 0, 2, 3, 5]], X[5:], np.array([.2, .6, .3, .5]), .5).shows(by_row)
    yield case([[2., 1.], [0., 1.], [1., 3.], [4., 0.]], [1., 3., 2., 6.], [0, 1, 0, 0], [[1., 1.], [2., 0.]], .25, 1.).shows(single)
    yield case([[2.], [3.]], [1., 5.], [0, 1], [[7.]], .5, 1.).shows(single)
    for shift in (0., 30.):
        yield case(X + shift, y, t, X[:3] + shift, .3, 3.).shows(moved)
    for lift in (0., 5.):
        yield case(X, y + lift * t, t, X[2:5], .2, 4.).shows(lifted)
    yield case(X, y, t, X[:3], .4, 1e7).shows(flat)
    yield case(X * [1, 20], y, t, X[:3] * [1, 20], .35, 6.).shows(scale)
    yield case([[1, 0], [0, 2], [3, 1], [2, 2], [1, 1]], [1, 0, 3, 2, 5], [1, 0, 1, 0, 0], [[0, 0], [1, 2]], .4, 2).shows(whole)
    for wrong in ({"t": np.zeros(9, int)}, {"t": np.ones(9, int)}, {"l2": 0.}, {"l2": -1.}, {"e": 0.}, {"e": 1.}, {"e": np.array([.2, 1.2])}):
        yield case(**{"X": X, "y": y, "t": t, "X_new": X[:2], "e": .3, "l2": 1.} | wrong).raises(ValueError).shows(refused)
    while True:
        d, m = int(rng.integers(1, 5)), int(rng.integers(2, 6))
        n = d + int(rng.integers(10, 25))
        t = np.zeros(n, int)
        t[rng.choice(n, int(rng.integers(3, n // 2)), replace=False)] = 1
        # Away from the origin, and treated rows a little elsewhere: so a penalised intercept and a wrong centre are seen.
        X = (rng.normal(0, 1, (n, d)) * rng.choice([.5, 1, 2], d) + rng.choice([-2, 1, 3], d) + .6 * t[:, None]).round(2)
        y = (1.5 + X @ rng.normal(0, 1, d) + t * (1 + X @ rng.normal(0, .7, d)) + rng.normal(0, .5, n)).round(2)
        X_new = (rng.normal(0, 1.5, (m, d)) + 1).round(2)
        e = rng.uniform(.05, .95, m).round(2) if rng.random() < .5 else float(rng.choice([.1, .2, .3, .65, .8]))
        yield case(X, y, t, X_new, e, round(float(rng.uniform(1, 12)), 1))


@exercise(level="stretch", minutes=10, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("Ask what must come out on average. A shopper is treated with chance e; then the first term is y/e, else 0. Its mean is e · y₁/e = y₁.",
         "想想平均应得到什么：用户以概率 e 被处理，此时第一项是 y/e，否则为 0。均值是 e · y₁/e = y₁。"),
    Text("Likewise −y/(1 − e) for a control, on average −y₀. So each row has one of two terms: `np.where(t == 1, …, …)`.",
         "同理，对照组是 −y/(1 − e)，平均为 −y₀。所以每行只取两项之一：`np.where(t == 1, …, …)`。"),
    Text("`e = np.asarray(e, float)` serves for a number and for one each row; `np.all((e > 0) & (e < 1))` asks about all of them.",
         "`e = np.asarray(e, float)` 对单个数和每行一个数都适用；`np.all((e > 0) & (e < 1))` 检查全部。"),
))
def transformed_outcome(rng):
    half = Text("e = ½: twice the outcome, minus for a control", "e = ½：结果的两倍，对照组取负")
    by_row = Text("e may be a number for each row", "e 可以每行一个数")
    rare = Text("a small e makes a large number, and it stays so: nothing is clipped", "e 很小时结果很大，原样保留：不截断")
    signs = Text("outcomes of any sign and size", "结果可正可负，大小不限")
    whole = Text("whole numbers and lists give fractions", "整数和列表也会得到小数")
    one_arm = Text("rows of one arm only are answered like any others", "只有一组的行也照常计算")
    chance = Text("an e outside of 0 to 1, or at its ends, is refused", "e 不在 0 到 1 之间（含端点）会报错")
    arms = Text("a t that is neither 0 nor 1 is refused", "t 不是 0 或 1 会报错")
    yield case([3., 2., 0.], [1, 0, 1], [.25, .2, .5])
    yield case(np.array([1., 0., 1., 1., 0.]), np.array([1, 1, 0, 0, 0]), .4)
    yield case(np.array([1., 0., 1., 2.5]), np.array([1, 1, 0, 0]), .5).shows(half)
    yield case(np.array([1., 1., 1., 1.]), np.array([1, 0, 1, 0]), np.array([.1, .1, .8, .8])).shows(by_row)
    yield case(np.array([2., 5., 4.]), np.array([0, 0, 1]), np.array([.75, .2, .64])).shows(by_row)
    yield case(np.array([1., 1., 3.]), np.array([1, 0, 0]), .001).shows(rare)
    yield case(np.array([1., 2., 1.]), np.array([1, 0, 1]), np.array([.5, .99, .02])).shows(rare)
    yield case(np.array([-4., 120., -.5, 7.]), np.array([1, 0, 0, 1]), .3).shows(signs)
    yield case([1, 3, 2, 5], [1, 0, 0, 1], .3).shows(whole)
    yield case(np.array([7, 1, 4]), np.array([0, 1, 1]), [.4, .3, .6]).shows(whole)
    yield case(np.array([1., 0., 2.]), np.array([1, 1, 1]), .25).shows(one_arm)
    yield case(np.array([3., 1.]), np.array([0, 0]), .2).shows(one_arm)
    for e in (0., 1., 1.5, -.2, np.array([.3, 1., .5]), np.array([0., .5, .5])):
        yield case(np.array([1., 0., 2.]), np.array([1, 0, 1]), e).raises(ValueError).shows(chance)
    for t in ([1, 2, 0], [1, -1, 1], [.5, 1, 0]):
        yield case(np.array([1., 0., 2.]), np.array(t), .4).raises(ValueError).shows(arms)
    while True:
        n = int(rng.integers(4, 12))
        t = rng.integers(0, 2, n)
        t[:2] = 0, 1
        y = rng.integers(0, 2, n).astype(float) if rng.random() < .3 else rng.normal(1, 2, n).round(2)
        y[:2] = 1, 2
        if rng.random() < .5:
            e = rng.uniform(.08, .92, n).round(2)
            e[:2] = rng.choice([.15, .3, .7], 2, replace=False)
        else:
            e = float(rng.choice([.1, .2, .3, .6, .75]))
        yield case(y, t, e)


@exercise(level="stretch", minutes=10, uses=("numpy", "scipy"), judge=close(rtol=1e-8, atol=0), cases=46, hints=(
    Text("First the counts you should have seen: `total * ratio / ratio.sum()`. They need not be whole numbers.",
         "先算应有的人数：`total * ratio / ratio.sum()`。它们不必是整数。"),
    Text("k arms whose sum is known have k − 1 free numbers: that is the degrees of freedom. `stats.chi2.sf(x, k - 1)` is the chance of x or more.",
         "k 个组、总数已知，自由的只有 k − 1 个数：这就是自由度。`stats.chi2.sf(x, k - 1)` 是得到 x 或更大值的概率。"),
    Text("`1 - stats.chi2.cdf(…)` is 0 as soon as the chance is below 1e-16. `sf`, the survival function, is computed from the other end and is not.",
         "概率小于 1e-16 时 `1 - stats.chi2.cdf(…)` 就成了 0。生存函数 `sf` 从另一端计算，不会这样。"),
))
def srm_pvalue(rng):
    as_planned = Text("exactly as planned: 1", "与计划完全一致：1")
    parts = Text("ratio on any scale: 9 to 1 is .9 to .1", "ratio 可用任意尺度：9 比 1 就是 .9 比 .1")
    order = Text("count i belongs to ratio i, whichever is larger", "第 i 个人数对应第 i 个比例，不论大小")
    several = Text("more than two arms: one test of all at once", "多于两组：一次检验全部")
    nobody = Text("an arm in which nobody is counts as 0 of what was planned", "没有人的组按 0 计入，不略去")
    tiny = Text("a chance far below 1e-16 is that number, not 0", "远小于 1e-16 的概率是那个数，而不是 0")
    small = Text("few shoppers: the same formula, without a correction", "人数少时公式相同，不加修正")
    refused = Text("unequal lengths, one arm alone, a ratio not above 0, a count below 0, or nobody at all are refused",
                   "长度不等、只有一组、比例不大于 0、人数为负、总数为 0 都会报错")
    yield case([60, 40], [1, 1])
    yield case(np.array([8_870, 1_130]), np.array([.9, .1]))
    yield case([1_010, 960, 2_100], [1, 1, 2])
    yield case([500, 500], [.5, .5]).shows(as_planned)
    yield case([300, 100, 200], [3, 1, 2]).shows(as_planned)
    yield case([890, 110], [9, 1]).shows(parts)
    yield case([890, 110], [.9, .1]).shows(parts)
    yield case([130, 900, 250], [10, 70, 20]).shows(parts)
    yield case([700, 320], [2, 1]).shows(order)
    yield case([320, 700], [2, 5]).shows(order)
    yield case([1_040, 1_000], [10, 11]).shows(order)
    yield case([480, 510, 1_020], [5, 4.8, 10]).shows(order)
    yield case([1_020, 1_000, 940, 1_060], [1, 1, 1, 1]).shows(several)
    yield case([5_100, 2_400, 2_600, 980], [5, 2.5, 2.5, 1]).shows(several)
    yield case([0, 12], [1, 4]).shows(nobody)
    yield case([14, 9, 0], [2, 2, 1]).shows(nobody)
    yield case([52_000, 48_000], [1, 1]).shows(tiny)
    yield case([20_900, 9_100, 30_000], [2, 1, 3]).shows(tiny)
    yield case([7, 3], [1, 1]).shows(small)
    yield case([2, 1, 6], [1, 1, 1]).shows(small)
    for counts, ratio in (([5, 5, 5], [1, 1]), ([5, 5, 5], [1]), ([10], [1, 1]), ([10], [1]), ([5, 5], [1, 0]), ([5, 5], [2, -1]), ([-1, 15], [1, 1]),
                          ([0, 0], [1, 1])):
        yield case(counts, ratio).raises(ValueError).shows(refused)
    while True:
        k = int(rng.integers(2, 6))
        # Never all alike, nor the same read backwards: who takes an equal split or the other order is seen.
        ratio = rng.choice([1, 2, 3, 5, 8, 9], k, replace=False).astype(float)
        total = int(rng.choice([200, 2_000, 30_000]))
        drift = np.exp(rng.normal(0, 1.2, k) / np.sqrt(total * ratio / ratio.sum()))
        counts = rng.multinomial(total, ratio * drift / (ratio * drift).sum())
        if rng.random() < .5:
            ratio = (ratio / ratio.sum()).round(3)
        yield case(counts.tolist(), ratio.tolist()) if rng.random() < .3 else case(counts, ratio)
