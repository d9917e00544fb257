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
# # 04 · What does this shopper care about now?
#
# **Interest analysis (用户兴趣分析).** A platform that knows what you cared about last year shows you last year. In this lesson you read
# interests out of what people buy, let them fade, and ask the question on which most interest models were never tested: not *what does
# she always buy*, but *what is new, and what is over?*
#
# By the end you can
#
# * turn behaviour into a bag of words (词袋), weigh it by TF-IDF, and say where the weights may not come from,
# * sample the topics of LDA (潜在狄利克雷分布) by hand, and choose their number without a single label,
# * keep an interest as a share that fades (衰减) and is shrunk (收缩) where little is known,
# * build an RNN (循环神经网络) that returns keywords, and repair the one that interviewers show,
# * say what text embeddings (文本向量) buy you with ten labels, what with all, and in which language.
#
# Five exercises, 100 points, an hour and a half; reading and running come on top. The three marked *short path* are enough to go on to the
# next lesson.

# %% tags=["setup"]
import time

import numpy as np
import pandas as pd

from helpers import ask, check, hint, interests, interview, metrics, plots, production_card, progress, recap, reveal, topics, yours  # noqa: F401
from helpers.data import complete_journey

plots.style()
SEED = 1
TRAIN = [6, 7, 8, 9]                                                # months whose purchases the networks learn to foretell
VALID, TEST = 10, 11                                                # … on which choices are made; … on which none is
K = 10                                                              # how many interests a household's start page has room for

# %% [markdown]
# ## Before you start

# %%
recap("04")

# %% [markdown]
# ## The interviewer asks

# %%
ask("04")

# %% [markdown] tags=["answer"]
# **Your 60-second answer.** Say it aloud, then write it here in five lines, before you read on. You will answer again at the end.
#
# …

# %% [markdown]
# ## 1 · The decision, and the dumbest answer to it
#
# The shop's start page greets each household with **ten interests**: tap one, see its shelf. The list is made anew every four weeks, from
# receipts alone. A household's **document** (文档) of a month is what it bought: each receipt line gives its category, and the words in the
# name of its product type. A month is four weeks here, so that every month has the same weekdays.
#
# Some things never become an interest: what reveals health, faith, origin, pregnancy, a small child, alcohol, tobacco or gambling. They
# are dropped where the receipts are read, not at the end. Section *May we?* says why, and measures what that does not protect.

# %%
from threadpoolctl import threadpool_limits

_ = threadpool_limits(1)                                             # tables as small as ours: threads would mostly wait for each other
started = time.perf_counter()
receipts = complete_journey.transactions(["household", "product", "sales", "time"])
products = complete_journey.products()
docs = interests.Documents.read(receipts, products, known_from=TEST - 2)
small_child = products.loc[products["category"].str.strip().isin(interests.BABY), "product"]
child = receipts.loc[receipts["product"].isin(small_child) & (receipts["time"] < "2017-11-06"), "household"].value_counts()
del receipts
units = {"category": docs.by_category, "word": docs.by_word}
name = {"category": [interests.spelled_out(each) or each.lower() for each in docs.categories], "word": list(docs.words)}
print(f"{len(docs.households):,} households, {len(docs.day):,} lines in 13 months of 4 weeks; left out: {docs.left_out}; "
      f"{time.perf_counter() - started:.1f} s")
example = products.dropna(subset=["type"]).drop_duplicates("type").iloc[[12, 140, 800, 1400]][["category", "type"]]
example["words"] = [", ".join(interests.words_of(each)) for each in example["type"]]
del products
example.reset_index(drop=True)

# %% [markdown]
# Does a household have a taste of its own, and does it keep it? Compare the shares (份额) of its categories in two months by the
# **Bhattacharyya similarity**, Σ √(p·q): 1 for equal shares, 0 for two that have nothing in common. Months with fewer than 30 lines are
# left out; they would be unlike anything.

# %%
share, big = interests.shares(units["category"]), units["category"].sum(axis=2) >= 30
rows, rng = [], np.random.default_rng(SEED)
for lag in range(1, 12):
    both = big[:, :-lag] & big[:, lag:]
    same = interests.likeness(share[:, :-lag], share[:, lag:])
    who, month = np.nonzero(both)
    other = rng.permutation(len(who))                               # the same months, somebody else's later one
    strangers = interests.likeness(share[who, month], share[who[other], month[other] + lag])[who != who[other]]
    per_home = np.array([same[h][both[h]].mean() for h in np.flatnonzero(both.any(axis=1))])
    error = 1.96 * per_home.std() / len(per_home) ** .5
    rows.append({"lag": lag, "own": same[both].mean(), "low": same[both].mean() - error, "high": same[both].mean() + error, "others": strangers.mean()})
kept = pd.DataFrame(rows).set_index("lag")
ax = plots.plt.subplots(figsize=(7.2, 3.6))[1]
ax.fill_between(kept.index, kept["low"], kept["high"], color=plots.BLUE, alpha=.25, lw=0)
ax.plot(kept.index, kept["own"], color=plots.BLUE, marker="o")
ax.plot(kept.index, kept["others"], color=plots.GREY)
ax.annotate("with oneself, months later", (kept.index[5], kept["high"].iloc[5] + .02), color=plots.BLUE)
ax.annotate("with another household", (kept.index[5], kept["others"].iloc[5] + .02), color=plots.GREY)
_ = ax.set(title="A taste drifts slowly, and it is one's own", xlabel="months (of four weeks) between the two", ylabel="similarity of shares", ylim=(0, .75))
kept.loc[[1, 3, 6, 11]].round(3)

