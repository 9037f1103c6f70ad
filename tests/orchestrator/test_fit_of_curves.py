"""Sweeps as Ray, Hydra, W&B and people leave them, through the command line: one planted law, one answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main

WDS, SEEDS = (0.1, 0.3, 1.0), (0, 1, 2)
RUNS = [(wd, seed) for wd in WDS for seed in SEEDS]


def curve(wd: float, seed: int, *, best: float = 1.0, fall: bool = False, step: str = "step") -> str:
    first = int(100 / wd) + 20 * seed
    values = [(at, best if at >= first else 0.1 * best) for at in range(0, 1100, 10)]
    return f"{step},acc\n" + "".join(f"{at},{4 - 3.95 * value if fall else value}\n" for at, value in values)


def sweep(folder: Path, name: str, side: Callable[[float, int], dict[str, str]] | None = None, **words: Any) -> Path:
    for number, (wd, seed) in enumerate(RUNS):
        file = folder / name.format(wd=wd, seed=seed, number=number, p=str(wd).replace(".", "p"))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(curve(wd, seed, **words))
        for path, text in (side(wd, seed) if side else {}).items():
            (file.parent / path).parent.mkdir(exist_ok=True)
            (file.parent / path).write_text(text)
    return folder


def fit(capsys: pytest.CaptureFixture[str], pattern: Path | str, *words: str, code: int = 0) -> Any:
    asked = ["fit", "--curves", str(pattern), "--value", "acc", "--x", "wd", "--group", "seed", "--law", "power"]
    assert main([*asked, *words, "--json"]) == code
    out, err = capsys.readouterr()
    return json.loads(out) if code == 0 else err


def overrides(wd: float, seed: int) -> dict[str, str]:
    return {".hydra/overrides.yaml": f"- optimizer.wd={wd}\n- +seed={seed}\n"}


LAYOUTS: dict[str, tuple[str, str, Any]] = {
    "names": ("wd={wd}_seed={seed}.csv", "*.csv", None),
    "p for the point": ("wd{p}_seed{seed}.csv", "*.csv", None),
    "folders": ("wd={wd}/seed={seed}/metrics.csv", "**/metrics.csv", None),
    "Ray": ("train_{number:05d}_0_wd={wd},seed={seed}_2025-01-01_10-00-00/progress.csv", "*/progress.csv", None),
    "Ray with rounded names": (
        "train_{number}_0_wd=0.0000,seed={seed}/progress.csv",
        "*/progress.csv",
        lambda wd, seed: {"params.json": json.dumps({"wd": wd, "seed": seed})},
    ),
    "Hydra": ("2025-01-01/10-00-00/{number}/metrics.csv", "*/*/*/metrics.csv", overrides),
    "W&B's settings": (
        "run-{number}/history.csv",
        "run-*/history.csv",
        lambda wd, seed: {"config.yaml": f"wd:\n  value: {wd}\nseed:\n  value: {seed}\n"},
    ),
    "no suffix": ("wd={wd}_seed={seed}", "wd*", None),
}


@pytest.mark.parametrize("name, pattern, side", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_x_and_seed_are_found_in_every_layout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, pattern: str, side: Any
) -> None:
    facts = fit(capsys, sweep(tmp_path, name, side) / pattern)
    assert (facts["rows"], facts["events"], facts["outside"]) == (9, 9, 0)
    assert facts["fits"][0]["parameters"]["exponent"]["estimate"] == pytest.approx(0.95, abs=0.1)
    assert len(facts["notes"]) == 1 and facts["notes"][0].startswith("read from ")


def test_settings_and_name_that_differ_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path, "wd={wd}_{number}_seed={seed}/m.csv", lambda wd, seed: {"params.json": '{"wd": 7, "seed": 0}'})
    assert "wd is 7.0 in" in fit(capsys, tmp_path / "*/m.csv", code=2)


def test_percentages_and_shares_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shares = sweep(tmp_path / "shares", "wd={wd}_seed={seed}.csv") / "*.csv"
    percent = sweep(tmp_path / "percent", "wd={wd}_seed={seed}.csv", best=100.0) / "*.csv"
    assert "did you mean --threshold 95?" in fit(capsys, percent, "--threshold", "0.95", code=2)
    assert "did you mean --threshold 0.95?" in fit(capsys, shares, "--threshold", "95", code=2)
    assert fit(capsys, percent, "--threshold", "95")["fits"] == fit(capsys, shares, "--threshold", "0.95")["fits"]


def test_a_loss_that_falls_needs_below(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loss = sweep(tmp_path / "loss", "wd={wd}_seed={seed}.csv", fall=True) / "*.csv"
    rise = sweep(tmp_path / "rise", "wd={wd}_seed={seed}.csv") / "*.csv"
    assert "and falls; did you mean --below?" in fit(capsys, loss, "--threshold", "0.1", code=2)
    assert "leave --below out?" in fit(capsys, rise, "--threshold", "0.9", "--below", code=2)
    found = fit(capsys, loss, "--threshold", "0.1", "--below")
    assert found["events"] == 9 and found["fits"] == fit(capsys, rise, "--threshold", "0.9")["fits"]


HEAD, BEFORE, AFTER = "step,acc\n0,0.1\n100,0.2\n", "200,0.99\n300,0.99\n", "200,0.3\n300,0.4\n400,1\n500,1\n"


def test_a_resumed_run_counts_its_later_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wd in (1, 2):
        (tmp_path / f"wd={wd}_seed=0.csv").write_text(HEAD + BEFORE + AFTER)
    facts = fit(capsys, tmp_path / "*.csv", "--threshold", "0.95", "--law", "constant")
    assert "2 runs were resumed: 4 lines" in facts["notes"][1]
    assert 300 < facts["fits"][0]["parameters"]["scale"]["estimate"] < 400


MIXED = {
    "seeds in turn": (
        "step,acc\n" + "".join(f"{at},{0.1 * k}\n" for at in range(5) for k in (1, 2)),
        "follow each other",
    ),
    "one after the other": (
        "step,acc\n" + "".join(f"{at},{0.1 * k}\n" for k in (1, 2) for at in range(5)),
        "begins again",
    ),
    "a column of seeds": ("seed,step,acc\n0,0,.1\n0,1,.1\n1,0,.2\n1,1,.2\n", "seed has 2 values in the run"),
    "a column of runs": ("run_id,step,acc\na,0,.1\na,1,.1\nb,1,.2\nb,2,.2\n", "give --run run_id"),
}


@pytest.mark.parametrize("text, expected", MIXED.values(), ids=MIXED.keys())
def test_several_runs_in_a_file_are_no_resumed_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    (tmp_path / "wd=1_seed=0.csv").write_text(text)
    err = fit(capsys, tmp_path / "*.csv", "--threshold", "0.95", code=2)
    assert expected in err and err.count("\n") == 1


def export(folder: Path) -> Path:
    head = ",".join(f"run {at} - acc,run {at} - acc__MIN,run {at} - acc__MAX" for at in range(9))
    firsts = [100 / wd + 20 * seed for wd, seed in RUNS]
    rows = [[f"{1 if at >= first else 0.1},0,1" for first in firsts] for at in range(0, 1500, 10)]
    text = "".join(f"{10 * at},{','.join(row)}\n" for at, row in enumerate(rows))
    (folder / "export.csv").write_text(f"Step,{head}\n{text}")
    return folder / "export.csv"


@pytest.mark.parametrize("key, words", [("Name", []), ("ID", []), ("Name", ["--run", "Name"]), ("run", [])])
def test_a_table_of_runs_whose_key_has_any_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str, words: list[str]
) -> None:
    listed = [f"run {at},finished,{wd},{seed}" for at, (wd, seed) in enumerate(RUNS)]
    (tmp_path / "runs.csv").write_text("\n".join([f"{key},State,wd,seed", *listed]))
    facts = fit(capsys, export(tmp_path), "--runs", str(tmp_path / "runs.csv"), *words)
    assert facts["events"] == 9 and facts["notes"] == ["the column 'Step' holds the steps"]


def test_a_run_that_is_listed_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = [f"run {at},{wd},{seed}" for at, (wd, seed) in enumerate(RUNS)]
    (tmp_path / "runs.csv").write_text("\n".join(["Name,wd,seed", *listed, listed[0]]))
    err = fit(capsys, export(tmp_path), "--runs", str(tmp_path / "runs.csv"), code=2)
    assert "lists the run 'run 0' more than once" in err


def test_a_run_at_the_threshold_at_step_0_is_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(tmp_path, "wd={wd}_seed={seed}.csv")
    (tmp_path / "wd=3.0_seed=0.csv").write_text("step,acc\n0,1\n10,1\n")
    facts = fit(capsys, tmp_path / "*.csv")
    assert facts["rows"] == 9 and any("1 run left out" in note for note in facts["notes"])
