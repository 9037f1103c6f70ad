"""A pack as a Ray Trainable: one trial trains one pack; the only Ray import of this package."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from ray.tune import Trainable

from analysis import table
from trainables import loop
from trainables.pack import Pack, Snapshot
from trainables.replica import PackSpec, Replica

CHUNK_S = 2.0
CHECKPOINT_S = 20.0


class Store(Protocol):
    """What a worker needs of the results: handed in by the orchestrator, which alone knows where they lie."""

    def publish(self, rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[Any]]) -> None:
        """Publish ended replicas and their curves, all or nothing."""

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Keep a checkpoint; the newest two of a replica stay."""

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Return a checkpoint's content."""

    def drop_checkpoints(self, replica: str) -> None:
        """Forget a replica's checkpoints."""

    def progress(self, pack: str, facts: Mapping[str, Any]) -> None:
        """Overwrite the small file that says how far a pack is."""


class PackTrainable(Trainable):
    """Trains the pack named by ``config["pack"]``; every ``step`` is a chunk of seconds, not an optimizer step.

    Replicas that end leave the pack at once and their rows are published; unfinished ones are checkpointed every
    ``CHECKPOINT_S`` seconds and when the trial is stopped.
    """

    def setup(  # type: ignore[override]  # Ray hands in the rest by with_parameters
        self,
        config: dict[str, Any],
        packs: Mapping[str, PackSpec],
        results: Store,
        device: str = "cpu",
        provenance: str = "{}",
        chunk_s: float = CHUNK_S,
    ) -> None:
        """Build the pack, from its replicas' checkpoints where it does not start at step 0."""
        self._packs, self._results, self._device = packs, results, device
        self._provenance, self._chunk_s = provenance, chunk_s
        torch.set_num_threads(1)
        loop.keep_freed_memory()
        self._begin(packs[config["pack"]])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over another pack in the same process."""
        self._begin(self._packs[new_config["pack"]])
        return True

    def step(self) -> dict[str, Any]:
        """Train one chunk and return where the pack stands."""
        began = time.monotonic()
        rows = len(self._pack.replicas)
        self._whole = False
        steps = loop.advance(self._pack, last_step=self._last_step, seconds=self._chunk_s)
        self._whole = True
        self._publish(loop.settle(self._pack, last_step=self._last_step))
        if self._pack.replicas and time.monotonic() - self._saved_at >= CHECKPOINT_S:
            self._save()
        facts = {
            "pack": self._spec.id,
            "training": len(self._pack.replicas),
            "step": self._pack.step,
            "replica_steps": rows * steps,
            "chunk_s": time.monotonic() - began,
            **self._counts,
        }
        self._results.progress(self._spec.id, facts)
        return {**facts, "done": not self._pack.replicas}

    def cleanup(self) -> None:
        """Save what is unfinished: Ray calls this after the running chunk, also when the sweep is interrupted.

        A chunk that was broken off leaves half-made updates and evaluations: the last checkpoint counts then.
        """
        if self._pack.replicas and self._whole:
            self._save()

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any] | None:
        """Keep nothing with Tune: checkpoints are per replica and lie in the results."""
        return None

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Load nothing from Tune."""

    def _begin(self, spec: PackSpec) -> None:
        self._spec = spec
        self._last_step = spec.replicas[0].recording.last_step(spec.budget_steps)
        self._counts = dict.fromkeys(("observed", "budget", "diverged"), 0)
        snapshots = [self._restore(replica, spec.start_step) for replica in spec.replicas] if spec.start_step else []
        self._pack = Pack(spec.replicas, device=self._device, snapshots=snapshots)
        self._saved_at = time.monotonic()
        self._whole = True

    def _publish(self, settled: Sequence[tuple[int, loop.Finished]]) -> None:
        """Publish rows, keep the checkpoints of censored replicas (their budget may rise), drop the others'."""
        if not settled:
            return
        finished = [each for _, each in settled]
        self._results.publish([self._row(each) for each in finished], _long_curves(finished))
        for row, each in settled:
            self._counts[each.status] += 1
            if each.status == "budget":
                self._save_one(row)
            else:
                self._results.drop_checkpoints(each.replica.id)
        ended = {row for row, _ in settled}
        self._pack.keep([row for row in range(len(self._pack.replicas)) if row not in ended])

    def _row(self, finished: loop.Finished) -> dict[str, Any]:
        replica = finished.replica
        return {
            **{name: getattr(replica, name) for name in ("id", "family", "version", "data_seed", "init_seed")},
            "config": table.to_json(replica.config),
            "status": finished.status,
            "steps": finished.curve.steps[-1],
            "events": [dataclasses.asdict(event) for event in finished.events],
            "provenance": self._provenance,
            "schema": table.SCHEMA_VERSION,
        }

    def _save(self) -> None:
        for row in range(len(self._pack.replicas)):
            self._save_one(row)
        self._saved_at = time.monotonic()

    def _save_one(self, row: int) -> None:
        snapshot = self._pack.snapshot(row)
        self._results.save_checkpoint(self._pack.replicas[row].id, snapshot.step, snapshot.to_bytes())

    def _restore(self, replica: Replica, step: int) -> Snapshot:
        return Snapshot.from_bytes(self._results.load_checkpoint(replica.id, step))


def trainable_for(family: type) -> type[PackTrainable]:
    """Return the Trainable class that bears a family's name, which is what Ray shows."""
    return type(family.__name__, (PackTrainable,), {"__module__": __name__})


def _long_curves(finished: Sequence[loop.Finished]) -> dict[str, list[Any]]:
    """Return the curves as columns id, step, probe, value."""
    columns: dict[str, list[Any]] = {name: [] for name in table.CURVE_COLUMNS}
    for each in finished:
        for probe in each.curve.columns:
            columns["step"] += each.curve.steps
            columns["value"] += each.curve.column(probe)
            columns["probe"] += [probe] * len(each.curve.steps)
            columns["id"] += [each.replica.id] * len(each.curve.steps)
    return columns
