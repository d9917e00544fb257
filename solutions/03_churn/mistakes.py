"""Lesson 03: what goes wrong in heads, with the explanation a learner needs; and right answers written in another way."""

import itertools
import math
from collections import Counter

import numpy as np
import pandas as pd
from scipy.special import betaln, gamma, gammaln, hyp2f1, logsumexp, roots_jacobi

from helpers.checks.mistakes import alternate_of, mistake_of
from helpers.language import Text

# --- logreg_gd: the loss -------------------------------------------------------------------------------------------------


def _log1pexp(z):
    return np.logaddexp(0, z)


def _sigmoid(z):
    return (1 + np.tanh(z / 2)) / 2


def _logistic_loss(w, b, X, y, l2, row=lambda z, y: _log1pexp(z) - y * z):
    """Loss and gradients, with another loss of a row if one is given."""
    w, X, y = np.asarray(w, float), np.asarray(X, float), np.asarray(y, float)
    z = X @ w + b
    error = _sigmoid(z) - y
    return np.mean(row(z, y)) + l2 / 2 * (w @ w), X.T @ error / len(y) + l2 * w, error.mean()


@mistake_of("logreg_gd", Text("The intercept is penalised. It only says how many rows are 1; the penalty is for the weights alone.",
                              "截距受到了惩罚。截距只反映 1 的比例；惩罚项只针对权重。"), replaces="logistic_loss")
def penalised_intercept_in_the_loss(w, b, X, y, l2):
    loss, grad_w, grad_b = _logistic_loss(w, b, X, y, l2)
    return loss + l2 / 2 * b * b, grad_w, grad_b + l2 * b


@mistake_of("logreg_gd", Text("The rows are summed. Divide loss and gradients by n, or the penalty fades as the table grows.",
                              "对各行求了和。损失和梯度都要除以 n，否则数据越多惩罚越弱。"), replaces="logistic_loss")
def summed_over_rows(w, b, X, y, l2):
    (loss, grad_w, grad_b), n, w = _logistic_loss(w, b, X, y, 0), len(y), np.asarray(w, float)
    return n * loss + l2 / 2 * (w @ w), n * grad_w + l2 * w, n * grad_b


@mistake_of("logreg_gd", Text("The loss is a mean, but its gradient a sum: divide the gradients by n as well.",
                              "损失取了平均，梯度却是求和：梯度也要除以 n。"), replaces="logistic_loss")
def gradient_summed(w, b, X, y, l2):
    loss, _, _ = _logistic_loss(w, b, X, y, l2)
    _, grad_w, grad_b = _logistic_loss(w, b, X, y, 0)
    return loss, len(y) * grad_w + l2 * np.asarray(w, float), len(y) * grad_b


@mistake_of("logreg_gd", Text("The penalty is l2·‖w‖² with the gradient 2·l2·w. Here it is l2/2 · ‖w‖²: the half makes the gradient l2·w.",
                              "惩罚项写成了 l2·‖w‖²，梯度为 2·l2·w。这里是 l2/2 · ‖w‖²：有了二分之一，梯度就是 l2·w。"), replaces="logistic_loss")
def penalty_without_the_half(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, 2 * l2)


@mistake_of("logreg_gd", Text("The gradient of l2/2 · ‖w‖² is l2·w. Yours is twice that: loss and gradient do not belong together.",
                              "l2/2 · ‖w‖² 的梯度是 l2·w，你的结果大了一倍：损失和梯度不一致。"), replaces="logistic_loss")
def gradient_without_the_half(w, b, X, y, l2):
    loss, grad_w, grad_b = _logistic_loss(w, b, X, y, l2)
    return loss, grad_w + l2 * np.asarray(w, float), grad_b


@mistake_of("logreg_gd", Text("The penalty was divided by n. The loss of the rows is a mean already; the penalty stands beside it as it is.",
                              "惩罚项被除以了 n。各行损失已经是平均值；惩罚项原样相加即可。"), replaces="logistic_loss")
def penalty_over_n(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, l2 / len(y))


@mistake_of("logreg_gd", Text("The gradient points downhill: it is p − y, what was said minus what happened, not y − p.",
                              "梯度的符号反了：应为 p − y（预测减去实际），而不是 y − p。"), replaces="logistic_loss")
def gradient_turned(w, b, X, y, l2):
    loss, grad_w, grad_b = _logistic_loss(w, b, X, y, l2)
    return loss, 2 * l2 * np.asarray(w, float) - grad_w, -grad_b


@mistake_of("logreg_gd", Text("The penalty is in the loss, but not in its gradient: add l2·w to grad_w.",
                              "损失中有惩罚项，梯度中却没有：grad_w 要加上 l2·w。"), replaces="logistic_loss")
def penalty_missing_in_the_gradient(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, l2)[0], *_logistic_loss(w, b, X, y, 0)[1:]


@mistake_of("logreg_gd", Text("There is no penalty in the loss. Add l2/2 · ‖w‖², and l2·w to its gradient.",
                              "损失中没有惩罚项。应加上 l2/2 · ‖w‖²，梯度加上 l2·w。"), replaces="logistic_loss")
def penalty_missing(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, 0)


@mistake_of("logreg_gd", Text("log(p) of a p that was rounded to 0 or 1 is -inf, and times a label of 0 it is nan. Stay with the logit: "
                              "max(z, 0) + log1p(e^−|z|) − y·z.",
                              "p 被舍入为 0 或 1 时 log 为 -inf，再乘以标签 0 就是 nan。应直接用对数几率：max(z, 0) + log1p(e^−|z|) − y·z。"),
            replaces="logistic_loss")
def log_of_the_sigmoid(w, b, X, y, l2):
    def row(z, y):
        p = 1 / (1 + np.exp(-z))
        return -y * np.log(p) - (1 - y) * np.log(1 - p)
    return _logistic_loss(w, b, X, y, l2, row)


@mistake_of("logreg_gd", Text("The probabilities were clipped at 1e-15. That is another loss: it costs 34.5 whether the logit is 40 or 1000.",
                              "概率在 1e-15 处被截断了。那是另一个损失：对数几率是 40 还是 1000，代价都是 34.5。"), replaces="logistic_loss")
def clipped(w, b, X, y, l2):
    def row(z, y):
        p = np.clip(_sigmoid(z), 1e-15, 1 - 1e-15)
        return -y * np.log(p) - (1 - y) * np.log(1 - p)
    return _logistic_loss(w, b, X, y, l2, row)


@mistake_of("logreg_gd", Text("The logits were clipped at ±30. From there on the loss no longer grows, and the worst row costs 30 instead of its logit.",
                              "对数几率在 ±30 处被截断了。超出之后损失不再增大，错得最离谱的行只算 30，而不是它的对数几率。"), replaces="logistic_loss")
def clipped_logits(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, l2, lambda z, y: _log1pexp(np.clip(z, -30, 30)) - y * np.clip(z, -30, 30))


@mistake_of("logreg_gd", Text("e^z overflows from z = 710 on, and the loss is inf. Take the larger part out: max(z, 0) + log1p(e^−|z|).",
                              "z 大于 710 时 e^z 溢出，损失变成 inf。应把较大的部分提出来：max(z, 0) + log1p(e^−|z|)。"), replaces="logistic_loss")
def exp_overflows(w, b, X, y, l2):
    return _logistic_loss(w, b, X, y, l2, lambda z, y: np.log1p(np.exp(z)) - y * z)


@mistake_of("logreg_gd", Text("log(1 + e^(−y·z)) is the loss for labels of ±1. With labels of 0 a row costs ln 2, whatever is said of it.",
                              "log(1 + e^(−y·z)) 适用于 ±1 标签。标签为 0 时，无论预测什么，每行都是 ln 2。"), replaces="logistic_loss")
def labels_of_plus_minus_one(w, b, X, y, l2):
    w, X, y = np.asarray(w, float), np.asarray(X, float), np.asarray(y, float)
    z = X @ w + b
    error = -y * _sigmoid(-y * z)
    return np.mean(_log1pexp(-y * z)) + l2 / 2 * (w @ w), X.T @ error / len(y) + l2 * w, error.mean()


@alternate_of("logreg_gd", replaces="logistic_loss")
def loss_by_logaddexp(w, b, X, y, l2):
    A = np.column_stack([np.asarray(X, float), np.ones(len(X))])
    v = np.append(np.asarray(w, float), b)
    sign = 2 * np.asarray(y) - 1
    margin = sign * (A @ v)
    gradient = -(A * (sign * np.exp(-np.logaddexp(0, margin)))[:, None]).mean(axis=0) + l2 * np.append(v[:-1], 0)
    return np.logaddexp(0, -margin).mean() + l2 / 2 * np.square(v[:-1]).sum(), gradient[:-1], gradient[-1]


@alternate_of("logreg_gd", replaces="logistic_loss")
def loss_by_loops(w, b, X, y, l2):
    loss, grad_w, grad_b, n = l2 / 2 * sum(v * v for v in w), [l2 * v for v in w], 0.0, len(y)
    for row, label in zip(X, y, strict=True):
        z = sum(v * value for v, value in zip(w, row, strict=True)) + b
        small = math.exp(-abs(z))
        p = 1 / (1 + small) if z >= 0 else small / (1 + small)
        loss += (max(z, 0) - label * z + math.log1p(small)) / n
        grad_w = [g + (p - label) * value / n for g, value in zip(grad_w, row, strict=True)]
        grad_b += (p - label) / n
    return loss, grad_w, grad_b


# --- logreg_gd: the minimum ----------------------------------------------------------------------------------------------


