"""What the card and the software are called."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from typing import Any

import torch

from card.clock import Clock


def rows(device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield the one row."""
    facts = {"torch": torch.__version__, "python": platform.python_version(), "card": "none, a CPU"}
    if device != "cpu":
        found = torch.cuda.get_device_properties(0)
        memory = f"{found.total_memory / 2**30:.0f} GiB"
        facts |= {"card": found.name, "memory": memory, "cuda": str(torch.version.cuda)}
    yield {**facts, "when": time.strftime("%Y-%m-%d")}
