"""Holds the joint norm of the MLP's tensors at a given radius: after each update they are scaled back to it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.models.one_layer_attention import MLP
from trainables.reductions import joint_norm

SOURCE = "arXiv 2605.15787, section 6 (norm matching, after arXiv 2210.01117)"


class NormMatching:
    """Projects each replica's MLP onto the sphere of its radius, unless that is None; Adam's moments are unchanged."""

    def __init__(self, *, radius: Sequence[float | None], device: str = "cpu") -> None:
        values = [math.nan if each is None else each for each in radius]
        self.radius = torch.tensor(values, dtype=torch.float64, device=device)

    @torch.no_grad()
    def on_params(self, params: Mapping[str, Tensor]) -> None:
        """Scale the MLP's tensors in place."""
        factor = (self.radius / joint_norm(params[name] for name in MLP)).nan_to_num(nan=1.0)
        for name in MLP:
            leaf = params[name]
            leaf.mul_(factor.to(leaf.dtype).view(-1, *[1] * (leaf.dim() - 1)))
