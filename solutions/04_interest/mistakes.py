"""Lesson 04: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import bisect
import itertools
import math
from collections import Counter

import numpy as np
import pandas as pd

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- tfidf: bow ----------------------------------------------------------------------------------------------------------


def _bow(docs, vocab, count=list.count):
    counts = np.zeros((len(docs), len(vocab)), int)
    for i, doc in enumerate(docs):
        counts[i] = [count(doc, word) for word in vocab]
    return counts


@mistake_of("tfidf", Text("Only whether a word occurs was noted. A bag counts: a word that stands there twice is a 2.",
                          "只记录了词是否出现。词袋要计数：出现两次就是 2。"), replaces="bow")
def seen_or_not(docs, vocab):
    return _bow(docs, vocab, lambda doc, word: word in doc)


@mistake_of("tfidf", Text("Words were looked for inside of other words: «milk» was found in «oat milk». Compare whole words.",
                          "在别的词内部也做了查找：在 «oat milk» 里找到了 «milk»。应比较完整的词。"), replaces="bow")
def inside_of_words(docs, vocab):
    return _bow(docs, vocab, lambda doc, word: " ".join(doc).count(word))


@mistake_of("tfidf", Text("A word that is not in the vocabulary raised an error. New words come every day: ignore them.",
                          "遇到词表之外的词就报错。新词每天都有：应当忽略。"), replaces="bow")
def unknown_word_raises(docs, vocab):
    counts = np.zeros((len(docs), len(vocab)), int)
    for i, doc in enumerate(docs):
        for word in doc:
            counts[i, vocab.index(word)] += 1
    return counts


@mistake_of("tfidf", Text("Unknown words were counted in the last column: position −1 is the last, not none. Pass them over.",
                          "未知的词被计入最后一列：下标 −1 是最后一列，而不是「没有」。应当跳过。"), replaces="bow")
def unknown_word_in_the_last_column(docs, vocab):
    column = {word: j for j, word in enumerate(vocab)}
    counts = np.zeros((len(docs), len(vocab)), int)
    for i, doc in enumerate(docs):
        for word in doc:
            counts[i, column.get(word, -1)] += 1
    return counts


@mistake_of("tfidf", Text("The columns are in alphabetical order. Keep the order of `vocab`: a model knows its columns by place.",
                          "列按字母顺序排列了。应保持 `vocab` 的顺序：模型按位置认列。"), replaces="bow")
def vocabulary_sorted(docs, vocab):
    return _bow(docs, sorted(vocab))


@mistake_of("tfidf", Text("Capitals were made small before comparing. Here words count as they are: «Milk» is not «milk».",
                          "比较前把大写变成了小写。这里词按原样计数：«Milk» 不是 «milk»。"), replaces="bow")
def capitals_made_small(docs, vocab):
    return _bow([[word.lower() for word in doc] for doc in docs], [word.lower() for word in vocab])


@mistake_of("tfidf", Text("Words are the rows here. A document is a row, a word a column.", "这里词成了行。应当一篇文档一行，一个词一列。"), replaces="bow")
def words_as_rows(docs, vocab):
    return _bow(docs, vocab).T


@mistake_of("tfidf", Text("The columns are the words of these documents, not those of `vocab`. A vocabulary is learnt once and then kept.",
                          "列取自这些文档自己的词，而不是 `vocab`。词表只学一次，之后保持不变。"), replaces="bow")
def vocabulary_of_the_documents(docs, vocab):
    return _bow(docs, sorted({word for doc in docs for word in doc}))


@mistake_of("tfidf", Text("Without documents the array lost its columns. Begin with `np.zeros((len(docs), len(vocab)))`: then the shape is (0, V).",
                          "没有文档时数组丢失了列。应从 `np.zeros((len(docs), len(vocab)))` 开始：此时形状为 (0, V)。"), replaces="bow")
def no_documents_no_columns(docs, vocab):
    return np.array([[doc.count(word) for word in vocab] for doc in docs])


@mistake_of("tfidf", Text("Empty documents were left out. Each document keeps its row, or the rows no longer belong to the households.",
                          "空文档被略去了。每篇文档都要保留一行，否则行与家庭就对不上了。"), replaces="bow")
def empty_documents_dropped(docs, vocab):
    return _bow([doc for doc in docs if doc], vocab)


@mistake_of("tfidf", Text("Counts were divided by the number of words in the document. A bag of words holds whole counts.",
                          "计数被除以了文档的词数。词袋中是整数计数。"), replaces="bow")
def shares_of_the_document(docs, vocab):
    return _bow(docs, vocab) / np.array([[max(len(doc), 1)] for doc in docs]).reshape(-1, 1)


@alternate_of("tfidf", replaces="bow")
def bow_by_counters(docs, vocab):
    return np.array([[Counter(doc)[word] for word in vocab] for doc in docs], dtype=int).reshape(len(docs), len(vocab))


@alternate_of("tfidf", replaces="bow")
def bow_by_comparing_arrays(docs, vocab):
    words = np.array([word for doc in docs for word in doc], dtype=object)
    document = np.repeat(np.arange(len(docs)), [len(doc) for doc in docs])
    row, column = np.nonzero(words[:, None] == np.array(vocab, dtype=object))
    return np.bincount(document[row] * len(vocab) + column, minlength=len(docs) * len(vocab)).reshape(len(docs), len(vocab))


# --- tfidf: the weights --------------------------------------------------------------------------------------------------


def _smooth(n, df):
    return np.log((1 + n) / (1 + df)) + 1


def _tfidf(train, counts, idf=_smooth, df=lambda train: (train > 0).sum(axis=0), tf=lambda counts: counts, length=None):
    """TF-IDF rows with one of its parts replaced; `length` gives what the weighted rows are divided by."""
    train, counts = np.asarray(train, float), np.asarray(counts, float)
    with np.errstate(all="ignore"):
        weighted = tf(counts) * idf(len(train), df(train))
        sizes = np.linalg.norm(weighted, axis=1, keepdims=True) if length is None else length(weighted)
        return weighted / np.where(sizes == 0, 1, sizes)


@mistake_of("tfidf", Text("The logarithm has base 10. Here it is the natural one, `np.log`; because of the + 1 the base matters.",
                          "用了以 10 为底的对数。这里是自然对数 `np.log`；由于有 + 1，底数会影响结果。"))
def log_of_base_ten(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log10((1 + n) / (1 + df)) + 1)


@mistake_of("tfidf", Text("The logarithm has base 2. Here it is the natural one, `np.log`; because of the + 1 the base matters.",
                          "用了以 2 为底的对数。这里是自然对数 `np.log`；由于有 + 1，底数会影响结果。"))
def log_of_base_two(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log2((1 + n) / (1 + df)) + 1)


@mistake_of("tfidf", Text("The idf is not smoothed: a word of no training row has df = 0, and n/0 is infinite. It is ln((1 + n)/(1 + df)) + 1.",
                          "idf 没有平滑：训练行中没有的词 df = 0，n/0 为无穷大。应为 ln((1 + n)/(1 + df)) + 1。"))
def not_smoothed(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log(n / df) + 1)


@mistake_of("tfidf", Text("Only df was smoothed. The one more document that holds every word counts in n, too: (1 + n)/(1 + df).",
                          "只平滑了 df。那篇「包含所有词的额外文档」也要计入 n：(1 + n)/(1 + df)。"))
def smoothed_below_only(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log(n / (1 + df)) + 1)


@mistake_of("tfidf", Text("The + 1 behind the logarithm is missing: a word of every training row then weighs nothing.",
                          "对数后面缺少 + 1：这样出现在每个训练行中的词权重为 0。"))
def without_the_one(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log((1 + n) / (1 + df)))


@mistake_of("tfidf", Text("This is the textbook's ln(n/df): no smoothing, and no + 1. A word nobody used makes it infinite, one that all use makes it 0.",
                          "这是教科书上的 ln(n/df)：既没有平滑，也没有 + 1。没人用的词变成无穷大，人人都用的词变成 0。"))
def textbook_idf(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: np.log(n / df))


@mistake_of("tfidf", Text("df sums how often the word occurs. It counts *documents*: rows in which the word occurs at all.",
                          "df 把词的出现次数加了起来。它数的是*文档*：含有该词的行数。"))
def df_counts_tokens(train_counts, counts):
    return _tfidf(train_counts, counts, df=lambda train: train.sum(axis=0))


@mistake_of("tfidf", Text("The idf was learnt from `counts`, the rows to be weighed: next month then decides what is rare. Learn it from `train_counts`.",
                          "idf 是从 `counts`（待加权的行）学到的：这等于让下个月决定哪些词稀有。应从 `train_counts` 学习。"))
def idf_of_the_new_rows(train_counts, counts):
    return _tfidf(counts, counts)


@mistake_of("tfidf", Text("The idf was learnt from both tables together, as `fit_transform(everything)` does. Learn it from `train_counts` alone.",
                          "idf 是从两个表合起来学到的，就像 `fit_transform(全部数据)`。应只从 `train_counts` 学习。"))
def idf_of_everything(train_counts, counts):
    return _tfidf(np.vstack([train_counts, counts]), counts)


@mistake_of("tfidf", Text("These are the training rows. Their idf is to weigh the rows of `counts`.",
                          "这里返回的是训练行。应当用它们的 idf 给 `counts` 的行加权。"))
def training_rows_weighed(train_counts, counts):
    return _tfidf(train_counts, train_counts)


@mistake_of("tfidf", Text("The columns have length 1. Divide each *row* by its length (axis=1): it is households that are compared.",
                          "长度为 1 的是列。应把每一*行*除以它的长度（axis=1）：要比较的是家庭。"))
def columns_normalised(train_counts, counts):
    return _tfidf(train_counts, counts, length=lambda weighted: np.linalg.norm(weighted, axis=0))


@mistake_of("tfidf", Text("One length was taken of the whole table: `np.linalg.norm` needs axis=1. Each row has a length of its own.",
                          "对整个表只取了一个长度：`np.linalg.norm` 需要 axis=1。每一行有自己的长度。"))
def one_length_for_all(train_counts, counts):
    return _tfidf(train_counts, counts, length=np.linalg.norm)


@mistake_of("tfidf", Text("Each row was divided by its sum. Its Euclidean length is the square root of the sum of squares.",
                          "每一行除以了它的和。欧几里得长度是平方和的平方根。"))
def divided_by_the_sum(train_counts, counts):
    return _tfidf(train_counts, counts, length=lambda weighted: weighted.sum(axis=1, keepdims=True))


@mistake_of("tfidf", Text("Each row was divided by the sum of its squares; the square root is missing.", "每一行除以了平方和；缺少开平方。"))
def root_forgotten(train_counts, counts):
    return _tfidf(train_counts, counts, length=lambda weighted: (weighted ** 2).sum(axis=1, keepdims=True))


@mistake_of("tfidf", Text("The rows were not divided by their lengths: who buys more is then like everybody.",
                          "没有把各行除以长度：这样买得多的人与谁都相似。"))
def not_normalised(train_counts, counts):
    return _tfidf(train_counts, counts, length=lambda weighted: 1)


@mistake_of("tfidf", Text("The counts were brought to length 1 before they were weighed. Weigh first, then divide by the length of what comes out.",
                          "在加权之前就把计数归一了。应先加权，再除以加权结果的长度。"))
def normalised_before_weighing(train_counts, counts):
    return _tfidf(train_counts, counts, tf=lambda counts: counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-300),
                  length=lambda weighted: 1)


@mistake_of("tfidf", Text("A row of zeros became nan: 0/0. Divide it by 1 instead, and it stays zeros.",
                          "全 0 的行变成了 nan：0/0。改为除以 1，它就保持为 0。"))
def empty_row_is_nan(train_counts, counts):
    return _tfidf(train_counts, counts, length=lambda weighted: np.where(weighted.any(axis=1, keepdims=True), np.linalg.norm(
        weighted, axis=1, keepdims=True), np.nan))


@mistake_of("tfidf", Text("tf was made 0 or 1. Here it is the plain count.", "tf 被变成了 0 或 1。这里就用原来的计数。"))
def tf_of_zero_or_one(train_counts, counts):
    return _tfidf(train_counts, counts, tf=lambda counts: counts > 0)


@mistake_of("tfidf", Text("tf is log(1 + count) in your answer. That is a variant; here it is the plain count.",
                          "你的 tf 是 log(1 + 计数)。那是一种变体；这里就用原来的计数。"))
def tf_of_log_one_plus(train_counts, counts):
    return _tfidf(train_counts, counts, tf=np.log1p)


@mistake_of("tfidf", Text("tf is 1 + log(count) in your answer (scikit-learn's sublinear_tf). Here it is the plain count.",
                          "你的 tf 是 1 + log(计数)（即 scikit-learn 的 sublinear_tf）。这里就用原来的计数。"))
def tf_sublinear(train_counts, counts):
    return _tfidf(train_counts, counts, tf=lambda counts: np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0))


@mistake_of("tfidf", Text("The idf was multiplied twice. Once is enough.", "idf 乘了两次。乘一次就够了。"))
def idf_squared(train_counts, counts):
    return _tfidf(train_counts, counts, idf=lambda n, df: _smooth(n, df) ** 2)


@alternate_of("tfidf")
def tfidf_by_loops(train_counts, counts):
    n, rows = len(train_counts), []
    idf = [math.log((n + 1) / (1 + sum(1 for row in train_counts if row[j] > 0))) + 1 for j in range(len(train_counts[0]))]
    for row in counts:
        weighted = [float(count) * weight for count, weight in zip(row, idf, strict=True)]
        length = math.hypot(*weighted)
        rows.append([each / length if length else 0.0 for each in weighted])
    return rows


@alternate_of("tfidf")
def tfidf_by_a_diagonal(train_counts, counts):
    train, counts = np.array(train_counts), np.array(counts, float)
    df = np.count_nonzero(train, axis=0) + 1
    weighted = counts @ np.diag(1 + np.log1p(len(train)) - np.log(df))
    squares = np.einsum("ij,ij->i", weighted, weighted)
    return weighted * np.where(squares > 0, 1 / np.sqrt(np.where(squares > 0, squares, 1)), 0)[:, None]


# --- interest_vector -----------------------------------------------------------------------------------------------------


def _age(time, now):
    return (np.datetime64(now, "ns") - time) / np.timedelta64(1, "D")


def _halved(age, half_life):
    return 2.0 ** (-age / half_life)


def _sums(category, weight, time, half_life, prior, now, age=_age, fade=_halved, keep=lambda age: age > 0):
    """The faded sums by category, and the factors of the events that were kept: not yet held at 0."""
    old = age(time, now)
    kept = keep(_age(time, now))
    faded = fade(old[kept], half_life)
    return np.bincount(category[kept], weight[kept] * faded, minlength=len(prior)), faded


def _shrunk(s, prior, kappa):
    evidence = s.sum() + kappa
    return (s + kappa * prior) / evidence if evidence > 0 else prior.copy()


def _interest(category, weight, time, half_life, prior, kappa, now, **parts):
    s, _ = _sums(category, weight, time, half_life, prior, now, **parts)
    return _shrunk(np.maximum(s, 0), prior, kappa)


@mistake_of("interest_vector", Text("Events grow old by their place in the file. The age is `now − time` in days; the file may be in any order.",
                                    "事件按文件中的位置衰减。时长应是以天计的 `now − time`；文件可以是任意顺序。"))
def decay_by_position(category, weight, time, half_life, prior, kappa, now):
    kept = time < np.datetime64(now, "ns")
    place = np.arange(kept.sum())[::-1]
    s = np.bincount(category[kept], weight[kept] * _halved(place, half_life), minlength=len(prior))
    return _shrunk(np.maximum(s, 0), prior, kappa)


@mistake_of("interest_vector", Text("Events grow old by rank: the latest 0, the one before it 1. Then nothing fades while a household stays away. Use days.",
                                    "事件按次序衰减：最近的为 0，前一个为 1。这样家庭不来时什么也不会衰减。应使用天数。"))
def decay_by_rank(category, weight, time, half_life, prior, kappa, now):
    order = np.argsort(time, kind="stable")
    return decay_by_position.function(category[order], weight[order], time[order], half_life, prior, kappa, now)


@mistake_of("interest_vector", Text("*Now* was taken from the latest event of the file, so everything in the file counts. Use the argument `now`, and ignore "
                                    "what lies at or after it.",
                                    "*now* 取自文件中最晚的事件，于是文件里的一切都被计入。应使用参数 `now`，忽略它及之后的事件。"))
def now_is_the_end_of_the_file(category, weight, time, half_life, prior, kappa, now):
    if not len(time):
        return prior.copy()
    return _interest(category, weight, time, half_life, prior, kappa, time.max(), keep=lambda age: age >= 0)


@mistake_of("interest_vector", Text("Future events are ignored, but ages are counted from the latest event that is left. Count them from `now`: a household "
                                    "that stays away fades, too.",
                                    "忽略了未来事件，但时长从剩下的最晚事件算起。应从 `now` 算起：家庭不来时兴趣也在衰减。"))
def age_since_the_last_event(category, weight, time, half_life, prior, kappa, now):
    kept = time < np.datetime64(now, "ns")
    if not kept.any():
        return prior.copy()
    latest = time[kept].max()
    return _interest(category[kept], weight[kept], time[kept], half_life, prior, kappa, latest, keep=lambda age: age >= 0)


@mistake_of("interest_vector", Text("*Now* was the clock of the computer that ran this. Then every run gives other numbers, and a past morning cannot be "
                                    "asked for. Use the argument.",
                                    "*now* 取了运行时的系统时钟。这样每次运行结果都不同，也无法回到过去的某个早晨。应使用参数。"))
def clock_of_the_computer(category, weight, time, half_life, prior, kappa, now):
    # Some years after the cases: nearly nothing is left of any event then, whichever day this runs on.
    return _interest(category, weight, time, half_life, prior, kappa, pd.Timestamp("2026-01-01"))


@mistake_of("interest_vector", Text("An event at `now` itself was counted. Only what lies before `now` is known: `time < now`.",
                                    "恰在 `now` 的事件被计入了。只有 `now` 之前的才是已知的：`time < now`。"))
def event_at_now_counted(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, keep=lambda age: age >= 0)


@mistake_of("interest_vector", Text("Events after `now` were counted; with a negative age they even count more than 1. Keep `time < now` only.",
                                    "`now` 之后的事件被计入了；时长为负时权重甚至大于 1。只保留 `time < now`。"))
def future_counted(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, keep=lambda age: age == age)


@mistake_of("interest_vector", Text("Events after `now` were counted with age 0. They are not yet known: leave them out.",
                                    "`now` 之后的事件按时长 0 计入了。它们还不可知：应当排除。"))
def future_counted_as_fresh(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, age=lambda time, now: np.maximum(_age(time, now), 0),
                     keep=lambda age: age == age)


@mistake_of("interest_vector", Text("e^(−age/half_life) is 0.37 after one half-life, not one half. It is 2^(−age/half_life).",
                                    "e^(−age/half_life) 在一个半衰期后是 0.37，而不是二分之一。应为 2^(−age/half_life)。"))
def e_instead_of_two(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, fade=lambda age, half_life: np.exp(-age / half_life))


@mistake_of("interest_vector", Text("Events fade twice as fast: one half-life leaves a quarter. It is 2^(−age/half_life).",
                                    "衰减快了一倍：过一个半衰期只剩四分之一。应为 2^(−age/half_life)。"))
def faded_twice(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, fade=lambda age, half_life: 4.0 ** (-age / half_life))


@mistake_of("interest_vector", Text("1/(1 + age/half_life) is one half at the half-life, and from then on much too slow: it must halve again with each one.",
                                    "1/(1 + age/half_life) 在一个半衰期时确为二分之一，但此后衰减太慢：每过一个半衰期都应再减半。"))
def hyperbolic(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, fade=lambda age, half_life: 1 / (1 + age / half_life))


@mistake_of("interest_vector", Text("The weight falls along a straight line and is 0 after two half-lives. It must halve again with each half-life.",
                                    "权重沿直线下降，两个半衰期后为 0。应当每过一个半衰期再减半。"))
def straight_line(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, fade=lambda age, half_life: np.maximum(1 - age / (2 * half_life), 0))


@mistake_of("interest_vector", Text("Nothing fades: all events before `now` count the same. Multiply each by 2^(−age/half_life).",
                                    "没有衰减：`now` 之前的事件权重都相同。每个事件要乘以 2^(−age/half_life)。"))
def nothing_fades(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, fade=lambda age, half_life: np.ones_like(age))


@mistake_of("interest_vector", Text("Ages were cut to whole days, as `.dt.days` does. Fractions count: divide by one day instead.",
                                    "时长被截成了整天，`.dt.days` 就是这样。小数部分也要计入：应除以一天。"))
def whole_days(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, age=lambda time, now: np.floor(_age(time, now)))


@mistake_of("interest_vector", Text("Ages are differences of calendar days. Fractions of a day count: subtract the times, not the dates.",
                                    "时长取了日历日之差。不足一天的部分也要计入：应对时刻相减，而不是对日期相减。"))
def calendar_days(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now,
                     age=lambda time, now: (np.datetime64(now, "D") - time.astype("datetime64[D]")).astype(float))


@mistake_of("interest_vector", Text("The age is in hours, the half-life in days: everything has faded after a day. Divide the difference by one day.",
                                    "时长以小时计，而半衰期以天计：一天之后一切都衰减没了。应把时间差除以一天。"))
def hours_for_days(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, kappa, now, age=lambda time, now: 24 * _age(time, now))


@mistake_of("interest_vector", Text("The weights were not used: a view counts like a purchase, and so does a return. Sum weight · 2^(−age/half_life).",
                                    "没有使用权重：浏览与购买等同，退货也一样。应对 weight · 2^(−age/half_life) 求和。"))
def weights_forgotten(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, np.ones(len(weight)), time, half_life, prior, kappa, now)


@mistake_of("interest_vector", Text("The absolute weight was taken: a return then counts as one more purchase. Sum with the signs.",
                                    "对权重取了绝对值：退货变成了又一次购买。应带符号求和。"))
def absolute_weights(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, np.abs(weight), time, half_life, prior, kappa, now)


@mistake_of("interest_vector", Text("Each event was held at 0, so a return takes nothing away. Sum first, then hold the *sum* of a category at 0.",
                                    "对每个事件都截断到 0，退货就抵消不了任何东西。应先求和，再把类别的*总和*截断到 0。"))
def clipped_by_event(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, np.maximum(weight, 0), time, half_life, prior, kappa, now)


@mistake_of("interest_vector", Text("A negative sum was left as it is: its share can be below 0, and the others above 1. Hold each sum at 0.",
                                    "负的总和原样保留了：其份额可能小于 0，其他份额大于 1。每个总和都要截断到 0。"))
def negative_sums_left(category, weight, time, half_life, prior, kappa, now):
    with np.errstate(all="ignore"):
        s, _ = _sums(category, weight, time, half_life, prior, now)
        return (s + kappa * prior) / (s.sum() + kappa) if s.sum() + kappa else prior.copy()


@mistake_of("interest_vector", Text("The prior was added first, and only then were negative sums held at 0: a return then eats into the prior, too. "
                                    "Hold s at 0 before you add.",
                                    "先加了先验，然后才把负数截断到 0：退货连先验也吃掉了。应先把 s 截断到 0，再相加。"))
def clipped_after_the_prior(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    s = np.maximum(s + kappa * prior, 0)
    return s / s.sum() if s.sum() > 0 else prior.copy()


@mistake_of("interest_vector", Text("The mean of a category was taken. Two purchases are more interest than one: sum.",
                                    "对类别取了均值。买两次比买一次更感兴趣：应求和。"))
def mean_of_a_category(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    count = np.bincount(category[time < np.datetime64(now, "ns")], minlength=len(prior))
    return _shrunk(np.maximum(s / np.maximum(count, 1), 0), prior, kappa)


@mistake_of("interest_vector", Text("There is no prior in these shares: one purchase is 100 %, and nothing ever fades. It is (s + κ·prior) / (Σs + κ).",
                                    "份额中没有先验：买一次就是 100%，而且永远不会衰减。应为 (s + κ·prior) / (Σs + κ)。"))
def no_shrinkage(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, 0., now)


@mistake_of("interest_vector", Text("The prior was added as it is, whatever κ. Multiply it by κ, above and below the line.",
                                    "无论 κ 是多少，都直接加了先验。分子分母都要乘以 κ。"))
def kappa_forgotten(category, weight, time, half_life, prior, kappa, now):
    return _interest(category, weight, time, half_life, prior, 1., now)


@mistake_of("interest_vector", Text("κ·prior was added, but the divisor is still Σs: the shares sum to more than 1. Divide by Σs + κ.",
                                    "加了 κ·prior，但分母仍是 Σs：份额之和大于 1。应除以 Σs + κ。"))
def divisor_without_kappa(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    s = np.maximum(s, 0)
    return (s + kappa * prior) / s.sum() if s.sum() > 0 else prior.copy()


@mistake_of("interest_vector", Text("κ itself was added to every category, as for a uniform prior. Add κ·prior: κ in all, dealt out like the prior.",
                                    "给每个类别都加了 κ 本身，如同均匀先验的计数。应加 κ·prior：总共 κ，按先验分配。"))
def kappa_to_each_category(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    s = np.maximum(s, 0) + kappa
    return s / s.sum() if s.sum() > 0 else prior.copy()


@mistake_of("interest_vector", Text("The shrinkage counts events, n/(n + κ). Old events are weak evidence: it is Σs that stands beside κ.",
                                    "收缩用的是事件个数 n/(n + κ)。旧事件是弱证据：与 κ 并列的应是 Σs。"))
def evidence_by_count(category, weight, time, half_life, prior, kappa, now):
    s, faded = _sums(category, weight, time, half_life, prior, now)
    s = np.maximum(s, 0)
    if not s.sum():
        return prior.copy()
    return (len(faded) * s / s.sum() + kappa * prior) / (len(faded) + kappa)


@mistake_of("interest_vector", Text("κ was taken as the prior's share of a mixture. It is an amount of evidence, even above 1: (s + κ·prior) / (Σs + κ).",
                                    "把 κ 当成了先验在混合中的占比。它是证据的量，可以大于 1：(s + κ·prior) / (Σs + κ)。"))
def kappa_as_a_share(category, weight, time, half_life, prior, kappa, now):
    return (1 - kappa) * _interest(category, weight, time, half_life, prior, 0., now) + kappa * prior


@mistake_of("interest_vector", Text("The sums were divided by what was not faded. Numerator and divisor must be the same sums: Σs + κ.",
                                    "除以了没有衰减的总和。分子与分母必须是同一组总和：Σs + κ。"))
def divided_by_what_was_not_faded(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    whole, _ = _sums(category, weight, time, half_life, prior, now, fade=lambda age, half_life: np.ones_like(age))
    below = np.maximum(whole, 0).sum() + kappa
    return (np.maximum(s, 0) + kappa * prior) / below if below > 0 else prior.copy()


@mistake_of("interest_vector", Text("A softmax was taken. These are amounts already: divide by the sum, or a category without events gets a share.",
                                    "用了 softmax。证据已经是数量：应除以总和，否则没有事件的类别也会得到份额。"))
def softmax(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    s = np.exp(np.maximum(s, 0) + kappa * prior)
    return s / s.sum()


@mistake_of("interest_vector", Text("0/0 was left as nan. With κ = 0 and nothing positive the answer is the prior.",
                                    "0/0 得到了 nan。κ = 0 且没有正的总和时，答案是先验。"))
def nan_without_evidence(category, weight, time, half_life, prior, kappa, now):
    s, _ = _sums(category, weight, time, half_life, prior, now)
    s = np.maximum(s, 0)
    with np.errstate(all="ignore"):
        return (s + kappa * prior) / (s.sum() + kappa)


@mistake_of("interest_vector", Text("Without evidence the shares are all 0. They must sum to 1: return the prior.",
                                    "没有证据时份额全为 0。它们之和必须为 1：应返回先验。"))
def zeros_without_evidence(category, weight, time, half_life, prior, kappa, now):
    shares = nan_without_evidence.function(category, weight, time, half_life, prior, kappa, now)
    return np.nan_to_num(shares)


@mistake_of("interest_vector", Text("Without evidence all categories are equal. More is known than that: what everybody likes, the prior.",
                                    "没有证据时各类别均等。其实我们知道得更多：大家喜欢什么，即先验。"))
def uniform_without_evidence(category, weight, time, half_life, prior, kappa, now):
    shares = nan_without_evidence.function(category, weight, time, half_life, prior, kappa, now)
    return np.where(np.isnan(shares), 1 / len(prior), shares)


@alternate_of("interest_vector")
def interest_by_loops(category, weight, time, half_life, prior, kappa, now):
    sums = [0.0] * len(prior)
    for place, strength, moment in zip(category.tolist(), weight.tolist(), pd.DatetimeIndex(time), strict=True):
        if moment < now:
            sums[place] += strength * math.exp(-math.log(2) * ((now - moment).total_seconds() / 86_400) / half_life)
    sums = [max(each, 0.0) for each in sums]
    below = math.fsum(sums) + kappa
    if below == 0:
        return list(prior)
    return [(s + kappa * p) / below for s, p in zip(sums, prior, strict=True)]


@alternate_of("interest_vector")
def interest_by_pandas(category, weight, time, half_life, prior, kappa, now):
    events = pd.DataFrame({"category": category, "weight": weight, "time": pd.Series(time)})
    events = events[events["time"] < now]
    age = (now - events["time"]) / pd.Timedelta(days=1)
    s = (events["weight"] * .5 ** (age / half_life)).groupby(events["category"]).sum()
    s = s.reindex(range(len(prior)), fill_value=0.0).clip(lower=0)
    if s.sum() == 0:
        return pd.Series(prior)
    certain = s.sum() / (s.sum() + kappa)
    return certain * (s / s.sum()) + (1 - certain) * prior


@alternate_of("interest_vector")
def interest_by_a_table_of_categories(category, weight, time, half_life, prior, kappa, now):
    nanoseconds = pd.Timestamp(now).as_unit("ns").value - time.astype("datetime64[ns]").astype("int64")
    faded = np.where(nanoseconds > 0, weight * np.exp2(-np.maximum(nanoseconds, 0) / 86_400e9 / half_life), 0)
    s = ((category[:, None] == np.arange(len(prior))) * faded[:, None]).sum(axis=0)
    s[s < 0] = 0
    total = s + kappa * np.asarray(prior)
    return total / total.sum() if total.any() else prior


# --- prf_at_k ------------------------------------------------------------------------------------------------------------


def _first(words, k):
    return list(dict.fromkeys(words))[:k]


def _f1(p, r):
    return 2 * p * r / (p + r) if p + r else 0.0


def _rows(ranked, gold, k, first=_first, size=lambda wanted: len(set(wanted)), hits=lambda top, wanted: len(set(top) & set(wanted))):
    """(hits, places, gold, words ranked) of each household that has gold."""
    return [(hits(first(words, k), wanted), k, size(wanted), len(first(words, k))) for words, wanted in zip(ranked, gold, strict=True) if len(wanted)]


def _prf(ranked, gold, k, average, f1=_f1, below=lambda hits, places, size, listed: places, recall=lambda hits, places, size: hits / size, **parts):
    """P, R and F1 with one of its parts replaced; `below` gives what precision divides by."""
    if average not in ("macro", "micro") or k < 1:
        raise ValueError(average, k)
    rows = [(hits, below(hits, places, size, listed), size) for hits, places, size, listed in _rows(ranked, gold, k, **parts)]
    if not rows:
        return (float("nan"),) * 3
    if average == "micro":
        rows = [tuple(map(sum, zip(*rows, strict=True)))]
    each = [(hits / places if places else 0.0, recall(hits, places, size)) for hits, places, size in rows]
    return tuple(float(np.mean(column)) for column in zip(*((p, r, f1(p, r)) for p, r in each), strict=True))


@mistake_of("prf_at_k", Text("Precision was divided by min(k, |gold|). Here it is always k: k places are shown, whoever looks.",
                             "精确率除以了 min(k, |gold|)。这里总是除以 k：无论给谁看，都占用 k 个位置。"))
def divided_by_the_smaller(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, below=lambda hits, places, size, listed: min(places, size))


@mistake_of("prf_at_k", Text("Precision was divided by the number of words that were ranked. Here it is always k: an empty place is a miss.",
                             "精确率除以了实际排出的词数。这里总是除以 k：空着的位置就是没有命中。"))
def divided_by_what_was_ranked(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, below=lambda hits, places, size, listed: listed)


@mistake_of("prf_at_k", Text("A repeated word was counted each time. One word is one hit, at most: collapse repeats first.",
                             "重复的词每次都计了命中。一个词最多命中一次：应先去重。"))
def repeats_counted(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, first=lambda words, k: words[:k], hits=lambda top, wanted: sum(word in wanted for word in top))


@mistake_of("prf_at_k", Text("The list was cut at k before repeats collapsed: a repeat then takes the place of a word. Collapse first, cut after.",
                             "先截断到 k 再去重：重复的词占掉了别的词的位置。应先去重，再截断。"))
def cut_before_collapsing(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, first=lambda words, k: words[:k])


@mistake_of("prf_at_k", Text("Collapsing lost the order (a set has none), so the words at the top are no longer the best. Keep the first of each: "
                             "`dict.fromkeys`.",
                             "去重时丢了顺序（集合没有顺序），排在前面的不再是最好的词。应保留每个词的首次出现：`dict.fromkeys`。"))
def order_lost(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, first=lambda words, k: sorted(set(words))[:k])


@mistake_of("prf_at_k", Text("The last k words were taken. The list is sorted best first: take the first k.",
                             "取了最后 k 个词。列表是从好到差排的：应取前 k 个。"))
def last_words_taken(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, first=lambda words, k: list(dict.fromkeys(words))[-k:])


@mistake_of("prf_at_k", Text("k cut nothing: hits were looked for in the whole list. Only the first k words count.",
                             "没有按 k 截断：在整个列表中找命中。只有前 k 个词有效。"))
def not_cut(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, first=lambda words, k: list(dict.fromkeys(words)))


@mistake_of("prf_at_k", Text("Gold words that stand there twice were counted twice. |gold| is the number of *distinct* words.",
                             "标准关键词中重复的词被算了两次。|gold| 是*不同*词的个数。"))
def gold_counted_with_repeats(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, size=len)


def _with_empty(ranked, gold, k, average, value):
    """Macro means with `value` for each household without gold; micro as it should be."""
    proper = _prf(ranked, gold, k, average)
    empty = sum(not len(wanted) for wanted in gold)
    full = len(gold) - empty
    if average == "micro" or not empty:
        return proper
    return tuple(((full * each if full else 0.0) + empty * value) / len(gold) for each in proper)


@mistake_of("prf_at_k", Text("Households without gold were counted as 0 in the means. Their recall is 0/0, which says nothing: skip them.",
                             "没有标准关键词的家庭在均值中计了 0。它们的召回率是 0/0，什么也说明不了：应当略去。"))
def empty_gold_is_zero(ranked, gold, k, average):
    return _with_empty(ranked, gold, k, average, 0.0)


@mistake_of("prf_at_k", Text("Households without gold were counted as perfect. Nothing was asked there and nothing found: skip them.",
                             "没有标准关键词的家庭被算作满分。那里什么也没有问，什么也没有找到：应当略去。"))
def empty_gold_is_one(ranked, gold, k, average):
    return _with_empty(ranked, gold, k, average, 1.0)


@mistake_of("prf_at_k", Text("In `micro`, the places of households without gold were counted. Skipped is skipped: k · (households with gold).",
                             "`micro` 中把没有标准关键词的家庭的位置也算进去了。略去就是略去：k ·（有标准关键词的家庭数）。"))
def places_of_the_skipped(ranked, gold, k, average):
    p, r, f = _prf(ranked, gold, k, average)
    if average == "macro" or math.isnan(p):
        return p, r, f
    p *= sum(len(wanted) > 0 for wanted in gold) / len(gold)
    return p, r, _f1(p, r)


@mistake_of("prf_at_k", Text("The macro F1 was computed from the mean P and the mean R. Here it is the mean of the households' F1.",
                             "宏平均 F1 是由平均 P 与平均 R 算出的。这里是各家庭 F1 的均值。"))
def f1_of_the_means(ranked, gold, k, average):
    p, r, _ = _prf(ranked, gold, k, average)
    return p, r, _f1(p, r) if p == p else p


@mistake_of("prf_at_k", Text("Macro and micro are exchanged. Macro: the mean over households. Micro: sums first, then one division.",
                             "宏平均与微平均弄反了。宏：对家庭求均值。微：先求和，再只除一次。"))
def macro_for_micro(ranked, gold, k, average):
    return _prf(ranked, gold, k, {"macro": "micro", "micro": "macro"}.get(average, average))


@mistake_of("prf_at_k", Text("The mean over households was returned for `micro` too. Micro sums hits, places and gold first.",
                             "`micro` 也返回了对家庭的均值。微平均要先对命中数、位置数、标准关键词数求和。"))
def always_macro(ranked, gold, k, average):
    return _prf(ranked, gold, k, "macro" if average == "micro" else average)


@mistake_of("prf_at_k", Text("Recall was divided by k. It is the share of the gold that was found: hits / |gold|.",
                             "召回率除以了 k。它是标准关键词中被找到的比例：命中数 / |gold|。"))
def recall_over_k(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, recall=lambda hits, places, size: hits / places)


@mistake_of("prf_at_k", Text("Recall was divided by min(k, |gold|), so that it can reach 1. Here it is hits / |gold|: what cannot be shown is not found.",
                             "召回率除以了 min(k, |gold|)，以便能达到 1。这里是命中数 / |gold|：展示不了的就是没有找到。"))
def recall_over_what_can_be_found(ranked, gold, k, average):
    if average not in ("macro", "micro") or k < 1:
        raise ValueError(average, k)
    return _prf(ranked, gold, k, average, size=lambda wanted: len(set(wanted))) if not any(map(len, gold)) else _capped(ranked, gold, k, average)


def _capped(ranked, gold, k, average):
    hits, _, sizes, _ = np.array(_rows(ranked, gold, k)).T
    found = np.minimum(sizes, k)
    p, r = (hits / k, hits / found) if average == "macro" else ([hits.sum() / (k * len(hits))], [hits.sum() / found.sum()])
    return tuple(float(np.mean(each)) for each in (p, r, list(map(_f1, p, r))))


@mistake_of("prf_at_k", Text("Precision and recall are exchanged. Precision divides by the places, recall by the gold; precision comes first.",
                             "精确率与召回率弄反了。精确率除以位置数，召回率除以标准关键词数；精确率在前。"))
def exchanged(ranked, gold, k, average):
    p, r, f = _prf(ranked, gold, k, average)
    return r, p, f


@mistake_of("prf_at_k", Text("F1 is the arithmetic mean of P and R in your answer. It is the harmonic one: 2PR/(P + R).",
                             "你的 F1 是 P 与 R 的算术平均。应为调和平均：2PR/(P + R)。"))
def arithmetic_mean(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, f1=lambda p, r: (p + r) / 2)


@mistake_of("prf_at_k", Text("The factor 2 of F1 is missing: 2PR/(P + R).", "F1 缺少因子 2：2PR/(P + R)。"))
def without_the_two(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, f1=lambda p, r: _f1(p, r) / 2)


@mistake_of("prf_at_k", Text("Where nothing was hit, F1 is 0/0 = nan in your answer, and spoils the mean. Here it is 0.",
                             "没有命中时你的 F1 是 0/0 = nan，会毁掉均值。这里规定为 0。"))
def f1_of_no_hit_is_nan(ranked, gold, k, average):
    return _prf(ranked, gold, k, average, f1=lambda p, r: 2 * p * r / (p + r) if p + r else float("nan"))


@mistake_of("prf_at_k", Text("Nobody had gold, and the answer was 0: that looks like a model that finds nothing. Return nan three times.",
                             "所有人都没有标准关键词时返回了 0，看起来像模型什么也没找到。应返回三个 nan。"))
def zero_if_nobody_has_gold(ranked, gold, k, average):
    return tuple(0.0 if each != each else each for each in _prf(ranked, gold, k, average))


@mistake_of("prf_at_k", Text("An `average` of another name, or a k below 1, went through. Refuse them with ValueError.",
                             "其他名称的 `average` 或小于 1 的 k 没有被拒绝。应抛出 ValueError。"))
def nothing_refused(ranked, gold, k, average):
    return _prf(ranked, gold, max(k, 1), average if average == "micro" else "macro")


@alternate_of("prf_at_k")
def prf_by_walking(ranked, gold, k, average):
    if average != "micro" and average != "macro":
        raise ValueError("average")
    if not k >= 1:
        raise ValueError("k")
    table = []
    for words, wanted in zip(ranked, gold, strict=True):
        seen, found = [], 0
        for word in words:
            if word not in seen and len(seen) < k:
                seen.append(word)
                found += word in wanted
        distinct = []
        for word in wanted:
            if word not in distinct:
                distinct.append(word)
        if distinct:
            table.append((found, len(distinct)))
    if not table:
        return [math.nan, math.nan, math.nan]
    if average == "micro":
        p = sum(found for found, _ in table) / (k * len(table))
        r = sum(found for found, _ in table) / sum(size for _, size in table)
        return [p, r, 0 if p + r == 0 else 2 / (1 / p + 1 / r)]
    sums = [0.0, 0.0, 0.0]
    for found, size in table:
        p, r = found / k, found / size
        sums = [sums[0] + p, sums[1] + r, sums[2] + (2 / (1 / p + 1 / r) if found else 0)]
    return [each / len(table) for each in sums]


@alternate_of("prf_at_k")
def prf_by_a_table_of_words(ranked, gold, k, average):
    if k < 1 or average not in {"macro", "micro"}:
        raise ValueError("average is macro or micro, k at least 1")
    words = list({word for each in [*ranked, *gold] for word in each})
    place = {word: j for j, word in enumerate(words)}
    rank, right = np.full((len(ranked), len(words)), np.inf), np.zeros((len(ranked), len(words)), bool)
    for i, (row, wanted) in enumerate(zip(ranked, gold, strict=True)):
        for position, word in reversed(list(enumerate(dict.fromkeys(row)))):
            rank[i, place[word]] = position
        right[i, [place[word] for word in wanted]] = True
    has = right.any(axis=1)
    if not has.any():
        return np.full(3, np.nan)
    hits, size = ((rank < k) & right).sum(axis=1)[has], right.sum(axis=1)[has]
    if average == "micro":
        hits, size = np.array([hits.mean()]), np.array([size.mean()])
    return np.array([(hits / k).mean(), (hits / size).mean(), (hits / ((k + size) / 2)).mean()])


# --- lda_gibbs_step: the sweep -------------------------------------------------------------------------------------------


def _tally(rows, columns, shape):
    counts = np.zeros(shape)
    np.add.at(counts, (np.asarray(rows), np.asarray(columns)), 1)
    return counts


def _each_pair_once(rows, columns, shape):
    counts = np.zeros(shape)
    counts[np.asarray(rows), np.asarray(columns)] += 1
    return counts


def _weights(in_doc, of_word, size, V, alpha, beta):
    return (in_doc + alpha) * (of_word + beta) / (size + V * beta)


def _first_above(cumulated, draw):
    return int(np.argmax(cumulated > draw * cumulated[-1]))


def _sweep(words, docs, topics, K, V, alpha, beta, draws, weights=_weights, pick=_first_above, tally=_tally, order=None, remove=True, put_back=True,
           old_counts=False, old_sizes=False):
    words, docs, topics = np.asarray(words), np.asarray(docs), np.array(topics)
    n_dk, n_kw = tally(docs, topics, (docs.max() + 1, K)), tally(topics, words, (K, V))
    n_k = sizes = n_kw.sum(axis=1)
    if old_sizes:
        sizes = n_k.copy()

    def move(i, k, by):
        n_dk[docs[i], k] += by
        n_kw[k, words[i]] += by
        n_k[k] += by

    for i in range(len(words)) if order is None else order(docs):
        old = topics[i]
        if remove:
            move(i, old, -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            topics[i] = pick(np.cumsum(weights(n_dk[docs[i]], n_kw[:, words[i]], sizes, V, alpha, beta)), draws[i])
        if put_back:
            move(i, old if old_counts else topics[i], 1)
    return topics


@mistake_of("lda_gibbs_step", Text("The token is still in the counts while its topic is drawn: it votes for the topic it has. Take it out of all three first.",
                                   "抽取主题时词元自己还在计数里，等于为原主题投了票。应先把它从三张计数表中移出。"))
def token_left_in_the_counts(words, docs, topics, K, V, alpha, beta, draws):
    words, docs, topics = np.asarray(words), np.asarray(docs), np.array(topics)
    for i, (w, d) in enumerate(zip(words, docs, strict=True)):
        n_kw = _tally(topics, words, (K, V))
        topics[i] = _first_above(np.cumsum(_weights(_tally(docs, topics, (d + 1 + docs.max(), K))[d], n_kw[:, w], n_kw.sum(axis=1), V, alpha, beta)),
                                 draws[i])
    return topics


@mistake_of("lda_gibbs_step", Text("The token is taken out and never put back, so the counts drift towards zero. Add it again under its new topic.",
                                   "词元被移出后没有放回，计数会一路漂移到零。应按新主题重新加回。"))
def never_put_back(*args):
    return _sweep(*args, put_back=False)


@mistake_of("lda_gibbs_step", Text("The token is added under its new topic but was not taken out of its old one: after the sweep it is counted twice.",
                                   "词元按新主题加入，却没有从旧主题移出：一轮之后它被计了两次。"))
def counted_twice(*args):
    return _sweep(*args, remove=False)


@mistake_of("lda_gibbs_step", Text("Every token saw the counts from before the sweep: each went back under its old topic. Put it under the new one, at once.",
                                   "所有词元都用扫描前的计数抽取，或按旧主题放回。每个词元都要立刻按新主题放回。"))
def counts_of_the_sweep_before(*args):
    return _sweep(*args, old_counts=True)


@mistake_of("lda_gibbs_step", Text("n_k was computed once and then left. It changes with every token, as the other two counts do.",
                                   "n_k 只计算了一次就不再更新。它和另外两张表一样，随每个词元变化。"))
def topic_sizes_not_updated(*args):
    return _sweep(*args, old_sizes=True)


@mistake_of("lda_gibbs_step", Text("α and β are swapped. α belongs to the topics of a document, β to the words of a topic.",
                                   "α 与 β 颠倒了。α 属于文档的主题，β 属于主题的词。"))
def alpha_and_beta_swapped(words, docs, topics, K, V, alpha, beta, draws):
    return _sweep(words, docs, topics, K, V, beta, alpha, draws)


@mistake_of("lda_gibbs_step", Text("The word's part was divided by n_k + β. Every one of the V words has its β: divide by n_k + V·β.",
                                   "词的部分除以了 n_k + β。V 个词每个都有一个 β：应除以 n_k + V·β。"))
def beta_without_v(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: (in_doc + alpha) * (of_word + beta) / (size + beta))


@mistake_of("lda_gibbs_step", Text("The divisor n_k + V·β is missing. It differs from topic to topic, so it does not cancel: large topics swallow the small.",
                                   "缺少除数 n_k + V·β。它随主题而变，不能约去；少了它，大主题会吞掉小主题。"))
def word_not_divided_by_the_topic(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: (in_doc + alpha) * (of_word + beta))


@mistake_of("lda_gibbs_step", Text("The topic was drawn from the document's counts alone. Multiply by the word's part.",
                                   "只用文档的计数抽取主题。还要乘以词的部分。"))
def document_alone(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: in_doc + alpha)


@mistake_of("lda_gibbs_step", Text("The topic was drawn from the word's counts alone. Multiply by the document's part.",
                                   "只用词的计数抽取主题。还要乘以文档的部分。"))
def word_alone(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: (of_word + beta) / (size + V * beta))


@mistake_of("lda_gibbs_step", Text("α is missing. A topic the document does not have yet could then never be drawn: use n_dk + α.",
                                   "缺少 α。这样文档中尚未出现的主题永远抽不到：应为 n_dk + α。"))
def without_alpha(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: in_doc * (of_word + beta) / (size + V * beta))


@mistake_of("lda_gibbs_step", Text("β is missing. A word could then never get a topic in which it has not been: use (n_kw + β) / (n_k + V·β).",
                                   "缺少 β。这样词永远得不到它还没出现过的主题：应为 (n_kw + β) / (n_k + V·β)。"))
def without_beta(*args):
    return _sweep(*args, weights=lambda in_doc, of_word, size, V, alpha, beta: (in_doc + alpha) * of_word / size)


@mistake_of("lda_gibbs_step", Text("The likeliest topic was taken. Gibbs sampling draws: the first topic whose cumulated p exceeds draws[i] · Σp.",
                                   "取了概率最大的主题。吉布斯采样是抽取：取累积 p 首次超过 draws[i] · Σp 的主题。"))
def likeliest_topic(*args):
    return _sweep(*args, pick=lambda cumulated, draw: int(np.argmax(np.diff(cumulated, prepend=0))))


@mistake_of("lda_gibbs_step", Text("The draw was compared with weights that do not sum to 1. Scale it, draws[i] · Σp, or divide p by its sum.",
                                   "抽取值与总和不为 1 的权重直接比较。应先缩放为 draws[i] · Σp，或把 p 除以总和。"))
def draw_not_scaled(*args):
    return _sweep(*args, pick=lambda cumulated, draw: int(np.argmax(cumulated > draw)))


@mistake_of("lda_gibbs_step", Text("The draw went through the topics from the last to the first. Cumulate from topic 0.",
                                   "从最后一个主题往前累积了。应从主题 0 开始累积。"))
def cumulated_from_the_last(*args):
    def pick(cumulated, draw):
        backwards = np.cumsum(np.diff(cumulated, prepend=0)[::-1])
        return len(cumulated) - 1 - _first_above(backwards, draw)
    return _sweep(*args, pick=pick)


@mistake_of("lda_gibbs_step", Text("The draws were used from the end. Token i has draws[i].", "抽取值从末尾开始使用了。词元 i 对应 draws[i]。"))
def draws_from_the_end(*args):
    return _sweep(*args[:-1], args[-1][::-1])


@mistake_of("lda_gibbs_step", Text("The sweep went document by document. Visit the tokens in the order given: each sees what was drawn before it.",
                                   "按文档逐个扫描了。应按给定顺序访问词元：每个词元看到它之前抽取的结果。"))
def document_by_document(*args):
    return _sweep(*args, order=lambda docs: np.argsort(docs, kind="stable"))


@mistake_of("lda_gibbs_step", Text("The topics that were handed in were overwritten. Work on a copy: np.array(topics), not np.asarray(topics).",
                                   "传入的主题被覆盖了。应在副本上操作：用 np.array(topics)，而不是 np.asarray(topics)。"))
def written_into_the_argument(words, docs, topics, K, V, alpha, beta, draws):
    found = _sweep(words, docs, topics, K, V, alpha, beta, draws)
    topics[:] = found.tolist() if isinstance(topics, list) else found
    return topics


@mistake_of("lda_gibbs_step", Text("`counts[rows, columns] += 1` adds 1 to each pair once, however often it occurs. Use np.add.at, or a loop.",
                                   "`counts[rows, columns] += 1` 对重复的组合只加一次 1。应使用 np.add.at 或循环。"))
def pairs_counted_once_in_the_sweep(*args):
    return _sweep(*args, tally=_each_pair_once)


@alternate_of("lda_gibbs_step")
def counted_anew_for_each_token(words, docs, topics, K, V, alpha, beta, draws):
    """The definition, as slow as it is: everybody but the token is counted again.  The document's divisor, the same for every k, does no harm."""
    topics = list(topics)
    for i in range(len(topics)):
        others = [(d, w, z) for j, (d, w, z) in enumerate(zip(docs, words, topics, strict=True)) if j != i]
        length = sum(d == docs[i] for d, _, _ in others)
        p = []
        for k in range(K):
            n_dk = sum(d == docs[i] and z == k for d, _, z in others)
            n_kw = sum(w == words[i] and z == k for _, w, z in others)
            n_k = sum(z == k for _, _, z in others)
            p.append((n_dk + alpha) / (length + K * alpha) * (n_kw + beta) / (n_k + V * beta))
        p = [each / sum(p) for each in p]
        topics[i] = bisect.bisect_right(list(itertools.accumulate(p)), float(draws[i]))
    return topics


