"""What a pack asks of its device, seen on tensors without values: such tensors can be computed with, not read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from search_spaces._files import experiment_named
from trainables import loop
from trainables.names import available
from trainables.pack import Pack
from trainables.replica import Replica

STEPS, NAMES = 12, available("search_spaces")


class Operations(TorchDispatchMode):
    """Counts the operations that are sent to the device."""

    def __init__(self) -> None:
        super().__init__()
        self.made: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.made[str(func)] += 1
        return func(*args, **(kwargs or {}))


def valueless(replicas: list[Replica]) -> Pack:
    """Return a pack on the meta device, past its first evaluation."""
    pack = Pack(replicas, device="meta")
    pack.backward()
    return pack


def some(name: str) -> list[Replica]:
    """Return up to 16 replicas of an experiment that may share a pack and need no parent."""
    alone = [replica for replica in experiment_named(name).replicas("laptop") if replica.parent is None]
    return [replica for replica in alone if replica.pack_key == alone[0].pack_key][:16]


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
        made[count] = operations.made
    assert counts[1] >= 4 and made[counts[0]] == made[counts[1]]


@pytest.mark.gpu
def test_a_chunk_on_a_gpu_runs_without_waiting_for_it() -> None:
    pack = Pack(some("kl_scaling"), device="cuda")
    loop.advance(pack, last_step=1000, steps=3)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(STEPS):
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
def test_the_estimate_of_memory_covers_what_a_gpu_needs() -> None:
    from trainables.replica import family_named

    replicas = some("kl_scaling")
    pack = Pack(replicas, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    loop.advance(pack, last_step=1000, steps=12)
    estimate = family_named(replicas[0].family).replica_mib(replicas[0].member().config) * len(replicas)
    assert torch.cuda.max_memory_allocated() / 2**20 < estimate
