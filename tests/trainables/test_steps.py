"""A pack follows whatever gradients its step makes."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny import small_replica
from torch import Tensor

from trainables import loop
from trainables.batches import Batches
from trainables.family import Parts
from trainables.losses.mean_square import MeanSquare
from trainables.pack import Pack
from trainables.randomness import generator
from trainables.replica import Recording
from trainables.steps.autograd import Autograd
from trainables.tasks._splits import Split
from trainables.view import View


class ByHand:
    """The gradients of cross-entropy of relu(Σ E[x]) W₁) W₂ U, written out layer by layer."""

    def gradients(self, pack: Pack, split: Split, step: int | Tensor) -> tuple[dict[str, Tensor], None]:
        params = pack.params
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
        return grads, None


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


class Linear:
    """Outputs that are linear in vectors of reals."""

    def apply(self, params: dict[str, Tensor], inputs: Tensor) -> tuple[Tensor, None]:
        return inputs @ params["weight"], None


@pytest.mark.parametrize("size", [None, 7])
def test_inputs_and_targets_may_be_reals(size: int | None) -> None:
    x, y, weight = (
        torch.randn(2, *shape, generator=generator(0, str(shape)), dtype=torch.float64)
        for shape in ((20, 5), (20, 3), (5, 3))
    )
    task = SimpleNamespace(train=Split(x, y), test=Split(x, y))
    batches = Batches(task.train, size=size, data_seeds=[0, 1]) if size else None
    parts = Parts(
        task=task, model=Linear(), optimizer=None, interventions=[], probes=[], batches=batches, loss=MeanSquare()
    )
    used = batches.at(4) if batches else task.train
    grads, made = Autograd().gradients(SimpleNamespace(parts=parts, params={"weight": weight}), used, 4)  # type: ignore[arg-type]
    wanted = used.inputs.mT @ (used.inputs @ weight - used.targets) * 2 / used.targets[0].numel()
    torch.testing.assert_close(grads["weight"], wanted)
    view = View({"weight": weight}, task, parts.model, parts.loss, made)
    torch.testing.assert_close(view.train.loss, (x @ weight - y).square().mean((1, 2)))
    if batches:
        places = [x[0].tolist().index(each) for each in used.inputs[0].tolist()]
        assert len(set(places)) == 7 and torch.equal(used.targets[0], y[0, places])