@alternate_of("lda_gibbs_step")
def in_logarithms(words, docs, topics, K, V, alpha, beta, draws):
    z, own = np.array(topics), np.eye(K)
    per_doc, per_word, per_topic = Counter(), Counter(), own[z].sum(axis=0)
    for w, d, k in zip(words, docs, z, strict=True):
        per_doc[int(d), int(k)] += 1
        per_word[int(w), int(k)] += 1
    for i, (w, d) in enumerate(zip(map(int, words), map(int, docs), strict=True)):
        k = int(z[i])
        per_doc[d, k] -= 1
        per_word[w, k] -= 1
        per_topic = per_topic - own[k]
        logs = np.array([math.log(per_doc[d, j] + alpha) + math.log(per_word[w, j] + beta) - math.log(per_topic[j] + V * beta) for j in range(K)])
        share = np.exp(logs - np.logaddexp.reduce(logs))
        k = z[i] = int((np.cumsum(share)[:-1] <= draws[i]).sum())
        per_doc[d, k] += 1
        per_word[w, k] += 1
        per_topic = per_topic + own[k]
    return z


# --- lda_gibbs_step: the estimates ---------------------------------------------------------------------------------------


def _estimates(words, docs, topics, D, K, V, alpha, beta, tally=_tally):
    n_dk, n_kw = tally(docs, topics, (D, K)), tally(topics, words, (K, V))
    return ((n_dk + alpha) / (n_dk.sum(axis=1, keepdims=True) + K * alpha), (n_kw + beta) / (n_kw.sum(axis=1, keepdims=True) + V * beta), n_dk, n_kw)


