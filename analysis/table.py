"""The results schema: the columns that training writes and analysis reads (Polars is imported only where used)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.criteria import GROKKED, MEMORISED, Criterion

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = 1
STATUSES = ("observed", "budget", "diverged")
POINT, REFERENCE, BEST = "point", "the reference", "the best point"  # where points are searched: a field, its values

REPLICA_COLUMNS = {
    "id": "what the replica is called: a hash of all that decides its numbers",
    "family": "name of the family",
    "version": "version of the family's mathematics",
    "config": "all Config fields as JSON",
    "data_seed": "seed of the split and of random distractors",
    "init_seed": "seed of the initial weights",
    "status": "observed (its event and the confirmation window), budget (censored there), or diverged",
    "steps": "last evaluated step",
    "events": "list of first and sustained crossings, see analysis.events.Crossing",
    "provenance": "git commit, versions, device, and when its last stretch of training began and ended, as JSON",
    "schema": "version of this schema",
}
CURVE_COLUMNS = {"id": "replica", "step": "optimizer steps taken", "probe": "what was measured", "value": "its value"}
PROBED_COLUMNS = {
    "id": "replica",
    "step": "optimizer steps that it had taken",
    "probe": "file of the probe",
    "column": "which of its columns",
    "value": "its value",
}
TIMELINE = (
    *("id", "data_seed", "status", "steps", "lower", "upper", "relapses"),
    *("memorised_lower", "memorised_upper", "outcome"),
)  # the columns of a timeline beside fields, measures and other events
CROSSING = ("lower", "upper", "relapses")  # the ends of the columns that the table of runs has for each event


def replica_schema() -> dict[str, Any]:
    """Return the Polars types of the replicas table."""
    import polars as pl

    event = {
        "name": pl.String,
        "threshold": pl.Float64,
        "lower": pl.Int64,
        "upper": pl.Int64,
        "sustained_lower": pl.Int64,
        "sustained_upper": pl.Int64,
        "relapses": pl.Int64,
    }
    whole = dict.fromkeys(("version", "data_seed", "init_seed", "steps", "schema"), pl.Int64())
    types = {name: whole.get(name, pl.String()) for name in REPLICA_COLUMNS}
    return {**types, "events": pl.List(pl.Struct(event))}


def curve_schema() -> dict[str, Any]:
    """Return the Polars types of the curves table."""
    import polars as pl

    return {"id": pl.String(), "step": pl.Int64(), "probe": pl.String(), "value": pl.Float64()}


def probed_schema() -> dict[str, Any]:
    """Return the Polars types of the table of what was measured on kept steps."""
    import polars as pl

    names = dict.fromkeys(PROBED_COLUMNS, pl.String())
    return {**names, "step": pl.Int64(), "value": pl.Float64()}


def replicas_frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows of plain data as a replicas table."""
    import polars as pl

    return pl.DataFrame(list(rows), schema=replica_schema())


def sound(replicas: pl.DataFrame) -> pl.Series:
    """Return one flag per row of a replicas table: whether this version can read it and it does not contradict itself.

    A row is unsound when an id, status, step or event is missing, when an event's interval is empty, when its config
    is not a JSON object, or when it was written under a newer schema.
    """
    import polars as pl

    event = pl.element().struct.field
    whole = (
        event("name").is_not_null()
        & event("threshold").is_not_null()
        & event("lower").is_not_null()
        & (event("upper").is_null() | (event("upper") > event("lower")))
    )
    rules = (
        pl.col("id").is_not_null()
        & pl.col("status").is_in(STATUSES)
        & (pl.col("steps") >= 0)
        & (pl.col("schema") <= SCHEMA_VERSION)
        & pl.col("data_seed").is_not_null()
        & pl.col("events").list.eval(whole).list.all()
    )
    objects = pl.Series([_is_object(text) for text in replicas["config"]], dtype=pl.Boolean)
    return replicas.select(rules.fill_null(False)).to_series() & objects


def newest(replicas: pl.DataFrame) -> pl.DataFrame:
    """Return one row per replica id: the one that was watched longest, in a stable order."""
    return replicas.sort("id", "steps", descending=[False, True]).unique("id", keep="first", maintain_order=True)


