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
# # 05 · What should this shopper see next?
#
# **Recommendation (个性化推荐).** The field's most published problem, and the one whose published numbers are least to be trusted. You build
# the whole ladder, from *what everybody buys* to a Transformer, and put every rung into one table: the same households, the same catalogue, the
# same month, the same number of settings to try. Then you ask the only question a shop has: which of them shows a shopper something **new** that
# she will buy?
#
# By the end you can
#
# * judge a ranking so that neither ties, nor a sample, nor what was seen before decides who wins,
# * derive EASE, a regression of every item on all others, and say what iALS and BPR ask instead,
# * write causal attention (因果注意力) and prove that it does not see ahead,
# * write the loss by which two towers (双塔) learn from the other items of a batch, and undo what it does to popular items,
# * build a CNN that recommends, repair the interviewer's, and say what order is worth here.
#
# Five exercises, 100 points, an hour and a half; reading and running come on top. The three marked *short path* are enough to go on to the
# next lesson.

# %% tags=["setup"]
import time

import numpy as np
import pandas as pd
from scipy import sparse

from helpers import (  # noqa: F401
    ask,
    check,
    hint,
    interests,
    interview,
    keywords,
    metrics,
    plots,
    production_card,
    progress,
    ranking,
    recap,
    recommenders,
    reranking,
    reveal,
    rhythms,
    shop,
    text,
    yours,
)
from helpers.data import complete_journey
from helpers.feedback import Feedback

plots.style()
SEED = 1
VALID, TEST = 10 * 28, 11 * 28                                       # first days of month 11 (validation) and month 12 (test); a month is 28 days
SLOTS = 10                                                              # items a household is shown

# %% [markdown]
# ## Before you start

# %%
recap("05")

# %% [markdown]
# ## The interviewer asks

# %%
ask("05")

# %% [markdown] tags=["answer"]
# **Your 60-second answer.** Say it aloud, then write it here in five lines, before you read on. You will answer again at the end.
#
# …

# %% [markdown]
# ## 1 · The decision, and the dumbest answer to it
#
# On the morning a month begins, each household's page has room for **ten items**. Which ten? A month is four weeks. An **item** is a product type
# on its shelf, not a carton: nobody needs a recommender to change the brand of milk. What is known are purchases alone. That is **implicit
# feedback** (隐式反馈): a purchase says yes. Its absence says nothing: not liked, not needed, or never seen.
#
# As in the last lesson, whatever reveals health, faith, origin, a pregnancy, a small child, alcohol or tobacco is left out where the receipts are read.
# And the catalogue is settled **before the validation month**: items which twenty households had bought by then.

# %%
from threadpoolctl import threadpool_limits

_ = threadpool_limits(2)
started = time.perf_counter()
receipts = complete_journey.transactions(["household", "product", "sales", "time"])
feedback = Feedback.read(receipts, complete_journey.products(), known_until=VALID)
del receipts
H, M = len(feedback.households), len(feedback.items)
months = {"validation": feedback.split(VALID), "test": feedback.split(TEST)}
rows = {}
for month, at in months.items():
    shoppers = at.seen.any(axis=1) & at.future.any(axis=1)
    rows[month] = {"households": shoppers.sum(), "items bought before": at.seen[shoppers].sum(axis=1).mean(), "items bought in the month":
                   at.future[shoppers].sum(axis=1).mean(), "of these new": at.new[shoppers].sum(axis=1).mean(),
                   "share of repeats": at.repeat[shoppers].sum() / at.future[shoppers].sum(), "filled cells": at.past.nnz / (H * M)}
print(f"{H:,} households, {M:,} items, {len(feedback.day):,} household-days with an item; {time.perf_counter() - started:.1f} s")
pd.DataFrame(rows).transpose().round(3)

# %% [markdown]
# Seven of ten items of next month are repeats. But what is a repeat? That depends on how long one has looked. Here is the share month after month,
# once with all that is known by then, once with the last eight weeks only:

# %%
rows = []
for month in range(1, 13):
    bought = feedback.matrix(28 * (month + 1), 28 * month).toarray() > 0
    rows.append({"month": month + 1, **{name: (bought & (feedback.matrix(28 * month, since).toarray() > 0)).sum() / bought.sum()
                                        for name, since in (("everything known by then", 0), ("the last eight weeks", max(28 * month - 56, 0)))}})
known = pd.DataFrame(rows).set_index("month")
ax = plots.plt.subplots(figsize=(7.2, 3.4))[1]
for name, colour in zip(known, plots.COLOURS, strict=False):
    ax.plot(known.index, known[name], color=colour, marker="o", markersize=4)
    ax.annotate(name, (known.index[-1], known[name].iloc[-1]), xytext=(8, 0), textcoords="offset points", color=colour, va="center", annotation_clip=False)
plots.percent(ax.yaxis)
_ = ax.set(title="“New” is what one has not seen yet", xlabel="month of 2017 (four weeks each)", ylabel="of the month's items, bought before", ylim=(0, 1))

# %% [markdown]
# The longer the memory, the rarer the new, and the newer it is. This lesson calls **new** (新品) what the household has not bought since the year
# began, everything else **repeat** (复购). The two are judged apart, in two blocks:
#
# * **repeat**: of the items it has bought before, which ten come again? Ranked among these alone.
# * **new**: of all the others, which ten will it try? **The headline.** Only here can a recommender tell anybody something.
#
# The dumbest answers. **Popularity** (热门): what most households buy. **Personal top** (个人常购): what this household bought on most days;
# where it says nothing, popularity decides.

# %%
def in_blocks(scores, at, rows=slice(None)):
    """Measures of both blocks and of all items together, household by household: {(block, measure): (n,)}."""
    blocks = {"new": (at.new[rows], ~at.seen[rows]), "repeat": (at.repeat[rows], at.seen[rows]), "all": (at.future[rows], None)}
    return {(block, measure): values for block, (gold, allowed) in blocks.items()
            for measure, values in ranking.at_k(scores, gold, SLOTS, allowed).items()}


def means(measured):
    """One row of a table: means over the households that had something to find."""
    return {what: np.nanmean(values) for what, values in measured.items()}


at = months["test"]
dumb = {"popularity": recommenders.popular(at.past), "personal top": recommenders.personal(at.past)}
pd.DataFrame({rung: means(in_blocks(scores, at)) for rung, scores in dumb.items()}).transpose().round(3)

# %% [markdown]
# Read the *all* columns, which most reports show alone: knowing the household looks like a triumph. Now read the *new* ones. It is a triumph over what
# the household did not need to be told.
#
# ## 2 · How a list is judged

# %% [markdown]
# A household buys dozens of items in a month, and the page shows ten. Of each block, over **all** items that may stand in it:
#
# * **hr**, hit rate (命中率): is at least one of the ten right?
# * **recall@10** (召回率): how many of the ten are right, of min(10, what there was to find). Ten right ones are 1, however many more it bought.
# * **ndcg@10** (归一化折损累计增益): the same, but a right item on place p counts 1/log₂(1 + p): the first place is worth the most.
# * **Coverage** (覆盖率): the share of the catalogue that stands in anybody's list. Popularity shows everybody the same ten.
# * **Novelty** (新颖性): −log₂ of the share of households that know a listed item, in bits. One bit more: half as many know it.
#
# Households without anything to find in a block are left out there. Whatever is compared has a 95 % interval over **households**, and the gap
# between two rungs is computed on the same ones.
#
# Two conventions move these numbers more than most models do: how **ties** count, and whether what was seen may be listed (**masking**, 屏蔽). Here equal
# scores stand in every order equally often, computed and not drawn; and which items may stand in a list is said beside every table. You write the first
# yourself, next. What the other conventions would have made of the same models, section 5 shows.

# %% [markdown]
# ### A ranking, judged
#
# A recommender gives every item a score, and the shopper sees the k highest. To judge it you hide what she bought next, the **target**
# (目标物品), and ask where it came:
#
# * **HR@k**, hit rate (命中率): 1 if the target is among the first k, else 0.
# * **NDCG@k**, normalised discounted cumulative gain (归一化折损累计增益): 1/log₂(1 + position) if it is among the first k, else 0. First
#   place is worth 1, second .63, third .5. *Normalised* means divided by the best that is possible, and with one target that is 1.
#
# Two lines of code, one would think. More offline results were spoiled in these two lines than in any model, in two ways.
#
# **Ties (同分).** A network whose last layer has died gives every item the same score. Where did the target come? *First*, says who counts
# the items that are strictly better: a perfect score for a model that knows nothing. *Last*, says who counts itself and its equals. *Where
# its id stands*, says `argsort`, and ids are usually given in order of popularity. The honest answer: equal items are shown in some order,
# and no order is likelier than another. So take the **expectation over all orders** (期望) of the tied. It needs no random numbers.
#
# Not the metric of the *expected position*. With four equal scores and k = 2 the target stands at 1, 2, 3 or 4 equally often. It is a hit
# half of the time: HR@2 = .5, and NDCG@2 = (1 + .631 + 0 + 0)/4 = .408. At its mean position, 2.5, it would never be one.
#
# **Candidates (候选集).** Rank **all** items: the *full ranking* (全量排序). To save time, many papers rank the target among itself and 100
# random items. That asks another question: *is it better than most?* instead of *is it among the ten best?* Under another question another
# model wins; you will see one below. (Krichene and Rendle, KDD 2020, who showed that the two need not even agree in expectation.)
#
# Which items may be ranked is a decision, too. In a film library, what was seen is left out. In a supermarket most purchases are repeats,
# and to leave them out is to leave out the business. So `seen` is an argument. The target itself is always ranked. A metric that takes away
# the right answer measures nothing.
#
# ### exercise: hr_ndcg_at_k
#
# `hr_ndcg_at_k(scores, target, k, seen=None)` → a tuple `(hr, ndcg)` of two numbers, each the **mean over the rows**
#
# * `scores`: (n, M) numbers, finite, may be negative; higher is better. One row a shopper, n ≥ 1. `target`: (n,) whole numbers 0 … M − 1,
#   the column of the row's one target. `seen`: (n, M) bool, or None: nothing was seen. All NumPy arrays; do not change them.
# * Seen items are not ranked: as if their columns did not exist for that row. **The target is ranked even if it was seen.**
# * Position 1 is the highest score. Items with **exactly** equal scores stand in every order equally often; a row's hr and ndcg are the
#   expectation over these orders. (Exactly: .3 and .3 − 10⁻¹⁰ are different.)
# * At position p ≤ k: hr 1 and ndcg 1/log₂(1 + p). At p > k both are 0.
# * k may exceed the number of ranked items: then every target is found. `ValueError` if k < 1.
#
# By hand: scores .9, .4, .4, .1; the target is the second item, k = 2. One item is above it and one is tied with it: it stands second or
# third. hr = (1 + 0)/2 = .5 and ndcg = (.631 + 0)/2 = .315.

# %%
# exercise: hr_ndcg_at_k
def hr_ndcg_at_k(scores, target, k, seen=None):
    """Hit rate and NDCG at k of one target a row, as (hr, ndcg): means over the rows.

    scores: (n, M), higher is better; tied items stand in every order equally often, and the expectation is taken.  target: (n,) columns.
    seen: (n, M) bool, items that are not ranked; the target always is.  ValueError if k < 1.

    >>> [round(float(x), 3) for x in hr_ndcg_at_k(np.array([[.9, .4, .4, .1]]), np.array([1]), 2)]
    [0.5, 0.315]
    """
    ### BEGIN SOLUTION: per row count who is above the target and who is tied with it; average over the places where it may stand
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    rows = np.arange(len(scores))
    ranked = np.ones(scores.shape, bool) if seen is None else ~seen
    ranked[rows, target] = True
    own = scores[rows, target][:, None]
    above = (ranked & (scores > own)).sum(axis=1)
    tied = (ranked & (scores == own)).sum(axis=1)                       # the target is one of them, so at least 1
    # gain[p]: what the first p positions are worth together.  The target stands at above + 1 … above + tied; only those up to k count.
    gain = np.concatenate([[0.], np.cumsum(1 / np.log2(np.arange(scores.shape[1]) + 2))])
    first, last = np.minimum(above, k), np.minimum(above + tied, k)
    return ((last - first) / tied).mean(), ((gain[last] - gain[first]) / tied).mean()
    ### END SOLUTION

# %%
check(hr_ndcg_at_k)

# %% [markdown]
# ### What a dead model is worth
#
# A thousand items, their ids in order of popularity, as most preparation scripts leave them. Five thousand shoppers each buy one, by
# popularity alone (a made world). One model ranks by popularity. The other gives every item the score 0. The same two models, judged by
# three rules for ties:

# %%
rng = np.random.default_rng(SEED)
bought_share = 1 / np.arange(1, 1001)
bought_share /= bought_share.sum()
bought_next = rng.choice(1000, 5000, p=bought_share)
by_popularity = np.tile(bought_share, (5000, 1))
rows = {}
for model, made in {"popularity": by_popularity, "constant": np.zeros((5000, 1000))}.items():
    better, equal = ((compare(made, made[np.arange(5000), bought_next][:, None])).sum(axis=1) for compare in (np.greater, np.equal))
    place = np.argsort(np.argsort(-made[0], kind="stable"))                              # all rows are alike: one is enough
    rows[model] = {"only strictly better ones count": (better < 10).mean(), "argsort: ids decide": (place[bought_next] < 10).mean(),
                   "every order equally often": np.mean(np.clip(10 - better, 0, equal) / equal)}
    if metric := yours("hr_ndcg_at_k"):
        rows[model]["yours"] = metric(made, bought_next, 10)[0]
pd.DataFrame(rows).transpose().round(3).rename_axis(columns="HR@10")

# %% [markdown]
# One rule calls the dead model perfect. The other cannot tell it from the popularity baseline, *because the ids already hold the baseline*.
# A cheap test for your own metric: a constant must score k/M.
#
# ### Among a hundred
#
# Two made models, ten thousand items. *Sharp* puts the target first for one shopper in ten, and in the middle of nowhere for the others, at
# position 5,000. *Vague* puts it at position 300 for everybody. Which one fills a shelf of ten? Among 100 random other items the number of
# those above the target is hypergeometric (超几何分布): no simulation is needed.

# %%
from scipy.stats import hypergeom

positions = {"sharp": ([1, 5000], [.1, .9]), "vague": ([300], [1.])}
rows = {}
for model, (places, weights) in positions.items():
    # Of the 9,999 others, position − 1 are above the target; a hit in a sample of 100 has at most nine of them.
    sampled = [hypergeom.cdf(9, 9999, at - 1, 100) for at in places]
    rows[model] = {"full ranking": np.dot([at <= 10 for at in places], weights), "among 100 random items": np.dot(sampled, weights)}
pd.DataFrame(rows).transpose().round(3).rename_axis(columns="HR@10")

# %% [markdown]
# The sample prefers the model whose list never holds a single right item. It does not merely add noise: it answers another question, and
# more shoppers will not repair it. So this lesson ranks everything that may stand in the list in question, always.

# %% [markdown]
# ## 3 · Neighbours, and names
#
# Before anything is trained: three ways to say *this goes with that*.
#
# * **Item-based** (基于物品的协同过滤): two items are alike if the same households buy them. Cosine of their columns, shrunk, the 100 nearest kept.
# * **User-based** (基于用户的协同过滤): find the households most like this one, and show what *they* buy.
# * **Content** (基于内容): two items are alike if their *names* are: by the words they share (TF-IDF), or by a text embedding (文本向量), which also
#   knows that yogurt is near cream.
#
# What do they hold for alike? Three items, by rule the 40th, 200th and 600th in popularity, and their three nearest:

# %%
from sklearn.feature_extraction.text import TfidfVectorizer

from helpers import pretrained, rungs

started = time.perf_counter()
names = rungs.spelled(feedback.items)
word_vectors = TfidfVectorizer().fit_transform(names).astype(np.float32)
name_vectors = rungs.embedded(tuple(names))
encode_seconds = time.perf_counter() - started
past = months["validation"].past
alike = {"bought by the same": recommenders.cosine_weights(past, 100, 10).T, "the next visit": recommenders.markov_weights(feedback, VALID, 100)[0],
         "words of the name": recommenders.likeness(word_vectors), "embedding of the name": recommenders.likeness(name_vectors)}
