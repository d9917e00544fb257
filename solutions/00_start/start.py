# %% [markdown]
# # What is retention, and how would you prove it rose?
#
# This course answers one question: **how do large models raise user retention (用户留存) on an e-commerce platform?** Five
# interview questions lead there: behaviour, portrait, churn, interest, recommendation. Each is a lesson. Before you can raise
# retention you have to measure it, and before you can claim it rose you have to prove it. That is this lesson.
#
# You will count retention on two real shops, see why one curve falls and the other does not, turn retention into money, build model
# inputs that cannot see the future, and find the leaks in an interviewer's code.
#
# **How a lesson works**
#
# | you see | it means |
# |---|---|
# | an exercise | Replace `raise NotImplementedError(...)` by your code, run the cell, run the `check` below it. |
# | level | *core* earns the lesson's points. *more* and *stretch* stand in a second notebook, `start_more.ipynb`, and are counted beside them. |
# | short path | Short of time? The exercises with this mark, in all lessons, contain the five questions and the three coding problems. |
# | `check(f)` | Runs your function on public cases, by hand, by rule and at random. Shows what you got, what was expected, the likely mistake. |
# | `hint("f")` | The next hint, the gentlest first. Hints cost nothing. |
# | `progress("00")` | Your points so far in this lesson, in this notebook's session. |
# | `yours("f")` | Later cells use it to put your function beside ours, once its check has passed. |
#
# An exercise's points: the hand-made and random cases are the core. They earn 60 %, and unless all of them pass the exercise earns
# nothing. The named rules share the other 40 %, each all or nothing. The final grade uses new random cases, so a passed check means
# "public checks passed", no more. Each exercise says which packages an answer may use.
#
# **Handing in.** Save the notebook and hand in the `.ipynb` file. In a terminal, `make check LESSON=00_start` checks the saved file
# without a browser. The grader runs the setup cell, cells you added, and the exercise cells: a function that needs a table must
# get it as an argument.

# %% tags=["setup"]
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from helpers import ask, check, hint, interview, production_card, progress, reveal, yours
from helpers.data import cdnow, complete_journey
from helpers.metrics import household_draws, lift_at_share, pr_auc, weighted
from helpers.plots import forest, retention_curves, style, wilson

style()

# %% [markdown]
# ## Warm-up: read a check
#
# The function below is wrong on purpose; you will write the right one soon. It should give the share of customers who bought again
# within a window of days that starts `n` days after their **own** first purchase.
#
# * `active` has one row a customer and one column a calendar day: 1 if the customer bought on that day.
# * `first_day` is the column of each customer's first purchase. The window is `window` days long.
#
# Before you run the cell, read the function and predict: which customers does it treat unfairly? (One of its arguments is never
# used.) Then run it, and read the check's card from top to bottom.

# %%
def cohort_retention(first_day, active, n, window=1):            # wrong on purpose
    active = np.asarray(active)
    return float(active[:, n:n + window].any(axis=1).mean())


check(cohort_retention)

# %%
hint("cohort_retention")

# %% [markdown]
# ## The interviewer asks

# %%
ask("00")

# %% [markdown] tags=["answer"]
# **Your 60-second answer.** Say it aloud first, then write it here. It is not graded; you will compare it with your last one.
#
# …

# %% [markdown]
# ## The business metric, and the dumbest baseline
#
# Two shops, both real:
#
# * **CDNOW**, an online music shop. All customers of the table bought for the first time in early 1997; then one watches.
# * **Complete Journey**, a year of baskets at a grocery chain. The households were chosen as *frequent shoppers*. Remember that.
#
# Nobody signs off when leaving a shop. There is no contract that ends, so retention is something you *define*. The dumbest
# definition is the **repeat rate** (复购率): the share of customers who ever came back.

# %%
purchases = cdnow.purchases()
lines = complete_journey.transactions(["household", "product", "time"])

# One row a visit: a customer and a calendar day. Two receipts on one day are one visit.
cd_visits = purchases.assign(who=purchases["customer"])[["who", "time"]].drop_duplicates(ignore_index=True)
cj_visits = lines.assign(who=lines["household"], time=lines["time"].dt.normalize())[["who", "time"]].drop_duplicates(ignore_index=True)
CD_END, CJ_END = pd.Timestamp("1998-07-01"), pd.Timestamp("2018-01-01")     # the first day no longer observed

for name, visits in (("CDNOW", cd_visits), ("Complete Journey", cj_visits)):
    print(f"{name}: {visits['who'].nunique():,} customers, {len(visits):,} visits, "
          f"{visits['time'].min():%Y-%m-%d} to {visits['time'].max():%Y-%m-%d}")

print("\nCDNOW's repeat rate, if the analyst had looked on")
for date in ("1997-04-01", "1997-07-01", "1998-01-01", "1998-07-01"):
    known = cd_visits[cd_visits["time"] < date]
    counts = known.groupby("who").size()
    low, high = wilson((counts > 1).sum(), len(counts))
    print(f"  {date}: {(counts > 1).mean():.3f}  [{low:.3f}, {high:.3f}]")

