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
# # 06 · Retention: more
#
# Level *more*: a model of what a treatment changes, a curve that judges it, the value of a policy from a log of another, and how many shoppers
# a test needs. Level *stretch*: effects for each shopper when few were treated, an outcome that no shopper has and that every model can learn, and
# the first thing to look at in any experiment. No points; nothing later depends on them.

# %% tags=["setup"]
import math

import numpy as np
import pandas as pd
from scipy import stats

from helpers import check, hint, plots, progress, uplift, yours  # noqa: F401

plots.style()
SEED = 1

# %% [markdown]
# ## Who stays *because of* it?
#
# A churn model says who will leave. A coupon does not go to who will leave, but to whom it makes stay. Four kinds of shoppers:
#
# | | would leave without a coupon | would stay without one |
# |---|---|---|
# | **stays with it** | *persuadable* (可说服者): the only ones worth a coupon | *sure thing* (必然留存者): costs the coupon |
# | **leaves with it** | *lost cause* (必然流失者): costs the coupon | *do not disturb* (勿扰者): it drives them away |
#
# No shopper's kind can be seen: they get a coupon or none, and the other outcome stays unknown. That is the fundamental problem of causal inference
# (因果推断的根本问题). But an experiment shows it for *groups*: among shoppers alike in X, compare those who got a coupon with those who did not, who
# differ by a lot and by nothing else. This difference,
#
# $$ \tau(x) = E[\,y \mid x, t = 1\,] - E[\,y \mid x, t = 0\,], $$
#
# is the **uplift** (增益), or conditional average treatment effect (CATE, 条件平均处理效应). The simplest way to it: fit the two means
# with **two** models, one an arm, and subtract. This is the **T-learner** (T for two; 双模型法; Künzel et al., PNAS 2019).
#
# Why not one model with t as a column (**S-learner**)? A linear one then has one coefficient for t: the same uplift for everybody, and no order
# at all. A flexible one may shrink t away among many stronger columns. The T-learner's weakness is the opposite: both models err, each in its
# own way, and the difference of two noisy numbers is noisier than either. So they need a penalty.
#
# ### exercise: t_learner
#
# `t_learner(X, y, t, X_new, l2)` → array (m,), the uplift of each new row
#
# * `X`: (n, d), d ≥ 1; `y`: (n,) any numbers; `t`: (n,) of 0 and 1, or of bool; `X_new`: (m, d), m may be 0. Lists or arrays. Do not change them.
# * In each arm a **ridge regression** (岭回归) on that arm's rows alone: the weights w and the intercept b that minimise
#   Σ (y − b − X·w)² + l2 · Σ w². The **sum** of the squares, not their mean. The **intercept is not penalised**.
# * Columns are used as they are: not scaled.
# * The uplift of a new row: the treated arm's prediction less the control arm's.
# * `l2` is the same number in both arms. `ValueError` unless l2 > 0 and each arm has at least one row.
#
# By hand: one column. Treated: x = 0, 2 with y = 1, 3; control: x = 0, 2 with y = 1, 1; l2 = 2. The treated arm's means are 1 and 2, the centred x
# are −1 and 1, so the slope is (1 + 1) / (2 + 2) = .5 and the intercept 2 − .5 · 1 = 1.5. In the control arm: slope 0, intercept 1. The uplift is
# .5 + .5x: 1 at x = 1, and 2 at x = 3.

# %%
# exercise: t_learner
def t_learner(X, y, t, X_new, l2):
    """Uplift of new rows by two ridge regressions, one an arm (T-learner): (m,).

    X: (n, d).  y: (n,).  t: (n,) of 0/1 or bool.  X_new: (m, d).  l2: penalty on the weights, not on the intercept.
    ValueError unless l2 > 0 and both arms have a row.

    >>> t_learner([[0.], [2.], [0.], [2.]], [1., 3., 1., 1.], [1, 1, 0, 0], [[1.], [3.]], l2=2.).round(6).tolist()
    [1.0, 2.0]
    """
    ### BEGIN SOLUTION: for each arm centre by its own means, solve (XᵀX + l2 I) w = Xᵀy, predict X_new; treated less control
    X, y, t, X_new = np.asarray(X, float), np.asarray(y, float), np.asarray(t, bool), np.asarray(X_new, float)
    if l2 <= 0 or t.all() or not t.any():
        raise ValueError("l2 is above 0, and both arms have a row")

    def predicted(rows):
        centre, level = X[rows].mean(axis=0), y[rows].mean()
        centred = X[rows] - centre
        weights = np.linalg.solve(centred.T @ centred + l2 * np.eye(X.shape[1]), centred.T @ (y[rows] - level))
        return level + (X_new - centre) @ weights

    return predicted(t) - predicted(~t)
    ### END SOLUTION

# %%
check(t_learner)

# %% [markdown]
# Now a coupon trial in the simulated shop. Up to day 90 every shopper got coupons or none by lot, fortnight by fortnight: that leaves answers to
# learn from. Then the programme: of those active on days 60 to 89, half get a coupon every fortnight (days 90 to 146), by lot. y: back on days 150
# to 163. The shop is run three times, which takes some 10 seconds: once as it was; once with the other side of every coin, so that we (and nobody
# else, ever) know both lives of each shopper; and once with the last coupon left out.

# %%
trial = uplift.coupon_trial(shoppers=40_000, seed=SEED)
trial_without, trial_with = trial.lives
trial_gain = trial_with - trial_without
trial_mu0, trial_mu1 = uplift.cross_fitted(trial.X, trial.y, trial.t)             # two ridges, five folds: no row's models saw it
print(f"{len(trial.y):,} active shoppers, {trial.t.sum():,} in the programme")
print(f"back on days 150 to 163: {trial.y[~trial.t].mean():.1%} without it, {trial.y[trial.t].mean():.1%} with it")

scores = {"highest risk": -trial_mu0, "most visits so far": trial.X[:, :2].sum(axis=1), "more visits under coupons than expected": trial.X[:, 2],
          "T-learner": trial_mu1 - trial_mu0}
if own := yours("t_learner"):
    scaled, halves = (trial.X - trial.X.mean(axis=0)) / trial.X.std(axis=0), np.random.default_rng(SEED).permutation(len(trial.y)) % 2 == 0
    scores["T-learner, yours, two halves"] = np.empty(len(trial.y))
    for seen in (halves, ~halves):
        scores["T-learner, yours, two halves"][~seen] = own(scaled[seen], trial.y[seen], trial.t[seen], scaled[~seen], 10.)

