"""A two-layer ReLU MLP with cross-entropy for a whole pack, block by block of examples.

A block's hidden units stay in the cache from the forward to the backward pass, where those of all examples would have
to be written to memory and read again several times. Classes are filled up to a multiple of 4, for which matrix
libraries have faster products, by classes of logit -∞: they have probability 0 and no gradient, and callers never see
them. Blocks depend on the number of examples only, so that a replica's numbers do not depend on its pack.
Products are made in the type of the inputs, or in bfloat16: then inputs and weights are rounded for each product, which
adds up in fp32 and rounds its result, while weights, biases of the output, logits and loss stay as they are.

Shapes: weights of the second layer (R, H, C) and (R, C), targets (R, N).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from trainables.models._first_layer import FromTable, FromVectors, accumulate
from trainables.models._pooled import missing_lanes
from trainables.reductions import mean_over
from trainables.view import surprise_and_slope

FirstLayer = FromTable | FromVectors
Weights = Sequence[Tensor]
Judged = Callable[[Tensor], tuple[Tensor, Tensor]]


def logits_by_block(first: FirstLayer, weights: Weights) -> Iterator[tuple[slice, Tensor]]:
    """Yield each block of examples and its logits h W₂ + b₂ of the hidden units h, (R, B, C)."""
    prepared = _prepared(weights, first.low)
    for number, part in enumerate(first.parts):
        yield part, _logits(first.hidden(number), prepared)[..., : weights[1].shape[1]]


def mlp_loss(first: FirstLayer, weights: Weights, targets: Tensor, arithmetic: str = "exact") -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy of each replica in nats, shape (R,), and the logits, which have no gradient.

    ``arithmetic``: that of ``surprise_and_slope``.

    Limits: can be differentiated once.
    """
    loss, logits = _MlpLoss.apply(first, targets, arithmetic, *weights, *first.tensors)  # type: ignore[no-untyped-call]
    return loss, logits


class _MlpLoss(torch.autograd.Function):
    """Makes all gradients in the forward pass, where the hidden units are at hand."""

    @staticmethod
    def forward(
        ctx: Any, first: FirstLayer, targets: Tensor, arithmetic: str, *tensors: Tensor
    ) -> tuple[Tensor, Tensor]:
        kind, classes, prepared = tensors[1].dtype, tensors[1].shape[1], _prepared(tensors[:2], first.low)
        gradients = [torch.zeros_like(weight, dtype=kind) for weight in prepared]
        logits = targets.new_empty(*targets.shape, prepared[1].shape[1], dtype=kind)
        surprises = []
        first.begin()
        for number, n in enumerate(first.parts):
            hidden = first.hidden(number)
            _logits(hidden, prepared, out=logits[:, n])
            judged = partial(
                surprise_and_slope, targets=targets[:, n], weight=1 / targets.shape[1], arithmetic=arithmetic
            )
            surprise, of_hidden = _block(hidden, logits[:, n], judged, prepared[0], gradients)
            first.take(number, of_hidden)
            surprises.append(surprise)
        found = logits[..., :classes]
        ctx.mark_non_differentiable(found)
        ctx.set_materialize_grads(False)
        ctx.gradients = [*(gradient[..., :classes] for gradient in gradients), *first.gradients]
        return mean_over(torch.cat(surprises, 1), 1).to(kind), found

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None  # they are scaled in place: there is no second time
        return (
            None,
            None,
            None,
            *(gradient.mul_(outer[0].view(-1, *[1] * (gradient.dim() - 1))) for gradient in gradients),
        )


def _prepared(weights: Weights, low: torch.dtype) -> Weights:
    """Return the weights with classes filled up, in the type of the products but for the biases of the output."""
    weight, bias = weights
    more = missing_lanes(weight.shape[-1])
    return [pad(weight, (0, more)).to(low), pad(bias, (0, more), value=-math.inf)]


def _logits(hidden: Tensor, weights: Weights, out: Tensor | None = None) -> Tensor:
    """Return the logits of a block."""
    weight, bias = weights
    if weight.dtype == bias.dtype:
        return torch.baddbmm(bias.unsqueeze(1), hidden, weight, out=out)
    return torch.add(torch.bmm(hidden, weight), bias.unsqueeze(1), out=out)


def _block(hidden: Tensor, logits: Tensor, judged: Judged, weight: Tensor, gradients: Weights) -> tuple[Tensor, Tensor]:
    """Return surprises of a block and the gradient by its hidden units before the ReLU; add those of the weights.

    ``judged`` gives the surprises of logits, and the gradients that are carried on.
    """
    of_weight, of_bias = gradients
    surprise, slope = judged(logits)
    outer = slope.to(hidden.dtype)
    accumulate(of_weight, hidden.mT, outer)
    of_bias.add_(slope.sum(1))
    of_hidden = torch.bmm(outer, weight.mT)
    torch.ops.aten.threshold_backward.grad_input(of_hidden, hidden, 0, grad_input=of_hidden)
    return surprise, of_hidden
