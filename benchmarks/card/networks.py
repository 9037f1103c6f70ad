"""The networks that are measured: those of the laptop scales, at any size of pack."""

from __future__ import annotations

from typing import Any

from search_spaces._axes import KL_STRENGTHS_AROUND_THE_FLOOR as STRENGTHS
from search_spaces._regimes import LAPTOP, PAPER
from trainables.pack import Pack
from trainables.replica import Recording, Replica

REGIMES = {67: LAPTOP, 113: PAPER}
SINGLY = "asked for"  # why a pack's operations are sent one by one


def replicas_of(count: int, modulus: int, *, precision: str = "fp32", **fields: Any) -> list[Replica]:
    """Return networks with one seed each, the strengths of the laptop scale in turn."""
    common = {**REGIMES.get(modulus, LAPTOP), "modulus": modulus, **fields}
    recording = Recording(end="budget", precision=precision, probes=common.pop("probes", ()))
    return [
        Replica.of(
            "kl_prior", {"kl_strength": STRENGTHS[seed % len(STRENGTHS)], **common}, seed=seed, recording=recording
        )
        for seed in range(count)
    ]


def pack_of(count: int, modulus: int, device: str, **more: Any) -> Pack:
    """Return a pack of such networks on a device."""
    return Pack(replicas_of(count, modulus, **more), device=device)


def step(pack: Pack) -> None:
    """Train a pack for one step."""
    grads, _ = pack.backward()
    pack.update(grads)