whom = {"everybody": np.full(len(trial.y), True)}
whom |= {name: np.argsort(np.argsort(-score, kind="stable")) < len(score) // 5 for name, score in scores.items()}
pd.DataFrame({name: {"persuadable, %": 100 * (trial.kind[who] == 1).mean(), "annoyed, %": 100 * (trial.kind[who] == -1).mean(),
                     "back without, %": 100 * trial_without[who].mean(), "extra back per 1,000 treated": 1000 * trial_gain[who].mean(),
                     "± 95 %": 1960 * trial_gain[who].std(ddof=1) / np.sqrt(who.sum()),
                     "the same, last coupon left out": 1000 * (trial.stopped - trial_without)[who].mean()}
              for name, who in whom.items()}).T.round(1)

# %% [markdown]
# All of this is *simulated*, and each row but the first treats one shopper in five. In the shop a shopper is *persuadable* (a valid coupon brings them
# in), *annoyed* (do not disturb), or indifferent: sure things and lost causes together. Read from left to right.
#
# * **Risk** finds those who are seldom back without a coupon, as it should. It does not find the persuadable: their share is no larger than among
#   everybody.
# * What tells is how a shopper **answered earlier coupons**. That column exists only because those coupons were sent by lot.
# * One such column, sorted, does at least as well as the T-learner, which has ten slopes to find from a small effect. A model has to earn its place
#   against that column, not against risk.
# * **The last column is the one to remember.** Leave out the coupon that is still valid in the fortnight in which we count, and the gain is gone.
#   Here a coupon makes people come *while it is valid*; who comes more often also has more occasions to leave. The metric "back on days 150 to 163"
#   was bought, not earned. Ask of every retention programme: when does the last treatment end, and when do we count?

# %% [markdown]
# ## Is the order right?
#
# An uplift cannot be checked row by row: nobody's two outcomes are known. So no AUC, no squared error. But an *order* can be checked in groups.
# Take an experiment's rows, the highest score first, and walk down. At each point ask: among the rows so far, how many more outcomes have the
# treated than the control, if the control were as many? That is the **Qini curve** (Radcliffe 2007):
#
# $$ Q = \frac{1}{n} \Bigl( Y_t - Y_c \, \frac{N_t}{N_c} \Bigr) $$
#
# with N the rows so far and Y the sum of y over them, in the treated (t) and the control (c) arm. A random order climbs straight to the last point,
# the effect on all. A good order climbs fast, and **falls** at the end where there are shoppers whom the treatment harms. The share at the top of
# the curve is how many to treat, if it costs nothing.
#
# Beware of the name. Libraries divide by other things, scale the other arm, or call the *uplift curve* (a difference of rates, AUUC) Qini. A number
# from one does not compare with a number from another: say the formula.
#
# ### exercise: qini_curve
#
# `qini_curve(y, t, score)` → `(share, gain)`, two arrays (k + 1,)
#
# * `y`: (n,) any numbers (stayed or not, or an amount; may be below 0). `t`: (n,) of 0 and 1, or of bool. `score`: (n,), higher = treat first.
#   n ≥ 1. Lists or arrays. Do not change them.
# * Rows with **exactly equal** scores are one block: k is the number of different scores. First comes the point (0, 0), then one point at the **end**
#   of each block, the highest scores first.
# * `share`: rows so far, of both arms, over n. `gain`: (Y_t − Y_c · N_t / N_c) / n, all four counted **so far**. n is all rows.
# * As long as N_c is 0, the second term is 0.
# * `ValueError` if a score is nan.
#
# By hand: scores .9, .7, .7, .2; t = 1, 0, 1, 0; y = 1, 1, 1, 0. First block: one treated row, no control: 1 / 4. Second: the two
# .7 come together: Y_t = 2, N_t = 2, Y_c = 1, N_c = 1: 2 − 1 · 2 / 1 = 0. Third: N_c = 2: (2 − 1 · 2 / 2) / 4 = 1 / 4.
# So share = 0, .25, .75, 1 and gain = 0, .25, 0, .25.

# %%
# exercise: qini_curve
def qini_curve(y, t, score):
    """The Qini curve, (share of rows, gain per row), from (0, 0) to the effect on all, one point a block of equal scores.

    y: (n,) any numbers.  t: (n,) of 0/1 or bool.  score: (n,), the highest first; ValueError if one is nan.

    >>> [each.tolist() for each in qini_curve([1, 1, 1, 0], [1, 0, 1, 0], [.9, .7, .7, .2])]
    [[0.0, 0.25, 0.75, 1.0], [0.0, 0.25, 0.0, 0.25]]
    """
    ### BEGIN SOLUTION: sort, highest first; running sums of both arms; the last row of each block; a zero in front
    y, t, score = np.asarray(y, float), np.asarray(t, float), np.asarray(score, float)
    if np.isnan(score).any():
        raise ValueError("a score is nan: this row cannot be ranked")
    order = np.argsort(-score)
    y, t, score = y[order], t[order], score[order]
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))
    treated, control = np.cumsum(t)[last], np.cumsum(1 - t)[last]
    y_treated, y_control = np.cumsum(y * t)[last], np.cumsum(y * (1 - t))[last]
    gain = y_treated - y_control * treated / np.where(control > 0, control, 1)
    return np.append(0, (last + 1) / len(y)), np.append(0, gain / len(y))
    ### END SOLUTION

# %%
check(qini_curve)

# %% [markdown]
# The curves of the same trial. In the simulation we can lay what really would have happened over them (dotted):

# %%
qini_rows, draws = {}, np.random.default_rng(SEED).integers(0, len(trial.y), (200, len(trial.y)))


def above_random(score, rows=slice(None)):
    """Area between the curve and the straight line to its end, in shoppers per 1,000."""
    _, gain = uplift.qini(trial.y[rows], trial.t[rows], score[rows])
    return 1000 * (gain.mean() - gain[-1] / 2)


fig, ax = plots.plt.subplots(figsize=(8, 4.4))
drawn = {"more visits under coupons than expected": (plots.GREEN, .24, (.02, 1.22)), "T-learner": (plots.BLUE, .87, (.78, 1.42)),
         "highest risk": (plots.VERMILION, .52, (.55, .2))}
