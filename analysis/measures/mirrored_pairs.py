"""Whether a network ended by knowing the mirror images of the pairs that it was trained on, and only those.

``final_mirrored_accuracy``: test accuracy at the last evaluation on pairs (b, a) of which (a, b) was trained on;
``final_unmirrored_accuracy``: on all others.

Limits: for tasks of two operands.
"""

from __future__ import annotations

from analysis.measures._run import Measured, Run

SOURCE = "this project"
PROBES = ("commutativity",)
SHARES = GIVES = ("final_mirrored_accuracy", "final_unmirrored_accuracy")


def mirrored_pairs(run: Run) -> Measured:
    """Return both accuracies at the last evaluation."""
    return {name: run.last(name.removeprefix("final_")) for name in GIVES}
