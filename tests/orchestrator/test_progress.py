"""The live line counts replicas of all packs and leaves starting up out of the rate."""

from __future__ import annotations

import pytest
from test_plan import plan

from orchestrator import progress


def test_line_adds_up_packs_and_estimates_from_pilots(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    shown = progress.Progress(plan(), silent=True)
    facts = {"training": 3, "replica_steps": 40, "chunk_s": 2.0, "observed": 1, "budget": 0, "diverged": 0}
    clock[0] = 100.0
    shown.observe({**facts, "pack": "a"})
    clock[0] = 102.0
    shown.observe({**facts, "pack": "b", "training": 2, "budget": 2})
    assert shown.line() == (
        "kl_scaling  4/8 done (2 censored) · 5 training · 20 replica-steps/s · about 35 s left"
    )  # 780 replica-steps expected, 80 made in 4 s