for name, (colour, place, label) in drawn.items():
    share, gain = uplift.qini(trial.y, trial.t, scores[name])
    lived = np.cumsum(trial_gain[np.argsort(-scores[name], kind="stable")]) / len(trial.y) * trial.t.mean()
    ax.plot(share, 1000 * gain, color=colour, lw=1.6)
    ax.plot(share, 1000 * lived, color=colour, lw=1.2, ls=":")
    at = int(place * len(share))
    ax.annotate(name, (share[at], 1000 * gain[at]), xytext=(label[0], 1000 * gain[-1] * label[1]), color=colour, fontsize=9.5,
                arrowprops={"arrowstyle": "-", "color": colour, "lw": .8, "shrinkA": 1})
    drawn_again = [above_random(scores[name], rows) for rows in draws]
    qini_rows[name] = {"area above random": above_random(scores[name]), **dict(zip(("low", "high"), np.percentile(drawn_again, [2.5, 97.5]), strict=True))}
ax.plot([0, 1], [0, 1000 * gain[-1]], color=plots.GREY, lw=1, ls="--")
ax.annotate("random order", (.8, 800 * gain[-1]), xytext=(4, -16), textcoords="offset points", color=plots.GREY, fontsize=9.5)
ax.annotate("solid: estimated from the trial\ndotted: from both lives of each shopper", (.02, 1), xycoords=("data", "axes fraction"), va="top",
            color=plots.GREY, fontsize=9)
ax.set(title="Risk ranks like a random order; answers to earlier coupons do not", xlabel="share of shoppers, highest score first",
       ylabel="extra shoppers back, per 1,000 in the trial", xlim=(0, 1.02))
plots.percent(ax.xaxis)
plots.plt.show()
if own := yours("qini_curve"):
    share, gain = own(trial.y, trial.t, scores["T-learner"])
    qini_rows["T-learner, your curve"] = {"area above random": 1000 * (np.sum((gain[1:] + gain[:-1]) / 2 * np.diff(share)) - gain[-1] / 2)}
pd.DataFrame(qini_rows).T.round(2)

# %% [markdown]
# Half of this trial was treated, so the curve ends at half of the effect. (A campaign for all gains about twice what the curve shows.) The area
# between a curve and the random line is often called the **Qini coefficient**; the interval comes from 200 bootstrap draws of shoppers (自助法).
# Note how wide it is, and how far a solid line strays from its dotted one: with some fifteen thousand shoppers two models can hardly be told apart.
# Who compares uplift models by the second decimal of a Qini on one trial compares luck.

# %% [markdown]
# ## What would another policy have been worth?
#
# A log shows what one policy did: row i was treated with the chance e. What would be the mean outcome under *another* policy, one that treats row i
# with the chance π (0 or 1 if it is sure)? Two answers, each with its own way of failing:
#
# * **The model** (直接法): predict both outcomes, μ₁ with treatment and μ₀ without, and take π μ₁ + (1 − π) μ₀. If the model is wrong, so is the
#   answer, and nothing tells.
# * **Weighting** (逆倾向评分, IPS): take the outcomes of those rows that got what the policy would give, each over the chance that it got it. Right
#   whatever the model is, if e is; and noisy.
#
# Put together they repair each other. Start from the model, and weigh only what it got **wrong**:
#
# $$ \Gamma_i = \pi_i\,\mu_{1i} + (1 - \pi_i)\,\mu_{0i} + \frac{t_i\,\pi_i}{e_i}\,(y_i - \mu_{1i}) + \frac{(1 - t_i)(1 - \pi_i)}{1 - e_i}\,(y_i - \mu_{0i}) $$
#
# The value is the mean of Γ. It is **doubly robust** (双重稳健; Robins et al. 1994; Dudík et al. 2011): right on average if the chances are right
# *or* the model is. In an experiment the chances are known: then a bad model costs precision and nothing else, and what a good one explains no
# longer makes noise. One condition: μ of a row must come from a model that did **not see** this row (cross-fitting, 交叉拟合). Else its residuals
# are too small, and so is the error.
#
# ### exercise: policy_value
#
# `policy_value(y, t, e, pi, mu0, mu1)` → `(value, standard_error)`, two numbers
#
# * `y`: (n,) any numbers. `t`: (n,) of 0 and 1. `mu0`, `mu1`: (n,) predictions without and with treatment. Lists or arrays.
# * `e`: the chance with which the log **treated** a row, whatever happened then; `pi`: the chance with which the new policy treats it. Each is
#   (n,), or one number for all. `pi` may be of bool.
# * `value`: the mean of the Γ above, as it stands: weights are neither capped nor divided by their sum.
# * `standard_error`: the standard deviation of the Γ (n − 1 in the denominator) over √n.
# * `ValueError` unless every e lies **strictly** between 0 and 1, every pi from 0 to 1, and n ≥ 2.
#
# By hand: three rows. Treated, e = .8, π = 1, y = 1, μ₁ = .6: .6 + (1 / .8) · (1 − .6) = 1.1. Control, e = .5, π = 0, y = 0, μ₀ = .4: .4 + (1 / .5)
# · (0 − .4) = −.4. Treated, π = 0, μ₀ = .2: the policy would not do what was done, so nothing corrects the model: .2. The mean of 1.1, −.4 and .2
# is **.3**; their standard deviation is √.57, over √3: **.436**. (A single Γ may lie anywhere; it is the mean that counts.)

# %%
# exercise: policy_value
def policy_value(y, t, e, pi, mu0, mu1):
    """Mean outcome under a policy, and its standard error, from the log of another one: doubly robust.

    y, t (0/1), mu0, mu1: (n,).  e: the log's chance of treatment, pi: the policy's; (n,) or one number.
    ValueError unless 0 < e < 1, 0 <= pi <= 1 and n >= 2.

    >>> value, error = policy_value([1, 0, 1], [1, 0, 1], [.8, .5, .5], [1, 0, 0], [.2, .4, .2], [.6, .5, .7])
    >>> round(value, 6), round(error, 3)
    (0.3, 0.436)
    """
    ### BEGIN SOLUTION: the model under the policy; the residual of the arm each row was in, weighted; mean and error of the sum
    y, t, mu0, mu1 = (np.asarray(each, float) for each in (y, t, mu0, mu1))
    e, pi = np.asarray(e, float), np.asarray(pi, float)
    if len(y) < 2 or not ((e > 0) & (e < 1)).all() or not ((pi >= 0) & (pi <= 1)).all():
        raise ValueError("e lies between 0 and 1, pi from 0 to 1, and there are two rows or more")
    terms = pi * mu1 + (1 - pi) * mu0 + t * pi / e * (y - mu1) + (1 - t) * (1 - pi) / (1 - e) * (y - mu0)
    return float(terms.mean()), float(terms.std(ddof=1) / math.sqrt(len(y)))
    ### END SOLUTION