@mistake_of("lda_gibbs_step", Text("phi was divided by the totals of the words, so its columns sum to 1. A topic is a distribution over words: rows sum to 1.",
                                   "phi 除以了各词的总数，于是各列之和为 1。主题是词上的分布：应使各*行*之和为 1。"), replaces="topic_estimates")
def phi_sums_to_one_over_topics(words, docs, topics, D, K, V, alpha, beta):
    theta, _, _, n_kw = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return theta, (n_kw + beta) / (n_kw + beta).sum(axis=0)


@mistake_of("lda_gibbs_step", Text("theta was divided by the totals of the topics, so its columns sum to 1. Each document's *row* sums to 1.",
                                   "theta 除以了各主题的总数，于是各列之和为 1。应使每个文档的*行*之和为 1。"), replaces="topic_estimates")
def theta_sums_to_one_over_documents(words, docs, topics, D, K, V, alpha, beta):
    _, phi, n_dk, _ = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return (n_dk + alpha) / (n_dk + alpha).sum(axis=0), phi


@mistake_of("lda_gibbs_step", Text("theta was divided by n_d + α. Each of the K topics has its α: divide by n_d + K·α.",
                                   "theta 除以了 n_d + α。K 个主题每个都有一个 α：应除以 n_d + K·α。"), replaces="topic_estimates")