def _newton(X, y, l2, l2_b=0., rounds=60, intercept=True):
    """The minimum by Newton's method with halved steps; l2_b is the penalty of the intercept."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    A = np.column_stack([X, np.full(len(X), float(intercept))])
    penalty = np.append(np.full(X.shape[1], l2), l2_b if intercept else 1.)
    v = np.zeros(A.shape[1])

    def loss(v):
        z = A @ v
        return np.mean(_log1pexp(z) - y * z) + penalty / 2 @ (v * v)

    for _ in range(rounds):
        p = _sigmoid(A @ v)
        gradient = A.T @ (p - y) / len(y) + penalty * v
        hessian = (A.T * (p * (1 - p))) @ A / len(y) + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        while loss(v - step) > loss(v) + 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        v = v - step
    return v[:-1], float(v[-1])


def _descend(X, y, l2, step, steps):
    X, y = np.asarray(X, float), np.asarray(y, float)
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(steps):
        _, grad_w, grad_b = _logistic_loss(w, b, X, y, l2)
        w, b = w - step * grad_w, b - step * grad_b
    return w, float(b)


@mistake_of("logreg_gd", Text("The intercept was penalised, which pulls all probabilities to one half. Penalise the weights alone.",
                              "截距受到了惩罚，所有概率都被拉向二分之一。只惩罚权重。"))
def penalised_intercept(X, y, l2):
    return _newton(X, y, l2, l2)


@mistake_of("logreg_gd", Text("This is the minimum of the *summed* loss, scikit-learn's with C = 1/l2. For the mean its C is 1/(n · l2).",
                              "这是*求和*损失的最小值，即 scikit-learn 取 C = 1/l2。取平均时 C 应为 1/(n · l2)。"))
def c_without_n(X, y, l2):
    return _newton(X, y, l2 / len(y))


@mistake_of("logreg_gd", Text("This is the minimum with the penalty l2·‖w‖². Here it has a half: l2/2 · ‖w‖², whose gradient is l2·w.",
                              "这是惩罚项为 l2·‖w‖² 时的最小值。这里有二分之一：l2/2 · ‖w‖²，其梯度为 l2·w。"))
def twice_the_penalty(X, y, l2):
    return _newton(X, y, 2 * l2)


@mistake_of("logreg_gd", Text("There is no intercept: without one the model must say one half wherever x is average.",
                              "没有截距：这样模型在 x 取平均值处只能给出二分之一。"))
def no_intercept(X, y, l2):
    return _newton(X, y, l2, intercept=False)


@mistake_of("logreg_gd", Text("The intercept is the log-odds of the base rate. That is right only as long as all weights are 0; descend in both.",
                              "截距取了基础比例的对数几率。只有所有权重为 0 时才对；应同时对两者做下降。"))
def intercept_of_the_base_rate(X, y, l2):
    b = float(np.log(np.mean(y) / (1 - np.mean(y))))
    X, y = np.asarray(X, float), np.asarray(y, float)
    step, w = 1 / (np.linalg.eigvalsh(X.T @ X / len(X)).max() / 4 + l2), np.zeros(X.shape[1])
    for _ in range(300):
        w = w - step * _logistic_loss(w, b, X, y, l2)[1]
    return w, b


@mistake_of("logreg_gd", Text("A hundred steps of 0.1 are not enough: the gradient is not 0 yet. Take steps of 1/L, until it nearly is.",
                              "步长 0.1 走一百步还不够：梯度尚未为 0。步长取 1/L，一直走到梯度接近 0。"))
def too_few_steps(X, y, l2):
    return _descend(X, y, l2, .1, 100)


@mistake_of("logreg_gd", Text("A thousand steps of 0.1 do for most tables, and not for all: a round number is a guess. Go on until the gradient is nearly 0.",
                              "步长 0.1 走一千步对多数数据够用，但并非全部：固定的步数只是猜测。应一直走到梯度接近 0。"))
def round_number_of_steps(X, y, l2):
    return _descend(X, y, l2, .1, 1000)


@mistake_of("logreg_gd", Text("A step of 1 is below 2/L for one column, not for twelve that agree: it jumps over the minimum and back. Take 1/L.",
                              "步长 1 对一列来说小于 2/L，对十二列相同的特征则不然：它会在最小值两侧来回跳。取 1/L。"))
def step_of_one(X, y, l2):
    return _descend(X, y, l2, 1., 400)


@mistake_of("logreg_gd", Text("There is no penalty. Where the classes can be separated, the weights grow for as long as you descend.",
                              "没有惩罚项。当两类可分时，只要继续下降，权重就会不断增大。"))
def no_penalty(X, y, l2):
    X = np.asarray(X, float)
    return _descend(X, y, 0., 4 / np.linalg.eigvalsh(X.T @ X / len(X)).max(), 500)


@alternate_of("logreg_gd")
def newtons_method(X, y, l2):
    return _newton(X, y, l2)


@alternate_of("logreg_gd")
def nesterovs_momentum(X, y, l2):
    A, y = np.column_stack([np.asarray(X, float), np.ones(len(X))]), np.asarray(y, float)
    L = np.linalg.norm(A, 2) ** 2 / len(A) / 4 + l2
    v = ahead = np.zeros(A.shape[1])
    for turn in range(600):
        gradient = A.T @ (_sigmoid(A @ ahead) - y) / len(y)
        gradient[:-1] += l2 * ahead[:-1]
        following = ahead - gradient / L
        # The momentum starts anew now and then, or it would swing about the minimum.
        ahead = following + (turn % 100) / (turn % 100 + 3) * (following - v)
        v = following
    return v[:-1], v[-1]


@alternate_of("logreg_gd")
def halving_the_step(X, y, l2):
    X = np.asarray(X, float)
    v, step = np.zeros(X.shape[1] + 1), 8.
    for _ in range(2000):
        loss, grad_w, grad_b = _logistic_loss(v[:-1], v[-1], X, y, l2)
        gradient = np.append(grad_w, grad_b)
        if np.abs(gradient).max() < 1e-7:
            break
        step *= 2
        while True:
            trial = v - step * gradient
            if _logistic_loss(trial[:-1], trial[-1], X, y, l2)[0] <= loss - step / 2 * gradient @ gradient + 1e-15:
                break
            step /= 2
        v = trial
    return list(v[:-1]), v[-1]


# --- best_split ----------------------------------------------------------------------------------------------------------


def _gini(p):
    return 2 * p * (1 - p)


def _bits(p):
    return -sum(q * np.log2(q) for q in (p, 1 - p) if q > 0)


def _best_split(x, y, criterion, gini=_gini, entropy=_bits, weighted=True, threshold=lambda low, high: (low + high) / 2, later=False,
                reported=None, floor=1e-12, pairs=None):
    if criterion not in ("gini", "entropy"):
        raise ValueError(criterion)
    x, y = np.asarray(x, float), np.asarray(y)
    impurity = gini if criterion == "gini" else entropy
    values, best = np.unique(x), None
    for low, high in itertools.pairwise(values) if pairs is None else pairs(x):
        left = x <= (low + high) / 2
        if not 0 < left.sum() < len(x):
            continue
        share = left.mean() if weighted else .5
        after = share * impurity(y[left].mean()) + (1 - share) * impurity(y[~left].mean())
        gain = impurity(y.mean()) - after
        if gain > floor and (best is None or gain > best[1] + (-1e-12 if later else 1e-12)):
            best = float(threshold(low, high)), float(gain), float(after)
    return best and (best[0], best[2] if reported == "after" else best[1])


@mistake_of("best_split", Text("Both sides count one half. Weigh each by its share of the rows, or one lonely pure row wins.",
                               "两侧各算一半。应按行数占比加权，否则切下单独一行就会获胜。"))
def sides_not_weighted(x, y, criterion):
    return _best_split(x, y, criterion, weighted=False)


@mistake_of("best_split", Text("The threshold is the largest value on the left. Take the midpoint to the next distinct value.",
                               "阈值取了左侧的最大值。应取它与下一个不同取值的中点。"))
def threshold_at_the_left_value(x, y, criterion):
    return _best_split(x, y, criterion, threshold=lambda low, high: low)


@mistake_of("best_split", Text("The threshold is the smallest value on the right, which itself goes left: x ≤ threshold. Take the midpoint.",
                               "阈值取了右侧的最小值，而 x ≤ 阈值会把它分到左侧。应取中点。"))
def threshold_at_the_right_value(x, y, criterion):
    return _best_split(x, y, criterion, threshold=lambda low, high: high)


@mistake_of("best_split", Text("The candidates lie between neighbouring *rows*. Sort the values first: neighbours in the table are none in size.",
                               "候选阈值取在相邻的*行*之间。应先对取值排序：表中相邻并不等于大小相邻。"))
def not_sorted(x, y, criterion):
    return _best_split(x, y, criterion, pairs=itertools.pairwise)


@mistake_of("best_split", Text("Equal values were parted: the rows were cut by their place in the sorted order. Candidates lie between *distinct* values.",
                               "相同的取值被分开了：按排序后的位置切分了行。候选阈值应在*不同*取值之间。"))
def equal_values_parted(x, y, criterion):
    order = np.argsort(x, kind="stable")
    x, y = np.asarray(x, float)[order], np.asarray(y)[order]
    found = _best_split(np.arange(len(x)), y, criterion)
    if found is None:
        return None
    at = int(found[0])
    return float(x[at] + x[at + 1]) / 2, found[1]


@mistake_of("best_split", Text("Of equal gains the largest threshold was taken. Let a later one win only if it gains more, by over 1e-12.",
                               "增益相等时取了最大的阈值。后面的阈值只有增益大出 1e-12 以上才应获胜。"))
def last_of_equal_gains(x, y, criterion):
    return _best_split(x, y, criterion, later=True)


@mistake_of("best_split", Text("The entropy is in nats. Bits take the logarithm to base 2.", "熵用的是自然对数（nat）。以比特为单位应取以 2 为底的对数。"))
def entropy_in_nats(x, y, criterion):
    return _best_split(x, y, criterion, entropy=lambda p: np.log(2) * _bits(p))


@mistake_of("best_split", Text("p(1 − p) is half the Gini impurity of two classes: 1 − p² − (1 − p)² = 2p(1 − p).",
                               "p(1 − p) 只是二分类基尼不纯度的一半：1 − p² − (1 − p)² = 2p(1 − p)。"))
def half_of_gini(x, y, criterion):
    return _best_split(x, y, criterion, gini=lambda p: p * (1 - p))


@mistake_of("best_split", Text("A pure side gives nan: 0 · log2(0). It has entropy 0; leave out classes without rows.",
                               "纯的一侧得到了 nan：0 · log2(0)。它的熵是 0；应跳过没有样本的类别。"))
def nan_of_a_pure_side(x, y, criterion):
    return _best_split(x, y, criterion, entropy=lambda p: -p * np.log2(p) - (1 - p) * np.log2(1 - p))


@mistake_of("best_split", Text("The criterion is not looked at: this is always Gini.", "没有使用 criterion：这里总是基尼。"))
def always_gini(x, y, criterion):
    if criterion not in ("gini", "entropy"):
        raise ValueError(criterion)
    return _best_split(x, y, "gini")


@mistake_of("best_split", Text("What is returned beside the threshold is the impurity that is left. The gain is the impurity before less that.",
                               "与阈值一起返回的是剩余的不纯度。增益是分裂前的不纯度减去它。"))
def impurity_left(x, y, criterion):
    return _best_split(x, y, criterion, reported="after")


@mistake_of("best_split", Text("A split that gains nothing was returned. If the best gain is not above 1e-12 the answer is None.",
                               "返回了没有增益的分裂。最佳增益不超过 1e-12 时应返回 None。"))
def splits_for_nothing(x, y, criterion):
    return _best_split(x, y, criterion, floor=-np.inf)


@mistake_of("best_split", Text("A criterion of any other name was taken for entropy. Raise ValueError: a typing error must not train a forest.",
                               "其他名称的准则被当成了熵。应报 ValueError：拼写错误不该悄悄训练出一片森林。"))
def any_other_name_is_entropy(x, y, criterion):
    return _best_split(x, y, "gini" if criterion == "gini" else "entropy")


@alternate_of("best_split")
def split_by_running_counts(x, y, criterion):
    if criterion != "gini" and criterion != "entropy":
        raise ValueError("unknown criterion")
    order = np.argsort(x)
    x, y = np.asarray(x, float)[order], np.asarray(y, float)[order]
    cut = np.flatnonzero(np.diff(x))
    if not len(cut):
        return None
    n, ones = len(y), y.cumsum()
    rows = np.array([cut + 1, n - cut - 1])
    p = np.stack([ones[cut], ones[-1] - ones[cut]]) / rows

    def impurity(p):
        if criterion == "gini":
            return 1 - p ** 2 - (1 - p) ** 2
        return -p * np.log2(np.where(p > 0, p, 1)) - (1 - p) * np.log2(np.where(p < 1, 1 - p, 1))

    gains = impurity(np.asarray(ones[-1] / n)) - (rows / n * impurity(p)).sum(axis=0)
    first = int(np.argmax(gains >= gains.max() - 1e-12))
    return ((x[cut[first]] + x[cut[first] + 1]) / 2, gains[first]) if gains[first] > 1e-12 else None


@alternate_of("best_split")
def split_by_counting(x, y, criterion):
    if criterion not in {"gini", "entropy"}:
        raise ValueError("unknown criterion")

    def impurity(labels):
        shares = [labels.count(label) / len(labels) for label in set(labels)]
        return sum(s * (1 - s) for s in shares) if criterion == "gini" else sum(s * math.log2(1 / s) for s in shares)

    rows = list(zip(map(float, x), map(int, y), strict=True))
    values, tried = sorted({value for value, _ in rows}), []
    for i in range(1, len(values)):
        t = (values[i - 1] + values[i]) / 2
        sides = [label for value, label in rows if value <= t], [label for value, label in rows if value > t]
        tried.append((t, impurity([label for _, label in rows]) - sum(len(side) * impurity(side) for side in sides) / len(rows)))
    most = max((gain for _, gain in tried), default=0)
    return next(((t, gain) for t, gain in tried if gain >= most - 1e-12), None) if most > 1e-12 else None


# --- forest_predict ------------------------------------------------------------------------------------------------------


def _forest(probabilities, weights, forest=None):
    """The plain mean over trees beside a mean with these weights, nan where they sum to 0."""
    probabilities, weights = np.asarray(probabilities, float), np.asarray(weights, float)
    with np.errstate(all="ignore"):
        oob = (probabilities * weights).sum(axis=0) / weights.sum(axis=0)
    return probabilities.mean(axis=0) if forest is None else forest, oob


def _out(in_bag):
    return np.asarray(in_bag) == 0


@mistake_of("best_split", Text("The trees decide and then vote. Average their probabilities: a soft vote keeps how sure each one was.",
                               "每棵树先作决定再投票。应对概率取平均：软投票保留了每棵树的把握程度。"), replaces="forest_predict")
def decisions_vote(probabilities, in_bag):
    return _forest(np.asarray(probabilities) > .5, _out(in_bag))


@mistake_of("best_split", Text("These are the trees that *had* the row in their sample. Out of the bag means in_bag == 0.",
                               "用的是样本中*包含*该行的树。袋外是指 in_bag == 0。"), replaces="forest_predict")
def in_the_bag(probabilities, in_bag):
    return _forest(probabilities, ~_out(in_bag))


@mistake_of("best_split", Text("The trees are weighted by how often they drew the row, so those that learnt it by heart count most.",
                               "按抽到该行的次数给树加权，于是把它背下来的树权重最大。"), replaces="forest_predict")
def counts_as_weights(probabilities, in_bag):
    return _forest(probabilities, in_bag)


@mistake_of("best_split", Text("1 − in_bag is negative where a row was drawn twice. Out of the bag is yes or no: in_bag == 0.",
                               "一行被抽到两次时 1 − in_bag 为负。袋外只有是与否：in_bag == 0。"), replaces="forest_predict")
def one_minus_the_counts(probabilities, in_bag):
    return _forest(probabilities, 1 - np.asarray(in_bag))


@mistake_of("best_split", Text("All trees count as out of the bag. `~` of a whole number is −1 − number, which is never 0: write in_bag == 0.",
                               "所有的树都被当成了袋外。对整数 `~` 得到 −1 − 数，永远不为 0：应写 in_bag == 0。"), replaces="forest_predict")
def all_trees_out(probabilities, in_bag):
    return _forest(probabilities, ~np.asarray(in_bag) != 0)


@mistake_of("best_split", Text("A row without a tree got 0, which says it will surely stay. Nobody knows: nan.",
                               "没有袋外树的行得到了 0，等于断言它一定不会流失。其实无从得知：应为 nan。"), replaces="forest_predict")
def zero_without_a_tree(probabilities, in_bag):
    forest, oob = _forest(probabilities, _out(in_bag))
    return forest, np.nan_to_num(oob)


@mistake_of("best_split", Text("A row without an out-of-bag tree got the whole forest's mean, all of whose trees have seen it. Here it is nan.",
                               "没有袋外树的行用了整个森林的均值，而这些树全都见过它。这里应为 nan。"), replaces="forest_predict")
def forest_without_a_tree(probabilities, in_bag):
    forest, oob = _forest(probabilities, _out(in_bag))
    return forest, np.where(np.isnan(oob), forest, oob)


@mistake_of("best_split", Text("The out-of-bag sum was divided by the number of all trees. Divide by those that are out of the bag for the row.",
                               "袋外概率之和除以了全部树的数量。应除以对该行而言袋外的树的数量。"), replaces="forest_predict")
def divided_by_all_trees(probabilities, in_bag):
    forest, oob = _forest(probabilities, _out(in_bag))
    return forest, oob * _out(in_bag).mean(axis=0)


@mistake_of("best_split", Text("Trees that drew the row once count as out of the bag. Once is enough to have seen its label.",
                               "只抽到一次该行的树被当成了袋外。抽到一次就已经见过它的标签。"), replaces="forest_predict")
def once_is_never(probabilities, in_bag):
    return _forest(probabilities, np.asarray(in_bag) < 2)


@alternate_of("best_split", replaces="forest_predict")
def forest_by_masked_mean(probabilities, in_bag):
    said = np.ma.masked_array(np.asarray(probabilities, float), np.asarray(in_bag) > 0)
    return np.average(probabilities, axis=0), said.mean(axis=0).filled(np.nan)


@alternate_of("best_split", replaces="forest_predict")
def forest_by_loops(probabilities, in_bag):
    forest, oob = [], []
    for said, drawn in zip(zip(*probabilities, strict=True), zip(*in_bag, strict=True), strict=True):
        new = [float(p) for p, times in zip(said, drawn, strict=True) if times == 0]
        forest.append(sum(map(float, said)) / len(said))
        oob.append(sum(new) / len(new) if new else math.nan)
    return forest, oob


# --- churn_table ---------------------------------------------------------------------------------------------------------

_DAY = pd.Timedelta(days=1)
_COLUMNS = ["customer", "cutoff", "recency", "orders", "amount", "churned"]


def _within(events, start, end):
    at = events["time"].to_numpy()
    return events[(at >= start.to_datetime64()) & (at < end.to_datetime64())]


def _past(events, cutoff, look_back):
    return _within(events, cutoff - look_back * _DAY, cutoff)


def _future(events, cutoff, horizon):
    return _within(events, cutoff, cutoff + horizon * _DAY)


def _features(past, cutoff):
    """Recency, orders and amount by customer; with NumPy, since it is run some ten thousand times in the tests."""
    who, at = np.unique(past["customer"], return_inverse=True)
    ago = (cutoff.to_datetime64() - past["time"].to_numpy().astype("M8[D]")) // np.timedelta64(1, "D")
    last = np.full(len(who), 10**6)
    np.minimum.at(last, at, ago)
    visits = np.unique(np.column_stack([at, ago]), axis=0)[:, 0]        # a customer's days, each once
    return pd.DataFrame({"recency": last, "orders": np.bincount(visits, minlength=len(who)), "amount": np.bincount(at, past["amount"], len(who))},
                        index=who)


def _churn_table(events, cutoffs, look_back, horizon, observed_until, known=None, past=_past, future=_future, features=_features, order=sorted,
                 finish=None):
    parts = []
    for cutoff in order(cutoffs):
        if not (cutoff + horizon * _DAY <= observed_until if known is None else known(cutoff + horizon * _DAY)):
            continue
        part = features(past(events, cutoff, look_back), cutoff)
        part["cutoff"], part["churned"] = cutoff, (~part.index.isin(future(events, cutoff, horizon)["customer"])).astype(int)
        parts.append(part.rename_axis("customer").reset_index())
    table = pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else pd.DataFrame(columns=_COLUMNS)
    return table if finish is None else finish(table)


@mistake_of("churn_table", Text("Cut-offs without a full label window are in the table. Who has not come *yet* was counted as churned.",
                                "标签窗口不完整的截止时刻也进了表。*还没*来的人被算成了流失。"))
def open_windows_kept(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, known=lambda end: True)


@mistake_of("churn_table", Text("A cut-off whose window ends exactly at observed_until is missing. All of it was observed: ≤, not <.",
                                "窗口恰好在 observed_until 结束的截止时刻丢失了。它已完整观测：应为 ≤，而不是 <。"))
def window_must_end_before(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, known=lambda end: end < observed_until)


@mistake_of("churn_table", Text("Whether a window was observed was read off the last event of the file. A quiet shop is not an unobserved one, and one "
                                "late receipt does not complete a window: use observed_until.",
                                "用文件中最后一个事件判断窗口是否观测完整。安静不等于没有观测，一张迟到的小票也不能补全窗口：应使用 observed_until。"))
def observed_until_the_last_event(events, cutoffs, look_back, horizon, observed_until):
    last = events["time"].max().normalize() + _DAY
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, known=lambda end: end <= last)


@mistake_of("churn_table", Text("The cut-off alone was compared with observed_until. The whole label window must fit: cutoff + horizon ≤ observed_until.",
                                "只比较了截止时刻与 observed_until。整个标签窗口都必须容纳：cutoff + horizon ≤ observed_until。"))
def only_the_cutoff_observed(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, known=lambda end: end - horizon * _DAY <= observed_until)


@mistake_of("churn_table", Text("An event at the cut-off itself is among the features. It belongs to the label: time < cutoff.",
                                "截止时刻本身的事件进入了特征。它属于标签：time < cutoff。"))
def cutoff_among_the_features(events, cutoffs, look_back, horizon, observed_until):
    def past(events, cutoff, look_back):
        return events[(events["time"] >= cutoff - look_back * _DAY) & (events["time"] <= cutoff)]
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, past=past)


@mistake_of("churn_table", Text("The first midnight of the look-back is left out. The window is [cutoff − look_back, cutoff): ≥ at its start.",
                                "回看窗口起点的零点被漏掉了。窗口是 [cutoff − look_back, cutoff)：起点用 ≥。"))
def first_midnight_left_out(events, cutoffs, look_back, horizon, observed_until):
    def past(events, cutoff, look_back):
        return events[(events["time"] > cutoff - look_back * _DAY) & (events["time"] < cutoff)]
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, past=past)


@mistake_of("churn_table", Text("An event at the end of the horizon counts as coming back. The window is [cutoff, cutoff + horizon): < at its end.",
                                "恰好在观察期终点的事件被算作回来了。窗口是 [cutoff, cutoff + horizon)：终点用 <。"))
def end_of_the_horizon_counts(events, cutoffs, look_back, horizon, observed_until):
    def future(events, cutoff, horizon):
        return events[(events["time"] >= cutoff) & (events["time"] <= cutoff + horizon * _DAY)]
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, future=future)


@mistake_of("churn_table", Text("An event at the cut-off itself does not count as coming back. It is the first moment of the label window: ≥.",
                                "截止时刻本身的事件没有算作回来。它是标签窗口的第一个时刻：应为 ≥。"))
def cutoff_not_in_the_label(events, cutoffs, look_back, horizon, observed_until):
    def future(events, cutoff, horizon):
        return events[(events["time"] > cutoff) & (events["time"] < cutoff + horizon * _DAY)]
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, future=future)


@mistake_of("churn_table", Text("Any later event counts as coming back, after the horizon too. So the label depends on how long the file is.",
                                "观察期之后的任何事件也被算作回来了。这样标签就取决于文件有多长。"))
def ever_after(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, future=lambda events, cutoff, horizon: events[events["time"] >= cutoff])


@mistake_of("churn_table", Text("The label is turned: churned is 1 for those who did *not* come.", "标签反了：*没有*来的人 churned 才是 1。"))
def label_turned(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, finish=lambda table: table.assign(churned=1 - table["churned"]))


@mistake_of("churn_table", Text("Recency was counted in blocks of 24 hours. Take the calendar day of the last event first.",
                                "距今天数按 24 小时计算了。应先取最后一次事件的日期。"))
def recency_in_hours(events, cutoffs, look_back, horizon, observed_until):
    def features(past, cutoff):
        return _features(past, cutoff).assign(recency=(cutoff - past.groupby("customer")["time"].max()).dt.days)
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, features=features)


@mistake_of("churn_table", Text("Recency runs to observed_until. On the morning of the cut-off nobody knows that date: count to the cut-off.",
                                "距今天数算到了 observed_until。在截止当天没有人知道那个日期：应算到截止时刻。"))
def recency_to_the_end(events, cutoffs, look_back, horizon, observed_until):
    def features(past, cutoff):
        return _features(past, cutoff).assign(recency=lambda part: part["recency"] + (observed_until - cutoff).days)
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, features=features)


@mistake_of("churn_table", Text("Orders counts rows. Two receipts of a day are one order: count different days.",
                                "orders 统计的是行数。同一天的两张小票算一个订单：应统计不同的日期。"))
def orders_by_rows(events, cutoffs, look_back, horizon, observed_until):
    def features(past, cutoff):
        return _features(past, cutoff).assign(orders=past.groupby("customer").size())
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, features=features)


@mistake_of("churn_table", Text("The look-back is not used: everything before the cut-off counts, and who was last seen a year ago churns once more.",
                                "没有使用回看窗口：截止前的一切都计入，一年前就离开的人又流失一次。"))
def all_of_the_past(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, past=lambda events, cutoff, look_back: events[events["time"] < cutoff])


@mistake_of("churn_table", Text("The amount is summed over the whole file: the feature knows what is spent after the cut-off.",
                                "金额对整个文件求和：该特征知道截止之后花了多少。"))
def amount_of_the_whole_file(events, cutoffs, look_back, horizon, observed_until):
    def features(past, cutoff):
        part = _features(past, cutoff)
        return part.assign(amount=events.groupby("customer")["amount"].sum().reindex(part.index))
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, features=features)


@mistake_of("churn_table", Text("Every customer of the file has a row. Only those with an event in the look-back do: others left long ago, or are yet to come.",
                                "文件中每个顾客都有一行。只有回看窗口内有事件的人才应有行：其余的早已离开，或尚未到来。"))
def everybody_has_a_row(events, cutoffs, look_back, horizon, observed_until):
    def features(past, cutoff):
        return _features(past, cutoff).reindex(sorted(events["customer"].unique())).fillna({"orders": 0, "amount": 0.})
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, features=features)


@mistake_of("churn_table", Text("The cut-offs stand in the order in which they were given. Sort by cut-off, then customer.",
                                "截止时刻按给定的顺序排列。应按截止时刻、再按顾客排序。"))
def cutoffs_as_given(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until, order=list)


@mistake_of("churn_table", Text("The rows are sorted by customer, then cut-off. It is the other way round: cut-off first.",
                                "行先按顾客、再按截止时刻排序了。应反过来：先按截止时刻。"))
def sorted_by_customer(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until,
                        finish=lambda table: table.sort_values(["customer", "cutoff"], ignore_index=True))


@mistake_of("churn_table", Text("The index begins anew at each cut-off. Concatenate with ignore_index=True: 0 … n − 1.",
                                "每个截止时刻的 index 都重新从 0 开始。拼接时用 ignore_index=True：0 … n − 1。"))
def index_begins_anew(events, cutoffs, look_back, horizon, observed_until):
    return _churn_table(events, cutoffs, look_back, horizon, observed_until,
                        finish=lambda table: table.set_index(table.groupby("cutoff").cumcount().to_numpy()))


@mistake_of("churn_table", Text("No cut-off has a known label: nothing to concatenate, and pandas raises. Return an empty frame with the columns.",
                                "没有任何截止时刻的标签已知时无可拼接，pandas 会报错。应返回带有这些列的空表。"))
def nothing_to_concatenate(events, cutoffs, look_back, horizon, observed_until):
    table = _churn_table(events, cutoffs, look_back, horizon, observed_until)
    if all(cutoff + horizon * _DAY > observed_until for cutoff in cutoffs):
        raise ValueError("No objects to concatenate")
    return table


@alternate_of("churn_table")
def table_by_loops(events, cutoffs, look_back, horizon, observed_until):
    visits = {}
    for customer, at, amount in zip(events["customer"], events["time"], events["amount"], strict=True):
        visits.setdefault(int(customer), []).append((at, float(amount)))
    rows = []
    for cutoff in sorted(cutoffs):
        if cutoff + pd.Timedelta(days=horizon) > observed_until:
            continue
        for customer in sorted(visits):
            past = [(at, amount) for at, amount in visits[customer] if cutoff - pd.Timedelta(days=look_back) <= at < cutoff]
            if past:
                came = any(cutoff <= at < cutoff + pd.Timedelta(days=horizon) for at, _ in visits[customer])
                rows.append((customer, cutoff, (cutoff.date() - max(at for at, _ in past).date()).days, len({at.date() for at, _ in past}),
                             sum(amount for _, amount in past), int(not came)))
    return pd.DataFrame(rows, columns=_COLUMNS)


@alternate_of("churn_table")
def table_by_cross_join(events, cutoffs, look_back, horizon, observed_until):
    known = pd.DataFrame({"cutoff": pd.to_datetime([c for c in cutoffs if c + horizon * _DAY <= observed_until])})
    both = known.merge(events, how="cross")
    ahead = (both["time"].dt.floor("D") - both["cutoff"]).dt.days
    past = both[(ahead < 0) & (ahead >= -look_back)].assign(day=ahead)
    table = past.groupby(["cutoff", "customer"]).agg(last=("day", "max"), orders=("day", "nunique"), amount=("amount", "sum")).reset_index()
    came = both.loc[(ahead >= 0) & (ahead < horizon), ["cutoff", "customer"]].drop_duplicates().assign(churned=0)
    table = table.merge(came, on=["cutoff", "customer"], how="left")
    table["recency"] = -table["last"]
    table["churned"] = table["churned"].fillna(1).astype(int)
    return table[_COLUMNS]


# --- train_test_rows -----------------------------------------------------------------------------------------------------


def _train_test(table, test_cutoff, horizon, copies, train=None, test=None, copied=1):
    """Positions of both sides; `train` and `test` are masks, `copied` the label whose training rows are repeated (None: no row is)."""
    cutoff, churned = table["cutoff"], table["churned"].to_numpy()
    train = np.flatnonzero(cutoff + horizon * _DAY <= test_cutoff if train is None else train)
    test = np.flatnonzero(cutoff == test_cutoff if test is None else test)
    return np.repeat(train, np.where(churned[train] == copied, copies, 1)), test


@mistake_of("churn_table", Text("The churned rows of the test are copied as well. The test must have the shop's own share of churners: copy in train only.",
                                "测试集中的流失行也被复制了。测试集必须保持真实的流失比例：只在训练集中复制。"), replaces="train_test_rows")
def copied_in_the_test(table, test_cutoff, horizon, copies):
    train, test = _train_test(table, test_cutoff, horizon, copies)
    return train, np.repeat(test, np.where(table["churned"].to_numpy()[test] == 1, copies, 1))


@mistake_of("churn_table", Text("All earlier cut-offs are trained on. Label windows that reach past the test cut-off were not known that morning: leave a gap "
                                "of one horizon.",
                                "所有更早的截止时刻都用来训练了。标签窗口越过测试截止时刻的行，当天还不知道标签：应留出一个观察期。"),
            replaces="train_test_rows")
def no_gap(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies, train=table["cutoff"] < test_cutoff)


@mistake_of("churn_table", Text("Rows whose label window ends exactly at the test cut-off are missing. Their label is known by then: ≤.",
                                "标签窗口恰好在测试截止时刻结束的行丢失了。那时标签已知：应为 ≤。"), replaces="train_test_rows")
def gap_one_too_wide(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies, train=table["cutoff"] + horizon * _DAY < test_cutoff)


@mistake_of("churn_table", Text("Everything that is not test is trained on, later cut-offs too: the model has seen next month.",
                                "凡不是测试的行都用来训练了，包括更晚的截止时刻：模型已经见过下个月。"), replaces="train_test_rows")
def all_the_rest_trains(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies, train=table["cutoff"] != test_cutoff)


@mistake_of("churn_table", Text("Later cut-offs are in the test, too. It is one morning: cutoff == test_cutoff.",
                                "更晚的截止时刻也进了测试集。测试只是某一个早上：cutoff == test_cutoff。"), replaces="train_test_rows")
def later_cutoffs_tested(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies, test=table["cutoff"] >= test_cutoff)


@mistake_of("churn_table", Text("These are labels of the index. Positions are counted from 0: np.flatnonzero.",
                                "这是 index 的标签。位置应从 0 数起：用 np.flatnonzero。"), replaces="train_test_rows")
def labels_of_the_index(table, test_cutoff, horizon, copies):
    train, test = _train_test(table, test_cutoff, horizon, copies)
    return table.index.to_numpy()[train], table.index.to_numpy()[test]


@mistake_of("churn_table", Text("The copies stand at the end. They belong in a row, right behind the first one: np.repeat.",
                                "副本放在了末尾。它们应紧跟在原行之后连续出现：用 np.repeat。"), replaces="train_test_rows")
def copies_at_the_end(table, test_cutoff, horizon, copies):
    train, test = _train_test(table, test_cutoff, horizon, 1)
    return np.concatenate([train, *[train[table["churned"].to_numpy()[train] == 1]] * (copies - 1)]), test


@mistake_of("churn_table", Text("There is one copy too many: `copies` says how often a churned row stands in all.",
                                "多了一份：`copies` 是流失行总共出现的次数。"), replaces="train_test_rows")
def one_copy_more(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies + 1)


@mistake_of("churn_table", Text("The rows that stayed are copied. It is the churned ones that are repeated.",
                                "被复制的是留下的行。应重复的是流失的行。"), replaces="train_test_rows")
def stayers_copied(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, copies, copied=0)


@mistake_of("churn_table", Text("No row is copied: each churned training row stands `copies` times.",
                                "没有复制任何行：每个流失的训练行应出现 `copies` 次。"), replaces="train_test_rows")
def nothing_copied(table, test_cutoff, horizon, copies):
    return _train_test(table, test_cutoff, horizon, 1)


@alternate_of("churn_table", replaces="train_test_rows")
def rows_by_loops(table, test_cutoff, horizon, copies):
    train, test = [], []
    for i, (cutoff, churned) in enumerate(zip(table["cutoff"], table["churned"], strict=True)):
        if cutoff == test_cutoff:
            test.append(i)
        elif (test_cutoff - cutoff).days >= horizon:
            train += [i] * (copies if churned else 1)
    return train, test


@alternate_of("churn_table", replaces="train_test_rows")
def rows_by_reset_index(table, test_cutoff, horizon, copies):
    counted = table.reset_index(drop=True)
    closed = counted[counted["cutoff"] <= test_cutoff - pd.Timedelta(days=horizon)]
    return closed.index.repeat(1 + (copies - 1) * (closed["churned"] == 1)).to_numpy(), counted.index[counted["cutoff"] == test_cutoff]


# --- build_churn_cnn -----------------------------------------------------------------------------------------------------


def _cnn(T, F, end, units=1, activation="sigmoid", loss="binary_crossentropy", filters=(64, 128)):
    import keras

    inputs = keras.Input(shape=(T, F))
    x = inputs
    for width in filters:
        x = keras.layers.Conv1D(width, 3, activation="relu")(x)
    for layer in end:
        x = layer(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(units, activation=activation)(x))
    model.compile(optimizer="adam", loss=loss)
    return model


def _layers():
    import keras

    return keras.layers


@mistake_of("build_churn_cnn", Text(
    "GlobalAveragePooling1D forgets when: a strong March and a strong October have the same average. In lesson 01 the place of a pattern did not "
    "matter, so pooling was right; whether somebody leaves is a question of *lately*.",
    "GlobalAveragePooling1D 忘记了时间：三月旺和十月旺的平均值相同。在第 01 课中模式的位置无关紧要，池化是对的；而流失问的是*最近*。"),
    facts={"layers": "GlobalAveragePooling1D"})
def average_over_all_weeks(T, F):
    return _cnn(T, F, [_layers().GlobalAveragePooling1D()])


@mistake_of("build_churn_cnn", Text(
    "GlobalMaxPooling1D forgets when: it says that a pattern stood somewhere, not whether that was lately. Keep the place: Flatten.",
    "GlobalMaxPooling1D 忘记了时间：它只说模式在某处出现过，而不说是不是最近。要保留位置：用 Flatten。"),
    facts={"layers": "GlobalMaxPooling1D"})
def maximum_over_all_weeks(T, F):
    return _cnn(T, F, [_layers().GlobalMaxPooling1D()])


@mistake_of("build_churn_cnn", Text(
    "The time axis is still there: this predicts one probability for each week. Something must end it before the Dense layers.",
    "时间轴还在：模型为每一周都预测了一个概率。在 Dense 层之前必须把它收起来。"), facts={"output_rank": 3})
def one_probability_a_week(T, F):
    return _cnn(T, F, [])


@mistake_of("build_churn_cnn", Text(
    "Two outputs. Leaving is one event with one probability: one unit with a sigmoid.",
    "有两个输出。流失是一个事件，只有一个概率：一个单元加 sigmoid。"),
    facts={"output_rank": 2, "output_units": 2})
def two_sigmoids(T, F):
    return _cnn(T, F, [_layers().Flatten()], units=2, loss="sparse_categorical_crossentropy", activation="softmax")


@mistake_of("build_churn_cnn", Text(
    "A softmax over one unit is always 1: everybody leaves for sure. One unit needs a sigmoid.",
    "对单个单元做 softmax 恒等于 1：所有人必定流失。单个单元要用 sigmoid。"),
    facts={"activation": "softmax", "output_units": 1})
def softmax_over_one(T, F):
    return _cnn(T, F, [_layers().Flatten()], activation="softmax")


@mistake_of("build_churn_cnn", Text(
    "The last layer has no sigmoid, so its numbers leave [0, 1].", "最后一层没有 sigmoid，数值会超出 [0, 1]。"), facts={"activation": "linear"})
def no_sigmoid(T, F):
    return _cnn(T, F, [_layers().Flatten()], activation="linear", loss="mse")


@mistake_of("build_churn_cnn", Text(
    "The model is not compiled: without loss and optimiser nothing can be learnt.", "模型没有编译：没有损失函数和优化器就无法学习。"),
    facts={"error": "TypeError", "message": "not compiled"})
def not_compiled(T, F):
    import keras

    inputs = keras.Input(shape=(T, F))
    x = keras.layers.Flatten()(keras.layers.Conv1D(64, 3, activation="relu")(inputs))
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))


@alternate_of("build_churn_cnn")
def halve_the_weeks_then_flatten(T, F):
    return _cnn(T, F, [_layers().MaxPooling1D(2), _layers().Flatten(), _layers().Dropout(.2)], filters=(32, 64))


@alternate_of("build_churn_cnn")
def strides_as_a_sequential(T, F):
    import keras

    model = keras.Sequential([
        keras.Input((T, F)), keras.layers.Conv1D(32, 5, strides=2, padding="same", activation="relu"), keras.layers.BatchNormalization(),
        keras.layers.Conv1D(32, 3, padding="causal", activation="relu"), keras.layers.Flatten(), keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["AUC"])
    return model


@alternate_of("build_churn_cnn")
def wide_dilated_kernels_and_the_last_week(T, F):
    import keras

    inputs = x = keras.Input((T, F))
    for rate in (1, 2, 4, 8):
        x = keras.layers.Conv1D(32, 3, dilation_rate=rate, padding="causal", activation="relu")(x)
    x = keras.layers.Dense(32, activation="relu")(x[:, -1])
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.BinaryCrossentropy())
    return model


# --- build_churn_lstm ----------------------------------------------------------------------------------------------------


def _lstm(T, F, mask=True, bare=False, sequences=False, end=(), units=1, activation="sigmoid", loss="binary_crossentropy", compiled=True):
    import keras

    inputs = x = keras.Input(shape=(T, F))
    if bare:
        x = x[:, :, :1]
    if mask:
        x = keras.layers.Masking(0.)(x)
    x = keras.layers.LSTM(50, return_sequences=True, use_cudnn=False)(x)
    x = keras.layers.LSTM(50, return_sequences=sequences, use_cudnn=False)(x)
    for layer in end:
        x = layer(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    model = keras.Model(inputs, keras.layers.Dense(units, activation=activation)(x))
    if compiled:
        model.compile(optimizer="adam", loss=loss)
    return model


@mistake_of("build_churn_lstm", Text(
    "The mask looks at the bare activity, so it skips silent weeks as if they were padding: \"silent for nine weeks\" and \"just bought\" become "
    "the same customer. Let the mask see the channel `observed` as well.",
    "掩码只看活跃度，因此把沉默的周当作填充跳过：「沉默九周」和「刚刚购买」成了同一个用户。让掩码也看到 `observed` 通道。"),
    facts={"masks": True, "mask_channels": 1})
def mask_on_the_bare_activity(T, F):
    return _lstm(T, F, bare=True)


@mistake_of("build_churn_lstm", Text(
    "There is no mask: the LSTM reads the padding, and the same customer gets another probability when more zeros stand in front.",
    "没有掩码：LSTM 会读取填充步；前面多加一些零，同一个用户的概率就变了。"), facts={"masks": False, "padding_matters": True, "padding_fits": True})
def no_mask(T, F):
    return _lstm(T, F, mask=False)


@mistake_of("build_churn_lstm", Text(
    "Flatten ties the weights to the number of weeks, padding included: a longer sequence does not fit. The last state is enough.",
    "Flatten 把权重与周数（包括填充）绑在一起：更长的序列就不适用了。最后状态就足够。"), facts={"layers": "Flatten", "padding_fits": False})
def flatten_all_states(T, F):
    return _lstm(T, F, sequences=True, end=[_layers().Flatten()])


@mistake_of("build_churn_lstm", Text(
    "The second LSTM returns a state for each week, so there is a probability a week. Its last state is what the head needs: return_sequences=False.",
    "第二个 LSTM 为每周返回一个状态，于是每周一个概率。输出层只需要最后状态：return_sequences=False。"), facts={"output_rank": 3})
def one_state_a_week(T, F):
    return _lstm(T, F, sequences=True)


@mistake_of("build_churn_lstm", Text(
    "Two outputs. Leaving is one event with one probability: one unit with a sigmoid.",
    "有两个输出。流失是一个事件，只有一个概率：一个单元加 sigmoid。"),
    facts={"output_rank": 2, "output_units": 2})
def two_classes(T, F):
    return _lstm(T, F, units=2, activation="softmax", loss="sparse_categorical_crossentropy")


@mistake_of("build_churn_lstm", Text(
    "A softmax over one unit is always 1: everybody leaves for sure. One unit needs a sigmoid.",
    "对单个单元做 softmax 恒等于 1：所有人必定流失。单个单元要用 sigmoid。"),
    facts={"activation": "softmax", "output_units": 1})
def softmax_of_one_unit(T, F):
    return _lstm(T, F, activation="softmax")


@mistake_of("build_churn_lstm", Text(
    "The last layer has no sigmoid, so its numbers leave [0, 1].", "最后一层没有 sigmoid，数值会超出 [0, 1]。"), facts={"activation": "linear"})
def linear_head(T, F):
    return _lstm(T, F, activation="linear", loss="mse")


@mistake_of("build_churn_lstm", Text(
    "The model is not compiled: without loss and optimiser nothing can be learnt.", "模型没有编译：没有损失函数和优化器就无法学习。"),
    facts={"error": "TypeError", "message": "not compiled"})
def left_uncompiled(T, F):
    return _lstm(T, F, compiled=False)


@alternate_of("build_churn_lstm")
def gru_with_a_mask_made_by_hand(T, F):
    import keras

    class Observed(keras.layers.Layer):
        def call(self, x):
            return x[:, :, -1] > 0

    inputs = keras.Input((T, F))
    state = keras.layers.GRU(48, use_cudnn=False)(inputs, mask=Observed()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Dense(64, activation="relu")(state)))
    model.compile(keras.optimizers.Adam(3e-3), keras.losses.BinaryCrossentropy(), metrics=[keras.metrics.AUC(curve="PR")])
    return model


@alternate_of("build_churn_lstm")
def sequential_of_the_documents_sizes(T, F):
    import keras

    model = keras.Sequential([
        keras.Input((T, F)), keras.layers.Masking(mask_value=0.0), keras.layers.LSTM(50, return_sequences=True), keras.layers.Dropout(.1),
        keras.layers.LSTM(50), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy")
    return model


# --- bgnbd_loglik, p_alive -----------------------------------------------------------------------------------------------


def _arrays(*each):
    return [np.asarray(one, float) for one in each]


def _loglik(params, x, tx, T, branch=True, coins=1, alive=None, left=None, died=True, extra=0.0, merge=np.sum):
    """The reference with one thing wrong.  branch: no second term at x = 0.  coins: taken off b + x.  alive, left: exponents in place of r + x."""
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    again = x > 0
    with np.errstate(all="ignore"):
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b) + extra
        u = -(r + x if alive is None else alive) * np.log(alpha + T)
        v = np.log(a) - np.log(b + (np.where(again, x, 1) if branch else x) - coins) - (r + x if left is None else left) * np.log(alpha + tx)
        v = np.where(again, v, -np.inf) if branch else v
        found = merge(common + (np.logaddexp(u, v) if died else u))
    return float(found) if np.ndim(found) == 0 else found


@mistake_of("bgnbd_loglik", Text("The first purchase was counted: x is the number of *repeat* purchases, it needs no + 1.",
                                 "把首次购买也算进去了：x 是*复购*次数，不需要再加 1。"))
def first_purchase_counted(params, x, tx, T):
    return _loglik(params, np.asarray(x) + 1, tx, T)


@mistake_of("bgnbd_loglik", Text("Recency was counted from the end, T − tx. Here tx is the customer's age at the last purchase.",
                                 "最近一次购买是从期末倒数的（T − tx）。这里的 tx 是客户最后一次购买时的年龄。"))
def recency_from_the_end(params, x, tx, T):
    x, tx, T = _arrays(x, tx, T)
    return _loglik(params, x, np.where(x > 0, T - tx, 0), T)


@mistake_of("bgnbd_loglik", Text("All customers got the same T, the largest. Each has an age of their own: who came later had less time to buy.",
                                 "所有客户都用了同一个（最大的）T。每个客户有自己的年龄：来得晚的人购买时间更短。"))
def oldest_age_for_all(params, x, tx, T):
    return _loglik(params, x, tx, np.full(len(T), np.max(T)))


@mistake_of("bgnbd_loglik", Text("All customers got the same T, the mean. Each has an age of their own: the logarithm of a mean is no mean of logarithms.",
                                 "所有客户都用了同一个（平均的）T。每个客户有自己的年龄：均值的对数不等于对数的均值。"))
def mean_age_for_all(params, x, tx, T):
    return _loglik(params, x, tx, np.full(len(T), np.mean(T)))


@mistake_of("bgnbd_loglik", Text("The second term was added for customers with x = 0, too. Without a repeat purchase nobody can have left: δ is 0.",
                                 "对 x = 0 的客户也加上了第二项。没有复购就不可能流失：δ 为 0。"))
def left_without_occasion(params, x, tx, T):
    return _loglik(params, x, tx, T, branch=False)


@mistake_of("bgnbd_loglik", Text("Nobody ever leaves here: the second term is missing, and with it the reason why a long silence means something.",
                                 "这里没有人会流失：缺少第二项，于是长时间沉默就失去了含义。"))
def nobody_leaves(params, x, tx, T):
    return _loglik(params, x, tx, T, died=False)


@mistake_of("bgnbd_loglik", Text("exp(u) + exp(v) underflows to 0 at large x, and its logarithm is -inf. Stay in logarithms: np.logaddexp(u, v).",
                                 "x 较大时 exp(u) + exp(v) 下溢为 0，其对数为 -inf。应始终使用对数：np.logaddexp(u, v)。"))
def underflow(params, x, tx, T):
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    with np.errstate(all="ignore"):
        left = np.where(x > 0, a / (b + np.where(x > 0, x, 1) - 1) * np.exp(-(r + x) * np.log(alpha + tx)), 0)
        common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
        return float(np.sum(common + np.log(np.exp(-(r + x) * np.log(alpha + T)) + left)))


@mistake_of("bgnbd_loglik", Text("The gamma function itself overflows beyond 171, and the product becomes nan. Take gammaln and add.",
                                 "gamma 函数本身在 171 以上就会溢出，乘积变成 nan。应使用 gammaln 再相加。"))
def overflow(params, x, tx, T):
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    with np.errstate(all="ignore"):
        left = np.where(x > 0, a / (b + np.where(x > 0, x, 1) - 1) * (alpha + tx) ** -(r + x), 0)
        common = gamma(r + x) * alpha**r / gamma(r) * np.exp(betaln(a, b + x) - betaln(a, b))
        return float(np.sum(np.log(common * ((alpha + T) ** -(r + x) + left))))


@mistake_of("bgnbd_loglik", Text("r and alpha are exchanged. The order is (r, alpha, a, b).", "r 与 alpha 写反了。顺序是 (r, alpha, a, b)。"))
def r_and_alpha_exchanged(params, x, tx, T):
    alpha, r, a, b = params
    return _loglik((r, alpha, a, b), x, tx, T)


@mistake_of("bgnbd_loglik", Text("a and b are exchanged. p ~ beta(a, b) is the probability of *leaving*: each purchase survived adds to b.",
                                 "a 与 b 写反了。p ~ beta(a, b) 是*流失*的概率：每次购买后留下都加到 b 上。"))
def a_and_b_exchanged(params, x, tx, T):
    r, alpha, b, a = params
    return _loglik((r, alpha, a, b), x, tx, T)


@mistake_of("bgnbd_loglik", Text("This is the mean. The log likelihood is the sum over the customers.", "这是均值。对数似然是对所有客户求和。"))
def mean_of_customers(params, x, tx, T):
    return _loglik(params, x, tx, T, merge=np.mean)


@mistake_of("bgnbd_loglik", Text("One number for each customer came back. Sum them: the answer is one float.",
                                 "返回了每个客户各一个数。应求和：答案是一个浮点数。"))
def not_summed(params, x, tx, T):
    return _loglik(params, x, tx, T, merge=np.asarray)


@mistake_of("bgnbd_loglik", Text("The sign is turned. An optimiser minimises −log L; the function is asked for log L itself.",
                                 "符号反了。优化器最小化的是 −log L；这里要的是 log L 本身。"))
def loss_instead(params, x, tx, T):
    return -_loglik(params, x, tx, T)


@mistake_of("bgnbd_loglik", Text("b + x in the second term must be b + x − 1: of the x purchases they survived x − 1, and left after the last.",
                                 "第二项中的 b + x 应为 b + x − 1：x 次购买中有 x − 1 次留下，最后一次之后流失。"))
def survived_them_all(params, x, tx, T):
    return _loglik(params, x, tx, T, coins=0)


@mistake_of("bgnbd_loglik", Text("The beta functions are mixed up: x purchases without leaving make B(a, b + x), not B(a + x, b).",
                                 "贝塔函数弄混了：x 次购买未流失应为 B(a, b + x)，而不是 B(a + x, b)。"))
def beta_mixed_up(params, x, tx, T):
    _, _, a, b = params
    x = np.asarray(x, float)
    return _loglik(params, x, tx, T, extra=betaln(a + x, b) - betaln(a, b + x))


@mistake_of("bgnbd_loglik", Text("The second term has T in place of tx. Who left after the last purchase was silent because they were gone: the clock of their "
                                 "purchases stopped at tx.", "第二项用了 T 而不是 tx。最后一次购买后就流失的客户，其购买时钟停在 tx。"))
def clock_runs_on(params, x, tx, T):
    x, tx, T = _arrays(x, tx, T)
    return _loglik(params, x, np.where(x > 0, T, 0), T)


@mistake_of("bgnbd_loglik", Text("The exponents are r. Each purchase adds one to the shape of the gamma: r + x.",
                                 "指数写成了 r。每次购买使伽马分布的形状参数加一：r + x。"))
def shape_not_updated(params, x, tx, T):
    return _loglik(params, x, tx, T, alive=params[0], left=params[0])


@mistake_of("bgnbd_loglik", Text("There is a 1/x! too many. It belongs to the probability of a *count*; here dates are known, and their density has none.",
                                 "多了一个 1/x!。那属于*次数*的概率；这里日期已知，其密度没有这一项。"))
def a_count_not_a_history(params, x, tx, T):
    return _loglik(params, x, tx, T, extra=-gammaln(np.asarray(x, float) + 1))


def _alive(params, x, tx, T, branch=True, coins=1, power=None, dead=False):
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    with np.errstate(all="ignore"):
        odds = a / (b + (np.where(x > 0, x, 1) if branch else x) - coins) * np.exp(
            (r + x if power is None else power) * (np.log(alpha + T) - np.log(alpha + tx)))
        p = 1 / (1 + (np.where(x > 0, odds, 0) if branch else odds))
    return 1 - p if dead else p


@mistake_of("bgnbd_loglik", Text("The branch for x = 0 is missing. Who never came back had no occasion to leave: exactly 1.",
                                 "缺少 x = 0 的分支。从未复购的客户没有流失的机会：恰好为 1。"), replaces="p_alive")
def no_branch(params, x, tx, T):
    return _alive(params, x, tx, T, branch=False)


@mistake_of("bgnbd_loglik", Text("The denominator b + x must be b + x − 1: they survived x − 1 purchases and left after the last.",
                                 "分母 b + x 应为 b + x − 1：他在 x − 1 次购买后留下，在最后一次之后流失。"), replaces="p_alive")
def denominator_b_plus_x(params, x, tx, T):
    return _alive(params, x, tx, T, coins=0)


@mistake_of("bgnbd_loglik", Text("The ratio is upside down. A longer silence must lower P(alive): (alpha + T) stands above (alpha + tx).",
                                 "比值颠倒了。沉默越久，P(alive) 应越低：(alpha + T) 在 (alpha + tx) 之上。"), replaces="p_alive")
def ratio_upside_down(params, x, tx, T):
    r, *_ = params
    return _alive(params, x, tx, T, power=-(r + np.asarray(x, float)))


@mistake_of("bgnbd_loglik", Text("The exponent is x. It is r + x, as in the likelihood.", "指数写成了 x。应与似然一样是 r + x。"), replaces="p_alive")
def exponent_x(params, x, tx, T):
    return _alive(params, x, tx, T, power=np.asarray(x, float))


@mistake_of("bgnbd_loglik", Text("The exponent is r. It is r + x: what makes a silence long is the customer's own rate.",
                                 "指数写成了 r。应为 r + x：沉默算不算久，取决于客户自己的购买频率。"), replaces="p_alive")
def exponent_r(params, x, tx, T):
    return _alive(params, x, tx, T, power=params[0])


@mistake_of("bgnbd_loglik", Text("This is the probability of having left. Asked is its complement.",
                                 "这是已流失的概率。题目要的是其补。"), replaces="p_alive")
def probability_of_having_left(params, x, tx, T):
    return _alive(params, x, tx, T, dead=True)


@mistake_of("bgnbd_loglik", Text("Recency was counted from the end, T − tx. Here tx is the customer's age at the last purchase.",
                                 "最近一次购买是从期末倒数的（T − tx）。这里的 tx 是客户最后一次购买时的年龄。"), replaces="p_alive")
def alive_recency_from_the_end(params, x, tx, T):
    x, tx, T = _arrays(x, tx, T)
    return _alive(params, x, T - tx, T)


@mistake_of("bgnbd_loglik", Text("The first purchase was counted: x is the number of *repeat* purchases.",
                                 "把首次购买也算进去了：x 是*复购*次数。"), replaces="p_alive")
def alive_first_purchase_counted(params, x, tx, T):
    return _alive(params, np.asarray(x) + 1, tx, T)


@mistake_of("bgnbd_loglik", Text("a and b are exchanged. p ~ beta(a, b) is the probability of *leaving*.",
                                 "a 与 b 写反了。p ~ beta(a, b) 是*流失*的概率。"),
            replaces="p_alive")
def alive_a_and_b_exchanged(params, x, tx, T):
    r, alpha, b, a = params
    return _alive((r, alpha, a, b), x, tx, T)


@mistake_of("bgnbd_loglik", Text("r and alpha are exchanged. The order is (r, alpha, a, b).",
                                 "r 与 alpha 写反了。顺序是 (r, alpha, a, b)。"), replaces="p_alive")
def alive_r_and_alpha_exchanged(params, x, tx, T):
    alpha, r, a, b = params
    return _alive((r, alpha, a, b), x, tx, T)


@mistake_of("bgnbd_loglik", Text("Powers with the exponent 1000 overflow one by one, and inf/inf is nan. Take the power of the ratio, or logarithms.",
                                 "指数为 1000 的幂各自溢出，inf/inf 得 nan。应先取比值再取幂，或使用对数。"), replaces="p_alive")
def powers_one_by_one(params, x, tx, T):
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    with np.errstate(all="ignore"):
        odds = a / (b + np.where(x > 0, x, 1) - 1) * (alpha + T) ** (r + x) / (alpha + tx) ** (r + x)
    return 1 / (1 + np.where(x > 0, odds, 0))


@alternate_of("bgnbd_loglik")
def loglik_by_customer(params, x, tx, T):
    r, alpha, a, b = (float(each) for each in params)
    total = 0.0
    for n, last, age in zip(x, tx, T, strict=True):
        n, last, age = int(n), float(last), float(age)
        total += math.lgamma(r + n) - math.lgamma(r) + r * math.log(alpha)
        total += math.lgamma(a + b) + math.lgamma(b + n) - math.lgamma(b) - math.lgamma(a + b + n)
        u = -(r + n) * math.log(alpha + age)
        if n:
            v = math.log(a / (b + n - 1)) - (r + n) * math.log(alpha + last)
            u = max(u, v) + math.log1p(math.exp(-abs(u - v)))
        total += u
    return total


@alternate_of("bgnbd_loglik")
def loglik_by_two_stories(params, x, tx, T):
    """Each story's own likelihood, with beta functions of its own, and SciPy's sum of exponentials with weights."""
    r, alpha, a, b = params
    x, tx, T = (np.array(each, dtype=float) for each in (x, tx, T))
    again = (x > 0).astype(float)
    lived = betaln(a, b + x) - (r + x) * np.log(alpha + T)
    left = betaln(a + 1, b + x - again) - (r + x) * np.log(alpha + tx)
    both = logsumexp([lived, left], axis=0, b=[np.ones_like(x), again])
    return (both + gammaln(r + x)).sum() + len(x) * (r * np.log(alpha) - gammaln(r) - betaln(a, b))


@alternate_of("bgnbd_loglik", replaces="p_alive")
def alive_by_customer(params, x, tx, T):
    r, alpha, a, b = params
    found = []
    for n, last, age in zip(x, tx, T, strict=True):
        odds = math.log(a / (b + n - 1)) + (r + n) * math.log1p((age - last) / (alpha + last)) if n else -math.inf
        found.append(1.0 if odds == -math.inf else 0.0 if odds > 700 else 1 / (1 + math.exp(odds)))
    return found


@alternate_of("bgnbd_loglik", replaces="p_alive")
def alive_as_a_share(params, x, tx, T):
    r, alpha, a, b = params
    x, tx, T = (np.array(each, dtype=float) for each in (x, tx, T))
    p = np.ones(len(x))
    some = x > 0
    x, tx, T = x[some], tx[some], T[some]
    lived = betaln(a, b + x) - (r + x) * np.log(alpha + T)
    left = betaln(a + 1, b + x - 1) - (r + x) * np.log(alpha + tx)
    p[some] = np.exp(lived - np.logaddexp(lived, left))
    return p


# --- expected_purchases --------------------------------------------------------------------------------------------------


def _expected(params, t, x, tx, T, alive=_alive, hole="limit", sign=1, power=0, ratio="T", below=-1, upper=0, front=-1):
    """The reference with one thing wrong."""
    r, alpha, a, b = params
    x, tx, T = _arrays(x, tx, T)
    same = {"alive": alive, "sign": sign, "power": power, "ratio": ratio, "below": below, "upper": upper, "front": front}
    if abs(a - 1) < 1e-6 and hole == "limit":
        return (_expected((r, alpha, a - 1e-4, b), t, x, tx, T, **same) + _expected((r, alpha, a + 1e-4, b), t, x, tx, T, **same)) / 2
    since = T if ratio == "T" else tx if ratio == "tx" else 0 * T
    n = r + x if power == 0 else power
    with np.errstate(all="ignore"):
        still = ((alpha + since) / (alpha + since + t)) ** n * hyp2f1(r + x, b + x + upper, a + b + x + below, t / (alpha + since + t))
        found = (a + b + x + front) / (sign * np.float64(a - 1)) * (1 - still)
    return found if alive is None else found * alive(params, x, tx, T)


@mistake_of("expected_purchases", Text("P(alive) is missing: this is what a customer would buy who is certainly alive.",
                                       "缺少 P(alive)：这是确定仍活跃的客户的期望购买数。"))
def surely_alive(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, alive=None)


@mistake_of("expected_purchases", Text("P(alive) has no branch for x = 0. Who never came back had no occasion to leave: 1.",
                                       "P(alive) 缺少 x = 0 的分支。从未复购的客户没有流失的机会：为 1。"))
def expected_without_branch(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, alive=lambda *args: _alive(*args, branch=False))


@mistake_of("expected_purchases", Text("P(alive) has b + x in the denominator. It is b + x − 1.", "P(alive) 的分母用了 b + x。应为 b + x − 1。"))
def expected_with_b_plus_x(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, alive=lambda *args: _alive(*args, coins=0))


@mistake_of("expected_purchases", Text("This is the expectation for a *new* customer: their history, x and T, does not enter. Condition on it.",
                                       "这是*新*客户的期望：没有用到历史 x 与 T。应以历史为条件。"))
def of_a_new_customer(params, t, x, tx, T):
    return _expected(params, t, np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x)), alive=None)


@mistake_of("expected_purchases", Text("The sign of a − 1 is turned: the expectation came out negative.", "a − 1 的符号反了：期望成了负数。"))
def sign_turned(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, sign=-1)


@mistake_of("expected_purchases", Text("The ratio has the exponent r. It is r + x.", "比值的指数写成了 r。应为 r + x。"))
def ratio_to_the_r(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, power=params[0])


@mistake_of("expected_purchases", Text("T is missing in the bracket: t runs from T on, so alpha + T stands where a new customer has alpha.",
                                       "方括号中缺少 T：t 从 T 开始，新客户的 alpha 处应为 alpha + T。"))
def bracket_without_age(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, ratio="0")


@mistake_of("expected_purchases", Text("tx stands in the bracket in place of T. The t weeks begin at the end of the calibration, not at the last purchase.",
                                       "方括号中用了 tx 而不是 T。这 t 周从校准期末开始，而不是从最后一次购买开始。"))
def from_the_last_purchase(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, ratio="tx")


@mistake_of("expected_purchases", Text("The third number of ₂F₁ must be a + b + x − 1; a + b + x is one too many.",
                                       "₂F₁ 的第三个参数应为 a + b + x − 1；a + b + x 多了 1。"))
def third_number_too_large(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, below=0)


@mistake_of("expected_purchases", Text("The second number of ₂F₁ is b + x, not b + x − 1.", "₂F₁ 的第二个参数是 b + x，而不是 b + x − 1。"))
def second_number_too_small(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, upper=-1)


@mistake_of("expected_purchases", Text("The factor in front is (a + b + x − 1) / (a − 1): its x is missing.",
                                       "前面的因子是 (a + b + x − 1) / (a − 1)：漏了 x。"))
def front_without_x(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, front=-1 - np.asarray(x, float))


@mistake_of("expected_purchases", Text("The purchases they made already are added. Asked is what is to come after T.",
                                       "把已有的购买也加上了。题目只问 T 之后的购买。"))
def past_included(params, t, x, tx, T):
    return np.asarray(x) + _expected(params, t, x, tx, T)


@mistake_of("expected_purchases", Text("This is rate times t times P(alive). He may also leave *during* the t weeks: that is what the bracket is for.",
                                       "这是速率乘以 t 再乘以 P(alive)。客户也可能在这 t 周*之内*流失：方括号正是为此。"))
def never_leaves_again(params, t, x, tx, T):
    r, alpha, *_ = params
    x, tx, T = _arrays(x, tx, T)
    return (r + x) / (alpha + T) * t * _alive(params, x, tx, T)


@mistake_of("expected_purchases", Text("This goes on at the rate so far, x / T. It promises 0 to all who bought once, and forgets that customers leave.",
                                       "这是按目前的速率 x / T 外推。它对只买过一次的人预测 0，也忽略了流失。"))
def rate_so_far(params, t, x, tx, T):
    x, T = _arrays(x, T)
    return x / T * t


@mistake_of("expected_purchases", Text("a and b are exchanged. p ~ beta(a, b) is the probability of *leaving*.",
                                       "a 与 b 写反了。p ~ beta(a, b) 是*流失*的概率。"))
def expected_a_and_b_exchanged(params, t, x, tx, T):
    r, alpha, b, a = params
    return _expected((r, alpha, a, b), t, x, tx, T)


@mistake_of("expected_purchases", Text("At a = 1 the formula came out as nan, 0/0. Return the limit: the mean of the values at a ± 1e-4.",
                                       "a = 1 时公式得到 nan（0/0）。应返回极限：a ± 1e-4 处取值的均值。"))
def hole_is_nan(params, t, x, tx, T):
    return _expected(params, t, x, tx, T, hole="open")


@mistake_of("expected_purchases", Text("At a = 1 the division raised an error. Return the limit: the mean of the values at a ± 1e-4.",
                                       "a = 1 时除法报错。应返回极限：a ± 1e-4 处取值的均值。"))
def hole_is_an_error(params, t, x, tx, T):
    return 0.0 / (params[2] - 1) + _expected(params, t, x, tx, T)


@mistake_of("expected_purchases", Text("At a = 1 there came 0. The bracket is 0 there, but it is divided by 0: return the limit.",
                                       "a = 1 时返回了 0。方括号虽为 0，但分母也是 0：应返回极限。"))
def hole_is_zero(params, t, x, tx, T):
    return np.zeros(len(x)) if params[2] == 1 else _expected(params, t, x, tx, T)


@mistake_of("expected_purchases", Text("At a = 1 the value of one side was taken, at 1 + 1e-4: an error of about 1e-4. The mean of both sides cancels it.",
                                       "a = 1 时只取了一侧 1 + 1e-4 的值：误差约 1e-4。取两侧均值可抵消误差。"))
def hole_from_one_side(params, t, x, tx, T):
    r, alpha, a, b = params
    return _expected((r, alpha, a + 1e-4 if a == 1 else a, b), t, x, tx, T)


@alternate_of("expected_purchases")
def expected_by_quadrature(params, t, x, tx, T):
    """The mean of (1 - ((alpha + T) / (alpha + T + p t))^(r + x)) / p over p ~ beta(a, b + x), by Gauss and Jacobi: no hole at a = 1."""
    r, alpha, a, b = params
    found = []
    for n, age in zip(x, T, strict=True):
        nodes, weights = roots_jacobi(80, b + float(n) - 1, a - 1)
        p = (1 + nodes) / 2
        found.append(weights @ (-np.expm1(-(r + n) * np.log1p(p * t / (alpha + age))) / p) / weights.sum())
    return np.array(found) * _alive(params, x, tx, T)


@alternate_of("expected_purchases")
def expected_by_pfaff(params, t, x, tx, T):
    r, alpha, a, b = params
    x, tx, T = (np.array(each, dtype=float) for each in (x, tx, T))

    def formula(a):
        return (a + b + x - 1) / (a - 1) * (1 - hyp2f1(r + x, a - 1, a + b + x - 1, -t / (alpha + T)))

    mean = formula(a) if abs(a - 1) >= 1e-6 else .5 * formula(a - 1e-4) + .5 * formula(a + 1e-4)
    return mean * alive_as_a_share.function(params, x, tx, T)


@alternate_of("expected_purchases")
def expected_by_series(params, t, x, tx, T):
    r, alpha, a, b = params

    def gauss(A, B, C, z):
        term = total = 1.0
        k = 0
        while term > 1e-17 * total:
            term *= (A + k) * (B + k) / ((C + k) * (k + 1)) * z
            total += term
            k += 1
        return total

    def one(a, n, age):
        still = ((alpha + age) / (alpha + age + t)) ** (r + n) * gauss(r + n, b + n, a + b + n - 1, t / (alpha + age + t))
        return (a + b + n - 1) / (a - 1) * (1 - still)

    sides = [a] if abs(a - 1) > 1e-6 else [a - 1e-4, a + 1e-4]
    mean = [sum(one(side, float(n), float(age)) for side in sides) / len(sides) for n, age in zip(x, T, strict=True)]
    return np.array(mean) * np.array(alive_by_customer.function(params, x, tx, T))


# --- risk_tiers ----------------------------------------------------------------------------------------------------------


def _wilson(p, n, z=1.959964):
    centre, half = (p + z**2 / (2 * n)) / (1 + z**2 / n), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return centre - half, centre + half


def _never_falls(rates):
    rates = rates.dropna()
    return bool((rates.diff().dropna() >= 0).all())


def _tiers(leaf, churned, later_leaf, later_churned, interval=_wilson, order=("rate", "leaf"), ascending=True, verdict=_never_falls,
           later=None, refuse=True, size=None):
    leaf, later_leaf = np.asarray(leaf), np.asarray(later_leaf)
    if refuse and not np.isin(later_leaf, leaf).all():
        raise ValueError("a leaf of the later period does not occur in the earlier one")
    now, then = pd.Series(churned, dtype=float).groupby(leaf), pd.Series(later_churned, dtype=float).groupby(later_leaf)
    table = pd.DataFrame({"size": now.size() if size is None else size(now), "rate": now.mean()}).rename_axis("leaf")
    table["low"], table["high"] = interval(table["rate"].to_numpy(), now.size().to_numpy())
    table["later_rate"] = then.mean() if later is None else later(now, then)
    table = table.sort_values(list(order), ascending=ascending)
    return table, verdict(table["later_rate"])


@mistake_of("risk_tiers", Text("This is the interval rate ± z·standard error (Wald's): it has no width at a rate of 0 and leaves [0, 1]. Take Wilson's.",
                               "这是「比率 ± z·标准误」（Wald 区间）：比率为 0 时没有宽度，还会超出 [0, 1]。应使用威尔逊区间。"))
def wald(leaf, churned, later_leaf, later_churned):
    def interval(p, n):
        half = 1.959964 * np.sqrt(p * (1 - p) / n)
        return p - half, p + half

    return _tiers(leaf, churned, later_leaf, later_churned, interval)


@mistake_of("risk_tiers", Text("The interval is centred on the rate. Wilson's centre is pulled towards one half: (p + z²/2n) / (1 + z²/n).",
                               "区间以比率为中心。威尔逊区间的中心向二分之一收缩：(p + z²/2n) / (1 + z²/n)。"))
def centred_on_the_rate(leaf, churned, later_leaf, later_churned):
    def interval(p, n):
        low, high = _wilson(p, n)
        return p - (high - low) / 2, p + (high - low) / 2

    return _tiers(leaf, churned, later_leaf, later_churned, interval)


@mistake_of("risk_tiers", Text("z = 1.645 leaves 5 % on *each* side: that is a 90 % interval. For 95 % take z = 1.959964.",
                               "z = 1.645 在*每一侧*留下 5%：那是 90% 区间。95% 应取 z = 1.959964。"))
def ninety_percent(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, lambda p, n: _wilson(p, n, 1.645))


@mistake_of("risk_tiers", Text("The interval uses the number of all customers. A leaf's rate is only as sure as the leaf is large: n is its own size.",
                               "区间用了全体客户数。叶的比率有多可靠取决于该叶的大小：n 是该叶自己的人数。"))
def everybody_in_the_interval(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, lambda p, n: _wilson(p, n.sum()))


@mistake_of("risk_tiers", Text("The table is sorted from the highest rate down. The order asked for is ascending: the safest tier first.",
                               "表按比率从高到低排序了。要求升序：最安全的层在最前。"))
def descending(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, ascending=[False, True], verdict=lambda later: _never_falls(later[::-1]))


@mistake_of("risk_tiers", Text("Of two leaves with the same rate the higher id came first. Ties go to the lower id: sort by rate, then by id.",
                               "比率相同的两个叶中编号大的排在了前面。并列时编号小的在前：先按比率、再按编号排序。"))
def ties_to_the_higher_id(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, ascending=[True, False])


@mistake_of("risk_tiers", Text("The table is sorted by the leaf's id. A tree numbers its leaves from left to right, not by risk: sort by rate.",
                               "表按叶的编号排序了。树是从左到右给叶编号的，与风险无关：应按比率排序。"))
def sorted_by_id(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, order=("leaf",))


@mistake_of("risk_tiers", Text("The table is sorted by the later rate, so it cannot fall. The earlier period promised the order; the later one only judges it.",
                               "表按后期比率排序，它当然不会下降。顺序由前期承诺，后期只用来检验。"))
def later_sorted_anew(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, order=("later_rate", "leaf"))


@mistake_of("risk_tiers", Text("The later rates were sorted on their own and set beside the table by position. Join them by the leaf's id.",
                               "后期比率被单独排序，再按位置放进表里。应按叶的编号对齐。"))
def later_joined_by_position(leaf, churned, later_leaf, later_churned):
    table, _ = _tiers(leaf, churned, later_leaf, later_churned)
    table["later_rate"] = np.sort(table["later_rate"].to_numpy())
    return table, _never_falls(table["later_rate"])


@mistake_of("risk_tiers", Text("A nan made `monotone` False: every comparison with nan is False. A leaf without later customers says nothing; skip it.",
                               "nan 使 `monotone` 变成了 False：与 nan 的任何比较都是 False。后期无人的叶不说明任何事，应跳过。"))
def nan_counts_as_a_fall(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, verdict=lambda later: bool((np.diff(later) >= 0).all()))


@mistake_of("risk_tiers", Text("A fall on both sides of a nan went unseen: its two differences are nan. Drop the nan first, and take differences then.",
                               "nan 两侧之间的下降没有被发现：与它相关的两个差分都是 nan。应先去掉 nan，再求差分。"))
def blind_across_a_gap(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, verdict=lambda later: not (np.diff(later) < 0).any())


@mistake_of("risk_tiers", Text("A leaf nobody falls into later got the rate 0. Nobody is not the same as nobody lost: leave nan.",
                               "后期无人落入的叶得到了比率 0。没有人不等于没有人流失：应保留 nan。"))
def nobody_is_zero(leaf, churned, later_leaf, later_churned):
    def filled(now, then):
        return then.mean().reindex(now.size().index).fillna(0)

    return _tiers(leaf, churned, later_leaf, later_churned, later=filled)


@mistake_of("risk_tiers", Text("A leaf nobody falls into later lost its row: this was an inner join. Every leaf of the earlier period has a row.",
                               "后期无人落入的叶丢了一行：这是内连接。前期的每个叶都应有一行。"))
def inner_join(leaf, churned, later_leaf, later_churned):
    table, monotone = _tiers(leaf, churned, later_leaf, later_churned)
    return table.dropna(), monotone


@mistake_of("risk_tiers", Text("Two equal later rates counted as a fall. The rate must never *fall*: ≥, not >.",
                               "后期两个相等的比率被当成了下降。要求是不*下降*：用 ≥ 而不是 >。"))
def must_rise(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, verdict=lambda later: bool((later.dropna().diff().dropna() > 0).all()))


@mistake_of("risk_tiers", Text("`monotone` looked at the earlier rates, by which the table is sorted: they never fall. The later ones are the test.",
                               "`monotone` 看的是前期比率，而表就是按它排序的，当然不下降。要检验的是后期比率。"))
def earlier_rates_judged(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, verdict=lambda later: True)


@mistake_of("risk_tiers", Text("The later losses were divided by the *earlier* size of the leaf. A rate divides by the customers it was counted in.",
                               "后期流失数除以了该叶*前期*的人数。比率的分母必须是计数所在的那批客户。"))
def earlier_denominator(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, later=lambda now, then: then.sum() / now.size())


@mistake_of("risk_tiers", Text("`size` is a share of all customers. It is the number of customers in the leaf.",
                               "`size` 成了占全体的份额。它应是该叶的客户数。"))
def size_as_a_share(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, size=lambda now: now.size() / now.size().sum())


@mistake_of("risk_tiers", Text("`size` counts the churned customers. It counts all customers of the leaf.", "`size` 数的是流失客户。它应数该叶的所有客户。"))
def size_of_the_lost(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, size=lambda now: now.sum())


@mistake_of("risk_tiers", Text("A later leaf without an earlier one was dropped silently. It means that two different trees were compared: raise ValueError.",
                               "前期不存在的后期叶被悄悄丢掉了。这说明比较的是两棵不同的树：应抛出 ValueError。"))
def strange_leaf_ignored(leaf, churned, later_leaf, later_churned):
    return _tiers(leaf, churned, later_leaf, later_churned, refuse=False)


@alternate_of("risk_tiers")
def tiers_by_loops(leaf, churned, later_leaf, later_churned):
    size, lost = Counter(), Counter()
    for each, gone in zip(leaf, churned, strict=True):
        size[int(each)] += 1
        lost[int(each)] += int(gone)
    later_size, later_lost = Counter(), Counter()
    for each, gone in zip(later_leaf, later_churned, strict=True):
        if int(each) not in size:
            raise ValueError(f"leaf {each} is new")
        later_size[int(each)] += 1
        later_lost[int(each)] += int(gone)
    z, rows, seen = 1.959964, [], []
    for each in sorted(size, key=lambda one: (lost[one] / size[one], one)):
        n, p = size[each], lost[each] / size[each]
        root = z * math.sqrt(4 * n * p * (1 - p) + z * z)
        later = later_lost[each] / later_size[each] if later_size[each] else math.nan
        seen += [later] if later_size[each] else []
        rows.append((each, n, p, (2 * n * p + z * z - root) / (2 * (n + z * z)), (2 * n * p + z * z + root) / (2 * (n + z * z)), later))
    frame = pd.DataFrame(rows, columns=["leaf", "size", "rate", "low", "high", "later_rate"]).set_index("leaf")
    return frame, seen == sorted(seen)


@alternate_of("risk_tiers")
def tiers_by_codes(leaf, churned, later_leaf, later_churned):
    ids, code = np.unique(np.asarray(leaf), return_inverse=True)
    place = np.searchsorted(ids, later_leaf)
    if (place == len(ids)).any() or (ids[place] != np.asarray(later_leaf)).any():
        raise ValueError("unknown leaf")
    size, later_size = np.bincount(code), np.bincount(place, minlength=len(ids))
    rate = np.bincount(code, churned) / size
    with np.errstate(invalid="ignore"):
        later = np.bincount(place, later_churned, minlength=len(ids)) / later_size
    low, high = _wilson(rate, size)
    order = np.argsort(rate, kind="stable")
    known = later[order][later_size[order] > 0]
    frame = pd.DataFrame({"rate": rate, "later_rate": later, "high": high, "low": low, "size": size}, index=ids).iloc[order]
    return frame, not np.any(known[1:] < known[:-1])


# --- psi -----------------------------------------------------------------------------------------------------------------


def _clipped(share):
    return np.maximum(share, 1e-4)


def _divergence(expected, actual):
    return np.sum((actual - expected) * np.log(actual / expected))


def _psi(expected, actual, bins, edges=None, side="left", smooth=_clipped, score=_divergence, shares=None, refuse=True):
    expected, actual = np.asarray(expected, float), np.asarray(actual, float)
    if refuse and not (len(expected) and len(actual)):
        raise ValueError("an empty sample")
    edges = np.quantile(expected, np.arange(1, bins) / bins) if edges is None else edges(expected, actual)
    edges = np.unique(edges)

    def share(x):
        counts = np.bincount(np.searchsorted(edges, x, side=side), minlength=len(edges) + 1)
        return smooth(counts / len(x) if shares is None else shares(counts, x, expected))

    with np.errstate(all="ignore"):
        return float(score(share(expected), share(actual)))


@mistake_of("psi", Text("The bins are equally wide. Long tails then leave most bins nearly empty: take quantiles of the expected sample.",
                        "箱是等宽的。长尾会让多数箱几乎为空：应取 expected 样本的分位数。"))
def equal_width(expected, actual, bins=10):
    return _psi(expected, actual, bins, lambda e, a: np.linspace(e.min(), e.max(), bins + 1)[1:-1])


@mistake_of("psi", Text("The edges come from the actual sample. They are fixed by the expected one, the reference, and kept from month to month.",
                        "分界点取自 actual 样本。应由作为基准的 expected 样本确定，并逐月保持不变。"))
def edges_from_actual(expected, actual, bins=10):
    return _psi(expected, actual, bins, lambda e, a: np.quantile(a, np.arange(1, bins) / bins))


@mistake_of("psi", Text("The edges come from both samples together. Then the ruler moves with what it measures: use the expected sample alone.",
                        "分界点取自两个样本的合并。这样尺子会随被测对象移动：只用 expected 样本。"))
def edges_from_both(expected, actual, bins=10):
    return _psi(expected, actual, bins, lambda e, a: np.quantile(np.concatenate([e, a]), np.arange(1, bins) / bins))


@mistake_of("psi", Text("Each sample was cut by its own quantiles. Then every share is about 1/bins in both, and no drift is ever seen.",
                        "两个样本各用了自己的分位数。这样两边每箱都约为 1/bins，永远看不到漂移。"))
def each_its_own_edges(expected, actual, bins=10):
    expected, actual = np.asarray(expected, float), np.asarray(actual, float)
    if not (len(expected) and len(actual)):
        raise ValueError("an empty sample")

    def share(x):
        edges = np.quantile(x, np.arange(1, bins) / bins)
        return _clipped(np.bincount(np.searchsorted(edges, x), minlength=bins) / len(x))

    return float(_divergence(share(expected), share(actual)))


@mistake_of("psi", Text("A value equal to an edge went into the bin above it. It belongs to the bin below: with many zeros, that one is the bin of zeros.",
                        "等于分界点的值进了上方的箱。它属于下方的箱：当零很多时，下方那一箱就是「零」。"))
def edges_to_the_bin_above(expected, actual, bins=10):
    return _psi(expected, actual, bins, side="right")


@mistake_of("psi", Text("An empty bin gave infinity or nan: ln 0. Raise every share to at least 1e-4.",
                        "空箱得到了无穷大或 nan：ln 0。每个份额至少提高到 1e-4。"))
def not_clipped(expected, actual, bins=10):
    return _psi(expected, actual, bins, smooth=lambda share: share)


@mistake_of("psi", Text("Bins that are empty in one sample were left out: just where the drift is largest. Raise the share to 1e-4 instead.",
                        "在一个样本中为空的箱被略去了，而那正是漂移最大的地方。应把份额提高到 1e-4。"))
def empty_bins_skipped(expected, actual, bins=10):
    def score(e, a):
        both = (e > 0) & (a > 0)
        return _divergence(_clipped(e[both]), _clipped(a[both]))

    return _psi(expected, actual, bins, smooth=lambda share: share, score=score)


@mistake_of("psi", Text("Shares are raised to 1e-6. The floor decides what an empty bin costs, so it is part of the definition: 1e-4.",
                        "份额只提高到了 1e-6。下限决定了空箱的代价，因此属于定义的一部分：1e-4。"))
def clipped_at_a_millionth(expected, actual, bins=10):
    return _psi(expected, actual, bins, smooth=lambda share: np.maximum(share, 1e-6))


@mistake_of("psi", Text("Only shares of exactly 0 were raised. Any share below 1e-4 is.", "只提高了恰为 0 的份额。任何低于 1e-4 的份额都要提高。"))
def only_zeros_raised(expected, actual, bins=10):
    return _psi(expected, actual, bins, smooth=lambda share: np.where(share == 0, 1e-4, share))


@mistake_of("psi", Text("1e-4 was added to every share. Only shares below it are raised; the others stay as they are.",
                        "给每个份额都加了 1e-4。只有低于它的份额才提高，其余保持不变。"))
def added_everywhere(expected, actual, bins=10):
    return _psi(expected, actual, bins, smooth=lambda share: share + 1e-4)


@mistake_of("psi", Text("The shares were rescaled to sum 1 after they had been raised. Here they stay as they are.",
                        "提高之后又把份额重新归一了。这里保持不变。"))
def renormalised(expected, actual, bins=10):
    return _psi(expected, actual, bins, smooth=lambda share: _clipped(share) / _clipped(share).sum())


@mistake_of("psi", Text("The logarithm has base 2. PSI takes the natural one, or the 0.1 and 0.25 of the rule of thumb mean something else.",
                        "对数以 2 为底。PSI 用自然对数，否则经验规则中的 0.1 和 0.25 就不是原来的意思。"))
def base_two(expected, actual, bins=10):
    return _psi(expected, actual, bins, score=lambda e, a: np.sum((a - e) * np.log2(a / e)))


@mistake_of("psi", Text("The logarithm has base 10. PSI takes the natural one.", "对数以 10 为底。PSI 用自然对数。"))
def base_ten(expected, actual, bins=10):
    return _psi(expected, actual, bins, score=lambda e, a: np.sum((a - e) * np.log10(a / e)))


@mistake_of("psi", Text("This is the Kullback–Leibler divergence of actual from expected, one direction only. PSI sums both: (a − e)·ln(a / e).",
                        "这是 actual 相对 expected 的 KL 散度，只有一个方向。PSI 是两个方向之和：(a − e)·ln(a / e)。"))
def one_direction(expected, actual, bins=10):
    return _psi(expected, actual, bins, score=lambda e, a: np.sum(a * np.log(a / e)))


@mistake_of("psi", Text("This is the Kullback–Leibler divergence of expected from actual, one direction only. PSI sums both: (a − e)·ln(a / e).",
                        "这是 expected 相对 actual 的 KL 散度，只有一个方向。PSI 是两个方向之和：(a − e)·ln(a / e)。"))
def the_other_direction(expected, actual, bins=10):
    return _psi(expected, actual, bins, score=lambda e, a: np.sum(e * np.log(e / a)))


@mistake_of("psi", Text("This is the mean over the bins. PSI is their sum.", "这是对箱求的均值。PSI 是求和。"))
def mean_over_bins(expected, actual, bins=10):
    return _psi(expected, actual, bins, score=lambda e, a: np.mean((a - e) * np.log(a / e)))


@mistake_of("psi", Text("Counts were compared, or divided by the size of the wrong sample. Each sample's shares are of its own size.",
                        "比较了计数，或除以了另一个样本的大小。每个样本的份额以自己的大小为分母。"))
def the_wrong_size(expected, actual, bins=10):
    return _psi(expected, actual, bins, shares=lambda counts, x, expected: counts / len(expected))


@mistake_of("psi", Text("Values outside the expected sample's range were lost: the outer bins are open, to −∞ and +∞.",
                        "超出 expected 范围的值丢失了：两端的箱应开放到 −∞ 与 +∞。"))
def outer_bins_closed(expected, actual, bins=10):
    def shares(counts, x, expected):
        counts = counts.copy()
        counts[0] -= np.sum(x < expected.min())
        counts[-1] -= np.sum(x > expected.max())
        return counts / len(x)

    return _psi(expected, actual, bins, shares=shares)


@mistake_of("psi", Text("An empty sample got an answer. Without rows there is no share: raise ValueError, or the alarm sleeps when the feed breaks.",
                        "空样本得到了结果。没有行就没有份额：应抛出 ValueError，否则数据断流时警报不会响。"))
def empty_is_fine(expected, actual, bins=10):
    if len(expected) == 0 or len(actual) == 0:
        return 0.0
    return _psi(expected, actual, bins)


@alternate_of("psi")
def psi_by_loops(expected, actual, bins=10):
    if len(expected) == 0 or len(actual) == 0:
        raise ValueError("nothing to compare")
    edges = sorted({float(np.quantile(expected, k / bins)) for k in range(1, bins)})
    total = 0.0
    for low, high in zip([-math.inf, *edges], [*edges, math.inf], strict=True):
        e, a = (max(sum(low < float(x) <= high for x in sample) / len(sample), 1e-4) for sample in (expected, actual))
        total += (a - e) * (math.log(a) - math.log(e))
    return total


@alternate_of("psi")
def psi_by_cumulative_shares(expected, actual, bins=10):
    if min(len(expected), len(actual)) == 0:
        raise ValueError("empty")
    edges = np.percentile(np.asarray(expected, float), 100 * np.linspace(0, 1, bins + 1)[1:-1])

    def shares(x):
        below = (np.asarray(x, float)[:, None] <= edges).sum(axis=0)
        return np.clip(np.diff(np.concatenate([[0], below, [len(x)]])) / len(x), 1e-4, None)

    e, a = shares(expected), shares(actual)
    return np.dot(a, np.log(a / e)) + np.dot(e, np.log(e / a))


# --- kaplan_meier --------------------------------------------------------------------------------------------------------


def _steps(t, e, times=None, at_risk=None, events=None):
    t, e = np.asarray(t, float), np.asarray(e, int)
    times = np.unique(t[e == 1]) if times is None else times(t, e)
    risk = (t[:, None] >= times).sum(axis=0) if at_risk is None else at_risk(t, e, times)
    return times, ((t[:, None] == times) & (e[:, None] == 1)).sum(axis=0) if events is None else events(t, e, times), risk


def _curve(t, e, **changes):
    times, events, risk = _steps(t, e, **changes)
    with np.errstate(all="ignore"):
        return times, np.cumprod(1 - events / risk)


@mistake_of("kaplan_meier", Text("Censored customers were counted as events. They only left our sight: they leave the risk set and make no step.",
                                 "删失的客户被当成了事件。他们只是离开了观察范围：退出风险集，但不产生台阶。"))
def censored_as_events(t, e):
    return _curve(t, np.ones(len(t), int))


@mistake_of("kaplan_meier", Text("Censored customers were thrown away. They were at risk until their time: without them every event weighs too much.",
                                 "删失的客户被丢掉了。他们在删失之前一直处于风险中：没有他们，每个事件的权重都过大。"))
def censored_thrown_away(t, e):
    t, e = np.asarray(t, float), np.asarray(e, int)
    return _curve(t[e == 1], e[e == 1])


@mistake_of("kaplan_meier", Text("Who is censored at t was taken out before the events at t. At a tie events come first: they are still at risk.",
                                 "在 t 删失的人在处理 t 的事件之前就被移出了。时间相同时先算事件：他仍在风险集中。"))
def censored_leave_first(t, e):
    return _curve(t, e, at_risk=lambda t, e, times: ((t[:, None] > times) | ((t[:, None] == times) & (e[:, None] == 1))).sum(axis=0))


@mistake_of("kaplan_meier", Text("Only those whose time is later than t were taken as at risk. Who has the event at t was at risk at t: t ≥ time.",
                                 "风险集只取了时间晚于 t 的人。在 t 发生事件的人在 t 也处于风险中：应为 t ≥ 该时刻。"))
def strictly_later_at_risk(t, e):
    return _curve(t, e, at_risk=lambda t, e, times: (t[:, None] > times).sum(axis=0))


@mistake_of("kaplan_meier", Text("The censored never leave the risk set: this is one minus the share seen to have the event, too high a survival.",
                                 "删失者从未离开风险集：这就是 1 减去「已观察到事件的比例」，生存率偏高。"))
def censored_never_leave(t, e):
    return _curve(t, e, at_risk=lambda t, e, times: len(t) - ((t[:, None] < times) & (e[:, None] == 1)).sum(axis=0))


@mistake_of("kaplan_meier", Text("The risk set is everybody at every time. It shrinks by those who had the event or were censored before.",
                                 "每个时刻的风险集都取了所有人。它应减去此前发生事件或删失的人。"))
def everybody_at_risk(t, e):
    return _curve(t, e, at_risk=lambda t, e, times: np.full(len(times), len(t)))


@mistake_of("kaplan_meier", Text("Times at which people were only censored are in the answer. Only event times are steps.",
                                 "结果中包含了只有删失的时刻。只有事件时刻才是台阶。"))
def censoring_times_included(t, e):
    return _curve(t, e, times=lambda t, e: np.unique(t))


@mistake_of("kaplan_meier", Text("The survival stands one step late: it is S just *before* each time. The answer is S after the events at it.",
                                 "生存率晚了一格：这是每个时刻*之前*的 S。答案应是该时刻事件之后的 S。"))
def survival_before(t, e):
    times, survival = _curve(t, e)
    return times, np.concatenate([[1.0], survival])[:len(times)]


@mistake_of("kaplan_meier", Text("A first point (0, 1) was put in front. It helps a picture; the answer holds event times only.",
                                 "前面加了起点 (0, 1)。画图时有用，但答案只含事件时刻。"))
def origin_in_front(t, e):
    times, survival = _curve(t, e)
    return np.concatenate([[0.0], times]), np.concatenate([[1.0], survival])


@mistake_of("kaplan_meier", Text("Events at the same time stand as several rows. Times are distinct: one row with all events of that time.",
                                 "同一时刻的事件占了多行。时刻应各不相同：该时刻的所有事件合为一行。"))
def a_row_for_each_event(t, e):
    times, survival = _curve(t, e)
    t, e = np.asarray(t, float), np.asarray(e, int)
    repeat = ((t[:, None] == times) & (e[:, None] == 1)).sum(axis=0)
    return np.repeat(times, repeat), np.repeat(survival, repeat)


@mistake_of("kaplan_meier", Text("This is the hazard at each time, events over at risk. Survival is the running product of one minus it.",
                                 "这是各时刻的风险率：事件数除以风险集。生存率是（1 − 风险率）的累积乘积。"))
def hazards(t, e):
    times, events, risk = _steps(t, e)
    return times, events / risk


@mistake_of("kaplan_meier", Text("This is one minus the survival, the share that had the event. Asked for is S.",
                                 "这是 1 减生存率，即已发生事件的比例。要求的是 S。"))
def the_other_share(t, e):
    times, survival = _curve(t, e)
    return times, 1 - survival


@mistake_of("kaplan_meier", Text("The hazards were added up and taken from one. Shares of *those left* multiply: cumprod of (1 − hazard), not 1 − cumsum.",
                                 "把风险率相加后从 1 中减去。「剩余者中的比例」应相乘：cumprod(1 − 风险率)，而不是 1 − cumsum。"))
def hazards_added(t, e):
    times, events, risk = _steps(t, e)
    return times, 1 - np.cumsum(events / risk)


@mistake_of("kaplan_meier", Text("This is exp(−Σ events/at risk), from Nelson and Aalen's estimate: near for large risk sets, not Kaplan and Meier's product.",
                                 "这是由 Nelson–Aalen 估计得到的 exp(−Σ 事件数/风险集)：风险集大时接近，但不是 Kaplan–Meier 的乘积。"))
def nelson_aalen(t, e):
    times, events, risk = _steps(t, e)
    return times, np.exp(-np.cumsum(events / risk))


@mistake_of("kaplan_meier", Text("The times were taken in the order in which they came. Sort them: the product runs along time.",
                                 "时刻按出现的先后取用了。应先排序：乘积沿时间进行。"))
def times_as_they_come(t, e):
    t, e = np.asarray(t, float), np.asarray(e, int)
    order = list(dict.fromkeys(t[e == 1].tolist()))
    return _curve(t, e, times=lambda t, e: np.array(order, float))


@alternate_of("kaplan_meier")
def kaplan_meier_by_walking(t, e):
    left, survival, times, curve = len(t), 1.0, [], []
    for time in sorted(set(map(float, t))):
        here = [int(gone) for each, gone in zip(t, e, strict=True) if float(each) == time]
        if sum(here):
            survival *= (left - sum(here)) / left
            times.append(time)
            curve.append(survival)
        left -= len(here)
    return np.array(times), np.array(curve)


@alternate_of("kaplan_meier")
def kaplan_meier_by_counts(t, e):
    times, place = np.unique(np.asarray(t, float), return_inverse=True)
    leaving = np.bincount(place, minlength=len(times))
    events = np.bincount(place, weights=np.asarray(e, float), minlength=len(times))
    at_risk = leaving[::-1].cumsum()[::-1]
    step = events > 0
    return times[step], np.multiply.accumulate((at_risk[step] - events[step]) / at_risk[step])


# --- hazard_nll ----------------------------------------------------------------------------------------------------------


def _softplus(x):
    return np.logaddexp(0, x)


def _hazard(logits, t, e, survived=None, ended=None, merge=np.mean, lived=_softplus, died=lambda x: _softplus(-x)):
    logits, t, e = np.asarray(logits, float), np.asarray(t, int), np.asarray(e, int)
    period = np.arange(1, logits.shape[1] + 1)
    survived = period <= (t - e)[:, None] if survived is None else survived(period, t[:, None], e[:, None])
    ended = (period == t[:, None]) & (e[:, None] == 1) if ended is None else ended(period, t[:, None], e[:, None])
    with np.errstate(all="ignore"):
        each = np.where(survived, lived(logits), 0).sum(axis=1) + np.where(ended, died(logits), 0).sum(axis=1)
        return float(merge(each))


@mistake_of("hazard_nll", Text("Periods after the event count as survived. Nobody is at risk any more: leave them out, or the loss punishes the truth.",
                               "事件之后的时期被算作存活。那时已没有人处于风险中：应排除，否则损失会惩罚正确的预测。"))
def after_the_event(logits, t, e):
    return _hazard(logits, t, e, survived=lambda s, t, e: np.where(e == 1, s != t, s <= t))


@mistake_of("hazard_nll", Text("Periods after the censoring count as survived. Nobody watched: they must not matter.",
                               "删失之后的时期被算作存活。那时无人观察：不应有影响。"))
def after_the_censoring(logits, t, e):
    return _hazard(logits, t, e, survived=lambda s, t, e: np.where(e == 1, s < t, s > 0))


@mistake_of("hazard_nll", Text("The event's own period counts as survived as well as ended. An event at t survives s < t only.",
                               "事件所在的时期既算结束又算存活。在 t 发生事件的只存活了 s < t。"))
def survived_the_event(logits, t, e):
    return _hazard(logits, t, e, survived=lambda s, t, e: s <= t)


@mistake_of("hazard_nll", Text("Who is censored at t survived t as well: periods 1..t, not 1..t − 1.",
                               "在 t 删失的人也存活过了第 t 期：是 1..t，而不是 1..t − 1。"))
def last_period_of_the_censored_lost(logits, t, e):
    return _hazard(logits, t, e, survived=lambda s, t, e: s < t)


@mistake_of("hazard_nll", Text("A censored customer was treated as one with an event at t. All we know is that nothing happened up to t.",
                               "删失的客户被当成在 t 发生了事件。我们只知道到 t 为止什么也没有发生。"))
def censored_as_event(logits, t, e):
    return _hazard(logits, t, np.ones(len(t), int))


@mistake_of("hazard_nll", Text("Only customers with an event were used. The censored ones carry half of the story: they survived.",
                               "只用了发生事件的客户。删失者也提供信息：他们存活了下来。"))
def events_only(logits, t, e):
    keep = np.asarray(e) == 1
    return _hazard(np.asarray(logits, float)[keep], np.asarray(t)[keep], np.asarray(e)[keep])


@mistake_of("hazard_nll", Text("Only log h at the event counts; what was survived before it is missing. The best model would be hazard 1 everywhere.",
                               "只计了事件处的 log h，缺少此前存活的部分。这样处处风险率为 1 就是最优模型。"))
def event_term_alone(logits, t, e):
    return _hazard(logits, t, e, survived=lambda s, t, e: (s <= t) & (e == 0))


@mistake_of("hazard_nll", Text("The event's own term log h is missing. Without it hazard 0 everywhere is perfect.",
                               "缺少事件本身的 log h。没有它，处处风险率为 0 就是完美模型。"))
def event_term_missing(logits, t, e):
    return _hazard(logits, t, e, ended=lambda s, t, e: (s < 0) & (t < 0))


@mistake_of("hazard_nll", Text("This is the sum over customers. Take the mean, or the loss grows with the batch.",
                               "这是对客户求和。应取均值，否则损失会随批量增大。"))
def summed(logits, t, e):
    return _hazard(logits, t, e, merge=np.sum)


@mistake_of("hazard_nll", Text("This is the mean over customer-periods. Sum over a customer's periods first; the mean is over customers.",
                               "这是对「客户 × 时期」求均值。应先对一个客户的各期求和，再对客户求均值。"))
def mean_over_periods(logits, t, e):
    return _hazard(logits, t, e, merge=np.sum) / int(np.sum(t))


@mistake_of("hazard_nll", Text("Each customer's terms were averaged over their periods. Sum them: a long life has more to say than a short one.",
                               "每个客户的各项对时期求了均值。应求和：观察得久的客户提供的信息更多。"))
def mean_within_a_customer(logits, t, e):
    return np.mean([_hazard([row], [at], [event]) / int(at) for row, at, event in zip(logits, t, e, strict=True)])


@mistake_of("hazard_nll", Text("t was used as a 0-based index. Period 1 is column 0: the event at t stands in column t − 1.",
                               "把 t 当成了从 0 开始的下标。第 1 期是第 0 列：t 的事件在第 t − 1 列。"))
def zero_based(logits, t, e):
    return _hazard(logits, np.asarray(t) + 1, e)


@mistake_of("hazard_nll", Text("The sign is turned: this is the log-likelihood. A loss is its negative.", "符号反了：这是对数似然。损失是它的相反数。"))
def not_negative(logits, t, e):
    return -_hazard(logits, t, e)


@mistake_of("hazard_nll", Text("A sigmoid first, a logarithm then: at a logit of 1000, h is exactly 1 and log(1 − h) is −∞. Compute log(1 + eˣ) instead.",
                               "先 sigmoid 再取对数：logit 为 1000 时 h 恰为 1，log(1 − h) 是 −∞。应改算 log(1 + eˣ)。"))
def sigmoid_then_log(logits, t, e):
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    return _hazard(logits, t, e, lived=lambda x: -np.log(1 - sigmoid(x)), died=lambda x: -np.log(sigmoid(x)))


@mistake_of("hazard_nll", Text("The hazards were clipped. That hides the infinity and caps the loss, and with it the gradient: compute from the logits.",
                               "风险率被截断了。这掩盖了无穷大，也给损失及其梯度封了顶：应直接由 logit 计算。"))
def hazards_clipped(logits, t, e):
    def sigmoid(x):
        return np.clip(1 / (1 + np.exp(-x)), 1e-7, 1 - 1e-7)

    return _hazard(logits, t, e, lived=lambda x: -np.log(1 - sigmoid(x)), died=lambda x: -np.log(sigmoid(x)))


@mistake_of("hazard_nll", Text("Probabilities were multiplied, and the logarithm taken of the product: over many periods it underflows to 0. Sum logarithms.",
                               "先把概率相乘，再对乘积取对数：期数多时会下溢为 0。应对对数求和。"))
def log_of_a_product(logits, t, e):
    logits, t, e = np.asarray(logits, float), np.asarray(t, int), np.asarray(e, int)
    period = np.arange(1, logits.shape[1] + 1)
    survived, ended = period <= (t - e)[:, None], (period == t[:, None]) & (e[:, None] == 1)
    lived, died = np.exp(-_softplus(logits)), np.exp(-_softplus(-logits))
    with np.errstate(all="ignore"):
        return float(-np.mean(np.log(np.prod(np.where(survived, lived, 1), axis=1) * np.prod(np.where(ended, died, 1), axis=1))))


@mistake_of("hazard_nll", Text("A softmax over the periods: they then compete for one event that must happen. Each period asks those left: one sigmoid each.",
                               "对时期做了 softmax：这样它们争夺一个必然发生的事件。每一期只问仍在的人：各用一个 sigmoid。"))
def softmax_over_periods(logits, t, e):
    logits = np.asarray(logits, float)
    h = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])
    with np.errstate(all="ignore"):
        return _hazard(h, t, e, lived=lambda h: -np.log(1 - h), died=lambda h: -np.log(h))


@alternate_of("hazard_nll")
def hazard_nll_by_loops(logits, t, e):
    def softplus(x):
        return max(x, 0.0) + math.log1p(math.exp(-abs(x)))

    total = 0.0
    for row, end, event in zip(logits, t, e, strict=True):
        total += math.fsum(softplus(float(x)) for x in row[:end]) - (float(row[end - 1]) if event else 0.0)
    return total / len(t)


@alternate_of("hazard_nll")
def hazard_nll_as_cross_entropy(logits, t, e):
    x, t, e = np.asarray(logits, float), np.asarray(t), np.asarray(e)
    watched = np.arange(x.shape[1]) < t[:, None]
    target = np.zeros_like(x)
    target[np.arange(len(t)), t - 1] = e
    entropy = np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x)))
    return entropy[watched].sum() / len(t)


# --- c_index -------------------------------------------------------------------------------------------------------------


def _earlier_event(t_i, t_j, e_i, e_j):
    return (t_i < t_j) & (e_i == 1)


def _concordance(t, e, risk, comparable=_earlier_event, tie=.5, none=float("nan"), tied=True):
    t, e, risk = np.asarray(t, float), np.asarray(e, int), np.asarray(risk, float)
    pairs = comparable(t[:, None], t, e[:, None], e)
    np.fill_diagonal(pairs, False)
    above, equal = risk[:, None] > risk, risk[:, None] == risk
    pairs = pairs if tied else pairs & ~equal
    return float((above + tie * equal)[pairs].sum() / pairs.sum()) if pairs.any() else none


@mistake_of("c_index", Text("Equal risks count 0. A model that cannot tell two customers apart is neither right nor wrong: one half.",
                            "风险相同计了 0。分不清两个客户的模型既不算对也不算错：计二分之一。"))
def ties_count_nothing(t, e, risk):
    return _concordance(t, e, risk, tie=0)


@mistake_of("c_index", Text("Equal risks count 1: a constant would be perfect. They count one half.", "风险相同计了 1：那么常数就成了完美模型。应计二分之一。"))
def ties_count_full(t, e, risk):
    return _concordance(t, e, risk, tie=1)


@mistake_of("c_index", Text("Pairs with equal risks were left out, above and below the line. They stay comparable and count one half.",
                            "风险相同的对在分子分母中都被略去了。它们仍可比，计二分之一。"))
def ties_left_out(t, e, risk):
    return _concordance(t, e, risk, tied=False)


@mistake_of("c_index", Text("Pairs whose earlier time is a censoring were compared. We do not know who came first: i must have the event.",
                            "比较了较早者是删失的对。我们不知道谁先发生：i 必须有事件。"))
def censored_first(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (t_i < t_j) & (e_j >= 0))


@mistake_of("c_index", Text("Only pairs of two events were compared. If j was censored after i's event, we know who came first: only e_i must be 1.",
                            "只比较了两个都有事件的对。若 j 在 i 的事件之后删失，先后是清楚的：只要求 e_i 为 1。"))
def both_must_be_events(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (t_i < t_j) & (e_i == 1) & (e_j == 1))


@mistake_of("c_index", Text("The later one's event was asked for instead of the earlier one's. e_i belongs to the earlier time.",
                            "要求了较晚者有事件，而不是较早者。e_i 属于较早的时间。"))
def event_of_the_later(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (t_i < t_j) & (e_j == 1) & (e_i >= 0))


@mistake_of("c_index", Text("Equal times were compared. Here t_i < t_j is asked for, strictly.", "比较了时间相同的对。这里要求严格的 t_i < t_j。"))
def equal_times_compared(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (t_i <= t_j) & (e_i == 1) & (e_j >= 0))


@mistake_of("c_index", Text("An event and a censoring at the same time were compared. Some libraries do so; here equal times are not comparable.",
                            "比较了同一时刻的事件与删失。有些库这样做；这里时间相同的对不可比。"))
def event_against_censoring_at_a_tie(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (e_i == 1) & ((t_i < t_j) | ((t_i == t_j) & (e_j == 0))))


@mistake_of("c_index", Text("The direction is turned: the higher *risk* has the earlier event. This treats the score as a predicted time.",
                            "方向反了：*风险*越高事件越早。这里把分数当成了预测的时间。"))
def reversed_risk(t, e, risk):
    return _concordance(t, e, -np.asarray(risk, float))


@mistake_of("c_index", Text("The divisor is the number of all pairs. Divide by the comparable ones only.", "分母用了所有的对。只应除以可比的对数。"))
def all_pairs_below(t, e, risk):
    own = _concordance(t, e, risk)
    t, e = np.asarray(t, float), np.asarray(e, int)
    return own * ((t[:, None] < t) & (e[:, None] == 1)).sum() / (len(t) * (len(t) - 1) / 2)


@mistake_of("c_index", Text("This is the AUC of having an event at all. It forgets *when*: who was watched for longer has more events.",
                            "这是「是否有事件」的 AUC。它忘了*何时*：被观察得更久的人事件更多。"))
def auc_of_the_event(t, e, risk):
    return _concordance(t, e, risk, lambda t_i, t_j, e_i, e_j: (e_i == 1) & (e_j == 0))


@mistake_of("c_index", Text("This is 2C − 1 (Somers' D), from −1 to 1. Asked for is C.", "这是 2C − 1（Somers' D），取值 −1 到 1。要求的是 C。"))
def somers_d(t, e, risk):
    return 2 * _concordance(t, e, risk) - 1


@mistake_of("c_index", Text("Without a comparable pair the answer was one half: that looks like a measured coin. Return nan.",
                            "没有可比的对时返回了二分之一，看起来像是测出来的随机水平。应返回 nan。"))
def half_without_pairs(t, e, risk):
    return _concordance(t, e, risk, none=.5)


@mistake_of("c_index", Text("Without a comparable pair the answer was 0: that looks like a model that is always wrong. Return nan.",
                            "没有可比的对时返回了 0，看起来像是总是出错的模型。应返回 nan。"))
def zero_without_pairs(t, e, risk):
    return _concordance(t, e, risk, none=0.0)


@alternate_of("c_index")
def c_index_by_loops(t, e, risk):
    points = pairs = 0
    for i in range(len(t)):
        for j in range(len(t)):
            if e[i] and t[i] < t[j]:
                pairs += 1
                points += 1 if risk[i] > risk[j] else .5 if risk[i] == risk[j] else 0
    return points / pairs if pairs else float("nan")


@alternate_of("c_index")
def c_index_by_signs(t, e, risk):
    t, risk = np.asarray(t, float), np.asarray(risk, float)
    agree, pairs = 0.0, 0
    for i in np.flatnonzero(np.asarray(e)):
        later = t > t[i]
        agree += (1 + np.sign(risk[i] - risk[later])).sum() / 2
        pairs += later.sum()
    return agree / pairs if pairs else np.nan
