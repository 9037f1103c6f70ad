"""Time and peak memory of everything around training, for sweeps of 100 to 10,000 replicas with made-up results.

``PYTHONPATH=. python benchmarks/scale.py --out scale.json``
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import strengths

from analysis import events, table
from orchestrator.study.study import Options, Study, study_of

LEVELS = len(strengths.EXPERIMENT.scales["laptop"].space.axes["kl_strength"])
REPLICAS_PER_FILE = 4  # a pack publishes what ended in the same two seconds
PART = """
import json, resource, sys, time
from orchestrator.study.state import read
from orchestrator.study.study import Options, study_of
from orchestrator.reports import answers, report
from orchestrator.verbs import facts
made = study_of(Options(name=sys.argv[4], storage=sys.argv[2], seeds=int(sys.argv[3])))
parts = {
    "show": lambda: facts.plan_facts(made),
    "reconcile": made.plan,
    "data and fits": lambda: answers.answers(made.experiment, made.scale, report.runs_of(read(made))),
}
began = time.perf_counter()
parts[sys.argv[1]]()
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def filled(storage: str, seeds: int) -> tuple[Study, float]:
    """Return a study with a made-up row and curve for each replica, and the seconds that publishing one took."""
    made = study_of(Options(name=strengths.__file__, storage=storage, seeds=seeds))
    source, replicas = np.random.default_rng(0), made.experiment.replicas(made.scale)
    began = time.perf_counter()
    for first in range(0, len(replicas), REPLICAS_PER_FILE):
        some = replicas[first : first + REPLICAS_PER_FILE]
        rows, columns = [], {name: [] for name in table.CURVE_COLUMNS}
        for replica in some:
            step = 10 * round(45 * (1 + 0.05 / replica.config["kl_strength"]) * float(np.exp(source.normal(0, 0.25))))
            rows.append(_row(replica, step, replica.recording.last_step(2000)))
            for probe in range(15):
                columns["id"] += [replica.id] * 100
                columns["step"] += list(range(0, 1000, 10))
                columns["probe"] += [f"probe_{probe}"] * 100
                columns["value"] += [0.5] * 100
        made.results.publish(rows, columns)
    return made, (time.perf_counter() - began) / len(replicas)


def _row(replica: Any, step: int, budget: int) -> dict[str, Any]:
    grokked = step < budget
    crossings = [
        events.Crossing(
            name=name,
            threshold=threshold,
            lower=lower,
            upper=upper,
            sustained_lower=lower,
            sustained_upper=upper,
            relapses=0,
        )
        for threshold in replica.recording.thresholds
        for name, lower, upper in (
            ("memorised", 80, 90),
            ("grokked", step - 10 if grokked else budget, step if grokked else None),
        )
    ]
    return {
        **{name: getattr(replica, name) for name in ("id", "family", "version", "data_seed", "init_seed")},
        "config": table.to_json(replica.config),
        "status": "observed" if grokked else "budget",
        "steps": step + 50 if grokked else budget,
        "events": [dataclasses.asdict(event) for event in crossings],
        "provenance": "{}",
        "schema": table.SCHEMA_VERSION,
    }


def measured(seeds: int) -> dict[str, Any]:
    """Return seconds and peak MiB of each part, each in a process of its own."""
    with tempfile.TemporaryDirectory() as storage:
        made, append = filled(storage, seeds)
        facts: dict[str, Any] = {"replicas": seeds * LEVELS, "append_ms_per_replica": 1000 * append}
        facts["files"] = len(made.results.files("replicas", ".parquet"))
        for part in ("show", "reconcile", "data and fits"):
            words = [sys.executable, "-c", PART, part, storage, str(seeds), strengths.__file__]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            facts[part] = json.loads(done.stdout.splitlines()[-1])
        return facts


def main() -> None:
    """Print one line per size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicas", type=int, nargs="*", default=[100, 1000, 10_000])
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    found = []
    for count in asked.replicas:
        found.append(measured(-(-count // LEVELS)))
        print(json.dumps(found[-1]), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps({"sizes": found}, indent=1))


if __name__ == "__main__":
    main()
