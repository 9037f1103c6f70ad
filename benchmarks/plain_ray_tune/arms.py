"""Runs one arm in a process of its own and measures it from the start of the interpreter to its end."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

FIELDS = {"modulus": 67, "train_fraction": 0.4, "learning_rate": 0.01, "weight_decay": 1.0}
LEVELS = (0.01, 0.02, 0.03, 0.05, 0.1, 1.0)
ARMS = ("plain", "packed", "packed_bf16")


def measured(arm: str, *, mlflow: bool, modulus: int, runs: int, budget: int) -> dict[str, Any]:
    """Return an arm's facts, with ``process_s`` from start to end and ``start_up_s`` until training began."""
    words = [sys.executable, "-m", "plain_ray_tune.arms", arm, f"--runs={runs}", f"--budget={budget}"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "facts.json"
        words += [f"--modulus={modulus}", f"--out={out}", *(["--mlflow"] if mlflow else [])]
        began = time.time()
        done = subprocess.run(words, env=os.environ, capture_output=True, text=True, check=False)
        process_s = time.time() - began
        if done.returncode:
            raise SystemExit(f"{arm} failed:\n{done.stderr[-3000:]}")
        facts: dict[str, Any] = json.loads(out.read_text())
        return {"process_s": process_s, "start_up_s": facts.pop("began") - began, **facts}


def run(arm: str, runs: int, budget: int, modulus: int, mlflow: bool) -> dict[str, float]:
    """Train so many networks, spread over the levels, in this process."""
    fields = {**FIELDS, "modulus": modulus}
    if arm == "plain":
        from plain_ray_tune import plain

        each = [{"kl_strength": LEVELS[index % len(LEVELS)], "seed": index // len(LEVELS)} for index in range(runs)]
        return plain.sweep([{**fields, "budget_steps": budget, **point} for point in each], mlflow=mlflow)
    from plain_ray_tune import packed

    precision = "bf16-mlp" if arm == "packed_bf16" else "fp32"
    return packed.launch(fields, seeds=runs // len(LEVELS), budget=budget, precision=precision, mlflow=mlflow)


def main() -> None:
    """Run one arm and write its facts as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("arm", choices=ARMS)
    for name in ("runs", "budget", "modulus"):
        options.add_argument(f"--{name}", type=int, required=True)
    options.add_argument("--mlflow", action="store_true")
    options.add_argument("--out", type=Path, required=True)
    asked = options.parse_args()
    asked.out.write_text(json.dumps(run(asked.arm, asked.runs, asked.budget, asked.modulus, asked.mlflow)))


if __name__ == "__main__":
    main()
