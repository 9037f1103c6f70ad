"""What the figures of claims share: the verdict's numbers, the limits of an axis that shows them, and the region."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.figures._colours import COLOURS, REGION
from analysis.figures._matplotlib import Axes
from analysis.looked import Looked

ROOM = 0.08  # of an axis, beyond what it shows


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A verdict's estimate with its interval, and the region in which its claim holds; None means open or absent."""

    estimate: float | None
    low: float | None
    high: float | None
    at_least: float | None
    at_most: float | None
    ends: tuple[float, ...] = ()  # of what the quantity can be, where both exist


def limits(looked: Looked | None, judged: Judged, *, log: bool = False) -> tuple[float, float]:
    """Return the ends of an axis that shows all that is known, the interval, and the region's ends."""
    ends = [
        *judged.ends,
        judged.estimate,
        judged.low,
        judged.high,
        judged.at_least,
        judged.at_most,
        1.0 if log else None,
    ]
    shown = [float(end) for end in ends if end is not None and math.isfinite(end)]
    if looked is not None:
        shown += [float(end) for end in np.concatenate([looked.lower, looked.upper]) if np.isfinite(end)]
    if log:
        shown = [math.log(end) for end in shown if end > 0]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    room = ROOM * (high - low) or 0.1 * abs(high) or 0.1
    return (math.exp(low - room), math.exp(high + room)) if log else (low - room, high + room)


def verdict(axes: Axes, judged: Judged, row: float) -> None:
    """Draw the estimate with its interval on a row; an open end is an arrow at the edge of the axis."""
    if judged.estimate is None:
        return
    low, high = axes.get_xlim()
    open_below = judged.low is None or judged.low < low
    open_above = judged.high is None or judged.high > high
    ends = [
        low if judged.low is None else max(judged.low, low),
        high if judged.high is None else min(judged.high, high),
    ]
    axes.plot(ends, (row, row), color=COLOURS[0], lw=2.4, gid="interval")
    for end, marker, is_open in zip(ends, "<>", (open_below, open_above), strict=True):
        if is_open:
            axes.plot((end,), (row,), marker, ms=7, color=COLOURS[0], clip_on=False)
    axes.plot((judged.estimate,), (row,), "D", ms=6, color=COLOURS[0], gid="estimate")


def shade(axes: Axes, judged: Judged) -> None:
    """Shade the region within which a claim holds, up to the ends of the axis where it is open."""
    low, high = axes.get_xlim()
    start = low if judged.at_least is None else judged.at_least
    end = high if judged.at_most is None else judged.at_most
    axes.axvspan(start, end, color=REGION, lw=0, zorder=0)
