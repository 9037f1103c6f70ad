"""Steps that are recorded once and made again give the numbers of steps made one by one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from emulated import Emulated
from tiny import tiny_replica

from trainables import loop
from trainables.interventions._prior import Prior
from trainables.pack import Pack
from trainables.replica import Recording, Replica

RECORDING = Recording(end="budget", grid_min_steps=5)
STEPS = 45
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "annealed": {"schedule": "annealed", "schedule_steps": 20, "kl_strength": 0.5},
    "late": {"schedule": "late", "schedule_steps": 20, "kl_strength": 0.5, "prior": "entropy"},
    "heads": {"heads": 2},
    "moving": {"routing": "moving"},
    "next token": {"task": "parity", "bits": 6, "parity_size": 2, "examples": 60, "loss_on": "all"},
    "sgd": {"optimizer": "sgd"},
    "muon": {"optimizer": "muon"},
    "lion": {"optimizer": "lion", "warmup_steps": 20},
    "linear ReLU": {"attention": "linear_relu", "layer_norm": True, "residual": True},
    "sinusoidal": {"position_table": "sinusoidal", "positions": 6, "longest": 8},
    "mini-batches": {"batch_size": 32},
    "held norm": {"mlp_norm": 2.0, "query_key_penalty": 0.5},
    "ticket": {"ticket": "rewound", "parent_steps": 10},
    "teacher": {"prior": "teacher", "parent_steps": 10, "kl_strength": 0.5},
}


def replicas(kind: str) -> list[Replica]:
    return [tiny_replica(seed, recording=RECORDING, **{"warmup_steps": 10 * seed, **KINDS[kind]}) for seed in range(3)]


def made(kind: str, device: str = "cpu") -> Pack:
    parents = {}
    for parent in (each.parent for each in replicas(kind)):
        if parent:
            trained = Pack([parent])
            loop.advance(trained, last_step=10)
            parents[parent.id] = trained.snapshot(0).params
    return Pack(replicas(kind), device=device, parents=parents)


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_steps_give_the_numbers_of_single_ones(kind: str) -> None:
    single, recorded, recorder = made(kind), made(kind), Emulated()
    loop.advance(recorded, last_step=STEPS, steps=3)
    recorded.capture(recorder)
    assert recorded.sent_singly == ""
    for pack in (single, recorded):
        loop.advance(pack, last_step=STEPS)
    assert recorder.replays == 2 * (STEPS - 3) + 1 + STEPS // 5
    assert [curve.steps for curve in recorded.curves] == [curve.steps for curve in single.curves]
    for curve, other in zip(recorded.curves, single.curves, strict=True):
        torch.testing.assert_close(torch.tensor(curve.rows), torch.tensor(other.rows), rtol=1e-4, atol=1e-6)
    for name, value in single.params.items():
        torch.testing.assert_close(recorded.params[name], value, rtol=1e-4, atol=1e-6)


def test_recording_leaves_the_pack_as_it_was() -> None:
    pack, other = made("plain"), made("plain")
    pack.capture(Emulated())
    assert all(torch.equal(value, other.params[name]) for name, value in pack.params.items())
    assert all(torch.equal(value, other.optimizer_state[name]) for name, value in pack.optimizer_state.items())


def test_after_an_eviction_steps_are_recorded_anew() -> None:
    pack, other, first, second = made("annealed"), made("annealed"), Emulated(), Emulated()
    pack.capture(first)
    loop.advance(pack, last_step=STEPS, steps=20)
    pack.keep([0, 2])
    pack.capture(second)
    before = first.replays
    loop.advance(pack, last_step=STEPS)
    loop.advance(other, last_step=STEPS)
    assert first.replays == before and second.replays > 0
    for curve, row in zip(pack.curves, (0, 2), strict=True):
        torch.testing.assert_close(torch.tensor(curve.rows), torch.tensor(other.curves[row].rows), rtol=1e-4, atol=1e-6)


def test_a_pack_that_reads_a_value_back_says_so_and_trains_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    factor = Prior.factor

    def read_back(prior: Prior, step: Any) -> Any:
        return factor(prior, step) if float(step) >= 0 else None

    monkeypatch.setattr(Prior, "factor", read_back)
    pack, other = made("annealed"), made("annealed")
    pack.capture(Emulated())
    assert pack.sent_singly == "a value was read back from the device"
    for each in (pack, other):
        loop.advance(each, last_step=STEPS)
    assert [curve.rows for curve in pack.curves] == [curve.rows for curve in other.curves]


@pytest.mark.parametrize("schedule", ["constant", "annealed", "early", "late"])
def test_a_step_counted_on_the_device_weighs_a_prior_as_a_number_does(schedule: str) -> None:
    prior = Prior(strength=[1.0, 2.0], schedule=schedule, schedule_steps=[7, 12])
    for step in range(15):
        counted = torch.tensor(step, dtype=torch.float64)
        assert torch.equal(prior.factor(counted), prior.factor(step))


@pytest.mark.parametrize("kind", ["plain", "sgd", "muon", "lion"])
def test_a_step_counted_on_the_device_updates_as_a_number_does(kind: str) -> None:
    packs = made(kind), made(kind)
    for step in range(12):
        for pack, count in zip(packs, (step, torch.tensor(step, dtype=torch.float64)), strict=True):
            grads, _ = pack.gradients(pack.split(), count)
            pack.descend(grads, count)
    for name, value in packs[0].params.items():
        torch.testing.assert_close(packs[1].params[name], value, rtol=1e-5, atol=1e-7)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_cuda_graphs_give_the_numbers_of_single_steps_on_a_cpu(kind: str) -> None:
    """In float64: sums on a GPU come in any order, and float32 would let small differences grow over the steps."""
    recorded, single = made(kind, "cuda"), made(kind)
    for pack in (recorded, single):
        pack.params = {name: value.double() for name, value in pack.params.items()}
        pack.optimizer_state = {name: value.double() for name, value in pack.optimizer_state.items()}
        loop.advance(pack, last_step=STEPS)
    assert recorded.sent_singly == ""
    for curve, other in zip(recorded.curves, single.curves, strict=True):
        torch.testing.assert_close(torch.tensor(curve.rows), torch.tensor(other.rows), rtol=1e-4, atol=1e-6)
