"""Lesson 06: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import heapq
import math
import statistics
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pandas as pd
from scipy import sparse, special, stats
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- ate_ci --------------------------------------------------------------------------------------------------------------

_ATE_Z = 1.959964


def _ate_variance(group):
    return group.var(ddof=1) / len(group)


def _ate_by(y, arm, treated, control, *, ours=lambda arm, treated, control: arm == treated, theirs=lambda arm, treated, control: arm == control,
            variance=_ate_variance, error=None, effect=lambda a, b: a.mean() - b.mean(), fewest=2, z=_ATE_Z):
    """(difference, low, high) with one part replaced; `error`: the standard error of both groups together."""
    y = np.asarray(y, float)
    a, b = y[ours(arm, treated, control)], y[theirs(arm, treated, control)]
    if min(np.sum(arm == treated), np.sum(arm == control)) < fewest:
        raise ValueError("too few rows")
    with np.errstate(all="ignore"):
        found = effect(a, b)
        half = z * (np.sqrt(variance(a) + variance(b)) if error is None else error(a, b))
    return found, found - half, found + half


@mistake_of("ate_ci", Text(
    "Every row that is not `treated` became the control: the other campaigns stand in it. Compare with the rows whose arm is `control`, and no others.",
    "把所有非 `treated` 的行都当成了对照组：里面混进了其他活动。只与 arm 等于 `control` 的行比较。"))
def every_other_row_as_control(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, theirs=lambda arm, treated, control: arm != treated)


@mistake_of("ate_ci", Text(
    "The treated were compared with the mean of everybody, themselves included. Compare them with the rows of `control`.",
    "把处理组与包含其自身的全体均值比较了。应与 `control` 的行比较。"))
def everybody_as_control(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, theirs=lambda arm, treated, control: arm == arm)


@mistake_of("ate_ci", Text(
    "Everybody outside of `control` counted as treated. The question is what this one campaign does: only the rows of `treated`.",
    "把 `control` 之外的所有人都算作处理组。问题是这一个活动的效果：只取 `treated` 的行。"))
def every_campaign_as_treated(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, ours=lambda arm, treated, control: arm != control)


@mistake_of("ate_ci", Text("The difference is the other way round. It is the mean of `treated` less the mean of `control`.",
                           "差的方向反了。应是 `treated` 的均值减 `control` 的均值。"))
def control_less_treated(y, arm, treated, control):
    return _ate_by(y, arm, control, treated)


@mistake_of("ate_ci", Text("This is a lift in percent: the difference over the control's mean. The effect is the difference itself.",
                           "这是相对提升：差值除以对照组均值。效果就是差值本身。"))
def relative_lift(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, effect=lambda a, b: np.float64(a.mean() - b.mean()) / np.float64(b.mean()))


@mistake_of("ate_ci", Text("The sums of both arms were divided by the number of all rows. Each mean is over its own arm.",
                           "两组之和除以了全部行数。每个均值只除以自己那组的行数。"))
def shares_of_the_whole_table(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, effect=lambda a, b: (a.sum() - b.sum()) / len(arm))


@mistake_of("ate_ci", Text(
    "One pooled variance was used for both arms (Student's test). Welch lets each arm keep its own: a campaign may change the spread, too.",
    "两组共用了一个合并方差（Student 检验）。Welch 让每组用自己的方差：活动也可能改变离散程度。"))
def one_pooled_variance(y, arm, treated, control):
    def error(a, b):
        pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
        return np.sqrt(pooled * (1 / len(a) + 1 / len(b)))

    return _ate_by(y, arm, treated, control, error=error)


@mistake_of("ate_ci", Text(
    "The variance was taken over both arms mixed, so the difference between them counts as spread. Take each arm's own variance.",
    "方差取自混在一起的两组，两组之差也被算成了离散。应取每组自己的方差。"))
def spread_of_both_arms_together(y, arm, treated, control):
    return _ate_by(y, arm, treated, control,
                   error=lambda a, b: np.sqrt(np.concatenate([a, b]).var(ddof=1) * (1 / len(a) + 1 / len(b))))


@mistake_of("ate_ci", Text("The variance has ddof=0, NumPy's default. From a sample it is ddof=1.",
                           "方差用了 NumPy 默认的 ddof=0。样本方差应取 ddof=1。"))
def variance_over_n(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, variance=lambda group: group.var() / len(group))


@mistake_of("ate_ci", Text("p(1 − p)/n is the variance of a yes or no. y may be an amount: take the variance of the values.",
                           "p(1 − p)/n 只适用于是/否。y 可以是金额：应取数值的方差。"))
def variance_of_a_yes_or_no(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, variance=lambda group: group.mean() * (1 - group.mean()) / len(group))


@mistake_of("ate_ci", Text("The variances were not divided by the number of rows: this is the spread of shoppers, not the error of a mean.",
                           "方差没有除以行数：这是用户之间的离散，而不是均值的误差。"))
def spread_instead_of_error(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, variance=lambda group: group.var(ddof=1))


@mistake_of("ate_ci", Text("The two standard errors were added. Add their squares, and take the root.",
                           "把两个标准误直接相加了。应先平方相加，再开方。"))
def errors_added(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, error=lambda a, b: np.sqrt(_ate_variance(a)) + np.sqrt(_ate_variance(b)))


@mistake_of("ate_ci", Text("Only the treated arm's error was counted, as if the control's mean were known. It is an estimate, too.",
                           "只算了处理组的误差，好像对照组的均值是已知的。它同样是估计值。"))
def control_taken_as_known(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, error=lambda a, b: np.sqrt(_ate_variance(a)))


@mistake_of("ate_ci", Text("The interval is one standard error to each side. For 95 % it is 1.959964 of them.",
                           "区间只有左右各一个标准误。95 % 区间需要 1.959964 个。"))
def one_standard_error(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, z=1)


@mistake_of("ate_ci", Text("1.645 leaves 5 % on each side: that is a 90 % interval. For 95 % leave 2.5 % on each side, 1.959964.",
                           "1.645 在每侧各留 5 %：那是 90 % 区间。95 % 区间每侧留 2.5 %，用 1.959964。"))
def five_percent_on_each_side(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, z=1.644854)


@mistake_of("ate_ci", Text("Two standard errors are a rule of thumb. The text asks for 1.959964.",
                           "两个标准误只是经验法则。题目要求 1.959964。"))
def two_standard_errors(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, z=2)


@mistake_of("ate_ci", Text("z was rounded to 1.96. Nothing wrong with that in a report; the check compares six digits, so write 1.959964.",
                           "z 取了 1.96。写报告时没有问题；但检查比较六位数字，请写 1.959964。"))
def z_rounded(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, z=1.96)


@mistake_of("ate_ci", Text("The interval lies around 0. It belongs around the difference that was found.",
                           "区间以 0 为中心。它应以求得的差值为中心。"))
def interval_around_zero(y, arm, treated, control):
    found, low, high = _ate_by(y, arm, treated, control)
    return found, low - found, high - found


@mistake_of("ate_ci", Text("These are the difference and its standard error. Return three numbers: difference, low, high.",
                           "这是差值和标准误。应返回三个数：差值、下限、上限。"))
def error_instead_of_the_interval(y, arm, treated, control):
    found, _, high = _ate_by(y, arm, treated, control)
    return found, (high - found) / _ATE_Z


@mistake_of("ate_ci", Text("Too few rows were let through, and nan came out. Fewer than two rows in an arm raise ValueError.",
                           "行数太少却没有报错，得到 nan。任一组不足两行时应抛出 ValueError。"))
def rows_not_counted(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, fewest=0)


@mistake_of("ate_ci", Text("Only an empty arm was refused. One row has no variance either: fewer than two raise ValueError.",
                           "只拒绝了空组。一行也没有方差：不足两行时应抛出 ValueError。"))
def one_row_is_enough(y, arm, treated, control):
    return _ate_by(y, arm, treated, control, fewest=1)


@alternate_of("ate_ci")
def ate_by_loops(y, arm, treated, control):
    groups = {treated: [], control: []}
    for value, label in zip(y.tolist(), arm.tolist(), strict=True):
        if label in groups:
            groups[label].append(value)
    if any(len(values) < 2 for values in groups.values()):
        raise ValueError("two rows in each arm")
    a, b = groups[treated], groups[control]
    found = math.fsum(a) / len(a) - math.fsum(b) / len(b)
    half = statistics.NormalDist().inv_cdf(.975) * math.hypot(statistics.stdev(a) / len(a) ** .5, statistics.stdev(b) / len(b) ** .5)
    return [found, found - half, found + half]


@alternate_of("ate_ci")
def ate_by_groupby(y, arm, treated, control):
    table = pd.DataFrame({"arm": arm, "y": y}).groupby("arm")["y"].agg(["mean", "sem", "count"]).reindex([treated, control])
    if not (table["count"] >= 2).all():
        raise ValueError(f"fewer than two rows: {table}")
    found = table["mean"].iloc[0] - table["mean"].iloc[1]
    half = 1.959964 * math.sqrt((table["sem"] ** 2).sum())
    return found, found - half, found + half


@alternate_of("ate_ci")
def ate_by_regression(y, arm, treated, control):
    keep = np.isin(arm, [treated, control])
    y, t = np.asarray(y, float)[keep], (arm[keep] == treated).astype(float)
    if min(t.sum(), len(t) - t.sum()) < 2:
        raise ValueError("both arms need two rows")
    # A regression on the treatment with errors of kind HC2 is Welch's test.
    X = np.column_stack([np.ones(len(t)), t])
    bread = np.linalg.inv(X.T @ X)
    beta = bread @ X.T @ y
    leverage = np.einsum("ij,jk,ik->i", X, bread, X)
    weight = (y - X @ beta) ** 2 / (1 - leverage)
    half = 1.959964 * math.sqrt((bread @ (X.T * weight) @ X @ bread)[1, 1])
    return beta[1], beta[1] - half, beta[1] + half


# --- target_under_budget -------------------------------------------------------------------------------------------------


def _target_net(uplift, value, cost):
    return uplift * value - cost


def _target_by(uplift, value, cost, budget, *, net=_target_net, key=lambda u, v, c, net: net / c, worth=lambda u, v, c, net: net > 0,
               fits=lambda spent, c, budget: spent + c <= budget, stop=False, last_id_first=False, free=False, indebted=False):
    """Ids in the order in which they are chosen, with one part replaced."""
    if (not free and (cost <= 0).any()) or (not indebted and budget < 0):
        raise ValueError("costs above 0 and a budget of 0 or more")
    with np.errstate(all="ignore"):
        gain = net(uplift, value, cost)
        order, able = key(uplift, value, cost, gain), worth(uplift, value, cost, gain)
    ids = np.arange(len(uplift))
    spent, chosen = 0., []
    for i in np.lexsort((-ids if last_id_first else ids, -order)):
        if not able[i]:
            continue
        if fits(spent, cost[i], budget):
            chosen.append(int(i))
            spent += cost[i]
        elif stop:
            break
    return chosen


def _target_sorted(*args, **parts):
    return np.array(sorted(_target_by(*args, **parts)), int)


@mistake_of("target_under_budget", Text(
    "The largest uplift came first, whatever a coupon costs and a shopper is worth. Rank by net per unit of cost.",
    "按 uplift 从大到小排，没有考虑券成本和用户价值。应按单位成本的净收益排序。"))
def largest_uplift_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: u)


@mistake_of("target_under_budget", Text(
    "The largest net came first. When the budget is what is short, a dear coupon must beat the cheap ones it displaces: rank by net / cost.",
    "按净收益从大到小排。预算紧张时，贵的券要胜过被它挤掉的便宜券才行：应按 net / cost 排序。"))
def largest_net_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: net)


@mistake_of("target_under_budget", Text(
    "The most valuable shoppers came first. A coupon pays by what it changes: rank by net per unit of cost.",
    "按用户价值从大到小排。券的收益在于它改变了什么：应按单位成本的净收益排序。"))
def most_valuable_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: v)


@mistake_of("target_under_budget", Text("The cheapest came first: most coupons, not most gain. Rank by net per unit of cost.",
                                        "按成本从低到高排：发的券最多，收益却不是最多。应按单位成本的净收益排序。"))
def cheapest_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: -c)


@mistake_of("target_under_budget", Text("Uplift per cost was ranked, and what a shopper is worth was left out. Rank by net / cost.",
                                        "按 uplift / cost 排序，漏了用户价值。应按 net / cost 排序。"))
def uplift_per_cost_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: u / c)


@mistake_of("target_under_budget", Text("The smallest ratio came first. Sort by the largest net per cost: `np.argsort(-ratio, kind=\"stable\")`.",
                                        "比值最小的排在了前面。应从大到小排：`np.argsort(-ratio, kind=\"stable\")`。"))
def worst_first(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: -net / c)


@mistake_of("target_under_budget", Text("Shoppers came in order of id. Who has the highest net per cost is asked first.",
                                        "按编号顺序选人。单位成本净收益最高的应先选。"))
def in_order_of_id(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, key=lambda u, v, c, net: np.zeros(len(u)))


@mistake_of("target_under_budget", Text(
    "The budget was spent to the end, on shoppers who lose by it, too. A net of 0 or less is never treated.",
    "把预算花到了底，连净亏的用户也发了券。净收益小于或等于 0 的绝不发。"))
def budget_spent_to_the_end(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, worth=lambda u, v, c, net: net == net)


@mistake_of("target_under_budget", Text(
    "Everybody with an uplift above 0 was let in. The coupon has a cost: the *net*, uplift · value − cost, must be above 0.",
    "uplift 大于 0 的都放进来了。券有成本：要求*净收益* uplift · value − cost 大于 0。"))
def any_uplift_will_do(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, worth=lambda u, v, c, net: u > 0)


@mistake_of("target_under_budget", Text("Shoppers with a net of exactly 0 were treated. They bring nothing: the net must be above 0.",
                                        "净收益恰为 0 的也发了券。他们不带来收益：净收益必须大于 0。"))
def nothing_gained_is_treated(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, worth=lambda u, v, c, net: net >= 0)


@mistake_of("target_under_budget", Text(
    "The cost was counted only where the coupon works, uplift · (value − cost). It is paid for every coupon: uplift · value − cost.",
    "只在券起作用时才计成本：uplift · (value − cost)。每张券都要付成本：uplift · value − cost。"))
def cost_only_where_it_works(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, net=lambda u, v, c: u * (v - c))


@mistake_of("target_under_budget", Text("The walk ended at the first shopper who did not fit. Pass over them and go on: a cheaper one may fit.",
                                        "遇到第一个放不下的就停了。应跳过继续：后面更便宜的可能放得下。"))
def ends_at_the_first_that_does_not_fit(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, stop=True)


@mistake_of("target_under_budget", Text("A coupon that uses up the budget exactly was refused (<). It fits: spent + cost <= budget.",
                                        "恰好用完预算的被拒绝了（用了 <）。它放得下：spent + cost <= budget。"))
def something_must_be_left(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, fits=lambda spent, c, budget: spent + c < budget)


@mistake_of("target_under_budget", Text(
    "It was asked whether anything is left, not whether the coupon fits: the last one overdraws the budget.",
    "只看预算是否还有剩余，没看这张券是否放得下：最后一张超支了。"))
def last_one_overdraws(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, fits=lambda spent, c, budget: spent < budget)


@mistake_of("target_under_budget", Text("The budget was read as a number of coupons. It is an amount: add up the costs.",
                                        "把预算当成了券的张数。预算是金额：要累加成本。"))
def budget_as_a_number_of_coupons(uplift, value, cost, budget):
    return np.array(sorted(_target_by(uplift, value, cost, budget, fits=lambda spent, c, budget: True)[:int(budget)]), int)


@mistake_of("target_under_budget", Text("The budget was not used: everybody worth a coupon got one. Stop spending when it is spent.",
                                        "没有用到预算：值得发的都发了。花完预算就不能再发。"))
def budget_ignored(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, fits=lambda spent, c, budget: True)


@mistake_of("target_under_budget", Text("Of equal ratios the higher id came first. Reversing argsort reverses ties: sort −ratio with kind=\"stable\".",
                                        "比值相等时编号大的在前。反转 argsort 会反转并列：请对 −ratio 用 kind=\"stable\" 排序。"))
def higher_id_first_among_equals(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, last_id_first=True)


@mistake_of("target_under_budget", Text(
    "This is the best of all sets. It cannot be searched for among millions of shoppers; the text asks for the greedy one, which comes close.",
    "这是所有组合中最优的。用户上百万时无法穷举；题目要求贪心解，它已很接近最优。"))
def best_of_all_sets(uplift, value, cost, budget):
    if (cost <= 0).any() or budget < 0:
        raise ValueError("refused")
    able = np.flatnonzero(_target_net(uplift, value, cost) > 0)
    net = _target_net(uplift, value, cost)[able]
    if cost[able].sum() <= budget:
        return able
    if len(able) > 12:                          # more than can be tried one by one
        return _target_sorted(uplift, value, cost, budget)
    sets = (np.arange(2 ** len(able))[:, None] >> np.arange(len(able))) & 1
    gain = np.where(sets @ cost[able] <= budget, sets @ net, -1)
    return able[sets[gain.argmax()] == 1]


@mistake_of("target_under_budget", Text("These are ids in the order in which they were chosen. Return them sorted.",
                                        "这是按选中先后排列的编号。应按编号从小到大返回。"))
def in_order_of_choice(uplift, value, cost, budget):
    return np.array(_target_by(uplift, value, cost, budget), int)


@mistake_of("target_under_budget", Text("This is a mask, one True or False a shopper. Return the ids: `np.flatnonzero(mask)`.",
                                        "这是掩码，每位用户一个 True/False。应返回编号：`np.flatnonzero(mask)`。"))
def mask_instead_of_ids(uplift, value, cost, budget):
    return np.isin(np.arange(len(uplift)), _target_by(uplift, value, cost, budget))


@mistake_of("target_under_budget", Text("Ids were counted from 1. The first shopper is 0.", "编号从 1 数起了。第一位用户是 0。"))
def ids_from_one(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget) + 1


@mistake_of("target_under_budget", Text("A cost of 0 was let through, or a negative one: net / cost means nothing there. Raise ValueError.",
                                        "放过了 0 或负的成本：此时 net / cost 没有意义。应抛出 ValueError。"))
def costs_not_checked(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, free=True)


@mistake_of("target_under_budget", Text("A budget below 0 was let through as if it were 0. It is a mistake of the caller: raise ValueError.",
                                        "把负预算当成 0 放过了。这是调用者的错误：应抛出 ValueError。"))
def budget_not_checked(uplift, value, cost, budget):
    return _target_sorted(uplift, value, cost, budget, indebted=True)


@alternate_of("target_under_budget")
def targets_by_fractions(uplift, value, cost, budget):
    if min(cost, default=1) <= 0 or budget < 0:
        raise ValueError(f"cost {cost}, budget {budget}")
    left, chosen = Fraction(budget), []
    # What comes back per coin is net per coin and 1: the same order.
    back = {i: Fraction(float(u)) * Fraction(float(v)) / Fraction(float(c)) for i, (u, v, c) in enumerate(zip(uplift, value, cost, strict=True))}
    for i in sorted(back, key=back.get, reverse=True):
        if back[i] > 1 and Fraction(float(cost[i])) <= left:
            left -= Fraction(float(cost[i]))
            chosen.append(i)
    return sorted(chosen)


@alternate_of("target_under_budget")
def targets_by_heap(uplift, value, cost, budget):
    if budget < 0:
        raise ValueError("no debts")
    queue = []
    for i, c in enumerate(cost):
        if not c > 0:
            raise ValueError("nothing is free")
        net = uplift[i] * value[i] - c
        if net > 0:
            heapq.heappush(queue, (-net / c, i))
    mask = np.zeros(len(cost), bool)
    while queue:
        _, i = heapq.heappop(queue)
        mask[i] = cost[mask].sum() + cost[i] <= budget
    return np.flatnonzero(mask)


@alternate_of("target_under_budget")
def targets_by_repeated_maximum(uplift, value, cost, budget):
    if np.any(cost <= 0) or budget < 0:
        raise ValueError("refused")
    ratio, left, taken = (uplift * value - cost) / cost, budget, []
    while True:
        able = (ratio > 0) & (cost <= left)
        if not able.any():
            return tuple(sorted(taken))
        best = int(np.argmax(np.where(able, ratio, -1)))
        taken.append(best)
        left, ratio[best] = left - cost[best], 0


# --- ips, snips ----------------------------------------------------------------------------------------------------------


def _ips_checked(p_log):
    if not ((p_log > 0) & (p_log <= 1)).all():
        raise ValueError("propensities lie in (0, 1]")


def _ips_weighted(p_log, p_new):
    with np.errstate(all="ignore"):
        return p_new / p_log


def _ips_by(reward, p_log, p_new, weigh=_ips_weighted, check=_ips_checked):
    check(p_log)
    with np.errstate(all="ignore"):
        return np.mean(reward * weigh(p_log, p_new))


def _ips_normal(reward, p_log, p_new, weigh=_ips_weighted, check=_ips_checked):
    check(p_log)
    weight = weigh(p_log, p_new)
    with np.errstate(all="ignore"):
        return np.sum(reward * weight) / np.float64(np.sum(weight))


def _ips_at_most_one(p_log):
    if (p_log > 1).any():
        raise ValueError("a probability above 1")


def _ips_above_zero(p_log):
    if (p_log <= 0).any():
        raise ValueError("never shown")


@mistake_of("ips", Text("ips: the weight is upside down, p_log / p_new. What the old policy showed rarely must count more: p_new / p_log.",
                        "ips：权重写反了，成了 p_log / p_new。旧策略很少展示的应当更重：p_new / p_log。"))
def ips_upside_down(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: p_log / p_new)


@mistake_of("ips", Text("ips: this is the mean reward of the log, the value of the policy that wrote it. Weigh each row by p_new / p_log.",
                        "ips：这是日志的平均奖励，是写日志的旧策略的价值。每行要乘权重 p_new / p_log。"))
def ips_mean_of_the_log(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: np.ones(len(p_log)))


@mistake_of("ips", Text(
    "ips: only p_new was used. The log already prefers what the old policy liked; divide by p_log to take that out.",
    "ips：只用了 p_new。日志本来就偏向旧策略喜欢的物品；除以 p_log 才能消除它。"))
def ips_without_the_log(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: p_new)


@mistake_of("ips", Text("ips: only 1 / p_log was used. That is the value of showing everything equally; multiply by p_new.",
                        "ips：只用了 1 / p_log。那是一视同仁地展示的价值；还要乘以 p_new。"))
def ips_without_the_new(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: 1 / p_log)


@mistake_of("ips", Text("ips: it was divided by the sum of the weights, which is snips. ips divides by the number of rows.",
                        "ips：除以了权重之和，那是 snips。ips 除以行数。"))
def ips_by_the_sum_of_weights(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new)


@mistake_of("ips", Text("ips: rows the new policy never shows were dropped before the mean. Their weight is 0, and they count as rows.",
                        "ips：新策略从不展示的行在求平均前被去掉了。它们权重为 0，但仍计入行数。"))
def ips_over_shown_rows(reward, p_log, p_new):
    _ips_checked(p_log)
    kept = p_new > 0
    with np.errstate(all="ignore"):
        return np.float64(np.sum(reward * p_new / p_log)) / kept.sum()


@mistake_of("ips", Text("ips: only rewarded rows were averaged. A row without a reward is a result, too: it counts in n.",
                        "ips：只对有奖励的行求了平均。没有奖励也是结果：也要计入 n。"))
def ips_over_rewarded_rows(reward, p_log, p_new):
    _ips_checked(p_log)
    with np.errstate(all="ignore"):
        return np.float64(np.sum(reward * p_new / p_log)) / np.sum(reward != 0)


@mistake_of("ips", Text("ips: this is the sum. Divide by the number of rows.", "ips：这是总和。还要除以行数。"))
def ips_summed(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new) * len(reward)


@mistake_of("ips", Text("ips: weights above 10 were clipped. That trades variance for bias; here nothing is clipped.",
                        "ips：大于 10 的权重被截断了。那是用偏差换方差；这里不截断。"))
def ips_clipped(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: np.minimum(p_new / p_log, 10))


@mistake_of("ips", Text("ips: weights above 1 were clipped to 1. Then nothing counts more than it did in the log; leave the weights as they are.",
                        "ips：大于 1 的权重被截到了 1。这样没有一行比日志中更重；权重应保持原样。"))
def ips_clipped_at_one(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: np.minimum(p_new / p_log, 1))


@mistake_of("ips", Text("ips: small propensities were raised to .05. They are known, not guessed: divide by them as they are.",
                        "ips：小于 .05 的倾向被抬高到了 .05。倾向是已知的，不是猜的：按原值相除。"))
def ips_floored(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, lambda p_log, p_new: p_new / np.maximum(p_log, .05))


@mistake_of("ips", Text("ips: the mean reward was multiplied by the mean weight. Multiply row by row, then take the mean.",
                        "ips：用平均奖励乘了平均权重。应逐行相乘，再求平均。"))
def ips_product_of_means(reward, p_log, p_new):
    _ips_checked(p_log)
    return np.mean(reward) * np.mean(p_new / p_log)


@mistake_of("ips", Text("ips: sums were divided, Σ reward·p_new / Σ p_log. Each row has its own weight: divide row by row.",
                        "ips：先求和再相除了：Σ reward·p_new / Σ p_log。每行有自己的权重：应逐行相除。"))
def ips_ratio_of_sums(reward, p_log, p_new):
    _ips_checked(p_log)
    return np.sum(reward * p_new) / np.sum(p_log)


@mistake_of("ips", Text("ips: p_log was not checked. What has probability 0 cannot be in the log: raise ValueError outside of (0, 1].",
                        "ips：没有检查 p_log。概率为 0 的不可能出现在日志里：不在 (0, 1] 时抛出 ValueError。"))
def ips_unchecked(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, check=lambda p_log: None)


@mistake_of("ips", Text("ips: p_log of 0 was let through. Nothing with probability 0 can be in the log: raise ValueError.",
                        "ips：放过了 p_log 为 0 的行。概率为 0 的不可能出现在日志里：应抛出 ValueError。"))
def ips_zero_let_through(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, check=lambda p_log: _ips_at_most_one(np.where(p_log < 0, 2, p_log)))


@mistake_of("ips", Text("ips: p_log above 1 was let through. It is no probability (perhaps a percentage): raise ValueError.",
                        "ips：放过了大于 1 的 p_log。它不是概率（也许是百分数）：应抛出 ValueError。"))
def ips_above_one_let_through(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, check=_ips_above_zero)


@mistake_of("ips", Text("ips: p_log of exactly 1 was refused. It is what a policy without chance has: (0, 1] includes 1.",
                        "ips：拒绝了恰为 1 的 p_log。没有随机性的策略就是 1：(0, 1] 包含 1。"))
def ips_certainty_refused(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new, check=lambda p_log: _ips_checked(np.where(p_log == 1, 2, p_log)))


@mistake_of("ips", Text("snips: it was divided by the number of rows, which is ips. snips divides by the sum of the weights.",
                        "snips：除以了行数，那是 ips。snips 除以权重之和。"), replaces="snips")
def snips_by_the_number_of_rows(reward, p_log, p_new):
    return _ips_by(reward, p_log, p_new)


@mistake_of("ips", Text("snips: the weight is upside down, p_log / p_new. It is p_new / p_log, above and below.",
                        "snips：权重写反了，成了 p_log / p_new。分子分母都应是 p_new / p_log。"), replaces="snips")
def snips_upside_down(reward, p_log, p_new):
    with np.errstate(all="ignore"):
        return _ips_normal(reward, p_log, p_new, lambda p_log, p_new: p_log / p_new)


@mistake_of("ips", Text("snips: only p_new was used as a weight. Divide it by p_log, or the old policy's taste stays in.",
                        "snips：只用 p_new 作权重。要除以 p_log，否则旧策略的偏好还留在里面。"), replaces="snips")
def snips_without_the_log(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new, lambda p_log, p_new: p_new)


@mistake_of("ips", Text("snips: only 1 / p_log was used as a weight. Multiply it by p_new.", "snips：只用 1 / p_log 作权重。还要乘以 p_new。"),
            replaces="snips")
def snips_without_the_new(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new, lambda p_log, p_new: 1 / p_log)


@mistake_of("ips", Text("snips: the sum of 1 / p_log stands below. Above and below the same weights: p_new / p_log.",
                        "snips：分母用了 1 / p_log 之和。分子分母要用同样的权重：p_new / p_log。"), replaces="snips")
def snips_other_weights_below(reward, p_log, p_new):
    _ips_checked(p_log)
    return np.sum(reward * p_new / p_log) / np.sum(1 / p_log)


@mistake_of("ips", Text("snips: it was divided by the number of rows the new policy would show. Divide by the sum of the weights.",
                        "snips：除以了新策略会展示的行数。应除以权重之和。"), replaces="snips")
def snips_by_the_rows_shown(reward, p_log, p_new):
    _ips_checked(p_log)
    with np.errstate(all="ignore"):
        return np.sum(reward * p_new / p_log) / np.float64(np.sum(p_new > 0))


@mistake_of("ips", Text("snips: weights above 10 were clipped. Here nothing is clipped.", "snips：大于 10 的权重被截断了。这里不截断。"),
            replaces="snips")
def snips_clipped(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new, lambda p_log, p_new: np.minimum(p_new / p_log, 10))


@mistake_of("ips", Text("snips: small propensities were raised to .05. Divide by them as they are.",
                        "snips：小于 .05 的倾向被抬高到了 .05。应按原值相除。"), replaces="snips")
def snips_floored(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new, lambda p_log, p_new: p_new / np.maximum(p_log, .05))


@mistake_of("ips", Text("snips: where all weights are 0 it returned 0. The log says nothing about such a policy: nan.",
                        "snips：权重全为 0 时返回了 0。日志对这样的策略一无所知：应为 nan。"), replaces="snips")
def snips_nothing_is_zero(reward, p_log, p_new):
    found = _ips_normal(reward, p_log, p_new)
    return 0. if math.isnan(found) else found


@mistake_of("ips", Text("snips: where all weights are 0 it raised ZeroDivisionError (np.average does). Return nan there.",
                        "snips：权重全为 0 时抛出了 ZeroDivisionError（np.average 会这样）。此时应返回 nan。"), replaces="snips")
def snips_nothing_raises(reward, p_log, p_new):
    _ips_checked(p_log)
    return np.average(reward, weights=p_new / p_log)


@mistake_of("ips", Text("snips: p_log was not checked. Raise ValueError outside of (0, 1], here too.",
                        "snips：没有检查 p_log。这里同样：不在 (0, 1] 时抛出 ValueError。"), replaces="snips")
def snips_unchecked(reward, p_log, p_new):
    return _ips_normal(reward, p_log, p_new, check=lambda p_log: None)


@alternate_of("ips")
def ips_by_loops(reward, p_log, p_new):
    total = []
    for r, old, new in zip(reward.tolist(), p_log.tolist(), p_new.tolist(), strict=True):
        if not 0 < old <= 1:
            raise ValueError(f"a propensity of {old}")
        total.append(r * (new / old))
    return math.fsum(total) / len(total)


@alternate_of("ips")
def ips_by_logarithms(reward, p_log, p_new):
    if p_log.min() <= 0 or p_log.max() > 1:
        raise ValueError("outside of (0, 1]")
    with np.errstate(divide="ignore"):
        return float(reward @ np.exp(np.log(p_new) - np.log(p_log))) / reward.size


@alternate_of("ips", replaces="snips")
def snips_as_a_running_mean(reward, p_log, p_new):
    if any(not 0 < p <= 1 for p in p_log):
        raise ValueError("outside of (0, 1]")
    weight, value = 0., math.nan
    for r, w in zip(reward, p_new / p_log, strict=True):
        if w > 0:
            value = r if weight == 0 else value + (r - value) * w / (weight + w)
            weight += w
    return value


@alternate_of("ips", replaces="snips")
def snips_as_a_regression_on_a_constant(reward, p_log, p_new):
    if p_log.min() <= 0 or p_log.max() > 1:
        raise ValueError("outside of (0, 1]")
    root = np.sqrt(p_new / p_log)
    return np.linalg.lstsq(root[:, None], root * reward, rcond=None)[0][0] if root.any() else np.nan


# --- cuped ---------------------------------------------------------------------------------------------------------------


def _cuped_theta(y, x, t):
    C = np.cov(x, y)
    return C[0, 1] / C[0, 0] if C[0, 0] > 0 else 0.


def _cuped_welch(a, b):
    return np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def _cuped_checked(t, fewest=2):
    if min((t == 1).sum(), (t == 0).sum()) < fewest:
        raise ValueError("two rows in each arm")


def _cuped_by(y, x, t, *, theta=_cuped_theta, error=_cuped_welch, fewest=2):
    """(effect, standard error) with one part replaced."""
    _cuped_checked(t, fewest)
    with np.errstate(all="ignore"):
        adjusted = y - theta(y, x, t) * (x - x.mean())
        a, b = adjusted[t == 1], adjusted[t == 0]
        return a.mean() - b.mean(), error(a, b)


@mistake_of("cuped", Text("Nothing was adjusted: this is the plain difference with its error. Subtract theta · (x − mean of x) from y first.",
                          "没有作任何调整：这是原始差值及其误差。应先从 y 中减去 theta · (x − x 的均值)。"))
def not_adjusted(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: 0)


@mistake_of("cuped", Text("x itself was subtracted, with theta 1 (difference in differences). theta is cov(x, y) / var(x).",
                          "直接减去了 x，即 theta 取 1（双重差分）。theta 应为 cov(x, y) / var(x)。"))
def change_since_before(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: 1. if np.ptp(x) else 0.)


@mistake_of("cuped", Text("theta was added, not subtracted: the noise that x explains is doubled. It is y − theta · (x − mean of x).",
                          "把 theta 项加上了而不是减去：x 解释的噪声反而加倍。应为 y − theta · (x − x 的均值)。"))
def added_instead_of_subtracted(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: -_cuped_theta(y, x, t))


@mistake_of("cuped", Text("theta is upside down: cov divided by var(y). To foretell y from x divide by var(x).",
                          "theta 的分母错了：除以了 var(y)。用 x 预测 y 应除以 var(x)。"))
def divided_by_the_variance_of_y(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: np.cov(x, y)[0, 1] / y.var(ddof=1))


@mistake_of("cuped", Text("theta is the correlation. A slope has units of y over x: cov(x, y) / var(x).",
                          "theta 用了相关系数。斜率带有 y 比 x 的单位：cov(x, y) / var(x)。"))
def correlation_as_theta(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: np.corrcoef(x, y)[0, 1] if np.ptp(x) else 0.)


@mistake_of("cuped", Text("theta mixes `np.cov` (ddof=1) with `np.var` (ddof=0), and is too large by n/(n − 1). Give both the same ddof.",
                          "theta 混用了 `np.cov`（ddof=1）和 `np.var`（ddof=0），大了 n/(n − 1) 倍。两者的 ddof 要一致。"))
def two_kinds_of_ddof(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: np.cov(x, y)[0, 1] / x.var() if np.ptp(x) else 0.)


@mistake_of("cuped", Text("theta is the slope of a line through the origin, Σxy / Σx². Take deviations from the means.",
                          "theta 是过原点直线的斜率 Σxy / Σx²。应取对均值的离差。"))
def line_through_the_origin(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: x @ y / (x @ x) if np.ptp(x) else 0.)


@mistake_of("cuped", Text("theta comes from the control arm alone. The text pools both arms: one theta from all rows.",
                          "theta 只用了对照组。题目要求合并两组：用全部行算一个 theta。"))
def theta_of_the_control(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: _cuped_theta(y[t == 0], x[t == 0], t))


@mistake_of("cuped", Text(
    "theta was taken within the arms, each with its own means (as a regression on t and x has it). The text takes all rows as one sample.",
    "theta 是组内的，每组用自己的均值（对 t 和 x 回归就是这样）。题目把全部行当作一个样本。"))
def theta_within_the_arms(y, x, t):
    def theta(y, x, t):
        dx, dy = (v - np.where(t == 1, v[t == 1].mean(), v[t == 0].mean()) for v in (x, y))
        return dx @ dy / (dx @ dx) if np.ptp(x) else 0.

    return _cuped_by(y, x, t, theta=theta)


@mistake_of("cuped", Text("Each arm was adjusted with a theta of its own. One theta for both: else the adjustment itself makes a difference.",
                          "每组用了各自的 theta。两组要用同一个 theta，否则调整本身就会造成差异。"))
def theta_of_each_arm(y, x, t):
    return _cuped_by(y, x, t, theta=lambda y, x, t: np.where(t == 1, _cuped_theta(y[t == 1], x[t == 1], t), _cuped_theta(y[t == 0], x[t == 0], t)))


@mistake_of("cuped", Text(
    "x was centred in each arm, so the effect is the plain difference: by luck unequal arms stay unequal. Centre at the mean of all rows.",
    "x 在每组内各自中心化，效果就还是原始差值：碰巧不均衡的两组仍不均衡。应减去全体均值。"))
def centred_in_each_arm(y, x, t):
    _cuped_checked(t)
    own = x - np.where(t == 1, x[t == 1].mean(), x[t == 0].mean())
    adjusted = y - _cuped_theta(y, x, t) * own
    return adjusted[t == 1].mean() - adjusted[t == 0].mean(), _cuped_welch(adjusted[t == 1], adjusted[t == 0])


@mistake_of("cuped", Text("The effect is adjusted, its error is not: it was taken from y. Both come from the adjusted values.",
                          "效果调整了，误差却没有：它取自原来的 y。两者都应来自调整后的值。"))
def error_of_the_unadjusted(y, x, t):
    return _cuped_by(y, x, t)[0], _cuped_welch(y[t == 1], y[t == 0])


@mistake_of("cuped", Text(
    "The error is the plain one times √(1 − ρ²). That is what one may expect; take Welch's error of the adjusted values.",
    "误差取了原始误差乘 √(1 − ρ²)。那只是期望的缩小；应取调整后数值的 Welch 标准误。"))
def error_by_the_correlation(y, x, t):
    effect = _cuped_by(y, x, t)[0]
    share = np.corrcoef(x, y)[0, 1] ** 2 if np.ptp(x) else 0.
    return effect, _cuped_welch(y[t == 1], y[t == 0]) * np.sqrt(max(0., 1 - share))


@mistake_of("cuped", Text("The error comes from one pooled variance. Welch lets each arm keep its own.",
                          "误差用了两组合并的方差。Welch 让每组用自己的方差。"))
def error_of_a_pooled_variance(y, x, t):
    def error(a, b):
        pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
        return np.sqrt(pooled * (1 / len(a) + 1 / len(b)))

    return _cuped_by(y, x, t, error=error)


@mistake_of("cuped", Text("The variances have ddof=0, NumPy's default. From a sample it is ddof=1.",
                          "方差用了 NumPy 默认的 ddof=0。样本方差应取 ddof=1。"))
def error_with_ddof_of_zero(y, x, t):
    return _cuped_by(y, x, t, error=lambda a, b: np.sqrt(a.var() / len(a) + b.var() / len(b)))


@mistake_of("cuped", Text("The variances were not divided by the number of rows: this is the spread of shoppers, not the error of a difference.",
                          "方差没有除以行数：这是用户之间的离散，而不是差值的误差。"))
def spread_of_the_adjusted(y, x, t):
    return _cuped_by(y, x, t, error=lambda a, b: np.sqrt(a.var(ddof=1) + b.var(ddof=1)))


@mistake_of("cuped", Text("This is the variance of the effect. Its root is the standard error.", "这是效果的方差。开方才是标准误。"))
def variance_instead_of_the_error(y, x, t):
    effect, error = _cuped_by(y, x, t)
    return effect, error ** 2


@mistake_of("cuped", Text("The effect is the other way round. It is the mean of t = 1 less the mean of t = 0.",
                          "效果的方向反了。应是 t = 1 的均值减 t = 0 的均值。"))
def untreated_less_treated(y, x, t):
    effect, error = _cuped_by(y, x, t)
    return -effect, error


@mistake_of("cuped", Text("Where x is the same for all, 0 was divided by 0. x says nothing there: theta is 0.",
                          "x 全相同时出现了 0 除以 0。此时 x 不含信息：theta 为 0。"))
def nothing_divided_by_nothing(y, x, t):
    def theta(y, x, t):
        C = np.cov(x, y)
        return C[0, 1] / C[0, 0]

    return _cuped_by(y, x, t, theta=theta)


@mistake_of("cuped", Text("Too few rows were let through, and nan came out. Fewer than two rows in an arm raise ValueError.",
                          "行数太少却没有报错，得到 nan。任一组不足两行时应抛出 ValueError。"))
def arms_not_counted(y, x, t):
    return _cuped_by(y, x, t, fewest=0)


@mistake_of("cuped", Text("Only an empty arm was refused. One row has no variance either: fewer than two raise ValueError.",
                          "只拒绝了空组。一行也没有方差：不足两行时应抛出 ValueError。"))
def one_row_in_an_arm(y, x, t):
    return _cuped_by(y, x, t, fewest=1)


@alternate_of("cuped")
def cuped_by_loops(y, x, t):
    arms = [[i for i, treated in enumerate(t.tolist()) if treated == which] for which in (1, 0)]
    if min(map(len, arms)) < 2:
        raise ValueError("two rows in each arm")
    x, y = [Fraction(v) for v in x.tolist()], [Fraction(v) for v in y.tolist()]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    below = sum((a - mx) ** 2 for a in x)
    theta = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / below if below else Fraction(0)
    means, variance = [], Fraction(0)
    for rows in arms:
        left = [y[i] - theta * x[i] for i in rows]      # the mean of x is in both arms and drops out
        means.append(sum(left) / len(left))
        variance += sum((v - means[-1]) ** 2 for v in left) / (len(left) - 1) / len(left)
    return float(means[0] - means[1]), math.sqrt(variance)


@alternate_of("cuped")
def cuped_from_moments(y, x, t):
    table = pd.DataFrame({"y": y, "x": x, "t": t}, dtype=float)
    n = table.groupby("t").size().reindex([1, 0], fill_value=0)
    if (n < 2).any():
        raise ValueError(f"rows in the arms: {n.tolist()}")
    theta = table["x"].cov(table["y"]) / table["x"].var() if table["x"].nunique() > 1 else 0
    mean = table.groupby("t").mean()
    effect = (mean["y"] - theta * mean["x"]).diff().iloc[-1]
    # var(y − theta x) = var(y) − 2 theta cov(x, y) + theta² var(x), arm by arm.
    C = {arm: rows[["y", "x"]].cov().to_numpy() for arm, rows in table.groupby("t")}
    square = sum((c[0, 0] - 2 * theta * c[0, 1] + theta ** 2 * c[1, 1]) / n[arm] for arm, c in C.items())
    return effect, math.sqrt(max(square, 0))


@alternate_of("cuped")
def cuped_by_residuals(y, x, t):
    if sorted(np.bincount(t.astype(int), minlength=2))[0] < 2:
        raise ValueError("two rows in each arm")
    # What is left of y after a line through all rows; its constant drops out of the difference.
    left = y - np.column_stack([np.ones(len(x)), x]) @ np.linalg.pinv(np.column_stack([np.ones(len(x)), x])) @ y
    weight = np.where(t == 1, 1 / (t == 1).sum(), -1 / (t == 0).sum())
    error = sum(left[t == arm].var(ddof=1) / (t == arm).sum() for arm in (0, 1)) ** .5
    return weight @ left, error


# --- retention_policy ----------------------------------------------------------------------------------------------------


def _plan_searches(views, visits, catalogue):
    """(shoppers, items) how often each item was searched."""
    found = views[views["searched"]]
    shape = visits["shopper"].nunique(), len(catalogue)
    return sparse.csr_matrix((np.ones(len(found)), (found["shopper"], found["item"])), shape)


def _plan_scores(views, visits, catalogue):
    """(shoppers, items): the category's share of a shopper's searches times the item's, and what the shopper searched before."""
    own = _plan_searches(views, visits, catalogue)
    category = pd.get_dummies(catalogue["category"]).to_numpy(float)
    liked = own @ category + (own @ category).mean(axis=0)
    popular = np.asarray(own.sum(axis=0)).ravel()
    return liked / liked.sum(axis=1, keepdims=True) @ category.T * popular / popular.max() + .1 * own.toarray()


