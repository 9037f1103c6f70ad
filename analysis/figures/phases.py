"""The phase diagram: at which step, at which level, runs learn, have memorised, and have generalised."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.figures._style import COLOURS, canvas, log_axes
from analysis.likelihood import Times
from analysis.survival import levels


def phases(memorised: Times, grokked: Times, *, x_label: str, folder: Path) -> list[Path]:
    """Draw the Kaplan-Meier medians of both events against x, log-log, and colour what lies between; return the files.

    Where fewer than half of the runs of a level saw an event, its median is above the top of the figure.
    """
    ends = np.where(grokked.observed, grokked.upper, grokked.lower)
    top = float(ends.max()) * 1.15
    x = np.array([level.x for level in levels(grokked)])
    first, last = (
        np.array([top if each.median is None else each.median for each in levels(t)]) for t in (memorised, grokked)
    )
    with canvas(folder, "phases") as (axes, files):
        bottom = max(float(first.min()) / 2, 1.0)
        axes.fill_between(x, bottom, first, color=COLOURS[4], alpha=0.30, lw=0, label="learning the training set")
        axes.fill_between(
            x, first, np.maximum(first, last), color=COLOURS[1], alpha=0.25, lw=0, label="memorised, not generalised"
        )
        axes.fill_between(x, np.maximum(first, last), top, color=COLOURS[0], alpha=0.22, lw=0, label="generalised")
        for times, marker in ((memorised, "s"), (grokked, "o")):
            axes.plot(times.x[times.observed], times.upper[times.observed], marker, ms=3, color="#333333", alpha=0.5)
        log_axes(axes, levels=x)
        axes.set(xlabel=x_label, ylabel="optimizer steps", ylim=(bottom, top))
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.14), ncols=3)
    return files
