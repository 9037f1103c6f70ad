"""What every rule of claims must do, fed by discovery, and what each refuses in an experiment."""

from __future__ import annotations

from typing import Any

import pytest

import search_spaces
from analysis.claims import Claim
from analysis.measures import columns_of
from analysis.rules import Asked, Effect, Names, Rule, rule_named, rule_names
from search_spaces import (
    DroppingShift,
    EveryWithin,
    FloorShare,
    MeasureChange,
    MeasureWithin,
    ParameterWithin,
    RatioWithin,
    ShareWithin,
    SlopeWithin,
)

ARMS: dict[str, Any] = {"first": {"width": 8}, "second": {"width": 16}}
RULES = (
    ParameterWithin("exponent", law="power", where={"kind": "a"}, quantity="delay", low=0.8, high=1.25),
    FloorShare(law="floor_power", low=0.5),
    DroppingShift("exponent", high=-0.1),
    SlopeWithin("width × kind=b", low=-0.1, high=0.1),
    RatioWithin(**ARMS, second_added="budget", high=0.8),
    MeasureWithin("phase_starved", where={"kind": None}, low=0.0),
    EveryWithin("final_accuracy_at_12", where={"kind": "b"}, high=0.9),
    MeasureChange("final_accuracy_at_12", **ARMS, low=0.1),
    ShareWithin(where={"kind": "b"}, low=0.5),
)


def fault(field: str, value: object) -> str | None:
    if field not in ("width", "kind", "budget"):
        return f"unknown field {field!r}"
    return "width must be a whole number" if field == "width" and not isinstance(value, int) else None


def asked(**changes: Any) -> Asked:
    facts: dict[str, Any] = {
        "scale": "laptop",
        "laws": ("power", "floor_power"),
        "primary_law": "floor_power",
        "measures": ("phases", "final"),
        "axes": ("width", "kind"),
        "fixed": ("budget",),
        "fault": fault,
    }
    return Asked(**{**facts, **changes})


def test_all_rules_are_tried_here_and_exported_for_experiment_files() -> None:
    assert sorted(rule.name for rule in RULES) == rule_names()
    assert all(getattr(search_spaces, rule_named(name).__name__) is rule_named(name) for name in rule_names())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_sound_is_told_and_comes_back_from_its_settings(rule: Rule) -> None:
    assert rule.faults(asked()) == []
    assert rule_named(rule.name)(**rule.read(rule.settings())) == rule
    assert len(rule.axis(Names())) > 5 and len(rule.said(Effect(0.5, 0.4, 0.6))) > 10
    assert None not in [value for name, value in rule.settings().items() if name not in ("first", "second")]


def test_an_unknown_rule_lists_the_rules() -> None:
    with pytest.raises(LookupError, match="unknown rule 'nonsense'; rules: dropping_shift"):
        rule_named("nonsense")


@pytest.mark.parametrize(
    "rule, expected",
    [
        (ShareWithin(), "give low, high or both"),
        (ShareWithin(low=0.5, high=0.5), "low = 0.5 must be below high = 0.5"),
        (ShareWithin(low=float("nan")), "low = nan must be a number or none"),
        (ShareWithin(low="0.5"), "low = '0.5' must be a number or none"),  # type: ignore[arg-type]
        (ShareWithin(low=0.5, where={"widht": 8}), "unknown field 'widht'"),
        (ShareWithin(low=0.5, where={"width": "8"}), "width must be a whole number"),
        (ShareWithin(low=0.5, where={"budget": 8}), "budget is no axis of the laptop scale; axes: width, kind"),
        (ParameterWithin("exponent", law="powr", low=1), "law 'powr' is not among the laws: power, floor_power"),
        (ParameterWithin("exponent", law="constant", low=1), "law 'constant' is not among the laws"),
        (ParameterWithin("critical", low=1), "the law floor_power has no constant 'critical'; constants: floor, scale"),
        (FloorShare(law="power", low=0.5), "the law power has no constant 'floor'"),
        (FloorShare(quantity="wait", low=0.5), "quantity = 'wait' must be one of grokked"),  # type: ignore[arg-type]
        (RatioWithin(**ARMS, quantity="wait", low=1), "quantity = 'wait' must be one of grokked, delay"),
        (ShareWithin(quantity="wait", low=0.5), "quantity = 'wait' must be one of grokked, delay"),
        (ShareWithin(quantity="delay", low=0.5), "quantity = 'delay' is no event"),
        (SlopeWithin("depth", low=0.5), "term 'depth' must be an axis, or two joined by ' × '; axes: width, kind"),
        (SlopeWithin("kind=b × width", low=0.5), "term 'kind=b × width' is called 'width × kind=b'"),
        (RatioWithin(first={"width": 8}, second={"kind": "a"}, low=1), "first and second must give values of the same"),
        (RatioWithin(first={}, second={}, low=1), "first and second must give values of the same fields"),
        (RatioWithin(first={"width": 8}, second={"width": 8}, low=1), "first and second are the same runs"),
        (RatioWithin(**ARMS, first_added="steps", low=1), "steps to add: 'steps' is given by no axis and no field"),
        (
            MeasureWithin("phase_stared", low=1),
            "no measure of the experiment gives 'phase_stared'; columns: phase_memor",
        ),
        (MeasureChange("plateau_factor", **ARMS, low=1), "no measure of the experiment gives 'plateau_factor'"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_sentence(rule: Rule, expected: str) -> None:
    (told,) = Claim(name="c", statement="s.", rule=rule).faults(asked())
    assert told.startswith(f"claim 'c': {expected}")


def test_rules_need_laws_and_measures_that_the_experiment_has() -> None:
    bare = asked(laws=(), primary_law="", measures=())
    assert FloorShare(low=0.5).faults(bare) == ["rule floor_share needs laws; give laws and primary_law"]
    (told,) = MeasureWithin(columns_of("plateau")[0], low=0.5).faults(bare)
    assert told.startswith("rule measure_within needs measures: contraction, ")


def test_what_is_no_rule_is_told() -> None:
    (told,) = Claim(name="c", statement="s.", rule="share_within").faults(asked())  # type: ignore[arg-type]
    assert told.startswith("claim 'c': 'share_within' is no rule; write one such as ParameterWithin(")
