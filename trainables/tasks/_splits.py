"""What all tasks share: examples of a whole pack, which of their positions decide the answer, and the split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

Positions = tuple[int, ...] | Tensor


@dataclass(frozen=True)
class Split:
    """Examples of a whole pack.

    Shapes: inputs (R, N, T) of tokens, or of reals (R, N, F); targets (R, N) of classes, or of reals (R, N, C).
    ``informative``: the positions that decide the target, the same in all examples, or (R, N, k) where each example has
    its own.
    """

    inputs: Tensor
    targets: Tensor
    informative: Positions = ()

    def picked(self, rows: Tensor) -> Split:
        """Return some of the examples, by each replica's own indices (R, B)."""
        return Split(_rows_of(self.inputs, rows), _rows_of(self.targets, rows), self.informative)


def _rows_of(values: Tensor, rows: Tensor) -> Tensor:
    """Return values (R, N, ...) at rows (R, B), shape (R, B, ...)."""
    index = rows.view(*rows.shape, *[1] * (values.dim() - 2))
    return values.gather(1, index.expand(-1, -1, *values.shape[2:]))


def on_informative(values: Tensor, informative: Positions) -> Tensor:
    """Return the values (R, N, T) at the informative positions, shape (R, N, k)."""
    if isinstance(informative, Tensor):
        return values.gather(-1, informative)
    return torch.stack([values[..., j] for j in informative], -1)


def others(informative: Positions, positions: int) -> Positions:
    """Return all positions except the informative ones (the query is among them), ascending."""
    if not isinstance(informative, Tensor):
        return tuple(j for j in range(positions) if j not in informative)
    R, N, k = informative.shape
    marked = torch.zeros(R, N, positions, dtype=torch.int64, device=informative.device).scatter(-1, informative, 1)
    return marked.argsort(dim=-1, stable=True)[..., : positions - k]


def train_examples(count: int, train_fraction: float) -> int:
    """Return how many examples are trained on: at least one, leaving at least one for the test."""
    return min(max(int(train_fraction * count), 1), count - 1)
