"""What MLflow shows of a study, when, and what becomes of it where MLflow or its files are broken."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from launches import TINY_SET, tiny

from orchestrator.launch import train
from orchestrator.study.study import Study
from orchestrator.tracking import companion, mirror, mlflow_runs, server
from orchestrator.tracking.database import DATABASE, plain
from orchestrator.tracking.sources import spans_of

FIT = {"law": "power", "parameters": {"exponent": {"estimate": 1.0, "low": 0.9, "high": None}}}
CLAIM = {"name": "a (b)", "verdict": "holds", "statement": "s", "evidence": "e", "effect": 2.0, "low": 1.0, "high": 3.0}
FACTS = {
    "answer": "It falls.",
    "fits": [FIT],
    "claims": [CLAIM],
    "rows_hash": "x",
    "pictures": [{"file": "figures/law.svg", "alt": "law [1]"}],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study, trained and mirrored, under a path whose characters mean something in a URI."""
    made = tiny(tmp_path_factory.mktemp("whole") / "100%20 a?b#[1] ü")
    assert train(made, silent=True)
    assert mirror.mirror(made, FACTS) is None
    return made


@contextlib.contextmanager
def client_of(made: Study) -> Iterator[Any]:
    from mlflow import MlflowClient

    with plain(made.results.root) as root:
        yield MlflowClient(tracking_uri=f"sqlite:///{root / DATABASE}")


def runs_of(client: Any) -> tuple[Any, list[Any]]:
    """Return the parent and its children."""
    runs = client.search_runs([client.get_experiment_by_name("kl_scaling").experiment_id])
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    return parent, [run for run in runs if run is not parent]


def test_runs_last_as_long_as_the_replicas_were_trained(whole: Study) -> None:
    spans = spans_of(whole.rows())
    assert len(spans) == 6
    with client_of(whole) as client:
        parent, children = runs_of(client)
        for run in children:
            span = spans[run.data.tags["run_key"]]
            assert (run.info.start_time, run.info.end_time) == (span.start_ms, span.end_ms)
            points = client.get_metric_history(run.info.run_id, "test_accuracy")
            times = [point.timestamp for point in sorted(points, key=lambda point: point.step)]
            assert times == sorted(times) and span.start_ms <= times[0] and times[-1] == span.end_ms
    assert parent.info.start_time == min(span.start_ms for span in spans.values())
    assert parent.info.end_time == max(span.end_ms for span in spans.values())


def test_mirroring_again_doubles_no_point(whole: Study) -> None:
    with client_of(whole) as client:
        parent, children = runs_of(client)
        client.set_tag(children[0].info.run_id, "steps", "-1")  # as after a kill before the last batch
        before = [client.get_metric_history(run.info.run_id, "test_accuracy") for run in children]
        assert mirror.mirror(whole, FACTS) is None
        after = [client.get_metric_history(run.info.run_id, "test_accuracy") for run in children]
        assert [len(each) for each in before] == [len(each) for each in after]
        assert len(client.get_metric_history(parent.info.run_id, "power.exponent")) == 1


def test_the_parent_shows_answer_constants_verdicts_and_origin(whole: Study) -> None:
    with client_of(whole) as client:
        parent, children = runs_of(client)
        experiment = client.get_experiment_by_name("kl_scaling")
    tags, metrics = parent.data.tags, parent.data.metrics
    assert (metrics["power.exponent"], metrics["power.exponent.low"]) == (1.0, 0.9)
    assert "power.exponent.high" not in metrics
    assert (tags["claim.a _b_"], metrics["claim.a _b_.high"]) == ("holds", 3.0)
    assert "**It falls.**" in tags["mlflow.note.content"] and "- **holds** · s (e)" in tags["mlflow.note.content"]
    assert f"![law (1)](get-artifact?path=report%2Ffigures%2Flaw.svg&run_uuid={parent.info.run_id})" in str(tags)
    assert tags["mlflow.user"] and tags["mlflow.source.name"] == "orchestrator launch kl_scaling --scale laptop"
    commit = json.loads(children[0].data.tags["provenance"])["commit"].removesuffix("+changes")
    assert commit == "unknown" or children[0].data.tags["mlflow.source.git.commit"] == commit
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"
    assert whole.experiment.question in experiment.tags["mlflow.note.content"]


