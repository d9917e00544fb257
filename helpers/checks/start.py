"""Lesson 00: retention counted, time split, features and labels that do not see the future, and a rank that is fair to ties."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd

from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.language import Text

DAY = pd.Timedelta(days=1)


@exercise(level="core", minutes=15, points=35, short=True, uses=("numpy", "pandas"), judge=close(rtol=1e-9), hints=(
    Text("Take one customer with pencil and paper: on which calendar days would an active day count? Then the next one.",
         "先用纸笔看一个顾客：哪些日历日的活跃才算数？再看下一个。"),
    Text("Two questions per customer, in this order: was the whole window observed (first_day + n + window <= D)? And if so, is "
         "there any active day in it? The answer is the mean of the second over those with a yes to the first.",
         "对每个顾客依次问两个问题：整个窗口都观测到了吗（first_day + n + window <= D）？如果是，窗口里有活跃日吗？答案就是在第一问为"
         "“是”的人中，第二问的平均值。"),
    Text("Without a loop: days = np.arange(D) - first_day[:, None] gives every cell its day relative to the first; a cell is in the "
         "window where n <= days and days < n + window.",
         "不用循环：days = np.arange(D) - first_day[:, None] 给出每个格子相对首日的天数；满足 n <= days 且 days < n + window 的格子在窗口内。"),
))
def cohort_retention(rng):
    active = np.array([[1, 0, 1, 0, 0, 1],
                       [0, 1, 0, 1, 0, 0],
                       [0, 0, 1, 0, 0, 0],
                       [0, 0, 0, 0, 1, 1]])
    first = np.array([0, 1, 2, 4])
    yield case(first, active, n=2)
    yield case(first, active, n=1, window=2)
    yield case(first, active, n=0)
    yield case(first, active.astype(bool), n=3, window=2)
    censored = Text("a customer whose window is not observed is neither kept nor lost", "窗口未被完整观测的顾客既不算留存也不算流失")
    # Two of three observed customers came back. Of the two others one bought in the part of the window that is in the file; whichever
    # of them is counted, as kept or as lost, gives another share.
    yield case(np.array([0, 1, 0, 2, 3]), np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [1, 1, 0, 0, 0], [0, 0, 1, 0, 1], [0, 0, 0, 1, 0]]),
               n=2, window=2).shows(censored)
    yield case(np.array([0, 3]), np.array([[1, 0, 1, 0], [0, 0, 0, 1]]), n=2).shows(censored)
    yield case(np.array([0, 3]), np.array([[1, 0, 0, 1], [0, 0, 0, 1]]), n=2).shows(censored)
    yield case(np.array([2, 3]), np.array([[0, 0, 1, 1], [0, 0, 0, 1]]), n=2, window=1).shows(
        Text("nan if nobody's window is observed", "没有任何人的窗口被完整观测时返回 nan"))
    yield case([1, 0], [[0, 1, 1, 0], [1, 0, 0, 1]], n=1, window=2).shows(
        Text("lists serve as well as arrays", "列表与数组同样可用"))
    while True:
        customers, days = int(rng.integers(4, 30)), int(rng.integers(8, 25))
        first = rng.integers(0, days, customers)
        first[:2] = rng.integers(0, 3, 2)
        grid = rng.random((customers, days)) < rng.uniform(.1, .5)
        grid &= np.arange(days) > first[:, None]
        grid[np.arange(customers), first] = True
        n = int(rng.integers(0, 4))
        # Sometimes the window is left to its default, a single day.
        yield case(first, grid, n=n, **({"window": int(rng.integers(1, 4))} if rng.random() < .8 else {}))


def _table(rng, rows: int, start: pd.Timestamp, days: int, edges: tuple[int, ...] = ()) -> pd.DataFrame:
    """Visits in order of time, under labels of their own: one exactly at the start of each day in `edges`, the rest at odd seconds."""
    seconds = np.sort(rng.choice(days * 43200 - 1, rows, replace=False) * 2 + 1)
    for day in edges:
        seconds[min(np.searchsorted(seconds, day * 86400), rows - 1)] = day * 86400
    return pd.DataFrame({
        "household": rng.integers(1, 8, rows), "time": start + pd.to_timedelta(seconds, unit="s"), "sales": rng.integers(1, 60, rows) / 4,
    }, index=pd.Index(rng.choice(1000, rows, replace=False)))


@exercise(level="core", minutes=8, points=20, uses=("numpy", "pandas"), judge=close(rows="in order"), cases=16, hints=(
    Text("Three conditions, of which each row satisfies exactly one. Write them with < and >= only.",
         "三个条件，每一行恰好满足其中一个。只用 < 和 >= 来写。"),
    Text("df[df[ts] < train_end] keeps order, labels and columns; there is nothing to sort and nothing to reset.",
         "df[df[ts] < train_end] 会保留顺序、标签和列；不需要排序，也不需要重置索引。"),
))
def temporal_split(rng):
    day = pd.Timestamp("2017-03-01")
    by_hand = pd.DataFrame({"household": [1, 2, 1, 3], "time": [day, day + 1.5 * DAY, day + 2.5 * DAY, day + 5.5 * DAY],
                            "sales": [3.0, 4.5, 1.0, 2.0]}, index=[10, 11, 12, 13])
    yield case(by_hand, "time", day + DAY, day + 3 * DAY)
    # A row at a boundary in the wrong part is a leak, so the core refuses it too: first the docstring's example.
    yield case(pd.DataFrame({"household": [1, 2, 3], "time": day + np.arange(3) * DAY, "sales": [3.0, 4.5, 1.0]}), "time", day + DAY, day + 2 * DAY)
    on_edge = by_hand.assign(time=[day, day + DAY, day + 3 * DAY, day + 5 * DAY])
    yield case(on_edge, "time", day + DAY, day + 3 * DAY).shows(
        Text("a row exactly at a boundary belongs to the later part", "恰好落在边界上的行属于后一部分"))
    yield case(by_hand.iloc[[2, 0, 3, 1]], "time", day + DAY, day + 3 * DAY).shows(
        Text("rows that are not in order of time keep their order and their labels", "未按时间排序的行保持原有顺序和标签"))
    yield case(by_hand, "time", day + DAY, day + DAY).shows(
        Text("equal ends give an empty validation part with the same columns", "两个边界相同时验证部分为空，但列不变"))
    yield case(by_hand, "time", day + 3 * DAY, day + DAY).raises(ValueError).shows(
        Text("a train_end after valid_end is refused", "train_end 晚于 valid_end 时报错"))
    yield case(by_hand.rename(columns={"time": "bought_at"}), "bought_at", day + DAY, day + 3 * DAY).shows(
        Text("the column of time is the one named by ts", "时间列由 ts 指定"))
    for on_boundary in cycle((True, False)):
        days = int(rng.integers(10, 40))
        train_days, valid_days = map(int, np.sort(rng.choice(np.arange(2, days - 1), 2, replace=False)))
        table = _table(rng, int(rng.integers(12, 50)), day, days, edges=(train_days, valid_days) if on_boundary else ())
        yield case(table, "time", day + train_days * DAY, day + valid_days * DAY)


_FUTURE = Text("an event exactly at the cut-off belongs to the future", "恰好在截止点的事件属于未来")
_START = Text("an event exactly at cut-off − lookback belongs to the past window", "恰好在 截止点−回看期 的事件属于历史窗口")
_END = Text("an event exactly at cut-off + horizon is too late for the label", "恰好在 截止点+预测期 的事件对标签来说太晚")
_REFUSED = Text("labels whose horizon is not fully observed are refused", "预测期未被完整观测时拒绝给标签")
_JUST = Text("the horizon may end exactly where observation ends", "预测期可以恰好在观测结束处结束")
_EMPTY = Text("nobody in the window: an answer without rows", "窗口内没有人：答案没有行")


def _shop(rng, cutoff: pd.Timestamp, before: int, after: int, edges: tuple[int, ...] = ()) -> pd.DataFrame:
    """Events of a few customers around a cut-off: same-day repeats, newcomers after it, quiet ones.

    edges: days after the cut-off; exactly at the start of each stands one event.  All other events fall on odd seconds, on no boundary.
    """
    rows = int(rng.integers(25, 50))
    customer = rng.integers(1, 12, rows)
    seconds = rng.integers(-before * 43200, after * 43200, rows) * 2 + 1
    repeat = rng.integers(0, rows, 5)                               # a second receipt half an hour later
    newcomers = rng.integers(20, 24, 3), rng.integers(1, after * 43200, 3) * 2 + 1
    old = rng.integers(30, 33, 2), -rng.integers(before * 43200 + 5, before * 43200 + 400000, 2) * 2 + 1
    customer = np.concatenate([customer, customer[repeat], newcomers[0], old[0], rng.integers(1, 14, len(edges))])
    seconds = np.concatenate([seconds, seconds[repeat] + 1800, newcomers[1], old[1], np.array(edges, dtype=int) * 86400])
    order = rng.permutation(len(customer))
    return pd.DataFrame({"customer": customer[order], "time": cutoff + pd.to_timedelta(seconds[order], unit="s"),
                         "amount": rng.integers(4, 400, len(order)) / 4})


def _scrambled(events: pd.DataFrame, cutoff: pd.Timestamp, rng) -> pd.DataFrame:
    """The same past with another future: other customers, other amounts, from the cut-off itself on."""
    past, future = events[events["time"] < cutoff], events[events["time"] >= cutoff].copy()
    future["amount"] = rng.integers(4000, 8000, len(future)) / 4
    future["customer"] = rng.permutation(future["customer"].to_numpy(copy=True))
    return pd.concat([past, future], ignore_index=True)


@exercise(level="core", minutes=25, points=45, short=True, uses=("numpy", "pandas"), functions=("build_features", "build_labels"),
          judge=close(rows="any order"), cases=31, hints=(
    Text("Begin with one line that both functions need: the events with cutoff - lookback <= time < cutoff. Every feature comes from "
         "it, and from nothing else.",
         "先写两个函数都需要的一行：满足 cutoff - lookback <= time < cutoff 的事件。每个特征都只从它得出。"),
    Text("Who is in the table? The customers of that line, no one else: neither newcomers after the cut-off nor those last seen "
         "before the window. Quiet in the last week is 0, not missing: reindex(..., fill_value=0).",
         "表里有谁？只有那一行事件里的顾客：既没有截止点之后的新客，也没有窗口之前就消失的人。最后一周没来是 0，不是缺失：reindex(..., fill_value=0)。"),
    Text("The label asks the clock, not the file: refuse when cutoff + horizon > observed_until, then look in [cutoff, cutoff + "
         "horizon) for each customer of the population: population.isin(customers seen there).",
         "标签要看时钟，不看文件：cutoff + horizon > observed_until 时报错；然后对人群里的每个顾客，看其是否出现在 [cutoff, cutoff + horizon) 内。"),
))
def build_features(rng):
    cutoff = pd.Timestamp("1997-10-01")
    hour = pd.Timedelta(hours=1)
    events = pd.DataFrame({
        "customer": [7, 7, 7, 2, 2, 5, 9, 2],
        "time": [cutoff - 3 * DAY + 10 * hour, cutoff - 3 * DAY + 15 * hour, cutoff - 20 * DAY + hour, cutoff - 12 * DAY + 9 * hour,
                 cutoff + 2 * DAY, cutoff - 40 * DAY + hour, cutoff + 5 * DAY, cutoff + 20 * DAY],
        "amount": [10.0, 5.0, 20.0, 8.0, 99.0, 30.0, 12.0, 7.5],
    })
    labels = dict(lookback_days=30, horizon_days=14, observed_until=cutoff + 60 * DAY)
    yield case(events, cutoff, lookback_days=30)
    yield case(events, cutoff, **labels).to("build_labels")
    yield case(events.iloc[::-1], cutoff, lookback_days=60)
    yield case(events, cutoff, lookback_days=60, horizon_days=30, observed_until=cutoff + 31 * DAY).to("build_labels")
    # The lesson's leak is refused by the core too: the docstring's example, and a label at either end of the horizon.
    on_edge = pd.DataFrame({"customer": [7, 7, 4, 4, 6], "time": [cutoff - 11 * DAY + 10 * hour, cutoff, cutoff - 5 * DAY + hour,
                                                                  cutoff + 14 * DAY, cutoff], "amount": [5.0, 9.0, 3.0, 7.0, 2.0]})
    yield case(on_edge, cutoff, lookback_days=30)
    yield case(on_edge, cutoff, **labels).to("build_labels")

    at_cutoff = pd.concat([events, pd.DataFrame({"customer": [7, 8], "time": [cutoff, cutoff], "amount": [1000.0, 500.0]})],
                          ignore_index=True)
    yield case(at_cutoff, cutoff, lookback_days=30).shows(_FUTURE)
    yield case(at_cutoff, cutoff, **labels).to("build_labels").shows(_FUTURE)
    at_start = pd.concat([events, pd.DataFrame({"customer": [5, 2], "time": [cutoff - 30 * DAY, cutoff - 7 * DAY],
                                                "amount": [11.0, 6.0]})], ignore_index=True)
    yield case(at_start, cutoff, lookback_days=30).shows(_START)
    yield case(at_start, cutoff, **labels).to("build_labels").shows(_START)
    at_end = pd.concat([events, pd.DataFrame({"customer": [7], "time": [cutoff + 14 * DAY], "amount": [11.0]})], ignore_index=True)
    yield case(at_end, cutoff, **labels).to("build_labels").shows(_END)
    yield case(events, cutoff, **{**labels, "observed_until": cutoff + 10 * DAY}).to("build_labels").raises(ValueError).shows(_REFUSED)
    yield case(events[events["time"] < cutoff + 10 * DAY], cutoff, **{**labels, "observed_until": cutoff + 14 * DAY}).to(
        "build_labels").shows(_JUST)
    yield case(events, cutoff - 100 * DAY, lookback_days=30).shows(_EMPTY)
    yield case(events, cutoff - 100 * DAY, **labels).to("build_labels").shows(_EMPTY)
    for on_boundary in cycle((True, False)):
        cutoff = pd.Timestamp("1997-03-01") + int(rng.integers(0, 300)) * DAY
        lookback, horizon = int(rng.integers(10, 40)), int(rng.integers(5, 25))
        shop = _shop(rng, cutoff, before=lookback + 15, after=horizon + 15, edges=(0, horizon) if on_boundary else ())
        until = cutoff + (horizon + int(rng.integers(1, 20))) * DAY
        shop = shop[shop["time"] < until].reset_index(drop=True)
        yield case(shop, cutoff, lookback_days=lookback)
        yield case(_scrambled(shop, cutoff, rng), cutoff, lookback_days=lookback)
        yield case(shop, cutoff, lookback_days=lookback, horizon_days=horizon, observed_until=until).to("build_labels")
        # The same shop, silent for its last days: observed all the same.
        silent = shop[shop["time"] < cutoff + (horizon - 2) * DAY]
        yield case(silent, cutoff, lookback_days=lookback, horizon_days=horizon, observed_until=until).to("build_labels")


@exercise(level="more", minutes=10, uses=("numpy", "pandas"), judge=close(rtol=1e-9), hints=(
    Text("Which items compete? Those not in exclude, and the target in any case.", "哪些商品参与竞争？不在 exclude 里的，以及无论如何都要有的目标。"),
    Text("Shuffle three tied items in your head: each stands first, second and third equally often. What is its mean rank?",
         "在脑中打乱三个同分商品：每个排在第一、第二、第三的机会相同。它的平均名次是多少？"),
    Text("1 + (number greater) + (number of others equal) / 2, counted among the competitors.",
         "1 + （更高分的个数）+（其他同分的个数）/ 2，只在竞争者中计数。"),
))
def rank_of_target(rng):
    yield case([.9, .2, .5, .1], target=2)
    yield case([.9, .2, .5, .1], target=2, exclude=[0])
    yield case([3, 1, 2, 5], target=1)
    # The text's own example ties: whoever ranks a tied target first has not understood what the exercise is for.
    yield case([.9, .5, .5, .2], target=2, exclude=[0])
    yield case(np.array([.3, .7, .7, .1]), target=2).shows(Text("ties: the mean over all orders of the tied items", "同分：取所有排列下的平均名次"))
    yield case([0, 0, 0, 0, 0], target=0).shows(Text("equal scores everywhere: the middle of the list", "全部同分：列表正中间"))
    yield case([.9, .2, .5, .1], target=2, exclude=[0, 2]).shows(
        Text("the target competes even if it is among the excluded", "目标即使在排除名单里也参与排名"))
    yield case([.9, .5, .5, .5], target=1, exclude=[0, 1, 3]).shows(
        Text("an excluded item that ties does not count", "被排除的同分商品不计入"))
    while True:
        n = int(rng.integers(3, 40))
        target = int(rng.integers(n))
        # Every other case is free of ties and of a target among the excluded: rules of their own show those.
        scores = rng.permutation(n) / n
        others = np.flatnonzero(np.arange(n) != target)
        seen = rng.choice(others, int(rng.integers(0, len(others))), replace=False)
        yield case(scores, target=target, exclude=sorted(map(int, seen)))
        scores = np.round(rng.random(n), 1)
        yield case(scores, target=target, exclude=sorted(map(int, rng.choice(n, int(rng.integers(0, n)), replace=False)))).shows(
            Text("random scores with many ties", "含大量同分的随机分数"))
