"""``ui``: MLflow over the results."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestrator.tracking.ports import require_free
from orchestrator.verbs.finishing import DONE
from orchestrator.verbs.flags import Storage


def ui(
    storage: Storage = "runs",
    port: Annotated[int, typer.Option(help="Port on loopback.")] = 5000,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make the database again from the results, then stop.")
    ] = False,
) -> int:
    """Open MLflow over the results, on this machine only."""
    from orchestrator.tracking import server

    if rebuild:
        for line in server.rebuild(storage):
            print(line)
        return DONE
    require_free(port)
    print(f"starting MLflow on http://{server.LOOPBACK}:{port}", flush=True)
    return server.serve(storage, port)
