"""How verbs end: report and mirror what there is, print it, and the exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orchestrator.terminal.display import INTERRUPTION, Terminal
from orchestrator.terminal.lines import say
from orchestrator.terminal.masking import tell
from orchestrator.terminal.stopping import INTERRUPTED

if TYPE_CHECKING:
    from orchestrator.study.study import Study
    from orchestrator.tracking.companion import Companion

MOST_NOTES = 10
DONE, SOME_FAILED, BAD_INPUT = 0, 1, 2


def train_and_finish(study: Study, as_json: bool, *, terminal: Terminal, quiet: bool = False) -> int:
    """Train what is missing, mirroring replicas as they end, then finish; return the exit code."""
    from orchestrator import launch as flow
    from orchestrator.tracking.companion import Companion

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
        from orchestrator.reports import report as reports
        from orchestrator.study.state import read
        from orchestrator.tracking import mirror

        missing, state = study.plan().left, read(study)
        facts = reports.current(state)
    if facts is None:
        facts = reports.write(state, phase=terminal.phase)
    elif finished and not missing and not as_json:
        say([f"nothing to train: all {facts['replicas']} replicas are done"])
    with terminal.held("mirroring to MLflow", "as soon as MLflow has what there is"):
        warning = mirror.bring_up(study, facts, beside)
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
    """Print what was noted but not printed yet: skipped files, failed packs, storage that was away."""
    notes = study.results.untold()
    for note in notes[:MOST_NOTES]:
        tell(note)
    if len(notes) > MOST_NOTES:
        tell(f"… and {len(notes) - MOST_NOTES} more such lines")


def print_summary(study: Study, facts: dict[str, Any], as_json: bool) -> None:
    """Print the law, the verdicts and where to look, or the whole report as JSON."""
    from orchestrator.reports.report import summary

    if as_json:
        print(json.dumps(facts))
    else:
        say(summary(study, facts))
