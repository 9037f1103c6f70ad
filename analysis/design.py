"""How many seeds, which levels and what budget an exponent's interval of a given width needs, by simulation."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.intervals import curvature
from analysis.laws import law_named
from analysis.laws._base import Law
from analysis.likelihood import Array, Times

SIMULATIONS = 30
SEED_COUNTS = (5, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
FIRST_SPACING, GROWTH = 10.0, 0.025  # of evaluations, unless told otherwise: 10 steps, later 2.5 % of the step


@dataclass(frozen=True)
class World:
    """What is assumed of the sweep: a law with its constants, and how log T spreads around it.

    ``sigma``: within seeds; ``seed_sigma`` and ``slope_sigma``: of effects that all runs of a seed share, on the level
    and on the slope by log x; ``noise``: log-normal or Weibull, of the same spread; ``growth``: sigma grows as T to
    this power, starting from the shortest time; ``spacing``: steps between evaluations while these are young.
    """

    law: str
    values: Mapping[str, float]
    sigma: float
    seed_sigma: float
    slope_sigma: float = 0.0
    noise: str = "log-normal"
    growth: float = 0.0
    spacing: float = FIRST_SPACING

    @classmethod
    def of(cls, law: Law, values: Mapping[str, float], times: Times, groups: Sequence[object]) -> World:
        """Return the world that a fit describes, its spread split into that of seeds and the rest.

        The part of seeds is the variance of seed means in excess of what the rest alone would give.
        """
        seen = times.observed
        residual = (np.log(np.maximum(times.middle, 1)) - np.log(law.time(values, times.x)))[seen]
        labels = np.array(groups, dtype=str)[seen]
        parts = [residual[labels == label] for label in np.unique(labels)]
        means = np.array([part.mean() for part in parts])
        within = float(np.mean([part.var(ddof=1) for part in parts if len(part) > 1] or [0.0]))
        excess = float(means.var(ddof=1)) - within / np.mean([len(part) for part in parts]) if len(means) > 1 else 0.0
        between = min(max(excess, 0.0), values["sigma"] ** 2)
        return cls(law.name, values, float(np.sqrt(values["sigma"] ** 2 - between)), float(np.sqrt(between)))


@dataclass(frozen=True)
class Design:
    """One design and what it gives: the median half-width of the exponent's interval, and replica-steps to be paid."""

    levels: tuple[float, ...]
    seeds: int
    budget: int
    halfwidth: float
    censored: float
    replica_steps: float


def simulate(
    world: World, levels: Sequence[float], seeds: int, budget: float, source: np.random.Generator
) -> tuple[Times, list[int]]:
    """Return one simulated sweep, evaluated on a growing grid, and the seed of every row."""
    x = np.repeat(np.array(levels, dtype=float), seeds)
    groups = np.tile(np.arange(seeds), len(levels))
    time = drawn(world, x, groups, source)
    return Times(x, *observed(time, evaluations(budget, world.spacing))), groups.tolist()


def observed(time: Array, grid: Array) -> tuple[Array, Array]:
    """Return the evaluations between which each time falls; infinite where it lies after the last one."""
    place = np.searchsorted(grid, time)
    last = len(grid) - 1
    lower = np.where(place > 0, grid[np.clip(place - 1, 0, last)], 0.0)
    return lower, np.where(place <= last, grid[np.clip(place, 0, last)], np.inf)


def drawn(world: World, x: Array, groups: NDArray[np.intp], source: np.random.Generator) -> Array:
    """Return a time for every row, (n,); rows of one group share their effects on level and slope."""
    median = law_named(world.law).time(world.values, x)
    levels, slopes = source.standard_normal((2, int(groups.max()) + 1))
    across = np.log(x) - np.log(x).mean()
    shared = world.seed_sigma * levels[groups] + world.slope_sigma * slopes[groups] * across
    spread = world.sigma * (median / median.min()) ** world.growth
    return np.asarray(median * np.exp(shared + spread * noise(world.noise, len(x), source)))


def noise(kind: str, shape: int | tuple[int, ...], source: np.random.Generator) -> Array:
    """Return noise of median 0 and standard deviation 1."""
    if kind == "log-normal":
        return source.standard_normal(shape)
    gumbel = np.log(source.exponential(size=shape))
    return np.asarray((gumbel - np.log(np.log(2))) * np.sqrt(6) / np.pi)


def evaluations(budget: float, spacing: float = FIRST_SPACING) -> Array:
    """Return the steps of evaluations up to a budget: evenly spaced, later every 2.5 % of the step."""
    steps = [spacing]
    while steps[-1] + max(spacing, GROWTH * steps[-1]) <= budget:
        steps.append(steps[-1] + max(spacing, np.floor(GROWTH * steps[-1])))
    return np.array(steps)


def designs(
    world: World, levels: Sequence[float], budget: int, *, parameter: str, wanted: float, seed: int = 0
) -> Iterator[Design]:
    """Yield the smallest number of seeds that reaches a half-width, for each choice of levels and budget.

    Levels: as given, and with one more between each pair; budget: as given, and twice that. Where no number of seeds up
    to 256 suffices, the largest is yielded with the half-width that it reaches.
    """
    source = np.random.default_rng(seed)
    for chosen, longest in itertools.product((tuple(levels), _denser(levels)), (budget, 2 * budget)):
        found = None
        for seeds in SEED_COUNTS:
            found = _try(world, chosen, seeds, longest, parameter, source)
            if found.halfwidth <= wanted:
                break
        if found is not None:
            yield found


def _try(
    world: World, levels: tuple[float, ...], seeds: int, budget: int, parameter: str, source: np.random.Generator
) -> Design:
    law = law_named(world.law)
    widths, censored, steps = [], [], []
    for _ in range(SIMULATIONS):
        times, groups = simulate(world, levels, seeds, budget, source)
        censored.append(1 - times.observed.mean())
        steps.append(np.where(times.observed, times.upper, budget).sum())
        if not times.observed.any():
            continue
        best = law.fit(times, start=world.values)
        interval = curvature(law, times, best, groups)[parameter]
        ends = (interval.low, interval.high)
        widths.append(np.inf if ends[0] is None or ends[1] is None else (ends[1] - ends[0]) / 2)
    width = float(np.median(widths)) if widths else float("inf")
    return Design(levels, seeds, budget, width, float(np.mean(censored)), float(np.mean(steps)))


def _denser(levels: Sequence[float]) -> tuple[float, ...]:
    between = [float(np.sqrt(one * other)) for one, other in itertools.pairwise(levels)]
    return tuple(sorted([*levels, *(float(f"{level:.3g}") for level in between)]))
