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
# # 01 · How do you predict what a shopper will do?
#
# **User behaviour prediction (用户行为预测).** A supermarket has one coupon to give. Which product should it name, for which
# household, this Monday? You will answer that with real shoppers, in ten ways, and find out which of them earn their keep.
#
# By the end you can
#
# * turn a till roll into a question with a date, a horizon and a metric,
# * write item-based collaborative filtering (协同过滤) and content-based scores (基于内容的推荐) by hand,
# * repair the CNN (卷积神经网络) that interviewers show, and say for each fault how you would have noticed it,
# * say which rung of the ladder you would ship, with numbers of your own.
#
# Five exercises, 100 points; about an hour and a half with reading and running. The three marked *short path* are enough to go on to the next lesson.

# %% tags=["setup"]
import time

import numpy as np
import pandas as pd

from helpers import ask, check, hint, interview, metrics, plots, production_card, progress, recap, reveal, windows, yours  # noqa: F401
from helpers.data import complete_journey

plots.style()
SEED = 1
HORIZON = 7                                                          # days a label looks ahead
T = 56                                                               # days a window looks back
TRAIN = pd.date_range("2017-04-03", "2017-08-28", freq="7D")         # Mondays on which the models learn
VALID = pd.date_range("2017-09-04", "2017-09-25", freq="7D")         # Mondays on which choices are made
TEST = pd.date_range("2017-10-02", "2017-11-13", freq="14D")         # Mondays that are looked at once
BUDGET = .05                                                         # share of the pairs that get a coupon slot

# %% [markdown]
# ## Before you start

# %%
recap("01")

# %% [markdown]
# ## The interviewer asks

# %%
ask("01")

# %% [markdown] tags=["answer"]
# **Your 60-second answer.** Say it aloud, then write it here in five lines, before you read on. You will answer again at the end.
#
# …

# %% [markdown]
# ## 1 · The decision, its metric, and the dumbest baseline
#
# Start from what somebody will *do* with the prediction. Here: every Monday there is a **slot** for a coupon in the shop's app. A
# row is a pair (household, product type), and the question is
#
# > will this household buy this type of product in the next seven days?
#
# One model serves all product types: the type is an input, called the **candidate** (候选). Everything before Monday 0:00 may be used,
# nothing after it. Monday 0:00 is the **cut-off** (截止时刻), the seven days after it are the **horizon** (预测窗口).
#
# Three rules keep you honest:
#
# 1. **Time goes one way.** Train on early Mondays, choose on later ones, test on the latest. Label weeks never overlap.
# 2. **Choose the candidates early, too.** The sixty most frequent types are counted before the first training Monday. Counted over
#    the whole year, the list itself would know the future. Fuel and beer are left out: no coupons for either.
# 3. **Say who is scored:** each Monday, households with a basket in the eight weeks before it.

# %%
started = time.perf_counter()
receipts = complete_journey.transactions(["household", "product", "quantity", "sales", "time"])
events = windows.item_events(receipts, complete_journey.products())
candidates = windows.frequent_items(events, before=TRAIN[0], n=60, exclude=["GASOLINE", "BEERS"])
panel = windows.build_panel(events, candidates, "2017-01-01", "2017-12-31", known=TRAIN[0])
del receipts

assert TRAIN[-1] + pd.Timedelta(days=HORIZON) <= VALID[0]
assert VALID[-1] + pd.Timedelta(days=HORIZON) <= TEST[0]
print(f"{len(events):,} lines of {len(panel.households):,} households, in {time.perf_counter() - started:.1f} s")
print("some candidates:", "; ".join(candidates[:4]))

# %% [markdown]
# A year of sixty candidates a week is millions of rows. You do not need them all. Training keeps every positive of a sample of rows, but
# only one negative in four (**negative sampling**, 负采样): a negative more teaches little and costs as much. That bends the
# probabilities upwards; section 8 bends them back. **The test keeps every row of its households.** Never sample the test.

# %%
rng = np.random.default_rng(SEED)
KEEP_NEGATIVES = .25


def sample(rows, n, keep=1.0):
    """n rows at random, in order; then all positives and a share `keep` of the negatives."""
    rows = rows[np.sort(rng.choice(len(rows), n, replace=False))]
    return rows[(panel.labels(rows) == 1) | (rng.random(len(rows)) < keep)]


train = sample(panel.rows(TRAIN), 40_000, keep=KEEP_NEGATIVES)
stop = sample(panel.rows(VALID), 12_000, keep=KEEP_NEGATIVES)        # later than `train`: decides when the CNN stops
valid = sample(panel.rows(VALID), 20_000)                            # chooses look-backs, calibrates
test_homes = rng.choice(len(panel.households), 600, replace=False)
test = panel.rows(TEST)
test = test[np.isin(test.household, test_homes)]

y_train, y_stop, y_valid, y_test = (panel.labels(rows) for rows in (train, stop, valid, test))
is_new = ~panel.bought_before(test)                                  # the household never bought this type before that Monday
pd.DataFrame({
    "rows": [len(train), len(valid), len(test), int((~is_new).sum()), int(is_new.sum())],
    "share bought": [y_train.mean(), y_valid.mean(), y_test.mean(), y_test[~is_new].mean(), y_test[is_new].mean()],
}, index=["train (1 negative in 4)", "validation", "test", "test, repeat pairs", "test, new pairs"]).round(4)

# %% [markdown]
# Look at the last two lines. A **repeat** pair is one the household has bought before: milk, again. A **new** pair is one it has never
# bought. Repeats are easy and mostly happen without you. A coupon that only pays for milk which would have been bought anyway is a gift,
# not marketing. So both are reported apart, and *new* is the headline.
#
# Three metrics, and one that is missing on purpose:
#
# | metric | what it answers |
# |---|---|
# | **PR-AUC**, area under precision and recall (精确率-召回率曲线) | how pure is the top of the list, at all budgets? A random list gets the base rate |
# | **lift at the budget** (提升度) | how many times more buyers than at random do I reach with the slots I have? |
# | **Brier score** | does a probability of 10 % mean one in ten? You need that as soon as money is multiplied with it |
# | ~~accuracy~~ | "nobody buys anything" wins it here |
#
# The dumbest baseline that could work: *what they bought, they will buy*. Count the past.

# %%
never = np.zeros(len(test))
base = pd.DataFrame([
    {"rule": name, "PR-AUC": metrics.pr_auc(y_test, score), "lift": metrics.lift_at_share(y_test, score, BUDGET),
     "lift, new pairs": metrics.lift_at_share(y_test[is_new], score[is_new], BUDGET)}
    for name, score in {"say never": never, "bought last week": panel.count(test, 7) > 0, "days bought, 8 weeks": panel.count(test, 56)}.items()
]).set_index("rule")
print(f"accuracy of 'say never': {np.mean(y_test == 0):.3f}")
base.round(3)

