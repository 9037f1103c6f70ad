"""The results schema: the columns that training writes and analysis reads (Polars is imported only where used)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

SCHEMA_VERSION = 1
STATUSES = ("observed", "budget", "diverged")

REPLICA_COLUMNS = {
    "id": "what the replica is called: a hash of all that decides its numbers",
    "family": "name of the family",
    "version": "version of the family's mathematics",
    "config": "all Config fields as JSON",
    "data_seed": "seed of the split and of random distractors",
    "init_seed": "seed of the initial weights",
    "status": "observed (its event and the confirmation window), budget (censored there), or diverged",
    "steps": "last evaluated step",
    "events": "list of first and sustained crossings, see analysis.events.Event",
    "provenance": "git commit, versions and device, as JSON",
    "schema": "version of this schema",
}
CURVE_COLUMNS = {"id": "replica", "step": "optimizer steps taken", "probe": "what was measured", "value": "its value"}


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


def replicas_frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows of plain data as a replicas table."""
    import polars as pl

    return pl.DataFrame(list(rows), schema=replica_schema())


def sound(replicas: pl.DataFrame) -> pl.Series:
    """Return one flag per row of a replicas table: whether this version can read it and it does not contradict itself.

    A row is unsound when an id, status, step or event is missing, an event's interval is empty, its config is not a
    JSON object, or a newer schema wrote it.
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


def event_table(replicas: pl.DataFrame, *, name: str, threshold: float, fields: Sequence[str] = ()) -> pl.DataFrame:
    """Return one row per replica with the interval of one event.

    Columns: id, data_seed, status, steps, lower, upper (null where censored), relapses, and the fields asked for.
    """
    import polars as pl

    picked = (
        replicas.explode("events")
        .unnest("events")
        .filter((pl.col("name") == name) & ((pl.col("threshold") - threshold).abs() < 1e-9))
        .select("id", "data_seed", "status", "steps", "lower", "upper", "sustained_upper", "relapses", "config")
    )
    configs = [json.loads(text) for text in picked["config"]]
    columns = [pl.Series(field, [config.get(field) for config in configs], strict=False) for field in fields]
    return picked.drop("config").with_columns(columns)


def timeline(replicas: pl.DataFrame, *, threshold: float, fields: Sequence[str] = ()) -> pl.DataFrame:
    """Return one row per replica: when it memorised, when it grokked, and how it ended.

    Columns: those of ``event_table`` for the grokked event, memorised_lower and memorised_upper, and ``outcome``:
    grokked; diverged; never memorised (train accuracy stayed below the threshold); or not yet.
    """
    import polars as pl

    grokked = event_table(replicas, name="grokked", threshold=threshold, fields=fields)
    memorised = event_table(replicas, name="memorised", threshold=threshold).select(
        "id", memorised_lower="lower", memorised_upper="upper"
    )
    outcome = (
        pl.when(pl.col("upper").is_not_null())
        .then(pl.lit("grokked"))
        .when(pl.col("status") == "diverged")
        .then(pl.lit("diverged"))
        .when(pl.col("memorised_upper").is_null())
        .then(pl.lit("never memorised"))
        .otherwise(pl.lit("not yet"))
    )
    return grokked.join(memorised, on="id", how="left", maintain_order="left").with_columns(outcome=outcome)


def delays(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a timeline that memorised, with the interval of T_grok - T_mem in place of that of T_grok.

    Both ends are censored: the delay lies in (grok_lower - mem_upper, grok_upper - mem_lower].
    """
    import polars as pl

    return rows.filter(pl.col("memorised_upper").is_not_null()).with_columns(
        lower=(pl.col("lower") - pl.col("memorised_upper")).clip(0),
        upper=(pl.col("upper") - pl.col("memorised_lower")).clip(1),
    )


def to_json(facts: Mapping[str, Any]) -> str:
    """Return plain data as compact JSON with sorted keys."""
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def _is_object(text: str | None) -> bool:
    try:
        return isinstance(json.loads(text or ""), dict)
    except (ValueError, RecursionError):
        return False
