"""A penalty that pulls attention towards a given distribution over positions: kl_strength · KL(α* ‖ α)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, equation 6 and appendix D.4"


def divergence(log_attention: Tensor, positions: Sequence[int]) -> Tensor:
    """Return KL(α* ‖ α) per input, α* uniform on the given positions.

    D = -log k - (1/k) Σ log α_j over the k positions; uniform attention over T positions gives log(T / k), and the
    gradient on the scores of a softmax is α - α*.
    Shapes: log_attention (R, N, T) to (R, N).
    """
    return -math.log(len(positions)) - log_attention[..., list(positions)].mean(-1)


class KLPrior:
    """Adds kl_strength · mean over inputs of KL(α* ‖ α) to each replica's loss.

    α* is uniform on the informative positions (``oracle``) or on all others, the query included (``adversarial``).
    """

    def __init__(self, *, strength: Sequence[float], positions: Sequence[int], device: str = "cpu") -> None:
        self.strength = torch.tensor(strength, dtype=torch.float32, device=device)
        self.positions = tuple(positions)

    def loss(self, trace: Trace) -> Tensor:
        """Return the penalty, shape (R,)."""
        return self.strength * divergence(trace.log_attention, self.positions).mean(1)
