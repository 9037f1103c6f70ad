"""Tasks and models beyond one head and fixed positions: worked examples, and plain loops over heads and positions."""

from __future__ import annotations

import math

import pytest
import torch
from tiny import tiny_replica
from torch import Tensor

from trainables.models.multi_head_attention import MultiHeadAttention
from trainables.models.one_layer_attention import OneLayerAttention
from trainables.optimizers.sgd import SGD
from trainables.pack import Pack
from trainables.randomness import generator
from trainables.tasks._splits import on_informative, others
from trainables.tasks.modular_addition import ModularAddition
from trainables.tasks.moving_addition import MovingAddition

P = 7


def test_moving_operands_add_up_to_the_target_and_stand_in_every_pair_of_places() -> None:
    task = MovingAddition(modulus=P, train_fraction=0.5, data_seeds=[0, 1])
    places = set()
    for split in (task.train, task.test):
        operands = on_informative(split.inputs, split.informative)
        assert (operands < P).all() and torch.equal(operands.sum(-1) % P, split.targets)
        distractors = on_informative(split.inputs, others(split.informative, task.positions))
        assert (distractors[..., -1] == P).all() and (distractors[..., :-1] > P).all()
        places |= {tuple(each) for each in split.informative.flatten(0, 1).tolist()}
    assert places == {(i, j) for i in range(4) for j in range(i + 1, 4)}
    assert task.vocabulary == 2 * P + 1 > int(task.train.inputs.max())


def test_moving_and_fixed_tasks_split_the_same_pairs() -> None:
    moving = MovingAddition(modulus=P, train_fraction=0.3, data_seeds=[5])
    fixed = ModularAddition(modulus=P, train_fraction=0.3, distractors="random", data_seeds=[5])
    pairs = [on_informative(task.train.inputs, task.train.informative) for task in (moving, fixed)]
    assert torch.equal(*pairs)


def test_others_are_the_positions_that_do_not_inform() -> None:
    assert others((0, 2), 5) == (1, 3, 4)
    moving = torch.tensor([[[0, 2], [1, 3]]])
    found = others(moving, 5)
    assert isinstance(found, Tensor) and found.tolist() == [[[1, 3, 4], [0, 2, 4]]]


def test_longer_examples_hold_the_test_pairs_among_more_distractors() -> None:
    task = ModularAddition(modulus=P, train_fraction=0.5, distractors="random", data_seeds=[0], positions=6, longest=16)
    assert list(task.longer) == [8, 12, 16]
    for length, split in task.longer.items():
        assert split.inputs.shape[-1] == length and torch.equal(split.targets, task.test.targets)
        assert (split.inputs[..., -1] == task.query_token).all()
        assert (split.inputs[..., 3:-1] < P).all()


def model_of(kind: type, **facts: object) -> OneLayerAttention:
    made: OneLayerAttention = kind(
        vocabulary=P + 3, positions=5, classes=P, query_token=P, width=8, informative=(0, 2), **facts
    )
    return made


def drawn(model: OneLayerAttention) -> dict[str, Tensor]:
    params = model.init([generator(seed, "init") for seed in (3, 4)])
    return {name: value.double().requires_grad_() for name, value in params.items()}


@pytest.fixture(scope="module")
def task() -> ModularAddition:
    return ModularAddition(modulus=P, train_fraction=0.5, distractors="random", data_seeds=[0, 1])


@pytest.mark.parametrize("heads", [2, 4])
def test_heads_equal_a_loop_over_heads(task: ModularAddition, heads: int) -> None:
    model = model_of(MultiHeadAttention, heads=heads)
    params, tokens = drawn(model), task.train.inputs
    logits, trace = model.apply(params, tokens)
    for row in range(2):
        own = {name: value[row] for name, value in params.items()}
        x = own["embedding"][tokens[row]] + own["position"]
        parts, attentions = [], []
        for columns in torch.arange(8).chunk(heads):
            query, key, value = (own[name][:, columns] for name in ("query", "key", "value"))
            scores = torch.einsum("ne,nte->nt", x[:, -1] @ query, x @ key) / math.sqrt(8 / heads)
            attentions.append(scores.softmax(-1))
            parts.append(torch.einsum("nt,nte->ne", attentions[-1], x @ value))
        hidden = (torch.cat(parts, -1) @ own["hidden_weight"] + own["hidden_bias"]).relu()
        torch.testing.assert_close(logits[row], hidden @ own["output_weight"] + own["output_bias"])
        torch.testing.assert_close(trace.heads[row], torch.stack(attentions, 1))
        torch.testing.assert_close(trace.attention[row], torch.stack(attentions).mean(0))
        torch.testing.assert_close(trace.log_attention[row], torch.stack(attentions).mean(0).log())


