"""How the gradient of cross-entropy is worked out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainables.family import shared
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class LossArithmetic:
    """The gradient of cross-entropy by the logit of the right class: ``exact``, minus the sum of the others, or
    ``rounded``, p - 1, which in float32 vanishes for sure answers (softmax collapse, arXiv 2501.04697).
    """

    loss_arithmetic: str = shared("exact", choices=("exact", "rounded"))


def cross_entropy_of(fields: Any) -> Any:
    """Return the cross-entropy of a pack whose model makes the loss that it trains on."""
    return part("trainables.losses", "cross_entropy")(loss_arithmetic=fields.loss_arithmetic)
