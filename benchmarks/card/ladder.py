"""Milliseconds per replica-step by pack size and number format: operations sent one by one, and as graphs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import torch

from card.clock import FAULTS, Clock, told
from card.networks import SINGLY, pack_of, step
from card.plain import plain_step
from trainables.pack import Pack

SIZES, FORMATS = (1, 4, 16, 64, 256, 1024), ("fp32", "tf32", "bf16-mlp")
SMOKE_SIZES = (1, 4)
DOES_NOT_FIT = "does not fit"


def rows(modulus: int, device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the plain network first, then a cell per format and size; sizes that do not fit end a format's ladder."""
    alone = clock.ms(plain_step(modulus, device))
    yield {"modulus": modulus, "format": "fp32", "replicas": "plain nn.Module", "singly_ms": alone, "graphs_ms": "none"}
    sizes = SMOKE_SIZES if smoke else SIZES
    full: set[str] = set()
    for replicas, precision in [(size, kind) for size in sizes for kind in FORMATS]:
        facts: dict[str, Any] = {"modulus": modulus, "format": precision, "replicas": replicas}
        if precision in full:
            yield {**facts, "singly_ms": DOES_NOT_FIT, "graphs_ms": DOES_NOT_FIT}
        elif clock.left() < 0:
            yield {**facts, "singly_ms": "skipped", "graphs_ms": "skipped", "fault": "no time left"}
        else:
            facts |= _cell(replicas, modulus, precision, clock)
            if facts["singly_ms"] == DOES_NOT_FIT:
                full.add(precision)
            times = [each for each in (facts["singly_ms"], facts["graphs_ms"]) if isinstance(each, float)]
            yield {**facts, "times_plain": alone / min(times)} if times else facts


def _cell(replicas: int, modulus: int, precision: str, clock: Clock) -> dict[str, Any]:
    """Return ms per replica-step both ways, and those of an evaluation, or why there are none."""
    found: dict[str, Any] = {"singly_ms": "failed", "graphs_ms": "failed"}
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    product = "bf16-mlp" if precision == "bf16-mlp" else "fp32"
    try:
        for graphs in (False, True):
            found |= _both(pack_of(replicas, modulus, clock.device, precision=product), graphs, replicas, clock)
            freed(clock.device)
    except torch.OutOfMemoryError:
        found = {name: DOES_NOT_FIT if value == "failed" else value for name, value in found.items()}
    except FAULTS as fault:
        found["fault"] = told(fault)
    torch.set_float32_matmul_precision("highest")
    freed(clock.device)
    return found


def _both(pack: Pack, graphs: bool, replicas: int, clock: Clock) -> dict[str, Any]:
    if not graphs:
        pack.sent_singly = SINGLY
        return {"singly_ms": clock.ms(lambda: step(pack)) / replicas}
    if clock.device == "cpu":
        return {"graphs_ms": "none on a CPU"}
    pack.capture()
    if pack.sent_singly:
        return {"graphs_ms": "failed", "fault": f"no graphs: {pack.sent_singly}"}
    found = {"graphs_ms": clock.ms(lambda: step(pack)) / replicas}
    _, view = pack.backward()
    found["evaluation_ms"] = clock.ms(lambda: pack.record(view), seconds=0.1) / replicas
    return found


def freed(device: str) -> None:
    """Give what is not used back to the device."""
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()