# %% [markdown]
# Nothing about the shop changed between these lines. Only the analyst waited longer, and the number rose. A definition without a
# window can be raised by patience alone. So write down three things before any number:
#
# 1. **who**: the cohort (同期群), everyone whose first purchase falls in some period;
# 2. **when**: a window counted from each customer's *own* first day, not from the calendar;
# 3. **what**: the event that counts, here a purchase. Visits, sessions, or money would give other curves.
#
# The intervals are Wilson's: for a share, sensible even near 0 and 1, where "± two standard errors" is not. They will stand beside
# every comparison of this course.
#
# ## D-n, window, rolling: three retentions
#
# | name | a customer counts as retained if active | it suits |
# |---|---|---|
# | **D-n** (第 n 日留存) | on day n exactly | products used daily |
# | **window** (窗口留存) | on at least one day of [n, n + window) | shops: nobody buys music each day |
# | **rolling** (滚动留存) | on day n *or at any time after it* | nothing that you compare: it grows with the file |
#
# **Worked example.** Six calendar days, three customers; `#` is a purchase. Day 0 of each customer is the first `#`.
#
# ```text
# calendar day   0  1  2  3  4  5
# Ann            #  .  #  .  .  #      first_day 0
# Bo             .  #  .  #  .  .      first_day 1
# Cai            .  .  .  .  #  #      first_day 4
# ```
#
# D2 asks for calendar day 2 (Ann: yes), 3 (Bo: yes) and 6 (Cai). But day 6 is not in the file. Cai is neither kept nor lost: she is
# **censored** (删失), and leaves the numerator *and* the denominator. D2 is 2 of 2. If you count Cai as lost, you get 2 of 3, and every
# young cohort in your dashboard seems to die.

# %% [markdown]
# ### exercise: cohort_retention
#
# Write the rate of window retention over the customers whose full window is observed.
#
# * `first_day`: (U,) whole numbers, the calendar day (a column of `active`) of each customer's first purchase.
# * `active`: (U, D) of 0/1 or bool; cell [u, d] says whether customer u bought on calendar day d. Days before the first one are 0, the
#   first day itself is 1. The file ends after day D − 1.
# * The window of a customer is the half-open range of calendar days [first_day + n, first_day + n + window). Retained means: active
#   on **at least one** of these days. `n` ≥ 0, `window` ≥ 1; `window=1` is D-n.
# * Only customers with first_day + n + window ≤ D count, above and below the line: all days of their window are in the file.
# * All customers weigh the same, whichever day they began on. If nobody's window is observed, return `nan`.
# * Lists serve as well as arrays. Return a plain number. Do not change the arguments.
#
# By hand: in the picture above, `n=2, window=2` gives Ann days 2 and 3 (yes), Bo days 3 and 4 (yes); Cai is not observed: 1.0.

# %%
# exercise: cohort_retention
def cohort_retention(first_day, active, n, window=1):
    """Share of customers active at least once in the window that starts n days after their first day.

    first_day: (U,) int, calendar day of the first purchase.  active: (U, D) of 0/1.  The window is [n, n + window), relative to
    first_day; only customers with first_day + n + window <= D count.  nan if there is none.

    >>> cohort_retention([0, 1, 4], [[1, 0, 1, 0, 0, 1], [0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1]], n=2)
    1.0
    """
    ### BEGIN SOLUTION: keep the customers whose window is observed; of these, the share with an active day in it
    first_day, active = np.asarray(first_day), np.asarray(active)
    total = active.shape[1]
    observed = first_day + n + window <= total
    if not observed.any():
        return float("nan")
    relative = np.arange(total) - first_day[:, None]
    in_window = (relative >= n) & (relative < n + window)
    returned = (active.astype(bool) & in_window).any(axis=1)
    return float(returned[observed].mean())
    ### END SOLUTION

# %%
check(cohort_retention)

# %% [markdown]
# ### One shop, one month, three numbers
#
# The same customers, the same file. We count who was active on day 30, in the thirty days from day 30, and at any time from day 30.

# %%
FIRST = cd_visits.groupby("who")["time"].min()
day_of_life = (cd_visits["time"] - cd_visits["who"].map(FIRST)).dt.days
N = len(FIRST)
definitions = {
    "D30: on day 30": day_of_life == 30,
    "window: days 30 to 59": day_of_life.between(30, 59),
    "rolling, file cut after 200 days": (day_of_life >= 30) & (cd_visits["time"] < pd.Timestamp("1997-01-01") + pd.Timedelta(days=200)),
    "rolling, file cut after 400 days": (day_of_life >= 30) & (cd_visits["time"] < pd.Timestamp("1997-01-01") + pd.Timedelta(days=400)),
    "rolling, whole file": day_of_life >= 30,
}
kept = np.array([cd_visits.loc[rows, "who"].nunique() for rows in definitions.values()])
low, high = wilson(kept, N)
forest(list(definitions), kept / N, low, high, title="Three retentions of the same customers (CDNOW)",
       xlabel="share of all customers, 95 % interval", highlight="window: days 30 to 59")
plt.show()

if yours("cohort_retention"):
    D = (CD_END - pd.Timestamp("1997-01-01")).days
    ids = np.sort(cd_visits["who"].unique())
    grid = np.zeros((N, D), bool)
    grid[np.searchsorted(ids, cd_visits["who"]), (cd_visits["time"] - pd.Timestamp("1997-01-01")).dt.days] = True
    print(f"yours: D30 {yours('cohort_retention')(grid.argmax(axis=1), grid, 30):.4f}, "
          f"window {yours('cohort_retention')(grid.argmax(axis=1), grid, 30, 30):.4f}")

# %% [markdown]
# When someone quotes "our retention", the first question is: which of these? The rolling one moved although no customer did anything
# differently. From here on we use the window, thirty days long: period 0 is the first month of a customer's life, period 1 the next.

