"""Probes: what is measured at every evaluation; they only look.

A probe's file says in ``COLUMNS``, a tuple of literals, which columns it may write; ``*`` stands for any characters.
"""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from trainables.names import available, near_match

CONSTANT = "COLUMNS"


@lru_cache
def columns_of(probe: str) -> tuple[str, ...]:
    """Return the columns that a probe declares, read from its file, since importing it would load PyTorch.

    Raises: LookupError for an unknown probe, or one that declares no columns.
    """
    if probe not in (known := available(__name__)):
        raise LookupError(f"unknown probe {probe!r}{near_match(probe, known)}; probes: {', '.join(known)}")
    tree = ast.parse((Path(__path__[0]) / f"{probe}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [CONSTANT]:
            return tuple(ast.literal_eval(node.value))
    raise LookupError(f"probe {probe!r} declares no {CONSTANT}")


def writes(probe: str, column: str) -> bool:
    """Say whether a probe may write a column.

    >>> writes("attention_mass", "attention_at_3"), writes("attention_mass", "attention_kl")
    (True, False)
    """
    return any(fnmatchcase(column, declared) for declared in columns_of(probe))


def column_fault(column: str, recorded: tuple[str, ...]) -> str | None:
    """Return why none of the recorded probes writes a column, in words, or None."""
    if any(writes(probe, column) for probe in recorded):
        return None
    if others := [probe for probe in available(__name__) if writes(probe, column)]:
        return f"column {column!r} needs recording.probes with {others[0]}"
    columns = [each for probe in recorded for each in columns_of(probe)]
    return f"unknown column {column!r}{near_match(column, columns)}; columns: {', '.join(columns)}"
