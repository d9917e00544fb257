# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Churn: more
#
# Who has left, where nobody says goodbye? Level *more*: the likelihood of a customer's whole history under the BG/NBD model, and the probability that this is
# still a customer; a tree read as rules that a call centre can follow; the alarm that rings when the customers change. Level *stretch*: how many purchases are
# still to come; and time until something happens, when for many it has not happened yet. No points; nothing later depends on them.

# %% tags=["setup"]
import time
import warnings

import numpy as np
import pandas as pd
from scipy.special import betaln, expit, gammaln, hyp2f1

from helpers import btyd, check, hint, plots, progress, yours  # noqa: F401
from helpers.data import cdnow

plots.style()
WEEKS = 39                                                           # of the calibration, and of the holdout that follows

# %% [markdown]
# ## A label that does not exist
#
# A telephone contract ends on a date: churn is a column. In a shop nobody resigns. The customer who was last seen in May may be gone, or may
# come tomorrow; no later date settles it, and so there is nothing to train a classifier on. (*No order for sixty days* is a label you made
# up. It is useful, it can be predicted, and a customer who buys twice a year fails it every spring.)
#
# This is the **non-contractual** (非契约型) setting. The way out is to put leaving into the model as something **latent** (潜变量): tell a story in which
# customers buy and leave, and ask which story made the log you see. These models are called **buy till you die**. They need
# three numbers a customer:
#
# * **x**, *frequency*: the repeat purchases so far. The first purchase made them a customer and is not counted; orders of one day are one.
# * **tx**, *recency*: their **age** at the last purchase, in weeks since the first; 0 where x is 0. Not the time since then!
# * **T**, their age at the end of the calibration.
#
# Here they are for the 2,357 customers on whom the model was first published, with a calibration to 30 September 1997:

# %%
log = cdnow.purchases(sample=True)
people = btyd.summary(log, "1997-09-30")
later = btyd.future(log, "1997-10-01", "1998-06-30").loc[people.index]      # purchase days in the next 39 weeks
x, tx, T = (people[name].to_numpy() for name in ("x", "tx", "T"))
print(f"{len(people):,} customers; {(x == 0).sum():,} of them ({np.mean(x == 0):.1%}) had bought once by the end of the calibration")
people.head(4).round(2)

# %% [markdown]
# Remember that share, before anybody proposes a Transformer: most of these customers are a sequence of length one.
#
# ## The story
#
# **BG/NBD** (Fader, Hardie and Lee 2005):
#
# 1. While they are a customer, they buy at random times at a rate λ of their own (a Poisson process, 泊松过程).
# 2. Rates differ: λ ~ gamma(r, α), with mean r/α purchases a week.
# 3. After **each repeat purchase** they leave for good with a probability p of their own.
# 4. These differ, too: p ~ beta(a, b). λ and p are independent.
#
# Take one customer whose λ and p are known, and their dates. The density of a purchase after a wait w is λe^(−λw); the waits add up. Two stories end in
# what you saw:
#
# * they are **alive** at T: x waits and the silence after them, and x times they did not leave: (1 − p)ˣ · λˣ · e^(−λT);
# * they **left** right after the last purchase: p · (1 − p)ˣ⁻¹ · λˣ · e^(−λ·tx). This needs a repeat purchase: at x = 0 there is no such story.
#
# Look for the dates in it: apart from tx, they are gone. The likelihood knows a customer by (x, tx, T) and by nothing else:
# they are **sufficient statistics** (充分统计量). Under this story no model of the order or the rhythm of purchases, however large, can
# add anything.
#
# Nobody knows λ and p. Average over the gamma and the beta, and both integrals come out in closed form:
#
# $$ L = \underbrace{\frac{\Gamma(r+x)\,\alpha^r}{\Gamma(r)}\cdot\frac{B(a,\,b+x)}{B(a,\,b)}}_{\text{common}}
# \left\{ \underbrace{(\alpha+T)^{-(r+x)}}_{\text{alive}} \;+\; \underbrace{\delta_{x>0}\,\frac{a}{b+x-1}\,(\alpha+t_x)^{-(r+x)}}_{\text{left}} \right\} $$
#
# $$ P(\text{alive}) = \frac{\text{alive}}{\text{alive}+\text{left}}
# = \frac{1}{1+\delta_{x>0}\,\dfrac{a}{b+x-1}\left(\dfrac{\alpha+T}{\alpha+t_x}\right)^{r+x}} $$
#
# Γ is the gamma function, B the beta function, δ is 1 where x > 0 and else 0.
#
# **Worked example.** r = α = a = b = 1; one repeat purchase at week 1, seen to week 3. Common: Γ(2)/Γ(1) · B(1, 2)/B(1, 1) = ½. Alive:
# (1 + 3)⁻² = 1/16. Left: 1/(1 + 1 − 1) · (1 + 1)⁻² = 1/4. L = ½ · 5/16 = **5/32**, and P(alive) = (1/16) / (5/16) = **1/5**.
#
# **In numbers.** At x = 1000, Γ overflows and (α + T)^−1000 underflows. So take logarithms from the start: `gammaln` and `betaln` for the common
# part, and for the braces the log of a sum of exponentials, log(eᵘ + eᵛ) = max + log(1 + e^(−|u − v|)), which `np.logaddexp` does for you.

# %% [markdown]
# ### exercise: bgnbd_loglik
#
# Two functions.
#
# `bgnbd_loglik(params, x, tx, T)` → float: the log likelihood, natural logarithm, **summed** over the customers.
#
# `p_alive(params, x, tx, T)` → array (n,): the probability that each is still a customer at T.
#
# * `params`: (r, alpha, a, b) **in this order**, all positive.
# * `x`, `tx`, `T`: n ≥ 1 numbers each, lists or arrays. x: whole repeat purchases, the first purchase not among them. tx and T: ages in weeks.
#   0 < tx ≤ T where x > 0; tx = 0 where x = 0. Nothing has to be checked.
# * Where x is 0 there is no second story, whatever b is (b may be below 1): P(alive) is **exactly 1**.
# * x may be 1000, and both results stay finite.
#
# By hand: the example above: log(5/32) = −1.8563, and 0.2.

# %%
# exercise: bgnbd_loglik
def bgnbd_loglik(params, x, tx, T):
    """Log likelihood of all customers together under BG/NBD (Fader, Hardie and Lee 2005, equation 6).

    params: (r, alpha, a, b).  x: (n,) repeat purchases.  tx, T: (n,) ages in weeks at the last purchase, and at the end.

    >>> round(bgnbd_loglik((1, 1, 1, 1), [1], [1.0], [3.0]), 4)
    -1.8563
    """
    ### BEGIN SOLUTION: logarithms of the common part, of alive and of left (-inf where x is 0); logaddexp; the sum
    r, alpha, a, b = params
    x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    alive = -(r + x) * np.log(alpha + T)
    left = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + tx)
    return float(np.sum(common + np.logaddexp(alive, np.where(x > 0, left, -np.inf))))
    ### END SOLUTION