# %% [markdown] tags=["answer"]
# **Predict before you run.** Sketch in words, for CDNOW and for Complete Journey: where does the curve stand in period 1, and in period
# 10? Does it fall, stay, or rise? Why?
#
# …

# %%
def curve(visits, end, periods, length=30):
    """Window retention by period of life, over customers whose period is fully observed, with Wilson's interval."""
    first = visits.groupby("who")["time"].min()
    complete = (end - first).dt.days // length                    # how many whole periods of this customer are in the file
    period = (visits["time"] - visits["who"].map(first)).dt.days // length
    seen = pd.DataFrame({"who": visits["who"], "period": period}).drop_duplicates()
    seen = seen[seen["period"] < seen["who"].map(complete)]
    table = pd.DataFrame({"observed": [(complete > k).sum() for k in range(periods)],
                          "active": [(seen["period"] == k).sum() for k in range(periods)]}, index=range(periods))
    table["rate"] = table["active"] / table["observed"]
    table["low"], table["high"] = wilson(table["active"], table["observed"])
    return table


cd_curve, cj_curve = curve(cd_visits, CD_END, 16), curve(cj_visits, CJ_END, 12)
retention_curves({"Complete Journey": cj_curve, "CDNOW, everyone": cd_curve}, title="One shop loses its customers, the other keeps them. Does it?",
                 xlabel="thirty-day period since the first visit in the file", ylabel="share active, 95 % band")
plt.show()
print(pd.DataFrame({"CDNOW": cd_curve["rate"], "Complete Journey": cj_curve["rate"]}).loc[[1, 2, 5, 10]].round(3).to_string())

# %% [markdown]
# ### Is the grocer that much better?
#
# Groceries are bought more often than music; part of the gap is real. But look at *who is in each file*. CDNOW's table holds everyone
# who began. Complete Journey's holds households chosen because they shopped often **during the very year we look at**. Whoever
# left could not be chosen. That is selection on the outcome, also called survivorship bias (幸存者偏差).
#
# You can make the same thing happen to CDNOW. Choose its customers in two ways and draw both curves:
#
# * by their **past**: at least five visits in the first ninety days (anyone could have known it on day 90);
# * by their **whole history**: at least fifteen visits in the entire file (only the future knows).

# %%
early = cd_visits[day_of_life < 90].groupby("who").size()
ever = cd_visits.groupby("who").size()
chosen_by_past, chosen_by_future = early.index[early >= 5], ever.index[ever >= 15]
curves = {
    "Complete Journey": cj_curve,
    "CDNOW, everyone": cd_curve.loc[:14],
    "CDNOW, chosen by whole history": curve(cd_visits[cd_visits["who"].isin(chosen_by_future)], CD_END, 15),
    "CDNOW, chosen by first 90 days": curve(cd_visits[cd_visits["who"].isin(chosen_by_past)], CD_END, 15),
}
fig, ax = plt.subplots(figsize=(9, 4.8))
ax.axvspan(-.5, 2.5, color="#F0F0F0", zorder=0)
ax.text(1, .03, "first 90 days", ha="center", color="#767676", fontsize=9)
retention_curves(curves, title="Choose who stays, and the curve goes flat", xlabel="thirty-day period since the first visit in the file",
                 ylabel="share active, 95 % band", ax=ax)
plt.show()
summary = pd.DataFrame({name: c.loc[[1, 3, 11], "rate"] for name, c in curves.items()}).T.add_prefix("period ")
summary.insert(0, "observed in period 0", [c["observed"].iloc[0] for c in curves.values()])
summary["observed in period 11"] = [c.loc[11, "observed"] for c in curves.values()]
cj_first, cj_count = cj_visits.groupby("who")["time"].min(), cj_visits.groupby("who").size()
whole_year = (CJ_END - cj_first).dt.days // 30 > 11                  # observed in period 11 too
print(f"Complete Journey: {len(cj_first):,} households, {(CJ_END - cj_first < pd.Timedelta(days=30)).sum()} first seen too late for a whole period 0\n"
      f"  observed in period 11: first seen by {cj_first[whole_year].max():%d %B}, {cj_count[whole_year].mean():.0f} visits a household; "
      f"the others: {cj_count[~whole_year].mean():.0f}")
summary.round(3)

# %% [markdown]
# Chosen by the past, the curve starts high and falls all the same: outside the shaded months the selection no longer forces visits. It
# stays above everyone's curve, for these were good customers; but they are free to leave, and many do. Chosen by the whole history, the
# same shop's curve is much flatter, because customers who left were removed. **Complete Journey's flat curve tells you how its
# households were picked. It does not tell you that the grocer keeps everyone.** Its day 0 is another trap: it is the first day *in the
# file*, and the file does not say who shopped there before. So is its rise at the end: the last column shows that about half of its
# households are no longer observed there. Those that are were first seen in the first days of January, and the line above the table shows
# that they shop more often than the others.
#
# So in this course Complete Journey answers "what will this household buy?", and never "do customers stay?". CDNOW, and from lesson 03
# on a simulated shop, answer that.
#
# ## More than yes or no: activity, loyalty, value
#
# Retention has three faces, and a team that reports one can hide the other two:
#
# * **presence**: is the customer there at all? (the curves above)
# * **activity** (活跃度): how often, given that they are there?
# * **loyalty** (忠诚度): how much of their life do they bring? One measure is the share of last quarter's categories bought again.

