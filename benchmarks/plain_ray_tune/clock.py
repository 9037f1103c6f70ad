"""What a driver sees of a sweep: when replica-steps were reported, and how much slot time went into chunks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

SLOTS = 2


@dataclass
class Clock:
    """Collects reports of replica-steps; ``chunk_s`` is the time in which they were made, where that is known."""

    reports: list[tuple[float, int, float]] = field(default_factory=list)

    def told(self, replica_steps: int, chunk_s: float = 0.0) -> None:
        """Take note of replica-steps made since the last report."""
        self.reports.append((time.time(), replica_steps, chunk_s))

    def facts(self) -> dict[str, float]:
        """Return steady milliseconds of wall per replica-step, all replica-steps, and when the first chunk began.

        Steady means between the first and the last report. ``outside_chunks`` is the share of slot time between the
        beginning of the first chunk and the last report that was spent in no chunk.
        """
        (first, made, chunk_s), *later = self.reports
        began, last = first - chunk_s, later[-1][0]
        steps = sum(each[1] for each in later)
        busy = sum(each[2] for each in self.reports)
        return {
            "ms_per_replica_step": 1000 * (last - first) / steps,
            "replica_steps": steps + made,
            "began": began,
            "outside_chunks": 1 - busy / (SLOTS * (last - began)),
        }
