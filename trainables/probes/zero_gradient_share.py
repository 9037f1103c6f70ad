"""How many training examples teach nothing any more because the gradient of their loss is exactly 0."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.view import View

SOURCE = "softmax collapse, arXiv 2501.04697, which holds that it stops networks without weight decay from grokking"
COLUMNS = ("zero_gradient_share", "zero_target_gradient_share")


class ZeroGradientShare:
    """Shares of the training examples, by the gradient of their loss by the outputs in the arithmetic of the loss.

    Columns: zero_gradient_share, all its entries are 0, so that the example changes no weight;
    zero_target_gradient_share, its entry for the right class is 0 (only where there is one output per class).

    Limits: models that make their loss themselves weigh each example before they round, the loss here afterwards; with
    ``loss_arithmetic = rounded`` that moves the margin from which the entry of the right class is 0 by less than 0.7.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        split = view.task.train
        outputs, _ = view.model.apply(view.params, split.inputs)
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            (slope,) = torch.autograd.grad(view.loss.value(leaf, split.targets).sum(), leaf)
        columns = {"zero_gradient_share": _share(slope.flatten(2) == 0 if slope.dim() > 2 else slope.unsqueeze(2) == 0)}
        if slope.dim() == 3 and slope.shape[-1] > 1 and not split.targets.is_floating_point():
            columns["zero_target_gradient_share"] = _share(slope.gather(-1, split.targets.unsqueeze(-1)) == 0)
        return columns


def _share(zero: Tensor) -> Tensor:
    """Return the share of examples of which all entries are 0, (R, N, C) to (R,)."""
    return zero.all(-1).double().mean(1)
