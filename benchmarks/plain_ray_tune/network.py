"""The same experiment as one ``nn.Module`` per run, as one would write it for Ray Tune without packs.

It stands on its own: torch only, no part of this project. Attention is computed at the query position alone, and the
test pass is made only at evaluations, so it is not slower than it has to be.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

QUERY, INFORMATIVE = 4, (0, 2)
WARMUP_STEPS = 10


class Network(nn.Module):
    """One attention layer read at the query position, then d → 4d → classes with ReLU."""

    def __init__(self, modulus: int, width: int = 64) -> None:
        super().__init__()
        self.token = nn.Embedding(modulus + 3, width)
        self.position = nn.Embedding(5, width)
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.hidden = nn.Linear(width, 4 * width)
        self.output = nn.Linear(4 * width, modulus)
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            else:
                nn.init.normal_(weight, std=1 / math.sqrt(weight.shape[1]))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (N, C) and log attention (N, T) of the query position."""
        x = self.token(tokens) + self.position.weight
        scores = (self.key(x) @ self.query(x[:, QUERY]).unsqueeze(2)).squeeze(2) / math.sqrt(x.shape[2])
        log_attention = scores.log_softmax(1)
        z = (log_attention.exp().unsqueeze(1) @ self.value(x)).squeeze(1)
        return self.output(self.hidden(z).relu()), log_attention


class Run:
    """One network in training, with AdamW, clipping, warm-up, and evaluations on the same grid of steps."""

    def __init__(self, config: dict[str, Any]) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(config["seed"])
        self.config, self.step, self.due, self.held_since = config, 0, 0, None
        self.train, self.test = _splits(config["modulus"], config["train_fraction"])
        self.network = Network(config["modulus"])
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config["learning_rate"], weight_decay=config["weight_decay"]
        )
        self.warmup = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min((step + 1) / WARMUP_STEPS, 1.0)
        )

    def until_next_evaluation(self) -> dict[str, Any]:
        """Train until a step of the grid, and return what was measured there."""
        while True:
            logits, log_attention = self.network(self.train[0])
            loss = functional.cross_entropy(logits, self.train[1])
            facts = self._evaluated(logits, loss) if self.step == self.due else None
            if self.step >= self.config["budget_steps"]:
                return {**(facts or {}), "steps": self.step, "done": True}
            self._update(loss + self.config["kl_strength"] * _divergence(log_attention))
            if facts:
                return facts

    def _update(self, loss: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.warmup.step()
        self.step += 1

    @torch.no_grad()
    def _evaluated(self, logits: Tensor, loss: Tensor) -> dict[str, Any]:
        step = self.step
        self.due = step + min(max(round(step * 0.02), 10), 50)
        test, log_attention = self.network(self.test[0])
        right = float((test.argmax(1) == self.test[1]).double().mean())
        self.held_since = (step if self.held_since is None else self.held_since) if right >= 0.99 else None
        return {
            "steps": step,
            "train_accuracy": float((logits.argmax(1) == self.train[1]).double().mean()),
            "test_accuracy": right,
            "train_loss": float(loss),
            "test_loss": float(functional.cross_entropy(test, self.test[1])),
            "attention_kl": float(_divergence(log_attention)),
            "done": self.held_since is not None and step - self.held_since >= 50,
        }


def _divergence(log_attention: Tensor) -> Tensor:
    return -math.log(len(INFORMATIVE)) - log_attention[:, list(INFORMATIVE)].mean()


def _splits(modulus: int, train_fraction: float) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    residues = torch.arange(modulus)
    pairs = torch.cartesian_prod(residues, residues)[torch.randperm(modulus**2)]
    tokens = torch.randint(0, modulus, (modulus**2, 5))
    tokens[:, INFORMATIVE[0]], tokens[:, INFORMATIVE[1]], tokens[:, QUERY] = pairs[:, 0], pairs[:, 1], modulus
    targets, cut = pairs.sum(1) % modulus, int(train_fraction * modulus**2)
    return (tokens[:cut], targets[:cut]), (tokens[cut:], targets[cut:])
