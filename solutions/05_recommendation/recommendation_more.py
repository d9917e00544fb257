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
# # 05 · Recommendation: more
#
# Level *more*: items that nobody has bought yet, attention that keeps the amount, an AUC that asks the screen's question, and the model that
# won a prize for stars; then a page on what follows retrieval. Level *stretch*: the pieces of a recommender that are usually somebody else's
# code. Training pairs without a leak, the two classics of implicit feedback, a Transformer, a list that does not say one thing five times, and
# the time all of this may take. No points; nothing later depends on them.

# %% tags=["setup"]
import math
import time

import numpy as np
import pandas as pd

from helpers import check, hint, metrics, plots, progress, text, yours  # noqa: F401
from helpers.data import complete_journey
from helpers.interests import Documents

plots.style()
SEED = 1

# %% [markdown]
# ## An item that nobody has bought
#
# Every model of the first notebook knows an item by who bought it. On the day an item arrives, nobody has. Its column is empty, its
# embedding is as it was initialised, and no list will ever show it, so nobody ever buys it: **item cold start** (物品冷启动).
#
# What exists on the first day is its text. A text encoder (文本编码器) turns the name of every item, old or new, into a vector. What a shopper
# liked among the old ones has vectors, too. So compare. Two ways to do so:
#
# * **centroid** (质心): the weighted mean of what she liked, and each candidate's cosine with it. One dot product a candidate; a nearest-neighbour
#   index answers it for millions.
# * **max** (最大相似度): each candidate's cosine with the *nearest* thing she liked. As many dot products as there are liked items.
#
# Who likes tea and charcoal has a centroid between the two, near neither. The maximum knows both, and is led astray by a single odd purchase.
#
# Mind the length of vectors (向量长度). Some encoders return unit vectors (单位向量), many do not, and a long vector is not a better one.
# Bring all to length 1 **before** the mean, or the item with the longest vector is the centroid.
#
# ### exercise: cold_start_scores
#
# `cold_start_scores(E, liked, weight, seen, how)` → array (M,), a score for every item
#
# * `E`: (M, d), a vector for each item, of any length (the Euclidean one). A row of zeros is an item without text: it **scores 0**.
# * `liked`: n ids, rows of E, that one shopper liked; `weight`: n numbers above 0, such as counts. An id may stand there twice; its weights add up.
#   Both may be empty.
# * A liked item without text says nothing: it is left out.
# * `how="centroid"`: u is a row divided by its length. The score of item j is the cosine of u_j with Σ weight · u over the liked ones.
# * `how="max"`: the largest cosine of u_j with the u of any liked item; the weights play no part. It may be below 0.
# * Nothing liked, or nothing with a text: all scores are 0. (In the cases the centroid is never zero otherwise.)
# * At last, `seen`: ids (perhaps none) whose score becomes **−inf**. What was liked is excluded only if it is in `seen`.
# * Another `how`: `ValueError`. Lists or arrays. Do not change E.
#
# By hand: vectors (2, 0), (0, 1), (3, 4), (0, 0), (−1, 0); liked 0 with weight 3 and 1 with weight 4; seen 0. The sum is 3 · (1, 0) + 4 · (0, 1) =
# (3, 4), of length 5. The scores are −inf, .8, 1, 0, −.6. With `max`: −inf, 1, .8, 0, 0.

# %%
# exercise: cold_start_scores
def cold_start_scores(E, liked, weight, seen, how):
    """Scores of all items for one shopper by their vectors alone: (M,), −inf for what was seen.

    E: (M, d) of any length, zeros for an item without text.  liked: (n,) ids.  weight: (n,) above 0.  seen: ids.
    how: "centroid" (cosine with the weighted mean of unit vectors) or "max" (largest cosine with a liked item), else ValueError.

    >>> cold_start_scores([[2., 0.], [0., 1.], [3., 4.]], [0, 1], [3., 4.], [0], "centroid").round(4).tolist()
    [-inf, 0.8, 1.0]
    """
    ### BEGIN SOLUTION: unit vectors, zeros stay; liked ones that have a direction; the centroid's cosines or the largest; seen at last
    if how not in ("centroid", "max"):
        raise ValueError(f'how is "centroid" or "max", not {how!r}')
    E, liked, weight = np.asarray(E, float), np.asarray(liked, int), np.asarray(weight, float)
    length = np.linalg.norm(E, axis=1)
    unit = E / np.where(length > 0, length, 1)[:, None]
    spoken = length[liked] > 0
    theirs, weight, scores = unit[liked[spoken]], weight[spoken], np.zeros(len(E))
    if len(theirs) and how == "centroid":
        centre = weight @ theirs
        scores = unit @ (centre / np.linalg.norm(centre))
    elif len(theirs):
        scores = (unit @ theirs.T).max(axis=1)
    scores[np.asarray(seen, int)] = -np.inf
    return scores
    ### END SOLUTION

# %%
check(cold_start_scores)

# %% [markdown]
# Somebody buys much tea and, twice, things for the grill. Tomorrow these ten items arrive, two of them with Chinese names. The encoder is the small
# multilingual one of lesson 02:

# %%
HISTORY = {"green tea": 6, "jasmine tea": 4, "barbecue charcoal": 1, "grill tongs": 1}
ARRIVALS = ["herbal tea bags", "teapot with strainer", "iced tea lemon", "coffee beans", "lighter fluid for grills", "steak marinade",
            "picnic blanket", "printer paper", "花草茶", "烧烤炭"]                            # the last two: herbal tea, charcoal for the barbecue
cold_vectors = text.encode([*HISTORY, *ARRIVALS]).astype(float)                         # of length 1
old_vectors, new_vectors = np.split(cold_vectors, [len(HISTORY)])
cold_centre = np.array(list(HISTORY.values())) @ old_vectors
cold_cosines = new_vectors @ old_vectors.T
cold_table = pd.DataFrame({"centroid": new_vectors @ cold_centre / np.linalg.norm(cold_centre), "max": cold_cosines.max(axis=1),
                           "nearest": np.array(list(HISTORY))[cold_cosines.argmax(axis=1)]}, index=ARRIVALS)
cold_table.insert(1, "place by centroid", cold_table["centroid"].rank(ascending=False).astype(int))
cold_table.insert(3, "place by max", cold_table["max"].rank(ascending=False).astype(int))
cold_table.round(3)

# %% [markdown]
# The centroid is tea. What is for the grill stands behind coffee beans there, and in front of them by the maximum. Neither is *right*: she bought
# tea ten times. Nobody can settle that by looking.
#
# So measure, on the real receipts of Complete Journey. Take the 400 kinds of product with the most receipt lines, and play that a quarter of them
# arrives on 1 October: hide who bought them before. For each household rank the hidden ones, and look which it bought in the last quarter of the
# year. Score: its own AUC, the mean over households (½ is chance). Which are hidden is drawn five times, since that moves the numbers more than
# which households there are.
# The rivals read the shelf plan and no vectors: a new item gets what the *old items of its category* have, in sales or in this household's own
# purchases. The texts name category and kind, so they know the plan as well.

# %%
from scipy.stats import rankdata

from helpers import interests

cold_goods = complete_journey.products().dropna(subset=["type"])
cold_goods = cold_goods.assign(category=cold_goods["category"].str.strip(), type=cold_goods["type"].str.strip())
cold_goods = cold_goods[~interests.forbidden(cold_goods["category"], cold_goods["type"]) & ~cold_goods["category"].isin(interests.NO_INTEREST)]
cold_goods["kind"] = cold_goods["category"] + ": " + cold_goods["type"]
lines = complete_journey.transactions(["household", "product", "time"]).merge(cold_goods[["product", "kind"]], on="product")
kinds = lines["kind"].value_counts().index[:400]
lines = lines[lines["kind"].isin(kinds)]
lines = lines.assign(late=lines["time"] >= "2017-10-01", day=lines["time"].dt.normalize()).drop_duplicates(["household", "kind", "day"])
homes = np.unique(lines["household"])
bought_days = np.zeros((2, len(homes), len(kinds)))
np.add.at(bought_days, (lines["late"].to_numpy(int), np.searchsorted(homes, lines["household"]), kinds.get_indexer(lines["kind"])), 1)
before, after = bought_days[0], bought_days[1] > 0
shelf = np.array([kind.partition(":")[0] for kind in kinds])
kind_vectors = text.encode([interests.spelled_out(kind) for kind in kinds]).astype(float)
kind_cosines = kind_vectors @ kind_vectors.T
from_shelves = [len(set(shelf[row > 0])) for row in before]
print(f"{len(homes):,} households, {len(kinds)} kinds in {len(set(shelf))} categories; half the households bought from {np.median(from_shelves):.0f} or more")


def own_auc(scores, bought):
    """Mean over the households that bought some and not all of the AUC within the household."""
    ranks, ones = rankdata(scores, axis=1), bought.sum(axis=1)
    both = (ones > 0) & (ones < bought.shape[1])
    ones, zeros = ones[both], bought.shape[1] - ones[both]
    return (((ranks * bought).sum(axis=1)[both] - ones * (ones + 1) / 2) / (ones * zeros)).mean()


rng, cold_rows = np.random.default_rng(SEED), []
for _ in range(5):
    new = rng.permutation(len(kinds)) < len(kinds) // 4
    known, same_shelf = np.where(new, 0, before), (shelf[:, None] == shelf[new]) & ~new[:, None]
    sold = before[:, ~new].sum(axis=0).mean()                                        # for a category without any old item
    of_shelf = np.where(same_shelf.any(axis=0), before.sum(axis=0) @ same_shelf / np.maximum(same_shelf.sum(axis=0), 1), sold)
    centres = known @ kind_vectors
    nearest = np.stack([np.where(known > 0, cosines, -1).max(axis=1) for cosines in kind_cosines[new]], axis=1)
    rungs = {"sales of its category": np.broadcast_to(of_shelf, (len(homes), new.sum())), "own purchases in its category": known @ same_shelf,
             "text: centroid": centres @ kind_vectors[new].T, "text: max": nearest,
             "what nobody knows yet: its sales": np.broadcast_to(before[:, new].sum(axis=0), (len(homes), new.sum()))}
    cold_rows.append({name: own_auc(scores, after[:, new]) for name, scores in rungs.items()})
cold_auc = pd.DataFrame(cold_rows)
_ = plots.forest(list(cold_auc), cold_auc.mean(), cold_auc.min(), cold_auc.max(), title="A text says where an item belongs, not whether it sells",
                 xlabel="AUC within a household, mean of five draws (line: lowest to highest)", reference=.5, reference_label="chance",
                 highlight=["text: centroid", "text: max"])

# %% [markdown]
# The centroid hardly beats chance: a household buys from dozens of shelves, and the mean of them all is near none. The maximum does better, and about
# as well as the shelf plan, which costs nothing, and which the texts contain. The last line is why: what decides most is whether an item sells *at
# all*, and no name says that. So what a new item needs is a few showings rather than a better encoder: exploration (探索), for as long as its own
# numbers are few. Text earns its place where there is no shelf plan, where names say more than *kind of product*, or beside what ids have learnt,
# not instead of it.

