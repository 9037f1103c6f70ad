"""Which optimizer trains a network, and its coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.names import part

BETAS = ("beta1", "beta2")
OF_ADAM = (*BETAS, "epsilon")
OWN = {"adamw": OF_ADAM, "sgd": ("momentum",), "muon": (*OF_ADAM, "momentum"), "lion": BETAS}  # coefficients of each
OF_ALL = ("learning_rate", "weight_decay", "clip_norm", "warmup_steps")


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Each optimizer has decoupled weight decay, a limit on each replica's joint gradient norm, and a linear warm-up.

    The defaults are those of arXiv 2605.15787, Table G.2, unless a comment says inferred.
    """

    optimizer: str = shared("adamw", choices=tuple(OWN))
    learning_rate: float = per_replica(1e-3, above=0.0)  # inferred: stripped from the text
    weight_decay: float = per_replica(1.0, low=0.0)
    beta1: float = per_replica(0.9, low=0.0, below=1.0)
    beta2: float = per_replica(0.999, low=0.0, below=1.0)
    epsilon: float = per_replica(1e-8, above=0.0)  # added to the root of the second moment, as in torch.optim.AdamW
    clip_norm: float | None = per_replica(1.0, kind=float, optional=True, above=0.0)
    warmup_steps: int = per_replica(10, low=0)
    momentum: float = per_replica(0.9, low=0.0, below=1.0)  # of sgd and muon; inferred


def optimizer_of(members: Sequence[Member], device: str, **more: Any) -> Any:
    """Return the optimizer of a pack; ``more`` is handed to it."""
    name = members[0].config.optimizer
    coefficients = {each: column(members, each) for each in (*OF_ALL, *OWN[name])}
    return part("trainables.optimizers", name)(**coefficients, **more, device=device)
