"""Exercises that train: predictions earn, facts explain."""

import numpy as np
import pytest

from helpers.checks import calling, codec
from helpers.checks.exercise import Exercise, case
from helpers.checks.keys import KnownMistake
from helpers.checks.training import auc_at_least, fit_and_predict, fit_and_rank, hits_at_least, labels_at_least
from helpers.checks.verdict import verdict
from helpers.course import Lesson
from helpers.language import Text

pytestmark = pytest.mark.slow


def two_clouds(rng):
    while True:
        y = rng.integers(0, 2, 400)
        X = (rng.normal(size=(400, 3)) + 2 * y[:, None]).astype("float32")
        yield case(width=3).trains_on(X[:300], y[:300]).predicts(X[300:], truth=y[300:])


CLOUDS = Exercise("clouds", Lesson("01_behaviour"), two_clouds, "core", 5, 10, False, ("keras",), ("clouds",), auc_at_least(.9),
                  fit_and_predict(epochs=8, batch_size=16), (), 1, 60.0)


def dense(units=1, activation="sigmoid", compiled=True, shape=None):
    def clouds(width):
        import keras

        layers = [keras.Input(shape=shape or (width,)), keras.layers.Dense(units, activation=activation)]
        model = keras.Sequential(layers)
        if compiled:
            model.compile(optimizer=keras.optimizers.Adam(.05), loss="binary_crossentropy", metrics=[keras.metrics.AUC(curve="PR")])
        return model
    return clouds


def judged(function, mistakes=()):
    cases = CLOUDS.cases(3)
    return verdict(CLOUDS, cases, calling.run_all(CLOUDS, cases, {"clouds": function}), (), mistakes)


def test_a_model_that_learns_earns_its_points():
    assert judged(dense()).earned == 10


def test_two_fits_of_one_model_predict_the_same():
    case_ = CLOUDS.cases(3)[0]
    first, second = (calling.run(CLOUDS, case_, {"clouds": dense()}).answer["predictions"] for _ in range(2))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_known_fact_explains_a_failure():
    softmax = KnownMistake("softmax_of_one", Text("one unit of softmax is always 1", "单个 softmax 恒为 1"), {}, {"activation": "softmax"})
    wide = KnownMistake("two_units", Text("two units", "两个单元"), {}, {"output_units": 2})
    found = judged(dense(activation="softmax"), [wide, softmax])
    assert found.earned == 0
    assert [mistake.name for mistake in found.mistakes] == ["softmax_of_one"]


@pytest.mark.parametrize(("function", "says"), [
    (dense(compiled=False), "not compiled"), (lambda width: None, "must return a keras.Model, not None"), (lambda width: "model", "not str")])
def test_what_is_no_compiled_model_is_named(function, says):
    found = judged(function)
    assert says in found.failure.outcome.message


@pytest.mark.parametrize("answer", [
    None, {"facts": 3}, {"facts": {"output_rank": 2, "output_units": 1}},
    {"facts": {"output_rank": 2, "output_units": 1}, "predictions": np.full((100, 1), np.nan)},
    {"facts": {"output_rank": 2, "output_units": 1}, "predictions": np.full((100, 1), 7.0)},
    {"facts": {"output_rank": 2, "output_units": 1}, "predictions": np.zeros((3, 1))},
    {"facts": {"output_rank": 2, "output_units": 1}, "predictions": np.full((100, 1), .5)},
], ids=range(7))
def test_lying_about_the_model_earns_nothing(answer):
    cases = CLOUDS.cases(3)
    assert verdict(CLOUDS, cases, [calling.Outcome("value", value=codec.encode(answer))], ()).earned == 0


def test_the_labels_of_new_examples_never_reach_the_answer():
    arguments = calling.encode_arguments(CLOUDS.cases(3)[0])
    assert "truth" not in str(arguments)


def rising(rng):
    """Short sequences, padded in front with zeros: the last step tells the class."""
    while True:
        y = rng.integers(0, 2, 400)
        X = rng.random((400, 6, 2)).astype("float32") + .1
        X[:, -1, 0] += y
        X[:, :2] = 0
        yield case(6, 2).trains_on(X[:300], y[:300]).predicts(X[300:], truth=y[300:])


RISING = Exercise("rising", Lesson("01_behaviour"), rising, "core", 5, 10, False, ("keras",), ("rising",), auc_at_least(.9, padded=True),
                  fit_and_predict(epochs=6, batch_size=16, padding=3), (), 1, 60.0)


def recurrent(mask=True, flat=False):
    def rising(T, F):
        import keras

        inputs = x = keras.Input((T, F))
        if mask:
            x = keras.layers.Masking(0.)(x)
        x = keras.layers.GRU(8, return_sequences=flat)(x)
        if flat:
            x = keras.layers.Flatten()(x)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
        model.compile(optimizer=keras.optimizers.Adam(.05), loss="binary_crossentropy")
        return model
    return rising