def theta_without_k(words, docs, topics, D, K, V, alpha, beta):
    _, phi, n_dk, _ = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return (n_dk + alpha) / (n_dk.sum(axis=1, keepdims=True) + alpha), phi


@mistake_of("lda_gibbs_step", Text("phi was divided by n_k + β. Each of the V words has its β: divide by n_k + V·β.",
                                   "phi 除以了 n_k + β。V 个词每个都有一个 β：应除以 n_k + V·β。"), replaces="topic_estimates")
def phi_without_v(words, docs, topics, D, K, V, alpha, beta):
    theta, _, _, n_kw = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return theta, (n_kw + beta) / (n_kw.sum(axis=1, keepdims=True) + beta)


@mistake_of("lda_gibbs_step", Text("α and β are swapped in the estimates. α smooths theta, β smooths phi.", "估计中 α 与 β 颠倒了。α 平滑 theta，β 平滑 phi。"),
            replaces="topic_estimates")
def smoothing_swapped(words, docs, topics, D, K, V, alpha, beta):
    return _estimates(words, docs, topics, D, K, V, beta, alpha)[:2]


@mistake_of("lda_gibbs_step", Text("Nothing is smoothed: these are plain shares, and 0/0 where a document or a topic has no token. Add α and β.",
                                   "没有平滑：这只是普通的份额，文档或主题没有词元时为 0/0。应加上 α 与 β。"), replaces="topic_estimates")