def p_alive(params, x, tx, T):
    """Probability that each customer has not left by T: (n,), 1 where x is 0.  Arguments as in `bgnbd_loglik`.

    >>> p_alive((1, 1, 1, 1), [1, 0], [1.0, 0.0], [3.0, 3.0]).round(4).tolist()
    [0.2, 1.0]
    """
    ### BEGIN SOLUTION: the log odds of having left, -inf where x is 0; from odds to a probability without overflow
    r, alpha, a, b = params
    x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + T) - np.log(alpha + tx))
    return np.where(x > 0, expit(-odds), 1.0)
    ### END SOLUTION

# %%
check(bgnbd_loglik, p_alive)

# %% [markdown]
# ## The published table
#
# Maximise that sum over the four parameters, and you have fitted the model. (All four are positive: search over their *logarithms*,
# and no optimiser can step below 0.) `helpers.btyd` does, and it also has the older model, **Pareto/NBD** (Schmittlein, Morrison and Colombo
# 1987), in which a customer may leave at any moment, also before they ever came back. Beside ours stand the figures of the 2005 paper:

# %%
PUBLISHED = {"BG/NBD": (.243, 4.414, .793, 2.426, -9582.4), "Pareto/NBD": (.553, 10.578, .606, 11.669, -9595.0)}
rows, fitted = {}, {}
for name, model in (("BG/NBD", btyd.BGNBD), ("Pareto/NBD", btyd.ParetoNBD)):
    started = time.perf_counter()
    fitted[name] = model.fit(x, tx, T)
    seconds = time.perf_counter() - started
    found = list(btyd.parameters(fitted[name]).values())
    rows[f"{name}, here"] = [*np.round(found, 3), round(fitted[name].loglik(x, tx, T), 1), f"{seconds:.2f}"]
    rows[f"{name}, paper"] = [*PUBLISHED[name], ""]
bg = fitted["BG/NBD"]
theta = tuple(btyd.parameters(bg).values())
if own := yours("bgnbd_loglik"):
    rows["BG/NBD here, by yours"] = [*np.round(theta, 3), round(own(theta, x, tx, T), 1), ""]
pd.DataFrame.from_dict(rows, orient="index", columns=["r", "alpha", "a | s", "b | beta", "log likelihood", "seconds"])

# %% [markdown]
# To the last published digit. That is what a reproduction is for: not that the model is good, but that **your data preparation** is what
# the authors had. Any of the following would have run without an error, too:

# %%
def told(x, tx, T):
    """What a fit says of these data: the checked one, or if that refuses them, the unchecked one and the reason."""
    remark = "nothing"
    try:
        model = btyd.BGNBD.fit(x, tx, T)
    except ValueError as error:
        remark = f"refused: {str(error).partition(':')[0]}"
        with warnings.catch_warnings(action="ignore"):
            model = btyd.BGNBD.fit(x, tx, T, check=False)
    return [*np.round(list(btyd.parameters(model).values()), 3), round(model.loglik(x, tx, T), 1), remark]


def rows_counted():
    seen = log[log["time"] <= "1997-09-30"]
    return seen.groupby("customer").size().loc[people.index].to_numpy() - 1


again = x > 0
traps = {
    "as published": (x, tx, T),
    "one T for all: the oldest customer's": (x, tx, np.full(len(T), T.max())),
    "tx counted from the end": (x, np.where(again, T - tx, 0), T),
    "the first purchase counted in x": (x + 1, tx, T),
    "orders of one day counted apart": (rows_counted(), tx, T),
}
pd.DataFrame.from_dict({name: told(*data) for name, data in traps.items()}, orient="index",
                       columns=["r", "alpha", "a", "b", "log likelihood", "what the check says"])

# %% [markdown]
# Read the column of likelihoods against the names. Two of the wrong ones have a **better** likelihood than the published fit. A likelihood compares models
# of the same data; these are other data. The check refuses what cannot be: here single customers who "came back" at age 0. Take those few rows out, and
# it has nothing to say. One wrong table it passes as it is: only a known figure catches that.
#
# ## Frequent and silent, rare and silent
#
# P(alive) for every possible customer of the oldest week, by the fitted model. Two customers are marked: both were last seen at the same age.

# %%
age = float(T.max())
counts, ages = np.arange(1, 21), np.linspace(.5, age, 120)
grid = bg.p_alive(counts[:, None], ages[None, :], age)
ax = plots.plt.subplots(figsize=(8, 4.6))[1]
picture = ax.imshow(grid, origin="lower", aspect="auto", extent=(ages[0], ages[-1], .5, 20.5), cmap="cividis", vmin=0, vmax=1)
lines = ax.contour(ages, counts, grid, levels=[.1, .5, .9], colors="white", linewidths=1.2)
ax.clabel(lines, fmt=lambda p: f"{p:.0%}", fontsize=9.5)
for count, word, colour, side in ((2, "twice", "black", "left"), (14, "fourteen times", "white", "right")):
    p = float(bg.p_alive(count, 24., age))
    ax.plot(24, count, "o", color=colour, markersize=6)
    ax.annotate(f"came back {word}: {p:.0%}", (24, count), xytext=(9 if side == "left" else -9, 0), textcoords="offset points", ha=side, va="center",
                color=colour, fontsize=10)
ax.set_yticks([1, 5, 10, 15, 20])
ax.set(title="The same silence: a pause for one, the end for the other",
       xlabel=f"age at the last purchase, weeks (the customer is now {age:.1f} weeks old)", ylabel="repeat purchases")
ax.figure.colorbar(picture, ax=ax, label="P(alive)")
plots.plt.show()

# %% [markdown]
# After so long a silence, *more* purchases mean a *smaller* chance of being alive: the frequent customer has broken a habit, the rare one had none. (At the
# right edge, where nobody is silent yet, it is the other way round.) RFM's scores, which add recency and frequency, rank these two the wrong way.
#
# And the customers below the picture? With x = 0 the model says P(alive) = 1 of every one of them: nobody leaves before the first repeat purchase.
# Pareto/NBD has no such assumption. Beware of "active customers = sum of P(alive)": here it is the assumption that speaks.

# %%
pd.DataFrame({name: {"mean P(alive)": model.p_alive(x, tx, T).mean(), "of who bought once": model.p_alive(x, tx, T)[~again].mean(),
                     "of who came back": model.p_alive(x, tx, T)[again].mean()} for name, model in fitted.items()}).T.round(3)

