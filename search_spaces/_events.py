"""Which events an experiment may speak of, which end its runs, and what is wrong with them (standard library only)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.criteria import GROKKED, MEMORISED, Criterion
from analysis.faults import Fault
from trainables.names import near_match
from trainables.probes import column_fault
from trainables.recording import Recording


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Runs with some values of fields are watched until another event than the rest; the budget ends them all.

    ``event`` is a name, or ``name@threshold``, as in ``Recording.end_event``.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    where: Mapping[str, Any]
    event: str

    def meets(self, values: Mapping[str, Any]) -> bool:
        """Say whether a point is one of its runs."""
        return all(values.get(field) == value for field, value in self.where.items())


def recording_at(recording: Recording, endings: Sequence[Ending], values: Mapping[str, Any]) -> Recording:
    """Return how the runs of a point are recorded: the first ending that they meet counts."""
    found = next((ending for ending in endings if ending.meets(values)), None)
    return replace(recording, end_event=found.event) if found else recording


def ending_faults(recording: Recording, endings: Sequence[Ending], axes: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with endings, one sentence each."""
    if endings and recording.end != "event":
        yield Fault("endings need recording.end = 'event'", "endings")
    for number, ending in enumerate(endings):
        place = ("endings", number)
        for field in ending.where:
            if field not in axes:
                yield Fault(f"endings: {field} is no axis; axes: {', '.join(axes)}", *place, "where", field)
        try:
            recording.criterion(ending.event)
        except LookupError as fault:
            yield Fault(f"endings: {fault.args[0]}", *place, "event")


def named_events(recording: Recording, threshold: float) -> dict[str, Criterion]:
    """Return all events that are watched for, by name and by ``name@threshold``.

    A name alone means the event's last threshold; for grokked and memorised, the accuracy threshold that counts.
    """
    known = recording.criteria
    found = {each.name: each for each in known}
    found |= {each.name: each for each in known if each.name in (GROKKED, MEMORISED) and each.threshold == threshold}
    return found | {each.label: each for each in known}


def event_faults(recording: Recording, threshold: float, event: str, recorded: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the events of an experiment and with the one that it is about, one sentence each.

    ``recorded``: the probes that are recorded.
    """
    if recording.faults():
        return
    for each in recording.events:
        if fault := column_fault(each.column, recorded):
            yield Fault(f"event {each.name!r}: {fault}", "recording", "events", each.name, "column")
    known = named_events(recording, threshold)
    if event not in known:
        yield Fault(f"unknown event {event!r}{near_match(event, list(known))}; recorded: {', '.join(known)}", "event")
