"""Click sessions as a model reads them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import sessions
from helpers.shop import HELPS, Logging, World


@pytest.fixture(scope="module")
def run():
    return World(replace(HELPS, shoppers=1500, days=80, items=240), 5).run(Logging())


@pytest.fixture(scope="module")
def rows(run):
    return sessions.build(run.views, run.catalogue.frame(), 20, 70)


def step_feature(name):
    return sessions.STEP_FEATURES.index(name)


def static_feature(name):
    return sessions.STATIC_FEATURES.index(name)


def test_every_view_from_the_third_on_is_asked_about_once(run, rows):
    asked = run.views[(run.views["step"] >= 2) & run.views["day"].between(20, 70)]
    assert len(rows) == len(asked) > 1000
    np.testing.assert_array_equal(rows.session, asked["session"])
    np.testing.assert_array_equal(rows.bought, asked["ordered"] >= 0)
    assert rows.day.min() >= 20
    assert rows.day.max() <= 70


def test_steps_are_the_views_up_to_this_one_compared_with_it(run, rows):
    goods = run.catalogue.frame()
    views = run.views.set_index(["session", "step"])
    place = run.views[(run.views["step"] >= 2) & run.views["day"].between(20, 70)]["step"].to_numpy()
    for i in np.random.default_rng(0).choice(len(rows), 100, replace=False):
        own = views.loc[rows.session[i]].loc[:place[i]]
        now = own["item"].iloc[-1]
        tail = own.tail(12)
        wanted = np.zeros((12, 5))
        wanted[12 - len(tail):] = np.column_stack([
            np.ones(len(tail)), goods.loc[tail["item"], "category"].to_numpy() == goods.loc[now, "category"], tail["item"] == now,
            goods.loc[tail["item"], "price"].to_numpy() < goods.loc[now, "price"], tail["source"] == "search"])
        np.testing.assert_array_equal(rows.steps[i], wanted)


def test_what_is_known_of_item_and_shopper_is_counted_over_earlier_days_alone(run, rows):
    goods = run.catalogue.frame()
    views = run.views.assign(category=goods["category"].to_numpy()[run.views["item"]])
    asked = views[(views["step"] >= 2) & views["day"].between(20, 70)].reset_index(drop=True)
    for i in np.random.default_rng(1).choice(len(rows), 60, replace=False):
        view, past = asked.loc[i], views[views["day"] < asked.loc[i, "day"]]
        ordered = views[views["ordered"].between(0, view["day"] - 1)]
        own = past[past["shopper"] == view["shopper"]]
        seen, sold = (past["item"] == view["item"]).sum(), (ordered["item"] == view["item"]).sum()
        wanted = {"item's views": np.log1p(seen), "item's purchase rate": np.log((sold + 1) / (seen + 20)) + 3,
                  "shopper's views": np.log1p(len(own)),
                  "shopper's share of the category": ((own["category"] == view["category"]).sum() + .1) / (len(own) + 1.2),
                  "shopper's orders": np.log1p((ordered["shopper"] == view["shopper"]).sum()),
                  "price": np.log(goods.loc[view["item"], "price"]) - 3}
        for name, value in wanted.items():
            assert rows.static[i, static_feature(name)] == pytest.approx(value, abs=1e-5), name


def test_what_happens_later_changes_nothing_of_what_a_model_reads(run, rows):
    later = run.views[run.views["day"] <= 70].assign(ordered=lambda views: views["ordered"].where(views["ordered"] <= 70, -1))
    again = sessions.build(later, run.catalogue.frame(), 20, 70)
    np.testing.assert_array_equal(again.steps, rows.steps)
    np.testing.assert_array_equal(again.static, rows.static)
    assert (again.bought != rows.bought).any()


def test_shuffling_keeps_every_count_and_the_view_that_is_asked_about(rows):
    mixed = rows.shuffled(np.random.default_rng(0))
    np.testing.assert_allclose(mixed.counts(), rows.counts(), atol=1e-5)
    np.testing.assert_array_equal(mixed.steps[:, -1], rows.steps[:, -1])
    np.testing.assert_array_equal(mixed.steps[..., 0], rows.steps[..., 0])      # padding stays in front
    assert (mixed.steps != rows.steps).any(axis=(1, 2)).mean() > .3


def test_rows_can_be_chosen_and_a_sequence_carries_what_is_known_beside_each_step(rows):
    early = rows[rows.day < 40]
    assert 0 < len(early) < len(rows)
    sequence = early.sequence()
    assert sequence.shape == (len(early), 12, len(sessions.STEP_FEATURES) + len(sessions.STATIC_FEATURES))
    np.testing.assert_array_equal(sequence[:, -1, len(sessions.STEP_FEATURES):], early.static)
    assert (sequence[early.steps[..., step_feature("observed")] == 0] == 0).all()


def test_the_order_of_the_logs_rows_does_not_matter(run, rows):
    mixed = run.views.sample(frac=1, random_state=0)
    again = sessions.build(mixed, run.catalogue.frame(), 20, 70)
    pd.testing.assert_frame_equal(pd.DataFrame(again.static), pd.DataFrame(rows.static))
