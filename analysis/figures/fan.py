"""One probe over the steps, a panel per part of the runs: every run thin, the median of all runs of a level thick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from analysis.figures._colours import of_levels
from analysis.figures._labels import WORDS, key, wrapped
from analysis.figures._matplotlib import Axes, ticker
from analysis.figures._style import WIDTH, ordered, panels, plain, plain_numbers, taller
from analysis.numerals import word

Curve = tuple[np.ndarray, np.ndarray]
Level = Mapping[str, Any]  # the value of x of each run, by its id
ROW, TITLE_LINE, BELOW = 1.4, 0.16, 0.3  # inches; below all rows are numbers and words of the axis
COLUMNS = 2  # panels beside each other
POINTS_OF_A_RUN, POINTS_OF_A_MEDIAN = 60, 120  # more than a line of a panel can show
DECADES = 6  # of a logarithmic axis at most
ROUNDING = 1e-9
LARGEST = 1e30  # beyond it, or without a number, a run has diverged: nothing that an axis could show


def still(curves: pl.DataFrame) -> float | None:
    """Return the value of a probe that never changes in any run; None where it does change."""
    if curves.height > (shown := _drawable(curves)).height:
        return None
    low, high = shown["value"].min(), shown["value"].max()
    if not isinstance(low, float) or not isinstance(high, float):
        return None
    return low if high - low <= ROUNDING * max(abs(low), abs(high)) else None


def fan(
    curves: pl.DataFrame,
    parts: Mapping[str, Level],
    *,
    probe: str,
    x_label: str,
    y_label: str,
    folder: Path,
    log: bool = False,
) -> list[Path]:
    """Draw one probe over the steps, a panel per part with a colour per level; return the files.

    A single part has a panel per level instead. A run that ended early is carried forward at its last value (marked by
    a dot), so the median is never that of survivors only; where fewer than half of the runs are still watched the
    median is dotted. On a logarithmic axis a value of 0, or below the lower end, lies on the lower edge. The line of a
    run that diverges ends at its last number.
    """
    runs = {
        str(name): (run["step"].to_numpy(), run["value"].to_numpy())
        for (name,), run in _drawable(curves).sort("step").partition_by("id", as_dict=True).items()
    }
    drawn = [x for part in parts.values() for name, x in part.items() if name in runs]
    levels = ordered(drawn or [x for part in parts.values() for x in part.values()])
    colours = dict(zip(levels, of_levels(levels), strict=True))
    alone = len(parts) == 1
    if alone:
        (part,) = parts.values()
        parts = {f"{x_label} = {word(x)}": {name: at for name, at in part.items() if at == x} for x in levels}
    floor = _floor(runs, parts) if log else None
    titles = [wrapped(title, WIDTH / COLUMNS - 0.4) for title in parts]
    height = ROW + TITLE_LINE * max(title.count("\n") for title in titles)
    with panels(folder, probe, len(parts), columns=COLUMNS, height=height) as (grid, files):
        for axes, title, part in zip(grid, titles, parts.values(), strict=True):
            axes.set_title(title)
            _panel(axes, runs, part, colours, floor)
        _share(grid, runs, floor)
        if alone or len(levels) < 2:
            grid[0].figure.suptitle(y_label, x=0.01, ha="left", fontsize=WORDS)
            taller(grid[0], 0.2 + BELOW)
        else:
            room = key(grid[0].figure, [(colours[x], word(x)) for x in levels], f"{y_label}, by {x_label}")
            taller(grid[0], room + BELOW)
    return files


def _drawable(curves: pl.DataFrame) -> pl.DataFrame:
    """Return the points that an axis can show."""
    return curves.filter(pl.col("value").is_between(-LARGEST, LARGEST))  # NaN is larger than any number


def _share(grid: Sequence[Axes], runs: Mapping[str, Curve], floor: float | None) -> None:
    """Set what all panels share: scales, limits and axis labels."""
    first = min((float(steps[steps > 0][0]) for steps, _ in runs.values() if (steps > 0).any()), default=1.0)
    last = max((float(steps[-1]) for steps, _ in runs.values()), default=10.0)
    grid[0].set(xscale="log", xlim=(first, max(last, 2 * first) * 1.08))
    plain_numbers(grid[0].xaxis, inches=1.5)
    if floor is not None:
        top = max((float(values.max()) for _, values in runs.values()), default=floor)
        grid[0].set(yscale="log", ylim=(floor / 1.15, max(top, 10 * floor) * 1.3))
        grid[0].yaxis.set_major_locator(ticker.LogLocator(numticks=5))
        grid[0].yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: plain(value)))
        grid[0].yaxis.set_minor_locator(ticker.NullLocator())
    else:
        grid[0].yaxis.set_major_locator(ticker.MaxNLocator(4))
    figure = grid[0].figure
    figure.supxlabel("optimizer steps", fontsize=WORDS)


def _floor(runs: Mapping[str, Curve], parts: Mapping[str, Level]) -> float | None:
    """Return the lower end of a logarithmic axis; None where nothing is above 0."""
    shown = [runs[name][1] for part in parts.values() for name in part if name in runs]
    positive = np.concatenate([values[values > 0] for values in shown]) if shown else np.empty(0)
    positive = positive[np.isfinite(positive)]
    return max(float(positive.min()), float(positive.max()) / 10**DECADES) if positive.size else None


def _panel(axes: Axes, runs: Mapping[str, Curve], part: Level, colours: Mapping[Any, Any], floor: float | None) -> None:
    """Draw the runs of one part; say so in words where all are 0 throughout or have no curve."""
    found = {x: [runs[name] for name, at in part.items() if at == x and name in runs] for x in colours}
    found = {x: curves for x, curves in found.items() if curves}
    if not found or (
        floor is not None and not any((values > 0).any() for each in found.values() for _, values in each)
    ):
        told = "0 throughout" if found else "no curve"
        axes.text(0.5, 0.5, told, ha="center", va="center", transform=axes.transAxes)
        return
    for x, curves in found.items():
        _level(axes, curves, colours[x], floor)


def _level(axes: Axes, runs: Sequence[Curve], colour: Any, floor: float | None) -> None:
    def shown(values: np.ndarray) -> np.ndarray:
        return values if floor is None else np.maximum(values, floor)

    lines = [_thinned(steps, shown(values), POINTS_OF_A_RUN) for steps, values in runs]
    gap = np.array([np.nan])
    xs, ys = (np.concatenate([part for line in lines for part in (line[i], gap)]) for i in (0, 1))
    axes.plot(xs, ys, color=colour, lw=0.5)
    axes.plot([line[0][-1] for line in lines], [line[1][-1] for line in lines], "o", ms=1.8, color=colour)
    grid = max((steps for steps, _ in runs), key=len)
    carried = np.array([np.interp(grid, steps, values) for steps, values in runs])
    watched = np.array([grid <= steps[-1] for steps, _ in runs]).mean(0)
    places, middle = _thinned(grid, shown(np.median(carried, axis=0)), POINTS_OF_A_MEDIAN)
    held = watched[np.minimum(np.searchsorted(grid, places), len(grid) - 1)] >= 0.5
    axes.plot(places, np.where(held, middle, np.nan), color=colour, lw=2)
    if not held.all():
        axes.plot(places, np.where(held, np.nan, middle), color=colour, lw=1.5, ls=":")


def _thinned(steps: np.ndarray, values: np.ndarray, most: int) -> Curve:
    """Return at most so many points of a curve, evenly over the logarithm of the steps, the last one included."""
    positive = steps > 0
    steps, values = (steps[positive], values[positive]) if positive.any() else (np.maximum(steps, 1), values)
    wanted = np.geomspace(steps[0], steps[-1], most)
    kept = np.unique(np.minimum(np.searchsorted(steps, wanted), len(steps) - 1))
    return steps[kept].astype(float), values[kept]
