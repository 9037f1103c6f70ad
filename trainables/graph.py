"""A pack's step as CUDA graphs, recorded once and then sent by one call each, in place of one call per operation.

Forward and backward pass, evaluation, and update are one graph each. They read and write tensors that stay in place:
the pack's parameters, optimizer state and buffers, the gradients, and the number of updates made, which is kept on the
device because a graph would repeat a number from the host for ever.

Limits: graphs are valid until the pack's tensors are replaced; the results of a pass are valid until the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from trainables.family import Parts
from trainables.tasks._splits import Split
from trainables.view import Pass, View

AHEAD_STEPS = 4  # the host waits until the GPU is at most twice as many steps behind, so that a chunk ends in time

Found = TypeVar("Found")


class Recorder(Protocol):
    """Records operations without running them, and runs them again."""

    def rehearse(self, work: Callable[[], object], state: Sequence[Tensor]) -> None:
        """Run work that will be recorded, and restore the state.

        Raises: RuntimeError where it cannot be recorded because an operation waits for the device.
        """

    def record(self, work: Callable[[], Found], state: Sequence[Tensor]) -> tuple[Callable[[], None], Found]:
        """Return a call that runs the operations of some work again, and what the work returned; keep the state."""

    def mark(self) -> Any:
        """Return something to wait for: it is done when all operations sent so far are."""


class Steps(Protocol):
    """The parts of a pack's step that can be recorded."""

    parts: Parts
    params: dict[str, Tensor]
    optimizer_state: dict[str, Tensor]
    device: str
    step: int

    def split(self) -> Split:
        """Return the examples of this step."""

    def gradients(self, split: Split, step: int | Tensor) -> tuple[dict[str, Tensor], Pass | None]:
        """Return the gradients of a step, and its pass."""

    def measured(self, view: View) -> tuple[list[str], Tensor]:
        """Return the names of all columns and their values."""

    def descend(self, grads: Mapping[str, Tensor], step: int | Tensor) -> None:
        """Change parameters and optimizer state in place."""


class StepGraphs:
    """The three recorded parts of a pack's step: ``backward``, ``evaluation`` and ``update`` run them again."""

    def __init__(self, pack: Steps, recorder: Recorder) -> None:
        """Record a pack where it stands.

        Raises: RuntimeError when a part cannot be recorded; the pack is then as before.
        """
        self._parts, self._params, self._recorder = pack.parts, pack.params, recorder
        self._updates = torch.full((), pack.step, dtype=torch.float64, device=pack.device)
        self._split, self._sent = _own(pack), 0
        self._mark: Any = None
        buffers = getattr(pack.parts.model, "buffers", {})
        state = [*pack.params.values(), *pack.optimizer_state.values(), *buffers.values(), self._updates]
        recorder.rehearse(lambda: self._whole(pack), state)
        self._pass, found = recorder.record(lambda: pack.gradients(self._split, self._updates), state)
        self._grads, self._made = found
        self._evaluate, columns = recorder.record(lambda: pack.measured(self._view(self._made)), state)
        self._names, self._table = columns
        self._descend, _ = recorder.record(lambda: self._once(pack, self._grads), state)

    def backward(self, step: int) -> tuple[dict[str, Tensor], View]:
        """Return gradients and view of a step; both are valid until the next step."""
        if self._parts.batches:
            now = self._parts.batches.at(step)
            self._split.inputs.copy_(now.inputs)
            self._split.targets.copy_(now.targets)
        self._pass()
        return self._grads, self._view(self._made)

    def evaluation(self) -> tuple[list[str], Tensor]:
        """Return the names of all columns and their values (R, columns) in float64, of the last ``backward``."""
        self._evaluate()
        return self._names, self._table.clone()

    def update(self, grads: Mapping[str, Tensor]) -> None:
        """Take an optimizer step with the gradients of the last ``backward``, the only ones that the graph knows."""
        assert grads is self._grads
        self._descend()
        self._sent += 1
        if self._sent % AHEAD_STEPS == 0:
            before, self._mark = self._mark, self._recorder.mark()
            if before:
                before.synchronize()

    def _view(self, made: Pass | None) -> View:
        return View(self._params, self._parts.task, self._parts.model, self._parts.loss, made)

    def _once(self, pack: Steps, grads: dict[str, Tensor]) -> None:
        pack.descend(grads, self._updates)
        self._updates.add_(1)

    def _whole(self, pack: Steps) -> None:
        grads, made = pack.gradients(self._split, self._updates)
        pack.measured(self._view(made))
        self._once(pack, grads)


class CudaRecorder:
    """Records CUDA graphs that share one pool of memory; they are run in the order in which they were recorded."""

    def __init__(self, device: str) -> None:
        self._stream, self._pool = _stream(device), torch.cuda.graph_pool_handle()

    def rehearse(self, work: Callable[[], object], state: Sequence[Tensor]) -> None:
        """Run the work twice on the stream of the recording, the second time refusing to wait for the device."""
        before, mode, main = _copies(state), torch.cuda.get_sync_debug_mode(), torch.cuda.current_stream()
        self._stream.wait_stream(main)
        try:
            with torch.cuda.stream(self._stream):
                work()
                torch.cuda.set_sync_debug_mode("error")
                work()
        finally:
            torch.cuda.set_sync_debug_mode(mode)
            main.wait_stream(self._stream)
            restore(state, before)

    def record(self, work: Callable[[], Found], state: Sequence[Tensor]) -> tuple[Callable[[], None], Found]:
        """Record a graph; nothing is computed meanwhile."""
        graph, main = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                found = work()
        finally:
            torch.cuda.set_stream(main)  # which PyTorch leaves undone where a recording cannot be ended
        return graph.replay, found

    def mark(self) -> Any:
        """Return an event after all that was sent."""
        cuda: Any = torch.cuda
        event = cuda.Event(blocking=True)
        event.record()
        return event


def restore(state: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copy values back into tensors that stay in place."""
    with torch.no_grad():
        for tensor, value in zip(state, values, strict=True):
            tensor.copy_(value)


def _copies(state: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in state]


def _own(pack: Steps) -> Split:
    """Return the examples of the step, mini-batches in tensors of their own that can be overwritten."""
    split = pack.split()
    if not pack.parts.batches:
        return split
    return Split(split.inputs.clone(), split.targets.clone(), split.informative)


@lru_cache
def _stream(device: str) -> Any:
    """Return a device's one stream for recording graphs, since each stream has workspaces of its own."""
    cuda: Any = torch.cuda
    return cuda.Stream(device)