# %%
catalogue = complete_journey.products()
category = catalogue.set_index("product")["category"].astype("category").cat.codes
baskets = pd.DataFrame({"household": lines["household"], "quarter": lines["time"].dt.quarter, "day": lines["time"].dt.normalize(),
                        "category": lines["product"].map(category).fillna(-1).astype("int32")})
trips = baskets[["household", "quarter", "day"]].drop_duplicates().groupby(["quarter", "household"]).size()
bought = baskets.loc[baskets["category"] >= 0, ["household", "quarter", "category"]].drop_duplicates()
again = bought.merge(bought.assign(quarter=bought["quarter"] - 1), on=["household", "quarter", "category"])
again = again.groupby(["quarter", "household"]).size().rename("kept")
had = bought.groupby(["quarter", "household"]).size().rename("had")


def rebought(quarter):
    """Share of the categories of the quarter before that a household active in both bought again."""
    both = had[quarter - 1].index.intersection(had[quarter].index)
    return again[quarter - 1].reindex(both, fill_value=0) / had[quarter - 1][both]


def mean_interval(values):
    """Mean over households and its 95 % interval, as text."""
    half = 1.96 * values.std() / len(values) ** .5
    return f"{values.mean():.2f} [{values.mean() - half:.2f}, {values.mean() + half:.2f}]"


panel, rows = lines["household"].nunique(), {}
for quarter in (1, 2, 3, 4):
    present = len(trips[quarter])
    rows[f"Q{quarter}"] = {
        "presence": "{:.3f} [{:.3f}, {:.3f}]".format(present / panel, *wilson(present, panel)),
        "trips per active household": mean_interval(trips[quarter]),
        "categories per active household": mean_interval(had[quarter]),
        "share of last quarter's categories bought again": mean_interval(rebought(quarter)) if quarter > 1 else "",
    }
pd.DataFrame(rows)

# %% [markdown]
# Presence creeps up (some households are first seen later in the year: the panel again). Trips and categories end the year a little
# higher than they began it, with intervals that overlap. That is no proof of a standstill: these are mostly the same households, so to
# be sure you would compare each with itself. The last row is a different number, and for a coupon it is the one that matters: a
# household can come every week and still take its coffee elsewhere.
#
# ### What is a point of retention worth?
#
# Lifetime value (LTV, 用户生命周期价值) joins the faces in money. With $R_k$ the share active in period $k$, $m_k$ the spend of an active
# customer in it, and a discount $d < 1$ per period,
#
# $$\text{LTV} = \text{margin} \times \sum_k d^k \, R_k \, m_k .$$
#
# Two numbers are assumptions, not data, so they stand in capitals. We sum only over periods observed for everybody, and do not guess the
# tail.

# %%
MARGIN, YEARLY_DISCOUNT, PERIODS = .30, .10, 15              # assumptions: ask finance, and show the answer's sensitivity
discount = (1 + YEARLY_DISCOUNT) ** (-30 / 365 * np.arange(PERIODS))
period = (purchases["time"] - purchases["customer"].map(FIRST)).dt.days // 30
spend = purchases.assign(period=period)[period < PERIODS].pivot_table(
    index="customer", columns="period", values="amount", aggfunc="sum", fill_value=0.0)
per_customer = MARGIN * spend.to_numpy() @ discount                       # (customers,): each one's discounted margin

spend_if_active = spend.sum() / cd_curve["active"][:PERIODS]              # m_k
by_formula = MARGIN * (discount * cd_curve["rate"][:PERIODS] * spend_if_active).sum()
rng = np.random.default_rng(0)
resampled = [per_customer[rng.integers(0, len(per_customer), len(per_customer))].mean() for _ in range(400)]
point = MARGIN * .01 * (discount * spend_if_active)[1:].sum()             # +1 point in every period from 1 on
print(f"LTV over {PERIODS} periods, from customers   {per_customer.mean():7.2f} USD  "
      f"[{np.percentile(resampled, 2.5):.2f}, {np.percentile(resampled, 97.5):.2f}] (bootstrap)")
print(f"the same, margin × Σ retention         {by_formula:7.2f} USD")
print(f"  of it from the first thirty days     {MARGIN * spend_if_active[0]:7.2f} USD")
print(f"+1 point of retention in every later period: {point:.2f} USD a customer, {100_000 * point:,.0f} USD for 100,000 customers")
print(f"relative to what the later periods bring now: {point / (by_formula - MARGIN * spend_if_active[0]):+.1%}")

# %% [markdown]
# The last line but one is your budget: whatever raises retention by a point may cost at most that much. Mind the unit. "+1 point" takes
# a share of .10 to .11; "+1 %" takes it to .101. So the worth of a point has no retention in it: margin, one hundredth, and the
# discounted spend of an active customer. The last line says how much more than one per cent that is here. And mind the assumption
# behind the sum: a customer won back spends like those who came anyway. Marginal customers rarely do, which is why lesson 06 measures money directly.
#
# ## Cut-off and horizon: the clock of every model
#
# A model that is to raise retention must first predict: *standing at the **cut-off** (截止时间), what happens within the **horizon**
# (预测期)?*
#
# ```text
#          lookback window                     horizon
#    [cutoff − lookback ............ cutoff) [cutoff ......... cutoff + horizon)     observed_until
#     inputs come from here, and only here    the label comes from here              ≥ end of the horizon
# ```
#
# All ranges are **half-open**: the left end belongs, the right end does not. So an event exactly at the cut-off is future, each event
# falls in exactly one part, and nothing is counted twice. Evaluation follows the same clock: fit on early cut-offs, choose on later ones,
# report on the latest. A random split would let the model train on December and be tested on November.

