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
# # 04 · Interest: more
#
# Level *more*: what precision and recall at k mean, in all the ways people mean them. Level *stretch*: whether a topic is about
# anything, and keywords that do not say the same. No points; nothing later depends on them.

# %% tags=["setup"]
import itertools
import math
import time

import numpy as np
import pandas as pd

from helpers import check, hint, interests, plots, progress, text, yours  # noqa: F401
from helpers.data import complete_journey

plots.style()
SEED = 1

# %% [markdown]
# ## Is a list of keywords any good?
#
# A model ranks words for each household, best first. Somebody (an editor, or what the household did next) says which words would have been right: the **gold**
# (标准答案). Three numbers compare the first k of the list with it:
#
# * **precision** (精确率): of the k words, the share that is gold.
# * **recall** (召回率): of the gold, the share that is among the k.
# * **F1**: 2PR/(P + R), their harmonic mean (调和平均). It is close to the *smaller* of the two, so neither can be bought with the other.
#
# Three lines of code, and five ways to get another number out of them. None is wrong, if you say which, and two numbers of two papers may
# not be compared before you know:
#
# 1. **k words, or as many as there are?** A household with one gold word can have a precision of at most 1/k. Dividing by min(k, |gold|) would hide that.
#    Here: always k. The five places on the screen are there whether or not you have five words.
# 2. **Repeats.** A model that writes *tea, tea, tea* has found one word. Here: repeats collapse, to the first, and **then** the list is cut.
# 3. **Nothing is gold.** Recall is 0/0. Here: such households are skipped, by all three numbers. (Counting them 0 punishes, counting them 1
#    rewards, and neither says anything about the words.)
# 4. **macro or micro?** *Macro* (宏平均): P, R and F1 of each household, then the means: each household counts the same. *Micro* (微平均): hits,
#    places and gold summed over all households, then divided: each gold word counts the same, and who has many counts most.
# 5. **F1 of the means, or the mean of F1?** In *macro* here: the mean of F1.
#
# What is at stake? Two households, and the same lists read in different ways:

# %%
ranked = [["tea", "milk", "tea", "soap", "jam"], ["rice", "oil", "salt"]]
gold = [["tea"], ["rice", "salt", "eggs", "flour", "oil", "sugar"]]
hits, k, sizes = np.array([1, 3]), 4, np.array([1, 6])               # counted by hand, repeats collapsed
P, R = hits / k, hits / sizes
F = 2 * hits / (k + sizes)
pd.DataFrame({
    "precision, mean over households, over k": [P.mean()], "… over min(k, |gold|)": [(hits / np.minimum(k, sizes)).mean()], "… over what was ranked": [
        (hits / [4, 3]).mean()],
    "recall, macro": [R.mean()], "recall, micro": [hits.sum() / sizes.sum()],
    "F1, macro: mean of F1": [F.mean()], "F1 of mean P and mean R": [2 * P.mean() * R.mean() / (P.mean() + R.mean())],
    "F1, micro": [2 * hits.sum() / (2 * k + sizes.sum())],
}, index=["k = 4"]).transpose().round(3)

# %% [markdown]
# ### exercise: prf_at_k
#
# `prf_at_k(ranked, gold, k, average)` → `(precision, recall, F1)`, three numbers
#
# * `ranked`: list with, for each household, the list of its words (or numbers), best first. It may be shorter than k, or empty. Repeats collapse to
#   their first place, **before** the list is cut at k.
# * `gold`: as long as `ranked`; for each household a list, tuple or set of words. A word that stands there twice counts once.
# * Households with empty gold are skipped: they count nowhere. If that leaves none: `(nan, nan, nan)`.
# * precision: hits / k, also where fewer words were ranked, or fewer are gold. recall: hits / |gold|. F1: 2PR/(P + R), and 0 where both are 0.
# * `average="macro"`: the three of each household, then the mean of each. `"micro"`: hits / (k · households) and hits / Σ|gold|, each summed
#   over the households that were not skipped, and the F1 of these two.
# * `ValueError` for another `average`, and for k < 1. Do not change the lists.
#
# By hand: k = 2. Ranked *tea, tea, milk* with gold *milk, jam, rice, soap*: the first two are tea and milk, one hit: P ½, R ¼, F1 ⅓. Ranked *soap*
# with gold *soap*: P ½, R 1, F1 ⅔. A third household has no gold. Macro: ½, ⅝, ½. Micro: 2/4, 2/5, and 2 · .5 · .4/.9 = 4/9.

