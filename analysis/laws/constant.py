"""The time does not depend on x."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from analysis.laws._floored import Floored


class Constant(Floored):
    """T = scale: the median time in steps is the same at every x."""

    name: ClassVar[str] = "constant"
    formula: ClassVar[str] = "T = C"
    meaning: ClassVar[Mapping[str, str]] = {
        "scale": "the median time in steps",
    }
    fixed: ClassVar[Mapping[str, float]] = {"floor": 0.0, "exponent": 0.0, "critical": 0.0}
