"""Every rung of the ladder is fitted from what was known, and serves the rows it is asked for."""

import numpy as np
import pandas as pd
import pytest

from helpers import pretrained, recommenders, rungs
from helpers.feedback import Feedback

SHELVES = ["PASTA", "SAUCE", "CHEESE", "COFFEE", "SOAP"]


@pytest.fixture(scope="module")
def feedback():
    """Forty households, thirty items, sixty days."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"home": rng.integers(0, 40, 3000), "day": rng.integers(0, 60, 3000), "item": rng.integers(0, 30, 3000) ** 2 // 30})
    rows = rows.drop_duplicates().sort_values(["home", "day", "item"])
    names = np.array([f"{SHELVES[i % 5]}: KIND {chr(65 + i)}" for i in range(30)], object)
    return Feedback(np.arange(40), names, names, *(rows[name].to_numpy() for name in ("home", "item", "day")))


QUICK = [name for name, rung in rungs.LADDER.items() if not rung.network and name != "content: embeddings"]


@pytest.mark.parametrize("name", QUICK)
def test_a_rung_does_not_see_its_own_future_and_serves_rows_as_it_serves_all(feedback, name):
    before = feedback.day < 40
    cut = Feedback(feedback.households, feedback.items, feedback.category, feedback.home[before], feedback.item[before], feedback.day[before])
    rung = rungs.LADDER[name]
    whole, known_only = (rung.fit(rungs.Known(each, 40), rung.settings[0], 0)(np.arange(40)) for each in (feedback, cut))
    np.testing.assert_allclose(whole, known_only, rtol=1e-5, atol=1e-6)
    some = rung.fit(rungs.Known(feedback, 40), rung.settings[0], 0)(np.array([7, 3]))
    np.testing.assert_allclose(some, np.asarray(whole)[[7, 3]], rtol=1e-4, atol=1e-6)


def test_a_rung_served_in_rows_is_the_recommender_of_the_same_name(feedback):
    known = rungs.Known(feedback, 40)
    for name, setting, scores in (("personal top", (), recommenders.personal(known.past)), ("EASE", 300., recommenders.ease(known.logs, 300.)),
                                  ("Markov", (100, 2), recommenders.markov(feedback, 40, 100, 2)),
                                  ("item neighbours", (30, 10, 0), recommenders.item_neighbours(known.past, 30, 10, 0))):
        np.testing.assert_allclose(rungs.LADDER[name].fit(known, setting, 0)(np.arange(40)), scores, rtol=1e-4, atol=1e-6)


def test_the_first_row_of_a_tuned_rung_is_its_best(feedback):
    table = rungs.tune(rungs.LADDER["popularity"], rungs.Known(feedback, 30))
    assert len(table) == 3
    assert table["new"].is_monotonic_decreasing


def test_no_rung_may_try_more_than_three_settings_and_the_networks_outcome_is_kept_for_each():
    assert all(len(rung.settings) <= 3 for rung in rungs.LADDER.values())
    kept, judged = pretrained.networks("validation"), pretrained.networks("test")
    for name, rung in rungs.LADDER.items():
        if rung.network:
            mine = kept[kept["rung"] == name]
            assert sorted(mine["setting"]) == sorted(rung.settings)
            assert mine["new"].is_monotonic_decreasing
            again = judged[judged["rung"] == name]
            assert again["seed"].tolist() == [0, 1]
            assert set(again["setting"]) == {mine["setting"].iloc[0]}
