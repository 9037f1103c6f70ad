"""Probes that count training and test examples, on cases made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny import tiny_replica

from trainables.losses.cross_entropy import CrossEntropy
from trainables.losses.mean_square import MeanSquare
from trainables.pack import Pack
from trainables.probes.commutativity import Commutativity
from trainables.probes.zero_gradient_share import ZeroGradientShare
from trainables.tasks._splits import Split
from trainables.view import View


def answering(outputs: list[list[list[float]]], loss: Any, **splits: Split) -> View:
    """Return a view of a network that gives these outputs to whatever it is asked."""
    model = SimpleNamespace(apply=lambda params, inputs: (torch.tensor(outputs), None))
    return View({}, SimpleNamespace(vocabulary=5, **splits), model, loss, None)


def test_mirrored_pairs_are_told_from_others_by_hand() -> None:
    """Trained on 0+1 and 1+2; of the test, 1+0 and 2+1 are mirrored, 3+3 and 0+2 are not; the first, third are right.

    In the second replica nothing is mirrored, and the same answers are right.
    """
    train = torch.tensor([[[0, 9, 1], [1, 9, 2]], [[3, 9, 4], [4, 9, 4]]])
    test = torch.tensor([[[1, 9, 0], [2, 9, 1], [3, 9, 3], [0, 9, 2]]] * 2)
    targets = torch.tensor([[1, 3, 1, 2]] * 2)
    right, wrong = [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]
    splits = {"train": Split(train, targets[:, :2], (0, 2)), "test": Split(test, targets, (0, 2))}
    found = Commutativity().measure(answering([[right, wrong, right, wrong]] * 2, CrossEntropy(), **splits))
    assert found["mirrored_accuracy"].tolist() == [0.5, 0.0]
    assert found["unmirrored_accuracy"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("moving", [False, True])
def test_accuracies_of_mirrored_and_other_pairs_make_up_test_accuracy(moving: bool) -> None:
    pack = Pack([tiny_replica(seed, routing="moving" if moving else "fixed") for seed in range(2)])
    _, view = pack.backward()
    found = Commutativity().measure(view)
    for row in range(2):
        split = view.task.test
        places = split.informative[row] if moving else torch.tensor([split.informative] * split.inputs.shape[1])
        test = [tuple(pair) for pair in split.inputs[row].gather(1, places).tolist()]
        train = {(a, b) for a in range(12) for b in range(12)} - set(test)
        share = sum((b, a) in train for a, b in test) / len(test)
        whole = share * found["mirrored_accuracy"][row] + (1 - share) * found["unmirrored_accuracy"][row]
        assert whole.item() == pytest.approx(view.test.accuracy[row].item())


def test_commutativity_of_three_operands_is_refused() -> None:
    tokens = torch.zeros(1, 2, 3, dtype=torch.int64)
    split = Split(tokens, tokens[..., 0], (0, 1, 2))
    with pytest.raises(ValueError, match="given 3 operands"):
        Commutativity().measure(answering([[[0.0, 1.0]] * 2], CrossEntropy(), train=split, test=split))


@pytest.mark.parametrize(
    "loss, of_all, of_target",
    [
        (CrossEntropy(), 0.25, 0.25),  # exp(-200) is 0 in float32: only there nothing is left
        (CrossEntropy(loss_arithmetic="rounded"), 0.25, 0.75),  # 1 - exp(-30) is 1, but exp(-30) is not 0
        (CrossEntropy(loss_dtype="float64", loss_arithmetic="rounded"), 0.25, 0.5),  # as is 1 - exp(-50)
        (MeanSquare(), 0.0, 0.0),
    ],
    ids=["exact", "rounded", "rounded in float64", "mean square"],
)
def test_examples_without_a_gradient_are_counted_by_hand(loss: Any, of_all: float, of_target: float) -> None:
    """Four examples of class 0 with margins of 2, 30, 50 and 200 over two other classes."""
    targets = torch.zeros(1, 4, dtype=torch.int64)
    outputs = [[[margin, 0.0, 0.0] for margin in (2.0, 30.0, 50.0, 200.0)]]
    found = ZeroGradientShare().measure(answering(outputs, loss, train=Split(targets, targets)))
    assert found["zero_gradient_share"].tolist() == [of_all]
    assert found["zero_target_gradient_share"].tolist() == [of_target]


def test_real_targets_have_no_entry_of_the_right_class() -> None:
    targets = torch.tensor([[[1.0, 0.0], [2.0, 2.0]]])
    view = answering([[[1.0, 0.0], [0.0, 2.0]]], MeanSquare(), train=Split(targets, targets))
    assert {name: share.tolist() for name, share in ZeroGradientShare().measure(view).items()} == {
        "zero_gradient_share": [0.5]
    }
