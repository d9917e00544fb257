"""What must hold in any world: the same fate for every policy, no look ahead, the true state hidden."""

import inspect
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

from helpers.shop import (
    HELPS,
    NO_LINK,
    Catalogue,
    Config,
    Customers,
    Day,
    Logging,
    Neighbours,
    Policy,
    Popular,
    Slates,
    Switch,
    Uniform,
    Visits,
    World,
)
from helpers.shop.log import Truth

TABLES = ("exposures", "views", "orders", "sessions")


def test_the_same_policy_twice_leaves_the_same_log(small, logged):
    again = World(small, 3).run(Logging())
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(logged, name))
    np.testing.assert_array_equal(again.truth.left, logged.truth.left)


def test_another_seed_is_another_world(small, logged):
    assert len(World(small, 4).run(Logging()).views) != len(logged.views)


def test_a_short_run_is_the_beginning_of_a_long_one(small, logged):
    days = 60
    short = World(replace(small, days=days), 3).run(Logging())
    np.testing.assert_array_equal(short.visited, logged.visited[:, :days])
    for name in TABLES:
        long = getattr(logged, name)
        long = long[long["day"] < days]
        if "ordered" in long:
            long = long.assign(ordered=long["ordered"].where(long["ordered"] < days, -1))
        pd.testing.assert_frame_equal(getattr(short, name), long)
    assert (logged.views.query("day < @days")["ordered"] >= days).any(), "no purchase was on its way when the short run ended"


def test_before_a_policy_is_switched_nothing_differs(small, logged):
    run = World(small, 3).run(Switch(Logging(), Neighbours(), 50))
    for name in TABLES:
        one, two = (getattr(each, name) for each in (run, logged))
        one, two = one[one["day"] < 50], two[two["day"] < 50]
        if "ordered" in one:
            one, two = (each.assign(ordered=each["ordered"].where(each["ordered"] < 50, -1)) for each in (one, two))
        pd.testing.assert_frame_equal(one, two)
    assert (run.visited[:, 50:] != logged.visited[:, 50:]).any()


def test_without_a_link_every_policy_meets_the_same_visits_though_it_sells_more_or_less():
    config = replace(NO_LINK, shoppers=3000, days=100)
    one, two = (World(config).run(policy) for policy in (Uniform(), Neighbours()))
    np.testing.assert_array_equal(one.visited, two.visited)
    np.testing.assert_array_equal(one.truth.left, two.truth.left)
    assert one.exposures["clicked"].mean() < .8 * two.exposures["clicked"].mean()
    assert one.revenue.sum() != two.revenue.sum()


def test_visits_and_leaving_are_those_of_bg_nbd_when_nothing_else_moves_them():
    """Fader, Hardie and Lee (2005), equation 9; one may leave after the first visit too, which leaves Beta(a, b + 1) to those who stay."""
    config = Config(shoppers=60_000, days=181, arrival_days=1, stay=0, return_sooner=0, year=0, week=(1,) * 7, visit_shape=.9, visit_scale=.02,
                    leave_a=.6, leave_b=3.0)
    counts = World(config).run(Uniform(), log=False).visited.sum(axis=1) - 1
    r, alpha, a, b, t = .9, 50.0, .6, 4.0, 180.0
    stayed = config.leave_b / (config.leave_a + config.leave_b)
    expected = stayed * (a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t))**r * hyp2f1(r, b, a + b - 1, t / (alpha + t)))
    # Several visits of one day are one here: at 50 days between visits that costs about a hundredth.
    assert counts.mean() == pytest.approx(expected, rel=.03)
    assert counts.std() / np.sqrt(len(counts)) < .02 * expected


def test_propensities_are_true_by_their_frequency():
    class Skewed(Logging):
        def observe(self, day):
            self._clicks = 1.0 / (1.0 + np.arange(len(self.catalogue)))      # the same every day

    run = World(replace(NO_LINK, shoppers=40_000, days=20, items=120, released_late=0), 1).run(Skewed())
    shown = run.exposures[run.exposures["day"] > 0]
    visits = len(shown) / run.exposures["position"].nunique()
    for position in (0, 7):
        here = shown[shown["position"] == position].groupby("item")["propensity"].agg(["size", "first", "nunique"])
        assert (here["nunique"] == 1).all()
        share, p = here["size"] / visits, here["first"]
        assert np.abs((share - p) / np.sqrt(p * (1 - p) / visits)).max() < 4.5
    assert here["first"].max() > 20 * here["first"].min()


def test_clicks_weighted_by_propensities_tell_what_the_uniform_policy_gets(unlinked):
    world = World(unlinked, 2)
    log, truth = world.run(Logging()).exposures, world.run(Uniform()).exposures
    assert (truth["session"].to_numpy() == log["session"].to_numpy()).all()      # the same visits, in the same order
    weight = truth["propensity"].to_numpy() / log["propensity"].to_numpy()

    def standard_errors(estimate):
        by_visit = (estimate - 1.0 * truth["clicked"].to_numpy()).reshape(-1, unlinked.slate).sum(axis=1)
        return by_visit.mean() / (by_visit.std() / np.sqrt(len(by_visit)))

    assert standard_errors(1.0 * log["clicked"].to_numpy()) > 5, "the two policies hardly differ: nothing is corrected"
    assert abs(standard_errors(weight * log["clicked"].to_numpy())) < 3


