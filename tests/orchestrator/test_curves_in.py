"""Curves of other tools become intervals: each layout with a known answer, each fault in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from orchestrator.fit.curves import runs_of
from orchestrator.storage.results import BadInputError

CURVE = "step,val_acc\n0,0.1\n20,0.96\n10,0.4\n30,0.2\n"  # out of order; crosses 0.95 in (10, 20]
NEVER = "step,val_acc\n0,0.1\n10,\n25,0.3\n"


def intervals(folder: Path, pattern: str = "*.csv", **settings: Any) -> list[tuple[Any, ...]]:
    asked = {"step": "step", "value": "val_acc", "threshold": 0.95, "x": ["wd"], **settings}
    names = [*asked["x"], *([asked["group"]] if asked.get("group") else [])]
    found = runs_of(str(folder / pattern), **asked)
    return sorted(found.select("run", *names, "lower", "upper").rows())


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_one_run_per_file_with_x_in_its_name(tmp_path: Path) -> None:
    (tmp_path / "wd=0.3_seed=2.csv").write_text(CURVE)
    (tmp_path / "wd=1e-1_seed=4.csv").write_text(NEVER)
    assert intervals(tmp_path, group="seed") == [
        ("wd=0.3_seed=2", 0.3, 2.0, 10.0, 20.0),
        ("wd=1e-1_seed=4", 0.1, 4.0, 25.0, None),
    ]


def test_several_runs_per_file_with_x_in_a_column(tmp_path: Path) -> None:
    write(tmp_path, all="id,wd,step,val_acc\na,1,0,0.2\na,1,10,0.99\nb,2,0,0.1\nb,2,10,0.2\n")
    assert intervals(tmp_path, run="id") == [("a", 1, 0.0, 10.0), ("b", 2, 10.0, None)]


def test_wide_export_of_wandb_with_a_table_of_runs(tmp_path: Path) -> None:
    head = "Step,calm-sun-1 - val_acc,calm-sun-1 - val_acc__MIN,calm-sun-1 - val_acc__MAX,red-sky-2 - val_acc"
    write(tmp_path, export=f"{head}\n0,0.1,0.1,0.1,\n5,,,,0.2\n10,0.97,0.9,0.99,\n15,,,,0.3\n")
    runs = tmp_path / "runs.txt.csv"
    runs.write_text("run,wd\ncalm-sun-1,0.5\nred-sky-2,0.1\n")
    found = intervals(tmp_path, "export.csv", step="Step", runs=runs)
    assert found == [("calm-sun-1", 0.5, 0.0, 10.0), ("red-sky-2", 0.1, 15.0, None)]


def test_metric_history_of_mlflow(tmp_path: Path) -> None:
    lines = ["run_id,key,step,value,wd", "r,loss,0,3.0,1", "r,val_acc,0,0.1,1", "r,loss,10,2,1", "r,val_acc,10,0.99,1"]
    write(tmp_path, history="\n".join(lines))
    assert intervals(tmp_path, value="value", run="run_id", where=["key=val_acc"]) == [("r", 1, 0.0, 10.0)]


def test_an_event_at_the_first_point_happened_since_step_0(tmp_path: Path) -> None:
    write(tmp_path, wd_1="step,val_acc\n0,0.99\n10,0.99\n")
    with pytest.raises(BadInputError, match=r"at the threshold 0\.95 at step 0 already"):
        intervals(tmp_path)
    write(tmp_path, wd_1="step,val_acc\n5,0.99\n10,0.99\n")
    assert intervals(tmp_path) == [("wd_1", 1.0, 0.0, 5.0)]


@pytest.mark.parametrize(
    "text, settings, expected",
    [
        (CURVE, {"x": ["lr"]}, "has no 'lr': neither one value in a column"),
        (CURVE, {"value": "acc"}, "no column 'acc' and none that ends in ' - acc'; columns: step, val_acc"),
        (CURVE, {"step": "epoch"}, "no column 'epoch'; columns: step, val_acc"),
        (CURVE, {"run": "id"}, "no column 'id'"),
        (CURVE, {"where": ["key"]}, "write --where column=value"),
        (CURVE, {"where": ["step=7"]}, "has no row with step = 7"),
        ("step,val_acc\n0,0.1\n0,0.2\n", {}, "several values at step 0"),
        ("step,val_acc\n0,high\n", {}, "val_acc must be numbers; row 1 has 'high'"),
        ("step,val_acc\n0,\n", {}, "has no point with a step and a value"),
        (CURVE, {"threshold": float("nan")}, "--threshold nan is never reached"),
        ("id,step,val_acc\na,0,0.1\n,10,0.2\n", {"run": "id"}, "the column 'id' names no run in 1 rows"),
    ],
)
def test_faults_cost_one_line(tmp_path: Path, text: str, settings: dict[str, Any], expected: str) -> None:
    write(tmp_path, wd_1=text)
    with pytest.raises(BadInputError, match=expected.replace("(", r"\(")) as fault:
        intervals(tmp_path, **settings)
    assert "\n" not in str(fault.value)


def test_a_run_that_the_table_of_runs_does_not_list(tmp_path: Path) -> None:
    write(tmp_path, wd_1=CURVE, wd_2=CURVE)
    runs = tmp_path / "runs.tsv.csv"
    runs.write_text("run,wd\nwd_1,1\n")
    with pytest.raises(BadInputError, match="does not list the run 'wd_2'; its runs: wd_1"):
        intervals(tmp_path, "wd_*.csv", runs=runs)


def test_a_name_inside_another_name_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "lru=3_lr=0.5.csv").write_text(CURVE)
    assert intervals(tmp_path, x=["lr"])[0][1] == 0.5
    (tmp_path / "wlr=3_lrs=2.csv").write_text(CURVE)
    with pytest.raises(BadInputError, match="has no 'lr'"):
        intervals(tmp_path, "wlr*.csv", x=["lr"])


def test_columns_called_step_and_value_beside_the_chosen_ones(tmp_path: Path) -> None:
    write(tmp_path, wd_1="_step,step,value,acc\n0,5,x,0.1\n10,6,y,0.99\n")
    assert intervals(tmp_path, step="_step", value="acc") == [("wd_1", 1.0, 0.0, 10.0)]


def test_no_file_and_curves_through_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInputError, match="no file matches"):
        intervals(tmp_path)
    for wd in (0.1, 0.3, 1.0):
        for seed in range(4):
            first = int(100 / wd) + 7 * seed
            text = "".join(f"{step},{0.1 if step < first else 0.99}\n" for step in range(0, 1200, 10))
            (tmp_path / f"wd={wd}_seed={seed}.csv").write_text("step,val_acc\n" + text)
    words = ["fit", "--curves", str(tmp_path / "*.csv"), "--value", "val_acc", "--x", "wd", "--group", "seed"]
    assert main([*words, "--threshold", "0.95", "--law", "power"]) == 0
    out = capsys.readouterr().out
    assert "12 runs: 12 events, 0 censored" in out and "the exponent is 1, within [0.8, 1.25]: holds" in out
