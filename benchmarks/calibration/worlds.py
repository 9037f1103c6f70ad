"""Simulated tables of runs whose ratios, shares, means, changes and slopes are known, for each rule of claims.

Not for ``parameter_within``, see ``cells``, nor for ``every_within``, whose verdict is no matter of chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from analysis.design import World, evaluations, noise, observed, simulate
from analysis.rules import Rule
from analysis.rules.dropping_shift import DroppingShift
from analysis.rules.floor_share import FloorShare
from analysis.rules.measure_change import MeasureChange
from analysis.rules.measure_within import MeasureWithin
from analysis.rules.ratio_within import RatioWithin
from analysis.rules.share_within import ShareWithin
from analysis.rules.slope_within import SlopeWithin
from calibration.cells import DESIGNS, Cell, floored

Array = np.ndarray[Any, np.dtype[np.float64]]
SEEDS, MEDIAN, SPREAD = 8, 500.0, 0.25
LEVELS = (0.03, 0.1, 0.3, 1.0)
ARMS: dict[str, Any] = {"first": {"arm": "a"}, "second": {"arm": "b"}}
ENDLESS = 1e7


@dataclass(frozen=True)
class RuleCell:
    """A rule one of whose limits is the truth, so that every verdict is an error, and a table drawn from that world.

    ``slow``: its answers come from fits without each seed.
    """

    name: str
    rule: Rule
    truth: float
    table: Callable[[np.random.Generator], pl.DataFrame]
    slow: bool = False


def rule_cells() -> Iterator[RuleCell]:
    """Yield all cells, those of one rule after the other."""
    yield from _ratios()
    yield from _shares()
    yield from _means()
    yield from _slopes()
    yield from _fits()


def _ratios() -> Iterator[RuleCell]:
    rule = RatioWithin(**ARMS, high=2.0)
    for kind in ("log-normal", "Weibull"):
        for censored in (0.0, 0.3, 0.6):
            name = f"ratio of 2, {kind}, {censored:.0%} of the slower arm censored"
            budget = _budget(2 * MEDIAN, kind, censored)
            yield RuleCell(name, rule, 2.0, lambda source, kind=kind, budget=budget: _pairs(source, kind, budget))


def _shares() -> Iterator[RuleCell]:
    for share in (0.1, 0.5, 0.9):
        for arms, told in ((1, "one run per seed"), (3, "three runs per seed, which agree")):
            yield RuleCell(
                f"share of {share:.0%}, {told}",
                ShareWithin(low=share),
                share,
                lambda source, share=share, arms=arms: _yes_or_no(source, share, arms),
            )


def _means() -> Iterator[RuleCell]:
    for sigma, told in ((0.0, "normal"), (0.5, "log-normal, σ = 0.5"), (1.0, "log-normal, σ = 1")):
        mean = 1.0 if not sigma else float(np.exp(sigma**2 / 2))
        yield RuleCell(
            f"mean of a measure, {told}",
            MeasureWithin("measure", where={"arm": "a"}, low=mean),
            mean,
            lambda source, sigma=sigma: _measured(source, sigma),
        )
        yield RuleCell(
            f"change of a measure by half, {told}",
            MeasureChange("measure", **ARMS, low=mean / 2),
            mean / 2,
            lambda source, sigma=sigma: _measured(source, sigma),
        )


def _slopes() -> Iterator[RuleCell]:
    for censored in (0.0, 0.3):
        budget = _budget(MEDIAN * np.array(LEVELS) ** -0.5, "log-normal", censored)
        yield RuleCell(
            f"slope of -0.5, {len(LEVELS)} levels, {censored:.0%} censored",
            SlopeWithin("level", high=-0.5),
            -0.5,
            lambda source, budget=budget: _levels(source, budget),
            slow=True,
        )


def _fits() -> Iterator[RuleCell]:
    levels, seeds = DESIGNS["6 levels × 8 seeds"]
    for censored in (0.0, 0.3):
        cell = Cell("", floored(1.0, grouped=True), levels, seeds, censored, grouped=True)
        budget = cell.budget()

        def table(source: np.random.Generator, world: World = cell.world, budget: float = budget) -> pl.DataFrame:
            return _sweep(world, levels, seeds, budget, source)

        law = cell.world.values
        share = law["floor"] / (law["floor"] + law["scale"] / levels[-1] ** law["exponent"])
        told = f"{len(levels)} levels, {censored:.0%} censored"
        yield RuleCell(f"share of the floor, {told}", FloorShare(low=share), share, table, slow=True)
        if censored:
            shift = _shift(replace(cell, seeds=1000), budget)
            rule = DroppingShift("exponent", high=shift)
            yield RuleCell(f"shift by dropping censored runs, {told}", rule, shift, table, slow=True)


def _shift(cell: Cell, budget: float) -> float:
    """Return by how much dropping censored runs moves the exponent of a sweep of so many seeds."""
    from analysis.laws import law_named

    times, _ = simulate(cell.world, cell.levels, cell.seeds, budget, np.random.default_rng(1))
    law = law_named("floor_power")
    kept = law.fit(times.at(times.observed)).values["exponent"]
    return float(kept - law.fit(times).values["exponent"])


def _times(source: np.random.Generator, medians: Array, kind: str, seeds: int = SEEDS) -> Array:
    """Return a time per median and seed, (medians, seeds); runs of a seed share half of the variance."""
    own = noise(kind, (len(medians), seeds), source)
    return np.asarray(medians[:, None] * np.exp(SPREAD * (source.standard_normal(seeds) + own)))


def _budget(medians: float | Array, kind: str, censored: float) -> float:
    """Return the step by which all but a share of the runs have seen the event."""
    if not censored:
        return ENDLESS
    many = _times(np.random.default_rng(1), np.atleast_1d(np.asarray(medians, dtype=float)), kind, 20_000)
    return float(np.quantile(many, 1 - censored))


def _pairs(source: np.random.Generator, kind: str, budget: float) -> pl.DataFrame:
    times = _times(source, np.array([MEDIAN, 2 * MEDIAN]), kind)
    return _table({"arm": np.repeat(["a", "b"], SEEDS)}, times, budget)


def _levels(source: np.random.Generator, budget: float) -> pl.DataFrame:
    times = _times(source, MEDIAN * np.array(LEVELS) ** -0.5, "log-normal")
    return _table({"level": np.repeat(LEVELS, SEEDS)}, times, budget)


def _yes_or_no(source: np.random.Generator, share: float, arms: int) -> pl.DataFrame:
    seen = np.tile(source.random(SEEDS) < share, (arms, 1))
    times = np.where(seen, MEDIAN, 10 * MEDIAN)
    return _table({"arm": np.repeat([f"{arm}" for arm in range(arms)], SEEDS)}, times, 2 * MEDIAN)


def _measured(source: np.random.Generator, sigma: float) -> pl.DataFrame:
    """Return two arms of a skewed measure whose runs share effects of their seed; the second is half as much again."""
    own, shared = source.standard_normal((2, SEEDS)), source.standard_normal(SEEDS)
    noise = (own + shared) / np.sqrt(2)
    values = (1 + 0.2 * noise if not sigma else np.exp(sigma * noise)) * np.array([[1.0], [1.5]])
    times = np.full((2, SEEDS), MEDIAN)
    return _table({"arm": np.repeat(["a", "b"], SEEDS)}, times, ENDLESS).with_columns(measure=values.ravel())


def _sweep(
    world: World, levels: tuple[float, ...], seeds: int, budget: float, source: np.random.Generator
) -> pl.DataFrame:
    found, groups = simulate(world, levels, seeds, budget, source)
    return _rows({"level": found.x}, found.lower, found.upper, np.array(groups))


def _table(axes: Mapping[str, Any], times: Array, budget: float) -> pl.DataFrame:
    """Return runs that were evaluated on a growing grid and watched up to a budget."""
    lower, upper = observed(times.ravel(), evaluations(min(budget, 4 * float(times.max()))))
    return _rows(axes, lower, upper, np.tile(np.arange(times.shape[1]), times.shape[0]))


def _rows(axes: Mapping[str, Any], lower: Array, upper: Array, seeds: Any) -> pl.DataFrame:
    known = np.isfinite(upper)
    return pl.DataFrame(
        {
            "id": [str(row) for row in range(len(lower))],
            "data_seed": seeds,
            **axes,
            "lower": lower.astype(int),
            "upper": pl.Series(np.where(known, upper, 0).astype(int)).set(pl.Series(~known), None),
            "memorised_upper": [10] * len(lower),
            "outcome": ["grokked" if seen else "not yet" for seen in known],
        }
    )
