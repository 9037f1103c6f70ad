"""How many training examples taught nothing any more at the last evaluation.

``final_zero_gradient_share``: those whose loss has no gradient by any output, in the arithmetic of the loss;
``final_zero_target_gradient_share``: those whose loss has none by the output of the right class.

Limits: says nothing of examples whose gradient is only rounded.
"""

from __future__ import annotations

from analysis.measures._run import Measured, Run

SOURCE = "softmax collapse, arXiv 2501.04697"
PROBES = ("zero_gradient_share",)
SHARES = GIVES = ("final_zero_gradient_share", "final_zero_target_gradient_share")


def zero_gradients(run: Run) -> Measured:
    """Return the shares at the last evaluation."""
    return {name: run.last(name.removeprefix("final_")) for name in GIVES}
