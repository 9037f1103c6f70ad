"""The time falls as 1/x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class Inverse(Floored):
    """T = scale / x: the paper's law of the delay, without a floor."""

    name: ClassVar[str] = "inverse"
    formula: ClassVar[str] = "T = C/x"
    meaning: ClassVar[Mapping[str, str]] = {
        "scale": "the median time in steps at x = 1",
    }
    fixed: ClassVar[Mapping[str, float]] = {"floor": 0.0, "exponent": 1.0, "critical": 0.0}
