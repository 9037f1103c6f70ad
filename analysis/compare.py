"""All laws fitted to one table and compared: by AICc, and by how well each predicts a level that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from analysis.intervals import Interval, by_group, profile
from analysis.laws import law_named
from analysis.laws._base import Estimate, Law, Times


@dataclass(frozen=True)
class Fit:
    """One law's fit: constants with intervals, and how well it does."""

    law: str
    formula: str
    parameters: dict[str, Interval]
    values: dict[str, float]
    log_likelihood: float
    aicc: float | None
    elpd_leave_one_level_out: float | None
    intervals: str
    events: int
    censored: int

    def facts(self) -> dict[str, Any]:
        """Return the fit as plain data, without infinities."""
        return asdict(self)


def fit_laws(times: Times, laws: Sequence[str], groups: Sequence[object] | None = None) -> list[Fit]:
    """Return the fits of the named laws, the best AICc first.

    Intervals are by profile likelihood, or by resampling groups where groups are given and there are at least two.
    Raises: ValueError with a remedy when the table cannot be fitted at all.
    """
    _check(times)
    fits = [_fit(law_named(name), times, groups) for name in laws]
    return sorted(fits, key=lambda fit: math.inf if fit.aicc is None else fit.aicc)


def leave_one_level_out(law: Law, times: Times, best: Estimate) -> float | None:
    """Return the summed log-probability of every level under the law fitted to the others; None if too few are left."""
    total = 0.0
    for x in np.unique(times.x):
        held = times.x == x
        rest = times.at(~held)
        if len(np.unique(rest.x[rest.observed])) < max(len(law.free), 1):
            return None
        fitted = law.fit(rest, start=best.values)
        total += float(law.log_densities(fitted.values, times.at(held)).sum())
    return total


def _fit(law: Law, times: Times, groups: Sequence[object] | None) -> Fit:
    best = law.fit(times)
    grouped = groups is not None and len(set(groups)) > 1
    if grouped and groups is not None:
        found = by_group(law, times, groups, best)
    else:
        found = {name: profile(law, times, best, name) for name in law.free}
    seen = int(times.observed.sum())
    return Fit(
        law=law.name,
        formula=law.formula,
        parameters=found,
        values=dict(best.values),
        log_likelihood=best.log_likelihood,
        aicc=best.aicc if math.isfinite(best.aicc) else None,
        elpd_leave_one_level_out=leave_one_level_out(law, times, best),
        intervals="resampled seed groups" if grouped else "profile likelihood",
        events=seen,
        censored=len(times.x) - seen,
    )


def _check(times: Times) -> None:
    if not times.observed.any():
        raise ValueError("no run saw the event: raise the budget, drop the weakest levels, or report a bound")
    if (times.x <= 0).any():
        raise ValueError(f"x must be > 0 for a scaling law, given {times.x.min():g}; leave such rows out")
    if len(np.unique(times.x)) < 2:
        raise ValueError("all rows have the same x: a law needs at least two levels")
