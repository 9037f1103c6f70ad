"""The values that a family's fields may take beside their defaults, found by their rules alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from tiny import SMALL

from trainables.family import FieldRule, defaults, rules
from trainables.replica import family_named

NUMBERS: dict[str, Any] = {  # fields of numbers that change what a tiny network learns, one value each
    "heads": 2,
    "positions": 7,
    "longest": 12,
    "mlp_norm": 3.0,
    "query_key_penalty": 0.5,
    "operands": 3,
    "batch_size": 16,
    "init_scale": 2.0,
}
BESIDE: dict[str, Any] = {  # what another switch may need
    "examples": 200,
    "modulus": 24,
    "schedule_steps": 20,
    "decay_steps": 20,
}
MOST_BESIDE = 3


def switches(family: str) -> list[dict[str, Any]]:
    """Return every other value of every switch of a family, with the fewest further changes that it needs."""
    known = rules(family_named(family).Config)
    usual = {**defaults(family_named(family).Config), **SMALL}
    found = []
    for name, rule in known.items():
        values = rule.choices or ((False, True) if rule.kind is bool else (NUMBERS.get(name),))
        found += [_completed(family, {name: value}) for value in values if value not in (None, usual[name])]
    return found


def _completed(family: str, wanted: dict[str, Any]) -> dict[str, Any]:
    kind = family_named(family)
    small = {name: value for name, value in SMALL.items() if name in rules(kind.Config)}
    for more in _additions(rules(kind.Config), set(wanted)):
        fields = {**wanted, **more}
        if not kind.conflicts(kind.Config(**{**small, **fields})):
            return fields
    raise AssertionError(f"{family}: no tiny setting has {wanted}; add what it needs to BESIDE")


def _additions(known: Any, taken: set[str]) -> Iterator[dict[str, Any]]:
    """Yield combinations of further values, the smallest first."""
    single = [
        (name, value)
        for name, rule in known.items()
        if name not in taken
        for value in (*rule.choices, *([True] if rule.kind is bool else []), NUMBERS.get(name), BESIDE.get(name))
        if value is not None
    ]
    for count in range(MOST_BESIDE + 1):
        for pairs in itertools.combinations(single, count):
            yield dict(pairs)


def sampled_configs(family: str, count: int) -> Iterator[Any]:
    """Yield Configs whose fields each hold a value drawn from a few that their rules allow."""
    kind = family_named(family).Config
    draw = random.Random(0)
    allowed = {name: _some(rule, defaults(kind)[name]) for name, rule in rules(kind).items()}
    for _ in range(count):
        yield kind(**{name: draw.choice(values) for name, values in allowed.items()})


def _some(rule: FieldRule, default: Any) -> list[Any]:
    numbers = [0, 1, 2, 3, 4, 5, 8, 24, 300] if rule.kind is int else [0.0, 0.5, 2.0]
    values = rule.choices or ((False, True) if rule.kind is bool else numbers)
    return [value for value in (default, *values, None) if rule.fault(value) is None]