# %% [markdown]
# ### exercise: temporal_split
#
# Split a table into train, validation and test by time.
#
# * `df`: any DataFrame; `ts`: the name of its column of times (no missing ones); `train_end`, `valid_end`: `pd.Timestamp`.
# * train: time < train_end. validation: train_end ≤ time < valid_end. test: time ≥ valid_end.
# * Return the three DataFrames in this order, as a tuple. Each keeps all columns, the rows' order in `df` (which need not be the order of
#   time) and their index labels. A part without rows is an empty DataFrame with the same columns.
# * `ValueError` if train_end is after valid_end; equal is fine, and leaves validation empty. Do not change `df`.

# %%
# exercise: temporal_split
def temporal_split(df, ts, train_end, valid_end):
    """(train, validation, test) of a table by the times in column ts: before train_end, before valid_end, the rest.

    Half-open: a row exactly at a boundary belongs to the later part.  Order and index labels are kept.
    ValueError if train_end > valid_end.

    >>> days = pd.DataFrame({"time": pd.to_datetime(["2017-01-01", "2017-01-02", "2017-01-03"])})
    >>> [len(part) for part in temporal_split(days, "time", pd.Timestamp("2017-01-02"), pd.Timestamp("2017-01-03"))]
    [1, 1, 1]
    """
    ### BEGIN SOLUTION: three conditions on df[ts], with < and >= only
    if train_end > valid_end:
        raise ValueError(f"train_end {train_end} is after valid_end {valid_end}")
    time = df[ts]
    return df[time < train_end], df[(time >= train_end) & (time < valid_end)], df[time >= valid_end]
    ### END SOLUTION

# %%
check(temporal_split)

# %% [markdown]
# ## What would fool you?
#
# The interviewer shows you the code below: *"It predicts who buys again within ninety days. Excellent offline. Disappointing in
# production. What is wrong?"* **Five things are wrong with the features, and two with the labels.** Read it before you run it, and write
# down what you find.

# %%
def interviewer_features(events, cutoff, lookback_days):
    start = cutoff - pd.Timedelta(days=lookback_days)
    events["day"] = events["time"].dt.normalize()
    past = events[(events["time"] >= start) & (events["time"] <= cutoff)]
    everything = events[events["customer"].isin(past["customer"])]
    last_week = past[past["time"] >= cutoff - pd.Timedelta(days=7)]
    return pd.DataFrame({
        "recency": (events["time"].max() - past.groupby("customer")["time"].max()).dt.days,
        "frequency": past.groupby("customer")["day"].nunique(),
        "amount": everything.groupby("customer")["amount"].sum(),
        "last_week": last_week.groupby("customer")["day"].nunique(),
    })


def interviewer_labels(events, cutoff, lookback_days, horizon_days, observed_until):
    end = cutoff + pd.Timedelta(days=horizon_days)
    after = events[(events["time"] >= cutoff) & (events["time"] < end)]
    return (after.groupby("customer").size() > 0).astype(int)

# %% [markdown]
# How good does it look? The model below fits a logistic regression on one cut-off and ranks customers at a later one. It is scored twice:
# **offline**, with the features computed on the whole file, as the interviewer did; and **live**, with the features computed on the
# day itself, when the future had not happened. The score is **lift** (提升度) at a tenth: among the tenth ranked highest, how many times more
# buyers are there than among all?

# %%
LOOKBACK, HORIZON = 180, 90
TRAIN_AT, TEST_AT = pd.Timestamp("1997-10-01"), pd.Timestamp("1998-01-01")     # the first horizon ends before the second cut-off


def model():
    return make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression())


def buyers(at):
    """Who bought in the window before `at`, and whether they bought in the horizon after it."""
    window = purchases["time"].between(at - pd.Timedelta(days=LOOKBACK), at, inclusive="left")
    horizon = purchases["time"].between(at, at + pd.Timedelta(days=HORIZON), inclusive="left")
    who = np.sort(purchases.loc[window, "customer"].unique())
    return who, np.isin(who, purchases.loc[horizon, "customer"]).astype(int)


def interviewers(events, at, who):
    return interviewer_features(events.copy(), at, LOOKBACK).reindex(who).fillna(0)


(train_who, train_y), (test_who, test_y) = buyers(TRAIN_AT), buyers(TEST_AT)
leaky = model().fit(interviewers(purchases, TRAIN_AT, train_who), train_y)
leaky_offline = leaky.predict_proba(interviewers(purchases, TEST_AT, test_who))[:, 1]
leaky_live = leaky.predict_proba(interviewers(purchases[purchases["time"] < TEST_AT], TEST_AT, test_who))[:, 1]
print(f"test customers {len(test_y):,}, of whom {test_y.mean():.3f} bought within {HORIZON} days")
for name, score in (("offline", leaky_offline), ("live", leaky_live)):
    print(f"{name:8} lift at a tenth {lift_at_share(test_y, score, .1):.2f}, PR-AUC {pr_auc(test_y, score):.3f}, "
          f"mean probability {score.mean():.3f}")

# %% [markdown]
# Offline it looks better than it is in life; and live it believes nearly everyone will come, because one input means something else on
# the day (which?). That is **train/serve skew** (训练与线上不一致), and it has one cause here: features that know the future.

