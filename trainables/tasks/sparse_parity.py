"""The parity of k of n bits, the others being distractors.

Example, n = 6, k = 2: ``[1, 0, 0, 1, 1, 0, =]`` has the answer 1 + 0 = 1 (mod 2); the informative positions are 0 and
2, the query is the last one. The tokens are 0 and 1 for bits and 2 for ``=``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from trainables.tasks._splits import Split, train_examples
from trainables.tasks.modular_addition import sampled

SOURCE = "arXiv 2605.15787, appendices F.4 and G.3; sizes of the data set and places of the bits are inferred"
TOKENS = 3  # 0, 1 and =


class SparseParity:
    """A random sample of bit strings, all different, split into train and test by each replica's data seed.

    The informative positions are 0, 2, ..., 2 (k - 1).
    """

    def __init__(
        self,
        *,
        bits: int,
        parity_size: int,
        examples: int,
        train_fraction: float,
        data_seeds: Sequence[int],
        device: str = "cpu",
    ) -> None:
        self.vocabulary, self.classes, self.query_token, self.positions = TOKENS, TOKENS, TOKENS - 1, bits + 1
        self.longer: Mapping[int, Split] = {}
        self._informative = tuple(range(0, 2 * parity_size, 2))
        tokens = torch.stack([self._examples(bits, examples, seed) for seed in data_seeds]).to(device)
        cut = train_examples(examples, train_fraction)
        self.train, self.test = self._split(tokens[:, :cut]), self._split(tokens[:, cut:])

    def _split(self, tokens: Tensor) -> Split:
        return Split(tokens, tokens[..., list(self._informative)].sum(-1) % 2, self._informative)

    def _examples(self, bits: int, examples: int, seed: int) -> Tensor:
        """Return the bit strings and the query token, shape (N, n + 1)."""
        strings = sampled(2, bits, examples, seed)
        return torch.cat([strings, torch.full((examples, 1), self.query_token)], 1)