# %% [markdown]
# So identity is strong and drift is slow. That has a dangerous consequence. Here is next month, seen from the last six
# (the **look-back**, 回看窗口):

# %%
splits = {unit: {month: interests.split(counts, month, interests.split(units["category"], month).rows) for month in (VALID, TEST)}
          for unit, counts in units.items()}
rows = {}
for unit in units:
    at = splits[unit][TEST]
    new, on, ended = at.bought & ~at.seen, at.bought & at.seen, at.regular & ~at.bought
    rows[unit] = {"households": len(at.rows), "bought next month": at.bought.sum(axis=1).mean(), "continuing": on.sum() / at.bought.sum(),
                  "new": new.sum() / at.bought.sum(), "regular before": at.regular.sum(axis=1).mean(), "of these, not bought": ended.sum() / at.regular.sum(),
                  "… and not in the month after that": (ended & (units[unit][at.rows, TEST + 1] == 0)).sum() / at.regular.sum()}
pd.DataFrame(rows).transpose().round(3)

# %% [markdown]
# **Nearly four of five categories of next month are repeats.** Whoever lists what a household has always bought is right most of the
# time, and has told nobody anything. So this lesson scores three things apart:
#
# * **continuing** (延续的兴趣): bought in the look-back and next month. *Own share* wins this by definition.
# * **new** (新兴趣): not bought in the look-back, bought next month. **The headline.**
# * **ended** (消失的兴趣): bought in at least three of the six months, and not next month. A list that keeps showing it looks backward.
#   Measured as the chance that a regular interest that goes on is ranked above one that ended (an AUC within each household). It is an end
#   as seen after one month: the last column says how many stayed away for two.
#
# And one number for the whole distribution: the **log loss** (对数损失) of next month's lines, mean of −ln of the share that was promised to
# the line's category. The dumbest answers:

# %%
at = splits["category"][TEST]
everybody = np.tile(interests.population(at.past), (len(at.rows), 1))
own = interests.shares(at.past.sum(axis=1))


def scored(share, at):
    """Measures of one rung, household by household: (n,) arrays; log loss as a sum and a number of lines."""
    surprise, lines = interests.loss(share, at.future)
    new = interests.prf(interests.listed(share, K, ~at.seen), at.bought & ~at.seen, K)
    on = interests.prf(interests.listed(share, K, at.seen), at.bought & at.seen, K)
    return {"surprise": surprise, "lines": lines, "P@10, all": interests.prf(interests.listed(share, K), at.bought, K)["P"],
            "F1@10, continuing": on["F1"], "P@10, new": new["P"], "R@10, new": new["R"], "F1@10, new": new["F1"], "ended AUC": interests.ended_auc(share, at)}


def summary(measured):
    """One row of a table."""
    rest = {what: np.nanmean(values) for what, values in measured.items() if what not in ("surprise", "lines")}
    return {"log loss": measured["surprise"].sum() / measured["lines"].sum(), **rest}


pd.DataFrame({"global share": summary(scored(everybody, at)), "own share": summary(scored(own, at))}).transpose().round(3)

# %% [markdown]
# **P@10**, precision (精确率): of ten listed, how many were bought. **R@10**, recall (召回率): of what was to be found, how much was
# listed. **F1** is their harmonic mean. Households with nothing to find are skipped.
#
# Own share promised 0 to everything it had not seen. One new category, and its log loss is infinite. In the list of new interests it can
# only name its zeros in alphabetical order. But look at the first columns, on which most interest reports stop: there it looks splendid.

# %% [markdown]
# ## 2 · Words: counted, then weighed

# %% [markdown]
# # EXERCISE: tfidf

# %% [markdown]
# ### The same bag in Chinese
#
# Chinese writes no spaces. Before any dictionary or segmenter (分词), try **character bigrams** (字符二元组): each pair of neighbours is a
# word. The course's simulated shop (its levels are invented, `data/shop.md`) has titles in both languages. Ask it for twelve things in
# three ways: by the very word of the title, in other words that mean the same, and in English.

# %%
from sklearn.feature_extraction.text import TfidfVectorizer

from helpers import shop, text

catalogue = shop.World(shop.HELPS, seed=SEED).catalogue
titles_zh, titles_en = (list(each[:1200]) for each in (catalogue.title_zh, catalogue.title_en))
ASKED = {"lunch box": ("饭盒", "便当盒"), "backpack": ("双肩包", "书包"), "suitcase": ("行李箱", "旅行箱"), "dress": ("连衣裙", "裙子"),
         "sneakers": ("运动鞋", "球鞋"), "wallet": ("钱包", "钱夹"), "notebook": ("笔记本", "记事簿"), "hand lotion": ("护手霜", "润手乳"),
         "leash": ("牵引绳", "遛狗绳"), "pillow": ("枕头", "睡枕"), "kettle": ("水壶", "烧水的壶"), "doll": ("玩偶", "布娃娃")}
