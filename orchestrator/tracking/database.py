"""The MLflow database beside the results: what is wrong with it, how it is reached, how an old one is kept.

MLflow retries for minutes on a database that it cannot use, so SQLite alone looks at it first.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

DATABASE = "mlflow.db"
SIDES = ("", "-journal", "-wal", "-shm")
LOCKED_S, THOROUGH_S = 2.0, 5.0
MIGRATIONS = Path("store") / "db_migrations" / "versions"
HELD = "end what holds it"
REBUILD = "'python -m orchestrator ui --rebuild' keeps it as a backup and makes it anew"


def fault_of(file: Path, *, thorough: bool = False) -> str | None:
    """Return why MLflow could not use a database, with what to do; None if it can, or can make it.

    A thorough look reads every page, for a few seconds at most.
    """
    try:
        kind = file.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as fault:
        return f"{file} cannot be read ({fault.strerror}); mend the path or give another --storage"
    if not stat.S_ISREG(kind):
        return f"{file} is a {'folder' if stat.S_ISDIR(kind) else 'special file'}, not a database; {REBUILD}"
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=LOCKED_S, isolation_level=None)) as connection:
            return _fault_inside(file, connection) or (_damage(file, connection) if thorough else None)
    except sqlite3.Error as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return f"{file} is locked by another process; {HELD}"
        if "readonly" in str(fault) or not os.access(file, os.W_OK):
            return f"{file} is read-only; make it writable, or {REBUILD}"
        return f"{file}: {fault}; {REBUILD}"


def _fault_inside(file: Path, connection: sqlite3.Connection) -> str | None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("CREATE TABLE grokking_laws_probe (x)")  # takes the journal too; rolled back below
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables -= {"grokking_laws_probe", "sqlite_sequence"}
    found = []
    if "alembic_version" in tables:
        found = [str(row[0]) for row in connection.execute("SELECT * FROM alembic_version")]
    connection.execute("ROLLBACK")
    if not tables:
        return None
    if not {"alembic_version", "experiments", "runs"} <= tables or not found:
        return f"{file} holds no whole MLflow database; {REBUILD}"
    known = _revisions()
    if known and (unknown := [revision for revision in found if revision not in known]):
        words = f"its schema {unknown[0][:40]!r} is unknown to mlflow {metadata.version('mlflow')}"
        return f"{file}: {words}; update mlflow, or {REBUILD}"
    return None


def _damage(file: Path, connection: sqlite3.Connection) -> str | None:
    until = time.monotonic() + THOROUGH_S
    connection.set_progress_handler(lambda: time.monotonic() > until, 100_000)
    try:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as fault:
        if "interrupted" in str(fault):
            return None
        raise
    return None if found == "ok" else f"{file} is damaged ({' '.join(str(found).split())[:100]}); {REBUILD}"


@cache
def _revisions() -> frozenset[str]:
    """Return the schemas that the installed MLflow knows, read from its migrations without importing it."""
    found = find_spec("mlflow")
    folders = found.submodule_search_locations if found else None
    texts = [
        file.read_text("utf-8") for folder in folders or () for file in sorted((Path(folder) / MIGRATIONS).glob("*.py"))
    ]
    matches = (re.search(r"^revision\b.*?=\s*[\"'](\w+)[\"']", text, re.MULTILINE) for text in texts)
    return frozenset(match[1] for match in matches if match)


def file_of(uri: str) -> Path | None:
    """Return the file that a tracking URI names, or None if it names none.

    >>> file_of("sqlite:////tmp/a.db"), file_of("http://127.0.0.1:5000")
    (PosixPath('/tmp/a.db'), None)
    """
    match = re.fullmatch(r"sqlite:///([^?]+)", uri)
    return Path(unquote(match[1])) if match and match[1] != ":memory:" else None


@contextlib.contextmanager
def plain(root: Path) -> Iterator[Path]:
    """Yield a path to a folder that can stand in a database URI: itself, or a short link while it is needed.

    SQLAlchemy ends a path at ``?`` and takes ``%`` and two digits for one character.
    """
    if not {"%", "?"} & set(str(root)):
        yield root
        return
    odd = {"%", "?"} & set(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix="grokking-laws-", dir="/tmp" if odd else None) as folder:
        link = Path(folder) / "storage"
        link.symlink_to(root)
        yield link


def set_aside(root: Path) -> Path | None:
    """Rename the database, whatever it is, to a name that no earlier backup has; return it, or None without one."""
    if not os.path.lexists(root / DATABASE):
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while any(os.path.lexists(root / f"{DATABASE}.backup-{stamp}-{number}{side}") for side in SIDES):
        number += 1
    for side in SIDES:
        if os.path.lexists(root / f"{DATABASE}{side}"):
            (root / f"{DATABASE}{side}").rename(root / f"{DATABASE}.backup-{stamp}-{number}{side}")
    return root / f"{DATABASE}.backup-{stamp}-{number}"


def experiments(root: Path) -> list[tuple[str, str]]:
    """Return id and name of the experiments in a database, the one that changed last first; none without one."""
    file = root / DATABASE
    if not file.is_file() or not file.stat().st_size:
        return []
    wanted = (
        "SELECT experiment_id, name FROM experiments WHERE lifecycle_stage = 'active' AND name != 'Default' "
        "ORDER BY last_update_time DESC, experiment_id DESC"
    )
    with contextlib.closing(sqlite3.connect(file, timeout=LOCKED_S)) as connection:
        return [(str(number), str(name)) for number, name in connection.execute(wanted)]
