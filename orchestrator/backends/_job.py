"""What a backend is given, and what it tells while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.table import to_json
from orchestrator.plan import Plan
from orchestrator.resources import Request
from orchestrator.results import Results
from trainables.store import Pace

Observer = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """One launch: the plan, where results go, on what to run, who is told of every chunk, and how often."""

    plan: Plan
    results: Results
    request: Request
    device: str
    observe: Observer
    address: str | None = None
    pace: Pace | None = None
    slug: str = ""

    def arguments(self) -> dict[str, Any]:
        """Return what every worker gets handed in beside its tiny config."""
        from orchestrator.provenance import provenance

        return {
            "budget_steps": self.plan.budget_steps,
            "results": self.results,
            "device": self.device,
            "provenance": to_json({**provenance(), "device": self.device}),
            "pace": self.pace,
        }