# %% [markdown]
# ## Attention that keeps the amount
#
# A ranker (排序模型) asks about one candidate at a time: will she click *this*? Her history is a list of vectors of any length, the network wants one
# vector of fixed length. The mean of all steps is the same for every candidate. **DIN** (deep interest network, 深度兴趣网络; Zhou et al., KDD
# 2018) weighs the steps from the candidate's side: **target attention** (目标注意力). A small network sees a step h and the target t together and
# says how much the step matters:
#
# $$ a(h, t) = w_2 \cdot \mathrm{ReLU}\bigl(W_1^\top [\,h,\; t,\; h - t,\; h \odot t\,] + b_1\bigr) + b_2, \qquad v(t) = \sum_{\text{real steps}} a(h, t)\, h $$
#
# ⊙ multiplies place by place. Note what is *not* there: a **softmax**. In a Transformer the weights sum to 1. Then one pair of shoes in the history
# says as much about shoes as ten pairs do. Here the weights stay as they are: ten pairs make a vector ten times as long. The paper calls it the
# *intensity* (强度) of an interest.
#
# So padding (填充) needs care. In a softmax, padding gets −∞ and vanishes. Here its **weight** must be 0. To blank out what the network
# *reads* is not enough: from a step of zeros it still computes a weight, out of the target and its biases, and that weighs whatever stands there.
#
# ### exercise: din_pool
#
# `din_pool(history, target, mask, W1, b1, w2, b2)` → array (B, d), a vector for each row
#
# * `history`: (B, T, d), T ≥ 1. `target`: (B, d). `mask`: (B, T) of bool, True for a real step; padding may stand anywhere, and may hold any finite
#   numbers. Lists or arrays.
# * `W1`: (4d, k), `b1`: (k,), `w2`: (k,), `b2`: a number. The input is **in this order** h, t, h − t, h ⊙ t; then ReLU(input · W1 + b1), then · w2
#   + b2.
# * No softmax, no sigmoid, no division by anything. A weight may be negative.
# * A row that is all padding: zeros.
#
# By hand: d = k = 1, W1 = (1, 0, 0, 1)ᵀ, b1 = 0, w2 = 1, b2 = ½, target 1. The step 2 has the input 2, 1, 1, 2 and the weight 2 + 2 + ½ = 4.5, the
# step 1 the weight 1 + 1 + ½ = 2.5. Third comes padding, in which a 9 stands. The sum is 4.5 · 2 + 2.5 · 1 = 11.5.

# %%
# exercise: din_pool
def din_pool(history, target, mask, W1, b1, w2, b2):
    """The history pooled from the target's side, with weights that are not normalised (DIN, Zhou et al. 2018): (B, d).

    history: (B, T, d).  target: (B, d).  mask: (B, T), True for a real step.  W1: (4d, k), b1: (k,), w2: (k,), b2: number, a network on
    [h, t, h − t, h·t] with one ReLU layer.

    >>> din_pool([[[2.], [1.], [9.]]], [[1.]], [[True, True, False]], [[1.], [0.], [0.], [1.]], [0.], [1.], .5).tolist()
    [[11.5]]
    """
    ### BEGIN SOLUTION: the target beside every step; the four parts in order; two layers; weight 0 for padding; the weighted sum
    history = np.asarray(history, float)
    target = np.broadcast_to(np.asarray(target, float)[:, None, :], history.shape)
    seen = np.concatenate([history, target, history - target, history * target], axis=-1)
    weight = np.maximum(seen @ np.asarray(W1, float) + b1, 0) @ np.asarray(w2, float) + b2
    return np.einsum("bt,btd->bd", np.where(mask, weight, 0), history)
    ### END SOLUTION

# %%
check(din_pool)

# %% [markdown]
# What does the amount do? Ten steps of all sorts, then more and more pairs of shoes; the candidate is a shoe. The same network for all, planted by
# hand: its weight is large where step and target agree. v(t) · t says how much of a shoe is in the pooled vector.

# %%
KINDS, STEPS = 6, 30
shoe_net = (np.vstack([np.zeros((3 * KINDS, 1)), np.full((KINDS, 1), 6.)]), np.array([-3.]), np.array([1.]), 0.)         # ReLU(6 h·t − 3)


def planted_weights(history, target):
    return np.maximum(6 * np.einsum("btd,bd->bt", history, target) - 3, 0)


def softmax_of(weight, real):
    e = np.where(real, np.exp(weight), 0)
    return e / e.sum(axis=1, keepdims=True)


pairs = np.arange(0, 21)
shoe = np.eye(KINDS)[np.where(np.arange(30) < 10, 1 + np.arange(30) % (KINDS - 1), 0)][None].repeat(len(pairs), axis=0)
worn, candidate = np.arange(30) < 10 + pairs[:, None], np.eye(KINDS)[[0]].repeat(len(pairs), axis=0)
given = planted_weights(shoe, candidate)
ax = plots.plt.subplots(figsize=(7.2, 3.6))[1]
for name, weight, colour in (("DIN: weights as they are", np.where(worn, given, 0), plots.BLUE), ("softmax", softmax_of(given, worn), plots.VERMILION),
                             ("mean, no attention", worn / worn.sum(axis=1, keepdims=True), plots.GREY)):
    amount_in = np.einsum("bt,btd,bd->b", weight, shoe, candidate)
    ax.plot(pairs, amount_in / amount_in[-1], color=colour)
    ax.annotate(name, (pairs[9], amount_in[9] / amount_in[-1]), xytext=(6, -12), textcoords="offset points", color=colour)
_ = ax.set(title="A softmax is soon sure, and then learns nothing more", xlabel="pairs of shoes in the history, beside ten other things",
           ylabel="v(t) · t, its last value = 1", xticks=range(0, 21, 5))

# %% [markdown]
# The softmax rises at the first pairs and then lies flat; the mean bends; DIN counts. Is that better? **It is an assumption** (假设), and it may be
# wrong. Two invented worlds, 6,000 rows each. In one a click depends on *how many* steps of the history are like the candidate, in the other on
# *which share* of them. No training: the score is v(t) · t, all three with the same planted weights.

# %%

rng = np.random.default_rng(SEED)
n_rows = 6000
length_of = rng.integers(2, STEPS + 1, n_rows)
is_step = np.arange(STEPS) < length_of[:, None]
what = (rng.random((n_rows, STEPS, 1)) > np.cumsum(rng.dirichlet(np.full(KINDS, .6), n_rows), axis=1)[:, None, :-1]).sum(axis=2)
wanted = rng.integers(0, KINDS, n_rows)
alike_steps = ((what == wanted[:, None]) & is_step).sum(axis=1)
steps_of, wanted_of = np.eye(KINDS)[what] + .15 * rng.normal(size=(n_rows, STEPS, KINDS)), np.eye(KINDS)[wanted]
given = planted_weights(steps_of, wanted_of)
pooled = {"DIN: weights as they are": np.where(is_step, given, 0), "softmax of the same weights": softmax_of(given, is_step),
          "mean, no attention": is_step / length_of[:, None]}
pooled = {name: np.einsum("bt,btd->bd", weight, steps_of) for name, weight in pooled.items()}
if own := yours("din_pool"):
    pooled["yours"] = np.asarray(own(steps_of, wanted_of, is_step, *shoe_net))
world_rows = {}
for world, logit in (("clicks follow how many", -2 + .45 * alike_steps), ("clicks follow which share", -2 + 5 * alike_steps / length_of)):
    clicked = rng.random(n_rows) < 1 / (1 + np.exp(-logit))
    world_rows[world] = {name: metrics.roc_auc(clicked, (vector * wanted_of).sum(axis=1)) for name, vector in pooled.items()}
    world_rows[world]["(the true probability)"] = metrics.roc_auc(clicked, logit)
pd.DataFrame(world_rows).round(3)

# %% [markdown]
# Where the amount decides, the sum wins. Where only the share does, it loses, here even to the plain mean; the softmax wins neither. A network on top
# can mend a part of it, if the length of the history is among its inputs. So the question for your data is not *does attention help*, but *does the
# amount count*; and the answer is an ablation (消融实验) with the same tuning for both.

# %% [markdown]
# ## An AUC that asks the screen's question
#
# Offline, rankers are compared by AUC: the chance that a clicked row has a larger score than one that was not. Over *all* rows most of those pairs
# are of **two users**: hers that was clicked, his that was not. They never compete for a place. Somebody who clicks on everything gives all her
# rows a good score, and the AUC rises, while no list of anybody changes.
#
# **GAUC** (group AUC, 分组 AUC; Zhou et al. 2018 report it for DIN) compares within users only, then averages over users:
#
# $$ \mathrm{GAUC} = \frac{\sum_u w_u\, \mathrm{AUC}_u}{\sum_u w_u} $$
#
# w is the number of her impressions (曝光数), as in that paper, or her clicks, or 1. Who clicked nothing, or everything, has no pair, hence no AUC.
# She is **skipped**; so a GAUC speaks of those that remain, and belongs beside the share that does.
#
# ### exercise: gauc
#
# `gauc(y, p, user, weight=None)` → float
#
# * `y`: n of 0/1. `p`: n scores, any numbers. `user`: n ids, numbers or strings; a user's rows may stand anywhere. Lists or arrays; n may be 0.
# * AUC of a user: the share of her pairs (a row of 1, a row of 0) in which the 1 has the larger score. Equal scores count ½.
# * A user with only one class is skipped: neither her AUC nor her weight counts.
# * `weight`: None, then w is the number of the user's rows; or a dict from user to w > 0 (of every user, perhaps of others, too), **in place of**
#   the rows.
# * Nobody remains: `nan`.
#
# By hand: Ann has scores .9 for a 1, .1 and .2 for two 0: AUC 1. Bob has .3 for a 1 and .6 for a 0: AUC 0. GAUC is (3 · 1 + 2 · 0) / 5 = .6. Over
# all rows at once five of six pairs are right, .833.

# %%
# exercise: gauc
def gauc(y, p, user, weight=None):
    """Weighted mean of the AUC within each user who has both classes; nan if nobody has.

    y: (n,) of 0/1.  p: (n,) scores, equal ones of a user count ½.  user: (n,) ids.  weight: dict user -> weight, or None: number of rows.

    >>> gauc([1, 0, 0, 1, 0], [.9, .1, .2, .3, .6], ["ann", "ann", "ann", "bob", "bob"])
    0.6
    """
    ### BEGIN SOLUTION: for each user the scores of ones and of zeros; skip her if one is empty; share of right pairs, ties half; weighted mean
    y, p, user = np.asarray(y), np.asarray(p, float), np.asarray(user)
    total = below = 0
    for each in np.unique(user):
        ones, zeros = p[(user == each) & (y == 1)], p[(user == each) & (y == 0)]
        if len(ones) and len(zeros):
            right = (ones[:, None] > zeros).mean() + (ones[:, None] == zeros).mean() / 2
            w = len(ones) + len(zeros) if weight is None else weight[each]
            total, below = total + w * right, below + w
    return float(total / below) if below else float("nan")
    ### END SOLUTION

# %%
check(gauc)

# %% [markdown]
# The course's simulated shop (`data/shop.md`; all levels invented) logs who was shown what and what was clicked. From the first ninety days take
# two rates, shrunk towards the mean: how often *this shopper* clicks, and how often *this item* is clicked. Score the days after with them.

# %%
from helpers import shop

shown = shop.World(shop.HELPS, seed=1).run(shop.Logging()).exposures
first_days, later = shown[shown["day"] < 90], shown[shown["day"] >= 90]
later_clicked, later_user = later["clicked"].to_numpy(), later["shopper"].to_numpy()


