"""The rules of claims: each looks at one number of the evidence (standard library at import)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis._measured import arms, measure_change, measure_within, share_within
from analysis.criteria import DELAY, GROKKED
from analysis.numerals import counted

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.interval import Interval
    from analysis.likelihood import Times

QUANTITIES = (GROKKED, DELAY)
REFERENCE, BEST = "the reference", "the best point"  # the values of the field "point" where points are searched
LEVELS_ABOVE, ABOVE = 3, 1.25  # levels with events that must lie above the floor, and from which multiple of it on

Answer = tuple["Interval", str, int]


def parameter_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at one constant of a law (the primary one, unless another is named)."""
    from analysis.evidence import times_of

    name = settings["parameter"]
    fit = evidence.fit(settings.get("law"), **_part(settings))
    if name not in fit.parameters:
        raise ValueError(f"the law {fit.law} has no constant {name!r}")
    times = times_of(evidence.part(**_part(settings)), evidence.x)
    if reason := fit.note or untold_exponent(fit.law, fit.values, times, name):
        raise ValueError(reason)
    return fit.parameters[name], f"{name} of {fit.formula}{_where(evidence, settings)}:", fit.events + fit.censored


def untold_exponent(law: str, values: Mapping[str, float], times: Times, name: str) -> str | None:
    """Return why a table cannot tell the exponent of a law with a floor, or None.

    Simulated sweeps with events at fewer levels above the floor had intervals that covered too rarely and "failed" true
    claims in one of seven cases (docs/results/calibration.md).
    """
    import numpy as np

    from analysis.laws import law_named

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


def floor_share(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the floor as a share of the fitted time at the largest x.

    The rest, the share above the floor, is a positive number, of which the logarithm has the interval.
    """
    from analysis.evidence import groups_of, times_of
    from analysis.interval import jackknife, rows_without_each
    from analysis.laws import law_named

    fit = evidence.fit(settings.get("law"), **_part(settings))
    if "floor" not in fit.parameters:
        raise ValueError(f"the law {fit.law} has no constant 'floor'")
    if fit.note:
        raise ValueError(fit.note)
    rows, law = evidence.part(**_part(settings)), law_named(fit.law)
    times, groups, strongest = times_of(rows, evidence.x), groups_of(rows), _array(rows[evidence.x].max())

    def above(values: Mapping[str, float]) -> float:
        return 1 - float(values["floor"] / law.time(values, strongest)[0])

    remade = [above(law.fit(times.at(kept), start=fit.values).values) for kept in rows_without_each(groups)]
    interval = jackknife(above(fit.values), remade, in_logs=True, limits=(0.0, 1.0)).subtracted_from(1.0)
    if not fit.values["floor"]:  # leaving out a seed says nothing where the floor stays at 0
        total, floor = float(law.time(fit.values, strongest)[0]), fit.parameters["floor"]
        interval = replace(interval, high=None if floor.high is None else floor.high / total)
    return interval, f"floor as a share of the strongest level{_where(evidence, settings)}:", fit.events + fit.censored


def dropping_shift(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at how much a constant changes when the censored runs are dropped."""
    from analysis.evidence import groups_of, times_of
    from analysis.interval import jackknife, rows_without_each
    from analysis.laws import law_named

    fit, name = evidence.fit(settings.get("law"), **_part(settings)), settings["parameter"]
    if name not in fit.parameters:
        raise ValueError(f"the law {fit.law} has no constant {name!r}")
    if fit.note:
        raise ValueError(fit.note)
    rows = evidence.part(**_part(settings))
    law, times, groups = law_named(fit.law), times_of(rows, evidence.x), groups_of(rows)

    def shift(sample: Any, start: Mapping[str, float] | None) -> float:
        kept = sample.at(sample.observed)
        return float(law.fit(kept, start=start).values[name] - law.fit(sample, start=start).values[name])

    remade = [shift(times.at(kept), fit.values) for kept in rows_without_each(groups)]
    interval = jackknife(shift(times, None), remade, limits=(None, None))
    return interval, f"change of the {name} without {counted(fit.censored, 'censored run')}:", len(groups)


def slope_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at one term of the log-linear regression on all axes (log-normal)."""
    fits = {fit.noise: fit for fit in evidence.regression(**_part(settings))}
    fit, term = fits["log-normal"], settings["term"]
    if term not in fit.slopes:
        raise ValueError(f"the regression has no term {term!r}; terms: {', '.join(fit.slopes)}")
    return fit.slopes[term], f"slope of log T by {term}{_where(evidence, settings)}:", fit.events + fit.censored


def ratio_within(evidence: Evidence, settings: Mapping[str, Any]) -> Answer:
    """Look at the ratio of the times of two arms, paired by seed and the axes that neither names.

    ``first_added``, ``second_added``: fields of steps spent before the runs of an arm began, as on a ticket's parent.
    """
    from analysis.evidence import words

    first, second = arms(settings)
    added = settings.get("first_added"), settings.get("second_added")
    found = evidence.contrast(first, second, settings.get("where"), added)
    one, other = (
        words(arm) + (f" with its {name} added" if name else "")
        for arm, name in zip((first, second), added, strict=True)
    )
    told = f"{evidence.event.step} at {other} over that at {one}{_where(evidence, settings)}"
    return found.ratio, f"{told}, paired by seed:", 2 * found.pairs


RULES: Mapping[str, Callable[[Evidence, Mapping[str, Any]], Answer]] = {
    rule.__name__: rule
    for rule in (
        parameter_within,
        floor_share,
        dropping_shift,
        slope_within,
        ratio_within,
        measure_within,
        measure_change,
        share_within,
    )
}
OF_LAWS = ("parameter_within", "floor_share", "dropping_shift")  # rules that need one
OF_MEASURES = ("measure_within", "measure_change")  # rules that look at measures, which are taken at one threshold
PARAMETER = {"parameter": "a constant of the law"}
MEASURE = {"measure": "a column of the experiment's measures"}
ARMS = ("arm", "first", "second")
SETTINGS: Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "parameter_within": (PARAMETER, ("law", "where", "quantity")),
    "floor_share": ({}, ("law", "where", "quantity")),
    "dropping_shift": (PARAMETER, ("law", "where", "quantity")),
    "slope_within": ({"term": "a term of the regression"}, ("where", "quantity")),
    "ratio_within": ({}, (*ARMS, "first_added", "second_added", "where")),
    "measure_within": (MEASURE, ("where",)),
    "measure_change": (MEASURE, (*ARMS, "where")),
    "share_within": ({}, ("where",)),
}


def _part(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"where": settings.get("where"), "quantity": settings.get("quantity")}


def _where(evidence: Evidence, settings: Mapping[str, Any]) -> str:
    from analysis.evidence import words

    told = f" where {words(settings['where'])}" if settings.get("where") else ""
    return told + evidence.told(settings.get("quantity"))


def _array(value: Any) -> Any:
    import numpy as np

    return np.array([float(value)])
