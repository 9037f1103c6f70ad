"""Hidden units from a table of tokens and positions equal those of what the query reads, in value and gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from emulated import Operations
from tiny import tiny_replica
from torch import Tensor, nn

from trainables.fields.attention import MOST_POSITIONS
from trainables.models._first_layer import BLOCK, FromTable, FromVectors, lookups_of
from trainables.models._mlp import logits_by_block, mlp_loss
from trainables.models.multi_head_attention import MultiHeadAttention
from trainables.models.one_layer_attention import OneLayerAttention
from trainables.pack import Pack
from trainables.randomness import generator

R, T, V, H, C = 2, 4, 6, 8, 7
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "residual": {"residual": True},
    "linear ReLU": {"attention": "linear_relu", "residual": True},
    "oracle": {"attention": "oracle"},
    "constant distractors": {"distractors": "constant"},
    "sinusoidal": {"position_table": "sinusoidal", "positions": 8},
    "moving": {"routing": "moving"},
    "torch": {"init": "torch", "position_table": "none"},
}


def drawn(*shape: int, name: str) -> Tensor:
    return torch.randn(shape, generator=generator(0, name), dtype=torch.float64)


@pytest.mark.parametrize(
    "low, close", [(torch.float64, 1e-12), (torch.bfloat16, 0.05)], ids=["exact", "rounded to bfloat16"]
)
@pytest.mark.parametrize("examples", [5, BLOCK, 3 * BLOCK + 100])
def test_a_table_equals_rows_added_one_by_one(low: torch.dtype, close: float, examples: int) -> None:
    """Attention does not add up to 1 here, as it need not."""
    table, rows, shift = drawn(R, V, H, name="table"), drawn(R, T, H, name="rows"), drawn(R, H, name="shift")
    attention = drawn(R, examples, T, name="attention")
    weights = [drawn(R, H, C, name="weight"), drawn(R, C, name="bias")]
    tokens = torch.randint(0, V, (R, examples, T - 1), generator=generator(0, "tokens"))
    targets = torch.randint(0, C, (R, examples), generator=generator(0, "targets"))
    leaves = [each.requires_grad_() for each in (table, rows, shift, attention, *weights)]

    added = shift.unsqueeze(1) + torch.einsum("rnt,rth->rnh", attention, rows)
    for row in range(R):
        picked = attention[row, :, :-1, None] * table[row][tokens[row]]
        added = added + nn.functional.pad(picked.sum(1).unsqueeze(0), (0, 0, 0, 0, row, R - 1 - row))
    expected = added.relu() @ weights[0] + weights[1].unsqueeze(1)
    wanted = nn.functional.cross_entropy(expected.mT, targets, reduction="none").mean(1)

    first = FromTable(tokens, table, rows, shift, attention, low=low, lookups=lookups_of(tokens, V))
    loss, logits = mlp_loss(first, weights, targets)
    outer = torch.tensor([1.0, 3.0], dtype=torch.float64)
    pairs = zip(torch.autograd.grad(loss, leaves, outer), torch.autograd.grad(wanted, leaves, outer), strict=True)
    for found, reference in ((loss, wanted), (logits, expected), *pairs):
        assert (found - reference).norm() <= close * reference.norm()
    again = FromTable(tokens, table, rows, shift, attention, low=low)
    assert torch.equal(logits, torch.cat([made for _, made in logits_by_block(again, weights)], 1))


@pytest.mark.parametrize("precision, close", [("fp32", 2e-5), ("bf16-mlp", 0.2)])
@pytest.mark.parametrize("kind", KINDS)
def test_networks_have_the_gradients_that_they_have_without_tables(
    kind: str, precision: str, close: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without tables is how a GPU computes them."""
    pack = Pack([tiny_replica(seed, kl_strength=0.1, **KINDS[kind]) for seed in range(2)])
    model, task = pack.parts.model, pack.parts.task
    model.precision = precision
    assert isinstance(first_of(model, pack), FromTable)
    grads, view = pack.backward()
    losses, logits = (view.train.loss, view.test.loss), model.apply(pack.params, task.test.inputs)[0]
    monkeypatch.setattr(OneLayerAttention, "tables", False)
    assert isinstance(first_of(model, pack), FromVectors)
    others, view = pack.backward()
    for found, wanted in zip(losses, (view.train.loss, view.test.loss), strict=True):
        torch.testing.assert_close(found, wanted, rtol=close, atol=0)
    torch.testing.assert_close(logits, model.apply(pack.params, task.test.inputs)[0], rtol=close, atol=close)
    for name, grad in grads.items():
        assert (grad - others[name]).norm() <= close * others[name].norm()


def test_tables_are_used_only_where_they_are_cheaper_and_the_tokens_stay() -> None:
    pack = Pack([tiny_replica(seed) for seed in range(2)])
    model, tokens = pack.parts.model, pack.parts.task.train.inputs
    assert isinstance(first_of(model, pack), FromTable)
    assert isinstance(first_of(model, pack, tokens.clone()), FromVectors)
    assert isinstance(first_of(model, pack, tokens[:, : model.vocabulary - 1], trained=False), FromVectors)
    assert isinstance(first_of(model, pack, tokens[:, :-1], trained=False), FromTable)
    for fields in ({"layer_norm": True}, {"heads": 2}, {"batch_size": 32}, {"positions": MOST_POSITIONS + 1}):
        other = Pack([tiny_replica(seed, **fields) for seed in range(2)])
        assert isinstance(first_of(other.parts.model, other), FromVectors)
    assert not MultiHeadAttention.tables


def first_of(model: Any, pack: Pack, tokens: Tensor | None = None, *, trained: bool = True) -> object:
    """Return the first layer that a model makes for some tokens, those of the train split unless others are given."""
    tokens = pack.split().inputs if tokens is None else tokens
    return model._first(pack.params, tokens, model.attend(pack.params, tokens), trained=trained)


def test_as_many_operations_are_made_on_a_cpu_for_many_replicas_as_for_two() -> None:
    made = []
    for count in (2, 5, 16):
        pack = Pack([tiny_replica(seed) for seed in range(count)])
        pack.backward()
        with Operations() as operations:
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
        made.append(sorted(str(func) for func, *_ in operations.made))
    assert made[0] == made[1] == made[2] and "aten._embedding_bag.default" in made[0]
