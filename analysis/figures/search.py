"""The points that a search tried, by two fields, with their objective."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures._colours import COLOURS, SOFT, cell
from analysis.figures._labels import WORDS, key
from analysis.figures._matplotlib import Line2D, ticker
from analysis.figures._style import canvas, taller

Tried = tuple[float, float, float]
HEIGHT = 3.6  # inches
LETTER, LINE = 0.6 * WORDS, 1.3 * WORDS  # points: width of a digit, height of a line
PLACES = ((0, 8), (0, -16), (20, -4), (-20, -4), (18, 8), (-18, 8), (18, -16), (-18, -16))  # of a label, in points


def search(
    tried: Sequence[Tried], marked: Mapping[str, Tried | None], *, labels: Sequence[str], folder: Path
) -> list[Path]:
    """Draw points (x, y, objective), darker where the objective is smaller, with its number where there is room.

    Points with a name are marked; their numbers are placed first, then those of the smallest objectives. Returns the
    files.
    """
    with canvas(folder, "search", height=HEIGHT) as (axes, files):
        xs, ys, values = (np.array(each, float) for each in zip(*tried, strict=True))
        low, high = values.min(), values.max()
        shares = np.log(values / low) / math.log(high / low) if high > low > 0 else np.zeros(len(values))
        fills = [cell(0.85 * share)[0] for share in shares]
        axes.scatter(xs, ys, c=fills, s=40, edgecolors=SOFT, linewidths=1.0, zorder=3)
        rings = {"facecolors": "none", "edgecolors": COLOURS[1], "linewidths": 1.8, "zorder": 4}
        shapes = dict(zip(marked, (("o", 150), ("*", 300)), strict=False))
        for name, (marker, size) in shapes.items():
            if at := marked[name]:
                axes.scatter(*at[:2], s=size, marker=marker, **rings)
        axes.set(xscale="log", yscale="log", xlabel=labels[0], ylabel=labels[1])
        axes.margins(0.12)
        for axis, found in ((axes.xaxis, xs), (axes.yaxis, ys)):
            axis.set_major_locator(ticker.FixedLocator(_ticks(min(found), max(found))))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_locator(ticker.NullLocator())
        first = [at for at in marked.values() if at]
        _numbers(axes, list(dict.fromkeys([*first, *sorted(tried, key=lambda each: each[2])])))
        taller(axes, 0.25)
        key(axes.figure, [(_sample(marker), name) for name, (marker, _) in shapes.items() if marked[name]])
    return files


def _sample(marker: str) -> Any:
    ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": COLOURS[1], "markeredgewidth": 1.8}
    return Line2D([], [], ls="", marker=marker, ms=10, **ring)


def _numbers(axes: Any, tried: Sequence[Tried]) -> None:
    """Write the objective beside each point that has a free place around it."""
    axes.figure.draw_without_rendering()
    points = axes.transData.transform([each[:2] for each in tried]) * 72 / axes.figure.dpi
    inside = axes.bbox.frozen().transformed(axes.figure.dpi_scale_trans.inverted())
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in points]
    for own, ((x, y), (*at, value)) in enumerate(zip(points, tried, strict=True)):
        text = f"{value:,.0f}"
        half = len(text) * LETTER / 2
        for right, up in PLACES:
            box = (x + right - half, y + up - 2, x + right + half, y + up + LINE - 2)
            others = (each for number, each in enumerate(taken) if number != own)
            if 72 * inside.x0 < box[0] and box[2] < 72 * inside.x1 and not any(_meet(box, each) for each in others):
                taken.append(box)
                axes.annotate(text, at, xytext=(right, up), textcoords="offset points", ha="center")
                break


def _meet(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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
