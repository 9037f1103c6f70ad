"""``probe``: measures the networks that were kept, with the same probes as in training.

What was measured stays: a table per replica in ``probed/``, one row per replica, step and column. A step that a probe
has already measured is left out, so an interrupted run continues where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.storage.results import BadInputError
from orchestrator.terminal.lines import say
from orchestrator.verbs.finishing import DONE, SOME_FAILED, tell_notes
from orchestrator.verbs.flags import Json, Name, Precision, Scale, Seeds, Set, Storage, study_asked
from trainables.names import available, near_match
from trainables.replica import Replica

if TYPE_CHECKING:
    from orchestrator.study.study import Study

MOST_ROWS = 8  # kept steps of a replica that are measured at once


def probe(
    name: Name,
    probes: Annotated[str | None, typer.Option("--probes", help="a,b: these; default: all recorded.")] = None,
    scale: Scale = "laptop",
    storage: Storage = "runs",
    changes: Set = None,
    seeds: Seeds = None,
    precision: Precision = None,
    as_json: Json = False,
) -> int:
    """Measure the kept steps of an experiment's networks, and of their parents, that were not measured yet."""
    made = study_asked(name=name, scale=scale, storage=storage, changes=changes, seeds=seeds, precision=precision)
    facts = measure_kept(made, _wanted(made, probes))
    tell_notes(made)
    if as_json:
        print(json.dumps(facts))
    else:
        say([_line(facts), f"table: {made.results.root / 'probed'} (parquet)"])
    return SOME_FAILED if facts["unreadable"] else DONE


def measure_kept(study: Study, probes: Sequence[str]) -> dict[str, Any]:
    """Measure what is missing, publish it replica by replica, and return how much there was.

    Raises: BadInputError if nothing is kept, or if a probe does not fit the network.
    """
    found = {each.id: each for each in _replicas(study)}
    kept = {name: steps for name in found if (steps := study.results.kept_steps(name))}
    if not kept:
        raise BadInputError(f"nothing is kept of {study.key}: give recording.keep_steps, or parent_at, and launch it")
    done = {(name, step, by) for name, step, by in study.results.probed(kept).select("id", "step", "probe").rows()}
    counts = {"measured": 0, "unreadable": 0}
    for name, steps in kept.items():
        missing = {step: [by for by in probes if (name, step, by) not in done] for step in steps}
        todo = {step: by for step, by in missing.items() if by}
        measured, unreadable = _measure(study, found[name], todo)
        counts = {"measured": counts["measured"] + measured, "unreadable": counts["unreadable"] + unreadable}
    total = sum(map(len, kept.values()))
    facts = {"experiment": study.experiment.name, "scale": study.scale, "probes": list(probes), "replicas": len(kept)}
    return {**facts, "steps": total, **counts, "already": total - counts["measured"] - counts["unreadable"]}


def _measure(study: Study, replica: Replica, todo: Mapping[int, Sequence[str]]) -> tuple[int, int]:
    """Measure some steps of a replica; return how many were, and how many cannot be read."""
    from trainables.pack import Snapshot

    shots = []
    for step in todo:
        try:
            shots.append(Snapshot.from_bytes(study.results.load_kept(replica.id, step)))
        except (FileNotFoundError, IsADirectoryError, ValueError) as fault:
            study.results.note(f"kept step {replica.id}/{step} cannot be read ({fault}); launch again to make it again")
            study.results.distrust(replica.id, step, kept=True)
    rows = [
        row
        for first in range(0, len(shots), MOST_ROWS)
        for row in _rows(study, replica, shots[first : first + MOST_ROWS], todo)
    ]
    if rows:
        study.results.publish_probed(rows)
    return len(shots), len(todo) - len(shots)


def _rows(
    study: Study, replica: Replica, shots: Sequence[Any], todo: Mapping[int, Sequence[str]]
) -> Iterator[dict[str, Any]]:
    """Yield one row per step and column of the probes missing there; the steps make up one pack."""
    from trainables.names import part
    from trainables.pack import Pack
    from trainables.parents import parameters_of_parents
    from trainables.view import View

    try:
        parents = parameters_of_parents([replica], study.options.budget_steps or 0, study.results)
        pack = Pack([replica] * len(shots), snapshots=shots, parents=parents)
        view = View(pack.params, pack.parts.task, pack.parts.model, pack.parts.loss, None)
        for by in dict.fromkeys(by for shot in shots for by in todo[shot.step]):
            columns = part("trainables.probes", by)().measure(view)
            for column, values in columns.items():
                for shot, value in zip(shots, values.double().tolist(), strict=False):
                    if by in todo[shot.step]:
                        yield {"id": replica.id, "step": shot.step, "probe": by, "column": column, "value": value}
    except ValueError as fault:
        raise BadInputError(f"replica {replica.id} cannot be measured: {fault}") from None


def _replicas(study: Study) -> Iterator[Replica]:
    """Yield the replicas of a study and those that they start from or learn from."""
    for replica in study.experiment.replicas(study.scale):
        yield replica
        yield from replica.ancestors() if replica.parent else ()


def _wanted(study: Study, probes: str | None) -> list[str]:
    """Return the probes to measure: those named, else those of the family and the recording.

    Raises: BadInputError for an unknown probe, or one that does not suit the family.
    """
    if probes is None:
        return list(study.experiment.probes)
    named, known = list(dict.fromkeys(part.strip() for part in probes.split(","))), available("trainables.probes")
    for each in named:
        if each not in known:
            raise BadInputError(f"unknown probe {each!r}{near_match(each, known)}; probes: {', '.join(known)}")
    if faults := study.experiment.probe_faults(named):
        raise BadInputError("; ".join(faults))
    return named


def _line(facts: Mapping[str, Any]) -> str:
    told = f"{facts['measured']} of {facts['steps']} kept steps of {facts['replicas']} networks measured now"
    rest = [f"{facts[name]} {words}" for name, words in (("already", "measured before"), ("unreadable", "unreadable"))]
    return ", ".join([told, *(each for each in rest if not each.startswith("0 "))])
