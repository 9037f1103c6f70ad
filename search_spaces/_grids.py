"""Even steps between two ends, as people write them: ``log(1e-3, 1, 7)`` and ``linear(0, 1, 5)``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from trainables.family import FieldRule

MOST_VALUES = 1000
DIGITS = 6
GRID = re.compile(r"(\w+)\s*\((.*)\)")
BETWEEN = re.compile(r",(?![^()]*\))")  # commas that are within no parentheses
HOW = "write log(low, high, count) with 0 < low < high, or linear(low, high, count) with low < high"


def log(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return so many values from ``low`` to ``high``, each the same multiple of the one before, to six digits.

    Raises: ValueError in words where there are no such values.

    >>> log(1e-3, 1, 7)
    (0.001, 0.00316228, 0.01, 0.0316228, 0.1, 0.316228, 1.0)
    """
    if not 0 < low < high < math.inf:
        raise ValueError(f"log({low:g}, {high:g}, {count}) has no such ends; {HOW}")
    ratio = math.log(high / low)
    return tuple(_rounded(low * math.exp(ratio * share)) for share in _shares(count))


def linear(low: float, high: float, count: int) -> tuple[float, ...]:
    """Return so many values from ``low`` to ``high``, each the same amount more than the one before, to six digits.

    Raises: ValueError in words where there are no such values.

    >>> linear(0, 1, 5)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    if not -math.inf < low < high < math.inf:
        raise ValueError(f"linear({low:g}, {high:g}, {count}) has no such ends; {HOW}")
    return tuple(_rounded(low + (high - low) * share) for share in _shares(count))


GRIDS = {"log": log, "linear": linear}


def values_in(text: str, rule: FieldRule) -> tuple[object, ...]:
    """Return the values that a text like ``0, log(1e-3, 1, 7)`` lists, in the type of a field.

    For whole-number fields values are rounded. Text that is not a value of the field comes back unchanged.
    Raises: ValueError in words where a value is missing, a function is unknown, or it has no such values.
    """
    parts = [part.strip() for part in BETWEEN.split(text)] if text.strip() else []
    if not all(parts):
        raise ValueError(f"{text!r} lacks a value; write v1,v2")
    return tuple(dict.fromkeys(value for part in parts for value in _values(part, rule)))


def _values(part: str, rule: FieldRule) -> Iterator[object]:
    found = GRID.fullmatch(part)
    if not found or rule.kind not in (int, float):
        yield rule.parse(part)
        return
    made = _called(found[1], found[2].split(","), part)
    yield from (round(value) for value in made) if rule.kind is int else made


def _called(name: str, words: list[str], part: str) -> tuple[float, ...]:
    if name not in GRIDS or len(words) != 3:
        raise ValueError(f"{part}: {HOW}")
    try:
        low, high, count = float(words[0]), float(words[1]), int(words[2])
    except ValueError:
        raise ValueError(f"{part}: {HOW}") from None
    return GRIDS[name](low, high, count)


def _shares(count: int) -> Iterator[float]:
    """Yield where each value lies between the ends, from 0 to 1.

    Raises: ValueError where there are too few values or too many.
    """
    if not 2 <= count <= MOST_VALUES:
        raise ValueError(f"a grid has from 2 to {MOST_VALUES} values, not {count}")
    return (number / (count - 1) for number in range(count))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
