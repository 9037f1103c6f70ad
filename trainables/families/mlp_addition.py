"""Modular addition by an MLP on the sum of two embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.family import Family, Member, Parent, Parts, again, defaults, shared
from trainables.fields.batches import Batches, batches_of
from trainables.fields.learning_rate_schedule import LearningRateSchedule, decay_of
from trainables.fields.loss import Loss, loss_of
from trainables.fields.optimizer import optimizer_of
from trainables.fields.residue_pairs import ResiduePairs, pairs_of
from trainables.fields.scores import Scores, scored_model
from trainables.fields.start_mask import start_mask_of
from trainables.fields.ticket import ticket_of
from trainables.names import part

PROBES = ("accuracy", "losses")


@dataclass(frozen=True, kw_only=True)
class Config(Scores, Loss, LearningRateSchedule, Batches, ResiduePairs):
    """The setting of the public code of arXiv 2310.19470 unless a comment says inferred."""

    width: int = shared(500, low=1)
    hidden_width: int = shared(48, low=1)
    init_scale: float = shared(1.0, above=0.0)  # κ
    modulus: int = again(ResiduePairs, "modulus", 67)
    train_fraction: float = again(ResiduePairs, "train_fraction", 0.4)
    loss: str = shared("cross_entropy", choices=("cross_entropy", "mean_square"))
    loss_dtype: str = again(Loss, "loss_dtype", "float64")
    beta2: float = again(LearningRateSchedule, "beta2", 0.98)
    clip_norm: float | None = again(LearningRateSchedule, "clip_norm", None)
    warmup_steps: int = again(LearningRateSchedule, "warmup_steps", 0)


class MLPAddition(Family):
    """Embeddings of two residues, summed, two linear layers with a ReLU between, and an unembedding."""

    Config: ClassVar[type] = Config
    version: ClassVar[int] = 2
    offers: ClassVar[tuple[str, ...]] = ("operands", "residue_tables")
    sources: ClassVar[Mapping[str, str]] = {
        "task: pairs of residues, a >= b": "arXiv 2310.19470 and its public code",
        "model: MLP on summed embeddings": "arXiv 2310.19470, section 3; drawing of embeddings inferred",
        "optimizer: AdamW": "arXiv 1711.05101; coefficients from the public code of arXiv 2310.19470",
        "tickets, their dense controls and masks from the start": "arXiv 2310.19470; see the interventions",
        "probes: accuracy, losses": "this project",
    }

    @classmethod
    def build(
        cls, members: Sequence[Member], device: str, precision: str = "fp32", probes: Sequence[str] = ()
    ) -> Parts:
        """Return task, model, optimizer, loss and probes of a pack; shared fields are read from the first member."""
        fields, task = members[0].config, pairs_of(members, device)
        model = part("trainables.models", "summed_embeddings")(
            vocabulary=task.vocabulary,
            classes=task.classes,
            width=fields.width,
            hidden_width=fields.hidden_width,
            init_scale=fields.init_scale,
        )
        return Parts(
            task=task,
            model=scored_model(members, model, device),
            optimizer=optimizer_of(members, device, **decay_of(members)),
            interventions=[*ticket_of(members, model, device), *start_mask_of(members, model, task)],
            probes=[part("trainables.probes", probe)() for probe in (*PROBES, *probes)],
            batches=batches_of(members, task),
            loss=loss_of(fields),
        )

    @classmethod
    def parent(cls, config: Any) -> Parent | None:
        """Return the parent of a ticket, of its dense control or of scores: the same network, whole."""
        if config.ticket == "none" and config.scored == "initial":
            return None
        own = {"learning_rate": config.parent_learning_rate, "weight_decay": config.parent_weight_decay}
        given = {name: value for name, value in own.items() if value is not None}
        return Parent({**defaults(Scores), **given}, config.parent_steps, config.parent_at)

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB: activations of a step, weights and moments."""
        weights = 2 * config.width * (config.modulus + config.hidden_width)
        per_example = 4 * config.hidden_width + 8 * config.modulus
        return float(4 * (10 * weights + config.number_of_examples * per_example) / 2**20)

    @classmethod
    def step_gflop(cls, config: Any) -> float:
        """Return an estimate of the work of one step: matrix products forward and twice as many backward."""
        trained = min(config.train_fraction * config.number_of_examples, config.batch_size or config.number_of_examples)
        products = config.hidden_width * config.modulus * (trained + 2 * config.width)
        return float(6 * products / 1e9)
