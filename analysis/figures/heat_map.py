"""Two axes at once: the median grok step of every cell, with how many of its runs grokked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from analysis.evidence import word
from analysis.figures._style import canvas, ordered

Cell = tuple[float | None, int, int]


def heat_map(
    panels: Mapping[str, Mapping[tuple[Any, Any], Cell]], *, x_label: str, y_label: str, folder: Path
) -> list[Path]:
    """Draw one panel per key, cells by (x, y) holding (median or None, events, runs); return the files."""
    cells = [cell for panel in panels.values() for cell in panel.values()]
    known = [median for median, _, _ in cells if median is not None]
    scale = mpl.colors.LogNorm(min(known), max(max(known), min(known) * 1.01)) if known else mpl.colors.Normalize()
    width = 3.6 * len(panels) + 1.0
    with canvas(folder, "heat_map", columns=len(panels), width=width) as (grid, files):
        all_axes = np.ravel(grid)
        for axes, (title, panel) in zip(all_axes, panels.items(), strict=True):
            xs, ys = (ordered(key[i] for key in panel) for i in (0, 1))
            _panel(axes, panel, xs, ys, scale)
            axes.set_title(title, fontsize=10)
            axes.set_xlabel(x_label)
        all_axes[0].set_ylabel(y_label)
    return files


def _panel(axes: Any, panel: Mapping[tuple[Any, Any], Cell], xs: Sequence[Any], ys: Sequence[Any], scale: Any) -> None:
    values = np.full((len(ys), len(xs)), np.nan)
    for (x, y), (median, events, runs) in panel.items():
        row, column = ys.index(y), xs.index(x)
        values[row, column] = np.nan if median is None else median
        text = f"{median:,.0f}" if median is not None else "not\nreached"
        dark = median is None or scale(median) > 0.6
        axes.text(
            column,
            row,
            f"{text}\n{events}/{runs}",
            ha="center",
            va="center",
            fontsize=8,
            color="#111111" if dark else "#ffffff",
        )
    colours = mpl.colormaps["viridis"].with_extremes(bad="#dddddd")
    axes.imshow(values, norm=scale, cmap=colours, origin="lower", aspect="auto")
    axes.set_xticks(range(len(xs)), [word(x) for x in xs])
    axes.set_yticks(range(len(ys)), [word(y) for y in ys])
    axes.grid(visible=False)
