"""What a family of networks is: typed fields, a version, and the parts it wires together (standard library only)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar

from analysis.faults import Fault
from trainables.names import available, constant, near_match, part

PROBES = "trainables.probes"
MOST_WHOLE = 2**63 - 1  # what an array of whole numbers holds


@dataclass(frozen=True, kw_only=True)
class FieldRule:
    """What a Config field may hold, and whether replicas of one pack may differ in it.

    Limits: ``above`` and ``below`` are open bounds, ``low`` and ``high`` closed ones.
    """

    scope: str
    kind: type
    optional: bool
    low: float | None
    high: float | None
    above: float | None
    below: float | None
    choices: tuple[str, ...]

    def fault(self, value: object) -> str | None:
        """Return what is allowed if the value is not, else None."""
        if value is None:
            return None if self.optional else f"must be {self.allowed()}, not none"
        if isinstance(value, int) and abs(value) > MOST_WHOLE:
            return f"must be {self.allowed()}, at most {MOST_WHOLE}"
        if not self._right_type(value) or not self._in_range(value):
            return f"must be {self.allowed()}"
        return None

    def allowed(self) -> str:
        """Say in words what the field takes.

        >>> shared_rule = rule_of(shared(0.3, above=0.0, below=1.0))
        >>> shared_rule.allowed()
        'a number > 0 and < 1'
        """
        if self.choices:
            return "one of " + ", ".join(self.choices)
        noun = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[self.kind]
        bounds = [(">=", self.low), (">", self.above), ("<=", self.high), ("<", self.below)]
        limits = " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        return " ".join(part for part in (noun, limits, "or none" if self.optional else "") if part)

    def parse(self, text: str) -> object:
        """Turn command-line text into a value of this field's type; text that does not parse comes back unchanged."""
        if self.optional and text.lower() in {"none", "null"}:
            return None
        if self.kind is bool:
            return {"true": True, "false": False}.get(text.lower(), text)
        try:
            return self.kind(text)
        except ValueError:
            return text

    def _right_type(self, value: object) -> bool:
        if isinstance(value, bool) or self.kind is bool:
            return isinstance(value, bool) and self.kind is bool
        if self.kind is float:
            return isinstance(value, int | float) and math.isfinite(value)
        return isinstance(value, self.kind)

    def _in_range(self, value: Any) -> bool:
        return not (
            (bool(self.choices) and value not in self.choices)
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        )


def shared(default: Any, **rule: Any) -> Any:
    """Declare a Config field whose value must be equal for all replicas of a pack."""
    return _field("shared", default, **rule)


def per_replica(default: Any, **rule: Any) -> Any:
    """Declare a Config field whose value may differ between the replicas of a pack."""
    return _field("per_replica", default, **rule)


def again(group: type, name: str, default: Any) -> Any:
    """Declare a field of a group again, with a family's own default."""
    declared = {field.name: field for field in dataclasses.fields(group)}
    return dataclasses.field(default=default, metadata=declared[name].metadata)


def rule_of(field: Any) -> FieldRule:
    """Return the rule that a Config field was declared with."""
    rule: FieldRule = field.metadata["rule"]
    return rule


@lru_cache
def rules(config: type) -> Mapping[str, FieldRule]:
    """Return the rule of every field of a Config class, in the order of declaration."""
    return MappingProxyType({field.name: rule_of(field) for field in dataclasses.fields(config)})


@lru_cache
def defaults(config: type) -> Mapping[str, Any]:
    """Return the default of every field of a Config class."""
    return MappingProxyType({field.name: field.default for field in dataclasses.fields(config)})