def test_one_head_of_the_multi_head_model_is_the_one_layer_model(task: ModularAddition) -> None:
    one, many = model_of(OneLayerAttention), model_of(MultiHeadAttention, heads=1)
    params = drawn(one)
    torch.testing.assert_close(one.apply(params, task.train.inputs)[0], many.apply(params, task.train.inputs)[0])


def test_oracle_attention_reads_the_mean_of_the_operands_and_teaches_nothing_to_its_scores(
    task: ModularAddition,
) -> None:
    model = model_of(OneLayerAttention, attention="oracle")
    params = drawn(model)
    loss, _, trace = model.loss(params, task.train.inputs, task.train.targets)
    assert trace.attention[0, 0].tolist() == [0.5, 0, 0.5, 0, 0]
    grads = torch.autograd.grad(loss.sum(), list(params.values()), materialize_grads=True)
    silent = {name for name, grad in zip(params, grads, strict=True) if not grad.any()}
    assert {"query", "key"} <= silent and not {"value", "embedding", "hidden_weight"} & silent


def test_without_positions_the_order_of_the_inputs_does_not_matter(task: ModularAddition) -> None:
    shuffled = task.train.inputs[..., [1, 2, 3, 0, 4]]
    for table, same in (("none", True), ("learned", False), ("sinusoidal", False)):
        model = model_of(OneLayerAttention, position_table=table)
        params = drawn(model)
        first, second = (model.apply(params, tokens)[0] for tokens in (task.train.inputs, shuffled))
        assert torch.allclose(first, second) == same
        assert ("position" in params) == (table == "learned")


def test_sinusoids_have_norm_one_and_differ_between_positions() -> None:
    model = model_of(OneLayerAttention, position_table="sinusoidal")
    vectors = model.position_vectors(drawn(model), 24)[0]
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(24, dtype=torch.float64))
    assert torch.cdist(vectors, vectors).fill_diagonal_(1).min() > 0.1


@pytest.mark.parametrize("momentum", [(0.0, 0.9)])
def test_stacked_sgd_equals_torch_sgd_with_decay_decoupled(momentum: tuple[float, float]) -> None:
    start = {"w": torch.randn(2, 3, 2, generator=generator(0, "w"), dtype=torch.float64)}
    gradients = [torch.randn(2, 3, 2, generator=generator(step, "g"), dtype=torch.float64) for step in range(20)]
    rates, decays, clips, warmups = (0.1, 0.03), (0.0, 0.5), (None, 0.7), (0, 5)
    ours = SGD(learning_rate=rates, weight_decay=decays, clip_norm=clips, warmup_steps=warmups, momentum=momentum)
    params = {"w": start["w"].clone()}
    state = ours.init(params)
    for step, grad in enumerate(gradients):
        ours.step(params, {"w": grad}, state, step=step)
    for row in range(2):
        leaf = start["w"][row].clone().requires_grad_()
        optimizer = torch.optim.SGD([leaf], lr=rates[row], momentum=momentum[row])
        for step, grad in enumerate(gradients):
            leaf.grad = grad[row].clone()
            if clips[row] is not None:
                torch.nn.utils.clip_grad_norm_([leaf], clips[row])
            rate = rates[row] * min((step + 1) / max(warmups[row], 1), 1)
            # torch's SGD has no decoupled decay, and a changing rate scales its velocity as ours does
            leaf.data.mul_(1 - rate * decays[row])
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
        torch.testing.assert_close(params["w"][row], leaf.detach(), rtol=1e-10, atol=1e-12)


def test_seen_positions_of_a_longer_table_are_trained_and_the_others_only_decay() -> None:
    replica = tiny_replica(positions=6, longest=24, weight_decay=0.0)
    pack = Pack([replica])
    before = pack.params["position"].detach().clone()
    grads, _ = pack.backward()
    pack.update(grads)
    moved = (pack.params["position"] != before).any(-1)[0]
    assert moved.tolist() == [True] * 6 + [False] * 18
