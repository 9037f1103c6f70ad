"""The networks that others start from or learn from: their last parameters, from their checkpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

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


def _last(parent: Replica, budget_steps: int, store: Store) -> Mapping[str, Tensor]:
    step = parent.recording.last_step(budget_steps)
    try:
        return Snapshot.from_bytes(store.load_checkpoint(parent.id, step)).params
    except (FileNotFoundError, IsADirectoryError, ValueError) as fault:
        raise ValueError(
            f"parent {parent.id} has no readable checkpoint at step {step} ({fault}); launch again to train it anew"
        ) from None
