"""Two axes at once: the median grok step of every cell, with how many of its runs grokked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis.figures._colours import GROUND, INK, RULE, cell
from analysis.figures._labels import WORDS, wrapped
from analysis.figures._matplotlib import Rectangle, mpl
from analysis.figures._style import WIDTH, ordered, panels
from analysis.numerals import word

Cell = tuple[float | None, int, int]
ROW, MARGIN, COLUMN = 0.42, 0.55, 0.68  # inches


def heat_map(
    parts: Mapping[str, Mapping[tuple[Any, Any], Cell]], *, x_label: str, y_label: str, folder: Path
) -> list[Path]:
    """Draw one panel per key, cells by (x, y) holding (median or None, events, runs); return the files."""
    cells = [each for part in parts.values() for each in part.values()]
    known = [median for median, _, _ in cells if median is not None]
    scale = mpl.colors.LogNorm(min(known), max(max(known), min(known) * 1.01)) if known else mpl.colors.Normalize()
    xs, ys = (ordered(at[i] for part in parts.values() for at in part) for i in (0, 1))
    columns = max(1, int((WIDTH - 0.6) / (COLUMN * len(xs))))
    height = MARGIN + ROW * len(ys)
    with panels(folder, "heat_map", len(parts), columns=columns, height=height) as (grid, files):
        for axes, (title, part) in zip(grid, parts.items(), strict=True):
            _panel(axes, part, xs, ys, scale)
            axes.set_title(wrapped(title, WIDTH / min(columns, len(parts)) - 0.4))
        grid[0].set_xticks(range(len(xs)), [word(x) for x in xs])
        grid[0].set_yticks(range(len(ys)), [word(y) for y in ys])
        grid[0].figure.supxlabel(x_label, fontsize=WORDS)
        grid[0].figure.supylabel(y_label, fontsize=WORDS)
    return files


def _panel(axes: Any, part: Mapping[tuple[Any, Any], Cell], xs: Sequence[Any], ys: Sequence[Any], scale: Any) -> None:
    for (x, y), (median, events, runs) in part.items():
        row, column = ys.index(y), xs.index(x)
        fill, words = (RULE, INK) if median is None else cell(float(scale(median)))
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=fill, edgecolor=GROUND, lw=1))
        told = f"{median:,.0f}" if median is not None else "> half"
        axes.text(column, row, f"{told}\n{events}/{runs}", ha="center", va="center", color=words)
    axes.set(xlim=(-0.5, len(xs) - 0.5), ylim=(-0.5, len(ys) - 0.5))
    axes.grid(visible=False)
