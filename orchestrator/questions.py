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
from orchestrator.results import BadInputError
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
    table: Annotated[Path | None, typer.Argument(help="CSV or parquet with one row per run.")] = None,
    lower: Annotated[str, typer.Option("--lower", help="Last step without the event.")] = "lower",
    upper: Annotated[str, typer.Option("--upper", help="First step with it; empty means censored.")] = "upper",
    group: Annotated[str | None, typer.Option("--group", help="Column of the seed that rows share.")] = None,
    law: Annotated[list[str] | None, typer.Option("--law", help="Laws to fit, the primary one first.")] = None,
    curves: Annotated[str | None, typer.Option("--curves", help="Instead of TABLE: 'runs/*.csv', curves.")] = None,
    step: Annotated[str, typer.Option("--step", help="Curves: column of steps.")] = "step",
    value: Annotated[str, typer.Option("--value", help="Curves: column of the metric.")] = "value",
    threshold: Annotated[float, typer.Option("--threshold", help="Curves: the metric's value that counts.")] = 0.99,
    run: Annotated[str | None, typer.Option("--run", help="Curves: column of the run, if files hold several.")] = None,
    runs: Annotated[Path | None, typer.Option("--runs", help="Curves: table with x of every run.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="Curves: column=value, rows to keep.")] = None,
    as_json: Json = False,
) -> None:
    """Fit all laws to anybody's table of censored times, or to curves."""
    from analysis.laws import law_names
    from orchestrator.fit_table import fit_rows, interval_rows, lines

    if (table is None) == (curves is None):
        raise BadInputError("give either a table of intervals or --curves 'runs/*.csv'")
    if unknown := [name for name in law or () if name not in law_names()]:
        raise BadInputError(f"unknown law {', '.join(unknown)}; laws: {', '.join(law_names())}")
    if table is not None:
        rows = interval_rows(table, x=x, lower=lower, upper=upper, group=group)
    else:
        from orchestrator.curves_in import runs_of

        rows = runs_of(
            str(curves),
            step=step,
            value=value,
            threshold=threshold,
            x=x,
            run=run,
            runs=runs,
            where=where or (),
            group=group,
        ).rename({group: "group"} if group else {})
    facts = fit_rows(rows, x=x, laws=law or ())
    print(json.dumps(facts) if as_json else "\n".join(lines(facts)))


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