alike["the next visit"] = alike["the next visit"] / recommenders.holders(past)     # else milk follows everything, always
by_holders = np.argsort(-recommenders.holders(past), kind="stable")
rows = {}
for place in (40, 200, 600):
    item = by_holders[place - 1]
    rows[names[item]] = {how: "; ".join(names[j] for j in np.argsort(np.where(np.arange(M) == item, 1, -table[item]), kind="stable")[:3])
                         for how, table in alike.items()}
print(f"{M:,} names encoded in {encode_seconds:.1f} s")
pd.set_option("display.max_colwidth", 120)
pd.DataFrame(rows)

# %% [markdown]
# Names can only find **substitutes** (替代品), another of the same kind, and sometimes the same thing on another shelf. Receipts also find
# **complements** (互补品), what goes with it, beside what everybody buys. Search needs the first, a page the second. Keep that in mind when the text
# rungs are measured.
#
# ## 4 · Regressions and factors

# %% [markdown]
# A cosine looks at one pair of items at a time. Three ways to look at all of them, from one matrix X of households × items:
#
# * **EASE** predicts each item from all others by ridge regression: one inverse, one number to tune (λ). You derive it below.
# * **iALS**, implicit alternating least squares (隐式交替最小二乘), compresses: a household is a short vector u, an item is v, and u·v should be
#   1 where something was bought and 0 elsewhere. Bought cells have confidence (置信度) 1 + α·x, all others 1. So *everything* not bought counts as a weak
#   no. With v fixed, each u is one small ridge regression; then the same for v.
# * **BPR**, Bayesian personalised ranking (贝叶斯个性化排序), drops the 0 and the 1. It asks only that a bought item stand *above* one that was not.
#
# What happens while iALS is fitted? With one side fixed the loss is quadratic in the other, so each half-step is an exact minimum and the loss cannot rise:

# %%
at, logs = months["validation"], recommenders.logs(months["validation"].past)
rows = []
for sweeps in (1, 2, 3, 5, 8, 12):
    U, V = recommenders.ials_factors(logs, 16, 1., 30., sweeps, SEED)
    found = means(in_blocks(U @ V.T, at))
    rows.append({"sweeps": sweeps, "loss, thousands": recommenders.ials_loss(logs, U, V, 1., 30.) / 1000, "recall@10, new": found["new", "recall"],
                 "recall@10, repeat": found["repeat", "recall"]})
pd.DataFrame(rows).set_index("sweeps").round({"loss, thousands": 1, "recall@10, new": 4, "recall@10, repeat": 4})

# %% [markdown]
# The loss falls all the way. Whether the lists get better all the way is for the two other columns to say: the loss is what is minimised, not what is
# wanted.

# %% [markdown]
# ### Items from items, in closed form
#
# *Who buys this also buys that.* The classic way is the cosine of two columns of the household × item table X: **item-based collaborative
# filtering** (基于物品的协同过滤). It looks at one pair at a time, and that is its weakness. Tea and biscuits are bought by the same
# people, milk by nearly everybody. So milk is alike to everything, and everything recommends milk.
#
# Ask a regression (回归) instead: *given all the other items in this household's row, how much does tea still add to biscuits?* For each item j
# predict its column from all others, with a **ridge** penalty (岭回归) on the weights. Put the weights into column j of a table B. A
# shopper's scores are her row times B: x·B. That is all of **EASE** (Embarrassingly Shallow AutoEncoder; Steck, WWW 2019). It has one
# number to tune, no random start and no epochs, and on many public data sets deep models have trouble beating it.
#
# ### Why the diagonal must be zero, and what that costs
#
# Minimise ‖X − X·B‖² + λ‖B‖². Without a condition the best prediction of a column is the column itself: B near the identity, which
# recommends what she already has. So demand **diag(B) = 0**. A constraint, hence a **Lagrange multiplier** (拉格朗日乘子) γ_j for each
# item:
#
# $$ L = \tfrac12\lVert X - XB\rVert^2 + \tfrac{\lambda}{2}\lVert B\rVert^2 + \sum_j \gamma_j B_{jj} $$
#
# 1. Set the derivative to zero: −XᵀX + XᵀX·B + λB + diag(γ) = 0. Hence (XᵀX + λI)·B = XᵀX − diag(γ).
# 2. Write **P = (XᵀX + λI)⁻¹**, and XᵀX = P⁻¹ − λI. Then B = I − P·diag(λ + γ).
# 3. The diagonal says 0 = 1 − P_jj·(λ + γ_j). So λ + γ_j = 1/P_jj, and the multiplier is gone.
#
# $$ B_{ij} = -\frac{P_{ij}}{P_{jj}} \quad (i \ne j), \qquad B_{jj} = 0 $$
#
# One inverse for M regressions. The divisor belongs to the **column**, to the item that is predicted. B is not symmetric: milk says little
# about caviar, caviar says milk.
#
# ### exercise: ease
#
# `ease(X, l2)` → B, array (M, M)
#
# * `X`: (n, M) NumPy array of numbers ≥ 0 or of bool; rows are households, columns items. The entries are used **as they are**: a count of
#   3 is a 3, True is a 1. Neither centred nor scaled. n may be smaller than M, and an item may have been bought by nobody.
# * `l2`: λ > 0, added to the diagonal of XᵀX as it is. `ValueError` if l2 ≤ 0.
# * Column j of B holds the weights of the ridge regression, without intercept, of X[:, j] on the other columns: the w that minimises ‖X[:,
#   j] − Σ X[:, i]·w_i‖² + l2·‖w‖². Row i: what item i says. The diagonal is 0.
# * Use NumPy, or `scipy.linalg`. By inverse, by `solve` or by Cholesky, as you like.
#
# By hand: three households, two items, (1, 1), (1, 0), (1, 1), l2 = 1. To predict the second from the first: Σxy/(Σxx + l2) = 2/(3 + 1) =
# .5. The first from the second: 2/(2 + 1) = .667. So B = (0, .5; .667, 0).

# %%
# exercise: ease
def ease(X, l2):
    """Weights of EASE: column j predicts item j from all the others by ridge regression, and the diagonal is zero.  Array (M, M).

    X: (n, M), numbers or bool, used as they are.  l2: the penalty, > 0, else ValueError.
    Source: H. Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019.

    >>> ease(np.array([[1, 1], [1, 0], [1, 1]]), 1.).round(3).tolist()
    [[0.0, 0.5], [0.667, 0.0]]
    """
    ### BEGIN SOLUTION: invert XᵀX with l2 on its diagonal; divide each column by its diagonal entry, turn the sign; zero the diagonal
    if l2 <= 0:
        raise ValueError(f"l2 must be above 0, not {l2}")
    X = np.asarray(X, float)                        # a product of bool tables would be bool
    P = np.linalg.inv(X.T @ X + l2 * np.eye(X.shape[1]))
    B = -P / np.diag(P)                             # broadcasting: P[j, j] divides column j
    np.fill_diagonal(B, 0)
    return B
    ### END SOLUTION

# %%
check(ease)

# %% [markdown]
# ### What regression sees and a cosine does not
#
# A made shop of six items and 4,000 households. Nearly all buy milk, and those who buy much buy more of everything. Tea goes with biscuits.
# Coffee comes ground *or* in capsules. Shampoo goes with conditioner. Below, the weights come from scikit-learn's ridge regression, column by
# column, as the definition says.

# %%
from sklearn.linear_model import Ridge

ITEMS = ["milk", "tea", "biscuits", "ground coffee", "capsules", "shampoo"]
rng = np.random.default_rng(SEED)
homes = 4000
shops_much = rng.random(homes) < .5                                             # half of the households shop elsewhere as well
drinks_tea, drinks_coffee, has_machine, has_child = (rng.random(homes) < share for share in (.5, .6, .5, .2))
chance = np.column_stack([np.full(homes, .95), .7 * drinks_tea, .1 + .5 * drinks_tea, np.where(drinks_coffee & ~has_machine, .8, .12),
                          np.where(drinks_coffee & has_machine, .8, .12), .9 * has_child]) * np.where(shops_much, 1, .4)[:, None]
carts = (rng.random((homes, 6)) < chance).astype(float)
likeness = carts.T @ carts / np.sqrt(np.outer((carts ** 2).sum(axis=0), (carts ** 2).sum(axis=0)))
np.fill_diagonal(likeness, 0)
PENALTY = 100.
weights = np.zeros((6, 6))
for j in range(6):
    others = np.arange(6) != j
    weights[others, j] = Ridge(alpha=PENALTY, fit_intercept=False).fit(carts[:, others], carts[:, j]).coef_
if solve := yours("ease"):
    print(f"yours, largest difference from 6 ridge regressions: {np.abs(solve(carts, PENALTY) - weights).max():.1e}")
figure, axes = plots.plt.subplots(1, 2, figsize=(9.4, 4.3), sharey=True)
for ax, title, table in zip(axes, ("Cosine: everything is alike", "EASE: what is left, given the rest"), (likeness, weights),
                            strict=True):
    ax.imshow(table, cmap="RdBu", vmin=-.7, vmax=.7)
    for i, j in np.ndindex(6, 6):
        if i != j:
            ax.text(j, i, f"{table[i, j]:.2f}", ha="center", va="center", fontsize=9, color=plots.INK)
    ax.set_xticks(range(6), ITEMS, rotation=40, ha="right", rotation_mode="anchor")
    ax.set(title=title, xlabel="… is recommended")
    ax.tick_params(length=0)
axes[0].set_yticks(range(6), ITEMS)
_ = axes[0].set_ylabel("who has bought …")

# %% [markdown]
# To a cosine everything is somewhat alike: who shops here at all buys some of everything. It cannot be negative, so it recommends capsules
# to who buys ground coffee. Given the rest, most of that is gone. What tea says about shampoo is nearly nothing, tea and biscuits still go
# together, and the two kinds of coffee get a **negative** weight: who has the machine does not buy the other kind. Compare row and column
# of milk: everything still says milk, as nearly everybody buys it, but what milk says about the others is roughly half of the cosine, or
# less.
#
# Only the items' table is inverted; a million more households cost one pass over the data. The items are the price: time grows with M³,
# memory with M².

# %%
rng = np.random.default_rng(SEED)
rows = []
for size in (300, 600, 1200):
    half, seconds = rng.random((size, 40)), []
    for _ in range(3):
        started = time.perf_counter()
        np.linalg.inv(half @ half.T + 50 * np.eye(size))
        seconds.append(time.perf_counter() - started)
    rows.append({"items": size, "seconds": min(seconds), "table, GB": size ** 2 * 8 / 1e9, "": "measured, best of three"})
far = 100_000 / rows[-1]["items"]
rows.append({"items": 100_000, "seconds": rows[-1]["seconds"] * far ** 3, "table, GB": 100_000 ** 2 * 8 / 1e9,
             "": "extrapolated by the third power"})
pd.DataFrame(rows).set_index("items").round(3)

# %% [markdown]
# That is where EASE ends: at a marketplace's millions of items the table does not fit, and a new item has no column at all. And it reads a
# set. What was bought *last* weighs as much as what was bought a year ago. For order, read on.

# %% [markdown]
# λ is the whole of EASE's tuning. Too small, and a regression on a thousand columns learns single households by heart; too large, and only the most
# popular items are left. Validation month:

# %%
rows = []
for l2 in (30, 300, 3000, 10000):
    found = means(in_blocks(recommenders.ease(logs, l2), at))
    rows.append({"λ": l2, "new": found["new", "recall"], "repeat": found["repeat", "recall"]})
by_penalty = pd.DataFrame(rows).set_index("λ")
beside = means(in_blocks(recommenders.popular(at.past), at))
figure, axes = plots.plt.subplots(1, 2, figsize=(9.4, 3.4))
for ax, block, colour in zip(axes, by_penalty, plots.COLOURS, strict=False):
    ax.plot(by_penalty.index, by_penalty[block], color=colour, marker="o", markersize=4)
    ax.axhline(beside[block, "recall"], color=plots.GREY, lw=1, ls=":")
    ax.annotate("popularity", (by_penalty.index[-1], beside[block, "recall"]), xytext=(0, 4), textcoords="offset points", color=plots.GREY, ha="right")
    ax.set(xscale="log", title=f"EASE: {block} items", xlabel="λ (log scale)")
_ = axes[0].set_ylabel("recall@10, validation month")

# %% [markdown]
# Two blocks, two best λ: on new items one in the middle, on repeats the smaller the better, as far as was tried. A likely reason: what a household
# *repeats* is decided by few other items; what it will *try* needs many weak hints, each of them shrunk. Tune on the mean of the two and you tune on
# repeats.

# %% [markdown]
# ## 5 · What would fool you?
#
# Five ways to draw the wrong conclusion from right predictions. The models are the rungs as they come, with settings nobody tuned: here
# you test **rulers, not runners**. Each rung is fitted once, and only the ruler changes.
#
# ### 5.1 · A hundred negatives
#
# Ranking a whole catalogue used to be called too slow. So many papers, and many interviewers, rank the item that was bought among **100 sampled
# negatives** (负采样评估). What does that do? Let r be the item's true place among n candidates. A sampled negative stands above it with chance
# (r − 1)/(n − 1), so the place in the sample has a binomial law, and its expectation needs no sampling at all:
#
# $$ \text{HR@}k\text{, sampled} \;=\; P\Bigl[\mathrm{Bin}\bigl(m, \tfrac{r-1}{n-1}\bigr) < k\Bigr] $$
#
# That is what a true place is worth to each ruler:

# %%
at = months["test"]
from scipy.special import bdtr

NEGATIVES = 100
true_place = np.arange(1, M + 1)
worth = {"HR@10, all candidates": (true_place <= SLOTS).astype(float),
         f"HR@10 among {NEGATIVES} negatives": bdtr(SLOTS - 1, NEGATIVES, (true_place - 1) / (M - 1)),
         "HR@10 among 1000 negatives": bdtr(SLOTS - 1, 1000, (true_place - 1) / (M - 1))}
ax = plots.plt.subplots(figsize=(7.5, 3.4))[1]
for (name, line), colour, height in zip(worth.items(), (plots.BLUE, plots.VERMILION, plots.GREY), (.3, .5, .7), strict=True):
    ax.plot(true_place, line, color=colour)
    side = -1 if height == .3 else 1                                 # the first line's name stands on its left, where nothing is in its way
    ax.annotate(name, (true_place[np.argmin(np.abs(line - height))], height), xytext=(9 * side, 0), textcoords="offset points", color=colour, va="center",
                ha="right" if side < 0 else "left")
ax.set_xscale("log")
ax.set_xticks([1, 10, 100, M], ["1", "10", "100", f"{M:,}"])
_ = ax.set(title="What a true place is worth to each ruler", xlabel="true place in the catalogue (log scale)", ylabel="chance to count as a hit", xlim=(1, M))
print(f"of {M:,} items, place {int(np.argmin(np.abs(worth[f'HR@10 among {NEGATIVES} negatives'] - .5))) + 1} counts as a hit every second time among "
      f"{NEGATIVES} negatives; place 1 and place 50 are worth {worth[f'HR@10 among {NEGATIVES} negatives'][0]:.3f} and "
      f"{worth[f'HR@10 among {NEGATIVES} negatives'][49]:.3f}")

# %% [markdown]
# A sampled top ten is not a noisy top ten. It is another question: *is the item in the first tenth of the catalogue?* Your slate has ten
# places. A model that is right at the top and hopeless below looks bad, one that is fair everywhere and right nowhere looks good. Krichene and
# Rendle (KDD 2020) proved it: sampled metrics are inconsistent, the order of two models may turn **even in expectation**, and with few negatives
# all of them turn into the AUC. Drawing more often does not help. Does it happen here? Every purchase of the test weeks is to be found, repeats and
# new ones, and nothing is masked:

# %%
four_weeks = feedback.matrix(TEST, TEST - interests.MONTH)
started = time.perf_counter()
as_they_come = {"popular": recommenders.popular(at.past), "item neighbours": recommenders.item_neighbours(at.past),
         "user neighbours": recommenders.user_neighbours(at.past), "Markov": recommenders.markov(feedback, TEST),
         "EASE": recommenders.ease(at.past.log1p(), 1000.), "iALS": recommenders.ials(at.past, 32, sweeps=5, seed=SEED)}
