"""The grok step of every run against x, with the fitted laws."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analysis.compare import Fit
from analysis.figures._colours import BAND, COLOURS, INK, SOFT
from analysis.figures._labels import at_ends, wrapped
from analysis.figures._matplotlib import Axes, Figure
from analysis.figures._style import alone, log_axes, panels
from analysis.interval import dealt, reach_without_each, rows_without_each
from analysis.laws import law_named
from analysis.likelihood import Times
from analysis.survival import levels

JITTER = 0.06
MOST_LAWS = 4
HEIGHT, ROOM = 3.4, 0.8  # inches; of them outside the axes
SHORTER = 2.4  # inches of each of several panels
LABEL = 1.15  # inches, over which a formula at the end of its line is broken
SAME = 0.02  # of a step: laws that differ by less all along are drawn as one
SEEN = 1.15  # from which ratio of its ends on an interval can be seen beside its dot
Curve = tuple[list[Fit], np.ndarray]


@dataclass(frozen=True)
class Fitted:
    """Runs, the seed of each, and the laws that were fitted to them, the primary one first."""

    times: Times
    groups: Sequence[object]
    fits: Sequence[Fit]


def law_plot(
    parts: Mapping[str, Fitted],
    *,
    x_label: str,
    folder: Path,
    letter: str = "x",
    y_label: str = "grok step",
) -> list[Path]:
    """Draw the time of every run against x with the fitted laws; return the files: each part as in ``law_figure``.

    Several parts lie one below the other, by their names, on the same axes, so that slopes can be compared.
    """
    several, limits = len(parts) > 1, _limits([part.times for part in parts.values()])
    height = SHORTER if several else HEIGHT
    with panels(folder, "law", len(parts), columns=1, height=height) as (grid, files):
        for axes, (name, part) in zip(grid, parts.items(), strict=True):
            axes.set_title(name if several else "")
            _draw(axes, part, limits, letter=letter, y_label=y_label, height=height)
        grid[-1].set(xlabel=x_label)
    return files


def law_figure(
    times: Times,
    groups: Sequence[object],
    fits: Sequence[Fit],
    *,
    x_label: str,
    letter: str = "x",
    y_label: str = "grok step",
) -> Figure:
    """Return a figure of the time of every run against x, log-log, with the fitted laws.

    A run is a dot; a bar spans the runs of a level, and its tick is their Kaplan–Meier median. A censored run is an
    arrow from where observation ended. The band is the 95 % interval of the first law (the primary one). Laws that
    coincide are drawn as one dashed line of both colours. ``letter``: what x is in the formulas.
    """
    with alone(height=HEIGHT) as (axes, figure):
        _draw(axes, Fitted(times, groups, fits), _limits([times]), letter=letter, y_label=y_label, height=HEIGHT)
        axes.set(xlabel=x_label)
    return figure


def shows_intervals(times: Times) -> bool:
    """Return whether evaluations lie so far apart that the figure draws the interval in which a run grokked."""
    return bool((times.upper > SEEN * np.maximum(times.lower, 1))[times.observed].any())


def coinciding(fits: Sequence[Fit], times: Times) -> list[list[str]]:
    """Return the formulas of those laws that the figure draws as one line, in groups."""
    grid = np.geomspace(*_reach(times), 300)
    return [[fit.formula for fit in same] for same, _ in _curves(fits, grid) if len(same) > 1]


def runs(axes: Axes, times: Times, groups: Sequence[object]) -> None:
    """Draw each run, seeds side by side, an arrow where it was censored, and the span and median of each level."""
    labels = list(dict.fromkeys(groups))
    places = np.array([labels.index(group) for group in groups])
    x = times.x * np.exp(JITTER * (places - places.mean()) / max(places.std(), 1e-9))
    seen = times.observed
    if shows_intervals(times):
        axes.vlines(x[seen], np.maximum(times.lower[seen], 1), times.upper[seen], color=SOFT, lw=1.2)
    axes.plot(x[seen], times.upper[seen], "o", ms=3, color=SOFT, zorder=3)
    if (~seen).any():
        ends = np.maximum(times.lower[~seen], 1)
        axes.plot(x[~seen], ends, marker=r"$\uparrow$", ls="", ms=7, color=SOFT, zorder=3)
    for level in levels(times):
        at = seen & (times.x == level.x)
        if at.any():
            axes.plot([level.x] * 2, [times.upper[at].min(), times.upper[at].max()], color=INK, lw=1.4, zorder=4)
        if level.median is not None:
            axes.plot([level.x], [level.median], "_", ms=13, mew=2, color=INK, zorder=4)


def _limits(parts: Sequence[Times]) -> tuple[np.ndarray, tuple[float, float], tuple[float, float]]:
    """Return the levels of all parts, and the ends of the axes that hold all their runs."""
    levels = np.concatenate([times.x for times in parts])
    seen = np.concatenate([np.where(each.observed, each.upper, np.maximum(each.lower, 1)) for each in parts])
    return levels, (levels.min() / 1.3, levels.max() * 1.3), (seen.min() / 1.6, seen.max() * 1.8)


def _draw(
    axes: Axes,
    part: Fitted,
    limits: tuple[np.ndarray, tuple[float, float], tuple[float, float]],
    *,
    letter: str,
    y_label: str,
    height: float,
) -> None:
    levels_of_all, across, along = limits
    grid = np.geomspace(*_reach(part.times), 300)
    if part.fits:
        _band(axes, part.times, part.groups, part.fits[0], grid)
    runs(axes, part.times, part.groups)
    axes.set(ylabel=y_label, xlim=across, ylim=along)
    log_axes(axes, levels=levels_of_all)
    at_ends(axes, list(_laws(axes, _curves(part.fits, grid), grid, letter)), height=height - ROOM)


def _reach(times: Times) -> tuple[float, float]:
    """Return between which levels the laws of a part are drawn."""
    return float(times.x.min()) / 1.3, float(times.x.max()) * 1.3


def _curves(fits: Sequence[Fit], grid: np.ndarray) -> list[Curve]:
    """Return the curves of the first laws; one that coincides with an earlier curve shares it."""
    found: list[Curve] = []
    for fit in fits[:MOST_LAWS]:
        curve = np.asarray(law_named(fit.law).time(fit.values, grid), float)
        for same, other in found:
            with np.errstate(invalid="ignore", divide="ignore"):
                apart = np.abs(np.log(curve / other))
            if np.array_equal(np.isfinite(curve), np.isfinite(other)) and (apart[np.isfinite(apart)] < SAME).all():
                same.append(fit)
                break
        else:
            found.append(([fit], curve))
    return found


def _laws(axes: Axes, curves: Sequence[Curve], grid: np.ndarray, letter: str) -> list[tuple[float, float, Any, str]]:
    """Draw the laws, the first one thick; return where each ends within the axes, its colour and its formula."""
    ends = []
    colours = iter(COLOURS)
    low, high = axes.get_ylim()
    for number, (same, curve) in enumerate(curves):
        width = 2.6 if number == 0 else 1.6
        mine = list(itertools.islice(colours, len(same)))
        for order, colour in enumerate(mine):
            dashes = (0, (4, 4)) if order else "-"
            axes.plot(grid, np.where(np.isfinite(curve), curve, np.nan), color=colour, lw=width, ls=dashes, zorder=2.5)
        inside = np.flatnonzero((curve >= low) & (curve <= high))
        if inside.size:
            told = "\nand ".join(wrapped(_formula(fit, letter), LABEL) for fit in same)
            told += "\ncoincide" if len(same) > 1 else ""
            ends.append((float(grid[inside[-1]]), float(curve[inside[-1]]), mine[0], told))
    return ends


def _band(axes: Axes, times: Times, groups: Sequence[object], fit: Fit, grid: np.ndarray) -> None:
    if len(set(groups)) < 2 or fit.note:
        return
    law = law_named(fit.law)
    parts = [times.at(rows) for rows in rows_without_each(dealt(groups))]
    if not all(part.observed.any() for part in parts):
        return
    remade = [law.fit(part, start=fit.values).values for part in parts]
    curve, curves = law.time(fit.values, grid), np.array([law.time(values, grid) for values in remade])
    told = np.isfinite(curve) & np.isfinite(curves).all(axis=0)
    reach = np.exp(reach_without_each(curve[told], curves[:, told], in_logs=True))
    grid, low, high = grid[told], curve[told] / reach, curve[told] * reach
    axes.fill_between(grid, low, high, color=BAND, lw=0, zorder=1)


def _formula(fit: Fit, letter: str) -> str:
    """Return what stands at the end of a law's line.

    >>> from types import SimpleNamespace
    >>> _formula(SimpleNamespace(formula="T = T0 + C/x^a"), "λ")
    'T₀ + C/λᵃ'
    """
    return fit.formula.removeprefix("T = ").replace("x", letter).replace("T0", "T₀").replace("^a", "ᵃ")
