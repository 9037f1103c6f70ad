"""A penalty on spread-out attention that does not say where to look: its entropy."""

from __future__ import annotations

from torch import Tensor

from trainables.interventions._prior import Prior
from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, appendix F.2 and Figure 6"


class EntropyPrior(Prior):
    """Adds strength · mean over inputs of -Σ α_j log α_j, in nats."""

    def penalty(self, trace: Trace) -> Tensor:
        """Return the entropy of every input, shape (R, N)."""
        return -(trace.attention * trace.log_attention).sum(-1)
