"""The networks that others start from or learn from: the parameters they ended with, or had at a kept step."""

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
    """Return the parameters that some replicas start from or learn from, by their ``parent_key``.

    A file that cannot be used is moved aside, so the next launch makes it again.
    Raises: ValueError that names a parent and the step for which nothing readable is stored; OSError while the storage
    fails.
    """
    named = {replica.parent_key: replica for replica in replicas if replica.parent}
    return {key: _of_parent(replica, budget_steps, store) for key, replica in named.items()}


def parameters_of(members: Sequence[Member], device: str) -> dict[str, Tensor]:
    """Return the parameters of the parents of a pack's members, stacked along the replica axis."""
    parents = [member.parent for member in members if member.parent is not None]
    assert len(parents) == len(members)
    return {name: torch.stack([parent[name] for parent in parents]).to(device) for name in parents[0]}


def _of_parent(replica: Replica, budget_steps: int, store: Store) -> Mapping[str, Tensor]:
    assert replica.parent is not None
    parent, kept = replica.parent, replica.parent_step
    step = parent.recording.last_step(budget_steps) if kept is None else kept
    load = store.load_checkpoint if kept is None else store.load_kept
    try:
        return Snapshot.from_bytes(load(parent.id, step)).params
    except (FileNotFoundError, IsADirectoryError, ValueError) as fault:
        store.distrust(parent.id, step, kept=kept is not None)
        raise ValueError(
            f"parent {parent.id} has no readable checkpoint at step {step} ({fault}); launch again to train it anew"
        ) from None
