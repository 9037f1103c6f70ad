"""A damaged table is seen before it is parsed: nothing wrong is read in silence, and the parser prints nothing."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from launches import facts, tiny
from made_up import points, row

from orchestrator.launch import train
from orchestrator.storage.results import Results
from orchestrator.storage.tables import UNSIGNED

IDS = ("a", "b", "c")
GRID = tuple(range(0, 110, 10))


def published(root: Path) -> Results:
    results = Results.at(str(root))
    for name in IDS:
        results.publish([row(name)], points(name, GRID))
    return results


def both(root: Path) -> tuple[pl.DataFrame, pl.DataFrame, list[str]]:
    """Return rows, curves and notes as a new process reads them."""
    results = Results.at(str(root))
    return results.replicas(), results.curves(IDS), results.notes


def spoilt(content: bytes, kind: str, source: random.Random) -> bytes:
    at = source.randrange(len(content))
    if kind == "cut":
        return content[:at]
    if kind == "zeroed":
        return content[:at] + bytes(len(content[at : at + 40])) + content[at + 40 :]
    flipped = content[at] ^ (1 << source.randrange(8))
    return content[:at] + bytes([flipped]) + content[at + 1 :]


def test_no_flip_cut_or_zeroed_range_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    results, source = published(tmp_path), random.Random(17)
    rows, curves, _ = both(tmp_path)
    files = [*results.files("replicas", ".parquet"), *results.files("curves", ".parquet")]
    for number in range(300):
        file = files[number % len(files)]
        sound = file.read_bytes()
        file.write_bytes(spoilt(sound, source.choice(("flip", "cut", "zeroed")), source))
        altered = file.read_bytes() != sound
        found, drawn, notes = both(tmp_path)
        assert any(f"{file} is skipped" in note for note in notes) == altered
        assert found.equals(rows.filter(pl.col("id").is_in(found["id"].to_list()))) and found.height >= 2
        assert drawn.equals(curves.filter(pl.col("id").is_in(drawn["id"].unique().to_list())))
        file.write_bytes(sound)
    assert capfd.readouterr() == ("", "")


def without_digest(root: Path) -> list[Path]:
    """Give all tables the names that older versions gave them."""
    results = Results.at(str(root))
    files = [*results.files("replicas", ".parquet"), *results.files("curves", ".parquet")]
    return [file.rename(file.with_name(f"{file.name[:32]}.parquet")) for file in files]


def test_tables_of_older_versions_are_read_and_said_so_once(tmp_path: Path) -> None:
    published(tmp_path)
    rows, curves, notes = both(tmp_path)
    assert notes == []
    without_digest(tmp_path)
    found, drawn, notes = both(tmp_path)
    assert found.equals(rows) and drawn.equals(curves) and notes == [UNSIGNED]


def test_damage_to_tables_of_older_versions_prints_no_trace(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    published(tmp_path)
    source = random.Random(3)
    for file in without_digest(tmp_path):
        sound = file.read_bytes()
        for kind in ("flip", "cut", "zeroed") * 10:
            file.write_bytes(spoilt(sound, kind, source))
            both(tmp_path)
        file.write_bytes(sound)
    assert capfd.readouterr() == ("", "")


def test_a_renamed_table_counts_as_damaged(tmp_path: Path) -> None:
    file = published(tmp_path).files("replicas", ".parquet")[0]
    file.rename(file.with_name(file.name.replace(file.name[33:49], "0" * 16)))
    assert both(tmp_path)[0].height == 2


def test_a_row_without_its_whole_curve_is_told_and_has_none(tmp_path: Path) -> None:
    results = published(tmp_path)
    older = {file.name for file in results.files("curves", ".parquet")}
    results.publish([row("a", steps=200), row("d", steps=200)], points("a", (*GRID, 200)))
    (newer,) = (file for file in results.files("curves", ".parquet") if file.name not in older)
    newer.write_bytes(newer.read_bytes()[:-1])
    again = Results.at(str(tmp_path))
    assert set(again.curves([*IDS, "d"])["id"]) == {"b", "c"}
    assert again.notes[1:] == ["2 runs have a row and no whole curve: measures and pictures do without them"]
    again.curves(["a"])
    assert len(again.notes) == 2


def test_replicas_of_a_damaged_table_are_trained_again(tmp_path: Path) -> None:
    made = tiny(tmp_path / "whole")
    train(made, silent=True)
    shutil.copytree(tmp_path / "whole", tmp_path / "spoilt")
    for file in (tmp_path / "spoilt" / "replicas").iterdir():
        file.write_bytes(file.read_bytes()[:-4] + b"none")
    again = tiny(tmp_path / "spoilt")
    assert again.plan().done == 0
    train(again, silent=True)
    assert facts(again) == facts(made)
