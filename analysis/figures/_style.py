"""One style for all figures: sizes, colours that colour-blind readers can tell apart, and how a figure is saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.likelihood import Array

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito
LABELS_ACROSS = 14
RUN, CENSORED = "#333333", "#777777"
STYLE: dict[Any, Any] = {
    "figure.figsize": (7.0, 4.4),
    "figure.dpi": 150,
    "svg.fonttype": "none",
    "svg.hashsalt": "grokking-laws",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


@contextmanager
def canvas(
    folder: Path, name: str, *, columns: int = 1, width: float = 7.0, height: float = 4.4
) -> Iterator[tuple[Any, list[Path]]]:
    """Give axes (an array of them for several columns) in the project's style; save them as SVG and PNG at the end.

    The list holds the files once the block has ended.
    """
    made: list[Path] = []
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, columns, figsize=(width, height), squeeze=columns == 1, sharey=True)
        yield axes, made
        made += _save(figure, folder, name)


def shades(count: int) -> Sequence[Any]:
    """Return colours for ordered levels, dark to light, none too pale for white paper."""
    return list(mpl.colormaps["viridis"](np.linspace(0, 0.85, count)))


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
        kept = _apart(np.unique(levels))
        axes.xaxis.set_major_locator(ticker.FixedLocator(list(kept)))
        axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())


def plain_numbers(axis: Any) -> None:
    """Label a logarithmic axis at 1, 2 and 5 times the powers of ten."""
    axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def _apart(levels: Array) -> Array:
    """Return levels whose labels do not run into each other: at least a twentieth of the axis between them."""
    kept = [levels[0]]
    nearest = np.log(levels[-1] / levels[0]) / LABELS_ACROSS
    for level in levels[1:]:
        if np.log(level / kept[-1]) >= nearest:
            kept.append(level)
    return np.array(kept)


def _save(figure: Figure, folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.svg", folder / f"{name}.png"]
    for file in files:
        figure.savefig(file, bbox_inches="tight", metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
    return files
