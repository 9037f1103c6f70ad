"""The simulated sweeps: designs of the scales, worlds that the fit assumes and worlds that it does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from analysis.design import World, drawn

FLOOR = 400.0
DESIGNS = {
    "6 levels × 8 seeds": ((0.01, 0.02, 0.03, 0.05, 0.1, 1.0), 8),
    "8 levels × 5 seeds": ((0.01, 0.017, 0.03, 0.05, 0.1, 0.3, 1.0, 3.0), 5),
    "10 levels × 10 seeds": (tuple(float(x) for x in np.geomspace(0.01, 1.0, 10).round(4)), 10),
}
DECAYS = ((0.25, 0.35, 0.5, 0.7, 1.0, 1.5, 3.0), 8)
CENSORED = (0.0, 0.3, 0.6)
SIGMA = 0.25


@dataclass(frozen=True)
class Cell:
    """One world and design.

    ``grouped``: runs of a seed share effects, and intervals come from leaving out each seed.
    """

    name: str
    world: World
    levels: tuple[float, ...]
    seeds: int
    censored: float
    grouped: bool

    def budget(self) -> float:
        """Return the step by which all but the wanted share of runs have seen the event."""
        if self.censored == 0:
            return 1e7
        x = np.repeat(np.array(self.levels), 2000)
        groups = np.tile(np.arange(2000), len(self.levels))
        return float(np.quantile(drawn(self.world, x, groups, np.random.default_rng(1)), 1 - self.censored))


def cells() -> Iterator[Cell]:
    """Yield all cells, the most telling first."""
    found = []
    for (design, (levels, seeds)), censored, grouped in itertools.product(DESIGNS.items(), CENSORED, (False, True)):
        found.append(Cell(f"{design}, log-normal", floored(1.0, grouped=grouped), levels, seeds, censored, grouped))
    levels, seeds = DESIGNS["6 levels × 8 seeds"]
    for grouped in (False, True):
        base = floored(1.0, grouped=grouped)
        odd = {
            "Weibull noise": replace(base, noise="Weibull"),
            "spread grows with T": replace(base, growth=0.4),
            "threshold law": replace(base, law="threshold", values={**base.values, "critical": 0.008, "scale": 15.0}),
        }
        found += [Cell(f"6 levels × 8 seeds, {name}", odd[name], levels, seeds, 0.3, grouped) for name in odd]
        decays = World("power", {"floor": 0.0, "scale": 600.0, "exponent": 1.0, "critical": 0.0}, *_spread(grouped))
        found.append(Cell("7 levels × 8 seeds, power law", decays, *DECAYS, 0.05, grouped))
    for exponent, (design, (levels, seeds)), grouped in itertools.product((0.75, 1.33), DESIGNS.items(), (False, True)):
        if seeds != 5:
            world = floored(exponent, grouped=grouped)
            found.append(Cell(f"{design}, exponent {exponent}", world, levels, seeds, 0.3, grouped))
    yield from found


def floored(exponent: float, *, grouped: bool) -> World:
    """Return floor + C/x^a with the steps above the floor equal to it at x = 0.05."""
    values = {"floor": FLOOR, "scale": FLOOR * 0.05**exponent, "exponent": exponent, "critical": 0.0}
    return World("floor_power", values, *_spread(grouped))


def _spread(grouped: bool) -> tuple[float, float, float]:
    """Return sigma, and the seeds' effects on level and slope: none, or as large as the rest together."""
    return (SIGMA / np.sqrt(2), SIGMA / np.sqrt(2), 0.05) if grouped else (SIGMA, 0.0, 0.0)
