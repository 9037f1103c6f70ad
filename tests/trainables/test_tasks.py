"""Products, permutations, several operands, parity, mini-batches and the next-token loss: worked examples."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import tiny_replica
from torch import Tensor

from trainables import loop
from trainables.batches import Batches
from trainables.models.next_token_attention import NextTokenAttention
from trainables.pack import Pack
from trainables.randomness import generator
from trainables.tasks._splits import Split
from trainables.tasks.binary_operation import BinaryOperation, composition
from trainables.tasks.modular_addition import ModularAddition
from trainables.tasks.sparse_parity import SparseParity


def test_products_modulo_p() -> None:
    task = BinaryOperation(
        operation="multiplication", modulus=7, train_fraction=0.5, distractors="random", data_seeds=[0, 1]
    )
    for split in (task.train, task.test):
        a, b = split.inputs[..., 0], split.inputs[..., 2]
        assert torch.equal(split.targets, a * b % 7)
    assert task.train.targets.shape[1] + task.test.targets.shape[1] == 49


@pytest.mark.parametrize("elements", [6, 24, 60])
def test_the_table_of_a_group_is_associative_with_one_neutral_element_and_does_not_commute(elements: int) -> None:
    table = composition(elements)
    order = torch.arange(elements)
    assert all(torch.equal(row.sort().values, order) for row in (*table, *table.T))  # a Latin square
    neutral = [e for e in range(elements) if torch.equal(table[e], order) and torch.equal(table[:, e], order)]
    assert neutral == [0] and not torch.equal(table, table.T)
    for a, b, c in itertools.product(range(0, elements, 5), repeat=3):
        assert table[table[a, b], c] == table[a, table[b, c]]


def test_composition_applies_the_second_permutation_first() -> None:
    group = list(itertools.permutations(range(3)))
    a, b = group.index((1, 0, 2)), group.index((0, 2, 1))  # swaps of points 0 and 1, and of 1 and 2
    assert group[int(composition(6)[a, b])] == tuple(group[a][group[b][point]] for point in range(3)) == (1, 2, 0)


def test_several_operands_are_a_sample_of_all_combinations_without_repeats() -> None:
    task = ModularAddition(
        modulus=7, train_fraction=0.4, distractors="random", data_seeds=[3], positions=7, operands=3, examples=200
    )
    tokens = torch.cat([task.train.inputs, task.test.inputs], 1)[0]
    operands, answers = tokens[:, [0, 2, 4]], torch.cat([task.train.targets, task.test.targets], 1)[0]
    assert len({tuple(each) for each in operands.tolist()}) == 200 and task.train.targets.shape[1] == 80
    assert torch.equal(operands.sum(1) % 7, answers) and task.train.informative == (0, 2, 4)
    assert set(operands.flatten().tolist()) == set(range(7))


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 4), seed=st.integers(0, 5))
def test_parity_counts_the_informative_bits_only(size: int, seed: int) -> None:
    task = SparseParity(bits=9, parity_size=size, examples=300, train_fraction=0.5, data_seeds=[seed])
    bits = task.train.inputs[..., [2 * number for number in range(size)]]
    assert torch.equal(task.train.targets, bits.sum(-1) % 2) and task.train.informative == tuple(range(0, 2 * size, 2))
    strings = torch.cat([task.train.inputs, task.test.inputs], 1)[0, :, :-1]
    assert len({tuple(each) for each in strings.tolist()}) == 300 and int(strings.max()) == 1
    assert (task.train.inputs[..., -1] == task.query_token).all()


def split_of(examples: int) -> Split:
    tokens = torch.arange(examples).view(1, -1, 1).expand(2, -1, 3).contiguous()
    return Split(tokens, tokens[..., 0] * 10, (0,))


@settings(max_examples=30, deadline=None)
@given(examples=st.integers(2, 40), size=st.integers(1, 50))
def test_an_epoch_uses_no_example_twice_and_every_replica_its_own_order(examples: int, size: int) -> None:
    batches = Batches(split_of(examples), size=size, data_seeds=[0, 1])
    used, whole = min(size, examples), examples // min(size, examples)
    epoch = torch.cat([batches.at(step).inputs[..., 0] for step in range(whole)], 1)
    assert epoch.shape == (2, whole * used)
    for row in epoch.tolist():
        assert len(set(row)) == len(row)
    for step in (0, whole):
        batch = batches.at(step)
        assert torch.equal(batch.targets, batch.inputs[..., 0] * 10)
    alone = Batches(split_of(examples), size=size, data_seeds=[1])
    assert torch.equal(alone.at(whole).inputs[0], batches.at(whole).inputs[1])
    if examples > 20:
        assert not torch.equal(epoch[0], epoch[1])
        assert not torch.equal(batches.at(0).inputs, batches.at(whole).inputs)


def test_training_on_batches_uses_them_and_resumes_in_the_middle_of_an_epoch() -> None:
    replicas = [tiny_replica(seed, batch_size=16) for seed in range(2)]
    straight, first = Pack(replicas), Pack(replicas)
    loop.advance(straight, last_step=40)
    loop.advance(first, last_step=40, steps=13)
    again = Pack(replicas, snapshots=[first.snapshot(row) for row in range(2)])
    loop.advance(again, last_step=40)
    assert [curve.rows for curve in again.curves] == [curve.rows for curve in straight.curves]
    full = Pack([tiny_replica(seed) for seed in range(2)])
    assert torch.equal(full.backward()[1].train.loss, straight_start(replicas))


def straight_start(replicas: list[object]) -> Tensor:
    """Return the train loss at step 0, which is over all examples whatever the batch."""
    return Pack(replicas).backward()[1].train.loss  # type: ignore[arg-type]


def test_the_next_token_loss_is_that_of_a_plain_loop_over_positions() -> None:
    model = NextTokenAttention(vocabulary=3, positions=6, classes=3, query_token=2, width=8)
    params = {
        name: value.double().requires_grad_()
        for name, value in model.init([generator(seed, "init") for seed in range(2)]).items()
    }
    task = SparseParity(bits=5, parity_size=2, examples=20, train_fraction=0.5, data_seeds=[0, 1])
    tokens, targets = task.train.inputs, task.train.targets
    found, logits, trace = model.loss(params, tokens, targets)
    for row in range(2):
        total = 0.0
        for example, target in zip(tokens[row], targets[row], strict=True):
            following = [*example[1:].tolist(), int(target)]
            total += sum(plain(params, row, example[: last + 1], following[last]) for last in range(6)) / 6
        assert float(found[row].detach()) == pytest.approx(total / len(tokens[row]), rel=1e-9)
    assert logits.shape == (2, 10, 3) and trace.attention.shape == (2, 10, 6)


def plain(params: dict[str, Tensor], row: int, seen: Tensor, following: int) -> float:
    """Return the cross-entropy of one next token of one network, written out."""
    one = {name: value[row].detach() for name, value in params.items()}
    x = one["embedding"][seen] + one["position"][: len(seen)]
    scores = (x[-1] @ one["query"]) @ (x @ one["key"]).T / math.sqrt(8)
    read = torch.softmax(scores, 0) @ (x @ one["value"])
    hidden = torch.relu(read @ one["hidden_weight"] + one["hidden_bias"])
    logits = hidden @ one["output_weight"] + one["output_bias"]
    return float(torch.logsumexp(logits, 0) - logits[following])
