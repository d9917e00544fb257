"""`helpers.training`: fits repeat from their seed, keep the best epoch, and see order."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from helpers.checks.behaviour import ordered_motif
from helpers.rhythms import ended_interests

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sessions():
    rng = np.random.default_rng(0)
    return *ordered_motif(rng, 600, 20), *ordered_motif(rng, 200, 20)


def test_a_fit_repeats_from_its_seed_and_keeps_the_epoch_of_lowest_validation_loss(sessions):
    from helpers import training

    X, y, X_new, y_new = sessions
    one, two = (training.fit(lambda: training.sequence_cnn(20, 4), X, y, X_new, y_new, seed=1, epochs=3, batch_size=64) for _ in range(2))
    np.testing.assert_allclose(one.predict(X_new), two.predict(X_new), atol=1e-5)
    assert one.epoch == int(np.argmin(one.history["val_loss"])) + 1
    assert one.predict(X_new).shape == (200,)
    assert one.seconds > 0


def test_the_small_network_sees_order_where_counts_say_nothing(sessions):
    from helpers import training

    X, y, X_new, y_new = sessions
    fitted = training.fit(lambda: training.sequence_cnn(20, 4), X, y, X_new, y_new, seed=1, epochs=8, batch_size=32)
    assert roc_auc_score(y_new, fitted.predict(X_new)) > .9


def test_motif_sessions_have_equal_counts_in_both_classes():
    X, y = ordered_motif(np.random.default_rng(3), 8000, 20)
    assert y.mean() == .5
    assert np.abs(X[y == 1].sum(axis=1).mean(axis=0) - X[y == 0].sum(axis=1).mean(axis=0)).max() < .1


def test_a_survival_from_logits_is_the_product_of_what_is_left():
    from helpers import training

    logits = np.random.default_rng(0).normal(size=(5, 3)) * 3
    assert training.survival(logits) == pytest.approx(np.prod(1 - 1 / (1 + np.exp(-logits)), axis=1))
    assert training.survival([[1000., 0.], [-1000., -1000.]]).tolist() == [0, 1]


def test_hazard_targets_mark_the_event_and_end_with_it_or_with_what_was_observed():
    from helpers import training

    event, at_risk = np.moveaxis(training.hazard_targets([2, 2, 3], [1, 0, 1], 3), -1, 0)
    assert event.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert at_risk.tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]


def test_the_hazard_heads_loss_is_the_likelihood_of_what_was_observed():
    from helpers import training

    model = training.hazard_head(6, 2, periods=3)
    X = np.random.default_rng(0).random((4, 6, 2)).astype("float32")
    t, e = np.array([1, 3, 2, 3]), np.array([1, 1, 0, 0])
    h = 1 / (1 + np.exp(-np.asarray(model.predict(X, verbose=0), float)))
    by_hand = [-np.log(h[i, t[i] - 1] if e[i] else 1 - h[i, t[i] - 1]) - np.log(1 - h[i, :t[i] - 1]).sum() for i in range(4)]
    assert model.evaluate(X, training.hazard_targets(t, e, 3), verbose=0) == pytest.approx(np.mean(by_hand), rel=1e-4)


def test_padding_in_front_changes_no_prediction_of_the_weekly_lstm():
    from helpers import training

    short, long = training.weekly_lstm(8, 3), training.weekly_lstm(13, 3)
    long.set_weights(short.get_weights())
    X = np.random.default_rng(0).random((5, 8, 3)).astype("float32")
    padded = np.pad(X, ((0, 0), (5, 0), (0, 0)))
    np.testing.assert_allclose(short.predict(X, verbose=0), long.predict(padded, verbose=0), atol=1e-5)


@pytest.mark.parametrize("cell", ["simple", "gru", "lstm"])
def test_padding_in_front_changes_no_prediction_of_the_interest_rnn_and_its_last_word_does(cell):
    from helpers import training

    model = training.interest_rnn(9, 3, cell)
    ids = np.random.default_rng(0).integers(1, 10, (5, 8))
    p = model.predict(ids, verbose=0)
    assert p.shape == (5, 3)
    np.testing.assert_allclose(p, model.predict(np.pad(ids, ((0, 0), (5, 0))), verbose=0), atol=1e-5)
    other = ids.copy()
    other[:, -1] = ids[:, -1] % 9 + 1
    assert (np.abs(model.predict(other, verbose=0) - p).max(axis=1) > 1e-4).all()


def test_the_interest_rnns_parameters_are_what_the_formulas_say():
    from helpers import training

    V, K, d, h = 9, 3, 16, 32
    cells = {"simple": h * (d + h + 1), "gru": 3 * h * (d + h + 2), "lstm": 4 * h * (d + h + 1)}
    for cell, parameters in cells.items():
        assert training.interest_rnn(V, K, cell).count_params() == (V + 1) * d + parameters + (h + 1) * K
    with pytest.raises(ValueError, match="simple, gru, lstm"):
        training.interest_rnn(V, K, "rnn")


def test_the_interest_rnn_learns_which_interests_ended():
    from helpers import training

    ids, current = ended_interests(np.random.default_rng(0), 900, 3)
    fitted = training.fit(lambda: training.interest_rnn(21, 3), ids[:600], current[:600], ids[600:], current[600:], seed=1, epochs=5, batch_size=32)
    assert roc_auc_score(current[600:], fitted.model.predict(ids[600:], verbose=0)) > .9


def test_scikit_learns_search_tunes_a_network_and_a_refit_repeats(sessions):
    from sklearn.model_selection import GridSearchCV

    from helpers import training

    X, y, X_new, y_new = sessions
    network = training.Network(training.weekly_cnn, {"T": 20, "F": 4}, epochs=2, batch_size=64)
    folds = [(np.arange(400), np.arange(400, 600))]
    search = GridSearchCV(network, {"options": [{"T": 20, "F": 4, "rate": rate} for rate in (1e-7, 5e-3)]}, scoring="roc_auc", cv=folds).fit(X, y)
    assert search.best_params_["options"]["rate"] == 5e-3
    one, two = (search.best_estimator_.fit(X, y).predict_proba(X_new) for _ in range(2))
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert one.sum(axis=1) == pytest.approx(np.ones(len(y_new)))
