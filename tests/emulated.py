"""A recorder that treats a CPU as CUDA graphs treat a GPU: what the host computes while it records is frozen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from trainables.graph import restore


class Operations(TorchDispatchMode):
    """Notes the operations that are made, and makes them again into the same memory."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("a value was read back from the device")
        found = func(*args, **(kwargs or {}))
        self.made.append((func, args, kwargs or {}, found))
        return found

    @torch.no_grad()
    def again(self) -> None:
        """Make them again."""
        for func, args, kwargs, before in self.made:
            for old, new in zip(tree_leaves(before), tree_leaves(func(*args, **kwargs)), strict=True):
                if isinstance(old, Tensor) and old.untyped_storage()._cdata != new.untyped_storage()._cdata:
                    old.copy_(new)


class Emulated:
    """See ``trainables.graph.Recorder``; ``replays`` counts the calls that stood for many operations."""

    def __init__(self) -> None:
        self.replays = 0

    def rehearse(self, work: Callable[[], object], state: Sequence[Tensor]) -> None:
        """Do the work once and put the state back."""
        before = [each.clone() for each in state]
        try:
            with Operations():
                work()
        finally:
            restore(state, before)

    def record(self, work: Callable[[], Any], state: Sequence[Tensor]) -> tuple[Callable[[], None], Any]:
        """Note the operations of some work."""
        before = [each.clone() for each in state]
        with Operations() as operations:
            found = work()
        restore(state, before)

        def again() -> None:
            self.replays += 1
            operations.again()

        return again, found

    def mark(self) -> Any:
        """Return something that need not be waited for."""
        return SimpleNamespace(synchronize=lambda: None)
