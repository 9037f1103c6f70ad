"""Gradients by automatic differentiation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trainables.tasks._splits import Split
from trainables.view import Pass, View

if TYPE_CHECKING:
    from trainables.pack import Pack


class Autograd:
    """The gradients of each replica's loss and of the penalties that interventions add to it."""

    def gradients(self, pack: Pack) -> tuple[dict[str, Tensor], View]:
        """Return the gradient by every parameter of a pack, and the view of this step.

        Where a step goes through all training examples, the view's train pass is the one made here.
        """
        task, model, judge, batches = pack.parts.task, pack.parts.model, pack.parts.loss, pack.parts.batches
        split = batches.at(pack.step) if batches else task.train
        loss, outputs, trace = _loss(pack, split)
        penalties = [
            part.loss(trace, pack.params, pack.step) for part in pack.parts.interventions if hasattr(part, "loss")
        ]
        total = sum(penalties, loss).sum()  # replicas do not meet: the gradient of the sum is each one's own
        grads = torch.autograd.grad(total, list(pack.params.values()), materialize_grads=True)
        whole = not batches and not getattr(model, "beyond_the_answer", False)
        made = Pass(outputs, split.targets, loss.detach(), trace, judge) if whole else None
        return dict(zip(pack.params, grads, strict=True)), View(pack.params, task, model, judge, made)


def _loss(pack: Pack, split: Split) -> tuple[Tensor, Tensor, Any]:
    """Return the loss of each replica, its outputs without a gradient, and the trace.

    A model with a ``loss`` of its own, made together with its last layers, is asked for that.
    """
    model = pack.parts.model
    if hasattr(model, "loss"):
        made: tuple[Tensor, Tensor, Any] = model.loss(pack.params, split.inputs, split.targets)
        return made
    outputs, trace = model.apply(pack.params, split.inputs)
    return pack.parts.loss.value(outputs, split.targets), outputs.detach(), trace
