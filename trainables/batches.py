"""Mini-batches: every replica goes through its own training examples in an order of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from trainables.randomness import generator
from trainables.tasks._splits import Split


class Batches:
    """The batch of every step: a new order of the examples in each epoch, from the data seed; examples left over are
    not used in that epoch.

    Which examples a step uses depends on the step alone, so a resumed replica continues with the same ones.
    """

    def __init__(self, split: Split, *, size: int, data_seeds: Sequence[int]) -> None:
        self._split, self._seeds = split, tuple(data_seeds)
        self._size = min(size, split.inputs.shape[1])
        self._order = lru_cache(maxsize=1)(self._of_epoch)

    def at(self, step: int) -> Split:
        """Return the examples of a step, B for each replica."""
        epoch, number = divmod(step, self._split.inputs.shape[1] // self._size)
        return self._split.picked(self._order(epoch)[:, number * self._size : (number + 1) * self._size])

    def _of_epoch(self, epoch: int) -> Tensor:
        examples, device = self._split.inputs.shape[1], self._split.inputs.device
        orders = [torch.randperm(examples, generator=generator(seed, f"order {epoch}")) for seed in self._seeds]
        made = torch.stack(orders)
        return (made.pin_memory() if device.type == "cuda" else made).to(device, non_blocking=True)
