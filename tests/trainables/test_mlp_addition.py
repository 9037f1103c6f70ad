"""The MLP on summed embeddings against a plain module and torch.optim, and its task against arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from tiny import small_replica
from torch import Tensor, nn

from trainables import loop
from trainables.pack import Pack
from trainables.replica import Recording, Replica

STEPS = 60


class Plain(nn.Module):
    """The same network for one seed, layer by layer, without any product made beforehand."""

    def __init__(self, params: dict[str, Tensor]) -> None:
        super().__init__()
        self.values = nn.ParameterDict({name: nn.Parameter(value.clone()) for name, value in params.items()})

    def forward(self, pairs: Tensor) -> Tensor:
        v = self.values
        summed = v["embedding"][pairs[:, 0]] + v["embedding"][pairs[:, 1]]
        made: Tensor = torch.relu(summed @ v["hidden_weight"]) @ v["output_weight"] @ v["unembedding"]
        return made


def curve(replica: Replica) -> tuple[list[float], list[float]]:
    """Return loss and accuracy on the test pairs after each of some steps, by torch.optim.AdamW and autograd."""
    pack, config = Pack([replica]), replica.config
    plain, task = Plain(pack.snapshot(0).params), pack.parts.task
    optimizer = torch.optim.AdamW(
        plain.parameters(),
        lr=config["learning_rate"],
        weight_decay=config["weight_decay"],
        betas=(config["beta1"], config["beta2"]),
    )
    losses, shares = [], []
    for step in range(STEPS):
        if step % 10 == 0:
            with torch.no_grad():
                logits = plain(task.test.inputs[0]).double()
            losses.append(float(nn.functional.cross_entropy(logits, task.test.targets[0])))
            shares.append(float((logits.argmax(-1) == task.test.targets[0]).double().mean()))
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(plain(task.train.inputs[0]).double(), task.train.targets[0])
        loss.backward()
        optimizer.param_groups[0]["lr"] = rate(config, step + 1)
        optimizer.step()
    return losses, shares


def rate(config: Mapping[str, Any], count: int) -> float:
    """Return the learning rate of an update, counted from 1."""
    if config["learning_rate_schedule"] == "constant":
        return float(config["learning_rate"])
    last = config["final_rate_fraction"]
    half_wave = (1 + math.cos(math.pi * min(count / config["decay_steps"], 1))) / 2
    return float(config["learning_rate"] * (last + (1 - last) * half_wave))


@pytest.mark.parametrize("decay_steps", [0, 40])
def test_a_pack_trains_as_a_plain_module_with_torchs_adamw(decay_steps: int) -> None:
    more = {"learning_rate_schedule": "cosine", "decay_steps": decay_steps, "final_rate_fraction": 0.1}
    recording = Recording(end="budget", grid_ratio=1, grid_min_steps=10, grid_max_steps=10)
    replicas = [
        small_replica("mlp_addition", seed, recording=recording, width=16, **(more if decay_steps else {}))
        for seed in range(2)
    ]
    pack = Pack(replicas)
    loop.advance(pack, last_step=STEPS - 10)
    for replica, found in zip(replicas, pack.curves, strict=True):
        losses, shares = curve(replica)
        assert found.column("test_loss") == pytest.approx(losses, rel=1e-3)
        assert found.column("test_accuracy") == pytest.approx(shares, abs=0.03)


@pytest.mark.parametrize("pairs, count", [("unordered", 78), ("ordered", 144)])
def test_train_and_test_are_all_pairs_once_with_their_sums(pairs: str, count: int) -> None:
    task = Pack([small_replica("mlp_addition", seed, pairs=pairs) for seed in range(2)]).parts.task
    for row in range(2):
        seen = torch.cat([task.train.inputs[row], task.test.inputs[row]])
        assert len({tuple(pair) for pair in seen.tolist()}) == len(seen) == count
        assert pairs == "ordered" or bool((seen[:, 0] >= seen[:, 1]).all())
        assert torch.equal(task.train.targets[row], task.train.inputs[row].sum(1) % 12)
    assert not torch.equal(task.train.inputs[0], task.train.inputs[1])


def test_weights_are_drawn_with_the_scale_of_their_fan_in() -> None:
    pack = Pack([Replica.of("mlp_addition", {"init_scale": 2.0}, seed=0, recording=Recording())])
    for name, fan_in in (("embedding", 500), ("hidden_weight", 500), ("output_weight", 48), ("unembedding", 500)):
        spread = pack.params[name][0].std().item()
        assert spread == pytest.approx(2 / math.sqrt(fan_in), rel=0.02)