# %%
# exercise: prf_at_k
def prf_at_k(ranked, gold, k, average):
    """Precision, recall and F1 of the first k words of each household's list: three numbers, nan if nobody has gold.

    ranked: lists of words, best first; repeats collapse first.  gold: collections of words, empty ones skipped.
    average: "macro" (means over households) or "micro" (sums first), else ValueError; ValueError for k < 1.

    >>> words, right = [["tea", "tea", "milk"], ["soap"], ["jam"]], [["milk", "jam", "rice", "soap"], ["soap"], []]
    >>> prf_at_k(words, right, 2, "macro")
    (0.5, 0.625, 0.5)
    """
    ### BEGIN SOLUTION: hits and number of gold words of each household that has any; sums, if micro; then three fractions
    if average not in ("macro", "micro") or k < 1:
        raise ValueError(f'average is "macro" or "micro" and k at least 1, not {average!r} and {k}')
    hits, sizes = [], []
    for words, wanted in zip(ranked, map(set, gold), strict=True):
        if wanted:
            first = list(dict.fromkeys(words))[:k]
            hits.append(len(wanted.intersection(first)))
            sizes.append(len(wanted))
    if not hits:
        return float("nan"), float("nan"), float("nan")
    hits, sizes, places = np.array(hits), np.array(sizes), np.full(len(hits), k)
    if average == "micro":
        hits, sizes, places = hits.sum(), sizes.sum(), places.sum()
    # 2PR / (P + R) is 2 · hits / (places + gold), which is 0 without a hit, as it should be.
    return tuple(float(np.mean(each)) for each in (hits / places, hits / sizes, 2 * hits / (places + sizes)))
    ### END SOLUTION

# %%
check(prf_at_k)

# %% [markdown]
# Does scikit-learn agree? It wants a table of 0/1, households by words, and then knows *four* averages. Mind the names: its `"macro"` is the mean over
# **words**, and the mean over households is called `"samples"`. The lists here have exactly k different words each, since scikit-learn
# divides by what was predicted, not by k.

# %%
from sklearn.metrics import precision_recall_fscore_support

rng = np.random.default_rng(4)
lists = [list(rng.permutation(12)[:3]) for _ in range(200)]
right = [list(rng.permutation(12)[:rng.integers(1, 7)]) for _ in range(200)]
said, true = (np.array([np.isin(np.arange(12), words) for words in each]).astype(int) for each in (lists, right))
rows = {f'scikit-learn, "{average}"': precision_recall_fscore_support(true, said, average=average, zero_division=0)[:3]
        for average in ("macro", "samples", "micro")}
if own := yours("prf_at_k"):
    rows |= {f'yours, "{average}"': own(lists, right, 3, average) for average in ("macro", "micro")}
pd.DataFrame(rows, index=["precision", "recall", "F1"]).transpose().round(4)
# %% [markdown]
# ## Stretch: is a topic about anything?
#
# A topic model always answers. Ask for twenty topics, and twenty lists of words come out, sense or none. **Coherence** (一致性) asks of a list:
# are its words found *together* in documents the model has not seen? Of a pair of words **PMI** (点互信息) says how much more often together
# than by chance, ln of p(u, v) over p(u) p(v). But its top depends on how rare the pair is. **NPMI** (归一化点互信息; Bouma 2009) divides by
# what it could be at most:
#
# $$ \mathrm{NPMI}(u, v) = \frac{\ln \dfrac{p(u, v)}{p(u)\,p(v)}}{-\ln p(u, v)} $$
#
# It is 1 for words that only come together, 0 for independent ones, −1 for words that never meet. The coherence of a topic is the mean over
# the pairs of its top words. Röder, Both and Hinneburg (2015) compared such measures with what people say of topics. Several of them count
# in a window that slides over a text. A basket has no order, so here the whole document is the window.
#
# ### exercise: npmi_coherence
#
# `npmi_coherence(topics, docs)` → array (number of topics,), the mean NPMI over the pairs of each topic
#
# * `topics`: lists of words, the top words of each topic; two or more, all different. They need not be equally long. `docs`: lists of words,
#   one or more documents, held out. A word may stand in one several times; a document may be empty.
# * A probability is a **share of documents**: p(u) of those that contain u, p(u, v) of those that contain both, once or often, side by side or
#   not. An empty document counts. Nothing is smoothed.
# * A pair that is never together has −1, also if one of the words never occurs. A pair that is in **every** document has 1. (There the
#   formula is ln 0 or 0/0; these are its limits.)
# * The mean goes over the unordered pairs of different words. The base of the logarithm cancels.
#
# By hand: five documents, milk cereal | cereal milk eggs | eggs beer | beer steak beer | coffee; the topic milk, cereal, eggs. Milk and
# cereal are in two of five each, always together: ln(.4 / .16) / −ln .4 = 1. Milk and eggs meet once: ln(.2 / .16) / −ln .2 = .1386; cereal
# and eggs, too. The mean is .4258.