bigrams = TfidfVectorizer(analyzer="char", ngram_range=(2, 2)).fit(titles_zh)
in_bigrams = bigrams.transform(titles_zh)
started = time.perf_counter()
in_vectors = text.encode(titles_zh)
seconds = time.perf_counter() - started
rows = []
for thing, (same_word, other_word) in ASKED.items():
    is_it = np.array([f" {thing} for " in each.lower() for each in titles_en])
    line = {"thing": thing, "asked as": f"{same_word} / {other_word}"}
    for how, query in (("same word", same_word), ("other words", other_word), ("English", thing)):
        near = np.asarray((in_bigrams @ bigrams.transform([query]).T).todense()).ravel()
        # Titles without a common bigram are no hits: a list of zeros is no list.
        line[how, "bigrams"] = is_it[np.argsort(-near, kind="stable")[:10]][np.sort(-near)[:10] < 0].sum() / 10
        line[how, "embedding"] = is_it[np.argsort(-(in_vectors @ text.encode([query])[0]), kind="stable")[:10]].mean()
    rows.append(line)
found = pd.DataFrame(rows).set_index(["thing", "asked as"])
found.columns = pd.MultiIndex.from_tuples(found.columns)
with_bigram, kettles = ([word in each for each in titles] for word, titles in (("水壶", titles_zh), (" kettle for ", [each.lower() for each in titles_en])))
print(f"titles with the bigram 水壶: {sum(with_bigram)}, of these kettles: {sum(kettles)}")
print(f"{len(titles_zh):,} Chinese titles, {len(bigrams.vocabulary_):,} different bigrams; encoded in {seconds:.1f} s. "
      "Share of the first ten that is the thing:")
pd.concat([found, pd.DataFrame([found.mean()], index=pd.MultiIndex.from_tuples([("mean", "")]), columns=found.columns)]).round(2)

# %% [markdown]
# Where the query is the title's own word, bigrams need no model at all. (They cannot fail here: that very word says which titles count.) But a
# bag does not know what a bigram stands in: 水壶, kettle, is also the end of 运动水壶 (water bottle) and 浇水壶 (watering can). Only their
# longer titles put them behind. With other words for the same thing the bag is blind, and in another language, too. The **embedding** (向量)
# reads meaning, from a small pre-trained encoder (`helpers.text`). It finds most things in whatever words, and has its price: it is slower,
# nobody can say why two texts are close, on the very word it is worse, and on some rows it fetches the neighbour on the shelf. Section 9
# measures the trade.

# %% [markdown]
# ## 3 · Topics: what goes together

# %% [markdown]
# # EXERCISE: lda_gibbs_step

# %% [markdown]
# ### How many topics, without a label?
#
# Your sampler is the right thing to understand and too slow for two thousand households, so here scikit-learn fits the same model by
# variational Bayes (变分推断). A single month is a short document; a household's six months together, each category counted once a month,
# are a good one. Two questions need no labels:
#
# * **Coherence** (一致性): do a topic's top words occur together in documents the model has *not* seen? Normalised pointwise mutual
#   information, **NPMI**, is −1 for words that never meet, 0 for chance, 1 for words that always come together. Here: the months of
#   households that were held out.
# * **Stability** (稳定性): does another seed find the same topics? Match them one to one so that the cosines are largest, and take the mean.

# %%
at = splits["category"][VALID]
held_out = np.random.default_rng(SEED).random(len(at.rows)) < .2
documents = (at.past > 0).sum(axis=1)                               # months in which a category was bought, 0 to 6
held_out_months = (at.past[held_out] > 0).reshape(-1, at.past.shape[2])
rows = []
for number in (5, 10, 20, 40):
    started = time.perf_counter()
    fits = [topics.fit(documents[~held_out], number, seed) for seed in (0, 1)]
    tops = [topics.top_units(fit.relevance(), 10) for fit in fits]
    coherence = [topics.npmi(each, held_out_months).mean() for each in tops]
    rows.append({"topics": number, "NPMI, seed 0": coherence[0], "NPMI, seed 1": coherence[1], "stability": topics.stability([fit.phi for fit in fits]),
                 "different words": np.mean([topics.diversity(each) for each in tops]), "seconds": time.perf_counter() - started})
choice = pd.DataFrame(rows).set_index("topics")
TOPICS = int(choice[["NPMI, seed 0", "NPMI, seed 1"]].mean(axis=1).idxmax())
print(f"chosen: {TOPICS} topics, those with the best held-out coherence")
choice.round(3)

# %% [markdown]
# Both fall as the number grows: with many topics the names get finer, the words stop meeting outside the training households, and another
# seed finds others. **Perplexity** (困惑度), which is often shown instead, measures the fit to words and not whether anybody can use a topic.
# Top words are taken by *relevance*: by share alone, every topic of a grocer begins with milk.

# %%
shelf = topics.fit((splits["category"][TEST].past > 0).sum(axis=1), TOPICS, SEED)
size = shelf.mixture((splits["category"][TEST].past > 0).sum(axis=1)).mean(axis=0)
leading = topics.top_units(shelf.relevance(), 9)
_ = plots.ranked_words({f"topic {number + 1} · {size[topic]:.0%}": [(name["category"][unit], shelf.phi[topic, unit]) for unit in leading[topic]]
                        for number, topic in enumerate(np.argsort(-size))}, title="What is bought together: topics, and their share of all purchases",
                       xlabel="letters grow with a category's share of its topic")

# %% [markdown]
# Try to name them, and mind what you are doing: the model found what goes together, *you* bring the meaning. A name such as "young family" or
# "on a diet" is a claim about people that no receipt has made.
#
# ## 4 · Interests that fade

# %% [markdown]
# # EXERCISE: interest_vector

