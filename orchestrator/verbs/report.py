"""``report``: what the results say."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.verbs.finishing import DONE, print_summary, tell_notes
from orchestrator.verbs.flags import Json, Name, Precision, Scale, Seeds, Set, Storage, study_asked


def report(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    precision: Precision = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    as_json: Json = False,
) -> int:
    """Write the report of what the results hold."""
    from orchestrator.reports import report as reports
    from orchestrator.study.state import read

    study = study_asked(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, precision=precision)
    facts = reports.write(read(study))
    print_summary(study, facts, as_json)
    tell_notes(study)
    if open_:
        typer.launch(str(reports.folder_of(study) / "index.html"))
    return DONE
