"""The exercises of lesson 04: words with weights, topics, an interest that fades, networks that return keywords, keyword lists judged.

Cases come by hand first, then the rules the text states, then random ones drawn so that each pair of known mistakes parts company.
Where one number decides between two answers, the random cases are drawn so that rounding cannot.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers import gibbs
from helpers.checks.exercise import case, exercise
from helpers.checks.judge import close
from helpers.checks.training import LOSS_ADVICE, fit_and_predict, labels_at_least
from helpers.language import Text
from helpers.rhythms import ended_interests, tagged_texts

DAY = pd.Timedelta(days=1)


# Words with alike neighbours: within each other, differing by a capital, or in Chinese.
_WORDS = np.array(["milk", "oat milk", "Milk", "tea", "tea pot", "soap", "bread", "rye bread", "纸巾", "厨房纸巾"], dtype=object)


@exercise(level="core", minutes=15, points=20, short=True, uses=("numpy",), functions=("tfidf", "bow"), judge=close(rtol=1e-9), cases=45, hints=(
    Text("`bow`: first a dictionary from word to column, then walk through the documents. A word that is not in the dictionary is passed over.",
         "`bow`：先建一个「词 → 列号」的字典，再逐篇遍历文档。字典里没有的词直接跳过。"),
    Text("`tfidf`: which of the two tables may the weights know? df counts *rows* that hold the word, `(train_counts > 0).sum(axis=0)`, not how often "
         "it occurs.",
         "`tfidf`：权重可以看到两个表中的哪一个？df 数的是含有该词的*行数*，即 `(train_counts > 0).sum(axis=0)`，而不是词出现的次数。"),
    Text("The length of each row is `np.sqrt((weighted ** 2).sum(axis=1, keepdims=True))`. Where it is 0, divide by 1: 0 / 1 stays 0.",
         "每一行的长度是 `np.sqrt((weighted ** 2).sum(axis=1, keepdims=True))`。长度为 0 的行改为除以 1：0 / 1 仍是 0。"),
))
def tfidf(rng):
    unknown = Text("words that are not in the vocabulary are ignored", "不在词表中的词被忽略")
    exact = Text("words are compared exactly, capitals included, and columns follow the vocabulary", "词要完全相同（区分大小写），列的顺序与词表一致")
    no_words = Text("an empty document is a row of zeros", "空文档是一行 0")
    no_documents = Text("no documents: shape (0, V)", "没有文档时：形状为 (0, V)")
    zeros = Text("a row of zeros stays zeros", "全 0 的行保持为 0")
    everywhere = Text("a word of every training row still counts, with idf 1", "出现在每个训练行中的词仍然计入，idf 为 1")
    nowhere = Text("a word of no training row has a finite idf, the largest", "没有出现在任何训练行中的词，idf 有限且最大")
    yield case([["milk", "tea", "milk"], ["soap"]], ["soap", "milk", "tea"]).to("bow")
    yield case([["tea", "bread", "tea", "tea"], ["milk", "bread"], ["soap", "tea", "soap"]], ["tea", "soap", "milk", "bread"]).to("bow")
    yield case([[2, 0], [1, 1], [3, 1]], [[1, 1], [0, 2]])
    yield case(np.array([[1, 0, 4], [2, 1, 0], [0, 1, 1], [5, 1, 0]]), np.array([[3, 1, 2], [0, 4, 1]]))
    yield case([["caviar", "tea"], ["tea", "tea", "caviar", "wasabi"], ["wasabi"]], ["milk", "tea", "soap"]).to("bow").shows(unknown)
    yield case([["oat milk", "milk"], ["Milk", "tea pot"], ["TEA", "tea"]], ["tea", "milk", "Milk"]).to("bow").shows(exact)
    yield case([["厨房纸巾", "纸巾", "纸巾"], ["纸"]], ["纸巾", "洗衣液", "厨房纸巾"]).to("bow").shows(exact)
    yield case([[], ["tea"], []], ["milk", "tea"]).to("bow").shows(no_words)
    yield case([[]], ["milk", "tea", "soap"]).to("bow").shows(no_words)
    yield case([], ["milk", "tea", "soap"]).to("bow").shows(no_documents)
    yield case([[1, 0, 1], [0, 2, 1], [1, 1, 3]], [[0, 0, 0], [1, 2, 1]]).shows(zeros)
    yield case([[1, 0], [0, 2], [1, 1]], [[0, 0]]).shows(zeros)
    yield case([[1, 0, 2], [2, 1, 0], [1, 0, 1]], [[1, 1, 0], [2, 0, 1]]).shows(everywhere)
    yield case([[1, 0], [2, 1], [1, 2]], [[1, 0], [0, 1]]).shows(everywhere)        # a row whose length is 1 before anything is divided
    yield case([[1, 0, 2], [2, 0, 0], [1, 0, 1], [0, 0, 1]], [[1, 1, 2], [0, 3, 1]]).shows(nowhere)
    while True:
        vocab = list(rng.permutation(_WORDS)[:int(rng.integers(4, 8))])
        # Mostly known words, each document with some word twice and some unknown one.
        docs = []
        for _ in range(int(rng.integers(3, 7))):
            doc = list(rng.choice(_WORDS, int(rng.integers(3, 9))))
            docs.append([*doc, doc[0], vocab[int(rng.integers(len(vocab)))]])
        yield case([list(map(str, doc)) for doc in docs], list(map(str, vocab))).to("bow")
        V, n, m = int(rng.integers(4, 9)), int(rng.integers(4, 11)), int(rng.integers(3, 7))
        often = rng.uniform(.2, 1.6, V)
        train, new = rng.poisson(often, (n, V)), rng.poisson(rng.permutation(often), (m, V))
        new[0, :2] = 2, 1                                       # a row with two words, one of them twice
        yield case(train, new) if rng.random() < .7 else case(train.tolist(), new.tolist())


def _times(now: pd.Timestamp, ages) -> np.ndarray:
    """The times that lie so many days before now: datetime64[ns], to the minute."""
    minutes = np.round(np.asarray(ages, float) * 1440).astype(int)
    return (np.datetime64(now, "ns") - minutes * np.timedelta64(1, "m")).astype("datetime64[ns]")


@exercise(level="core", minutes=20, points=20, short=True, uses=("numpy", "pandas"), judge=close(rtol=1e-9), cases=46, hints=(
    Text("Begin with the events that are allowed: `time < now`. Everything else looks at these alone.",
         "先取出允许使用的事件：`time < now`。之后的一切只看它们。"),
    Text("Age in days, with its fraction: `(np.datetime64(now) - time) / np.timedelta64(1, \"D\")`. An event then counts weight · 2^(−age / half_life).",
         "以天为单位的时长，保留小数：`(np.datetime64(now) - time) / np.timedelta64(1, \"D\")`。事件的贡献是 weight · 2^(−age / half_life)。"),
    Text("`np.bincount(category, faded, minlength=len(prior))` sums by category. Only the sum is held at 0, not the single event: or nothing could be "
         "taken back.",
         "`np.bincount(category, faded, minlength=len(prior))` 按类别求和。只对总和截断到 0，而不是对单个事件：否则退货就抵消不了任何东西。"),
    Text("The last line is (s + κ·prior) / (Σs + κ). Look at the divisor before you divide: where it is 0, the answer is `prior`.",
         "最后一步是 (s + κ·prior) / (Σs + κ)。相除之前先看分母：分母为 0 时返回 `prior`。"),
))
def interest_vector(rng):
    half = Text("an event exactly one half-life old counts one half", "恰好过了一个半衰期的事件计二分之一")
    shifted = Text("the whole history and `now` a week later: the same shares", "整段历史与 `now` 同时推后一周：份额不变")
    nothing = Text("no events: the prior, with κ = 0 as well", "没有事件时返回先验，κ = 0 时也一样")
    returned = Text("a return takes away, but a sum never falls below 0", "退货会抵消，但总和不会低于 0")
    by_category = Text("the sum of a category is held at 0, not the single event", "截断到 0 的是一个类别的总和，而不是单个事件")
    at_now = Text("an event at `now` is ignored", "恰在 `now` 的事件被忽略")
    future = Text("events after `now` are ignored", "`now` 之后的事件被忽略")
    hours = Text("fractions of a day count", "不足一天的时间也计入")
    empty_sum = Text("κ = 0 and nothing positive: the prior", "κ = 0 且没有正的总和时返回先验")
    now = pd.Timestamp("2017-05-15")
    three, uneven = np.array([.5, .25, .25]), np.array([.1, .6, .3])

    def told(category, weight, ages, half_life, prior, kappa, now=now):
        return case(np.array(category, int), np.array(weight, float), _times(now, ages), half_life, prior, kappa, now)

    yield told([0, 1, 1], [1, 1, -1], [7, 14, 7], 7, three, 1.)
    yield told([2, 0, 1, 2, 1], [1, .2, 1, .2, .2], [3, 40, 12.5, 20.25, 1.75], 10, uneven, 2.)
    yield told([1, 0, 2, 0], [1, 1, .2, -1], [30, 2.5, .5, 1], 14.5, three, .5)
    yield told([0, 1], [1, 1], [10, 20], 10, three, 0.).shows(half)
    yield told([1, 1, 0], [1, 1, .5], [28, 28, 14], 28., uneven, 1.).shows(half)
    week = [([2, 0, 1], [1, 1, .2], [1.5, 9, 33], 12, uneven, 1.), ([0, 2, 0], [1, -1, .2], [60, 4, 3.25], 20, three, .25)]
    for history in week:
        yield told(*history).shows(shifted)
        yield told(*history, now=now + 7 * DAY).shows(shifted)
    yield told([], [], [], 14, uneven, 3.).shows(nothing)
    yield told([], [], [], 14, three, 0.).shows(nothing)
    yield told([0, 1, 0], [1, 1, -1], [20, 9, 2], 10, uneven, 0.).shows(returned)
    yield told([2, 2, 1], [.2, -1, 1], [4, 3.5, 8], 7, three, 1.5).shows(returned)
    yield told([0, 0, 1], [1, -.5, 1], [3, 6, 12], 6, uneven, 0.).shows(by_category)
    yield told([1, 1, 1, 2], [-1, 1, 1, .2], [15, 1, 2, 7], 30, three, .5).shows(by_category)
    yield told([0, 1], [1, 1], [0, 7], 7, three, 1.).shows(at_now)
    yield told([2, 0, 1], [1, -1, 1], [0, 0, 3.5], 7, uneven, 0.).shows(at_now)
    yield told([0, 1, 2], [1, 1, 1], [-3, 7, -.25], 7, uneven, 1.).shows(future)
    yield told([0, 1], [1, .2], [-20, -1], 7, uneven, 2.).shows(future)
    yield told([0, 1, 2], [1, 1, 1], [.25, .75, 1.5], .5, three, 0.).shows(hours)
    yield told([2, 1], [1, 1], [1.75, .125], 1.5, uneven, .5, now=now + .4375 * DAY).shows(hours)
    yield told([0, 2], [-1, -.2], [3, 5], 7, uneven, 0.).shows(empty_sum)
    yield told([1, 1], [1, -1], [12, 2], 7, three, 0.).shows(empty_sum)
    while True:
        K, n = int(rng.integers(3, 7)), int(rng.integers(7, 22))
        half_life = round(float(rng.uniform(3, 40)), 2)
        ages = np.concatenate([[0.], rng.uniform(-6, 0, 2), rng.uniform(.01, 3 * half_life, n - 3)])
        weight = rng.choice([1., .2, .5, -1., -.5], n, p=[.4, .25, .1, .15, .1])
        category, order = rng.integers(0, K, n), rng.permutation(n)
        past = ages > 0
        # Neither a sum so small that the last digits decide, nor a case without returns, which a third of the mistakes need.
        sums = np.bincount(category[past], weight[past] * 2 ** (-ages[past] / half_life), minlength=K)
        if np.maximum(sums, 0).sum() < .2 or weight[past].min() > 0:
            continue
        prior = rng.dirichlet(np.full(K, 2.))
        at = now + int(rng.integers(0, 300 * 1440)) * pd.Timedelta(minutes=1)
        yield told(category[order], weight[order], ages[order], half_life, prior, float(rng.choice([0., .5, 1.5, 4.])), now=at)


@exercise(level="more", minutes=10, uses=("numpy",), judge=close(rtol=1e-9), cases=50, hints=(
    Text("`list(dict.fromkeys(words))` drops repeats and keeps the order. Cut at k after that, not before.",
         "`list(dict.fromkeys(words))` 去掉重复并保持顺序。先去重，再在 k 处截断。"),
    Text("Two numbers of each household are enough: its hits, and how many distinct gold words it has. Leave out who has none.",
         "每个家庭只需要两个数：命中数，以及不同的标准关键词个数。没有标准关键词的家庭略去。"),
    Text("F1 = 2PR/(P + R) = 2 · hits / (k + |gold|), which never divides by 0. For `micro` sum hits, k and |gold| over the households first.",
         "F1 = 2PR/(P + R) = 2 · 命中数 / (k + |gold|)，分母不会为 0。`micro` 时先对各家庭的命中数、k、|gold| 求和。"),
))
def prf_at_k(rng):
    by_k = Text("precision divides by k, also where fewer were ranked, or fewer are gold", "精确率除以 k，即使排出的词或标准关键词少于 k 个")
    repeats = Text("repeats collapse before the cut at k", "先去重，再在 k 处截断")
    gold_once = Text("a word that stands twice in the gold counts once", "标准关键词中重复的词只算一次")
    skipped = Text("who has no gold is skipped", "没有标准关键词的家庭被略去")
    no_hit = Text("no hit: F1 is 0; an empty list is one without hits", "没有命中时 F1 为 0；空列表即没有命中")
    nobody = Text("nobody has gold: three times nan", "所有人都没有标准关键词时：三个 nan")
    refused = Text("another average, or k below 1, is refused", "其他 average，或 k 小于 1，会报错")
    for average in ("macro", "micro"):
        yield case([["tea", "milk", "soap"], ["soap", "bread", "tea"]], [["milk", "bread", "jam", "tea"], ["soap"]], 2, average)
        yield case([[4, 8, 1, 5], [2, 9, 3, 4], [7, 1, 2, 6]], [[1, 4, 5], [9], [3, 6, 2, 1, 8]], 3, average)
        yield case([["tea"], ["milk", "soap", "jam"]], [["tea", "jam"], ["soap"]], 3, average).shows(by_k)
        yield case([["tea", "tea", "jam", "soap"], ["jam", "milk", "jam", "milk", "tea"]], [["jam", "tea", "rice"], ["tea", "milk"]], 3, average).shows(repeats)
        yield case([["tea", "milk"], ["soap", "jam"]], [["milk", "rice", "milk", "milk"], ["jam"]], 2, average).shows(gold_once)
        yield case([["tea", "milk"], ["soap", "jam"], ["rice"]], [["tea"], [], {"rice", "jam"}], 2, average).shows(skipped)
        yield case([["tea", "milk"], [], ["soap", "jam"]], [["soap"], ["tea"], ("jam", "rice", "soap")], 2, average).shows(no_hit)
        yield case([["tea"]], [["milk"]], 1, average).shows(no_hit)
        yield case([["tea"], ["milk"]], [[], []], 2, average).shows(nobody)
    for average, k in (("weighted", 2), ("samples", 1), ("macro", 0), ("micro", -1)):
        yield case([["tea", "milk"], ["soap"]], [["milk"], ["soap", "jam"]], k, average).raises(ValueError).shows(refused)
    while True:
        for average in ("macro", "micro"):
            words = ["tea", "milk", "soap", "jam", "rice", "纸巾", "oil", "salt", "eggs"] if rng.random() < .5 else list(range(20, 29))
            ranked, gold = [], []
            for _ in range(int(rng.integers(4, 9))):
                ranked.append([words[i] for i in rng.integers(0, 9, int(rng.integers(0, 9)))])
                own = [words[i] for i in rng.integers(0, 9, int(rng.choice([0, 1, 2, 3, 5])))]
                gold.append(own if rng.random() < .6 else tuple(own) if rng.random() < .5 else set(own))
            ranked[0], gold[0] = [words[i] for i in rng.permutation(9)[:6]], [words[i] for i in rng.permutation(9)[:4]]
            yield case(ranked, gold, int(rng.integers(1, 6)), average)


@exercise(level="core", minutes=20, points=20, uses=("numpy",), functions=("lda_gibbs_step", "topic_estimates"), judge=close(rtol=1e-9),
          cases=44, hints=(
    Text("Three tables of counts: document by topic, topic by word, and the tokens of each topic. Count once, before the loop; inside it only "
         "subtract and add 1.",
         "三张计数表：文档×主题、主题×词、每个主题的词元数。循环前统计一次；循环内只做减 1 和加 1。"),
    Text("`n_dk[docs, topics] += 1` counts a pair once, however often it occurs. `np.add.at(n_dk, (docs, topics), 1)` counts it each time.",
         "`n_dk[docs, topics] += 1` 对重复的组合只计一次。`np.add.at(n_dk, (docs, topics), 1)` 每次都计。"),
    Text("The new topic: `np.argmax(np.cumsum(p) > draws[i] * p.sum())`, the position of the first True. Then add 1 in all three tables under "
         "the **new** topic.",
         "新主题：`np.argmax(np.cumsum(p) > draws[i] * p.sum())`，即第一个 True 的位置。然后在三张表中按**新**主题加 1。"),
    Text("`topic_estimates`: add alpha to the counts and divide each row by its sum. A row of zeros becomes 1/K by itself.",
         "`topic_estimates`：计数加 alpha，再除以各行之和。全零的行自然得到 1/K。"),
))
def lda_gibbs_step(rng):
    estimates = "topic_estimates"
    yield case([0, 0, 1], [0, 0, 0], [0, 1, 1], 2, 2, 1., 1., [.3, .2, .9])
    yield case([0, 0, 1], [0, 0, 0], [1, 0, 1], 1, 2, 2, 1., 1.).to(estimates)
    yield case(np.array([2, 0, 1, 2, 3, 3]), np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 2, 1, 0]), 3, 4, .5, .25,
               np.array([.37, .81, .55, .12, .93, .46]))
    yield case([3, 1, 1, 0], [1, 0, 1, 0], [1, 0, 0, 1], 2, 2, 4, .5, .25).to(estimates)
    yield case([0, 1, 0, 0], [3, 0, 3, 1], [1, 0, 1, 0], 2, 2, .5, .25, [.33, .71, .86, .2])     # more documents than words
    yield case([0, 1], [0, 1], [0, 1], 2, 2, 1., 1., [.7, .2]).shows(
        Text("a token has no vote on its own topic: it is out of all three counts", "词元不能为自己的主题投票：它要从三张计数表中移出"))
    yield case([0, 0], [0, 0], [0, 0], 2, 2, .5, .5, [.9, .6]).shows(
        Text("a later token sees the new topic of an earlier one", "后面的词元能看到前面词元的新主题"))
    yield case([0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 1, 1], 2, 3, .5, .25, [.8, .7, .3, .35]).shows(
        Text("tokens are visited in the order given, not document by document", "按给定顺序访问词元，而不是逐个文档访问"))
    # Both topics are as likely, and the topic changes: whoever writes into what he was given is seen here.
    yield case(np.array([0]), np.array([0]), np.array([1]), 2, 1, .5, .5, np.array([.05])).shows(
        Text("the topics handed in are not changed", "传入的主题不被改动"))
    one = Text("with one topic phi is the smoothed unigram, and nothing can be resampled", "只有一个主题时，phi 就是平滑后的一元模型，采样也不会改变什么")
    yield case([1, 1, 0, 3, 1], [0, 1, 1, 0, 2], [0] * 5, 3, 1, 4, .5, .1).to(estimates).shows(one)
    yield case([1, 1, 0, 3, 1], [0, 1, 1, 0, 2], [0] * 5, 1, 4, .5, .1, [.1, .9, .5, .3, .7]).shows(one)
    empty = Text("a document without tokens has 1/K for each topic", "没有词元的文档在每个主题上都是 1/K")
    yield case([0, 2, 2], [1, 1, 3], [2, 0, 1], 5, 3, 3, .25, .5).to(estimates).shows(empty)
    yield case([4, 2, 2], [0, 0, 1], [1, 0, 1], 3, 2, 6, .5, .25).to(estimates).shows(
        Text("a word nobody bought stays possible in every topic", "没人买过的词在每个主题中仍有可能"))
    again = Text("the same word of a document under the same topic counts each time", "同一文档中同一主题的同一个词，每出现一次都要计数")
    yield case([1, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], 1, 2, 2, .5, .25).to(estimates).shows(again)
    yield case([1, 1, 1, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 1, 1], 2, 2, .5, .25, [.62, .4, .71, .2, .58]).shows(again)
    while True:
        K, V, D, n = int(rng.integers(2, 5)), int(rng.integers(4, 9)), int(rng.integers(2, 5)), int(rng.integers(14, 30))
        words, docs, given = (rng.integers(0, most, n) for most in (V, D, K))
        alpha, beta = round(float(rng.uniform(.1, 1.5)), 2), round(float(rng.uniform(.05, .6)), 2)
        while True:
            draws = rng.uniform(.001, .999, n).round(3)
            # A token's topic only grows with its draw: if a sweep a little below and one a little above agree, no draw is near a boundary.
            below, above = (gibbs.sweep(words, docs, given, K, V, alpha, beta, draws + shift) for shift in (-1e-9, 1e-9))
            if (below == above).all():
                break
        if rng.random() < .4:
            yield case(words.tolist(), docs.tolist(), given.tolist(), K, V, alpha, beta, draws.tolist())
        else:
            yield case(words, docs, given, K, V, alpha, beta, draws)
        if rng.random() < .5:
            missing = int(rng.integers(0, D))
            yield case(words, docs + (docs >= missing), given, D + 1, K, V + int(rng.integers(0, 2)), alpha, beta).to(estimates)


@exercise(level="stretch", minutes=10, uses=("numpy",), judge=close(rtol=1e-9), cases=40, hints=(
    Text("Make each document a set first. A probability is then a share: how many of the sets contain the word, or both words?",
         "先把每个文档变成集合。概率就是份额：多少个集合包含这个词，或同时包含两个词？"),
    Text("Two cases come before the formula, since there it is 0/0 or ln 0: never together is −1, in every document together is 1.",
         "公式之前先处理两种情形（否则是 0/0 或 ln 0）：从不同现为 −1，在每个文档都同现为 1。"),
    Text("`itertools.combinations(topic, 2)` gives each pair of a topic once.", "`itertools.combinations(topic, 2)` 给出主题中的每一对，各一次。"),
))
def npmi_coherence(rng):
    # The number of documents is prime: two words are then never exactly independent unless one is everywhere, and no answer is a 0 that
    # one processor finds as 0 and another as 1e-17.
    shop = [["milk", "cereal"], ["cereal", "milk", "eggs"], ["eggs", "beer"], ["beer", "steak", "beer"], ["coffee"]]
    yield case([["milk", "cereal", "eggs"]], shop)
    yield case([["eggs", "beer"], ["steak", "beer", "eggs"], ["milk", "cereal"]], shop)
    never = Text("never together is −1, also if one of the two never occurs", "从不同现为 −1，其中一个词从未出现时也是")
    yield case([["milk", "coffee"]], shop).shows(never)
    yield case([["milk", "truffles"], ["caviar", "truffles"]], shop).shows(never)
    yield case([["milk", "cereal", "truffles"]], shop).shows(never)
    always = Text("in every document together is 1", "在每个文档都同现为 1")
    yield case([["milk", "eggs"]], [["milk", "eggs"], ["eggs", "milk", "tea"], ["milk", "eggs"]]).shows(always)
    yield case([["milk", "tea"], ["milk", "beer"]], [["tea", "milk"]]).shows(always)
    yield case([["wipes", "formula"]], [["wipes", "wipes", "wipes", "formula"], ["wipes"], ["formula", "tea"], ["wipes", "formula"], ["tea"]]).shows(
        Text("a word counts once in a document, however often it was bought", "无论买了多少次，一个词在一个文档中只计一次"))
    yield case([["wipes", "formula"]], [["wipes", "tea", "beer", "formula"], ["formula", "wipes"], ["wipes"], ["tea"], ["beer", "formula"]]).shows(
        Text("together means in the same document, side by side or not", "同现是指在同一文档中，不必相邻"))
    yield case([["milk", "eggs"]], [["milk", "eggs"], [], ["eggs"], [], ["milk"], ["milk", "eggs"], []]).shows(
        Text("an empty document is a document", "空文档也是文档"))
    words = ["apples", "bread", "cheese", "diapers", "eggs", "fish", "grapes", "ham", "ice"]
    while True:
        n, often = int(rng.choice([7, 11, 13])), rng.dirichlet(np.ones(len(words)))
        docs = [rng.choice(words, int(rng.integers(0, 8)), p=often).tolist() for _ in range(n)]
        yield case([rng.choice(words, int(rng.integers(2, 5)), replace=False).tolist() for _ in range(int(rng.integers(1, 5)))], docs)


def _clear(query: np.ndarray, candidates: np.ndarray, k: int, lam: float) -> bool:
    """Whether at each choice the best candidate is ahead of the next by more than 1e-6."""
    length = np.linalg.norm(candidates, axis=1, keepdims=True)
    unit = np.divide(candidates, length, out=np.zeros_like(candidates), where=length > 0)
    relevance, left, penalty = unit @ query / (np.linalg.norm(query) or 1), list(range(len(unit))), None
    for _ in range(min(k, len(unit) - 1)):
        scores = relevance[left] if penalty is None else lam * relevance[left] - (1 - lam) * penalty[left]
        second, first = np.sort(scores)[-2:]
        if first - second < 1e-6:
            return False
        pick = left.pop(int(np.argmax(scores)))
        penalty = unit @ unit[pick] if penalty is None else np.maximum(penalty, unit @ unit[pick])
    return True


@exercise(level="stretch", minutes=15, uses=("numpy",), judge=close(rtol=1e-9), cases=48, hints=(
    Text("Divide every vector by its length first, and leave a vector of zeros as it is: then every cosine is a dot product.",
         "先把每个向量除以自身长度，零向量保持不变：这样余弦就是点积。"),
    Text("The first choice is `np.argmax(relevance)`. From then on each candidate's penalty is its **largest** cosine with any chosen one.",
         "第一个选择是 `np.argmax(relevance)`。之后每个候选词的惩罚是它与已选词余弦的**最大值**。"),
    Text("Set the scores of the chosen ones to −inf before argmax, and stop after min(k, n). `np.argmax` takes the first of equals.",
         "argmax 之前把已选词的分数设为 −inf，选满 min(k, n) 个就停。`np.argmax` 在相等时取第一个。"),
))
def keywords_mmr(rng):
    yield case([1., 0.], [[1., 0.], [4., 3.], [3., -4.]], 3, .4)
    yield case([1., 1., 1., 1.], [[1., 1., 1., 0.], [2., 2., 2., .5], [0., 0., 1., 3.], [1., -1., 0., 0.]], 3, .5)
    first = Text("the first is the most relevant one, whatever lam is", "无论 lam 为何，第一个都是最相关的")
    yield case([1., 0.], [[0., 1.], [3., 4.], [4., 3.]], 1, 0.).shows(first)
    yield case([1., 0., 0.], [[0., 1., 0.], [3., 4., 0.], [4., 0., 3.]], 2, 0.).shows(first)
    yield case([3., 4.], [[0., 1.], [1., 0.], [1., 1.], [-1., 0.]], 4, 1.).shows(Text("lam = 1 is the order of relevance", "lam = 1 就是相关性顺序"))
    # Axes and a query of length 2: every cosine is exact, however it is computed.
    equal = Text("of equals the lowest index", "相等时取最小的下标")
    yield case([1., 1., 1., 1.], [[0., 3., 0., 0.], [2., 0., 0., 0.], [0., 0., 0., 1.]], 2, .5).shows(equal)
    yield case([1., 1., 1., 1.], [[0., 3., 0., 0.], [2., 0., 0., 0.], [1., 1., 1., 1.]], 3, .5).shows(equal)
    zero = Text("a vector of zeros has cosine 0 with everything", "零向量与任何向量的余弦都是 0")
    yield case([1., 0.], [[0., 0.], [4., 3.], [-1., 0.]], 3, .75).shows(zero)
    yield case([0., 0.], [[4., 3.], [0., 1.], [3., -4.]], 3, .5).shows(zero)
    yield case([2., 0.], [[3., 4.], [4., 3.]], 5, .5).shows(Text("k above n gives all n, each once", "k 大于 n 时返回全部 n 个，每个一次"))
    yield case([1., 0.], [[1., 0.], [4., 3.], [-4., 3.], [0., -1.]], 3, .25).shows(
        Text("to point away from what is chosen is an advantage: the penalty may be negative", "与已选词方向相反是优势：惩罚可以为负"))
    while True:
        while True:
            m, n = int(rng.integers(3, 6)), int(rng.integers(5, 10))
            # Near-duplicates of three directions, of very different lengths: relevance alone would choose the same thing twice.
            around = rng.normal(size=(3, m))[rng.integers(0, 3, n)] + .4 * rng.normal(size=(n, m))
            candidates = (around * rng.uniform(.2, 4, (n, 1))).round(2)
            if rng.random() < .2:
                candidates[int(rng.integers(0, n))] = 0
            query = (candidates.mean(axis=0) + rng.normal(size=m) * rng.uniform(.3, 2)).round(2)
            k, lam = int(rng.integers(3, n + 2)), float(rng.choice([0, .3, .5, .7, .8, 1], p=[.1, .2, .25, .2, .15, .1]))
            if _clear(query, candidates, k, lam):
                break
        yield case(query.tolist(), candidates.tolist(), k, lam) if rng.random() < .3 else case(query, candidates, k, lam)


CURRENT_BOUND, TAGGED_BOUND = .75, .85
"""Smallest mean AUC of `build_interest_rnn` and of `build_keyword_model`, about half the way from the wrong answers to the worst right one.