# %% [markdown]
# ### exercise: build_features
#
# Write both functions without the seven faults.
#
# `events` has the columns `customer` (whole numbers), `time` (datetime64, rows in **any** order) and `amount`, one row a receipt. `cutoff` is a
# `pd.Timestamp` at midnight. All windows are half-open. The **population** of both functions is the same: every customer with at
# least one event in [cutoff − lookback_days, cutoff), and nobody else.
#
# `build_features(events, cutoff, lookback_days)` returns a DataFrame whose index is the customer (in any order) and whose columns are, all from
# events in [cutoff − lookback_days, cutoff):
#
# | column | meaning |
# |---|---|
# | `recency` | whole days from the customer's last event in the window to the cut-off, rounded down (nine hours before it: 0) |
# | `frequency` | number of different calendar days with an event |
# | `amount` | sum of `amount` |
# | `last_week` | number of different calendar days with an event in [cutoff − 7 days, cutoff); 0 if there is none. `lookback_days` is at least 7 |
#
# `build_labels(events, cutoff, lookback_days, horizon_days, observed_until)` returns a Series over the same population (index: customer, in any
# order): 1 if the customer has an event in [cutoff, cutoff + horizon_days), else 0. The file is complete before `observed_until` (a
# Timestamp); the last event of the file says nothing about that. `ValueError` if cutoff + horizon_days is after `observed_until`: a 0 would
# only mean "not yet seen". Equal is fine.
#
# An empty population gives a DataFrame with these columns and no rows, and a Series without entries. Numbers may be of any numeric dtype. The
# arguments stay as they are. **Every event at or after the cut-off may be scrambled without any effect on the features.**

# %%
# exercise: build_features
def build_features(events, cutoff, lookback_days):
    """What was known of each customer at the cut-off: recency, frequency, amount, last_week; indexed by customer.

    events: columns customer, time, amount, rows in any order.  Only events in [cutoff - lookback_days, cutoff) are used.

    >>> past = pd.DataFrame({"customer": [7, 7], "time": pd.to_datetime(["1997-09-20 10:00", "1997-10-01 00:00"]), "amount": [5., 9.]})
    >>> build_features(past, pd.Timestamp("1997-10-01"), lookback_days=30).loc[7].tolist()
    [10.0, 1.0, 5.0, 0.0]
    """
    ### BEGIN SOLUTION: cut the window out first; every column comes from it alone, and a quiet last week is 0
    one_day = pd.Timedelta(days=1)
    past = events[(events["time"] >= cutoff - lookback_days * one_day) & (events["time"] < cutoff)]
    past = past.assign(day=past["time"].dt.normalize())
    last_week = past[past["time"] >= cutoff - 7 * one_day]
    who = past.groupby("customer")
    table = pd.DataFrame({
        "recency": (cutoff - who["time"].max()).dt.days,
        "frequency": who["day"].nunique(),
        "amount": who["amount"].sum(),
    })
    table["last_week"] = last_week.groupby("customer")["day"].nunique().reindex(table.index, fill_value=0)
    return table
    ### END SOLUTION


def build_labels(events, cutoff, lookback_days, horizon_days, observed_until):
    """1 for each customer of the population with an event in [cutoff, cutoff + horizon_days), else 0; indexed by customer.

    The population is that of build_features.  ValueError if cutoff + horizon_days is after observed_until.
    """
    ### BEGIN SOLUTION: refuse an unobserved horizon; then ask for each customer of the population, not for each event
    one_day, time = pd.Timedelta(days=1), events["time"]
    end = cutoff + horizon_days * one_day
    if end > observed_until:
        raise ValueError(f"the horizon ends on {end}, but events are complete only before {observed_until}")
    in_lookback = (time >= cutoff - lookback_days * one_day) & (time < cutoff)
    population = np.unique(events.loc[in_lookback, "customer"])
    came = events.loc[(time >= cutoff) & (time < end), "customer"]
    return pd.Series(np.isin(population, came).astype(int), index=pd.Index(population, name="customer"))
    ### END SOLUTION


# %%
check(build_features, build_labels)

# %% [markdown]
# <details><summary><b>Stuck on the interviewer's code?</b> Seven symptoms, and where to look. No solutions, so you may open it before you solve.</summary>
#
# | you would notice | look at |
# |---|---|
# | Features, 1: scramble a purchase exactly at the cut-off, and a feature moves. | the two comparisons that make `past` |
# | Features, 2: add one late event of a single customer, and a feature moves for *everyone*. | from which moment `recency` is counted |
# | Features, 3: the same customer and cut-off, a longer file: a feature has grown. | which rows `amount` sums |
# | Features, 4: some entries are missing, and somebody must invent a value for them. | customers without an event in the last week |
# | Features, 5: after the call, your own table has one column more. | the line that begins with `events[...] =` |
# | Labels, 1: no label is 0. | whom `after` contains, and whom it does not |
# | Labels, 2: ask with a cut-off on the last day of the file: it answers as if nothing were missing. | the argument that is never used |
#
# And the input that "means something else on the day": print each column's mean offline and live, and see which one cannot reach its
# offline values when the file ends at the cut-off. The faults themselves are listed among the follow-ups that `reveal("00")` shows.
#
# </details>

# %% [markdown] tags=["answer"]
# **Predict before you run: which rung wins?** Five ways to rank CDNOW's customers by who will buy within ninety days: at random, by the
# amount spent, by recency, by frequency, or by a logistic regression on all of them. Write your order, and how far apart you expect
# first and second to be.
#
# …

