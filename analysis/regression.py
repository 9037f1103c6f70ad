"""Log-linear regression of censored times on several axes at once (an accelerated failure time model).

log T = b0 + Σ b_i · z_i + Σ b_ij · z_i · z_j + σ ε, with ε normal, logistic or Gumbel (log-normal, log-logistic and
Weibull times). An axis of positive numbers enters as z = log(x / geometric mean of its levels), any other as 0/1 for
every level but the first in alphabetical order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis import quantiles
from analysis._climb import climb
from analysis.interval import LEVEL, FittedInterval, Interval, dealt, jackknife, rows_without_each
from analysis.intervals import HANDS_LEFT_OUT, LEFT_OUT
from analysis.laws._base import LARGEST_SIGMA, NO_EVENT, SMALLEST_SIGMA
from analysis.likelihood import NOISES, Array, Times, row_terms

SECOND_DIFFERENCE = 1e-4
LARGEST_LOG = 700.0  # of a time in steps; an end beyond it is open


@dataclass(frozen=True)
class Regression:
    """One noise's fit.

    ``time``: the median steps at the reference (numbers at their geometric mean, other axes at their first level).
    ``slopes``: by term, the change of log T per unit of z; -1 means that T falls as 1/x.
    """

    noise: str
    time: Interval
    slopes: dict[str, Interval]
    sigma: float
    log_likelihood: float
    aicc: float | None
    intervals: str
    events: int
    censored: int

    def facts(self) -> dict[str, Any]:
        """Return the fit as plain data."""
        return asdict(self)


def regress(
    axes: Mapping[str, Sequence[Any]], times: Times, groups: Sequence[object] | None = None
) -> list[Regression]:
    """Return the fits of all three noises with all pairwise interactions, the best AICc first.

    ``times.x`` is not looked at. With at least two groups, intervals come from leaving out each whole group.
    Raises: ValueError in words where the table cannot tell the terms apart.
    """
    if not axes:
        raise ValueError("no axis varies among the runs: a regression needs runs at two points or more")
    if not times.observed.any():
        raise ValueError(NO_EVENT)
    names, matrix = design(axes)
    if np.linalg.matrix_rank(matrix[times.observed]) < matrix.shape[1]:
        raise ValueError(f"too few different points with events for the terms {', '.join(names)}")
    fits = [_fit(noise, names, matrix, times, groups) for noise in NOISES]
    return sorted(fits, key=lambda fit: np.inf if fit.aicc is None else fit.aicc)


def design(axes: Mapping[str, Sequence[Any]]) -> tuple[list[str], Array]:
    """Return the names of the terms and their values, (rows, 1 + terms), the first column all 1.

    >>> names, matrix = design({"x": [1.0, 4.0], "kind": ["a", "b"]})
    >>> names, matrix.round(2).tolist()
    (['x', 'kind=b', 'x × kind=b'], [[1.0, -0.69, 0.0, -0.0], [1.0, 0.69, 1.0, 0.69]])
    """
    blocks = [list(_columns(name, values)) for name, values in axes.items()]
    single = [column for block in blocks for column in block]
    pairs = [
        (f"{first[0]} × {second[0]}", first[1] * second[1])
        for one, other in itertools.combinations(blocks, 2)
        for first, second in itertools.product(one, other)
    ]
    columns = [*single, *pairs]
    count = len(next(iter(axes.values())))
    return [name for name, _ in columns], np.column_stack([np.ones(count), *(values for _, values in columns)])


def _columns(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Array]]:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values)
    if numbers:
        logs = np.log(np.array(values, dtype=float))
        yield name, logs - np.unique(logs).mean()
        return
    for level in sorted(set(values), key=str)[1:]:
        yield f"{name}={level}", np.array([float(value == level) for value in values])


def _fit(noise: str, names: list[str], matrix: Array, times: Times, groups: Sequence[object] | None) -> Regression:
    point = _climb(noise, matrix, times, _start(matrix, times))
    value = -_objective(point, noise, matrix, times)[0]
    grouped = groups is not None and len(set(groups)) > 1
    if grouped and groups is not None:
        found = _by_group(noise, matrix, times, groups, point)
    else:
        found = _by_curvature(noise, matrix, times, point)
    spare = len(matrix) - len(point) - 1
    seen = int(times.observed.sum())
    ends = [None if end is None or end > LARGEST_LOG else float(np.exp(end)) for end in (found[0].low, found[0].high)]
    return Regression(
        noise=noise,
        time=FittedInterval(float(np.exp(min(point[0], LARGEST_LOG))), ends[0], ends[1], found[0].freedom, 0.0),
        slopes=dict(zip(names, found[1:-1], strict=True)),
        sigma=float(np.exp(point[-1])),
        log_likelihood=value,
        aicc=2 * len(point) - 2 * value + 2 * len(point) * (len(point) + 1) / spare if spare > 0 else None,
        intervals=_how(groups) if grouped and groups is not None else "curvature of the likelihood",
        events=seen,
        censored=len(matrix) - seen,
    )


def _how(groups: Sequence[object]) -> str:
    return LEFT_OUT if dealt(groups) is groups else HANDS_LEFT_OUT


def _start(matrix: Array, times: Times) -> Array:
    """Return least squares on the middles of the intervals."""
    logs = np.log(np.maximum(times.middle, 1e-9))
    slopes = np.linalg.lstsq(matrix, logs, rcond=None)[0]
    spread = float(np.std(logs - matrix @ slopes))
    return np.append(slopes, np.log(np.clip(spread, 0.01, LARGEST_SIGMA)))


def _climb(noise: str, matrix: Array, times: Times, start: Array) -> Array:
    limits = [*[(None, None)] * (len(start) - 1), (np.log(SMALLEST_SIGMA), np.log(LARGEST_SIGMA))]
    found = climb(lambda point: _objective(point, noise, matrix, times), start, limits)
    return np.asarray(found.x)


def _objective(point: Array, noise: str, matrix: Array, times: Times) -> tuple[float, Array]:
    """Return minus the log-likelihood and its gradient."""
    terms, by_mean, by_log_sigma = row_terms(matrix @ point[:-1], float(np.exp(point[-1])), times, noise)
    return -float(terms.sum()), -np.append(by_mean @ matrix, by_log_sigma.sum())


def _by_group(noise: str, matrix: Array, times: Times, groups: Sequence[object], point: Array) -> list[Interval]:
    remade = []
    for rows in rows_without_each(dealt(groups)):
        sample = times.at(rows)
        if np.linalg.matrix_rank(matrix[rows][sample.observed]) < matrix.shape[1]:
            return [Interval(float(value), None, None, len(set(groups)) - 1) for value in point]
        remade.append(_climb(noise, matrix[rows], sample, point))
    return [
        jackknife(float(value), [float(other[index]) for other in remade], limits=(None, None))
        for index, value in enumerate(point)
    ]


def _by_curvature(noise: str, matrix: Array, times: Times, point: Array) -> list[Interval]:
    steps = np.eye(len(point)) * SECOND_DIFFERENCE
    rows = [
        _objective(point + step, noise, matrix, times)[1] - _objective(point - step, noise, matrix, times)[1]
        for step in steps
    ]
    hessian = np.array(rows) / (2 * SECOND_DIFFERENCE)
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv((hessian + hessian.T) / 2, hermitian=True)), 0))
    reach = quantiles.normal((1 + LEVEL) / 2)
    return [
        FittedInterval(float(value), float(value - reach * wide), float(value + reach * wide))
        if wide > 0
        else Interval(float(value), None, None)
        for value, wide in zip(point, spread, strict=True)
    ]
