"""Losses against torch, worked examples, and what float64 keeps that float32 loses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trainables.losses.binary_cross_entropy import BinaryCrossEntropy
from trainables.losses.cross_entropy import CrossEntropy
from trainables.losses.hinge import Hinge
from trainables.losses.mean_square import MeanSquare
from trainables.names import available, part
from trainables.randomness import generator

KINDS = ("classes", "reals", "two classes")


def made(kind: str, seed: int = 0, rows: int = 3) -> tuple[Tensor, Tensor]:
    """Return outputs (R, 6, C) and targets of one kind."""
    source = generator(seed, kind)
    outputs = torch.randn(rows, 6, 1 if kind == "two classes" else 4, generator=source)
    if kind == "reals":
        return outputs, torch.randn(rows, 6, 4, generator=source)
    return outputs, torch.randint(0, 2 if kind == "two classes" else 4, (rows, 6), generator=source)


def reference(name: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the same loss of one replica by torch."""
    if name == "cross_entropy":
        return nn.functional.cross_entropy(outputs, targets)
    if name == "mean_square":
        classes = nn.functional.one_hot(targets, 4).double() if targets.dim() == 1 else targets.double()
        return nn.functional.mse_loss(outputs, classes)
    if name == "hinge":
        return nn.functional.relu(1 - outputs[:, 0] * torch.where(targets == 1, 1.0, -1.0)).mean()
    return nn.functional.binary_cross_entropy_with_logits(outputs[:, 0], targets.double())


OF = {
    "cross_entropy": ("classes",),
    "mean_square": ("classes", "reals"),
    "hinge": ("two classes",),
    "binary_cross_entropy": ("two classes",),
}
CASES = [(name, kind) for name, kinds in OF.items() for kind in kinds]


def test_every_loss_has_a_reference() -> None:
    assert set(OF) == set(available("trainables.losses"))


