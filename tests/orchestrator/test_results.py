"""The results: published whole, read once per id, and robust against files that are not ours."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest
from made_up import points, row

from orchestrator.storage.results import RUNNING_S, BadInputError, Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results.at(str(tmp_path / "runs"))


def test_published_rows_and_curves_come_back(results: Results) -> None:
    results.publish([row("a"), row("b")], points("a"))
    assert results.replicas()["id"].to_list() == ["a", "b"]
    assert results.curves(["a"])["step"].to_list() == [0, 10]


def test_the_row_watched_longest_counts_and_points_count_once(results: Results) -> None:
    results.publish([row(steps=200, status="observed")], points(steps=(0, 10, 20)))
    results.publish([row(steps=100)], points(steps=(0, 10)))
    assert results.replicas().select("steps", "status").rows() == [(200, "observed")]
    assert results.curves(["a"])["step"].to_list() == [0, 10, 20]


@pytest.mark.parametrize("content", [b"", b"PAR1 torn", b"not parquet at all"])
def test_torn_files_are_reported_and_skipped_and_kept(results: Results, content: bytes) -> None:
    results.publish([row()], points())
    torn = results.root / "replicas" / "torn.parquet"
    torn.write_bytes(content)
    assert results.replicas()["id"].to_list() == ["a"]
    assert len(results.notes) == 1 and "torn.parquet is skipped" in results.notes[0]
    assert torn.read_bytes() == content


def test_foreign_tables_are_reported_and_skipped(results: Results) -> None:
    results.publish([row()], points())
    pl.DataFrame({"unrelated": [1]}).write_parquet(results.root / "replicas" / "foreign.parquet")
    assert results.replicas()["id"].to_list() == ["a"]
    assert "foreign.parquet" in results.notes[0]


def test_half_written_files_stay_invisible(results: Results) -> None:
    results.publish([row()], points())
    (results.root / "replicas" / ".half.part").write_bytes(b"half")
    assert results.replicas().height == 1 and not results.notes


def test_the_newest_two_checkpoints_stay(results: Results) -> None:
    for step in (10, 20, 100, 90):
        results.save_checkpoint("a", step, b"state %d" % step)
    assert results.checkpoint_steps("a") == [90, 100]
    assert results.load_checkpoint("a", 100) == b"state 100"
    results.drop_checkpoints("a")
    assert results.checkpoint_steps("a") == []


def test_storage_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for storage in (str(tmp_path / "file" / "runs"), "s3://bucket/runs", "/proc/runs"):
        with pytest.raises(BadInputError, match="give") as fault:
            Results.at(storage).ready()
        assert "\n" not in str(fault.value)


def test_a_pack_counts_as_running_while_it_reports_and_until_it_ends(tmp_path: Path) -> None:
    results = Results.at(str(tmp_path))
    for pack in ("here", "gone", "ended"):
        results.progress(pack, {"pack": pack, "training": 1, "step": 10})
    long_ago = time.time() - RUNNING_S - 1
    os.utime(tmp_path / "progress" / "gone.json", (long_ago, long_ago))
    results.progress("ended", None)
    assert [pack["pack"] for pack in results.running()] == ["here"]