# %% [markdown]
# The two models have nearly the same likelihood and disagree about who is alive. P(alive) cannot be checked against anything: nobody ever sees it. So do
# not be paid by it. What can be checked is the number of purchases to come.
#
# ## How many more?
#
# Of a customer who is alive at T, with λ and p known, the purchases in the next t weeks are (1 − e^(−λpt)) / p on average. Average over what their history
# says of λ and p, multiply by P(alive) (equation 10 of the paper):
#
# $$ E = \frac{a+b+x-1}{a-1}\left[1-\left(\frac{\alpha+T}{\alpha+T+t}\right)^{r+x}
# {}_2F_1\!\left(r+x,\;b+x;\;a+b+x-1;\;\frac{t}{\alpha+T+t}\right)\right] P(\text{alive}) $$
#
# ₂F₁ is Gauss's hypergeometric function (超几何函数), `scipy.special.hyp2f1(A, B, C, z)`: the power series 1 + AB/C · z + A(A+1)B(B+1)/(C(C+1)) · z²/2! + …
#
# **Worked example.** r = α = 1, a = 2, b = 1; never came back, one week old, t = 2. In front: 2/1. In the bracket: 1 − (2/4) · ₂F₁(1, 1; 2; ½), and
# ₂F₁(1, 1; 2; z) = −ln(1 − z)/z = 2 ln 2. So 1 − ln 2, and with P(alive) = 1: E = 2(1 − ln 2) = **0.6137**.

# %% [markdown]
# ### exercise: expected_purchases
#
# `expected_purchases(params, t, x, tx, T)` → array (n,): the expected number of purchases in (T, T + t], given each customer's history.
#
# * `params`, `x`, `tx`, `T` as in `bgnbd_loglik`; x is at most 30 here, and a + b > 1. `t`: one number of weeks, 0 ≤ t ≤ 60. t = 0 gives 0.
# * The formula has a hole at a = 1: 0/0. Nothing happens there to the customers, and from both sides the values run to the same number. Where
#   **|a − 1| < 1e-6**, return that limit. The mean of the values at a − 1e-4 and a + 1e-4 is close enough. One of the two alone is not: its
#   error is of the order of 1e-4, that of the mean of its square.
# * Judged to a relative 1e-6. P(alive) is part of this answer: write it inside.
#
# By hand: the example above. With a = 1 instead of 2, the limit is ln 2 = 0.6931.

# %%
# exercise: expected_purchases
def expected_purchases(params, t, x, tx, T):
    """Expected purchases of each customer in the t weeks after T: (n,) (Fader, Hardie and Lee 2005, equation 10).

    params: (r, alpha, a, b); the limit if |a - 1| < 1e-6.  t: weeks.  x: (n,) repeat purchases.  tx, T: (n,) ages in weeks.

    >>> expected_purchases((1, 1, 2, 1), 2, [0], [0.0], [1.0]).round(4).tolist()
    [0.6137]
    """
    ### BEGIN SOLUTION: at a = 1 the mean of two neighbours; else the factor in front, the bracket with hyp2f1, P(alive)
    r, alpha, a, b = params
    x, tx, T = (np.asarray(each, float) for each in (x, tx, T))
    if abs(a - 1) < 1e-6:
        return (expected_purchases((r, alpha, a - 1e-4, b), t, x, tx, T) + expected_purchases((r, alpha, a + 1e-4, b), t, x, tx, T)) / 2
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * (np.log(alpha + T) - np.log(alpha + tx))
    alive = np.where(x > 0, expit(-odds), 1.0)
    still = ((alpha + T) / (alpha + T + t)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + T + t))
    return (a + b + x - 1) / (a - 1) * (1 - still) * alive
    ### END SOLUTION

# %%
check(expected_purchases)

# %% [markdown]
# ## Thirty-nine weeks later
#
# The holdout: what each customer did from October 1997 to June 1998, none of which the fit has seen. The baseline is what every dashboard does: go on at
# the rate so far.

# %%
forecasts = {"BG/NBD": bg.expected(WEEKS, x, tx, T), "Pareto/NBD": fitted["Pareto/NBD"].expected(WEEKS, x, tx, T), "rate so far, x / T": WEEKS * x / T}
if own := yours("expected_purchases"):
    forecasts["BG/NBD, by yours"] = own(theta, WEEKS, x, tx, T)
actual = later.to_numpy()
print(f"actual: {actual.sum():,} purchases; who had bought once: {actual[~again].mean():.3f} each ({actual[~again].sum()} of {(~again).sum():,} customers)")
pd.DataFrame({name: {"correlation": np.corrcoef(e, actual)[0, 1], "RMSE": np.sqrt(np.mean((e - actual) ** 2)), "total": e.sum(),
                     "of who had bought once": e[~again].mean()} for name, e in forecasts.items()}).T.round(3)

# %%
groups = np.minimum(x, 7)
seen = pd.DataFrame({"group": groups, "actual": actual, **forecasts}).groupby("group")
mean, half = seen["actual"].mean(), 1.96 * seen["actual"].std() / np.sqrt(seen.size())
ax = plots.plt.subplots(figsize=(8, 4.6))[1]
ax.errorbar(mean.index, mean, half, fmt="o", color=plots.INK, capsize=3, lw=1.4, zorder=3)
ax.annotate("actual (95 % interval)", (4, mean[4] - half[4]), xytext=(0, -14), textcoords="offset points", color=plots.INK, fontsize=9.5)
for (name, colour), lift in zip({"BG/NBD": plots.BLUE, "Pareto/NBD": plots.GREEN, "rate so far, x / T": plots.VERMILION}.items(), (-7, 7, 0), strict=True):
    line = seen[name].mean()
    ax.plot(line.index, line, color=colour, marker="o", markersize=3.5)
    ax.annotate(name, (7, line[7]), xytext=(8, lift), textcoords="offset points", color=colour, va="center", fontsize=9.5, annotation_clip=False)
ax.set_xticks(range(8), [f"{k}\n({n:,})" for k, n in zip([*map(str, range(7)), "7+"], seen.size(), strict=True)])
ax.set(title="The rate so far promises too much to who came back, nothing to the rest",
       xlabel="repeat purchases in 39 weeks (customers)", ylabel="purchases in the next 39 weeks")
plots.plt.show()

# %% [markdown]
# The rate so far says 0 for every customer who bought once, and they are most of the shop; of the frequent it expects too much, since some of them
# have left. Both models shrink towards the mean of all. Both totals are too low. Neither model is told that Christmas falls into the holdout; whether
# that is the reason, these data cannot say.
#
# ## Would a sequence model see more?
#
# *Under this story* it cannot: the dates beyond tx are not in the likelihood. See it twice. First, two histories with equal (x, tx, T), one slowing down and
# one speeding up:

# %%
histories = pd.DataFrame([(who, pd.Timestamp("1997-01-01") + pd.Timedelta(days=day))
                          for who, days in (("slowing down", (0, 5, 15, 60, 140)), ("speeding up", (0, 90, 128, 135, 140))) for day in days],
                         columns=["customer", "time"])
table = btyd.summary(histories, "1997-09-30")
table["P(alive)"] = bg.p_alive(*(table[name] for name in ("x", "tx", "T")))
table.round(3)

