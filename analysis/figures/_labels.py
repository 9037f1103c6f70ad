"""Words in figures: labels at the ends of lines that do not run into each other, keys, and lines broken to a width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.figures._colours import INK
from analysis.figures._matplotlib import Axes, Figure, Line2D

WORDS = 9.0  # points: the smallest type of a figure, see tests/figure_faults.py
CHARACTER = 0.6 * WORDS / 72  # inches of a character, on average and with some room
KEY_LINE, KEY_GAP = 0.42, 0.12  # inches of a key's sample and of the room between two entries
KEY_ROW = 0.2  # inches of a line of a key


def wrapped(text: str, inches: float) -> str:
    """Return a text broken into lines of a width, at spaces but not beside an equals sign.

    >>> wrapped("distractors constant, prior none", 1.6)
    'distractors constant,\\nprior none'
    """
    whole = text.replace(" = ", "\u00a0=\u00a0")
    return "\n".join(textwrap.wrap(whole, max(int(inches / CHARACTER), 8), break_long_words=False))


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return places in the same order, at least a gap apart and between two ends, near where they were.

    >>> spread([1.0, 1.0, 5.0], 1.0, 0.0, 10.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    blocks: list[tuple[list[float], float]] = []  # wanted places and where the first of them goes
    for index in order:
        wanted, start = [places[index]], places[index]
        while blocks and start < blocks[-1][1] + gap * len(blocks[-1][0]):
            before = blocks.pop()[0]
            wanted = before + wanted
            start = sum(each - gap * rank for rank, each in enumerate(wanted)) / len(wanted)
            start = max(low, min(start, high - gap * (len(wanted) - 1)))
        blocks.append((wanted, max(low, start)))
    ranked = [start + gap * rank for wanted, start in blocks for rank in range(len(wanted))]
    found = [0.0] * len(places)
    for place, index in zip(_pushed(ranked, gap, low, high), order, strict=True):
        found[index] = place
    return found


def _pushed(ranked: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending places, moved down where the last would lie beyond the end, but never below the first end."""
    found = list(ranked)
    limit = high
    for index in reversed(range(len(found))):
        found[index] = min(found[index], limit)
        limit = found[index] - gap
    if found and found[0] < low:
        found = [low + gap * index for index in range(len(found))]
    return found


def at_ends(axes: Axes, ends: Sequence[tuple[float, float, Any, str]], *, height: float) -> None:
    """Write a label to the right of the axes for each (x, y, colour, text), joined to its point by a thin line.

    Height: of the axes, in inches.
    """
    if not ends:
        return
    to_axes = axes.transData + axes.transAxes.inverted()
    points = [to_axes.transform((x, y)) for x, y, _, _ in ends]
    lines = max(text.count("\n") + 1 for *_, text in ends)
    gap = lines * 1.3 * WORDS / 72 / height
    for (x, y), place, (*_, colour, text) in zip(
        points, spread([float(np.clip(y, 0, 1)) for _, y in points], gap, 0.0, 1.0), ends, strict=True
    ):
        axes.plot((x, 1.02), (y, place), lw=0.8, color=colour, transform=axes.transAxes, clip_on=False)
        axes.plot((1.02, 1.05), (place, place), lw=2, color=colour, transform=axes.transAxes, clip_on=False)
        axes.text(1.065, place, text, transform=axes.transAxes, va="center", fontsize=WORDS, color=INK)


def key(figure: Figure, entries: Sequence[tuple[Any, str]], title: str = "") -> float:
    """Write once, above all panels, what their colours mean; return the height that it takes, in inches.

    An entry is a colour or an artist, and its name.
    """
    handles = [entry if hasattr(entry, "get_visible") else Line2D([], [], color=entry, lw=2.4) for entry, _ in entries]
    names = [name for _, name in entries]
    widest = max(map(len, names)) * CHARACTER + KEY_LINE + KEY_GAP
    columns = max(1, min(len(names), int(figure.get_figwidth() / widest)))
    figure.legend(
        handles,
        names,
        title=title or None,
        loc="outside upper left",
        ncols=columns,
        fontsize=WORDS,
        title_fontsize=WORDS,
        alignment="left",
        handlelength=1.5,
        columnspacing=1.2,
        handletextpad=0.5,
        borderpad=0,
        borderaxespad=0.2,
    )
    return KEY_ROW * (-(-len(names) // columns) + bool(title))
