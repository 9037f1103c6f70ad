"""Mean cross-entropy on train and test."""

from __future__ import annotations

from torch import Tensor

from trainables.view import View

COLUMNS = ("train_loss", "test_loss")


class Losses:
    """Columns train_loss and test_loss in nats, without any penalty."""

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        return {"train_loss": view.train.loss, "test_loss": view.test.loss}
