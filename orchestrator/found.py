"""From the table of runs of a search to what its report says: the points, the best one, and how it fares elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.claims import Verdict, digits, judge, undecided
from analysis.table import timeline
from search_spaces._experiment import Experiment
from search_spaces._space import Search

LETTERS = {"kl_strength": "λ", "weight_decay": "wd"}
NO_POINT = "no point has ended on all of its seeds: launch the experiment"


def found(experiment: Experiment, scale: str, search: Search, runs: pl.DataFrame) -> dict[str, Any]:
    """Return answer, trials (the best first), confirmed points, claims and sensitivity of a search.

    Trials count the seeds that choose, everything else the seeds kept for confirming.
    """
    from analysis.search import best_of, trials

    names = list(search.ranges)
    rows = timeline(runs, experiment.threshold)
    horizon = experiment.horizon(scale)
    tried = trials(rows, names, horizon=horizon, seeds=experiment.scales[scale].seeds)
    if tried.is_empty():
        claims = [asdict(undecided(claim, NO_POINT)) for claim in experiment.claims]
        return {"answer": NO_POINT, "claims": claims}
    reference, best = search.first[0], best_of(tried, names, search.first[0])
    claims = [asdict(verdict) for verdict in _verdicts(experiment, search, rows, best)]
    fresh = trials(rows, names, horizon=horizon, seeds=search.confirming_seeds)
    facts = {
        "trials": [_told(row, names, reference, best) for row in tried.to_dicts()],
        "confirmed": [_told(row, names, reference, best) for row in fresh.to_dicts()],
        "claims": claims,
        "sensitivity": [_at(experiment, search, runs, best, each) for each in experiment.recording.thresholds],
    }
    return {**facts, "answer": _answer(facts)}


def point_words(point: Mapping[str, float]) -> str:
    """Return a point as text.

    >>> point_words({"kl_strength": 0.41234, "weight_decay": 1.0})
    'λ = 0.412, wd = 1'
    """
    return ", ".join(f"{LETTERS.get(name, name)} = {digits(value)}" for name, value in point.items())


def _told(
    row: Mapping[str, Any], names: list[str], reference: Mapping[str, float], best: Mapping[str, float]
) -> dict[str, Any]:
    from analysis.rules import BEST, REFERENCE

    point = {name: row[name] for name in names}
    roles = [role for role, other in ((REFERENCE, reference), (BEST, best)) if point == dict(other)]
    rest = {key: value for key, value in row.items() if key not in names}
    return {"point": point, "role": " and ".join(roles), **rest}


def _verdicts(experiment: Experiment, search: Search, rows: pl.DataFrame, best: Mapping[str, float]) -> list[Verdict]:
    from analysis.search import confirmation

    reason = ""
    evidence = confirmation(rows, search.first[0], best, search.confirming_seeds)
    if best == dict(search.first[0]):
        reason = "no point did better than the reference on the seeds that choose"
    elif evidence.rows["point"].n_unique() < 2:
        reason = "the best point and the reference have not both been measured on the confirming seeds yet"
    return [undecided(claim, reason) if reason else judge(claim, evidence) for claim in experiment.claims]


def _at(
    experiment: Experiment, search: Search, runs: pl.DataFrame, best: Mapping[str, float], threshold: float
) -> dict[str, Any]:
    """Return what the claims would say of the same two points had another threshold been chosen."""
    rows = timeline(runs, threshold)
    facts: dict[str, Any] = {"threshold": threshold, "events": rows["upper"].count(), "exponent": None, "claims": {}}
    if rows.is_empty():
        return {**facts, "note": "not recorded"}
    verdicts = _verdicts(experiment, search, rows, best)
    return {**facts, "claims": {each.name: each.verdict for each in verdicts}}


def _answer(facts: Mapping[str, Any]) -> str:
    from analysis.rules import BEST

    first = next(each for each in facts["trials"] if BEST in each["role"])
    if not first["grokked"]:
        return f"At none of {len(facts['trials'])} points a run grokked within the budget."
    told = (
        f"Of {len(facts['trials'])} points, {point_words(first['point'])} grokked soonest: restricted mean "
        f"{digits(first['restricted_mean'])} steps on the seeds that chose it ({first['grokked']} of {first['runs']} "
        "grokked)"
    )
    fresh = [
        f"{digits(each['restricted_mean'])} steps at {each['role']} ({point_words(each['point'])}, "
        f"{each['grokked']} of {each['runs']} grokked)"
        for each in facts["confirmed"]
        if each["role"]
    ]
    return f"{told}. On {facts['confirmed'][0]['runs']} fresh seeds: {'; '.join(fresh)}." if fresh else f"{told}."
