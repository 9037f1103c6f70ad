"""An L1 penalty on the attention scores.

On the attention itself it would do nothing: its entries are positive and sum to 1, so their L1 norm is constant.
"""

from __future__ import annotations

from torch import Tensor

from trainables.interventions._prior import Prior
from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, appendix F.2 and Figure 6, which penalise attention; on the scores it is this project's"


class ScoreL1Prior(Prior):
    """Adds strength · mean over inputs and positions of |s_j|."""

    def penalty(self, trace: Trace) -> Tensor:
        """Return the mean absolute score of every input, shape (R, N)."""
        return trace.scores.abs().mean(-1)
