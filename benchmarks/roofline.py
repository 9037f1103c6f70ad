"""What a pack's step costs over its matrix products alone, by pack size and number format, in one process.

``PYTHONPATH=. python benchmarks/roofline.py --out roofline.json``
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from strengths import EXPERIMENT

from trainables import loop
from trainables.models._first_layer import Lookups, bag, blocks, by_weights, lookups_of
from trainables.models._pooled import missing_lanes
from trainables.pack import Pack

ROUNDS = 5
SECONDS = 0.6


def pack_of(replicas: int, modulus: int, precision: str) -> Pack:
    """Return a pack of the laptop experiment's networks, at another modulus."""
    experiment = replace(EXPERIMENT, recording=replace(EXPERIMENT.recording, precision=precision))
    made = experiment.with_changes("laptop", {"modulus": (modulus,)}, None).replicas("laptop")
    return Pack(made[:replicas])


def step_of(pack: Pack) -> Callable[[], None]:
    """Return one step of training."""

    def step() -> None:
        grads, _ = pack.backward()
        pack.update(grads)

    return step


def products_of(pack: Pack, precision: str) -> Callable[[], None]:
    """Return the products of one step whose size grows with the examples, block by block, forward and backward.

    Dense ones, into memory that is there already: of the second layer, and of attention with the rows of positions.
    Sparse ones, of attention with the rows of tokens: a bag forward, and its two gradients.
    """
    model, tokens = pack.parts.model, pack.parts.task.train.inputs
    rows, low = len(tokens), torch.bfloat16 if precision == "bf16-mlp" else torch.float32
    hidden, classes = pack.params["hidden_bias"].shape[1], model.classes + missing_lanes(model.classes)
    sizes = [(model.positions + 1, hidden, torch.float32), (hidden, classes, low)]
    lengths = [part.stop - part.start for part in blocks(tokens)]
    dense = [three for length in lengths for size in sizes for three in _three(rows, length, *size)]
    table = torch.randn(rows * model.vocabulary, hidden)
    sparse = [_Bag(table, found) for found in lookups_of(tokens[..., :-1], model.vocabulary)]

    def products() -> None:
        for left, right, target in dense:
            torch.bmm(left, right, out=target)
        for each in sparse:
            each.all_three()

    return products


class _Bag:
    """The sparse products of one block: of the weights of each example's tokens with the rows of a table."""

    def __init__(self, table: torch.Tensor, found: Lookups) -> None:
        self.table, self.found = table, found
        self.weights, self.outer = torch.randn(len(found.rows)), torch.randn(len(found.starts) - 1, table.shape[1])

    def all_three(self) -> None:
        """Make the product, its gradient by the table and that by the weights."""
        found = self.found
        bag(self.table, found.rows, found.starts, self.weights)
        bag(self.outer, found.sorted_examples, found.sorted_starts, self.weights)
        by_weights(self.outer, self.table, found)


def _three(
    rows: int, examples: int, into: int, out: int, kind: torch.dtype
) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Yield (left, right, target) of X W, of its gradient by X and of that by W."""
    x, weight, outer = (torch.randn(rows, *size).to(kind) for size in ((examples, into), (into, out), (examples, out)))
    yield x, weight, torch.empty_like(outer)
    yield outer, weight.mT, torch.empty_like(x)
    yield x.mT, outer, torch.empty_like(weight)


def per_replica(call: Callable[[], None], rows: int) -> float:
    """Return milliseconds per replica of one call, over at least some tenths of a second."""
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < SECONDS:
        call()
        calls += 1
    return 1000 * (time.perf_counter() - began) / calls / rows


def compared(modulus: int, rows: int, precision: str) -> dict[str, Any]:
    """Return the median times of a step and of its products, alternating, and the median of their ratio."""
    pack = pack_of(rows, modulus, precision)
    step, products = step_of(pack), products_of(pack, precision)
    step(), products()
    times = np.array([[per_replica(call, rows) for call in (step, products)] for _ in range(ROUNDS)])
    ratios = times[:, 0] / times[:, 1]
    facts = {"modulus": modulus, "replicas": rows, "precision": precision}
    both = dict(zip(("step_ms", "products_ms"), np.median(times, axis=0).round(3).tolist(), strict=True))
    return {**facts, **both, "ratio": round(float(np.median(ratios)), 3), "ratio_range": ratios.round(3).tolist()}


def main() -> None:
    """Print one line per modulus, format and pack size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--replicas", type=int, nargs="*", default=[2, 8, 24])
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    torch.set_num_threads(1)
    loop.keep_freed_memory()
    found = []
    for modulus in (67, 113):
        for precision in ("fp32", "bf16-mlp"):
            for rows in asked.replicas:
                found.append(compared(modulus, rows, precision))
                print(json.dumps(found[-1]), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps({"cells": found}, indent=1))


if __name__ == "__main__":
    main()