def _plan_slates(views, visits, catalogue):
    return _plan_best(_plan_scores(views, visits, catalogue), catalogue)


def _plan_best(score, catalogue):
    score = np.array(score)
    score[:, catalogue["title"].str.contains(":")] = -np.inf
    best = np.argpartition(-score, 7, axis=1)[:, :8]
    return np.take_along_axis(best, np.argsort(-np.take_along_axis(score, best, axis=1), axis=1), axis=1)


def _plan_for_all(score, visits):
    return np.tile(np.argsort(-np.asarray(score), kind="stable")[:8], (visits["shopper"].nunique(), 1))


def _plan_diary(visits, coupons, day):
    """(shoppers, day) of visits, of days under a coupon, and of days that count: after the first visit, from the trial's first day."""
    visited = np.zeros((visits["shopper"].nunique(), day), bool)
    visited[visits["shopper"], visits["day"]] = True
    under = np.zeros_like(visited)
    shopper, sent = coupons["shopper"].to_numpy()[:, None], coupons["day"].to_numpy()[:, None]
    under[shopper, np.minimum(sent + np.arange(14), day - 1)] = True
    counts = (np.cumsum(visited, axis=1) > visited) & (np.arange(day) >= coupons["day"].min())
    return visited, under, counts


def _plan_rates(visits, coupons, day):
    """(shoppers,) visits a day under a coupon and without, each pulled towards the shopper's own rate."""
    visited, under, counts = _plan_diary(visits, coupons, day)
    days = np.stack([(counts & under).sum(axis=1), (counts & ~under).sum(axis=1)])
    came = np.stack([(visited & counts & under).sum(axis=1), (visited & counts & ~under).sum(axis=1)])
    own = (came.sum(axis=0) + 1) / (days.sum(axis=0) + days.sum() / came.sum())
    return (came + 1) / (days + 1 / own)


