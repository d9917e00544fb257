"""The shop's budgets, as a time-out at three times as much."""

import sys

import pytest

from helpers.authoring.bench import SHOP, SHOP_MEGABYTES, SLACK, shop_run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as Unix does")
@pytest.mark.parametrize("policy", SHOP)
def test_twenty_thousand_shoppers_for_half_a_year_keep_to_the_budget(policy):
    seconds, megabytes, visits = shop_run(policy, 20_000, log=True)
    assert visits > 50_000
    assert seconds < SLACK * SHOP[policy]
    assert megabytes < SHOP_MEGABYTES


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory as Unix does")
def test_memory_without_a_log_does_not_grow_with_the_visits():
    _, short, few = shop_run("Logging", 60_000, log=False, days=90)
    _, long, many = shop_run("Logging", 60_000, log=False, days=270)
    assert many > 1.5 * few
    assert long - short < 30        # 60,000 times 180 more days of `visited` are 10 MB; the visits' log would be 500
