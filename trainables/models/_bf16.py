"""The MLP's matrix products in bfloat16 with fp32 master weights: about twice as fast where the CPU has such products.

Inputs and weights are rounded to bfloat16 for each product, which adds up in fp32 and rounds its result; biases of the
output, the loss, attention and the optimizer stay in fp32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Bf16Mlp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor) -> Tensor:
        inputs, first, second = x.bfloat16(), weight1.bfloat16(), weight2.bfloat16()
        hidden = torch.baddbmm(bias1.bfloat16().unsqueeze(1), inputs, first).relu_()
        ctx.save_for_backward(inputs, first, hidden, second)
        return torch.bmm(hidden, second).float().add_(bias2.unsqueeze(1))

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, ...]:
        inputs, first, hidden, second = ctx.saved_tensors
        grad = outer[0].bfloat16()
        of_second = torch.bmm(hidden.mT, grad).float()
        of_hidden = torch.ops.aten.threshold_backward(torch.bmm(grad, second.mT), hidden, 0)
        of_first = torch.bmm(inputs.mT, of_hidden).float()
        of_inputs = torch.bmm(of_hidden, first.mT).float()
        return of_inputs, of_first, of_hidden.sum(1, dtype=torch.float32), of_second, outer[0].sum(1)


def bf16_mlp(x: Tensor, weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor) -> Tensor:
    """Return relu(x W₁ + b₁) W₂ + b₂ for a pack.

    Shapes: x (R, N, D), W₁ (R, D, H), b₁ (R, H), W₂ (R, H, C), b₂ (R, C) to logits (R, N, C) in fp32.
    Limits: can be differentiated once.
    """
    logits: Tensor = _Bf16Mlp.apply(x, weight1, bias1, weight2, bias2)  # type: ignore[no-untyped-call]
    return logits
