"""``design``: what a narrower interval would cost."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from orchestrator.terminal.lines import say
from orchestrator.verbs.finishing import tell_notes
from orchestrator.verbs.flags import Json, Name, Scale, Storage, study_asked


def design(
    name: Name,
    halfwidth: Annotated[float, typer.Option("--halfwidth", help="Wanted half-width of the exponent's interval.")],
    scale: Scale = "laptop",
    storage: Storage = "runs",
    as_json: Json = False,
) -> None:
    """Simulate how many seeds, which levels and what budget reach an interval of a width, and what it costs."""
    from orchestrator.verbs import designs

    made = study_asked(name=name, scale=scale, storage=storage)
    facts = designs.design(made, halfwidth, os.cpu_count() or 1)
    tell_notes(made)
    if as_json:
        print(json.dumps(facts))
    else:
        say(designs.lines(facts))
