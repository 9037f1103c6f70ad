"""How small the gradient on the scores becomes once the labels are fitted, against its bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from trainables._operator_norm import operator_norm
from trainables.view import View, surprise_and_slope

SOURCE = "arXiv 2605.15787, lemma 5.1 and appendix D.1 (printed); exact and sharp are this project's"
NEEDS = ("attention",)
COLUMNS = ("score_gradient", "score_gradient_slope", "interaction_gradient", "bound_ratio_*", "bound_violations_*")
TOLERANCE = 1e-4  # a bound counts as violated beyond it; float64 leaves far less, products in bfloat16 more
SMALLEST = 1e-12  # nats or mass: below it, one minus a float64 has rounded away


class ExplainingAway:
    """Gradients g_nj = ∂L_n/∂s_j of each training example's own cross-entropy by its scores, in float64.

    Upper bounds of |g_nj|, with L_f = ‖W₁‖‖W₂‖ and B = 2 L_f ‖W_V‖ max_j ‖x_nj‖ in operator norms:
    printed = B √(2 L_n); exact = B √2 (1 - e^(-L_n)), as ‖p - y‖ <= √2 (1 - p_y); sharp = α_j (1 - α_j) exact, since
    ∂L/∂s_j = α_j (V_j - z)·∂L/∂z and V_j - z = (1 - α_j)(V_j - mean of the others).
    For linear ReLU attention ∂L/∂s_j = (V_j - z)·∂L/∂z / S with S = Σ relu(s): printed and exact are divided by S,
    and sharp = (1 - α_j) exact; where attention fell back to uniform the gradient is 0 and S counts as 1.

    Columns: bound_ratio_<bound>, the largest |g_nj| / bound; bound_violations_<bound>, the share of examples with a
    position above it; score_gradient, the mean of max_j |g_nj|; score_gradient_slope, of its logarithm on log L_n;
    interaction_gradient, the Frobenius norm of the gradient of the mean loss by M = W_Q W_Kᵀ.

    Limits: one head, no layer norm.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,).

        Raises: ValueError when the network has several heads or a layer norm, or trains on more than the answer.
        """
        _check(view)
        params = {name: value.detach().double() for name, value in view.params.items()}
        gradient, surprise, trace = score_gradients(view, params)
        largest = gradient.abs().amax(-1)
        columns = {
            "score_gradient": largest.mean(1),
            "score_gradient_slope": _slope(largest, surprise),
            "interaction_gradient": interaction_gradient(view, params, gradient),
        }
        for name, bound in _bounds(view, params, surprise, trace).items():
            ratio = gradient.abs() / bound.clamp(min=torch.finfo(bound.dtype).tiny)
            worst = ratio.masked_fill(bound <= 0, 0).amax(-1)
            columns[f"bound_ratio_{name}"] = worst.amax(1)
            columns[f"bound_violations_{name}"] = (worst > 1 + TOLERANCE).double().mean(1)
        return {name: values.float() for name, values in columns.items()}


def score_gradients(view: View, params: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Any]:
    """Return ∂L_n/∂s_j (R, N, T), L_n (R, N) in nats, and the trace, on the train split at given parameters."""
    train = view.task.train
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        loss, logits, trace = view.model.loss(leaves, train.inputs, train.targets)
        (of_mean,) = torch.autograd.grad(loss.sum(), [trace.scores], materialize_grads=True)
    return of_mean * train.inputs.shape[1], surprise_and_slope(logits, train.targets)[0], trace


def interaction_gradient(view: View, params: Mapping[str, Tensor], gradient: Tensor) -> Tensor:
    """Return ‖∂(mean loss)/∂M‖ where s_j = x_q M x_jᵀ / √d, shape (R,).

    x_q is the same in all examples, so this is ‖x_q‖ / √d times ‖(1/N) Σ_nj g_nj x_nj‖.
    """
    tokens, embedding = view.task.train.inputs, params["embedding"]
    positions = view.model.position_vectors(params, tokens.shape[-1])
    by_token = gradient.new_zeros(embedding.shape[:2]).scatter_add(1, tokens.flatten(1), gradient.flatten(1))
    pulled = by_token.unsqueeze(1) @ embedding + gradient.sum(1, keepdim=True) @ positions
    asked = embedding[:, view.model.query_token] + positions[:, -1]
    lengths: Tensor = torch.linalg.vector_norm(asked, dim=1) * torch.linalg.vector_norm(pulled, dim=(1, 2))
    return lengths / (math.sqrt(view.model.width) * gradient.shape[1])


def longest_inputs(view: View, params: Mapping[str, Tensor]) -> Tensor:
    """Return max_j ‖x_nj‖ of every training example, shape (R, N)."""
    tokens: Tensor = view.task.train.inputs
    T = tokens.shape[-1]
    positions = view.model.position_vectors(params, T)
    table_RVT: Tensor = torch.linalg.vector_norm(params["embedding"].unsqueeze(2) + positions.unsqueeze(1), dim=-1)
    index = tokens * T + torch.arange(T, device=tokens.device)
    return table_RVT.flatten(1).gather(1, index.flatten(1)).view(tokens.shape).amax(-1)


def mlp_lipschitz(params: Mapping[str, Tensor]) -> Tensor:
    """Return L_f = ‖W₁‖‖W₂‖, a Lipschitz constant of the MLP, shape (R,)."""
    return operator_norm(params["hidden_weight"]) * operator_norm(params["output_weight"])


def _bounds(view: View, params: Mapping[str, Tensor], surprise: Tensor, trace: Any) -> dict[str, Tensor]:
    """Return the three bounds, each (R, N, 1) or (R, N, T)."""
    reach = (2 * mlp_lipschitz(params) * operator_norm(params["value"])).unsqueeze(1) * longest_inputs(view, params)
    missed, attention = surprise.clamp(min=SMALLEST), trace.attention.detach()
    share = (1 - attention).clamp(min=SMALLEST)
    if trace.uniform_fallback is None:
        share = share * attention
    else:
        reach = reach / trace.scores.detach().relu().sum(-1).masked_fill(trace.uniform_fallback, 1)
    exact = (reach * -math.sqrt(2) * torch.expm1(-missed)).unsqueeze(-1)
    return {"printed": (reach * (2 * missed).sqrt()).unsqueeze(-1), "exact": exact, "sharp": share * exact}


def _slope(gradient: Tensor, surprise: Tensor) -> Tensor:
    """Return the least-squares slope of log gradient on log surprise over the examples where both exceed SMALLEST.

    0 where fewer than two of them differ. Shapes: (R, N) both, to (R,).
    """
    used = ((gradient > SMALLEST) & (surprise > SMALLEST)).double()
    share = used / used.sum(1, keepdim=True).clamp(min=1)
    x, y = (values.clamp(min=SMALLEST).log() for values in (surprise, gradient))
    x, y = (values - (share * values).sum(1, keepdim=True) for values in (x, y))
    spread = (share * x * x).sum(1)
    return ((share * x * y).sum(1) / spread.clamp(min=SMALLEST)).masked_fill(spread <= SMALLEST, 0)


def _check(view: View) -> None:
    if view.model.beyond_the_answer:
        raise ValueError("explaining_away holds for loss_on = answer; given loss_on = all")
    several = view.train.trace.heads
    if several is not None or view.model.layer_norm:
        heads = 1 if several is None else several.shape[2]
        raise ValueError(
            f"explaining_away holds for heads = 1 and layer_norm = false; given heads = {heads},"
            f" layer_norm = {str(view.model.layer_norm).lower()}"
        )
