"""How long a parent network is trained, and at which of its steps its children take it."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.family import per_replica


@dataclass(frozen=True, kw_only=True)
class Parents:
    """Units: optimizer steps of the parent of a ticket or of a teacher's prior."""

    parent_steps: int = per_replica(2000, low=1)  # inferred
    parent_at: int | None = per_replica(None, kind=int, optional=True, low=0)  # a kept step of it; none: its end