def estimates_not_smoothed(words, docs, topics, D, K, V, alpha, beta):
    with np.errstate(invalid="ignore"):
        return _estimates(words, docs, topics, D, K, V, 0, 0)[:2]


@mistake_of("lda_gibbs_step", Text("α and β were shared out, α/K and β/V. Here every topic gets the whole α and every word the whole β.",
                                   "α 与 β 被平分成了 α/K 与 β/V。这里每个主题得到完整的 α，每个词得到完整的 β。"), replaces="topic_estimates")
def pseudo_counts_shared_out(words, docs, topics, D, K, V, alpha, beta):
    return _estimates(words, docs, topics, D, K, V, alpha / K, beta / V)[:2]


@mistake_of("lda_gibbs_step", Text("A document without tokens has the row 0. Nothing is known of it: by the formula it has 1/K for each topic.",
                                   "没有词元的文档被填成了 0。对它一无所知：按公式每个主题都是 1/K。"), replaces="topic_estimates")
def empty_document_is_zero(words, docs, topics, D, K, V, alpha, beta):
    theta, phi, n_dk, _ = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return np.where(n_dk.sum(axis=1, keepdims=True) > 0, theta, 0), phi


@mistake_of("lda_gibbs_step", Text("Documents without tokens have no row. There are D documents, whatever occurs in `docs`.",
                                   "没有词元的文档没有行。无论 `docs` 中出现哪些，文档总共有 D 个。"), replaces="topic_estimates")
def empty_documents_left_out(words, docs, topics, D, K, V, alpha, beta):
    theta, phi, _, _ = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return theta[np.unique(docs)], phi


@mistake_of("lda_gibbs_step", Text("The vocabulary was taken from the tokens. There are V words, and β is counted V times, whatever was bought.",
                                   "词表取自出现过的词元。无论买了什么，词共有 V 个，β 也要计 V 次。"), replaces="topic_estimates")
