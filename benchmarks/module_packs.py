"""Milliseconds per replica-step of users' networks: by vmap, one after the other, and in a plain PyTorch loop.

``PYTHONPATH=. python benchmarks/module_packs.py --out module_packs.json``
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from search_spaces._files import experiment_named
from trainables import loop
from trainables.modules import own
from trainables.pack import Pack
from trainables.replica import Recording, Replica, family_named

Ways = dict[str, tuple[Callable[[], None], int]]
FIELDS = {"learning_rate": 0.01, "weight_decay": 1.0}
HEAD = """
import torch
from torch import nn
from search_spaces import Experiment, Scale, SearchSpace, from_module

P = {modulus}
PAIRS = torch.cartesian_prod(torch.arange(P), torch.arange(P))
"""
MLP = """
INPUTS = PAIRS

class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.embedding = nn.Embedding(P, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, P))

    def forward(self, tokens):
        return self.mlp(self.embedding(tokens).sum(-2))
"""
ATTENTION = """
INPUTS = torch.tensor([0, P + 1, 0, P + 2, P]).repeat(P * P, 1)  # operands, constant distractors, the query
INPUTS[:, [0, 2]] = PAIRS

class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.embedding, self.position = nn.Embedding(P + 3, width), nn.Parameter(torch.randn(5, width) / width**0.5)
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, P))

    def forward(self, tokens):
        x = self.embedding(tokens) + self.position
        scores = self.key(x) @ self.query(x[:, -1:]).mT / x.shape[-1] ** 0.5
        return self.mlp((scores.softmax(1) * self.value(x)).sum(1))
"""
TAIL = """
EXPERIMENT = Experiment(
    name="net", question="?", source="?", x="weight_decay", laws=(), primary_law="", claims=(),
    family=from_module(Net, (INPUTS, PAIRS.sum(1) % P), train_fraction=0.4),
    scales={"laptop": Scale(space=SearchSpace({"weight_decay": (1.0,)}), fields={}, seeds=(0,), budget_steps=10)},
)
"""


def step_of(family: str, replicas: int, **fields: Any) -> Callable[[], None]:
    """Return one step of a pack of a family."""
    pack = Pack(
        [Replica.of(family, {**FIELDS, **fields}, seed=seed, recording=Recording()) for seed in range(replicas)]
    )

    def step() -> None:
        grads, _ = pack.backward()
        pack.update(grads)

    return step


def plain_step_of(family: str) -> Callable[[], None]:
    """Return one step of one network, as one writes it in PyTorch."""
    kind = family_named(family)
    module = kind.definition.made(kind.Config())  # type: ignore[attr-defined]
    train = Pack([Replica.of(family, FIELDS, seed=0, recording=Recording())]).parts.task.train
    inputs, targets = train.inputs[0], train.targets[0]
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01, weight_decay=1.0)

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs), targets).backward()
        optimizer.step()

    return step


def one_after_the_other(family: str) -> str:
    """Return the name of the same family without vmap."""
    kind = family_named(family)
    tried = kind.tried(kind.Config())  # type: ignore[attr-defined]
    alone = dataclasses.replace(tried, traits=dataclasses.replace(tried.traits, refusal="asked for"))
    name = f"{family}-alone"
    own.keep(name, type("Alone", (kind,), {"tried": classmethod(lambda cls, config: alone)}))
    return name


def ways_of(code: str, modulus: int, replicas: int) -> Ways:
    """Return the ways of training a user's network, each a step and the replicas that it is of."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.py"
        file.write_text(HEAD.format(modulus=modulus) + code + TAIL, encoding="utf-8")
        family = experiment_named(str(file)).family
    return {
        "vmap": (step_of(family, replicas), replicas),
        "one after the other": (step_of(one_after_the_other(family), replicas), replicas),
        "plain PyTorch": (plain_step_of(family), 1),
    }


def measured(steps: Ways, repeats: int, seconds: float) -> dict[str, float]:
    """Return milliseconds per replica-step of each, the median of alternating stretches of so many seconds."""
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, (step, replicas) in steps.items():
            step()
            made, began = 0, time.perf_counter()
            while time.perf_counter() - began < seconds:
                step()
                made += replicas
            found[name].append(1000 * (time.perf_counter() - began) / made)
    return {name: round(statistics.median(values), 3) for name, values in found.items()}


def main() -> None:
    """Print one line per network."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--moduli", type=int, nargs="*", default=[23, 67])
    options.add_argument("--replicas", type=int, default=8)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--out", type=Path)
    asked = options.parse_args()
    torch.set_num_threads(1)
    loop.keep_freed_memory()
    found = []
    for modulus, (name, code) in itertools.product(asked.moduli, {"mlp": MLP, "attention": ATTENTION}.items()):
        ways = ways_of(code, modulus, asked.replicas)
        if name == "attention":
            ours = step_of("kl_prior", asked.replicas, modulus=modulus, train_fraction=0.4)
            ways["kl_prior"] = (ours, asked.replicas)
        facts = {"network": name, "modulus": modulus, "replicas": asked.replicas}
        found.append({**facts, **measured(ways, asked.repeats, asked.seconds)})
        print(json.dumps(found[-1]), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
