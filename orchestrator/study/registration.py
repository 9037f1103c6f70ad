"""What an experiment claimed before its replicas ran: stored once, compared in every report."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from trainables.modules.counted import same_code
from trainables.modules.own import FamilyName

if TYPE_CHECKING:
    from orchestrator.study.study import Study

SHAPE = {"hash": str, "rows_before": int}


def register(study: Study) -> None:
    """Store what is claimed before the first replica runs; later launches leave it as it is.

    One that cannot be read proves nothing any more. It is made again only while no replica has ended; after that it
    stays as it is, and what the study finds counts as exploratory.
    """
    results, file = study.results, study.registration
    _keep_network(study)
    there = os.path.lexists(results.root / file)
    if there and (results.read_json(file, SHAPE) or study.rows().height):
        return
    results.write_json(
        file,
        {
            "hash": study.experiment.registration(study.scale),
            "rows_before": study.rows().height,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "name": study.options.name,
            "scale": study.scale,
            "changes": study.options.changes,
            "seeds": study.options.seeds,
            "precision": study.options.precision,
        },
    )


def _keep_network(study: Study) -> None:
    """Keep the file in which a user's network is defined, so that one can see later what was trained.

    Under a user's version the content may change; a note says so.
    """
    family, results = study.asked.family, study.results
    if not isinstance(family, FamilyName):
        return
    file, content = study.registration.with_name(f"{family}.py"), family.file.content
    if not os.path.lexists(results.root / file):
        results.write(file, content)
    elif not same_code((results.root / file).read_bytes(), content):
        kept = results.root / file
        results.note(f"{family.file.path} is not as in {kept}, but its version is the same: rows of both count")


def exploratory(study: Study) -> str:
    """Say why a study is not preregistered; empty if its claims, space and rules are older than all its replicas."""
    if study.variant:
        return "the experiment was changed by flags"
    if not os.path.lexists(study.results.root / study.registration):
        return "its claims were not stored before its replicas ran"
    stored = study.results.read_json(study.registration, SHAPE)
    if stored is None:
        return "its registration, which was stored before its replicas ran, cannot be read"
    if stored["hash"] != study.experiment.registration(study.scale):
        return "claims, space or rules are not those that were stored before the first replica ran"
    if before := stored["rows_before"]:
        return f"{before} of its replicas had ended, for other experiments, when its claims were stored"
    return ""