print(f"six models fitted in {time.perf_counter() - started:.1f} s")


def places_of(scores, gold, allowed=None):
    """Of each household and item to be found: its row, how many allowed others stand above it, how many beside it, and how many others there are."""
    found = []
    for h in np.flatnonzero(gold.any(axis=1)):
        row = scores[h] if allowed is None else scores[h][allowed[h]]
        own = scores[h][gold[h]][:, None]
        above, upto = (row > own).sum(axis=1), (row >= own).sum(axis=1)
        found.append(np.stack([np.full(len(own), h), above, upto - above - 1, np.full(len(own), len(row) - 1)]))
    return np.concatenate(found, axis=1)


def mean_by_home(home, values):
    """The mean over each household's items, then one number a household that has any."""
    count = np.bincount(home)
    return np.bincount(home, values)[count > 0] / count[count > 0]


def hit(above, others, negatives=None):
    """Chance to be among the first ten, of all candidates or of so many negatives and the item itself."""
    return (above < SLOTS).astype(float) if negatives is None else bdtr(SLOTS - 1, negatives, np.minimum(above / others, 1))


def expected_hit(above, beside, others, negatives=None):
    """The same on average over random orders of tied items."""
    if negatives is None:
        return np.clip((SLOTS - above) / (beside + 1), 0, 1)
    return np.mean([hit(above + share * beside, others, negatives) for share in np.linspace(0, 1, 21)], axis=0)


full, sampled = {}, {}
for name, scores in as_they_come.items():
    home, above, beside, others = places_of(scores, at.future)
    full[name] = mean_by_home(home, expected_hit(above, beside, others))
    sampled[name] = mean_by_home(home, expected_hit(above, beside, others, NEGATIVES))
two_rulers = pd.DataFrame({ruler: {name: values.mean() for name, values in of.items()} for ruler, of in
                           (("all candidates", full), (f"{NEGATIVES} negatives", sampled))})
two_rulers = pd.concat([two_rulers, two_rulers.rank(ascending=False).astype(int).add_suffix(", place")], axis=1)
print(f"HR@10 of each purchase of four weeks, mean over {len(full['popular']):,} households")
two_rulers.round(3)

# %% [markdown]
# Which pairs of rungs change places, and is that more than chance? Households are drawn again, both rungs and both rulers with the same draws:

# %%
drawn = metrics.household_draws(np.arange(len(full["popular"])), {(ruler, name): interests.mean_over(values) for ruler, of in
                                (("full", full), ("sampled", sampled)) for name, values in of.items()}, draws=300, seed=SEED)
names, turned = list(as_they_come), []
for i, a in enumerate(names):
    for b in names[i + 1:]:
        gaps = {ruler: drawn[ruler, a] - drawn[ruler, b] for ruler in ("full", "sampled")}
        truth = {"full": full[a].mean() - full[b].mean(), "sampled": sampled[a].mean() - sampled[b].mean()}
        if truth["full"] * truth["sampled"] < 0:
            turned.append({"pair": f"{a} − {b}", **{ruler: f"{truth[ruler]:+.3f} ({gap.quantile(.025):+.3f} … {gap.quantile(.975):+.3f})"
                                                   for ruler, gap in gaps.items()},
                           "both certain": all((gap.quantile(.025) > 0) or (gap.quantile(.975) < 0) for gap in gaps.values())})
print(f"{len(turned)} of {len(names) * (len(names) - 1) // 2} pairs change places")
pd.DataFrame(turned).set_index("pair")

# %% [markdown]
# Where the last column says so, **both rulers are certain, and they contradict each other**. No sample size repairs that: one of them measures
# something you do not sell. Ranking all items of this catalogue costs a fraction of a second, and with millions of items the whole ranking of some
# thousand households is a matrix product. There is no excuse left. (If you *must* sample: say m, use a corrected estimator, which pays with variance,
# and never compare with numbers of another m.)
#
# ### 5.2 · Ties
#
# A household's last four weeks, ten nearest neighbours for each item: most items of the catalogue are no neighbour of anything, and get exactly **0**. Where
# does the item that was bought stand among a thousand zeros? Code decides, usually without asking you. `(scores > own).sum()` puts it first,
# `(scores >= own).sum() - 1` last, a sort puts it where the alphabet does. New items only, one model, one set of scores:

# %%
short = recommenders.item_neighbours(four_weeks, n=10)
rows, items = np.nonzero(at.new)
tied = {}
for name, scores in {"item neighbours, four weeks": short, "item neighbours, a year": as_they_come["item neighbours"]}.items():
    home, above, beside, others = places_of(scores, at.new, ~at.seen)
    in_file = np.argsort(np.argsort(-np.where(at.seen, -np.inf, scores), axis=1, kind="stable"), axis=1)[rows, items]
    for candidates, negatives in {"all": None, f"{NEGATIVES} negatives": NEGATIVES}.items():
        chances = {"for the model": hit(above, others, negatives), "as the file lies": hit(in_file, others, negatives),
                   "expectation": expected_hit(above, beside, others, negatives), "against it": hit(above + beside, others, negatives)}
        tied[name, candidates] = {how: mean_by_home(home, chance).mean() for how, chance in chances.items()} | {"items tied": (beside > 0).mean()}
pd.DataFrame(tied).transpose().round(3)

# %% [markdown]
# The first two rows are one model with one set of scores, and its hit rate is what you like it to be. *Items tied* need not be many for that. (A
# year's neighbours leave hardly a zero, and nothing to argue about.) Such a comparison is settled by a `>` that nobody reviewed. This course takes
# the **expectation over random orders of tied items** in every table of results, and you wrote it yourself in `hr_ndcg_at_k`. When a number looks too good,
# look for the `>`.
#
# ### 5.3 · Seen items: masked, or not?
#
# "Never recommend what somebody has bought" is right for films. A grocer's shopper buys milk again. Two questions, and two slates: *the next
# basket*, and *something new*.

# %%
masks = {}
for name, scores in {"own past, fading": recommenders.faded_personal(feedback, TEST, 56), **{name: as_they_come[name] for name in ("popular", "EASE")}}.items():
    for slate, allowed in (("seen allowed", None), ("seen masked", ~at.seen)):
        masks[name, slate] = {f"of {what}": np.nanmean(ranking.at_k(scores, gold, SLOTS, allowed)["recall"])
                              for what, gold in (("everything they buy", at.future), ("what is new to them", at.new))}
pd.DataFrame(masks).transpose().rename(columns=lambda what: f"recall@10 {what}").round(3)

# %% [markdown]
# Masking throws away most of what the next basket holds; not masking leaves hardly a place for anything new, so a model that finds new things looks
# worse than popularity. *Own past* is best at the one, and by construction useless for the other: masked, it is popularity. **Say which slate you
# rank for, mask for that slate, and report repeats and new items apart**; one mixed number is mostly repeats.
#
# ### 5.4 · The log rewards whoever wrote it
#
# So far nobody asked *what had been shown*. A log of clicks on slates holds clicks on what the **logging policy** (记录策略) showed. It showed
# popular things often, so popular things were clicked often, and "predict the clicks of the log" means "be like the policy that wrote it".
#
# Here is a shop in which you can look behind it: the simulated one (`data/shop.md`; all its levels are invented). Its logging policy shows every item
# sometimes, and writes down with which probability: the **propensity** (倾向分). Four recommenders learn from 90 days of looks; then
#
# * **naive**: the log's next 60 days, for each click Σ 1/log2(1 + place) if the recommender has the item on its slate of eight, on average over clicks;
# * **SNIPS** (自归一化逆倾向加权): the same, each click weighed by 1/propensity: a click on what was rarely shown stands for many that could not happen;
# * **the truth**: the shop is run again, for the same shoppers with the same luck, with each recommender in charge of the slates. Nobody but a
#   simulation can do that.

# %%
from dataclasses import replace

SWITCH = 90
started = time.perf_counter()
town = shop.World(replace(shop.HELPS, shoppers=8_000, items=600, days=150), seed=SEED)
logged = town.run(shop.Logging())
early = logged.views[logged.views["day"] < SWITCH]
looked = sparse.csr_matrix((np.ones(len(early), np.float32), (early["shopper"].astype(int), early["item"].astype(int))), (8_000, 600))
looked.data[:] = 1
looks = np.bincount(early["item"].astype(int), minlength=600)
start = 1e-3 * looks / looks.max()                                   # decides where nothing is known of a shopper
titles = text.encode(list(logged.catalogue.title_en))
taste = {"popular": np.tile(looks.astype(np.float32), (8_000, 1)), "neighbours": looked @ shop.Neighbours().similarity(looked) + start,
         "content": looked @ shop.Content(titles).similarity(looked) + start,
         "random": np.random.default_rng(SEED).random((8_000, 600)).astype(np.float32)}


class Fixed(shop.Ranked):
    """Shows the best by scores that were computed once."""

    every = 10**6

    def __init__(self, table):
        self.table = table

    def scores(self, shopper):
        return self.table[shopper]


late = logged.exposures[logged.exposures["day"] >= SWITCH]
clicks = late[late["clicked"]]
who, what = clicks["shopper"].to_numpy(int), clicks["item"].to_numpy(int)
weight = 1 / clicks["propensity"].to_numpy()
by_click, as_means, truth_by = {}, {}, {}
for name, scores in taste.items():
    scores = np.where(logged.catalogue.released <= SWITCH, scores, -1)
    place = (scores[who] > scores[who, what][:, None]).sum(axis=1)
    gain = np.where(place < 8, 1 / np.log2(place + 2), 0)
    as_means |= {(name, "naive"): interests.ratio_over(gain, np.ones(len(gain))), (name, "SNIPS"): interests.ratio_over(weight * gain, weight)}
    run = town.run(shop.Switch(shop.Logging(), Fixed(scores), SWITCH)).exposures
    run = run[run["day"] >= SWITCH]
    truth_by[name] = run.groupby("shopper")["clicked"].agg(["sum", "size"])
again = metrics.household_draws(who, as_means, draws=200, seed=SEED)
lucky = {name: metrics.household_draws(by.index, {"": interests.ratio_over(by["sum"].to_numpy(), by["size"].to_numpy() / 8)}, draws=100, seed=SEED)[""]
         for name, by in truth_by.items()}
judged = pd.DataFrame({**{ruler: {name: as_means[name, ruler](np.ones(len(who))) for name in taste} for ruler in ("naive", "SNIPS")},
                       "clicks a visit, deployed": {name: 8 * by["sum"].sum() / by["size"].sum() for name, by in truth_by.items()}})
ends = {(ruler, end): {name: again[name, ruler].quantile(q) for name in taste} for ruler in ("naive", "SNIPS") for end, q in (("low", .025), ("high", .975))}
ends |= {("clicks a visit, deployed", end): {name: lucky[name].quantile(q) for name in taste} for end, q in (("low", .025), ("high", .975))}
print(f"{len(clicks):,} clicks of {clicks['shopper'].nunique():,} shoppers in {len(late) // 8:,} visits; effective number of clicks after weighing "
      f"{weight.sum() ** 2 / (weight ** 2).sum():,.0f}; one click in ten is on an item shown to fewer than "
      f"{8 * clicks['propensity'].quantile(.1):.1%} of the visits; {time.perf_counter() - started:.1f} s")
pd.DataFrame({ruler: {name: f"{judged.loc[name, ruler]:.3f} ({ends[ruler, 'low'][name]:.3f} … {ends[ruler, 'high'][name]:.3f})" for name in taste}
              for ruler in judged})

# %%
figure, ax = plots.plt.subplots(figsize=(7.5, 3.6))
relative = judged / judged.max()
for name, colour in zip(taste, plots.COLOURS, strict=False):
    ax.plot(range(3), relative.loc[name], "o-", color=colour, markersize=5)
    for i, ruler in enumerate(judged):
        ax.plot([i, i], [ends[ruler, end][name] / judged[ruler].max() for end in ("low", "high")], color=colour, alpha=.35, lw=5, solid_capstyle="butt")
for name, colour in zip(taste, plots.COLOURS, strict=False):
    ax.annotate(name, (2, relative.loc[name].iloc[2]), xytext=(12, {"neighbours": 6, "content": -6}.get(name, 0)), textcoords="offset points", color=colour,
                va="center", annotation_clip=False)
ax.set_xticks(range(3), ["naive, on the log", "SNIPS, on the log", "deployed"])
plots.percent(ax.yaxis)
_ = ax.set(title="The log's favourite is not the shoppers'", ylabel="of the best, by this ruler (95 % interval)", xlim=(-.15, 2.15), ylim=(0, None))

# %% [markdown]
# On the log as it is, *content* looks little better than dice, and *popular* leads. Deployed, *content* is far above *popular*. The naive
# number is not noisy, its interval is short: **it is precisely wrong**. Weighing by 1/propensity removes most of that and pays with variance: look at
# the intervals, and at the effective number of clicks. Which of two good ones is better it often cannot say. Change `SEED`: in the middle column
# popular may catch up, in the right one it does not.
#
# Three things to ask for before you believe a replay: that propensities were **logged, not guessed**; that everything had *some* chance, since no
# weight repairs a 0; and the effective number of clicks. Complete Journey has no exposures at all, so this correction cannot be made there. That
# is why its tables say *what people buy*, and not *what a slate would change*. Lesson 06 takes this up.
#
# ### 5.5 · The split
#
# Which purchases are hidden decides what you measure. The same models, the same candidates, the same targets: each household's last first-time
# purchase in the test weeks. Only what a model may learn from differs:

# %%
first = pd.DataFrame({"home": feedback.home, "item": feedback.item, "day": feedback.day}).drop_duplicates(["home", "item"])
first["order"] = np.random.default_rng(SEED).random(len(first))      # inside a day: drawn
window = first[(first["day"] >= TEST) & (first["day"] < TEST + interests.MONTH)]
target = window.sort_values(["home", "day", "order"]).groupby("home").tail(1)
rows, hidden, on = (target[each].to_numpy() for each in ("home", "item", "day"))


def bought(kept):
    """(H, M) sparse of 0/1 of some of the feedback."""
    X = sparse.csr_matrix((np.ones(kept.sum(), np.float32), (feedback.home[kept], feedback.item[kept])), at.past.shape)
    X.data[:] = 1
    return X


day_of = np.full(len(feedback.households), -1)
day_of[rows] = on
is_target = np.zeros(at.past.shape, bool)
is_target[rows, hidden] = True
not_target = ~is_target[feedback.home, feedback.item]
known = {"past": bought(feedback.day < TEST), "own to the day": bought(feedback.day < day_of[feedback.home]), "the year": bought(not_target)}
candidates = ~((known["own to the day"] + known["past"]).toarray() > 0)
weights = {years: recommenders.ease_weights(known[years], 1000.).astype(np.float32) for years in ("past", "the year")}
recently = {when: np.asarray(bought((feedback.day >= since) & (feedback.day < since + interests.MONTH) & not_target).sum(axis=0)).ravel()
            for when, since in (("before", TEST - interests.MONTH), ("in", TEST))}
cases = {
    ("EASE", "time: all before the test weeks"): known["past"] @ weights["past"],
    ("EASE", "leave one out: the household to the day before, the others' whole year"): known["own to the day"] @ weights["the year"],
    ("popular, four weeks", "time: the four weeks before"): np.tile(recently["before"], (len(feedback.households), 1)),
    ("popular, four weeks", "leave one out: the test weeks themselves"): np.tile(recently["in"], (len(feedback.households), 1)),
}
hits = {case: ranking.target_at_k(scores[rows], hidden, SLOTS, candidates[rows]) for case, scores in cases.items()}
draws_split = metrics.household_draws(rows, {case: interests.mean_over(found["hr"]) for case, found in hits.items()}, draws=300, seed=SEED)
table = {}
for case, found in hits.items():
    honest = next(other for other in hits if other[0] == case[0])
    gap, low_high = found["hr"].mean() - hits[honest]["hr"].mean(), (draws_split[case] - draws_split[honest]).quantile([.025, .975])
    table[case] = {"HR@10": f"{found['hr'].mean():.3f}", "gained by the split": "–" if case == honest else "{:+.3f} ({:+.3f} … {:+.3f})".format(gap, *low_high)}
print(f"{len(rows):,} households with a first-time purchase in the test weeks")
pd.DataFrame(table).transpose().rename_axis(["model", "what it may learn from"])

