"""Full disks, lost MLflow, signals, launches that overlap: nothing that ended is lost, and nothing counts twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from launches import TINY_SET, facts, flags, tiny

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.storage import tables
from orchestrator.storage.results import STALE_S, BadInputError, Results
from orchestrator.study.state import read
from orchestrator.tracking import mirror, mlflow_runs
from trainables.store import Pace


def test_overlapping_launches_count_a_replica_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both plans are made before either trains, as by two processes that start at once."""
    fixed = TINY_SET[:-1]
    left = tiny(tmp_path, changes=(*fixed, "kl_strength=0.03,0.1"))
    right = tiny(tmp_path, changes=(*fixed, "kl_strength=0.1,1"))
    plan = right.plan()
    train(left, silent=True)
    monkeypatch.setattr(type(right), "plan", lambda study, asked=None: plan)
    train(right, silent=True)
    monkeypatch.undo()
    raw = pl.read_parquet(list((tmp_path / "replicas").glob("*.parquet")))
    assert raw.height == 8 and raw["id"].n_unique() == 6
    for made in (left, right):
        written = report.write(read(made))
        assert (written["replicas"], written["censored"], written["missing"]) == (4, 4, 0)
        assert sum(level["runs"] for level in written["levels"]) == 4
    whole = tiny(tmp_path / "whole")
    train(whole, silent=True)
    assert facts(tiny(tmp_path)) == facts(whole)


def test_storage_that_cannot_be_listed_costs_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "replicas").write_text("a file where a folder should be")
    assert main([*flags(tmp_path, budget=60), "--backend", "in_process"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: Not a directory") and err.count("\n") == 1


def test_the_results_write_nothing_outside_the_storage(tmp_path: Path) -> None:
    results = Results.at(str(tmp_path / "runs"))
    with pytest.raises(BadInputError, match="lies outside the storage"):
        results.write_text(Path("..") / "elsewhere.txt", "x")
    assert not (tmp_path / "elsewhere.txt").exists()


def test_sigterm_saves_what_is_unfinished_and_ends_with_130(storage: Path) -> None:
    words = [sys.executable, "-m", "orchestrator", *flags(storage, budget=10**6, seeds=1), "--backend", "in_process"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as launch:
        assert launch.stdout is not None and launch.stderr is not None
        assert any("replica-steps/s" in line for line in launch.stdout)  # the first chunk of a pack has been trained
        launch.send_signal(signal.SIGTERM)
        err = launch.stderr.read()
    assert launch.returncode == 130
    assert err.splitlines()[-1] == "interrupted; what ended is kept, launch again to go on"
    ids = [replica.id for replica in tiny(storage, seeds=1).plan().missing]
    results = Results.at(str(storage))
    assert len(ids) == 3 and any(results.checkpoint_steps(name) for name in ids)  # those of the pack that was running


def test_checkpoints_and_leftovers_that_nobody_needs_go(tmp_path: Path) -> None:
    made = tiny(tmp_path)
    train(made, silent=True)
    results, censored = made.results, made.rows()["id"][0]
    seen = made.rows().head(1).with_columns(pl.lit("f" * 12).alias("id"), pl.lit("observed").alias("status"))
    tables.publish(results, "replicas", "0" * 32, seen)
    results.save_checkpoint("f" * 12, 10, b"of one that ended")
    results.save_checkpoint("e" * 12, 10, b"of one that another study trains")
    old, young = tmp_path / "replicas" / ".old.part", tmp_path / "replicas" / ".young.part"
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (0, time.time() - STALE_S - 10))
    results.prune([])
    kept = {name: results.checkpoint_steps(name) for name in (censored, "e" * 12, "f" * 12)}
    assert kept == {censored: [60], "e" * 12: [10], "f" * 12: []}
    assert young.exists() and not old.exists()


def test_a_lost_database_is_made_again_by_the_next_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = tiny(tmp_path)
    train(made, silent=True)
    written = report.write(read(made))
    assert mirror.bring_up(made, written) is None
    mirrored: list[str] = []
    monkeypatch.setattr(mlflow_runs, "bring_up", lambda client, study, facts, went_on: mirrored.append(study.slug))
    assert mirror.bring_up(made, written) is None and mirrored == []
    (tmp_path / "mlflow.db").unlink()
    words = [*flags(tmp_path, budget=60), "--backend", "in_process"]
    assert main(words) == 0
    assert mirrored == [made.slug]


def test_mlflow_that_was_away_is_tried_again_by_the_next_launch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tiny(tmp_path)
    train(made, silent=True)
    written = report.write(read(made))
    with monkeypatch.context() as away:
        away.setattr(mlflow_runs, "bring_up", raising(ConnectionRefusedError("down")))
        assert "the next launch tries again" in str(mirror.bring_up(made, written))
    assert mirror.bring_up(made, written) is None
    assert mirror.mirror(made, written) is None


def test_slow_mlflow_holds_a_launch_up_for_a_set_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tiny(tmp_path)
    train(made, silent=True)
    monkeypatch.setattr(mlflow_runs, "MIRROR_S", -1.0)
    assert "MLflow is slow, 0 of 6 new replicas" in str(mirror.mirror(made, report.write(read(made))))


def test_no_password_is_printed_or_stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    uri = "http://ada:s3cret@127.0.0.1:9/?token=t0ken"
    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    try:
        words = [*flags(tmp_path, budget=20), "--backend", "in_process", "--tracking-uri", uri]
        assert main(words) == 0
    finally:
        del os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]
    out, err = capsys.readouterr()
    assert "not mirrored to MLflow" in err
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in ("s3cret", "t0ken"):
        assert secret not in out + err and secret.encode() not in stored


def test_a_password_in_a_wrong_flag_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["launch", "kl_scaling", "surplus://ada:s3cret@host"]) == 2
    err = capsys.readouterr().err
    assert "s3cret" not in err and "surplus://***@host" in err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB, too small for checkpoints of six tiny networks."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=False)
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_is_full_costs_lines_and_no_results(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainables.run.Pace", lambda: Pace(patience_s=0.0, retry_s=0.0))  # by default 10 minutes
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(456 * 1024))
    assert main([*flags(small_disk / "runs", budget=60), "--backend", "in_process"]) in {1, 2}
    err = capsys.readouterr().err
    assert "No space left on device" in err and "Traceback" not in err
    assert not list(small_disk.rglob("*.part"))
    ballast.unlink()
    made = tiny(small_disk / "runs")
    train(made, silent=True)
    whole = tiny(tmp_path / "whole")
    train(whole, silent=True)
    assert facts(made) == facts(whole)


def raising(fault: Exception) -> object:
    def call(*words: object) -> None:
        raise fault

    return call
