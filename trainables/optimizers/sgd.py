"""SGD with momentum for a pack: every coefficient is a vector over replicas, with clipping and warm-up inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.optimizers._stacked import Stacked, Tensors, per

SOURCE = "arXiv 1711.05101, algorithm 1 (decoupled decay); momentum as in torch.optim.SGD"


class SGD(Stacked):
    """Heavy-ball momentum, v ← momentum · v + g, θ ← (1 - lr · decay) θ - lr · v, with decoupled weight decay."""

    def __init__(self, *, momentum: Sequence[float], **facts: Any) -> None:
        super().__init__(**facts)
        self.momentum = self.vector(momentum)

    def init(self, params: Mapping[str, Tensor]) -> Tensors:
        """Return zero velocities, named ``velocity.<parameter>``."""
        return {f"velocity.{name}": torch.zeros_like(param) for name, param in params.items()}

    @torch.no_grad()
    def step(
        self, params: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: Tensors, *, step: int | Tensor
    ) -> None:
        """Update parameters and velocities in place; ``step`` counts the updates made before this one."""
        rate, scale = self.rate(step + 1), self.clip_scale(grads.values())
        for name, param in params.items():
            velocity = state[f"velocity.{name}"]
            velocity.mul_(per(self.momentum, param)).add_(grads[name] * per(scale, param))
            param.mul_(per(1 - rate * self.weight_decay, param)).sub_(velocity * per(rate, param))
