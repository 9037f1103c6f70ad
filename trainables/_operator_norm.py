"""An upper bound of a matrix's largest singular value, by products alone: a decomposition would make a GPU wait."""

from __future__ import annotations

import torch
from torch import Tensor

SQUARINGS = 12
SMALLEST = 1e-300  # stands for the norm of a zero matrix, which would divide 0 by 0
ROUNDING = 1e-12  # what float64 may lose on the way, added back


def operator_norm(matrices: Tensor) -> Tensor:
    """Return an upper bound of the operator norm of each matrix, at most 0.2 % above it, in float64.

    The smaller Gram matrix G has the largest eigenvalue ‖W‖², and every symmetric G has λ_max(G) <= ‖G^m‖_F^(1/m).
    With m = 2^SQUARINGS = 4096 the bound is at most rank^(1/4m) times the norm: 1.0003 for rank 100. G is divided by
    its Frobenius norm before each squaring, and the logarithms of the divisors are summed.

    Shapes: (R, m, n) to (R,).
    """
    exact = matrices.detach().double()
    gram = exact @ exact.mT if exact.shape[1] < exact.shape[2] else exact.mT @ exact
    log_largest = torch.zeros_like(gram[:, 0, 0])
    for doubling in range(SQUARINGS + 1):
        size = torch.linalg.vector_norm(gram, dim=(1, 2), keepdim=True).clamp(min=SMALLEST)
        log_largest = log_largest + size.log().flatten() / 2**doubling
        gram = gram / size
        gram = gram @ gram
    return (log_largest / 2).exp() * (1 + ROUNDING)
