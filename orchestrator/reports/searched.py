"""From the table of runs of a search to what its report says: the points, the best one, how it does on fresh seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.claims import Verdict, judge, undecided
from analysis.criteria import Criterion
from analysis.numerals import counted, digits, steps
from analysis.table import BEST, REFERENCE, timeline
from orchestrator.reports import spoken
from orchestrator.reports.levels import thresholds, timeline_at
from orchestrator.reports.wording import letter, plain
from search_spaces._experiment import Experiment
from search_spaces._space import Search

NO_POINT = "no point has ended on all of its seeds: launch the experiment"


def found(experiment: Experiment, scale: str, search: Search, runs: pl.DataFrame) -> dict[str, Any]:
    """Return answer, trials (the best first), confirmed points, claims and sensitivity of a search.

    Trials count the seeds that choose, everything else the seeds kept for confirming.
    """
    from analysis.search import best_of, trials

    names, event = list(search.ranges), experiment.criterion
    rows = timeline(runs, experiment.threshold, event)
    horizon = experiment.horizon(scale)
    tried = trials(rows, names, horizon=horizon, seeds=experiment.scales[scale].seeds, event=event)
    if tried.is_empty():
        claims = [asdict(undecided(claim, NO_POINT)) for claim in experiment.claims]
        return {"answer": f"{NO_POINT[0].upper()}{NO_POINT[1:]}.", "claims": claims}
    reference, best = search.first[0], best_of(tried, names, search.first[0])
    claims = [
        {**asdict(verdict), "evidence": plain(verdict.evidence), "statistic": plain(verdict.statistic)}
        for verdict in _verdicts(experiment, search, rows, best, event)
    ]
    fresh = trials(rows, names, horizon=horizon, seeds=search.confirming_seeds, event=event)
    facts = {
        "trials": [_told(row, names, reference, best) for row in tried.to_dicts()],
        "confirmed": [_told(row, names, reference, best) for row in fresh.to_dicts()],
        "claims": claims,
        "sensitivity": [_at(experiment, search, runs, best, each) for each in thresholds(experiment)],
    }
    return {**facts, "answer": _answer(experiment, facts)}


def point_words(point: Mapping[str, float]) -> str:
    """Return a point as text.

    >>> point_words({"kl_strength": 0.41234, "weight_decay": 1.0})
    'λ = 0.412, wd = 1'
    """
    return ", ".join(f"{letter(name)} = {digits(value)}" for name, value in point.items())


def _told(
    row: Mapping[str, Any], names: list[str], reference: Mapping[str, float], best: Mapping[str, float]
) -> dict[str, Any]:

    point = {name: row[name] for name in names}
    roles = [role for role, other in ((REFERENCE, reference), (BEST, best)) if point == dict(other)]
    rest = {key: value for key, value in row.items() if key not in names}
    return {"point": point, "role": " and ".join(roles), **rest}


def _verdicts(
    experiment: Experiment, search: Search, rows: pl.DataFrame, best: Mapping[str, float], event: Criterion
) -> list[Verdict]:
    from analysis.search import confirmation

    reason, seeds = "", search.confirming_seeds
    evidence = confirmation(rows, search.first[0], best, seeds, event=event, events=experiment.quantities)
    if best == dict(search.first[0]):
        reason = "no point did better than the reference on the seeds that choose"
    elif evidence.rows["point"].n_unique() < 2:
        reason = "the best point and the reference have not both been measured on the confirming seeds yet"
    return [undecided(claim, reason) if reason else judge(claim, evidence) for claim in experiment.claims]


def _at(
    experiment: Experiment, search: Search, runs: pl.DataFrame, best: Mapping[str, float], event: Criterion
) -> dict[str, Any]:
    """Return what the claims would say of the same two points had another threshold been chosen."""
    rows = timeline_at(experiment, runs, event)
    facts: dict[str, Any] = {
        "threshold": event.threshold,
        "events": rows["upper"].count(),
        "exponent": None,
        "claims": {},
    }
    if rows.is_empty():
        return {**facts, "note": "not recorded"}
    verdicts = _verdicts(experiment, search, rows, best, event)
    return {**facts, "claims": {each.name: each.verdict for each in verdicts}}


def _answer(experiment: Experiment, facts: Mapping[str, Any]) -> str:
    """Return the best point, how it and the reference fared on fresh seeds, and what the claims say."""
    first, event = next(each for each in facts["trials"] if BEST in each["role"]), experiment.criterion
    tried = counted(len(facts["trials"]), "point")
    if not first[event.name]:
        return f"At none of {tried} did a network {event.verb} within the budget."
    told = [f"Of {tried} tried, {point_words(first['point'])} {event.seen} soonest, after {_mean(first, event)}."]
    fresh = [f"{_mean(each, event)} at {each['role']}" for each in facts["confirmed"] if each["role"]]
    if fresh:
        told.append(f"On {counted(facts['confirmed'][0]['runs'], 'fresh seed')} it took {' and '.join(fresh)}.")
    verdicts = {verdict["name"]: verdict for verdict in facts["claims"]}
    return " ".join([*told, *(spoken.sentence(experiment, claim, verdicts[claim.name]) for claim in experiment.claims)])


def _mean(trial: Mapping[str, Any], event: Criterion) -> str:
    """Return the restricted mean of a trial and how many of its runs saw the event."""
    seen = f"{trial[event.name]} of {trial['runs']} {event.seen}"
    return f"{steps(trial['restricted_mean'])} steps in the mean ({seen})"
