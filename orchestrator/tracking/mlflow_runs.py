"""The runs that MLflow shows of a study: one parent with the answer, and one child per replica with its curves."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from mlflow.entities import Metric, Param, RunStatus, RunTag, ViewType

from analysis.criteria import GROKKED, GROKKING, Criterion
from orchestrator.reports.report import folder_of
from orchestrator.tracking.companion import MIRROR_S
from orchestrator.tracking.notes import note_of_experiment, note_of_study
from orchestrator.tracking.sources import Span, source_of, span_of, spans_of, user

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from orchestrator.study.study import Study
    from search_spaces._experiment import Experiment

MOST_CHILDREN = 2000
POINTS_PER_CURVE = 60
METRICS_PER_BATCH = 1000
KIND, NOTE, PARENT = "mlflow.experimentKind", "mlflow.note.content", "mlflow.parentRunId"
MACHINE_LEARNING = "custom_model_development"
COUNTS = ("replicas", "events", "censored", "diverged", "missing")


@dataclass(frozen=True)
class Shown:
    """Where a study is shown: the client, its experiment and its parent run."""

    client: MlflowClient
    study: Study
    experiment: str
    parent: str

    def child(self, key: str, name: str, *, at_ms: int, tags: Mapping[str, str]) -> str:
        """Return the id of a new run under the parent."""
        every = {PARENT: self.parent, "run_key": key, **tags}
        made = self.client.create_run(self.experiment, run_name=name, start_time=at_ms, tags=every)
        return str(made.info.run_id)

    def log(self, run: str, numbers: Mapping[str, float], *, at_ms: int) -> None:
        """Log the numbers that differ from what the run shows."""
        shown = self.client.get_run(run).data.metrics
        new = {key_of(name): value for name, value in numbers.items() if shown.get(key_of(name)) != value}
        _log(self.client, run, [Metric(name, value, at_ms, 0) for name, value in new.items()])


@dataclass(frozen=True)
class Child:
    """A run that MLflow already holds, up to which step, and when it began."""

    run: str
    steps: int
    start_ms: int


def bring_up(client: MlflowClient, study: Study, facts: Mapping[str, Any] | None, went_on: Callable[[], None]) -> None:
    """Show all replicas that have ended and, with the facts of a report, the answer they give."""
    rows = study.rows()
    experiment = _experiment(client, study)
    shown = Shown(client, study, experiment, _parent(client, experiment, study, rows))
    few = len(study.experiment.replicas(study.scale)) <= MOST_CHILDREN
    if few:
        _mirror_replicas(shown, rows, went_on)
    if facts is None:
        return
    span = span_of(rows)
    if not few:
        _mirror_levels(shown, facts, span)
    _sum_up(shown, facts, span)


def key_of(name: str) -> str:
    """Return a name as MLflow allows it.

    >>> key_of("mass of 'x' / all")
    'mass of _x_ _ all'
    """
    return re.sub(r"[^\w\-. :]", "_", name)[:200].strip(".") or "_"


def _experiment(client: MlflowClient, study: Study) -> str:
    """Return the id of the experiment, made or restored if it is gone, in the machine-learning view."""
    name = study.experiment.name
    found = client.get_experiment_by_name(name)
    served = (study.options.tracking_uri or "").startswith(("http://", "https://"))
    if found is None:  # a server knows its own place for artifacts
        place = None if served else (study.results.root / "mlartifacts").as_uri()
        made = str(client.create_experiment(name, artifact_location=place))
    else:
        made = str(found.experiment_id)
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(made)
    if found is None or KIND not in found.tags:
        client.set_experiment_tag(made, KIND, MACHINE_LEARNING)
        client.set_experiment_tag(made, NOTE, note_of_experiment(study))
    return made


def _parent(client: MlflowClient, experiment: str, study: Study, rows: pl.DataFrame) -> str:
    key = study.key.as_posix()
    found = client.search_runs([experiment], f"tags.run_key = '{key}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    tags = {"run_key": key, "question": study.experiment.question, **user(), **source_of(study, None)}
    made = client.create_run(experiment, run_name=key, start_time=span_of(rows).start_ms, tags=tags)
    return str(made.info.run_id)


def _children(shown: Shown) -> dict[str, Child]:
    """Return every child by its key."""
    found: dict[str, Child] = {}
    token = None
    while True:
        page = shown.client.search_runs(
            [shown.experiment],
            f"tags.`{PARENT}` = '{shown.parent}'",
            run_view_type=ViewType.ACTIVE_ONLY,
            max_results=1000,
            page_token=token,
        )
        for run in page:
            steps = run.data.tags.get("steps", "")
            known = int(steps) if steps.isdecimal() else -1
            found[run.data.tags.get("run_key", "")] = Child(run.info.run_id, known, run.info.start_time)
        token = page.token
        if not token:
            return found


def _mirror_replicas(shown: Shown, rows: pl.DataFrame, went_on: Callable[[], None]) -> None:
    known = _children(shown)
    new = [row for row in rows.iter_rows(named=True) if row["id"] not in known or known[row["id"]].steps < row["steps"]]
    if not new:
        return
    curves = shown.study.results.curves([row["id"] for row in new]).partition_by("id", as_dict=True)
    spans = spans_of(rows)
    until = time.monotonic() + MIRROR_S
    for done, row in enumerate(new):
        if time.monotonic() > until:
            raise TimeoutError(f"MLflow is slow, {done} of {len(new)} new replicas took {MIRROR_S:.0f} s")
        # a curve file may be unreadable
        _mirror_replica(shown, row, curves.get((row["id"],)), known.get(row["id"]), spans.get(row["id"]))
        went_on()


def _mirror_replica(
    shown: Shown, row: Mapping[str, Any], curve: pl.DataFrame | None, known: Child | None, span: Span | None
) -> None:
    start_ms = span.start_ms if span else known.start_ms if known else int(time.time() * 1000)
    run = known.run if known else _create_child(shown, row, start_ms)
    lasted = span or Span(start_ms, start_ms)  # deterministic, so that no point is doubled
    metrics = _outcome(row, shown.study.experiment, lasted.end_ms)
    if curve is not None:
        metrics = _curve_metrics(curve, known.steps if known else -1, row["steps"], lasted) + metrics
    fresh = known is None or known.steps < 0
    ending = [RunTag("status", str(row["status"])), RunTag("steps", str(row["steps"]))]  # how far it is mirrored
    _log(shown.client, run, metrics, params=_params(row) if fresh else [], tags=ending)
    shown.client.set_terminated(run, end_time=lasted.end_ms)


def _create_child(shown: Shown, row: Mapping[str, Any], start_ms: int) -> str:
    config = json.loads(row["config"])
    axes = shown.study.experiment.varied(shown.study.scale)
    name = _told({axis: config.get(axis) for axis in axes} | {"seed": row["data_seed"]})
    tags = {"provenance": str(row["provenance"]), **user(), **source_of(shown.study, row)}
    return shown.child(row["id"], name, at_ms=start_ms, tags=tags)


def _params(row: Mapping[str, Any]) -> list[Param]:
    seeds = {"data_seed": row["data_seed"], "init_seed": row["init_seed"], "replica": row["id"]}
    return [Param(key_of(key), str(value)) for key, value in {**json.loads(row["config"]), **seeds}.items()]


def _log(
    client: MlflowClient,
    run: str,
    metrics: Sequence[Metric],
    *,
    params: Sequence[Param] = (),
    tags: Sequence[RunTag] = (),
) -> None:
    """Log metrics in batches; params and tags come with the last one, so they mark a complete run."""
    batches = [metrics[first : first + METRICS_PER_BATCH] for first in range(0, len(metrics), METRICS_PER_BATCH)]
    for batch in batches[:-1]:
        client.log_batch(run, metrics=batch)
    if batches or params or tags:
        client.log_batch(run, metrics=batches[-1] if batches else [], params=params, tags=tags)


def _curve_metrics(curve: pl.DataFrame, after: int, last: int, span: Span) -> list[Metric]:
    """Return the points of every probe past a step, thinned; their time follows from their step, so that none is
    doubled when it is logged again."""
    steps = curve["step"].unique().sort().to_list()
    kept = set(steps[:: -(-len(steps) // POINTS_PER_CURVE)] + steps[-1:])
    thin = curve.filter(pl.col("step").is_in(list(kept)) & (pl.col("step") > after))
    return [
        Metric(key_of(probe), value, span.at(step, last), step)
        for step, probe, value in thin.select("step", "probe", "value").iter_rows()
    ]


def _outcome(row: Mapping[str, Any], experiment: Experiment, at_ms: int) -> list[Metric]:
    """Return how long a run was watched, whether it saw the experiment's event, and the steps of all that it saw."""
    outcome = {"watched_steps": float(row["steps"])}
    names = {(each.name, each.threshold): name for each, name in _metric_names(experiment).items()}
    for event in row["events"]:
        key = (event["name"], event["threshold"])
        if key == (experiment.criterion.name, experiment.criterion.threshold):
            outcome["censored"] = float(event["upper"] is None)
        if key in names and event["upper"] is not None:
            outcome[names[key]] = float(event["upper"])
    return [Metric(name, value, at_ms, row["steps"]) for name, value in outcome.items()]


