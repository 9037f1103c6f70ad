"""The doctor: one line per check, what to do where something is wrong, and servers on loopback only."""

from __future__ import annotations

import json
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.tracking.database import DATABASE
from orchestrator.verbs import checks


def examined(storage: Path) -> dict[str, checks.Check]:
    return {check.name: check for check in checks.examine(str(storage))}


def test_a_sound_machine_passes_and_nothing_is_left_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--storage", str(tmp_path), "--json"]) == 0
    found = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert {"python", "packages", "disk", "storage", "results", "mlflow"} <= found.keys()
    assert found["storage"]["state"] == found["packages"]["state"] == "ok"
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".lock"]


def test_unwritable_storage_fails_with_a_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--storage", "/proc/runs"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("fail  storage") and "give another path with --storage" in last


def test_a_full_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda folder: usage(free=2**20))
    check = examined(tmp_path)["disk"]
    assert check.state == "fail" and "make room" in check.finding


def test_a_wrong_version_is_named_with_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = checks.metadata.version
    monkeypatch.setattr(checks.metadata, "version", lambda name: "1.0" if name == "ray" else sound(name))
    check = examined(tmp_path)["packages"]
    assert check.state == "fail" and "ray 1.0 (wanted" in check.finding and "pip install" in check.finding


def test_a_database_that_mlflow_could_not_use_fails(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"no database")
    check = examined(tmp_path)["mlflow"]
    assert check.state == "fail" and "--rebuild" in check.finding


def test_files_that_cannot_be_read_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "replicas").mkdir()
    (tmp_path / "replicas" / "torn.parquet").write_bytes(b"PAR1")
    check = examined(tmp_path)["results"]
    assert check.state == "warn" and "torn.parquet is skipped" in check.finding


def test_a_local_ray_listens_on_loopback_without_a_dashboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ray
    from launches import tiny

    from orchestrator.backends import ray_tune
    from orchestrator.backends._job import Job
    from orchestrator.study.resources import request

    asked: dict[str, Any] = {}
    monkeypatch.setattr(ray, "init", lambda **words: asked.update(words))
    made = tiny(tmp_path)
    ray_tune._connect(Job(made.plan(), made.results, request(cpus=1), "cpu", lambda facts: None), "/tmp/ray-x")
    assert (asked["address"], asked["_node_ip_address"], asked["include_dashboard"]) == ("local", "127.0.0.1", False)


def test_a_ray_that_does_not_start_costs_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import ray
    from launches import flags

    def broken(**words: Any) -> None:
        raise RuntimeError("no room in /dev/shm\nand a long story")

    monkeypatch.setattr(ray, "init", broken)
    assert main(flags(tmp_path, budget=20)) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: Ray does not start: no room in /dev/shm; run") and err.count("\n") == 1
