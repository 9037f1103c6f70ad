"""What probes may look at: one evaluation of a pack, with each forward pass made once and shared by all probes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from trainables.reductions import mean_over


@dataclass(frozen=True)
class Pass:
    """One forward pass over one split.

    Shapes: logits (R, N, C), targets (R, N), loss (R,) in nats.
    """

    logits: Tensor
    targets: Tensor
    loss: Tensor
    trace: Any

    @property
    def accuracy(self) -> Tensor:
        """The share of examples whose largest logit is the target, shape (R,)."""
        return (self.logits.argmax(-1) == self.targets).double().mean(1)


class View:
    """A pack between two steps: its parameters, its task, and its passes over train and test.

    The train pass is the one that training makes anyway; the test pass is made when a probe asks for it.
    """

    def __init__(self, params: Mapping[str, Tensor], task: Any, model: Any, train: Pass) -> None:
        self.params, self.task, self.train = params, task, train
        self._model = model

    @cached_property
    def test(self) -> Pass:
        """The pass over the test split."""
        with torch.no_grad():
            logits, trace = self._model.apply(self.params, self.task.test.tokens)
            return Pass(logits, self.task.test.targets, cross_entropy(logits, self.task.test.targets), trace)


class _CrossEntropy(torch.autograd.Function):
    """Mean cross-entropy per replica whose gradient is made in the forward pass, in the memory of the softmax."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        chosen = targets.unsqueeze(-1)
        shifted = logits - logits.amax(-1, keepdim=True)
        of_target = shifted.gather(-1, chosen)
        gradient = shifted.exp_()
        total = gradient.sum(-1, keepdim=True, dtype=torch.float64)
        loss = mean_over((total.log() - of_target).squeeze(-1), -1).to(logits.dtype)
        gradient.div_(total.to(logits.dtype)).scatter_add_(-1, chosen, torch.full_like(of_target, -1.0))
        ctx.save_for_backward(gradient)
        ctx.examples = targets.shape[-1]
        return loss

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * (outer[0] / ctx.examples)[:, None, None], None


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of each replica in nats.

    Shapes: logits (R, N, C) and targets (R, N) to (R,).
    Limits: can be differentiated once.
    """
    loss: Tensor = _CrossEntropy.apply(logits, targets)  # type: ignore[no-untyped-call]
    return loss
