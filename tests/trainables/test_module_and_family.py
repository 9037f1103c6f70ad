"""The same network as a family of ours and from a user's file: the same weights, data, curves and grok steps."""

from __future__ import annotations

import pytest
import torch
from user_networks import launched

from trainables import loop
from trainables.pack import Pack
from trainables.replica import Recording, Replica

RECORDING = Recording(end="budget", thresholds=(0.9,), grid_max_steps=10)
STEPS = 600
TRAINED = {"train_fraction": 0.8, "weight_decay": 3.0, "learning_rate": 0.01}
OURS = {**TRAINED, "modulus": 11, "pairs": "ordered", "width": 32, "hidden_width": 32}
THEIRS = {**TRAINED, "loss_dtype": "float64", "beta2": 0.98}

NET = """
P = 11
PAIRS = torch.cartesian_prod(torch.arange(P), torch.arange(P))

def drawn(rows, columns, fan_in):
    return nn.Parameter(torch.randn(rows, columns) * (1 / fan_in**0.5))

class Net(nn.Module):
    def __init__(self, width=32, hidden_width=32):
        super().__init__()
        self.embedding = drawn(P, width, width)
        self.hidden_weight = drawn(width, hidden_width, width)
        self.output_weight = drawn(hidden_width, width, hidden_width)
        self.unembedding = drawn(width, P, width)

    def forward(self, pairs):
        hidden = torch.relu(self.embedding[pairs].sum(-2) @ self.hidden_weight)
        return hidden @ self.output_weight @ self.unembedding
"""


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pack, Pack]:
    experiment = launched(tmp_path_factory.mktemp("user"), NET, "Net, (PAIRS, PAIRS.sum(1) % P), train_fraction=0.4")
    ours, theirs = (
        Pack([Replica.of(family, fields, seed=seed, recording=RECORDING) for seed in range(3)])
        for family, fields in (("mlp_addition", OURS), (experiment.family, THEIRS))
    )
    for name, value in ours.params.items():
        assert torch.equal(value, theirs.params[name])
    assert torch.equal(ours.parts.task.train.inputs, theirs.parts.task.train.inputs)
    for pack in (ours, theirs):
        loop.advance(pack, last_step=STEPS)
    return ours, theirs


def test_curves_agree_while_rounding_has_not_grown(packs: tuple[Pack, Pack]) -> None:
    for ours, theirs in zip(*(pack.curves for pack in packs), strict=True):
        assert ours.steps == theirs.steps
        for column in ("train_loss", "test_loss"):
            few = [curve.column(column)[:6] for curve in (ours, theirs)]
            assert few[0] == pytest.approx(few[1], rel=1e-3)


def test_grok_steps_agree(packs: tuple[Pack, Pack]) -> None:
    ours, theirs = (
        [event.upper for _, ended in loop.settle(pack, last_step=STEPS) for event in ended.events] for pack in packs
    )
    assert ours == pytest.approx(theirs, abs=10) and len(ours) == 2 * len(packs[0].curves)  # one evaluation
