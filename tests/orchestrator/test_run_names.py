"""Numbers in the names of files and folders are read as they were meant, or refused with what was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.fit.curve_files import files_of, names_of, own_parts
from orchestrator.fit.run_names import UnclearNameError, value_in
from orchestrator.storage.results import BadInputError

READ = {
    "wd=0.3,seed=0": 0.3,
    "wd0p1_seed0": 0.1,
    "wd_1e-3-seed_7": 0.001,
    "wd=1e-03": 0.001,
    "wd=1.0e+1_seed=3": 10.0,
    "lr_0.1__wd_3": 3.0,
    "wd-0.1_seed-0": 0.1,
    "wd=-1": -1.0,
    "wd--1": -1.0,
    "wd=+2_seed1": 2.0,
    "wd=1em3": 0.001,
    "wd1pt5": 1.5,
    "wd=.5": 0.5,
    "wd: 0.1": 0.1,
    "run 3 wd 0.3": 0.3,
    "wd0.1seed3": 0.1,
    "wd=0.1_2": 0.1,  # and a counter
    "optimizer.wd=0.3": 0.3,
    "WD=0.4": 0.4,
    "max_wd=0.5_wd=0.1": 0.1,
    "wd_sweep_wd0.1": 0.1,
    "wd=1_2025-01-01_10-00-00": 1.0,
    "train_00000_0_seed=0,wd=0.3_2025-01-01": 0.3,
    "wd0.3-20250101-101010": 0.3,
}
UNCLEAR = {
    "wd_1_5": "1.5, or 1 and a counter",
    "wd1_5_seed0": "1.5, or 1 and a counter",
    "wd=1,5_seed=2": "1.5, or 1 and a counter",
    "wd0-1": "0.1, or 0 and a counter",
    "wd01": "1 or 0.1",
    "wd-1_seed0": "1 or -1",
    "wd=0.1_wd=0.2": "say different things",
}
NO_NUMBER = ["wd=10k", "wd=0x10", "wd=1e_3", "wd=0.1abc", "wd=0.1.2", "wd=1e999", "wd=1e-999", "wd0.1bs64"]


@pytest.mark.parametrize("name, expected", READ.items())
def test_numbers_in_names(name: str, expected: float) -> None:
    found = value_in("wd", name, ["seed"])
    assert found is not None and found[0] == expected


@pytest.mark.parametrize("name, expected", UNCLEAR.items())
def test_a_name_that_can_be_read_in_two_ways_is_refused(name: str, expected: str) -> None:
    with pytest.raises(UnclearNameError, match=expected):
        value_in("wd", name, ["seed"])


@pytest.mark.parametrize("name", NO_NUMBER)
def test_no_part_of_a_longer_word_is_taken_for_a_number(name: str) -> None:
    found = value_in("wd", name, ["seed"])
    assert found is not None and isinstance(found[0], str)


@pytest.mark.parametrize("name", ["wdecay=3", "wd", "wd=", "lr=1", "3wd=1"])
def test_names_that_say_nothing(name: str) -> None:
    assert value_in("wd", name) is None


def test_counters_may_begin_with_a_zero() -> None:
    assert value_in("seed", "wd=1_seed03", ["wd"], counted=True) == (3.0, "seed03")


CONVENTIONS = ("{}={}_seed=3", "run_7_{}={},seed=3", "seed_3__{}_{}", "{}_{}", "a/{}{}-seed-3", "{}={}_2025-01-01")


@given(
    value=st.floats(1e-12, 1e12) | st.integers(1, 10**6),
    which=st.integers(0, len(CONVENTIONS) - 1),
    style=st.sampled_from(["{}", "{:g}", "{:e}", "{:.3f}", "{:+.2e}"]),
    point=st.sampled_from([".", "p"]),
)
@settings(max_examples=300, deadline=None)
def test_what_is_written_into_a_name_is_read_back(value: float, which: int, style: str, point: str) -> None:
    written = style.format(value)
    name = CONVENTIONS[which].format("wd", written.replace(".", point))
    found = value_in("wd", name, ["seed"])
    assert found is not None and found[0] == float(written)


def test_stems_that_are_alike_leave_the_name_to_the_folders() -> None:
    files = [Path(f"multirun/2025-01-01/10-00-00/{job}/metrics.csv") for job in range(3)]
    assert names_of(own_parts(files)) == ["0", "1", "2"]
    deeper = [Path("r/a/0/m.csv"), Path("r/a/1/m.csv"), Path("r/b/0/m.csv"), Path("r/m.csv")]
    assert names_of(own_parts(deeper)) == ["a/0/m", "a/1/m", "b/0/m", "m"]
    assert names_of(own_parts([Path("wd=0.3"), Path("wd=0.1")])) == ["wd=0.3", "wd=0.1"]


@pytest.mark.parametrize("pattern", ["runs [v2]/*.csv", "runs [v2]", "r*[v2]/*.csv", "runs [v2]/a*b.csv", "**/a*.csv"])
def test_patterns_that_are_names_of_folders_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    (tmp_path / "runs [v2]").mkdir()
    (tmp_path / "runs [v2]" / "a*b.csv").write_text("step,value\n")
    monkeypatch.chdir(tmp_path)
    assert [file.as_posix() for file in files_of(pattern)] == ["runs [v2]/a*b.csv"]
    assert files_of(str(tmp_path / pattern)) == [tmp_path / "runs [v2]" / "a*b.csv"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(files_of(f"~/{pattern}")) == 1


@pytest.mark.parametrize("pattern", ["none/*.csv", "~nosuchuser/*.csv", "", "empty", "[", "a\0b"])
def test_patterns_without_a_file_cost_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInputError) as fault:
        files_of(pattern)
    assert "\n" not in str(fault.value)