def log_odds_of(column, prior=20):
    """Log-odds of a click by the first ninety days: as if there were `prior` more rows with the mean click rate."""
    mean, counts = first_days["clicked"].mean(), first_days.groupby(column)["clicked"].agg(["sum", "size"])
    rate = later[column].map((counts["sum"] + prior * mean) / (counts["size"] + prior)).fillna(mean).to_numpy()
    return np.log(rate / (1 - rate))


def by_user(score):
    """Of each user with both classes: AUC, impressions, clicks."""
    rows = pd.DataFrame({"user": later_user, "y": later_clicked.astype(float), "rank": score})
    rows["rank"] = rows.groupby("user")["rank"].rank()
    rows["of ones"] = rows["rank"] * rows["y"]
    users = rows.groupby("user").agg(impressions=("y", "size"), clicks=("y", "sum"), ranks=("of ones", "sum"))
    users = users[(users["clicks"] > 0) & (users["clicks"] < users["impressions"])]
    c = users["clicks"]
    return users.assign(auc=(users["ranks"] - c * (c + 1) / 2) / (c * (users["impressions"] - c)))


of_shopper, of_item = log_odds_of("shopper"), log_odds_of("item")
gauc_rows = {}
for name, score in {"the shopper's rate": of_shopper, "the item's rate": of_item, "both, added": of_shopper + of_item,
                    "the place on the screen": -later["position"].to_numpy(float)}.items():
    users = by_user(score)
    means = {f"GAUC by {what}": np.average(users["auc"], weights=w)
             for what, w in (("impressions", users["impressions"]), ("clicks", users["clicks"]), ("users", np.ones(len(users))))}
    gauc_rows[name] = {"AUC": metrics.roc_auc(later_clicked, score), **means}
print(f"{len(later):,} impressions of {len(np.unique(later_user)):,} shoppers; {len(users):,} have both classes, "
      f"with {users['impressions'].sum() / len(later):.1%} of the impressions")
pd.DataFrame(gauc_rows).transpose().round(4)

# %% [markdown]
# * The shopper's rate alone ranks nothing on any screen: all her rows are equal. GAUC says ½ exactly. AUC does not.
# * Added to the item's rate it **moves the AUC and not one list**: GAUC is the same to the last digit. Here it falls, since the rates of shoppers
#   are noisy; where shoppers differ more it rises. In either case the AUC speaks of something no shopper will see.
# * The last row knows neither shopper nor item, and beats the rest. People click what stands on top (position bias, 位置偏差). GAUC does not
#   protect from that: whoever feeds the place to a ranker learns where the old ranker put things.
# * A third of the shoppers has no say. They are the ones with few visits, the very ones whom retention is about.

# %% [markdown]
# ## The model that won a prize for stars
#
# In 2006 Netflix offered a million dollars for guessing **ratings** (评分) a tenth better, measured by RMSE (均方根误差). What the contest left
# behind is **biased matrix factorisation** (带偏置的矩阵分解; Koren, Bell and Volinsky 2009):
#
# $$ \hat r_{ui} = \mu + b_u + b_i + p_u \cdot q_i $$
#
# μ: the mean of all. b_u: how much milder this user is. b_i: how much better this item is. Only what is left, *she* likes *this*, is for the
# factors p and q. The sum knows no limits, the stars do: clip (截断) it to the scale.
#
# And tomorrow brings users and items that were not there when the model was fitted. They have no row. A model in production answers anyway, from
# what is known: of a new user the item's bias, of a new item the user's. (Position −1 is a common code for *unknown*. NumPy has another opinion of
# it.)
#
# ### exercise: mf_predict
#
# Two functions.
#
# `mf_predict(mu, b_u, b_i, P, Q, user, item, low, high)` → array (n,)
#
# * `mu`: number. `b_u`: (U,), `b_i`: (M,). `P`: (U, f), `Q`: (M, f), f ≥ 1. `user`, `item`: (n,) whole numbers, positions, or **−1 for unknown**. n
#   may be 0. Lists or arrays.
# * Both known: mu + b_u + b_i + P[user] · Q[item]. Unknown user: mu + b_i. Unknown item: mu + b_u. Both unknown: mu.
# * The sum is clipped to [low, high], once, at the end, and not rounded.
#
# `rmse(rating, predicted)` → float: the square root of the mean squared difference; `nan` if there are none.
#
# By hand: mu 3.5, b_u = (.5), b_i = (−.5), P = ((1, 0)), Q = ((½, 2)): 3.5 + .5 − .5 + ½ = 4. A stranger: 3. On a scale of 1 to 5 with mu 4.5, the
# first would be 5. Ratings 4, 3, 5, 2 guessed as 3.5, 3, 4, 3: √((.25 + 0 + 1 + 1)/4) = ¾.

# %%
# exercise: mf_predict
def mf_predict(mu, b_u, b_i, P, Q, user, item, low, high):
    """Ratings by biased matrix factorisation, clipped to the scale: (n,).  Position −1 is unknown, and adds nothing.

    mu: mean rating.  b_u: (U,), b_i: (M,) biases.  P: (U, f), Q: (M, f) factors.  user, item: (n,) positions.

    >>> mf_predict(3.5, [.5], [-.5], [[1., 0.]], [[.5, 2.]], [0, -1], [0, 0], 1, 5).tolist()
    [4.0, 3.0]
    """
    ### BEGIN SOLUTION: three terms, each 0 where a row it needs is unknown; their sum with mu; clip
    b_u, b_i, P, Q = (np.asarray(part, float) for part in (b_u, b_i, P, Q))
    user, item = np.asarray(user, int), np.asarray(item, int)
    known, there = user >= 0, item >= 0
    taste = np.where(known & there, (P[user] * Q[item]).sum(axis=1), 0)
    return np.clip(mu + np.where(known, b_u[user], 0) + np.where(there, b_i[item], 0) + taste, low, high)
    ### END SOLUTION


def rmse(rating, predicted):
    """Root of the mean squared difference; nan if there is none.

    >>> rmse([4, 3, 5, 2], [3.5, 3, 4, 3])
    0.75
    """
    ### BEGIN SOLUTION: differences squared, their mean, its root
    if not len(rating):
        return float("nan")
    return float(np.sqrt(np.mean((np.asarray(rating, float) - np.asarray(predicted, float)) ** 2)))
    ### END SOLUTION

# %%
check(mf_predict, rmse)

# %% [markdown]
# ### Stars, and what they hide
#
# An invented cinema, in which the truth is known: 1,500 users, 300 films. **What somebody watches** follows the film's fame and her interests.
# **How she rates it** follows her mildness, which drifts, the film's quality and a taste of its own. The two have nothing to do with each other,
# which no real shop has quite so pure.
#
# The ratings are split **by time** (时间切分): fit on the first 70 %, choose on the next 10 %, fit again on both, judge on the last 20 %. Biases
# alone get as many tries as the factors, eight each. Fitting is **ALS** (交替最小二乘): with the items held fixed, a user's bias and factors are
# one ridge regression; then the other way round.

# %%
from scipy import sparse
from scipy.sparse.linalg import svds

USERS, FILMS = 1500, 300


def cinema(seed):
    """Ratings in order of time: user, film, time in [0, 1), stars 1 to 5.  Some users and films arrive late."""
    rng = np.random.default_rng(seed)
    goes_for = 1.1 * rng.normal(size=FILMS) + .8 * rng.normal(size=(USERS, 4)) @ rng.normal(size=(4, FILMS))
    mild, drift, good = .45 * rng.normal(size=USERS), .5 * rng.normal(size=USERS), .35 * rng.normal(size=FILMS)
    taste = .3 * rng.normal(size=(USERS, 3)) @ rng.normal(size=(3, FILMS))
    joins, opens = rng.uniform(0, .97, USERS) * (rng.random(USERS) < .4), rng.uniform(0, .97, FILMS) * (rng.random(FILMS) < .25)
    count = np.minimum(8 + rng.gamma(1, 30, USERS), 120).astype(int)
    order = np.argsort(-(goes_for + rng.gumbel(size=goes_for.shape)), axis=1)             # drawn without replacement, likelier first
    user, place = np.nonzero(np.arange(FILMS) < count[:, None])
    film = order[user, place]
    start = np.maximum(joins[user], opens[film])
    when = start + (1 - start) * rng.random(len(user))
    stars = 3.4 + mild[user] + drift[user] * (when - .5) + good[film] + taste[user, film] + .8 * rng.normal(size=len(user))
    return pd.DataFrame({"user": user, "film": film, "time": when, "stars": stars.round().clip(1, 5)}).sort_values("time", ignore_index=True)


def ridge_rows(of, other, target, X, n, l2):
    """For each of n rows the ridge regression of its targets on the rows of X that it met: (n, columns of X)."""
    size = X.shape[1]
    met = sparse.csr_matrix((np.ones(len(of)), (of, other)), (n, len(X)))
    gram = (met @ (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)).reshape(n, size, size) + l2 * np.eye(size)
    return np.linalg.solve(gram, (sparse.csr_matrix((target, (of, other)), (n, len(X))) @ X)[:, :, None])[:, :, 0]


def fit_stars(rows, factors, l2, sweeps=8):
    """Biased matrix factorisation by ALS: predictions (users, films), not clipped.  Who has no rating gets zeros, hence the fallback."""
    u, i, r = (rows[name].to_numpy() for name in ("user", "film", "stars"))
    mu, b_i, Q = r.mean(), np.zeros(FILMS), .1 * np.random.default_rng(SEED).normal(size=(FILMS, factors))
    for _ in range(sweeps):
        side = ridge_rows(u, i, r - mu - b_i[i], np.column_stack([np.ones(FILMS), Q]), USERS, l2)
        b_u, P = side[:, 0], side[:, 1:]
        side = ridge_rows(i, u, r - mu - b_u[u], np.column_stack([np.ones(USERS), P]), FILMS, l2)
        b_i, Q = side[:, 0], side[:, 1:]
    return mu + b_u[:, None] + b_i + P @ Q.T


def stars_off(guess, rows):
    """RMSE of the clipped predictions of these rows."""
    return float(np.sqrt(np.mean((np.clip(guess[rows["user"], rows["film"]], 1, 5) - rows["stars"]) ** 2)))


ratings = cinema(SEED)
fit_end, choose_end = int(.7 * len(ratings)), int(.8 * len(ratings))
fit_on, choose_on, judge_on = np.split(ratings.index, [fit_end, choose_end])
fit_on, choose_on, both_parts, judge_on = (ratings.loc[part] for part in (fit_on, choose_on, ratings.index[:choose_end], judge_on))
tries = {"biases alone": [(0, l2) for l2 in (1, 2, 3, 4, 6, 8, 12, 16)], "biased MF": [(f, l2) for f in (3, 6) for l2 in (2, 4, 8, 16)]}
chosen = {name: min(grid, key=lambda each: stars_off(fit_stars(fit_on, *each), choose_on)) for name, grid in tries.items()}
guess = {"the mean": np.full((USERS, FILMS), both_parts["stars"].mean()), **{name: fit_stars(both_parts, *best) for name, best in chosen.items()}}
shuffled = ratings.sample(frac=1, random_state=SEED)
by_lot = {"the mean": stars_off(np.full((USERS, FILMS), shuffled["stars"][:choose_end].mean()), shuffled[choose_end:])}
by_lot |= {name: stars_off(fit_stars(shuffled[:choose_end], *best), shuffled[choose_end:]) for name, best in chosen.items()}
stranger = ~judge_on["user"].isin(both_parts["user"]) | ~judge_on["film"].isin(both_parts["film"])
print(f"{len(ratings):,} ratings, {len(judge_on):,} judged, {stranger.mean():.1%} of these with a new user or a new film; "
      f"factors and l2 chosen: {chosen}")
