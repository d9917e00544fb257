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
# # 01 · Predicting behaviour: more
#
# From a score to a decision. Three short exercises of level *more*: repair probabilities after negative sampling, set the threshold from
# money, and learn from what was shown and not clicked. Two of level *stretch*: a convolution and an isotonic fit by hand. No points; nothing
# later depends on them.

# %% tags=["setup"]
import numpy as np
import pandas as pd

from helpers import check, hint, metrics, plots, progress, yours  # noqa: F401

plots.style()

# %% [markdown]
# ## Probabilities after negative sampling
#
# In the lesson the models were trained on all buyers and one in four of the others. Dropping negatives leaves the *order* of scores
# almost as it was, and lifts every probability. By how much? Think in **odds** (几率), p / (1 − p): buyers over non-buyers. If only a share w of the
# negatives is kept, the odds in the training data are 1/w times too high, for every kind of row alike. Watch it happen:

# %%
rng = np.random.default_rng(0)
p = np.repeat([.02, .1, .4], 200_000)                               # three kinds of shoppers, true probabilities
bought = rng.random(len(p)) < p
kept = bought | (rng.random(len(p)) < .25)                           # all buyers, one negative in four
pd.DataFrame({"true": p, "seen": bought}).loc[kept].groupby("true")["seen"].agg(["mean", "size"]).rename(
    columns={"mean": "share of buyers after sampling", "size": "rows"}).round(3)

# %% [markdown]
# ### exercise: prior_correct
#
# `prior_correct(q, keep_rate)` → array: the probabilities that hold for all rows.
#
# * `q`: n probabilities of a model trained on all positives and a random share `keep_rate` of the **negatives**; list or array.
#   `0 < keep_rate <= 1`.
# * `p = q / (q + (1 − q) / keep_rate)`. 0 stays 0, 1 stays 1; nothing is clipped.
#
# By hand: q = .5 with one negative in four kept. One kept negative stands for four, so one buyer stands against four: p = 1/5.

# %%
# exercise: prior_correct
def prior_correct(q, keep_rate):
    """Probabilities on all rows, from those of a model that saw only a share `keep_rate` of the negatives: (n,).

    >>> prior_correct([.5], .25).round(3).tolist()
    [0.2]
    """
    ### BEGIN SOLUTION: weigh the negatives that were kept by 1 / keep_rate
    q = np.asarray(q, float)
    return q / (q + (1 - q) / keep_rate)
    ### END SOLUTION

# %%
check(prior_correct)

# %% [markdown]
# Why does the formula in probabilities equal "divide the odds by 1/w"? Write p/(1 − p) from the line above, and q/(1 − q)·w falls out. It is
# exact if the negatives were dropped at random. If they were dropped *because they looked easy*, nothing can repair it.
#
# ## When is a coupon worth it?
#
# A probability meets money. A coupon costs something to send; if the shopper would buy (and the purchase is due to the coupon, which lesson 06
# takes seriously), it brings a gain. Act when the expected gain exceeds the cost.
#
# ### exercise: cost_threshold
#
# `cost_threshold(gain, cost)` → float t: **act if and only if p · gain > cost**, which is p > t.
#
# * `gain`: money won by acting on a shopper who buys, before the cost. `cost`: paid for each action, whether or not anyone buys; ≥ 0.
# * The result may exceed 1: then never act. `ValueError` if `gain` is not positive.
#
# By hand: a gain of 4 and a cost of 1: act above ¼. Not above ½.

# %%
# exercise: cost_threshold
def cost_threshold(gain, cost):
    """The probability above which acting pays: p * gain > cost.  ValueError unless gain > 0.

    >>> cost_threshold(4.0, 1.0)
    0.25
    """
    ### BEGIN SOLUTION: solve p * gain = cost for p
    if gain <= 0:
        raise ValueError(f"gain must be positive, not {gain}")
    return cost / gain
    ### END SOLUTION

# %%
check(cost_threshold)

# %% [markdown]
# Compare the threshold from money with the one everybody types, on shoppers whose probabilities are right:

# %%
p = np.random.default_rng(1).beta(.6, 6, 20_000)
gain, cost = 4.0, 1.0
profit = {t: float(np.sum((p > t) * (p * gain - cost))) for t in np.linspace(.1, .9, 33)}
ax = plots.plt.subplots()[1]
ax.plot(list(profit), list(profit.values()))
best = max(profit, key=profit.get)
for t, label in ((.25, "cost / gain"), (.5, "one half")):
    here = float(np.sum((p > t) * (p * gain - cost)))
    ax.plot(t, here, "o", color=plots.VERMILION)
    ax.annotate(label, (t, here), xytext=(8, 6), textcoords="offset points", color=plots.VERMILION)
