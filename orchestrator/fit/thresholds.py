"""Whether a threshold and the values of curves agree in kind: shares or percentages, rising or falling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.storage.results import BadInputError

ABOVE_SHARES = 1.5  # values above it are no shares
NEAR_ONE = 1.05  # up to it they may be, with what rounding and smoothing add
LARGE = 0.25  # of its first value, by which a loss falls that never reaches a threshold
HALF = 50.0  # percentages of runs that learn pass it


@dataclass(frozen=True)
class Curve:
    """One run's steps, ascending, and its values."""

    name: str
    steps: list[float]
    values: list[float]


def check_scale(curves: Sequence[Curve], threshold: float, *, below: bool) -> list[str]:
    """Return what is odd about a threshold among these values, in one line each.

    Raises: BadInputError if the threshold is of another kind than the values.
    """
    low = min(min(curve.values) for curve in curves)
    high = max(max(curve.values) for curve in curves)
    early = [curve for curve in curves if _reached(curve.values[0], threshold, below=below)]
    away = [curve for curve in early if _leaves(curve.values, threshold, below=below)]
    changing = [curve for curve in curves if min(curve.values) < max(curve.values)]
    if away and 2 * len(away) >= len(changing):
        side, way = ("below", "rises; leave --below out?") if below else ("above", "falls; did you mean --below?")
        begins = f"run {away[0].name!r} begins at {away[0].values[0]:g}"
        raise BadInputError(f"{begins}, {side} the threshold {threshold:g}, and {way}")
    _refuse_percentages(threshold, low, high, below=below, early=len(early) / len(curves))
    if not below and threshold <= 0 <= low:
        raise BadInputError(f"--threshold {threshold:g} lies below all values ({low:g} to {high:g})")
    late = [curve for curve in early if curve.steps[0] > 0]
    told = [f"{len(late)} of {len(curves)} runs are at the threshold at their first evaluation: since step 0"]
    return told * bool(late) + [f"run {curve.name!r} begins at the threshold and does not stay there" for curve in away]


def _leaves(values: Sequence[float], threshold: float, *, below: bool) -> bool:
    """Return whether a curve that begins at the threshold ends beyond it, or at least well on the way there."""
    first, last = values[0], values[-1]
    gone = first - last if not below else last - first
    return not _reached(last, threshold, below=below) or gone > LARGE * abs(first)


def _refuse_percentages(threshold: float, low: float, high: float, *, below: bool, early: float) -> None:
    """Raise BadInputError if the threshold is a percentage and the values are shares, or the reverse."""
    if low < 0 or high > 100 * NEAR_ONE:
        return
    if not below and 0 < threshold <= 1 and high > ABOVE_SHARES and (high >= HALF or early > 0.5):
        raise BadInputError(f"values go up to {high:g}; did you mean --threshold {100 * threshold:g}?")
    if NEAR_ONE < threshold <= 100 and high <= NEAR_ONE:
        raise BadInputError(f"values go up to {high:g}; did you mean --threshold {threshold / 100:g}?")


def _reached(value: float, threshold: float, *, below: bool) -> bool:
    return value <= threshold if below else value >= threshold
