"""A two-layer ReLU MLP with cross-entropy for a whole pack, block by block of examples.

A block's hidden units stay in the cache from the forward to the backward pass, where those of all examples would have
to be written to memory and read again several times. Classes are filled up to a multiple of 4, for which matrix
libraries have faster products, by classes of logit -∞: they have probability 0 and no gradient, and callers never see
them. Blocks depend on the number of examples only, so that a replica's numbers do not depend on its pack.
Products are made in the type of the inputs, or in bfloat16: then inputs and weights are rounded for each product, which
adds up in fp32 and rounds its result, while weights, biases of the output, logits and loss stay as they are.

Shapes: x (R, N, D), weights (R, D, H), (R, H), (R, H, C), (R, C), targets (R, N).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from trainables.models._pooled import missing_lanes
from trainables.reductions import mean_over
from trainables.view import surprise_and_slope

BLOCK = 256  # examples on a CPU; elsewhere all at once
GRAIN = 32  # a block is a multiple of it, the last one aside

Weights = Sequence[Tensor]
Judged = Callable[[Tensor], tuple[Tensor, Tensor]]


def mlp_logits(x: Tensor, weights: Weights, low: torch.dtype) -> Tensor:
    """Return relu(x W₁ + b₁) W₂ + b₂, shape (R, N, C)."""
    prepared = _prepared(weights, low)
    return torch.cat([_forward(x[:, part], prepared)[2] for part in _blocks(x)], 1)[..., : weights[3].shape[1]]


def mlp_loss(
    x: Tensor, weights: Weights, targets: Tensor, low: torch.dtype, arithmetic: str = "exact"
) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy of each replica in nats, shape (R,), and the logits, which have no gradient.

    ``arithmetic``: that of ``surprise_and_slope``.

    Limits: can be differentiated once.
    """
    loss, logits = _MlpLoss.apply(x, *weights, targets, low, arithmetic)  # type: ignore[no-untyped-call]
    return loss, logits


class _MlpLoss(torch.autograd.Function):
    """Makes all gradients in the forward pass, where the hidden units are at hand."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
        weights, (targets, low, arithmetic) = rest[:4], rest[4:]
        prepared, classes = _prepared(weights, low), weights[3].shape[1]
        gradients = [torch.empty_like(x), *(torch.zeros_like(weight, dtype=x.dtype) for weight in prepared)]
        surprises, logits = [], []
        for n in _blocks(x):
            judged = partial(surprise_and_slope, targets=targets[:, n], weight=1 / x.shape[1], arithmetic=arithmetic)
            surprise, made = _block(x[:, n], judged, prepared, (gradients[0][:, n], *gradients[1:]))
            surprises.append(surprise)
            logits.append(made)
        found = torch.cat(logits, 1)[..., :classes]
        ctx.mark_non_differentiable(found)
        ctx.set_materialize_grads(False)
        ctx.gradients = [*gradients[:3], *(gradient[..., :classes] for gradient in gradients[3:])]
        return mean_over(torch.cat(surprises, 1), 1).to(x.dtype), found

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None  # they are scaled in place: there is no second time
        return (
            *(gradient.mul_(outer[0].view(-1, *[1] * (gradient.dim() - 1))) for gradient in gradients),
            None,
            None,
            None,
        )


def _prepared(weights: Weights, low: torch.dtype) -> Weights:
    """Return the weights with classes filled up, in the type of the products but for the biases of the output."""
    *first, weight2, bias2 = weights
    more = missing_lanes(weight2.shape[-1])
    return [*(each.to(low) for each in (*first, pad(weight2, (0, more)))), pad(bias2, (0, more), value=-math.inf)]


def _forward(x: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs and hidden units in the type of the products, and logits."""
    weight1, bias1, weight2, bias2 = weights
    inputs = x.to(weight1.dtype)
    hidden = torch.baddbmm(bias1.unsqueeze(1), inputs, weight1).relu_()
    if weight2.dtype == bias2.dtype:
        return inputs, hidden, torch.baddbmm(bias2.unsqueeze(1), hidden, weight2)
    return inputs, hidden, torch.bmm(hidden, weight2).to(bias2.dtype).add_(bias2.unsqueeze(1))


def _block(x: Tensor, judged: Judged, weights: Weights, gradients: Weights) -> tuple[Tensor, Tensor]:
    """Return surprises and logits of a block; set the gradients of its inputs and add to those of the weights.

    ``judged`` gives the surprises of logits, and the gradients that are carried on.
    """
    of_x, of_weight1, of_bias1, of_weight2, of_bias2 = gradients
    inputs, hidden, logits = _forward(x, weights)
    surprise, slope = judged(logits)
    outer = slope.to(hidden.dtype)
    _accumulate(of_weight2, hidden.mT, outer)
    of_bias2.add_(slope.sum(1))
    of_hidden = torch.bmm(outer, weights[2].mT)
    torch.ops.aten.threshold_backward.grad_input(of_hidden, hidden, 0, grad_input=of_hidden)
    _accumulate(of_weight1, inputs.mT, of_hidden)
    of_bias1.add_(of_hidden.sum(1, dtype=slope.dtype))
    of_x.copy_(torch.bmm(of_hidden, weights[0].mT))
    return surprise, logits


def _accumulate(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add a product to a total, which is at least as exact as the product."""
    if total.dtype == left.dtype:
        total.baddbmm_(left, right)
    else:
        total.add_(torch.bmm(left, right))


def _blocks(x: Tensor) -> list[slice]:
    """Return parts of the examples of nearly equal size."""
    examples = x.shape[1]
    count = max(round(examples / BLOCK), 1) if x.device.type == "cpu" else 1
    ends = [*(examples * number // count // GRAIN * GRAIN for number in range(count)), examples]
    return [slice(first, last) for first, last in itertools.pairwise(ends)]
