"""Lottery tickets: the weights that pruning keeps of a trained network, trained again alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.interventions._masks import Masked, kept, kept_by_layer, matrices, scattered
from trainables.randomness import generator

SOURCE = "arXiv 1803.03635 (rewinding); global magnitude, embeddings included, as in arXiv 2310.19470"
KINDS = ("rewound", "fresh", "random", "trained")


class MagnitudeTicket(Masked):
    """Keeps the share 1 - ``pruned`` of weights that are largest in the trained parent, over all matrices together or,
    with ``layerwise``, of each one.

    ``kind``: rewound starts from the parent's own initial weights; fresh draws others; random starts from the parent's
    but keeps as many weights of each tensor, at random places; trained starts from the parent's weights as they are,
    with an optimizer that starts anew. Biases and gains are never pruned.
    """

    def __init__(
        self,
        *,
        kind: str,
        pruned: Sequence[float],
        parents: Mapping[str, Tensor],
        init_seeds: Sequence[int],
        model: Any,
        layerwise: bool = False,
    ) -> None:
        self._kind, self._seeds, self._model, self._parents = kind, init_seeds, model, parents
        self.masks = magnitude_masks(parents, pruned, layerwise=layerwise)
        if kind == "random":
            self.masks = scattered(self.masks, init_seeds)

    @torch.no_grad()
    def on_start(self, params: Mapping[str, Tensor]) -> None:
        """Draw other weights if the ticket is fresh, take the parent's if it is trained, and prune."""
        if self._kind == "fresh":
            _copy(self._model.init([generator(seed, "fresh init") for seed in self._seeds]), params)
        elif self._kind == "trained":
            _copy(self._parents, params)
        self.on_params(params)


def _copy(values: Mapping[str, Tensor], params: Mapping[str, Tensor]) -> None:
    for name, value in values.items():
        params[name].copy_(value)


def magnitude_masks(
    parents: Mapping[str, Tensor], pruned: Sequence[float], *, layerwise: bool = False
) -> dict[str, Tensor]:
    """Return the masks that keep the largest weights of trained networks."""
    sizes = {name: value.abs() for name, value in matrices(parents).items()}
    return (kept_by_layer if layerwise else kept)(sizes, pruned)
