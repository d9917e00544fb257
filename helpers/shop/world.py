"""The simulated shop: shoppers come, are shown a slate, search, buy, and stay or leave."""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from helpers.language import Text
from helpers.shop.catalogue import Catalogue, make
from helpers.shop.config import HELPS, Config
from helpers.shop.draws import uniforms
from helpers.shop.log import Result, Truth
from helpers.shop.policies import CouponPolicy, Customers, Day, Policy, PolicyError, Slates, Visits
from helpers.shop.shoppers import ANNOYED, PERSUADABLE, TASTE_DAYS, Shoppers
from helpers.shop.words import COMPLEMENTS

BLOCK = 32_768
"""Shoppers handled at once: what a day needs beside the state does not grow with the shop."""
_VISIT, _SESSION, _COUPON, _POLICY = 20, 21, 22, 40

_SHAPE = Text("{policy}: {method} must return {wanted}, not {got}", "{policy}：{method} 应返回 {wanted}，而不是 {got}")
_UNKNOWN = Text("{policy}: there is no item {item} (items are 0 to {last}); shown to shopper {shopper} on day {day}",
                "{policy}：没有商品 {item}（编号为 0 到 {last}）；在第 {day} 天展示给了顾客 {shopper}")
_EARLY = Text("{policy}: item {item} is released on day {released}, and was shown to shopper {shopper} on day {day}",
              "{policy}：商品 {item} 在第 {released} 天才上架，却在第 {day} 天展示给了顾客 {shopper}")
_TWICE = Text("{policy}: item {item} stands twice on the slate of shopper {shopper} on day {day}",
              "{policy}：第 {day} 天给顾客 {shopper} 的展示中商品 {item} 出现了两次")
_PROPENSITY = Text("{policy}: a propensity is a number above 0 and at most 1, not {value} (shopper {shopper}, day {day})",
                   "{policy}：倾向分必须大于 0 且不超过 1，而不是 {value}（顾客 {shopper}，第 {day} 天）")
_SLOW = Text("{policy} took {seconds:.0f} s up to day {day}; it has {limit:.0f} s for the whole run. Are slates computed anew for every visit?",
             "{policy} 到第 {day} 天已用 {seconds:.0f} 秒；整个运行限时 {limit:.0f} 秒。是否每次访问都重新计算了展示列表？")


@dataclass(frozen=True)
class World:
    """A shop of which everything is known.

    The seed fixes catalogue, shoppers and their fate: two policies meet the same shoppers on the same day with the same luck, so that
    runs can be compared shopper by shopper.
    """

    config: Config = HELPS
    seed: int = 0

    def run(self, policy: Policy, coupons: CouponPolicy | None = None, log: bool = True, seconds: float = 600.0) -> Result:
        """Let the shop run under these policies.

        log: keep what was shown, viewed and ordered; without it memory does not grow with the visits.  seconds: all that the policies
        may take together.  PolicyError if a policy answers what cannot be shown, or takes longer.
        """
        run = _Run(self, policy, coupons, log, seconds)
        run.live(0, self.config.days)
        return run.result(self.config.days)

    def at(self, day: int, policy: Policy, coupons: CouponPolicy | None = None, log: bool = True) -> Crossroads:
        """The shop in the morning of `day`, run under these policies so far: from there it can go on in several ways.

        log: keep the log of the days before.  ValueError unless 0 < day < days.
        """
        return Crossroads(self, day, policy, coupons, log)

    @property
    def catalogue(self) -> Catalogue:
        """What the shop sells."""
        return make(self.config, self.seed)[0]


class Crossroads:
    """A shop in the morning of a day: the same shoppers with the same luck can live on under one policy after another.

    It saves running the days before again for each.  A policy that goes on has seen nothing of them.
    """

    def __init__(self, world: World, day: int, policy: Policy, coupons: CouponPolicy | None, log: bool):
        if not 0 < day < world.config.days:
            raise ValueError(f"day must lie inside the run, from 1 to {world.config.days - 1}, not {day}")
        self.day = day
        self._run = _Run(world, policy, coupons, log, seconds=600.0)
        self._run.live(0, day)
        self.so_far: Result = copy.deepcopy(self._run.result(day))
        """The days before, as a run that ended with them would have left them."""
        self._run.policy = self._run.coupon_policy = None       # with the log they would be copied for each future
        self._run.log = False
        self._run.columns = defaultdict(list, {name: self._run.columns[name] for name in ("coupons",) if name in self._run.columns})

    def go_on(self, policy: Policy, coupons: CouponPolicy | None = None, seconds: float = 600.0) -> Result:
        """What becomes of the shop under these policies from this day on; visits, revenue, cost and coupons are those of all days.

        seconds, PolicyError: as of `World.run`.
        """
        run = copy.deepcopy(self._run)
        run.policy, run.coupon_policy, run.seconds, run.thinking = policy, coupons, seconds, 0.0
        if coupons is not None:
            run.columns.setdefault("coupons", [])
        run.live(self.day, run.config.days)
        return run.result(run.config.days)