# %%
check(policy_value)

# %% [markdown]
# Now a log that is *not* half and half. Marketing believed in risk and gave the programme to those silent for over two weeks with the chance .8, to
# the others with .3. (Both lives are known here, so any such log can be laid out.) What would five policies have been worth, the share of shoppers
# who are back? *Naive* takes the mean of the rows that got what the policy would give, without weights.

# %%
log_e = np.where(trial.X[:, 3] > 14, .8, .3)
lot = np.random.default_rng(SEED)


def estimates(t, pi):
    """value and error by three estimators, from a log in which t was treated."""
    y, agree = np.where(t, trial_with, trial_without), t == pi
    weight = agree / np.where(t, log_e, 1 - log_e)
    robust = uplift.doubly_robust(y, t, log_e, pi, trial_mu0, trial_mu1)
    of_rows = {"naive": y[agree], "weighting": y * weight, "doubly robust": robust}
    return {how: (terms.mean(), terms.std(ddof=1) / np.sqrt(len(terms))) for how, terms in of_rows.items()}


policies = {"nobody": np.zeros(len(trial.y), bool)}
policies |= {name: whom[name] for name in ("everybody", "highest risk", "more visits under coupons than expected", "T-learner")}
log_t, value_rows = lot.random(len(trial.y)) < log_e, {}
for name, pi in policies.items():
    value_rows[name] = {"truth": f"{np.where(pi, trial_with, trial_without).mean():.1%}"}
    value_rows[name] |= {how: f"{value:.1%} ± {1.96 * error:.1%}" for how, (value, error) in estimates(log_t, pi).items()}
    if own := yours("policy_value"):
        value, error = own(np.where(log_t, trial_with, trial_without), log_t.astype(int), log_e, pi, trial_mu0, trial_mu1)
        value_rows[name]["yours"] = f"{value:.1%} ± {1.96 * error:.1%}"
pd.DataFrame.from_dict(value_rows, orient="index")

# %% [markdown]
# One log is one draw of luck. So draw 300 of them for one policy, everybody, and see how each estimator does over and over:

# %%
everybody, replays = policies["everybody"], {}
for _ in range(300):
    for how, (value, error) in estimates(lot.random(len(trial.y)) < log_e, everybody).items():
        replays.setdefault(how, []).append((100 * (value - trial_with.mean()), 100 * error))
pd.DataFrame({how: {"wrong on average, points": pairs[:, 0].mean(), "spread (sd), points": pairs[:, 0].std(ddof=1),
                    "95 % interval holds the truth, %": 100 * (abs(pairs[:, 0]) < 1.96 * pairs[:, 1]).mean()}
              for how, pairs in ((how, np.array(pairs)) for how, pairs in replays.items())}).T.round(2)

# %% [markdown]
# The naive mean is wrong in every replay, and in one direction: who was silent was treated more often, so the programme looks as if it drove
# shoppers away. It says that nobody should get a coupon, while the truth is the reverse, and more data would make it surer of it. Weighting is
# right on average, and the model inside the doubly robust estimate takes off a part of its spread. Their errors also count the luck of *which
# shoppers* there are, which these replays hold fixed; so their intervals hold the truth more often than 95 times in a hundred.

# %% [markdown]
# ## How many shoppers does a test need?
#
# Before a test, not after it. Two ways to be wrong: to see an effect where there is none (chance alpha, 显著性水平), and to miss one that is there
# (chance 1 − power, 统计功效). The smallest lift worth seeing is the **minimum detectable effect** (MDE, 最小可检测效应). The difference of two shares
# of n shoppers each has the variance (p₀(1 − p₀) + p₁(1 − p₁)) / n. A test calls it an effect from z(1 − alpha / 2) standard errors on; for the
# lift to get there with the chance *power* it must be z(power) further away. So
#
# $$ n = \frac{\bigl(z_{1 - \alpha/2} + z_{\text{power}}\bigr)^2 \, \bigl(p_0 (1 - p_0) + p_1 (1 - p_1)\bigr)}{(p_1 - p_0)^2}, \qquad p_1 = p_0 + \text{mde} $$
#
# **Half the lift needs four times as many.** That sentence kills more tests than any bug.
#
# ### exercise: power_n
#
# `power_n(p0, mde, alpha=.05, power=.8)` → whole number, shoppers **per arm**
#
# * `p0`: the control's share. `mde`: the lift in **absolute** terms: .02 is from .30 to .32, two points. It may be negative.
# * The test is **two-sided** (双侧). Variances are **unpooled**, as above, for both z. z is the quantile (分位数) of the standard normal
#   distribution itself, not 1.96 and .84.
# * Rounded **up**, once, at the end. (In the cases it is never near a whole number.)
# * `ValueError` unless 0 < p0 < 1, 0 < p0 + mde < 1, mde ≠ 0, and 0 < alpha < power < 1.
#
# By hand: p0 = .3, mde = .02. z(.975) = 1.959964 and z(.8) = .841621, their sum squared 7.8489. The variances are .3 · .7 = .21 and .32 · .68 =
# .2176, together .4276. 7.8489 · .4276 / .0004 = 8,390.5: **8,391** in each arm.

# %%
# exercise: power_n
def power_n(p0, mde, alpha=.05, power=.8):
    """Shoppers per arm so that a two-sided test of two shares sees a lift of `mde` with the chance `power`: a whole number.

    p0: the control's share.  mde: absolute, may be negative.  ValueError unless both shares lie between 0 and 1, mde is not 0,
    and 0 < alpha < power < 1.

    >>> power_n(.3, .02)
    8391
    """
    ### BEGIN SOLUTION: both shares' variances, the two quantiles added and squared, over the lift squared, rounded up
    p1 = p0 + mde
    if not (0 < p0 < 1 and 0 < p1 < 1 and mde != 0 and 0 < alpha < power < 1):
        raise ValueError(f"there is no test of {p0} against {p1} at alpha {alpha} and power {power}")
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return math.ceil(z ** 2 * (p0 * (1 - p0) + p1 * (1 - p1)) / mde ** 2)
    ### END SOLUTION

# %%
check(power_n)

# %% [markdown]
# Is the formula true? Take the shop's share that is back without any coupon, and play 20,000 tests at each size. Then ask what this shop could see
# at all. The last columns say what prediction buys: with CUPED on a prediction from before the test (ρ: its correlation with y) the variance falls
# to 1 − ρ².

# %%
shop_share, rho = trial_without.mean(), np.corrcoef(trial_mu0[~trial.t], trial.y[~trial.t])[0, 1]
tests, size_rows = np.random.default_rng(SEED), {}


