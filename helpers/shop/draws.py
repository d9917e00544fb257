"""Uniform numbers that belong to a shopper and a day: whatever a policy does, the same fate is drawn.

Each (seed, purpose, shopper, day) opens a stream of its own of SplitMix64 (Steele, Lea and Flood, 2014), so any number can be had without
those before it: for few shoppers of many, for one day of many, in any order.
"""

from __future__ import annotations

import numpy as np

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def uniforms(seed: int, purpose: int, shopper: np.ndarray, day: int, k: int) -> np.ndarray:
    """k numbers of [0, 1) for each shopper of this day.

    shopper: (n,) ints >= 0.  Returns (n, k) float64.  Purposes do not share numbers.
    """
    with np.errstate(over="ignore"):        # the arithmetic is modulo 2**64
        key = _mix(np.asarray([seed % 2**64], np.uint64))
        for part in (purpose, day):
            key = _mix(key + np.uint64(part) * _GAMMA)
        start = _mix(key + np.asarray(shopper).astype(np.uint64) * _GAMMA)
        bits = _mix(start[:, None] + np.arange(1, k + 1, dtype=np.uint64) * _GAMMA)
    return (bits >> np.uint64(11)) * 2.0**-53


def _mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
