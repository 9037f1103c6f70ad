"""Arms side by side: one row per arm, every run in it, and the median."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures._style import CENSORED, COLOURS, RUN, canvas, plain_numbers
from analysis.likelihood import Times
from analysis.survival import level

ROW, MARGIN, LEAST = 0.26, 1.0, 2.0  # inches
SPREAD = 0.28  # of a row, over which the runs of an arm lie


def arms(labels: Sequence[str], groups: Sequence[Times], *, folder: Path) -> list[Path]:
    """Draw the grok step of every run by arm, arrows where a run was censored, bars at Kaplan–Meier medians.

    An empty label stands for the arm that the caption describes. The number of runs that grokked stands at the right.
    Returns the files.
    """
    height = max(LEAST, MARGIN + ROW * len(groups))
    with canvas(folder, "arms", height=height) as (axes, files):
        for row, times in enumerate(groups):
            _arm(axes, row, times)
        axes.set_xscale("log")
        plain_numbers(axes.xaxis)
        axes.set_yticks(range(len(groups)), [label or "as in the caption" for label in labels], fontsize=8)
        axes.set(xlabel="grok step", ylim=(len(groups) - 0.5, -0.5))
        axes.grid(axis="y", visible=False)
    return files


def _arm(axes: Any, row: int, times: Times) -> None:
    seen, end = times.observed, np.where(times.observed, times.upper, np.maximum(times.lower, 1))
    place = row + SPREAD * np.linspace(-1, 1, len(end)) if len(end) > 1 else np.array([float(row)])
    axes.plot(end[seen], place[seen], "o", ms=3, color=RUN, alpha=0.7)
    axes.plot(end[~seen], place[~seen], marker=r"$\rightarrow$", ls="", ms=6, color=CENSORED)
    found = level(times, row, float(end.max()))
    if found.median is not None:
        axes.plot((found.median, found.median), (row - 0.42, row + 0.42), "-", color=COLOURS[0], lw=2)
    told = f"{found.events}/{found.runs}"
    axes.text(1.01, row, told, fontsize=8, va="center", transform=axes.get_yaxis_transform())
