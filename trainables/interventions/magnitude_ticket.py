"""Lottery tickets: the weights that pruning keeps of a trained network, trained again alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.randomness import generator

SOURCE = "arXiv 1803.03635 (rewinding); global magnitude, embeddings included, as in arXiv 2310.19470"
KINDS = ("rewound", "fresh", "random")


class MagnitudeTicket:
    """Keeps the share 1 - ``pruned`` of weights that are largest in the trained parent, over all matrices together.

    ``kind``: rewound starts from the parent's own initial weights; fresh draws others; random starts from the parent's
    but keeps as many weights of each tensor, at random places. Biases and gains are never pruned. Pruned weights start
    at 0 and stay there; their gradients count nowhere, not even in the norm that is clipped.
    """

    def __init__(
        self,
        *,
        kind: str,
        pruned: Sequence[float],
        parents: Mapping[str, Tensor],
        init_seeds: Sequence[int],
        model: Any,
    ) -> None:
        self._kind, self._seeds, self._model = kind, init_seeds, model
        self.masks = kept(parents, pruned)
        if kind == "random":
            self.masks = {name: _scattered(name, mask, init_seeds) for name, mask in self.masks.items()}

    @torch.no_grad()
    def on_start(self, params: Mapping[str, Tensor]) -> None:
        """Draw other weights if the ticket is fresh, and prune."""
        if self._kind == "fresh":
            for name, value in self._model.init([generator(seed, "fresh init") for seed in self._seeds]).items():
                params[name].copy_(value)
        self.on_params(params)

    @torch.no_grad()
    def on_params(self, params: Mapping[str, Tensor]) -> None:
        """Set pruned weights to 0."""
        for name, mask in self.masks.items():
            params[name].mul_(mask)

    def on_grads(self, grads: Mapping[str, Tensor]) -> None:
        """Set the gradients of pruned weights to 0."""
        for name, mask in self.masks.items():
            grads[name].mul_(mask)


def kept(parents: Mapping[str, Tensor], pruned: Sequence[float]) -> dict[str, Tensor]:
    """Return 1 for kept and 0 for pruned weights of every matrix, shaped like it, (R, m, n).

    Of each replica's n weights in all matrices the floor(pruned · n) smallest are pruned, ties in the order of tensors.
    """
    matrices = {name: value for name, value in parents.items() if value.dim() == 3}
    sizes = torch.cat([value.abs().flatten(1) for value in matrices.values()], 1)
    ranks = sizes.argsort(dim=1, stable=True).argsort(dim=1)
    least = torch.tensor([int(share * ranks.shape[1]) for share in pruned], device=ranks.device)
    parts = torch.split(ranks >= least.unsqueeze(1), [value[0].numel() for value in matrices.values()], 1)
    pairs = zip(matrices.items(), parts, strict=True)
    return {name: part.view(value.shape).to(value.dtype) for (name, value), part in pairs}


def _scattered(name: str, mask: Tensor, seeds: Sequence[int]) -> Tensor:
    """Return as many ones per replica at places drawn from its own seed."""
    flat = mask.flatten(1)
    orders = [torch.randperm(flat.shape[1], generator=generator(seed, f"random mask {name}")) for seed in seeds]
    return flat.gather(1, torch.stack(orders).to(mask.device)).view(mask.shape)
