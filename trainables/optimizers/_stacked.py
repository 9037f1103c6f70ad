"""What the optimizers of a pack share: coefficients per replica, warm-up, clipping, decoupled weight decay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from trainables.reductions import joint_norm

CLIP_EPSILON = 1e-6  # of torch.nn.utils.clip_grad_norm_

Tensors = dict[str, Tensor]


class Stacked:
    """Learning rate, weight decay, clipping and warm-up of every replica, as vectors (R,) in float64.

    The learning rate rises linearly over ``warmup_steps`` (step 1 already takes 1/warmup of it), then stays constant,
    or falls along a half cosine to the share ``final_rate_fraction`` of it at ``decay_steps``.
    A gradient is scaled down to norm ``clip_norm`` per replica, over all its tensors together; None means no limit.
    """

    def __init__(
        self,
        *,
        learning_rate: Sequence[float],
        weight_decay: Sequence[float],
        clip_norm: Sequence[float | None],
        warmup_steps: Sequence[int],
        decay_steps: Sequence[int] | None = None,
        final_rate_fraction: Sequence[float] = (),
        device: str = "cpu",
    ) -> None:
        self._device = device
        self.learning_rate, self.weight_decay = self.vector(learning_rate), self.vector(weight_decay)
        self.clip_norm = self.vector([float("inf") if norm is None else norm for norm in clip_norm])
        self.warmup_steps = self.vector(warmup_steps)
        self.decay_steps = None if decay_steps is None else self.vector(decay_steps)
        self.final_rate_fraction = self.vector(final_rate_fraction)

    def vector(self, values: Sequence[float]) -> Tensor:
        """Return one coefficient of all replicas."""
        return torch.tensor(values, dtype=torch.float64, device=self._device)

    def rate(self, count: int | Tensor) -> Tensor:
        """Return the learning rate of the ``count``-th update, counted from 1; a tensor where the device counts."""
        risen = self.learning_rate * (self.warmup_steps.clamp(min=1).reciprocal() * count).clamp(max=1)
        return risen if self.decay_steps is None else risen * self._cosine(count, self.decay_steps)

    def _cosine(self, count: int | Tensor, last: Tensor) -> Tensor:
        passed = ((count - self.warmup_steps) / (last - self.warmup_steps)).clamp(min=0, max=1)
        return self.final_rate_fraction + (1 - self.final_rate_fraction) * (1 + (math.pi * passed).cos()) / 2

    def clip_scale(self, grads: Iterable[Tensor]) -> Tensor:
        """Return the factor that brings each replica's joint gradient norm down to its limit."""
        return (self.clip_norm / (joint_norm(grads) + CLIP_EPSILON)).clamp(max=1)


def per(values: Tensor, like: Tensor) -> Tensor:
    """Return a coefficient (R,) in the type of a parameter, ready to be multiplied with it."""
    return values.to(like.dtype).view(-1, *[1] * (like.dim() - 1))
