"""The first layer of the MLP, block by block of examples: from vectors, or from a table of what each token adds.

What a query reads is linear in the values of tokens and positions, and so is the first layer. With one row per position
and token that holds W₁ of both values, the hidden units before the ReLU are Σ_t α_t (row of t and its token) + b₁: T rows
of H numbers per example in place of products with two matrices.

Shape suffixes: R replicas, N examples, B examples of a block, T positions, V tokens, D width, H hidden units.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 256  # examples on a CPU; elsewhere all at once
GRAIN = 32  # a block is a multiple of it, the last one aside


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

    Tables of all replicas lie one below the other. ``pattern`` is a sparse matrix of examples by rows.
    """

    rows: Tensor
    order: Tensor
    examples: Tensor
    starts: Tensor
    pattern: Tensor


class FromTable:
    """relu(Σ_t α_t table[token_t] + Σ_k w_k rows_k) of a table (R, V, H), attention (R, N, T - 1), w (R, N, K)."""

    def __init__(
        self,
        table: Tensor,
        rows: Tensor,
        attention: Tensor,
        shares: Tensor,
        tokens: Tensor,
        low: torch.dtype,
        lookups: Sequence[Lookups] = (),
    ) -> None:
        self.tensors, self.low, self.parts = (table, rows, attention, shares), low, blocks(tokens)
        self._tokens, self._lookups = tokens, lookups
        self.gradients: tuple[Tensor, ...] = ()

    def begin(self) -> None:
        """Make room for the gradients."""
        table, rows, attention, shares = self.tensors
        self.gradients = (torch.zeros_like(table), torch.zeros_like(rows), torch.empty_like(attention), torch.empty_like(shares))

    def hidden(self, number: int) -> Tensor:
        """Return the hidden units of a block, (R, B, H)."""
        table, rows, attention, shares = self.tensors
        weights = attention[:, self.parts[number]]
        R, B, T = weights.shape
        found = self._lookups[number].rows if self._lookups else self._rows(number)
        made = torch.embedding_bag(
            table.flatten(0, 1), found, _every(R * B, T, found), False, 0, False, weights.flatten(), True
        )[0]
        return made.view(R, B, -1).baddbmm_(shares[:, self.parts[number]], rows).relu_().to(self.low)

    def take(self, number: int, of_hidden: Tensor) -> None:
        """Add the gradients of a block, given that by its hidden units before the ReLU."""
        of_table, of_rows, of_attention, of_shares = self.gradients
        table, rows, attention, shares = self.tensors
        part, found = self.parts[number], self._lookups[number]
        outer = of_hidden.to(table.dtype)
        of_rows.baddbmm_(shares[:, part].mT, outer)
        sorted_weights = attention[:, part].flatten()[found.order]
        added = torch.embedding_bag(
            outer.flatten(0, 1), found.examples, found.starts, False, 0, False, sorted_weights, True
        )[0]
        of_table.add_(added.view_as(of_table))
        of_attention[:, part] = DOTS(found, outer.flatten(0, 1), table.flatten(0, 1)).view_as(of_attention[:, part])
        of_shares[:, part] = torch.bmm(outer, rows.mT)

    def _rows(self, number: int) -> Tensor:
        return rows_of(self._tokens[:, self.parts[number]], self.tensors[0].shape[1])


def lookups_of(tokens_RNT: Tensor, vocabulary: int, kind: torch.dtype = torch.float32) -> list[Lookups]:
    """Return the lookups of every block of examples that stay the same at each step."""
    return [_lookups(tokens_RNT[:, part], vocabulary, kind) for part in blocks(tokens_RNT)]


def rows_of(tokens_RBT: Tensor, height: int) -> Tensor:
    """Return the rows to look up, one replica, example and position after the other, shape (R B T)."""
    R = len(tokens_RBT)
    return (tokens_RBT + torch.arange(0, R * height, height, device=tokens_RBT.device).view(-1, 1, 1)).flatten()


def accumulate(total: Tensor, left: Tensor, right: Tensor) -> None:
    """Add a product to a total, which is at least as exact as the product."""
    if total.dtype == left.dtype:
        total.baddbmm_(left, right)
    else:
        total.add_(torch.bmm(left, right))


def _lookups(tokens_RBT: Tensor, vocabulary: int, kind: torch.dtype) -> Lookups:
    R, B, T = tokens_RBT.shape
    height = vocabulary
    rows = rows_of(tokens_RBT, height)
    order = rows.argsort(stable=True)
    starts = torch.searchsorted(rows[order], torch.arange(R * height + 1, device=rows.device))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse", UserWarning)
        pattern = torch.sparse_csr_tensor(
            _every(R * B, T, rows), rows, torch.zeros(len(rows), dtype=kind), (R * B, R * height)
        )
    return Lookups(rows, order, order // T, starts, pattern)


def _every(count: int, length: int, like: Tensor) -> Tensor:
    """Return where each of so many bags of equal length begins, and where the last one ends."""
    return torch.arange(0, count * length + 1, length, device=like.device)


def _sampled(found, outer, table):
    return torch.sparse.sampled_addmm(found.pattern, outer, table.mT, beta=0.0).values()


def _psw(found, outer, table):
    n = len(outer)
    k = len(found.rows) // n
    return torch.ops.aten._embedding_bag_per_sample_weights_backward(
        outer, table, found.rows, _every(n, k, found.rows)[:-1], torch.arange(n).repeat_interleave(k), 0
    )


DOTS = _sampled
