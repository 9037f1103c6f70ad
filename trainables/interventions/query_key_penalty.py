"""An L2 penalty on the query and key matrices: 0.5 · strength · (‖W_Q‖² + ‖W_K‖²)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, appendix G.3 (qk_penalty = 0.5); its form is inferred"


class QueryKeyPenalty:
    """Adds 0.5 · strength · (‖W_Q‖² + ‖W_K‖²), Frobenius norms, to each replica's loss."""

    def __init__(self, *, strength: Sequence[float], device: str = "cpu") -> None:
        self.strength = torch.tensor(strength, dtype=torch.float32, device=device)

    def loss(self, trace: Trace, params: Mapping[str, Tensor], step: int | Tensor) -> Tensor:
        """Return the penalty, shape (R,)."""
        squares = [params[name].square().flatten(1).sum(1) for name in ("query", "key")]
        return 0.5 * self.strength * sum(squares)
