"""Lets pydantic read a rule of any kind from plain data: the union of all rules, distinguished by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.rules import rule_named, rule_names

KEY = "rule"  # under which plain data names the rule, beside its settings


class ByName:
    """Annotates a field that holds a rule: ``rule: Annotated[Rule, ByName()]``."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        choices = {name: _choice(rule_named(name), handler) for name in rule_names()}
        return core_schema.tagged_union_schema(choices, discriminator=_name)


def _choice(kind: Any, handler: Any) -> Any:
    from pydantic_core import core_schema

    def arguments(facts: Any) -> Any:
        return kind.read({key: facts[key] for key in facts if key != KEY}) if isinstance(facts, Mapping) else facts

    return core_schema.no_info_before_validator_function(arguments, handler.generate_schema(kind))


def _name(facts: Any) -> str | None:
    name = facts.get(KEY) if isinstance(facts, Mapping) else getattr(facts, "name", None)
    return name if isinstance(name, str) else None
