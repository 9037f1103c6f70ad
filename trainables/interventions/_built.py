"""Builds the prior that a pack's Config asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.family import Member
from trainables.interventions._prior import Prior, score_gradient_norm
from trainables.names import part
from trainables.randomness import generator
from trainables.tasks._splits import others


def prior_of(members: Sequence[Member], task: Any, model: Any, device: str) -> Prior:
    """Return the prior of a pack, scaled where its strength is to be matched to the oracle's."""
    fields = members[0].config
    timing = {"schedule": fields.schedule, "schedule_steps": [each.config.schedule_steps for each in members]}
    facts = {"strength": [each.config.kl_strength for each in members], **timing, "device": device}
    made = _kind(fields.prior, members, task, model, facts)
    if not fields.matched:
        return made
    start = {name: value.to(device) for name, value in _initial(members, model).items()}
    oracle = _kind("oracle", members, task, model, facts)
    own, wanted = (score_gradient_norm(prior, model, start, task.train.tokens) for prior in (made, oracle))
    made.strength = made.strength * torch.where(own > 0, wanted / own, 1.0).to(made.strength.dtype)
    return made


def _kind(name: str, members: Sequence[Member], task: Any, model: Any, facts: dict[str, Any]) -> Prior:
    if name in ("oracle", "adversarial"):
        informative = task.train.informative
        positions = informative if name == "oracle" else others(informative, task.positions)
        made: Prior = part("trainables.interventions", "kl_prior")(positions=positions, **facts)
    elif name == "teacher":
        with torch.no_grad():
            teacher = model.attend(of_parents(members, facts["device"]), task.train.tokens)
        made = part("trainables.interventions", "teacher_prior")(teacher=teacher, **facts)
    else:
        made = part("trainables.interventions", f"{name}_prior")(**facts)
    return made


def _initial(members: Sequence[Member], model: Any) -> dict[str, Tensor]:
    found: dict[str, Tensor] = model.init([generator(member.init_seed, "init") for member in members])
    return found


def of_parents(members: Sequence[Member], device: str) -> dict[str, Tensor]:
    """Return the parameters of all parents, stacked along the replica axis."""
    parents = [member.parent for member in members if member.parent is not None]
    assert len(parents) == len(members)
    return {name: torch.stack([parent[name] for parent in parents]).to(device) for name in parents[0]}
