"""The first layer of the MLP, block by block of examples: from vectors, or from a table of what each token adds.

What a query reads is linear in the values of tokens and positions, and so is the first layer. With W₁ of every token's
and every position's value at hand, worked out once per step, the hidden units before the ReLU are
Σ_t α_t (row of token_t + row of t) + b₁: a weighted sum of a few rows per example (PyTorch's ``embedding_bag``) and a
narrow product, where vectors need a product with the table of values, one with W₁, and twice as many backward.

Shape suffixes: R replicas, N examples, B examples of a block, T positions, K those whose tokens are looked up (the
first ones), V tokens, D width, H hidden units.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 256  # examples on a CPU; elsewhere all at once
GRAIN = 32  # a block is a multiple of it, the last one aside
SUM = 0  # PyTorch's number for bags that add up


def blocks(examples: Tensor) -> list[slice]:
    """Return parts of the examples (R, N, ...) of nearly equal size."""
    total = examples.shape[1]
    count = max(round(total / BLOCK), 1) if examples.device.type == "cpu" else 1
    ends = [*(total * number // count // GRAIN * GRAIN for number in range(count)), total]
    return [slice(first, last) for first, last in itertools.pairwise(ends)]


class FromVectors:
    """relu(x W₁ + b₁) of vectors x (R, N, D), with products in the type ``low``.

    ``tensors`` are what can be differentiated by, ``take`` adds to their ``gradients``, which ``begin`` makes.
    """

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor, low: torch.dtype) -> None:
        self.tensors, self.low, self.parts = (x, weight, bias), low, blocks(x)
        self._weight, self._bias = weight.to(low), bias.to(low).unsqueeze(1)
        self.gradients: tuple[Tensor, ...] = ()

    def begin(self) -> None:
        """Make room for the gradients."""
        x, weight, bias = self.tensors
        self.gradients = (torch.empty_like(x), *(torch.zeros_like(each, dtype=x.dtype) for each in (weight, bias)))

    def hidden(self, number: int) -> Tensor:
        """Return the hidden units of a block, (R, B, H)."""
        return torch.baddbmm(self._bias, self._inputs(number), self._weight).relu_()

    def take(self, number: int, of_hidden: Tensor) -> None:
        """Add the gradients of a block, given that by its hidden units before the ReLU."""
        of_x, of_weight, of_bias = self.gradients
        accumulate(of_weight, self._inputs(number).mT, of_hidden)
        of_bias.add_(of_hidden.sum(1, dtype=of_bias.dtype))
        of_x[:, self.parts[number]].copy_(torch.bmm(of_hidden, self._weight.mT))

    def _inputs(self, number: int) -> Tensor:
        return self.tensors[0][:, self.parts[number]].to(self.low)


@dataclass(frozen=True)
class Lookups:
    """Which rows of a table the examples of a block look up, and the same in the order of the rows.

    ``rows`` point into the tables of all replicas, one below the other; ``starts`` says where each example's begin, and
    ``examples`` whose they are. ``order`` sorts them by row; in that order, ``sorted_examples`` says whose they are,
    and ``sorted_starts`` where each row begins.
    """

    rows: Tensor
    starts: Tensor
    examples: Tensor
    order: Tensor
    sorted_examples: Tensor
    sorted_starts: Tensor


class FromTable:
    """relu(Σ_t α_t rows_t + Σ_k α_k table[token_k] + shift); hidden units are rounded to the type ``low``.

    Attributes as those of FromVectors; ``take`` needs the ``lookups`` of all blocks. Tables are worked out and used
    in the type of the parameters: in bfloat16 they would be no faster, and less exact.
    Shapes: tokens (R, N, K), table (R, V, H), rows (R, T, H), shift (R, H), attention (R, N, T).
    """

    def __init__(
        self, tokens: Tensor, *tensors: Tensor, low: torch.dtype, lookups: Sequence[Lookups] | None = None
    ) -> None:
        """Take the tokens, then table, rows, shift and attention."""
        self.tensors, self.low, self.parts = tensors, low, blocks(tokens)
        self._tokens, self._lookups = tokens, lookups
        table, rows, shift, attention = tensors
        self._flat, self._looked_up = table.flatten(0, 1), attention[..., : tokens.shape[2]]
        self._rows = torch.cat([rows, shift.unsqueeze(1)], 1)
        self._shares = torch.cat([attention, torch.ones_like(attention[..., :1])], 2)
        self.gradients: tuple[Tensor, ...] = ()

    def begin(self) -> None:
        """Make room for the gradients."""
        table, _, _, attention = self.tensors
        self._of_rows = torch.zeros_like(self._rows)
        of_rows, of_shift = self._of_rows[:, :-1], self._of_rows[:, -1]
        self.gradients = (torch.zeros_like(table), of_rows, of_shift, torch.empty_like(attention))

    def hidden(self, number: int) -> Tensor:
        """Return the hidden units of a block, (R, B, H)."""
        part = self.parts[number]
        tokens, weights = self._tokens[:, part], self._looked_up[:, part]
        rows = self._lookups[number].rows if self._lookups else _rows(tokens, self.tensors[0].shape[1])
        made = bag(self._flat, rows, _starts(tokens), weights.flatten())
        return made.view(*tokens.shape[:2], -1).baddbmm_(self._shares[:, part], self._rows).relu_().to(self.low)

    def take(self, number: int, of_hidden: Tensor) -> None:
        """Add the gradients of a block, given that by its hidden units before the ReLU."""
        assert self._lookups is not None
        found, part = self._lookups[number], self.parts[number]
        of_table, of_attention = self.gradients[0], self.gradients[3][:, part]
        of_hidden = of_hidden.to(of_table.dtype)
        outer, weights = of_hidden.flatten(0, 1), self._looked_up[:, part]
        sorted_weights = weights.flatten()[found.order]
        of_table.add_(bag(outer, found.sorted_examples, found.sorted_starts, sorted_weights).view_as(of_table))
        self._of_rows.baddbmm_(self._shares[:, part].mT, of_hidden)
        torch.bmm(of_hidden, self.tensors[1].mT, out=of_attention)
        of_attention[..., : weights.shape[2]].add_(by_weights(outer, self._flat, found).view_as(weights))


def lookups_of(tokens_RNK: Tensor, vocabulary: int) -> list[Lookups]:
    """Return the lookups of every block of examples that are the same at each step."""
    return [_lookups(tokens_RNK[:, part], vocabulary) for part in blocks(tokens_RNK)]


def bag(table: Tensor, rows: Tensor, starts: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted sum of a table's rows from each start to the next."""
    made: Tensor = torch.embedding_bag(table, rows, starts, per_sample_weights=weights, include_last_offset=True)[0]
    return made


