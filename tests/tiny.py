"""Tiny settings of the families, which train in well under a second."""

from __future__ import annotations

from typing import Any

from trainables.family import rules
from trainables.replica import Recording, Replica, family_named

TINY = {"modulus": 12, "train_fraction": 0.5, "width": 8, "learning_rate": 0.01}
SMALL = {**TINY, "hidden_width": 6, "kl_strength": 0.3, "bits": 8, "parity_size": 2}  # where a family has the field


def tiny_replica(seed: int = 0, *, recording: Recording | None = None, **fields: Any) -> Replica:
    """Return a replica of a network with 8 dimensions on addition modulo 12."""
    return Replica.of("kl_prior", {**TINY, **fields}, seed=seed, recording=recording or Recording())


def small_replica(family: str, seed: int = 0, *, recording: Recording | None = None, **fields: Any) -> Replica:
    """Return a replica of any family with small values in those fields that it has."""
    known = rules(family_named(family).Config)
    small = {name: value for name, value in SMALL.items() if name in known}
    return Replica.of(family, {**small, **fields}, seed=seed, recording=recording or Recording())
