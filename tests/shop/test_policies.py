"""What a policy may answer, and what it is told when it answers something else."""

import time
from dataclasses import replace

import numpy as np
import pytest

from helpers.language import language
from helpers.shop import HELPS, Config, Content, CouponPolicy, Logging, Policy, PolicyError, Ranked, Slates, Uniform, World, top

CONFIG = replace(HELPS, shoppers=400, days=40, items=120)


class Changed(Uniform):
    """The uniform policy, with its answer changed from day 5 on."""

    def __init__(self, change):
        self.change = change

    def recommend(self, visits):
        slates = super().recommend(visits)
        return slates if visits.day < 5 else self.change(slates, self.catalogue)


def put(value):
    def change(slates, catalogue):
        items = slates.items.copy()
        items[-1, 2] = value(items, catalogue) if callable(value) else value
        return Slates(items, slates.propensity)
    return change


def chance(value):
    def change(slates, catalogue):
        propensity = slates.propensity.copy()
        propensity[0, 3] = value
        return Slates(slates.items, propensity)
    return change


@pytest.mark.parametrize(("change", "says"), [
    (lambda slates, _: slates.items, "Slates"),
    (lambda slates, _: Slates(slates.items[:, :3]), "ints, not"),
    (lambda slates, _: Slates(slates.items[:1].ravel()), "ints, not"),
    (lambda slates, _: Slates(slates.items.astype(float)), "float64"),
    (lambda slates, _: Slates([["a"] * 8] * len(slates.items)), "ints, not"),
    (lambda slates, _: Slates([[1, 2], [3]]), "ints, not"),
    (lambda slates, _: None, "NoneType"),
    (put(120), "there is no item 120 (items are 0 to 119)"),
    (put(-1), "there is no item -1"),
    (put(lambda items, _: items[-1, 0]), "stands twice"),
    (put(lambda _, catalogue: int(np.argmax(catalogue.released))), "is released on day"),
    (chance(0.0), "not 0.0"),
    (chance(1.5), "not 1.5"),
    (chance(np.nan), "not nan"),
    (lambda slates, _: Slates(slates.items, slates.propensity[:, :2]), "propensities"),
    (lambda slates, _: Slates(slates.items, "often"), "propensities"),
])
def test_a_slate_that_cannot_be_shown_is_refused_with_what_was_wrong(change, says):
    with pytest.raises(PolicyError, match="Changed") as refused:
        World(CONFIG).run(Changed(change))
    assert says in str(refused.value)


def test_the_refusal_names_the_shopper_and_the_day_in_both_languages():
    with pytest.raises(PolicyError, match=r"shown to shopper \d+ on day 5"):
        World(CONFIG).run(Changed(put(999)))
    language("zh")
    try:
        with pytest.raises(PolicyError, match="第 5 天展示给了顾客"):
            World(CONFIG).run(Changed(put(999)))
    finally:
        language("en")


@pytest.mark.parametrize(("scores", "says"), [
    (lambda n, items: np.full((n, items), np.nan), "item 0 is nan"),
    (lambda n, items: np.where(np.arange(items) == 7, np.nan, 1.0), "item 7 is nan"),
    (lambda n, items: np.ones((n, items - 1)), "scores must return"),
    (lambda n, items: np.ones((items, n + 1)), "scores must return"),
    (lambda n, items: ["a"] * items, "scores must return"),
    (lambda n, items: None, "scores must return"),
])
def test_scores_that_rank_nothing_are_refused(scores, says):
    class Scores(Ranked):
        def scores(self, shopper):
            return scores(len(shopper), len(self.catalogue))

    with pytest.raises(PolicyError, match="Scores: ") as refused:
        World(CONFIG).run(Scores())
    assert says in str(refused.value)


def test_a_policy_that_takes_too_long_is_stopped_and_told_how_long_it_took():
    class Slow(Uniform):
        def recommend(self, visits):
            time.sleep(.05)
            return super().recommend(visits)

    started = time.monotonic()
    with pytest.raises(PolicyError, match=r"Slow took 0 s up to day \d+"):
        World(CONFIG).run(Slow(), seconds=.2)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("answer", [lambda known: known.visits, lambda known: known.visits[:3] > 0, lambda known: None])
def test_a_coupon_policy_answers_with_one_truth_value_for_each_shopper(answer):
    class Coupons(CouponPolicy):
        def send(self, customers):
            return answer(customers)

    with pytest.raises(PolicyError, match="Coupons: send must return"):
        World(CONFIG).run(Uniform(), coupons=Coupons())


def test_an_unfinished_policy_says_so():
    with pytest.raises(NotImplementedError):
        World(CONFIG).run(Policy())


def test_vectors_that_do_not_fit_the_catalogue_are_refused():
    with pytest.raises(ValueError, match="finite"):
        Content(np.full((120, 4), np.nan))
    with pytest.raises(ValueError, match="7 vectors for 120 items"):
        World(CONFIG).run(Content(np.random.default_rng(0).random((7, 4))))


@pytest.mark.parametrize("wrong", [{"shoppers": 0}, {"days": 0}, {"slate": 0}, {"items": 50}])
def test_a_shop_without_shoppers_days_or_items_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Config(**wrong)


def test_the_best_come_first_and_of_equals_the_smaller_number():
    np.testing.assert_array_equal(top(np.array([[1.0, 3, 2, 3], [0, 0, 0, 0]]), 3), [[1, 3, 2], [0, 1, 2]])
    np.testing.assert_array_equal(top(np.array([[1.0, 3, 2]]), 3), [[1, 2, 0]])


def test_the_logging_policy_never_shows_an_item_with_a_chance_above_one():
    class Pushed(Logging):
        def observe(self, day):
            self._clicks[0] += 10**9
    run = World(CONFIG).run(Pushed())
    assert run.exposures["propensity"].max() <= 1 / 8 + 1e-12