def _metric_names(experiment: Experiment) -> dict[Criterion, str]:
    """Return the metric for the step of each event: grok_step, and one for each threshold of the recording's events."""
    found = {experiment.quantities[GROKKED]: GROKKING.step}
    for event in experiment.recording.events:
        several = len(event.criteria) > 1
        found |= {each: each.step + (f" {each.threshold:g}" if several else "") for each in event.criteria}
    return {each: key_of(name.replace(" ", "_")) for each, name in found.items()}


def _mirror_levels(shown: Shown, facts: Mapping[str, Any], span: Span) -> None:
    known = _children(shown)
    for level in facts.get("levels", ()):
        key = _told({**level["where"], shown.study.experiment.x: level["x"]})
        run = known[key].run if key in known else shown.child(key, key, at_ms=span.start_ms, tags=user())
        names = ("runs", "events", "median", "restricted_mean")
        shown.log(run, {name: level[name] for name in names if level[name] is not None}, at_ms=span.end_ms)
        shown.client.set_terminated(run, end_time=span.end_ms)


def _sum_up(shown: Shown, facts: Mapping[str, Any], span: Span) -> None:
    """Show answer, verdicts, constants and report on the parent."""
    client, parent, study = shown.client, shown.parent, shown.study
    now_ms = int(time.time() * 1000)  # what is logged last is what is shown
    shown.log(parent, _numbers(facts), at_ms=now_ms)
    if (folder_of(study) / "report.json").is_file():
        client.log_artifacts(parent, str(folder_of(study)), "report")
    verdicts = {f"claim.{key_of(claim['name'])}": claim["verdict"] for claim in facts.get("claims", ())}
    notes = {NOTE: note_of_study(study, facts, parent), "answer": str(facts.get("answer", ""))[:5000]}
    tags = [RunTag(name, str(value)) for name, value in {**verdicts, **notes}.items()]
    client.log_batch(parent, tags=tags[:100])
    client.set_experiment_tag(shown.experiment, NOTE, note_of_experiment(study))
    whole = not facts.get("missing") and not facts.get("failed")
    status = RunStatus.to_string(RunStatus.FINISHED if whole else RunStatus.KILLED)
    client.set_terminated(parent, status=status, end_time=span.end_ms)


def _numbers(facts: Mapping[str, Any]) -> dict[str, float]:
    """Return the counts of a report, the constants of its laws and the effects of its claims, with their intervals.

    >>> _numbers({"claims": [{"name": "c", "effect": 1.0, "low": 0.5, "high": None}]})
    {'claim.c.effect': 1.0, 'claim.c.low': 0.5}
    """
    found = {name: facts.get(name) for name in COUNTS}
    for fit in facts.get("fits", ()):
        for name, interval in fit["parameters"].items():
            label = f"{fit['law']}.{name}"
            found |= {label: interval["estimate"], f"{label}.low": interval["low"], f"{label}.high": interval["high"]}
    for claim in facts.get("claims", ()):
        found |= {f"claim.{claim['name']}.{part}": claim.get(part) for part in ("effect", "low", "high")}
    return {name: float(value) for name, value in found.items() if value is not None}


def _told(place: Mapping[str, Any]) -> str:
    return " ".join(
        f"{axis}={value:g}" if isinstance(value, float) else f"{axis}={value}" for axis, value in place.items()
    )
