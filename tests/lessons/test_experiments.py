"""Two policies in one world: the lot is fair, the arms do what they should, and the estimates are those of the textbooks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from helpers import experiments
from helpers.experiments import Estimate, Retrained, Split, Watched
from helpers.shop import HELPS, Logging, Popular, Switch, Uniform, World, active

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def world():
    return World(replace(HELPS, shoppers=1500, days=40), 5)


@pytest.fixture(scope="module")
def split_run(world):
    policy = Split(Popular(), Uniform(), share=.3, seed=2)
    return policy, world.run(policy)


def test_each_arm_is_shown_what_its_policy_shows(world, split_run):
    policy, run = split_run
    exposures = run.exposures
    treated = policy.assigned[exposures["shopper"]]
    by_day = exposures[treated].groupby(["day", "position"])["item"].nunique()
    assert by_day.max() == 1                                    # popular: the same for everybody
    assert exposures[~treated]["item"].nunique() > 1000         # at random


def test_the_lot_is_that_of_share_and_seed_and_hangs_on_nothing_else():
    lot = experiments.assigned(20_000, .3, seed=2)
    assert abs(lot.mean() - .3) < .015
    assert (experiments.assigned(500, .3, seed=2) == lot[:500]).all()
    assert (experiments.assigned(20_000, .3, seed=3) != lot).any()


@pytest.mark.parametrize("share", [0, 1, -1])
def test_a_split_without_one_of_its_arms_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        Split(Uniform(), Uniform(), share=share)


def test_a_split_of_one_policy_is_that_policy(world):
    assert (world.run(Split(Popular(), Popular()), log=False).visited == world.run(Popular(), log=False).visited).all()


def test_the_split_begins_on_the_day_of_the_switch(world):
    halves = world.run(Split(Switch(Popular(), Uniform(), 20), Popular()), log=False)
    assert (halves.visited[:, :20] == world.run(Popular(), log=False).visited[:, :20]).all()


def test_who_is_watched_lives_the_same_and_is_counted_as_the_log_counts(world):
    watched = Watched(Popular(), 40)
    run, logged = world.run(watched, log=False), world.run(Popular())
    assert (run.visited == logged.visited).all()
    assert watched.click_rate(10, 40) == pytest.approx(logged.exposures.query("day >= 10")["clicked"].mean())
    assert watched.ordered.sum() == len(logged.orders)


@pytest.fixture(scope="module")
def rounds(world):
    """The exposures of two rounds of ten days, without exploring and with two places of eight."""
    return [world.run(Switch(Logging(), Retrained(20, 10, explore), 20)).exposures.query("day >= 20") for explore in (0, 2)]


def test_the_loop_shows_only_what_was_clicked_in_the_round_before(rounds):
    shown = rounds[0]
    clicked = set(shown.query("day < 30 and clicked")["item"])
    assert len(clicked) >= 8
    assert set(shown.query("day >= 30")["item"]) <= clicked


def test_exploring_draws_every_other_item_equally_often_and_says_how_often(rounds):
    shown = rounds[1]
    slates = np.sort(shown["propensity"].to_numpy().reshape(-1, 8), axis=1)
    assert (slates[:, 2:] == 1 / 8).all()
    assert (slates[:, :2] < .001).all()
    drawn = shown.loc[shown["propensity"] < .001, "item"]
    assert stats.chisquare(np.histogram(drawn, bins=10, range=(0, 2000))[0]).pvalue > .001
    assert shown.groupby("position")["propensity"].mean().std() < .004          # in random order


def test_difference_has_welchs_error():
    y, t = RNG.normal(size=60), RNG.random(60) < .3
    got, welch = experiments.difference(y, t), stats.ttest_ind(y[t], y[~t], equal_var=False)
    assert got.value / got.standard_error == pytest.approx(welch.statistic)
    with pytest.raises(ValueError, match="two"):
        experiments.difference([1, 2, 3], [1, 0, 0])


def test_paired_is_the_t_test_of_pairs():
    a, b = RNG.normal(size=(2, 50))
    got = experiments.paired(a, b)
    assert got.value / got.standard_error == pytest.approx(stats.ttest_rel(a, b).statistic)


def test_cuped_keeps_the_mean_and_takes_the_correlation_squared_of_the_variance():
    x = RNG.normal(size=4000)
    y = 3 + x + RNG.normal(size=4000)
    adjusted = experiments.cuped_adjusted(y, x)
    assert adjusted.mean() == pytest.approx(y.mean())
    assert adjusted.var() / y.var() == pytest.approx(1 - np.corrcoef(x, y)[0, 1] ** 2)


def test_cuped_with_several_covariates_is_the_rest_of_a_regression():
    x = RNG.normal(size=(200, 2))
    y = x @ [1, -2] + RNG.normal(size=200)
    assert np.abs(np.cov(np.c_[x, experiments.cuped_adjusted(y, x)].T)[2, :2]).max() < 1e-9


def test_a_constant_covariate_changes_nothing():
    y = RNG.normal(size=20)
    assert experiments.cuped_adjusted(y, np.ones(20)) == pytest.approx(y)


def test_as_many_shoppers_as_are_needed_see_the_effect_in_four_of_five_tests():
    n = experiments.shoppers_needed(1., .3)
    assert experiments.power(1., -.3, n) == pytest.approx(.8, abs=1e-6)
    one, two = RNG.normal(.3, 1, (3000, int(n))), RNG.normal(0, 1, (3000, int(n)))
    z = (one.mean(axis=1) - two.mean(axis=1)) / np.sqrt(one.var(axis=1, ddof=1) / int(n) + two.var(axis=1, ddof=1) / int(n))
    assert (np.abs(z) > experiments.Z).mean() == pytest.approx(.8, abs=.03)


def test_a_pooled_estimate_of_equal_ones_is_as_sure_as_their_number_makes_it():
    assert experiments.pooled([Estimate(1., 2.)] * 4) == Estimate(1., 1.)


def test_the_error_of_a_ratio_is_what_drawing_again_shows():
    cost = RNG.gamma(2, size=800)
    gain = cost + RNG.normal(size=800)
    got = experiments.ratio(gain, cost)
    drawn = [gain[rows].sum() / cost[rows].sum() for rows in RNG.integers(0, 800, (2000, 800))]
    assert got.standard_error == pytest.approx(np.std(drawn), rel=.1)
    assert np.isnan(experiments.ratio([1, 2], [0, 0]).value)


def test_the_interval_of_a_difference_holds_the_truth_in_nineteen_of_twenty_lots(world):
    treated, control = (world.run(policy, log=False) for policy in (Popular(), Uniform()))
    there = active(treated, (0, 20)) & active(control, (0, 20))
    y1, y0 = (active(run, (30, 40))[there].astype(float) for run in (treated, control))
    truth, held = (y1 - y0).mean(), 0
    for _ in range(300):
        t = RNG.random(len(y1)) < .5
        low, high = experiments.difference(np.where(t, y1, y0), t).interval
        held += low <= truth <= high
    assert held >= 275