# %%
pairs = at.seen | at.future
out = pairs & (np.random.default_rng(SEED).random(pairs.shape) < .05)
X = sparse.csr_matrix((pairs & ~out).astype(np.float32))
by_chance = ranking.at_k(recommenders.ease(X, 1000.), out, SLOTS, ~(pairs & ~out))
by_time = ranking.at_k(known["past"] @ weights["past"], at.new, SLOTS, ~at.seen)
print(f"EASE, recall@10: {np.nanmean(by_chance['recall']):.3f} of feedback hidden at random (one household-item pair in twenty), "
      f"{np.nanmean(by_time['recall']):.3f} of what was new in the four weeks after a date")

# %% [markdown]
# Read the last line first. **Hiding rows at random asks another question**: milk that somebody bought all year is hidden, with all its weeks, and
# guessed from bread. That is completion (补全), and far easier than the future. Leave-one-out (留一法) looks more honest, since each household's *last*
# item is hidden. But one household's last day is not the others' last day, so their future is in the weights. Ji et al. (TOIS 2023) show that this makes the
# order of models unpredictable. What it is worth **here** stands in the table: nothing one could see for EASE, whose weights are a year's
# habits; something for what is *popular now*, since the weeks to be predicted hold a Thanksgiving. You could not know that before you
# measured it, and on a news site the last row would be the scandal. One date for everybody, and there is nothing to argue about.

# %% [markdown]
# ## 6 · Models that read in order
#
# All rungs so far read a **set**. Does order say anything more? The cheapest reader of order is a **Markov chain** (马尔可夫链): count which
# items stand in the visit *after* one with item i. If order matters, then counting pairs of visits in the wrong order must hurt. So shuffle each
# household's visits and count again. (The last visits, from which it predicts, stay the last.)

# %%
rng, (baskets, whose, when) = np.random.default_rng(SEED), feedback.visits(VALID)
rows = {}
for how in ("visits in their order", "visits shuffled", "shuffled, another seed"):
    place = np.arange(len(whose)) if how == "visits in their order" else np.lexsort((rng.random(len(whose)), whose))
    here = np.flatnonzero(whose[1:] == whose[:-1])
    pairs = np.asarray((baskets[place[here]].T @ baskets[place[here + 1]]).todense())
    chance = (pairs + 100 * np.asarray(baskets.mean(axis=0))) / (np.asarray(baskets[place[here]].sum(axis=0)).reshape(-1, 1) + 100)
    scores = recommenders.last_visits(feedback, VALID, 8) @ chance
    found = means(in_blocks(np.asarray(scores), months["validation"]))
    rows[how] = {f"recall@10, {block}": found[block, "recall"] for block in ("new", "repeat", "all")}
print("Markov chain over baskets, validation month")
pd.DataFrame(rows).transpose().round(4)

# %% [markdown]
# Look at the size of the difference before you reach for a Transformer. Groceries are not films: nobody buys part two after part one. A month holds
# many visits, and whatever comes in the next visit comes in the one after that, too. This is the first thing to try on any data set for which somebody proposes
# a sequence model; it takes seconds.
#
# Still, a network may find what a chain cannot: a stove, then pans, some visits later. Two families:
#
# * **CNN** (卷积): the history as a row of item vectors, convolutions that look backwards only, a score for every item. Its memory is its
#   receptive field (感受野).
# * **SASRec**: attention instead of convolutions. Every step may look at every earlier one.
#
# A receipt has no order inside, and a file has one: by shelf, say. So the order inside a day is **drawn** here, and a network cannot learn the file.

# %% [markdown]
# ### The interviewer shows you this code
#
# "Personalised recommendation (个性化推荐) with a **convolutional network** (卷积神经网络, CNN). The last twenty things each shopper bought go in,
# the thing to recommend comes out. What do you say in the review?"
#
# ```python
# X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)     # X: (N, 20) ids, 0 in front if there were fewer; y: (N,) the next id
# inputs = keras.Input(shape=(input_shape))                                    # input_shape = 20
# x = keras.layers.Conv1D(64, 3, activation="relu")(inputs)
# outputs = keras.layers.Dense(num_items + 1, activation="softmax")(x)         # ids run from 0 to num_items
# model = keras.Model(inputs, outputs)
# model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
# model.fit(X_train, y_train, epochs=10, batch_size=32)
# item = model.predict(X_test).argmax(axis=-1)
# ```

# %% [markdown] tags=["answer"]
# **Your review.** At least eight faults: in the input's shape, what is convolved, the time axis, the loss, id 0, the metric, the split, and what is
# missing beside the model. For each: does Keras refuse it, or does it *run* and answer wrongly?
#
# 1. …

# %% [markdown]
# Which of them does Keras see? Repair one after the other, and read what it says:

# %%
from helpers import sequential  # imports TensorFlow: takes a few seconds
from helpers.sequential import keras

reviewed_items, reviewed_steps = 40, 20
reviewed = rhythms.plans_in_turn(np.random.default_rng(SEED), 200, reviewed_steps + 1, reviewed_items, 4)
reviewed_x, reviewed_y = reviewed[:, :-1].astype("float32"), reviewed[:, -1]


def as_shown(shape, X, y, loss, pool=False):
    """The interviewer's code with this shape, input, target and loss, fitted for one epoch: its output's shape, or what Keras says."""
    try:
        inputs = keras.Input(shape=shape)
        x = keras.layers.Conv1D(64, 3, activation="relu")(inputs)
        if pool:
            x = keras.layers.GlobalMaxPooling1D()(x)
        model = keras.Model(inputs, keras.layers.Dense(reviewed_items + 1, activation="softmax")(x))
        model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
        model.fit(X, y, epochs=1, batch_size=32, verbose=0)
        return f"runs, output {model.output_shape}"
    except Exception as error:      # whatever Keras raises is the point of this table
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"


one_hot = np.eye(reviewed_items + 1)[reviewed_y]
said = {
    "as shown: shape=(20)": as_shown(reviewed_steps, reviewed_x, reviewed_y, "categorical_crossentropy"),
    "shape=(20,)": as_shown((reviewed_steps,), reviewed_x, reviewed_y, "categorical_crossentropy"),
    "shape=(20, 1)": as_shown((reviewed_steps, 1), reviewed_x[:, :, None], reviewed_y, "categorical_crossentropy"),
    "… and a one-hot target": as_shown((reviewed_steps, 1), reviewed_x[:, :, None], one_hot, "categorical_crossentropy"),
    "… and a pooling over time": as_shown((reviewed_steps, 1), reviewed_x[:, :, None], one_hot, "categorical_crossentropy", pool=True),
    "… and ids, sparse loss": as_shown((reviewed_steps, 1), reviewed_x[:, :, None], reviewed_y, "sparse_categorical_crossentropy", pool=True),
}
for attempt, answer in said.items():
    print(f"{attempt:28} {answer[:150]}")
catalogue, people = 100_000, 1_000_000
print(f"\none-hot targets of {people:,} shoppers, {catalogue:,} items, float32: {4 * catalogue * people / 1e9:,.0f} GB; "
      f"ids, int32: {4 * people / 1e6:,.0f} MB")

# %% [markdown]
# `(20)` is a number in parentheses; a tuple needs its comma. A convolution (卷积) slides over time and sums over **channels** (通道), so it wants (T,
# channels). The interviewer's ids have none. Give them one, and the *value* of an id is convolved: item 40 weighs twice as much as item 20.
# Categorical cross-entropy wants one-hot targets; an id is enough for its sparse sister. And the time axis never left: the answer has rank 3.
#
# A maximum over time makes that fit, and the last two lines run. They are still wrong, and from here on Keras says nothing:
#
# * The maximum forgets the order, and for what comes *next* order is what we want to use.
# * Padding is a number like any other, and id 0 has a unit of its own: the model can recommend **nothing** as an item.
# * Each history teaches once. It could teach at every step: what came second, third, …
#
# ### Answer at every step: the causal convolution
#
# Keep the time axis, and let position t answer: *what comes after step t?* One history of T steps then gives T lessons in one pass. But position
# t must not see step t + 1, for that **is** the answer. A convolution of kernel size k with `padding="same"` centres its window:
# position t reads t − 1, t **and t + 1**. The **causal convolution** (因果卷积) puts all k − 1 zeros in front, and so reads t − k + 1 … t.
#
# By hand, k = 3, history 7 4 9: with `same` the answer after 4 reads (7, 4, 9), and 9 was the question. Causal, it reads (0, 7, 4).
#
# How far back does it see? The **receptive field** (感受野) of one layer is k. With **dilation** (空洞, 膨胀) d a kernel skips: it reads t, t − d,
# t − 2d. A stack sees
#
# $$ 1 + (k - 1)\,(d_1 + d_2 + \dots) $$
#
# steps, so doubling d from layer to layer doubles the view at the price of one layer (WaveNet, van den Oord et al. 2016; for recommendation
# NextItNet, Yuan et al. 2019).

# %%
pd.DataFrame([{"dilations": str(d), "layers": len(d), "sees steps": sequential.receptive_field(3, d)} for d in ((1,), (1, 1), (1, 2), (1, 2, 4, 8))])

# %% [markdown]
# Now measure it. Made-up shoppers work through **four plans in turn**, so what comes next follows on what came *four* purchases ago. Every
# sixth purchase is random, so nobody can be right much more often than five times in six. All items are equally popular. Three networks that
# differ in padding and dilation alone, the same eight epochs, and two counts that need no network:

# %%
MADE, T = 40, 18
made = rhythms.plans_in_turn(np.random.default_rng(SEED), 1100, T + 1, MADE, 4)
learn, new = made[:600], made[600:]
before, after = learn[:, :-1], learn[:, 1:]
counted = (before > 0) & (after > 0)
real = (new[:, :-1] > 0) & (new[:, 1:] > 0)


def hit_table(likeliest):
    """How often the likeliest item is the one that came, at the steps before the last one, and after the last one."""
    right = likeliest == new[:, 1:]
    return {"hits before the last step": right[:, :-1][real[:, :-1]].mean(), "hits after the last step": right[:, -1].mean()}


popular = np.bincount(after[counted], minlength=MADE + 1)
follows = np.zeros((MADE + 1, MADE + 1))
np.add.at(follows, (before[counted], after[counted]), 1)
table = {"the most popular item": hit_table(np.full(new[:, 1:].shape, popular.argmax())),
         "what most often followed the latest": hit_table(follows.argmax(axis=1)[new[:, :-1]])}
networks = {"CNN, same, one layer": ("same", (1,)), "CNN, causal, one layer": ("causal", (1,)), "CNN, causal, dilations 1 and 2": ("causal", (1, 2))}
for name, (padding, dilations) in networks.items():
    started = time.perf_counter()
    keras.utils.set_random_seed(SEED)
    model = sequential.plain_cnn(MADE, padding, dilations)
    model.fit(before, np.maximum(after - 1, 0), sample_weight=counted.astype("float32"), epochs=8, batch_size=32, verbose=0)
    likeliest = model.predict(new[:, :-1], batch_size=1024, verbose=0).argmax(axis=-1) + 1
    table[name] = {**hit_table(likeliest), "weights": model.count_params(), "seconds": time.perf_counter() - started}
pd.DataFrame(table).transpose().round(3)

# %% [markdown]
# Read the third row first. Before the last step it is nearly always right, *on shoppers it has never seen*. A held-out set does not help: the
# leak (信息泄露) is inside each history. After the last step, where the future is not in the array, the advantage is gone. That is the only
# step which production ever asks for. The fourth row has exactly as many weights: no parameter count finds this fault. What does find it is a **probe**
# (探测): change the last items, and see whether any *earlier* answer moves.
#
# The fourth row is honest and at chance: it sees three steps, and the answer lies four back. One more layer, dilated, and it is there. (Its first
# column is lower than its second, since the first purchase of each plan can be any item, and those are among the earlier steps.)
#
# ### exercise: build_recommender_cnn
#
# `build_recommender_cnn(n_items, length)` → a **compiled** `keras.Model`: what comes next, after every step?
#
# * input: ids, integers (N, T), oldest first: 1 to `n_items` are items, **0 is padding**, in front. **Any T**:
#   `keras.Input((None,), dtype="int32")`. `length` is the longest history there will be, should you want to choose dilations by it.
# * output **(None, None, n_items)**: at every step a softmax over the items. Column j is item **j + 1**. Padding has no column, so it cannot be
#   recommended.
# * **No answer sees a later step.** Change the last three items, and no answer before them changes (by more than 0.0001).
# * **More zeros in front change nothing** at the steps of real items (to 0.0001). Conv1D knows no mask, so padding must *be* zero before each
#   convolution, as the zeros of the causal padding are: multiply by `ids > 0`.
# * compiled with sparse categorical cross-entropy and **Adam with a learning rate of 0.01**: six epochs are few. Targets are 0 to `n_items` − 1; the
#   check weighs steps of padding with 0.
#
# The check trains it on 600 made-up shoppers, six epochs, as above: what comes next follows on what came four purchases ago. On new shoppers
# the likeliest item must be the right one for at least half of them, both probes must hold, and so must they for another catalogue. Convolutions
# are what this section is about and what learns this fastest; other layers are accepted if they meet the same. `keras` and `tensorflow` are
# what you may use; import them inside your function.

# %%
# exercise: build_recommender_cnn
def build_recommender_cnn(n_items, length):
    """A compiled causal CNN over ids (N, T) of items 1 to n_items, any T, 0 in front for padding: (N, T, n_items), what comes after each step."""
    ### BEGIN SOLUTION: an embedding, causal convolutions that together see at least four steps, zero at padding; a softmax over the items; compile
    import keras
    from keras import layers, ops

    ids = keras.Input((None,), dtype="int32")
    real = ops.cast(ops.expand_dims(ids > 0, -1), "float32")
    x = layers.Embedding(n_items + 1, 32)(ids) * real
    for dilation in (1, 2):
        x = layers.Conv1D(32, 3, padding="causal", dilation_rate=dilation, activation="relu")(x) * real
    model = keras.Model(ids, layers.Dense(n_items, activation="softmax")(x))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    return model
    ### END SOLUTION

# %%
check(build_recommender_cnn)

# %% [markdown]
# Compare with your review:
#
# | fault | how it shows | repair |
# |---|---|---|
# | `shape=(20)`, no channel axis | Keras refuses | (T,) into an embedding |
# | ids are convolved as numbers | number the items anew, and the model becomes another one | `Embedding(n_items + 1, d)` |
# | the time axis is left over, shortened by two | the answer has rank 3, the target rank 1 | answer at every step, **causal** |
# | categorical cross-entropy on ids | Keras refuses; one-hot targets fill the memory | the sparse one |
# | padding is read, and id 0 has a unit | other zeros, other scores; *nothing* is recommended | zero at padding, no column for it, no weight in the loss |
# | kernel 3, one layer | blind to what is further back | dilations; the receptive field is part of the design |
# | accuracy | one right item of thousands: it hardly moves | HR@k and NDCG@k, ranked among **all** items |
# | random split | later purchases teach what comes before | split by time |
# | no baseline | nobody knows what the network adds | popularity, the shopper's own items, what followed the latest |
#
# Not in the code at all: may an item be recommended that was just bought? For milk yes, for a kettle no. And a softmax over a hundred
# thousand items at every step is a large matrix: then compare with a *sample* of items, corrected by how often each is drawn.

