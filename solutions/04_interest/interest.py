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

# %% tags=["setup"]
import numpy as np
import pandas as pd

from helpers import ask, check, hint, interview, plots, production_card, progress, recap, reveal, rhythms, yours  # noqa: F401

plots.style()
SEED = 1

# %% [markdown]
# ## 6 · An interest that ended
#
# A list of what somebody bought, however it is weighted, is a **bag of words** (词袋): it knows *what* and *how often*. It cannot tell the
# parent whose last pram was years ago from the one who is choosing a pram this week, if both bought three things for babies. For that
# something must read in order.
#
# A **recurrent neural network** (循环神经网络, RNN) reads one step after the other and carries a **state** h, which is all it remembers.
# With x the vector of the present word and h the state before:
#
# * **SimpleRNN**: h ← tanh(W x + U h + b). Each step writes over the *whole* state. What happened T steps ago survives T products with U,
#   and so does its gradient: it fades or explodes (梯度消失/爆炸). It cannot choose what to forget.
# * **GRU** (门控循环单元): a **gate** (门) z between 0 and 1, computed from x and h, says per unit how much of the old state stays:
#   h ← z·h + (1 − z)·candidate. A second gate says how much of the old state the candidate may see. It forgets exactly as much as it
#   writes.
# * **LSTM** (长短期记忆网络): a second state, the cell c, with a gate each for forgetting, writing and showing: c ← f·c + i·candidate,
#   h ← o·tanh(c). Forgetting and writing are chosen apart, so it can also count.
#
# With d numbers a word and h units that is one, three and four sets of weights (Keras' GRU has two biases):

# %%
from helpers import training  # imports TensorFlow: takes a few seconds
from helpers.training import keras

d, h = 16, 32
layers = {"SimpleRNN": (keras.layers.SimpleRNN(h), "h(d + h + 1)", h * (d + h + 1)), "GRU": (keras.layers.GRU(h), "3h(d + h + 2)", 3 * h * (d + h + 2)),
          "LSTM": (keras.layers.LSTM(h), "4h(d + h + 1)", 4 * h * (d + h + 1))}
for layer, _, _ in layers.values():
    layer.build((None, None, d))
pd.DataFrame({name: {"formula": formula, "by hand": by_hand, "Keras": layer.count_params()} for name, (layer, formula, by_hand) in layers.items()}).transpose()

# %% [markdown]
# **Padding** (填充). Histories differ in length, arrays do not: shorter ones get zeros **in front**, so that the last step is the latest
# for all. `Embedding(V + 1, d, mask_zero=True)` gives each id its vector (词嵌入) and hands on a **mask** (掩码): recurrent layers then
# skip id 0, and the state stays as it was.
#
# By hand, with words 1 and 2 for tea, 3 and 4 for yarn, 5 for neither: `0 0 1 4 2 1 5 3 3` bought tea three times and yarn three times.
# Lately it was yarn: the target is (0, 1). `0 0 3 3 4 5 1 1 2` has the same counts but for one word, and the target (1, 0).
#
# ### exercise: build_interest_rnn
#
# `build_interest_rnn(V, K)` → a **compiled** `keras.Model`: which of K categories is a shopper interested in **now**?
#
# * input: ids of what was bought, integers (N, T), the latest last: 1 to V are words, **0 is padding**, in front. **Any T**:
#   `keras.Input((None,), dtype="int32")`.
# * output **(None, K)**: K sigmoids. Each is the chance that this category is a current interest, whatever the others are: none, some or all
#   may be.
# * **More zeros in front change nothing**: the same model gives the same shopper the same probabilities (to 0.0001).
# * compiled with binary cross-entropy and **Adam with a learning rate of 0.01**: six epochs are few.
# * Simple, GRU or LSTM, one or several: yours to choose, 32 units are plenty. On a GPU a masked GRU or LSTM needs `use_cudnn=False`, since
#   that kernel refuses padding in front; here it is without effect.
#
# The check trains it on 600 made-up shoppers, six epochs. Each bought three words of *every* category; where the interest is current, one of
# them among the last six steps, where it ended, none. On new shoppers the K probabilities must sum, on average, to the number of current
# interests (to within 0.5); the AUC, averaged over the categories, must be at least 0.8; and padding must change nothing. Then it asks for
# another vocabulary. `keras` and `tensorflow` are what you may use; import them inside your function.

# %%
# exercise: build_interest_rnn
def build_interest_rnn(V, K):
    """A compiled recurrent model over ids (N, T) of words 1 to V, any T, 0 in front for padding: K probabilities, output (None, K)."""
    ### BEGIN SOLUTION: an embedding that masks 0, a recurrent layer that gives its last state, K sigmoids; compile
    import keras

    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(V + 1, 16, mask_zero=True)(inputs)
    x = keras.layers.GRU(32, use_cudnn=False)(x)
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model
    ### END SOLUTION

# %%
check(build_interest_rnn)

