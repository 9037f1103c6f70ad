"""Two arms side by side: one line per seed, so that what a seed brings along does not hide the difference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.figures._style import CENSORED, COLOURS, canvas, log_axes
from analysis.likelihood import Times


def paired(first: Times, second: Times, *, arms: Sequence[str], title: str, name: str, folder: Path) -> list[Path]:
    """Draw both times of every pair, joined; an arrow up where a run was censored; return the files.

    Lines are blue where the second arm was sooner, orange where the first was, grey where it cannot be told.
    """
    with canvas(folder, name) as (axes, files):
        ends = [np.where(times.observed, times.upper, np.maximum(times.lower, 1)) for times in (first, second)]
        for index, pair in enumerate(zip(*ends, strict=True)):
            if second.upper[index] <= first.lower[index]:
                colour = COLOURS[0]
            else:
                colour = COLOURS[1] if first.upper[index] <= second.lower[index] else CENSORED
            axes.plot((0, 1), pair, "-", color=colour, lw=1.2, alpha=0.7)
        for place, (times, end) in enumerate(zip((first, second), ends, strict=True)):
            seen = times.observed
            axes.plot(np.full(seen.sum(), place), end[seen], "o", ms=4, color="#333333")
            axes.plot(np.full((~seen).sum(), place), end[~seen], marker=r"$\uparrow$", ls="", ms=9, color=CENSORED)
        log_axes(axes)
        axes.set(xscale="linear", xlim=(-0.4, 1.4), ylabel="grok step", title=title)
        axes.set_xticks((0, 1), list(arms))
    return files
