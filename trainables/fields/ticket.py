"""Lottery tickets: which weights are trained, and from which initial values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.fields.parents import Parents
from trainables.names import part

SCALED = {"l1_scaled": 1, "l2_scaled": 2}  # dense controls, and the order of the norm that they share with a ticket


@dataclass(frozen=True, kw_only=True)
class Ticket(Parents):
    """``pruned``: the share of weights that a ticket leaves out, those smallest in its trained parent, among all
    weights or, with ``layerwise``, in each matrix. ``l1_scaled``, ``l2_scaled``: the whole network, its initial
    weights scaled to the norm of the ticket's.
    """

    ticket: str = shared("none", choices=("none", "rewound", "fresh", "random", "trained", *SCALED))
    pruned: float = per_replica(0.6, low=0.0, below=1.0)
    layerwise: bool = shared(False)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {"layerwise needs a ticket": not self.layerwise or self.ticket != "none"}


def ticket_of(members: Sequence[Member], model: Any, device: str) -> list[Any]:
    """Return the ticket of a pack, or its dense control, if it has one."""
    from trainables.parents import parameters_of

    fields = members[0].config
    if fields.ticket == "none":
        return []
    of_parent = {
        "pruned": column(members, "pruned"),
        "parents": parameters_of(members, device),
        "layerwise": fields.layerwise,
    }
    if fields.ticket in SCALED:
        return [part("trainables.interventions", "scaled_start")(order=SCALED[fields.ticket], **of_parent)]
    return [
        part("trainables.interventions", "magnitude_ticket")(
            kind=fields.ticket, init_seeds=[member.init_seed for member in members], model=model, **of_parent
        )
    ]
