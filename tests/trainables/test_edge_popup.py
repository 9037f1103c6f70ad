"""Edge-popup: which weights count, what their scores learn, and that weights never change."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tiny import small_replica
from torch import Tensor

from trainables import loop
from trainables.models.edge_popup import EdgePopup
from trainables.pack import Pack
from trainables.replica import Replica


class Linear:
    """One output: the inputs times the weights."""

    def init(self, generators: Any) -> dict[str, Tensor]:
        return {"weight": torch.tensor([[[1.0], [2.0], [3.0], [-4.0]]] * len(generators))}

    def apply(self, params: dict[str, Tensor], inputs: Tensor) -> tuple[Tensor, None]:
        return inputs @ params["weight"], None


def test_the_largest_scores_choose_and_learn_what_each_weight_would_have_added() -> None:
    """Scores 0.1, -0.9, 0.5 and -0.2: half of the weights are 2 and 3; every score learns x · w · sign of its own."""
    model = EdgePopup(Linear(), pruned=[0.5])
    model.init([torch.Generator().manual_seed(0)])
    scores = {"weight": torch.tensor([[[0.1], [-0.9], [0.5], [-0.2]]], requires_grad=True)}
    inputs = torch.tensor([[[1.0, 10.0, 100.0, 1000.0]]])
    outputs, _ = model.apply(scores, inputs)
    assert outputs.item() == 320
    (gradient,) = torch.autograd.grad(outputs.sum(), [scores["weight"]])
    assert gradient.flatten().tolist() == [1.0, -20.0, 300.0, 4000.0]


def scored(seed: int = 0, **fields: Any) -> Replica:
    return small_replica("mlp_addition", seed, trained="scores", **fields)


def parents_of(replica: Replica) -> dict[str, Any]:
    assert replica.parent
    pack = Pack([replica.parent])
    loop.advance(pack, last_step=30)
    return {replica.parent_key: pack.snapshot(0).params}


@pytest.mark.parametrize("source", ["initial", "parent"])
def test_weights_stay_those_they_were_while_scores_learn(source: str) -> None:
    replica = scored(scored=source, parent_steps=30, pruned=0.6, learning_rate=0.05)
    parents = parents_of(replica) if source == "parent" else {}
    pack = Pack([replica], parents=parents)
    weights = {name: value.clone() for name, value in pack.parts.model.buffers.items()}
    scores = {name: value.clone() for name, value in pack.params.items()}
    if parents:
        assert all(torch.equal(weights[name][0], value) for name, value in parents[replica.parent_key].items())
    loop.advance(pack, last_step=40)
    assert all(torch.equal(value, weights[name]) for name, value in pack.parts.model.buffers.items())
    assert all(not torch.equal(value, scores[name]) for name, value in pack.params.items())
    counted = pack.parts.model.weights(pack.params)
    for name, value in counted.items():
        assert int((value[0] != 0).sum()) == value[0].numel() - int(0.6 * value[0].numel())
        assert torch.equal(value[value != 0], weights[name][value != 0])


def test_scores_train_the_same_in_every_pack_and_after_a_restart() -> None:
    replicas = [scored(seed, pruned=0.3 + 0.2 * seed) for seed in range(3)]
    whole, alone = Pack(replicas), Pack(replicas[2:])
    loop.advance(whole, last_step=30)
    loop.advance(alone, last_step=30, steps=10)
    again = Pack(replicas[2:], snapshots=[alone.snapshot(0)])
    loop.advance(again, last_step=30)
    assert again.curves[0].rows == whole.curves[2].rows


def test_a_parent_may_have_a_learning_rate_and_a_weight_decay_of_its_own() -> None:
    replica = scored(
        scored="parent", parent_steps=30, learning_rate=0.05, parent_learning_rate=0.002, parent_weight_decay=0.0
    )
    assert replica.parent
    facts = replica.parent.config
    assert (facts["learning_rate"], facts["weight_decay"], facts["trained"]) == (0.002, 0.0, "weights")
    assert (facts["parent_learning_rate"], facts["parent_weight_decay"]) == (None, None)
    same = scored(scored="parent", parent_steps=30, learning_rate=0.05, weight_decay=0.5).parent
    assert same and (same.config["learning_rate"], same.config["weight_decay"]) == (0.05, 0.5)


def test_a_trained_ticket_goes_on_from_its_parents_weights() -> None:
    replica = small_replica("mlp_addition", ticket="trained", parent_steps=30, pruned=0.0)
    parents = parents_of(replica)
    pack = Pack([replica], parents=parents)
    assert all(torch.equal(pack.params[name][0], value) for name, value in parents[replica.parent_key].items())
