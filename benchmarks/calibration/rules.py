"""Judge simulated tables by every rule of claims, and count how often intervals cover and verdicts are wrong.

``PYTHONPATH=benchmarks:. python -m calibration.rules --out rules.json``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analysis.claims import FAILS, HOLDS, Claim, Verdict, holm, judge
from analysis.evidence import Evidence
from calibration.worlds import RuleCell, rule_cells

FAMILY = 20  # claims that are adjusted for each other


def verdict(cell: RuleCell, index: int) -> Verdict:
    """Return the verdict on one simulated table; the same index draws the same table."""
    rows = cell.table(np.random.default_rng([index, *cell.name.encode()]))
    x = "level" if "level" in rows.columns else "arm"
    laws = ("floor_power",) if cell.slow else ()
    evidence = Evidence(rows, x=x, laws=laws, primary_law=laws[0] if laws else "")
    return judge(Claim(name=str(index), statement="s.", rule=cell.rule), evidence)


def summary(cell: RuleCell, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return coverage, errors and the median estimate of a cell.

    ``answered``: the share of tables that gave an interval, of which ``coverage`` is the share that holds the truth;
    ``holds``, ``fails``: shares of all tables with that verdict, each of which errs as the truth lies on the limit.
    """
    told = [each for each in verdicts if each.effect is not None]
    covered = [
        (each.low is None or each.low <= cell.truth) and (each.high is None or cell.truth <= each.high) for each in told
    ]
    return {
        "rule": cell.rule.name,
        "cell": cell.name,
        "simulations": len(verdicts),
        "answered": round(len(told) / len(verdicts), 4),
        "truth": round(cell.truth, 4),
        "median": round(float(np.median([each.effect for each in told if each.effect is not None])), 4),
        "coverage": round(float(np.mean(covered)), 4),
        "holds": round(float(np.mean([each.verdict == HOLDS for each in verdicts])), 4),
        "fails": round(float(np.mean([each.verdict == FAILS for each in verdicts])), 4),
        "p_below_005": round(float(np.mean([each.p is not None and each.p < 0.05 for each in verdicts])), 4),
    }


def families(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Return how often families of claims, with the truth on each limit, err before and after Holm's adjustment."""
    groups = [verdicts[start : start + FAMILY] for start in range(0, len(verdicts) - FAMILY + 1, FAMILY)]
    decided = (HOLDS, FAILS)
    before = [any(each.verdict in decided for each in group) for group in groups]
    after = [any(word in decided for _, word in holm(group)) for group in groups]
    return {
        "claims": FAMILY,
        "families": len(groups),
        "any_wrong": round(float(np.mean(before)), 4),
        "any_wrong_after_holm": round(float(np.mean(after)), 4),
    }


def main() -> None:
    """Write what is known after each cell."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--simulations", type=int, default=2000)
    options.add_argument("--slow", type=int, default=300, help="simulations of rules that fit without each seed")
    options.add_argument("--only", default="", help="cells whose name contains this")
    options.add_argument("--out", type=Path, default=Path("rules.json"))
    asked = options.parse_args()
    found: dict[str, Any] = {"cells": []}
    for cell in (each for each in rule_cells() if asked.only in each.name):
        verdicts = [verdict(cell, index) for index in range(asked.slow if cell.slow else asked.simulations)]
        found["cells"].append(summary(cell, verdicts))
        if cell.name == "mean of a measure, normal":
            found["holm"] = families(verdicts)
        print(json.dumps(found["cells"][-1], ensure_ascii=False), flush=True)
        asked.out.write_text(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
