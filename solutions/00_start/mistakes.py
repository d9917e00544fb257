"""Lesson 00: what goes wrong in heads, and what is right in another way."""

import warnings

import numpy as np
import pandas as pd

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

DAY = pd.Timedelta(days=1)


# cohort_retention ---------------------------------------------------------------------------------------------------


def _share(first_day, active, inside, observed):
    """Share with an active day where `inside` (of relative and calendar days) holds, among `observed`."""
    first_day, active = np.asarray(first_day), np.asarray(active).astype(bool)
    calendar = np.arange(active.shape[1])
    hit = (active & inside(calendar - first_day[:, None], calendar[None, :])).any(axis=1)
    return float(hit[observed].mean()) if observed.any() else float("nan")


def _observed(first_day, active, n, window):
    return np.asarray(first_day) + n + window <= np.asarray(active).shape[1]


@mistake_of("cohort_retention", Text(
    "Customers whose window is not fully in the file count as lost. They are censored: leave them out above and below the line.",
    "窗口没有被完整观测的顾客被算成了流失。他们属于删失：分子和分母都要去掉。"))
def censored_counted_as_lost(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (r >= n) & (r < n + window), np.ones(len(first_day), bool))


@mistake_of("cohort_retention", Text(
    "Customers whose window is not fully in the file count as kept. They are censored: leave them out above and below the line.",
    "窗口没有被完整观测的顾客被算成了留存。他们属于删失：分子和分母都要去掉。"))
def censored_counted_as_kept(first_day, active, n, window=1):
    late = ~_observed(first_day, active, n, window)
    return _share(first_day, active, lambda r, c: ((r >= n) & (r < n + window)) | (late[:, None] & (r == 0)), np.ones(len(first_day), bool))


@mistake_of("cohort_retention", Text(
    "It looks at calendar days n to n + window for everyone. Each customer's window starts n days after their own first_day.",
    "所有人看的都是日历上的第 n 天。每个顾客的窗口应从自己的 first_day 之后 n 天开始。"))
def calendar_days(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (c >= n) & (c < n + window), np.ones(len(first_day), bool))


@mistake_of("cohort_retention", Text(
    "This is rolling retention: active on day n or at any later time. The window ends before day n + window.",
    "这是滚动留存：第 n 天或之后任何时候活跃都算。窗口在第 n + window 天之前结束。"))
def returned_ever(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: r >= n, _observed(first_day, active, n, window))


@mistake_of("cohort_retention", Text(
    "One day too late: the window is [n, n + window) with the first purchase on day 0, so n = 0 includes the first day.",
    "晚了一天：窗口是 [n, n + window)，首购日是第 0 天，所以 n = 0 包含首日。"))
def one_day_late(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (r > n) & (r <= n + window), _observed(first_day, active, n, window))


@mistake_of("cohort_retention", Text(
    "The window is one day too long: day n + window no longer belongs to it.",
    "窗口长了一天：第 n + window 天已不属于窗口。"))
def closed_window(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (r >= n) & (r <= n + window), _observed(first_day, active, n, window))


@mistake_of("cohort_retention", Text(
    "It averages the rates of the cohorts, so a cohort of two weighs as much as one of a thousand. All customers weigh the same.",
    "它对各同期群的比率取平均，两个人的群与一千人的群权重相同。应当每个顾客权重相同。"))
def mean_of_cohorts(first_day, active, n, window=1):
    first_day, active = np.asarray(first_day), np.asarray(active)
    rates = [_share(first_day[first_day == d], active[first_day == d], lambda r, c: (r >= n) & (r < n + window),
                    _observed(first_day[first_day == d], active, n, window)) for d in np.unique(first_day)]
    rates = [rate for rate in rates if not np.isnan(rate)]
    return float(np.mean(rates)) if rates else float("nan")


@mistake_of("cohort_retention", Text(
    "A customer counts although only the first day of the window is in the file. The whole window must be: first_day + n + window <= D.",
    "只要窗口的第一天在文件里就被计入了。必须整个窗口都在：first_day + n + window <= D。"))
def first_day_of_window_observed(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (r >= n) & (r < n + window), _observed(first_day, active, n, 1))


