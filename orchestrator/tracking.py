"""Mirror the results to MLflow; the only MLflow import. MLflow is a view: it can be lost and made again.

One parent run per study, one child per replica (above 2,000 replicas, one per level). Runs are found again by their
``run_key`` tag, so a relaunch adds only what is new. Nothing here can fail a launch: a fault is told in one line.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from filelock import FileLock

from analysis import events
from orchestrator.launch import Options, Study, study
from orchestrator.masking import masked
from orchestrator.report import folder_of
from orchestrator.results import BadInputError, Results
from orchestrator.silence import quiet

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_CHILDREN = 2000
POINTS_PER_CURVE = 60
METRICS_PER_BATCH = 1000
LOOPBACK = "127.0.0.1"
DATABASE = "mlflow.db"
MIRROR_S = 300.0
REMEDY = "the next launch tries again, or 'python -m orchestrator ui --rebuild' makes the database anew"
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def bring_up(study: Study, facts: Mapping[str, Any]) -> str | None:
    """Mirror a study unless that has been done for exactly this report and place; return a warning or None."""
    done = study.results.root / "mirrored" / f"{study.slug}.txt"
    state = hashlib.sha256(f"{facts['rows_hash']} {uri_of(study)}".encode()).hexdigest()
    lost = not study.options.tracking_uri and not (study.results.root / DATABASE).exists()
    if not lost and done.is_file() and done.read_text() == state:
        return None
    warning = mirror(study, facts)
    if warning is None:
        study.results.write_text(done.relative_to(study.results.root), state)
    return warning


def mirror(study: Study, facts: Mapping[str, Any]) -> str | None:
    """Bring MLflow up to the results and attach the report; return None, or one line that says why it could not."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mlflow.log"
        with quiet(log):
            reason = _why_not(study, facts)
        if told := log.read_text(errors="replace"):
            study.results.write_text(Path("mlflow.log"), masked(told))
    return reason and f"not mirrored to MLflow: {masked(reason)}; the results are safe, {REMEDY}"


def _why_not(study: Study, facts: Mapping[str, Any]) -> str | None:
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as fault:
        return f"{fault}; install mlflow"
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    locks = study.results.root / "locks"
    try:
        locks.mkdir(exist_ok=True)
        with FileLock(locks / "mlflow.lock", timeout=MIRROR_S):  # two launches may end at once
            _mirror(mlflow.MlflowClient(tracking_uri=uri_of(study)), study, facts)
    except (MlflowException, SQLAlchemyError, OSError) as fault:
        lines = [line for line in str(fault).splitlines() if line.strip() and "autoflush" not in line]
        return next(iter(lines), type(fault).__name__)[:200]
    return None


def uri_of(study: Study) -> str:
    """Return where a study is mirrored to: the user's server, or a database beside the results."""
    return study.options.tracking_uri or f"sqlite:///{study.results.root / DATABASE}"


def rebuild(storage: str) -> Iterator[str]:
    """Make the embedded database anew from the results, study by study; yield a line on each."""
    results = Results.at(storage)
    for leftover in results.root.glob(f"{DATABASE}*"):
        leftover.unlink()
    for file in sorted((results.root / "registrations").glob("*.json")):
        stored = json.loads(file.read_text())
        options = Options(
            name=stored["name"],
            scale=stored["scale"],
            storage=storage,
            changes=tuple(stored["changes"]),
            seeds=stored["seeds"],
            precision=stored.get("precision"),
        )
        try:
            again = study(options)
        except BadInputError as fault:
            yield f"{file.stem} is not mirrored: {fault}"
            continue
        report = folder_of(again) / "report.json"
        warning = mirror(again, json.loads(report.read_text()) if report.is_file() else {})
        yield warning or f"{again.key}: {again.rows().height} replicas mirrored"


