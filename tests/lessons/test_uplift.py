"""The coupon trial of lesson 06 is a fair one, both lives are the same shoppers', and its tools agree with what can be counted."""

import numpy as np
import pytest

from helpers import uplift


@pytest.fixture(scope="module")
def trial() -> uplift.Trial:
    return uplift.coupon_trial(shoppers=4000, seed=3)


def test_only_those_whom_a_coupon_moves_have_two_different_lives(trial):
    without, with_it = trial.lives
    indifferent = trial.kind == 0
    assert (without[indifferent] == with_it[indifferent]).mean() > .99        # what is popular may hang on others' clicks
    assert (without != with_it)[~indifferent].mean() > .1


def test_half_of_the_shoppers_are_in_the_programme_whatever_they_did_before(trial):
    assert abs(trial.t.mean() - .5) < .05
    gap = trial.X[trial.t].mean(axis=0) - trial.X[~trial.t].mean(axis=0)
    assert (abs(gap) < 4 * trial.X.std(axis=0) / np.sqrt(len(trial.y) / 4)).all()


def test_the_columns_know_nothing_of_what_came_after_the_start():
    def before(days: tuple[int, ...]) -> np.ndarray:
        world = uplift.World(uplift.Config(shoppers=1500, days=164), seed=1)
        return uplift.known(world.run(uplift.Popular(), uplift.Programme(np.ones(1500, bool), days=days), log=False))

    assert (before(()) == before(uplift.PROGRAMME)).all()


def test_the_curve_ends_at_the_difference_of_means_times_the_share_treated():
    rng = np.random.default_rng(0)
    y, t, score = rng.normal(size=200), rng.random(200) < .3, rng.normal(size=200)
    share, gain = uplift.qini(y, t, score)
    assert share[-1] == 1
    assert gain[-1] == pytest.approx((y[t].mean() - y[~t].mean()) * t.mean())


def test_a_right_model_or_right_chances_make_the_value_right():
    rng = np.random.default_rng(0)
    n = 200_000
    x = rng.normal(size=n)
    e, pi = np.where(x > 0, .7, .2), (x > -1).astype(float)
    t = rng.random(n) < e
    mu0, mu1 = x, 2 * x + 1
    y = np.where(t, mu1, mu0) + rng.normal(size=n)
    truth = (pi * mu1 + (1 - pi) * mu0).mean()
    wrong_model = uplift.doubly_robust(y, t, e, pi, np.zeros(n), np.ones(n)).mean()
    wrong_chances = uplift.doubly_robust(y, t, .5, pi, mu0, mu1).mean()
    both = uplift.doubly_robust(y, t, .5, pi, np.zeros(n), np.ones(n)).mean()
    assert wrong_model == pytest.approx(truth, abs=.03)
    assert wrong_chances == pytest.approx(truth, abs=.03)
    assert abs(both - truth) > .1


def test_no_row_is_predicted_by_a_model_that_saw_it():
    rng = np.random.default_rng(0)
    X, y, t = rng.normal(size=(60, 2)), rng.normal(size=60), rng.random(60) < .5
    before = np.array(uplift.cross_fitted(X, y, t))
    for row in (0, 17, 42):
        moved = y.copy()
        moved[row] += 1000
        after = np.array(uplift.cross_fitted(X, moved, t))
        assert after[:, row] == pytest.approx(before[:, row])
        assert (abs(after - before) > 1).any()
