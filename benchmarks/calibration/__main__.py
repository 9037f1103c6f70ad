"""Simulate sweeps, fit them as reports do, and count how often intervals cover and verdicts are right.

``PYTHONPATH=benchmarks:. python -m calibration --simulations 1000 --grouped 200 --out calibration.json``
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from functools import partial
from pathlib import Path
from typing import Any

from calibration.cells import cells
from calibration.measure import kind_of, one, summary


def main() -> None:
    """Run the cells that the output file does not hold yet, and write what is known after each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--simulations", type=int, default=1000, help="for profile intervals")
    options.add_argument("--grouped", type=int, default=200, help="for intervals by leaving out each seed")
    options.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options.add_argument("--only", default="", help="cells whose name contains this, such as 'exponent'")
    options.add_argument("--out", type=Path, default=Path("calibration.json"))
    asked = options.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # matrices are tiny; threads of several workers would spin
    done: list[dict[str, Any]] = json.loads(asked.out.read_text())["cells"] if asked.out.exists() else []
    known = {(facts["cell"], facts["planned_censored"], facts["intervals"]) for facts in done}
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for cell in (each for each in cells() if asked.only in each.name):
            if (cell.name, cell.censored, kind_of(cell)) in known:
                continue
            count = asked.grouped if cell.grouped else asked.simulations
            runs = pool.map(partial(one, cell, cell.budget()), range(count), chunksize=5)
            done.append(summary(cell, [run for run in runs if run is not None]))
            print(json.dumps(done[-1]), flush=True)
            asked.out.write_text(json.dumps({"cells": done}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
