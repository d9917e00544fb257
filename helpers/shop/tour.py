"""Pictures of the shop: what a platform sees, and what only a simulation can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers import plots
from helpers.shop.config import WORLDS
from helpers.shop.learned import Neighbours
from helpers.shop.log import Result
from helpers.shop.oracle import Oracle
from helpers.shop.policies import ClickRate, Logging, Popular, Switch, Uniform
from helpers.shop.retention import ACTIVE, active, retained
from helpers.shop.world import World

SWITCH = ACTIVE[1]
POLICIES = {
    "at random": lambda world: Uniform(), "popular": lambda world: Popular(), "best click rate": lambda world: ClickRate(),
    "neighbours": lambda world: Neighbours(), "oracle": Oracle,
}
"""What is deployed on day SWITCH in every comparison of the page; before it the logging policy runs."""


def deployed(name: str, world: World, log: bool = True) -> Result:
    """The run of a world in which POLICIES[name] replaces the logging policy on day SWITCH."""
    return world.run(Switch(Logging(), POLICIES[name](world), SWITCH), log=log)


def weekly(run: Result) -> pd.DataFrame:
    """Share of the shoppers active before the switch who visit in each week after it, with Wilson's interval; index: weeks since."""
    visited = run.visited[active(run)][:, SWITCH:]
    weeks = visited[:, :visited.shape[1] // 7 * 7].reshape(len(visited), -1, 7).any(axis=2)
    low, high = plots.wilson(weeks.sum(axis=0), len(weeks))
    return pd.DataFrame({"rate": weeks.mean(axis=0), "low": low, "high": high}, index=np.arange(1, weeks.shape[1] + 1))


def worlds(runs: Mapping[str, Mapping[str, Result]]) -> Figure:
    """Weekly retention after the switch, a panel for each world.  runs: world -> policy -> run."""
    figure, panels = plt.subplots(1, len(runs), figsize=(4.4 * len(runs), 4), sharey=True)
    for ax, (world, by_policy) in zip(np.atleast_1d(panels), runs.items(), strict=True):
        plots.retention_curves({name: weekly(run) for name, run in by_policy.items()}, title=world, xlabel="weeks since the switch",
                               ylabel="visit in this week, of those active before" if ax is np.atleast_1d(panels)[0] else "", ax=ax)
    return figure


def clicks_and_retention(runs: Mapping[str, Result], ax: Axes | None = None) -> Axes:
    """Each policy by its click rate and its retention.  runs: policy -> run."""
    ax = ax or plt.subplots()[1]
    for (name, run), colour in zip(runs.items(), plots.COLOURS, strict=False):
        kept, clicks = retained(run), click_rate(run)
        low, high = plots.wilson(kept.sum(), len(kept))
        ax.plot([clicks, clicks], [low, high], color=colour, lw=2.2, alpha=.5)
        ax.plot(clicks, kept.mean(), "o", color=colour)
        ax.annotate(name, (clicks, high), xytext=(0, 5), textcoords="offset points", ha="center", color=colour)
    ax.margins(x=.15, y=.15)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set(title="Where titles deceive, clicks are not retention", xlabel="clicks per item shown, after the switch",
           ylabel="back after 60 days (95 % interval)")
    return ax


def click_rate(run: Result) -> float:
    """Clicks per item shown after the switch."""
    exposures = run.exposures
    return float(exposures.loc[exposures["day"] >= SWITCH, "clicked"].mean())


def silence(run: Result, day: int = 150, ax: Axes | None = None) -> Axes:
    """Of shoppers with three visits or more, by days of silence: how many left for good.  No platform can draw this."""
    ax = ax or plt.subplots()[1]
    came = run.visited[:, :day].sum(axis=1) >= 3
    last = day - 1 - run.visited[:, :day][came][:, ::-1].argmax(axis=1)
    silent, gone = day - 1 - last, run.truth.left[came] < day
    weeks = silent // 7
    rows = pd.DataFrame({"week": weeks, "gone": gone}).groupby("week")["gone"].agg(["sum", "size"])
    rows = rows[rows["size"] >= 30]
    low, high = plots.wilson(rows["sum"], rows["size"])
    x = rows.index * 7 + 3.5
    ax.fill_between(x, low, high, color=plots.BLUE, alpha=.2, lw=0)
    ax.plot(x, rows["sum"] / rows["size"], "o-", color=plots.BLUE, markersize=3.5)
    ax.set_ylim(0, 1.02)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set(title="Silent is not gone", xlabel=f"days since the last visit, on day {day}", ylabel="left for good (95 % interval)")
    return ax


def lives(runs: Mapping[str, Result], shoppers: np.ndarray, ax: Axes | None = None) -> Axes:
    """The same shoppers under several policies: a dot for each day of a visit, a cross where one left for good."""
    ax = ax or plt.subplots(figsize=(10, .5 + .32 * len(shoppers) * len(runs)))[1]
    row, ticks = 0.0, []
    for shopper in shoppers:
        ticks.append((row + (len(runs) - 1) / 2, f"shopper {shopper}"))
        for (name, run), colour in zip(runs.items(), plots.COLOURS, strict=False):
            days = np.flatnonzero(run.visited[shopper])
            ax.plot([days[0], min(int(run.truth.left[shopper]), run.days)], [row, row], color=colour, lw=1, alpha=.4)
            ax.plot(days, np.full(len(days), row), "o", color=colour, markersize=3.5, label=name if shopper == shoppers[0] else None)
            if run.truth.left[shopper] < run.days:
                ax.plot(run.truth.left[shopper] + 1.5, row, "x", color=colour, markersize=6)
            row += 1
        row += .8
    ax.axvline(SWITCH - .5, color=plots.GREY, lw=1, ls=":")
    ax.annotate("the policy is switched", (SWITCH, -1), color=plots.GREY, fontsize=9)
    ax.set_yticks([height for height, _ in ticks], [name for _, name in ticks])
    ax.set_ylim(row, -1.8)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    ax.set(title="The same people, the same luck, another policy", xlabel="day")
    return ax


def funnel(run: Result, ax: Axes | None = None) -> Axes:
    """From shown to ordered, and how many days after the view the order came."""
    ax = ax or plt.subplots()[1]
    views = run.views
    bought = views[views["ordered"] >= 0]
    delay = (bought["ordered"] - bought["day"]).value_counts(normalize=True).sort_index()
    ax.bar(delay.index, delay, color=[plots.BLUE] + [plots.SKY] * (len(delay) - 1))
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.annotate(f"{len(views):,} views\n{views['carted'].sum():,} into the cart\n{len(bought):,} bought", (.97, .95),
                xycoords="axes fraction", ha="right", va="top", color=plots.GREY)
    ax.set(title="A view without an order may only be too young", xlabel="days from view to order", ylabel="of all orders")
    return ax


def run_all(seed: int = 0, shoppers: int = 20_000) -> dict[str, dict[str, Result]]:
    """world -> policy -> run, for every world and policy of the page."""
    runs: dict[str, dict[str, Result]] = {}
    for world, config in WORLDS.items():
        here = World(replace(config, shoppers=shoppers), seed)
        runs[world] = {name: deployed(name, here) for name in POLICIES}
    return runs


def pictures(runs: Mapping[str, Mapping[str, Result]]) -> dict[str, Figure]:
    """Every picture of the page, by name.  runs: as `run_all` makes them."""
    plots.style()
    helps, bait = runs["relevance helps"], runs["click-bait"]
    before, after = helps["at random"].truth.left, helps["oracle"].truth.left
    saved = (before >= SWITCH) & (before < 150) & (after > 180)
    regular = helps["oracle"].visited[:, :SWITCH].sum(axis=1) >= 4
    shown = np.concatenate([np.flatnonzero(regular & active(helps["oracle"]) & group)[:3] for group in (saved, ~saved)])
    return {
        "worlds": worlds(runs),
        "clicks": clicks_and_retention(bait).figure,
        "lives": lives({name: helps[name] for name in ("at random", "oracle")}, shown).figure,
        "silence": silence(helps["at random"]).figure,
        "orders": funnel(helps["popular"]).figure,
    }
