"""Where results may lie: names are names and never patterns, links are followed, nothing is made by looking."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from launches import flags, tiny
from made_up import points, row

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.storage.results import STALE_S, BadInputError, Results
from orchestrator.study.state import read

NAMES = ["br[1]", "a*[b]", "{x}", "?", "a b", "100%", "%41", "a#b", "größe-日本", "id=5", "$HOME", "a\\b", "'q\""]


@pytest.mark.parametrize("name", NAMES)
def test_results_are_found_again_whatever_their_folder_is_called(tmp_path: Path, name: str) -> None:
    storage = str(tmp_path / name / "runs[0-9]*")
    results = Results.at(storage)
    results.publish([row("a")], points("a"))
    results.save_checkpoint("a", 10, b"state")
    again = Results.at(storage)
    assert again.replicas()["id"].to_list() == ["a"] and again.curves(["a"]).height == 2
    assert again.checkpoint_steps("a") == [10] and again.notes == []
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_study_ends_and_is_reported_under_such_a_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = tmp_path / "a*[b] {x}?%#ü"
    made = tiny(storage, changes=(*tiny(storage).options.changes[:-1], "kl_strength=0.1"), seeds=1)
    train(made, silent=True)
    report.write(read(made))
    assert made.plan().left == 0 and report.current(read(made)) is not None
    assert main(["status", "kl_scaling", "--storage", str(storage)]) == 0
    assert capsys.readouterr().err == ""


def loop(folder: Path) -> str:
    (folder / "left").symlink_to(folder / "right")
    (folder / "right").symlink_to(folder / "left")
    return str(folder / "left" / "runs")


def file_in_the_way(folder: Path) -> str:
    (folder / "file").write_text("")
    return str(folder / "file" / "runs")


BAD: dict[str, Callable[[Path], str]] = {
    "a loop of links": loop,
    "a file in the way": file_in_the_way,
    "no UTF-8": lambda folder: os.fsdecode(os.fsencode(folder) + b"/caf\xe9"),
    "a zero byte": lambda folder: f"{folder}/a\0b",
    "a line break": lambda folder: f"{folder}/a\nb",
    "an unknown user": lambda folder: "~nosuchuser/x",
    "nothing": lambda folder: "",
    "an endless name": lambda folder: str(folder / ("x" * 300)),
    "a scheme": lambda folder: "S3://bucket/runs",
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("verb", ["launch", "status", "report"])
def test_what_cannot_be_a_folder_is_refused_in_one_line(
    tmp_path: Path, kind: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = BAD[kind](tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert main([verb, "kl_scaling", f"--storage={storage}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: storage ") and err.count("\n") == 1 and "give" in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("verb", ["show", "status"])
def test_looking_makes_no_folder(tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "kl_scaling", "--storage", str(tmp_path / "new" / "runs")]) == 0
    assert list(tmp_path.iterdir()) == []


def test_folders_may_be_links_to_another_disk(tmp_path: Path) -> None:
    root, disk = tmp_path / "runs", tmp_path / "disk"
    root.mkdir()
    for name in Results.FOLDERS:
        (disk / name).mkdir(parents=True)
        (root / name).symlink_to(disk / name)
    made = tiny(root, changes=(*tiny(root).options.changes[:-1], "kl_strength=0.1"), seeds=1)
    train(made, silent=True)
    report.write(read(made))
    assert made.plan().left == 0 and made.results.notes == []
    assert {file.parent.parent.name for file in disk.glob("*/*.parquet")} == {"disk"}
    leftover = disk / "replicas" / ".half.part"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, time.time() - STALE_S - 10))
    made.results.prune([])
    assert not leftover.exists() and not list(root.glob("*.parquet"))


@pytest.mark.parametrize("name", ["replicas", "curves", "checkpoints", "registrations"])
def test_a_link_that_leads_nowhere_is_refused_before_training(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).symlink_to(tmp_path / "disk that is away")
    with pytest.raises(BadInputError, match="leads nowhere"):
        Results.at(str(tmp_path)).ready()
    assert main([*flags(tmp_path, budget=60), "--backend", "in_process"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_names_that_lead_out_of_the_storage_are_refused(tmp_path: Path) -> None:
    results = Results.at(str(tmp_path / "runs"))
    for name in ("../a.txt", "reports/../../a.txt", str(tmp_path / "a.txt")):
        with pytest.raises(BadInputError, match="lies outside the storage"):
            results.write_text(Path(name), "x")
    assert list(tmp_path.iterdir()) == []
