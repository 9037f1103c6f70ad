"""What a law is, and how it is fitted to interval- and right-censored times by maximum likelihood.

The time of a run at x is T = f(x) · exp(σ ε), ε standard normal. A law says what f is, in coordinates of order one that
an optimiser can climb in; how rows count is the business of ``analysis.likelihood``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from analysis._climb import climb
from analysis.likelihood import Array, Times, row_terms

LARGEST_EXPONENT = 12.0
SMALLEST_SIGMA, LARGEST_SIGMA = 1e-3, 5.0
CLIMBS = 6  # of the starting points, those with the best likelihood
MANY_ROWS = 20_000  # above it, starting points are climbed from on a part of the rows
NO_EVENT = "no run saw the event: raise the budget, drop the weakest levels, or report a bound"


@dataclass(frozen=True)
class Estimate:
    """A law's constants at the largest likelihood."""

    law: str
    values: Mapping[str, float]
    log_likelihood: float
    free: int
    rows: int

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for small samples; inf where there are too few rows for it."""
        spare = self.rows - self.free - 1
        return (
            2 * self.free - 2 * self.log_likelihood + (2 * self.free * (self.free + 1) / spare if spare > 0 else np.inf)
        )


@dataclass(frozen=True)
class Units:
    """What coordinates are measured in.

    ``time``: the median time of the events; ``centre``: the median of log x; ``smallest``: the smallest x that saw an
    event; ``ends``: the smallest and largest log x.
    """

    time: float
    centre: float
    smallest: float
    ends: tuple[float, float]

    @classmethod
    def of(cls, times: Times) -> Units:
        """Return the units of a table with at least one event."""
        each, counts = times.distinct()
        seen, logs = each.observed, np.log(each.x)
        time = max(_median(each.middle[seen], counts[seen]), 1.0)
        return cls(time, _median(logs, counts), float(each.x[seen].min()), (float(logs.min()), float(logs.max())))


class Law(ABC):
    """One law: which constants are free, and what the others are fixed to.

    ``meaning`` says in words, with units, what each free constant is.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    meaning: ClassVar[Mapping[str, str]]
    constants: ClassVar[tuple[str, ...]]
    fixed: ClassVar[Mapping[str, float]] = {}

    @property
    def free(self) -> tuple[str, ...]:
        """The free constants, without the spread sigma."""
        return tuple(name for name in self.constants if name not in self.fixed)

    def limits(self, name: str) -> tuple[float | None, float | None]:
        """Return the smallest and largest value that a constant can have, None where it has none.

        With a floor the time can only fall.
        """
        falls = name == "exponent" and "floor" in self.free
        return (0.0, None) if falls or not name.startswith("exponent") else (None, None)

    @abstractmethod
    def time(self, values: Mapping[str, float], x: Array) -> Array:
        """Return the median time in steps at x; inf where the event never happens."""

    @abstractmethod
    def bounds(self, name: str, units: Units) -> tuple[float, float]:
        """Return the smallest and largest value that a constant may have, in coordinates."""

    @abstractmethod
    def guesses(self, units: Units) -> Iterator[dict[str, float]]:
        """Yield values of all constants to start from."""

    @abstractmethod
    def encode(self, values: Mapping[str, float], units: Units) -> dict[str, float]:
        """Return the coordinates of values."""

    @abstractmethod
    def decode(self, coded: Mapping[str, float], units: Units, held: Mapping[str, float]) -> dict[str, float]:
        """Return the values at coordinates, of which those of held constants may be missing."""

    @abstractmethod
    def slopes(
        self, values: Mapping[str, float], x: Array, units: Units, held: Mapping[str, float]
    ) -> tuple[Array, dict[str, Array]]:
        """Return the log of the median time at x, (n,), and its derivative by every coordinate, (n,) each."""

    def log_densities(self, values: Mapping[str, float], times: Times) -> Array:
        """Return the log-probability of every row."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return row_terms(np.log(self.time(values, times.x)), values["sigma"], times)[0]

    def fit(
        self, times: Times, *, hold: Mapping[str, float] | None = None, start: Mapping[str, float] | None = None
    ) -> Estimate:
        """Return the maximum-likelihood estimate, with some constants held where asked.

        Raises: ValueError when no row saw the event: then no law can be fitted, only a bound given.
        """
        if not times.observed.any():
            raise ValueError(NO_EVENT)
        problem = Problem(self, times, hold or {}).condensed()
        guesses = [problem.encode(start)] if start is not None else problem.starts()
        found = max((problem.climb(guess) for guess in guesses), key=lambda point: point[0])
        return Estimate(self.name, found[1], found[0], len(self.free) + 1 - len(hold or {}), len(times.x))


class Problem:
    """The likelihood of one law on one table as a function of the coordinates that are not held."""

    def __init__(self, law: Law, times: Times, hold: Mapping[str, float]) -> None:
        self.law, self.times, self.held = law, times, {**law.fixed, **hold}
        self.units = Units.of(times)
        self.counts = np.ones(len(times.x))
        self.names = [name for name in (*law.constants, "sigma") if name not in self.held]

    def condensed(self) -> Problem:
        """Let equal rows count together, which changes nothing but the time it takes."""
        self.times, self.counts = self.times.distinct()
        return self

    def starts(self) -> list[Array]:
        """Return the most promising starting points; of many rows, one that was climbed to on a part of them."""
        if len(self.times.x) > MANY_ROWS:
            order = np.lexsort((self.times.lower, self.times.x))
            part = self.times.at(order[np.linspace(0, len(order) - 1, MANY_ROWS // 4).astype(np.intp)])
            if part.observed.any():
                held = {name: value for name, value in self.held.items() if name not in self.law.fixed}
                return [self.encode(self.law.fit(part, hold=held).values)]
        coded = [self.encode({"sigma": 0.3, **guess, **self.held}) for guess in self.law.guesses(self.units)]
        points = list({tuple(np.round(point, 9)): point for point in coded}.values())
        return sorted(points, key=lambda point: self.objective(point)[0])[:CLIMBS]

    def climb(self, guess: Array) -> tuple[float, dict[str, float]]:
        """Return (log-likelihood, constants) of the best point that can be reached from a guess."""
        limits = [
            (np.log(SMALLEST_SIGMA), np.log(LARGEST_SIGMA)) if name == "sigma" else self.law.bounds(name, self.units)
            for name in self.names
        ]
        found = climb(self.objective, np.clip(guess, *np.array(limits).T), limits)
        return -float(found.fun), self.decode(found.x)

    def objective(self, point: Array) -> tuple[float, Array]:
        """Return minus the log-likelihood and its gradient."""
        terms, by_row = self.scores(point)
        return -float(terms @ self.counts), -(self.counts @ by_row)

    def scores(self, point: Array) -> tuple[Array, Array]:
        """Return each row's log-probability, (n,), and its gradient by the coordinates, (n, coordinates)."""
        values = self.decode(point)
        log_time, slopes = self.law.slopes(values, self.times.x, self.units, self.held)
        terms, by_mean, by_log_sigma = row_terms(log_time, values["sigma"], self.times)
        columns = [by_log_sigma if name == "sigma" else by_mean * slopes[name] for name in self.names]
        return terms, np.stack(columns, axis=1)

    def encode(self, values: Mapping[str, float]) -> Array:
        """Return the coordinates of values."""
        coded = {**self.law.encode(values, self.units), "sigma": float(np.log(values["sigma"]))}
        return np.array([coded[name] for name in self.names])

    def decode(self, point: Array) -> dict[str, float]:
        """Return the values at coordinates."""
        coded = dict(zip(self.names, map(float, point), strict=True))
        values = self.law.decode(coded, self.units, self.held)
        return {**values, "sigma": float(np.exp(coded.get("sigma", 0.0))), **self.held}


def _median(values: Array, counts: Array) -> float:
    """Return the median of values of which each is there so often."""
    order = np.argsort(values)
    before = np.cumsum(counts[order])
    middle = np.searchsorted(before, [(before[-1] - 1) // 2, before[-1] // 2], side="right")
    return float(values[order[middle]].sum() / 2)
