"""What every rule has: limits, the part of the runs that it looks at, an answer, and words (standard library only)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from analysis.criteria import AFTER, DELAY, GROKKED, GROKKING, Criterion
from analysis.faults import Fault, inside
from analysis.numerals import beyond, digits, limits, words
from analysis.rules._number import Number

if TYPE_CHECKING:
    from analysis.evidence import Evidence
    from analysis.interval import Interval
    from analysis.looked import Looked

Where = Mapping[str, Any]  # values of fields


class Answer(NamedTuple):
    """What a rule found: the number with its interval, what it is in words, and how many runs went in."""

    interval: Interval
    words: str
    replicas: int


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of an experiment, at one scale, a rule may name.

    ``axes``: the fields in which its runs may differ, x first; ``fixed``: those that are the same in all; ``fault``:
    what is wrong with a value of a field, None if nothing is; ``times``: the events that are recorded, and the delay.
    """

    scale: str
    laws: tuple[str, ...]
    primary_law: str
    measures: tuple[str, ...]
    axes: tuple[str, ...]
    fixed: tuple[str, ...]
    fault: Callable[[str, object], str | None]
    times: tuple[str, ...] = (GROKKED, DELAY)

    def knows(self, quantity: str) -> bool:
        """Say whether a time is recorded: of an event, the delay, or from one event to another."""
        event, after, origin = quantity.partition(AFTER)
        if not after:
            return quantity in self.times
        return event != origin and {event, origin} <= {*self.times} - {DELAY}

    def faults(self, part: Where) -> Iterator[Fault]:
        """Yield what is wrong with values of fields that runs are chosen by."""
        for field, value in part.items():
            if fault := self.fault(field, value):
                yield Fault(fault, field)
            elif field not in self.axes:
                yield Fault(f"{field} is no axis of the {self.scale} scale; axes: {', '.join(self.axes)}", field)


def _twice(field: str) -> str:
    return f"twice the {field}"


@dataclass(frozen=True)
class Names:
    """What a page or figure calls what a rule names: a column or constant, a field, and twice as much of a field.

    ``event``: what the experiment's times and shares are of.
    """

    column: Callable[[str], str] = str
    field: Callable[[str], str] = str
    twice: Callable[[str], str] = _twice
    event: Criterion = GROKKING


@dataclass(frozen=True)
class Effect:
    """A verdict's number with its interval, how many runs it is from, and what things are called where it is said."""

    estimate: float
    low: float | None
    high: float | None
    replicas: int = 0
    names: Names = Names()

    def __str__(self) -> str:
        return f"{digits(self.estimate)} {self.limits}"

    @property
    def limits(self) -> str:
        """The interval in words."""
        return limits(self.low, self.high)

    def through(self, function: Callable[[float], float]) -> Effect:
        """Return the same number under an increasing function."""
        low, high = (None if end is None else function(end) for end in (self.low, self.high))
        return Effect(function(self.estimate), low, high, self.replicas, self.names)


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """A number of the evidence that must lie from ``low`` to ``high``; an end of None is open.

    ``where``: values of fields that restrict the runs looked at.
    """

    low: Number | None = None
    high: Number | None = None
    where: Where | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)
    least_seeds: ClassVar[int] = 2  # with fewer the rule has no answer
    one_threshold: ClassVar[bool] = False  # whether it answers for the experiment's own threshold alone
    ends: ClassVar[tuple[float, ...]] = ()  # between which its number lies by its nature

    @property
    def name(self) -> str:
        """The name of the rule in files: that of its own file."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The values between which the number must lie."""
        return self.low, self.high

    @property
    def refuted_by(self) -> str:
        """What result refutes a claim of this rule, in words."""
        return f"an interval {beyond(*self.limits)}"

    def settings(self) -> dict[str, Any]:
        """Return all settings that are not at their defaults, as plain data: what is registered and published."""
        given = {field.name: (getattr(self, field.name), field.default) for field in fields(self)}
        return {name: value for name, (value, default) in given.items() if value != default}

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that make the rule from its ``settings()`` or from a user's."""
        return dict(settings)

    def parts(self) -> dict[str, Where]:
        """Return the values of fields that runs are chosen by, by the name of the setting."""
        return {"where": self.where or {}}

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found: list[str] = []
        for name, value in (("low", self.low), ("high", self.high)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value != value):
                found.append(Fault(f"{name} = {value!r} must be a number or none", name))
        if not found and self.low is None and self.high is None:
            found.append("give low, high or both: without them it could not turn out false")
        elif not found and self.low is not None and self.high is not None and self.low >= self.high:
            found.append(Fault(f"low = {self.low} must be below high = {self.high}", "low"))
        return found + [inside(fault, name) for name, part in self.parts().items() for fault in asked.faults(part)]

    def event(self, own: Criterion, others: Mapping[str, Criterion]) -> Criterion:
        """Return the event that the number is about: ``own``, that of the experiment, unless the rule names another."""
        return own

    @abstractmethod
    def answer(self, evidence: Evidence) -> Answer:
        """Return what the evidence says.

        Raises: ValueError in words where it cannot speak to the rule.
        """

    def looked(self, evidence: Evidence) -> Looked | None:
        """Return the numbers that the answer is from; None where a fit is the evidence.

        Raises: ValueError in words where there are none.
        """
        return None

    @abstractmethod
    def axis(self, names: Names) -> str:
        """Return what an axis along which the number is drawn measures."""

    def said(self, effect: Effect) -> str:
        """Return a verdict's number with its interval, as one would say it."""
        return str(effect)

    def where_words(self) -> str:
        """Return the restriction of the runs in words, to follow the name of the number."""

        return f" where {words(self.where)}" if self.where else ""