class _Run:
    def __init__(self, world: World, policy: Policy, coupons: CouponPolicy | None, log: bool, seconds: float):
        self.config, self.seed = world.config, world.seed
        self.policy, self.coupon_policy, self.log, self.seconds = policy, coupons, log, seconds
        self.catalogue, self.items = make(self.config, self.seed)
        n = self.config.shoppers
        self.shoppers = Shoppers(self.config, self.seed)
        self.visited = np.zeros((n, self.config.days), bool)
        self.revenue, self.cost = np.zeros(n), np.zeros(n)
        self.visits, self.orders = np.zeros(n, np.int32), np.zeros(n, np.int32)
        self.last_visit, self.last_coupon = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
        self.columns: dict[str, list[tuple[np.ndarray, ...]]] = defaultdict(list)
        if log:
            self.columns.update(exposures=[], views=[], orders=[], sessions=[])
        if coupons is not None:
            self.columns.update(coupons=[])
        self.due: dict[int, list[tuple[np.ndarray, ...]]] = defaultdict(list)
        """Orders by the day they will be placed: session, shopper, item, paid, coupon, discount."""
        self.session = 0
        self.end = self.config.days
        """The day that the log must not see."""
        self.luck = int(uniforms(self.seed, _POLICY, np.zeros(1), 0, 1)[0, 0] * 2**53)
        """Seed of the numbers a policy may draw: from it nobody finds the world's."""
        self.thinking = 0.0
        """Seconds that the policies took."""
        self.log_price = np.log(self.catalogue.price)
        self.examine = 1 / np.log2(np.arange(2, self.config.slate + 2))

    def live(self, first: int, last: int) -> None:
        """The days [first, last), under the policies of now."""
        self.end = last
        # A catalogue of its own: what a policy changes in what it is given changes nothing here.
        self._asked(self.policy.reset, make(self.config, self.seed)[0], self.config.shoppers, day=first)
        for day in range(first, last):
            if day and day % TASTE_DAYS == 0:
                self.shoppers.move_tastes(day)
            if self.coupon_policy is not None:
                self._send_coupons(day)
            self._open(day)

    def result(self, days: int) -> Result:
        """What has become of the shop in so many days."""
        truth = Truth(self.shoppers.arrival, self.shoppers.left, self.shoppers.kind)
        return Result(self.catalogue, days, self.visited[:, :days], self.revenue, self.cost, truth, dict(self.columns))

    # ---- one day ----

    def _open(self, day: int) -> None:
        coming = np.concatenate([self._coming(day, slice(a, a + BLOCK)) for a in range(0, self.config.shoppers, BLOCK)])
        seen: list[tuple[np.ndarray, ...]] = []
        for part in np.array_split(coming, max(1, -(-len(coming) // BLOCK))):
            if len(part):
                visits = Visits(day, part.copy(), self.config.slate, self.luck)
                slates = self._checked(day, part, self._asked(self.policy.recommend, visits, day=day))
                seen.append((part, slates.items, *self._visit(day, part, slates)))
        buyer, bought = self._place_orders(day)
        slate, searches = self.config.slate, self.config.searches
        empty = (np.empty(0, int), np.empty((0, slate), int), np.empty((0, slate), bool), np.empty((0, searches), int))
        shopper, items, clicked, searched = (np.concatenate(each) for each in zip(*(seen or [empty]), strict=True))
        self._asked(self.policy.observe, Day(day, shopper, items, clicked, searched, buyer, bought), day=day)

    def _coming(self, day: int, block: slice) -> np.ndarray:
        """Numbers of the shoppers of this block who visit today."""
        config, s = self.config, self.shoppers
        alive = np.flatnonzero(s.alive(day)[block]) + block.start
        age = day - s.arrival[alive]
        season = config.week[day % 7] * (1 + config.year * np.cos(2 * np.pi * (day - 330) / 365))
        rate = s.rate[alive] * season * np.exp(config.return_sooner * s.satisfaction[alive])
        drawn = (s.coupon_until[alive] >= day) & (s.kind[alive] == PERSUADABLE)
        rate[drawn] *= config.coupon_rate
        draw = uniforms(self.seed, _VISIT, alive, day, 1)[:, 0]
        return alive[(age == 0) | (draw < -np.expm1(-rate))]

    def _visit(self, day: int, who: np.ndarray, slates: Slates) -> tuple[np.ndarray, np.ndarray]:
        """These shoppers visit: they see their slate, search, buy, and stay or leave.  Returns clicks (n, slate) and searches (n, searches)."""
        config, s, items = self.config, self.shoppers, self.items
        n, slate, searches = len(who), config.slate, config.searches
        draw = iter(np.split(uniforms(self.seed, _SESSION, who, day, 6 + 3 * slate + 7 * searches),
                             np.cumsum([1] * 6 + [slate] + [searches] * 5 + [slate + searches]), axis=1))
        luck_mission, luck_fresh, luck_length, luck_leave, luck_delay, luck_days = (next(draw)[:, 0] for _ in range(6))
        luck_click, luck_wander, luck_find, luck_other, luck_again, luck_better, luck_cart, luck_buy = (next(draw) for _ in range(8))

        mission = self._mission(who, luck_mission, luck_fresh)
        fit = self._fit(who, slates.items)
        worth = fit - s.thrift[who, None] * (self.log_price[slates.items] - 3.0)
        appeal = (config.click + config.click_fit * worth + config.click_quality * items.quality[slates.items]
                  + config.click_mission * (self.catalogue.category[slates.items] == mission[:, None])
                  + config.click_bait * items.bait[slates.items])
        clicked = luck_click < self.examine * _sigmoid(appeal)
        searched = self._search(day, who, mission, luck_length, luck_wander, luck_find, luck_other, luck_again, luck_better)

        viewed = np.concatenate([np.where(clicked, slates.items, -1), searched], axis=1)
        order = np.argsort(viewed < 0, axis=1, kind="stable")       # views to the front, in their order
        path = np.take_along_axis(viewed, order, axis=1)
        carted, bought = self._cart(day, who, path, luck_cart, luck_buy)
        ordered = self._buy(day, who, path, bought, luck_delay, luck_days)

        placed = np.empty(viewed.shape, np.int32)
        np.put_along_axis(placed, order, ordered, axis=1)
        placed = placed[:, :slate]
        self._leave(day, who, slates.items, clicked, placed >= 0, fit, luck_leave)
        self.visited[who, day] = True
        self.visits[who] += 1
        self.last_visit[who] = day
        if self.log:
            self._keep(day, who, slates, clicked, placed, path, order, carted, ordered)
        self.session += n
        return clicked, searched

    def _mission(self, who: np.ndarray, luck: np.ndarray, fresh: np.ndarray) -> np.ndarray:
        """(n,) the category each visit is for."""
        config, last = self.config, self.shoppers.mission[who]
        drawn = (np.cumsum(self.shoppers.share[who], axis=1) < fresh[:, None]).sum(axis=1).clip(max=len(COMPLEMENTS) - 1)
        mission = np.where((last >= 0) & (luck < config.mission_stays), last, drawn)
        onward = (last >= 0) & (luck >= config.mission_stays) & (luck < config.mission_stays + config.mission_complement)
        mission = np.where(onward, np.array(COMPLEMENTS)[last], mission)
        self.shoppers.mission[who] = mission
        return mission

    def _fit(self, who: np.ndarray, shown: np.ndarray) -> np.ndarray:
        return np.einsum("nd,nkd->nk", self.shoppers.taste[who], self.items.vector[shown])

    def _search(self, day: int, who: np.ndarray, mission: np.ndarray, length: np.ndarray, wander: np.ndarray, find: np.ndarray,
                other: np.ndarray, again: np.ndarray, better: np.ndarray) -> np.ndarray:
        """(n, searches) items viewed among the search results of the mission, now and then of its complement; -1 after the last."""
        config, items = self.config, self.items
        many = np.minimum(np.floor(np.log(np.maximum(length, 1e-12)) / np.log(config.search)), config.searches).astype(int)
        category = np.where(wander < config.wander, np.array(COMPLEMENTS)[mission][:, None], mission[:, None])
        place = np.searchsorted(items.found_share, np.stack([find, other]) * (1 - 1e-9) + category, side="right")
        one, two = items.found[place.clip(max=len(items.found) - 1)]
        prefers_two = better < _sigmoid(2 * (self._fit(who, two) - self._fit(who, one)))
        found = np.where(prefers_two & (self.catalogue.released[two] <= day), two, one)
        found = np.where(self.catalogue.released[found] <= day, found, -1)
        found[np.arange(config.searches) >= many[:, None]] = -1
        for step in range(1, config.searches):
            repeat = (again[:, step] < config.search_again) & (found[:, step] >= 0) & (found[:, step - 1] >= 0)
            found[repeat, step] = found[repeat, step - 1]
        return found

    def _cart(self, day: int, who: np.ndarray, path: np.ndarray, luck_cart: np.ndarray, luck_buy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, steps) bool, twice: put into the cart at this view, and bought of it.  Each item at most once in a visit."""
        config, s = self.config, self.shoppers
        there = path >= 0
        safe = np.where(there, path, 0)
        worth = self._fit(who, safe) - s.thrift[who, None] * (self.log_price[safe] - 3.0) + .3 * self.items.quality[safe]
        category = np.where(there, self.catalogue.category[safe], -1)
        focus = np.zeros(path.shape)
        for step in range(1, path.shape[1]):
            focus[:, step] = .6 * focus[:, step - 1] + .6 * (category[:, step] == category[:, step - 1]) - .25 * (category[:, step] != category[:, step - 1])
        persuaded = (s.coupon_until[who] >= day) & (s.kind[who] == PERSUADABLE)
        carted = there & (luck_cart < _sigmoid(config.cart + config.cart_fit * worth + config.cart_focus * focus))
        for step in range(1, path.shape[1]):
            carted[:, step] &= ~(carted[:, :step] & (path[:, :step] == path[:, step:step + 1])).any(axis=1)
        bought = carted & (luck_buy < _sigmoid(config.buy + config.buy_fit * worth + config.coupon_buy * persuaded[:, None]))
        return carted, bought

    def _buy(self, day: int, who: np.ndarray, path: np.ndarray, bought: np.ndarray, luck_delay: np.ndarray, luck_days: np.ndarray) -> np.ndarray:
        """Enter what was decided under the day the order will be placed, all of one visit on one day; (n, steps) that day, else -1."""
        config = self.config
        row, step = np.nonzero(bought)
        item, shopper = path[row, step], who[row]
        later = np.where(luck_delay < config.delayed, 1 + (luck_days * config.delay_days).astype(int), 0)[row]
        coupon = self.shoppers.coupon_until[shopper] >= day
        discount = np.where(coupon, config.coupon_discount * self.catalogue.price[item], 0.0)
        paid = self.catalogue.price[item] - discount
        for delay in np.unique(later):
            own = later == delay
            self.due[day + int(delay)].append((self.session + row[own], shopper[own], item[own], paid[own], coupon[own], discount[own]))
        ordered = np.full(bought.shape, -1, np.int32)
        ordered[row, step] = day + later
        return ordered

    def _place_orders(self, day: int) -> tuple[np.ndarray, np.ndarray]:
        orders = self.due.pop(day, [])
        if not orders:
            return np.empty(0, int), np.empty(0, int)
        session, shopper, item, paid, coupon, discount = (np.concatenate(each) for each in zip(*orders, strict=True))
        np.add.at(self.revenue, shopper, paid)
        np.add.at(self.cost, shopper, discount)
        self.orders[np.unique(shopper)] += 1
        if self.log:
            self.columns["orders"].append((session, shopper, np.full(len(item), day), item, paid, coupon))
        return shopper, item

    def _leave(self, day: int, who: np.ndarray, shown: np.ndarray, clicked: np.ndarray, bought: np.ndarray, fit: np.ndarray,
               luck: np.ndarray) -> None:
        """Satisfaction moves, and some leave for good."""
        config, s, items = self.config, self.shoppers, self.items
        joy = np.where(items.bait[shown], config.joy_bait, config.joy_click) * clicked
        joy = joy.sum(axis=1) + config.joy_buy * bought.sum(axis=1) + config.joy_fit * fit.mean(axis=1) - config.joy_expected
        keep = config.satisfaction_keeps
        s.satisfaction[who] = keep * s.satisfaction[who] + (1 - keep) * 2 * np.clip(joy, -2, 2)
        persuaded = (s.coupon_until[who] >= day) & (s.kind[who] == PERSUADABLE)
        leaves = luck < _sigmoid(s.leave_logit[who] - config.stay * s.satisfaction[who] - config.coupon_stay * persuaded)
        s.left[who[leaves]] = day

    # ---- coupons ----

    def _send_coupons(self, day: int) -> None:
        known = Customers(day, *(a.copy() for a in (self.visits, self.last_visit, self.orders, self.revenue, self.last_coupon)))
        name = type(self.coupon_policy).__name__
        send = np.asarray(self._asked(self.coupon_policy.send, known, day=day))
        if send.dtype != bool or send.shape != self.visits.shape:
            raise PolicyError(str(_SHAPE.format(policy=name, method="send", wanted=f"({len(self.visits)},) bool", got=f"{send.shape} {send.dtype}")))
        who = np.flatnonzero(send & (self.visits > 0))
        s = self.shoppers
        s.coupon_until[who] = day + self.config.coupon_days - 1
        self.last_coupon[who] = day
        self.cost[who] += self.config.coupon_cost
        angry = (s.kind[who] == ANNOYED) & (s.left[who] >= day) & (uniforms(self.seed, _COUPON, who, day, 1)[:, 0] < self.config.coupon_leave)
        s.left[who[angry]] = day - 1
        self.columns["coupons"].append((who, np.full(len(who), day), angry))

    # ---- what a policy may answer ----

    def _asked(self, method, *arguments, day: int):
        began = time.perf_counter()
        answer = method(*arguments)
        self.thinking += time.perf_counter() - began
        if self.thinking > self.seconds:
            raise PolicyError(str(_SLOW.format(policy=type(method.__self__).__name__, seconds=self.thinking, day=day, limit=self.seconds)))
        return answer

    def _checked(self, day: int, who: np.ndarray, answer: Slates) -> Slates:
        """The slates as arrays of our own: a policy may use its array again."""
        name, wanted = type(self.policy).__name__, (len(who), self.config.slate)

        def misshapen(wanted: str, got: str) -> PolicyError:
            return PolicyError(str(_SHAPE.format(policy=name, method="recommend", wanted=wanted, got=got)))

        def refuse(wrong: np.ndarray, text: Text, **more: np.ndarray) -> None:
            if wrong.any():
                row, place = np.argwhere(wrong)[0]
                facts = {key: value[row, place] for key, value in more.items()}
                raise PolicyError(str(text.format(policy=name, shopper=who[row], day=day, last=len(self.catalogue) - 1, **facts)))

        if not isinstance(answer, Slates):
            raise misshapen("Slates(items, propensity)", type(answer).__name__)
        shown = _array(answer.items)
        if shown.shape != wanted or not np.issubdtype(shown.dtype, np.integer):
            raise misshapen(f"{wanted} ints", f"{shown.shape} {shown.dtype}")
        refuse((shown < 0) | (shown >= len(self.catalogue)), _UNKNOWN, item=shown)
        released = self.catalogue.released[shown]
        refuse(released > day, _EARLY, item=shown, released=released)
        ordered = np.sort(shown, axis=1)
        refuse(np.pad(ordered[:, 1:] == ordered[:, :-1], ((0, 0), (1, 0))), _TWICE, item=ordered)
        if answer.propensity is None:
            return Slates(shown, np.full(wanted, np.nan))
        propensity = _array(answer.propensity)
        if propensity.shape != wanted or not np.issubdtype(propensity.dtype, np.number):
            raise misshapen(f"propensities {wanted}", f"{propensity.shape} {propensity.dtype}")
        refuse(~((propensity > 0) & (propensity <= 1)), _PROPENSITY, value=propensity)
        return Slates(shown, propensity)

    # ---- the log ----

    def _keep(self, day: int, who: np.ndarray, slates: Slates, clicked: np.ndarray, placed: np.ndarray, path: np.ndarray,
              order: np.ndarray, carted: np.ndarray, ordered: np.ndarray) -> None:
        n, slate = slates.items.shape
        session = self.session + np.arange(n)
        self.columns["sessions"].append((session, who, np.full(n, day)))
        self.columns["exposures"].append((np.repeat(session, slate), np.repeat(who, slate), np.full(n * slate, day),
                                          np.tile(np.arange(slate), n), slates.items.ravel(), slates.propensity.ravel(), clicked.ravel(),
                                          self._by_now(placed.ravel())))
        row, step = np.nonzero(path >= 0)
        self.columns["views"].append((session[row], who[row], np.full(len(row), day), step, path[row, step], order[row, step] >= slate,
                                      carted[row, step], self._by_now(ordered[row, step])))

    def _by_now(self, placed: np.ndarray) -> np.ndarray:
        """What the log of the last day knows: an order placed later is none yet."""
        return np.where(placed < self.end, placed, -1)


def _array(given) -> np.ndarray:
    """A new array; of objects if its rows are not equally long."""
    try:
        return np.array(given)
    except ValueError:
        return np.array(given, dtype=object)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