pd.DataFrame({"RMSE, split by time": {name: stars_off(each, judge_on) for name, each in guess.items()},
              "… user and film known": {name: stars_off(each, judge_on[~stranger]) for name, each in guess.items()},
              "… one of them new": {name: stars_off(each, judge_on[stranger]) for name, each in guess.items()},
              "RMSE, split by lot": by_lot}).round(3)

# %% [markdown]
# The factors win clearly. Two warnings already. Split **by lot** (随机切分), the same models look better: they have seen how mild somebody is
# *later*, and have met nearly everybody. And with a new user or a new film the factors have nothing to win with.
#
# Now the question of the product. It does not ask for stars. It has ten places, and every film not rated before may fill one. Of what somebody went
# on to watch and like (four stars or five), how much was among the ten? **recall@10**, hits over the smaller of ten and the number of such films.
# Two rungs join that look at no star at all: how often a film was rated, and a truncated SVD (截断奇异值分解) of the table *rated or not*. For an
# RMSE, their score is put on the scale of stars by a straight line, fitted on the same ratings. The SVD gets eight tries, too, judged by its ten on
# the same 10 %. So that this is no advantage, the factors may choose by their ten as well, in a row of their own.

# %%
TIES = np.random.default_rng(SEED).random(FILMS)                                       # equal scores stand in an order drawn by lot


def table_of(rows):
    """(users, films): 1 where there is a rating."""
    table = np.zeros((USERS, FILMS))
    table[rows["user"], rows["film"]] = 1
    return table


def svd_of(table, k):
    left, size, right = svds(sparse.csr_matrix(table), k=k, v0=np.ones(FILMS))
    return left * size @ right


def ten_of(score, known):
    """The ten best films that a user has not rated: (users, films) of bool."""
    score = np.where(known > 0, -np.inf, score)
    return np.argsort(np.lexsort((np.broadcast_to(TIES, score.shape), -score), axis=1), axis=1) < 10


def recall_of(ten, later):
    """recall@10 of each user who rated a film with four stars or five in `later`."""
    gold = table_of(later[later["stars"] >= 4]) > 0
    count = gold.sum(axis=1)
    return (ten & gold).sum(axis=1)[count > 0] / np.minimum(count[count > 0], 10)


early, met = table_of(fit_on), table_of(both_parts)
parts = max((1, 2, 3, 4, 6, 8, 12, 16), key=lambda k: recall_of(ten_of(svd_of(early, k), early), choose_on).mean())
for_ten = max(tries["biased MF"], key=lambda each: recall_of(ten_of(fit_stars(fit_on, *each), early), choose_on).mean())
scores = {**guess, "biased MF, chosen for its ten": fit_stars(both_parts, *for_ten),
          "how often rated": np.broadcast_to(met.sum(axis=0), met.shape), "SVD of rated or not": svd_of(met, parts)}
star_rows = {}
for name, score in scores.items():
    line = np.polyfit(score[both_parts["user"], both_parts["film"]], both_parts["stars"], 1) if name not in guess and "MF" not in name else (1, 0)
    ten = ten_of(score, met)
    recall = recall_of(ten, judge_on)
    star_rows[name] = {"RMSE": stars_off(np.polyval(line, score), judge_on), "recall@10": recall.mean(),
                       "±": 1.96 * recall.std() / len(recall) ** .5, "fame of the ten": met.sum(axis=0)[np.nonzero(ten)[1]].mean()}
print(f"{len(recall):,} users liked something later; chosen by recall@10: k = {parts} for the SVD, {for_ten} for the factors")
stars_table = pd.DataFrame(star_rows).transpose()
ax = plots.plt.subplots(figsize=(7.2, 3.8))[1]
ax.errorbar(stars_table["RMSE"], stars_table["recall@10"], stars_table["±"], fmt="o", color=plots.BLUE, ecolor=plots.FAINT)
for name, row in stars_table.iterrows():
    right_half = row["RMSE"] > 1
    ax.annotate(name, (row["RMSE"], row["recall@10"]), xytext=(-9 if right_half else 9, 0), textcoords="offset points", color=plots.INK,
                ha="right" if right_half else "left", va="center")
_ = ax.set(title="The best RMSE does not make the best ten", xlabel="RMSE of stars (smaller is better)", ylabel="recall@10 (larger is better)")
stars_table.round(3)

# %% [markdown]
# What looked at no star is as bad at stars as the mean, and makes the better ten by far. Even among the factors, those with the better ten have the
# worse RMSE. Why? RMSE is computed on films that people **chose** to watch. Which ones they would choose, it never asks; the ranking asks nothing
# else. Ratings are *missing not at random* (非随机缺失): not to have watched says something, and a model of stars throws it away. So its ten are
# nearer to ten films drawn by lot, which is what the first line is, than to what people watch: see the last column. (Cremonesi, Koren and Turrin found the like
# on Netflix's own data in 2010.)
#
# In a shop there are no stars at all. Purchases, clicks and what was passed over are all you have: implicit feedback (隐式反馈), for which the
# loss must know what was *not* chosen. EASE, the in-batch softmax and iALS do. And recall@10 is not retention either; it is only nearer to it.

# %% [markdown]
# ## From one model to a ranking stage
#
# What this lesson built is the *retrieval* (召回) of a real platform: thousands of items become hundreds. Then comes **ranking** (精排), and it no longer
# asks one question. Will they click, put it into the cart, buy, send it back, come again? Each is a **task** (任务), each has its own labels, and there is
# one network for all of them, since tasks with many labels (clicks) can teach what tasks with few (orders) need. How much to share is the question:
#
# | architecture | what tasks share | what can go wrong |
# |---|---|---|
# | one model a task | nothing | the order model sees too few orders |
# | **shared bottom** (底层共享) | one body, a head a task | tasks that disagree pull it apart: one rises, one falls, the **seesaw** (跷跷板) |
# | **MMoE** (Ma et al., KDD 2018) | several bodies, the **experts** (专家); a **gate** (门控) a task mixes them | all gates may choose one expert (极化) |
# | **PLE** (Tang et al., RecSys 2020) | experts for all, *and* experts of one task alone, in layers | more to tune; pays where tasks conflict |
#
# A gate is a softmax over the experts, computed from the example: this shopper and this item. Dropout on the gates helps against their all choosing alike.
#
# Given a hundred items with several predictions each, one list must come out. That is **score fusion** (多任务融合), and its usual form is a product of powers:
#
# $$ \text{score} = p_{\text{click}}^{\,a} \cdot p_{\text{buy} \mid \text{click}}^{\,b} \cdot \text{price}^{\,c} $$
#
# a = b = c = 1 is expected revenue, c = 0 expected orders, b = c = 0 clicks. The exponents are **the business's decision, written as three
# numbers**. They are not learnt from the log, since no log holds the label "good for us in half a year". They are searched for online, one A/B test
# after the other, with retention as a guardrail (护栏指标).
# A product needs **calibrated** (校准的) factors: if p_click is twice too high for one category, that category gets twice the score.
#
# One more bias before there is anything to fuse. What stands first is clicked more, whatever it is: **position bias** (位置偏差). If P(click) = P(looked at the
# place) · P(liked the item), the first factor can be measured where items were put into places by lot, and then *clicks are divided by it* (or the
# position is an input in training, and held constant in serving). The simulated shop puts its items into places by lot:

# %%
from dataclasses import replace

from helpers import shop

town = shop.World(replace(shop.HELPS, shoppers=12_000, items=600, days=120), seed=SEED)
log = town.run(shop.Logging()).exposures
by_place = log.groupby("position")["clicked"].agg(["mean", "size"])
low, high = plots.wilson(log.groupby("position")["clicked"].sum(), by_place["size"])
measured = pd.DataFrame({"clicks": by_place["mean"], "low": low, "high": high})
measured["of the first place"] = measured["clicks"] / measured["clicks"].iloc[0]
measured["how it was built: 1/log2(1 + place)"] = 1 / np.log2(by_place.index.to_numpy() + 2)
print(f"{len(log):,} items shown")
measured.rename(index=lambda place: place + 1).rename_axis("place").round(3)

# %% [markdown]
# In your own shop the right column is not given, and items do not stand where they stand by lot. A small share of traffic with two neighbours swapped is
# enough to measure it.
#
# Now a tiny MMoE (two tasks, four experts) beside a shared bottom (its weights are in the table), on the shop's exposures: *click*, and *click and order*.
# Features are what a platform knows on that morning: how often the shopper was shown and has clicked anything, and things of the item's category; how
# often the item was clicked; its price, its category, its place.

# %%
from helpers.training import keras

started = time.perf_counter()
catalogue = town.catalogue
log = log.sort_values(["day", "session", "position"], ignore_index=True)
category = catalogue.category[log["item"].to_numpy(int)]
log["like"] = log["clicked"].astype(float)


def before(keys):
    """For each row, clicks and rows of the same keys on earlier days: nothing of the same day, which is not known yet."""
    of_day = log.assign(category=category).groupby([*keys, "day"])["like"].agg(["sum", "size"])
    earlier = of_day.groupby(level=list(range(len(keys)))).cumsum() - of_day
    at_row = pd.MultiIndex.from_frame(log.assign(category=category)[[*keys, "day"]])
    return earlier.reindex(at_row).to_numpy()


own, of_shelf, of_item = before(["shopper"]), before(["shopper", "category"]), before(["item"])
features = np.column_stack([np.log1p(own), np.log1p(of_shelf), (of_shelf[:, 0] + .5) / (of_shelf[:, 1] + 8), (own[:, 0] + .5) / (own[:, 1] + 8),
                            (of_item[:, 0] + 3) / (of_item[:, 1] + 50), np.log(catalogue.price[log["item"].to_numpy(int)]), log["position"] / 7,
                            np.eye(12)[category]]).astype(np.float32)
labels = np.column_stack([log["clicked"], log["ordered"] >= 0]).astype(np.float32)
# An order may come days after the click: the last week's orders are not all in yet, so it is left out.
learn, judge = (log["day"] < 84).to_numpy(), ((log["day"] >= 90) & (log["day"] < 113)).to_numpy()
mean, spread = features[learn].mean(axis=0), features[learn].std(axis=0) + 1e-6
X, X_judge = (features[learn] - mean) / spread, (features[judge] - mean) / spread


def network(experts, width=16):
    """experts = 1: a shared bottom, as wide as four experts; more: MMoE."""
    inputs = keras.Input((X.shape[1],))
    if experts == 1:
        mixed = [keras.layers.Dense(4 * width, activation="relu")(inputs)] * 2
    else:
        bodies = keras.ops.stack([keras.layers.Dense(width, activation="relu")(inputs) for _ in range(experts)], axis=1)        # (N, experts, width)
        gates = [keras.layers.Dense(experts, activation="softmax", name=f"gate_{task}")(inputs) for task in ("click", "order")]
        mixed = [keras.ops.sum(keras.ops.expand_dims(gate, -1) * bodies, axis=1) for gate in gates]
    heads = [keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dense(8, activation="relu")(one)) for one in mixed]
    model = keras.Model(inputs, keras.layers.Concatenate()(heads))
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="binary_crossentropy")
    return model


