"""How large a network is."""

from __future__ import annotations

from torch import Tensor

from trainables.reductions import joint_norm
from trainables.view import View

COLUMNS = ("parameter_norm",)


class ParameterNorm:
    """Column parameter_norm: the Frobenius norm over all trained parameters together."""

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the column, (R,)."""
        return {"parameter_norm": joint_norm(value.detach() for value in view.params.values()).float()}