# %% [markdown]
# ### Attention that cannot see ahead
#
# **SASRec** (self-attentive sequential recommendation; Kang and McAuley, ICDM 2018) reads a shopper's items in order, and at every step
# predicts the next one. Its core is **causal self-attention** (因果自注意力). Each step t asks a **query** (查询) Q_t; each step s answers
# with a **key** (键) K_s and, if listened to, contributes its **value** (值) V_s:
#
# $$ \text{out}_t = \sum_s a_{ts} V_s, \qquad a_{t\cdot} = \text{softmax over the allowed } s \text{ of } \frac{Q_t \cdot K_s}{\sqrt d} $$
#
# Three things go wrong here, and none raises an error:
#
# * **The future.** While training, step t must predict item t + 1. Item t + 1 stands in the same row of the same table. One entry of the
#   mask wrong, and the network copies the answer: a splendid training loss, and rubbish live, where there is no future to copy. So step t
#   may listen to s ≤ t alone. It does hear itself: item t is known.
# * **Padding (填充).** Shoppers have sequences of different length. Short ones are filled up, mostly in front. A padded step has a vector
#   like any other, and unless it is masked it answers. A mask of a **key** says *do not listen to it*. A mask of a *query* would only say
#   *do not ask*.
# * **The scale.** A dot product of d random entries has a spread of √d. Undivided, the softmax of a wide model is a single 1, and gradients
#   vanish.
#
# A mask goes **before** the softmax: −∞ in place of the logit. If weights are set to 0 after it, the hidden steps have already taken their
# share of the sum, and what is left no longer sums to 1.
#
# The **softmax** is computed after subtracting the largest logit of the row, since exp(1000) overflows. The largest *allowed* one: if a
# hidden logit is larger by a thousand, all allowed ones would become exp(−1000) = 0.
#
# And if nothing is allowed? The first steps of a sequence padded in front see only padding. 0/0 is nan, and one nan in a batch destroys
# every weight of the network at the next update. Here such a step returns zeros.
#
# ### exercise: causal_attention
#
# `causal_attention(Q, K, V, pad)` → array (B, T, e)
#
# * `Q`, `K`: (B, T, d), `V`: (B, T, e), finite numbers. B sequences of T steps; e need not be d. `pad`: (B, T) bool, **True is padding**.
#   NumPy arrays; do not change them.
# * Logit of query t and key s: the dot product Q[b, t]·K[b, s], divided by **√d**.
# * Query t is allowed the keys s ≤ t, **itself included**, that are not padding. Every sequence has its own padding; it may be in front,
#   behind or in between.
# * Weights: the softmax over the allowed keys. Output: the sum of their values, each times its weight.
# * Padding hides keys, not queries: a query at a padded step is answered like any other, from the allowed keys before it.
# * A query without any allowed key returns zeros.
# * Logits may be in the thousands, of either sign, hidden ones too. Every output is finite.
#
# By hand: d = 1, queries 1, 1, keys 0, ln 3, values 8, 4, no padding. Step 1 sees itself: 8. Step 2 has the logits 0 and ln 3, hence
# weights 1 : 3, and returns ¼·8 + ¾·4 = 5.

# %%
# exercise: causal_attention
def causal_attention(Q, K, V, pad):
    """Scaled dot-product attention in which a step sees itself and what came before, but no padding: array (B, T, e).

    Q, K: (B, T, d).  V: (B, T, e).  pad: (B, T) bool, True is padding.  A query that may see nothing returns zeros.

    >>> query, key, value = np.array([[[1.], [1.]]]), np.array([[[0.], [np.log(3)]]]), np.array([[[8.], [4.]]])
    >>> causal_attention(query, key, value, np.zeros((1, 2), bool)).round(3).tolist()
    [[[8.0], [5.0]]]
    """
    ### BEGIN SOLUTION: logits over sqrt(d); -inf where a key is later or padding; a stable softmax, 0 for rows without any; times V
    T, d = Q.shape[1:]
    logits = Q @ K.transpose(0, 2, 1) / np.sqrt(d)
    allowed = np.tril(np.ones((T, T), bool)) & ~pad[:, None, :]         # (B, T, T): row asks, column is asked
    logits = np.where(allowed, logits, -np.inf)
    highest = logits.max(axis=2, keepdims=True)                         # of the allowed ones; -inf in a row without any
    weights = np.exp(logits - np.where(np.isfinite(highest), highest, 0))
    total = weights.sum(axis=2, keepdims=True)
    return weights @ V / np.where(total > 0, total, 1)
    ### END SOLUTION

# %%
check(causal_attention)

# %% [markdown]
# ### A probe for any network
#
# You need not read a network to know whether it looks ahead. **Change the future, and see whether the past moves.** Here Keras' own
# attention, once without and once with its causal mask. If the values are the identity matrix, what comes out *is* the weights, and you can
# look at them:

# %%
import keras

rng = np.random.default_rng(SEED)
STEPS = ["(pad)", "(pad)", "tea", "milk", "tea", "biscuits", "milk", "tea"]
vector_of = {name: rng.normal(0, 1.6, 6) for name in dict.fromkeys(STEPS)}
asked = np.array([[vector_of[name] for name in STEPS]])
is_pad = np.array([[name == "(pad)" for name in STEPS]])
eye = np.eye(len(STEPS))[None]


def by_keras(Q, K, V, causal, pad=None):
    """Keras' attention with one head: (B, T, e)."""
    mask = None if pad is None else np.broadcast_to(~pad[:, None, None, :], (len(pad), 1, Q.shape[1], K.shape[1]))
    Q, K, V = (each[:, :, None, :].astype("float32") for each in (Q, K, V))
    return keras.ops.convert_to_numpy(keras.ops.dot_product_attention(Q, K, V, mask=mask, is_causal=causal))[:, :, 0]


moved = asked.copy()
moved[:, 5:] = rng.normal(0, 1.6, moved[:, 5:].shape)                            # other items from step 6 on
rows = {}
for name, answer in {"Keras, no causal mask": lambda x: by_keras(x, x, x, False), "Keras, causal mask": lambda x: by_keras(x, x, x, True),
                     **({"yours": lambda x: mine(x, x, x, is_pad)} if (mine := yours("causal_attention")) else {})}.items():
    change = np.abs(answer(asked) - answer(moved))[0].max(axis=1)
    rows[name] = {"steps 1 to 5": change[:5].max(), "steps 6 to 8": change[5:].max()}
pd.DataFrame(rows).transpose().round(3).rename_axis(columns="items 6 to 8 replaced: largest change of an output at")

# %% [markdown]
# A 0 on the left, and the network is causal, whatever is inside. Run this on every sequence model you are handed. The weights:

# %%
figure, axes = plots.plt.subplots(1, 3, figsize=(10.4, 4.6), sharey=True)
shown = {"Nothing masked": by_keras(asked, asked, eye, False), "The future hidden": by_keras(asked, asked, eye, True),
         "… and the padding": by_keras(asked, asked, eye, True, is_pad)}
for ax, (title, table) in zip(axes, shown.items(), strict=True):
    ax.imshow(table[0], cmap="Blues", vmin=0, vmax=1)
    ax.set_xticks(range(len(STEPS)), STEPS, rotation=60, ha="right", rotation_mode="anchor")
    ax.set(title=title, xlabel="listens to")
    ax.tick_params(length=0)
axes[0].set_yticks(range(len(STEPS)), STEPS)
axes[0].set_ylabel("the step that asks")
blind = shown["… and the padding"][0, :2]
print(f"Keras, the two steps that may see nothing: weights from {blind.min():.3f} to {blind.max():.3f}; "
      f"what the first of them gives to later steps: {blind[0, 1:].sum():.3f}")

# %% [markdown]
# The last picture has a surprise in its first two rows. With nothing allowed, Keras writes a very large negative number into every logit.
# All are then equal, and the softmax is *even*: over padding, and over the future. It does no harm as long as nobody reads these steps:
# they are masked again, in the loss. Your function returns zeros there. Know which of the two your library does, before a pooled mean reads
# them.

# %% [markdown]
# ## 7 · Two towers, and a loss without all the items
#
# With a thousand items a softmax over all of them is cheap. With ten million it is not, and nobody scores ten million items at a request either. **Two
# towers** (双塔模型) make a vector of the household and a vector of the item, apart from each other. The item vectors are computed once and put into
# an index (近似最近邻索引), and a request is one look-up: this is **retrieval** (召回). Training compares with the other items *of the batch*, and that
# costs something.

# %% [markdown]
# ### A loss without all the items
#
# To learn *which of a million items comes next* with a softmax you would score a million items at every step. The **two-tower model**
# (双塔模型) of retrieval (召回) takes a shortcut. One tower turns the customer into a vector q, the other the item into a vector c, and the
# score is their dot product. In a batch of B (customer, bought item) pairs, the other customers' items serve as negatives (负样本), and are
# there already. That is the **in-batch softmax** (批内 softmax).
#
# The shortcut has a price. Items get into a batch by being bought. **A popular item is a negative all the time, a rare one hardly ever.**
# The model learns to push the popular down: not *what will she buy*, but *what is unusual for others to buy*. The repair is **logQ
# correction** (logQ 纠偏; Yi et al., RecSys 2019): subtract from every logit the logarithm of the probability with which its item gets into
# a batch. What comes often has its logit raised less, and a popular item no longer pays for being common. After training, rank by the
# plain score q·c; the correction belongs to the loss.
#
# A second trap is the **accidental hit** (意外命中). If two rows bought the same milk, then in row 1 the milk of row 2 is called wrong: the
# same item is positive and negative at once. So hide it.
#
# ### exercise: in_batch_softmax_loss
#
# `in_batch_softmax_loss(q, c, item_ids, log_q, temperature)` → a number
#
# * `q`: (B, d) customers. `c`: (B, d) items; row i of `c` is what customer i bought. Use both as they are: they need not have length 1.
#   `item_ids`: (B,) whole numbers. `log_q`: (B,), natural logarithm of each **item's** share of the pairs. Equal ids have equal rows of `c`
#   and equal log_q. NumPy arrays; do not change them. B ≥ 1, temperature > 0.
# * logits[i, j] = q_i·c_j / temperature − log_q[j]: first the division, then the correction, by the column's item. The positive, j = i, is
#   corrected as well.
# * Accidental hits, j ≠ i with `item_ids[j] == item_ids[i]`, are left out of row i's softmax. Another item that stands in two columns stays
#   in both.
# * Loss of row i: −ln of the softmax at its diagonal, that is ln Σ_j exp(logits[i, j]) − logits[i, i]. The result is the mean over the B
#   rows.
# * Logits may be in the thousands, of either sign. The loss is finite.
#
# So a constant added to `log_q` changes nothing. (Counts will do for shares.) And a correction by *row* would change nothing either, which
# is how you notice that bug.
#
# By hand: two customers, different items, temperature 1, all dot products 0; the first item has the share .2, the second .8. Logits of both
# rows: ln 5 and ln 1.25. Softmax: .8 and .2. The loss is (−ln .8 − ln .2)/2 = (.223 + 1.609)/2 = .916.

# %%
# exercise: in_batch_softmax_loss
def in_batch_softmax_loss(q, c, item_ids, log_q, temperature):
    """Mean cross-entropy of each customer's own item against the batch's others, with logQ correction and accidental hits left out.

    q, c: (B, d), row i of c is the item of row i of q.  item_ids: (B,).  log_q: (B,), log of the items' shares.  temperature: > 0.

    >>> round(float(in_batch_softmax_loss(np.zeros((2, 3)), np.zeros((2, 3)), np.array([5, 6]), np.log([.2, .8]), 1.)), 3)
    0.916
    """
    ### BEGIN SOLUTION: logits, corrected by column; -inf at accidental hits; ln of each row's sum of exponentials, minus its diagonal
    logits = q @ c.T / temperature - log_q
    accidental = (item_ids[:, None] == item_ids) & ~np.eye(len(q), dtype=bool)
    logits = np.where(accidental, -np.inf, logits)
    highest = logits.max(axis=1)                                        # never -inf: the diagonal always stays
    total = np.exp(logits - highest[:, None]).sum(axis=1)
    return (highest + np.log(total) - np.diag(logits)).mean()
    ### END SOLUTION

# %%
check(in_batch_softmax_loss)

# %% [markdown]
# (Your positive is corrected like any other. But it was not drawn by lot: it is in its row with certainty. A refined correction treats the
# two apart: Khrylchenko et al., *Correcting the LogQ Correction*, RecSys 2025. With large batches the difference is small.)
#
# ### What the correction is for
#
# A made world with three kinds of customers and 120 items, whose true purchase probabilities p(item | kind) we know. So we know what a
# score should be: ln p, up to a constant for each kind. We learn a plain table of scores by in-batch softmax, with and without logQ, from
# the same batches, hits hidden in both.

# %%
from scipy.special import softmax

started = time.perf_counter()
rng = np.random.default_rng(SEED)
KINDS, SHELF, BATCH, BATCHES = 3, 120, 64, 1500
popular = 1 / np.arange(1, SHELF + 1)
truth = softmax(np.log(popular) + rng.normal(0, 1, (KINDS, SHELF)), axis=1)             # p(item | kind), kinds equally frequent
up_to, share_of_pairs = truth.cumsum(axis=1), truth.mean(axis=0)
learnt = {}
for how, correction in {"without logQ": 0 * share_of_pairs, "with logQ": np.log(share_of_pairs)}.items():
    draws, score = np.random.default_rng(SEED), np.zeros((KINDS, SHELF))
    for step in range(BATCHES):
        kind = draws.integers(0, KINDS, BATCH)
        item = np.minimum((draws.random(BATCH)[:, None] > up_to[kind]).sum(axis=1), SHELF - 1)
        hit = (item[:, None] == item) & ~np.eye(BATCH, dtype=bool)
        push = softmax(np.where(hit, -np.inf, score[kind][:, item] - correction[item]), axis=1) - np.eye(BATCH)
        cell = (kind[:, None] * SHELF + item).ravel()
        score -= .2 * (1 - step / BATCHES) * np.bincount(cell, push.ravel(), minlength=KINDS * SHELF).reshape(KINDS, SHELF)
    learnt[how] = score - score.mean(axis=1, keepdims=True)
wanted = np.log(truth) - np.log(truth).mean(axis=1, keepdims=True)
unusual = np.log(truth / share_of_pairs)
unusual -= unusual.mean(axis=1, keepdims=True)
figure, axes = plots.plt.subplots(1, 2, figsize=(9.2, 3.9), sharey=True)
for ax, (how, score), colour in zip(axes, learnt.items(), (plots.VERMILION, plots.BLUE), strict=True):
    ax.scatter(wanted, score, s=9, color=colour, alpha=.6, lw=0)
    ax.axline((0, 0), slope=1, color=plots.GREY, lw=1, ls=":")
    ax.set(title=how[0].upper() + how[1:], xlabel="ln p(item | kind), centred", xlim=(-4.5, 6), ylim=(-4.5, 6))
axes[0].set_ylabel("learnt score, centred")
rows = {}
for how, score in {**learnt, "the truth": wanted}.items():
    ten = np.argsort(-score, axis=1)[:, :10]
    rows[how] = {"correlation with ln p(item | kind)": np.corrcoef(score.ravel(), wanted.ravel())[0, 1],
                 "… with ln p(item | kind) / p(item)": np.corrcoef(score.ravel(), unusual.ravel())[0, 1],
                 "HR@10": np.take_along_axis(truth, ten, axis=1).sum(axis=1).mean(),
                 "mean share of the ten listed": share_of_pairs[ten].mean()}
print(f"{BATCHES:,} batches of {BATCH}, one seed, {time.perf_counter() - started:.1f} s for both")
pd.DataFrame(rows).transpose().round(3)

# %% [markdown]
# Without correction the scores follow the *second* column: ln p(item | kind)/p(item), the **pointwise mutual information** (点互信息, PMI).
# It is what this loss asks for: what a kind buys *more than others do*. That is a fine answer for *"something unusual for you"*, and a bad
# one for *"what will she buy"*: see HR@10, and how rare the listed items are. With correction the points lie along the dotted line.
#
# If an uncorrected model wins your offline test all the same, look at the test: was it, too, made of sampled negatives?

# %% [markdown]
# ## 8 · The whole ladder: predict before you run
#
# All rungs on one split. Choices are made on month 11 (validation), by recall@10 on **new** items; then each rung is fitted again on everything before month
# 12 (test), and measured once. **Every rung may try three settings**, no more: the baseline as well as the Transformer. (The personal rungs, which have
# nothing to say on new items, choose by repeats.) What is random runs on two seeds; a network's second one was run before, since it takes a minute.
#
# | rung | reads | three settings |
# |---|---|---|
# | popularity | everybody's weeks | which weeks |
# | personal top, faded | the household's own days | half-life |
# | content: words, embeddings | names | how sharply likeness counts |
# | item, user neighbours | who buys what | how many neighbours |
# | Markov | the visit after | smoothing and memory |
# | EASE, iALS, BPR | households × items | penalty |
# | two towers, CNN, SASRec | the last hundred purchases | size, rate, length |

