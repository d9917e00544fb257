"""A plan put into a shop: what is asked and told is plain data, what counts is who is there, and whatever comes back is judged."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.checks import calling
from helpers.checks.deployment import (
    BACK,
    DAY,
    SENT_DAYS,
    TRIAL_DAYS,
    WORTH,
    Plan,
    Show,
    first,
    lived_table,
    looks_sent,
    looks_shown,
    make_plan,
    retains_at_least,
    shop_case,
)
from helpers.checks.exercise import Exercise, find
from helpers.checks.runner import LINE_BYTES, Asked
from helpers.checks.show import verdict_card
from helpers.checks.verdict import verdict
from helpers.checks.worker import encode_case
from helpers.coupons import SendTo, churn_risk
from helpers.course import Lesson
from helpers.language import language
from helpers.shop import HELPS, CouponPolicy, Logging, Switch, World, active, top

N, ITEMS, BUDGET = 1200, 150, 120
CONFIG = replace(HELPS, shoppers=N, items=ITEMS, days=164, coupon_rate=4.0)
JUDGE = retains_at_least(shown=.05, sent=.15)


def one_shop(rng):
    while True:
        yield shop_case(CONFIG, rng, BUDGET, number=7)


EXERCISE = Exercise("retention_policy", Lesson("06_retention"), one_shop, "core", 30, 30, False, ("numpy",), ("retention_policy",), JUDGE,
                    make_plan, (), 1, 60.0)


@pytest.fixture(scope="module")
def asked():
    return EXERCISE.cases(5)[0]


def slates(case, seed=0):
    return np.random.default_rng(seed).permuted(np.tile(np.arange(ITEMS), (N, 1)), axis=1)[:, :8]


def told(function, case):
    """The answer as the judge gets it, and the verdict."""
    outcomes = calling.run_all(EXERCISE, [case], {"retention_policy": function})
    return outcomes[0], verdict(EXERCISE, [case], outcomes, ())


def always(shown, chosen):
    return lambda *args: (shown, chosen)


NOBODY = np.zeros(N, bool)


# What is asked ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_told_what_a_platform_has_seen_before_the_day_and_nothing_else(asked):
    views, visits, coupons, catalogue, day, budget = asked.args
    assert (day, budget) == (DAY, BUDGET)
    assert list(views) == ["shopper", "day", "item", "searched"]
    assert list(visits) == list(coupons) == ["shopper", "day"]
    assert list(catalogue) == ["item", "title", "category", "price", "shown", "clicked"]
    assert max(views["day"].max(), visits["day"].max()) == DAY - 1
    assert set(coupons["day"]) == set(TRIAL_DAYS)
    assert sorted(visits["shopper"].unique()) == list(range(N))
    assert not visits.duplicated().any()
    assert (catalogue["clicked"] <= catalogue["shown"]).all()
    assert catalogue["clicked"].sum() == (~views["searched"]).sum()
    assert (asked.truth.so_far.catalogue.released <= DAY).all()


def test_what_crosses_to_the_answers_process_holds_no_seed_and_no_truth(asked):
    wire = json.dumps(encode_case(asked))
    assert str(asked.truth.world.seed) not in wire
    assert hex(asked.truth.world.seed)[2:] not in wire
    assert json.loads(wire)["training"] is None
    assert json.loads(wire)["new"] is None
    assert set(json.loads(wire)) == {"function", "arguments", "training", "new"}


def test_two_class_seeds_are_two_shops_and_one_is_one(asked):
    again, other = EXERCISE.cases(5)[0], EXERCISE.cases(6)[0]
    assert again.truth.world == asked.truth.world
    assert other.truth.world.seed != asked.truth.world.seed
    assert asked.truth.world.seed > 2**32


def test_the_capstones_cases_are_two_kinds_of_shop_and_fit_into_one_message():
    exercise = find("retention_policy")
    cases = exercise.cases(3)
    assert [case.truth.world.config.bait > 0 for case in cases] == [False, True]
    assert len(Asked(exercise, cases).line) < LINE_BYTES


def test_the_exercise_needs_no_tensorflow():
    code = "import sys; from helpers.checks.exercise import find; find('retention_policy'); print('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


# What comes of a plan ---------------------------------------------------------------------------------------------------


class Both(CouponPolicy):
    def __init__(self, *parts):
        self.parts = parts

    def send(self, customers):
        return np.any([part.send(customers) for part in self.parts], axis=0)


def test_a_plan_is_lived_by_the_shops_own_run_and_everybody_who_comes_back_counts(asked):
    shop, shown, chosen = asked.truth, slates(asked), np.arange(N) % 10 == 0
    lived = shop.lives(Plan(shown, chosen))
    assert lived.retained.shape == (N,)

    class Again(CouponPolicy):
        # The seed of the lots is not kept: the coupons are sent again as they were.
        def send(self, customers):
            sent = shop.so_far.coupons
            return np.isin(np.arange(N), sent.loc[sent["day"] == customers.day, "shopper"])

    whole = World(CONFIG, shop.world.seed).run(Switch(Logging(), Show(shown), DAY), Both(Again(), SendTo(chosen, SENT_DAYS)), log=False)
    np.testing.assert_array_equal(lived.retained, active(whole, BACK))
    assert lived.cost == pytest.approx(whole.cost.sum() - shop.so_far.cost.sum())


def test_popular_slates_without_coupons_are_worth_nothing_more(asked):
    own, oracle = asked.truth.halves(Plan(asked.truth.popular, NOBODY))
    assert (own.shown, own.sent, own.cost, own.net) == (0, 0, 0.0, 0.0)
    assert oracle.shown > 0
    assert oracle.net > 0


def test_the_net_gain_is_what_the_coupons_add_less_their_cost_at_the_worth_of_a_shopper(asked):
    shop, shown, chosen = asked.truth, slates(asked), np.arange(N) < BUDGET
    alone, both = shop.lives(Plan(shown, NOBODY)), shop.lives(Plan(shown, chosen))
    own, _ = shop.halves(Plan(shown, chosen))
    assert own.sent == both.retained.sum() - alone.retained.sum()
    assert own.shown == alone.retained.sum() - shop.untouched.retained.sum()
    assert own.cost == pytest.approx(both.cost - alone.cost)
    assert own.net == pytest.approx(own.sent - own.cost / WORTH)
    assert own.cost > .05 * len(SENT_DAYS) * BUDGET * .99


def test_coupons_that_stop_before_the_fortnight_bring_fewer_back_than_those_that_go_on(asked):
    shop = asked.truth
    plan = Plan(shop.popular, shop.movable)
    until = [shop.lives(plan, days=SENT_DAYS[:k]).retained.sum() for k in (0, 4, 6)]
    assert until[0] == shop.untouched.retained.sum()
    assert until[2] > until[1]


def test_the_table_of_plans_is_what_the_judge_says_of_each():
    case = find("retention_policy").cases()[0]
    table = lived_table({"popular": lambda *args: (case.truth.popular, case.truth.nobody)}, shops=(1,))
    assert table["net by coupons"].tolist() == [0.0]
    assert list(table["shop"]) == [1]
    assert table["score"].tolist() == [0.0]
    with pytest.raises(ValueError, match="too many: the number of shoppers"):
        lived_table({"too many": lambda *args: (case.truth.popular, ~case.truth.nobody)}, shops=(1,))


def test_what_is_remembered_is_what_would_be_lived_again(asked):
    fresh = EXERCISE.cases(5)[0].truth
    plans = [Plan(slates(asked, seed), np.arange(N) % 11 == seed) for seed in (1, 2, 1, 3, 4, 1)]
    assert [asked.truth.halves(plan) for plan in plans] == [fresh.halves(plan) for plan in plans]
    assert len({asked.truth.halves(plan) for plan in plans}) == 4


def test_the_oracle_sends_only_to_the_persuadable_who_are_still_there_within_the_budget(asked):
    shop = asked.truth
    assert shop.movable.sum() == BUDGET
    assert (shop.so_far.truth.kind[shop.movable] == 1).all()
    assert (shop.so_far.truth.left[shop.movable] >= DAY).all()


def test_the_oracle_passes_its_own_bounds_and_popular_slates_do_not(asked):
    shop = asked.truth
    outcome, found = told(always(shop.popular, shop.movable), asked)
    assert found.failure.difference.where.en.startswith("shop 7, what you show")
    assert found.failure.difference.got == "0.0%"
    assert found.failure.difference.expected == ">= 5.0%"
    assert retains_at_least(shown=0, sent=1).difference(asked, outcome.answer) is None
    _, found = told(always(slates(asked), NOBODY), asked)
    assert not found.passed


def test_coupons_are_judged_where_the_slates_are_good_enough(asked):
    outcome, _ = told(always(slates(asked), NOBODY), asked)
    wrong = retains_at_least(shown=-9, sent=.15).difference(asked, outcome.answer)
    assert "whom you send coupons" in wrong.where.en
    assert (wrong.got, wrong.expected) == ("0.0%", ">= 15.0%")


# What a learner is told -------------------------------------------------------------------------------------------------


def test_practice_tells_what_became_of_the_shoppers_beside_popular_risk_and_oracle_and_grading_does_not(asked):
    shop = asked.truth
    outcome, found = told(always(slates(asked), np.arange(N) < BUDGET), asked)
    own, oracle = shop.halves(Plan(slates(asked), np.arange(N) < BUDGET))
    card = verdict_card(found).text
    for part in (f"{shop.untouched.retained.sum():,} of 1,200 retained by popular slates", f"Your slates: {own.shown:+,} (oracle {oracle.shown:+,})",
                 f"{own.shown / oracle.shown:.1%}, 5.0% is enough", f"{own.sent:+,} retained, cost {own.cost:,.0f}, net {own.net:+.0f}: "
                 f"{own.net / oracle.net:.1%}, 15.0% is enough (oracle {oracle.sent:+,}",
                 f"stay away {shop.risk.sent:+,}, cost {shop.risk.cost:,.0f}", f"Score: {JUDGE.score(asked, outcome.answer):+.1f}"):
        assert part in card
    graded = verdict(EXERCISE, [asked], [outcome], (), refuse=True)
    assert graded.reports == ()
    assert "Shop 1" not in verdict_card(graded, graded=True).text
    language("zh")
    try:
        assert "oracle（全知策略）" in verdict_card(found).text
        assert "留住" in verdict_card(found).text
    finally:
        language("en")


def test_the_score_is_net_retained_shoppers_of_a_thousand_and_0_for_what_cannot_be_carried_out(asked):
    plan = Plan(slates(asked), np.arange(N) < BUDGET)
    own, _ = asked.truth.halves(plan)
    assert JUDGE.score(asked, plan._asdict()) == pytest.approx(1000 * (own.shown + own.sent - own.cost / WORTH) / N)
    assert JUDGE.score(asked, {"slates": plan.slates, "chosen": np.ones(N, bool)}) == 0
    assert JUDGE.score(asked, None) == 0


# A plan that cannot be carried out --------------------------------------------------------------------------------------


def put(value, at=(7, 2)):
    def change(shown):
        shown[at] = shown[at[0], 0] if value == "again" else value
        return shown
    return change


@pytest.mark.parametrize(("shown", "chosen", "says"), [
    (put(ITEMS), NOBODY, f"item {ITEMS} for shopper 7"),
    (put(-1), NOBODY, "item -1 for shopper 7"),
    (put("again"), NOBODY, "twice for shopper 7"),
    (lambda s: s, np.ones(N, bool), "1,200, expected <= 120"),
    (lambda s: s[:, :5], NOBODY, "slates: item numbers of shape (1200, 8)"),
    (lambda s: s[:-1], NOBODY, "slates (rows): 1199 rows, and there are 1200 shoppers"),
    (lambda s: s + .5, NOBODY, "array of float64"),
    (lambda s: np.where(s == 3, np.nan, s), NOBODY, "array of float64"),
    (lambda s: s.astype(str), NOBODY, "slates: item numbers"),
    (lambda s: [[1, 2], [3]], NOBODY, "slates: item numbers"),
    (lambda s: None, NOBODY, "slates: item numbers"),
    (lambda s: s, np.arange(100), "chosen (numbers): 100 whole numbers"),
    (lambda s: s, np.arange(N), "chosen (numbers): 1200 whole numbers"),
    (lambda s: s, NOBODY[:7], "chosen: True or False for each shopper, shape (1200,)"),
    (lambda s: s, np.full(N, np.nan), "chosen: True or False"),
    (lambda s: s, None, "chosen: True or False"),
    (lambda s: s, "everybody", "chosen: True or False"),
], ids=range(17))
def test_a_plan_that_cannot_be_carried_out_says_what_is_wrong(asked, shown, chosen, says):
    _, found = told(always(shown(slates(asked)), chosen), asked)
    assert found.earned == 0
    assert says in verdict_card(found).text
    assert verdict_card(found, graded=True).text


@pytest.mark.parametrize("answer", [None, 3, (1, 2, 3), "plan", {"slates": 1}])
def test_an_answer_that_is_no_pair_says_so(asked, answer):
    _, found = told(lambda *args: answer, asked)
    assert "(slates, chosen)" in verdict_card(found).text


@pytest.mark.parametrize("kind", [lambda s, c: (s.tolist(), c.tolist()), lambda s, c: (s.astype(float), c.astype(int)),
                                  lambda s, c: [pd.DataFrame(s), pd.Series(c)], lambda s, c: (s.astype("int16"), c.astype(float))])
def test_lists_frames_and_zeros_and_ones_serve_as_well(asked, kind):
    plan = Plan(slates(asked), np.arange(N) < BUDGET)
    outcome, _ = told(always(*kind(*plan)), asked)
    np.testing.assert_array_equal(outcome.answer["slates"], plan.slates)
    np.testing.assert_array_equal(outcome.answer["chosen"], plan.chosen)


@pytest.mark.parametrize("forged", [
    None, 3, {}, {"facts": {}}, {"slates": 1, "chosen": 2}, {"slates": np.zeros((N, 8), int), "chosen": NOBODY},
    {"slates": np.full((N, 8), np.nan), "chosen": NOBODY}, {"slates": np.tile(np.arange(8), (N, 1)), "chosen": np.ones(N, bool)},
    {"slates": np.tile(np.arange(8), (N, 1)), "chosen": np.full(N, .5)}, {"slates": np.tile(np.arange(8), (2, 1)), "chosen": NOBODY[:2]},
    {"slates": np.tile(np.arange(8) + 2**40, (N, 1)), "chosen": NOBODY}, {"slates": np.full((N, 8), "x"), "chosen": NOBODY},
], ids=range(12))
def test_whatever_another_process_sends_is_refused_in_words(asked, forged):
    assert JUDGE.difference(asked, forged) is not None
    assert JUDGE.report(1, asked, forged) is None
    assert JUDGE.score(asked, forged) == 0


def test_an_answer_that_changes_its_arguments_is_told_so_and_its_facts_are_of_what_was_given(asked):
    def spoils(views, visits, coupons, catalogue, day, budget):
        visits["day"] = 0
        return slates(asked), NOBODY

    _, found = told(spoils, asked)
    assert found.failure.stage == "mutated" or found.failure.outcome.mutated


# What a plan looks like -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "name"), [
    (lambda v, c: np.bincount(v["item"], minlength=ITEMS), "most viewed"), (lambda v, c: c["clicked"], "most clicked"),
    (lambda v, c: (c["clicked"] + 1) / (c["shown"] + 20), "best click rate"), (lambda v, c: c["item"], "one for all")])
def test_a_slate_for_all_is_known_by_its_rule(asked, rule, name):
    views, catalogue = asked.args[0], asked.args[3]
    same = np.tile(top(np.asarray(rule(views, catalogue), float)[None], 8), (N, 1))
    assert looks_shown(same, views, catalogue) == name


def test_slates_are_known_as_fitting_as_the_worst_or_as_another_shoppers(asked):
    views, catalogue = asked.args[0], asked.args[3]
    category = catalogue["category"].to_numpy()
    liked = np.zeros((N, 12))
    np.add.at(liked, (views["shopper"], category[views["item"]]), 1)
    score = liked[:, category] + np.random.default_rng(0).random(ITEMS)
    assert looks_shown(top(score, 8), views, catalogue) == ""
    assert looks_shown(top(-score, 8), views, catalogue) == "the worst"
    assert looks_shown(top(score, 8)[np.random.default_rng(1).permutation(N)], views, catalogue) in ("another shopper's", "at random")
    assert looks_shown(slates(asked), views, catalogue) == "at random"


def test_a_list_of_shoppers_is_known_by_its_rule(asked):
    _, visits, coupons, _, day, budget = asked.args
    visited = np.zeros((N, day), bool)
    visited[visits["shopper"], visits["day"]] = True
    last, lots = visited[:, ::-1].argmax(axis=1), np.random.default_rng(0).random(N)

    def look(score):
        return looks_sent(first(score, budget), visits, coupons, day)

    assert looks_sent(NOBODY, visits, coupons, day) == "nobody"
    assert look(churn_risk(visited, day)) == "the likeliest to stay away"
    assert look(last) == "the longest silent"
    assert look(-last) == "the most recent"
    assert look(visited.sum(axis=1)) == "the most active"
    assert looks_sent(lots < .5, visits, coupons, day) == "by lot"
