"""Does a number format change when networks grok? Two launches of one experiment, paired by point and seed.

``python -m orchestrator launch benchmarks/strengths.py`` and the same with ``--precision bf16-mlp`` first, then
``PYTHONPATH=. python benchmarks/precision.py --storage runs --out precision.json``
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import strengths
from scipy import stats

from analysis.contrast import contrast
from analysis.evidence import groups_of, times_of
from analysis.table import timeline
from orchestrator.reports.report import runs_of
from orchestrator.study.state import read
from orchestrator.study.study import Options, study_of

BOUNDS = (0.9, 1.1)  # within which the geometric mean ratio has to lie for a format to be a default


def rows_of(storage: str, precision: str) -> tuple[pl.DataFrame, str]:
    """Return the timeline of the experiment in one format, and its x."""
    made = study_of(Options(name=strengths.__file__, storage=storage, precision=precision))
    return timeline(runs_of(read(made)), made.experiment.threshold), made.experiment.x


def compared(first: pl.DataFrame, second: pl.DataFrame, x: str) -> dict[str, Any]:
    """Return the ratio of grok steps, second over first, and how the shares of censored runs differ."""
    paired = first.join(second, on=["data_seed", x], suffix="_b", maintain_order="left")
    later = paired.select(x, lower="lower_b", upper="upper_b")
    found = contrast(times_of(paired, x), times_of(later, x), groups_of(paired))
    lost = int((paired["upper"].is_not_null() & paired["upper_b"].is_null()).sum())
    won = int((paired["upper"].is_null() & paired["upper_b"].is_not_null()).sum())
    ratio = found.ratio
    inside = ratio.low is not None and ratio.high is not None and BOUNDS[0] <= ratio.low and ratio.high <= BOUNDS[1]
    return {
        "pairs": paired.height,
        "ratio": {"estimate": ratio.estimate, "low": ratio.low, "high": ratio.high},
        "within_bounds": inside,
        "sooner": found.sooner,
        "later": found.later,
        "censored_only_in_second": lost,
        "censored_only_in_first": won,
        "mcnemar_p": float(stats.binomtest(lost, lost + won).pvalue) if lost + won else 1.0,
    }


def spreads(first: pl.DataFrame, second: pl.DataFrame, x: str) -> dict[str, Any]:
    """Return the spread of log grok step between formats for one seed, and between seeds in one format."""
    paired = first.join(second, on=["data_seed", x], suffix="_b").drop_nulls(["upper", "upper_b"])
    change = np.log(paired["upper_b"].to_numpy() / paired["upper"].to_numpy())
    seeds = first.drop_nulls("upper").group_by(x).agg(pl.col("upper").log().var().alias("variance"), pl.len())
    return {
        "pairs_that_grokked": paired.height,
        "sd_of_log_ratio_between_formats": float(change.std(ddof=1)) / math.sqrt(2),
        "sd_of_log_step_between_seeds": math.sqrt(float(seeds.drop_nulls()["variance"].mean())),  # type: ignore[arg-type]
    }


def median(rows: pl.DataFrame) -> float | None:
    """Return the median grok step, runs that did not grok counting as later; None where they are half or more."""
    found = rows["upper"].cast(pl.Float64).fill_null(math.inf).quantile(0.5, "lower")
    return found if found is not None and math.isfinite(found) else None


def main() -> None:
    """Print the comparison over all levels and at each level."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--storage", default="runs")
    options.add_argument("--formats", nargs=2, default=["fp32", "bf16-mlp"])
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    (first, x), (second, _) = (rows_of(asked.storage, name) for name in asked.formats)
    facts: dict[str, Any] = {"formats": asked.formats, **compared(first, second, x), **spreads(first, second, x)}
    facts["levels"] = [
        {
            "x": level,
            **{
                name: {"runs": part.height, "grokked": part["upper"].count(), "median": median(part)}
                for name, rows in zip(asked.formats, (first, second), strict=True)
                for part in [rows.filter(pl.col(x) == level)]
            },
        }
        for level in sorted(set(first[x]))
    ]
    text = json.dumps(facts, indent=1)
    print(text)
    if asked.out:
        asked.out.write_text(text)


if __name__ == "__main__":
    main()
