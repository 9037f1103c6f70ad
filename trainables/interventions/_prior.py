"""What all priors on attention share: a strength per replica, and when in training it acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.models.one_layer_attention import Trace


class Prior:
    """Adds strength · factor(step) · mean over inputs of a penalty on attention to each replica's loss.

    ``schedule``: constant; annealed, falling linearly from 1 to 0 at ``schedule_steps``; early, on before that step;
    late, on from that step.
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

    def factor(self, step: int | Tensor) -> Tensor:
        """Return how much of the strength acts at a step, shape (R,)."""
        if self._schedule == "annealed":
            return (1 - self._last.reciprocal() * step).clamp(min=0)
        if self._schedule == "early":
            return (step < self._last).float()
        return (step >= self._last).float() if self._schedule == "late" else torch.ones_like(self._last)

    def penalty(self, trace: Trace) -> Tensor:
        """Return the penalty of every input at strength 1, shape (R, N)."""
        raise NotImplementedError(f"{type(self).__name__} defines no penalty")


def score_gradient_norm(prior: Prior, model: object, params: Mapping[str, Tensor], tokens: Tensor) -> Tensor:
    """Return the norm of the gradient of the mean penalty on all scores of each replica, shape (R,)."""
    with torch.enable_grad():
        trace: Trace = model.attend({name: p.detach().requires_grad_() for name, p in params.items()}, tokens)  # type: ignore[attr-defined]
        (gradient,) = torch.autograd.grad(prior.penalty(trace).mean(1).sum(), trace.scores)
    return gradient.flatten(1).double().square().sum(1).sqrt()
