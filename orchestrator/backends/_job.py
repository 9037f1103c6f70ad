"""What a backend is given, and what it reports while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from analysis.table import to_json
from orchestrator.storage.results import Results
from orchestrator.study.plan import Plan
from orchestrator.study.progress import Progress
from orchestrator.study.resources import Request
from orchestrator.terminal.display import Terminal
from trainables.store import Pace

Observer = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """One launch: the plan, where results go, on what to run, who is told of every chunk, and where it is shown."""

    plan: Plan
    results: Results
    request: Request
    device: str
    observe: Observer
    address: str | None = None
    pace: Pace | None = None
    slug: str = ""
    terminal: Terminal = field(default_factory=lambda: Terminal(silent=True))
    progress: Progress | None = None

    def training(self, react: Callable[[], None]) -> AbstractContextManager[None]:
        """Show that the packs are being trained; a first Ctrl-C calls the reaction."""
        plan = self.plan
        parents = f" and {len(plan.parents)} parents" if plan.parents else ""
        return self.terminal.training(f"training {plan.left} replicas{parents}", self.progress or Progress(plan), react)

    def arguments(self) -> dict[str, Any]:
        """Return what every worker is handed beside its tiny config."""
        from orchestrator.storage.provenance import provenance

        return {
            "budget_steps": self.plan.budget_steps,
            "results": self.results,
            "device": self.device,
            "provenance": to_json({**provenance(), "device": self.device}),
            "pace": self.pace,
        }