predicted, rows, judged_labels = {}, {}, labels[judge]
for name, experts in {"shared bottom": 1, "MMoE, four experts": 4}.items():
    keras.utils.set_random_seed(SEED)
    begun, model = time.perf_counter(), network(experts)
    model.fit(X, labels[learn], epochs=3, batch_size=8192, verbose=0)
    predicted[name] = p = model.predict(X_judge, batch_size=16384, verbose=0)
    rows[name] = {"weights": model.count_params(), "clicks promised / came": p[:, 0].sum() / judged_labels[:, 0].sum(),
                  "orders promised / came": p[:, 1].sum() / judged_labels[:, 1].sum(), "seconds": time.perf_counter() - begun}
as_auc = {(name, task): metrics.weighted(metrics.roc_auc, judged_labels[:, i], p[:, i]) for name, p in predicted.items()
          for i, task in enumerate(("click", "order"))}
drawn = metrics.household_draws(log.loc[judge, "shopper"], as_auc, draws=40, seed=SEED)
for name, task in as_auc:
    low, high = drawn[name, task].quantile([.025, .975])
    rows[name][f"AUC, {task}"] = f"{as_auc[name, task](np.ones(len(judged_labels))):.3f} ({low:.3f} … {high:.3f})"
print(f"{learn.sum():,} items shown to learn from, {labels[learn][:, 0].sum():,.0f} clicks, {labels[learn][:, 1].sum():,.0f} orders; "
      f"{judge.sum():,} to judge, {judged_labels[:, 1].sum():,.0f} orders; {time.perf_counter() - started:.1f} s")
pd.DataFrame(rows).transpose().infer_objects().round(3)

# %% [markdown]
# Look at the intervals before you choose an architecture. The log holds thousands of clicks and a few hundred orders, the days that judge a few
# dozen, and **no difference between the two networks can be seen**. That is usual in a small shop, and the reason why gates and experts are an answer
# for platforms with millions of orders a day. The columns *promised / came* matter more: the scores go into a product, and what one factor promises
# too much *for some products and not for others* changes every list.
#
# Fusion, with the shared bottom's predictions. The same pages, put in order anew by four sets of exponents:

# %%
pages = log.loc[judge, "session"].to_numpy().reshape(-1, 8)[:, 0]
p = predicted["shared bottom"].reshape(-1, 8, 2)
came, price = labels[judge].reshape(-1, 8, 2), catalogue.price[log.loc[judge, "item"].to_numpy(int)].reshape(-1, 8)
looked = 1 / np.log2(np.arange(2, 10))
shown_at = log.loc[judge, "position"].to_numpy().reshape(-1, 8)
debiased = came / looked[shown_at][..., None]                          # clicks and orders of the log, as if every place were looked at alike
def counted(there, debiased, first):
    """What a page brings if place by place it is looked at as `there`; first: (pages, 8) bool, what stands first."""
    clicks, orders = ((there * debiased[..., i]).sum(axis=1) for i in range(2))
    return {"clicks a page": f"{clicks.mean():.3f} ± {1.96 * clicks.std() / len(clicks) ** .5:.3f}",
            "orders, of 1,000 pages": f"{1000 * orders.mean():.1f} ± {1960 * orders.std() / len(orders) ** .5:.1f}",
            "mean price in first place": round(price[first].mean(), 2)}


rows = {"as it was shown": counted(looked[shown_at], debiased, shown_at == 0)}
for name, (a, b, c) in {"clicks: a = 1, b = c = 0": (1, 0, 0), "orders: a = b = 1, c = 0": (1, 1, 0), "revenue: a = b = c = 1": (1, 1, 1),
                        "cautious: a = b = 1, c = ¼": (1, 1, .25)}.items():
    score = p[..., 0] ** a * np.minimum(p[..., 1] / p[..., 0], 1) ** b * price ** c
    place = np.argsort(np.argsort(-score, axis=1), axis=1)
    rows[name] = counted(looked[place], debiased, place == 0)
print(f"{len(pages):,} pages of eight, put in order anew; clicks and orders are corrected for the place at which they came")
pd.DataFrame(rows).transpose()

# %% [markdown]
# The exponents do what they say: look at what stands in first place. What they *bring* lies inside the intervals of a few dozen orders, on a
# page of eight that somebody else had chosen. So the offline table tells you **which lists you would show**, and the A/B test tells you what they do: to
# clicks within days, to retention within months (lesson 06). Never tune three exponents on a log like this one and call the best of four rows a gain.

# %% [markdown]
# ## Stretch: what a sequence model learns from
#
# A model of sequences reads what a household bought and says what comes next. It learns from pairs: after each item, the next one is the
# answer (标签). A causal model (因果模型) answers after *every* item at once. So one household is one row: the inputs `x`, and the answers
# `y`, the same items shifted by one.
#
# Four things go wrong here, silently. The row is cut at the wrong end, and the model never sees what happened last. The padding (填充) becomes an
# answer. The shift goes the wrong way, or nowhere, and the loss falls beautifully. And the item you will *test* on is already in `y`: the model has
# been told. In the protocol of most papers, *leave one out* (留一法; what it leaks across households, section 5 of the first notebook shows), the last
# item of each sequence is the test, and the one before it the validation; neither may be in `x` or in `y`.
#
# ### exercise: next_item_batches
#
# `next_item_batches(sequences, length, held_out=1)` → `(x, y, mask)`, three arrays (number of sequences, length)
#
# * `sequences`: list with, for each household, its items in order of time, the oldest first: a list, tuple or array of whole numbers from 1.
#   Items may repeat, also one directly after the other. A sequence may be empty.
# * The last `held_out` items of each sequence are for testing. They are taken away **first**, and appear neither in `x` nor in `y`. 0 keeps
#   all.
# * Of what is left, each item but the last is an input, and its answer is the item after it. Keep the **latest** `length` such pairs. (They
#   take length + 1 items.)
# * `x[r]` and `y[r]`: inputs and answers in order of time, the latest in the last place. Where there are fewer than `length` pairs, both have
#   0 **in front**. `mask[r, t]` is True where there is an answer. (A loss counts these places only.)
# * Fewer than two items left: no pair. The row stays, as padding: zeros and False. Row r always belongs to sequence r.
# * Whole numbers in `x` and `y`. No sequences: three arrays (0, length). Do not change the sequences.
# * `ValueError` for an item below 1, wherever it stands (0 is the padding), for `length` < 1 and for `held_out` < 0.
#
# By hand: the sequences 3 1 4 1 5 and 9 2, length 4. The 5 and the 2 are held out. Left are 3 1 4 1 with the pairs 3→1, 1→4, 4→1, and 9,
# which has none. So x = [0 3 1 4], [0 0 0 0]; y = [0 1 4 1], [0 0 0 0]. With length 2 the first row is x = [1 4], y = [4 1].

# %%
# exercise: next_item_batches
def next_item_batches(sequences, length, held_out=1):
    """Inputs, answers and mask of next-item training: three arrays (number of sequences, length), padded with 0 in front.

    sequences: items >= 1, oldest first.  held_out: so many items at the end of each are never used.
    ValueError for an item below 1, length < 1 or held_out < 0.

    >>> x, y, mask = next_item_batches([[3, 1, 4, 1, 5], [9, 2]], 4)
    >>> x.tolist(), y.tolist()
    ([[0, 3, 1, 4], [0, 0, 0, 0]], [[0, 1, 4, 1], [0, 0, 0, 0]])
    """
    ### BEGIN SOLUTION: take away what is held out, keep the latest length + 1 items, and write all but the last and all but the first
    if length < 1 or held_out < 0:
        raise ValueError(f"length is at least 1 and held_out at least 0, not {length} and {held_out}")
    x, y = np.zeros((2, len(sequences), length), int)
    for row, sequence in enumerate(sequences):
        items = np.asarray(sequence, int)
        if (items < 1).any():
            raise ValueError(f"items begin with 1, since 0 is the padding, not {items.min()}")
        # Not [:-held_out]: with 0 that is nothing at all.
        items = items[:max(len(items) - held_out, 0)][-(length + 1):]
        pairs = len(items) - 1
        if pairs > 0:
            x[row, -pairs:], y[row, -pairs:] = items[:-1], items[1:]
    return x, y, y > 0
    ### END SOLUTION

# %%
check(next_item_batches)

# %% [markdown]
# What is a leak of one item worth? Real sequences: what each household of Complete Journey bought in 2017, one step for each day and kind of
# product, without the sensitive kinds. The order inside a day is not known and drawn by lot. The test is the last step of each household,
# ranked among all kinds; what it bought before is not excluded, since people buy again.
#
# The model is a **Markov chain** (马尔可夫链): which kind followed which, how often, and popularity among equals. It is counted twice, once
# without and once with the test item among the answers. Beside it stand two lists that need no order. Predict: by how much does one pair a
# household, among some hundreds, change the result?

# %%
stretch_lines = Documents.read(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products())
stretch_steps = np.unique((stretch_lines.home.astype(np.int64) * 400 + stretch_lines.day.astype(int)) * len(stretch_lines.types) + stretch_lines.kind)
stretch_day, stretch_kind = stretch_steps // len(stretch_lines.types), stretch_steps % len(stretch_lines.types)
by_lot = np.lexsort((np.random.default_rng(SEED).random(len(stretch_steps)), stretch_day))
stretch_home, stretch_day = stretch_day // 400, stretch_day % 400           # in order already; only the kinds inside a day are shuffled
stretch_kinds, stretch_item = np.unique(stretch_kind[by_lot], return_inverse=True)
print(f"{stretch_home[-1] + 1:,} households, {len(stretch_kinds):,} kinds, {len(stretch_item):,} steps; a household has "
      f"{np.median(np.bincount(stretch_home)):.0f} in the median")

# %%
H, M = stretch_home[-1] + 1, len(stretch_kinds)
ends = np.searchsorted(stretch_home, np.arange(H), side="right") - 1
ends = ends[(ends > 0) & (stretch_home[ends] == stretch_home[ends - 1])]      # a test needs a step before it
test, before = stretch_item[ends], stretch_item[ends - 1]
told = np.ones(len(stretch_item), bool)
told[ends] = False
popular = np.bincount(stretch_item[told], minlength=M)
follows = np.flatnonzero(stretch_home[1:] == stretch_home[:-1]) + 1           # the step that is an answer


def chain_of(x, y):
    return np.bincount(x.astype(np.int64) * M + y, minlength=M * M).reshape(M, M)[before] + popular / popular.sum()


def hits_of_test(scores):
    own = scores[np.arange(len(test)), test][:, None]
    above, tied = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    return np.clip((10 - above) / tied, 0, 1)                           # expected over the orders of the tied


own_counts = np.bincount(stretch_home[told] * M + stretch_item[told], minlength=H * M).reshape(H, M)[stretch_home[ends]]
honest = follows[told[follows]]
lists = {"popular": np.broadcast_to(popular, (len(test), M)), "what the household bought most": own_counts + popular / popular.sum(),
         "Markov chain, test item held out": chain_of(stretch_item[honest - 1], stretch_item[honest]),
         "Markov chain, test item in y": chain_of(stretch_item[follows - 1], stretch_item[follows])}