# %% [markdown]
# What do the three cells look at, once they have learnt? Take other made-up shoppers, and give one step of each the word that another shopper
# had there. If the probabilities move, the cell had used that step.

# %%
import time

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

K, BACK = 4, 18
ids, current = rhythms.ended_interests(np.random.default_rng(SEED), 1000, K)
learn, new = np.arange(600), np.arange(600, 1000)
V = int(ids.max())
counts = np.stack([np.bincount(row, minlength=V + 1)[1:] for row in ids])
bag = np.stack([LogisticRegression().fit(counts[learn], y).predict_proba(counts[new])[:, 1] for y in current[learn].T], axis=1)
results = {"bag of words, logistic": {"AUC": roc_auc_score(current[new], bag)}}

rng = np.random.default_rng(SEED)
swapped = np.repeat(ids[new][None], BACK + 1, axis=0)                 # one copy as it is, and one for each step back
for back in range(1, BACK + 1):
    swapped[back, :, -back] = rng.permutation(swapped[back, :, -back])
moved = {}
for name, cell in zip(layers, training.CELLS, strict=True):
    started = time.perf_counter()
    keras.utils.set_random_seed(SEED)
    model = training.interest_rnn(V, K, cell)
    model.fit(ids[learn], current[learn], epochs=6, batch_size=32, verbose=0)
    p = model.predict(swapped.reshape(-1, ids.shape[1]), batch_size=2048, verbose=0).reshape(BACK + 1, len(new), K)
    moved[name] = np.abs(p[1:] - p[0]).mean(axis=(1, 2))
    results[name] = {"AUC": roc_auc_score(current[new], p[0]), "parameters": model.count_params(), "seconds": time.perf_counter() - started}

ax = plots.plt.subplots(figsize=(8, 3))[1]
for (name, line), color in zip(moved.items(), (plots.BLUE, plots.VERMILION, plots.GREY), strict=True):
    ax.plot(np.arange(1, BACK + 1), line, "o-", color=color, label=name, ms=4)
ax.axvspan(.5, 6.5, color=plots.FAINT, alpha=.6, lw=0)
ax.annotate("the last six steps", (3.5, ax.get_ylim()[1] * .93), ha="center", va="top", color=plots.GREY, fontsize=9.5)
ax.legend(frameon=False)
_ = ax.set(title="What each cell has learnt to remember", xlabel="steps back (1 is the latest)", ylabel="mean change of a probability", xticks=range(1, BACK + 1, 2))
pd.DataFrame(results).transpose().round(3)

# %% [markdown]
# The bag is at chance, as it must be: the counts were made to say nothing. The cells were never told that six steps matter; they found the
# edge from labels alone. On sequences as short as these the gates decide little. They pay where what matters lies far back, which the
# simple cell has written over by then.
#
# ## 7 · The interviewer shows you this code
#
# "Stacked LSTM, as in the book, to extract a shopper's **interest keywords** (兴趣关键词) from what he writes and searches. It runs. What do
# you say in the review?"
#
# ```python
# X = ids[:, :, None].astype("float32")                    # ids of words, (N, T, 1); shorter texts are filled with 0 in front
# X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)        # y: (N, num_keywords) of 0 and 1
# inputs = keras.Input(shape=X.shape[1:])
# x = keras.layers.LSTM(50, return_sequences=True)(inputs)
# x = keras.layers.LSTM(50)(x)
# x = keras.layers.Dense(128, activation="relu")(x)
# outputs = keras.layers.Dense(num_keywords, activation="softmax")(x)
# model = keras.Model(inputs, outputs)
# model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
# model.fit(X_train, y_train, epochs=10, batch_size=32)
# keyword = model.predict(X_test).argmax(axis=1)
# ```
#
# First ask what *extract* means. **Tagging** (打标签): which of K known keywords is the text about? That is this code, and this exercise.
# **Sequence labelling** (序列标注): which words *of the text* are the keywords? Then one answer a word is right, and so is a softmax, over
# begin, inside and outside. **Ranking** the text's own words needs no labels at all: TF-IDF.

# %% [markdown] tags=["answer"]
# **Your review.** There are at least seven faults: in the input, the padding, the head, the loss, the metric, the split, and the last line.
# For each: what is wrong, and how would it *show*?
#
# 1. …

# %% [markdown]
# One of them is worth a look before you repair it. Made-up texts are about none to four of six keywords. The same small network twice, with
# the interviewer's head and with sigmoids; beside them, no network at all:

# %%
K = 6
ids, tags = rhythms.tagged_texts(np.random.default_rng(SEED), 1000, K)
V = int(ids.max())
counts = np.stack([np.bincount(row, minlength=V + 1)[1:] for row in ids])
truth, many = tags[new], tags[new].sum(axis=1)