# %% [markdown]
# Second, the same question put to data. Take customers with two repeat purchases or more, and compare their last gap with their first. First in a shop
# that *is* BG/NBD (simulated, ten times as large), then in the real one, now all 23,570 customers. Is the forecast equally right for those who
# slow down and those who speed up?

# %%
def by_trend(customer, age, ages_end, expected, actual):
    """Mean expected and actual purchases of those who slow down and who speed up.  customer, age: the purchases; the rest by customer."""
    purchases = pd.DataFrame({"customer": customer, "age": age})
    purchases = purchases[purchases["age"] <= ages_end[purchases["customer"]]]
    gap = purchases.groupby("customer")["age"].diff()
    gaps = purchases.assign(gap=gap).dropna().groupby("customer")["gap"].agg(["first", "last", "size"])
    gaps = gaps[gaps["size"] >= 2]
    rows = {}
    for name, some in (("slowing down", gaps["last"] > gaps["first"] + .01), ("speeding up", gaps["last"] < gaps["first"] - .01)):
        who = gaps.index[some]
        error = actual[who] - expected[who]
        rows[name] = {"customers": len(who), "expected": expected[who].mean(), "actual": actual[who].mean(), "actual − expected": error.mean(),
                      "± 95 %": 1.96 * error.std() / np.sqrt(len(who))}
    return rows


whole_log = cdnow.purchases()
whole = btyd.summary(whole_log, "1997-09-30")
arrays = [whole[name].to_numpy() for name in ("x", "tx", "T")]
model = btyd.BGNBD.fit(*arrays)

ends = np.tile(arrays[2], 10)
lives = btyd.simulate(np.random.default_rng(3), model, ends + WEEKS)
before = lives.seen(ends)
results = {("simulated", name): row for name, row in by_trend(
    lives.customer, lives.age, ends, model.expected(WEEKS, *before), lives.seen(ends + WEEKS)[0] - before[0]).items()}

days = whole_log[["customer", "time"]].drop_duplicates()
at = np.searchsorted(whole.index, days["customer"])
ages = ((days["time"] - days["time"].groupby(days["customer"]).transform("min")) / pd.Timedelta(days=7)).to_numpy()
results |= {("CDNOW", name): row for name, row in by_trend(
    at, ages, arrays[2], model.expected(WEEKS, *arrays), btyd.future(whole_log, "1997-10-01", "1998-06-30").loc[whole.index].to_numpy()).items()}
print(f"CDNOW: {np.mean(arrays[0] == 0):.1%} have no repeat purchase, {np.mean(arrays[0] == 1):.1%} one: no two gaps to compare")
pd.DataFrame(results).T.astype({"customers": int}).round(3)

# %% [markdown]
# In the simulated shop both errors are 0 within their intervals: there is nothing left to find. In the real one they are not, and they differ: who speeds up
# buys more than the three numbers say. So the honest sentence has two halves. **Sufficiency is a property of the model, not of the shop**: on CDNOW the
# rhythm does carry something. And it can carry it only for the few who have a rhythm. A sequence model has to earn its keep on those,
# against a baseline with four parameters that is fitted in a second. Put one against it where people buy every week, not here.

# %% [markdown]
# ## Rules instead of scores
#
# "A score of 0.37 is no instruction," says the head of customer care. "Give me rules." A small **decision tree** (决策树) is a set of rules: each leaf is a
# sentence of at most three conditions, and its churn rate is a **risk tier** (风险分层). Here is one on real households: everything known on the morning of
# the cut-off; *lapsed* if the next eight weeks bring less than half of the pace of the 24 weeks before.

# %%
from sklearn.tree import DecisionTreeClassifier, export_text

from helpers import households, lapse
from helpers.data import complete_journey

till = households.Till(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products())
diary = lapse.Diary(till.households, till.daily_spend("2017-01-01", 365), pd.Timestamp("2017-01-01"))
SAID = {"recency": "days since last order", "days_24w": "order days in 24 weeks", "days_4w": "order days in last 4 weeks",
        "ratio_8w": "last 8 weeks / pace", "ratio_4w": "last 4 weeks / pace"}
EARLIER, LATER = "2017-07-02", "2017-10-29"                          # the later one's past holds the earlier one's outcome, and is judged by its own
july, october = diary.rows([EARLIER]), diary.rows([LATER])
facts, later_facts = (diary.features(rows)[list(SAID)].rename(columns=SAID).assign(**{"pace, USD a week": diary.pace(rows)}) for rows in (july, october))
lapsed, later_lapsed = diary.lapsed(july), diary.lapsed(october)
tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=100, random_state=0).fit(facts, lapsed)
print(f"{EARLIER}: {len(facts):,} households, {lapsed.mean():.1%} lapsed;  {LATER}: {len(later_facts):,}, {later_lapsed.mean():.1%}\n")
print(export_text(tree, feature_names=list(facts.columns), show_weights=True))

# %% [markdown]
# Weights are households that stayed and that lapsed. `min_samples_leaf` keeps each rule large enough to have a rate at all. Two questions before it goes
# to the call centre: how sure is each rate, and **does the order of the tiers hold in a period that the tree has never seen?** Credit risk calls a break
# in that order a failure of *rank ordering* (排序能力), and sends the model back.
#
# The interval of a rate: **Wilson's** (威尔逊区间, 1927). With n customers in the leaf, p their rate and z = 1.959964 for 95 %
#
# $$ \mathrm{centre} = \frac{p + z^2/2n}{1 + z^2/n}, \qquad \mathrm{half} = \frac{z}{1 + z^2/n} \sqrt{\frac{p(1-p)}{n} + \frac{z^2}{4n^2}} $$
#
# from centre − half to centre + half. Unlike p ± z·√(p(1 − p)/n) it stays in [0, 1], and says something at p = 0.
#
# ### exercise: risk_tiers
#
# `risk_tiers(leaf, churned, later_leaf, later_churned)` → `(frame, monotone)`
#
# * `leaf`, `churned`: n ≥ 1 customers of the earlier period, the id (an int) of the leaf each falls into, and 0/1. `later_leaf`, `later_churned`: the same
#   for m ≥ 1 customers of a later period, by the **same tree**. Lists or arrays.
# * `frame`: index `leaf`, one row for each leaf of the *earlier* period, sorted by `rate`, the lowest first; of equal rates the lower id first. Columns
#   `size` (customers), `rate`, `low` and `high` (Wilson), all of the earlier period, and `later_rate`: nan where nobody falls later.
# * `monotone`: bool, True if `later_rate` never falls from one row to the next, nan skipped as if the row were not there. Equal is no fall. With fewer
#   than two known rates it is True.
# * A later leaf that does not occur earlier: `ValueError`.
#
# By hand: leaf 3 holds 4 customers, 1 lost; leaf 5 holds 4, 3 lost. Rates .25 and .75; Wilson for leaf 3: centre .3726, half .3269, so .0456 to .6994. Later
# leaf 3 loses 1 of 2 and leaf 5 both: .5, then 1, monotone.

