"""``doctor``: whether this machine is fit for a launch."""

from __future__ import annotations

import json

from orchestrator.terminal.lines import say
from orchestrator.verbs.finishing import DONE, SOME_FAILED
from orchestrator.verbs.flags import Json, Storage


def doctor(storage: Storage = "runs", as_json: Json = False) -> int:
    """Check this machine: versions, free disk, storage, MLflow; say what to do if something is wrong."""
    from orchestrator.verbs.checks import examine

    found = examine(storage)
    if as_json:
        print(json.dumps([vars(check) for check in found]))
    else:
        say(map(str, found))
    return SOME_FAILED if any(check.state == "fail" for check in found) else DONE
