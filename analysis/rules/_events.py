"""What rules share that look at the runs' own times, without a fit: which event these are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.criteria import AFTER, DELAY, DELAYED, Criterion
from analysis.rules._law import OfTimes

if TYPE_CHECKING:
    from analysis.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class OfEvents(OfTimes):
    """A rule about the times of single runs: of the experiment's event, of another one, or the delay."""

    def about(self, evidence: Evidence) -> Evidence:
        """Return the evidence of the same runs with the times that the rule looks at.

        Raises: ValueError for an event that the runs were not watched for.
        """
        from analysis.evidence import Evidence
        from analysis.table import at, delays

        if self.quantity is None or self.quantity in (evidence.event.name, evidence.event.label):
            return evidence
        name, _, origin = self.quantity.partition(AFTER)
        for each in (name, *([origin] if origin else [])):
            if each not in (DELAY, *evidence.events):
                raise ValueError(f"the runs were not watched for {each!r}")
        rows = evidence.rows
        if name != DELAY:
            rows = at(rows, evidence.events[name].prefix)
        if origin:
            rows = delays(rows, evidence.events[origin].prefix)
        return Evidence(
            delays(rows) if name == DELAY else rows,
            x=evidence.x,
            laws=evidence.laws,
            primary_law=evidence.primary_law,
            strata=evidence.strata,
            least_memorised=evidence.least_memorised,
            constants=evidence.constants,
            event=self.event(evidence.event, evidence.events),
            events=evidence.events,
        )

    def event(self, own: Criterion, others: Mapping[str, Criterion]) -> Criterion:
        """Return the event whose times the rule looks at; ``others``: all recorded events, by name."""
        if self.quantity is None:
            return own
        name, _, origin = self.quantity.partition(AFTER)
        if origin and {name, origin} <= set(others):
            return replace(DELAYED, noun=f"{others[name].step} after the {others[origin].step}")
        return DELAYED if name == DELAY else others.get(name, own)