@pytest.mark.parametrize("loss_dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, kind", CASES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_value_and_gradient_of_each_replica_equal_torch(name: str, kind: str, loss_dtype: str, seed: int) -> None:
    outputs, targets = made(kind, seed)
    leaf = outputs.clone().requires_grad_()
    found = part("trainables.losses", name)(loss_dtype=loss_dtype).value(leaf, targets)
    (gradient,) = torch.autograd.grad((found * torch.tensor([1.0, 2.0, 3.0])).sum(), leaf)
    assert found.dtype == getattr(torch, loss_dtype) and gradient.dtype == torch.float32
    close = 1e-5 if loss_dtype == "float32" else 1e-12
    for row in range(3):
        exact = outputs[row].double().requires_grad_()
        wanted = reference(name, exact, targets[row])
        assert found[row].item() == pytest.approx(wanted.item(), rel=close, abs=close)
        (slope,) = torch.autograd.grad(wanted * (row + 1), exact)
        torch.testing.assert_close(gradient[row].double(), slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name, kind", CASES)
def test_a_replicas_loss_does_not_depend_on_its_neighbours(name: str, kind: str) -> None:
    outputs, targets = made(kind, rows=8)
    loss = part("trainables.losses", name)()
    assert torch.equal(loss.value(outputs, targets)[2:4], loss.value(outputs[2:4], targets[2:4]))


def test_losses_of_the_examples_worked_by_hand() -> None:
    assert CrossEntropy().value(torch.zeros(1, 1, 3), torch.tensor([[2]])).item() == pytest.approx(math.log(3))
    assert MeanSquare().value(torch.tensor([[[1.0, 0, 1]]]), torch.tensor([[0]])).item() == pytest.approx(1 / 3)
    half, both = torch.tensor([[[0.5], [0.5]]]), torch.tensor([[1, 0]])
    assert Hinge().each(half, both).tolist() == [[0.5, 1.5]]
    assert BinaryCrossEntropy().value(torch.zeros(1, 2, 1), both).item() == pytest.approx(math.log(2))


def test_answers_are_right_by_the_largest_output_or_by_the_sign() -> None:
    outputs = torch.tensor([[[0.0, 2.0], [3.0, 1.0]]])
    assert CrossEntropy().right(outputs, torch.tensor([[1, 1]])).tolist() == [[True, False]]
    signs = torch.tensor([[[0.1], [-0.1]]])
    assert Hinge().right(signs, torch.tensor([[1, 1]])).tolist() == [[True, False]]
    with pytest.raises(ValueError, match="no right answers"):
        MeanSquare().right(outputs, outputs)


@pytest.mark.parametrize("classes", [2, 67])
@pytest.mark.parametrize("margin", [5, 10, 17, 18, 20, 25, 30, 37, 50, 80])
def test_loss_and_gradient_of_a_sure_answer_are_those_of_float64_at_any_margin(margin: int, classes: int) -> None:
    """Known from the closed form: with n others, all ``margin`` below, the rest of the sum is n · exp(-margin)."""
    outputs = torch.zeros(1, 1, classes)
    outputs[..., 0] = margin
    rest = (classes - 1) * math.exp(-margin)
    loss, gradient = gradient_of(outputs, "exact")
    assert loss == pytest.approx(math.log1p(rest), rel=1e-5, abs=0)
    assert gradient[0].item() == pytest.approx(-rest / (1 + rest), rel=1e-5, abs=0)
    assert gradient[1].item() == pytest.approx(math.exp(-margin) / (1 + rest), rel=1e-5, abs=0)


@settings(max_examples=50, deadline=None)
@given(margin=st.floats(-80, 80), seed=st.integers(0, 10**6))
def test_exact_gradients_are_those_of_float64_whichever_class_is_largest(margin: float, seed: int) -> None:
    outputs = torch.randn(1, 1, 9, generator=generator(seed, "outputs"))
    outputs[..., 0] += margin
    loss, gradient = gradient_of(outputs, "exact")
    of_target, others = outputs[0, 0, 0].double(), outputs[0, 0, 1:].double()
    relative = (others - of_target).exp().sum()  # Σ exp(z_c - z_0): the loss is log(1 + it), p_0 is 1 / (1 + it)
    wanted = torch.cat([-(relative / (1 + relative)).view(1), (others - of_target).exp() / (1 + relative)])
    assert loss == pytest.approx(relative.log1p().item(), rel=1e-5, abs=0)
    torch.testing.assert_close(gradient.double(), wanted, rtol=2e-5, atol=0)


def test_rounded_arithmetic_loses_the_gradient_of_a_sure_answer_in_float32_alone() -> None:
    """At a margin of 25 the probability of the right class is 1 - 1.4e-11, which float32 cannot tell from 1."""
    outputs = torch.tensor([[[25.0, 0.0]]])
    assert gradient_of(outputs, "rounded")[1].tolist() == [0, pytest.approx(math.exp(-25))]
    assert gradient_of(outputs.double(), "rounded")[1][0].item() == pytest.approx(-math.exp(-25), rel=1e-4)


def test_rounded_arithmetic_is_that_of_torch() -> None:
    """At a margin of 16 p - 1 = -1.1e-7 is known to half a digit: torch and the rounded form give its neighbour."""
    outputs = torch.tensor([[[16.0, 0.0]]])
    leaf = outputs.clone().requires_grad_()
    nn.functional.cross_entropy(leaf[0], torch.tensor([0])).backward()
    assert leaf.grad is not None
    assert gradient_of(outputs, "rounded")[1].tolist() == pytest.approx(leaf.grad.flatten().tolist(), rel=1e-6)
    assert gradient_of(outputs, "exact")[1][0].item() != pytest.approx(leaf.grad[0, 0, 0].item(), rel=1e-3)


def gradient_of(outputs: Tensor, arithmetic: str) -> tuple[float, Tensor]:
    """Return the loss of one example whose target is class 0, and its gradient by the outputs, shape (C,)."""
    leaf = outputs.clone().requires_grad_()
    value = CrossEntropy(loss_arithmetic=arithmetic).value(leaf, torch.zeros(1, 1, dtype=torch.int64))
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return value.item(), gradient[0, 0]
