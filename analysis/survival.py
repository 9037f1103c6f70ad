"""What the runs of a level say without any law: Kaplan–Meier, its median, and the restricted mean."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.likelihood import Times


@dataclass(frozen=True)
class Level:
    """The runs at one x, a number or any other value.

    Units: steps; ``median`` is None where fewer than half of the runs saw the event.
    """

    x: Any
    runs: int
    events: int
    median: float | None
    restricted_mean: float


def kaplan_meier(times: Times) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps of the Kaplan–Meier curve and the share of runs still without the event after each.

    An event counts at the evaluation that first saw it; a run that is censored there was still at risk.
    """
    ends = np.where(times.observed, times.upper, times.lower)
    order = np.argsort(ends)
    steps, first = np.unique(ends[order], return_index=True)
    events = np.add.reduceat(times.observed[order].astype(np.int64), first)
    if times.observed.all():  # the product below, without its rounding
        return steps, 1 - np.cumsum(events) / len(ends)
    at_risk = len(ends) - first
    return steps, np.cumprod((at_risk - events) / at_risk)


def restricted_mean(times: Times, horizon: float) -> float:
    """Return the mean time without the event up to a horizon: the area under the Kaplan–Meier curve.

    Censored runs count with the time they were watched; a mean over successes would leave them out.
    """
    steps, survival = kaplan_meier(times)
    inside = steps < horizon
    edges = np.concatenate([[0.0], steps[inside], [horizon]])
    heights = np.concatenate([[1.0], survival[inside]])
    return float((np.diff(edges) * heights).sum())


def common_horizon(times: Times) -> float:
    """Return the step up to which all runs can be compared: where the first censored run ended."""
    censored = times.lower[~times.observed]
    return float(censored.min()) if censored.size else float(times.upper.max())


def levels(times: Times, horizon: float | None = None) -> list[Level]:
    """Return one row per x, restricted means up to a common horizon."""
    horizon = common_horizon(times) if horizon is None else horizon
    return [level(times.at(times.x == x), float(x), horizon) for x in np.unique(times.x)]


def level(times: Times, x: Any, horizon: float) -> Level:
    """Return the row of the runs at one x."""
    steps, survival = kaplan_meier(times)
    reached = steps[survival <= 0.5]
    median = float(reached[0]) if reached.size and math.isfinite(reached[0]) else None
    return Level(x, len(times.x), int(times.observed.sum()), median, restricted_mean(times, horizon))
