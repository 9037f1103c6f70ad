"""Addition modulo p whose operands stand at different positions in every example.

Example, p = 5: ``[n2, 3, n0, 4, =]`` and ``[3, 4, n1, n3, =]`` both have the answer (3 + 4) mod 5 = 2. The tokens are
0..4 for operands, 5 for ``=``, and 6..10 for the distractors n0..n4, which are never operands: that is how a network
can tell where to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.randomness import generator
from trainables.tasks._splits import Split, train_examples
from trainables.tasks.modular_addition import POSITIONS, shuffled_pairs

SOURCE = "arXiv 2605.15787, appendix F.3 (dynamic routing); the disjoint vocabulary of distractors is inferred"
OPERANDS = 2


class MovingAddition:
    """All p² ordered pairs, split at random; positions of the operands and all distractors come from the data seed."""

    def __init__(
        self,
        *,
        modulus: int,
        train_fraction: float,
        data_seeds: Sequence[int],
        positions: int = POSITIONS,
        device: str = "cpu",
    ) -> None:
        self.vocabulary = 2 * modulus + 1
        self.classes = modulus
        self.query_token = modulus
        self.positions = positions
        self.longer: Mapping[int, Split] = {}
        made = [self._examples(modulus, seed) for seed in data_seeds]
        cut = train_examples(modulus**2, train_fraction)
        self.train = _stack([[whole[:cut] for whole in example] for example in made], modulus, device)
        self.test = _stack([[whole[cut:] for whole in example] for example in made], modulus, device)

    def _examples(self, modulus: int, seed: int) -> tuple[Tensor, Tensor]:
        """Return all p² examples in the order of the split, shape (p², T), and where their operands stand, (p², 2)."""
        pairs, source = shuffled_pairs(modulus, seed), generator(seed, "moving operands")
        places = torch.rand(len(pairs), self.positions - 1, generator=source).argsort(1)[:, :OPERANDS].sort(1).values
        tokens = torch.randint(modulus + 1, 2 * modulus + 1, (len(pairs), self.positions), generator=source)
        tokens[:, -1] = self.query_token
        return tokens.scatter(1, places, pairs), places


def _stack(examples: Sequence[Sequence[Tensor]], modulus: int, device: str) -> Split:
    tokens, places = (torch.stack(parts) for parts in zip(*examples, strict=True))
    targets = tokens.gather(-1, places).sum(-1) % modulus
    return Split(tokens.to(device), targets.to(device), places.to(device))
