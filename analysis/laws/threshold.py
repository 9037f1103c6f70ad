"""Below a critical x the event never happens; above it the time falls to a floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class Threshold(Floored):
    """T = floor + scale / (x - critical)^exponent, and never for x <= critical."""

    name: ClassVar[str] = "threshold"
    formula: ClassVar[str] = "T = T0 + C/(x-xc)^a"
    meaning: ClassVar[Mapping[str, str]] = {
        "floor": "steps that remain however large x is",
        "scale": "steps above the floor at x = critical + 1",
        "exponent": "halving the distance to the critical x multiplies the steps above the floor by 2 to this power",
        "critical": "the x at and below which the event never happens",
    }
    fixed: ClassVar[Mapping[str, float]] = {}
