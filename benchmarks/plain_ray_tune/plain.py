"""The honest alternative: Ray Tune with one network per trial, as a competent user would write it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from typing import Any

import ray
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback

from plain_ray_tune.clock import Clock
from plain_ray_tune.network import Run

SETTINGS = {"TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0"}


class Plain(tune.Trainable):
    """One network."""

    def setup(self, config: dict[str, Any]) -> None:
        """Build the network."""
        self._run = Run(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Build another network in the same process."""
        self._run = Run(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train until the next evaluation."""
        return self._run.until_next_evaluation()


class Count(tune.Callback):
    """Tells the clock of every report."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._at = clock, dict[str, int]()

    def on_trial_result(self, iteration: int, trials: Any, trial: Any, result: Mapping[str, Any], **_: Any) -> None:
        """Count the steps since the trial's last report."""
        self._clock.told(result["steps"] - self._at.get(trial.trial_id, 0))
        self._at[trial.trial_id] = result["steps"]

    def __getstate__(self) -> dict[str, Any]:
        return {}


def sweep(configs: list[dict[str, Any]], *, mlflow: bool) -> dict[str, float]:
    """Train one network per config, one per core, actors reused, every evaluation reported."""
    os.environ |= SETTINGS
    ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        callbacks: list[Any] = [Count(clock)]
        if mlflow:
            uri = f"sqlite:///{folder}/mlflow.db"
            callbacks.append(MLflowLoggerCallback(tracking_uri=uri, experiment_name="plain"))
        names = list(configs[0])
        points = tune.grid_search([tuple(config.values()) for config in configs])
        tune.Tuner(
            tune.with_resources(Plain, {"cpu": 1}),
            param_space={"point": points, **{name: _part(index) for index, name in enumerate(names)}},
            tune_config=tune.TuneConfig(reuse_actors=True),
            run_config=tune.RunConfig(storage_path=folder, verbose=0, callbacks=callbacks),
        ).fit()
    return clock.facts()


def _part(index: int) -> Any:
    return tune.sample_from(lambda spec: spec.config.point[index])