# %% [markdown]
# One household's year. It was chosen by rule: among those with an interest that ended and one that began, the one with the most lines in
# the two.

# %%
counts = units["category"]
ended = ((counts[:, :6] > 0).sum(axis=1) >= 5) & (counts[:, 7:] == 0).all(axis=1)
began = (counts[:, :6] == 0).all(axis=1) & ((counts[:, 7:] > 0).sum(axis=1) >= 5)
lines = counts.sum(axis=1)
who = int(np.argmax(np.where(ended.any(axis=1) & began.any(axis=1), (lines * (ended | began)).sum(axis=1), -1)))
over, fresh = int(np.argmax(lines[who] * ended[who])), int(np.argmax(lines[who] * began[who]))
others = [unit for unit in np.argsort(-(interests.shares(lines)[who] - interests.population(counts))) if unit not in (over, fresh)][:7]
shown = {name["category"][unit]: counts[who, :, unit] for unit in [*others, fresh, over]}
_ = plots.through_time(shown, title=f"Household {docs.households[who]}: what it buys more than others do",
                       xlabel="month of 2017 (four weeks each); area: lines",
                       highlight={name["category"][over]: plots.VERMILION, name["category"][fresh]: plots.GREEN})
print(f"ended: {name['category'][over]}; began: {name['category'][fresh]}; households with such an end: {ended.any(axis=1).mean():.0%}, "
      f"with such a beginning: {began.any(axis=1).mean():.0%}")

# %% [markdown]
# Do not be too quick with the story. *Baked sweet goods* ended, *sweet goods snacks* began: is that a change of taste? The household kept its sweet
# tooth, and fetches it from another shelf. **The taxonomy cut the interest in two, not the household.** That is why a document keeps
# the words of the product types as well: *sweet* and *goods* never stopped.
#
# Here is an end without a successor: the ended interest with the most lines among households in which nothing began. When should the
# list have noticed? Stand at the beginning of each month and ask for its share, with three memories:

# %%
who = int(np.argmax(np.where(began.any(axis=1), -1, (lines * ended).max(axis=1))))
over = int(np.argmax(lines[who] * ended[who]))
print(f"household {docs.households[who]}, {name['category'][over]}, lines month by month: {counts[who, :, over].astype(int).tolist()}")
ax = plots.plt.subplots(figsize=(7.5, 3.4))[1]
months = np.arange(interests.LOOK_BACK, 13)
last = int(np.flatnonzero(counts[who, :, over])[-1]) + 1
for (label, half_life), colour in zip({"half-life 1 month": 1, "half-life 3 months": 3, "never forgets": np.inf}.items(), plots.COLOURS, strict=False):
    known = [interests.shares(interests.faded(counts[[who], max(m - 12, 0):m], half_life))[0, over] for m in months]
    ax.plot(months + 1, known, color=colour, marker="o", markersize=4)
    ax.annotate(label, (months[-1] + 1, known[-1]), xytext=(8, 0), textcoords="offset points", color=colour, va="center", annotation_clip=False)
ax.axvline(last + .5, color=plots.GREY, lw=1, ls=":")
ax.annotate("last bought", (last + .5, .03), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points", color=plots.GREY,
            va="bottom", fontsize=9.5)
plots._percent(ax.yaxis)
_ = ax.set(title=f"An interest that ended, {name['category'][over]}: how long is it remembered?", xlabel="at the beginning of month",
           ylabel="share of the household's interests", ylim=(0, None))

# %% [markdown]
# A short memory forgets what ended, and forgets the detergent that is bought every fifth week as well. There is no right half-life
# (半衰期) to be had by thinking. It is a choice, and choices are made on the validation month, together with **κ**: each share is computed as if
# the household had bought κ lines more, dealt out by a **prior** (先验). The prior of this table is the share of everybody:

# %%
at = splits["category"][VALID]
HALF_LIVES, KAPPAS = (1, 2, 3, 6, np.inf), (10, 20, 40, 80, 160, 320)


def mean_loss(share, at):
    """Mean log loss of the lines of the month after `at`."""
    surprise, lines = interests.loss(share, at.future)
    return surprise.sum() / lines.sum()


def losses(at):
    """Log loss of the month after `at`: half-life × κ."""
    popular, kept = interests.population(at.past), {half_life: interests.faded(at.past, half_life) for half_life in HALF_LIVES}
    return pd.DataFrame({kappa: {half_life: mean_loss(interests.shrunk(kept[half_life], popular, kappa), at) for half_life in HALF_LIVES}
                         for kappa in KAPPAS}).rename_axis(index="half-life, months", columns="κ")


losses(at).round(3)

# %% [markdown]
# Read it in both directions. Forgetting is worth something in every column; shrinking more than one would think, since 241 categories are
# many and a month's basket is small.
#
# ## 5 · What would fool you?
#
# Three ways to make an interest model look ready. Each is one line long. What is each worth, on the test month?
#
# * **"Now" is the end of the file.** `now = events.time.max()`, and all events weighed by their age. The month to be predicted is in it.
# * **IDF fitted on everything**, the test month's documents as well.
# * **Half-life and κ chosen on the test month.**

