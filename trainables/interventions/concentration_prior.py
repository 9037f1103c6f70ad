"""A penalty on spread-out attention that does not say where to look: minus its sum of squares."""

from __future__ import annotations

from torch import Tensor

from trainables.interventions._prior import Prior
from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, appendix F.2 and Figure 6; the form of the penalty is inferred"


class ConcentrationPrior(Prior):
    """Adds strength · mean over inputs of -Σ α_j²; -1 if one position has all attention, -1/T if it is uniform."""

    def penalty(self, trace: Trace) -> Tensor:
        """Return minus the sum of squares of every input, shape (R, N)."""
        return -trace.attention.square().sum(-1)
