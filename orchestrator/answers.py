"""From the table of runs to what a report says: fits, claims, levels, sensitivity and the answer in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.claims import FAILS, HOLDS, NOT_RUN, UNDECIDED, digits, judge, undecided
from analysis.rules import OF_MEASURES
from analysis.table import timeline
from orchestrator.calibrated import calibrated_words
from orchestrator.found import LETTERS, found
from orchestrator.levels import groups, levels_of, measured
from search_spaces._experiment import Experiment

VERBS = {HOLDS: "holds", FAILS: "fails"}
NOTHING = "no replica has ended yet: launch the experiment"


def answers(experiment: Experiment, scale: str, runs: pl.DataFrame) -> dict[str, Any]:
    """Return answer, fits, regression, strata, claims, levels, measures and sensitivity of the published table of runs.

    Of a search: its trials and how the best of them fared on other seeds, in place of fits and levels. Without laws
    there are no fits and no regression.
    """
    facts: dict[str, Any]
    rows = timeline(runs, experiment.threshold)
    if rows.is_empty():
        not_run = [{**asdict(undecided(claim, NOTHING)), "verdict": NOT_RUN} for claim in experiment.claims]
        return {**EMPTY, "answer": NOTHING, "claims": not_run}
    if search := experiment.scales[scale].search:
        facts = {**EMPTY, **found(experiment, scale, search, runs)}
        return {**facts, "would_change": _would_change(experiment, facts, len(search.confirming_seeds))}
    evidence = evidence_of(experiment, scale, rows)
    facts = {**EMPTY, "levels": levels_of(experiment, scale, rows), "left_out": evidence.left_out}
    judged = [judge(claim, evidence) for claim in experiment.claims]
    facts["claims"] = [asdict(verdict) for verdict in judged]
    facts |= (
        _fitted(experiment, scale, evidence, facts)
        if experiment.laws
        else {"lawless": True, "answer": _of_claims(facts)}
    )
    if experiment.measures:
        facts |= {"measures": list(experiment.measures), "measured": list(measured(experiment, scale, rows))}
    facts["sensitivity"] = [_at_threshold(experiment, scale, runs, each) for each in experiment.recording.thresholds]
    facts["would_change"] = _would_change(experiment, facts, rows["data_seed"].n_unique())
    if experiment.laws:
        facts["calibrated"] = calibrated_words(experiment, scale, evidence.usable)
    return facts


def _fitted(experiment: Experiment, scale: str, evidence: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return fits, strata, regression and answer; the reason as the answer where nothing can be fitted.

    Of a union of grids only the parts are fitted: arms beside a law are no levels of it. Its answer is that of the
    claims, as is that of a regression which is impossible.
    """
    if experiment.scales[scale].space.also:
        return {"strata": list(_strata(experiment, scale, evidence)), "answer": _of_claims(facts)}
    try:
        fits = [fit.facts() for fit in evidence.fits()]
    except ValueError as reason:
        return {"answer": f"Undecided: {reason}."}
    found = {"fits": fits, "strata": list(_strata(experiment, scale, evidence)), "regression": []}
    if not evidence.strata:
        return {**found, "answer": _answer(experiment, {**facts, **found})}
    try:
        found["regression"] = [fit.facts() for fit in evidence.regression()]
    except ValueError:
        return {**found, "answer": _of_claims(facts)}
    return {**found, "answer": _answer(experiment, {**facts, **found})}


