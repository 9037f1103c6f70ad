"""Which points an experiment trains: a grid, or a search that chooses them (standard library only at import)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.faults import Fault, inside
from analysis.table import BEST, POINT, REFERENCE
from trainables.family import config_faults, rules

MOST_REPLICAS = 1_000_000
MOST_SEED = 2**62
MOST_STEPS = 10**9
MOST_TRIES = 10_000
REFERENCE_POINT, BEST_POINT = {POINT: REFERENCE}, {POINT: BEST}
"""The two arms that claims compare where a scale searches: the first point that was tried, and the best one."""


@dataclass(frozen=True)
class SearchSpace:
    """Named axes; a point is one value of each. Pure: no seeds, no Ray.

    ``also``: further grids over the same axes, whose points are added, for spaces that are not products.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    axes: Mapping[str, tuple[Any, ...]]
    also: tuple[Mapping[str, tuple[Any, ...]], ...] = ()

    @classmethod
    def union(cls, *grids: Mapping[str, Any]) -> SearchSpace:
        """Return the space of several grids over the same axes; a value that is no tuple is the only one of its axis.

        >>> SearchSpace.union({"width": (32, 64), "beta2": 0.9}, {"width": 32, "beta2": 0.99})
        SearchSpace(axes={'width': (32, 64), 'beta2': (0.9,)}, also=({'width': (32,), 'beta2': (0.99,)},))
        """
        axes, *also = (
            {name: each if isinstance(each, tuple) else (each,) for name, each in grid.items()} for grid in grids
        )
        return cls(axes, tuple(also))

    @property
    def grids(self) -> tuple[Mapping[str, tuple[Any, ...]], ...]:
        """All grids."""
        return (self.axes, *self.also)

    def values(self, name: str) -> list[Any]:
        """Return all values of an axis, each once, in the order of the grids."""
        return list(dict.fromkeys(value for grid in self.grids for value in grid[name]))

    def with_values(self, given: Mapping[str, tuple[Any, ...]]) -> SearchSpace:
        """Return the space with other values on some axes, or further axes; grids that become equal count once.

        >>> SearchSpace({"width": (32,)}, also=({"width": (64,)},)).with_values({"width": (8,)})
        SearchSpace(axes={'width': (8,)}, also=())
        """
        changed = [{**grid, **given} for grid in self.grids]
        axes, *also = (grid for number, grid in enumerate(changed) if grid not in changed[:number])
        return SearchSpace(axes, tuple(also))

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield all combinations of each grid, the last axis fastest.

        >>> list(SearchSpace({"kl_strength": (0.1, 1.0), "width": (32,)}).points())
        [{'kl_strength': 0.1, 'width': 32}, {'kl_strength': 1.0, 'width': 32}]
        """
        for grid in self.grids:
            for values in itertools.product(*grid.values()):
                yield dict(zip(grid, values, strict=True))


@dataclass(frozen=True, kw_only=True)
class Search:
    """Points that an optimizer chooses one after the other; a grid lists them beforehand.

    ``ranges``: the lowest and highest value of each field, searched on a logarithmic scale for the point with the
    smallest restricted mean grok step; ``first``: points tried before the optimizer chooses, of which the first is
    the reference; ``tries``: how many points in all. The best of many points looks better than it is on the seeds that
    chose it, so it and the reference are measured again on ``confirming_seeds``.
    ``chosen`` and ``confirmed``: so far, the optimizer's points and those measured again.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    ranges: Mapping[str, tuple[float, float]]
    first: tuple[Mapping[str, float], ...]
    tries: int
    confirming_seeds: tuple[int, ...]
    expected_steps: int | None = None
    chosen: tuple[Mapping[str, float], ...] = ()
    confirmed: tuple[Mapping[str, float], ...] = ()

    @property
    def points(self) -> tuple[Mapping[str, float], ...]:
        """All points that are known so far."""
        return (*self.first, *self.chosen)

    def faults(self, seeds: Sequence[int]) -> list[Fault]:
        """Return all that is wrong with the search, one sentence each; ``seeds`` are those that choose."""
        found = [
            Fault(f"range of {name!r} = ({low}, {high}) must have 0 < low < high", "ranges", name)
            for name, (low, high) in self.ranges.items()
            if not 0 < low < high < math.inf
        ]
        for number, point in enumerate(self.first):
            if set(point) != set(self.ranges) or not all(
                low <= point[name] <= high for name, (low, high) in self.ranges.items()
            ):
                words = f"first point {dict(point)} must give each of {', '.join(self.ranges)} within its range"
                found.append(Fault(words, "first", number))
        if not 1 <= len(self.first) <= self.tries <= MOST_TRIES:
            words = f"tries = {self.tries} must be at least the first points (one or more), at most {MOST_TRIES}"
            found.append(Fault(words, "tries"))
        if len(set(self.confirming_seeds)) < 2 or set(self.confirming_seeds) & set(seeds):
            words = "confirming_seeds must be two or more, none of them among the seeds that choose"
            found.append(Fault(words, "confirming_seeds"))
        return found


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One size of an experiment: a grid of points, or a search for the best one.

    ``expected_steps`` maps values of the experiment's x axis to the steps that pilot replicas took until they ended;
    it serves only the estimate of time.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    space: SearchSpace
    fields: Mapping[str, Any]
    seeds: tuple[int, ...]
    budget_steps: int
    expected_steps: Mapping[float, int] = field(default_factory=dict)
    search: Search | None = None

    @property
    def names(self) -> list[str]:
        """The fields that points name."""
        return [*self.space.axes, *(self.search.ranges if self.search else ())]

    @property
    def fixed(self) -> dict[str, Any]:
        """The fields that are the same at all points: those that no axis and no search sets."""
        return {name: value for name, value in self.fields.items() if name not in self.names}

    @property
    def open_replicas(self) -> int:
        """How many replicas belong to points that a search has yet to choose."""
        if not self.search:
            return 0
        confirming = 0 if self.search.confirmed else 2 * len(self.search.confirming_seeds)
        return max(self.search.tries - len(self.search.points), 0) * len(self.seeds) + confirming

    def points_and_seeds(self) -> Iterator[tuple[dict[str, Any], Sequence[int]]]:
        """Yield each point known so far, as all fields that it sets, with its seeds."""
        if not self.search:
            yield from ((self.at(point), self.seeds) for point in self.space.points())
            return
        yield from ((self.at(point), self.seeds) for point in self.search.points)
        yield from ((self.at(point), self.search.confirming_seeds) for point in self.search.confirmed)

    def told(self) -> list[str]:
        """Return which points there are, in words, a line each."""
        lines = list(_told(self.space.axes))
        lines += [f"and {'; '.join(_told(grid))}" for grid in self.space.also]
        if self.search:
            lines += [f"{name} from {low:g} to {high:g}, searched" for name, (low, high) in self.search.ranges.items()]
            lines.append(f"{self.search.tries} points, {len(self.search.points)} of them chosen so far")
        return lines

    def at(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Return all fields that a point of the scale sets; beside a search each axis has one value."""
        return {**self.fields, **next(self.space.points()), **point}


def point_fault(field: str, value: object) -> str | None:
    """Return what is wrong with a field by which a claim chooses runs of a search, which differ only in the point."""
    if field == POINT and value not in (REFERENCE, BEST):
        return f"{POINT} = {value!r} must be one of {REFERENCE}, {BEST}"
    return None


def _told(grid: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    yield from (f"{axis} = {', '.join('none' if each is None else str(each) for each in grid[axis])}" for axis in grid)


def search_faults(scale: Scale, search: Search, config: type) -> list[Fault]:
    """Return everything that is wrong with a scale that is searched, one sentence each."""
    found = [inside(fault, "search") for fault in search.faults(scale.seeds)]
    for name, ends in search.ranges.items():
        place = ("search", "ranges", name)
        if name in rules(config) and rules(config)[name].kind is not float:
            found.append(Fault(f"range of {name!r}: only fields that hold fractions can be searched", *place))
        found += [Fault(fault, *place) for end in ends for fault in config_faults(config, {name: end})]
        if name in scale.space.axes:
            found.append(
                Fault(f"{name!r} is searched and cannot be set; change the range in a file of your own", *place)
            )
    for name, values in scale.space.axes.items():
        if len(values) != 1:
            words = f"axis {name!r} has {len(values)} values; beside a search each axis has one"
            found.append(Fault(words, "axes", name))
    if not all(0 <= seed <= MOST_SEED for seed in search.confirming_seeds):
        words = f"confirming_seeds must be whole numbers >= 0 and <= {MOST_SEED}"
        found.append(Fault(words, "search", "confirming_seeds"))
    return found
