"""``reproduce``: all experiments of a paper, and the ledger of its claims."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from orchestrator.terminal.display import Terminal, attended
from orchestrator.terminal.lines import say
from orchestrator.terminal.stopping import INTERRUPTED
from orchestrator.verbs import completing
from orchestrator.verbs.finishing import DONE, tell_notes, train_and_finish
from orchestrator.verbs.flags import Json, Scale, Storage


def reproduce(
    paper: Annotated[str, typer.Argument(help="structural_inference, or all.", autocompletion=completing.papers)],
    no_launch: Annotated[bool, typer.Option("--no-launch", help="Only write the ledger of what there is.")] = False,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    as_json: Json = False,
) -> int:
    """Launch what is missing of a paper's experiments and write the ledger of its claims."""

    def work(terminal: Terminal) -> int:
        return reproduce_paper(
            paper, scale=scale, storage=storage, launch=not no_launch, as_json=as_json, terminal=terminal
        )

    return attended(work, silent=as_json)


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
        from orchestrator.reports import ledger
        from orchestrator.study import registration

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
