"""What the learning rate does after its warm-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.fields.optimizer import Optimizer


@dataclass(frozen=True, kw_only=True)
class LearningRateSchedule(Optimizer):
    """Constant, or a half cosine that ends at ``decay_steps`` with the share ``final_rate_fraction`` of the rate.

    Units: optimizer steps from the first one on, the warm-up included.
    """

    learning_rate_schedule: str = shared("constant", choices=("constant", "cosine"))
    decay_steps: int = per_replica(0, low=0)
    final_rate_fraction: float = per_replica(0.0, low=0.0, high=1.0)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {
            f"learning_rate_schedule = cosine needs decay_steps > warmup_steps = {self.warmup_steps}": (
                self.learning_rate_schedule == "constant" or self.decay_steps > self.warmup_steps
            ),
        }


def decay_of(members: Sequence[Member]) -> dict[str, Any]:
    """Return what an optimizer needs to know about the decay of the learning rate; nothing if it is constant."""
    if members[0].config.learning_rate_schedule == "constant":
        return {}
    names = ("decay_steps", "final_rate_fraction")
    return {name: column(members, name) for name in names}
