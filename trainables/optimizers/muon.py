"""Muon for a pack: orthogonalised momentum for matrices, AdamW for everything else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.optimizers._stacked import Tensors, per
from trainables.optimizers.adamw import AdamW
from trainables.reductions import joint_norm

SOURCE = "arXiv 2502.16982 (update scale); Newton-Schulz coefficients as in torch.optim.Muon"
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
SMALLEST_NORM = 1e-7
LIKE_ADAMW = 0.2  # root mean square of an AdamW update, to which that of a matrix is scaled
TABLES = frozenset({"embedding", "position"})  # rows that are looked up, no matrices that multiply


class Muon(AdamW):
    """Nesterov momentum whose singular values are brought near 1 by five Newton-Schulz rounds.

    The update of an (m, n) matrix is scaled by 0.2 √max(m, n), so that a learning rate means about what it means for
    AdamW, which trains biases, gains and embedding ``tables`` at the same rate. Decay is decoupled, by lr · decay.
    """

    def __init__(self, *, momentum: Sequence[float], tables: Collection[str] = TABLES, **facts: Any) -> None:
        super().__init__(**facts)
        self.momentum, self._tables = self.vector(momentum), tables

    def init(self, params: Mapping[str, Tensor]) -> Tensors:
        """Return zero velocities of the matrices, ``velocity.<parameter>``, and AdamW's moments of the rest."""
        matrices, rest = self._parts(params)
        return {f"velocity.{name}": torch.zeros_like(param) for name, param in matrices.items()} | super().init(rest)

    @torch.no_grad()
    def step(
        self, params: Mapping[str, Tensor], grads: Mapping[str, Tensor], state: Tensors, *, step: int | Tensor
    ) -> None:
        """Update parameters and state in place; ``step`` counts the updates made before this one.

        Clipping looks at all gradients together, as it does elsewhere.
        """
        rate, scale = self.rate(step + 1), self.clip_scale(grads.values())
        matrices, rest = self._parts(params)
        for name, param in matrices.items():
            velocity, grad = state[f"velocity.{name}"], grads[name] * per(scale, param)
            velocity.lerp_(grad, per(1 - self.momentum, param))
            direction = orthogonalised(grad.lerp(velocity, per(self.momentum, param)))
            size = rate * LIKE_ADAMW * max(param.shape[-2:]) ** 0.5
            param.mul_(per(1 - rate * self.weight_decay, param)).sub_(direction * per(size, param))
        self._descend(rest, grads, state, scale, step + 1)

    def _parts(self, params: Mapping[str, Tensor]) -> tuple[Tensors, Tensors]:
        """Return the matrices and everything else."""
        matrices = {name: param for name, param in params.items() if param.dim() == 3 and name not in self._tables}
        return matrices, {name: param for name, param in params.items() if name not in matrices}


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices (R, m, n) with their singular values moved to between about 0.7 and 1.2."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / per(joint_norm([x]).clamp(min=SMALLEST_NORM), x)
    for _ in range(ROUNDS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
