"""What all tasks share: examples of a whole pack, which of their positions decide the answer, and the split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

Positions = tuple[int, ...] | Tensor


@dataclass(frozen=True)
class Split:
    """Examples of a whole pack.

    Shapes: tokens (R, N, T), targets (R, N). ``informative``: the positions that decide the target, the same in all
    examples, or (R, N, k) where each example has its own.
    """

    tokens: Tensor
    targets: Tensor
    informative: Positions


def on_informative(values: Tensor, informative: Positions) -> Tensor:
    """Return what values (R, N, T) are at the informative positions, shape (R, N, k)."""
    if isinstance(informative, Tensor):
        return values.gather(-1, informative)
    return torch.stack([values[..., j] for j in informative], -1)


def others(informative: Positions, positions: int) -> Positions:
    """Return all positions but the informative ones, the query included, ascending."""
    if not isinstance(informative, Tensor):
        return tuple(j for j in range(positions) if j not in informative)
    R, N, k = informative.shape
    marked = torch.zeros(R, N, positions, dtype=torch.int64, device=informative.device).scatter(-1, informative, 1)
    return marked.argsort(dim=-1, stable=True)[..., : positions - k]


def train_examples(count: int, train_fraction: float) -> int:
    """Return how many of the examples are trained on: at least one, and at least one is left for the test."""
    return min(max(int(train_fraction * count), 1), count - 1)
