"""Networks as users write them: files that call from_module, one for each way in which a module can behave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search_spaces._experiment import Experiment
from search_spaces._files import experiment_named

HEAD = """
import torch
from torch import nn
from search_spaces import Experiment, Scale, SearchSpace, from_module

P = 7
PAIRS = torch.cartesian_prod(torch.arange(P), torch.arange(P))
SUMS = PAIRS.sum(1) % P
"""

TAIL = """
EXPERIMENT = Experiment(
    name="mine", question="?", source="mine", x="weight_decay", laws=("constant", "power"), primary_law="power",
    claims=(), family=from_module({call}),
    scales={{"laptop": Scale(space=SearchSpace({{"weight_decay": (0.1, 1.0)}}), fields={{"learning_rate": 0.01}},
                            seeds=(0, 1, 2), budget_steps=60)}},
)
"""

MLP = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.embedding = nn.Embedding(P, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, P))

    def forward(self, pairs):
        return self.mlp(self.embedding(pairs).sum(-2))
"""

ATTENTION = """
class Net(nn.Module):
    def __init__(self, width=8, heads=2):
        super().__init__()
        self.embedding, self.norm = nn.Embedding(P, width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.read = nn.Linear(width, P)

    def forward(self, pairs):
        x = self.embedding(pairs)
        return self.read(self.norm(x + self.attention(x, x, x)[0]).mean(1))
"""

BATCH_NORM = MLP.replace("4 * width), nn.ReLU()", "4 * width, bias=False), nn.BatchNorm1d(4 * width), nn.ReLU()")
DROPOUT = MLP.replace("nn.ReLU()", "nn.ReLU(), nn.Dropout(0.2)")
CONTROL_FLOW = MLP.replace(
    "return self.mlp(self.embedding(pairs).sum(-2))",
    "x = self.embedding(pairs).sum(-2)\n        return self.mlp(x if x.sum() > 0 else -x)",
)
RUNNING_MEAN = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.embedding, self.read = nn.Embedding(P, width), nn.Linear(width, P)
        self.register_buffer("mean", torch.zeros(width))

    def forward(self, pairs):
        x = self.embedding(pairs).sum(-2)
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        return self.read(torch.relu(x - self.mean))
"""
TIED_AND_FROZEN = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.embedding, self.hidden, self.read = nn.Embedding(P, width), nn.Linear(width, width), nn.Linear(width, P)
        self.read.weight = self.embedding.weight
        self.hidden.weight.requires_grad_(False)

    def forward(self, pairs):
        return self.read(torch.relu(self.hidden(self.embedding(pairs).sum(-2))))
"""
RECURRENT = """
class Net(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(P, width), nn.LSTM(width, width, batch_first=True)
        self.read = nn.Linear(width, P)

    def forward(self, pairs):
        return self.read(self.lstm(self.embedding(pairs))[0][:, -1])
"""
REGRESSION = """
def Net(width=8):
    return nn.Sequential(nn.Linear(3, width), nn.Tanh(), nn.Linear(width, 1), nn.Flatten(0))

def data(seed):
    source = torch.Generator().manual_seed(seed)
    inputs, weights = torch.randn(60, 3, generator=source), torch.randn(3, generator=source)
    targets = torch.tanh(inputs @ weights)
    return (inputs[:40], targets[:40]), (inputs[40:], targets[40:])
"""
OWN_LOSS = (
    MLP
    + """
def smoothed(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets, label_smoothing=0.1)

def among_two(outputs, targets):
    return (outputs.topk(2).indices == targets.unsqueeze(-1)).any(-1)
"""
)
SPLIT = "Net, (PAIRS, SUMS), train_fraction=0.6"
GIVEN = "Net, ((PAIRS[::2], SUMS[::2]), (PAIRS[1::2], SUMS[1::2]))"

NETWORKS = {
    "mlp": (MLP, SPLIT),
    "data in common": (MLP, GIVEN),
    "attention": (ATTENTION, SPLIT),
    "batch norm": (BATCH_NORM, SPLIT),
    "running mean": (RUNNING_MEAN, SPLIT),
    "dropout": (DROPOUT, SPLIT),
    "control flow": (CONTROL_FLOW, SPLIT),
    "tied and frozen": (TIED_AND_FROZEN, SPLIT),
    "recurrent": (RECURRENT, SPLIT),
    "regression": (REGRESSION, "Net, data, loss='mean_square', metric='explained_variance'"),
    "own loss and metric": (OWN_LOSS, f"{SPLIT}, loss=smoothed, metric=among_two"),
}


def written(folder: Path, code: str, call: str = SPLIT, name: str = "my_net.py") -> Path:
    """Write a file with a network and return where it lies."""
    file = folder / name
    file.write_text(HEAD + code + TAIL.format(call=call), encoding="utf-8")
    return file


def launched(folder: Path, code: str, call: str = SPLIT) -> Experiment:
    """Return the experiment of such a file."""
    return experiment_named(str(written(folder, code, call)))


def network(folder: Path, name: str) -> Experiment:
    """Return the experiment of one of the networks."""
    return launched(folder, *NETWORKS[name])


def of_family(experiment: Experiment) -> Any:
    """Return its family."""
    from trainables.replica import family_named

    return family_named(experiment.family)
