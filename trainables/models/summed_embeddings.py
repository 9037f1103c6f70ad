"""The embeddings of all operands are summed, then come two linear layers with a ReLU between, and an unembedding.

Shape suffixes: R replicas, N examples, T operands, V vocabulary, D width, H hidden units, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from trainables.models.one_layer_attention import rows_at

SOURCE = "arXiv 2310.19470, section 3; that embeddings are drawn like matrices with fan-in D is inferred"

Parameters = dict[str, Tensor]


class SummedEmbeddings:
    """logits = relu(Σ_t E[x_t] W₁) W₂ U, for a whole pack, without any bias; weights drawn from N(0, κ / √fan_in).

    E W₁ is worked out once per token and W₂ U once, so an example costs H · C products instead of D · (2 H + C).
    """

    def __init__(
        self, *, vocabulary: int, classes: int, width: int, hidden_width: int, init_scale: float = 1.0
    ) -> None:
        self._shapes = {
            "embedding": (vocabulary, width),
            "hidden_weight": (width, hidden_width),
            "output_weight": (hidden_width, width),
            "unembedding": (width, classes),
        }
        self._scales = {name: init_scale / math.sqrt(shape[0]) for name, shape in self._shapes.items()}
        self._scales["embedding"] = init_scale / math.sqrt(width)

    def init(self, generators: Sequence[Generator]) -> Parameters:
        """Return initial parameters, each drawn from the replica's own generator in the order of the layers."""
        drawn = [
            {name: torch.randn(shape, generator=source) * self._scales[name] for name, shape in self._shapes.items()}
            for source in generators
        ]
        return {name: torch.stack([one[name] for one in drawn]) for name in self._shapes}

    def residue_tables(self, params: Parameters) -> tuple[Tensor, Tensor]:
        """Return what each token adds to the hidden units, (R, V, H), and each hidden unit to the logits, (R, H, C)."""
        return params["embedding"] @ params["hidden_weight"], params["output_weight"] @ params["unembedding"]

    def apply(self, params: Parameters, inputs_RNT: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (R, N, C), and the hidden units (R, N, H) as the trace."""
        table_RVH, readout_RHC = self.residue_tables(params)
        first, *others = (rows_at(table_RVH, inputs_RN) for inputs_RN in inputs_RNT.unbind(-1))
        hidden_RNH = sum(others, first).relu()
        return hidden_RNH @ readout_RHC, hidden_RNH
