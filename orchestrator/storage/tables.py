"""Reading tables of results: the digest is checked before parsing, so a damaged file is found and never parsed.

Paths are names here, never patterns: files are listed and read by name, and Polars gets their content.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from analysis import table
from orchestrator.storage.digests import digest_of, stated, table_name
from orchestrator.storage.folder import Folder
from orchestrator.terminal.silence import quiet

DAMAGED = "torn or altered: its digest is that of other content"
UNSIGNED = "results files without a digest (of an older version) are read; damage in them may go unseen"
FILES_AT_ONCE = 64
KEYS = ("id", "step", "probe")  # of a point of a curve
FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, MemoryError)

Contents = Sequence[tuple[Path, bytes]]


class Read(NamedTuple):
    """The rows of a folder's tables, and how many files were skipped."""

    rows: pl.DataFrame
    skipped: int


def publish(folder: Folder, name: str, number: str, frame: pl.DataFrame) -> None:
    """Write a table into a folder under a name with its number and its digest."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    content = buffer.getvalue()
    folder.write(Path(name) / table_name(number, content), content)


def look(folder: Folder, name: str) -> None:
    """Note which tables of a folder cannot be read or are damaged, without parsing them.

    Raises: OSError when the folder cannot be listed.
    """
    _contents(folder, folder.files(name, ".parquet"))


def read(folder: Folder, name: str, schema: Mapping[str, Any], ids: Collection[str] | None = None) -> Read:
    """Return the sound rows of all tables in a folder, or those of the given replicas.

    A file that is torn, foreign or newer is skipped with a note. Other replicas are dropped a few files at a time.
    Raises: OSError when the folder cannot be listed.
    """
    files = folder.files(name, ".parquet")
    wanted = pl.lit(True) if ids is None else pl.col("id").is_in(list(ids))
    signed, unsigned = _contents(folder, files)
    frames = _parsed(folder, signed, schema, wanted)
    if unsigned:
        with quiet(Path(os.devnull)):  # the parser prints a trace of its own where such a file is damaged
            old = _parsed(folder, unsigned, schema, wanted)
        if old:
            folder.note(UNSIGNED)
        frames += old
    parsed = sum(count for _, count in frames)
    rows = [frame for frame, _ in frames]
    return Read(pl.concat(rows) if rows else pl.DataFrame(schema=dict(schema)), len(files) - parsed)


def _contents(folder: Folder, files: Sequence[Path]) -> tuple[Contents, Contents]:
    """Return the content of the files whose digest is right, and of those without one."""
    signed: list[tuple[Path, bytes]] = []
    unsigned: list[tuple[Path, bytes]] = []
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as fault:
            folder.note(f"{file} is skipped: {fault.strerror}")
            continue
        digest = stated(file.name)
        if digest and digest != digest_of(content):
            folder.note(f"{file} is skipped: {DAMAGED}")
        else:
            (signed if digest else unsigned).append((file, content))
    return signed, unsigned


def _parsed(
    folder: Folder, contents: Contents, schema: Mapping[str, Any], wanted: pl.Expr
) -> list[tuple[pl.DataFrame, int]]:
    """Return the wanted rows of tables, each with its number of files."""
    found = []
    for first in range(0, len(contents), FILES_AT_ONCE):
        some = _together(folder, contents[first : first + FILES_AT_ONCE], schema)
        found += [(frame.filter(wanted), count) for frame, count in some]
    return found


def _together(folder: Folder, contents: Contents, schema: Mapping[str, Any]) -> list[tuple[pl.DataFrame, int]]:
    """Return tables, each with its number of files: all at once, or one by one if a file has to be looked at."""
    try:
        frame = _frame([content for _, content in contents], schema)
        if _sound(frame).all():
            return [(frame, len(contents))]
    except FAULTS:
        pass
    found = (_parsed_alone(folder, file, content, schema) for file, content in contents)
    return [(frame, 1) for frame in found if frame is not None]


def _parsed_alone(folder: Folder, file: Path, content: bytes, schema: Mapping[str, Any]) -> pl.DataFrame | None:
    """Return one file's sound rows, or None, with a note, for a torn, foreign or newer file."""
    try:
        frame = _frame([content], schema)
    except FAULTS as fault:
        folder.note(f"{file} is skipped: {next(iter(str(fault).splitlines()), type(fault).__name__)}")
        return None
    newest = frame["schema"].max() if "schema" in schema else None
    if isinstance(newest, int) and newest > table.SCHEMA_VERSION:
        folder.note(f"{file} is skipped: a newer version wrote it (schema {newest}); update grokking-laws")
        return None
    sound = _sound(frame)
    if not sound.all():
        folder.note(f"{file}: {(~sound).sum()} of {frame.height} rows are skipped: they contradict themselves")
    return frame.filter(sound)


def _frame(contents: Sequence[bytes], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.read_parquet(list(contents), columns=list(schema)).match_to_schema(dict(schema))


def _sound(frame: pl.DataFrame) -> pl.Series:
    """Return one flag per row of replicas or of curves: whether it can be used."""
    if "schema" in frame.columns:
        return table.sound(frame)
    return frame.select(pl.all_horizontal(pl.col(KEYS).is_not_null())).to_series()
