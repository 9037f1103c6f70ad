"""One attention layer read at one query position, then a two-layer ReLU MLP: d → 4d → classes.

Shape suffixes: R replicas, N examples, T positions, V vocabulary, D width, H hidden units, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor

from trainables.fields.attention import MOST_POSITIONS
from trainables.models._first_layer import FromTable, FromVectors, lookups_of
from trainables.models._mlp import FirstLayer, logits_by_block, mlp_loss
from trainables.models._pooled import pooled
from trainables.reductions import log_softmax

SOURCE = "arXiv 2605.15787, section 3.2 and Table G.2"
HIDDEN_RATIO = 4
SMALLEST_MASS = 1e-12  # linear ReLU attention can put exactly nothing on a position; the KL then stays finite

Parameters = dict[str, Tensor]
OUTPUT = ("output_weight", "output_bias")
MLP = ("hidden_weight", "hidden_bias", *OUTPUT)
ATTENTION = ("query", "key", "value")


@dataclass(frozen=True)
class Trace:
    """What happened inside one forward pass.

    Shapes: scores, attention and log_attention (R, N, T). ``log_attention`` is floored at log(1e-12) for linear ReLU
    attention; ``uniform_fallback`` (R, N) marks inputs of which every score was <= 0, None for softmax. With several
    heads, scores are (R, N, H, T), ``heads`` is the attention of each, and ``attention`` the mean over them.
    """

    scores: Tensor
    attention: Tensor
    log_attention: Tensor
    uniform_fallback: Tensor | None = None
    heads: Tensor | None = None


class OneLayerAttention:
    """The paper's minimal transformer, for a whole pack.

    Token j is x_j = E[token_j] + P[j]; the query q is the last position; the scores are s_j = x_q W_Q W_Kᵀ x_j / √d;
    attention is softmax(s), relu(s) / Σ relu(s), or, as ``oracle``, fixed to 1/k at the ``informative`` positions; the
    MLP reads z = Σ_j α_j W_V x_j, plus x_q with ``residual``, layer-normalised with ``layer_norm``. A token meets a
    position only in a sum, so scores and values come from (token) + (position) tables.
    ``position_table``: P is learned, none, or sinusoidal with the norm of an embedding (arXiv 1706.03762, section 3.5).
    ``precision="bf16-mlp"`` makes the products of the MLP in bfloat16; ``loss_arithmetic``: see ``surprise_and_slope``.

    ``beyond_the_answer``: whether the loss is about more than the answer at the last position. ``tables``: whether the
    MLP's first layer may come from a table of tokens, see ``_first_layer``; training does so on ``fixed`` tokens alone,
    those of every step.

    Limits: one head; the last position must hold the same token in every example.
    """

    beyond_the_answer = False
    tables = True

    def __init__(
        self,
        *,
        vocabulary: int,
        positions: int,
        classes: int,
        query_token: int,
        width: int,
        informative: Sequence[int] = (),
        attention: str = "softmax",
        residual: bool = False,
        layer_norm: bool = False,
        init: str = "fan_in",
        position_table: str = "learned",
        precision: str = "fp32",
        loss_arithmetic: str = "exact",
        fixed: Tensor | None = None,
    ) -> None:
        self.vocabulary, self.positions, self.classes, self.width = vocabulary, positions, classes, width
        self.query_token, self.informative, self.position_table = query_token, tuple(informative), position_table
        self.attention, self.residual, self.layer_norm = attention, residual, layer_norm
        self.initialisation, self.precision, self.loss_arithmetic = init, precision, loss_arithmetic
        self._fixed = fixed
        self._lookups = lookups_of(fixed[..., :-1], vocabulary) if fixed is not None and self._pays(fixed) else ()

    def init(self, generators: Sequence[Generator]) -> Parameters:
        """Return initial parameters, each drawn from the replica's own generator in the order of ``shapes``."""
        drawn = [self._draw_one(source) for source in generators]
        return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of every parameter of one replica; matrices are stored (in, out)."""
        d, hidden = self.width, HIDDEN_RATIO * self.width
        norm = {"norm_gain": (d,), "norm_bias": (d,)} if self.layer_norm else {}
        position = {"position": (self.positions, d)} if self.position_table == "learned" else {}
        return {
            "embedding": (self.vocabulary, d),
            **position,
            "query": (d, d),
            "key": (d, d),
            "value": (d, d),
            "hidden_weight": (d, hidden),
            "hidden_bias": (hidden,),
            "output_weight": (hidden, self.classes),
            "output_bias": (self.classes,),
            **norm,
        }

    def _draw_one(self, source: Generator) -> Parameters:
        draw = _draw_fan_in if self.initialisation == "fan_in" else _draw_torch
        fan_in = {"output_weight": HIDDEN_RATIO * self.width, "output_bias": HIDDEN_RATIO * self.width}
        return {name: draw(name, shape, fan_in.get(name, self.width), source) for name, shape in self.shapes().items()}

    def apply(self, params: Parameters, tokens_RNT: Tensor) -> tuple[Tensor, Trace]:
        """Return logits (R, N, C) and the trace."""
        parts, trace = self.by_block(params, tokens_RNT)
        return torch.cat([logits for _, logits in parts], 1), trace

    def by_block(self, params: Parameters, tokens_RNT: Tensor) -> tuple[Iterator[tuple[slice, Tensor]], Trace]:
        """Return one block of examples after the other with its logits (R, B, C), and the trace."""
        trace = self.attend(params, tokens_RNT)
        first = self._first(params, tokens_RNT, trace)
        return logits_by_block(first, [params[name] for name in OUTPUT]), trace

    def loss(self, params: Parameters, tokens_RNT: Tensor, targets_RN: Tensor) -> tuple[Tensor, Tensor, Trace]:
        """Return the mean cross-entropy in nats (R,), logits (R, N, C) without a gradient, and the trace.

        Limits: can be differentiated once.
        """
        trace = self.attend(params, tokens_RNT)
        first = self._first(params, tokens_RNT, trace, trained=True)
        return *self._judged(params, first, targets_RN), trace

    def _judged(self, params: Parameters, first: FirstLayer, targets_RN: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean cross-entropy of what the MLP makes of its first layer, (R,), and the logits."""
        return mlp_loss(first, [params[name] for name in OUTPUT], targets_RN, self.loss_arithmetic)

    def _first(self, params: Parameters, tokens_RNT: Tensor, trace: Trace, *, trained: bool = False) -> FirstLayer:
        """Return the first layer of the MLP: from a table where that is cheaper, else from what the query reads."""
        fixed = tokens_RNT is self._fixed
        if not self._pays(tokens_RNT) or (trained and not fixed):
            return self._from_vectors(params, self._read(params, tokens_RNT, trace))
        T, V = tokens_RNT.shape[-1], self.vocabulary
        vectors_RUD = torch.cat([params["embedding"], self.position_vectors(params, T)], 1) @ params["value"]
        if self.residual:
            vectors_RUD = torch.cat([vectors_RUD, self._query_vector(params, T)], 1)
        table_RUH = vectors_RUD @ params["hidden_weight"]
        rows_RTH, shift_RH = table_RUH[:, V : V + T], params["hidden_bias"]
        rows_RTH = torch.cat([rows_RTH[:, :-1], rows_RTH[:, -1:] + table_RUH[:, self.query_token, None]], 1)
        if self.residual:
            shift_RH = shift_RH + table_RUH[:, -1]
        tensors = (table_RUH[:, :V].contiguous(), rows_RTH, shift_RH, trace.attention)
        lookups = self._lookups if fixed else None
        return FromTable(tokens_RNT[..., :-1], *tensors, low=self._low(table_RUH), lookups=lookups)

    def _pays(self, tokens_RNT: Tensor) -> bool:
        """Whether a table is cheaper: on a CPU, without a norm before the MLP, for many examples of few positions."""
        _, N, T = tokens_RNT.shape
        linear = self.tables and not self.layer_norm
        return linear and tokens_RNT.device.type == "cpu" and self.vocabulary <= N and 1 < T <= MOST_POSITIONS

    def _from_vectors(self, params: Parameters, read_RND: Tensor) -> FromVectors:
        return FromVectors(read_RND, params["hidden_weight"], params["hidden_bias"], self._low(read_RND))

    def _low(self, read_RND: Tensor) -> torch.dtype:
        """Return the type of the MLP's products."""
        return torch.bfloat16 if self.precision == "bf16-mlp" else read_RND.dtype

    def attend(self, params: Parameters, tokens_RNT: Tensor) -> Trace:
        """Return scores and attention at the query position."""
        R, N, T = tokens_RNT.shape
        direction_RD1 = (self._query_vector(params, T) @ params["query"] @ params["key"].mT).mT
        by_token_RV = (params["embedding"] @ direction_RD1).squeeze(2)
        by_position_RT = (self.position_vectors(params, T) @ direction_RD1).squeeze(2)
        token_scores_RNT = by_token_RV.gather(1, tokens_RNT.view(R, N * T)).view(R, N, T)
        scores_RNT = (token_scores_RNT + by_position_RT.unsqueeze(1)) / math.sqrt(self.width)
        if self.attention == "oracle":
            return _fixed(scores_RNT, self.informative)
        return softmax(scores_RNT) if self.attention == "softmax" else _linear_relu(scores_RNT)

    def position_vectors(self, params: Parameters, positions: int) -> Tensor:
        """Return P of the first positions, shape (R, T, D)."""
        if self.position_table == "learned":
            return params["position"][:, :positions]
        embedding = params["embedding"]
        if self.position_table == "none":
            return embedding.new_zeros(len(embedding), positions, self.width)
        return _sinusoids(positions, self.width, embedding.dtype, embedding.device).expand(len(embedding), -1, -1)

    def _query_vector(self, params: Parameters, positions: int) -> Tensor:
        """Return x_q, shape (R, 1, D)."""
        token = params["embedding"][:, self.query_token]
        return (token + self.position_vectors(params, positions)[:, -1]).unsqueeze(1)

    def _read(self, params: Parameters, tokens_RNT: Tensor, trace: Trace) -> Tensor:
        """Return what the MLP reads, shape (R, N, D)."""
        read_RND = self._pooled(params, tokens_RNT, trace)
        if self.residual:
            read_RND = read_RND + self._query_vector(params, tokens_RNT.shape[-1])
        if self.layer_norm:
            read_RND = torch.nn.functional.layer_norm(read_RND, (self.width,))
            read_RND = read_RND * params["norm_gain"].unsqueeze(1) + params["norm_bias"].unsqueeze(1)
        return read_RND

    def _pooled(self, params: Parameters, tokens_RNT: Tensor, trace: Trace) -> Tensor:
        """Return Σ_j α_j W_V x_j, shape (R, N, D)."""
        token_values_RVD = params["embedding"] @ params["value"]
        position_values_RTD = self.position_vectors(params, tokens_RNT.shape[-1]) @ params["value"]
        return pooled(trace.attention, tokens_RNT, token_values_RVD, position_values_RTD)


