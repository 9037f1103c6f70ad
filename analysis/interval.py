"""95 % intervals: they stay in the range of their quantity, and may come from leaving out each seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis import quantiles
from analysis.likelihood import Array
from analysis.numerals import digits, limits

LEVEL = 0.95
MOST_LEFT_OUT = 100  # groups; with more, what is left out in turn is a hundredth of them
END_TOLERANCE = 1e-3  # of an end's distance from its estimate


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval; an end of None is open: neither the data nor the quantity bounds it.

    ``freedom``: degrees of freedom of the t distribution behind the interval; None for the normal one. ``least`` and
    ``most``: the range of the quantity, None where it has no end; intervals are cut to it, which never costs
    coverage.
    """

    estimate: float
    low: float | None
    high: float | None
    freedom: int | None = None
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        """Cut the ends to the range of the quantity."""
        object.__setattr__(self, "low", self.least if self.low is None else self._inside(self.low))
        object.__setattr__(self, "high", self.most if self.high is None else self._inside(self.high))

    def __str__(self) -> str:
        return f"{digits(self.estimate)} {limits(self.low, self.high)}"

    @property
    def error(self) -> float:
        """By how much the arithmetic may have misplaced an end, as a share of its distance from the estimate."""
        return 0.0

    @property
    def least_p(self) -> float:
        """The smallest p that the method can give."""
        return 0.0

    def exact_p(self, within: tuple[float | None, float | None]) -> float | None:
        """Return the p of "the value lies within" if the method has its own way to compute it, else None."""
        return None

    def told(self) -> str:
        """Return the estimate and its interval as a verdict's evidence tells them."""
        return f"{digits(self.estimate)}, 95 % interval {limits(self.low, self.high)}"

    def widened(self) -> Interval:
        """Return the interval with both ends moved out by their error."""
        ends = (None if end is None else end + self.error * (end - self.estimate) for end in (self.low, self.high))
        low, high = ends
        return replace(self, low=low, high=high)

    def subtracted_from(self, whole: float) -> Interval:
        """Return the interval of what is left of a whole."""
        (low, least), (high, most) = (
            (None if end is None else whole - end for end in ends)
            for ends in ((self.high, self.most), (self.low, self.least))
        )
        return replace(self, estimate=whole - self.estimate, low=low, high=high, least=least, most=most)

    def _inside(self, value: float) -> float:
        above = value if self.least is None else max(value, self.least)
        return above if self.most is None else min(above, self.most)


@dataclass(frozen=True)
class FittedInterval(Interval):
    """The interval of a constant that an optimiser found: its ends depend a little on where that stopped."""

    @property
    def error(self) -> float:
        """The tolerance of the search for an end."""
        return END_TOLERANCE


@dataclass(frozen=True)
class Certain(Interval):
    """A number that is known, as the largest of those that were seen: both ends are the number itself."""

    def exact_p(self, within: tuple[float | None, float | None]) -> float:
        """Return 0: whether it lies within is no matter of chance."""
        return 0.0

    def told(self) -> str:
        """Return the number alone."""
        return digits(self.estimate)


@dataclass(frozen=True)
class RankInterval(Interval):
    """The interval of a sign test over a number of groups."""

    groups: int = 0

    @property
    def least_p(self) -> float:
        """The p at which all groups lie on one side."""
        return 2 * 0.5**self.groups


def rows_without_each(groups: Sequence[object]) -> Iterator[NDArray[np.intp]]:
    """Yield the indices of the rows that are left without each group.

    Raises: ValueError with fewer than two groups.

    >>> [rows.tolist() for rows in rows_without_each(["a", "b", "a"])]
    [[1], [0, 2]]
    """
    member, count = numbered(groups)
    if count < 2:
        raise ValueError(f"intervals by group need at least 2 groups, given {count}")
    for place in range(count):
        yield np.flatnonzero(member != place)


def dealt(groups: Sequence[object]) -> Sequence[object]:
    """Return the groups themselves, or at most 100 hands into which they are dealt like cards, each group whole.

    Leaving out each hand costs as many fits whatever the number of groups, and its spread estimates the same variance.
    Source: Kott, The delete-a-group jackknife, Journal of Official Statistics 17, 2001.
    """
    member, count = numbered(groups)
    return groups if count <= MOST_LEFT_OUT else (member % MOST_LEFT_OUT).tolist()


def numbered(groups: Sequence[object]) -> tuple[NDArray[np.intp], int]:
    """Return the number of every row's group, in the order in which groups come first, and how many there are.

    >>> numbered(["b", "a", "b"])
    (array([0, 1, 0]), 2)
    """
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    return np.array([places[group] for group in groups], dtype=np.intp), len(places)


def jackknife(
    value: float, remade: Sequence[float], *, in_logs: bool = False, limits: tuple[float | None, float | None]
) -> Interval:
    """Return the interval around an estimate from those without each group: ± t(groups - 1) · the jackknife's error.

    Without any spread the error cannot be estimated, and the interval is open.
    """
    freedom, in_logs = len(remade) - 1, in_logs and value > 0
    half = float(reach_without_each(np.array(value), np.array(remade), in_logs=in_logs))
    if not half > 0:
        return FittedInterval(value, None, None, freedom, *limits)
    return around(value, half, in_logs=in_logs, freedom=freedom, limits=limits)


def reach_without_each(value: Array, remade: Array, *, in_logs: bool) -> Array:
    """Return the half-width of 95 % intervals, of logarithms where asked, from estimates without each of S groups.

    The jackknife's standard error, √((S - 1)/S · Σ(estimate without one - estimate)²), times t with S - 1 degrees of
    freedom; for a mean that is Student's interval. Shapes: value (...), remade (S, ...).
    Source: Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, section 3; of clusters: Bell and
    McCaffrey, Survey Methodology 28, 2002.
    """
    count = len(remade)
    if in_logs:
        value, remade = np.log(np.maximum(value, 1e-300)), np.log(np.maximum(remade, 1e-300))
    squares = np.square(remade - value).sum(axis=0)
    return np.asarray(quantiles.student((1 + LEVEL) / 2, count - 1) * np.sqrt((count - 1) / count * squares))


def around(
    value: float, half: float, *, in_logs: bool, freedom: int | None, limits: tuple[float | None, float | None]
) -> Interval:
    """Return the interval of a half-width around a value; in logarithms the half-width is that of a factor."""
    if in_logs:
        factor = math.exp(min(half, 700.0))
        high = value * factor
        return FittedInterval(value, value / factor, high if math.isfinite(high) else None, freedom, *limits)
    return FittedInterval(value, value - half, value + half, freedom, *limits)
