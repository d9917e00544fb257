"""The ceiling no platform reaches: a policy that knows the hidden tastes."""

from __future__ import annotations

import numpy as np

from helpers.shop.catalogue import Catalogue, make
from helpers.shop.draws import uniforms
from helpers.shop.policies import Ranked, Visits
from helpers.shop.shoppers import TASTE_DAYS, Shoppers
from helpers.shop.world import World

_SERVED, _ELSE = 50, 51


class Oracle(Ranked):
    """Shows what fits best, by the true tastes and qualities, and never bait.  It measures how much there is to gain.

    share: of the shoppers who get it; the others are shown items at random.  More of it must retain more.
    """

    def __init__(self, world: World, share: float = 1.0):
        self.world, self.share = world, share

    def reset(self, catalogue: Catalogue, shoppers: int) -> None:
        super().reset(catalogue, shoppers)
        self._items = make(self.world.config, self.world.seed)[1]
        self._state = Shoppers(self.world.config, self.world.seed)
        self._moved = 0
        self._log_price = np.log(catalogue.price) - 3.0

    def recommend(self, visits: Visits):
        for day in range(self._moved + TASTE_DAYS, visits.day + 1, TASTE_DAYS):
            self._state.move_tastes(day)
            self._moved = day
        return super().recommend(visits)

    def scores(self, shopper: np.ndarray) -> np.ndarray:
        config, items, state = self.world.config, self._items, self._state
        fit = state.taste[shopper] @ items.vector.T - state.thrift[shopper, None] * self._log_price
        scores = config.click_fit * fit + config.click_quality * items.quality - 100.0 * items.bait
        served = uniforms(self.world.seed, _SERVED, shopper, 0, 1) < self.share
        return np.where(served, scores, uniforms(self.world.seed, _ELSE, shopper, self._moved, len(self.catalogue)))
