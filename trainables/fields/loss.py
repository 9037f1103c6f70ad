"""What a network is trained to minimise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainables.family import shared
from trainables.fields.loss_arithmetic import LossArithmetic
from trainables.names import available, part

TYPES = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Loss(LossArithmetic):
    """``loss_dtype`` is the type in which the loss and its gradient by the outputs are computed."""

    loss: str = shared("cross_entropy", choices=tuple(available("trainables.losses")))
    loss_dtype: str = shared("float32", choices=TYPES)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {
            "loss_arithmetic = rounded needs loss = cross_entropy": self.loss_arithmetic == "exact"
            or self.loss == "cross_entropy",
        }


def loss_of(fields: Any) -> Any:
    """Return the loss of a pack."""
    kind = part("trainables.losses", fields.loss)
    return kind(loss_dtype=fields.loss_dtype, loss_arithmetic=fields.loss_arithmetic)
