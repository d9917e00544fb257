"""The kept networks of the interest lesson read its categories, and know more of a month to come than everybody's rates."""

import dataclasses

import numpy as np
import pytest

from helpers import interest_networks, interests
from helpers.data import complete_journey


@pytest.fixture(scope="module")
def docs():
    return interests.Documents.read(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products(), known_from=9)


@pytest.fixture(scope="module")
def validation(docs):
    """What the networks read, what came, and the loss of saying everybody's rates."""
    came, rate = interest_networks.wanted(docs, [interest_networks.VALID]), interest_networks.rates(interest_networks.wanted(docs, interest_networks.TRAIN))
    return interest_networks.read(docs, interest_networks.VALID), came, _loss(rate, came)


def _loss(p, came):
    return -np.mean(came * np.log(p) + (1 - came) * np.log(1 - p))


@pytest.mark.parametrize("seed", interest_networks.SEEDS)
@pytest.mark.parametrize("name", interest_networks.CELLS)
def test_a_kept_network_foretells_the_validation_month_better_than_everybodys_rates(docs, validation, name, seed):
    ids, came, floor = validation
    network = interest_networks.load(docs, name, seed)
    p = network.model.predict(ids, batch_size=512, verbose=0)
    assert p.shape == came.shape
    assert _loss(p, came) < floor - 5e-4
    assert network.seconds > 0
    assert 1 <= network.kept <= network.epochs


def test_an_untrained_network_with_rates_says_them_to_everybody(docs, validation):
    ids, came, floor = validation
    rate = interest_networks.rates(interest_networks.wanted(docs, interest_networks.TRAIN))
    p = interest_networks.network(docs, "GRU", rate).predict(ids[:200], verbose=0)
    assert abs(_loss(p, came[:200]) - _loss(rate, came[:200])) < 1e-3
    assert _loss(interest_networks.network(docs, "GRU").predict(ids[:200], verbose=0), came[:200]) > 2 * floor


def test_what_is_wanted_are_categories_then_words_month_after_month(docs):
    both, first = (interest_networks.wanted(docs, months) for months in ([6, 7], [6]))
    assert np.array_equal(both[:len(first)], first)
    rows = interests.split(docs.by_category, 6).rows
    assert np.array_equal(first[:, :len(docs.categories)], docs.by_category[rows, 6] > 0)
    assert np.array_equal(first[:, len(docs.categories):], docs.by_word[rows, 6] > 0)
    assert len(interest_networks.read(docs, 6)) == len(rows)


def test_a_seed_that_is_not_kept_and_other_categories_are_refused(docs):
    with pytest.raises(KeyError):
        interest_networks.load(docs, "GRU", 7)
    fewer = dataclasses.replace(docs, categories=docs.categories[:-1])
    with pytest.raises(ValueError, match="was trained on"):
        interest_networks.load(fewer, "GRU", 0)
