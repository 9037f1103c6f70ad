"""From a curve on an evaluation grid to events: the one place that decides when something happened.

An event lies in an interval (lower, upper]: not yet at the evaluation at ``lower``, seen at the one at ``upper``.
An upper end of None means that it was not seen before the curve ended at ``lower``: right-censored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

GROKKED = "grokked"
MEMORISED = "memorised"
METRIC = {GROKKED: "test_accuracy", MEMORISED: "train_accuracy"}
LOSS = "train_loss"


@dataclass(frozen=True, kw_only=True)
class Event:
    """When one metric crossed one threshold from below.

    Units: steps. ``lower, upper`` is the first crossing; ``sustained_*`` the first crossing after which the metric
    stayed at or above the threshold for the whole confirmation window; ``relapses`` counts falls below it.
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
    steps: Sequence[int], values: Sequence[float], *, name: str, threshold: float, confirmation_steps: int
) -> Event:
    """Return the event "the metric reached the threshold" of one curve.

    By hand, threshold 0.9 and a window of 10 steps: steps 0, 10, 20, 30, 40 with 0.1, 0.9, 0.5, 0.9, 0.9 first cross
    in (0, 10], relapse once, and are sustained from (20, 30] on, since 30 to 40 stays above.

    >>> event = crossing([0, 10, 20, 30, 40], [.1, .9, .5, .9, .9], name="grokked", threshold=.9, confirmation_steps=10)
    >>> (event.lower, event.upper), (event.sustained_lower, event.sustained_upper), event.relapses
    ((0, 10), (20, 30), 1)
    """
    above = [value >= threshold for value in values]
    first = _first(above)
    held = sustained_index(steps, above, confirmation_steps)
    lower, upper = _interval(steps, first)
    sustained_lower, sustained_upper = _interval(steps, held)
    return Event(
        name=name,
        threshold=threshold,
        lower=lower,
        upper=upper,
        sustained_lower=sustained_lower,
        sustained_upper=sustained_upper,
        relapses=sum(before and not after for before, after in pairwise(above)),
    )


def sustained_index(steps: Sequence[int], above: Sequence[bool], confirmation_steps: int) -> int | None:
    """Return the first index from which the condition held for a whole observed window, or None."""
    start: int | None = None
    for index, (step, holds) in enumerate(zip(steps, above, strict=True)):
        if not holds:
            start = None
            continue
        start = index if start is None else start
        if step - steps[start] >= confirmation_steps:
            return start
    return None


def detect(
    curve: Mapping[str, Sequence[float]], steps: Sequence[int], *, thresholds: Sequence[float], confirmation_steps: int
) -> list[Event]:
    """Return the memorised and grokked events of a curve at every threshold."""
    return [
        crossing(steps, curve[metric], name=name, threshold=threshold, confirmation_steps=confirmation_steps)
        for name, metric in METRIC.items()
        for threshold in thresholds
    ]


def ending(
    curve: Mapping[str, Sequence[float]],
    steps: Sequence[int],
    *,
    end: str,
    threshold: float,
    confirmation_steps: int,
    last_step: int,
) -> Ending | None:
    """Return where watching ends, or None while it goes on.

    ``diverged``: the loss stopped being finite. ``observed``: with ``end="event"``, the test accuracy has held the
    highest threshold for its window. ``budget``: the last evaluation within the budget. The earliest of them counts,
    so it does not matter how far past it the training ran.
    """
    candidates = []
    broken = _first([not math.isfinite(value) for value in curve[LOSS]])
    if broken is not None:
        candidates.append(Ending(index=broken, status="diverged"))
    if end == "event":
        above = [value >= threshold for value in curve[METRIC[GROKKED]]]
        held = sustained_index(steps, above, confirmation_steps)
        if held is not None:
            done = next(i for i in range(held, len(steps)) if steps[i] - steps[held] >= confirmation_steps)
            candidates.append(Ending(index=done, status="observed"))
    if steps and steps[-1] >= last_step:
        candidates.append(Ending(index=steps.index(last_step), status="budget"))
    return min(candidates, key=lambda found: found.index, default=None)


def _first(flags: Sequence[bool]) -> int | None:
    return next((index for index, flag in enumerate(flags) if flag), None)


def _interval(steps: Sequence[int], index: int | None) -> tuple[int, int | None]:
    """Return (lower, upper]; a condition that holds at the first evaluation happened in (first - 1, first]."""
    if index is None:
        return (steps[-1] if steps else 0), None
    return (steps[index - 1] if index else steps[0] - 1), steps[index]
