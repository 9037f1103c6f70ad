"""Priors on attention, their schedules, norm matching and penalties, against closed forms and autograd."""

from __future__ import annotations

import math

import pytest
import torch
from tiny import tiny_replica
from torch import Tensor

from trainables import loop
from trainables.interventions._prior import score_gradient_norm
from trainables.interventions.concentration_prior import ConcentrationPrior
from trainables.interventions.entropy_prior import EntropyPrior
from trainables.interventions.kl_prior import KLPrior
from trainables.interventions.norm_matching import NormMatching
from trainables.interventions.query_key_penalty import QueryKeyPenalty
from trainables.interventions.score_l1_prior import ScoreL1Prior
from trainables.interventions.teacher_prior import TeacherPrior
from trainables.models.one_layer_attention import MLP, Trace, softmax
from trainables.pack import Pack
from trainables.randomness import generator
from trainables.reductions import joint_norm


def scores(rows: int = 2) -> Tensor:
    return torch.randn(rows, 3, 5, generator=generator(0, "scores"), dtype=torch.float64, requires_grad=True)


def gradient(prior: object, at: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(prior.penalty(softmax(at)).sum(), at)  # type: ignore[attr-defined]
    return found


def test_entropy_is_log_of_positions_when_uniform_and_its_gradient_has_the_closed_form() -> None:
    prior = EntropyPrior(strength=[1.0, 1.0])
    assert prior.penalty(softmax(torch.zeros(1, 1, 5, dtype=torch.float64))).item() == pytest.approx(math.log(5))
    at = scores()
    attention = at.softmax(-1)
    entropy = -(attention * attention.log()).sum(-1, keepdim=True)
    torch.testing.assert_close(gradient(prior, at), -attention * (attention.log() + entropy))


def test_concentration_is_minus_the_sum_of_squares() -> None:
    prior = ConcentrationPrior(strength=[1.0])
    assert prior.penalty(softmax(torch.zeros(1, 1, 5))).item() == pytest.approx(-0.2)
    at = scores()
    attention = at.softmax(-1)
    squares = attention.square().sum(-1, keepdim=True)
    torch.testing.assert_close(gradient(prior, at), -2 * attention * (attention - squares))


def test_l1_acts_on_scores_since_on_attention_it_has_no_gradient() -> None:
    at = scores()
    torch.testing.assert_close(gradient(ScoreL1Prior(strength=[1.0, 1.0]), at), at.detach().sign() / 5)
    (of_attention,) = torch.autograd.grad(at.softmax(-1).abs().sum(), at)
    assert of_attention.abs().max() < 1e-12


def test_a_teacher_of_oracle_attention_is_the_oracle_prior_up_to_a_constant() -> None:
    oracle = torch.tensor([0.5, 0, 0.5, 0, 0], dtype=torch.float64).expand(2, 3, 5)
    teacher = Trace(torch.zeros_like(oracle), oracle, oracle.clamp(min=1e-12).log())
    at = scores()
    taught = gradient(TeacherPrior(teacher=teacher, strength=[1.0, 1.0]), at)
    torch.testing.assert_close(taught, gradient(KLPrior(positions=(0, 2), strength=[1.0, 1.0]), at))


@pytest.mark.parametrize(
    "schedule, wanted",
    [
        ("constant", [1, 1, 1, 1, 1]),
        ("annealed", [1, 0.5, 0, 0, 0]),
        ("early", [1, 1, 0, 0, 0]),
        ("late", [0, 0, 1, 1, 1]),
    ],
)
def test_a_schedule_acts_when_it_says(schedule: str, wanted: list[float]) -> None:
    prior = EntropyPrior(strength=[2.0, 0.0], schedule=schedule, schedule_steps=[10, 10])
    trace = softmax(scores().detach())
    whole = 2 * prior.penalty(trace)[0].mean()
    found = [prior.loss(trace, {}, step) for step in (0, 5, 10, 11, 400)]
    assert [float(each[0] / whole) for each in found] == pytest.approx(wanted)
    assert all(float(each[1]) == 0 for each in found)


def test_query_key_penalty_is_half_the_squared_norms_times_its_strength() -> None:
    params = {name: torch.randn(2, 4, 4, generator=generator(1, name)) for name in ("query", "key")}
    found = QueryKeyPenalty(strength=[0.0, 0.5]).loss(softmax(scores()), params, 0)
    squares = params["query"][1].square().sum() + params["key"][1].square().sum()
    assert found[0] == 0 and found[1].item() == pytest.approx(0.25 * squares.item())


def test_norm_matching_holds_the_norm_of_the_mlp_and_leaves_the_rest_and_the_moments_alone() -> None:
    pack = Pack([tiny_replica(0, mlp_norm=3.0), tiny_replica(1), tiny_replica(2, mlp_norm=0.5)])
    free = Pack([tiny_replica(0), tiny_replica(1), tiny_replica(2)])
    for each in (pack, free):
        loop.advance(each, last_step=100, steps=1)
    norms = joint_norm(pack.params[name].detach() for name in MLP)
    assert norms[0].item() == pytest.approx(3.0) and norms[2].item() == pytest.approx(0.5)
    for name, value in free.params.items():
        assert torch.equal(pack.params[name][1], value[1])
        if name not in MLP:
            assert torch.equal(pack.params[name], value)
    for name, value in free.optimizer_state.items():
        assert torch.equal(pack.optimizer_state[name], value)


def test_norm_matching_ignores_rows_without_a_radius() -> None:
    params = {name: torch.ones(2, 3) for name in MLP}
    NormMatching(radius=[None, 1.0]).on_params(params)
    assert torch.equal(params["hidden_bias"][0], torch.ones(3))
    assert joint_norm(params.values())[1].item() == pytest.approx(1)


@pytest.mark.parametrize("prior", ["entropy", "concentration", "score_l1", "adversarial"])
def test_matched_priors_start_with_the_gradient_of_the_oracle(prior: str) -> None:
    oracle, other = (Pack([tiny_replica(seed, prior=name, matched=True, kl_strength=0.3) for seed in (0, 1)])
                     for name in ("oracle", prior))  # fmt: skip
    found = []
    for pack in (oracle, other):
        made = pack.parts.interventions[0]
        norm = score_gradient_norm(made, pack.parts.model, pack.params, pack.parts.task.train.inputs)
        found.append(norm * made.strength)
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=0)


def test_without_a_prior_training_is_that_at_strength_zero() -> None:
    none, zero = (Pack([tiny_replica(0, **fields), tiny_replica(1, **fields)])
                  for fields in ({"prior": "none", "kl_strength": 1.0}, {"kl_strength": 0.0}))  # fmt: skip
    for pack in (none, zero):
        loop.advance(pack, last_step=40)
    assert [curve.rows for curve in none.curves] == [curve.rows for curve in zero.curves]
