"""How large and how sparse a network is, over all its matrices together."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.interventions._masks import matrices
from trainables.view import View

SOURCE = "arXiv 2310.19470, Figure 6: norms of tickets and of their dense controls"
COLUMNS = ("weights_l1", "weights_l2", "kept_share", "kept_share_*")


class WeightSizes:
    """Columns weights_l1 and weights_l2, the norms of all matrices together; kept_share, the share of their entries
    that are not exactly 0, and kept_share_<name> that of each matrix.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        parts = {name: value.detach().double().flatten(1) for name, value in matrices(view.params).items()}
        whole = torch.cat(list(parts.values()), 1)
        return {
            "weights_l1": whole.abs().sum(1),
            "weights_l2": torch.linalg.vector_norm(whole, dim=1),
            "kept_share": (whole != 0).double().mean(1),
            **{f"kept_share_{name}": (value != 0).double().mean(1) for name, value in parts.items()},
        }
