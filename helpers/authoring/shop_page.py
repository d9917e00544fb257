"""The measured parts of `data/shop.md`: its tables, and its pictures in `data/shop/`."""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from helpers.shop import WORLDS, World, facts, tour
from helpers.shop.retention import retained

SEEDS = (0, 1, 2)


def write(course: Path) -> None:
    """Measure the tables, draw the pictures, and put both in their places.  Takes some minutes."""
    folder = course / "data" / "shop"
    folder.mkdir(exist_ok=True)
    for name, figure in tour.pictures(tour.run_all()).items():
        figure.savefig(folder / f"{name}.png", metadata={"Software": None})
        plt.close(figure)
    page = course / "data" / "shop.md"
    text = page.read_text(encoding="utf-8")
    for name, table in {"calibration": facts.table(facts.calibration()), "policies": policies()}.items():
        text = put(text, name, table)
    page.write_text(text, encoding="utf-8")


def put(text: str, name: str, table: str) -> str:
    """The text with what stands between the two marks of this name replaced.  ValueError if the marks are not there once."""
    first, last = f"<!-- {name}: measured -->\n", f"\n<!-- end of {name} -->"
    if text.count(first) != 1 or text.count(last) != 1:
        raise ValueError(f"data/shop.md must hold {first.strip()} and {last.strip()} once each")
    return text.split(first)[0] + first + table + last + text.split(last)[1]


def policies() -> str:
    """Click rate, retention, and the gain over slates at random of every policy in every world, over SEEDS."""
    rows = []
    for label, config in WORLDS.items():
        worlds = [World(config, seed) for seed in SEEDS]
        base = []
        for name in tour.POLICIES:
            started = time.perf_counter()
            runs = [tour.deployed(name, world) for world in worlds]
            seconds = (time.perf_counter() - started) / len(worlds)
            kept = [retained(run).astype(float) for run in runs]
            base = base or kept
            gain = np.concatenate(kept) - np.concatenate(base)
            half = 1.959964 * gain.std(ddof=1) / np.sqrt(len(gain))
            low, high = (f"{100 * bound:+.1f}" for bound in (gain.mean() - half, gain.mean() + half))
            rows.append(f"| {label} | {name} | {100 * np.mean([tour.click_rate(run) for run in runs]):.1f} % | "
                        f"{100 * np.concatenate(kept).mean():.1f} % | {100 * gain.mean():+.1f} ({low} to {high}) | {seconds:.1f} |")
    return "\n".join(["| world | from day 90 | clicks per item shown | back after 60 days | gain over random, points | seconds |",
                      "|---|---|---|---|---|---|", *rows])
