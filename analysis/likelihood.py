"""Times of events, known as intervals or censored, and the log-probability of each under a law and a noise.

The time of a run is T = f · exp(σ ε). A run that was seen to happen in (lower, upper] has probability
F(upper) - F(lower), a run that was never seen has 1 - F(lower), and a time known exactly (lower = upper) has the
density of T. No run is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GONE = -1e4  # log-probability of a row that a law rules out; finite, so that an optimiser can climb back
LARGEST_LOG_RATIO = 50.0


@dataclass(frozen=True)
class Times:
    """Rows of one sweep.

    Shapes: x, lower, upper (n,). Units: steps; ``upper`` is inf where the event was not seen by ``lower``, and equal to
    ``lower`` where the time is known exactly. ``labels``: equal numbers for equal rows, where known: on a shared grid
    of evaluations thousands of rows are hundreds of different ones.
    """

    x: Array
    lower: Array
    upper: Array
    labels: NDArray[np.intp] | None = None

    @cached_property
    def observed(self) -> NDArray[np.bool_]:
        """Which rows saw the event."""
        return np.isfinite(self.upper)

    @cached_property
    def exact(self) -> NDArray[np.bool_]:
        """Which rows know the time itself."""
        return self.upper <= self.lower

    @property
    def middle(self) -> Array:
        """One time per row: the middle of the interval, or where watching ended."""
        return np.where(self.observed, (np.maximum(self.lower, 0) + self._end) / 2, self.lower)

    def at(self, rows: Any) -> Times:
        """Return some of the rows."""
        labels = None if self.labels is None else self.labels[rows]
        return Times(self.x[rows], self.lower[rows], self.upper[rows], labels)

    def later(self, steps: float) -> Times:
        """Return the same rows with so many steps more."""
        return replace(self, lower=self.lower + steps, upper=self.upper + steps) if steps else self

    def labelled(self) -> Times:
        """Return the same rows with labels."""
        columns = np.stack([self.x, self.lower, self.upper])
        order = np.lexsort(columns[::-1])
        ordered = columns[:, order]
        differs = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
        labels = np.zeros(len(order), dtype=np.intp)
        labels[order[1:]] = np.cumsum(differs)
        return replace(self, labels=labels)

    def distinct(self) -> tuple[Times, Array]:
        """Return each different row once, and how often it is there; all rows, once each, without labels."""
        if self.labels is None:
            return self, np.ones(len(self.x))
        counts = np.bincount(self.labels)
        first = np.zeros(len(counts), dtype=np.intp)
        first[self.labels[::-1]] = np.arange(len(self.labels))[::-1]  # of equal labels the last one written counts
        there = counts > 0
        return self.at(first[there]), counts[there].astype(np.float64)

    @property
    def levels(self) -> Array:
        """The different x, ascending."""
        return np.unique(self.distinct()[0].x)

    @property
    def levels_seen(self) -> Array:
        """The different x at which the event was seen, ascending."""
        each = self.distinct()[0]
        return np.unique(each.x[each.observed])

    @cached_property
    def log_lower(self) -> Array:
        """Logarithm of the lower ends, -inf where they are not positive."""
        return np.log(np.where(self.lower > 0, self.lower, 1.0)) - np.where(self.lower > 0, 0.0, np.inf)

    @cached_property
    def log_upper(self) -> Array:
        """Logarithm of the upper ends, inf where the event was not seen."""
        return np.where(self.observed, np.log(self._end), np.inf)

    @property
    def _end(self) -> Array:
        return np.where(self.observed, self.upper, 1.0)


@dataclass(frozen=True)
class Noise:
    """What ε is: the logarithms of its density and of its survival function, and whether it is symmetric about 0."""

    log_density: Callable[[Array], Array]
    log_survival: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # of the log-density
    symmetric: bool


@cache
def _special() -> Any:
    from scipy import special  # where a likelihood is computed; what a law is called is asked of every experiment

    return special


NOISES: Mapping[str, Noise] = {
    "log-normal": Noise(
        lambda z: -0.5 * z**2 - 0.5 * np.log(2 * np.pi), lambda z: _special().log_ndtr(-z), lambda z: -z, symmetric=True
    ),
    "log-logistic": Noise(
        lambda z: _special().log_expit(z) + _special().log_expit(-z),
        lambda z: _special().log_expit(-z),
        lambda z: 1 - 2 * _special().expit(z),
        symmetric=True,
    ),
    "Weibull": Noise(
        lambda z: z - np.exp(np.minimum(z, 700.0)),
        lambda z: -np.exp(np.minimum(z, 700.0)),
        lambda z: 1 - np.exp(np.minimum(z, 700.0)),
        symmetric=False,
    ),
}


def row_terms(log_time: Array, sigma: float, times: Times, noise: str = "log-normal") -> tuple[Array, Array, Array]:
    """Return each row's log-probability and its derivatives by the mean of log T and by log sigma.

    Shapes: (n,) each. A mean of inf says that the event never happens there.
    """
    kind = NOISES[noise]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        low, high = (times.log_lower - log_time) / sigma, (times.log_upper - log_time) / sigma
        terms = _interval(kind, low, high)
        seen_exactly = times.exact
        if seen_exactly.any():
            density = kind.log_density(high) - np.log(sigma) - times.log_upper
            terms = np.where(seen_exactly, density, terms)
        never = ~np.isfinite(log_time)
        terms = np.where(never, np.where(times.observed, GONE, 0.0), np.where(terms > GONE, terms, GONE))
        first, last = _ratio(kind, low, terms), _ratio(kind, high, terms)
        by_mean = (first - last) / sigma
        by_log_sigma = first * _finite(low) - last * _finite(high)
        if seen_exactly.any():
            slope = kind.slope(high)
            by_mean = np.where(seen_exactly, -slope / sigma, by_mean)
            by_log_sigma = np.where(seen_exactly, -slope * high - 1, by_log_sigma)
    return terms, np.where(never, 0.0, by_mean), np.where(never, 0.0, by_log_sigma)


def _interval(kind: Noise, low: Array, high: Array) -> Array:
    """Return log(F(high) - F(low)), worked out in the tail where nothing cancels."""
    if kind.symmetric:
        flip = low + np.where(np.isfinite(high), high, low) < 0
        low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    first, last = kind.log_survival(low), kind.log_survival(high)
    return np.where(np.isneginf(low), 0.0, first) + np.log(-np.expm1(np.minimum(last - first, 0.0)))


def _ratio(kind: Noise, z: Array, terms: Array) -> Array:
    """Return density / probability of each row without overflow; 0 at infinite z."""
    exponent = np.where(np.isfinite(z), kind.log_density(_finite(z)) - terms, -np.inf)
    return np.exp(np.minimum(exponent, LARGEST_LOG_RATIO))


def _finite(z: Array) -> Array:
    return np.where(np.isfinite(z), z, 0.0)