# %%
# exercise: risk_tiers
def risk_tiers(leaf, churned, later_leaf, later_churned):
    """Leaves of a tree as tiers, safest first: frame (index leaf; size, rate, low, high, later_rate), and whether later_rate never falls.

    leaf: (n,) ids.  churned: (n,) of 0/1.  later_*: (m,), of a later period.  low, high: Wilson (1927), 95 %.  ValueError: an unknown later leaf.

    >>> frame, monotone = risk_tiers([3, 3, 3, 3, 5, 5, 5, 5], [0, 0, 0, 1, 1, 1, 0, 1], [3, 3, 5, 5], [0, 1, 1, 1])
    >>> frame.round(4).loc[3].tolist(), monotone
    ([4.0, 0.25, 0.0456, 0.6994, 0.5], True)
    """
    ### BEGIN SOLUTION: size and rate by leaf, Wilson's interval, the later rate by the same id; sort; look for a fall
    leaf, later_leaf = np.asarray(leaf), np.asarray(later_leaf)
    if not np.isin(later_leaf, leaf).all():
        raise ValueError("a later leaf does not occur in the earlier period: not the same tree")
    now = pd.Series(churned).groupby(leaf)
    n, rate = now.size(), now.mean()
    z = 1.959964
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    frame = pd.DataFrame({"size": n, "rate": rate, "low": centre - half, "high": centre + half,
                          "later_rate": pd.Series(later_churned).groupby(later_leaf).mean()})
    frame = frame.rename_axis("leaf").sort_values("rate", kind="stable")         # groupby sorted the ids, a stable sort keeps them so
    known = frame["later_rate"].dropna().to_numpy()
    return frame, bool((np.diff(known) >= 0).all())
    ### END SOLUTION

# %%
check(risk_tiers)

# %% [markdown]
# And the real tree? Each leaf as a sentence, its rate then, and its rate four months later:

# %%
def sentences(tree, names):
    """Leaf id -> its conditions."""
    nodes, found, walk = tree.tree_, {}, [(0, ())]
    while walk:
        node, said = walk.pop()
        if nodes.children_left[node] < 0:
            found[node] = " and ".join(said)
            continue
        name, cut = names[nodes.feature[node]], nodes.threshold[node]
        walk += [(nodes.children_left[node], (*said, f"{name} ≤ {cut:.2f}")), (nodes.children_right[node], (*said, f"{name} > {cut:.2f}"))]
    return found


tiers = pd.DataFrame({"leaf": tree.apply(facts), "lapsed": lapsed}).groupby("leaf")["lapsed"].agg(size="size", rate="mean")
tiers["low"], tiers["high"] = plots.wilson(tiers["rate"] * tiers["size"], tiers["size"])
came_true = pd.Series(later_lapsed).groupby(tree.apply(later_facts))
tiers["later_size"], tiers["later_rate"] = came_true.size(), came_true.mean()
tiers = tiers.sort_values("rate")

ax = plots.plt.subplots(figsize=(8, 4.2))[1]
height = np.arange(len(tiers))[::-1]
ax.hlines(height, tiers["low"], tiers["high"], color=plots.BLUE, lw=3, alpha=.35)
ax.plot(tiers["rate"], height, "o", color=plots.BLUE)
ax.plot(tiers["later_rate"], height, "D", color=plots.VERMILION, mfc="white", mew=1.6)
for text, up, colour in (("July's rate and its 95 % interval", .18, plots.BLUE), ("the same leaf in late October", -.22, plots.VERMILION)):
    ax.text(tiers["high"].iloc[0] + .012, height[0] + up, text, color=colour, va="center", fontsize=9.5)
ax.set_yticks(height, [f"leaf {leaf} · {size:,}" for leaf, size in tiers["size"].items()])
ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(title="Eight leaves are not eight tiers", xlabel="share of the leaf's households that lapsed", ylabel="leaf · households in July")
falls = int((np.diff(tiers["later_rate"]) < 0).sum())
inside = int(tiers["later_rate"].between(tiers["low"], tiers["high"]).sum())
print(f"later rate: {falls} falls in {len(tiers) - 1} steps; within July's interval in {inside} of {len(tiers)} leaves")
for leaf, rule in pd.Series(sentences(tree, list(facts.columns))).loc[tiers.index].items():
    print(f"leaf {leaf:2d}  {rule}")
tiers.round(3)

# %% [markdown]
# Read it like a risk manager. Neighbours whose intervals overlap are **one** tier with two names: their order in July was chance, so it need not hold in
# October. And the intervals are too narrow for what they claim: the tree *chose* its cuts where these very households differed most, so the extreme rates
# flatter it. The later period is the first honest number. So merge, by July's rates alone, and judge again:

# %%
tier_of = pd.cut(tiers["rate"], [0, .2, .35, 1], labels=["low", "middle", "high"])
lost = pd.DataFrame({"size": tiers["size"], "lapsed": tiers["size"] * tiers["rate"], "later size": tiers["later_size"],
                     "later lapsed": tiers["later_size"] * tiers["later_rate"]}).groupby(tier_of, observed=True).sum()
merged = pd.DataFrame({"households": lost["size"], "July": lost["lapsed"] / lost["size"], "late October": lost["later lapsed"] / lost["later size"]})
merged["95 % low"], merged["95 % high"] = plots.wilson(lost["later lapsed"], lost["later size"])
merged.round(3)

# %% [markdown]
# Three tiers that a call centre can follow, and an order that held, with clear space between the intervals; every rate below July's promise. What the tiers
# do **not** say: whom a coupon would keep. The tier with the highest rate may be past saving; lesson 06 measures that.
#
# ## The drift alarm
#
# The labels of a churn model come eight weeks late. The *inputs* arrive daily: do today's customers still look like those the model learnt from? The alarm
# in every credit scorecard (信用评分卡) is the **population stability index** (PSI, 群体稳定性指数). Cut the reference sample, *expected*, into ten bins of
# equal share, count the new one, *actual*, in the same bins, and with the shares e and a of each bin
#
# $$ \mathrm{PSI} = \sum_{\mathrm{bins}} (a - e)\,\ln\frac{a}{e} $$
#
# It is an old acquaintance: the Kullback–Leibler divergence of a from e plus that of e from a, **Jeffreys' divergence** (1946). Once the bins stand, both
# samples count alike, and each bin's term is ≥ 0.
#
# ### exercise: psi
#
# `psi(expected, actual, bins=10)` → float
#
# * `expected`, `actual`: n and m numbers without nan, lists or arrays. `bins` ≥ 2. Either empty: `ValueError`.
# * Edges: `np.quantile(expected, k / bins)` for k = 1 … bins − 1 (linear, NumPy's default); equal edges are one edge. The two outer bins are open, to −∞
#   and to +∞.
# * A value **equal to an edge** belongs to the bin **below** it. (A feature with many zeros has an edge at 0: so the lowest bin is the zeros.)
# * Share: the count in the bin over the size of its own sample, then raised to **1e-4** where it is below that. The shares are *not* rescaled to sum 1
#   afterwards. Natural logarithm.
#
# By hand: 1, 2, 3, 4 in two bins: the edge is 2.5. Against 1, 3, 3, 3: e = ½, ½ and a = ¼, ¾: (−¼)·ln ½ + ¼·ln 1.5 = 0.2747.

