"""The points of one run in the order of its steps; of what a resumed run logged twice, the later line counts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import polars as pl

from orchestrator.storage.results import BadInputError

STEP, VALUE = "step of the curve", "value of the curve"  # beside columns of any other name
TELLING = (
    "run",
    "run_id",
    "run_name",
    "run id",
    "name",
    "seed",
    "trial",
    "trial_id",
    "key",
    "metric",
    "split",
    "phase",
)
LEAST_ROWS_PER_START = 3  # fewer on average are no resumed run, but several runs in turn
AGAIN = "keep one of them, or tell runs apart with --run"


def in_order(file: Path, name: str, points: pl.DataFrame, others: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the points of a run by step, and how many earlier lines a resumption replaced.

    A resumed run jumps back, once or a few times and never to its beginning, and continues from there; its later lines
    count. ``others``: the other columns of the same rows.
    Raises: BadInputError where one step has several values for any other reason.
    """
    unlike = points.unique(maintain_order=True)
    steps = unlike[STEP].to_list()
    if len(set(steps)) == len(steps):
        return unlike.sort(STEP), 0
    _refuse_several_runs(file, name, points, others)
    starts = [at for at, (before, step) in enumerate(pairwise(points[STEP]), start=1) if step < before]
    kept = points.with_row_index("line")
    dropped = 0
    for start in starts:
        step = points[STEP][start]
        stays = (pl.col("line") >= start) | (pl.col(STEP) < step)
        left = kept.filter(stays)
        dropped, kept = dropped + kept.height - left.height, left
    return kept.drop("line").unique(maintain_order=True).sort(STEP), dropped


def _refuse_several_runs(file: Path, name: str, points: pl.DataFrame, others: pl.DataFrame) -> None:
    """Raise BadInputError unless a resumption is the only reason for several values at a step."""
    steps = points[STEP].to_list()
    twice = points.unique(maintain_order=True).filter(pl.col(STEP).is_duplicated())[STEP][0]
    told = f"{file}: run {name!r} has several values at step {twice:g}"
    for column in others.columns:
        if column.lower() in TELLING and others[column].drop_nulls().n_unique() > 1:
            raise BadInputError(
                f"{told}, and the column {column!r} differs; give --run {column}, or --where {column}=…"
            )
    pairs = list(pairwise(zip(steps, points[VALUE].to_list(), strict=True)))
    if any(step == before and value != old for (before, old), (step, value) in pairs):
        raise BadInputError(f"{told} in lines that follow each other; {AGAIN}")
    starts = [step for before, step in pairwise(steps) if step < before]
    if min(starts) <= steps[0]:
        raise BadInputError(f"{told}: it begins again there, as a restart does, and as another run does; {AGAIN}")
    if len(steps) < LEAST_ROWS_PER_START * (len(starts) + 1):
        raise BadInputError(f"{told}, and jumps back {len(starts)} times, more often than a resumed run does; {AGAIN}")