# %%
valid, at = splits["category"][VALID], splits["category"][TEST]
popular = interests.population(at.past)
HALF_LIFE, KAPPA = losses(valid).stack().idxmin()
best_on_test = losses(at).stack().idxmin()
kept_on_test = interests.faded(at.past, best_on_test[0])
whole_file = units["category"][at.rows, TEST - interests.LOOK_BACK:]
past = at.past.sum(axis=1)
kept = interests.faded(at.past, HALF_LIFE)
near = {whose: interests.neighbours(past, interests.idf(of), 200) for whose, of in
        (("honest", past), ("leaky", np.concatenate([past, at.future])))}
leaks = {
    f"honest: half-life {HALF_LIFE}, κ {KAPPA}, chosen on the month before": interests.shrunk(kept, popular, KAPPA),
    f"half-life {best_on_test[0]}, κ {best_on_test[1]}, chosen on the test month": interests.shrunk(kept_on_test, popular, best_on_test[1]),
    "now = the end of the file, all events": interests.shrunk(interests.faded(whole_file, HALF_LIFE), popular, KAPPA),
    "now = the end of the file, events of the look-back": interests.shrunk(kept * .5 ** (2 / HALF_LIFE), popular, KAPPA),
    "shrunk to TF-IDF neighbours, IDF of the look-back": interests.shrunk(kept, .9 * near["honest"] + .1 * popular, KAPPA),
    "shrunk to TF-IDF neighbours, IDF of all documents": interests.shrunk(kept, .9 * near["leaky"] + .1 * popular, KAPPA),
}
pd.DataFrame({what: summary(scored(share, at)) for what, share in leaks.items()}).transpose().round(4)

# %% [markdown]
# One leak is a fortune: with the month itself among the events, *new* interests are no secret. It also makes the production system another one
# than the one you measured, since on Monday there is no such file. The fourth row shows the quiet half of the same mistake: honest
# events, but aged by a clock that is two months fast. All evidence counts for less, so everybody is shrunk too far. The other two leaks
# are worth next to nothing **here**: thousands of documents hold the IDF still, and thirty candidates cannot overfit a thousand
# households. You may not know that before you have measured it, and with a small test set it is false. Fit on the past; then nobody has to
# argue.
#
# ## 6 · A network that returns keywords

# %% [markdown]
# # EXERCISE: build_interest_rnn

# %% [markdown]
# ## 7 · The interviewer shows you this code

# %% [markdown]
# # EXERCISE: build_keyword_model

# %% [markdown]
# ## 8 · Predict before you run
#
# All rungs on one split. The choices are made on month 11 (validation), the table is month 12 (test); the networks learn from months 7 to 10.
# All shares have the same form,
#
# $$ \text{interest} \;=\; \frac{\text{own lines, faded} \;+\; \kappa \cdot \text{prior}}{\text{their number} \;+\; \kappa} $$
#
# and differ in *whom they trust where the household has said nothing*: everybody · the nearest households by **TF-IDF** · the household's
# **topics** · what its purchases' names are alike in a **text embedding**, without a label · a **network**. For *new* interests the own part is
# zero, so that column judges the prior alone. Each rung may choose on the validation month, κ from the same six values and one setting
# of its own.
#
# The networks read the last 30 lines, category by category, and return one sigmoid for each category and each word: 32 units, **SimpleRNN, GRU and
# LSTM**, two seeds each. Their sigmoids are no shares; divided by their sum they are made into some, which is not what they were
# trained for.

# %% [markdown] tags=["answer"]
# **Your bet, before the next cells.** Which rung finds the most *new* interests, and by how much over the share of everybody? Does any beat the faded
# own share on what *ended*? Will the LSTM beat the SimpleRNN?
#
# 1. new: …
# 2. ended: …
# 3. cells: …

# %%
from helpers import training  # imports TensorFlow: takes a few seconds

LENGTH, EPOCHS = 30, 4
read = {month: docs.last_lines(month, LENGTH) for month in (*TRAIN, VALID, TEST)}
homes = {month: interests.split(units["category"], month).rows for month in (*TRAIN, VALID, TEST)}
X = {month: read[month][homes[month]] for month in read}
y = {month: np.concatenate([counts[homes[month], month] > 0 for counts in units.values()], axis=1).astype(np.float32) for month in (*TRAIN, VALID)}
X_train, y_train = (np.concatenate([each[month] for month in TRAIN]) for each in (X, y))
C = len(docs.categories)
columns = {"category": slice(0, C), "word": slice(C, None)}
rate = y_train.mean(axis=0).clip(1e-4, 1 - 1e-4)


def network(cell):
    """The course's network, begun where everybody is: the bias of each keyword is the log-odds of its share of households."""
    model = training.interest_rnn(C, y_train.shape[1], cell=cell, units=32)
    model.layers[-1].bias.assign(np.log(rate / (1 - rate)))
    return model


networks, epochs = {}, []
for rung, cell in (("SimpleRNN", "simple"), ("GRU", "gru"), ("LSTM", "lstm")):
    fits = [training.fit(lambda cell=cell: network(cell), X_train, y_train, X[VALID], y[VALID], seed=seed, epochs=EPOCHS, batch_size=128)
            for seed in range(2)]
    networks[rung] = {month: [fit.model.predict(X[month], batch_size=512, verbose=0) for fit in fits] for month in (VALID, TEST)}
    epochs.append({"network": rung, "weights": fits[0].model.count_params(), "kept epochs": [fit.epoch for fit in fits],
                   "validation loss": np.mean([min(fit.history["val_loss"]) for fit in fits]), "seconds a seed": np.mean([fit.seconds for fit in fits])})