def tagger(head, loss):
    """Probabilities of new texts, by a small GRU with this head and this loss."""
    keras.utils.set_random_seed(SEED)
    model = training.interest_rnn(V, K)
    model = keras.Model(model.inputs, keras.layers.Dense(K, activation=head)(model.layers[-2].output))
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    model.fit(ids[learn], tags[learn], epochs=6, batch_size=32, verbose=0)
    return model.predict(ids[new], batch_size=1024, verbose=0)


answers = {
    "softmax, categorical cross-entropy": tagger("softmax", "categorical_crossentropy"),
    "sigmoids, binary cross-entropy": tagger("sigmoid", "binary_crossentropy"),
    "word counts, logistic regressions": np.stack([LogisticRegression().fit(counts[learn], y).predict_proba(counts[new])[:, 1] for y in tags[learn].T], axis=1),
    "the truth": truth.astype(float),
}
two = truth[many == 2].astype(bool)
pd.DataFrame({name: {"tags expected a text": p.sum(axis=1).mean(), "… of texts about nothing": p[many == 0].sum(axis=1).mean(),
                     "… of texts about four": p[many == 4].sum(axis=1).mean(),
                     "highest chance of the weaker of two true tags": p[many == 2][two].reshape(-1, 2).min(axis=1).max(),
                     "micro-F1 at 0.5": f1_score(truth, p > .5, average="micro")} for name, p in answers.items()}).transpose().round(2)

# %%
print(f"texts about exactly one keyword, the only ones for which argmax can be right: {(many == 1).mean():.0%}; about none: {(many == 0).mean():.0%}")

# %% [markdown]
# A **softmax shares out one label**. Its probabilities sum to 1 for every text, about four keywords or about none; two true keywords get at
# most ½ each, so a threshold of 0.5 finds neither. No training repairs that. K keywords that may hold together are K yes-or-no questions:
# **multi-label** (多标签), not multi-class (多分类).
#
# ### exercise: build_keyword_model
#
# `build_keyword_model(V, T, K)` → a **compiled** `keras.Model`, repaired
#
# * input: ids of words, integers (N, T): 1 to V are words, **0 is padding**, in front.
# * **Embedding → LSTM 50 → LSTM 50 → Dense 128 → K sigmoids**, output **(None, K)**. One LSTM or GRU, other sizes, dropout, or something
#   simpler are accepted as well.
# * **More zeros in front change nothing**: with the same weights, a model built for T + 7 steps gives the same texts the same
#   probabilities (to 0.0001). So weights must not depend on T, and padding must not be read.
# * compiled with binary cross-entropy and **Adam with a learning rate of 0.01**: eight epochs are few. GPU: `use_cudnn=False`, as before.
#
# The check trains it on 600 made-up texts, eight epochs. Each is about none to four of six keywords, and of each it holds two or three of
# its four words, among words that mean nothing. On new texts the K probabilities must sum, on average, to the number of keywords (to within
# 0.5); the AUC, averaged over the keywords, must be at least 0.8; and padding must change nothing. Then it asks for another vocabulary and
# length. `keras` and `tensorflow` are what you may use; import them inside your function.

# %%
# exercise: build_keyword_model
def build_keyword_model(V, T, K):
    """A compiled model over texts, ids (N, T) of words 1 to V with 0 in front for padding: K independent probabilities, output (None, K)."""
    ### BEGIN SOLUTION: an embedding that masks 0, two LSTMs of which the second gives its last state only, a dense layer, K sigmoids; compile
    import keras

    inputs = keras.Input((T,), dtype="int32")
    x = keras.layers.Embedding(V + 1, 32, mask_zero=True)(inputs)
    x = keras.layers.LSTM(50, return_sequences=True, use_cudnn=False)(x)
    x = keras.layers.LSTM(50, use_cudnn=False)(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    return model
    ### END SOLUTION

# %%
check(build_keyword_model)

# %% [markdown]
# Compare with your review:
#
# | fault | how it shows | repair |
# |---|---|---|
# | ids go in as numbers | number the words anew, and the model becomes another one | Embedding (or one-hot, if V is small) |
# | padding is read | more zeros in front, other probabilities | `mask_zero=True`, and no layer that loses the mask |
# | softmax over keywords | probabilities sum to 1, for texts about nothing too | K sigmoids |
# | categorical cross-entropy | a text about nothing costs nothing: nothing is learnt from it | binary cross-entropy |
# | accuracy | counts a hit when the top keyword is *one* of the true ones, whatever is missed | micro and macro F1, precision at k, AUC a keyword |
# | `argmax` | always one keyword, never none or three | a threshold a keyword, chosen on validation |
# | random split | texts of one shopper, or of one product, on both sides | split by time, and by shopper |
# | no baseline | nobody knows what 50 + 50 units added | word counts, in the same table |
#
# The last line is no formality. In the table above, logistic regressions on word counts do what the network does, without any order. **Which
# words occur** is all there is to know about what a text is *about*; so they are the model to beat. In section 6 the same counts were at
# chance. Ask what the question needs before you choose the layer.
