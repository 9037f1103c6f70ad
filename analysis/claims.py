"""Claims as data, and the verdict on each: holds, fails or undecided, by equivalence (standard library at import)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence that can turn out false, and the rule that decides it.

    ``rule`` names a function of this module, ``settings`` are its constants, fixed before the measured runs.
    """

    name: str
    statement: str
    source: str
    rule: str
    settings: Mapping[str, Any] = field(default_factory=dict)
