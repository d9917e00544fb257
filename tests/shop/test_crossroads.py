"""A shop that goes on in several ways: each is the run it would have been from the first day."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.coupons import CouponTrial, SendTo
from helpers.shop import CLICK_BAIT, CouponPolicy, Logging, Slates, Switch, Uniform, World

CONFIG = replace(CLICK_BAIT, shoppers=1500, days=100, items=200)
TRIAL = CouponTrial((34, 48))


class First(Uniform):
    """The same eight items for everybody."""

    def recommend(self, visits):
        return Slates(np.tile(np.flatnonzero(self.catalogue.released == 0)[:visits.slate], (len(visits), 1)))


class Both(CouponPolicy):
    def __init__(self, *parts):
        self.parts = parts

    def send(self, customers):
        return np.any([part.send(customers) for part in self.parts], axis=0)


@pytest.fixture(scope="module")
def crossroads():
    return World(CONFIG, 4).at(60, Logging(), TRIAL)


def test_going_on_is_the_run_that_switches_on_that_day_again_and_again(crossroads):
    chosen = np.arange(1500) % 5 == 0
    whole = World(CONFIG, 4).run(Switch(Logging(), First(), 60), Both(TRIAL, SendTo(chosen, (60, 74))), log=False)
    for _ in range(2):
        crossroads.go_on(Uniform())             # what was lived in between leaves no trace
        again = crossroads.go_on(First(), SendTo(chosen, (60, 74)))
        np.testing.assert_array_equal(again.visited, whole.visited)
        np.testing.assert_array_equal(again.truth.left, whole.truth.left)
        np.testing.assert_allclose(again.cost, whole.cost)
        np.testing.assert_allclose(again.revenue, whole.revenue)
        pd.testing.assert_frame_equal(again.coupons, whole.coupons)


def test_the_log_so_far_is_that_of_a_shorter_run_and_knows_nothing_of_later_orders(crossroads):
    short = World(replace(CONFIG, days=60), 4).run(Logging(), TRIAL)
    crossroads.go_on(Uniform())
    for table in ("exposures", "views", "orders", "sessions", "coupons"):
        pd.testing.assert_frame_equal(getattr(crossroads.so_far, table), getattr(short, table))
    np.testing.assert_array_equal(crossroads.so_far.visited, short.visited)
    assert crossroads.so_far.days == 60
    assert crossroads.so_far.views["ordered"].max() < 60


@pytest.mark.parametrize("day", [0, 100, -3])
def test_a_day_outside_the_run_is_refused(day):
    with pytest.raises(ValueError, match="from 1 to 99"):
        World(CONFIG).at(day, Uniform())
