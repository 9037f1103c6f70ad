"""What probes may look at: one evaluation of a pack, with each forward pass computed once and shared by all probes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pass:
    """One forward pass over one split.

    Shapes: logits (R, N, C), targets (R, N), loss (R,) in nats; ``judge`` is the loss that says what is right.
    """

    logits: Tensor
    targets: Tensor
    loss: Tensor
    trace: Any
    judge: Any

    @property
    def accuracy(self) -> Tensor:
        """The share of right answers, shape (R,)."""
        right: Tensor = self.judge.right(self.logits, self.targets)
        return right.double().mean(1)


@dataclass(frozen=True)
class Judged:
    """A forward pass whose outputs were judged block by block, while they were in the cache, and are not kept.

    Shapes: loss (R,) in nats, accuracy (R,), the share of right answers.
    """

    loss: Tensor
    accuracy: Tensor
    trace: Any


class View:
    """A pack between two steps: its parameters, its task, its loss, and its passes over train and test.

    The train pass is the one that training makes anyway, if it covers all examples; any other is computed when a probe
    asks for it.
    """

    def __init__(self, params: Mapping[str, Tensor], task: Any, model: Any, loss: Any, train: Pass | None) -> None:
        self.params, self.task, self.model, self.loss, self._train = params, task, model, loss, train

    @cached_property
    def train(self) -> Pass | Judged:
        """The pass over the train split."""
        return self._train or self._over(self.task.train)

    @cached_property
    def test(self) -> Pass | Judged:
        """The pass over the test split."""
        return self._over(self.task.test)

    def _over(self, split: Any) -> Pass | Judged:
        with torch.no_grad():
            if hasattr(self.model, "by_block"):
                return self._judged(split)
            logits, trace = self.model.apply(self.params, split.inputs)
            return Pass(logits, split.targets, self.loss.value(logits, split.targets), trace, self.loss)

    def _judged(self, split: Any) -> Judged:
        parts, trace = self.model.by_block(self.params, split.inputs)
        losses, right = [], []
        for part, logits in parts:
            targets = split.targets[:, part]
            losses.append(self.loss.of_each(logits, targets))
            right.append(self.loss.right(logits, targets))
        loss = self.loss.mean(torch.cat(losses, 1), logits.dtype)
        return Judged(loss, torch.cat(right, 1).double().mean(1), trace)


def surprise_and_slope(
    logits: Tensor, targets: Tensor, *, weight: float = 1.0, arithmetic: str = "exact"
) -> tuple[Tensor, Tensor]:
    """Return -log softmax of the targets (R, N) in float64, and its gradient by the logits (R, N, C) times a weight.

    ``exact``: the gradient by the target's logit is minus the sum of the others, which keeps its digits at any margin
    of the target over the other classes. ``rounded``: it is p - 1, as libraries compute it; in float32 a percent is
    lost at a margin of 18 and everything soon after (with 67 classes). Sums over classes are in float64, see
    ``trainables.reductions``.
    """
    chosen = targets.unsqueeze(-1)
    shifted = logits - logits.amax(-1, keepdim=True)
    of_target = shifted.gather(-1, chosen)
    if arithmetic == "rounded":
        return _rounded(shifted, of_target, chosen, weight)
    of_target = of_target.double()
    slope = shifted.scatter_(-1, chosen, -math.inf).exp_()
    others = slope.sum(-1, keepdim=True, dtype=torch.float64)
    beyond_one = others + of_target.expm1()  # the sum over all classes less 1, which is what the largest adds
    share = weight / (1 + beyond_one)
    slope.mul_(share.to(logits.dtype)).scatter_(-1, chosen, (-share * others).to(logits.dtype))
    return (beyond_one.log1p() - of_target).squeeze(-1), slope


def _rounded(shifted: Tensor, of_target: Tensor, chosen: Tensor, weight: float) -> tuple[Tensor, Tensor]:
    slope = shifted.exp_()
    total = slope.sum(-1, keepdim=True, dtype=torch.float64)
    slope.mul_((weight / total).to(slope.dtype)).scatter_add_(-1, chosen, torch.full_like(of_target, -weight))
    return (total.log() - of_target).squeeze(-1), slope
