"""A user's module for a whole pack: stacked parameters and buffers, run by vmap or one after the other.

Shape suffixes: R replicas, N examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from trainables.modules.each import for_each_replica
from trainables.modules.judge import Judge
from trainables.randomness import drawing_from, generator
from trainables.steps.autograd import Autograd
from trainables.tasks._splits import Split
from trainables.view import Pass

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Traits:
    """How a module behaves, found by trying it; the defaults are safe for every module.

    ``refusal``: why vmap cannot run it, empty if it can; ``random``: it draws random numbers in a forward pass;
    ``modes_differ``: it behaves differently in training and evaluation; ``buffers_change``: a training pass changes its
    buffers.
    """

    refusal: str = "not tried"
    random: bool = True
    modes_differ: bool = True
    buffers_change: bool = True


class Network:
    """A user's module for a pack.

    What a replica keeps besides its trained parameters (buffers and frozen parameters) lies in ``buffers``, stacked.
    A training pass holds changed buffers back until ``commit``, since a step runs twice when training resumes there.
    ``beyond_the_answer``: whether a training pass differs from an evaluation.
    """

    def __init__(
        self, make: Callable[[], nn.Module], judge: Judge, traits: Traits, *, init_seeds: Sequence[int], device: str
    ) -> None:
        self._make, self.judge, self._traits, self._seeds, self._device = make, judge, traits, init_seeds, device
        self._module = self._drawn(generator(init_seeds[0], "init")).to(device)
        self.beyond_the_answer = traits.modes_differ
        self.trained = [name for name, param in self._module.named_parameters() if param.requires_grad]
        torch.backends.mha.set_fastpath_enabled(False)  # made for inference, and vmap has no rule for it
        self.buffers: Tensors = {}
        self.changed: Tensors = {}
        self.step = 0

    @property
    def tables(self) -> frozenset[str]:
        """The parameters that are embedding tables."""
        parts = ((name, part) for name, part in self._module.named_modules() if isinstance(part, nn.Embedding))
        return frozenset(f"{name}.weight" if name else "weight" for name, _ in parts)

    def init(self, generators: Sequence[Generator]) -> Tensors:
        """Return initial parameters, each from a module made with the replica's own seed; set the buffers."""
        modules = [self._drawn(source) for source in generators]
        states = [dict(_state(module)) for module in modules]
        whole = {name: torch.stack([state[name] for state in states]) for name in states[0]}
        self.buffers = {name: value for name, value in whole.items() if name not in self.trained}
        return {name: whole[name] for name in self.trained}

    def apply(self, params: Mapping[str, Tensor], inputs: Tensor) -> tuple[Tensor, None]:
        """Return the outputs of the networks in evaluation, (R, N, ...)."""
        return self._outputs(params, inputs, training=False)[0], None

    def loss(self, params: Mapping[str, Tensor], inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, None]:
        """Return the loss of each replica in training, (R,), and the outputs of the networks, without a gradient."""
        outputs, self.changed = self._outputs(params, inputs, training=True)
        return self.judge.value(outputs, targets), outputs.detach(), None

    def at(self, step: int | Tensor) -> None:
        """Note the step of the passes to come.

        Raises: RuntimeError where the step is counted on a device and random numbers depend on it.
        """
        if not isinstance(step, Tensor):
            self.step = step
        elif self._traits.random:
            raise RuntimeError("the network draws random numbers, which a graph would draw once for all steps")

    def commit(self) -> None:
        """Keep the buffers as the last training pass left them."""
        for name, value in self.changed.items():
            self.buffers[name].copy_(value)

    def _outputs(self, params: Mapping[str, Tensor], inputs: Tensor, *, training: bool) -> tuple[Tensor, Tensors]:
        self._module.train(training)
        mode = "training" if training else "evaluation"

        def around(row: int) -> Any:
            source = generator(self._seeds[row], f"{mode} {self.step}")
            return drawing_from(source.initial_seed(), device=self._device)

        found: tuple[Tensor, Tensors] = for_each_replica(
            self._one,
            ({**params, **self.buffers}, inputs),
            together=not self._traits.refusal,
            common=(False, inputs.stride(0) == 0),
            **({"around": around} if self._traits.random else {}),
        )
        return found

    def _one(self, state: Tensors, inputs: Tensor) -> tuple[Tensor, Tensors]:
        """Return the outputs of one network and its changed buffers; the buffers themselves are left alone.

        Raises: TypeError when the output is anything but one tensor.
        """
        changing = self.buffers if self._traits.buffers_change else {}
        state = {name: value.clone() if name in changing else value for name, value in state.items()}
        outputs = functional_call(self._module, state, (inputs,))
        if not isinstance(outputs, Tensor):
            raise TypeError(f"the module puts out a {type(outputs).__name__}; it must put out one tensor")
        return outputs, {name: state[name].detach() for name in changing}

    def _drawn(self, source: Generator) -> nn.Module:
        with drawing_from(source.initial_seed()):
            return self._make()


class KeptBuffers:
    """Commits the buffers of a network at every update."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def on_params(self, params: Mapping[str, Tensor]) -> None:
        """Commit the buffers as the training pass of this step left them."""
        self._network.commit()


class NumberedStep(Autograd):
    """Gradients by automatic differentiation for a network whose random numbers depend on the step."""

    def gradients(self, pack: Any, split: Split, step: int | Tensor) -> tuple[dict[str, Tensor], Pass | None]:
        """Return the gradient by every parameter of a pack on some examples, and the pass over them.

        Raises: RuntimeError where the step is counted on a device and the network draws random numbers.
        """
        pack.parts.model.at(step)
        return super().gradients(pack, split, step)


def _state(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Yield parameters and buffers of a module without their gradients."""
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        yield name, value.detach()
