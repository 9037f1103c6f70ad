"""From a curve on an evaluation grid to events: the one place that decides when something happened.

An event lies in an interval (lower, upper]: not yet at the evaluation at ``lower``, seen at the one at ``upper``.
An upper end of None means that it was not seen before the curve ended at ``lower``: right-censored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.criteria import Criterion

LOSS = "train_loss"


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """When a curve met one criterion.

    Units: steps. ``lower, upper`` is the first crossing; ``sustained_*`` the first crossing after which the column
    stayed at the threshold or beyond for the whole confirmation window; ``relapses`` counts how often it left again.
    Of a criterion that asks for a sustained crossing both are that.
    """

    name: str
    threshold: float
    lower: int
    upper: int | None
    sustained_lower: int
    sustained_upper: int | None
    relapses: int


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How far a curve counts: up to and including the evaluation ``index``; and why it ends there."""

    index: int
    status: str


def crossing(
    steps: Sequence[int], values: Sequence[float], criterion: Criterion, *, confirmation_steps: int
) -> Crossing:
    """Return when the values of one curve met a criterion.

    By hand, threshold 0.9 and a window of 10 steps: steps 0, 10, 20, 30, 40 with 0.1, 0.9, 0.5, 0.9, 0.9 first cross
    in (0, 10], relapse once, and are sustained from (20, 30] on, since 30 to 40 stays above.

    >>> grokked = Criterion(name="grokked", column="test_accuracy", threshold=0.9)
    >>> event = crossing([0, 10, 20, 30, 40], [.1, .9, .5, .9, .9], grokked, confirmation_steps=10)
    >>> (event.lower, event.upper), (event.sustained_lower, event.sustained_upper), event.relapses
    ((0, 10), (20, 30), 1)
    """
    reached = [criterion.reached(value) for value in values]
    lower, upper = _interval(steps, _first(reached))
    sustained_lower, sustained_upper = _sustained(steps, reached, confirmation_steps)
    if criterion.sustained:
        lower, upper = sustained_lower, sustained_upper
    return Crossing(
        name=criterion.name,
        threshold=criterion.threshold,
        lower=lower,
        upper=upper,
        sustained_lower=sustained_lower,
        sustained_upper=sustained_upper,
        relapses=sum(before and not after for before, after in pairwise(reached)),
    )


def sustained_index(steps: Sequence[int], reached: Sequence[bool], confirmation_steps: int) -> int | None:
    """Return the first index from which the condition held for a whole observed window, or None."""
    start: int | None = None
    for index, (step, holds) in enumerate(zip(steps, reached, strict=True)):
        if not holds:
            start = None
            continue
        start = index if start is None else start
        if step - steps[start] >= confirmation_steps:
            return start
    return None


def detect(
    curve: Mapping[str, Sequence[float]],
    steps: Sequence[int],
    criteria: Sequence[Criterion],
    *,
    confirmation_steps: int,
) -> list[Crossing]:
    """Return when a curve met each of the criteria.

    Raises: ValueError that names a column which the curve does not have.
    """
    return [crossing(steps, column_of(curve, each), each, confirmation_steps=confirmation_steps) for each in criteria]


def column_of(curve: Mapping[str, Sequence[float]], criterion: Criterion) -> Sequence[float]:
    """Return the column that a criterion looks at.

    Raises: ValueError that names it where the curve does not have it.
    """
    if criterion.column not in curve:
        raise ValueError(
            f"event {criterion.name!r} needs the column {criterion.column!r}, which no probe has measured here; "
            f"columns: {', '.join(curve)}"
        )
    return curve[criterion.column]


def ending(
    curve: Mapping[str, Sequence[float]],
    steps: Sequence[int],
    *,
    until: Criterion | None,
    confirmation_steps: int,
    last_step: int,
) -> Ending | None:
    """Return where watching ends, or None while it goes on.

    ``diverged``: the loss stopped being finite. ``observed``: the criterion that ends it, if there is one, has been met
    for its window. ``budget``: the last evaluation within the budget. The earliest of them counts, so it does not
    matter how far past it the training ran.
    """
    candidates = []
    broken = _first([not math.isfinite(value) for value in curve[LOSS]])
    if broken is not None:
        candidates.append(Ending(index=broken, status="diverged"))
    if until:
        reached = [until.reached(value) for value in column_of(curve, until)]
        held = sustained_index(steps, reached, confirmation_steps)
        if held is not None:
            done = next(i for i in range(held, len(steps)) if steps[i] - steps[held] >= confirmation_steps)
            candidates.append(Ending(index=done, status="observed"))
    if steps and steps[-1] >= last_step:
        candidates.append(Ending(index=steps.index(last_step), status="budget"))
    return min(candidates, key=lambda found: found.index, default=None)


def _sustained(steps: Sequence[int], reached: Sequence[bool], confirmation_steps: int) -> tuple[int, int | None]:
    """Return the interval of the first sustained crossing; one whose window the curve does not cover is still open."""
    index = sustained_index(steps, reached, confirmation_steps)
    if index is None and reached and reached[-1]:
        missed = [step for step, holds in zip(steps, reached, strict=True) if not holds]
        return (missed[-1] if missed else 0), None
    return _interval(steps, index)


def _first(flags: Sequence[bool]) -> int | None:
    return next((index for index, flag in enumerate(flags) if flag), None)


def _interval(steps: Sequence[int], index: int | None) -> tuple[int, int | None]:
    """Return (lower, upper]; a condition that holds at the first evaluation happened in (first - 1, first]."""
    if index is None:
        return (steps[-1] if steps else 0), None
    return (steps[index - 1] if index else steps[0] - 1), steps[index]