def vocabulary_of_the_tokens(words, docs, topics, D, K, V, alpha, beta):
    seen, place = np.unique(words, return_inverse=True)
    return _estimates(place, docs, topics, D, K, len(seen), alpha, beta)[:2]


@mistake_of("lda_gibbs_step", Text("phi is transposed. Its rows are the topics: (K, V).", "phi 转置了。它的行是主题：(K, V)。"), replaces="topic_estimates")
def phi_transposed(words, docs, topics, D, K, V, alpha, beta):
    theta, phi, _, _ = _estimates(words, docs, topics, D, K, V, alpha, beta)
    return theta, phi.T


@mistake_of("lda_gibbs_step", Text("`counts[rows, columns] += 1` adds 1 to each pair once, however often it occurs. Use np.add.at, np.bincount or a loop.",
                                   "`counts[rows, columns] += 1` 对重复的组合只加一次 1。应使用 np.add.at、np.bincount 或循环。"), replaces="topic_estimates")
def pairs_counted_once(words, docs, topics, D, K, V, alpha, beta):
    return _estimates(words, docs, topics, D, K, V, alpha, beta, _each_pair_once)[:2]


@mistake_of("lda_gibbs_step", Text("The two results are in the other order: theta first, then phi.", "两个结果的顺序反了：先 theta，后 phi。"),
            replaces="topic_estimates")
def phi_first(words, docs, topics, D, K, V, alpha, beta):
    return _estimates(words, docs, topics, D, K, V, alpha, beta)[1::-1]


@alternate_of("lda_gibbs_step", replaces="topic_estimates")
def estimates_by_indicators(words, docs, topics, D, K, V, alpha, beta):
    z = np.eye(K)[np.asarray(topics)]
    theta, phi = np.eye(D)[:, docs] @ z + alpha, z.T @ np.eye(V)[np.asarray(words)] + beta
    return theta / theta.sum(axis=1)[:, None], phi / phi.sum(axis=1)[:, None]


@alternate_of("lda_gibbs_step", replaces="topic_estimates")
def estimates_by_loops(words, docs, topics, D, K, V, alpha, beta):
    of_doc, of_topic = Counter(map(int, docs)), Counter(map(int, topics))
    in_doc = Counter(zip(map(int, docs), map(int, topics), strict=True))
    in_topic = Counter(zip(map(int, topics), map(int, words), strict=True))
    return ([[(in_doc[d, k] + alpha) / (of_doc[d] + K * alpha) for k in range(K)] for d in range(D)],
            [[(in_topic[k, w] + beta) / (of_topic[k] + V * beta) for w in range(V)] for k in range(K)])


# --- npmi_coherence ------------------------------------------------------------------------------------------------------


def _pairs(topic):
    return list(itertools.combinations(topic, 2))


def _single(word, docs):
    return sum(word in doc for doc in docs) / len(docs)


def _joint(u, v, docs):
    return sum(u in doc and v in doc for doc in docs) / len(docs)


def _npmi(both, u, v):
    return math.log(both / (u * v)) / -math.log(both)


def _coherence(topics, docs, formula=_npmi, single=_single, joint=_joint, never=-1., always=1., pairs=_pairs, merge=np.mean, keep=None):
    docs, found = [list(doc) for doc in docs], []
    if keep:
        docs = [doc for doc in docs if keep(doc)]
    for topic in topics:
        values = []
        for u, v in pairs(topic):
            both = joint(u, v, docs)
            if both == 0 and never != "formula":
                values += [never] if never is not None else []
            elif both == 1 and always != "formula":
                values.append(always)
            else:
                values.append(formula(both, single(u, docs), single(v, docs)))
        found.append(merge(values) if values else float("nan"))
    return np.array(found)


@mistake_of("npmi_coherence", Text("This is PMI. Divide by −ln p(u, v), or a rare pair beats a common one and nothing is bounded by 1.",
                                   "这是 PMI。还要除以 −ln p(u, v)，否则罕见词对总占优，且没有上界 1。"))
def pmi_not_normalised(topics, docs):
    return _coherence(topics, docs, lambda both, u, v: math.log(both / (u * v)))


@mistake_of("npmi_coherence", Text("The divisor is −ln p(u) p(v). Normalise by the joint probability: −ln p(u, v).",
                                   "除数用了 −ln p(u) p(v)。应使用联合概率归一：−ln p(u, v)。"))
def normalised_by_the_product(topics, docs):
    return _coherence(topics, docs, lambda both, u, v: math.log(both / (u * v)) / (-math.log(u * v) if u * v < 1 else math.nan))


@mistake_of("npmi_coherence", Text("The logarithm is of base 2 above and natural below. Use one base; it then cancels.",
                                   "分子用以 2 为底的对数，分母用自然对数。应统一底数，这样它会约去。"))
def two_bases(topics, docs):
    return _coherence(topics, docs, lambda both, u, v: math.log2(both / (u * v)) / -math.log(both))


@mistake_of("npmi_coherence", Text("Purchases were counted, not documents. p(u) is the share of the documents that contain u.",
                                   "统计的是购买次数，而不是文档数。p(u) 是包含 u 的文档的份额。"))
def tokens_counted(topics, docs):
    return _coherence(topics, docs, single=lambda word, docs: sum(doc.count(word) for doc in docs) / sum(map(len, docs)))


@mistake_of("npmi_coherence", Text("A word that was bought twice in a document counts twice. A document contains it or does not: make it a set.",
                                   "在同一文档中买了两次的词计了两次。文档只分包含与不包含：先转成集合。"))
def repeats_in_a_document_counted(topics, docs):
    return _coherence(topics, docs, single=lambda word, docs: sum(doc.count(word) for doc in docs) / len(docs))


@mistake_of("npmi_coherence", Text("Numbers of documents were used as probabilities. Divide them by the number of documents.",
                                   "把文档数当成了概率。应除以文档总数。"))
def numbers_for_shares(topics, docs):
    def formula(both, u, v):
        n = len(docs)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(np.log(both * n / (u * v * n * n)) / -np.log(np.float64(both * n)))
    return _coherence(topics, docs, formula)


@mistake_of("npmi_coherence", Text("Only words side by side count as together. Here together means in the same document.",
                                   "只把相邻的词算作同现。这里同现是指在同一文档中。"))
def side_by_side(topics, docs):
    return _coherence(topics, docs, joint=lambda u, v, docs: sum(any({u, v} == {a, b} for a, b in itertools.pairwise(doc)) for doc in docs) / len(docs))


@mistake_of("npmi_coherence", Text("p(u, v) is the share of documents with *either* word. Both must be in the document.",
                                   "p(u, v) 取了含*任一*词的文档份额。两个词都必须在文档中。"))
def either_word(topics, docs):
    return _coherence(topics, docs, joint=lambda u, v, docs: sum(u in doc or v in doc for doc in docs) / len(docs))


@mistake_of("npmi_coherence", Text("A pair that is never together counted 0, which is what independent words have. It is the worst there is: −1.",
                                   "从不同现的词对计了 0，那是独立词对的值。它应是最差的：−1。"))
def never_is_zero(topics, docs):
    return _coherence(topics, docs, never=0.)


@mistake_of("npmi_coherence", Text("A pair that is never together was left out of the mean. It counts −1.", "从不同现的词对被排除在均值之外。它应计 −1。"))
def never_left_out(topics, docs):
    return _coherence(topics, docs, never=None)


@mistake_of("npmi_coherence", Text("ln 0 is −inf, and −inf / inf is nan: one pair that is never together spoils its topic. By definition it counts −1.",
                                   "ln 0 是 −inf，而 −inf / inf 是 nan：一个从不同现的词对就毁掉整个主题。按定义它计 −1。"))
def logarithm_of_zero(topics, docs):
    return _coherence(topics, docs, never=float("nan"))


@mistake_of("npmi_coherence", Text("A small number stands in for p(u, v) = 0, so that no logarithm fails. The limit is −1 exactly; a small number misses it.",
                                   "用一个小数代替 p(u, v) = 0 以避免对数出错。极限恰好是 −1，小数还没有到达。"))
def small_number_for_zero(topics, docs):
    def formula(both, u, v):
        return math.log((both + 1e-12) / max(u * v, 1e-12)) / -math.log(both + 1e-12)
    return _coherence(topics, docs, formula, never="formula")


@mistake_of("npmi_coherence", Text("1 was added to the counts. Nothing is smoothed here: probabilities are plain shares.",
                                   "计数加了 1。这里不做平滑：概率就是普通的份额。"))
def one_added(topics, docs):
    def more(share):
        return (share * len(docs) + 1) / (len(docs) + 1)
    return _coherence(topics, docs, lambda both, u, v: _npmi(more(both), more(u), more(v)), never="formula")


@mistake_of("npmi_coherence", Text("Two words that are in every document gave nan: ln 1 / −ln 1 is 0/0. By definition the pair counts 1.",
                                   "两个词出现在每个文档时得到 nan：ln 1 / −ln 1 是 0/0。按定义该词对计 1。"))
def everywhere_is_nan(topics, docs):
    return _coherence(topics, docs, always=float("nan"))


@mistake_of("npmi_coherence", Text("Two words that are in every document counted 0. They are always together: by definition 1.",
                                   "两个词出现在每个文档时计了 0。它们总是同现：按定义计 1。"))
def everywhere_is_zero(topics, docs):
    return _coherence(topics, docs, always=0.)


@mistake_of("npmi_coherence", Text("Each word was paired with itself, too, which is always a perfect pair. Take each pair of different words once.",
                                   "每个词也与自己配对，那总是完美的一对。应只取不同词的组合，每对一次。"))
def words_with_themselves(topics, docs):
    return _coherence(topics, docs, pairs=lambda topic: list(itertools.product(topic, repeat=2)))


@mistake_of("npmi_coherence", Text("Only neighbours in the topic's list were paired. Every pair of its words counts.",
                                   "只对主题列表中相邻的词配对。主题中的每一对词都要计入。"))
def neighbours_in_the_topic(topics, docs):
    return _coherence(topics, docs, pairs=lambda topic: list(itertools.pairwise(topic)))


@mistake_of("npmi_coherence", Text("The pairs were summed, so long topics win. Take the mean over the pairs.",
                                   "对词对求了和，于是词多的主题占优。应取词对的均值。"))
def pairs_summed(topics, docs):
    return _coherence(topics, docs, merge=np.sum)


@mistake_of("npmi_coherence", Text("There is one number for all topics. Return one for each: the mean hides a bad topic.",
                                   "所有主题只给出一个数。应每个主题一个：均值会掩盖坏主题。"))
def one_for_all_topics(topics, docs):
    return float(_coherence(topics, docs).mean())


@mistake_of("npmi_coherence", Text("Empty documents were left out. They are documents, too: every share is of all of them.",
                                   "空文档被排除了。它们也是文档：份额要以全部文档为分母。"))
def empty_baskets_left_out(topics, docs):
    return _coherence(topics, docs, keep=len)


@alternate_of("npmi_coherence")
def npmi_by_a_matrix(topics, docs):
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(itertools.chain(*topics, *docs)))}
    present = np.zeros((len(docs), len(vocabulary)))
    for row, doc in enumerate(docs):
        present[row, [vocabulary[word] for word in doc]] = 1
    both = present.T @ present / len(docs)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (np.log(np.diag(both))[:, None] + np.log(np.diag(both))) / np.log(both) - 1
    value = np.where(both == 0, -1, np.where(both == 1, 1, value))
    rows = ([vocabulary[word] for word in topic] for topic in topics)
    return np.array([value[np.ix_(row, row)][np.triu_indices(len(row), 1)].mean() for row in rows])


