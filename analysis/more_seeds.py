"""What would decide a claim that is undecided: more seeds, or an estimate elsewhere."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator

from analysis import quantiles
from analysis.claims import FAILS, HOLDS, LEVEL, equivalence
from analysis.numerals import beyond, digits

MOST_TIMES = 100  # as many seeds as there are, beyond which no number is named
SAME = 1e-6  # by how much the logarithms of two factors may differ that are one and the same

Ends = tuple[float | None, float | None]


def more_seeds(name: str, estimate: float, ends: Ends, within: Ends, seeds: int) -> str:
    """Return in words what number of seeds would decide "the value lies within".

    Half-widths scale as t(seeds - 1) / √seeds. Where the estimate lies within the limits, each end must come within its
    limit; otherwise the near end must come out.

    >>> more_seeds("it", 1.0, (0.7, 1.3), (0.8, 1.3), 8)
    'about 15 seeds in place of 8 would say that it holds, if its estimate stays at 1.'
    >>> more_seeds("it", 0.8001, (0.7, 0.9), (0.8, 1.25), 8)
    'they would hardly decide it: 100 times the 8 seeds are too few for an estimate, 0.8, so near 0.8.'
    >>> more_seeds("it", 1.0, (0.7, None), (0.8, 1.25), 8)
    'they alone may not decide it: its interval is open, which levels or steps beyond these would close.'
    """
    verdict = HOLDS if equivalence(estimate, estimate, within=within) == HOLDS else FAILS
    decisive = list(_decisive(estimate, ends, within, verdict))
    if any(end is None for _, end in decisive):
        return (
            f"they alone may not decide {name}: its interval is open, which levels or steps beyond these would close."
        )
    shares = {limit: _share(estimate, end, limit, ends) for limit, end in decisive if end is not None}
    nearest = min(shares, key=lambda limit: shares[limit])
    needed = _needed(shares[nearest], seeds)
    if needed is None:
        return (
            f"they would hardly decide {name}: {MOST_TIMES} times the {seeds} seeds are too few for an estimate, "
            f"{digits(estimate)}, so near {digits(nearest)}."
        )
    return (
        f"about {needed:,} seeds in place of {seeds} would say that {name} {verdict}, if its estimate stays at "
        f"{digits(estimate)}."
    )


def decidable(estimate: float, ends: Ends, within: Ends) -> str:
    """Return in words which estimates would be decided with an interval as wide; empty where it is open.

    >>> decidable(0.7, (0.57, 0.83), (0.8, 1.25))
    'an estimate from 0.93 to 1.12 would hold, one below 0.67 or above 1.38 would fail.'
    >>> decidable(1.0, (0.5, 2.0), (None, 0.8))
    'an estimate of at most 0.4 would hold, one above 1.6 would fail.'
    >>> decidable(1.0, (0.6, 1.4), (0.8, 1.25))
    'no estimate would hold, one below 0.4 or above 1.65 would fail.'
    """
    low, high = ends
    if low is None or high is None:
        return ""
    logs = _in_logs(estimate, ends, within)

    def moved(limit: float | None, end: float) -> float | None:
        """Return the estimate whose end would lie at the limit."""
        return None if limit is None else limit * estimate / end if logs else limit + estimate - end

    holds = [moved(limit, end) for limit, end in zip(within, (low, high), strict=True)]
    fails = [moved(limit, end) for limit, end in zip(within, (high, low), strict=True)]
    if low >= 0 and fails[0] is not None and fails[0] <= 0:
        fails[0] = None
    return f"{_held(*holds)} would hold, {_failed(*fails)} would fail."


def _held(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return f"an estimate from {digits(least)} to {digits(most)}" if least <= most else "no estimate"
    return f"an estimate of at {f'least {digits(least)}' if least is not None else f'most {digits(most or 0.0)}'}"


def _failed(below: float | None, above: float | None) -> str:
    return f"one {beyond(below, above)}" if below is not None or above is not None else "none"


def _decisive(estimate: float, ends: Ends, within: Ends, verdict: str) -> Iterator[tuple[float, float | None]]:
    """Yield the limits that count, each with the end of the interval that must cross it."""
    if verdict == HOLDS:
        yield from ((limit, end) for limit, end in zip(within, ends, strict=True) if limit is not None)
    elif within[0] is not None and estimate <= within[0]:
        yield within[0], ends[1]
    elif within[1] is not None:
        yield within[1], ends[0]


def _share(estimate: float, end: float, limit: float, ends: Ends) -> float:
    """Return to which share of its distance from the estimate an end must shrink; in logarithms for a factor."""
    high = ends[1]
    if high is not None and limit > 0 and _in_logs(estimate, ends, (limit,)):
        return abs(math.log(limit / estimate)) / math.log(high / estimate)
    return abs(limit - estimate) / abs(end - estimate) if end != estimate else math.inf


def _in_logs(estimate: float, ends: Ends, within: Iterable[float | None]) -> bool:
    """Return whether the ends lie symmetrically around the estimate in logarithms, as those of a factor do."""
    low, high = ends
    if low is None or high is None or not 0 < low < estimate or not all(each is None or each > 0 for each in within):
        return False
    below, above = math.log(estimate / low), math.log(high / estimate)
    return abs(above - below) <= SAME * max(above, 1.0)


def _needed(share: float, seeds: int) -> int | None:
    """Return the smallest larger number of seeds at which half-widths shrink to such a share; None if there is none."""

    def narrow(count: int) -> bool:
        widths = (quantiles.student(1 - LEVEL / 2, n - 1) / math.sqrt(n) for n in (count, seeds))
        return next(widths) <= share * next(widths)

    counts = range(seeds + 1, MOST_TIMES * seeds + 1)
    place = bisect.bisect_left(counts, True, key=narrow)
    return counts[place] if place < len(counts) else None
