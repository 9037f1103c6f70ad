"""``audit``: published numbers, derived again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.terminal.lines import say
from orchestrator.verbs.finishing import DONE, SOME_FAILED
from orchestrator.verbs.flags import Json


def audit(
    folder: Annotated[Path, typer.Argument(help="Folder of published results.")] = Path("docs/results"),
    as_json: Json = False,
) -> int:
    """Derive every published number again from the tables beside it, and list those that differ."""
    from orchestrator.reports.audit import audit as derive_all

    wrong, count = derive_all(folder)
    told = [*wrong, f"{count} published numbers compared, {len(wrong)} differ"]
    if as_json:
        print(json.dumps({"compared": count, "differ": wrong}))
    else:
        say(told)
    return SOME_FAILED if wrong else DONE