if own := yours("next_item_batches"):
    households = np.split(stretch_item + 1, np.flatnonzero(np.diff(stretch_home)) + 1)
    x, y, mask = map(np.asarray, own(households, 4000))
    lists["Markov chain, your pairs"] = chain_of(x[mask.astype(bool)] - 1, y[mask.astype(bool)] - 1)
rows = {}
for name, scores in lists.items():
    hit = hits_of_test(scores)
    low, high = plots.wilson(hit.sum(), len(hit))
    rows[name] = {"HR@10": hit.mean(), "95 % from": low, "to": high}
del lists, own_counts
print(f"{len(test):,} households; answers counted: {len(honest):,} held out, {len(follows):,} with the leak")
pd.DataFrame(rows).T.round(4)

# %% [markdown]
# Hardly any of the answers were leaked, and the chain climbs from clearly behind the household's own favourites to their level. Nothing looks
# broken: no error, a plausible number, a nicer slide. So write the test that catches it, once: no held-out item may change a single number in
# `x` or `y`.

# %% [markdown]
# ## Stretch: alternating least squares
#
# What a household did not buy is no dislike. Mostly it says nothing. Hu, Koren and Volinsky (2008) split each cell in two: a **preference**
# (偏好) p, which is 1 if bought and 0 if not, and a **confidence** (置信度) c = 1 + α·r, where r says how often. A zero counts too, but
# weakly. With factors (隐因子) u of a household and v of an item, the loss of **implicit ALS** (隐式交替最小二乘) is
#
# $$ \sum_{h} \sum_{i} c_{hi}\,\bigl(p_{hi} - u_h^{\top} v_i\bigr)^2 \;+\; \lambda \sum_h \lVert u_h \rVert^2 + \lambda \sum_i \lVert v_i \rVert^2 $$
#
# Hold all v fixed, and each u is a weighted ridge regression (加权岭回归) with one solution. Hold all u fixed, and so is each v. A half sweep
# cannot raise the loss, so you may alternate until it stands still.
#
# The inner sum goes over *every* item, which seems dear. The **Gram trick**: since c = 1 + α·r,
#
# $$ \sum_i c_i v_i v_i^{\top} = \underbrace{V^{\top} V}_{\text{the same for everyone}} + \sum_{i\,:\,r_i > 0} \alpha r_i\, v_i v_i^{\top} $$
#
# Make the first part once. Then a household costs only what it bought.
#
# ### exercise: ials_step
#
# `ials_step(X, V, alpha, reg)` → array (H, d), the factors of all households
#
# * `X`: (H, M), how often household h bought item i, r ≥ 0; fractions are possible. `V`: (M, d), the factors of the items. Arrays or lists.
# * Row h is the u with the smallest Σᵢ cᵢ (pᵢ − u·vᵢ)² + reg·‖u‖², where cᵢ = 1 + alpha·rᵢ, pᵢ = 1 if rᵢ > 0 and else 0, and the sum goes
#   over **all** M items, bought or not.
# * `reg` is the same for every household: it is not multiplied by the number of items, and not by the confidence.
# * A household that bought nothing has zeros, in its own row.
# * `alpha` ≥ 0. `ValueError` if some r is negative, or `reg` is not above 0. Do not change `X` or `V`.
#
# By hand: V = (1, 0), (0, 1), (1, 1); one household with r = 2, 0, 1; alpha = reg = 1. So c = 3, 1, 2. VᵀV = [[2, 1], [1, 2]]. To it come
# 2·[[1, 0], [0, 0]], 1·[[1, 1], [1, 1]] and reg·I: [[6, 2], [2, 4]]. On the right stands 3·(1, 0) + 2·(1, 1) = (5, 2). The solution is u =
# (.8, .1).

# %%
# exercise: ials_step
def ials_step(X, V, alpha, reg):
    """Household factors (H, d) that minimise the loss of implicit ALS with the item factors fixed (Hu, Koren and Volinsky 2008).

    X: (H, M) counts >= 0.  V: (M, d).  Confidence 1 + alpha * X, preference 1 where X > 0; reg is not scaled.
    ValueError for a negative count or reg <= 0.

    >>> ials_step([[2, 0, 1], [0, 0, 0]], [[1., 0.], [0., 1.], [1., 1.]], alpha=1., reg=1.).round(9).tolist()
    [[0.8, 0.1], [0.0, 0.0]]
    """
    ### BEGIN SOLUTION: V'V + reg I once; for each household add alpha r v v' of what it bought, and solve for the sum of c v
    X, V = np.asarray(X, float), np.asarray(V, float)
    if (X < 0).any() or reg <= 0:
        raise ValueError("counts are 0 or more, and reg is above 0")
    everyone = V.T @ V + reg * np.eye(V.shape[1])
    U = np.zeros((len(X), V.shape[1]))
    for h, r in enumerate(X):
        bought = r > 0
        own, more = V[bought], alpha * r[bought]
        U[h] = np.linalg.solve(everyone + own.T @ (more[:, None] * own), own.T @ (1 + more))
    return U
    ### END SOLUTION

# %%
check(ials_step)

# %% [markdown]
# Does it stand still, and does the loss never rise? The half sweeps below are made without the trick, by scikit-learn: `Ridge` without
# intercept on the item factors, one fit for each household, with the confidences as `sample_weight`. It is the same minimum, and shows what
# the trick saves. Data: on how many days of the first half of 2017 each of 120 households bought each of the 60 commonest kinds.

# %%
from sklearn.linear_model import Ridge

als_alpha, als_reg, als_size = 2., 5., 8
half_year = (stretch_day < 182) & (stretch_home < 120)
commonest = np.argsort(-np.bincount(stretch_item, minlength=len(stretch_kinds)), kind="stable")[:60]
place = np.full(len(stretch_kinds), -1)
place[commonest] = np.arange(60)
half_year &= place[stretch_item] >= 0
days_bought = np.bincount(stretch_home[half_year] * 60 + place[stretch_item[half_year]], minlength=120 * 60).reshape(120, 60)


def half_sweep(X, V):
    ridge = Ridge(alpha=als_reg, fit_intercept=False, solver="cholesky")
    return np.array([ridge.fit(V, r > 0, sample_weight=1 + als_alpha * r).coef_ for r in X])


def als_loss(U, V):
    return ((1 + als_alpha * days_bought) * ((days_bought > 0) - U @ V.T) ** 2).sum() + als_reg * ((U ** 2).sum() + (V ** 2).sum())


rng = np.random.default_rng(SEED)
U, V = rng.normal(0, .1, (120, als_size)), rng.normal(0, .1, (60, als_size))
started, losses = time.perf_counter(), [als_loss(U, V)]
for _ in range(4):
    U = half_sweep(days_bought, V)
    losses.append(als_loss(U, V))
    V = half_sweep(days_bought.T, U)
    losses.append(als_loss(U, V))
seconds = (time.perf_counter() - started) / 4
print(f"a sweep by 180 ridge regressions: {1000 * seconds:.0f} ms; largest change of the loss in a half sweep: {max(np.diff(losses)):+.4g}")
if own := yours("ials_step"):
    started = time.perf_counter()
    mine = np.asarray(own(days_bought, V, als_alpha, als_reg))
    took = time.perf_counter() - started
    print(f"yours, 120 households: {1000 * took:.1f} ms; largest difference from ridge: {np.abs(mine - half_sweep(days_bought, V)).max():.1g}")

fig, ax = plots.plt.subplots(figsize=(7, 3.2))
ax.plot(np.arange(len(losses)) / 2, np.array(losses) / losses[0], marker="o", color=plots.COLOURS[0])
ax.set(title="Each half sweep lowers the loss, or leaves it", xlabel="sweeps (a point each half)", ylabel="loss, start = 1", ylim=(0, 1.05))
plots.plt.show()

# %% [markdown]
# Most of the way is done in the first sweeps. That the loss falls says that the code is right, not that the list is good: a loss on the cells
# it was fitted to cannot. How many factors, which α and which λ, is decided on what households buy *next*, with the same budget for the
# baselines.

# %% [markdown]
# ## Stretch: learning an order
#
# ALS guesses a 0 or a 1. A list needs less: only that what a household took stands *above* what it did not. **Bayesian personalised ranking**
# (贝叶斯个性化排序, BPR; Rendle and others 2009) takes triples: household u, an item i it bought, an item j it did not. With x = u·(vᵢ −
# vⱼ), how far i is ahead of j, the loss of a triple is
#
# $$ -\ln \sigma(x) + \frac{\lambda}{2}\bigl(\lVert u \rVert^2 + \lVert v_i \rVert^2 + \lVert v_j \rVert^2\bigr), \qquad \sigma(x) = \frac{1}{1 + e^{-x}} $$
#
# and one step of stochastic gradient descent (随机梯度下降) goes downhill from it. The derivative of −ln σ(x) is −σ(−x): near 1 where the
# order is wrong, near 0 where it is right already. So a triple that is easy teaches nothing, and most negatives drawn at random soon are
# easy. That is why people draw them by popularity, or hard ones; and then learn another order than the one among all items.
#
# ### exercise: bpr_step
#
# `bpr_step(U, V, u, i, j, lr, reg)` → `(U, V)`, two new tables
#
# * `U`: (H, d), `V`: (M, d), arrays or lists of numbers, perhaps whole ones. `u`, `i`, `j`: positions of one household and two items. i was
#   bought, j was not: whoever draws the triple sees to that.
# * One step of length `lr` down the gradient of the loss above, in the three rows u, i and j. The loss has reg/2, so the derivative of its
#   second part is `reg` times the row.
# * **Simultaneous**: all three new rows are made from the three **old** ones.
# * No other row changes: they are in neither part of this triple's loss.
# * x may be ±1,000 or more. No error, no nan.
# * New float tables. The old ones stay as they were. `ValueError` if i = j.
#
# By hand: u = (1, 2), vᵢ = (1, 1), vⱼ = (3, 0), lr = .1, reg = .5. x = (1, 2)·(−2, 1) = 0, so σ(−x) = ½. Then u + .1·(½·(−2, 1) − .5·(1, 2))
# = (.85, 1.95), vᵢ + .1·(½·(1, 2) − .5·(1, 1)) = (1, 1.05), vⱼ + .1·(−½·(1, 2) − .5·(3, 0)) = (2.8, −.1).

# %%
# exercise: bpr_step
def bpr_step(U, V, u, i, j, lr, reg):
    """Both tables after one simultaneous step of BPR on the triple (u, i, j): household u prefers item i to item j (Rendle and others 2009).

    U: (H, d).  V: (M, d).  Loss: -ln sigmoid(u . (v_i - v_j)) + reg/2 of the three squared lengths.  New tables; ValueError if i == j.

    >>> U, V = bpr_step([[1., 2.]], [[1., 1.], [3., 0.]], 0, 0, 1, lr=.1, reg=.5)
    >>> U.round(9).tolist(), V.round(9).tolist()
    ([[0.85, 1.95]], [[1.0, 1.05], [2.8, -0.1]])
    """
    ### BEGIN SOLUTION: x and e = sigmoid(-x) from the old rows, without overflow; then three rows of copies, each by its own gradient
    if i == j:
        raise ValueError(f"an item cannot be preferred to itself: i and j are both {i}")
    U, V = np.array(U, float), np.array(V, float)
    household, bought, other = U[u].copy(), V[i].copy(), V[j].copy()
    # sigmoid(-x) = 1 / (1 + exp(x)), of which the exponential may be too large for a float; its logarithm never is.
    e = np.exp(-np.logaddexp(0, household @ (bought - other)))
    U[u] += lr * (e * (bought - other) - reg * household)
    V[i] += lr * (e * household - reg * bought)
    V[j] += lr * (-e * household - reg * other)
    return U, V
    ### END SOLUTION

