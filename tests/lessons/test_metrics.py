"""`helpers.metrics` gives scikit-learn's numbers, treats ties as a draw, and resamples households."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from helpers import metrics


@pytest.fixture
def ranked():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 500)
    return y, (y * .3 + rng.random(500)).round(1), rng.integers(0, 40, 500)


def test_pr_auc_is_scikit_learns_average_precision_with_ties_too(ranked):
    y, score, _ = ranked
    assert metrics.pr_auc(y, score) == pytest.approx(average_precision_score(y, score))


def test_roc_auc_is_scikit_learns_with_ties_too_and_nan_with_one_class(ranked):
    y, score, _ = ranked
    assert metrics.roc_auc(y, score) == pytest.approx(roc_auc_score(y, score))
    assert metrics.roc_auc(y, np.round(score, 1)) == pytest.approx(roc_auc_score(y, np.round(score, 1)))
    assert np.isnan(metrics.roc_auc([1, 1], [.1, .2]))


def test_a_constant_score_has_the_base_rate_as_pr_auc_and_a_lift_of_one_in_any_order():
    assert metrics.pr_auc([1, 0, 0, 0], np.zeros(4)) == .25
    assert metrics.lift_at_share([1, 0, 0, 0], np.zeros(4), .25) == 1


def test_lift_without_ties_is_the_share_of_positives_on_top_over_the_share_of_all():
    assert metrics.lift_at_share([1, 0, 0, 0], [.9, .1, .2, .3], .25) == 4
    assert metrics.lift_at_share([1, 1, 0, 1, 0], [.2, .8, .5, .9, .1], .4) == pytest.approx(1 / .6)


def test_ties_at_the_edge_of_the_budget_count_in_part():
    # The best row is sure; of the two tied rows behind it one place is drawn.
    assert metrics.lift_at_share([0, 1, 0, 0], [.9, .5, .5, .1], .5) == pytest.approx(.25 / .25)


def test_nobody_positive_gives_nan():
    assert np.isnan(metrics.pr_auc([0, 0], [.1, .2]))
    assert np.isnan(metrics.lift_at_share([0, 0], [.1, .2], .5))


@pytest.mark.parametrize("share", [0, -1, 1.1])
def test_a_share_outside_zero_to_one_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        metrics.lift_at_share([0, 1], [.1, .2], share)


def test_scores_and_labels_of_different_length_are_refused():
    with pytest.raises(ValueError, match="equally long"):
        metrics.pr_auc([0, 1, 1], [.1, .2])


def test_brier_is_scikit_learns(ranked):
    y, score, _ = ranked
    p = np.clip(score, 0, 1)
    assert metrics.brier(y, p) == pytest.approx(brier_score_loss(y, p))


def test_whole_weights_are_rows_repeated(ranked):
    y, score, _ = ranked
    times = np.random.default_rng(1).integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), times)
    for metric, args in ((metrics.pr_auc, ()), (metrics.roc_auc, ()), (metrics.lift_at_share, (.1,)), (metrics.brier, ())):
        of_weights = metrics.weighted(metric, y, score, *args)
        assert of_weights(times.astype(float)) == pytest.approx(metric(y[again], score[again], *args))


def test_where_measures_only_those_rows(ranked):
    y, score, household = ranked
    some = household < 10
    assert metrics.weighted(metrics.pr_auc, y, score, where=some)(np.ones(len(y))) == pytest.approx(metrics.pr_auc(y[some], score[some]))


def test_an_interval_over_households_is_wider_than_one_over_rows_when_rows_of_a_household_are_alike():
    rng = np.random.default_rng(2)
    household = np.repeat(np.arange(30), 40)
    p = np.repeat(rng.random(30), 40)
    y = (rng.random(len(p)) < p).astype(int)
    error = {"brier": metrics.weighted(metrics.brier, y, np.full(len(p), .5)), "rate": lambda weight: float(np.average(y, weights=weight))}
    by_household = metrics.household_draws(household, error, draws=200)["rate"].std()
    by_row = metrics.household_draws(np.arange(len(p)), error, draws=200)["rate"].std()
    assert by_household > 2 * by_row


def test_equal_metrics_are_equal_in_every_draw_so_differences_have_their_own_interval(ranked):
    y, score, household = ranked
    draws = metrics.household_draws(household, {"a": metrics.weighted(metrics.pr_auc, y, score),
                                                "b": metrics.weighted(metrics.pr_auc, y, 2 * score)}, draws=20)
    assert (draws["a"] == draws["b"]).all()
    assert draws["a"].std() > 0


def test_draws_repeat_with_their_seed(ranked):
    y, score, household = ranked
    metric = {"a": metrics.weighted(metrics.pr_auc, y, score)}
    one, two = (metrics.household_draws(household, metric, draws=5, seed=3) for _ in range(2))
    assert one.equals(two)
