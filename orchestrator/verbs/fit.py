"""``fit``: laws of anybody's table or curves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.terminal.lines import say
from orchestrator.terminal.masking import tell
from orchestrator.verbs.flags import Json


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
    threshold: Annotated[float | None, typer.Option("--threshold", help="Curves: value of the event (0.99).")] = None,
    below: Annotated[bool, typer.Option("--below", help="Curves: the event is a fall to the threshold.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="Curves: column of the run's name.")] = None,
    runs: Annotated[Path | None, typer.Option("--runs", help="Curves: table with x of every run.")] = None,
    where: Annotated[list[str] | None, typer.Option("--where", help="Curves: column=value, rows to keep.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Also write a page: .html, .md or .json.")] = None,
    as_json: Json = False,
) -> None:
    """Fit all laws to any table of censored times, or to curves."""
    from orchestrator.fit.asked import FitAsked, answer

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
