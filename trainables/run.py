"""A pack's way from checkpoints to published rows, whatever the storage and the memory do meanwhile.

Replicas that end are published at once; while the storage fails, they wait in memory. Unfinished ones are checkpointed
at intervals of seconds. A pack is trained in parts, one after the other, if its replicas are at different steps
(some continue from an older checkpoint) or if it does not fit into memory as a whole.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from analysis import table
from trainables import loop
from trainables.pack import SMALLEST_ROWS, Pack, Snapshot
from trainables.parents import parameters_of_parents
from trainables.replica import PackSpec, Replica
from trainables.rows import long_curves, now, row_of
from trainables.store import Pace, Store


@dataclass
class _Ended:
    """A replica that has ended and is not published yet; a censored one with its last state, should its budget rise."""

    finished: loop.Finished
    provenance: str
    last: Snapshot | None


class PackRun:
    """Trains one pack, chunk by chunk, from its checkpoints to its rows.

    ``notes`` collects one line on everything that went wrong.
    """

    def __init__(
        self, spec: PackSpec, store: Store, *, device: str = "cpu", provenance: str = "{}", pace: Pace | None = None
    ) -> None:
        self.notes: list[str] = []
        self._spec, self._store, self._device = spec, store, device
        self._provenance: dict[str, Any] = json.loads(provenance)
        self._started_at = now()
        self._pace = pace or Pace()
        self._last_step = spec.replicas[0].recording.last_step(spec.budget_steps)
        self._waiting: list[tuple[Replica, ...]] = [spec.replicas]
        self._ended: list[_Ended] = []
        self._kept: list[tuple[str, Snapshot]] = []
        self._counts = dict.fromkeys(table.STATUSES, 0)
        self._newly_ended: list[tuple[str, str, list[tuple[str, float]]]] = []
        self._pack: Pack | None = None
        self._whole = True
        self._failing_since: float | None = None
        self._next_save = 0.0

    def chunk(self) -> dict[str, Any]:
        """Train one chunk, publish what ended, and return where the pack stands."""
        began, told = time.monotonic(), len(self.notes)
        self._newly_ended = []
        if self._pack is None and self._waiting:
            self._patiently(self._open)
        made = self._advance()
        if self._ended or self._kept:
            self._patiently(self._publish)
        if self._pack and not self._kept and time.monotonic() >= self._next_save:
            self._save()
        left = len(self._pack.replicas) if self._pack else 0
        left += len(self._ended) + sum(map(len, self._waiting))
        facts = {
            "pack": self._spec.id,
            "training": left,
            "step": self._pack.step if self._pack else self._last_step,
            "replica_steps": made,
            "chunk_s": time.monotonic() - began,
            **self._counts,
        }
        self._try("progress", lambda: self._store.progress(self._spec.id, facts if left else None))
        return {**facts, "ended": self._newly_ended, "notes": self.notes[told:], "done": not left}

    def stop(self) -> None:
        """Save what is unfinished, as far as the storage allows.

        A chunk that was broken off leaves unfinished updates and evaluations, so the last checkpoint counts.
        """
        self._try("ended replicas", self._publish)
        if self._pack and self._whole and not self._kept:
            self._save()
        self._try("progress", lambda: self._store.progress(self._spec.id, None))

    def _open(self) -> None:
        """Build the next part, each replica from its newest readable checkpoint; all of a part stand at one step."""
        groups: dict[int, list[tuple[Replica, Snapshot | None]]] = defaultdict(list)
        for replica in self._waiting[0]:
            found = self._newest(replica)
            groups[found.step if found else 0].append((replica, found))
        first, *others = (groups[step] for step in sorted(groups))
        self._waiting[:1] = [tuple(replica for replica, _ in group) for group in others]
        replicas = tuple(replica for replica, _ in first)
        snapshots = [found for _, found in first if found]
        self._fitting(replicas, lambda: self._build(replicas, snapshots))

    def _build(self, replicas: tuple[Replica, ...], snapshots: Sequence[Snapshot]) -> None:
        parents = parameters_of_parents(replicas, self._spec.budget_steps, self._store)
        self._pack = Pack(replicas, device=self._device, snapshots=snapshots, parents=parents)
        self._started_at = now()
        self._whole = True
        self._next_save = time.monotonic() + self._pace.checkpoint_s

    def _newest(self, replica: Replica) -> Snapshot | None:
        """Return the newest readable checkpoint within the budget and before any step to be kept, or None.

        Raises: OSError while the storage fails; a file that fails for longer than the patience counts as unreadable.
        """
        steps = self._store.checkpoint_steps(replica.id)
        kept = self._store.kept_steps(replica.id) if steps and replica.recording.keep_steps else ()
        latest = min([self._last_step, *replica.recording.lacking(kept, self._last_step)])
        for step in reversed(steps):
            if step > latest:
                continue
            try:
                return Snapshot.from_bytes(self._store.load_checkpoint(replica.id, step))
            except (OSError, ValueError) as fault:
                gone = isinstance(fault, FileNotFoundError | IsADirectoryError)
                if isinstance(fault, OSError) and not gone and not self._impatient():
                    raise
                self._note(
                    f"checkpoint {replica.id}/{step} cannot be read ({_why(fault)}); going on from the one before"
                )
        return None

    def _patiently(self, work: Callable[[], None]) -> None:
        """Do work on the storage, or leave it for the next chunk while the storage fails.

        Raises: OSError when it has failed for longer than the patience.
        """
        try:
            work()
        except OSError as fault:
            waiting = "; ended replicas wait in memory" if self._ended else ""
            self._note(
                f"storage cannot be used ({_why(fault)}), trying again for {self._pace.patience_s:.0f} s{waiting}"
            )
            self._failing_since = self._failing_since or time.monotonic()
            if self._impatient():
                raise
            if not self._pack:
                time.sleep(self._pace.retry_s)
        else:
            self._failing_since = None

    def _impatient(self) -> bool:
        since = self._failing_since
        return since is not None and time.monotonic() - since > self._pace.patience_s

    def _advance(self) -> int:
        """Train the part for a chunk and settle what ended; return the number of replica-steps."""
        pack = self._pack
        if pack is None:
            return 0
        rows, before, self._whole = len(pack.replicas), pack.step, False
        trained = self._fitting(
            tuple(pack.replicas), lambda: loop.advance(pack, last_step=self._last_step, seconds=self._pace.chunk_s)
        )
        if not trained:
            return 0
        if pack.sent_singly:
            self._note(f"no CUDA graphs ({pack.sent_singly}); operations are sent one by one, which is slower")
        self._whole = True
        made = rows * (pack.step - before)
        settled = loop.settle(pack, last_step=self._last_step)
        origin = table.to_json({**self._provenance, "started_at": self._started_at, "ended_at": now()})
        self._ended += [
            _Ended(end, origin, pack.snapshot(row) if end.status == "budget" else None) for row, end in settled
        ]
        ends = {end.replica.id: end.curve.steps[-1] for _, end in settled}
        self._kept += [(name, shot) for name, shot in pack.kept if shot.step <= ends.get(name, shot.step)]
        pack.kept.clear()
        gone = {row for row, _ in settled}
        if gone:
            pack.keep([row for row in range(rows) if row not in gone])
        self._pack = pack if pack.replicas else None
        return made

    def _fitting(self, replicas: tuple[Replica, ...], work: Callable[[], object]) -> bool:
        """Do work on a pack of these replicas; if memory runs out, put its halves in its place and return False.

        Raises: what the work raises, and the lack of memory if a half would have as many rows.
        """
        try:
            work()
            return True
        except (RuntimeError, MemoryError) as fault:
            if not _out_of_memory(fault) or len(replicas) <= SMALLEST_ROWS:
                raise
            self._note(f"out of memory with {len(replicas)} replicas in a pack; going on with halves of it in turn")
        self._pack = None  # outside the handler, whose traceback holds on to the tensors
        self._waiting[:0] = [replicas[0::2], replicas[1::2]]
        return False

    def _publish(self) -> None:
        """Publish what is kept and what has ended; checkpoints of censored replicas come first, others go last."""
        while self._kept:
            name, shot = self._kept[0]
            self._store.save_kept(name, shot.step, shot.to_bytes())
            del self._kept[0]
        for each in self._ended:
            if each.last:
                self._store.save_checkpoint(each.finished.replica.id, each.last.step, each.last.to_bytes())
        finished = [each.finished for each in self._ended]
        if finished:
            rows = [row_of(each.finished, each.provenance) for each in self._ended]
            self._store.publish(rows, long_curves(finished))
        self._ended = []
        for end in finished:
            self._counts[end.status] += 1
            self._newly_ended.append((end.replica.id, end.status, end.seen))
            if end.status != "budget":
                self._try("checkpoints", lambda name=end.replica.id: self._store.drop_checkpoints(name))  # type: ignore[misc]

    def _save(self) -> None:
        """Checkpoint all replicas of the part; a failing storage costs the checkpoint, not the training."""
        assert self._pack is not None
        pack, began = self._pack, time.monotonic()

        def save() -> None:
            for row, replica in enumerate(pack.replicas):
                self._store.save_checkpoint(replica.id, pack.step, pack.snapshot(row).to_bytes())

        self._try("checkpoints", save)
        cost = time.monotonic() - began
        self._next_save = time.monotonic() + max(self._pace.checkpoint_s, cost / self._pace.checkpoint_share)

    def _try(self, what: str, write: Callable[[], None]) -> None:
        """Write something that can be written again later; note a fault."""
        try:
            write()
        except OSError as fault:
            self._note(f"{what} cannot be written ({_why(fault)})")

    def _note(self, line: str) -> None:
        if line not in self.notes:
            self.notes.append(line)


def _out_of_memory(fault: BaseException) -> bool:
    """Say whether a fault is a lack of memory: CUDA's has a class of its own, the CPU allocator's only its words."""
    return isinstance(fault, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(fault)


def _why(fault: Exception) -> str:
    """Return a fault's reason without file names that differ from try to try."""
    return (fault.strerror if isinstance(fault, OSError) else None) or str(fault)
