"""Calls and judges of exercises that train a model.

The answer returns a compiled Keras model, or an auto-encoder with its encoder; the call fits it on the case's training data with a fixed
seed and returns what it predicts for new examples, with facts about the model.
Points are earned by the predictions, judged by labels that never leave the judge.
Facts only explain: an answer could lie about its layers, not about examples whose labels it has never seen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.checks.judge import Difference, _kind
from helpers.language import Text
from helpers.rhythms import neighbour_purity

SEED = 7
"""Every fit starts from it, so that a check repeats; the bounds were chosen over twenty draws of the data."""
LOSS_ADVICE = ("loss", "binary_crossentropy", Text(
    "It ranks well, but its loss is not the cross-entropy: its numbers will not be probabilities you can put a price on.",
    "排序不错，但损失函数不是交叉熵：输出的数值不能当作可以定价的概率。"))
"""Advice of a judge of probabilities, shown when the predictions are good enough; it costs no points."""
ANY_LENGTH = Text("another length works as well, and any input gets a probability", "换一个序列长度也能工作；任何输入都得到概率")
"""The rule of a case that builds a sequence model for another length, and asks it about inputs a thousand times as large."""
SAME = 1e-4
"""Two probabilities nearer than this are the same: a longer sequence may add up in another order."""


@contextmanager
def _without_retracing_remarks() -> Iterator[None]:
    """Each check builds its models anew, so TensorFlow warns that it compiles anew: in red, below a check that has just passed."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@dataclass(frozen=True)
class FitAndPredict:
    """Fit the returned model for some epochs, then predict; with `padding`, predict the same examples again behind so many more zero steps."""

    epochs: int
    batch_size: int
    padding: int = 0
    length: int | None = 0

    @_without_retracing_remarks()
    def __call__(self, function: Callable, case: Any, args: tuple, kwargs: dict) -> dict:
        import keras

        keras.utils.set_random_seed(SEED)
        model = function(*args, **kwargs)
        facts = model_facts(model)
        if case.training is None:
            # A case that asks for no training asks for the shape of what an untrained model returns.
            return {"facts": facts} if case.new is None else {"facts": facts, "predictions": np.asarray(model(np.array(case.new)))}
        X, y = (np.array(part) for part in case.training)
        model.fit(X, y, epochs=self.epochs, batch_size=self.batch_size, verbose=0)
        predictions = np.asarray(model.predict(np.array(case.new), verbose=0, batch_size=1024))
        facts["lowest"], facts["highest"] = float(predictions.min()), float(predictions.max())
        facts["constant"] = bool(predictions.max() - predictions.min() < 1e-6)
        if not self.padding:
            return {"facts": facts, "predictions": predictions}
        padded = self._padded(function, args, kwargs, model, np.array(case.new))
        facts["padding_fits"] = padded is not None
        facts["padding_matters"] = padded is None or not np.allclose(padded, predictions, atol=SAME)
        return {"facts": facts, "predictions": predictions, "padded": np.full_like(predictions, np.nan) if padded is None else padded}

    def _padded(self, function: Callable, args: tuple, kwargs: dict, model: Any, new: np.ndarray) -> np.ndarray | None:
        """What the trained weights predict when more zero steps stand before each example; None if they fit no longer sequences."""
        from tensorflow.errors import InvalidArgumentError

        longer = model
        if self.length is not None:
            steps = args[self.length] + self.padding
            longer = function(*args[:self.length], steps, *args[self.length + 1:], **kwargs)
        try:
            longer.set_weights(model.get_weights())
            return np.asarray(longer.predict(np.pad(new, [(0, 0), (self.padding, 0)] + [(0, 0)] * (new.ndim - 2)), verbose=0, batch_size=1024))
        except (ValueError, InvalidArgumentError):
            return None


def fit_and_predict(epochs: int, batch_size: int, padding: int = 0, length: int | None = 0) -> FitAndPredict:
    """A call that fits the answer's compiled model and returns {"facts", "predictions"}.

    padding: also {"padded"}: the predictions for the same examples, sequences (n, T) or (n, T, F), with so many zero steps in front.
    length: the place of T among the function's arguments: a model is built for T + padding steps and given the weights just trained. None
    if the function takes no T: the trained model itself must read longer sequences.
    """
    return FitAndPredict(epochs, batch_size, padding, length)