# %% [markdown]
# Accuracy praises the rule that gives nobody a coupon. The count is far better than chance on all pairs, and exactly as good as chance
# on the new ones, where every count is zero. Keep both facts in mind when you see a CNN.
#
# ### exercise: lift_at_k
#
# Write the metric of the coupon: *how many times more often do the k best-scored rows buy than all rows?*
#
# * `bought`: n values 0 or 1. `score`: n numbers. Lists and arrays are both possible.
# * Take the `k` highest scores. **Equal scores keep their order**: of two equal ones the earlier row comes first.
# * The result is (share of buyers among those k) / (share of buyers among all n), a float.
# * `ValueError` unless `1 <= k <= n`; check this first.
# * `nan` if nobody bought at all.
#
# By hand: one buyer among four rows, and the best-scored row is the buyer. With `k=1` the share among the best is 1, among all ¼: lift 4.

# %%
# exercise: lift_at_k
def lift_at_k(bought, score, k):
    """Share of buyers among the k highest scores, over the share among all.

    bought: (n,) of 0/1.  score: (n,); equal scores keep their order.  ValueError unless 1 <= k <= n; nan if nobody bought.

    >>> lift_at_k([1, 0, 0, 0], [.9, .1, .2, .3], k=1)
    4.0
    """
    ### BEGIN SOLUTION: refuse a bad k, find the k best rows, compare two shares of buyers
    bought, score = np.asarray(bought), np.asarray(score)
    if not 1 <= k <= len(bought):
        raise ValueError(f"k must be between 1 and {len(bought)}, not {k}")
    if bought.sum() == 0:
        return float("nan")
    best = np.argsort(-score, kind="stable")[:k]
    return float(bought[best].mean() / bought.mean())
    ### END SOLUTION

# %%
check(lift_at_k)

# %% [markdown]
# Stuck? `hint("lift_at_k")` gives one level of help at a time, in every exercise.
#
# ## 2 · Collaborative filtering: let the other shoppers speak
#
# Where the household's own past is silent, others have spoken. **Collaborative filtering** (协同过滤) uses nothing but who bought what.
# It comes in two shapes:
#
# * **Item-based** (基于物品): two products are similar if the same people buy them. Score a candidate by its similarity to what this
#   household bought. There are few items and they change slowly, so the similarities can be computed at night.
# * **User-based** (基于用户): two households are similar if they buy the same things. Score a candidate by how often the nearest
#   neighbours (近邻) buy it. It adapts to each person, and it must compare each person with all others.
#
# Similar means a small angle: the **cosine** (余弦相似度) of two columns, dot product over the product of lengths. Three products,
# three households:

# %%
tiny = pd.DataFrame([[1, 1, 0], [1, 1, 0], [1, 0, 1]], index=["Ann", "Bo", "Cy"], columns=["pasta", "sauce", "soap"])
lengths = np.sqrt((tiny ** 2).sum())
print(tiny, "\n")
print("pasta · sauce:", int(tiny["pasta"] @ tiny["sauce"]), " lengths:", lengths.round(2).to_dict())
print("cosine(pasta, sauce) =", round(tiny["pasta"] @ tiny["sauce"] / (lengths["pasta"] * lengths["sauce"]), 3))
print("cosine(pasta, soap)  =", round(tiny["pasta"] @ tiny["soap"] / (lengths["pasta"] * lengths["soap"]), 3))

# %% [markdown]
# Why divide by the lengths? Because everything is bought together with milk. The division takes part of that popularity out again; look
# for milk among the neighbours below.
#
# Two more tools of the trade. **Shrinkage** (收缩): a similarity built on two shoppers is luck, so add a constant to the denominator.
# Large lengths do not notice it, small ones do. **Top k**: keep only the k best neighbours of each item; the thousand tiny similarities
# below them are noise, and together they outvote the signal.
#
# ### exercise: item_cosine
#
# Two functions. First the similarities, then the recommendations.
#
# `item_cosine(X, shrink=0.0, topk=None)` → array (items, items)
#
# * `X`: (users, items), numbers ≥ 0, array or nested list.
# * `S[i, j] = x_i · x_j / (‖x_i‖ ‖x_j‖ + shrink)` for columns i ≠ j; the diagonal is 0.
# * An item that nobody bought (a zero column) has similarity 0 to all, also when `shrink` is 0. Never `nan`.
# * `topk`: **in each row i** (the source item) keep the `topk` highest values and set the others to 0. Ties: the lower id stays. The
#   diagonal is already 0 and takes no place from the others. `None`, or a number not below the number of items, keeps all.
#
# `recommend(rows, S, seen, k)` → integer array (n, k)
#
# * `rows`: (n, items), what each user bought. `S`: (items, items), row = source item, not necessarily symmetric.
#   Both may hold integers or floats: turn them into floats first, since −inf does not fit into an array of integers.
# * Score of item j for a user: Σ over i of `rows[i] · S[i, j]`.
# * `seen`: (n, items) of booleans; a seen item is **never** recommended. An unseen item may be, even with score 0.
# * Highest score first, ties: lower id first. If fewer than `k` items remain, fill up with **−1**. `k` may exceed the number of items.