# %%
check(bpr_step)

# %% [markdown]
# Never trust a gradient you derived yourself. Move each number of the tables a little, up and down, and see what the loss does: that is the
# gradient too, slow and without any derivation. Below, the step by such central differences (中心差分), row by row.

# %%
rng = np.random.default_rng(SEED)
bpr_users, bpr_items = rng.normal(size=(4, 2)), rng.normal(size=(5, 2))
bpr_u, bpr_i, bpr_j, bpr_lr, bpr_reg = 2, 4, 1, .1, .3


def triple_loss(tables):
    p, q, r = tables[bpr_u], tables[4 + bpr_i], tables[4 + bpr_j]
    return np.logaddexp(0, -p @ (q - r)) + bpr_reg / 2 * (p @ p + q @ q + r @ r)


tables, gradient = np.vstack([bpr_users, bpr_items]), np.zeros((9, 2))
for spot in np.ndindex(tables.shape):
    bump = np.zeros_like(tables)
    bump[spot] = 1e-5
    gradient[spot] = (triple_loss(tables + bump) - triple_loss(tables - bump)) / 2e-5
names = [f"household {h}" for h in range(4)] + [f"item {m}" for m in range(5)]
names[bpr_u], names[4 + bpr_i], names[4 + bpr_j] = names[bpr_u] + " (u)", names[4 + bpr_i] + " (i, bought)", names[4 + bpr_j] + " (j)"
table = pd.DataFrame((-bpr_lr * gradient).round(6) + 0, index=names, columns=["1st, by differences", "2nd, by differences"])
if own := yours("bpr_step"):
    table[["1st, yours", "2nd, yours"]] = np.vstack(own(bpr_users, bpr_items, bpr_u, bpr_i, bpr_j, bpr_lr, bpr_reg)) - tables
table.round(6)

# %% [markdown]
# Six rows of nine stay: a step costs three rows, however large the catalogue. That is why BPR was run on millions of items long before
# anybody put a softmax over them. And the pull σ(−x), by how far i is ahead already:

# %%
from scipy.special import expit

ahead = np.array([-4, -2, 0, 2, 4, 6])
pd.DataFrame([expit(-ahead)], index=["pull σ(−x)"], columns=pd.Index(ahead, name="x")).round(4)

# %% [markdown]
# ## Stretch: a Transformer for what comes next
#
# A convolution's weights belong to **distances**: what lies four steps back is always weighed by the same numbers. **Self-attention** (自注意力)
# chooses: after each step it compares a query with the keys of all earlier steps, and takes what fits, wherever it stands. **SASRec** (Kang and
# McAuley 2018) stacks such blocks over item embeddings, and answers after every step, as the CNN of the core did.
#
# Three things are easy to lose:
#
# * **Order.** Attention is a weighted sum, which forgets who stood where. So each place has a vector of its own, added to the item's: a **position
#   embedding** (位置嵌入). Which place does an item have? If you count columns, padding moves it. Count items: the oldest is 1, the next 2.
# * **The future.** The **causal mask** (因果掩码) lets step t look at steps 1 … t. In Keras: `use_causal_mask=True`.
# * **Padding.** Its column has a vector like any other, and is looked at unless the **padding mask** (填充掩码) forbids it:
#   `attention_mask` with `ids > 0`, shape (N, 1, T), the same for every step that looks. (Masks that come with
#   `Embedding(…, mask_zero=True)` may be lost where tensors are added. Be explicit.)
#
# One **pre-norm** (前置归一化) block is x ← x + Attention(LN(x)), then x ← x + FFN(LN(x)): LN is a `LayerNormalization` (层归一化), FFN two `Dense`
# layers. Norming *before* each part leaves a straight path for the gradient through all blocks, and trains without a warm-up.
#
# ### exercise: build_sasrec
#
# `build_sasrec(n_items, length, size, blocks)` → a **compiled** `keras.Model`: what comes next, after every step?
#
# * input: ids, integers (N, T), oldest first: 1 to `n_items` are items, **0 is padding**, in front. **Any T**: `keras.Input((None,), dtype="int32")`. A
#   history holds at most `length` items; padding comes on top.
# * inside: vectors of `size` numbers (even), `blocks` blocks, two heads. How it is built is not judged, but norm **before** each part: normed after
#   it, eight epochs are too few.
# * output **(None, None, n_items)**: at every step a softmax over the items. Column j is item **j + 1**.
# * **No answer sees a later step**: change the last three items, and no answer before them changes (by more than 0.0001).
# * **More zeros in front change nothing** at the steps of real items (to 0.0001).
# * compiled with sparse categorical cross-entropy and **Adam with a learning rate of 0.003**. Targets are 0 to `n_items` − 1; the check weighs steps of
#   padding with 0.
#
# The check trains `build_sasrec(40, 18, 32, 1)` on 600 made-up shoppers, eight epochs. They work through four plans in turn, so that what comes
# next follows on what came four purchases ago; every sixth purchase is random. On new shoppers the likeliest item must be the right one for at least
# half of them, and both probes must hold; then it asks for another catalogue and two blocks. `keras` and `tensorflow` are what you may use; import
# them inside your function.

# %%
# exercise: build_sasrec
def build_sasrec(n_items, length, size, blocks):
    """A compiled causal Transformer over ids (N, T) of items 1 to n_items, at most `length` of them, 0 in front: (N, T, n_items)."""
    ### BEGIN SOLUTION: item plus position; in each block attention with both masks and two dense layers, normed before, added; a softmax; compile
    import keras
    from keras import layers, ops

    ids = keras.Input((None,), dtype="int32")
    place = ops.cumsum(ops.cast(ids > 0, "int32"), axis=1)
    x = layers.Embedding(n_items + 1, size)(ids) + layers.Embedding(length + 1, size)(place)
    for _ in range(blocks):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, size // 2)(h, h, attention_mask=ops.expand_dims(ids > 0, 1), use_causal_mask=True)
        h = layers.LayerNormalization()(x)
        x = x + layers.Dense(size)(layers.Dense(4 * size, activation="relu")(h))
    model = keras.Model(ids, layers.Dense(n_items, activation="softmax")(layers.LayerNormalization()(x)))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="sparse_categorical_crossentropy")
    return model
    ### END SOLUTION

# %%
check(build_sasrec)

# %% [markdown]
# Two differences remain to the model that is trained on real histories, `helpers.sequential.sasrec`. There the output **is** the item embedding (共享
# 权重, tied weights): a score is the product of the state and the item's vector, so an item that is bought rarely learns from both ends. And
# dropout, without which a few thousand households are soon known by heart.

# %% [markdown]
# ## Stretch: five things that are not one thing
#
# A ranker gives each item a number of its own. The five best are then often five of a kind: whoever likes one yoghurt likes the others. A
# **re-ranker** (重排) looks at the list as a whole. You met **maximal marginal relevance** (最大边际相关, MMR; Carbonell and Goldstein 1998)
# as a way to choose keywords. In production it differs in three points: relevance comes from the ranker, on its own scale; the similarity is
# a table that somebody else made, and perhaps one-way; and some items may not be shown at all.
#
# One-way? A set of three pans covers a single pan wholly, and the pan covers a third of the set. After the set the pan is superfluous; after
# the pan the set is not.
#
# ### exercise: mmr_rerank
#
# `mmr_rerank(relevance, S, lam, k)` → list of ids (positions in `relevance`), in the order of choice
#
# * `relevance`: (n,) numbers on any scale; they are used as they are. **−inf** means: may not be shown (sold out, hidden by the household,
#   forbidden). Such an item is never chosen, whatever `lam`.
# * `S`: (n, n) finite numbers. `S[c, s]`: how much showing item c repeats item s. It may be negative, and need not equal `S[s, c]`. The
#   diagonal is never needed.
# * The first is the most relevant, **whatever `lam` is**. Then, again and again: of the items not chosen yet, the one with the largest lam ·
#   relevance[c] − (1 − lam) · (the largest S[c, s] over the chosen s).
# * Equal scores: the lower id. (In the cases scores are equal exactly or clearly apart.)
# * `k` items, each once; fewer if fewer may be shown, and then all of them; an empty list if none may.
# * `ValueError` unless 0 ≤ lam ≤ 1 and k ≥ 1. Arrays or lists; do not change them.
#
# By hand: relevance .9, .8, .6; S[1, 0] = .9, S[2, 0] = .1, S[1, 2] = .2; lam = .5. Id 0 is first. Then 1 has .5 · .8 − .5 · .9 = −.05, and 2
# has .5 · .6 − .5 · .1 = .25: next is 2, and 1 is last: [0, 2, 1].

# %%
# exercise: mmr_rerank
def mmr_rerank(relevance, S, lam, k):
    """Ids of at most k items in the order of choice, by maximal marginal relevance (Carbonell and Goldstein 1998).

    relevance: (n,), -inf for what may not be shown.  S: (n, n), S[c, s] how much c repeats s.  lam: weight of relevance.
    ValueError unless 0 <= lam <= 1 and k >= 1.

    >>> mmr_rerank([.9, .8, .6], [[1., .9, .1], [.9, 1., .2], [.1, .2, 1.]], .5, 3)
    [0, 2, 1]
    """
    ### BEGIN SOLUTION: the ids that may be shown, in order; the most relevant first; then lam * relevance less the largest S with a chosen one
    if not 0 <= lam <= 1 or k < 1:
        raise ValueError(f"lam lies between 0 and 1 and k is at least 1, not {lam} and {k}")
    relevance, S = np.asarray(relevance, float), np.asarray(S, float)
    left, chosen = np.flatnonzero(relevance > -np.inf).tolist(), []
    while left and len(chosen) < k:
        score = relevance[left]
        if chosen:
            score = lam * score - (1 - lam) * S[np.ix_(left, chosen)].max(axis=1)
        chosen.append(left.pop(int(np.argmax(score))))
    return chosen
    ### END SOLUTION

# %%
check(mmr_rerank)

# %% [markdown]
# Does a list that does not repeat itself sell more? Real households again: relevance is on how many days of the first half of 2017 a
# household bought a kind, over its largest; what it never bought may not be shown. S is 1 for two kinds of one category, ½ for two of one
# department (produce, meat, grocery …), else 0. A list of ten is judged by what the household bought in the four weeks after. As a fair
# opponent stands a simple rule, at four settings: at most so many of a department.

# %%
kind_category = stretch_lines.category_of[stretch_kinds]
listed = complete_journey.products()
department_of = listed.groupby(listed["category"].str.strip())["department"].agg(lambda names: names.mode().iloc[0])
kind_department = department_of[stretch_lines.categories[kind_category]].to_numpy()
alike = np.where(kind_category[:, None] == kind_category, 1., .5 * (kind_department[:, None] == kind_department))
rng = np.random.default_rng(SEED)
past, future = stretch_day < 182, (stretch_day >= 182) & (stretch_day < 210)
active = np.flatnonzero(np.bincount(stretch_home[past], minlength=H) >= 60)
shoppers = np.sort(rng.choice(active, 200, replace=False))


