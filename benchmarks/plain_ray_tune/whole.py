"""Whole sweeps from the start of the interpreter to the end of the report: how the cost of a launch grows with the
replica-steps in it, and the laptop sweep against plain Ray Tune with its MLflow callback, which trains half of the
seeds; the two are compared per replica-step.

``PYTHONPATH=benchmarks:. python -m plain_ray_tune.whole --out whole.json --figures figures``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from plain_ray_tune.arms import measured

RUNS, PLAIN_RUNS, MODULUS, BUDGETS, WHOLE = 48, 24, 67, (100, 200, 400, 800), 2000


def main() -> None:
    """Print one line per launch, then the comparison."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--figures", type=Path)
    asked = options.parse_args()
    launches = [arm("packed", RUNS, budget) for budget in (*BUDGETS, WHOLE)]
    found = {"launches": launches, "growth": growth(launches)}
    asked.out.write_text(json.dumps(found, indent=1))
    if asked.figures:
        draw(found, asked.figures)
    plain = arm("plain", PLAIN_RUNS, WHOLE)
    each = [sweep["process_s"] / sweep["replica_steps"] for sweep in (plain, launches[-1])]
    found |= {"plain": plain, "ratio_per_replica_step": each[0] / each[1]}
    asked.out.write_text(json.dumps(found, indent=1))


def arm(name: str, runs: int, budget: int) -> dict[str, Any]:
    """Return the facts of one whole sweep."""
    facts = measured(name, mlflow=True, modulus=MODULUS, runs=runs, budget=budget)
    print(json.dumps({"arm": name, "runs": runs, "budget": budget, **facts}), flush=True)
    return {"runs": runs, "budget": budget, **facts}


def growth(launches: list[dict[str, Any]]) -> dict[str, float]:
    """Return the straight line of seconds over replica-steps, and how far the launches lie from it at most."""
    steps, seconds = (np.array([each[name] for each in launches]) for name in ("replica_steps", "process_s"))
    slope, rest = np.polyfit(steps, seconds, 1)
    off = np.abs(slope * steps + rest - seconds) / seconds
    return {"ms_per_replica_step": 1000 * slope, "fixed_s": rest, "largest_deviation": float(off.max())}


def draw(found: dict[str, Any], folder: Path) -> None:
    """Write the figure of seconds over replica-steps, as SVG."""
    from analysis.figures._style import COLOURS, canvas

    steps, seconds = ([each[name] for each in found["launches"]] for name in ("replica_steps", "process_s"))
    line = found["growth"]
    ends = np.array([0, 1.05 * max(steps)])
    with canvas(folder, "launch_cost") as (axes, _):
        axes.plot(ends, line["fixed_s"] + line["ms_per_replica_step"] * ends / 1000, color=COLOURS[1], label="line")
        axes.plot(steps, seconds, "o", color=COLOURS[0], label="launches")
        axes.set(xlabel="replica-steps", ylabel="seconds, start-up and report included", xlim=(0, None), ylim=(0, None))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend()


if __name__ == "__main__":
    main()