def shoppers_per_arm(lift):
    z = stats.norm.ppf(.975) + stats.norm.ppf(.8)
    return z ** 2 * (shop_share * (1 - shop_share) + (shop_share + lift) * (1 - shop_share - lift)) / lift ** 2


def seen_in(n, lift, times=20_000):
    control, treated = tests.binomial(n, shop_share, times) / n, tests.binomial(n, shop_share + lift, times) / n
    return np.mean(abs(treated - control) > 1.959964 * np.sqrt((control * (1 - control) + treated * (1 - treated)) / n))


for lift in (.005, .01, .02, .03, .05):
    n = math.ceil(shoppers_per_arm(lift))
    size_row = {"per arm": f"{n:,}", "of such tests see it": f"{seen_in(n, lift):.1%}", "of tests half as large": f"{seen_in(n // 2, lift):.1%}",
                f"per arm, ρ = {rho:.2f}": f"{math.ceil(n * (1 - rho ** 2)):,}"}
    if own := yours("power_n"):
        size_row["yours"] = f"{own(shop_share, lift):,}"
    size_rows[f"+{100 * lift:g} points"] = size_row
print(f"{shop_share:.1%} are back; this shop of 40,000 has {len(trial.y) // 2:,} active shoppers for each arm")

fig, ax = plots.plt.subplots(figsize=(8, 4))
lifts = np.geomspace(.004, .06, 100)
ax.loglog(100 * lifts, shoppers_per_arm(lifts), color=plots.BLUE)
for lift in (.005, .01, .02, .05):
    ax.plot(100 * lift, shoppers_per_arm(lift), "o", color=plots.BLUE)
    ax.annotate(f"{math.ceil(shoppers_per_arm(lift)):,}", (100 * lift, shoppers_per_arm(lift)), xytext=(7, 5), textcoords="offset points", color=plots.BLUE,
                fontsize=9.5)
ax.axhline(len(trial.y) / 2, color=plots.VERMILION, lw=1.2)
ax.annotate("what this shop has in each arm", (.42, len(trial.y) / 2), xytext=(0, 5), textcoords="offset points", color=plots.VERMILION, fontsize=9.5)
ax.set(title="Half the lift, four times the shoppers", xlabel="lift in retention, points (80 % power, two-sided at 5 %)", ylabel="shoppers in each arm")
ax.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
ax.xaxis.set_minor_formatter(lambda x, _: "")
ax.set_xticks([.5, 1, 2, 5])
ax.yaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
plots.plt.show()
pd.DataFrame.from_dict(size_rows, orient="index")

# %% [markdown]
# The formula keeps its promise. And where the line of the shop crosses the curve lies the smallest lift it sees four times in five; a smaller
# one is missed more often, however good the model. Decide that *before*: a test that cannot see what you hope for is no test but a
# delay. What helps: wait for more shoppers, measure something closer to the model that moves more, or take off variance that was known beforehand.

# %% [markdown]
# ## Stretch: few were treated
#
# A **T-learner** fits one model of the outcome on the treated shoppers, one on the controls, and subtracts. Experiments are often not half and
# half: ten in a hundred get the coupon, because coupons cost. Then one of the two models has seen few shoppers, and the penalty (正则化) flattens it
# more than the other. Their difference shows it: where the outcome is high, the flat model is too low, and the coupon seems to *harm* exactly the
# best customers. No shopper did that. Two models, each shrunk, have a difference that is not shrunk towards anything.
#
# The **X-learner** (Künzel, Sekhon, Bickel and Yu 2019) crosses over. Of each shopper one outcome is known. Take the other one from the *other*
# arm's model, so that each has an effect, half observed and half imputed (补全); then learn the **effect itself**, once from the treated and once
# from the controls. The penalty now pulls towards "everybody alike", which is what one should believe while data are few. At last mix the two,
# and trust more the one whose missing halves came from the larger arm:
#
# $$ D_i = y_i - \hat\mu_0(x_i) \;\text{(treated)}, \qquad D_i = \hat\mu_1(x_i) - y_i \;\text{(control)}, \qquad
# \hat\tau(x) = e\,\hat\tau_0(x) + (1 - e)\,\hat\tau_1(x) $$
#
# Note where e, the chance to be treated, stands: few treated, e small, nearly all weight on τ₁. It was learned from the few, but each of their effects
# leans on the model of the many.
#
# ### exercise: x_learner
#
# `x_learner(X, y, t, X_new, e, l2)` → array (m,), the estimated effect for each row of `X_new`
#
# * `X`: (n, d) numbers, d ≥ 1; `y`: (n,) outcomes; `t`: (n,), 1 for treated and 0 for control; `X_new`: (m, d), m ≥ 1. Lists or arrays.
# * `e`: the chance to be treated of the rows of `X_new`, a number for all or (m,) numbers.
# * All four models are **ridges** (岭回归) with the same l2: the b and w for which Σ (y − b − x·w)² + l2 · Σ w² is smallest. A *sum* over the rows, not
#   a mean. The intercept b (截距) is **not** penalised. No column is rescaled.
# * First μ₀ on the controls and μ₁ on the treated. Then D as above; τ₁ on the treated rows and τ₀ on the controls, both of D. Return
#   e · τ₀ + (1 − e) · τ₁ at `X_new`.
# * `ValueError` unless both arms have a row, l2 > 0, and each e lies strictly between 0 and 1.
#
# By hand: controls at x = −1 and 1 with y = 0 and 2; one treated, at x = 1 with y = 4; l2 = 2. For the controls Σ (x − x̄)(y − ȳ) = 2 and
# Σ (x − x̄)² = 2, so w = 2 / (2 + 2) = ½ and μ₀ = 1 + ½x. One row has nothing to slope on: μ₁ = 4. The treated row has D = 4 − 1.5 = 2.5, so
# τ₁ = 2.5. The controls have D = 4 and 2, so τ₀ = 3 − ½x. At x = 3 with e = ¼: ¼ · 1.5 + ¾ · 2.5 = **2.25**.

