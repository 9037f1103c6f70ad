"""Faults that strike inside the workers of a launch, at set counts of training steps.

The count runs over all workers and launches of a sweep, in a file outside its storage, so that the same seed gives the
same faults at the same places of the training, on fast and on slow machines.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import torch
from filelock import FileLock

from analysis import table
from orchestrator.storage.results import Results
from trainables.pack import CHECKPOINT_FORMAT, Pack

CALLS_AWAY = 4
AWAY = {"full_disk": errno.ENOSPC, "read_only": errno.EROFS, "storage_away": errno.EIO}
SIGNALS = {"kill_driver": signal.SIGKILL, "terminate_driver": signal.SIGTERM, "interrupt_driver": signal.SIGINT}
CHECKPOINTS = ("torn_checkpoint", "foreign_checkpoint", "newer_checkpoint", "empty_checkpoint")
TABLES = ("torn_table", "foreign_table", "newer_table", "empty_table")
TRAINING = ("kill_worker", "fail_pack", "out_of_memory")
KINDS = (*TRAINING, *AWAY, *CHECKPOINTS, *TABLES, *SIGNALS)


@dataclass
class Schedule:
    """Which fault is due at which count of training steps; one file that all processes share."""

    file: Path

    def write(self, due: Sequence[tuple[int, str]]) -> None:
        """Start with nothing counted and nothing struck."""
        self.file.write_text(json.dumps({"count": 0, "replica_steps": 0, "due": list(due), "struck": []}))

    def read(self) -> dict[str, Any]:
        """Return the count, what is still due, and what has struck, in order."""
        with FileLock(f"{self.file}.lock"):
            found: dict[str, Any] = json.loads(self.file.read_text())
        return found

    def strike(self, kinds: Sequence[str], replicas: int = 0) -> str | None:
        """Return the fault that is due here if it is one of these kinds, each once; replicas > 0 count as a step."""
        with FileLock(f"{self.file}.lock"):
            facts = json.loads(self.file.read_text())
            facts["count"] += replicas > 0
            facts["replica_steps"] += replicas
            count, due = facts["count"], facts["due"]
            kind: str | None = due[0][1] if due and due[0][0] <= count and due[0][1] in kinds else None
            if kind:
                facts["struck"].append([count, *due.pop(0)[1:]])
            if kind or replicas:
                self.file.write_text(json.dumps(facts))
        return kind


@dataclass
class FaultyResults(Results):
    """Results whose workers suffer; the driver's own copy is sound."""

    schedule: Schedule = field(default_factory=lambda: Schedule(Path()))
    driver: int = 0
    away: list[int] = field(default_factory=list)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Arrive in a worker: from here on its training steps are counted and may break."""
        self.__dict__.update(state)
        backward = getattr(Pack.backward, "sound", Pack.backward)

        def counted(pack: Pack) -> Any:
            rows = len(pack.replicas)
            self._break_training(self.schedule.strike([*TRAINING, *SIGNALS], rows), rows)
            return backward(pack)

        counted.sound = backward  # type: ignore[attr-defined]
        Pack.backward = counted  # type: ignore[method-assign]

    def publish(self, rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[Any]]) -> None:
        """Publish, unless the storage is away."""
        self._reach()
        super().publish(rows, curves)
        if kind := self.schedule.strike(TABLES):
            self._spoil_table(kind)

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Save, unless the storage is away; a spoilt checkpoint is followed by the worker's death."""
        self._reach()
        super().save_checkpoint(replica, step, content)
        if kind := self.schedule.strike(CHECKPOINTS):
            spoil(self.root / "checkpoints" / replica / f"{step}.pt", kind)
            os.kill(os.getpid(), signal.SIGKILL)

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Load, unless the storage is away."""
        self._reach()
        return super().load_checkpoint(replica, step)

    def checkpoint_steps(self, replica: str) -> list[int]:
        """List, unless the storage is away."""
        self._reach()
        return super().checkpoint_steps(replica)

    def progress(self, pack: str, facts: Mapping[str, Any] | None) -> None:
        """Tell, unless the storage is away."""
        self._reach()
        super().progress(pack, facts)
        if kind := self.schedule.strike(TABLES):
            self._spoil_table(kind)

    def _reach(self) -> None:
        if self.driver == os.getpid():
            return
        if kind := self.schedule.strike(tuple(AWAY)):
            self.away = [AWAY[kind]] * CALLS_AWAY
        if self.away:
            number = self.away.pop()
            raise OSError(number, os.strerror(number))

    def _break_training(self, kind: str | None, replicas: int) -> None:
        if kind in SIGNALS:
            os.kill(self.driver, SIGNALS[kind])
        if kind == "kill_worker":
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "out_of_memory":
            raise torch.OutOfMemoryError(f"injected, with {replicas} replicas")
        if kind == "fail_pack":
            raise RuntimeError("injected")

    def _spoil_table(self, kind: str) -> None:
        """Put a file among the tables that is torn, empty, foreign, or by a newer version with rows of our replicas."""
        for folder in ("replicas", "curves"):
            target = self.root / folder / f"{kind}-{os.urandom(4).hex()}.parquet"
            target.parent.mkdir(exist_ok=True)
            sound = self.files(folder, ".parquet")
            makers: dict[str, Callable[[], bytes]] = {
                "empty_table": lambda: b"",
                "torn_table": lambda sound=sound: sound[0].read_bytes()[:-9] if sound else b"PAR1",  # type: ignore[misc]
                "foreign_table": lambda: _parquet(pl.DataFrame({"unrelated": [1]})),
                "newer_table": lambda folder=folder: _parquet(self._newer(folder)),  # type: ignore[misc]
            }
            target.write_bytes(makers[kind]())

    def _newer(self, folder: str) -> pl.DataFrame:
        if folder == "curves":
            return pl.DataFrame({"replica": ["a"], "at": [1]})
        rows = Results(self.root).replicas()
        wrong = rows.with_columns(pl.lit(10**9, dtype=pl.Int64).alias("steps"), pl.lit("observed").alias("status"))
        return wrong.with_columns(pl.lit(table.SCHEMA_VERSION + 1, dtype=pl.Int64).alias("schema"))


def spoil(file: Path, kind: str) -> None:
    """Spoil a checkpoint in place."""
    content = file.read_bytes()
    newer = content.replace(CHECKPOINT_FORMAT, CHECKPOINT_FORMAT.replace(b" 1\n", b" 2\n"), 1)
    spoilt = {
        "torn_checkpoint": content[: len(content) // 2],
        "foreign_checkpoint": b"something else",
        "newer_checkpoint": newer,
        "empty_checkpoint": b"",
    }
    file.write_bytes(spoilt[kind])


def _parquet(frame: pl.DataFrame) -> bytes:
    import io

    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
