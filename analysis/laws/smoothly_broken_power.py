"""The time is one power of x below a break and another above it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from analysis.laws._base import LARGEST_EXPONENT, Law, Units
from analysis.likelihood import Array

SHARPNESS = 4.0  # the bend spans a factor of about e^(2/4) in x to each side


class SmoothlyBrokenPower(Law):
    """T = scale · (x/break)^-exponent · ((1 + (x/break)^4) / 2)^((exponent - exponent_above) / 4).

    Coordinates: log(scale / unit), both exponents, log break.
    """

    name: ClassVar[str] = "smoothly_broken_power"
    formula: ClassVar[str] = "T = C·(x/xb)^-a below xb, ·(x/xb)^-b above"
    meaning: ClassVar[Mapping[str, str]] = {
        "scale": "the median time in steps at the break",
        "exponent": "well below the break, halving x multiplies the time by 2 to this power",
        "exponent_above": "well above the break, halving x multiplies the time by 2 to this power",
        "break": "the x at which the slope changes",
    }
    constants: ClassVar[tuple[str, ...]] = ("scale", "exponent", "exponent_above", "break")

    def time(self, values: Mapping[str, float], x: Array) -> Array:
        """Return the median time in steps at x."""
        reach = np.log(np.maximum(x, 1e-300) / values["break"])
        return values["scale"] * np.exp(-values["exponent"] * reach + _bend(reach) * _change(values))

    def bounds(self, name: str, units: Units) -> tuple[float, float]:
        """Return the limits of a coordinate; the break lies within the levels."""
        return {"scale": (-30.0, 30.0), "break": units.ends}.get(name, (-LARGEST_EXPONENT, LARGEST_EXPONENT))

    def guesses(self, units: Units) -> Iterator[dict[str, float]]:
        """Yield a spread over breaks, bends and slopes."""
        first, last = units.ends
        for share in (0.25, 0.5, 0.75):
            for below, above in ((1.0, 0.0), (2.0, 0.5), (0.3, 1.5)):
                where = float(np.exp(first + share * (last - first)))
                yield {"scale": units.time, "exponent": below, "exponent_above": above, "break": where}

    def encode(self, values: Mapping[str, float], units: Units) -> dict[str, float]:
        """Return the coordinates of values."""
        logs = {"scale": np.log(max(values["scale"], 1e-300) / units.time), "break": np.log(values["break"])}
        return {**values, **logs}

    def decode(self, coded: Mapping[str, float], units: Units, held: Mapping[str, float]) -> dict[str, float]:
        """Return the values at coordinates."""
        return {
            "scale": units.time * float(np.exp(coded.get("scale", 0.0))),
            "exponent": coded.get("exponent", 0.0),
            "exponent_above": coded.get("exponent_above", 0.0),
            "break": float(np.exp(coded.get("break", 0.0))),
        }

    def slopes(
        self, values: Mapping[str, float], x: Array, units: Units, held: Mapping[str, float]
    ) -> tuple[Array, dict[str, Array]]:
        """Return log T and its derivatives."""
        from scipy import special

        reach = np.log(x / values["break"])
        bend = _bend(reach)
        log_time = np.log(values["scale"]) - values["exponent"] * reach + bend * _change(values)
        return log_time, {
            "scale": np.ones_like(reach),
            "exponent": bend - reach,
            "exponent_above": -bend,
            "break": values["exponent"] - _change(values) * special.expit(SHARPNESS * reach),
        }


def _change(values: Mapping[str, float]) -> float:
    return values["exponent"] - values["exponent_above"]


def _bend(reach: Array) -> Array:
    return np.asarray((np.logaddexp(0.0, SHARPNESS * reach) - np.log(2.0)) / SHARPNESS, dtype=np.float64)
