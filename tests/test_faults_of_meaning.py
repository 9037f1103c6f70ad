"""A YAML experiment that can be read but makes no sense is refused with the line on which the cause stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cli import main
from search_spaces._files import experiment_named, told

YAML = """\
question: Does width matter?
family: kl_prior
x: width
laws:
  - constant
  - power
primary_law: power
threshold: 0.99
event: grokked
measures: [plateau]
curves: [test_accuracy]
headline:
  slow: ["A", "B"]
recording:
  end: event
  probes:
    - structure
  events:
    - name: aligned
      column: attention_kl
      below: 0.1
scales:
  laptop:
    axes:
      width: [8, 16]
      prior: [none, oracle]
    also:
      - {width: [24],
         prior: [entropy]}
    fields:
      modulus: 11
      train_fraction: 0.4
    seeds: 3
    budget_steps: 50
claims:
  - name: inverse
    statement: It falls as 1/width.
    rule: parameter_within
    settings:
      parameter: exponent
      quantity: grokked
      law: power
      low: 0.8
      high: 1.25
      where: {prior: oracle}
  - name: slow
    statement: A narrow network is slow.
    rule: ratio_within
    first: {width: 8}
    second:
      width: 16
    first_added: modulus
    low: 1
    scales: [laptop]
  - name: even
    statement: The plateau is as long.
    rule: measure_change
    measure: plateau_factor
    arm: width
    first: 8
    second: 16
    high: 0.1
  - name: slope
    statement: It falls with width.
    rule: slope_within
    term: width
    high: 0
"""

FAULTS = {  # what is put in place of what, and what is told of it; the line is that of the last one put in
    "family": ("family: kl_prior", "family: kl_piror", "kl_piror"),
    "x": ("x: width", "x: depth", "x = 'depth' is not an axis"),
    "law": ("- constant", "- quadratic", "unknown law 'quadratic'"),
    "primary law": ("primary_law: power", "primary_law: inverse", "primary_law 'inverse' is not among"),
    "threshold": ("threshold: 0.99", "threshold: 0.97", "threshold = 0.97 is not recorded"),
    "event": ("event: grokked", "event: algined", "unknown event 'algined'"),
    "measure": ("measures: [plateau]", "measures: [plataeu]", "unknown measure 'plataeu'"),
    "curve": ("curves: [test_accuracy]", "curves: [a b]", "curve 'a b' is no column"),
    "headline": ("slow: [", "slwo: [", "headline 'slwo' is no claim"),
    "recording": ("end: event", "end: never", "recording.end = 'never'"),
    "probe": ("- structure", "- structrue", "unknown probe 'structrue'"),
    "column": ("column: attention_kl", "column: attention_lk", "event 'aligned'"),
    "event's thresholds": ("- name: aligned", "- name: aligned\n      above: 0.1", "needs either above or below"),
    "value": ("width: [8, 16]", "width: [8, 0]", "width = 0"),
    "axis": ("prior: [none, oracle]", "proir: [none]", "unknown field 'proir'"),
    "empty axis": ("width: [8, 16]", "width: []", "axis 'width' is empty"),
    "further grid": ("prior: [entropy]", "prior: [entorpy]", "prior = 'entorpy'"),
    "field": ("modulus: 11", "modulsu: 11", "unknown field 'modulsu'"),
    "field's value": ("train_fraction: 0.4", "train_fraction: 4.0", "train_fraction = 4.0"),
    "seeds": ("seeds: 3", "seeds: [-1]", "seeds must be whole numbers >= 0"),
    "no seeds": ("seeds: 3", "seeds: []", "no seeds; give at least one"),
    "budget": ("budget_steps: 50", "budget_steps: 0", "budget_steps = 0"),
    "constant": ("parameter: exponent", "parameter: exponetn", "the law power has no constant 'exponetn'"),
    "quantity": ("quantity: grokked", "quantity: gorkked", "quantity = 'gorkked'"),
    "rule's law": ("      law: power", "      law: inverse", "law 'inverse' is not among the laws"),
    "limits": ("low: 0.8", "low: 1.8", "low = 1.8 must be below high = 1.25"),
    "no axis": ("where: {prior: oracle}", "where: {modulus: 11}", "modulus is no axis of the laptop scale"),
    "level": ("where: {prior: oracle}", "where: {prior: oarcle}", "prior = 'oarcle'"),
    "first arm": ("first: {width: 8}", "first: {modulus: 8}", "first and second must give values of the same"),
    "second arm": ("  width: 16\n    first", "  width: 0\n    first", "width = 0"),
    "added steps": ("first_added: modulus", "first_added: steps", "steps to add: 'steps' is given by no axis"),
    "claim's scale": ("scales: [laptop]", "scales: [laptpo]", "unknown scale laptpo"),
    "claim's measure": ("measure: plateau_factor", "measure: plateau_fcator", "gives 'plateau_fcator'"),
    "arm's field": ("first: 8\n", "first: 0\n", "width = 0"),
    "term": ("term: width", "term: depth", "term 'depth' must be an axis"),
}


@pytest.mark.parametrize("before, after, words", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_meaning_names_its_line(before: str, after: str, words: str, tmp_path: Path) -> None:
    assert YAML.count(before) == 1
    path = tmp_path / "mine.yaml"
    path.write_text(YAML.replace(before, after))
    fault = next(fault for fault in experiment_named(str(path)).faults() if words in fault)
    line = YAML[: YAML.index(before)].count("\n") + 1
    assert told(str(path), [fault]) == f"{fault} (line {line})"


def shown(text: str, folder: Path, *flags: str) -> int:
    (folder / "mine.yaml").write_text(text)
    return main(["show", str(folder / "mine.yaml"), "--storage", str(folder / "runs"), *flags])


@pytest.mark.parametrize("before, after, words", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_meaning_ends_a_command_with_its_words(
    before: str, after: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(YAML.replace(before, after), tmp_path) == 2
    told = capsys.readouterr()
    assert words in told.err and "Traceback" not in told.err and told.out == ""


def test_the_file_itself_makes_sense(tmp_path: Path) -> None:
    assert shown(YAML, tmp_path) == 0


def test_the_line_is_printed_where_settings_stand_on_one_line_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = YAML[: YAML.index("claims:")].replace('headline:\n  slow: ["A", "B"]\n', "")
    claims = "claims: [{name: c, statement: s.,\n rule: share_within, settings: {\n  low: 0.9, high: 0.1}}]"
    assert shown(text + claims, tmp_path) == 2
    line = (text + claims).count("\n") + 1
    assert capsys.readouterr().err == f"error: claim 'c': low = 0.9 must be below high = 0.1 (line {line})\n"


def test_a_fault_of_a_flag_has_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(YAML.replace("budget_steps: 50", "budget_steps: 0"), tmp_path, "--set", "width=8,0") == 2
    err = capsys.readouterr().err
    assert "width = 0 must be" in err and "budget_steps = 0 must be" in err and err.count("(line ") == 1


def test_what_the_file_leaves_out_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(YAML.replace("threshold: 0.99\n", "").replace("end: event", "thresholds: [0.5]"))
    (fault,) = [fault for fault in experiment_named(str(path)).faults() if fault.startswith("threshold = ")]
    assert told(str(path), [fault]) == fault