def _plan_response(visits, coupons, day):
    under, without = _plan_rates(visits, coupons, day)
    return np.exp(-14 * without) - np.exp(-14 * under)


def _plan_first(score, budget):
    chosen = np.zeros(len(score), bool)
    chosen[np.argsort(-np.asarray(score, float), kind="stable")[:budget]] = True
    return chosen


def _plan_chosen(visits, coupons, day, budget):
    return _plan_first(_plan_response(visits, coupons, day), budget)


def _plan_habits(visits, shoppers, day):
    """(shoppers, 3) logs of days since the last visit, of visits, and of days since the first, in the morning of a day; and who had come."""
    before = visits[visits["day"] < day].groupby("shopper")["day"].agg(["max", "size", "min"]).reindex(range(shoppers))
    come = before["size"].notna().to_numpy()
    return np.log(np.stack([day - before["max"].fillna(0), before["size"].fillna(1), day - before["min"].fillna(0)], axis=1)), come


def _plan_risk(visits, day):
    shoppers = visits["shopper"].nunique()
    (X, come), (now, _) = _plan_habits(visits, shoppers, day - 28), _plan_habits(visits, shoppers, day)
    stays = np.isin(np.arange(shoppers), visits.loc[visits["day"] >= day - 28, "shopper"])
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X[come], ~stays[come]).predict_proba(now)[:, 1]


@mistake_of("retention_policy", Text(
    "The same most viewed items for everybody: that is the policy you are compared with. Show each shopper what this shopper looks for.",
    "对所有人展示同样的热门商品：这正是与你比较的基准。应按每位顾客自己的搜索来展示。"), facts={"shown": "most viewed"})
def plan_popular_for_all(views, visits, coupons, catalogue, day, budget):
    return _plan_for_all(np.bincount(views["item"], minlength=len(catalogue)), visits), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "The best click rates, for everybody. Where titles promise more than they keep, these are the items that make shoppers leave.",
    "对所有人展示点击率最高的商品。在标题党的商店里，正是这些商品让人离开。"), facts={"shown": "best click rate"})
def plan_best_click_rate(views, visits, coupons, catalogue, day, budget):
    rate = (catalogue["clicked"] + 1) / (catalogue["shown"] + 20)
    return _plan_for_all(rate, visits), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "The most clicked items, for everybody. A click says what a slate tempted to, and bait tempts best; a search says what a shopper wants.",
    "对所有人展示点击最多的商品。点击说明展示引诱了什么，标题党最能引诱；搜索才说明顾客想要什么。"), facts={"shown": "most clicked"})
def plan_most_clicked(views, visits, coupons, catalogue, day, budget):
    return _plan_for_all(catalogue["clicked"], visits), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "One slate for all, and not even the popular one. Each row of `slates` belongs to one shopper.",
    "所有人同一个展示，而且不是热门商品。`slates` 的每一行属于一位顾客。"), facts={"shown": "one for all"})
def plan_first_items(views, visits, coupons, catalogue, day, budget):
    return np.tile(np.arange(8), (visits["shopper"].nunique(), 1)), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "The slates look like items at random: they fit their shoppers no better than anybody else.",
    "展示看起来是随机商品：并不比给别人看更适合这位顾客。"), facts={"shown": "at random"})
def plan_items_at_random(views, visits, coupons, catalogue, day, budget):
    scores = np.random.default_rng(0).random((visits["shopper"].nunique(), len(catalogue)))
    return _plan_best(scores, catalogue), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "Each slate fits some other shopper: the rows got out of order. Row i is shopper i; a groupby or a sort by another column changes that.",
    "每一行都适合另一位顾客：行的次序乱了。第 i 行是顾客 i；groupby 或按其他列排序会打乱次序。"), facts={"shown": "another shopper's"})
def plan_rows_out_of_order(views, visits, coupons, catalogue, day, budget):
    order = views.drop_duplicates("shopper").sort_values(["item", "day"])["shopper"].to_numpy()
    rows = np.concatenate([order, np.setdiff1d(np.arange(visits["shopper"].nunique()), order)])
    return _plan_slates(views, visits, catalogue)[rows], _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "The slates hold what fits least, or what hardly anybody looks at. `argsort` puts the lowest score first: sort by minus the score.",
    "展示的是最不适合、或几乎没人看的商品。`argsort` 把最低分排在最前：应按分数的相反数排序。"), facts={"shown": "the worst"})
