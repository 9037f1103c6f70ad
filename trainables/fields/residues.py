"""Arithmetic on residues: the modulus, and the share of the examples to train on."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.family import shared


@dataclass(frozen=True, kw_only=True)
class Residues:
    """Operands are whole numbers 0 .. modulus - 1; examples that are not trained on are the test set."""

    modulus: int = shared(113, low=2)
    train_fraction: float = shared(0.3, above=0.0, below=1.0)