def wide(replicas: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """Return one row per replica with the intervals of all its events: the small table that is published.

    Columns: id, data_seed, status, steps, the fields asked for, and for every event and threshold
    ``grokked_0.99_lower``, ``_upper`` (null where censored) and ``_relapses``.
    """
    import polars as pl

    configs = [json.loads(text) for text in replicas["config"]]
    columns = [pl.Series(field, [config.get(field) for config in configs], strict=False) for field in fields]
    found = replicas.select("id", "data_seed", "status", "steps").with_columns(columns)
    crossings = replicas.select("id", "events").explode("events").unnest("events").drop_nulls("name")
    for (name, threshold), rows in crossings.partition_by(
        "name", "threshold", as_dict=True, maintain_order=True
    ).items():
        prefix = _prefix(str(name), float(str(threshold)))
        renamed = rows.select("id", **{f"{prefix}_{part}": part for part in CROSSING})
        found = found.join(renamed.unique("id", keep="first"), on="id", how="left", maintain_order="left")
    return found


def timeline(runs: pl.DataFrame, threshold: float, event: Criterion | None = None) -> pl.DataFrame:
    """Return one row per replica of a wide table: when it memorised, when it saw the event, and how it ended.

    The event is grokking at the threshold of accuracy, unless another is given.
    Columns: id, data_seed, status, steps and fields; lower, upper, relapses (of the event), memorised_lower,
    memorised_upper; the columns of all events as they were; and ``outcome``: the name of the event; diverged; never
    memorised (train accuracy stayed below the threshold); or not yet. Without the event's columns the table is empty.
    """
    import polars as pl

    seen, memorised = event.prefix if event else _prefix(GROKKED, threshold), _prefix(MEMORISED, threshold)
    names = {part: f"{seen}_{part}" for part in CROSSING}
    names |= {f"memorised_{part}": f"{memorised}_{part}" for part in ("lower", "upper")}
    if absent := [name for name in names.values() if name not in runs.columns]:
        runs = runs.clear().with_columns(pl.lit(None, pl.Int64).alias(name) for name in absent)
    outcome = (
        pl.when(pl.col("upper").is_not_null())
        .then(pl.lit(event.name if event else GROKKED))
        .when(pl.col("status") == "diverged")
        .then(pl.lit("diverged"))
        .when(pl.col("memorised_upper").is_null())
        .then(pl.lit("never memorised"))
        .otherwise(pl.lit("not yet"))
    )
    found = runs.with_columns(pl.col(column).alias(name) for name, column in names.items())
    return found.drop_nulls("lower").with_columns(outcome=outcome)


def at(rows: pl.DataFrame, event: str) -> pl.DataFrame:
    """Return the rows of a timeline with the interval of another event, named as its columns begin, in lower and upper.

    Raises: ValueError when the runs were not watched for it.
    """
    import polars as pl

    if f"{event}_lower" not in rows.columns:
        raise ValueError(f"the runs were not watched for {event}")
    return rows.with_columns(pl.col(f"{event}_{part}").alias(part) for part in CROSSING).drop_nulls("lower")


def measures_in(rows: pl.DataFrame, fields: Collection[str]) -> list[str]:
    """Return the columns of a timeline that belong neither to events nor to the fields."""
    events = {name for name in rows.columns if _is_crossing(name, rows.columns)}
    return [name for name in rows.columns if name not in (*TIMELINE, *fields) and name not in events]


def delays(rows: pl.DataFrame, origin: str = MEMORISED) -> pl.DataFrame:
    """Return the rows that saw an earlier event, with the steps from it to the row's own event in lower and upper.

    ``origin``: how the columns of the earlier event begin. Both times are intervals, so the delay lies in
    (lower - origin_upper, upper - origin_lower]; what would be before the earlier event counts as a delay of one step.
    Raises: ValueError when the runs were not watched for it.
    """
    import polars as pl

    first, last = f"{origin}_lower", f"{origin}_upper"
    if first not in rows.columns:
        raise ValueError(f"the runs were not watched for {origin}")
    return rows.filter(pl.col(last).is_not_null()).with_columns(
        lower=(pl.col("lower") - pl.col(last)).clip(0), upper=(pl.col("upper") - pl.col(first)).clip(1)
    )


def _prefix(event: str, threshold: float) -> str:
    return f"{event}_{threshold:g}"


def _is_crossing(column: str, columns: Sequence[str]) -> bool:
    """Say whether a column is one of the three that an event has."""
    stem, _, part = column.rpartition("_")
    return part in CROSSING and all(f"{stem}_{each}" in columns for each in CROSSING)


def to_json(facts: Mapping[str, Any]) -> str:
    """Return plain data as compact JSON with sorted keys."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or ""), dict)
    except (ValueError, RecursionError):
        return False
