"""Which pack is handed out next, and what becomes of one that fails: the same for every backend."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.backends._job import Job
from orchestrator.study.plan import is_settled, pack_id
from trainables.replica import Replica

if TYPE_CHECKING:
    from orchestrator.backends._chooser import Chooser

TRIES = 4


class Packs:
    """The packs of a launch, in the order of the plan.

    What is left of a pack that fails is tried again at most three times, after the packs that wait: first as it is,
    since most faults pass; then in halves; then each replica alone, so that one that cannot be trained takes no other
    down. A replica that failed four times is given up for this launch, and its children with it; a pack is handed out
    once all its parents have ended. In a search, the search is asked for replicas whenever nothing
    waits.
    """

    def __init__(self, job: Job) -> None:
        self._job, self._chooser = job, _chooser_of(job)
        self._waiting: list[tuple[Replica, ...]] = [pack.replicas for pack in job.plan.packs]
        self._running: dict[str, tuple[Replica, ...]] = {}
        self._awaited = {parent.id for parent in job.plan.parents}
        self._failures: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        """Whether no pack waits or runs, and none will come."""
        return not self._waiting and not self._running and (self._chooser is None or self._chooser.over)

    def next(self) -> dict[str, Any] | None:
        """Return the config of the next pack, or None if none that waits can be trained now."""
        if self._chooser and not self._waiting:
            self._waiting += self._chooser.next(itertools.chain(*self._running.values()))
        replicas = next((pack for pack in self._waiting if not self._awaited & _parents(pack)), None)
        if replicas is None:
            return None
        self._waiting.remove(replicas)
        name = pack_id(replicas)
        self._running[name] = replicas
        return {"pack": name, "replicas": replicas}

    def told(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the facts of a chunk together with the replicas of all packs that are being trained."""
        return {**facts, "running": list(itertools.chain(*self._running.values()))}

    def ended(self, pack: str) -> None:
        """Note that a pack has ended."""
        self._awaited -= {replica.id for replica in self._running.pop(pack, ())}

    def failed(self, pack: str, trace: str) -> None:
        """Keep the traceback of a pack that failed, and try what is left of it again, or give it up."""
        trained = self._running.pop(pack, ())
        replicas = self._left(trained)
        self._awaited -= {replica.id for replica in trained if replica not in replicas}
        if not replicas:
            return
        reason = trace.strip().splitlines()[-1] if trace.strip() else "no reason given"
        failures = 1 + max(self._failures[replica.id] for replica in replicas)
        self._failures.update({replica.id: failures - self._failures[replica.id] for replica in replicas})
        file = self._keep(pack, trace)
        self._waiting += _again(replicas, failures)
        outcome = "tried again" if failures < TRIES else "given up"
        self._job.results.note(f"pack {pack} failed ({reason[:200]}) and was {outcome}; traceback in {file}")
        if failures >= TRIES:
            self._job.results.fail([replica.id for replica in replicas], f"{reason}\n{file}\n")
            self._give_up_children({replica.id for replica in replicas})

    def _give_up_children(self, parents: set[str]) -> None:
        """Give up the waiting replicas that need one of these parents."""
        for pack in list(self._waiting):
            lost = [replica for replica in pack if any(each.id in parents for each in replica.ancestors())]
            if lost:
                self._waiting.remove(pack)
                self._waiting += [kept] if (kept := tuple(each for each in pack if each not in lost)) else []
                self._job.results.fail([each.id for each in lost], "its parent was given up\n")

    def _left(self, replicas: Sequence[Replica]) -> tuple[Replica, ...]:
        """Return the replicas that have not ended yet; all of them while the results cannot be read."""
        try:
            settled = self._job.results.settled([replica.id for replica in replicas])
        except OSError as fault:
            self._job.results.note(f"results cannot be read ({fault}); all replicas of a failed pack are tried again")
            return tuple(replicas)
        budget, kept = self._job.plan.budget_steps, self._job.results.kept_steps
        return tuple(replica for replica in replicas if not is_settled(replica, settled, budget, kept))

    def _keep(self, pack: str, trace: str) -> str:
        """Write a traceback under the storage and return where it lies, or why it could not be written."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        name = f"{stamp}-{pack}-{hashlib.sha256(trace.encode()).hexdigest()[:4]}.traceback"
        try:
            self._job.results.write_text(Path("failures") / name, trace)
        except OSError as fault:
            return f"(not written: {fault})"
        return str(self._job.results.root / "failures" / name)


def _chooser_of(job: Job) -> Chooser | None:
    search = job.plan.experiment.scales[job.plan.scale].search
    if not search:
        return None
    from orchestrator.backends._chooser import Chooser

    return Chooser(job, search)


def _parents(pack: Sequence[Replica]) -> set[str]:
    return {each.id for replica in pack for each in replica.ancestors()}


def _again(replicas: tuple[Replica, ...], failures: int) -> list[tuple[Replica, ...]]:
    """Return the packs in which replicas are tried again, after a number of failures."""
    if failures == 1:
        return [replicas]
    if failures == 2:
        return [part for part in (replicas[0::2], replicas[1::2]) if part]
    return [(replica,) for replica in replicas] if failures < TRIES else []
