"""From an experiment and what the results hold to the packs that are missing; pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from search_spaces._experiment import Experiment
from search_spaces._space import Scale
from trainables.replica import PackSpec, Replica, family_named

FEW_ROUNDS = 4  # packs per slot, from which on they even out by themselves
SMALL_PACK = 8  # replicas, from which on a step costs about the same per replica on a CPU
ENDED = frozenset({"observed", "diverged"})
Number = TypeVar("Number", int, float)
Steps = Callable[[str], Sequence[int]]  # the steps of which something is stored, by the id of a replica


def nothing(replica: str) -> Sequence[int]:
    """Return no step: of a replica of which nothing is stored."""
    return ()


@dataclass(frozen=True)
class Plan:
    """All replicas an experiment wants, and the packs that train what is missing of them.

    ``parents``: the replicas that missing ones start from or learn from and that have to be trained for them.
    """

    experiment: Experiment
    scale: str
    budget_steps: int
    replicas: tuple[Replica, ...]
    missing: tuple[Replica, ...]
    parents: tuple[Replica, ...]
    packs: tuple[PackSpec, ...]

    @property
    def done(self) -> int:
        """How many replicas have ended."""
        return len(self.replicas) - len(self.missing)

    @property
    def to_train(self) -> tuple[Replica, ...]:
        """The replicas that packs are made of."""
        return (*self.parents, *self.missing)

    @property
    def wanted(self) -> int:
        """How many replicas the experiment has, those of points that a search has still to choose included."""
        return len(self.replicas) + self._size.open_replicas

    @property
    def left(self) -> int:
        """How many replicas have not ended."""
        return self.wanted - self.done

    @cached_property
    def expected_steps(self) -> int:
        """About how many replica-steps are left until all have ended: from pilots, else the budget."""
        size, x = self._size, self.experiment.x
        known = _sum(self.to_train, lambda replica: _expected(size, x, replica, self.budget_steps))
        trained = sum(pack.start_step * len(pack.replicas) for pack in self.packs)
        return known - trained + self._size.open_replicas * _each(self._size, self.budget_steps)

    @property
    def expected_gflop(self) -> float:
        """About how many billions of floating-point operations are left."""
        count = len(self.to_train)
        each = _sum(self.to_train, lambda replica: replica.step_gflop)
        return max(self.expected_steps, 1) * each / count if count else 0.0

    @property
    def notes(self) -> list[str]:
        """What a user should know of how the packs are trained."""
        firsts = [pack.replicas[0] for pack in self.packs]
        found = (note for first in firsts for note in family_named(first.family).notes(first.member().config))
        return list(dict.fromkeys(found))

    @property
    def _size(self) -> Scale:
        return self.experiment.scales[self.scale]


def make_plan(
    experiment: Experiment,
    scale: str,
    *,
    settled: Mapping[str, tuple[str, int]],
    checkpoint_steps: Steps,
    slots: int,
    replicas_per_pack: int,
    budget_steps: int | None = None,
    kept_steps: Steps = nothing,
) -> Plan:
    """Return the plan of a scale.

    Packs of parents come before those of the replicas that need them.
    ``settled`` maps replica ids to (status, last evaluated step) as the results hold them; a replica that was censored
    below the budget is missing again and goes on from its newest checkpoint. So is one that ended without a step that
    is to be kept; it begins again before that.
    """
    size = experiment.scales[scale]
    budget = budget_steps or size.budget_steps
    replicas = experiment.replicas(scale)
    missing = [each for each in replicas if each.id not in settled or not is_settled(each, settled, budget, kept_steps)]
    parents = _missing_parents(missing, settled, checkpoint_steps, budget, kept_steps)
    to_train = [*parents, *missing]
    groups: dict[tuple[str, int], list[Replica]] = defaultdict(list)
    for replica in to_train:
        steps = checkpoint_steps(replica.id)
        last = replica.recording.last_step(budget) if steps else 0
        kept = kept_steps(replica.id) if steps and replica.recording.keep_steps else ()
        latest = min([last, *replica.recording.lacking(kept, last)])
        start = max((step for step in steps if step <= latest), default=0)
        groups[replica.pack_key, start].append(replica)
    counts = _counts([len(members) for members in groups.values()], slots, replicas_per_pack)
    packs: list[PackSpec] = []
    for ((_, start), members), count in zip(groups.items(), counts, strict=True):
        packs += _packs(members, start, budget, count)
    packs.sort(key=lambda pack: (_generation(pack), -_cost(pack, size, experiment.x)))
    return Plan(experiment, scale, budget, tuple(replicas), tuple(missing), tuple(parents), tuple(packs))


def is_settled(
    replica: Replica, settled: Mapping[str, tuple[str, int]], budget: int, kept_steps: Steps = nothing
) -> bool:
    """Say whether nothing is left to train: the event is seen, it diverged, or it was watched to the budget.

    And what was to be kept of it up to there is kept.
    """
    status, steps = settled.get(replica.id, ("", -1))
    if status not in ENDED and not (status == "budget" and steps >= replica.recording.last_step(budget)):
        return False
    if not replica.recording.keep_steps:
        return True
    until = min(steps, replica.recording.last_step(budget))
    return not replica.recording.lacking(kept_steps(replica.id), until)


def _missing_parents(
    missing: Sequence[Replica],
    settled: Mapping[str, tuple[str, int]],
    checkpoint_steps: Steps,
    budget: int,
    kept_steps: Steps,
) -> list[Replica]:
    """Return the ancestors of missing replicas that have not ended or lack what is needed of them, each once.

    That is their last checkpoint, or the steps that children name; one parent keeps those of all its children.
    """
    found: dict[str, Replica] = {}
    whole: set[str] = set()  # the parents that are needed as they end
    for replica in missing:
        for child, parent in pairwise((replica, *replica.ancestors())) if replica.parent else ():
            found[parent.id] = found.get(parent.id, parent).keeping(parent.recording.keep_steps)
            whole |= {parent.id} if child.parent_step is None else set()
    return [
        each
        for each in found.values()
        if not is_settled(each, settled, budget, kept_steps)
        or (each.id in whole and each.recording.last_step(budget) not in checkpoint_steps(each.id))
    ]


def _counts(sizes: Sequence[int], slots: int, replicas_per_pack: int) -> list[int]:
    """Return into how many packs each group of replicas is dealt: as many for every slot, so that none is idle.

    Each group has its share of the slots; where that makes few packs in all, groups that are large enough are spread
    over all slots, so that the last packs do not wait for one of them.
    """

    def dealt(shares: Sequence[int]) -> list[int]:
        return [
            min(share * -(-size // (share * replicas_per_pack)), size)
            for size, share in zip(sizes, shares, strict=True)
        ]

    total = sum(sizes)
    counts = dealt([min(max(1, round(slots * size / total)), size) for size in sizes])
    if sum(counts) >= FEW_ROUNDS * slots:
        return counts
    return dealt([max(1, min(slots, size // SMALL_PACK)) if size < total else min(slots, size) for size in sizes])


def pack_id(replicas: Sequence[Replica]) -> str:
    """Return the name of a pack: a hash of its replicas."""
    return hashlib.sha256(" ".join(replica.id for replica in replicas).encode()).hexdigest()[:8]


def _packs(members: Sequence[Replica], start: int, budget: int, packs: int) -> list[PackSpec]:
    """Deal replicas out like cards, so that every pack gets the same mix of points and they end together."""
    hands = (members[first::packs] for first in range(packs))
    return [PackSpec(id=pack_id(hand), replicas=tuple(hand), budget_steps=budget, start_step=start) for hand in hands]


def _generation(pack: PackSpec) -> int:
    """Return how many ancestors the replicas of a pack have at most."""
    return max((sum(1 for _ in replica.ancestors()) for replica in pack.replicas if replica.parent), default=0)


def _cost(pack: PackSpec, size: Scale, x: str) -> int:
    steps = _sum(pack.replicas, lambda replica: _expected(size, x, replica, pack.budget_steps))
    return steps - pack.start_step * len(pack.replicas)


def _sum(replicas: Iterable[Replica], value: Callable[[Replica], Number]) -> Number:
    """Return the sum of what all seeds of a point share, worked out once for each point."""
    known: dict[int, Number] = {}
    return sum(
        known[at] if (at := id(each.config)) in known else known.setdefault(at, value(each)) for each in replicas
    )


def _expected(size: Scale, x: str, replica: Replica, budget: int) -> int:
    if replica.recording.end == "budget":
        return replica.recording.last_step(budget)
    return min(size.expected_steps.get(replica.config[x], _each(size, budget)), budget)


def _each(size: Scale, budget: int) -> int:
    """Return how many steps a replica takes at a point of which no pilot told."""
    return min(size.search.expected_steps or budget, budget) if size.search else budget
