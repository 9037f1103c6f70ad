"""Lines of figures lose no point that one could see."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from analysis.figures._lines import TOLERANCE, corners, thinned
from analysis.figures._svg import small


def drawn(points: np.ndarray) -> str:
    return "M " + " L ".join(f"{x:.6f} {y:.6f}\n" for x, y in points)


def distance(point: np.ndarray, line: np.ndarray) -> float:
    """Return how far a point lies from a line of several points, by going along it in small steps."""
    shares = np.linspace(0, 1, 2001)[:, None]
    near = np.concatenate([a + shares * (b - a) for a, b in itertools.pairwise(line)])
    return float(np.hypot(*(near - point).T).min())


@pytest.mark.parametrize("seed", range(5))
def test_no_point_lies_further_from_the_thinned_line_than_the_tolerance(seed: int) -> None:
    source = np.random.default_rng(seed)
    x = np.sort(source.uniform(0, 300, 120))
    points = np.column_stack([x, 80 + 40 * np.sin(x / 40) + source.normal(0, 0.05, len(x))])
    kept = corners(points)
    assert kept[0] and kept[-1] and 4 < kept.sum() < len(x) / 2
    assert max(distance(point, points[kept]) for point in points) <= TOLERANCE + 1e-3


def test_a_spike_stays_and_a_straight_line_needs_its_ends_only() -> None:
    points = np.column_stack([np.arange(50.0), np.zeros(50)])
    assert corners(points).nonzero()[0].tolist() == [0, 49]
    points[20, 1] = 3.0
    assert corners(points).nonzero()[0].tolist() == [0, 19, 20, 21, 49]


def test_a_closed_outline_keeps_its_shape() -> None:
    angles = np.linspace(0, 2 * np.pi, 361)
    circle = np.column_stack([100 * np.cos(angles), 100 * np.sin(angles)])
    kept = circle[corners(circle)]
    assert 20 < len(kept) < 180 and max(distance(point, kept) for point in circle[::10]) <= TOLERANCE + 1e-3


def test_gaps_of_a_line_stay_and_curves_are_left_alone() -> None:
    flat = drawn(np.column_stack([np.arange(9.0), np.zeros(9)]))
    assert thinned(flat + flat.replace("M 0", "M 20")).count("M") == 2
    curve = "M 0 1.5 C 0.4 1.5 0.8 1.3 1.06 1.06 C 1.3 0.8 1.5 0.4 1.5 0 z"
    assert thinned(curve) == curve


def test_a_small_drawing_has_at_most_two_decimals() -> None:
    path = drawn(np.column_stack([np.linspace(0, 9, 50) * np.pi, np.random.default_rng(0).normal(0, 9, 50)]))
    text = small(f'<svg width="345.678pt"><path d="{path}" style="stroke-width: 0.123456"/></svg>')
    assert re.findall(r"\.\d{3,}", text) == [] and 'width="345.68pt"' in text
    assert len(text) < len(path) / 1.5