def softmax(scores: Tensor) -> Trace:
    """Return the trace of softmax attention."""
    log_attention = log_softmax(scores)
    return Trace(scores, log_attention.exp(), log_attention)


def rows_at(table: Tensor, index: Tensor) -> Tensor:
    """Return the rows of each replica's table, (R, V, D) at (R, N) to (R, N, D)."""
    return table.gather(1, index.unsqueeze(-1).expand(-1, -1, table.shape[-1]))


def _fixed(scores: Tensor, informative: Sequence[int]) -> Trace:
    attention = torch.zeros_like(scores)
    for position in informative:
        attention[..., position] = 1 / len(informative)
    return Trace(scores, attention, attention.clamp(min=SMALLEST_MASS).log())


@lru_cache
def _sinusoids(positions: int, width: int, kind: torch.dtype, device: torch.device) -> Tensor:
    """Return sines and cosines of geometric frequencies, scaled to norm 1, shape (T, D); made on the host, once."""
    pairs = torch.arange(width) // 2
    angles = torch.arange(positions).unsqueeze(1) / 10_000 ** (2 * pairs / width)
    waves = torch.where(torch.arange(width) % 2 == 0, angles.sin(), angles.cos())
    return (waves * math.sqrt(2 / width)).to(device, kind)


def _linear_relu(scores: Tensor) -> Trace:
    positive = scores.relu()
    total = positive.sum(-1, keepdim=True)
    empty = total <= 0
    shares = positive / torch.where(empty, torch.ones_like(total), total)
    attention = shares.masked_fill(empty, 1 / scores.shape[-1])
    return Trace(scores, attention, attention.clamp(min=SMALLEST_MASS).log(), empty.squeeze(-1))


def _draw_fan_in(name: str, shape: tuple[int, ...], fan_in: int, source: Generator) -> Tensor:
    """Matrices and embeddings N(0, 1/√fan_in), gains 1, biases 0."""
    if len(shape) == 1:
        return _constant(name, shape)
    return torch.randn(shape, generator=source) / math.sqrt(fan_in)


def _draw_torch(name: str, shape: tuple[int, ...], fan_in: int, source: Generator) -> Tensor:
    """PyTorch's defaults: embeddings N(0, 1), linear weights and biases uniform within 1/√fan_in."""
    if name in {"embedding", "position"}:
        return torch.randn(shape, generator=source)
    if name.startswith("norm_"):
        return _constant(name, shape)
    return (torch.rand(shape, generator=source) * 2 - 1) / math.sqrt(fan_in)


def _constant(name: str, shape: tuple[int, ...]) -> Tensor:
    return torch.ones(shape) if name == "norm_gain" else torch.zeros(shape)
