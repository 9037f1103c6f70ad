"""What a study sees of its replicas: as much as its own budget shows.

Experiments share replicas, so one may have been trained further for a study with a larger budget. Verdicts must not
depend on what else was launched: past the largest budget of the study's own launches a replica counts as censored.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from analysis import events, table

if TYPE_CHECKING:
    from orchestrator.launch import Study


def remember(study: Study) -> None:
    """Store the budget of a launch, unless an earlier one had as large a one."""
    if budget_of(study) > _launched(study):
        study.results.write_text(_file(study), str(budget_of(study)))


def budget_of(study: Study) -> int:
    """Return the budget in steps to which the study is watched: of the flag or the scale, or of a launch before."""
    asked = study.options.budget_steps or study.asked.scales[study.scale].budget_steps
    return max(asked, _launched(study))


def last_step(study: Study) -> int:
    """Return the last evaluation that the study sees."""
    return study.asked.recording.last_step(budget_of(study))


def rows_of(study: Study) -> pl.DataFrame:
    """Return the rows of the study's replicas, those that were watched past its budget as they stood there."""
    rows, last = study.rows(), last_step(study)
    late = rows.filter(pl.col("steps") > last)
    if late.is_empty():
        return rows
    curves = study.results.curves(late["id"].to_list()).filter(pl.col("step") <= last)
    by_id = {str(name): points for (name,), points in curves.partition_by("id", as_dict=True).items()}
    recording = study.asked.recording
    cut = [
        {
            **row,
            "status": "budget",
            "steps": last,
            "events": _events(by_id[row["id"]], recording.thresholds, recording.confirmation_steps),
        }
        for row in late.iter_rows(named=True)
        if row["id"] in by_id  # a curve file may be unreadable
    ]
    kept = rows.filter(~pl.col("id").is_in([row["id"] for row in cut]))
    return pl.concat([kept, table.replicas_frame(cut)]).sort("id")


def curves_of(study: Study, ids: list[str]) -> pl.DataFrame:
    """Return the curves of replicas up to the last evaluation that the study sees."""
    return study.results.curves(ids).filter(pl.col("step") <= last_step(study))


def _launched(study: Study) -> int:
    file = study.results.root / _file(study)
    return int(file.read_text()) if file.is_file() else 0


def _file(study: Study) -> Path:
    return study.registration.with_suffix(".budget")


def _events(points: pl.DataFrame, thresholds: tuple[float, ...], confirmation_steps: int) -> list[dict[str, object]]:
    wide = points.pivot("probe", index="step", values="value").sort("step")
    curve = {name: wide[name].to_list() for name in events.METRIC.values()}
    found = events.detect(curve, wide["step"].to_list(), thresholds=thresholds, confirmation_steps=confirmation_steps)
    return [dataclasses.asdict(event) for event in found]
