"""Arms side by side: one row per arm, every run in it, and the median."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.criteria import GROKKING, Criterion
from analysis.figures._colours import COLOURS, INK, SOFT
from analysis.figures._labels import wrapped
from analysis.figures._style import WIDTH, canvas, plain_numbers
from analysis.likelihood import Times
from analysis.survival import level

ROW, MARGIN = 0.22, 0.75  # inches
SPREAD = 0.28  # of a row, over which the runs of an arm lie
LEFT = 0.26 * WIDTH  # inches for the names of rows


def arms(
    groups: Mapping[str, Mapping[str, Times]], *, rows: str, folder: Path, event: Criterion = GROKKING
) -> list[Path]:
    """Draw the step of the event in every run by arm, arrows where a run was censored, bars at Kaplan–Meier medians.

    ``groups``: arms by the name of their group, which stands above them unless it is empty; ``rows``: what the names of
    arms are values of. The number of runs that saw the event stands at the right. Returns the files.
    """
    places, heads, depth = _places(groups)
    with canvas(folder, "arms", height=MARGIN + ROW * depth) as (axes, files):
        for place, (_, times) in places.items():
            _arm(axes, place, times)
        for place, head in heads.items():
            axes.text(0, place, head, va="center", color=SOFT, transform=axes.get_yaxis_transform())
        axes.set_xscale("log")
        plain_numbers(axes.xaxis)
        axes.set_yticks(list(places), [name for name, _ in places.values()], color=INK)
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel=event.step, ylim=(depth - 0.4, -0.6))
        axes.set_title(f"rows: {rows}")
        axes.set_title(event.name.replace("_", " "), loc="right")
        axes.grid(axis="y", visible=False)
    return files


def _places(
    groups: Mapping[str, Mapping[str, Times]],
) -> tuple[dict[float, tuple[str, Times]], dict[float, str], float]:
    """Return the arm at each place, the head at each place, and the number of rows in all."""
    places: dict[float, tuple[str, Times]] = {}
    heads: dict[float, str] = {}
    at = 0.0
    for head, group in groups.items():
        if head:
            told = wrapped(head, WIDTH - LEFT)
            heads[at + 0.5 * told.count("\n")] = told
            at += 1 + told.count("\n")
        for name, times in group.items():
            told = wrapped(name, LEFT)
            places[at + 0.5 * told.count("\n")] = told, times
            at += 1 + 0.8 * told.count("\n")
        at += 0.3
    return places, heads, at


def _arm(axes: Any, row: float, times: Times) -> None:
    seen, end = times.observed, np.where(times.observed, times.upper, np.maximum(times.lower, 1))
    place = row + SPREAD * np.linspace(-1, 1, len(end)) if len(end) > 1 else np.array([row])
    axes.plot(end[seen], place[seen], "o", ms=3, color=SOFT)
    axes.plot(end[~seen], place[~seen], marker=r"$\rightarrow$", ls="", ms=5, color=SOFT)
    found = level(times, row, float(end.max()))
    if found.median is not None:
        axes.plot((found.median, found.median), (row - 0.42, row + 0.42), "-", color=COLOURS[0], lw=2.6)
    axes.text(1.02, row, f"{found.events}/{found.runs}", va="center", transform=axes.get_yaxis_transform())
