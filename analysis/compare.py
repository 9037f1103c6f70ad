"""All laws fitted to one table and compared: by AICc, and by how well each predicts a level that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from analysis.interval import Interval, numbered
from analysis.intervals import intervals
from analysis.laws import law_named
from analysis.laws._base import NO_EVENT, Estimate, Law
from analysis.likelihood import GONE, Times

NOT_POSSIBLE, RULED_OUT, TOO_FEW_ROWS = "not possible", "rules out a level", "too few rows"
TOO_MANY_LEVELS = "too many levels"
MOST_LEVELS = 100


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
    note: str | None = None
    absent: dict[str, str] = field(default_factory=dict)  # why a score has no number, by its name

    def facts(self) -> dict[str, Any]:
        """Return the fit as plain data, without infinities."""
        return asdict(self)


def fit_laws(times: Times, laws: Sequence[str], groups: Sequence[object] | None = None) -> list[Fit]:
    """Return the fits of the named laws, the best AICc first.

    Intervals are by profile likelihood, or by leaving out each group where there are at least two. Where the data
    give none, the interval is open, and the fit's note says why.
    Raises: ValueError with a remedy when the table cannot be fitted at all.
    """
    if reason := unfit(times):
        raise ValueError(reason)
    groups = None if groups is None else numbered(groups)[0].tolist()  # in place of texts, which are slow to compare
    fits = [_fit(law_named(name), times, groups) for name in laws]
    return sorted(fits, key=lambda fit: math.inf if fit.aicc is None else fit.aicc)


def unfit(times: Times) -> str | None:
    """Return why no law can be fitted to a table, with what to do about it; None where one can."""
    if not len(times.x):
        return "there are no rows: nothing has been run"
    if not times.observed.any():
        return NO_EVENT
    if (times.x <= 0).any():
        return f"x must be > 0 for a scaling law, given {times.x.min():g}; leave such rows out"
    if len(times.levels) < 2:
        return f"all rows have the same x, {times.x[0]:g}: a law needs at least two levels"
    return None


def leave_one_level_out(law: Law, times: Times, best: Estimate) -> float | str:
    """Return the summed log-probability of every level under the law fitted to the others, or why there is none.

    Where x hardly repeats, there are too many levels to fit without each of them.
    """
    levels = times.levels
    if len(levels) > MOST_LEVELS:
        return TOO_MANY_LEVELS
    total = 0.0
    for x in levels:
        held = times.x == x
        rest = times.at(~held)
        if len(rest.levels_seen) < max(len(law.free), 1):
            return NOT_POSSIBLE
        fitted = law.fit(rest, start=best.values)
        each = law.log_densities(fitted.values, times.at(held))
        if (each <= GONE / 2).any():
            return RULED_OUT
        total += float(each.sum())
    return total


def _fit(law: Law, times: Times, groups: Sequence[object] | None) -> Fit:
    best = law.fit(times)
    found, how, note = intervals(law, times, best, groups)
    seen = int(times.observed.sum())
    aicc = best.aicc if math.isfinite(best.aicc) else TOO_FEW_ROWS
    scores = {"aicc": aicc, "elpd_leave_one_level_out": leave_one_level_out(law, times, best)}
    return Fit(
        law=law.name,
        formula=law.formula,
        parameters=found,
        values=dict(best.values),
        log_likelihood=best.log_likelihood,
        **{name: None if isinstance(value, str) else value for name, value in scores.items()},
        intervals=how,
        events=seen,
        censored=len(times.x) - seen,
        note=note,
        absent={name: value for name, value in scores.items() if isinstance(value, str)},
    )
