"""One simulated sweep fitted as reports do, and what many of them say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.claims import FAILS, HOLDS, equivalence
from analysis.design import simulate
from analysis.exponents import untold_exponent
from analysis.intervals import LEFT_OUT, intervals, profile
from analysis.laws import law_named
from calibration.cells import Cell

WITHIN = (0.8, 1.25)


def one(cell: Cell, budget: float, index: int) -> dict[str, Any] | None:
    """Return what the fit of one simulated sweep says; None where it saw no event."""
    source = np.random.default_rng([index, *cell.name.encode(), int(cell.censored * 100), int(cell.grouped)])
    times, groups = simulate(cell.world, cell.levels, cell.seeds, budget, source)
    seen = times.observed
    if len(np.unique(times.x[seen])) < 3:
        return None
    law = law_named("power" if cell.world.law == "power" else "floor_power")
    best = law.fit(times)
    names = [name for name in ("exponent", "floor") if name in law.free]
    if cell.grouped:
        found = intervals(law, times, best, groups)[0]
    else:
        found = {name: profile(law, times, best, name) for name in names}
    dropped = law.fit(times.at(seen)).values["exponent"]
    return {
        "intervals": {name: (found[name].estimate, found[name].low, found[name].high) for name in names},
        "dropped": dropped,
        "told": untold_exponent(law.name, best.values, times, "exponent") is None,
        "censored": 1 - float(seen.mean()),
    }


def kind_of(cell: Cell) -> str:
    """Return the name of the intervals that a cell is about."""
    return LEFT_OUT if cell.grouped else "profile"


def summary(cell: Cell, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return coverage, bias, width and verdicts of one cell.

    ``told``: the share of sweeps with events at enough levels above the floor for a verdict; ``holds`` and ``fails``
    are shares of all sweeps.
    """
    facts: dict[str, Any] = {
        "cell": cell.name,
        "censored": round(float(np.mean([run["censored"] for run in runs])), 3),
        "planned_censored": cell.censored,
        "intervals": kind_of(cell),
        "simulations": len(runs),
    }
    for name in runs[0]["intervals"]:
        truth = cell.world.values[name]
        ends = np.array([[np.nan if end is None else end for end in run["intervals"][name]] for run in runs])
        low, high = np.nan_to_num(ends[:, 1], nan=-np.inf), np.nan_to_num(ends[:, 2], nan=np.inf)
        width = float(np.median((high - low) / 2))
        facts[name] = {
            "coverage": round(float(((low <= truth) & (truth <= high)).mean()), 4),
            "median_bias": round(float(np.median(ends[:, 0]) - truth), 4),
            "median_halfwidth": round(width, 3) if math.isfinite(width) else None,
        }
    facts["told"] = round(float(np.mean([run["told"] for run in runs])), 3)
    exponents = [run["intervals"]["exponent"] for run in runs if run["told"]]
    verdicts = [equivalence(low, high, within=WITHIN) for _, low, high in exponents]
    facts["holds"], facts["fails"] = (round(verdicts.count(word) / len(runs), 4) for word in (HOLDS, FAILS))
    facts["bias_when_censored_runs_are_dropped"] = round(
        float(np.median([run["dropped"] for run in runs]) - cell.world.values["exponent"]), 4
    )
    return facts