# %%
# exercise: psi
def psi(expected, actual, bins=10):
    """Population stability index of `actual` against `expected`, by bins of equal share in `expected`.  ValueError if either is empty.

    >>> round(psi([1, 2, 3, 4], [1, 3, 3, 3], bins=2), 4)
    0.2747
    """
    ### BEGIN SOLUTION: edges at quantiles of expected; shares of both, at least 1e-4; the sum over the bins
    if len(expected) == 0 or len(actual) == 0:
        raise ValueError("a sample is empty")
    edges = np.unique(np.quantile(expected, np.arange(1, bins) / bins))

    def shares(sample):
        counts = np.bincount(np.searchsorted(edges, sample), minlength=len(edges) + 1)
        return np.maximum(counts / len(sample), 1e-4)

    e, a = shares(expected), shares(actual)
    return float(((a - e) * np.log(a / e)).sum())
    ### END SOLUTION

# %%
check(psi)

# %% [markdown]
# "Below 0.1 nothing, above 0.25 rebuild": so says the rule of thumb, handed on since the credit-scoring handbooks of the nineties (it is usually traced to
# E. M. Lewis, *An Introduction to Credit Scoring*). It is a **convention, not a law**: it knows neither the number of bins nor the sizes of the samples.
# Draw both samples a thousand times from the *same* normal distribution, ten bins of a tenth each; then let the mean of the second move by a fifth of a
# standard deviation. The last column's alarm is the 95 % point of chance, explained below.

# %%
from scipy.stats import chi2, norm

rng = np.random.default_rng(3)
same = np.full(10, .1)
moved = np.diff(norm.cdf(norm.ppf(np.linspace(0, 1, 11)) - .2))
rows = []
for n in (100, 1_000, 10_000):
    for drift, shares in (("none", same), ("a fifth of a standard deviation", moved)):
        e, a = (np.maximum(rng.multinomial(n, p, 1000) / n, 1e-4) for p in (same, shares))
        value = ((a - e) * np.log(a / e)).sum(axis=1)
        rows.append({"n of each": n, "drift": drift, "mean PSI": value.mean(), "alarms at 0.1": (value > .1).mean(), "at 0.25": (value > .25).mean(),
                     "beyond chance": (value > chi2.ppf(.95, 9) * (1 / n + 1 / n)).mean()})
pd.DataFrame(rows).set_index(["n of each", "drift"]).round(3)

# %% [markdown]
# At a hundred customers the alarm rings most of the time for nothing; at ten thousand it sleeps through a shift that any test would see. Without drift
# PSI / (1/n + 1/m) is about χ² with bins − 1 degrees of freedom, since for small differences (a − e)·ln(a/e) ≈ (a − e)²/e. So you can say what chance
# alone gives *at your sizes*; for a test in earnest see Potgieter and others (arXiv 2307.11878). Small but certain is then a question of business, not of
# statistics. On the households above, July against late October, if yours has passed:

# %%
if alarm := yours("psi"):
    chance = chi2.ppf(.95, 9) * (1 / len(facts) + 1 / len(later_facts))          # for ten bins; less where equal edges were merged
    drift = pd.DataFrame({"PSI": {name: alarm(facts[name], later_facts[name]) for name in facts}})
    drift["more than chance"] = drift["PSI"] > chance
    drift["rule of thumb"] = np.where(drift["PSI"] > .25, "rebuild", np.where(drift["PSI"] > .1, "look", "nothing"))
    print(drift.sort_values("PSI", ascending=False).round(4).to_string())
    print(f"\n95 of 100 are below {chance:.4f} by chance; lapsed: {lapsed.mean():.3f}, then {later_lapsed.mean():.3f}")
else:
    print("Solve psi, run its check, and run this cell again.")

# %% [markdown]
# (Mostly the same households stand in both periods, so chance gives even less than that line says; but one feature in twenty exceeds it for nothing.) No
# alarm by the rule of thumb; yet look at the two shares that lapsed, and at the tiers above. PSI does not say *which way* a feature moved, nor whether the
# model uses it; and it is blind when **customers who look the same behave otherwise** (concept drift, 概念漂移). PSI looks at inputs, the tiers' later
# rates at outcomes. You want both on the dashboard: the first because it is early, the second because it is true.
#
# ## Stretch: not yet is not never
#
# When does a new customer order again? Many of those who will have not done so *yet* on the day you ask: their time is **censored** (删失). Leave them out,
# and you look only at the quick ones. Count them as lost, and you say "never" for "not yet". **Kaplan and Meier** (1958) use each customer for as long as
# they were watched. At each time at which somebody had the event, of those still **at risk** (风险集) a share had it; the others go on:
#
# $$ S(t) = \prod_{t_k \le t} \Bigl(1 - \frac{d_k}{r_k}\Bigr) $$
#
# $d_k$: events at $t_k$. $r_k$: customers whose time is $t_k$ or later. S is the **survival curve** (生存曲线), the share without the event so far.
#
# ### exercise: kaplan_meier
#
# `kaplan_meier(t, e)` → `(times, survival)`, two arrays of equal length
#
# * `t`: n times, in any order, whole numbers or not. `e`: n of 0/1: 1 if the event was seen at t, 0 if the customer was last seen at t, still without
#   it. Lists or arrays.
# * `times`: the **distinct** times with an event, ascending; a time with censorings only is not among them. `survival`: S just **after** the events at
#   each of them.
# * At a tie events come **before** censorings: who is censored at t is still at risk at t.
# * Without an event, or without anybody: two empty arrays.
#
# By hand: times 2, 3, 3, 5, 6 with e = 1, 1, 0, 0, 1. At 2: 1 of 5, S = .8. At 3: 1 of 4 (the one censored at 3 counts), S = .6. At 6: 1 of 1, S = 0.

# %%
# exercise: kaplan_meier
def kaplan_meier(t, e):
    """The survival curve of Kaplan and Meier (1958): distinct event times, ascending, and S after each.

    t: (n,) times.  e: (n,) 1 for an event, 0 for a censoring, which at a tie comes after the events.

    >>> times, survival = kaplan_meier([2, 3, 3, 5, 6], [1, 1, 0, 0, 1])
    >>> times.tolist(), survival.round(3).tolist()
    ([2.0, 3.0, 6.0], [0.8, 0.6, 0.0])
    """
    ### BEGIN SOLUTION: at each distinct event time the events and those at risk; the running product of what is left
    t, e = np.asarray(t, float), np.asarray(e)
    times = np.unique(t[e == 1])
    at_risk = (t[:, None] >= times).sum(axis=0)
    events = (t[e == 1][:, None] == times).sum(axis=0)
    return times, np.cumprod(1 - events / at_risk)
    ### END SOLUTION

