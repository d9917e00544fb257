"""The kept networks are those of the ladder and of the event model, and answer as the file of what they found says."""

import numpy as np
import pytest

from helpers import pretrained, rungs, sequential
from helpers.data import complete_journey
from helpers.feedback import Feedback

M = 1325
NAMES = [*(name for name, rung in rungs.LADDER.items() if rung.network), *pretrained.EVENT_MODELS]


@pytest.fixture(scope="module")
def test_month():
    """What was known before the test month."""
    receipts = complete_journey.transactions(["household", "product", "sales", "time"])
    return rungs.Known(Feedback.read(receipts, complete_journey.products()), rungs.TEST)


@pytest.mark.parametrize("name", NAMES)
def test_a_kept_network_scores_every_item_and_never_padding(name):
    network = pretrained.load(name, M)
    ids = np.random.default_rng(0).integers(1, M + 1, (3, network.model.length))
    scores = sequential.scores(network.model, ids)
    assert scores.shape == (3, M)
    assert np.isfinite(scores).all()
    assert np.ptp(scores, axis=1).min() > 0
    assert network.seconds > 0
    assert 1 <= network.kept <= network.epochs


def test_a_name_that_is_not_kept_or_another_catalogue_is_refused():
    with pytest.raises(KeyError):
        pretrained.load("GRU4Rec", M)
    with pytest.raises(ValueError, match="catalogue of 1325"):
        pretrained.load("CNN", M + 1)


@pytest.mark.parametrize("name", [name for name, rung in rungs.LADDER.items() if rung.network])
def test_a_kept_network_finds_what_the_file_says(test_month, name):
    said = pretrained.networks("test").query("rung == @name and seed == 0").iloc[0]
    found = rungs.found(rungs.served(pretrained.load(name, M).model, test_month), test_month.at)
    assert found["new"] == pytest.approx(said["new"], abs=2e-4)
    assert found["repeat"] == pytest.approx(said["repeat"], abs=2e-4)


def test_the_larger_event_models_know_more_than_everybodys_shares_and_than_the_smallest(test_month):
    events = pretrained.events(test_month.feedback)
    learn, held = (events[rows] for rows in sequential.split(len(events), .1, 0))
    share = np.bincount(learn.ravel(), minlength=M + 1)[1:] + 1
    came = held[:, 1:]
    unigram = -np.log(share / share.sum())[came[came > 0] - 1].mean()
    losses = [sequential.loss(pretrained.load(name, M).model, held) for name in pretrained.EVENT_MODELS]
    assert max(losses[1:]) < min(losses[0], unigram) - .01
