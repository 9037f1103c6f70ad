"""A pack's run: whatever checkpoints, memory and storage do, the rows are those of an undisturbed run."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny import tiny_replica

from orchestrator.storage import tables
from orchestrator.storage.results import Results
from trainables import run as module
from trainables.pack import CHECKPOINT_FORMAT, Pack, Snapshot
from trainables.replica import PackSpec, Recording
from trainables.run import PackRun
from trainables.store import Pace

BUDGET = 60
REPLICAS = tuple(tiny_replica(seed, recording=Recording(grid_min_steps=5)) for seed in range(4))
SHORT = Pace(chunk_s=1e-9, checkpoint_s=0.0, checkpoint_share=1e9, patience_s=30.0, retry_s=0.0)  # one step a chunk


class Failing(Results):
    """Results whose next calls of some methods fail."""

    def arm(self, calls: int, *methods: str, number: int = errno.ENOSPC) -> Failing:
        """Let so many calls of these methods fail."""
        left = [calls]
        for name in methods:
            setattr(self, name, self._failing(getattr(Results, name), left, number))
        return self

    def _failing(self, sound: Callable[..., Any], left: list[int], number: int) -> Callable[..., Any]:
        def call(*words: Any) -> Any:
            if left[0] > 0:
                left[0] -= 1
                raise OSError(number, os.strerror(number), f"/some/{left[0]}.part")
            return sound(self, *words)

        return call


def spec(replicas: tuple[Any, ...] = REPLICAS) -> PackSpec:
    return PackSpec(id="pack", replicas=replicas, budget_steps=BUDGET)


def finish(run: PackRun) -> int:
    """Run to the end and return how many chunks it took."""
    chunks = 1
    while not run.chunk()["done"]:
        chunks += 1
    return chunks


def outcome(results: Results) -> list[Any]:
    """Return all rows and points, each exactly once."""
    raw = tables.read(results, "replicas", module.table.replica_schema()).rows.height
    rows = results.replicas()
    assert raw == rows.height
    return [rows.drop("provenance").rows(), results.curves(rows["id"].to_list()).rows()]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    results = Results.at(str(tmp_path_factory.mktemp("undisturbed")))
    finish(PackRun(spec(), results, pace=Pace(chunk_s=1e9)))
    return outcome(results)


@pytest.fixture
def results(tmp_path: Path) -> Failing:
    return Failing.at(str(tmp_path))  # type: ignore[return-value]


def half_way(results: Results, *, chunks: int = 30) -> None:
    """Train so many steps, each followed by a checkpoint, and vanish without a word."""
    run = PackRun(spec(), results, pace=SHORT)
    for _ in range(chunks):
        run.chunk()


def test_a_killed_run_goes_on_from_its_last_checkpoint(results: Results, undisturbed: list[Any]) -> None:
    half_way(results)
    run = PackRun(spec(), results, pace=SHORT)
    assert run.chunk()["step"] == 31  # no step is made twice: checkpoints were one chunk apart
    finish(run)
    assert outcome(results) == undisturbed and run.notes == []


@pytest.mark.parametrize(
    "content",
    [b"", b"something else", b"grokking-laws checkpoint 2\nwhat is to come"],
    ids=["empty", "foreign", "newer"],
)
def test_an_unreadable_checkpoint_costs_a_line_and_one_interval(
    results: Results, undisturbed: list[Any], content: bytes
) -> None:
    half_way(results)
    (results.root / "checkpoints" / REPLICAS[1].id / "30.pt").write_bytes(content)
    run = PackRun(spec(), results, pace=SHORT)
    assert run.chunk()["step"] == 30  # the one that fell back to step 29 leads, the others wait for their turn
    finish(run)
    assert outcome(results) == undisturbed
    assert len(run.notes) == 1 and f"{REPLICAS[1].id}/30 cannot be read" in run.notes[0]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_torn_checkpoint_is_never_taken_for_a_whole_one(keep: float) -> None:
    content = Pack(REPLICAS[:2]).snapshot(0).to_bytes()
    with pytest.raises(ValueError, match="torn"):
        Snapshot.from_bytes(content[: int(keep * len(content))])


def test_a_checkpoint_that_holds_code_is_refused_and_not_run() -> None:
    buffer = io.BytesIO()
    torch.save({"step": Attack()}, buffer)
    state = buffer.getvalue()
    with pytest.raises(ValueError, match="more than tensors"):
        Snapshot.from_bytes(CHECKPOINT_FORMAT + hashlib.sha256(state).digest() + state)
    assert "ATTACKED" not in os.environ


def test_without_any_readable_checkpoint_a_replica_starts_again(results: Results, undisturbed: list[Any]) -> None:
    half_way(results)
    for file in (results.root / "checkpoints").rglob("*.pt"):
        file.write_bytes(b"")
    finish(PackRun(spec(), results, pace=SHORT))
    assert outcome(results) == undisturbed


def test_out_of_memory_trains_the_halves_in_turn(
    results: Results, undisturbed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    backward, sizes = Pack.backward, []

    def scarce(pack: Pack) -> Any:
        sizes.append(len(pack.replicas))
        if len(pack.replicas) > 2:
            raise torch.OutOfMemoryError("injected")
        return backward(pack)

    monkeypatch.setattr(Pack, "backward", scarce)
    run = PackRun(spec(), results, pace=SHORT)
    finish(run)
    assert outcome(results) == undisturbed
    assert sizes[0] == 4 and set(sizes[1:]) == {2}
    assert len(run.notes) == 1 and "out of memory with 4 replicas" in run.notes[0]


def test_out_of_memory_of_the_smallest_pack_is_a_failure(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(pack: Pack) -> Any:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes")

    monkeypatch.setattr(Pack, "backward", none_left)
    run = PackRun(spec(), results, pace=SHORT)
    with pytest.raises(RuntimeError, match="can't allocate"):
        finish(run)


def test_rows_wait_in_memory_while_the_disk_is_full(results: Failing, undisturbed: list[Any]) -> None:
    store = results.arm(5, "publish")
    run = PackRun(spec(), store, pace=Pace(chunk_s=1e9, retry_s=0.0))
    assert finish(run) == 6
    assert outcome(results) == undisturbed
    (note,) = run.notes
    assert (
        note
        == "storage cannot be used (No space left on device), trying again for 600 s; ended replicas wait in memory"
    )


def test_checkpoints_that_cannot_be_written_do_not_stop_the_training(results: Failing, undisturbed: list[Any]) -> None:
    store = results.arm(10, "save_checkpoint", "progress", number=errno.EROFS)
    finish(PackRun(spec(), store, pace=SHORT))
    assert outcome(results) == undisturbed


def test_storage_that_is_away_at_the_start_is_waited_for(results: Failing, undisturbed: list[Any]) -> None:
    half_way(results)
    store = results.arm(6, "checkpoint_steps", "load_checkpoint", number=errno.EIO)
    run = PackRun(spec(), store, pace=SHORT)
    facts = run.chunk()
    assert (facts["training"], facts["replica_steps"], facts["done"]) == (4, 0, False)
    assert facts["notes"] == ["storage cannot be used (Input/output error), trying again for 30 s"]
    finish(run)
    assert outcome(results) == undisturbed


def test_a_checkpoint_that_can_never_be_read_counts_as_unreadable(
    results: Results, undisturbed: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    half_way(results)
    load = results.load_checkpoint

    def bad_sector(replica: str, step: int) -> bytes:
        if (replica, step) == (REPLICAS[0].id, 30):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return load(replica, step)

    monkeypatch.setattr(results, "load_checkpoint", bad_sector)
    run = PackRun(spec(), results, pace=Pace(chunk_s=1e9, patience_s=0.01, retry_s=0.011))
    assert run.chunk()["replica_steps"] == 0
    finish(run)
    assert outcome(results) == undisturbed
    assert any("/30 cannot be read" in note for note in run.notes)


def test_the_patience_with_a_failing_storage_ends(results: Failing) -> None:
    store = results.arm(10**6, "publish")
    with pytest.raises(OSError, match="No space"):
        finish(PackRun(spec(), store, pace=Pace(chunk_s=1e9, patience_s=0.0, retry_s=0.0)))


def test_slow_storage_stretches_the_interval_between_checkpoints(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, saves = [0.0], []

    def tick() -> float:
        clock[0] += 0.01
        return clock[0]

    def slow(replica: str, step: int, content: bytes) -> None:
        clock[0] += 5.0
        saves.append(clock[0])

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=tick))
    monkeypatch.setattr(results, "save_checkpoint", slow)
    one = PackSpec(id="pack", replicas=REPLICAS[:1], budget_steps=10**6)
    run = PackRun(one, results, pace=Pace(chunk_s=1e-9, checkpoint_s=1.0, checkpoint_share=0.1))
    while len(saves) < 3:
        clock[0] += 1.0
        run.chunk()
    assert saves[2] - saves[1] >= 5.0 / 0.1


class Attack:
    """Unpickling it sets an environment variable."""

    def __reduce__(self) -> Any:
        return exec, ("import os; os.environ['ATTACKED'] = 'yes'",)


def test_a_pack_that_cannot_be_recorded_says_so_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    advance = module.loop.advance

    def unrecorded(pack: Pack, **facts: Any) -> int:
        pack.sent_singly = "a value was read back"
        return advance(pack, **facts)

    monkeypatch.setattr(module.loop, "advance", unrecorded)
    run = PackRun(spec(), Results(tmp_path), pace=SHORT)
    finish(run)
    assert run.notes == ["no CUDA graphs (a value was read back); operations are sent one by one, which is slower"]
