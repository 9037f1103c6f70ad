"""The grok step of every run against x, with the fitted laws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from analysis.compare import Fit
from analysis.figures._style import CENSORED, COLOURS, RUN, canvas, log_axes
from analysis.interval import reach_without_each, rows_without_each
from analysis.laws import law_named
from analysis.likelihood import Times

JITTER = 0.06
MOST_LAWS = 4


def law_plot(
    times: Times, groups: Sequence[object], fits: Sequence[Fit], *, x_label: str, folder: Path, tail: str = ""
) -> list[Path]:
    """Draw the time of every run against x, log-log, with the fitted laws; return the files.

    A run is a bar over its interval; a censored one is an arrow from where watching ended. The band is the 95 %
    interval of the first law (the primary one).
    """
    with canvas(folder, f"law_{tail}" if tail else "law") as (axes, files):
        runs(axes, times, groups)
        grid = np.geomspace(times.x.min() / 1.3, times.x.max() * 1.3, 300)
        for colour, fit in zip(COLOURS, fits[:MOST_LAWS], strict=False):
            curve = law_named(fit.law).time(fit.values, grid)
            style = {"lw": 2.4} if fit is fits[0] else {"lw": 1.2, "ls": "--"}
            axes.plot(grid, np.where(np.isfinite(curve), curve, np.nan), color=colour, label=_title(fit), **style)
        if fits:
            _band(axes, times, groups, fits[0], grid)
        seen = np.where(times.observed, times.upper, np.maximum(times.lower, 1))
        log_axes(axes, levels=times.x)
        axes.set(xlabel=x_label, ylabel="grok step", ylim=(seen.min() / 1.6, seen.max() * 2.2))
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.14))
    return files


def runs(axes: Axes, times: Times, groups: Sequence[object]) -> None:
    """Draw each run's interval, or an arrow where it was censored, seeds side by side."""
    labels = list(dict.fromkeys(groups))
    places = np.array([labels.index(group) for group in groups])
    x = times.x * np.exp(JITTER * (places - places.mean()) / max(places.std(), 1e-9))
    seen = times.observed
    axes.vlines(x[seen], np.maximum(times.lower[seen], 1), times.upper[seen], color=RUN, lw=2.2, alpha=0.8)
    axes.plot(x[seen], times.upper[seen], "o", ms=3.5, color=RUN, alpha=0.8, label=f"{seen.sum()} runs that grokked")
    if (~seen).any():
        label = f"{(~seen).sum()} runs censored where watching ended"
        ends = np.maximum(times.lower[~seen], 1)
        axes.plot(x[~seen], ends, marker=r"$\uparrow$", ls="", ms=9, color=CENSORED, label=label)


def _band(axes: Axes, times: Times, groups: Sequence[object], fit: Fit, grid: np.ndarray) -> None:
    if len(set(groups)) < 2 or fit.note:
        return
    law = law_named(fit.law)
    remade = [law.fit(times.at(rows), start=fit.values).values for rows in rows_without_each(groups)]
    curve, curves = law.time(fit.values, grid), np.array([law.time(values, grid) for values in remade])
    told = np.isfinite(curve) & np.isfinite(curves).all(axis=0)
    reach = np.exp(reach_without_each(curve[told], curves[:, told], in_logs=True))
    grid, low, high = grid[told], curve[told] / reach, curve[told] * reach
    axes.fill_between(grid, low, high, color=COLOURS[0], alpha=0.15, lw=0)


def _title(fit: Fit) -> str:
    constants = ", ".join(f"{name} {interval.estimate:.3g}" for name, interval in fit.parameters.items())
    return f"{fit.formula}, {constants}"