EMPTY: Mapping[str, Any] = {
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


def evidence_of(experiment: Experiment, scale: str, rows: pl.DataFrame) -> Any:
    """Return a timeline as evidence for the experiment's claims."""
    from analysis.evidence import Evidence

    return Evidence(
        rows,
        x=experiment.x,
        laws=experiment.laws,
        primary_law=experiment.primary_law,
        strata=experiment.strata(scale),
        least_memorised=experiment.least_memorised,
        constants=experiment.scales[scale].fields,
    )


def span(interval: Mapping[str, Any]) -> str:
    """Return an estimate with its interval, three digits each.

    >>> span({"estimate": 1.0, "low": 0.9, "high": None})
    '1 [0.9, ∞]'
    """
    low = "-∞" if interval["low"] is None else digits(interval["low"])
    return f"{digits(interval['estimate'])} [{low}, {digits(interval['high'])}]"


def fitted(fit: Mapping[str, Any], x: str) -> str:
    """Return a law with its constants in one line."""
    formula = fit["formula"].replace("x", LETTERS.get(x, x)) if x != "x" else fit["formula"]
    constants = ", ".join(f"{name} {span(interval)}" for name, interval in fit["parameters"].items())
    return f"{formula} with {constants}"


def _answer(experiment: Experiment, facts: Mapping[str, Any]) -> str:
    """Return in one sentence the verdict of the first claim that the runs speak to, and the fitted law or slopes."""
    primary = next(fit for fit in facts["fits"] if fit["law"] == experiment.primary_law)
    counted = f"{primary['events']} of {primary['events'] + primary['censored']} runs grokked"
    if facts["regression"]:
        best = facts["regression"][0]
        slopes = ", ".join(f"{term} {span(slope)}" for term, slope in best["slopes"].items() if "×" not in term)
        found = f"grok step {span(best['time'])} at the centre of the grid, slopes of its log: {slopes} ({counted})."
    else:
        found = f"grok step {fitted(primary, experiment.x)} ({counted})."
    if not facts["claims"]:
        return found[0].upper() + found[1:]
    first = next((claim for claim in facts["claims"] if claim["effect"] is not None), facts["claims"][0])
    return f"{_sentence(first)}: {found}"


def _of_claims(facts: Mapping[str, Any]) -> str:
    """Return as the answer the verdict of the first claim that is decided, with its evidence."""
    events, runs = (sum(level[name] for level in facts["levels"]) for name in ("events", "runs"))
    counted = f"{events} of {runs} runs grokked"
    first = next((claim for claim in facts["claims"] if claim["verdict"] in VERBS), next(iter(facts["claims"]), None))
    return f"{_sentence(first)}: {first['evidence']} ({counted})." if first else f"{counted}."


def _sentence(claim: Mapping[str, Any]) -> str:
    return f"“{claim['statement'].removesuffix('.')}” {VERBS.get(claim['verdict'], 'is undecided')}"


def _strata(experiment: Experiment, scale: str, evidence: Any) -> Iterator[dict[str, Any]]:
    """Yield the primary law's fit for each combination of the other axes."""
    if not evidence.strata:
        return
    for where, _ in groups(experiment, scale, evidence.usable):
        try:
            yield {"where": where, "fit": evidence.fit(where=where).facts(), "note": None}
        except ValueError as reason:
            yield {"where": where, "fit": None, "note": str(reason)}


def _at_threshold(experiment: Experiment, scale: str, runs: pl.DataFrame, threshold: float) -> dict[str, Any]:
    """Return what the primary law and every claim would say had another threshold been chosen.

    Measures are taken at the threshold of the experiment only, so that claims about them have no answer at others.
    """
    rows = timeline(runs, threshold)
    found: dict[str, Any] = {"threshold": threshold, "events": rows["upper"].count(), "claims": {}}
    fitted = bool(experiment.laws) and not experiment.scales[scale].space.also
    found |= {"exponent": None} if fitted else {}
    if rows.is_empty():
        return {**found, "note": "not recorded"}
    evidence = evidence_of(experiment, scale, rows)
    if fitted:
        try:
            constants = evidence.fit().facts()["parameters"]
            found["exponent"] = constants.get("exponent")
        except ValueError as reason:
            found["note"] = str(reason)
    told = [claim for claim in experiment.claims if threshold == experiment.threshold or claim.rule not in OF_MEASURES]
    found["claims"] = {claim.name: judge(claim, evidence).verdict for claim in told}
    return found


def _would_change(experiment: Experiment, facts: Mapping[str, Any], seeds: int) -> list[str]:
    """Return in words on what the verdicts hang: thresholds, censoring, the number of seeds, another law."""
    from analysis.more_seeds import more_seeds

    limits = {claim.name: (claim.settings.get("low"), claim.settings.get("high")) for claim in experiment.claims}
    found = []
    for claim in facts["claims"]:
        others = {
            f"{row['threshold']:g}": row["claims"][claim["name"]]
            for row in facts["sensitivity"]
            if row["claims"].get(claim["name"], claim["verdict"]) != claim["verdict"]
        }
        if others:
            told = ", ".join(f"{verdict} at {threshold}" for threshold, verdict in others.items())
            found.append(f"The threshold: {claim['name']} is {claim['verdict']} at {experiment.threshold:g}, {told}.")
        if claim["verdict"] == UNDECIDED and claim["effect"] is not None:
            name, ends = claim["name"], (claim["low"], claim["high"])
            found.append(f"More seeds: {more_seeds(name, claim['effect'], ends, limits[name], seeds)}")
    if facts["fits"] and facts["fits"][0]["law"] != experiment.primary_law and not facts["regression"]:
        best = facts["fits"][0]
        found.append(
            f"The law: {best['formula']} has a better AICc ({best['aicc']:.1f}) than the primary law named in advance."
        )
    if facts["fits"] and facts["fits"][0]["censored"] > facts["fits"][0]["events"]:
        found.append("The budget: more than half of the runs are censored; a larger --budget-steps continues them.")
    return found


def decided(claims: list[dict[str, Any]]) -> str:
    """Return how many claims hold, fail and are open.

    >>> decided([{"verdict": "holds"}, {"verdict": "undecided"}])
    '1 holds, 1 undecided'
    """
    counts = {verdict: sum(claim["verdict"] == verdict for claim in claims) for verdict in (HOLDS, FAILS, UNDECIDED)}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
