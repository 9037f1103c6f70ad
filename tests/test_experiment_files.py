"""A user's own experiment from a .py or .yaml file, found or refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from search_spaces import ParameterWithin, RatioWithin
from search_spaces._files import experiment_named

YAML = """
question: Does width matter?
family: kl_prior
x: width
laws: [constant, power]
scales:
  laptop:
    axes: {width: [8, 16]}
    fields: {modulus: 11}
    seeds: 3
    budget_steps: 50
claims:
  - {name: inverse, statement: It falls as 1/width., rule: parameter_within,
     settings: {parameter: exponent, low: 0.8, high: 1.25}}
"""


def test_yaml_describes_an_experiment(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(YAML)
    found = experiment_named(str(tmp_path / "mine.yaml"))
    assert (found.name, found.faults(), len(found.replicas("laptop"))) == ("mine", [], 6)
    assert found.claims[0].rule == ParameterWithin("exponent", low=0.8, high=1.25)


def test_python_file_defines_an_experiment(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from search_spaces.kl_scaling import EXPERIMENT")
    assert experiment_named(str(tmp_path / "mine.py")).name == "kl_scaling"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "does not describe an experiment"),
        ("question: [", "is not YAML"),
        (YAML + "colour: red", "colour: Unexpected keyword argument"),
        (YAML.replace("seeds: 3", "seeds: many"), "scales.laptop.seeds"),
        (YAML.replace("family", "familie"), "familie"),
        (YAML.replace("axes", "axis"), "axes"),
        ("!!python/object/apply:os.system ['touch pwned']", "is not YAML"),
    ],
)
def test_broken_yaml_is_refused_in_one_line(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(LookupError, match=r"mine\.yaml") as fault:
        experiment_named(str(tmp_path / "mine.yaml"))
    assert expected in str(fault.value) and "\n" not in str(fault.value)


@pytest.mark.parametrize(
    "change, expected",
    [
        ("name: ../../elsewhere", "name '../../elsewhere' is no file name"),
        ("name: /etc/passwd", "is no file name"),
        ("primary_law: inverse", "primary_law 'inverse' is not among the laws"),
        ("threshold: 0.97", "threshold = 0.97 is not recorded"),
        ("recording: {end: never}", "recording.end = 'never' must be one of event, budget"),
        ("recording: {grid_ratio: 0.5}", "recording.grid_ratio"),
    ],
)
def test_faults_of_meaning_are_named(change: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(YAML + change)
    assert expected in "; ".join(experiment_named(str(tmp_path / "mine.yaml")).faults())


def test_settings_of_a_rule_may_stand_beside_it(tmp_path: Path) -> None:
    nested, flat = "settings: {parameter: exponent, low: 0.8, high: 1.25}", "parameter: exponent, low: 0.8, high: 1.25"
    assert nested in YAML
    (tmp_path / "mine.yaml").write_text(YAML.replace(nested, flat))
    beside = experiment_named(str(tmp_path / "mine.yaml"))
    (tmp_path / "mine.yaml").write_text(YAML)
    assert beside == experiment_named(str(tmp_path / "mine.yaml"))


@pytest.mark.parametrize("arms", ["arm: width, first: 8, second: 16", "first: {width: 8}, second: {width: 16}"])
def test_arms_that_differ_in_one_field_may_name_it_once(arms: str, tmp_path: Path) -> None:
    claim = f"{{name: c, statement: s., rule: ratio_within, low: 1, {arms}}}"
    (tmp_path / "mine.yaml").write_text(YAML[: YAML.index("claims:")] + f"claims: [{claim}]")
    (found,) = experiment_named(str(tmp_path / "mine.yaml")).claims
    assert found.rule == RatioWithin(first={"width": 8}, second={"width": 16}, low=1)
    assert repr(found.rule.settings()["low"]) == "1"  # as it was written, since registrations hash it


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ("parameter_within", "parameter_wihtin", "unknown rule 'parameter_wihtin' (did you mean 'parameter_within'?)"),
        ("rule: parameter_within,", "", "claims.0.rule: give one of dropping_shift, every_within, "),
        ("rule: parameter_within,", "rule: [1],", "claims.0.rule: unknown rule [1]; rules: dropping_shift"),
        ("low: 0.8", "low: small", "low: must be a number or none (line 14)"),
        ("low: 0.8", "low: true", "low: must be a number or none (line 14)"),
        (
            "high: 1.25",
            "hihg: 1.25",
            "unknown setting 'hihg' (did you mean 'high'?); settings of parameter_within: low",
        ),
        ("parameter: exponent, ", "", "rule parameter_within needs the setting 'parameter' (line 13)"),
        ("low: 0.8", "where: 5", "where: Input should be a valid dictionary (line 14)"),
        ("low: 0.8", "quantity: 5", "quantity: Input should be a valid string (line 14)"),
        ("     settings", "     low: 0.7, settings", "low stands in settings and beside them"),
        ("{parameter: exponent, low: 0.8, high: 1.25}", "[]", "needs the setting 'parameter'"),
    ],
)
def test_a_claim_that_cannot_be_read_is_refused_with_its_line(
    before: str, after: str, expected: str, tmp_path: Path
) -> None:
    assert before in YAML
    (tmp_path / "mine.yaml").write_text(YAML.replace(before, after))
    with pytest.raises(LookupError, match=r"mine\.yaml") as fault:
        experiment_named(str(tmp_path / "mine.yaml"))
    assert expected in str(fault.value) and "\n" not in str(fault.value)


GRIDS = {
    "alone": ("linear(8, 16, 3)", (8, 12, 16)),
    "with values beside it": ("4, linear(8, 16, 3), 12", (4, 8, 12, 16)),
    "values alone": ("8, 16", (8, 16)),
    "in a list": ("[4, 'log(8, 32, 3)', 8]", (4, 8, 16, 32)),
    "in a list over lines": ("\n      - 4\n      - log(8, 32, 3)", (4, 8, 16, 32)),
}


@pytest.mark.parametrize("written, values", GRIDS.values(), ids=GRIDS)
def test_an_axis_may_be_a_text(written: str, values: tuple[int, ...], tmp_path: Path) -> None:
    lines = "axes:\n     width: " + written
    (tmp_path / "mine.yaml").write_text(YAML.replace("axes: {width: [8, 16]}", lines))
    found = experiment_named(str(tmp_path / "mine.yaml"))
    assert found.scales["laptop"].space.axes == {"width": values} and found.faults() == []
    assert {type(value) for value in found.scales["laptop"].space.axes["width"]} == {int}


def test_texts_stand_in_further_grids_and_for_fields_of_other_types(tmp_path: Path) -> None:
    axes = "axes: {kl_strength: 'log(1e-3, 1, 3)', optimizer: adamw}"
    also = "also:\n    - {kl_strength: ['linear(2, 3, 2)'], optimizer: 'sgd, muon'}"
    text = YAML.replace("axes: {width: [8, 16]}", f"{axes}\n    {also}").replace("x: width", "x: kl_strength")
    (tmp_path / "mine.yaml").write_text(text)
    space = experiment_named(str(tmp_path / "mine.yaml")).scales["laptop"].space
    assert space.axes == {"kl_strength": (0.001, 0.0316228, 1.0), "optimizer": ("adamw",)}
    assert space.also == ({"kl_strength": (2.0, 3.0), "optimizer": ("sgd", "muon")},)


@pytest.mark.parametrize(
    "axes, expected",
    [
        ("{width: 'logs(1, 2, 3)'}", "axes.width: logs(1, 2, 3): write log(low, high, count)"),
        ("{width: 'log(0, 2, 3)'}", "axes.width: log(0, 2, 3) has no such ends"),
        ("{width: '8,,16'}", "axes.width: '8,,16' lacks a value"),
        ("{width: log(8, 16, 3)}", "axes.width: 'log(8' ends at a comma: within braces or brackets write a grid in"),
        ("\n     width: [4, log(8, 16, 3)]", "axes.width.1: 'log(8' ends at a comma"),
        ("\n     width: [4, 'log(8, 16, x)']", "axes.width.1: log(8, 16, x): write log(low, high, count)"),
        ("{width: [8]}\n    also: [{width: 'log(0, 1, 2)'}]", "also.0.width: log(0, 1, 2) has no such ends"),
        ("{width: [8]}\n    space: {axes: {}}", "write axes and also beside fields, not in space"),
    ],
)
def test_a_text_that_lists_no_values_is_refused_with_its_line(axes: str, expected: str, tmp_path: Path) -> None:
    text = YAML.replace("{width: [8, 16]}", axes)
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(LookupError, match=r"mine\.yaml") as fault:
        experiment_named(str(tmp_path / "mine.yaml"))
    place = text.splitlines().index(next(line for line in text.splitlines() if axes.splitlines()[-1] in line)) + 1
    assert "scales.laptop" in str(fault.value) and f"(line {place})" in str(fault.value)
    assert expected in str(fault.value) and "\n" not in str(fault.value)


def test_a_text_on_no_field_of_the_family_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(YAML.replace("{width: [8, 16]}", "{wdith: 'log(1, 2, 3)'}"))
    assert "unknown field 'wdith' (did you mean 'width'?)" in "; ".join(
        experiment_named(str(tmp_path / "mine.yaml")).faults()
    )


def test_laws_need_an_axis_of_numbers(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        YAML.replace("width: [8, 16]", "attention: [softmax]").replace("x: width", "x: attention")
    )
    assert any("does not hold numbers" in fault for fault in experiment_named(str(tmp_path / "mine.yaml")).faults())


@pytest.mark.parametrize("code", ["EXPERIMENT = (", "import no_such_module", "1 / 0 if False else [][0]"])
def test_python_file_that_breaks_is_refused_in_one_line(code: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(code)
    with pytest.raises(LookupError, match=r"mine\.py, line 1: ") as fault:
        experiment_named(str(tmp_path / "mine.py"))
    assert "\n" not in str(fault.value)


def test_python_file_without_an_experiment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1")
    with pytest.raises(LookupError, match="defines no EXPERIMENT"):
        experiment_named(str(tmp_path / "mine.py"))
