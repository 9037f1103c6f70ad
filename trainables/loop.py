"""The only training loop: advance a pack for a while, then settle the replicas that have ended."""

from __future__ import annotations

import ctypes
import math
import sys
import time
from dataclasses import dataclass

from analysis import events
from trainables.pack import Curve, Pack
from trainables.replica import Replica

MALLOC_TRIM_THRESHOLD, MALLOC_MMAP_THRESHOLD = -1, -3  # glibc, malloc.h
KEPT_BYTES = 2**30


@dataclass(frozen=True)
class Finished:
    """A replica whose observation has ended, and why."""

    replica: Replica
    curve: Curve
    status: str
    events: list[events.Crossing]

    @property
    def seen(self) -> list[tuple[str, float]]:
        """The events that the replica saw: name and threshold of each."""
        return [(each.name, each.threshold) for each in self.events if each.upper is not None]


def advance(pack: Pack, *, last_step: int, seconds: float | None = None, steps: int | None = None) -> int:
    """Train until the last evaluation is recorded, or for some steps or seconds (one step at least); return updates.

    How long a call lasts never changes a result: evaluations happen at the steps of the recording's grid, and
    ``settle`` cuts each curve where its end rule is met. On a GPU steps are sent as graphs, see ``trainables.graph``.
    """
    if pack.device.startswith("cuda"):
        pack.capture()
    recording = pack.replicas[0].recording
    deadline = time.monotonic() + seconds if seconds is not None else math.inf
    first = pack.step
    due = next(step for step in recording.steps() if step >= first)
    while (steps is None or pack.step - first < steps) and (pack.step == first or time.monotonic() < deadline):
        pack.keep_step()
        grads, view = pack.backward()
        if pack.step == due:
            due = recording.next_step(due)
            if not pack.recorded():
                pack.record(view)
        if pack.step >= last_step:
            break
        pack.update(grads)
    pack.collect()
    return pack.step - first


def settle(pack: Pack, *, last_step: int) -> list[tuple[int, Finished]]:
    """Return the replicas whose end rule is met, each with its row, its curve up to there, and its events."""
    done = []
    for row, (replica, curve) in enumerate(zip(pack.replicas, pack.curves, strict=True)):
        if finished := _finished(replica, curve, last_step):
            done.append((row, finished))
    return done


def keep_freed_memory() -> None:
    """Tell glibc to keep freed blocks of up to 1 GiB for the next step instead of returning them to the system.

    A pack's activations are freed and allocated at every step; without this the page faults cost about a quarter of
    the time of a step with 28 replicas. Does nothing where the C library has no ``mallopt``.
    """
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if mallopt := getattr(library, "mallopt", None):
        mallopt(MALLOC_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(MALLOC_TRIM_THRESHOLD, KEPT_BYTES)


def _finished(replica: Replica, curve: Curve, last_step: int) -> Finished | None:
    recording = replica.recording
    columns = curve.named()
    for criterion in recording.criteria:
        events.column_of(columns, criterion)  # at the first evaluation, not when the run has been trained to its end
    end = events.ending(
        columns,
        curve.steps,
        until=recording.until,
        confirmation_steps=recording.confirmation_steps,
        last_step=last_step,
    )
    if end is None:
        return None
    cut = curve.cut(end.index)
    found = events.detect(
        cut.named(),
        cut.steps,
        recording.criteria,
        confirmation_steps=recording.confirmation_steps,
    )
    return Finished(replica, cut, end.status, found)
