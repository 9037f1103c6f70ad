"""From the curves of all runs to one row of measures per run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from analysis.criteria import GROKKED, MEMORISED
from analysis.measures import measure_named
from analysis.measures._run import Run


def measured(replicas: pl.DataFrame, curves: pl.DataFrame, names: Sequence[str], threshold: float) -> pl.DataFrame:
    """Return one row per replica with a curve: its id and the numbers of the named measures, null where it has none.

    A number that is not finite, as in a run that diverged, counts as none; where the curve of a run has gaps, so do
    all numbers of the measure.
    Raises: ValueError that names the probe to record, where no run has a curve that a measure needs.
    """
    runs = dict(runs_of(replicas, curves, threshold))
    found: dict[str, dict[str, Any]] = {name: {"id": name} for name in runs}
    for measure in map(measure_named, names):
        lacking = []
        for name, run in runs.items():
            try:
                found[name] |= {key: _finite(value) for key, value in measure(run).items()}
            except ValueError as reason:
                lacking.append(reason)
        if lacking and len(lacking) == len(found):
            raise lacking[0]
    keys = dict.fromkeys(key for row in found.values() for key in row if key != "id")
    schema: dict[str, Any] = {"id": pl.String(), **dict.fromkeys(keys, pl.Float64())}
    return pl.DataFrame([{key: row.get(key) for key in schema} for row in found.values()], schema=schema)


def runs_of(replicas: pl.DataFrame, curves: pl.DataFrame, threshold: float) -> Iterator[tuple[str, Run]]:
    """Yield id and run of every replica that has a curve; a column belongs to a run that has all its values."""
    facts = {row["id"]: row for row in replicas.select("id", "config", "steps", "events").iter_rows(named=True)}
    table = curves.filter(pl.col("id").is_in(list(facts))).pivot("probe", index=["id", "step"], values="value")
    table = table.sort("id", "step")
    names = [name for name in table.columns if name not in ("id", "step")]
    steps, columns = table["step"].to_numpy(), {name: table[name].to_numpy() for name in names}
    absent = {name: table[name].is_null().to_numpy() for name in names if table[name].null_count()}
    first = 0
    for name, count in table.select(pl.col("id").rle().struct.unnest()).select("value", "len").iter_rows():
        row = facts[name]
        inside = slice(first, first + int(np.searchsorted(steps[first : first + count], row["steps"], side="right")))
        kept = {
            column: values[inside]
            for column, values in columns.items()
            if column not in absent or not absent[column][inside].any()
        }
        events = {event["name"]: event["upper"] for event in row["events"] if event["threshold"] == threshold}
        fields = json.loads(row["config"])
        yield name, Run(steps[inside], kept, fields, threshold, events.get(MEMORISED), events.get(GROKKED))
        first += count


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
