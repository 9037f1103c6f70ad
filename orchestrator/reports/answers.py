"""From the table of runs to what a report says: fits, claims, levels, sensitivity, the answer and its formula."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.claims import NOT_RUN, UNDECIDED, Verdict, judge, undecided
from analysis.criteria import Criterion
from analysis.table import timeline
from orchestrator.reports import spoken
from orchestrator.reports.calibrated import calibrated_words
from orchestrator.reports.levels import groups, levels_of, measured, thresholds, timeline_at
from orchestrator.reports.searched import found
from orchestrator.reports.wording import of_axis, plain, verb
from search_spaces._experiment import Experiment

NOTHING = "no replica has ended yet: launch the experiment"


def answers(experiment: Experiment, scale: str, runs: pl.DataFrame) -> dict[str, Any]:
    """Return answer, formula, fits, regression, strata, claims, levels, measures and sensitivity of the table of runs.

    Of a search: its trials and how the best of them fared on other seeds, in place of fits and levels. Without laws
    there are no fits and no regression.
    """
    rows = timeline(runs, experiment.threshold, experiment.criterion)
    if rows.is_empty():
        not_run = [{**asdict(undecided(claim, NOTHING)), "verdict": NOT_RUN} for claim in experiment.claims]
        return {**EMPTY, "answer": f"{NOTHING[0].upper()}{NOTHING[1:]}.", "claims": not_run}
    facts: dict[str, Any] = {**EMPTY, "watched_steps": spoken.watched(experiment, scale, rows)}
    if search := experiment.scales[scale].search:
        facts |= found(experiment, scale, search, runs)
        return {**facts, "would_change": _would_change(experiment, facts, len(search.confirming_seeds))}
    evidence = evidence_of(experiment, scale, rows)
    if since_start := int((rows["upper"] <= 0).sum()):
        facts["since_start"] = since_start
    facts |= {"levels": levels_of(experiment, scale, rows), "left_out": evidence.left_out}
    facts["claims"] = [told(judge(claim, evidence), experiment.x) for claim in experiment.claims]
    facts |= _fitted(experiment, scale, evidence) if experiment.laws else {"lawless": True}
    facts |= {"answer": spoken.answer(experiment, facts), "formula": spoken.formula(experiment, facts)}
    if experiment.measures:
        facts |= {"measures": list(experiment.measures), "measured": list(measured(experiment, scale, rows))}
    facts["sensitivity"] = [_at_threshold(experiment, scale, runs, each) for each in thresholds(experiment)]
    facts["would_change"] = _would_change(experiment, facts, rows["data_seed"].n_unique())
    if experiment.laws:
        facts["calibrated"] = calibrated_words(experiment, scale, evidence.usable)
    return facts


def told(verdict: Verdict, x: str) -> dict[str, Any]:
    """Return a verdict as plain data, with its evidence in words that a reader knows."""
    words = {name: plain(of_axis(getattr(verdict, name), x)) for name in ("evidence", "statistic")}
    return {**asdict(verdict), **words}


def _fitted(experiment: Experiment, scale: str, evidence: Any) -> dict[str, Any]:
    """Return fits, strata and regression, or why nothing can be fitted.

    Of a union of grids only the parts are fitted: arms beside a law are not levels of it.
    """
    if experiment.scales[scale].space.also:
        parts = list(_parts(experiment, scale, evidence))
        return {"strata": list(_strata(experiment, scale, evidence)), **({"parts": parts} if parts else {})}
    try:
        fits = [fit.facts() for fit in evidence.fits()]
    except ValueError as reason:
        return {"unfit": str(reason)}
    facts = {"fits": fits, "strata": list(_strata(experiment, scale, evidence)), "regression": []}
    if evidence.strata:
        with contextlib.suppress(ValueError):  # too few points for all terms: the claims say so
            facts["regression"] = [fit.facts() for fit in evidence.regression()]
    return facts


EMPTY: Mapping[str, Any] = {
    "formula": None,
    "unfit": None,
    "watched_steps": 0,
    "fits": [],
    "regression": [],
    "strata": [],
    "claims": [],
    "levels": [],
    "trials": [],
    "confirmed": [],
    "left_out": [],
    "sensitivity": [],
    "would_change": [],
    "calibrated": None,
}


def evidence_of(experiment: Experiment, scale: str, rows: pl.DataFrame, event: Criterion | None = None) -> Any:
    """Return a timeline as evidence for the experiment's claims; ``event``: what it is of, if not the experiment's."""
    from analysis.evidence import Evidence

    return Evidence(
        rows,
        x=experiment.x,
        laws=experiment.laws,
        primary_law=experiment.primary_law,
        strata=experiment.strata(scale),
        least_memorised=experiment.least_memorised,
        constants=experiment.scales[scale].fields,
        event=event or experiment.criterion,
        events=experiment.quantities,
    )


def _strata(experiment: Experiment, scale: str, evidence: Any) -> Iterator[dict[str, Any]]:
    """Yield the primary law's fit for each combination of the other axes."""
    if not evidence.strata:
        return
    for where, _ in groups(experiment, scale, evidence.usable):
        try:
            yield {"where": where, "fit": evidence.fit(where=where).facts(), "note": None}
        except ValueError as reason:
            yield {"where": where, "fit": None, "note": str(reason)}


