"""One launch of the chaos sweep in a process of its own: ``python -m chaos.launch STORAGE SCHEDULE BUDGET [URI]``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from chaos.faults import FaultyResults, Schedule
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.storage.results import Results
from orchestrator.study.study import Options, Study, study_of
from orchestrator.verbs.finishing import finish
from trainables.store import Pace

PACE = Pace(chunk_s=0.05, checkpoint_s=0.1, checkpoint_share=1.0, patience_s=30.0, retry_s=0.05)
CHANGES = (
    "modulus=12",
    "train_fraction=0.8",
    "width=16",
    "distractors=constant",
    "learning_rate=0.01,1e30",  # the second diverges at once
    "kl_strength=0.001,0.1,1",
    "optimizer=adamw",
    "weight_decay=1",
    "clip_norm=1",
)


def chaos_study(storage: Path, *, budget: int, tracking_uri: str | None = None) -> Study:
    """Return the sweep: 18 tiny networks, of which half diverge at once, some grok, and some are censored."""
    return study_of(
        Options(
            name="kl_scaling",
            storage=str(storage),
            changes=CHANGES,
            seeds=3,
            budget_steps=budget,
            tracking_uri=tracking_uri,
        )
    )


def main() -> int:
    """Launch with faults and return the exit code of the command line."""
    storage, schedule, budget, *uri = sys.argv[1:]
    made = chaos_study(Path(storage), budget=int(budget), tracking_uri=uri[0] if uri else None)
    faulty = FaultyResults(made.results.root, schedule=Schedule(Path(schedule)), driver=os.getpid())
    made = replace(made, results=faulty)
    report.draw = lambda *_: []  # figures take seconds of each launch, and no fault strikes them
    sound = replace(made, results=Results(made.results.root, faulty.notes))  # faults are the workers'
    return finish(sound, train(made, silent=True, pace=PACE), as_json=False)


if __name__ == "__main__":
    from orchestrator.cli import guarded

    sys.exit(guarded(main))
