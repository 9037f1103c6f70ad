"""What 500 tiny packs cost on Ray beside their training: seconds per pack, and the memory of the driver.

``PYTHONPATH=. python benchmarks/tiny_packs.py --out tiny_packs.json``
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import strengths

from orchestrator.backends import ray_tune
from orchestrator.backends._job import Job
from orchestrator.study.resources import Request
from orchestrator.study.study import Options, study_of

SLOTS, STEPS = 2, 10
FIELDS = ("modulus=12", "train_fraction=0.5", "width=8", "kl_strength=0.1,1")


class Watch:
    """Notes when each chunk was reported, its seconds, and the memory of this process then."""

    def __init__(self) -> None:
        self.chunks: list[tuple[float, float, float]] = []

    def __call__(self, facts: Mapping[str, Any]) -> None:
        """Take note of one chunk."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.chunks.append((time.monotonic(), facts["chunk_s"], pages * 4 / 1024))


def main() -> None:
    """Train them and print what it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packs", type=int, default=500)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    watch, request = Watch(), Request(cpus=1, gpus=0, slots=SLOTS, replicas_per_pack=2)
    with tempfile.TemporaryDirectory() as folder:
        made = study_of(
            Options(name=strengths.__file__, storage=folder, changes=FIELDS, seeds=asked.packs, budget_steps=STEPS)
        )
        plan = made.plan(request)
        ray_tune.run(Job(plan, made.results, request, "cpu", watch))
        rows = made.rows().height
    began, ended = watch.chunks[0][0] - watch.chunks[0][1], watch.chunks[-1][0]
    inside = sum(chunk_s for _, chunk_s, _ in watch.chunks)
    found = {
        "packs": len(plan.packs),
        "rows": rows,
        "seconds": ended - began,
        "chunk_ms_per_pack": 1000 * inside / len(plan.packs),
        "overhead_ms_per_pack": 1000 * (SLOTS * (ended - began) - inside) / len(plan.packs),
        "driver_mib_first": watch.chunks[0][2],
        "driver_mib_last": watch.chunks[-1][2],
    }
    print(json.dumps(found))
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
