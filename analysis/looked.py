"""The numbers that the rule of a claim looked at, for its figure: the same from which its verdict was reached."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.likelihood import Array


@dataclass(frozen=True)
class Looked:
    """One row per pair or seed: an interval in which its number lies, with equal ends where it is known.

    ``silent``: how many rows said nothing and were left out.
    """

    lower: Array
    upper: Array
    seeds: list[object]
    silent: int = 0
