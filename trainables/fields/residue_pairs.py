"""Two residues and their sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, shared
from trainables.fields.residues import Residues
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class ResiduePairs(Residues):
    """``pairs``: the p (p + 1) / 2 unordered pairs, a >= b, or all p² ordered ones."""

    pairs: str = shared("unordered", choices=("unordered", "ordered"))

    @property
    def number_of_examples(self) -> int:
        """The number of examples, train and test together."""
        return self.modulus**2 if self.pairs == "ordered" else self.modulus * (self.modulus + 1) // 2


def pairs_of(members: Sequence[Member], device: str) -> Any:
    """Return the task of a pack."""
    fields = members[0].config
    return part("trainables.tasks", "residue_pairs")(
        modulus=fields.modulus,
        pairs=fields.pairs,
        train_fraction=fields.train_fraction,
        data_seeds=[member.data_seed for member in members],
        device=device,
    )
