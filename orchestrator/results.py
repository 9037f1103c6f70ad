"""The results: files under one storage folder that are published once, read by anyone, and never rewritten.

``replicas/*.parquet`` and ``curves/*.parquet`` are the truth; MLflow and reports are views of them. A file appears
whole or not at all (it is written under a hidden name and renamed), a replica's curve before its row. Reading takes
one row per id, the one watched longest. ``checkpoints/<id>/<step>.pt`` lets a replica go on.
"""

from __future__ import annotations

import io
import json
import os
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from analysis import table

KEPT_CHECKPOINTS = 2


class BadInputError(Exception):
    """What the user gave cannot be used; the message says what was given, what is allowed and what to do."""


@dataclass
class Results:
    """The tables, checkpoints and progress files under one storage folder; picklable, so workers get it handed in."""

    root: Path
    unreadable: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, storage: str) -> Results:
        """Return the results under a local path.

        Raises: BadInputError for URIs that are not supported and for places that cannot be written.
        """
        if re.match(r"^[a-z0-9]+://", storage):
            scheme = storage.split("://")[0]
            raise BadInputError(f"storage {scheme}://… is not supported yet; give a local or NFS path, such as ./runs")
        root = Path(storage).expanduser().resolve()
        try:
            root.mkdir(parents=True, exist_ok=True)
            probe = root / f".probe-{uuid.uuid4().hex}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as fault:
            raise BadInputError(
                f"storage {root} cannot be written ({fault.strerror}); give another path with --storage"
            ) from None
        return cls(root)

    def publish(self, rows: Sequence[Mapping[str, Any]], curves: Mapping[str, Sequence[Any]]) -> None:
        """Publish ended replicas; the row comes last, so a row never stands without its curve."""
        name = f"{uuid.uuid4().hex}.parquet"
        self._publish_frame(Path("curves") / name, pl.DataFrame(curves, schema=table.curve_schema()))
        self._publish_frame(Path("replicas") / name, table.replicas_frame(rows))

    def replicas(self, ids: Collection[str] | None = None) -> pl.DataFrame:
        """Return the newest row of every replica, or of the given ones."""
        rows = table.newest(self._read("replicas", table.replica_schema()))
        return rows if ids is None else rows.filter(pl.col("id").is_in(list(ids)))

    def curves(self, ids: Collection[str]) -> pl.DataFrame:
        """Return the curves of the given replicas, each point once."""
        points = self._read("curves", table.curve_schema()).filter(pl.col("id").is_in(list(ids)))
        return points.unique(["id", "step", "probe"], keep="any").sort("id", "probe", "step")

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Keep a checkpoint and forget all but the newest two of the replica."""
        self._write(Path("checkpoints") / replica / f"{step}.pt", content)
        for old in self.checkpoint_steps(replica)[:-KEPT_CHECKPOINTS]:
            (self.root / "checkpoints" / replica / f"{old}.pt").unlink(missing_ok=True)

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Return a checkpoint's content."""
        return (self.root / "checkpoints" / replica / f"{step}.pt").read_bytes()

    def checkpoint_steps(self, replica: str) -> list[int]:
        """Return the steps of a replica's checkpoints, ascending."""
        files = (self.root / "checkpoints" / replica).glob("*.pt")
        return sorted(int(file.stem) for file in files if file.stem.isdigit())

    def drop_checkpoints(self, replica: str) -> None:
        """Forget a replica's checkpoints."""
        folder = self.root / "checkpoints" / replica
        for step in self.checkpoint_steps(replica):
            (folder / f"{step}.pt").unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def progress(self, pack: str, facts: Mapping[str, Any]) -> None:
        """Overwrite the small file that says how far a pack is."""
        self.write_text(Path("progress") / f"{pack}.json", json.dumps(facts))

    def write_text(self, path: Path, text: str) -> None:
        """Write a text file whole or not at all."""
        self._write(path, text.encode())

    def _publish_frame(self, path: Path, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self._write(path, buffer.getvalue())

    def _write(self, path: Path, content: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.parent / f".{uuid.uuid4().hex}.part"
        with hidden.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(target)

    def _read(self, folder: str, schema: Mapping[str, Any]) -> pl.DataFrame:
        files = sorted((self.root / folder).glob("*.parquet"))
        frames = [frame for file in files if (frame := self._read_one(file, schema)) is not None]
        return pl.concat(frames) if frames else pl.DataFrame(schema=dict(schema))

    def _read_one(self, file: Path, schema: Mapping[str, Any]) -> pl.DataFrame | None:
        """Return one file's rows, or None, noted in ``unreadable``, for a torn, foreign or newer one."""
        try:
            return pl.read_parquet(file, columns=list(schema)).match_to_schema(dict(schema))
        except (pl.exceptions.PolarsError, OSError) as fault:
            note = f"{file} is skipped: {str(fault).splitlines()[0]}"
            if note not in self.unreadable:
                self.unreadable.append(note)
            return None
