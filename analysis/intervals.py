"""95 % intervals for the constants of a law: profile likelihood, curvature for many rows, or leaving out each seed.

No random number is drawn: the same table gives the same intervals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from analysis import quantiles
from analysis.interval import (
    LEVEL,
    MOST_LEFT_OUT,
    FittedInterval,
    Interval,
    around,
    jackknife,
    numbered,
    rows_without_each,
)
from analysis.laws._base import LARGEST_EXPONENT, MANY_ROWS, SMALLEST_SIGMA, Estimate, Law, Problem
from analysis.likelihood import Array, Times
from analysis.numerals import counted

LEFT_OUT, HANDS_LEFT_OUT = "leaving out each seed", "leaving out each hundredth of the seeds"
MOST_DOUBLINGS = 12
CERTAIN = -0.01  # log-likelihood of a table in which every run lies in the interval where the law puts it
DIFFERENCE = 1e-4  # of a coordinate of order one, for second derivatives
POSITIVE = frozenset({"scale", "sigma", "break"})  # constants whose uncertainty is a factor rather than a difference


def intervals(
    law: Law, times: Times, best: Estimate, groups: Sequence[object] | None
) -> tuple[dict[str, Interval], str, str | None]:
    """Return the intervals of all free constants, the name of the method, and why they are open where they are.

    Rows of one group (runs that share a seed) are not independent, so with at least two groups each whole group is left
    out in turn; otherwise rows count as independent.
    """
    grouped = groups is not None and len(set(groups)) > 1
    if reason := _undetermined(law, times, best) or (_hanging(law, times, groups) if grouped and groups else None):
        return {name: _open(law, name, best.values[name]) for name in law.free}, "none", reason
    if grouped and groups is not None:
        many = len(times.x) > MANY_ROWS or len(set(groups)) > MOST_LEFT_OUT
        how = (curvature, "curvature, whole seed groups") if many else (by_group, LEFT_OUT)
        return how[0](law, times, best, groups), how[1], None
    if len(times.x) > MANY_ROWS:
        return curvature(law, times, best), "curvature of the likelihood", None
    return {name: profile(law, times, best, name) for name in law.free}, "profile likelihood", None


def profile(law: Law, times: Times, best: Estimate, name: str) -> Interval:
    """Return the values of one constant that a likelihood-ratio test at 5 % does not reject.

    The other constants are fitted again at every value. For independent rows.
    """
    allowed = quantiles.chi_square(LEVEL, 1) / 2
    value = best.values[name]

    def excess(candidate: float) -> float:
        held = law.fit(times, hold={name: candidate}, start=best.values)
        return best.log_likelihood - held.log_likelihood - allowed

    lower, upper = (_cross(excess, value, _outwards(law, name, value, times, sign)) for sign in (-1, 1))
    return FittedInterval(value, lower, upper, None, *law.limits(name))


def by_group(law: Law, times: Times, best: Estimate, groups: Sequence[object]) -> dict[str, Interval]:
    """Return intervals of all free constants from leaving out each whole group in turn.

    For rows that share a seed across levels, which are not independent. A constant that lies at the end of its range
    may stay there whichever group is left out; its interval is that of the curvature there, if that is wider.
    Raises: ValueError with fewer than two groups.
    """
    remade = [law.fit(times.at(rows), start=best.values).values for rows in rows_without_each(groups)]
    found = {
        name: jackknife(
            best.values[name],
            [values[name] for values in remade],
            in_logs=name in POSITIVE,
            limits=law.limits(name),
        )
        for name in law.free
    }
    pinned = [name for name in law.free if best.values[name] == law.limits(name)[0]]
    rough = curvature(law, times, best, groups) if pinned else {}
    return {**found, **{name: _wider(found[name], rough[name]) for name in pinned}}


def curvature(law: Law, times: Times, best: Estimate, groups: Sequence[object] | None = None) -> dict[str, Interval]:
    """Return intervals of all free constants from the curvature of the likelihood at its top.

    With groups, from the spread of the groups' gradients (the sandwich estimate, t with groups - 1 degrees of freedom).
    """
    problem = Problem(law, times, {})
    top = problem.encode(best.values)
    hessian, freedom = _hessian(Problem(law, times, {}).condensed(), top), None
    if not np.isfinite(hessian).all():
        return {name: _open(law, name, best.values[name]) for name in law.free}
    inverse = np.linalg.pinv(hessian, hermitian=True)
    if groups is not None:
        member, count = numbered(groups)
        sums = np.zeros((count, len(top)))
        np.add.at(sums, member, problem.scores(top)[1])
        freedom = count - 1
        inverse = inverse @ (sums.T @ sums) @ inverse * count / freedom
    reach = quantiles.normal((1 + LEVEL) / 2) if freedom is None else quantiles.student((1 + LEVEL) / 2, freedom)
    found = {}
    for name in law.free:
        in_logs = name in POSITIVE and best.values[name] > 0
        gradient = _value_gradient(problem, top, name, in_logs=in_logs)
        spread = math.sqrt(max(float(gradient @ inverse @ gradient), 0.0))
        half, limits = reach * spread, law.limits(name)
        found[name] = around(best.values[name], half, in_logs=in_logs, freedom=freedom, limits=limits)
    return found


def _wider(one: Interval, other: Interval) -> Interval:
    """Return the one of two intervals that reaches farther up; one without a spread reaches nowhere."""
    if other.high is None or one.high is None:
        return other
    return max(one, other, key=lambda interval: interval.high or 0.0)


def _open(law: Law, name: str, value: float) -> Interval:
    return Interval(value, None, None, None, *law.limits(name))


def _hanging(law: Law, times: Times, groups: Sequence[object]) -> str | None:
    """Return why a law hangs on one group of rows: without that group it could not be determined; else None."""
    seen = times.observed
    levels, level = np.unique(times.x[seen], return_inverse=True)
    member, count = numbered(groups)
    held, holder = np.divmod(np.unique(level * count + member[seen]), count)  # which levels each group has events at
    alone = np.bincount(held, minlength=len(levels))[held] == 1
    left = len(levels) - np.bincount(holder[alone], minlength=count)
    needed = max(len(law.free), 1)
    if (left >= needed).all():
        return None
    fewest = left[np.argmax(left < needed)]
    return f"it hangs on one seed: without it, {len(law.free)} constants and events at {fewest} levels"


def _undetermined(law: Law, times: Times, best: Estimate) -> str | None:
    """Return why no interval can be given at all, or None."""
    levels = len(times.levels_seen)
    if levels < len(law.free):
        return f"{len(law.free)} constants, but events at {counted(levels, 'level')} only"
    no_surprise = best.log_likelihood > CERTAIN and not times.exact.any()
    if best.values["sigma"] <= SMALLEST_SIGMA * 1.01 or no_surprise:
        return "runs of a level do not differ: their spread, and with it an interval, cannot be told"
    return None


def _hessian(problem: Problem, top: Array) -> Array:
    """Return the second derivatives of minus the log-likelihood by the coordinates."""
    steps = np.eye(len(top)) * DIFFERENCE
    rows = [(problem.objective(top + step)[1] - problem.objective(top - step)[1]) / (2 * DIFFERENCE) for step in steps]
    square = np.array(rows)
    return (square + square.T) / 2


def _value_gradient(problem: Problem, top: Array, name: str, *, in_logs: bool) -> Array:
    """Return the derivative of one constant (or of its logarithm) by the coordinates."""

    def value(point: Array) -> float:
        constant = problem.decode(point)[name]
        return math.log(constant) if in_logs else constant

    steps = np.eye(len(top)) * DIFFERENCE
    return np.array([(value(top + step) - value(top - step)) / (2 * DIFFERENCE) for step in steps])


def _outwards(law: Law, name: str, value: float, times: Times, sign: int) -> list[float]:
    """Return values ever farther from the estimate, within the constant's range."""
    steps = [0.05 * 2**k for k in range(MOST_DOUBLINGS)]
    smallest = float(times.x[times.observed].min())
    limits: dict[str, Any] = {
        "critical": (0.0, 0.999 * smallest),
        "floor": (0.0, math.inf),
        "break": (float(times.x.min()), float(times.x.max())),
        "exponent": (0.0 if "floor" in law.free else -LARGEST_EXPONENT, LARGEST_EXPONENT),
        "exponent_above": (-LARGEST_EXPONENT, LARGEST_EXPONENT),
    }
    bottom, top = limits.get(name, (0.0, math.inf))
    if name in POSITIVE:
        reached = [value * math.exp(sign * step) for step in steps if step < 50]
    else:
        size = {"floor": float(np.median(times.lower)), "critical": smallest}.get(name, 1.0)
        reached = [value + sign * step * max(size, 1e-12) for step in steps]
    inside = [candidate for candidate in reached if bottom < candidate < top]
    edge = bottom if sign < 0 else top
    return [*inside, edge] if math.isfinite(edge) and len(inside) < len(reached) else inside


def _cross(excess: Callable[[float], float], start: float, candidates: Sequence[float]) -> float | None:
    """Return where the excess turns positive, to a thousandth of the distance from the estimate."""
    inner = 0.0
    for candidate in candidates:
        outer = candidate - start
        if excess(candidate) > 0:
            return start + float(optimize.brentq(lambda way: excess(start + way), inner, outer, xtol=1e-300, rtol=1e-3))
        inner = outer
    return None
