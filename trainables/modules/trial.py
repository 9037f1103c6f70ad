"""A trial of a user's network on some of its data: whether it works, how it is to be run, what it costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from trainables.modules.costs import Costs, costs_of
from trainables.modules.data import Pair, sets_of
from trainables.modules.definition import Definition
from trainables.modules.judge import judge_of
from trainables.modules.network import Network, Tensors, Traits
from trainables.randomness import drawing_from, generator

SEED, OTHER_SEED = 0, 1
EXAMPLES, FEW_EXAMPLES = 512, 64  # that are tried: for what the network takes, and for whether vmap makes the same
MOST_MEMORY = 2  # times that of networks one after the other, for which vmap may be used
RELATIVE, ABSOLUTE = 1e-3, 1e-5  # within which numbers are the same


@dataclass(frozen=True)
class Trial:
    """How a network is run, what it costs, and how many examples a replica is trained and tested on."""

    traits: Traits
    costs: Costs
    trained: int
    tested: int


@cache
def tried(definition: Definition, config: Any) -> Trial | str:
    """Return the result of a trial at a point, or what is wrong there, in one line.

    ``config`` should differ from the defaults only in fields on which the network and its loss depend.
    """
    try:
        return _trial(definition, config)
    except LookupError as fault:
        return str(fault.args[0])


def _trial(definition: Definition, config: Any) -> Trial:
    sets = sets_of(definition, config, SEED)
    with definition.file.telling():
        modules = [_drawn(definition, config, seed) for seed in (SEED, OTHER_SEED)]
    _require(definition, next(_module_faults(definition.label, *modules), None))
    safe = _network(definition, config, Traits())
    params = safe.init(_sources())
    for each in sets:
        inputs, targets = _sample(each, EXAMPLES)
        with definition.file.telling():
            outputs, _ = safe.apply(params, inputs)
        _require(definition, _output_fault(definition, config, outputs, targets))
    sample = _sample(sets[0], FEW_EXAMPLES)
    traits = _traits(definition, config, safe, params, sample)
    traits, costs = _affordable(definition, config, traits, costs_of(safe, params, *sample), params, sample)
    return Trial(traits, costs, len(sets[0][0]), len(sets[1][0]))


def _affordable(
    definition: Definition, config: Any, traits: Traits, alone: Costs, params: Tensors, sample: Pair
) -> tuple[Traits, Costs]:
    """Return how a network is to be run and what that costs: by vmap only if that does not take much more memory."""
    if traits.refusal:
        return traits, alone
    together = costs_of(_begun(definition, config, traits), params, *sample)
    if together.saved <= MOST_MEMORY * alone.saved:
        return traits, together
    refusal = f"vmap would take {together.saved / alone.saved:.0f} times the memory"
    return dataclasses.replace(traits, refusal=refusal), alone


def _require(definition: Definition, fault: str | None) -> None:
    if fault:
        raise LookupError(f"{definition.file.path}: {fault}")


def _drawn(definition: Definition, config: Any, seed: int) -> Any:
    with drawing_from(generator(seed, "init").initial_seed()):
        return definition.made(config)


def _sources() -> list[torch.Generator]:
    return [generator(seed, "init") for seed in (SEED, OTHER_SEED)]


def _network(definition: Definition, config: Any, traits: Traits) -> Network:
    return Network(
        lambda: definition.made(config),
        judge_of(definition, config, together=not traits.refusal),
        traits,
        init_seeds=(SEED, OTHER_SEED),
        device="cpu",
    )


def _begun(definition: Definition, config: Any, traits: Traits) -> Network:
    network = _network(definition, config, traits)
    network.init(_sources())
    return network


def _module_faults(label: str, module: Any, other: Any) -> Iterator[str]:
    """Yield what is wrong with a module, given another one drawn from another seed."""
    if not isinstance(module, nn.Module):
        yield f"what {label} makes is no torch.nn.Module but {type(module).__name__}"
        return
    if any(
        isinstance(each, UninitializedParameter | UninitializedBuffer)
        for each in (*module.parameters(), *module.buffers())
    ):
        yield f"{label} has lazy layers, whose shapes are not known when it is made; give them"
    elif not any(each.requires_grad for each in module.parameters()):
        yield f"{label} has no parameters to train"
    elif any(each.is_complex() for each in module.parameters()):
        yield f"{label} has complex parameters, which the optimizers do not take; keep real and imaginary parts"
    others = _unregistered(other)
    for name, tensor in _unregistered(module).items():
        if name in others and not torch.equal(tensor, others[name]):
            yield f"{label} draws the tensor {name!r}, which all replicas would share; make it with register_buffer"


def _unregistered(module: nn.Module) -> dict[str, Tensor]:
    """Return tensors of a module or its parts that are neither parameters nor buffers."""
    return {
        f"{part}.{name}".lstrip("."): value
        for part, within in module.named_modules()
        for name, value in vars(within).items()
        if isinstance(value, Tensor)
    }


def _output_fault(definition: Definition, config: Any, outputs: Tensor, targets: Tensor) -> str | None:
    """Return what is wrong with the outputs of two networks, or with what loss and metric make of them."""
    label, examples = definition.label, targets.shape[1]
    if outputs.dim() < 2 or outputs.shape[1] != examples or not outputs.is_floating_point():
        told = f"{str(outputs.dtype).removeprefix('torch.')} of shape {tuple(outputs.shape[1:])}"
        return f"{label} puts out {told} for {examples} examples; it must put out real numbers, (examples, ...)"
    judge = judge_of(definition, config, together=False)
    if fault := judge.misfit(outputs, targets):
        return f"loss and data do not fit {label}: {fault}"
    with definition.file.telling():
        loss, right = judge.value(outputs.detach().requires_grad_(), targets), judge.right(outputs, targets)
    if loss.shape != (2,) or not loss.requires_grad:
        return "the loss must be one number that depends on the outputs"
    each, one = right.dtype == torch.bool and right.shape == (2, examples), right.shape == (2, 1)
    return None if each or one else "the metric must be true or false for each example, or one number"


def _traits(definition: Definition, config: Any, safe: Network, params: Tensors, sample: Pair) -> Traits:
    """Return how a network behaves, from passes with different seeds and from those of vmap."""
    first, again = (_passes(definition, safe, params, sample, step=step) for step in (0, 1))
    grads = {name: value for name, value in first.items() if name.startswith("gradient ")}
    rest = {name: value for name, value in first.items() if name not in grads}
    random = not _same(rest, again) or not _same(grads, again, RELATIVE, ABSOLUTE)  # several threads add in any order
    before = {f"buffer {name}": value for name, value in safe.buffers.items()}
    buffers_change = not _same(before, first)
    differ = random or buffers_change or not _same({"training": first["evaluation"]}, first)
    traits = Traits("", random, differ, buffers_change)
    refusal = "it draws random numbers" if random else _refusal(definition, config, traits, params, sample, first)
    return Traits(refusal, random, differ, buffers_change)


def _refusal(
    definition: Definition, config: Any, traits: Traits, params: Tensors, sample: Pair, wanted: Tensors
) -> str:
    """Return why vmap does not give the same numbers; empty if it does."""
    try:
        found = _passes(definition, _begun(definition, config, traits), params, sample, step=0)
    except LookupError as fault:
        return str(fault.args[0]).split(". ")[0]
    return "" if _same(found, wanted, RELATIVE, ABSOLUTE) else "its numbers are others there"


def _passes(definition: Definition, network: Network, params: Tensors, sample: Pair, *, step: int) -> Tensors:
    """Return a network's outputs in both modes, its gradients, what counts as right, and its buffers."""
    network.step = step
    inputs, targets = sample
    leaves = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    with definition.file.telling():
        with torch.no_grad():
            evaluation, _ = network.apply(leaves, inputs)
        loss, training, _ = network.loss(leaves, inputs, targets)
        right = network.judge.right(evaluation, targets).double()
        grads = torch.autograd.grad(loss.sum(), list(leaves.values()), materialize_grads=True)
    return {
        "evaluation": evaluation,
        "training": training,
        "right": right,
        **{f"gradient {name}": grad for name, grad in zip(leaves, grads, strict=True)},
        **{f"buffer {name}": value for name, value in network.changed.items()},
    }


def _same(some: Tensors, more: Tensors, relative: float = 0.0, absolute: float = 0.0) -> bool:
    """Say whether tensors equal those of the same names in a larger mapping."""
    return all(
        torch.allclose(value.double(), more[name].double(), rtol=relative, atol=absolute, equal_nan=True)
        for name, value in some.items()
    )


def _sample(pair: Pair, most: int) -> Pair:
    """Return evenly spread examples, the same for two replicas."""
    count = len(pair[0])
    rows = torch.linspace(0, count - 1, min(count, most)).long()
    inputs, targets = (each[rows] for each in pair)
    return inputs.expand(2, *inputs.shape), targets.expand(2, *targets.shape)