def test_links_open_the_runs_of_each_experiment(whole: Study, tmp_path: Path) -> None:
    first, *_, last = server.links(whole.results.root, 5001)
    assert first == "kl_scaling: http://127.0.0.1:5001/#/experiments/1/runs?workflowType=machine_learning"
    assert "Ctrl-C" in last
    assert "no experiment is mirrored yet" in server.links(tmp_path, 5001)[0]


def test_rows_without_times_are_shown_at_the_moment_of_mirroring(whole: Study) -> None:
    import polars as pl

    rows = whole.rows().with_columns(pl.Series("provenance", ["{}", "[1]", "torn{", '{"started_at": 3}', "", "null"]))
    assert spans_of(rows) == {}


@pytest.mark.parametrize("spoil", [lambda file: file.write_bytes(b"\xff\xfe\x00"), lambda file: file.mkdir()])
def test_garbage_among_what_is_mirrored_costs_a_mirroring(whole: Study, spoil: Any) -> None:
    file = whole.results.root / "mirrored" / f"{whole.slug}.txt"
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    spoil(file)
    whole.results.untold()
    assert mirror.bring_up(whole, FACTS) is None
    assert file.name in whole.results.untold()[0]
    assert mirror._mirrored(whole) == mirror._state(whole, FACTS)


def test_a_database_that_broke_after_it_was_filled_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.tracking.database.LOCKED_S", 0.05)
    made = tiny(tmp_path)
    mirror.remember(made, FACTS)
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE t (x)")
        holder.execute("BEGIN EXCLUSIVE")
        assert mirror.bring_up(made, FACTS) is None  # nothing is to be mirrored
        assert "locked" in str(mirror.bring_up(made, {**FACTS, "rows_hash": "y"}))
    (tmp_path / DATABASE).unlink()
    (tmp_path / DATABASE).mkdir()
    warning = str(mirror.bring_up(made, FACTS))
    assert "is a folder" in warning and "\n" not in warning and warning.startswith("not mirrored to MLflow")


class Answering(BaseHTTPRequestHandler):
    """A server that is not MLflow."""

    status, content = 500, b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Retry-After", "3600")
        self.end_headers()
        self.wfile.write(self.content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *words: object) -> None:
        pass


@pytest.mark.parametrize("status, content", [(500, b""), (401, b"who?"), (200, b"<html>"), (429, b"")])
def test_a_server_that_is_not_mlflow_costs_one_line(
    whole: Study, monkeypatch: pytest.MonkeyPatch, status: int, content: bytes
) -> None:
    monkeypatch.setattr(Answering, "status", status)
    monkeypatch.setattr(Answering, "content", content)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        uri = f"http://127.0.0.1:{server.server_port}"
        made = replace(whole, options=replace(whole.options, tracking_uri=uri))
        warning = str(mirror.bring_up(made, FACTS))
        server.shutdown()
    assert warning.startswith("not mirrored to MLflow: ") and "\n" not in warning


@pytest.mark.companion
def test_replicas_are_mirrored_while_the_launch_runs(tmp_path: Path) -> None:
    made = tiny(tmp_path, changes=(*TINY_SET[:-1], "kl_strength=0.1"), seeds=1)
    assert train(made, silent=True)
    chunk = {"pack": "p", "observed": 0, "budget": 1, "diverged": 0}
    with companion.Companion(made) as beside:
        beside.observe({**chunk, "budget": 0})
        assert beside._process is None  # nothing has ended yet
        beside.observe(chunk)
        while beside._busy:
            assert beside._link.poll(120)
            beside._listen()
        with client_of(made) as client:
            parent, children = runs_of(client)
            assert len(children) == 1 and parent.info.status == "RUNNING"
            assert beside.finish(FACTS) is None and beside._process is None
            assert client.get_run(parent.info.run_id).info.status == "FINISHED"


@pytest.mark.companion
def test_a_server_that_never_answers_is_waited_for_a_bounded_time_and_leaves_nothing(
    whole: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companion, "SERVER_S", 0.3)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        uri = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        made = replace(whole, options=replace(whole.options, tracking_uri=uri))
        assert "MLflow is slow" in str(mirror.bring_up(made, FACTS))
    assert not any(tmp_path.iterdir())


def test_large_studies_are_mirrored_by_level_from_the_start(whole: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_runs, "MOST_CHILDREN", 5)  # of the replicas that are wanted, not of those that ended
    seen: list[object] = []
    monkeypatch.setattr(mlflow_runs, "_mirror_replicas", lambda *words: seen.append(words))
    with client_of(whole) as client:
        mlflow_runs.bring_up(client, whole, None, lambda: None)
    assert seen == []
