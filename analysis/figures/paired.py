"""Two arms compared: the ratio of their times in every pair, as the rule of a claim looked at them, and its median."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.criteria import GROKKING
from analysis.figures._claim import Judged, limits, shade, verdict
from analysis.figures._colours import INK, SOFT
from analysis.figures._labels import wrapped
from analysis.figures._matplotlib import Axes
from analysis.figures._style import WIDTH, canvas, plain_numbers
from analysis.looked import Looked

MARGIN, ROW, MOST_ROWS, TITLE_LINE = 0.85, 0.13, 12, 0.17  # inches, of a row with an equal share of the rest


def paired(
    looked: Looked, judged: Judged, *, title: str, name: str, folder: Path, step: str = GROKKING.step
) -> list[Path]:
    """Draw the ratio of each pair on a logarithmic axis, smallest first, and below them the median with its interval.

    A ratio is known as an interval; one that is bounded on one side only is an arrow from its bound. Shaded: where
    the claim holds. ``step``: what the times are called. Returns the files.
    """
    title = wrapped(title, WIDTH - 0.8)
    count = len(looked.lower)
    height = MARGIN + TITLE_LINE * title.count("\n") + ROW * min(count + 3, MOST_ROWS)
    with canvas(folder, name, height=height) as (axes, files):
        axes.set_xscale("log")
        axes.set_xlim(*limits(looked, judged, log=True))
        shade(axes, judged)
        axes.axvline(1, color=SOFT, lw=1)
        _pairs(axes, looked)
        verdict(axes, judged, count + 1.2)
        axes.set(xlabel=f"ratio of {step}s", ylim=(count + 2.2, -1))
        axes.set_yticks([(count - 1) / 2, count + 1.2], ["pairs", "median"], color=INK)
        axes.tick_params(axis="y", length=0, pad=8)
        axes.grid(axis="y", visible=False)
        plain_numbers(axes.xaxis)
        axes.set_title(title)
    return files


def _pairs(axes: Axes, looked: Looked) -> None:
    """Draw one row per pair: a bar over what is known of it, with a dot, or an arrow, at its ends."""
    low, high = axes.get_xlim()
    order = np.argsort(np.where(np.isfinite(looked.upper), looked.upper, looked.lower), kind="stable")
    for row, pair in enumerate(order):
        lower, upper = float(looked.lower[pair]), float(looked.upper[pair])
        axes.plot((max(lower, low), min(upper, high)), (row, row), color=SOFT, lw=1.2)
        if lower > 0 and upper < np.inf:
            axes.plot((lower, upper), (row, row), "o", ms=3, color=SOFT, gid="pair")
        elif lower > 0:
            axes.plot((lower,), (row,), marker=r"$\rightarrow$", ls="", ms=7, color=SOFT, gid="at least")
        else:
            axes.plot((upper,), (row,), marker=r"$\leftarrow$", ls="", ms=7, color=SOFT, gid="at most")
