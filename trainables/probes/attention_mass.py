"""How much attention each position gets, and how little an informative position gets in the worst inputs."""

from __future__ import annotations

from torch import Tensor

from trainables.probes._quantile import low_quantile
from trainables.reductions import mean_over
from trainables.tasks._splits import on_informative
from trainables.view import View

SOURCE = "arXiv 2605.15787, definition 4.1 (a condition on every input, which a mean would hide)"
NEEDS = ("attention",)
COLUMNS = ("attention_at_*", "attention_informative_min", "attention_informative_q01")


class AttentionMass:
    """Columns attention_at_<j>: mean attention at position j over test inputs; attention_informative_min and
    attention_informative_q01: minimum and 1 % quantile over test inputs of the smallest informative mass.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        attention = view.test.trace.attention
        mean = mean_over(attention, 1)
        worst = on_informative(attention, view.task.test.informative).amin(-1)
        return {
            **{f"attention_at_{j}": mean[:, j] for j in range(mean.shape[1])},
            "attention_informative_min": worst.amin(1),
            "attention_informative_q01": low_quantile(worst),
        }
