"""What fields, measures and probes are called in figures: labels of panels, arms and axes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from analysis.numerals import word
from analysis.rules import Names
from orchestrator.reports.wording import letter, spoken

SHORT = {
    "beta1": "β₁",
    "beta2": "β₂",
    "mlp_norm": "MLP norm",
    "query_key_penalty": "penalty on W_Q, W_K",
    "position_table": "positions",
    "schedule_steps": "steps",
}
POINT = "point"  # of a search: its values say enough
LABELS = {
    "attention_kl": "D_KL(oracle ‖ attention), nats",
    "train_loss": "train loss, nats",
    "test_loss": "test loss, nats",
    "attention_informative_min": "smallest mass on an informative position",
    "attention_informative_q01": "mass on the informative positions, 1 % quantile",
    "attention_entropy": "entropy of attention, nats",
    "pooled_mass_q01": "mass summed over heads, 1 % quantile",
    "best_head_mass_q01": "mass of the best head, 1 % quantile",
    "distractor_gap": "distance Δ of operands to distractors",
    "mlp_norm": "norm of the MLP",
    "attention_norm": "norm of the attention block",
    "score_gradient": "gradient by the scores",
    "interaction_gradient": "gradient by W_Q W_Kᵀ",
}
VALUES = {"adamw": "AdamW", "sgd": "SGD", "lion": "Lion", "muon": "Muon", "score_l1": "L1 on scores"}


def short(field: str) -> str:
    """Return what a field is called in a label.

    >>> short("kl_strength"), short("beta1"), short("clip_norm")
    ('λ', 'β₁', 'clip norm')
    """
    return SHORT.get(field) or letter(field)


def label(column: str) -> str:
    """Return what the axis of a curve or measure is called.

    >>> label("attention_kl"), label("accuracy_at_12")
    ('D_KL(oracle ‖ attention), nats', 'accuracy at 12')
    """
    return LABELS.get(column, column.replace("_", " "))


NAMES = Names(column=label, field=short, twice=lambda field: spoken(field).twice)
"""What rules of claims are told to call things."""


def value_word(value: Any) -> str:
    """Return what a value of a field is called in a label.

    >>> value_word("adamw"), value_word("early_stop"), value_word(0.5), value_word(None)
    ('AdamW', 'early stop', '0.5', 'none')
    """
    return VALUES.get(value, value.replace("_", " ")) if isinstance(value, str) else word(value)


def told(fields: Mapping[str, Any]) -> str:
    """Return values of fields as a label.

    >>> told({"distractors": "random", "kl_strength": 1.0, "clip_norm": None})
    'distractors random, λ = 1, clip norm none'
    """

    def each(field: str, value: Any) -> str:
        if field == POINT:
            return value_word(value)
        sign = " = " if isinstance(value, int | float) and len(short(field)) < 3 else " "
        return f"{short(field)}{sign}{value_word(value)}"

    return ", ".join(each(field, value) for field, value in fields.items())


def differing(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each part with only the fields that are not equal in all.

    >>> differing([{"a": 1, "b": 2}, {"a": 1, "b": 3}])
    [{'b': 2}, {'b': 3}]
    """
    equal = {field for field in (parts[0] if parts else {}) if len({_key(part.get(field)) for part in parts}) == 1}
    return [{field: value for field, value in part.items() if field not in equal} for part in parts]


def telling(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each part with the fields that tell it from the others; one that follows from earlier ones says nothing.

    >>> telling([{"optimizer": "sgd", "learning_rate": 0.1}, {"optimizer": "adamw", "learning_rate": 0.01}])
    [{'optimizer': 'sgd'}, {'optimizer': 'adamw'}]
    """
    kept: list[str] = []
    count = 1
    for field in differing(parts)[0] if parts else ():
        told = len({tuple(_key(part.get(name)) for name in (*kept, field)) for part in parts})
        if told > count:
            kept, count = [*kept, field], told
    return [{field: part[field] for field in kept} for part in parts]


def labelled(parts: Sequence[Mapping[str, Any]]) -> tuple[list[str], str]:
    """Return a label for each part that names what is unusual in it, and in words what holds in all others.

    A value that more than half of the parts share is usual.

    >>> labelled([{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 4, "b": 5}])
    (['b = 2', 'b = 3', 'a = 4, b = 5'], 'a = 1')
    """
    few = telling(parts)
    pairs = Counter(pair for fields in few for pair in fields.items())
    usual = dict(pair for pair, count in pairs.items() if 2 * count > len(parts) > 2)
    rest = [{field: value for field, value in each.items() if (field, value) not in usual.items()} for each in few]
    return [told(each or whole) for each, whole in zip(rest, few, strict=True)], told(usual)


def _key(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value
