"""Which fields of the kl_prior family do not go together (standard library only)."""

from __future__ import annotations

from typing import Any

from trainables.tasks._groups import GROUPS

MOST_COMBINATIONS = 2**24  # all of them are drawn from at once


def conflicts(config: Any) -> list[str]:
    """Return one sentence for each rule that a Config breaks."""
    rules = {**_of_attention(config), **_of_tasks(config)}
    return [fault for fault, holds in rules.items() if not holds]


def _of_attention(config: Any) -> dict[str, bool]:
    one_head, fixed = config.heads == 1, config.routing == "fixed"
    plain = config.attention == "softmax" and one_head and not config.residual and not config.layer_norm
    return {
        "several heads need attention = softmax and a width that is a multiple of heads": one_head
        or (config.attention == "softmax" and config.width % config.heads == 0),
        "attention = oracle needs routing = fixed and one head": config.attention != "oracle" or (fixed and one_head),
        "routing = moving needs distractors = random and batch_size = none": fixed
        or (config.distractors == "random" and config.batch_size is None),
        "loss_on = all needs task = parity, attention = softmax, one head, no residual and no layer_norm": (
            config.loss_on == "answer" or (config.task == "parity" and plain)
        ),
        f"schedule = {config.schedule} needs schedule_steps >= 1": config.schedule == "constant"
        or config.schedule_steps >= 1,
        "matched needs attention = softmax or linear_relu: scores of attention = oracle have no gradient": (
            not config.matched or config.attention != "oracle"
        ),
        "parent_at needs prior = teacher or a ticket, and must be <= parent_steps": config.parent_at is None
        or ((config.prior == "teacher" or config.ticket != "none") and config.parent_at <= config.parent_steps),
        "prior = teacher needs batch_size = none": config.prior != "teacher" or config.batch_size is None,
    }


def _of_tasks(config: Any) -> dict[str, bool]:
    pairs = config.task == "addition" and config.operands == 2
    sampled = config.task == "parity" or config.operands > 2
    return {
        "routing = moving needs task = addition of two operands and longest = none": config.routing == "fixed"
        or (pairs and config.longest is None),
        f"longest = {config.longest} must be more than positions = {config.positions}": config.longest is None
        or config.longest > config.positions,
        "longest needs task = addition of two operands": config.longest is None or pairs,
        f"operands = {config.operands} needs task = addition and positions >= {2 * config.operands}": (
            config.operands == 2 or (config.task == "addition" and config.positions >= 2 * config.operands)
        ),
        "examples is needed by task = parity and by more than two operands, and by nothing else": sampled
        == (config.examples is not None),
        f"examples must be <= modulus^operands = {config.modulus**config.operands} and that <= {MOST_COMBINATIONS}": (
            config.operands == 2 or _few_enough(config)
        ),
        f"task = composition needs modulus = one of {', '.join(map(str, GROUPS))}, not {config.modulus}": config.task
        != "composition"
        or config.modulus in GROUPS,
        f"task = parity needs 2 * parity_size <= bits = {config.bits} and examples <= 2^bits": config.task != "parity"
        or (2 * config.parity_size <= config.bits and (config.examples or 0) <= 2**config.bits),
    }


def _few_enough(config: Any) -> bool:
    whole = config.modulus**config.operands
    return bool((config.examples or 0) <= whole <= MOST_COMBINATIONS)
