"""What the verbs of the command line do and print."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from analysis._measured import LEAST_SEEDS
from analysis.rules import OF_MEASURES
from orchestrator import memory
from orchestrator.masking import tell

if TYPE_CHECKING:
    from orchestrator.launch import Options, Study
    from orchestrator.tracking_process import Companion

MOST_NOTES = 10
DONE, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
SECONDS_PER_GFLOP = 0.02  # measured for kl_scaling at p = 67 and 113 on one of two busy cores; for estimates only


def plan_facts(study: Study) -> dict[str, Any]:
    """Return how far a study is and what a launch would cost."""
    plan = study.plan()
    slots = min(len(plan.packs), os.cpu_count() or 1)
    running = study.results.running()
    ended = study.results.replicas([replica.id for replica in plan.replicas])
    statuses = ended["status"].value_counts().iter_rows()
    return {
        "experiment": study.experiment.name,
        "scale": study.scale,
        "replicas": plan.wanted,
        "done": plan.done,
        "missing": plan.left,
        "parents": len(plan.parents),
        "packs": len(plan.packs),
        "budget_steps": plan.budget_steps,
        "expected_replica_steps": plan.expected_steps,
        "memory": memory.told(plan, slots),
        "expected_minutes": plan.expected_gflop * SECONDS_PER_GFLOP / 60 / max(slots, 1),
        "by_status": dict(sorted(statuses)),
        "failed": len(study.results.failed([replica.id for replica in plan.to_train])),
        "running": running if plan.left else [],
    }


def duration(minutes: float) -> str:
    """Return a time in the largest unit that leaves it a number one can read.

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
    rules = {claim.rule for claim in study.experiment.claims}
    return not size.search and len(size.seeds) < LEAST_SEEDS and bool(rules & {*OF_MEASURES, "share_within"})


def ask(study: Study, *, sure: bool) -> None:
    """Ask before a launch of over an hour, on a terminal only."""
    facts = plan_facts(study)
    if not sure and facts["expected_minutes"] > 60 and sys.stdin.isatty():
        typer.confirm(
            f"about {facts['expected_minutes'] / 60:.1f} h for {facts['missing']} replicas on this machine: go on?",
            abort=True,
        )


def train_and_finish(study: Study, as_json: bool, *, quiet: bool = False) -> int:
    """Train what is missing, mirroring replicas as they end, then finish; return the exit code."""
    from orchestrator import launch as flow
    from orchestrator.tracking_process import Companion

    with Companion(study) as beside:
        return finish(study, flow.train(study, silent=as_json, beside=beside), as_json, quiet=quiet, beside=beside)


def finish(study: Study, finished: bool, as_json: bool, *, quiet: bool = False, beside: Companion | None = None) -> int:
    """Report and mirror what there is, print it unless quiet, and return the exit code."""
    from orchestrator import report as reports
    from orchestrator import tracking

    missing = study.plan().left
    facts = reports.current(study)
    if facts is None:
        facts = reports.write(study)
    elif finished and not missing and not as_json:
        print(f"nothing to train: all {facts['replicas']} replicas are done")
    if warning := tracking.bring_up(study, facts, beside):
        tell(warning)
    if not quiet:
        print_summary(study, facts, as_json)
    tell_notes(study)
    if not finished:
        tell("interrupted; what ended is kept, launch again to go on")
        return INTERRUPTED
    if missing:
        where = study.results.root / "failures"
        tell(f"error: {missing} replicas did not end, tracebacks in {where}; launch again to try them again")
        return SOME_FAILED
    return DONE


def tell_notes(study: Study) -> None:
    """Print what was noted and not printed yet: files that were skipped, packs that failed, storage that was away."""
    notes = study.results.untold()
    for note in notes[:MOST_NOTES]:
        tell(note)
    if len(notes) > MOST_NOTES:
        tell(f"… and {len(notes) - MOST_NOTES} more such lines")


def print_summary(study: Study, facts: dict[str, Any], as_json: bool) -> None:
    """Print the law, the verdicts and where to look, or the whole report as JSON."""
    from orchestrator.report import summary

    print(json.dumps(facts) if as_json else "\n".join(summary(study, facts)))


def train_smoke(options: Options, as_json: bool) -> int:
    """Train half of a tiny budget, then launch again to the whole of it: through checkpoint, resume and report."""
    from orchestrator import launch as flow
    from orchestrator.tracking_process import Companion

    tiny = flow.smoke(options)
    half = replace(tiny, options=replace(tiny.options, backend="in_process", budget_steps=flow.SMOKE_STEPS // 2))
    if not flow.train(half, silent=True):
        return INTERRUPTED
    with Companion(tiny) as beside:
        return finish(tiny, flow.train(tiny, silent=True, beside=beside), as_json, beside=beside)


def reproduce_paper(paper: str, *, scale: str, storage: str, launch: bool, as_json: bool) -> int:
    """Launch what is missing of each experiment in turn, write and print the ledger; return the worst exit code."""
    from orchestrator import ledger, registration

    studies = ledger.studies(paper, scale=scale, storage=storage)
    worst, wanted = DONE, studies if launch else []
    for study in wanted:
        registration.register(study)  # all before the first trains: experiments of a paper share replicas
    for study in wanted:
        code = train_and_finish(study, as_json, quiet=as_json)
        if code == INTERRUPTED:
            return INTERRUPTED
        worst = max(worst, code)
    facts = ledger.write_ledger(paper, studies)
    tell_notes(studies[0])
    print(json.dumps(facts) if as_json else "\n".join(ledger.lines(facts)))
    return worst
