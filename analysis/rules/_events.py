"""What rules share that look at the runs' own times, without a fit: which event these are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.criteria import Criterion, event_of
from analysis.rules._law import OfTimes


@dataclass(frozen=True, kw_only=True)
class OfEvents(OfTimes):
    """A rule about the times of single runs: of the experiment's event, of another one, or the delay."""

    def event(self, own: Criterion, others: Mapping[str, Criterion]) -> Criterion:
        """Return the event whose times the rule looks at; ``others``: all recorded events, by name."""
        return event_of(self.quantity, own, others)