def at_most(order, most):
    shown, of = [], {}
    for item in order:
        if of.get(kind_department[item], 0) < most and len(shown) < 10:
            shown.append(item)
            of[kind_department[item]] = of.get(kind_department[item], 0) + 1
    return shown


def ranked(relevance):
    return np.argsort(-relevance, kind="stable")[:np.isfinite(relevance).sum()]


rerankers = {"most relevant ten": lambda relevance: ranked(relevance)[:10]}
rerankers |= {f"at most {most} of a department": lambda relevance, most=most: at_most(ranked(relevance), most) for most in (5, 4, 3, 2)}
if own := yours("mmr_rerank"):
    rerankers |= {f"MMR, yours, lam = {lam}": lambda relevance, lam=lam: own(relevance, alike, lam, 10) for lam in (.9, .8, .7, .6, .5)}
found = {name: [] for name in rerankers}
for shopper in shoppers:
    mine = stretch_home == shopper
    counts = np.bincount(stretch_item[mine & past], minlength=M)
    relevance = np.where(counts > 0, counts / counts.max(), -np.inf)
    next_month = np.unique(stretch_item[mine & future])
    for name, rerank in rerankers.items():
        shown = np.asarray(rerank(relevance), int)
        found[name].append((np.isin(shown, next_month).sum(), len(set(kind_department[shown])), len(shown)))
found = {name: np.array(pairs, float) for name, pairs in found.items()}
less = {name: pairs[:, 0] - found["most relevant ten"][:, 0] for name, pairs in found.items()}
table = pd.DataFrame({name: {"of ten bought next": pairs[:, 0].mean(), "against the ten": less[name].mean(),
                             "± 95 %": 1.96 * less[name].std(ddof=1) / np.sqrt(len(shoppers)), "departments": pairs[:, 1].mean(), "shown": pairs[:, 2].mean()}
                      for name, pairs in found.items()}).T

fig, ax = plots.plt.subplots(figsize=(7.5, 3.6))
for name, row in table.iterrows():
    mmr = name.startswith("MMR")
    colour = plots.COLOURS[1] if mmr else plots.COLOURS[0]
    ax.plot(row["departments"], row["of ten bought next"], "o", color=colour)
    ax.annotate(name.replace("MMR, yours, ", "MMR "), (row["departments"], row["of ten bought next"]), xytext=(6, 4) if mmr else (-6, -9),
                ha="left" if mmr else "right", textcoords="offset points", color=colour, fontsize=9)
ax.margins(y=.12)
ax.set(title="What variety costs", xlim=(1.5, 8.8), xlabel="different departments among ten, mean of 200 households",
       ylabel="of ten, bought in the next 28 days")
plots.plt.show()
table.round(3)

# %% [markdown]
# Variety costs hits in every row: the ranker's ten are what it believes in most. But it does not cost the same everywhere. With your rows in
# the plot, find two points of as many departments, one of each colour, and see which lies higher. The rule counts departments and nothing
# else; MMR also knows which two kinds are nearly the same, and gives up the least relevant repetition first. Note the interval, too: a little
# variety costs next to nothing.
#
# What you hope to gain is not in this table: that shoppers who see more of the shop come back. Only an experiment says so (lesson 06).
# Offline you can say what the variety *costs*, and choose lam so that it costs little.

# %% [markdown]
# ## Stretch: how many candidates can you afford?
#
# A page waits. Somebody has given recommendation a **latency budget** (延迟预算): 99 of 100 requests must be answered within so many
# milliseconds, the **p99**. The work is a funnel (漏斗) of stages, one after the other: fetch features, ask several retrieval sources at the
# same time, rank what they return, re-rank. Two rules and a trap:
#
# * Stages in a row **add** in each request. Calls in parallel take as long as the **slowest**.
# * The p99 of a sum is **not** the sum of the p99s. The requests that are slow in one stage are seldom the ones that are slow in another; and
#   if they are the same ones (one cold cache, one long history), the sum is nearly right. The stages' dashboards cannot tell you which. Log
#   the whole request.
# * So stages with percentiles of their own do not have a budget of their own. Ask instead which stage *fills* the slow requests.
#
# And the number a ranking team always wants: how many candidates may the ranker score?
#
# ### exercise: latency_budget
#
# `latency_budget(stages, ranker, budget, cost, percent=99)` → dict with `"latency"`, `"within"`, `"bottleneck"`, `"candidates"`
#
# * `stages`: dict from a stage's name to its times in ms, an array or list of rows (n, calls): row r is request r, the same in all stages;
#   the columns are calls that run **in parallel**, and the stage takes as long as the slowest of them. The stages run **one after the
#   other**, in the order of the dict. A request's *total* is the sum over the stages. n ≥ 1; there may be one stage only.
# * The **percentile** of n numbers, here always: sort them, the smallest first, and take the one in place ⌈percent · n / 100⌉, counted from 1
#   (*nearest rank*, 最近秩). It is always one of the numbers; nothing is interpolated.
# * `"latency"`: the percentile of the totals, in ms.
# * `"within"`: the share (0 to 1) of requests whose total is at most `budget` ms.
# * `"bottleneck"`: of the requests whose total is at least `"latency"`, sum the times of each stage; the name of the stage with the largest
#   sum, the earlier one of equals.
# * `"candidates"`: let the ranker (the stage of that name) take exactly `cost` ms for each candidate it scores, and nothing besides. How many
#   candidates may it score at most, so that the percentile of the totals stays at most `budget`? Make of each request the sum of its
#   **other** stages (0 if there are none), take the percentile of these sums, and see what is left of the budget: (budget − percentile) /
#   cost, rounded down; 0 if that is negative.
# * `percent`: a whole number. `ValueError` unless 1 ≤ percent ≤ 100, cost > 0, and `ranker` is a stage.
#
# By hand, with percent = 75: four requests; retrieve asks two sources, (10, 30), (20, 10), (10, 10), (40, 20), so it takes 30, 20, 10, 40;
# rank takes 20, 50, 20, 20. The totals are 50, 70, 30, 60. ⌈.75 · 4⌉ = 3, and the third smallest is **60**. (The stages' own: 30 and 20, sum
# 50.) Budget 60: three of four are within, .75. At least 60 took the second and the fourth: retrieve 20 + 40, rank 50 + 20: the bottleneck is
# rank. Without rank the third smallest is 30, so 30 ms are left; at .25 ms a candidate that is 120.

# %%
# exercise: latency_budget
def latency_budget(stages, ranker, budget, cost, percent=99):
    """What a funnel of stages needs, as a dict: "latency" (ms), "within" (share), "bottleneck" (a stage) and "candidates" (whole number).

    stages: name -> (n, calls) ms; calls run in parallel, stages one after the other.  ranker: the stage that takes cost ms a candidate.
    Percentiles by nearest rank.  ValueError unless 1 <= percent <= 100, cost > 0 and ranker is a stage.

    >>> four = {"retrieve": [[10, 30], [20, 10], [10, 10], [40, 20]], "rank": [[20], [50], [20], [20]]}
    >>> latency_budget(four, "rank", budget=60, cost=.25, percent=75)
    {'latency': 60.0, 'within': 0.75, 'bottleneck': 'rank', 'candidates': 120}
    """
    ### BEGIN SOLUTION: the slowest call of each stage, summed by request; then percentile, share, sums of the slow ones, and what is left
    if not 1 <= percent <= 100 or cost <= 0 or ranker not in stages:
        raise ValueError(f"percent is 1 to 100, cost above 0, and ranker one of {', '.join(stages)}: not {percent}, {cost} and {ranker!r}")
    took = {name: np.asarray(ms, float).max(axis=1) for name, ms in stages.items()}
    total = sum(took.values())

    def percentile(ms):
        return float(np.sort(ms)[math.ceil(percent * len(ms) / 100) - 1])

    latency = percentile(total)
    slow = {name: ms[total >= latency].sum() for name, ms in took.items()}
    left = budget - percentile(total - took[ranker])
    return {"latency": latency, "within": float((total <= budget).mean()), "bottleneck": max(slow, key=slow.get),
            "candidates": max(math.floor(left / cost), 0)}
    ### END SOLUTION

# %%
check(latency_budget)

# %% [markdown]
# Our data has no clock, so the times below are **made up**: log-normal, as latencies often look. What is true of them is true of any: how
# percentiles add. Twice 20,000 requests with the same stages: once each stage is slow at random, once the slow requests are the same in all
# stages.

# %%
rng = np.random.default_rng(SEED)
typical = {"features": (4, .5, 1), "retrieve": (12, .6, 4), "rank": (20, .4, 1), "re-rank": (4, .5, 1)}      # median ms, spread, parallel calls
worlds = {}
for world in ("slow at random", "slow together"):
    together = rng.normal(size=(20_000, 1))
    funnel = {name: median * np.exp(spread * (together if world == "slow together" else rng.normal(size=(20_000, calls))))
              for name, (median, spread, calls) in typical.items()}
    slowest = {name: ms.max(axis=1) for name, ms in funnel.items()}
    p99 = {name: np.percentile(ms, 99, method="inverted_cdf") for name, ms in slowest.items()}
    total = np.percentile(sum(slowest.values()), 99, method="inverted_cdf")
    worlds[world] = p99 | {"sum of the four p99": sum(p99.values()), "p99 of the requests": total}
    if own := yours("latency_budget"):
        said = own(funnel, "rank", 120., .04)
        worlds[world] |= {"yours: latency": said["latency"], "yours: within 120 ms, %": 100 * said["within"], "yours: candidates at .04 ms": said["candidates"],
                          "yours: bottleneck": said["bottleneck"]}
pd.DataFrame(worlds).map(lambda ms: ms if isinstance(ms, str) else f"{ms:,.4g}")

# %% [markdown]
# Slow together: the sum is right. Slow at random: it is far too high, and a team that adds dashboards buys machines it does not need. It can
# also be too *low*, as in the example by hand. And one more that no dashboard of a stage shows. Ask s sources at once, each with its own p99:
# how many requests meet at least one slow source? Independent ones: 1 − .99ˢ (Dean and Barroso 2013, *The tail at scale*).

# %%
sources = np.arange(1, 65)
fig, ax = plots.plt.subplots(figsize=(7, 3.2))
ax.plot(sources, 1 - .99 ** sources, color=plots.COLOURS[0])
for s in (4, 16, 64):
    ax.annotate(f"{s}: {1 - .99 ** s:.0%}", (s, 1 - .99 ** s), xytext=(4, -13), textcoords="offset points", fontsize=9)
    ax.plot(s, 1 - .99 ** s, "o", color=plots.COLOURS[0])
ax.set(title="One slow answer in a hundred, asked many times", xlabel="sources asked at once", ylabel="requests that wait for a slow one",
       xlim=(0, 72), ylim=(0, .52))
plots.percent(ax.yaxis)
plots.plt.show()

# %% [markdown]
# So production sets each source a **deadline** (截止时间) and goes on without it. Then the answer is poorer now and then, and that must be
# measured: log which sources answered, or the ranker is trained on lists it will not see.
