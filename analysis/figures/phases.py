"""The phases of every level: which share of its runs is learning, has memorised, or has generalised, over the steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.figures._colours import GENERALISED, LEARNING, MEMORISED, SOFT
from analysis.figures._labels import WORDS, key
from analysis.figures._matplotlib import Axes, Patch, ticker
from analysis.figures._style import panels, plain_numbers, taller
from analysis.likelihood import Times
from analysis.survival import kaplan_meier

ROW, COLUMNS = 1.3, 2  # inches; panels beside each other
PHASES = (("learning", LEARNING), ("memorised", MEMORISED), ("generalised", GENERALISED))


def phases(memorised: Times, grokked: Times, *, x_label: str, folder: Path) -> list[Path]:
    """Draw the shares of runs in each phase, a panel per level; return the files.

    Both tables hold the same runs. Shares are Kaplan–Meier estimates; a panel ends where the observation of its last
    run ended.
    """
    levels = np.unique(grokked.x)
    with panels(folder, "phases", len(levels), columns=COLUMNS, height=ROW) as (grid, files):
        for axes, x in zip(grid, levels, strict=True):
            _level(axes, *(times.at(times.x == x) for times in (memorised, grokked)))
            axes.set_title(f"{x_label} = {x:g}")
        first = max(float(memorised.upper[memorised.observed].min(initial=np.inf)) / 2, 1.0)
        last = max(float(np.where(each.observed, each.upper, each.lower).max()) for each in (memorised, grokked))
        grid[0].set(xscale="log", xlim=(min(first, last / 2), last), ylim=(0, 1))
        plain_numbers(grid[0].xaxis, inches=1.5)
        grid[0].yaxis.set_major_locator(ticker.FixedLocator([0, 0.5, 1]))
        figure = grid[0].figure
        figure.supxlabel("optimizer steps", fontsize=WORDS)
        figure.supylabel("share of runs", fontsize=WORDS)
        taller(grid[0], 0.3)
        key(figure, [(Patch(facecolor=fill, edgecolor=SOFT, lw=0.8), name) for name, fill in PHASES])
    return files


def _level(axes: Axes, memorised: Times, grokked: Times) -> None:
    end = max(float(np.where(each.observed, each.upper, each.lower).max()) for each in (memorised, grokked))
    steps = np.unique(np.concatenate([[0.0, end], *(kaplan_meier(each)[0] for each in (memorised, grokked))]))
    steps = steps[np.isfinite(steps) & (steps <= end)]
    learning, waiting = (_left(each, steps) for each in (memorised, grokked))
    waiting = np.maximum(learning, waiting)
    edges = (np.ones(len(steps)), 1 - learning, 1 - waiting, np.zeros(len(steps)))
    for (_, fill), above, below in zip(PHASES, edges, edges[1:], strict=False):
        axes.fill_between(steps, below, above, step="post", color=fill, lw=0)
    for edge in edges[1:3]:
        axes.step(steps, edge, where="post", color=SOFT, lw=1.2)
    axes.grid(visible=False)


def _left(times: Times, steps: np.ndarray) -> np.ndarray:
    """Return the share of runs without the event at each step."""
    at, left = kaplan_meier(times)
    return np.concatenate([[1.0], left])[np.searchsorted(at, steps, side="right")]
