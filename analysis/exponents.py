"""Whether a table can determine the exponent of a law with a floor at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analysis.laws import law_named
from analysis.likelihood import Times
from analysis.numerals import counted

LEVELS_ABOVE, ABOVE = 3, 1.25  # levels with events that must lie above the floor, and from which multiple of it on


def untold_exponent(law: str, values: Mapping[str, float], times: Times, name: str) -> str | None:
    """Return why a table cannot determine the exponent of a law with a floor, or None.

    Simulated sweeps with events at fewer levels above the floor had intervals that covered too rarely and "failed" true
    claims in one of seven cases (docs/results/calibration.md).
    """
    if name != "exponent" or "floor" not in law_named(law).free:
        return None
    seen = np.unique(times.x[times.observed])
    above = int((law_named(law).time(values, seen) >= ABOVE * values["floor"]).sum())
    if above >= LEVELS_ABOVE:
        return None
    return (
        f"events at {counted(above, 'level')} above the floor (a quarter above it or more), "
        f"{LEVELS_ABOVE} are needed to tell the exponent: raise the budget or add levels"
    )
