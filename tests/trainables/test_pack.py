"""A replica's numbers do not depend on the pack it trains in, on chunk lengths, or on being stopped and resumed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tiny import tiny_replica

from trainables import loop
from trainables.pack import Curve, Pack, Snapshot
from trainables.replica import Recording, Replica

STEPS = 220
RECORDING = Recording(end="budget", grid_min_steps=5)
BF16 = replace(RECORDING, precision="bf16-mlp")


def mixed(count: int, recording: Recording = RECORDING) -> list[Replica]:
    """Return replicas that differ in every per-replica field that training reads."""
    return [
        tiny_replica(
            seed=seed,
            recording=recording,
            kl_strength=0.1 * seed,
            weight_decay=0.5 + seed / 2,
            learning_rate=0.003 * (1 + seed),
            warmup_steps=seed * 5,
            clip_norm=None if seed == 1 else 1.0,
        )
        for seed in range(count)
    ]


def curves(pack: Pack) -> dict[str, Curve]:
    return {replica.id: curve for replica, curve in zip(pack.replicas, pack.curves, strict=True)}


def trained(replicas: list[Replica], *, chunk: int = STEPS) -> dict[str, Curve]:
    pack = Pack(replicas)
    while pack.step < STEPS:
        loop.advance(pack, last_step=STEPS, steps=min(chunk, STEPS - pack.step))
    return curves(pack)


@pytest.fixture(scope="module")
def together() -> dict[str, Curve]:
    return trained(mixed(5))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_smaller_packs_give_the_same_bits(together: dict[str, Curve], size: int) -> None:
    replicas = mixed(5)
    for first in range(0, 5, size):
        for name, curve in trained(replicas[first : first + size]).items():
            assert curve.steps == together[name].steps
            assert curve.rows == together[name].rows


def test_smaller_packs_give_the_same_bits_in_bfloat16() -> None:
    whole = trained(mixed(5, BF16))
    parts = [trained(mixed(5, BF16)[first : first + 2]) for first in range(0, 5, 2)]
    assert {name: curve.rows for part in parts for name, curve in part.items()} == {
        name: curve.rows for name, curve in whole.items()
    }


@pytest.mark.parametrize("recording", [RECORDING, BF16], ids=["fp32", "bf16-mlp"])
def test_packs_at_the_laptop_scale_give_the_same_bits(recording: Recording) -> None:
    fields = {"modulus": 67, "train_fraction": 0.4, "width": 64, "learning_rate": 0.01}
    replicas = [tiny_replica(seed=seed, recording=recording, **fields, kl_strength=0.1) for seed in range(3)]
    packs = [Pack(replicas), Pack(replicas[1:]), Pack(replicas[:1])]
    for pack in packs:
        loop.advance(pack, last_step=15, steps=16)
    whole, pair, alone = (curves(pack) for pack in packs)
    assert {**pair, **alone} == whole


def test_place_in_the_pack_does_not_matter(together: dict[str, Curve]) -> None:
    assert {name: curve.rows for name, curve in trained(mixed(5)[::-1]).items()} == {
        name: curve.rows for name, curve in together.items()
    }


def test_eviction_and_resume_in_short_chunks_change_nothing(together: dict[str, Curve]) -> None:
    pack = Pack(mixed(5))
    loop.advance(pack, last_step=STEPS, steps=73)
    pack.keep([0, 2, 4])
    loop.advance(pack, last_step=STEPS, steps=31)
    snapshots = [reloaded(pack.snapshot(row)) for row in range(3)]
    resumed = Pack(pack.replicas, snapshots=snapshots)
    while resumed.step < STEPS:
        loop.advance(resumed, last_step=STEPS, steps=min(17, STEPS - resumed.step))
    for name, curve in curves(resumed).items():
        assert curve.steps == together[name].steps
        assert curve.rows == together[name].rows


def test_resume_at_an_evaluation_does_not_record_it_twice() -> None:
    pack = Pack(mixed(2))
    loop.advance(pack, last_step=20)
    resumed = Pack(pack.replicas, snapshots=[reloaded(pack.snapshot(row)) for row in range(2)])
    loop.advance(resumed, last_step=40)
    assert resumed.curves[0].steps == list(range(0, 41, 5))


def test_a_poisoned_replica_leaves_its_neighbour_alone() -> None:
    healthy = tiny_replica(recording=RECORDING)
    poisoned = tiny_replica(seed=1, recording=RECORDING, learning_rate=1e30, clip_norm=None, warmup_steps=0)
    pack = Pack([poisoned, healthy])
    loop.advance(pack, last_step=60)
    ((row, finished),) = loop.settle(pack, last_step=1000)
    assert (row, finished.status) == (0, "diverged")
    alone = Pack([healthy, tiny_replica(seed=2, recording=RECORDING)])
    loop.advance(alone, last_step=60)
    assert pack.curves[1].rows == alone.curves[0].rows


def test_networks_memorise_and_then_the_row_says_so() -> None:
    replica = tiny_replica(recording=RECORDING, width=32, kl_strength=0.3)
    pack = Pack([replica])
    loop.advance(pack, last_step=300)
    ((_, finished),) = loop.settle(pack, last_step=RECORDING.last_step(300))
    memorised = next(e for e in finished.events if e.name == "memorised" and e.threshold == 0.99)
    assert memorised.upper is not None and memorised.lower < memorised.upper <= 300
    assert finished.status == "budget"


def reloaded(snapshot: Snapshot) -> Snapshot:
    """Pass a snapshot through the content of a checkpoint file."""
    return Snapshot.from_bytes(snapshot.to_bytes())
