"""The same network read at every position: it predicts each next token, and the answer at the last one."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from trainables.models.one_layer_attention import OneLayerAttention, Parameters, Trace, rows_at, softmax

SOURCE = "arXiv 2605.15787, appendix G (autoregressive grokking); attention is causal"


class NextTokenAttention(OneLayerAttention):
    """Trains on the mean cross-entropy over all positions: position t predicts token t + 1, the last one the answer.

    A position attends to itself and to those before it. What is returned of a pass, logits and trace, is that of the
    last position, so that probes and priors look at the answer.

    Limits: one head, softmax attention, and as many classes as tokens.
    """

    beyond_the_answer = True

    def loss(self, params: Parameters, tokens_RNT: Tensor, targets_RN: Tensor) -> tuple[Tensor, Tensor, Trace]:
        """Return the mean cross-entropy over positions in nats (R,), the answer's logits (R, N, C), and its trace.

        Limits: can be differentiated once.
        """
        answer_R, logits_RNC, trace = super().loss(params, tokens_RNT, targets_RN)
        parts = [
            self._next(params, tokens_RNT[..., :seen], tokens_RNT[..., seen].contiguous())
            for seen in range(1, tokens_RNT.shape[-1])
        ]
        return torch.stack([answer_R, *parts]).mean(0), logits_RNC, trace

    def _next(self, params: Parameters, seen_RNT: Tensor, next_RN: Tensor) -> Tensor:
        """Return the mean cross-entropy of the token after those that were seen, shape (R,)."""
        vectors = self.position_vectors(params, seen_RNT.shape[-1])
        asked_RND = rows_at(params["embedding"], seen_RNT[..., -1]) + vectors[:, -1:]
        direction_RND = asked_RND @ params["query"] @ params["key"].mT
        by_token_RNV = direction_RND @ params["embedding"].mT
        scores_RNT = by_token_RNV.gather(2, seen_RNT) + direction_RND @ vectors.mT
        trace = softmax(scores_RNT / math.sqrt(self.width))
        read_RND = self._pooled(params, seen_RNT, trace)
        return self._judged(params, self._from_vectors(params, read_RND), next_RN)[0]