# %% [markdown] tags=["answer"]
# **Your bet, before the next cells.** Which rung finds the most *new* items, and by how much over popularity? Does any beat the household's own faded
# days on *repeats*? Do the networks, which read order, beat EASE, which does not?
#
# 1. new: …
# 2. repeat: …
# 3. order: …

# %%
known = {"validation": rungs.Known(feedback, VALID), "test": rungs.Known(feedback, TEST)}
started, chosen, tried = time.perf_counter(), {}, []
kept = pretrained.networks("validation")
for name, rung in rungs.LADDER.items():
    table = kept[kept["rung"] == name] if rung.network else rungs.tune(rung, known["validation"])
    chosen[name] = table["setting"].iloc[0]
    tried += [{"rung": name, **line} for line in table[["setting", "new", "repeat"]].to_dict("records")]
tried = pd.DataFrame(tried)
print("recall@10 on the validation month; the networks' rows were measured before (python -m helpers.pretrained), "
      f"all others now, in {time.perf_counter() - started:.0f} s")
tried.assign(setting=tried["setting"].map(str)).set_index(["rung", "setting"]).round(4)

# %% [markdown]
# What three settings are worth, you see in the spread inside each rung. In some rungs as much lies between the best and the worst setting as between
# rungs. That is why a tuned model beside an untuned baseline proves nothing. (Ferrari Dacrema, Cremonesi and Jannach, RecSys 2019: most of the
# neural recommenders they could reproduce lost to well-tuned neighbours.)
#
# Now the test month, once. The three networks were trained before on what was known before it (`helpers/pretrained.py`: a few minutes of waiting that
# you are spared); their weights are in `data/`, and *CPU s to train* is what their training took, as for all others.

# %%
at = months["test"]
shoppers = np.flatnonzero(at.seen.any(axis=1) & at.future.any(axis=1))
held_by = np.maximum(at.seen.mean(axis=0), 1 / H)
measured, lists, table, on_test, seeds = {}, {}, {}, {}, pretrained.networks("test")
for name, rung in rungs.LADDER.items():
    several = []
    for seed in range(2 if rung.random and not rung.network else 1):
        if rung.network:                                             # trained beforehand, on what was known before the test month
            network = pretrained.load(name, M)
            serve, training = rungs.served(network.model, known["test"]), network.seconds
        else:
            started = time.process_time()
            serve = rung.fit(known["test"], chosen[name], seed)
            training = time.process_time() - started
        serve(shoppers[:8])                                          # the first call of a network compiles it
        started = time.perf_counter()
        np.argpartition(-serve(shoppers[:1000]), SLOTS, axis=1)[:, :SLOTS]
        serving = 1000 * (time.perf_counter() - started)
        scores = np.asarray(serve(shoppers), np.float32)
        several.append(in_blocks(scores, at, shoppers))
        on_test.setdefault(name, scores)                             # of the first seed, for what follows
    measured[name] = {what: np.mean([each[what] for each in several], axis=0) for what in several[0]}
    by_seed = [np.nanmean(each["new", "recall"]) for each in several]
    spread = np.ptp(seeds.loc[seeds["rung"] == name, "new"] if rung.network else by_seed)
    lists[name] = ranking.listed(on_test[name], SLOTS, ~at.seen[shoppers], np.random.default_rng(SEED))
    table[name] = {**means(measured[name]), ("new", "seeds apart"): spread if rung.random else np.nan, ("new", "coverage"): ranking.coverage(lists[name], M),
                   ("new", "novelty, bits"): ranking.novelty(lists[name], held_by), ("cost", "CPU s to train"): training, ("cost", "ms per 1,000"): serving}
table = pd.DataFrame(table).transpose()
table.columns = pd.MultiIndex.from_tuples(table.columns)
print(f"test month, {len(shoppers):,} households, all {M:,} items ranked")
table[["new", "repeat"]].round(3)

# %%
pd.concat([table["all"].add_prefix("all: "), table["cost"]], axis=1).round({"all: hr": 3, "all: recall": 3, "all: ndcg": 3, "CPU s to train": 2,
                                                                            "ms per 1,000": 0})

# %% [markdown]
# And how sure? Households are drawn again, all rungs with the same draws, so that gaps are paired.

# %%
from helpers.interests import mean_over

draws = metrics.household_draws(shoppers, {(name, block): mean_over(values[block, "recall"]) for name, values in measured.items()
                                           for block in ("new", "repeat")}, draws=1000, seed=SEED)


def gaps(block, against):
    """Each rung less another one, recall@10 in a block, with the 95 % interval of the gap: text, so that an interval stays with its number."""
    of = draws.xs(block, axis=1, level=1)
    gap = of.sub(of[against], axis=0).drop(columns=against)
    low, high, value = gap.quantile(.025), gap.quantile(.975), table[block, "recall"] - table.loc[against, (block, "recall")]
    return pd.Series({name: f"{value[name]:+.4f} ({low[name]:+.4f} … {high[name]:+.4f})" for name in gap})


NETWORKS = [name for name, rung in rungs.LADDER.items() if rung.network]
best_new, best_repeat = table["new", "recall"].idxmax(), table["repeat", "recall"].idxmax()
for block, base in (("new", "popularity"), ("repeat", "personal top, faded")):
    ordered = table[block, "recall"].sort_values(ascending=False).index
    of = draws.xs(block, axis=1, level=1)[ordered]
    plots.forest(list(ordered), table.loc[ordered, (block, "recall")], of.quantile(.025), of.quantile(.975), reference=table.loc[base, (block, "recall")],
                 reference_label=base, highlight=NETWORKS, title=f"Recall@10 on {block} items (networks in colour)",
                 xlabel="of the items to be found, at most ten, in a list of ten (95 % interval over households)")
print(f"best on new items: {best_new}; on repeats: {best_repeat}")
pd.DataFrame({"new, less popularity": gaps("new", "popularity"), f"new, less {best_new}": gaps("new", best_new),
              "repeat, less personal top, faded": gaps("repeat", "personal top, faded")}).reindex(table.index).fillna("–")

# %% [markdown]
# ### One page, two questions
#
# A page has ten places. How many go to what the household buys anyway, how many to something new? Repeats are taken from *personal top, faded*, new items
# from a rung. Eleven slates, from none to ten new ones; counted are the *right* items of each kind a household:

# %%
def right_ones(scores, gold, allowed):
    """Mean number of right items among the first 0, 1, … SLOTS, of all households."""
    return np.array([0.] + [np.nansum(found["recall"] * np.minimum(gold.sum(axis=1), k)) / len(gold) for k in range(1, SLOTS + 1)
                            for found in [ranking.at_k(scores, gold, k, allowed)]])


seen, new, repeat = (each[shoppers] for each in (at.seen, at.new, at.repeat))
repeats_right = right_ones(on_test["personal top, faded"], repeat, seen)
ax = plots.plt.subplots(figsize=(7, 4.2))[1]
slates = {}
for name, colour in zip(dict.fromkeys((best_new, *NETWORKS[-1:], "popularity")), plots.COLOURS, strict=False):
    new_right = right_ones(on_test[name], new, ~seen)
    slates[f"new items from {name}"] = {f"{places} new": f"{repeats_right[SLOTS - places]:.2f} + {new_right[places]:.2f}" for places in (0, 1, 3, 5, 10)}
    ax.plot(new_right, repeats_right[::-1], color=colour, marker="o", markersize=4, label=name)
ax.legend(title="new items from")
for places in (0, 3, 5, 10):
    ax.annotate(f"{places} new", (new_right[places], repeats_right[SLOTS - places]), xytext=(-6, -4), textcoords="offset points", color=plots.GREY,
                ha="right", va="top", fontsize=9)
_ = ax.set(title="What a place for something new costs", xlabel="right new items a household", ylabel="right repeated items a household",
           xlim=(-.1, None), ylim=(-.45, None))
print("right repeats + right new items a household, of ten places")
pd.DataFrame(slates).transpose()

# %% [markdown]
# Or let one number decide: **blend** (融合) the two, ln(1 + own faded days) + w · the rung's score, and list the ten best whatever they are. Three weights
# w, chosen on the validation month by *all* items. (The rung: the best on new items of that month that needs no network.)

# %%
quick = [name for name in table.index if name not in NETWORKS]
BLENDED = tried[tried["rung"].isin(quick)].set_index("rung")["new"].idxmax()               # by the validation month, like every choice


def blended(month, weights):
    """The household's own faded days and the best quick rung, once for each weight."""
    everybody = np.arange(H)
    own = feedback.faded(known[month].cutoff, chosen["personal top, faded"]).toarray()
    other = rungs.LADDER[BLENDED].fit(known[month], chosen[BLENDED], 0)(everybody)
    return {weight: recommenders.blend(own, other, weight) for weight in weights}


on_valid = {weight: means(in_blocks(scores, months["validation"]))["all", "recall"] for weight, scores in blended("validation", (.1, .3, 1)).items()}
WEIGHT = max(on_valid, key=on_valid.get)
mixed = blended("test", [WEIGHT])[WEIGHT][shoppers]
several = {name: measured[name] for name in dict.fromkeys(("popularity", "personal top, faded", BLENDED))} | {"blend": in_blocks(mixed, at, shoppers)}
list_of = ranking.listed(mixed, SLOTS)
print(f"own days and {BLENDED}, w = {WEIGHT}; recall@10 on all items of the validation month: "
      + ", ".join(f"w {weight}: {value:.4f}" for weight, value in on_valid.items()))
print(f"of the blend's ten items, new to the household: {np.mean(~np.take_along_axis(seen, list_of, axis=1)):.1%}")
gain = metrics.household_draws(shoppers, {name: mean_over(several[name]["all", "recall"]) for name in ("personal top, faded", "blend")},
                               draws=1000, seed=SEED)
low, high = (gain["blend"] - gain["personal top, faded"]).quantile([.025, .975])
print(f"blend less personal top, faded, recall@10 on all items: 95 % interval {low:+.4f} … {high:+.4f}")
pd.DataFrame({name: means(values) for name, values in several.items()}).transpose()[
    [("new", "recall"), ("repeat", "recall"), ("all", "recall"), ("all", "ndcg")]].round(3)

# %% [markdown]
# The blend beats the household's own days, and its list holds hardly anything new. Both are right. A repeat is several times likelier than the best new item,
# so whoever maximises *hits* lists repeats. **How many places go to something new is a decision, not a result**: the curve above says what each costs, an
# experiment says what it is worth. Within each kind of place, the blend is the order to use.
#
# ### One month is a sample of one
#
# Intervals over households say what another *sample of shoppers* would have given, in the same month. Not what another month gives. The same settings,
# month after month, each fitted on what lay before it. (They were chosen on month 11, so that month flatters them.)

