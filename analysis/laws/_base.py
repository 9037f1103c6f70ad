"""What a law is, and how it is fitted to interval- and right-censored times by maximum likelihood.

The time of a run at x is T = f(x) · exp(σ ε), ε standard normal: a run that was seen to happen in (lower, upper] has
probability F(upper) - F(lower), a run that was never seen has 1 - F(lower). No run is dropped.

All laws here are special cases of f(x) = floor + scale · (x - critical)^(-exponent) with some constants fixed, so one
gradient serves them all.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Array = NDArray[np.float64]
CONSTANTS = ("floor", "scale", "exponent", "critical")
LARGEST_EXPONENT = 12.0
SMALLEST_SIGMA, LARGEST_SIGMA = 1e-3, 5.0
LARGEST_CRITICAL = 0.999  # of the smallest x that saw an event
GONE = -1e4  # log-likelihood of a row that a law rules out; finite, so that an optimiser can climb back


@dataclass(frozen=True)
class Times:
    """Rows of one sweep.

    Shapes: x, lower, upper (n,). Units: steps; ``upper`` is inf where the event was not seen by ``lower``.
    """

    x: Array
    lower: Array
    upper: Array

    @property
    def observed(self) -> NDArray[np.bool_]:
        """Which rows saw the event."""
        return np.isfinite(self.upper)

    def at(self, rows: Any) -> Times:
        """Return some of the rows."""
        return Times(self.x[rows], self.lower[rows], self.upper[rows])


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


class Law:
    """One law: which constants are free, and what the others are fixed to.

    ``meaning`` says in words, with units, what each free constant is.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    meaning: ClassVar[Mapping[str, str]]
    fixed: ClassVar[Mapping[str, float]]
    source: ClassVar[str] = ""

    @property
    def free(self) -> tuple[str, ...]:
        """The free constants, without the spread sigma."""
        return tuple(name for name in CONSTANTS if name not in self.fixed)

    def time(self, values: Mapping[str, float], x: Array) -> Array:
        """Return the median time in steps at x; inf below the critical value."""
        full = {**self.fixed, **values}
        above = x > full["critical"]
        reach = np.where(above, x - full["critical"], 1.0)
        return np.where(above, full["floor"] + full["scale"] * reach ** -full["exponent"], np.inf)

    def log_densities(self, values: Mapping[str, float], times: Times) -> Array:
        """Return the log-probability of every row."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return _row_terms(np.log(self.time(values, times.x)), values["sigma"], times)[0]

    def fit(
        self, times: Times, *, hold: Mapping[str, float] | None = None, start: Mapping[str, float] | None = None
    ) -> Estimate:
        """Return the maximum-likelihood estimate, with some constants held where asked.

        Raises: ValueError when no row saw the event: then no law can be fitted, only a bound given.
        """
        if not times.observed.any():
            raise ValueError("no run saw the event: raise the budget, drop the weakest levels, or report a bound")
        problem = _Problem(times, {**self.fixed, **(hold or {})})
        best = max((problem.climb(guess) for guess in problem.starts(start)), key=lambda found: found[0])
        return Estimate(self.name, best[1], best[0], len(self.free) + 1 - len(hold or {}), len(times.x))


class _Problem:
    """The likelihood in coordinates of order one, with the exponent and the level at the median x decorrelated.

    Coordinates: floor / unit, log(scale / unit) - exponent · centre, exponent, log sigma, and critical / the smallest x
    that saw an event, where unit is the median time of the events.
    """

    def __init__(self, times: Times, held: Mapping[str, float]) -> None:
        self.times, self.held = times, held
        seen = times.observed
        middle = np.where(seen, (np.maximum(times.lower, 0) + np.where(seen, times.upper, 0)) / 2, times.lower)
        self.unit = max(float(np.median(middle[seen])), 1.0)
        self.centre = float(np.median(np.log(times.x)))
        self.smallest = float(times.x[seen].min())
        self.names = [name for name in (*CONSTANTS, "sigma") if name not in held]

    def starts(self, start: Mapping[str, float] | None) -> list[Array]:
        """Return starting points: the given constants alone, or a spread over floors, exponents and critical values."""
        if start is not None:
            return [self._encode(start)]
        spread = itertools.product((0.05, 0.6), (0.5, 1.0, 2.0), (0.0, 0.5, 0.95))
        coded = [self._encode(self._guess(floor, exponent, critical)) for floor, exponent, critical in spread]
        return list({tuple(np.round(point, 9)): point for point in coded}.values())

    def climb(self, guess: Array) -> tuple[float, dict[str, float]]:
        """Return (log-likelihood, constants) of the best point that can be reached from a guess."""
        limits = {
            "floor": (0.0, 50.0),
            "scale": (-30.0, 30.0),
            "exponent": (0.0 if "floor" not in self.held else -LARGEST_EXPONENT, LARGEST_EXPONENT),
            "critical": (0.0, LARGEST_CRITICAL),
            "sigma": (np.log(SMALLEST_SIGMA), np.log(LARGEST_SIGMA)),
        }
        found = optimize.minimize(
            self.objective,
            guess,
            jac=True,
            method="L-BFGS-B",
            bounds=[limits[name] for name in self.names],
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
        )
        return -float(found.fun), self._decode(found.x)

    def objective(self, point: Array) -> tuple[float, Array]:
        """Return minus the log-likelihood and its gradient."""
        values = self._decode(point)
        possible = self.times.x > values["critical"]
        reach = np.where(possible, self.times.x - values["critical"], 1.0)
        part = values["scale"] * reach ** -values["exponent"]
        time = np.maximum(values["floor"] + part, 1e-300)
        terms, by_mean, by_log_sigma = _row_terms(np.where(possible, np.log(time), np.inf), values["sigma"], self.times)
        share = part / time
        slopes = {
            "floor": self.unit / time,
            "scale": share,
            "exponent": -share * (np.log(reach) - (0.0 if "scale" in self.held else self.centre)),
            "critical": share * values["exponent"] / reach * self.smallest,
        }
        gradient = [
            by_log_sigma.sum() if name == "sigma" else (by_mean * np.where(possible, slopes[name], 0.0)).sum()
            for name in self.names
        ]
        return -float(terms.sum()), -np.array(gradient)

    def _guess(self, floor: float, exponent: float, critical: float) -> dict[str, float]:
        exponent = self.held.get("exponent", exponent)
        scale = (1 - floor) * self.unit * float(np.exp(exponent * self.centre))
        values = {"floor": floor * self.unit, "scale": scale, "exponent": exponent, "sigma": 0.3}
        return {**values, "critical": critical * self.smallest}

    def _encode(self, values: Mapping[str, float]) -> Array:
        """Return the coordinates of a point; one whose exponent is not the held one keeps its level at the median x."""
        coded = {
            "floor": values["floor"] / self.unit,
            "scale": np.log(max(values["scale"], 1e-300) / self.unit) - values["exponent"] * self.centre,
            "exponent": values["exponent"],
            "critical": values["critical"] / self.smallest,
            "sigma": np.log(values["sigma"]),
        }
        return np.array([coded[name] for name in self.names])

    def _decode(self, point: Array) -> dict[str, float]:
        coded = dict(zip(self.names, map(float, point), strict=True))
        exponent = coded.get("exponent", self.held.get("exponent", 0.0))
        values = {
            "floor": coded.get("floor", 0.0) * self.unit,
            "scale": self.unit * float(np.exp(coded.get("scale", 0.0) + exponent * self.centre)),
            "exponent": exponent,
            "critical": coded.get("critical", 0.0) * self.smallest,
            "sigma": float(np.exp(coded.get("sigma", 0.0))),
        }
        return {**values, **self.held}


def _row_terms(log_time: Array, sigma: float, times: Times) -> tuple[Array, Array, Array]:
    """Return each row's log-probability and its derivatives by the mean of log T and by log sigma."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        low = np.where(times.lower > 0, (np.log(np.maximum(times.lower, 1e-300)) - log_time) / sigma, -np.inf)
        high = np.where(times.observed, (np.log(np.where(times.observed, times.upper, 1.0)) - log_time) / sigma, np.inf)
        flip = low + np.where(np.isfinite(high), high, low) > 0  # work in the tail where nothing cancels
        a, b = np.where(flip, -high, low), np.where(flip, -low, high)
        upper, lower = special.log_ndtr(b), special.log_ndtr(a)
        terms = upper + np.log1p(-np.exp(np.minimum(lower - upper, 0.0)))
        impossible = ~np.isfinite(log_time)
        terms = np.where(
            impossible, np.where(times.observed, GONE, 0.0), np.maximum(np.nan_to_num(terms, nan=GONE), GONE)
        )
        density_low, density_high = _ratio(low, terms), _ratio(high, terms)
        by_mean = np.where(impossible, 0.0, (density_low - density_high) / sigma)
        by_log_sigma = density_low * np.nan_to_num(low, posinf=0, neginf=0) - density_high * np.nan_to_num(
            high, posinf=0, neginf=0
        )
    return terms, by_mean, np.where(impossible, 0.0, by_log_sigma)


def _ratio(z: Array, terms: Array) -> Array:
    """Return φ(z) / P of each row without overflow; 0 at infinite z."""
    exponent = np.where(np.isfinite(z), -0.5 * z**2 - 0.5 * np.log(2 * np.pi) - terms, -np.inf)
    return np.exp(np.minimum(exponent, 50.0))
