"""What every probe, intervention, optimizer, task and model must do, fed by discovery."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
import torch
from tiny import tiny_replica

from trainables import loop
from trainables.family import defaults, rules
from trainables.names import available, find, part
from trainables.pack import Pack
from trainables.probes import columns_of, writes
from trainables.randomness import generator
from trainables.replica import family_named

KINDS = ("tasks", "models", "optimizers", "interventions", "probes")
ALL = [(kind, name) for kind in KINDS for name in available(f"trainables.{kind}")]


@pytest.mark.parametrize("kind, name", ALL)
def test_part_is_named_like_its_file_and_explains_itself(kind: str, name: str) -> None:
    found = part(f"trainables.{kind}", name)
    assert found.__doc__ and find(f"trainables.{kind}", name).__doc__


@pytest.mark.parametrize("kind", ["tasks", "models", "optimizers", "interventions"])
def test_parts_name_their_source(kind: str) -> None:
    for name in available(f"trainables.{kind}"):
        assert "arXiv" in find(f"trainables.{kind}", name).SOURCE


@pytest.mark.parametrize("attention", ["softmax", "linear_relu"])
@pytest.mark.parametrize("name", available("trainables.probes"))
def test_probe_only_looks_and_gives_one_number_per_replica(name: str, attention: str) -> None:
    pack = Pack([tiny_replica(seed, attention=attention) for seed in range(3)])
    _, view = pack.backward()
    before = {key: value.detach().clone() for key, value in pack.params.items()}
    columns = part("trainables.probes", name)().measure(view)
    assert columns
    for values in columns.values():
        assert values.shape == (3,) and torch.isfinite(values).all() and not values.requires_grad
    assert all(torch.equal(before[key], value) for key, value in pack.params.items())


@pytest.mark.parametrize("name", available("trainables.probes"))
def test_a_probe_writes_the_columns_that_it_declares(name: str) -> None:
    written: set[str] = set()
    for attention in ("softmax", "linear_relu"):
        _, view = Pack([tiny_replica(seed, attention=attention) for seed in range(2)]).backward()
        written |= set(part("trainables.probes", name)().measure(view))
    assert written and all(writes(name, column) for column in written)
    assert all(any(fnmatchcase(column, declared) for column in written) for declared in columns_of(name))


def test_no_two_probes_write_one_column() -> None:
    names = [declared for name in available("trainables.probes") for declared in columns_of(name)]
    assert len(set(names)) == len(names)


def switches() -> list[dict[str, object]]:
    """Return every other value of every switch of the family, with what it needs beside it."""
    parity = {"task": "parity", "bits": 8, "parity_size": 2, "examples": 200}
    beside: dict[str, dict[str, object]] = {
        **{schedule: {"schedule_steps": 20} for schedule in ("early", "late", "annealed")},
        "composition": {"modulus": 24},
        "parity": parity,
        "all": parity,
    }
    numbers: list[dict[str, object]] = [
        {"heads": 2},
        {"positions": 6, "longest": 12},
        {"mlp_norm": 3.0},
        {"query_key_penalty": 0.5},
        {"residual": True, "layer_norm": True},
        {"operands": 3, "positions": 7, "examples": 200},
        {"batch_size": 16},
        {**parity, "batch_size": 32, "loss_on": "all"},
    ]
    found = []
    for name, rule in rules(family_named("kl_prior").Config).items():
        values = rule.choices or ((True,) if rule.kind is bool else ())
        for value in set(values) - {defaults(family_named("kl_prior").Config)[name]}:
            found.append({name: value, **beside.get(str(value), {})})
    return sorted(found, key=str) + numbers


@pytest.mark.parametrize("fields", switches(), ids=str)
def test_every_switch_of_the_family_trains_to_the_same_finite_numbers_in_every_pack(fields: dict[str, object]) -> None:
    replicas = [tiny_replica(seed, kl_strength=0.3, **fields) for seed in range(3)]
    assert replicas[0].id != tiny_replica(0, kl_strength=0.3).id
    model = Pack([tiny_replica()]).parts.model
    parents = {
        each.parent.id: {name: value[0] for name, value in model.init([generator(each.data_seed, "teacher")]).items()}
        for each in replicas
        if each.parent
    }
    whole, pair = Pack(replicas, parents=parents), Pack(replicas[1:], parents=parents)
    for pack in (whole, pair):
        loop.advance(pack, last_step=30)
    assert whole.curves[0].steps[-1] == 30
    assert torch.isfinite(torch.tensor([curve.rows for curve in whole.curves])).all()
    assert [curve.rows for curve in whole.curves[1:]] == [curve.rows for curve in pair.curves]


def test_switches_make_a_difference() -> None:
    """A field that changed nothing but the id would give other networks' numbers a new name."""
    plain = Pack([tiny_replica(kl_strength=0.3)])
    loop.advance(plain, last_step=30)
    for fields in switches():
        replica = tiny_replica(kl_strength=0.3, **fields)
        if replica.parent or "matched" in fields:
            continue  # it needs its parent; matched changes nothing for the oracle itself
        pack = Pack([replica])
        loop.advance(pack, last_step=30)
        assert pack.curves[0].rows != plain.curves[0].rows, fields


def test_adversarial_prior_moves_attention_away_from_the_informative_positions() -> None:
    away, towards = tiny_replica(prior="adversarial", kl_strength=3.0), tiny_replica(prior="oracle", kl_strength=3.0)
    divergence = []
    for replica in (away, towards):
        pack = Pack([replica])
        loop.advance(pack, last_step=60)
        divergence.append(pack.curves[0].column("attention_kl")[-1])
    assert divergence[0] > 2 > 0.2 > divergence[1]
