"""Verbs that answer from results: a paper's ledger, fits to anybody's table, the audit of published numbers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from orchestrator import completing
from orchestrator.flags import Json, Name, Scale, Storage
from orchestrator.lines import say
from orchestrator.masking import tell
from orchestrator.verbs import DONE, SOME_FAILED, tell_notes


def reproduce(
    paper: Annotated[str, typer.Argument(help="structural_inference, or all.", autocompletion=completing.papers)],
    no_launch: Annotated[bool, typer.Option("--no-launch", help="Only write the ledger of what there is.")] = False,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    as_json: Json = False,
) -> int:
    """Launch what is missing of a paper's experiments and write the ledger of its claims."""
    from orchestrator.terminal import Terminal, attended
    from orchestrator.verbs import reproduce_paper

    def work(terminal: Terminal) -> int:
        return reproduce_paper(
            paper, scale=scale, storage=storage, launch=not no_launch, as_json=as_json, terminal=terminal
        )

    return attended(work, silent=as_json)


def audit(
    folder: Annotated[Path, typer.Argument(help="Folder of published results.")] = Path("docs/results"),
    as_json: Json = False,
) -> int:
    """Derive every published number anew from the tables beside it, and list those that differ."""
    from orchestrator.audit import audit as derive_all

    wrong, count = derive_all(folder)
    told = [*wrong, f"{count} published numbers compared, {len(wrong)} differ"]
    if as_json:
        print(json.dumps({"compared": count, "differ": wrong}))
    else:
        say(told)
    return SOME_FAILED if wrong else DONE


def fit(
    x: Annotated[list[str], typer.Option("--x", help="Column of x; repeat it for a regression on several.")],
    table: Annotated[Path | None, typer.Argument(help="Table with one row per run: CSV, JSON, parquet, ….")] = None,
    lower: Annotated[str | None, typer.Option("--lower", help="Last step without the event (default: lower).")] = None,
    upper: Annotated[str | None, typer.Option("--upper", help="First step with it; empty: censored (upper).")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Column of the seed that rows share.")] = None,
    law: Annotated[list[str] | None, typer.Option("--law", help="Laws to fit, the primary one first.")] = None,
    curves: Annotated[str | None, typer.Option("--curves", help="Instead of TABLE: 'runs/*.csv', curves.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Curves: column of steps (default: step).")] = None,
    value: Annotated[str | None, typer.Option("--value", help="Curves: column of the metric (value).")] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Curves: its value that counts (0.99).")
    ] = None,
    below: Annotated[bool, typer.Option("--below", help="Curves: the event is a fall to the threshold.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="Curves: column of the run's name.")] = None,
    runs: Annotated[Path | None, typer.Option("--runs", help="Curves: table with x of every run.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="Curves: column=value, rows to keep.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a page: .html, .md or .json.")] = None,
    as_json: Json = False,
) -> None:
    """Fit all laws to anybody's table of censored times, or to curves."""
    from orchestrator.fit_asked import FitAsked, answer

    asked = FitAsked(
        x=x,
        group=group,
        laws=law or (),
        table=table,
        of_tables={"lower": lower, "upper": upper},
        curves=curves,
        of_curves={
            **{"step": step, "value": value, "threshold": threshold, "below": below or None},
            **{"run": run, "runs": runs, "where": where or None},
        },
        out=out,
    )
    facts, lines = answer(asked)
    for note in facts["notes"]:
        tell(f"note: {note}")
    if as_json:
        print(json.dumps(facts))
    else:
        say(lines)


def design(
    name: Name,
    halfwidth: Annotated[float, typer.Option("--halfwidth", help="Wanted half-width of the exponent's interval.")],
    scale: Scale = "laptop",
    storage: Storage = "runs",
    as_json: Json = False,
) -> None:
    """Simulate how many seeds, which levels and what budget reach an interval of a width, and what it costs."""
    from orchestrator.designing import design as search
    from orchestrator.designing import lines
    from orchestrator.launch import Options, study

    made = study(Options(name=name, scale=scale, storage=storage))
    facts = search(made, halfwidth, os.cpu_count() or 1)
    tell_notes(made)
    if as_json:
        print(json.dumps(facts))
    else:
        say(lines(facts))
