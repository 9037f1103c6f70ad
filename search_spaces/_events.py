"""Which events an experiment may speak of, and what is wrong with those it declares (standard library only)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.criteria import GROKKED, MEMORISED, Criterion
from trainables.names import near_match
from trainables.probes import column_fault
from trainables.recording import Recording

if TYPE_CHECKING:
    from search_spaces._experiment import Experiment


def named_events(recording: Recording, threshold: float) -> dict[str, Criterion]:
    """Return all that is watched for, by name and by ``name@threshold``.

    A name alone means the event's last threshold; of grokked and memorised, the threshold of accuracy that counts.
    """
    known = recording.criteria
    found = {each.name: each for each in known}
    found |= {each.name: each for each in known if each.name in (GROKKED, MEMORISED) and each.threshold == threshold}
    return found | {each.label: each for each in known}


def event_faults(experiment: Experiment, recorded: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with an experiment's events, one sentence each; ``recorded``: the probes that measure."""
    recording = experiment.recording
    if recording.faults():
        return
    for event in recording.events:
        if fault := column_fault(event.column, recorded):
            yield f"event {event.name!r}: {fault}"
    known = named_events(recording, experiment.threshold)
    if experiment.event not in known:
        near = near_match(experiment.event, list(known))
        yield f"unknown event {experiment.event!r}{near}; recorded: {', '.join(known)}"
    elif known[experiment.event].name != GROKKED and any(scale.search for scale in experiment.scales.values()):
        yield f"event = {experiment.event!r}: a search is for the point that groks soonest; use event = {GROKKED!r}"