# %%
# exercise: x_learner
def x_learner(X, y, t, X_new, e, l2):
    """The effect of treatment for each row of X_new, by an X-learner of ridges (Künzel et al. 2019): (m,).

    X: (n, d), y: (n,), t: (n,) of 0 and 1.  X_new: (m, d), e: its chance to be treated, a number or (m,).  l2: penalty on weights, not on
    intercepts.  ValueError unless both arms have a row, l2 > 0 and 0 < e < 1.

    >>> x_learner([[-1.], [1.], [1.]], [0., 2., 4.], [0, 0, 1], [[3.]], .25, 2.).tolist()
    [2.25]
    """
    ### BEGIN SOLUTION: a ridge on each arm; each row's effect with the other arm's model; a ridge of the effects on each arm; mixed by e
    X, y, t, X_new, e = np.asarray(X, float), np.asarray(y, float), np.asarray(t) == 1, np.asarray(X_new, float), np.asarray(e, float)
    if t.all() or not t.any() or l2 <= 0 or not np.all((e > 0) & (e < 1)):
        raise ValueError("both arms need a row, l2 is above 0, and e lies between 0 and 1")

    def ridge(X, y):
        centre, level = X.mean(axis=0), y.mean()
        w = np.linalg.solve((X - centre).T @ (X - centre) + l2 * np.eye(X.shape[1]), (X - centre).T @ (y - level))
        return lambda rows: level + (rows - centre) @ w

    mu0, mu1 = ridge(X[~t], y[~t]), ridge(X[t], y[t])
    tau0, tau1 = ridge(X[~t], mu1(X[~t]) - y[~t]), ridge(X[t], y[t] - mu0(X[t]))
    return e * tau0(X_new) + (1 - e) * tau1(X_new)
    ### END SOLUTION

# %%
check(x_learner)

# %% [markdown]
# A shop in which the truth is known. Coupons went out by lot on five days; then comes day 90. Each shopper lives on from there **twice**, with the
# same luck: once with a coupon on day 90, once without. The outcome is whether they come within the fourteen days for which it is valid. From two
# lives any experiment can be drawn by lot, as often as one likes, and the effect it looks for is known for each shopper. Everything here is
# *simulated*. What a model may see: how often and how lately they came, and how often under earlier coupons and without. The two lives take some seconds.

# %%
from dataclasses import replace

from sklearn.linear_model import Ridge

from helpers.shop import HELPS, CouponPolicy, Popular, World
from helpers.shop.draws import uniforms

EARLIER, LAST, VALID = (20, 34, 48, 62, 76), 90, 14         # days of earlier coupons; of the one in question; days for which one is valid


def by_lot(shopper, day):
    return uniforms(SEED, 100 + day, shopper, day, 1)[:, 0] < .5                           # 100 + day: numbers that the world itself does not use


class EarlierByLot(CouponPolicy):
    """On each of the earlier days a coupon to half of the shoppers by lot; on the last day to all or to nobody."""

    def __init__(self, last):
        self.last = last

    def send(self, customers):
        everybody = np.arange(len(customers.visits))
        return by_lot(everybody, customers.day) if customers.day in EARLIER else np.full(len(everybody), self.last and customers.day == LAST)


two_lives = [World(replace(HELPS, days=LAST + 30), seed=SEED).run(Popular(), EarlierByLot(last), log=False).visited for last in (False, True)]
life_known = np.flatnonzero(two_lives[0][:, :LAST].any(axis=1))                            # who has come before
life_before = two_lives[0][life_known, :LAST]
life_came = np.array([life[life_known, LAST:LAST + VALID].any(axis=1) for life in two_lives], float)           # without, with
life_late = np.array([life[life_known, LAST + VALID:].any(axis=1) for life in two_lives], float)               # and in the 16 days after that
life_effect = life_came[1] - life_came[0]
life_often, life_silent = life_before.sum(axis=1), life_before[:, ::-1].argmax(axis=1)
had = np.stack([by_lot(life_known, day) for day in EARLIER], axis=1)
there = np.stack([life_before[:, :day].any(axis=1) for day in EARLIER], axis=1)
visits = np.stack([life_before[:, day:day + VALID].sum(axis=1) for day in EARLIER], axis=1) * there
counts = {"with": (there & had).sum(axis=1), "without": (there & ~had).sum(axis=1)}
during = {"with": (visits * had).sum(axis=1), "without": (visits * ~had).sum(axis=1)}
rates = {arm: during[arm] / np.maximum(counts[arm], 1) for arm in counts}
life_table = np.column_stack([np.log1p(np.column_stack([life_often, life_silent, life_before[:, -28:].sum(axis=1), *during.values()])),
                          *counts.values(), rates["with"] - rates["without"]])
life_table = (life_table - life_table.mean(axis=0)) / life_table.std(axis=0)
pd.Series({"shoppers": len(life_known), "come without a coupon, %": 100 * life_came[0].mean(), "come with one, %": 100 * life_came[1].mean(),
           "come because of it, %": 100 * (life_effect > 0).mean(), "stay away because of it, %": 100 * (life_effect < 0).mean()}).round(2)

# %% [markdown]
# Hardly one in thirty comes *because* of the coupon. Who? Half of the shoppers teach, the other half is ranked, and the best fifth by each
# ranking gets a coupon. Twelve lots each for an even experiment and for one that treats one in ten; every learner gets the same columns and the
# same penalties. The learners are yours as soon as they pass.

# %%
PENALTIES = (1, 10, 100, 1_000, 10_000)


def t_effects(X, y, t, X_new, l2):
    one, zero = (Ridge(alpha=l2).fit(X[t == arm], y[t == arm]).predict(X_new) for arm in (1, 0))
    return one - zero


