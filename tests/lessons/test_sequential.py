"""`helpers.sequential`: no answer sees the future or the padding, and what is learnt is worth more than popularity."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

M, T = 24, 10


def chain(rng, n, successor):
    """Histories (n, T + 1) in which three of four items are the successor of the one before; padding of any length in front."""
    ids = rng.integers(1, M + 1, (n, T + 1))
    for t in range(1, T + 1):
        ids[:, t] = np.where(rng.random(n) < .75, successor[ids[:, t - 1] - 1], ids[:, t])
    ids[np.arange(T + 1) < rng.integers(0, T - 3, (n, 1))] = 0
    return ids


@pytest.fixture(scope="module")
def histories():
    rng = np.random.default_rng(0)
    successor = rng.permutation(M) + 1
    return chain(rng, 500, successor), chain(rng, 300, successor)


MODELS = {
    "CNN": lambda: _sequential().recommender_cnn(M, T, 24, dilations=(1, 2)),
    "SASRec": lambda: _sequential().sasrec(M, T, 24, blocks=2),
    "two towers": lambda: _sequential().two_tower(M, T, 24, features=np.eye(M)),
}


def _sequential():
    from helpers import sequential

    return sequential


@pytest.fixture(params=MODELS)
def model(request):
    import keras

    keras.utils.set_random_seed(3)
    return MODELS[request.param]()


def test_other_items_later_change_no_earlier_state(model, histories):
    ids = histories[1][:40, :-1]
    other = ids.copy()
    other[:, -3:] = other[:, -3:] % M + 1
    a, b = np.asarray(model(ids)), np.asarray(model(other))
    early = ids[:, :-3] > 0
    np.testing.assert_array_equal(a[:, :-3][early], b[:, :-3][early])
    assert (np.abs(a - b)[:, -1].max(axis=1) > 1e-4).all()


def test_padding_in_front_changes_no_state_of_an_item_and_has_none_of_its_own(model, histories):
    ids = histories[1][:40, :-1]
    a, b = np.asarray(model(ids)), np.asarray(model(np.pad(ids, [(0, 0), (6, 0)])))[:, 6:]
    np.testing.assert_allclose(a[ids > 0], b[ids > 0], atol=1e-5)
    assert (a[ids == 0] == 0).all()


def test_there_is_a_score_for_each_item_and_none_for_padding(model, histories):
    scores = _sequential().scores(model, histories[1][:7, :-1])
    assert scores.shape == (7, M)
    assert np.isfinite(scores).all()
    nothing = _sequential().scores(model, np.zeros((2, T), int))
    assert (nothing == nothing[:, :1]).all()


def test_scores_are_the_same_in_batches_of_any_size_and_read_the_latest_items(model, histories):
    scores = _sequential().scores(model, histories[1][:, 1:])
    np.testing.assert_allclose(scores, _sequential().scores(model, histories[1], batch_size=37), atol=1e-5)


@pytest.mark.parametrize("negatives", ["all", 12, "batch"])
def test_a_planted_chain_is_learnt_far_better_than_popularity_and_a_seed_repeats(histories, negatives):
    sequential, (learn, new) = _sequential(), histories
    one, two = (sequential.train(MODELS["CNN"], learn, seed=1, epochs=6, rate=5e-3, batch_size=50, negatives=negatives) for _ in range(2))
    scores = one.scores(new[:, :-1])
    np.testing.assert_allclose(scores, two.scores(new[:, :-1]), atol=1e-4)
    hits = (scores.argmax(axis=1) + 1 == new[:, -1]).mean()
    popular = (np.bincount(learn[learn > 0]).argmax() == new[:, -1]).mean()
    assert hits > .6 > .2 > popular
    assert one.seconds > 0
    assert one.kept == int(np.argmin(one.history["val_loss"])) + 1 <= one.epochs <= 6


def test_attention_learns_the_chain_and_a_tower_that_forgets_the_order_does_not(histories):
    sequential, (learn, new) = _sequential(), histories
    hits = {name: (sequential.train(MODELS[name], learn, seed=1, epochs=8, rate=5e-3, batch_size=50, held_out=0).scores(new[:, :-1]).argmax(axis=1) + 1
                   == new[:, -1]).mean() for name in ("SASRec", "two towers")}
    assert hits["SASRec"] > .6 > hits["two towers"]


def test_a_sample_is_on_average_the_whole_catalogue():
    """Importance weights: the mean of Σ e^s / (n q) over samples is Σ e^s over the items that are not the target."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    model, rng = MODELS["CNN"](), np.random.default_rng(1)
    model.learns_from(4000, rng.dirichlet(np.ones(M)))
    states, ids = tf.constant(rng.normal(size=(2, T, 24)), tf.float32), rng.integers(1, M + 1, (2, T + 1))
    x, y = ids[:, :-1], ids[:, 1:]
    sampled = np.mean([float(model.compute_loss(x, y, states)) for _ in range(30)])
    assert sampled == pytest.approx(float(model.compute_loss(x, y, states, training=False)), rel=2e-3)


def test_the_loss_counts_no_step_of_padding_and_no_step_that_has_read_nothing():
    import tensorflow as tf

    model, rng = MODELS["SASRec"](), np.random.default_rng(1)
    states = rng.normal(size=(1, 4, 24)).astype("float32")
    logits = states[0] @ np.asarray(model.vectors()).T
    surprise = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(4), [6, 2, 4, 8]]
    loss = model.compute_loss(np.array([[0, 0, 3, 5]]), np.array([[0, 3, 5, 9]]), tf.constant(states), training=False)
    assert float(loss) == pytest.approx(surprise[2:].mean(), rel=1e-5)


@pytest.mark.parametrize("n", [0, 1, 512, 1300])
def test_the_loss_in_pieces_and_its_gradients_are_those_of_the_whole(n):
    import tensorflow as tf

    rng, sequential = np.random.default_rng(n), _sequential()
    state, vectors = (tf.constant(rng.normal(size=(rows, 8)), tf.float64) for rows in (n, M))
    item = tf.constant(rng.integers(0, M, n), tf.int32)

    def whole():
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(item, tf.matmul(state, vectors, transpose_b=True)))

    def with_gradients(loss):
        with tf.GradientTape() as tape:
            tape.watch([state, vectors])
            found = 3 * loss()
        return found, *tape.gradient(found, [state, vectors])

    for ours, theirs in zip(tf.function(with_gradients)(lambda: sequential.catalogue_loss(state, vectors, item)), with_gradients(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_receptive_field_is_what_a_probe_finds():
    sequential = _sequential()
    model = sequential.recommender_cnn(M, 40, 8, kernel=3, dilations=(1, 2, 4))
    ids = np.random.default_rng(0).integers(1, M + 1, (1, 40))
    copies = np.repeat(ids, 41, axis=0)
    copies[np.arange(1, 41), -np.arange(1, 41)] = ids[0, -np.arange(1, 41)] % M + 1
    last = np.asarray(model(copies))[:, -1]
    moved = np.flatnonzero(np.abs(last[1:] - last[0]).max(axis=1) > 1e-7) + 1
    assert moved.max() == sequential.receptive_field(3, (1, 2, 4)) == 15


def test_attention_heads_must_share_the_size():
    with pytest.raises(ValueError, match="multiple of 3 heads"):
        _sequential().sasrec(M, T, 32, heads=3)
