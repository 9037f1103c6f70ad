"""Random numbers that depend on a replica's own seed and on what they are for, never on its place in a pack."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy
import torch


def generator(seed: int, purpose: str) -> torch.Generator:
    """Return a CPU generator for one use of one seed; different purposes are independent streams."""
    digest = hashlib.sha256(f"{seed}:{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


@contextlib.contextmanager
def drawing_from(seed: int, *, device: str = "cpu") -> Iterator[None]:
    """Seed everything that draws without a generator of its own; draws made elsewhere are not affected."""
    devices = [device] if torch.device(device).type == "cuda" else []
    plain, numbers = random.getstate(), numpy.random.get_state()  # noqa: NPY002 (what users' code draws from)
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            random.seed(seed)
            numpy.random.seed(seed % 2**32)  # noqa: NPY002
            yield
    finally:
        random.setstate(plain)
        numpy.random.set_state(numbers)  # noqa: NPY002
