"""Any usual file that holds a table becomes a frame: separated text in any encoding, JSON, parquet, packed or not."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from orchestrator.fit.dialects import NoTableError, sheet
from orchestrator.storage.results import BadInputError
from orchestrator.terminal.silence import quiet
from trainables.names import near_match

PACKED: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\x00": lzma.decompress,
}
BINARY: Mapping[bytes, Callable[..., pl.DataFrame]] = {b"PAR1": pl.read_parquet, b"ARROW1": pl.read_ipc}
FOREIGN = {
    b"PK\x03\x04": "an Excel file or another zip archive",
    b"\xd0\xcf\x11\xe0": "an Excel file",
    b"SQLite format 3": "an SQLite database",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"\x28\xb5\x2f\xfd": "a file packed by zstd",
    b"%PDF": "a PDF",
}
FAULTS = (
    *(OSError, EOFError, MemoryError, zlib.error, lzma.LZMAError),
    *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
)
MARKS = {  # the longer ones first
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
NAMED = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32", "cp1252": "Latin-1"}
SUFFIXES = (
    ".csv",
    ".tsv",
    ".tab",
    ".txt",
    ".dat",
    ".jsonl",
    ".ndjson",
    ".parquet",
    ".pq",
    ".feather",
    ".arrow",
    ".json",
)
ABOVE = ("config", "params", "hparams", "hyperparameters", "metrics")  # what W&B, MLflow and Ray write before a name
PACKED_SUFFIXES = (".gz", ".bz2", ".xz")


@dataclass(frozen=True)
class Table:
    """A file's rows, as text, and the guesses about how it is written, in words."""

    file: Path
    rows: pl.DataFrame
    guessed: str = ""

    def with_names(self, wanted: Sequence[str]) -> Table:
        """Return the table with wanted columns such as ``config/wd`` or ``params.wd`` under their last name."""
        parts = {name: name.replace("/", ".").split(".") for name in self.rows.columns}
        found = {}
        for name in wanted:
            among = [each for each, (*above, last) in parts.items() if last == name and above and above[0] in ABOVE]
            if name not in parts and len(among) == 1:
                found[among[0]] = name
        told = [self.guessed] * bool(self.guessed) + [f"{new} from {old}" for old, new in found.items()]
        return Table(self.file, self.rows.rename(found), ", ".join(told)) if found else self

    def need(self, columns: Sequence[str]) -> None:
        """Raise BadInputError, with the existing columns, unless all of these exist."""
        if absent := [name for name in columns if name not in self.rows.columns]:
            hint = near_match(absent[0], self.rows.columns)
            known = ", ".join(self.rows.columns)
            raise BadInputError(f"{self.file} has no column {', '.join(map(repr, absent))}{hint}; columns: {known}")


def read_table(file: Path) -> Table:
    """Return what a file holds, judged by its content rather than by its name.

    Raises: BadInputError in one line if it cannot be read or has no rows.
    """
    try:
        rows, guessed = _table(_unpacked(file.read_bytes()))
    except IsADirectoryError:
        raise BadInputError(f"{file} is a folder; give a file, or its curves with --curves") from None
    except NoTableError as fault:
        raise BadInputError(f"{file} {fault}") from None
    except FAULTS as fault:
        why = getattr(fault, "strerror", None) or next(iter(str(fault).splitlines()), type(fault).__name__)
        raise BadInputError(f"{file} cannot be read: {why}") from None
    if rows.is_empty():
        raise BadInputError(f"{file} has no rows")
    return Table(file, rows, ", ".join(guessed))


def stem(file: Path) -> str:
    """Return a file's name without the suffixes of a table; a point inside a number does not begin a suffix.

    >>> stem(Path("wd=0.3.CSV.gz")), stem(Path("runs/wd=0.3"))
    ('wd=0.3', 'wd=0.3')
    """
    name = file.name
    for suffixes in (PACKED_SUFFIXES, SUFFIXES):
        name = next((name[: -len(each)] for each in suffixes if name.lower().endswith(each)), name)
    return name or file.name


def _unpacked(data: bytes) -> bytes:
    for head, unpack in PACKED.items():
        if data.startswith(head):
            return unpack(data)
    return data


