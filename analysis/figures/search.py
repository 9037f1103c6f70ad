"""The points that a search tried, by two fields, coloured by their objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.figures._style import canvas

Tried = tuple[float, float, float]


def search(
    tried: Sequence[Tried], marked: Mapping[str, Tried | None], *, labels: Sequence[str], objective: str, folder: Path
) -> list[Path]:
    """Draw points (x, y, objective), those that have a name marked with it; return the files."""
    with canvas(folder, "search") as (axes, files):
        xs, ys, values = zip(*tried, strict=True)
        shown = axes.scatter(xs, ys, c=values, s=70, cmap="viridis", norm="log", edgecolors="#333333", zorder=3)
        rings = {"facecolors": "none", "edgecolors": "#D55E00", "linewidths": 1.8, "zorder": 4}
        for (name, at), (marker, size) in zip(marked.items(), (("o", 230), ("*", 420)), strict=False):
            if at:
                axes.scatter(*at[:2], s=size, marker=marker, label=name, **rings)
        for x, y, value in tried:
            axes.annotate(f"{value:,.0f}", (x, y), xytext=(7, 5), textcoords="offset points", fontsize=8)
        axes.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
        for axis, found in ((axes.xaxis, xs), (axes.yaxis, ys)):
            axis.set_ticks(_ticks(min(found), max(found)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("")
        colours = axes.figure.colorbar(shown, label=objective)
        inside = [tick for tick in _ticks(min(values), max(values)) if min(values) <= tick <= max(values)]
        colours.ax.yaxis.set_ticks(inside)
        colours.ax.yaxis.set_major_formatter("{x:,.0f}")
        colours.ax.yaxis.set_minor_formatter("")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2)
    return files


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten from just below to just above two numbers.

    >>> _ticks(0.3, 2.5)
    [0.2, 0.5, 1.0, 2.0, 5.0]
    """
    decades = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 5)]
    first = max((i for i, tick in enumerate(ticks) if tick <= low), default=0)
    last = min((i for i, tick in enumerate(ticks) if tick >= high), default=len(ticks) - 1)
    return ticks[first : last + 1]
