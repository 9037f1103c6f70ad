"""The results: files under one storage folder that are published once, read by anyone, and never rewritten.

``replicas/*.parquet`` and ``curves/*.parquet`` are the truth; MLflow and reports are views of them. A file appears
whole or not at all (it is written under a hidden name and renamed), a replica's curve before its row. Reading takes
one row per id, the one watched longest. ``checkpoints/<id>/<step>.pt`` lets a replica go on; ``failures/`` says why a
replica could not be trained. A file that is torn, foreign or of a newer version is skipped with a note, never deleted.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from analysis import table

KEPT_CHECKPOINTS = 2
STALE_S = 3600.0
RUNNING_S = 300.0


class BadInputError(Exception):
    """What the user gave cannot be used; the message says what was given, what is allowed and what to do."""


@dataclass
class Results:
    """The tables, checkpoints and progress files under one storage folder; picklable, so workers get it handed in."""

    root: Path
    notes: list[str] = field(default_factory=list)
    told: int = 0

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

    def settled(self, ids: Collection[str] | None = None) -> dict[str, tuple[str, int]]:
        """Return status and last evaluated step of every replica that has a row, or of the given ones."""
        rows = self.replicas(ids).select("id", "status", "steps").iter_rows()
        return {name: (status, steps) for name, status, steps in rows}

    def curves(self, ids: Collection[str]) -> pl.DataFrame:
        """Return the curves of the given replicas, each point once."""
        points = self._read("curves", table.curve_schema()).filter(pl.col("id").is_in(list(ids)))
        return points.unique(["id", "step", "probe"], keep="any").sort("id", "probe", "step")

    def save_checkpoint(self, replica: str, step: int, content: bytes) -> None:
        """Keep a checkpoint and forget all but the newest two of the replica, one to fall back on."""
        self._write(Path("checkpoints") / replica / f"{step}.pt", content)
        for old in self.checkpoint_steps(replica)[:-KEPT_CHECKPOINTS]:
            (self.root / "checkpoints" / replica / f"{old}.pt").unlink(missing_ok=True)

    def load_checkpoint(self, replica: str, step: int) -> bytes:
        """Return a checkpoint's content."""
        return (self.root / "checkpoints" / replica / f"{step}.pt").read_bytes()

    def checkpoint_steps(self, replica: str) -> list[int]:
        """Return the steps of a replica's checkpoints, ascending."""
        stems = (file.stem for file in self.files(f"checkpoints/{replica}", ".pt"))
        return sorted(int(stem) for stem in stems if stem.isdecimal())

    def drop_checkpoints(self, replica: str) -> None:
        """Forget a replica's checkpoints."""
        folder = self.root / "checkpoints" / replica
        for step in self.checkpoint_steps(replica):
            (folder / f"{step}.pt").unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def progress(self, pack: str, facts: Mapping[str, Any] | None) -> None:
        """Overwrite the small file that says how far a pack is; None removes it."""
        path = Path("progress") / f"{pack}.json"
        if facts is None:
            (self.root / path).unlink(missing_ok=True)
        else:
            self.write_text(path, json.dumps(facts))

    def running(self) -> list[dict[str, Any]]:
        """Return what the packs that are at work said last, at most five minutes ago, and how many seconds ago."""
        found = []
        for file in self.files("progress", ".json"):
            with contextlib.suppress(OSError, ValueError):  # it may end, or be overwritten, at this moment
                age = time.time() - file.stat().st_mtime
                if age < RUNNING_S:
                    found.append({**json.loads(file.read_text()), "age_s": age})
        return found

    def fail(self, replicas: Collection[str], reason: str) -> None:
        """Keep, for each replica, why it could not be trained."""
        for replica in replicas:
            self.write_text(Path("failures") / f"{replica}.txt", reason)

    def failed(self, ids: Collection[str]) -> list[str]:
        """Return those of the ids whose last launch gave them up."""
        return sorted({file.stem for file in self.files("failures", ".txt")} & set(ids))

    def prune(self, retried: Collection[str]) -> None:
        """Remove what nobody needs: checkpoints of replicas that ended for good, failures of replicas that are tried
        again, and what killed processes left half-written over an hour ago."""
        ended = self.replicas().filter(pl.col("status") != "budget")["id"].to_list()
        for replica in {folder.name for folder in self.files("checkpoints", "")} & set(ended):
            self.drop_checkpoints(replica)
        for replica in self.failed(retried):
            (self.root / "failures" / f"{replica}.txt").unlink(missing_ok=True)
        for file in [*self.root.glob("**/.*.part"), *self.files("progress", ".json")]:
            with contextlib.suppress(FileNotFoundError):  # its owner may be at work
                if time.time() - file.stat().st_mtime > STALE_S:
                    file.unlink()

    def note(self, line: str) -> None:
        """Keep a line for the user, once."""
        if line not in self.notes:
            self.notes.append(line)

    def untold(self) -> list[str]:
        """Return the lines that were noted since the last call."""
        new, self.told = self.notes[self.told :], len(self.notes)
        return new

    def files(self, folder: str, suffix: str) -> list[Path]:
        """Return the files (or folders) with a suffix in a folder, sorted; none where there is no such folder.

        Raises: OSError when the folder cannot be listed.
        """
        try:
            names = os.listdir(self.root / folder)
        except FileNotFoundError:
            return []
        return [self.root / folder / name for name in sorted(names) if name.endswith(suffix) and name[0] != "."]

    def read_json(self, path: Path) -> dict[str, Any] | None:
        """Return a small file of facts, named relative to the storage; None where there is none.

        A torn or foreign one is None too, with a note: whoever asks makes it again or does without.
        """
        try:
            facts = json.loads((self.root / path).read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as fault:
            self.note(f"{self.root / path} is skipped: {str(fault).splitlines()[0]}")
            return None
        if isinstance(facts, dict):
            return facts
        self.note(f"{self.root / path} is skipped: it holds no facts")
        return None

    def write_text(self, path: Path, text: str) -> None:
        """Write a text file, named relative to the storage, whole or not at all."""
        self._write(path, text.encode())

    def _publish_frame(self, path: Path, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self._write(path, buffer.getvalue())

    def _write(self, path: Path, content: bytes) -> None:
        target = self.root / path
        if not target.resolve().is_relative_to(self.root):
            raise BadInputError(f"{path} lies outside the storage {self.root}; use names without '..' and '/'")
        target.parent.mkdir(parents=True, exist_ok=True)
        hidden = target.parent / f".{uuid.uuid4().hex}.part"
        try:
            with hidden.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(target)
        except OSError:
            hidden.unlink(missing_ok=True)  # a full disk needs the room
            raise

    def _read(self, folder: str, schema: Mapping[str, Any]) -> pl.DataFrame:
        files = self.files(folder, ".parquet")
        if not files:
            return pl.DataFrame(schema=dict(schema))
        if (frame := _read_all(files, schema)) is not None:
            return frame
        frames = [frame for file in files if (frame := self._read_one(file, schema)) is not None]
        return pl.concat(frames) if frames else pl.DataFrame(schema=dict(schema))

    def _read_one(self, file: Path, schema: Mapping[str, Any]) -> pl.DataFrame | None:
        """Return one file's sound rows, or None, noted, for a torn, foreign or newer one."""
        try:
            frame = pl.read_parquet(file, columns=list(schema)).match_to_schema(dict(schema))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as fault:
            self.note(f"{file} is skipped: {str(fault).splitlines()[0]}")
            return None
        if "schema" not in schema:
            return frame
        newest = frame["schema"].max()
        if isinstance(newest, int) and newest > table.SCHEMA_VERSION:
            self.note(f"{file} is skipped: a newer version wrote it (schema {newest}); update grokking-laws")
            return None
        sound = table.sound(frame)
        if not sound.all():
            self.note(f"{file}: {(~sound).sum()} of {frame.height} rows are skipped: they contradict themselves")
        return frame.filter(sound)


def _read_all(files: Sequence[Path], schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """Return the rows of all files at once, or None where one of them has to be looked at by itself."""
    try:
        frame = pl.read_parquet(list(files), columns=list(schema)).match_to_schema(dict(schema))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        return None
    return frame if "schema" not in schema or table.sound(frame).all() else None