def plan_lowest_first(views, visits, coupons, catalogue, day, budget):
    return _plan_best(-_plan_scores(views, visits, catalogue), catalogue), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "An item stands twice on a slate. If you put two lists together, leave out of the second what the first has.",
    "同一展示中有商品出现两次。拼接两个列表时，第二个要去掉第一个已有的商品。"), facts={"refused": "twice"})
def plan_an_item_twice(views, visits, coupons, catalogue, day, budget):
    own = _plan_slates(views, visits, catalogue)[:, :4]
    popular = _plan_for_all(np.bincount(views["item"], minlength=len(catalogue)), visits)[:, :4]
    return np.hstack([own, popular]), _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "Items are numbered from 0. A position counted from 1 points at the next item, and beyond the last.",
    "商品编号从 0 开始。从 1 数的位置会指向下一个商品，最后一个还会越界。"), facts={"refused": "no item"})
def plan_items_from_one(views, visits, coupons, catalogue, day, budget):
    slates = _plan_slates(views, visits, catalogue) + 1
    slates[-1, -1] = len(catalogue)
    return slates, _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "Some shoppers have no row. Who never searched is missing from `views`, but not from `visits`: everybody gets a slate.",
    "有的顾客没有行。从不搜索的人不在 `views` 的搜索里，却在 `visits` 里：每个人都要有展示。"), facts={"error": "TypeError", "message": "slates (rows)"})
def plan_only_who_searched(views, visits, coupons, catalogue, day, budget):
    who = np.unique(views.loc[views["searched"], "shopper"])
    return _plan_slates(views, visits, catalogue)[who], _plan_chosen(visits, coupons, day, budget)


@mistake_of("retention_policy", Text(
    "The numbers of the chosen shoppers were returned. `chosen` is True or False for each shopper: `chosen = np.zeros(n, bool)`, then "
    "`chosen[numbers] = True`.",
    "返回的是被选顾客的编号。`chosen` 应为每位顾客一个 True 或 False：先 `chosen = np.zeros(n, bool)`，再 `chosen[编号] = True`。"),
    facts={"error": "TypeError", "message": "chosen (numbers)"})
def plan_numbers_of_shoppers(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), np.argsort(-_plan_response(visits, coupons, day))[:budget]


@mistake_of("retention_policy", Text(
    "More coupons than the budget allows. Everybody whose score is above 0 is too many: take the `budget` highest.",
    "优惠券超出预算。分数大于 0 的人太多：只取最高的 `budget` 人。"), facts={"refused": "budget"})
def plan_over_budget(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), _plan_response(visits, coupons, day) > 0


@mistake_of("retention_policy", Text(
    "Nobody gets a coupon. That costs nothing and keeps nobody: of the trial you know whom a coupon brings back.",
    "没有人得到优惠券。这不花钱，也留不住人：从试验中你知道券能让谁回来。"), facts={"sent": "nobody"})
def plan_nobody(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), np.zeros(visits["shopper"].nunique(), bool)


@mistake_of("retention_policy", Text(
    "Coupons for those likeliest to stay away. Most of them have left and read no coupon: risk is not response.",
    "把券发给最可能不再来的人。他们大多已经离开，看不到券：风险不等于响应。"), facts={"sent": "the likeliest to stay away"})
def plan_by_risk(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), _plan_first(_plan_risk(visits, day), budget)


@mistake_of("retention_policy", Text(
    "Coupons for those silent the longest. The longer the silence, the likelier they have left for good, whatever you send.",
    "把券发给沉默最久的人。沉默越久，越可能已经彻底离开，发什么都没用。"), facts={"sent": "the longest silent"})
def plan_longest_silent(views, visits, coupons, catalogue, day, budget):
    last = visits.groupby("shopper")["day"].max()
    return _plan_slates(views, visits, catalogue), _plan_first(-last, budget)


@mistake_of("retention_policy", Text(
    "Coupons for the most active. They come anyway, and take 15 % off what they would have bought at full price.",
    "把券发给最活跃的人。他们本来就会来，只是把本会全价购买的东西打了 85 折。"), facts={"sent": "the most active"})
def plan_most_active(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), _plan_first(visits.groupby("shopper").size(), budget)


@mistake_of("retention_policy", Text(
    "Coupons for those who came last. They are there, but that says nothing of what a coupon changes: compare days with and without one.",
    "把券发给最近来过的人。他们还在，但这并不说明券会改变什么：应比较有券与无券的日子。"), facts={"sent": "the most recent"})
def plan_most_recent(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), _plan_first(visits.groupby("shopper")["day"].max(), budget)


@mistake_of("retention_policy", Text(
    "Coupons by lot. That is how the trial was run, to learn; now use what it has taught.",
    "随机发券。试验正是这样做的，为的是学习；现在该用学到的东西了。"), facts={"sent": "by lot"})
def plan_by_lot(views, visits, coupons, catalogue, day, budget):
    return _plan_slates(views, visits, catalogue), _plan_first(np.random.default_rng(0).random(visits["shopper"].nunique()), budget)


@mistake_of("retention_policy", Text(
    "Coupons for those who come less under a coupon: the difference has the wrong sign, or is sorted the wrong way. The annoyed are among them.",
    "把券发给有券时反而来得少的人：差值的符号或排序方向反了。被券惹恼的人正在其中。"), facts={"sent": "who comes less under a coupon"})
def plan_wrong_sign(views, visits, coupons, catalogue, day, budget):
    visited, under, _ = _plan_diary(visits, coupons, day)
    gap = (visited & under).sum(axis=1) / np.maximum(under.sum(axis=1), 1) - (visited & ~under).sum(axis=1) / (~under).sum(axis=1)
    return _plan_slates(views, visits, catalogue), _plan_first(-gap, budget)


@alternate_of("retention_policy")
def plan_by_titles_and_two_kinds_of_shoppers(views, visits, coupons, catalogue, day, budget):
    # What to show: the words of searched titles.  Whom to send: a mixture of shoppers whom a coupon leaves alone and whom it brings, by EM.
    own = _plan_searches(views, visits, catalogue)
    words = CountVectorizer(binary=True).fit_transform(catalogue["title"]).toarray().astype(float)
    words -= words.mean(axis=0)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    score = (own @ words) @ words.T + .5 * own.toarray() + 1e-3 * np.asarray(own.sum(axis=0))
    visited, under, counts = _plan_diary(visits, coupons, day)
    days, came = (counts & under).sum(axis=1), (visited & counts & under).sum(axis=1)
    other_days, all_came = (counts & ~under).sum(axis=1), (visited & counts).sum(axis=1)
    mean = all_came.sum() / counts.sum()
    shape, scale = .5, .5 / mean                                        # visit rates differ widely: a gamma with this shape and mean
    share, times = .3, 3.
    for _ in range(40):
        odds = came * np.log(times) - (shape + all_came) * np.log((scale + times * days + other_days) / (scale + days + other_days))
        moved = 1 / (1 + (1 - share) / share * np.exp(-odds))
        rate = (shape + all_came) / (scale + other_days + days * (1 + moved * (times - 1)))
        share, times = moved.mean(), max((moved * came).sum() / (moved * rate * days).sum(), 1.01)
    return _plan_best(score, catalogue), _plan_first(moved * (np.exp(-14 * rate) - np.exp(-14 * times * rate)), budget)


