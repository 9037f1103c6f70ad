"""What the display of a launch shows: how the replicas of every level stand, and how long things take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

GROKKED, CENSORED, DIVERGED, TRAINING = "grokked", "censored", "diverged", "training"
PARENTS = "parents"


@dataclass
class Level:
    """How the replicas of one level stand; ``part`` is the part of the space in which the level lies."""

    part: str
    name: str
    replicas: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        """How many replicas wait to be trained."""
        return max(self.replicas - self.counts.total(), 0)


class Counts(Protocol):
    """How far a launch is."""

    @property
    def began(self) -> bool:
        """Whether a chunk of this launch has been trained."""

    @property
    def event(self) -> str:
        """What replicas that saw the experiment's event have done."""

    @property
    def title(self) -> str:
        """What is being launched."""

    def observe(self, facts: Any) -> None:
        """Take in one chunk of one pack."""

    def levels(self) -> Sequence[Level]:
        """Return how each level stands."""

    def line(self) -> str:
        """Return the state in one line."""

    def words(self) -> list[str]:
        """Return the state of the whole in a few words each."""


def duration(seconds: float) -> str:
    """Return a duration in words.

    >>> duration(42), duration(130), duration(7300)
    ('42 s', '2 min 10 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
