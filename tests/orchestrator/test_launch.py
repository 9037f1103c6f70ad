"""Launches end to end: the backends agree, budgets are raised, kills lose nothing, MLflow is a view."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from launches import TINY_SET, facts, flags, points, tiny

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import ledger, report
from orchestrator.storage.results import BadInputError
from orchestrator.study import horizon
from orchestrator.study.registration import exploratory, register
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, smoke_of, study_of
from orchestrator.terminal.stopping import INTERRUPTED
from orchestrator.tracking import mirror, mlflow_runs
from orchestrator.verbs.reproduce import reproduce_paper


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that was trained to 60 steps at once, in this process."""
    made = tiny(tmp_path_factory.mktemp("whole"))
    assert train(made, silent=True)
    return made


def test_every_replica_ends_once_with_a_row_and_a_curve(whole: Study) -> None:
    rows = whole.rows()
    assert rows.height == 6 and set(rows["status"]) <= {"budget", "observed"}
    assert {name for name, *_ in points(whole)} == set(rows["id"])
    files = list((whole.results.root / "replicas").glob("*.parquet"))
    import polars as pl

    assert pl.read_parquet(files).height == 6


def test_two_smokes_of_one_second_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20260102-030405")
    options = Options(name="kl_scaling", storage=str(tmp_path))
    assert smoke_of(options).results.root != smoke_of(options).results.root


def test_a_raised_budget_equals_straight_through(whole: Study, tmp_path: Path) -> None:
    first = tiny(tmp_path, budget_steps=25)
    train(first, silent=True)
    assert set(first.rows()["steps"]) == {25}
    again = tiny(tmp_path)
    assert {pack.start_step for pack in again.plan().packs} == {25}
    train(again, silent=True)
    assert facts(again) == facts(whole)
    assert points(again) == points(whole)


def test_what_another_study_watched_for_longer_is_seen_up_to_the_own_budget(tmp_path: Path) -> None:
    short = tiny(tmp_path, budget_steps=25)
    train(short, silent=True)
    before, table = report.write(read(short)), (report.folder_of(short) / "replicas.csv").read_text()
    longer = tiny(tmp_path, seeds=1)
    train(longer, silent=True)
    assert set(horizon.rows_of(longer)["steps"]) == {60} and max(short.rows()["steps"]) == 60
    assert report.current(read(short)) == before
    assert report.write(read(short)) == before and (report.folder_of(short) / "replicas.csv").read_text() == table
    train(tiny(tmp_path), silent=True)  # its own larger budget counts from now on, whatever a later command asks for
    assert set(horizon.rows_of(short)["steps"]) == {60} and report.write(read(short))["budget_steps"] == 60


def test_new_levels_and_seeds_train_only_what_is_new(tmp_path: Path) -> None:
    few = tiny(tmp_path, changes=(*TINY_SET[:-1], "kl_strength=0.1"), seeds=1)
    train(few, silent=True)
    more = tiny(tmp_path)
    assert more.plan().done == 1 and len(more.plan().missing) == 5


def test_a_second_launch_of_the_same_study_is_refused_and_names_the_holder(tmp_path: Path) -> None:
    from orchestrator.launch import _lock

    made = tiny(tmp_path)
    with _lock(made), pytest.raises(BadInputError, match=f"process {os.getpid()} on "), _lock(tiny(tmp_path)):
        pass
    assert train(made, silent=True)


def test_a_finished_study_is_not_touched_again(whole: Study, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*flags(whole.results.root, budget=60), "--backend", "in_process"]
    assert main(words) == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in whole.results.root.rglob("*.*"))
    capsys.readouterr()
    assert main(words) == 0
    assert "nothing to train: all 6 replicas are done" in capsys.readouterr().out
    assert sorted((path, path.stat().st_mtime_ns) for path in whole.results.root.rglob("*.*")) == before


def test_report_counts_sum_to_the_replicas_and_json_is_plain(whole: Study) -> None:
    written = report.write(read(whole))
    counts = [written[name] for name in ("events", "censored", "diverged", "failed", "missing")]
    assert sum(counts) == written["replicas"] == 6
    stored = json.loads((report.folder_of(whole) / "report.json").read_text(), parse_constant=pytest.fail)
    assert stored["claims"][0]["verdict"] in {"holds", "fails", "undecided"}
    assert {"index.html", "report.md", "report.json", "replicas.csv"} <= {
        p.name for p in report.folder_of(whole).iterdir()
    }
    page = (report.folder_of(whole) / "index.html").read_text()
    assert "http://" not in page.replace("http://www.w3.org", "") and "data:image/svg+xml" in page


