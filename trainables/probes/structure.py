"""The shape of attention, and how far the value vectors of informative positions are from those of distractors."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.models._pooled import pooled
from trainables.models.one_layer_attention import SMALLEST_MASS, rows_at
from trainables.probes._quantile import low_quantile
from trainables.tasks._splits import on_informative
from trainables.view import View

SOURCE = "arXiv 2605.15787, appendix A.3 (Δ_emb, eq. 13), definition 4.1 and appendix E.1 (variance of the scores)"
NEEDS = ("attention",)
COLUMNS = ("attention_entropy", "score_variance", "b_margin_q01", "distractor_gap", "distractor_gap_max")


class Structure:
    """Over test inputs: attention_entropy, mean of -Σ α log α in nats; score_variance, mean of the variance of the
    scores over positions; b_margin_q01, 1 % quantile of the smallest informative minus the largest other attention.

    distractor_gap and distractor_gap_max are the smallest and the largest ‖V_i - μ‖ over inputs and informative i,
    where μ is the attention-weighted mean of the input's other value vectors. The paper's Δ_emb is the smallest gap
    where it must stay positive, the largest where it bounds ‖z - z'‖.

    Limits: with several heads value vectors are each head's own, and the gaps are left out; entropy and margin are
    those of the mean over heads, and the variance is the mean over heads.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        trace, informative = view.test.trace, view.task.test.informative
        entropy = -(trace.attention.double() * trace.log_attention).sum(-1)
        variance = trace.scores.double().var(-1, correction=0)
        places = _places(trace.attention, informative)
        outside = torch.ones_like(trace.attention).scatter(-1, places, 0)
        margin = trace.attention.gather(-1, places).amin(-1) - (trace.attention * outside).amax(-1)
        columns = {
            "attention_entropy": entropy.mean(1).float(),
            "score_variance": variance.flatten(1).mean(1).float(),
            "b_margin_q01": low_quantile(margin),
        }
        if trace.heads is None:
            with torch.no_grad():
                gaps = _gaps(view, places, outside)
            columns |= {"distractor_gap": gaps.amin((1, 2)), "distractor_gap_max": gaps.amax((1, 2))}
        return columns


def _places(attention: Tensor, informative: tuple[int, ...] | Tensor) -> Tensor:
    """Return the informative positions of every input, shape (R, N, k)."""
    numbered = torch.arange(attention.shape[-1], device=attention.device).expand(attention.shape)
    return on_informative(numbered, informative)


def _gaps(view: View, places: Tensor, outside: Tensor) -> Tensor:
    """Return ‖V_i - μ‖ at every informative position, shape (R, N, k); with no attention elsewhere μ is a plain mean.

    Shapes: places (R, N, k), outside (R, N, T) with 0 at the informative positions and 1 elsewhere.
    """
    params, model, tokens = view.params, view.model, view.task.test.inputs
    of_token = params["embedding"] @ params["value"]
    of_position = model.position_vectors(params, tokens.shape[-1]) @ params["value"]
    elsewhere = view.test.trace.attention * outside
    total = elsewhere.sum(-1, keepdim=True, dtype=torch.float64).to(elsewhere.dtype)
    even = outside / (outside.shape[-1] - places.shape[-1])
    weights = torch.where(total < SMALLEST_MASS, even, elsewhere / total.clamp(min=SMALLEST_MASS))
    centroid = pooled(weights, tokens, of_token, of_position)
    seen = tokens.gather(-1, places)
    distances = [
        torch.linalg.vector_norm(
            rows_at(of_token, seen[..., i]) + rows_at(of_position, places[..., i]) - centroid,
            dim=-1,
            dtype=torch.float64,
        )
        for i in range(places.shape[-1])
    ]
    return torch.stack(distances, -1).to(centroid.dtype)
