"""Sums whose result does not depend on how many replicas are in the pack.

The order in which a library adds up float32 values depends on the shape of the whole tensor, so the last bit of a
replica's sum could depend on its neighbours. Added in float64 and rounded once, it does not.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def mean_over(values: Tensor, axis: int) -> Tensor:
    """Return the mean over one axis in the values' own type."""
    return values.double().mean(axis).to(values.dtype)


def log_softmax(scores: Tensor) -> Tensor:
    """Return the logarithm of the softmax over the last axis; differentiable."""
    shifted = scores - scores.detach().amax(-1, keepdim=True)
    total = shifted.exp().sum(-1, keepdim=True, dtype=torch.float64)
    return shifted - total.log().to(scores.dtype)


def joint_norm(tensors: Iterable[Tensor]) -> Tensor:
    """Return the Frobenius norm of each replica over all its tensors together, shape (R,), in float64."""
    norms = [torch.linalg.vector_norm(tensor.flatten(1), dim=1, dtype=torch.float64) for tensor in tensors]
    joint: Tensor = torch.linalg.vector_norm(torch.stack(norms), dim=0)
    return joint