floor = -np.mean(y[VALID] * np.log(rate) + (1 - y[VALID]) * np.log(1 - rate))
epochs = pd.DataFrame(epochs).set_index("network")
best_cell = epochs["validation loss"].idxmin()
print(f"{len(X_train):,} training rows; validation loss of saying each keyword's mean to everybody: {floor:.4f}")
epochs.round({"validation loss": 4, "seconds a seed": 1})

# %% [markdown]
# Before you read on, compare the column *validation loss* with the line above it: that is what the network learned about *you*, and not about
# everybody. One line of `network` decides it. Without the bias, each of more than a thousand sigmoids starts at one half, and the
# recurrent state is bent into a constant to bring them down; with it, training begins where everybody is. Take the line out and see.

# %%
BASE = "own, faded, to everybody"


def rungs_of(unit):
    """Every rung's shares on the test month, choices made on the validation month: rung -> (list of shares, seconds, what was chosen)."""
    valid, at, begun = splits[unit][VALID], splits[unit][TEST], time.perf_counter()
    popular = {m: interests.population(m.past) for m in (valid, at)}
    half_life, kappa = losses(valid).stack().idxmin()
    kept = {m: interests.faded(m.past, half_life) for m in (valid, at)}
    total = {m: m.past.sum(axis=1) for m in (valid, at)}
    months = {m: (m.past > 0).sum(axis=1) for m in (valid, at)}
    done = {"global share": ([np.tile(popular[at], (len(at.rows), 1))], 0.0, ""), "own share": ([interests.shares(total[at])], 0.0, "")}

    def shrunk_to(options):
        """options: setting -> function of a split that returns its prior."""
        started, best = time.perf_counter(), (np.inf,)
        for setting, prior in options.items():
            to = .9 * prior(valid) + .1 * popular[valid]
            best = min(best, *((mean_loss(interests.shrunk(kept[valid], to, k), valid), setting, k) for k in KAPPAS))
        _, setting, k = best
        share = interests.shrunk(kept[at], .9 * options[setting](at) + .1 * popular[at], k)
        return [share], time.perf_counter() - started, f"{setting}, κ {k}".removeprefix(", ")

    done[BASE] = [interests.shrunk(kept[at], popular[at], kappa)], time.perf_counter() - begun, f"half-life {half_life}, κ {kappa}"
    weight = {m: interests.idf(total[m]) for m in total}
    done["… to TF-IDF neighbours"] = shrunk_to({f"{n} neighbours": lambda m, n=n: interests.neighbours(total[m], weight[m], n) for n in (50, 200)})
    started = time.perf_counter()
    fitted = topics.fit(months[valid], TOPICS, SEED)
    fit_seconds = time.perf_counter() - started
    share, seconds, said = shrunk_to({f"{TOPICS} topics": lambda m: fitted.mixture(months[m]) @ fitted.phi})
    done["… to topics (LDA)"] = share, seconds + fit_seconds, said
    started = time.perf_counter()
    vectors = text.encode(name[unit])
    encode_seconds = time.perf_counter() - started
    share, seconds, said = shrunk_to({f"τ {tau}": lambda m, tau=tau: interests.by_meaning(total[m], vectors, popular[m], tau) for tau in (.05, .2)})
    done["… to text embeddings"] = share, seconds + encode_seconds, said
    for rung, out in networks.items():
        done[rung] = [interests.shares(each[:, columns[unit]]) for each in out[TEST]], epochs.loc[rung, "seconds a seed"], "2 seeds"
    mean = {m: interests.shares(np.mean(networks[best_cell][m.month], axis=0)[:, columns[unit]]) for m in (valid, at)}
    share, seconds, said = shrunk_to({"": lambda m: mean[m]})
    done[f"… to the {best_cell}"] = share, seconds + 2 * epochs.loc[best_cell, "seconds a seed"], said
    return done


tables, measured = {}, {}
for unit in units:
    done, at = rungs_of(unit), splits[unit][TEST]
    measured[unit] = {rung: {what: np.mean(each, axis=0) for what, each in pd.DataFrame([scored(share, at) for share in shares]).items()}
                      for rung, (shares, _, _) in done.items()}
    tables[unit] = pd.DataFrame([{"rung": rung, **summary(measured[unit][rung]), "seconds": seconds, "chosen": said}
                                 for rung, (_, seconds, said) in done.items()]).set_index("rung")
print("categories of next month")
tables["category"].round({**dict.fromkeys(tables["category"].columns[:7], 3), "seconds": 1})

# %%
print("keywords: the words of next month's product types")
tables["word"].round({**dict.fromkeys(tables["word"].columns[:7], 3), "seconds": 1})

# %% [markdown]
# And how sure? Households are drawn again, all rungs with the same draws, so that gaps are paired.

# %%
draws = {}
for unit in units:
    as_means = {(rung, what): interests.mean_over(values[what]) for rung, values in measured[unit].items() for what in ("F1@10, new", "ended AUC")}
    as_means |= {(rung, "log loss"): interests.ratio_over(values["surprise"], values["lines"])
                 for rung, values in measured[unit].items() if rung != "own share"}
    draws[unit] = metrics.household_draws(splits[unit][TEST].rows, as_means, draws=200, seed=SEED)


