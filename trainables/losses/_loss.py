"""What all losses share: the type of their arithmetic, and the mean over examples."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.reductions import mean_over


class Loss:
    """The mean over examples of a loss of each, worked out in ``loss_dtype``: float32 or float64.

    Outputs are brought to that type first, unless theirs is wider; the gradient comes back in theirs.
    """

    def __init__(self, *, loss_dtype: str = "float32") -> None:
        self.dtype: torch.dtype = getattr(torch, loss_dtype)

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each replica; differentiable.

        Shapes: outputs (R, N, C) and targets to (R,).
        """
        exact = outputs.to(torch.promote_types(outputs.dtype, self.dtype))
        return mean_over(self.each(exact, targets), 1).to(exact.dtype)

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every example, shape (R, N)."""
        raise NotImplementedError(f"{type(self).__name__} defines no loss of an example")

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which answers are right, shape (R, N): here those whose largest output is the target."""
        return outputs.argmax(-1) == targets


class TwoClasses(Loss):
    """A loss of one output per example, positive for class 1.

    Shapes: outputs (R, N, 1), targets (R, N) of 0 and 1.
    """

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which outputs have the sign of their class, shape (R, N)."""
        return (outputs.squeeze(-1) > 0) == (targets == 1)
