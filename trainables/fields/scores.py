"""Whether weights are trained, or scores that choose among weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.fields.start_mask import StartMask
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class Scores(StartMask):
    """``trained``: the weights, or a score for each of them, of which the share ``pruned`` with the smallest sizes is
    left out of every matrix; then ``scored`` are the network's initial weights or those of its parent.

    ``parent_learning_rate``, ``parent_weight_decay``: those of the parent of a ticket or of scores; none means the
    same.
    """

    trained: str = shared("weights", choices=("weights", "scores"))
    scored: str = shared("initial", choices=("initial", "parent"))
    parent_learning_rate: float | None = per_replica(None, kind=float, optional=True, above=0.0)
    parent_weight_decay: float | None = per_replica(None, kind=float, optional=True, low=0.0)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        plain = self.ticket == "none" and self.start_mask == "none"
        return {
            "trained = scores needs ticket = none and start_mask = none": self.trained == "weights" or plain,
            "scored = parent needs trained = scores": self.scored == "initial" or self.trained == "scores",
        }


def scored_model(members: Sequence[Member], model: Any, device: str) -> Any:
    """Return the model whose scores are trained, or the model itself where its weights are."""
    from trainables.parents import parameters_of

    fields = members[0].config
    if fields.trained == "weights":
        return model
    parents = parameters_of(members, device) if fields.scored == "parent" else None
    return part("trainables.models", "edge_popup")(model, pruned=column(members, "pruned"), parents=parents)
