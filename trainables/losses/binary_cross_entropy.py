"""Minus the logarithm of the logistic function of an output, for two classes."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from trainables.losses._loss import TwoClasses

SOURCE = "torch.nn.BCEWithLogitsLoss"


class BinaryCrossEntropy(TwoClasses):
    """log(1 + exp(-s · output)) in nats, s = 1 for class 1 and -1 for class 0.

    Example: the output 0 has the loss log 2 = 0.6931 in both classes.
    """

    def each(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of every example, shape (R, N)."""
        return softplus(outputs.squeeze(-1) * (1 - 2 * targets))
