"""What the verbs of the command line do and print."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from orchestrator.lines import say
from orchestrator.masking import tell
from orchestrator.stopping import INTERRUPTED
from orchestrator.terminal import INTERRUPTION, Terminal

if TYPE_CHECKING:
    from orchestrator.launch import Options, Study
    from orchestrator.tracking_process import Companion

MOST_NOTES = 10
DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2


def ask(facts: Mapping[str, Any], *, sure: bool) -> None:
    """Ask before a launch of over an hour, on a terminal only."""
    if not sure and facts["expected_minutes"] > 60 and sys.stdin.isatty():
        typer.confirm(
            f"about {facts['expected_minutes'] / 60:.1f} h for {facts['missing']} replicas on this machine: go on?",
            abort=True,
        )


def train_and_finish(study: Study, as_json: bool, *, terminal: Terminal, quiet: bool = False) -> int:
    """Train what is missing, mirroring replicas as they end, then finish; return the exit code."""
    from orchestrator import launch as flow
    from orchestrator.tracking_process import Companion

    with Companion(study) as beside:
        finished = flow.train(study, terminal=terminal, beside=beside)
        return finish(study, finished, as_json, quiet=quiet, beside=beside, terminal=terminal)


def finish(
    study: Study,
    finished: bool,
    as_json: bool,
    *,
    quiet: bool = False,
    beside: Companion | None = None,
    terminal: Terminal | None = None,
) -> int:
    """Report and mirror what there is, print it unless quiet, and return the exit code."""
    if terminal is None:
        with Terminal(silent=as_json) as terminal:
            return finish(study, finished, as_json, quiet=quiet, beside=beside, terminal=terminal)
    with terminal.phase("reading the results"):
        from orchestrator import report as reports
        from orchestrator import tracking

        missing = study.plan().left
        facts = reports.current(study)
    if facts is None:
        facts = reports.write(study, phase=terminal.phase)
    elif finished and not missing and not as_json:
        say([f"nothing to train: all {facts['replicas']} replicas are done"])
    with terminal.held("mirroring to MLflow", "as soon as MLflow has what there is"):
        warning = tracking.bring_up(study, facts, beside)
    if warning:
        tell(warning)
    if not quiet:
        print_summary(study, facts, as_json)
    tell_notes(study)
    if not finished:
        tell(INTERRUPTION)
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

    if as_json:
        print(json.dumps(facts))
    else:
        say(summary(study, facts))


def train_smoke(options: Options, as_json: bool, terminal: Terminal) -> int:
    """Train half of a tiny budget, then launch again to the whole of it: through checkpoint, resume and report."""
    from orchestrator import launch as flow
    from orchestrator.tracking_process import Companion

    with terminal.phase("planning"):
        tiny = flow.smoke(options)
    half = replace(tiny, options=replace(tiny.options, backend="in_process", budget_steps=flow.SMOKE_STEPS // 2))
    if not flow.train(half, terminal=terminal):
        tell(INTERRUPTION)
        return INTERRUPTED
    with Companion(tiny) as beside:
        finished = flow.train(tiny, terminal=terminal, beside=beside)
        return finish(tiny, finished, as_json, beside=beside, terminal=terminal)


def reproduce_paper(
    paper: str, *, scale: str, storage: str, launch: bool, as_json: bool, terminal: Terminal | None = None
) -> int:
    """Launch what is missing of each experiment in turn, write and print the ledger; return the worst exit code."""
    if terminal is None:
        with Terminal(silent=as_json) as terminal:
            return reproduce_paper(
                paper, scale=scale, storage=storage, launch=launch, as_json=as_json, terminal=terminal
            )
    with terminal.phase("planning"):
        from orchestrator import ledger, registration

        studies = ledger.studies(paper, scale=scale, storage=storage)
    worst, wanted = DONE, studies if launch else []
    for study in wanted:
        registration.register(study)  # all before the first trains: experiments of a paper share replicas
    for number, study in enumerate(wanted, start=1):
        if not as_json:
            say([f"{study.asked.name} ({number} of {len(wanted)})"])
        code = train_and_finish(study, as_json, quiet=as_json, terminal=terminal)
        if code == INTERRUPTED:
            return INTERRUPTED
        worst = max(worst, code)
    with terminal.phase("writing the ledger"):
        facts = ledger.write_ledger(paper, studies)
    tell_notes(studies[0])
    if as_json:
        print(json.dumps(facts))
    else:
        say(ledger.lines(facts))
    return worst
