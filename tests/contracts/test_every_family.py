"""What every family must do, fed by discovery: a new file in trainables/families/ is tested the moment it exists."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from emulated import Emulated
from switches import sampled_configs, switches
from tiny import small_replica

from search_spaces._files import experiment_named
from trainables import loop
from trainables.family import FieldRule, defaults, rules
from trainables.names import available, find, part
from trainables.pack import Pack, Snapshot
from trainables.randomness import generator
from trainables.recording import PRECISIONS
from trainables.replica import Recording, Replica, family_named

NAMES = available("trainables.families")
GROUPS = {name: part("trainables.fields", name) for name in available("trainables.fields")}
SWITCHES = [(name, fields) for name in NAMES for fields in switches(name)]
PROBES = [(name, probe) for name in NAMES for probe in family_named(name).measurable()]
STEPS, RECORDING = 100, Recording(end="budget", grid_min_steps=5)
Rows = list[list[float]]


def mixed(family: str, count: int = 5) -> list[Replica]:
    """Return replicas that differ in every per-replica field."""
    usual = small_replica(family).config
    differing = {name: rule for name, rule in rules(family_named(family).Config).items() if rule.scope == "per_replica"}
    return [
        small_replica(
            family,
            seed,
            recording=RECORDING,
            **{name: changed(rule, usual[name], seed) for name, rule in differing.items()},
        )
        for seed in range(count)
    ]


def changed(rule: FieldRule, value: Any, seed: int) -> float:
    """Return the value that a field has at a seed."""
    if value is None:
        return 1.0 + seed
    if rule.kind is int:
        return int(value) + 3 * seed
    return float(value * (1 - 0.1 * seed) or 0.1 * seed)


def trained(replicas: list[Replica], parents: Any = None, steps: int = STEPS) -> dict[str, Rows]:
    pack = Pack(replicas, parents=parents)
    loop.advance(pack, last_step=steps)
    return {each.id: curve.rows for each, curve in zip(pack.replicas, pack.curves, strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_a_pack_of_any_size_and_order_gives_the_same_bits(name: str) -> None:
    replicas = mixed(name)
    whole = trained(replicas)
    assert torch.isfinite(torch.tensor(list(whole.values()))).all()
    for part_of in (replicas[::-1], replicas[1:3], replicas[2:3]):
        assert trained(part_of).items() <= whole.items()


@pytest.mark.parametrize("name", NAMES)
def test_eviction_and_resume_change_nothing(name: str) -> None:
    replicas = mixed(name)
    straight, pack = trained(replicas), Pack(replicas)
    loop.advance(pack, last_step=STEPS, steps=33)
    pack.keep([0, 2, 4])
    loop.advance(pack, last_step=STEPS, steps=20)
    saved = [Snapshot.from_bytes(pack.snapshot(row).to_bytes()) for row in range(3)]
    again = Pack(pack.replicas, snapshots=saved)
    loop.advance(again, last_step=STEPS)
    for replica, curve in zip(again.replicas, again.curves, strict=True):
        assert curve.rows == straight[replica.id]


@pytest.mark.parametrize("name", NAMES)
def test_packs_at_the_size_of_the_defaults_give_the_same_bits(name: str) -> None:
    replicas = [Replica.of(name, {}, seed=seed, recording=RECORDING) for seed in range(3)]
    whole = trained(replicas, steps=5)
    assert trained(replicas[1:], steps=5).items() <= whole.items()
    assert trained(replicas[:1], steps=5).items() <= whole.items()


@pytest.mark.parametrize("name, fields", SWITCHES, ids=str)
def test_every_switch_trains_to_the_same_finite_numbers_in_every_pack(name: str, fields: dict[str, Any]) -> None:
    replicas = [small_replica(name, seed, **fields) for seed in range(3)]
    assert replicas[0].id != small_replica(name).id
    parents = {each.parent.id: untrained(each.parent) for each in replicas if each.parent}
    whole, pair = trained(replicas, parents, steps=30), trained(replicas[1:], parents, steps=30)
    assert torch.isfinite(torch.tensor(list(whole.values()))).all() and len(whole[replicas[0].id]) == 4
    assert pair.items() <= whole.items()


@pytest.mark.parametrize("name, fields", SWITCHES, ids=str)
def test_recorded_steps_of_every_switch_give_the_numbers_of_single_ones(name: str, fields: dict[str, Any]) -> None:
    replicas = [small_replica(name, seed, recording=RECORDING, **fields) for seed in range(2)]
    parents = {each.parent.id: untrained(each.parent) for each in replicas if each.parent}
    single, recorded = Pack(replicas, parents=parents), Pack(replicas, parents=parents)
    recorded.capture(Emulated())
    assert recorded.sent_singly == ""
    for pack in (single, recorded):
        loop.advance(pack, last_step=15)
    found, wanted = (torch.tensor([curve.rows for curve in pack.curves]) for pack in (recorded, single))
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-5)


def untrained(parent: Replica) -> dict[str, torch.Tensor]:
    model = Pack([parent]).parts.model
    return {name: value[0] for name, value in model.init([generator(parent.data_seed, "teacher")]).items()}


@pytest.mark.parametrize("name", NAMES)
def test_switches_make_a_difference(name: str) -> None:
    """A field that changed nothing but the id would give other networks' numbers a new name."""
    plain = list(trained([small_replica(name)], steps=30).values())
    for fields in switches(name):
        replica = small_replica(name, **fields)
        if replica.parent or "matched" in fields:
            continue  # it needs its parent; matched changes nothing for the oracle itself
        assert list(trained([replica], steps=30).values()) != plain, fields


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_holds_by_default_and_can_be_broken(name: str) -> None:
    kind = family_named(name)
    assert kind.conflicts(kind.Config()) == []
    for group in [each for each in kind.Config.__mro__ if "conditions" in vars(each)]:
        stated = vars(group)["conditions"]
        unbroken = set(range(len(stated(kind.Config()))))
        for config in sampled_configs(name, 3000):
            broken = {number for number, holds in enumerate(stated(config).values()) if not holds}
            unbroken -= broken
            assert not broken or kind.conflicts(config)
        assert not unbroken, (group.__name__, [list(stated(kind.Config()))[number] for number in unbroken])