@alternate_of("npmi_coherence")
def npmi_by_an_index(topics, docs):
    n, where, result = len(docs), {}, []
    for i, doc in enumerate(docs):
        for word in doc:
            where.setdefault(word, set()).add(i)
    for topic in topics:
        total = 0.0
        for j, v in enumerate(topic):
            for u in topic[:j]:
                of_u, of_v = where.get(u, set()), where.get(v, set())
                both = len(of_u & of_v)
                if both in (0, n):
                    total += 1 if both else -1
                else:
                    total += (math.log2(both * n) - math.log2(len(of_u)) - math.log2(len(of_v))) / (math.log2(n) - math.log2(both))
        result.append(2 * total / (len(topic) * (len(topic) - 1)))
    return result


# --- keywords_mmr --------------------------------------------------------------------------------------------------------


def _units(rows):
    rows = np.asarray(rows, float)
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)


def _most(similar):
    return similar.max(axis=1)


def _mmr(query, candidates, k, lam, unit=_units, unit_query=_units, penalty=_most, score=lambda lam, near, like: lam * near - (1 - lam) * like,
         first=lambda lam, near: near, again=False, last=False, cap=True):
    query, candidates = unit_query(query), unit(candidates)
    near, chosen = candidates @ query, []
    for _ in range(min(k, len(near)) if cap else k):
        values = score(lam, near, penalty(candidates @ candidates[chosen].T)) if chosen else np.array(first(lam, near), float)
        if not again:
            values[chosen] = -np.inf
        chosen.append(len(values) - 1 - int(np.argmax(values[::-1])) if last else int(np.argmax(values)))
    return chosen


def _as_they_are(rows):
    return np.asarray(rows, float)


@mistake_of("keywords_mmr", Text("Dot products were compared: long vectors win. Divide every vector by its length first.",
                                 "比较的是点积：长向量占优。应先把每个向量除以自身长度。"))
def dot_products(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, unit=_as_they_are, unit_query=_as_they_are)


@mistake_of("keywords_mmr", Text("The query was not divided by its length. Relevance is then no cosine, and its length shifts what lam means.",
                                 "查询向量没有除以自身长度。这样相关性不是余弦，其长度会改变 lam 的含义。"))
def query_of_any_length(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, unit_query=_as_they_are)


@mistake_of("keywords_mmr", Text("The penalty is the smallest similarity to the chosen ones. One near-duplicate is enough: take the largest.",
                                 "惩罚取了与已选词的最小相似度。只要有一个近似重复就够了：应取最大值。"))
def least_similar(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: similar.min(axis=1))


@mistake_of("keywords_mmr", Text("The penalty is the mean similarity to the chosen ones, in which a duplicate of one drowns. Take the largest.",
                                 "惩罚取了与已选词的平均相似度，与其中一个重复会被稀释。应取最大值。"))
def mean_similarity(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: similar.mean(axis=1))


@mistake_of("keywords_mmr", Text("The similarities to the chosen ones were summed. The penalty is the largest of them.",
                                 "把与已选词的相似度加总了。惩罚是其中的最大值。"))
def summed_similarity(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: similar.sum(axis=1))


@mistake_of("keywords_mmr", Text("Only the last choice is compared with. A word may repeat any of those chosen before.",
                                 "只与最后选的一个比较。候选词可能与之前任何一个重复。"))
def last_choice_only(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: similar[:, -1])


@mistake_of("keywords_mmr", Text("Only the first choice is compared with. Update the penalty after every choice.",
                                 "只与第一个选择比较。每选一个之后都要更新惩罚。"))
def first_choice_only(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: similar[:, 0])


@mistake_of("keywords_mmr", Text("lam and 1 − lam are swapped: lam weighs the relevance.", "lam 与 1 − lam 颠倒了：lam 是相关性的权重。"))
def lam_swapped(query, candidates, k, lam):
    return _mmr(query, candidates, k, 1 - lam)


@mistake_of("keywords_mmr", Text("The similarity was added, so what repeats is rewarded. Subtract it.", "相似度被加上了，于是重复得到奖励。应减去它。"))
def penalty_added(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, score=lambda lam, near, like: lam * near + (1 - lam) * like)


@mistake_of("keywords_mmr", Text("The penalty has the full weight. It is weighed by 1 − lam.", "惩罚用了全部权重。应乘以 1 − lam。"))
def penalty_not_weighted(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, score=lambda lam, near, like: lam * near - like)


@mistake_of("keywords_mmr", Text("The penalty starts at 0 and can never be negative. With nothing but cosines below 0, the largest is below 0, too.",
                                 "惩罚从 0 开始，永远不会为负。如果余弦全为负，最大值也为负。"))
def penalty_never_negative(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, penalty=lambda similar: np.maximum(similar.max(axis=1), 0))


@mistake_of("keywords_mmr", Text("The first choice was weighed by lam as well: at lam = 0 all are equal. Nothing is chosen yet, so take the most relevant.",
                                 "第一个选择也乘了 lam：lam = 0 时全部相等。此时还没有已选词，应取最相关的。"))
def first_weighed_by_lam(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, first=lambda lam, near: lam * near)


@mistake_of("keywords_mmr", Text("A chosen candidate may be chosen again. Take it out of the race.", "已选的候选词又被选中。应把它排除。"))
def chosen_again(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, again=True)


@mistake_of("keywords_mmr", Text("Of equal candidates the last was taken. Take the lowest index.", "分数相等时取了最后一个。应取最小的下标。"))
def last_of_equals(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, last=True)


@mistake_of("keywords_mmr", Text("This is the order of relevance alone. From the second choice on subtract (1 − lam) times the similarity to the chosen ones.",
                                 "这只是相关性顺序。从第二个选择起，要减去 (1 − lam) 乘以与已选词的相似度。"))
def relevance_alone(query, candidates, k, lam):
    return _mmr(query, candidates, k, 1.)


@mistake_of("keywords_mmr", Text("A vector of zeros was divided by its length 0, and nan wins every argmax. Its cosine is 0 with everything.",
                                 "零向量除以了长度 0，而 nan 会赢得每次 argmax。它与任何向量的余弦都是 0。"))
def zeros_make_nan(query, candidates, k, lam):
    def unit(rows):
        rows = np.asarray(rows, float)
        with np.errstate(invalid="ignore"):
            return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return _mmr(query, candidates, k, lam, unit=unit, unit_query=unit)


@mistake_of("keywords_mmr", Text("k was not limited to the number of candidates: when all were taken, the first was taken again.",
                                 "k 没有以候选词个数为上限：选完之后又重复选了第一个。"))
def more_than_there_are(query, candidates, k, lam):
    return _mmr(query, candidates, k, lam, cap=False)


@mistake_of("keywords_mmr", Text("The indices were sorted. Their order is the order of choice: the first is the most relevant.",
                                 "下标被排序了。顺序应是选择的顺序：第一个最相关。"))
def sorted_by_index(query, candidates, k, lam):
    return sorted(_mmr(query, candidates, k, lam))


@alternate_of("keywords_mmr")
def mmr_by_loops(query, candidates, k, lam):
    def cosine(a, b):
        lengths = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
        return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0

    left, chosen = list(range(len(candidates))), []
    while left and len(chosen) < k:
        def score(i):
            near = cosine(query, candidates[i])
            return lam * near - (1 - lam) * max(cosine(candidates[i], candidates[j]) for j in chosen) if chosen else near
        best = max(left, key=score)
        left.remove(best)
        chosen.append(best)
    return chosen


@alternate_of("keywords_mmr")
def mmr_by_a_running_maximum(query, candidates, k, lam):
    rows = np.vstack([np.asarray(query, float)[None], np.asarray(candidates, float)])
    square = np.einsum("ij,ij->i", rows, rows)
    cosine = np.einsum("ij,kj->ik", rows, rows) / np.sqrt(np.where(square > 0, square, 1))[:, None] / np.sqrt(np.where(square > 0, square, 1))
    near, between = cosine[0, 1:], cosine[1:, 1:]
    out = [int(near.argmax())]
    worst = between[out[0]].copy()
    open_ = np.ones(len(near), bool)
    open_[out[0]] = False
    while open_.any() and len(out) < k:
        pick = int(np.where(open_, lam * near - (1 - lam) * worst, -np.inf).argmax())
        out.append(pick)
        open_[pick] = False
        worst = np.maximum(worst, between[pick])
    return np.array(out)


# --- build_interest_rnn --------------------------------------------------------------------------------------------------

_SOFTMAX = Text(
    "A softmax shares out one label: its probabilities always sum to 1, so the weaker of two true labels gets ½ at most, and \"none\" cannot be said. K labels "
    "that may hold together are K yes-or-no questions: sigmoids and binary cross-entropy.",
    "softmax 只分配一个标签：概率之和恒为 1，两个正确标签中较弱的至多 ½，也无法表示「一个都没有」。"
    "可以同时成立的 K 个标签是 K 个是非题：用 sigmoid 和二元交叉熵。")
_SOFTMAX_BCE = Text(
    "The loss asks K yes-or-no questions, but a softmax answers them: its K probabilities still sum to 1. Put sigmoids at the end.",
    "损失函数提出了 K 个是非题，回答的却是 softmax：K 个概率之和仍为 1。末端应使用 sigmoid。")
_CATEGORICAL = Text(
    "Sigmoids, but categorical cross-entropy: it divides the K numbers by their sum first, so only their ratio is learnt. Use binary cross-entropy.",
    "用了 sigmoid，损失却是多类交叉熵：它先把 K 个数除以总和，于是只学到比例。应使用二元交叉熵。")
_EVERY_STEP = Text(
    "The time axis is still there: this answers after every step. One answer a sequence needs the last state only: return_sequences=False.",
    "时间轴还在：模型在每一步之后都给出回答。每个序列一个回答，只需要最后状态：return_sequences=False。")
_NO_MASK = Text(
    "Padding is read like a word: more zeros in front change the probabilities. Embedding(…, mask_zero=True) tells the layers after it to skip id 0.",
    "填充被当作一个词来读：前面多加几个零，概率就变了。Embedding(…, mask_zero=True) 会告诉后面的层跳过 id 0。")
_NUMBERS = Text(
    "There is no Embedding. Ids are names, not amounts: as a number, word 40 would be twice word 20. Embedding(V + 1, …, mask_zero=True) gives each word "
    "a vector of its own, and says which steps are padding.",
    "没有 Embedding。id 是名称而不是数量：当作数字时，词 40 就成了词 20 的两倍。Embedding(V + 1, …, mask_zero=True) 给每个词一个向量，并标出填充步。")
_ONE_UNIT = Text(
    "There is one output for all labels. Each of the K labels is a question of its own: K units.",
    "所有标签只有一个输出。K 个标签各是一个问题：需要 K 个单元。")
_NO_SIGMOID = Text(
    "The last layer has no sigmoid, so its numbers leave [0, 1]. from_logits=True tells that to the loss, not to those who use the predictions.",
    "最后一层没有 sigmoid，数值会超出 [0, 1]。from_logits=True 只告诉了损失函数，使用预测值的人并不知道。")
_ROWS = Text(
    "Ids run from 0 (padding) to V, so the Embedding needs V + 1 rows: here there is none for word V.",
    "id 从 0（填充）到 V，所以 Embedding 需要 V + 1 行：这里缺少词 V 的那一行。")
_NOT_COMPILED = Text("The model is not compiled: without loss and optimiser nothing can be learnt.", "模型没有编译：没有损失函数和优化器就无法学习。")


def _layers():
    import keras

    return keras.layers


def _read(V, T, K, layers, size=16, mask=True, rows=1, units=None, activation="sigmoid", loss="binary_crossentropy", compiled=True, rate=.01):
    """A model that embeds ids and sends them through some layers to its head, with one thing wrong."""
    import keras

    inputs = keras.Input((T,), dtype="int32")
    x = keras.layers.Embedding(V + rows, size, mask_zero=mask)(inputs)
    for layer in layers:
        x = layer(x)
    model = keras.Model(inputs, keras.layers.Dense(units or K, activation=activation)(x))
    if compiled:
        model.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return model


