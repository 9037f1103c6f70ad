"""One style for all figures: sizes that can be read on a phone, panels that share axes, and how they are saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from analysis.figures._colours import COLOURS, GROUND, INK, RULE, SOFT
from analysis.figures._labels import WORDS
from analysis.figures._matplotlib import DEFAULTS, Axes, Figure, mpl, ticker
from analysis.figures._svg import write
from analysis.likelihood import Array

__all__ = ["COLOURS", "canvas", "panels"]

WIDTH = 4.8  # inches: 400 pixels show the smallest type at 10
LABELS_ACROSS = 6
FINE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)  # of a power of ten: where ticks stand on a short range
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "grokking-laws",
    "path.simplify_threshold": 0.4,
    "font.size": WORDS,
    **dict.fromkeys(("axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize"), WORDS),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor"), INK),
    **dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor"), SOFT),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), GROUND),
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.labelpad": 2.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.xmargin": 0.03,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
}


@contextmanager
def canvas(folder: Path, name: str, *, height: float = 3.0) -> Iterator[tuple[Any, list[Path]]]:
    """Give axes in the project's style and save them as SVG at the end; the list then holds the file."""
    with panels(folder, name, 1, columns=1, height=height) as (grid, files):
        yield grid[0], files


@contextmanager
def alone(*, height: float = 3.0) -> Iterator[tuple[Axes, Figure]]:
    """Give axes in the project's style, and their figure, which the caller may save."""
    with mpl.rc_context({**DEFAULTS, **STYLE}):
        (axes,) = _grid(1, columns=1, height=height, shared=False)
        yield axes, axes.figure


@contextmanager
def panels(
    folder: Path, name: str, count: int, *, columns: int, height: float, shared: bool = True
) -> Iterator[tuple[list[Any], list[Path]]]:
    """Give as many axes, row by row, with shared x and y; save them as SVG at the end.

    ``height``: inches of a row. The list holds the file once the block has ended.
    """
    files: list[Path] = []
    with mpl.rc_context({**DEFAULTS, **STYLE}):
        grid = _grid(count, columns=min(columns, count), height=height, shared=shared)
        yield grid, files
        files.append(save(grid[0].figure, folder, name))


def save(figure: Figure, folder: Path, name: str) -> Path:
    """Save a figure in a folder; return the file."""
    return write(figure, folder / f"{name}.svg")


def _grid(count: int, *, columns: int, height: float, shared: bool) -> list[Any]:
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDTH, rows * height), layout="constrained")
    grid = list(figure.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False).flat)
    for axes in grid[count:]:
        axes.remove()
    for axes in grid[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)
    return grid[:count]


def taller(axes: Any, inches: float) -> None:
    """Add room to the height of the figure, as for a key above its panels."""
    figure = axes.figure
    figure.set_figheight(figure.get_figheight() + inches)


def ordered(values: Iterable[Any]) -> list[Any]:
    """Return each value once: numbers in ascending order, anything else in the order in which it came.

    >>> ordered([3.0, 1.0, 3.0]), ordered(["one", "none", None])
    ([1.0, 3.0], ['one', 'none', None])
    """
    found = list(dict.fromkeys(values))
    plain = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return sorted(found) if plain else found


def log_axes(axes: Axes, *, levels: Array | None = None) -> None:
    """Make both axes logarithmic with plain numbers; ticks on x at the levels where those are given."""
    axes.set(xscale="log", yscale="log")
    plain_numbers(axes.yaxis)
    if levels is not None:
        axes.xaxis.set_major_locator(ticker.FixedLocator(list(_apart(np.unique(levels)))))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_locator(ticker.NullLocator())


def plain_numbers(axis: Any, *, inches: float = 3.0) -> None:
    """Label a logarithmic axis at a few plain numbers, by its length and how many powers of ten it spans."""
    low, high = sorted(axis.get_view_interval())
    decades = np.log10(high / low) if low > 0 else 3.0
    digits = FINE if decades < inches / 4 else (1.0, 2.0, 5.0) if decades < inches / 1.1 else (1.0,)
    axis.set_major_locator(ticker.LogLocator(subs=digits, numticks=12))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: plain(value)))
    axis.set_minor_locator(ticker.NullLocator())


def plain(value: float) -> str:
    """Return a tick's number: thousands with commas, very small and large ones as powers.

    >>> plain(2000.0), plain(1.5), plain(1e-5)
    ('2,000', '1.5', '1e-05')
    """
    return f"{value:,.0f}" if 10 <= value < 1e7 else f"{value:g}"


def _apart(levels: Array) -> Array:
    """Return levels whose labels do not run into each other, the first among them."""
    kept = [levels[0]]
    nearest = np.log(levels[-1] / levels[0]) / LABELS_ACROSS
    for level in levels[1:]:
        if np.log(level / kept[-1]) >= nearest:
            kept.append(level)
    return np.array(kept)
