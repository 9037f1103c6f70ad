"""Milliseconds of wall per replica-step of the whole machine by pack size, processes and threads per process.

``PYTHONPATH=benchmarks:. python benchmarks/pack_size.py --out pack_size.json``
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from pathlib import Path
from typing import Any

import torch
from roofline import pack_of, step_of

from trainables import loop

SECONDS = 3.0
LAYOUTS = ((1, 1), (1, 2), (2, 1))  # processes, threads in each


def train(replicas: int, threads: int, together: Any, rates: Any) -> None:
    """Train a pack for some seconds, from when all processes are ready; send replica-steps per second."""
    torch.set_num_threads(threads)
    loop.keep_freed_memory()
    step, made = step_of(pack_of(replicas, 67, "fp32")), 0
    step()
    together.wait()
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        step()
        made += replicas
    rates.put(made / (time.perf_counter() - began))


def cell(replicas: int, processes: int, threads: int) -> dict[str, Any]:
    """Return the time per replica-step when all processes work at once, one pack each."""
    spawn = multiprocessing.get_context("spawn")
    together, rates = spawn.Barrier(processes), spawn.Queue()
    workers = [spawn.Process(target=train, args=(replicas, threads, together, rates)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    rate = sum(rates.get() for _ in workers)
    for worker in workers:
        worker.join()
    return {"replicas": replicas, "processes": processes, "threads": threads, "ms": round(1000 / rate, 3)}


def main() -> None:
    """Print one line per layout and pack size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicas", type=int, nargs="*", default=[1, 2, 4, 8, 16, 32])
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    found = []
    for replicas in asked.replicas:
        for processes, threads in LAYOUTS:
            found.append(cell(replicas, processes, threads))
            print(json.dumps(found[-1]), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps({"cells": found}, indent=1))


if __name__ == "__main__":
    main()