def gaps(unit, what, against=BASE):
    """Each rung less the base, with its 95 % interval: text, so that an interval stays with its number."""
    of, measure = draws[unit].xs(what, axis=1, level=1), tables[unit][what]
    gap = of.sub(of[against], axis=0).drop(columns=against)
    low, high = gap.quantile(.025), gap.quantile(.975)
    return {rung: f"{measure[rung] - measure[against]:+.3f} ({low[rung]:+.3f} … {high[rung]:+.3f})" for rung in gap}


rungs = list(tables["category"].index)
of = draws["category"].xs("F1@10, new", axis=1, level=1)[rungs]
plots.forest(rungs, tables["category"]["F1@10, new"], of.quantile(.025), of.quantile(.975), title="Who finds new interests: F1 of ten categories",
             reference=tables["category"].loc["global share", "F1@10, new"], reference_label="everybody's share",
             highlight=[rung for rung in rungs if rung.startswith("…")], xlabel="F1@10 on categories the household had not bought (95 % interval)")
print(f"less '{BASE}':")
compared = [("log loss", "category"), *((what, unit) for what in ("F1@10, new", "ended AUC") for unit in units)]
pd.DataFrame({(what, unit): gaps(unit, what) for what, unit in compared}).reindex([rung for rung in rungs if rung != BASE]).fillna("–")

# %% [markdown]
# PROSE: RUNGS

# %% [markdown]
# ## 9 · Few labels, many labels, two languages
#
# Where does a text embedding pay? Where **labels** are few, and where **words** differ. The task: from a product type's name to its department
# (货品部门), with 3, 10, 30, 100 labelled names a department, and with all of them. Both sides are a logistic regression: on TF-IDF of letter
# groups, on embeddings. The TF-IDF is fitted on the labelled names alone. Five random splits.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

catalogue = complete_journey.products().dropna(subset=["type"])
labelled = catalogue.groupby("type")["department"].agg(lambda each: each.value_counts().idxmax())
labelled = labelled[labelled.isin(labelled.value_counts()[lambda n: n >= 25].index)]
labelled = labelled[[not interests.forbidden([""], [each])[0] for each in labelled.index]]
names, department = np.array([interests.spelled_out(each) for each in labelled.index]), labelled.to_numpy(str)
started = time.perf_counter()
vectors = text.encode(names)
encode_seconds = time.perf_counter() - started
rows = []
for seed in range(5):
    order = np.random.default_rng(seed).permutation(len(names))
    test, rest = order[:len(order) // 4], order[len(order) // 4:]
    place = pd.Series(department[rest]).groupby(department[rest]).cumcount().to_numpy()
    for shots in (3, 10, 30, 100, len(names)):
        learn = rest[place < shots]
        for how in ("TF-IDF", "embedding"):
            started = time.perf_counter()
            if how == "TF-IDF":
                model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True), LogisticRegression(C=10, max_iter=200))
                right = model.fit(names[learn], department[learn]).predict(names[test]) == department[test]
            else:
                model = LogisticRegression(C=10, max_iter=200)
                right = model.fit(vectors[learn], department[learn]).predict(vectors[test]) == department[test]
            rows.append({"text as": how, "labels": len(learn), "labels a department": "all" if shots == len(names) else str(shots), "seed": seed,
                         "accuracy": right.mean(), "seconds": time.perf_counter() - started})
told = pd.DataFrame(rows)
ax = plots.plt.subplots(figsize=(7, 3.8))[1]
for how, colour in (("TF-IDF", plots.VERMILION), ("embedding", plots.BLUE)):
    line = told[told["text as"] == how].groupby("labels a department", sort=False).agg(
        labels=("labels", "mean"), mean=("accuracy", "mean"), low=("accuracy", "min"), high=("accuracy", "max"))
    ax.fill_between(line["labels"], line["low"], line["high"], color=colour, alpha=.2, lw=0)
    ax.plot(line["labels"], line["mean"], color=colour, marker="o", markersize=4)
    ax.annotate(how, (line["labels"].iloc[-1], line["mean"].iloc[-1]), xytext=(8, 0), textcoords="offset points", color=colour, va="center",
                annotation_clip=False)
ax.set_xscale("log")
plots._percent(ax.yaxis)
_ = ax.set(title="Few labels, many labels: the curves cross", xlabel="labelled names, all departments together (log scale)",
           ylabel=f"right department, of {len(set(department))} (band: five splits)")
print(f"{len(names):,} names encoded once in {encode_seconds:.1f} s")
told.pivot_table(index=["labels a department"], columns="text as", values=["accuracy", "seconds"], sort=False).round(3)

# %% [markdown]
# With ten labels a department the embedding is far ahead: it has read the web, and knows that *yogurt* and *sour cream* are neighbours before
# you label either. With all labels, letters win it back: `chix`, `entrees` and `mums` are the shelf planner's own language, and the labels
# teach it. **So the embedding is for the first week of a new taxonomy**, for new products, and for the tail.
#
# And for another language. The same interest, asked in English and in Chinese, of product names that exist in English alone:

# %%
named = {}
for position, kind in enumerate(docs.types):
    if docs.category_of[position] >= 0 and (words := interests.spelled_out(kind)):
        named.setdefault(words, []).append(position)
vectors = text.encode(list(named))
types = docs.by_type(TEST)
lines = np.stack([np.asarray(types[:, places].sum(axis=1)).ravel() for places in named.values()], axis=1)
mine = interests.shares(lines)
ASKED = {"cat food": "猫粮", "coffee": "咖啡", "frozen pizza": "冷冻披萨", "laundry detergent": "洗衣液", "ice cream": "冰淇淋", "chocolate": "巧克力",
         "bread": "面包", "flowers": "鲜花", "yogurt": "酸奶"}
