"""What controls the size of weights, besides weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class Norms:
    """``mlp_norm``: the radius at which the norm of the MLP is held; None leaves it free."""

    mlp_norm: float | None = per_replica(None, kind=float, optional=True, above=0.0)
    query_key_penalty: float = per_replica(0.0, low=0.0)


def norms_of(members: Sequence[Member], device: str) -> list[Any]:
    """Return the penalty on query and key of a pack and the norm that its MLP is held at, where any replica has one."""
    found = []
    strengths, radii = column(members, "query_key_penalty"), column(members, "mlp_norm")
    if any(strengths):
        found.append(part("trainables.interventions", "query_key_penalty")(strength=strengths, device=device))
    if any(radius is not None for radius in radii):
        found.append(part("trainables.interventions", "norm_matching")(radius=radii, device=device))
    return found
