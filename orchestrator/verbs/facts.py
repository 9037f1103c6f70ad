"""What show and status say about a study: its question, space and claims, what a launch would do, and how far it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from analysis.criteria import GROKKED, Criterion
from analysis.rules import LEAST_SEEDS
from orchestrator.study import memory
from orchestrator.study.progress import outcomes_of

if TYPE_CHECKING:
    from orchestrator.study.study import Study

SECONDS_PER_GFLOP = 0.02  # measured for kl_scaling at p = 67 and 113 on one of two busy cores; for estimates only


def plan_facts(study: Study) -> dict[str, Any]:
    """Return what a study asks, how far it is, and what a launch would cost."""
    plan = study.plan()
    slots = min(len(plan.packs), os.cpu_count() or 1)
    ended = study.results.replicas([replica.id for replica in plan.replicas])
    event = study.experiment.criterion
    outcomes = outcomes_of(ended.iter_rows(named=True), event)
    return {
        **_question(study),
        "replicas": plan.wanted,
        "done": plan.done,
        "missing": plan.left,
        "parents": len(plan.parents),
        "packs": len(plan.packs),
        "budget_steps": plan.budget_steps,
        "expected_replica_steps": plan.expected_steps,
        "memory": memory.told(plan, slots),
        "notes": plan.notes,
        "expected_minutes": plan.expected_gflop * SECONDS_PER_GFLOP / 60 / max(slots, 1),
        "by_status": dict(sorted(ended["status"].value_counts().iter_rows())),
        "by_outcome": dict(sorted(Counter(_named(each, event) for each in outcomes.values()).items())),
        "failed": len(study.results.failed([replica.id for replica in plan.to_train])),
        "running": study.results.running() if plan.left else [],
    }


def duration(minutes: float) -> str:
    """Return a time in the largest unit that keeps the number readable.

    >>> duration(3), duration(600), duration(1e5), duration(1e30)
    ('about 3 min', 'about 10 h', 'about 69 days', 'over 1,000 years')
    """
    for most, unit, each in ((120, "min", 1), (60 * 72, "h", 60), (60 * 24 * 730, "days", 60 * 24)):
        if minutes <= most:
            return f"about {minutes / each:.0f} {unit}"
    years = minutes / (60 * 24 * 365)
    return f"about {years:.0f} years" if years <= 1000 else "over 1,000 years"


def few_seeds(study: Study) -> bool:
    """Say whether the scale has too few seeds for some of its claims."""
    size = study.experiment.scales[study.scale]
    needed = [claim.rule.least_seeds for claim in study.experiment.claims]
    return not size.search and len(size.seeds) < LEAST_SEEDS and LEAST_SEEDS in needed


def show_lines(study: Study, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what show prints: the space, what a launch would do, and the claims."""
    size = study.experiment.scales[study.scale]
    yield f"{study.experiment.name} ({study.scale}): {study.experiment.question}"
    yield from (f"  {line}" for line in size.told())
    yield from (f"  {field} = {_word(value)}" for field, value in size.fixed.items())
    yield f"  seeds = {_seeds(size.seeds)}"
    if (event := study.experiment.criterion).name != GROKKED:
        yield f"  event = {event.label}: {event.column} at {'most' if event.falls else 'least'} {event.threshold:g}"
    yield f"  {facts['replicas']} replicas, {facts['done']} done; budget {facts['budget_steps']} steps"
    parents = f" and {facts['parents']} parents" if facts["parents"] else ""
    yield f"  to train: {facts['missing']} replicas{parents} in {facts['packs']} packs, one per core"
    steps, minutes = facts["expected_replica_steps"], facts["expected_minutes"]
    yield f"  expected: {steps:,} replica-steps, {duration(minutes)} here"
    if facts["memory"]:
        yield f"  {facts['memory']}"
    yield from (f"  {note}" for note in facts["notes"])
    if few_seeds(study):
        yield f"  fewer than {LEAST_SEEDS} seeds: claims about measures and shares stay undecided; --seeds 8 gives more"
    for claim in study.experiment.claims:
        remark = f"; not counted: {claim.not_counted}" if claim.not_counted else ""
        yield f"  claim {claim.name}: {claim.statement} Refuted by {claim.rule.refuted_by}{remark}."


def status_lines(study: Study, facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what status prints: how many have ended and how, which failed, which are at work."""
    ended = ", ".join(f"{count} {how}" for how, count in facts["by_outcome"].items()) or "none yet"
    yield f"{study.key}: {facts['done']}/{facts['replicas']} done ({ended}), {facts['missing']} missing"
    if facts["failed"]:
        yield f"  {facts['failed']} of the missing failed in the last launch: {study.results.root / 'failures'}"
    for pack in facts["running"]:
        yield f"  pack {pack['pack']}: {pack['training']} training at step {pack['step']}, {pack['age_s']:.0f} s ago"


def _question(study: Study) -> dict[str, Any]:
    """Return what was fixed before the first run, as plain data."""
    experiment = study.experiment
    size = experiment.scales[study.scale]
    return {
        "experiment": experiment.name,
        "scale": study.scale,
        "variant": study.variant,
        "question": experiment.question,
        "source": experiment.source,
        "paper": experiment.paper,
        "family": experiment.family,
        "x": experiment.x,
        "axes": [{name: list(values) for name, values in grid.items()} for grid in size.space.grids],
        "search": asdict(size.search) if size.search else None,
        "fields": size.fixed,
        "seeds": list(size.seeds),
        "threshold": experiment.threshold,
        "event": experiment.criterion.label,
        "laws": list(experiment.laws),
        "primary_law": experiment.primary_law,
        "measures": list(experiment.measures),
        "claims": [
            {name: value for name, value in claim.facts().items() if name != "source"} for claim in experiment.claims
        ],
    }


def _named(outcome: str, event: Criterion) -> str:
    return event.name if outcome == GROKKED else outcome


def _word(value: object) -> str:
    return "none" if value is None else str(value)


def _seeds(seeds: tuple[int, ...]) -> str:
    """Return seeds in words.

    >>> _seeds((0, 1, 2, 3)), _seeds((4, 9))
    ('0–3', '4, 9')
    """
    if len(seeds) > 2 and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}–{seeds[-1]}"
    return ", ".join(map(str, seeds))
