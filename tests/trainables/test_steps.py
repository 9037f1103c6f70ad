"""A pack follows whatever gradients its step makes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from tiny import small_replica
from torch import Tensor

from trainables import loop
from trainables.pack import Pack
from trainables.replica import Recording
from trainables.view import View


class ByHand:
    """The gradients of cross-entropy of relu(Σ E[x]) W₁) W₂ U, written out layer by layer."""

    def gradients(self, pack: Pack) -> tuple[dict[str, Tensor], View]:
        params = {name: value.detach() for name, value in pack.params.items()}
        split = pack.parts.task.train
        counts = torch.nn.functional.one_hot(split.inputs, pack.parts.task.vocabulary).sum(2).to(torch.float32)
        summed = counts @ params["embedding"]
        before = summed @ params["hidden_weight"]
        hidden = before.relu()
        read = hidden @ params["output_weight"]
        logits = read @ params["unembedding"]
        wanted = torch.nn.functional.one_hot(split.targets, logits.shape[-1])
        of_logits = (logits.softmax(-1) - wanted) / logits.shape[1]
        of_read = of_logits @ params["unembedding"].mT
        of_before = (of_read @ params["output_weight"].mT) * (before > 0)
        grads = {
            "embedding": counts.mT @ (of_before @ params["hidden_weight"].mT),
            "hidden_weight": summed.mT @ of_before,
            "output_weight": hidden.mT @ of_read,
            "unembedding": read.mT @ of_logits,
        }
        return grads, View(pack.params, pack.parts.task, pack.parts.model, pack.parts.loss, None)


def trained(step: Any = None) -> Pack:
    recording = Recording(end="budget", grid_min_steps=5)
    pack = Pack([small_replica("mlp_addition", seed, recording=recording) for seed in range(2)])
    if step:
        pack.parts = dataclasses.replace(pack.parts, step=step)
    loop.advance(pack, last_step=40)
    return pack


def test_a_step_with_closed_forms_trains_as_automatic_differentiation_does() -> None:
    by_hand, by_autograd = trained(ByHand()), trained()
    for name, value in by_autograd.params.items():
        torch.testing.assert_close(by_hand.params[name], value, rtol=1e-3, atol=1e-4)
    first, last = (by_hand.curves[0].column("train_loss")[index] for index in (0, -1))
    assert last < 0.8 * first
    assert last == pytest.approx(by_autograd.curves[0].column("train_loss")[-1], rel=1e-3)