# %% [markdown]
# ## The rungs, side by side
#
# Same customers, same cut-offs, honest features. Intervals come from a **bootstrap** (自助法): customers are drawn again with replacement, and
# the lift is computed each time. Customers who tie at the edge of the tenth count in part, as if drawn at random (`lift_at_share`). "At
# random" is one big tie, so its lift is exactly 1 in every draw, and it needs no interval. The interviewer's model stands beside them,
# as it looks offline and as it does live.

# %%
ORIGIN = pd.Timestamp("1997-01-01")
ids = np.sort(purchases["customer"].unique())
place, day = np.searchsorted(ids, purchases["customer"]), (purchases["time"] - ORIGIN).dt.days.to_numpy()
money = np.zeros((len(ids), (CD_END - ORIGIN).days), np.float32)
visited = np.zeros(money.shape, bool)
np.add.at(money, (place, day), purchases["amount"])
visited[place, day] = True


def grid_features(at, who):
    """The same facts, read off a grid of customers and days."""
    d, rows = (at - ORIGIN).days, np.searchsorted(ids, who)
    window = visited[rows, d - LOOKBACK:d]
    return pd.DataFrame({"recency": window[:, ::-1].argmax(axis=1) + 1, "frequency": window.sum(axis=1),
                         "amount": money[rows, d - LOOKBACK:d].sum(axis=1), "last_week": window[:, -7:].sum(axis=1)}, index=who)


X_train, X_test = grid_features(TRAIN_AT, train_who), grid_features(TEST_AT, test_who)
scores = {
    "at random": np.zeros(len(test_y)),
    "recency": -X_test["recency"],
    "amount": X_test["amount"],
    "frequency": X_test["frequency"],
    "logistic regression": model().fit(X_train, train_y).predict_proba(X_test)[:, 1],
    "interviewer's model, live": leaky_live,
    "interviewer's model, offline": leaky_offline,
}
features, labels = yours("build_features"), yours("build_labels")
if features and labels:
    y = labels(purchases, TRAIN_AT, LOOKBACK, HORIZON, CD_END)
    X, X_new = features(purchases, TRAIN_AT, LOOKBACK), features(purchases, TEST_AT, LOOKBACK).reindex(test_who)
    scores["yours"] = model().fit(X, y.reindex(X.index)).predict_proba(X_new[X.columns])[:, 1]

lift = {name: weighted(lift_at_share, test_y, score, .1) for name, score in scores.items()}
drawn = household_draws(test_who, lift)                                   # one row a draw, one column a rung
forest(list(scores), [lift_at_share(test_y, score, .1) for score in scores.values()], drawn.quantile(.025), drawn.quantile(.975),
       title="Who buys again? Ranking CDNOW's customers", xlabel="lift among the best tenth, 95 % bootstrap interval", reference=1,
       reference_label="no skill", highlight=["logistic regression", "yours"], fmt="{:.2f}")
plt.show()
print("PR-AUC: " + ", ".join(f"{name} {pr_auc(test_y, score):.3f}" for name, score in scores.items()))

best, count = "logistic regression", "frequency"
drawn_area = household_draws(test_who, {name: weighted(pr_auc, test_y, scores[name]) for name in (best, count)})     # the same draws
print(f"\n{best} minus {count}, 95 % bootstrap interval of the gap:")
for metric, gap, draws, digits in (
        ("lift at a tenth", lift_at_share(test_y, scores[best], .1) - lift_at_share(test_y, scores[count], .1), drawn, 2),
        ("PR-AUC", pr_auc(test_y, scores[best]) - pr_auc(test_y, scores[count]), drawn_area, 3)):
    low, high = (draws[best] - draws[count]).quantile([.025, .975])
    print(f"  {metric:16} {gap:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]{'' if low <= 0 <= high else '   <- excludes 0'}")

# %% [markdown]
# Read the *gap*, not the two intervals: both scores were computed on the same drawn customers, so what they share cancels. If its
# interval contains 0, this data does not tell the two apart, however different the dots look.
#
# Here the two metrics disagree, and both are right. With a budget for a tenth, the data does not tell the model from the count. Over the
# whole ranking the model is better: its gap in PR-AUC excludes 0. **The budget decides which of the two matters.** Coupons for the best
# tenth: keep the count, which an intern can explain. A list that will be worked through to the middle: take the model. Fix the budget
# before you look.
#
# **Ranking metrics in one breath.** A decision with a budget (a hundred coupons) is a ranking: only the top matters. *Lift* and
# *precision at k* ask how good the top is. *PR-AUC* (PR 曲线下面积) averages precision over all budgets; a random order scores the base
# rate. And when scores tie, the order inside the tie is arbitrary: say what you do about it. The exercise in `start_more.ipynb` shows how
# ties alone can fake a result.
#
# ## How would you prove it rose?
#
# Compare cohorts: those who began before a launch, and those who began after it. Here are CDNOW's, by half months. As far as anyone knows
# nothing was launched, so look for a date at which a launch would have seemed to work, or to do harm.

# %%
start_half = FIRST.dt.day.le(15).map({True: "1–15", False: "16–end"})
cohort = FIRST.dt.strftime("%B ") + start_half
back = pd.Series(FIRST.index.isin(cd_visits.loc[day_of_life.between(30, 59), "who"]), index=FIRST.index)
order = cohort.loc[FIRST.sort_values(kind="stable").index].unique()
kept, size = back.groupby(cohort).sum().loc[order], back.groupby(cohort).size().loc[order]
low, high = wilson(kept, size)
forest([f"{name} ({n:,})" for name, n in size.items()], kept / size, low, high, title="No launch, and yet it moves: window retention by cohort",
       xlabel="active in days 30 to 59, 95 % interval", reference=back.mean(), reference_label="all customers")
