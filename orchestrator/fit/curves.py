"""From curves that people already have (W&B or MLflow exports, any CSV) to one row per run with its interval."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from analysis.criteria import Criterion
from analysis.events import crossing
from orchestrator.fit.cells import number, numbers
from orchestrator.fit.curve_files import files_of, names_of, own_folders, own_parts
from orchestrator.fit.resumed import STEP, VALUE, in_order
from orchestrator.fit.run_facts import Facts, Run, column_of_names, table_of_runs
from orchestrator.fit.tables import Table, read_table
from orchestrator.fit.thresholds import Curve, check_scale
from orchestrator.storage.results import BadInputError

RUN = "run"
STEPS = (
    *("step", "Step", "_step", "global_step", "trainer/global_step", "training_iteration", "iteration", "steps"),
    "epoch",
)
WANDB_TAILS = ("__MIN", "__MAX")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for in curves; ``step`` None means the first of the usual names that is there.

    ``below``: the event is a fall to the threshold instead of a rise.
    """

    value: str
    threshold: float
    x: Sequence[str]
    step: str | None = None
    run: str | None = None
    runs: Path | None = None
    where: Sequence[str] = ()
    group: str | None = None
    below: bool = False


def runs_of(pattern: str, notes: list[str] | None = None, **words: Any) -> pl.DataFrame:
    """Return one row per run: run, the columns of x (and group), lower, upper (null where censored), in steps.

    A run is a file, a value of the column ``run``, or a column "NAME - value" of a wide W&B export; the keyword
    arguments are the fields of ``Asked``. Guesses are added to ``notes``.
    Raises: BadInputError in one line for anything that cannot be used.
    """
    asked, told = Asked(**words), [] if notes is None else notes
    if not math.isfinite(asked.threshold):
        raise BadInputError(f"--threshold {asked.threshold} is never reached; give a number such as 0.95")
    wanted = [*asked.x, *([asked.group] if asked.group else [])]
    files = files_of(pattern)
    listed = read_table(asked.runs).with_names(wanted) if asked.runs else None
    tables = [_selected(read_table(file), asked.where).with_names([*wanted, asked.value]) for file in files]
    told += _readings([*tables, *([listed] if listed else [])])
    runs = list(_runs(tables, asked, listed, told))
    _refuse_doubles(runs)
    facts = Facts(wanted, asked.x if len(asked.x) == 1 else (), [asked.group] if asked.group else [])
    if listed:
        facts.given = table_of_runs(listed, column_of_names(listed, runs, asked.run), wanted)
    found = [facts.of(run) for run in runs]
    told += facts.told()
    again: dict[str, int] = {}
    curves = [_curve(run, asked, again) for run in runs]
    told += _resumed(again)
    told += check_scale(curves, asked.threshold, below=asked.below)
    return _frame(runs, found, curves, asked, told)


def _frame(
    runs: Sequence[Run], facts: Sequence[dict[str, Any]], curves: Sequence[Curve], asked: Asked, told: list[str]
) -> pl.DataFrame:
    """Return the rows of all runs except those at the threshold at step 0, which have no delay."""
    rows = [
        {RUN: run.name, **fields, "lower": float(lower), "upper": None if upper is None else float(upper)}
        for run, fields, curve in zip(runs, facts, curves, strict=True)
        for lower, upper in [_interval(curve, asked)]
        if upper is None or upper > 0
    ]
    if (none := len(runs) - len(rows)) > 0:
        told.append(f"{none} run{'s' * (none > 1)} left out: at the threshold at step 0 already, which is no delay")
    if not rows:
        raise BadInputError(f"every run is at the threshold {asked.threshold:g} at step 0 already: there is no delay")
    schema = {"lower": pl.Float64, "upper": pl.Float64}
    columns = {}
    for name in rows[0]:
        cells = [row[name] for row in rows]
        plain = all(cell is None or isinstance(cell, float) for cell in cells)
        columns[name] = pl.Series(name, cells if plain else list(map(str, cells)), dtype=schema.get(name))
    return pl.DataFrame(columns)


def _interval(curve: Curve, asked: Asked) -> tuple[float, float | None]:
    """Return lower and upper of the first crossing; one at the first point happened since step 0."""
    steps: Any = curve.steps
    event = Criterion(name=asked.value, column=asked.value, threshold=asked.threshold, falls=asked.below)
    found = crossing(steps, curve.values, event, confirmation_steps=0)
    return (0.0 if found.upper == curve.steps[0] else found.lower), found.upper


def _readings(tables: Sequence[Table]) -> list[str]:
    """Return in one line how the files were read, where that had to be guessed."""
    counts = Counter(table.guessed for table in tables if table.guessed)
    several = len(tables) > 1
    told = [f"{guessed} ({count} file{'s' * (count > 1)})" if several else guessed for guessed, count in counts.items()]
    return [f"read as {'; '.join(told)}"] if told else []


