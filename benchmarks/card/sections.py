"""Sections run in processes of their own, so that a fault or a crash in one leaves the others alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SHARES = {  # of the time
    "device": 1.0,
    "contracts": 2.0,
    "ladder_67": 2.0,
    "ladder_113": 3.0,
    "together": 3.0,
    "memory": 1.0,
}
GRACE_S = 25.0  # a section ends by itself when its time is over; after so much more it is ended
ROW = "row "


def rows(name: str, device: str, smoke: bool, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield the rows of a section as they are measured, in this process."""
    import torch

    from card import contracts, ladder, memory, together
    from card import device as card
    from card.clock import Clock

    torch.set_num_threads(1 if device == "cpu" else 4)
    clock = Clock(device, seconds)
    if name.startswith("ladder"):
        return ladder.rows(11 if smoke else int(name.removeprefix("ladder_")), device, smoke, clock)
    kinds = {"device": card, "contracts": contracts, "together": together, "memory": memory}
    return kinds[name].rows(device, smoke, clock)


def tell(name: str, device: str, smoke: bool, seconds: float) -> None:
    """Print the rows of a section for the process that started this one."""
    for row in rows(name, device, smoke, seconds):
        print(ROW + json.dumps(row), flush=True)


def measured(
    script: Path, device: str, *, smoke: bool, minutes: float, chosen: list[str], tell: Callable[[str, Any], None]
) -> None:
    """Run sections one after the other, each in its share of the time that is left; tell each row, and each fault."""
    ends = time.monotonic() + 60 * minutes
    for place, name in enumerate(chosen):
        weight = SHARES[name] / sum(SHARES[each] for each in chosen[place:])
        limit = max(ends - time.monotonic(), 0) * weight
        words = ["--section", name, "--device", device, "--seconds", f"{limit:.1f}", *(["--smoke"] if smoke else [])]
        if fault := _run(
            [sys.executable, str(script), *words], limit + GRACE_S, lambda row, name=name: tell(name, row)
        ):
            tell("faults", {"section": name, "fault": fault})


def _run(words: list[str], limit: float, tell: Callable[[Any], None]) -> str:
    """Run a command, tell its rows, and return why it ended before its end, empty where it did not."""
    late = threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)

        def end() -> None:
            late.set()
            os.killpg(child.pid, signal.SIGKILL)  # and the processes that it has started

        timer = threading.Timer(limit, end)
        timer.start()
        assert child.stdout
        for line in child.stdout:
            if line.startswith(ROW):
                tell(json.loads(line.removeprefix(ROW)))
        code = child.wait()
        timer.cancel()
        errors.seek(0)
        last = [line for line in errors.read().splitlines() if line.strip()][-1:]
    if late.is_set():
        return f"ended after {limit:.0f} s"
    return f"exit code {code}: {' '.join(last)}" if code else ""
