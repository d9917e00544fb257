"""The course's pictures: one idea each, readable alone, an interval beside every estimate.

Colours are Okabe and Ito's, which colour-blind readers can tell apart. Curves and points carry their names where they stand, so
no reader has to travel to a legend and back. Every function takes data, draws on `ax` (or on a new figure) and returns the Axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY)
INK, GREY, FAINT = "#222222", "#767676", "#D9D9D9"


def style() -> None:
    """Set matplotlib's look for a notebook: call once, in the setup cell."""
    mpl.rcParams.update({
        "figure.figsize": (7.5, 4.2), "figure.dpi": 96, "savefig.dpi": 144, "figure.constrained_layout.use": True,
        "axes.prop_cycle": mpl.cycler(color=COLOURS), "axes.spines.top": False, "axes.spines.right": False,
        "axes.edgecolor": GREY, "axes.labelcolor": INK, "axes.titlesize": 12, "axes.titleweight": "bold",
        "axes.titlelocation": "left", "axes.titlecolor": INK, "axes.titlepad": 10, "axes.labelsize": 10.5,
        "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
        "xtick.labelsize": 9.5, "ytick.labelsize": 9.5, "axes.grid": False, "lines.linewidth": 2.0,
        "legend.frameon": False, "font.family": "sans-serif", "axes.unicode_minus": False,
    })


