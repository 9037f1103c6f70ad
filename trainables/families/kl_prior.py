"""Arithmetic, permutations or parity among distractors, attention at one position, and a prior on where it attends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.family import Family, Member, Parent, Parts, defaults
from trainables.fields.attention import Attention, attention_gflop, attention_mib, attention_of
from trainables.fields.batches import Batches, batches_of
from trainables.fields.distractors import Distractors, task_of
from trainables.fields.norms import Norms, norms_of
from trainables.fields.optimizer import Optimizer, optimizer_of
from trainables.fields.prior import Prior, prior_of
from trainables.fields.ticket import Ticket, ticket_of
from trainables.names import part

PROBES = ("accuracy", "losses", "attention_kl", "attention_mass", "weight_norms")


@dataclass(frozen=True, kw_only=True)
class Config(Ticket, Norms, Prior, Optimizer, Batches, Attention, Distractors):
    """The paper's setting (arXiv 2605.15787, Table G.2) unless a comment at a field says inferred."""

    def conditions(self) -> dict[str, bool]:
        """Return each condition on fields of different groups in words, and whether it holds."""
        fixed = self.routing == "fixed"
        return {
            "parent_at needs prior = teacher or a ticket, and must be <= parent_steps": self.parent_at is None
            or ((self.prior == "teacher" or self.ticket != "none") and self.parent_at <= self.parent_steps),
            "attention = oracle needs routing = fixed and one head": self.attention != "oracle"
            or (fixed and self.heads == 1),
            "routing = moving needs distractors = random and batch_size = none": fixed
            or (self.distractors == "random" and self.batch_size is None),
            "loss_on = all needs task = parity, attention = softmax, one head, no residual and no layer_norm": (
                self.loss_on == "answer" or (self.task == "parity" and self.plain)
            ),
            "matched needs attention = softmax or linear_relu: scores of attention = oracle have no gradient": (
                not self.matched or self.attention != "oracle"
            ),
            "prior = teacher needs batch_size = none": self.prior != "teacher" or self.batch_size is None,
        }


class KLPrior(Family):
    """One attention layer on modular addition, and a prior of strength λ = kl_strength on its attention."""

    Config: ClassVar[type] = Config
    version: ClassVar[int] = 2
    precisions: ClassVar[tuple[str, ...]] = ("fp32", "bf16-mlp")
    offers: ClassVar[tuple[str, ...]] = ("attention",)
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
        task = task_of(members, device)
        model = attention_of(task, members[0].config, precision)
        return Parts(
            task=task,
            model=model,
            optimizer=optimizer_of(members, device),
            interventions=[
                *prior_of(members, task, model, device),
                *ticket_of(members, model, device),
                *norms_of(members, device),
            ],
            probes=[part("trainables.probes", probe)() for probe in (*PROBES, *probes)],
            batches=batches_of(members, task),
        )

    @classmethod
    def parent(cls, config: Any) -> Parent | None:
        """Return the parent of a teacher's prior or a ticket: the same network, whole and without any prior.

        So neither has an oracle among its ancestors.
        """
        if config.prior != "teacher" and config.ticket == "none":
            return None
        changes = {**defaults(Prior), **defaults(Ticket), "prior": "none"}
        return Parent(changes, config.parent_steps, config.parent_at)

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB."""
        return attention_mib(config)

    @classmethod
    def step_gflop(cls, config: Any) -> float:
        """Return an estimate of the work of one step in billions of floating-point operations."""
        return attention_gflop(config)
