"""What is recorded of a replica, at which steps, and when its observation may end (standard library only)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import takewhile

from analysis.criteria import Criterion, Event, accuracy_criteria
from analysis.faults import Fault
from trainables.names import available, near_match

ENDS = ("event", "budget")
PRECISIONS = ("fp32", "bf16-mlp")
LEAST_RATIO = 1.001


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What is recorded of a replica, at which steps, and when its observation may end.

    ``end="event"``: training ends once test accuracy has held the highest threshold for the confirmation window,
    or at the budget; ``end_event`` names another event that ends it, as in "aligned@0.1" (a name alone means its last
    threshold). ``end="budget"``: always at the budget, for claims about whole trajectories.
    ``events``: what is watched for besides memorising and grokking, with the same confirmation window.
    The evaluation grid is geometric: each step is ``grid_ratio`` times the one before, but at least
    ``grid_min_steps`` and at most ``grid_max_steps`` further. ``precision``: fp32, or bf16-mlp, in which the
    matrix products of the MLP are computed in bfloat16. ``probes``: what is measured beyond the family's own probes.
    ``end_step``: observation ends there, whatever the budget; for replicas that others start from. ``keep_steps``: the
    optimizer steps at which the network is kept for good, if it gets that far; see ``log_steps``. They decide neither
    numbers nor ids: a replica that has ended without one is trained again for it.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 (read by pydantic, which checks users' files)

    end: str = "event"
    thresholds: tuple[float, ...] = (0.90, 0.95, 0.99)
    confirmation_steps: int = 50
    grid_ratio: float = 1.02
    grid_min_steps: int = 10
    grid_max_steps: int = 50
    precision: str = "fp32"
    probes: tuple[str, ...] = ()
    end_step: int | None = None
    events: tuple[Event, ...] = ()
    end_event: str | None = None
    keep_steps: tuple[int, ...] = ()

    def faults(self) -> list[Fault]:
        """Return everything that is wrong with the recording, one sentence each."""
        grid = 1 <= self.grid_min_steps <= self.grid_max_steps
        kept = all(isinstance(step, int) and step >= 0 and self.keep_steps.count(step) == 1 for step in self.keep_steps)
        rules = {
            "end": (f"= {self.end!r} must be one of event, budget", self.end in ENDS),
            "precision": (
                f"= {self.precision!r} must be one of {', '.join(PRECISIONS)}",
                self.precision in PRECISIONS,
            ),
            "thresholds": (
                "must be numbers > 0 and <= 1, at least one",
                bool(self.thresholds) and all(0 < threshold <= 1 for threshold in self.thresholds),
            ),
            "confirmation_steps": (f"= {self.confirmation_steps} must be >= 0", self.confirmation_steps >= 0),
            "grid_ratio": (
                f"= {self.grid_ratio} must be 1 or from {LEAST_RATIO} to 2",
                self.grid_ratio == 1 or LEAST_RATIO <= self.grid_ratio <= 2,
            ),
            "grid_min_steps": ("must be >= 1 and <= grid_max_steps", grid),
            "keep_steps": ("must be different whole numbers >= 0", kept),
            "end_step": (f"= {self.end_step} must be >= 1 or none", self.end_step is None or self.end_step >= 1),
        }
        found = [Fault(f"recording.{name} {words}", name) for name, (words, holds) in rules.items() if not holds]
        known = available("trainables.probes")
        for name in dict.fromkeys(self.probes):
            if name not in known:
                words = f"unknown probe {name!r}{near_match(name, known)}; probes: {', '.join(known)}"
                found.append(Fault(words, "probes", name))
        return found + self._faults_of_events()

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Everything that is watched for: grokking and memorising at each threshold of accuracy, and the events."""
        return (*accuracy_criteria(self.thresholds), *(each for event in self.events for each in event.criteria))

    @property
    def until(self) -> Criterion | None:
        """The event that ends the observation before the budget; None if only the budget does."""
        if self.end != "event":
            return None
        return self.criterion(self.end_event) if self.end_event else accuracy_criteria([max(self.thresholds)])[0]

    def criterion(self, reference: str) -> Criterion:
        """Return what ``name@threshold`` refers to, or a name alone: its last threshold.

        Raises: LookupError that offers the near match and lists what is recorded.
        """
        known = {each.name: each for each in self.criteria} | {each.label: each for each in self.criteria}
        if reference not in known:
            labels = [each.label for each in self.criteria]
            raise LookupError(
                f"unknown event {reference!r}{near_match(reference, list(known))}; recorded: {', '.join(labels)}"
            )
        return known[reference]

    def lacking(self, kept: Collection[int], until: int) -> list[int]:
        """Return which of the steps to be kept, up to a given one, are missing."""
        return [step for step in self.keep_steps if step <= until and step not in kept]

    def _faults_of_events(self) -> list[Fault]:
        found = [Fault(fault, "events", number) for number, event in enumerate(self.events) for fault in event.faults()]
        names = [event.name for event in self.events]
        for number, name in enumerate(names):
            if name in names[:number]:
                found.append(Fault(f"event {name!r} is declared twice", "events", number))
        if self.end_event is not None and not found:
            if self.end != "event":
                words = f"recording.end_event = {self.end_event!r} needs recording.end = 'event'"
                found.append(Fault(words, "end_event"))
            try:
                self.criterion(self.end_event)
            except LookupError as fault:
                found.append(Fault(f"recording.end_event: {fault.args[0]}", "end_event"))
        return found

    def next_step(self, step: int) -> int:
        """Return the evaluation step that follows an evaluation at ``step``."""
        return step + min(max(round(step * (self.grid_ratio - 1)), self.grid_min_steps), self.grid_max_steps)

    def steps(self) -> Iterator[int]:
        """Yield the evaluation steps 0, ... without end.

        >>> from itertools import islice
        >>> list(islice(Recording(grid_min_steps=5).steps(), 4))
        [0, 5, 10, 15]
        """
        step = 0
        while True:
            yield step
            step = self.next_step(step)

    def last_step(self, budget_steps: int) -> int:
        """Return the last evaluation within a budget, or up to ``end_step``: raising a budget moves no evaluation."""
        return _last_step(self, self.end_step or budget_steps)


def log_steps(first: int, last: int, count: int) -> tuple[int, ...]:
    """Return at most so many steps, both ends included, about evenly spaced in their logarithm.

    >>> log_steps(1, 1000, 4), log_steps(1, 4, 8)
    ((1, 10, 100, 1000), (1, 2, 3, 4))
    """
    if not 1 <= first < last or count < 2:
        raise ValueError(f"log_steps({first}, {last}, {count}) needs 1 <= first < last and at least two steps")
    return tuple(sorted({round(first * (last / first) ** (number / (count - 1))) for number in range(count)}))


@lru_cache
def _last_step(recording: Recording, budget_steps: int) -> int:
    widest = recording.grid_min_steps if recording.grid_ratio == 1 else recording.grid_max_steps
    last = 0
    for step in takewhile(lambda step: step <= budget_steps, recording.steps()):
        last = step
        if recording.next_step(step) - step == widest:  # from here on the grid is even
            return step + (budget_steps - step) // widest * widest
    return last
