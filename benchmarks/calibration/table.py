"""The results as a Markdown table whose numbers ``audit`` can check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.reports.audit import shown

HEAD = (
    "| design, world | censored | intervals | sweeps | coverage of the exponent | ± | bias | bias if censored runs are "
    "dropped | coverage of the floor | enough levels | holds | fails |"
)
COLUMNS = (
    "censored",
    "intervals",
    "simulations",
    "exponent.coverage",
    "exponent.median_halfwidth",
    "exponent.median_bias",
    "bias_when_censored_runs_are_dropped",
    "floor.coverage",
    "told",
    "holds",
    "fails",
)


def markdown(facts: Mapping[str, Any], file: str) -> str:
    """Return one line per cell; every number stands between marks that name the file."""
    lines = [HEAD, "|---" * (len(COLUMNS) + 1) + "|"]
    for place, cell in enumerate(facts["cells"]):
        values = [_marked(cell, f"{file}:cells.{place}", column) for column in COLUMNS]
        lines.append(f"| {cell['cell']} | {' | '.join(values)} |")
    return "\n".join(lines)


def _marked(cell: Mapping[str, Any], path: str, column: str) -> str:
    value: Any = cell
    for part in column.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "–" if value is None else f"<!--={path}.{column}-->{shown(value)}<!--/-->"
