"""What a search found: the points that were tried, the best of them, and how it fares on seeds that did not choose it.

The objective is the restricted mean step of the event: the mean over seeds of the step that first saw it, where a run
without one counts as the horizon. So points with censored or diverged runs can be compared with all others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from analysis.criteria import GROKKING, Criterion
from analysis.evidence import Evidence
from analysis.table import BEST, POINT, REFERENCE

OBJECTIVE = "restricted_mean"


def trials(
    rows: pl.DataFrame, names: Sequence[str], *, horizon: int, seeds: Collection[int], event: Criterion = GROKKING
) -> pl.DataFrame:
    """Return one row per point that has ended on all of the given seeds, the best first.

    ``rows`` is a timeline of the event. Columns: the fields, runs, how many saw the event (under its name), median and
    restricted mean, in steps. The median is null where fewer than half of the runs saw it.
    """
    step = pl.col("upper").fill_null(horizon).clip(upper_bound=horizon)
    middle = pl.col("upper").fill_null(float("inf")).quantile(0.5, "lower")
    found = (
        rows.filter(pl.col("data_seed").is_in(list(seeds)))
        .group_by(names)
        .agg(
            runs=pl.len(),
            **{event.name: pl.col("upper").count()},
            median=pl.when(middle.is_finite()).then(middle),
            **{OBJECTIVE: step.mean()},
        )
    )
    return found.filter(pl.col("runs") == len(seeds)).sort(OBJECTIVE, *names)


def confirmation(
    rows: pl.DataFrame,
    reference: Mapping[str, float],
    best: Mapping[str, float],
    seeds: Collection[int],
    *,
    event: Criterion = GROKKING,
    events: Mapping[str, Criterion] | None = None,
) -> Evidence:
    """Return the runs of both points on the given seeds as evidence: field ``point`` tells them apart.

    Where the search found nothing better than the reference there is one point only, and nothing to compare.
    """
    fresh = rows.filter(pl.col("data_seed").is_in(list(seeds)))
    arms = [
        fresh.filter(*(pl.col(name) == value for name, value in point.items())).with_columns(pl.lit(arm).alias(POINT))
        for arm, point in ((REFERENCE, reference), (BEST, best))
        if arm == REFERENCE or dict(best) != dict(reference)
    ]
    laws = ("constant",)
    return Evidence(pl.concat(arms), x=POINT, laws=laws, primary_law=laws[0], event=event, events=events)


def best_of(found: pl.DataFrame, names: Sequence[str], reference: Mapping[str, float]) -> dict[str, Any]:
    """Return the fields of the best point of some trials; among equals the reference, else the first by its fields.

    Also the reference where there is no trial.
    """
    best = found.filter(pl.col(OBJECTIVE) == pl.col(OBJECTIVE).min()).select(names).to_dicts()
    return dict(reference) if dict(reference) in best or not best else best[0]
