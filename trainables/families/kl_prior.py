"""Modular addition among distractors, one attention layer, and a KL prior on where it attends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.family import Family, Member, Parts, per_replica, shared
from trainables.names import part


@dataclass(frozen=True, kw_only=True)
class Config:
    """The paper's setting (arXiv 2605.15787, Table G.2) unless a comment says inferred."""

    modulus: int = shared(113, low=2)
    train_fraction: float = shared(0.3, above=0.0, below=1.0)
    distractors: str = shared("random", choices=("random", "constant"))  # inferred: the paper does not say
    prior: str = shared("oracle", choices=("oracle", "adversarial"))
    attention: str = shared("softmax", choices=("softmax", "linear_relu"))
    residual: bool = shared(False)
    layer_norm: bool = shared(False)
    init: str = shared("fan_in", choices=("fan_in", "torch"))  # inferred
    width: int = shared(64, low=1)
    kl_strength: float = per_replica(0.0, low=0.0)
    learning_rate: float = per_replica(1e-3, above=0.0)  # inferred: stripped from the text
    weight_decay: float = per_replica(1.0, low=0.0)
    beta1: float = per_replica(0.9, low=0.0, below=1.0)
    beta2: float = per_replica(0.999, low=0.0, below=1.0)
    clip_norm: float | None = per_replica(1.0, kind=float, optional=True, above=0.0)
    warmup_steps: int = per_replica(10, low=0)


class KLPrior(Family):
    """One-layer attention on modular addition, trained by AdamW with a KL prior of strength λ = kl_strength."""

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
    def build(cls, members: Sequence[Member], device: str, precision: str = "fp32") -> Parts:
        """Return task, model, AdamW, KL prior and probes of a pack; shared fields are read from the first member."""
        shared_fields = members[0].config
        task = part("trainables.tasks", "modular_addition")(
            modulus=shared_fields.modulus,
            train_fraction=shared_fields.train_fraction,
            distractors=shared_fields.distractors,
            data_seeds=[member.data_seed for member in members],
            device=device,
        )
        prior = part("trainables.interventions", "kl_prior")(
            strength=_column(members, "kl_strength"),
            positions=_prior_positions(task, shared_fields.prior),
            device=device,
        )
        probes = ("accuracy", "losses", "attention_kl", "attention_mass", "weight_norms")
        return Parts(
            task=task,
            model=_model(task, shared_fields, precision),
            optimizer=_optimizer(members, device),
            interventions=(prior,),
            probes=[part("trainables.probes", probe)() for probe in probes],
        )

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB: activations of a training and a test pass."""
        examples, hidden = config.modulus**2, 4 * config.width
        floats_per_example = 3 * hidden + 3 * config.modulus + 2 * (config.modulus + config.width)
        weights = 8 * (config.modulus * config.width + 3 * config.width**2 + hidden * (config.width + config.modulus))
        return float(4 * (examples * floats_per_example + weights) / 2**20)


def _model(task: Any, shared_fields: Any, precision: str) -> Any:
    return part("trainables.models", "one_layer_attention")(
        vocabulary=task.vocabulary,
        positions=task.positions,
        classes=task.classes,
        query=task.query,
        query_token=task.query_token,
        width=shared_fields.width,
        attention=shared_fields.attention,
        residual=shared_fields.residual,
        layer_norm=shared_fields.layer_norm,
        init=shared_fields.init,
        precision=precision,
    )


def _optimizer(members: Sequence[Member], device: str) -> Any:
    names = ("learning_rate", "weight_decay", "beta1", "beta2", "clip_norm", "warmup_steps")
    return part("trainables.optimizers", "adamw")(**{name: _column(members, name) for name in names}, device=device)


def _column(members: Sequence[Member], name: str) -> list[Any]:
    return [getattr(member.config, name) for member in members]


def _prior_positions(task: Any, prior: str) -> list[int]:
    if prior == "oracle":
        return list(task.informative)
    return [position for position in range(task.positions) if position not in task.informative]
