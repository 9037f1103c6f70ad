"""A penalty that pulls attention towards the uniform distribution over given positions: kl_strength · KL(α* ‖ α)."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from trainables.interventions._prior import Prior
from trainables.models.one_layer_attention import Trace
from trainables.tasks._splits import Positions, on_informative

SOURCE = "arXiv 2605.15787, equation 6 and appendix D.4"


def divergence(log_attention: Tensor, positions: Positions) -> Tensor:
    """Return KL(α* ‖ α) per input, α* uniform on the given positions.

    D = -log k - (1/k) Σ log α_j over the k positions; uniform attention over T positions gives log(T / k), and the
    gradient on the scores of a softmax is α - α*.
    Shapes: log_attention (R, N, T) to (R, N); positions as in ``tasks.modular_addition.Split.informative``.
    """
    log_attention_RNk = on_informative(log_attention, positions)
    return -math.log(log_attention_RNk.shape[-1]) - log_attention_RNk.mean(-1)


class KLPrior(Prior):
    """Adds kl_strength · mean over inputs of KL(α* ‖ α) to each replica's loss.

    α* is uniform on the informative positions (``oracle``) or on all others, the query included (``adversarial``).
    """

    def __init__(self, *, positions: Positions, **facts: Any) -> None:
        super().__init__(**facts)
        self.positions = positions

    def penalty(self, trace: Trace) -> Tensor:
        """Return the divergence of every input, shape (R, N)."""
        return divergence(trace.log_attention, self.positions)
