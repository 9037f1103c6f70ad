"""AdamW for a pack: every coefficient is a vector over replicas, with clipping and warm-up inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.reductions import joint_norm

SOURCE = "arXiv 1711.05101, algorithm 2; clipping and bias correction as in torch.optim.AdamW and clip_grad_norm_"
EPSILON = 1e-8
CLIP_EPSILON = 1e-6  # of torch.nn.utils.clip_grad_norm_

Tensors = dict[str, Tensor]


class AdamW:
    """Adam with decoupled weight decay on all parameters; replica r has its own rate, decay, betas, clip and warm-up.

    The learning rate rises linearly over ``warmup_steps`` (step 1 already takes 1/warmup of it), then stays.
    A gradient is scaled down to norm ``clip_norm`` per replica, over all its tensors together; None means no limit.
    """

    def __init__(
        self,
        *,
        learning_rate: Sequence[float],
        weight_decay: Sequence[float],
        beta1: Sequence[float],
        beta2: Sequence[float],
        clip_norm: Sequence[float | None],
        warmup_steps: Sequence[int],
        device: str = "cpu",
    ) -> None:
        def vector(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64, device=device)

        self.learning_rate, self.weight_decay = vector(learning_rate), vector(weight_decay)
        self.beta1, self.beta2 = vector(beta1), vector(beta2)
        self.clip_norm = vector([float("inf") if norm is None else norm for norm in clip_norm])
        self.warmup_steps = vector(warmup_steps)

    def init(self, params: Mapping[str, Tensor]) -> Tensors:
        """Return zero first and second moments, named ``first.<parameter>`` and ``second.<parameter>``."""
        return {f"{moment}.{name}": torch.zeros_like(p) for moment in ("first", "second") for name, p in params.items()}

    @torch.no_grad()
    def step(self, params: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: Tensors, *, step: int) -> None:
        """Update parameters and moments in place; ``step`` counts the updates made before this one."""
        count = step + 1
        rate = self.learning_rate * (count / self.warmup_steps.clamp(min=1)).clamp(max=1)
        scale = self._clip_scale(grads)
        keep, size = 1 - rate * self.weight_decay, rate / (1 - self.beta1**count)
        correction = (1 - self.beta2**count).sqrt()
        for name, param in params.items():
            first, second = state[f"first.{name}"], state[f"second.{name}"]

            def per(values: Tensor, like: Tensor = param) -> Tensor:
                return values.to(like.dtype).view(-1, *[1] * (like.dim() - 1))

            grad = grads[name] * per(scale)
            first.lerp_(grad, per(1 - self.beta1))
            second.mul_(per(self.beta2)).addcmul_(grad, grad * per(1 - self.beta2))
            denominator = second.sqrt().div_(per(correction)).add_(EPSILON)
            param.mul_(per(keep)).sub_(first / denominator * per(size))

    def _clip_scale(self, grads: Mapping[str, Tensor]) -> Tensor:
        """Return the factor (R,) that brings each replica's joint gradient norm down to its limit."""
        return (self.clip_norm / (joint_norm(grads.values()) + CLIP_EPSILON)).clamp(max=1)
