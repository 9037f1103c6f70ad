"""The JSON schema of experiments in YAML files, by which an editor completes and checks them while they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.laws import law_names
from analysis.measures import measure_names
from analysis.rules import rule_named, rule_names
from analysis.rules._by_name import KEY
from search_spaces import _claims, _scales
from search_spaces._files import LEFT_OUT, adapter
from search_spaces._grids import GRIDS
from trainables.family import FieldRule, defaults, rules
from trainables.names import available
from trainables.replica import family_named

Schema = dict[str, Any]
KINDS = {int: "integer", float: "number", bool: "boolean", str: "string"}
GRID = rf"^({'|'.join(GRIDS)})\s*\(.*\)$"
ANY_ARM = {"description": "Values of fields; with arm, the value of the one field that it names."}


def schema() -> Schema:
    """Return the schema: what pydantic makes of ``Experiment``, in the words in which files are written.

    It allows every field of a family, within its bounds. What concerns several values at once, such as whether a claim
    is about runs that will exist, is left to ``show``.
    """
    found = adapter().json_schema()
    parts, about = found["$defs"], found["properties"]
    families = available("trainables.families")
    parts["Scale"] = _scale(parts["Scale"])
    parts["Claim"] = _claim(parts["Claim"])
    for name in rule_names():
        parts[name] = _rule(name, parts.pop(rule_named(name).__name__), parts["Claim"]["properties"])
    for family in families:
        fields = _fields(family)
        parts[f"fields_of_{family}"] = _closed(fields)
        parts[f"axes_of_{family}"] = _closed({name: _axis(each) for name, each in fields.items()})
    about["family"]["enum"] = families
    about["laws"]["items"]["enum"] = law_names()
    about["measures"]["items"]["enum"] = measure_names()
    about |= {name: {**about[name], "default": default} for name, default in LEFT_OUT.items()}
    needed = [name for name in found["required"] if name not in {*LEFT_OUT, "name", "source"}]
    found |= {"title": "An experiment of Grokking Laws", "required": needed}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "allOf": [_when("family", family, {"properties": {"scales": _scales_of(family)}}) for family in families],
    }


def _scale(made: Schema) -> Schema:
    """Return the schema of a scale with axes in place of its space, and seeds that may be a number."""
    properties = {name: each for name, each in made["properties"].items() if name != _scales.SPACE}
    grid = {"type": "object"}
    properties[_scales.AXES] = grid
    properties[_scales.ALSO] = {"type": "array", "items": grid}
    properties["seeds"] = {"anyOf": [{"type": "integer", "minimum": 1}, made["properties"]["seeds"]]}
    needed = [name for name in made["required"] if name not in (_scales.SPACE, "fields")]
    either = [{"required": [name]} for name in (_scales.AXES, _scales.SEARCH)]
    return {**made, "properties": properties, "required": needed, "anyOf": either}


def _scales_of(family: str) -> Schema:
    """Return the schema of scales whose fields and axes are those of a family."""
    axes = {"$ref": f"#/$defs/axes_of_{family}"}
    known = {"fields": {"$ref": f"#/$defs/fields_of_{family}"}, _scales.AXES: axes, _scales.ALSO: {"items": axes}}
    return {"additionalProperties": {"properties": known}}


def _fields(family: str) -> dict[str, Schema]:
    """Return the schema of every field of a family."""
    config = family_named(family).Config
    return {name: _field(rule, defaults(config)[name]) for name, rule in rules(config).items()}


def _field(rule: FieldRule, default: object) -> Schema:
    """Return the schema of a field's values.

    >>> from trainables.family import rule_of, shared
    >>> _field(rule_of(shared(0.3, above=0.0, below=1.0)), 0.3)["exclusiveMaximum"]
    1.0
    """
    bounds = {"minimum": rule.low, "exclusiveMinimum": rule.above, "maximum": rule.high, "exclusiveMaximum": rule.below}
    found: Schema = {"type": [KINDS[rule.kind], *(["null"] if rule.optional else [])]}
    found |= {name: bound for name, bound in bounds.items() if bound is not None}
    if rule.choices:
        found["enum"] = [*rule.choices, *([None] if rule.optional else [])]
    return {**found, "default": default, "description": f"{rule.allowed()}; {default} unless it is given"}


def _axis(field: Schema) -> Schema:
    """Return the schema of an axis: a list of values, in which a text may stand for several, or one text."""
    numbers = {"integer", "number"} & set(field["type"])
    grids = [{"type": "string", "pattern": GRID}] if numbers else []
    one = {"type": "string", "minLength": 1}
    return {"anyOf": [{"type": "array", "minItems": 1, "items": {"anyOf": [field, *grids]}}, one]}


def _claim(made: Schema) -> Schema:
    """Return the schema of a claim: what all claims have, and what the named rule takes."""
    whole = {name: made[name] for name in made if name != "additionalProperties"}  # of which each rule has its own
    rest = [_when(KEY, rule, {"$ref": f"#/$defs/{rule}"}) for rule in rule_names()]
    return {**whole, "properties": {**made["properties"], KEY: {"enum": rule_names()}}, "allOf": rest}


def _rule(name: str, made: Schema, of_claims: Mapping[str, Schema]) -> Schema:
    """Return the schema of claims by one rule: its settings stand beside ``rule`` or in ``settings``."""
    settings = {setting: made["properties"].get(setting, {"type": "string"}) for setting in _claims.settings_of(name)}
    if _claims.ARM in settings:
        settings |= {"first": ANY_ARM, "second": ANY_ARM}
    nested = {_claims.SETTINGS: {**_closed(settings), "type": ["object", "null"]}}
    needed = [{"anyOf": list(_places(setting))} for setting in made.get("required", [])]
    described = {"description": made.get("description", "")}
    return {**described, **_closed({**of_claims, **settings, **nested}), **({"allOf": needed} if needed else {})}


def _places(setting: str) -> Iterable[Schema]:
    yield {"required": [setting]}
    yield {"required": [_claims.SETTINGS], "properties": {_claims.SETTINGS: {"required": [setting]}}}


def _closed(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _when(name: str, value: str, then: Schema) -> Schema:
    return {"if": {"required": [name], "properties": {name: {"const": value}}}, "then": then}
