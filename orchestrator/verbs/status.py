"""``status``: how far an experiment is."""

from __future__ import annotations

import json

from orchestrator.terminal.lines import say
from orchestrator.verbs.facts import plan_facts, status_lines
from orchestrator.verbs.finishing import tell_notes
from orchestrator.verbs.flags import Json, Name, Precision, Scale, Seeds, Set, Storage, study_asked


def status(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    precision: Precision = None,
    as_json: Json = False,
) -> None:
    """Say how far an experiment is."""
    study = study_asked(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, precision=precision)
    facts = plan_facts(study)
    tell_notes(study)
    if as_json:
        print(json.dumps(facts))
        return
    say(status_lines(study, facts))
