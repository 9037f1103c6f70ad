"""How much faster a sweep is than the same networks trained one per trial on plain Ray Tune, alternating in one run.

``PYTHONPATH=benchmarks:. python -m plain_ray_tune --repeats 3``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from plain_ray_tune.arms import measured

SIZES = {67: {"packed": (48, 300), "plain": (12, 200)}, 113: {"packed": (48, 120), "plain": (12, 80)}}
ARMS = {
    "launch": ("packed", True),
    "launch in bf16-mlp": ("packed_bf16", True),
    "plain with MLflow": ("plain", True),
    "plain": ("plain", False),
}


def main() -> None:
    """Alternate the arms and print each ratio with its spread."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--modulus", type=int, choices=tuple(SIZES), nargs="*", default=list(SIZES))
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    found: dict[str, Any] = {}
    for modulus in asked.modulus:
        times: dict[str, list[float]] = {name: [] for name in ARMS}
        for _ in range(asked.repeats):
            for name, (arm, mlflow) in ARMS.items():
                runs, budget = SIZES[modulus][arm.split("_")[0]]
                facts = measured(arm, mlflow=mlflow, modulus=modulus, runs=runs, budget=budget)
                times[name].append(facts["ms_per_replica_step"])
                print(f"p = {modulus}, {name}: {times[name][-1]:.2f} ms of wall per replica-step", flush=True)
        found[f"p = {modulus}"] = {name: summary(times[name], times["launch"]) for name in ARMS}
        for name, facts in found[f"p = {modulus}"].items():
            low, high = facts["ratio_range"]
            print(f"p = {modulus}, {name}: {facts['ms']:.2f} ms, {facts['ratio']:.2f} × launch [{low:.2f}, {high:.2f}]")
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1))


def summary(times: list[float], base: list[float]) -> dict[str, Any]:
    """Return the median time, and the median and range of its ratio to the base measured beside it."""
    ratios = np.array(times) / np.array(base)
    return {
        "ms": float(np.median(times)),
        "ratio": float(np.median(ratios)),
        "ratio_range": [float(ratios.min()), float(ratios.max())],
    }


if __name__ == "__main__":
    main()
