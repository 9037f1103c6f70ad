"""Kept steps: the network as it was there, up to the end of the replica, whatever chunks, storage and kills do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from test_run import BUDGET, SHORT, Failing, finish, outcome
from tiny import tiny_replica
from torch import Tensor

from orchestrator.storage.results import Results
from trainables import loop
from trainables.pack import Pack, Snapshot
from trainables.recording import Recording, log_steps
from trainables.replica import PackSpec, Replica
from trainables.run import PackRun
from trainables.store import Pace

STEPS = (0, 7, 33, BUDGET, BUDGET + 1)
PLAIN = Recording(grid_min_steps=5)
KEEPING = dataclasses.replace(PLAIN, keep_steps=STEPS)
REPLICAS = tuple(tiny_replica(seed, recording=KEEPING) for seed in range(3))


def run_of(results: Results, *, chunk_s: float = 1e9, replicas: tuple[Replica, ...] = REPLICAS) -> PackRun:
    pace = dataclasses.replace(SHORT, chunk_s=chunk_s) if chunk_s < 1 else Pace(chunk_s=chunk_s)
    return PackRun(PackSpec(id="pack", replicas=replicas, budget_steps=BUDGET), results, pace=pace)


def kept(results: Results, replica: Replica = REPLICAS[1]) -> dict[int, dict[str, Tensor]]:
    """Return the parameters of every kept step of a replica."""
    steps = results.kept_steps(replica.id)
    return {step: Snapshot.from_bytes(results.load_kept(replica.id, step)).params for step in steps}


def same(one: dict[int, dict[str, Tensor]], other: dict[int, dict[str, Tensor]]) -> bool:
    """Say whether two sets of kept networks are equal to the last bit."""
    return one.keys() == other.keys() and all(
        torch.equal(value, other[step][name]) for step, params in one.items() for name, value in params.items()
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    results = Results.at(str(tmp_path_factory.mktemp("undisturbed")))
    finish(run_of(results))
    return results


@pytest.fixture
def results(tmp_path: Path) -> Failing:
    return Failing.at(str(tmp_path))  # type: ignore[return-value]


def test_kept_networks_are_those_of_their_steps(undisturbed: Results) -> None:
    found = kept(undisturbed)
    assert list(found) == [0, 7, 33, BUDGET]
    for step, params in found.items():
        pack = Pack(REPLICAS)
        if step:
            loop.advance(pack, last_step=BUDGET, steps=step)
        assert all(torch.equal(value, pack.params[name][1]) for name, value in params.items())


def test_keeping_changes_neither_ids_nor_rows_nor_curves(undisturbed: Results, results: Failing) -> None:
    plain = tuple(tiny_replica(seed, recording=PLAIN) for seed in range(3))
    assert [each.id for each in plain] == [each.id for each in REPLICAS]
    assert plain[0].pack_key == REPLICAS[0].pack_key
    finish(run_of(results, replicas=plain))
    assert outcome(results) == outcome(undisturbed) and kept(results) == {}


@pytest.mark.parametrize("after", [5, 8, 40])
def test_a_killed_run_keeps_the_same_networks(after: int, undisturbed: Results, results: Failing) -> None:
    run = run_of(results, chunk_s=1e-9)
    for _ in range(after):
        run.chunk()
    finish(run_of(results, chunk_s=1e-9))
    assert same(kept(results), kept(undisturbed)) and outcome(results) == outcome(undisturbed)


def test_no_checkpoint_passes_a_kept_step_that_could_not_be_written(undisturbed: Results, results: Failing) -> None:
    run = run_of(results.arm(6, "save_kept"), chunk_s=1e-9)
    for _ in range(5):
        run.chunk()
    assert results.kept_steps(REPLICAS[1].id) == [] == results.checkpoint_steps(REPLICAS[1].id)
    finish(run)
    assert same(kept(results), kept(undisturbed)) and outcome(results) == outcome(undisturbed)


def test_a_run_begins_again_before_a_kept_step_that_is_lost(undisturbed: Results, results: Failing) -> None:
    run = run_of(results, chunk_s=1e-9)
    for _ in range(40):
        run.chunk()
    for step in (7, 33):
        (results.root / "kept" / REPLICAS[1].id / f"{step}.pt").unlink()
    finish(run_of(results, chunk_s=1e-9))
    assert same(kept(results), kept(undisturbed))


def test_nothing_is_kept_past_the_end_of_a_replica(results: Failing) -> None:
    ends_soon = dataclasses.replace(KEEPING, thresholds=(0.01,), confirmation_steps=5)
    replicas = tuple(tiny_replica(seed, recording=ends_soon) for seed in range(3))
    finish(run_of(results, replicas=replicas))
    rows = {row["id"]: row for row in results.replicas().iter_rows(named=True)}
    assert {row["status"] for row in rows.values()} == {"observed"}
    for replica in replicas:
        end = rows[replica.id]["steps"]
        assert end < BUDGET and list(kept(results, replica)) == [step for step in STEPS if step <= end]


def test_kept_files_hold_parameters_alone(undisturbed: Results) -> None:
    shot = Snapshot.from_bytes(undisturbed.load_kept(REPLICAS[0].id, 33))
    assert shot.params and not shot.optimizer and not shot.curve.steps


@pytest.mark.parametrize("steps", [(-1,), (3, 3), (2.5,)])
def test_steps_that_cannot_be_kept_are_refused(steps: tuple[int, ...]) -> None:
    assert any("keep_steps" in fault for fault in Recording(keep_steps=steps).faults())
    assert Recording(keep_steps=log_steps(10, 5000, 20)).faults() == []