rows = []
for english, chinese in ASKED.items():
    near = vectors @ text.encode([english, chinese]).T                  # cosine of each product type with the two queries
    best = np.argsort(-near, axis=0, kind="stable")[:10]
    liking = mine @ np.maximum(near - .5, 0)                             # a household's share of what is near enough, by nearness
    top = np.argsort(-liking, axis=0, kind="stable")[:200]
    rows.append({"asked": f"{english} / {chinese}", "first two, in English": "; ".join(list(named)[i] for i in best[:2, 0]),
                 "first two, in Chinese": "; ".join(list(named)[i] for i in best[:2, 1]), "same types, of ten": len(set(best[:, 0]) & set(best[:, 1])),
                 "same households, of 200": len(set(top[:, 0]) & set(top[:, 1]))})
pd.DataFrame(rows).set_index("asked")

# %% [markdown]
# Mostly the two languages find the same shelf and the same people. Look at the exceptions, too: 酸奶 (yogurt) is written *sour milk*, and the
# encoder goes and fetches sour cream. Before you ship it, somebody who speaks the language looks at a list like this one.

# %% [markdown]
# ## 10 · The large model: does it earn its keep?
#
# PROSE: LARGE

# %% [markdown]
# # SECTION: language model

# %% [markdown]
# ## 11 · Into production
#
# What one night costs the rung you would ship: shares that fade, shrunk to the nearest households.

# %%
started = time.perf_counter()
at = splits["category"][TEST]
total = at.past.sum(axis=1)
near = interests.neighbours(total, interests.idf(total), 200)
share = interests.shrunk(interests.faded(at.past, HALF_LIFE), .9 * near + .1 * interests.population(at.past), KAPPA)
ten = interests.listed(share, K)
seconds = time.perf_counter() - started
print(f"{len(share):,} households in {seconds:.2f} s: {1000 * seconds / len(share) * 1000:.0f} ms for 1,000 lists, one process; all pairs of households are "
      "compared, so ten times as many take a hundred times as long, unless an index finds the neighbours")

# %%
production_card("04")

# %% [markdown]
# ## May we?
#
# First, what dropping the sensitive categories does *not* do. Can the categories that were kept still tell who bought for a small child?

# %%
from sklearn.model_selection import cross_val_predict

bought_for_child = child.reindex(docs.households, fill_value=0).to_numpy()[at.rows] >= 3
features = np.log1p(total)
guess = cross_val_predict(LogisticRegression(C=.01, max_iter=300), features, bought_for_child, cv=5, method="predict_proba")[:, 1]
print(f"three lines or more for a small child before the test month: {bought_for_child.mean():.0%} of the households; "
      f"guessed from the kept categories: AUC {metrics.roc_auc(bought_for_child, guess):.2f}, the tenth with the highest guess holds "
      f"{metrics.lift_at_share(bought_for_child, guess, .1):.1f} times as many as by lot")

# %% [markdown]
# Leaving out a name is not leaving out the fact. So nobody may *train* towards it, nor sell a segment whose top words give it away, and this
# AUC belongs on the list of things that are watched.
#
# * **What never becomes an interest**: `interests.NEVER`. GDPR, Article 9(1), applicable since 25 May 2018, covers data *revealing* health,
#   beliefs, origin or sex life. The Court of Justice reads this widely: what can be inferred indirectly counts (C‑184/20, 1 August
#   2022), and so does the order of a pharmacy-only medicine that needs no prescription (C‑21/23, 4 October 2024). Alcohol, tobacco and
#   gambling are not named there; they are left out since a list of them on a start page harms.
# * **Lawful basis and objection.** A list of interests is profiling (Article 4(4)). Whoever objects to direct marketing is out, at once (Article
#   21(2)–(3)). Ten tags on a start page hardly weigh like the decisions of Article 22; a price or a credit by interest may, and those may not rest
#   on Article 9 data without explicit consent (Article 22(4)).
# * **Advertising on a marketplace.** Digital Services Act, Regulation (EU) 2022/2065, applicable since 17 February 2024: no advertisements based
#   on profiling with Article 9 data (Article 26(3)), none based on profiling to people one is reasonably certain are minors (Article
#   28(2)). It binds *online platforms*, which store and spread what others offer, and spares small firms (Article 19). A shop that sells only
#   its own goods is none, and is well advised all the same.
# * **China.** PIPL (个人信息保护法), in force since 1 November 2021: an option not based on personal characteristics, or an easy way to refuse
#   (Article 24); health, beliefs and anything about children under 14 are sensitive information (敏感个人信息, Article 28) and need separate
#   consent (Article 29).
# * **Who is harmed?** The household that shares one card: what one person bought is greeted to all. Whoever stopped (drinking, expecting, dieting) and is
#   reminded every month. That is why *ended* is a headline here, and why each tag has a button: *not interested*.
#
# The data here are de-identified and were released for teaching; `data/complete_journey.md` says what is known of their origin.
#
# ## Answer again, with your numbers

# %% [markdown] tags=["answer"]
# **Your 60-second answer, second time.** Use numbers from *your* tables: the share of repeats, what fading and shrinking are worth, who finds
# new interests and by what interval, where the curves of few and many labels cross.
#
# …

# %%
reveal("04")

# %%
interview(4)

# %%
progress("04")
