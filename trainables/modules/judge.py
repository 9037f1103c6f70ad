"""The loss and the metric of a user's network, for a whole pack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trainables.fields.loss import loss_of
from trainables.losses._loss import Loss
from trainables.modules.definition import Definition
from trainables.modules.each import for_each_replica

Function = Callable[[Tensor, Tensor], Any]


class Judge:
    """What a pack minimises, and what counts as right.

    ``loss``: one of ``trainables/losses``, or a function of one network's outputs and targets. ``metric``: such a
    function, or None for the answers that the loss takes for right (the largest outputs if the loss is a function).
    ``together``: functions are applied to all replicas at once.
    """

    def __init__(self, loss: Loss | Function, metric: Function | None, *, together: bool) -> None:
        self._loss, self._metric, self._together = loss, metric, together

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each replica, shape (R,); differentiable."""
        if isinstance(self._loss, Loss):
            return self._loss.value(*columns(outputs, targets))
        return self._made(self._loss, outputs, targets)

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which answers are right, (R, N), or one number for each replica, (R, 1)."""
        if self._metric is None:
            judge = self._loss if isinstance(self._loss, Loss) else Loss()
            return judge.right(*columns(outputs, targets))
        found = self._made(self._metric, outputs, targets)
        return found.unsqueeze(1) if found.dim() == 1 else found

    def misfit(self, outputs: Tensor, targets: Tensor) -> str | None:
        """Return what outputs and targets of all replicas lack for a named loss or metric, in words, or None."""
        if self._metric is None and targets.is_floating_point():
            return "real targets have no right answers: give metric = explained_variance, or a function"
        if not isinstance(self._loss, Loss) and self._metric is not None:
            return None
        judge = self._loss if isinstance(self._loss, Loss) else Loss()
        outputs, targets = columns(outputs, targets)
        return judge.misfit(outputs[0], targets[0])

    def _made(self, function: Function, outputs: Tensor, targets: Tensor) -> Tensor:
        found: Tensor = for_each_replica(function, (outputs, targets), together=self._together)
        return found


def judge_of(definition: Definition, config: Any, *, together: bool) -> Judge:
    """Return the judge of a pack."""
    loss = loss_of(config) if isinstance(definition.loss, str) else definition.loss
    metrics = {"accuracy": None, "explained_variance": explained_variance}
    metric = metrics[definition.metric] if isinstance(definition.metric, str) else definition.metric
    return Judge(loss, metric, together=together)


def columns(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return outputs and real targets with one more axis where they are one number per example.

    Shapes: (R, N) to (R, N, 1).
    """
    real = targets.is_floating_point() and targets.dim() == 2
    return (outputs.unsqueeze(-1) if outputs.dim() == 2 else outputs, targets.unsqueeze(-1) if real else targets)


def explained_variance(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - Σ (output - target)² / Σ (target - mean target)² of one network, over all its outputs together.

    Example: outputs that are the mean of the targets explain 0, the targets themselves 1.
    Source: the coefficient of determination, R².
    """
    wanted = targets.double()
    missed = (outputs.double().reshape(wanted.shape) - wanted).square().sum()
    return 1 - missed / (wanted - wanted.mean(0)).square().sum().clamp(min=torch.finfo(torch.float64).tiny)
