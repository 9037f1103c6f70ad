"""Arithmetic, permutations or parity among distractors, attention at one position, and a prior on where it attends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.family import Family, Member, Parent, Parts, defaults, per_replica, shared
from trainables.names import part

PRIORS = ("oracle", "adversarial", "none", "entropy", "concentration", "score_l1", "teacher")
TASKS = ("addition", "multiplication", "composition", "parity")
OF_CHILDREN = ("kl_strength", "matched", "schedule", "schedule_steps", "ticket", "pruned", "parent_steps", "parent_at")
PROBES = ("accuracy", "losses", "attention_kl", "attention_mass", "weight_norms")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The paper's setting (arXiv 2605.15787, Table G.2) unless a comment says inferred.

    ``kl_strength`` is the strength λ of whichever ``prior`` is chosen; ``matched`` scales it so that at initialisation
    the gradient on the scores has the norm that the oracle's KL prior has there.
    """

    modulus: int = shared(113, low=2)
    train_fraction: float = shared(0.3, above=0.0, below=1.0)
    distractors: str = shared("random", choices=("random", "constant"))  # inferred: the paper does not say
    prior: str = shared("oracle", choices=PRIORS)
    attention: str = shared("softmax", choices=("softmax", "linear_relu", "oracle"))
    residual: bool = shared(False)
    layer_norm: bool = shared(False)
    init: str = shared("fan_in", choices=("fan_in", "torch"))  # inferred
    width: int = shared(64, low=1)
    routing: str = shared("fixed", choices=("fixed", "moving"))
    positions: int = shared(5, low=4)
    longest: int | None = shared(None, kind=int, optional=True, low=5)  # test at more positions, up to so many
    position_table: str = shared("learned", choices=("learned", "none", "sinusoidal"))
    heads: int = shared(1, low=1)
    matched: bool = shared(False)
    schedule: str = shared("constant", choices=("constant", "annealed", "early", "late"))
    task: str = shared("addition", choices=TASKS)
    operands: int = shared(2, low=2, high=4)
    examples: int | None = shared(None, kind=int, optional=True, low=4)  # train and test together; none means all pairs
    bits: int = shared(20, low=4, high=24)  # of parity
    parity_size: int = shared(3, low=1)
    loss_on: str = shared("answer", choices=("answer", "all"))
    batch_size: int | None = shared(None, kind=int, optional=True, low=1)  # none means full batch
    ticket: str = shared("none", choices=("none", "rewound", "fresh", "random"))
    optimizer: str = shared("adamw", choices=("adamw", "sgd", "muon", "lion"))
    kl_strength: float = per_replica(0.0, low=0.0)
    learning_rate: float = per_replica(1e-3, above=0.0)  # inferred: stripped from the text
    weight_decay: float = per_replica(1.0, low=0.0)
    beta1: float = per_replica(0.9, low=0.0, below=1.0)
    beta2: float = per_replica(0.999, low=0.0, below=1.0)
    clip_norm: float | None = per_replica(1.0, kind=float, optional=True, above=0.0)
    warmup_steps: int = per_replica(10, low=0)
    schedule_steps: int = per_replica(0, low=0)
    momentum: float = per_replica(0.9, low=0.0, below=1.0)  # of sgd and muon; inferred
    mlp_norm: float | None = per_replica(None, kind=float, optional=True, above=0.0)  # radius of norm matching
    query_key_penalty: float = per_replica(0.0, low=0.0)
    parent_steps: int = per_replica(2000, low=1)  # of the parent of a ticket or a teacher's prior; inferred
    pruned: float = per_replica(0.6, low=0.0, below=1.0)  # share of the weights that a ticket leaves out
    parent_at: int | None = per_replica(None, kind=int, optional=True, low=0)  # a kept step of it; none: its end


class KLPrior(Family):
    """One attention layer on modular addition, and a prior of strength λ = kl_strength on its attention."""

    Config: ClassVar[type] = Config
    version: ClassVar[int] = 1
    sources: ClassVar[Mapping[str, str]] = {
        "task: addition modulo p among distractors": "arXiv 2605.15787, Table G.2; distractor tokens inferred",
        "model: one attention layer and a ReLU MLP": "arXiv 2605.15787, Table G.2; initialisation inferred",
        "optimizer: AdamW": "arXiv 1711.05101; coefficients from arXiv 2605.15787, Table G.2, learning rate inferred",
        "intervention: KL prior on attention": "arXiv 2605.15787, Theorem 5.2",
        "probes: accuracy, losses, divergence and mass of attention, norms": "this project",
    }

    @classmethod
    def build(
        cls, members: Sequence[Member], device: str, precision: str = "fp32", probes: Sequence[str] = ()
    ) -> Parts:
        """Return task, model, optimizer, prior and probes of a pack; shared fields are read from the first member."""
        from trainables.families import _kl_prior_parts as parts

        task = parts.task_of(members, device)
        model = parts.model_of(task, members[0].config, precision)
        return Parts(
            task=task,
            model=model,
            optimizer=parts.optimizer_of(members, device),
            interventions=list(parts.interventions_of(members, task, model, device)),
            probes=[part("trainables.probes", probe)() for probe in (*PROBES, *probes)],
            batches=parts.batches_of(members, task),
        )

    @classmethod
    def parent(cls, config: Any) -> Parent | None:
        """Return what a teacher's prior and a ticket are made from: the same network, whole and without any prior.

        So no oracle is among the ancestors of either.
        """
        if config.prior != "teacher" and config.ticket == "none":
            return None
        usual = defaults(cls.Config)
        changes = {**{name: usual[name] for name in OF_CHILDREN}, "prior": "none"}
        return Parent(changes, config.parent_steps, config.parent_at)

    @classmethod
    def conflicts(cls, config: Any) -> list[str]:
        """Return which fields do not go together."""
        from trainables.families._kl_prior_rules import conflicts

        return conflicts(config)

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB: activations of a training and a test pass."""
        examples, hidden, vocabulary = _examples(config), 4 * config.width, 2 * config.modulus
        positions = config.bits + 1 if config.task == "parity" else config.positions
        of_attention = config.heads * (vocabulary + 4 * positions)
        floats_per_example = 3 * hidden + 3 * config.modulus + 2 * (config.modulus + config.width) + of_attention
        weights = 8 * (config.modulus * config.width + 3 * config.width**2 + hidden * (config.width + config.modulus))
        tokens = 2 * examples * (positions + (3 * config.longest if config.longest else 0))
        return float(4 * (examples * floats_per_example + weights + tokens) / 2**20)

    @classmethod
    def step_gflop(cls, config: Any) -> float:
        """Return an estimate of the work of one step: matrix products forward and twice as many backward."""
        trained = min(config.train_fraction * _examples(config), config.batch_size or math.inf)
        read = config.bits + 1 if config.loss_on == "all" else 1
        classes = 3 if config.task == "parity" else config.modulus
        per_read = 4 * config.width * (config.width + classes)
        return float(6 * trained * read * per_read / 1e9)


def _examples(config: Any) -> int:
    return int(config.examples or config.modulus**2)
