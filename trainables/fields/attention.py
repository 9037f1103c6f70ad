"""One attention layer read at one position, then an MLP."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from trainables.family import shared
from trainables.fields.loss_arithmetic import LossArithmetic
from trainables.names import part

MOST_POSITIONS = 16  # whose tokens are looked up in a table; with about 20 that is no cheaper than products


@dataclass(frozen=True, kw_only=True)
class Attention(LossArithmetic):
    """How the network attends and how large it is; arXiv 2605.15787, Table G.2, unless a comment says inferred."""

    attention: str = shared("softmax", choices=("softmax", "linear_relu", "oracle"))
    residual: bool = shared(False)
    layer_norm: bool = shared(False)
    init: str = shared("fan_in", choices=("fan_in", "torch"))  # inferred
    width: int = shared(64, low=1)
    position_table: str = shared("learned", choices=("learned", "none", "sinusoidal"))
    heads: int = shared(1, low=1)
    loss_on: str = shared("answer", choices=("answer", "all"))

    @property
    def plain(self) -> bool:
        """Whether the attention is one softmax head without extras."""
        return self.attention == "softmax" and self.heads == 1 and not self.residual and not self.layer_norm

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {
            "several heads need attention = softmax and a width that is a multiple of heads": self.heads == 1
            or (self.attention == "softmax" and self.width % self.heads == 0),
        }


def attention_of(task: Any, fields: Any, precision: str) -> Any:
    """Return the network of a pack."""
    kind, more = ("one_layer_attention", {}) if fields.heads == 1 else ("multi_head_attention", {"heads": fields.heads})
    kind = kind if fields.loss_on == "answer" else "next_token_attention"
    informative = task.train.informative
    return part("trainables.models", kind)(
        vocabulary=task.vocabulary,
        positions=max([task.positions, *task.longer]),
        classes=task.classes,
        query_token=task.query_token,
        informative=informative if isinstance(informative, tuple) else (),
        width=fields.width,
        attention=fields.attention,
        residual=fields.residual,
        layer_norm=fields.layer_norm,
        init=fields.init,
        position_table=fields.position_table,
        precision=precision,
        loss_arithmetic=fields.loss_arithmetic,
        fixed=task.train.inputs if fields.batch_size is None else None,
        **more,
    )


def attention_mib(config: Any) -> float:
    """Return an estimate of the peak memory of one replica in MiB: activations of a training and a test pass."""
    examples, hidden, vocabulary = config.number_of_examples, 4 * config.width, 2 * config.modulus
    of_attention = config.heads * (vocabulary + 4 * config.length)
    floats_per_example = 3 * hidden + 3 * config.modulus + 2 * (config.modulus + config.width) + of_attention
    weights = 8 * (config.modulus * config.width + 3 * config.width**2 + hidden * (config.width + config.modulus))
    tokens = 2 * examples * (config.length + (3 * config.longest if config.longest else 0))
    other_tokens = 0.0
    if config.loss_on == "all":  # each keeps what its own backward pass needs
        per_token = 6 * config.width + 3 * (1 + config.length)
        other_tokens = config.train_fraction * examples * (config.length - 1) * per_token
    return float(4 * (examples * floats_per_example + weights + tokens + other_tokens) / 2**20)


def attention_gflop(config: Any) -> float:
    """Return an estimate of the work of one step: matrix products forward and twice as many backward.

    Where the first layer comes from a table, a position costs a look-up and a row of a product.
    """
    trained = min(config.train_fraction * config.number_of_examples, config.batch_size or math.inf)
    read = config.length if config.loss_on == "all" else 1
    classes = 3 if config.task == "parity" else config.modulus
    before = 2 * config.length if _looks_up(config) else config.width
    per_read = 4 * config.width * (before + classes)
    return float(6 * trained * read * per_read / 1e9)


def _looks_up(config: Any) -> bool:
    """Whether training on a CPU takes the first layer from a table, see ``models._first_layer``."""
    same = config.batch_size is None and config.loss_on == "answer"
    return same and config.heads == 1 and not config.layer_norm and config.length <= MOST_POSITIONS