def _selected(table: Table, where: Sequence[str]) -> Table:
    """Return the rows in which every column=value of --where holds, numbers compared as numbers."""
    for condition in where:
        column, equals, value = condition.partition("=")
        if not (column and equals and value):
            raise BadInputError(f"--where {condition!r} has no value; write --where column=value")
        table.need([column])
        cells = [None if cell is None else str(cell).strip() for cell in table.rows[column]]
        asked = number(value)
        same = {cell: cell == value or (asked is not None and cell and number(cell) == asked) for cell in set(cells)}
        rows = table.rows.filter(pl.Series([bool(same[cell]) for cell in cells], dtype=pl.Boolean))
        if rows.is_empty():
            some = ", ".join(sorted({cell for cell in cells if cell})[:5])
            raise BadInputError(f"{table.file} has no row with {column} = {value}; it has {some}")
        table = Table(table.file, rows, table.guessed)
    return table


def _runs(tables: Sequence[Table], asked: Asked, listed: Table | None, told: list[str]) -> Iterator[Run]:
    """Yield the runs of all files, each with its steps and values beside all other columns."""
    files = [table.file for table in tables]
    parts = own_parts(files)
    steps: Counter[str] = Counter()
    for table, name, of_path, alone in zip(tables, names_of(parts), parts, own_folders(files), strict=True):
        step = asked.step or next((each for each in STEPS if each in table.rows.columns), STEPS[0])
        steps[step] += asked.step is None and step != STEPS[0]
        for own, rows in _curves(table, step, asked, listed):
            yield Run(own or name, table.file, of_path, alone, rows)
    told += [f"the column {step!r} holds the steps" for step, count in steps.items() if count]


def _curves(table: Table, step: str, asked: Asked, listed: Table | None) -> Iterator[tuple[str | None, pl.DataFrame]]:
    """Yield the runs of a file: the file itself without a name, or the values of --run, or columns that end alike."""
    by = asked.run
    if by is not None and by not in table.rows.columns and listed is not None and by in listed.rows.columns:
        by = None  # it names the column of the table of runs
    table.need([step, *([by] if by else [])])
    value = asked.value
    if value not in table.rows.columns:
        steps = numbers(table.file, table.rows[step]).alias(STEP)
        for name, column in _wide(table, value).items():
            yield name, pl.DataFrame([steps, numbers(table.file, table.rows[column]).alias(VALUE)])
        return
    points = [(step, STEP), (value, VALUE)]
    whole = table.rows.with_columns(numbers(table.file, table.rows[name]).alias(new) for name, new in points)
    if by is None:
        yield None, whole
        return
    if empty := whole[by].null_count():
        raise BadInputError(f"{table.file}: the column {by!r} names no run in {empty} rows; fill it")
    for key, part in whole.partition_by(by, as_dict=True, maintain_order=True).items():
        yield str(key[0]), part


def _wide(table: Table, value: str) -> dict[str, str]:
    """Return the columns of a wide W&B export that hold a metric, by the name of their run.

    Raises: BadInputError where there is none, or two runs have one name.
    """
    tail = f" - {value}"
    names = table.rows.columns
    if doubled := [name for name in names if f"{tail} (column " in name]:
        raise BadInputError(f"{table.file} has two runs of one name, {doubled[0].split(tail)[0]!r}; rename one of them")
    wide = [name for name in names if name.endswith(tail) and not name.endswith(WANDB_TAILS)]
    if not wide:
        raise BadInputError(
            f"{table.file} has no column {value!r} and none that ends in {tail!r}; columns: {', '.join(names)}"
        )
    return {name.removesuffix(tail).strip(): name for name in wide}


def _refuse_doubles(runs: Sequence[Run]) -> None:
    names = Counter(run.name for run in runs)
    for run in runs:
        if names[run.name] > 1:
            raise BadInputError(f"{run.file}: run {run.name!r} is in another file too; name runs apart with --run")


def _resumed(again: Mapping[str, int]) -> list[str]:
    """Return in one line how many lines were logged again by runs that were resumed."""
    if not again:
        return []
    runs = f"{len(again)} runs were" if len(again) > 1 else "1 run was"
    lines = f"{sum(again.values())} lines that were logged again later do not count (first in {next(iter(again))!r})"
    return [f"{runs} resumed: {lines}"]


def _curve(run: Run, asked: Asked, resumed: dict[str, int]) -> Curve:
    """Return the points of a run; a metric that was not logged at a step is left out there.

    The number of lines that were logged again later is added to ``resumed``.
    """
    unlogged = -math.inf if asked.below else math.inf  # where the metric broke down, it did not reach the threshold
    step, value = pl.col(STEP).fill_nan(None), pl.col(VALUE).fill_nan(None)
    rows = run.rows.filter(step.is_not_null() & value.is_not_null() & (value != unlogged))
    points, others = rows.select(STEP, VALUE), rows.drop(STEP, VALUE)
    if points.is_empty():
        raise BadInputError(f"{run.file}: run {run.name!r} has no point with a step and a value")
    points, again = in_order(run.file, run.name, points, others)
    if again:
        resumed[run.name] = again
    first = points[STEP][0]
    if not (first >= 0 and math.isfinite(points[STEP][-1])):
        raise BadInputError(f"{run.file}: run {run.name!r} has the step {first:g}; steps must be numbers >= 0")
    return Curve(run.name, points[STEP].to_list(), points[VALUE].to_list())
