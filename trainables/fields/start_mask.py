"""Masks that follow from the initial weights, before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, shared
from trainables.fields.ticket import Ticket
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class StartMask(Ticket):
    """``start_mask``: by which score the share ``pruned`` of the weights is left out from the start.

    ``synflow_rounds``: 100 as its authors have it; 1 as in the public code of arXiv 2310.19470.
    """

    start_mask: str = shared("none", choices=("none", "random", "magnitude", "snip", "grasp", "synflow"))
    synflow_rounds: int = shared(100, low=1)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {"start_mask needs ticket = none": self.start_mask == "none" or self.ticket == "none"}


def start_mask_of(members: Sequence[Member], model: Any, task: Any) -> list[Any]:
    """Return the mask of a pack, if it has one from the start."""
    fields = members[0].config
    if fields.start_mask == "none":
        return []
    return [
        part("trainables.interventions", "mask_at_start")(
            criterion=fields.start_mask,
            pruned=column(members, "pruned"),
            rounds=fields.synflow_rounds,
            init_seeds=[member.init_seed for member in members],
            model=model,
            split=task.train,
        )
    ]
