"""Muon and Lion against torch.optim, closed forms and updates written out by hand."""

from __future__ import annotations

import pytest
import torch
from tiny import tiny_replica
from torch import Tensor

from trainables import loop
from trainables.optimizers.adamw import AdamW
from trainables.optimizers.lion import Lion
from trainables.optimizers.muon import COEFFICIENTS, ROUNDS, Muon, orthogonalised
from trainables.pack import Pack
from trainables.randomness import generator

RATES, DECAYS, BETA1, BETA2, MOMENTUM = (1e-2, 3e-3), (0.0, 1.0), (0.9, 0.8), (0.99, 0.98), (0.95, 0.9)
CLIPS, WARMUPS, EPSILON = (None, 0.5), (0, 4), (1e-8, 1e-8)
SHAPES = {"key": (4, 3), "hidden_weight": (3, 6), "hidden_bias": (6,), "embedding": (5, 4)}
FACTS = {"learning_rate": RATES, "weight_decay": DECAYS, "clip_norm": CLIPS, "warmup_steps": WARMUPS}


def drawn(step: int) -> dict[str, Tensor]:
    return {
        name: torch.randn(2, *shape, generator=generator(step, name), dtype=torch.float64)
        for name, shape in SHAPES.items()
    }


def clipped(grads: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    leaves = [torch.zeros_like(value[row]).requires_grad_() for value in grads.values()]
    for leaf, value in zip(leaves, grads.values(), strict=True):
        leaf.grad = value[row].clone()
    if CLIPS[row] is not None:
        torch.nn.utils.clip_grad_norm_(leaves, CLIPS[row])
    return {name: leaf.grad for name, leaf in zip(grads, leaves, strict=True) if leaf.grad is not None}


def rate(row: int, step: int) -> float:
    return RATES[row] * min((step + 1) / max(WARMUPS[row], 1), 1)


def test_lion_equals_the_update_written_out() -> None:
    params = drawn(100)
    start = {name: value.clone() for name, value in params.items()}
    ours = Lion(beta1=BETA1, beta2=BETA2, **FACTS)
    state = ours.init(params)
    for step in range(12):
        ours.step(params, drawn(step), state, step=step)
    for row in range(2):
        theta = {name: value[row].clone() for name, value in start.items()}
        average = {name: torch.zeros_like(value) for name, value in theta.items()}
        for step in range(12):
            for name, grad in clipped(drawn(step), row).items():
                sign = torch.sign(BETA1[row] * average[name] + (1 - BETA1[row]) * grad)
                theta[name] = theta[name] - rate(row, step) * (sign + DECAYS[row] * theta[name])
                average[name] = BETA2[row] * average[name] + (1 - BETA2[row]) * grad
        for name, expected in theta.items():
            torch.testing.assert_close(params[name][row], expected, rtol=1e-10, atol=1e-12)


def test_muon_moves_matrices_as_torch_does_and_the_rest_as_adamw() -> None:
    params = drawn(100)
    start = {name: value.clone() for name, value in params.items()}
    ours = Muon(beta1=BETA1, beta2=BETA2, epsilon=EPSILON, momentum=MOMENTUM, **FACTS)
    state = ours.init(params)
    for step in range(8):
        ours.step(params, drawn(step), state, step=step)
    for row in range(2):
        expected = torchs(start, row)
        for name in ("key", "hidden_weight"):  # torch's rounds are made in bfloat16
            moved, should = params[name][row] - start[name][row], expected[name] - start[name][row]
            assert float((moved - should).norm() / should.norm()) < 0.02
        for name in ("hidden_bias", "embedding"):
            torch.testing.assert_close(params[name][row], expected[name], rtol=1e-10, atol=1e-12)


def torchs(start: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    leaves = {name: value[row].clone().requires_grad_() for name, value in start.items()}
    matrices = [leaves[name] for name in ("key", "hidden_weight")]
    rest = [leaves[name] for name in ("hidden_bias", "embedding")]
    optimizers = [
        torch.optim.Muon(matrices, weight_decay=DECAYS[row], momentum=MOMENTUM[row], adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, weight_decay=DECAYS[row], betas=(BETA1[row], BETA2[row])),
    ]
    for step in range(8):
        for name, grad in clipped(drawn(step), row).items():
            leaves[name].grad = grad
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = rate(row, step)
            optimizer.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5)])
def test_orthogonalising_keeps_singular_vectors_and_maps_each_singular_value(shape: tuple[int, int]) -> None:
    matrices = torch.randn(2, *shape, generator=generator(0, "matrices"), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrices, full_matrices=False)
    mapped = values / matrices.flatten(1).norm(dim=1, keepdim=True)
    a, b, c = COEFFICIENTS
    for _ in range(ROUNDS):
        mapped = a * mapped + b * mapped**3 + c * mapped**5
    torch.testing.assert_close(orthogonalised(matrices), left * mapped.unsqueeze(1) @ right, rtol=1e-9, atol=1e-10)
    assert float(mapped.min()) > 0.3 and float(mapped.max()) < 1.3


def test_muon_keeps_adamws_moments_for_the_rest_only() -> None:
    params = drawn(0)
    muon = Muon(beta1=BETA1, beta2=BETA2, epsilon=EPSILON, momentum=MOMENTUM, **FACTS).init(params)
    adamw = AdamW(beta1=BETA1, beta2=BETA2, epsilon=EPSILON, **FACTS).init(params)
    assert set(muon) - set(adamw) == {"velocity.key", "velocity.hidden_weight"}
    assert {"first.key", "second.hidden_weight"} <= set(adamw) - set(muon)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "muon", "lion"])
def test_replicas_with_their_own_coefficients_equal_themselves_alone(optimizer: str) -> None:
    fields = ({"learning_rate": 0.01, "momentum": 0.5}, {"learning_rate": 0.003, "weight_decay": 0.1})
    replicas = [tiny_replica(seed, optimizer=optimizer, **each) for seed, each in enumerate(fields)]
    together, alone = Pack(replicas), Pack(replicas[1:])
    for pack in (together, alone):
        loop.advance(pack, last_step=30)
    assert together.curves[1].rows == alone.curves[0].rows
