"""Masks from the start, layerwise masks and dense controls: scores by hand, exact shares, the same after a restart."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import small_replica
from torch import Tensor, nn

from trainables import loop
from trainables.interventions._masks import kept, kept_by_layer
from trainables.interventions.mask_at_start import CRITERIA, TEMPERATURE, MaskAtStart, grasp, snip, synflow
from trainables.interventions.scaled_start import ScaledStart
from trainables.pack import Pack
from trainables.probes.fourier_entropy import fourier_entropy
from trainables.randomness import generator
from trainables.recording import Recording
from trainables.replica import Replica


class Linear:
    """Two outputs, x · w for one input x and weights w (R, 1, 2): small enough for a pencil."""

    def apply(self, params: dict[str, Tensor], inputs: Tensor) -> tuple[Tensor, None]:
        return inputs.to(params["weight"].dtype) @ params["weight"], None


WEIGHTS = [0.5, -2.0]
SPLIT = SimpleNamespace(inputs=torch.tensor([[[1.0]], [[1.0]]]), targets=torch.tensor([[0], [0]]))


def of_linear() -> dict[str, Tensor]:
    return {"weight": torch.tensor([[WEIGHTS], [WEIGHTS]])}


def test_snip_is_the_size_of_gradient_times_weight() -> None:
    """The gradient by the outputs is p - y, and each output is its own weight."""
    second = math.exp(-2.0) / (math.exp(0.5) + math.exp(-2.0))
    expected = [second * 0.5, second * 2.0]
    found = snip(Linear(), of_linear(), SPLIT)["weight"]
    torch.testing.assert_close(found, torch.tensor([[expected]] * 2, dtype=torch.float64))


def test_grasp_is_weight_times_hessian_times_gradient_of_tempered_outputs() -> None:
    """With p the share of the second output, g = (-p, p) / τ and H = p (1 - p) / τ² · ((1, -1), (-1, 1))."""
    p = 1 / (1 + math.exp(2.5 / TEMPERATURE))
    along = 2 * p * p * (1 - p) / TEMPERATURE**3
    expected = [0.5 * -along, -2.0 * along]
    found = grasp(Linear(), of_linear(), SPLIT)["weight"]
    torch.testing.assert_close(found, torch.tensor([[expected]] * 2, dtype=torch.float64), rtol=1e-6, atol=0)
    assert kept({"weight": found}, [0.5, 0.5])["weight"].tolist() == [[[1.0, 0.0]]] * 2


class Chain:
    """x · u · v: an input of one, two hidden units, one output."""

    def apply(self, params: dict[str, Tensor], inputs: Tensor) -> tuple[Tensor, None]:
        return inputs.to(params["u"].dtype) @ params["u"] @ params["v"], None


def test_synflow_follows_what_flows_through_and_prunes_again_after_each_round() -> None:
    """Flows are |u_i v_i| = 1 · 4 and 3 · 1: one round of half prunes the weaker path, whatever its single weights."""
    params = {"u": torch.tensor([[[-1.0, 3.0]]] * 2), "v": torch.tensor([[[4.0], [-1.0]]] * 2)}
    split = SimpleNamespace(inputs=torch.ones(2, 1, 1), targets=None)
    for rounds in (1, 100):
        masks = synflow(Chain(), params, split, [0.5, 0.0], rounds)
        assert masks["u"].tolist() == [[[1.0, 0.0]], [[1.0, 1.0]]]
        assert masks["v"].tolist() == [[[1.0], [0.0]], [[1.0], [1.0]]]
    late = synflow(Chain(), params, split, [0.25, 0.75], 100)  # the first weight of the weak path takes all of its flow
    assert late["u"].tolist()[0] == [[1.0, 0.0]] and [int(late[name][1].sum()) for name in "uv"] in ([1, 0], [0, 1])


def test_snip_and_grasp_equal_a_plain_module() -> None:
    pack = Pack([small_replica("mlp_addition", seed) for seed in range(2)])
    model, split, params = pack.parts.model, pack.parts.task.train, pack.params
    sensible, tempered = snip(model, params, split), grasp(model, params, split)
    for row in range(2):
        leaves = {name: nn.Parameter(value[row].detach().double()) for name, value in params.items()}
        first, second = split.inputs[row].unbind(-1)

        def outputs(leaves: dict[str, Any] = leaves, first: Tensor = first, second: Tensor = second) -> Tensor:
            read = leaves["embedding"][first] + leaves["embedding"][second]
            return (read @ leaves["hidden_weight"]).relu() @ leaves["output_weight"] @ leaves["unembedding"]

        loss = nn.functional.cross_entropy(outputs(), split.targets[row])
        for name, grad in zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True):
            torch.testing.assert_close(sensible[name][row], (grad * leaves[name]).abs().detach())
        cold = nn.functional.cross_entropy(outputs() / TEMPERATURE, split.targets[row])
        grads = torch.autograd.grad(cold, list(leaves.values()), create_graph=True)
        half = sum((grad**2).sum() for grad in grads) / 2  # whose gradient is H g
        for name, each in zip(leaves, torch.autograd.grad(half, list(leaves.values())), strict=True):
            torch.testing.assert_close(tempered[name][row], (each * leaves[name]).detach(), rtol=1e-6, atol=1e-16)


@given(st.lists(st.floats(0, 0.99), min_size=2, max_size=2), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_exactly_the_asked_share_is_pruned_ties_in_order(shares: list[float], seed: int) -> None:
    drawn = torch.randint(0, 4, (2, 5, 7), generator=generator(seed, "scores")).float()
    scores = {"first": drawn, "second": drawn[:, :3, :2]}
    whole, layers = kept(scores, shares), kept_by_layer(scores, shares)
    for row, share in enumerate(shares):
        assert sum(int((mask[row] == 0).sum()) for mask in whole.values()) == int(share * 41)
        assert int((layers["first"][row] == 0).sum()) == int(share * 35)
        assert int((layers["second"][row] == 0).sum()) == int(share * 6)
        flat = torch.cat([scores[name][row].flatten() for name in scores])
        order = sorted(range(41), key=lambda place, flat=flat: (float(flat[place]), place))
        mask = torch.cat([whole[name][row].flatten() for name in scores])
        assert {place for place in range(41) if mask[place] == 0} == set(order[: int(share * 41)])


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_mask_from_the_start_stays_in_every_pack_and_after_a_restart(criterion: str) -> None:
    replicas = [
        small_replica("mlp_addition", seed, start_mask=criterion, pruned=0.3 + 0.2 * seed, synflow_rounds=5)
        for seed in range(3)
    ]
    whole, alone = Pack(replicas), Pack(replicas[2:])
    before = {name: value[2] == 0 for name, value in whole.params.items()}
    loop.advance(whole, last_step=30)
    loop.advance(alone, last_step=30, steps=10)
    again = Pack(replicas[2:], snapshots=[alone.snapshot(0)])
    loop.advance(again, last_step=30)
    assert again.curves[0].rows == whole.curves[2].rows
    total = sum(value[2].numel() for value in whole.params.values())
    assert sum(int((value[2] == 0).sum()) for value in whole.params.values()) == int(0.7 * total)
    assert all(torch.equal(value[2] == 0, before[name]) for name, value in whole.params.items())


def test_criteria_keep_different_weights() -> None:
    pack = Pack([small_replica("mlp_addition")])
    facts: dict[str, Any] = {"pruned": [0.5], "rounds": 10, "init_seeds": [0], "model": pack.parts.model}
    one = SimpleNamespace(inputs=pack.parts.task.train.inputs[:1], targets=pack.parts.task.train.targets[:1])
    masks = [MaskAtStart(criterion=each, split=one, **facts).masks["embedding"] for each in CRITERIA]
    assert len({tuple(mask.flatten().tolist()) for mask in masks}) == len(CRITERIA)


@pytest.mark.parametrize("order, kind", [(1, "l1_scaled"), (2, "l2_scaled")])
def test_dense_controls_have_the_norm_of_the_ticket(order: int, kind: str) -> None:
    replica = small_replica("mlp_addition", ticket=kind, parent_steps=30, pruned=0.7)
    ticket = small_replica("mlp_addition", ticket="rewound", parent_steps=30, pruned=0.7)
    assert replica.parent and ticket.parent and replica.parent.id == ticket.parent.id
    parent = Pack([replica.parent])
    loop.advance(parent, last_step=30)
    parents = {replica.parent.id: parent.snapshot(0).params}
    starts = [Pack([each], parents=parents).params for each in (replica, ticket)]
    dense, sparse = (torch.cat([value[0].double().flatten() for value in start.values()]) for start in starts)
    assert torch.linalg.vector_norm(dense, order) == pytest.approx(torch.linalg.vector_norm(sparse, order).item())
    assert (dense != 0).all() and not isinstance(Pack([replica], parents=parents).parts.interventions[0], type(None))


def test_a_control_scales_at_the_start_only() -> None:
    control = ScaledStart(order=2, pruned=[0.5, 0.5], parents={"w": torch.tensor([[[1.0, 2.0]], [[2.0, 1.0]]])})
    params = {"w": torch.tensor([[[3.0, 4.0]], [[3.0, 4.0]]])}
    control.on_start(params)
    torch.testing.assert_close(params["w"], torch.tensor([[[2.4, 3.2]], [[1.8, 2.4]]]))
    assert not hasattr(control, "on_params") and not hasattr(control, "on_grads")


def test_probes_tell_sparsity_norms_and_frequencies() -> None:
    replica = small_replica("mlp_addition", start_mask="random", pruned=0.4, recording=Recording(probes=PROBES))
    pack = Pack([replica])
    loop.advance(pack, last_step=10)
    curve = pack.curves[0].named()
    weights = torch.cat([value[0].double().flatten() for value in pack.params.values()])
    assert curve["kept_share"] == [pytest.approx(0.6, abs=2e-3)] * len(curve["kept_share"])
    assert curve["weights_l1"][-1] == pytest.approx(weights.abs().sum().item(), rel=1e-6)
    assert curve["weights_l2"][-1] == pytest.approx(weights.square().sum().sqrt().item(), rel=1e-6)
    assert 0 < curve["input_fourier_entropy"][0] < math.log(replica.config["modulus"] // 2)


PROBES = ("weight_sizes", "fourier_entropy")


@pytest.mark.parametrize("p", [11, 12])
def test_fourier_entropy_goes_from_one_frequency_to_all(p: int) -> None:
    place = torch.arange(p, dtype=torch.float64)
    single, impulse = 3 + torch.cos(2 * math.pi * 4 * place / p), torch.eye(p, dtype=torch.float64)[2]
    two = torch.cos(2 * math.pi * place / p) + torch.cos(2 * math.pi * 3 * place / p)
    found = fourier_entropy(torch.stack([single, impulse, two, torch.ones(p)]))
    most = math.log(p // 2)
    torch.testing.assert_close(
        found, torch.tensor([0, most, math.log(2), most], dtype=torch.float64), atol=1e-6, rtol=0
    )


def test_tickets_of_two_families_name_the_whole_network_as_parent() -> None:
    child: Replica = small_replica("mlp_addition", ticket="rewound", parent_steps=30, pruned=0.8, layerwise=True)
    assert child.parent and child.parent.parent is None
    assert (child.parent.config["ticket"], child.parent.config["layerwise"]) == ("none", False)
