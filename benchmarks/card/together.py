"""Packs of one card at once, one process each: replica-steps per second of the whole card, without MPS."""

from __future__ import annotations

import multiprocessing
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from card.clock import FAULTS, Clock, told
from card.networks import pack_of, step
from card.plain import plain_step

COUNTS, SECONDS, PATIENCE = (1, 2, 4), 2.5, 75.0
WORKS = ((67, 0), (67, 16), (67, 256), (113, 64))  # modulus, networks in each pack; 0 means one plain nn.Module


def rows(device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a row per number of processes and kind of work."""
    works, counts = (((13, 0), (13, 2)), (2,)) if smoke else (WORKS, COUNTS)
    for count in counts:
        if clock.left() < 0:
            yield {"processes": count, "fault": "skipped: no time left"}
        else:
            yield from _at_once(count, works, device, 0.2 if smoke else SECONDS)


def _at_once(count: int, works: Any, device: str, seconds: float) -> Iterator[dict[str, Any]]:
    spawn = multiprocessing.get_context("spawn")
    together, answers = spawn.Barrier(count), spawn.Queue()
    workers = [
        spawn.Process(target=work, args=(works, device, seconds, together, answers), daemon=True) for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    try:
        for modulus, replicas in works:
            made = [answers.get(timeout=PATIENCE) for _ in workers]
            facts = {"processes": count, "modulus": modulus, "replicas": replicas or "plain nn.Module"}
            faults = [each for each in made if isinstance(each, str)]
            yield {**facts, "fault": faults[0]} if faults else {**facts, "replica_steps_per_s": sum(made)}
    except queue.Empty:
        yield {"processes": count, "fault": f"no word from a process within {PATIENCE:.0f} s"}
    finally:
        for worker in workers:
            worker.join(timeout=5)
            if worker.is_alive():
                worker.terminate()


def work(works: Any, device: str, seconds: float, together: Any, answers: Any) -> None:
    """Train each kind of network for some seconds from when all processes are ready; send replica-steps per second."""
    torch.set_num_threads(1)
    for modulus, replicas in works:
        try:
            train = _trained(modulus, replicas, device)
            for _ in range(3):
                train()
            together.wait(PATIENCE)
            answers.put(_rate(train, seconds, device) * (replicas or 1))
        except (*FAULTS, multiprocessing.context.ProcessError) as fault:
            answers.put(told(fault))
            together.abort()


def _trained(modulus: int, replicas: int, device: str) -> Callable[[], None]:
    if not replicas:
        return plain_step(modulus, device)
    pack = pack_of(replicas, modulus, device)
    if device != "cpu":
        pack.capture()
    return lambda: step(pack)


def _rate(train: Callable[[], None], seconds: float, device: str) -> float:
    began, made = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        train()
        made += 1
    if device != "cpu":
        torch.cuda.synchronize()
    return made / (time.perf_counter() - began)
