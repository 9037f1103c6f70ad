"""The 1 % quantile over inputs: what the worst inputs get, except the very worst."""

from __future__ import annotations

from torch import Tensor

LOW_QUANTILE = 0.01


def low_quantile(values: Tensor) -> Tensor:
    """Return the 1 % quantile over inputs, one of the values themselves: (R, N) to (R,)."""
    rank = max(round(LOW_QUANTILE * values.shape[1]), 1)
    return values.kthvalue(rank, dim=1).values
