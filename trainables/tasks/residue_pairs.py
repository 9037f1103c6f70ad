"""Addition modulo p of two residues, and nothing else.

Example, p = 5: the input ``[4, 3]`` has the answer (4 + 3) mod 5 = 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from trainables.tasks._splits import Split, train_examples
from trainables.tasks.modular_addition import shuffled_pairs

SOURCE = "arXiv 2310.19470, whose public code takes a >= b: 2,278 pairs for p = 67, where the paper prints 2,211"


class ResiduePairs:
    """All pairs (a, b), ordered or with a >= b, split at random into train and test by each replica's data seed."""

    def __init__(
        self, *, modulus: int, pairs: str, train_fraction: float, data_seeds: Sequence[int], device: str = "cpu"
    ) -> None:
        self.vocabulary = self.classes = modulus
        drawn = [shuffled_pairs(modulus, seed) for seed in data_seeds]
        kept = [each if pairs == "ordered" else each[each[:, 0] >= each[:, 1]] for each in drawn]
        inputs = torch.stack(kept).to(device)
        cut = train_examples(inputs.shape[1], train_fraction)
        self.train, self.test = (Split(part, part.sum(-1) % modulus) for part in (inputs[:, :cut], inputs[:, cut:]))