def test_what_a_platform_is_shown_holds_nothing_of_the_true_state(logged):
    assert list(logged.exposures) == ["session", "shopper", "day", "position", "item", "propensity", "clicked", "ordered"]
    assert list(logged.views) == ["session", "shopper", "day", "step", "item", "source", "carted", "ordered"]
    assert list(logged.orders) == ["session", "shopper", "day", "item", "paid", "coupon"]
    assert list(logged.sessions) == ["shopper", "day"]
    assert [each.name for each in fields(Catalogue)] == ["title_en", "title_zh", "category", "price", "released"]
    assert [each.name for each in fields(Visits)] == ["day", "shopper", "slate", "_luck"]
    assert Day._fields == ("day", "shopper", "items", "clicked", "searched", "buyer", "bought")
    assert Customers._fields == ("day", "visits", "last_visit", "orders", "spent", "last_coupon")
    assert [each.name for each in fields(Truth)] == ["arrival", "left", "kind"]


def test_a_policy_is_handed_no_object_through_which_the_world_can_be_reached():
    held = []

    class Curious(Popular):
        def reset(self, catalogue, shoppers):
            super().reset(catalogue, shoppers)
            held.append(catalogue)

        def recommend(self, visits):
            held.append(visits)
            return super().recommend(visits)

        def observe(self, day):
            super().observe(day)
            held.append(day)

    config = replace(HELPS, shoppers=200, days=3)
    World(config, 12345).run(Curious())
    for each in held:
        parts = each._asdict() if isinstance(each, tuple) else vars(each)
        for name, part in parts.items():
            assert isinstance(part, int | np.ndarray), name
            assert not (isinstance(part, int) and part == 12345), f"{name} is the world's seed"
            assert not isinstance(part, np.ndarray) or part.base is None or isinstance(part.base, np.ndarray)
    assert len(held) == 1 + 2 * 3


def test_what_a_policy_changes_in_what_it_is_given_changes_nothing_in_the_world(small):
    class Vandal(Uniform):
        def recommend(self, visits):
            slates = super().recommend(visits)
            visits.shopper[:] = 0
            return slates

        def observe(self, day):
            for part in day[1:]:
                part[:] = 0

    config = replace(small, days=20)
    run, right = World(config).run(Vandal()), World(config).run(Uniform())
    np.testing.assert_array_equal(run.visited, right.visited)
    pd.testing.assert_frame_equal(run.views, right.views)


def test_items_are_not_found_before_their_release(logged):
    released = logged.catalogue.released
    assert (released > 0).mean() == pytest.approx(.1, abs=.03)
    assert (logged.views["day"] >= released[logged.views["item"]]).all()


def test_a_share_of_purchases_comes_days_after_the_view(logged):
    bought = logged.views[logged.views["ordered"] >= 0]
    delay = bought["ordered"] - bought["day"]
    assert delay.between(0, 7).all()
    assert (delay > 0).mean() == pytest.approx(.3, abs=4 * np.sqrt(.21 / len(bought)))
    merged = bought.merge(logged.orders, on=["session", "shopper", "item"], suffixes=("_view", "_order"))
    assert len(merged) == len(logged.orders) == len(bought)
    assert (merged["ordered"] == merged["day_order"]).all()


def test_higher_places_are_clicked_more_when_what_is_shown_is_alike():
    exposures = World(replace(HELPS, days=90), 0).run(Uniform()).exposures
    rate = exposures.groupby("position")["clicked"].mean()
    assert (rate.diff().dropna() < .002).all()
    assert rate[0] > 2 * rate[7]


def test_there_is_a_week_and_a_season():
    day = World(replace(HELPS, days=364, leave_a=1e-6, arrival_days=1), 0).run(Uniform(), log=False).visited.sum(axis=0)[1:]
    week = [day[np.arange(1, 364) % 7 == k].mean() for k in range(7)]
    assert week[5] > 1.15 * week[1]
    assert day[300:].mean() > 1.15 * day[110:190].mean()


def test_titles_come_in_both_languages_and_tell_what_the_item_is():
    catalogue = World(replace(HELPS, items=240), 0).catalogue
    frame = catalogue.frame()
    assert frame["title_en"].map(str.isascii).all()
    assert frame["title_zh"].map(lambda title: not title.isascii()).all()
    assert frame.groupby("category").size().eq(20).all()


def test_a_policy_needs_recommend_only():
    class Cheapest(Policy):
        def recommend(self, visits):
            cheap = np.argsort(np.where(self.catalogue.released <= visits.day, self.catalogue.price, np.inf))[:visits.slate]
            return Slates(np.tile(cheap, (len(visits), 1)))

    run = World(replace(HELPS, shoppers=300, days=30)).run(Cheapest())
    assert run.exposures["propensity"].isna().all()
    assert run.exposures["item"].nunique() >= HELPS.slate
    assert not inspect.isabstract(Cheapest)


def test_a_run_without_a_log_has_the_same_visits_and_says_that_it_kept_none(small, logged):
    run = World(small, 3).run(Logging(), log=False)
    np.testing.assert_array_equal(run.visited, logged.visited)
    np.testing.assert_array_equal(run.revenue, logged.revenue)
    with pytest.raises(ValueError, match="log=True"):
        _ = run.views
