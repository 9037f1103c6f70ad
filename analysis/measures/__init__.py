"""Measures: numbers of one run that follow from its curves. One file per measure; each says what its numbers mean.

A measure is a function named like its file that takes a ``Run`` and returns numbers by name; None where a run does not
have one. Its module names in ``GIVES`` all numbers that it may give; a name that ends in ``_`` stands for all that
begin with it. It may name ``PROBES`` that have to be recorded beyond a family's own; ``SHARES``, its numbers between 0
and 1; and ``NONNEGATIVE`` and ``NONPOSITIVE``, other numbers of one sign, 0 included.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any


def measure_names() -> list[str]:
    """Return the names of all measures: the public files of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_")


def measure_named(name: str) -> Callable[..., Any]:
    """Return a measure by the name of its file.

    Raises: LookupError that lists the measures there are.
    """
    found: Callable[..., Any] = getattr(_module(name), name)
    return found


def probes_of(name: str) -> tuple[str, ...]:
    """Return the probes that a measure needs beyond those of a family."""
    return tuple(getattr(_module(name), "PROBES", ()))


def columns_of(name: str) -> tuple[str, ...]:
    """Return the columns that a measure may give; a name that ends in ``_`` stands for all that begin with it."""
    return tuple(_module(name).GIVES)


def among(column: str, named: Iterable[str]) -> bool:
    """Return whether a column is one of those that are named.

    >>> among("final_accuracy_at_12", ["final_accuracy_at_"]), among("final", ["final_accuracy_at_"])
    (True, False)
    """
    return any(column == each or (each[-1] == "_" and column.startswith(each)) for each in named)


def is_share(column: str) -> bool:
    """Return whether a column of a measure holds shares: numbers between 0 and 1.

    >>> is_share("final_accuracy_at_12"), is_share("phase_grokked")
    (True, False)
    """
    return _among(column, "SHARES")


def range_of(column: str) -> tuple[float | None, float | None]:
    """Return the smallest and largest value that a column of a measure can have, None where it has none.

    >>> range_of("final_test_accuracy"), range_of("norm_at_grok"), range_of("structure_lead")
    ((0.0, 1.0), (0.0, None), (None, None))
    """
    if is_share(column):
        return 0.0, 1.0
    return (0.0 if _among(column, "NONNEGATIVE") else None), (0.0 if _among(column, "NONPOSITIVE") else None)


def _among(column: str, kind: str) -> bool:
    return among(column, (each for name in measure_names() for each in getattr(_module(name), kind, ())))


def _module(name: str) -> ModuleType:
    if name not in measure_names():
        raise LookupError(f"unknown measure {name!r}; measures: {', '.join(measure_names())}")
    return importlib.import_module(f"{__name__}.{name}")
