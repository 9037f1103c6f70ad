"""The other side: one ``nn.Module`` network trained alone, that of ``plain_ray_tune``, on a device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from plain_ray_tune.network import Run, _divergence
from torch.nn import functional

from card.networks import LAPTOP, REGIMES

STRENGTH = 0.1


def plain_step(modulus: int, device: str) -> Callable[[], None]:
    """Return one step of training of a network, its data and optimizer on the device."""
    threads = torch.get_num_threads()
    run = Run({**REGIMES.get(modulus, LAPTOP), "modulus": modulus, "weight_decay": 1.0, "seed": 0})
    torch.set_num_threads(threads)
    run.network.to(device)
    tokens, targets = (each.to(device) for each in run.train)

    def step() -> None:
        logits, log_attention = run.network(tokens)
        run._update(functional.cross_entropy(logits, targets) + STRENGTH * _divergence(log_attention))

    return step
