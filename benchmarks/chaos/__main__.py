"""Command: ``PYTHONPATH=benchmarks:. python -m chaos --faults 60 --seed 0`` prints what a chaos sweep came to."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from chaos.sweep import run


def main() -> int:
    """Run, print the outcome as JSON, and return 1 when anything was lost, doubled or changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep the sweep's files here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        outcome = run(folder, faults=asked.faults, seed=asked.seed)
    print(json.dumps(vars(outcome), indent=1))
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
