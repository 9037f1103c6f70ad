"""Share of right answers on test inputs longer than those trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.view import View

SOURCE = "arXiv 2605.15787, figure 8 (length generalisation)"
COLUMNS = ("accuracy_at_*",)


class LengthAccuracy:
    """Columns accuracy_at_<T>, between 0 and 1: the test split at its own number of positions, and at every other one
    that the task has in ``longer``.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        columns = {f"accuracy_at_{view.task.test.inputs.shape[-1]}": view.test.accuracy}
        for length, split in getattr(view.task, "longer", {}).items():
            with torch.no_grad():
                logits, _ = view.model.apply(view.params, split.inputs)
            columns[f"accuracy_at_{length}"] = (logits.argmax(-1) == split.targets).double().mean(1)
        return columns
