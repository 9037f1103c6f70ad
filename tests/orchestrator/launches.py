"""Launches of a tiny version of kl_scaling, its runs under AdamW: 3 levels, 2 seeds, 60 steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tiny import TINY

from orchestrator.study.study import Options, Study, study_of

LEVELS = "kl_strength=0.03,0.1,1"
ADAMW = ("optimizer=adamw", "weight_decay=1", "clip_norm=1")  # one of the two grids
TINY_WIDTHS = (*(f"{name}={value}" for name, value in TINY.items() if name != "width"), "width=4,8,12")
TINY_GRID = (*(f"{name}={value}" for name, value in TINY.items()), "weight_decay=0.3,1", "kl_strength=0.1,1")
TINY_SET = (*(f"{name}={value}" for name, value in TINY.items()), *ADAMW, LEVELS)


def tiny(storage: Path, **changes: Any) -> Study:
    words = {"name": "kl_scaling", "backend": "in_process", "seeds": 2, "budget_steps": 60, "changes": TINY_SET}
    return study_of(Options(storage=str(storage), **{**words, **changes}))


def flags(storage: Path, *, budget: int, seeds: int = 2, changes: tuple[str, ...] = TINY_SET) -> list[str]:
    sets = [word for change in changes for word in ("--set", change)]
    return [
        "launch",
        "kl_scaling",
        "--storage",
        str(storage),
        "--seeds",
        str(seeds),
        "--budget-steps",
        str(budget),
        *sets,
    ]


def facts(made: Study) -> list[tuple[Any, ...]]:
    """Return (id, threshold, lower, upper) of every event."""
    found = made.rows().explode("events").unnest("events").sort("id", "name", "threshold")
    return found.select("id", "name", "threshold", "lower", "upper", "status", "steps").rows()


def points(made: Study) -> list[tuple[Any, ...]]:
    return made.results.curves(made.rows()["id"].to_list()).rows()