def _recurrent(V, K, layers=None, **wrong):
    return _read(V, None, K, layers or [_layers().GRU(32, use_cudnn=False)], **wrong)


def _numbers(T, K, activation="sigmoid"):
    import keras

    inputs = keras.Input((T,))
    x = keras.layers.GRU(32, use_cudnn=False)(keras.layers.Masking(0.)(keras.ops.expand_dims(inputs, -1)))
    model = keras.Model(inputs, keras.layers.Dense(K, activation=activation)(x))
    model.compile(optimizer=keras.optimizers.Adam(.01), loss="binary_crossentropy")
    return model


@mistake_of("build_interest_rnn", _SOFTMAX, facts={"activation": "softmax", "loss": "categorical_crossentropy"})
def softmax_over_interests(V, K):
    return _recurrent(V, K, activation="softmax", loss="categorical_crossentropy")


@mistake_of("build_interest_rnn", _SOFTMAX_BCE, facts={"activation": "softmax", "loss": "binary_crossentropy"})
def softmax_asked_yes_or_no(V, K):
    return _recurrent(V, K, activation="softmax")


@mistake_of("build_interest_rnn", _CATEGORICAL, facts={"activation": "sigmoid", "loss": "categorical_crossentropy"})
def sigmoids_as_one_choice(V, K):
    return _recurrent(V, K, loss="categorical_crossentropy")


@mistake_of("build_interest_rnn", _EVERY_STEP, facts={"output_rank": 3})
def interests_after_every_step(V, K):
    return _recurrent(V, K, [_layers().GRU(32, return_sequences=True, use_cudnn=False)])


@mistake_of("build_interest_rnn", _NO_MASK, facts={"embeds": True, "recurrent": True, "mask_zero": False, "padding_matters": True})
def padding_read_as_a_purchase(V, K):
    return _recurrent(V, K, mask=False)


@mistake_of("build_interest_rnn", _NUMBERS, facts={"embeds": False, "output_rank": 2})
def purchases_as_numbers(V, K):
    return _numbers(None, K)


@mistake_of("build_interest_rnn", Text(
    "An average over all purchases is a bag of words (词袋): it counts, and counts are the same for a current interest and an ended one. A recurrent "
    "layer reads in order, and its last state knows what came last.",
    "对所有购买取平均就是词袋：它只会计数，而仍有的兴趣与已结束的兴趣计数相同。循环层按顺序读，最后状态知道最近发生了什么。"),
    facts={"recurrent": False, "layers": "GlobalAveragePooling1D"})
def average_of_all_purchases(V, K):
    return _recurrent(V, K, [_layers().GlobalAveragePooling1D(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", Text(
    "A maximum over all purchases says that something was bought, not when. A recurrent layer reads in order, and its last state knows what came last.",
    "对所有购买取最大值只说明买过，而不说明何时买的。循环层按顺序读，最后状态知道最近发生了什么。"),
    facts={"recurrent": False, "layers": "GlobalMaxPooling1D"})
def maximum_of_all_purchases(V, K):
    return _recurrent(V, K, [_layers().GlobalMaxPooling1D(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", Text(
    "Flatten needs to know how many steps there are, and its weights would belong to places. A recurrent layer's weights are the same at every step.",
    "Flatten 需要知道有多少步，而且权重会与位置绑在一起。循环层在每一步使用同样的权重。"),
    facts={"error": "ValueError", "message": "must be fully-defined"})
def flattened_purchases(V, K):
    return _recurrent(V, K, [_layers().Flatten(), _layers().Dense(32, activation="relu")])


@mistake_of("build_interest_rnn", _ONE_UNIT, facts={"output_rank": 2, "output_units": 1})
def one_sigmoid_for_all_interests(V, K):
    return _recurrent(V, K, units=1)


@mistake_of("build_interest_rnn", _NO_SIGMOID, facts={"activation": "linear"})
def interests_as_logits(V, K):
    import keras

    return _recurrent(V, K, activation="linear", loss=keras.losses.BinaryCrossentropy(from_logits=True))


@mistake_of("build_interest_rnn", _ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def no_row_for_the_last_word(V, K):
    return _recurrent(V, K, rows=0)


@mistake_of("build_interest_rnn", _NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def rnn_not_compiled(V, K):
    return _recurrent(V, K, compiled=False)


@alternate_of("build_interest_rnn")
def simple_rnn_as_a_sequential(V, K):
    import keras

    model = keras.Sequential([
        keras.Input((None,), dtype="int32"), keras.layers.Embedding(V + 1, 24, mask_zero=True), keras.layers.SimpleRNN(48),
        keras.layers.Dense(K, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="binary_crossentropy", metrics=[keras.metrics.AUC(multi_label=True)])
    return model


@alternate_of("build_interest_rnn")
def lstm_with_a_mask_made_by_hand(V, K):
    import keras

    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.LSTM(40, use_cudnn=False)(keras.layers.Embedding(V + 1, 16)(inputs), mask=keras.ops.not_equal(inputs, 0))
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(keras.layers.Dense(32, activation="relu")(x)))
    model.compile(keras.optimizers.Adam(.01), keras.losses.BinaryCrossentropy())
    return model


@alternate_of("build_interest_rnn")
def both_directions(V, K):
    layers = _layers()
    return _recurrent(V, K, [layers.Bidirectional(layers.GRU(24, use_cudnn=False)), layers.Dropout(.1)])


# --- build_keyword_model -------------------------------------------------------------------------------------------------


def _keywords(V, T, K, layers=None, **wrong):
    return _read(V, T, K, layers or [_layers().GRU(32, use_cudnn=False)], **wrong)


@mistake_of("build_keyword_model", _SOFTMAX, facts={"activation": "softmax", "loss": "categorical_crossentropy"})
def softmax_as_shown(V, T, K):
    layers = _layers()
    stacked = [layers.LSTM(50, return_sequences=True, use_cudnn=False), layers.LSTM(50, use_cudnn=False), layers.Dense(128, activation="relu")]
    return _keywords(V, T, K, stacked, activation="softmax", loss="categorical_crossentropy")


@mistake_of("build_keyword_model", _SOFTMAX_BCE, facts={"activation": "softmax", "loss": "binary_crossentropy"})
def new_loss_old_head(V, T, K):
    return _keywords(V, T, K, activation="softmax")


@mistake_of("build_keyword_model", _CATEGORICAL, facts={"activation": "sigmoid", "loss": "categorical_crossentropy"})
def new_head_old_loss(V, T, K):
    return _keywords(V, T, K, loss="categorical_crossentropy")


@mistake_of("build_keyword_model", _EVERY_STEP, facts={"output_rank": 3})
def keywords_after_every_word(V, T, K):
    return _keywords(V, T, K, [_layers().LSTM(50, return_sequences=True, use_cudnn=False)])


@mistake_of("build_keyword_model", _NO_MASK, facts={"embeds": True, "recurrent": True, "mask_zero": False, "padding_matters": True})
def padding_read_as_a_word(V, T, K):
    return _keywords(V, T, K, mask=False)


@mistake_of("build_keyword_model", _NUMBERS, facts={"embeds": False, "output_rank": 2})
def words_as_numbers(V, T, K):
    return _numbers(T, K)


@mistake_of("build_keyword_model", Text(
    "Flatten ties the weights to places: the same words one step further right are other inputs, and a longer text does not fit at all. Let an LSTM, or "
    "an average that knows the mask, close the time axis.",
    "Flatten 把权重与位置绑在一起：同样的词右移一步就成了别的输入，更长的文本则完全不适用。让 LSTM 或带掩码的平均来收起时间轴。"),
    facts={"layers": "Flatten", "padding_fits": False})
def flattened_words(V, T, K):
    return _keywords(V, T, K, [_layers().Flatten(), _layers().Dense(64, activation="relu")])


@mistake_of("build_keyword_model", Text(
    "GlobalMaxPooling1D does not know the mask: what stands at padded steps takes part in the maximum. Take the last state, or an average that knows "
    "the mask (GlobalAveragePooling1D).",
    "GlobalMaxPooling1D 不认识掩码：填充步上的值也参与取最大值。请用最后状态，或认识掩码的平均（GlobalAveragePooling1D）。"),
    facts={"layers": "GlobalMaxPooling1D", "padding_matters": True})
def maximum_that_sees_the_padding(V, T, K):
    return _keywords(V, T, K, [_layers().GRU(32, return_sequences=True, use_cudnn=False), _layers().GlobalMaxPooling1D()])


@mistake_of("build_keyword_model", Text(
    "The average counts the padding as words: a short text is diluted, and more zeros in front change its probabilities. With mask_zero=True in the "
    "Embedding, GlobalAveragePooling1D divides by the number of words.",
    "平均值把填充也当成了词：短文本被稀释，前面多加几个零概率就变了。Embedding 设 mask_zero=True 后，GlobalAveragePooling1D 会除以词的个数。"),
    facts={"recurrent": False, "layers": "GlobalAveragePooling1D", "mask_zero": False, "padding_matters": True})
def average_over_padding(V, T, K):
    return _keywords(V, T, K, [_layers().GlobalAveragePooling1D()], mask=False)


@mistake_of("build_keyword_model", Text(
    "The mask is lost on the way: the convolution mixes padded steps with words, and hands no mask on. Put the recurrent layer right behind the Embedding.",
    "掩码在途中丢失了：卷积把填充步与词混在一起，也不再向后传递掩码。请把循环层直接放在 Embedding 之后。"),
    facts={"layers": "Conv1D", "mask_zero": True, "padding_matters": True})
def convolution_before_the_lstm(V, T, K):
    return _keywords(V, T, K, [_layers().Conv1D(32, 3, padding="same", activation="relu"), _layers().GRU(32, use_cudnn=False)])


@mistake_of("build_keyword_model", _ONE_UNIT, facts={"output_rank": 2, "output_units": 1})
def one_sigmoid_for_all_keywords(V, T, K):
    return _keywords(V, T, K, units=1)


@mistake_of("build_keyword_model", _NO_SIGMOID, facts={"activation": "linear"})
def keywords_as_logits(V, T, K):
    import keras

    return _keywords(V, T, K, activation="linear", loss=keras.losses.BinaryCrossentropy(from_logits=True))


@mistake_of("build_keyword_model", _ROWS, facts={"error": "InvalidArgumentError", "message": "is not in [0"})
def vocabulary_one_row_short(V, T, K):
    return _keywords(V, T, K, rows=0)


@mistake_of("build_keyword_model", _NOT_COMPILED, facts={"error": "TypeError", "message": "not compiled"})
def keyword_model_not_compiled(V, T, K):
    return _keywords(V, T, K, compiled=False)


@alternate_of("build_keyword_model")
def average_of_the_words(V, T, K):
    return _keywords(V, T, K, [_layers().GlobalAveragePooling1D(), _layers().Dense(64, activation="relu")])


@alternate_of("build_keyword_model")
def counts_of_the_words(V, T, K):
    import keras

    inputs = keras.Input((T,), dtype="int32")
    counts = keras.ops.sum(keras.ops.one_hot(inputs, V + 1), axis=1)[:, 1:]
    model = keras.Model(inputs, keras.layers.Dense(K, activation="sigmoid")(keras.layers.Dense(64, activation="relu")(counts)))
    model.compile(keras.optimizers.Adam(.01), keras.losses.BinaryCrossentropy(), metrics=[keras.metrics.AUC(multi_label=True)])
    return model


@alternate_of("build_keyword_model")
def gru_as_a_sequential(V, T, K):
    import keras

    model = keras.Sequential([
        keras.Input((T,)), keras.layers.Embedding(input_dim=V + 1, output_dim=24, mask_zero=True), keras.layers.GRU(40),
        keras.layers.Dropout(.1), keras.layers.Dense(K, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="binary_crossentropy")
    return model
