"""The data of a user's network: train and test examples of every replica, checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.modules.definition import Definition
from trainables.randomness import drawing_from, generator
from trainables.tasks._splits import Split, train_examples

Pair = tuple[Tensor, Tensor]
BOTH = "((inputs, targets), (inputs, targets)) to train and to test on"


class ModuleTask:
    """What each replica is trained and tested on: the same for all if the user gave both sets, else by its data seed.

    ``common``: whether all replicas have the same data, so that it need not be stacked.
    """

    def __init__(self, definition: Definition, config: Any, *, data_seeds: Sequence[int], device: str = "cpu") -> None:
        self.common = not callable(definition.data) and definition.train_fraction is None
        seeds = data_seeds[:1] if self.common else data_seeds
        drawn = [sets_of(definition, config, seed) for seed in seeds]
        self.train, self.test = (
            Split(*(self._stacked([each[part][side] for each in drawn], len(data_seeds), device) for side in (0, 1)))
            for part in (0, 1)
        )

    def _stacked(self, tensors: Sequence[Tensor], rows: int, device: str) -> Tensor:
        if self.common:
            return tensors[0].to(device).expand(rows, *tensors[0].shape)
        return torch.stack(tuple(tensors)).to(device)


def sets_of(definition: Definition, config: Any, seed: int) -> tuple[Pair, Pair]:
    """Return what replicas of a data seed are trained and tested on.

    Raises: LookupError in one line when the user's function raises or returns what cannot be used.
    """
    data = drawn(definition, seed)
    if definition.train_fraction is None:
        (inputs, targets), (test_inputs, test_targets) = data
        return (inputs, _classes(targets)), (test_inputs, _classes(test_targets))
    inputs, targets = data[0], _classes(data[1])
    order = torch.randperm(len(inputs), generator=generator(seed, "split"))
    cut = train_examples(len(inputs), config.train_fraction)
    trained, tested = order[:cut], order[cut:]
    return (inputs[trained], targets[trained]), (inputs[tested], targets[tested])


def drawn(definition: Definition, seed: int) -> Any:
    """Return the data that the user gave, or that the user's function gives for a seed.

    Raises: LookupError in one line when the function raises or returns what cannot be used.
    """
    if not callable(definition.data):
        return definition.data
    source = generator(seed, "data").initial_seed()
    with definition.file.here(), definition.file.telling(), drawing_from(source):
        data = definition.data(seed)
    if faults := list(faults_of(data, definition.train_fraction, f"{definition.data.__name__}({seed})")):
        raise LookupError(f"{definition.file.path}: {'; '.join(faults)}")
    return data


def seed_faults(definition: Definition, seeds: Sequence[int]) -> list[str]:
    """Return what is wrong with the data of some seeds: it cannot be used, or its shape is not that of the first."""
    if not callable(definition.data):
        return []
    shapes: dict[Any, int] = {}
    for seed in seeds:
        try:
            shapes.setdefault(_shapes(drawn(definition, seed)), seed)
        except LookupError as fault:
            return [str(fault.args[0])]
    told = " and ".join(f"{found} for seed {seed}" for found, seed in list(shapes.items())[:2])
    return [f"{definition.file.path}: {definition.data.__name__} must give the same shapes for all seeds, not {told}"][
        : len(shapes) - 1
    ]


def _shapes(data: Any) -> Any:
    return tuple(data.shape) if isinstance(data, Tensor) else tuple(map(_shapes, data))


def faults_of(data: Any, train_fraction: float | None, called: str = "data") -> Iterator[str]:
    """Yield everything that is wrong with the data, one sentence each."""
    if _is_pair(data) and all(isinstance(each, Tensor) for each in data):
        if train_fraction is None:
            yield f"{called} is one set of examples and no test set: give train_fraction, or {BOTH}"
        else:
            yield from _set_faults(data, called, least=2)
    elif _is_pair(data) and all(_is_pair(each) and all(isinstance(one, Tensor) for one in each) for each in data):
        if train_fraction is not None:
            yield f"{called} has a test set of its own; leave out train_fraction"
        for each, name in zip(data, ("train", "test"), strict=True):
            yield from _set_faults(each, f"{called}, {name}")
        (inputs, targets), (test_inputs, test_targets) = data
        if inputs.shape[1:] != test_inputs.shape[1:] or targets.shape[1:] != test_targets.shape[1:]:
            yield f"{called}: examples to train and to test on have different shapes"
    else:
        yield (
            f"{called} must be tensors, {BOTH}, or one (inputs, targets) with train_fraction; not {_told(data)} "
            "(torch.from_numpy makes a tensor of an array)"
        )


def _set_faults(pair: Pair, called: str, least: int = 1) -> Iterator[str]:
    for tensor, side in zip(pair, ("inputs", "targets"), strict=True):
        if tensor.dim() == 0 or len(tensor) < least:
            yield f"{called}: {side} {'are empty' if tensor.numel() == 0 else f'must be at least {least} examples'}"
        elif tensor.is_complex() or tensor.requires_grad:
            yield f"{called}: {side} must be whole or real numbers without a gradient"
        elif tensor.is_floating_point() and not tensor.isfinite().all():
            bad = int((~tensor.isfinite()).reshape(len(tensor), -1).any(1).sum())
            yield f"{called}: {side} hold NaN or infinity in {bad} of {len(tensor)} examples"
    if pair[0].dim() and pair[1].dim() and len(pair[0]) != len(pair[1]):
        yield f"{called}: {len(pair[0])} inputs and {len(pair[1])} targets"


def _is_pair(data: Any) -> bool:
    return isinstance(data, tuple | list) and len(data) == 2


def _classes(targets: Tensor) -> Tensor:
    """Return whole numbers in the type of classes."""
    return targets if targets.is_floating_point() else targets.long()


def _told(data: Any) -> str:
    if isinstance(data, tuple | list):
        return f"({', '.join(map(_told, data[:4]))})"
    return type(data).__name__
