"""What a study sees of its replicas: as much as its own budget allows.

Experiments share replicas, so one may have been trained further for a study with a larger budget. Verdicts must not
depend on what else was launched: past the largest budget of the study's own launches a replica counts as censored.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis import events, table
from search_spaces._space import MOST_STEPS
from trainables.recording import Recording

if TYPE_CHECKING:
    from orchestrator.study.study import Study

BUDGET = "budget_steps"


def remember(study: Study) -> None:
    """Store the budget of a launch, unless an earlier one was as large."""
    if budget_of(study) > _launched(study):
        study.results.write_json(_file(study), {BUDGET: budget_of(study)})


def budget_of(study: Study) -> int:
    """Return the budget in steps to which the study is watched: that of the flag, the scale or an earlier launch."""
    asked = study.options.budget_steps or study.asked.scales[study.scale].budget_steps
    return max(asked, _launched(study))


def last_step(study: Study) -> int:
    """Return the last evaluation that the study sees."""
    return study.asked.recording.last_step(budget_of(study))


def rows_of(study: Study) -> pl.DataFrame:
    """Return the rows of the study's replicas; those watched past its budget as they were there."""
    rows, last = study.rows(), last_step(study)
    late = rows.filter(pl.col("steps") > last)
    if late.is_empty():
        return rows
    recording = study.asked.recording
    needed = {each.column for each in recording.criteria}
    curves = study.results.curves(late["id"].to_list()).filter(pl.col("step") <= last)
    by_id = {
        str(name): points
        for (name,), points in curves.partition_by("id", as_dict=True).items()
        if needed <= {*points["probe"]}
    }
    cut = [
        {
            **row,
            "status": "budget",
            "steps": last,
            "events": _events(by_id[row["id"]], recording)
            if row["id"] in by_id
            else [_cut(event, last) for event in row["events"]],
        }
        for row in late.iter_rows(named=True)
    ]
    return pl.concat([rows.filter(pl.col("steps") <= last), table.replicas_frame(cut)]).sort("id")


def curves_of(study: Study, ids: list[str]) -> pl.DataFrame:
    """Return the curves of replicas up to the last evaluation that the study sees."""
    return study.results.curves(ids).filter(pl.col("step") <= last_step(study))


def _launched(study: Study) -> int:
    """Return the largest budget that was launched; 0, with a note, if what is stored cannot be read.

    Older versions stored the bare number.
    """
    text = (study.results.read_text(_file(study)) or "").strip()
    if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_STEPS)):
        return min(int(text), MOST_STEPS)
    stored = (study.results.read_json(_file(study), {BUDGET: int}) or {BUDGET: 0})[BUDGET]
    return max(0, min(int(stored), MOST_STEPS))


def _file(study: Study) -> Path:
    return study.registration.with_suffix(".budget")


def _cut(event: Mapping[str, Any], last: int) -> dict[str, Any]:
    """Return an event as it was at a step, from its row alone, since a curve may be lost.

    Limits: relapses count to the end of the row.
    """
    ends: dict[str, Any] = {}
    for lower, upper in (("lower", "upper"), ("sustained_lower", "sustained_upper")):
        seen = event[upper] is not None and event[upper] <= last
        ends |= {lower: event[lower] if seen or event[lower] is None else min(event[lower], last)}
        ends |= {upper: event[upper] if seen else None}
    return {**event, **ends}


def _events(points: pl.DataFrame, recording: Recording) -> list[dict[str, object]]:
    wide = points.pivot("probe", index="step", values="value").sort("step")
    curve = {each.column: wide[each.column].to_list() for each in recording.criteria}
    found = events.detect(
        curve, wide["step"].to_list(), recording.criteria, confirmation_steps=recording.confirmation_steps
    )
    return [dataclasses.asdict(event) for event in found]