def model_facts(model: Any) -> dict:
    """What explains a model's failure: type, rank and last size of its output, parameters, layers, loss, metrics, last activation.

    Of a sequence model also: whether it masks, and what the mask sees; whether it embeds ids, and whether 0 is padding there; whether it is
    recurrent.

    TypeError if it is not a Keras model, or not compiled where only `compile` could have told the loss.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise TypeError(f"the function must return a keras.Model, not {_kind(model)}")
    if not getattr(model, "compiled", False):
        raise TypeError("the model is not compiled: call model.compile(optimizer=…, loss=…, metrics=[…]) before you return it")
    shape = tuple(model.output_shape)
    loss = model.loss
    flat = list(model._flatten_layers(include_self=False))
    layers = [type(layer).__name__ for layer in flat]
    masking = [layer for layer in flat if type(layer).__name__ == "Masking"]
    embeddings = [layer for layer in flat if isinstance(layer, keras.layers.Embedding)]
    activation = getattr(getattr(model.layers[-1], "activation", None), "__name__", "")
    metrics = [str(getattr(metric, "curve", None) or getattr(metric, "name", metric)) for metric in _asked_metrics(model)]
    return {
        "output_rank": len(shape),
        "output_units": int(shape[-1] or 0),
        "parameters": int(model.count_params()),
        "layers": layers,
        "masks": bool(masking),
        "mask_channels": int(masking[0]._inbound_nodes[0].input_tensors[0].shape[-1] or 0) if masking else 0,
        "mask_zero": any(layer.mask_zero for layer in embeddings),
        "embeds": bool(embeddings),
        "recurrent": any(isinstance(layer, keras.layers.RNN) for layer in flat),
        "activation": str(activation),
        "loss": str(loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", loss)),
        "metrics": metrics,
    }


def _asked_metrics(model: Any) -> list:
    asked = (model.get_compile_config() or {}).get("metrics") or []
    flat: list = []
    for metric in asked if isinstance(asked, list | tuple) else [asked]:
        if isinstance(metric, dict):
            config = metric.get("config") or {}
            flat.append(config.get("curve") or config.get("name") or metric.get("class_name"))
        else:
            flat.append(metric)
    return flat


def _facts(got: Any) -> dict | None:
    """The facts of an answer, None if it is no answer of a call above."""
    facts = got.get("facts") if isinstance(got, dict) else None
    return facts if isinstance(facts, dict) else None


def _advice(advice: tuple[tuple[str, str, Text], ...], got: Any) -> tuple[Text, ...]:
    """What the facts say that the predictions cannot."""
    facts = _facts(got) or {}
    return tuple(text for name, wanted, text in advice if wanted not in (facts.get(name) or ()))


def _no_probabilities(case: Any, got: Any, units: int, output: Text) -> Difference | None:
    """Why an answer does not hold `units` probabilities for each new example; None if it does."""
    facts = _facts(got)
    if facts is None:
        return Difference("type", Text("the model", "模型"), _kind(got), "facts and predictions")
    if facts.get("output_rank") != 2 or facts.get("output_units") != units:
        return Difference("shape", output, f"rank {facts.get('output_rank')}, last size {facts.get('output_units')}", f"(None, {units})")
    if case.new is None:
        return None
    predictions, shape = got.get("predictions"), (len(case.new), units)
    if not isinstance(predictions, np.ndarray) or predictions.dtype.kind != "f" or predictions.shape != shape:
        return Difference("shape", Text("predictions for new examples", "对新样本的预测"), _kind(predictions), f"({shape[0]}, {units})")
    if not np.isfinite(predictions).all() or predictions.min() < 0 or predictions.max() > 1:
        return Difference("value", Text("range of the predictions (a probability needs a sigmoid at the end)",
                                        "预测值的范围（概率需要在末端用 sigmoid）"),
                          f"{predictions.min():.3g} … {predictions.max():.3g}", "0 … 1")
    return None


def _moved_by_padding(what: Text, got: dict) -> Difference | None:
    """Why more zero steps in front change the predictions; None if they do not."""
    predictions, padded = got["predictions"], got.get("padded")
    if not got["facts"].get("padding_fits"):
        return Difference("value", what, str(Text("the weights do not fit a longer sequence", "权重不适用于更长的序列")),
                          str(Text("the same probabilities", "同样的概率")))
    if not isinstance(padded, np.ndarray) or padded.dtype.kind != "f" or padded.shape != predictions.shape:
        return Difference("shape", what, _kind(padded), str(predictions.shape))
    moved = float(np.abs(padded - predictions).max())
    if not moved <= SAME:
        return Difference("value", what, str(Text(f"a probability moves by {moved:.3f}", f"某个概率变动了 {moved:.3f}")),
                          str(Text("the same probabilities", "同样的概率")))
    return None


@dataclass(frozen=True)
class AucAtLeast:
    """Predictions for new examples must rank positives above negatives this well."""

    bound: float
    advice: tuple[tuple[str, str, Text], ...] = ()
    padded: bool = False

    def notes(self, got: Any) -> tuple[Text, ...]:
        """Advice on a model that ranks well enough: what its facts say that the predictions cannot."""
        return _advice(self.advice, got)

    def difference(self, case: Any, got: Any) -> Difference | None:
        """None if the area under the ROC curve of the predictions reaches the bound; else in what the model fails."""
        from sklearn.metrics import roc_auc_score

        wrong = _no_probabilities(case, got, 1, Text("the model's output: one probability for each example", "模型输出：每个样本一个概率"))
        if wrong or case.truth is None:
            return wrong
        auc = float(roc_auc_score(np.asarray(case.truth), got["predictions"][:, 0]))
        if auc < self.bound:
            return Difference("value", Text("AUC on new examples after a short training", "短时间训练后在新样本上的 AUC"),
                              f"{auc:.3f}", f">= {self.bound:g}")
        what = Text("the same customers with more padding in front", "同一批用户，前面多加一些填充步")
        return _moved_by_padding(what, got) if self.padded else None


def auc_at_least(bound: float, advice: tuple[tuple[str, str, Text], ...] = (), padded: bool = False) -> AucAtLeast:
    """A judge of predictions by labels the answer never sees.

    advice: (fact, what it should contain, what to say if it does not); shown, never judged.  padded: more padding in front of the examples
    must change no prediction (the call needs `padding`).
    """
    return AucAtLeast(bound, advice, padded)


@dataclass(frozen=True)
class LabelsAtLeast:
    """K labels of which none, one or several are true: each must be ranked this well, and as many must be expected as there are."""

    auc: float
    count: float
    advice: tuple[tuple[str, str, Text], ...] = ()

    def notes(self, got: Any) -> tuple[Text, ...]:
        """Advice on a model that is good enough: what its facts say that the predictions cannot."""
        return _advice(self.advice, got)

    def difference(self, case: Any, got: Any) -> Difference | None:
        """None if number, ranking and padding are right; else in what the model fails.  K is the last argument of the case."""
        from sklearn.metrics import roc_auc_score

        K = case.args[-1]
        wrong = _no_probabilities(case, got, K, Text("the model's output: one probability for each label", "模型输出：每个标签一个概率"))
        if wrong or case.truth is None:
            return wrong
        truth, predictions = np.asarray(case.truth), got["predictions"]
        expected, there_are = float(predictions.sum(axis=1).mean()), float(truth.sum(axis=1).mean())
        if not abs(expected - there_are) < self.count:
            return Difference("value", Text("number of labels: the sum of the K probabilities, on average over new examples",
                                            "标签个数：K 个概率之和在新样本上的平均值"),
                              f"{expected:.2f}", f"{there_are:.2f} ± {self.count:g}")
        auc = float(roc_auc_score(truth, predictions, average="macro"))
        if auc < self.auc:
            return Difference("value", Text("AUC on new examples, mean of the K labels (too small a learning rate ends here, too)",
                                            "在新样本上的 AUC，K 个标签的平均（学习率太小也会如此）"), f"{auc:.3f}", f">= {self.auc:g}")
        return _moved_by_padding(Text("the same sequences with more padding in front", "同样的序列，前面多加一些填充步"), got)


def labels_at_least(auc: float, count: float, advice: tuple[tuple[str, str, Text], ...] = ()) -> LabelsAtLeast:
    """A judge of K labels at once by labels the answer never sees; for functions (…, K) -> model, and a call with `padding`.

    auc: what the mean AUC of the labels must reach.  count: how near the mean sum of the probabilities must come to the mean number of
    labels; a softmax always says 1.  More padding in front must change no prediction.  advice: as of `auc_at_least`.
    """
    return LabelsAtLeast(auc, count, advice)


@dataclass(frozen=True)
class FitAndEncode:
    """Fit the returned auto-encoder on sequences as their own target, then encode and rebuild new ones."""

    epochs: int
    batch_size: int

    @_without_retracing_remarks()
    def __call__(self, function: Callable, case: Any, args: tuple, kwargs: dict) -> dict:
        import keras

        keras.utils.set_random_seed(SEED)
        pair = function(*args, **kwargs)
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(model, keras.Model) for model in pair):
            raise TypeError(f"the function must return two keras.Models, (autoencoder, encoder), not {_kind(pair)}")
        autoencoder, encoder = pair
        if len(encoder.output_shape) > len(autoencoder.output_shape) and not autoencoder.compiled and encoder.compiled:
            raise TypeError("the two models are the wrong way round: return (autoencoder, encoder)")
        facts = {**model_facts(autoencoder), **encoder_facts(autoencoder, encoder)}
        new = np.array(case.new)
        if case.training is not None:
            X = np.array(case.training[0])
            autoencoder.fit(X, X, epochs=self.epochs, batch_size=self.batch_size, verbose=0)
        return {"facts": facts, "codes": np.asarray(encoder.predict(new, verbose=0, batch_size=1024)),
                "rebuilt": np.asarray(autoencoder.predict(new, verbose=0, batch_size=1024))}


def fit_and_encode(epochs: int, batch_size: int) -> FitAndEncode:
    """A call that fits the answer's auto-encoder and returns {"facts", "codes", "rebuilt"} of new sequences."""
    return FitAndEncode(epochs, batch_size)


