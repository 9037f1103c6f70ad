"""Random numbers that depend on a replica's own seed and on what they are for, never on its place in a pack."""

from __future__ import annotations

import hashlib

import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a CPU generator for one use of one seed; different purposes are independent streams."""
    digest = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
