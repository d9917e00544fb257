"""Lesson 01: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import itertools
from collections import Counter

import numpy as np
import pandas as pd

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- lift_at_k -----------------------------------------------------------------------------------------------------------


def _lift(bought, score, k, order=None, refuse=True):
    bought, score = np.asarray(bought, float), np.asarray(score, float)
    if refuse and not 1 <= k <= len(bought):
        raise ValueError("k")
    if bought.sum() == 0:
        return float("nan")
    best = (np.argsort(-score, kind="stable") if order is None else order(score))[:k]
    return float(bought[best].mean() / bought.mean())


@mistake_of("lift_at_k", Text("This is precision at k: divide it by the share of buyers among all rows.",
                              "这是前 k 名的精确率：还要除以全体中的购买比例。"))
def precision(bought, score, k):
    return _lift(bought, score, k) * np.mean(bought)


@mistake_of("lift_at_k", Text("This is recall: the share of all buyers that is among the best k. Lift compares two shares of buyers.",
                              "这是召回率：全部购买者中落在前 k 名的比例。提升度比较的是两个购买比例。"))
def recall(bought, score, k):
    return _lift(bought, score, k) * k / len(bought)


@mistake_of("lift_at_k", Text("These are the k lowest scores. Sort from the highest: argsort of −score.",
                              "取成了分数最低的 k 个。应从高到低排序：对 −score 做 argsort。"))
def lowest(bought, score, k):
    return _lift(bought, score, k, order=lambda s: np.argsort(s, kind="stable"))


@mistake_of("lift_at_k", Text("Equal scores came out in reverse: turning argsort round turns the ties round, too. Sort −score with "
                              'kind="stable".', "分数相同时顺序反了：把 argsort 的结果倒过来，也会把并列者倒过来。请对 −score 用 kind=\"stable\" 排序。"))
def ties_reversed(bought, score, k):
    return _lift(bought, score, k, order=lambda s: np.argsort(s, kind="stable")[::-1])


def _unstable(score):
    """An order that does not keep equal scores, as np.argsort without kind="stable"; long doubles, so that processors do it alike."""
    return np.argsort(-np.asarray(score, np.longdouble), axis=-1)


@mistake_of("lift_at_k", Text('Without kind="stable" argsort promises nothing about equal scores. Sort −score with kind="stable".',
                              '不写 kind="stable" 时，argsort 不保证并列者的顺序。请对 −score 用 kind="stable" 排序。'))
def unstable_sort(bought, score, k):
    return _lift(bought, score, k, order=_unstable)


@mistake_of("lift_at_k", Text("A slice is silent when k is above n. Refuse k outside 1 … n with a ValueError.",
                              "k 大于 n 时切片不会报错。k 不在 1 … n 内时请抛出 ValueError。"))
def any_k(bought, score, k):
    return _lift(bought, score, max(k, 1), refuse=False)


@mistake_of("lift_at_k", Text("The comparison is with all rows, the best k included, not with the rows that were left out.",
                              "比较对象是全体（包括前 k 名），而不是落选的那些行。"))
def against_the_rest(bought, score, k):
    bought = np.asarray(bought, float)
    lift = _lift(bought, score, k)
    if k == len(bought) or np.isnan(lift):
        return lift
    in_k = lift * bought.mean() * k
    rest = (bought.sum() - in_k) / (len(bought) - k)
    return float(in_k / k / rest) if rest else float("inf")


@mistake_of("lift_at_k", Text("If nobody bought there is nothing to compare with: return nan, not 0.", "没有人购买时无从比较：应返回 nan，而不是 0。"))
def zero_for_nobody(bought, score, k):
    lift = _lift(bought, score, k)
    return 0.0 if np.isnan(lift) else lift


@alternate_of("lift_at_k")
def lift_by_pandas(bought, score, k):
    table = pd.DataFrame({"bought": list(bought), "score": list(score)})
    if k < 1 or k > len(table):
        raise ValueError("k is outside 1 … n")
    if not table["bought"].any():
        return np.nan
    return table.sort_values("score", ascending=False, kind="stable")["bought"].head(k).mean() / table["bought"].mean()


@alternate_of("lift_at_k")
def lift_by_sorted(bought, score, k):
    n = len(bought)
    if not 0 < k < n + 1:
        raise ValueError(k)
    total = sum(int(b) for b in bought)
    if total == 0:
        return float("nan")
    best = sorted(range(n), key=lambda i: (-score[i], i))[:k]
    return sum(int(bought[i]) for i in best) * n / (k * total)


# --- item_cosine, recommend ----------------------------------------------------------------------------------------------


def _cosine(X, shrink=0.0, norms=True, guard=True):
    X = np.asarray(X, float)
    length = np.linalg.norm(X, axis=0)
    below = np.outer(length, length) + shrink if norms else np.ones((X.shape[1],) * 2)
    if not guard:
        with np.errstate(all="ignore"):
            S = X.T @ X / below
    else:
        S = np.divide(X.T @ X, below, out=np.zeros_like(below), where=below > 0)
    return S


def _no_self(S):
    S = S.copy()
    np.fill_diagonal(S, 0)
    return S


def _top(S, topk, axis=1, highest_id=False):
    if topk is None or topk >= len(S):
        return S
    work = S if axis == 1 else S.T
    kept = np.zeros_like(work)
    for i, row in enumerate(work):
        ids = np.arange(len(row))
        best = np.lexsort((-ids if highest_id else ids, -row))[:topk]
        kept[i, best] = row[best]
    return kept if axis == 1 else kept.T


@mistake_of("item_cosine", Text("The lengths are those of users (rows). Items are columns: np.linalg.norm(X, axis=0).",
                                "长度算成了用户（行）的。商品是列：np.linalg.norm(X, axis=0)。"))
def users_lengths(X, shrink=0.0, topk=None):
    X = np.asarray(X, float)
    length = np.linalg.norm(X, axis=1, keepdims=True)
    unit = np.divide(X, length + shrink, out=np.zeros_like(X), where=length + shrink > 0)
    return _top(_no_self(unit.T @ unit), topk)


@mistake_of("item_cosine", Text("The top k were kept in each column. Keep them in each row: the row is the source item.",
                                "在每一列里保留了前 k 个。应在每一行里保留：行是源商品。"))
def top_of_columns(X, shrink=0.0, topk=None):
    return _top(_no_self(_cosine(X, shrink)), topk, axis=0)


@mistake_of("item_cosine", Text("An item is not its own neighbour: set the diagonal to 0, or it recommends what was just bought.",
                                "商品不是自己的邻居：请把对角线置 0，否则会推荐刚买过的东西。"))
def self_kept(X, shrink=0.0, topk=None):
    return _top(_cosine(X, shrink), topk)


@mistake_of("item_cosine", Text("The diagonal was set to 0 after the top k were chosen, so each item spent one of its places on itself.",
                                "先取了前 k 个才把对角线置 0，于是每个商品把一个名额浪费在自己身上。"))
def self_takes_a_place(X, shrink=0.0, topk=None):
    return _no_self(_top(_cosine(X, shrink), topk))


@mistake_of("item_cosine", Text("shrink belongs into the denominator, added to the product of the two lengths.",
                                "shrink 应放在分母里，与两个长度的乘积相加。"))
def shrink_outside(X, shrink=0.0, topk=None):
    return _top(_no_self(_cosine(X) / (1 + shrink)), topk)


@mistake_of("item_cosine", Text("shrink was added to each length before multiplying. Add it once, to the product of the two lengths.",
                                "shrink 在相乘之前加到了每个长度上。应只加一次，加在两个长度的乘积上。"))
def shrink_in_each_length(X, shrink=0.0, topk=None):
    X = np.asarray(X, float)
    length = np.linalg.norm(X, axis=0) + shrink
    below = np.outer(length, length)
    return _top(_no_self(np.divide(X.T @ X, below, out=np.zeros_like(below), where=below > 0)), topk)


@mistake_of("item_cosine", Text("An item that nobody bought has length 0, and 0/0 is nan. Its similarities are 0.",
                                "没有人买过的商品长度为 0，0/0 得到 nan。它的相似度应为 0。"))
def zero_over_zero(X, shrink=0.0, topk=None):
    return _top(_no_self(_cosine(X, shrink, guard=False)), topk)


@mistake_of("item_cosine", Text("These are dot products: popular items are similar to everything. Divide by the two lengths.",
                                "这只是点积：热门商品会和一切都相似。请除以两个长度。"))
def dot_products(X, shrink=0.0, topk=None):
    return _top(_no_self(_cosine(X, norms=False)), topk)


@mistake_of("item_cosine", Text("Of equal similarities the higher id was kept. Reversing argsort reverses ties; sort −S with kind=\"stable\".",
                                "相似度相等时保留了编号较大的。倒转 argsort 会倒转并列；请对 −S 用 kind=\"stable\" 排序。"))
def higher_id_kept(X, shrink=0.0, topk=None):
    return _top(_no_self(_cosine(X, shrink)), topk, highest_id=True)


@alternate_of("item_cosine")
def cosine_by_loops(X, shrink=0.0, topk=None):
    columns = np.asarray(X, float).T
    n = len(columns)
    S = np.zeros((n, n))
    for i, j in itertools.permutations(range(n), 2):
        below = np.sqrt(np.sum(columns[i] ** 2)) * np.sqrt(np.sum(columns[j] ** 2)) + shrink
        S[i, j] = np.sum(columns[i] * columns[j]) / below if below else 0.0
    return _top(S, topk)


@alternate_of("item_cosine")
def cosine_by_threshold(X, shrink=0.0, topk=None):
    X = np.asarray(X, float)
    gram = X.T @ X
    length = np.sqrt(np.diag(gram))
    S = gram / np.maximum(length[:, None] * length[None] + shrink, 1e-300)
    S[np.arange(len(S)), np.arange(len(S))] = 0
    for row in S:
        row[np.argsort(-row, kind="stable")[len(S) if topk is None else topk:]] = 0
    return S.tolist()


def _recommend(rows, S, seen, k, hidden=-np.inf, pad=True, highest_id=False, transpose=False, unstable=False):
    S = np.asarray(S, float)
    score = np.asarray(rows, float) @ (S.T if transpose else S)
    if hidden is not None:
        score = np.where(np.asarray(seen, bool), hidden, score)
    n, items = score.shape
    found = np.full((n, k), -1)
    for u in range(n):
        ids = np.arange(items)
        best = (_unstable(score[u]) if unstable else np.lexsort((-ids if highest_id else ids, -score[u])))[:k]
        if pad:
            best = [i for i in best if not np.isneginf(score[u, i])]
        found[u, :len(best)] = best
    return found


@mistake_of("item_cosine", Text("Items the user has seen were recommended again. Put their scores to −inf before sorting.",
                                "又推荐了用户看过的商品。排序前请把它们的分数设为 −inf。"), replaces="recommend")
def seen_again(rows, S, seen, k):
    return _recommend(rows, S, seen, k, hidden=None)


@mistake_of("item_cosine", Text("Where fewer than k unseen items remain, seen ones came back at the end. Replace them by −1.",
                                "未看过的商品不足 k 个时，末尾又出现了看过的商品。请用 −1 代替。"), replaces="recommend")
def filled_with_seen(rows, S, seen, k):
    return _recommend(rows, S, seen, k, pad=False)


@mistake_of("item_cosine", Text("S was read by columns: the row of S is the source item, so the score is rows @ S, not rows @ S.T.",
                                "按列读取了 S：S 的行是源商品，所以分数是 rows @ S，而不是 rows @ S.T。"), replaces="recommend")
def wrong_way_round(rows, S, seen, k):
    return _recommend(rows, S, seen, k, transpose=True)


@mistake_of("item_cosine", Text("Of equal scores the higher id came first. Sort −score with kind=\"stable\".",
                                "分数相等时编号大的排在了前面。请对 −score 用 kind=\"stable\" 排序。"), replaces="recommend")
def higher_id_first(rows, S, seen, k):
    return _recommend(rows, S, seen, k, highest_id=True)


@mistake_of("item_cosine", Text("Seen items were given the score 0, so they still beat nothing-scores and tie with unseen ones. Use −inf.",
                                "看过的商品只是被设成 0 分，仍会与未看过的 0 分商品并列甚至靠前。请用 −inf。"), replaces="recommend")
def seen_scored_zero(rows, S, seen, k):
    return _recommend(rows, S, seen, k, hidden=0.0)


@mistake_of("item_cosine", Text("Seen items were given the score 0, so they take places of unseen ones before they become −1. Use −inf.",
                                "看过的商品只是被设成 0 分，在被换成 −1 之前占掉了未看过商品的位置。请用 −inf。"), replaces="recommend")
def seen_scored_zero_then_padded(rows, S, seen, k):
    found = _recommend(rows, S, seen, k, hidden=0.0)
    return np.where((found >= 0) & np.take_along_axis(np.asarray(seen, bool), np.maximum(found, 0), axis=1), -1, found)


@mistake_of("item_cosine", Text("k may exceed the number of items: each row still has k places, filled up with −1.",
                                "k 可以超过商品数：每行仍有 k 个位置，不足时补 −1。"), replaces="recommend")
def too_narrow(rows, S, seen, k):
    return _recommend(rows, S, seen, k)[:, :np.asarray(S).shape[1]]


@mistake_of("item_cosine", Text('Without kind="stable" argsort promises nothing about equal scores. Sort −score with kind="stable".',
                                '不写 kind="stable" 时，argsort 不保证并列者的顺序。请对 −score 用 kind="stable" 排序。'),
            replaces="recommend")
def unstable_order(rows, S, seen, k):
    return _recommend(rows, S, seen, k, unstable=True)


@alternate_of("item_cosine", replaces="recommend")
def recommend_by_sorted(rows, S, seen, k):
    answer = []
    for row, hide in zip(rows, seen, strict=True):
        score = {j: sum(row[i] * S[i][j] for i in range(len(row))) for j in range(len(row)) if not hide[j]}
        best = sorted(score, key=lambda j: (-score[j], j))[:k]
        answer.append(best + [-1] * (k - len(best)))
    return answer


# --- content_scores ------------------------------------------------------------------------------------------------------


def _content(texts, history, candidates, *, idf=lambda n, df: np.log((1 + n) / (1 + df)) + 1, fit_on=None, lower=True, tokens=False,
             unit_items=True, unit_new=True, unit_profile=True, binary=False, guard=True):
    split = (lambda text: text.lower().split()) if lower else str.split
    vocabulary = sorted({word for text in texts for word in split(text)})

    def counts(documents):
        return np.array([[split(text).count(word) for word in vocabulary] for text in documents], float).reshape(len(documents), -1)

    def unit(vectors):
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not guard:
            with np.errstate(all="ignore"):
                return vectors / length
        return vectors / np.where(length > 0, length, 1)

    reference = counts(texts) if fit_on is None else counts(fit_on)
    df = reference.sum(axis=0) if tokens else (reference > 0).sum(axis=0)
    with np.errstate(all="ignore"):
        weight = idf(len(reference), df)
    history = np.asarray(history, float)
    item, new = counts(texts) * weight, counts(candidates) * weight
    if unit_new:
        new = unit(new)
    if unit_items:
        item = unit(item)
    profile = ((history > 0).astype(float) if binary else history) @ item
    return (unit(profile) if unit_profile else profile) @ new.T


@mistake_of("content_scores", Text("The idf is not smoothed: ln((1 + n) / (1 + df)) + 1, not ln(n / df).",
                                   "idf 没有平滑：应为 ln((1 + n) / (1 + df)) + 1，而不是 ln(n / df)。"))
def not_smoothed(texts, history, candidates):
    return _content(texts, history, candidates, idf=lambda n, df: np.log(n / df))


@mistake_of("content_scores", Text("The + 1 after the logarithm is missing, so a word that stands on every label weighs nothing.",
                                   "对数之后少了 + 1，于是每个标签上都有的词权重为零。"))
def no_plus_one(texts, history, candidates):
    return _content(texts, history, candidates, idf=lambda n, df: np.log((1 + n) / (1 + df)))


@mistake_of("content_scores", Text("This is the logarithm to base 10. The formula has the natural one, np.log.",
                                   "用了以 10 为底的对数。公式用自然对数 np.log。"))
def base_ten(texts, history, candidates):
    return _content(texts, history, candidates, idf=lambda n, df: np.log10((1 + n) / (1 + df)) + 1)


@mistake_of("content_scores", Text("n and df were counted on the candidates too. Fit on `texts` alone: tomorrow's products must not change "
                                   "today's weights.", "n 和 df 把候选商品也算进去了。只用 `texts` 拟合：明天的商品不应改变今天的权重。"))
def fitted_on_candidates(texts, history, candidates):
    return _content(texts, history, candidates, fit_on=list(texts) + list(candidates))


@mistake_of("content_scores", Text("df counted every occurrence of a word. It is the number of texts that contain it, once each.",
                                   "df 把词的每次出现都数了。它应是包含该词的文本数，每个文本只算一次。"))
def occurrences(texts, history, candidates):
    return _content(texts, history, candidates, tokens=True)


@mistake_of("content_scores", Text("The idf is missing: words that stand everywhere weigh as much as rare ones.", "缺少 idf：到处都有的词与罕见词权重相同。"))
def counts_only(texts, history, candidates):
    return _content(texts, history, candidates, idf=lambda n, df: np.ones_like(df, float))


@mistake_of("content_scores", Text("The history was reduced to 0 and 1. What is bought three times counts three times in the profile.",
                                   "购买历史被简化成 0 和 1。买过三次的商品在画像里应计三次。"))
def bought_or_not(texts, history, candidates):
    return _content(texts, history, candidates, binary=True)


@mistake_of("content_scores", Text("The texts' vectors were not brought to length 1, so long labels dominate the profile.",
                                   "文本向量没有归一化到长度 1，于是长标签主导了画像。"))
def long_labels(texts, history, candidates):
    return _content(texts, history, candidates, unit_items=False)


@mistake_of("content_scores", Text("The candidates' vectors were not brought to length 1, so long labels get high scores. A cosine is at most 1.",
                                   "候选商品的向量没有归一化到长度 1，于是长标签得高分。余弦最大为 1。"))
def long_candidates(texts, history, candidates):
    return _content(texts, history, candidates, unit_new=False)


@mistake_of("content_scores", Text("No text vector was brought to length 1, neither in `texts` nor in `candidates`. Divide each by its length.",
                                   "`texts` 和 `candidates` 的文本向量都没有归一化。请把每个向量除以自己的长度。"))
def no_unit_texts(texts, history, candidates):
    return _content(texts, history, candidates, unit_items=False, unit_new=False)


@mistake_of("content_scores", Text("The profile was not divided by its length: heavy buyers get high scores for everything. A cosine is at most 1.",
                                   "画像没有除以自己的长度：买得多的用户对什么都得高分。余弦最大为 1。"))
def profile_length(texts, history, candidates):
    return _content(texts, history, candidates, unit_profile=False)


@mistake_of("content_scores", Text("A household without purchases, or a text without known words, has length 0, and 0/0 is nan. Leave the zeros.",
                                   "没有购买的用户或没有已知词的文本长度为 0，0/0 得到 nan。保持零向量即可。"))
def nan_for_nothing(texts, history, candidates):
    return _content(texts, history, candidates, guard=False)


@mistake_of("content_scores", Text("Capital letters made different words: split text.lower().", "大小写被当成不同的词：请对 text.lower() 分词。"))
def capitals(texts, history, candidates):
    return _content(texts, history, candidates, lower=False)


@alternate_of("content_scores")
def content_by_dicts(texts, history, candidates):
    bags = [Counter(text.lower().split()) for text in texts]
    df = Counter(word for bag in bags for word in bag)
    idf = {word: np.log((1 + len(texts)) / (1 + n)) + 1 for word, n in df.items()}

    def unit(vector):
        length = sum(v * v for v in vector.values()) ** .5
        return {word: v / length for word, v in vector.items()} if length else {}

    def vector(bag):
        return unit({word: n * idf[word] for word, n in bag.items() if word in idf})

    items, new = [vector(bag) for bag in bags], [vector(Counter(text.lower().split())) for text in candidates]
    scores = []
    for row in history:
        profile = Counter()
        for times, item in zip(row, items, strict=True):
            for word, v in item.items():
                profile[word] += times * v
        profile = unit(profile)
        scores.append([sum(v * candidate.get(word, 0) for word, v in profile.items()) for candidate in new])
    return scores


@alternate_of("content_scores")
def content_by_einsum(texts, history, candidates):
    words = list(dict.fromkeys(" ".join(texts).lower().split()))
    tf = np.array([[t.lower().split().count(w) for w in words] for t in [*texts, *candidates]], float)
    idf = 1 - np.log((1 + (tf[:len(texts)] > 0).sum(0)) / (1 + len(texts)))
    V = tf * idf
    V /= np.maximum(np.sqrt((V ** 2).sum(1)), 1e-300)[:, None]
    P = np.einsum("hn,nw->hw", np.array(history, float), V[:len(texts)])
    P /= np.maximum(np.sqrt((P ** 2).sum(1)), 1e-300)[:, None]
    return np.einsum("hw,mw->hm", P, V[len(texts):])


# --- make_windows --------------------------------------------------------------------------------------------------------


def _windows(events, rows, T, vocab, target, *, late=0, turn=False, by_hours=False, binary=False, everybody=False, strict=False, inclusive=False,
             ever=False, crash=False, days=7):
    X, y = np.zeros((len(rows), T, len(vocab))), np.zeros(len(rows))
    for n, (household, cutoff) in enumerate(zip(rows["household"], rows["cutoff"], strict=True)):
        own = events if everybody else events[events["household"] == household]
        for time, item in zip(own["time"], own["item"], strict=True):
            if by_hours:
                step = T + int(np.floor((time - cutoff) / pd.Timedelta(days=1) + 1e-12)) if time >= cutoff else \
                    T - 1 - int((cutoff - time) // pd.Timedelta(days=1))
            else:
                step = T + (time.normalize() - cutoff).days - late
            if 0 <= step < T and (crash or item in vocab):
                X[n, step, list(vocab).index(item)] += 1
            end = cutoff + pd.Timedelta(days=days)
            after = time > cutoff if strict else time >= cutoff
            before = time <= end if inclusive else time < end
            if item == target and ((time < end) if ever else (after and before)):
                y[n] = 1
    if binary:
        X = np.minimum(X, 1)
    return (X[:, ::-1] if turn else X), y


@mistake_of("make_windows", Text("The window holds the day of the cut-off itself: that day belongs to the label. The last row is the day before. This "
                                 "is a leak.", "窗口里包含了截止日当天：那一天属于标签。最后一行应是截止日的前一天。这是数据泄漏。"))
def one_day_late(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, late=1)


@mistake_of("make_windows", Text("Time runs backwards: row 0 is the oldest day, row T − 1 the day before the cut-off.",
                                 "时间方向反了：第 0 行是最早的一天，第 T − 1 行是截止日前一天。"))
def backwards(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, turn=True)


@mistake_of("make_windows", Text("Steps were cut every 24 hours back from the cut-off, and a purchase exactly at midnight fell into the day before. A "
                                 "step is a calendar day: use time.dt.normalize().",
                                 "从截止时刻往回每 24 小时切一步，恰好在零点的购买落到了前一天。一步是自然日：请用 time.dt.normalize()。"))
def by_hours(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, by_hours=True)


@mistake_of("make_windows", Text("X holds how many events, not whether there was one.", "X 应记录次数，而不是有没有。"))
def yes_or_no(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, binary=True)


@mistake_of("make_windows", Text("The events of all households went into each row. Keep the row's household only.",
                                 "每一行都用了所有用户的事件。应只保留该行的用户。"))
def everybody(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, everybody=True)


@mistake_of("make_windows", Text("A purchase exactly at the cut-off was lost: the label counts cutoff <= time.",
                                 "恰好在截止时刻的购买丢失了：标签应满足 cutoff <= time。"))
def after_the_cutoff(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, strict=True)


@mistake_of("make_windows", Text("A purchase exactly seven days after the cut-off is too late: time < cutoff + 7 days.",
                                 "恰好在截止后第七天零点的购买太晚了：应满足 time < cutoff + 7 天。"))
def end_included(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, inclusive=True)


@mistake_of("make_windows", Text("The label looks at the past as well: a purchase before the cut-off is no purchase in the next seven days.",
                                 "标签把过去也算进去了：截止前的购买不是未来七天内的购买。"))
def label_of_the_past(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, ever=True)


@mistake_of("make_windows", Text("The label has no end: only the seven days from the cut-off count.", "标签没有终点：只看截止起的七天。"))
def no_horizon(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, days=10_000)


@mistake_of("make_windows", Text("An item outside the vocabulary stopped the function. Ignore such items in X.",
                                 "遇到词表之外的商品时函数报错。在 X 中应忽略它们。"))
def refuses_unknown(events, rows, T, vocab, target):
    return _windows(events, rows, T, vocab, target, crash=True)


@alternate_of("make_windows")
def windows_by_arrays(events, rows, T, vocab, target):
    day = events["time"].to_numpy().astype("datetime64[D]")
    cut = rows["cutoff"].to_numpy().astype("datetime64[D]")
    step = T + (day[None] - cut[:, None]).astype(int)
    same = rows["household"].to_numpy()[:, None] == events["household"].to_numpy()[None]
    item = np.array([vocab.index(i) if i in vocab else -1 for i in events["item"]], dtype=int)
    n, e = np.nonzero(same & (step >= 0) & (step < T) & (item >= 0)[None])
    X = np.zeros((len(rows), T, len(vocab)), np.float32)
    np.add.at(X, (n, step[n, e], item[e]), 1)
    y = (same & (step >= T) & (step < T + 7) & (events["item"].to_numpy() == target)[None]).any(axis=1)
    return X, y


@alternate_of("make_windows")
def windows_by_groups(events, rows, T, vocab, target):
    known = events.assign(day=events["time"].dt.floor("D"))
    count = Counter(zip(known["household"], known["item"], known["day"], strict=True))
    X, y = [], []
    for household, cutoff in rows[["household", "cutoff"]].itertuples(index=False):
        days = [cutoff - pd.Timedelta(days=T - t) for t in range(T)]
        X.append([[count[household, item, day] for item in vocab] for day in days])
        y.append(int(any(count[household, target, cutoff + pd.Timedelta(days=d)] for d in range(7))))
    return np.array(X, dtype=float).reshape(len(X), T, len(vocab)), y


# --- build_purchase_cnn --------------------------------------------------------------------------------------------------


def _network(T, F, pool, units=1, activation="sigmoid", loss="binary_crossentropy", between=lambda x: x, metrics=None):
    import keras

    layers = keras.layers
    inputs = keras.Input((T, F))
    x = layers.Conv1D(64, 3, activation="relu")(inputs)
    x = layers.Conv1D(128, 3, activation="relu")(between(x))
    x = layers.Dense(128, activation="relu")(pool(x))
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(x))
    model.compile(optimizer="adam", loss=loss, metrics=metrics or [keras.metrics.AUC(curve="PR")])
    return model


def _average(x):
    import keras

    return keras.layers.GlobalAveragePooling1D()(x)


@mistake_of("build_purchase_cnn", Text("The model answers once for every time step. Pool or flatten the steps between the last Conv1D and the Dense, so "
                                       "that the output is (None, 1).",
                                       "模型对每个时间步都给出一个输出。请在最后一个 Conv1D 与 Dense 之间做池化或 Flatten，使输出为 (None, 1)。"),
            facts={"error": "ValueError", "message": "same rank"})
def every_step(T, F):
    return _network(T, F, lambda x: x)


@mistake_of("build_purchase_cnn", Text("Only the last step reaches the output; what happened early in the session is lost. Pool over all steps.",
                                       "只有最后一步到达输出，会话早期发生的事情丢失了。请对所有步做池化。"),
            facts={"output_rank": 2, "layers": ["InputLayer", "Conv1D", "Conv1D", "Dense", "Dense"]})       # a slice is no layer
def last_step(T, F):
    return _network(T, F, lambda x: x[:, -1])


@mistake_of("build_purchase_cnn", Text("Softmax over a single unit is always 1. One unit needs a sigmoid.",
                                       "对单个单元做 softmax 恒等于 1。单个单元要用 sigmoid。"),
            facts={"activation": "softmax", "output_units": 1})
def softmax_of_one(T, F):
    return _network(T, F, _average, activation="softmax")


@mistake_of("build_purchase_cnn", Text("Two outputs, but one question: one unit with a sigmoid gives the probability of a purchase.",
                                       "有两个输出，但问题只有一个：一个 sigmoid 单元给出购买概率即可。"), facts={"output_units": 2})
def two_units(T, F):
    return _network(T, F, _average, units=2, loss="sparse_categorical_crossentropy", activation="softmax", metrics=["accuracy"])


@mistake_of("build_purchase_cnn", Text("categorical_crossentropy over a single output is always 0, so nothing is learnt. Use binary_crossentropy.",
                                       "单个输出的 categorical_crossentropy 恒为 0，什么也学不到。请用 binary_crossentropy。"),
            facts={"loss": "categorical_crossentropy", "output_units": 1, "activation": "sigmoid"})
def loss_of_classes(T, F):
    return _network(T, F, _average, loss="categorical_crossentropy")


@mistake_of("build_purchase_cnn", Text("The model is not compiled. Without a loss nothing can be trained: model.compile(optimizer=…, loss=…, metrics=[…]).",
                                       "模型没有编译。没有损失就无法训练：model.compile(optimizer=…, loss=…, metrics=[…])。"),
            facts={"error": "TypeError", "message": "not compiled"})
def not_compiled(T, F):
    import keras

    inputs = keras.Input((T, F))
    x = keras.layers.Conv1D(128, 3, activation="relu")(keras.layers.Conv1D(64, 3, activation="relu")(inputs))
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(_average(x)))


@alternate_of("build_purchase_cnn")
def by_maximum(T, F):
    import keras

    return _network(T, F, lambda x: keras.layers.Dropout(.3)(keras.layers.GlobalMaxPooling1D()(x)))


@alternate_of("build_purchase_cnn")
def by_flatten(T, F):
    import keras

    return _network(T, F, keras.layers.Flatten())


@alternate_of("build_purchase_cnn")
def by_attention(T, F):
    import keras

    def attend(x):
        weight = keras.layers.Softmax(axis=1)(keras.layers.Dense(1)(x))
        return keras.layers.Flatten()(keras.layers.Dot(axes=(1, 1))([weight, x]))

    return _network(T, F, attend)


@alternate_of("build_purchase_cnn")
def with_batch_norm(T, F):
    import keras

    return _network(T, F, keras.layers.GlobalMaxPooling1D(), between=keras.layers.BatchNormalization())


# --- prior_correct -------------------------------------------------------------------------------------------------------


@mistake_of("prior_correct", Text("The correction holds for odds, not for probabilities: q · keep_rate is too small for all but tiny q.",
                                  "校正作用在几率上，而不是概率上：除非 q 很小，否则 q · keep_rate 会偏小。"))
def times_rate(q, keep_rate):
    return np.asarray(q, float) * keep_rate


@mistake_of("prior_correct", Text("The wrong way: this makes probabilities larger. A kept negative stands for 1 / keep_rate negatives.",
                                  "方向反了：这样概率变大了。每个保留的负样本代表 1 / keep_rate 个负样本。"))
def wrong_direction(q, keep_rate):
    q = np.asarray(q, float)
    return q / (q + (1 - q) * keep_rate)


@mistake_of("prior_correct", Text("The odds were corrected, but not turned back into a probability: p = odds / (1 + odds).",
                                  "几率已校正，但没有换回概率：p = 几率 / (1 + 几率)。"))
def still_odds(q, keep_rate):
    q = np.asarray(q, float)
    with np.errstate(divide="ignore"):
        return q / (1 - q) * keep_rate


@mistake_of("prior_correct", Text("The result was clipped. 0 stays 0 and 1 stays 1, and small probabilities are what a coupon deals with.",
                                  "结果被截断了。0 仍为 0，1 仍为 1；优惠券面对的正是很小的概率。"))
def clipped(q, keep_rate):
    q = np.asarray(q, float)
    return np.clip(q / (q + (1 - q) / keep_rate), .01, .99)


@mistake_of("prior_correct", Text("keep_rate was taken as the share of negatives dropped. It is the share kept.",
                                  "把 keep_rate 当成了丢弃的比例。它是保留的比例。"))
def rate_dropped(q, keep_rate):
    q = np.asarray(q, float)
    rest = max(1 - keep_rate, 1e-12)
    return q / (q + (1 - q) / rest)


@alternate_of("prior_correct")
def by_log_odds(q, keep_rate):
    q = np.asarray(q, float)
    with np.errstate(divide="ignore"):
        z = np.log(q) - np.log1p(-q) + np.log(keep_rate)
        return 1 / (1 + np.exp(-z))


@alternate_of("prior_correct")
def by_list(q, keep_rate):
    return [p * keep_rate / (p * keep_rate + 1 - p) for p in q]


# --- cost_threshold ------------------------------------------------------------------------------------------------------


@mistake_of("cost_threshold", Text("One half is the threshold of accuracy. Here money decides: p · gain > cost.",
                                   "二分之一是准确率的阈值。这里由钱决定：p · gain > cost。"))
def one_half(gain, cost):
    return _positive(gain) and .5


@mistake_of("cost_threshold", Text("`gain` is before the cost, and the cost is paid either way: solve p · gain = cost, the cost is not lost a second time.",
                                   "`gain` 是扣除成本之前的收益，成本无论如何都要付：解 p · gain = cost 即可，不要把成本再算一次。"))
def cost_twice(gain, cost):
    return _positive(gain) and cost / (gain + cost)


@mistake_of("cost_threshold", Text("Upside down: a higher cost must raise the threshold.", "上下颠倒了：成本越高，阈值应越高。"))
def upside_down(gain, cost):
    return _positive(gain) and (gain / cost if cost else float("inf"))


@mistake_of("cost_threshold", Text("The threshold was cut at 1. Above 1 it says something useful: never act.",
                                   "阈值被截断在 1。大于 1 也有意义：永远不行动。"))
def cut_at_one(gain, cost):
    return _positive(gain) and min(cost / gain, 1.0)


@mistake_of("cost_threshold", Text("A gain that is not positive has no threshold: raise ValueError.", "收益不为正时不存在阈值：应抛出 ValueError。"))
def any_gain(gain, cost):
    return cost / gain if gain else float("inf")


def _positive(gain):
    if gain <= 0:
        raise ValueError("gain")
    return True


@alternate_of("cost_threshold")
def by_numpy(gain, cost):
    if not gain > 0:
        raise ValueError("a gain must be positive")
    return np.divide(cost, gain)


@alternate_of("cost_threshold")
def by_share(gain, cost):
    if gain <= 0.0:
        raise ValueError("no gain, no threshold")
    return 1.0 / (gain / cost) if cost else 0.0


# --- esmm_loss -----------------------------------------------------------------------------------------------------------


def _esmm(pctr, pcvr, click, buy):
    parts = [np.asarray(part, float) for part in (pctr, pcvr, click, buy)]
    if (parts[3] > parts[2]).any():
        raise ValueError("bought without a click")
    return parts


def _log_loss(y, p, low=1e-7):
    p = np.clip(p, low, 1 - low)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


@mistake_of("esmm_loss", Text("The purchase loss was taken over clicked impressions alone. Then unclicked ones teach pCVR nothing: the very bias ESMM is made "
                              "to avoid. Compare `buy` with pctr · pcvr on all rows.",
                              "购买损失只在被点击的曝光上计算，未点击的曝光对 pCVR 毫无作用：这正是 ESMM 要避免的偏差。"
                              "应在所有行上比较 `buy` 与 pctr · pcvr。"))
def clicked_rows_alone(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    clicked = click > 0
    return float(_log_loss(click, pctr).mean() + (_log_loss(buy, pcvr)[clicked].mean() if clicked.any() else 0.0))


@mistake_of("esmm_loss", Text("`buy` was compared with pcvr. pCVR holds *given a click*; an impression is bought with probability pctr · pcvr.",
                              "`buy` 被拿来与 pcvr 比较。pCVR 是*已点击*条件下的概率；一次曝光被购买的概率是 pctr · pcvr。"))
def given_a_click(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(np.mean(_log_loss(click, pctr) + _log_loss(buy, pcvr)))


@mistake_of("esmm_loss", Text("Log-odds were added or multiplied. Probabilities multiply: pCTCVR = pctr · pcvr.",
                              "把对数几率相加或相乘了。相乘的是概率：pCTCVR = pctr · pcvr。"))
def log_odds_multiplied(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    a, b = (np.clip(p, 1e-7, 1 - 1e-7) for p in (pctr, pcvr))
    odds = np.log(a / (1 - a)) * np.log(b / (1 - b))
    return float(np.mean(_log_loss(click, pctr) + _log_loss(buy, 1 / (1 + np.exp(-odds)))))


@mistake_of("esmm_loss", Text("The click loss is missing. Without it only the product is learned, and any split of it into pctr and pcvr is as good.",
                              "缺少点击损失。没有它，只能学到乘积，而乘积如何拆成 pctr 和 pcvr 都一样好。"))
def without_clicks(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(np.mean(_log_loss(buy, pctr * pcvr)))


@mistake_of("esmm_loss", Text("Only clicks were learned: the loss of the purchases is missing.", "只学习了点击：缺少购买的损失。"))
def without_purchases(pctr, pcvr, click, buy):
    pctr, _, click, _ = _esmm(pctr, pcvr, click, buy)
    return float(np.mean(_log_loss(click, pctr)))


@mistake_of("esmm_loss", Text("The losses were summed over the impressions; the mean is asked for.", "对曝光求了和；题目要求平均值。"))
def summed(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(np.sum(_log_loss(click, pctr) + _log_loss(buy, pctr * pcvr)))


@mistake_of("esmm_loss", Text("The two losses were averaged; they are summed for each impression.", "对两个损失取了平均；每次曝光应将两者相加。"))
def averaged(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(np.mean(_log_loss(click, pctr) + _log_loss(buy, pctr * pcvr)) / 2)


@mistake_of("esmm_loss", Text("The purchase loss was divided by the number of clicks. Both means run over all impressions.",
                              "购买损失除以了点击数。两个平均都应在全部曝光上计算。"))
def by_clicks(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(_log_loss(click, pctr).mean() + _log_loss(buy, pctr * pcvr).sum() / max(click.sum(), 1))


@mistake_of("esmm_loss", Text("The logarithm is to base 2; the natural one is asked for.", "对数以 2 为底；应使用自然对数。"))
def base_two(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return float(np.mean(_log_loss(click, pctr) + _log_loss(buy, pctr * pcvr)) / np.log(2))


@mistake_of("esmm_loss", Text("Probabilities of exactly 0 and 1 give infinity or nan: clip to [1e-7, 1 − 1e-7] before the logarithm.",
                              "概率恰为 0 或 1 时会得到无穷大或 nan：取对数前先截断到 [1e-7, 1 − 1e-7]。"))
def unclipped(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(_log_loss(click, pctr, 0.0) + _log_loss(buy, pctr * pcvr, 0.0)))


@mistake_of("esmm_loss", Text("The factors were clipped and then multiplied. Clip the product: it is what stands in the logarithm.",
                              "先截断了因子再相乘。应截断乘积：对数里的是它。"))
def factors_clipped(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    a, b = (np.clip(p, 1e-7, 1 - 1e-7) for p in (pctr, pcvr))
    return float(np.mean(-click * np.log(a) - (1 - click) * np.log(1 - a) - buy * np.log(a * b) - (1 - buy) * np.log(1 - a * b)))


@mistake_of("esmm_loss", Text("A purchase without a click cannot be: raise ValueError, or wrong data train the model in silence.",
                              "没有点击就不可能有购买：应抛出 ValueError，否则错误数据会悄悄参与训练。"))
def any_data(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = (np.asarray(part, float) for part in (pctr, pcvr, click, buy))
    return float(np.mean(_log_loss(click, pctr) + _log_loss(buy, pctr * pcvr)))


@mistake_of("esmm_loss", Text("The signs are turned round: a loss is minus the logarithm of the likelihood, and falls as the model improves.",
                              "符号反了：损失是对数似然的相反数，模型越好它越小。"))
def likelihood(pctr, pcvr, click, buy):
    pctr, pcvr, click, buy = _esmm(pctr, pcvr, click, buy)
    return -float(np.mean(_log_loss(click, pctr) + _log_loss(buy, pctr * pcvr)))


@alternate_of("esmm_loss")
def row_by_row(pctr, pcvr, click, buy):
    total = 0.0
    for a, b, clicked, bought in zip(pctr, pcvr, click, buy, strict=True):
        if bought and not clicked:
            raise ValueError("a purchase needs a click")
        for y, p in ((clicked, a), (bought, a * b)):
            p = min(max(p, 1e-7), 1 - 1e-7)
            total -= np.log(p) if y else np.log(1 - p)
    return total / len(pctr)


@alternate_of("esmm_loss")
def by_where(pctr, pcvr, click, buy):
    probability = np.stack([np.asarray(pctr, float), np.asarray(pctr, float) * np.asarray(pcvr, float)])
    happened = np.stack([np.asarray(click), np.asarray(buy)]).astype(bool)
    if np.any(happened[1] & ~happened[0]):
        raise ValueError("bought and not clicked")
    probability = np.maximum(np.minimum(probability, 1 - 1e-7), 1e-7)
    return -np.log(np.where(happened, probability, 1 - probability)).sum(axis=0).mean()


# --- conv1d_forward ------------------------------------------------------------------------------------------------------


def _conv(x, w, b):
    x, w, b = np.asarray(x, float), np.asarray(w, float), np.asarray(b, float)
    return np.array([[np.sum(x[t:t + len(w)] * w[:, :, c]) + b[c] for c in range(w.shape[2])] for t in range(len(x) - len(w) + 1)])


@mistake_of("conv1d_forward", Text("The kernel was turned round. Keras does not turn it: w[0] meets the earliest of the k steps.",
                                   "卷积核被翻转了。Keras 不翻转：w[0] 对应 k 步中最早的一步。"))
def turned_kernel(x, w, b):
    return _conv(x, np.asarray(w, float)[::-1], b)


@mistake_of("conv1d_forward", Text('This is padding="same". "valid" uses only places where the whole kernel fits: T − k + 1 steps.',
                                   '这是 padding="same"。"valid" 只用核完全放得下的位置：T − k + 1 步。'))
def same_padding(x, w, b):
    left = (len(w) - 1) // 2
    return _conv(np.pad(np.asarray(x, float), ((left, len(w) - 1 - left), (0, 0))), w, b)


@mistake_of("conv1d_forward", Text("The bias is missing: add b[c] once to every step of filter c.", "缺少偏置：滤波器 c 的每一步都要加一次 b[c]。"))
def no_bias(x, w, b):
    return _conv(x, w, np.zeros(len(b)))


@mistake_of("conv1d_forward", Text("A ReLU was applied. The exercise asks for the convolution without activation; negative values stay.",
                                   "多用了 ReLU。题目要求不带激活的卷积，负值应保留。"))
def with_relu(x, w, b):
    return np.maximum(_conv(x, w, b), 0)


@mistake_of("conv1d_forward", Text("The bias was added inside the sum over steps, so it counts k times.", "偏置加在了对步求和的内部，被计了 k 次。"))
def bias_each_step(x, w, b):
    return _conv(x, w, np.asarray(b, float) * len(w))


@alternate_of("conv1d_forward")
def by_einsum(x, w, b):
    w = np.asarray(w, float)
    places = np.lib.stride_tricks.sliding_window_view(np.asarray(x, float), len(w), axis=0)       # (T − k + 1, F, k)
    return np.einsum("tfk,kfc->tc", places, w) + np.asarray(b, float)


@alternate_of("conv1d_forward")
def by_shifts(x, w, b):
    x, w = np.asarray(x, float), np.asarray(w, float)
    steps = len(x) - len(w) + 1
    return sum(x[j:j + steps] @ w[j] for j in range(len(w))) + np.asarray(b, float)


# --- fit_isotonic --------------------------------------------------------------------------------------------------------


def _isotonic(score, y, new, *, pool=True, weigh=True, sign=1, once=False, outside=None, step=False):
    score, y = np.asarray(score, float), np.asarray(y, float)
    order = np.argsort(score, kind="stable")
    if pool:
        knots, place = np.unique(score, return_inverse=True)
        rows = np.bincount(place).astype(float)
        means = np.bincount(place, weights=y) / rows
    else:
        knots, means, rows = score[order], y[order], np.ones(len(y))
    if not weigh:
        rows = np.ones(len(rows))
    blocks = []
    for mean, weight in zip(sign * means, rows, strict=True):
        blocks.append([mean, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value, more, many = blocks.pop()
            last = blocks[-1]
            total = last[1] + more
            last[0] = (last[0] * last[1] + value * more) / total if weigh else (last[0] + value) / 2
            last[1], last[2] = total, last[2] + many
            if once:
                break
    values = sign * np.repeat([v for v, _, _ in blocks], [m for _, _, m in blocks])
    new = np.asarray(new, float)
    if step:
        return values[np.clip(np.searchsorted(knots, new, side="right") - 1, 0, len(knots) - 1)]
    found = np.interp(new, knots, values)
    if outside is not None:
        found = np.where((new < knots[0]) | (new > knots[-1]), outside, found)
    return found


@mistake_of("fit_isotonic", Text("The fit falls: a higher score must never get a lower value. Merge blocks whose mean is *below* the one before.",
                                 "拟合结果是递减的：分数越高，值不应越低。应合并均值比前一块更低的块。"))
def falling(score, y, new):
    return _isotonic(score, y, new, sign=-1)


@mistake_of("fit_isotonic", Text("Equal scores were kept as separate knots, so their result depends on the order of rows. Pool them first.",
                                 "相同的分数被当作不同的节点，结果取决于行的顺序。请先合并它们。"))
def ties_kept(score, y, new):
    return _isotonic(score, y, new, pool=False)


@mistake_of("fit_isotonic", Text("Merged blocks took the plain mean of their means. Weigh each by the number of rows it stands for.",
                                 "合并时对块均值取了简单平均。应按各块代表的行数加权。"))
def not_weighted(score, y, new):
    return _isotonic(score, y, new, weigh=False)


@mistake_of("fit_isotonic", Text("These are steps. Between two neighbouring knots the value lies on the straight line: np.interp.",
                                 "这是阶梯函数。相邻两个节点之间应在直线上取值：np.interp。"))
def steps(score, y, new):
    return _isotonic(score, y, new, step=True)


@mistake_of("fit_isotonic", Text("Outside the knots there is nan. A new score beyond those seen gets the value of the nearest knot.",
                                 "节点之外得到 nan。超出已见范围的新分数应取最近节点的值。"))
def nan_outside(score, y, new):
    return _isotonic(score, y, new, outside=np.nan)


@mistake_of("fit_isotonic", Text("Each new block was merged once at most. After a merge the block before may be too high as well: keep looking back.",
                                 "每个新块最多只合并了一次。合并之后前一块可能仍偏高：要继续向前检查。"))
def one_merge(score, y, new):
    return _isotonic(score, y, new, once=True)


@mistake_of("fit_isotonic", Text("Each knot counted once in a merge. Weigh it by the number of rows that have its score.",
                                 "合并时每个节点只算一次。应按具有该分数的行数加权。"))
def knots_count_once(score, y, new):
    knots, place = np.unique(np.asarray(score, float), return_inverse=True)
    means = np.bincount(place, weights=np.asarray(y, float)) / np.bincount(place)
    return _isotonic(knots, means, new)


@mistake_of("fit_isotonic", Text("Falling neighbours were averaged in pairs, in one pass, so the result still falls in places. "
                                 "Make them one block, and look back.",
                                 "只走了一遍，把下降的相邻两点取平均，结果仍有下降之处。应把它们合成一块，并继续向前检查。"))
def pairs_averaged(score, y, new):
    knots, place = np.unique(np.asarray(score, float), return_inverse=True)
    rows = np.bincount(place)
    values = np.bincount(place, weights=np.asarray(y, float)) / rows
    for i in range(len(values) - 1):
        if values[i] > values[i + 1]:
            values[i:i + 2] = np.average(values[i:i + 2], weights=rows[i:i + 2])
    return np.interp(np.asarray(new, float), knots, values)


@alternate_of("fit_isotonic")
def by_max_of_min(score, y, new):
    knots, place = np.unique(np.asarray(score, float), return_inverse=True)
    rows = np.append(0, np.cumsum(np.bincount(place)))
    total = np.append(0, np.cumsum(np.bincount(place, weights=np.asarray(y, float))))
    n = len(knots)
    fitted = [max(min((total[e] - total[s]) / (rows[e] - rows[s]) for e in range(i + 1, n + 1)) for s in range(i + 1)) for i in range(n)]
    return np.interp(new, knots, fitted)


@alternate_of("fit_isotonic")
def by_repeated_passes(score, y, new):
    knots = sorted(set(score))
    blocks = [([v for s, v in zip(score, y, strict=True) if s == k], [k]) for k in knots]
    while True:
        fall = next((i for i in range(len(blocks) - 1) if np.mean(blocks[i][0]) > np.mean(blocks[i + 1][0])), None)
        if fall is None:
            break
        blocks[fall:fall + 2] = [(blocks[fall][0] + blocks[fall + 1][0], blocks[fall][1] + blocks[fall + 1][1])]
    value = {k: float(np.mean(labels)) for labels, members in blocks for k in members}
    return [float(np.interp(v, knots, [value[k] for k in knots])) for v in new]