Measured with one to four data seeds. Interests: GRU, LSTM and both directions 1.000, a SimpleRNN .93 to .99; an average of all words .50, their
maximum .51, ids as numbers .53 to .62. Keywords: the stacked LSTM .994 to .999, GRU, average and counts of the words 1.000; ids as numbers .62
to .74.
"""
COUNT_BOUND = .5
"""How far the mean sum of the K probabilities may be from the mean number of labels, which is 2 in both: half the way to a softmax, which says 1.

Right models were off by .16 at most, a softmax by .89 to 1.13, sigmoids under a categorical cross-entropy by 2.1 to 2.8.
"""

_ANY_SIZE = Text("another vocabulary, another number of labels and another length work as well", "换一个词表、标签个数和序列长度也能工作")


@exercise(level="core", minutes=15, points=15, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=8, batch_size=32, padding=7, length=None), judge=labels_at_least(CURRENT_BOUND, COUNT_BOUND, (LOSS_ADVICE,)), hints=(
              Text("Every shopper bought from every category, so *what* was bought tells nothing. Which layer still knows, at the end, what came last?",
                   "每个用户都买过每个类别，所以*买了什么*说明不了什么。哪一种层到最后仍知道最近买的是什么？"),
              Text("Ids run from 0 to V, so the Embedding has V + 1 rows, and row 0 is padding: mask_zero=True. Of the recurrent layer, the head needs the "
                   "last state only.",
                   "id 从 0 到 V，所以 Embedding 有 V + 1 行，第 0 行是填充：mask_zero=True。输出层只需要循环层的最后状态。"),
              Text("Input((None,), dtype=\"int32\"), Embedding(V + 1, 16, mask_zero=True), GRU(32, use_cudnn=False), Dense(K, activation=\"sigmoid\"); "
                   "binary_crossentropy and Adam(0.01).",
                   "Input((None,), dtype=\"int32\")，Embedding(V + 1, 16, mask_zero=True)，GRU(32, use_cudnn=False)，Dense(K, activation=\"sigmoid\")；"
                   "损失用 binary_crossentropy，优化器用 Adam(0.01)。"),
          ))
def build_interest_rnn(rng):
    ids, current = ended_interests(rng, 1000, 4)
    yield case(28, 4).trains_on(ids[:600], current[:600]).predicts(ids[600:], truth=current[600:])
    other, _ = ended_interests(rng, 40, 3)
    other[0, -1] = 21                   # the last word of the vocabulary: an Embedding without a row for it raises, on a CPU, which grades
    yield case(21, 3).predicts(other).shows(_ANY_SIZE)


@exercise(level="core", minutes=20, points=25, short=True, uses=("keras", "tensorflow"), cases=2,
          call=fit_and_predict(epochs=8, batch_size=32, padding=7, length=1), judge=labels_at_least(TAGGED_BOUND, COUNT_BOUND, (LOSS_ADVICE,)), hints=(
              Text("What do the interviewer's probabilities of one text sum to? And what should they sum to for a text about three keywords, or about none?",
                   "面试官的模型对一篇文本给出的概率之和是多少？一篇涉及三个关键词、或者一个也不涉及的文本，和应该是多少？"),
              Text("An id is a name, no amount. Which layer turns ids into vectors, and at the same time tells the LSTM which steps are padding?",
                   "id 是名称，不是数量。哪一层把 id 变成向量，同时告诉 LSTM 哪些步是填充？"),
              Text("Embedding(V + 1, 32, mask_zero=True), LSTM 50 with return_sequences=True, LSTM 50 without, Dense 128, Dense(K, activation=\"sigmoid\"); "
                   "binary_crossentropy and Adam(0.01).",
                   "Embedding(V + 1, 32, mask_zero=True)，LSTM 50（return_sequences=True），LSTM 50（不返回序列），Dense 128，"
                   "Dense(K, activation=\"sigmoid\")；损失用 binary_crossentropy，优化器用 Adam(0.01)。"),
          ))
def build_keyword_model(rng):
    ids, tags = tagged_texts(rng, 1000, 6)
    yield case(120, 16, 6).trains_on(ids[:600], tags[:600]).predicts(ids[600:], truth=tags[600:])
    other, _ = tagged_texts(rng, 40, 5)
    other[0, -1] = 100                  # as above
    yield case(100, 13, 5).predicts(other[:, 3:]).shows(_ANY_SIZE)
