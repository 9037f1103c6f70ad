"""Addition modulo p, hidden among distractors.

Example, p = 5, constant distractors: ``[3, n1, 4, n2, =]`` has the answer (3 + 4) mod 5 = 2; the informative
positions are 0 and 2, the query is the last position. The tokens are 0..4, then ``=`` is 5, n1 is 6, n2 is 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.randomness import generator
from trainables.tasks._splits import Split, train_examples

SOURCE = "arXiv 2605.15787, section 6 and Table G.2; the layout of the five positions is inferred"
POSITIONS = 5
SPECIAL_TOKENS = 3
LENGTHS = (6, 8, 12, 16, 24)  # inferred: the paper trains at 6 and tests beyond


class ModularAddition:
    """All p² ordered pairs, split at random into train and test by each replica's data seed.

    With more than two ``operands`` it is a random sample of that many ``examples``, and operands stand at every second
    position from 0 on. ``distractors="constant"`` puts the same two special tokens in turn into all positions except
    the operands' and the last; ``"random"`` draws residues for them, once per example, from the data seed. ``longer``
    holds the test pairs again at the numbers of positions in LENGTHS above ``positions`` and up to ``longest``.
    """

    def __init__(
        self,
        *,
        modulus: int,
        train_fraction: float,
        distractors: str,
        data_seeds: Sequence[int],
        positions: int = POSITIONS,
        longest: int | None = None,
        operands: int = 2,
        examples: int | None = None,
        device: str = "cpu",
    ) -> None:
        self.vocabulary = modulus + SPECIAL_TOKENS
        self.classes = modulus
        self.query_token = modulus
        self.positions = positions
        self._modulus, self._distractors, self._seeds, self._device = modulus, distractors, data_seeds, device
        self._informative, self._count = tuple(range(0, 2 * operands, 2)), examples or modulus**operands
        cut = train_examples(self._count, train_fraction)
        self.train, self.test = self._split(positions, slice(cut)), self._split(positions, slice(cut, None))
        more = [count for count in LENGTHS if positions < count <= (longest or 0)]
        self.longer: Mapping[int, Split] = {count: self._split(count, slice(cut, None)) for count in more}

    def _split(self, positions: int, part: slice) -> Split:
        examples = [self._examples(positions, seed)[part] for seed in self._seeds]
        tokens = torch.stack(examples)
        targets = self._answers(tokens[..., list(self._informative)])
        return Split(tokens.to(self._device), targets.to(self._device), self._informative)

    def _answers(self, operands: Tensor) -> Tensor:
        """Return the targets of operands (R, N, m), shape (R, N)."""
        return operands.sum(-1) % self._modulus

    def _operands(self, seed: int) -> Tensor:
        """Return the operands of all examples in the order of the split, shape (N, m)."""
        if len(self._informative) == 2 and self._count == self._modulus**2:
            return shuffled_pairs(self._modulus, seed)
        return sampled(self._modulus, len(self._informative), self._count, seed)

    def _examples(self, positions: int, seed: int) -> Tensor:
        """Return all examples in the order of the split, shape (N, T)."""
        operands = self._operands(seed)
        others = [j for j in range(positions - 1) if j not in self._informative]
        tokens = torch.empty(len(operands), positions, dtype=torch.int64)
        tokens[:, list(self._informative)] = operands
        tokens[:, -1] = self.query_token
        if self._distractors == "random":
            purpose = "distractors" if positions == POSITIONS else f"distractors at {positions} positions"
            drawn = torch.randint(0, self._modulus, (len(operands), len(others)), generator=generator(seed, purpose))
            tokens[:, others] = drawn
        else:
            special = [self._modulus + 1 + number % 2 for number in range(len(others))]
            tokens[:, others] = torch.tensor(special)
        return tokens


def shuffled_pairs(modulus: int, seed: int) -> Tensor:
    """Return all ordered pairs of residues in the order of a replica's split, shape (p², 2)."""
    pairs = torch.cartesian_prod(torch.arange(modulus), torch.arange(modulus))
    return pairs[torch.randperm(modulus**2, generator=generator(seed, "split"))]


def sampled(values: int, places: int, count: int, seed: int) -> Tensor:
    """Return so many different random combinations, each of ``places`` numbers below ``values``, shape (N, m)."""
    whole, source = values**places, generator(seed, "split")
    drawn = torch.randperm(whole, generator=source)[:count]
    return torch.stack([drawn // values**place % values for place in range(places)], dim=1)
