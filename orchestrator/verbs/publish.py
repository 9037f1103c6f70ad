"""``publish``: a report becomes a page of the documents, and all pages are rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.terminal.lines import say
from orchestrator.verbs import completing
from orchestrator.verbs.finishing import DONE
from orchestrator.verbs.flags import Scale, Storage, study_asked


def publish(
    name: Annotated[
        str | None,
        typer.Argument(
            help="An experiment whose report is copied first; without one, texts that changed are rendered.",
            autocompletion=completing.experiments,
        ),
    ] = None,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    folder: Annotated[Path, typer.Option(help="Folder of published results.")] = Path("docs/results"),
) -> int:
    """Copy a report with the figures that its page shows, and render all pages and their index."""
    from orchestrator.reports.publishing import publish as render

    study = None if name is None else study_asked(name=name, scale=scale, storage=storage)
    say(render(folder, study))
    return DONE
