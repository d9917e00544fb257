"""Off-policy evaluation says of a policy what its deployment shows, and `replay` lets no policy look ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import offpolicy
from helpers.offpolicy import Shuffled
from helpers.shop import HELPS, Logging, Neighbours, Popular, Switch, World

RNG = np.random.default_rng(1)


@pytest.fixture(scope="module")
def world():
    return World(replace(HELPS, shoppers=3000, days=50), 4)


@pytest.fixture(scope="module")
def log(world):
    return world.run(Logging())


@pytest.mark.parametrize("make", [Popular, Neighbours])
def test_replaying_a_policy_on_its_own_log_shows_what_it_showed(world, make):
    run = world.run(Switch(Popular(), make(), 20))
    shown = offpolicy.exposures_of(run, 20, 50)["item"].to_numpy().reshape(-1, 8)
    assert (offpolicy.replay(run, make(), 20, 50) == shown).all()


def test_what_is_proposed_for_a_day_knows_nothing_of_it(world, log):
    early = World(replace(world.config, days=41), world.seed).run(Logging())
    proposed = offpolicy.replay(log, Neighbours(), 40, 41)
    assert (offpolicy.replay(early, Neighbours(), 40, 41) == proposed).all()


@pytest.mark.parametrize("days", [(10, 10), (-1, 5), (0, 51)])
def test_days_that_did_not_happen_are_refused(log, days):
    with pytest.raises(ValueError, match="inside"):
        offpolicy.replay(log, Popular(), *days)


def test_snips_of_the_log_says_what_a_deployment_shows(world, log):
    exposures = offpolicy.exposures_of(log, 10, 50)
    p_new = offpolicy.shuffled_propensity(offpolicy.replay(log, Popular(), 10, 50), exposures)
    said = offpolicy.snips(exposures["clicked"], exposures["propensity"], p_new, exposures["shopper"])
    deployed = offpolicy.exposures_of(world.run(Shuffled(Popular())), 10, 50)["clicked"].mean()
    assert abs(said.value - deployed) < 3 * said.standard_error
    assert said.standard_error < .02


def test_weights_of_a_uniform_policy_average_to_one(log):
    exposures = offpolicy.exposures_of(log, 10, 50)
    p_new = 1 / (log.catalogue.released[None, :] <= exposures["day"].to_numpy()[:, None]).sum(axis=1)
    weight = p_new / exposures["propensity"]
    assert weight.mean() == pytest.approx(1, abs=.02)


def test_a_shuffled_slate_has_the_same_items_and_says_its_propensity(world):
    shown = world.run(Shuffled(Popular())).exposures
    plain = world.run(Popular()).exposures
    assert (shown["propensity"] == 1 / 8).all()
    first = [each.query("day == 0")["item"].to_numpy().reshape(-1, 8) for each in (shown, plain)]
    assert (np.sort(first[0]) == np.sort(first[1])).all()
    assert (first[0] != first[1]).any()


def test_click_ndcg_by_hand():
    exposures = pd.DataFrame({"item": [7, 8, 9, 7, 8, 9], "clicked": [True, False, False, False, False, False], "shopper": [0, 0, 0, 1, 1, 1]})
    assert offpolicy.click_ndcg(np.array([[1, 7, 2], [7, 8, 9]]), exposures).value == pytest.approx(1 / np.log2(3))


def test_ips_is_unbiased_and_snips_does_not_move_with_a_constant():
    p_log, p_new, reward_of = np.array([.7, .2, .1]), np.array([.1, .2, .7]), np.array([.2, .5, .9])
    item = RNG.choice(3, 40_000, p=p_log)
    reward = (RNG.random(len(item)) < reward_of[item]).astype(float)
    truth, weights = p_new @ reward_of, (p_log[item], p_new[item])
    plain, normalised = offpolicy.ips(reward, *weights), offpolicy.snips(reward, *weights)
    assert abs(plain.value - truth) < 3 * plain.standard_error
    assert abs(normalised.value - truth) < 3 * normalised.standard_error
    assert normalised.standard_error < plain.standard_error
    assert offpolicy.snips(reward + 5, *weights).value == pytest.approx(normalised.value + 5)


def test_rows_of_one_shopper_are_one_observation():
    reward, shopper = np.repeat(RNG.integers(0, 2, 200), 10), np.repeat(np.arange(200), 10)
    flat, clustered = (offpolicy.ips(reward, np.full(2000, .5), np.full(2000, .5), who) for who in (None, shopper))
    assert clustered.standard_error == pytest.approx(np.sqrt(10) * flat.standard_error, rel=.01)


@pytest.mark.parametrize("p_log", [0, -.1, 1.1])
def test_what_was_never_shown_cannot_be_weighed(p_log):
    with pytest.raises(ValueError, match="p_log"):
        offpolicy.ips([1.], [p_log], [.5])


def test_without_any_weight_there_is_no_answer():
    assert np.isnan(offpolicy.snips([1., 0.], [.5, .5], [0, 0]).value)
    assert offpolicy.effective([.5, .5], [0, 0]) == 0
    assert offpolicy.effective([.5, .5], [1, 1]) == 2
