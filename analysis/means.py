"""Means over seeds with their 95 % intervals: Student's t for numbers, Clopper and Pearson's for shares of seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis import quantiles
from analysis.interval import LEVEL, Interval


@dataclass(frozen=True)
class ShareInterval(Interval):
    """The exact binomial interval of a share, ``successes`` of ``trials``."""

    successes: float = 0.0
    trials: int = 0

    def exact_p(self, within: tuple[float | None, float | None]) -> float:
        """Return twice the smaller binomial tail: of "within" being false, or true.

        It is below 0.05 just where the interval decides. A limit that no share can pass (0 or 1) does not count.
        """
        low = None if within[0] is None or within[0] <= 0 else within[0]
        high = None if within[1] is None or within[1] >= 1 else within[1]
        beyond = max(0.0 if low is None else self._at_least(low), 0.0 if high is None else self._at_most(high))
        inside = min(1.0 if low is None else self._at_most(low), 1.0 if high is None else self._at_least(high))
        return min(1.0, 2 * min(beyond, inside))

    def _at_least(self, share: float) -> float:
        """Return the probability of at least as many successes at a share."""
        if not self.successes or share >= 1:
            return 1.0
        return quantiles.below_beta(share, self.successes, self.trials - self.successes + 1) if share > 0 else 0.0

    def _at_most(self, share: float) -> float:
        """Return the probability of at most as many successes at a share."""
        if self.successes >= self.trials or share <= 0:
            return 1.0
        return quantiles.above_beta(share, self.successes + 1, self.trials - self.successes) if share < 1 else 0.0


def by_seed(values: Sequence[float], seeds: Sequence[object]) -> list[float]:
    """Return the mean of each seed's values: runs that share a seed count as one.

    >>> by_seed([1.0, 3.0, 5.0], ["a", "a", "b"])
    [2.0, 5.0]
    """
    members: dict[object, list[float]] = {}
    for value, seed in zip(values, seeds, strict=True):
        members.setdefault(seed, []).append(value)
    return [sum(each) / len(each) for each in members.values()]


def mean_interval(means: Sequence[float], limits: tuple[float | None, float | None] = (None, None)) -> Interval:
    """Return the mean of independent numbers with its t interval, cut to the range that they have.

    Raises: ValueError where they are all equal, since their spread cannot be told.
    """
    middle, count = float(np.mean(means)), len(means)
    spread = float(np.std(means, ddof=1)) if count > 1 else 0.0
    if spread <= 1e-12 * max(abs(middle), 1e-300):
        raise ValueError(f"it is {middle:.3g} at all of {count} seeds: without a spread there is no interval")
    half = quantiles.student((1 + LEVEL) / 2, count - 1) * spread / math.sqrt(count)
    return Interval(middle, middle - half, middle + half, count - 1, *limits)


def share_interval(shares: Sequence[float]) -> ShareInterval:
    """Return the mean of each seed's share of successes with the exact binomial interval for as many trials as seeds.

    Where a seed has one run this is Clopper and Pearson's; several runs of a seed count as one trial, as if they always
    agreed, so the interval is then too wide rather than too narrow.
    """
    trials, successes = len(shares), float(sum(shares))
    tail = (1 - LEVEL) / 2
    low = quantiles.beta(tail, successes, trials - successes + 1) if successes else 0.0
    high = quantiles.beta(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return ShareInterval(successes / trials, low, high, None, 0.0, 1.0, successes=successes, trials=trials)
