"""AdamW for a pack: every coefficient is a vector over replicas, with clipping and warm-up inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.optimizers._stacked import Stacked, Tensors, per

SOURCE = "arXiv 1711.05101, algorithm 2; clipping and bias correction as in torch.optim.AdamW and clip_grad_norm_"


class AdamW(Stacked):
    """Adam with decoupled weight decay on all parameters; each replica has coefficients of its own."""

    def __init__(
        self, *, beta1: Sequence[float], beta2: Sequence[float], epsilon: Sequence[float], **facts: Any
    ) -> None:
        super().__init__(**facts)
        self.beta1, self.beta2, self.epsilon = self.vector(beta1), self.vector(beta2), self.vector(epsilon)

    def init(self, params: Mapping[str, Tensor]) -> Tensors:
        """Return zero first and second moments, named ``first.<parameter>`` and ``second.<parameter>``."""
        return {f"{moment}.{name}": torch.zeros_like(p) for moment in ("first", "second") for name, p in params.items()}

    @torch.no_grad()
    def step(
        self, params: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: Tensors, *, step: int | Tensor
    ) -> None:
        """Update parameters and moments in place; ``step`` counts the updates made before this one."""
        self._descend(params, grads, state, self.clip_scale(grads.values()), step + 1)

    def _descend(
        self,
        params: Mapping[str, Tensor],
        grads: Mapping[str, Tensor],
        state: Tensors,
        scale: Tensor,
        count: int | Tensor,
    ) -> None:
        rate = self.rate(count)
        keep, size = 1 - rate * self.weight_decay, rate / (1 - self.beta1**count)
        correction = (1 - self.beta2**count).sqrt()
        for name, param in params.items():
            first, second = state[f"first.{name}"], state[f"second.{name}"]
            grad = grads[name] * per(scale, param)
            first.lerp_(grad, per(1 - self.beta1, param))
            second.mul_(per(self.beta2, param)).addcmul_(grad, grad * per(1 - self.beta2, param))
            denominator = second.sqrt().div_(per(correction, param)).add_(per(self.epsilon, param))
            param.mul_(per(keep, param)).sub_(first / denominator * per(size, param))
