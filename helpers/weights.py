"""Weights of trained networks, kept under `data/` in half precision, so that a notebook scores at once with what took minutes to train.

All that is said of a kept network is measured with the rounded weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data.installed import shipped


class Trained(NamedTuple):
    """A network with its weights; the CPU seconds its training took, the epochs that were run, and which of them was kept (from 1)."""

    model: object
    seconds: float
    epochs: int
    kept: int


def rounded(model) -> list[np.ndarray]:
    """The weights in half precision, which the model has from now on, too."""
    half = [np.asarray(weight, np.float16) for weight in model.get_weights()]
    model.set_weights([weight.astype(np.float32) for weight in half])
    return half


def keep(path: Path, name: str, model, *facts: float) -> None:
    """Add a model's rounded weights and some numbers about it to the file, under this name; what stood there under it goes."""
    arrays = {}
    if path.exists():
        with np.load(path) as kept:
            arrays = {key: kept[key] for key in kept if not key.startswith(f"{name}/")}
    arrays |= {f"{name}/{i}": half for i, half in enumerate(rounded(model))}
    arrays[f"{name}/facts"] = np.array(facts)
    np.savez_compressed(path, **arrays)


def kept(file: str, name: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Weights (float32, as Keras' `set_weights` wants them) and the numbers kept with them.  file: in `data/`.  KeyError for another name."""
    with np.load(shipped(file)) as every:
        if f"{name}/facts" not in every:
            raise KeyError(name)
        count = sum(key.startswith(f"{name}/") for key in every) - 1
        return [every[f"{name}/{i}"].astype(np.float32) for i in range(count)], every[f"{name}/facts"]
