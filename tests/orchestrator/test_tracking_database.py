"""The database is looked at before MLflow does: what it could not use is named at once, whatever the path."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.tracking.database import DATABASE, SIDES, _revisions, fault_of, file_of, plain, set_aside

HEADER = b"SQLite format 3\x00"


def written(file: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def of_mlflow(file: Path, *revisions: str) -> None:
    tables = ("experiments (experiment_id, name)", "runs (x)", "alembic_version (version_num)")
    versions = [f"INSERT INTO alembic_version VALUES ('{revision}')" for revision in revisions]
    written(file, *(f"CREATE TABLE {table}" for table in tables), *versions)


FAULTY: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (lambda file: file.mkdir(), "is a folder"),
    "pipe": (os.mkfifo, "is a special file"),
    "loop": (lambda file: file.symlink_to(file), "cannot be read"),
    "text": (lambda file: file.write_text("no database " * 100), "not a database"),
    "short": (lambda file: file.write_bytes(b"\x00\xff"), "not a database"),
    "header alone": (lambda file: file.write_bytes(HEADER + bytes(4096)), "mlflow.db"),
    "of another program": (lambda file: written(file, "CREATE TABLE songs (x)"), "no whole MLflow database"),
    "half made": (lambda file: written(file, "CREATE TABLE experiments (x)"), "no whole MLflow database"),
    "newer": (lambda file: of_mlflow(file, "ffff12345678"), "'ffff12345678' is unknown to mlflow"),
    "without a version": (lambda file: of_mlflow(file), "no whole MLflow database"),
}


@pytest.mark.parametrize("make, words", FAULTY.values(), ids=FAULTY)
def test_what_mlflow_could_not_use_is_named_in_one_line(
    tmp_path: Path, make: Callable[[Path], object], words: str
) -> None:
    make(tmp_path / DATABASE)
    reason = fault_of(tmp_path / DATABASE)
    assert reason is not None and words in reason and "\n" not in reason


def test_what_mlflow_can_use_or_make_passes_and_stays_as_it_is(tmp_path: Path) -> None:
    absent, empty, sound = (tmp_path / name for name in ("absent.db", "empty.db", "sound.db"))
    empty.touch()
    of_mlflow(sound, sorted(_revisions())[0])
    before = sound.read_bytes()
    assert [fault_of(file) for file in (absent, empty, sound)] == [None, None, None]
    assert not absent.exists() and empty.read_bytes() == b"" and sound.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty.db", "sound.db"]


def test_a_locked_database_names_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.tracking.database.LOCKED_S", 0.05)
    of_mlflow(tmp_path / DATABASE, sorted(_revisions())[0])
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert "is locked by another process; end what holds it" in str(fault_of(tmp_path / DATABASE))
    assert fault_of(tmp_path / DATABASE) is None


def test_a_damaged_page_is_found_by_a_thorough_look(tmp_path: Path) -> None:
    file = tmp_path / DATABASE
    of_mlflow(file, sorted(_revisions())[0])
    written(file, "CREATE INDEX by_x ON runs (x)", *(f"INSERT INTO runs VALUES ('{'x' * 500}{n}')" for n in range(99)))
    assert fault_of(file, thorough=True) is None
    content = bytearray(file.read_bytes())
    content[-8192:] = bytes(8192)
    file.write_bytes(content)
    assert "--rebuild" in str(fault_of(file, thorough=True))


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    file = tmp_path / DATABASE
    of_mlflow(file, sorted(_revisions())[0])
    file.chmod(0o444)
    yield file


def test_a_read_only_database_is_named(read_only: Path) -> None:
    assert "read-only" in str(fault_of(read_only))


def test_the_schemas_that_the_installed_mlflow_knows_are_found() -> None:
    from mlflow.store.db.utils import _get_latest_schema_revision

    assert _get_latest_schema_revision() in _revisions()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("name", ["plain", "a%20b", "what?", "50%", "a b[1]#ü"])
def test_every_folder_is_reached_by_a_path_that_can_stand_in_a_uri(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    root.mkdir()
    with plain(root) as found:
        (found / "here").touch()
        assert not {"%", "?"} & set(str(found))
    assert [file.name for file in root.iterdir()] == ["here"]


def test_backups_are_never_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "20260101-000000")  # all in one second
    kept = []
    for content in ("first", "second", "third"):
        for side in SIDES[:2]:
            (tmp_path / f"{DATABASE}{side}").write_text(content)
        kept.append(set_aside(tmp_path))
    assert [file.read_text() for file in kept if file] == ["first", "second", "third"]
    assert all(file and Path(f"{file}-journal").exists() for file in kept)
    assert set_aside(tmp_path) is None


def test_only_uris_of_files_name_a_file() -> None:
    assert file_of("sqlite:////tmp/a%20b.db?x=1") is None and file_of("postgresql://host/db") is None
    assert file_of("sqlite:///:memory:") is None and file_of("sqlite:////tmp/a%20b.db") == Path("/tmp/a b.db")