@alternate_of("retention_policy")
def plan_by_ease_and_logit(views, visits, coupons, catalogue, day, budget):
    # What to show: EASE on searches.  Whom to send: one logit of "came within the fortnight", with the coupon and the response so far in it.
    own = _plan_searches(views, visits, catalogue)
    seen = (own > 0).astype(float)
    inverse = np.linalg.inv((seen.T @ seen).toarray() + 200 * np.eye(len(catalogue)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, .3)
    score = seen @ weights + 1e-6 * np.asarray(own.sum(axis=0))
    shoppers = visits["shopper"].nunique()

    def known(when):
        before = coupons[coupons["day"] + 14 <= when]
        under, without = _plan_rates(visits[visits["day"] < when], before, when) if len(before) else (np.ones(shoppers),) * 2
        habits, come = _plan_habits(visits, shoppers, when)
        return np.column_stack([np.log(under / without), habits[:, :2]]), come

    rows, labels = [], []
    for when in (62, 76):
        got = np.isin(np.arange(shoppers), coupons.loc[coupons["day"] == when, "shopper"])
        came = np.isin(np.arange(shoppers), visits.loc[visits["day"].between(when, when + 13), "shopper"])
        X, come = known(when)
        rows.append(np.column_stack([X, got])[come])
        labels.append(came[come])
    model = make_pipeline(StandardScaler(), PolynomialFeatures(3, include_bias=False), StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(np.concatenate(rows), np.concatenate(labels))
    X, _ = known(day)
    uplift = np.subtract(*(model.predict_proba(np.column_stack([X, np.full(shoppers, got)]))[:, 1] for got in (1, 0)))
    return _plan_best(score, catalogue), _plan_first(uplift, budget)


@alternate_of("retention_policy")
def plan_by_neighbours_in_taste_and_ratio(views, visits, coupons, catalogue, day, budget):
    # What to show: what shoppers with searches in the same categories search.  Whom to send: the ratio of two rates, if still about.
    own = _plan_searches(views, visits, catalogue)
    category = pd.get_dummies(catalogue["category"]).to_numpy(float)
    taste = own @ category
    taste /= np.maximum(np.linalg.norm(taste, axis=1, keepdims=True), 1)
    score = taste @ (taste.T @ own) / 500 + .5 * own.toarray()
    under, without = _plan_rates(visits, coupons, day)
    last = visits.groupby("shopper")["day"].max().to_numpy()
    chosen = pd.Series(np.where(last >= day - 28, under / without, 0)).rank(method="first", ascending=False) <= budget
    return _plan_best(score, catalogue).tolist(), chosen


# --- t_learner -----------------------------------------------------------------------------------------------------------


def _tl_arrays(X, y, t, X_new, l2, check=True):
    X, y, t, X_new = np.asarray(X, float), np.asarray(y, float), np.asarray(t, bool), np.asarray(X_new, float)
    if check and (l2 <= 0 or t.all() or not t.any()):
        raise ValueError("an arm is empty, or l2 is not above 0")
    return X, y, t, X_new


def _tl_ridge(X, y, X_new, l2):
    """Predictions of a ridge with a free intercept, for X_new."""
    centre, level = X.mean(axis=0), y.mean()
    A = X - centre
    return level + (X_new - centre) @ np.linalg.solve(A.T @ A + l2 * np.eye(X.shape[1]), A.T @ (y - level))


def _tl_penalised(X, y, X_new, l2):
    """The same with a column of ones that is penalised like the others."""
    X, X_new = (np.column_stack([np.ones(len(each)), each]) for each in (X, X_new))
    return X_new @ np.linalg.solve(X.T @ X + l2 * np.eye(X.shape[1]), X.T @ y)


def _tl_both(X, y, t, X_new, l2, fit):
    """Uplift with another fit in both arms."""
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    return fit(X[t], y[t], X_new, l2) - fit(X[~t], y[~t], X_new, l2)


@mistake_of("t_learner", Text("The treatment went in as one more column (S-learner): without interactions everybody gets the same uplift. Fit "
                              "two models, one an arm.",
                              "把干预当作一列特征（S-learner）：没有交互项时每个人的增益都相同。应每组各拟合一个模型。"))
def one_model_with_t_as_a_column(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    said = [_tl_ridge(np.column_stack([X, t]), y, np.column_stack([X_new, np.full(len(X_new), arm)]), l2) for arm in (1., 0.)]
    return said[0] - said[1]


@mistake_of("t_learner", Text("One model with t and its products with the columns (S-learner with interactions): the penalty then falls on the "
                              "difference between the arms. Fit two separate models.",
                              "用了一个含 t 及其交互项的模型（带交互的 S-learner）：惩罚落在两组之差上。应分别拟合两个模型。"))
def one_model_with_interactions(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)

    def wide(X, t):
        return np.column_stack([X, t, X * t[:, None]])

    said = [_tl_ridge(wide(X, t.astype(float)), y, wide(X_new, np.full(len(X_new), arm)), l2) for arm in (1., 0.)]
    return said[0] - said[1]


@mistake_of("t_learner", Text("The intercept was penalised with the weights: an arm whose y lies far from 0 is pulled towards it. Leave it out of "
                              "the penalty, or centre first.",
                              "截距和权重一起被惩罚了：y 远离 0 的组会被拉向 0。应不惩罚截距，或先中心化。"))
def intercept_penalised(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X_new, l2, _tl_penalised)


@mistake_of("t_learner", Text("There is no intercept: a shopper whose columns are all 0 is predicted 0 in both arms. Each arm has a level of its own.",
                              "没有截距：各列全为 0 的用户在两组都被预测为 0。每个组都有自己的水平。"))
def no_intercept(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X_new, l2, lambda X, y, new, l2: new @ np.linalg.solve(X.T @ X + l2 * np.eye(X.shape[1]), X.T @ y))


@mistake_of("t_learner", Text("The arms are the wrong way round: uplift is the prediction of the treated less that of the control.",
                              "两组弄反了：增益是干预组的预测减去对照组的预测。"))
def arms_swapped(X, y, t, X_new, l2):
    return -_tl_both(X, y, t, X_new, l2, _tl_ridge)


@mistake_of("t_learner", Text("Both arms were centred by the means of all rows. Each ridge needs the means of its own arm, or its intercept is not free.",
                              "两组都用全体行的均值中心化。每个岭回归要用自己组的均值，否则截距不是自由的。"))
def centred_by_all_rows(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    centre, level = X.mean(axis=0), y.mean()

    def fit(X, y, new, l2):
        A = X - centre
        return (new - centre) @ np.linalg.solve(A.T @ A + l2 * np.eye(X.shape[1]), A.T @ (y - level))

    return fit(X[t], y[t], X_new, l2) - fit(X[~t], y[~t], X_new, l2)


@mistake_of("t_learner", Text("New rows were centred by their own means. Then a shopper's uplift hangs on who else is in the table: use the means of "
                              "training.",
                              "新行用了它们自己的均值中心化。这样一个用户的增益取决于表里还有谁：应使用训练时的均值。"))
def new_rows_centred_by_themselves(X, y, t, X_new, l2):
    def fit(X, y, new, l2):
        moved = new - new.mean(axis=0) if len(new) else new
        return _tl_ridge(X, y, moved + X.mean(axis=0), l2)

    return _tl_both(X, y, t, X_new, l2, fit)


@mistake_of("t_learner", Text("l2 was multiplied by the number of rows: that penalty goes with the *mean* of the squared errors. Here it goes with "
                              "their sum.",
                              "l2 乘以了行数：那对应误差平方的*均值*。这里对应的是总和。"))
def penalty_times_rows(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X_new, l2, lambda X, y, new, l2: _tl_ridge(X, y, new, l2 * len(X)))


@mistake_of("t_learner", Text("The penalty was halved or the errors doubled (½ in one place only). The equations are XᵀX + l2·I.",
                              "惩罚项少了一半（½ 只写在一处）。方程是 XᵀX + l2·I。"))
def half_the_penalty(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X_new, l2, lambda X, y, new, l2: _tl_ridge(X, y, new, l2 / 2))


@mistake_of("t_learner", Text("l2 was not used: this is least squares, which in a small arm follows every accident.",
                              "没有用到 l2：这是普通最小二乘，在小的组里会追随每个偶然。"))
def not_penalised(X, y, t, X_new, l2):
    def fit(X, y, new, l2):
        centre, level = X.mean(axis=0), y.mean()
        return level + (new - centre) @ np.linalg.lstsq(X - centre, y - level, rcond=None)[0]

    return _tl_both(X, y, t, X_new, l2, fit)


@mistake_of("t_learner", Text("l2 was added to every entry of XᵀX. Only its diagonal gets it: l2 · I.",
                              "l2 加到了 XᵀX 的每个元素上。只加在对角线上：l2 · I。"))
def penalty_on_every_entry(X, y, t, X_new, l2):
    def fit(X, y, new, l2):
        centre, level = X.mean(axis=0), y.mean()
        A = X - centre
        return level + (new - centre) @ np.linalg.lstsq(A.T @ A + l2, A.T @ (y - level), rcond=None)[0]

    return _tl_both(X, y, t, X_new, l2, fit)


@mistake_of("t_learner", Text("The columns were divided by their standard deviations first. That is often wise, but it is another penalty: here they "
                              "are used as they are.",
                              "先把各列除以了标准差。这往往明智，但惩罚就不同了：这里按原样使用。"))
def columns_scaled(X, y, t, X_new, l2):
    def fit(X, y, new, l2):
        spread = np.where(X.std(axis=0) > 0, X.std(axis=0), 1)
        return _tl_ridge(X / spread, y, new / spread, l2)

    return _tl_both(X, y, t, X_new, l2, fit)


@mistake_of("t_learner", Text("This is the prediction for the treated. It finds who will come back, and many of them would anyway: subtract the "
                              "control's.",
                              "这是干预组的预测。它找到的是会回来的人，其中许多本来就会回来：要减去对照组的预测。"))
def response_of_the_treated(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    return _tl_ridge(X[t], y[t], X_new, l2)


@mistake_of("t_learner", Text("This is minus the prediction without treatment: who is likeliest to be lost. That is risk, not uplift.",
                              "这是无干预时预测的相反数：谁最可能流失。那是风险，不是增益。"))
def risk_for_uplift(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    return -_tl_ridge(X[~t], y[~t], X_new, l2)


@mistake_of("t_learner", Text("The second model was fitted on all rows, the treated among them. It must see the control alone.",
                              "第二个模型用了所有行，包括干预组。它只能看到对照组。"))
def control_fitted_on_all_rows(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    return _tl_ridge(X[t], y[t], X_new, l2) - _tl_ridge(X, y, X_new, l2)


@mistake_of("t_learner", Text("This is the difference of the arms' means, the average effect, for everybody. Asked is each shopper's own.",
                              "这是两组均值之差，即平均效应，对所有人都一样。要的是每个用户自己的增益。"))
def average_effect_for_everybody(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X_new, l2, lambda X, y, new, l2: np.full(len(new), y.mean()))


@mistake_of("t_learner", Text("The uplift of the training rows was returned. Predict for X_new.", "返回了训练行的增益。应对 X_new 做预测。"))
def training_rows_predicted(X, y, t, X_new, l2):
    return _tl_both(X, y, t, X, l2, _tl_ridge)


@mistake_of("t_learner", Text("An empty arm was let through. Without an arm there is nothing to compare: raise ValueError.",
                              "放过了空的组。缺了一组就无从比较：应抛出 ValueError。"))
def empty_arm_predicts_zero(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2, check=False)
    if l2 <= 0:
        raise ValueError(l2)
    arms = [_tl_ridge(X[rows], y[rows], X_new, l2) if rows.any() else np.zeros(len(X_new)) for rows in (t, ~t)]
    return arms[0] - arms[1]


@mistake_of("t_learner", Text("l2 of 0 or less was let through: raise ValueError.", "放过了小于或等于 0 的 l2：应抛出 ValueError。"))
def penalty_not_checked(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2, check=False)
    if t.all() or not t.any():
        raise ValueError("an arm is empty")
    return _tl_ridge(X[t], y[t], X_new, l2) - _tl_ridge(X[~t], y[~t], X_new, l2)


@alternate_of("t_learner")
def uplift_by_a_column_of_ones(X, y, t, X_new, l2):
    X, y, t = np.asarray(X, float), np.asarray(y, float), np.asarray(t).astype(int)
    X_new = np.asarray(X_new, float).reshape(-1, X.shape[1])
    if l2 <= 0 or len(set(t.tolist())) < 2:
        raise ValueError("two arms and a penalty, please")
    ones, penalty = np.insert(X, 0, 1, axis=1), np.diag([0.] + [l2] * X.shape[1])
    weights = {arm: np.linalg.solve(ones[t == arm].T @ ones[t == arm] + penalty, ones[t == arm].T @ y[t == arm]) for arm in (0, 1)}
    return np.insert(X_new, 0, 1, axis=1) @ (weights[1] - weights[0])


@alternate_of("t_learner")
def uplift_by_kernels(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)

    def dual(rows):
        A, b = X[rows] - X[rows].mean(axis=0), y[rows] - y[rows].mean()
        return y[rows].mean() + (X_new - X[rows].mean(axis=0)) @ A.T @ np.linalg.inv(A @ A.T + l2 * np.eye(len(A))) @ b

    return dual(t) - dual(~t)


@alternate_of("t_learner")
def uplift_by_longer_least_squares(X, y, t, X_new, l2):
    X, y, t, X_new = _tl_arrays(X, y, t, X_new, l2)
    d, out = X.shape[1], np.zeros(len(X_new))
    for arm, sign in ((True, 1), (False, -1)):
        rows = t == arm
        top = np.hstack([np.ones((rows.sum(), 1)), X[rows]])
        below = np.hstack([np.zeros((d, 1)), math.sqrt(l2) * np.eye(d)])
        w, *_ = np.linalg.lstsq(np.vstack([top, below]), np.concatenate([y[rows], np.zeros(d)]), rcond=None)
        out += sign * (w[0] + X_new @ w[1:])
    return out


# --- qini_curve ----------------------------------------------------------------------------------------------------------


def _qini_gain(Yt, Yc, nt, nc):
    """Extra outcomes among the treated so far, given running sums."""
    return Yt - np.where(nc > 0, Yc * nt / np.maximum(nc, 1), 0)


def _qini_by(y, t, score, *, gain=_qini_gain, over=len, key=lambda s: -s, blocks=True, check=True, first=True):
    """The curve with one part replaced; `gain` takes running sums, `over` what to divide by."""
    y, t, score = np.asarray(y, float), np.asarray(t, float), np.asarray(score, float)
    if check and np.isnan(score).any():
        raise ValueError("nan")
    order = np.argsort(key(score), kind="stable")
    y, t, s = y[order], t[order], score[order]
    sums = [np.cumsum(each) for each in (y * t, y * (1 - t), t, 1 - t)]
    last = np.flatnonzero(np.append(s[1:] != s[:-1], True)) if blocks else np.arange(len(s))
    with np.errstate(all="ignore"):
        heights = gain(*(each[last] for each in sums)) / over(t)
    share = (last + 1) / len(t)
    return (np.append(0, share), np.append(0, heights)) if first else (share, heights)


@mistake_of("qini_curve", Text("The lowest scores came first. Treat those with the highest first.", "低分排在了前面。应先干预分数最高的。"))
def lowest_score_first(y, t, score):
    return _qini_by(y, t, score, key=lambda s: s)


@mistake_of("qini_curve", Text("Each row is a point of its own, also within equal scores: the curve then depends on the order of the rows. Keep the "
                               "end of each block.",
                               "同分之内也每行一个点：曲线就取决于行的次序。每块只保留末尾。"))
def a_point_for_each_row(y, t, score):
    return _qini_by(y, t, score, blocks=False)


@mistake_of("qini_curve", Text("This is the uplift curve: a difference of rates times the share of rows. Qini scales the control to the treated, "
                               "Y_t − Y_c · N_t / N_c.",
                               "这是 uplift 曲线（AUUC）：比率之差乘以行的占比。Qini 是把对照组缩放到干预组：Y_t − Y_c · N_t / N_c。"))
def uplift_curve_for_qini(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: (Yt / np.maximum(nt, 1) - Yc / np.maximum(nc, 1)) * (nt + nc))


@mistake_of("qini_curve", Text("The control was not scaled: with unequal arms Y_t − Y_c counts who was in the trial, not what the treatment did.",
                               "对照组没有缩放：两组人数不等时，Y_t − Y_c 数的是谁参加了试验，而不是干预的作用。"))
def control_not_scaled(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: Yt - Yc)


@mistake_of("qini_curve", Text("The treated were scaled to the control. It is the other way round: Y_c · N_t / N_c.",
                               "把干预组缩放到了对照组。应当反过来：Y_c · N_t / N_c。"))
def treated_scaled_to_the_control(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: np.where(nt > 0, Yt * nc / np.maximum(nt, 1), 0) - Yc)


@mistake_of("qini_curve", Text("The ratio of the whole trial was used at every point. N_t / N_c are counts *so far*.",
                               "每个点都用了整个试验的人数比。N_t / N_c 是*到目前为止*的人数。"))
def ratio_of_the_whole_trial(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: Yt - (Yc * nt[-1] / nc[-1] if nc[-1] else 0))


@mistake_of("qini_curve", Text("The gain is a sum. Divide it by n, the number of rows.", "增益是总和。还要除以行数 n。"))
def gain_not_divided(y, t, score):
    return _qini_by(y, t, score, over=lambda t: 1)


@mistake_of("qini_curve", Text("The gain was divided by the number of treated rows. Divide by n, all rows.", "增益除以了干预组的行数。应除以全部行数 n。"))
def gain_over_the_treated(y, t, score):
    return _qini_by(y, t, score, over=lambda t: max(t.sum(), 1))


@mistake_of("qini_curve", Text("The gain was divided by the rows so far, which makes a mean effect of it. Divide by n at every point.",
                               "增益除以了到目前为止的行数，成了平均效应。每个点都应除以 n。"))
def gain_over_the_rows_so_far(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: _qini_gain(Yt, Yc, nt, nc) / (nt + nc), over=lambda t: 1)


@mistake_of("qini_curve", Text("The first point (0, 0) is missing: nobody treated, nothing gained.", "缺少第一个点 (0, 0)：没有干预任何人，也没有增益。"))
def origin_missing(y, t, score):
    return _qini_by(y, t, score, first=False)


@mistake_of("qini_curve", Text("The first array counts rows. Divide by n: it is a share.", "第一个数组是行数。应除以 n 得到占比。"))
def rows_for_shares(y, t, score):
    share, gain = _qini_by(y, t, score)
    return share * len(y), gain


@mistake_of("qini_curve", Text("The first array is the share of the treated *arm*. Asked is the share of all rows whose score is as high.",
                               "第一个数组是*干预组*内的占比。要的是在所有行中的占比。"))
def share_of_the_treated_arm(y, t, score):
    treated = np.asarray(t, float)
    return (np.array([0, *(treated[np.asarray(score) >= s].sum() / max(treated.sum(), 1) for s in np.unique(score)[::-1])]),
            _qini_by(y, t, score)[1])


@mistake_of("qini_curve", Text("The arms are swapped: this is the gain of *not* treating.", "两组弄反了：这是*不*干预的增益。"))
def control_for_treated(y, t, score):
    return _qini_by(y, 1 - np.asarray(t, int), score)


@mistake_of("qini_curve", Text("Each arm was ranked on its own, and the same *share* of both compared. Both arms stand in one ranking, and at each point "
                               "those above one score are compared.",
                               "两组各自排名后比较同样*占比*的人。两组应在同一个排名里，在每个点上比较高于同一分数的人。"))
def arms_ranked_apart(y, t, score):
    y, t, score = np.asarray(y, float), np.asarray(t, bool), np.asarray(score, float)
    share, _ = _qini_by(y, t, score)

    def of(arm, part):
        ranked = y[arm][np.argsort(-score[arm], kind="stable")]
        return ranked[:round(part * len(ranked))].sum()

    ratio = t.sum() / max((~t).sum(), 1)
    return share, np.array([of(t, part) - ratio * of(~t, part) for part in share]) / len(y)


@mistake_of("qini_curve", Text("Before the first control row 0 / 0 made a nan. As long as there is no control, nothing is subtracted.",
                               "第一个对照行之前 0 / 0 得到了 nan。没有对照时不减去任何东西。"))
def nan_before_the_first_control(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: Yt - Yc * nt / nc)


@mistake_of("qini_curve", Text("Before the first control row the gain was set to 0. Only the second term is 0 there; Y_t stands.",
                               "第一个对照行之前把增益设为了 0。那里只有第二项为 0，Y_t 保留。"))
def no_gain_before_the_first_control(y, t, score):
    return _qini_by(y, t, score, gain=lambda Yt, Yc, nt, nc: np.where(nc > 0, _qini_gain(Yt, Yc, nt, nc), 0))


@mistake_of("qini_curve", Text("The diagonal was subtracted. That is the distance to a random order; the curve itself ends at the effect on all.",
                               "减去了对角线。那是与随机次序的距离；曲线本身的终点是对所有人的效应。"))
def diagonal_subtracted(y, t, score):
    share, gain = _qini_by(y, t, score)
    return share, gain - share * gain[-1]


@mistake_of("qini_curve", Text("These are the gains of each block alone. Cumulate: the sums run from the top.",
                               "这是每一块单独的增益。应当累计：从最高分开始求和。"))
def blocks_not_cumulated(y, t, score):
    def gain(*sums):
        return _qini_gain(*(np.diff(each, prepend=0) for each in sums))

    return _qini_by(y, t, score, gain=gain)


@mistake_of("qini_curve", Text("y was taken for yes or no (y > 0). It may be an amount: sum it.", "把 y 当成了是/否（y > 0）。它可以是金额：应求和。"))
def amounts_counted_as_ones(y, t, score):
    return _qini_by(np.asarray(y, float) > 0, t, score)


@mistake_of("qini_curve", Text("Nearly equal scores fell into one block (rounding, or isclose). Equal is exactly equal.",
                               "几乎相等的分数被并成了一块（四舍五入或 isclose）。相等指完全相等。"))
def nearly_equal_is_one_block(y, t, score):
    return _qini_by(y, t, np.round(np.asarray(score, float), 8))


@mistake_of("qini_curve", Text("Scores of nan were sorted somewhere. Whoever has no score cannot be ranked: raise ValueError.",
                               "nan 分数被排到了某处。没有分数就无法排名：应抛出 ValueError。"))
def nan_scores_ranked(y, t, score):
    return _qini_by(y, t, score, check=False)


@alternate_of("qini_curve")
def qini_by_thresholds(y, t, score):
    rows = list(zip(y, t, score, strict=True))
    if any(math.isnan(s) for *_, s in rows):
        raise ValueError("nan cannot be ranked")
    share, gain = [0.0], [0.0]
    for level in sorted({float(s) for *_, s in rows}, reverse=True):
        treated = [float(a) for a, arm, s in rows if s >= level and arm]
        control = [float(a) for a, arm, s in rows if s >= level and not arm]
        share.append((len(treated) + len(control)) / len(rows))
        gain.append((sum(treated) - (sum(control) * len(treated) / len(control) if control else 0)) / len(rows))
    return share, gain


@alternate_of("qini_curve")
def qini_by_groups_of_pandas(y, t, score):
    if pd.isna(np.asarray(score, float)).any():
        raise ValueError("a score is missing")
    frame = pd.DataFrame({"score": np.asarray(score, float), "t": np.asarray(t, int), "y": np.asarray(y, float)})
    sums = frame.assign(c=1 - frame["t"], yt=frame["y"] * frame["t"], yc=frame["y"] * (1 - frame["t"])).groupby("score").sum()
    so_far = sums.sort_index(ascending=False).cumsum()
    gain = so_far["yt"] - (so_far["yc"] * so_far["t"] / so_far["c"]).fillna(0)
    both = pd.DataFrame({"share": (so_far["t"] + so_far["c"]) / len(frame), "gain": gain / len(frame)})
    return np.append(0, both["share"]), np.append(0, both["gain"])


@alternate_of("qini_curve")
def qini_by_a_table_of_comparisons(y, t, score):
    y, t, score = np.asarray(y, float), np.asarray(t, float), np.asarray(score, float)
    if np.isnan(score).any():
        raise ValueError("nan")
    above = score >= np.r_[np.inf, np.unique(score)[::-1]][:, None]
    nt, nc = above @ t, above @ (1 - t)
    return above.mean(axis=1), (above @ (y * t) - above @ (y * (1 - t)) * np.divide(nt, nc, out=np.zeros(len(nt)), where=nc > 0)) / len(y)


# --- policy_value --------------------------------------------------------------------------------------------------------


def _pv_arrays(y, t, e, pi, mu0, mu1, check=True):
    y, t, mu0, mu1 = (np.asarray(each, float) for each in (y, t, mu0, mu1))
    e, pi = (np.broadcast_to(np.asarray(each, float), y.shape) for each in (e, pi))
    if check and (len(y) < 2 or (e <= 0).any() or (e >= 1).any() or (pi < 0).any() or (pi > 1).any()):
        raise ValueError("e inside of 0 to 1, pi from 0 to 1, two rows or more")
    return y, t, e, pi, mu0, mu1


def _pv_model(pi, mu0, mu1):
    return pi * mu1 + (1 - pi) * mu0


def _pv_weight(t, e, pi):
    """The policy's chance of what the log did over the log's."""
    return t * pi / e + (1 - t) * (1 - pi) / (1 - e)


def _pv_mean(terms, ddof=1):
    return terms.mean(), terms.std(ddof=ddof) / np.sqrt(len(terms))


def _pv_by(arguments, *, model=_pv_model, weight=_pv_weight, expected=lambda t, mu0, mu1: np.where(t == 1, mu1, mu0), sign=1, check=True):
    y, t, e, pi, mu0, mu1 = _pv_arrays(*arguments, check=check)
    with np.errstate(all="ignore"):
        return _pv_mean(model(pi, mu0, mu1) + sign * weight(t, e, pi) * (y - expected(t, mu0, mu1)))


@mistake_of("policy_value", Text("This is what the model says and nothing else (direct method): a wrong model stays wrong. Add the weighted residuals.",
                                 "这只是模型的预测（直接法）：模型错了结果就错。应加上加权残差。"))
def model_alone(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: 0 * t)


@mistake_of("policy_value", Text("This is inverse propensity weighting of y. The model's predictions take no part: weigh the residual, and add the "
                                 "prediction.",
                                 "这是对 y 的逆倾向加权，没有用到模型预测。应对残差加权，再加上预测。"))
def weighting_alone(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    return _pv_mean(_pv_weight(t, e, pi) * y)


@mistake_of("policy_value", Text("The weights were divided by their mean (self-normalised). That is another estimator; here the mean is over the rows, "
                                 "with the weights as they are.",
                                 "权重除以了自身均值（自归一化）。那是另一个估计量；这里按原权重对行求均值。"))
def self_normalised(y, t, e, pi, mu0, mu1):
    def weight(t, e, pi):
        w = _pv_weight(t, e, pi)
        return w / w.mean() if w.any() else w

    return _pv_by((y, t, e, pi, mu0, mu1), weight=weight)


@mistake_of("policy_value", Text("e is the chance of being *treated*. A control row was in the log with the chance 1 − e: divide by that.",
                                 "e 是*被干预*的概率。对照组行出现的概率是 1 − e：应除以它。"))
def e_for_both_arms(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: (t * pi + (1 - t) * (1 - pi)) / e)


@mistake_of("policy_value", Text("e and 1 − e are swapped: a treated row is divided by e, a control row by 1 − e.",
                                 "e 与 1 − e 弄反了：干预组行除以 e，对照组行除以 1 − e。"))
def propensity_swapped(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: _pv_weight(t, 1 - e, pi))


@mistake_of("policy_value", Text("The residuals were not divided by the chance with which the log did what it did.",
                                 "残差没有除以日志采取该动作的概率。"))
def residuals_not_weighted(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: t * pi + (1 - t) * (1 - pi))


@mistake_of("policy_value", Text("The residual is the wrong way round: add y − mu, what happened less what was predicted.",
                                 "残差方向反了：应加 y − mu，即实际减预测。"))
def residual_reversed(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), sign=-1)


@mistake_of("policy_value", Text("The residuals count fully whether or not the policy would do the same. Multiply by pi for a treated row and 1 − pi for "
                                 "a control row.",
                                 "无论策略是否会这么做，残差都全额计入。干预组行应乘以 pi，对照组行乘以 1 − pi。"))
def policy_left_out_of_the_residuals(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: t / e + (1 - t) / (1 - e))


@mistake_of("policy_value", Text("Only treated rows were corrected. Where the policy does not treat, control rows tell what happens.",
                                 "只修正了干预组的行。在策略不干预之处，要靠对照组的行来修正。"))
def control_not_corrected(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: t * pi / e)


@mistake_of("policy_value", Text("Each residual was taken from the policy's mixture of predictions. Compare y with the prediction of the arm the row was "
                                 "*in*.",
                                 "残差是与策略混合预测的差。应把 y 与该行*所在组*的预测相比。"))
def residual_from_the_mixture(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    said = _pv_model(pi, mu0, mu1)
    return _pv_mean(said + _pv_weight(t, e, pi) * (y - said))


@mistake_of("policy_value", Text("Every residual is from mu1. A control row's is y − mu0.", "所有残差都用了 mu1。对照组行应为 y − mu0。"))
def residuals_from_mu1(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), expected=lambda t, mu0, mu1: mu1)


@mistake_of("policy_value", Text("mu0 and mu1 are swapped: mu1 is the prediction with treatment, and comes last.",
                                 "mu0 与 mu1 弄反了：mu1 是有干预时的预测，排在最后。"))
def predictions_swapped(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu1, mu0))


@mistake_of("policy_value", Text("This is the gain over treating nobody. Asked is the value: the mean outcome under the policy.",
                                 "这是相对于谁都不干预的增益。要的是价值：策略下的平均结果。"))
def gain_over_nobody(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    one, nobody = (_pv_model(p, mu0, mu1) + _pv_weight(t, e, p) * (y - np.where(t == 1, mu1, mu0)) for p in (pi, 0 * pi))
    return _pv_mean(one - nobody)


@mistake_of("policy_value", Text("The correction was averaged over the rows where log and policy agree. Rows that disagree count too, with weight 0: "
                                 "divide by n.",
                                 "修正只对日志与策略一致的行求平均。不一致的行也要计入（权重 0）：应除以 n。"))
def over_the_agreeing_rows(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    w = _pv_weight(t, e, pi)
    return _pv_mean(_pv_model(pi, mu0, mu1) + w * (y - np.where(t == 1, mu1, mu0)) * len(w) / max((w > 0).sum(), 1))


@mistake_of("policy_value", Text("The weights were capped. That lowers the error and shifts the value; here they are used as they are.",
                                 "权重被截断了。这会减小误差但使结果偏移；这里按原样使用。"))
def weights_capped(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: np.minimum(_pv_weight(t, e, pi), 10))


@mistake_of("policy_value", Text("One mean e was used for all rows. Each row has the chance with which *it* was treated.",
                                 "所有行都用了 e 的均值。每一行要用*它自己*被干预的概率。"))
def mean_propensity(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), weight=lambda t, e, pi: _pv_weight(t, np.full_like(e, e.mean()), pi))


@mistake_of("policy_value", Text("pi was rounded to yes or no. A policy may draw lots: use the chance.", "pi 被取整成了是/否。策略可以抽签：应使用概率。"))
def lots_rounded(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    return _pv_by((y, t, e, pi > .5, mu0, mu1))


@mistake_of("policy_value", Text("This is the standard deviation of the rows. The error of their mean is that over √n.",
                                 "这是各行的标准差。均值的标准误还要除以 √n。"))
def deviation_for_error(y, t, e, pi, mu0, mu1):
    value, error = _pv_by((y, t, e, pi, mu0, mu1))
    return value, error * np.sqrt(len(y))


@mistake_of("policy_value", Text("The standard error divides by n (ddof=0). Divide by n − 1.", "标准误除以了 n（ddof=0）。应除以 n − 1。"))
def error_without_correction(y, t, e, pi, mu0, mu1):
    value, error = _pv_by((y, t, e, pi, mu0, mu1))
    return value, error * np.sqrt((len(y) - 1) / len(y))


@mistake_of("policy_value", Text("This is the standard error of y. The value is the mean of the rows' terms: theirs is asked.",
                                 "这是 y 的标准误。价值是各行项的均值：要的是这些项的标准误。"))
def error_of_the_outcome(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1))[0], _pv_mean(np.asarray(y, float))[1]


@mistake_of("policy_value", Text("A chance of 0 or 1, or outside, was let through. Where the log never does one of the two there is nothing to learn "
                                 "from: raise ValueError.",
                                 "放过了等于 0 或 1、或越界的概率。日志从不采取某个动作时无从学习：应抛出 ValueError。"))
def chances_not_checked(y, t, e, pi, mu0, mu1):
    return _pv_by((y, t, e, pi, mu0, mu1), check=False)


@mistake_of("policy_value", Text("Chances of 0 and 1 were clipped to something near, and whatever is outside with them. A log without a chance cannot be "
                                 "repaired so: raise ValueError.",
                                 "把 0 和 1（以及越界值）裁剪到附近。没有机会的日志不能这样修补：应抛出 ValueError。"))
def chances_clipped(y, t, e, pi, mu0, mu1):
    if len(y) < 2:
        raise ValueError("two rows or more")
    return _pv_by((y, t, np.clip(e, .001, .999), np.clip(pi, 0, 1), mu0, mu1))


@alternate_of("policy_value")
def value_row_by_row(y, t, e, pi, mu0, mu1):
    n = len(y)
    e, pi = ([each] * n if np.ndim(each) == 0 else list(each) for each in (e, pi))
    if n < 2 or not all(0 < chance < 1 for chance in e) or not all(0 <= share <= 1 for share in pi):
        raise ValueError("a chance is none")
    terms = []
    for i in range(n):
        term = float(pi[i]) * float(mu1[i]) + (1 - float(pi[i])) * float(mu0[i])
        if t[i]:
            term += float(pi[i]) * (y[i] - mu1[i]) / e[i]
        else:
            term += (1 - float(pi[i])) * (y[i] - mu0[i]) / (1 - e[i])
        terms.append(term)
    value = math.fsum(terms) / n
    return value, math.sqrt(math.fsum((term - value) ** 2 for term in terms) / (n - 1) / n)


@alternate_of("policy_value")
def value_by_two_arms(y, t, e, pi, mu0, mu1):
    y, e, pi = np.asarray(y, float), np.asarray(e, float), np.asarray(pi, float)
    if y.size < 2 or np.any((e <= 0) | (e >= 1)) or np.any((pi < 0) | (pi > 1)):
        raise ValueError("chances")
    # What an arm's outcome would be, for every row, then the mixture of both.
    with_it = np.asarray(mu1, float) + np.equal(t, 1) / e * (y - mu1)
    without = np.asarray(mu0, float) + np.equal(t, 0) / (1 - e) * (y - mu0)
    terms = without + pi * (with_it - without)
    return [float(np.mean(terms)), float(np.sqrt(np.cov(terms) / len(terms)))]


@alternate_of("policy_value")
def value_by_weighting_and_back(y, t, e, pi, mu0, mu1):
    y, t, e, pi, mu0, mu1 = _pv_arrays(y, t, e, pi, mu0, mu1)
    treated, control = t * pi / e, (1 - t) * (1 - pi) / (1 - e)
    terms = (treated + control) * y - (treated - pi) * mu1 - (control - (1 - pi)) * mu0
    return terms.sum() / len(y), np.sqrt(((terms - terms.mean()) ** 2).sum() / (len(y) - 1)) / len(y) ** .5


# --- power_n -------------------------------------------------------------------------------------------------------------


def _pn_z(p):
    return NormalDist().inv_cdf(p)


def _pn_checked(p0, mde, alpha, power):
    if not (0 < p0 < 1 and 0 < p0 + mde < 1 and mde != 0 and 0 < alpha < power < 1):
        raise ValueError("no such test")


def _pn_variances(p0, p1):
    return p0 * (1 - p0) + p1 * (1 - p1)


def _pn_by(p0, mde, alpha, power, *, z=lambda alpha, power: _pn_z(1 - alpha / 2) + _pn_z(power), variances=_pn_variances, end=math.ceil):
    _pn_checked(p0, mde, alpha, power)
    return end(z(alpha, power) ** 2 * variances(p0, p0 + mde) / mde ** 2)


@mistake_of("power_n", Text("The test is one-sided. Two-sided, alpha is halved: z(1 − alpha / 2).", "这是单侧检验。双侧时 alpha 要减半：z(1 − alpha / 2)。"))
def one_sided(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: _pn_z(1 - alpha) + _pn_z(power))


@mistake_of("power_n", Text("Power was left out: with so few, half of the tests miss the lift. Add z(power).",
                            "没有考虑功效：这么少的人，一半的试验会错过提升。应加上 z(power)。"))
def power_left_out(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: _pn_z(1 - alpha / 2))


@mistake_of("power_n", Text("z of the miss rate was added, which is negative: z(1 − power) = −z(power).",
                            "加的是漏检率的 z，是负数：z(1 − power) = −z(power)。"))
def power_subtracted(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: _pn_z(1 - alpha / 2) - _pn_z(power))


@mistake_of("power_n", Text("The two z were squared and then added. Add them first, then square: (z + z)².",
                            "先分别平方再相加。应先相加再平方：(z + z)²。"))
def squares_added(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: math.hypot(_pn_z(1 - alpha / 2), _pn_z(power)))


@mistake_of("power_n", Text("z was not squared: n grows with the square of z over the lift.", "z 没有平方：n 与 (z / 提升) 的平方成正比。"))
def z_not_squared(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: math.sqrt(_pn_z(1 - alpha / 2) + _pn_z(power)))


@mistake_of("power_n", Text("The lift was not squared. Half the lift needs four times as many shoppers.", "提升没有平方。提升减半，人数要变为四倍。"))
def lift_not_squared(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    return math.ceil((_pn_z(1 - alpha / 2) + _pn_z(power)) ** 2 * _pn_variances(p0, p0 + mde) / abs(mde))


@mistake_of("power_n", Text("One variance for a difference of two shares: the control is uncertain too. Add both.",
                            "两个比例之差只用了一个方差：对照组也有不确定性。应把两个相加。"))
def variance_of_one_arm(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, variances=lambda p0, p1: p0 * (1 - p0))


@mistake_of("power_n", Text("Twice the variance of the control's share. The treated share is p0 + mde, and has a variance of its own.",
                            "用了两倍的对照组方差。干预组的比例是 p0 + mde，有自己的方差。"))
def variance_of_the_control_twice(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, variances=lambda p0, p1: 2 * p0 * (1 - p0))


@mistake_of("power_n", Text("The variance is that of the pooled share, twice. Here the variances are unpooled: each share has its own.",
                            "用了合并比例的方差（乘 2）。这里不合并：每个比例用自己的方差。"))
def pooled_variance(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, variances=lambda p0, p1: (p0 + p1) * (1 - (p0 + p1) / 2))


@mistake_of("power_n", Text("This is the formula with a pooled error under no effect and an unpooled one under the lift. A usual one, but not the one "
                            "asked for: unpooled in both places.",
                            "这是「原假设下合并、备择下不合并」的公式。它也常用，但这里要求两处都不合并。"))
def pooled_under_no_effect(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    p1 = p0 + mde
    pooled = (p0 + p1) * (1 - (p0 + p1) / 2)
    return math.ceil((_pn_z(1 - alpha / 2) * math.sqrt(pooled) + _pn_z(power) * math.sqrt(_pn_variances(p0, p1))) ** 2 / mde ** 2)


@mistake_of("power_n", Text("Standard deviations were added. Variances add: p (1 − p), without a root.",
                            "把标准差相加了。应相加的是方差：p (1 − p)，不开方。"))
def deviations_added(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, variances=lambda p0, p1: math.sqrt(p0 * (1 - p0)) + math.sqrt(p1 * (1 - p1)))


@mistake_of("power_n", Text("This is Cohen's h, the difference of arcsines. Another approximation: asked is the difference of shares.",
                            "这是 Cohen's h（反正弦之差），另一种近似。这里用的是比例之差。"))
def difference_of_arcsines(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    h = 2 * math.asin(math.sqrt(p0 + mde)) - 2 * math.asin(math.sqrt(p0))
    return math.ceil(2 * (_pn_z(1 - alpha / 2) + _pn_z(power)) ** 2 / h ** 2)


@mistake_of("power_n", Text("mde was taken as a share of p0. It is in absolute terms: from .30 to .32 is .02.",
                            "把 mde 当成了相对提升。它是绝对值：从 .30 到 .32 是 .02。"))
def relative_mde(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    p1 = p0 * (1 + mde)
    return math.ceil((_pn_z(1 - alpha / 2) + _pn_z(power)) ** 2 * _pn_variances(p0, p1) / (p1 - p0) ** 2)


@mistake_of("power_n", Text("The sign of mde was dropped: the treated share is p0 + mde, also when mde is negative.",
                            "mde 的符号被丢掉了：干预组的比例是 p0 + mde，mde 为负时也一样。"))
def sign_dropped(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    return math.ceil((_pn_z(1 - alpha / 2) + _pn_z(power)) ** 2 * _pn_variances(p0, p0 + abs(mde)) / mde ** 2)


@mistake_of("power_n", Text("This is the number in both arms together. Asked are shoppers *per arm*.", "这是两组的总人数。要的是*每组*的人数。"))
def both_arms_together(p0, mde, alpha=.05, power=.8):
    return 2 * _pn_by(p0, mde, alpha, power)


@mistake_of("power_n", Text("Rounded down. A test with one shopper too few is below the power asked for: round up.",
                            "向下取整了。少一个人功效就不够：应向上取整。"))
def rounded_down(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, end=math.floor)


@mistake_of("power_n", Text("Rounded to the nearest. A test with one shopper too few is below the power asked for: round up.",
                            "四舍五入了。少一个人功效就不够：应向上取整。"))
def rounded_to_the_nearest(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, end=round)


@mistake_of("power_n", Text("z was rounded (1.96, .84). At millions of shoppers that is thousands: use the quantiles themselves.",
                            "z 被四舍五入了（1.96、.84）。上百万人时会差出几千：应使用精确分位数。"))
def rounded_quantiles(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: round(_pn_z(1 - alpha / 2), 2) + round(_pn_z(power), 2))


@mistake_of("power_n", Text("This is the rule of thumb 16 · p (1 − p) / lift². Good on the back of an envelope; it knows neither alpha nor power.",
                            "这是经验公式 16 · p (1 − p) / 提升²。估算够用，但它不考虑 alpha 和 power。"))
def rule_of_sixteen(p0, mde, alpha=.05, power=.8):
    _pn_checked(p0, mde, alpha, power)
    return math.ceil(16 * p0 * (1 - p0) / mde ** 2)


@mistake_of("power_n", Text("alpha was not used: .05 is only its default.", "没有用到 alpha：.05 只是默认值。"))
def alpha_ignored(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: _pn_z(.975) + _pn_z(power))


@mistake_of("power_n", Text("power was not used: .8 is only its default.", "没有用到 power：.8 只是默认值。"))
def power_ignored(p0, mde, alpha=.05, power=.8):
    return _pn_by(p0, mde, alpha, power, z=lambda alpha, power: _pn_z(1 - alpha / 2) + _pn_z(.8))


@mistake_of("power_n", Text("What cannot be tested was let through: no lift, a share outside of 0 to 1, or alpha not below power. Raise ValueError.",
                            "放过了无法检验的输入：没有提升、比例越界、alpha 不小于 power。应抛出 ValueError。"))
def nothing_checked(p0, mde, alpha=.05, power=.8):
    if not (0 < alpha < 1 and 0 < power < 1 and mde):
        return 0
    return math.ceil((_pn_z(1 - alpha / 2) + _pn_z(power)) ** 2 * _pn_variances(p0, p0 + mde) / mde ** 2)


@alternate_of("power_n")
def shoppers_by_scipy(p0, mde, alpha=.05, power=.8):
    p1 = p0 + mde
    if min(p0, 1 - p0, p1, 1 - p1) <= 0 or p1 == p0 or alpha <= 0 or power >= 1 or alpha >= power:
        raise ValueError("no such test")
    errors = (stats.norm.isf(alpha / 2) - stats.norm.isf(power)) / (p1 - p0)
    return int(np.ceil(errors ** 2 * sum(p - p * p for p in (p0, p1))))


@alternate_of("power_n")
def shoppers_by_searching(p0, mde, alpha=.05, power=.8):
    if not (0 < p0 < 1 and 0 < p0 + mde < 1 and mde != 0 and 0 < alpha < power < 1):
        raise ValueError("no such test")
    unit, critical = math.sqrt(p0 * (1 - p0) + (p0 + mde) * (1 - p0 - mde)), NormalDist().inv_cdf(1 - alpha / 2)

    def seen(n):
        return NormalDist().cdf(abs(mde) * math.sqrt(n) / unit - critical)

    low, high = 0, 1
    while seen(high) < power:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seen(middle) < power else (low, middle)
    return high


# --- x_learner -----------------------------------------------------------------------------------------------------------


def _xl_ridge(X, y, l2):
    """A model of these rows: a function of X."""
    centre, level = X.mean(axis=0), y.mean()
    w = np.linalg.solve((X - centre).T @ (X - centre) + l2 * np.eye(X.shape[1]), (X - centre).T @ (y - level))
    return lambda new: level + (new - centre) @ w


def _xl_checked(X, y, t, X_new, e, l2, refuse=True):
    X, y, t, X_new, e = np.array(X, float), np.array(y, float), np.array(t), np.array(X_new, float), np.array(e, float)
    if refuse and (l2 <= 0 or not (e > 0).all() or not (e < 1).all() or not 0 < t.sum() < len(t)):
        raise ValueError("x_learner")
    return X, y, t == 1, X_new, e


def _xl_rows(X, y, t, mu0, mu1):
    """The imputed effects: each treated row's, each control row's."""
    return y[t] - mu0(X[t]), mu1(X[~t]) - y[~t]


def _xl_mix(tau0, tau1, e, t):
    return e * tau0 + (1 - e) * tau1


def _xl(X, y, t, X_new, e, l2, *, fit=_xl_ridge, impute=_xl_rows, mix=_xl_mix, late=None, refuse=True):
    """The X-learner with one part replaced; `late`: how the second stage is fitted."""
    X, y, t, X_new, e = _xl_checked(X, y, t, X_new, e, l2, refuse)
    d1, d0 = impute(X, y, t, fit(X[~t], y[~t], l2), fit(X[t], y[t], l2))
    tau1, tau0 = (late or fit)(X[t], d1, l2), (late or fit)(X[~t], d0, l2)
    return mix(tau0(X_new), tau1(X_new), e, t) * np.ones(len(X_new))


@mistake_of("x_learner", Text(
    "This is the T-learner, μ1 − μ0; or the imputed effects of both arms went into one model, which with ridges comes to the same. Fit one model "
    "of the effects on the treated, one on the controls, and mix them by e.",
    "这是 T-learner：μ1 − μ0；或者把两组补出的效应放进了一个模型，对岭回归来说结果相同。应在处理组、对照组上各拟合一个效应模型，再按 e 混合。"))
def xl_first_stage_alone(X, y, t, X_new, e, l2):
    X, y, t, X_new, e = _xl_checked(X, y, t, X_new, e, l2)
    return _xl_ridge(X[t], y[t], l2)(X_new) - _xl_ridge(X[~t], y[~t], l2)(X_new)


@mistake_of("x_learner", Text(
    "This is the S-learner: one model with t as a column. A linear one gives everybody the same effect, and l2 shrinks it.",
    "这是 S-learner：一个模型，把 t 当作一列。线性时人人效应相同，还会被 l2 压小。"))
def xl_one_model_with_t(X, y, t, X_new, e, l2):
    X, y, t, X_new, e = _xl_checked(X, y, t, X_new, e, l2)
    model = _xl_ridge(np.column_stack([X, t]), y, l2)
    one, zero = (model(np.column_stack([X_new, np.full(len(X_new), arm)])) for arm in (1, 0))
    return one - zero


@mistake_of("x_learner", Text(
    "The weights are the wrong way round. Where few are treated (e small) τ1, from the treated rows, is the one to trust: e · τ0 + (1 − e) · τ1.",
    "权重用反了。处理组人少（e 小）时应相信来自处理组的 τ1：e · τ0 + (1 − e) · τ1。"))
def xl_weights_exchanged(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: (1 - e) * tau0 + e * tau1)


@mistake_of("x_learner", Text("The two models of the effect were averaged half and half. Weigh them by e.",
                              "两个效应模型各取一半。应按 e 加权。"))
def xl_half_and_half(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: (tau0 + tau1) / 2)


@mistake_of("x_learner", Text("The weight was the share of treated rows. It is e, which was given: the rows you learn from need not be those you predict.",
                              "权重用了处理组所占份额。应使用给定的 e：学习用的行不一定是要预测的行。"))
def xl_weight_by_share_treated(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: t.mean() * tau0 + (1 - t.mean()) * tau1)


@mistake_of("x_learner", Text("One e, the mean, was used for all rows. Each row of X_new has its own.",
                              "所有行都用了 e 的均值。X_new 的每一行有自己的 e。"))
def xl_mean_of_e(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: e.mean() * tau0 + (1 - e.mean()) * tau1)


@mistake_of("x_learner", Text("Only τ1, from the treated rows, was used. Mix in τ0 with the weight e.",
                              "只用了处理组的 τ1。还要以权重 e 加入 τ0。"))
def xl_treated_model_alone(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: tau1)


@mistake_of("x_learner", Text("Only τ0, from the control rows, was used. Mix in τ1 with the weight 1 − e.",
                              "只用了对照组的 τ0。还要以权重 1 − e 加入 τ1。"))
def xl_control_model_alone(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, mix=lambda tau0, tau1, e, t: tau0)


@mistake_of("x_learner", Text(
    "The controls' effects have the wrong sign: y − μ1(x). A control shows the outcome *without*, so it is μ1(x) − y.",
    "对照组效应的符号反了：y − μ1(x)。对照组观察到的是「没有」时的结果，应为 μ1(x) − y。"))
def xl_control_sign_turned(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, impute=lambda X, y, t, mu0, mu1: (y[t] - mu0(X[t]), y[~t] - mu1(X[~t])))


@mistake_of("x_learner", Text(
    "Each row was compared with its own arm's model (or the two models are exchanged): these are residuals, near 0. The missing outcome comes from "
    "the other arm's model.",
    "每行与自己组的模型相减（或两个模型用反了）：得到的是接近 0 的残差。缺的结果应来自另一组的模型。"))
def xl_own_arm_subtracted(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, impute=lambda X, y, t, mu0, mu1: (y[t] - mu1(X[t]), mu0(X[~t]) - y[~t]))


@mistake_of("x_learner", Text(
    "The second stage learns μ1(x) − μ0(x), a difference of two models. Use the outcome that was observed, and a model only for the missing one.",
    "第二阶段学的是 μ1(x) − μ0(x)，两个模型之差。已观察到的结果要直接用，只有缺的那个用模型。"))
def xl_models_in_place_of_outcomes(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, impute=lambda X, y, t, mu0, mu1: tuple(mu1(X[arm]) - mu0(X[arm]) for arm in (t, ~t)))


def _xl_whole_penalty(X, y, l2):
    wide = np.column_stack([np.ones(len(X)), X])
    w = np.linalg.solve(wide.T @ wide + l2 * np.eye(wide.shape[1]), wide.T @ y)
    return lambda new: w[0] + new @ w[1:]


@mistake_of("x_learner", Text(
    "l2 was put on the intercept as well: a large l2 then shrinks every effect to 0. Penalise the weights alone.",
    "l2 也加到了截距上：l2 大时所有效应都被压向 0。只惩罚权重。"))
def xl_intercept_penalised(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, fit=_xl_whole_penalty)


@mistake_of("x_learner", Text("The models have no intercept. Fit one; it is not penalised.", "模型没有截距。应有截距，且不受惩罚。"))
def xl_without_intercept(X, y, t, X_new, e, l2):
    def through_zero(X, y, l2):
        w = np.linalg.solve(X.T @ X + l2 * np.eye(X.shape[1]), X.T @ y)
        return lambda new: new @ w
    return _xl(X, y, t, X_new, e, l2, fit=through_zero)


@mistake_of("x_learner", Text(
    "l2 was multiplied by the number of rows, or the sum of squares was a mean. Here l2 stands beside the sum.",
    "l2 乘了行数，或平方和取成了均值。这里 l2 与平方和直接相加。"))
def xl_l2_times_rows(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, fit=lambda X, y, l2: _xl_ridge(X, y, l2 * len(X)))


@mistake_of("x_learner", Text("l2 was not used. The weights are those of least squares.", "没有用到 l2，权重是最小二乘的。"))
def xl_least_squares(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, fit=lambda X, y, l2: LinearRegression().fit(X, y).predict)


@mistake_of("x_learner", Text("The second stage has no penalty. All four models have the same l2.",
                              "第二阶段没有惩罚。四个模型都用同一个 l2。"))
def xl_second_stage_not_penalised(X, y, t, X_new, e, l2):
    return _xl(X, y, t, X_new, e, l2, late=lambda X, y, l2: LinearRegression().fit(X, y).predict)


@mistake_of("x_learner", Text("The columns were standardised first, so l2 meant something else for each. Take X as it is.",
                              "先做了标准化，于是 l2 对各列的含义变了。应直接使用 X。"))
def xl_standardised(X, y, t, X_new, e, l2):
    rows = StandardScaler().fit(np.asarray(X, float))
    return _xl(rows.transform(X), y, t, rows.transform(X_new), e, l2)


@mistake_of("x_learner", Text("The signs are turned: without less with. An effect is the outcome with treatment less the one without.",
                              "正负反了：成了「无减有」。效应是有处理的结果减去没有处理的结果。"))
def xl_sign_turned(X, y, t, X_new, e, l2):
    return -_xl(X, y, t, X_new, e, l2)


@mistake_of("x_learner", Text("This is one number, the mean effect. Return the effect of each row of X_new.",
                              "这是一个数：平均效应。应返回 X_new 每一行的效应。"))
def xl_mean_effect(X, y, t, X_new, e, l2):
    return float(_xl(X, y, t, X_new, e, l2).mean())


@mistake_of("x_learner", Text(
    "Nothing is refused. An empty arm has no model, l2 = 0 may have many, and with e of 0 or 1 nobody could have been in the other arm: ValueError.",
    "什么都没有拒绝。空组没有模型，l2 = 0 时模型可能不唯一，e 为 0 或 1 时另一组不可能有人：应抛出 ValueError。"))
def xl_nothing_refused(X, y, t, X_new, e, l2):
    if not 0 < np.sum(t) < len(t):
        return np.full(len(X_new), np.nan)
    return _xl(X, y, t, X_new, e, l2, refuse=False, fit=lambda X, y, l2: _xl_ridge(X, y, max(l2, 1e-9)))


@alternate_of("x_learner")
def xl_by_sklearn(X, y, t, X_new, e, l2):
    X, y, t, e = np.asarray(X), np.asarray(y), np.asarray(t, bool), np.asarray(e)
    if t.all() or not t.any() or l2 <= 0 or e.min() <= 0 or e.max() >= 1:
        raise ValueError("arms, l2 or e")
    control, treated = Ridge(alpha=l2).fit(X[~t], y[~t]), Ridge(alpha=l2).fit(X[t], y[t])
    of_treated = Ridge(alpha=l2).fit(X[t], y[t] - control.predict(X[t])).predict(X_new)
    of_control = Ridge(alpha=l2).fit(X[~t], treated.predict(X[~t]) - y[~t]).predict(X_new)
    return of_treated + e * (of_control - of_treated)


@alternate_of("x_learner")
def xl_by_augmented_rows(X, y, t, X_new, e, l2):
    rows = {arm: [i for i, own in enumerate(t) if own == arm] for arm in (0, 1)}
    chances = [e] * len(X_new) if np.ndim(e) == 0 else list(e)
    if not rows[0] or not rows[1] or not l2 > 0 or any(not 0 < chance < 1 for chance in chances):
        raise ValueError("arms, l2 or e")
    X, X_new, y = np.asarray(X, float), np.asarray(X_new, float), np.asarray(y, float)
    d = X.shape[1]

    def weights(arm, goal):
        # A penalty is d more observations of 0, in which only one column is not 0; the intercept's column is 0 in all of them.
        tall = np.zeros((len(rows[arm]) + d, 1 + d))
        tall[:len(rows[arm]), 0], tall[:len(rows[arm]), 1:] = 1, X[rows[arm]]
        tall[len(rows[arm]):, 1:] = math.sqrt(l2) * np.eye(d)
        return np.linalg.lstsq(tall, np.concatenate([goal, np.zeros(d)]), rcond=None)[0]

    def at(w, rows):
        return w[0] + rows @ w[1:]

    mu = [weights(arm, y[rows[arm]]) for arm in (0, 1)]
    tau = [weights(0, at(mu[1], X[rows[0]]) - y[rows[0]]), weights(1, y[rows[1]] - at(mu[0], X[rows[1]]))]
    return [chance * at(tau[0], row) + (1 - chance) * at(tau[1], row) for chance, row in zip(chances, X_new, strict=True)]


@alternate_of("x_learner")
def xl_by_a_kernel(X, y, t, X_new, e, l2):
    X, y, t, X_new, e = np.asarray(X, float), np.asarray(y, float), np.asarray(t), np.asarray(X_new, float), np.asarray(e, float)
    parts = [X[t == 0], X[t == 1]]
    if min(map(len, parts)) == 0 or l2 <= 0 or np.any((e <= 0) | (e >= 1)):
        raise ValueError("arms, l2 or e")

    def model(rows, goal):
        # The dual: as many unknowns as rows, not as columns.
        middle, level = rows.mean(axis=0), goal.mean()
        a = np.linalg.solve((rows - middle) @ (rows - middle).T + l2 * np.eye(len(rows)), goal - level)
        return lambda new: level + (new - middle) @ (rows - middle).T @ a

    mu = [model(parts[arm], y[t == arm]) for arm in (0, 1)]
    tau0 = model(parts[0], mu[1](parts[0]) - y[t == 0])(X_new)
    tau1 = model(parts[1], y[t == 1] - mu[0](parts[1]))(X_new)
    return np.average([tau0, tau1], axis=0, weights=np.broadcast_to(np.array([e * np.ones(len(X_new)), (1 - e) * np.ones(len(X_new))]), (2, len(X_new))))


# --- transformed_outcome -------------------------------------------------------------------------------------------------


def _to(y, t, e, of=None, check_e=True, check_t=True):
    """The transformed outcome with `of`(y, t, e) in its place."""
    y, t, e = np.array(y, float), np.array(t, float), np.array(e, float)
    if check_e and not ((e > 0) & (e < 1)).all():
        raise ValueError("e")
    if check_t and not np.isin(t, [0, 1]).all():
        raise ValueError("t")
    with np.errstate(all="ignore"):
        return np.where(t == 1, y / e, -y / (1 - e)) if of is None else of(y, t, e)


@mistake_of("transformed_outcome", Text(
    "This is ± y. Each arm stands for those of its kind in the other arm, too: divide by the chance of the arm the row is in.",
    "这只是 ± y。每一行还代表另一组中的同类人：要除以该行所在组的概率。"))
def to_signs_alone(y, t, e):
    return _to(y, t, e, lambda y, t, e: y * (2 * t - 1))


@mistake_of("transformed_outcome", Text(
    "This is right for e = ½ alone: ± 2y. Divide by e for a treated row and by 1 − e for a control.",
    "这只在 e = ½ 时正确：± 2y。处理组除以 e，对照组除以 1 − e。"))
def to_half_taken_for_granted(y, t, e):
    return _to(y, t, e, lambda y, t, e: 2 * y * (2 * t - 1))


@mistake_of("transformed_outcome", Text(
    "The controls have no minus. Then the mean is that of both outcomes added, not of their difference.",
    "对照组没有取负。这样均值是两种结果之和，而不是之差。"))
def to_no_minus(y, t, e):
    return _to(y, t, e, lambda y, t, e: np.where(t == 1, y / e, y / (1 - e)))


@mistake_of("transformed_outcome", Text(
    "e and 1 − e are exchanged. A treated row is divided by the chance of being treated, e.",
    "e 和 1 − e 用反了。处理组的行要除以被处理的概率 e。"))
def to_chances_exchanged(y, t, e):
    return _to(y, t, e, lambda y, t, e: np.where(t == 1, y / (1 - e), -y / e))


@mistake_of("transformed_outcome", Text(
    "The controls were divided by e as well. They had the chance 1 − e.",
    "对照组也除以了 e。它们的概率是 1 − e。"))
def to_both_by_e(y, t, e):
    return _to(y, t, e, lambda y, t, e: y * (2 * t - 1) / e)


@mistake_of("transformed_outcome", Text(
    "The numerator is ± y and the denominator e(1 − e). Over e(1 − e) belongs y · (t − e); or divide each arm by its own chance.",
    "分子是 ± y，分母是 e(1 − e)。分母为 e(1 − e) 时分子应为 y · (t − e)；或者各组除以自己的概率。"))
def to_product_below_signs(y, t, e):
    return _to(y, t, e, lambda y, t, e: y * (2 * t - 1) / (e * (1 - e)))


@mistake_of("transformed_outcome", Text(
    "The denominator e(1 − e) is missing below y · (t − e): effects come out at most a quarter as large.",
    "y · (t − e) 下面少了分母 e(1 − e)：效应最多只剩四分之一。"))
def to_denominator_missing(y, t, e):
    return _to(y, t, e, lambda y, t, e: y * (t - e))


@mistake_of("transformed_outcome", Text(
    "The controls became 0. They carry the outcome without treatment, which must be subtracted.",
    "对照组变成了 0。它们带着没有处理时的结果，必须减去。"))
def to_controls_dropped(y, t, e):
    return _to(y, t, e, lambda y, t, e: t * y / e)


@mistake_of("transformed_outcome", Text("This is control less treated. An effect is the outcome with treatment less the one without.",
                                        "这是对照减处理。效应是有处理的结果减去没有处理的结果。"))
def to_signs_turned(y, t, e):
    return _to(y, t, e, lambda y, t, e: np.where(t == 1, -y / e, y / (1 - e)))


@mistake_of("transformed_outcome", Text(
    "This is its mean, the average effect. Return one number a row: a model is to learn from them.",
    "这是均值，即平均效应。应每行返回一个数：要让模型从中学习。"))
def to_mean(y, t, e):
    return float(_to(y, t, e).mean())


@mistake_of("transformed_outcome", Text(
    "The weights of each arm were normalised to sum to n (Hájek). A row's number then depends on which other rows there are; leave 1/e as it is.",
    "把每组权重归一到总和为 n（Hájek）。这样一行的值会随其他行而变；应保持 1/e 原样。"))
def to_weights_normalised(y, t, e):
    def normalised(y, t, e):
        one, zero = t / e, (1 - t) / (1 - e)
        return len(y) * (y * one / max(one.sum(), 1e-300) - y * zero / max(zero.sum(), 1e-300))
    return _to(y, t, e, normalised)


@mistake_of("transformed_outcome", Text(
    "The mean was taken off y first. That lowers the noise, and is a good idea, but it is another quantity: use y as it is.",
    "先减去了 y 的均值。这能降低噪声，想法不错，但已是另一个量：应直接使用 y。"))
def to_centred(y, t, e):
    return _to(y, t, e, lambda y, t, e: _to(y - y.mean(), t, e))


@mistake_of("transformed_outcome", Text(
    "The share of treated rows stands in place of e. Who was treated more often, and where, is in e alone.",
    "用处理组所占份额代替了 e。谁、在哪里更常被处理，只有 e 知道。"))
def to_share_in_place_of_e(y, t, e):
    return _to(y, t, e, lambda y, t, e: _to(y, t, np.full(len(t), t.mean()), check_e=False))


@mistake_of("transformed_outcome", Text("The chances were averaged to one e for all rows. Each row has its own.",
                                        "把概率平均成了所有行共用的一个 e。每行有自己的 e。"))
def to_mean_of_e(y, t, e):
    return _to(y, t, e, lambda y, t, e: _to(y, t, np.full(len(t), e.mean())))


@mistake_of("transformed_outcome", Text(
    "e was clipped to .05 … .95. That lowers the noise and shifts the mean; here nothing is clipped.",
    "把 e 截断到了 .05 … .95。这降低噪声，但均值会偏；这里不截断。"))
def to_chances_clipped(y, t, e):
    return _to(y, t, e, lambda y, t, e: _to(y, t, e.clip(.05, .95)))


@mistake_of("transformed_outcome", Text(
    "The numbers were cut to whole ones. Make y a float before you divide, and do not use //.",
    "结果被截成了整数。除之前先把 y 变成浮点数，也不要用 //。"))
def to_whole_numbers(y, t, e):
    return _to(y, t, e, lambda y, t, e: np.where(t == 1, y // e, -(y // (1 - e))))


@mistake_of("transformed_outcome", Text(
    "An e of 0 or 1, or outside, was let through. Then one of the two arms could not happen: ValueError.",
    "放过了等于 0 或 1、或超出范围的 e。那样两组之一不可能出现：应抛出 ValueError。"))
def to_chances_not_checked(y, t, e):
    return _to(y, t, e, check_e=False)


@mistake_of("transformed_outcome", Text("A t that is neither 0 nor 1 was let through: ValueError.",
                                        "放过了既不是 0 也不是 1 的 t：应抛出 ValueError。"))
def to_arms_not_checked(y, t, e):
    return _to(y, t, e, check_t=False)


@alternate_of("transformed_outcome")
def to_by_one_fraction(y, t, e):
    y, t, e = (np.asarray(each, float) for each in (y, t, e))
    if e.min() <= 0 or e.max() >= 1 or set(t.tolist()) - {0, 1}:
        raise ValueError("t or e")
    return y * (t - e) / (e * (1 - e))


@alternate_of("transformed_outcome")
def to_by_a_loop(y, t, e):
    chances = [e] * len(y) if np.ndim(e) == 0 else list(e)
    if not all(0 < chance < 1 for chance in chances) or not all(arm in (0, 1) for arm in t):
        raise ValueError("t or e")
    return [outcome / chance if arm else outcome / (chance - 1) for outcome, arm, chance in zip(y, t, chances, strict=True)]


@alternate_of("transformed_outcome")
def to_by_two_weights(y, t, e):
    t, e = np.asarray(t), np.broadcast_to(np.asarray(e, float), np.shape(t))
    if np.any(e <= 0) or np.any(e >= 1):
        raise ValueError("e")
    if np.any((t != 0) & (t != 1)):
        raise ValueError("t")
    with_it, without = np.zeros(len(t)), np.zeros(len(t))
    with_it[t == 1] = 1 / e[t == 1]
    without[t == 0] = 1 / (1 - e[t == 0])
    return np.multiply(y, with_it) - np.multiply(y, without)


# --- srm_pvalue ----------------------------------------------------------------------------------------------------------


def _srm(counts, ratio, *, expected=None, statistic=None, df=None, p=None, refuse=True):
    """The test with one part replaced."""
    counts, ratio = np.array(counts, float), np.array(ratio, float)
    if refuse and (len(counts) != len(ratio) or len(counts) < 2 or (ratio <= 0).any() or (counts < 0).any() or counts.sum() == 0):
        raise ValueError("srm")
    with np.errstate(all="ignore"):
        planned = counts.sum() * ratio / ratio.sum() if expected is None else expected(counts, ratio)
        x = ((counts - planned) ** 2 / planned).sum() if statistic is None else statistic(counts, planned)
        free = len(counts) - 1 if df is None else df(counts)
        return float(stats.chi2.sf(x, free)) if p is None else p(x, free)


@mistake_of("srm_pvalue", Text("An equal split was taken for granted. What was planned stands in `ratio`.",
                               "默认了平均分配。计划的比例在 `ratio` 里。"))
def srm_equal_split(counts, ratio):
    return _srm(counts, ratio, expected=lambda counts, ratio: np.full(len(counts), counts.mean()))


@mistake_of("srm_pvalue", Text(
    "The largest count was set against the largest ratio, as if sorted. Count i belongs to ratio i.",
    "把最大的人数对上了最大的比例，好像排过序。第 i 个人数对应第 i 个比例。"))
def srm_sorted(counts, ratio):
    return _srm(np.sort(counts), np.sort(ratio)) if len(counts) == len(ratio) else _srm(counts, ratio)


@mistake_of("srm_pvalue", Text("The ratio was read in the other order. Count i belongs to ratio i.",
                               "比例的顺序读反了。第 i 个人数对应第 i 个比例。"))
def srm_ratio_reversed(counts, ratio):
    return _srm(counts, list(ratio)[::-1])


@mistake_of("srm_pvalue", Text(
    "The ratio was taken for shares without dividing by its sum. 9 to 1 are shares of .9 and .1.",
    "直接把比例当作份额，没有除以总和。9 比 1 的份额是 .9 和 .1。"))
def srm_ratio_not_normalised(counts, ratio):
    return _srm(counts, ratio, expected=lambda counts, ratio: counts.sum() * ratio)


@mistake_of("srm_pvalue", Text("k degrees of freedom. The total is known, so the last count follows from the others: k − 1.",
                               "自由度用了 k。总数已知，最后一个数由其余决定：应为 k − 1。"))
def srm_one_degree_too_many(counts, ratio):
    return _srm(counts, ratio, df=len)


@mistake_of("srm_pvalue", Text("One degree of freedom, whatever the number of arms. It is k − 1.", "不论几组都用 1 个自由度。应为 k − 1。"))
def srm_one_degree_always(counts, ratio):
    return _srm(counts, ratio, df=lambda counts: 1)


@mistake_of("srm_pvalue", Text("The degrees of freedom count shoppers. They count arms: k − 1.", "自由度数成了人数。应按组数：k − 1。"))
def srm_degrees_of_shoppers(counts, ratio):
    return _srm(counts, ratio, df=lambda counts: counts.sum() - 1)


@mistake_of("srm_pvalue", Text("This is the chance of a smaller difference. The p-value is that of one at least as large: `sf`, not `cdf`.",
                               "这是差异更小的概率。p 值是差异至少这么大的概率：用 `sf`，不是 `cdf`。"))
def srm_lower_tail(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: float(stats.chi2.cdf(x, free)))


@mistake_of("srm_pvalue", Text("1 − cdf is 0 for all chances below 1e-16, and inexact before. Use `sf`.",
                               "概率小于 1e-16 时 1 − cdf 都是 0，之前也不精确。应使用 `sf`。"))
def srm_digits_lost(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: float(1 - stats.chi2.cdf(x, free)))


@mistake_of("srm_pvalue", Text("The p-value was halved. Chi-square has squared both directions already: there is no side to choose.",
                               "p 值除以了 2。卡方已把两个方向都平方了，没有单侧可选。"))
def srm_one_sided(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: float(stats.chi2.sf(x, free) / 2))


@mistake_of("srm_pvalue", Text("The p-value was doubled, as for a two-sided test of z. Chi-square has both directions already.",
                               "p 值乘了 2，如同 z 的双侧检验。卡方已包含两个方向。"))
def srm_doubled(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: min(1., float(2 * stats.chi2.sf(x, free))))


@mistake_of("srm_pvalue", Text("This is the statistic. Return the chance of one at least as large.",
                               "这是统计量。应返回至少这么大的概率。"))
def srm_statistic(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: float(x))


@mistake_of("srm_pvalue", Text(
    "Shares were compared instead of counts. 60 : 40 is chance among 10 shoppers and proof among 10,000: use the counts.",
    "比较的是份额而不是人数。60 : 40 在 10 人中是偶然，在 10,000 人中是铁证：应使用人数。"))
def srm_shares_compared(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: (((counts - planned) / counts.sum()) ** 2 / (planned / counts.sum())).sum())


@mistake_of("srm_pvalue", Text("Squares were divided by the observed counts. Divide by the expected ones.",
                               "平方除以了实际人数。应除以应有的人数。"))
def srm_divided_by_observed(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: ((counts - planned) ** 2 / counts).sum())


@mistake_of("srm_pvalue", Text("The differences were not squared, only made positive.", "差值没有平方，只取了绝对值。"))
def srm_not_squared(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: (abs(counts - planned) / planned).sum())


@mistake_of("srm_pvalue", Text("A correction for continuity (Yates) took ½ off each difference. Use the plain formula.",
                               "用了连续性修正（Yates），每个差值减去 ½。应使用原公式。"))
def srm_yates(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: (np.maximum(abs(counts - planned) - .5, 0) ** 2 / planned).sum())


@mistake_of("srm_pvalue", Text("This is the G-test, by logarithms. Asked is Pearson's chi-square: Σ (O − E)² / E.",
                               "这是基于对数的 G 检验。要的是皮尔逊卡方：Σ (O − E)² / E。"))
def srm_g_test(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: 2 * special.xlogy(counts, counts / planned).sum())


@mistake_of("srm_pvalue", Text(
    "Counts and plan were tested as if both were samples (a table of contingency). The plan is not random: its row has no noise.",
    "把人数和计划当作两个样本做了列联表检验。计划不是随机的，那一行没有噪声。"))
def srm_plan_as_a_sample(counts, ratio):
    return _srm(counts, ratio, statistic=lambda counts, planned: ((counts - planned) ** 2 / (counts + planned)).sum())


@mistake_of("srm_pvalue", Text(
    "Only the first arm was tested. With more than two the others may be off among themselves: one test of all.",
    "只检验了第一组。多于两组时，其余各组之间也可能有偏：应一次检验全部。"))
def srm_first_arm_alone(counts, ratio):
    def first(counts, planned):
        share = planned[0] / counts.sum()
        return (counts[0] - planned[0]) ** 2 / (planned[0] * (1 - share))
    return _srm(counts, ratio, statistic=first, df=lambda counts: 1)


@mistake_of("srm_pvalue", Text("Arms in which nobody is were left out. An empty arm is the clearest mismatch of all.",
                               "略去了没有人的组。空组恰恰是最明显的不匹配。"))
def srm_empty_arms_dropped(counts, ratio):
    if len(counts) == len(ratio) and len(counts) > 1 and min(counts) == 0 < max(counts):
        counts, ratio = zip(*[(count, part) for count, part in zip(counts, ratio, strict=True) if count], strict=True)
        return _srm(counts, ratio, refuse=False) if len(counts) > 1 else 1.
    return _srm(counts, ratio)


@mistake_of("srm_pvalue", Text("This is a verdict, yes or no. Return the p-value: who reads it chooses the threshold.",
                               "这是「是否」的判断。应返回 p 值，阈值由读的人来定。"))
def srm_verdict(counts, ratio):
    return _srm(counts, ratio, p=lambda x, free: bool(stats.chi2.sf(x, free) < .001))


@mistake_of("srm_pvalue", Text("Nothing is refused. A ratio of 0, a negative count or nobody at all has no p-value: raise ValueError.",
                               "什么都没有拒绝。比例为 0、人数为负或没有人时没有 p 值：应抛出 ValueError。"))
def srm_nothing_refused(counts, ratio):
    n = min(len(counts), len(ratio))
    return _srm(counts[:n], ratio[:n], refuse=False)


@alternate_of("srm_pvalue")
def srm_by_scipy(counts, ratio):
    counts, ratio = np.asarray(counts), np.asarray(ratio)
    if counts.shape != ratio.shape or counts.size < 2 or counts.min() < 0 or not counts.any() or ratio.min() <= 0:
        raise ValueError("counts or ratio")
    return stats.chisquare(counts, ratio * (counts.sum() / ratio.sum())).pvalue


@alternate_of("srm_pvalue")
def srm_by_gamma(counts, ratio):
    if len(counts) != len(ratio) or len(counts) < 2 or any(part <= 0 for part in ratio) or any(count < 0 for count in counts) or not sum(counts):
        raise ValueError("counts or ratio")
    total, whole, x = sum(counts), sum(ratio), 0.
    for count, part in zip(counts, ratio, strict=True):
        planned = total * part / whole
        x += (count / planned - 1) ** 2 * planned
    return special.gammaincc((len(counts) - 1) / 2, x / 2)


@alternate_of("srm_pvalue")
def srm_by_recurrence(counts, ratio):
    counts, ratio = [float(count) for count in counts], [float(part) for part in ratio]
    if len(counts) != len(ratio) or len(counts) < 2 or min(ratio) <= 0 or min(counts) < 0 or sum(counts) == 0:
        raise ValueError("counts or ratio")
    # Σ O² / E − N is the same statistic, but loses digits where nearly all is as planned; so the squares, and the tail by two steps of df.
    total = math.fsum(counts)
    half = math.fsum((count - total * part / math.fsum(ratio)) ** 2 / (total * part / math.fsum(ratio)) for count, part in zip(counts, ratio, strict=True)) / 2
    free = len(counts) - 1
    tail, at = (math.erfc(math.sqrt(half)), 1) if free % 2 else (math.exp(-half), 2)
    while at < free:
        tail += half ** (at / 2) * math.exp(-half) / math.gamma(at / 2 + 1)
        at += 2
    return tail
