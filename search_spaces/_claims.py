"""Claims as people write them in files: the rule by its name, its settings beside it or in ``settings``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from analysis.claims import Claim
from analysis.rules import rule_named, rule_names
from analysis.rules._by_name import KEY
from trainables.names import near_match

OWN = ("name", "statement", "source", "scales", "not_counted")  # what a claim has beside its rule
SETTINGS, ARM = "settings", "arm"
WHERE, LIMITS = "where", ("low", "high")


def only_at(scale: str, claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return claims that are asked at one scale alone, as their arms or numbers are those of that scale."""
    return tuple(dataclasses.replace(claim, scales=(scale,)) for claim in claims)


def as_read(claim: Any) -> Any:
    """Return a claim of a file with the rule and its settings as one value; anything else as it is.

    Raises: LookupError where a setting stands twice.

    >>> as_read({"name": "c", "statement": "s.", "rule": "share_within", "low": 0.5})
    {'name': 'c', 'statement': 's.', 'rule': {'rule': 'share_within', 'low': 0.5}}
    """
    if not isinstance(claim, Mapping) or KEY not in claim:
        return claim
    nested = claim.get(SETTINGS) or {}
    flat = {key: value for key, value in claim.items() if key not in (*OWN, KEY, SETTINGS)}
    if not isinstance(nested, Mapping):
        nested = {SETTINGS: nested}
    if twice := [key for key in nested if key in flat or key == KEY]:
        raise LookupError(
            f"claim {claim.get('name')!r}: {', '.join(map(str, twice))} stands in settings and beside them"
        )
    own = {key: claim[key] for key in OWN if key in claim}
    return {**own, KEY: {KEY: claim[KEY], **nested, **flat}}


def as_written(claim: Claim, source: str) -> dict[str, Any]:
    """Return a claim in the words of files: its settings beside the rule, limits last, defaults left out.

    ``source``: that of the question; a claim has it unless it names another.

    >>> from analysis.rules.share_within import ShareWithin
    >>> as_written(Claim(name="c", statement="s.", rule=ShareWithin(low=0.5, where={"p": 1})), "mine")
    {'name': 'c', 'statement': 's.', 'rule': 'share_within', 'where': {'p': 1}, 'low': 0.5}
    """
    facts = claim.facts()
    settings = facts.pop(SETTINGS)
    ordered = sorted(settings, key=lambda name: (name in LIMITS, name == WHERE, name != ARM))
    if facts["source"] in ("", source):
        del facts["source"]
    more = {"scales": claim.scales, "not_counted": claim.not_counted}
    return {
        **facts,
        **{name: settings[name] for name in ordered},
        **{name: value for name, value in more.items() if value},
    }


def fault_told(error: Mapping[str, Any]) -> tuple[list[Any], str]:
    """Return where pydantic found a fault of a claim's rule, as if settings were nested, and the fault in words."""
    claim, within = error["loc"][:2], error["loc"][3:]
    if not within:
        return [*claim, KEY], _unknown(error["input"]) if error["type"] != "missing" else f"give one of {_rules()}"
    rule, last = within[0], error["loc"][-1]
    if error["type"] == "unexpected_keyword_argument":
        known = settings_of(rule)
        told = f"unknown setting {last!r}{near_match(str(last), known)}; settings of {rule}: {', '.join(known)}"
        return [*claim, SETTINGS, last], told
    if error["type"] == "missing":
        return [*claim, KEY], f"rule {rule} needs the setting {last!r}"
    return [*claim, SETTINGS, *within[1:]], error["msg"]


def settings_of(rule: str) -> list[str]:
    """Return the settings of a rule.

    >>> settings_of("share_within")
    ['low', 'high', 'where', 'quantity']
    """
    names = [field.name for field in dataclasses.fields(rule_named(rule))]
    return [*names, ARM] if "first" in names else names


def _unknown(facts: Any) -> str:
    rule = facts.get(KEY) if isinstance(facts, Mapping) else facts
    return f"unknown rule {rule!r}{near_match(str(rule), rule_names())}; rules: {_rules()}"


def _rules() -> str:
    return ", ".join(rule_names())
