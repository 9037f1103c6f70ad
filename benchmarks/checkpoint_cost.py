"""What checkpointing costs at the laptop scale: ``PYTHONPATH=. python benchmarks/checkpoint_cost.py``.

Trains one of the packs of the benchmarks' sweep (p = 67) for three intervals and prints the time its
checkpoints took, as a share of the whole.
"""

from __future__ import annotations

import json
import tempfile
import time

import strengths
import torch

from orchestrator.storage.results import Results
from orchestrator.study.resources import request
from orchestrator.study.study import Options, study_of
from trainables.loop import keep_freed_memory
from trainables.run import PackRun
from trainables.store import Pace

INTERVALS = 3


class Timed(Results):
    """Results that add up the time their checkpoints take."""

    spent_s = 0.0
    calls = 0
    size = 0

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Save and take the time."""
        began = time.monotonic()
        super().save_checkpoint(replica, step, content)
        self.spent_s += time.monotonic() - began
        self.calls += 1
        self.size = len(content)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        made = study_of(Options(name=strengths.__file__, storage=folder))
        pack = made.plan(request(cpus=2)).packs[0]
        store, pace = Timed(made.results.root), Pace()
        run = PackRun(pack, store, pace=pace)
        began, saving = time.monotonic(), 0.0
        save = run._save

        def timed() -> None:
            nonlocal saving
            start = time.monotonic()
            save()
            saving += time.monotonic() - start

        run._save = timed  # type: ignore[method-assign]
        while time.monotonic() - began < (INTERVALS + 0.5) * pace.checkpoint_s:
            run.chunk()
        whole = time.monotonic() - began
    facts = {
        "replicas": len(pack.replicas),
        "checkpoints": store.calls,
        "mib_each": round(store.size / 2**20, 2),
        "writing_s": round(store.spent_s, 3),
        "snapshots_and_writing_s": round(saving, 3),
        "share": round(saving / whole, 4),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
