"""Minus the logarithm of the softmax of the right class."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from trainables.losses._loss import Loss
from trainables.view import surprise_and_slope

SOURCE = "rounded in float32 the gradient of a right answer is 0 long before its loss is: arXiv 2501.04697"


class CrossEntropy(Loss):
    """The cross-entropy of classes, in nats; ``loss_arithmetic``: see ``surprise_and_slope``.

    Example: logits ``[0, 0, 0]`` have the loss log 3 = 1.0986 whatever the target.
    Shapes: outputs (R, N, C), targets (R, N) of whole numbers below C.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return -log softmax of the target of every example, (R, N), in float64."""
        found: Tensor = _Surprise.apply(outputs, targets, self.arithmetic)  # type: ignore[no-untyped-call]
        return found


class _Surprise(torch.autograd.Function):
    """Makes the gradient in the forward pass, where the exponentials are at hand."""

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, targets: Tensor, arithmetic: str) -> Tensor:
        surprise, slope = surprise_and_slope(outputs, targets, arithmetic=arithmetic)
        ctx.save_for_backward(slope)
        return surprise

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        (slope,) = ctx.saved_tensors
        return slope * outer[0].unsqueeze(-1).to(slope.dtype), None, None