def best_fifth(score, among):
    """Shoppers who come because of a coupon, of a hundred sent to the fifth with the highest scores."""
    return 100 * life_effect[among][np.argsort(-score, kind="stable")[:len(score) // 5]].mean()


rng, rare_rows = np.random.default_rng(SEED), []
own_x, own_z = yours("x_learner"), yours("transformed_outcome")
for chance in (.5, .1):
    for _ in range(12):
        t, ranked = (rng.random(len(life_known)) < chance).astype(int), rng.random(len(life_known)) < .5
        y = life_came[t, np.arange(len(t))]
        plain = {"everybody": 100 * life_effect[ranked].mean(), "longest silent": best_fifth(life_silent[ranked], ranked),
                 "came most often": best_fifth(life_often[ranked], ranked)}
        for l2 in PENALTIES:
            rungs = plain | {"T-learner": best_fifth(t_effects(life_table[~ranked], y[~ranked], t[~ranked], life_table[ranked], l2), ranked)}
            if own_x:
                rungs["X-learner, yours"] = best_fifth(np.asarray(own_x(life_table[~ranked], y[~ranked], t[~ranked], life_table[ranked], chance, l2)), ranked)
            if own_z:
                z = np.asarray(own_z(y[~ranked], t[~ranked], chance))
                rungs["transformed outcome, yours"] = best_fifth(Ridge(alpha=l2).fit(life_table[~ranked], z).predict(life_table[ranked]), ranked)
            rare_rows.append({"chance": chance, "l2": l2} | rungs)
rare = pd.DataFrame(rare_rows).groupby(["chance", "l2"]).agg(["mean", "std"])

fig, axes = plots.plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for ax, chance in zip(axes, (.5, .1), strict=True):
    for i, name in enumerate(dict.fromkeys(name for name, _ in rare.columns)):
        mean, sd = rare.loc[chance, (name, "mean")], rare.loc[chance, (name, "std")]
        learns = "learner" in name or "outcome" in name
        ax.plot(PENALTIES, mean, "o-" if learns else ":", color=plots.COLOURS[i], label=name)
        if learns:
            ax.fill_between(PENALTIES, mean - sd, mean + sd, color=plots.COLOURS[i], alpha=.15)
    ax.set(xscale="log", xlabel="l2", title=f"{chance:.0%} treated")
axes[0].set(ylabel="come because of it,\nof 100 coupons")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
fig.suptitle("Where few are treated, the penalty decides (simulated; band: one standard deviation between lots)")
plots.plt.show()
rare.xs("mean", axis=1, level=1).round(2)

# %% [markdown]
# Treat half, and the T-learner does well at any penalty. Treat one in ten, and two things happen. At its *best* penalty it is hardly better than sending
# coupons to who came most often, for which nobody needs a model; look at the band. At a large one it is worse than no ranking at all: it avoids the best
# customers, for the reason above. And the longest silent, who are the likeliest to have left, hardly ever come back for a coupon.
#
# With your X-learner in the plot, look at its two ends. On the right it holds: what is shrunk there is the effect. On the left, where the
# penalty vanishes, it lies *on* the T-learner, and that is no accident: of the same columns a least-squares fit of a linear function returns that
# function, so the second stage changes nothing. What crosses over is the regularisation, not some further knowledge. Beside learners without
# any (deep trees, say) or in an even experiment, expect nothing of it.

# %% [markdown]
# ## Stretch: an outcome that no shopper has
#
# Nobody's effect is ever seen: who got the coupon has no outcome without it. So no model can be *fitted* to effects, and none can be scored on
# them. Or can it? Where treatment was drawn by lot with a known chance e, put in place of the outcome
#
# $$ z = \frac{t\,y}{e} - \frac{(1 - t)\,y}{1 - e} $$
#
# the **transformed outcome** (变换结果; Athey and Imbens 2015). A shopper is treated with chance e, and then counts y₁/e; else −y₀/(1 − e). On
# average over the lot that is y₁ − y₀: **each shopper's own effect**. One z says nothing of one shopper. But whatever averages can now be used on effects:
#
# * its mean over all is the average effect (Horvitz and Thompson's estimate);
# * *any* regression of z on x learns the effect as a function of x, with one model and no subtraction;
# * its mean over a group that was chosen without looking at y is that group's effect: a score for any targeting, from a log alone.
#
# The price is noise. z is 0 or ±y divided by a chance, and where the chance is small it is huge.
#
# ### exercise: transformed_outcome
#
# `transformed_outcome(y, t, e)` → array (n,)
#
# * `y`: (n,) outcomes, any numbers; `t`: (n,), 1 for treated and 0 for control; `e`: the chance to be treated, one number or (n,) numbers, n ≥ 1.
#   Lists or arrays.
# * The formula above, row by row: nothing is averaged, centred, normalised or clipped.
# * `ValueError` unless every e lies strictly between 0 and 1 and every t is 0 or 1.
#
# By hand: y = 3, treated, e = ¼: 3 / ¼ = **12**. y = 2, control, e = .2: −2 / .8 = **−2.5**. y = 0: **0** in either arm.

# %%
# exercise: transformed_outcome
def transformed_outcome(y, t, e):
    """For each row a number whose mean over the lot is the row's own effect (Athey and Imbens 2015): (n,).

    y: (n,).  t: (n,) of 0 and 1.  e: chance of t = 1, a number or (n,).  ValueError unless 0 < e < 1 and t is 0 or 1.

    >>> transformed_outcome([3., 2., 0.], [1, 0, 1], [.25, .2, .5]).tolist()
    [12.0, -2.5, 0.0]
    """
    ### BEGIN SOLUTION: refuse impossible chances and arms; y / e for the treated, −y / (1 − e) for the controls
    y, t, e = np.asarray(y, float), np.asarray(t), np.asarray(e, float)
    if not np.all((e > 0) & (e < 1)) or not np.isin(t, [0, 1]).all():
        raise ValueError("e lies between 0 and 1, and t is 0 or 1")
    return np.where(t == 1, y / e, -y / (1 - e))
    ### END SOLUTION

# %%
check(transformed_outcome)

# %% [markdown]
# Run the figure above again once yours passes: a single regression of z stands there as a third learner. Its noise costs it something where half
# are treated, and more where one in ten is. As a *learner* it is seldom the best. Its use is the other one: as a **judge**. No log knows an effect; but of
# any group chosen without its outcomes, the mean of z is an unbiased estimate of its mean effect, with a standard error. One even experiment; the
# rankings of the held-out half; the best fifth of each, beside the truth that only a simulation has. With yours, z is averaged over each of these groups
# in 500 lots:

# %%
rng = np.random.default_rng(SEED)
t, ranked = rng.integers(0, 2, len(life_known)), rng.random(len(life_known)) < .5
y = life_came[t, np.arange(len(t))]
held_scores = {"everybody": np.zeros(ranked.sum()), "longest silent": life_silent[ranked], "came most often": life_often[ranked],
               "T-learner": t_effects(life_table[~ranked], y[~ranked], t[~ranked], life_table[ranked], 100)}
if own := yours("x_learner"):
    held_scores["X-learner, yours"] = np.asarray(own(life_table[~ranked], y[~ranked], t[~ranked], life_table[ranked], .5, 100))
fifths = {name: np.flatnonzero(ranked)[np.argsort(-score, kind="stable")[:len(score) if name == "everybody" else len(score) // 5]]
          for name, score in held_scores.items()}
judged = pd.DataFrame({name: {"shoppers": len(chosen), "truth, of 100": 100 * life_effect[chosen].mean()} for name, chosen in fifths.items()}).T
if own := yours("transformed_outcome"):
    level, estimates = y[~ranked].mean(), {name: [] for name in fifths}
    for _ in range(500):
        t = rng.integers(0, 2, len(life_known))
        y = life_came[t, np.arange(len(t))]
        for name, chosen in fifths.items():
            estimates[name].append([100 * np.mean(own(outcome[chosen], t[chosen], .5)) for outcome in (y, y - level)])
    means, spreads = (np.array([how(found, axis=0) for found in estimates.values()]) for how in (np.mean, np.std))
    judged[["mean of z, 500 lots", "its spread, one lot"]] = np.column_stack([means[:, 0], spreads[:, 0]])
    judged[["with y − ȳ", "its spread"]] = np.column_stack([means[:, 1], spreads[:, 1]])
judged.round(2)

# %% [markdown]
# On average over the lots the mean of z is the truth, for every ranking. One lot is another matter: compare its spread with the differences you want to
# see. Much of it comes from what has nothing to do with the coupon, the level of y. Take off the mean of the *other* half first, and the estimate stays
# right, and gets quieter wherever that mean says something of the group; the longest silent hardly ever come, and of them it says the wrong thing. So take
# off a model's prediction of y in place of one mean: that is the doubly robust estimate.

# %% [markdown]
# ## Stretch: look at the counts first
#
# Half of 1,637,070 users were to see each of two versions. In the log stand 821,588 and 815,482. That is 50.2 to 49.8, and looks like luck. It is not:
# this experiment was real, and was thrown away (Kohavi, Tang and Xu 2020, *Trustworthy Online Controlled Experiments*). If the arms
# do not have the sizes they were given, somebody is missing, and who is missing is seldom missing at random: a page that crashes for some,
# a filter for bots, a join that drops who never came back. This is a **sample ratio mismatch** (样本比例失衡, SRM). Every difference measured
# in such an experiment may be the missing people. So the first number of any report is not a lift but a p-value of the *counts*, by **Pearson's
# chi-square** (皮尔逊卡方):
#
# $$ \chi^2 = \sum_i \frac{(O_i - E_i)^2}{E_i}, \qquad E_i = N \cdot \frac{\text{ratio}_i}{\sum \text{ratio}} $$
#
# and p is the chance that a chi-square variable with k − 1 **degrees of freedom** (自由度) is at least as large.
#
# ### exercise: srm_pvalue
#
# `srm_pvalue(counts, ratio)` → p, a number
#
# * `counts`: k whole numbers ≥ 0, the shoppers found in each arm; `ratio`: k numbers > 0, the split that was *planned*, on any scale: (9, 1) is the same
#   as (.9, .1). k ≥ 2; lists or arrays. Count i belongs to ratio i.
# * χ² and p as above, with no correction for small counts. Counts exactly as planned: p = 1.
# * A p far below 1e-16 is that number and not 0.
# * `ValueError` unless both have the same length of at least 2, all counts are ≥ 0 and one is above 0, and all of `ratio` are above 0.
# * `scipy.stats` may be used: it stands under the name `stats`.
#
# By hand: 60 and 40 where 1 : 1 was planned. Both should be 50: χ² = 100/50 + 100/50 = 4 with 1 degree of freedom, which is 2² for a normal
# number: p = **.0455**.

# %%
# exercise: srm_pvalue
def srm_pvalue(counts, ratio):
    """p-value of the counts of an experiment's arms under the split that was planned, by Pearson's chi-square.

    counts: (k,) whole numbers >= 0.  ratio: (k,) above 0, on any scale.  ValueError unless k >= 2 in both, some count and every ratio is above 0.

    >>> round(srm_pvalue([60, 40], [1, 1]), 4)
    0.0455
    """
    ### BEGIN SOLUTION: the counts that were planned; the sum of squares over them; the upper tail of chi-square with k − 1 degrees of freedom
    counts, ratio = np.asarray(counts, float), np.asarray(ratio, float)
    if len(counts) != len(ratio) or len(counts) < 2 or counts.min() < 0 or counts.sum() == 0 or ratio.min() <= 0:
        raise ValueError("counts and ratio need the same length of 2 or more, no count below 0, some above 0, and every ratio above 0")
    planned = counts.sum() * ratio / ratio.sum()
    return float(stats.chi2.sf(((counts - planned) ** 2 / planned).sum(), len(counts) - 1))
    ### END SOLUTION

# %%
check(srm_pvalue)

# %% [markdown]
# Two experiments that were real, by their published counts, with yours:

# %%
if own := yours("srm_pvalue"):
    print(f"the one above, 1 : 1               p = {own([821_588, 815_482], [1, 1]):.1e}")
    print(f"Hillstrom's e-mails, 1 : 1 : 1     p = {own([21_306, 21_307, 21_387], [1, 1, 1]):.2f}")
else:
    print("Solve srm_pvalue, and both stand here.")

# %% [markdown]
# An experiment is watched by this test on every day of its life, and there are many experiments. So the usual threshold is .001 rather than .05. It is
# an alarm, not a correction: below it, throw the result away and find the leak.
#
# The commonest leak is a filter that came *after* the treatment. Take the two lives again. The question: does the coupon of day 90 still bring
# shoppers back after it has run out, on days 104 to 119? An analyst keeps "active users only": who came while it was valid. But the coupon itself
# decides who that is. Five hundred lots, the analysis done both ways, beside the truth:

# %%
rng, leak = np.random.default_rng(SEED), {"all who were assigned": [], "only who came while it was valid": []}
own = yours("srm_pvalue")
for _ in range(500):
    t = rng.integers(0, 2, len(life_known))
    y, late = (life[t, np.arange(len(t))] for life in (life_came, life_late))
    for name, kept in zip(leak, (np.full(len(t), True), y == 1), strict=True):
        arms = [late[kept & (t == arm)] for arm in (1, 0)]
        leak[name].append([len(arms[0]), len(arms[1]), 100 * (arms[0].mean() - arms[1].mean()),
                           100 * (own([len(arm) for arm in arms], [1, 1]) < .001) if own else np.nan])
leak_table = pd.DataFrame({name: np.mean(found, axis=0) for name, found in leak.items()},
                          index=["treated, mean", "controls, mean", "difference, points, mean", "lots with your p < .001, %"]).T
leak_table.insert(3, "truth, points", 100 * (life_late[1] - life_late[0]).mean())
leak_table.round(2)

# %% [markdown]
# Kept whole, the experiment is right on average. Filtered, it says that the coupon *drives away* many times what it truly does: among the treated
# who came are those whom only the coupon lured in, and these come back less. The counts give it away long before anybody argues about the
# effect. Filter by what was known *before* the lot, or not at all.
