"""A prior on where a network attends: which one, how strong, and when in training it acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, column, per_replica, shared
from trainables.fields.parents import Parents
from trainables.names import part

PRIORS = ("oracle", "adversarial", "none", "entropy", "concentration", "score_l1", "teacher")


@dataclass(frozen=True, kw_only=True)
class Prior(Parents):
    """``kl_strength`` is the strength λ of whichever ``prior`` is chosen; ``matched`` scales it so that at
    initialisation its gradient by the scores has the norm of that of the oracle's KL prior.
    """

    prior: str = shared("oracle", choices=PRIORS)
    kl_strength: float = per_replica(0.0, low=0.0)
    matched: bool = shared(False)
    schedule: str = shared("constant", choices=("constant", "annealed", "early", "late"))
    schedule_steps: int = per_replica(0, low=0)

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        return {
            f"schedule = {self.schedule} needs schedule_steps >= 1": self.schedule == "constant"
            or self.schedule_steps >= 1,
        }


def prior_of(members: Sequence[Member], task: Any, model: Any, device: str) -> list[Any]:
    """Return the prior of a pack, if it has one, scaled if its strength is to be matched to the oracle's."""
    fields = members[0].config
    if fields.prior == "none":
        return []
    timing = {"schedule": fields.schedule, "schedule_steps": column(members, "schedule_steps")}
    facts = {"strength": column(members, "kl_strength"), **timing, "device": device}
    made = _kind(fields.prior, members, task, model, facts)
    if fields.matched:
        init_seeds = [member.init_seed for member in members]
        made.match(_kind("oracle", members, task, model, facts), model, init_seeds, task.train.inputs)
    return [made]


def _kind(name: str, members: Sequence[Member], task: Any, model: Any, facts: dict[str, Any]) -> Any:
    from trainables.parents import parameters_of
    from trainables.tasks._splits import others

    if name in ("oracle", "adversarial"):
        informative = task.train.informative
        positions = informative if name == "oracle" else others(informative, task.positions)
        return part("trainables.interventions", "kl_prior")(positions=positions, **facts)
    if name == "teacher":
        teacher = model.attend(parameters_of(members, facts["device"]), task.train.inputs)
        return part("trainables.interventions", "teacher_prior")(teacher=teacher, **facts)
    return part("trainables.interventions", f"{name}_prior")(**facts)
