"""What all losses share: the type of their arithmetic, and the mean over examples."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.reductions import mean_over


class Loss:
    """The mean over examples of a loss of each, worked out in ``loss_dtype``: float32 or float64.

    Outputs are brought to that type first, unless theirs is wider; the gradient comes back in theirs.
    ``loss_arithmetic`` matters for cross-entropy alone.
    """

    def __init__(self, *, loss_dtype: str = "float32", loss_arithmetic: str = "exact") -> None:
        self.dtype: torch.dtype = getattr(torch, loss_dtype)
        self.arithmetic = loss_arithmetic

    def value(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each replica; differentiable.

        Shapes: outputs (R, N, C) and targets to (R,).
        """
        return self.mean(self.of_each(outputs, targets), outputs.dtype)

    def of_each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every example, shape (R, N), worked out in the type of the arithmetic."""
        return self.each(outputs.to(torch.promote_types(outputs.dtype, self.dtype)), targets)

    def mean(self, losses: Tensor, kind: torch.dtype) -> Tensor:
        """Return the mean of losses (R, N) over examples, for outputs of some type."""
        return mean_over(losses, 1).to(torch.promote_types(kind, self.dtype))

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every example, shape (R, N)."""
        raise NotImplementedError(f"{type(self).__name__} defines no loss of an example")

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which answers are right, shape (R, N): here those whose largest output is the target."""
        return outputs.argmax(-1) == targets

    def misfit(self, outputs: Tensor, targets: Tensor) -> str | None:
        """Return what outputs and targets of one network lack for this loss, in words, or None.

        Shapes: here outputs (N, C), targets (N,) of whole numbers below C.
        """
        if targets.dim() != 1 or targets.is_floating_point():
            return f"targets must be one class per example, whole numbers, not {_told(targets)}"
        if outputs.dim() != 2:
            return f"outputs must have the shape (examples, classes), not {tuple(outputs.shape)}"
        low, high = int(targets.min()), int(targets.max())
        if low < 0 or high >= outputs.shape[1]:
            return f"targets from {low} to {high} do not fit outputs for {outputs.shape[1]} classes"
        return None


class TwoClasses(Loss):
    """A loss of one output per example, positive for class 1.

    Shapes: outputs (R, N, 1), targets (R, N) of 0 and 1.
    """

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return which outputs have the sign of their class, shape (R, N)."""
        return (outputs.squeeze(-1) > 0) == (targets == 1)

    def misfit(self, outputs: Tensor, targets: Tensor) -> str | None:
        """Return what outputs and targets of one network lack for this loss, in words, or None.

        Shapes: outputs (N, 1), targets (N,) of 0 and 1.
        """
        if outputs.dim() != 2 or outputs.shape[1] != 1:
            return f"outputs must be one number per example, not {tuple(outputs.shape)}"
        if targets.dim() != 1 or not bool(((targets == 0) | (targets == 1)).all()):
            return f"targets must be 0 or 1 for each example, not {_told(targets)}"
        return None


def _told(targets: Tensor) -> str:
    return f"{str(targets.dtype).removeprefix('torch.')} of shape {tuple(targets.shape)}"
