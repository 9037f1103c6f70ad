"""Addition modulo p, hidden among distractors.

Example, p = 5, constant distractors: ``[3, n1, 4, n2, =]`` has the answer (3 + 4) mod 5 = 2; the informative
positions are 0 and 2, the query is the last position. The tokens are 0..4, then ``=`` is 5, n1 is 6, n2 is 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.randomness import generator

SOURCE = "arXiv 2605.15787, section 6 and Table G.2; the layout of the five positions is inferred"
INFORMATIVE = (0, 2)
QUERY = 4
POSITIONS = 5
SPECIAL_TOKENS = 3


@dataclass(frozen=True)
class Split:
    """Examples of a whole pack.

    Shapes: tokens (R, N, T), targets (R, N).
    """

    tokens: Tensor
    targets: Tensor


class ModularAddition:
    """All p² ordered pairs, split at random into train and test by each replica's data seed.

    ``distractors="constant"`` puts the same two special tokens into positions 1 and 3 of every example;
    ``"random"`` draws residues for them, once per example, from the data seed.
    """

    informative = INFORMATIVE
    query = QUERY
    positions = POSITIONS

    def __init__(
        self, *, modulus: int, train_fraction: float, distractors: str, data_seeds: Sequence[int], device: str = "cpu"
    ) -> None:
        self.modulus = modulus
        self.vocabulary = modulus + SPECIAL_TOKENS
        self.classes = modulus
        self.query_token = modulus
        pairs = [_examples(modulus, distractors, seed) for seed in data_seeds]
        cut = train_examples(modulus, train_fraction)
        self.train = _stack([example[:cut] for example in pairs], modulus, device)
        self.test = _stack([example[cut:] for example in pairs], modulus, device)


def train_examples(modulus: int, train_fraction: float) -> int:
    """Return how many of the p² pairs are trained on: at least one, and at least one is left for the test."""
    return min(max(int(train_fraction * modulus**2), 1), modulus**2 - 1)


def _examples(modulus: int, distractors: str, seed: int) -> Tensor:
    """Return all p² examples in the order of the split, shape (p², T)."""
    pairs = torch.cartesian_prod(torch.arange(modulus), torch.arange(modulus))
    order = torch.randperm(modulus**2, generator=generator(seed, "split"))
    tokens = torch.empty(modulus**2, POSITIONS, dtype=torch.int64)
    tokens[:, list(INFORMATIVE)] = pairs[order]
    tokens[:, QUERY] = modulus
    if distractors == "random":
        source = generator(seed, "distractors")
        tokens[:, [1, 3]] = torch.randint(0, modulus, (modulus**2, 2), generator=source)
    else:
        tokens[:, [1, 3]] = torch.tensor([modulus + 1, modulus + 2])
    return tokens


def _stack(examples: Sequence[Tensor], modulus: int, device: str) -> Split:
    tokens = torch.stack(list(examples))
    targets = (tokens[..., INFORMATIVE[0]] + tokens[..., INFORMATIVE[1]]) % modulus
    return Split(tokens.to(device), targets.to(device))
