"""Faults of what somebody wrote: a sentence that may know where its cause stands (standard library only)."""

from __future__ import annotations

from typing import Any, Self


class Fault(str):
    """What is wrong, in a sentence; ``place``: the keys, names and indices that lead to it in an experiment file."""

    place: tuple[Any, ...]

    def __new__(cls, words: str, *place: Any) -> Self:
        """Return a sentence with its place."""
        made = super().__new__(cls, words)
        made.place = place
        return made


def inside(fault: str, *keys: Any, before: str = "") -> Fault:
    """Return a fault of a part as one of the whole, in which ``keys`` lead to the part; ``before``: its first words.

    >>> found = inside(Fault("low is no number", "low"), "claims", "floor", before="claim 'floor': ")
    >>> found, found.place
    ("claim 'floor': low is no number", ('claims', 'floor', 'low'))
    """
    return Fault(f"{before}{fault}", *keys, *place_of(fault))


def place_of(fault: str) -> tuple[Any, ...]:
    """Return the place of a fault; empty for a sentence that knows none."""
    return fault.place if isinstance(fault, Fault) else ()
