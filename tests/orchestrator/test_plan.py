"""Plans: what is missing, where it resumes, how it is dealt into packs; and stable replica ids."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from strengths import EXPERIMENT
from tiny import TINY, tiny_replica

from orchestrator.study.plan import Plan, _counts, make_plan
from search_spaces._experiment import Experiment
from search_spaces._space import Scale, SearchSpace
from trainables.replica import Recording, Replica, _differences, family_named

LEVELS = (0.1, 0.2, 0.3, 0.4)


def experiment() -> Experiment:
    scale = Scale(
        space=SearchSpace({"kl_strength": LEVELS}),
        fields=TINY,
        seeds=(0, 1),
        budget_steps=100,
        expected_steps={0.1: 90},
    )
    return replace(EXPERIMENT, scales={"laptop": scale})


def plan(
    settled: Mapping[str, tuple[str, int]] | None = None,
    *,
    checkpoints: Mapping[str, list[int]] | None = None,
    slots: int = 2,
    per_pack: int = 32,
    budget: int | None = None,
) -> Plan:
    return make_plan(
        experiment(),
        "laptop",
        settled=settled or {},
        checkpoint_steps=lambda name: (checkpoints or {}).get(name, []),
        slots=slots,
        replicas_per_pack=per_pack,
        budget_steps=budget,
    )


def test_every_slot_gets_a_pack_with_the_same_mix_of_levels() -> None:
    packs = plan().packs
    assert len(packs) == 2
    assert [len(pack.replicas) for pack in packs] == [4, 4]
    assert [{r.config["kl_strength"] for r in pack.replicas} for pack in packs] == [set(LEVELS), set(LEVELS)]


def test_packs_hold_each_missing_replica_once_and_respect_the_limit() -> None:
    packs = plan(per_pack=3).packs
    ids = [replica.id for pack in packs for replica in pack.replicas]
    assert sorted(ids) == sorted(replica.id for replica in plan().replicas)
    assert max(len(pack.replicas) for pack in packs) <= 3


def test_finished_replicas_are_not_planned_again() -> None:
    first, second, third, *_ = plan().replicas
    settled = {first.id: ("observed", 50), second.id: ("diverged", 10), third.id: ("budget", 100)}
    assert plan(settled).done == 3


def test_a_raised_budget_continues_only_censored_replicas_from_their_checkpoints() -> None:
    censored, grokked, *rest = plan().replicas
    settled = {censored.id: ("budget", 100), grokked.id: ("observed", 50)} | {r.id: ("observed", 60) for r in rest}
    raised = plan(settled, checkpoints={censored.id: [80, 100]}, budget=200)
    (pack,) = raised.packs
    assert pack.replicas == (censored,)
    assert (pack.start_step, pack.budget_steps) == (100, 200)


def test_a_checkpoint_past_a_lowered_budget_is_not_used() -> None:
    first, *_ = plan().replicas
    lowered = plan(checkpoints={first.id: [40, 90]}, budget=50)
    assert {pack.start_step for pack in lowered.packs if first in pack.replicas} == {40}


def test_budget_counts_from_the_evaluation_grid() -> None:
    first, *_ = plan().replicas
    assert first.recording.last_step(105) == 100
    assert plan({first.id: ("budget", 100)}, budget=105).done == 1


def test_shared_fields_never_meet_in_a_pack() -> None:
    mixed = experiment().with_changes("laptop", {"width": (8, 16)}, None)
    made = make_plan(mixed, "laptop", settled={}, checkpoint_steps=lambda name: [], slots=2, replicas_per_pack=32)
    assert all(len({replica.config["width"] for replica in pack.replicas}) == 1 for pack in made.packs)


def test_expected_steps_come_from_pilots_and_else_from_the_budget() -> None:
    assert plan().expected_steps == 2 * 90 + 6 * 100


def test_ids_ignore_defaults_and_number_types() -> None:
    bare = tiny_replica()
    assert tiny_replica(beta1=0.9, weight_decay=1).id == bare.id
    assert tiny_replica(weight_decay=2).id == tiny_replica(weight_decay=2.0).id != bare.id


def test_ids_tell_apart_what_decides_the_numbers_or_the_record() -> None:
    variants = [
        tiny_replica(),
        tiny_replica(seed=1),
        tiny_replica(kl_strength=0.1),
        tiny_replica(recording=Recording(end="budget")),
        tiny_replica(recording=Recording(grid_min_steps=5)),
        replace(tiny_replica(), version=3),
        replace(tiny_replica(), init_seed=7),
    ]
    assert len({replica.id for replica in variants}) == len(variants)


def test_ids_of_published_results_stay() -> None:
    """A change here orphans everybody's results: raise the family's version instead."""
    replica = Replica.of("kl_prior", {"kl_strength": 0.1, "modulus": 67}, seed=3, recording=Recording())
    assert (replica.id, replace(replica, version=1).id) == ("436ba555a4bc", "4d61364720e9")


def test_registration_covers_claims_space_and_seeds_but_not_the_budget() -> None:
    base = experiment()
    hashes = {
        base.registration("laptop"),
        replace(base, claims=base.claims[:1]).registration("laptop"),
        base.with_changes("laptop", {"kl_strength": (0.1,)}, None).registration("laptop"),
        base.with_changes("laptop", {}, 3).registration("laptop"),
        replace(base, threshold=0.95).registration("laptop"),
    }
    assert len(hashes) == 5
    other = replace(base, scales={"laptop": replace(base.scales["laptop"], budget_steps=7)})
    assert other.registration("laptop") == base.registration("laptop")


@pytest.mark.parametrize(
    "sizes, slots, limit, expected",
    [
        ([48], 2, 16, [4]),
        ([16, 16, 16], 2, 16, [2, 2, 2]),
        ([48, 24], 2, 16, [4, 2]),
        ([12, 12, 6], 2, 16, [1, 1, 1]),
        ([16] * 12, 2, 16, [1] * 12),
        ([3], 2, 16, [2]),
        ([1], 4, 16, [1]),
        ([400], 4, 64, [8]),
    ],
)
def test_few_groups_are_spread_over_all_slots(sizes: list[int], slots: int, limit: int, expected: list[int]) -> None:
    assert _counts(sizes, slots, limit) == expected


def test_the_expected_work_grows_with_examples_width_and_tokens_read() -> None:
    kind = family_named("kl_prior")

    def work(**fields: object) -> float:
        return kind.step_gflop(kind.Config(**fields))

    plain = work(modulus=67, train_fraction=0.4)
    assert plain == pytest.approx(6 * 0.4 * 67**2 * 256 * (2 * 5 + 67) / 1e9)
    assert work(modulus=67, train_fraction=0.4, layer_norm=True) == pytest.approx(plain * (64 + 67) / (2 * 5 + 67))
    assert work(modulus=67, train_fraction=0.8) == pytest.approx(2 * plain)
    assert work(modulus=67, train_fraction=0.4, batch_size=100) == pytest.approx(6 * 100 * 256 * (64 + 67) / 1e9)
    parity = {"task": "parity", "examples": 2000, "train_fraction": 0.5}
    assert work(**parity, loss_on="all") == pytest.approx(21 * work(**parity))
    assert plan().expected_gflop == pytest.approx(plan().expected_steps * kind.step_gflop(kind.Config(**TINY)))


def test_replicas_of_many_seeds_equal_those_made_one_by_one() -> None:
    first = tiny_replica(weight_decay=2)
    for seed, made in zip((3, 2**40), first.seeded((3, 2**40)), strict=True):
        alone = replace(first, data_seed=seed, init_seed=seed)
        assert made == alone and (made.id, made.pack_key, made.config) == (alone.id, alone.pack_key, alone.config)
        text = json.dumps(
            {**alone.facts(), "recording": _differences(first.recording)}, sort_keys=True, separators=(",", ":")
        )
        assert made.id == hashlib.sha256(text.encode()).hexdigest()[:12]
