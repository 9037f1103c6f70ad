"""Several attention heads read at one query position, each with its share of the width, then the same MLP.

Shape suffixes: R replicas, N examples, T positions, V vocabulary, D width, H heads, E width of a head (D / H).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from trainables.models._pooled import pooled
from trainables.models.one_layer_attention import OneLayerAttention, Parameters, Trace
from trainables.reductions import log_softmax

SOURCE = "arXiv 2605.15787, appendix E.2; heads of width d / H as in arXiv 1706.03762, section 3.2.2"


class MultiHeadAttention(OneLayerAttention):
    """Head h scores and reads with its columns of W_Q, W_K and W_V: s_j = x_q W_Q^h (W_K^h)ᵀ x_j / √(d/H).

    The MLP reads the heads side by side; its first layer takes the place of an output projection.

    Limits: softmax only; the width must be a multiple of the heads.
    """

    tables = False

    def __init__(self, *, heads: int, **facts: Any) -> None:
        super().__init__(**facts)
        self.heads = heads

    def attend(self, params: Parameters, tokens_RNT: Tensor) -> Trace:
        """Return scores and attention of each head, and their mean."""
        R, N, T = tokens_RNT.shape
        direction_RDH = self._directions(params, T)
        by_token_RVH = params["embedding"] @ direction_RDH
        by_position_RTH = self.position_vectors(params, T) @ direction_RDH
        index = tokens_RNT.view(R, N * T, 1).expand(-1, -1, self.heads)
        token_scores_RNTH = by_token_RVH.gather(1, index).view(R, N, T, self.heads)
        scores_RNTH = (token_scores_RNTH + by_position_RTH.unsqueeze(1)) / math.sqrt(self.width / self.heads)
        scores_RNHT = scores_RNTH.transpose(2, 3)
        log_heads_RNHT = log_softmax(scores_RNHT)
        log_mean_RNT = log_heads_RNHT.double().logsumexp(2) - math.log(self.heads)
        log_attention_RNT = log_mean_RNT.to(scores_RNHT.dtype)
        return Trace(scores_RNHT, log_attention_RNT.exp(), log_attention_RNT, heads=log_heads_RNHT.exp())

    def _directions(self, params: Parameters, positions: int) -> Tensor:
        """Return W_K^h (W_Q^h)ᵀ x_q of every head, shape (R, D, H)."""
        R, D, H = len(params["query"]), self.width, self.heads
        asked_RHE = (self._query_vector(params, positions) @ params["query"]).view(R, H, D // H)
        key_RHDE = params["key"].view(R, D, H, D // H).transpose(1, 2)
        return (key_RHDE @ asked_RHE.unsqueeze(3)).squeeze(3).mT

    def _pooled(self, params: Parameters, tokens_RNT: Tensor, trace: Trace) -> Tensor:
        """Return Σ_j α^h_j W_V^h x_j of all heads side by side, shape (R, N, D)."""
        assert trace.heads is not None
        token_values_RVD = params["embedding"] @ params["value"]
        position_values_RTD = self.position_vectors(params, tokens_RNT.shape[-1]) @ params["value"]
        parts = [
            pooled(trace.heads[:, :, head], tokens_RNT, of_token, of_position)
            for head, (of_token, of_position) in enumerate(
                zip(token_values_RVD.chunk(self.heads, 2), position_values_RTD.chunk(self.heads, 2), strict=True)
            )
        ]
        return torch.cat(parts, 2)
