"""``list``: the experiments."""

from __future__ import annotations

import json

from orchestrator.terminal.lines import say
from orchestrator.verbs.flags import Json


def list_(as_json: Json = False) -> None:
    """List the experiments."""
    from search_spaces._files import experiment_named
    from trainables.names import available

    found = [experiment_named(name) for name in available("search_spaces")]
    if as_json:
        print(json.dumps([{"name": each.name, "question": each.question, "source": each.source} for each in found]))
        return
    say([f"{each.name:24} {each.question}" for each in found], indent=25)
