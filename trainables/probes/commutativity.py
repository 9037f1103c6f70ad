"""Whether a network knows the mirror images of the pairs that it was trained on, and only those."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.tasks._splits import Split, on_informative
from trainables.view import View

SOURCE = "this project: networks rest at a test accuracy near the train fraction, the share of mirrored pairs"
NEEDS = ("operands",)
COLUMNS = ("mirrored_accuracy", "unmirrored_accuracy")


class Commutativity:
    """Test accuracy by what was trained on: mirrored_accuracy on the pairs (a, b) whose mirror image (b, a) was, and
    unmirrored_accuracy on all others, a pair (a, a) among them; 0 where there are no such pairs.

    With half of all ordered pairs trained on, half of the test pairs are mirrored. A network that knows nothing but
    a + b = b + a has accuracies of 1 and of chance.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,).

        Raises: ValueError when an example has more than two operands.
        """
        test, vocabulary = view.task.test, view.task.vocabulary
        mirrored = _known(_operands(view.task.train), _operands(test).flip(-1), vocabulary)
        with torch.no_grad():
            outputs, _ = view.model.apply(view.params, test.inputs)
        right = view.loss.right(outputs, test.targets)
        return {"mirrored_accuracy": _mean(right, mirrored), "unmirrored_accuracy": _mean(right, ~mirrored)}


def _operands(split: Split) -> Tensor:
    """Return the operands of every example, (R, N, 2): its informative positions, or all where none are named."""
    named = split.informative if isinstance(split.informative, Tensor) else split.informative or (0, 1)
    found = on_informative(split.inputs, named)
    if found.shape[-1] != 2:
        raise ValueError(f"commutativity is about pairs of operands; given {found.shape[-1]} operands")
    return found


def _known(pairs: Tensor, asked: Tensor, vocabulary: int) -> Tensor:
    """Return which of the pairs asked for (R, M, 2) are among each replica's pairs (R, N, 2), shape (R, M)."""
    known = torch.zeros(len(pairs), vocabulary**2, dtype=torch.bool, device=pairs.device)
    known.scatter_(1, pairs[..., 0] * vocabulary + pairs[..., 1], True)
    return known.gather(1, asked[..., 0] * vocabulary + asked[..., 1])


def _mean(right: Tensor, of: Tensor) -> Tensor:
    """Return the share of right answers among some of the examples, (R, N) both, to (R,)."""
    return (right & of).sum(1).double() / of.sum(1).clamp(min=1)
