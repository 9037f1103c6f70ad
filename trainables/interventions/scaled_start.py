"""Dense controls of a ticket: the whole network, its initial weights scaled to the norm of the ticket's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.interventions.magnitude_ticket import magnitude_masks

SOURCE = "arXiv 2310.19470, controlled dense networks: θ0 · r_p with r_p = ‖θ0 ⊙ m‖_p / ‖θ0‖_p, p = 1 or 2"


class ScaledStart:
    """Multiplies all initial weights by the ratio of the L1 (``order`` 1) or L2 norms of ticket and whole network.

    The norms are over all matrices together, and so is the ticket's mask, or of each matrix with ``layerwise``.
    """

    def __init__(
        self, *, order: int, pruned: Sequence[float], parents: Mapping[str, Tensor], layerwise: bool = False
    ) -> None:
        self._order, self._masks = order, magnitude_masks(parents, pruned, layerwise=layerwise)

    @torch.no_grad()
    def on_start(self, params: Mapping[str, Tensor]) -> None:
        """Scale the initial weights."""
        ratio = self.ratio(params)
        for value in params.values():
            value.mul_(ratio.to(value.dtype).view(-1, *[1] * (value.dim() - 1)))

    def ratio(self, params: Mapping[str, Tensor]) -> Tensor:
        """Return r_p of each replica, (R,), in float64."""
        whole = torch.cat([params[name].double().flatten(1) for name in self._masks], 1)
        mask = torch.cat([each.flatten(1) for each in self._masks.values()], 1)
        kept, all_of_them = (torch.linalg.vector_norm(each, self._order, dim=1) for each in (whole * mask, whole))
        found: Tensor = kept / all_of_them
        return found
