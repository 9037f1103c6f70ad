"""What an experiment would have to look like for an interval of a wanted width, and what it would cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from analysis.table import timeline
from orchestrator.reports.answers import evidence_of
from orchestrator.reports.report import runs_of
from orchestrator.reports.symbols import telling, told
from orchestrator.storage.results import BadInputError
from orchestrator.study.state import read
from orchestrator.study.study import Study
from orchestrator.verbs.facts import SECONDS_PER_GFLOP
from trainables.replica import family_named

PARAMETER = "exponent"
ASSUMED_SIGMA, ASSUMED_SEED_SIGMA = 0.3, 0.15
Axes = Mapping[str, tuple[Any, ...]]


def design(study: Study, halfwidth: float, cores: int) -> dict[str, Any]:
    """Return designs that reach a half-width of the primary law's exponent, the cheapest first, for each grid.

    The world is the fit to the results where there are any, else the law through the pilots' expected steps.
    Raises: BadInputError where there is nothing to simulate from.
    """
    from analysis.laws import law_named

    experiment, scale = study.experiment, study.experiment.scales[study.scale]
    if not 0 < halfwidth < math.inf:
        raise BadInputError(f"--halfwidth {halfwidth:g} must be a number > 0")
    if not experiment.laws:
        raise BadInputError(f"{experiment.name} has no law; design needs an experiment with one, such as kl_scaling")
    if PARAMETER not in law_named(experiment.primary_law).free:
        raise BadInputError(f"the primary law of {experiment.name}, {experiment.primary_law}, has no exponent")
    if scale.search:
        raise BadInputError(f"{experiment.name} is searched at this scale; design needs a grid of levels")
    free = law_named(experiment.primary_law).free
    enough = [grid for grid in scale.space.grids if len(set(_levels(study, grid))) >= len(free)]
    if not enough:
        raise BadInputError(f"{experiment.name} has no grid of {len(free)} levels at this scale, as its law needs")
    rows = _usable(study)
    parts = [_part(study, grid, rows, halfwidth, cores) for grid in enough]
    facts = {"experiment": experiment.name, "wanted": halfwidth, "law": experiment.primary_law}
    return {**facts, "free": list(free), "parts": parts}


def _levels(study: Study, grid: Axes) -> list[float]:
    return sorted(float(x) for x in grid[study.experiment.x] if x > 0)


def _usable(study: Study) -> pl.DataFrame | None:
    """Return the runs that laws are fitted to; None where no run has ended."""
    state = read(study)
    if state.rows.is_empty():
        return None
    runs = timeline(runs_of(state), state.experiment.threshold, state.experiment.criterion)
    usable: pl.DataFrame = evidence_of(state.experiment, state.scale, runs).usable
    return usable


def _part(study: Study, grid: Axes, rows: pl.DataFrame | None, halfwidth: float, cores: int) -> dict[str, Any]:
    """Return the designs of one grid, whose other axes multiply the costs."""
    from analysis.design import designs

    experiment, scale = study.experiment, study.experiment.scales[study.scale]
    strata = experiment.strata(study.scale)
    where = {name: grid[name][0] for name in strata if len(grid[name]) == 1}
    world, origin = _world(study, grid, rows, where)
    world = replace(world, spacing=float(experiment.recording.grid_min_steps))
    found = sorted(
        designs(world, _levels(study, grid), scale.budget_steps, parameter=PARAMETER, wanted=halfwidth),
        key=lambda each: (each.halfwidth > halfwidth, each.replica_steps),
    )
    gflop = family_named(experiment.family).step_gflop(experiment.replicas(study.scale)[0].member().config)
    times = math.prod(len(grid[name]) for name in strata)
    told = [
        {
            **vars(each),
            "levels": list(each.levels),
            "halfwidth": each.halfwidth if math.isfinite(each.halfwidth) else None,
            "reached": each.halfwidth <= halfwidth,
            "replica_steps": each.replica_steps * times,
            "hours": each.replica_steps * times * gflop * SECONDS_PER_GFLOP / 3600 / cores,
        }
        for each in found
    ]
    return {"where": where, "world": vars(world), "origin": origin, "designs": told}


def _world(study: Study, grid: Axes, rows: pl.DataFrame | None, where: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the assumed world of one grid and where it comes from."""
    from analysis.design import World
    from analysis.evidence import groups_of, matching, times_of
    from analysis.laws import law_named

    law = law_named(study.experiment.primary_law)
    if rows is not None:
        usable = matching(rows, where)
        times = times_of(usable, study.experiment.x)
        if len(times.levels_seen) >= len(law.free):
            values = law.fit(times).values
            return World.of(law, values, times, groups_of(usable)), f"{len(times.x)} runs in {study.results.root}"
    expected = study.experiment.scales[study.scale].expected_steps
    budget = study.experiment.scales[study.scale].budget_steps
    levels = _levels(study, grid)
    times = _pilot_times({x: steps for x, steps in expected.items() if x in levels}, budget)
    if times is None or len(times.levels_seen) < len(law.free):
        raise BadInputError(f"{study.experiment.name} has neither results nor enough pilots; launch it first")
    values = {**law.fit(times).values, "sigma": ASSUMED_SIGMA}
    return (
        World(law.name, values, ASSUMED_SIGMA, ASSUMED_SEED_SIGMA),
        f"the pilots' expected steps, assuming a spread of {ASSUMED_SIGMA} in log T and {ASSUMED_SEED_SIGMA} by seed",
    )


def _pilot_times(expected: dict[float, int], budget: int) -> Any:
    import numpy as np

    from analysis.likelihood import Times

    if not expected:
        return None
    x, steps = (np.array(list(each), dtype=float) for each in (expected.keys(), expected.values()))
    seen = steps < budget
    return Times(x, np.where(seen, steps * 0.95, budget), np.where(seen, steps * 1.05, np.inf))


def lines(facts: dict[str, Any]) -> list[str]:
    """Return the designs as text, the cheapest that reaches the width first."""
    heading = f"{facts['experiment']}: an interval of ± {facts['wanted']:g} for the exponent of {facts['law']}"
    names = map(told, telling([part["where"] for part in facts["parts"]]))
    parts = zip(names, facts["parts"], strict=True)
    return [heading, *(line for name, part in parts for line in _lines_of(name, part, facts["free"]))]


def _lines_of(name: str, part: Mapping[str, Any], free: list[str]) -> Iterator[str]:
    world = part["world"]
    if name:
        yield f"where {name}:"
    constants = ", ".join(f"{each} {value:.3g}" for each, value in world["values"].items() if each in free)
    yield (
        f"assumed: {constants}; spread {world['sigma']:.2g} within and {world['seed_sigma']:.2g} between seeds "
        f"(from {part['origin']})"
    )
    yield f"{'seeds':>5}  {'levels':>6}  {'budget':>8}  {'±':>6}  {'censored':>8}  {'replica-steps':>13}  hours here"
    for each in part["designs"]:
        width = "–" if each["halfwidth"] is None else f"{each['halfwidth']:.2f}"
        yield (
            f"{each['seeds']:>5}  {len(each['levels']):>6}  {each['budget']:>8,}  {width:>6}  {each['censored']:>8.0%}"
            f"  {each['replica_steps']:>13,.0f}  {each['hours']:.1f}{'' if each['reached'] else '  (not reached)'}"
        )
    best = part["designs"][0]
    if best["reached"]:
        levels = ",".join(f"{level:g}" for level in best["levels"])
        yield f"cheapest: {best['seeds']} seeds, budget {best['budget']:,}, levels {levels}"