def encoder_facts(autoencoder: Any, encoder: Any) -> dict:
    """What explains an encoder's failure: its output, its layers, whether training reaches it, whether the decoder gets past it."""
    shape = tuple(encoder.output_shape)
    trained = {id(weight) for weight in autoencoder.trainable_weights}
    return {
        "code_rank": len(shape),
        "code_units": int(shape[-1] or 0),
        "encoder_layers": [type(layer).__name__ for layer in encoder._flatten_layers(include_self=False)],
        "encoder_trained": all(id(weight) in trained for weight in encoder.trainable_weights),
        "decoder_sees_input": _reaches_input(autoencoder, encoder),
    }


def _reaches_input(autoencoder: Any, encoder: Any) -> bool:
    """Whether a path leads from the auto-encoder's input to its output that does not go through the code."""
    codes = {id(tensor) for tensor in encoder.outputs}
    inputs = {id(tensor) for tensor in autoencoder.inputs}
    seen, waiting = set(), list(autoencoder.outputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen or id(tensor) in codes:
            continue
        seen.add(id(tensor))
        if id(tensor) in inputs:
            return True
        operation, node, _ = tensor._keras_history
        if operation is not encoder:
            waiting += operation._inbound_nodes[node].input_tensors
    return False


@dataclass(frozen=True)
class Portrays:
    """Codes of new sequences must lie near codes of their own kind, and the sequences must be rebuilt from them."""

    purity: float
    explained: float

    def notes(self, got: Any) -> tuple[Text, ...]:
        """Nothing to add on a model that is good enough."""
        return ()

    def difference(self, case: Any, got: Any) -> Difference | None:
        """None if both bounds are reached; else in what the pair of models fails."""
        if not isinstance(got, dict) or not isinstance(got.get("facts"), dict):
            return Difference("type", Text("the models", "模型"), _kind(got), "facts, codes and rebuilt sequences")
        new = np.asarray(case.new, float)
        wanted = {"codes": (Text("the encoder's output: one code for each sequence", "编码器输出：每个序列一个编码"), (len(new), case.args[2])),
                  "rebuilt": (Text("the auto-encoder's output: the sequence itself", "自编码器输出：序列本身"), new.shape)}
        for name, (what, shape) in wanted.items():
            value = got.get(name)
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.shape != shape:
                return Difference("shape", what, _kind(value), str(shape))
            if not np.isfinite(value).all():
                return Difference("value", what, "nan or infinite", "finite numbers")
        if case.truth is None:
            return None
        spread = ((new - new.mean(axis=(0, 1))) ** 2).sum()
        explained = float(1 - ((np.asarray(got["rebuilt"], float) - new) ** 2).sum() / spread)
        if explained < self.explained:
            return Difference("value", Text("share of the variance of new sequences that is rebuilt (too small a learning rate ends here, too)",
                                            "新序列方差中被重建的比例（学习率太小也会如此）"),
                              f"{explained:.3f}", f">= {self.explained:g}")
        purity = neighbour_purity(got["codes"], np.asarray(case.truth))
        if purity < self.purity:
            return Difference("value", Text("share of nearest neighbours, by code, that have the same rhythm (too small a learning rate ends here, too)",
                                            "按编码最近的邻居中节律相同的比例（学习率太小也会如此）"),
                              f"{purity:.3f}", f">= {self.purity:g}")
        return None


def portrays(purity: float, explained: float) -> Portrays:
    """A judge of codes by kinds the answer never sees, and of rebuilt sequences by the sequences."""
    return Portrays(purity, explained)


PROBED, CHANGED, PADDED, REPEATED = 40, 3, 7, 4
"""Histories that are looked at at every step; how many of their last steps are changed; how many steps of padding are put before them; how often an
item stands in a history of nothing else."""


@dataclass(frozen=True)
class FitAndRank:
    """Fit the returned model to what came next at every step, then let it score the items that may follow new histories."""

    epochs: int
    batch_size: int

    @_without_retracing_remarks()
    def __call__(self, function: Callable, case: Any, args: tuple, kwargs: dict) -> dict:
        import keras

        keras.utils.set_random_seed(SEED)
        model = function(*args, **kwargs)
        M, new = args[0], np.array(case.new)
        facts = {**model_facts(model), "paddings": [layer.padding for layer in model._flatten_layers() if isinstance(layer, keras.layers.Conv1D)]}
        facts["every_step"] = _answer(model, new).shape == (*new.shape, M)
        if not facts["every_step"]:
            return {"facts": facts}     # nothing to fit: what came next is one of M at every step
        if case.training is not None:
            X, came = np.array(case.training[0])[:, :-1], np.array(case.training[0])[:, 1:]
            counts = ((X > 0) & (came > 0)).astype(np.float32)
            model.fit(X, np.maximum(came - 1, 0), sample_weight=counts, epochs=self.epochs, batch_size=self.batch_size, verbose=0)
        # Not `model.predict`, which is compiled anew for each number of steps, and warns of it.
        probed = new[:PROBED]
        predictions, steps, changed = _answer(model, new)[:, -1], _answer(model, probed), _answer(model, later_changed(probed, M))
        padded = self._padded(model, probed, steps)
        real = probed > 0
        facts |= {
            "future_matters": not _alike(steps[:, :-CHANGED][real[:, :-CHANGED]], changed[:, :-CHANGED][real[:, :-CHANGED]]),
            "padding_fits": padded is not None,
            "padding_matters": padded is None or not _alike(steps[real], padded[real]),
        } | _view(model, new, M)
        return {"facts": facts, "predictions": predictions, "steps": steps, "changed": changed,
                "padded": np.full_like(steps, np.nan) if padded is None else padded, "alone": _answer(model, each_alone(M, new.shape[1]))[:, -1]}

    def _padded(self, model: Any, ids: np.ndarray, steps: np.ndarray) -> np.ndarray | None:
        """What the model says at the same steps when more padding stands before them; None if it reads no longer histories."""
        from tensorflow.errors import InvalidArgumentError

        try:
            padded = _answer(model, np.pad(ids, [(0, 0), (PADDED, 0)]))[:, PADDED:]
        except (ValueError, InvalidArgumentError):
            return None
        return padded if padded.shape == steps.shape else None


def fit_and_rank(epochs: int, batch_size: int) -> FitAndRank:
    """A call for functions (M, …) -> model, from ids (N, T) of items 1 to M to probabilities (N, T, M), column j for item j + 1.

    The case trains on sequences (n, T + 1): the first T as input, the last T as what came next, padding weighing nothing. It returns {"facts",
    "predictions"} of new histories, after their last step; and of the first few of them at every step: {"steps"}, the same with other
    items at the end, {"changed"}, and with more padding in front, {"padded"}; and of histories of one item alone, after an empty one, {"alone"}.
    """
    return FitAndRank(epochs, batch_size)


def each_alone(M: int, T: int) -> np.ndarray:
    """(M + 1, T): an empty history, and for each item one that holds it a few times and nothing else."""
    ids = np.zeros((M + 1, T), int)
    ids[:, -REPEATED:] = np.arange(M + 1)[:, None]
    return ids


def later_changed(ids: np.ndarray, M: int) -> np.ndarray:
    """The histories with another item at each of the last steps."""
    changed = ids.copy()
    changed[:, -CHANGED:] = changed[:, -CHANGED:] % M + 1
    return changed


def _answer(model: Any, ids: np.ndarray) -> np.ndarray:
    import keras

    return np.asarray(model(keras.ops.convert_to_tensor(ids)))


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=0, atol=SAME))


