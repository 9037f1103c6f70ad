"""The two arms: plain Ray Tune, one network per trial, and this project's launch. Each run is a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

FIELDS = {"modulus": 67, "train_fraction": 0.4, "learning_rate": 0.01, "weight_decay": 1.0}
LEVELS = (0.01, 0.02, 0.03, 0.05, 0.1, 1.0)


class Clock:
    """When replica-steps were reported, on the driver."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.reports: list[tuple[float, int]] = []

    def told(self, replica_steps: int) -> None:
        """Take note of replica-steps made since the last report."""
        self.reports.append((time.monotonic(), replica_steps))

    def facts(self) -> dict[str, float]:
        """Return milliseconds of wall per replica-step between the first and the last report, and the whole wall."""
        (first, _), *later = self.reports
        steps = sum(made for _, made in later)
        steady = 1000 * (later[-1][0] - first) / steps
        return {"ms_per_replica_step": steady, "replica_steps": steps, "wall_s": time.monotonic() - self.started}


def plain(runs: int, budget: int, modulus: int, mlflow: bool) -> dict[str, float]:
    """Train runs one per trial on Ray Tune, actors reused, every evaluation reported."""
    import ray
    from ray import tune
    from ray.air.integrations.mlflow import MLflowLoggerCallback

    from plain_ray_tune.network import Run

    clock = Clock()

    class Plain(tune.Trainable):
        """One network."""

        def setup(self, config: dict[str, Any]) -> None:
            self._run = Run(config)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self._run = Run(new_config)
            return True

        def step(self) -> dict[str, Any]:
            return self._run.until_next_evaluation()

    class Count(tune.Callback):
        """Tells the clock of every report."""

        def __init__(self) -> None:
            self._at: dict[str, int] = {}

        def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: Mapping[str, Any], **_: Any) -> None:
            clock.told(result["steps"] - self._at.get(trial.trial_id, 0))
            self._at[trial.trial_id] = result["steps"]

    os.environ |= {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0"}
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        callbacks: list[Any] = [Count()]
        if mlflow:
            callbacks.append(
                MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="plain")
            )
        tune.Tuner(
            tune.with_resources(Plain, {"cpu": 1}),
            param_space={
                **FIELDS,
                "modulus": modulus,
                "budget_steps": budget,
                "kl_strength": tune.grid_search([LEVELS[index % len(LEVELS)] for index in range(runs)]),
                "seed": tune.randint(0, 10**6),
            },
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(storage_path=folder, verbose=0, callbacks=callbacks),
        ).fit()
    return clock.facts()


def packed(runs: int, budget: int, modulus: int, mlflow: bool, precision: str = "fp32") -> dict[str, float]:
    """Train as many runs by ``launch``: packs on Ray, mirrored to MLflow, with a report at the end."""
    from dataclasses import replace

    from orchestrator import report, tracking
    from orchestrator.backends import ray_tune
    from orchestrator.launch import Options, study, train

    clock = Clock()
    run: Callable[[Any], bool] = ray_tune.run

    def counted(job: Any) -> bool:
        def observe(facts: Mapping[str, Any]) -> None:
            clock.told(facts["replica_steps"])
            job.observe(facts)

        return run(replace(job, observe=observe))

    ray_tune.run = counted
    with tempfile.TemporaryDirectory() as folder:
        sets = tuple(f"{name}={value}" for name, value in {**FIELDS, "modulus": modulus}.items())
        made = study(
            Options(
                name="kl_scaling",
                storage=folder,
                changes=sets,
                seeds=runs // len(LEVELS),
                budget_steps=budget,
                precision=precision,
            )
        )
        train(made, silent=True)
        facts = report.write(made)
        if mlflow:
            tracking.bring_up(made, facts)
    return clock.facts()


def main() -> None:
    """Run one arm and print its facts as JSON on the last line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("arm", choices=("plain", "packed", "packed_bf16"))
    for name in ("runs", "budget", "modulus"):
        options.add_argument(f"--{name}", type=int, required=True)
    options.add_argument("--mlflow", action="store_true")
    options.add_argument("--out", type=Path, required=True)
    asked = options.parse_args()
    arm = {"plain": plain, "packed": packed, "packed_bf16": partial(packed, precision="bf16-mlp")}[asked.arm]
    asked.out.write_text(json.dumps(arm(asked.runs, asked.budget, asked.modulus, asked.mlflow)))


if __name__ == "__main__":
    main()
