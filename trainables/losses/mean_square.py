"""The mean of squared differences."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.losses._loss import Loss

SOURCE = "torch.nn.MSELoss; against classes as one-hot vectors: arXiv 2210.01117"


class MeanSquare(Loss):
    """The mean over outputs of (output - target)², as torch takes it.

    Example: outputs ``[1, 0, 1]`` for class 0 have the loss (0 + 0 + 1) / 3.
    Shapes: outputs (R, N, C), targets (R, N, C) of reals, or (R, N) of classes, which stand for one-hot vectors.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean square of every example, (R, N), in float64."""
        classes = torch.arange(outputs.shape[-1], device=outputs.device)
        wanted = targets if targets.is_floating_point() else targets.unsqueeze(-1) == classes
        return (outputs - wanted.to(outputs.dtype)).square().double().mean(-1)

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which answers are right, shape (R, N).

        Raises: ValueError for real targets, which have no right answers.
        """
        if targets.is_floating_point():
            raise ValueError("real targets have no right answers: the family must not measure accuracy")
        return super().right(outputs, targets)

    def misfit(self, outputs: Tensor, targets: Tensor) -> str | None:
        """Return what outputs and targets of one network lack for this loss, in words, or None.

        Shapes: outputs (N, C), targets (N, C) of reals, or (N,) of classes.
        """
        if not targets.is_floating_point():
            return super().misfit(outputs, targets)
        if outputs.shape != targets.shape:
            return f"outputs have the shape {tuple(outputs.shape)}, targets {tuple(targets.shape)}"
        return None
