"""One probe over the steps: every run thin, the median of all runs of a level thick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from analysis.evidence import word
from analysis.figures._style import canvas, ordered, shades


def fan(
    curves: pl.DataFrame,
    *,
    probe: str,
    level: Mapping[str, Any],
    x_label: str,
    y_label: str,
    folder: Path,
    log: bool = False,
    tail: str = "",
) -> list[Path]:
    """Draw one probe over the steps, one colour per level, on a logarithmic axis if asked; return the files.

    A run that ended early is carried forward at its last value (marked by a dot), so the median is never one of
    survivors only; where fewer than half of the runs are still watched the median is dotted.
    """
    parts = curves.filter(pl.col("probe") == probe).partition_by("id", as_dict=True)
    with canvas(folder, f"{probe}_{tail}" if tail else probe) as (axes, files):
        xs = ordered(level.values())
        for colour, x in zip(shades(len(xs)), xs, strict=True):
            runs = [
                (run["step"].to_numpy(), run["value"].to_numpy())
                for run in (parts.get((name,)) for name, at in level.items() if at == x)
                if run is not None
            ]
            _level(axes, runs, colour, word(x))
        axes.set(xlabel="optimizer steps", ylabel=y_label, xscale="symlog")
        axes.set_xlim(left=10)
        if log and any((run["value"] > 0).any() for run in parts.values()):
            axes.set_yscale("log")
        axes.legend(title=x_label, fontsize=8, title_fontsize=8)
    return files


def _level(axes: Axes, runs: Sequence[tuple[np.ndarray, np.ndarray]], colour: Any, label: str) -> None:
    if not runs:
        return
    for steps, values in runs:
        axes.plot(steps, values, color=colour, lw=0.5, alpha=0.35)
        axes.plot(steps[-1], values[-1], "o", ms=1.8, color=colour, alpha=0.6)
    grid = max((steps for steps, _ in runs), key=len)
    carried = np.array([np.interp(grid, steps, values) for steps, values in runs])
    watched = np.array([grid <= steps[-1] for steps, _ in runs]).mean(0)
    middle = np.median(carried, axis=0)
    axes.plot(grid, np.where(watched >= 0.5, middle, np.nan), color=colour, lw=2, label=label)
    axes.plot(grid, np.where(watched < 0.5, middle, np.nan), color=colour, lw=1.5, ls=":")
