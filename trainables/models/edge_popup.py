"""Weights that stay as they are, and a score for each: what is trained is which weights count.

Shapes: scores and weights are those of a network's matrices, (R, m, n).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Generator, Tensor

from trainables.interventions._masks import kept_by_layer

SOURCE = "arXiv 1911.13299 (edge-popup), as in arXiv 2310.19470, section 5; scores drawn by Kaiming's uniform rule"


class EdgePopup:
    """A network each of whose matrices keeps the share 1 - ``pruned`` of its weights, those with the largest |score|.

    The mask is a step of |score|; its gradient is passed on as if it were |score| itself. Weights are the network's
    initial ones, or those of ``parents``; they are never changed. Scores are drawn evenly from ± 1/√fan_in.
    """

    def __init__(self, model: Any, *, pruned: Sequence[float], parents: Mapping[str, Tensor] | None = None) -> None:
        self._model, self._pruned, self._parents = model, pruned, parents
        self.buffers: dict[str, Tensor] = {}

    def init(self, generators: Sequence[Generator]) -> dict[str, Tensor]:
        """Return a score for every weight; the weights become buffers."""
        drawn = self._model.init(generators)
        self.buffers = {name: (self._parents or drawn)[name].clone() for name in drawn}
        return {name: _scores(name, value, generators) for name, value in drawn.items()}

    def weights(self, scores: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights that count, with 0 for the others."""
        masks = kept_by_layer({name: value.detach().abs() for name, value in scores.items()}, self._pruned)
        return {
            name: weight * _Popped.apply(scores[name].abs(), masks[name])  # type: ignore[no-untyped-call]
            for name, weight in self.buffers.items()
        }

    def residue_tables(self, params: Mapping[str, Tensor]) -> Any:
        """Return those of the network of the weights that count."""
        return self._model.residue_tables(self.weights(params))

    def apply(self, params: Mapping[str, Tensor], inputs: Tensor) -> Any:
        """Return what the network of the weights that count returns."""
        return self._model.apply(self.weights(params), inputs)


class _Popped(torch.autograd.Function):
    """The mask, with the gradient of the sizes of the scores."""

    @staticmethod
    def forward(ctx: Any, sizes: Tensor, mask: Tensor) -> Tensor:
        return mask

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        return outer[0], None


def _scores(name: str, like: Tensor, generators: Sequence[Generator]) -> Tensor:
    fan_in = like.shape[2] if name == "embedding" else like.shape[1]
    drawn = [torch.rand(like.shape[1:], generator=source) for source in generators]
    return (2 * torch.stack(drawn) - 1) / math.sqrt(fan_in)
