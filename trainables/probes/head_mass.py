"""Whether the heads together attend to every informative position, and whether one of them does so alone."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.probes._quantile import low_quantile
from trainables.tasks._splits import on_informative
from trainables.view import View

SOURCE = "arXiv 2605.15787, appendix E.2: the condition on the sum over heads"
NEEDS = ("attention",)
COLUMNS = ("pooled_mass_q01", "best_head_mass_q01")


class HeadMass:
    """Two 1 % quantiles over test inputs of the smallest attention on an informative position: pooled_mass_q01 of the
    sum over heads (so up to the number of heads), best_head_mass_q01 of the head with most attention there.

    With one head both are the quantile of its own mass.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        trace, informative = view.test.trace, view.task.test.informative
        heads = (trace.attention.unsqueeze(2) if trace.heads is None else trace.heads).unbind(2)
        masses = torch.stack([on_informative(head, informative) for head in heads]).double()
        return {
            "pooled_mass_q01": low_quantile(masses.sum(0).amin(-1)).float(),
            "best_head_mass_q01": low_quantile(masses.amin(-1).amax(0)).float(),
        }
