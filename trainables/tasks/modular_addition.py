"""Addition modulo p, hidden among distractors.

Example, p = 5, constant distractors: ``[3, n1, 4, n2, =]`` has the answer (3 + 4) mod 5 = 2; the informative
positions are 0 and 2, the query is the last position. The tokens are 0..4, then ``=`` is 5, n1 is 6, n2 is 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.randomness import generator

SOURCE = "arXiv 2605.15787, section 6 and Table G.2; the layout of the five positions is inferred"
INFORMATIVE = (0, 2)
POSITIONS = 5
SPECIAL_TOKENS = 3
LENGTHS = (6, 8, 12, 16, 24)  # inferred: the paper trains at 6 and tests beyond

Positions = tuple[int, ...] | Tensor


@dataclass(frozen=True)
class Split:
    """Examples of a whole pack.

    Shapes: tokens (R, N, T), targets (R, N). ``informative``: the positions that decide the target, the same in all
    examples, or (R, N, k) where each example has its own.
    """

    tokens: Tensor
    targets: Tensor
    informative: Positions


class ModularAddition:
    """All p² ordered pairs, split at random into train and test by each replica's data seed.

    ``distractors="constant"`` puts the same two special tokens in turn into all positions but the operands' and the
    last; ``"random"`` draws residues for them, once per example, from the data seed. ``longer`` holds the test pairs
    again at the numbers of positions in LENGTHS that lie above ``positions`` and up to ``longest``.
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
        device: str = "cpu",
    ) -> None:
        self.vocabulary = modulus + SPECIAL_TOKENS
        self.classes = modulus
        self.query_token = modulus
        self.positions = positions
        self._modulus, self._distractors, self._seeds, self._device = modulus, distractors, data_seeds, device
        cut = train_examples(modulus, train_fraction)
        self.train, self.test = self._split(positions, slice(cut)), self._split(positions, slice(cut, None))
        more = [count for count in LENGTHS if positions < count <= (longest or 0)]
        self.longer: Mapping[int, Split] = {count: self._split(count, slice(cut, None)) for count in more}

    def _split(self, positions: int, part: slice) -> Split:
        examples = [self._examples(positions, seed)[part] for seed in self._seeds]
        tokens = torch.stack(examples)
        targets = tokens[..., list(INFORMATIVE)].sum(-1) % self._modulus
        return Split(tokens.to(self._device), targets.to(self._device), INFORMATIVE)

    def _examples(self, positions: int, seed: int) -> Tensor:
        """Return all p² examples in the order of the split, shape (p², T)."""
        pairs = shuffled_pairs(self._modulus, seed)
        others = [j for j in range(positions - 1) if j not in INFORMATIVE]
        tokens = torch.empty(len(pairs), positions, dtype=torch.int64)
        tokens[:, list(INFORMATIVE)] = pairs
        tokens[:, -1] = self.query_token
        if self._distractors == "random":
            purpose = "distractors" if positions == POSITIONS else f"distractors at {positions} positions"
            drawn = torch.randint(0, self._modulus, (len(pairs), len(others)), generator=generator(seed, purpose))
            tokens[:, others] = drawn
        else:
            special = [self._modulus + 1 + number % 2 for number in range(len(others))]
            tokens[:, others] = torch.tensor(special)
        return tokens


def on_informative(values: Tensor, informative: Positions) -> Tensor:
    """Return what values (R, N, T) are at the informative positions, shape (R, N, k)."""
    if isinstance(informative, Tensor):
        return values.gather(-1, informative)
    return torch.stack([values[..., j] for j in informative], -1)


def others(informative: Positions, positions: int) -> Positions:
    """Return all positions but the informative ones, the query included, ascending."""
    if not isinstance(informative, Tensor):
        return tuple(j for j in range(positions) if j not in informative)
    R, N, k = informative.shape
    marked = torch.zeros(R, N, positions, dtype=torch.int64, device=informative.device).scatter(-1, informative, 1)
    return marked.argsort(dim=-1, stable=True)[..., : positions - k]


def train_examples(modulus: int, train_fraction: float) -> int:
    """Return how many of the p² pairs are trained on: at least one, and at least one is left for the test."""
    return min(max(int(train_fraction * modulus**2), 1), modulus**2 - 1)


def shuffled_pairs(modulus: int, seed: int) -> Tensor:
    """Return all ordered pairs of residues in the order of a replica's split, shape (p², 2)."""
    pairs = torch.cartesian_prod(torch.arange(modulus), torch.arange(modulus))
    return pairs[torch.randperm(modulus**2, generator=generator(seed, "split"))]