plt.show()
share, error = kept / size, np.sqrt(kept / size * (1 - kept / size) / size)
for before, after in pairwise(order):
    change, half = 100 * (share[after] - share[before]), 196 * np.hypot(error[before], error[after])
    print(f"{after:15} minus the one before: {change:+.2f} points [{change - half:+.2f}, {change + half:+.2f}]"
          f"{'   <- excludes 0' if abs(change) > half else ''}")

# %% [markdown]
# Who signs up in which week differs, and so do season, prices and advertising. A before/after comparison measures all of them
# together, and whoever tries many dates also finds luck. An interval that excludes 0 says "these cohorts differ", not "the launch did it".
# The proof is a **randomised experiment** (随机实验, A/B test): a coin decides who gets the change, so the two arms differ in nothing
# else but luck. And luck can be computed. Run the experiment **without** any change, an A/A test, a few thousand times:

# %%
rng = np.random.default_rng(1)
hits, misses = int(back.sum()), int((~back).sum())
p = hits / (hits + misses)
print(f"retention in days 30 to 59: {p:.3f}. Difference of two arms when NOTHING differs, in points:")
for n in (500, 2_000, 10_000):
    first_arm = rng.hypergeometric(hits, misses, n, size=5_000)
    second_arm = rng.hypergeometric(hits - first_arm, misses - (n - first_arm), n)
    low, high = np.percentile(100 * (second_arm - first_arm) / n, [2.5, 97.5])
    print(f"  {n:6,} customers an arm: 95 % of A/A tests fall in [{low:+.2f}, {high:+.2f}]")

needed = int(np.ceil(16 * p * (1 - p) / .01**2))                # 16 ≈ 2·(1.96 + .84)²: 5 % level (1.96), 80 % power (.84), two arms (2)
a, b = rng.binomial(needed, p, 5_000) / needed, rng.binomial(needed, p + .01, 5_000) / needed
z = (b - a) / np.sqrt((a * (1 - a) + b * (1 - b)) / needed)
print(f"rule of thumb for +1 point, 16·p(1−p)/δ²: {needed:,} customers an arm; found in {(np.abs(z) > 1.96).mean():.0%} of 5,000 simulated tests\n"
      f"where 16 comes from: 2·(1.96 + .84)² = {2 * (1.96 + .84)**2:.2f}, for a 5 % level and 80 % power")

# %% [markdown]
# **Power** (统计功效) in words: the noise shrinks with the square root of the number of customers, so *half* the effect needs *four times* the
# customers. An experiment that cannot find the effect you hope for is not a cautious one, it is a wasted one. Decide before it starts: the
# metric and its window, the size, the day you will look. The window also sets the calendar: nobody's days 30 to 59 are observed before
# day 60. In lesson 06 you will compute sizes exactly, shrink the noise with what customers did before (CUPED), and see what a model
# can do when no experiment is possible.
#
# ## The large model: does it earn its keep?
#
# Not here: nothing in this lesson needs one, and for a budget of a tenth the data did not tell a count from the best model. The course
# will ask the same question in every lesson, of one pre-trained event model and of language models: against the dumbest baseline and
# the best classical rung, on the same customers and cut-off, with an interval and a price. A large model raises
# retention only through a decision it improves. Each lesson therefore names the decision first. You have just seen the habit that keeps the
# comparison honest: *the gap's interval, or no claim*.
#
# ## The production card

# %%
production_card("00")

# %% [markdown]
# ## May we?
#
# Counting returns in aggregate harms nobody much. Following each customer to act on them is profiling, and needs a reason and a way out.
#
# * **Lawful basis.** In the EU, GDPR (Regulation (EU) 2016/679) Art. 6(1)(f) allows processing for legitimate interests unless the person's
#   own interests weigh more; write that balance down. Direct marketing can rest on it (recital 47).
# * **Opt-out.** Art. 21(2)–(3): whoever objects to direct marketing, profiling for it included, is out, without giving a reason.
#   China's PIPL (个人信息保护法, 2021) Art. 24 asks for transparent and fair automated decisions, no unreasonable differences in price, and for
#   marketing by automated decision an option not based on personal traits, or an easy way to refuse.
# * **Experiments** are processing too: the control arm must not be worse off than promised, and no arm pays a different price for the same
#   thing without a reason you could print.
# * **Who is harmed?** The customer you keep by making it hard to leave. The household that the model writes off, and that never sees an
#   offer again. Whoever stands alone in a small group: publish no number about a handful of people.
#
# This is orientation for an interview, not legal advice.
#
# ## Answer again, with your numbers

# %% [markdown] tags=["answer"]
# **Your answer, now with numbers from this notebook.** Definition, curve, trap, value of a point, proof. Sixty seconds, aloud, then here.
#
# …

# %%
reveal("00")

# %% [markdown]
# One more question, with a clock. `interview` draws at random from the follow-ups of **all** lessons, so it may ask about one that is
# still ahead of you. Drop `seed=0` for another question each time; `interview(3)` asks three.

# %%
interview(1, seed=0)

# %%
progress("00")

# %% [markdown]
# **Hand in:** save this notebook, and hand in `start.ipynb` (and `start_more.ipynb`, if you did it). `make check LESSON=00_start` shows what the
# grader will read in the saved file. Next: `01_behaviour`.
