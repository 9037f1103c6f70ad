"""Gradients by automatic differentiation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trainables.tasks._splits import Split
from trainables.view import Pass

if TYPE_CHECKING:
    from trainables.family import Parts
    from trainables.pack import Pack


class Autograd:
    """The gradients of each replica's loss and of the penalties that interventions add to it."""

    def gradients(self, pack: Pack, split: Split, step: int | Tensor) -> tuple[dict[str, Tensor], Pass | None]:
        """Return the gradient by every parameter of a pack on some examples, and the pass over them.

        The pass is None if it does not show how the pack does on the train split: on mini-batches, and where the loss
        is about more than the answer. The step is a tensor if it is counted on the device.
        """
        parts, leaves = pack.parts, {name: value.detach().requires_grad_() for name, value in pack.params.items()}
        loss, outputs, trace = _loss(parts, leaves, split)
        penalties = [part.loss(trace, leaves, step) for part in parts.interventions if hasattr(part, "loss")]
        total = sum(penalties, loss).sum()  # replicas do not meet: the gradient of the sum is each one's own
        grads = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
        whole = not parts.batches and not getattr(parts.model, "beyond_the_answer", False)
        made = Pass(outputs, split.targets, loss.detach(), trace, parts.loss) if whole else None
        return dict(zip(leaves, grads, strict=True)), made


def _loss(parts: Parts, params: dict[str, Tensor], split: Split) -> tuple[Tensor, Tensor, Any]:
    """Return the loss of each replica, its outputs without a gradient, and the trace.

    A model with a ``loss`` of its own, computed together with its last layers, is asked for it.
    """
    if hasattr(parts.model, "loss"):
        made: tuple[Tensor, Tensor, Any] = parts.model.loss(params, split.inputs, split.targets)
        return made
    outputs, trace = parts.model.apply(params, split.inputs)
    return parts.loss.value(outputs, split.targets), outputs.detach(), trace
