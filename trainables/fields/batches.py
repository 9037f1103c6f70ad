"""How many examples a step uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, shared


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Mini-batches of so many training examples; None means all of them at every step."""

    batch_size: int | None = shared(None, kind=int, optional=True, low=1)


def batches_of(members: Sequence[Member], task: Any) -> Any:
    """Return the mini-batches of a pack; None for full batches."""
    from trainables import batches

    size = members[0].config.batch_size
    if size is None:
        return None
    return batches.Batches(task.train, size=size, data_seeds=[member.data_seed for member in members])
