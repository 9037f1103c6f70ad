"""Where a run stood at its last evaluation.

``final_test_accuracy``, ``final_train_loss`` (nats), and ``final_accuracy_at_<T>``: accuracy at T positions, where it
was recorded.

Limits: runs that end by their event end soon after grokking; to compare runs at one step, let them run to the budget.
"""

from __future__ import annotations

from analysis.measures._run import Measured, Run

SOURCE = "this project"
SHARES = ("final_test_accuracy", "final_accuracy_at_")
NONNEGATIVE = ("final_train_loss",)
GIVES = (*SHARES, *NONNEGATIVE)
BY_LENGTH = "accuracy_at_"


def final(run: Run) -> Measured:
    """Return the last values."""
    lengths = sorted(name for name in run.columns if name.startswith(BY_LENGTH))
    return {
        "final_test_accuracy": run.last("test_accuracy"),
        "final_train_loss": run.last("train_loss"),
        **{f"final_{name}": run.last(name) for name in lengths},
    }