ax.axhline(0, color=plots.GREY, lw=1, ls=":")
ax.set(title="One half leaves money on the table", xlabel="act above this probability", ylabel="expected profit, 20,000 shoppers")
print(f"best threshold on the grid: {best:.2f}")

uncorrected = p / (p + (1 - p) * .25)                               # what a model says that kept one negative in four
extra = (uncorrected > cost / gain) & (p <= cost / gain)
print(f"uncorrected, the same rule sends {extra.sum():,} more coupons; expected profit of these: {np.sum(p[extra] * gain - cost):,.0f}")

# %% [markdown]
# The rule is only as good as the probabilities: fed with the uncorrected q from above, it sends coupons at a loss: the last line printed.
#
# ## What was shown and not clicked
#
# How likely is a purchase **if the item is clicked** (post-click conversion rate, CVR, 点击后转化率)? Only clicked impressions have an answer, so the
# obvious model learns from them alone, and is then asked about *every* impression. Clicked ones are no random sample of those: this is
# **sample selection bias** (样本选择偏差). They are also few.
#
# **ESMM** (entire space multi-task model, 全空间多任务模型; Ma et al., SIGIR 2018) never asks for CVR directly. Two towers give pCTR and pCVR for each
# impression; what is compared with data is observed for *all* of them:
#
# * was it clicked? with pCTR,
# * was it clicked *and* bought? with **pCTCVR = pCTR · pCVR**.
#
# ### exercise: esmm_loss
#
# `esmm_loss(pctr, pcvr, click, buy)` → float: the mean over **all** impressions of the two log losses' sum.
#
# * `pctr`, `pcvr`: n probabilities, n ≥ 1. `click`, `buy`: n of 0/1. Lists or arrays. `ValueError` if something was bought without a click.
# * Log loss of y and p: −y·ln p − (1 − y)·ln(1 − p), natural logarithm, after p was clipped to [1e-7, 1 − 1e-7]. Clip pctr for the first loss, the
#   **product** for the second.
#
# By hand: one impression, clicked, not bought, pctr = pcvr = ½: −ln ½ − ln ¾ = 0.9808.

# %%
# exercise: esmm_loss
def esmm_loss(pctr, pcvr, click, buy):
    """Mean over all impressions of the log losses of click (pCTR) and of click-and-buy (pCTR times pCVR).  ValueError: bought without a click.

    >>> round(esmm_loss([.5], [.5], [1], [0]), 4)
    0.9808
    """
    ### BEGIN SOLUTION: one log loss for clicks with pctr, one for purchases with the product, over the same rows
    pctr, pcvr, click, buy = (np.asarray(part, float) for part in (pctr, pcvr, click, buy))
    if (buy > click).any():
        raise ValueError("something was bought without a click")

    def log_loss(y, p):
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return -y * np.log(p) - (1 - y) * np.log(1 - p)

    return float(np.mean(log_loss(click, pctr) + log_loss(buy, pctr * pcvr)))
    ### END SOLUTION

# %%
check(esmm_loss)

# %% [markdown]
# What does an impression that nobody clicked say about CVR? Move pCVR a little and watch the loss, if yours has passed:

# %%
if own := yours("esmm_loss"):
    pctr, pcvr, click, buy = np.array([.3, .3, .05]), np.array([.2, .2, .2]), np.array([1, 0, 0]), np.array([0, 0, 0])
    nudge = 1e-5 * np.eye(3)
    slope = [(own(pctr, pcvr + step, click, buy) - own(pctr, pcvr - step, click, buy)) / 2e-5 for step in nudge]
    print(pd.DataFrame({"pCTR": pctr, "clicked": click, "slope of the loss in pCVR": slope}).round(4).to_string(index=False))
else:
    print("Solve esmm_loss, run its check, and run this cell again.")

# %% [markdown]
# Above 0 in every row: an unclicked impression, too, pulls pCVR down, the more the likelier a click was. A loss over clicked rows has 0 there.
#
# Does it pay? On the impressions of the course's simulated shop (`data/shop.md`; all levels invented): the same two towers, trained once by ESMM and
# once with CVR on clicked impressions alone.

