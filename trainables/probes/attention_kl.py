"""How far attention is from the informative positions."""

from __future__ import annotations

from torch import Tensor

from trainables.interventions.kl_prior import divergence
from trainables.models.one_layer_attention import SMALLEST_MASS
from trainables.reductions import mean_over
from trainables.tasks._splits import on_informative
from trainables.view import View

SOURCE = "arXiv 2605.15787, D_KL of section 6"
NEEDS = ("attention",)
COLUMNS = ("attention_kl", "attention_clamped", "attention_fallback")


class AttentionKl:
    """Column attention_kl: KL(oracle ‖ attention) in nats, mean over test inputs; 0 is aligned, log(T/k) is uniform.

    Linear ReLU attention adds two counts: attention_clamped, the share of inputs with (almost) nothing on an
    informative position, where the divergence is a floor of the true infinity; attention_fallback, the share whose
    scores were all <= 0, where attention is set to uniform.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        trace, informative = view.test.trace, view.task.test.informative
        columns = {"attention_kl": mean_over(divergence(trace.log_attention, informative), 1)}
        if trace.uniform_fallback is not None:
            clamped = (on_informative(trace.attention, informative) <= SMALLEST_MASS).any(-1)
            columns["attention_clamped"] = clamped.double().mean(1)
            columns["attention_fallback"] = trace.uniform_fallback.double().mean(1)
        return columns
