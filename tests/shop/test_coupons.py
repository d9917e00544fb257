"""Coupons: the lot is a lot, risk is not response, and a trial finds the response."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from helpers.coupons import CouponTrial, SendTo, churn_risk, responsiveness
from helpers.shop import HELPS, Logging, Uniform, World

DAYS = (34, 48, 62, 76)


@pytest.fixture(scope="module")
def trial():
    return World(replace(HELPS, shoppers=6000, days=120), 5).run(Logging(), CouponTrial(DAYS), log=False)


def test_on_each_day_of_a_trial_half_of_those_who_came_before_get_a_coupon_by_independent_lots(trial):
    sent = np.zeros((6000, len(DAYS)), bool)
    for i, day in enumerate(DAYS):
        known = trial.visited[:, :day].any(axis=1)
        got = trial.coupons.loc[trial.coupons["day"] == day, "shopper"].to_numpy(int)
        assert known[got].all()
        assert abs(len(got) / known.sum() - .5) < .03
        sent[got, i] = True
    assert set(trial.coupons["day"]) == set(DAYS)
    known = trial.visited[:, :DAYS[0]].any(axis=1)
    assert np.abs(np.corrcoef(sent[known].T) - np.eye(len(DAYS))).max() < .06


def test_the_lots_do_not_hang_on_what_a_coupon_does_and_another_seed_draws_others():
    small = World(replace(HELPS, shoppers=3000, days=40), 1)
    one, two = (small.run(Uniform(), CouponTrial((35,), seed=seed), log=False) for seed in (0, 1))
    a, b = (np.isin(np.arange(3000), run.coupons["shopper"].to_numpy(int)) for run in (one, two))
    known = one.visited[:, :35].any(axis=1)
    assert .4 < (a == b)[known].mean() < .6
    assert abs(a[known & (one.truth.kind == 1)].mean() - a[known & (one.truth.kind < 1)].mean()) < .08


@pytest.mark.parametrize("chance", [-.1, 1.5, float("nan")])
def test_a_chance_is_a_probability(chance):
    with pytest.raises(ValueError, match="between 0 and 1"):
        CouponTrial(DAYS, chance=chance)


def test_the_chosen_get_a_coupon_on_each_of_the_days_and_nobody_else_does():
    chosen = np.arange(300) % 3 == 0
    run = World(replace(HELPS, shoppers=300, days=80), 0).run(Uniform(), SendTo(chosen, (61, 75)), log=False)
    assert sorted(run.coupons["shopper"].astype(int)) == sorted([*np.flatnonzero(chosen)] * 2)
    assert set(run.coupons["day"]) == {61, 75}


@pytest.mark.parametrize("chosen", [[3, 7], np.ones(5), np.ones((2, 2), bool)])
def test_a_list_of_numbers_is_not_taken_for_truth_values(chosen):
    with pytest.raises(ValueError, match="one truth value for each shopper"):
        SendTo(chosen, (90,))


def test_risk_is_a_probability_that_ranks_who_stays_away_and_reads_nothing_of_the_future(trial):
    risk = churn_risk(trial.visited, 90)
    later = trial.visited.copy()
    later[:, 90:] = ~later[:, 90:]
    np.testing.assert_array_equal(churn_risk(later, 90), risk)
    assert ((risk >= 0) & (risk <= 1)).all()
    away = ~trial.visited[:, 90:118].any(axis=1)
    assert roc_auc_score(away, risk) > .75
    assert abs(risk.mean() - away.mean()) < .08


def test_who_never_came_has_no_risk_and_a_day_too_early_is_refused():
    visited = np.random.default_rng(0).random((200, 60)) < .05
    visited[7] = False
    assert churn_risk(visited, 60)[7] == 0
    for day in (28, 61):
        with pytest.raises(ValueError, match="day must lie between 29 and 60"):
            churn_risk(visited, day)
    with pytest.raises(ValueError, match="nothing to fit"):
        churn_risk(np.zeros((5, 60), bool), 60)


def test_a_trial_finds_who_responds_where_risk_does_not(trial):
    here = trial.visited[:, 76:90].any(axis=1)
    persuadable = trial.truth.kind == 1
    response = responsiveness(trial.visited, trial.coupons, 90)
    best = np.argsort(-response)[:300]
    riskiest = np.argsort(-churn_risk(trial.visited, 90))[:300]
    assert persuadable[best].mean() > persuadable[riskiest].mean() + .15
    assert roc_auc_score(persuadable[here], response[here]) > .62


def test_response_reads_nothing_from_its_day_on(trial):
    before = responsiveness(trial.visited, trial.coupons, 76)
    later = trial.visited.copy()
    later[:, 76:] = True
    np.testing.assert_array_equal(responsiveness(later, trial.coupons, 76), before)


def test_response_is_the_difference_of_two_rates_pulled_towards_the_mean_of_all():
    """Two groups by a coupon on day 10 of 24: the first comes four times as often under it, the second never changes."""
    rng = np.random.default_rng(0)
    visited = rng.random((4000, 66)) < .2
    visited[:, 0] = True
    even = np.arange(4000) % 2 == 0
    visited[even, 10:24] = rng.random((2000, 14)) < .8
    coupons = pd.DataFrame({"shopper": np.arange(4000), "day": 10})
    visited[:, 24:38] = rng.random((4000, 14)) < .2
    response = responsiveness(visited, coupons, 38)
    raw = visited[:, 10:24].mean(axis=1) - visited[:, 24:38].mean(axis=1)
    assert 0 < response[~even].mean() < raw.mean() < response[even].mean() < raw[even].mean()
    assert (np.abs(response - raw.mean()) <= np.abs(raw - raw.mean()) + .02).all()
    assert roc_auc_score(even, response) > .97


def test_who_was_never_compared_gets_the_mean_and_no_trial_is_refused(trial):
    response = responsiveness(trial.visited, trial.coupons, 90)
    late = ~trial.visited[:, :89].any(axis=1)
    assert len(np.unique(response[late])) <= 1
    with pytest.raises(ValueError, match="no trial to learn from"):
        responsiveness(trial.visited, trial.coupons, 34)
    with pytest.raises(ValueError, match="nothing can be compared"):
        responsiveness(trial.visited, trial.coupons, 35)