@pytest.mark.parametrize("name", NAMES)
def test_a_config_is_the_sum_of_groups(name: str) -> None:
    config = family_named(name).Config
    groups = [group for group in config.__mro__ if group in GROUPS.values()]
    assert groups and dataclasses.is_dataclass(config) and config.__dataclass_params__.frozen
    for group in groups:
        for field, rule in rules(group).items():
            assert rules(config)[field].scope == rule.scope and rules(config)[field].kind is rule.kind


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_is_one_of_a_family_and_explains_itself(name: str) -> None:
    assert any(issubclass(family_named(family).Config, GROUPS[name]) for family in NAMES)
    assert GROUPS[name].__doc__ and defaults(GROUPS[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_number_format_that_the_model_lacks_is_refused(name: str) -> None:
    precisions = family_named(name).precisions
    assert set(precisions) <= set(PRECISIONS) and "fp32" in precisions
    experiment = next(each for each in map(experiment_named, available("search_spaces")) if each.family == name)
    for precision in PRECISIONS:
        faults = experiment.with_precision(precision).faults()
        assert faults == [] if precision in precisions else f"none of family {name}" in "".join(faults)


@pytest.mark.parametrize("name, probe", PROBES)
def test_a_probe_that_suits_a_family_only_looks_and_gives_one_number_per_replica(name: str, probe: str) -> None:
    pack = Pack([small_replica(name, seed) for seed in range(3)])
    _, view = pack.backward()
    before = {key: value.detach().clone() for key, value in pack.params.items()}
    columns = part("trainables.probes", probe)().measure(view)
    assert columns
    for values in columns.values():
        assert values.shape == (3,) and torch.isfinite(values).all() and not values.requires_grad
    assert all(torch.equal(before[key], value) for key, value in pack.params.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_that_does_not_suit_a_family_is_refused(name: str) -> None:
    own = find("trainables.families", name).PROBES
    assert {(name, probe) for probe in own} <= set(PROBES)
    experiment = next(each for each in map(experiment_named, available("search_spaces")) if each.family == name)
    for probe in available("trainables.probes"):
        faults = dataclasses.replace(experiment, recording=Recording(probes=(probe,))).faults()
        assert any(f"{probe!r} does not suit family {name}" in each for each in faults) == ((name, probe) not in PROBES)


@pytest.mark.parametrize("name", NAMES)
def test_work_and_memory_are_estimated(name: str) -> None:
    kind = family_named(name)
    small, usual = (kind.Config(**{**small_replica(name).changes}), kind.Config())
    assert 0 < kind.replica_mib(small) < kind.replica_mib(usual)
    assert 0 < kind.step_gflop(small) < kind.step_gflop(usual)


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_pinned_per_version(name: str) -> None:
    """Another default means other numbers under the same id: raise the version and pin the new table."""
    family = family_named(name)
    pinned = Path(__file__).parent / "pinned" / f"{name}_{family.version}.txt"
    found = {f"{field}={value}" for field, value in defaults(family.Config).items()}
    assert found == set(pinned.read_text(encoding="utf-8").split())
