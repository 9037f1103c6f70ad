"""What a network is trained to minimise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainables.family import shared
from trainables.names import available, part

TYPES = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Loss:
    """``loss_dtype`` is the type in which the loss and its gradient by the outputs are computed."""

    loss: str = shared("cross_entropy", choices=tuple(available("trainables.losses")))
    loss_dtype: str = shared("float32", choices=TYPES)


def loss_of(fields: Any) -> Any:
    """Return the loss of a pack."""
    return part("trainables.losses", fields.loss)(loss_dtype=fields.loss_dtype)