# %%
rows = []
for day in range(8 * 28, 13 * 28, 28):
    then = rungs.Known(feedback, day)
    who = np.flatnonzero(then.at.seen.any(axis=1) & then.at.new.any(axis=1))
    found = {name: ranking.at_k(rungs.LADDER[name].fit(then, chosen[name], 0)(who), then.at.new[who], SLOTS, ~then.at.seen[who])["recall"]
             for name in ("popularity", "user neighbours", "EASE", "iALS")}
    for name in ("user neighbours", "EASE", "iALS"):
        gap = found[name] - found["popularity"]
        error = 1.96 * gap.std() / len(gap) ** .5
        rows.append({"rung": name, "month": day // 28 + 1, "gap": gap.mean(), "low": gap.mean() - error, "high": gap.mean() + error})
by_month = pd.DataFrame(rows)
ax = plots.plt.subplots(figsize=(7.5, 3.6))[1]
ax.axhline(0, color=plots.GREY, lw=1, ls=":")
for shift, (name, line), colour in zip((-.12, 0, .12), by_month.groupby("rung", sort=False), plots.COLOURS, strict=False):
    ax.vlines(line["month"] + shift, line["low"], line["high"], color=colour, lw=2, alpha=.4)
    ax.plot(line["month"] + shift, line["gap"], color=colour, marker="o", markersize=4.5, lw=1, label=name)
ax.legend(loc="upper right", ncols=3)
ax.margins(y=.2)
_ = ax.set(title="What a rung adds to popularity on new items, month by month", xlabel="month of 2017 that is predicted (11: validation, 12: test)",
           ylabel="recall@10 less popularity's (95 %)")
by_month.pivot(index="rung", columns="month", values="gap").round(4)

# %% [markdown]
# What the tables allow to say (one shop, one year, one test month, a network's measures are those of seed 0, and *seeds apart* says how far seed 1 lies):
#
# * **On everything together the household's own days win**, by a distance no model closes. Whoever reports that column alone has measured
#   repeats.
# * **On repeats, too**, with a caveat: the models were tuned on new items, and section 4 shows EASE with a smaller λ ahead of its own row here, and
#   still behind. What a model learns from *other* households it pays for by forgetting this one. That is no fault of the models: it is why the page
#   has two kinds of places, and why the blend, which adds a little of the one to the other, is the first list to beat both of its parts on all items
#   together.
# * **On new items the whole ladder lies close together**, and popularity is not at its foot. The best rungs are the ones that compress or
#   compare whole households; see the forest plot for whose interval excludes popularity, and the picture by months for how far to trust it.
# * **The season takes back what the year taught.** Until month 11 EASE and iALS add a multiple of what they add in the two months before Christmas. A
#   likely reason: what is new then is new for all, and popularity of the last weeks knows it. The steadiest rung asks the nearest households
#   about their *last eight weeks* alone. Had the test month been the only one looked at, EASE would have been called noise; had the validation
#   month, a triumph.
# * **Names alone fall short of popularity.** They find what is like what one has, and what people try is more often what goes with it. Where
#   nobody has bought an item yet, names are all there is: section 9.
# * **Order adds nothing one could measure here**; recency does, which is not the same. Shuffled visits made as good a chain as real ones. CNN and
#   SASRec do not even reach popularity on new items; the two towers, which read no order, just about do, and on repeats they lead the models of the
#   table. Sixteen numbers a household do better in a few seconds. Look at *seeds apart*, too: one more seed can move a network as far as the rungs
#   lie from each other. The networks have one more handicap: they learn what comes *next*, and that is mostly repeats, from the last hundred
#   purchases at most. On films, songs or clicks the order of the rungs can be another one: `python -m helpers.movielens` asks films. The finding is
#   about groceries by the month, not about attention.
# * **Coverage and novelty** tell apart what recall does not. Rungs with the same recall show very different parts of the catalogue. Between
#   equals, take the one that shows more of the shop.
#
# And what no table here can say: whether anybody bought *because* of the page. Every purchase in this log was made without it.

# %% [markdown]
# ## 9 · Cold start: what nobody has bought yet
#
# On Monday the shop lists new products. They have no buyers, so their columns are empty, and whatever learns from columns alone has nothing to say:
# popularity gives them all 0, EASE and iALS give them all the same, SASRec knows no such id. That is the **item cold start** (物品冷启动). It can only be
# answered with what is known of an item *before* anybody buys it. Here that is its name on the shelf plan.
#
# You can rehearse a launch: choose 15 % of the items by lot, wipe them out of every history, and ask which of *them* each household will buy for the
# first time in the test weeks. (Only items with 50 buyers or more are chosen, so that there is something to find.) Two kinds of launch:
#
# * **on known shelves**: single items, whose neighbours on the shelf stay;
# * **a new shelf**: whole categories at once, as when a grocer begins to sell plants.
#
# And five ways to know an unseen item:
#
# * its **shelf**: the household's share of purchases in the item's category;
# * **words**: TF-IDF of its spelled-out name, cosine with what the household bought;
# * **embedding**: the same with a sentence vector (句向量), less the mean of all names (without that, everything is like everything);
# * **words or embedding → iALS**: fit iALS on the known items, learn by ridge regression to guess an item's *factors* from its name, and
#   apply that to the new one. The name is asked what *kind of buyer* it has, not what it sounds like. A two-tower model whose item tower reads
#   content does the same, end to end.
#
# Each may choose among up to three settings, on the validation month and with another lot.

# %%
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge

LOTS = 4
started = time.perf_counter()
called = [interests.spelled_out(name) or name.lower() for name in feedback.items]
sense = text.encode(called)
sense = sense - sense.mean(axis=0)
sense /= np.linalg.norm(sense, axis=1, keepdims=True)
words = TfidfVectorizer(dtype=np.float32).fit_transform(called).toarray()
shelf = pd.factorize(feedback.category)[0]
on_shelf = np.eye(shelf.max() + 1, dtype=np.float32)[shelf]
KNOWN_BY = {"shelf": (on_shelf, (1,)), "words": (words, (1, 2, 4)), "embedding": (sense, (1, 2, 4)),
            "words → iALS": (words, (.3, 3, 10)), "embedding → iALS": (sense, (.3, 3, 10))}


def launch(cutoff, whole_shelves, seed, chosen=None):
    """Recall@10 among items wiped out of all histories, household by household: way of knowing them (and its setting, if none is chosen) -> (H,)."""
    now, rng = feedback.split(cutoff), np.random.default_rng(seed)
    if whole_shelves:
        order = rng.permutation(shelf.max() + 1)
        gone = np.isin(shelf, order[np.cumsum(np.bincount(shelf)[order]) <= .15 * M])
        cold = np.flatnonzero(gone & (now.seen.sum(axis=0) >= 50))
    else:
        cold = np.sort(rng.choice(np.flatnonzero(now.seen.sum(axis=0) >= 50), int(.15 * M), replace=False))
        gone = np.isin(np.arange(M), cold)
    history = (now.past @ sparse.diags((~gone).astype(np.float32))).log1p()
    share = sparse.diags(1 / np.maximum(np.asarray(history.sum(axis=1)).ravel(), 1e-9)) @ history
    U, V = recommenders.ials_factors(history, 24, sweeps=3, seed=seed)
    scores = {"nothing (popular, EASE)": np.zeros((len(U), len(cold)))}
    for way, (features, settings) in KNOWN_BY.items():
        for setting in settings if chosen is None else (chosen[way],):
            if "iALS" in way:
                guessed = Ridge(setting).fit(features[~gone], V[~gone]).predict(features[cold])
                score = U @ guessed.T
            else:
                score = share @ np.maximum(features @ features[cold].T, 0) ** setting
            scores[way if chosen else (way, setting)] = score
    return {way: ranking.at_k(score, now.new[:, cold], SLOTS, ~now.seen[:, cold])["recall"] for way, score in scores.items()}


lots, picked = {}, {}
for kind, whole_shelves in (("on known shelves", False), ("a new shelf", True)):
    tried = {each: np.nanmean(found) for each, found in launch(VALID, whole_shelves, SEED).items() if isinstance(each, tuple)}
    picked[kind] = {way: max((setting for other, setting in tried if other == way), key=lambda setting, way=way: tried[way, setting]) for way in KNOWN_BY}
    lots[kind] = [launch(TEST, whole_shelves, SEED + 10 + lot, picked[kind]) for lot in range(LOTS)]
ways = list(lots["a new shelf"][0])
launched = {kind: {way: np.stack([lot[way] for lot in several]) for way in ways} for kind, several in lots.items()}
mean_of = {kind: {way: np.nanmean(found, axis=1).mean() for way, found in of.items()} for kind, of in launched.items()}
print(f"{LOTS} lots each; chosen: {picked}; {time.perf_counter() - started:.1f} s")


def over_lots(found):
    """A function of household weights: recall over the households with something to find, then the mean over lots."""
    return lambda weight: np.mean([np.average(lot[~np.isnan(lot)], weights=weight[~np.isnan(lot)]) for lot in found])


cold_draws = metrics.household_draws(np.arange(len(feedback.households)), {(kind, way): over_lots(found) for kind, of in launched.items()
                                                                           for way, found in of.items()}, draws=200, seed=SEED)
table = {}
for kind in launched:
    for way in ways:
        gap = cold_draws[kind, way] - cold_draws[kind, "words"]
        by_lot = np.nanmean(launched[kind][way], axis=1) - np.nanmean(launched[kind]["words"], axis=1)
        table[kind, way] = {"recall@10": f"{mean_of[kind][way]:.3f}", "less words": "–" if way == "words" else
                            "{:+.3f} ({:+.3f} … {:+.3f})".format(mean_of[kind][way] - mean_of[kind]["words"], *gap.quantile([.025, .975])),
                            "lots in which it beats words": "–" if way == "words" else f"{(by_lot > 0).sum()} of {LOTS}"}
pd.DataFrame(table).transpose()

# %%
figure, panels = plots.plt.subplots(1, 2, figsize=(10.5, 3), sharex=True)
for ax, kind in zip(panels, launched, strict=True):
    own = cold_draws[kind][ways]
    plots.forest(ways, [mean_of[kind][way] for way in ways], own.quantile(.025), own.quantile(.975), title=f"Launched: {kind}",
                 xlabel="recall@10 among launched items (95 % interval)", reference=mean_of[kind][ways[0]], reference_label="by lot",
                 highlight=[way for way in ways if "embedding" in way], ax=ax)

# %% [markdown]
# * **Nothing** is the row of popularity, EASE and iALS: all equal, so by lot. On known shelves any knowledge at all beats it.
# * **On known shelves the category code does what words do**, and costs nothing: a column that every shop has. Whoever shows you an embedding that beats *by
#   lot* has not shown you that it beats the shelf. Asked for factors, the embedding adds a little.
# * **On a new shelf the code is as good as the lot**, since nobody has bought there. Words help where a word happens to come back. The embedding needs no
#   common letter (see below), and it is ahead, **if it is asked for factors**. As a plain cosine it is asked the wrong question: people do not buy what
#   *sounds like* what they bought.
# * **The lots differ.** The interval is over households, and says nothing about other shelves; the last column does. Which shelf is new decides more
#   than which model you take. Say so before somebody quotes a third decimal.

# %%
stems = CountVectorizer(analyzer=keywords.telling).fit_transform(called).toarray()
alike = sense @ sense.T
alike[shelf[:, None] == shelf] = -1                                  # another shelf, …
alike[stems @ stems.T > 0] = -1                                      # … and no telling word in common, singular or plural
widely = np.argsort(-at.seen.sum(axis=0))[:200]
nearest = widely[np.argsort(-alike[widely].max(axis=1), kind="stable")[:6]]
pd.DataFrame({"item": [called[i] for i in nearest], "nearest on another shelf, no telling word in common": [called[alike[i].argmax()] for i in nearest],
              "cosine": alike[nearest].max(axis=1).round(2)})

# %% [markdown]
# An unseen **household** (用户冷启动) is the milder case: no history, so popularity by week and place, then a question or two (*bandit* methods decide
# which to ask), then the first basket: EASE and iALS need no refit for a new row. (`cold_start_scores` in the second notebook is about the other
# half, an unseen item.)
#
# ### Titles in Chinese
#
# The simulated shop has titles in two languages, and items that come late. Does the encoder know them by their Chinese titles? Histories end before
# the first of them is on sale; to be found is which of them a shopper then looked at, in a search or on the slate. In the last row the two sides do
# not even share a language:

# %%
DAY, LATER = 45, 30
started = time.perf_counter()
before, after = logged.views[logged.views["day"] < DAY], logged.views[logged.views["day"].between(DAY, DAY + 2 * LATER, inclusive="left")]
fresh = np.flatnonzero((logged.catalogue.released >= DAY) & (logged.catalogue.released < DAY + LATER))


def looked_at(views):
    X = sparse.csr_matrix((np.ones(len(views), np.float32), (views["shopper"].astype(int), views["item"].astype(int))), (8_000, 600))
    X.data[:] = 1
    return X


history = looked_at(before)
gold = looked_at(after)[:, fresh].toarray() > 0
in_chinese = list(logged.catalogue.title_zh)
readings = {"by lot": np.zeros((600, 1), np.float32), "category code": np.eye(12, dtype=np.float32)[logged.catalogue.category],
            "Chinese, character bigrams": TfidfVectorizer(analyzer="char", ngram_range=(2, 2), dtype=np.float32).fit_transform(in_chinese).toarray(),
            "Chinese, embedding": text.encode(in_chinese), "English, embedding": titles,
            "history read in English, new items in Chinese": None}
found = {}
for reading, vectors in readings.items():
    left, right = (readings["English, embedding"], readings["Chinese, embedding"]) if vectors is None else (vectors, vectors)
    left, right = (side - side.mean(axis=0) if "embedding" in reading or vectors is None else side for side in (left, right))
    left, right = (side / np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9) for side in (left, right))
    found[reading] = ranking.at_k(history @ np.maximum(left @ right[fresh].T, 0), gold, 5)["recall"]
some = ~np.isnan(found["by lot"])
chinese = metrics.household_draws(np.flatnonzero(some), {reading: interests.mean_over(each[some]) for reading, each in found.items()}, draws=200, seed=SEED)
print(f"{len(fresh)} items released on one of the {LATER} days from day {DAY}; {some.sum():,} shoppers who then looked at one; "
      f"{time.perf_counter() - started:.1f} s")
pd.DataFrame({"recall@5": {reading: each[some].mean() for reading, each in found.items()}, "low": chinese.quantile(.025),
              "high": chinese.quantile(.975)}).round(3)

# %% [markdown]
# Every reading of a title beats the lot, and their intervals overlap. **The last row does as well as English on both sides**, though its two sides share
# not a single letter: that is what a multilingual encoder buys, for a shop that enters a market whose language its histories do not speak. In one
# language, bigrams of characters are hardly behind. And once more the plain category code is ahead of them all: these shoppers come with a
# category in mind.

# %% [markdown]
# ## 10 · The large model: does it earn its keep?
#
# "How do you use *large models* in recommendation?" Three answers are given today: as **features** (text embeddings), as the **recommender** (a model
# pre-trained on events), and as a **re-ranker** that reads and explains. Each gets a measurement, a rival, and a bill.
#
# ### 10.1 · Text as a feature: where does it help?
#
# Section 9 was the extreme: no buyer at all. Most items have some. Then trust the buyers the more, the more there are:
#
# $$ \text{score} = w \cdot z(\text{id score}) + (1 - w) \cdot z(\text{text score}), \qquad w = \frac{n}{n + \kappa} $$
#
# n is the number of the item's buyers, κ how many of them are worth as much as its name, and z takes mean and spread out of each household's scores: without
# it the model with the larger numbers wins. It is the shrinkage of lesson 04 with a name for a prior. The id score is EASE, the text score *embedding →
# iALS* of section 9. New items only, ranked **within a block**: the most popular items that make half of all purchases (*head*), those up to
# 85 % (*middle*), the rest (*tail*). κ is chosen on the four weeks before, for each block.

# %%
KAPPAS = (0, 10, 100, 1000, np.inf)
started = time.perf_counter()


def standard(scores):
    """Each household's scores, less their mean and over their spread; a household without history has none, and gets zeros."""
    return (scores - scores.mean(axis=1, keepdims=True)) / np.maximum(scores.std(axis=1, keepdims=True), 1e-9)


def id_and_text(cutoff):
    """z-scores by buyers and by name, the number of buyers of each item, and the split."""
    now = feedback.split(cutoff)
    history = now.past.log1p()
    U, V = recommenders.ials_factors(history, 24, sweeps=3, seed=SEED)
    by_name = U @ Ridge(picked["on known shelves"]["embedding → iALS"]).fit(sense, V).predict(sense).T
    return standard(recommenders.ease(history, 1000.)), standard(by_name), now.seen.sum(axis=0), now


def mixed(by_id, by_name, n, kappa):
    """The blend; κ = inf is text alone."""
    w = n / (n + kappa) if np.isfinite(kappa) else np.zeros(len(n))
    return w * by_id + (1 - w) * by_name


ready = {cutoff: id_and_text(cutoff) for cutoff in (VALID, TEST)}
bought_by = np.asarray(ready[VALID][3].past.sum(axis=0)).ravel()
order = np.argsort(-bought_by, kind="stable")
upto = np.cumsum(bought_by[order]) / bought_by.sum()
block = np.empty(M, dtype=object)
block[order] = np.where(upto <= .5, "head", np.where(upto <= .85, "middle", "tail"))
rows_of = {}
for name, within in {"head": block == "head", "middle": block == "middle", "tail": block == "tail", "whole catalogue": np.ones(M, bool)}.items():
    def found_in(cutoff, kappa, within=within):
        by_id, by_name, n, now = ready[cutoff]
        score = mixed(by_id, by_name, n, kappa)[:, within]
        return ranking.at_k(score, now.new[:, within], SLOTS, ~now.seen[:, within])["recall"]

    kappa = max(KAPPAS, key=lambda each: np.nanmean(found_in(VALID, each)))
    of = {what: found_in(TEST, each) for what, each in (("id", 0), ("text", np.inf), ("blend", kappa))}
    gap = metrics.household_draws(np.arange(len(of["id"])), {what: interests.mean_over(each) for what, each in of.items()}, draws=200, seed=SEED)
    low, high = (gap["blend"] - gap["id"]).quantile([.025, .975])
    rows_of[name] = {"items": int(within.sum()), "of new feedback": at.new[:, within].sum() / at.new.sum(), "id alone": np.nanmean(of["id"]),
                     "text alone": np.nanmean(of["text"]), "κ chosen": kappa, "blend": np.nanmean(of["blend"]),
                     "blend less id": f"{np.nanmean(of['blend']) - np.nanmean(of['id']):+.3f} ({low:+.3f} … {high:+.3f})"}
print(f"recall@10 of new items, candidates of the same block; {time.perf_counter() - started:.1f} s")
pd.DataFrame(rows_of).transpose().infer_objects().round(3)

# %% [markdown]
# The name adds nothing here, not even in the tail, where every known item has some buyers: look at the last column. The catalogue keeps an item only if
# twenty households bought it, and twenty buyers know more of a thing than its name does. The blend is still what you ship: it never does harm that
# one could measure, and its left end, n = 0, is section 9. (*Id alone* is EASE; a weaker id model would leave the name more to add, and would still be the
# weaker model.)
#
# ### 10.2 · A model of events, in three sizes
#
# The recipe of a large recommender (HSTU, OneRec) is the recipe of a language model: a causal Transformer, pre-trained to guess the next event, then made
# larger, since loss falls with size in a straight line on log paper: the **scaling law** (缩放定律). Here is that recipe **at toy size**: the SASRec of
# this lesson with one block, three widths, the same events, the same passes, trained beforehand like the networks of the ladder. The loss is that of one
# household in ten, which it has not seen; the same households judge the simplest model of all, which says everybody's shares to everybody.

# %%
from helpers import sequential  # imports TensorFlow: takes a few seconds

events = pretrained.events(feedback)
last = feedback.sequences(TEST, pretrained.LENGTH, np.random.default_rng(SEED))
tokens = int((events[:, 1:] > 0).sum())
learn_rows, held_rows = sequential.split(len(events), .1, SEED)                  # as it was trained
share = np.bincount(events[learn_rows].ravel(), minlength=M + 1)[1:] + 1
came = events[held_rows, 1:]
unigram = -np.log(share / share.sum())[came[came > 0] - 1].mean()
judged_by, sizes = {}, {}
for name in pretrained.EVENT_MODELS:
    kept_model, seconds, passes, pass_kept = pretrained.load(name, M)
    judged_by[name], weights = sequential.scores(kept_model, last), kept_model.count_params()
    sizes[name] = {"weights": weights, "tokens a weight": tokens * passes / weights, "held-out loss": sequential.loss(kept_model, events[held_rows]),
                   "pass kept": pass_kept, "CPU s to train": seconds}
for name, make in {"popular": lambda: recommenders.popular(at.past), "Markov": lambda: recommenders.markov(feedback, TEST),
                   "EASE": lambda: recommenders.ease(at.past.log1p(), 1000.)}.items():
    started = time.process_time()
    judged_by[name] = make()
    sizes[name] = {"CPU s to train": time.process_time() - started}
new_found = {name: ranking.at_k(scores, at.new, SLOTS, ~at.seen)["recall"] for name, scores in judged_by.items()}
rest_found = {name: ranking.at_k(scores, at.future, SLOTS)["recall"] for name, scores in judged_by.items()}
size_draws = metrics.household_draws(np.arange(len(at.new)), {(what, name): interests.mean_over(each) for what, of in
                                     (("new", new_found), ("everything", rest_found)) for name, each in of.items()}, draws=200, seed=SEED)
for name in sizes:
    for what, of in (("new", new_found), ("everything", rest_found)):
        low, high = (size_draws[what, name] - size_draws[what, "EASE"]).quantile([.025, .975])
        mean = np.nanmean(of[name])
        sizes[name] |= {f"recall@10, {what}": mean, f"{what}, less EASE": "–" if name == "EASE" else
                        f"{mean - np.nanmean(of['EASE']):+.3f} ({low:+.3f} … {high:+.3f})"}
print(f"{tokens:,} events of {len(events):,} households a pass; loss of saying everybody's shares: {unigram:.3f}")
sizes = pd.DataFrame(sizes).transpose().infer_objects()
sizes.round({"tokens a weight": 1, "held-out loss": 3, "CPU s to train": 1, "recall@10, new": 3, "recall@10, everything": 3})

# %%
curve = sizes.dropna(subset=["weights"])
figure, panels = plots.plt.subplots(1, 2, figsize=(10, 3.2))
panels[0].plot(curve["weights"].astype(float), curve["held-out loss"].astype(float), "o-", color=plots.BLUE)
panels[0].axhline(unigram, color=plots.GREY, lw=1, ls=":")
panels[0].annotate("everybody's shares", (curve["weights"].iloc[0], unigram), xytext=(0, 4), textcoords="offset points", color=plots.GREY)
panels[0].set(title="The loss falls at first …", ylabel="held-out loss, nats an event")
own = size_draws["new"][list(curve.index)]
panels[1].fill_between(curve["weights"].astype(float), own.quantile(.025), own.quantile(.975), color=plots.BLUE, alpha=.2, lw=0)
panels[1].plot(curve["weights"].astype(float), curve["recall@10, new"].astype(float), "o-", color=plots.BLUE)
for name in ("EASE", "popular"):
    panels[1].axhline(sizes.loc[name, "recall@10, new"], color=plots.GREY, lw=1, ls=":")
    panels[1].annotate(name, (1, sizes.loc[name, "recall@10, new"]), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                       color=plots.GREY, va="center")
panels[1].set(title="… and what is asked for does not follow", ylabel="recall@10, new (95 % interval)")
for ax in panels:
    ax.set_xscale("log")
    ax.set_xlabel("weights (log scale)")

# %% [markdown]
# From the smallest model to the next the loss falls, as the recipe promises; the largest adds nothing to that, and all stay close to what saying
# everybody's shares costs. On new items every size stays behind EASE, on
# everything by far; look at the intervals. Two rows explain it. *Tokens a weight*: the largest model sees a handful of events for each of its weights, where
# language models see tens and more. And the events: a receipt has no order, so which item comes *next* is mostly drawn by lot, and what is left to
# learn is *which* items go together. That is what EASE computes in closed form, from the whole year, in the seconds of the last rows.
#
# So: **no, not on these data, not at this size.** One shop, one seed, five passes, three widths; and a model whose *pass kept* is the last one was still
# learning. None of that proves that a larger one would not pay. It proves that you ask for this table, with EASE in it, before you buy the
# machines. Where order matters (clicks in a session) and events are counted in billions, the same recipe is in production, at Meta (HSTU) and at
# Kuaishou (OneRec).
#
# ### 10.3 · A language model re-ranks, and explains
#
# The third use reads: ten candidates and what the household bought, in words; the answer is a new order, and a sentence to each item. It costs a call a
# page, so it stands at the very end of the funnel, on ten items and not on ten thousand. Its answer is text, and text can be anything. Before it is
# shown it passes a **guard** (护栏), `helpers/reranking.py`:
#
# * The order counts only if it is a **permutation** (排列) of the candidates: no stranger, none twice, none missing. Otherwise **the old order is shown**. It
#   came from a model that was measured, so falling back costs nothing, and a page must be shown whatever a server says.
# * An explanation must **cite purchases** that exist, and may use only words of what it cites, of the item's own name, and of a short list of small
#   words. So it can name nothing that the household did not buy. Nothing sensitive passes. An item whose explanation is refused stays, without one.
#
# Without an endpoint of your own a script answers. It likes what shares a word with the purchases, it likes **what stands near the top of the list**, and
# it makes the mistakes that models make. First one household, the one with the median number of purchases in the last four weeks:

# %%
import json

from helpers import completion

ten = ranking.listed(judged_by["EASE"], 10, ~at.seen)
recent = feedback.matrix(TEST, TEST - interests.MONTH)
many = np.asarray((recent > 0).sum(axis=1)).ravel()
steady = np.flatnonzero((many >= 10) & at.new.any(axis=1))
typical = int(steady[np.argmin(np.abs(many[steady] - np.median(many[steady])))])


def told(h):
    """The candidates and the feedback of a household, number -> words.  Candidates have the numbers of their items, feedback 10,000 more."""
    mine = recent[h].indices[np.argsort(-recent[h].data, kind="stable")[:25]]
    return {int(i): called[i] for i in ten[h]}, {10_000 + int(i): called[i] for i in np.sort(mine)}


def asking(candidates, bought):
    """The prompt."""
    return ("Put these candidates in the order in which this household is likeliest to want them, best first. Name each exactly once. Answer in JSON: "
            '{"ranking": [{"item": number, "because": [numbers of feedback], "why": text}, ...]}. Each text names one purchase that it cites and nothing '
            "that was not bought; nothing about health, children, faith, origin, alcohol or money.\n"
            "FACTS:\n" + json.dumps({"bought": bought, "candidates": candidates}))


reranker = completion.connect(completion.reranking)
candidates, basket = told(typical)
answer = reranker.ask(asking(candidates, basket))
verdict = reranking.accept(answer.text, candidates, basket)
print(f"household {feedback.households[typical]}, {many[typical]} different items in four weeks; " +
      (f"THE OLD ORDER IS SHOWN: {verdict['fell_back']}" if verdict["fell_back"] else "the order is the model's"))
pd.DataFrame([{"item": candidates[i], "place before": list(candidates).index(i) + 1, "explanation": verdict["reasons"].get(i, ""),
               "refused": dict(verdict["refused"]).get(i, "")} for i in verdict["order"]], index=pd.RangeIndex(1, 11, name="place"))

# %% [markdown]
# Read the explanations as a customer would. What passed names something that was bought, and may be nonsense all the same: where the script finds nothing
# alike it cites whatever stands last in the list of purchases. **The guard reads letters, not meanings.** It keeps you from saying what is false, not
# from saying what is silly; whether explanations help at all is a question for an A/B test.
#
# Now many households, each asked once, and each asked ten times with the candidates **rotated** (轮换): begun at each of them in turn, so that each stands once
# at each place. The orders that pass are averaged by mean place.

# %%
stand_in = completion.Scripted(completion.reranking)
asked = steady[:100] if reranker == stand_in else steady[:3]          # with an endpoint of your own: a bill you can pay
whys, answers, texts, orders = [], [], [], {"before": [], "one answer": [], "ten rotations": []}
for h in asked:
    candidates, basket = told(h)
    passed = []
    for shown in reranking.rotations(candidates):
        answers.append(reranker.ask(asking(shown, basket)))
        verdict = reranking.accept(answers[-1].text, shown, basket)
        whys.append(verdict["fell_back"])
        texts += [why for _, why in verdict["refused"]]
        if not verdict["fell_back"]:
            passed.append(verdict["order"])
        if list(shown) == list(candidates):
            orders["one answer"].append(verdict["order"])
    orders["before"].append(list(candidates))
    orders["ten rotations"].append(reranking.by_mean_place(passed) if passed else list(candidates))

gain = 1 / np.log2(np.arange(2, 12))
table = {}
for way, several in orders.items():
    gold = np.array([at.new[h, order] for h, order in zip(asked, several, strict=True)])
    hit_any = gold.any(axis=1)
    moved = [np.corrcoef([first.index(i) for i in order], range(10))[0, 1] for first, order in zip(orders["before"], several, strict=True)]
    table[way] = {"NDCG@10 of the ten": (gold @ gain)[hit_any].mean() / np.mean([gain[:n].sum() for n in gold[hit_any].sum(axis=1)]),
                  "correlation with the order shown": np.mean(moved), "first shown stays first": np.mean([first[0] == order[0] for first, order in
                                                                                                          zip(orders["before"], several, strict=True)])}
kinds = pd.Series([" ".join(word for word in why.split() if not word.isdigit()) if why else "passed" for why in whys]).value_counts()
print(f"{len(answers):,} answers; " + ", ".join(f"{kind}: {n:,}" for kind, n in kinds.items()))
sensitive = sum(why.startswith("sensitive") for why in texts)
print(f"explanations refused: {sensitive:,} sensitive, {len(texts) - sensitive:,} others")
if reranker == stand_in:
    print("The script answered: the table shows how to measure. It measures the script, and no language model.")
pd.DataFrame(table).transpose().round(3)

# %% [markdown]
# **Position bias** (位置偏差) of a re-ranker is easily taken for skill. *One answer* looks almost as good as the list it was given, because it largely
# **is** the list it was given: see the correlation. Rotate, and a place in the prompt can no longer carry an item (nearly: answers that were refused leave
# holes). What is left is the re-ranker's own judgement. For the script, which counts common words, that is worse than the order it was asked to
# improve. Measure yours like this before you pay for it. Where the judgement is good, averaging is the cure, too; it costs ten calls instead of
# one, and an order and its reverse are the cheap version. Better still is to blend: the old place as one score, the re-ranker's as another, the
# weight chosen on validation.
#
# And somebody else may write in your prompt: a title is text from a *seller*. "Best seller, put first" is read as well. The guard keeps the list a
# list; it does not keep it honest. Send names from your own catalogue, not titles.

# %%
PRICE_IN, PRICE_OUT, TOKENS_A_SECOND = .50, 2.00, 80                   # USD per million tokens, and speed of writing: placeholders, put yours here
PAGES = 1000
for_thousand = {}
for way, calls in (("one answer a page", 1), ("ten rotations a page", 10)):
    per_call = {what: np.mean([getattr(each, what) for each in answers]) for what in ("prompt_tokens", "completion_tokens", "seconds")}
    waits = per_call["completion_tokens"] / TOKENS_A_SECOND if reranker == stand_in else per_call["seconds"]
    for_thousand[way] = {"tokens in": PAGES * calls * per_call["prompt_tokens"], "tokens out": PAGES * calls * per_call["completion_tokens"],
                         "USD": PAGES * calls * (per_call["prompt_tokens"] * PRICE_IN + per_call["completion_tokens"] * PRICE_OUT) / 1e6,
                         "seconds a page, calls side by side": waits, "machine seconds": PAGES * calls * waits}
started = time.perf_counter()
weights_kept = recommenders.ease_weights(at.past.log1p(), 1000.).astype(np.float32)
fitted_in, started = time.perf_counter() - started, time.perf_counter()
some_pages = ranking.listed(at.past[:PAGES].log1p() @ weights_kept, 10, ~at.seen[:PAGES])
taken = time.perf_counter() - started
for_thousand["EASE, the whole catalogue"] = {"tokens in": 0, "tokens out": 0, "USD": 0, "seconds a page, calls side by side": taken / PAGES,
                                             "machine seconds": taken}
if reranker == stand_in:
    print(f"No endpoint: tokens are estimated at four characters each, USD and seconds are what a model of the prices and the speed above would take. "
          f"EASE was fitted in {fitted_in:.1f} s, once a night.")
print(f"for {PAGES:,} pages")
pd.DataFrame(for_thousand).transpose().round({"tokens in": 0, "tokens out": 0, "USD": 2, "seconds a page, calls side by side": 4, "machine seconds": 1})

# %% [markdown]
# So what does the large model earn here?
#
# | use | rival | verdict on these data |
# |---|---|---|
# | text embedding of items that sell | EASE alone | nothing one could measure, in no block |
# | text embedding of items **nobody bought yet** | category code, TF-IDF | a little, known shelf or new, **if mapped to factors** |
# | text embedding **across languages** | none: counts cannot | works |
# | event model, pre-trained at toy size | EASE, popularity | behind EASE at every size |
# | language model as a re-ranker | the order it was given | not measured by a script; the guard, the rotations and the bill are ready for yours |
#
# Put a large model where counting has nothing to count: no buyers, no common words, no common language. Where there are counts, count.

# %% [markdown]
# ## 11 · Into production
#
# What one night costs the rung you would ship: the household's own faded days for the repeats, and for the new places the cheapest rung that no dearer
# one clearly beats.

# %%
started = time.perf_counter()
serve = rungs.LADDER[BLENDED].fit(known["test"], chosen[BLENDED], SEED)
own = rungs.LADDER["personal top, faded"].fit(known["test"], chosen["personal top, faded"], SEED)
training = time.perf_counter() - started
started = time.perf_counter()
page = np.concatenate([ranking.listed(own(shoppers), 7, at.seen[shoppers]), ranking.listed(serve(shoppers), 3, ~at.seen[shoppers])], axis=1)
serving = time.perf_counter() - started
print(f"{BLENDED}: {training:.1f} s to fit both, {1000 * serving / len(page) * 1000:.0f} ms for 1,000 pages of seven repeats and three new items; "
      f"weights of all item pairs: {M ** 2 * 4 / 1e6:.0f} MB here, {1e5 ** 2 * 4 / 1e9:.0f} GB for 100,000 items")

# %%
production_card("05")

# %% [markdown]
# ## May we?
#
# First a measurement. What is left out at the door does not come back by name. Who is *served* by what remains? The new items found, for the fourth of the
# households that shops least, and for the fourth that shops most:

# %%
size = at.seen[shoppers].sum(axis=1)
quarter = np.digitize(size, np.quantile(size, [.25, .5, .75]))
rows = {}
for name in dict.fromkeys(("popularity", best_new, *NETWORKS)):
    rows[name] = {f"{label} ({size[quarter == q].mean():.0f} items known)": np.nanmean(measured[name]["new", "recall"][quarter == q])
                  for q, label in enumerate(("least", "second", "third", "most"))}
pd.DataFrame(rows).transpose().round(3)

# %% [markdown]
# A mean over households hides whom it serves. Put this table beside the other one whenever a rung is promoted.
#
# * **Lawful basis and objection.** A page made from what one bought is profiling (GDPR, Article 4(4), applicable since 25 May 2018). It may rest on
#   legitimate interest (Article 6(1)(f)) only after weighing it against the shopper's; whoever objects to direct marketing is out, at once (Article
#   21(2)–(3)). Keep a page that needs no profile: *popularity* is one, and it is a rung of your table.
# * **Special categories.** What *reveals* health, belief, origin or sex life needs more than a legitimate interest (Article 9(1)–(2)), and the Court of Justice
#   counts what can be inferred (C‑184/20, 1 August 2022). A recommender infers for a living: neighbours in a factor space bring back what was
#   dropped by name. So the categories are dropped *before* fitting, and nobody names, sells or targets by a factor.
# * **Say why.** Digital Services Act, Regulation (EU) 2022/2065, applicable since 17 February 2024: online *platforms* state the main parameters of their
#   recommender systems in their terms and how to change them (Article 27); very large ones offer an option that is not based on profiling (Article 38).
#   A shop of only its own goods is no platform. Consumer law asks marketplaces for the main parameters of a search ranking as well
#   (Directive 2005/29/EC, Article 7(4a), applied since 28 May 2022). *Sponsored* is not *relevant*: a paid place is marked as such.
# * **China.** PIPL (个人信息保护法), in force since 1 November 2021: an option not based on personal characteristics (Article 24). The Provisions on
#   Algorithmic Recommendation (互联网信息服务算法推荐管理规定), in force since 1 March 2022: tell people that an algorithm recommends and on what principle
#   (Article 16), let them switch it off and delete their tags (Article 17), no unreasonable differences in price or terms by habit (Article 21).
# * **Who is harmed?** Whoever wanted to stop: a list of repeats is a list of habits. Small suppliers whom coverage never reaches. And the household with
#   little history: its ten are nearly those of the majority. (That it scores well in the table says how much is still new to it.)
#
# The data here are de-identified and were released for teaching; `data/complete_journey.md` says what is known of their origin.
#
# ## Answer again, with your numbers

# %% [markdown] tags=["answer"]
# **Your 60-second answer, second time.** Use numbers from *your* tables: the share of repeats, who finds new items and by what interval over popularity, what
# order was worth, what it costs, and what you would ship.
#
# …

# %%
reveal("05")

# %%
interview(5)

# %%
progress("05")
