"""How time is measured on a device, and how much of it is left."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

ROUNDS, WARM_UPS, MOST_CALLS = 5, 3, 500
SECONDS = 0.25  # over all rounds together
FAULTS = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, AssertionError)  # of one line of a table


class Clock:
    """Measures calls on a device and knows when the section has to end."""

    def __init__(self, device: str, seconds: float) -> None:
        self.device = device
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left."""
        return self._ends - time.monotonic()

    def ms(self, call: Callable[[], object], seconds: float = SECONDS) -> float:
        """Return the median over rounds of the milliseconds of a call: CUDA events on a GPU, the wall on a CPU."""
        for _ in range(WARM_UPS):
            call()
        one = self._timed(call, 2)
        count = int(min(max(1000 * seconds / ROUNDS / one, 1), MOST_CALLS))
        return statistics.median(self._timed(call, count) for _ in range(ROUNDS))

    def _timed(self, call: Callable[[], object], count: int) -> float:
        if self.device == "cpu":
            began = time.perf_counter()
            for _ in range(count):
                call()
            return 1000 * (time.perf_counter() - began) / count
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        first.record()
        for _ in range(count):
            call()
        last.record()
        last.synchronize()
        return float(first.elapsed_time(last)) / count


def told(fault: BaseException) -> str:
    """Return a fault in one line."""
    return f"{type(fault).__name__}: {' '.join(str(fault).split())[:300]}"