@pytest.mark.parametrize(("function", "earned", "facts"), [
    (recurrent(), 10, {"padding_fits": True, "padding_matters": False, "masks": True, "mask_channels": 2}),
    (recurrent(mask=False), 0, {"padding_fits": True, "padding_matters": True, "masks": False, "mask_channels": 0}),
    (recurrent(flat=True), 0, {"padding_fits": False, "padding_matters": True}),
], ids=["masked", "padding read", "weights tied to the length"])
def test_more_padding_in_front_must_change_no_prediction(function, earned, facts):
    cases = RISING.cases(3)
    outcomes = calling.run_all(RISING, cases, {"rising": function})
    found = verdict(RISING, cases, outcomes, ())
    assert found.earned == earned, found.failure
    told = outcomes[0].answer["facts"]
    assert {name: told[name] for name in facts} == facts


def words(rng):
    """Texts of ids, 0 in front: word k + 1 is there or not for each of two labels, among words that mean nothing. 1.5 labels on average."""
    while True:
        y = (rng.random((500, 2)) < .75).astype(int)
        ids = rng.integers(3, 9, (500, 6))
        ids[:, 4:] = np.where(y, [1, 2], ids[:, 4:])
        ids[np.arange(6) < rng.integers(0, 4, (500, 1))] = 0
        yield case(8, 6, 2).trains_on(ids[:400], y[:400]).predicts(ids[400:], truth=y[400:])


WORDS = Exercise("words", Lesson("01_behaviour"), words, "core", 5, 10, False, ("keras",), ("words",), labels_at_least(.9, count=.3),
                 fit_and_predict(epochs=6, batch_size=16, padding=3, length=1), (), 1, 60.0)


def bag(mask=True, activation="sigmoid", loss="binary_crossentropy", flat=False, units=None, any_length=False):
    def words(V, T, K):
        import keras

        inputs = keras.Input((None if any_length else T,), dtype="int32")
        x = keras.layers.Embedding(V + 1, 8, mask_zero=mask)(inputs)
        x = (keras.layers.Flatten() if flat else keras.layers.GlobalAveragePooling1D())(x)
        model = keras.Model(inputs, keras.layers.Dense(units or K, activation=activation)(x))
        model.compile(keras.optimizers.Adam(.03), loss)
        return model
    return words


@pytest.mark.parametrize(("function", "earned", "facts", "says"), [
    (bag(), 10, {"padding_fits": True, "padding_matters": False, "mask_zero": True, "embeds": True, "recurrent": False}, ""),
    (bag(mask=False), 0, {"padding_fits": True, "padding_matters": True, "mask_zero": False}, "padding"),
    (bag(flat=True), 0, {"padding_fits": False}, "padding"),
    (bag(activation="softmax", loss="categorical_crossentropy"), 0, {"activation": "softmax", "loss": "categorical_crossentropy"}, "number of labels"),
    (bag(activation="linear", loss="mse"), 0, {"activation": "linear"}, "range"),
    (bag(units=3, loss=lambda truth, p: p), 0, {"output_units": 3}, "output"),
], ids=["right", "padding read", "weights tied to the length", "softmax", "no sigmoid", "a unit too many"])
def test_labels_are_judged_by_their_number_their_ranking_and_the_padding(function, earned, facts, says):
    cases = WORDS.cases(3)
    outcomes = calling.run_all(WORDS, cases, {"words": function})
    found = verdict(WORDS, cases, outcomes, ())
    assert found.earned == earned, found.failure
    assert earned or says in found.failure.difference.where.en
    told = outcomes[0].answer["facts"]
    assert {name: told[name] for name in facts} == facts


@pytest.mark.parametrize(("function", "fits"), [(bag(any_length=True), True), (bag(flat=True), False)], ids=["any length", "one length"])
def test_without_a_length_among_the_arguments_the_same_model_must_read_longer_sequences(function, fits):
    call = fit_and_predict(epochs=1, batch_size=64, padding=3, length=None)
    one = WORDS.cases(3)[0]
    assert call(function, one, one.args, {})["facts"]["padding_fits"] == fits


@pytest.mark.parametrize("answer", [
    None, {"facts": 3}, {"facts": {"output_rank": 2, "output_units": 2}},
    *({"facts": {"output_rank": 2, "output_units": 2}, "predictions": np.full((100, 2), value)} for value in (np.nan, 7.0, .5, .75)),
    {"facts": {"output_rank": 2, "output_units": 2}, "predictions": np.zeros((3, 2))},
], ids=range(8))
def test_lying_about_labels_earns_nothing(answer):
    assert verdict(WORDS, WORDS.cases(3), [calling.Outcome("value", value=codec.encode(answer))], ()).earned == 0


