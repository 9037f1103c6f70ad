"""What counts as an event: a recorded column that reaches a threshold (standard library only)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace

GROKKED, MEMORISED = "grokked", "memorised"
DELAY = "delay"  # the time from memorising to the event
AFTER = " after "  # between two events: the time from the second to the first, as in "grokked@0.9 after aligned@0.1"
BARE = {GROKKED: "grok", MEMORISED: "memorise"}  # the verbs of the events that every run is watched for
RESERVED = (GROKKED, MEMORISED, DELAY, "censored", "diverged", "training")


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One event at one threshold: a column rises to it or, with ``falls``, falls to it; reaching it exactly counts.

    ``noun``: what its step is called in texts, as in "alignment step". ``sustained``: only a crossing that is followed
    by a whole confirmation window counts, so that a visit of a few steps is not the event.
    """

    name: str
    column: str
    threshold: float
    falls: bool = False
    noun: str = ""
    sustained: bool = False

    def reached(self, value: float) -> bool:
        """Say whether a value of the column is at the threshold or beyond; one that is not finite never is."""
        beyond = value <= self.threshold if self.falls else value >= self.threshold
        return beyond and math.isfinite(value)

    @property
    def label(self) -> str:
        """The name by which claims and experiments refer to the event.

        >>> Criterion(name="aligned", column="attention_kl", threshold=0.1, falls=True).label
        'aligned@0.1'
        """
        return f"{self.name}@{self.threshold:g}"

    @property
    def prefix(self) -> str:
        """How its columns begin in the published table of runs, as in ``aligned_0.1_lower``."""
        return f"{self.name}_{self.threshold:g}"

    @property
    def step(self) -> str:
        """What its time is called: "grok step", "alignment step"; that of the delay is a "delay"."""
        return self._called if self.name == DELAY else f"{self._called} step"

    @property
    def seen(self) -> str:
        """What a run did that saw the event: "grokked", "reached alignment"."""
        return self.name if self.name in BARE else f"reached {self._called}"

    @property
    def missed(self) -> str:
        """What a run did that never saw the event: "did not grok", "did not reach alignment"."""
        return f"did not {self.verb}"

    @property
    def verb(self) -> str:
        """What a run does that sees the event, in the infinitive: "grok", "reach alignment"."""
        return BARE.get(self.name, f"reach {self._called}")

    @property
    def _called(self) -> str:
        return self.noun or self.name.replace("_", " ")


@dataclass(frozen=True)
class Event:
    """Something to watch for in a recorded column: a rise to thresholds (``above``) or a fall to them (``below``).

    ``column`` is a probe's column; ``noun`` names the event in texts and decides nothing. ``sustained``: its time is
    that of the first crossing that holds for the confirmation window, not that of the first one.

    >>> [each.label for each in Event("aligned", column="attention_kl", below=(0.5, 0.1), noun="alignment").criteria]
    ['aligned@0.5', 'aligned@0.1']
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    name: str
    _: KW_ONLY
    column: str
    above: float | tuple[float, ...] = ()
    below: float | tuple[float, ...] = ()
    noun: str = ""
    sustained: bool = False

    def __post_init__(self) -> None:
        """Store a single threshold as a tuple, so that both ways of writing it are the same event."""
        for name in ("above", "below"):
            object.__setattr__(self, name, _several(getattr(self, name)))

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The event at each of its thresholds, in their order."""
        falls = bool(self.below)
        return tuple(
            Criterion(
                name=self.name,
                column=self.column,
                threshold=each,
                falls=falls,
                noun=self.noun,
                sustained=self.sustained,
            )
            for each in _several(self.below if falls else self.above)
        )

    def faults(self) -> Iterator[str]:
        """Yield all that is wrong with the declaration, one sentence each."""
        if not re.fullmatch(r"[a-z]\w*", str(self.name), re.ASCII) or self.name in RESERVED:
            yield (
                f"event {self.name!r} must be a name of lower-case letters, digits and '_' that is none of "
                f"{', '.join(RESERVED)}"
            )
        if bool(self.above) == bool(self.below):
            yield f"event {self.name!r} needs either above or below, with one threshold or several"
        given = [each.threshold for each in self.criteria]
        if not all(map(_is_number, given)) or len({f"{each:g}" for each in given}) < len(given):
            yield f"event {self.name!r}: thresholds must be different finite numbers, not {', '.join(map(str, given))}"


def accuracy_criteria(thresholds: Sequence[float]) -> tuple[Criterion, ...]:
    """Return the events that every run is watched for: grokked and memorised, at each threshold of the accuracies."""
    kinds = ((GROKKED, "test_accuracy", "grok"), (MEMORISED, "train_accuracy", "memorisation"))
    return tuple(
        Criterion(name=name, column=column, threshold=each, noun=noun)
        for name, column, noun in kinds
        for each in thresholds
    )


GROKKING = accuracy_criteria([0.99])[0]
DELAYED = Criterion(name=DELAY, column="", threshold=0.0)  # stands for the delay where an event is named


def event_of(quantity: str | None, own: Criterion, others: Mapping[str, Criterion]) -> Criterion:
    """Return the event whose time a claim is about: its own, that of a quantity, or what stands for a delay.

    ``others``: all recorded events, by the names that claims use; a name that is not among them is taken for the own.
    """
    if quantity is None:
        return own
    event, _, origin = quantity.partition(AFTER)
    if origin and {event, origin} <= set(others):
        return replace(DELAYED, noun=f"{others[event].step} after the {others[origin].step}")
    return DELAYED if event == DELAY else others.get(event, own)


def _several(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return (value,) if isinstance(value, float | int) else tuple(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
