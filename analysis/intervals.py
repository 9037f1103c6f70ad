"""95 % intervals for the constants of a law: profile likelihood, curvature for many rows, or resampled seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import optimize, stats

from analysis.laws._base import LARGEST_EXPONENT, MANY_ROWS, SMALLEST_SIGMA, Estimate, Law, Problem
from analysis.likelihood import Array, Times

LEVEL = 0.95
RESAMPLES = 100
MOST_DOUBLINGS = 12
CERTAIN = -0.01  # log-likelihood of a table in which every run lies in the interval where the law puts it
DIFFERENCE = 1e-4  # of a coordinate of order one, for second derivatives
POSITIVE = frozenset({"scale", "sigma", "break"})  # constants whose uncertainty is a factor rather than a difference
NONNEGATIVE = frozenset({"floor", "critical"})


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval; an end of None is open: the data do not bound it.

    ``freedom``: degrees of freedom of the t distribution behind the interval; None for the normal one.
    """

    estimate: float
    low: float | None
    high: float | None
    freedom: int | None = None

    @property
    def least_p(self) -> float:
        """The smallest p that the method can give."""
        return 0.0

    def exact_p(self, within: tuple[float | None, float | None]) -> float | None:
        """Return the p of "the value lies within" where the method has one of its own, else None."""
        return None

    def scaled(self, factor: float) -> Interval:
        """Return the interval of a multiple."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return replace(self, estimate=self.estimate * factor, low=low, high=high)


@dataclass(frozen=True)
class RankInterval(Interval):
    """The interval of a sign test over a number of groups."""

    groups: int = 0

    @property
    def least_p(self) -> float:
        """The p at which all groups lie on one side."""
        return 2 * 0.5**self.groups


def intervals(
    law: Law, times: Times, best: Estimate, groups: Sequence[object] | None
) -> tuple[dict[str, Interval], str, str | None]:
    """Return the intervals of all free constants, the name of the method, and why they are open where they are.

    Rows of one group (runs that share a seed) are not independent, so with at least two groups whole groups are drawn
    again; otherwise rows count as independent.
    """
    if reason := _undetermined(law, times, best):
        return {name: Interval(best.values[name], None, None) for name in law.free}, "none", reason
    many = len(times.x) > MANY_ROWS
    if groups is not None and len(set(groups)) > 1:
        how = (curvature, "curvature, whole seed groups") if many else (by_group, "resampled seed groups")
        return how[0](law, times, best, groups), how[1], None
    if many:
        return curvature(law, times, best), "curvature of the likelihood", None
    return {name: profile(law, times, best, name) for name in law.free}, "profile likelihood", None


def profile(law: Law, times: Times, best: Estimate, name: str) -> Interval:
    """Return the values of one constant that a likelihood-ratio test at 5 % does not reject.

    The other constants are fitted again at every value. For independent rows.
    """
    allowed = stats.chi2.ppf(LEVEL, 1) / 2
    value = best.values[name]

    def excess(candidate: float) -> float:
        held = law.fit(times, hold={name: candidate}, start=best.values)
        return best.log_likelihood - held.log_likelihood - float(allowed)

    lower, upper = (_cross(excess, value, _outwards(law, name, value, times, sign)) for sign in (-1, 1))
    if lower is None and (name in NONNEGATIVE or (name == "exponent" and "floor" in law.free)):
        lower = 0.0
    return Interval(value, lower, upper)


def by_group(law: Law, times: Times, best: Estimate, groups: Sequence[object]) -> dict[str, Interval]:
    """Return intervals of all free constants from resampling whole groups: estimate ± t(groups - 1) · sd.

    For rows that share a seed across levels, which are not independent.
    Raises: ValueError with fewer than two groups.
    """
    draws = [law.fit(sample, start=best.values).values for sample in resamples(times, groups)]
    return {
        name: spread_interval(name, best.values[name], [draw[name] for draw in draws], len(set(groups)))
        for name in law.free
    }


def resampled_rows(groups: Sequence[object], count: int = RESAMPLES) -> Iterator[Array]:
    """Yield row numbers in which whole groups were drawn with replacement, always the same for the same groups.

    Raises: ValueError with fewer than two groups.
    """
    labels = list(dict.fromkeys(groups))
    if len(labels) < 2:
        raise ValueError(f"intervals by group need at least 2 groups, given {len(labels)}")
    members: dict[object, list[int]] = {label: [] for label in labels}
    for row, group in enumerate(groups):
        members[group].append(row)
    rows = [np.array(members[label]) for label in labels]
    source = np.random.default_rng(0)
    for _ in range(count):
        yield np.concatenate([rows[index] for index in source.integers(0, len(rows), len(rows))])


def resamples(times: Times, groups: Sequence[object]) -> Iterator[Times]:
    """Yield tables of resampled groups that saw an event."""
    samples = (times.at(rows) for rows in resampled_rows(groups))
    return (sample for sample in samples if sample.observed.any())


def spread_interval(name: str, value: float, draws: Sequence[float], groups: int) -> Interval:
    """Return the interval around a value from the spread of its resampled values.

    The spread of resampled means of S groups is too small by √((S-1)/S), which is made up for. Without any spread there
    is nothing to judge by, and the interval is open.
    """
    reach = float(stats.t.ppf((1 + LEVEL) / 2, groups - 1)) * math.sqrt(groups / (groups - 1))
    in_logs = name in POSITIVE and value > 0
    spread = float(np.std(np.log(np.maximum(draws, 1e-300)) if in_logs else draws, ddof=1)) if len(draws) > 1 else 0.0
    if not spread > 0:
        return Interval(value, None, None, groups - 1)
    return _around(name, value, reach * spread, in_logs=in_logs, freedom=groups - 1)


def curvature(law: Law, times: Times, best: Estimate, groups: Sequence[object] | None = None) -> dict[str, Interval]:
    """Return intervals of all free constants from the curvature of the likelihood at its top.

    With groups, from the spread of the groups' gradients (the sandwich estimate, t with groups - 1 degrees of freedom).
    """
    problem = Problem(law, times, {})
    top = problem.encode(best.values)
    hessian, freedom = _hessian(problem, top), None
    if not np.isfinite(hessian).all():
        return {name: Interval(best.values[name], None, None) for name in law.free}
    inverse = np.linalg.pinv(hessian, hermitian=True)
    if groups is not None:
        labels, member = np.unique(np.array(groups, dtype=str), return_inverse=True)
        sums = np.zeros((len(labels), len(top)))
        np.add.at(sums, member, problem.scores(top)[1])
        freedom = len(labels) - 1
        inverse = inverse @ (sums.T @ sums) @ inverse * len(labels) / freedom
    reach = stats.norm.ppf((1 + LEVEL) / 2) if freedom is None else stats.t.ppf((1 + LEVEL) / 2, freedom)
    found = {}
    for name in law.free:
        in_logs = name in POSITIVE and best.values[name] > 0
        gradient = _value_gradient(problem, top, name, in_logs=in_logs)
        spread = math.sqrt(max(float(gradient @ inverse @ gradient), 0.0))
        found[name] = _around(name, best.values[name], float(reach) * spread, in_logs=in_logs, freedom=freedom)
    return found


def _around(name: str, value: float, half: float, *, in_logs: bool, freedom: int | None) -> Interval:
    if in_logs:
        factor = math.exp(min(half, 700.0))
        high = value * factor
        return Interval(value, value / factor, high if math.isfinite(high) else None, freedom)
    low = max(value - half, 0.0) if name in NONNEGATIVE else value - half
    return Interval(value, low, value + half, freedom)


def _undetermined(law: Law, times: Times, best: Estimate) -> str | None:
    """Return why no interval can be given at all, or None."""
    levels = len(np.unique(times.x[times.observed]))
    if levels < len(law.free):
        return f"{len(law.free)} constants, but events at {levels} level{'s' if levels > 1 else ''} only"
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
