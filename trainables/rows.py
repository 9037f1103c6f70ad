"""From replicas that have ended to the rows and curves that are published."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from analysis import table
from trainables.loop import Finished


def row_of(finished: Finished, provenance: str) -> dict[str, Any]:
    """Return the row of a replica in the replicas table."""
    replica = finished.replica
    return {
        **{name: getattr(replica, name) for name in ("id", "family", "version", "data_seed", "init_seed")},
        "config": table.to_json(replica.config),
        "status": finished.status,
        "steps": finished.curve.steps[-1],
        "events": [dataclasses.asdict(event) for event in finished.events],
        "provenance": provenance,
        "schema": table.SCHEMA_VERSION,
    }


def now() -> str:
    """Return the time, as rows keep it in their provenance."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def long_curves(finished: Sequence[Finished]) -> dict[str, list[Any]]:
    """Return curves as the columns of the curves table: id, step, probe, value."""
    columns: dict[str, list[Any]] = {name: [] for name in table.CURVE_COLUMNS}
    for each in finished:
        for probe in each.curve.columns:
            columns["step"] += each.curve.steps
            columns["value"] += each.curve.column(probe)
            columns["probe"] += [probe] * len(each.curve.steps)
            columns["id"] += [each.replica.id] * len(each.curve.steps)
    return columns
