"""What the shop sells: what everybody sees (`Catalogue`), and what nobody can (`Items`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from helpers.language import language
from helpers.shop import words
from helpers.shop.config import Config
from helpers.shop.draws import uniforms

CATEGORY_COUNT = len(words.CATEGORIES)
PROPERTY_COUNT = sum(map(len, words.PROPERTIES))
DIMENSIONS = CATEGORY_COUNT + PROPERTY_COUNT
"""Of tastes and items: one for each category, and one for each value of a property."""
_PURPOSE = 1


@dataclass(frozen=True)
class Catalogue:
    """What a platform knows of its items; item i is row i of each array, (items,)."""

    title_en: np.ndarray
    title_zh: np.ndarray
    category: np.ndarray
    """Number of the category, 0 to 11; `categories()` names them."""
    price: np.ndarray
    released: np.ndarray
    """Day from which it may be shown."""

    def __len__(self) -> int:
        return len(self.price)

    @property
    def titles(self) -> np.ndarray:
        """Titles in the current language."""
        return self.title_zh if language() == "zh" else self.title_en

    def frame(self) -> pd.DataFrame:
        """| item (index) | title_en | title_zh | category (name) | price | released (day) |"""
        names = np.array(categories(), dtype=object)
        return pd.DataFrame({"title_en": self.title_en, "title_zh": self.title_zh, "category": names[self.category], "price": self.price,
                             "released": self.released}).rename_axis("item")


@dataclass(frozen=True)
class Items:
    """The hidden side of a catalogue."""

    vector: np.ndarray
    """(items, DIMENSIONS): what it is; a shopper's fit is taste times vector."""
    quality: np.ndarray
    bait: np.ndarray
    found: np.ndarray
    """(items,): items by category and, within one, by how often they are found."""
    found_end: np.ndarray
    """(CATEGORY_COUNT + 1,): where each category begins in `found`."""
    found_share: np.ndarray
    """(items,): category number plus the cumulative share of finds up to this place of `found`."""


def categories() -> tuple[str, ...]:
    """The categories' names in the current language."""
    return tuple(zh if language() == "zh" else en for en, zh, _ in words.CATEGORIES)


def make(config: Config, seed: int) -> tuple[Catalogue, Items]:
    """The catalogue of a world, and its hidden side."""
    n = config.items
    draw = uniforms(seed, _PURPOSE, np.arange(n), 0, 16)
    category = np.arange(n) % CATEGORY_COUNT
    thing = _pick(draw[:, 0], next(len(things) for *_, things in words.CATEGORIES))
    properties = np.stack([_pick(draw[:, 1 + j], len(values)) for j, values in enumerate(words.PROPERTIES)], axis=1)
    bait = draw[:, 4] < config.bait
    prefix = np.where(bait, _pick(draw[:, 5], len(words.BAIT)), -1)
    titles = [words.title(c, t, tuple(p), b) for c, t, p, b in zip(category, thing, properties.tolist(), prefix, strict=True)]
    # Which category is dear differs from world to world, how dear they are together does not.
    turn = np.argsort(uniforms(seed, _PURPOSE + 1, np.arange(CATEGORY_COUNT), 0, 1)[:, 0])
    level = 3.0 + .5 * ndtri((turn + .5) / CATEGORY_COUNT)
    price = np.round(np.exp(level[category] + .5 * ndtri(draw[:, 6])), 2)
    released = np.where(draw[:, 7] < config.released_late, config.arrival_days // 2 + (draw[:, 8] * config.arrival_days).astype(int), 0)

    vector = np.zeros((n, DIMENSIONS), np.float32)
    vector[np.arange(n), category] = 1.0
    offset = CATEGORY_COUNT
    for j, values in enumerate(words.PROPERTIES):
        vector[np.arange(n), offset + properties[:, j]] = 1.0 / np.sqrt(len(words.PROPERTIES))
        offset += len(values)
    quality = ndtri(draw[:, 9]).astype(np.float32)
    quality[bait] -= 1.0

    fame = draw[:, 10] - .08 * np.clip(quality, -2, 2)      # lower is better known: a good item somewhat more likely
    found = np.lexsort((fame, category))
    sizes = np.bincount(category, minlength=CATEGORY_COUNT)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    rank = np.arange(n) - np.repeat(ends[:-1], sizes) + 1
    weight = (rank + config.fame_head) ** -config.fame
    total = np.add.reduceat(weight, ends[:-1])
    share = np.cumsum(weight) - np.repeat(np.concatenate([[0.0], np.cumsum(total)[:-1]]), sizes)
    found_share = category[found] + np.minimum(share / np.repeat(total, sizes), 1.0)
    found_share[ends[1:] - 1] = np.arange(1, CATEGORY_COUNT + 1)
    en, zh = (np.array(column, dtype=object) for column in zip(*titles, strict=True))
    return (Catalogue(en, zh, category, price, released), Items(vector, quality, bait, found, ends, found_share))


def _pick(u: np.ndarray, k: int) -> np.ndarray:
    return (u * k).astype(int)
