"""What every probe, intervention, optimizer, task and model must do, fed by discovery."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
import torch
from tiny import small_replica, tiny_replica

from trainables import loop
from trainables.names import available, find, part
from trainables.pack import Pack
from trainables.probes import columns_of, writes
from trainables.replica import Replica, family_named

KINDS = ("tasks", "models", "losses", "optimizers", "interventions", "steps", "probes")
ALL = [(kind, name) for kind in KINDS for name in available(f"trainables.{kind}")]


@pytest.mark.parametrize("kind, name", ALL)
def test_part_is_named_like_its_file_and_explains_itself(kind: str, name: str) -> None:
    found = part(f"trainables.{kind}", name)
    assert found.__doc__ and find(f"trainables.{kind}", name).__doc__


@pytest.mark.parametrize("kind", ["tasks", "models", "optimizers", "interventions"])
def test_parts_name_their_source(kind: str) -> None:
    for name in available(f"trainables.{kind}"):
        assert "arXiv" in find(f"trainables.{kind}", name).SOURCE


def looked_at(probe: str, seed: int, attention: str) -> Replica:
    """Return a small network that has what a probe looks at: one with attention, or else of the first such family."""
    if probe in family_named("kl_prior").measurable():
        return tiny_replica(seed, attention=attention)
    family = next(each for each in available("trainables.families") if probe in family_named(each).measurable())
    return small_replica(family, seed)


@pytest.mark.parametrize("attention", ["softmax", "linear_relu"])
@pytest.mark.parametrize("name", available("trainables.probes"))
def test_probe_only_looks_and_gives_one_number_per_replica(name: str, attention: str) -> None:
    pack = Pack([looked_at(name, seed, attention) for seed in range(3)])
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
        _, view = Pack([looked_at(name, seed, attention) for seed in range(2)]).backward()
        written |= set(part("trainables.probes", name)().measure(view))
    assert written and all(writes(name, column) for column in written)
    assert all(any(fnmatchcase(column, declared) for column in written) for declared in columns_of(name))


def test_no_two_probes_write_one_column() -> None:
    names = [declared for name in available("trainables.probes") for declared in columns_of(name)]
    assert len(set(names)) == len(names)


def test_adversarial_prior_moves_attention_away_from_the_informative_positions() -> None:
    away, towards = tiny_replica(prior="adversarial", kl_strength=3.0), tiny_replica(prior="oracle", kl_strength=3.0)
    divergence = []
    for replica in (away, towards):
        pack = Pack([replica])
        loop.advance(pack, last_step=60)
        divergence.append(pack.curves[0].column("attention_kl")[-1])
    assert divergence[0] > 2 > 0.2 > divergence[1]
