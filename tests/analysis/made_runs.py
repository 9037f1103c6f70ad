"""Runs whose curves are made up: flat ones, but for the columns that a test gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.measures._run import WRITERS, Run

STEPS = np.arange(0, 1010, 10)
COLUMNS = (*WRITERS, "attention_kl", "zero_gradient_share", "accuracy_at_5", "accuracy_at_12")
FIELDS = {"learning_rate": 0.01, "weight_decay": 1.0}


def made(
    *,
    memorised: int | None = None,
    grokked: int | None = None,
    steps: np.ndarray = STEPS,
    fields: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    **columns: np.ndarray,
) -> Run:
    """Return a run; a column that is not given is 0.5 at every evaluation."""
    flat = {name: np.full(len(steps), 0.5) for name in COLUMNS if name not in without}
    return Run(steps.astype(np.int64), {**flat, **columns}, FIELDS | (fields or {}), 0.99, memorised, grokked)


def grokking() -> Run:
    """Return a run that goes through all phases: memorised at 60, starved from 200, grokked at 800."""
    decay = np.exp(-STEPS / 120)
    return made(
        memorised=60,
        grokked=800,
        train_loss=np.where((STEPS == 400) | ((STEPS >= 600) & (STEPS < 640)), 0.03, np.maximum(decay, 0.01)),
        interaction_gradient=np.where(STEPS == 50, 1.0, np.where(STEPS < 200, 0.5, 0.05)),
        attention_kl=np.where((STEPS == 300) | (STEPS >= 700), 0.05, 0.9),
        mlp_norm=20 * np.exp(-STEPS / 1000),
        score_gradient=np.where(STEPS < 20, 0.5, decay**0.5),
        test_accuracy=np.where(STEPS < 800, 0.1, 1.0),
    )
