"""The time is a power of x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class Power(Floored):
    """T = scale / x^exponent: halving x multiplies the time by 2^exponent."""

    name: ClassVar[str] = "power"
    formula: ClassVar[str] = "T = C/x^a"
    meaning: ClassVar[Mapping[str, str]] = {
        "scale": "the median time in steps at x = 1",
        "exponent": "halving x multiplies the time by 2 to this power",
    }
    fixed: ClassVar[Mapping[str, float]] = {"floor": 0.0, "critical": 0.0}
