"""Multiplication modulo p, or composition of permutations, hidden among distractors as in modular addition."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from trainables.tasks._groups import GROUPS
from trainables.tasks.modular_addition import ModularAddition

SOURCE = "arXiv 2605.15787, appendix F.4 and Figure 10"


class BinaryOperation(ModularAddition):
    """All p² ordered pairs with the answer a · b mod p, or a ∘ b where the p elements are permutations.

    ``modulus`` is the number of elements: 6 for S3, 24 for S4, 60 for A5, 120 for S5. Elements are numbered as
    ``itertools.permutations`` lists them, and a ∘ b is b first, then a.
    """

    def __init__(self, *, operation: str, modulus: int, **facts: Any) -> None:
        self._table = multiplication(modulus) if operation == "multiplication" else composition(modulus)
        super().__init__(modulus=modulus, **facts)

    def _answers(self, operands: Tensor) -> Tensor:
        return self._table[operands[..., 0], operands[..., 1]]


def multiplication(modulus: int) -> Tensor:
    """Return the table of products modulo p, shape (p, p)."""
    residues = torch.arange(modulus)
    return residues.unsqueeze(1) * residues % modulus


def composition(elements: int) -> Tensor:
    """Return the table of a ∘ b of the group with so many elements, shape (p, p).

    Raises: KeyError if there is no such group here.
    """
    points, even = GROUPS[elements]
    group = [each for each in itertools.permutations(range(points)) if not even or _is_even(each)]
    number = {each: index for index, each in enumerate(group)}
    return torch.tensor([[number[tuple(a[b[i]] for i in range(points))] for b in group] for a in group])


def _is_even(permutation: tuple[int, ...]) -> bool:
    return sum(a > b for a, b in itertools.combinations(permutation, 2)) % 2 == 0
