"""Kaplan-Meier curves: the share of runs of each level without the event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from analysis.criteria import GROKKING, Criterion
from analysis.figures._colours import shades
from analysis.figures._labels import at_ends
from analysis.figures._matplotlib import Axes, Figure, ticker
from analysis.figures._style import alone, canvas
from analysis.likelihood import Times
from analysis.survival import kaplan_meier

HEIGHT = 3.0  # inches


def survival(levels: Mapping[str, Times], *, x_label: str, folder: Path, event: Criterion = GROKKING) -> list[Path]:
    """Draw one curve per level with its name at the end, ticks where runs were censored; return the files."""
    with canvas(folder, "survival", height=HEIGHT) as (axes, files):
        _draw(axes, levels, x_label, f"share of runs not {event.name.replace('_', ' ')}")
    return files


def survival_figure(levels: Mapping[str, Times], *, x_label: str, y_label: str) -> Figure:
    """Return a figure with one curve per level, its name at the end, ticks where runs were censored."""
    with alone(height=HEIGHT) as (axes, figure):
        _draw(axes, levels, x_label, y_label)
    return figure


def _draw(axes: Axes, levels: Mapping[str, Times], x_label: str, y_label: str) -> None:
    ends = []
    for colour, (label, times) in zip(shades(len(levels)), levels.items(), strict=True):
        steps, left = kaplan_meier(times)
        end = float(np.where(times.observed, times.upper, times.lower).max())
        inside = steps <= end
        line_x, line_y = np.concatenate([[0], steps[inside], [end]]), np.concatenate([[1], left[inside]])
        line_y = np.append(line_y, line_y[-1])
        axes.step(line_x, line_y, where="post", color=colour, lw=1.8)
        stopped = times.lower[~times.observed]
        at = line_y[np.searchsorted(line_x, stopped, side="right") - 1]
        axes.plot(stopped, at, "|", ms=9, mew=1.6, color=colour)
        ends.append((end, float(line_y[-1]), colour, label))
    axes.set(xlabel="optimizer steps", ylabel=y_label, ylim=(-0.03, 1.03))
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(ticker.MaxNLocator(5))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_title(x_label, loc="right")
    at_ends(axes, ends, height=HEIGHT - 0.7)
