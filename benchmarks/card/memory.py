"""Memory that training takes against the family's estimate, by which packs are cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from card.clock import FAULTS, Clock, told
from card.ladder import DOES_NOT_FIT, freed
from card.networks import SINGLY, pack_of, replicas_of
from trainables import loop

LINES: dict[str, tuple[int, int, dict[str, Any]]] = {  # modulus, networks, further fields
    "laptop": (67, 64, {}),
    "paper": (113, 64, {}),
    "paper, 256 networks": (113, 256, {}),
    "laptop, bf16-mlp": (67, 64, {"precision": "bf16-mlp"}),
    "laptop, 4 heads": (67, 32, {"heads": 4}),
    "laptop, moving routing": (67, 32, {"routing": "moving"}),
    "laptop, longer tests": (67, 32, {"positions": 6, "longest": 24, "probes": ("length_accuracy",)}),
    "laptop, all probes in float64": (67, 32, {"probes": ("explaining_away", "structure", "block_norms")}),
    "parity, loss on every token": (67, 32, {"task": "parity", "examples": 2000, "loss_on": "all"}),
}
STEPS = 12  # evaluations at 0 and 10 among them
MIB = 2**20


def rows(device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield MiB per network: the estimate, and the peaks of what PyTorch takes, with single operations and graphs."""
    lines = {"small": (13, 2, {})} if smoke else LINES
    for name, (modulus, replicas, fields) in lines.items():
        estimate = replicas_of(1, modulus, **fields)[0].memory_mib
        facts: dict[str, Any] = {"name": name, "modulus": modulus, "replicas": replicas, "estimate_mib": estimate}
        if clock.left() < 0:
            yield {**facts, "fault": "skipped: no time left"}
            continue
        try:
            for part, reason in (("singly_mib", SINGLY), ("graphs_mib", "")):
                facts[part] = _peak(replicas, modulus, device, reason, fields)
            facts["covered"] = "yes" if max(facts["singly_mib"], facts["graphs_mib"]) <= estimate else "no"
        except torch.OutOfMemoryError:
            facts["fault"] = DOES_NOT_FIT
        except FAULTS as fault:
            facts["fault"] = told(fault)
        yield facts


def _peak(replicas: int, modulus: int, device: str, reason: str, fields: dict[str, Any]) -> float:
    """Return the peak per network of what PyTorch takes from the device, workspaces and spare blocks included."""
    freed(device)
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    pack = pack_of(replicas, modulus, device, **fields)
    pack.sent_singly = reason
    loop.advance(pack, last_step=1000, steps=STEPS)
    if device == "cpu":
        return 0.0
    if pack.sent_singly != reason:
        raise RuntimeError(f"no graphs: {pack.sent_singly}")
    return float(torch.cuda.max_memory_reserved() / MIB / replicas)
