"""Lines with no more points than a page can show."""

from __future__ import annotations

import re
from itertools import groupby

import numpy as np

TOLERANCE = 0.1  # points (1/72 inch) that a line may move by: a fifth of the thinnest one
STEP = re.compile(r"([A-Za-z])\s*([^A-Za-z]*)")
FEW = 3  # points, up to which a line stays as it is


def thinned(path: str) -> str:
    """Return the path of an SVG without the points that its picture does not need; one with curves as it is.

    >>> thinned("M 0 0 L 1 0.01 L 2 0 L 3 0.02 L 8 9 z")
    'M0 0L3 0.02L8 9z'
    """
    steps = STEP.findall(path)
    if len(steps) <= FEW or not {letter for letter, _ in steps} <= set("MLz"):
        return path
    starts = np.cumsum([letter != "L" for letter, _ in steps])  # a line begins at each M, and a z stands alone
    lines = [
        [step for _, step in line] for _, line in groupby(zip(starts, steps, strict=True), key=lambda each: each[0])
    ]
    return "".join(f"{letter}{words.strip()}" for line in lines for letter, words in _needed(line))


def _needed(line: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the steps of one line that are needed."""
    if len(line) <= FEW:
        return line
    points = np.array([words.split() for _, words in line], dtype=float)
    return [step for step, kept in zip(line, corners(points), strict=True) if kept]


def corners(points: np.ndarray) -> np.ndarray:
    """Return which points a line needs so that none lies further from it than the tolerance (Ramer, Douglas, Peucker).

    Shapes: points (n, 2) to (n,) of bool; the ends are always needed.
    Source: D. H. Douglas and T. K. Peucker, Cartographica 10 (1973) 112.
    """
    kept = np.zeros(len(points), dtype=bool)
    kept[[0, -1]] = True
    open_ = [(0, len(points) - 1)]
    while open_:
        start, end = open_.pop()
        if end - start < 2:
            continue
        distances = _from_segment(points[start + 1 : end], points[start], points[end])
        farthest = int(distances.argmax())
        if distances[farthest] > TOLERANCE:
            middle = start + 1 + farthest
            kept[middle] = True
            open_ += [(start, middle), (middle, end)]
    return kept


def _from_segment(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the distances of points from the segment between two others."""
    along = end - start
    length = float(along @ along)
    place = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    across, down = (points - start - place[:, None] * along).T
    return np.asarray(np.hypot(across, down))
