"""Share of right answers on train and test."""

from __future__ import annotations

from torch import Tensor

from trainables.view import View

COLUMNS = ("train_accuracy", "test_accuracy")


class Accuracy:
    """Columns train_accuracy and test_accuracy, between 0 and 1."""

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        return {"train_accuracy": view.train.accuracy, "test_accuracy": view.test.accuracy}
