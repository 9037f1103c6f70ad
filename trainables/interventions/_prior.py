"""What all priors on attention share: a strength per replica, and when in training it acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.models.one_layer_attention import Trace
from trainables.randomness import generator


class Prior:
    """Adds strength · factor(step) · mean over inputs of a penalty on attention to each replica's loss.

    ``schedule``: constant; annealed, falling linearly from 1 to 0 at ``schedule_steps``; early, acting before that
    step; late, acting from that step on.
    Units: ``schedule_steps`` in optimizer steps.
    """

    def __init__(
        self,
        *,
        strength: Sequence[float],
        schedule: str = "constant",
        schedule_steps: Sequence[int] | None = None,
        device: str = "cpu",
    ) -> None:
        self.strength = torch.tensor(strength, dtype=torch.float32, device=device)
        self._schedule = schedule
        self._last = torch.tensor(schedule_steps or [1] * len(strength), dtype=torch.float32, device=device)

    def loss(self, trace: Trace, params: Mapping[str, Tensor], step: int | Tensor) -> Tensor:
        """Return the penalty, shape (R,); the step is a tensor where it is counted on the device."""
        return self.strength * self.factor(step) * self.penalty(trace).mean(1)

    def match(self, other: Prior, model: Any, init_seeds: Sequence[int], tokens: Tensor) -> None:
        """Scale the strength so that at initialisation the gradient by the scores has the norm of the other prior's."""
        drawn = model.init([generator(seed, "init") for seed in init_seeds])
        start = {name: value.to(self.strength.device) for name, value in drawn.items()}
        own, wanted = (score_gradient_norm(prior, model, start, tokens) for prior in (self, other))
        self.strength = self.strength * torch.where(own > 0, wanted / own, 1.0).to(self.strength.dtype)

    def factor(self, step: int | Tensor) -> Tensor:
        """Return the share of the strength that acts at a step, shape (R,)."""
        if self._schedule == "annealed":
            return (1 - self._last.reciprocal() * step).clamp(min=0)
        if self._schedule == "early":
            return (step < self._last).float()
        return (step >= self._last).float() if self._schedule == "late" else torch.ones_like(self._last)

    def penalty(self, trace: Trace) -> Tensor:
        """Return the penalty of every input at strength 1, shape (R, N)."""
        raise NotImplementedError(f"{type(self).__name__} defines no penalty")


def score_gradient_norm(prior: Prior, model: Any, params: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    """Return the norm of the gradient of the mean penalty on all scores of each replica, shape (R,)."""
    with torch.enable_grad():
        trace: Trace = model.attend({name: p.detach().requires_grad_() for name, p in params.items()}, tokens)
        (gradient,) = torch.autograd.grad(prior.penalty(trace).mean(1).sum(), trace.scores)
    return gradient.flatten(1).double().square().sum(1).sqrt()
