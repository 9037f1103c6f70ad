"""A sweep on the local Ray under faults of every kind ends like the undisturbed one (longer: benchmarks/chaos)."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.faults import KINDS
from chaos.sweep import AROUND, run, schedule


@pytest.mark.ray
def test_nothing_is_lost_doubled_or_changed_by_twenty_faults(tmp_path: Path) -> None:
    outcome = run(tmp_path, faults=20, seed=0)
    assert outcome.differences == []
    assert set(outcome.struck) == {*KINDS, *AROUND} and outcome.struck.total() >= 20


def test_a_schedule_of_faults_repeats_with_its_seed_and_holds_every_kind() -> None:
    assert schedule(60, seed=3) == schedule(60, seed=3) != schedule(60, seed=4)
    inside, around = schedule(60, seed=3)
    assert len(inside) + len(around) == 60 and {*inside, *around} == {*KINDS, *AROUND}
