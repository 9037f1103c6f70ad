"""Wires the parts of a pack of the kl_prior family."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from trainables.batches import Batches
from trainables.family import Member
from trainables.interventions._built import of_parents, prior_of
from trainables.names import part

BETAS = ("beta1", "beta2")
OWN = {"adamw": BETAS, "sgd": ("momentum",), "muon": (*BETAS, "momentum"), "lion": BETAS}  # coefficients of optimizers


def task_of(members: Sequence[Member], device: str) -> Any:
    """Return the task of a pack."""
    fields = members[0].config
    common = {
        "train_fraction": fields.train_fraction,
        "data_seeds": [member.data_seed for member in members],
        "device": device,
    }
    if fields.task == "parity":
        return part("trainables.tasks", "sparse_parity")(
            bits=fields.bits, parity_size=fields.parity_size, examples=fields.examples, **common
        )
    common |= {"modulus": fields.modulus, "positions": fields.positions}
    if fields.routing == "moving":
        return part("trainables.tasks", "moving_addition")(**common)
    common |= {"distractors": fields.distractors, "longest": fields.longest}
    if fields.task == "addition":
        return part("trainables.tasks", "modular_addition")(
            operands=fields.operands, examples=fields.examples, **common
        )
    return part("trainables.tasks", "binary_operation")(operation=fields.task, **common)


def batches_of(members: Sequence[Member], task: Any) -> Any:
    """Return the mini-batches of a pack; None for full batches."""
    size = members[0].config.batch_size
    if size is None:
        return None
    return Batches(task.train, size=size, data_seeds=[member.data_seed for member in members])


def model_of(task: Any, fields: Any, precision: str) -> Any:
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
        **more,
    )


def optimizer_of(members: Sequence[Member], device: str) -> Any:
    """Return the optimizer of a pack."""
    fields = members[0].config
    names = ("learning_rate", "weight_decay", "clip_norm", "warmup_steps", *OWN[fields.optimizer])
    kind = part("trainables.optimizers", fields.optimizer)
    return kind(**{name: _column(members, name) for name in names}, device=device)


def interventions_of(members: Sequence[Member], task: Any, model: Any, device: str) -> Iterator[Any]:
    """Yield what acts on a pack beside its loss."""
    if members[0].config.prior != "none":
        yield prior_of(members, task, model, device)
    if members[0].config.ticket != "none":
        yield part("trainables.interventions", "magnitude_ticket")(
            kind=members[0].config.ticket,
            pruned=_column(members, "pruned"),
            parents=of_parents(members, device),
            init_seeds=[member.init_seed for member in members],
            model=model,
        )
    if any(strengths := _column(members, "query_key_penalty")):
        yield part("trainables.interventions", "query_key_penalty")(strength=strengths, device=device)
    radius = _column(members, "mlp_norm")
    if any(each is not None for each in radius):
        yield part("trainables.interventions", "norm_matching")(radius=radius, device=device)


def _column(members: Sequence[Member], name: str) -> list[Any]:
    return [getattr(member.config, name) for member in members]
