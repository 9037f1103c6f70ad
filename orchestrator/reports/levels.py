"""The runs of a study level by level: how many saw the event and when, and what was measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.criteria import GROKKED, MEMORISED, Criterion
from analysis.numerals import words
from analysis.table import measures_in, timeline
from search_spaces._experiment import Experiment


def outcomes(experiment: Experiment, runs: pl.DataFrame) -> dict[str, int]:
    """Return how many runs saw the event, were censored, and diverged."""
    rows = timeline(runs, experiment.threshold, experiment.criterion)
    seen, diverged = int(rows["upper"].count()), int((rows["outcome"] == "diverged").sum())
    return {"events": seen, "censored": rows.height - seen - diverged, "diverged": diverged}


def thresholds(experiment: Experiment) -> list[Criterion]:
    """Return the event that an experiment is about at each of its thresholds, its own one among them."""
    return [each for each in experiment.recording.criteria if each.name == experiment.criterion.name]


def timeline_at(experiment: Experiment, runs: pl.DataFrame, event: Criterion) -> pl.DataFrame:
    """Return the timeline of an event; runs memorised at the same accuracy where the event is one of accuracy."""
    accuracy = event.threshold if event.name in (GROKKED, MEMORISED) else experiment.threshold
    return timeline(runs, accuracy, event)


def groups(experiment: Experiment, scale: str, rows: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Yield the rows of each combination of the axes other than x, with its values; all rows where there are none."""
    from analysis.evidence import matching

    names, space = experiment.strata(scale), experiment.scales[scale].space
    for values in itertools.product(*(space.values(name) for name in names)):
        where = dict(zip(names, values, strict=True))
        part = matching(rows, where)
        if not part.is_empty():
            yield where, part


def by_level(experiment: Experiment, scale: str, rows: pl.DataFrame) -> Iterator[tuple[Any, pl.DataFrame]]:
    """Yield each value of x with its rows: numbers in ascending order, other values in the order of the space."""
    x = experiment.x
    parts = {key[0]: part for key, part in rows.partition_by(x, as_dict=True, maintain_order=True).items()}
    if rows[x].dtype.is_numeric() and None not in parts:
        yield from ((float(value), parts[value]) for value in sorted(parts))
        return
    yield from ((value, parts[value]) for value in experiment.scales[scale].space.values(x) if value in parts)


def levels_of(experiment: Experiment, scale: str, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row per level: runs by outcome, median and restricted mean step of the event."""
    from analysis.evidence import times_of
    from analysis.survival import common_horizon, level

    horizon = common_horizon(times_of(rows, experiment.x))
    found = []
    for where, part in groups(experiment, scale, rows):
        for x, runs in by_level(experiment, scale, part):
            row = level(times_of(runs, experiment.x), x, horizon)
            count = dict(runs["outcome"].value_counts().iter_rows())
            told = {kind.replace(" ", "_"): count.get(kind, 0) for kind in ("never memorised", "diverged")}
            found.append({**where, **asdict(row), "censored": row.runs - row.events, **told, "where": where})
    return found


def measured(experiment: Experiment, scale: str, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield one table per combination of the other axes: the mean of each measure per level, and over how many runs.

    A mean is None where no run has the measure.
    """
    names = measures_in(rows, experiment.scales[scale].names)
    for where, part in groups(experiment, scale, rows):
        levels = list(by_level(experiment, scale, part))
        yield {
            "name": words(where) or "all runs",
            "where": where,
            "levels": [{"x": x, "runs": runs.height} for x, runs in levels],
            "rows": [{"name": name, "cells": [_cell(x, runs[name]) for x, runs in levels]} for name in names],
        }


def _cell(x: Any, column: pl.Series) -> dict[str, Any]:
    values = column.cast(pl.Float64).drop_nulls()
    return {"x": x, "mean": values.mean(), "count": len(values)}
