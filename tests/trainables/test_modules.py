"""Networks of users keep the contracts of every family, whichever way their modules behave."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from emulated import Emulated
from torch import nn
from user_networks import BATCH_NORM, DROPOUT, MLP, NETWORKS, REGRESSION, launched, network, of_family

from search_spaces._experiment import Experiment
from trainables import loop
from trainables.modules.family import ModuleFamily
from trainables.pack import Pack, Snapshot
from trainables.replica import Recording, Replica

STEPS = 40
RECORDING = Recording(end="budget", grid_min_steps=5)
ONE_AFTER_THE_OTHER = {"dropout", "control flow", "recurrent"}
Rows = list[list[float]]


def mixed(experiment: Experiment, **fields: Any) -> list[Replica]:
    """Return replicas that differ in their seeds and in what replicas of a pack may differ in."""
    return [
        Replica.of(
            experiment.family,
            {"learning_rate": 0.003 * (1 + seed), "weight_decay": 0.5 * seed, "warmup_steps": seed, **fields},
            seed=seed,
            recording=RECORDING,
        )
        for seed in range(4)
    ]


def trained(replicas: list[Replica], steps: int = STEPS) -> dict[str, Rows]:
    pack = Pack(replicas)
    loop.advance(pack, last_step=steps)
    return {each.id: curve.rows for each, curve in zip(pack.replicas, pack.curves, strict=True)}


@pytest.fixture(params=NETWORKS)
def experiment(request: pytest.FixtureRequest, tmp_path: Path) -> Experiment:
    found = network(tmp_path, request.param)
    assert found.faults() == []
    return found


def test_vmap_makes_all_that_it_can(experiment: Experiment, request: pytest.FixtureRequest) -> None:
    family = of_family(experiment)
    assert bool(family.notes(family.Config())) == (request.node.callspec.params["experiment"] in ONE_AFTER_THE_OTHER)


def test_gradients_that_several_threads_round_otherwise_are_not_taken_for_random_numbers(tmp_path: Path) -> None:
    """As when a parameter is indexed: sums over equal indices are added in any order."""
    wobble = """
class Wobble(torch.autograd.Function):
    generate_vmap_rule, calls = True, 0

    @staticmethod
    def forward(x):
        return x.clone()

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):
        Wobble.calls += 1
        return grad * (1 + 1e-6 * (Wobble.calls % 3))
