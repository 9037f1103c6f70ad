"""Launch the chaos sweep again and again under faults until it is done, and compare it with the undisturbed one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis import table
from chaos.faults import KINDS, SIGNALS, Schedule
from chaos.launch import chaos_study
from orchestrator.launch import train
from orchestrator.storage import tables
from orchestrator.study.study import Study
from orchestrator.tracking.database import DATABASE
from orchestrator.tracking.mirror import uri_of

ROOT = Path(__file__).parents[2]
SECOND = "second_launch"
AROUND = ("mlflow_corrupt", "mlflow_deleted", "mlflow_locked", "mlflow_down", "mlflow_silent", SECOND)
STEPS_PER_FAULT = 100
PACKS = 2
MOST_LAUNCHES_PER_FAULT = 1.5
LAUNCH_S = 300.0
REFUSED = 2


@dataclass
class Outcome:
    """What a chaos sweep came to. ``differences`` is empty when nothing was lost, doubled or changed."""

    struck: Counter[str] = field(default_factory=Counter)
    exit_codes: Counter[int] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    trained_twice: int = 0
    replica_steps: int = 0
    undisturbed_replica_steps: int = 0
    seconds: float = 0.0


def run(folder: Path, *, faults: int, seed: int) -> Outcome:
    """Run the sweep undisturbed and under a seeded schedule of at least so many faults, each kind at least once."""
    began, outcome = time.monotonic(), Outcome()
    inside, around = schedule(faults, seed)
    budget = STEPS_PER_FAULT * (len(inside) + 2) // PACKS
    undisturbed = chaos_study(folder / "undisturbed", budget=budget)
    train(replace(undisturbed, options=replace(undisturbed.options, backend="in_process")), silent=True)
    due = Schedule(folder / "schedule.json")
    due.write([(STEPS_PER_FAULT * (place + 1), kind) for place, kind in enumerate(inside)])
    made = chaos_study(folder / "storage", budget=budget)
    for _ in range(int(MOST_LAUNCHES_PER_FAULT * faults)):
        kinds = _next(around, due)
        outcome.exit_codes[_launch(made, due, budget, kinds, outcome)] += 1
        if not around and not due.read()["due"] and outcome.exit_codes[0] and not made.plan().missing:
            break
    outcome.exit_codes[_launch(made, due, budget, [], outcome)] += 1
    outcome.struck.update(kind for _, kind in due.read()["struck"])
    outcome.differences += _differences(undisturbed, made) + [f"{kind} never struck" for _, kind in due.read()["due"]]
    outcome.trained_twice = _raw_rows(made) - made.rows().height
    outcome.replica_steps = due.read()["replica_steps"]
    outcome.undisturbed_replica_steps = undisturbed.rows()["steps"].sum()
    outcome.seconds = time.monotonic() - began
    return outcome


def schedule(faults: int, seed: int) -> tuple[list[str], list[str]]:
    """Return the faults inside workers and those around launches, in order: every kind, then random ones."""
    chosen = random.Random(seed)
    kinds = [*KINDS, *AROUND]
    kinds += chosen.choices(KINDS, k=max(faults - len(kinds), 0))
    chosen.shuffle(kinds)
    return [kind for kind in kinds if kind in KINDS], [kind for kind in kinds if kind in AROUND]


def _next(around: list[str], due: Schedule) -> list[str]:
    """Take the faults around the next launch: one of MLflow, and a second launch once no signal will end the first."""
    kinds = [kind for kind in around if kind != SECOND][:1]
    if SECOND in around and not any(kind in SIGNALS for _, kind in due.read()["due"]):
        kinds.append(SECOND)
    for kind in kinds:
        around.remove(kind)
    return kinds


def _launch(made: Study, due: Schedule, budget: int, kinds: list[str], outcome: Outcome) -> int:
    """Launch once, with faults around it, and return the exit code."""
    words = [sys.executable, "-m", "chaos.launch", str(made.results.root), str(due.file), str(budget)]
    outcome.struck.update(kind for kind in kinds if kind != SECOND)
    database = made.results.root / DATABASE
    with contextlib.ExitStack() as stack:
        if "mlflow_corrupt" in kinds:
            database.write_bytes(b"corrupt")
            stack.callback(database.unlink)
        if "mlflow_deleted" in kinds:
            database.unlink(missing_ok=True)
        if "mlflow_locked" in kinds:
            stack.enter_context(_locked(database))
        if "mlflow_down" in kinds:
            words.append("http://ada:s3cret@127.0.0.1:9")
        if "mlflow_silent" in kinds:
            words.append(stack.enter_context(_silent_server()))
        with (due.file.parent / "launches.log").open("ab") as log:
            code = _wait(words, log, also=_second(words, outcome) if SECOND in kinds else None)
    if "s3cret" in (due.file.parent / "launches.log").read_text(errors="replace"):
        outcome.differences.append("a password was printed")
    return code


def _wait(words: list[str], log: Any, also: Callable[[subprocess.Popen[bytes]], None] | None = None) -> int:
    with subprocess.Popen(words, stdout=log, stderr=log, env=_environment(), cwd=ROOT) as launch:
        if also:
            also(launch)
        return launch.wait(timeout=LAUNCH_S)


def _second(words: list[str], outcome: Outcome) -> Callable[[subprocess.Popen[bytes]], None]:
    """Return what launches the same study a second time while the first holds its lock."""

    def check(first: subprocess.Popen[bytes]) -> None:
        holders = Path(words[3]) / "locks"
        while first.poll() is None and not any(_mentions(file, first.pid) for file in holders.glob("*.json")):
            time.sleep(0.05)
        second = subprocess.run(words, env=_environment(), cwd=ROOT, capture_output=True, text=True, check=False)
        if first.poll() is None:
            outcome.struck[SECOND] += 1
            if second.returncode != REFUSED or f"process {first.pid}" not in second.stderr:
                outcome.differences.append(f"a second launch was not refused: {second.returncode} {second.stderr}")

    return check


def _mentions(file: Path, process: int) -> bool:
    with contextlib.suppress(OSError):
        return f"process {process} " in file.read_text()
    return False


@contextlib.contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Hold the write lock of an SQLite database."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextlib.contextmanager
def _silent_server() -> Iterator[str]:
    """Listen and never answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _environment() -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT)])
    return {
        **os.environ,
        "PYTHONPATH": paths,
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "1",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }


def _events(made: Study) -> list[tuple[Any, ...]]:
    found = made.rows().explode("events").unnest("events").sort("id", "name", "threshold")
    return found.select("id", "name", "threshold", "lower", "upper", "status", "steps").rows()


def _raw_rows(made: Study) -> int:
    return int(tables.read(made.results, "replicas", table.replica_schema()).rows.height)


def _differences(undisturbed: Study, made: Study) -> list[str]:
    """Return every way in which the results or MLflow differ from the undisturbed results."""
    found = []
    wanted, got = _events(undisturbed), _events(made)
    found += [f"lost or changed: {row}" for row in wanted if row not in got]
    found += [f"added or changed: {row}" for row in got if row not in wanted]
    ids = [undisturbed.rows()["id"].to_list(), made.rows()["id"].to_list()]
    found += [] if ids[0] == ids[1] else [f"replicas differ: {ids}"]
    curves = [study.results.curves(ids[0]) for study in (undisturbed, made)]
    found += [] if curves[0].equals(curves[1], null_equal=True) else ["curves differ"]
    return found + _mlflow_differences(made)


def _mlflow_differences(made: Study) -> list[str]:
    code = f"""
import json, mlflow
client = mlflow.MlflowClient(tracking_uri={uri_of(made)!r})
runs = client.search_runs([client.get_experiment_by_name("kl_scaling").experiment_id], max_results=10000)
found = [[r.data.tags["run_key"], int(r.data.tags["steps"]), r.data.tags["status"], r.data.metrics.get("grok_step")]
         for r in runs if "mlflow.parentRunId" in r.data.tags]
print(json.dumps(sorted(found)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    threshold = made.experiment.threshold
    wanted = sorted(
        [row["id"], row["steps"], row["status"], event["upper"]]
        for row in made.rows().iter_rows(named=True)
        for event in row["events"]
        if event["name"] == "grokked" and event["threshold"] == threshold
    )
    got = json.loads(done.stdout.splitlines()[-1])
    return [] if got == wanted else [f"MLflow holds {got}, the results {wanted}"]
