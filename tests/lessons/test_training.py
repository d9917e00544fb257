"""`helpers.training`: fits repeat from their seed, keep the best epoch, and see order."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from helpers.checks.behaviour import ordered_motif

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
