"""``publish``: reports become pages of the documents, and all pages are rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.terminal.lines import say
from orchestrator.verbs import completing
from orchestrator.verbs.finishing import DONE
from orchestrator.verbs.flags import Scale, Storage, study_asked


def publish(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...",
            help="Experiments whose reports are copied first; without one, texts that changed are rendered.",
            autocompletion=completing.experiments,
        ),
    ] = None,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    folder: Annotated[Path, typer.Option(help="Folder of published results.")] = Path("docs/results"),
) -> int:
    """Copy reports with the figures that their pages show, and render all pages and their index."""
    from orchestrator.reports.publishing import publish as render

    studies = [study_asked(name=name, scale=scale, storage=storage) for name in names or ()]
    say(render(folder, *studies))
    return DONE
