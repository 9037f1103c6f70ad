"""Pruning at initialisation: a mask from the initial weights alone, by one of several scores.

Shapes: scores are those of the matrices, (R, m, n); a larger one is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainables.interventions._masks import Masked, Masks, kept, matrices
from trainables.interventions.magnitude_ticket import magnitude_masks
from trainables.randomness import generator

SOURCE = (
    "SNIP: arXiv 1810.02340; GraSP: arXiv 2002.07376; SynFlow: arXiv 2006.05467; "
    "compared with tickets in arXiv 2310.19470"
)
CRITERIA = ("random", "magnitude", "snip", "grasp", "synflow")
TEMPERATURE = 200.0  # by which GraSP divides the outputs


class MaskAtStart(Masked):
    """Keeps the share 1 - ``pruned`` of weights with the largest scores, over all matrices together.

    With g the gradient of the mean training loss by the weights θ, and H its Hessian: ``snip`` |g θ|; ``grasp`` θ · Hg,
    of outputs divided by 200, so that what is pruned lowers the norm of the gradient least; ``synflow`` |θ| ∂R/∂|θ|
    with R the sum over the training examples of the outputs of the network of absolute weights, in ``rounds``, the k-th
    of which leaves (1 - pruned)^(k / rounds) of the weights; ``magnitude`` |θ|; ``random``. Masks follow from the
    initial weights, which are drawn again, so that they are the same after a restart.
    """

    def __init__(
        self, *, criterion: str, pruned: Sequence[float], rounds: int, init_seeds: Sequence[int], model: Any, split: Any
    ) -> None:
        params = model.init([generator(seed, "init") for seed in init_seeds])
        start = {name: value.to(split.inputs.device) for name, value in params.items()}
        if criterion == "random":
            drawn = [generator(seed, "mask at start") for seed in init_seeds]
            self.masks = kept(_random(start, drawn), pruned)
        elif criterion == "magnitude":
            self.masks = magnitude_masks(start, pruned)
        elif criterion == "synflow":
            self.masks = synflow(model, start, split, pruned, rounds)
        else:
            self.masks = kept((snip if criterion == "snip" else grasp)(model, start, split), pruned)


def snip(model: Any, params: Mapping[str, Tensor], split: Any) -> Masks:
    """Return |g θ|: by how much the loss would change, to first order, without a weight."""
    leaves = _leaves(params)
    grads = torch.autograd.grad(_loss(model, leaves, split, 1.0), list(leaves.values()))
    return {name: (grad * leaf).detach().abs() for (name, leaf), grad in zip(leaves.items(), grads, strict=True)}


def grasp(model: Any, params: Mapping[str, Tensor], split: Any) -> Masks:
    """Return θ · Hg: weights with the smallest ones are those that hold the gradient back."""
    leaves = _leaves(params)
    grads = torch.autograd.grad(_loss(model, leaves, split, TEMPERATURE), list(leaves.values()), create_graph=True)
    along = torch.stack([(grad * grad.detach()).sum() for grad in grads]).sum()
    products = torch.autograd.grad(along, list(leaves.values()))
    return {name: (leaf * each).detach() for (name, leaf), each in zip(leaves.items(), products, strict=True)}


def synflow(model: Any, params: Mapping[str, Tensor], split: Any, pruned: Sequence[float], rounds: int) -> Masks:
    """Return the masks of SynFlow's last round."""
    sizes = {name: value.abs().double() for name, value in params.items()}
    masks = {name: torch.ones_like(value) for name, value in matrices(params).items()}
    for number in range(1, rounds + 1):
        leaves = {name: (sizes[name] * masks[name]).requires_grad_() for name in masks}
        outputs, _ = model.apply({**sizes, **leaves}, split.inputs)
        grads = torch.autograd.grad(outputs.sum(), list(leaves.values()))
        scores = {name: (leaf * grad).detach() for (name, leaf), grad in zip(leaves.items(), grads, strict=True)}
        shares = [1 - (1 - share) ** (number / rounds) for share in pruned]
        masks = {name: mask.to(params[name].dtype) for name, mask in kept(scores, shares).items()}
    return masks


def _loss(model: Any, leaves: Mapping[str, Tensor], split: Any, temperature: float) -> Tensor:
    """Return the sum over replicas of their mean loss; replicas do not meet, so its gradients are each one's own."""
    outputs, _ = model.apply(dict(leaves), split.inputs)
    losses: Tensor = cross_entropy(outputs.flatten(0, 1) / temperature, split.targets.flatten(), reduction="sum")
    return losses.div(split.targets.shape[1])


def _leaves(params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().double().requires_grad_() for name, value in matrices(params).items()}


def _random(params: Mapping[str, Tensor], sources: Sequence[torch.Generator]) -> Masks:
    drawn = {
        name: torch.stack([torch.rand(value.shape[1:], generator=source) for source in sources])
        for name, value in matrices(params).items()
    }
    return {name: value.to(params[name].device) for name, value in drawn.items()}
