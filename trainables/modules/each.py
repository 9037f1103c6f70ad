"""A function of one network's tensors, applied to every replica of a pack: all at once, or one after the other."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.nn import functional
from torch.utils._pytree import tree_leaves, tree_map

warnings.filterwarnings("ignore", message="There is a performance drop")  # where vmap loops over one operation

Around = Callable[[int], AbstractContextManager[None]]


def for_each_replica(
    function: Callable[..., Any],
    stacked: Sequence[Any],
    *,
    together: bool,
    common: Sequence[bool] = (),
    around: Around = lambda row: contextlib.nullcontext(),
) -> Any:
    """Return a function's results for the tensors of each replica, stacked along the replica axis.

    ``stacked``: its arguments, tensors or dicts of tensors with a leading axis R; of ``common`` arguments, the same
    for all replicas, the first row stands for all. ``around``: entered for each row that is computed alone.
    """
    dims = [None if all_equal else 0 for all_equal in (common or [False] * len(stacked))]
    if together:
        given = [each[0] if dim is None else each for each, dim in zip(stacked, dims, strict=True)]
        with _folded_linear():
            return vmap(function, in_dims=tuple(dims), randomness="error")(*given)
    made = []
    for row in range(len(tree_leaves(stacked[0])[0])):
        with around(row):
            made.append(function(*(tree_map(lambda leaf: leaf[row], each) for each in stacked)))  # noqa: B023
    return tree_map(lambda *leaves: torch.stack(leaves), *made)


@contextlib.contextmanager
def _folded_linear() -> Iterator[None]:
    """Have linear layers fold all axes but the last of their inputs into one.

    PyTorch does so itself where weights need a gradient, but vmap hides that; otherwise it copies each replica's
    weights once per example as soon as an input is a view.
    """
    plain: Callable[..., Tensor] = functional.linear

    def folded(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        if input.dim() < 3 or weight.dim() != 2:
            return plain(input, weight, bias)
        return plain(input.reshape(-1, input.shape[-1]), weight, bias).reshape(*input.shape[:-1], len(weight))

    setattr(functional, "linear", folded)  # noqa: B010 (attention calls it by this name, past any mode or hook)
    try:
        yield
    finally:
        setattr(functional, "linear", plain)  # noqa: B010