def _table(data: bytes) -> tuple[pl.DataFrame, list[str]]:
    for head, kind in FOREIGN.items():
        if data.startswith(head):
            raise NoTableError(f"is {kind}; save the table as CSV and give that file")
    for head, read in BINARY.items():
        if data.startswith(head):
            with quiet(Path(os.devnull)):  # the parser prints a trace of its own where the file is damaged
                return read(io.BytesIO(data)), []
    text, encoding = _text(data)
    guessed = [NAMED[encoding]] if encoding in NAMED else []
    if text.lstrip()[:1] in ("{", "["):
        rows, torn = _from_json(text)
        return rows, [*guessed, *torn]
    found = sheet(text)
    columns = list(zip(*found.rows, strict=True)) or [()] * len(found.names)
    cells = {name: [cell or None for cell in column] for name, column in zip(found.names, columns, strict=True)}
    rows = pl.DataFrame(cells, schema=dict.fromkeys(found.names, pl.String))
    return rows, [*found.guessed, *guessed]


def _text(data: bytes) -> tuple[str, str]:
    """Return the text and its encoding: by its mark, else UTF-8 if that fits, UTF-16 by its zeros, or Latin-1.

    Raises: NoTableError if it is not text.
    """
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), None)
    if encoding is None and data[:1000].count(0) * 3 > len(data[:1000]):
        encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
    for name in (encoding,) if encoding else ("utf-8", "cp1252", "latin-1"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text, "cp1252" if name == "latin-1" else name
    raise NoTableError("is not a text with a table; save the table as CSV and give that file")


def _from_json(text: str) -> tuple[pl.DataFrame, list[str]]:
    """Return the rows of JSON and the guesses: a list of records, one record per line, or lists by column.

    Raises: NoTableError if it holds anything else.
    """
    try:
        lines = [line for line in text.splitlines() if line.strip()]
        if text.lstrip()[0] == "[" or len(lines) == 1 or not _is_json(lines[0]):
            return _frame(_records(json.loads(text))), []
        torn = not text.endswith("\n") and not _is_json(lines[-1])
        rows = _frame(_records([json.loads(line) for line in lines[: len(lines) - torn]]))
        return rows, ["without the last line, which is torn"] * torn
    except NoTableError:
        raise
    except (ValueError, RecursionError) as fault:
        raise NoTableError(f"cannot be read as JSON: {str(fault).splitlines()[0]}") from None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _records(facts: Any) -> list[dict[str, Any]]:
    if isinstance(facts, dict) and isinstance(facts.get("columns"), list) and isinstance(facts.get("data"), list):
        facts = [dict(zip(facts["columns"], row, strict=True)) for row in facts["data"]]
    elif isinstance(facts, dict) and isinstance(facts.get("data"), list):
        facts = facts["data"]
    elif isinstance(facts, dict) and facts and all(isinstance(column, list) for column in facts.values()):
        facts = [dict(zip(facts, row, strict=True)) for row in zip(*facts.values(), strict=True)]
    elif isinstance(facts, dict) and facts and all(isinstance(column, dict) for column in facts.values()):
        keys = list(dict.fromkeys(key for column in facts.values() for key in column))
        facts = [{name: column.get(key) for name, column in facts.items()} for key in keys]
    elif isinstance(facts, dict):
        facts = [facts]
    if not isinstance(facts, list) or not all(isinstance(record, dict) for record in facts):
        raise NoTableError("holds JSON that is no list of records")
    return [dict(_flat(record)) for record in facts]


def _flat(record: Mapping[str, Any], above: str = "") -> Sequence[tuple[str, Any]]:
    """Return the leaves of a record; names of inner levels follow after a slash."""
    found: list[tuple[str, Any]] = []
    for name, value in record.items():
        found += _flat(value, f"{above}{name}/") if isinstance(value, dict) else [(f"{above}{name}", value)]
    return found


def _frame(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return records as a frame: numbers as floats, everything else as text."""
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {}
    for name in names:
        values = [record.get(name) for record in records]
        plain = all(
            value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values
        )
        cells = [None if value is None else (float(value) if plain else _word(value)) for value in values]
        columns[name] = pl.Series(name, cells, dtype=pl.Float64 if plain else pl.String)
    return pl.DataFrame(columns)


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)
