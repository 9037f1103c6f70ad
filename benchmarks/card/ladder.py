"""Milliseconds per replica-step by pack size and number format: operations sent one by one, and as graphs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import torch

from card.clock import FAULTS, Clock, told
from card.networks import pack_of, step
from card.plain import plain_step
from trainables.pack import Pack

SIZES, FORMATS = (1, 4, 16, 64, 256, 1024), ("fp32", "tf32", "bf16-mlp")
SMOKE_SIZES = (1, 4)
DOES_NOT_FIT = "does not fit"


def rows(modulus: int, device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the plain network first, then a cell per size and format; a size that does not fit ends its format."""
    alone = _alone(modulus, clock)
    yield alone
    full: set[str] = set()
    for replicas, precision in [(size, kind) for size in (SMOKE_SIZES if smoke else SIZES) for kind in FORMATS]:
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
            known = times and isinstance(alone["singly_ms"], float)
            yield {**facts, "times_plain": alone["singly_ms"] / min(times)} if known else facts


def _alone(modulus: int, clock: Clock) -> dict[str, Any]:
    facts = {"modulus": modulus, "format": "fp32", "replicas": "plain nn.Module", "graphs_ms": "none"}
    try:
        return {**facts, "singly_ms": clock.ms(plain_step(modulus, clock.device))}
    except FAULTS as fault:
        return {**facts, "singly_ms": "failed", "fault": told(fault)}


def _cell(replicas: int, modulus: int, precision: str, clock: Clock) -> dict[str, Any]:
    """Return ms per replica-step both ways, and those of an evaluation, or why there are none."""
    found: dict[str, Any] = {"singly_ms": "failed", "graphs_ms": "failed"}
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    product = "bf16-mlp" if precision == "bf16-mlp" else "fp32"
    try:
        _measure(pack_of(replicas, modulus, clock.device, precision=product), clock, found)
    except torch.OutOfMemoryError:
        found |= {name: DOES_NOT_FIT for name, value in found.items() if value == "failed"}
    except FAULTS as fault:
        found["fault"] = told(fault)
    torch.set_float32_matmul_precision("highest")
    freed(clock.device)
    return found


def _measure(pack: Pack, clock: Clock, found: dict[str, Any]) -> None:
    replicas = len(pack.replicas)
    found["singly_ms"] = clock.ms(lambda: step(pack)) / replicas
    if clock.device == "cpu":
        found["graphs_ms"] = "none on a CPU"
        return
    pack.capture()
    if pack.sent_singly:
        found["fault"] = f"no graphs: {pack.sent_singly}"
        return
    found["graphs_ms"] = clock.ms(lambda: step(pack)) / replicas
    _, view = pack.backward()
    found["evaluation_ms"] = clock.ms(lambda: pack.record(view), seconds=0.1) / replicas


def freed(device: str) -> None:
    """Give what is not used back to the device."""
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()
