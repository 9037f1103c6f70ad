"""The results: files under one storage folder that are published once, read by anyone, and never rewritten.

``replicas/*.parquet`` and ``curves/*.parquet`` are the truth; MLflow and reports are views of them. A file appears
whole or not at all (it is written under a hidden name and renamed), a replica's curve before its row, and its name
holds the digest of its content. Reading takes one row per id, the one watched longest. A replica continues from
``checkpoints/<id>/<step>.pt``; ``kept/<id>/<step>.pt`` is the network at a step to be kept, and stays; ``failures/``
says why a replica could not be trained. A file that is torn, altered, foreign or of a newer version is skipped with a
note, never deleted.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from analysis import table
from orchestrator.storage import tables
from orchestrator.storage.folder import STALE_S, BadInputError, Folder

__all__ = ["RUNNING_S", "STALE_S", "BadInputError", "Results"]

KEPT_CHECKPOINTS = 2
RUNNING_S = 300.0
PROGRESS = {"pack": str, "training": int, "step": int}


@dataclass
class Results(Folder):
    """The tables, checkpoints and progress files under one storage folder.

    ``lost``: the replicas asked for that have a row but no whole curve.
    """

    FOLDERS = (
        *("replicas", "curves", "checkpoints", "kept", "probed", "progress", "failures"),
        *("registrations", "searches", "reports", "locks", "mirrored"),
    )

    lost: set[str] = field(default_factory=set)

    def publish(self, rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[Any]]) -> None:
        """Publish ended replicas; the row comes last, so a row never stands without its curve."""
        number = uuid.uuid4().hex
        tables.publish(self, "curves", number, pl.DataFrame(curves, schema=table.curve_schema()))
        tables.publish(self, "replicas", number, table.replicas_frame(rows))

    def replicas(self, ids: Collection[str] | None = None) -> pl.DataFrame:
        """Return the newest row of every replica, or of the given ones."""
        rows = table.newest(tables.read(self, "replicas", table.replica_schema()).rows)
        return rows if ids is None else rows.filter(pl.col("id").is_in(list(ids)))

    def settled(self, ids: Collection[str] | None = None) -> dict[str, tuple[str, int]]:
        """Return status and last evaluated step of every replica that has a row, or of the given ones."""
        rows = self.replicas(ids).select("id", "status", "steps").iter_rows()
        return {name: (status, steps) for name, status, steps in rows}

    def curves(self, ids: Collection[str]) -> pl.DataFrame:
        """Return the curves of the given replicas, each point once.

        If files of curves are missing or damaged, a replica whose curve does not reach its row's last step has none,
        and a note counts these.
        """
        found = tables.read(self, "curves", table.curve_schema(), ids)
        points = found.rows.unique(["id", "step", "probe"], keep="any").sort("id", "probe", "step")
        if found.skipped or points["id"].n_unique() < len(set(ids)):
            points = self._whole(points, ids)
        return points

    def _whole(self, points: pl.DataFrame, ids: Collection[str]) -> pl.DataFrame:
        reached = dict(points.group_by("id").agg(pl.col("step").max()).iter_rows())
        lost = {name for name, (_, steps) in self.settled(ids).items() if reached.get(name, -1) < steps}
        if new := lost - self.lost:
            self.note(f"{len(new)} runs have a row and no whole curve: measures and pictures do without them")
        self.lost |= lost
        return points.filter(~pl.col("id").is_in(list(lost)))

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Keep a checkpoint and remove all but the newest two of the replica, so that there is one to fall back on."""
        self.write(Path("checkpoints") / replica / f"{step}.pt", content)
        for old in self.checkpoint_steps(replica)[:-KEPT_CHECKPOINTS]:
            self.forget(Path("checkpoints") / replica / f"{old}.pt")

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Return a checkpoint's content."""
        return (self.root / "checkpoints" / replica / f"{step}.pt").read_bytes()

    def checkpoint_steps(self, replica: str) -> list[int]:
        """Return the steps of a replica's checkpoints, ascending."""
        return self._steps("checkpoints", replica)

    def save_kept(self, replica: str, step: int, content: bytes) -> None:
        """Keep the network of a step for good."""
        self.write(Path("kept") / replica / f"{step}.pt", content)

    def load_kept(self, replica: str, step: int) -> bytes:
        """Return the content of a kept step."""
        return (self.root / "kept" / replica / f"{step}.pt").read_bytes()

    def kept_steps(self, replica: str) -> list[int]:
        """Return the kept steps of a replica, ascending."""
        return self._steps("kept", replica)

    def publish_probed(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Publish what probes have measured of kept steps."""
        tables.publish(self, "probed", uuid.uuid4().hex, pl.DataFrame(rows, schema=table.probed_schema()))

    def probed(self, ids: Collection[str]) -> pl.DataFrame:
        """Return what was measured of the kept steps of the given replicas, each number once."""
        found = tables.read(self, "probed", table.probed_schema(), ids).rows
        return found.unique(["id", "step", "probe", "column"], keep="any").sort("id", "step", "probe", "column")

    def distrust(self, replica: str, step: int, *, kept: bool) -> None:
        """Move an unusable checkpoint or kept step aside, so that it is made again."""
        self.set_aside(Path("kept" if kept else "checkpoints") / replica / f"{step}.pt")

    def _steps(self, folder: str, replica: str) -> list[int]:
        stems = (file.stem for file in self.files(f"{folder}/{replica}", ".pt"))
        return sorted(int(stem) for stem in stems if stem.isdecimal() and stem.isascii())

    def drop_checkpoints(self, replica: str) -> None:
        """Remove a replica's checkpoints."""
        folder = self.root / "checkpoints" / replica
        for step in self.checkpoint_steps(replica):
            self.forget(Path("checkpoints") / replica / f"{step}.pt")
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()

    def progress(self, pack: str, facts: Mapping[str, Any] | None) -> None:
        """Overwrite the small file that says how far a pack is; None removes it."""
        path = Path("progress") / f"{pack}.json"
        if facts is None:
            self.forget(path)
        else:
            self.write_json(path, facts)

    def running(self) -> list[dict[str, Any]]:
        """Return what packs at work said last, at most five minutes ago, and how many seconds ago."""
        found = []
        for file in self.files("progress", ".json"):
            try:
                age = time.time() - file.stat().st_mtime
            except OSError:  # it ended at this moment
                continue
            if age < RUNNING_S and (facts := self.read_json(file.relative_to(self.root), PROGRESS)):
                found.append({**facts, "age_s": age})
        return found

    def fail(self, replicas: Collection[str], reason: str) -> None:
        """Keep, for each replica, why it could not be trained."""
        for replica in replicas:
            self.write_text(Path("failures") / f"{replica}.txt", reason)

    def failed(self, ids: Collection[str]) -> list[str]:
        """Return the ids that their last launch gave up."""
        return sorted({file.stem for file in self.files("failures", ".txt")} & set(ids))

    def prune(self, retried: Collection[str]) -> None:
        """Remove what nobody needs: checkpoints of replicas that ended for good, failures of replicas that are tried
        again, and what killed processes left half-written over an hour ago."""
        ended = set(self.replicas().filter(pl.col("status") != "budget")["id"]) - set(retried)
        for replica in {folder.name for folder in self.files("checkpoints", "")} & ended:
            self.drop_checkpoints(replica)
        for replica in self.failed(retried):
            self.forget(Path("failures") / f"{replica}.txt")
        self.remove_leftovers()
        for file in self.files("progress", ".json"):
            self.remove_stale(file)