def config_faults(config: type, values: Mapping[str, object]) -> list[Fault]:
    """Return one sentence for each value that the Config does not accept: what was given, what is allowed."""
    known, faults = rules(config), []
    for name, value in values.items():
        if name not in known:
            words = f"unknown field {name!r}{near_match(name, list(known))}; fields: {', '.join(known)}"
            faults.append(Fault(words, name))
        elif fault := known[name].fault(value):
            faults.append(Fault(f"{name} = {value!r} {fault}", name))
    return faults


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of one pack, already built for its replicas; without ``batches`` a step goes through all examples.

    ``loss`` judges a network's outputs; a model may compute its training loss itself, together with its last layers.
    ``step`` computes the gradients: automatic differentiation, or any object with a method ``gradients``, for networks
    that are not trained by derivatives.
    Shapes: every tensor inside the parts has a leading replica axis R.
    """

    task: Any
    model: Any
    optimizer: Any
    interventions: Sequence[Any]
    probes: Sequence[Any]
    batches: Any = None
    loss: Any = dataclasses.field(default_factory=lambda: part("trainables.losses", "cross_entropy")())
    step: Any = dataclasses.field(default_factory=lambda: part("trainables.steps", "autograd")())


@dataclass(frozen=True)
class Member:
    """One row of a pack as a family sees it: its Config, its two seeds, and the parameters of its parent, if any."""

    config: Any
    data_seed: int
    init_seed: int
    parent: Mapping[str, Any] | None = None


def column(members: Sequence[Member], name: str) -> list[Any]:
    """Return the values of one Config field of all members."""
    return [getattr(member.config, name) for member in members]


@dataclass(frozen=True)
class Parent:
    """The replica that another one starts from or learns from: the fields in which it differs, and where it ends.

    ``at``: the kept step whose parameters are taken; None means where it ends. One parent serves the children of all
    its steps.
    Units: optimizer steps.
    """

    changes: Mapping[str, Any]
    steps: int
    at: int | None = None


class Family:
    """One way of wiring task, model, optimizer, interventions and probes.

    A family module loads neither torch nor ray when imported: ``build`` does.
    ``version`` rises whenever the numbers that a replica produces change.
    ``replica_mib`` and ``step_gflop`` estimate memory and work of one replica. ``precisions``: the number formats that
    its model can be computed in, some of ``recording.PRECISIONS``. ``offers``: what probes can look at that not every
    network has; a probe names what it needs in ``NEEDS``.
    """

    Config: ClassVar[type]
    version: ClassVar[int]
    sources: ClassVar[Mapping[str, str]]  # where each part comes from
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    offers: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def build(
        cls, members: Sequence[Member], device: str, precision: str = "fp32", probes: Sequence[str] = ()
    ) -> Parts:
        """Return the parts of a pack of these members on a torch device, in one of ``recording.PRECISIONS``.

        ``probes`` are measured in addition to the family's own.
        """
        raise NotImplementedError(f"{cls.__name__} defines no build")

    @classmethod
    def parent(cls, config: Any) -> Parent | None:
        """Return the parent that a replica with this Config starts from or learns from; None where it needs none."""
        return None

    @classmethod
    def conflicts(cls, config: Any) -> list[str]:
        """Return which fields of a Config do not go together, one sentence each.

        The Config and each of its groups state theirs in ``conditions``.
        """
        groups = reversed(type(config).__mro__)
        stated = [vars(group)["conditions"](config) for group in groups if "conditions" in vars(group)]
        return [sentence for each in stated for sentence, holds in each.items() if not holds]

    @classmethod
    def seed_faults(cls, seeds: Sequence[int]) -> list[str]:
        """Return what is wrong with the data of some data seeds, one sentence each."""
        return []

    @classmethod
    def notes(cls, config: Any) -> list[str]:
        """Return what a user should know about how a Config is trained, one sentence each."""
        return []

    @classmethod
    def measurable(cls) -> list[str]:
        """Return the probes that find what they need in this family's networks."""
        needs = {name: constant(PROBES, name, "NEEDS") or () for name in available(PROBES)}
        return [name for name, needed in needs.items() if set(needed) <= set(cls.offers)]

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the memory that training one replica takes, in MiB."""
        raise NotImplementedError(f"{cls.__name__} defines no replica_mib")

    @classmethod
    def step_gflop(cls, config: Any) -> float:
        """Return an estimate of the billions of floating-point operations of one step of one replica."""
        raise NotImplementedError(f"{cls.__name__} defines no step_gflop")


def _field(
    scope: str,
    default: Any,
    *,
    kind: type | None = None,
    optional: bool = False,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    rule = FieldRule(
        scope=scope,
        kind=kind or type(default),
        optional=optional,
        low=low,
        high=high,
        above=above,
        below=below,
        choices=choices,
    )
    field: Callable[..., Any] = dataclasses.field
    return field(default=default, metadata={"rule": rule})
