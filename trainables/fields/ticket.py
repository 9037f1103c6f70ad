"""Lottery tickets: which weights are trained, and from which initial values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.fields.parents import Parents
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class Ticket(Parents):
    """``pruned``: the share of weights that a ticket leaves out, those smallest in its trained parent."""

    ticket: str = shared("none", choices=("none", "rewound", "fresh", "random"))
    pruned: float = per_replica(0.6, low=0.0, below=1.0)


def ticket_of(members: Sequence[Member], model: Any, device: str) -> list[Any]:
    """Return the ticket of a pack, if it has one."""
    from trainables.parents import parameters_of

    kind = members[0].config.ticket
    if kind == "none":
        return []
    return [
        part("trainables.interventions", "magnitude_ticket")(
            kind=kind,
            pruned=column(members, "pruned"),
            parents=parameters_of(members, device),
            init_seeds=[member.init_seed for member in members],
            model=model,
        )
    ]
