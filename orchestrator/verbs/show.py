"""``show``: what a launch would do."""

from __future__ import annotations

import json

from orchestrator.terminal.lines import say
from orchestrator.verbs.facts import plan_facts, show_lines
from orchestrator.verbs.finishing import tell_notes
from orchestrator.verbs.flags import Budget, Json, Name, Precision, Scale, Seeds, Set, Storage, study_asked


def show(
    name: Name,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    budget_steps: Budget = None,
    precision: Precision = None,
    as_json: Json = False,
) -> None:
    """Show what a launch would do: points, replicas, packs, expected time, what is done."""
    study = study_asked(
        name=name,
        scale=scale,
        storage=storage,
        changes=changes,
        seeds=seeds,
        budget_steps=budget_steps,
        precision=precision,
    )
    facts = plan_facts(study)
    tell_notes(study)
    if as_json:
        print(json.dumps(facts))
        return
    say(show_lines(study, facts), indent=6)