# %%
check(kaplan_meier)

# %% [markdown]
# Does it work? CDNOW lets you find out. Stand on the evening of 29 April 1997: everybody's first order is known, the last ones are five weeks old, and you
# ask who orders again within so many days. Kaplan–Meier answers with what was seen by then, its band by Greenwood's formula (1926),
# Var S = S² Σ d / (r (r − d)). Fourteen months later the file says what was true.

# %%
from helpers.data import cdnow

TODAY = pd.Timestamp("1997-04-30")                                   # its midnight: the last day seen is the 29th
orders = cdnow.purchases()
days = orders.drop_duplicates(["customer", "time"]).copy()
days["order"] = days.groupby("customer").cumcount()
first, second = (days[days["order"] == i].set_index("customer")["time"] for i in (0, 1))
gap = (second.reindex(first.index) - first).dt.days.to_numpy()       # days to the second order; nan: none in the file
watched = (TODAY - first).dt.days.to_numpy() - 1                     # whole days seen after the first order's
e = (gap <= watched).astype(int)
t = np.where(e == 1, gap, watched)

ends = np.unique(t[e == 1])
at_risk, events = len(t) - np.searchsorted(np.sort(t), ends), np.unique(t[e == 1], return_counts=True)[1]
S = np.cumprod(1 - events / at_risk)
half = 1.959964 * S * np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
grid = np.arange(1, 113)
back = {"true": (gap <= grid[:, None]).mean(axis=1), "naive": ((gap <= grid[:, None]) & (e == 1)).mean(axis=1)}
place = np.searchsorted(ends, grid, side="right") - 1
ax = plots.plt.subplots(figsize=(7.8, 4.2))[1]
ax.fill_between(grid, (1 - S - half)[place], (1 - S + half)[place], color=plots.BLUE, alpha=.2, lw=0, step="post")
ax.plot(grid, (1 - S)[place], color=plots.BLUE, drawstyle="steps-post")
ax.plot(grid, back["true"], color=plots.INK, lw=1.2, ls="--", drawstyle="steps-post")
ax.plot(grid, back["naive"], color=plots.VERMILION, drawstyle="steps-post")
for text, height, colour, shift in (("Kaplan–Meier, 29 April", (1 - S)[place][-1], plots.BLUE, 7), ("what was true", back["true"][-1], plots.INK, -7),
                                    ("ordered again so far", back["naive"][-1], plots.VERMILION, 0)):
    ax.annotate(text, (grid[-1], height), xytext=(8, shift), textcoords="offset points", color=colour, va="center", fontsize=9.5, annotation_clip=False)
ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
ax.set(title="Not yet is not never: the second order at CDNOW", xlabel="days since the first order", ylabel="share that has ordered again", ylim=(0, None))
weeks = np.array([4, 8, 12, 16])
at = place[7 * weeks - 1]
print(f"{len(t):,} customers, watched {watched.min()} to {watched.max()} days; second order seen: {e.mean():.1%}")
pd.DataFrame({"true": back["true"][7 * weeks - 1], "Kaplan–Meier": 1 - S[at], "± (95 %)": half[at], "ordered again so far": back["naive"][7 * weeks - 1],
              "share of those seen to": [(t[e == 1] <= 7 * w).mean() for w in weeks], "still at risk": at_risk[at]},
             index=pd.Index(weeks, name="weeks")).round(4)

# %% [markdown]
# The naive share is right for as long as *everybody* has been watched, then it bends away: it divides by customers who have not had the time. The column
# beside it, of those who were seen to order again, answers a question nobody asked. Kaplan–Meier needs **one assumption**: who is censored is like
# who is not. Here censoring means "came later in the winter", and the truth can be checked. Where customers leave the data *because* of what you study
# (they close the account), no formula repairs it. And to the right of the last customer at risk it says nothing: no curve tells you who never comes.
#
# A trap for the weekly version: whoever counts the events of a week that is only half watched must count its non-events, too. Round the censored down
# and the events up, and the curve is too low on survival, just where the data are thin.
#
# ## Stretch: one sigmoid per step, and here it is right
#
# In this lesson's first notebook the interviewer's LSTM gave one probability *per step* for one answer per customer: broken. Now ask another question in
# each week: *of those who have not had the event, who has it this week?* That is the **hazard** (风险率) h, one for each period, and one sigmoid per step is
# exactly what it needs. Not a softmax: the event need not happen at all. S(t) is the running product of 1 − h, `np.cumprod(1 - h)`, and can only fall.
#
# The likelihood (Cox 1972; Singer and Willett 1993) takes each customer up to the last period watched. An event at t: survived 1 … t − 1, not t. Censored
# at t: survived 1 … t. What comes after was not watched, and must not enter.
#
# $$ \ell_i = e_i \log h_{i,t_i} + (1 - e_i)\log(1 - h_{i,t_i}) + \sum_{s < t_i} \log (1 - h_{i,s}), \qquad h = \frac1{1 + e^{-x}} $$
#
# ### exercise: hazard_nll
#
# `hazard_nll(logits, t, e)` → float, the mean over customers of −ℓ
#
# * `logits`: (N, T) numbers x, customer by period, N ≥ 1; array or nested list. `t`: N whole numbers, **1-based**, 1 ≤ t ≤ T: column t − 1 belongs to
#   period t. `e`: N of 0/1.
# * An event at t: Σ over s < t of log(1 − h_s), plus log h_t. Censored at t: Σ over s ≤ t of log(1 − h_s). Natural logarithm.
# * Periods after t have no effect, whatever stands there. **Sum** over a customer's periods, **mean** over customers.
# * Compute from logits: exact at x = ±1000, where h is 0 or 1 to the last bit; log(1 − h) = −log(1 + eˣ). Nothing is clipped.
#
# By hand: all logits 0, so h = ½. An event at t = 2 costs 2·ln 2, a censoring at t = 1 costs ln 2; the mean is 1.0397.

# %%
# exercise: hazard_nll
def hazard_nll(logits, t, e):
    """Mean negative log-likelihood of discrete-time hazards, from their logits (N, T).

    t: (N,) last period watched, from 1.  e: (N,) 1 if the event happened in it, 0 if it was survived, too.

    >>> round(hazard_nll([[0., 0.], [0., 0.]], [2, 1], [1, 0]), 4)
    1.0397
    """
    ### BEGIN SOLUTION: log(1 + exp(x)) for periods survived, log(1 + exp(-x)) for the event; sum over periods, mean over customers
    logits, t, e = np.asarray(logits, float), np.asarray(t)[:, None], np.asarray(e)[:, None]
    period = np.arange(1, logits.shape[1] + 1)
    survived = (period < t) | ((period == t) & (e == 0))
    ended = (period == t) & (e == 1)
    cost = np.where(survived, np.logaddexp(0, logits), 0) + np.where(ended, np.logaddexp(0, -logits), 0)
    return float(cost.sum(axis=1).mean())
    ### END SOLUTION

