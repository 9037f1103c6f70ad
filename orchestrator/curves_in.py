"""From curves that people already have (W&B or MLflow exports, any CSV) to one row per run with its interval."""

from __future__ import annotations

import glob
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from analysis.events import crossing
from orchestrator.fit_table import read_table
from orchestrator.results import BadInputError

RUN = "run"
STEP, VALUE = "step of the curve", "value of the curve"  # beside columns of any other name
WANDB_TAILS = ("__MIN", "__MAX")


def runs_of(
    pattern: str,
    *,
    step: str,
    value: str,
    threshold: float,
    x: Sequence[str],
    run: str | None = None,
    runs: Path | None = None,
    where: Sequence[str] = (),
    group: str | None = None,
) -> pl.DataFrame:
    """Return one row per run: run, the columns of x (and group), lower, upper (null where censored), in steps.

    A run is a file, or a value of the column ``run``, or a column "NAME - value" of a wide W&B export. Its x comes from
    the table ``runs``, else from a column of the curve file, else from name=value in the run's name or path.
    Raises: BadInputError in one line for anything that cannot be used.
    """
    if not math.isfinite(threshold):
        raise BadInputError(f"--threshold {threshold} is never reached; give a number such as 0.95")
    files = sorted(glob.glob(pattern, recursive=True))
    if not files:
        raise BadInputError(f"no file matches {pattern}; give a pattern such as 'runs/*.csv'")
    wanted = [*x, *([group] if group else [])]
    given = _given(runs, run, wanted)
    rows: dict[str, dict[str, Any]] = {}
    for file in map(Path, files):
        table = _selected(file, read_table(file), where)
        for name, curve in _curves(file, table, step=step, value=value, run=run):
            if name in rows:
                raise BadInputError(f"{file}: run {name!r} was in another file already; name runs apart with --run")
            if runs is not None and name not in given:
                raise BadInputError(f"{file}: {runs} does not list the run {name!r}; its runs: {_few(given)}")
            facts = given[name] if runs is not None else _facts(file, name, curve, wanted)
            rows[name] = {RUN: name, **facts, **_interval(file, name, curve, threshold)}
    found = pl.DataFrame(list(rows.values()), infer_schema_length=None)
    return found.with_columns(pl.col("lower", "upper").cast(pl.Float64))


def _given(runs: Path | None, run: str | None, wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the values of x and group by run, from the table of runs."""
    if runs is None:
        return {}
    table = read_table(runs)
    key = run if run and run in table.columns else RUN
    if absent := [name for name in (key, *wanted) if name not in table.columns]:
        raise BadInputError(f"{runs} has no column {', '.join(map(repr, absent))}; columns: {', '.join(table.columns)}")
    return {str(row[key]): {name: row[name] for name in wanted} for row in table.iter_rows(named=True)}


def _selected(file: Path, table: pl.DataFrame, where: Sequence[str]) -> pl.DataFrame:
    """Return the rows in which every column=value of --where holds, compared as text."""
    for condition in where:
        column, _, value = condition.partition("=")
        if not value:
            raise BadInputError(f"--where {condition!r} has no value; write --where column=value")
        _need(file, table, [column])
        table = table.filter(pl.col(column).cast(pl.String) == value)
        if table.is_empty():
            raise BadInputError(f"{file} has no row with {column} = {value}")
    return table


def _curves(
    file: Path, table: pl.DataFrame, *, step: str, value: str, run: str | None
) -> list[tuple[str, pl.DataFrame]]:
    """Return the runs of a file by name, each with its steps and values, and all other columns."""
    _need(file, table, [step, *([run] if run else [])])
    if value in table.columns:
        whole = table.with_columns(pl.col(step).alias(STEP), pl.col(value).alias(VALUE))
        if run is None:
            return [(file.stem, whole)]
        if whole[run].null_count():
            raise BadInputError(f"{file}: the column {run!r} names no run in {whole[run].null_count()} rows; fill it")
        return [(str(key[0]), part) for key, part in whole.partition_by(run, as_dict=True).items()]
    tail = f" - {value}"
    wide = [name for name in table.columns if name.endswith(tail) and not name.endswith(WANDB_TAILS)]
    if not wide:
        raise BadInputError(
            f"{file} has no column {value!r} and none that ends in {tail!r}; columns: {', '.join(table.columns)}"
        )
    return [
        (name.removesuffix(tail), table.select(pl.col(step).alias(STEP), pl.col(name).alias(VALUE))) for name in wide
    ]


def _interval(file: Path, name: str, curve: pl.DataFrame, threshold: float) -> dict[str, float | None]:
    """Return lower and upper of the first crossing; a metric that was not logged at a step is left out there."""
    try:
        points = curve.select(pl.col(STEP, VALUE).cast(pl.Float64)).fill_nan(None).drop_nulls().unique()
    except pl.exceptions.PolarsError as fault:
        raise BadInputError(f"{file}: steps and values must be numbers ({str(fault).splitlines()[0]})") from None
    points = points.sort(STEP)
    if points.is_empty():
        raise BadInputError(f"{file}: run {name!r} has no point with a step and a value")
    if (twice := points.filter(pl.col(STEP).is_duplicated())).height:
        raise BadInputError(
            f"{file}: run {name!r} has several values at step {twice[STEP][0]:g}; tell runs apart, --run"
        )
    steps, values = points[STEP].to_list(), points[VALUE].to_list()
    event = crossing(steps, values, name=VALUE, threshold=threshold, confirmation_steps=0)
    if event.upper is not None and event.upper <= 0:
        raise BadInputError(
            f"{file}: run {name!r} is at the threshold at step {event.upper:g} already: it has no delay"
        )
    return {"lower": 0.0 if event.upper == steps[0] else event.lower, "upper": event.upper}


def _facts(file: Path, name: str, curve: pl.DataFrame, wanted: Sequence[str]) -> Mapping[str, Any]:
    """Return x and group of a run from its curve's columns, else from its name or its file's path."""
    found = {}
    for field in wanted:
        if field in curve.columns and curve[field].drop_nulls().n_unique() == 1:
            found[field] = curve[field].drop_nulls()[0]
        else:
            found[field] = _in_words(field, "/".join([*file.parts[-2:], name]))
        if found[field] is None:
            raise BadInputError(
                f"{file}: run {name!r} has no {field!r}: neither one value in a column, nor {field}=… in its name; "
                "give a table of runs with --runs"
            )
    return found


def _in_words(field: str, text: str) -> float | str | None:
    """Return what stands behind ``field=`` or ``field_`` in a name, as a number where it is one.

    >>> _in_words("wd", "runs/wd=0.3_seed=2.csv"), _in_words("seed", "wd_1e-3-seed_7"), _in_words("lr", "wd=1")
    (0.3, 7.0, None)
    """
    number = r"[=_-]?([-+]?\d*\.?\d+(?:e[-+]?\d+)?)"
    match = re.search(rf"(?<![A-Za-z0-9]){re.escape(field)}(?:{number}|[=_-]([^_/,\s]+))", text)
    if match is None:
        return None
    return float(match[1]) if match[1] else match[2]


def _few(names: Mapping[str, Any], shown: int = 5) -> str:
    return ", ".join([*list(names)[:shown], *(["…"] if len(names) > shown else [])]) or "none"


def _need(file: Path, table: pl.DataFrame, columns: Sequence[str]) -> None:
    if absent := [column for column in columns if column not in table.columns]:
        raise BadInputError(f"{file} has no column {', '.join(map(repr, absent))}; columns: {', '.join(table.columns)}")
