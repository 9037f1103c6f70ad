"""Frobenius norms block by block, to see which part of the network weight decay contracts."""

from __future__ import annotations

from torch import Tensor

from trainables.reductions import joint_norm
from trainables.view import View

SOURCE = "arXiv 2605.15787, definition 4.2, block by block (this project)"
NEEDS = ("attention",)
COLUMNS = ("embedding_norm", "query_key_norm", "value_norm", "hidden_norm", "output_norm")
BLOCKS = {
    "embedding_norm": ("embedding", "position"),
    "query_key_norm": ("query", "key"),
    "value_norm": ("value",),
    "hidden_norm": ("hidden_weight", "hidden_bias"),
    "output_norm": ("output_weight", "output_bias"),
}


class BlockNorms:
    """Columns embedding_norm (tokens, and positions where they are learned), query_key_norm, value_norm, hidden_norm
    and output_norm (weights with their biases); each is one norm over all tensors of its block.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        return {
            column: joint_norm(view.params[name].detach() for name in block if name in view.params).float()
            for column, block in BLOCKS.items()
        }
