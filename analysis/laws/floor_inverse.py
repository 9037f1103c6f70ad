"""The time falls as 1/x down to a floor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class FloorInverse(Floored):
    """T = floor + scale / x."""

    name: ClassVar[str] = "floor_inverse"
    formula: ClassVar[str] = "T = T0 + C/x"
    meaning: ClassVar[Mapping[str, str]] = {
        "floor": "steps that remain however large x is",
        "scale": "steps above the floor at x = 1",
    }
    fixed: ClassVar[Mapping[str, float]] = {"exponent": 1.0, "critical": 0.0}
