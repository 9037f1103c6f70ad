"""A two-layer ReLU MLP with cross-entropy for a whole pack, block by block of examples.

A block's hidden units stay in the cache from the forward to the backward pass, where those of all examples would have
to be written to memory and read again several times. Blocks depend on the number of examples only, so that a replica's
numbers do not depend on its pack.
Products are made in the type of the inputs, or in bfloat16: then inputs and weights are rounded for each product, which
adds up in fp32 and rounds its result, while weights, biases of the output, logits and loss stay as they are.

Shapes: x (R, N, D), weights (R, D, H), (R, H), (R, H, C), (R, C), targets (R, N).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.reductions import mean_over
from trainables.view import surprise_and_slope

BLOCK = 256  # examples on a CPU; elsewhere all at once

Weights = Sequence[Tensor]


def mlp_logits(x: Tensor, weights: Weights, low: torch.dtype) -> Tensor:
    """Return relu(x W₁ + b₁) W₂ + b₂, shape (R, N, C)."""
    rounded = _rounded(weights, low)
    return torch.cat([_forward(x[:, part], rounded)[2] for part in _blocks(x)], 1)


def mlp_loss(x: Tensor, weights: Weights, targets: Tensor, low: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy of each replica in nats, shape (R,), and the logits, which have no gradient.

    Limits: can be differentiated once.
    """
    loss, logits = _MlpLoss.apply(x, *weights, targets, low)  # type: ignore[no-untyped-call]
    return loss, logits


class _MlpLoss(torch.autograd.Function):
    """Makes all gradients in the forward pass, where the hidden units are at hand."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
        weights, (targets, low) = rest[:4], rest[4:]
        rounded = _rounded(weights, low)
        gradients = [torch.empty_like(x), *map(torch.zeros_like, weights)]
        surprises, logits = [], []
        for part in _blocks(x):
            inputs, hidden, made = _forward(x[:, part], rounded)
            surprise, slope = surprise_and_slope(made, targets[:, part], weight=1 / x.shape[1])
            _backward(inputs, hidden, slope, rounded, (gradients[0][:, part], *gradients[1:]))
            surprises.append(surprise)
            logits.append(made)
        found = torch.cat(logits, 1)
        ctx.mark_non_differentiable(found)
        ctx.save_for_backward(*gradients)
        return mean_over(torch.cat(surprises, 1), 1).to(x.dtype), found

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        scaled = (gradient * outer[0].view(-1, *[1] * (gradient.dim() - 1)) for gradient in ctx.saved_tensors)
        return (*scaled, None, None)


def _rounded(weights: Weights, low: torch.dtype) -> Weights:
    """Return the weights in the type of the products, but for the biases of the output."""
    return [weight.to(low) for weight in weights[:3]] + [weights[3]]


def _forward(x: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs and hidden units in the type of the products, and logits."""
    weight1, bias1, weight2, bias2 = weights
    inputs = x.to(weight1.dtype)
    hidden = torch.baddbmm(bias1.unsqueeze(1), inputs, weight1).relu_()
    if weight2.dtype == bias2.dtype:
        return inputs, hidden, torch.baddbmm(bias2.unsqueeze(1), hidden, weight2)
    return inputs, hidden, torch.bmm(hidden, weight2).to(bias2.dtype).add_(bias2.unsqueeze(1))


def _backward(inputs: Tensor, hidden: Tensor, slope: Tensor, weights: Weights, gradients: Weights) -> None:
    """Add a block's share to the gradients of the weights, and set those of its inputs."""
    of_x, of_weight1, of_bias1, of_weight2, of_bias2 = gradients
    outer = slope.to(hidden.dtype)
    of_weight2.add_(torch.bmm(hidden.mT, outer))
    of_bias2.add_(slope.sum(1))
    of_hidden = torch.bmm(outer, weights[2].mT)
    torch.ops.aten.threshold_backward.grad_input(of_hidden, hidden, 0, grad_input=of_hidden)
    of_weight1.add_(torch.bmm(inputs.mT, of_hidden))
    of_bias1.add_(of_hidden.sum(1, dtype=slope.dtype))
    of_x.copy_(torch.bmm(of_hidden, weights[0].mT))


def _blocks(x: Tensor) -> list[slice]:
    """Return nearly equal parts of the examples."""
    examples = x.shape[1]
    count = max(round(examples / BLOCK), 1) if x.device.type == "cpu" else 1
    ends = [examples * number // count for number in range(count + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(ends)]