"""
    code = wobble + MLP.replace("self.embedding(pairs).sum(-2)", "Wobble.apply(self.embedding(pairs).sum(-2))")
    family = of_family(launched(tmp_path, code))
    assert family.notes(family.Config()) == []


@pytest.mark.parametrize("batch_size", [None, 10])
def test_a_pack_of_any_size_and_order_gives_the_same_bits(experiment: Experiment, batch_size: int | None) -> None:
    replicas = mixed(experiment, batch_size=batch_size)
    whole = trained(replicas)
    assert torch.isfinite(torch.tensor(list(whole.values()))).all()
    for part in (replicas[::-1], replicas[1:3], replicas[2:3]):
        assert trained(part).items() <= whole.items()


def test_eviction_and_resume_change_nothing(experiment: Experiment) -> None:
    replicas = mixed(experiment)
    straight, pack = trained(replicas), Pack(replicas)
    loop.advance(pack, last_step=STEPS, steps=13)
    pack.keep([0, 2])
    loop.advance(pack, last_step=20)  # stops at an evaluation, which the resumed pack comes to again
    saved = [Snapshot.from_bytes(pack.snapshot(row).to_bytes()) for row in range(2)]
    again = Pack(pack.replicas, snapshots=saved)
    loop.advance(again, last_step=STEPS)
    for replica, curve in zip(again.replicas, again.curves, strict=True):
        assert curve.rows == straight[replica.id]


def test_a_replica_that_diverges_leaves_its_neighbour_alone(experiment: Experiment) -> None:
    healthy = mixed(experiment)[1]
    poisoned = Replica.of(experiment.family, {"learning_rate": 1e30}, seed=0, recording=RECORDING)
    pack = Pack([poisoned, healthy])
    loop.advance(pack, last_step=STEPS)
    ((row, finished),) = loop.settle(pack, last_step=1000)
    assert (row, finished.status) == (0, "diverged")
    assert pack.curves[1].rows == trained([healthy])[healthy.id]


def test_one_after_the_other_is_as_by_vmap(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    replicas = mixed(experiment)
    by_vmap, tried = trained(replicas, 10), ModuleFamily.tried
    family = of_family(experiment)
    found = tried.__func__(family, family.Config())  # type: ignore[attr-defined]
    alone = dataclasses.replace(found, traits=dataclasses.replace(found.traits, refusal="asked for"))
    monkeypatch.setattr(family, "tried", lambda config: alone)
    for name, rows in trained(replicas, 10).items():
        torch.testing.assert_close(torch.tensor(rows), torch.tensor(by_vmap[name]), rtol=1e-3, atol=1e-5)


def plain_loop(module: nn.Module, replica: Replica, pack: Pack, row: int) -> tuple[list[float], list[float]]:
    """Return train loss before each step and test loss after the last, as one writes it for one network in PyTorch."""
    fields, task = replica.config, pack.parts.task
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=fields["learning_rate"], weight_decay=fields["weight_decay"], betas=(0.9, 0.999)
    )
    losses = []
    for _ in range(STEPS):
        module.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(module(task.train.inputs[row]), task.train.targets[row])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    module.eval()
    with torch.no_grad():
        test = nn.functional.cross_entropy(module(task.test.inputs[row]), task.test.targets[row])
    return losses, [float(test)]


@pytest.mark.parametrize("code", [MLP, BATCH_NORM], ids=["mlp", "batch norm"])
def test_a_network_trains_as_in_a_plain_loop_of_pytorch(code: str, tmp_path: Path) -> None:
    experiment = launched(tmp_path, code)
    replicas = [
        Replica.of(experiment.family, fields, seed=seed, recording=dataclasses.replace(RECORDING, grid_min_steps=1))
        for seed, fields in enumerate(({"learning_rate": 0.01, "weight_decay": 1.0}, {"learning_rate": 0.003}))
    ]
    pack = Pack(replicas)
    start = [pack.snapshot(row) for row in range(2)]
    loop.advance(pack, last_step=STEPS)
    family = of_family(experiment)
    for row, replica in enumerate(replicas):
        module = family.definition.made(family.Config())
        module.load_state_dict({**start[row].params, **start[row].buffers})
        losses, test = plain_loop(module, replica, pack, row)
        assert pack.curves[row].steps == list(range(STEPS + 1))
        if code == MLP:  # with batch norm, losses to train on are recorded as the network is evaluated
            assert pack.curves[row].column("train_loss")[:-1] == pytest.approx(losses, rel=1e-4)
        assert pack.curves[row].column("test_loss")[-1] == pytest.approx(test[0], rel=1e-4)


@pytest.mark.parametrize("name", ["mlp", "batch norm", "running mean", "tied and frozen", "own loss and metric"])
def test_recorded_steps_are_the_same(name: str, tmp_path: Path) -> None:
    replicas = mixed(network(tmp_path, name))
    straight, pack = trained(replicas), Pack(replicas)
    pack.capture(Emulated())
    assert not pack.sent_singly
    loop.advance(pack, last_step=STEPS)
    for replica, curve in zip(pack.replicas, pack.curves, strict=True):
        torch.testing.assert_close(torch.tensor(curve.rows), torch.tensor(straight[replica.id]), rtol=1e-4, atol=1e-6)


def test_a_network_that_draws_is_not_recorded(tmp_path: Path) -> None:
    pack = Pack(mixed(network(tmp_path, "dropout")))
    pack.capture(Emulated())
    assert "draws random numbers" in pack.sent_singly


def test_replicas_of_other_seeds_start_elsewhere_and_see_other_data(tmp_path: Path) -> None:
    pack = Pack(mixed(launched(tmp_path, REGRESSION, NETWORKS["regression"][1])))
    for values in (*pack.params.values(), pack.parts.task.train.inputs, pack.parts.task.test.targets):
        assert not torch.equal(values[0], values[1])


def test_dropout_draws_anew_at_every_step_and_for_every_seed(tmp_path: Path) -> None:
    pack = Pack(mixed(launched(tmp_path, DROPOUT, "Net, ((PAIRS, SUMS), (PAIRS, SUMS))")))
    network, inputs = pack.parts.model, pack.parts.task.train.inputs
    same = {name: value[:1].expand(4, *value.shape[1:]) for name, value in pack.params.items()}
    passes = []
    for network.step in (0, 1, 0):
        passes.append(network.loss(same, inputs, pack.parts.task.train.targets)[1])
    assert torch.equal(passes[0], passes[2]) and not torch.equal(passes[0], passes[1])
    assert not torch.equal(passes[0][0], passes[0][1])
    assert torch.equal(*network.apply(same, inputs)[0][:2])


def test_muon_orthogonalises_no_table_of_embeddings(tmp_path: Path) -> None:
    (replica,) = mixed(launched(tmp_path, MLP), optimizer="muon")[:1]
    state = Pack([replica]).optimizer_state
    assert "first.embedding.weight" in state and "velocity.mlp.0.weight" in state


def test_work_and_memory_grow_with_the_network_and_the_batch(tmp_path: Path) -> None:
    family = of_family(launched(tmp_path, MLP))
    small, wide, batch = family.Config(), family.Config(width=32), family.Config(width=32, batch_size=5)
    for estimate in (family.replica_mib, family.step_gflop):
        assert 0 < estimate(small) < estimate(wide) and estimate(batch) < estimate(wide)
    products = 2 * 29 * (32 * 128 + 128 * 7)  # of 29 examples, through both layers
    assert family.step_gflop(wide) == pytest.approx(3 * products / 1e9, rel=0.05)
