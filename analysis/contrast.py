"""Two arms compared: the ratio of their times paired by seed, the sign test, and the log-rank test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.interval import LEVEL, Interval, RankInterval
from analysis.intervals import intervals
from analysis.laws import law_named
from analysis.likelihood import Times

MOST_KNOWN = 0.5  # share of the seeds with a ratio that is known from both sides, from which on one is fitted


@dataclass(frozen=True)
class Contrast:
    """Arm B against arm A.

    ``ratio``: median of T_B / T_A over pairs, with its 95 % interval. ``sooner, later, ties``: pairs in which B was
    first, A was first, and neither can be told; ``sign_p`` and ``log_rank_p``: two-sided.
    """

    ratio: Interval
    pairs: int
    sooner: int
    later: int
    ties: int
    sign_p: float
    log_rank_p: float


def contrast(first: Times, second: Times, seeds: Sequence[object]) -> Contrast:
    """Compare two arms, row i of both having the same seed and, but for the arm, the same point.

    The ratio of a pair lies in [lower_B / upper_A, upper_B / lower_A]; if one run was censored this is a bound, and if
    both were it says nothing. Rows of one seed are left out together. Where most pairs are only bounded, the ratio
    is the median of the bounds with the interval of the sign test: a fit would extrapolate from the few others.
    Raises: ValueError when no pair says anything, or fewer than two seeds do.
    """
    from scipy import stats  # where two arms are compared: it takes half a second to import

    ratios, seeds_told = told_ratios(first, second, seeds)
    if len(set(seeds_told)) < 2:
        raise ValueError("fewer than two seeds have a pair that can be compared")
    sooner = int((second.upper <= first.lower).sum())
    later = int((first.upper <= second.lower).sum())
    return Contrast(
        ratio=_ratio(ratios, seeds_told),
        pairs=len(first.x),
        sooner=sooner,
        later=later,
        ties=len(first.x) - sooner - later,
        sign_p=float(stats.binomtest(sooner, sooner + later).pvalue) if sooner + later else 1.0,
        log_rank_p=float(stats.logrank(_sample(first), _sample(second)).pvalue),
    )


def told_ratios(first: Times, second: Times, seeds: Sequence[object]) -> tuple[Times, list[object]]:
    """Return the ratio of every pair that says anything, as an interval, with its seed; ``ratio`` is from these."""
    ratios = _ratios(first, second)
    told = (ratios.lower > 0) | ratios.observed
    return ratios.at(told), [seed for seed, says in zip(seeds, told, strict=True) if says]


def _ratio(ratios: Times, seeds: Sequence[object]) -> Interval:
    known = {seed for seed, inside in zip(seeds, (ratios.lower > 0) & ratios.observed, strict=True) if inside}
    if len(known) < max(MOST_KNOWN * len(set(seeds)), 2):
        ends = np.where(ratios.observed, ratios.upper, ratios.lower)
        return _by_rank(float(np.median(ends)), ratios, seeds)
    law = law_named("constant")
    best = law.fit(ratios)
    found, _, no_spread = intervals(law, ratios, best, seeds)
    return _by_rank(best.values["scale"], ratios, seeds) if no_spread else found["scale"]


def _ratios(first: Times, second: Times) -> Times:
    with np.errstate(divide="ignore", invalid="ignore"):
        lower = np.where(first.observed, np.maximum(second.lower, 0) / first.upper, 0.0)
        upper = np.where(second.observed & (first.lower > 0), second.upper / first.lower, np.inf)
    return Times(np.ones_like(first.x), lower, upper)


def _by_rank(estimate: float, ratios: Times, seeds: Sequence[object]) -> Interval:
    """Return the interval of the sign test around the median ratio, for ratios whose bounds all overlap.

    No spread can be fitted to such bounds. Each seed counts with the medians of its pairs' bounds; below 6 seeds the
    interval is open.
    """
    from scipy import stats

    lower, upper = (
        sorted(
            float(np.median([end for end, of in zip(ends, seeds, strict=True) if of == seed])) for seed in set(seeds)
        )
        for ends in (ratios.lower, ratios.upper)
    )
    rank = int(stats.binom.ppf((1 - LEVEL) / 2, len(lower), 0.5))
    low, high = (lower[rank - 1], upper[-rank]) if rank else (None, None)
    upmost = high if high is not None and np.isfinite(high) else None
    return RankInterval(estimate, low, upmost, least=0.0, groups=len(lower))


def _sample(times: Times) -> Any:
    from scipy import stats

    seen = times.observed
    return stats.CensoredData(times.upper[seen], right=times.lower[~seen])
