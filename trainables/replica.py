"""What a replica is and how it is named: one point and one seed, one network, trained once (standard library only)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from trainables.family import Family, FieldRule, Member, Parent, defaults, rules
from trainables.modules import own
from trainables.names import part
from trainables.recording import Recording as Recording

ID_CHARACTERS = 12
WITHOUT_SEEDS = ("_of_id", "config", "pack_key", "step_gflop", "memory_mib")  # of a Replica's cached facts


@dataclass(frozen=True, kw_only=True)
class Replica:
    """One network, trained once: a family, a point of its Config, two seeds and what is recorded.

    ``changes`` holds only the fields that differ from the family's defaults, so a new defaulted field keeps old ids.
    """

    family: str
    version: int
    data_seed: int
    init_seed: int
    changes: Mapping[str, Any] = field(default_factory=dict)
    recording: Recording = field(default_factory=Recording)

    @classmethod
    def of(cls, family: str, values: Mapping[str, Any], *, seed: int, recording: Recording) -> Replica:
        """Return the replica of a family at the given field values, with both seeds equal."""
        kind = family_named(family)
        base, typed = defaults(kind.Config), rules(kind.Config)
        full = {name: _like(typed[name], value) for name, value in values.items()}
        changes = {name: value for name, value in sorted(full.items()) if value != base[name]}
        return cls(
            family=family, version=kind.version, data_seed=seed, init_seed=seed, changes=changes, recording=recording
        )

    @cached_property
    def id(self) -> str:
        """The stable name of the replica: a hash of everything that decides its numbers or what is recorded of them.

        It hashes ``facts`` and what differs in the recording, as JSON without spaces and with keys in order.
        """
        return _hashed(self._of_id, self.data_seed, self.init_seed)

    @cached_property
    def _of_id(self) -> tuple[str, str, str]:
        """The parts of that JSON around the seeds."""
        changes, family, recording = map(_json, (self.changes, self.family, _differences(self.recording)))
        return f'{{"changes":{changes},', f'"family":{family},', f'"recording":{recording},"version":{self.version}}}'

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """All Config fields, defaults included."""
        return {**defaults(family_named(self.family).Config), **self.changes}

    @cached_property
    def pack_key(self) -> str:
        """Equal for replicas that may share a pack: everything except seeds, per-replica fields and what is kept."""
        typed = rules(family_named(self.family).Config)
        shared = {name: value for name, value in self.config.items() if typed[name].scope == "shared"}
        recording = {**dataclasses.asdict(self.recording), "keep_steps": ()}
        return json.dumps([self.family, self.version, shared, recording], sort_keys=True)

    @cached_property
    def step_gflop(self) -> float:
        """The family's estimate of the billions of floating-point operations of one step."""
        return family_named(self.family).step_gflop(self.member().config)

    @cached_property
    def memory_mib(self) -> float:
        """The family's estimate of the memory that training it takes, in MiB."""
        return family_named(self.family).replica_mib(self.member().config)

    def seeded(self, seeds: Iterable[int]) -> Iterator[Replica]:
        """Yield the replica with other seeds, both equal; what does not depend on them is computed once."""
        known = {name: getattr(self, name) for name in WITHOUT_SEEDS}
        known |= {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        if self.parent is None:
            known["parent"] = None
        for seed in seeds:
            made = object.__new__(Replica)
            inside = vars(made)
            inside.update(known)
            inside["data_seed"] = inside["init_seed"] = seed
            inside["id"] = _hashed(self._of_id, seed, seed)
            yield made

    @cached_property
    def parent(self) -> Replica | None:
        """The replica that this one starts from or learns from once that has ended; None if there is none."""
        found = self._named_parent
        if not found:
            return None
        recording = dataclasses.replace(
            self.recording,
            end="budget",
            end_step=found.steps,
            probes=(),
            events=(),
            end_event=None,
            keep_steps=() if found.at is None else (found.at,),
        )
        made = Replica.of(self.family, {**self.changes, **found.changes}, seed=self.data_seed, recording=recording)
        return dataclasses.replace(made, init_seed=self.init_seed)

    @property
    def parent_step(self) -> int | None:
        """The kept step at which its parent is taken; None means where the parent ends."""
        return self._named_parent.at if self._named_parent else None

    @property
    def parent_key(self) -> str:
        """The name of the parameters that it starts from: its parent, and the step if that is not the end."""
        name = self.parent.id if self.parent else ""
        return name if self.parent_step is None else f"{name}@{self.parent_step}"

    @property
    def parent_fault(self) -> str | None:
        """Why its parent cannot be taken at the step asked for, or None."""
        if self.parent is None or self.parent_step is None:
            return None
        last = self.parent.recording.last_step(0)
        told = f"a parent is asked for at step {self.parent_step}; its last evaluation is at step {last}"
        return told if self.parent_step > last else None

    @cached_property
    def _named_parent(self) -> Parent | None:
        kind = family_named(self.family)
        return kind.parent(kind.Config(**self.changes))

    def keeping(self, steps: Iterable[int]) -> Replica:
        """Return the replica with these steps to be kept in addition to its own."""
        every = tuple(sorted({*self.recording.keep_steps, *steps}))
        if every == self.recording.keep_steps:
            return self
        return dataclasses.replace(self, recording=dataclasses.replace(self.recording, keep_steps=every))

    def ancestors(self) -> Iterator[Replica]:
        """Yield the parent, its parent, and so on."""
        each = self.parent
        while each:
            yield each
            each = each.parent

    def member(self, parent: Mapping[str, Any] | None = None) -> Member:
        """Return the row that the family builds, with the parameters of its parent."""
        return Member(family_named(self.family).Config(**self.changes), self.data_seed, self.init_seed, parent)

    def facts(self) -> dict[str, Any]:
        """Return the replica as plain data."""
        return {**{f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "recording"}}


@dataclass(frozen=True, kw_only=True)
class PackSpec:
    """Replicas to be trained together from one step on: their shared fields and their step are equal."""

    id: str
    replicas: tuple[Replica, ...]
    budget_steps: int
    start_step: int = 0


def family_named(name: str) -> type[Family]:
    """Return a family's class by the name of its file, or a user's by the name that carries the file.

    Raises: LookupError that offers the near match and lists what there is.
    """
    return own.family_of(name) if own.is_own(name) else _shipped(name)


@lru_cache
def _shipped(name: str) -> type[Family]:
    kind: type[Family] = part("trainables.families", name)
    return kind


def _hashed(parts: tuple[str, str, str], data_seed: int, init_seed: int) -> str:
    changes, between, after = parts
    text = f'{changes}"data_seed":{data_seed},{between}"init_seed":{init_seed},{after}'
    return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARACTERS]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _like(rule: FieldRule, value: Any) -> Any:
    """Give whole numbers the float type of their field, so that 1 and 1.0 are the same point."""
    return float(value) if rule.kind is float and isinstance(value, int) else value


@lru_cache
def _differences(value: Recording) -> dict[str, Any]:
    """Return what differs from the defaults; the noun of an event and what is kept decide nothing."""
    mine, default = dataclasses.asdict(value), dataclasses.asdict(Recording())
    del mine["keep_steps"]
    mine["events"] = tuple(map(_decisive, mine["events"]))
    return {name: mine[name] for name in mine if mine[name] != default[name]}


def _decisive(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an event that decide its time, without those that came later and are at their defaults."""
    return {name: each for name, each in event.items() if name != "noun" and (name != "sustained" or each)}
