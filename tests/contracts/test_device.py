"""What a pack asks of its device, seen on tensors without values: such tensors can be computed with, not read."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from emulated import Emulated, Operations
from torch import Tensor
from torch.utils._pytree import tree_leaves

from search_spaces._files import experiment_named
from trainables import loop
from trainables.names import available
from trainables.pack import Pack
from trainables.replica import Replica

STEPS, NAMES = 12, available("search_spaces")


def valueless(replicas: list[Replica]) -> Pack:
    """Return a pack on the meta device, past its first evaluation."""
    pack = Pack(replicas, device="meta")
    pack.backward()
    return pack


def kinds(name: str) -> list[list[Replica]]:
    """Return up to 16 replicas of each kind of pack of an experiment, of those that need no parent."""
    found: dict[str, list[Replica]] = {}
    for replica in experiment_named(name).replicas("laptop"):
        if replica.parent is None:
            found.setdefault(replica.pack_key, []).append(replica)
    return [replicas[:16] for replicas in found.values()]


def some(name: str) -> list[Replica]:
    """Return up to 16 replicas of an experiment that may share a pack and need no parent."""
    return kinds(name)[0]


@pytest.mark.parametrize("name", NAMES)
def test_training_and_evaluating_read_nothing_back_from_the_device(name: str) -> None:
    pack = valueless(some(name))
    for step in range(STEPS):
        grads, view = pack.backward()
        if step in (0, STEPS - 1):  # measuring is the same at every step, and half of the work
            pack.record(view)
        pack.update(grads)
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):  # what was measured waits to be read here
        pack.collect()


@pytest.mark.parametrize("name", NAMES)
def test_as_many_operations_are_sent_for_many_replicas_as_for_two(name: str) -> None:
    made = {}
    counts = (2, len(some(name)))
    for count in counts:
        pack = valueless(some(name)[:count])
        with Operations() as operations:
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
        made[count] = Counter(func for func, *_ in operations.made)
    assert counts[1] >= 4 and made[counts[0]] == made[counts[1]]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_of_every_experiment_can_be_recorded_and_copies_nothing_from_the_host(name: str) -> None:
    for replicas in kinds(name):
        pack, recorder = valueless(replicas[:2]), Emulated()
        pack.capture(recorder)
        assert pack.sent_singly == ""
        with Operations() as operations:
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
        assert recorder.replays == 3 and operations.made
        for _, _, _, found in operations.made:
            assert {each.device.type for each in tree_leaves(found) if isinstance(each, Tensor)} <= {"meta"}


@pytest.mark.gpu
@pytest.mark.parametrize("reason", ["", "asked for"], ids=["graphs", "singly"])
def test_a_chunk_on_a_gpu_runs_without_waiting_for_it(reason: str) -> None:
    pack = Pack(some("kl_scaling"), device="cuda")
    pack.sent_singly = reason
    loop.advance(pack, last_step=1000, steps=3)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(STEPS):
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert pack.sent_singly == reason


@pytest.mark.gpu
def test_the_estimate_of_memory_covers_what_a_gpu_needs() -> None:
    from trainables.replica import family_named

    replicas = some("kl_scaling")
    pack = Pack(replicas, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    loop.advance(pack, last_step=1000, steps=12)
    estimate = family_named(replicas[0].family).replica_mib(replicas[0].member().config) * len(replicas)
    assert torch.cuda.max_memory_allocated() / 2**20 < estimate