@mistake_of("cohort_retention", Text(
    "A customer whose window ends with the last day of the file is observed: <=, not <.",
    "窗口恰好在文件最后一天结束的顾客是被观测到的：用 <=，不是 <。"))
def last_day_dropped(first_day, active, n, window=1):
    return _share(first_day, active, lambda r, c: (r >= n) & (r < n + window), _observed(first_day, active, n, window + 1))


@mistake_of("cohort_retention", Text(
    "This is the mean share of active days. A customer is retained by at least one active day in the window: `any`, then the mean.",
    "这是活跃天数的平均占比。窗口中至少有一天活跃就算留存：先 any，再取平均。"))
def mean_activity(first_day, active, n, window=1):
    first_day, active = np.asarray(first_day), np.asarray(active).astype(bool)
    observed = _observed(first_day, active, n, window)
    if not observed.any():
        return float("nan")
    relative = np.arange(active.shape[1]) - first_day[:, None]
    return float((active & (relative >= n) & (relative < n + window)).sum(axis=1)[observed].mean() / window)


@mistake_of("cohort_retention", Text(
    "With nobody observed the rate is unknown, not 0: return nan.", "没有人被观测到时，留存率是未知，不是 0：返回 nan。"))
def zero_for_nobody(first_day, active, n, window=1):
    rate = _share(first_day, active, lambda r, c: (r >= n) & (r < n + window), _observed(first_day, active, n, window))
    return 0.0 if np.isnan(rate) else rate


@alternate_of("cohort_retention")
def by_loop(first_day, active, n, window=1):
    kept = seen = 0
    for first, days in zip(first_day, active, strict=True):
        if first + n + window <= len(days):
            seen += 1
            kept += bool(any(days[first + n:first + n + window]))
    return kept / seen if seen else float("nan")


@alternate_of("cohort_retention")
def by_running_sums(first_day, active, n, window=1):
    first_day, active = np.asarray(first_day), np.asarray(active).astype(int)
    sums = np.hstack([np.zeros((len(active), 1), int), active.cumsum(axis=1)])
    rows = np.flatnonzero(first_day + n + window <= active.shape[1])
    if len(rows) == 0:
        return np.nan
    start = first_day[rows] + n
    return np.mean(sums[rows, start + window] > sums[rows, start])


@alternate_of("cohort_retention")
def by_pandas_events(first_day, active, n, window=1):
    active = np.asarray(active).astype(bool)
    customer, day = np.nonzero(active)
    events = pd.DataFrame({"customer": customer, "age": day - np.asarray(first_day)[customer]})
    eligible = pd.Series(np.asarray(first_day) + n + window <= active.shape[1])
    returned = events.loc[events["age"].between(n, n + window - 1), "customer"].unique()
    return pd.Series(eligible.index.isin(returned))[eligible].mean()


# temporal_split -----------------------------------------------------------------------------------------------------


def _ordered(train_end, valid_end):
    if train_end > valid_end:
        raise ValueError("train_end is after valid_end")


@mistake_of("temporal_split", Text(
    "Rows are cut 60/20/20 by their position. The cut is by time: train_end and valid_end say where.",
    "按行的位置切成了 60/20/20。应按时间切分，由 train_end 和 valid_end 决定。"))
