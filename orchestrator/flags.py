"""Flags that several verbs of the command line share."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator import completing

Name = Annotated[
    str,
    typer.Argument(
        help="An experiment (see list), or a .py or .yaml file that defines one.", autocompletion=completing.experiments
    ),
]
Scale = Annotated[str, typer.Option(help="laptop or paper.", autocompletion=completing.scales)]
Storage = Annotated[str, typer.Option(help="Folder that holds all results.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="field=v1,v2: other values on a field.")]
Seeds = Annotated[int | None, typer.Option(help="Use seeds 0 .. N-1.")]
Precision = Annotated[str | None, typer.Option(help="fp32, or bf16-mlp: the MLP's products in bfloat16.")]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON.")]
