"""The three worlds: where relevance helps, where clicks mislead, and where nothing matters."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from helpers.shop import (
    CLICK_BAIT,
    HELPS,
    NO_LINK,
    ClickRate,
    Content,
    CouponPolicy,
    Logging,
    Neighbours,
    Oracle,
    Popular,
    Ranked,
    Switch,
    Uniform,
    World,
    active,
    paired_lift,
    retained,
)


def from_90(policy):
    return lambda: Switch(Logging(), policy(), 90)


@pytest.mark.parametrize("seed", [0, 1])
def test_where_relevance_helps_what_is_learned_retains_more_than_popularity_and_that_more_than_chance(seed):
    world = World(HELPS, seed)
    popular = paired_lift([world], from_90(Popular), from_90(Uniform))
    learned = paired_lift([world], from_90(Neighbours), from_90(Popular))
    assert popular.interval[0] > 0
    assert learned.interval[0] > 0


def test_titles_alone_retain_more_than_chance():
    world = World(HELPS, 0)
    vectors = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(world.catalogue.title_en)
    assert paired_lift([world], from_90(lambda: Content(vectors)), from_90(Uniform)).interval[0] > 0


def test_the_more_shoppers_get_the_best_slates_the_more_stay():
    world = World(HELPS, 0)
    rates = [retained(world.run(Switch(Logging(), Oracle(world, share), 90), log=False)).mean() for share in (0, .25, .5, .75, 1)]
    assert (np.diff(rates) > .02).all()


def test_with_click_bait_the_policy_with_the_best_click_rate_loses_shoppers():
    world = World(CLICK_BAIT, 0)
    runs = {policy: world.run(from_90(policy)()) for policy in (Uniform, Popular, ClickRate, Neighbours)}
    clicks = {policy: run.exposures.loc[run.exposures["day"] >= 90, "clicked"].mean() for policy, run in runs.items()}
    kept = {policy: retained(run).mean() for policy, run in runs.items()}
    assert max(clicks, key=clicks.get) is ClickRate
    assert min(kept, key=kept.get) is ClickRate
    assert paired_lift([world], from_90(ClickRate), from_90(Uniform)).interval[1] < -.05


def test_without_a_link_the_lift_is_zero_exactly():
    world = World(NO_LINK, 0)
    for policy in (Popular, ClickRate, Neighbours, lambda: Oracle(world)):
        lift = paired_lift([world], from_90(policy), from_90(Uniform))
        assert lift.difference == 0
        assert lift.standard_error == 0
        assert lift.shoppers > 5000


def test_pairing_needs_far_fewer_shoppers_than_comparing_two_halves():
    world = World(HELPS, 0)
    lift = paired_lift([world], from_90(Popular), from_90(Uniform))
    halves = np.sqrt((lift.treated * (1 - lift.treated) + lift.control * (1 - lift.control)) / (lift.shoppers / 2))
    assert halves > 3 * lift.standard_error


def test_policies_that_differ_too_early_cannot_be_paired():
    with pytest.raises(ValueError, match="before day 90"):
        paired_lift([World(HELPS)], Popular, Uniform)


def test_retention_of_days_that_were_not_run_is_refused():
    run = World(replace(HELPS, shoppers=100, days=30)).run(Uniform())
    with pytest.raises(ValueError, match="days 150 to 163"):
        retained(run)
    with pytest.raises(ValueError, match="days 5 to 4"):
        active(run, (5, 5))


class _Everybody(CouponPolicy):
    def __init__(self, day):
        self.day = day

    def send(self, customers):
        return (customers.visits > 0) & (customers.day == self.day)


def test_a_coupon_brings_some_back_drives_some_away_and_leaves_the_rest_exactly_as_they_were():
    world = World(HELPS, 0)
    without, sent = world.run(Logging(), log=False), world.run(Logging(), coupons=_Everybody(90), log=False)
    got = np.isin(np.arange(HELPS.shoppers), sent.coupons["shopper"]) & (without.truth.left >= 90)
    kind = without.truth.kind[got]
    visits = (sent.visited[got, 90:104].sum(axis=1) - without.visited[got, 90:104].sum(axis=1))
    assert visits[kind == 1].mean() > .1
    assert visits[kind == -1].mean() < -.005
    assert sent.coupons["unsubscribed"].any()
    assert (sent.visited[:, :90] == without.visited[:, :90]).all()
    assert (sent.cost >= HELPS.coupon_cost * np.isin(np.arange(HELPS.shoppers), sent.coupons["shopper"])).all()
    # What is shown follows what others clicked, so only a policy that does not learn leaves the indifferent untouched.
    without, sent = (world.run(Uniform(), coupons=each, log=False) for each in (None, _Everybody(90)))
    assert (sent.visited[without.truth.kind == 0] == without.visited[without.truth.kind == 0]).all()


def test_silent_shoppers_are_partly_gone_and_the_platform_cannot_see_which():
    world = World(HELPS, 0)
    run = world.run(Logging(), log=False)
    silent = active(run, (60, 90)) & ~active(run, (90, 120))
    gone = run.truth.left[silent] < 90
    assert .2 < gone.mean() < .9


def test_a_score_for_everybody_is_a_policy():
    class Dear(Ranked):
        def scores(self, shopper):
            return self.catalogue.price

    run = World(replace(HELPS, shoppers=300, days=30)).run(Dear())
    assert run.exposures["item"].nunique() <= 2 * HELPS.slate