def by_position(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    a, b = int(.6 * len(df)), int(.8 * len(df))
    return df.iloc[:a], df.iloc[a:b], df.iloc[b:]


@mistake_of("temporal_split", Text(
    "A row exactly at a boundary stands in two parts: <= on one side and >= on the other. Use < and >= so that each row falls in one part.",
    "恰好在边界上的行出现在两个部分里：一侧用了 <=，另一侧用了 >=。请用 < 和 >=，让每行只落在一处。"))
def boundary_twice(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df[ts]
    return df[time <= train_end], df[(time >= train_end) & (time <= valid_end)], df[time >= valid_end]


@mistake_of("temporal_split", Text(
    "A row exactly at a boundary went to the earlier part. Intervals are half-open: at train_end validation begins, at valid_end test.",
    "恰好在边界上的行被分到了前一部分。区间左闭右开：train_end 起属于验证，valid_end 起属于测试。"))
def boundary_to_the_past(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df[ts]
    return df[time <= train_end], df[(time > train_end) & (time <= valid_end)], df[time > valid_end]


@mistake_of("temporal_split", Text(
    "Rows exactly at a boundary are in no part at all. The three parts together must be the whole table.",
    "恰好在边界上的行哪一部分都没有。三部分合起来必须是整张表。"))
def boundary_lost(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df[ts]
    return df[time < train_end], df[(time > train_end) & (time < valid_end)], df[time > valid_end]


@mistake_of("temporal_split", Text(
    "The rows were sorted by time. The parts keep the order of the rows as given.", "行被按时间排序了。各部分应保持原来的行顺序。"))
def sorted_first(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    df = df.sort_values(ts)
    time = df[ts]
    return df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]


@mistake_of("temporal_split", Text(
    "The caller's table was sorted in place: `inplace=True` changes df for everyone who still uses it. Nothing needs sorting here.",
    "调用者的表被原地排序了：inplace=True 会改变 df，而别处还在用它。这里什么都不需要排序。"))
def sorted_in_place(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                  # pandas will give up inplace; learners have not
        df.sort_values(ts, inplace=True)
    time = df[ts]
    return df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]


@mistake_of("temporal_split", Text(
    "The index was reset. Keep the labels: they are how you find a row again in the whole table.",
    "索引被重置了。请保留行标签：靠它才能在整张表里找回这一行。"))
def labels_lost(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df[ts]
    parts = df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]
    return tuple(part.reset_index(drop=True) for part in parts)


@mistake_of("temporal_split", Text(
    "Whole customers were put into parts, by their number. That measures new customers, not later days: the split here is by time.",
    "按顾客编号把整个顾客分到了各部分。那衡量的是新顾客，而不是之后的日子：这里应按时间切分。"))
def by_customer(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    part = df["household"] % 5
    return df[part < 3], df[part == 3], df[part == 4]


@mistake_of("temporal_split", Text(
    "The order of the parts is train, validation, test: the earliest first.", "返回顺序是训练、验证、测试：最早的在前。"))
def latest_first(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df[ts]
    return df[time >= valid_end], df[(time >= train_end) & (time < valid_end)], df[time < train_end]


@mistake_of("temporal_split", Text(
    "The column is called \"time\" here and something else elsewhere: use the name given in ts.",
    "列名在这里是 \"time\"，在别处可能不同：请使用 ts 给出的列名。"))
def name_fixed(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    time = df["time"]
    return df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]


@mistake_of("temporal_split", Text(
    "With train_end after valid_end rows silently fall into two parts or none. Raise ValueError.",
    "train_end 晚于 valid_end 时，行会悄悄重复或丢失。请抛出 ValueError。"))
def nothing_refused(df, ts, train_end, valid_end):
    time = df[ts]
    return df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]


@mistake_of("temporal_split", Text(
    "train_end equal to valid_end is allowed: validation is then empty. Refuse only train_end > valid_end.",
    "train_end 等于 valid_end 是允许的：此时验证部分为空。只有 train_end > valid_end 才报错。"))
def equal_refused(df, ts, train_end, valid_end):
    if train_end >= valid_end:
        raise ValueError("train_end must be before valid_end")
    return nothing_refused.function(df, ts, train_end, valid_end)


@alternate_of("temporal_split")
def by_codes(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    ends = np.array([train_end.to_datetime64(), valid_end.to_datetime64()]).astype("datetime64[ns]")
    part = np.searchsorted(ends, df[ts].to_numpy().astype("datetime64[ns]"), side="right")
    return tuple(df.loc[part == i].copy() for i in range(3))


@alternate_of("temporal_split")
def row_by_row(df, ts, train_end, valid_end):
    if not train_end <= valid_end:
        raise ValueError
    places = [], [], []
    for i, moment in enumerate(df[ts]):
        places[0 if moment < train_end else 1 if moment < valid_end else 2].append(i)
    return [df.iloc[rows] for rows in places]


@alternate_of("temporal_split")
def by_between(df, ts, train_end, valid_end):
    _ordered(train_end, valid_end)
    early, late = df[ts].lt(train_end), df[ts].ge(valid_end)
    return df[early], df[df[ts].between(train_end, valid_end, inclusive="left")], df[late]


# build_features, build_labels ---------------------------------------------------------------------------------------


def _features(events, cutoff, lookback_days, past=None):
    """Right features, of the events in `past` (default the window)."""
    if past is None:
        past = events[(events["time"] >= cutoff - lookback_days * DAY) & (events["time"] < cutoff)]
    past = past.assign(day=past["time"].dt.normalize())
    who = past.groupby("customer")
    week = past[past["time"] >= cutoff - 7 * DAY].groupby("customer")["day"].nunique()
    table = pd.DataFrame({"recency": (cutoff - who["time"].max()).dt.days, "frequency": who["day"].nunique(),
                          "amount": who["amount"].sum()})
    table["last_week"] = week.reindex(table.index, fill_value=0)
    return table


@mistake_of("build_features", Text(
    "The event exactly at the cut-off is among the features. It is future: time < cutoff, not <=.",
    "恰好在截止点的事件进入了特征。它属于未来：time < cutoff，不是 <=。"))
def cutoff_is_past(events, cutoff, lookback_days):
    time = events["time"]
    return _features(events, cutoff, lookback_days, events[(time >= cutoff - lookback_days * DAY) & (time <= cutoff)])


@mistake_of("build_features", Text(
    "The event exactly at cutoff − lookback_days is missing: the window is closed on its left, so >=.",
    "恰好在 cutoff − lookback_days 的事件丢失了：窗口左端闭合，应使用 >=。"))
def start_left_out(events, cutoff, lookback_days):
    time = events["time"]
    return _features(events, cutoff, lookback_days, events[(time > cutoff - lookback_days * DAY) & (time < cutoff)])


@mistake_of("build_features", Text(
    "The lookback is ignored: events older than cutoff − lookback_days are counted, and customers long gone are in the table.",
    "忽略了回看期：早于 cutoff − lookback_days 的事件也被计入，早已离开的顾客还在表里。"))
def no_lookback(events, cutoff, lookback_days):
    return _features(events, cutoff, lookback_days, events[events["time"] < cutoff])


@mistake_of("build_features", Text(
    "Recency is counted from the last event of the file. That event is in the future of the cut-off: count from the cut-off.",
    "recency 是从文件最后一个事件算起的。那个事件在截止点之后：应从截止点算起。"))
def recency_from_the_file(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    shift = events["time"].max() - cutoff
    past = events[(events["time"] >= cutoff - lookback_days * DAY) & (events["time"] < cutoff)]
    table["recency"] = (cutoff + shift - past.groupby("customer")["time"].max()).dt.days
    return table


@mistake_of("build_features", Text(
    "Recency counts midnights. It is the time between last event and cut-off in whole days: nine hours are 0 days.",
    "recency 数的是跨过的午夜。它应是最后一次事件到截止点之间的整天数：九小时是 0 天。"))
def recency_in_midnights(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    past = events[(events["time"] >= cutoff - lookback_days * DAY) & (events["time"] < cutoff)]
    table["recency"] = (cutoff - past.groupby("customer")["time"].max().dt.normalize()).dt.days
    return table


@mistake_of("build_features", Text(
    "The amount sums all events of the file, those after the cut-off included. Sum within the window only.",
    "amount 汇总了文件中的全部事件，包括截止点之后的。只应汇总窗口内的。"))
def amount_of_all_time(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    table["amount"] = events.groupby("customer")["amount"].sum().reindex(table.index)
    return table


@mistake_of("build_features", Text(
    "The amount of every customer is the sum over the whole table. It is one number a customer: group by customer before you sum.",
    "每个顾客的 amount 都是整张表的总和。应当每个顾客一个数：先按顾客分组，再求和。"))
def amount_of_everybody(events, cutoff, lookback_days):
    return _features(events, cutoff, lookback_days).assign(amount=events["amount"].sum())


@mistake_of("build_features", Text(
    "The amount of every customer is the sum over the whole window. It is one number a customer: group by customer before you sum.",
    "每个顾客的 amount 都是整个窗口的总和。应当每个顾客一个数：先按顾客分组，再求和。"))
def amount_of_the_window(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    return table.assign(amount=table["amount"].sum())


@mistake_of("build_features", Text(
    "The amount sums everything before the cut-off, purchases older than the window too. Sum within [cutoff − lookback_days, cutoff).",
    "amount 汇总了截止点之前的一切，连早于窗口的购买也在内。只应汇总 [cutoff − lookback_days, cutoff) 内的。"))
def amount_without_lookback(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    known = events[events["time"] < cutoff]
    return table.assign(amount=known.groupby("customer")["amount"].sum().reindex(table.index))


@mistake_of("build_features", Text(
    "The customer is a column, and the index only counts rows. The customer is the index: leave out `reset_index` (or as_index=False).",
    "顾客成了一列，索引只是行号。顾客应当是索引：去掉 reset_index（或 as_index=False）。"))
def customer_as_a_column(events, cutoff, lookback_days):
    return _features(events, cutoff, lookback_days).reset_index()


@mistake_of("build_features", Text(
    "Frequency counts receipts. Two receipts on one calendar day are one visit: count different days.",
    "frequency 数的是小票张数。同一天的两张小票是一次到访：应数不同的日期。"))
def receipts_counted(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    past = events[(events["time"] >= cutoff - lookback_days * DAY) & (events["time"] < cutoff)]
    table["frequency"] = past.groupby("customer").size()
    return table


@mistake_of("build_features", Text(
    "Customers without an event in the last week have nan there. Nothing seen in an observed week is 0.",
    "最后一周没有事件的顾客在那里是 nan。在已观测的一周里没有出现，就是 0。"))
def quiet_is_missing(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    table["last_week"] = table["last_week"].astype(float).where(table["last_week"] > 0)
    return table


@mistake_of("build_features", Text(
    "Customers who were quiet in the last week have lost their row. Everyone with an event in the window keeps one, with 0 there.",
    "最后一周没来的顾客整行丢失了。窗口内有事件的每个人都保留一行，那里填 0。"))
def quiet_is_dropped(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    return table[table["last_week"] > 0]


@mistake_of("build_features", Text(
    "Every customer of the file has a row, newcomers after the cut-off too: that they will come is itself a leak.",
    "文件中的每个顾客都有一行，连截止点之后的新客也在内：知道他们会来，本身就是泄漏。"))
def everyone_in_the_file(events, cutoff, lookback_days):
    table = _features(events, cutoff, lookback_days)
    everyone = np.unique(events["customer"])
    table = table.reindex(everyone)
    table["recency"] = table["recency"].fillna(lookback_days)
    return table.fillna(0)


@mistake_of("build_features", Text(
    "The call wrote a column into the caller's table. Use `assign`, or a copy: the caller still needs it as it was.",
    "调用在调用者的表里写入了一列。请用 assign 或先复制：调用者还需要原来的表。"))
def writes_into_the_caller(events, cutoff, lookback_days):
    events["day"] = events["time"].dt.normalize()
    return _features(events, cutoff, lookback_days)


def _population(events, cutoff, lookback_days):
    inside = (events["time"] >= cutoff - lookback_days * DAY) & (events["time"] < cutoff)
    return pd.Index(np.unique(events.loc[inside, "customer"]), name="customer")


def _seen(events, start, end):
    return events.loc[(events["time"] >= start) & (events["time"] < end), "customer"]


def _refuse(cutoff, horizon_days, observed_until):
    if cutoff + horizon_days * DAY > observed_until:
        raise ValueError("the horizon is not fully observed")


def _labels(who, came):
    return pd.Series(who.isin(came).astype(int), index=who)


@mistake_of("build_features", Text(
    "The labels hold only customers with an event in the horizon: those who stayed away are missing, newcomers are in. Label the population.",
    "标签里只有预测期内来过的顾客：没来的人缺失了，新客却在里面。应给整个人群打标签。"), replaces="build_labels")
def only_those_who_came(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    came = pd.Index(np.unique(_seen(events, cutoff, cutoff + horizon_days * DAY)))
    return _labels(came, came)


@mistake_of("build_features", Text(
    "Labels are given although the horizon is not over: a 0 there means \"not yet seen\". Raise ValueError if cutoff + horizon > observed_until.",
    "预测期还没结束就给了标签：那里的 0 只表示“还没看到”。cutoff + horizon > observed_until 时应抛出 ValueError。"), replaces="build_labels")
def unobserved_is_zero(events, cutoff, lookback_days, horizon_days, observed_until):
    return _labels(_population(events, cutoff, lookback_days), _seen(events, cutoff, cutoff + horizon_days * DAY))


@mistake_of("build_features", Text(
    "It takes the last event of the file for the end of observation. A quiet last week was observed too: ask observed_until.",
    "它把文件的最后一个事件当作观测的终点。安静的最后一周同样被观测到了：应看 observed_until。"), replaces="build_labels")
def file_ends_observation(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, events["time"].max())
    return unobserved_is_zero.function(events, cutoff, lookback_days, horizon_days, observed_until)


@mistake_of("build_features", Text(
    "A horizon that ends exactly at observed_until is fully observed: refuse only if it ends after it.",
    "恰好在 observed_until 结束的预测期已被完整观测：只有超过它才报错。"), replaces="build_labels")
def exact_end_refused(events, cutoff, lookback_days, horizon_days, observed_until):
    if cutoff + horizon_days * DAY >= observed_until:
        raise ValueError("the horizon is not fully observed")
    return unobserved_is_zero.function(events, cutoff, lookback_days, horizon_days, observed_until)


@mistake_of("build_features", Text(
    "The event exactly at the cut-off is in neither part. It is future and belongs to the label: time >= cutoff.",
    "恰好在截止点的事件两边都没有。它属于未来，应计入标签：time >= cutoff。"), replaces="build_labels")
def cutoff_in_no_part(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    later = events.loc[(events["time"] > cutoff) & (events["time"] < cutoff + horizon_days * DAY), "customer"]
    return _labels(_population(events, cutoff, lookback_days), later)


@mistake_of("build_features", Text(
    "An event exactly at cutoff + horizon counts. The horizon is half-open: time < cutoff + horizon.",
    "恰好在 cutoff + horizon 的事件被计入了。预测期左闭右开：time < cutoff + horizon。"), replaces="build_labels")
def end_included(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    inside = (events["time"] >= cutoff) & (events["time"] <= cutoff + horizon_days * DAY)
    return _labels(_population(events, cutoff, lookback_days), events.loc[inside, "customer"])


@mistake_of("build_features", Text(
    "Any later event makes the label 1. Only events before cutoff + horizon count, or the label changes as the file grows.",
    "之后任何时候的事件都让标签为 1。只有 cutoff + horizon 之前的才算，否则标签会随文件增长而改变。"), replaces="build_labels")
def any_time_later(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    return _labels(_population(events, cutoff, lookback_days), events.loc[events["time"] >= cutoff, "customer"])


@mistake_of("build_features", Text(
    "Every customer of the file is labelled, newcomers and the long gone too. The population is that of the features.",
    "文件中每个顾客都有标签，连新客和早已离开的人也有。人群应与特征的一致。"), replaces="build_labels")
def everyone_labelled(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    return _labels(pd.Index(np.unique(events["customer"])), _seen(events, cutoff, cutoff + horizon_days * DAY))


@mistake_of("build_features", Text(
    "The label is turned round: 1 means that the customer came back, 0 that they stayed away.",
    "标签反了：1 表示顾客回来了，0 表示没有来。"), replaces="build_labels")
def lapse_labelled(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    return 1 - _labels(_population(events, cutoff, lookback_days), _seen(events, cutoff, cutoff + horizon_days * DAY))


@alternate_of("build_features")
def customer_by_customer(events, cutoff, lookback_days):
    start, rows = cutoff - lookback_days * DAY, {}
    for customer, time, amount in zip(events["customer"], events["time"], events["amount"], strict=True):
        if start <= time < cutoff:
            rows.setdefault(customer, []).append((time, amount))
    table = {customer: {
        "recency": (cutoff - max(time for time, _ in mine)) // DAY,
        "frequency": len({time.date() for time, _ in mine}),
        "amount": sum(amount for _, amount in mine),
        "last_week": len({time.date() for time, _ in mine if time >= cutoff - 7 * DAY}),
    } for customer, mine in rows.items()}
    return pd.DataFrame.from_dict(table, orient="index", columns=["recency", "frequency", "amount", "last_week"])


@alternate_of("build_features")
def in_one_aggregation(events, cutoff, lookback_days):
    past = events.loc[(events["time"] < cutoff) & (events["time"] >= cutoff - pd.Timedelta(days=lookback_days))].copy()
    past["age"] = (cutoff - past["time"]) / DAY
    past["day"] = past["time"].dt.normalize()
    past["recent_day"] = past["day"].where(past["age"] <= 7)
    table = past.groupby("customer").agg(recency=("age", "min"), frequency=("day", "nunique"), amount=("amount", "sum"),
                                         last_week=("recent_day", "nunique"))
    return table.assign(recency=np.floor(table["recency"])).sort_values("amount")


@alternate_of("build_features")
def by_numpy(events, cutoff, lookback_days):
    customer, time, amount = (events[name].to_numpy() for name in ("customer", "time", "amount"))
    age = (np.datetime64(cutoff, "ns") - time.astype("datetime64[ns]")).astype("int64") / 86_400e9
    inside = (age > 0) & (age <= lookback_days)
    who, place = np.unique(customer[inside], return_inverse=True)
    age, amount = age[inside], amount[inside]
    recency = np.full(len(who), np.inf)
    np.minimum.at(recency, place, age)
    days = np.unique(np.stack([place, np.ceil(age)]), axis=1)
    week = days[:, days[1] <= 7]
    return pd.DataFrame({
        "last_week": np.bincount(week[0].astype(int), minlength=len(who)), "amount": np.bincount(place, amount, len(who)),
        "frequency": np.bincount(days[0].astype(int), minlength=len(who)), "recency": np.floor(recency),
    }, index=who)


@alternate_of("build_features", replaces="build_labels")
def labels_by_sets(events, cutoff, lookback_days, horizon_days, observed_until):
    end = cutoff + horizon_days * DAY
    if end > observed_until:
        raise ValueError(f"{end} > {observed_until}")
    known, came = set(), set()
    for customer, time in zip(events["customer"], events["time"], strict=True):
        if cutoff - lookback_days * DAY <= time < cutoff:
            known.add(customer)
        elif cutoff <= time < end:
            came.add(customer)
    return pd.Series({customer: customer in came for customer in known}, dtype=bool)


@alternate_of("build_features", replaces="build_labels")
def labels_by_reindex(events, cutoff, lookback_days, horizon_days, observed_until):
    _refuse(cutoff, horizon_days, observed_until)
    came = _seen(events, cutoff, cutoff + horizon_days * DAY).value_counts()
    return came.reindex(_population(events, cutoff, lookback_days), fill_value=0).clip(upper=1).astype(float)


# rank_of_target -----------------------------------------------------------------------------------------------------


def _rivals(scores, target, exclude, keep_target=True):
    scores = np.asarray(scores, float)
    competes = np.ones(len(scores), bool)
    competes[list(exclude)] = False
    if keep_target:
        competes[target] = True
    return scores, competes


@mistake_of("rank_of_target", Text(
    "Ties are optimistic: the target stands before everything it ties with, so a constant score is perfect. Count half of the others that tie.",
    "同分处理过于乐观：目标排在所有同分者之前，于是常数打分就是满分。应计入其他同分者的一半。"))
def optimistic(scores, target, exclude=()):
    scores, competes = _rivals(scores, target, exclude)
    return float(1 + (scores[competes] > scores[target]).sum())


@mistake_of("rank_of_target", Text(
    "Ties are pessimistic: the target stands after everything it ties with. Count half of the others that tie, not all.",
    "同分处理过于悲观：目标排在所有同分者之后。应只计入其他同分者的一半。"))
def pessimistic(scores, target, exclude=()):
    scores, competes = _rivals(scores, target, exclude)
    return float((scores[competes] >= scores[target]).sum())


@mistake_of("rank_of_target", Text(
    "Ties are broken by position, so the numbering of the items decides. All orders of tied items are equally likely: take the mean.",
    "同分按位置决定先后，于是商品编号决定了名次。同分商品的所有排列机会相同：取平均。"))
def by_argsort(scores, target, exclude=()):
    scores, competes = _rivals(scores, target, exclude)
    order = [i for i in np.argsort(-scores, kind="stable") if competes[i]]
    return float(order.index(target) + 1)


@mistake_of("rank_of_target", Text(
    "The target ties with itself: half a rank too much. Count the *other* competitors with the same score.",
    "目标与自己算成了同分，名次多了半位。只数*其他*同分的竞争者。"))
def ties_with_itself(scores, target, exclude=()):
    scores, competes = _rivals(scores, target, exclude)
    return float(1 + (scores[competes] > scores[target]).sum() + (scores[competes] == scores[target]).sum() / 2)


@mistake_of("rank_of_target", Text(
    "The excluded items still compete. Leave them out before counting.", "被排除的商品仍在竞争。计数前先去掉它们。"))
def nothing_excluded(scores, target, exclude=()):
    return _fair(*_rivals(scores, target, ()), target)


@mistake_of("rank_of_target", Text(
    "A target that stands in exclude was removed and got no rank. The target always competes: repeat purchases are real.",
    "在 exclude 里的目标被去掉了，没有名次。目标始终参与竞争：复购是真实存在的。"))
def target_removed(scores, target, exclude=()):
    if target in exclude:
        return float("inf")
    return _fair(*_rivals(scores, target, exclude), target)


@mistake_of("rank_of_target", Text(
    "A target in exclude was dropped from the competitors, then subtracted once more from those it ties with: half a rank too little. Put it back.",
    "在 exclude 里的目标先从竞争者中去掉了，数同分时又减了一次，名次少了半位。请把它放回竞争者。"))
def target_dropped(scores, target, exclude=()):
    return _fair(*_rivals(scores, target, exclude, keep_target=False), target)


@mistake_of("rank_of_target", Text(
    "After the excluded items were dropped, `target` points to another item: positions have moved. Use a mask, or read the target's score first.",
    "去掉被排除的商品后，target 指向了另一个商品：位置已经移动。请用掩码，或者先取出目标的分数。"))
def positions_moved(scores, target, exclude=()):
    scores = np.delete(np.asarray(scores, float), sorted({int(i) for i in exclude} - {target}))
    return _fair(scores, np.ones(len(scores), bool), target)


@mistake_of("rank_of_target", Text("The best rank is 1, not 0.", "最好的名次是 1，不是 0。"))
def from_zero(scores, target, exclude=()):
    return _fair(*_rivals(scores, target, exclude), target) - 1


@mistake_of("rank_of_target", Text("A higher score is better; this counts the lower ones.", "分数越高越好；这里数的是更低的。"))
def lowest_first(scores, target, exclude=()):
    scores, competes = _rivals(scores, target, exclude)
    return _fair(-scores, competes, target)


def _fair(scores, competes, target):
    return float(1 + (scores[competes] > scores[target]).sum() + ((scores[competes] == scores[target]).sum() - 1) / 2)


@alternate_of("rank_of_target")
def one_by_one(scores, target, exclude=()):
    rank = 1.0
    for item, score in enumerate(scores):
        if item != target and item not in exclude:
            rank += 1 if score > scores[target] else .5 if score == scores[target] else 0
    return rank


@alternate_of("rank_of_target")
def by_pandas_rank(scores, target, exclude=()):
    kept = pd.Series(np.asarray(scores, float)).drop([i for i in exclude if i != target])
    return kept.rank(ascending=False, method="average")[target]


@alternate_of("rank_of_target")
def mean_of_first_and_last(scores, target, exclude=()):
    scores = np.asarray(scores, float)
    rivals = np.sort(np.delete(scores, sorted(set(exclude) | {target})))
    last = len(rivals) - np.searchsorted(rivals, scores[target], side="left")
    first = len(rivals) - np.searchsorted(rivals, scores[target], side="right")
    return 1 + (first + last) / 2
