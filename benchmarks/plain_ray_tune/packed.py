"""This project's side: the same networks by ``launch``, mirrored to MLflow, with a report at the end."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import strengths

from orchestrator.backends import ray_tune
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.study.state import read
from orchestrator.study.study import Options, study_of
from orchestrator.tracking import mirror
from plain_ray_tune.clock import Clock


def launch(fields: Mapping[str, Any], *, seeds: int, budget: int, precision: str, mlflow: bool) -> dict[str, float]:
    """Launch the benchmarks' sweep with other fields, so many seeds per level and another budget."""
    clock = Clock()
    run: Callable[[Any], bool] = ray_tune.run

    def counted(job: Any) -> bool:
        def observe(facts: Mapping[str, Any]) -> None:
            clock.told(facts["replica_steps"], facts["chunk_s"])
            job.observe(facts)

        return run(replace(job, observe=observe))

    ray_tune.run = counted
    sets = tuple(f"{name}={value}" for name, value in fields.items())
    with tempfile.TemporaryDirectory() as folder:
        asked = {"changes": sets, "seeds": seeds, "budget_steps": budget, "precision": precision}
        made = study_of(Options(name=strengths.__file__, storage=folder, **asked))  # type: ignore[arg-type]
        train(made, silent=True)
        trained = time.time()
        facts = report.write(read(made))
        written = time.time()
        if mlflow:
            mirror.bring_up(made, facts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    after = {"report_s": written - trained, "mlflow_s": time.time() - written, "driver_peak_mib": peak}
    return {**clock.facts(), **after}
