"""Fit the laws to anybody's table: one row per run, x, the interval of its event, and perhaps the seed it shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from orchestrator.report import answer, span, times_of
from orchestrator.results import BadInputError

READERS: dict[str, Callable[..., pl.DataFrame]] = {
    ".csv": partial(pl.read_csv, infer_schema_length=None),
    ".parquet": pl.read_parquet,
}


def fit_file(file: Path, *, x: str, lower: str, upper: str, group: str | None) -> dict[str, Any]:
    """Return the fits of all laws to a CSV or parquet file.

    Raises: BadInputError in one line for a file, column or value that cannot be used.
    """
    from analysis.compare import fit_laws
    from analysis.laws import law_names

    rows = _rows(file, x=x, lower=lower, upper=upper, group=group)
    try:
        fits = fit_laws(times_of(rows, "x"), law_names(), rows["group"].to_list() if group else None)
    except ValueError as fault:
        raise BadInputError(f"{file}: {fault}") from None
    seen = int(rows["upper"].count())
    return {"rows": rows.height, "events": seen, "censored": rows.height - seen, "fits": [fit.facts() for fit in fits]}


def lines(facts: Mapping[str, Any]) -> list[str]:
    """Return the fits as text, the best AICc first."""
    best = facts["fits"][0]
    told = [f"{facts['rows']} runs: {facts['events']} events, {facts['censored']} censored", answer(best, "x")]
    told.append(
        f"{'law':14} {'AICc':>9}  {'leave one level out':>19}  constants with 95 % intervals ({best['intervals']})"
    )
    for fit in facts["fits"]:
        scores = [
            f"{value:.1f}" if value is not None else "-" for value in (fit["aicc"], fit["elpd_leave_one_level_out"])
        ]
        constants = ", ".join(f"{name} {span(interval)}" for name, interval in fit["parameters"].items())
        told.append(f"{fit['law']:14} {scores[0]:>9}  {scores[1]:>19}  {constants}")
    return told


def _rows(file: Path, **columns: str | None) -> pl.DataFrame:
    if file.suffix not in READERS:
        raise BadInputError(f"{file} is not a table that can be read; give a .csv or .parquet file")
    try:
        table = READERS[file.suffix](file)
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise BadInputError(f"{file} cannot be read: {str(fault).splitlines()[0]}") from None
    named = {role: column for role, column in columns.items() if column is not None}
    if absent := [column for column in named.values() if column not in table.columns]:
        raise BadInputError(f"{file} has no column {', '.join(map(repr, absent))}; columns: {', '.join(table.columns)}")
    if table.is_empty():
        raise BadInputError(f"{file} has no rows")
    picked = table.select(pl.col(column).alias(role) for role, column in named.items())
    try:
        picked = picked.with_columns(pl.col("x", "lower", "upper").cast(pl.Float64))
    except pl.exceptions.PolarsError as fault:
        raise BadInputError(f"{file}: x, lower and upper must be numbers ({str(fault).splitlines()[0]})") from None
    floats = [name for name, kind in picked.schema.items() if kind.is_float() and name != "x" and name != "lower"]
    picked = picked.with_columns(pl.col(floats).fill_nan(None))
    picked = picked.with_columns(
        pl.when(pl.col("upper").is_infinite()).then(None).otherwise(pl.col("upper")).alias("upper")
    )
    _check(file, picked)
    return picked


def _check(file: Path, rows: pl.DataFrame) -> None:
    faults = {
        "x must be a number > 0": pl.col("x").is_null() | ~pl.col("x").is_finite() | (pl.col("x") <= 0),
        "lower must be a number >= 0": pl.col("lower").is_null() | ~pl.col("lower").is_finite() | (pl.col("lower") < 0),
        "upper must be above lower, or empty where censored": pl.col("upper") <= pl.col("lower"),
    }
    if "group" in rows.columns:
        faults["group must not be empty"] = pl.col("group").is_null()
    for words, wrong in faults.items():
        bad = rows.with_row_index("row").filter(wrong)
        if not bad.is_empty():
            first = bad.row(0, named=True)
            raise BadInputError(
                f"{file}: {words}; row {first['row'] + 1} has x = {first['x']}, lower = {first['lower']}, "
                f"upper = {first['upper']} ({bad.height} such rows)"
            )
