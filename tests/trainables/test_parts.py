"""The parts against references: torch.optim, autograd, closed forms, and a plain nn.Module of the same equations."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from trainables.interventions.kl_prior import KLPrior, divergence
from trainables.losses.cross_entropy import CrossEntropy
from trainables.models._first_layer import BLOCK, FromVectors
from trainables.models._mlp import logits_by_block, mlp_loss
from trainables.models.one_layer_attention import OneLayerAttention, _linear_relu, softmax
from trainables.optimizers.adamw import AdamW
from trainables.randomness import generator
from trainables.tasks._splits import train_examples
from trainables.tasks.modular_addition import ModularAddition
from trainables.view import surprise_and_slope

RATES, DECAYS, BETA1, BETA2 = (1e-2, 3e-3, 1e-3), (0.0, 1.0, 0.3), (0.9, 0.8, 0.95), (0.999, 0.98, 0.99)
CLIPS, WARMUPS, EPSILONS = (None, 0.5, 1.0), (0, 10, 3), (1e-8, 1e-3, 0.1)


def test_stacked_adamw_equals_torch_adamw_with_clipping_and_warmup() -> None:
    shapes = {"matrix": (4, 3), "vector": (3,)}
    start = {
        name: torch.randn(3, *shape, generator=generator(1, name), dtype=torch.float64)
        for name, shape in shapes.items()
    }
    params = {name: value.clone() for name, value in start.items()}
    ours = AdamW(
        learning_rate=RATES,
        weight_decay=DECAYS,
        beta1=BETA1,
        beta2=BETA2,
        epsilon=EPSILONS,
        clip_norm=CLIPS,
        warmup_steps=WARMUPS,
    )
    state = ours.init(params)
    gradients = [
        {
            name: torch.randn(3, *shape, generator=generator(step, name), dtype=torch.float64)
            for name, shape in shapes.items()
        }
        for step in range(25)
    ]
    for step, grads in enumerate(gradients):
        ours.step(params, grads, state, step=step)
    for row in range(3):
        expected = _torch_adamw({name: value[row] for name, value in start.items()}, gradients, row)
        for name, value in expected.items():
            torch.testing.assert_close(params[name][row], value, rtol=1e-10, atol=1e-12)


def _torch_adamw(start: dict[str, Tensor], gradients: list[dict[str, Tensor]], row: int) -> dict[str, Tensor]:
    leaves = {name: value.clone().requires_grad_() for name, value in start.items()}
    optimizer = torch.optim.AdamW(
        leaves.values(), lr=RATES[row], betas=(BETA1[row], BETA2[row]), eps=EPSILONS[row], weight_decay=DECAYS[row]
    )
    for step, grads in enumerate(gradients):
        for name, leaf in leaves.items():
            leaf.grad = grads[name][row].clone()
        if CLIPS[row] is not None:
            torch.nn.utils.clip_grad_norm_(leaves.values(), CLIPS[row])
        optimizer.param_groups[0]["lr"] = RATES[row] * min((step + 1) / max(WARMUPS[row], 1), 1)
        optimizer.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}


class PlainNetwork(nn.Module):
    """The same equations, one network at a time, position by position, without tables."""

    def __init__(self, params: dict[str, Tensor], row: int, model: OneLayerAttention) -> None:
        super().__init__()
        self.values = nn.ParameterDict(
            {name: nn.Parameter(value[row].detach().clone()) for name, value in params.items()}
        )
        self.model = model

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        v = self.values
        x = v["embedding"][tokens] + v["position"]
        query = x[:, -1] @ v["query"]
        scores = torch.einsum("nd,ntd->nt", query, x @ v["key"]) / math.sqrt(self.model.width)
        if self.model.attention == "softmax":
            attention = torch.softmax(scores, -1)
        else:
            positive = torch.relu(scores)
            attention = positive / positive.sum(-1, keepdim=True)
        z = torch.einsum("nt,ntd->nd", attention, x @ v["value"])
        if self.model.residual:
            z = z + x[:, -1]
        if self.model.layer_norm:
            z = nn.functional.layer_norm(z, z.shape[-1:]) * v["norm_gain"] + v["norm_bias"]
        hidden = torch.relu(z @ v["hidden_weight"] + v["hidden_bias"])
        return hidden @ v["output_weight"] + v["output_bias"], attention


@pytest.mark.parametrize(
    "low, close", [(torch.float64, 1e-12), (torch.bfloat16, 0.1)], ids=["exact", "rounded to bfloat16"]
)
@pytest.mark.parametrize("examples", [5, BLOCK, 3 * BLOCK + 100])
def test_the_mlp_in_blocks_equals_torch_in_value_and_gradient(low: torch.dtype, close: float, examples: int) -> None:
    source = torch.Generator().manual_seed(0)
    shapes = [(2, examples, 8), (2, 8, 32), (2, 32), (2, 32, 7), (2, 7)]
    x, *weights = leaves = [torch.randn(s, generator=source, dtype=torch.float64).requires_grad_() for s in shapes]
    targets = torch.randint(0, 7, (2, examples), generator=source)
    outer = torch.tensor([1.0, 3.0], dtype=torch.float64)
    expected = (x @ weights[0] + weights[1].unsqueeze(1)).relu() @ weights[2] + weights[3].unsqueeze(1)
    wanted = nn.functional.cross_entropy(expected.mT, targets, reduction="none").mean(1)
    first = FromVectors(x, weights[0], weights[1], low)
    loss, logits = mlp_loss(first, weights[2:], targets)
    grads = torch.autograd.grad(loss, leaves, outer)
    of_wanted = torch.autograd.grad(wanted, leaves, outer)
    assert torch.equal(logits, torch.cat([made for _, made in logits_by_block(first, weights[2:])], 1))
    for found, reference in ((loss, wanted), (logits, expected), *zip(grads, of_wanted, strict=True)):
        assert (found - reference).norm() <= close * reference.norm()


@pytest.mark.parametrize("arithmetic, found", [("exact", -2 * math.exp(-30)), ("rounded", 0.0)])
def test_the_mlp_of_a_sure_answer_learns_by_the_arithmetic_it_is_given(arithmetic: str, found: float) -> None:
    """Without weights the logits are the output biases: 30 for the target, 0 for two others."""
    bias = torch.tensor([[30.0, 0.0, 0.0]], requires_grad=True)
    first = FromVectors(torch.zeros(1, 2, 4), torch.zeros(1, 4, 8), torch.zeros(1, 8), torch.float32)
    targets = torch.zeros(1, 2, dtype=torch.int64)
    loss, _ = mlp_loss(first, [torch.zeros(1, 8, 3), bias], targets, arithmetic)
    (gradient,) = torch.autograd.grad(loss.sum(), bias)
    assert gradient[0, 0].item() == pytest.approx(found, rel=1e-5, abs=0)
    assert loss.item() == pytest.approx(2 * math.exp(-30), rel=1e-2, abs=0)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("distractors", ["random", "constant"])
@pytest.mark.parametrize("attention", ["softmax", "linear_relu"])
@pytest.mark.parametrize("fixed", [False, True], ids=["vectors", "tables"])
def test_packed_model_equals_a_plain_module(
    residual: bool, layer_norm: bool, distractors: str, attention: str, fixed: bool
) -> None:
    task = ModularAddition(modulus=7, train_fraction=0.5, distractors=distractors, data_seeds=[0, 1])
    model = OneLayerAttention(
        vocabulary=task.vocabulary,
        positions=task.positions,
        classes=task.classes,
        query_token=task.query_token,
        width=6,
        attention=attention,
        residual=residual,
        layer_norm=layer_norm,
        fixed=task.train.inputs if fixed else None,
    )
    drawn = model.init([generator(seed, "init") for seed in (3, 4)])
    params = {name: value.double().requires_grad_() for name, value in drawn.items()}
    loss, logits, trace = model.loss(params, task.train.inputs, task.train.targets)
    grads = dict(zip(params, torch.autograd.grad(loss.sum(), list(params.values()), allow_unused=True), strict=True))
    for row in range(2):
        if trace.uniform_fallback is not None and trace.uniform_fallback[row].any():
            continue  # the plain module divides 0 by 0 there; the fallback has a test of its own
        plain = PlainNetwork(params, row, model)
        expected, expected_attention = plain(task.train.inputs[row])
        torch.testing.assert_close(trace.attention[row], expected_attention)
        torch.testing.assert_close(logits[row], expected)
        nn.functional.cross_entropy(expected, task.train.targets[row]).backward()
        for name, leaf in plain.values.items():
            if leaf.grad is not None:
                torch.testing.assert_close(grads[name][row], leaf.grad)


def test_divergence_of_uniform_attention_is_log_of_positions_over_informative() -> None:
    uniform = torch.full((1, 1, 5), 0.2, dtype=torch.float64).log()
    assert divergence(uniform, (0, 2)).item() == pytest.approx(math.log(5 / 2))


def test_divergence_gradient_on_softmax_scores_is_attention_minus_target() -> None:
    scores = torch.randn(2, 3, 5, generator=generator(0, "scores"), dtype=torch.float64, requires_grad=True)
    trace = softmax(scores)
    (gradient,) = torch.autograd.grad(divergence(trace.log_attention, (0, 2)).sum(), scores)
    target = torch.tensor([0.5, 0, 0.5, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(gradient, trace.attention.detach() - target)


def test_divergence_gradient_of_linear_relu_attention_has_the_closed_form() -> None:
    scores = torch.rand(1, 4, 5, generator=generator(0, "scores"), dtype=torch.float64) + 0.1
    scores.requires_grad_()
    trace = _linear_relu(scores)
    (gradient,) = torch.autograd.grad(divergence(trace.log_attention, (0, 2)).sum(), scores)
    target = torch.tensor([0.5, 0, 0.5, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(gradient, (trace.attention.detach() - target) / scores.detach())


def test_linear_relu_attention_without_positive_scores_is_uniform_and_finite() -> None:
    scores = -torch.ones(1, 1, 5, requires_grad=True)
    trace = _linear_relu(scores)
    (gradient,) = torch.autograd.grad(divergence(trace.log_attention, (0, 2)).sum(), scores)
    assert trace.attention.tolist() == [[[pytest.approx(0.2)] * 5]]
    assert trace.uniform_fallback is not None and trace.uniform_fallback.all()
    assert gradient.abs().sum() == 0


def test_prior_adds_its_strength_times_the_mean_divergence() -> None:
    trace = softmax(torch.randn(2, 3, 5, generator=generator(0, "scores")))
    penalty = KLPrior(strength=[0.0, 2.0], positions=(0, 2)).loss(trace, {}, 0)
    assert penalty[0] == 0
    assert penalty[1].item() == pytest.approx(2 * divergence(trace.log_attention, (0, 2))[1].mean().item())


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(2, 9), st.integers(0, 10**6))
def test_surprise_and_its_slope_equal_torch(rows: int, examples: int, classes: int, seed: int) -> None:
    source = generator(seed, "logits")
    logits = torch.randn(rows, examples, classes, generator=source, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(0, classes, (rows, examples), generator=source)
    expected = (
        nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(rows, -1).mean(1)
    )
    surprise, slope = surprise_and_slope(logits.detach(), targets)
    torch.testing.assert_close(surprise.mean(1), expected)
    torch.testing.assert_close(CrossEntropy().value(logits, targets), expected)
    (wanted,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(slope / examples, wanted)


@pytest.mark.parametrize("distractors", ["random", "constant"])
def test_task_splits_all_pairs_without_overlap(distractors: str) -> None:
    task = ModularAddition(modulus=7, train_fraction=0.3, distractors=distractors, data_seeds=[5])
    train, test = ({tuple(pair) for pair in split.inputs[0][:, [0, 2]].tolist()} for split in (task.train, task.test))
    assert len(train) == train_examples(49, 0.3) == 14
    assert not train & test and len(train | test) == 49
    assert (task.train.targets[0] == task.train.inputs[0][:, [0, 2]].sum(1) % 7).all()


def test_torch_initialisation_has_the_bounds_of_nn_linear() -> None:
    model = OneLayerAttention(vocabulary=5, positions=5, classes=50, query_token=4, width=16, init="torch")
    params = model.init([generator(0, "init")])
    for name, fan_in in (("query", 16), ("hidden_bias", 16), ("output_weight", 64), ("output_bias", 64)):
        largest = params[name].abs().max().item()
        assert 0.8 / math.sqrt(fan_in) < largest <= 1 / math.sqrt(fan_in)
