"""Ray's files lie in a short, private folder, whatever TMPDIR says; the doctor says the same as a launch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from orchestrator.backends import _private
from orchestrator.storage.results import BadInputError
from orchestrator.verbs import checks


def test_a_short_folder_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/tmp")
    assert _private.place() == (Path("/tmp"), "")


@pytest.mark.parametrize("kind", ["long", "missing", "file", "relative"])
def test_another_place_is_found_and_told(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.chdir(tmp_path)
    wanted = {"long": str(long), "missing": "/no/such", "file": str(file), "relative": long.name}[kind]
    monkeypatch.setenv("TMPDIR", wanted)
    place, reason = _private.place()
    assert place == Path("/tmp") and wanted in reason and reason.endswith("Ray's files go to /tmp")
    assert checks._temporary().state in {"warn", "fail"} and wanted in checks._temporary().finding


def test_without_any_short_place_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_private, "LONGEST_PLACE", 3)
    monkeypatch.setenv("TMPDIR", "/tmp")
    with pytest.raises(BadInputError, match="set TMPDIR to a folder"):
        _private.place()
    assert checks._temporary().state == "fail"


def test_the_folder_is_closed_to_others_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/tmp")
    with _private.folder() as made:
        assert os.stat(made).st_mode & 0o077 == 0
        sockets = Path(made, *Path(_private.WITHIN).parts[2:])
        assert len(os.fsencode(sockets)) <= _private.SOCKET_BYTES
    assert not Path(made).exists()


def test_what_killed_launches_have_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_private, "place", lambda: (tmp_path, ""))
    old, young, used, foreign = (tmp_path / f"ray-{name}" for name in ("old", "young", "used", "foreign"))
    for folder in (old, young, used, foreign):
        (folder / "r").mkdir(parents=True)
        (folder / "r" / "log").touch()
    for folder in (old, young, used):
        (folder / _private.IN_USE).touch()
    for folder in (old, used, foreign):
        for file in (folder, *folder.iterdir()):
            os.utime(file, (0, 0))
    with FileLock(used / _private.IN_USE):
        os.utime(used / _private.IN_USE, (0, 0))
        with _private.folder() as made:
            kept = {young.name, used.name, foreign.name, Path(made).name}
            assert {each.name for each in tmp_path.iterdir()} == kept
