"""What a worker needs from the storage, and how long it waits for it (standard library only)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Store(Protocol):
    """What a worker needs from the results: handed in by the orchestrator, which alone knows where they lie.

    Every call may raise OSError while the storage fails.
    """

    def publish(self, rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[Any]]) -> None:
        """Publish ended replicas and their curves, all or nothing."""

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Keep a checkpoint; the newest two of a replica stay."""

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Return a checkpoint's content."""

    def checkpoint_steps(self, replica: str) -> list[int]:
        """Return the steps of a replica's checkpoints, ascending."""

    def save_kept(self, replica: str, step: int, content: bytes) -> None:
        """Keep the network of a step for good."""

    def load_kept(self, replica: str, step: int) -> bytes:
        """Return the content of a kept step."""

    def kept_steps(self, replica: str) -> list[int]:
        """Return the kept steps of a replica, ascending."""

    def distrust(self, replica: str, step: int, *, kept: bool) -> None:
        """Move an unusable checkpoint or kept step aside, so that it is made again."""

    def drop_checkpoints(self, replica: str) -> None:
        """Remove a replica's checkpoints."""

    def progress(self, pack: str, facts: Mapping[str, Any] | None) -> None:
        """Overwrite the small file that says how far a pack is; None removes it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a chunk lasts, how often checkpoints are written, and how long a failing storage is waited for.

    Checkpoints are ``checkpoint_s`` apart, or further if writing them would take more than ``checkpoint_share`` of the
    time.
    """

    chunk_s: float = 2.0
    checkpoint_s: float = 20.0
    checkpoint_share: float = 0.03
    patience_s: float = 600.0
    retry_s: float = 1.0
