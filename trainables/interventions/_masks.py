"""Masks: which weights of a network are trained, and which are and stay 0.

Shapes: scores and masks are those of the matrices, (R, m, n); a mask holds 1 for kept and 0 for pruned weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.randomness import generator

Masks = dict[str, Tensor]


class Masked:
    """Pruned weights start at 0 and stay there; their gradients count nowhere, not even in the norm that is clipped."""

    masks: Masks

    @torch.no_grad()
    def on_start(self, params: Mapping[str, Tensor]) -> None:
        """Prune the initial weights."""
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


def matrices(params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors that can be pruned: matrices, and neither biases nor gains."""
    return {name: value for name, value in params.items() if value.dim() == 3}


def kept(scores: Mapping[str, Tensor], pruned: Sequence[float]) -> Masks:
    """Return masks that leave out the floor(pruned · n) smallest scores of each replica's n, over all matrices.

    Ties are pruned in the order of tensors, and in a tensor row by row.
    """
    flat = torch.cat([value.flatten(1) for value in scores.values()], 1)
    parts = torch.split(_kept(flat, pruned), [value[0].numel() for value in scores.values()], 1)
    pairs = zip(scores.items(), parts, strict=True)
    return {name: part.view(value.shape).to(value.dtype) for (name, value), part in pairs}


def kept_by_layer(scores: Mapping[str, Tensor], pruned: Sequence[float]) -> Masks:
    """Return masks that leave out the same share of each matrix: the floor(pruned · n) smallest scores of its n."""
    return {name: _kept(value.flatten(1), pruned).view(value.shape).to(value.dtype) for name, value in scores.items()}


def scattered(masks: Mapping[str, Tensor], seeds: Sequence[int]) -> Masks:
    """Return masks with as many ones per replica and matrix, at places drawn from the replica's seed."""
    return {name: _scattered(name, mask, seeds) for name, mask in masks.items()}


def _kept(scores: Tensor, pruned: Sequence[float]) -> Tensor:
    """Return all but each row's smallest scores, (R, n); of equal ones the first are left out."""
    counts = torch.tensor([[int(share * scores.shape[1])] for share in pruned], device=scores.device)
    limit = scores.sort(dim=1).values.gather(1, (counts - 1).clamp(min=0))
    limit = limit.masked_fill(counts == 0, -math.inf)
    tied = scores == limit
    left = counts - (scores < limit).sum(1, keepdim=True)
    return (scores > limit) | (tied & (tied.cumsum(1) > left))


def _scattered(name: str, mask: Tensor, seeds: Sequence[int]) -> Tensor:
    flat = mask.flatten(1)
    orders = [torch.randperm(flat.shape[1], generator=generator(seed, f"random mask {name}")) for seed in seeds]
    return flat.gather(1, torch.stack(orders).to(mask.device)).view(mask.shape)