def successors(rng):
    """Histories of 6 items of which each is followed by the next one; shorter ones are padded in front."""
    while True:
        ids = (rng.integers(0, 6, (500, 1)) + np.arange(9)) % 6 + 1
        ids[np.arange(9) < rng.integers(0, 4, (500, 1))] = 0
        yield case(6, 8).trains_on(ids[:400]).predicts(ids[400:, :-1], truth=ids[400:, -1])


NEXT = Exercise("successors", Lesson("01_behaviour"), successors, "core", 5, 10, False, ("keras",), ("successors",), hits_at_least(.9),
                fit_and_rank(epochs=6, batch_size=16), (), 1, 60.0)


def follower(padding="causal", kernel=2, masked=True, units=0, activation="softmax", pooled=False, ranks=True, none=0):
    def successors(M, T):
        import keras

        ids = keras.Input((None,), dtype="int32")
        real = keras.ops.cast(keras.ops.expand_dims(ids > none, -1), "float32")
        x = keras.layers.Embedding(M + 1, 12)(ids)
        x = keras.layers.Conv1D(12, kernel, padding=padding, activation="relu")(x * real if masked else x)
        x = keras.layers.GlobalMaxPooling1D()(x) if pooled else x
        model = keras.Model(ids, keras.layers.Dense(M + units, activation=activation)(x if ranks else 0 * x))
        logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(.02), logits if activation == "linear" else "sparse_categorical_crossentropy")
        return model
    return successors


@pytest.mark.parametrize(("function", "earned", "facts", "says"), [
    (follower(), 10, {"every_step": True, "future_matters": False, "padding_fits": True, "padding_matters": False, "paddings": ["causal"], "sees": 2}, ""),
    (follower(kernel=1), 10, {"sees": 1, "order_matters": False}, ""),
    (follower(padding="same", kernel=3), 0, {"future_matters": True, "paddings": ["same"]}, "are others"),
    (follower(padding="valid"), 0, {"every_step": False, "output_rank": 3}, "one answer after each step"),
    (follower(masked=False), 0, {"future_matters": False, "padding_matters": True}, "padding"),
    (follower(units=1), 0, {"every_step": False, "output_units": 7}, "at every step"),
    (follower(pooled=True), 0, {"every_step": False, "output_rank": 2}, "at every step"),
    (follower(activation="sigmoid"), 0, {"activation": "sigmoid"}, "sum of the probabilities"),
    (follower(activation="linear"), 0, {"activation": "linear"}, "range"),
    (follower(ranks=False), 0, {"sees": 0}, "likeliest"),
    (follower(none=1), 0, {"padding_matters": False}, "item 1 alone"),
], ids=["right", "one step is enough here", "sees the answer", "fewer steps", "padding read", "a column too many", "one answer", "no distribution",
        "no softmax", "says the same to all", "an item taken for padding"])
def test_next_items_are_judged_by_hits_the_future_and_the_padding(function, earned, facts, says):
    cases = NEXT.cases(3)
    outcomes = calling.run_all(NEXT, cases, {"successors": function})
    found = verdict(NEXT, cases, outcomes, ())
    assert found.earned == earned, found.failure
    assert earned or says in found.failure.difference.where.en
    told = outcomes[0].answer["facts"]
    assert {name: told[name] for name in facts} == facts


def _said(value=1 / 6, **other):
    whole = {"predictions": (100, 6), "steps": (40, 8, 6), "changed": (40, 8, 6), "padded": (40, 8, 6), "alone": (7, 6)}
    return {"facts": {"output_rank": 3, "output_units": 6, "every_step": True, "padding_fits": True},
            **{name: np.full(shape, value) for name, shape in whole.items()}, **other}


@pytest.mark.parametrize("answer", [
    None, {"facts": 3}, {"facts": {"output_rank": 3, "output_units": 6, "every_step": True}}, _said(), _said(np.nan), _said(1.), _said(0.),
    _said(predictions=np.eye(6)[np.zeros(100, int)]), _said(padded=np.full((40, 8, 6), np.nan)), _said(steps=np.zeros((3, 8, 6))),
    _said(predictions=np.eye(6)[np.zeros(100, int)], alone=np.full((7, 6), np.nan)),
], ids=range(11))
def test_lying_about_what_comes_next_earns_nothing(answer):
    assert verdict(NEXT, NEXT.cases(3), [calling.Outcome("value", value=codec.encode(answer))], ()).earned == 0


def test_a_judge_of_the_ten_likeliest_counts_equal_scores_as_a_draw():
    one = case(6, 8).predicts(np.ones((4, 8), int), truth=np.array([1, 2, 3, 6]))
    p = np.tile([.3, .3, .1, .1, .1, .1], (4, 1))
    answer = _said(predictions=p, alone=np.eye(7)[:, 1:]) | {name: np.full((4, 8, 6), 1 / 6) for name in ("steps", "changed", "padded")}
    assert hits_at_least(.5, k=2).difference(one, answer) is None
    assert hits_at_least(.6, k=2).difference(one, answer).got == "0.500"
