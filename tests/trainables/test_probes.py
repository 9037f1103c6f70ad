"""Probes against loops over single examples, closed forms, planted laws, and a bound that is nearly tight."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import tiny_replica
from torch import Tensor

from trainables import loop
from trainables._operator_norm import operator_norm
from trainables.losses.cross_entropy import CrossEntropy
from trainables.models.one_layer_attention import OneLayerAttention
from trainables.names import part
from trainables.pack import Pack
from trainables.probes import explaining_away
from trainables.probes.explaining_away import (
    ExplainingAway,
    _slope,
    interaction_gradient,
    longest_inputs,
    score_gradients,
)
from trainables.probes.structure import Structure
from trainables.randomness import generator
from trainables.replica import Recording, family_named
from trainables.tasks._splits import Split, on_informative
from trainables.tasks.modular_addition import ModularAddition
from trainables.tasks.moving_addition import MovingAddition
from trainables.view import Pass, View

ATTENTIONS = ("softmax", "linear_relu")
BOUNDS = ("printed", "exact", "sharp")
COMMON = {"modulus": 5, "train_fraction": 0.5, "data_seeds": [0, 1]}


def view_of(params: dict[str, Tensor], task: Any, model: OneLayerAttention) -> View:
    with torch.no_grad():
        loss, logits, trace = model.loss(params, task.train.inputs, task.train.targets)
    return View(params, task, model, CrossEntropy(), Pass(logits, task.train.targets, loss, trace, CrossEntropy()))


def random_view(seed: int = 0, *, scale: float = 1.0, moving: bool = False, **facts: Any) -> View:
    """Return two networks in float64 with weights times a scale."""
    task = MovingAddition(**COMMON) if moving else ModularAddition(**COMMON, distractors="random")
    sizes = {"vocabulary": task.vocabulary, "positions": task.positions, "classes": task.classes}
    model = OneLayerAttention(**sizes, query_token=task.query_token, width=6, init="torch", **facts)
    drawn = model.init([generator(seed, "first"), generator(seed, "second")])
    return view_of({name: scale * value.double() for name, value in drawn.items()}, task, model)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_score_gradients_equal_autograd_on_one_example_at_a_time(attention: str) -> None:
    view = random_view(attention=attention)
    found, surprise, _ = score_gradients(view, view.params)
    leaves = {name: value.clone().requires_grad_() for name, value in view.params.items()}
    tokens, targets = view.task.train.inputs, view.task.train.targets
    for n in range(tokens.shape[1]):
        logits, trace = view.model.apply(leaves, tokens[:, n : n + 1])
        losses = torch.nn.functional.cross_entropy(logits[:, 0], targets[:, n], reduction="none")
        (wanted,) = torch.autograd.grad(losses.sum(), [trace.scores])
        torch.testing.assert_close(found[:, n], wanted[:, 0])
        torch.testing.assert_close(surprise[:, n], losses.detach())


@pytest.mark.parametrize("table", ["learned", "none", "sinusoidal"])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_interaction_gradient_equals_autograd_by_the_product_of_query_and_key(attention: str, table: str) -> None:
    view = random_view(attention=attention, position_table=table)
    gradient, _, _ = score_gradients(view, view.params)
    product = (view.params["query"] @ view.params["key"].mT).requires_grad_()
    params = {**view.params, "query": product, "key": torch.eye(6, dtype=torch.float64).expand(2, -1, -1)}
    loss, _, _ = view.model.loss(params, view.task.train.inputs, view.task.train.targets)
    (wanted,) = torch.autograd.grad(loss.sum(), [product])
    torch.testing.assert_close(interaction_gradient(view, view.params, gradient), wanted.norm(dim=(1, 2)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(ATTENTIONS), st.sampled_from([0.3, 1.0, 3.0, 10.0]), st.booleans())
def test_bounds_hold_on_random_networks(seed: int, attention: str, scale: float, residual: bool) -> None:
    columns = ExplainingAway().measure(random_view(seed, scale=scale, attention=attention, residual=residual))
    ratios = [columns[f"bound_ratio_{bound}"] for bound in BOUNDS]
    assert all((columns[f"bound_violations_{bound}"] == 0).all() for bound in BOUNDS)
    assert (ratios[0] <= ratios[1]).all() and (ratios[1] <= ratios[2]).all() and (ratios[2] <= 1.0001).all()
    assert all(torch.isfinite(values).all() for values in columns.values())


def test_longest_inputs_are_those_of_a_loop_over_examples() -> None:
    view = random_view()
    inputs = [view.params["embedding"][row, view.task.train.inputs[row]] for row in range(2)]
    wanted = (torch.stack(inputs) + view.params["position"].unsqueeze(1)).norm(dim=-1).amax(-1)
    torch.testing.assert_close(longest_inputs(view, view.params), wanted)


def tight_view(attention: str, scores: float = 1.0) -> View:
    """Return a network whose two value vectors are v and -v, and whose MLP is linear with one direction.

    The second components of x carry the scores, 1 to 9, so linear ReLU attention is (0.1, 0.9), whatever they are
    multiplied by.
    """
    root = math.sqrt(8)
    params = {
        "embedding": torch.tensor([[1.0, 0.01], [-1.0, 0.09]]),
        "query": scores * torch.tensor([[0.0, 0.0], [0.0, 10.0]]),
        "key": torch.tensor([[0.0, 0.0], [0.0, 1.0]]),
        "value": torch.tensor([[1.0, 0.0], [0.0, 0.0]]),
        "hidden_weight": torch.tensor([[1 / root] * 8, [0.0] * 8]),
        "hidden_bias": torch.ones(8),
        "output_weight": torch.tensor([[1.0, -1.0]] * 8) / (root * math.sqrt(2)),
        "output_bias": torch.zeros(2),
    }
    sizes = {"vocabulary": 2, "positions": 2, "classes": 2, "query_token": 1, "width": 2}
    model = OneLayerAttention(**sizes, attention=attention, position_table="none")
    train = Split(torch.tensor([[[0, 1]]]), torch.tensor([[0]]), (0,))
    return view_of({name: value.unsqueeze(0) for name, value in params.items()}, SimpleNamespace(train=train), model)


@pytest.mark.parametrize("attention, bound", [("softmax", "sharp"), ("linear_relu", "sharp"), ("linear_relu", "exact")])
def test_a_lipschitz_constant_of_half_the_size_is_caught(
    attention: str, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = tight_view(attention)
    honest = ExplainingAway().measure(view)
    assert 0.85 < honest[f"bound_ratio_{bound}"] <= 1 and honest[f"bound_violations_{bound}"] == 0
    whole = explaining_away.mlp_lipschitz
    monkeypatch.setattr(explaining_away, "mlp_lipschitz", lambda params: whole(params) / 2)
    assert ExplainingAway().measure(view)[f"bound_violations_{bound}"] == 1


def test_bounds_of_linear_relu_attention_grow_as_its_sum_of_scores_vanishes() -> None:
    """As the gradients do: those of softmax, with α(1 - α), would be exceeded by orders of magnitude there."""
    usual, small = (tight_view("linear_relu", scores) for scores in (1.0, 1e-6))
    of_usual, of_small = ExplainingAway().measure(usual), ExplainingAway().measure(small)
    assert of_small["score_gradient"] == pytest.approx(1e6 * of_usual["score_gradient"].item(), rel=1e-4)
    for bound in BOUNDS:
        assert of_small[f"bound_ratio_{bound}"] == pytest.approx(of_usual[f"bound_ratio_{bound}"].item(), rel=1e-4)
        assert of_small[f"bound_violations_{bound}"] == 0
    gradient, surprise, trace = score_gradients(small, small.params)
    reach = 2 * explaining_away.mlp_lipschitz(small.params) * operator_norm(small.params["value"])
    exact = reach * longest_inputs(small, small.params)[:, 0] * math.sqrt(2) * -torch.expm1(-surprise[:, 0])
    of_softmax = trace.attention * (1 - trace.attention) * exact
    assert (gradient.abs() > 1e3 * of_softmax).all()


def test_inputs_without_a_positive_score_have_no_gradient_and_no_violation() -> None:
    view = random_view(attention="linear_relu")
    params = {**view.params, "query": torch.zeros_like(view.params["query"])}
    columns = ExplainingAway().measure(view_of(params, view.task, view.model))
    assert all((values == 0).all() for values in columns.values())


def test_slope_recovers_a_planted_power_and_leaves_silent_examples_out() -> None:
    surprise = torch.rand(2, 50, generator=generator(0, "surprise"), dtype=torch.float64) + 0.01
    gradient = torch.stack([3 * surprise[0], 0.2 * surprise[1].sqrt()])
    gradient[:, ::7] = 0
    torch.testing.assert_close(_slope(gradient, surprise), torch.tensor([1.0, 0.5], dtype=torch.float64))
    assert _slope(gradient[:, :1], surprise[:, :1]).tolist() == [0, 0]


@pytest.mark.parametrize("fields", [{"heads": 2}, {"layer_norm": True}], ids=str)
def test_explaining_away_refuses_what_it_does_not_hold_for(fields: dict[str, Any]) -> None:
    _, view = Pack([tiny_replica(**fields)]).backward()
    with pytest.raises(ValueError, match="holds for heads = 1 and layer_norm = false; given"):
        ExplainingAway().measure(view)


@pytest.mark.parametrize("shape", [(5, 5), (8, 32), (40, 12), (1, 7), (128, 113)])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_operator_norm_is_never_below_and_at_most_a_fifth_of_a_percent_above(
    shape: tuple[int, int], scale: float
) -> None:
    matrices = scale * torch.randn(3, *shape, generator=generator(0, "matrices"), dtype=torch.float64)
    matrices[1] = matrices[1, :, :1] * matrices[1, :1]
    matrices[2] = scale * torch.eye(*shape)
    wanted, found = torch.linalg.matrix_norm(matrices, ord=2), operator_norm(matrices)
    assert (found >= wanted).all() and (found <= 1.002 * wanted).all()


def test_operator_norm_of_nothing_is_next_to_nothing() -> None:
    assert (operator_norm(torch.zeros(2, 3, 4)) < 1e-200).all()


@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_structure_equals_a_loop_over_inputs(attention: str, moving: bool) -> None:
    view = random_view(attention=attention, moving=moving)
    columns, test, trace = Structure().measure(view), view.task.test, view.test.trace
    for row in range(2):
        entropies, variances, margins, gaps = [], [], [], []
        for n, tokens in enumerate(test.inputs[row]):
            values = (view.params["embedding"][row, tokens] + view.params["position"][row]) @ view.params["value"][row]
            inside = test.informative if not moving else test.informative[row, n].tolist()
            outside = [j for j in range(5) if j not in inside]
            a, rest = trace.attention[row, n], trace.attention[row, n, outside]
            rest = rest / rest.sum() if rest.sum() > 1e-12 else torch.full_like(rest, 1 / 3)
            gaps += [(values[i] - rest @ values[outside]).norm() for i in inside]
            entropies.append(torch.special.entr(a).sum())
            variances.append(trace.scores[row, n].var(correction=0))
            margins.append(a[list(inside)].min() - a[outside].max())
        wanted = {"attention_entropy": torch.stack(entropies).mean(), "score_variance": torch.stack(variances).mean()}
        wanted |= {"b_margin_q01": min(margins), "distractor_gap": min(gaps), "distractor_gap_max": max(gaps)}
        assert columns.keys() == wanted.keys()
        for name, value in wanted.items():
            torch.testing.assert_close(columns[name][row].double(), value, rtol=1e-5, atol=1e-7)


def test_gaps_between_values_are_left_out_with_several_heads() -> None:
    _, view = Pack([tiny_replica(seed, heads=2) for seed in range(3)]).backward()
    columns = Structure().measure(view)
    assert list(columns) == ["attention_entropy", "score_variance", "b_margin_q01"]
    assert all(values.shape == (3,) and torch.isfinite(values).all() for values in columns.values())


@pytest.mark.parametrize("routing", ["fixed", "moving"])
def test_heads_meet_the_pooled_condition_though_none_meets_it_alone(routing: str) -> None:
    """One head looks at one operand only, the other at the other."""
    _, view = Pack([tiny_replica(heads=2, routing=routing)]).backward()
    informative = view.task.test.informative
    R, N, T = view.task.test.inputs.shape
    places = on_informative(torch.arange(T).expand(R, N, T), informative)
    heads = torch.zeros(R, N, 2, T).scatter(-1, places.unsqueeze(-1), 0.9)
    heads = heads.scatter(-1, places.flip(-1).unsqueeze(-1), 0.02)
    view.test = replace(view.test, trace=SimpleNamespace(heads=heads))  # type: ignore[misc]
    columns = part("trainables.probes", "head_mass")().measure(view)
    torch.testing.assert_close(columns["pooled_mass_q01"], torch.full((R,), 0.92))
    torch.testing.assert_close(columns["best_head_mass_q01"], torch.full((R,), 0.02))


def test_pooled_mass_of_one_head_is_the_mass_that_attention_mass_finds() -> None:
    _, view = Pack([tiny_replica(seed) for seed in range(3)]).backward()
    mass = part("trainables.probes", "attention_mass")().measure(view)["attention_informative_q01"]
    for values in part("trainables.probes", "head_mass")().measure(view).values():
        assert torch.equal(values, mass)


def test_accuracy_has_a_column_for_every_length_that_is_right_about_inputs_of_that_length() -> None:
    replica = tiny_replica(positions=6, longest=12, width=32, kl_strength=1.0)
    pack = Pack([replica])
    loop.advance(pack, last_step=300)
    _, view = pack.backward()
    columns = part("trainables.probes", "length_accuracy")().measure(view)
    assert list(columns) == ["accuracy_at_6", "accuracy_at_8", "accuracy_at_12"]
    assert torch.equal(columns["accuracy_at_6"], view.test.accuracy)
    logits, _ = view.model.apply(view.params, view.task.longer[12].inputs)
    right = logits.argmax(-1) == view.task.longer[12].targets
    torch.testing.assert_close(columns["accuracy_at_12"], right.double().mean(1))
    assert (columns["accuracy_at_12"] < columns["accuracy_at_6"]).all()


@pytest.mark.parametrize("table", ["learned", "none"])
def test_squares_of_block_norms_add_up_to_those_of_the_network(table: str) -> None:
    _, view = Pack([tiny_replica(seed, position_table=table) for seed in range(2)]).backward()
    columns = part("trainables.probes", "block_norms")().measure(view)
    whole = sum(value.detach().square().flatten(1).sum(1) for value in view.params.values())
    torch.testing.assert_close(sum(values.square() for values in columns.values()), whole)


@pytest.mark.parametrize("fields", [{}, {"attention": "linear_relu", "routing": "moving"}], ids=str)
def test_every_probe_gives_the_same_bits_in_every_pack(fields: dict[str, Any]) -> None:
    recording = Recording(end="budget", probes=tuple(family_named("kl_prior").measurable()))
    replicas = [tiny_replica(seed, recording=recording, kl_strength=0.2 * seed, **fields) for seed in range(4)]
    packs = [Pack(replicas), Pack(replicas[1:3]), Pack(replicas[3:])]
    for pack in packs:
        loop.advance(pack, last_step=120)
    whole, pair, alone = ([curve.rows for curve in pack.curves] for pack in packs)
    assert whole[1:3] == pair and whole[3:] == alone
