"""What is put into the shop: every arm meets the same shoppers, no rule sees beyond the switch, and what is kept is what the command gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import deployments
from helpers.shop import CLICK_BAIT, HELPS, NO_LINK, WORLDS, Logging, Popular, World

SMALL = replace(HELPS, shoppers=600, items=240)
QUICK = [name for name in deployments.RUNGS if name not in ("embeddings of titles", "EASE + embeddings", "event model (SASRec)")]


@pytest.fixture(scope="module")
def world():
    return World(SMALL, 5)


@pytest.fixture(scope="module")
def based(world):
    return deployments.deploy(world, Popular())


@pytest.fixture(scope="module")
def known(based):
    return deployments.Known(*based)


@pytest.fixture(scope="module")
def measured(world):
    return deployments.arms(world, QUICK, deployments.RULES, {}, both=(("EASE", "highest risk"),))


def test_every_rung_and_rule_runs_and_changes_nothing_before_the_switch(measured):
    assert measured["slates"].tolist() == ["popular", *(name for name in QUICK if name != "popular"), *["popular"] * len(deployments.RULES), "EASE"]
    assert (measured[["gained", "lost"]].iloc[0] == 0).all()
    assert ((measured["back"] - measured["back"].iloc[0]) == measured["gained"] - measured["lost"]).all()
    assert (measured.loc[measured["coupons"] == "none", ["sent", "cost"]] == 0).all(axis=None)
    assert (measured.loc[measured["coupons"] != "none", ["sent", "cost"]] > 0).all(axis=None)


def test_where_nothing_that_is_shown_matters_no_slates_keep_anybody_and_coupons_still_do():
    rows = deployments.arms(World(replace(NO_LINK, shoppers=1500, items=240), 5), ("own views again", "interests: TF-IDF", "oracle"), ("oracle",))
    slates = rows["coupons"] == "none"
    assert (rows.loc[slates, ["gained", "lost"]] == 0).all(axis=None)
    assert rows.loc[~slates, "gained"].item() > rows.loc[~slates, "lost"].item()


def test_arms_that_differ_before_the_switch_are_refused(world, based):
    run, measured = based
    other, _ = deployments.deploy(World(SMALL, 6), Popular())
    with pytest.raises(ValueError, match="already differ"):
        deployments.compared(run, measured, other)


def test_a_rule_knows_only_what_was_there_on_the_morning_of_the_switch(world, known):
    short = deployments.Known(*deployments.deploy(World(replace(SMALL, days=deployments.SWITCH), 5), Popular()))
    np.testing.assert_array_equal(known.visited, short.visited)
    for score in ("risk", "response", "likely_buyers", "by_segment"):
        np.testing.assert_allclose(getattr(known, score), getattr(short, score), err_msg=score)


def test_every_rule_chooses_among_the_candidates_and_spends_no_more_than_its_share(known):
    budget = round(deployments.SHARE * known.candidates.sum())
    for name, rule in deployments.RULES.items():
        send_to = rule.choose(known)
        assert send_to.dtype == bool, name
        assert not (send_to & ~known.candidates).any(), name
        assert 0 < send_to.sum() <= (known.candidates.sum() if name == "everybody" else budget), name
    assert known.run.truth.kind[deployments.RULES["oracle"].choose(known)].min() == 1


def test_the_trial_is_over_when_the_arms_begin_and_stopped_coupons_when_retention_is_counted():
    assert max(deployments.TRIAL) + HELPS.coupon_days <= deployments.SWITCH
    assert max(deployments.STOPPED) + HELPS.coupon_days <= deployments.BACK[0]
    assert max(deployments.SENT) + HELPS.coupon_days >= deployments.BACK[1]


def fed(policy, shopper, item, day):
    """A policy that has seen these views and reads them on day 90."""
    policy.reset(World(SMALL, 0).catalogue, SMALL.shoppers)
    policy._parts = [(np.array(shopper, np.int32), np.array(item, np.int32), np.array(day, np.int32))]
    policy.read(90)
    return policy


def test_a_view_counts_half_after_a_half_life():
    policy = fed(deployments.Own(10), [3, 3, 4], [7, 8, 7], [80, 90, 70])
    np.testing.assert_allclose(policy.counts(10)[[3, 4]][:, [7, 8]].toarray(), [[.5, 1], [.25, 0]])
    np.testing.assert_allclose(policy.counts()[[3, 4]][:, [7, 8]].toarray(), [[1, 1], [1, 0]])
    assert policy.scores(np.array([3]))[0].argmax() == 8


def test_an_interest_in_a_category_lists_its_popular_items():
    # Item i is of category i % 12: shopper 3 looks at category 2, where item 14 is the one that others look at.
    policy = fed(deployments.Categories(np.inf), [3, 3, 3, 4, 5, 6, 7, 8], [2, 2, 2, 14, 14, 14, 14, 1], [60, 61, 62, 60, 60, 60, 60, 60])
    assert policy.scores(np.array([3]))[0].argmax() == 14


def test_a_sequence_holds_the_last_views_of_its_own_shopper_the_latest_last():
    policy = deployments.NextView(3, 8, .01)
    policy.fit = lambda: None
    policy = fed(policy, [3, 4, 3, 3, 3], [1, 50, 2, 3, 4], [60, 60, 61, 62, 63])
    np.testing.assert_array_equal(policy.sequences(np.array([3, 4, 5]), 3), [[3, 4, 5], [0, 0, 51], [0, 0, 0]])


def test_a_hybrid_of_weight_zero_ranks_as_ease_does():
    rng = np.random.default_rng(0)
    views = rng.integers(0, 600, 4000), rng.integers(0, 40, 4000), np.full(4000, 80)
    vectors = rng.normal(size=(SMALL.items, 5)).astype(np.float32)
    plain, mixed = fed(deployments.Ease(50.0), *views), fed(deployments.Hybrid(vectors, 0.0, 50.0), *views)
    np.testing.assert_array_equal(plain.scores(np.arange(9)).argmax(axis=1), mixed.scores(np.arange(9)).argmax(axis=1))


def test_shoppers_without_a_view_get_what_is_popular():
    for policy in (deployments.Own(15), deployments.Words(np.eye(SMALL.items, dtype=np.float32), 15), deployments.Ease(50.0)):
        views = [3, 4, 5, 6, 6, 6], [9, 9, 9, 1, 2, 3], [60] * 6
        assert fed(policy, *views).scores(np.array([99]))[0].argmax() == 9


def test_seconds_are_the_policys_own_and_clicks_those_after_the_switch(world):
    class Slow(Logging):
        def observe(self, day):
            super().observe(day)
            sum(i * i for i in range(3000))

    _, slow = deployments.deploy(world, Slow())
    _, quick = deployments.deploy(world, Logging())
    assert slow.seconds > quick.seconds > 0
    assert (slow.clicks, slow.shown, slow.visits) == (quick.clicks, quick.shown, quick.visits)
    assert quick.shown == quick.visits * HELPS.slate


def test_the_interval_is_that_of_a_mean_of_paired_differences():
    gain = np.array([1] * 30 + [-1] * 10 + [0] * 160)
    row = {"world": "w", "lesson": "l", "slates": "s", "coupons": "none", "active": 200, "back": 90, "gained": 30, "lost": 10, "rival": "", "rival_gained": 0,
           "rival_lost": 0, "sent": 0, "cost": 40.0, "revenue": 0.0, "visits": 10, "seconds": 1.0, "click_rate": .1, "late_share": 0.0}
    found = deployments.summary(pd.DataFrame([row])).iloc[0]
    half = 1.959964 * gain.std(ddof=1) / np.sqrt(len(gain))
    assert (found["gain"], found["high"]) == (pytest.approx(100 * gain.mean()), pytest.approx(100 * (gain.mean() + half)))
    assert found["cost"] == 2.0
    assert np.isnan(found["over"])


def test_settings_and_the_best_rung_are_chosen_on_the_tuning_world_alone():
    rows = pd.DataFrame([{"world": world, "slates": slates, "setting": setting, "back": back} for world, slates, setting, back in [
        ("tuning", "EASE", "30.0", 5), ("tuning", "EASE", "10.0", 7), ("tuning", "iALS", "(32, 1, 3)", 6), ("tuning", "own views again", "60", 9),
        ("relevance helps", "EASE", "3.0", 99), ("relevance helps", "iALS", "(32, 1, 3)", 99)]])
    assert deployments.tuned(rows) == {"EASE": 10.0, "iALS": (32, 1, 3), "own views again": 60}
    assert deployments.best_learned(rows) == "EASE"
    assert deployments.TUNED_ON not in deployments.SEEDS


def test_every_assumption_is_a_field_of_the_shop_and_is_changed():
    for several in deployments.ASSUMPTIONS.values():
        for field, values in several.items():
            assert getattr(HELPS, field) not in values, field


def test_the_tornado_compares_two_arms_of_the_changed_shop(monkeypatch):
    gone = {"joy_click": 0.0, "joy_buy": 0.0, "joy_fit": 0.0, "joy_expected": 0.0}
    monkeypatch.setattr(deployments, "ASSUMPTIONS", {deployments.LEARNED: {"stay": (0.0,)}, deployments.LISTENED: {"persuadable": (0.0,)}})
    rows = list(deployments.tornado("own views again", 60, seeds=(0,), config=replace(HELPS, shoppers=400, items=120, **gone)))
    assert [(row["gap"], row["field"]) for row in rows] == [(deployments.LEARNED, "as it is"), (deployments.LISTENED, "as it is"),
                                                            (deployments.LEARNED, "stay"), (deployments.LISTENED, "persuadable")]
    # Nobody is pleased or disappointed by a slate here, so no slates can differ, with the link or without.
    assert [row["gained"] + row["lost"] for row in rows if row["gap"] == deployments.LEARNED] == [0, 0]
    assert next(row for row in rows if row["gap"] == deployments.LISTENED)["gained"] > 0


def test_the_kept_table_holds_every_arm_in_every_world_and_seed_and_every_setting():
    rows = deployments.kept()
    tuning, table = rows[rows["world"] == "tuning"], rows[rows["world"] != "tuning"]
    for name, rung in deployments.RUNGS.items():
        if len(rung.settings) > 1:
            assert sorted(tuning.loc[tuning["slates"] == name, "setting"]) == sorted(map(str, rung.settings))
    assert set(tuning["seed"]) == {deployments.TUNED_ON}
    assert not table.duplicated(["world", "seed", "slates", "coupons"]).any()
    alone = {(name, "none") for name in deployments.RUNGS} | {("popular", name) for name in deployments.RULES}
    for label in WORLDS:
        for seed in deployments.SEEDS:
            mine = table[(table["world"] == label) & (table["seed"] == seed)]
            assert alone <= set(zip(mine["slates"], mine["coupons"], strict=True))
    assert set(table["shoppers"]) == {deployments.SHOPPERS}


def test_in_the_kept_table_slates_keep_nobody_where_there_is_no_link():
    rows = deployments.kept()
    mine = rows[(rows["world"] == "no link") & (rows["coupons"] == "none")]
    assert (mine[["gained", "lost"]] == 0).all(axis=None)


def test_the_kept_tornado_holds_every_assumption():
    found = deployments.gaps(deployments.kept(deployments.ASSUMED))
    for gap, several in deployments.ASSUMPTIONS.items():
        for field, values in several.items():
            assert sorted(found.loc[(found["gap"] == gap) & (found["field"] == field), "value"]) == pytest.approx(sorted(values)), field
    assert set(deployments.kept(deployments.ASSUMED)["learned"]) == {deployments.best_learned()}


def test_a_row_of_the_kept_table_comes_out_again():
    label, seed = "relevance helps", 0
    again = deployments.arms(World(replace(WORLDS[label], shoppers=deployments.SHOPPERS), seed), ("best click rate",))
    rows = deployments.kept()
    for slates in ("popular", "best click rate"):
        was = rows[(rows["world"] == label) & (rows["seed"] == seed) & (rows["slates"] == slates) & (rows["coupons"] == "none")].iloc[0]
        now = again[again["slates"] == slates].iloc[0]
        assert (now["active"], now["back"], now["gained"], now["lost"]) == (was["active"], was["back"], was["gained"], was["lost"])


def test_bait_is_what_the_click_bait_world_has_and_the_tornado_adds():
    assert CLICK_BAIT.bait in deployments.ASSUMPTIONS[deployments.LEARNED]["bait"]


@pytest.fixture(scope="module")
def pooled():
    rows = deployments.kept()
    return deployments.summary(rows[rows["world"] != "tuning"]).set_index(["world", "slates", "coupons"])


PERSONAL = ["own views again", "item neighbours", "content: title words", "segments' popular items", "interests: categories", "interests: TF-IDF", "EASE",
            "iALS", "EASE + title words", "embeddings of titles", "EASE + embeddings", "event model (SASRec)"]


def test_what_the_lesson_says_of_slates_stands_in_the_kept_table(pooled):
    for world in ("relevance helps", "click-bait"):
        slates = pooled.loc[world].xs("none", level="coupons")
        assert (slates.loc[PERSONAL, "up"] == len(deployments.SEEDS)).all()
        assert slates.loc["popular of late", "low"] < 0 < slates.loc["popular of late", "high"]
        assert slates["gain"].nlargest(4).index[0] == "oracle"
        assert set(slates["gain"].nlargest(4).index[1:]) <= {"EASE + title words", "EASE + embeddings", "interests: TF-IDF", "embeddings of titles"}
        assert slates.loc[PERSONAL, "gain"].max() < slates.loc["oracle", "gain"] / 2
    helps, bait = (pooled.loc[world].xs("none", level="coupons") for world in ("relevance helps", "click-bait"))
    assert helps.loc["EASE", "over_low"] < 0 < helps.loc["EASE", "over_high"]
    assert helps.loc["item neighbours", "over_high"] < 0
    assert helps.loc["event model (SASRec)", "gain"] < helps.loc["own views again", "gain"]
    assert helps.loc["best click rate", "low"] > 0
    assert bait["gain"].idxmin() == "best click rate"
    assert bait.loc[PERSONAL, "gain"].nsmallest(2).index.tolist() == ["own views again", "interests: categories"]


def test_what_the_lesson_says_of_coupons_stands_in_the_kept_table(pooled):
    for world in WORLDS:
        rules = pooled.loc[world].loc["popular"]
        assert rules.loc["highest risk", "over_low"] < 0
        assert rules.loc["response in the trial", "over_low"] > 0
        for same in ("likeliest to buy", "segments that respond"):
            assert rules.loc[same, "over_low"] < 0 < rules.loc[same, "over_high"]
        assert rules["cost"].idxmax() == "likeliest to buy"
        assert rules.loc["risk x response", "cost"] < rules.loc["highest risk", "cost"] < rules.loc["by lot", "cost"]
        assert rules.drop("oracle")["cost"].idxmin() == "risk x response"
        assert rules.loc["highest risk", "a coupon"] < rules.loc["by lot", "a coupon"]
        assert (rules.loc[["response, stopped", "oracle, stopped"], "low"] < 0).all()
        assert pooled.loc[(world, "interests: TF-IDF", "response in the trial"), "over_low"] > 0


def test_what_the_lesson_says_of_large_models_stands_in_the_kept_table(pooled):
    for world in ("relevance helps", "click-bait"):
        slates = pooled.loc[world].xs("none", level="coupons")
        assert (slates.loc[["embeddings of titles", "EASE + embeddings"], "over_low"] < 0).all()
        assert slates.loc["event model (SASRec)", "ms"] > 5 * slates.loc["EASE", "ms"]
    helps, bait = (pooled.loc[(world, "event model (SASRec)", "none")] for world in ("relevance helps", "click-bait"))
    assert helps["over_high"] < 0 < bait["over_low"]


def test_what_the_lesson_says_of_assumptions_stands_in_the_kept_tornado():
    found = deployments.gaps(deployments.kept(deployments.ASSUMED)).set_index(["gap", "field", "value"])
    learned, listened = found.loc[deployments.LEARNED], found.loc[deployments.LISTENED]
    assert (learned["low"] > 0).all()
    assert learned["gain"].idxmax() == ("bait", CLICK_BAIT.bait)
    assert learned.loc[("bait", .04), "gain"] < learned.loc["as it is", "gain"].item()
    assert (listened["high"] > 0).all()
    for field, value in (("persuadable", 0.0), ("coupon_rate", 1.0), ("coupon_stay", 0.0)):
        assert listened.loc[(field, value), "low"] < 0
