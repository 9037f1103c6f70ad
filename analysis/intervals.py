"""95 % intervals for the constants of a law: by profile likelihood, or by resampling groups that share a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.laws._base import LARGEST_EXPONENT, Estimate, Law, Times

LEVEL = 0.95
RESAMPLES = 100
MOST_DOUBLINGS = 12
MOST_HALVINGS = 50
POSITIVE = frozenset({"scale", "sigma"})  # constants whose uncertainty is a factor rather than a difference


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval; an end of None is open: the data do not bound it."""

    estimate: float
    low: float | None
    high: float | None


def profile(law: Law, times: Times, best: Estimate, name: str) -> Interval:
    """Return the values of one constant that a likelihood-ratio test at 5 % does not reject.

    The other constants are fitted again at every value. For independent rows.
    """
    allowed = stats.chi2.ppf(LEVEL, 1) / 2
    value = best.values[name]

    def excess(candidate: float) -> float:
        held = law.fit(times, hold={name: candidate}, start=best.values)
        return best.log_likelihood - held.log_likelihood - float(allowed)

    lower, upper = (
        _cross(excess, value, _outwards(name, value, times, sign, floored="floor" in law.free)) for sign in (-1, 1)
    )
    if lower is None and (name in {"floor", "critical"} or (name == "exponent" and "floor" in law.free)):
        lower = 0.0
    return Interval(value, lower, upper)


def by_group(law: Law, times: Times, groups: Sequence[object], best: Estimate) -> dict[str, Interval]:
    """Return intervals of all free constants from resampling whole groups: estimate ± t(groups - 1) · sd.

    For rows that share a seed across levels, which are not independent.
    Raises: ValueError with fewer than two groups.
    """
    draws = [law.fit(sample, start=best.values).values for sample in resamples(times, groups)]
    return {
        name: spread_interval(name, best.values[name], [draw[name] for draw in draws], len(set(groups)))
        for name in law.free
    }


def resamples(times: Times, groups: Sequence[object]) -> Iterator[Times]:
    """Yield tables in which whole groups were drawn with replacement, always the same for the same table."""
    labels = list(dict.fromkeys(groups))
    if len(labels) < 2:
        raise ValueError(f"intervals by group need at least 2 groups, given {len(labels)}")
    rows = [np.flatnonzero([group == label for group in groups]) for label in labels]
    source = np.random.default_rng(0)
    for _ in range(RESAMPLES):
        sample = times.at(np.concatenate([rows[index] for index in source.integers(0, len(rows), len(rows))]))
        if sample.observed.any():
            yield sample


def spread_interval(name: str, value: float, draws: Sequence[float], groups: int) -> Interval:
    """Return the interval around a value from the spread of its resampled values."""
    reach = float(stats.t.ppf((1 + LEVEL) / 2, groups - 1))
    if name in POSITIVE and value > 0:
        factor = math.exp(min(reach * float(np.std(np.log(np.maximum(draws, 1e-300)), ddof=1)), 700.0))
        high = value * factor
        return Interval(value, value / factor, high if math.isfinite(high) else None)
    half = reach * float(np.std(draws, ddof=1))
    low = max(value - half, 0.0) if name in {"floor", "critical"} else value - half
    return Interval(value, low, value + half)


def _outwards(name: str, value: float, times: Times, sign: int, *, floored: bool) -> list[float]:
    """Return values ever farther from the estimate, within the constant's range."""
    steps = [0.05 * 2**k for k in range(MOST_DOUBLINGS)]
    if name in POSITIVE:
        return [value * math.exp(sign * step) for step in steps if step < 50]
    smallest = float(times.x[times.observed].min())
    size = {"floor": float(np.median(times.lower)), "critical": smallest}.get(name, 1.0)
    reached = [value + sign * step * max(size, 1e-12) for step in steps]
    top = {"critical": 0.999 * smallest, "exponent": LARGEST_EXPONENT}.get(name, math.inf)
    bottom = -LARGEST_EXPONENT if name == "exponent" and not floored else 0.0
    inside = [candidate for candidate in reached if bottom < candidate < top]
    edge = bottom if sign < 0 else top
    return [*inside, edge] if math.isfinite(edge) and len(inside) < len(reached) else inside


def _bisect(excess: Callable[[float], float], start: float, inner: float, outer: float) -> float:
    """Return where the excess turns positive, to a thousandth of the distance from the estimate."""
    for _ in range(MOST_HALVINGS):
        if abs(outer - inner) <= 1e-3 * abs(outer - start):
            break
        middle = (inner + outer) / 2
        inner, outer = (inner, middle) if excess(middle) > 0 else (middle, outer)
    return outer


def _cross(excess: Callable[[float], float], start: float, candidates: Sequence[float]) -> float | None:
    inner = start
    for candidate in candidates:
        if excess(candidate) > 0:
            return _bisect(excess, start, inner, candidate)
        inner = candidate
    return None