def serve(storage: str, port: int) -> int:
    """Open MLflow's pages over the results on loopback until Ctrl-C; return its exit code."""
    root = Results.at(storage).ready().root
    words = [
        "server",
        "--backend-store-uri",
        f"sqlite:///{root / DATABASE}",
        "--host",
        LOOPBACK,
        "--port",
        str(port),
    ]
    artifacts = ["--artifacts-destination", (root / "mlartifacts").as_uri(), "--workers", "1"]
    try:
        return subprocess.run([sys.executable, "-m", "mlflow", *words, *artifacts], cwd=root, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _mirror(client: MlflowClient, study: Study, facts: Mapping[str, Any]) -> None:
    found = client.get_experiment_by_name(study.experiment.name)
    served = uri_of(study).startswith(("http://", "https://"))  # a server knows its own place for artifacts
    place = None if served else (study.results.root / "mlartifacts").as_uri()
    experiment = (
        found.experiment_id if found else client.create_experiment(study.experiment.name, artifact_location=place)
    )
    parent = _parent(client, experiment, study)
    rows = study.rows()
    known = _children(client, experiment, parent)
    if rows.height > MOST_CHILDREN:
        _mirror_levels(client, experiment, parent, known, study, facts)
    else:
        _mirror_replicas(client, experiment, parent, known, study, rows)
    numbers = {name: facts[name] for name in ("replicas", "events", "censored", "diverged", "missing") if name in facts}
    for name, value in numbers.items():
        client.log_metric(parent, name, value)
    if (folder_of(study) / "report.json").is_file():
        client.log_artifacts(parent, str(folder_of(study)), "report")
    client.set_terminated(parent)


def _parent(client: MlflowClient, experiment: str, study: Study) -> str:
    key = study.key.as_posix()
    found = client.search_runs([experiment], f"tags.run_key = '{key}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    run = client.create_run(experiment, run_name=key, tags={"run_key": key, "question": study.experiment.question})
    return str(run.info.run_id)


def _children(client: MlflowClient, experiment: str, parent: str) -> dict[str, tuple[str, int]]:
    """Return run id and mirrored steps of every child by its key."""
    found: dict[str, tuple[str, int]] = {}
    token = None
    while True:
        page = client.search_runs(
            [experiment], f"tags.`mlflow.parentRunId` = '{parent}'", max_results=1000, page_token=token
        )
        for run in page:
            found[run.data.tags["run_key"]] = (run.info.run_id, int(run.data.tags.get("steps", -1)))
        token = page.token
        if not token:
            return found


def _mirror_replicas(
    client: MlflowClient,
    experiment: str,
    parent: str,
    known: Mapping[str, tuple[str, int]],
    study: Study,
    rows: pl.DataFrame,
) -> None:
    new = [row for row in rows.iter_rows(named=True) if known.get(row["id"], ("", -1))[1] < row["steps"]]
    curves = study.results.curves([row["id"] for row in new]).partition_by("id", as_dict=True) if new else {}
    threshold, axes = study.experiment.threshold, study.experiment.varied(study.scale)
    until = time.monotonic() + MIRROR_S
    for done, row in enumerate(new):
        if time.monotonic() > until:
            raise TimeoutError(f"MLflow is slow, {done} of {len(new)} new replicas took {MIRROR_S:.0f} s")
        run, mirrored = known.get(row["id"]) or (_create_child(client, experiment, parent, row, axes), -1)
        params = _params(row) if mirrored < 0 else []
        metrics = _outcome(row, threshold)
        if (row["id"],) in curves:  # a curve file may be unreadable
            metrics = _curve_metrics(curves[(row["id"],)], mirrored) + metrics
        batches = [metrics[first : first + METRICS_PER_BATCH] for first in range(0, len(metrics), METRICS_PER_BATCH)]
        for batch in batches[:-1]:
            client.log_batch(run, metrics=batch)
        client.log_batch(run, metrics=batches[-1], params=params, tags=_ending(row))
        client.set_terminated(run)


def _create_child(
    client: MlflowClient, experiment: str, parent: str, row: Mapping[str, Any], axes: Sequence[str]
) -> str:
    config = json.loads(row["config"])
    tags = {"mlflow.parentRunId": parent, "run_key": row["id"], "provenance": row["provenance"]}
    name = _told({axis: config[axis] for axis in axes} | {"seed": row["data_seed"]})
    return str(client.create_run(experiment, run_name=name, tags=tags).info.run_id)


def _params(row: Mapping[str, Any]) -> list[Any]:
    from mlflow.entities import Param

    seeds = {"data_seed": row["data_seed"], "init_seed": row["init_seed"], "replica": row["id"]}
    return [Param(key, str(value)) for key, value in {**json.loads(row["config"]), **seeds}.items()]


def _ending(row: Mapping[str, Any]) -> list[Any]:
    """Return the tags by which the next launch knows how far a run is mirrored."""
    from mlflow.entities import RunTag

    return [RunTag("status", str(row["status"])), RunTag("steps", str(row["steps"]))]


def _curve_metrics(curve: pl.DataFrame, after: int) -> list[Any]:
    """Return the points of every probe past a step, thinned; their time stamp is the step, so that none is doubled."""
    from mlflow.entities import Metric

    steps = curve["step"].unique().sort().to_list()
    kept = set(steps[:: -(-len(steps) // POINTS_PER_CURVE)] + steps[-1:])
    thin = curve.filter(pl.col("step").is_in(list(kept)) & (pl.col("step") > after))
    return [Metric(probe, value, step, step) for _, step, probe, value in thin.iter_rows()]


def _outcome(row: Mapping[str, Any], threshold: float) -> list[Any]:
    from mlflow.entities import Metric

    event = next(e for e in row["events"] if e["name"] == events.GROKKED and e["threshold"] == threshold)
    censored = event["upper"] is None
    outcome = {"censored": float(censored), "watched_steps": float(row["steps"])}
    outcome |= {} if censored else {"grok_step": float(event["upper"])}
    return [Metric(name, value, row["steps"], row["steps"]) for name, value in outcome.items()]


def _mirror_levels(
    client: MlflowClient,
    experiment: str,
    parent: str,
    known: Mapping[str, tuple[str, int]],
    study: Study,
    facts: Mapping[str, Any],
) -> None:
    for level in facts.get("levels", ()):
        key = _told({**level["where"], study.experiment.x: level["x"]})
        tags = {"mlflow.parentRunId": parent, "run_key": key}
        run = known[key][0] if key in known else client.create_run(experiment, run_name=key, tags=tags).info.run_id
        for name in ("runs", "events", "median", "restricted_mean"):
            if level[name] is not None:
                client.log_metric(run, name, level[name])
        client.set_terminated(run)


def _told(place: Mapping[str, Any]) -> str:
    return " ".join(
        f"{axis}={value:g}" if isinstance(value, float) else f"{axis}={value}" for axis, value in place.items()
    )
