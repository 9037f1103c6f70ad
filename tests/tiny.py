"""A tiny setting of the kl_prior family that trains in well under a second."""

from __future__ import annotations

from typing import Any

from trainables.replica import Recording, Replica

TINY = {"modulus": 12, "train_fraction": 0.5, "width": 8, "learning_rate": 0.01}


def tiny_replica(seed: int = 0, *, recording: Recording | None = None, **fields: Any) -> Replica:
    """Return a replica of a network with 8 dimensions on addition modulo 12."""
    return Replica.of("kl_prior", {**TINY, **fields}, seed=seed, recording=recording or Recording())