# %%
from sklearn.preprocessing import StandardScaler

from helpers import sessions, shop
from helpers.training import keras

run = shop.World(shop.HELPS, seed=1).run(shop.Logging())
shown = run.exposures[run.exposures["day"].between(30, 172)]                 # every purchase has had its week
facts = sessions.known_before(shown, run.views, run.catalogue.frame())
facts = np.column_stack([facts, 1 / np.log2(shown["position"] + 2)])
day, clicked = shown["day"].to_numpy(), shown["clicked"].to_numpy()
bought = (shown["ordered"] >= 0).to_numpy()
learn, judge = day < 120, day >= 149
facts = StandardScaler().fit(facts[learn]).transform(facts).astype("float32")
print(f"{learn.sum():,} impressions to learn from, {clicked[learn].sum():,} clicked, {bought[learn].sum():,} bought; "
      f"{judge.sum():,} to judge, {bought[judge].sum():,} bought")


def tower(inputs, name):
    """A probability from the facts."""
    return keras.layers.Dense(1, activation="sigmoid", name=name)(keras.layers.Dense(32, activation="relu")(inputs))


def fit_towers(kind, seed):
    """pCTR times pCVR of the judged impressions."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(facts.shape[1:])
    pctr, pcvr = tower(inputs, "pctr"), tower(inputs, "pcvr")
    settings = {"epochs": 2, "batch_size": 2048, "verbose": 0}
    if kind == "ESMM":
        both = keras.Model(inputs, [pctr, keras.layers.Multiply()([pctr, pcvr])])
        both.compile(optimizer=keras.optimizers.Adam(3e-3), loss=["binary_crossentropy"] * 2)
        both.fit(facts[learn], [clicked[learn], bought[learn]], **settings)
    else:
        for output, rows, wanted, batch in ((pctr, learn, clicked, 2048), (pcvr, learn & clicked, bought, 256)):
            one = keras.Model(inputs, output)
            one.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy")
            one.fit(facts[rows], wanted[rows], **settings | {"batch_size": batch})
    a, b = keras.Model(inputs, [pctr, pcvr]).predict(facts[judge], batch_size=8192, verbose=0)
    return (a * b)[:, 0]


towers = {kind: [fit_towers(kind, seed) for seed in range(3)] for kind in ("clicked rows alone", "ESMM")}
pd.DataFrame({kind: {
    "PR-AUC, mean of 3 seeds": np.mean([metrics.pr_auc(bought[judge], p) for p in each]),
    "lowest": np.min([metrics.pr_auc(bought[judge], p) for p in each]), "highest": np.max([metrics.pr_auc(bought[judge], p) for p in each]),
    "purchases promised per purchase made": np.mean([p.sum() for p in each]) / bought[judge].sum(),
} for kind, each in towers.items()}).T.round(4)

# %%
draws = metrics.household_draws(shown["shopper"].to_numpy()[judge], {
    kind: metrics.weighted(metrics.pr_auc, bought[judge], np.mean(each, axis=0)) for kind, each in towers.items()}, draws=60, seed=1)
gain = draws["ESMM"] - draws["clicked rows alone"]
print(f"ESMM over clicked rows alone, PR-AUC of the averaged seeds: {gain.mean():+.4f}, 95 % interval over shoppers "
      f"{gain.quantile(.025):+.4f} to {gain.quantile(.975):+.4f}; by chance {bought[judge].mean():.4f}")

# %% [markdown]
# Read the interval before you sell ESMM: where it holds zero, no gain is shown on these impressions, and few purchases to judge by (see above) decide
# little. The bias it removes is as large as the
# difference between what was clicked and what was not, *beyond the facts the towers see*. The more of that the facts hold, the less there is to gain.
#
# ## Stretch: what a convolution computes
#
# ### exercise: conv1d_forward
#
# `conv1d_forward(x, w, b)` → array (T − k + 1, C), equal to Keras' `Conv1D(C, k)` with `padding="valid"`, stride 1 and no activation.
#
# * `x`: (T, F), one sequence. `w`: (k, F, C), the kernel. `b`: (C,), the bias. Lists or arrays; 1 ≤ k ≤ T.
# * Output at step t, filter c: Σ over j and f of `x[t + j, f] · w[j, f, c]`, plus `b[c]`. The kernel is **not** turned round (what Keras
#   calls convolution is correlation).
#
# By hand: x = 1, 2, 4 in one channel, kernel (1, 10), bias .5 gives 1 + 20 + .5 = 21.5 and 2 + 40 + .5 = 42.5.

# %%
# exercise: conv1d_forward
def conv1d_forward(x, w, b):
    """A valid one-dimensional convolution as Keras computes it: x (T, F), w (k, F, C), b (C,) -> (T - k + 1, C).

    >>> conv1d_forward([[1.], [2.], [4.]], [[[1.]], [[10.]]], [.5]).tolist()
    [[21.5], [42.5]]
    """
    ### BEGIN SOLUTION: slide the kernel over the steps; at each place multiply, sum over steps and channels, add the bias
    x, w, b = np.asarray(x, float), np.asarray(w, float), np.asarray(b, float)
    k = len(w)
    return np.stack([np.tensordot(x[t:t + k], w, axes=2) + b for t in range(len(x) - k + 1)])
    ### END SOLUTION

# %%
check(conv1d_forward)

# %% [markdown]
# The same numbers from Keras, if yours has passed:

# %%
if own := yours("conv1d_forward"):
    from helpers.training import keras

    layer = keras.layers.Conv1D(4, 3)
    sequence = np.random.default_rng(2).normal(size=(10, 2)).astype("float32")
    theirs = np.asarray(layer(sequence[None]))[0]
    kernel, bias = layer.get_weights()
    print("largest difference from Keras:", f"{np.abs(own(sequence, kernel, bias) - theirs).max():.1e}")
else:
    print("Solve conv1d_forward, run its check, and run this cell again.")

# %% [markdown]
# ## Stretch: the map that calibrated every rung
#
# **Isotonic regression** (保序回归) finds the non-decreasing steps closest to the labels in squares. The algorithm is PAVA (pool adjacent
# violators, 相邻违例合并): go from the lowest score to the highest; where a block's mean is below its predecessor's, merge the two.
#
# ### exercise: fit_isotonic
#
# `fit_isotonic(score, y, new)` → array (m,): the calibrated values at `new`.
#
# * `score`: (n,) and `y`: (n,) of 0/1, in any order; n ≥ 1. `new`: (m,) scores to map.
# * **Equal scores are pooled first**: one knot for each distinct score, with the mean of its labels, weighing as many rows as it has.
# * PAVA over the knots in order of score; merged blocks take the mean weighted by rows.
# * At a knot: its block's value. Between two neighbouring knots: on the straight line. Below the first and above the last knot: the value there.
#
# By hand: scores .1 .2 .3 .4 with labels 0 1 0 1 become 0, ½, ½, 1.

# %%
# exercise: fit_isotonic
def fit_isotonic(score, y, new):
    """Isotonic regression of y on score (pool adjacent violators), evaluated at `new`: (m,).

    >>> fit_isotonic([.1, .2, .3, .4], [0, 1, 0, 1], [.1, .25, .9]).tolist()
    [0.0, 0.5, 1.0]
    """
    ### BEGIN SOLUTION: pool equal scores, merge neighbouring blocks that fall, interpolate between the knots
    knots, place = np.unique(np.asarray(score, float), return_inverse=True)
    rows = np.bincount(place).astype(float)
    means = np.bincount(place, weights=np.asarray(y, float)) / rows
    blocks = []                                             # [value, rows, knots]
    for mean, weight in zip(means, rows, strict=True):
        blocks.append([mean, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value, more, many = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + value * more) / (last[1] + more)
            last[1] += more
            last[2] += many
    values = np.repeat([block[0] for block in blocks], [block[2] for block in blocks])
    return np.interp(np.asarray(new, float), knots, values)
    ### END SOLUTION

# %%
check(fit_isotonic)

# %% [markdown]
# Does the map help when probabilities are bent by negative sampling? Here with the library's isotonic regression and the closed form beside it:

# %%
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(3)
p = rng.beta(.6, 6, 12_000)
y = (rng.random(len(p)) < p).astype(int)
q = p / (p + (1 - p) * .25)                                         # what a perfect model says after sampling one negative in four
half = len(p) // 2
mapped = IsotonicRegression(out_of_bounds="clip").fit(q[:half], y[:half]).predict(q[half:])
plots.reliability(y[half:], {"sampled": q[half:], "isotonic": mapped})
print(pd.Series({"as it came": metrics.brier(y[half:], q[half:]), "isotonic": metrics.brier(y[half:], mapped),
                 "true probability": metrics.brier(y[half:], p[half:])}).round(4).to_string())

# %%
progress("01")
