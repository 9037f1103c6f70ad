"""Flags that several verbs of the command line share, and the study that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.verbs import completing

if TYPE_CHECKING:
    from orchestrator.study.study import Options, Study

Name = Annotated[
    str,
    typer.Argument(
        help="An experiment (see list), or a .py or .yaml file that defines one.", autocompletion=completing.experiments
    ),
]
Scale = Annotated[str, typer.Option(help="laptop or paper.", autocompletion=completing.scales)]
Storage = Annotated[str, typer.Option(help="Folder that holds all results.")]
Json = Annotated[bool, typer.Option("--json", help="Print only JSON.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="field=v1,v2 or field=log(1e-3,1,7): other values for a field.")
]
Seeds = Annotated[int | None, typer.Option(help="Use N seeds, from the first of the scale on.")]
Precision = Annotated[str | None, typer.Option(help="fp32, or bf16-mlp: the MLP's products in bfloat16.")]
Budget = Annotated[int | None, typer.Option(help="Steps after which a replica is censored.")]


def options_of(*, changes: list[str] | None = None, **words: Any) -> Options:
    """Return what the flags of a verb ask for."""
    from orchestrator.study.study import Options

    return Options(changes=tuple(changes or ()), **words)


def study_asked(**words: Any) -> Study:
    """Return the study that the flags of a verb name.

    Raises: BadInputError with all that is wrong.
    """
    from orchestrator.study.study import study_of

    return study_of(options_of(**words))
