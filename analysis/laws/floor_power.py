"""The time falls as a power of x down to a floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class FloorPower(Floored):
    """T = floor + scale / x^exponent."""

    name: ClassVar[str] = "floor_power"
    formula: ClassVar[str] = "T = T0 + C/x^a"
    meaning: ClassVar[Mapping[str, str]] = {
        "floor": "steps that remain however large x is",
        "scale": "steps above the floor at x = 1",
        "exponent": "halving x multiplies the steps above the floor by 2 to this power",
    }
    fixed: ClassVar[Mapping[str, float]] = {"critical": 0.0}
