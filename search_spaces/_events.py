"""Which events an experiment may speak of, and what is wrong with those it declares (standard library only)."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.criteria import GROKKED, MEMORISED, Criterion
from analysis.faults import Fault
from trainables.names import near_match
from trainables.probes import column_fault
from trainables.recording import Recording


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