# %%
# exercise: npmi_coherence
def npmi_coherence(topics, docs):
    """Mean NPMI (Bouma 2009) over the pairs of each topic's words: one number for each topic.

    topics: lists of different words, two or more each.  docs: lists of words; a word is in a document or not.

    >>> npmi_coherence([["tea", "milk"], ["tea", "beer"]], [["tea", "milk"], ["milk", "tea", "tea"], ["beer"]]).round(4).tolist()
    [1.0, -1.0]
    """
    ### BEGIN SOLUTION: documents as sets; for each pair the three shares, -1 and 1 at the two limits; the mean of each topic
    docs = [set(doc) for doc in docs]

    def share(*words):
        return sum(all(word in doc for word in words) for doc in docs) / len(docs)

    def npmi(u, v):
        both = share(u, v)
        if both in (0, 1):
            return 2. * both - 1
        return math.log(both / (share(u) * share(v))) / -math.log(both)

    return np.array([np.mean([npmi(u, v) for u, v in itertools.combinations(topic, 2)]) for topic in topics])
    ### END SOLUTION

# %%
check(npmi_coherence)

# %% [markdown]
# Now real baskets: what households bought in May 2017, one document each, the three hundred commonest kinds of product. Topics come from two
# thirds of the households, by scikit-learn's LDA (variational, not Gibbs, and faster). The others judge. Beside the topics stand two lists that
# no model made: kinds drawn at random, and the six that everybody buys.

# %%
from sklearn.decomposition import LatentDirichletAllocation