def _parts(experiment: Experiment, scale: str, evidence: Any) -> Iterator[dict[str, Any]]:
    """Yield the fits of all laws for each combination of the other axes in which there are several to compare."""
    for where, _ in groups(experiment, scale, evidence.usable) if len(experiment.laws) > 1 else ():
        with contextlib.suppress(ValueError):  # the primary law's line says why
            yield {"where": where, "fits": [fit.facts() for fit in evidence.fits(where)]}


def _at_threshold(experiment: Experiment, scale: str, runs: pl.DataFrame, event: Criterion) -> dict[str, Any]:
    """Return what the primary law and every claim would say had another threshold been chosen.

    Measures are taken only at the threshold of the experiment, so claims about them have no answer at others.
    """
    rows = timeline_at(experiment, runs, event)
    found: dict[str, Any] = {"threshold": event.threshold, "events": rows["upper"].count(), "claims": {}}
    fitted = bool(experiment.laws) and not experiment.scales[scale].space.also
    found |= {"exponent": None} if fitted else {}
    if rows.is_empty():
        return {**found, "note": "not recorded"}
    evidence = evidence_of(experiment, scale, rows, event)
    if fitted:
        try:
            constants = evidence.fit().facts()["parameters"]
            found["exponent"] = constants.get("exponent")
        except ValueError as reason:
            found["note"] = str(reason)
    told = [claim for claim in experiment.claims if event == experiment.criterion or not claim.rule.one_threshold]
    found["claims"] = {claim.name: judge(claim, evidence).verdict for claim in told}
    return found


def _would_change(experiment: Experiment, facts: Mapping[str, Any], seeds: int) -> list[str]:
    """Return in words what the verdicts depend on: thresholds, censoring, the number of seeds, another law."""
    from analysis.more_seeds import decidable, more_seeds

    limits = {claim.name: claim.rule.limits for claim in experiment.claims}
    found = []
    for claim in facts["claims"]:
        others = {
            f"{row['threshold']:g}": verb(row["claims"][claim["name"]])
            for row in facts["sensitivity"]
            if row["claims"].get(claim["name"], claim["verdict"]) != claim["verdict"]
        }
        if others:
            told = ", ".join(f"{verdict} at {threshold}" for threshold, verdict in others.items())
            here = verb(claim["verdict"])
            found.append(f"The threshold: {claim['name']} {here} at {experiment.criterion.threshold:g}, {told}.")
        if claim["verdict"] == UNDECIDED and claim["effect"] is not None:
            name, ends = claim["name"], (claim["low"], claim["high"])
            found.append(f"More seeds: {more_seeds(name, claim['effect'], ends, limits[name], seeds)}")
            if seen := decidable(claim["effect"], ends, limits[name]):
                found.append(f"Another estimate: with an interval as wide for {name}, {seen}")
    best = facts["fits"][0] if facts["fits"] else None
    if best and best["law"] != experiment.primary_law and best["aicc"] is not None and not facts["regression"]:
        found.append(
            f"The law: {best['formula']} has a better AICc ({best['aicc']:.1f}) than the primary law named in advance."
        )
    if best and best["censored"] > best["events"]:
        found.append("The budget: more than half of the runs are censored; a larger --budget-steps continues them.")
    return found
