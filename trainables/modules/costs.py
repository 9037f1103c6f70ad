"""What a step of a user's network costs, from one pass over some examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from trainables.modules.network import Network

BACKWARD = 2  # times the work of the forward pass
COPIES = 6  # of what is trained: itself, its gradient, two moments, what an update makes meanwhile
PASSES = 3  # whose outputs are there at once: to train on, to test, and what the loss makes of them


@dataclass(frozen=True)
class Costs:
    """Costs of one replica: ``state`` is weights and buffers, the others are per example.

    ``saved``: kept for the backward pass; ``output``: the outputs; ``gflop``: products forward; if none is counted,
    one per parameter.
    Units: bytes, billions of operations.
    """

    state: float
    saved: float
    output: float
    gflop: float

    def mib(self, trained: int, batch: int, tested: int) -> float:
        """Return an estimate of the peak memory of one replica with a step over a batch of its examples."""
        kept = (2 * batch + tested) * self.saved  # of a step with its gradients, and what an evaluation needs
        return (COPIES * self.state + kept + PASSES * (trained + tested) * self.output) / 2**20

    def step_gflop(self, batch: int) -> float:
        """Return an estimate of the work of one step."""
        return (1 + BACKWARD) * batch * self.gflop


def costs_of(network: Network, params: Mapping[str, Tensor], inputs: Tensor, targets: Tensor) -> Costs:
    """Return the costs of one replica; inputs and targets have a replica axis."""
    leaves = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    state = [*leaves.values(), *network.buffers.values()]
    own = {value.untyped_storage().data_ptr() for value in state}
    saved: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with _Products() as products, saved_tensors_hooks(note, lambda tensor: tensor):
        _, outputs, _ = network.loss(leaves, inputs, targets)
    rows, examples = inputs.shape[:2]
    each = rows * examples
    operations = products.count / each or 2 * sum(value.numel() for value in leaves.values()) / rows
    return Costs(
        state=sum(value.nbytes for value in state) / rows,
        saved=sum(saved.values()) / each,
        output=outputs.nbytes / each,
        gflop=operations / 1e9,
    )


class _Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations of matrix products, convolutions and attention, as PyTorch's table of formulas has them."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # PyTorch would load its compiler for it, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func._overloadpacket):
            self.count += formula(*args, **(kwargs or {}), out_val=made)
        return made
