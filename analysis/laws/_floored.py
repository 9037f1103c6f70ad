"""Laws of the form T = floor + scale · (x - critical)^(-exponent), with some constants fixed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from analysis.laws._base import LARGEST_EXPONENT, Law, Units
from analysis.likelihood import Array

LARGEST_CRITICAL = 0.999  # of the smallest x that saw an event
FLOORS, EXPONENTS, CRITICALS = (0.05, 0.6), (0.5, 1.0, 2.0), (0.0, 0.5, 0.95)


class Floored(Law):
    """Coordinates: floor / unit, log(scale / unit) - exponent · centre, exponent, critical / smallest x of an event.

    So the level at the median x and the exponent are nearly independent.
    """

    constants: ClassVar[tuple[str, ...]] = ("floor", "scale", "exponent", "critical")

    def time(self, values: Mapping[str, float], x: Array) -> Array:
        """Return the median time in steps at x; inf at and below the critical value."""
        full = {**self.fixed, **values}
        above = x > full["critical"]
        reach = np.where(above, x - full["critical"], 1.0)
        return np.where(above, full["floor"] + full["scale"] * reach ** -full["exponent"], np.inf)

    def bounds(self, name: str, units: Units) -> tuple[float, float]:
        """Return the limits of a coordinate; with a floor the time may only fall."""
        lowest = -LARGEST_EXPONENT if "floor" in self.fixed else 0.0
        return {
            "floor": (0.0, 50.0),
            "scale": (-30.0, 30.0),
            "exponent": (lowest, LARGEST_EXPONENT),
            "critical": (0.0, LARGEST_CRITICAL),
        }[name]

    def guesses(self, units: Units) -> Iterator[dict[str, float]]:
        """Yield a spread over floors, exponents and critical values."""
        for floor, exponent, critical in itertools.product(FLOORS, EXPONENTS, CRITICALS):
            steepness = self.fixed.get("exponent", exponent)
            scale = (1 - floor) * units.time * float(np.exp(steepness * units.centre))
            yield {
                "floor": floor * units.time,
                "scale": scale,
                "exponent": steepness,
                "critical": critical * units.smallest,
            }

    def encode(self, values: Mapping[str, float], units: Units) -> dict[str, float]:
        """Return the coordinates of values."""
        return {
            "floor": values["floor"] / units.time,
            "scale": np.log(max(values["scale"], 1e-300) / units.time) - values["exponent"] * units.centre,
            "exponent": values["exponent"],
            "critical": values["critical"] / units.smallest,
        }

    def decode(self, coded: Mapping[str, float], units: Units, held: Mapping[str, float]) -> dict[str, float]:
        """Return the values at coordinates."""
        exponent = coded.get("exponent", held.get("exponent", 0.0))
        return {
            "floor": coded.get("floor", 0.0) * units.time,
            "scale": units.time * float(np.exp(coded.get("scale", 0.0) + exponent * units.centre)),
            "exponent": exponent,
            "critical": coded.get("critical", 0.0) * units.smallest,
        }

    def slopes(
        self, values: Mapping[str, float], x: Array, units: Units, held: Mapping[str, float]
    ) -> tuple[Array, dict[str, Array]]:
        """Return log T and its derivatives; 0 where the event never happens."""
        possible = x > values["critical"]
        reach = np.where(possible, x - values["critical"], 1.0)
        part = values["scale"] * reach ** -values["exponent"]
        time = np.maximum(values["floor"] + part, 1e-300)
        share = np.where(possible, part / time, 0.0)
        centre = 0.0 if "scale" in held else units.centre
        return np.where(possible, np.log(time), np.inf), {
            "floor": np.where(possible, units.time / time, 0.0),
            "scale": share,
            "exponent": -share * (np.log(reach) - centre),
            "critical": share * values["exponent"] / reach * units.smallest,
        }
