"""How far an output is from being on its side with a margin of 1."""

from __future__ import annotations

from torch import Tensor

from trainables.losses._loss import TwoClasses

SOURCE = "arXiv 2207.08799, which trains sparse parity with it"


class Hinge(TwoClasses):
    """max(0, 1 - s · output), s = 1 for class 1 and -1 for class 0.

    Example: the output 0.5 has the loss 0.5 in class 1 and 1.5 in class 0.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every example, shape (R, N)."""
        return (1 - outputs.squeeze(-1) * (2 * targets - 1)).clamp(min=0)