# %%
check(hazard_nll)

# %% [markdown]
# You need no network to use it: write one row for **each customer and week at risk**, 1 in the week of the event, and a logistic regression on these rows
# minimises this very loss. It learns from the customers outside the paper's sample and is judged on the 2,357 in it. Only whole weeks count.

# %%
from sklearn.linear_model import LogisticRegression

spent = orders.groupby(["customer", "time"])[["amount", "quantity"]].sum().groupby("customer").first()       # what the first order was
X = np.log1p(spent.loc[first.index].to_numpy())
whole = watched // 7
e_week = (np.ceil(gap / 7) <= whole).astype(int)
t_week = np.where(e_week == 1, np.ceil(gap / 7), whole).astype(int)
T = int(t_week.max())
judge = np.isin(first.index, cdnow.purchases(sample=True)["customer"])

who = np.repeat(np.flatnonzero(~judge), t_week[~judge])
period = np.concatenate([np.arange(n) for n in t_week[~judge]])                 # 0 is the first week
event = (period == t_week[who] - 1) & (e_week[who] == 1)
model = LogisticRegression(C=1e3, max_iter=500).fit(np.column_stack([np.eye(T)[period], X[who]]), event)
logits = model.intercept_ + model.coef_[0, :T] + (X[judge] @ model.coef_[0, T:])[:, None]                   # (customers, weeks)
hazard = 1 / (1 + np.exp(-logits))
survival = np.cumprod(1 - hazard, axis=1)

r = np.array([(t_week[judge] >= w).sum() for w in range(1, T + 1)])
d = np.array([((t_week[judge] == w) & (e_week[judge] == 1)).sum() for w in range(1, T + 1)])
curve = np.cumprod(1 - d / r)
band = 1.959964 * curve * np.sqrt(np.cumsum(d / (r * (r - d))))
print(f"{len(who):,} rows of a customer and a week; coefficients: log(1 + USD) {model.coef_[0, T]:+.3f}, log(1 + CDs) {model.coef_[0, T + 1]:+.3f}")
if loss := yours("hazard_nll"):
    rate = np.array([event[period == w].mean() for w in range(T)])
    plain = np.log(rate / (1 - rate))
    print(f"your hazard_nll on the judged customers: {loss(logits, t_week[judge], e_week[judge]):.4f}; "
          f"with the same hazards for everybody: {loss(np.tile(plain, (judge.sum(), 1)), t_week[judge], e_week[judge]):.4f}")
pd.DataFrame({"hazard, mean": hazard.mean(axis=0), "survival, mean": survival.mean(axis=0), "Kaplan–Meier": curve, "± (95 %)": band, "at risk": r},
             index=pd.RangeIndex(1, T + 1, name="week")).iloc[[0, 1, 3, 7, 11, 15]].round(4)

# %% [markdown]
# The mean survival follows Kaplan–Meier on customers it has not seen. The hazard is highest at once and falls: of those who let the first weeks pass, few
# come in any one week. That is no proof that waiting makes anybody reluctant: the keen ones have left the risk set. And the model adds what Kaplan–Meier
# cannot, a curve for *each* customer. Is it any good at telling them apart?
#
# ## Stretch: who goes first?
#
# The **concordance index** (C-index, 一致性指数; Harrell and others 1982) is the AUC of survival: of the pairs in which we *know* who had the event first, in
# what share did that one have the higher risk?
#
# ### exercise: c_index
#
# `c_index(t, e, risk)` → float
#
# * `t`: n times. `e`: n of 0/1, 1 for an event, 0 for a censoring. `risk`: n numbers, higher means earlier. n ≥ 1, lists or arrays.
# * An ordered pair (i, j) is **comparable** if t_i < t_j and e_i = 1. Whether j had the event or was censored does not matter. Equal times are not
#   comparable, whatever happened. (Some libraries do compare an event with a censoring at the same time.)
# * It counts 1 if risk_i > risk_j, ½ if they are equal, else 0. The result is the mean over comparable pairs; **nan** if there is none.
#
# By hand: t = 2, 4, 5, 7; e = 1, 0, 1, 0; risk = 3, 1, 2, 2. The first beats all three others: 3. The second is censored, nothing starts from it. The third
# against the fourth is a tie: ½. 3.5 of 4 = .875.

# %%
# exercise: c_index
def c_index(t, e, risk):
    """Share of comparable pairs in which the earlier event had the higher risk, equal risks ½; nan without a comparable pair.

    t, e, risk: (n,).  Source: Harrell and others, JAMA 247 (1982); equal times are not comparable.

    >>> c_index([2, 4, 5, 7], [1, 0, 1, 0], [3, 1, 2, 2])
    0.875
    """
    ### BEGIN SOLUTION: mark the comparable pairs; among them count higher risks, and half of the equal ones
    t, e, risk = np.asarray(t), np.asarray(e), np.asarray(risk)
    comparable = (t[:, None] < t) & (e[:, None] == 1)
    if not comparable.any():
        return float("nan")
    points = (risk[:, None] > risk) + .5 * (risk[:, None] == risk)
    return float(points[comparable].mean())
    ### END SOLUTION

# %%
check(c_index)

# %% [markdown]
# And the hazard model's, on the judged customers, with an interval from drawing them again (times in days, so few are equal):

# %%
def concordance(t, e, risk, draws=200, seed=0):
    """The index, and a 95 % bootstrap interval over customers; the pair matrices are made once and weighted by how often each is drawn."""
    pairs = ((t[:, None] < t) & (e[:, None] == 1)).astype("float32")
    points = pairs * ((risk[:, None] > risk) + .5 * (risk[:, None] == risk)).astype("float32")
    drawn = np.random.default_rng(seed).multinomial(len(t), np.full(len(t), 1 / len(t)), draws).T.astype("float32")
    again = (drawn * (points @ drawn)).sum(axis=0) / (drawn * (pairs @ drawn)).sum(axis=0)
    return points.sum() / pairs.sum(), *np.quantile(again, [.025, .975])


pd.DataFrame({name: concordance(t[judge], e[judge], risk) for name, risk in {
    "hazard model": logits[:, 0], "USD of the first order alone": X[judge, 0], "CDs of the first order alone": X[judge, 1],
}.items()}, index=["C-index", "95 % low", "95 % high"]).T.round(3)

# %% [markdown]
# A coin has ½. A fair curve for the crowd, and little about the single customer: one order says little, and the model says no more than the number of CDs.
# The C-index sees the *order* only: halve all hazards and it stays. How many will come it cannot tell; Kaplan–Meier beside the mean survival can. Report
# both. And under heavy censoring it leans on early pairs; its weighted form (Uno and others 2011) repairs that.

# %%
progress("03")