def test_preregistered_only_while_the_claims_are_those_stored_first(tmp_path: Path) -> None:
    plain = study_of(Options(name="kl_scaling", storage=str(tmp_path)))
    assert "were not stored" in exploratory(plain)
    register(plain)
    assert exploratory(plain) == ""
    changed = replace(plain, asked=replace(plain.asked, claims=plain.asked.claims[:1]))
    assert "are not those" in exploratory(changed)
    flagged = study_of(Options(name="kl_scaling", storage=str(tmp_path), seeds=3))
    assert "by flags" in exploratory(flagged)


def test_a_paper_is_registered_whole_before_the_first_of_its_experiments_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def interrupted(each: Study, **_: object) -> bool:
        seen.append(sum(exploratory(one) == "" for one in ledger.studies("structural_inference", **place)))
        return False

    place = {"scale": "laptop", "storage": str(tmp_path)}
    monkeypatch.setattr("orchestrator.launch.train", interrupted)
    assert reproduce_paper("structural_inference", **place, launch=True, as_json=True) == INTERRUPTED
    assert seen == [len(ledger.studies("structural_inference", **place))]


def test_mlflow_has_one_child_per_replica_however_often_it_is_mirrored(whole: Study) -> None:
    import mlflow

    written = report.write(read(whole))
    for _ in range(2):
        assert mirror.mirror(whole, written) is None
    client = mlflow.MlflowClient(tracking_uri=mirror.uri_of(whole))
    experiment = client.get_experiment_by_name("kl_scaling")
    runs = client.search_runs([experiment.experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert sorted(run.data.tags["run_key"] for run in children) == sorted(whole.rows()["id"])
    assert len(runs) == len(children) + 1
    rows = {row["id"]: row for row in whole.rows().iter_rows(named=True)}
    for run in children:
        row = rows[run.data.tags["run_key"]]
        assert run.data.params["kl_strength"] == str(json.loads(row["config"])["kl_strength"])
        event = next(e for e in row["events"] if e["name"] == "grokked" and e["threshold"] == 0.99)
        assert run.data.metrics.get("grok_step") == event["upper"]
        history = client.get_metric_history(run.info.run_id, "test_accuracy")
        assert len({point.step for point in history}) == len(history) > 1
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    assert any("index.html" in entry.path for entry in client.list_artifacts(parent.info.run_id, "report"))


def test_large_studies_get_one_mlflow_child_per_level(
    whole: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setattr(mlflow_runs, "MOST_CHILDREN", 5)
    uri = f"sqlite:///{tmp_path / 'levels.db'}"
    made = replace(whole, options=replace(whole.options, tracking_uri=uri))
    for _ in range(2):
        assert mirror.mirror(made, report.write(read(made))) is None
    client = mlflow.MlflowClient(tracking_uri=uri)
    runs = client.search_runs([client.get_experiment_by_name("kl_scaling").experiment_id])
    children = {run.info.run_name: run.data.metrics for run in runs if "mlflow.parentRunId" in run.data.tags}
    assert set(children) == {"kl_strength=0.03", "kl_strength=0.1", "kl_strength=1"}
    assert {metrics["runs"] for metrics in children.values()} == {2.0}
    assert client.get_experiment_by_name("kl_scaling").artifact_location.startswith(whole.results.root.as_uri())


def test_mlflow_can_be_lost_and_made_again(whole: Study) -> None:
    mirror.mirror(whole, report.write(read(whole)))
    (whole.results.root / "mlflow.db").write_bytes(b"corrupt")
    assert "not mirrored to MLflow" in str(mirror.mirror(whole, report.write(read(whole))))
    words = [sys.executable, "-m", "orchestrator", "ui", "--rebuild", "--storage", str(whole.results.root)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    first, last = done.stdout.splitlines()
    assert last.endswith("6 replicas mirrored") and Path(first.split()[-1]).read_bytes() == b"corrupt"
    assert done.stderr == ""


def test_mlflow_out_of_reach_costs_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        *flags(tmp_path, budget=20),
        "--backend",
        "in_process",
        "--tracking-uri",
        "sqlite:////proc/nowhere/mlflow.db",
    ]
    assert main(words) == 0
    err = capsys.readouterr().err
    assert err.startswith("not mirrored to MLflow") and err.count("\n") == 1


@pytest.mark.ray
def test_an_address_where_nothing_answers_costs_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(tmp_path):
        assert main([*flags(tmp_path, budget=20), "--address", "127.0.0.1:1"]) == 2
    err = capsys.readouterr().err
    assert "no Ray cluster answers at '127.0.0.1:1'" in err and err.count("\n") == 1


def test_packs_that_fail_end_with_exit_code_1_and_the_report_of_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tiny(tmp_path, budget_steps=20), silent=True)
    monkeypatch.setattr("orchestrator.launch._backend", lambda name: lambda job: True)  # a sweep whose packs all failed
    assert main([*flags(tmp_path, budget=60), "--backend", "in_process"]) == 1
    out, err = capsys.readouterr()
    assert "nothing to train" not in out
    assert "error: 6 replicas did not end" in err