def by_weights(outer: Tensor, table: Tensor, found: Lookups) -> Tensor:
    """Return the gradient of bags by the weight of each row that was looked up, given that by the sums."""
    made: Tensor = torch.ops.aten._embedding_bag_per_sample_weights_backward(
        outer, table, found.rows, found.starts[:-1], found.examples, SUM
    )
    return made


def accumulate(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add a product to a total, which is at least as exact as the product."""
    if total.dtype == left.dtype:
        total.baddbmm_(left, right)
    else:
        total.add_(torch.bmm(left, right))


def _lookups(tokens_RBK: Tensor, vocabulary: int) -> Lookups:
    rows, starts, height = _rows(tokens_RBK, vocabulary), _starts(tokens_RBK), len(tokens_RBK) * vocabulary
    order = rows.argsort(stable=True)
    examples = torch.arange(len(starts) - 1, device=rows.device).repeat_interleave(tokens_RBK.shape[2])
    sorted_starts = torch.searchsorted(rows[order], torch.arange(height + 1, device=rows.device))
    return Lookups(rows, starts, examples, order, examples[order], sorted_starts)


def _rows(tokens_RBK: Tensor, vocabulary: int) -> Tensor:
    """Return the rows that are looked up, one example after the other, in the tables one below the other."""
    first_R = torch.arange(0, len(tokens_RBK) * vocabulary, vocabulary, device=tokens_RBK.device)
    return (tokens_RBK + first_R.view(-1, 1, 1)).flatten()


def _starts(tokens_RBK: Tensor) -> Tensor:
    """Return where the rows of each example begin, and where the last ones end."""
    return torch.arange(0, tokens_RBK.numel() + 1, tokens_RBK.shape[2], device=tokens_RBK.device)
