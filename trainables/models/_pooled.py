"""What a query position reads for a whole pack: the values of tokens and positions, weighted by attention.

Shape suffixes: R replicas, N examples, T positions, V tokens, U rows of a table of tokens, positions and some zeros,
D width.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

LANES = 4  # matrix libraries are faster where rows are a multiple of it long


def pooled(attention_RNT: Tensor, tokens_RNT: Tensor, of_token_RVD: Tensor, of_position_RTD: Tensor) -> Tensor:
    """Return the sum over positions of attention times (value of the token + value of the position), (R, N, D).

    It is one matrix product: of the attention per token and per position with the table of both.
    """
    table_RUD = torch.cat([of_token_RVD, of_position_RTD], 1)
    filled_RUD = pad(table_RUD, (0, 0, 0, missing_lanes(table_RUD.shape[1])))
    width, vocabulary = filled_RUD.shape[1], of_token_RVD.shape[1]
    mass_RNU = _Mass.apply(attention_RNT, tokens_RNT, width, vocabulary)  # type: ignore[no-untyped-call]
    return torch.bmm(mass_RNU, filled_RUD)


def missing_lanes(length: int) -> int:
    """Return how much has to be added to a length to make it a multiple of LANES."""
    return -length % LANES


class _Mass(torch.autograd.Function):
    """The attention that goes to each token, then to each position, (R, N, U); filled in without copies."""

    @staticmethod
    def forward(ctx: Any, attention_RNT: Tensor, tokens_RNT: Tensor, width: int, vocabulary: int) -> Tensor:
        R, N, T = tokens_RNT.shape
        ctx.save_for_backward(tokens_RNT)
        ctx.positions = slice(vocabulary, vocabulary + T)
        mass_RNU = attention_RNT.new_zeros(R, N, width).scatter_add_(2, tokens_RNT, attention_RNT)
        mass_RNU[..., ctx.positions] = attention_RNT
        return mass_RNU

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, ...]:
        (tokens_RNT,) = ctx.saved_tensors
        return outer[0].gather(2, tokens_RNT) + outer[0][..., ctx.positions], None, None, None
