"""Curves made up for the runs of a published table, so that their figures can be drawn without training."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl

from analysis.table import curve_schema
from search_spaces._experiment import Experiment
from search_spaces._files import experiment_named

PUBLISHED = Path(__file__).parents[1] / "docs" / "results"
EVALUATIONS = 41


def study_of(name: str, scale: str = "laptop") -> Any:
    """Return what the figures need to know of a study."""
    return SimpleNamespace(experiment=experiment_named(name).asked_at(scale), scale=scale)


def published(name: str) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the table of runs and the facts of a published report."""
    runs = pl.read_csv(PUBLISHED / name / "replicas.csv", infer_schema_length=None)
    return runs, json.loads((PUBLISHED / name / "report.json").read_text())


def curves_of(experiment: Experiment, runs: pl.DataFrame) -> pl.DataFrame:
    """Return curves of all probes that the experiment draws."""
    rows = list(_rows(experiment, runs))
    return pl.DataFrame(rows, schema=curve_schema(), orient="row")


def _rows(experiment: Experiment, runs: pl.DataFrame) -> Iterator[tuple[str, int, str, float]]:
    grokked = f"grokked_{experiment.threshold:g}_upper"
    for row in runs.iter_rows(named=True):
        steps = np.unique(np.linspace(0, row["steps"], EVALUATIONS).astype(int))
        end = row[grokked] or 3 * row["steps"]
        for probe in experiment.curves:
            values = _values(probe, steps, end, row)
            yield from ((row["id"], int(step), probe, float(value)) for step, value in zip(steps, values, strict=True))


def _values(probe: str, steps: np.ndarray, end: float, row: Mapping[str, Any]) -> np.ndarray:
    seed = 1 + 0.03 * (row["data_seed"] % 8)
    if "accuracy" in probe or probe.endswith("_q01"):
        return np.asarray(0.01 + 0.985 / (1 + np.exp(-8 * seed * (steps / end - 0.85))))
    if probe == "mlp_norm":
        held = row.get("mlp_norm")
        return np.full(len(steps), float(held)) if held else np.asarray(30 * seed * np.exp(-steps / 5000))
    if probe == "attention_kl" and row.get("attention") == "oracle":
        return np.zeros(len(steps))
    return np.asarray(3 * seed * np.exp(-4 * steps / end) + 1e-4)
