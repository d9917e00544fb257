"""Call and judge of a plan that is put into a shop: what each shopper is shown, and who gets a coupon.

The answer makes plain data from plain data, so that nothing in its process knows the world. The judge has the world: it lets the shop go on
under the plan, and counts who is there in the end. Facts about the plan only explain: they are computed beside the answer, which could lie
about them, not about shoppers it has never met.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from helpers.checks.exercise import Case, case
from helpers.checks.judge import Difference, _kind
from helpers.coupons import CouponTrial, SendTo, churn_risk, under_coupon
from helpers.language import Text
from helpers.shop import Config, Logging, Policy, Result, Slates, World, active, top
from helpers.shop.catalogue import make
from helpers.shop.shoppers import PERSUADABLE, TASTE_DAYS, Shoppers

DAY = 90
"""The plan begins in the morning of this day; the log ends the evening before."""
BACK = (150, 164)
"""Days [first, last): who visits on one of them is retained."""
TRIAL_DAYS = (6, 20, 34, 48, 62, 76)
SENT_DAYS = (90, 104, 118, 132, 146, 160)
WORTH = 150.0
"""What a retained shopper is worth to the shop: coupons that cost more than this for each one they retain lose money."""


class Plan(NamedTuple):
    """A plan that can be carried out."""

    slates: np.ndarray
    """(shoppers, slate) ints, the first place first."""
    chosen: np.ndarray
    """(shoppers,) bool."""


class Show(Policy):
    """Shows each shopper the same slate at every visit."""

    def __init__(self, slates: np.ndarray):
        self.slates = slates

    def recommend(self, visits):
        return Slates(self.slates[visits.shopper])


# The judge's side: the shop, and what comes of a plan -------------------------------------------------------------------


class Lived(NamedTuple):
    """What came of one way to go on: who is there in the end, and what the coupons cost from `DAY` on."""

    retained: np.ndarray
    cost: float


class Halves(NamedTuple):
    """What a plan is worth, in shoppers.

    shown: retained by the slates alone, over the popular ones.  sent: retained by the coupons on top of these slates.  cost: of the coupons.
    """

    shown: int
    sent: int
    cost: float

    @property
    def net(self) -> float:
        """Shoppers retained by the coupons, less those that their cost is worth."""
        return self.sent - self.cost / WORTH


class Shop:
    """A world of which only the judge knows the seed, in the morning of `DAY`, and what it would have become in other hands."""

    def __init__(self, config: Config, seed: int, lots: int, budget: int, number: int):
        """lots: seed of the trial's lots, which everybody sees drawn: it must tell nothing of the world's.  number: by which a learner knows it."""
        self.world, self.budget, self.number = World(config, seed), budget, number
        self._morning = self.world.at(DAY, Logging(), CouponTrial(TRIAL_DAYS, seed=lots))
        self._remembered: dict[tuple, Lived] = {}

    @property
    def so_far(self) -> Result:
        """All that the platform has seen."""
        return self._morning.so_far

    def lives(self, plan: Plan, days: tuple[int, ...] = SENT_DAYS) -> Lived:
        """Let the shop go on under a plan.  days: on which coupons are sent."""
        run = self._morning.go_on(Show(plan.slates), SendTo(plan.chosen, days))
        return Lived(active(run, BACK), float(run.cost.sum() - self.so_far.cost.sum()))

    def halves(self, plan: Plan) -> tuple[Halves, Halves]:
        """What the plan is worth; and what the oracle is worth in its place: in the first half by its own slates, in the second by its own
        coupons on top of the plan's slates.
        """
        own, best = self.worth(plan), self.worth(Plan(plan.slates, self.movable))
        return own, best._replace(shown=self._most_shown)

    def worth(self, plan: Plan) -> Halves:
        """What the plan is worth, without a look at the oracle."""
        alone = self._once(Plan(plan.slates, self.nobody))
        both = self._once(plan) if plan.chosen.any() else alone
        kept = int(alone.retained.sum())
        return Halves(kept - int(self.untouched.retained.sum()), int(both.retained.sum()) - kept, both.cost - alone.cost)

    def _once(self, plan: Plan) -> Lived:
        """What comes of a plan; of the last few it is remembered."""
        key, known = tuple(hashlib.sha256(np.ascontiguousarray(each)).digest() for each in plan), self._remembered
        if key not in known:
            # Replaced, not changed: graders run in threads.  What is asked for again moves to the end, so the slates of now stay.
            known = {**dict(list(known.items())[-4:]), key: self.lives(plan)}
        else:
            known = {**{k: v for k, v in known.items() if k != key}, key: known[key]}
        self._remembered = known
        return known[key]

    @cached_property
    def nobody(self) -> np.ndarray:
        return np.zeros(self.world.config.shoppers, bool)

    @cached_property
    def popular(self) -> np.ndarray:
        """The most viewed items, for everybody."""
        views = np.bincount(self.so_far.views["item"].astype(int), minlength=self.world.config.items)
        return np.tile(top(views[None].astype(float), self.world.config.slate), (self.world.config.shoppers, 1))

    @cached_property
    def untouched(self) -> Lived:
        """Popular slates, no coupons: what every plan is compared with."""
        return self.lives(Plan(self.popular, self.nobody))

    @cached_property
    def risk(self) -> Halves:
        """Popular slates, and coupons to the likeliest to stay away."""
        chosen = first(churn_risk(self.so_far.visited, DAY), self.budget)
        return self.worth(Plan(self.popular, chosen))

    @cached_property
    def movable(self) -> np.ndarray:
        """(shoppers,) bool: the oracle's coupons.  It knows whom a coupon persuades, who has left, and how often each comes."""
        config, truth = self.world.config, self.so_far.truth
        visits = Shoppers(config, self.world.seed).rate * config.coupon_days
        gain = np.exp(-visits) - np.exp(-config.coupon_rate * visits)
        return first(np.where((truth.kind == PERSUADABLE) & (truth.left >= DAY), gain, 0.0), self.budget)

    @cached_property
    def _most_shown(self) -> int:
        """Shoppers retained by the oracle's slates: the best fit by the tastes of `DAY`, and no bait."""
        config = self.world.config
        items, state = make(config, self.world.seed)[1], Shoppers(config, self.world.seed)
        for day in range(TASTE_DAYS, DAY + 1, TASTE_DAYS):
            state.move_tastes(day)
        dear, known = np.log(self.so_far.catalogue.price) - 3.0, config.click_quality * items.quality - 100.0 * items.bait
        parts = np.array_split(np.arange(config.shoppers), -(-config.shoppers // 1000))
        slates = np.concatenate([top((config.click_fit * (state.taste[part] @ items.vector.T - state.thrift[part, None] * dear) + known)
                                     .astype(np.float32), config.slate) for part in parts])
        return int(self.lives(Plan(slates, self.nobody)).retained.sum() - self.untouched.retained.sum())


def first(score: np.ndarray, k: int) -> np.ndarray:
    """(n,) bool: the k highest scores; of equal ones the earlier."""
    chosen = np.zeros(len(score), bool)
    chosen[np.argsort(-score, kind="stable")[:k]] = True
    return chosen


def shop_case(config: Config, rng: np.random.Generator, budget: int, number: int) -> Case:
    """A case that asks for a plan: (views, visits, coupons, catalogue, day, budget), and a shop of this kind as its truth.

    The seed has 60 bits: nobody finds the world again by trying seeds until one gives this log.
    """
    shop = Shop(config, int(rng.integers(2**60)), int(rng.integers(2**60)), budget, number)
    log, whole = shop.so_far, np.int32
    views = pd.DataFrame({"shopper": log.views["shopper"].astype(whole), "day": log.views["day"].astype(whole), "item": log.views["item"].astype(whole),
                          "searched": (log.views["source"] == "search").to_numpy()})
    visits = log.sessions[["shopper", "day"]].astype(whole).reset_index(drop=True)
    coupons = log.coupons[["shopper", "day"]].astype(whole)
    items = len(log.catalogue)
    shown = np.bincount(log.exposures["item"].astype(int), minlength=items)
    clicked = np.bincount(log.exposures["item"].astype(int), weights=log.exposures["clicked"], minlength=items).astype(int)
    catalogue = pd.DataFrame({"item": np.arange(items), "title": log.catalogue.title_en, "category": log.catalogue.category,
                              "price": log.catalogue.price, "shown": shown, "clicked": clicked})
    return replace(case(views, visits, coupons, catalogue, DAY, budget), truth=shop)


# The public shops, to look at -------------------------------------------------------------------------------------------


def shop_data(number: int) -> tuple:
    """The arguments of the capstone's public shop 1 or 2: (views, visits, coupons, catalogue, day, budget).  Frames are copies."""
    return tuple(each.copy() if isinstance(each, pd.DataFrame) else each for each in _public(number).args)


def lived_table(plans: Mapping[str, Callable], shops: tuple[int, ...] = (1, 2)) -> pd.DataFrame:
    """What each plan does in the public shops: | plan (index) | shop | retained by slates | by coupons | their cost | net by coupons | score |.

    plans: name -> a function like `retention_policy`.  score: for 1,000 shoppers.  ValueError, with what is wrong, for a plan that cannot be carried out.
    """
    rows = []
    for number in shops:
        shop = _public(number).truth
        config = shop.world.config
        for name, function in plans.items():
            slates, chosen = function(*shop_data(number))
            plan = Plan(_plain(slates, "i"), _plain(chosen, "b"))
            if why := refused(*plan, config.shoppers, config.slate, config.items, shop.budget):
                raise ValueError(f"{name}: {why[1].where}: {why[1].got}, {why[1].expected}")
            own = shop.worth(plan)
            rows.append((name, number, own.shown, own.sent, own.cost, own.net, _score(own, plan)))
    return pd.DataFrame(rows, columns=["plan", "shop", "retained by slates", "by coupons", "their cost", "net by coupons", "score"]).set_index("plan")


def until_they_stop(number: int) -> pd.DataFrame:
    """The oracle's coupons on popular slates in a public shop, sent up to some day: | last coupon (index) | retained by coupons | their cost |."""
    shop = _public(number).truth
    plan = Plan(shop.popular, shop.movable)
    lived = [shop.lives(plan, SENT_DAYS[:k]) for k in range(1, len(SENT_DAYS) + 1)]
    before = shop.untouched
    return pd.DataFrame({"retained by coupons": [int(each.retained.sum() - before.retained.sum()) for each in lived],
                         "their cost": [each.cost - before.cost for each in lived]}, index=pd.Index(SENT_DAYS, name="last coupon, day"))


def _public(number: int) -> Case:
    from helpers.checks.exercise import find

    return find("retention_policy").cases()[number - 1]


# The answer's side ------------------------------------------------------------------------------------------------------

_PAIR = Text("the function must return two arrays, (slates, chosen), not {got}", "函数应返回两个数组 (slates, chosen)，而不是 {got}")
_SLATES = Text("slates: item numbers of shape {wanted}, a row for each shopper, are asked for, not {got}",
               "slates: 应为商品编号，形状 {wanted}，每位顾客一行，而不是 {got}")
_CHOSEN = Text("chosen: True or False for each shopper, shape {wanted}, is asked for, not {got}",
               "chosen: 应为每位顾客一个 True 或 False，形状 {wanted}，而不是 {got}")
_ROWS = Text("slates (rows): {got} rows, and there are {shoppers} shoppers", "slates (rows)：共 {got} 行，而顾客有 {shoppers} 位")
_NUMBERS = Text("chosen (numbers): {got} whole numbers; True or False for each of the {shoppers} shoppers is asked for",
                "chosen (numbers)：{got} 个整数；应为 {shoppers} 位顾客每人一个 True 或 False")
_NO_ITEM = Text("the items on the slates (they are numbered 0 to {last})", "展示列表中的商品（编号为 0 到 {last}）")
_TWICE = Text("the items on one slate (none may stand there twice)", "同一展示列表中的商品（不能重复）")
_ONE = Text("item {item} for shopper {shopper}", "顾客 {shopper} 的商品 {item}")
_TWO = Text("item {item} twice for shopper {shopper}", "顾客 {shopper} 的商品 {item} 出现两次")
_BUDGET = Text("the number of shoppers who get coupons", "获得优惠券的顾客数")


def refused(slates: Any, chosen: Any, shoppers: int, slate: int, items: int, budget: int) -> tuple[str, Difference] | None:
    """Why a shop cannot carry out this plan, by a short name and in words; None if it can."""
    wanted = (shoppers, slate)
    if not isinstance(slates, np.ndarray) or slates.dtype.kind not in "iu" or slates.shape != wanted:
        rows = isinstance(slates, np.ndarray) and slates.dtype.kind in "iu" and slates.ndim == 2 and slates.shape[1] == slate
        why = _ROWS.format(got=len(slates), shoppers=shoppers) if rows else _SLATES.format(wanted=wanted, got=_kind(slates))
        return "slates", Difference("shape", Text("slates", "slates"), _kind(slates), str(why))
    if not isinstance(chosen, np.ndarray) or chosen.dtype.kind != "b" or chosen.shape != (shoppers,):
        numbers = isinstance(chosen, np.ndarray) and chosen.dtype.kind in "iu" and chosen.ndim == 1
        why = _NUMBERS.format(got=len(chosen), shoppers=shoppers) if numbers else _CHOSEN.format(wanted=(shoppers,), got=_kind(chosen))
        return "chosen", Difference("shape", Text("chosen", "chosen"), _kind(chosen), str(why))
    unknown = (slates < 0) | (slates >= items)
    if unknown.any():
        return "no item", Difference("value", _NO_ITEM.format(last=items - 1), *_first(slates, unknown, _ONE))
    ordered = np.sort(slates, axis=1)
    again = np.pad(ordered[:, 1:] == ordered[:, :-1], ((0, 0), (1, 0)))
    if again.any():
        return "twice", Difference("value", _TWICE, *_first(ordered, again, _TWO))
    if chosen.sum() > budget:
        return "budget", Difference("value", _BUDGET, f"{int(chosen.sum()):,}", f"<= {budget:,}")
    return None


def _first(slates: np.ndarray, wrong: np.ndarray, text: Text) -> tuple[str, str]:
    """The first wrong item in words, and what was expected."""
    shopper, place = np.argwhere(wrong)[0]
    return str(text.format(item=int(slates[shopper, place]), shopper=int(shopper))), str(Text("none such", "没有这种情况"))


class MakePlan:
    """Ask for a plan, and look at it."""

    def __init__(self, slate: int = Config.slate):
        self.slate = slate

    def __call__(self, function: Callable, case: Any, args: tuple, kwargs: dict) -> dict:
        views, visits, coupons, catalogue, day, budget = (each.copy() if isinstance(each, pd.DataFrame) else each for each in args)
        answer = function(*args, **kwargs)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise TypeError(str(_PAIR.format(got=_kind(answer))))
        slates, chosen = _plain(answer[0], "i"), _plain(answer[1], "b")
        shoppers = visits["shopper"].nunique()
        why = refused(slates, chosen, shoppers, self.slate, len(catalogue), budget)
        if why and why[0] in ("slates", "chosen"):
            raise TypeError(why[1].expected)
        facts = {"refused": why[0], "shown": "", "sent": ""} if why else {
            "refused": "", "shown": looks_shown(slates, views, catalogue), "sent": looks_sent(chosen, visits, coupons, day)}
        return {"facts": facts, "slates": slates, "chosen": chosen}


make_plan = MakePlan()


def _plain(given: Any, kind: str) -> Any:
    """Lists, Series and frames as arrays, 3.0 as 3 and 1 as True where that loses nothing; what cannot be one stays as it is."""
    try:
        array = np.array(given)
    except ValueError:
        return given
    if array.dtype.kind in "biuf" and array.dtype.kind != kind:
        whole = array.astype({"i": np.int64, "b": bool}[kind], copy=False) if np.isfinite(array).all() else array
        return whole if (whole == array).all() else array
    return array


def looks_shown(slates: np.ndarray, views: pd.DataFrame, catalogue: pd.DataFrame) -> str:
    """Which simple rule slates look as if they came from; "" for none of them."""
    items, shoppers = len(catalogue), len(slates)

    def share(rule: np.ndarray) -> float:
        return float(np.isin(slates, top(rule[None].astype(float), slates.shape[1])).mean())

    clicked, shown = catalogue["clicked"].to_numpy(), catalogue["shown"].to_numpy()
    viewed = np.bincount(views["item"], minlength=items)
    rules = {"most viewed": viewed, "most clicked": clicked, "best click rate": (clicked + 1) / (shown + 20)}
    name, best = max(((name, share(rule)) for name, rule in rules.items()), key=lambda found: found[1])
    if best > .75:
        return name
    if (slates == slates[0]).all():
        return "one for all"
    # How well slates fit the categories that their shoppers viewed, beside the same slates in the hands of others.
    category = catalogue["category"].to_numpy()
    liked = np.zeros((shoppers, category.max() + 1))
    np.add.at(liked, (views["shopper"], category[views["item"]]), 1)
    liked /= np.maximum(liked.sum(axis=1, keepdims=True), 1)
    others = liked[np.random.default_rng(0).permutation(shoppers)]
    own, lent = (float(np.take_along_axis(each, category[slates], axis=1).mean()) for each in (liked, others))
    if own < .8 * lent or viewed[slates].mean() < .5 * viewed.mean():
        return "the worst"
    if own > 1.25 * lent:
        return ""
    spread = np.bincount(slates.ravel(), minlength=items)
    return "at random" if spread.max() < 2 * spread.mean() else "another shopper's"


def looks_sent(chosen: np.ndarray, visits: pd.DataFrame, coupons: pd.DataFrame, day: int) -> str:
    """Which simple rule a list of shoppers looks as if it came from; "" for none of them."""
    k = int(chosen.sum())
    if k == 0:
        return "nobody"
    visited = np.zeros((len(chosen), day), bool)
    visited[visits["shopper"], visits["day"]] = True
    under = under_coupon(coupons, len(chosen), day)
    count, last = visited.sum(axis=1), visited[:, ::-1].argmax(axis=1)
    gap = (visited & under).sum(axis=1) / np.maximum(under.sum(axis=1), 1) - (visited & ~under).sum(axis=1) / (~under).sum(axis=1)
    risk = churn_risk(visited, day)
    rules = {"the likeliest to stay away": risk, "the longest silent": last, "the most active": count, "the most recent": -last,
             "who comes less under a coupon": -gap}
    name, best = max(((name, float(chosen[first(rule, k)].mean())) for name, rule in rules.items()), key=lambda found: found[1])
    if best > .6:
        return name
    if all(abs(rule[chosen].mean() - rule.mean()) < .12 * rule.std() for rule in (count, last, gap)):
        return "by lot"
    return ""


# The judge ---------------------------------------------------------------------------------------------------------------

_SHOWN = Text("shop {number}, what you show, without any coupon: shoppers retained over the popular slates, as a share of those that the oracle's "
              "slates retain",
              "商店 {number}，展示什么（不发券）：比热门展示多留住的顾客，占 oracle（全知策略）的展示所多留住的比例")
_SENT = Text("shop {number}, whom you send coupons: net gain over your slates alone, as a share of what the oracle's coupons gain in the same place",
             "商店 {number}，给谁发券：在你的展示之上的净收益，占 oracle（全知策略）的优惠券在同样位置净收益的比例")
_REPORT = Text(
    "Shop {number}: {untouched:,} of {shoppers:,} retained by popular slates without coupons. Your slates: {shown:+,} (oracle {most_shown:+,}): "
    "{share_shown:.1%}, {needs_shown:.1%} is enough. Your coupons on top: {sent:+,} retained, cost {cost:,.0f}, net {net:+.0f}: {share_sent:.1%}, "
    "{needs_sent:.1%} is enough (oracle {most_sent:+,}, cost {most_cost:,.0f}, net {most_net:+.0f}; "
    "the likeliest to stay away {risk_sent:+,}, cost {risk_cost:,.0f}, net {risk_net:+.0f}). Score: {score:+.1f} for 1,000 shoppers.",
    "商店 {number}：热门展示、不发券，{shoppers:,} 人中留住 {untouched:,} 人。你的展示：{shown:+,}（oracle {most_shown:+,}），占 {share_shown:.1%}，"
    "达到 {needs_shown:.1%} 即可。你的优惠券再加：{sent:+,} 人，成本 {cost:,.0f}，净 {net:+.0f}，占 {share_sent:.1%}，达到 {needs_sent:.1%} "
    "即可（oracle {most_sent:+,}，成本 {most_cost:,.0f}，净 {most_net:+.0f}；"
    "发给最可能不再来的人 {risk_sent:+,}，成本 {risk_cost:,.0f}，净 {risk_net:+.0f}）。得分：每 1,000 人 {score:+.1f}。")


class RetainsAtLeast:
    """Each half of a plan must reach this share of what the oracle reaches in its place."""

    def __init__(self, shown: float, sent: float):
        self.shown, self.sent = shown, sent

    def difference(self, case: Any, got: Any) -> Difference | None:
        """None if both halves reach their bounds; else what a shop cannot carry out, or in which half the plan fails."""
        plan, why = self._plan(case, got)
        if why:
            return why
        own, oracle = case.truth.halves(plan)
        for where, share, bound in zip((_SHOWN, _SENT), _shares(own, oracle), (self.shown, self.sent), strict=True):
            if share < bound:
                return Difference("value", where.format(number=case.truth.number), f"{share:.1%}", f">= {bound:.1%}")
        return None

    def score(self, case: Any, got: Any) -> float:
        """Shoppers retained by both halves, less what the coupons cost, per 1,000 shoppers of this case; 0 for what cannot be carried out."""
        plan, why = self._plan(case, got)
        if why:
            return 0.0
        return _score(case.truth.worth(plan), plan)

    def report(self, number: int, case: Any, got: Any) -> Text | None:
        """What came of the plan, beside popular slates, risk targeting and the oracle; None if it cannot be carried out."""
        plan, why = self._plan(case, got)
        if why:
            return None
        shop = case.truth
        own, oracle = shop.halves(plan)
        share_shown, share_sent = _shares(own, oracle)
        return _REPORT.format(number=number, untouched=int(shop.untouched.retained.sum()), shoppers=len(plan.slates), shown=own.shown, sent=own.sent,
                              share_shown=share_shown, needs_shown=self.shown, share_sent=share_sent, needs_sent=self.sent,
                              cost=own.cost, net=own.net, most_shown=oracle.shown, most_sent=oracle.sent, most_cost=oracle.cost, most_net=oracle.net,
                              risk_sent=shop.risk.sent, risk_cost=shop.risk.cost, risk_net=shop.risk.net, score=_score(own, plan))

    def notes(self, got: Any) -> tuple[Text, ...]:
        """Nothing to add: the report says it."""
        return ()

    def _plan(self, case: Any, got: Any) -> tuple[Plan | None, Difference | None]:
        if not isinstance(got, dict):
            return None, Difference("type", Text("the plan", "方案"), _kind(got), "slates, chosen")
        slates, chosen = got.get("slates"), got.get("chosen")
        config = case.truth.world.config
        why = refused(slates, chosen, config.shoppers, config.slate, config.items, case.truth.budget)
        return (None, why[1]) if why else (Plan(slates.astype(np.int64), chosen), None)


def _shares(own: Halves, oracle: Halves) -> tuple[float, float]:
    """What the plan's slates and its coupons reach of the oracle's."""
    return own.shown / max(oracle.shown, 1), own.net / max(oracle.net, 1)       # no more than a guard: the oracle gains hundreds


def _score(halves: Halves, plan: Plan) -> float:
    return 1000 * (halves.shown + halves.net) / len(plan.chosen)


def retains_at_least(shown: float, sent: float) -> RetainsAtLeast:
    """A judge of plans by who is there in the end.

    shown: of the shoppers whom the oracle's slates retain over the popular ones, the plan's slates must retain this share.  sent: of the net gain of the
    oracle's coupons on top of the plan's slates, the plan's coupons must reach this share.  Net: retained shoppers, less cost / WORTH.
    """
    return RetainsAtLeast(shown, sent)