started = time.perf_counter()
sold = complete_journey.transactions(["household", "product", "time"])
sold = sold[(sold["time"] >= "2017-05-01") & (sold["time"] < "2017-06-01")].merge(complete_journey.products()[["product", "type"]], on="product")
sold = sold[~interests.forbidden(np.full(len(sold), ""), sold["type"])]   # what never becomes an interest becomes no topic either
sold = sold[sold["type"].isin(sold["type"].value_counts().index[:300])]
counts = pd.crosstab(sold["household"], sold["type"])
del sold
rng = np.random.default_rng(SEED)
held_out = np.isin(np.arange(len(counts)), rng.choice(len(counts), len(counts) // 3, replace=False))
kinds = counts.columns.to_numpy()
lda = LatentDirichletAllocation(20, learning_method="online", batch_size=256, max_iter=5, random_state=SEED).fit(counts[~held_out].to_numpy())
top = [[str(kinds[w]) for w in np.argsort(-row, kind="stable")[:6]] for row in lda.components_]
judges = [[str(kind) for kind in kinds[row > 0]] for row in counts[held_out].to_numpy()]
print(f"{len(counts):,} households, {len(judges)} of them held out; {time.perf_counter() - started:.1f} s")

if own := yours("npmi_coherence"):
    by_lot = [[str(kind) for kind in rng.choice(kinds, 6, replace=False)] for _ in range(100)]
    common = [[str(kind) for kind in counts[~held_out].sum().sort_values(ascending=False).index[:6]]]
    scores = {"20 topics of LDA": np.asarray(own(top, judges)), "100 lists drawn by lot": np.asarray(own(by_lot, judges)),
              "the six that most are sold of": np.asarray(own(common, judges))}
    order = np.argsort(-scores["20 topics of LDA"], kind="stable")
    for i in (*order[:2], order[-1]):
        print(f"{scores['20 topics of LDA'][i]:6.3f}  {', '.join(kind.lower() for kind in top[i])}")
    table = pd.DataFrame({name: {"mean": v.mean(), "lowest": v.min(), "median": np.median(v), "highest": v.max()} for name, v in scores.items()}).T
else:
    table = pd.DataFrame([[kind.lower() for kind in words] for words in top], columns=range(1, 7))
    print("Solve npmi_coherence, run its check, and run this cell again: it will judge these topics.")
table.round(3)

# %% [markdown]
# Begin with the second line. Even words drawn by lot lie above 0: a household that buys much buys a bit of everything, so most kinds meet more
# often than by chance. Without that line you would praise a model for the size of its baskets. Then look at the third, which took no model at
# all. So take coherence as a *comparison*, on the same held-out documents, and never report the mean alone: a few topics clearly have one
# reason, and most hardly beat the lot.
#
# Nor is coherence meaning. It says how often the words meet, not whether a person sees a reason in them: read the lowest topic above and
# judge for yourself. Before a topic gets a name that a shopper sees, somebody must read it.

# %% [markdown]
# ## Stretch: five keywords that do not say the same
#
# An embedding (向量表示) of what a shopper did lies close to some words. Show the closest five, and you show one interest five times:
# tent, tents, camping tent … **Maximal marginal relevance** (最大边际相关, MMR; Carbonell and Goldstein 1998) chooses one word at a time,
# and subtracts what has been said already:
#
# $$ \text{next} = \arg\max_{c \,\notin\, S} \Bigl[\, \lambda \cos(q, c) - (1 - \lambda) \max_{s \in S} \cos(c, s) \,\Bigr] $$
#
# q: the shopper. S: the words chosen so far. Why the maximum and not the mean? A word is superfluous as soon as *one* chosen word says it.
#
# ### exercise: keywords_mmr
#
# `keywords_mmr(query, candidates, k, lam)` → list of indices into `candidates`, in the order of choice
#
# * `query`: (m,) numbers. `candidates`: (n, m), n ≥ 1. Arrays or lists, of any length (the Euclidean one): compare by **cosine**. A vector of
#   zeros has cosine 0 with everything.
# * The first is the one with the largest cosine with the query, **whatever `lam` is**. Then, again and again, the one not yet chosen with the
#   largest lam · cos(query, c) − (1 − lam) · (largest cosine of c with any chosen one). The largest cosine may be negative.
# * Equal scores: the lowest index. (In the cases scores are equal exactly or clearly apart.)
# * `k` ≥ 1 are chosen, or all n if k > n. 0 ≤ lam ≤ 1; lam = 1 is the order of relevance.
#
# By hand: query (1, 0), candidates (1, 0), (4, 3), (3, −4), lam = .4. Cosines with the query are 1, .8, .6, so index 0 is first. Index 1 then has
# .4 · .8 − .6 · .8 = −.16, index 2 has .4 · .6 − .6 · .6 = −.12. The order is [0, 2, 1]; with lam = 1 it is [0, 1, 2].

# %%
# exercise: keywords_mmr
def keywords_mmr(query, candidates, k, lam):
    """Indices of k candidates (all, if there are fewer), chosen by maximal marginal relevance (Carbonell and Goldstein 1998).

    query: (m,).  candidates: (n, m).  lam: weight of relevance, 1 - lam that of the largest similarity to what is chosen.

    >>> keywords_mmr([1., 0.], [[1., 0.], [2., .1], [3., -4.]], 2, lam=.4)
    [0, 2]
    """
    ### BEGIN SOLUTION: unit vectors, zeros stay; the most relevant first; then lam * relevance less the largest cosine with the chosen
    def unit(rows):
        rows = np.asarray(rows, float)
        length = np.linalg.norm(rows, axis=-1, keepdims=True)
        return rows / np.where(length > 0, length, 1)

    candidates = unit(candidates)
    relevance, chosen = candidates @ unit(query), []
    for _ in range(min(k, len(candidates))):
        score = relevance.copy()
        if chosen:
            score = lam * relevance - (1 - lam) * (candidates @ candidates[chosen].T).max(axis=1)
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
    return chosen
    ### END SOLUTION

# %%
check(keywords_mmr)

# %% [markdown]
# With real words: the small multilingual encoder of lesson 02 turns two made-up histories, in English and in Chinese, and a shelf of words into
# vectors. It reads the words and knows nothing else of the shopper.

# %%
SHELF = ["tent", "camping tent", "tents for camping", "sleeping bag", "camping stove", "headlamp", "hiking boots", "travel mug", "charcoal",
         "barbecue tongs", "steak", "lemonade", "coffee beans", "espresso machine", "running shoes", "violin"]
HISTORIES = ["a tent for a camping trip", "买一顶露营用的帐篷"]                      # the second says the same
shelf, own, rows = text.encode(SHELF), yours("keywords_mmr"), {}
for history, query in zip(HISTORIES, text.encode(HISTORIES), strict=True):
    rows[history, "the five nearest"] = [SHELF[i] for i in np.argsort(-(shelf @ query), kind="stable")[:5]]
    for lam in (.6, .5, .4) if own else ():
        rows[history, f"MMR, lam = {lam}"] = [SHELF[i] for i in own(query, shelf, 5, lam)]
if not own:
    print("Solve keywords_mmr, run its check, and run this cell again: it adds your choices.")
pd.DataFrame.from_dict(rows, orient="index", columns=["1st", "2nd", "3rd", "4th", "5th"])

# %% [markdown]
# The nearest words say one thing in several ways. As lam falls, repetitions give way to other words of the same interest; at the last lam the
# interest itself is gone, since what is most unlike everything chosen has nothing to do with the shopper. And one lam does not do the same
# to both histories: an encoder's cosines are not calibrated. So choose lam on data, by what people click or by keywords that people gave.
# The Chinese history, by the way, needed no Chinese shelf.

