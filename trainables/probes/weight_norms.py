"""Frobenius norms of the MLP and of the attention block."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from trainables.models.one_layer_attention import ATTENTION, MLP
from trainables.reductions import joint_norm
from trainables.view import View

SOURCE = "arXiv 2605.15787, definition 4.2: one norm over all MLP tensors together"
NEEDS = ("attention",)
COLUMNS = ("mlp_norm", "attention_norm")


class WeightNorms:
    """Columns mlp_norm (weights and biases of both layers) and attention_norm (W_Q, W_K, W_V)."""

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        return {"mlp_norm": _joint_norm(view, MLP), "attention_norm": _joint_norm(view, ATTENTION)}


def _joint_norm(view: View, names: Sequence[str]) -> Tensor:
    return joint_norm(view.params[name].detach() for name in names).float()
