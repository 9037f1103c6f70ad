"""Lion for a pack: the sign of an averaged gradient, with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.optimizers._stacked import Stacked, Tensors, per

SOURCE = "arXiv 2302.06675, algorithm 2"


class Lion(Stacked):
    """θ ← (1 - lr · decay) θ - lr · sign(β₁ m + (1 - β₁) g), then m ← β₂ m + (1 - β₂) g.

    Its update has the same size for every weight, so learning rates are several times smaller than AdamW's and weight
    decays as many times larger; the paper's betas are 0.9 and 0.99.
    """

    def __init__(self, *, beta1: Sequence[float], beta2: Sequence[float], **facts: Any) -> None:
        super().__init__(**facts)
        self.beta1, self.beta2 = self.vector(beta1), self.vector(beta2)

    def init(self, params: Mapping[str, Tensor]) -> Tensors:
        """Return zero averages, named ``average.<parameter>``."""
        return {f"average.{name}": torch.zeros_like(param) for name, param in params.items()}

    @torch.no_grad()
    def step(
        self, params: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: Tensors, *, step: int | Tensor
    ) -> None:
        """Update parameters and averages in place; ``step`` counts the updates made before this one."""
        rate, scale = self.rate(step + 1), self.clip_scale(grads.values())
        for name, param in params.items():
            average, grad = state[f"average.{name}"], grads[name] * per(scale, param)
            direction = average.lerp(grad, per(1 - self.beta1, param)).sign_()
            param.mul_(per(1 - rate * self.weight_decay, param)).sub_(direction * per(rate, param))
            average.lerp_(grad, per(1 - self.beta2, param))
