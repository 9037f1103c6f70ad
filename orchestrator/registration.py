"""What an experiment claimed before its replicas ran: stored once, compared in every report."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.launch import Study


def register(study: Study) -> None:
    """Store what is claimed before the first replica runs; later launches leave it as it is."""
    if not (study.results.root / study.registration).exists():
        facts = {
            "hash": study.experiment.registration(study.scale),
            "rows_before": study.rows().height,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "name": study.options.name,
            "scale": study.scale,
            "changes": study.options.changes,
            "seeds": study.options.seeds,
            "precision": study.options.precision,
        }
        study.results.write_text(study.registration, json.dumps(facts))


def exploratory(study: Study) -> str:
    """Say why a study is not preregistered; empty when its claims, space and rules are older than all its replicas."""
    file = study.results.root / study.registration
    if study.variant:
        return "the experiment was changed by flags"
    if not file.is_file():
        return "its claims were not stored before its replicas ran"
    stored: Mapping[str, Any] = json.loads(file.read_text())
    if stored["hash"] != study.experiment.registration(study.scale):
        return "claims, space or rules are not those that were stored before the first replica ran"
    if before := stored["rows_before"]:
        return f"{before} of its replicas had ended, for other experiments, when its claims were stored"
    return ""