def _view(model: Any, new: np.ndarray, M: int) -> dict:
    """What the answer after the last step depends on, in the longest histories, as far as all of them reach.

    sees: how many steps back the furthest step is that matters; 1 is the latest.  order_matters: whether it moves when all steps but the latest are
    turned round.
    """
    longest = new[np.argsort(-(new > 0).sum(axis=1), kind="stable")[:PROBED]]
    reach = int((longest > 0).all(axis=0).sum())
    copies = np.repeat(longest[None], reach + 2, axis=0)
    for back in range(1, reach + 1):
        copies[back, :, -back] = copies[back, :, -back] % M + 1
    copies[-1, :, -reach:-1] = copies[-1, :, -reach:-1][:, ::-1]
    last = np.stack([_answer(model, ids)[:, -1] for ids in copies])
    moved = np.abs(last[1:] - last[0]).max(axis=(1, 2)) > SAME
    return {"sees": int((np.flatnonzero(moved[:-1]) + 1).max(initial=0)), "order_matters": bool(moved[-1])}


@dataclass(frozen=True)
class HitsAtLeast:
    """The item that came next must be among the k likeliest this often; no answer may see the future or the padding."""

    bound: float
    k: int

    def notes(self, got: Any) -> tuple[Text, ...]:
        """Nothing to add on a model that is good enough."""
        return ()

    def difference(self, case: Any, got: Any) -> Difference | None:
        """None if shape, probabilities, both probes and the share of hits are right; else in what the model fails."""
        facts = _facts(got)
        if facts is None:
            return Difference("type", Text("the model", "模型"), _kind(got), "facts and predictions")
        M, (n, T) = case.args[0], case.new.shape
        if facts.get("output_rank") != 3 or facts.get("output_units") != M:
            return Difference("shape", Text("the model's output: at every step, one probability for each item", "模型输出：每一步、每件商品一个概率"),
                              f"rank {facts.get('output_rank')}, last size {facts.get('output_units')}", f"(None, None, {M})")
        if not facts.get("every_step"):
            return Difference("shape", Text("the model's output: one answer after each step", "模型输出：每一步之后一个回答"),
                              str(Text("another number of steps", "步数不同")), f"(None, {T}, {M})")
        probed = min(n, PROBED)
        shapes = {"predictions": (n, M), "steps": (probed, T, M), "changed": (probed, T, M), "padded": (probed, T, M), "alone": (M + 1, M)}
        for name, shape in shapes.items():
            value = got.get(name)
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.shape != shape:
                return Difference("shape", Text("predictions for new histories", "对新历史的预测"), _kind(value), str(shape))
        real = case.new[:probed] > 0
        wrong = self._no_distribution(np.concatenate([got["predictions"], got["steps"][real], got["alone"][1:]])) or self._probes(facts, got, real)
        if wrong or case.truth is None:
            return wrong
        unread = 1 + np.flatnonzero(np.abs(got["alone"][1:] - got["alone"][0]).max(axis=1) <= SAME)
        if 0 < len(unread) < M:         # all of them: the share of hits says it better
            return Difference("value", Text(f"the answer to a history of item {unread[0]} alone", f"只含商品 {unread[0]} 的历史所得的回答"),
                              str(Text("that to an empty history", "与空历史的回答相同")), str(Text("another", "应当不同")))
        truth = np.asarray(case.truth)
        own = got["predictions"][np.arange(n), truth - 1][:, None]
        # Of equal probabilities half the others stand before the item: an answer that is the same for all items hits as often as a draw by lot.
        before = (got["predictions"] > own).sum(axis=1) + ((got["predictions"] == own).sum(axis=1) - 1) / 2
        hits = float((before < self.k).mean())
        if hits < self.bound:
            return Difference("value", Text("share of new histories whose next item is the likeliest (too small a learning rate ends here, too)"
                                            if self.k == 1 else f"share of new histories whose next item is among the {self.k} likeliest",
                                            "新历史中下一件商品恰为概率最高者的比例（学习率太小也会如此）"
                                            if self.k == 1 else f"新历史中下一件商品位于概率最高的 {self.k} 件之内的比例"),
                              f"{hits:.3f}", f">= {self.bound:g}")
        return None

    def _no_distribution(self, p: np.ndarray) -> Difference | None:
        """Why the rows of p are not probabilities of one choice; None if they are."""
        if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
            return Difference("value", Text("range of the predictions (a softmax at the end makes probabilities)",
                                            "预测值的范围（末端的 softmax 给出概率）"), f"{p.min():.3g} … {p.max():.3g}", "0 … 1")
        total = p.sum(axis=-1)
        furthest = float(total[np.abs(total - 1).argmax()])
        if abs(furthest - 1) > 1e-3:
            return Difference("value", Text("sum of the probabilities of all items at one step", "某一步上所有商品概率之和"), f"{furthest:.3f}", "1")
        return None

    def _probes(self, facts: dict, got: dict, real: np.ndarray) -> Difference | None:
        """Why an earlier answer depends on later items, or any on padding; None if none does."""
        same = str(Text("the same probabilities", "同样的概率"))
        if not facts.get("padding_fits"):
            return Difference("value", Text("the same histories with more padding in front", "同样的历史，前面多加一些填充步"),
                              str(Text("the model reads no longer histories", "模型读不了更长的历史")), same)
        early = real[:, :-CHANGED]
        for what, a, b in (
                (Text(f"the steps before the last {CHANGED}, when the last {CHANGED} items are others", f"把最后 {CHANGED} 件商品换掉后，之前各步的预测"),
                 got["steps"][:, :-CHANGED][early], got["changed"][:, :-CHANGED][early]),
                (Text("the same histories with more padding in front", "同样的历史，前面多加一些填充步"), got["steps"][real], got["padded"][real])):
            moved = float(np.abs(a - b).max())
            if not moved <= SAME:
                return Difference("value", what, str(Text(f"a probability moves by {moved:.3f}", f"某个概率变动了 {moved:.3f}")), same)
        return None


def hits_at_least(bound: float, k: int = 1) -> HitsAtLeast:
    """A judge of what `fit_and_rank` returns, by the next items (n,), ids from 1, that the answer never sees.

    At every step the output must be a distribution over the items, which neither later items nor more padding in front may change (by more
    than `SAME`); no item may be taken for padding; after the last step the next item must be among the k likeliest of at least `bound` of the new
    histories.
    """
    return HitsAtLeast(bound, k)