def wilson(successes, n, z: float = 1.959964):
    """Wilson's interval for a share: (low, high), 95 % unless `z` says otherwise; (nan, nan) where n is 0.

    It stays inside [0, 1] and is sensible at 0 and at n, where share ± z·standard error is not. Numbers or arrays.
    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = successes / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def retention_curves(curves: Mapping, *, title: str, xlabel: str, ylabel: str = "share of the cohort",
                     ax: Axes | None = None) -> Axes:
    """Lines of a share over periods, each with its name at its end and its interval as a band.

    curves: name -> frame whose index is the period, with columns `rate` and, if there is an interval, `low` and `high`.
    """
    ax = ax or plt.subplots()[1]
    ends = []
    for (name, frame), colour in zip(curves.items(), _colours(len(curves)), strict=True):
        frame = frame.dropna(subset=["rate"])
        x, rate = frame.index.to_numpy(float), frame["rate"].to_numpy(float)
        if {"low", "high"} <= set(frame.columns):
            ax.fill_between(x, frame["low"].to_numpy(float), frame["high"].to_numpy(float), color=colour, alpha=.2, lw=0)
        ax.plot(x, rate, color=colour, marker="o", markersize=3.5)
        ends.append((x[-1], rate[-1], name, colour))
    ax.set_ylim(0, None)
    ax.set_ylim(0, min(1.02, ax.get_ylim()[1]) if max(y for _, y, *_ in ends) <= 1 else None)
    percent(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    # Names stand right of each curve's last point, moved apart where they would overlap; the figure makes room for the longest.
    low, high = ax.get_ylim()
    heights = _apart([y for _, y, *_ in ends], gap=.06 * (high - low))
    for (x, _, name, colour), height in zip(ends, heights, strict=True):
        ax.annotate(name, (x, height), xytext=(8, 0), textcoords="offset points", color=colour, va="center",
                    fontsize=9.5, annotation_clip=False)
    return ax


def forest(names: Sequence[str], values, low=None, high=None, *, title: str, xlabel: str, reference: float | None = None,
           reference_label: str = "", highlight: Sequence[str] | str = (), fmt: str = "{:.3f}", ax: Axes | None = None) -> Axes:
    """Estimates beneath each other, each a dot with its interval and its number: the course's comparison of rungs.

    names, values, low, high: in the order to show them, first on top; an interval may be missing (None, or nan for a row).
    reference: a value to draw a dotted line at (the baseline, or no effect).  highlight: names drawn in colour.
    """
    values = np.asarray(values, float)
    low = values if low is None else np.where(np.isnan(np.asarray(low, float)), values, np.asarray(low, float))
    high = values if high is None else np.where(np.isnan(np.asarray(high, float)), values, np.asarray(high, float))
    highlight = {highlight} if isinstance(highlight, str) else set(highlight)
    rows = np.arange(len(values))
    ax = ax or plt.subplots(figsize=(7.5, 1.3 + .36 * len(values)))[1]
    if reference is not None:
        ax.axvline(reference, color=GREY, lw=1, ls=":", zorder=0)
        if reference_label:
            ax.annotate(reference_label, (reference, -.75), xytext=(4, 0), textcoords="offset points", color=GREY, fontsize=9,
                        va="center", annotation_clip=False)
    for row, name in enumerate(names):
        colour = BLUE if name in highlight or not highlight else GREY
        # Caps taller than the dot: an interval narrower than the dot is still seen to be there.
        ax.plot([low[row], high[row]], [row, row], color=colour, lw=2.2, solid_capstyle="butt", alpha=.55)
        if not np.isclose(low[row], high[row], rtol=1e-9, atol=0):
            ax.plot([low[row], high[row]], [row, row], "|", color=colour, markersize=11, markeredgewidth=1.2)
        ax.plot(values[row], row, "o", color=colour, markersize=4.2, markeredgewidth=0)
        ax.annotate(fmt.format(values[row]), (1, row), xycoords=("axes fraction", "data"), xytext=(6, 0),
                    textcoords="offset points", color=colour, va="center", fontsize=9.5, annotation_clip=False)
    ax.set_yticks(rows, names)
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_fontweight("bold" if name in highlight else "normal")
    ax.set_ylim(len(values) - .4, -1.1 if reference is not None and reference_label else -.6)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.margins(x=.06)
    ax.set(title=title, xlabel=xlabel)
    return ax


def ranked_words(columns: Mapping[str, Sequence[tuple[str, float]]], *, title: str, xlabel: str = "", ax: Axes | None = None) -> Axes:
    """Lists of words beneath each other, one list a column, in letters that grow with the word's share: what a topic is about.

    columns: heading -> (word, share), the first on top.
    """
    longest = max(map(len, columns.values()))
    ax = ax or plt.subplots(figsize=(2.4 * len(columns), .8 + .3 * longest))[1]
    largest = max(share for words in columns.values() for _, share in words)
    for place, ((heading, words), colour) in enumerate(zip(columns.items(), _colours(len(columns)), strict=True)):
        ax.annotate(heading, (place, -1), ha="left", va="center", color=colour, fontsize=10, fontweight="bold")
        for row, (word, share) in enumerate(words):
            ax.annotate(word, (place, row), ha="left", va="center", color=INK, fontsize=7 + 6 * (share / largest) ** .5)
    ax.set(xlim=(-.05, len(columns)), ylim=(longest - .4, -1.6), xticks=[], yticks=[], title=title, xlabel=xlabel)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return ax


def through_time(amounts: Mapping[str, Sequence[float]], *, title: str, xlabel: str, highlight: Mapping[str, str] | None = None,
                 ax: Axes | None = None) -> Axes:
    """Dots on one line for each name, one dot a period, its area growing with the amount: what came, stayed and went.

    amounts: name -> a number for each period, from period 1 on.  highlight: name -> colour.
    """
    ax = ax or plt.subplots(figsize=(8, 1.2 + .34 * len(amounts)))[1]
    largest = max(max(line) for line in amounts.values())
    for row, (name, line) in enumerate(amounts.items()):
        colour = (highlight or {}).get(name, GREY)
        line = np.asarray(line, float)
        period = np.arange(1, len(line) + 1)
        ax.axhline(row, color=FAINT, lw=.8, zorder=0)
        ax.scatter(period[line > 0], np.full((line > 0).sum(), row), s=260 * line[line > 0] / largest + 6, color=colour, lw=0, alpha=.85)
    ax.set_yticks(range(len(amounts)), list(amounts))
    for tick, name in zip(ax.get_yticklabels(), amounts, strict=True):
        tick.set_color((highlight or {}).get(name, INK))
    ax.set(ylim=(len(amounts) - .4, -.6), title=title, xlabel=xlabel)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


def reliability(y, p, *, bins: int = 10, title: str = "Does the probability mean what it says?", ax: Axes | None = None) -> Axes:
    """Observed share against predicted probability, in `bins` groups of equal size, with Wilson intervals.

    y: (n,) of 0/1.  p: (n,) of probabilities, or a mapping name -> (n,) to compare several on one picture.
    A calibrated prediction lies on the diagonal; the further below it, the more it promises and does not keep.
    """
    several = p if isinstance(p, Mapping) else {"": p}
    y = np.asarray(y, float)
    ax = ax or plt.subplots(figsize=(6.4, 4.8))[1]
    top, ends = 0.0, []
    for (name, q), colour in zip(several.items(), _colours(len(several)), strict=True):
        q = np.asarray(q, float)
        groups = [g for g in np.array_split(np.argsort(q, kind="stable"), bins) if len(g)]
        said = np.array([q[g].mean() for g in groups])
        seen = np.array([y[g].mean() for g in groups])
        low, high = wilson([y[g].sum() for g in groups], [len(g) for g in groups])
        ax.vlines(said, low, high, color=colour, lw=2, alpha=.4)
        ax.plot(said, seen, color=colour, marker="o", markersize=4.5, lw=1.4)
        top = max(top, said.max(), high.max())
        ends.append((said[-1], seen[-1], name, colour))
    limit = min(1.0, 1.06 * top)
    ax.plot([0, limit], [0, limit], color=GREY, lw=1, ls=":", zorder=0)
    ax.set(xlim=(0, limit), ylim=(0, limit), aspect="equal", title=title, xlabel="predicted probability",
           ylabel="observed share (95 % interval)")
    # A name stands where its curve ends: to the right below the diagonal, to the left above or on it.
    for x, y_end, name, colour in ends:
        below = y_end < .9 * x
        ax.annotate(name, (x, y_end), xytext=(8, -9) if below else (-9, 5), textcoords="offset points", color=colour,
                    ha="left" if below else "right", va="center", fontsize=9.5, annotation_clip=False)
    ax.annotate("promised = kept", (limit, limit), xytext=(6, 0), textcoords="offset points", color=GREY, va="center", fontsize=9.5,
                annotation_clip=False)
    percent(ax.xaxis)
    percent(ax.yaxis)
    return ax


def _colours(n: int) -> list[str]:
    return [COLOURS[i % len(COLOURS)] for i in range(n)]


def percent(axis) -> None:
    """Label an axis of shares in per cent."""
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g} %"))


def _apart(heights: Sequence[float], gap: float) -> np.ndarray:
    """Move heights apart until neighbours are `gap` from each other, keeping their order and their mean where they touch."""
    heights = np.asarray(heights, float)
    order = np.argsort(heights, kind="stable")
    blocks = [[h, [i]] for h, i in zip(heights[order], order, strict=True)]      # [centre, members from low to high]
    merged: list[list] = []
    for block in blocks:
        merged.append(block)
        while len(merged) > 1 and _top(merged[-2], gap) + gap > _bottom(merged[-1], gap):
            centre, members = merged.pop()
            other, others = merged[-1]
            merged[-1] = [(other * len(others) + centre * len(members)) / (len(others) + len(members)), others + members]
    placed = np.empty_like(heights)
    for centre, members in merged:
        placed[members] = centre + gap * (np.arange(len(members)) - (len(members) - 1) / 2)
    return placed


def _top(block, gap):
    return block[0] + gap * (len(block[1]) - 1) / 2


def _bottom(block, gap):
    return block[0] - gap * (len(block[1]) - 1) / 2