# %%
# exercise: item_cosine
def item_cosine(X, shrink=0.0, topk=None):
    """Cosine similarity of the columns of X (users, items), diagonal 0, the topk best kept in each row: (items, items).

    >>> item_cosine([[1, 1, 0], [1, 0, 0]]).round(3).tolist()
    [[0.0, 0.707, 0.0], [0.707, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    ### BEGIN SOLUTION: dot products of columns over lengths plus shrink; diagonal to 0; then the topk of each row
    X = np.asarray(X, float)
    length = np.linalg.norm(X, axis=0)
    below = np.outer(length, length) + shrink
    S = np.divide(X.T @ X, below, out=np.zeros_like(below), where=below > 0)
    np.fill_diagonal(S, 0)
    if topk is not None and topk < len(S):
        best = np.argsort(-S, axis=1, kind="stable")[:, :topk]
        kept = np.zeros_like(S)
        np.put_along_axis(kept, best, np.take_along_axis(S, best, axis=1), axis=1)
        S = kept
    return S
    ### END SOLUTION


def recommend(rows, S, seen, k):
    """The k unseen items of the highest score rows @ S for each user, best first: (n, k) of ids, −1 where none is left.

    >>> recommend([[1, 0, 0]], [[0, .2, .6], [.2, 0, 0], [.6, 0, 0]], [[True, False, False]], k=3).tolist()
    [[2, 1, -1]]
    """
    ### BEGIN SOLUTION: score all items, put seen ones at minus infinity, sort, and replace what is left of them by -1
    score = np.where(np.asarray(seen, bool), -np.inf, np.asarray(rows, float) @ np.asarray(S, float))
    best = np.argsort(-score, axis=1, kind="stable")[:, :k]
    best = np.where(np.isneginf(np.take_along_axis(score, best, axis=1)), -1, best)
    return np.pad(best, ((0, 0), (0, k - best.shape[1])), constant_values=-1)
    ### END SOLUTION

# %%
check(item_cosine, recommend)

# %% [markdown]
# Try it on the real shop, if yours has passed: what goes with what?

# %%
purchases = windows.purchase_days(events, panel.households, candidates, panel.first_day)
until_train = windows.history_matrix(purchases, (len(panel.households), len(candidates)), panel.day(TRAIN[0]))
if similarity := yours("item_cosine"):
    S = similarity((until_train > 0).astype(float), shrink=10.0, topk=3)
    for i in (1, 6, 33):
        print(f"{candidates[i]:45s} → " + "; ".join(candidates[j] for j in np.argsort(-S[i], kind="stable")[:3]))
else:
    print("Solve item_cosine, run its check, and run this cell again.")

# %% [markdown]
# ## 3 · Content: let the product's words speak
#
# Collaborative filtering has nothing to say about a product that nobody has bought yet: the **cold start** (冷启动). But it has a label.
# **Content-based recommendation** (基于内容的推荐) describes products by their words, the household by the words of what it
# bought, and compares the two.
#
# Not every word counts alike. "FRZN" stands on many labels, "SALSA" on few. **TF-IDF** (词频-逆文档频率) weights a word by how
# often it stands in this text, times how rare it is over all texts:
#
# $$ \mathrm{idf}(w) = \ln\frac{1 + n}{1 + \mathrm{df}(w)} + 1, \qquad n \text{ texts, } \mathrm{df}(w) \text{ of them contain } w $$
#
# The ones are **smoothing** (平滑): as if one more text contained every word. No division by zero, and no word weighs nothing.

# %%
words_on = pd.Series([set(name.lower().replace("|", " ").split()) for name in events["item"].cat.categories])
df = words_on.explode().value_counts()
idf = np.log((1 + len(words_on)) / (1 + df)) + 1
print(f"{len(words_on):,} texts, {len(df):,} words")
pd.DataFrame({"texts with it": df, "idf": idf.round(2)}).loc[["frzn", "cheese", "milk", "salsa", "bananas"]]

# %% [markdown]
# ### exercise: content_scores
#
# `content_scores(texts, history, candidates)` → array (households, candidates) of cosines
#
# * `texts`: n strings, the catalogue. `history`: (households, n), how often each household bought each. `candidates`: m strings.
# * A word is what stands between blanks, in small letters: `text.lower().split()`.
# * The vocabulary is the words of `texts`, and n and df of the formula above are counted on `texts` **only**: df(w) is the number of
#   *texts* that contain w. A candidate's words outside the vocabulary are ignored.
# * The vector of a text: (how often the word stands in it) × idf, then divided by its Euclidean length (l2). A text without
#   any known word is the zero vector.
# * A household's profile: Σ history × vectors of `texts`, divided by its length; zero if it bought nothing.
# * Score = profile · candidate vector; so 0 where either is zero. Never `nan`.
#
# NumPy and the standard library only; scikit-learn's `TfidfVectorizer` follows the same convention, and that is how you can test yourself.
# By hand: one text "bread", bought once; the candidate "bread" scores 1, the candidate "caviar" 0.

# %%
# exercise: content_scores
def content_scores(texts, history, candidates):
    """Cosine of each household's TF-IDF profile with each candidate's TF-IDF vector: (households, candidates).

    texts: n strings.  history: (households, n) counts.  candidates: m strings.

    >>> content_scores(["bread"], [[1]], ["bread", "caviar"]).tolist()
    [[1.0, 0.0]]
    """
    ### BEGIN SOLUTION: word counts times idf, brought to length 1, for texts and candidates; profiles from the history; dot products
    column = {word: i for i, word in enumerate(sorted({word for text in texts for word in text.lower().split()}))}

    def counts(documents):
        table = np.zeros((len(documents), len(column)))
        for row, text in enumerate(documents):
            for word in text.lower().split():
                if word in column:
                    table[row, column[word]] += 1
        return table

    def unit(vectors):
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(length > 0, length, 1)

    catalogue = counts(texts)
    idf = np.log((1 + len(texts)) / (1 + (catalogue > 0).sum(axis=0))) + 1
    profiles = unit(np.asarray(history, float) @ unit(catalogue * idf))
    return profiles @ unit(counts(candidates) * idf).T
    ### END SOLUTION

# %%
check(content_scores)

# %% [markdown]
# ## 4 · Windows: the order of things
#
# Counts forget *when*. A sequence model gets the days themselves: a **window** (时间窗口) of T steps, each a calendar day, the last one
# the day before the cut-off. Below is one real row: a household, a candidate, the days before one Monday, and the week that decides the label.

# %%
shown = int(np.flatnonzero((panel.count(train, T) >= 5) & (y_train == 1))[0])
row = train[[shown]]
monday = panel.first_day + pd.Timedelta(days=int(row.day[0]))
picture = np.expm1(panel.windows(row, T)[0, :, :3] * [1, 1, 3]).round()
ax = plots.plt.subplots(figsize=(8.5, 3.2))[1]
for level, (label, colour) in enumerate([("this candidate", plots.BLUE), ("its category, others", plots.GREEN), ("whole basket", plots.GREY)]):
    days = np.flatnonzero(picture[:, level])
    ax.scatter(days - T, np.full(len(days), -level), s=14 * np.minimum(picture[days, level], 12), color=colour)
    ax.annotate(label, (-T - 1, -level), xytext=(-4, 0), textcoords="offset points", ha="right", va="center", color=colour,
                annotation_clip=False)
ax.axvspan(-.5, HORIZON - .5, color=plots.ORANGE, alpha=.18, lw=0)
ax.annotate("label\nweek:\nhidden", (HORIZON / 2 - .5, -1), ha="center", va="center", color=plots.INK, fontsize=9)
ax.axvline(-.5, color=plots.INK, lw=1)
ax.set(title=f"One row: {panel.candidates[row.candidate[0]].partition(' | ')[2].capitalize()}, Monday {monday.day} {monday:%B}",
       xlabel="days from the cut-off (a dot: bought that day; larger: more lines)", yticks=[], ylim=(-2.7, .7), xlim=(-T - 1, HORIZON))
ax.spines["left"].set_visible(False)

# %% [markdown]
# ### exercise: make_windows
#
# Build the windows and the labels from events. Most leaks are born in this function, one day too late.
#
# `make_windows(events, rows, T, vocab, target)` → `(X, y)`
#
# * `events`: frame with `household`, `item`, `time`, in any order. `rows`: frame with `household`, `cutoff` (always midnight), N rows.
# * `vocab`: list of F items. `X`: (N, T, F); `X[n, t, f]` is **how many** events of item `vocab[f]` row n's household has on the calendar
#   day `cutoff − (T − t) days`. So `X[n, T−1]` is the day before the cut-off and `X[n, 0]` the oldest day.
# * Days without events are zeros. Items outside `vocab` are ignored in X, never an error.
# * `y`: (N,), 1 if the household has an event of `target` with `cutoff <= time < cutoff + 7 days`, else 0. `target` need not be in `vocab`.
#   An event exactly at the cut-off belongs to the label, not to the window.
# * A household without any event gets zeros.
#
# By hand: cut-off Monday 1 May, T = 2, and one purchase of milk on Sunday at 18:00. Then X = [[[0], [1]]].

# %%
# exercise: make_windows
def make_windows(events, rows, T, vocab, target):
    """Daily counts of the T days before each row's cut-off, and whether `target` was bought in the seven days from it.

    events: frame household, item, time.  rows: frame household, cutoff.  Returns X (N, T, len(vocab)) and y (N,) of 0/1.
    """
    ### BEGIN SOLUTION: for each row, count the household's events by day and item, then look seven days ahead for the target
    X, y = np.zeros((len(rows), T, len(vocab))), np.zeros(len(rows), int)
    column = {item: f for f, item in enumerate(vocab)}
    for n, (household, cutoff) in enumerate(zip(rows["household"], rows["cutoff"], strict=True)):
        own = events[events["household"] == household]
        step = T + (own["time"].dt.normalize() - cutoff).dt.days
        for t, item in zip(step, own["item"], strict=True):
            if 0 <= t < T and item in column:
                X[n, t, column[item]] += 1
        ahead = own[(own["time"] >= cutoff) & (own["time"] < cutoff + pd.Timedelta(days=7))]
        y[n] = (ahead["item"] == target).any()
    return X, y
    ### END SOLUTION

# %%
check(make_windows)

# %% [markdown]
# The loop is fine for a hundred rows and hopeless for a hundred thousand. `helpers/windows.py` builds the same windows with one array
# operation; read `Panel.windows` when you have ten minutes. It has four channels a day: the candidate, its category, the whole
# basket, and the candidate's popularity (the same at every step; that is how one model serves sixty candidates).
#
# ## 5 · The interviewer shows you this code
#
# A **one-dimensional convolution** (一维卷积) slides a small filter along the days. Each of its 64 filters answers, at every step, *does
# my pattern stand here?* A second layer sees patterns of patterns: with two kernels of three steps, five days at once (**receptive
# field**, 感受野). **Pooling** (池化) then turns "where" into "whether", or "how often".
#
# "A colleague wrote this purchase model," says the interviewer. "What do you say in the review?"
#
# ```python
# inputs = keras.Input(shape=(input_shape))
# x = keras.layers.Conv1D(64, 3, activation="relu")(inputs)
# x = keras.layers.Conv1D(128, 3, activation="relu")(x)
# x = keras.layers.Dense(128, activation="relu")(x)
# outputs = keras.layers.Dense(1, activation="sigmoid")(x)
# model = keras.Model(inputs, outputs)
# model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
# X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)
# model.fit(X_train, y_train, epochs=10, batch_size=32)
# print("accuracy:", model.evaluate(X_test, y_test)[1])
# ```

# %% [markdown] tags=["answer"]
# **Your review.** There are at least five faults: in the shape, the metric, the split, the training and the comparison. For each: what
# is wrong, and how would it *show*?
#
# 1. …

# %%
from helpers import training  # imports TensorFlow: takes a few seconds
from helpers.training import keras

started = time.perf_counter()
X_train = panel.windows(train, T)
window_seconds = time.perf_counter() - started
inputs = keras.Input(shape=X_train.shape[1:])
x = keras.layers.Conv1D(64, 3, activation="relu")(inputs)
x = keras.layers.Conv1D(128, 3, activation="relu")(x)
x = keras.layers.Dense(128, activation="relu")(x)
broken = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
broken.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
print("input ", broken.input_shape, "  output", broken.output_shape, "  labels", y_train[:32].shape)
try:
    broken.fit(X_train[:32], y_train[:32], verbose=0)
except ValueError as error:
    print("ValueError:", str(error).splitlines()[0][:110])

# %% [markdown]
# Older versions of Keras stretched the labels over all time steps in silence, and trained. Today it refuses. That is luck, not a test.
#
# ### exercise: build_purchase_cnn
#
# `build_purchase_cnn(T, F)` → a **compiled** `keras.Model`, repaired:
#
# * input (T, F), for any T from 20 up; **Conv1D 64 → Conv1D 128 → pooling → Dense 128 → one sigmoid**, so output (None, 1);
# * every step must be able to matter. Global maximum, global average, Flatten or attention pooling are all accepted, and so are dropout
#   and batch normalisation;
# * compiled with an optimiser (Adam as it stands is fine), binary cross-entropy, and a PR-AUC metric: `keras.metrics.AUC(curve="PR")`.
#
# The check trains your model on made-up sessions: five epochs of 1,000 sessions, twice, with 20 and with 30 steps. Buyers *view, put in the cart, pay*
# in this order somewhere early in the session; the others do the same three things in reverse. Counts are equal, so only a model that
# sees order can tell them apart. Your points are earned by the AUC on new sessions (at least 0.75), not by the look of your layers. `keras` and
# `tensorflow` are what you may use; import them inside your function.

# %%
# exercise: build_purchase_cnn
def build_purchase_cnn(T, F):
    """A compiled CNN over sequences (T, F) that returns one purchase probability: output (None, 1)."""
    ### BEGIN SOLUTION: two convolutions, a pooling over time, a dense layer, one sigmoid; compile with the right loss and metric
    import keras

    inputs = keras.Input(shape=(T, F))
    x = keras.layers.Conv1D(64, 3, activation="relu")(inputs)
    x = keras.layers.Conv1D(128, 3, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=[keras.metrics.AUC(curve="PR", name="pr_auc")])
    return model
    ### END SOLUTION

# %%
check(build_purchase_cnn)

# %% [markdown]
# Compare with your review:
#
# | fault | how it shows | repair |
# |---|---|---|
# | `input_shape` is a name nobody defined; a lone number is no shape | `NameError`, or Keras cannot convert it to a shape | `(T, F)`: steps, then channels |
# | **nothing ends the time axis**: Dense works on each step | `output_shape` has three numbers, and `fit` raises | pooling or Flatten before Dense |
# | accuracy | the rule "never" already beats it: you printed that number in section 1 | PR-AUC, and lift at the budget |
# | **random split**: the same household, the same week on both sides | test figures that no launch reproduces | split by date; label weeks apart |
# | ten epochs, because ten | it cannot show: nobody watches the loss on later Mondays | watch it, and stop early by it |
# | no baseline | nobody can say what the network added | count the past, in the same table |
# | probabilities used as they fall out | a reliability curve off the diagonal | calibrate on validation rows |
#
# The number of parameters shows none of them: global pooling has no weights, so the broken model and the repaired one have equally many. And
# check the activation against the head: two units with softmax, or one with sigmoid. A softmax over one unit is always 1.
#
# ## 6 · What would fool you?
#
# A leak (数据泄漏) rarely looks like cheating. It looks like good news. Here is the same plain count, computed three ways. Only the
# first could be used on a Monday morning.

# %%
bought_days, place = panel.bought_days, (test.household, test.candidate)
honest = panel.count(test, T)
one_day_late = bought_days[(*place, test.day + 1)] - bought_days[(*place, test.day + 1 - T)]
whole_year = bought_days[(*place, np.full(len(test), bought_days.shape[2] - 1))]
pd.DataFrame([
    {"count": name, "PR-AUC": metrics.pr_auc(y_test, score), "lift, new pairs": metrics.lift_at_share(y_test[is_new], score[is_new], BUDGET)}
    for name, score in {"the 56 days before Monday": honest, "the same, window one day late": one_day_late,
                        "the household's total over the year": whole_year}.items()
]).set_index("count").round(3)

# %% [markdown]
# Two slips that any pipeline can hide, and the plainest baseline improves. Look at the new pairs: a count that is zero by definition
# suddenly finds buyers, more of them than the honest rungs below. **A feature that knows what it cannot know is the surest sign.**
# So test for it: scramble every event at or after the cut-off, and nothing in X may change.
# `tests/lessons/test_windows.py` does that to the windows of this lesson.
#
# ## 7 · Predict before you run
#
# Ten rungs, one split, the same training rows for every model that learns:
#
# base rate · popularity of the type · bought last week · past count · logistic regression · gradient boosting · user-based and
# item-based collaborative filtering · content · CNN

# %% [markdown] tags=["answer"]
# **Your bet, before the next cells.** Which rung wins on all pairs? Which on new pairs? By how much does the CNN beat the past count?
#
# 1. all pairs: …
# 2. new pairs: …
# 3. CNN against count: …

# %% [markdown]
# The baselines get the same care as the models. The count chooses its look-back on validation Mondays, and breaks its many ties by
# popularity. Neighbours and content use the whole history before each Monday. Every rung's score becomes a probability by the
# same isotonic map, fitted on validation rows, so that Brier scores compare like with like.

# %%
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize

rungs = {}          # name -> (scores on validation rows, on test rows, seconds to fit, seconds to score both); scores (n,) or (seeds, n)


def rung(name, score, fit=0.0):
    """Note a rung: `score` maps rows to numbers, a higher one means a likelier purchase; `fit`: seconds spent before."""
    start = time.perf_counter()
    rungs[name] = (np.asarray(score(valid), float), np.asarray(score(test), float), fit, time.perf_counter() - start)


def popularity(rows):
    return panel.weekly_rate[rows.candidate]


started = time.perf_counter()
look_backs = {weeks: metrics.pr_auc(y_valid, panel.count(valid, 7 * weeks) + popularity(valid)) for weeks in (2, 4, 8, 13, 26, 52)}
best = max(look_backs, key=look_backs.get)
choosing = time.perf_counter() - started
print("PR-AUC of the count on validation, by look-back in weeks:", {weeks: round(value, 3) for weeks, value in look_backs.items()})

rung("base rate", lambda rows: np.full(len(rows), y_train.mean()))
rung("popularity", popularity)
rung("bought last week", lambda rows: (panel.count(rows, 7) > 0) + 0.0)
rung("past count", lambda rows: panel.count(rows, 7 * best) + popularity(rows), fit=choosing)

started = time.perf_counter()
features = panel.features(train)
feature_seconds = time.perf_counter() - started
started = time.perf_counter()
logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(features, y_train)
logistic_seconds = feature_seconds + time.perf_counter() - started
started = time.perf_counter()
boosting = HistGradientBoostingClassifier(max_leaf_nodes=8, learning_rate=.05, max_iter=150, min_samples_leaf=100, random_state=SEED)
boosting.fit(features, y_train)
boosting_seconds = feature_seconds + time.perf_counter() - started
rung("logistic", lambda rows: logistic.predict_proba(panel.features(rows))[:, 1], fit=logistic_seconds)
rung("boosting", lambda rows: boosting.predict_proba(panel.features(rows))[:, 1], fit=boosting_seconds)
print(f"two tabular models on {features.shape[1]} features: {logistic_seconds:.1f} and {boosting_seconds:.1f} s to fit")

# %% [markdown]
# Neighbours see a thousand frequent types, not only the sixty candidates: more to be similar in. The library computes the cosine you wrote.
# Shrinkage and top k are left out here: their values would have to be chosen on validation Mondays, as the look-back was. Try it.
# Nothing is fitted in advance, so their similarities are part of the seconds to score.

# %%
items = windows.frequent_items(events, before=TRAIN[0], n=1000)
items += [name for name in candidates if name not in items]
at = [items.index(name) for name in candidates]
shape = (len(panel.households), len(items))
item_days = windows.purchase_days(events, panel.households, items, panel.first_day)
histories = {day: windows.history_matrix(item_days, shape, before=day) for day in np.unique(np.append(valid.day, test.day))}
started = time.perf_counter()
text_vectors = TfidfVectorizer(token_pattern=r"[^\s|]+").fit_transform(items)
text_seconds = time.perf_counter() - started


def each_monday(score):
    """Rows -> scores, from a function of the history matrix of one Monday to scores (households, candidates)."""
    def of(rows):
        result = np.zeros(len(rows))
        for day in np.unique(rows.day):
            here = rows.day == day
            result[here] = score(histories[day])[rows.household[here], rows.candidate[here]]
        return result
    return of


def by_items(history):
    bought = (history > 0).astype(float)
    similar = cosine_similarity(bought.T, bought[:, at].T)
    similar[at, np.arange(len(at))] = 0                     # a candidate is no evidence for itself
    return bought @ similar


def by_users(history, neighbours=30):
    amount = np.log1p(history)
    similar = cosine_similarity(amount)
    np.fill_diagonal(similar, 0)                            # nor is a household its own neighbour
    edge = np.partition(similar, -neighbours, axis=1)[:, [-neighbours]]
    similar[similar < edge] = 0
    return similar @ amount[:, at] / np.maximum(similar.sum(axis=1, keepdims=True), 1e-9)


def by_content(history):
    return normalize(history @ text_vectors) @ text_vectors[at].T.toarray()


rung("item-based CF", each_monday(by_items))
rung("user-based CF", each_monday(by_users))
rung("content", each_monday(by_content), fit=text_seconds)

# %% [markdown]
# Now the CNN, three times from three seeds. It is yours if its check has passed, else a small one of ours. It learns from the same rows
# as the logistic model and stops on later Mondays.

# %%
build, cnn = (yours("build_purchase_cnn"), "CNN (yours)") if yours("build_purchase_cnn") else (training.sequence_cnn, "CNN (ours, small)")
X_stop = panel.windows(stop, T)
started = time.perf_counter()
X_valid, X_test = panel.windows(valid, T), panel.windows(test, T)
build_seconds = time.perf_counter() - started
fits, cnn_valid, cnn_scores, score_seconds = [], [], [], []
for seed in range(3):
    fitted = training.fit(lambda: build(T, X_train.shape[2]), X_train, y_train, X_stop, y_stop, seed=seed, epochs=5)
    started = time.perf_counter()
    cnn_valid.append(fitted.predict(X_valid))
    cnn_scores.append(fitted.predict(X_test))
    score_seconds.append(build_seconds + time.perf_counter() - started)
    fits.append(fitted)
    print(f"seed {seed}: kept epoch {fitted.epoch}, PR-AUC {metrics.pr_auc(y_test, cnn_scores[-1]):.3f}, "
          f"new pairs {metrics.pr_auc(y_test[is_new], cnn_scores[-1][is_new]):.4f}, "
          f"{fitted.seconds:.0f} s to fit, {score_seconds[-1]:.0f} s to score")
rungs[cnn] = (np.array(cnn_valid), np.array(cnn_scores), window_seconds + np.mean([fitted.seconds for fitted in fits]),
              np.mean(score_seconds))
for pairs, where in (("all pairs", slice(None)), ("new pairs", is_new)):
    each = [metrics.pr_auc(y_test[where], score[where]) for score in cnn_scores]
    cnn_low, cnn_high = metrics.spread(each)
    print(f"{cnn}, {pairs}: PR-AUC {np.mean(each):.4f} on average over {len(fits)} seeds, from {cnn_low:.4f} to {cnn_high:.4f}")
del X_stop, X_valid, X_test

# %% [markdown]
# ## 8 · All rungs, one table
#
# The CNN's row is the mean over its seeds. Seconds include building the inputs; *score* is for the validation and the test rows together.

# %%
def measured(metric, score, *args, where=None):
    """A metric on the test rows; the mean over seeds where there are several."""
    return metrics.weighted(metric, y_test, score, *args, where=where)(np.ones(len(y_test)))


def isotonic(on_valid, on_test):
    """Probabilities for the test rows: the map fitted on validation rows, seed by seed."""
    if on_valid.ndim == 2:
        return np.array([isotonic(*pair) for pair in zip(on_valid, on_test, strict=True)])
    return IsotonicRegression(out_of_bounds="clip").fit(on_valid, y_valid).predict(on_test)


calibrated = {name: isotonic(on_valid, on_test) for name, (on_valid, on_test, *_) in rungs.items()}
table = metrics.as_table([{
    "rung": name, "PR-AUC": measured(metrics.pr_auc, on_test), "lift": measured(metrics.lift_at_share, on_test, BUDGET),
    "Brier": measured(metrics.brier, calibrated[name]),
    "PR-AUC, repeat": measured(metrics.pr_auc, on_test, where=~is_new), "PR-AUC, new": measured(metrics.pr_auc, on_test, where=is_new),
    "lift, new": measured(metrics.lift_at_share, on_test, BUDGET, where=is_new), "fit, s": fit, "score, s": score,
} for name, (_, on_test, fit, score) in rungs.items()])
table.round({"PR-AUC": 3, "lift": 2, "Brier": 4, "PR-AUC, repeat": 3, "PR-AUC, new": 4, "lift, new": 2, "fit, s": 2, "score, s": 2})

# %% [markdown]
# A difference needs an interval. Rows of one household hang together, so whole **households** are drawn again (bootstrap, 自助法), and every
# rung is measured on the same draws. That last part matters: a household that is hard for one rung is hard for all.

# %%
names = list(table.index)
draws = metrics.household_draws(test.household, {
    **{("all", name): metrics.weighted(metrics.pr_auc, y_test, rungs[name][1]) for name in names},
    **{("new", name): metrics.weighted(metrics.lift_at_share, y_test, rungs[name][1], BUDGET, where=is_new) for name in names},
}, draws=100, seed=SEED)
low, high = draws["all"].quantile(.025), draws["all"].quantile(.975)
plots.forest(names, table["PR-AUC"], low[names], high[names], title="All pairs: counting the past is hard to beat",
             xlabel="PR-AUC on test Mondays (95 % interval over households)", reference=table.loc["past count", "PR-AUC"],
             reference_label="past count", highlight=[cnn, "past count"])
gain = draws["all"].sub(draws["all"]["past count"], axis=0)[["logistic", "boosting", cnn]]
pd.DataFrame({"gain over past count": table["PR-AUC"][gain.columns] - table.loc["past count", "PR-AUC"],
              "low": gain.quantile(.025), "high": gain.quantile(.975)}).round(4)

# %%
order = table.sort_values("lift, new", ascending=False).index
low, high = draws["new"].quantile(.025), draws["new"].quantile(.975)
ax = plots.forest(order, table.loc[order, "lift, new"], low[order], high[order],
                  title="New pairs: the other shoppers know more than your own past", fmt="{:.2f}",
                  xlabel=f"lift at the best {BUDGET:.0%} of new pairs (95 % interval over households)", reference=1,
                  reference_label="chance", highlight=["item-based CF", "user-based CF", cnn])
pairs = [(name, "past count") for name in ("item-based CF", "user-based CF", "logistic", "boosting", cnn)]
pairs += [("item-based CF", "logistic"), ("user-based CF", "logistic")]
gain = pd.DataFrame({pair: draws["new"][pair[0]] - draws["new"][pair[1]] for pair in pairs})
pd.DataFrame({"gain in lift, new pairs": [table.loc[a, "lift, new"] - table.loc[b, "lift, new"] for a, b in pairs],
              "low": gain.quantile(.025).to_numpy(), "high": gain.quantile(.975).to_numpy()},
             index=[f"{a} over {b}" for a, b in pairs]).round(3)

# %% [markdown]
# Read the two pictures together.
#
# * **On all pairs**, a count of the past already does most of the work. Logistic regression and boosting on
#   hand-made features add little, but surely: see their paired intervals. The CNN, at many times the cost, is worse than the count, by
#   how much the table under the first picture prints. An average over time can at least count, a maximum cannot. Groceries
#   are **replenishment** (补货): how often and how long ago say much, and both are counts.
#   Be fair to the CNN: where its lines above say that the last epoch was kept, it had not finished learning. So it is not shown that the
#   order of days holds nothing, only that this CNN at this cost does not beat a count. Give it more rows and epochs if you have time.
# * **On new pairs**, the household's own count is silent. There the other shoppers speak: collaborative filtering needs no training at all.
#   Judge it by the paired gains under the second picture: where an interval holds zero, no lead is shown, neither over the count (which
#   is popularity here) nor over logistic. Intervals are wide, because first purchases are rare.
# * **Content** without behaviour is weak here. The labels are coarse, and sixty frequent types are not the cold start it is made for.
#   It earns its place on the day a product arrives.
#
# What would you ship? The logistic model for repeats, a CF score beside it for new pairs, and the count as the alarm: whatever does not beat it
# does not go out.
#
# ### Where a CNN does shine
#
# The check of your CNN gave it sessions in which *only* the order tells. Here are the two kinds of model on such sessions: one that counts, one that
# looks at order.

# %%
from sklearn.metrics import roc_auc_score

made = np.random.default_rng(SEED)
(X_a, y_a), (X_b, y_b), (X_c, y_c) = (windows.ordered_motif(made, n, 20) for n in (1000, 300, 600))
counting = LogisticRegression().fit(X_a.sum(axis=1), y_a).predict_proba(X_c.sum(axis=1))[:, 1]
looking = training.fit(lambda: build(20, 4), X_a, y_a, X_b, y_b, seed=0, epochs=8, batch_size=64).predict(X_c)
print(f"AUC on made-up sessions: counts {roc_auc_score(y_c, counting):.2f}, {cnn} {roc_auc_score(y_c, looking):.2f}")

# %% [markdown]
# So the tool is not weak; the task was not its task. Click sessions, where *cart after view* and *view after cart* mean different things, are.
#
# ### The second task: will this item be bought?
#
# Made-up sessions prove that a model *can* see order, not that order is there. So here is a second task, on click sessions (点击会话) of the
# course's **simulated shop**. All its levels are invented, and `data/shop.md` says what each result hangs on; but nobody built these sessions for a
# CNN: shoppers look for something, wander off to what goes with it, come back, and buy with strong noise.
#
# The question, asked at every view from the third on: **will the item on the screen be bought, now or within a week?**

# %%
from helpers import sessions, shop

run = shop.World(shop.HELPS, seed=SEED).run(shop.Logging())
goods = run.catalogue.frame()
busy = run.views.groupby("session").size().between(7, 8).idxmax()
print(f"{len(run.sessions):,} sessions, {len(run.exposures):,} items shown, {len(run.views):,} viewed, {run.views.carted.sum():,} put into the cart, "
      f"{len(run.orders):,} bought")
run.views[run.views["session"] == busy].join(goods[["title_en", "category", "price"]], on="item")[
    ["step", "title_en", "category", "price", "source", "carted", "ordered"]]

# %% [markdown]
# Two traps before any model. **Impressions** (曝光): views are what people chose to look at; what they were shown and left is in `run.exposures`,
# most of it unclicked. A purchase rate learned on views holds for views. (The second notebook's `esmm_loss` is about this.)
# And **delayed labels** (延迟标签): some orders come days after the view. Ask the log on its last day, and the youngest views look unwanted:

# %%
age = run.days - 1 - run.views["day"]
known = (run.views["ordered"] >= 0).groupby(age).agg(["mean", "size"])
ripe = known[known.index >= 7]
share = float((ripe["mean"] * ripe["size"]).sum() / ripe["size"].sum())
print(f"bought, of the views of the last day: {known['mean'].iloc[0]:.1%}; of those at least a week old: {share:.1%}")

asked = sessions.build(run.views, goods, first_day=30, last_day=run.days - 1 - HORIZON)      # every label has had its week
learn, choose, judge = asked[asked.day < 120], asked[(asked.day >= 127) & (asked.day < 142)], asked[asked.day >= 149]
print(f"train {len(learn):,} views, validation {len(choose):,}, test {len(judge):,}; bought {judge.bought.mean():.1%} of the test views")

# %% [markdown]
# Between the periods a week is left out: a label of the last training day looks seven days ahead, and must not see the days that are judged.
#
# Each view comes with two things: the last twelve **steps** of its session, each compared with the item on the screen (same category? same item?
# cheaper? from a search?), and **what was known** that morning of item and shopper. The rungs get the same facts, in three forms:
#
# * *counts*: the steps added up, so that their order is gone;
# * *last three*: the counts, and beside them the last three steps one by one: order made by hand;
# * the *sequence*: for a CNN and for a GRU (门控循环单元), which read it step by step.

# %%
def gru(T, F):
    """The smallest recurrent model: one GRU, one probability."""
    inputs = keras.Input((T, F))
    hidden = keras.layers.GRU(32, use_cudnn=False)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def last_three(rows):
    """Counts, and the three views before this one in their order."""
    return np.concatenate([rows.steps[:, -4:-1].reshape(len(rows), -1), rows.counts()], axis=1)


second = {}
for name, inputs in {"known before": lambda rows: rows.static, "counts": lambda rows: rows.counts(), "last three": last_three}.items():
    started = time.perf_counter()
    scaler = StandardScaler().fit(inputs(learn))
    model = LogisticRegression(max_iter=500).fit(scaler.transform(inputs(learn)), learn.bought)
    second[f"logistic, {name}"] = model.predict_proba(scaler.transform(inputs(judge)))[:, 1], time.perf_counter() - started
steps, features = learn.sequence().shape[1:]
for name, make in {cnn: build, "GRU": gru}.items():
    started = time.perf_counter()
    fitted = training.fit(lambda make=make: make(steps, features), learn.sequence(), learn.bought, choose.sequence(), choose.bought,
                          seed=0, epochs=6)
    second[name] = fitted.predict(judge.sequence()), time.perf_counter() - started
    if name == "GRU":
        mixed = judge.shuffled(np.random.default_rng(SEED))
        second["GRU, views shuffled"] = fitted.predict(mixed.sequence()), np.nan

# %%
draws = metrics.household_draws(judge.shopper, {name: metrics.weighted(metrics.pr_auc, judge.bought, score) for name, (score, _) in second.items()},
                                draws=100, seed=SEED)
value = pd.Series({name: metrics.pr_auc(judge.bought, score) for name, (score, _) in second.items()})
low, high = draws.quantile(.025), draws.quantile(.975)
plots.forest(list(second), value, low[value.index], high[value.index], title="Where order carries news, a model that reads it sees more",
             xlabel="PR-AUC on test views (95 % interval over shoppers)", reference=judge.bought.mean(), reference_label="chance",
             highlight=[cnn, "GRU"])
pairs = [("logistic, counts", "logistic, known before"), ("logistic, last three", "logistic, counts"), (cnn, "logistic, counts"),
         ("GRU", "logistic, counts"), ("GRU", "logistic, last three"), ("GRU", "GRU, views shuffled")]
gain = pd.DataFrame({pair: draws[pair[0]] - draws[pair[1]] for pair in pairs})
pd.DataFrame({"gain in PR-AUC": [value[a] - value[b] for a, b in pairs], "low": gain.quantile(.025).to_numpy(),
              "high": gain.quantile(.975).to_numpy(), "seconds": [second[a][1] for a, _ in pairs]},
             index=[f"{a} over {b}" for a, b in pairs]).round(3)

# %% [markdown]
# What the intervals allow to say (data: one simulated shop, one seed of each model, the split above):
#
# * The session tells more than all that was known in the morning: *counts* over *known before*.
# * Order tells more than counts. The last row is the control: the *same* GRU, on the same sessions with the earlier views shuffled. If it had
#   only counted, shuffling would cost nothing.
# * Three hand-made steps get most of the way. Whether the GRU's lead over them excludes zero, the table says; it must be worth its seconds.
# * Averaging over time, as the CNN may do, blurs *how long ago*; reading step by step keeps it. That is a reason, not a law: try `Flatten` for the pooling.
#
# So the interviewer's "CNN for behaviour" has a home after all: dense, ordered, short histories. On weekly groceries it was the wrong tool.
#
# ### Does the probability mean what it says?
#
# Training kept one negative in four. So the raw probabilities promise too much, for every model that learned from those rows. The isotonic map
# (保序回归) fitted on validation rows repairs it and reverses no two pairs, though it ties some. The closed form,
# `prior_correct`, and the isotonic fit itself are exercises of the second notebook.

# %%
raw = rungs["logistic"][1]
plots.reliability(y_test, {"logistic, raw": raw, "logistic, calibrated": calibrated["logistic"]})
print(f"logistic: mean promise {raw.mean():.3f}, calibrated {calibrated['logistic'].mean():.3f}, bought {y_test.mean():.3f}; "
      f"Brier {metrics.brier(y_test, raw):.4f} -> {metrics.brier(y_test, calibrated['logistic']):.4f}")

# %% [markdown]
# ## 9 · The large model: does it earn its keep?
#
# "How do you predict behaviour *with large models* (大模型)?" is how the question is asked. Three honest places for one:
#
# 1. **A pre-trained event model** (预训练行为模型): one Transformer, trained to guess the next purchase from millions of events, whose
#    vectors feed all tasks. Its promise is shared knowledge: what CF knows about new pairs, in one model. Ours arrives in a later lesson.
# 2. **Text embeddings** (文本向量) instead of TF-IDF: "salsa" is near "tortilla chips" even without a common word. For cold products, in many languages.
# 3. **A generative model, offline**: to name features, to write label rules, to explain a score to a human. Not to score each pair of each
#    household each Monday: too slow, too dear, and not calibrated.
#
# What would have to be shown before it is paid for? In the two pictures above, the same rows, the same households drawn again:
#
# * a gain over *past count* on all pairs, or over *item-based CF* on new pairs, whose interval excludes zero, over several seeds;
# * the same gain on Mondays after its pre-training ended;
# * its seconds and money per thousand rows beside it.
#
# Until then the table says: a large model has no head start here. That is a finding, too.
#
# ## 10 · Into production
#
# The Monday job in numbers: what one pass over all pairs costs the model you would ship.

# %%
started = time.perf_counter()
one_monday = panel.rows(TEST[-1:])
logistic.predict_proba(panel.features(one_monday))
seconds = time.perf_counter() - started
print(f"{len(one_monday):,} pairs in {seconds:.1f} s: {1000 * seconds / len(one_monday) * 1000:.1f} ms for 1,000 decisions, one process")

# %%
production_card("01")

# %% [markdown]
# ## May we?
#
# * **Lawful basis.** In the EU, marketing to one's own customers can rest on *legitimate interest*: GDPR, Article 6(1)(f), applicable since 25
#   May 2018. You must have weighed it, in writing. The purpose of the loyalty card must cover it (Article 5(1)(b)).
# * **Opt-out.** GDPR, Article 21(2)–(3): whoever objects to direct marketing, profiling included, is out, at once and without a reason. In China,
#   PIPL (个人信息保护法), Article 24, in force since 1 November 2021: offer an option that is not based on personal characteristics, or an
#   easy way to refuse. The provisions on algorithmic recommendation (算法推荐管理规定), Article 17, in force since 1 March
#   2022, demand a switch to turn it off.
# * **Price.** The same Article 24 forbids unreasonable differences in price (大数据杀熟). A coupon is a price. Log who was offered what.
# * **Who is harmed?** Baskets reveal pregnancy, illness, faith. GDPR, Article 9 treats what *reveals* such things as special. So:
#   candidates come from an approved list (beer was left out by a rule above), and nothing is inferred that the shop may not ask.
#
# The data here are de-identified and were released for teaching; `data/complete_journey.md` says what is known of their origin.
#
# ## Answer again, with your numbers

# %% [markdown] tags=["answer"]
# **Your 60-second answer, second time.** Use numbers from *your* tables: base rate, count, best rung on all and on new pairs, cost.
#
# …

# %%
reveal("01")

# %%
interview(3)

# %%
progress("01")
