"""What an experiment would have to look like for an interval of a wanted width, and what it would cost."""

from __future__ import annotations

import math
from typing import Any

from analysis.table import timeline
from orchestrator.reports.answers import evidence_of
from orchestrator.reports.report import runs_of
from orchestrator.storage.results import BadInputError
from orchestrator.study.state import read
from orchestrator.study.study import Study
from orchestrator.verbs.facts import SECONDS_PER_GFLOP
from trainables.replica import family_named

PARAMETER = "exponent"
ASSUMED_SIGMA, ASSUMED_SEED_SIGMA = 0.3, 0.15


def design(study: Study, halfwidth: float, cores: int) -> dict[str, Any]:
    """Return designs that reach a half-width of the primary law's exponent, the cheapest first.

    The world is the fit to the results where there are any, else the law through the pilots' expected steps.
    Raises: BadInputError where there is nothing to simulate from.
    """
    from analysis.design import designs
    from analysis.laws import law_named

    experiment, scale = study.experiment, study.experiment.scales[study.scale]
    if not 0 < halfwidth < math.inf:
        raise BadInputError(f"--halfwidth {halfwidth:g} must be a number > 0")
    if not experiment.laws:
        raise BadInputError(f"{experiment.name} has no law; design needs an experiment with one, such as kl_scaling")
    if PARAMETER not in law_named(experiment.primary_law).free:
        raise BadInputError(f"the primary law of {experiment.name}, {experiment.primary_law}, has no exponent")
    if scale.search or scale.space.also:
        kind = "is searched" if scale.search else "is no single grid"
        raise BadInputError(f"{experiment.name} {kind} at this scale; design needs a grid of levels")
    levels = sorted(float(x) for x in scale.space.axes[experiment.x] if x > 0)
    world, origin = _world(study)
    found = sorted(
        designs(world, levels, scale.budget_steps, parameter=PARAMETER, wanted=halfwidth),
        key=lambda each: (each.halfwidth > halfwidth, each.replica_steps),
    )
    gflop = family_named(experiment.family).step_gflop(experiment.replicas(study.scale)[0].member().config)
    strata = math.prod(len(scale.space.axes[name]) for name in experiment.strata(study.scale))
    rows = [
        {
            **vars(each),
            "levels": list(each.levels),
            "halfwidth": each.halfwidth if math.isfinite(each.halfwidth) else None,
            "reached": each.halfwidth <= halfwidth,
            "replica_steps": each.replica_steps * strata,
            "hours": each.replica_steps * strata * gflop * SECONDS_PER_GFLOP / 3600 / cores,
        }
        for each in found
    ]
    facts = {"experiment": experiment.name, "wanted": halfwidth, "world": vars(world), "origin": origin}
    return {**facts, "free": list(law_named(world.law).free), "designs": rows}


def _world(study: Study) -> tuple[Any, str]:
    """Return the assumed world and where it comes from."""
    from analysis.design import World
    from analysis.evidence import groups_of, times_of
    from analysis.laws import law_named

    law, state = law_named(study.experiment.primary_law), read(study)
    if not state.rows.is_empty():
        runs = timeline(runs_of(state), state.experiment.threshold, state.experiment.criterion)
        usable = evidence_of(state.experiment, state.scale, runs).usable
        times = times_of(usable, study.experiment.x)
        if len(set(times.x[times.observed])) >= len(law.free):
            values = law.fit(times).values
            return World.of(law, values, times, groups_of(usable)), f"{len(times.x)} runs in {study.results.root}"
    expected = study.experiment.scales[study.scale].expected_steps
    budget = study.experiment.scales[study.scale].budget_steps
    times = _pilot_times({x: steps for x, steps in expected.items() if x > 0}, budget)
    if times is None or len(set(times.x[times.observed])) < len(law.free):
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
    world = facts["world"]
    constants = ", ".join(f"{name} {value:.3g}" for name, value in world["values"].items() if name in facts["free"])
    told = [
        f"{facts['experiment']}: an interval of ± {facts['wanted']:g} for the exponent of {world['law']}",
        f"assumed: {constants}; spread {world['sigma']:.2g} within and {world['seed_sigma']:.2g} between seeds "
        f"(from {facts['origin']})",
        f"{'seeds':>5}  {'levels':>6}  {'budget':>8}  {'±':>6}  {'censored':>8}  {'replica-steps':>13}  hours here",
    ]
    for each in facts["designs"]:
        width = "–" if each["halfwidth"] is None else f"{each['halfwidth']:.2f}"
        told.append(
            f"{each['seeds']:>5}  {len(each['levels']):>6}  {each['budget']:>8,}  {width:>6}  {each['censored']:>8.0%}"
            f"  {each['replica_steps']:>13,.0f}  {each['hours']:.1f}{'' if each['reached'] else '  (not reached)'}"
        )
    best = facts["designs"][0]
    if best["reached"]:
        levels = ",".join(f"{level:g}" for level in best["levels"])
        told.append(f"cheapest: {best['seeds']} seeds, budget {best['budget']:,}, levels {levels}")
    return told
