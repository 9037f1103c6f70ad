"""The networks that others start from or learn from: their last parameters, from their checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.family import Member
from trainables.pack import Snapshot
from trainables.replica import Replica
from trainables.store import Store


def parameters_of_parents(
    replicas: Sequence[Replica], budget_steps: int, store: Store
) -> dict[str, Mapping[str, Tensor]]:
    """Return the parameters with which the parents of some replicas ended, by the parents' ids.

    Raises: ValueError that names a parent without a checkpoint where it ends, or with one that cannot be read; OSError
    while the storage fails.
    """
    parents = {replica.parent.id: replica.parent for replica in replicas if replica.parent}
    return {name: _last(parent, budget_steps, store) for name, parent in parents.items()}


def parameters_of(members: Sequence[Member], device: str) -> dict[str, Tensor]:
    """Return the parameters of the parents of a pack's members, stacked along the replica axis."""
    parents = [member.parent for member in members if member.parent is not None]
    assert len(parents) == len(members)
    return {name: torch.stack([parent[name] for parent in parents]).to(device) for name in parents[0]}


def _last(parent: Replica, budget_steps: int, store: Store) -> Mapping[str, Tensor]:
    step = parent.recording.last_step(budget_steps)
    try:
        return Snapshot.from_bytes(store.load_checkpoint(parent.id, step)).params
    except (FileNotFoundError, IsADirectoryError, ValueError) as fault:
        raise ValueError(
            f"parent {parent.id} has no readable checkpoint at step {step} ({fault}); launch again to train it anew"
        ) from None
