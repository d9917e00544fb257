"""The true state of the shoppers, which no platform can observe."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import betaincinv, gammaincinv, ndtr, ndtri

from helpers.shop import words
from helpers.shop.catalogue import CATEGORY_COUNT, DIMENSIONS, PROPERTY_COUNT
from helpers.shop.config import Config
from helpers.shop.draws import uniforms

TASTE_DAYS = 30
"""Tastes move once in so many days."""
PERSUADABLE, INDIFFERENT, ANNOYED = 1, 0, -1
_TRAITS, _TASTES = 10, 11


class Shoppers:
    """All shoppers of a world on one day; row i is shopper i."""

    def __init__(self, config: Config, seed: int):
        n = config.shoppers
        self._config, self._seed, self._ids = config, seed, np.arange(n)
        draw = uniforms(seed, _TRAITS, self._ids, 0, 8)
        self.arrival = (draw[:, 0] * config.arrival_days).astype(np.int32)
        self.rate = config.visit_scale * gammaincinv(config.visit_shape, draw[:, 1])
        """(n,) visits a day, before all that moves it."""
        leave = np.clip(betaincinv(config.leave_a, config.leave_b, draw[:, 2]), 1e-6, 1 - 1e-6)
        self.leave_logit = np.log(leave / (1 - leave))
        self.thrift = config.price_scale * gammaincinv(config.price_shape, draw[:, 3])
        """(n,) utility lost for each unit of log price."""
        self.kind = np.where(draw[:, 4] < config.persuadable, PERSUADABLE, np.where(draw[:, 4] > 1 - config.annoyed, ANNOYED, INDIFFERENT))
        """(n,) how a coupon works on them."""
        self.satisfaction = np.zeros(n)
        self.left = np.full(n, np.iinfo(np.int32).max, np.int32)
        """(n,) day on which they left for good, after its visit."""
        self.mission = np.full(n, -1, np.int8)
        self.coupon_until = np.full(n, -1, np.int32)
        """(n,) last day on which their latest coupon is valid."""
        self._hidden = np.empty((n, CATEGORY_COUNT + PROPERTY_COUNT), np.float32)
        self.share = np.empty((n, CATEGORY_COUNT), np.float32)
        """(n, categories) what they look for."""
        self.taste = np.empty((n, DIMENSIONS), np.float32)
        """(n, DIMENSIONS): times an item's vector it gives the fit."""
        self.move_tastes(0)

    def alive(self, day: int) -> np.ndarray:
        """(n,) who has arrived, and has not left before this day."""
        return (self.arrival <= day) & (self.left >= day)

    def move_tastes(self, day: int) -> None:
        """Let tastes drift; to be called on day 0, TASTE_DAYS, 2 * TASTE_DAYS, …"""
        keep = 0.0 if day == 0 else 2.0 ** (-TASTE_DAYS / self._config.drift_days)
        for rows in np.array_split(self._ids, max(1, len(self._ids) // 50_000)):
            normal = ndtri(np.maximum(uniforms(self._seed, _TASTES, rows, day, self._hidden.shape[1]), 2.0**-53)).astype(np.float32)
            hidden = normal if day == 0 else keep * self._hidden[rows] + np.sqrt(1 - keep**2) * normal
            self._hidden[rows] = hidden
            weight = np.interp(hidden[:, :CATEGORY_COUNT], *_gamma_of_normal(self._config.taste_alpha)).astype(np.float32) + 1e-9
            share = weight / weight.sum(axis=1, keepdims=True)
            self.share[rows] = share
            self.taste[rows, :CATEGORY_COUNT] = 2.0 * np.sqrt(share) - .5
            self.taste[rows, CATEGORY_COUNT:] = self._config.taste_properties * hidden[:, CATEGORY_COUNT:]


@cache
def _gamma_of_normal(shape: float) -> tuple[np.ndarray, np.ndarray]:
    """Points of the function that turns a standard normal number into a Gamma(shape) one: a normal number can drift, a Gamma cannot."""
    normal = np.linspace(-6, 6, 4001)
    return normal, gammaincinv(shape, ndtr(normal))


assert all(len(things) == len(words.CATEGORIES[0][2]) for *_, things in words.CATEGORIES)
